"""Delayed coupling: what arrives at the inputs of a network out of the histories.

It is computed for a block of steps at once: while the smallest delay spans m steps, what arrives
in the next m steps left its source before the block began. A block is m + 1 points in time, since
Heun's second stage looks one step ahead; the first is the last one of the block before.

Pairs are kept in groups, each with blocks of its own, so that a few short delays do not make short
blocks for all. Within a group come first the dense connections, four sources at a time for every
target, left to right, sources ascending; then single pairs, sources ascending. Gathering one
number after the other, for blocks of one step, adds the same numbers in the same order.

Histories lie end to end, a row for each source, and so do the rows of `arrivals`, one for each
slot: eight places, the last of which is the block's first point, and then the points ahead,
rounded up to whole vectors.

Array indices are unsigned, because signed ones may count from the end, and the test for that
would keep the loops from being vectorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromass.kernels.barrier import wait
from neuromass.kernels.jit import njit
from neuromass.kernels.networks.by_address import ByAddress
from neuromass.kernels.networks.circuit import CHUNK, VECTOR
from neuromass.kernels.networks.tables import DELAY_GROUP, DENSE_BLOCK

THREADS, MET, STEP, POSITION, SYNC_LENGTH = range(1, 6)
"""Places in ``sync`` behind that of the barrier."""

_inner = njit(error_model="numpy", nogil=True)
_one, _two, _three, _four = (np.uint64(each) for each in range(1, 5))


def arrive_at(
    low: int, high: int, arrivals: Any, groups: Any, step: int, position: int, blocks: Any,
    weights: Any, offsets: Any, chunks: Any, pair_slots: Any, pair_offsets: Any,
    pair_weights: Any, history: Any, totals: Any,
) -> None:  # fmt: skip
    """What arrives at some slots, see `arrive`; it does not note that the blocks have begun.

    Parameters
    ----------
    low, high : int
        The first of the slots, the first of a chunk, and the one behind the last.
    """
    for t in range(groups.shape[0]):
        group = groups[t]
        if step < group["until"]:
            continue
        blocked, apart = group["blocked"] != 0, group["apart"]
        begin = _begin(arrivals, low, high, group, step, blocked)
        row = group["first"] - (VECTOR - 1) + begin
        first, last = chunks[t, low // CHUNK], chunks[t, -(-high // CHUNK)]
        if blocked:
            count, start = np.uint64(apart - begin), np.uint64(position + begin)
            _clear(arrivals, low, high, row, apart, apart - begin)
            for b in range(group["dense_begin"], group["dense_end"]):
                _add_dense(
                    low, high, arrivals, row, apart, count, start, blocks[b], weights, offsets,
                    history,
                )  # fmt: skip
            _add_pairs(
                arrivals, np.uint64(row), np.uint64(apart), count, start, np.uint64(first),
                np.uint64(last), pair_slots, pair_offsets, pair_weights, history,
            )  # fmt: skip
        else:
            for p in range(VECTOR + group["block"] - begin):
                here = np.uint64(position + begin + p)
                totals[low:high] = 0.0
                for b in range(group["dense_begin"], group["dense_end"]):
                    _gather_dense(low, high, totals, here, blocks[b], weights, offsets, history)
                for e in range(np.uint64(first), np.uint64(last)):
                    to, k = np.uint64(pair_slots[e]), np.uint64(pair_offsets[e]) + here
                    totals[to] = totals[to] + pair_weights[e] * history[k]
                for i in range(low, high):
                    arrivals[row + i * apart + p] = totals[i]


_arrive_at = _inner(arrive_at)


def arrive(
    slots: int, sync: Any, arrivals: Any, groups: Any, step: int, position: int, blocks: Any,
    weights: Any, offsets: Any, chunks: Any, pair_slots: Any, pair_offsets: Any,
    pair_weights: Any, history: Any, totals: Any,
) -> None:  # fmt: skip
    """What arrives at each slot in the next steps, for all groups whose block has ended.

    Parameters
    ----------
    slots : int
        The slots of this thread: from the first one to this one.
    sync : ndarray
        What threads tell each other: how often they have arrived at the barrier, how many there
        are, how often they have met, the step, and its position.
    arrivals : ndarray
        Rows of all slots, group by group.
    groups : ndarray of DELAY_GROUP
        The begin and end of their blocks are written here.
    step : int
        The present step.
    position : int
        How far the present has moved from the column for which the offsets hold.
    blocks : ndarray of DENSE_BLOCK
        The dense connections.
    weights, offsets : ndarray
        Strength, and place in `history` for the first of the eight places, of the dense
        connections: groups of four sources by targets by four.
    chunks : ndarray
        For each group where the pairs of every `CHUNK` slots begin, and where the last ones end.
    pair_slots, pair_offsets, pair_weights : ndarray
        Slot, offset and strength of all single pairs.
    history : ndarray
        The histories.
    totals : ndarray
        Room for a number for each slot.
    """
    threads = sync[THREADS]
    if threads > 1:
        sync[STEP], sync[POSITION], sync[MET] = step, position, sync[MET] + 2
        wait(sync, threads * (sync[MET] - 1))
    _arrive_at(
        0, slots, arrivals, groups, step, position, blocks, weights, offsets, chunks, pair_slots,
        pair_offsets, pair_weights, history, totals,
    )  # fmt: skip
    if threads > 1:
        wait(sync, threads * sync[MET])
    for t in range(groups.shape[0]):
        if step >= groups[t]["until"]:
            groups[t]["begun"], groups[t]["until"] = step, step + groups[t]["block"]


def arrive_along(
    low: int, high: int, sync: Any, arrivals: Any, groups: Any, blocks: Any, weights: Any,
    offsets: Any, chunks: Any, pair_slots: Any, pair_offsets: Any, pair_weights: Any,
    history: Any, totals: Any,
) -> None:  # fmt: skip
    """Do the part of a second thread in all that `arrive` does, until it is called off."""
    met, threads = 0, sync[THREADS]
    while wait(sync, threads * (met + 1)):
        _arrive_at(
            low, high, arrivals, groups, sync[STEP], sync[POSITION], blocks, weights, offsets,
            chunks, pair_slots, pair_offsets, pair_weights, history, totals,
        )  # fmt: skip
        met += 2
        wait(sync, threads * met)


@_inner
def _begin(arrivals: Any, low: int, high: int, group: Any, step: int, blocked: bool) -> int:
    """Where in its rows a block begins: behind the last point of the one before, if there is."""
    if step != group["until"]:
        return 0 if blocked else VECTOR - 1
    for i in range(low, high):
        point = group["first"] + i * group["apart"]
        arrivals[point] = arrivals[point + group["block"]]
    return VECTOR


@_inner
def _clear(arrivals: Any, low: int, high: int, row: int, apart: int, count: int) -> None:
    for i in range(low, high):
        for p in range(count):
            arrivals[row + i * apart + p] = 0.0


@_inner
def _add_dense(
    low: int, high: int, arrivals: Any, row: int, apart: int, count: Any, start: Any, block: Any,
    weights: Any, offsets: Any, history: Any,
) -> None:  # fmt: skip
    begin, end = max(low - block["slot"], 0), min(high - block["slot"], block["targets"])
    to, step = np.uint64(row + (block["slot"] + begin) * apart), np.uint64(apart)
    for four in range(block["fours"]):
        a, e = to, np.uint64(block["place"] + 4 * (four * block["targets"] + begin))
        for _ in range(begin, end):
            w0, w1, w2, w3 = weights[e], weights[e + _one], weights[e + _two], weights[e + _three]
            k0, k1 = np.uint64(offsets[e]) + start, np.uint64(offsets[e + _one]) + start
            k2, k3 = np.uint64(offsets[e + _two]) + start, np.uint64(offsets[e + _three]) + start
            for p in range(count):
                arrivals[a + p] = (
                    arrivals[a + p] + w0 * history[k0 + p] + w1 * history[k1 + p]
                    + w2 * history[k2 + p] + w3 * history[k3 + p]
                )  # fmt: skip
            a = a + step
            e = e + _four


@_inner
def _add_pairs(
    arrivals: Any, row: Any, apart: Any, count: Any, start: Any, begin: Any, end: Any,
    slots: Any, offsets: Any, weights: Any, history: Any,
) -> None:  # fmt: skip
    for e in range(begin, end):
        a, k, w = row + np.uint64(slots[e]) * apart, np.uint64(offsets[e]) + start, weights[e]
        for p in range(count):
            arrivals[a + p] = arrivals[a + p] + w * history[k + p]


@_inner
def _gather_dense(
    low: int, high: int, totals: Any, start: Any, block: Any, weights: Any, offsets: Any,
    history: Any,
) -> None:  # fmt: skip
    begin, end = max(low - block["slot"], 0), min(high - block["slot"], block["targets"])
    for four in range(block["fours"]):
        e = np.uint64(block["place"] + 4 * (four * block["targets"] + begin))
        for i in range(begin, end):
            k0, k1 = np.uint64(offsets[e]) + start, np.uint64(offsets[e + _one]) + start
            k2, k3 = np.uint64(offsets[e + _two]) + start, np.uint64(offsets[e + _three]) + start
            to = np.uint64(block["slot"] + i)
            totals[to] = (
                totals[to] + weights[e] * history[k0] + weights[e + _one] * history[k1]
                + weights[e + _two] * history[k2] + weights[e + _three] * history[k3]
            )  # fmt: skip
            e = e + _four


def remember(history: Any, position: int, flat: Any, traced: Any) -> None:
    """Write into the histories what is sent at present.

    Parameters
    ----------
    history : ndarray
        The histories.
    position : int
        As for `arrive`.
    flat : ndarray
        All values of the network.
    traced : ndarray
        For each history the place of what is sent, and that of the present in the history.
    """
    present = np.uint64(position)
    for i in range(traced.shape[0]):
        history[traced[i, 1] + present] = flat[traced[i, 0]]


def deliver(flat: Any, slots: Any, arrivals: Any, groups: Any, step: int, at: float) -> None:
    """Add what arrives at a stage, out of one group or two, to the inputs.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    slots : ndarray
        Places of the inputs.
    arrivals, groups, step : ndarray, ndarray, int
        As for `arrive`.
    at : float
        When: 0 at the beginning of the step, 1 at its end, else interpolated between the two.
    """
    two, one, last = groups.shape[0] > 1, groups[0], groups[groups.shape[0] - 1]
    ahead = 1 if at == 1.0 else 0
    point = np.uint64(one["first"] + step - one["begun"] + ahead)
    other = np.uint64(last["first"] + step - last["begun"] + ahead)
    apart, others_apart = np.uint64(one["apart"]), np.uint64(last["apart"])
    between = 0.0 < at < 1.0
    for i in range(slots.shape[0]):
        arrived = arrivals[point] + arrivals[other] if two else arrivals[point]
        if between:
            following = arrivals[point + _one]
            following = following + arrivals[other + _one] if two else following
            arrived = (1.0 - at) * arrived + at * following
        flat[slots[i]] = flat[slots[i]] + arrived
        point, other = point + apart, other + others_apart


_LINE, _WHOLE = "float64[::1]", "int32[::1]"
_COUPLING = (
    DENSE_BLOCK, _LINE, _WHOLE, "int64[:,::1]", _WHOLE, _WHOLE, _LINE, _LINE, _LINE,
)  # fmt: skip

SHARED = (
    ByAddress(remember, _LINE, "int64", _LINE, "uint64[:,::1]"),
    ByAddress(deliver, _LINE, "uint64[::1]", _LINE, DELAY_GROUP, "int64", "float64"),
    ByAddress(arrive, "int64", "int64[::1]", _LINE, DELAY_GROUP, "int64", "int64", *_COUPLING),
)

ALONG = ByAddress(arrive_along, "int64", "int64", "int64[::1]", _LINE, DELAY_GROUP, *_COUPLING)
"""For Python code, which starts it in threads of its own."""
