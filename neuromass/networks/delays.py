"""Delayed coupling as the arrays that a network's loop takes; see `kernels.delayed`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
from neuromass.networks.coupling import Floats, Ints, joined

LARGEST_BLOCK: Final = 256
"""Steps for which delayed coupling is computed at once, at most."""

SMALLEST_BLOCK: Final = 4
"""Blocks of fewer steps are gathered instead."""

DENSE_FROM: Final = 0.25
"""Part of all pairs of lanes from which on a connection is kept as a whole matrix."""

SMALLEST_MATRIX: Final = 64
"""Pairs of lanes up to which it is not worth while."""

HISTORY: Final = 1 << 17
"""Numbers that the histories may hold without need, to go back to their front less often."""

PER_VECTOR, PER_SLOT = 0.7, 2.0
"""What a vector of points of one pair costs, and a slot of a second tier in each step, in ns."""

DENSE: Final = (1.0, 0.45)
SINGLE: Final = (3.0, 1.0)
"""What a block costs for a pair besides its vectors, and one gathered number, in ns: of dense
connections and of single pairs."""

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
    aligned : bool
        Whether the pairs go from lane to lane, or from a single lane to each.
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
    aligned: bool
    to: Ints
    start: Ints
    weights: Floats
    steps: Ints
    fractions: Floats

    def part(self, which: NDArray[np.bool_]) -> Lag:
        """Some of the pairs."""
        if np.all(which):
            return self
        return Lag(
            self.slot, self.row, self.targets, self.sources, self.aligned, self.to[which],
            self.start[which], self.weights[which], self.steps[which], self.fractions[which],
        )  # fmt: skip

    @property
    def dense(self) -> bool:
        """Whether the pairs are worth a whole matrix."""
        return not self.aligned and is_dense(len(self.to), self.targets, self.sources)

    @property
    def kind(self) -> tuple[float, float]:
        """What a pair costs."""
        return DENSE if self.dense else SINGLE


class Delays:
    """All delayed coupling of a network.

    Parameters
    ----------
    lags : list of Lag
        The delayed pairs of all connections.
    slots, rows : int
        Lanes that they reach, and histories that they read.

    Attributes
    ----------
    longest : int
        Steps of the longest delay, rounded up.
    keep : int
        Columns of the histories that are kept; the last of them is the present.
    room : int
        Steps that fit behind them.
    columns : int
        Columns of the histories.
    tiers : ndarray
        See `kernels.kinds`.
    arrays : list of ndarray
        Arrivals; of the dense connections a table, weights and offsets; of the single pairs
        slots, offsets and weights.
    """

    def __init__(self, lags: list[Lag], slots: int, rows: int) -> None:
        self.longest = max(
            (int((lag.steps + (lag.fractions > 0.0)).max()) for lag in lags), default=0
        )
        self.keep = self.longest + VECTOR
        self.room = max(64, self.keep // 2, min(HISTORY // max(rows, 1), 1 << 14))
        self.columns = self.keep + self.room + VECTOR
        _check_size(rows * self.columns)
        tables = _Tables(self.columns, self.keep)
        plan = _plan(lags, slots)
        homes = [_home(lag, plan) for lag in lags]
        apart = 0
        self.tiers = np.zeros((len(plan), TIER_LENGTH), dtype=np.int64)
        for number, (tier, row) in enumerate(zip(plan, self.tiers, strict=True)):
            row[BLOCK], row[BLOCKED] = tier.block, tier.block >= SMALLEST_BLOCK
            row[APART] = VECTOR + -(-tier.block // VECTOR) * VECTOR
            row[FIRST] = VECTOR - 1 + slots * apart
            apart += row[APART]
            row[BUNDLES], row[PAIRS] = tables.counts
            parts = [lag.part(tier.holds(lag.steps)) for lag in lags]
            tables.add(
                parts,
                [h == number and lag.dense for h, lag in zip(homes, lags, strict=True)],
                tier.block,
            )
            row[BUNDLES_END], row[PAIRS_END] = tables.counts
        self.arrays = [np.zeros(slots * apart), *tables.joined()]
        self.forget()

    def forget(self) -> None:
        """Let all blocks be computed anew."""
        self.tiers[:, UNTIL] = -1


class _Tables:
    """Dense connections and single pairs, while they are being collected.

    Parameters
    ----------
    columns, keep : int
        See `Delays`.
    """

    def __init__(self, columns: int, keep: int) -> None:
        self._columns = columns
        self._keep = keep
        self._bundles: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._offsets: list[Offsets] = []
        self._pairs: list[_Taps] = []

    @property
    def counts(self) -> tuple[int, int]:
        """Dense connections and pairs so far."""
        return len(self._bundles), sum(map(len, self._pairs))

    def add(self, lags: list[Lag], whole: list[bool], block: int) -> None:
        """The pairs of a tier, some connections as `whole` matrices."""
        taps = []
        for lag, as_matrix in zip(lags, whole, strict=True):
            if as_matrix:
                self._add_matrix(lag, block)
            elif len(lag.to):
                taps.append(self._taps(lag))
        if taps:
            self._pairs.append(_by_source(taps, self._columns))

    def joined(self) -> list[Any]:
        """Bundles, weights and offsets; slots, offsets and weights of the pairs."""
        return [
            np.array(self._bundles, dtype=np.int64).reshape(-1, 4),
            joined(self._weights),
            joined(self._offsets, np.int32),
            joined((each.slots for each in self._pairs), np.int32),
            joined((each.offsets for each in self._pairs), np.int32),
            joined(each.weights for each in self._pairs),
        ]

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
        self._offsets.append(_by_four(np.pad(offsets, ((0, missing), (0, 0)), mode="edge")))

    def _offsets_of(self, rows: Ints, steps: Ints) -> Offsets:
        """Place in the histories of the first of the eight points up to the present."""
        return (rows * self._columns + (self._keep - VECTOR) - steps).astype(np.int32)


@dataclass(frozen=True)
class _Taps:
    """Slots, offsets into the histories, and weights."""

    slots: NDArray[np.int32]
    offsets: Offsets
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)


def _by_source(parts: list[_Taps], columns: int) -> _Taps:
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
        Lanes that they reach.
    """
    if not lags:
        return []
    counts = np.stack([_counted(lag.steps) for lag in lags])
    first, *others = np.flatnonzero(counts.sum(axis=0)).tolist()
    short = int(_best_blocks()[first])
    single = _Tier(0, _ENDLESS, short)
    if not others:
        return [single]
    lows = np.array(others)
    one, two = 0.0, np.full(len(lows), PER_SLOT * slots)
    for lag, counted in zip(lags, counts, strict=True):
        one += len(lag.to) * float(_costs(short, lag.kind))
        two += _costs_of_two(lag, (np.cumsum(counted) - counted)[lows], short, lows)
    best = int(np.argmin(two))
    if two[best] >= one:
        return [single]
    low = others[best]
    return [_Tier(0, low, short), _Tier(low, _ENDLESS, int(_best_blocks()[low]))]


def _counted(steps: Ints) -> Ints:
    """How many delays there are of each number of steps; the longest blocks' and more are one."""
    return np.bincount(np.minimum(steps, LARGEST_BLOCK), minlength=LARGEST_BLOCK + 1)


def _costs_of_two(lag: Lag, below: Ints, short: int, lows: Ints) -> Floats:
    """What the pairs of a connection cost if the second tier begins at some delays."""
    long, above = _best_blocks()[lows], len(lag.to) - below
    in_long = above * _costs(long, lag.kind) + below * _costs(short, SINGLE)
    in_short = below * _costs(short, lag.kind) + above * _costs(long, SINGLE)
    return np.where(2 * below > len(lag.to), in_short, in_long)


@cache
def _best_blocks() -> Ints:
    """The block that costs least for each step, for every shortest delay."""
    best = np.arange(LARGEST_BLOCK + 1)
    for block in range(SMALLEST_BLOCK + 1, LARGEST_BLOCK + 1):
        if _costs(block, DENSE) >= _costs(int(best[block - 1]), DENSE):
            best[block] = best[block - 1]
    return best


def _costs(blocks: Any, kind: tuple[float, float]) -> Any:
    """What a pair costs in each step, in blocks of some steps."""
    overhead, gathered = kind
    vectors = -(-blocks // VECTOR)
    return np.where(blocks < SMALLEST_BLOCK, gathered, (overhead + PER_VECTOR * vectors) / blocks)


def _home(lag: Lag, plan: list[_Tier]) -> int:
    """The tier that holds most of some pairs; the last of those that hold as many."""
    counts = [np.count_nonzero(tier.holds(lag.steps)) for tier in plan]
    return max(range(len(plan)), key=lambda number: (counts[number], number))
