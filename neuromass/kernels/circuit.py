"""What all networks share: the tiles, the noise, and coupling without delay.

Such coupling has three forms: a link goes from some lanes to one, a strip from neighbouring
lanes to neighbouring lanes, a matrix from all to all. Within a form, connections are added in
their order.

These functions are compiled once, and loops call them by their address (see `far`): what they
contain is not compiled anew with every loop.

Array indices are unsigned, because signed ones may count from the end, and the test for that
would keep the loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neuromass.kernels.far import Far
from neuromass.kernels.normals import fill_lanes

_inner = njit(error_model="numpy", nogil=True)
_inline = njit(error_model="numpy", nogil=True, forceinline=True)


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


def pass_gates(flat: Any, gates: Any, column: int) -> None:
    """What a gate lets through: its gain times what comes in.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    gates : ndarray
        For each gate the places of what passes, of what comes in at both stages, of the gain.
    column : int
        1 at the first stage, 2 at the second.
    """
    for i in range(gates.shape[0]):
        flat[gates[i, 0]] = flat[gates[i, column]] * flat[gates[i, 3]]


def add_links(flat: Any, links: Any, senders: Any, stage: int, weights: Any) -> None:
    """Add what some lanes send to one, for every such one.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    links : ndarray
        For each link its target, and where its senders begin and end.
    senders : ndarray
        Places of the senders, a line for each stage.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths.
    """
    for i in range(links.shape[0]):
        to = links[i, 0]
        total = flat[to]
        for p in range(links[i, 1], links[i, 2]):
            total = total + weights[p] * flat[senders[stage, p]]
        flat[to] = total


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


_LINE, _TABLE, _INTS = "float64[::1]", "float64[:,::1]", "int64[:,::1]"

SHARED = (
    Far(fill_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    Far(empty_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    Far(fill_segments, _TABLE, "int64", "int64", _INTS, "int64", "int64"),
    Far(mix_lanes, _TABLE, "int64", "int64", "int64", _INTS, _LINE, _LINE),
    Far(lay_outside, _LINE, _LINE, _INTS, "int64"),
    Far(pass_gates, _LINE, _INTS, "int64"),
    Far(add_links, _LINE, "uint64[:,::1]", "uint64[:,::1]", "int64", _LINE),
    Far(add_strips, _LINE, _INTS, "int64", _LINE),
    Far(multiply_matrices, _LINE, _INTS, "int64", _LINE, _LINE),
)
