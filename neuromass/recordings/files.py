"""``load``, and what ``save`` writes: plain arrays and text, nothing pickled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuromass import units
from neuromass._version import __version__
from neuromass.errors import brief
from neuromass.recordings import archive
from neuromass.recordings.contents import About, Contents, Floats, Parameters
from neuromass.recordings.recording import Recording, Recordings
from neuromass.recordings.spikes import Spikes
from neuromass.units import Measure

__all__ = ["load"]

FORMAT = 1
"""Version of the file format; files of every earlier one can be read."""


def load(path: Any) -> Any:
    """Read what ``save`` wrote.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    Recording, Recordings, Sweep or a result of nm.analysis
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
            header, read = archive.opened(stream)
        except Exception as error:  # a damaged file can fail in many ways, all meaning the same
            raise ValueError(
                f"{path} is truncated, or was not written by save() ({error})."
            ) from error
        if header["format"] > FORMAT:
            raise ValueError(
                f"{path} was written by neuromass {header['version']}, a later version than this "
                f"{__version__}; update the package to read it."
            )
        if header.get("kind") == "checkpoint":
            raise ValueError(
                f"{path} is the checkpoint of a run, not a recording; the same nm.run(..., "
                f"checkpoint=...) goes on from it, and gives the recording once it is finished."
            )
        try:
            if header.get("kind") == "sweep":
                from neuromass.sweeps.results import read_sweep  # noqa: PLC0415

                return read_sweep(header, read)
            if header.get("kind") == "analysis":
                from neuromass.analysis.stored import read_result  # noqa: PLC0415

                return read_result(header, read)
            members = {name: _read(read, name, each) for name, each in header["members"].items()}
            connections = {
                name: _read_parameters(read, f"connection/{name}", each)
                for name, each in header.get("connections", {}).items()
            }
        except Exception as error:
            raise ValueError(f"{path} is damaged: {type(error).__name__}, {error}.") from error
    return members[""] if set(members) == {""} else Recordings(members, connections)


_OF_SPIKES = ("neurons", "times", "recorded", "excitabilities")
"""What is kept of spikes."""

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


def target_of(path: Any) -> Path:
    """The same where it is to be written, in a folder that is there."""
    place = file_of(path)
    if not place.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(place.parent)!r} to save {place.name} in; make it first."
        )
    return place


def _read(read: Callable[[str], Any], member: str, header: Mapping[str, Any]) -> Recording:
    about = dict(header["about"])
    about["parameters"] = _read_parameters(read, f"{member}/parameter", about["parameters"])
    about["inputs"] = tuple(about.get("inputs", ()))
    about["labels"] = tuple(about["labels"]) if about.get("labels") else None
    times = read(f"{member}/t")
    data = {name: read(f"{member}/{name}") for name in header["names"]}
    measures = {name: units.measure(unit) for name, unit in header["names"].items()}
    _check(About(**about), times, data)
    spikes = _read_spikes(read, member) if header.get("spikes") else None
    return Recording(times, data, measures, About(**about), spikes)


def _read_spikes(read: Callable[[str], Any], member: str) -> Spikes:
    neurons, times, recorded, excitabilities = (read(f"{member}/spikes/{n}") for n in _OF_SPIKES)
    if len(neurons) != len(times) or len(recorded) != len(excitabilities):
        raise ValueError("its spikes are not as many as their times")
    whole = np.int32
    return Spikes(neurons.astype(whole), times, recorded.astype(whole), excitabilities)


def _check(about: About, times: Floats, data: Mapping[str, Floats]) -> None:
    """Refuse what no recording holds."""
    whole = isinstance(about.every, int) and about.every >= 1
    if not (isinstance(about.dt, float) and 0.0 < about.dt < math.inf and whole):
        raise ValueError("its dt or every is no such thing")
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0.0):
        raise ValueError("its times are not ascending")
    if any(len(values) != len(times) for values in data.values()):
        raise ValueError("its traces are not as long as its times")


def _read_parameters(
    read: Callable[[str], Any], where: str, texts: Mapping[str, str]
) -> Parameters:
    return {name: (read(f"{where}/{name}"), units.measure(text)) for name, text in texts.items()}


def write(
    path: Any,
    members: Mapping[str, Contents],
    connections: Mapping[str, Parameters] = MappingProxyType({}),
) -> Path:
    """Write recordings to a file, by member; a single one has no name."""
    path = target_of(path)
    header: dict[str, Any] = {"format": FORMAT, "version": __version__, "members": {}}
    arrays: dict[str, Any] = {}
    header["connections"] = {
        name: _write_parameters(arrays, f"connection/{name}", each)
        for name, each in connections.items()
    }
    for member, each in members.items():
        about = dict(each.about.__dict__)
        parameters = each.about.parameters
        about["parameters"] = _write_parameters(arrays, f"{member}/parameter", parameters)
        names = {name: measure.text for name, measure in each.measures.items()}
        header["members"][member] = {"about": about, "names": names}
        if each.spikes is not None:
            header["members"][member]["spikes"] = True
            for name in _OF_SPIKES:
                values = getattr(each.spikes, name)
                arrays[f"{member}/spikes/{name}"] = np.asarray(values, dtype=float)
        arrays[f"{member}/t"] = each.made_times()
        for name, values in each.data.items():
            arrays[f"{member}/{name}"] = values
    archive.write_whole(path, header, arrays)
    return path


def _write_parameters(
    arrays: dict[str, Any], where: str, parameters: Mapping[str, tuple[Any, Measure]]
) -> dict[str, str]:
    """Put values among the arrays; name -> unit as text."""
    for name, (value, _) in parameters.items():
        arrays[f"{where}/{name}"] = np.asarray(value, dtype=float)
    return {name: measure.text for name, (_, measure) in parameters.items()}
