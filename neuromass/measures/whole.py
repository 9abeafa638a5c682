"""Measures that need all samples at once, the trace itself, and functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromass import units
from neuromass.measures.reduction import Floats, Reduction, Running
from neuromass.units import DIMENSIONLESS, Measure


@dataclass(frozen=True)
class WholeReduction(Reduction):
    """A measure that needs the whole trace at once."""

    def reduced(self, values: Floats, spacing: float) -> Floats:
        """The result for each lane.

        Parameters
        ----------
        values : ndarray
            All samples in internal units, (samples, lanes).
        spacing : float
            Time from one to the next in ms.

        Returns
        -------
        ndarray
            In internal units, (lanes, ...).
        """
        raise NotImplementedError

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        return _Kept(self, spacing)


class _Kept:
    """All samples, until the last is there."""

    def __init__(self, measure: WholeReduction, spacing: float) -> None:
        self._measure = measure
        self._spacing = spacing
        self._blocks: list[Floats] = []

    def add(self, samples: Floats) -> None:
        self._blocks.append(samples.copy())

    def result(self) -> Floats:
        return self._measure.reduced(np.concatenate(self._blocks), self._spacing)


@dataclass(frozen=True)
class Trace(WholeReduction):
    """The trace itself.

    Attributes
    ----------
    every : int
        Samples between those that are kept.
    """

    every: int = 1

    def reduced(self, values: Floats, spacing: float) -> Floats:
        """See `WholeReduction`."""
        return np.ascontiguousarray(values[:: self.every].T)

    def shaped(self, result: Floats, lanes: tuple[int, ...]) -> Floats:
        """Time first, as in a recording."""
        return result.T.reshape(-1, *lanes)


@dataclass(frozen=True)
class Custom(Reduction):
    """What a function makes of a recording.

    Attributes
    ----------
    function : callable
        The function of a recording.
    result_unit : Measure
        The unit of what it returns.
    record : str, tuple of str or None
        What it needs to be recorded.
    """

    function: Callable[[Any], Any]
    result_unit: Measure = DIMENSIONLESS
    record: Any = None

    def unit(self, measured: Measure) -> Measure:
        """See `Reduction`."""
        return self.result_unit

    def __call__(self, recording: Any) -> Any:
        """The result of the function for a recording, as a Quantity."""
        return units.to_quantity(self.result_unit, self.numbers(recording))

    def numbers(self, recording: Any) -> Floats:
        """The result of the function for a recording, in internal units."""
        given = self.function(recording)
        if units.is_quantity(given):
            return np.asarray(units.to_internal(given, self.result_unit, str(self)))
        plain = units.to_internal(given, DIMENSIONLESS, str(self))
        return np.asarray(self.result_unit.to_internal(plain))

    def __str__(self) -> str:
        return f"custom({getattr(self.function, '__name__', 'function')})"
