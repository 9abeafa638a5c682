"""A barrier at which compiled loops that run in several threads wait for each other."""

from __future__ import annotations

import sys
from typing import Any

from neuromass.kernels.compiler import JIT_IS_OFF
from neuromass.kernels.jit import arrayobj, cgutils, intrinsic, ir, njit, types

_inner = njit(error_model="numpy", nogil=True)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: int) -> Any:
    made = arrayobj.make_array(kind)(context, builder, array)
    return builder.gep(made.data, [ir.Constant(ir.IntType(64), place)])


def _code_of_arrive(typingctx: Any, sync: Any) -> Any:
    """Count oneself among those who have arrived."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], 0)
        return builder.atomic_rmw("add", place, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(sync), codegen


def _code_of_arrived(typingctx: Any, sync: Any) -> Any:
    """How many have arrived; a negative number if somebody has called it off."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], values[0], 0)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(sync), codegen


def _code_of_let_others(typingctx: Any) -> Any:
    """Let other threads use this core, where the system knows how."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if sys.platform != "win32":
            kind = ir.FunctionType(ir.IntType(32), [])
            function = cgutils.get_or_insert_function(builder.module, kind, "sched_yield")
            builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


def _alone(sync: Any, expected: int) -> bool:
    """Wait for nobody, without the JIT."""
    return True


_arrive: Any = intrinsic(_code_of_arrive)
_arrived: Any = intrinsic(_code_of_arrived)
_let_others: Any = intrinsic(_code_of_let_others)


@_inner
def _wait_for_others(sync: Any, expected: int) -> bool:
    """Wait until all threads have arrived as often as this one; False if it was called off."""
    _arrive(sync)
    turns = 0
    found = _arrived(sync)
    while 0 <= found < expected:
        turns += 1
        if turns > 2000:  # somebody else has the core of a thread that is waited for
            _let_others()
        found = _arrived(sync)
    return found >= 0


wait: Any = _alone if JIT_IS_OFF else _wait_for_others
"""``wait(sync, expected)``: until `expected` have arrived in all; False if it was called off."""
