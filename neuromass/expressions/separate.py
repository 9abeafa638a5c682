"""A function of two values as a sum of products, each of a function of the one and of the other.

Then what N senders do to N receivers is a few sums over the senders, instead of N * N values of
the function. It is done where it keeps the precision: sums, products with what depends on one of
the two alone, and the sine and cosine of a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from neuromass.expressions.equations import bare, expression
from neuromass.expressions.graph import KINDS, Graph, Node, arguments, below
from neuromass.expressions.operations import exact_operation

VALUE: Final = ("input", "value")
"""The symbol of what a `Factor` is a function of."""

Term = tuple[int | None, int | None]
"""A factor of the source and one of the target; None is 1."""


@dataclass(frozen=True)
class Factor:
    """A function of one value of a node.

    Attributes
    ----------
    nodes : tuple
        Its graph, the last one being the result.
    variable : str
        The state or output whose value it takes.
    values : tuple
        Names and values of its parameters.
    """

    nodes: tuple[Node, ...]
    variable: str
    values: tuple[tuple[str, float], ...]

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for all values."""
        return VALUE not in self.nodes

    def of(self, value: Any) -> Any:
        """The function of a number or of an array."""
        results: list[Any] = []
        given = dict(self.values)
        for kind, *rest in self.nodes:
            if kind == "number":
                results.append(rest[0])
            elif kind in KINDS:
                results.append(value if (kind, *rest) == VALUE else given[rest[0]])
            else:
                results.append(exact_operation(kind)(*(results[i] for i in rest)))
        return results[-1] + 0.0 * value


class InseparableError(ValueError):
    """The function is no such sum."""


class Separation:
    """Takes apart a function of a source's value and of a target's.

    Parameters
    ----------
    nodes : sequence of Node
        The graph of the function.
    source, target : str
        Names of the inputs that stand for the two values.
    """

    def __init__(self, nodes: Sequence[Node], source: str, target: str) -> None:
        self._symbols = ("input", source), ("input", target)
        self._graph = Graph()
        for node in nodes:
            self._graph.add(*node)

    def factor(self, index: int, variable: str, values: Sequence[tuple[str, float]]) -> Factor:
        """A factor by itself.

        Parameters
        ----------
        index : int
            Its node.
        variable : str
            What its value is of.
        values : sequence
            Names and values of all parameters.
        """
        used = sorted(below(self._graph.nodes, [index]))
        place = {each: i for i, each in enumerate(used)}
        nodes = []
        for each in used:
            node = self._graph.nodes[each]
            symbol = VALUE if node in self._symbols else node
            nodes.append(
                symbol if node[0] in KINDS else (node[0], *(place[i] for i in arguments(node)))
            )
        mine = tuple(each for each in values if ("parameter", each[0]) in nodes)
        return Factor(tuple(nodes), variable, mine)

    def is_value_of_source(self, index: int | None) -> bool:
        """Whether a factor is the source's value itself."""
        return index is not None and self._graph.nodes[index] == self._symbols[0]

    def terms(self, root: int) -> list[Term]:
        """The terms of the sum; those with a common factor are one.

        Raises
        ------
        InseparableError
            If there is no such sum.
        """
        found: dict[int | None, int | None] = {}
        for source, target in self._apart(root):
            known = source in found
            found[source] = self._plus(found[source], target) if known else target
        return list(found.items())

    def _depends(self, index: int) -> tuple[bool, bool]:
        """Whether a node depends on the source, and on the target."""
        used = {self._graph.nodes[i] for i in below(self._graph.nodes, [index])}
        return self._symbols[0] in used, self._symbols[1] in used

    def _apart(self, index: int) -> list[Term]:
        by_source, by_target = self._depends(index)
        if not (by_source and by_target):
            return [(index, None)] if by_source else [(None, index)]
        kind, *rest = self._graph.nodes[index]
        if kind in ("+", "-"):
            second = self._apart(rest[1])
            return self._apart(rest[0]) + (second if kind == "+" else self._negated(second))
        if kind == "negative":
            return self._negated(self._apart(rest[0]))
        if kind in ("*", "/"):
            return self._scaled(index, kind, *rest)
        if kind in ("sin", "cos"):
            return self._turned(index, kind, rest[0])
        raise self._refusal(index)

    def _scaled(self, index: int, kind: str, first: int, second: int) -> list[Term]:
        """A product or quotient, one side of which depends on one of the two values alone."""
        if all(self._depends(second)) and kind == "*":
            first, second = second, first
        by_source, by_target = self._depends(second)
        if by_source and by_target:
            raise self._refusal(index)
        made: list[Term] = []
        for a, b in self._apart(first):
            if by_source or not (by_target or b is not None):  # a constant goes where it can
                made.append((self._times(a, kind, second), b))
            else:
                made.append((a, self._times(b, kind, second)))
        return made

    def _turned(self, index: int, kind: str, angle: int) -> list[Term]:
        """The sine or cosine of a sum, by the addition theorems."""
        terms = self._apart(angle)
        if any(a is not None and b is not None for a, b in terms):
            raise self._refusal(index)
        p = q = None
        for a, b in terms:
            p, q = (p if a is None else self._sum(p, a)), (q if b is None else self._sum(q, b))
        add = self._graph.add
        sin_p, cos_p, sin_q, cos_q = (add(name, each) for each in (p, q) for name in ("sin", "cos"))
        if kind == "sin":
            return [(sin_p, cos_q), (cos_p, sin_q)]
        return [(cos_p, cos_q), (sin_p, add("negative", sin_q))]

    def _negated(self, terms: list[Term]) -> list[Term]:
        add = self._graph.add
        return [
            (add("negative", a), None) if b is None else (a, add("negative", b)) for a, b in terms
        ]

    def _times(self, factor: int | None, kind: str, other: int) -> int:
        if factor is not None:
            return self._graph.add(kind, factor, other)
        return other if kind == "*" else self._graph.quotient(self._graph.number(1.0), other)

    def _sum(self, total: int | None, other: int) -> int:
        return other if total is None else self._graph.add("+", total, other)

    def _plus(self, first: int | None, second: int | None) -> int:
        one = self._graph.number(1.0)
        parts = [one if each is None else each for each in (first, second)]
        return self._graph.add("+", *parts)

    def _refusal(self, index: int) -> InseparableError:
        texts: dict[int, str] = {}
        for each in sorted(below(self._graph.nodes, [index])):
            node = self._graph.nodes[each]
            is_symbol = node[0] in ("input", "parameter")
            texts[each] = str(node[1]) if is_symbol else expression(node, texts)
        return InseparableError(f"`{bare(texts[index])[:80]}`")
