"""Labelled traces: what a run or a hand-written loop leaves behind."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass._version import __version__
from neuromass.declaration import suggestion
from neuromass.errors import brief
from neuromass.units import HZ, MS, Measure

__all__ = ["Recording", "Recordings", "concatenate", "load"]

Floats = NDArray[np.float64]
Parameters = dict[str, tuple[Any, Measure]]
"""Name -> value in internal units, and the unit in which it is shown."""
FORMAT = 1
"""Version of the file format; files of every earlier one can be read."""


@dataclass(frozen=True)
class About:
    """Where a recording comes from.

    Attributes
    ----------
    model, method : str
        Name of the model, and how it was stepped.
    dt : float
        The step in ms.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means over the steps between them.
    parameters : dict
        Name -> value in internal units, and the unit in which it is shown.
    seed : int or None
        Seed of the noise.
    version : str
        Version of the package.
    """

    model: str
    method: str
    dt: float
    every: int = 1
    average: bool = False
    parameters: Mapping[str, tuple[Any, Measure]] = field(default_factory=dict)
    seed: int | None = None
    version: str = __version__


@dataclass
class Contents:
    """What a recording holds.

    Attributes
    ----------
    times : ndarray or callable
        Times in ms, or what makes them.
    data : dict of ndarray
        Traces in internal units, by name.
    measures : dict of Measure
        Their units.
    about : About
        Where they come from.
    """

    times: Floats | Callable[[], Floats]
    data: dict[str, Floats]
    measures: dict[str, Measure]
    about: About

    def look_up(self, name: str) -> tuple[Measure, Floats]:
        """Unit and values of what was recorded under a name, or of the times."""
        if isinstance(name, str) and name == "t":
            return MS, self.made_times()
        if not isinstance(name, str) or name not in self.data:
            raise KeyError(f"Nothing was recorded as {brief(name)}{suggestion(name, self.data)}")
        return self.measures[name], self.data[name]

    def made_times(self) -> Floats:
        """Times in ms; made when they are first asked for, as they cost as much as a trace."""
        if callable(self.times):
            self.times = self.times()
        return self.times


class Recording:
    """Traces of a population over time.

    Traces are Quantities with time first, of shape ``(n_samples, *lanes)``: ``rec.r`` or
    ``rec["r"]``. The first sample is the initial state and the last the final one; an input
    is the value used in the step that ends at the sample, and NaN at the first. Slices by
    time, both ends included, are recordings: ``rec[100 * ms:200 * ms]``.

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
    ) -> None:
        self._contents = Contents(times, dict(data), dict(measures), about)

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
        for trace in self._contents.data.values():
            return trace.shape[1:]
        return ()

    def __len__(self) -> int:
        return len(self._times)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._trace(name)
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._contents.data]

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
        measure, values = self._contents.look_up(name)
        return units.as_view(measure, values)

    def _cut(self, key: slice) -> Recording:
        if key.step is not None:
            raise ValueError("A slice of times has no step; record with every=... instead.")
        slack = 1e-6 * self._contents.about.dt
        low = _time(key.start, "the start of the slice", -np.inf) - slack
        high = _time(key.stop, "the end of the slice", np.inf) + slack
        inside = (self._times >= low) & (self._times <= high)
        data = {name: values[inside] for name, values in self._contents.data.items()}
        return Recording(self._times[inside], data, self._contents.measures, self._contents.about)

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

    # ----------------------------------------------------------------- exporting

    def plot(self, names: str | Sequence[str] | None = None, ax: Any = None) -> Any:
        """Plot traces over time, one panel for each, with units.

        Parameters
        ----------
        names : str or sequence of str, optional
            What to plot; everything recorded if left out.
        ax : Axes or sequence of Axes, optional
            Where to plot, one for each name; a new figure otherwise.

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

        return traces.plot_recording(self, names, ax)

    def to_xarray(self) -> Any:
        """The traces as an ``xarray.Dataset`` with units, coordinates and parameters.

        Returns
        -------
        xarray.Dataset
            Dimensions ``t`` and, for lanes, ``lane`` or ``lane_0, lane_1``; every variable
            has ``units``; parameters and seed are plain attributes, which netCDF can hold.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> nm.run(nm.QIF(), 1 * ms).to_xarray()["r"].attrs["units"]
        'Hz'
        """
        xarray = _optional("xarray", "to_xarray")
        lanes = _lane_names(self.shape)
        variables = {
            name: (
                (("t", *lanes)),
                m.from_internal(self._contents.data[name]) + 0.0,
                _attributes(m),
            )
            for name, m in self._contents.measures.items()
        }
        coordinates: dict[str, Any] = {"t": ("t", self._times.copy(), {"units": "ms"})}
        coordinates |= {name: np.arange(n) for name, n in zip(lanes, self.shape, strict=True)}
        return xarray.Dataset(variables, coordinates, self._plain_attributes())

    def _plain_attributes(self) -> dict[str, Any]:
        about = self._contents.about
        result: dict[str, Any] = {
            "model": about.model,
            "method": about.method,
            "dt": about.dt,
            "dt_units": "ms",
            "every": about.every,
            "average": int(about.average),
            "neuromass_version": about.version,
        }
        if about.seed is not None:  # netCDF's oldest form has no integers beyond 32 bits
            result["seed"] = about.seed if about.seed < 2**31 else str(about.seed)
        return result | _plain(about.parameters)

    def to_dataframe(self) -> Any:
        """The traces as a ``pandas.DataFrame`` over time in ms.

        Returns
        -------
        pandas.DataFrame
            A column for each name, or for each name and lane; ``attrs["units"]`` has the
            units.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> list(nm.run(nm.QIF(), 1 * ms).to_dataframe().columns)
        ['r', 'v']
        """
        pandas = _optional("pandas", "to_dataframe")
        columns: dict[Any, Floats] = {}
        for name, values in self._contents.data.items():
            shown = self._contents.measures[name].from_internal(values) + 0.0
            if not self.shape:
                columns[name] = shown
                continue
            for lane in np.ndindex(self.shape):
                columns[(name, *lane)] = shown[(slice(None), *lane)]
        frame = pandas.DataFrame(columns, index=pandas.Index(self._times.copy(), name="t"))
        if self.shape:
            frame.columns.names = ["name", *_lane_names(self.shape)]
        frame.attrs["units"] = {"t": "ms"} | {
            n: m.symbol for n, m in self._contents.measures.items()
        }
        return frame

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
        return _write(path, {"": self})

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"<Recording of {self.model}, without samples>"
        span = f"{units.shown(self._times[0], MS)} to {units.shown(self._times[-1], MS)}"
        lanes = f", lanes {self.shape}" if self.shape else ""
        traces = ", ".join(
            f"{name} [{m.symbol}]" if m.symbol else name
            for name, m in self._contents.measures.items()
        )
        text = f"<Recording of {self.model}: {len(self)} samples from {span}{lanes}"
        return f"{text}; {traces}>" if traces else f"{text}, without traces>"


def contents_of(recording: Recording) -> Contents:
    """What a recording holds, in internal units, for the rest of the package."""
    return recording._contents


class Recordings(Mapping[str, Recording]):
    """Recordings of several populations over the same time: ``rec["exc"].r``.

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
        if name not in self._members:
            raise KeyError(f"There is no recording {brief(name)}{suggestion(name, self._members)}")
        return self._members[name]

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

    def plot(self, names: str | Sequence[str] | None = None, ax: Any = None) -> Any:
        """Plot traces over time: a panel for each name, a line for each member that has it.

        Parameters
        ----------
        names : str or sequence of str, optional
            What to plot: ``"r"`` of all that have it, ``"exc.r"`` of one member, or all of one,
            ``"exc"``. Everything recorded if left out; then what has one name but different
            units gets panels of its own.
        ax : Axes or sequence of Axes, optional
            Where to plot, one for each panel; a new figure otherwise.

        Returns
        -------
        Axes or ndarray of Axes
        """
        from neuromass.plotting import traces  # noqa: PLC0415

        return traces.plot_recordings(self, names, ax)

    def to_xarray(self) -> Any:
        """All traces as one ``xarray.Dataset``, named ``exc_r`` and so on.

        Returns
        -------
        xarray.Dataset
            Lanes of a member have dimensions of its own, ``exc_lane``; attributes carry the
            member's or connection's name in front.
        """
        xarray = _optional("xarray", "to_xarray")
        parts = []
        attributes: dict[str, Any] = {}
        for name, each in self._members.items():
            part = each.to_xarray()
            own = [*part.data_vars, *(d for d in part.dims if d != "t")]
            parts.append(part.rename({key: f"{name}_{key}" for key in own}))
            attributes |= {f"{name}_{key}": value for key, value in part.attrs.items()}
        for name, parameters in self._connections.items():
            attributes |= {f"{name}_{key}": value for key, value in _plain(parameters).items()}
        _ = self.t  # refuses members that do not share their times
        merged = xarray.merge(parts, combine_attrs="override", join="exact")
        merged.attrs = attributes
        return merged

    def to_dataframe(self) -> Any:
        """All traces as one ``pandas.DataFrame``, with the member's name as first column level.

        Returns
        -------
        pandas.DataFrame
            Columns (member, name) or (member, name, lane); the lane of a single population
            is empty if another member has lanes.
        """
        pandas = _optional("pandas", "to_dataframe")
        _ = self.t  # refuses members that do not share their times
        frames = {name: each.to_dataframe() for name, each in self._members.items()}
        levels = max(frame.columns.nlevels for frame in frames.values())
        lanes = [f"lane_{i}" for i in range(levels - 1)] if levels > 2 else ["lane"] * (levels - 1)
        names = ["member", "name", *lanes]
        for frame in frames.values():
            keys = [key if isinstance(key, tuple) else (key,) for key in frame.columns]
            padded = [(*key, *[""] * (levels - len(key))) for key in keys]
            frame.columns = pandas.MultiIndex.from_tuples(padded, names=names[1:])
        whole = pandas.concat(frames, axis=1, names=names)
        whole.attrs["units"] = {name: each.attrs["units"] for name, each in frames.items()}
        return whole

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
        return _write(path, self._members, self._connections)

    def __repr__(self) -> str:
        if not self._members:
            return "<Recordings of nothing>"
        lines = [f"  {name}: {each!r}" for name, each in self._members.items()]
        return "\n".join(["<Recordings", *lines, ">"])


Kind = TypeVar("Kind", "Recording", "Recordings")


def concatenate(recordings: Iterable[Kind]) -> Kind:
    """Join recordings that follow one another in time.

    Parameters
    ----------
    recordings : sequence of Recording or of Recordings
        Of the same model and shape, with the same names, in their order; a first sample that
        repeats the last one before it is left out. Time that none of them covers stays a gap
        in ``t``. Those of networks have the same members, which are joined one by one.

    Returns
    -------
    Recording or Recordings
        With the parameters of the last.

    Raises
    ------
    ValueError
        If they do not fit together.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0)
    >>> rec = nm.concatenate([nm.run(pop, 10 * ms), nm.run(pop, 10 * ms, inputs=3.0)])
    >>> len(rec)
    401
    """
    if isinstance(recordings, (Recording, Recordings)):
        raise TypeError("concatenate takes a list of recordings, concatenate([first, second]).")
    if not units.is_listing(recordings):
        raise TypeError(f"concatenate takes a list of recordings, not {brief(recordings)}.")
    parts: list[Any] = list(recordings)
    if not parts:
        raise ValueError("There is nothing to concatenate: recordings is empty.")
    kind = Recordings if isinstance(parts[0], Recordings) else Recording
    for each in parts:
        if not isinstance(each, (Recording, Recordings)):
            raise TypeError(f"concatenate takes recordings, not {type(each).__name__}.")
        if not isinstance(each, kind):
            raise TypeError(
                "concatenate was given recordings of one population and of several; "
                "join them apart."
            )
    joined: Any = _joined_members if kind is Recordings else _joined
    return joined(parts)


def _joined_members(parts: list[Any]) -> Recordings:
    first = parts[0]
    for each in parts:
        if set(each) != set(first):
            raise ValueError(
                f"Recordings of {_told(each)} do not continue those of {_told(first)}; "
                f"record the same members and connections in all runs."
            )
    joined = {name: _joined([each[name] for each in parts], name) for name in first}
    return Recordings(joined, parts[-1]._connections)


def _told(recordings: Recordings) -> str:
    return ", ".join(recordings) or "nothing"


def _joined(parts: list[Recording], member: str = "") -> Recording:
    first = parts[0]
    try:
        for each in parts:
            _check_alike(first, each)
        filled = [each for each in parts if len(each)] or parts[:1]
        skips = [0, *(_repeats(*pair) for pair in pairwise(filled))]
    except ValueError as error:
        raise ValueError(f"{member}: {error}" if member else str(error)) from None
    pieces = list(zip(filled, skips, strict=True))
    times = np.concatenate([each._times[skip:] for each, skip in pieces])
    data = {
        n: np.concatenate([each._contents.data[n][skip:] for each, skip in pieces])
        for n in first.names
    }
    about = replace(parts[-1]._contents.about, seed=first._contents.about.seed)
    return Recording(times, data, first._contents.measures, about)


def _check_alike(first: Recording, each: Recording) -> None:
    """Refuse to join recordings of different things."""
    if (each.model, each.names, each.shape) != (first.model, first.names, first.shape):
        raise ValueError(f"{each!r} does not continue {first!r}.")
    one, other = first._contents.about, each._contents.about
    if (one.dt, one.every, one.average) != (other.dt, other.every, other.average):
        raise ValueError("The recordings differ in dt, every or average and cannot be joined.")
    if any(
        each._contents.measures[n].dimension != m.dimension
        for n, m in first._contents.measures.items()
    ):
        raise ValueError("The recordings do not have the same units.")


def _repeats(before: Recording, each: Recording) -> int:
    """1 if a recording begins with the last sample of the one before it, else 0."""
    start, end = each._times[0], before._times[-1]
    slack = 1e-6 * before._contents.about.dt
    if start < end - slack:
        raise ValueError(
            f"A recording that starts at {units.shown(start, MS)} cannot follow one that ends at "
            f"{units.shown(end, MS)}."
        )
    return int(start < end + slack)


# ------------------------------------------------------------------------------ files


def load(path: Any) -> Recording | Recordings:
    """Read what ``save`` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Recording or Recordings
        As it was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, or was not written by ``save``.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> path = nm.run(nm.QIF(J=15.0), 10 * ms).save("trace.npz")
    >>> nm.load(path)
    <Recording of QIF: 201 samples from 0 ms to 10 ms; r [Hz], v>
    """
    place = file_of(path)
    if not place.exists() and Path(path).exists():
        place = Path(path)
    with open(place, "rb") as stream:
        try:
            header, arrays = _opened(stream)
        except Exception as error:  # a damaged file can fail in many ways, all meaning the same
            raise ValueError(
                f"{path} is truncated, or was not written by save() of a recording ({error})."
            ) from error
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by neuromass {header['version']}, a later version than this "
            f"{__version__}; update the package to read it."
        )
    try:
        members = {name: _read(arrays, name, each) for name, each in header["members"].items()}
        connections = {
            name: _read_parameters(arrays, f"connection/{name}", each)
            for name, each in header.get("connections", {}).items()
        }
    except Exception as error:
        raise ValueError(f"{path} is damaged: {type(error).__name__}, {error}.") from error
    return members[""] if set(members) == {""} else Recordings(members, connections)


_LONGEST_NAME = 240
"""Characters of a name of a file, besides its ending."""


def file_of(path: Any) -> Path:
    """Where a recording of that name is kept: ``.npz`` is added to names that end otherwise."""
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path is the name of a file, not {brief(path)}.")
    place = Path(path)
    if not place.name or "\0" in str(path) or len(place.name) > _LONGEST_NAME:
        raise ValueError(f"path is the name of a file, and {brief(path)} is none.")
    if place.suffix in (".nc", ".h5", ".hdf5", ".csv", ".json", ".mat"):
        raise ValueError(
            f"Recordings are kept as .npz, not as {place.suffix}; for other formats write "
            f"rec.to_xarray().to_netcdf(path) or rec.to_dataframe().to_csv(path)."
        )
    return place if place.suffix == ".npz" else place.with_name(place.name + ".npz")


def _opened(stream: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the arrays of a file."""
    with np.load(stream, allow_pickle=False) as file:
        header = json.loads(str(file["neuromass"][()]))
        if not isinstance(header["format"], int):
            raise ValueError("it has no version")
        return header, {name: file[name] for name in file.files}


def _read(arrays: Mapping[str, Any], member: str, header: Mapping[str, Any]) -> Recording:
    about = dict(header["about"])
    about["parameters"] = _read_parameters(arrays, f"{member}/parameter", about["parameters"])
    data = {name: arrays[f"{member}/{name}"] for name in header["names"]}
    measures = {name: units.measure(unit) for name, unit in header["names"].items()}
    return Recording(arrays[f"{member}/t"], data, measures, About(**about))


def _read_parameters(arrays: Mapping[str, Any], where: str, texts: Mapping[str, str]) -> Parameters:
    return {name: (arrays[f"{where}/{name}"], units.measure(text)) for name, text in texts.items()}


def _write(
    path: Any,
    members: Mapping[str, Recording],
    connections: Mapping[str, Parameters] = MappingProxyType({}),
) -> Path:
    path = file_of(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(path.parent)!r} to save {path.name} in; make it first."
        )
    header: dict[str, Any] = {"format": FORMAT, "version": __version__, "members": {}}
    arrays: dict[str, Any] = {}
    header["connections"] = {
        name: _write_parameters(arrays, f"connection/{name}", each)
        for name, each in connections.items()
    }
    for member, each in members.items():
        about = dict(each._contents.about.__dict__)
        parameters = each._contents.about.parameters
        about["parameters"] = _write_parameters(arrays, f"{member}/parameter", parameters)
        names = {name: measure.text for name, measure in each._contents.measures.items()}
        header["members"][member] = {"about": about, "names": names}
        arrays[f"{member}/t"] = each._times
        for name, values in each._contents.data.items():
            arrays[f"{member}/{name}"] = values
    arrays["neuromass"] = np.array(json.dumps(header))
    _write_whole(path, arrays)
    return path


def _write_parameters(
    arrays: dict[str, Any], where: str, parameters: Mapping[str, tuple[Any, Measure]]
) -> dict[str, str]:
    """Put values among the arrays; name -> unit as text."""
    for name, (value, _) in parameters.items():
        arrays[f"{where}/{name}"] = np.asarray(value, dtype=float)
    return {name: measure.text for name, (_, measure) in parameters.items()}


def _write_whole(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write beside the target and move there, so that no half file is ever seen."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as file: np.savez(file, **arrays)  # noqa: E701  # fmt: skip
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


# --------------------------------------------------------------------------- helpers


def _time(value: Any, name: str, otherwise: float) -> float:
    """One end of a slice of times in ms."""
    if value is None:
        return otherwise
    plain = units.to_internal(value, MS, name, 100.0)
    if not isinstance(plain, float) or np.isnan(plain):
        raise ValueError(f"{name} must be a single time, and {brief(value)} is none.")
    return plain


def _lane_names(shape: tuple[int, ...]) -> tuple[str, ...]:
    if len(shape) == 1:
        return ("lane",)
    return tuple(f"lane_{i}" for i in range(len(shape)))


def _quantities(parameters: Mapping[str, tuple[Any, Measure]]) -> Mapping[str, Any]:
    pairs = parameters.items()
    return MappingProxyType({n: units.to_quantity(m, np.asarray(v)) for n, (v, m) in pairs})


def _plain(parameters: Mapping[str, tuple[Any, Measure]]) -> dict[str, Any]:
    """Parameters as attributes of a dataset: numbers and flat arrays."""
    result: dict[str, Any] = {}
    for name, (value, measure) in parameters.items():
        plain = np.asarray(measure.from_internal(np.asarray(value, dtype=float)))
        result[f"parameter_{name}"] = float(plain) if plain.ndim == 0 else plain.ravel()
        if plain.ndim > 1:
            result[f"parameter_{name}_shape"] = list(plain.shape)
        if measure.symbol:
            result[f"parameter_{name}_units"] = measure.symbol
    return result


def _attributes(measure: Measure) -> dict[str, str]:
    return {"units": measure.symbol or "1"}


def _optional(package: str, what: str) -> Any:
    import importlib  # noqa: PLC0415

    try:
        return importlib.import_module(package)
    except ImportError:
        raise ImportError(
            f"{what}() needs {package}; install it with: pip install 'neuromass[labels]'"
        ) from None
