"""Results of sweeps: lines over a key, maps over two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.plotting.look import (
    add_legend,
    axis_label,
    axis_measure,
    checked_labels,
    checked_line,
    given_axes,
    label_axis,
    new_axes,
    refuse_figsize,
    symbol,
)

Floats = NDArray[np.float64]

_FEW: Final = 8
"""Values of a second key up to which each one is a line."""


def plot_sweep(
    sweep: Any, name: str | None, ax: Any, labels: Any, figsize: Any, line: Mapping[str, Any]
) -> Any:
    """Draw one measure of a sweep over its keys."""
    written = checked_labels(labels)
    name = next(iter(sweep)) if name is None else name
    dims = [each for each in sweep.dims(name) if each != "direction"]
    keys = _keys(sweep, dims)
    if len(dims) != len(keys):
        further = ", ".join(dims[len(keys) :])
        raise ValueError(
            f"{name} has further axes, {further}; plot it yourself, res[{name!r}], or by "
            f"res.to_xarray()[{name!r}]."
        )
    if len(keys) > 2:
        raise ValueError(
            f"{name} has {len(keys)} keys, and a picture shows two; select values of the others, "
            f"res.to_xarray()[{name!r}].sel({keys[-1]}=..., method='nearest').plot()."
        )
    lengths = [len(sweep.coordinates[key].values) for key in keys]
    if len(keys) == 2 and min(lengths) > _FEW:
        return _Map(sweep, name, keys, written).drawn(ax, figsize, line)
    return _lines(sweep, name, keys, written, ax, figsize, line)


def _keys(sweep: Any, dims: list[str]) -> list[str]:
    """The keys along the axes of a measure; the first one for lists that go together."""
    if dims[:1] == ["point"]:
        return [next(iter(sweep.coordinates))]
    return [each for each in dims if each in sweep.coordinates]


def _values(sweep: Any, name: str) -> Floats:
    """Values with the direction in front, of which there may be one."""
    values: Floats = sweep.measured[name].values
    return values if sweep.directions else values[np.newaxis]


def _lines(
    sweep: Any,
    name: str,
    keys: list[str],
    written: Mapping[str, str],
    ax: Any,
    figsize: Any,
    line: Mapping[str, Any],
) -> Any:
    own = checked_line(line, ("ax", "labels", "figsize"))
    (ax,) = new_axes(1, figsize) if ax is None else given_axes([name], ax, figsize)
    values = _values(sweep, name)
    if len(keys) == 2 and values.shape[1] < values.shape[2]:
        keys, values = keys[::-1], np.swapaxes(values, 1, 2)
    x, y = sweep.coordinates[keys[0]], sweep.measured[name]
    across, upward = axis_measure(ax.xaxis, x.measure), axis_measure(ax.yaxis, y.measure)
    order = np.argsort(x.values, kind="stable")
    at = across.from_internal(x.values[order])
    columns = values.reshape(*values.shape[:2], -1)
    for place in range(columns.shape[2]):
        told = _told(sweep, keys[1], place, written) if len(keys) == 2 else ""
        colour: dict[str, Any] = {}
        for way, kind in zip(range(len(columns)), ("-", "--"), strict=False):
            label = ", ".join(filter(None, (told, *sweep.directions[way : way + 1])))
            options = {"linestyle": kind, "label": label, **colour, **own}
            (drawn,) = ax.plot(at, upward.from_internal(columns[way, order, place]), **options)
            colour = {"color": drawn.get_color()}
    if _is_geometric(x.values):
        ax.set_xscale("log")
    label_axis(ax.xaxis, across, axis_label(keys[0], across, written))
    label_axis(ax.yaxis, upward, axis_label(name, upward, written))
    ax.margins(x=0.0)
    if sweep.directions or len(keys) == 2 or "label" in own:
        add_legend(ax)
    return ax


def _told(sweep: Any, key: str, place: int, written: Mapping[str, str]) -> str:
    """A value of a key as text, ``J = 15``."""
    found = sweep.coordinates[key]
    shown = found.measure.quantity(float(found.values[place]))
    return f"{symbol(key, written)} = {shown:.4g~P}".rstrip()


class _Map:
    """A map of a measure over two keys."""

    def __init__(self, sweep: Any, name: str, keys: list[str], written: Mapping[str, str]) -> None:
        self._sweep = sweep
        self._name = name
        self._keys = keys
        self._written = written

    def drawn(self, ax: Any, figsize: Any, options: Mapping[str, Any]) -> Any:
        """Draw it, a panel for each direction, with one colour bar."""
        sweep, name = self._sweep, self._name
        measured = sweep.measured[name]
        values = np.asarray(measured.measure.from_internal(_values(sweep, name)))
        panels = sweep.directions or (name,)
        axes = self._axes(panels, ax, figsize)
        finite = values[np.isfinite(values)]
        ends = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        mesh = None
        for each, panel, own in zip(axes, panels, values, strict=True):
            mesh = self._panel(each, own, {"vmin": ends[0], "vmax": ends[1], **options})
            if sweep.directions:
                each.set_title(panel)
            if ax is None:
                each.label_outer()
        label = axis_label(name, measured.measure, self._written)
        axes[0].figure.colorbar(mesh, ax=list(axes), label=label)
        return axes[0] if len(axes) == 1 else axes

    def _axes(self, panels: tuple[str, ...], ax: Any, figsize: Any) -> Any:
        if ax is not None:
            return given_axes(panels, ax, figsize)
        if len(panels) == 1:
            return new_axes(1, figsize)
        import matplotlib.pyplot as plt  # noqa: PLC0415

        refuse_figsize(ax, figsize)
        width, height = plt.rcParams["figure.figsize"]
        size = figsize or (1.6 * width, 0.75 * height)
        return plt.subplots(1, 2, sharex=True, sharey=True, figsize=size, layout="constrained")[1]

    def _panel(self, ax: Any, values: Floats, options: Mapping[str, Any]) -> Any:
        """One direction; failed points stay empty."""
        orders, edges = [], []
        for axis, key in ((ax.xaxis, self._keys[0]), (ax.yaxis, self._keys[1])):
            found = self._sweep.coordinates[key]
            shown = axis_measure(axis, found.measure)
            order = np.argsort(found.values, kind="stable")
            orders.append(order)
            edges.append(np.asarray(shown.from_internal(found.values[order])))
            label_axis(axis, shown, axis_label(key, shown, self._written))
        whole = values[np.ix_(*orders)].T
        mesh = ax.pcolormesh(*edges, whole, shading="nearest", rasterized=True, **options)
        for key, scale in zip(self._keys, (ax.set_xscale, ax.set_yscale), strict=True):
            if _is_geometric(self._sweep.coordinates[key].values):
                scale("log")
        ax.set_facecolor("0.85")
        return mesh


def _is_geometric(values: Floats) -> bool:
    """Whether values are spaced evenly on a logarithmic axis, and not on a linear one."""
    ordered = np.sort(values)
    if len(ordered) < 3 or ordered[0] <= 0.0 or ordered[-1] < 3.0 * ordered[0]:
        return False
    return bool(np.ptp(np.diff(np.log(ordered))) < 1e-6 * np.log(ordered[-1] / ordered[0]))
