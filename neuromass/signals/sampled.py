"""Signals that are lists of values with a clock of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuromass.signals.signal import Signal
from neuromass.signals.steps import SLACK, Floats, Steps, between, cell
from neuromass.signals.values import (
    ZERO_TIME,
    aligned,
    read,
    read_choice,
    read_length,
    read_time,
    unit_of,
)
from neuromass.units import MS, shown


@dataclass(frozen=True, repr=False)
class Sampled(Signal):
    """Values on a clock of their own, for example a recorded current.

    Parameters
    ----------
    values : array, Quantity or sequence
        Time first: shape (n,), or (n, *lanes) for one value per lane.
    dt : Quantity
        From one sample to the next.
    start : Quantity, optional
        The time of sample 0; 0 ms if not given.
    kind : {"hold", "linear"}, optional
        "hold": sample k is the value for ``start + k dt <= t < start + (k + 1) dt``, so
        that n samples cover ``n dt``. "linear": the value at ``start + k dt`` is sample k,
        with straight lines between, so that n samples cover ``(n - 1) dt``.
    outside : {"error", "zero", "hold"}, optional
        What holds at times that the samples do not cover. "error", the default: asking
        for them is an error. "zero": zero. "hold": the first and the last sample.

    Raises
    ------
    UnitError
        If `dt` or `start` is not a time.
    TypeError
        If `values` are no numbers.
    ValueError
        If a value is not finite, `dt` is not positive, there are too few values, or `kind`
        or `outside` is unknown.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> held = signals.Sampled([1.0, 2.0, 4.0], dt=10 * ms, outside="zero")
    >>> print(held([-5, 5, 10, 25, 30] * ms))
    [0.0 1.0 2.0 4.0 0.0] dimensionless
    >>> print(signals.Sampled([1.0, 2.0, 4.0], dt=10 * ms, kind="linear")([0, 5, 15, 20] * ms))
    [1.0 1.5 3.0 4.0] dimensionless
    """

    values: Any
    dt: Any
    start: Any = ZERO_TIME
    kind: Literal["hold", "linear"] = "hold"
    outside: Literal["error", "zero", "hold"] = "error"

    def __post_init__(self) -> None:
        values = read(self.values, unit_of(self.values, "values"), "values")
        read_choice(self.kind, ("hold", "linear"), "kind")
        least = 1 if self.kind == "hold" else 2
        if not values.shape or values.shape[0] < least:
            raise ValueError(
                f"values needs an array with time first, and at least {least} of them for "
                f"kind={self.kind!r}, not shape {values.shape}."
            )
        self._keep(
            values=values,
            shape=values.shape[1:],
            dt=read_length(self.dt, "dt", 0.1),
            start=read_time(self.start, "start", ZERO_TIME),
        )
        read_choice(self.outside, ("error", "zero", "hold"), "outside")

    @property
    def _end(self) -> float:
        intervals = len(self.values.plain) - (self.kind == "linear")
        return float(self.start.plain + intervals * self.dt.plain)

    def _sample(self, times: Floats) -> Floats:
        times = self._snapped(times)
        beyond = times >= self._end if self.kind == "hold" else times > self._end
        missing = (times < self.start.plain) | beyond
        if self.outside == "error" and missing.any():
            raise ValueError(self._refusal(times[missing][0]))
        values = self._at(times)
        if self.outside == "zero":
            values[missing] = 0.0
        return values

    def _means(self, steps: Steps) -> Floats:
        borders = self._snapped(steps.borders)
        missing = np.maximum(self.start.plain - borders[:-1], borders[1:] - self._end) > 0.0
        if self.outside == "error" and missing.any():
            k = int(np.argmax(missing))
            early = borders[k] < self.start.plain
            raise ValueError(self._refusal(borders[k] if early else borders[k + 1]))
        inside = np.clip(borders, self.start.plain, self._end)
        areas = np.diff(self._areas(inside), axis=0)
        single = self._in_one_cell(inside)
        length = aligned(np.diff(inside), len(self.shape))
        at = 0.5 * (inside[:-1] + inside[1:])
        value = self._at(at)
        mean = np.where(
            aligned(single, len(self.shape)), value, areas / np.where(length, length, 1.0)
        )
        around: Any = 0.0
        if self.outside == "hold":
            before = aligned(np.clip(self.start.plain - borders, 0.0, None), len(self.shape))
            after = aligned(np.clip(borders - self._end, 0.0, None), len(self.shape))
            first, last = self.values.plain[0], self.values.plain[-1]
            around = (before[:-1] - before[1:]) * first + (after[1:] - after[:-1]) * last
        whole = aligned(~missing, len(self.shape))
        total = aligned(np.diff(borders), len(self.shape))
        return np.where(whole, mean, (mean * length + around) / total)

    def _in_one_cell(self, inside: Floats) -> NDArray[np.bool_]:
        """Whether each span between borders lies between two samples that follow each other."""
        begin = self._index(inside[:-1])
        end = np.ceil((inside[1:] - self.start.plain) / self.dt.plain - SLACK).astype(np.intp)
        found: NDArray[np.bool_] = end <= begin + 1
        return found

    def _areas(self, times: Floats) -> Floats:
        """What the values sum up to from the start to each time, in value times ms."""
        k = self._index(times)
        rest = aligned(times - (self.start.plain + k * self.dt.plain), len(self.shape))
        before, slopes = self._integrals
        return before[k] + rest * (self.values.plain[k] + 0.5 * slopes[k] * rest)

    @cached_property
    def _integrals(self) -> tuple[Floats, Floats]:
        """Integral up to each sample, and the slope after it."""
        values, dt = self.values.plain, self.dt.plain
        rise = np.zeros_like(values)
        if self.kind == "linear":
            rise[:-1] = np.diff(values, axis=0)
        areas = (values + 0.5 * rise) * dt
        return np.concatenate([0.0 * values[:1], np.cumsum(areas, axis=0)]), rise / dt

    def _is_zero(self, start: float, stop: float) -> bool:
        if self.outside != "hold" and (start >= self._end or stop <= self.start.plain):
            return True
        times = np.clip(
            np.array([start, stop - SLACK * self.dt.plain]), self.start.plain, self._end
        )
        first, last = self._index(times)
        return not np.any(self.values.plain[first : last + 1 + (self.kind == "linear")])

    def _snapped(self, times: Floats) -> Floats:
        """Times, those put right that are the times of samples but for rounding."""
        nearest = np.rint((times - self.start.plain) / self.dt.plain)
        at = self.start.plain + nearest * self.dt.plain
        return np.where(np.abs(times - at) < 1e-9 * self.dt.plain, at, times)

    def _refusal(self, time: float) -> str:
        return (
            f"Sampled values cover {shown(self.start.plain, MS, 15)} to {shown(self._end, MS, 15)} "
            f"(kind={self.kind!r}) and were needed at {shown(time, MS, 15)}; give more of them, "
            "or say outside='zero' or outside='hold'."
        )

    def _index(self, times: Floats) -> NDArray[np.intp]:
        last = len(self.values.plain) - 1
        return np.clip(cell(times, self.start.plain, self.dt.plain), 0, last).astype(np.intp)

    def _at(self, times: Floats) -> Floats:
        """Values at times; outside of the samples the first and the last."""
        values: Floats = self.values.plain
        if self.kind == "hold":
            return values[self._index(times)]
        t = np.clip(times, self.start.plain, self._end)
        k = self._index(t)
        following = np.minimum(k + 1, len(values) - 1)
        part = (t - (self.start.plain + k * self.dt.plain)) / self.dt.plain
        return between(values[k], values[following], aligned(part, len(self.shape)))

    def _edges(self, end: float) -> Floats:
        return np.array([self.start.plain, self._end])
