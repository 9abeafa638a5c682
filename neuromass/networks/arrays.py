"""From members and connections to the arrays that a compiled loop of a network runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import Factor
from neuromass.kernels.control import Control
from neuromass.kernels.networks.circuit import Circuit
from neuromass.kernels.networks.tables import ITEM, columns
from neuromass.networks.coupling import Floats, Ints
from neuromass.networks.delays import KEPT_PAIRS, Delays, Lag
from neuromass.networks.groups import Group
from neuromass.networks.routes import PASSED, Route, Sent
from neuromass.populations.core import Core, Drive
from neuromass.recordings.samples import Track


class Arrays(ABC):
    """The arrays of a network, and its compiled loop.

    Parameters
    ----------
    nodes : mapping of Core
        Members and stages of synapses, by name.
    groups : list of Group
        The same, those of a kind side by side.
    routes : mapping of Route
        The connections by name.
    circuit : Circuit
        What the loop is made for.
    traced : sequence of Sent
        What else is written into the history than what delayed connections carry.

    Attributes
    ----------
    delays : Delays
        All delayed coupling.
    history : ndarray
        What delayed connections carry, and what is traced, a row for each lane that sends.
    together : Together or None
        How steps are taken together with networks of neurons, if some are members.
    """

    together: Any = None

    def __init__(
        self,
        nodes: Mapping[str, Core],
        groups: list[Group],
        routes: Mapping[str, Route],
        circuit: Circuit,
        traced: Sequence[Sent],
    ) -> None:
        self.nodes = dict(nodes)
        self.groups = groups
        self.circuit = circuit
        self._home = {name: group for group in groups for name in group.nodes}
        self._sends = [False] * len(groups)
        self._row_of: dict[Sent, int] = {}
        self._slot_of: dict[tuple[str, str], int] = {}
        self._routes = {n: each for n, each in routes.items() if len(each.weights) <= KEPT_PAIRS}
        self._setters: dict[str, Callable[[Floats], None]] = {}
        self._number_of: dict[str, int] = {}
        lags = self._wire(routes)
        for sender in traced:
            self._first(self._row_of, sender)
        self.delays = Delays(lags, self._lanes_of(self._slot_of), self._lanes_of(self._row_of))
        self.history: Floats = np.zeros((self._lanes_of(self._row_of), self.delays.columns))
        self._reached = -1

    # ------------------------------------------------------------------ wiring

    def _wire(self, routes: Mapping[str, Route]) -> list[Lag]:
        """Write down all connections; returns those that are delayed."""
        instant: list[tuple[str, Route, NDArray[np.bool_]]] = []
        lags: list[Lag] = []
        for connection, route in routes.items():
            for source, variable, target, name in route.links():
                self._join_lanes((source, variable), (target, name))
            if route.gates:
                self._add_gate(route)
            now = route.steps == 0
            if np.any(now):
                instant.append((connection, route, now))
            if not np.all(now):
                self._number_of[connection] = len(lags)
                lags.append(self._lag(route, ~now))
        # Lane to lane comes last in both forms, so that a lane among many is a lone one, bitwise.
        for connection, route, now in sorted(instant, key=lambda each: each[1].pairs.aligned):
            self._setters[connection] = self._add_now(route, now)
        return lags

    @abstractmethod
    def _join_lanes(self, sender: Sent, target: tuple[str, str]) -> None:
        """Connect each lane of a node's value with that of an input, as it is."""

    @abstractmethod
    def _add_gate(self, route: Route) -> None:
        """A gate on the way of a connection."""

    @abstractmethod
    def _add_now(self, route: Route, now: NDArray[np.bool_]) -> Callable[[Floats], None]:
        """A connection, as far as it is not delayed; returns what changes its strengths later."""

    def _sent(self, node: str, variable: str | Factor) -> tuple[str, str]:
        """Rows that hold what a node sends, at the first and at the second stage."""
        if isinstance(variable, Factor):
            variable = self.nodes[node].ports.outputs[variable]
        if variable in self.nodes[node].model.states:
            return f"s_{variable}", f"y_{variable}"
        self._sends[self.groups.index(self._home[node])] = True
        row = variable if variable == PASSED else f"o_{variable}"
        return row, row

    def _lag(self, route: Route, late: NDArray[np.bool_]) -> Lag:
        """A connection, as far as it is delayed."""
        whole = Lag(
            self._first(self._slot_of, (route.target, route.input)),
            self._first(self._row_of, route.sender),
            self.nodes[route.target].lanes, self.nodes[route.sender[0]].lanes,
            route.pairs.aligned, route.pairs.targets, route.pairs.sources,
            route.weights, route.steps, route.fractions,
        )  # fmt: skip
        return whole.part(late)

    def _first(self, known: dict[Any, int], key: Any) -> int:
        """Number of a node's first lane among those that are known; the node may be new."""
        if key not in known:
            known[key] = self._lanes_of(known)
        return known[key]

    def _lanes_of(self, known: Mapping[Any, int]) -> int:
        return sum(self.nodes[node].lanes for node, _ in known)

    def keeps(self, connection: str) -> bool:
        """Whether strengths of a connection, or of a part of it, can be changed."""
        return connection in self._routes or f"{connection}/0" in self._routes

    def set_weights(self, connection: str, route: Route) -> bool:
        """Give a connection other strengths, if all else of it is as it was; whether it is."""
        before = self._routes.get(connection)
        if before is None or not before.joins_the_same_pairs_as(route):
            return False
        now = route.steps == 0
        if connection in self._setters:
            self._setters[connection](route.weights[now])
        if connection in self._number_of:
            self.delays.set_weights(self._number_of[connection], route.weights[~now])
        return True

    # --------------------------------------------------------------- histories

    def traced_values(self) -> dict[Sent, slice]:
        """Node and value -> rows of the history."""
        return {
            sender: slice(row, row + self.nodes[sender[0]].lanes)
            for sender, row in self._row_of.items()
        }

    # ------------------------------------------------------- inputs and recording

    @abstractmethod
    def laid_out(self, drives: Sequence[Drive]) -> tuple[Floats, Any]:
        """Numbers and layout of the inputs of some steps."""

    @abstractmethod
    def channel_places(self, node: str, name: str) -> Ints:
        """Places of what is recorded under a name, one for each lane."""

    def find(self, group: int, lane: int) -> tuple[str, int]:
        """The node that has a lane of a group, and its own number of the lane."""
        first = self.groups[group].first
        name = max((n for n in first if first[n] <= lane), key=lambda n: first[n])
        return name, lane - first[name]

    def items(self, tracks: Sequence[Track]) -> Any:
        """For each recorded number its place, where its samples begin, and their distance."""
        parts = [np.zeros(0, dtype=ITEM)]
        for track in tracks:
            places = self.channel_places(track.node, track.name)
            begins = track.begin + np.arange(track.lanes)
            parts.append(columns(ITEM, place=places, begin=begins, apart=track.lanes))
        return np.concatenate(parts)

    # -------------------------------------------------------------------- loop

    def loop(
        self,
        control: Control,
        dt: float,
        inputs: tuple[Floats, Any],
        recording: tuple[Any, ...],
        threads: int | None = None,
    ) -> int:
        """Take the steps that the control record asks for.

        Parameters
        ----------
        control : Control
            The record.
        dt : float
            The step in ms.
        inputs : tuple
            As from `laid_out`.
        recording : tuple
            Items as from `items`, samples and sums.
        threads : int or None
            How many threads may share the work; None stands for all cores.

        Returns
        -------
        int
            ``FINE``, or what went wrong.
        """
        if control.clock != self._reached:  # the last steps failed, and were not taken
            self.delays.forget()
        self._reached = control.clock + control.steps
        return self._call(control, dt, inputs, recording, threads)

    @abstractmethod
    def _call(
        self,
        control: Control,
        dt: float,
        inputs: tuple[Floats, Any],
        recording: tuple[Any, ...],
        threads: int | None,
    ) -> int:
        """Call the compiled loop."""
