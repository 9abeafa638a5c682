"""What the steps of one population write on while they are recorded."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import suggestion
from neuromass.kernels import text as kernel_text
from neuromass.populations.population import Population
from neuromass.recordings.recording import About, Recording
from neuromass.simulation.inputs import Window

Floats = NDArray[np.float64]


_SMALL = 1 << 26
"""Bytes for which nobody asks how much memory there is."""


def names_to_record(record: Any, population: Population) -> tuple[str, ...]:
    """Names of what to record, checked; all states if `record` is None."""
    model = population._model
    if record is None:
        return tuple(model.states)
    if not isinstance(record, (str, Iterable)):
        raise TypeError(f"record takes names, record=('r', 'v'), not {record!r}.")
    names = (record,) if isinstance(record, str) else tuple(record)
    known = [*model.states, *model.inputs, *model.outputs]
    for name in names:
        if name not in known:
            raise ValueError(f"record: {model.name} has no {name!r}{suggestion(name, known)}")
    if len(set(names)) != len(names):
        raise ValueError(f"record names something twice: {', '.join(names)}.")
    return names


class Tape:
    """What a run of one population writes on: a trace for each name, with room for all samples.

    Parameters
    ----------
    population : Population
        Whose steps are taken and recorded.
    names : tuple of str
        What to record.
    window : Window
        The steps for which there is room; a longer run makes more, see `extend`.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means.
    """

    def __init__(
        self,
        population: Population,
        names: tuple[str, ...],
        window: Window,
        every: int,
        average: bool,
    ) -> None:
        self._population = population
        self._names = names
        self._every = every
        self._average = average
        self._clock = window.clock
        channels = population._recipe().channels
        self._slots = np.array(
            [names.index(each) if each in names else -1 for each in channels], dtype=np.int64
        )
        count = window.steps // every + (not average)
        self._samples: Floats = allocate((len(names), count, population._lanes), every)
        self._sums: Floats = np.zeros((len(names), population._lanes))
        if not average:
            self._write_current(0)

    def _write_current(self, place: int) -> None:
        """A sample of the states and outputs as they are; inputs have no value between steps."""
        population = self._population
        for slot, name in enumerate(self._names):
            if name in population._model.inputs:
                self._samples[slot, place] = np.nan
            elif name in population._model.states:
                self._samples[slot, place] = population._row(name)
            else:
                self._samples[slot, place] = population._computed(name).reshape(-1)

    @property
    def _steps(self) -> int:
        """Steps taken since the first sample, by the population's own clock.

        All else follows from this one number, which a kernel sets together with the states:
        Ctrl-C at any moment leaves a tape that fits its population.
        """
        return self._population._clock - self._clock

    @property
    def _count(self) -> int:
        """Whole samples so far."""
        return self._steps // self._every + (not self._average)

    def advance(self, count: int, drive: Floats, layout: NDArray[np.int64]) -> int:
        """Take and record some steps, all or none."""
        plan = self._population._plan
        plan[kernel_text.PHASE] = self._steps % self._every
        plan[kernel_text.SAMPLE] = self._count
        return self._population._loop(
            count, drive, layout, self._slots, self._samples, self._sums, self._every, self._average
        )

    def extend(self, count: int) -> None:
        """Make room for at least so many samples more."""
        used = self._count
        slots, room, lanes = self._samples.shape
        if used + count <= room:
            return
        larger = np.empty((slots, max(2 * room, used + count), lanes))
        larger[:, :used] = self._samples[:, :used]
        self._samples = larger

    def recording(self) -> Recording:
        """The samples so far, and the last step if it fell between two samples."""
        steps, count = self._steps, self._count
        between = steps % self._every != 0 and not self._average
        if between:
            self.extend(1)
            self._write_current(count)
        return self._as_recording(self._times(count, between), self._samples[:, : count + between])

    def _times(self, count: int, between: bool = False) -> Callable[[], Floats]:
        """What makes the times of the samples, and of the present if that is one more."""
        present = self._clock + self._steps if between else None
        return partial(
            _times, self._clock, self._every, count, self._average, present, self._population._dt
        )

    def _as_recording(self, times: Floats | Callable[[], Floats], traces: Floats) -> Recording:
        population = self._population
        data = {
            name: traces[slot].reshape(traces.shape[1], *population.shape)
            for slot, name in enumerate(self._names)
        }
        measures = {name: population._model.measure(name) for name in self._names}
        source = about_population(population, self._every, self._average)
        return Recording(times, data, measures, source)


def _times(
    start: int, every: int, count: int, average: bool, present: int | None, dt: float
) -> Floats:
    clocks = start + every * np.arange(count, dtype=float)
    if average:
        clocks += 0.5 * (every + 1)
    return (clocks if present is None else np.append(clocks, present)) * dt


def about_population(population: Population, every: int, average: bool) -> About:
    """Where a recording of a population comes from."""
    model = population._model
    return About(
        model=model.name,
        method=population.method,
        dt=population._dt,
        every=every,
        average=average,
        parameters={
            name: (value.copy(), model.measure(name))
            for name, value in population._parameters.items()
        },
        seed=population.seed,
    )


def allocate(shape: tuple[int, int, int], every: int) -> Floats:
    """An array for all samples; refused, saying what to set, if it does not fit into memory."""
    names, count, lanes = shape
    size = 8 * count * max(1, names) * lanes
    if size < _SMALL or size <= 0.9 * (free := free_memory()):
        return np.empty(shape)
    times = math.ceil(size / (0.45 * free))
    raise MemoryError(
        f"The recording would take {size / 1e9:.3g} GB, and {free / 1e9:.3g} GB of memory are "
        f"free. Record less: fewer names with record=(...), or every {every * times} steps with "
        f"every={every * times}; nothing has been stepped."
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
