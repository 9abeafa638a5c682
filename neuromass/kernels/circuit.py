"""Coupling between the populations of a network: what all networks share.

Delayed coupling is computed for a block of steps at once: while the smallest delay spans m
steps, what arrives in the next m steps left its source before the block began. The histories
lie as [source, time], and a block of times of four sources is added to each target's block,
left to right, sources ascending. The naive gather adds the same numbers in the same order.

Array indices are unsigned, because signed ones may count from the end, and the test for that
would keep the loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neuromass.kernels.compiler import shared
from neuromass.kernels.normals import fill_lanes

_inner = njit(error_model="numpy", nogil=True)
_inline = njit(error_model="numpy", nogil=True, forceinline=True)

GATHER, BLOCK = 0, 1
"""How arrivals are computed."""


@shared
def arrive(
    arrivals: Any, points: int, position: int, blocked: bool, bundles: Any,
    weights: Any, delays: Any, rows: Any, entries: Any, entry_weights: Any, history: Any,
) -> None:  # fmt: skip
    """What arrives at each slot at the next points in time, the present one being the first.

    Parameters
    ----------
    arrivals : ndarray
        Slots by points; overwritten.
    points : int
        Points wanted.
    position : int
        Column of the history that holds the present.
    blocked : bool
        Whether to go through blocks or to gather one number after the other.
    bundles : ndarray
        For each dense connection: first slot, targets, sources, place in `weights`, place in
        `rows`.
    weights, delays : ndarray
        Strength and delay in steps of the dense connections, sources by targets.
    rows : ndarray
        Rows of the history of their sources.
    entries, entry_weights : ndarray
        Slot, row and delay of every pair of the sparse connections, and its strength.
    history : ndarray
        Rows by times.
    """
    for slot in range(arrivals.shape[0]):
        for p in range(points):
            arrivals[slot, p] = 0.0
    for b in range(bundles.shape[0]):
        slot, targets, sources = bundles[b, 0], bundles[b, 1], bundles[b, 2]
        place, row = bundles[b, 3], bundles[b, 4]
        if blocked:
            _dense_block(arrivals, points, position, slot, targets, sources, place, row, weights, delays, rows, history)
        else:
            _dense_gather(arrivals, points, position, slot, targets, sources, place, row, weights, delays, rows, history)
    for e in range(entries.shape[0]):
        slot, row, delay = entries[e, 0], entries[e, 1], entries[e, 2]
        _add_one(arrivals[slot], history[row], np.uint64(points), np.uint64(position - delay), entry_weights[e])


@_inner
def _add_one(a: Any, h: Any, points: Any, start: Any, weight: float) -> None:
    for p in range(points):
        a[p] = a[p] + weight * h[start + p]


@_inner
def _add_four(
    a: Any, h0: Any, h1: Any, h2: Any, h3: Any, points: Any,
    t0: Any, t1: Any, t2: Any, t3: Any, w0: float, w1: float, w2: float, w3: float,
) -> None:  # fmt: skip
    for p in range(points):
        a[p] = a[p] + w0 * h0[t0 + p] + w1 * h1[t1 + p] + w2 * h2[t2 + p] + w3 * h3[t3 + p]


@_inner
def _dense_block(
    arrivals: Any, points: int, position: int, slot: int, targets: int, sources: int,
    place: int, row: int, weights: Any, delays: Any, rows: Any, history: Any,
) -> None:  # fmt: skip
    count = np.uint64(points)
    fours = sources - sources % 4
    for j in range(0, fours, 4):
        h0, h1 = history[rows[row + j]], history[rows[row + j + 1]]
        h2, h3 = history[rows[row + j + 2]], history[rows[row + j + 3]]
        for i in range(targets):
            p0 = place + j * targets + i
            p1, p2, p3 = p0 + targets, p0 + 2 * targets, p0 + 3 * targets
            _add_four(
                arrivals[slot + i], h0, h1, h2, h3, count,
                np.uint64(position - delays[p0]), np.uint64(position - delays[p1]),
                np.uint64(position - delays[p2]), np.uint64(position - delays[p3]),
                weights[p0], weights[p1], weights[p2], weights[p3],
            )  # fmt: skip
    for j in range(fours, sources):
        h0 = history[rows[row + j]]
        for i in range(targets):
            p0 = place + j * targets + i
            _add_one(arrivals[slot + i], h0, count, np.uint64(position - delays[p0]), weights[p0])


@_inner
def _dense_gather(
    arrivals: Any, points: int, position: int, slot: int, targets: int, sources: int,
    place: int, row: int, weights: Any, delays: Any, rows: Any, history: Any,
) -> None:  # fmt: skip
    for p in range(points):
        for j in range(sources):
            h = history[rows[row + j]]
            for i in range(targets):
                k = place + j * targets + i
                arrivals[slot + i, p] = arrivals[slot + i, p] + weights[k] * h[position + p - delays[k]]


@shared
def fill_segments(
    work: Any, row: int, rows: int, segments: Any, step: int, source: int
) -> None:
    """Normals of all members of a kind, an even step's in one row of each tile, the odd one's next.

    Parameters
    ----------
    work : ndarray
        All values of the network, rows by lanes.
    row : int
        Row of the even step in the kind's first tile.
    rows : int
        Rows of a tile.
    segments : ndarray
        For each member's part of a tile: tile, first lane in it, lanes, number of the first
        lane, two words of the seed.
    step : int
        The step.
    source : int
        Number of the source.
    """
    for s in range(segments.shape[0]):
        tile, first, width = segments[s, 0], segments[s, 1], segments[s, 2]
        even = work[row + tile * rows, first : first + width]
        odd = work[row + tile * rows + 1, first : first + width]
        fill_lanes(even, odd, width, step, segments[s, 3], source, segments[s, 4], segments[s, 5])


@_inline
def _place(span: Any, at: int, lane: int) -> Any:
    """Where in the flat array a lane of a span lies.

    A span is three numbers: place of the row in the kind's first tile, distance from one
    tile to the next, and the kind's lane with which the span begins.
    """
    here = span[at + 2] + lane
    return span[at] + (here // 64) * span[at + 1] + here % 64


@shared
def lay_outside(flat: Any, drive: Any, layout: Any, k: int) -> None:
    """External inputs of a step that change from step to step.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    drive : ndarray
        Inputs of all steps.
    layout : ndarray
        For each input that changes: start in `drive`, from one step to the next, from one
        lane to the next, lanes; the span of the row in which external inputs are kept; how
        far behind it the row lies in which inputs are summed.
    k : int
        The step, counted from the first in `drive`.
    """
    for i in range(layout.shape[0]):
        here = layout[i, 0] + k * layout[i, 1]
        for j in range(layout[i, 3]):
            to = _place(layout[i], 4, j)
            flat[to] = drive[here + j * layout[i, 2]]
            flat[to + layout[i, 7]] = flat[to]


@shared
def multiply_matrix(flat: Any, matrix: Any, stage: int, weights: Any, total: Any) -> None:
    """Add what one dense connection without delay carries to its target's input.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    matrix : ndarray
        Targets, sources, place in `weights`; the spans of the target's input, of the source
        at the first stage and at the second.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths, sources by targets.
    total : ndarray
        Room for the sums.
    """
    targets, sources, place = matrix[0], matrix[1], matrix[2]
    count = np.uint64(targets)
    for i in range(count):
        total[i] = 0.0
    for j in range(sources):
        y = flat[_place(matrix, 6 + 3 * stage, j)]
        _add_scaled(total, weights[place + j * targets : place + (j + 1) * targets], y, count)
    for i in range(targets):
        to = _place(matrix, 3, i)
        flat[to] = flat[to] + total[i]


@_inner
def _add_scaled(total: Any, row: Any, y: float, count: Any) -> None:
    for i in range(count):
        total[i] = total[i] + row[i] * y


@shared
def take_samples(
    flat: Any, items: Any, samples: Any, totals: Any, sample: int, average: bool, every: int,
    complete: bool,
) -> None:  # fmt: skip
    """Write (or add up) what is recorded at the end of a step.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    items : ndarray
        For each recorded trace: lanes, place in `samples`, place in `totals`, and its span.
    samples, totals : ndarray
        Where traces and unfinished means are kept.
    sample : int
        Number of the sample.
    average, every, complete : bool, int, bool
        Whether means are wanted, over how many steps, and whether those are complete.
    """
    for n in range(items.shape[0]):
        lanes, begin, rest = items[n, 0], items[n, 1], items[n, 2]
        for i in range(lanes):
            value = flat[_place(items[n], 3, i)]
            if average:
                totals[rest + i] += value
                if complete:
                    samples[begin + sample * lanes + i] = totals[rest + i] / every
                    totals[rest + i] = 0.0
            else:
                samples[begin + sample * lanes + i] = value


@shared
def rewind(history: Any, plan: Any, place: int, keep: int) -> None:
    """Move the last columns of the histories to the front, to make room behind them."""
    position = plan[place]
    for row in range(history.shape[0]):
        for i in range(keep):
            history[row, i] = history[row, position - keep + 1 + i]
    plan[place] = keep - 1
