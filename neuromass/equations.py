"""From a model's ``derivatives`` to a graph of operations, and from that to text.

The function is called once on recording objects. What they record is a graph in which

- everything that depends on parameters alone is known, so that it can be computed once,
- a division by such a constant is a product with its reciprocal,
- an integer power is a product, multiplied in one fixed order,
- sums and products of more than two terms are taken constants first, then by depth, which
  shortens the chain of operations that wait for each other,
- equal subexpressions are one node.

All kernels are generated from this graph, so all of them do the same arithmetic in the
same order. Helpers and globals are read with it, at the class statement. A function that
cannot be read this way (it branches on a value, say) is compiled as it is written.
"""

from __future__ import annotations

import builtins
import functools
import hashlib
import inspect
import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

Node = tuple[Any, ...]
"""``(operation, *argument indices)``, ``(kind, name)`` for a symbol, ``("number", value)``."""

CONSTANT_KINDS: Final = ("parameter", "number")
KINDS: Final = ("state", "input", *CONSTANT_KINDS)

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
_OPERATORS: Final = {
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
_COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")
_LOGIC: Final = {"&": "and", "|": "or", "^": "xor", "~": "not"}
_LARGEST_PRODUCT: Final = 64
"""Integer powers up to this one are products; beyond, they are left to ``pow``."""
_DEEPEST: Final = 20
"""Brackets in each other in one line of text; Python's parser takes some two hundred."""
_MOST_PATHS: Final = 64
_MOST_DECISIONS: Final = 1000


class UnreadableError(TypeError):
    """The function does something with a value that a recording object cannot follow."""


class Graph:
    """Operations in the order in which they were first met; equal ones are one node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constant: list[bool] = []
        self._index: dict[Any, int] = {}

    def add(self, *node: Any) -> int:
        """Index of a node, new or known."""
        key = (*node, math.copysign(1.0, node[1])) if node[0] == "number" else node
        if key not in self._index:
            self._index[key] = len(self.nodes)
            self.nodes.append(node)
            self.constant.append(
                node[0] in CONSTANT_KINDS
                if node[0] in KINDS
                else all(self.constant[i] for i in node[1:])
            )
        return self._index[key]

    def number(self, value: float) -> int:
        """Index of a literal number."""
        return self.add("number", float(value))

    def quotient(self, above: int, under: int) -> int:
        """A division; by a constant, the product with its reciprocal."""
        if not self.constant[under] or self.constant[above]:
            return self.add("/", above, under)
        if self.nodes[under][0] == "number":
            value = self.nodes[under][1]
            if not 1e-300 < abs(value) < 1e300:
                return self.add("/", above, under)
            return self.add("*", above, self.number(1.0 / value))
        return self.add("*", above, self.add("/", self.number(1.0), under))

    def power(self, base: int, exponent: int) -> int:
        """A power; with an integer exponent, products by repeated squaring."""
        kind, value, *_ = self.nodes[exponent]
        if kind != "number":
            return self.add("**", base, exponent)
        if value == 0.5:
            return self.add("sqrt", base)
        if not value.is_integer() or abs(value) > _LARGEST_PRODUCT:
            return self.add("**", base, exponent)
        product = self._product(base, int(abs(value)))
        return product if value >= 0 else self.quotient(self.number(1.0), product)

    def _product(self, base: int, count: int) -> int:
        if count == 0:
            return self.number(1.0)
        result, square = None, base
        while True:
            if count & 1:
                result = square if result is None else self.add("*", result, square)
            count >>= 1
            if not count:
                return result  # type: ignore[return-value]
            square = self.add("*", square, square)

    def is_condition(self, index: int) -> bool:
        """Whether a node is true or false, not a number."""
        kind, *rest = self.nodes[index]
        if kind == "where":
            return all(self.is_condition(i) for i in rest[1:])
        return kind in _COMPARISONS

    def as_number(self, index: int) -> int:
        """A condition as 1 or 0; a number as it is."""
        if not self.is_condition(index):
            return index
        return self.add("where", index, self.number(1.0), self.number(0.0))

    def as_condition(self, index: int) -> int:
        """A number as whether it is not zero; a condition as it is."""
        return index if self.is_condition(index) else self.add("!=", index, self.number(0.0))

    def choice(self, condition: int, first: int, second: int) -> int:
        """One node or another, both conditions or both numbers."""
        if not (self.is_condition(first) and self.is_condition(second)):
            first, second = self.as_number(first), self.as_number(second)
        return self.add("where", condition, first, second)

    def logic(self, name: str, first: int, second: int) -> int:
        """And, or, exclusive or; negation of the first."""
        first, second = self.as_condition(first), self.as_condition(second)
        if name == "and":
            return self.add("where", first, second, first)
        if name == "or":
            return self.add("where", first, first, second)
        if name == "xor":
            return self.add("!=", self.as_number(first), self.as_number(second))
        return self.add("==", self.as_number(first), self.number(0.0))

    def larger(self, first: int, second: int) -> int:
        """The maximum; NaN if either is NaN."""
        return self._chosen(">=", first, second)

    def smaller(self, first: int, second: int) -> int:
        """The minimum; NaN if either is NaN."""
        return self._chosen("<=", first, second)

    def _chosen(self, comparison: str, first: int, second: int) -> int:
        chosen = self.add("where", self.add(comparison, first, second), first, second)
        return self.add("where", self.add("!=", first, first), first, chosen)


def arguments(node: Node) -> tuple[int, ...]:
    """Indices of the nodes that a node is computed from."""
    return () if node[0] in KINDS else node[1:]


def below(nodes: Sequence[Node], roots: Iterable[int]) -> set[int]:
    """All nodes on which the given ones depend, themselves included."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting.extend(arguments(nodes[index]))
    return found


# -------------------------------------------------------------------------- recording


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
        self.asked: dict[int, None] = {}

    def decide(self, index: int, value: Any) -> bool:
        """The answer for a node; the same one each time it is asked for."""
        self.asked[index] = None
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
        if name in _LOGIC:
            if not all(graph.is_condition(i) or graph.nodes[i][0] == "number" for i in indices):
                raise TypeError(f"{name} goes between conditions such as x > 0, not numbers")
            name = _LOGIC[name]
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
            return _meaning(name)(*(operand.value for operand in operands))

    def _give_up(self, name: str, what: str) -> Any:
        """The value, where Python wants a number of its own; only on a path."""
        if self.path is None:
            raise UnreadableError(f"{what} of a value that is known only when it runs")
        self.path.asked[self.graph.add(name, self.index)] = None
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
        return self._function("round", self)

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
            return lambda: self._function(name, self)
        raise AttributeError(f"a model's variable is a plain number and has no {name!r}")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise UnreadableError(f"numpy.{ufunc.__name__}.{method}")
        return self._function(ufunc.__name__, *inputs, by=ufunc)

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> Any:
        name = function.__name__
        if name == "clip":
            return self._clipped(*inputs, **options)
        if options:
            raise UnreadableError(f"numpy.{name} with keywords")
        return self._function(name, *inputs, by=function)

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

    def _function(self, name: str, *inputs: Any, by: Any = None) -> Any:
        name = _ALIASES.get(name, name)
        if name in _OPERATORS:
            return self._apply(_OPERATORS[name], *inputs)
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


def _meaning(name: str) -> Callable[..., Any]:
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
    }.get(_LOGIC.get(name, name)) or array_function(name)


def array_function(name: str) -> Callable[..., Any]:
    """The function of that name for arrays, numpy's if it has one."""
    function: Callable[..., Any] = getattr(np, name, None) or _each(FUNCTIONS[name])
    return function


def exact_meaning(name: str) -> Callable[..., Any]:
    """An operation on floats or arrays that agrees with compiled code to the last bit.

    Sums and products of arrays do; numpy's array functions do not, so those go through the
    C library one number at a time.
    """
    if name == "**":
        return _each(on_floats(math.pow, np.power))
    if name in FUNCTIONS and name not in ("sqrt", "abs"):
        return _each(on_floats(FUNCTIONS[name], array_function(name)))
    return _meaning(name)


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


def _add_operators() -> None:
    def forward(symbol: str) -> Any:
        return lambda self, other: self._apply(symbol, self, other)

    def backward(symbol: str) -> Any:
        return lambda self, other: self._apply(symbol, other, self)

    def foreign(name: str, swapped: bool) -> Any:
        if swapped:
            return lambda self, other: self._function(name, other, self)
        return lambda self, other: self._function(name, self, other)

    arithmetic = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}
    for name, symbol in (arithmetic | {"and": "&", "or": "|", "xor": "^"}).items():
        setattr(Traced, f"__{name}__", forward(symbol))
        setattr(Traced, f"__r{name}__", backward(symbol))
    for name, function in {"mod": "remainder", "floordiv": "floor_divide"}.items():
        setattr(Traced, f"__{name}__", foreign(function, swapped=False))
        setattr(Traced, f"__r{name}__", foreign(function, swapped=True))
    compared = zip(("lt", "le", "gt", "ge", "eq", "ne"), _COMPARISONS, strict=True)
    for name, symbol in compared:
        setattr(Traced, f"__{name}__", forward(symbol))
    for name, symbol in {"neg": "negative", "abs": "abs", "invert": "~"}.items():
        setattr(Traced, f"__{name}__", lambda self, symbol=symbol: self._apply(symbol, self))
    setattr(Traced, "__pos__", lambda self: self)  # noqa: B010


_add_operators()


class _Redirected:
    """A module or class whose functions are redirected as they are looked up."""

    def __init__(self, target: Any, redirect: _Redirection) -> None:
        self._target = target
        self._redirect = redirect

    def __getattr__(self, name: str) -> Any:
        return self._redirect(getattr(self._target, name))


class _Redirection:
    """Makes copies of functions in which those of ``math`` accept recording objects.

    ``math.exp`` asks its argument for a float at once, so it and its kin are replaced in
    what the function sees: its globals, its closure, its imports, and the helpers it calls.

    Parameters
    ----------
    is_model : callable
        Tells whether an object is a model class, whose functions are read through.
    made : type or None
        The class whose statement is being run, and whose name is not bound yet.
    """

    def __init__(self, is_model: Callable[[Any], bool], made: type | None = None) -> None:
        self._is_model = is_model
        self._made = made
        self._made_name = made.__name__ if made else ""
        self._made_codes = _codes(made)
        self._copies: dict[Any, Any] = {}
        self._builtins = {
            **vars(builtins),
            "max": self._extreme(builtins.max, "maximum"),
            "min": self._extreme(builtins.min, "minimum"),
            "__import__": lambda *given, **named: self(builtins.__import__(*given, **named)),
        }

    def __call__(self, value: Any) -> Any:
        if isinstance(value, types.BuiltinFunctionType):
            extreme = value is builtins.max or value is builtins.min
            return self._builtins[value.__name__] if extreme else self._recording(value)
        value = _plain_function(value)
        if isinstance(value, types.FunctionType):
            value = self._copy(value)
        elif isinstance(value, types.MethodType):
            value = types.MethodType(self(value.__func__), value.__self__)
        elif isinstance(value, functools.partial):
            value = functools.partial(self(value.func), *value.args, **value.keywords)
        elif (isinstance(value, types.ModuleType) and value is not np) or self._is_model(value):
            value = _Redirected(value, self)
        return value

    def _recording(self, function: Any) -> Any:
        if function.__module__ != "math":
            return function

        def recorded(*inputs: Any) -> Any:
            traced = _first_traced(inputs)
            if traced is None:
                return function(*inputs)
            return traced._function(function.__name__, *inputs, by=function)

        return recorded

    def _extreme(self, function: Any, name: str) -> Any:
        def recorded(*inputs: Any, **options: Any) -> Any:
            items = inputs if len(inputs) > 1 else tuple(inputs[0])
            traced = _first_traced(items)
            if traced is None or options:
                return function(items, **options)
            return functools.reduce(lambda one, two: traced._function(name, one, two), items)

        return recorded

    def _copy(self, function: types.FunctionType) -> types.FunctionType:
        if function in self._copies:
            return self._copies[function]
        seen = {**function.__globals__, "__builtins__": self._builtins}
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        copy = types.FunctionType(
            function.__code__, seen, function.__name__, function.__defaults__, cells or None
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        self._copies[function] = copy
        for name in names_used(function.__code__):
            if self._is_made(name, function):
                seen[name] = _Redirected(self._made, self)
            elif name in seen:
                seen[name] = self(seen[name])
        names = function.__code__.co_freevars
        for name, new, old in zip(names, cells, function.__closure__ or (), strict=True):
            if self._is_made(name, function):
                new.cell_contents = _Redirected(self._made, self)
            elif not _is_empty(old):
                new.cell_contents = self(old.cell_contents)
        return copy

    def _is_made(self, name: str, function: types.FunctionType) -> bool:
        """Whether a function in the body of the class being made means that class."""
        return name == self._made_name and function.__code__ in self._made_codes


def _codes(made: type | None) -> set[types.CodeType]:
    """The code of the functions in the body of a class."""
    found = vars(made).values() if made else ()
    inner = (getattr(each, "__func__", getattr(each, "function", each)) for each in found)
    return {each.__code__ for each in map(_plain_function, inner) if hasattr(each, "__code__")}


def _plain_function(value: Any) -> Any:
    """The Python function under numba's or a cache's wrapping."""
    if isinstance(value, functools._lru_cache_wrapper):
        return value.__wrapped__
    return getattr(value, "py_func", value)


def _first_traced(values: Iterable[Any]) -> Traced | None:
    return next((each for each in values if isinstance(each, Traced)), None)


def _is_empty(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def names_used(code: types.CodeType) -> set[str]:
    """Global names that a function uses, nested functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


_KNOWN_MODULES: Final = ("numpy", "math", "scipy", "numba")


def _is_known(value: Any) -> bool:
    """Whether something is of a library whose functions keep their meaning."""
    name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    return str(name).split(".", maxsplit=1)[0] in _KNOWN_MODULES


def _looked_up(holder: Any, names: set[str]) -> Iterator[tuple[str, Any]]:
    """What a function with these names in its code may take out of a module or class."""
    if not _is_known(holder):
        for name in sorted(names & set(dir(holder))):
            if not name.startswith("__"):
                yield name, getattr(holder, name, None)


def _used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Globals and closure of a function."""
    for name in sorted(names_used(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if not _is_empty(cell):
            yield name, cell.cell_contents


def fingerprint(function: Any) -> str:
    """Hash of what decides the results of a function: code, constants, globals, helpers."""
    return hashlib.sha256(repr(_parts_of(function, set(), set())).encode()).hexdigest()


def _parts_of(value: Any, names: set[str], seen: set[int]) -> Any:
    value = _plain_function(value)
    if isinstance(value, (types.FunctionType, types.ModuleType, type)):
        if id(value) in seen or _is_known(value):
            return value.__name__
        seen.add(id(value))
    if isinstance(value, types.FunctionType):
        names = names_used(value.__code__)
        parts = [_code_parts(value.__code__), value.__defaults__, value.__kwdefaults__]
        return [*parts, *((name, _parts_of(each, names, seen)) for name, each in _used(value))]
    if isinstance(value, (types.ModuleType, type)):
        return [(name, _parts_of(each, names, seen)) for name, each in _looked_up(value, names)]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, (tuple, list)):
        return [_parts_of(each, names, seen) for each in value]
    return repr(value)


def helpers(function: Any) -> list[types.FunctionType]:
    """The plain functions that a function may call, directly or through others."""
    return [each for each in _reached(function, set()) if isinstance(each, types.FunctionType)]


def _reached(function: Any, names: set[str], seen: set[int] | None = None) -> Iterator[Any]:
    """Functions, modules and classes that a function uses, those that helpers use included."""
    seen = {id(function)} if seen is None else seen
    if isinstance(function, types.FunctionType):
        names, inner = names_used(function.__code__), _used(function)
    else:
        inner = _looked_up(function, names)
    for _, value in inner:
        found = isinstance(value, (types.FunctionType, types.ModuleType, type))
        if found and id(value) not in seen and not _is_known(value):
            seen.add(id(value))
            yield value
            yield from _reached(value, names, seen)


def _code_parts(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(
        _code_parts(each) if isinstance(each, types.CodeType) else repr(each)
        for each in code.co_consts
    )
    return code.co_code.hex(), constants, code.co_names, code.co_varnames


# -------------------------------------------------------------------------- reordering


_DEPTH: Final = {"/": 3, "sqrt": 4, "where": 1, "negative": 0} | dict.fromkeys(
    ("+", "-", "*", *_OPERATORS.values()), 1
)
_DEPTH_OF_FUNCTION: Final = 8
_CHAINS: Final = {"+": ("+", "-"), "-": ("+", "-"), "*": ("*",)}


class _Balancer:
    """Rebuilds a graph with the terms of its sums and products in the fastest order."""

    def __init__(self, nodes: Sequence[Node], roots: Sequence[int]) -> None:
        self._old = nodes
        self._new = Graph()
        self._depth: dict[int, int] = {}
        self._moved: dict[int, int] = {}
        self._uses = [0] * len(nodes)
        self._user: dict[int, str] = {}
        self._live = below(nodes, roots)
        self._live |= {i for i, node in enumerate(nodes) if node[0] == "parameter"}
        for index in self._live:
            for argument in arguments(nodes[index]):
                self._uses[argument] += 1
                self._user[argument] = nodes[index][0]
        for root in roots:
            self._uses[root] += 2

    def rebuilt(self, roots: Sequence[int]) -> tuple[list[Node], list[int]]:
        for index in sorted(self._live):
            if self._uses[index] != 1 or not self._continues(index):
                self._moved[index] = self._move(index)
        return self._new.nodes, [self._moved[root] for root in roots]

    def _continues(self, index: int) -> bool:
        """Whether a sum is a term of a sum, or a product a factor of a product."""
        return self._user[index] in _CHAINS.get(self._old[index][0], ())

    def _move(self, index: int) -> int:
        kind, *rest = self._old[index]
        if kind in KINDS:
            return self._add(kind, *rest)
        if kind in ("+", "-"):
            return self._sum(self._terms(index, 1))
        if kind == "*":
            return self._product(self._factors(index))
        return self._add(kind, *(self._moved[i] for i in rest))

    def _add(self, *node: Any) -> int:
        index = self._new.add(*node)
        own = 0 if node[0] in KINDS else _DEPTH.get(node[0], _DEPTH_OF_FUNCTION)
        self._depth[index] = own + max((self._depth[i] for i in arguments(node)), default=0)
        return index

    def _terms(self, index: int, sign: int) -> list[tuple[int, int]]:
        """Terms of a sum as (new node, sign)."""
        found: list[tuple[int, int]] = []
        waiting = [(index, sign)]
        while waiting:
            index, sign = waiting.pop()
            if index in self._moved:
                found.append((self._moved[index], sign))
            else:
                kind, first, second = self._old[index]
                waiting += [(second, -sign if kind == "-" else sign), (first, sign)]
        return found

    def _factors(self, index: int) -> list[int]:
        found: list[int] = []
        waiting = [index]
        while waiting:
            index = waiting.pop()
            if index in self._moved:
                found.append(self._moved[index])
            else:
                waiting += reversed(self._old[index][1:])
        return found

    def _priority(self, index: int) -> tuple[bool, int]:
        return not self._new.constant[index], self._depth[index]

    def _sum(self, terms: list[tuple[int, int]]) -> int:
        while len(terms) > 1:
            terms.sort(key=lambda term: self._priority(term[0]))
            (first, sign), (second, other) = terms[:2]
            if sign == other:
                joined = self._add("+", first, second), sign
            elif sign > 0:
                joined = self._add("-", first, second), 1
            else:
                joined = self._add("-", second, first), 1
            terms = [joined, *terms[2:]]
        ((index, sign),) = terms
        return index if sign > 0 else self._add("negative", index)

    def _product(self, factors: list[int]) -> int:
        while len(factors) > 1:
            factors.sort(key=self._priority)
            factors = [self._add("*", *factors[:2]), *factors[2:]]
        return factors[0]


# --------------------------------------------------------------------------- equations


@dataclass(frozen=True)
class Equations:
    """What the equations of a model compute, ready to become text.

    Attributes
    ----------
    states, inputs, parameters, outputs : tuple of str
        Declared names in their order.
    nodes : tuple
        The graph.
    roots : tuple of int
        The nodes that are the derivatives, then those that are the outputs.
    written : callable or None
        The model's own function where it could not be read; then the derivatives are not
        in the graph, and `roots` are the outputs alone.
    order : tuple of str
        The arguments of that function.
    single : bool
        Whether that function returns a number, not a tuple of one or more.
    why : str
        Why it could not be read.
    mark : str
        Its `fingerprint` when the class was made.
    asked : tuple of int
        Nodes on which it depends which way through the function this is.
    kept : tuple of str
        Parameters that kernels need by themselves.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    written: Callable[..., Any] | None = None
    order: tuple[str, ...] = ()
    single: bool = False
    why: str = ""
    mark: str = ""
    asked: tuple[int, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def derivatives(self) -> tuple[int, ...]:
        """Nodes of the derivatives; none if the function is used as written."""
        return () if self.written else self.roots[: len(self.states)]

    @property
    def output_roots(self) -> tuple[int, ...]:
        """Nodes of the outputs."""
        return self.roots[len(self.roots) - len(self.outputs) :]

    def constants(self) -> tuple[int, ...]:
        """Nodes that depend on parameters alone and are used by what does not."""
        constant = self._constant()
        used = below(self.nodes, self.roots)
        wanted = {i for i in self.roots if constant[i]}
        for index in used:
            if not constant[index]:
                wanted |= {i for i in arguments(self.nodes[index]) if constant[i]}
        kept = self.parameters if self.written else self.kept
        wanted |= {self.nodes.index(("parameter", name)) for name in kept}
        return tuple(sorted(i for i in wanted if self.nodes[i][0] != "number"))

    def _constant(self) -> list[bool]:
        flags: list[bool] = []
        for node in self.nodes:
            flags.append(
                node[0] in CONSTANT_KINDS if node[0] in KINDS else all(flags[i] for i in node[1:])
            )
        return flags

    def text(
        self, roots: Sequence[int], known: Mapping[int, str], temporary: str = "t"
    ) -> tuple[list[str], list[str]]:
        """Python text for some nodes.

        Parameters
        ----------
        roots : sequence of int
            The nodes wanted.
        known : mapping
            Texts of nodes that need not be computed; at least of all symbols below.
        temporary : str
            Prefix of the names for what is used more than once.

        Returns
        -------
        lines : list of str
            Assignments.
        expressions : list of str
            One for each root.
        """
        lines: list[str] = []
        texts = dict(known)
        needed = _needed(self.nodes, roots, known)
        uses = dict.fromkeys(needed, 0)
        for index in needed:
            for argument in arguments(self.nodes[index]):
                if argument in uses:
                    uses[argument] += 1
        depth = dict.fromkeys(known, 0)
        for index in sorted(needed):
            node = self.nodes[index]
            text = expression(node, texts)
            depth[index] = 1 + max((depth[i] for i in arguments(node)), default=0)
            if node[0] != "number" and (uses[index] > 1 or depth[index] >= _DEEPEST):
                lines.append(f"{temporary}{index} = {bare(text)}")
                text = f"{temporary}{index}"
                depth[index] = 0
            texts[index] = text
        return lines, [bare(texts[root]) for root in roots]

    def symbols(self, names: Mapping[str, str]) -> dict[int, str]:
        """Texts of the symbol nodes: ``names`` maps a declared name to its text."""
        return {
            index: names[node[1]]
            for index, node in enumerate(self.nodes)
            if node[0] in ("state", "input", "parameter") and node[1] in names
        }

    def evaluate(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Derivatives (then outputs) at some values; arrays and complex numbers work too.

        Parameters
        ----------
        values : mapping
            Value of each state, input and parameter, in internal units.
        """
        own = _listed(self.written(*(values[n] for n in self.order))) if self.written else ()
        return (*own, *self.values(self.roots, values, _meaning))

    def exactly(self, roots: Sequence[int], values: Mapping[str, Any]) -> list[Any]:
        """Some nodes at some floats or float arrays, to the last bit as compiled code has them."""
        return self.values(roots, values, exact_meaning)

    def values(
        self,
        roots: Sequence[int],
        values: Mapping[str, Any],
        meaning: Callable[[str], Callable[..., Any]],
    ) -> list[Any]:
        """Values of some nodes, each operation being done by what `meaning` gives for it."""
        results: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for index in sorted(below(self.nodes, roots)):
                kind, *rest = self.nodes[index]
                if kind == "number":
                    results[index] = rest[0]
                elif kind in KINDS:
                    results[index] = values[rest[0]]
                else:
                    results[index] = meaning(kind)(*(results[i] for i in rest))
        return [results[root] for root in roots]

    def degree(self, name: str) -> int:
        """How a declared name enters the derivatives: 0 not at all, 1 linearly, 2 otherwise."""
        if self.written:
            return 2 if name in self.order else 0
        degrees: list[int] = []
        for node in self.nodes:
            degrees.append(_degree(node, name, degrees))
        return max((degrees[root] for root in self.roots[: len(self.states)]), default=0)

    def identity(self) -> str:
        """Text that is the same exactly if the arithmetic and the names are the same."""
        if self.written and fingerprint(self.written) != self.mark:
            raise RuntimeError(
                f"A global or helper that {self.written.__qualname__} uses has changed since "
                f"its class was made; run the class statement again."
            )
        return self.arithmetic()

    def arithmetic(self) -> str:
        """The same, as it was when the class was made."""
        used = sorted(below(self.nodes, self.roots))
        names = self.states, self.inputs, self.parameters, self.outputs, self.order
        return repr((*names, self.mark, [(i, self.nodes[i]) for i in used], self.roots))

    def function(self, roots: Sequence[int], order: Sequence[str]) -> Callable[..., Any]:
        """A function of numbers or arrays that computes some nodes, for a class without one."""
        single = len(roots) == 1

        def computed(*given: Any) -> Any:
            results = self.values(roots, dict(zip(order, given, strict=True)), _meaning)
            return results[0] if single else tuple(results)

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        computed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in order]
        )
        return computed

    def __str__(self) -> str:
        known = self.symbols({n: n for n in (*self.states, *self.inputs, *self.parameters)})
        lines, roots = self.text(self.roots, known)
        names = [f"d{name}/dt" for name in self.states if not self.written]
        lines += [f"{n} = {r}" for n, r in zip([*names, *self.outputs], roots, strict=True)]
        if self.written:
            lines.append(f"# the derivatives are used as written, because they need {self.why}")
        return "\n".join(lines)


def _needed(nodes: Sequence[Node], roots: Sequence[int], known: Mapping[int, str]) -> set[int]:
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if index not in found and index not in known:
            found.add(index)
            waiting.extend(arguments(nodes[index]))
    return found


def expression(node: Node, texts: Mapping[int, str]) -> str:
    """The text of an operation, given those of its arguments; in brackets if it needs them."""
    kind, *rest = node
    if kind == "number":
        return repr(rest[0]) if math.copysign(1.0, rest[0]) > 0 else f"({rest[0]!r})"
    parts = [texts[i] for i in rest]
    if kind == "negative":
        return f"(-{parts[0]})"
    if kind == "where":
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if kind.isidentifier():
        return f"{kind}({', '.join(map(bare, parts))})"
    return f"({parts[0]} {kind} {parts[1]})"


def bare(text: str) -> str:
    """Without the outer brackets, if they are a pair."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 else text
    return text


def _degree(node: Node, name: str, degrees: list[int]) -> int:
    kind, *rest = node
    if kind in KINDS:
        return int(kind != "number" and rest[0] == name)
    own = [degrees[i] for i in rest]
    if kind in ("+", "-", "negative"):
        return max(own)
    if kind == "*":
        return min(sum(own), 2)
    if kind == "/" and not own[1]:
        return own[0]
    if kind == "where" and not own[0]:
        return max(own)
    return 2 if any(own) else 0


def read(
    function: Callable[..., Any],
    order: Sequence[str],
    names: Mapping[str, Sequence[str]],
    outputs: Mapping[str, tuple[Callable[..., Any], Sequence[str]]],
    is_model: Callable[[Any], bool],
    made: type | None = None,
) -> tuple[Equations, list[Equations]]:
    """Read a model's equations.

    Parameters
    ----------
    function : callable
        The model's ``derivatives``.
    order : sequence of str
        The names of its arguments.
    names : mapping
        The declared names under ``"state"``, ``"input"`` and ``"parameter"``.
    outputs : mapping
        Name of an output -> its function and the names of that one's arguments.
    is_model : callable
        Tells whether an object is a model class, whose functions are read through.
    made : type, optional
        The class that is being made.

    Returns
    -------
    equations : Equations
        What the kernels are made from.
    checked : list of Equations
        The same graph without rewriting, or, for a function that is used as written, the
        branches that it may take: what the check of dimensions looks at.

    Raises
    ------
    UnreadableError
        If an output cannot be read, or neither can derivatives with known values.
    """
    reader = _Reader(function, order, names, outputs, _Redirection(is_model, made))
    try:
        seen = reader.recorded()
    except UnreadableError as error:
        _refuse_models(function, str(error), is_model)
        checked = reader.paths()
        return reader.as_written(str(error)), checked
    if repr(reader.recorded()) != repr(seen):
        raise UnreadableError(
            "random numbers or other things that change: noise is given by noise="
        )
    nodes, roots = _Balancer(seen.nodes, seen.roots).rebuilt(seen.roots)
    return replace(seen, nodes=tuple(nodes), roots=tuple(roots)), [seen]


def _refuse_models(function: Any, why: str, is_model: Callable[[Any], bool]) -> None:
    for value in _reached(function, set()):
        if is_model(value):
            raise UnreadableError(
                f"{why}; it would be compiled as written, where {value.__name__}.derivatives "
                f"cannot be called. Write conditions with np.where"
            )


class _Reader:
    """Calls a model's functions on recording objects."""

    def __init__(
        self,
        function: Callable[..., Any],
        order: Sequence[str],
        names: Mapping[str, Sequence[str]],
        outputs: Mapping[str, tuple[Callable[..., Any], Sequence[str]]],
        redirect: _Redirection,
    ) -> None:
        self._function = function
        self._order = tuple(order)
        self._names = {kind: tuple(names[kind]) for kind in ("state", "input", "parameter")}
        self._outputs = outputs
        self._redirect = redirect
        self._single = False

    def recorded(self) -> Equations:
        """The equations where all of it can be recorded."""
        graph = Graph()
        return self._equations(graph, self._record(graph, None))

    def as_written(self, why: str) -> Equations:
        """The equations with the derivatives as they are written; outputs are recorded."""
        graph = Graph()
        found = self._equations(graph, self._record(graph, None, with_derivatives=False))
        return replace(
            found,
            written=self._function,
            single=self._single,
            why=why,
            mark=fingerprint(self._function),
        )

    def paths(self) -> list[Equations]:
        """The equations on every path through the branches."""
        graph = Graph()
        found: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
        waiting: list[tuple[bool, ...]] = [()]
        while waiting and len(found) < _MOST_PATHS:
            path = Path(waiting.pop(0))
            try:
                found[self._record(graph, path), tuple(path.asked)] = None
            except Exception:
                if not found:  # else a branch that the values do not allow
                    raise
            waiting += path.alternatives()
        return [self._equations(graph, *each) for each in found]

    def _equations(
        self, graph: Graph, roots: tuple[int, ...], asked: tuple[int, ...] = ()
    ) -> Equations:
        return Equations(
            self._names["state"],
            self._names["input"],
            self._names["parameter"],
            tuple(self._outputs),
            tuple(graph.nodes),
            roots,
            order=self._order,
            asked=asked,
        )

    def _record(
        self, graph: Graph, path: Path | None, with_derivatives: bool = True
    ) -> tuple[int, ...]:
        symbols: dict[str, Traced] = {}
        for kind, group in self._names.items():
            for name in group:
                value = 0.618 + 0.1 * len(symbols) if path else None
                symbols[name] = Traced(graph, graph.add(kind, name), value, path)
        zero = Traced(graph, graph.number(0.0), 0.0, path)
        results: list[Any] = []
        if with_derivatives:
            returned = self._redirect(self._function)(*(symbols[n] for n in self._order))
            self._single = isinstance(returned, (Traced, float, int))
            results += _listed(returned)
        for output, uses in self._outputs.values():
            results.append(self._redirect(output)(*(symbols[n] for n in uses)))
        return tuple(graph.as_number(zero.operand(result).index) for result in results)


def _listed(results: Any) -> list[Any]:
    """What a function returned, as a list: of one, if it is a single value."""
    if results is None:
        raise TypeError("derivatives returns nothing; it ends with: return drdt, dvdt")
    if isinstance(results, np.ndarray) and results.ndim == 1:
        return list(results)
    return list(results) if isinstance(results, (tuple, list)) else [results]
