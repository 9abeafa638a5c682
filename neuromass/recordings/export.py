"""Recordings as xarray datasets and pandas frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuromass.errors import optional
from neuromass.recordings.contents import Contents, Floats, Parameters
from neuromass.units import Measure


def to_xarray(contents: Contents) -> Any:
    """One recording as a dataset."""
    xarray = optional("xarray", "to_xarray")
    lanes = _lane_names(contents.shape)
    variables = {
        name: (
            (("t", *lanes)),
            m.from_internal(contents.data[name]) + 0.0,
            _attributes(m),
        )
        for name, m in contents.measures.items()
    }
    coordinates: dict[str, Any] = {"t": ("t", contents.made_times().copy(), {"units": "ms"})}
    coordinates |= {name: np.arange(n) for name, n in zip(lanes, contents.shape, strict=True)}
    if contents.about.labels:
        coordinates[lanes[0]] = list(contents.about.labels)
    varying = _varying(contents, lanes)
    coordinates |= {n: each for n, each in varying.items() if n not in {*variables, *coordinates}}
    data = xarray.Dataset(variables, coordinates, _plain_attributes(contents))
    for name, (along, *_) in varying.items():  # so that sel finds lanes by it
        if len(along) == 1 and name not in data.xindexes:
            data = data.set_xindex(name)
    return data


def _varying(contents: Contents, lanes: tuple[str, ...]) -> dict[str, Any]:
    """Parameters that differ between lanes, as coordinates along those."""
    found: dict[str, Any] = {}
    for name, (value, measure) in contents.about.parameters.items():
        if np.ndim(value) == 0 or not _fits(np.shape(value), contents.shape):
            continue
        shown = np.broadcast_to(_as_given(np.asarray(value), measure), contents.shape)
        along: list[str] = []
        for axis, lane in reversed(list(enumerate(lanes))):
            first = shown.take([0], axis=axis)
            if np.array_equal(np.broadcast_to(first, shown.shape), shown):
                shown = first.squeeze(axis)
            else:
                along.insert(0, lane)
        if along:
            found[name] = (tuple(along), shown, _attributes(measure))
    return found


def _fits(shape: tuple[int, ...], lanes: tuple[int, ...]) -> bool:
    """Whether values go with the lanes; a matrix of strengths does not."""
    try:
        return np.broadcast_shapes(shape, lanes) == lanes
    except ValueError:
        return False


def _as_given(values: Floats, measure: Measure) -> Floats:
    """Values in their unit: of all that are the same internally, those with the fewest digits."""
    shown = np.asarray(measure.from_internal(values) + 0.0)
    rounded = np.array([float(f"{each:.15g}") for each in shown.flat]).reshape(shown.shape)
    return np.where(measure.to_internal(rounded) == values, rounded, shown)


def to_dataframe(contents: Contents) -> Any:
    """One recording as a frame."""
    pandas = optional("pandas", "to_dataframe")
    columns: dict[Any, Floats] = {}
    for name, values in contents.data.items():
        shown = contents.measures[name].from_internal(values) + 0.0
        if not contents.shape:
            columns[name] = shown
            continue
        labels = contents.about.labels
        for lane in np.ndindex(contents.shape):
            place = (labels[lane[0]],) if labels else lane
            columns[(name, *place)] = shown[(slice(None), *lane)]
    frame = pandas.DataFrame(columns, index=pandas.Index(contents.made_times().copy(), name="t"))
    if contents.shape:
        frame.columns.names = ["name", *_lane_names(contents.shape)]
    frame.attrs["units"] = {"t": "ms"} | {n: m.symbol for n, m in contents.measures.items()}
    return frame


def all_to_xarray(members: Mapping[str, Contents], connections: Mapping[str, Parameters]) -> Any:
    """Several recordings over the same times as a dataset."""
    xarray = optional("xarray", "to_xarray")
    parts = []
    attributes: dict[str, Any] = {}
    for name, each in members.items():
        part = to_xarray(each)
        own = [each for each in (*part.variables, *part.dims) if each != "t"]
        parts.append(part.rename({key: f"{name}_{key}" for key in own}))
        attributes |= {f"{name}_{key}": value for key, value in part.attrs.items()}
    for name, parameters in connections.items():
        attributes |= {f"{name}_{key}": value for key, value in _plain(parameters).items()}
    merged = xarray.merge(parts, combine_attrs="override", join="exact")
    merged.attrs = attributes
    return merged


def all_to_dataframe(members: Mapping[str, Contents]) -> Any:
    """Several recordings over the same times as a frame."""
    pandas = optional("pandas", "to_dataframe")
    frames = {name: to_dataframe(each) for name, each in members.items()}
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


def _plain_attributes(contents: Contents) -> dict[str, Any]:
    about = contents.about
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


def _lane_names(shape: tuple[int, ...]) -> tuple[str, ...]:
    if len(shape) == 1:
        return ("lane",)
    return tuple(f"lane_{i}" for i in range(len(shape)))


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
