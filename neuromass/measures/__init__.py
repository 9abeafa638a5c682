"""Measures: what a trace comes to, as one number (or some) for each lane.

A measure is made with the name of what it looks at, ``"r"``, or ``"exc.r"`` for a member of a
network, and is called with a recording. In a sweep each point is measured in the same way.

>>> import neuromass as nm
>>> from neuromass.units import ms
>>> rec = nm.run(nm.QIF(tau=10 * ms, eta=-5.0, J=15.0), 100 * ms, inputs=3.0)
>>> print(f"{nm.measures.maximum('r')(rec):.1f~P}")
288.3 Hz
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuromass import units
from neuromass.errors import brief, name_of, whole_number
from neuromass.measures.oscillation import Frequency, PeakCount, Period
from neuromass.measures.reduction import Reduction
from neuromass.measures.running import Final, Maximum, Mean, Minimum, Std
from neuromass.measures.whole import Custom, Trace

__all__ = [
    "custom",
    "final",
    "frequency",
    "maximum",
    "mean",
    "minimum",
    "peak_count",
    "period",
    "std",
    "trace",
]


def _name(name: Any) -> str:
    return name_of(name, "What is measured")


def final(name: str) -> Reduction:
    """The last sample of a trace.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity with the shape of the lanes.
    """
    return Final(_name(name))


def mean(name: str) -> Reduction:
    """The mean of all samples of a trace.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity with the shape of the lanes.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rec = nm.run(nm.QIF(eta=[-5.0, 2.0]), 200 * ms)
    >>> nm.measures.mean("r")(rec).shape
    (2,)
    """
    return Mean(_name(name))


def std(name: str) -> Reduction:
    """The standard deviation of all samples of a trace, as ``numpy.std`` has it.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity with the shape of the lanes.
    """
    return Std(_name(name))


def minimum(name: str) -> Reduction:
    """The smallest sample of a trace.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity with the shape of the lanes.
    """
    return Minimum(_name(name))


def maximum(name: str) -> Reduction:
    """The largest sample of a trace.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity with the shape of the lanes.
    """
    return Maximum(_name(name))


def peak_count(name: str, prominence: float = 0.1) -> Reduction:
    """The number of peaks of a trace: every spike of a burst counts.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.
    prominence : float
        How far a peak must stand out from the valleys beside it, as a part of the difference
        between the largest and the smallest sample.

    Returns
    -------
    Reduction
        Called with a recording, it gives whole numbers with the shape of the lanes; 0 where the
        trace is constant to nine digits.
    """
    share = units.to_internal(prominence, units.DIMENSIONLESS, "prominence", 0.1)
    if not (isinstance(share, float) and 0.0 < share <= 1.0):
        raise ValueError(f"prominence lies between 0 and 1, and {brief(prominence)} does not.")
    return PeakCount(_name(name), share)


def frequency(name: str) -> Reduction:
    """The frequency of an oscillation, one over its `period`.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives Hz with the shape of the lanes; NaN where nothing
        oscillates.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> wave = nm.signals.Sine(1.0, frequency=12 * Hz)
    >>> rec = nm.run(nm.QIF(eta=-5.0), 1000 * ms, inputs=wave)
    >>> print(f"{nm.measures.frequency('r')(rec[300 * ms:]):.2f~P}")
    12.00 Hz
    """
    return Frequency(_name(name))


def period(name: str) -> Reduction:
    """The period of an oscillation; of bursts that of the whole pattern.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.

    Returns
    -------
    Reduction
        Called with a recording, it gives times in ms with the shape of the lanes; NaN where
        nothing oscillates.

    Notes
    -----
    The period is the shortest lag at which the trace is most like itself: of the maxima of its
    autocorrelation (Pearson's coefficient of the trace and the shifted trace) beyond the lag where
    this first falls below 0, the first one that comes close to the highest. So the spikes within a
    burst, which resemble their neighbours less than a burst does the next one, are not taken for
    the period. The lag is refined below the spacing of the samples by a parabola through the
    maximum, which is symmetric whatever the shape of the oscillation, and then at ever higher
    multiples of the period as long as the autocorrelation stays as high there.

    NaN is given to a trace that is constant to six digits, that shrinks or grows to less than half
    its standard deviation from the first half to the second, that has fewer than three periods, or
    whose autocorrelation is nowhere above 0.5: white noise added to a sine may have up to its
    variance.
    """
    return Period(_name(name))


def trace(name: str, every: int = 1) -> Reduction:
    """The trace itself, or every so manieth sample of it.

    Parameters
    ----------
    name : str
        A state, input or output; ``"exc.r"`` for one of a member.
    every : int
        Samples between those that are kept, the first one included.

    Returns
    -------
    Reduction
        Called with a recording, it gives a Quantity of shape ``(n_samples, *lanes)``. In a sweep
        the axis of time comes last.
    """
    count = whole_number(every, "every")
    if count < 1:
        raise ValueError(f"every must be at least 1, not {count}.")
    return Trace(_name(name), count)


def custom(
    function: Callable[[Any], Any], unit: Any = "", record: str | tuple[str, ...] | None = None
) -> Reduction:
    """What a function of one's own makes of a recording.

    Parameters
    ----------
    function : callable
        Takes a recording, and returns a number or an array of numbers in `unit`, or a Quantity.
        In a sweep it is given the recording of each point by itself, without lanes.
    unit : Unit, optional
        The unit of the result; none if left out.
    record : str or tuple of str, optional
        What it needs to be recorded in a sweep, as in ``nm.run``; all states if left out.

    Returns
    -------
    Reduction
        Called with a recording, it gives what the function returns, as a Quantity.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> swing = nm.measures.custom(lambda rec: rec.array("r", Hz).max() - 20.0, unit=Hz)
    >>> rec = nm.run(nm.QIF(J=15.0), 100 * ms)
    >>> bool(swing(rec) > -20.0 * Hz)
    True
    """
    if not callable(function):
        raise TypeError(f"custom takes a function of a recording, not {brief(function)}.")
    return Custom("", function, units.measure(unit), record)
