"""What the steps of a network write on while they are recorded, and a run of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import suggestion
from neuromass.errors import SimulationError
from neuromass.kernels import text
from neuromass.networks import connectivity as wiring
from neuromass.networks.arrays import Assembly
from neuromass.networks.connection import Connection
from neuromass.networks.network import Network
from neuromass.populations.population import Population
from neuromass.recordings.recording import About, Parameters, Recording, Recordings
from neuromass.simulation import inputs as feeds
from neuromass.simulation.inputs import Feed, Window
from neuromass.simulation.tape import about_population, allocate
from neuromass.units import DIMENSIONLESS, MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Names = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Track:
    """A recorded trace: whose it is, and where its samples begin."""

    label: str
    name: str
    lanes: int
    begin: int


class NetworkTape:
    """What a network writes on: a trace for each name of each member.

    Parameters
    ----------
    network : Network
        Whose steps are taken and recorded.
    names : dict
        Member or connection -> what to record, see `names_to_record`.
    window : Window
        The steps for which there is room; more is made by `extend`.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means.
    """

    def __init__(
        self, network: Network, names: Names, window: Window, every: int, average: bool
    ) -> None:
        self._network = network
        self._names = names
        self._every = every
        self._average = average
        self._clock = window.clock
        self._lay_out(window.steps // every + (not average))
        self._samples = self._allocated()
        self._sums: Floats = np.zeros(sum(track.lanes for track in self._tracks))
        if not average:
            self._write_current(0)

    def _lay_out(self, room: int) -> None:
        self._listed_of: Assembly | None = None
        nodes = self._network._nodes()
        self._room = room
        self._tracks: list[_Track] = []
        begin = 0
        for label, names in self._names.items():
            for name in names:
                lanes = nodes[label]._lanes
                self._tracks.append(_Track(label, name, lanes, begin))
                begin += room * lanes
        self._size = begin

    def _allocated(self) -> Floats:
        return allocate((1, max(1, self._size), 1), self._every).reshape(-1)

    def _trace(self, track: _Track) -> Floats:
        """All samples of a trace, samples by lanes."""
        end = track.begin + self._room * track.lanes
        return self._samples[track.begin : end].reshape(self._room, track.lanes)

    def _items(self) -> Ints:
        """For each recorded number its place, where its samples begin, and their distance."""
        assembly = self._network._assembled()
        if self._listed_of is not assembly:
            self._listed, self._listed_of = self._list_items(assembly), assembly
        return self._listed

    def _list_items(self, assembly: Assembly) -> Ints:
        parts = [np.zeros((0, 3), dtype=np.int64)]
        for track in self._tracks:
            places = assembly.channel_places(track.label, track.name)
            begins = track.begin + np.arange(track.lanes)
            parts.append(np.stack([places, begins, np.full(track.lanes, track.lanes)], axis=1))
        return np.concatenate(parts)

    def _write_current(self, sample: int) -> None:
        """A sample of the states and outputs as they are; inputs have no value between steps."""
        for track in self._tracks:
            node = self._network._nodes()[track.label]
            value = np.nan if track.name in node._model.inputs else node._internal(track.name)
            self._trace(track)[sample] = np.ravel(value)

    @property
    def _steps(self) -> int:
        """Steps taken since the first sample; all else follows from the network's own clock."""
        return self._network._clock - self._clock

    @property
    def _count(self) -> int:
        """Whole samples so far."""
        return self._steps // self._every + (not self._average)

    def advance(self, count: int, drive: Floats, layout: Ints) -> int:
        """Take and record some steps, all or none."""
        plan = self._network._plan
        plan[text.PHASE] = self._steps % self._every
        plan[text.SAMPLE] = self._count
        return self._network._loop(
            count, drive, layout, self._items(), self._samples, self._sums, self._every,
            self._average,
        )  # fmt: skip

    def extend(self, count: int) -> None:
        """Make room for at least so many samples more."""
        used = self._count
        if used + count <= self._room:
            return
        kept = [self._trace(track)[:used].copy() for track in self._tracks]
        self._lay_out(max(2 * self._room, used + count))
        self._samples = self._allocated()
        for track, samples in zip(self._tracks, kept, strict=True):
            self._trace(track)[:used] = samples

    def recording(self) -> Recordings:
        """The samples so far, and the last step if it fell between two samples."""
        steps, count = self._steps, self._count
        clocks = self._clock + self._every * np.arange(count, dtype=float)
        if self._average:
            clocks += 0.5 * (self._every + 1)
        elif steps % self._every:
            self.extend(1)
            self._write_current(count)
            clocks = np.append(clocks, self._clock + steps)
        return self._as_recordings(clocks)

    def _as_recordings(self, clocks: Floats) -> Recordings:
        times = clocks * self._network._dt
        nodes = self._network._nodes()
        data: dict[str, dict[str, Floats]] = {label: {} for label in self._names}
        for track in self._tracks:
            samples = self._trace(track)[: len(times)]
            data[track.label][track.name] = samples.reshape(len(times), *nodes[track.label].shape)
        found = {}
        for label, traces in data.items():
            measures = {name: nodes[label]._model.measure(name) for name in traces}
            found[label] = Recording(times, traces, measures, self._about(label))
        return Recordings(found, self._connections())

    def _connections(self) -> dict[str, Parameters]:
        """What each connection was made with."""
        return {name: _given(each) for name, each in self._network.connections.items()}

    def _about(self, label: str) -> About:
        network = self._network
        if label in network.members:
            return about_population(network.members[label], self._every, self._average)
        connection = network.connections[label]
        model = type(connection.synapse).__name__
        return About(
            model, network.method, network._dt, self._every, self._average, _given(connection)
        )


def _given(connection: Connection) -> Parameters:
    """Strength, delay and parameters of the synapse of a connection.

    Of a sparse matrix they are the values and, under names of their own, the lanes of each.
    """
    wire = connection._wire
    synapse: Any = wire.synapse
    found: Parameters = {}
    for name, value, measure in (
        (wire.strength_name, wire.strength, wire.strength_measure),
        ("delay", wire.delay, MS),
    ):
        if not wiring.is_sparse(value):
            found[name] = np.asarray(value, dtype=float), measure
            continue
        table = value.tocoo()
        found[name] = table.data, measure
        found[f"{name}_targets"] = table.row.astype(float), DIMENSIONLESS
        found[f"{name}_sources"] = table.col.astype(float), DIMENSIONLESS
    for name, each in {} if synapse is None else synapse.declared().items():
        found[name] = np.asarray(synapse._values[name]), each.measure
    return found


class NetworkObserver(NetworkTape):
    """A tape that grows with every step that its network takes by hand."""

    def __init__(self, network: Network, names: Names, every: int) -> None:
        self._final: Recordings | None = None
        super().__init__(network, names, Window(network._clock, 0, network._dt), every, False)

    def take(self, drive: Floats, layout: Ints) -> int:
        """Take one step and record it."""
        self.extend(1)
        return self.advance(1, drive, layout)

    def recording(self) -> Recordings:
        """The samples so far, one every so many steps; copies, which later steps leave alone."""
        if self._final is not None:
            return self._final
        clocks = self._clock + self._every * np.arange(self._count, dtype=float)
        kept = self._samples
        self._samples = kept.copy()
        try:
            return self._as_recordings(clocks)
        finally:
            self._samples = kept

    def close(self) -> None:
        """Keep the recording as it is now, whatever the network does later."""
        self._final = self.recording()
        self._network._observer = None


class LiveRecordings(Recordings):
    """The recordings of a network that is still being stepped."""

    def __init__(self, tape: NetworkObserver) -> None:
        self._tape = tape

    @property
    def _members(self) -> dict[str, Recording]:  # type: ignore[override]
        return self._tape.recording()._members

    @property
    def _connections(self) -> dict[str, Parameters]:  # type: ignore[override]
        return self._tape.recording()._connections

    def __reduce__(self) -> Any:
        return Recordings, (self._members, self._connections)


def observe(network: Network, names: Any, every: int) -> NetworkObserver:
    """Let a network that is stepped by hand write on a tape."""
    network._check_free("record")
    network._observer = NetworkObserver(network, names_to_record(names, network), every)
    return network._observer


class NetworkJob:
    """A run of a network."""

    def __init__(
        self,
        network: Network,
        window: Window,
        inputs: Any,
        record: Any,
        every: int,
        average: bool,
    ) -> None:
        network._check_free("run")
        self.window = window
        self.every = every
        self.lanes = network._lanes
        self._network = network
        self._feeds = self._fed(inputs)
        self._tape = NetworkTape(network, names_to_record(record, network), window, every, average)
        self._known = range(0)
        self._rows: list[Floats] = []
        self._set_in: Any = None

    def _fed(self, inputs: Any) -> dict[tuple[str, str], Feed]:
        network = self._network
        found = {}
        for member, given in network._by_member(inputs).items():
            population = network.members[member]
            declared = population._model.inputs
            made = feeds.collect(
                given, declared, population._model.name, self.window, population.shape, f"{member}."
            )
            found.update({(member, n): feed for n, feed in zip(declared, made, strict=True)})
        return found

    def _drive(self, first: int, count: int) -> tuple[Floats, Ints]:
        """External inputs of some steps: those that stay are set, the others are listed.

        Steps that were tried before, and failed in a larger block, get the inputs that they
        had then: a function of the user's need not give the same number twice.
        """
        if first not in self._known or first + count > self._known.stop:
            self._rows = [feed.rows(first, count) for feed in self._feeds.values()]
            self._known = range(first, first + count)
        assembly = self._network._assembled()
        skip = first - self._known.start
        parts, layout, start = [np.zeros(0)], [], 0
        for ((member, name), feed), rows in zip(self._feeds.items(), self._rows, strict=True):
            if not feed.varies:
                if assembly is not self._set_in:
                    assembly.set_outside(member, name, rows)
                continue
            by = rows.shape[1] if rows.ndim == 2 else 1
            lanes = self._network.members[member]._lanes
            span = assembly.input_span(member, name)
            layout.append((start + skip * by, by, int(by > 1), lanes, *span))
            parts.append(rows.reshape(-1))
            start += rows.size
        self._set_in = assembly
        return np.concatenate(parts), np.array(layout, dtype=np.int64).reshape(-1, 8)

    def advance(self, first: int, count: int) -> int:
        """Take all of the next steps, or none."""
        before = self._network._assembled(), self._network._clock
        drive = self._drive(first, count)
        if before != (self._network._assembly, self._network._clock):
            raise RuntimeError(
                "inputs: a function has changed or stepped the network that is being run; do so "
                "between runs."
            )
        return self._tape.advance(count, *drive)

    def room(self) -> int:
        """How many steps can be taken at once."""
        return self._network._make_room(self._network._assembled())

    def done(self) -> int:
        """Steps taken."""
        return self._network._clock - self.window.clock

    def failure(self, code: int) -> SimulationError:
        """The error for a step that failed."""
        return self._network._failure(code)

    def recording(self) -> Recordings:
        """What was recorded so far."""
        return self._tape.recording()


# ------------------------------------------------------------------- what to record


def names_to_record(record: Any, network: Network) -> Names:
    """What to record: member or connection -> names of its values.

    Parameters
    ----------
    record : None, str, sequence of str or mapping
        All states if None; else members (``"exc"``, all their states), values of members
        (``"exc.r"``), values of all that have them (``"r"``), or a mapping from members to
        names. Connections likewise. Nothing if empty: members then have times, but no traces.
    network : Network
        The network.
    """
    if record is None:
        return {label: _states(network, label) for label in _recordable(network)}
    listed = record if isinstance(record, Mapping) else ()
    found: Names = {str(label): () for label in listed if _node(network, str(label))}
    for label, name in _wanted(record, network):
        new = (_checked(network, label, name),) if name else _states(network, label)
        for each in new:
            if each in found.get(label, ()):
                raise ValueError(f"record names {label}.{each} twice.")
        found[label] = found.get(label, ()) + new
    return found or dict.fromkeys(network.members, ())


def _recordable(network: Network) -> list[str]:
    """Members, and connections whose synapse has states."""
    synapses = [name for name in network.connections if network._stages_of(name)]
    return [*network.members, *synapses]


def _wanted(record: Any, network: Network) -> list[tuple[str, str]]:
    """Pairs of member or connection and name; an empty name stands for all states."""
    if isinstance(record, Mapping):
        pairs = [(str(label), each) for label in record for each in _listed(record, label)]
    elif isinstance(record, (str, Iterable)):
        entries = (record,) if isinstance(record, str) else tuple(record)
        pairs = [pair for each in entries for pair in _split(str(each), network)]
    else:
        raise TypeError(f"record takes names, record=('exc.r', 'inh'), not {record!r}.")
    return pairs


def _listed(record: Mapping[Any, Any], label: Any) -> list[str]:
    """The names that a mapping has for a member."""
    names = record[label]
    if not isinstance(names, (str, Iterable)):
        raise TypeError(
            f"record[{label!r}] takes names, record={{{label!r}: ('r', 'v')}}, not {names!r}; "
            f"record={str(label)!r} gives all states of {label}."
        )
    return [names] if isinstance(names, str) else [str(each) for each in names]


def _split(entry: str, network: Network) -> list[tuple[str, str]]:
    if entry in network:
        return [(entry, "")]
    label, _, name = entry.rpartition(".")
    if label:
        return [(label, name)]
    labels = _recordable(network)
    having = [each for each in labels if name in _known(network, each)]
    if not having:
        values = {value: None for each in labels for value in _known(network, each)}
        known = [*network.members, *network.connections, *values]
        raise ValueError(
            f"record: the network has no member or connection {entry!r}, and none of them has "
            f"such a value{suggestion(entry, known)}"
        )
    return [(each, name) for each in having]


def _node(network: Network, label: str) -> Population:
    if label not in network:
        known = [*network.members, *network.connections]
        raise ValueError(
            f"record: the network has no member or connection {label!r}{suggestion(label, known)}"
        )
    if label not in network._nodes():
        raise ValueError(f"record: the connection {label} has no synapse with states.")
    return network._nodes()[label]


def _states(network: Network, label: str) -> tuple[str, ...]:
    return tuple(_node(network, label)._model.states)


def _known(network: Network, label: str) -> list[str]:
    model = _node(network, label)._model
    return [*model.states, *model.inputs, *model.outputs]


def _checked(network: Network, label: str, name: str) -> str:
    known = _known(network, label)
    if name not in known:
        raise ValueError(f"record: {label} has no {name!r}{suggestion(name, known)}")
    return name
