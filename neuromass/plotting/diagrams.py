"""Bifurcation diagrams: branches of equilibria and cycles, curves in two parameters."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.plotting.look import (
    COLOURS,
    axis_label,
    axis_measure,
    entries,
    label_axis,
    new_axes,
    refuse_figsize,
    require_axes,
)
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]

_MARKERS: Final = {
    "fold": ("fold", "o", "black"),
    "hopf": ("Hopf", "s", COLOURS[1]),
    "branch point": ("branch point", "^", COLOURS[4]),
    "fold of cycles": ("fold of cycles", "D", COLOURS[2]),
    "period doubling": ("period doubling", "v", COLOURS[3]),
    "torus": ("torus", "P", COLOURS[5]),
    "cusp": ("cusp", "*", "black"),
    "cusp of cycles": ("cusp of cycles", "*", COLOURS[2]),
    "Bogdanov-Takens": ("Bogdanov-Takens", "X", COLOURS[1]),
    "generalised Hopf": ("generalised Hopf", "D", COLOURS[2]),
    "fold-Hopf": ("fold-Hopf", "P", COLOURS[4]),
}
"""Special point -> its name in a legend, marker and colour."""
_CURVES: Final = {
    "fold": ("folds", COLOURS[0]),
    "hopf": ("Hopf points", COLOURS[1]),
    "fold of cycles": ("folds of cycles", COLOURS[2]),
}


class _Plane:
    """An Axes of a parameter and another value, and how Quantities are drawn on it."""

    def __init__(
        self, ax: Any, figsize: Any, x: tuple[str, Measure], y: tuple[str, Measure]
    ) -> None:
        self.new = ax is None
        refuse_figsize(ax, figsize)
        if ax is not None:
            require_axes(ax)
        self.ax = new_axes(1, figsize)[0] if ax is None else ax
        self._shown = []
        for axis, (name, measure) in ((self.ax.xaxis, x), (self.ax.yaxis, y)):
            shown = axis_measure(axis, measure)
            self._shown.append((name, measure, shown))
            label_axis(axis, shown, axis_label(name, shown, {}))

    def plain(self, which: int, quantity: Any) -> Any:
        """A Quantity in the unit of an axis."""
        name, measure, shown = self._shown[which]
        return shown.from_internal(units.to_internal(quantity, measure, name))

    def line(self, x: Any, y: Any, stable: Any, colour: Any, label: str, **options: Any) -> None:
        """A line, solid where it is stable and dashed where it is not."""
        x, y = self.plain(0, x), self.plain(1, y)
        for begin, end in _pieces(stable):
            kind = "-" if stable[begin] else "--"
            name = f"{'stable' if stable[begin] else 'unstable'} {label}"
            part = slice(begin, min(end + 1, len(x)))
            self.ax.plot(x[part], y[part], kind, color=colour, label=name, **options)

    def mark(self, kind: str, x: Any, y: Any) -> None:
        """A special point."""
        name, marker, colour = _MARKERS[kind]
        self.ax.plot(
            self.plain(0, x),
            self.plain(1, y),
            linestyle="none",
            marker=marker,
            color=colour,
            markeredgecolor="white",
            markeredgewidth=0.8,
            markersize=11 if marker == "*" else 8,
            label=name,
            zorder=5,
        )

    def finished(self) -> Any:
        """A legend beside the panel, where the figure is ours; the Axes."""
        if self.new:
            self.ax.legend(
                *entries(self.ax), loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
            )
        else:
            self.ax.legend(*entries(self.ax))
        return self.ax


def _pieces(stable: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of one stability begin and end."""
    edges = [0, *(np.flatnonzero(np.diff(stable)) + 1).tolist(), len(stable)]
    return list(itertools.pairwise(edges))


def plot_diagram(diagram: Any, name: str | None, cycles: Any, ax: Any, figsize: Any = None) -> Any:
    """Draw branches of equilibria, and of cycles, over a parameter."""
    name = diagram.first_state if name is None else name
    plane = _Plane(
        ax, figsize, *((each, diagram.measure(each)) for each in (diagram.parameter, name))
    )
    for branch in diagram.branches:
        x, y = branch[diagram.parameter], branch[name]
        plane.line(x, y, branch.stable, "black", "equilibria")
    for branch in _listed(cycles):
        _draw_cycles(plane, branch, name)
    for each in (point for branch in diagram.branches for point in branch.special):
        plane.mark(each.kind, each[diagram.parameter], each[name])
    return plane.finished()


def _listed(cycles: Any) -> list[Any]:
    if cycles is None:
        return []
    return list(cycles) if isinstance(cycles, (list, tuple)) else [cycles]


def plot_cycles(branch: Any, name: str | None, ax: Any, figsize: Any = None) -> Any:
    """Draw the extrema of a branch of cycles over its parameter."""
    name = branch.first_state if name is None else name
    plane = _Plane(
        ax, figsize, *((each, branch.measure(each)) for each in (branch.parameter, name))
    )
    _draw_cycles(plane, branch, name)
    return plane.finished()


def _draw_cycles(plane: _Plane, branch: Any, name: str) -> None:
    x, stable, colour = branch[branch.parameter], branch.stable, COLOURS[0]
    for y in (branch.maximum(name), branch.minimum(name)):
        plane.line(x, y, stable, colour, "cycles")
    low, high = (plane.plain(1, each) for each in (branch.minimum(name), branch.maximum(name)))
    for begin, end in _pieces(stable):
        if stable[begin]:
            part = slice(begin, min(end + 1, len(low)))
            plane.ax.fill_between(
                plane.plain(0, x)[part], low[part], high[part], color=colour, alpha=0.15, lw=0.0
            )
    for each in branch.special:
        for extremum in (each.maximum(name), each.minimum(name)):
            plane.mark(each.kind, each[branch.parameter], extremum)


def plot_curve(curve: Any, ax: Any, figsize: Any = None) -> Any:
    """Draw folds, Hopf points or folds of cycles over two parameters."""
    first, second = curve.parameters
    plane = _Plane(ax, figsize, *((each, curve.measure(each)) for each in (first, second)))
    label, colour = _CURVES[curve.kind]
    x, y = plane.plain(0, curve[first]), plane.plain(1, curve[second])
    plane.ax.plot(x, y, color=colour, label=label)
    for each in curve.special:
        plane.mark(each.kind, each[first], each[second])
    return plane.finished()


def plot_cycle(cycle: Any, name: str | None, ax: Any, figsize: Any = None) -> Any:
    """Draw a state over one period of a cycle."""
    name = cycle.first_state if name is None else name
    plane = _Plane(ax, figsize, ("t", MS), (name, cycle.measure(name)))
    plane.ax.plot(plane.plain(0, cycle.t), plane.plain(1, cycle[name]), color=COLOURS[0])
    plane.ax.margins(x=0.0)
    return plane.ax


def plot_response(response: Any, name: str | None, ax: Any, figsize: Any = None) -> Any:
    """Draw a phase response over the time of the kick."""
    name = next(iter(response)) if name is None else name
    plane = _Plane(ax, figsize, ("t", MS), (f"phase per {name}", response.measures[name]))
    plane.ax.axhline(0.0, color="0.6", lw=0.8)
    plane.ax.plot(plane.plain(0, response.t), plane.plain(1, response[name]), color=COLOURS[0])
    plane.ax.margins(x=0.0)
    return plane.ax


def plot_sensitivity(found: Any, state: str, ax: Any, figsize: Any = None) -> Any:
    """Draw how a state would change over time with each of some parameters, relatively."""
    measure = found.measure(state)
    plane = _Plane(ax, figsize, ("t", MS), (state, measure))
    for symbol, colour in zip(found.symbols, itertools.cycle(COLOURS)):
        y = found.relative(state, symbol)
        plane.ax.plot(plane.plain(0, found.t), plane.plain(1, y), color=colour, label=symbol)
    plane.ax.set_ylabel(f"change of {plane.ax.get_ylabel()} per relative change")
    plane.ax.margins(x=0.0)
    return plane.finished()
