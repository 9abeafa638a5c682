"""Samples of a run in blocks, or what they come to in pieces: no trace has to be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels.control import FINE, HIGHEST, LAST, LOWEST, MEAN
from neuromass.populations.core import Drive
from neuromass.recordings.samples import NOTHING, Samples, Track
from neuromass.simulation.recorder import Names, room_for, write_present
from neuromass.simulation.system import System

Floats = NDArray[np.float64]
Use = Callable[[Samples, slice], None]
"""What is done with a block: the samples, and which of them are new."""

Reduced = Callable[[Floats, int], None]
"""What is done with a piece: for each track a row of what its samples come to; their number."""

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
        before = self._system.clock
        try:
            code = self._system.take(steps, drives, self.samples, self._done)
        finally:  # what is there after an interruption counts
            self._done += self._system.clock - before
        if code == FINE and self.room() == 0:
            self.flush()
        return code

    def go_on(self, start: int) -> None:
        """Go on as if what came since a clock had been handed on from here."""
        self._start = start
        self._first, self._done = 1, 0

    def flush(self) -> None:
        """Hand on what there is, once: an interruption does not bring it again."""
        first, end = self._first, 1 + self._done // self.samples.every
        self._first, self._done = 1, 0
        if end > first:
            self._use(self.samples, slice(first, end))


class PieceRecorder:
    """Has the loops of a system sum up pieces of its values, and hands on what they come to.

    The system `reduces`: its loops make means, lowest and highest values on their way.

    Parameters
    ----------
    system : System
        A system of one node, whose steps are taken.
    tracks : sequence of tuple
        Names of values, and what is wanted of them: ``LAST``, ``MEAN``, ``LOWEST`` or ``HIGHEST``.
    size : int
        Samples in a piece; the last one may have fewer.
    use : callable
        What is done with each piece.
    skipped : int
        Steps before the first sample; if there are none, the present state is the first.
    steps : int
        Steps of the run.

    Attributes
    ----------
    samples : Samples
        What the system writes on.
    """

    def __init__(
        self,
        system: System,
        tracks: Sequence[tuple[str, int]],
        size: int,
        use: Reduced,
        skipped: int,
        steps: int,
    ) -> None:
        (node,) = system.nodes.values()
        self._system = system
        self._tracks = tuple(
            Track("", name, node.lanes, place * node.lanes, kind)
            for place, (name, kind) in enumerate(tracks)
        )
        self._size = size
        self._use = use
        self._start = system.clock
        self._skip = max(0, skipped - 1)
        present = not skipped
        self._left = steps - self._skip + present
        self._begin()
        if present:
            self._add_present()

    def _begin(self) -> None:
        """Begin a piece."""
        count = min(self._size, self._left)
        lanes = sum(track.lanes for track in self._tracks)
        sums = [np.full(track.lanes, _NOTHING_YET[track.kind]) for track in self._tracks]
        # a sample goes behind what counts as the first one
        self.samples = Samples(
            self._tracks_with_room(2), 2, count, False, np.empty(2 * lanes), np.concatenate(sums)
        )
        self._done = 0

    def _tracks_with_room(self, room: int) -> tuple[Track, ...]:
        return tuple(
            Track("", each.name, each.lanes, room * each.begin, each.kind) for each in self._tracks
        )

    def _add_present(self) -> None:
        (node,) = self._system.nodes.values()
        values = [node.spread(node.value(track.name)) for track in self._tracks]
        kept = [track.kind != LAST for track in self._tracks]
        sums = self.samples.sums.reshape(len(kept), -1)
        sums[kept] = np.array(values)[kept]
        self._done = 1
        if self._done == self.samples.every:
            self._hand_on(np.array(values))

    @property
    def steps(self) -> int:
        """Steps taken since the beginning."""
        return self._system.clock - self._start

    def room(self) -> int:
        """How many steps can be taken until the piece is full."""
        if self.steps < self._skip:
            return self._skip - self.steps
        return self.samples.every - self._done

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take some steps, all of them or none."""
        if self.steps < self._skip:
            return self._system.take(steps, drives, NOTHING, 0)
        code = self._system.take(steps, drives, self.samples, self._done)
        if code == FINE:
            self._done += steps
            if self._done == self.samples.every:
                self._hand_on(self.samples.values.reshape(len(self._tracks), 2, -1)[:, 1])
        return code

    def _hand_on(self, values: Floats) -> None:
        count = self.samples.every
        self._use(values, count)
        self._left -= count
        if self._left:
            self._begin()


_NOTHING_YET: Final = {LAST: 0.0, MEAN: 0.0, LOWEST: np.inf, HIGHEST: -np.inf}
"""What the sum, lowest or highest of no values is."""
