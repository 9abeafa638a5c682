"""Do the equations balance? Units are carried through the graph of a model's equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from neuromass.expressions import Equations, Node, bare, below, expression
from neuromass.units import (
    DIMENSIONLESS,
    MS,
    Exponents,
    Measure,
    UnitError,
    internal_unit,
    multiplied,
)

_SUMS = {"+": "is added to", "-": "is subtracted from"}
_COMPARED = ("<", "<=", ">", ">=", "==", "!=")
_KEEPING = ("negative", "abs")
_LONGEST = 70


class _Walk:
    """Dimensions of all nodes, and what was found wrong at which of them."""

    def __init__(self, equations: Equations, measures: Mapping[str, Measure]) -> None:
        self._equations = equations
        self.nodes = equations.nodes
        self._measures = measures
        self.dimensions: list[Exponents] = []
        self.faults: dict[int, str] = {}
        for index, node in enumerate(equations.nodes):
            self.dimensions.append(self._dimension(index, node))

    def _dimension(self, index: int, node: Node) -> Exponents:
        kind, *rest = node
        if kind == "number":
            return ()
        if kind in ("state", "input", "parameter"):
            return self._measures[rest[0]].dimension
        given = [self.dimensions[i] for i in rest]
        if kind in ("*", "/"):
            return multiplied(given[0], given[1], 1 if kind == "*" else -1)
        return self._other(index, kind, rest, given)

    def _other(
        self, index: int, kind: str, rest: Sequence[int], given: Sequence[Exponents]
    ) -> Exponents:
        if kind == "sqrt":
            return multiplied((), given[0], Fraction(1, 2))
        if kind == "**":
            return self._power(index, rest, given)
        if kind == "where":
            return self._common(index, rest[1:], given[1:], "is an alternative to")
        if kind in _SUMS or kind in _COMPARED:
            common = self._common(index, rest, given, _SUMS.get(kind, "is compared with"))
            return common if kind in _SUMS else ()
        return given[0] if kind in _KEEPING else self._of_numbers(index, kind, rest, given)

    def _of_numbers(
        self, index: int, kind: str, rest: Sequence[int], given: Sequence[Exponents]
    ) -> Exponents:
        """The dimension of exp and the like, which is none; they take plain numbers."""
        for argument, dimension in zip(rest, given, strict=True):
            if dimension:
                what = f"`{self._text(argument)}`, in {_unit(dimension)}"
                self.faults[index] = f"{kind} is taken of {what}"
        return ()

    def _power(self, index: int, rest: Sequence[int], given: Sequence[Exponents]) -> Exponents:
        kind, value, *_ = self._equations.nodes[rest[1]]
        if given[1]:
            exponent = f"`{self._text(rest[1])}`, in {_unit(given[1])}"
            self.faults[index] = f"`{self._text(rest[0])}` is raised to the power {exponent}"
        if not given[0]:
            return ()
        if kind == "number" and abs(value) < 1000:
            return multiplied((), given[0], Fraction(value).limit_denominator(1000))
        what = f"`{self._text(rest[0])}`, in {_unit(given[0])},"
        self.faults[index] = f"{what} is raised to a power that is not a plain number"
        return ()

    def _common(
        self, index: int, rest: Sequence[int], given: Sequence[Exponents], verb: str
    ) -> Exponents:
        first, second = given
        zero = [_is_zero(self._equations.nodes[i]) for i in rest]
        if first != second and not any(zero):
            later = f"`{self._text(rest[1])}`, in {_unit(second)},"
            self.faults[index] = f"{later} {verb} `{self._text(rest[0])}`, in {_unit(first)}"
        return second if zero[0] else first

    def _text(self, index: int) -> str:
        """A node as a formula; what is too long to read is cut."""
        texts: dict[int, str] = {}
        for each in sorted(below(self._equations.nodes, [index])):
            node = self._equations.nodes[each]
            symbol = node[0] in ("state", "input", "parameter")
            text = str(node[1]) if symbol else expression(node, texts)
            texts[each] = text if len(text) <= _LONGEST else "(...)"
        return bare(texts[index])


def _unit(dimension: Exponents) -> str:
    return internal_unit(dimension) or "no unit"


def _refuse(model: str, what: str, walk: _Walk, roots: Sequence[int]) -> None:
    """Raise for the first fault in what some nodes are computed from."""
    fault = min(walk.faults.keys() & below(walk.nodes, roots), default=None)
    if fault is not None:
        raise UnitError(f"{model} does not balance: in {what}, {walk.faults[fault]}.")


def check(
    model: str,
    equations: Equations,
    measures: Mapping[str, Measure],
    results: Mapping[str, Measure],
) -> None:
    """Refuse a model whose equations do not balance.

    Parameters
    ----------
    model : str
        The model's name, for the error.
    equations : Equations
        As read from the model.
    measures : mapping
        The unit of every state, input and parameter.
    results : mapping
        The unit in which each derivative and output has to come out, in the order of the
        equations' roots; derivatives under their state's name.

    Raises
    ------
    UnitError
        Naming the state (or output) and both units.
    """
    walk = _Walk(equations, measures)
    _refuse(model, f"what {' and '.join(results)} depend on", walk, equations.conditions)
    for (name, unit), root in zip(results.items(), equations.roots, strict=True):
        what = f"d{name}/dt" if name in equations.states else name
        _refuse(model, what, walk, [root])
        if _is_zero(equations.nodes[root]) or walk.dimensions[root] == unit.dimension:
            continue
        found = _unit(walk.dimensions[root])
        needed = _unit(unit.dimension)
        reason = f"it was declared in {needed}"
        if name in measures:
            own = measures[name].symbol or "no unit"
            reason = f"{name} is in {own}, so its derivative needs {needed}"
        raise UnitError(
            f"{model} does not balance: {what} comes out in {found}, but {reason}.", found, needed
        )


def of_result(what: str, equations: Equations, measures: Mapping[str, Measure]) -> Exponents:
    """The dimension of the first root of some equations.

    Parameters
    ----------
    what : str
        What they are, for errors.
    equations : Equations
        As read.
    measures : mapping
        The unit of every input and parameter.

    Raises
    ------
    UnitError
        If they do not balance.
    """
    own = dict.fromkeys(equations.states, DIMENSIONLESS) | dict(measures)
    walk = _Walk(equations, own)
    root = equations.roots[0]
    _refuse(what, "its value", walk, [root])
    return walk.dimensions[root]


def _is_zero(node: Node) -> bool:
    return node == ("number", 0.0)


def per_time(unit: Measure) -> Measure:
    """The unit of a state's derivative."""
    return unit.combined(MS, -1)
