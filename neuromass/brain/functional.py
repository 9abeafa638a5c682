"""Functional connectivity: which regions go up and down together, and how that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.brain.observers import Observer
from neuromass.errors import brief
from neuromass.measures.reduction import Reduction, Running
from neuromass.recordings.recording import Recording, contents_of
from neuromass.units import DIMENSIONLESS, MS, Measure

__all__ = ["fc", "fcd"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class FunctionalConnectivity:
    """Correlations between regions.

    Attributes
    ----------
    matrix : ndarray
        Pearson's coefficients, (regions, regions); NaN where a region does not change.
    labels : tuple of str or None
        Names of the regions.
    """

    matrix: Floats
    labels: tuple[str, ...] | None = None

    @property
    def pairs(self) -> Floats:
        """The coefficients of all pairs of different regions, each once."""
        return self.matrix[np.triu_indices(len(self.matrix), 1)]

    def compare(self, other: Any) -> float:
        """How alike another one is: the correlation of the coefficients of all pairs.

        Parameters
        ----------
        other : FunctionalConnectivity or array
            Such as an empirical one, in the same order of regions.

        Returns
        -------
        float
        """
        table = np.asarray(getattr(other, "matrix", other), dtype=float)
        if table.shape != self.matrix.shape:
            raise ValueError(
                f"The other has the shape {table.shape}, and this one {self.matrix.shape}."
            )
        theirs = table[np.triu_indices(len(table), 1)]
        both = np.isfinite(self.pairs) & np.isfinite(theirs)
        return float(_correlations(np.stack([self.pairs[both], theirs[both]], axis=1))[0, 1])

    def plot(self, ax: Any = None) -> Any:
        """Draw the matrix, with the names of the regions.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure otherwise.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import brains  # noqa: PLC0415

        return brains.plot_correlations(self, ax)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        return np.array(self.matrix, dtype=dtype)

    def __repr__(self) -> str:
        mean = float(np.nanmean(self.pairs)) if len(self.pairs) else float("nan")
        return f"<FC of {len(self.matrix)} regions: mean correlation {mean:.3f}>"


@dataclass(frozen=True, eq=False, repr=False)
class FunctionalDynamics:
    """How alike functional connectivity is at different times.

    Attributes
    ----------
    matrix : ndarray
        Correlations between windows of the coefficients of all pairs, (windows, windows).
    times : ndarray
        Middles of the windows in ms.
    """

    matrix: Floats
    times: Floats

    @property
    def t(self) -> Any:
        """Middles of the windows, as a Quantity."""
        return units.as_view(MS, self.times)

    @property
    def pairs(self) -> Floats:
        """The values of all pairs of different windows: their distribution is what is compared."""
        return self.matrix[np.triu_indices(len(self.matrix), 1)]

    def compare(self, other: Any) -> float:
        """The distance of Kolmogorov and Smirnov between both distributions; 0 is alike.

        Parameters
        ----------
        other : FunctionalDynamics or array
            Another one, or a matrix.

        Returns
        -------
        float
        """
        table = np.asarray(getattr(other, "matrix", other), dtype=float)
        mine, theirs = np.sort(self.pairs), np.sort(table[np.triu_indices(len(table), 1)])
        at = np.concatenate([mine, theirs])
        below = [np.searchsorted(x, at, side="right") / len(x) for x in (mine, theirs)]
        return float(np.max(np.abs(below[0] - below[1])))

    def plot(self, ax: Any = None) -> Any:
        """Draw the matrix over the times of the windows.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure otherwise.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import brains  # noqa: PLC0415

        return brains.plot_dynamics(self, ax)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        return np.array(self.matrix, dtype=dtype)

    def __repr__(self) -> str:
        return f"<FCD of {len(self.matrix)} windows: variance {np.nanvar(self.pairs):.4f}>"


def fc(what: Any, name: str | None = None) -> Any:
    """Functional connectivity: Pearson's correlation of all pairs of lanes.

    Parameters
    ----------
    what : Recording, array or Observer
        Traces of the regions, (samples, regions) for an array. Of an observer, such as
        ``nm.bold(repetition_time=2 * second)``, it is a measure for ``nm.sweep``.
    name : str, optional
        The trace; the only one if left out.

    Returns
    -------
    FunctionalConnectivity
        With ``matrix``, ``compare(empirical)`` and ``plot()``.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.0, tau=10 * ms)}
    >>> rec = nm.run(nm.QIF(shape=3, noise=noise, seed=1), 500 * ms)
    >>> nm.fc(rec, "r").matrix.shape
    (3, 3)
    """
    if isinstance(what, Observer):
        return _Connectivity(what.name, what)
    values, labels, _ = _traces(what, name)
    return FunctionalConnectivity(_correlations(values), labels)


def fcd(what: Any, window: Any, step: Any, name: str | None = None) -> FunctionalDynamics:
    """Dynamics of functional connectivity: that of sliding windows, compared with each other.

    Parameters
    ----------
    what : Recording
        Traces of the regions.
    window, step : Quantity
        Length of a window, and how far one is from the next.
    name : str, optional
        The trace; the only one if left out.

    Returns
    -------
    FunctionalDynamics
        With ``matrix``, ``pairs``, ``compare(other)`` and ``plot()``.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.0, tau=10 * ms)}
    >>> rec = nm.run(nm.QIF(shape=3, noise=noise, seed=1), 500 * ms, record="r")
    >>> nm.fcd(rec, window=100 * ms, step=50 * ms).matrix.shape
    (9, 9)
    """
    values, _, times = _traces(what, name)
    if times is None:
        raise TypeError("fcd takes a recording, which knows its times.")
    spacing = float(times[1] - times[0])
    sizes = []
    for given, word in ((window, "window"), (step, "step")):
        length = units.to_internal(given, MS, word, 60_000.0)
        if not isinstance(length, float) or not length >= spacing * (1.0 - 1e-9):
            raise ValueError(
                f"{word} is a time of {units.shown(spacing, MS)} at least, the spacing of the "
                f"samples, and {brief(given)} is none."
            )
        sizes.append(round(length / spacing))
    length, stride = sizes
    if length < 3 or len(values) < length + stride:
        raise ValueError(
            f"window has {length} of {len(values)} samples; it needs 3 at least, and there must be "
            f"two windows."
        )
    starts = range(0, len(values) - length + 1, stride)
    upper = np.triu_indices(values.shape[1], 1)
    pairs = [_correlations(values[first : first + length])[upper] for first in starts]
    middles = np.array([0.5 * (times[i] + times[i + length - 1]) for i in starts])
    return FunctionalDynamics(_correlations(np.array(pairs).T), middles)


@dataclass(frozen=True, eq=False)
class _Connectivity(Reduction):
    """Functional connectivity of what an instrument sees, as a measure."""

    observer: Observer | None = None

    def unit(self, measured: Measure) -> Measure:
        """A plain number."""
        assert self.observer is not None
        self.observer.unit(measured)
        return DIMENSIONLESS

    def begin(self, spacing: float) -> Running:
        """See `Reduction`."""
        assert self.observer is not None
        return _Correlated(self.observer.begin(spacing))


class _Correlated:
    """Correlations of a result."""

    def __init__(self, inner: Running) -> None:
        self._inner = inner

    def add(self, samples: Floats) -> None:
        self._inner.add(samples)

    def result(self) -> Floats:
        return _correlations(self._inner.result().T)


def _traces(what: Any, name: str | None) -> tuple[Floats, tuple[str, ...] | None, Floats | None]:
    """Traces of regions, (samples, regions), their names, and the times."""
    if isinstance(what, np.ndarray):
        values, labels, times = np.asarray(what, dtype=float), None, None
    elif isinstance(what, Recording):
        if name is None and len(what.names) != 1:
            raise ValueError(
                f"Name one of the traces, fc(rec, 'r'); there is {', '.join(what.names)}."
            )
        contents = contents_of(what)
        values = contents.look_up(what.names[0] if name is None else name)[1]
        labels, times = what.labels, contents.made_times()
    else:
        raise TypeError(f"It takes the recording of one population, not {brief(what)}.")
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"It takes traces of several regions, not of the shape {values.shape}.")
    if len(values) < 3:
        raise ValueError(f"A correlation needs 3 samples at least, and there are {len(values)}.")
    return values, labels, times


def _correlations(values: Floats) -> Floats:
    """Pearson's coefficients of columns; NaN for those that do not change."""
    off = values - values.mean(axis=0)
    scale = np.sqrt((off**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = off / scale
    found: Floats = np.clip(unit.T @ unit, -1.0, 1.0)
    return found
