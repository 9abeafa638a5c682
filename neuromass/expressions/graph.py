"""Operations and what they are computed from: the graph that equations are read into."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

Node = tuple[Any, ...]
"""``(operation, *argument indices)``, ``(kind, name)`` for a symbol, ``("number", value)``."""

CONSTANT_KINDS: Final = ("parameter", "number")
KINDS: Final = ("state", "input", *CONSTANT_KINDS)

COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")
LARGEST_PRODUCT: Final = 64
"""Integer powers up to this one are products; beyond, they are left to ``pow``."""


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
        if not value.is_integer() or abs(value) > LARGEST_PRODUCT:
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
        return kind in COMPARISONS

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
