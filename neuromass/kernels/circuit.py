"""Coupling between the populations of a network: what all networks share.

Instantaneous coupling has three forms: a link goes from some lanes to one, a strip from
neighbouring lanes to neighbouring lanes, a matrix from all to all. Within a form, connections
are added in their order.

Delayed coupling is computed for a block of steps at once: while the smallest delay spans m
steps, what arrives in the next m steps left its source before the block began. The histories
lie as [source, time], and a block of times of four sources is added to each target's block,
left to right, sources ascending. The naive gather adds the same numbers in the same order.

These functions are compiled once, and loops call them by their address (see `far`): what they
contain is not compiled anew with every loop.

Array indices are unsigned, because signed ones may count from the end, and the test for that
would keep the loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neuromass.kernels import network_text
from neuromass.kernels.compiler import shared
from neuromass.kernels.far import Far
from neuromass.kernels.normals import fill_lanes

_inner = njit(error_model="numpy", nogil=True)
_inline = njit(error_model="numpy", nogil=True, forceinline=True)


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
        Points wanted. Whole vectors are computed, so that there is no remainder; those beyond
        come from what the history will hold later, and are never used.
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
    count = (points + 7) // 8 * 8 if blocked else points
    for slot in range(arrivals.shape[0]):
        for p in range(count):
            arrivals[slot, p] = 0.0
    for b in range(bundles.shape[0]):
        given = arrivals, count, position, bundles[b], weights, delays, rows, history
        if blocked:
            _dense_block(*given)
        else:
            _dense_gather(*given)
    for e in range(entries.shape[0]):
        slot, row, start = entries[e, 0], entries[e, 1], position - entries[e, 2]
        here, past = arrivals[slot], history[row]
        _add_one(here, past, np.uint64(count), np.uint64(start), entry_weights[e])


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
    arrivals: Any, points: int, position: int, bundle: Any, weights: Any, delays: Any, rows: Any,
    history: Any,
) -> None:  # fmt: skip
    slot, targets, sources, place, row = bundle[0], bundle[1], bundle[2], bundle[3], bundle[4]
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
    arrivals: Any, points: int, position: int, bundle: Any, weights: Any, delays: Any, rows: Any,
    history: Any,
) -> None:  # fmt: skip
    slot, targets, sources, place, row = bundle[0], bundle[1], bundle[2], bundle[3], bundle[4]
    for p in range(points):
        for j in range(sources):
            h = history[rows[row + j]]
            for i in range(targets):
                k = place + j * targets + i
                arriving = weights[k] * h[position + p - delays[k]]
                arrivals[slot + i, p] = arrivals[slot + i, p] + arriving


def fill_tiles(work: Any, start: int, rows: int, first: int, count: int, table: Any) -> None:
    """Lay the first rows of a table of lanes into the tiles of a kind, and fill up the last one.

    Parameters
    ----------
    work : ndarray
        All values of the network, rows by lanes.
    start, rows : int
        Row with which the kind's first tile begins, and rows of a tile.
    first, count : int
        Row of a tile for the table's first row, and how many there are.
    table : ndarray
        The table.
    """
    lanes = table.shape[1]
    for r in range(count):
        for i in range((lanes + 63) >> 6 << 6):
            work[start + (i >> 6) * rows + first + r, i & 63] = table[r, min(i, lanes - 1)]


def empty_tiles(work: Any, start: int, rows: int, first: int, count: int, table: Any) -> None:
    """Take rows of a table out of the tiles of a kind; see `fill_tiles`."""
    for r in range(count):
        for i in range(table.shape[1]):
            table[r, i] = work[start + (i >> 6) * rows + first + r, i & 63]


def fill_segments(work: Any, row: int, rows: int, segments: Any, step: int, source: int) -> None:
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


def mix_lanes(
    work: Any, row: int, rows: int, source: int, mixes: Any, factors: Any, spare: Any
) -> None:
    """Normals of lanes that are correlated, out of independent ones.

    Parameters
    ----------
    work, row, rows : ndarray, int, int
        As for `fill_segments`.
    source : int
        Place of the source among the kind's.
    mixes : ndarray
        For each correlated source of each member: place of the source, the kind's lane with
        which the member begins, lanes, place in `factors`.
    factors : ndarray
        Lower triangular factors, by column.
    spare : ndarray
        Room for the sums.
    """
    for m in range(mixes.shape[0]):
        if mixes[m, 0] != source:
            continue
        first, lanes, place = mixes[m, 1], mixes[m, 2], mixes[m, 3]
        for odd in range(2):
            for i in range(lanes):
                spare[i] = 0.0
            for j in range(lanes):
                here = first + j
                normal = work[row + odd + (here >> 6) * rows, here & 63]
                column = factors[place + j * lanes + j : place + (j + 1) * lanes]
                _add_scaled(spare[j:lanes], column, normal, np.uint64(lanes - j))
            for i in range(lanes):
                here = first + i
                work[row + odd + (here >> 6) * rows, here & 63] = spare[i]


@_inline
def _place(span: Any, at: int, lane: int) -> Any:
    """Where in the flat array a lane of a span lies.

    A span is three numbers: place of the row in the kind's first tile, distance from one
    tile to the next, and the kind's lane with which the span begins.
    """
    here = span[at + 2] + lane
    return span[at] + (here >> 6) * span[at + 1] + (here & 63)


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


def add_strips(flat: Any, strips: Any, stage: int, weights: Any) -> None:
    """Add what goes from neighbouring lanes (or from one) to neighbouring lanes.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    strips : ndarray
        For each strip its lanes, first target, first source, from one source to the next (1,
        or 0 for a single one), from the sources at the first stage to those at the second,
        place in `weights`.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths.
    """
    for n in range(strips.shape[0]):
        lanes, to, start = strips[n, 0], strips[n, 1], strips[n, 2] + stage * strips[n, 4]
        place = strips[n, 5]
        target, weight = flat[to : to + lanes], weights[place : place + lanes]
        if strips[n, 3] == 0:
            _add_scaled(target, weight, flat[start], np.uint64(lanes))
        else:
            _add_product(target, weight, flat[start : start + lanes], np.uint64(lanes))


@_inner
def _add_product(total: Any, row: Any, y: Any, count: Any) -> None:
    for i in range(count):
        total[i] = total[i] + row[i] * y[i]


@_inner
def _add_scaled(total: Any, row: Any, y: float, count: Any) -> None:
    for i in range(count):
        total[i] = total[i] + row[i] * y


def multiply_matrices(flat: Any, matrices: Any, stage: int, weights: Any, total: Any) -> None:
    """Add what dense connections without delay carry to their targets' inputs.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    matrices : ndarray
        For each connection its targets, sources, place in `weights`; the spans of the target's
        input and of the source at the first stage; from there to the source at the second.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths, sources by targets.
    total : ndarray
        Room for the sums.
    """
    for n in range(matrices.shape[0]):
        matrix = matrices[n]
        targets, sources, place = matrix[0], matrix[1], matrix[2]
        count = np.uint64(targets)
        for i in range(count):
            total[i] = 0.0
        for j in range(sources):
            y = flat[_place(matrix, 6, j) + stage * matrix[9]]
            row = weights[place + j * targets : place + (j + 1) * targets]
            _add_scaled(total, row, y, count)
        for i in range(targets):
            to = _place(matrix, 3, i)
            flat[to] = flat[to] + total[i]


@shared
def rewind(history: Any, plan: Any, place: int, keep: int) -> None:
    """Move the last columns of the histories to the front, to make room behind them."""
    position = plan[place]
    for row in range(history.shape[0]):
        for i in range(keep):
            history[row, i] = history[row, position - keep + 1 + i]
    plan[place] = keep - 1


_LINE, _TABLE, _INTS, _INT_TABLE = "float64[::1]", "float64[:,::1]", "int64[::1]", "int64[:,::1]"

_FAR = [
    Far(fill_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    Far(empty_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    Far(fill_segments, _TABLE, "int64", "int64", _INT_TABLE, "int64", "int64"),
    Far(mix_lanes, _TABLE, "int64", "int64", "int64", _INT_TABLE, _LINE, _LINE),
    Far(lay_outside, _LINE, _LINE, _INT_TABLE, "int64"),
    Far(add_strips, _LINE, _INT_TABLE, "int64", _LINE),
    Far(multiply_matrices, _LINE, _INT_TABLE, "int64", _LINE, _LINE),
    Far(
        arrive, _TABLE, "int64", "int64", "boolean", _INT_TABLE, _LINE, _INTS, _INTS, _INT_TABLE,
        _LINE, _TABLE,
    ),
]  # fmt: skip
_BY_NAME = {each.name: each for each in _FAR}

HELPERS = [_BY_NAME[name] for name in network_text.HELPERS]
"""What the loops call, in the order of the addresses that they are given."""
