"""``load``, and what ``save`` writes: plain arrays and text, nothing pickled."""

from __future__ import annotations

import json
import math
import secrets
import zipfile
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from neuromass import units
from neuromass._version import __version__
from neuromass.errors import brief
from neuromass.recordings.contents import About, Contents, Floats, Parameters
from neuromass.recordings.recording import Recording, Recordings
from neuromass.units import Measure

__all__ = ["load"]

FORMAT = 1
"""Version of the file format; files of every earlier one can be read."""


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
            header, read = _opened(stream)
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
            members = {name: _read(read, name, each) for name, each in header["members"].items()}
            connections = {
                name: _read_parameters(read, f"connection/{name}", each)
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


def _opened(stream: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    """The header of a file, and what reads one of its arrays."""
    archive = zipfile.ZipFile(stream)
    size = stream.seek(0, 2)
    read = lambda name: _array(archive, name, size)
    header = json.loads(str(read("neuromass")[()]))
    if not isinstance(header["format"], int):
        raise ValueError("it has no version")
    return header, read


def _array(archive: zipfile.ZipFile, name: str, size: int) -> Any:
    """An array of a file, if it is as large as it says and the file is."""
    entry = archive.getinfo(f"{_entry(name)}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
        raise ValueError(f"{name!r} is not stored as save() stores it")
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_column, kind = read_header(file)
        if (
            kind.kind not in "fU"
            or math.prod(shape) * kind.itemsize != entry.file_size - file.tell()
        ):
            raise ValueError(f"{name!r} is not of the size that it says")
        plain = np.frombuffer(file.read(), dtype=kind)
    return plain.reshape(shape, order="F" if by_column else "C").copy()


def _entry(name: str) -> str:
    """Name of an entry: a NUL, which archives cannot have in theirs, is written as ``%00``."""
    return name.replace("%", "%25").replace("\0", "%00")


def _read(read: Callable[[str], Any], member: str, header: Mapping[str, Any]) -> Recording:
    about = dict(header["about"])
    about["parameters"] = _read_parameters(read, f"{member}/parameter", about["parameters"])
    times = read(f"{member}/t")
    data = {name: read(f"{member}/{name}") for name in header["names"]}
    measures = {name: units.measure(unit) for name, unit in header["names"].items()}
    _check(About(**about), times, data)
    return Recording(times, data, measures, About(**about))


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
        about = dict(each.about.__dict__)
        parameters = each.about.parameters
        about["parameters"] = _write_parameters(arrays, f"{member}/parameter", parameters)
        names = {name: measure.text for name, measure in each.measures.items()}
        header["members"][member] = {"about": about, "names": names}
        arrays[f"{member}/t"] = each.made_times()
        for name, values in each.data.items():
            arrays[f"{member}/{name}"] = values
    arrays["neuromass"] = np.array(json.dumps(header))
    _write_whole(path, {_entry(name): each for name, each in arrays.items()})
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
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
