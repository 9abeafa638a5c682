"""Spans of time: the steps of a run, and how much of each step a span covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.units import MS, shown

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
    def numbers(self) -> Floats:
        """Numbers of the steps, as floats."""
        return np.arange(self.first, self.first + self.count, dtype=float)

    @property
    def middles(self) -> Floats:
        """Middles in ms."""
        return (self.numbers + 0.5) * self.dt

    @property
    def borders(self) -> Floats:
        """Borders in ms, one more than there are steps."""
        return np.arange(self.first, self.first + self.count + 1, dtype=float) * self.dt

    def part(self, time: float) -> Floats:
        """Where a time lies in each step, from 0, before or at its start, to 1."""
        place = time / self.dt
        if math.isfinite(place) and abs(place - round(place)) < SLACK * max(1.0, 1e-6 * abs(place)):
            place = float(round(place))
        return np.clip(place - self.numbers, 0.0, 1.0)


@dataclass(frozen=True)
class Window:
    """The times ``start <= t < stop``, in ms; either end may be infinite."""

    start: float
    stop: float

    def __post_init__(self) -> None:
        if not self.start < self.stop:
            raise ValueError(
                f"stop must come after start, and {shown(self.stop, MS, 15)} does not come "
                f"after {shown(self.start, MS, 15)}."
            )

    def holds(self, times: Floats) -> NDArray[np.bool_]:
        """Whether times lie in it."""
        return (self.start <= times) & (times < self.stop)

    def overlap(self, start: float, stop: float) -> float:
        """How much of another span it covers, in ms."""
        return max(0.0, min(self.stop, stop) - max(self.start, start))

    def edges(self) -> Floats:
        """Its finite ends."""
        ends = np.array([self.start, self.stop])
        return ends[np.isfinite(ends)]


def mixed(part: Floats, inside: Any, outside: Any) -> Floats:
    """Means of what has one value in a part of a step and another in the rest.

    A step that lies wholly on one side has that value to the last bit.
    """
    values = outside + (inside - outside) * part
    return np.where(part == 1.0, inside, np.where(part == 0.0, outside, values))


def between(first: Any, last: Any, part: Floats) -> Floats:
    """Interpolate linearly: exactly `first` at part 0 and `last` at part 1."""
    return first * (1.0 - part) + last * part


def cell(times: Floats, start: float, width: float) -> Floats:
    """Find the whole number k with ``start + k width <= t < start + (k + 1) width``, in floats."""
    k = np.floor((times - start) / width)
    k -= start + k * width > times
    k += start + (k + 1) * width <= times
    return k
