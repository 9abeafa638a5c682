"""Curves on which n equations in n + 1 numbers hold, by pseudo-arclength continuation.

A point is predicted along the tangent and corrected in the plane across it, so that curves are
followed around folds (H. B. Keller, Numerical solution of bifurcation and nonlinear eigenvalue
problems, 1977; E. Doedel, H. B. Keller and J. P. Kernevez, Int. J. Bifurcation Chaos 1, 493,
1991, https://doi.org/10.1142/S0218127491000397).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLOSE: Final = 1e-11
"""Newton steps below this length have arrived."""
_ROUNDING: Final = 1e-8
"""The same where they no longer become shorter."""
_NEWTON: Final = 7
"""Newton steps at most."""
_STRAIGHT: Final = 0.97
"""Cosine of the angle by which a curve may turn in one step."""
_NEARLY: Final = 0.995
"""The same below which the next step is not longer."""
_BRINK: Final = 1e-3
"""Part of the longest step from which the end of a curve counts as reached."""
CLOSED: Final = "the curve is closed"
_SMALLEST: Final = 1e-7
"""Shortest step."""


class Zeros(Protocol):
    """Equations that hold on a curve; the numbers are scaled so that 1 is large."""

    def residual(self, at: Floats) -> Floats:
        """What has to be zero, (n,)."""

    def derivative(self, at: Floats) -> Any:
        """Its derivatives, (n, n + 1), dense or sparse."""

    def reaches(self, at: Floats) -> str:
        """Why the curve does not go on to a point; empty if it does."""

    def adapted(self, point: Point) -> tuple[Zeros, Point]:
        """The equations as they are best written near a point, and the point in them."""


@dataclass(frozen=True, eq=False)
class Point:
    """A point of a curve.

    Attributes
    ----------
    at : ndarray
        Its numbers.
    tangent : ndarray
        The direction of the curve, of length 1.
    """

    at: Floats
    tangent: Floats


@dataclass
class Path:
    """What was followed.

    Attributes
    ----------
    points : list of Point
        Points, the first one included.
    equations : list of Zeros
        The equations as they are written at each point.
    steps : list of tuple
        For each step the equations, and the points before and after it in these.
    end : str
        Why it ended.
    """

    points: list[Point]
    equations: list[Zeros]
    steps: list[tuple[Zeros, Point, Point]] = field(default_factory=list)
    end: str = ""

    def add(self, zeros: Zeros, here: Point, new: Point) -> None:
        """Go on to a new point."""
        self.steps.append((zeros, here, new))
        equations, point = zeros.adapted(new)
        self.equations.append(equations)
        self.points.append(point)

    def distance(self) -> float:
        """How far the last point is from the first; infinite where their numbers differ."""
        first, last = self.points[0].at, self.points[-1].at
        return float(np.linalg.norm(last - first)) if len(first) == len(last) else np.inf


def solve(matrix: Any, right: Floats) -> Floats:
    """Solution of linear equations; NaN where there is none."""
    if isinstance(matrix, np.ndarray):
        try:
            return np.asarray(np.linalg.solve(matrix, right), dtype=float)
        except np.linalg.LinAlgError:
            return np.full(right.shape, np.nan)
    from scipy.sparse.linalg import splu  # noqa: PLC0415

    try:
        return np.asarray(splu(matrix.tocsc()).solve(right), dtype=float)
    except RuntimeError:  # exactly singular
        return np.full(right.shape, np.nan)


def bordered(matrix: Any, row: Floats) -> Any:
    """A matrix with one more row."""
    if isinstance(matrix, np.ndarray):
        return np.vstack([matrix, row])
    from scipy import sparse  # noqa: PLC0415

    return sparse.vstack([matrix, sparse.csr_array(row[None])])


def corrected(zeros: Zeros, guess: Floats, across: Floats) -> tuple[Floats | None, int]:
    """The point of a curve in the plane through a guess, and the Newton steps it took."""
    at, last = guess, np.inf
    for count in range(1, _NEWTON + 1):
        with np.errstate(all="ignore"):
            right = np.append(zeros.residual(at), across @ (at - guess))
            matrix = bordered(zeros.derivative(at), across)
        if not np.isfinite(right).all():
            return None, count
        step = solve(matrix, right)
        if not np.isfinite(step).all():
            return None, count
        at, size = at - step, float(np.max(np.abs(step)))
        if size < _CLOSE or (last < _ROUNDING and size > 0.5 * last):
            return at, count
        last = size
    return None, _NEWTON


def tangent_at(zeros: Zeros, at: Floats, along: Floats) -> Floats:
    """The direction of a curve at a point, on the side of another direction."""
    end = np.zeros(len(at))
    end[-1] = 1.0
    tangent = solve(bordered(zeros.derivative(at), along), end)
    return tangent / np.linalg.norm(tangent)


def at_parameter(zeros: Zeros, guess: Floats, parameter: float) -> Point | None:
    """The point of a curve at a value of its last number, close to a guess."""
    across = np.zeros(len(guess))
    across[-1] = 1.0
    place, _ = corrected(zeros, np.append(guess[:-1], parameter), across)
    return None if place is None else Point(place, tangent_at(zeros, place, across))


def follow(
    zeros: Zeros,
    start: Point,
    *,
    largest: float,
    most: int = 4000,
    acceptable: Callable[[Zeros, Point, Point], bool] = lambda zeros, before, after: True,
) -> Path:
    """Follow a curve from a point, in the direction of its tangent.

    Parameters
    ----------
    zeros : Zeros
        The equations.
    start : Point
        A point on the curve.
    largest : float
        Longest step.
    most : int
        Points at most.
    acceptable : callable
        Whether a step from one point to the next is short enough for what is looked at.
    """
    path = Path([start], [zeros])
    step = 0.1 * largest
    away = False  # whether it has been away from its beginning, to which a closed curve returns
    while len(path.points) < most:
        zeros, here = path.equations[-1], path.points[-1]
        new, count = _next(zeros, here, step)
        if new is None or (step > 4.0 * _SMALLEST and not acceptable(zeros, here, new)):
            step *= 0.5
            if step < _SMALLEST:
                path.end = "the correction no longer converges"
                return path
            continue
        reason = zeros.reaches(new.at)
        if reason and step > _BRINK * largest:  # come close to the end before stopping there
            step *= 0.5
            continue
        if reason:
            path.end = reason
            return path
        path.add(zeros, here, new)
        distance = path.distance()
        away = away or distance > 3.0 * largest
        if away and distance < step and new.tangent @ start.tangent > _STRAIGHT:
            path.end = CLOSED
            return path
        if count <= 3 and new.tangent @ here.tangent > _NEARLY:
            step = min(1.6 * step, largest)
        elif count > 4:
            step *= 0.7
    path.end = f"{most} points were taken"
    return path


def _next(zeros: Zeros, here: Point, step: float) -> tuple[Point | None, int]:
    """The point a step further, unless the curve turns too much in it; and the Newton steps."""
    found, count = corrected(zeros, here.at + step * here.tangent, here.tangent)
    if found is None:
        return None, count
    new = Point(found, tangent_at(zeros, found, here.tangent))
    straight = new.tangent @ here.tangent > (_STRAIGHT if step > 4.0 * _SMALLEST else 0.0)
    return (new if straight else None), count


def between(
    zeros: Zeros, before: Point, after: Point, test: Callable[[Zeros, Point], float]
) -> Point | None:
    """The point between two points of a curve at which a test function is zero.

    Parameters
    ----------
    zeros : Zeros
        The equations.
    before, after : Point
        Where the test function has different signs.
    test : callable
        Continuous along the curve.
    """
    from scipy.optimize import brentq  # noqa: PLC0415

    length = float(before.tangent @ (after.at - before.at))
    found: dict[float, Point] = {0.0: before, length: after}

    def at(distance: float) -> Point:
        if distance not in found:
            part = distance / length
            guess = (1.0 - part) * before.at + part * after.at
            place, _ = corrected(zeros, guess, before.tangent)
            if place is None:
                raise ArithmeticError
            found[distance] = Point(place, tangent_at(zeros, place, before.tangent))
        return found[distance]

    try:
        root = brentq(lambda s: test(zeros, at(s)), 0.0, length, xtol=1e-14, rtol=1e-14)
        return at(float(root))
    except (ArithmeticError, ValueError):
        return None
