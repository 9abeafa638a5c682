"""From the text of a kernel to a compiled function that other processes find on disk."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit

from neuromass._version import __version__
from neuromass.equations import FUNCTIONS, on_floats
from neuromass.kernels import generated, normals

_made: dict[str, Any] = {}
_lock = threading.RLock()
_warned: list[str] = []

JIT_IS_OFF = bool(numba.config.DISABLE_JIT)
"""Whether numba was told to leave Python as it is; then the same text runs on floats."""


def plain_functions() -> dict[str, Any]:
    """What the names in a text mean when it is not compiled: the same C library's functions."""
    return {
        **{name: on_floats(each, getattr(np, name)) for name, each in FUNCTIONS.items()},
        "isfinite": np.isfinite,
        "empty": np.empty,
        "inf": np.inf,
        "nan": np.nan,
    }


def _compiled_functions() -> dict[str, Any]:
    names = {name: getattr(np, name) for name in (*FUNCTIONS, "isfinite", "empty")}
    return {**names, "inf": np.inf, "nan": np.nan}


def _namespace(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__name__": generated.__name__,
        **(plain_functions() if JIT_IS_OFF else _compiled_functions()),
        "fill_steps": normals.fill_steps,
        "fill_lanes": normals.fill_lanes,
        **extra,
    }


def kernel(
    make_text: Callable[[str], str],
    label: str,
    identity: str,
    signature: str,
    extra: Mapping[str, Any] | None = None,
    inline: bool = False,
) -> Any:
    """The compiled function of a text, made at most once in a process and once on a disk.

    Parameters
    ----------
    make_text : callable
        Gives the text of a function of the name it is given.
    label : str
        What the name starts with, for those who read a profile.
    identity : str
        What the text does not show of what decides the result.
    signature : str
        Types, as numba writes them.
    extra : mapping, optional
        Further names that the text uses.
    inline : bool
        Whether it becomes a part of the compiled functions that call it.

    Returns
    -------
    callable
    """
    with _lock:
        text = make_text("kernel")
        key = repr((text, identity, signature, __version__, _NORMALS_TEXT))
        # The hash stands in the name, because numba files what it compiled under the name:
        # two kernels of one name could be handed out one for the other.
        name = f"{label}_{hashlib.sha256(key.encode()).hexdigest()[:20]}"
        if name not in _made:
            _made[name] = _compile(make_text(name), name, signature, extra or {}, inline)
        return _made[name]


_NORMALS_TEXT = hashlib.sha256(Path(normals.__file__).read_bytes()).hexdigest()


def _compile(text: str, name: str, signature: str, extra: Mapping[str, Any], inline: bool) -> Any:
    space = _namespace(extra)
    exec(compile(text, generated.__file__, "exec"), space)
    function = space[name]
    if JIT_IS_OFF:
        return _quiet(function)
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    if inline:
        options["forceinline"] = True
    try:
        return njit(signature, cache=True, **options)(function)
    except Exception as error:
        # raises anew what is not the cache's
        made = njit(signature, cache=False, **options)(function)
        _warn_once(error)
        return made


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values)

    return run


def _warn_once(error: Exception) -> None:
    if not _warned:
        _warned.append(str(error))
        warnings.warn(
            f"The compiled kernels cannot be kept on disk, so every process compiles them anew "
            f"({type(error).__name__}: {error}). Set NUMBA_CACHE_DIR to a folder that can be "
            f"written.",
            RuntimeWarning,
            stacklevel=2,
        )


def jitted(function: Any) -> Any:
    """A model's own function, for kernels that use it as it is written."""
    function = getattr(function, "py_func", function)
    return njit(error_model="numpy", nogil=True, forceinline=True)(function)


def cache_statistics() -> dict[str, tuple[int, int]]:
    """Kernel -> how often this process found it on disk, and how often it compiled it.

    Returns
    -------
    dict
        ``{name: (found, compiled)}``
    """
    with _lock:
        return {
            name: (sum(made.stats.cache_hits.values()), sum(made.stats.cache_misses.values()))
            for name, made in _made.items()
            if hasattr(made, "stats")
        }
