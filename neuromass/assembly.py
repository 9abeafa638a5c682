"""From members and connections to the arrays that the compiled loop of a network runs on.

Every value of a network has a place in one flat array (see `kernels.network_text`); here the
places are worked out, and what connects them is written down as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels import text as kernel_text
from neuromass.kernels.network_text import ROW, Circuit, Kind
from neuromass.kernels.text import TILE, Recipe
from neuromass.population import Population
from neuromass.wiring import Pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_BLOCK: Final = 256
"""Steps for which delayed coupling is computed at once, at most."""

SMALLEST_BLOCK: Final = 2
"""Delays of fewer steps are gathered instead."""

DENSE_FROM: Final = 0.25
"""Part of all pairs of lanes from which on a connection is kept as a whole matrix."""

VECTOR: Final = 8
"""Delayed coupling is computed for so many points in time at once, or several times as many."""

HISTORY: Final = 1 << 17
"""Numbers that a history may hold without need, to go back to its front less often."""

PASSED: Final = "passed_gain"
"""Row of what passes a gate: its gain times what comes in."""


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
        return self.stages[-1], PASSED if self.gates else "s"

    def links(self) -> list[tuple[str, str, str, str]]:
        """Lane to lane links within the synapse: from node and value to node and input."""
        found = []
        before = self.source, self.variable
        for stage in self.stages:
            found.append((*before, stage, "rate" if self.gates else "x"))
            before = stage, "s"
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
        self.size = self.tiles * len(self.rows) * ROW
        self.state = _side_by_side(each._state for each in self.nodes.values())
        self.constants = _side_by_side(each._constants for each in self.nodes.values())
        self.coefficients = _side_by_side(each._coefficients for each in self.nodes.values())
        self.outside = np.zeros((len(kind.recipe.equations.inputs), lanes))
        self.segments = self._segments()
        self.mixes, self.factors = self._mixes()

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

    def _mixes(self) -> tuple[Ints, Floats]:
        """Which lanes have correlated normals, and the factors that make them so."""
        rows, factors, place = [], [], 0
        for name, node in self.nodes.items():
            for number, source in enumerate(node._sources):
                if source.factor is not None:
                    rows.append((number, self.first[name], node._lanes, place))
                    factors.append(np.ravel(source.factor.T))
                    place += factors[-1].size
        return np.array(rows, dtype=np.int64).reshape(-1, 4), _joined(factors)

    @property
    def arrays(self) -> list[Any]:
        """What the loop takes of the group."""
        return [
            self.state, self.constants, self.coefficients, self.outside, self.segments,
            self.mixes, self.factors,
        ]  # fmt: skip

    def span(self, node: str, row: str) -> tuple[int, int, int]:
        """Where the lanes of a node's value lie: see `kernels.circuit._place`."""
        return self.start + self.rows[row] * ROW, len(self.rows) * ROW, self.first[node]

    def places(self, node: str, row: str) -> Ints:
        """Place of every lane of a node's value in the flat array."""
        base, step, first = self.span(node, row)
        lanes = first + np.arange(self.nodes[node]._lanes)
        return base + lanes // TILE * step + lanes % TILE


class _Links:
    """Sums of what some lanes send to one, while they are being collected."""

    def __init__(self) -> None:
        self._rows: list[Ints] = []
        self._senders: list[Ints] = []
        self._weights: list[Floats] = []
        self._count = 0

    def add_lanes(self, to: Ints, places: Ints, shift: int) -> None:
        """From lane to lane, as it is."""
        lanes = np.arange(len(to))
        self.add_pairs(to, places, shift, lanes, lanes, np.ones(len(to)))

    def add_pairs(
        self, to: Ints, places: Ints, shift: int, targets: Ints, sources: Ints, weights: Floats
    ) -> None:
        """Pairs of lanes, in the order of their targets."""
        reached, first = np.unique(targets, return_index=True)
        edges = self._count + np.append(first, len(targets))
        row = np.stack([to[reached], edges[:-1], edges[1:], np.full(len(reached), shift)], axis=1)
        self._rows.append(row)
        self._senders.append(places[sources])
        self._weights.append(weights)
        self._count += len(targets)

    def arrays(self) -> list[Any]:
        """Rows, senders and weights."""
        rows, senders = _stacked(self._rows, 4), _joined(self._senders, np.int64)
        return [rows.astype(np.uint64), senders.astype(np.uint64), _joined(self._weights)]


class _Strips:
    """Coupling from neighbouring lanes to neighbouring lanes, while it is being collected."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, to: Ints, places: Ints, shift: int, weights: Floats) -> None:
        """From lane to lane, or from one lane to all; cut where a tile ends."""
        single = len(places) == 1
        jumps = np.diff(to) != 1
        if not single:
            jumps |= np.diff(places) != 1
        for part in np.split(np.arange(len(to)), np.flatnonzero(jumps) + 1):
            start = int(places[0 if single else part[0]])
            place = self._count + int(part[0])
            self._rows.append((len(part), int(to[part[0]]), start, int(not single), shift, place))
        self._weights.append(weights)
        self._count += len(weights)

    def arrays(self) -> list[Any]:
        """Rows and weights."""
        return [np.array(self._rows, dtype=np.int64).reshape(-1, 6), _joined(self._weights)]


class _Matrices:
    """Coupling from all lanes to all, while it is being collected."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._count = 0
        self.targets = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(
        self, matrix: Floats, to: tuple[int, int, int], start: tuple[int, int, int], shift: int
    ) -> None:
        """A matrix, sources by targets."""
        sources, targets = matrix.shape
        self._rows.append((targets, sources, self._count, *to, *start, shift))
        self._weights.append(np.ravel(matrix))
        self._count += matrix.size
        self.targets = max(self.targets, targets)

    def arrays(self) -> list[Any]:
        """Rows and weights."""
        return [np.array(self._rows, dtype=np.int64).reshape(-1, 10), _joined(self._weights)]


class _Delayed:
    """Delayed coupling, while it is being collected."""

    def __init__(self) -> None:
        self._slots: list[Ints] = []
        self._slot_of: dict[tuple[str, str], int] = {}
        self._bundles: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._delays: list[Ints] = []
        self._rows: list[Ints] = []
        self._entries: list[Ints] = []
        self._entry_weights: list[Floats] = []
        self.smallest = 0
        self.largest = 0

    def note(self, steps: Ints, fractions: Floats) -> None:
        """Let smallest and largest delay take these into account."""
        self.smallest = min(self.smallest or int(steps.min()), int(steps.min()))
        self.largest = max(self.largest, int((steps + (fractions > 0.0)).max()))

    def slot(self, node: str, name: str, places: Ints) -> int:
        """The number of an input's first lane among all that delayed coupling reaches."""
        if (node, name) not in self._slot_of:
            self._slot_of[node, name] = sum(map(len, self._slots))
            self._slots.append(places)
        return self._slot_of[node, name]

    def add_pairs(
        self,
        slot: int,
        rows: Ints,
        pairs: tuple[Ints, Ints],
        weights: Floats,
        steps: Ints,
        fractions: Floats,
    ) -> None:
        """Pairs of lanes; a delay that falls between two steps is two entries."""
        to, start = slot + pairs[0], rows[pairs[1]]
        between = fractions > 0.0
        self._entries.append(np.stack([to, start, steps], axis=1))
        self._entry_weights.append(weights * (1.0 - fractions))
        self._entries.append(np.stack([to, start, steps + 1], axis=1)[between])
        self._entry_weights.append((weights * fractions)[between])

    def add_matrix(
        self,
        slot: int,
        rows: Ints,
        shape: tuple[int, int],
        pairs: tuple[Ints, Ints],
        given_weights: Floats,
        given_steps: Ints,
        given_fractions: Floats,
    ) -> None:
        """All pairs; each source stands twice if its delays fall between two steps."""
        weights, fractions = np.zeros(shape), np.zeros(shape)
        steps = np.full(shape, given_steps.min())
        at = pairs[1], pairs[0]
        weights[at], fractions[at], steps[at] = given_weights, given_fractions, given_steps
        if np.any(fractions):
            weights = np.stack([weights * (1.0 - fractions), weights * fractions], axis=1)
            steps = np.stack([steps, steps + (fractions > 0.0)], axis=1)
            rows = np.repeat(rows, 2)
        place, row = sum(map(len, self._weights)), sum(map(len, self._rows))
        self._bundles.append((slot, shape[1], len(rows), place, row))
        self._weights.append(weights.reshape(-1))
        self._delays.append(steps.reshape(-1))
        self._rows.append(rows)

    def arrays(self) -> list[Any]:
        """Slots, and all that reaches them."""
        return [
            _joined(self._slots, np.int64),
            np.array(self._bundles, dtype=np.int64).reshape(-1, 5),
            _joined(self._weights),
            _joined(self._delays, np.int64),
            _joined(self._rows, np.int64),
            _stacked(self._entries, 3),
            _joined(self._entry_weights),
        ]


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
        self.groups = self._grouped(method)
        self._home = {name: group for group in self.groups for name in group.nodes}
        self.circuit = Circuit(tuple(group.kind for group in self.groups), method, held)
        self._row_of: dict[tuple[str, str], int] = {}
        self._wire(routes)
        for group in self.groups:
            group.adopt()
        self._function: Any = None

    def _grouped(self, method: str) -> list[_Group]:
        members: dict[Any, dict[str, Population]] = {}
        for name, node in self._nodes.items():
            members.setdefault(node._recipe(), {})[name] = node
        groups, start = [], 0
        for recipe in sorted(members, key=_in_order):
            groups.append(_Group(Kind(recipe), members[recipe], start))
            start += groups[-1].size
        return groups

    # ------------------------------------------------------------------ wiring

    def _sent(self, node: str, variable: str) -> tuple[str, str]:
        """Rows that hold a node's value at the first and at the second stage."""
        if variable in self._nodes[node]._model.states:
            return f"s_{variable}", f"y_{variable}"
        row = variable if variable == PASSED else f"o_{variable}"
        return row, row

    def _sender_places(self, node: str, variable: str) -> tuple[Ints, int]:
        """Places of what a node sends at the first stage, and from there to the second."""
        home = self._home[node]
        first, second = self._sent(node, variable)
        self._sends[self.groups.index(home)] |= not first.startswith("s_")
        return home.places(node, first), (home.rows[second] - home.rows[first]) * ROW

    def _input_places(self, node: str, name: str) -> Ints:
        return self._home[node].places(node, f"x_{name}")

    def _wire(self, routes: Sequence[Route]) -> None:
        self._sends = np.zeros(len(self.groups), dtype=np.int64)
        links, strips, matrices = _Links(), _Strips(), _Matrices()
        gates: list[Ints] = []
        delayed = _Delayed()
        for route in routes:
            for source, variable, target, name in route.links():
                to = self._input_places(target, name)
                links.add_lanes(to, *self._sender_places(source, variable))
            if route.gates:
                gates.append(self._gates(route))
            now = route.steps == 0
            if np.any(now):
                self._wire_now(route, now, links, strips, matrices)
            if not np.all(now):
                self._wire_delays(route, ~now, delayed)
        largest = max([each.lanes for each in self.groups if each.factors.size], default=0)
        spare = np.zeros(max(largest, matrices.targets))
        self._has_strips, self._has_matrices = bool(strips), bool(matrices)
        self._delayed(delayed)
        self._coupling = [
            self._sends, *links.arrays(), _stacked(gates, 4).astype(np.uint64), *strips.arrays(),
            *matrices.arrays(), spare,
        ]  # fmt: skip

    def _gates(self, route: Route) -> Ints:
        stage = route.stages[-1]
        home = self._home[stage]
        sent, shift = self._sender_places(route.source, route.variable)
        passed, gain = home.places(stage, PASSED), home.places(stage, "o_gain")
        return np.stack([passed, sent, sent + shift, gain], axis=1)

    def _wire_now(
        self,
        route: Route,
        now: NDArray[np.bool_],
        links: _Links,
        strips: _Strips,
        matrices: _Matrices,
    ) -> None:
        """A connection, as far as it is not delayed."""
        to = self._input_places(route.target, route.input)
        places, shift = self._sender_places(*route.sender)
        targets, sources = route.pairs.targets[now], route.pairs.sources[now]
        weights = route.weights[now]
        if route.pairs.aligned and len(to) > 1 and np.all(now):
            spread = np.zeros(len(to))
            spread[targets] = weights
            strips.add(to, places, shift, spread)
        elif _is_dense(len(targets), len(to), len(places)):
            matrix = np.zeros((len(places), len(to)))
            matrix[sources, targets] = weights
            home, (node, variable) = self._home[route.target], route.sender
            span = home.span(route.target, f"x_{route.input}")
            sender = self._home[node].span(node, self._sent(node, variable)[0])
            matrices.add(matrix, span, sender, shift)
        else:
            links.add_pairs(to, places, shift, targets, sources, weights)

    def _wire_delays(self, route: Route, late: NDArray[np.bool_], delayed: _Delayed) -> None:
        """A connection, as far as it is delayed."""
        rows = self._history_rows(route.sender)
        slot = self._first_slot(route, delayed)
        pairs = route.pairs.targets[late], route.pairs.sources[late]
        steps, fractions = route.steps[late], route.fractions[late]
        delayed.note(steps, fractions)
        if _is_dense(len(steps), self._nodes[route.target]._lanes, len(rows)):
            shape = len(rows), self._nodes[route.target]._lanes
            delayed.add_matrix(slot, rows, shape, pairs, route.weights[late], steps, fractions)
        else:
            delayed.add_pairs(slot, rows, pairs, route.weights[late], steps, fractions)

    def _history_rows(self, sender: tuple[str, str]) -> Ints:
        """Rows of the history that hold a node's value, new or known."""
        if sender not in self._row_of:
            self._row_of[sender] = sum(self._nodes[node]._lanes for node, _ in self._row_of)
        return self._row_of[sender] + np.arange(self._nodes[sender[0]]._lanes)

    def _first_slot(self, route: Route, delayed: _Delayed) -> int:
        places = self._input_places(route.target, route.input)
        return delayed.slot(route.target, route.input, places)

    def _delayed(self, delayed: _Delayed) -> None:
        self._arriving = delayed.arrays()
        self.block = min(max(delayed.smallest, 1), LARGEST_BLOCK)
        places = [self._sender_places(*sender)[0] for sender in self._row_of]
        self.traced = _joined(places, np.int64)
        if not self.traced.size:
            self.keep = self.room = 1
        else:
            self.keep = delayed.largest + 2
            self.room = max(256, self.keep, min(HISTORY // self.traced.size, 1 << 14))
        self.history = np.zeros((len(self.traced), self.keep + self.room + VECTOR))
        points = -(-(self.block + 1) // VECTOR) * VECTOR
        self._arrivals = np.zeros((len(self._arriving[0]), points))

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
        behind = (group.rows[f"x_{name}"] - group.rows[f"given_{name}"]) * ROW
        return (*group.span(node, f"given_{name}"), behind)

    def set_outside(self, node: str, name: str, value: Any) -> None:
        """Set an external input that stays the same."""
        group = self._home[node]
        row = list(group.kind.recipe.equations.inputs).index(name)
        first = group.first[node]
        group.outside[row, first : first + self._nodes[node]._lanes] = value

    def channel_places(self, node: str, name: str) -> Ints:
        """Places of what is recorded under a name, one for each lane."""
        model = self._nodes[node]._model
        letter = "s" if name in model.states else "u" if name in model.inputs else "o"
        return self._home[node].places(node, f"{letter}_{name}")

    def find(self, group: int, lane: int) -> tuple[str, int]:
        """The node that has a lane of a group, and its own number of the lane."""
        first = self.groups[group].first
        name = max((n for n in first if first[n] <= lane), key=lambda n: first[n])
        return name, lane - first[name]

    # -------------------------------------------------------------------- loop

    def loop(
        self,
        plan: Ints,
        dt: float,
        drive: Floats,
        layout: Ints,
        items: Ints,
        samples: Floats,
        sums: Floats,
    ) -> int:
        """Call the compiled loop; see `network_text.arguments`."""
        if self._function is None:
            from neuromass.kernels.network import addresses, loop  # noqa: PLC0415

            self._function = loop(self.circuit)
            flat = _aligned(sum(group.size for group in self.groups))
            self._parts = [addresses(self._unused()), flat.reshape(-1, ROW), flat]
            self._parts += [part for group in self.groups for part in group.arrays]
        return int(
            self._function(
                *self._parts, plan, dt, *self._coupling, drive, layout, self.history, self.traced,
                self._arrivals, *self._arriving, items, samples, sums,
            )
        )  # fmt: skip

    def _unused(self) -> set[str]:
        """What the loop never calls for this wiring."""
        used = {
            "fill_segments": any(each.kind.recipe.sources for each in self.groups),
            "mix_lanes": any(len(each.mixes) for each in self.groups),
            "add_strips": self._has_strips,
            "multiply_matrices": self._has_matrices,
            "arrive": bool(self.traced.size),
        }
        return {name for name, needed in used.items() if not needed}


def _in_order(recipe: Recipe) -> tuple[str, ...]:
    """Kinds in an order that does not depend on the order of the members."""
    about = recipe.sources, recipe.method, recipe.lowest, recipe.output
    return recipe.model, repr(about), recipe.equations.arithmetic()


def _aligned(count: int) -> Floats:
    """Floats that begin with a line of the cache, so that no vector lies on two."""
    room = np.zeros(count + 8)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + count]


def _side_by_side(arrays: Iterable[Floats]) -> Floats:
    return np.ascontiguousarray(np.concatenate(list(arrays), axis=1))


def _is_dense(pairs: int, targets: int, sources: int) -> bool:
    """Whether it is worth while to treat pairs of lanes as a whole matrix."""
    return pairs > DENSE_FROM * targets * sources and targets * sources > TILE


def _stacked(parts: Iterable[Ints], width: int) -> Ints:
    return np.concatenate([np.zeros((0, width), dtype=np.int64), *parts])


def _joined(parts: Iterable[Any], dtype: Any = float) -> Any:
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])
