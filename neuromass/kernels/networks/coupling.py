"""What all networks share: the tiles, the noise, and coupling without delay.

Such coupling has three forms: a link goes from some lanes to one, a strip from neighbouring
lanes to neighbouring lanes, a matrix from all to all. Within a form, connections are added in
their order.

These functions are compiled once, and loops call them by their address (see `by_address`): what
they contain is not compiled anew with every loop.

Array indices are unsigned, because signed ones may count from the end, and the test for that
would keep the loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromass.kernels.jit import njit
from neuromass.kernels.networks.by_address import ByAddress
from neuromass.kernels.networks.tables import FEED, GATE, LINK, MATRIX, MIX, STREAM, STRIP
from neuromass.kernels.normals import fill_lanes, fill_steps

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


def fill_streams(work: Any, row: int, rows: int, streams: Any, step: int, source: int) -> None:
    """Normals of all members of a kind, an even step's in one row of each tile, the odd one's next.

    Parameters
    ----------
    work : ndarray
        All values of the network, rows by lanes.
    row : int
        Row of the even step in the kind's first tile.
    rows : int
        Rows of a tile.
    streams : ndarray of STREAM
        Which lanes draw under which seed and number.
    step : int
        The step.
    source : int
        Number of the source.
    """
    for s in range(streams.shape[0]):
        part = streams[s]
        tile, first, width = part["tile"], part["first"], part["width"]
        even = work[row + tile * rows, first : first + width]
        odd = work[row + tile * rows + 1, first : first + width]
        fill_lanes(even, odd, width, step, part["lane"], source, part["key0"], part["key1"])


def mix_lanes(
    work: Any, row: int, rows: int, source: int, mixes: Any, factors: Any, spare: Any
) -> None:
    """Normals of lanes that are correlated, out of independent ones.

    Parameters
    ----------
    work, row, rows : ndarray, int, int
        As for `fill_streams`.
    source : int
        Place of the source among the kind's.
    mixes : ndarray of MIX
        The correlated sources of all members.
    factors : ndarray
        Lower triangular factors, by column.
    spare : ndarray
        Room for the sums.
    """
    for m in range(mixes.shape[0]):
        if mixes[m]["source"] != source:
            continue
        first, lanes, place = mixes[m]["lane"], mixes[m]["lanes"], mixes[m]["place"]
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
def _place(base: int, across: int, first: int, lane: int) -> Any:
    """Where in the flat array a lane of a span lies; see `tables`."""
    here = first + lane
    return base + (here >> 6) * across + (here & 63)


def lay_outside(flat: Any, drive: Any, feeds: Any, k: int) -> None:
    """External inputs of a step that change from step to step.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    drive : ndarray
        Inputs of all steps.
    feeds : ndarray of FEED
        The inputs that change.
    k : int
        The step, counted from the first in `drive`.
    """
    for i in range(feeds.shape[0]):
        feed = feeds[i]
        here = feed["start"] + k * feed["per_step"]
        for j in range(feed["lanes"]):
            to = _place(feed["base"], feed["across"], feed["lane"], j)
            flat[to] = drive[here + j * feed["per_lane"]]
            flat[to + feed["to_sum"]] = flat[to]


def pass_gates(flat: Any, gates: Any, stage: int) -> None:
    """What a gate lets through: its gain times what comes in.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    gates : ndarray of GATE
        The gates.
    stage : int
        Which stage: 0 or 1.
    """
    for i in range(gates.shape[0]):
        gate = gates[i]
        coming = gate["first"] if stage == 0 else gate["second"]
        flat[gate["passed"]] = flat[coming] * flat[gate["gain"]]


def add_links(flat: Any, links: Any, senders: Any, stage: int, weights: Any) -> None:
    """Add what some lanes send to one, for every such one.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    links : ndarray of LINK
        Targets and their senders.
    senders : ndarray
        Places of the senders, a line for each stage.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths.
    """
    for i in range(links.shape[0]):
        to = links[i]["target"]
        total = flat[to]
        for p in range(links[i]["begin"], links[i]["end"]):
            total = total + weights[p] * flat[senders[stage, p]]
        flat[to] = total


def add_strips(flat: Any, strips: Any, stage: int, weights: Any) -> None:
    """Add what goes from neighbouring lanes (or from one) to neighbouring lanes.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    strips : ndarray of STRIP
        The strips.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths.
    """
    for n in range(strips.shape[0]):
        strip = strips[n]
        lanes, to, place = strip["lanes"], strip["to"], strip["place"]
        start = strip["start"] + stage * strip["shift"]
        target, weight = flat[to : to + lanes], weights[place : place + lanes]
        if strip["per_lane"] == 0:
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
    matrices : ndarray of MATRIX
        The connections.
    stage : int
        Which stage: 0 or 1.
    weights : ndarray
        Strengths, sources by targets.
    total : ndarray
        Room for the sums.
    """
    for n in range(matrices.shape[0]):
        matrix = matrices[n]
        targets, sources, place = matrix["targets"], matrix["sources"], matrix["place"]
        count = np.uint64(targets)
        for i in range(count):
            total[i] = 0.0
        for j in range(sources):
            at = _place(matrix["base_from"], matrix["across_from"], matrix["lane_from"], j)
            y = flat[at + stage * matrix["shift"]]
            row = weights[place + j * targets : place + (j + 1) * targets]
            _add_scaled(total, row, y, count)
        for i in range(targets):
            to = _place(matrix["base"], matrix["across"], matrix["lane"], i)
            flat[to] = flat[to] + total[i]


def fill_one_lane(
    normals: Any, row: int, step: int, count: int, lane: int, source: int, key0: int, key1: int
) -> None:
    """Normals of one lane in its next steps; see `normals.fill_steps`.

    Parameters
    ----------
    normals : ndarray
        A row for each source.
    row : int
        Which of them.
    step, count : int
        The present step, and how many are to be taken.
    lane, source, key0, key1 : int
        Numbers of the lane and of the source, and two words of the seed.
    """
    fill_steps(normals, row, step, count, lane, source, key0, key1)


_LINE, _TABLE = "float64[::1]", "float64[:,::1]"

SHARED = (
    ByAddress(fill_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    ByAddress(empty_tiles, _TABLE, "int64", "int64", "int64", "int64", _TABLE),
    ByAddress(fill_streams, _TABLE, "int64", "int64", STREAM, "int64", "int64"),
    ByAddress(mix_lanes, _TABLE, "int64", "int64", "int64", MIX, _LINE, _LINE),
    ByAddress(lay_outside, _LINE, _LINE, FEED, "int64"),
    ByAddress(pass_gates, _LINE, GATE, "int64"),
    ByAddress(add_links, _LINE, LINK, "uint64[:,::1]", "int64", _LINE),
    ByAddress(add_strips, _LINE, STRIP, "int64", _LINE),
    ByAddress(multiply_matrices, _LINE, MATRIX, "int64", _LINE, _LINE),
    ByAddress(fill_one_lane, _TABLE, *("int64",) * 7),
)
