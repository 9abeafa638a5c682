"""Signals that change all the time: a ramp and a sine wave."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuromass.signals.signal import Windowed
from neuromass.signals.steps import Floats, Steps, between
from neuromass.signals.values import (
    ALWAYS,
    NEVER,
    NOTHING,
    Value,
    aligned,
    is_bare_zero,
    joint_shape,
    read,
    read_level,
    read_positive,
    require_one,
    unit_of,
)
from neuromass.units import HZ, MS, RADIAN


@dataclass(frozen=True, repr=False)
class Ramp(Windowed):
    """A straight line from one value to another; constant before and after it.

    Parameters
    ----------
    first : number, array or Quantity
        The value until `start`; an array gives one per lane.
    last : number, array or Quantity
        The value from `stop` on, in a unit of the same dimension.
    start, stop : Quantity
        Where the line begins and ends.

    Raises
    ------
    UnitError
        If a time is not a time, or `first` and `last` differ in dimension.
    ValueError
        If a value is not finite, `stop` does not come after `start`, or the shapes of
        `first` and `last` do not fit together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> print(signals.Ramp(1.0, 3.0, start=10 * ms, stop=20 * ms)([0, 10, 15, 20, 90] * ms))
    [1.0 1.0 2.0 3.0 3.0] dimensionless
    """

    first: Any
    last: Any
    start: Any
    stop: Any

    def __post_init__(self) -> None:
        unit = unit_of(self.last if is_bare_zero(self.first) else self.first)
        self._keep(
            first=read_level(self.first, unit, "first"), last=read_level(self.last, unit, "last")
        )
        self._keep(shape=joint_shape(first=self.first.shape, last=self.last.shape))
        self._keep_window()

    def _sample(self, times: Floats) -> Floats:
        start, stop = self._window.start, self._window.stop
        part = np.clip((aligned(times, len(self.shape)) - start) / (stop - start), 0.0, 1.0)
        return between(self.first.plain, self.last.plain, part)

    def _means(self, steps: Steps) -> Floats:
        start, stop = self._window.start, self._window.stop
        at = (steps.borders - start) / (stop - start)
        low, high = np.clip(at[:-1], 0.0, 1.0), np.clip(at[1:], 0.0, 1.0)
        above = np.clip(at[1:] - 1.0, 0.0, at[1:] - at[:-1])
        risen = (0.5 * (high - low) * (high + low) + above) / (at[1:] - at[:-1])
        middle = np.clip((steps.middles - start) / (stop - start), 0.0, 1.0)
        kink = (low - at[:-1] != high - at[1:]) | ((at[:-1] < 0.0) != (at[1:] < 0.0))
        part = aligned(np.where(kink, risen, middle), len(self.shape))
        return between(self.first.plain, self.last.plain, part)

    def _is_zero(self, start: float, stop: float) -> bool:
        kinks = np.clip(self._window.edges(), start, stop)
        return not np.any(self._sample(np.array([start, *kinks, stop])))


@dataclass(frozen=True, repr=False)
class Sine(Windowed):
    """A sine wave: ``offset + amplitude * sin(2 pi frequency (t - start) + phase)``.

    Parameters
    ----------
    amplitude : number, array or Quantity
        Half the distance from trough to peak.
    frequency : Quantity, optional
        Cycles per time, not angular. Exactly one of `frequency` and `period` is given.
    period : Quantity, optional
        The duration of one cycle.
    phase : number, array or Quantity, optional
        The phase at `start` (at t = 0 if there is no `start`), as an angle or in radian.
    offset : number, array or Quantity, optional
        What is added to the wave while it lasts, in the unit of `amplitude`.
    start, stop : Quantity, optional
        The signal is zero before `start` and from `stop` on, offset included. Without them
        it lasts for ever. For a background that stays, add a Constant.

    Raises
    ------
    UnitError
        If a unit is wrong, for example an angular one for `frequency`.
    ValueError
        If a value is not finite, `frequency` or `period` is not positive, both or neither of
        them are given, `stop` does not come after `start`, or shapes do not fit together.

    Notes
    -----
    `amplitude`, `frequency` or `period`, `phase` and `offset` may be arrays, one value per
    lane; they are broadcast together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import Hz, ms
    >>> print(signals.Sine(2.0, frequency=10 * Hz, offset=1.0)([0, 25, 75] * ms))
    [1.0 3.0 -1.0] dimensionless
    """

    amplitude: Any
    frequency: Any = None
    period: Any = field(default=None, compare=False)
    phase: Any = NOTHING
    offset: Any = NOTHING
    start: Any = field(default=ALWAYS, kw_only=True)
    stop: Any = field(default=NEVER, kw_only=True)

    def __post_init__(self) -> None:
        require_one(frequency=self.frequency, period=self.period)
        unit = unit_of(self.amplitude, "amplitude")
        if self.period is None:
            rhythm = read_positive(self.frequency, HZ, "frequency", 10.0)
            self._keep(frequency=rhythm)
        else:
            rhythm = read_positive(self.period, MS, "period", 100.0)
            self._keep(period=rhythm, frequency=Value(1.0 / rhythm.plain, HZ))
        self._keep(
            amplitude=read(self.amplitude, unit, "amplitude"),
            phase=read(self.phase, RADIAN, "phase"),
            offset=read_level(self.offset, unit, "offset"),
        )
        self._keep_window(ALWAYS, NEVER)
        names = ("amplitude", "frequency" if self.period is None else "period", "phase", "offset")
        self._keep(shape=joint_shape(**{name: getattr(self, name).shape for name in names}))

    def _fields(self) -> dict[str, Any]:
        given = super()._fields()
        given.pop("period" if self.period is None else "frequency")
        return given

    def _sample(self, times: Floats) -> Floats:
        t = aligned(times, len(self.shape))
        return np.where(self._window.holds(t), self.offset.plain + self._wave(t), 0.0)

    def _wave(self, times: Floats) -> Floats:
        origin = self._window.start if math.isfinite(self._window.start) else 0.0
        cycles = self.frequency.plain * (times - origin) + self.phase.plain / math.tau
        wave: Floats = self.amplitude.plain * np.sin(math.tau * (cycles - np.floor(cycles)))
        return wave

    def _means(self, steps: Steps) -> Floats:
        begin, end = steps.part(self._window.start), steps.part(self._window.stop)
        part = aligned(end - begin, len(self.shape))
        middles = aligned((steps.numbers + 0.5 * (begin + end)) * steps.dt, len(self.shape))
        wave = self._wave(middles) * np.sinc(self.frequency.plain * part * steps.dt)
        return np.where(part == 0.0, 0.0, part * (self.offset.plain + wave))

    def _is_zero(self, start: float, stop: float) -> bool:
        return not (self.amplitude or self.offset) or self._window.overlap(start, stop) == 0.0
