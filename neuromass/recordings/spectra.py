"""Power spectra of traces, and their coherence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief
from neuromass.recordings.contents import Contents, Floats
from neuromass.units import DIMENSIONLESS, HZ, MS, Measure


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """A power spectral density, or a coherence, over frequency.

    Attributes
    ----------
    name : str
        What it is of.
    frequencies : ndarray
        In Hz.
    values : ndarray
        In the unit of `measure`, (n_frequencies, *lanes).
    measure : Measure
        Its unit.
    quantity_name : str
        ``"power"`` or ``"coherence"``.
    """

    name: str
    frequencies: Floats
    values: Floats
    measure: Measure
    quantity_name: str = "power"

    @property
    def frequency(self) -> Any:
        """The frequencies, as a Quantity in Hz."""
        return units.as_view(HZ, HZ.to_internal(self.frequencies))

    @property
    def power(self) -> Any:
        """The density, in the unit of the trace squared per Hz."""
        return units.as_view(self.measure, self.measure.to_internal(self.values))

    @property
    def coherence(self) -> Any:
        """The magnitude-squared coherence, between 0 and 1."""
        if self.quantity_name != "coherence":
            raise AttributeError("A spectrum has power, not coherence; see rec.coherence(a, b).")
        return self.power

    @property
    def peak(self) -> Any:
        """The frequency where it is highest, without that of 0; NaN for a constant trace.

        It is refined between the frequencies by a parabola through the logarithms.
        """
        flat = self.values.reshape(len(self.values), -1)
        found = [_peak(self.frequencies, lane) for lane in flat.T]
        return units.to_quantity(HZ, HZ.to_internal(np.reshape(found, self.values.shape[1:])))

    def plot(
        self, ax: Any = None, *, figsize: tuple[float, float] | None = None, **line: Any
    ) -> Any:
        """Plot it over frequency, power on a logarithmic axis.

        Parameters
        ----------
        ax : Axes, optional
            Where to plot; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure in inches.
        **line
            Further keywords of matplotlib's lines.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import spectra  # noqa: PLC0415

        return spectra.plot_spectrum(self, ax, figsize, line)

    def __repr__(self) -> str:
        span = f"{self.frequencies[0]:g} to {self.frequencies[-1]:g} Hz"
        unit = f" [{self.measure.symbol}]" if self.measure.symbol else ""
        return f"<{self.quantity_name} of {self.name}{unit}: {len(self.frequencies)} from {span}>"


def _peak(frequencies: Floats, values: Floats) -> float:
    if len(values) < 3 or not np.max(values[1:]) > 0.0:
        return float("nan")
    k = 1 + int(np.argmax(values[1:]))
    if not 1 < k < len(values) - 1 or np.min(values[k - 1 : k + 2]) <= 0.0:
        return float(frequencies[k])
    a, b, c = np.log(values[k - 1 : k + 2])
    bend = a - 2.0 * b + c
    shift = 0.5 * (a - c) / bend if bend < 0.0 else 0.0
    return float(frequencies[k] + shift * (frequencies[1] - frequencies[0]))


def spectrum_of(contents: Contents, name: str, segment: Any, label: str) -> Spectrum:
    """The power spectrum of a trace, by Welch's method."""
    measure, values = shown_values(contents, name)
    rate, length = _sampling(contents, segment, len(values))
    frequencies, power = _scipy().welch(values, fs=rate, nperseg=length, axis=0)
    unit = measure.combined(measure).combined(HZ, -1)
    return Spectrum(label, frequencies, power, unit)


def coherence_of(
    first: tuple[Contents, str], second: tuple[Contents, str], segment: Any, label: str
) -> Spectrum:
    """The coherence of two traces, by Welch's method."""
    (_, one), (_, other) = (shown_values(*each) for each in (first, second))
    if not np.array_equal(first[0].made_times(), second[0].made_times()):
        raise ValueError(f"{label}: the two traces have times of their own.")
    one, other = _common(one, other, label)
    rate, length = _sampling(first[0], segment, len(one))
    with np.errstate(invalid="ignore", divide="ignore"):  # constant traces have none
        frequencies, values = _scipy().coherence(one, other, fs=rate, nperseg=length, axis=0)
    return Spectrum(label, frequencies, values, DIMENSIONLESS, "coherence")


def _common(one: Floats, other: Floats, label: str) -> tuple[Floats, Floats]:
    """Both traces, the one without lanes beside each lane of the other."""
    if one.shape != other.shape and 1 not in (one.ndim, other.ndim):
        raise ValueError(f"{label}: the lanes differ, {one.shape[1:]} and {other.shape[1:]}.")
    most = max(one.ndim, other.ndim)
    spread = [each.reshape(len(each), *(1,) * (most - each.ndim), *each.shape[1:])
              for each in (one, other)]  # fmt: skip
    return tuple(np.broadcast_arrays(*spread))  # type: ignore[return-value]


def shown_values(contents: Contents, name: str) -> tuple[Measure, Floats]:
    """A trace in its own unit."""
    measure, values = contents.look_up(name)
    shown = np.asarray(measure.from_internal(values), dtype=float)
    if len(shown) < 8:
        raise ValueError(f"A spectrum of {name} needs 8 samples at least, not {len(shown)}.")
    return measure, shown


def _sampling(contents: Contents, segment: Any, count: int) -> tuple[float, int]:
    """Samples per second, and in a segment."""
    spacing = contents.about.dt * contents.about.every
    if segment is None:
        return 1000.0 / spacing, max(8, count // 4)
    length = units.to_internal(segment, MS, "segment", 500.0)
    if not (isinstance(length, float) and 8 * spacing <= length <= count * spacing * (1 + 1e-9)):
        raise ValueError(
            f"segment lies between 8 samples and the whole recording, "
            f"{units.shown(8 * spacing, MS)} and {units.shown(count * spacing, MS)}; "
            f"{brief(segment)} does not."
        )
    return 1000.0 / spacing, round(length / spacing)


def _scipy() -> Any:
    try:
        from scipy import signal  # noqa: PLC0415
    except ImportError:
        raise ImportError("Spectra need scipy; install it with: pip install scipy") from None
    return signal


def member_of(recordings: Mapping[str, Any], name: Any) -> tuple[Any, str]:
    """The recording in which ``"exc.r"`` is, and its name there."""
    member, _, own = str(name).rpartition(".")
    if not member:
        raise KeyError(f"A trace of a member is named with it, 'exc.r', not {brief(name)}.")
    return recordings[member], own
