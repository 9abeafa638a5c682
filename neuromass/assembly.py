"""From members and connections to the arrays that the compiled loop of a network runs on.

Every value of a network has a place in one flat array (see `kernels.network_text`); here the
places are worked out, and what connects them is written down as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels import network_text
from neuromass.kernels import text as kernel_text
from neuromass.kernels.network_text import Circuit, Kind
from neuromass.kernels.text import TILE
from neuromass.population import Population
from neuromass.wiring import Pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_BLOCK: Final = 256
"""Steps for which delayed coupling is computed at once, at most."""

SMALLEST_BLOCK: Final = 3
"""Delays of fewer steps are gathered instead."""


@dataclass(frozen=True)
class Route:
    """What a connection comes to: pairs of lanes, and the nodes on the way.

    Attributes
    ----------
    source, target : str
        Nodes.
    variable, input : str
        What of the source goes to what of the target.
    stages : tuple of str
        Nodes of the synapse, in order.
    gates : bool
        Whether the last of them scales what passes.
    pairs : Pairs
        The pairs.
    weights : ndarray
        Strength of each pair in internal units of the target's input.
    steps, fractions : ndarray
        Delay of each pair, as whole steps and the fraction of a step beyond.
    """

    source: str
    target: str
    variable: str
    input: str
    stages: tuple[str, ...]
    gates: bool
    pairs: Pairs
    weights: Floats
    steps: Ints
    fractions: Floats

    @property
    def sender(self) -> tuple[str, str]:
        """The node and its value that the pairs carry."""
        if not self.stages:
            return self.source, self.variable
        return self.stages[-1], "gain" if self.gates else "s"

    def links(self) -> list[tuple[str, str, str, str]]:
        """Lane to lane links within the synapse: from node and value to node and input."""
        found = []
        before = self.source, self.variable
        for stage in self.stages:
            found.append((*before, stage, "rate" if self.gates else "x"))
            before = stage, "gain" if self.gates else "s"
        return found


class _Group:
    """Nodes of one kind: their arrays, side by side, and where they lie in the flat array."""

    def __init__(self, kind: Kind, nodes: Mapping[str, Population], start: int) -> None:
        self.kind = kind
        self.nodes = dict(nodes)
        self.rows = kind.rows()
        self.start = start
        self.first: dict[str, int] = {}
        lanes = 0
        for name, node in self.nodes.items():
            self.first[name] = lanes
            lanes += node._lanes
        self.lanes = lanes
        self.tiles = -(-lanes // TILE)
        self.size = self.tiles * len(self.rows) * TILE
        self.state = np.concatenate([each._state for each in self.nodes.values()], axis=1)
        self.constants = np.concatenate([each._constants for each in self.nodes.values()], axis=1)
        self.coefficients = np.concatenate(
            [each._coefficients for each in self.nodes.values()], axis=1
        )
        self.outside = np.zeros((len(kind.recipe.equations.inputs), lanes))
        self.segments = self._segments()

    def adopt(self) -> None:
        """Let the members look into the arrays of the group."""
        for name, node in self.nodes.items():
            part = slice(self.first[name], self.first[name] + node._lanes)
            node._state = self.state[:, part]
            node._constants = self.constants[:, part]
            node._coefficients = self.coefficients[:, part]

    def _segments(self) -> Ints:
        """Which lanes draw normals under which seed and number."""
        rows = []
        for name, node in self.nodes.items():
            done = 0
            while done < node._lanes:
                tile, first = divmod(self.first[name] + done, TILE)
                width = min(TILE - first, node._lanes - done)
                keys = (node._plan[kernel_text.KEY0], node._plan[kernel_text.KEY1])
                rows.append((tile, first, width, node._lane + done, *keys))
                done += width
        return np.array(rows, dtype=np.int64).reshape(-1, 6)

    def span(self, node: str, row: str) -> tuple[int, int, int]:
        """Where the lanes of a node's value lie: see `kernels.circuit._place`."""
        return self.start + self.rows[row] * TILE, len(self.rows) * TILE, self.first[node]

    def places(self, node: str, row: str) -> Ints:
        """Place of every lane of a node's value in the flat array."""
        base, step, first = self.span(node, row)
        lanes = first + np.arange(self.nodes[node]._lanes)
        return base + lanes // TILE * step + lanes % TILE


@dataclass
class _Delayed:
    """Delayed coupling, as the loops take it, while it is being collected."""

    slots: list[Ints] = field(default_factory=list)
    slot_count: int = 0
    slot_of: dict[tuple[str, str], int] = field(default_factory=dict)
    bundles: list[tuple[int, ...]] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    delays: list[Ints] = field(default_factory=list)
    rows: list[Ints] = field(default_factory=list)
    entries: list[Ints] = field(default_factory=list)
    entry_weights: list[Floats] = field(default_factory=list)
    smallest: int = 0
    largest: int = 0


class Assembly:
    """The arrays of a network, and its compiled loop.

    Parameters
    ----------
    nodes : mapping of Population
        Members and stages of synapses, by name.
    routes : sequence of Route
        The connections.
    method : str
        ``"euler"`` or ``"heun"``.
    held : bool
        Whether the coupling is held over a step.
    """

    def __init__(
        self, nodes: Mapping[str, Population], routes: Sequence[Route], method: str, held: bool
    ) -> None:
        self._nodes = dict(nodes)
        self.groups = self._grouped(routes, method)
        self._home = {name: group for group in self.groups for name in group.nodes}
        self.circuit = Circuit(tuple(group.kind for group in self.groups), method, held)
        self._traced: list[tuple[str, str]] = []
        self._row_of: dict[tuple[str, str], int] = {}
        self._wire(routes)
        for group in self.groups:
            group.adopt()
        self._function: Any = None

    def _grouped(self, routes: Sequence[Route], method: str) -> list[_Group]:
        exports: dict[Any, set[str]] = {}
        recipes = {name: node._recipe() for name, node in self._nodes.items()}
        used = {route.sender for route in routes}
        used |= {link[:2] for route in routes for link in route.links()}
        for name, variable in used:
            if variable in recipes[name].equations.outputs:
                exports.setdefault(recipes[name], set()).add(variable)
        members: dict[Any, dict[str, Population]] = {}
        for name, node in self._nodes.items():
            members.setdefault(recipes[name], {})[name] = node
        groups, start = [], 0
        for recipe in sorted(members, key=lambda each: each.model):
            kind = Kind(recipe, tuple(sorted(exports.get(recipe, ()))))
            groups.append(_Group(kind, members[recipe], start))
            start += groups[-1].size
        return groups

    # ------------------------------------------------------------------ wiring

    def _sent(self, node: str, variable: str) -> tuple[str, str]:
        """Rows that hold a node's value at the first and at the second stage."""
        if variable in self._nodes[node]._model.states:
            return f"s_{variable}", f"y_{variable}"
        return f"o_{variable}", f"o_{variable}"

    def _wire(self, routes: Sequence[Route]) -> None:
        links: list[Ints] = []
        link_weights: list[Floats] = []
        gates: list[Ints] = []
        matrices: list[tuple[int, ...]] = []
        matrix_weights: list[Floats] = []
        delayed = _Delayed()
        for route in routes:
            for source, variable, target, name in route.links():
                links.append(self._links(source, variable, target, name))
                link_weights.append(np.ones(len(links[-1])))
            if route.gates:
                gates.append(self._gates(route))
            self._wire_pairs(route, links, link_weights, matrices, matrix_weights, delayed)
        self.links = _stacked(links, 3)
        self.link_weights = _joined(link_weights)
        self.gates = _stacked(gates, 4)
        self.matrices = np.array(matrices, dtype=np.int64).reshape(-1, 12)
        self.matrix_weights = _joined(matrix_weights)
        self.total = np.zeros(int(self.matrices[:, 0].max(initial=0)))
        self._delayed(delayed)

    def _links(self, source: str, variable: str, target: str, name: str) -> Ints:
        first, second = self._sent(source, variable)
        home = self._home[source]
        to = self._home[target].places(target, f"x_{name}")
        return np.stack([to, home.places(source, first), home.places(source, second)], axis=1)

    def _gates(self, route: Route) -> Ints:
        stage = route.stages[-1]
        first, second = self._sent(route.source, route.variable)
        home = self._home[route.source]
        gain = self._home[stage].places(stage, "o_gain")
        sent = [home.places(route.source, each) for each in (first, second)]
        return np.stack([gain, *sent, gain], axis=1)

    def _wire_pairs(
        self,
        route: Route,
        links: list[Ints],
        link_weights: list[Floats],
        matrices: list[tuple[int, ...]],
        matrix_weights: list[Floats],
        delayed: _Delayed,
    ) -> None:
        now = route.steps == 0
        if np.any(now):
            if route.pairs.dense and np.all(now):
                matrices.append(self._matrix(route, sum(map(len, matrix_weights))))
                matrix_weights.append(_by_source(route, self._nodes).reshape(-1))
            else:
                node, variable = route.sender
                first, second = self._sent(node, variable)
                home = self._home[node]
                to = self._home[route.target].places(route.target, f"x_{route.input}")
                sources = route.pairs.sources[now]
                places = [home.places(node, each)[sources] for each in (first, second)]
                links.append(np.stack([to[route.pairs.targets[now]], *places], axis=1))
                link_weights.append(route.weights[now])
        if not np.all(now):
            self._wire_delays(route, ~now, delayed)

    def _matrix(self, route: Route, place: int) -> tuple[int, ...]:
        node, variable = route.sender
        first, second = self._sent(node, variable)
        home = self._home[node]
        counts = self._nodes[route.target]._lanes, self._nodes[node]._lanes
        to = self._home[route.target].span(route.target, f"x_{route.input}")
        return (*counts, place, *to, *home.span(node, first), *home.span(node, second))

    def _wire_delays(self, route: Route, late: NDArray[np.bool_], delayed: _Delayed) -> None:
        rows = self._history_rows(route.sender)
        slot = self._first_slot(route, delayed)
        steps, fractions = route.steps[late], route.fractions[late]
        delayed.smallest = min(delayed.smallest or int(steps.min()), int(steps.min()))
        reach = steps + (fractions > 0.0)
        delayed.largest = max(delayed.largest, int(reach.max()))
        if route.pairs.dense and np.all(late):
            self._bundle(route, rows, slot, delayed)
            return
        to, start = route.pairs.targets[late], route.pairs.sources[late]
        weights = route.weights[late]
        delayed.entries.append(np.stack([slot + to, rows[start], steps], axis=1))
        delayed.entry_weights.append(weights * (1.0 - fractions))
        between = fractions > 0.0
        if np.any(between):
            delayed.entries.append(
                np.stack([slot + to, rows[start], steps + 1], axis=1)[between]
            )
            delayed.entry_weights.append((weights * fractions)[between])

    def _history_rows(self, sender: tuple[str, str]) -> Ints:
        """Rows of the history that hold a node's value, new or known."""
        if sender not in self._row_of:
            taken = sum(self._nodes[node]._lanes for node, _ in self._traced)
            self._row_of[sender] = taken
            self._traced.append(sender)
        return self._row_of[sender] + np.arange(self._nodes[sender[0]]._lanes)

    def _first_slot(self, route: Route, delayed: _Delayed) -> int:
        key = route.target, route.input
        if key not in delayed.slot_of:
            delayed.slot_of[key] = delayed.slot_count
            places = self._home[route.target].places(route.target, f"x_{route.input}")
            delayed.slots.append(places)
            delayed.slot_count += len(places)
        return delayed.slot_of[key]

    def _bundle(self, route: Route, rows: Ints, slot: int, delayed: _Delayed) -> None:
        """A dense connection; each source stands twice if its delays fall between steps."""
        targets, sources = self._nodes[route.target]._lanes, len(rows)
        pairs = route.pairs
        weights = np.zeros((sources, targets))
        fractions = np.zeros((sources, targets))
        steps = np.full((sources, targets), int(route.steps.min()))
        weights[pairs.sources, pairs.targets] = route.weights
        fractions[pairs.sources, pairs.targets] = route.fractions
        steps[pairs.sources, pairs.targets] = route.steps
        if np.any(fractions):
            weights = np.stack([weights * (1.0 - fractions), weights * fractions], axis=1)
            steps = np.stack([steps, steps + (fractions > 0.0)], axis=1)
            rows = np.repeat(rows, 2)
        place = sum(map(len, delayed.weights))
        delayed.bundles.append((slot, targets, len(rows), place, sum(map(len, delayed.rows))))
        delayed.weights.append(weights.reshape(-1))
        delayed.delays.append(steps.reshape(-1))
        delayed.rows.append(rows)

    def _delayed(self, delayed: _Delayed) -> None:
        self.slots = _joined(delayed.slots, np.int64)
        self.bundles = np.array(delayed.bundles, dtype=np.int64).reshape(-1, 5)
        self.weights = _joined(delayed.weights)
        self.delays = _joined(delayed.delays, np.int64)
        self.rows = _joined(delayed.rows, np.int64)
        self.entries = _stacked(delayed.entries, 3)
        self.entry_weights = _joined(delayed.entry_weights)
        self.block = min(max(delayed.smallest, 1), LARGEST_BLOCK)
        self.keep = delayed.largest + 2 if self._traced else 1
        places = [
            self._home[node].places(node, self._sent(node, variable)[0])
            for node, variable in self._traced
        ]
        self.traced = _joined(places, np.int64)
        self.room = max(256, self.keep) if self._traced else 1
        self.history = np.zeros((len(self.traced), self.keep + self.room))

    @property
    def blocked(self) -> bool:
        """Whether delayed coupling goes through blocks."""
        return self.block >= SMALLEST_BLOCK

    # --------------------------------------------------------------- histories

    def traced_values(self) -> dict[tuple[str, str], slice]:
        """Node and value -> rows of the history."""
        return {
            sender: slice(row, row + self._nodes[sender[0]]._lanes)
            for sender, row in self._row_of.items()
        }

    # ------------------------------------------------------------------ inputs

    def input_span(self, node: str, name: str) -> tuple[int, int, int, int]:
        """Span of the row of an external input, and how far the row of sums lies behind it."""
        group = self._home[node]
        behind = (group.rows[f"x_{name}"] - group.rows[f"given_{name}"]) * TILE
        return (*group.span(node, f"given_{name}"), behind)

    def set_outside(self, node: str, name: str, value: Any) -> None:
        """Set an external input that stays the same."""
        group = self._home[node]
        row = list(group.kind.recipe.equations.inputs).index(name)
        first = group.first[node]
        group.outside[row, first : first + self._nodes[node]._lanes] = value

    def channel_span(self, node: str, name: str) -> tuple[int, int, int]:
        """Span of what is recorded under a name."""
        model = self._nodes[node]._model
        letter = "s" if name in model.states else "u" if name in model.inputs else "o"
        return self._home[node].span(node, f"{letter}_{name}")

    def find(self, group: int, lane: int) -> tuple[str, int]:
        """The node that has a lane of a group, and its own number of the lane."""
        first = self.groups[group].first
        name = max((n for n in first if first[n] <= lane), key=lambda n: first[n])
        return name, lane - first[name]

    # -------------------------------------------------------------------- loop

    def loop(self, *rest: Any) -> int:
        """Call the compiled loop: arrays of the groups, then what is given."""
        if self._function is None:
            from neuromass.kernels.network import loop  # noqa: PLC0415

            self._function = loop(self.circuit)
        parts: list[Any] = []
        for group in self.groups:
            parts += [
                group.state, group.constants, group.coefficients, group.outside, group.segments,
            ]  # fmt: skip
        return int(self._function(*parts, *rest))


def _by_source(route: Route, nodes: Mapping[str, Population]) -> Floats:
    """Weights as a matrix, sources by targets."""
    matrix = np.zeros((nodes[route.sender[0]]._lanes, nodes[route.target]._lanes))
    matrix[route.pairs.sources, route.pairs.targets] = route.weights
    return matrix


def _stacked(parts: Iterable[Ints], width: int) -> Ints:
    return np.concatenate([np.zeros((0, width), dtype=np.int64), *parts])


def _joined(parts: Iterable[Any], dtype: Any = float) -> Any:
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


PLAN_LENGTH: Final = network_text.PLAN_LENGTH
