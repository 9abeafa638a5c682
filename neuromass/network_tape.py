"""A run of a network: its inputs step by step, and what is recorded of its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import feeds
from neuromass.declaration import suggestion
from neuromass.errors import SimulationError
from neuromass.feeds import Feed, Window
from neuromass.kernels import network_text
from neuromass.network import Network
from neuromass.recording import About, Recording, Recordings
from neuromass.tape import about_population, allocate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Track:
    """A recorded trace: where it goes, and what node and value it is of."""

    label: str
    node: str
    name: str
    lanes: int
    begin: int
    rest: int


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
        self.window = window
        self.every = every
        self.lanes = network._lanes
        self._network = network
        self._average = average
        self._count = window.steps // every + (not average)
        self._feeds = self._fed(inputs)
        self._tracks = self._laid_out(recorded_names(record, network))
        size = sum(track.lanes for track in self._tracks)
        self._samples: Floats = allocate((size, self._count, 1), every).reshape(-1)
        self._sums: Floats = np.zeros(size)
        self._phase = 0
        self._sample = 0
        if not average:
            self._write_current(0)
            self._sample = 1

    # ------------------------------------------------------------------- inputs

    def _fed(self, inputs: Any) -> dict[tuple[str, str], Feed]:
        network = self._network
        found = {}
        for member, given in network._by_member(inputs).items():
            population = network[member]
            declared = population._model.inputs
            made = feeds.collect(
                given, declared, population._model.name, self.window, population.shape, f"{member}."
            )
            found.update({(member, n): feed for n, feed in zip(declared, made, strict=True)})
        return found

    def _drive(self, first: int, count: int) -> tuple[Floats, NDArray[np.int64]]:
        """External inputs of some steps: those that stay are set, the others are listed."""
        assembly = self._network._assembled()
        parts: list[Floats] = []
        layout, start = [], 0
        for (member, name), feed in self._feeds.items():
            rows = feed.rows(first, count)
            if not feed.varies:
                assembly.set_outside(member, name, rows)
                continue
            by = rows.shape[1] if rows.ndim == 2 else 1
            lanes = self._network[member]._lanes
            span = assembly.input_span(member, name)
            layout.append((start, by, int(by > 1), lanes, *span))
            parts.append(rows.reshape(-1))
            start += rows.size
        drive = np.concatenate([np.zeros(0), *parts])
        return drive, np.array(layout, dtype=np.int64).reshape(-1, 8)

    # -------------------------------------------------------------------- traces

    def _laid_out(self, names: Mapping[str, Sequence[tuple[str, str]]]) -> list[_Track]:
        tracks: list[_Track] = []
        taken = 0
        for label, pairs in names.items():
            for node, name in pairs:
                lanes = self._network._nodes()[node]._lanes
                tracks.append(_Track(label, node, name, lanes, taken * self._count, taken))
                taken += lanes
        return tracks

    def _items(self) -> NDArray[np.int64]:
        assembly = self._network._assembled()
        rows = [
            (t.lanes, t.begin, t.rest, *assembly.channel_span(t.node, t.name)) for t in self._tracks
        ]
        return np.array(rows, dtype=np.int64).reshape(-1, 6)

    def _write_current(self, sample: int) -> None:
        """A sample of the states and outputs as they are; inputs have no value between steps."""
        for track in self._tracks:
            node = self._network._nodes()[track.node]
            begin = track.begin + sample * track.lanes
            value = np.nan if track.name in node._model.inputs else node._internal(track.name)
            self._samples[begin : begin + track.lanes] = np.ravel(value)

    # ------------------------------------------------------------------- the job

    def advance(self, first: int, count: int) -> int:
        """Take all of the next steps, or none."""
        network = self._network
        plan = network._plan
        plan[network_text.PHASE] = self._phase
        plan[network_text.SAMPLE] = self._sample
        drive, layout = self._drive(first, count)
        code = network._loop(
            count, drive, layout, self._items(), self._samples, self._sums, self.every,
            self._average,
        )  # fmt: skip
        self._phase = int(plan[network_text.PHASE])
        self._sample = int(plan[network_text.SAMPLE])
        return code

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
        steps = self.done()
        count = steps // self.every + (not self._average)
        times = self.window.clock + self.every * np.arange(count, dtype=float)
        if self._average:
            times += 0.5 * (self.every + 1)
        between = bool(steps % self.every) and not self._average
        if between:
            self._write_current(count)
            times = np.append(times, self._network._clock)
        times *= self._network._dt
        return Recordings({
            label: self._member(label, times) for label in dict.fromkeys(t.label for t in self._tracks)
        })  # fmt: skip

    def _member(self, label: str, times: Floats) -> Recording:
        network = self._network
        tracks = [track for track in self._tracks if track.label == label]
        data, measures = {}, {}
        for track in tracks:
            node = network._nodes()[track.node]
            whole = self._samples[track.begin : track.begin + len(times) * track.lanes]
            data[track.name] = whole.reshape(len(times), *node.shape)
            measures[track.name] = node._model.measure(track.name)
        return Recording(times, data, measures, self._about(label, tracks[0]))

    def _about(self, label: str, track: _Track) -> About:
        network = self._network
        if label in network.members:
            return about_population(network[label], self.every, self._average)
        connection = network[label]
        synapse = connection.synapse
        parameters = {
            name: (np.asarray(synapse._values[name]), each.measure)
            for name, each in synapse.declared().items()
        }
        return About(
            type(synapse).__name__, network.method, network._dt, self.every, self._average,
            parameters,
        )  # fmt: skip


def recorded_names(record: Any, network: Network) -> dict[str, list[tuple[str, str]]]:
    """What to record: member or connection -> nodes and their values.

    Parameters
    ----------
    record : None, str, sequence of str or mapping
        All states if None; else members (``"exc"``, all their states), values of members
        (``"exc.r"``), or a mapping from members to names.
    network : Network
        The network.
    """
    if record is None:
        labels = [*network.members, *(n for n in network.connections if network._stages_of(n))]
        return {label: _states(network, label) for label in labels}
    if isinstance(record, Mapping):
        wanted = [
            (label, name)
            for label, names in record.items()
            for name in ((names,) if isinstance(names, str) else names)
        ]
    else:
        entries = (record,) if isinstance(record, str) else tuple(record)
        wanted = [_split(entry, network) for entry in entries]
    found: dict[str, list[tuple[str, str]]] = {}
    for label, name in wanted:
        if label not in network:
            known = [*network.members, *network.connections]
            raise ValueError(
                f"record: the network has no member or connection {label!r}"
                f"{suggestion(label, known)}."
            )
        new = _states(network, label) if name == "" else [_one(network, label, name)]
        for each in new:
            if each in found.setdefault(label, []):
                raise ValueError(f"record names {label}.{each[1]} twice.")
            found[label].append(each)
    return found


def _split(entry: Any, network: Network) -> tuple[str, str]:
    text = str(entry)
    if text in network:
        return text, ""
    label, _, name = text.rpartition(".")
    return (label, name) if label else (text, "")


def _states(network: Network, label: str) -> list[tuple[str, str]]:
    if label in network.members:
        return [(label, name) for name in network[label]._model.states]
    stages = network._stages_of(label)
    if not stages:
        raise ValueError(f"record: the connection {label} has no synapse with states.")
    last = list(stages)[-1]
    return [(last, name) for name in stages[last]._model.states]


def _one(network: Network, label: str, name: str) -> tuple[str, str]:
    node = label if label in network.members else _states(network, label)[0][0]
    model = network._nodes()[node]._model
    known = [*model.states, *model.inputs, *model.outputs]
    if name not in known:
        raise ValueError(f"record: {label} has no {name!r}{suggestion(name, known)}.")
    return node, name
