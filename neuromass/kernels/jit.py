"""What kernels use of numba, which is imported here, undisturbed; and who may compile.

A fork of the process waits until nobody compiles. Its child has but the thread that forked it, and
what another thread had locked would stay locked there for ever.
"""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from neuromass.imports import undisturbed

with undisturbed():
    from llvmlite import ir
    from numba import config, from_dtype, njit
    from numba.core import cgutils, sigutils, types
    from numba.core.caching import FunctionCache, IndexDataCacheFile
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target
    from numba.extending import intrinsic, overload
    from numba.np import arrayobj

    cpu_target.target_context.refresh()  # imports what it would else import when it compiles
    cpu_target.typing_context.refresh()

__all__ = [
    "MAKING",
    "FunctionCache",
    "IndexDataCacheFile",
    "arrayobj",
    "cgutils",
    "config",
    "from_dtype",
    "intrinsic",
    "ir",
    "njit",
    "overload",
    "sigutils",
    "types",
]

MAKING: Final = threading.RLock()
"""Held while a kernel is made."""

_taken: list[Any] = []
"""Locks that are held for a fork; none if this was imported while one was under way."""


def _before_a_fork() -> None:
    for lock in (MAKING, global_compiler_lock):
        lock.acquire()
        _taken.append(lock)


def _after_a_fork() -> None:
    while _taken:
        _taken.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_a_fork, after_in_parent=_after_a_fork, after_in_child=_after_a_fork
    )
