"""Delayed coupling as the arrays that a network's loop takes; see `kernels.delayed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.coupling import Floats, Ints, joined
from neuromass.kernels.kinds import (
    APART,
    BLOCK,
    BLOCKED,
    BUNDLES,
    BUNDLES_END,
    FIRST,
    PAIRS,
    PAIRS_END,
    TIER_LENGTH,
    UNTIL,
    VECTOR,
)

LARGEST_BLOCK: Final = 256
"""Steps for which delayed coupling is computed at once, at most."""

SMALLEST_BLOCK: Final = 2
"""Blocks of fewer steps are gathered instead."""

DENSE_FROM: Final = 0.25
"""Part of all pairs of lanes from which on a connection is kept as a whole matrix."""

SMALLEST_MATRIX: Final = 64
"""Pairs of lanes up to which it is not worth while."""

HISTORY: Final = 1 << 17
"""Numbers that the histories may hold without need, to go back to their front less often."""

PER_PAIR, PER_SINGLE_PAIR, PER_VECTOR, PER_SLOT, GATHERED = 1.0, 3.0, 0.7, 2.0, 1.0
"""Measured in ns: a pair's share of a block, the same outside of a dense connection, and of each
of its vectors; a slot of a second tier in each step; a gathered number."""

_ENDLESS: Final = 1 << 62
Offsets = NDArray[np.int32]


def is_dense(pairs: int, targets: int, sources: int) -> bool:
    """Whether it is worth while to treat pairs of lanes as a whole matrix."""
    return pairs > DENSE_FROM * targets * sources and targets * sources > SMALLEST_MATRIX


@dataclass(frozen=True)
class Lag:
    """Delayed pairs of lanes of one connection.

    Attributes
    ----------
    slot : int
        Number of the target's first lane among all that delayed coupling reaches.
    row : int
        Row of the source's first lane among the histories.
    targets, sources : int
        Lanes of both.
    to, start : ndarray
        Lanes of each pair.
    weights : ndarray
        Strength of each pair.
    steps, fractions : ndarray
        Delay of each pair, as whole steps and the fraction of a step beyond.
    """

    slot: int
    row: int
    targets: int
    sources: int
    to: Ints
    start: Ints
    weights: Floats
    steps: Ints
    fractions: Floats

    def part(self, which: NDArray[np.bool_]) -> Lag:
        """Some of the pairs."""
        return Lag(
            self.slot, self.row, self.targets, self.sources, self.to[which], self.start[which],
            self.weights[which], self.steps[which], self.fractions[which],
        )  # fmt: skip

    @property
    def dense(self) -> bool:
        """Whether the pairs are worth a whole matrix."""
        return is_dense(len(self.to), self.targets, self.sources)


class Delays:
    """All delayed coupling of a network.

    Parameters
    ----------
    lags : list of Lag
        The delayed pairs of all connections.
    slots, rows : int
        Lanes that they reach, and histories that they read.
    single : bool
        Whether all delays share one tier, whatever they are.

    Attributes
    ----------
    keep : int
        Columns of the histories that are needed; the last of them is the present.
    room : int
        Steps that fit behind them.
    columns : int
        Columns of the histories.
    tiers : ndarray
        See `kernels.kinds`.
    """

    def __init__(self, lags: list[Lag], slots: int, rows: int, *, single: bool) -> None:
        longest = max((int((lag.steps + (lag.fractions > 0.0)).max()) for lag in lags), default=0)
        self.keep = longest + VECTOR
        self.room = max(64, self.keep // 2, min(HISTORY // max(rows, 1), 1 << 14))
        self.columns = self.keep + self.room + VECTOR
        _check_size(rows * self.columns)
        self._slots = slots
        self._bundles: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._dense_offsets: list[Offsets] = []
        self._pairs: list[_Taps] = []
        self._tiers: list[list[int]] = []
        plan = _plan(lags, 0 if single else slots)
        homes = [_home(lag, plan) for lag in lags]
        for number, tier in enumerate(plan):
            self._add(tier, lags, [home == number for home in homes])
        self.tiers = np.array(self._tiers, dtype=np.int64).reshape(-1, TIER_LENGTH)
        self.forget()

    def forget(self) -> None:
        """Let all blocks be computed anew."""
        self.tiers[:, UNTIL] = -1

    @property
    def blocked(self) -> bool:
        """Whether any delayed coupling goes through blocks."""
        return bool(np.any(self.tiers[:, BLOCKED]))

    def arrays(self) -> list[Any]:
        """Of all tiers: arrivals; bundles, weights and offsets; slots, offsets and weights."""
        rows = sum(int(tier[APART]) for tier in self.tiers)
        return [
            np.zeros(self._slots * rows),
            np.array(self._bundles, dtype=np.int64).reshape(-1, 4),
            joined(self._weights),
            joined(self._dense_offsets, np.int32),
            joined((each.slots for each in self._pairs), np.int32),
            joined((each.offsets for each in self._pairs), np.int32),
            joined(each.weights for each in self._pairs),
        ]

    def _add(self, tier: _Tier, lags: list[Lag], at_home: list[bool]) -> None:
        """Put the pairs of a tier behind those of the tiers before."""
        row = [0] * TIER_LENGTH
        row[BLOCK], row[BLOCKED] = tier.block, int(tier.block >= SMALLEST_BLOCK)
        row[APART] = VECTOR + -(-tier.block // VECTOR) * VECTOR
        row[FIRST] = VECTOR - 1 + self._slots * sum(each[APART] for each in self._tiers)
        row[BUNDLES], row[PAIRS] = len(self._bundles), sum(map(len, self._pairs))
        taps = []
        for lag, home in zip(lags, at_home, strict=True):
            part = lag.part(tier.holds(lag.steps))
            if home and lag.dense:
                self._add_matrix(part, tier.block)
            elif len(part.to):
                taps.append(self._taps(part))
        if taps:
            self._pairs.append(_in_order(taps, self.columns))
        row[BUNDLES_END], row[PAIRS_END] = len(self._bundles), sum(map(len, self._pairs))
        self._tiers.append(row)

    def _offsets(self, rows: Ints, steps: Ints) -> NDArray[np.int32]:
        """Place in the histories of the first of the eight points up to the present."""
        return (rows * self.columns + (self.keep - VECTOR) - steps).astype(np.int32)

    def _taps(self, lag: Lag) -> _Taps:
        """Single pairs; a delay that falls between two steps is two of them."""
        slots, rows = (lag.slot + lag.to).astype(np.int32), lag.row + lag.start
        between = lag.fractions > 0.0
        near, far = self._offsets_of(rows, lag.steps), self._offsets_of(rows, lag.steps + 1)
        return _Taps(
            np.concatenate([slots, slots[between]]),
            np.concatenate([near, far[between]]),
            np.concatenate(
                [lag.weights * (1.0 - lag.fractions), (lag.weights * lag.fractions)[between]]
            ),
        )

    def _add_matrix(self, lag: Lag, block: int) -> None:
        """All pairs; each source stands twice if its delays fall between two steps."""
        shape = lag.sources, lag.targets
        weights, fractions = np.zeros(shape), np.zeros(shape)
        steps = np.full(shape, block)
        at = lag.start, lag.to
        weights[at], fractions[at], steps[at] = lag.weights, lag.fractions, lag.steps
        rows = lag.row + np.arange(lag.sources)
        if np.any(fractions):
            weights = _twice(weights * (1.0 - fractions), weights * fractions)
            steps = _twice(steps, steps + (fractions > 0.0))
            rows = np.repeat(rows, 2)
        place = sum(map(len, self._weights))
        self._bundles.append((lag.slot, lag.targets, -(-len(rows) // 4), place))
        offsets = self._offsets_of(rows[:, None], steps)
        missing = -len(rows) % 4
        self._weights.append(_by_four(np.pad(weights, ((0, missing), (0, 0)))))
        self._dense_offsets.append(_by_four(np.pad(offsets, ((0, missing), (0, 0)), mode="edge")))

    def _offsets_of(self, rows: Ints, steps: Ints) -> Offsets:
        """Place in the histories of the first of the eight points up to the present."""
        return (rows * self.columns + (self.keep - VECTOR) - steps).astype(np.int32)


@dataclass(frozen=True)
class _Taps:
    """Slots, offsets into the histories, and weights."""

    slots: NDArray[np.int32]
    offsets: Offsets
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)


def _in_order(parts: list[_Taps], columns: int) -> _Taps:
    """All of them, by source and then by slot: what a source sends is read from the cache."""
    slots = np.concatenate([each.slots for each in parts])
    offsets = np.concatenate([each.offsets for each in parts])
    weights = np.concatenate([each.weights for each in parts])
    order = np.lexsort((slots, offsets // columns))
    return _Taps(slots[order], offsets[order], weights[order])


def _twice(near: Any, far: Any) -> Any:
    """The rows of two matrices in turns."""
    return np.stack([near, far], axis=1).reshape(-1, near.shape[1])


def _by_four(matrix: Any) -> Any:
    """Groups of four sources by targets by the four, flat."""
    sources, targets = matrix.shape
    return matrix.reshape(sources // 4, 4, targets).transpose(0, 2, 1).reshape(-1)


def _check_size(numbers: int) -> None:
    if numbers >= 1 << 31:
        raise MemoryError(
            f"What delayed connections have to remember would take {numbers * 8 / 1e9:.0f} GB. "
            f"Take a larger dt or shorter delays."
        )


# ------------------------------------------------------------------------------ tiers


@dataclass(frozen=True)
class _Tier:
    """Delays from some number of steps up to below another, and the steps of their blocks."""

    low: int
    high: int
    block: int

    def holds(self, steps: Ints) -> NDArray[np.bool_]:
        """Which delays belong to it."""
        return (steps >= self.low) & (steps < self.high)


def _plan(lags: list[Lag], slots: int) -> list[_Tier]:
    """One tier, or two where it costs less that short delays have one of their own.

    Parameters
    ----------
    lags : list of Lag
        All delayed pairs.
    slots : int
        Lanes that they reach; 0 for one tier in any case.
    """
    if not lags:
        return []
    counts = np.zeros(LARGEST_BLOCK + 1, dtype=np.int64)
    for lag in lags:
        counts += np.bincount(np.minimum(lag.steps, LARGEST_BLOCK), minlength=len(counts))
    shortest, total = int(np.flatnonzero(counts)[0]), int(counts.sum())
    block, cost = _best_block(shortest, PER_PAIR)
    best, plan = total * cost, [_Tier(0, _ENDLESS, block)]
    below = np.cumsum(counts) - counts
    alone, each = _best_block(shortest, PER_SINGLE_PAIR)
    for low in range(shortest + 1, LARGEST_BLOCK + 1) if slots else ():
        block, cost = _best_block(low, PER_PAIR)
        both = below[low] * each + (total - below[low]) * cost + PER_SLOT * slots
        if both < best:
            best, plan = both, [_Tier(0, low, alone), _Tier(low, _ENDLESS, block)]
    return plan


def _best_block(shortest: int, overhead: float) -> tuple[int, float]:
    """The block that costs least for each step, and what it costs."""
    costs = {
        block: (overhead + PER_VECTOR * -(-block // VECTOR)) / block
        for block in range(SMALLEST_BLOCK, min(shortest, LARGEST_BLOCK) + 1)
    }
    if not costs:
        return shortest, GATHERED
    return min(costs.items(), key=lambda pair: pair[1])


def _home(lag: Lag, plan: list[_Tier]) -> int:
    """The tier that holds most of some pairs."""
    return int(np.argmax([np.count_nonzero(tier.holds(lag.steps)) for tier in plan]))
