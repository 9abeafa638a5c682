"""Coupling without delay as the arrays that a network's loop takes, collected piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels.networks.tables import LINK, MATRIX, STRIP, columns, table

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]


def joined(parts: Iterable[Any], dtype: Any = float) -> Any:
    """Arrays end to end; there may be none."""
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


class Links:
    """Sums of what some lanes send to one.

    Senders stand in two lines, one for each stage of a step.
    """

    def __init__(self) -> None:
        self._links: list[Any] = []
        self._senders: list[Ints] = []
        self._weights: list[Floats] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._links)

    def add_lanes(self, to: Ints, places: Ints, shift: int) -> None:
        """From lane to lane, as it is."""
        lanes = np.arange(len(to))
        self.add_pairs(to, places, shift, lanes, lanes, np.ones(len(to)))

    def add_pairs(
        self, to: Ints, places: Ints, shift: int, targets: Ints, sources: Ints, weights: Floats
    ) -> int:
        """Pairs of lanes, in the order of their targets; returns the place of the first strength.

        Parameters
        ----------
        to, places : ndarray
            Places of all lanes of the target's input, and of what the source sends.
        shift : int
            From what is sent at the first stage to what is sent at the second.
        targets, sources : ndarray
            Lanes of each pair.
        weights : ndarray
            Strength of each pair.
        """
        reached, first = np.unique(targets, return_index=True)
        edges = self._count + np.append(first, len(targets))
        self._links.append(columns(LINK, target=to[reached], begin=edges[:-1], end=edges[1:]))
        senders = places[sources]
        self._senders.append(np.stack([senders, senders + shift], axis=1))
        self._weights.append(weights)
        self._count += len(targets)
        return self._count - len(targets)

    def arrays(self) -> list[Any]:
        """Links, senders and weights."""
        senders = np.concatenate([np.zeros((0, 2), dtype=np.int64), *self._senders])
        return [
            joined(self._links, LINK),
            np.ascontiguousarray(senders.T).astype(np.uint64),
            joined(self._weights),
        ]


class Strips:
    """Coupling from neighbouring lanes to neighbouring lanes."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, to: Ints, places: Ints, shift: int, weights: Floats) -> int:
        """From lane to lane, or from one lane to all; returns the place of the first strength.

        It is cut where a tile ends.
        """
        single = len(places) == 1
        jumps = np.diff(to) != 1
        if not single:
            jumps |= np.diff(places) != 1
        for part in np.split(np.arange(len(to)), np.flatnonzero(jumps) + 1):
            start = int(places[0 if single else part[0]])
            place = self._count + int(part[0])
            self._rows.append((len(part), int(to[part[0]]), start, int(not single), shift, place))
        self._weights.append(weights)
        self._count += len(weights)
        return self._count - len(weights)

    def arrays(self) -> list[Any]:
        """Rows and weights."""
        return [table(self._rows, STRIP), joined(self._weights)]


class Matrices:
    """Coupling from all lanes to all."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._weights: list[Floats] = []
        self._count = 0
        self.targets = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(
        self, matrix: Floats, to: tuple[int, int, int], start: tuple[int, int, int], shift: int
    ) -> int:
        """A matrix, sources by targets; returns the place of the first strength."""
        sources, targets = matrix.shape
        self._rows.append((targets, sources, self._count, *to, *start, shift))
        self._weights.append(np.ravel(matrix))
        self._count += matrix.size
        self.targets = max(self.targets, targets)
        return self._count - matrix.size

    def arrays(self) -> list[Any]:
        """Rows and weights."""
        return [table(self._rows, MATRIX), joined(self._weights)]
