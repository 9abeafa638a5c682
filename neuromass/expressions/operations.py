"""What the operations of a graph do to numbers and arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

FUNCTIONS: Final = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "abs": math.fabs,
    "floor": math.floor,
    "ceil": math.ceil,
}
"""Functions that may stand in the text, under numpy's name -> the same on Python floats."""

LOGIC: Final = {"&": "and", "|": "or", "^": "xor", "~": "not"}
"""Python's operators on conditions -> the words for them."""


def array_operation(name: str) -> Callable[..., Any]:
    """An operation on numbers, real or complex, or arrays."""
    return {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "**": np.power,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "==": np.equal,
        "!=": np.not_equal,
        "and": np.logical_and,
        "or": np.logical_or,
        "xor": np.logical_xor,
        "not": np.logical_not,
    }.get(LOGIC.get(name, name)) or array_function(name)


def array_function(name: str) -> Callable[..., Any]:
    """The function of that name for arrays, numpy's if it has one."""
    function: Callable[..., Any] = getattr(np, name, None) or _each(FUNCTIONS[name])
    return function


def exact_operation(name: str) -> Callable[..., Any]:
    """An operation on floats or arrays that agrees with compiled code to the last bit.

    Sums and products of arrays do; numpy's array functions do not, so those go through the
    C library one number at a time.
    """
    if name == "**":
        return _each(on_floats(math.pow, np.power))
    if name in FUNCTIONS and name not in ("sqrt", "abs"):
        return _each(on_floats(FUNCTIONS[name], array_function(name)))
    return array_operation(name)


def on_floats(
    function: Callable[..., Any], array_function: Callable[..., Any]
) -> Callable[..., Any]:
    """A function of ``math`` that answers NaN or infinity, as C does, where ``math`` raises."""

    def safe(*values: Any) -> Any:
        try:
            return np.float64(function(*values))
        except (ValueError, OverflowError, ZeroDivisionError):
            return array_function(*(np.float64(value) for value in values))

    return safe


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    def applied(*values: Any) -> Any:
        ufunc = np.frompyfunc(function, len(values), 1)
        return np.asarray(ufunc(*values), dtype=float)

    return applied
