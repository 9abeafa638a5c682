"""Spikes of a network of neurons over its rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import brief, whole_number
from neuromass.plotting.look import (
    add_legend,
    axis_label,
    checked_labels,
    colour_cycle,
    given_axes,
    ink,
    label_axis,
    lighten,
    new_time_axes,
)
from neuromass.recordings.recording import contents_of
from neuromass.units import HZ, MS, Measure, measure

if TYPE_CHECKING:
    from neuromass.recordings.recording import Recording

Floats = NDArray[np.float64]

_LONG: Final = 10_000.0
"""Milliseconds after which times are shown in seconds."""


def plot_raster(
    recording: Recording,
    mean_field: Recording | None,
    ax: Any,
    neurons: int,
    labels: Mapping[str, str] | None,
    figsize: tuple[float, float] | None,
) -> Any:
    """Plot spikes over the rate of a network; see ``Recording.plot_raster``."""
    symbols = checked_labels(labels)
    _check(recording, mean_field)
    most = whole_number(neurons, "neurons")
    if most < 1:
        raise ValueError(f"neurons must be at least 1, and {most} is not.")
    names = ("spikes", "r")
    axes = new_time_axes((2.0, 1.0), figsize) if ax is None else given_axes(names, ax, figsize)
    times = contents_of(recording).made_times()
    shown = measure("second") if times[-1] > _LONG else MS
    _draw_spikes(axes[0], recording, most, shown)
    _draw_rates(axes[1], recording, mean_field, shown, symbols)
    for each in axes:
        low, high = shown.from_internal(times[[0, -1]])
        each.set_xlim(low, high)
    return axes


def _check(recording: Recording, mean_field: Recording | None) -> None:
    contents = contents_of(recording)
    if contents.spikes is None or "r" not in contents.data:
        raise ValueError(
            "plot_raster needs the spikes and the rate of a network: "
            "nm.run(net, ..., record=('r', 'spikes'))."
        )
    if mean_field is None:
        return
    try:
        found = contents_of(mean_field).measures.get("r")
    except AttributeError:
        raise TypeError(
            f"mean_field takes a recording of the mean field, nm.run(pop, ...), "
            f"not {brief(mean_field)}."
        ) from None
    if found is None or found.dimension != HZ.dimension or mean_field.shape != ():
        raise ValueError("mean_field takes a recording of the rate r of a single population.")


def _draw_spikes(ax: Any, recording: Recording, most: int, shown: Measure) -> None:
    """A dot for each spike, neurons from below in the order of their excitabilities."""
    spikes: Any = contents_of(recording).spikes
    order = np.argsort(spikes.excitabilities, kind="stable")
    count = min(most, len(order))
    places = ((np.arange(count) + 0.5) * len(order) / count).astype(int)
    row = {int(spikes.recorded[order[place]]): place for place in places.tolist()}
    chosen = np.isin(spikes.neurons, list(row))
    x = shown.from_internal(spikes.times[chosen])
    y = [row[neuron] for neuron in spikes.neurons[chosen].tolist()]
    height = ax.get_position().height * ax.figure.get_figheight() * 72
    size = float(np.clip(1.3 * height / count, 0.8, 6.0))
    ax.plot(
        x, y, linestyle="none", marker="o", markersize=size, markeredgewidth=0.0, color=ink(),
        rasterized=True,
    )  # fmt: skip
    ax.set_ylim(-0.5, len(order) - 0.5)
    ax.set_ylabel("neuron, by excitability")


def _draw_rates(
    ax: Any,
    recording: Recording,
    mean_field: Recording | None,
    shown: Measure,
    labels: Mapping[str, str],
) -> None:
    """The rate of the neurons, in the middle of its windows, and that of the mean field."""
    contents = contents_of(recording)
    count, _ = contents.about.parameters["N"]
    window = 0.0 if contents.about.average else float(contents.about.parameters["window"][0])
    colours = colour_cycle()
    times = contents.made_times() - 0.5 * window
    ax.plot(
        shown.from_internal(times), HZ.from_internal(contents.data["r"]), color=colours[0],
        linewidth=2.0, alpha=0.6, label=f"{int(count):,} neurons".replace(",", " "),
    )  # fmt: skip
    if mean_field is not None:
        other = contents_of(mean_field)
        ax.plot(
            shown.from_internal(other.made_times()), HZ.from_internal(other.data["r"]),
            color=colours[1], linewidth=1.2, label="mean field",
        )  # fmt: skip
    label_axis(ax.xaxis, shown, axis_label("t", shown, labels))
    label_axis(ax.yaxis, HZ, axis_label("r", HZ, labels))
    ax.set_ylim(bottom=0.0)
    lighten(ax)
    if mean_field is not None:
        add_legend(ax)
