"""Do the equations balance? Units are carried through the graph of a model's equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from neuromass.equations import FUNCTIONS, Equations, Node, below
from neuromass.units import MS, Exponents, Measure, UnitError, internal_unit, multiplied

_SUMS = {"+": "is added to", "-": "is subtracted from"}
_COMPARED = ("<", "<=", ">", ">=", "==", "!=")
_KEEPING = ("negative", "abs", "floor", "ceil")


class _Walk:
    """Dimensions of all nodes, and what was found wrong at which of them."""

    def __init__(self, equations: Equations, measures: Mapping[str, Measure]) -> None:
        self._equations = equations
        self._measures = measures
        self._names = {name: name for name in measures}
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
        if kind == "*":
            return multiplied(*given)
        if kind == "/":
            return multiplied(*given, -1)
        if kind == "sqrt":
            return multiplied((), given[0], Fraction(1, 2))
        if kind == "**":
            return self._power(index, rest, given)
        if kind in _SUMS or kind in _COMPARED:
            common = self._common(index, rest, given, _SUMS.get(kind, "is compared with"))
            return common if kind in _SUMS else ()
        if kind == "where":
            return self._common(index, rest[1:], given[1:], "is an alternative to")
        if kind in FUNCTIONS and kind not in _KEEPING and given[0]:
            self._fault(index, f"{kind} is taken of `{self._text(rest[0])}`, in {_unit(given[0])}")
            return ()
        return given[0]

    def _power(self, index: int, rest: Sequence[int], given: Sequence[Exponents]) -> Exponents:
        node = self._equations.nodes[rest[1]]
        if given[1]:
            self._fault(index, f"the exponent `{self._text(rest[1])}` is in {_unit(given[1])}")
        if node[0] == "number":
            return multiplied((), given[0], Fraction(node[1]).limit_denominator(1000))
        if given[0]:
            what = f"`{self._text(rest[0])}`, in {_unit(given[0])},"
            self._fault(index, f"{what} is raised to a power that is not a plain number")
        return ()

    def _common(
        self, index: int, rest: Sequence[int], given: Sequence[Exponents], verb: str
    ) -> Exponents:
        first, second = given
        zero = [self._equations.nodes[i] == ("number", 0.0) for i in rest]
        if first != second and not any(zero):
            later = f"`{self._text(rest[1])}`, in {_unit(second)},"
            self._fault(index, f"{later} {verb} `{self._text(rest[0])}`, in {_unit(first)}")
        return second if zero[0] else first

    def _text(self, index: int) -> str:
        known = self._equations.symbols(self._names)
        lines, (text,) = self._equations.text([index], known)
        for line in reversed(lines):
            name, meaning = line.split(" = ", 1)
            text = text.replace(name, f"({meaning})")
        return text if len(text) <= 70 else text[:67] + "..."

    def _fault(self, index: int, sentence: str) -> None:
        self.faults[index] = sentence


def _unit(dimension: Exponents) -> str:
    return internal_unit(dimension) or "no unit"


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
    for (name, unit), root in zip(results.items(), equations.roots, strict=True):
        what = f"d{name}/dt" if name in equations.states else name
        fault = min((i for i in below(equations.nodes, [root]) if i in walk.faults), default=None)
        if fault is not None:
            raise UnitError(f"{model} does not balance: in {what}, {walk.faults[fault]}.")
        if _is_zero(equations.nodes[root]) or walk.dimensions[root] == unit.dimension:
            continue
        found = _unit(walk.dimensions[root])
        needs = f"{name} is in {measures[name].symbol or 'no unit'}, so its derivative needs " if (
            name in measures
        ) else "it was declared in "
        raise UnitError(
            f"{model} does not balance: {what} comes out in {found}, but {needs}"
            f"{_unit(unit.dimension)}.",
            found,
            _unit(unit.dimension),
        )


def _is_zero(node: Node) -> bool:
    return node == ("number", 0.0)


def per_time(unit: Measure) -> Measure:
    """The unit of a state's derivative."""
    return unit.combined(MS, -1)
