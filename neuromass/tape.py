"""What the steps of one population write on while they are recorded."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import suggestion
from neuromass.feeds import Window
from neuromass.kernels import text as kernel_text
from neuromass.population import Population
from neuromass.recording import About, Recording

Floats = NDArray[np.float64]


def names_to_record(record: Any, population: Population) -> tuple[str, ...]:
    """Names of what to record, checked; all states if `record` is None."""
    model = population._model
    if record is None:
        return tuple(model.states)
    names = (record,) if isinstance(record, str) else tuple(record)
    known = [*model.states, *model.inputs, *model.outputs]
    for name in names:
        if name not in known:
            raise ValueError(f"record: {model.name} has no {name!r}{suggestion(name, known)}.")
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
        check_memory(8 * count * max(1, len(names)) * population._lanes, every)
        self._samples: Floats = np.empty((len(names), count, population._lanes))
        self._sums: Floats = np.zeros((len(names), population._lanes))
        self._phase = 0
        self._sample = 0
        if not average:
            self._write_current()

    def _write_current(self) -> None:
        """A sample of the states and outputs as they are; inputs have no value between steps."""
        population = self._population
        for slot, name in enumerate(self._names):
            if name in population._model.inputs:
                self._samples[slot, self._sample] = np.nan
            elif name in population._model.states:
                self._samples[slot, self._sample] = population._row(name)
            else:
                self._samples[slot, self._sample] = population._computed(name).reshape(-1)
        self._sample += 1

    def advance(self, count: int, drive: Floats, layout: NDArray[np.int64]) -> int:
        """Take and record some steps, all or none."""
        plan = self._population._plan
        plan[kernel_text.PHASE] = self._phase
        plan[kernel_text.SAMPLE] = self._sample
        code = self._population._loop(
            count, drive, layout, self._slots, self._samples, self._sums, self._every, self._average
        )
        self._sync()
        return code

    def _sync(self) -> None:
        """Take over how far the kernel came; a kernel that failed has left its plan as it was."""
        self._phase = int(self._population._plan[kernel_text.PHASE])
        self._sample = int(self._population._plan[kernel_text.SAMPLE])

    def extend(self, count: int) -> None:
        """Make room for at least so many samples more."""
        if self._sample + count <= self._samples.shape[1]:
            return
        slots, room, lanes = self._samples.shape
        larger = np.empty((slots, max(2 * room, self._sample + count), lanes))
        larger[:, : self._sample] = self._samples[:, : self._sample]
        self._samples = larger

    def recording(self) -> Recording:
        """The samples so far, and the last step if it fell between two samples."""
        population = self._population
        steps = population._clock - self._clock
        count = steps // self._every + (not self._average)
        between = steps % self._every != 0 and not self._average
        times = self._clock + self._every * np.arange(count, dtype=float)
        if self._average:
            times += 0.5 * (self._every + 1)
        traces = self._samples[:, :count]
        if between:
            self.extend(1)
            self._sample = count
            self._write_current()
            traces = self._samples[:, : count + 1]
            times = np.append(times, population._clock)
        return self._as_recording(times * population._dt, traces)

    def _as_recording(self, times: Floats, traces: Floats) -> Recording:
        population = self._population
        data = {
            name: traces[slot].reshape(len(times), *population.shape)
            for slot, name in enumerate(self._names)
        }
        measures = {name: population._model.measure(name) for name in self._names}
        return Recording(times, data, measures, self._about())

    def _about(self) -> About:
        """Where the recording comes from."""
        population = self._population
        model = population._model
        return About(
            model=model.name,
            method=population.method,
            dt=population._dt,
            every=self._every,
            average=self._average,
            parameters={
                name: (value.copy(), model.measure(name))
                for name, value in population._parameters.items()
            },
            seed=population.seed,
        )


def check_memory(size: int, every: int) -> None:
    """Refuse a recording that does not fit into memory, saying what to set."""
    free = free_memory()
    if free is None or size <= 0.9 * free:
        return
    times = math.ceil(size / (0.45 * free))
    raise MemoryError(
        f"The recording would take {size / 1e9:.3g} GB, and {free / 1e9:.3g} GB of memory are "
        f"free. Record less: fewer names with record=(...), or every {every * times} steps with "
        f"every={every * times}; nothing has been stepped."
    )


def free_memory() -> float | None:
    """Free memory in bytes, or None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return 1024.0 * float(line.split()[1])
    except OSError:
        pass
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
