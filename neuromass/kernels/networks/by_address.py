"""Compiled functions that other compiled functions call by their address.

A compiled function that calls another one contains a copy of it, and it is that copy which
takes most of the time when a loop is compiled. A function called by its address is compiled
once, and kept on disk like every kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from neuromass.kernels.compiler import JIT_IS_OFF, shared
from neuromass.kernels.jit import cgutils, from_dtype, intrinsic, sigutils, types

NOT_PROVIDED = "A loop calls a helper that was not provided to it."


class ByAddress:
    """A function without a result, to be called as ``call(address, (argument, ...))``.

    Parameters
    ----------
    function : callable
        What is called.
    *kinds : str or dtype
        Types of its arguments: as numba writes them, or of the records of a table.
    """

    def __init__(self, function: Callable[..., None], *kinds: str | np.dtype[Any]) -> None:
        self.name = function.__name__
        self._function = function if JIT_IS_OFF else shared(function)
        self._signature = types.void(*(numba_type(each) for each in kinds))
        self.call: Any = self._called_plainly if JIT_IS_OFF else _caller(self._signature)

    def _called_plainly(self, address: int, given: tuple[Any, ...]) -> None:
        self._function(*given)

    @cached_property
    def function(self) -> Any:
        """The compiled function, for Python code."""
        made: Any = self._function
        if not JIT_IS_OFF and self._signature.args not in made.overloads:
            made.compile(self._signature)
        return made

    @cached_property
    def address(self) -> int:
        """Where the compiled function begins; 0 if numba is told not to compile."""
        if JIT_IS_OFF:
            return 0
        made = self.function.overloads[self._signature.args]
        return int(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


def numba_type(kind: str | np.dtype[Any]) -> Any:
    """A type as numba has it: of a name, or of an array of records."""
    if isinstance(kind, np.dtype):
        return types.Array(from_dtype(kind), 1, "C")
    (found,), _ = sigutils.normalize_signature(f"void({kind})")
    return found


def _caller(signature: Any) -> Any:
    """What compiles to a call of whatever stands at an address."""
    kinds = signature.args

    @intrinsic
    def call(typingctx: Any, address: Any, given: Any) -> Any:
        def codegen(context: Any, builder: Any, own: Any, values: Any) -> Any:
            convention = context.call_conv
            with cgutils.if_unlikely(builder, cgutils.is_scalar_zero(builder, values[0])):
                convention.return_user_exc(builder, RuntimeError, (NOT_PROVIDED,))
            function_type = convention.get_function_type(types.void, kinds)
            function = builder.inttoptr(values[0], function_type.as_pointer())
            parts = cgutils.unpack_tuple(builder, values[1], len(kinds))
            triples = zip(parts, own.args[1], kinds, strict=True)
            cast = [context.cast(builder, *each) for each in triples]
            status, _ = convention.call_function(builder, function, types.void, kinds, cast)
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.void(address, given), codegen

    return call
