"""Period, frequency and peaks of traces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from neuromass.measures.reduction import Floats
from neuromass.measures.whole import WholeReduction
from neuromass.units import DIMENSIONLESS, HZ, MS, Measure

_CONSTANT: Final = 1e-6
"""Standard deviation, as a part of the largest value, up to which a trace is constant."""

_LIKENESS: Final = 0.5
"""Autocorrelation above which a trace repeats itself."""

_CLEAN: Final = 0.999
"""Autocorrelation above which there is too little noise to move crossings of the mean."""

_SHRINKS: Final = 0.5
"""Ratio of the standard deviations of both halves below which an oscillation is passing."""

_PERIODS: Final = 3
"""Periods that a trace has to have at least."""


@dataclass(frozen=True)
class Period(WholeReduction):
    """The period of an oscillation."""

    def unit(self, measured: Measure) -> Measure:
        """A time."""
        return MS

    def reduced(self, values: Floats, spacing: float) -> Floats:
        """See `WholeReduction`."""
        return spacing * np.array([period_of(lane) for lane in values.T])


@dataclass(frozen=True)
class Frequency(WholeReduction):
    """The frequency of an oscillation."""

    def unit(self, measured: Measure) -> Measure:
        """A rate."""
        return HZ

    def reduced(self, values: Floats, spacing: float) -> Floats:
        """See `WholeReduction`."""
        return 1.0 / Period(self.name).reduced(values, spacing)


@dataclass(frozen=True)
class PeakCount(WholeReduction):
    """The number of peaks.

    Attributes
    ----------
    prominence : float
        How far a peak must stand out, as a part of the range of the samples.
    """

    prominence: float = 0.1

    def unit(self, measured: Measure) -> Measure:
        """A number."""
        return DIMENSIONLESS

    def reduced(self, values: Floats, spacing: float) -> Floats:
        """See `WholeReduction`."""
        return np.array([float(peaks_of(lane, self.prominence)) for lane in values.T])


def peaks_of(trace: Floats, prominence: float) -> int:
    """The number of maxima from which the trace falls by a part of its range to both sides.

    A maximum is counted where the trace has fallen so far from it, having risen so far before;
    one at either end is none, as for ``scipy.signal.find_peaks``.
    """
    least = prominence * float(np.ptp(trace))
    if not least > 1e-9 * float(np.max(np.abs(trace))):
        return 0
    turns = np.flatnonzero(np.diff(np.sign(np.diff(trace))))
    count, rising, low, high = 0, False, float(trace[0]), float(trace[0])
    for value in (*trace[turns + 1].tolist(), float(trace[-1])):
        low, high = min(low, value), max(high, value)
        if rising and high - value >= least:
            count, rising, low = count + 1, False, value
        elif not rising and value - low >= least:
            rising, high = True, value
    return count


def period_of(trace: Floats) -> float:
    """The period of a trace in samples; see `nm.measures.period`. NaN if it has none."""
    largest = float(np.max(np.abs(trace), initial=0.0))
    if len(trace) < 8 or not math.isfinite(largest) or np.std(trace) <= _CONSTANT * largest:
        return math.nan
    half = len(trace) // 2
    spreads = sorted((float(np.std(trace[:half])), float(np.std(trace[half:]))))
    if spreads[0] < _SHRINKS * spreads[1]:
        return math.nan
    likeness = autocorrelation(trace)
    below = np.flatnonzero(likeness < 0.0)
    if len(below) == 0:
        return math.nan
    after = likeness[below[0] :]
    highest = float(np.max(after[: len(trace) // _PERIODS - below[0] + 1], initial=-1.0))
    if highest < _LIKENESS:
        return math.nan
    slack = 0.02 + 0.3 * (1.0 - highest)  # multiples of a noisy period differ by chance
    first = int(below[0]) + int(np.argmax(after >= highest - slack))
    lag = first + int(np.argmax(likeness[first : first + max(2, first // 4)]))
    period = _refined(likeness, lag, highest - slack, len(trace))
    return _between_crossings(trace, period) if highest > _CLEAN else period


def _between_crossings(trace: Floats, period: float) -> float:
    """The period of a trace that repeats itself exactly, from crossings of its mean.

    Every upward crossing is compared with the one that lies as many periods later as there are.
    """
    x = trace - np.mean(trace)
    before = np.flatnonzero((x[:-1] < 0.0) & (x[1:] >= 0.0))
    at = before - x[before] / (x[before + 1] - x[before])
    times = math.floor((at[-1] - at[0]) / period + 0.5) if len(at) else 0
    if times < 1:
        return period
    later = at[at < at[0] + period / 2.0] + times * period
    nearest = np.searchsorted(0.5 * (at[1:] + at[:-1]), later)
    apart = at[nearest] - later
    close = np.abs(apart) < 0.02 * period
    return period + float(np.mean(apart[close])) / times if np.any(close) else period


def autocorrelation(trace: Floats) -> Floats:
    """Pearson's coefficient of a trace and itself, by lag up to half of its length."""
    count = len(trace)
    lags = count // 2 + 1
    x = trace - np.mean(trace)
    x = x / np.max(np.abs(x))
    size = 1 << (2 * count - 1).bit_length()
    transformed = np.fft.rfft(x, size)
    products = np.fft.irfft(transformed * np.conj(transformed), size)[:lags]
    pairs = count - np.arange(lags)
    early, early2 = (_sums(each)[pairs] for each in (x, x**2))
    late, late2 = (_sums(each[::-1])[pairs] for each in (x, x**2))
    covariance = products - early * late / pairs
    spread = np.maximum(early2 - early**2 / pairs, 0.0) * np.maximum(late2 - late**2 / pairs, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0.0, covariance / np.sqrt(spread), 0.0)


def _sums(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _refined(likeness: Floats, lag: int, least: float, count: int) -> float:
    """The period near a lag, from the highest multiple of it that is as good."""
    period, times = _top(likeness, lag), 1
    while True:
        # the next multiple must be told from its neighbours: half a period is far enough
        times = min(2 * times, int((count // 2 - 2) / period))
        near = round(times * period)
        room = max(1, int(period / 4))
        low = max(1, near - room)
        nearby = likeness[low : near + room + 1]
        if times < 2 or np.max(nearby, initial=-1.0) < least:
            return period
        found = _top(likeness, low + int(np.argmax(nearby))) / times
        if abs(found - period) > 0.02 * period:
            return period
        period = found
        if 2 * times * period > count // 2:
            return period


def _top(likeness: Floats, lag: int) -> float:
    """Where the maximum near a lag is: that of a parabola through the upper part of the peak."""
    floor = likeness[lag] - 0.1 * abs(likeness[lag])
    left, right = lag, lag
    while left > 1 and right < len(likeness) - 1 and min(likeness[left], likeness[right]) > floor:
        left, right = left - 1, right + 1
    if left == lag:
        return float(lag)
    x = np.arange(left, right + 1) - float(lag)
    bend, slope, _ = np.polyfit(x, likeness[left : right + 1], 2)
    shift = -0.5 * slope / bend if bend < 0.0 else 0.0
    return lag + float(np.clip(shift, -(lag - left), right - lag))
