"""Measures that are made piece by piece, so that no trace has to be kept.

Sums are taken over pieces of `PIECE` samples, however the samples come: a sweep and a recording
have bitwise the same result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from neuromass.kernels.control import HIGHEST, LAST, LOWEST, MEAN
from neuromass.measures.reduction import Floats, Reduction, Running

PIECE = 1024
"""Samples in a piece."""


class InPieces(ABC):
    """A result that is made from pieces of one length, of which the last may be shorter."""

    def __init__(self) -> None:
        self._rest: Floats | None = None

    def add(self, samples: Floats) -> None:
        """See `Running`."""
        if self._rest is not None:
            samples = np.concatenate([self._rest, samples])
        whole = len(samples) // PIECE * PIECE
        for first in range(0, whole, PIECE):
            self._add(samples[first : first + PIECE])
        self._rest = samples[whole:].copy() if whole < len(samples) else None

    def result(self) -> Floats:
        """See `Running`."""
        if self._rest is not None:
            self._add(self._rest)
            self._rest = None
        return self._result()

    @abstractmethod
    def _add(self, piece: Floats) -> None:
        """Take the next piece."""

    @abstractmethod
    def _result(self) -> Floats:
        """What it is after the last piece."""


def column_sums(piece: Floats) -> Floats:
    """Sums over the samples, added one after the other for one lane as for many."""
    if piece.shape[1] == 1:  # where numpy would sum by pairs
        return np.add.accumulate(piece, axis=0)[-1]
    return np.add.reduce(piece, axis=0)


class Piecewise(Running, Protocol):
    """A result that can also be made from what loops have made of pieces."""

    def add_piece(self, value: Floats, count: int) -> None:
        """Take what the next piece came to, (lanes,), and the number of its samples."""


class _Last:
    """The last sample."""

    def add_piece(self, value: Floats, count: int) -> None:
        self._value = value.copy()

    def add(self, samples: Floats) -> None:
        self._value = samples[-1].copy()

    def result(self) -> Floats:
        return self._value


class _Extreme:
    """The smallest or largest sample."""

    def __init__(self, function: np.ufunc) -> None:
        self._function = function
        self._value: Floats | None = None

    def add(self, samples: Floats) -> None:
        self.add_piece(self._function.reduce(samples, axis=0), len(samples))

    def add_piece(self, value: Floats, count: int) -> None:
        before = self._value
        self._value = value.copy() if before is None else self._function(before, value)

    def result(self) -> Floats:
        assert self._value is not None
        return self._value


class _Moments(InPieces):
    """Mean and sum of squared deviations, joined as by Chan, Golub and LeVeque (1979)."""

    def __init__(self, squares: bool) -> None:
        super().__init__()
        self._with_squares = squares
        self._count = 0
        self._mean: Floats = np.zeros(1)
        self._squares: Floats = np.zeros(1)

    def _add(self, piece: Floats) -> None:
        mean = column_sums(piece) / len(piece)
        squares = column_sums((piece - mean) ** 2) if self._with_squares else np.zeros(1)
        self._join(mean, squares, len(piece))

    def add_piece(self, value: Floats, count: int) -> None:
        self._join(value, np.zeros(1), count)

    def _join(self, mean: Floats, squares: Floats, count: int) -> None:
        total = self._count + count
        off = mean - self._mean
        self._squares = self._squares + squares + off**2 * (self._count * count / total)
        self._mean = mean.copy() if self._count == 0 else self._mean + off * (count / total)
        self._count = total

    def _result(self) -> Floats:
        return np.sqrt(self._squares / self._count) if self._with_squares else self._mean


class Final(Reduction):
    """The last sample."""

    kind = LAST

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Last()


class Mean(Reduction):
    """The mean of all samples."""

    kind = MEAN

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Moments(squares=False)


class Std(Reduction):
    """The standard deviation of all samples."""

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Moments(squares=True)


class Minimum(Reduction):
    """The smallest sample."""

    kind = LOWEST

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Extreme(np.minimum)


class Maximum(Reduction):
    """The largest sample."""

    kind = HIGHEST

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Extreme(np.maximum)
