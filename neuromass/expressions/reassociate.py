"""The order in which sums are taken.

What is ready comes first, which shortens the chain of operations that wait for each other;
constants are ready before all else. Where another order could change more than the last bits,
sums are taken as they are written, and so are all products: one of two constants may overflow
where each of them times something small does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from neuromass.expressions.graph import KINDS, Graph, Node, arguments, below
from neuromass.expressions.trace import OPERATORS

_DEPTH: Final = {"/": 3, "sqrt": 4, "where": 1, "negative": 0} | dict.fromkeys(
    ("+", "-", "*", *OPERATORS.values()), 1
)
_DEPTH_OF_FUNCTION: Final = 8
_CHAINS: Final = {"+": ("+", "-"), "-": ("+", "-"), "*": ("*",)}


class Balancer:
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
        """The new nodes, and the roots among them."""
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
        as_written = self._would_cancel(terms)
        while len(terms) > 1:
            if not as_written:
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

    def _would_cancel(self, terms: list[tuple[int, int]]) -> bool:
        """Whether another order may take terms together that cancel, as in (x + big) - big.

        That is so where a term stands with both signs, and where constants, whose values are not
        known, do not stand together at the beginning.
        """
        signs = set(terms)
        if any((index, -sign) in signs for index, sign in terms):
            return True
        constant = [self._new.constant[index] for index, _ in terms]
        return sum(constant) > 1 and not all(constant[: sum(constant)])

    def _product(self, factors: list[int]) -> int:
        while len(factors) > 1:
            factors = [self._add("*", *factors[:2]), *factors[2:]]
        return factors[0]
