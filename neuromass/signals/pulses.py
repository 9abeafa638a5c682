"""Signals with edges: a step, and rectangular pulses."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuromass.errors import brief, knows_its_unit
from neuromass.signals.signal import Windowed
from neuromass.signals.steps import SLACK, Floats, Steps, cell, mixed
from neuromass.signals.values import (
    NEVER,
    NOTHING,
    ZERO_TIME,
    Value,
    aligned,
    joint_shape,
    read,
    read_length,
    read_level,
    require_one,
    unit_of,
)
from neuromass.units import MS, require_finite, shown, to_internal

ROUNDING = 1e-9
"""Pulses that overlap by less than this fraction, by rounding, touch."""


@dataclass(frozen=True, repr=False)
class Step(Windowed):
    """One value from `start` until before `stop`, another outside.

    Parameters
    ----------
    amplitude : number, array or Quantity
        The value for ``start <= t < stop``; an array gives one per lane.
    start : Quantity, optional
        When it begins; 0 ms if not given.
    stop : Quantity, optional
        When it ends; never if not given.
    base : number, array or Quantity, optional
        The value outside, in the unit of `amplitude`; 0 if not given.

    Raises
    ------
    UnitError
        If a time is not a time, or `base` has another dimension than `amplitude`.
    ValueError
        If a value is not finite, `stop` does not come after `start`, or the shapes of
        `amplitude` and `base` do not fit together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> step = signals.Step(3.0, start=100 * ms, stop=250 * ms)
    >>> print(step([99.9, 100, 249.9, 250] * ms))
    [0.0 3.0 3.0 0.0] dimensionless
    """

    amplitude: Any
    start: Any = ZERO_TIME
    stop: Any = NEVER
    base: Any = field(default=NOTHING, kw_only=True)

    def __post_init__(self) -> None:
        unit = unit_of(self.amplitude, "amplitude")
        self._keep(
            amplitude=read(self.amplitude, unit, "amplitude"),
            base=read_level(self.base, unit, "base"),
        )
        self._keep(shape=joint_shape(amplitude=self.amplitude.shape, base=self.base.shape))
        self._keep_window(ZERO_TIME, NEVER)

    def _sample(self, times: Floats) -> Floats:
        inside = self._window.holds(aligned(times, len(self.shape)))
        return np.where(inside, self.amplitude.plain, self.base.plain)

    def _means(self, steps: Steps) -> Floats:
        part = steps.part(self._window.stop) - steps.part(self._window.start)
        return mixed(aligned(part, len(self.shape)), self.amplitude.plain, self.base.plain)

    def _is_zero(self, start: float, stop: float) -> bool:
        inside = self._window.overlap(start, stop)
        return not (inside > 0.0 and self.amplitude) and not (inside < stop - start and self.base)


@dataclass(frozen=True, repr=False)
class Pulses(Windowed):
    """Rectangular pulses, periodic or at given times; zero between them.

    Parameters
    ----------
    amplitude : number, array or Quantity
        The value during a pulse; an array gives one per lane.
    width : Quantity
        How long each pulse lasts.
    period : Quantity, optional
        From one onset to the next. Exactly one of `period` and `times` is given.
    start : Quantity, optional
        The first onset; 0 ms if not given. Only with `period`.
    stop : Quantity, optional
        From here on the signal is zero; a pulse under way is cut. Only with `period`.
    count : int, optional
        The number of pulses; endless if neither `count` nor `stop` is given. Only with
        `period`.
    times : Quantity, optional
        The onsets, in any order.

    Raises
    ------
    UnitError
        If a time is not a time.
    ValueError
        If a value is not finite, `width` or `period` is not positive, pulses overlap, both
        or neither of `period` and `times` are given, or `stop` does not come after `start`.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> train = signals.Pulses(2.0, width=1 * ms, period=10 * ms, start=5 * ms, count=3)
    >>> train.changes()
    array([ 5.,  6., 15., 16., 25., 26.])
    >>> print(train([5, 5.5, 6, 15, 35] * ms))
    [2.0 2.0 0.0 2.0 0.0] dimensionless
    >>> signals.Pulses(2.0, width=1 * ms, times=[5, 17] * ms).changes()
    array([ 5.,  6., 17., 18.])
    """

    amplitude: Any
    width: Any
    period: Any = None
    start: Any = ZERO_TIME
    stop: Any = NEVER
    count: int | None = field(default=None, kw_only=True)
    times: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        require_one(period=self.period, times=self.times)
        self._keep(
            amplitude=read(self.amplitude, unit_of(self.amplitude, "amplitude"), "amplitude"),
            width=read_length(self.width, "width", 5.0),
        )
        if self.times is not None:
            for name, default in (("start", ZERO_TIME), ("stop", NEVER), ("count", None)):
                if getattr(self, name) not in (default, None):
                    raise ValueError(
                        f"{name} belongs to pulses with a period; leave it out with times."
                    )
            self._keep(times=_read_onsets(self.times, self.width.plain))
        else:
            self._keep(
                period=_read_period(self.period, self.width.plain),
                count=None if self.count is None else _read_count(self.count),
            )
        self._keep(shape=self.amplitude.shape)
        self._keep_window(ZERO_TIME, NEVER)

    def _number(self, end: float = math.inf) -> float:
        """Count the pulses that begin before `stop` and `end`."""
        count = math.inf if self.count is None else self.count
        last = min(self._window.stop, end)
        if math.isinf(last):
            return count
        return min(count, math.ceil((last - self._window.start) / self.period.plain - ROUNDING))

    def _latest(self, times: Floats) -> Floats:
        """Find the onset of the last pulse that has begun at each time; -inf before the first."""
        if self.times is not None:
            onsets = np.concatenate(([-math.inf], self.times.plain))
            return onsets[np.searchsorted(onsets, times, side="right") - 1]
        start = self._window.start
        k = np.minimum(cell(times, start, self.period.plain), self._number() - 1.0)
        return np.where(k < 0.0, -math.inf, start + k * self.period.plain)

    def _sample(self, times: Floats) -> Floats:
        on = (times < self._latest(times) + self.width.plain) & (times < self._window.stop)
        return np.where(aligned(on, len(self.shape)), self.amplitude.plain, 0.0)

    def _begun(self, times: Floats, slack: float) -> tuple[Floats, Floats]:
        """How many pulses have begun before each time but the last, and how long that one was on.

        Onsets that lie within `slack` after a time have begun.
        """
        if self.times is not None:
            onsets = np.append(self.times.plain, math.inf)
            number = np.searchsorted(onsets, times + slack, side="right") - 1.0
            onsets = onsets[np.maximum(number, 0.0).astype(np.intp)]
        else:
            number = np.floor((times + slack - self._window.start) / self.period.plain)
            number = np.clip(number, -1.0, self._number() - 1.0)
            onsets = self._window.start + number * self.period.plain
        width = self.width.plain
        lasted = np.minimum(times, self._window.stop) - onsets
        lasted = np.where(np.abs(lasted - width) < slack, width, lasted)
        lasted = np.where(number < 0.0, width, np.clip(lasted, 0.0, width))
        return np.asarray(number, dtype=np.float64), lasted

    def _on(self, borders: Floats, slack: float) -> Floats:
        """How long pulses are on between borders, in ms."""
        number, lasted = self._begun(borders, slack)
        return np.diff(number) * self.width.plain + np.diff(lasted)

    def _means(self, steps: Steps) -> Floats:
        slack = SLACK * steps.dt + 4e-16 * abs(steps.first + steps.count) * steps.dt
        part = self._on(steps.borders, slack) / steps.dt
        nearest = np.rint(part)
        part = np.where(np.abs(part - nearest) < 4.0 * slack / steps.dt, nearest, part)
        return mixed(aligned(part, len(self.shape)), self.amplitude.plain, 0.0)

    def _is_zero(self, start: float, stop: float) -> bool:
        slack = 1e-12 * (stop - start)
        on = self._on(np.array([start, stop]), slack)[0]
        return bool(on <= slack or not self.amplitude)

    def _edges(self, end: float) -> Floats | None:
        if self.times is not None:
            onsets = self.times.plain
        else:
            number = self._number(end)
            if math.isinf(number):
                return None
            onsets = self._window.start + np.arange(max(number, 1.0)) * self.period.plain
        return np.unique([onsets, np.minimum(onsets + self.width.plain, self._window.stop)])


def _read_onsets(times: Any, width: float) -> Value:
    onsets = np.atleast_1d(to_internal(times, MS, "times", 100.0))
    if onsets.ndim > 1:
        raise ValueError(f"times needs one list of onsets, not an array of shape {onsets.shape}.")
    require_finite(onsets, "times")
    onsets = np.sort(onsets)
    overlaps = np.flatnonzero(np.diff(onsets) < width * (1.0 - ROUNDING))
    if overlaps.size:
        first, second = onsets[overlaps[0] : overlaps[0] + 2]
        raise ValueError(
            f"times must be at least the width of {shown(width, MS)} apart; the pulses at "
            f"{shown(first, MS, 15)} and {shown(second, MS, 15)} overlap."
        )
    return Value(onsets, MS)


def _read_period(value: Any, width: float) -> Value:
    period = read_length(value, "period", 100.0)
    if period.plain < width * (1.0 - ROUNDING):
        raise ValueError(
            f"period must not be shorter than width, and {shown(period.plain, MS, 15)} is shorter "
            f"than {shown(width, MS, 15)}."
        )
    return period


def _read_count(value: Any) -> int:
    try:
        count = (
            0
            if isinstance(value, (bool, np.bool_)) or knows_its_unit(value)
            else operator.index(value)
        )
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"count needs a positive whole number, for example 5, not {brief(value)}.")
    return count
