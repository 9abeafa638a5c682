"""The arrays of a network whose lanes lie in tiles; its wiring is data.

Every value has a place in one flat array (see `kernels.networks.circuit`); here the places are
worked out, and what connects them is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import Factor
from neuromass.kernels.control import CALLED_OFF, Control
from neuromass.kernels.networks.circuit import CHUNK, ROW, Circuit
from neuromass.kernels.networks.tables import FEED, GATE, columns, table
from neuromass.networks.arrays import Arrays
from neuromass.networks.coupling import Floats, Ints, Links, Matrices, Strips, joined
from neuromass.networks.delays import is_dense
from neuromass.networks.groups import Group
from neuromass.networks.routes import PASSED, Route, Sent
from neuromass.populations.core import Core, Drive
from neuromass.threads import cores_at_hand, divided, run_together

WORTH_THREADS: Final = 1 << 22
"""Products in a call of the loop from which on threads share them; some 0.5 ms."""


class TiledArrays(Arrays):
    """The arrays of a network of many lanes; see `Arrays`."""

    def __init__(
        self,
        nodes: Mapping[str, Core],
        groups: list[Group],
        routes: Mapping[str, Route],
        circuit: Circuit,
        traced: Sequence[Sent] = (),
    ) -> None:
        self._links, self._strips, self._matrices = Links(), Strips(), Matrices()
        self._gates: list[Any] = [np.zeros(0, dtype=GATE)]
        super().__init__(nodes, groups, routes, circuit, traced)
        links, self._senders, self._link_weights = self._links.arrays()
        strips, self._strip_weights = self._strips.arrays()
        matrices, self._matrix_weights = self._matrices.arrays()
        self._tables = links, strips, matrices
        for group in groups:
            group.adopt()
        self._function: Any = None

    # ------------------------------------------------------------------ wiring

    def _sender_places(self, node: str, variable: str | Factor) -> tuple[Ints, int]:
        """Places of what a node sends at the first stage, and from there to the second."""
        home = self._home[node]
        first, second = self._sent(node, variable)
        return home.places(node, first), (home.rows[second] - home.rows[first]) * ROW

    def _input_places(self, node: str, name: str) -> Ints:
        return self._home[node].places(node, f"x_{name}")

    def _join_lanes(self, sender: Sent, target: tuple[str, str]) -> None:
        self._links.add_lanes(self._input_places(*target), *self._sender_places(*sender))

    def _add_gate(self, route: Route) -> None:
        stage = route.stages[-1]
        home = self._home[stage]
        sent, shift = self._sender_places(route.source, route.variable)
        passed, gain = home.places(stage, PASSED), home.places(stage, "o_gain")
        self._gates.append(columns(GATE, passed=passed, first=sent, second=sent + shift, gain=gain))

    def _add_now(self, route: Route, now: NDArray[np.bool_]) -> Callable[[Floats], None]:
        to = self._input_places(route.target, route.input)
        places, shift = self._sender_places(*route.sender)
        targets, sources = route.pairs.targets[now], route.pairs.sources[now]
        weights = route.weights[now]
        if route.pairs.aligned:
            spread = np.zeros(len(to))
            spread[targets] = weights
            first = self._strips.add(to, places, shift, spread)
            return lambda weights: put(self._strip_weights, first + targets, weights)
        if is_dense(len(targets), len(to), len(places)):
            matrix = np.zeros((len(places), len(to)))
            matrix[sources, targets] = weights
            home, (node, variable) = self._home[route.target], route.sender
            span = home.span(route.target, f"x_{route.input}")
            sender = self._home[node].span(node, self._sent(node, variable)[0])
            first = self._matrices.add(matrix, span, sender, shift)
            where = first + sources * len(to) + targets
            return lambda weights: put(self._matrix_weights, where, weights)
        first = self._links.add_pairs(to, places, shift, targets, sources, weights)
        return lambda weights: put(self._link_weights, slice(first, first + len(weights)), weights)

    # ------------------------------------------------------------------ inputs

    def laid_out(self, drives: Sequence[Drive]) -> tuple[Floats, Any]:
        """Numbers and layout of the inputs that change from step to step; the others are set."""
        parts, rows, start = [np.zeros(0)], [], 0
        for each in drives:
            if not each.varies:
                self._set_outside(each.node, each.name, each.values)
                continue
            lanes, group = self.nodes[each.node].lanes, self._home[each.node]
            to_sum = (group.rows[f"x_{each.name}"] - group.rows[f"given_{each.name}"]) * ROW
            span = group.span(each.node, f"given_{each.name}")
            rows.append((start, each.lanes, int(each.lanes > 1), lanes, *span, to_sum))
            parts.append(each.values.reshape(-1))
            start += each.values.size
        return np.concatenate(parts), table(rows, FEED)

    def _set_outside(self, node: str, name: str, value: Any) -> None:
        """Set an external input that stays the same."""
        group = self._home[node]
        row = list(group.kind.recipe.equations.inputs).index(name)
        first = group.first[node]
        group.outside[row, first : first + self.nodes[node].lanes] = value

    def channel_places(self, node: str, name: str) -> Ints:
        """Places of what is recorded under a name, one for each lane."""
        model = self.nodes[node].model
        letter = "s" if name in model.states else "u" if name in model.inputs else "o"
        return self._home[node].places(node, f"{letter}_{name}")

    def input_place(self, node: str, name: str) -> tuple[int, int]:
        """Places of an input in the last step, and of what was given of it from outside."""
        home = self._home[node]
        return int(home.places(node, f"u_{name}")[0]), int(home.places(node, f"given_{name}")[0])

    # -------------------------------------------------------------------- loop

    def _call(
        self,
        control: Control,
        dt: float,
        inputs: tuple[Floats, Any],
        recording: tuple[Any, ...],
        threads: int | None,
    ) -> int:
        if self._function is None:
            from neuromass.kernels.networks.loops import tiled_loop  # noqa: PLC0415

            self._function = tiled_loop(self.circuit)
        groups, coupling, delays = self._parts
        mine, *others = self._shares(control.steps, threads)
        # one for each call: a thread of an interrupted one may still be about to end
        sync = np.array([0, 1 + len(others), 0, 0, 0], dtype=np.int64)
        codes = []

        def run() -> None:
            given = *groups, control.words, dt, *coupling, *inputs, sync, mine[1], *delays
            codes.append(int(self._function(*given, *recording)))

        def call_off() -> None:
            sync[0] = CALLED_OFF

        run_together([run, *(self._along(sync, *each) for each in others)], call_off)
        return codes[0]

    def _shares(self, steps: int, threads: int | None) -> list[tuple[int, int]]:
        """The slots of each thread, as far as more than one is worth while."""
        slots = self._lanes_of(self._slot_of)
        if steps * self.delays.products < WORTH_THREADS:
            return [(0, slots)]
        from neuromass.kernels.compiler import JIT_IS_OFF  # noqa: PLC0415

        at_most = 1 if JIT_IS_OFF else threads or cores_at_hand()
        return divided(slots, at_most, CHUNK)

    def _along(self, sync: Ints, low: int, high: int) -> Callable[[], Any]:
        """What a thread does for some of the slots."""
        from neuromass.kernels.networks.delayed import ALONG  # noqa: PLC0415

        history, _, groups, arrivals, _, *coupling = self._parts[2]
        given = low, high, sync, arrivals, groups, *coupling, history, self._scratch
        return partial(ALONG.function, *given)

    @cached_property
    def flat(self) -> Floats:
        """All values of the network."""
        return _aligned(sum(each.size for each in self.groups))

    @cached_property
    def _parts(self) -> tuple[list[Any], list[Any], list[Any]]:
        """Arguments of the loop that stay the same: see `kernels.networks.tiled`."""
        from neuromass.kernels.networks.loops import addresses  # noqa: PLC0415

        flat = self.flat
        groups = [addresses(self._used()), flat.reshape(-1, ROW), flat]
        for each in self.groups:
            groups += [each.state, each.constants, each.coefficients, each.outside]
            groups += [each.streams, each.mixes, each.factors]
        sent = joined((self._sender_places(*each)[0] for each in self._row_of), np.int64)
        slots = joined((self._input_places(*each) for each in self._slot_of), np.int64)
        largest = max([each.lanes for each in self.groups if each.factors.size], default=0)
        self._scratch = np.zeros(max(largest, self._matrices.targets, len(slots)))
        links, strips, matrices = self._tables
        coupling = [
            np.array(self._sends, dtype=np.int64), links, self._senders, self._link_weights,
            np.concatenate(self._gates), strips, self._strip_weights, matrices,
            self._matrix_weights, self._scratch,
        ]  # fmt: skip
        made = self.delays
        now = np.arange(len(sent)) * made.columns + made.keep - 1
        delays = [
            self.history.reshape(-1), np.stack([sent, now], axis=1).astype(np.uint64), made.groups,
            made.arrivals, slots.astype(np.uint64), made.blocks, made.weights, made.offsets,
            made.chunks, made.pair_slots, made.pair_offsets, made.pair_weights,
        ]  # fmt: skip
        return groups, coupling, delays

    def _used(self) -> set[str]:
        """What the loop calls for this wiring."""
        used = {
            "fill_tiles": True,
            "empty_tiles": True,
            "lay_outside": True,
            "fill_streams": any(each.kind.recipe.sources for each in self.groups),
            "mix_lanes": any(len(each.mixes) for each in self.groups),
            "pass_gates": len(self._gates) > 1,
            "add_links": bool(self._links),
            "add_strips": bool(self._strips),
            "multiply_matrices": bool(self._matrices),
            **dict.fromkeys(("remember", "arrive", "deliver"), bool(self.history.size)),
        }
        return {name for name, needed in used.items() if needed}


def put(to: Floats, where: Any, values: Floats) -> None:
    """Write numbers into an array."""
    to[where] = values


def _aligned(count: int) -> Floats:
    """Floats that begin with a line of the cache, so that no vector lies on two."""
    room = np.zeros(count + 8)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + count]
