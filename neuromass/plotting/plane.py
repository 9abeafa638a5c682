"""The phase plane of models of two states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.flow_lines import Flow
from neuromass.dynamics.field import Field
from neuromass.errors import brief, flag, one_of, suggestion
from neuromass.plotting.flow import MANIFOLDS, cycles_of, draw_cycles, draw_manifolds
from neuromass.plotting.look import (
    axis_label,
    axis_measure,
    checked_labels,
    colour_cycle,
    ink,
    label_axis,
    legend_above,
    lighten,
    line_looks,
    load,
    refuse_figsize,
    require_axes,
    symbol,
)
from neuromass.plotting.traces import Trace
from neuromass.populations.population import Population, core_of
from neuromass.recordings.recording import Recording, contents_of
from neuromass.simulation.runner import run
from neuromass.units import Measure

Floats = NDArray[np.float64]


def phase_plane(
    population: Population,
    inputs: Any = None,
    trajectories: Any = (),
    ax: Any = None,
    *,
    limits: Mapping[str, Any] | None = None,
    axes: tuple[str, str] | None = None,
    duration: Any = None,
    field: bool = True,
    legend: bool = True,
    linestyle: str = "-",
    manifolds: str | None = "stable",
    labels: Mapping[str, str] | None = None,
    figsize: tuple[float, float] | None = None,
) -> Any:
    r"""Draw the phase plane of a population of two states, at inputs that are held.

    It shows the nullclines, the direction of motion, the equilibria where the model has
    ``equilibria``, the separatrices between what goes to one attractor and to another, limit
    cycles, and trajectories with their start and end. The population is left as it is, and its
    noise plays no part.

    Parameters
    ----------
    population : Population
        A single one (without lanes) of a model of two states.
    inputs : number, Quantity or mapping, optional
        The input, or inputs by name; the declared defaults, usually 0, if left out.
    trajectories : Recording, start point, or sequence of these
        A start point is a mapping of states to values or a pair in the order of the states;
        from there a copy without noise is run, for `duration` at the same inputs.
    ax : Axes, optional
        Where to draw; a new figure otherwise. Axes that hold something keep their limits.
    limits : mapping, optional
        State -> lowest and highest value shown; made to fit what is drawn if left out.
    axes : tuple of str, optional
        States on the horizontal and the vertical axis; the model's output is vertical if
        left out.
    duration : Quantity, optional
        Of runs from start points; 10 000 steps if left out.
    field : bool
        Whether to draw the direction of motion.
    legend : bool
        Whether to draw a legend.
    linestyle : str
        Of the nullclines: dashed ones can lie over those of another input.
    manifolds : {"stable", "unstable", "both"} or None
        Which manifolds of saddles to draw: the stable one is made of the states that go to the
        saddle, and is the separatrix; along the unstable one states leave it.
    labels : mapping, optional
        Name -> what is written for it, ``{"I_ext": r"$I_\mathrm{ext}$"}``.
    figsize : tuple of float, optional
        Width and height of a new figure in inches.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the model does not have two states, the population has lanes, or a name is unknown.
    SimulationError
        If a run from a start point fails.

    Notes
    -----
    Manifolds are followed from a saddle along its eigenvectors, the stable one backwards in time.
    A limit cycle is what lines from an unstable focus or node wind to, or, backwards in time, from
    a stable focus; one that needs many turns for that is not found: `nm.analysis.cycles` finds it.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz
    >>> pop = nm.QIF(J=15.0)
    >>> ax = nm.phase_plane(pop, trajectories=[(1 * Hz, -3.0), (50 * Hz, -1.0)])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('v', 'r (Hz)')
    """
    if ax is not None:
        require_axes(ax)
    refuse_figsize(ax, figsize)
    one_of(manifolds, "manifolds", (*MANIFOLDS, None))
    symbols = checked_labels(labels)
    with_field, with_legend = flag(field, "field"), flag(legend, "legend")
    plane = _Plane.of(population, inputs, axes).on(ax)
    paths = _paths(population, inputs, trajectories, duration)
    lines = [plane.line(each) for each in paths]
    resting = plane.equilibria()
    low, high = _window(plane, limits, ax, lines, resting)
    known = [(each, plane.numbers(where)) for each, where in resting]
    cycles = cycles_of(plane.flow(low, high), known)
    if cycles:
        orbits = [plane.shown(orbit)[..., None] for _, orbit in cycles]
        low, high = _window(plane, limits, ax, [*lines, *orbits], resting)
    if ax is None:
        ax = _new_plane(figsize)
    if with_field:
        _draw_field(ax, plane, low, high)
    _draw_nullclines(ax, plane, low, high, linestyle, symbols)
    draw_manifolds(ax, plane.flow(low, high), known, plane.shown, manifolds)
    draw_cycles(ax, cycles, plane.shown)
    _draw_paths(ax, lines)
    _draw_equilibria(ax, plane, resting)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    for axis, name, measure in zip((ax.xaxis, ax.yaxis), plane.names, plane.measures, strict=True):
        label_axis(axis, measure, axis_label(name, measure, symbols))
    if with_legend:
        inches = ax.get_position().width * ax.figure.get_figwidth()
        legend_above(ax, max(2, int(inches / 1.6)))  # a plane is full
    return ax


@dataclass(frozen=True)
class _Plane:
    """A population's states on two axes, with its inputs held."""

    population: Population
    names: tuple[str, str]
    held: Mapping[str, Any]
    field: Field
    shown_in: tuple[Measure, Measure] | None = None

    @classmethod
    def of(cls, population: Any, inputs: Any, axes: tuple[str, str] | None) -> _Plane:
        if not isinstance(population, Population):
            raise TypeError(f"phase_plane takes a population, not {type(population).__name__}.")
        model = core_of(population).model
        states = tuple(model.states)
        if len(states) != 2:
            raise ValueError(
                f"phase_plane draws models of two states, and {model.name} has {len(states)}: "
                f"{', '.join(states)}. Plot two of them over each other from a recording instead."
            )
        if population.shape:
            raise ValueError(
                f"phase_plane draws a single population, and this one has lanes of the shape "
                f"{population.shape}; make one with the parameters of a lane."
            )
        core = core_of(population)
        held = core.held_inputs(core.inputs_by_node(inputs)[""], with_units=True)
        names = _two_states(axes, states, model.output)
        return cls(population, names, held, core.field(inputs))

    def on(self, ax: Any) -> _Plane:
        """The same in the units of Axes that show some already."""
        if ax is None:
            return self
        pairs = zip((ax.xaxis, ax.yaxis), self.measures, strict=True)
        x, y = (axis_measure(axis, measure) for axis, measure in pairs)
        return replace(self, shown_in=(x, y))

    @property
    def measures(self) -> tuple[Measure, Measure]:
        """Units in which both states are shown."""
        if self.shown_in is not None:
            return self.shown_in
        x, y = (core_of(self.population).model.measure(name) for name in self.names)
        return x, y

    def numbers(self, where: Floats) -> Floats:
        """The states of a place in the units shown."""
        pairs = zip(self.measures, where, strict=True)
        found = dict(zip(self.names, (m.to_internal(each) for m, each in pairs), strict=True))
        return np.array([found[name] for name in self.field.columns], dtype=float)

    def shown(self, states: Floats) -> Floats:
        """Places of states, (points, 2), in the units shown: 2 by points."""
        columns = [list(self.field.columns).index(name) for name in self.names]
        pairs = zip(self.measures, columns, strict=True)
        return np.array([m.from_internal(states[:, column]) for m, column in pairs])

    def flow(self, low: Floats, high: Floats) -> Flow:
        """The vector field in a box that is given in the units shown."""
        return Flow(self.field, self.numbers(low), self.numbers(high))

    def grid(self, low: Floats, high: Floats, count: int) -> tuple[Floats, Floats]:
        """Points of a grid in the units shown."""
        x, y = (np.linspace(a, b, count) for a, b in zip(low, high, strict=True))
        return tuple(np.meshgrid(x, y))  # type: ignore[return-value]

    def rates(self, x: Floats, y: Floats, held: Mapping[str, Any] | None = None) -> list[Floats]:
        """Derivatives of both states at points in the units shown, in those units per ms."""
        population = self.population
        equations = type(population).equations
        points = {
            name: measure.to_internal(value)
            for name, measure, value in zip(self.names, self.measures, (x, y), strict=True)
        }
        fixed = {**core_of(population).parameters, **(self.held if held is None else held)}
        evaluate = lambda a, b: equations.evaluate({**fixed, self.names[0]: a, self.names[1]: b})[
            :2
        ]
        if equations.written:
            evaluate = np.vectorize(evaluate, otypes=[float, float])
        with np.errstate(all="ignore"):
            found = dict(zip(equations.states, evaluate(*points.values()), strict=True))
        shown = [m.from_internal(found[n]) for n, m in zip(self.names, self.measures, strict=True)]
        return [np.broadcast_to(np.asarray(each, dtype=float), x.shape) for each in shown]

    def line(self, path: Recording) -> Floats:
        """A trajectory in the units shown: 2 by samples by lanes."""
        rows = []
        for name, measure in zip(self.names, self.measures, strict=True):
            if name not in path.names:
                raise ValueError(f"A trajectory needs {' and '.join(self.names)}; it lacks {name}.")
            own = contents_of(path).measures[name]
            if own.dimension != measure.dimension:
                raise units.UnitError(
                    f"{name} of a trajectory is in {own.symbol or 'no unit'}, that of the "
                    f"population in {measure.symbol or 'no unit'}."
                )
            rows.append(measure.from_internal(Trace.of(path, name).values))
        return np.array(rows)

    def equilibria(self) -> list[tuple[Any, Floats]]:
        """Equilibria with their places in the units shown; as far as they are known."""
        model = core_of(self.population).model
        held = {name: model.measure(name).quantity(value) for name, value in self.held.items()}
        found = self.population.equilibria(**held)
        convert = lambda each, n, m: m.from_internal(model.states[n].convert(each.state[n]))
        pairs = list(zip(self.names, self.measures, strict=True))
        return [(each, np.array([convert(each, n, m) for n, m in pairs])) for each in found]

    def note(self, place: int, symbols: Mapping[str, str]) -> str:
        """`` at I_ext = 3`` for a nullcline that lies elsewhere at other inputs."""
        model = core_of(self.population).model
        plain = {name: each.default for name, each in model.inputs.items()}
        moved = {n: v for n, v in self.held.items() if v != plain[n]}
        x = np.linspace(0.3, 0.7, 5)
        if not moved or np.array_equal(self.rates(x, x)[place], self.rates(x, x, plain)[place]):
            return ""
        told = (
            f"{symbol(n, symbols)} = {units.shown(v, model.measure(n))}" for n, v in moved.items()
        )
        return f" at {', '.join(told)}"


def _two_states(axes: Any, states: tuple[str, ...], output: str) -> tuple[str, str]:
    first, second = states
    if axes is None:
        return (first, second) if output == second else (second, first)
    if not isinstance(axes, tuple | list):
        raise TypeError(f"axes names two states, ({second!r}, {first!r}), not {brief(axes)}.")
    for name in axes:
        if name not in states:
            raise ValueError(f"axes: there is no state {brief(name)}{suggestion(name, states)}")
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"axes needs both states, for example ({second!r}, {first!r}).")
    return axes[0], axes[1]


def _paths(
    population: Population, inputs: Any, trajectories: Any, duration: Any
) -> list[Recording]:
    """Recordings of the trajectories: those given, and runs from the start points given."""
    length = 10_000 * population.dt if duration is None else duration
    paths = []
    for each in _listed(trajectories):
        if isinstance(each, Recording):
            paths.append(each)
            continue
        copy = population.copy(initial=_start(population, each), noise=None)
        paths.append(run(copy, length, inputs=inputs, progress=False))
    return paths


def _listed(trajectories: Any) -> list[Any]:
    if isinstance(trajectories, (Recording, Mapping)):
        return [trajectories]
    if units.is_quantity(trajectories) or not hasattr(trajectories, "__iter__"):
        raise TypeError(
            "trajectories takes recordings and start points, such as {'r': 8 * Hz, 'v': -2.0}."
        )
    several = list(trajectories)
    is_one_point = several and (units.is_quantity(several[0]) or np.isscalar(several[0]))
    return [tuple(several)] if is_one_point else several


def _start(population: Population, point: Any) -> Mapping[str, Any]:
    states = list(core_of(population).model.states)
    if isinstance(point, Mapping):
        return point
    if not isinstance(point, (tuple, list)) or len(point) != len(states):
        raise ValueError(
            f"A start point is a mapping of states to values, or a pair ({', '.join(states)}), "
            f"not {brief(point)}."
        )
    return dict(zip(states, point, strict=True))


def _window(
    plane: _Plane,
    limits: Mapping[str, Any] | None,
    ax: Any,
    lines: list[Floats],
    resting: list[tuple[Any, Floats]],
) -> tuple[Floats, Floats]:
    """Lowest and highest values shown, in the units shown."""
    if limits is not None and not isinstance(limits, Mapping):
        raise TypeError(f"limits is a mapping from states to values, not {brief(limits)}.")
    given = dict(limits or {})
    for name in given:
        if name not in plane.names:
            raise ValueError(
                f"limits: there is no state {brief(name)}{suggestion(name, plane.names)}"
            )
    model = core_of(plane.population).model
    kept = (ax.get_xlim(), ax.get_ylim()) if ax is not None and ax.has_data() else None
    ends = []
    for place, (name, measure) in enumerate(zip(plane.names, plane.measures, strict=True)):
        if name in given:
            ends.append(_given_limits(given[name], name, measure))
        elif kept is not None:
            ends.append(kept[place])
        else:
            state = measure.from_internal(getattr(plane.population.raw, name))
            points = [np.array([state]), *(line[place].ravel() for line in lines)]
            points += [where[place : place + 1] for _, where in resting]
            lower = model.states[name].lower
            bound = None if lower is None else measure.from_internal(lower)
            ends.append(_fitting(np.concatenate(points), bound, wide=not lines))
    low, high = np.array(ends, dtype=float).T
    return low, high


def _given_limits(value: Any, name: str, measure: Measure) -> tuple[float, float]:
    plain = measure.from_internal(units.to_internal(value, measure, f"limits[{name!r}]"))
    if np.shape(plain) != (2,) or not plain[0] < plain[1]:
        raise ValueError(
            f"limits[{brief(name)}] needs a lowest and a highest value, not {brief(value)}."
        )
    return float(plain[0]), float(plain[1])


def _fitting(points: Floats, bound: float | None, wide: bool) -> tuple[float, float]:
    """Limits around some points: as wide as the points are large, as far as the bound."""
    low, high = float(np.nanmin(points)), float(np.nanmax(points))
    least = (2.0 if wide else 1.0) * max(abs(low), abs(high)) or 1.0
    missing = max(0.0, least - (high - low))
    margin = 0.5 * missing + 0.07 * (high - low + missing)
    low, high = low - margin, high + margin
    if bound is not None and low < bound + 0.2 * (high - bound):
        low = bound
    return low, high


def _new_plane(figsize: Any) -> Any:
    load()
    import matplotlib.pyplot as plt  # noqa: PLC0415

    ax = plt.subplots(figsize=figsize, layout="constrained")[1]
    lighten(ax)
    return ax


def _draw_field(ax: Any, plane: _Plane, low: Floats, high: Floats) -> None:
    x, y = plane.grid(low, high, 40)
    ax.streamplot(
        x, y, *plane.rates(x, y), color="0.7", linewidth=0.6, arrowsize=0.8, density=1.0, zorder=1
    )  # fmt: skip


def _draw_nullclines(
    ax: Any, plane: _Plane, low: Floats, high: Floats, linestyle: str, symbols: Mapping[str, str]
) -> None:
    x, y = plane.grid(low, high, 100 if core_of(plane.population).model.equations.written else 400)
    pairs = zip(plane.names, plane.rates(x, y), colour_cycle(), strict=False)
    for place, (name, rate, colour) in enumerate(pairs):
        visible = np.ma.masked_invalid(rate)
        if not visible.min() < 0.0 < visible.max():
            continue
        style = {"linewidths": 1.8, "linestyles": linestyle}
        ax.contour(x, y, visible, levels=[0.0], colors=[colour], zorder=2, **style)
        label = f"d{symbol(name, symbols)}/dt = 0{plane.note(place, symbols)}"
        ax.plot([], [], color=colour, linewidth=1.8, linestyle=linestyle, label=label)


def _draw_paths(ax: Any, lines: list[Floats]) -> None:
    from matplotlib.colors import to_rgba  # noqa: PLC0415

    cycle = colour_cycle()
    colours = [each for each in cycle[2:] if to_rgba(each) != to_rgba(ink())] or list(cycle)
    curves = [line[:, :, lane] for line in lines for lane in range(line.shape[2])]
    hollow = {"marker": "o", "markersize": 5, "markerfacecolor": ax.get_facecolor()}
    for (x, y), (colour, kind) in zip(curves, line_looks(len(curves), colours, ax), strict=True):
        ax.plot(x, y, color=colour, linestyle=kind, linewidth=1.2, zorder=3)
        ends = {"linestyle": "none", "color": colour, "zorder": 4, "clip_on": False}
        ax.plot(x[:1], y[:1], **hollow, **ends)
        ax.plot(x[-1:], y[-1:], marker="s", markersize=4.5, **ends)
    if curves:
        style = {"linestyle": "none", "color": "0.5"}
        ax.plot([], [], **hollow, label="start", **style)
        ax.plot([], [], marker="s", markersize=4.5, label="end", **style)


_FILL: Final = {"stable": "full", "neutral": "none", "unstable": "none"}


def _draw_equilibria(ax: Any, plane: _Plane, resting: list[tuple[Any, Floats]]) -> None:
    for each, where in resting:
        saddle = each.kind.startswith("saddle")
        ax.plot(
            *where[:, np.newaxis],
            linestyle="none",
            marker="D" if "focus" in each.kind else "o",
            markersize=7 if "focus" in each.kind else 8,
            color=ink(),
            markerfacecoloralt=ax.get_facecolor(),
            fillstyle="left" if saddle else _FILL[each.stability],
            label=each.kind if saddle else f"{each.stability} {each.kind}",
            zorder=5,
            clip_on=False,
        )
