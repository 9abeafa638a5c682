"""Connectomes and functional connectivity."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.plotting.look import given_axes, lighten, load, require_axes
from neuromass.units import measure

Floats = NDArray[np.float64]

_NAMES: Final = 24
"""Names that fit beside a matrix."""

_LINES: Final = 150
"""Tracts that are drawn between regions: the strongest ones."""

_LONG: Final = 10_000.0
"""Times in ms from which on they are shown in seconds."""


def plot_connectome(connectome: Any, axes: Any) -> Any:
    """Draw matrices, and regions from above and from the side."""
    panels = ["weights", "distances"]
    if connectome.centres is not None:
        panels += ["from above", "from the side"]
    axes = _new(len(panels)) if axes is None else given_axes(panels, axes, None)
    weights = np.where(connectome.weights > 0.0, connectome.weights, np.nan)
    _matrix(axes[0], weights, "weight", connectome.labels, _logarithmic(weights))
    lengths = np.where(connectome.weights > 0.0, connectome.distances.m_as("mm"), np.nan)
    _matrix(axes[1], lengths, "length (mm)", connectome.labels, {})
    for ax in axes[:2]:
        ax.set(xlabel="source", ylabel="target")
    if connectome.centres is not None:
        places = connectome.centres.m_as("mm")
        _view(axes[2], connectome.weights, places[:, [0, 1]], "to the right", "to the front")
        _view(axes[3], connectome.weights, places[:, [1, 2]], "to the front", "upwards")
    return axes


def _new(count: int) -> Any:
    load()
    import matplotlib.pyplot as plt  # noqa: PLC0415

    size = (9.0, 4.0 * (count // 2))
    figure = plt.figure(figsize=size, layout="constrained")
    return figure.subplots(count // 2, 2, squeeze=False).ravel()


def _logarithmic(values: Floats) -> dict[str, Any]:
    from matplotlib.colors import LogNorm  # noqa: PLC0415

    there = values[np.isfinite(values)]
    if not len(there) or there.max() < 10.0 * there.min():
        return {}
    return {"norm": LogNorm(max(there.min(), 1e-4 * there.max()), there.max())}


def _matrix(
    ax: Any, values: Floats, label: str, labels: Any, options: dict[str, Any], **bar: Any
) -> None:
    drawn = ax.imshow(values, interpolation="nearest", **options)
    ax.figure.colorbar(drawn, ax=ax, label=label, shrink=0.8, **bar)
    ax.grid(visible=False)
    if labels is not None and len(labels) <= _NAMES:
        ax.set_yticks(range(len(labels)), labels)
        ax.set_xticks(range(len(labels)), labels, rotation=90)


def _view(ax: Any, weights: Floats, places: Floats, across: str, upward: str) -> None:
    """Regions as dots, as large as what reaches them, and the strongest tracts."""
    strongest = np.argsort(np.triu(np.maximum(weights, weights.T), 1), axis=None)[::-1][:_LINES]
    top = max(float(weights.max()), 1e-300)
    for target, source in zip(*np.unravel_index(strongest, weights.shape), strict=True):
        strength = max(weights[target, source], weights[source, target]) / top
        if strength > 0.0:
            x, y = places[[target, source]].T
            ax.plot(x, y, color="0.5", lw=0.3 + 1.7 * strength, alpha=0.2 + 0.6 * strength)
    sums = weights.sum(axis=1)
    sizes = 10.0 + 60.0 * sums / max(float(sums.max()), 1e-300)
    ax.scatter(*places.T, s=sizes, color="C0", edgecolor="white", linewidth=0.5, zorder=3)
    ax.set_aspect("equal")
    ax.set(xlabel=f"{across} (mm)", ylabel=f"{upward} (mm)")
    lighten(ax)


def plot_correlations(found: Any, ax: Any) -> Any:
    """Draw functional connectivity."""
    ax = _square(ax)
    span = {"vmin": -1.0, "vmax": 1.0, "cmap": "RdBu_r"}
    values = np.where(np.eye(len(found.matrix), dtype=bool), np.nan, found.matrix)
    _matrix(ax, values, "correlation", found.labels, span)
    if found.labels is None or len(found.labels) > _NAMES:
        ax.set(xlabel="region", ylabel="region")
    return ax


def plot_dynamics(found: Any, ax: Any) -> Any:
    """Draw the dynamics of functional connectivity."""
    ax = _square(ax)
    shown = measure("second") if found.times[-1] > _LONG else measure("ms")
    times = shown.from_internal(found.times)
    half = 0.5 * (times[1] - times[0])
    ends = (times[0] - half, times[-1] + half)
    drawn = ax.imshow(
        found.matrix, origin="lower", extent=(*ends, *ends), vmin=0.0, vmax=1.0, cmap="viridis"
    )
    ax.figure.colorbar(drawn, ax=ax, label="correlation of FC", shrink=0.8)
    ax.grid(visible=False)
    ax.set(xlabel=f"t ({shown.symbol})", ylabel=f"t ({shown.symbol})")
    return ax


def _square(ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415

        return plt.figure(figsize=(4.8, 4.0), layout="constrained").subplots()
    require_axes(ax)
    return ax
