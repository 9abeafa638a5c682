"""Spectra over frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromass.plotting.look import (
    axis_label,
    axis_measure,
    checked_line,
    given_axes,
    label_axis,
    new_axes,
    seen_map,
)
from neuromass.units import HZ


def plot_spectrum(spectrum: Any, ax: Any, figsize: Any, line: Mapping[str, Any]) -> Any:
    """Plot a spectrum or coherence, a line for each lane."""
    own = checked_line(line, ("ax", "figsize"))
    (ax,) = new_axes(1, figsize) if ax is None else given_axes([spectrum.name], ax, figsize)
    shown = axis_measure(ax.xaxis, HZ)
    x = shown.from_internal(HZ.to_internal(spectrum.frequencies))
    lanes = spectrum.values.reshape(len(spectrum.values), -1).T
    is_power = spectrum.quantity_name == "power"
    first = int(is_power)  # the mean, taken out of each segment, is left out
    shades = seen_map()
    for place, lane in enumerate(lanes):
        many = {"color": shades(place / (len(lanes) - 1))} if len(lanes) > 8 else {}
        ax.plot(x[first:], lane[first:], **{**many, **own})
    if is_power:
        ax.set_yscale("log")
    else:
        ax.set_ylim(0.0, 1.05)
    label_axis(ax.xaxis, shown, axis_label("frequency", shown, {}))
    what = f"{spectrum.quantity_name} of {spectrum.name}"
    ax.set_ylabel(axis_label(what, spectrum.measure, {}))
    ax.margins(x=0.0)
    return ax
