"""Nodes of one kind, side by side, as the loops of a network take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neuromass.kernels.networks.circuit import ROW, Kind
from neuromass.kernels.networks.tables import MIX, STREAM, table
from neuromass.kernels.text import TILE, Recipe
from neuromass.networks.coupling import Floats, Ints, joined
from neuromass.populations.core import Core


class Group:
    """Nodes of one kind: their arrays, side by side, and where they lie in the flat array."""

    def __init__(self, kind: Kind, nodes: Mapping[str, Core], start: int) -> None:
        self.kind = kind
        self.nodes = dict(nodes)
        self.rows = kind.rows()
        self.start = start
        self.first: dict[str, int] = {}
        lanes = 0
        for name, node in self.nodes.items():
            self.first[name] = lanes
            lanes += node.lanes
        self.lanes = lanes
        self.tiles = -(-lanes // TILE)
        self.size = self.tiles * len(self.rows) * ROW
        self.state = _side_by_side(each.state for each in self.nodes.values())
        self.constants = _side_by_side(each.constants for each in self.nodes.values())
        self.coefficients = _side_by_side(each.coefficients for each in self.nodes.values())
        self.outside = np.zeros((len(kind.recipe.equations.inputs), lanes))
        self.streams = self._streams()
        self.mixes, self.factors = self._mixes()

    def adopt(self) -> None:
        """Let the members look into the arrays of the group."""
        for name, node in self.nodes.items():
            part = slice(self.first[name], self.first[name] + node.lanes)
            node.move_to(self.state[:, part], self.constants[:, part], self.coefficients[:, part])

    def _streams(self) -> Any:
        """Which lanes draw normals under which seed and number."""
        rows = []
        for name, node in self.nodes.items():
            done = 0
            while done < node.lanes:
                tile, first = divmod(self.first[name] + done, TILE)
                width = min(TILE - first, node.lanes - done)
                keys = (node.control.key0, node.control.key1)
                rows.append((tile, first, width, node.lane + done, *keys))
                done += width
        return table(rows, STREAM)

    def _mixes(self) -> tuple[Any, Floats]:
        """Which lanes have correlated normals, and the factors that make them so."""
        rows, factors, place = [], [], 0
        for name, node in self.nodes.items():
            for number, source in enumerate(node.sources):
                if source.factor is not None:
                    rows.append((number, self.first[name], node.lanes, place))
                    factors.append(np.ravel(source.factor.T))
                    place += factors[-1].size
        return table(rows, MIX), joined(factors)

    def span(self, node: str, row: str) -> tuple[int, int, int]:
        """Where the lanes of a node's value lie: see `kernels.networks.tables`."""
        return self.start + self.rows[row] * ROW, len(self.rows) * ROW, self.first[node]

    def places(self, node: str, row: str) -> Ints:
        """Place of every lane of a node's value in the flat array."""
        base, step, first = self.span(node, row)
        lanes = first + np.arange(self.nodes[node].lanes)
        return base + lanes // TILE * step + lanes % TILE


def grouped(nodes: Mapping[str, Core]) -> list[Group]:
    """The groups of a network, in an order that does not depend on that of the nodes."""
    members: dict[Recipe, dict[str, Core]] = {}
    for name, node in nodes.items():
        members.setdefault(node.recipe(), {})[name] = node
    groups: list[Group] = []
    start = 0
    for recipe in sorted(members, key=_in_order):
        groups.append(Group(Kind(recipe), members[recipe], start))
        start += groups[-1].size
    return groups


def _in_order(recipe: Recipe) -> tuple[str, ...]:
    about = recipe.sources, recipe.method, recipe.lowest, recipe.output
    return recipe.model, repr(about), recipe.equations.arithmetic()


def _side_by_side(arrays: Iterable[Floats]) -> Floats:
    return np.ascontiguousarray(np.concatenate(list(arrays), axis=1))
