"""The result of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass._version import __version__
from neuromass.errors import brief, suggestion
from neuromass.recordings import archive
from neuromass.recordings.files import file_of
from neuromass.units import Measure

__all__ = ["Sweep"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """What one measure came to.

    Attributes
    ----------
    values : ndarray
        In internal units, one axis for each name in `dims`.
    measure : Measure
        The unit in which they are shown.
    dims : tuple of str
        Names of the axes.
    times : ndarray or None
        Times of the samples in ms, if the last axis is time.
    """

    values: Floats
    measure: Measure
    dims: tuple[str, ...]
    times: Floats | None = None


@dataclass(frozen=True, eq=False)
class Coordinate:
    """The values of a key.

    Attributes
    ----------
    values : ndarray
        In internal units.
    measure : Measure
        The unit in which they are shown.
    dim : str
        The axis along which they go.
    """

    values: Floats
    measure: Measure
    dim: str


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Mapping[str, Any]):
    """The measures of a sweep, with the keys as their axes: ``res["rate"]`` is a Quantity.

    Attributes
    ----------
    model : str
        What was swept.
    failed : ndarray of bool
        Which points failed, and are NaN in every measure.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> rate = nm.measures.mean("r")
    >>> res = nm.sweep(nm.QIF(), {"eta": [-5.0, 2.0], "J": [0.0, 15.0]}, 50 * ms, {"rate": rate})
    >>> res.dims("rate"), res["rate"].shape
    (('eta', 'J'), (2, 2))
    >>> list(res.to_dataframe().columns)
    ['eta', 'J', 'rate']
    """

    model: str
    failed: NDArray[np.bool_]
    coordinates: Mapping[str, Coordinate] = field(repr=False)
    measured: Mapping[str, Measured] = field(repr=False)
    directions: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        found = self._measured(name)
        return units.as_view(found.measure, found.values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.measured)

    def __len__(self) -> int:
        return len(self.measured)

    def _measured(self, name: Any) -> Measured:
        if not isinstance(name, str) or name not in self.measured:
            raise KeyError(
                f"Nothing was measured as {brief(name)}{suggestion(name, self.measured)}"
            )
        return self.measured[name]

    @property
    def coords(self) -> Mapping[str, Any]:
        """The values of the keys, as Quantities; ``"direction"`` if both were walked through."""
        both: dict[str, Any] = {"direction": np.array(self.directions)} if self.directions else {}
        own = {n: units.as_view(each.measure, each.values) for n, each in self.coordinates.items()}
        return MappingProxyType(both | own)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many points there are along each axis."""
        return self.failed.shape

    def dims(self, name: str) -> tuple[str, ...]:
        """Names of the axes of a measure.

        Parameters
        ----------
        name : str
            The measure.
        """
        return self._measured(name).dims

    def times(self, name: str) -> Any:
        """Times of the samples of a measured trace, as a Quantity.

        Parameters
        ----------
        name : str
            The measure.
        """
        found = self._measured(name)
        if found.times is None:
            raise ValueError(f"{name} is no trace, and has no times.")
        return units.as_view(units.MS, found.times)

    def plot(
        self,
        name: str | None = None,
        ax: Any = None,
        *,
        labels: Mapping[str, str] | None = None,
        figsize: tuple[float, float] | None = None,
        **line: Any,
    ) -> Any:
        r"""Plot a measure over one key, as lines, or over two, as lines or a map.

        Two keys are lines over the longer one where the other has at most eight values, else a map
        of colours. What was walked through both ways is two lines, or two maps. Axes are
        logarithmic where the values of a key are spaced so.

        Parameters
        ----------
        name : str, optional
            The measure; the only one, or the first, if left out.
        ax : Axes or sequence of Axes, optional
            Where to plot; two for maps of both directions. A new figure otherwise.
        labels : mapping, optional
            Name -> what is written for it, ``{"eta": r"$\eta$"}``.
        figsize : tuple of float, optional
            Width and height of a new figure in inches.
        **line
            Further keywords of matplotlib's lines, or of ``pcolormesh`` for a map.

        Returns
        -------
        Axes or ndarray of Axes
        """
        from neuromass.plotting import sweeps  # noqa: PLC0415

        return sweeps.plot_sweep(self, name, ax, labels, figsize, line)

    def to_xarray(self) -> Any:
        """All measures as an ``xarray.Dataset`` with units and the keys as coordinates.

        Returns
        -------
        xarray.Dataset
        """
        import xarray  # noqa: PLC0415

        variables: dict[str, Any] = {}
        coords: dict[str, Any] = {}
        for name, each in self.measured.items():
            shown = np.asarray(each.measure.from_internal(each.values))
            variables[name] = (each.dims, shown, {"units": each.measure.symbol})
            if each.times is not None:
                coords[each.dims[-1]] = (each.dims[-1], each.times, {"units": "ms"})
        for name, key in self.coordinates.items():
            shown = np.asarray(key.measure.from_internal(key.values))
            coords[name] = (key.dim, shown, {"units": key.measure.symbol})
        if self.directions:
            coords["direction"] = ("direction", list(self.directions), {})
        coords["failed"] = (self._point_dims(), self.failed, {})
        return xarray.Dataset(variables, coords, {"model": self.model})

    def to_dataframe(self) -> Any:
        """All measures as a ``pandas.DataFrame`` with a row for each point.

        Returns
        -------
        pandas.DataFrame
            Keys and measures as columns, units in ``attrs["units"]``. A measure with further
            axes, such as a trace or that of a population with lanes, has a column for each place.
        """
        import pandas  # noqa: PLC0415

        places = np.indices(self.shape).reshape(len(self.shape), -1)
        where = dict(zip(self._point_dims(), places, strict=True))
        columns: dict[Any, Any] = {}
        if self.directions:
            columns["direction"] = np.array(self.directions)[where["direction"]]
        for name, key in self.coordinates.items():
            columns[name] = np.asarray(key.measure.from_internal(key.values))[where[key.dim]]
        for name, each in self.measured.items():
            shown = np.asarray(each.measure.from_internal(each.values))
            flat = shown.reshape(self.failed.size, -1)
            one = shown.ndim == len(self.shape)
            columns |= {name if one else f"{name}[{i}]": flat[:, i] for i in range(flat.shape[1])}
        table = pandas.DataFrame(columns)
        table.attrs["units"] = {
            name: each.measure.symbol
            for group in (self.coordinates, self.measured)
            for name, each in group.items()
        }
        return table

    def _point_dims(self) -> tuple[str, ...]:
        dims = dict.fromkeys(each.dim for each in self.coordinates.values())
        return ("direction", *dims) if self.directions else tuple(dims)

    def save(self, path: Any) -> Path:
        """Write the result to an ``.npz`` file, which ``nm.load`` reads.

        Parameters
        ----------
        path : str or path
            Where to; ``.npz`` is appended if it has another ending.

        Returns
        -------
        pathlib.Path
            Where it is.
        """
        place = file_of(path)
        header: dict[str, Any] = {"format": 1, "version": __version__, "kind": "sweep"}
        header |= {"model": self.model, "directions": self.directions}
        header["coordinates"] = {
            name: [each.measure.text, each.dim] for name, each in self.coordinates.items()
        }
        header["measured"] = {
            name: [each.measure.text, each.dims, each.times is not None]
            for name, each in self.measured.items()
        }
        arrays: dict[str, Floats] = {"failed": self.failed.astype(float)}
        arrays |= {f"coordinate/{n}": each.values for n, each in self.coordinates.items()}
        for name, each in self.measured.items():
            arrays[f"measured/{name}"] = each.values
            if each.times is not None:
                arrays[f"times/{name}"] = each.times
        archive.write_whole(place, header, arrays)
        return place

    def __repr__(self) -> str:
        lengths = ", ".join(
            f"{name} {units.shown(each.values, each.measure)} ({len(each.values)})"
            for name, each in self.coordinates.items()
        )
        both = ", up and down" if self.directions else ""
        traces = ", ".join(
            f"{name} [{each.measure.symbol}]" if each.measure.symbol else name
            for name, each in self.measured.items()
        )
        bad = int(np.sum(self.failed))
        told = f"; {bad} of {self.failed.size} points failed" if bad else ""
        return f"<Sweep of {self.model} over {lengths}{both}: {traces}{told}>"


def read_sweep(header: Mapping[str, Any], read: Callable[[str], Any]) -> Sweep:
    """The result in a file, from its header and what reads one of its arrays."""
    coordinates = {
        name: Coordinate(read(f"coordinate/{name}"), units.measure(unit), dim)
        for name, (unit, dim) in header["coordinates"].items()
    }
    measured = {
        name: Measured(
            read(f"measured/{name}"),
            units.measure(unit),
            tuple(dims),
            read(f"times/{name}") if timed else None,
        )
        for name, (unit, dims, timed) in header["measured"].items()
    }
    failed = read("failed") != 0.0
    for name, each in measured.items():
        if each.values.shape[: failed.ndim] != failed.shape:
            raise ValueError(f"{name} has not the shape of the points")
    return Sweep(header["model"], failed, coordinates, measured, tuple(header["directions"]))
