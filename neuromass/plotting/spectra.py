"""Spectra over frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.plotting.look import (
    axis_label,
    axis_measure,
    checked_line,
    given_axes,
    label_axis,
    new_axes,
    seen_map,
)
from neuromass.units import DIMENSIONLESS, HZ

Floats = NDArray[np.float64]


def plot_spectrum(spectrum: Any, ax: Any, figsize: Any, line: Mapping[str, Any]) -> Any:
    """Plot a spectrum or coherence, a line for each lane."""
    own = checked_line(line, ("ax", "figsize"))
    (ax,) = new_axes(1, figsize) if ax is None else given_axes([spectrum.name], ax, figsize)
    shown = axis_measure(ax.xaxis, HZ)
    x = shown.from_internal(HZ.to_internal(spectrum.frequencies))
    is_power = spectrum.quantity_name == "power"
    seen = spectrum.frequencies > (0.0 if is_power else -1.0)  # power at 0 is that of the mean
    _plot_lanes(ax, x[seen], spectrum.values[seen], **own)
    if is_power:
        ax.set_yscale("log")
    else:
        ax.set_ylim(0.0, 1.05)
    label_axis(ax.xaxis, shown, axis_label("frequency", shown, {}))
    what = f"{spectrum.quantity_name} of {spectrum.name}"
    ax.set_ylabel(axis_label(what, spectrum.measure, {}))
    ax.margins(x=0.0)
    return ax


def plot_density(spectrum: Any, ax: Any, figsize: Any) -> Any:
    """Plot a spectrum over the logarithm of the frequency."""
    ax = plot_spectrum(spectrum, ax, figsize, {})
    ax.set_xscale("log")
    return ax


def plot_transfer(transfer: Any, ax: Any, figsize: Any) -> Any:
    """Plot gain and phase over the logarithm of the frequency, a line for each lane."""
    names = ("gain", "phase")
    axes = new_axes(2, figsize) if ax is None else given_axes(names, ax, figsize)
    oscillates = transfer.frequencies > 0.0
    what = f"of {transfer.target} to {transfer.source}"
    values = transfer.gain.magnitude, transfer.phase
    labels = (
        axis_label(f"gain {what}", transfer.measure, {}),
        axis_label(f"phase {what}", DIMENSIONLESS, {}) + " (rad)",
    )
    for each, rows, label in zip(axes, values, labels, strict=True):
        shown = axis_measure(each.xaxis, HZ)
        x = shown.from_internal(HZ.to_internal(transfer.frequencies))
        _plot_lanes(each, x[oscillates], rows[oscillates])
        each.set_xscale("log")
        each.set_ylabel(label)
        each.margins(x=0.0)
    axes[0].set_yscale("log")
    label_axis(axes[1].xaxis, shown, axis_label("frequency", shown, {}))
    return axes


def _plot_lanes(ax: Any, x: Floats, values: Floats, **line: Any) -> None:
    """Draw a line for each lane, in shades where there are many."""
    lanes = values.reshape(len(values), -1).T
    shades = seen_map()
    for place, lane in enumerate(lanes):
        many = {"color": shades(place / (len(lanes) - 1))} if len(lanes) > 8 else {}
        ax.plot(x, lane, **{**many, **line})
