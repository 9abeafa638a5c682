"""In which parts a sweep is done, and in what order."""

from __future__ import annotations

from typing import Final

import numpy as np

from neuromass.sweeps.batches import Batch, Ints
from neuromass.sweeps.points import Points

DIRECTIONS: Final = ("up", "down", "both")

_LANES: Final = 4096
"""Lanes of a batch, at most."""

_BATCHES: Final = 16
"""How many batches there are at least, if there are enough points: work for all cores."""

_NUMBERS: Final = 1 << 25
"""Numbers that a batch keeps of traces, at most, where a measure needs them whole."""


def batches(
    points: Points, follow: str | None, direction: str, lanes: int, kept: int
) -> list[Batch]:
    """The parts, which follow from what is asked alone, not from who does it.

    Parameters
    ----------
    points : Points
        The points.
    follow : str or None
        The key along which a point begins where its neighbour ended.
    direction : {"up", "down", "both"}
        How that is walked through.
    lanes : int
        Lanes of a point, if points are lanes of one system; else 0.
    kept : int
        Numbers that are kept of each point.
    """
    table = walks(points, follow, direction)
    columns = table.shape[1]
    size = -(-columns // _BATCHES)
    if lanes:
        size = min(-(-size // 8) * 8, max(8, _LANES // lanes))
    size = max(1, min(size, _NUMBERS // max(1, kept)))
    starts = range(0, columns, size)
    return [Batch(i, first, table[:, first : first + size]) for i, first in enumerate(starts)]


def walks(points: Points, follow: str | None, direction: str) -> Ints:
    """Numbers of points, (runs, columns): each column is walked through by one system.

    Points that are gone through both ways have two numbers, the second one higher by the number
    of all points.
    """
    numbers: Ints = np.arange(points.count, dtype=np.int64)
    if follow is None:
        return numbers[np.newaxis]
    names = [each.key.name for each in points.axes]
    axis = names.index(follow) if points.is_grid else 0
    up = np.moveaxis(numbers.reshape(points.shape), axis, 0).reshape(points.shape[axis], -1)
    values = next(each.values for each in points.axes if each.key.name == follow)
    up = up[np.argsort(values, kind="stable")]
    return {
        "up": up,
        "down": up[::-1],
        "both": np.concatenate([up, up[::-1] + points.count]),
    }[direction]
