"""All roots of a function of one variable in an interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bounds = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From the ends of intervals to what the function cannot fall below or exceed in them."""

_PARTS: Final = 4000
_SPLITS: Final = 12
"""How often an interval is cut in eight in which a root cannot be ruled out."""
_MOST: Final = 200_000


def roots_between(
    function: Callable[[Any], Any], low: float, high: float, bounds: Bounds
) -> list[float]:
    """Roots of a continuous function in an interval, ascending.

    The interval is cut into parts, and parts in which bounds of the function rule out a root are
    dropped; the others are cut again, so that the search closes in on all roots. In what is left
    sign changes are bisected, and where the function approaches zero and turns back the turning
    point is looked for, so that a pair of roots close together is found too.

    Parameters
    ----------
    function : callable
        Of an array.
    low, high : float
        The interval.
    bounds : callable
        Lower and upper bounds of the function in intervals, given their ends.
    """
    edges = np.linspace(low, high, _PARTS + 1)
    begin, end = edges[:-1], edges[1:]
    for _ in range(_SPLITS):
        least, most = bounds(begin, end)
        kept = ~((least > 0.0) | (most < 0.0))
        begin, end = begin[kept], end[kept]
        if len(begin) * 8 > _MOST or not len(begin):
            break
        if np.max(end - begin) <= 1e-13 * max(abs(low), abs(high)):
            break
        cuts = begin[:, None] + (end - begin)[:, None] * (np.arange(9) / 8)
        cuts[:, -1] = end
        begin, end = cuts[:, :-1].reshape(-1), cuts[:, 1:].reshape(-1)
    roots: list[float] = []
    for first, last in _joined(begin, end):
        roots += _in_cluster(function, first, last)
    return _apart(sorted(roots), high - low)


def _joined(begin: Floats, end: Floats) -> list[tuple[float, float]]:
    """Intervals that touch as one."""
    found: list[list[float]] = []
    for first, last in zip(begin.tolist(), end.tolist(), strict=True):
        if found and first <= found[-1][1]:
            found[-1][1] = last
        else:
            found.append([first, last])
    return [(first, last) for first, last in found]


def _in_cluster(function: Callable[[Any], Any], low: float, high: float) -> list[float]:
    margin = 2.0 * (high - low) + 1e-15 * max(abs(low), abs(high))
    points = np.linspace(low - margin, high + margin, 201)
    values = np.asarray(function(points), dtype=float)
    size = np.abs(values)
    turning = 1 + np.flatnonzero((size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]))
    extra = [_nearest_zero(function, points[i - 1], points[i + 1]) for i in turning]
    corners = np.unique([*points, *extra])
    values = np.asarray(function(corners), dtype=float)
    roots = corners[values == 0.0].tolist()
    changes = np.flatnonzero(values[1:] * values[:-1] < 0.0)
    return roots + [_bisected(function, corners[i], corners[i + 1]) for i in changes]


def _bisected(function: Callable[[Any], Any], low: float, high: float) -> float:
    """The root between two points of different sign, to the last bit."""
    rising = function(high) > 0.0
    while low < (middle := 0.5 * (low + high)) < high:
        if (function(middle) > 0.0) == rising:
            high = middle
        else:
            low = middle
    return float(middle)


def _nearest_zero(function: Callable[[Any], Any], low: float, high: float) -> float:
    """Where, between two points, the modulus of the function is least."""
    sign = 1.0 if function(0.5 * (low + high)) > 0.0 else -1.0
    for _ in range(60):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if sign * function(first) < sign * function(second):
            high = second
        else:
            low = first
    return 0.5 * (low + high)


def _apart(roots: list[float], width: float) -> list[float]:
    """Roots that differ by more than rounding."""
    kept: list[float] = []
    for root in roots:
        if not kept or root - kept[-1] > 1e-12 * width:
            kept.append(root)
    return kept


def scaled(factor: float, interval: tuple[Any, Any]) -> tuple[Any, Any]:
    """A factor times all that lies in an interval."""
    ends = factor * interval[0], factor * interval[1]
    return np.minimum(*ends), np.maximum(*ends)


def added(*intervals: tuple[Any, Any]) -> tuple[Any, Any]:
    """Sums of what lies in some intervals."""
    return sum(each[0] for each in intervals), sum(each[1] for each in intervals)


def mapped(increasing: Callable[[Any], Any], interval: tuple[Any, Any]) -> tuple[Any, Any]:
    """Values of an increasing function in an interval."""
    return increasing(interval[0]), increasing(interval[1])
