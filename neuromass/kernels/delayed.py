"""Delayed coupling: what arrives at the inputs of a network out of the histories.

It is computed for a block of steps at once: while the smallest delay spans m steps, what arrives
in the next m steps left its source before the block began. A block is m + 1 points in time, since
Heun's second stage looks one step ahead; the first is the last one of the block before.

Pairs are kept in tiers, each with blocks of its own, so that a few short delays do not make short
blocks for all. Within a tier come first the dense connections, four sources at a time for every
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
from numba import njit

from neuromass.kernels.far import Far
from neuromass.kernels.kinds import (
    APART,
    BEGUN,
    BLOCK,
    BLOCKED,
    BUNDLES,
    BUNDLES_END,
    FIRST,
    PAIRS,
    PAIRS_END,
    UNTIL,
    VECTOR,
)

_inner = njit(error_model="numpy", nogil=True)
_one, _two, _three, _four = (np.uint64(each) for each in range(1, 5))


def arrive(
    arrivals: Any, slots: int, tiers: Any, step: int, position: int, bundles: Any, weights: Any,
    offsets: Any, pair_slots: Any, pair_offsets: Any, pair_weights: Any, history: Any, totals: Any,
) -> None:  # fmt: skip
    """What arrives at each slot in the next steps, for all tiers whose block has ended.

    Parameters
    ----------
    arrivals : ndarray
        Rows of all slots, tier by tier.
    slots : int
        How many slots there are.
    tiers : ndarray
        See `kinds`; the begin and end of blocks are written here.
    step : int
        The present step.
    position : int
        How far the present has moved from the column for which the offsets hold.
    bundles : ndarray
        For each dense connection: first slot, targets, groups of four sources, place in `weights`.
    weights, offsets : ndarray
        Strength, and place in `history` for the first of the eight places, of the dense
        connections: groups by targets by four.
    pair_slots, pair_offsets, pair_weights : ndarray
        The same of all single pairs.
    history : ndarray
        The histories.
    totals : ndarray
        Room for a number for each slot.
    """
    for t in range(tiers.shape[0]):
        tier = tiers[t]
        if step < tier[UNTIL]:
            continue
        blocked = tier[BLOCKED] != 0
        begin = _begin(arrivals, slots, tier, step, blocked)
        row, apart = tier[FIRST] - (VECTOR - 1) + begin, tier[APART]
        pairs, pairs_end = np.uint64(tier[PAIRS]), np.uint64(tier[PAIRS_END])
        if blocked:
            count, start = np.uint64(apart - begin), np.uint64(position + begin)
            _clear(arrivals, slots, row, apart, apart - begin)
            for b in range(tier[BUNDLES], tier[BUNDLES_END]):
                to, each = np.uint64(row + bundles[b, 0] * apart), bundles[b]
                _add_bundle(
                    arrivals, to, np.uint64(apart), count, start, each, weights, offsets, history
                )
            _add_pairs(
                arrivals, np.uint64(row), np.uint64(apart), count, start, pairs, pairs_end,
                pair_slots, pair_offsets, pair_weights, history,
            )  # fmt: skip
        else:
            for p in range(VECTOR + tier[BLOCK] - begin):
                here = np.uint64(position + begin + p)
                totals[:slots] = 0.0
                for b in range(tier[BUNDLES], tier[BUNDLES_END]):
                    _gather_bundle(totals, here, bundles[b], weights, offsets, history)
                for e in range(pairs, pairs_end):
                    to, k = np.uint64(pair_slots[e]), np.uint64(pair_offsets[e]) + here
                    totals[to] = totals[to] + pair_weights[e] * history[k]
                for i in range(slots):
                    arrivals[row + i * apart + p] = totals[i]
        tier[BEGUN], tier[UNTIL] = step, step + tier[BLOCK]


@_inner
def _begin(arrivals: Any, slots: int, tier: Any, step: int, blocked: bool) -> int:
    """Where in its rows a block begins: behind the last point of the one before, if there is."""
    if step != tier[UNTIL]:
        return 0 if blocked else VECTOR - 1
    for i in range(slots):
        point = tier[FIRST] + i * tier[APART]
        arrivals[point] = arrivals[point + tier[BLOCK]]
    return VECTOR


@_inner
def _clear(arrivals: Any, slots: int, row: int, apart: int, count: int) -> None:
    for i in range(slots):
        for p in range(count):
            arrivals[row + i * apart + p] = 0.0


@_inner
def _add_bundle(
    arrivals: Any, to: Any, apart: Any, count: Any, start: Any, bundle: Any, weights: Any,
    offsets: Any, history: Any,
) -> None:  # fmt: skip
    targets, groups, e = np.uint64(bundle[1]), np.uint64(bundle[2]), np.uint64(bundle[3])
    for _ in range(groups):
        a = to
        for _ in range(targets):
            w0, w1, w2, w3 = weights[e], weights[e + _one], weights[e + _two], weights[e + _three]
            k0, k1 = np.uint64(offsets[e]) + start, np.uint64(offsets[e + _one]) + start
            k2, k3 = np.uint64(offsets[e + _two]) + start, np.uint64(offsets[e + _three]) + start
            for p in range(count):
                arrivals[a + p] = (
                    arrivals[a + p] + w0 * history[k0 + p] + w1 * history[k1 + p]
                    + w2 * history[k2 + p] + w3 * history[k3 + p]
                )  # fmt: skip
            a = a + apart
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
def _gather_bundle(
    totals: Any, start: Any, bundle: Any, weights: Any, offsets: Any, history: Any
) -> None:
    slot, targets = np.uint64(bundle[0]), np.uint64(bundle[1])
    groups, e = np.uint64(bundle[2]), np.uint64(bundle[3])
    for _ in range(groups):
        for i in range(targets):
            k0, k1 = np.uint64(offsets[e]) + start, np.uint64(offsets[e + _one]) + start
            k2, k3 = np.uint64(offsets[e + _two]) + start, np.uint64(offsets[e + _three]) + start
            totals[slot + i] = (
                totals[slot + i] + weights[e] * history[k0] + weights[e + _one] * history[k1]
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


def deliver(
    flat: Any, slots: Any, arrivals: Any, tiers: Any, step: int, at: float, add: int
) -> None:
    """Lay what arrives at a stage, out of one tier or two, into the slots, or add it there.

    Parameters
    ----------
    flat : ndarray
        All values of the network.
    slots : ndarray
        Their places.
    arrivals, tiers, step : ndarray, ndarray, int
        As for `arrive`.
    at : float
        When: 0 at the beginning of the step, 1 at its end, else interpolated between the two.
    add : int
        Whether to add.
    """
    two, last = tiers.shape[0] > 1, tiers.shape[0] - 1
    ahead = 1 if at == 1.0 else 0
    point = np.uint64(tiers[0, FIRST] + step - tiers[0, BEGUN] + ahead)
    other = np.uint64(tiers[last, FIRST] + step - tiers[last, BEGUN] + ahead)
    apart, others_apart = np.uint64(tiers[0, APART]), np.uint64(tiers[last, APART])
    between = 0.0 < at < 1.0
    for i in range(slots.shape[0]):
        arrived = arrivals[point] + arrivals[other] if two else arrivals[point]
        if between:
            following = arrivals[point + _one]
            following = following + arrivals[other + _one] if two else following
            arrived = (1.0 - at) * arrived + at * following
        flat[slots[i]] = flat[slots[i]] + arrived if add else arrived
        point, other = point + apart, other + others_apart


_LINE, _INTS = "float64[::1]", "int64[:,::1]"

SHARED = (
    Far(remember, _LINE, "int64", _LINE, "uint64[:,::1]"),
    Far(deliver, _LINE, "uint64[::1]", _LINE, _INTS, "int64", "float64", "int64"),
    Far(
        arrive, _LINE, "int64", _INTS, "int64", "int64", _INTS, _LINE, "int32[::1]", "int32[::1]",
        "int32[::1]", _LINE, _LINE, _LINE,
    ),
)  # fmt: skip
