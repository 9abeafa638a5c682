"""Means over steps: how much of each step a span of time covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLACK: Final = 1e-9
"""Edges that miss the border of a step by less than this part of it, by rounding, are on it."""


@dataclass(frozen=True)
class Steps:
    """Some steps of a run.

    Attributes
    ----------
    first, count : int
        Number of the first one, counted from t = 0, and how many there are.
    dt : float
        Their length in ms.
    """

    first: int
    count: int
    dt: float

    @property
    def middles(self) -> Floats:
        """Middles in ms."""
        return (np.arange(self.first, self.first + self.count, dtype=float) + 0.5) * self.dt

    @property
    def borders(self) -> Floats:
        """Borders in ms, one more than there are steps."""
        return np.arange(self.first, self.first + self.count + 1, dtype=float) * self.dt

    def parts(self, start: float, stop: float) -> tuple[Floats, Floats]:
        """Where a span of time begins and ends in each step, as parts of the step from 0 to 1."""
        return self._part(start), self._part(stop)

    def _part(self, time: float) -> Floats:
        place = time / self.dt
        if np.isfinite(place) and abs(place - round(place)) < SLACK * max(1.0, 1e-6 * abs(place)):
            place = float(round(place))
        return np.clip(place - np.arange(self.first, self.first + self.count), 0.0, 1.0)

    def covered(self, start: float, stop: float) -> Floats:
        """The part of each step that a span of time covers: 0, 1, or what lies between."""
        begin, end = self.parts(start, stop)
        return end - begin


def mixed(part: Floats, inside: Any, outside: Any) -> Floats:
    """Means of what has one value in a part of a step and another in the rest.

    A step that lies wholly on one side has that value to the last bit.
    """
    values = outside + (inside - outside) * part
    return np.where(part == 1.0, inside, np.where(part == 0.0, outside, values))
