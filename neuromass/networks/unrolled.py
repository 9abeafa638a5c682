"""The arrays of a small network, whose loop is made for its wiring: `kernels.networks.unrolled`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import Factor
from neuromass.kernels.control import Control
from neuromass.kernels.networks import unrolled
from neuromass.kernels.networks.circuit import VECTOR, Circuit, Sender, Value, Wiring
from neuromass.kernels.networks.tables import ITEM
from neuromass.networks.arrays import Arrays
from neuromass.networks.coupling import Floats, Ints, joined
from neuromass.networks.delays import is_dense
from neuromass.networks.groups import Group
from neuromass.networks.routes import PASSED, Route, Sent
from neuromass.populations.core import Core, Drive

MOST_LANES: Final = 12
"""Lanes of all members and stages of synapses, up to which a loop is made for the wiring."""

MOST_PAIRS: Final = 64
"""Connected pairs of lanes, likewise."""


def is_small(nodes: Mapping[str, Core], groups: Sequence[Group], routes: Iterable[Route]) -> bool:
    """Whether a network is worth a loop of its own; correlated noise and matrices have none."""
    lanes = sum(group.lanes for group in groups)
    pairs = sum(len(route.weights) for route in routes)
    correlated = any(len(group.mixes) for group in groups)
    dense = any(
        is_dense(len(each.weights), nodes[each.target].lanes, nodes[each.source].lanes)
        for each in routes
    )
    return lanes <= MOST_LANES and pairs <= MOST_PAIRS and not correlated and not dense


class UnrolledArrays(Arrays):
    """The arrays of a small network; see `Arrays`.

    Attributes
    ----------
    wiring : Wiring
        What the loop is made for.
    values : ndarray
        States, parameters and strengths, as the loop has them.
    held : ndarray
        Inputs that stay the same, one for each input of each lane.
    """

    def __init__(
        self,
        nodes: Mapping[str, Core],
        groups: list[Group],
        routes: Mapping[str, Route],
        circuit: Circuit,
        traced: Sequence[Sent] = (),
    ) -> None:
        self._sums: dict[Value, list[tuple[Sender, list[float]]]] = {}
        self._gates: list[tuple[Value, Sender, Value]] = []
        super().__init__(nodes, groups, routes, circuit, traced)
        late = self._late_values()
        sent = [each.first for key in self._row_of for each in self._senders(*key)]
        self._weights = [each for senders in self._sums.values() for _, each in senders]
        self.wiring = Wiring(
            tuple(group.lanes for group in groups),
            tuple(self._sends),
            tuple((to, tuple(each for each, _ in terms)) for to, terms in self._sums.items()),
            tuple(self._gates),
            tuple(sent),
            tuple((to, tuple(len(group) for group in found)) for to, found in late),
        )
        self._late = pairs = [e for _, found in late for group in found for e in group]
        shown = unrolled.recordable(circuit, self.wiring)
        self._room = {each: place for place, each in enumerate(shown)}
        kept = [part for g in groups for part in (g.state, g.constants, g.coefficients)]
        self.values = np.concatenate(
            [*map(np.ravel, kept), np.zeros(len(self._weights) + len(pairs) + len(shown))]
        )
        self._first_weight = sum(part.size for part in kept)
        self._put_weights()
        self._numbers = joined([[0], *self._streams(), *self._offsets(pairs)], np.int64)
        self._normals = np.zeros((self._count_of_sources(), 64))
        self._share_values()
        self.held, self._feeds = self._held_inputs()
        self._function: Any = None

    def _share_values(self) -> None:
        """Let the groups, and with them the members, look into the values of the loop."""
        place = 0
        for group in self.groups:
            for name in ("state", "constants", "coefficients"):
                shape = getattr(group, name).shape
                size = shape[0] * shape[1]
                setattr(group, name, self.values[place : place + size].reshape(shape))
                place += size
            group.adopt()

    def _put_weights(self) -> None:
        """Lay the strengths into the values of the loop."""
        weights = [each for (each,) in self._weights]
        weights += self.delays.pair_weights[self._late].tolist()
        self.values[self._first_weight : self._first_weight + len(weights)] = weights

    def set_weights(self, connection: str, route: Route) -> bool:
        """Give a connection other strengths, if all else of it is as it was; whether it is."""
        done = super().set_weights(connection, route)
        self._put_weights()
        return done

    # ------------------------------------------------------------------ wiring

    def _values_of(self, node: str, row: str) -> list[Value]:
        """A value of all lanes of a node."""
        home = self._home[node]
        kind, first = self.groups.index(home), home.first[node]
        return [Value(row, kind, first + lane) for lane in range(self.nodes[node].lanes)]

    def _senders(self, node: str, variable: str | Factor) -> list[Sender]:
        """What the lanes of a node send."""
        rows = (self._values_of(node, row) for row in self._sent(node, variable))
        return [Sender(*each) for each in zip(*rows, strict=True)]

    def _join_lanes(self, sender: Sent, target: tuple[str, str]) -> None:
        to = self._values_of(target[0], f"x_{target[1]}")
        for each, sent in zip(to, self._senders(*sender), strict=True):
            self._sums.setdefault(each, []).append((sent, [1.0]))

    def _add_gate(self, route: Route) -> None:
        stage = route.stages[-1]
        sent = self._senders(route.source, route.variable)
        self._sent(stage, PASSED)  # whether it goes on or not, the gain is needed
        passed, gain = self._values_of(stage, PASSED), self._values_of(stage, "o_gain")
        self._gates += zip(passed, sent, gain, strict=True)

    def _add_now(self, route: Route, now: NDArray[np.bool_]) -> Callable[[Floats], None]:
        to = self._values_of(route.target, f"x_{route.input}")
        sent = self._senders(*route.sender)
        cells = [[weight] for weight in route.weights[now].tolist()]
        pairs = route.pairs.targets[now], route.pairs.sources[now], cells
        for target, source, cell in zip(*pairs, strict=True):
            self._sums.setdefault(to[target], []).append((sent[source], cell))

        def set_weights(weights: Floats) -> None:
            for cell, weight in zip(cells, weights.tolist(), strict=True):
                cell[0] = weight

        return set_weights

    def _late_values(self) -> list[tuple[Value, list[Ints]]]:
        """For each input that is reached with delay the numbers of its pairs, group by group."""
        made, found = self.delays, []
        slots = [each for key in self._slot_of for each in self._values_of(key[0], f"x_{key[1]}")]
        for slot, to in enumerate(slots):
            own = np.flatnonzero(made.pair_slots == slot)
            if len(own):
                spans = made.chunks[:, [0, -1]].tolist()
                found.append((to, [own[(own >= a) & (own < b)] for a, b in spans]))
        return found

    def _offsets(self, pairs: Sequence[int]) -> list[Any]:
        """How far delayed values lie before the present in the histories, and where that is."""
        made = self.delays
        now = np.arange(len(self.history)) * made.columns + made.keep - VECTOR
        return [made.pair_offsets[pairs], now]

    def _streams(self) -> list[Any]:
        """Under which numbers the lanes with noise draw."""
        found = []
        for group in self.groups:
            for node in group.nodes.values() if group.kind.recipe.sources else ():
                keys = node.control.key0, node.control.key1
                found += [np.array([node.lane + i, *keys]) for i in range(node.lanes)]
        return found

    def _count_of_sources(self) -> int:
        return sum(group.lanes * len(group.kind.recipe.sources) for group in self.groups)

    # ------------------------------------------------------------------ inputs

    def _held_inputs(self) -> tuple[Floats, Ints]:
        """Room for inputs that stay the same, one for each input of each lane, and its layout."""
        inputs = unrolled.inputs_of(self.circuit, self.wiring)
        self._place_of = {each: place for place, each in enumerate(inputs)}
        feeds = np.stack([np.arange(len(inputs)), np.zeros(len(inputs), dtype=np.int64)], axis=1)
        return np.zeros(len(inputs)), feeds

    def input_places(self, node: str, name: str) -> slice:
        """Where the inputs of the lanes of a node stand, among those that stay the same."""
        places = [self._place_of[each] for each in self._values_of(node, f"x_{name}")]
        step = len(self._home[node].kind.recipe.equations.inputs)
        return slice(places[0], places[-1] + 1, step)

    def laid_out(self, drives: Sequence[Drive]) -> tuple[Floats, Any]:
        """Numbers and layout of all inputs."""
        parts, feeds, start = [self.held], self._feeds, len(self.held)
        for each in drives:
            where = self.input_places(each.node, each.name)
            if not each.varies:
                self.held[where] = each.values
                continue
            feeds = feeds.copy() if feeds is self._feeds else feeds
            feeds[where, 0] = start + (np.arange(each.lanes) if each.lanes > 1 else 0)
            feeds[where, 1] = each.lanes
            parts.append(each.values.reshape(-1))
            start += each.values.size
        return (np.concatenate(parts) if len(parts) > 1 else self.held), feeds

    def channel_places(self, node: str, name: str) -> Ints:
        """Places of what is recorded under a name, one for each lane."""
        model = self.nodes[node].model
        letter = "s" if name in model.states else "u" if name in model.inputs else "o"
        return np.array([self._room[each] for each in self._values_of(node, f"{letter}_{name}")])

    # -------------------------------------------------------------------- loop

    def _call(
        self,
        control: Control,
        dt: float,
        inputs: tuple[Floats, Any],
        recording: tuple[Any, ...],
        threads: int | None,
    ) -> int:
        function, given = self._loop()
        return int(function(*given, control.words, *inputs, *recording))

    def single_step(self, control: Control) -> tuple[Any, tuple[Any, ...]]:
        """The loop, and what it is given for steps with the inputs that are `held`."""
        function, given = self._loop()
        nothing = np.zeros(0, dtype=ITEM), np.zeros(0), np.zeros(0)
        return function, (*given, control.words, self.held, self._feeds, *nothing)

    def state_place(self, node: str, state: str) -> int:
        """Place in `values` of a state of a node that is a single lane."""
        (value,) = self._values_of(node, f"s_{state}")
        return unrolled.kept_values(self.circuit, self.wiring.lanes).index(value)

    def _loop(self) -> tuple[Any, tuple[Any, ...]]:
        if self._function is None:
            from neuromass.kernels.networks import loops  # noqa: PLC0415

            if len(self._normals):
                self._numbers[0] = loops.address_of_normals()
            self._given = self.values, self._numbers, self.history.reshape(-1), self._normals
            self._function = loops.unrolled_loop(self.circuit, self.wiring)
        return self._function, self._given
