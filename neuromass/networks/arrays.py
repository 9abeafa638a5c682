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

from neuromass.kernels.control import Control
from neuromass.kernels.kinds import FEW_LANES, ROW, Circuit, Kind
from neuromass.kernels.text import TILE, Recipe
from neuromass.networks.connectivity import Pairs
from neuromass.networks.coupling import Floats, Ints, Links, Matrices, Strips, joined, stacked
from neuromass.networks.delays import Delays, Lag, is_dense
from neuromass.populations.core import Core, Drive
from neuromass.recordings.samples import Track

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

    def joins_lanes_to_themselves(self, which: Any) -> bool:
        """Whether some lane of `which` (an array over lanes, or one value) reaches itself."""
        lanes = self.pairs.targets[self.pairs.targets == self.pairs.sources]
        return bool(np.any(np.broadcast_to(np.ravel(which), max(1, np.size(which)))) and len(lanes))

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
        self.segments = self._segments()
        self.mixes, self.factors = self._mixes()

    def adopt(self) -> None:
        """Let the members look into the arrays of the group."""
        for name, node in self.nodes.items():
            part = slice(self.first[name], self.first[name] + node.lanes)
            node.move_to(self.state[:, part], self.constants[:, part], self.coefficients[:, part])

    def _segments(self) -> Ints:
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
        return np.array(rows, dtype=np.int64).reshape(-1, 6)

    def _mixes(self) -> tuple[Ints, Floats]:
        """Which lanes have correlated normals, and the factors that make them so."""
        rows, factors, place = [], [], 0
        for name, node in self.nodes.items():
            for number, source in enumerate(node.sources):
                if source.factor is not None:
                    rows.append((number, self.first[name], node.lanes, place))
                    factors.append(np.ravel(source.factor.T))
                    place += factors[-1].size
        return np.array(rows, dtype=np.int64).reshape(-1, 4), joined(factors)

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
        lanes = first + np.arange(self.nodes[node].lanes)
        return base + lanes // TILE * step + lanes % TILE


class Assembly:
    """The arrays of a network, and its compiled loop.

    Parameters
    ----------
    nodes : mapping of Core
        Members and stages of synapses, by name.
    routes : sequence of Route
        The connections.
    method : str
        ``"euler"`` or ``"heun"``.
    held : bool
        Whether the coupling is held over a step.
    """

    def __init__(
        self, nodes: Mapping[str, Core], routes: Sequence[Route], method: str, held: bool
    ) -> None:
        self._nodes = dict(nodes)
        self.groups = self._grouped(method)
        self._home = {name: group for group in self.groups for name in group.nodes}
        self.circuit = Circuit(tuple(group.kind for group in self.groups), method, held)
        self.few = all(group.lanes <= FEW_LANES for group in self.groups)
        self._size = sum(group.size for group in self.groups)
        self._row_of: dict[tuple[str, str], int] = {}
        self._slot_of: dict[tuple[str, str], int] = {}
        self._slots: Ints = np.zeros(0, dtype=np.int64)
        self._wire(routes)
        for group in self.groups:
            group.adopt()
        self._function: Any = None
        self._reached = -1

    def _grouped(self, method: str) -> list[_Group]:
        members: dict[Any, dict[str, Core]] = {}
        for name, node in self._nodes.items():
            members.setdefault(node.recipe(), {})[name] = node
        groups, start = [], 0
        for recipe in sorted(members, key=_in_order):
            groups.append(_Group(Kind(recipe), members[recipe], start))
            start += groups[-1].size
        return groups

    # ------------------------------------------------------------------ wiring

    def _sent(self, node: str, variable: str) -> tuple[str, str]:
        """Rows that hold a node's value at the first and at the second stage."""
        if variable in self._nodes[node].model.states:
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
        links, strips, matrices = Links(), Strips(), Matrices()
        gates: list[Ints] = []
        lags: list[Lag] = []
        instant: list[tuple[Route, NDArray[np.bool_]]] = []
        for route in routes:
            for source, variable, target, name in route.links():
                to = self._input_places(target, name)
                links.add_lanes(to, *self._sender_places(source, variable))
            if route.gates:
                gates.append(self._gates(route))
            now = route.steps == 0
            if np.any(now):
                instant.append((route, now))
            if not np.all(now):
                lags.append(self._lag(route, ~now))
        # Lane to lane comes last in both forms, so that a lane among many is a lone one, bitwise.
        for route, now in sorted(instant, key=lambda pair: pair[0].pairs.aligned):
            self._wire_now(route, now, links, strips, matrices)
        arriving = self._wire_delays(lags, links)
        largest = max([each.lanes for each in self.groups if each.factors.size], default=0)
        spare = np.zeros(max(largest, matrices.targets, len(self._slots)))
        self._has_gates = bool(gates)
        self._has_strips, self._has_matrices = bool(strips), bool(matrices)
        self._coupling = [
            self._sends, *self._arrays_of(links), stacked(gates, 4),
            *strips.arrays(), *matrices.arrays(), spare,
        ]  # fmt: skip
        self._arriving = arriving

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
        links: Links,
        strips: Strips,
        matrices: Matrices,
    ) -> None:
        """A connection, as far as it is not delayed."""
        to = self._input_places(route.target, route.input)
        places, shift = self._sender_places(*route.sender)
        targets, sources = route.pairs.targets[now], route.pairs.sources[now]
        weights = route.weights[now]
        if self.few or not (route.pairs.aligned or is_dense(len(targets), len(to), len(places))):
            links.add_pairs(to, places, shift, targets, sources, weights)
        elif route.pairs.aligned:
            spread = np.zeros(len(to))
            spread[targets] = weights
            strips.add(to, places, shift, spread)
        else:
            matrix = np.zeros((len(places), len(to)))
            matrix[sources, targets] = weights
            home, (node, variable) = self._home[route.target], route.sender
            span = home.span(route.target, f"x_{route.input}")
            sender = self._home[node].span(node, self._sent(node, variable)[0])
            matrices.add(matrix, span, sender, shift)

    def _arrays_of(self, links: Links) -> list[Any]:
        """The links; a network of few lanes has one for each lane of each input."""
        if not self.few:
            return links.arrays()
        inputs = [
            group.start + group.rows[f"x_{each}"] * ROW + np.arange(group.lanes)
            for group in self.groups
            for each in group.kind.recipe.equations.inputs
        ]
        return links.arrays_of(joined(inputs, np.int64))

    # ------------------------------------------------------------------ delays

    def _lag(self, route: Route, late: NDArray[np.bool_]) -> Lag:
        """A connection, as far as it is delayed."""
        whole = Lag(
            self._slot(route.target, route.input), self._history_row(route.sender),
            self._nodes[route.target].lanes, self._nodes[route.sender[0]].lanes,
            route.pairs.aligned, route.pairs.targets, route.pairs.sources,
            route.weights, route.steps, route.fractions,
        )  # fmt: skip
        return whole.part(late)

    def _slot(self, node: str, name: str) -> int:
        """The number of an input's first lane among all that delayed coupling reaches."""
        if (node, name) not in self._slot_of:
            self._slot_of[node, name] = len(self._slots)
            self._slots = np.append(self._slots, self._input_places(node, name))
        return self._slot_of[node, name]

    def _history_row(self, sender: tuple[str, str]) -> int:
        """Row of the history of a node's first lane, new or known."""
        if sender not in self._row_of:
            self._row_of[sender] = sum(self._nodes[node].lanes for node, _ in self._row_of)
        return self._row_of[sender]

    def _wire_delays(self, lags: list[Lag], links: Links) -> list[Any]:
        """What the loop takes of delayed coupling."""
        places = [self._sender_places(*sender)[0] for sender in self._row_of]
        sent = joined(places, np.int64)
        delays = Delays(lags, len(self._slots), len(sent))
        slots = self._slots
        if self.few:  # what arrives lies behind all else, and links go on from there
            slots = self._size + np.arange(len(slots))
            lanes = np.arange(len(slots))
            links.add_pairs(self._slots, slots, 0, lanes, lanes, np.ones(len(slots)))
        self.delays = delays
        self.history = np.zeros((len(sent), delays.columns))
        now = np.arange(len(sent)) * delays.columns + delays.keep - 1
        traced = np.stack([sent, now], axis=1).astype(np.uint64)
        arrivals, *wiring = delays.arrays
        return [
            self.history.reshape(-1), traced, delays.tiers, arrivals, slots.astype(np.uint64),
            *wiring,
        ]  # fmt: skip

    # --------------------------------------------------------------- histories

    def traced_values(self) -> dict[tuple[str, str], slice]:
        """Node and value -> rows of the history."""
        return {
            sender: slice(row, row + self._nodes[sender[0]].lanes)
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
        group.outside[row, first : first + self._nodes[node].lanes] = value

    def laid_out(self, drives: Sequence[Drive]) -> tuple[Floats, Ints]:
        """Numbers and layout of the inputs that change from step to step; the others are set."""
        parts, layout, start = [np.zeros(0)], [], 0
        for each in drives:
            if not each.varies:
                self.set_outside(each.node, each.name, each.values)
                continue
            lanes = self._nodes[each.node].lanes
            span = self.input_span(each.node, each.name)
            layout.append((start, each.lanes, int(each.lanes > 1), lanes, *span))
            parts.append(each.values.reshape(-1))
            start += each.values.size
        return np.concatenate(parts), np.array(layout, dtype=np.int64).reshape(-1, 8)

    def items(self, tracks: Sequence[Track]) -> Ints:
        """For each recorded number its place, where its samples begin, and their distance."""
        parts = [np.zeros((0, 3), dtype=np.int64)]
        for track in tracks:
            places = self.channel_places(track.node, track.name)
            begins = track.begin + np.arange(track.lanes)
            parts.append(np.stack([places, begins, np.full(track.lanes, track.lanes)], axis=1))
        return np.concatenate(parts)

    def channel_places(self, node: str, name: str) -> Ints:
        """Places of what is recorded under a name, one for each lane."""
        model = self._nodes[node].model
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
        control: Control,
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

            flat = _aligned(-(-(self._size + len(self._slots)) // ROW) * ROW)
            self._parts = [addresses(self._unused()), flat.reshape(-1, ROW), flat]
            self._parts += [part for group in self.groups for part in group.arrays]
            self._function = loop(self.circuit)
        if control.clock != self._reached:  # the last steps failed, and were not taken
            self.delays.forget()
        self._reached = control.clock + control.steps
        control.one_by_one = self.few
        return int(
            self._function(
                *self._parts, control.words, dt, *self._coupling, drive, layout, *self._arriving,
                items, samples, sums,
            )
        )  # fmt: skip

    def _unused(self) -> set[str]:
        """What the loop never calls for this wiring."""
        used = {
            "fill_segments": any(each.kind.recipe.sources for each in self.groups),
            "mix_lanes": any(len(each.mixes) for each in self.groups),
            "pass_gates": self._has_gates,
            "add_links": not self.few,
            "add_strips": self._has_strips,
            "multiply_matrices": self._has_matrices,
            **dict.fromkeys(("remember", "arrive", "deliver"), bool(self.history.size)),
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
