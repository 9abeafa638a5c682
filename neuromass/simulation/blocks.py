"""Samples of a run in blocks, so that no trace has to be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from neuromass.kernels.control import FINE
from neuromass.populations.core import Drive
from neuromass.recordings.samples import NOTHING, Samples
from neuromass.simulation.recorder import Names, room_for, write_present
from neuromass.simulation.system import System

Use = Callable[[Samples, slice], None]
"""What is done with a block: the samples, and which of them are new."""

_STEPS_TIMES_LANES: Final = 1 << 18
"""Numbers of one value in a block, about: what the caches of one core hold."""


class BlockRecorder:
    """Records the steps of a system from its present state on, and hands the samples on in blocks.

    Parameters
    ----------
    system : System
        Whose steps are recorded.
    names : mapping
        Node -> its states, inputs and outputs to record.
    every : int
        Steps between samples.
    size : int
        Samples of which a block has a multiple.
    use : callable
        What is done with each block.
    skipped : int
        Steps before the first sample; if there are none, the present state is the first.

    Attributes
    ----------
    samples : Samples
        What the system writes on.
    """

    def __init__(
        self, system: System, names: Names, every: int, size: int, use: Use, skipped: int
    ) -> None:
        self._system = system
        self._use = use
        self._start = system.clock
        self._size = size * max(1, min(16, _STEPS_TIMES_LANES // (size * system.lanes)))
        self._skip = max(0, skipped - every)  # the sample after these is the first
        self._done = 0
        self._first = 1 if skipped else 0
        self.samples = room_for(system, names, self._size + 1, every, False, 0)
        if not skipped:
            write_present(system, self.samples, 0)

    @property
    def steps(self) -> int:
        """Steps taken since the beginning."""
        return self._system.clock - self._start

    def room(self) -> int:
        """How many steps can be taken until the block is full."""
        if self.steps < self._skip:
            return self._skip - self.steps
        return (self._size - 1 + self._first) * self.samples.every - self._done

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take and record some steps, all of them or none."""
        if self.steps < self._skip:
            return self._system.take(steps, drives, NOTHING, 0)
        code = self._system.take(steps, drives, self.samples, self._done)
        if code == FINE:
            self._done += steps
            if self.room() == 0:
                self.flush()
        return code

    def flush(self) -> None:
        """Hand on what there is."""
        end = 1 + self._done // self.samples.every
        if end > self._first:
            self._use(self.samples, slice(self._first, end))
        self._first, self._done = 1, 0
