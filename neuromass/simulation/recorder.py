"""The recorder: turns the steps of a system into a recording."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.kernels.control import LAST, MEAN
from neuromass.populations.core import Core, Drive
from neuromass.populations.snapshot import Kept
from neuromass.recordings.recording import Recording, Recordings
from neuromass.recordings.samples import Samples, Track
from neuromass.recordings.spikes import SPIKES, Spikes
from neuromass.simulation.system import System

Floats = NDArray[np.float64]
Names = Mapping[str, Sequence[str]]
"""Node -> what of it is recorded."""

_SPIKE = 12
"""Bytes of a spike: its neuron and its time."""

_SMALL = 1 << 26
"""Bytes for which nobody asks how much memory there is."""


class Recorder:
    """Records the steps of a system from its present state on.

    How many samples there are follows from the system's clock, which a loop sets together with
    the states: an interruption at any moment leaves a recorder that fits its system.

    Parameters
    ----------
    system : System
        Whose steps are recorded.
    names : mapping
        Node -> its states, inputs and outputs to record.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means over those steps.
    steps : int
        Steps for which there is room at first; `reserve` makes more.
    lock : Lock, optional
        Held while steps that are taken by hand are recorded.

    Attributes
    ----------
    samples : Samples
        What the system writes on.
    """

    def __init__(
        self,
        system: System,
        names: Names,
        every: int = 1,
        average: bool = False,
        steps: int = 0,
        lock: threading.Lock | None = None,
    ) -> None:
        self._system = system
        self._names = {node: tuple(each) for node, each in names.items()}
        self._start = self._last = system.clock
        self._lock = lock
        self._taking = False
        logs = {n: system.nodes[n].spike_log() for n, each in self._names.items() if SPIKES in each}
        self._spikes = {node: log for node, log in logs.items() if log is not None}
        self._traces = {
            node: tuple(name for name in each if name != SPIKES or node not in self._spikes)
            for node, each in self._names.items()
        }
        self.samples = self._made(steps // every + (not average), every, average, steps)
        if not average:
            self._write_present(self.samples, 0)

    def _made(self, room: int, every: int, average: bool, steps: int) -> Samples:
        samples = room_for(self._system, self._traces, room, every, average, steps)
        return replace(samples, spikes=self._spikes)

    def _write_present(self, samples: Samples, place: int) -> None:
        write_present(self._system, samples, place)

    @property
    def at_work(self) -> bool:
        """Whether it records steps that are taken by hand."""
        return self._lock is not None and self._lock.locked()

    @property
    def steps(self) -> int:
        """Steps taken since the first sample, as far as they were recorded."""
        return min(self._system.clock, self._last) - self._start

    def room(self) -> int:
        """How many steps can be taken at once: any number."""
        return 1 << 62

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take and record some steps, all of them or none."""
        done = self.steps
        self._last = self._start + done + steps
        self._taking = True
        code = self._system.take(steps, drives, self.samples, done)
        self._taking = False
        for log in self._spikes.values():
            check_spikes(log.count)
        return code

    def step(self, drives: Sequence[Drive]) -> int:
        """Take and record one step, making room for it."""
        self.reserve(1)
        return self.take(1, drives)

    def reserve(self, count: int) -> None:
        """Make room for so many samples more; nothing is lost if there is no memory for them."""
        old = self.samples
        used = old.whole(self.steps)
        if used + count <= old.room:
            return
        new = self._made(max(2 * old.room, used + count), old.every, old.average, 0)
        for before, after in zip(old.tracks, new.tracks, strict=True):
            new.slab(after)[:used] = old.slab(before)[:used]
        new.sums[:] = old.sums
        self.samples = new

    def kept(self) -> Kept | None:
        """What was recorded so far, by names of two or more parts.

        None if an interruption has come while spikes may have been written down.
        """
        if self._taking and self._spikes:
            return None
        samples = self.samples
        count = samples.whole(self.steps)
        kept: dict[tuple[str, ...], Floats] = {("begun", "sums"): samples.sums}
        kept |= {("trace", t.node, t.name): samples.slab(t)[:count] for t in samples.tracks}
        for node, log in self._spikes.items():
            spikes = log.spikes()
            kept["neurons", node] = spikes.neurons.astype(float)
            kept["times", node] = spikes.times
        return kept

    def go_on(self, start: int, steps: int, kept: Kept) -> None:
        """Go on as if some steps had been recorded here, whose end the system is brought to.

        Parameters
        ----------
        start, steps : int
            Clock at the first sample, and how many they were.
        kept : mapping
            What was recorded of them, as `kept` gives it.
        """
        samples = self.samples
        self._start, self._last = start, start + steps
        for track in samples.tracks:
            samples.slab(track)[: samples.whole(steps)] = kept["trace", track.node, track.name]
        for node, log in self._spikes.items():
            log.add(kept["neurons", node].astype(np.int32), kept["times", node])
        samples.sums[:] = kept["begun", "sums"]

    def whole(self) -> Recording | Recordings:
        """The samples so far, one every so many steps."""
        return self._gathered(None)

    def with_present(self) -> Recording | Recordings:
        """The samples so far, and the present if it falls between two samples."""
        steps, samples = self.steps, self.samples
        if samples.average or steps % samples.every == 0:
            return self._gathered(None)
        self.reserve(1)
        self._write_present(self.samples, self.samples.whole(steps))
        return self._gathered(self._system.clock)

    def _gathered(self, present: int | None) -> Recording | Recordings:
        system, samples = self._system, self.samples
        count = samples.whole(self.steps)
        clocks = self._start, samples.every, count, samples.average, present, system.dt
        times = partial(sample_times, *clocks)
        length = count + (present is not None)
        spoil(system, samples, length)
        if not samples.average and count > 1:
            fill_inputs(system, samples, length - 1 if present is not None else None)
        data: dict[str, dict[str, Floats]] = {node: {} for node in self._names}
        for track in samples.tracks:
            values = samples.slab(track)[:length]
            data[track.node][track.name] = values
        every, average = samples.every, samples.average
        spikes = {node: log.spikes() for node, log in self._spikes.items()}
        recordings = {
            node: recording_of(system, node, traces, times, every, average, spikes.get(node))
            for node, traces in data.items()
        }
        return system.gathered(recordings)


def room_for(
    system: System, names: Names, room: int, every: int, average: bool, steps: int
) -> Samples:
    """Room for samples; refused where they do not fit into memory.

    Parameters
    ----------
    system : System
        Whose values they are.
    names : mapping
        Node -> its states, inputs and outputs.
    room : int
        How many samples.
    every, average : int, bool
        Steps between samples, and whether they are means.
    steps : int
        Steps of the run, for the advice.
    """
    tracks, begin, kind = [], 0, MEAN if average else LAST
    for node, each in names.items():
        for name in each:
            tracks.append(Track(node, name, system.holder(node, name).lanes, begin, kind))
            begin += room * tracks[-1].lanes
    check_memory(begin + room, every, steps)
    lanes = sum(track.lanes for track in tracks)
    made = Samples(tuple(tracks), room, every, average, np.empty(begin), np.zeros(lanes))
    system.expect(made)
    return made


def write_present(system: System, samples: Samples, place: int) -> None:
    """A sample of states and outputs as they are; inputs have no value between steps."""
    for track in samples.tracks:
        value: Any = np.nan
        if track.name not in system.holder(track.node, track.name).model.inputs:
            core = system.nodes[track.node]
            value = core.spread(core.value(track.name))
        samples.slab(track)[place] = value


def fill_inputs(system: System, samples: Samples, last: int | None = None) -> None:
    """Give inputs a value where no recorded step ends: that of the sample beside it.

    Parameters
    ----------
    system : System
        Whose values they are.
    samples : Samples
        The samples; no step ends at the first of them.
    last : int, optional
        The last one, if no step ends there either.
    """
    for track in samples.tracks:
        if track.name in system.holder(track.node, track.name).model.inputs:
            values = samples.slab(track)
            values[0] = values[1]
            if last is not None:
                values[last] = values[last - 1]


def recording_of(
    system: System,
    node: str,
    traces: Mapping[str, Floats],
    times: Callable[[], Floats],
    every: int,
    average: bool,
    spikes: Spikes | None = None,
) -> Recording:
    """The recording of a node.

    Parameters
    ----------
    system : System
        Whose node it is.
    node : str
        Its name.
    traces : mapping
        What was recorded, (samples, lanes) each.
    times : callable
        Gives the times of the samples.
    every, average : int, bool
        Steps between samples, and whether they are means.
    spikes : Spikes or None
        Its spikes, if they were recorded.
    """
    holders = {name: system.holder(node, name) for name in traces}
    return Recording(
        times,
        {name: each.reshape(len(each), *holders[name].shape) for name, each in traces.items()},
        {name: each.model.measure(name) for name, each in holders.items()},
        system.about(node, every, average),
        spikes,
    )


def spoil(system: System, samples: Samples, length: int) -> None:
    """Make the samples of lanes that have failed NaN, from the first one on that shows it."""
    for node, core in system.nodes.items():
        lost = np.flatnonzero(~np.isfinite(core.state[: len(core.model.states)]).all(axis=0))
        own = [each for each in samples.tracks if each.node == node]
        tracks = [each for each in own if system.holder(node, each.name) is core]
        if not len(lost) or not tracks:
            continue
        for lane in lost:
            columns = [samples.slab(each)[:length, lane] for each in tracks]
            wrong = [_wrong(core, each.name, x) for each, x in zip(tracks, columns, strict=True)]
            first = int(np.argmax(np.any(wrong, axis=0)))
            for values in columns:
                values[first if np.any(wrong) else length - 1 :] = np.nan


def _wrong(core: Core, name: str, values: Floats) -> NDArray[np.bool_]:
    """Which values are not finite, or below the bound of a state."""
    declared = core.model.states.get(name)
    low = -np.inf if declared is None or declared.lower is None else declared.lower
    no_value = name in core.model.inputs  # at the first sample
    found: NDArray[np.bool_] = ~np.isfinite(values) & (not no_value) | (values < low)
    return found


def sample_times(
    start: int, every: int, count: int, average: bool, present: int | None, dt: float
) -> Floats:
    """Times of samples in ms: multiples of dt, rounded to the decimal that is meant.

    Parameters
    ----------
    start : int
        Clock at the first sample.
    every, count, average : int, int, bool
        Steps between samples, how many there are, and whether they are means.
    present : int or None
        Clock at one sample more.
    dt : float
        The step in ms.
    """
    clocks = start + every * np.arange(count, dtype=float)
    if average:
        clocks += 0.5 * (every + 1)
    times = (clocks if present is None else np.append(clocks, present)) * dt
    return units.decimals(times)


def check_memory(numbers: int, every: int, steps: int) -> None:
    """Refuse a recording that does not fit into memory, saying what to record instead.

    Parameters
    ----------
    numbers : int
        How many numbers it takes, times included.
    every, steps : int
        Steps between samples, and of the run.
    """
    size = 8 * numbers
    if size < _SMALL or size <= 0.9 * (free := free_memory()):
        return
    needed = every * math.ceil(size / (0.45 * free))
    wider = next((n for n in range(needed, min(steps, 64 * needed) + 1) if steps % n == 0), None)
    advice = f", or every {wider} steps with every={wider}" if wider else ""
    raise MemoryError(
        f"The recording would take {size / 1e9:.3g} GB, and {free / 1e9:.3g} GB of memory are "
        f"free. Record less: fewer names with record=(...){advice}; nothing has been stepped."
    )


def check_spikes(count: int) -> None:
    """Stop where so many spikes leave no memory for gathering them; they are kept."""
    size = _SPIKE * count
    if size >= _SMALL and 2 * size > free_memory():
        raise MemoryError(
            f"{count:.3g} spikes were recorded, and memory is short. Record those of some neurons "
            f"alone: make the network with spikes_of=..., for example spikes_of=500."
        )


def free_memory() -> float:
    """Free memory in bytes; infinite where the system does not say."""
    found = [math.inf]
    for path, first in (("/proc/meminfo", "MemAvailable:"), ("/sys/fs/cgroup/memory.max", "")):
        try:
            lines = Path(path).read_text(encoding="ascii").splitlines()
            words = next(line for line in lines if line.startswith(first)).split()
            found.append(1024.0 * float(words[1]) if first else float(words[0]))
        except (OSError, ValueError, StopIteration):  # "max" means no limit
            continue
    if len(found) == 1 and hasattr(os, "sysconf"):
        found.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    return min(found)
