"""Lines that the flow of two states follows: manifolds of saddles, and limit cycles.

Lines are followed by their length in parts of a box, by Runge and Kutta's method of fourth order,
with steps so short that a line hardly turns in one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuromass.dynamics.equilibria import lowest_numbers
from neuromass.dynamics.field import Field

Floats = NDArray[np.float64]

FORWARD: Final = 1.0
BACKWARD: Final = -1.0

_STEP: Final = 1.0 / 200.0
"""Longest step along a manifold, as a part of the box."""
_WINDING: Final = 1.0 / 100.0
"""Longest step of a line that winds to a cycle, which needs many."""
_SHORTEST: Final = 1e-4
"""Step below which a line has come to an equilibrium."""
_STRAIGHT: Final = 0.995
"""Cosine of the angle by which a line may turn in one step."""
_MARGIN: Final = 1.0
"""How far beyond a box lines are followed, as a part of it, since they may come back."""
_LONGEST: Final = 5000
"""Steps of a line at most."""
_AWAY: Final = 1e-4
"""How far from a saddle its manifolds are taken for straight."""
_NEAR: Final = 0.03
"""How far from an equilibrium a line begins that may wind to a cycle."""
_CLOSED: Final = 1e-4
"""Distance of a loop from the cycle that it winds to, as a part of the box, to be taken for it."""

_STILL: Final = 1e-8
"""Change from loop to loop at which they are one."""
_SECANTS: Final = 4
"""Steps of the secant method to where a line passes another."""


@dataclass(frozen=True)
class Flow:
    """A vector field of two states in a box.

    Attributes
    ----------
    field : Field
        The field.
    low, high : ndarray
        Corners of the box.
    """

    field: Field
    low: Floats
    high: Floats

    @property
    def width(self) -> Floats:
        """Sizes of the box."""
        return self.high - self.low

    def scaled(self, states: Floats) -> Floats:
        """States as parts of the box."""
        return (states - self.low) / self.width

    def direction(self, at: Floats, way: float) -> Floats:
        """Where the flow goes from a point, of length 1; NaN where it does not move."""
        with np.errstate(all="ignore"):
            rates = self.field.rates((self.low + at * self.width)[None])[0] / self.width
            return np.asarray(way * rates / np.linalg.norm(rates))

    def line(self, start: Floats, way: float, largest: float) -> Iterator[Floats]:
        """Points of the line from a point on, as parts of the box, until it ends or leaves it."""
        lowest = self.scaled(lowest_numbers(self.field))
        low, high = np.maximum(lowest, -_MARGIN), 1.0 + _MARGIN
        at, along, step = start, self.direction(start, way), largest
        for _ in range(_LONGEST):
            new = self.stepped(at, along, step, way)
            after = self.direction(new, way)
            while not along @ after > _STRAIGHT and step > _SHORTEST:
                step *= 0.5
                new = self.stepped(at, along, step, way)
                after = self.direction(new, way)
            if not along @ after > _STRAIGHT or np.any(new < low) or np.any(new > high):
                return
            at, along, step = new, after, min(largest, 1.5 * step)
            yield at

    def stepped(self, at: Floats, along: Floats, step: float, way: float) -> Floats:
        """The point a step further, given the direction at its beginning."""
        second = self.direction(at + 0.5 * step * along, way)
        third = self.direction(at + 0.5 * step * second, way)
        last = self.direction(at + step * third, way)
        return np.asarray(at + step / 6.0 * (along + 2.0 * second + 2.0 * third + last))


def manifolds(flow: Flow, saddle: Floats, way: float) -> list[Floats]:
    """Both halves of a manifold of a saddle.

    Parameters
    ----------
    flow : Flow
        The field, and how far lines go.
    saddle : ndarray
        The saddle.
    way : float
        ``BACKWARD`` for the stable manifold, whose lines flow to the saddle and part what goes
        to one side from what goes to the other; ``FORWARD`` for the unstable one.

    Returns
    -------
    list of ndarray
        Points of each half, (points, 2), the saddle first.
    """
    slopes = flow.field.slopes(saddle[None])[0] * flow.width / flow.width[:, None]
    values, vectors = np.linalg.eig(slopes)
    along = np.real(vectors[:, np.argmax(way * values.real)])
    begin = flow.scaled(saddle)
    halves = []
    for sign in (1.0, -1.0):
        start = begin + sign * _AWAY * along / np.linalg.norm(along)
        points = np.array([begin, start, *flow.line(start, way, _STEP)])
        halves.append(flow.low + points * flow.width)
    return halves


def limit_cycle(flow: Flow, middle: Floats, way: float) -> Floats | None:
    """The limit cycle to which lines wind from an equilibrium.

    Parameters
    ----------
    flow : Flow
        The field, and how far lines go.
    middle : ndarray
        The equilibrium.
    way : float
        ``FORWARD`` from an unstable equilibrium, to a stable cycle; ``BACKWARD`` from a stable one.

    Returns
    -------
    ndarray or None
        Points of the cycle, (points, 2), the first one again at the end; None where there is none
        or the line needs long to get there.
    """
    centre, sizes = flow.scaled(middle), [0.0, 0.0]
    loop: list[Floats] = []
    start = centre + np.array([0.0, _NEAR])
    for before, after in itertools.pairwise(flow.line(start, way, _WINDING)):
        crossing = _crossing(flow, before, after, centre, way)
        if crossing:
            sizes.append(crossing)
            if _settled(*sizes[-3:]):
                return flow.low + np.array([*loop, loop[0]]) * flow.width
            loop = []
        loop.append(after)
    return None


def _crossing(flow: Flow, before: Floats, after: Floats, centre: Floats, way: float) -> float:
    """How far above a point a step passes it; zero if it does not."""
    beside = before[0] - centre[0], after[0] - centre[0]
    if beside[0] * beside[1] > 0.0 or beside[0] == beside[1] or before[1] < centre[1]:
        return 0.0
    steps = 0.0, float(np.linalg.norm(after - before))
    along, point = flow.direction(before, way), after
    for _ in range(_SECANTS):
        if beside[0] == beside[1]:
            break
        step = steps[1] - beside[1] * (steps[1] - steps[0]) / (beside[1] - beside[0])
        point = flow.stepped(before, along, step, way)
        steps, beside = (steps[1], step), (beside[1], point[0] - centre[0])
    return max(0.0, float(point[1] - centre[1]))


def _settled(first: float, second: float, third: float) -> bool:
    """Whether successive sizes have come close to a limit, as those of a geometric series do."""
    earlier, latest = abs(second - first), abs(third - second)
    if first == 0.0:
        return False
    return latest < _STILL or (latest < earlier and latest * earlier < _CLOSED * (earlier - latest))
