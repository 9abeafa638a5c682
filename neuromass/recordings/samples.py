"""Where loops write what is recorded: a slab of samples for each recorded value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels.control import LAST
from neuromass.recordings.spikes import SpikeLog

Floats = NDArray[np.float64]

DELIVERED: Final = "delivered"
"""What is recorded of any connection: its part in the input of its target."""


@dataclass(frozen=True)
class Track:
    """A recorded value.

    Attributes
    ----------
    node : str
        Name of the node whose value it is; empty for a population by itself.
    name : str
        The state, input or output.
    lanes : int
        How many lanes it has.
    begin : int
        Where its slab begins.
    kind : int
        What a sample is: ``LAST``, ``MEAN``, ``LOWEST`` or ``HIGHEST`` of the values since the
        sample before it. One recording has one kind, unless the system `reduces`.
    """

    node: str
    name: str
    lanes: int
    begin: int
    kind: int = LAST


@dataclass(frozen=True, eq=False)
class Samples:
    """Room for the samples of some values.

    Attributes
    ----------
    tracks : tuple of Track
        What is recorded.
    room : int
        Samples that fit.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means over those steps.
    values : ndarray
        The slabs of all tracks, one after the other, each of shape (room, lanes).
    sums : ndarray
        For averages, what was summed up since the last sample: a number for each lane of each
        track, first of those that loops write, and then of those that are laid.
    spikes : mapping of SpikeLog
        Node -> where its spikes go, for nodes whose spikes are recorded.
    """

    tracks: tuple[Track, ...]
    room: int
    every: int
    average: bool
    values: Floats
    sums: Floats
    spikes: Mapping[str, SpikeLog] = field(default_factory=dict)

    def slab(self, track: Track) -> Floats:
        """All samples of a track, (room, lanes)."""
        end = track.begin + self.room * track.lanes
        return self.values[track.begin : end].reshape(self.room, track.lanes)

    def lay(self, track: Track, values: Floats, done: int, place: int) -> None:
        """Write the values of some steps as loops do.

        Parameters
        ----------
        track : Track
            What was recorded.
        values : ndarray
            A row for each step.
        done : int
            Steps since the first sample, before these.
        place : int
            Where its sums begin.
        """
        slab, first = self.slab(track), -(done + 1) % self.every
        if not self.average:
            own = values[first :: self.every]
            slab[self.whole(done) : self.whole(done) + len(own)] = own
            return
        total = self.sums[place : place + track.lanes]
        ends = range(first + 1, len(values) + 1, self.every)
        for number, part in enumerate(np.split(values, ends)):
            total[:] = np.add.accumulate(np.vstack([total, part]))[-1]  # one step after the other
            if number < len(ends):
                slab[self.whole(done) + number] = total / self.every
                total[:] = 0.0

    def whole(self, steps: int) -> int:
        """How many samples there are after some steps."""
        return steps // self.every + (not self.average)


NOTHING: Final = Samples((), 0, 1, False, np.zeros(0), np.zeros(0))
"""For steps that nobody records."""
