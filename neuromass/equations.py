"""From a model's ``derivatives`` to a graph of operations, and from that to text.

The function is called once on recording objects. What they record is a graph in which

- everything that depends on parameters alone is known, so that it can be computed once,
- a division by such a constant is a product with its reciprocal,
- an integer power is a product, multiplied in one fixed order,
- sums and products of more than two terms are taken constants first, then by depth, which
  shortens the chain of operations that wait for each other,
- equal subexpressions are one node.

All kernels are generated from this graph, so all of them do the same arithmetic in the
same order. A function that cannot be read this way (it branches on a value, say) is
compiled as it is written.
"""

from __future__ import annotations

import builtins
import hashlib
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
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
}
_LARGEST_PRODUCT: Final = 64
"""Integer powers up to this one are products; beyond, they are left to ``pow``."""


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
        if self.nodes[under][0] == "number" and self.nodes[under][1]:
            return self.add("*", above, self.number(1.0 / self.nodes[under][1]))
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

    def larger(self, first: int, second: int, comparison: str = ">=") -> int:
        """The maximum (or with ``<=`` the minimum); NaN if either is NaN."""
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


class Traced:
    """A number that records what is done with it.

    With `value` None, what cannot be recorded raises `UnreadableError`. With a value it
    goes on with that: the branch that is taken is recorded, for the check of dimensions.
    """

    __slots__ = ("graph", "index", "value")

    def __init__(self, graph: Graph, index: int, value: Any = None) -> None:
        self.graph = graph
        self.index = index
        self.value = value

    def _operand(self, other: Any) -> Traced:
        if isinstance(other, Traced):
            return other
        try:
            if isinstance(other, np.ndarray) and other.ndim:
                raise TypeError
            number = float(other)
        except (TypeError, ValueError):
            raise UnreadableError(f"{other!r} is no number") from None
        follows = number if self.value is not None else None
        return Traced(self.graph, self.graph.number(number), follows)

    def _apply(self, name: str, *others: Any) -> Traced:
        operands = [self._operand(other) for other in others]
        indices = [operand.index for operand in operands]
        match name:
            case "/":
                index = self.graph.quotient(*indices)
            case "**":
                index = self.graph.power(*indices)
            case "maximum":
                index = self.graph.larger(*indices)
            case "minimum":
                index = self.graph.larger(*indices, comparison="<=")
            case _:
                index = self.graph.add(name, *indices)
        return Traced(self.graph, index, self._follow(name, operands))

    def _follow(self, name: str, operands: list[Traced]) -> Any:
        values = [operand.value for operand in operands]
        if any(value is None for value in values):
            return None
        with np.errstate(all="ignore"):
            return _meaning(name)(*values)

    def _give_up(self, what: str) -> Any:
        if self.value is None:
            raise UnreadableError(f"{what} of a value that is known only when it runs")
        return self.value

    def __bool__(self) -> bool:
        return bool(self._give_up("the truth"))

    def __float__(self) -> float:
        return float(self._give_up("the float"))

    def __int__(self) -> int:
        return int(self._give_up("the integer part"))

    def __iter__(self) -> Any:
        raise TypeError("a model's variable is one number: the equations hold for one lane")

    __hash__ = None  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise UnreadableError(f"numpy.{ufunc.__name__}.{method}")
        return self._function(ufunc.__name__, *inputs)

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> Any:
        if options:
            raise UnreadableError(f"numpy.{function.__name__} with keywords")
        return self._function(function.__name__, *inputs)

    def _function(self, name: str, *inputs: Any) -> Traced:
        name = _ALIASES.get(name, name)
        match name:
            case "square":
                return self._apply("*", inputs[0], inputs[0])
            case "reciprocal":
                return self._apply("/", 1.0, inputs[0])
            case "negative":
                return self._apply("negative", inputs[0])
            case "positive":
                return self._operand(inputs[0])
            case "hypot":
                squares = [self._apply("*", each, each) for each in inputs]
                return self._apply("sqrt", self._apply("+", *squares))
            case "clip":
                return self._apply("minimum", self._apply("maximum", *inputs[:2]), inputs[2])
            case "where" | "maximum" | "minimum":
                return self._apply(name, *inputs)
        if name in _OPERATORS:
            return self._apply(_OPERATORS[name], *inputs)
        if name in FUNCTIONS and len(inputs) == 1:
            return self._apply(name, *inputs)
        raise UnreadableError(f"the function {name}")


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
    }.get(name) or getattr(np, name)


def exact_meaning(name: str) -> Callable[..., Any]:
    """An operation on floats or arrays that agrees with compiled code to the last bit.

    Sums and products of arrays do; numpy's array functions do not, so those go through the
    C library one number at a time.
    """
    if name == "**":
        return _each(on_floats(math.pow, np.power))
    if name in FUNCTIONS and name not in ("sqrt", "abs"):
        return _each(on_floats(FUNCTIONS[name], getattr(np, name)))
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

    for name, symbol in {
        "add": "+",
        "sub": "-",
        "mul": "*",
        "truediv": "/",
        "pow": "**",
    }.items():
        setattr(Traced, f"__{name}__", forward(symbol))
        setattr(Traced, f"__r{name}__", backward(symbol))
    for name, symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
        setattr(Traced, f"__{name}__", forward(symbol))
    Traced.__neg__ = lambda self: self._apply("negative", self)  # type: ignore[attr-defined]
    Traced.__pos__ = lambda self: self  # type: ignore[attr-defined]
    Traced.__abs__ = lambda self: self._apply("abs", self)  # type: ignore[attr-defined]


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
    what the function sees: its globals, its closure, and the helpers it calls.
    """

    def __init__(self, is_model: Callable[[Any], bool]) -> None:
        self._is_model = is_model
        self._copies: dict[Any, Any] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
            return self._recording(value)
        if value is builtins.max or value is builtins.min:
            return self._extreme(value)
        value = getattr(value, "py_func", value)
        if isinstance(value, types.FunctionType):
            return self._copy(value)
        if isinstance(value, types.ModuleType) and value is not np or self._is_model(value):
            return _Redirected(value, self)
        return value

    def _recording(self, function: Any) -> Any:
        def recorded(*inputs: Any) -> Any:
            traced = next((each for each in inputs if isinstance(each, Traced)), None)
            if traced is None:
                return function(*inputs)
            return traced._function(function.__name__, *inputs)

        return recorded

    def _extreme(self, function: Any) -> Any:
        name = "maximum" if function is builtins.max else "minimum"

        def recorded(*inputs: Any, **options: Any) -> Any:
            traced = next((each for each in inputs if isinstance(each, Traced)), None)
            if traced is None or options or len(inputs) != 2:
                return function(*inputs, **options)
            return traced._function(name, *inputs)

        return recorded

    def _copy(self, function: types.FunctionType) -> types.FunctionType:
        if function in self._copies:
            return self._copies[function]
        seen = dict(function.__globals__)
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        copy = types.FunctionType(
            function.__code__, seen, function.__name__, function.__defaults__, cells or None
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        self._copies[function] = copy
        for name in names_used(function.__code__):
            if name in seen:
                seen[name] = self(seen[name])
            elif name in ("max", "min"):
                seen[name] = self(getattr(builtins, name))
        for new, old in zip(cells, function.__closure__ or (), strict=True):
            new.cell_contents = self(old.cell_contents)
        return copy


def names_used(code: types.CodeType) -> set[str]:
    """Global names that a function uses, nested functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


def fingerprint(function: Any, seen: set[Any] | None = None) -> str:
    """Hash of everything that decides what a function computes: code, constants, globals, helpers."""
    seen = set() if seen is None else seen
    function = getattr(function, "py_func", function)
    if not isinstance(function, types.FunctionType):
        return repr(function)
    if function in seen:
        return function.__qualname__
    seen.add(function)
    parts: list[Any] = [_code_parts(function.__code__), function.__defaults__]
    for name in sorted(names_used(function.__code__)):
        if name in function.__globals__:
            value = function.__globals__[name]
            parts.append((name, getattr(value, "__name__", None) if isinstance(value, (types.ModuleType, type)) else fingerprint(value, seen)))
    parts.extend(fingerprint(cell.cell_contents, seen) for cell in function.__closure__ or ())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


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
        self._live = below(nodes, roots)
        for index in self._live:
            for argument in arguments(nodes[index]):
                self._uses[argument] += 1
        for root in roots:
            self._uses[root] += 2

    def rebuilt(self, roots: Sequence[int]) -> tuple[list[Node], list[int]]:
        for index in sorted(self._live):
            if self._uses[index] != 1 or not self._continues(index):
                self._moved[index] = self._move(index)
        return self._new.nodes, [self._moved[root] for root in roots]

    def _continues(self, index: int) -> bool:
        """Whether a sum is a term of a sum, or a product a factor of a product."""
        kinds = _CHAINS.get(self._old[index][0], ())
        return any(self._old[i][0] in kinds and index in self._old[i][1:] for i in self._live)

    def _move(self, index: int) -> int:
        kind, *rest = self._old[index]
        if kind in KINDS:
            return self._add(kind, *rest)
        if kind in ("+", "-"):
            return self._sum(self._terms(index, 1))
        if kind == "*":
            return self._product([self._moved[i] for i in self._factors(index)])
        return self._add(kind, *(self._moved[i] for i in rest))

    def _add(self, *node: Any) -> int:
        index = self._new.add(*node)
        own = 0 if node[0] in KINDS else _DEPTH.get(node[0], _DEPTH_OF_FUNCTION)
        self._depth[index] = own + max((self._depth[i] for i in arguments(node)), default=0)
        return index

    def _terms(self, index: int, sign: int) -> list[tuple[int, int]]:
        """Terms of a sum as (new node, sign)."""
        if index in self._moved:
            return [(self._moved[index], sign)]
        kind, first, second = self._old[index]
        flipped = -sign if kind == "-" else sign
        return [*self._terms(first, sign), *self._terms(second, flipped)]

    def _factors(self, index: int) -> list[int]:
        if index in self._moved:
            return [index]
        return [each for i in self._old[index][1:] for each in self._factors(i)]

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
    why : str
        Why it could not be read.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    written: Callable[..., Any] | None = None
    order: tuple[str, ...] = ()
    why: str = ""

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
        if self.written:
            wanted |= {self.nodes.index(("parameter", name)) for name in self.parameters}
        return tuple(sorted(i for i in wanted if self.nodes[i][0] != "number"))

    def _constant(self) -> list[bool]:
        flags: list[bool] = []
        for node in self.nodes:
            flags.append(
                node[0] in CONSTANT_KINDS
                if node[0] in KINDS
                else all(flags[i] for i in node[1:])
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
        for index in sorted(needed):
            expression = _expression(self.nodes[index], texts)
            if uses[index] > 1 and self.nodes[index][0] != "number":
                lines.append(f"{temporary}{index} = {expression}")
                expression = f"{temporary}{index}"
            texts[index] = expression
        return lines, [_bare(texts[root]) for root in roots]

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
        own = self.written(*(values[name] for name in self.order)) if self.written else ()
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
        degrees: list[int] = []
        for node in self.nodes:
            degrees.append(_degree(node, name, degrees))
        return max((degrees[root] for root in self.roots[: len(self.states)]), default=0)

    def identity(self) -> str:
        """Text that is the same exactly if the arithmetic and the names are the same."""
        own = fingerprint(self.written) if self.written else ""
        used = sorted(below(self.nodes, self.roots))
        return repr((
            self.states, self.inputs, self.parameters, self.outputs, self.order, own,
            [(i, self.nodes[i]) for i in used], self.roots,
        ))  # fmt: skip

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


def _expression(node: Node, texts: Mapping[int, str]) -> str:
    kind, *rest = node
    if kind == "number":
        return repr(rest[0]) if math.copysign(1.0, rest[0]) > 0 else f"({rest[0]!r})"
    parts = [texts[i] for i in rest]
    if kind == "negative":
        return f"(-{parts[0]})"
    if kind == "where":
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if kind in FUNCTIONS:
        return f"{kind}({_bare(parts[0])})"
    return f"({parts[0]} {kind} {parts[1]})"


def _bare(text: str) -> str:
    """Without the outer parentheses, if they are a pair."""
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
) -> tuple[Equations, Equations]:
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

    Returns
    -------
    equations : Equations
        What the kernels are made from.
    checked : Equations
        The same graph without rewriting, or, for a function that is used as written, the
        branch that it takes for generic values: what the check of dimensions looks at.

    Raises
    ------
    UnreadableError
        If an output cannot be read.
    """
    redirect = _Redirection(is_model)
    declared = {kind: tuple(names[kind]) for kind in ("state", "input", "parameter")}
    fields = {
        "states": declared["state"],
        "inputs": declared["input"],
        "parameters": declared["parameter"],
        "outputs": tuple(outputs),
    }

    def record(with_derivatives: bool, with_values: bool) -> tuple[Graph, list[int]]:
        graph = Graph()
        symbols = {}
        for kind, group in declared.items():
            for name in group:
                value = 0.618 + 0.1 * len(symbols) if with_values else None
                symbols[name] = Traced(graph, graph.add(kind, name), value)
        roots: list[int] = []
        origin = Traced(graph, graph.number(0.0), 0.0 if with_values else None)
        if with_derivatives:
            results = redirect(function)(*(symbols[name] for name in order))
            results = results if isinstance(results, (tuple, list)) else (results,)
            roots += [origin._operand(result).index for result in results]
        for output, uses in outputs.values():
            roots.append(origin._operand(redirect(output)(*(symbols[n] for n in uses))).index)
        return graph, roots

    try:
        graph, roots = record(with_derivatives=True, with_values=False)
    except UnreadableError as error:
        why = str(error)
        graph, roots = record(with_derivatives=False, with_values=False)
        walked, walked_roots = record(with_derivatives=True, with_values=True)
        made = Equations(
            **fields, nodes=tuple(graph.nodes), roots=tuple(roots),
            written=function, order=tuple(order), why=why,
        )  # fmt: skip
        seen = Equations(**fields, nodes=tuple(walked.nodes), roots=tuple(walked_roots))
        return made, seen
    seen = Equations(**fields, nodes=tuple(graph.nodes), roots=tuple(roots), order=tuple(order))
    nodes, roots = _Balancer(graph.nodes, roots).rebuilt(roots)
    return replace(seen, nodes=tuple(nodes), roots=tuple(roots)), seen
