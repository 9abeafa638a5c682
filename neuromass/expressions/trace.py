"""Numbers that record what is done with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from neuromass.expressions.graph import COMPARISONS, Graph
from neuromass.expressions.operations import FUNCTIONS, LOGIC, array_operation

_ALIASES: Final = {
    "absolute": "abs",
    "fabs": "abs",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}
OPERATORS: Final = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "float_power": "**",
    "pow": "**",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
    "logical_not": "not",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
    "invert": "~",
}
"""numpy's names of operators -> their signs."""

_MOST_DECISIONS: Final = 1000


class UnreadableError(TypeError):
    """The function does something with a value that a recording object cannot follow."""


class Path:
    """The way that a function takes through its branches.

    Parameters
    ----------
    decisions : tuple of bool
        How the first questions are answered; the later ones follow the values.
    """

    def __init__(self, decisions: tuple[bool, ...] = ()) -> None:
        self._decisions = decisions
        self._known: dict[int, bool] = {}
        self.taken: list[bool] = []
        self.conditions: dict[int, None] = {}

    def decide(self, index: int, value: Any) -> bool:
        """The answer for a node; the same one each time it is asked for."""
        self.conditions[index] = None
        if index not in self._known:
            place = len(self.taken)
            if place >= _MOST_DECISIONS:
                raise UnreadableError("a loop that does not end")
            given = place < len(self._decisions)
            self._known[index] = self._decisions[place] if given else bool(value)
            self.taken.append(self._known[index])
        return self._known[index]

    def alternatives(self) -> list[tuple[bool, ...]]:
        """The decisions of the paths that turn off this one."""
        taken = tuple(self.taken)
        return [(*taken[:i], not taken[i]) for i in range(len(self._decisions), len(taken))]


class Traced:
    """A number that records what is done with it.

    Without a path, what cannot be recorded raises `UnreadableError`. With one it goes on,
    with a value, along that path: what is met there is recorded for the check of dimensions.
    """

    __slots__ = ("graph", "index", "path", "value")

    def __init__(
        self, graph: Graph, index: int, value: Any = None, path: Path | None = None
    ) -> None:
        self.graph = graph
        self.index = index
        self.value = value
        self.path = path

    def operand(self, other: Any) -> Traced:
        """Whatever is a number, in the same graph."""
        if isinstance(other, Traced):
            return other
        if hasattr(other, "_REGISTRY"):
            raise UnreadableError(
                f"the quantity {other}: in equations all numbers are plain, so declare it as "
                f"a Parameter"
            )
        try:
            if isinstance(other, (str, bytes)) or (isinstance(other, np.ndarray) and other.ndim):
                raise TypeError
            number = float(other)
        except (TypeError, ValueError):
            raise UnreadableError(f"{other!r}, which is no number") from None
        return self._made(self.graph.number(number), number)

    def _made(self, index: int, value: Any) -> Traced:
        return Traced(self.graph, index, None if self.path is None else value, self.path)

    def _apply(self, name: str, *others: Any) -> Traced:
        operands = [self.operand(other) for other in others]
        index = self._recorded(name, [operand.index for operand in operands])
        return self._made(index, self._follow(name, operands))

    def _recorded(self, name: str, indices: list[int]) -> int:
        graph = self.graph
        if name in LOGIC:
            if not all(graph.is_condition(i) or graph.nodes[i][0] == "number" for i in indices):
                raise TypeError(f"{name} goes between conditions such as x > 0, not numbers")
            name = LOGIC[name]
        if name in ("and", "or", "xor", "not"):
            return graph.logic(name, indices[0], indices[-1])
        if name == "where":
            return graph.choice(*indices)
        indices = [graph.as_number(i) for i in indices]
        made: Callable[..., int] | None = {
            "/": graph.quotient,
            "**": graph.power,
            "maximum": graph.larger,
            "minimum": graph.smaller,
        }.get(name)
        return made(*indices) if made else graph.add(name, *indices)

    def _follow(self, name: str, operands: list[Traced]) -> Any:
        if self.path is None:
            return None
        with np.errstate(all="ignore"):
            return array_operation(name)(*(operand.value for operand in operands))

    def _give_up(self, name: str, what: str) -> Any:
        """The value, where Python wants a number of its own; only on a path."""
        if self.path is None:
            raise UnreadableError(f"{what} of a value that is known only when it runs")
        self.path.conditions[self.graph.add(name, self.index)] = None
        return self.value

    def __bool__(self) -> bool:
        if self.path is None:
            raise UnreadableError("the truth of a value that is known only when it runs")
        return self.path.decide(self.index, self.value)

    def __float__(self) -> float:
        return float(self._give_up("float", "the float"))

    def __int__(self) -> int:
        return int(self._give_up("int", "the integer part"))

    def __complex__(self) -> complex:
        return complex(self._give_up("complex", "the complex number"))

    def __index__(self) -> int:
        return int(self._give_up("int", "the count"))

    def __round__(self, digits: int = 0) -> Any:
        return self.function("round", self)

    __trunc__ = __int__

    def __iter__(self) -> Any:
        raise TypeError("a model's variable is one number: the equations hold for one lane")

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        # numpy looks these up on the entries of arrays of objects
        if name in FUNCTIONS:
            return lambda: self.function(name, self)
        raise AttributeError(f"a model's variable is a plain number and has no {name!r}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise UnreadableError(f"numpy.{ufunc.__name__}.{method}")
        return self.function(ufunc.__name__, *inputs, by=ufunc)

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> Any:
        name = function.__name__
        if name == "clip":
            return self._clipped(*inputs, **options)
        if options:
            raise UnreadableError(f"numpy.{name} with keywords")
        return self.function(name, *inputs, by=function)

    def _clipped(self, value: Any, *bounds: Any, **named: Any) -> Traced:
        given = dict(zip(("min", "max"), bounds, strict=False)) | {
            name.removeprefix("a_"): bound for name, bound in named.items()
        }
        if given.keys() - {"min", "max"}:
            raise UnreadableError("numpy.clip with keywords")
        result = self.operand(value)
        for name, larger in (("min", "maximum"), ("max", "minimum")):
            if given.get(name) is not None:
                result = self._apply(larger, result, given[name])
        return result

    def function(self, name: str, *inputs: Any, by: Any = None) -> Any:
        """Record a function of numpy or ``math``, which is `by`."""
        name = _ALIASES.get(name, name)
        if name in OPERATORS:
            return self._apply(OPERATORS[name], *inputs)
        if name in FUNCTIONS and len(inputs) == 1:
            return self._apply(name, *inputs)
        if name in ("where", "maximum", "minimum", "negative"):
            return self._apply(name, *inputs)
        if name in _FORMULAS:
            return _FORMULAS[name](*(self.operand(each) for each in inputs))
        return self._foreign(name, inputs, by)

    def _foreign(self, name: str, inputs: Sequence[Any], by: Any) -> Traced:
        """A function that cannot be recorded; only on a path, for the check of dimensions."""
        if self.path is None:
            raise UnreadableError(f"the function {name}")
        operands = [self.operand(each) for each in inputs]
        if name in _STAND_INS:
            return _STAND_INS[name](*operands)
        index = self.graph.add(name, *(operand.index for operand in operands))
        return self._made(index, float(by(*(operand.value for operand in operands))))


def _sign(x: Any) -> Any:
    return np.where(x > 0, 1.0, np.where(x < 0, -1.0, np.where(x == 0, 0.0, math.nan)))


def _step_function(x: Any, middle: Any) -> Any:
    return np.where(x > 0, 1.0, np.where(x < 0, 0.0, np.where(x == 0, middle, math.nan)))


_FORMULAS: Final[dict[str, Callable[..., Any]]] = {
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "positive": lambda x: x,
    "hypot": lambda x, y: np.sqrt(x * x + y * y),
    "exp2": lambda x: 2.0**x,
    "expit": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "sign": _sign,
    "heaviside": _step_function,
    "log": lambda x, base: np.log(x) / np.log(base),
}
"""What some functions of numpy, scipy and ``math`` are made of."""


def _remainder(x: Any, y: Any) -> Any:
    return x - y * np.floor(x / y)


_STAND_INS: Final[dict[str, Callable[..., Any]]] = {
    "remainder": _remainder,
    "fmod": _remainder,
    "mod": _remainder,
    "floor_divide": lambda x, y: np.floor(x / y),
    "fmax": np.maximum,
    "fmin": np.minimum,
    "copysign": lambda x, y: np.where(y >= 0, abs(x), -abs(x)),
    "round": np.floor,
    "rint": np.floor,
    "trunc": np.floor,
}
"""What has the dimensions, and about the value, of functions that are not recorded."""


def _add_operators() -> None:
    def forward(symbol: str) -> Any:
        return lambda self, other: self._apply(symbol, self, other)

    def backward(symbol: str) -> Any:
        return lambda self, other: self._apply(symbol, other, self)

    def foreign(name: str, swapped: bool) -> Any:
        if swapped:
            return lambda self, other: self.function(name, other, self)
        return lambda self, other: self.function(name, self, other)

    arithmetic = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}
    for name, symbol in (arithmetic | {"and": "&", "or": "|", "xor": "^"}).items():
        setattr(Traced, f"__{name}__", forward(symbol))
        setattr(Traced, f"__r{name}__", backward(symbol))
    for name, function in {"mod": "remainder", "floordiv": "floor_divide"}.items():
        setattr(Traced, f"__{name}__", foreign(function, swapped=False))
        setattr(Traced, f"__r{name}__", foreign(function, swapped=True))
    compared = zip(("lt", "le", "gt", "ge", "eq", "ne"), COMPARISONS, strict=True)
    for name, symbol in compared:
        setattr(Traced, f"__{name}__", forward(symbol))
    for name, symbol in {"neg": "negative", "abs": "abs", "invert": "~"}.items():
        setattr(Traced, f"__{name}__", lambda self, symbol=symbol: self._apply(symbol, self))
    setattr(Traced, "__pos__", lambda self: self)  # noqa: B010


_add_operators()


def first_traced(values: Iterable[Any]) -> Traced | None:
    """The first recording object among some values."""
    return next((each for each in values if isinstance(each, Traced)), None)


def recordable(name: str) -> Callable[..., Any]:
    """An operation on numbers, on arrays, and on recording objects."""

    def applied(*values: Any) -> Any:
        traced = first_traced(values)
        return array_operation(name)(*values) if traced is None else traced._apply(name, *values)

    return applied
