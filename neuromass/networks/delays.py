"""Delayed coupling as the arrays that a network's loop takes; see `kernels.networks.delayed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels.networks.circuit import CHUNK, VECTOR
from neuromass.kernels.networks.tables import DELAY_GROUP, DENSE_BLOCK, table
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

LONG: Final = 2 * VECTOR
"""Steps from which on delays have a group of their own, where shorter ones are few."""

KEPT_PAIRS: Final = 1 << 16
"""Pairs of a connection up to which its strengths can be changed in place; more take memory."""

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
    def longest(self) -> int:
        """Steps of the longest delay, rounded up."""
        most = self.steps.max()
        return int(most) + bool(np.any(self.fractions[self.steps == most] > 0.0))

    def matrix(self, values: Any, other: float = 0.0) -> Any:
        """Values of the pairs as a matrix [target, source], with another one for all others."""
        if len(values) == self.targets * self.sources:
            return values.reshape(self.targets, self.sources)
        found = np.full((self.targets, self.sources), other, dtype=values.dtype)
        found[self.to, self.start] = values
        return found

    @property
    def dense(self) -> bool:
        """Whether the pairs are worth a whole matrix."""
        return not self.aligned and is_dense(len(self.to), self.targets, self.sources)


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
    groups : ndarray of DELAY_GROUP
        Pairs that share blocks of steps.
    arrivals : ndarray
        What arrives at each slot, a row of points for each, group by group.
    blocks, weights, offsets : ndarray
        The dense connections.
    chunks, pair_slots, pair_offsets, pair_weights : ndarray
        The single pairs.
    """

    def __init__(self, lags: list[Lag], slots: int, rows: int) -> None:
        self.longest = max((lag.longest for lag in lags), default=0)
        self.keep = self.longest + VECTOR
        self.room = max(64, self.keep // 2, min(HISTORY // max(rows, 1), 1 << 14))
        self.columns = self.keep + self.room + VECTOR
        _check_size(rows * self.columns)
        tables = _Tables(self.columns, self.keep)
        plan = _plan(lags)
        homes = [_home(lag, plan) for lag in lags]
        self.groups = np.zeros(len(plan), dtype=DELAY_GROUP)
        apart = 0
        for number, (group, row) in enumerate(zip(plan, self.groups, strict=True)):
            row["block"], row["blocked"] = group.block, group.block >= SMALLEST_BLOCK
            row["apart"] = VECTOR + -(-group.block // VECTOR) * VECTOR
            row["first"] = VECTOR - 1 + slots * apart
            apart += row["apart"]
            row["dense_begin"] = len(tables.blocks)
            whole = [h == number and lag.dense for h, lag in zip(homes, lags, strict=True)]
            tables.add(lags, whole, group)
            row["dense_end"] = len(tables.blocks)
        self.arrivals = np.zeros(slots * apart)
        self.blocks, self.weights, self.offsets = tables.dense()
        pairs = tables.pairs()
        self.chunks = tables.chunks(slots)
        self.pair_slots, self.pair_offsets = pairs.slots, pairs.offsets
        self.pair_weights = pairs.weights
        changeable = any(len(lag.to) <= KEPT_PAIRS for lag in lags)
        self._pairs = pairs if changeable else None
        self._matrices = tables.matrices
        self.forget()

    @property
    def products(self) -> int:
        """How many products a step takes."""
        return len(self.weights) + len(self.pair_weights)

    def set_weights(self, number: int, weights: Floats) -> None:
        """Give the pairs of a `Lag`, by its number, other strengths; all else stays."""
        pairs = self._pairs
        if pairs is not None:
            own = np.flatnonzero(pairs.lags == number)
            self.pair_weights[own] = weights[pairs.pairs[own]] * pairs.factors[own]
        for place, lag, which in self._matrices.get(number, ()):
            part = lag.part(which)
            made = _weights_by_four(part.matrix(weights[which]), _parts_of(part))
            self.weights[place : place + made.size] = made

    def forget(self) -> None:
        """Let all blocks be computed anew."""
        self.groups["until"] = -1


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
        self.matrices: dict[int, list[tuple[int, Lag, NDArray[np.bool_]]]] = {}
        self.blocks: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._offsets: list[Offsets] = []
        self._pairs: list[_Taps] = []

    def add(self, lags: list[Lag], whole: list[bool], group: _Group) -> None:
        """The pairs of a group, some connections as `whole` matrices."""
        taps = []
        for number, (lag, as_matrix) in enumerate(zip(lags, whole, strict=True)):
            which = group.holds(lag.steps)
            if as_matrix:
                self._add_matrix(number, lag, which, group.block)
            elif np.any(which):
                taps.append(self._taps(number, lag, which))
        self._pairs.append(_in_chunks(taps, self._columns))

    def dense(self) -> list[Any]:
        """Table, weights and offsets of the dense connections."""
        if len(self.blocks) == 1:  # which may be large
            return [table(self.blocks, DENSE_BLOCK), self._weights[0], self._offsets[0]]
        return [
            table(self.blocks, DENSE_BLOCK),
            joined(self._weights),
            joined(self._offsets, np.int32),
        ]

    def chunks(self, slots: int) -> Ints:
        """For each group where the pairs of every chunk of slots begin, and where they end."""
        edges, place = [np.zeros((0, -(-slots // CHUNK) + 1), dtype=np.int64)], 0
        for each in self._pairs:
            first = np.arange(edges[0].shape[1])
            edges.append((place + np.searchsorted(each.slots // CHUNK, first))[None, :])
            place += len(each)
        return np.concatenate(edges)

    def pairs(self) -> _Taps:
        """The single pairs."""
        return _joined_taps(self._pairs)

    def _taps(self, number: int, lag: Lag, which: NDArray[np.bool_]) -> _Taps:
        """Single pairs; a delay that falls between two steps is two of them."""
        pairs, lag = np.flatnonzero(which).astype(np.int32), lag.part(which)
        slots, rows = (lag.slot + lag.to).astype(np.int32), lag.row + lag.start
        between = lag.fractions > 0.0
        near, far = self._offsets_of(rows, lag.steps), self._offsets_of(rows, lag.steps + 1)
        factors = np.concatenate([1.0 - lag.fractions, lag.fractions[between]])
        return _Taps(
            np.concatenate([slots, slots[between]]),
            np.concatenate([near, far[between]]),
            np.concatenate([lag.weights, lag.weights[between]]) * factors,
            np.full(len(factors), number, dtype=np.int32),
            np.concatenate([pairs, pairs[between]]),
            factors,
        )

    def _add_matrix(self, number: int, lag: Lag, which: NDArray[np.bool_], block: int) -> None:
        """All pairs; each source stands twice if its delays fall between two steps."""
        part = lag.part(which)
        parts = _parts_of(part)
        weights = _weights_by_four(part.matrix(part.weights), parts)
        place = sum(map(len, self._weights))
        self.blocks.append((lag.slot, lag.targets, len(weights) // (4 * lag.targets), place))
        self._weights.append(weights)
        now = self._offsets_of(lag.row + np.arange(lag.sources), np.zeros(1, dtype=np.int32))
        self._offsets.append(_offsets_by_four(now, part.matrix(part.steps, block), parts))
        if len(lag.to) <= KEPT_PAIRS:
            self.matrices.setdefault(number, []).append((place, lag, which))

    def _offsets_of(self, rows: Ints, steps: Ints) -> Offsets:
        """Place in the histories of the first of the eight points up to the present."""
        return (rows * self._columns + (self._keep - VECTOR) - steps).astype(np.int32)


@dataclass(frozen=True)
class _Taps:
    """Delayed values of single pairs.

    Attributes
    ----------
    slots, offsets, weights : ndarray
        As kernels take them.
    lags, pairs, factors : ndarray
        Number of the connection's `Lag`, of the pair in it, and what its strength is multiplied
        with.
    """

    slots: NDArray[np.int32]
    offsets: Offsets
    weights: Floats
    lags: NDArray[np.int32]
    pairs: NDArray[np.int32]
    factors: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def columns(self) -> list[Any]:
        """All its arrays."""
        return [self.slots, self.offsets, self.weights, self.lags, self.pairs, self.factors]


def _joined_taps(parts: list[_Taps]) -> _Taps:
    kinds = (np.int32, np.int32, float, np.int32, np.int32, float)
    arrays = ((each.columns()[i] for each in parts) for i in range(len(kinds)))
    return _Taps(*(joined(each, kind) for each, kind in zip(arrays, kinds, strict=True)))


def _in_chunks(parts: list[_Taps], columns: int) -> _Taps:
    """All of them by chunk, and in it by source and then by slot: so few lines of the cache do."""
    made = _joined_taps(parts)
    order = np.lexsort((made.slots, made.offsets // columns, made.slots // CHUNK))
    return _Taps(*(each[order] for each in made.columns()))


def _parts_of(lag: Lag) -> Any:
    """Fractions of delays that fall between two steps, as a matrix; None if none does."""
    return lag.matrix(lag.fractions) if np.any(lag.fractions) else None


def _quarters(twice: bool) -> list[tuple[slice, bool]]:
    """Which sources stand first, second, third and fourth among each four.

    Each source stands twice if delays fall between two steps: what comes from the later of the
    two, and then, marked by True, what comes from the earlier one.
    """
    if twice:
        return [(slice(j // 2, None, 2), j % 2 == 1) for j in range(4)]
    return [(slice(j, None, 4), False) for j in range(4)]


def _by_four(rows: int, targets: int, kind: Any) -> Any:
    """Room for groups of four sources by targets by the four."""
    return np.zeros((-(-rows // 4), targets, 4), dtype=kind)


def _weights_by_four(weights: Any, parts: Any) -> Any:
    """Strengths [target, source] as groups of four sources, by targets, by the four; flat."""
    targets, sources = weights.shape
    made = _by_four(sources if parts is None else 2 * sources, targets, float)
    for j, (which, earlier) in enumerate(_quarters(parts is not None)):
        own = weights[:, which]
        if parts is not None:
            own = own * (parts[:, which] if earlier else 1.0 - parts[:, which])
        made[: own.shape[1], :, j] = own.T
    return made.reshape(-1)


def _offsets_by_four(now: Any, steps: Any, parts: Any) -> Offsets:
    """Places in the histories, likewise; those that fill up the last four are the last one's."""
    targets, sources = steps.shape
    rows = sources if parts is None else 2 * sources
    made = _by_four(rows, targets, np.int32)
    for j, (which, earlier) in enumerate(_quarters(parts is not None)):
        late = steps[:, which]
        if earlier:
            late = late + (parts[:, which] > 0.0)
        made[: late.shape[1], :, j] = now[which][:, None] - late.T
    for j in range((rows - 1) % 4 + 1, 4):
        made[-1, :, j] = made[-1, :, (rows - 1) % 4]
    return made.reshape(-1)


def _check_size(numbers: int) -> None:
    if numbers >= 1 << 31:
        raise MemoryError(
            f"What delayed connections have to remember would take {numbers * 8 / 1e9:.0f} GB. "
            f"Take a larger dt or shorter delays."
        )


@dataclass(frozen=True)
class _Group:
    """Delays from some number of steps up to below another, and the steps of their blocks."""

    low: int
    high: int
    block: int

    def holds(self, steps: Ints) -> NDArray[np.bool_]:
        """Which delays belong to it."""
        return (steps >= self.low) & (steps < self.high)


def _plan(lags: list[Lag]) -> list[_Group]:
    """One group; two where the blocks of most delays would be short for the sake of a few."""
    if not lags:
        return []
    shortest = min(int(lag.steps.min()) for lag in lags)
    few = sum(np.count_nonzero(lag.steps < LONG) for lag in lags)
    if shortest >= VECTOR or 2 * few > sum(len(lag.steps) for lag in lags):
        return [_Group(0, _ENDLESS, _block(shortest))]
    longer = min(int(np.min(lag.steps, where=lag.steps >= LONG, initial=1 << 30)) for lag in lags)
    return [_Group(0, LONG, _block(shortest)), _Group(LONG, _ENDLESS, _block(longer))]


def _block(shortest: int) -> int:
    """Steps of a block: at most as many as the shortest delay, in whole vectors if there is one."""
    most = min(shortest, LARGEST_BLOCK)
    return most if most < VECTOR else most // VECTOR * VECTOR


def _home(lag: Lag, plan: list[_Group]) -> int:
    """The group that holds most of some pairs; the last of those that hold as many."""
    counts = [np.count_nonzero(group.holds(lag.steps)) for group in plan]
    return max(range(len(plan)), key=lambda number: (counts[number], number))
