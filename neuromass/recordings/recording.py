"""Labelled traces: what a run or a hand-written loop leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.hints import RECORDING, instead, public
from neuromass.recordings import export
from neuromass.recordings.contents import About, Contents, Floats, Parameters, same_parameters
from neuromass.recordings.spikes import Spikes
from neuromass.units import HZ, MS, Measure

__all__ = ["Recording", "Recordings"]


class Recording:
    """Traces of a population over time.

    Traces are Quantities with time first, of shape ``(n_samples, *lanes)``: ``rec.r`` or
    ``rec["r"]``. The first sample is the initial state and the last the final one; an input
    is the value used in the step that ends at the sample; the first sample, at which no step
    ends, repeats the second, so that a mean is one of inputs that were used. Slices by time,
    both ends included, are recordings: ``rec[100 * ms:200 * ms]``; negative times count back from
    the last: ``rec[-100 * ms:]``.

    Two recordings are equal, ``==``, if times, traces, units and all that is known of the run are
    the same to the last bit: a loaded one equals the one that was saved.

    Made by ``nm.run`` and ``nm.record``.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms, Hz
    >>> rec = nm.run(nm.QIF(J=15.0), 10 * ms, inputs=3.0)
    >>> rec.r.shape
    (201,)
    >>> bool(rec.array("r", Hz)[-1] == rec.r[-1].magnitude)
    True
    """

    def __init__(
        self,
        times: Floats | Callable[[], Floats],
        data: Mapping[str, Floats],
        measures: Mapping[str, Measure],
        about: About,
        spikes: Spikes | None = None,
    ) -> None:
        self._contents = Contents(times, dict(data), dict(measures), about, spikes)

    # ------------------------------------------------------------------- reading

    @property
    def _times(self) -> Floats:
        """Times in ms; made when they are first asked for, as they cost as much as a trace."""
        return self._contents.made_times()

    @property
    def t(self) -> Any:
        """Times of the samples, as a Quantity."""
        return units.as_view(MS, self._times)

    @property
    def names(self) -> tuple[str, ...]:
        """What was recorded."""
        return tuple(self._contents.data)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of the lanes; None if they have none."""
        return self._contents.about.labels

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._contents.about.model

    @property
    def dt(self) -> Any:
        """The step of the simulation, as a Quantity."""
        return MS.quantity(self._contents.about.dt)

    @property
    def method(self) -> str:
        """How the steps were taken."""
        return self._contents.about.method

    @property
    def seed(self) -> int | None:
        """Seed of the noise, or None."""
        return self._contents.about.seed

    @property
    def version(self) -> str:
        """Version of the package that made the recording."""
        return self._contents.about.version

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters as they were at the end of the run, as Quantities."""
        return _quantities(self._contents.about.parameters)

    @property
    def fs(self) -> Any:
        """Sampling frequency in Hz, as a Quantity."""
        return HZ.quantity(1.0 / (self._contents.about.dt * self._contents.about.every))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the lanes."""
        return self._contents.shape

    def __len__(self) -> int:
        return len(self._times)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._trace(name)
        except KeyError as error:
            hint = instead(name, RECORDING)
            said = f"A recording has no attribute {brief(name)}{hint}" if hint else error.args[0]
            raise AttributeError(said) from None

    def __dir__(self) -> list[str]:
        spikes = [] if self._contents.spikes is None else ["spikes"]
        return [*public(super().__dir__()), *self._contents.data, *spikes]

    def _ipython_key_completions_(self) -> list[str]:
        """What Tab shows after ``rec["``."""
        spikes = [] if self._contents.spikes is None else ["spikes"]
        return [*self._contents.data, *spikes]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recording):
            return NotImplemented
        return self._contents.equals(other._contents)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._trace(key)
        if isinstance(key, slice):
            return self._cut(key)
        raise TypeError(
            f"A recording is indexed with a name, rec['r'], or a slice of times, "
            f"rec[100 * ms:200 * ms], not with {brief(key)}."
        )

    def _trace(self, name: str) -> Any:
        if name == "spikes" and self._contents.spikes is not None:
            return self._contents.spikes
        return self._contents.quantity(name)

    def _cut(self, key: slice) -> Recording:
        if key.step is not None:
            raise ValueError("A slice of times has no step; record with every=... instead.")
        slack = 1e-6 * self._contents.about.dt
        end = self._times[-1] if len(self._times) else 0.0
        low = _time(key.start, "the start of the slice", -np.inf, end) - slack
        high = _time(key.stop, "the end of the slice", np.inf, end) + slack
        inside = (self._times >= low) & (self._times <= high)
        data = {name: values[inside] for name, values in self._contents.data.items()}
        spikes = self._contents.spikes
        if spikes is not None:
            spikes = spikes.between(low, high)
        about, measures = self._contents.about, self._contents.measures
        return Recording(self._times[inside], data, measures, about, spikes)

    def array(self, name: str, unit: Any = "") -> Floats:
        """A trace as a plain array, in the unit stated.

        Parameters
        ----------
        name : str
            What was recorded, or ``"t"``.
        unit : Unit, optional
            The unit of the numbers; may be left out for what has none.

        Returns
        -------
        numpy.ndarray
            A new array of shape ``(n_samples, *lanes)``.

        Raises
        ------
        UnitError
            If the trace cannot be expressed in that unit.
        KeyError
            If nothing was recorded under that name.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms, Hz
        >>> rec = nm.run(nm.QIF(), 1 * ms)
        >>> rec.array("r", Hz).shape
        (21,)
        """
        measure, values = self._contents.look_up(name)
        target = units.measure(unit)
        try:
            units.to_internal(target.quantity(1.0), measure, name)  # refuses what does not fit
        except units.UnitError:
            text = f"{name} is in {measure.symbol or 'no unit'}"
            raise units.UnitError(
                f"{text} and cannot be given in {target.symbol or 'no unit'}; "
                f"name its unit, for example rec.array({name!r}, {measure.symbol or repr('')}).",
                measure.text,
                target.text,
            ) from None
        return np.array(target.from_internal(values), dtype=float)

    def scaled(self, tau: Any) -> tuple[Floats, Floats, Floats]:
        """Time, rate and potential in the units of papers: t / tau, tau r and v.

        Parameters
        ----------
        tau : Quantity
            The time constant.

        Returns
        -------
        t, r, v : numpy.ndarray
            Plain arrays.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> pop = nm.QIF(J=15.0)
        >>> T, R, V = nm.run(pop, 100 * ms).scaled(pop.tau)
        >>> float(T[-1])
        10.0
        """
        for name in ("r", "v"):
            if name not in self._contents.data:
                raise ValueError(f"scaled() needs r and v, and {name} was not recorded.")
        scale = units.to_internal(tau, MS, "tau", 10.0)
        units.require_finite(scale, "tau")
        if not np.size(scale) or np.min(scale) <= 0.0:
            raise ValueError("tau must be positive.")
        if np.ndim(scale):
            raise ValueError("scaled() takes one tau; divide by an array of them yourself.")
        return (
            self._times / scale,
            self._contents.data["r"] * scale,
            self._contents.data["v"].copy(),
        )

    # ------------------------------------------------------------------- spectra

    def spectrum(self, name: str, segment: Any = None) -> Any:
        """The power spectral density of a trace, by Welch's method (``scipy.signal.welch``).

        Parameters
        ----------
        name : str
            What was recorded.
        segment : Quantity, optional
            Length of the segments, which overlap by half and are averaged: a quarter of the
            recording if left out. Its reciprocal is the resolution.

        Returns
        -------
        Spectrum
            With ``frequency`` and ``power`` (in the unit of the trace squared per Hz, for each
            lane) as Quantities, the frequency of the ``peak``, and ``plot()``.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms, Hz
        >>> wave = nm.signals.Sine(1.0, frequency=20 * Hz)
        >>> rec = nm.run(nm.QIF(eta=-5.0), 1000 * ms, inputs=wave)
        >>> print(f"{rec[200 * ms:].spectrum('r').peak:.1f~P}")
        20.0 Hz
        """
        from neuromass.recordings import spectra  # noqa: PLC0415

        return spectra.spectrum_of(self._contents, name, segment, name)

    def coherence(self, first: str, second: str, segment: Any = None) -> Any:
        """The magnitude-squared coherence of two traces (``scipy.signal.coherence``).

        Parameters
        ----------
        first, second : str
            What was recorded.
        segment : Quantity, optional
            Length of the segments; a quarter of the recording if left out.

        Returns
        -------
        Spectrum
            With ``frequency`` and ``coherence`` as Quantities, and ``plot()``.
        """
        from neuromass.recordings import spectra  # noqa: PLC0415

        ends = (self._contents, first), (self._contents, second)
        return spectra.coherence_of(*ends, segment, f"{first} and {second}")

    # ----------------------------------------------------------------- exporting

    def plot(
        self,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        *,
        labels: Mapping[str, str] | None = None,
        figsize: tuple[float, float] | None = None,
        **line: Any,
    ) -> Any:
        r"""Plot traces over time, one panel for each, with units.

        A few lanes are lines with a legend, some dozens are lines coloured in their order, and
        more are an image, unless `line` asks for lines. If one parameter varies over the lanes,
        they are labelled with it. Times over 10 s are in seconds. Axes that show a unit already,
        be it by an earlier plot or at the end of their label, get values in that unit.

        Parameters
        ----------
        names : str or sequence of str, optional
            What to plot; everything recorded if left out.
        ax : Axes or sequence of Axes, optional
            Where to plot, one for each name; a new figure otherwise.
        labels : mapping, optional
            Name -> what is written for it, ``{"eta": r"$\eta$"}``. Names that the picture does
            not have are left out, so that one mapping serves all figures.
        figsize : tuple of float, optional
            Width and height of a new figure in inches.
        **line
            Further keywords of matplotlib's lines, such as ``color``, ``label`` or ``lw``. Colours
            follow the cycle of the Axes if left out.

        Returns
        -------
        Axes or ndarray of Axes
            One Axes for one name, else an array of them.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> ax = nm.run(nm.QIF(J=15.0), 100 * ms).plot("r")
        """
        from neuromass.plotting import traces  # noqa: PLC0415

        return traces.plot_recording(self, names, ax, labels, figsize, **line)

    def plot_raster(
        self,
        mean_field: Recording | None = None,
        ax: Any = None,
        *,
        neurons: int = 500,
        labels: Mapping[str, str] | None = None,
        figsize: tuple[float, float] | None = None,
    ) -> Any:
        """Plot spikes, neurons ordered by excitability, over the rate and that of a mean field.

        Parameters
        ----------
        mean_field : Recording, optional
            Of the population behind the network; its rate is drawn over that of the neurons.
        ax : sequence of two Axes, optional
            Where to plot; a new figure otherwise.
        neurons : int
            How many neurons are shown at most, evenly over those that were recorded.
        labels : mapping, optional
            Name -> what is written for it, as for `plot`.
        figsize : tuple of float, optional
            Width and height of a new figure in inches.

        Returns
        -------
        ndarray of Axes
            The raster, and the rate. The rate is drawn in the middle of the window over which
            it was counted.

        Raises
        ------
        ValueError
            If spikes or the rate were not recorded.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> pop = nm.QIF.montbrio2015()
        >>> net = nm.spiking.from_mean_field(pop, 1000)
        >>> rec = nm.run(net, 20 * ms, inputs=3.0, record=("r", "spikes"))
        >>> above, below = rec.plot_raster(mean_field=nm.run(pop, 20 * ms, inputs=3.0))
        """
        from neuromass.plotting import raster  # noqa: PLC0415

        return raster.plot_raster(self, mean_field, ax, neurons, labels, figsize)

    def to_xarray(self) -> Any:
        """The traces as an ``xarray.Dataset`` with units, coordinates and parameters.

        Spikes have a table of their own, ``rec.spikes.to_dataframe()``.

        Returns
        -------
        xarray.Dataset
            Dimensions ``t``, in ms and rounded to the decimals that are meant, and, for lanes,
            ``lane`` or ``lane_0, lane_1``. A parameter that differs between lanes is a coordinate
            along them, with which to select: ``sel(eta=-5.0)``. Everything has ``units``;
            parameters and seed are plain attributes, which netCDF can hold.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> data = nm.run(nm.QIF(eta=[-5.0, -4.0]), 1 * ms).to_xarray()
        >>> data["r"].attrs["units"], data["v"].sel(eta=-4.0, t=0.3).shape
        ('Hz', ())
        """
        return export.to_xarray(self._contents)

    def to_dataframe(self) -> Any:
        """The traces as a ``pandas.DataFrame`` over time in ms.

        Returns
        -------
        pandas.DataFrame
            A column for each name, or for each name and lane; ``attrs["units"]`` has the unit
            of each name, for a header, say.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> frame = nm.run(nm.QIF(), 1 * ms).to_dataframe()
        >>> list(frame.columns), frame.attrs["units"]
        (['r', 'v'], {'t': 'ms', 'r': 'Hz', 'v': ''})
        """
        return export.to_dataframe(self._contents)

    def save(self, path: Any) -> Path:
        """Write the recording to an ``.npz`` file, which `load` reads.

        The file holds plain arrays and text, nothing pickled. It is written whole or not at
        all: an earlier file of that name survives a full disk.

        Parameters
        ----------
        path : str or path
            Where to; ``.npz`` is appended if it has another ending.

        Returns
        -------
        pathlib.Path
            Where it is.
        """
        from neuromass.recordings import files  # noqa: PLC0415

        return files.write(path, {"": self._contents})

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"<Recording of {self.model}, without samples>"
        span = f"{units.shown(self._times[0], MS)} to {units.shown(self._times[-1], MS)}"
        lanes = f", lanes {self.shape}" if self.shape else ""
        traces = ", ".join(
            f"{name} [{m.symbol}]" if m.symbol else name
            for name, m in self._contents.measures.items()
        )
        if self._contents.spikes is not None:
            traces = f"{traces}, spikes" if traces else "spikes"
        text = f"<Recording of {self.model}: {len(self)} samples from {span}{lanes}"
        return f"{text}; {traces}>" if traces else f"{text}, without traces>"


def contents_of(recording: Recording) -> Contents:
    """What a recording holds, in internal units, for the rest of the package."""
    return recording._contents


def connections_of(recordings: Recordings) -> Mapping[str, Parameters]:
    """What connected the members of recordings, in internal units."""
    return recordings._connections


class Recordings(Mapping[str, Recording]):
    """Recordings of several populations over the same time: ``rec["exc"].r``, ``rec["exc.r"]``.

    Those of a network also have what connected its members: ``rec.connections["exc->inh"]``.
    """

    def __init__(
        self,
        members: Mapping[str, Recording],
        connections: Mapping[str, Parameters] = MappingProxyType({}),
    ) -> None:
        self._members = dict(members)
        self._connections = dict(connections)

    @property
    def connections(self) -> Mapping[str, Mapping[str, Any]]:
        """Strength, delay and synapse of each connection at the end of the run, as Quantities.

        A sparse matrix is its values, and the lanes of each as ``J_targets`` and ``J_sources``.
        """
        found = {name: _quantities(each) for name, each in self._connections.items()}
        return MappingProxyType(found)

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, slice):
            members = {key: each[name] for key, each in self._members.items()}
            return Recordings(members, self._connections)
        if name in self._members:
            return self._members[name]
        member, _, trace = name.rpartition(".") if isinstance(name, str) else ("", "", "")
        if member in self._members:
            return self._members[member][trace]
        having = [f"{key}.{name}" for key, each in self._members.items() if name in each.names]
        hint = suggestion(name, having or self._members)
        raise KeyError(f"There is no recording {brief(name)}{hint}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {brief(name)}")
        hint = f"; write rec[{name!r}]." if name in self._members else instead(name, RECORDING)
        known = suggestion(name, [f"rec[{key!r}]" for key in self._members])
        raise AttributeError(f"Recordings have no attribute {brief(name)}{hint or known}")

    def __dir__(self) -> list[str]:
        return public(super().__dir__())

    def _ipython_key_completions_(self) -> list[str]:
        """What Tab shows after ``rec["``."""
        traces = [f"{key}.{name}" for key, each in self._members.items() for name in each.names]
        return [*self._members, *traces]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._members

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recordings):
            return dict(self) == other if isinstance(other, Mapping) else NotImplemented
        alike = same_parameters
        return (
            self._members == other._members
            and self._connections.keys() == other._connections.keys()
            and all(alike(own, other._connections[n]) for n, own in self._connections.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def _first(self) -> Recording:
        """Any of the recordings, for what they have in common."""
        if not self._members:
            raise ValueError("There are no recordings here, and so neither times nor traces.")
        return next(iter(self._members.values()))

    @property
    def t(self) -> Any:
        """Times of the samples, as a Quantity."""
        first, others = self._first(), [*self._members.values()][1:]
        if any(not np.array_equal(each._times, first._times) for each in others):
            name = next(iter(self._members))
            raise ValueError(f"The members have times of their own: take rec[{name!r}].t.")
        return first.t

    @property
    def fs(self) -> Any:
        """Sampling frequency in Hz, as a Quantity."""
        return self._first().fs

    def spectrum(self, name: str, segment: Any = None) -> Any:
        """The power spectral density of a member's trace, ``"exc.r"``; see `Recording.spectrum`."""
        from neuromass.recordings import spectra  # noqa: PLC0415

        member, own = spectra.member_of(self, name)
        return spectra.spectrum_of(contents_of(member), own, segment, name)

    def coherence(self, first: str, second: str, segment: Any = None) -> Any:
        """The coherence of two traces, ``"exc.r"`` and ``"inh.r"``; see `Recording.coherence`."""
        from neuromass.recordings import spectra  # noqa: PLC0415

        pairs = [spectra.member_of(self, name) for name in (first, second)]
        ends = [(contents_of(member), own) for member, own in pairs]
        return spectra.coherence_of(ends[0], ends[1], segment, f"{first} and {second}")

    def plot(
        self,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        *,
        labels: Mapping[str, str] | None = None,
        figsize: tuple[float, float] | None = None,
        **line: Any,
    ) -> Any:
        r"""Plot traces over time: a panel for each name, a line for each member that has it.

        The lanes of a member are thin lines of its colour; more than some dozens are an image in
        a panel of its own. More lines than there are colours are dashed and dotted, and very many
        go along a colormap in their order.

        Parameters
        ----------
        names : str or sequence of str, optional
            What to plot: ``"r"`` of all that have it, ``"exc.r"`` of one member, or all of one,
            ``"exc"``. Everything recorded if left out; then what has one name but different
            units gets panels of its own.
        ax : Axes or sequence of Axes, optional
            Where to plot, one for each panel; a new figure otherwise.
        labels : mapping, optional
            Name -> what is written for it, ``{"eta": r"$\eta$"}``. Names that the picture does
            not have are left out, so that one mapping serves all figures.
        figsize : tuple of float, optional
            Width and height of a new figure in inches.
        **line
            Further keywords of matplotlib's lines, such as ``color``, ``label`` or ``lw``. Colours
            follow the cycle of the Axes if left out.

        Returns
        -------
        Axes or ndarray of Axes
        """
        from neuromass.plotting import traces  # noqa: PLC0415

        return traces.plot_recordings(self, names, ax, labels, figsize, **line)

    def to_xarray(self) -> Any:
        """All traces as one ``xarray.Dataset``, named ``exc_r`` and so on.

        Returns
        -------
        xarray.Dataset
            Lanes of a member have dimensions of its own, ``exc_lane``; attributes carry the
            member's or connection's name in front.
        """
        _ = self.t  # refuses members that do not share their times
        members = {name: contents_of(each) for name, each in self._members.items()}
        return export.all_to_xarray(members, self._connections)

    def to_dataframe(self) -> Any:
        """All traces as one ``pandas.DataFrame``, with the member's name as first column level.

        Returns
        -------
        pandas.DataFrame
            Columns (member, name) or (member, name, lane); the lane of a single population
            is empty if another member has lanes.
        """
        _ = self.t  # refuses members that do not share their times
        return export.all_to_dataframe({n: contents_of(e) for n, e in self._members.items()})

    def save(self, path: Any) -> Path:
        """Write all recordings to one ``.npz`` file, which `load` reads.

        Parameters
        ----------
        path : str or path
            Where to.

        Returns
        -------
        pathlib.Path
            Where it is.
        """
        from neuromass.recordings import files  # noqa: PLC0415

        members = {name: contents_of(each) for name, each in self._members.items()}
        return files.write(path, members, self._connections)

    def __repr__(self) -> str:
        if not self._members:
            return "<Recordings of nothing>"
        lines = [f"  {name}: {each!r}" for name, each in self._members.items()]
        return "\n".join(["<Recordings", *lines, ">"])


# --------------------------------------------------------------------------- helpers


def _time(value: Any, name: str, otherwise: float, end: float) -> float:
    """One end of a slice of times in ms; a negative one counts back from the last time."""
    if value is None:
        return otherwise
    plain = units.to_internal(value, MS, name, 100.0)
    if not isinstance(plain, float) or np.isnan(plain):
        raise ValueError(f"{name} must be a single time, and {brief(value)} is none.")
    return plain + end if plain < 0.0 else plain


def _quantities(parameters: Mapping[str, tuple[Any, Measure]]) -> Mapping[str, Any]:
    pairs = parameters.items()
    return MappingProxyType({n: units.to_quantity(m, np.asarray(v)) for n, (v, m) in pairs})
