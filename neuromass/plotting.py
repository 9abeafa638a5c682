"""Plots: traces over time, and the phase plane. matplotlib is imported when one is made.

All plots look alike: colours that colour-blind readers can tell apart, in the order blue,
vermillion, green; labels with units, ``r (Hz)``. A user's own ``rcParams`` hold: sizes, fonts,
colormap, and the colour cycle if it is not matplotlib's default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.declaration import suggestion
from neuromass.population import _MISSING as _ABSENT
from neuromass.population import Population
from neuromass.recording import Recording
from neuromass.runner import run
from neuromass.units import MS, Measure

__all__ = ["phase_plane", "plot_recording", "plot_recordings"]

Floats = NDArray[np.float64]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette without its yellow, which is too light for lines on white."""

_FEW: Final = 7
"""Lanes that get a colour and a legend entry each."""
_MANY: Final = 60
"""Lanes above which lines would hide one another."""
_COLUMNS: Final = 4000
"""Samples that an image has at most; neighbours are averaged."""


# ------------------------------------------------------------------------ traces


def plot_recording(recording: Recording, names: str | Sequence[str] | None, ax: Any) -> Any:
    """Plot the traces of a recording, one panel for each name; see ``Recording.plot``.

    A few lanes are lines with a legend, some dozens are lines coloured in their order, and
    more are an image. If one parameter varies over the lanes, they are labelled with it.

    Parameters
    ----------
    recording : Recording
        What to plot.
    names : str or sequence of str or None
        Names of traces; everything recorded if None.
    ax : Axes or sequence of Axes or None
        Where to plot, one for each name; a new figure if None.

    Returns
    -------
    Axes or ndarray of Axes
        One Axes for one name, else an array of them.

    Raises
    ------
    KeyError
        If nothing was recorded under a name.
    ValueError
        If there is nothing to plot, or the number of Axes is not that of names.
    """
    wanted = _names(names, recording.names)
    traces = [_trace(recording, name) for name in wanted]
    panels = _Panels(wanted, ax)
    times = recording._times
    lanes = _Lanes.of(recording)
    for panel, trace in zip(panels, traces, strict=True):
        if lanes.count > _MANY:
            _image(panel, times, trace.values, lanes, trace.label)
            continue
        _label_axis(panel.yaxis, trace.measure, trace.label)
        for lane, colour in enumerate(lanes.colours()):
            _line(panel, times, trace.values[:, lane], colour, lanes.line_label(lane), lanes.count)
    if 1 < lanes.count <= _FEW:
        panels.legend()
    elif _FEW < lanes.count <= _MANY:
        lanes.add_colour_bar(panels.axes)
    return panels.finished()


def plot_recordings(
    recordings: Mapping[str, Recording], names: str | Sequence[str] | None, ax: Any
) -> Any:
    """Plot recordings together: a panel for each name, a colour for each member.

    The lanes of a member are thin lines of its colour; very many are their median and a band
    from the lowest to the highest.

    Parameters
    ----------
    recordings : Recordings
        What to plot.
    names : str or sequence of str or None
        Names of traces; those that all members have if None.
    ax : Axes or sequence of Axes or None
        Where to plot, one for each name; a new figure if None.

    Returns
    -------
    Axes or ndarray of Axes
        One Axes for one name, else an array of them.

    Raises
    ------
    KeyError
        If no member has a name.
    ValueError
        If members have different units under one name, or nothing in common.
    """
    members = dict(recordings)
    first, *others = members.values()
    common = [name for name in first.names if all(name in each.names for each in others)]
    wanted = _names(names, common)
    found = {name: _traces_of_members(members, name) for name in wanted}
    panels = _Panels(wanted, ax)
    colours = dict(zip(members, _some_colours(len(members)), strict=True))
    for panel, traces in zip(panels, found.values(), strict=True):
        for member, trace in traces.items():
            times = members[member]._times
            _member(panel, times, trace.values, colours[member], member)
        one = next(iter(traces.values()))
        _label_axis(panel.yaxis, one.measure, one.label)
    panels.legend()
    return panels.finished()


@dataclass(frozen=True)
class _Trace:
    """Values in the unit in which they are shown, samples by lanes, and the axis label."""

    values: Floats
    measure: Measure
    label: str


def _names(names: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    wanted = [names] if isinstance(names, str) else list(known if names is None else names)
    if not wanted:
        raise ValueError("There is nothing to plot: name one or more of what was recorded.")
    return wanted


def _trace(recording: Recording, name: str, measure: Measure | None = None) -> _Trace:
    own, values = recording._look_up(name)
    measure = measure or own
    shown = np.asarray(measure.from_internal(values))
    return _Trace(shown.reshape(len(values), -1), measure, _label(name, measure))


def _traces_of_members(members: Mapping[str, Recording], name: str) -> dict[str, _Trace]:
    having = {member: each for member, each in members.items() if name in each.names}
    if not having:
        known = {known for each in members.values() for known in each.names}
        raise KeyError(f"Nothing was recorded as {name!r}{suggestion(name, sorted(known))}.")
    measures = {member: each._look_up(name)[0] for member, each in having.items()}
    measure = next(iter(measures.values()))
    if any(each.dimension != measure.dimension for each in measures.values()):
        told = ", ".join(f"{m}: {each.symbol or 'no unit'}" for m, each in measures.items())
        raise ValueError(f"{name} has different units ({told}); plot the recordings one by one.")
    return {member: _trace(each, name, measure) for member, each in having.items()}


def _label(name: str, measure: Measure) -> str:
    import matplotlib as mpl  # noqa: PLC0415

    text = f"{name} ({measure.symbol})" if measure.symbol else name
    return text.replace("_", r"\_") if mpl.rcParams["text.usetex"] else text


def _label_axis(axis: Any, measure: Measure, label: str) -> None:
    """Label an axis; after `setup_matplotlib` Quantities are then drawn on it in its unit."""
    axis.update_units(measure.quantity(1.0))
    axis.set_label_text(label)


def _line(
    ax: Any, times: Floats, values: Floats, colour: Any, label: str | None = None, beside: int = 1
) -> None:
    """One trace; an input, which has no value at the first sample, as the steps it was held in."""
    held = len(values) > 1 and np.isnan(values[0]) and not np.isnan(values[1])
    style: dict[str, Any] = {"drawstyle": "steps-pre"} if held else {}
    if beside > _FEW:
        style["linewidth"] = 0.8
    ax.plot(times, values, color=colour, label=label, **style)


def _member(ax: Any, times: Floats, values: Floats, colour: Any, label: str) -> None:
    lanes = values.shape[1]
    if lanes == 1:
        _line(ax, times, values[:, 0], colour, label)
    elif lanes <= _MANY:
        for lane in range(lanes):
            _line(ax, times, values[:, lane], colour, None, lanes)
            ax.lines[-1].set_alpha(max(0.15, lanes**-0.5))
        ax.plot([], [], color=colour, label=label)
    else:
        low, middle, high = np.quantile(values, (0.0, 0.5, 1.0), axis=1)
        ax.fill_between(times, low, high, color=colour, alpha=0.2, linewidth=0)
        _line(ax, times, middle, colour, label)


@dataclass(frozen=True)
class _Lanes:
    """Lanes of a recording: how many, and the name and values by which they are told apart."""

    count: int
    shape: tuple[int, ...]
    label: str
    values: Floats
    unit: str = ""

    @classmethod
    def of(cls, recording: Recording) -> _Lanes:
        shape = recording.shape
        count = int(np.prod(shape, dtype=int))
        varied = {
            name: (np.asarray(value), measure)
            for name, (value, measure) in recording._about.parameters.items()
            if np.shape(value) == shape and np.ptp(value) > 0.0
        }
        if len(shape) == 1 and len(varied) == 1:
            ((name, (value, measure)),) = varied.items()
            shown = np.asarray(measure.from_internal(value))
            return cls(count, shape, _label(name, measure), shown, f" {measure.symbol}".rstrip())
        return cls(count, shape, "lane", np.arange(count, dtype=float))

    def line_label(self, lane: int) -> str | None:
        if self.count == 1:
            return None
        if self.label == "lane":
            index = np.unravel_index(lane, self.shape)
            return f"lane {', '.join(str(int(i)) for i in index)}"
        return f"{self.label.split(' (')[0]} = {self.values[lane]:.4g}{self.unit}"

    def colours(self) -> list[Any]:
        if self.count <= _FEW:
            return _some_colours(self.count)
        mappable = self._mappable()
        return list(mappable.to_rgba(self.values))

    def _mappable(self) -> Any:
        from matplotlib.cm import ScalarMappable  # noqa: PLC0415
        from matplotlib.colors import Normalize  # noqa: PLC0415

        return ScalarMappable(Normalize(self.values.min(), self.values.max()), _dark_half())

    def add_colour_bar(self, axes: Sequence[Any]) -> None:
        axes[0].figure.colorbar(self._mappable(), ax=list(axes), label=self.label, aspect=30)

    def edges(self) -> tuple[str, float, float]:
        """Label and ends of an image's axis: the parameter if it is evenly spaced."""
        steps = np.diff(self.values)
        if not np.allclose(steps, steps[0], rtol=1e-6):
            return "lane", -0.5, self.count - 0.5
        half = 0.5 * float(steps[0])
        return self.label, float(self.values[0]) - half, float(self.values[-1]) + half


def _image(ax: Any, times: Floats, values: Floats, lanes: _Lanes, label: str) -> None:
    """Lanes as rows, time from left to right."""
    import matplotlib as mpl  # noqa: PLC0415

    shown = _averaged(values)
    label_of_lanes, low, high = lanes.edges()
    half = 0.5 * (times[-1] - times[0]) / max(1, len(times) - 1)
    drawn = ax.imshow(
        shown.T,
        aspect="auto",
        origin="lower",
        extent=(times[0] - half, times[-1] + half, low, high),
        cmap=mpl.rcParams["image.cmap"],
    )
    ax.set_ylabel(label_of_lanes)
    ax.figure.colorbar(drawn, ax=ax, label=label, aspect=15)


def _averaged(values: Floats) -> Floats:
    """Fewer samples, each the mean of some neighbours."""
    count = -(-len(values) // _COLUMNS)
    if count == 1:
        return values
    whole = values[: len(values) // count * count].reshape(-1, count, values.shape[1])
    return np.asarray(whole.mean(axis=1))


# ----------------------------------------------------------------------- the look


def _cycle() -> Sequence[Any]:
    """The user's colours, or ours where matplotlib's default stands."""
    import matplotlib as mpl  # noqa: PLC0415

    cycle = mpl.rcParams["axes.prop_cycle"]
    if cycle == mpl.rcParamsDefault["axes.prop_cycle"]:
        return COLOURS
    return tuple(cycle.by_key().get("color", COLOURS))


def _some_colours(count: int) -> list[Any]:
    """So many colours; in their order along a colormap if the cycle has not enough."""
    cycle = _cycle()
    if count <= len(cycle):
        return list(cycle[:count])
    return list(_dark_half()(np.linspace(0.0, 1.0, count)))


def _dark_half() -> Any:
    """Viridis without its yellow, which is too light for lines on white."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    shades = mpl.colormaps["viridis"](np.linspace(0.0, 0.84, 64))
    return LinearSegmentedColormap.from_list("dark viridis", list(shades))


class _Panels:
    """Panels over each other with a common time axis: new ones, or those of the user."""

    def __init__(self, names: Sequence[str], ax: Any) -> None:
        self.names = names
        self.new = ax is None
        self.axes = _new_axes(len(names)) if ax is None else _given_axes(names, ax)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.axes)

    def legend(self) -> None:
        """A legend in the top panel; above it where the figure is ours."""
        ax = self.axes[0]
        if self.new:
            count = len(ax.get_legend_handles_labels()[1])
            legend_above(ax, min(count, 5))
        else:
            ax.legend(loc="upper right")

    def finished(self) -> Any:
        for ax in self.axes:
            grid = ax.get_subplotspec()
            if grid is None or grid.is_last_row() or ax is self.axes[-1]:
                _label_axis(ax.xaxis, MS, _label("t", MS))
            ax.margins(x=0.0)
        if self.new:
            self.axes[0].figure.align_ylabels(list(self.axes))
        return self.axes[0] if len(self.axes) == 1 else self.axes


def legend_above(ax: Any, columns: int) -> None:
    """A legend over the panel, so that it hides nothing; every label once."""
    ax.legend(
        *_entries(ax),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        borderaxespad=0.1,
        borderpad=0.2,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.0,
    )


def _new_axes(count: int) -> Any:
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    width, height = mpl.rcParams["figure.figsize"]
    tall = height * (0.75 if count == 1 else 0.35 * count + 0.15)
    _, axes = plt.subplots(
        count, 1, sharex=True, squeeze=False, figsize=(width, tall), layout="constrained"
    )
    for ax in axes.flat:
        _lighten(ax)
    return axes[:, 0]


def _entries(ax: Any) -> tuple[list[Any], list[str]]:
    """Handles and labels for a legend, the first handle of every label."""
    found: dict[str, Any] = {}
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        found.setdefault(label, handle)
    return list(found.values()), list(found)


def _lighten(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)


def _given_axes(names: Sequence[str], ax: Any) -> Any:
    from matplotlib.axes import Axes  # noqa: PLC0415

    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if not all(isinstance(each, Axes) for each in axes):
        raise TypeError(
            "ax needs matplotlib Axes, one for each name, for example plt.subplots()[1]."
        )
    if len(axes) != len(names):
        raise ValueError(
            f"Plotting {', '.join(names)} needs {len(names)} Axes, and {len(axes)} were given."
        )
    return axes


# ---------------------------------------------------------------------- phase plane


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
) -> Any:
    """Draw the phase plane of a population of two states, at inputs that are held.

    It shows the nullclines, the direction of motion, the equilibria where the model has
    ``rest_states``, and trajectories with their start and end. The population is left as it
    is, and its noise plays no part.

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

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the model does not have two states, the population has lanes, or a name is unknown.
    SimulationError
        If a run from a start point fails.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz
    >>> pop = nm.QIF(J=15.0)
    >>> ax = nm.phase_plane(pop, trajectories=[(1 * Hz, -3.0), (50 * Hz, -1.0)])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('v', 'r (Hz)')
    """
    plane = _Plane.of(population, inputs, axes)
    paths = _paths(population, inputs, trajectories, duration)
    lines = [plane.line(each) for each in paths]
    resting = plane.equilibria()
    low, high = _window(plane, limits, ax, lines, resting)
    new = ax is None
    if new:
        ax = _new_plane()
    if field:
        _draw_field(ax, plane, low, high)
    _draw_nullclines(ax, plane, low, high, linestyle)
    _draw_paths(ax, lines)
    _draw_equilibria(ax, plane, resting)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    for axis, measure, label in zip(
        (ax.xaxis, ax.yaxis), plane.measures, plane.labels, strict=True
    ):
        _label_axis(axis, measure, label)
    if legend:
        _legend_of_plane(ax, new)
    return ax


@dataclass(frozen=True)
class _Plane:
    """A population's states on two axes, with its inputs held."""

    population: Population
    names: tuple[str, str]
    held: Mapping[str, Any]

    @classmethod
    def of(cls, population: Any, inputs: Any, axes: tuple[str, str] | None) -> _Plane:
        if not isinstance(population, Population):
            raise TypeError(f"phase_plane takes a population, not {type(population).__name__}.")
        model = population._model
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
        if inputs is None:
            inputs = {}
        given = (_ABSENT, dict(inputs)) if isinstance(inputs, Mapping) else (inputs, {})
        held = population._held(*given, with_units=True)
        return cls(population, _two_states(axes, states, model.output), held)

    @property
    def measures(self) -> tuple[Measure, Measure]:
        x, y = (self.population._model.measure(name) for name in self.names)
        return x, y

    @property
    def labels(self) -> tuple[str, str]:
        x, y = map(_label, self.names, self.measures)
        return x, y

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
        fixed = {**population._parameters, **(self.held if held is None else held)}
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
            own, _ = path._look_up(name)
            if own.dimension != measure.dimension:
                raise units.UnitError(
                    f"{name} of a trajectory is in {own.symbol or 'no unit'}, that of the "
                    f"population in {measure.symbol or 'no unit'}."
                )
            rows.append(_trace(path, name, measure).values)
        return np.array(rows)

    def equilibria(self) -> list[tuple[Any, Floats]]:
        """Equilibria with their places in the units shown; none where the model has no method."""
        find = getattr(type(self.population), "rest_states", None)
        if find is None:
            return []
        model = self.population._model
        held = {name: model.measure(name).quantity(value) for name, value in self.held.items()}
        try:
            found = find(self.population, **held)
        except TypeError:  # the equations are no longer those that the method solves
            return []
        convert = lambda each, n, m: m.from_internal(model.states[n].convert(each.state[n]))
        pairs = list(zip(self.names, self.measures, strict=True))
        return [(each, np.array([convert(each, n, m) for n, m in pairs])) for each in found]

    def note(self, place: int) -> str:
        """`` at I_ext = 3`` for a nullcline that lies elsewhere at other inputs."""
        model = self.population._model
        plain = {name: each.default for name, each in model.inputs.items()}
        moved = {n: v for n, v in self.held.items() if v != plain[n]}
        x = np.linspace(0.3, 0.7, 5)
        if not moved or np.array_equal(self.rates(x, x)[place], self.rates(x, x, plain)[place]):
            return ""
        told = (f"{n} = {units.shown(v, model.measure(n))}" for n, v in moved.items())
        return f" at {', '.join(told)}"


def _two_states(axes: Any, states: tuple[str, ...], output: str) -> tuple[str, str]:
    first, second = states
    if axes is None:
        return (first, second) if output == second else (second, first)
    for name in axes:
        if name not in states:
            raise ValueError(f"axes: there is no state {name!r}{suggestion(name, states)}.")
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
    states = list(population._model.states)
    if isinstance(point, Mapping):
        return point
    if not isinstance(point, (tuple, list)) or len(point) != len(states):
        raise ValueError(
            f"A start point is a mapping of states to values, or a pair ({', '.join(states)}), "
            f"not {point!r}."
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
    given = dict(limits or {})
    for name in given:
        if name not in plane.names:
            raise ValueError(f"limits: there is no state {name!r}{suggestion(name, plane.names)}.")
    model = plane.population._model
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
    plain = measure.from_internal(units.internal(value, measure, f"limits[{name!r}]"))
    if np.shape(plain) != (2,) or not plain[0] < plain[1]:
        raise ValueError(f"limits[{name!r}] needs a lowest and a highest value, not {value!r}.")
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


def _new_plane() -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    ax = plt.subplots(layout="constrained")[1]
    _lighten(ax)
    return ax


def _draw_field(ax: Any, plane: _Plane, low: Floats, high: Floats) -> None:
    x, y = plane.grid(low, high, 40)
    ax.streamplot(
        x, y, *plane.rates(x, y), color="0.7", linewidth=0.6, arrowsize=0.8, density=1.0, zorder=1
    )  # fmt: skip


def _draw_nullclines(ax: Any, plane: _Plane, low: Floats, high: Floats, linestyle: str) -> None:
    x, y = plane.grid(low, high, 100 if plane.population._model.equations.written else 400)
    pairs = zip(plane.names, plane.rates(x, y), _cycle(), strict=False)
    for place, (name, rate, colour) in enumerate(pairs):
        visible = np.ma.masked_invalid(rate)
        if not visible.min() < 0.0 < visible.max():
            continue
        style = {"linewidths": 1.8, "linestyles": linestyle}
        ax.contour(x, y, visible, levels=[0.0], colors=[colour], zorder=2, **style)
        label = f"d{name}/dt = 0{plane.note(place)}"
        ax.plot([], [], color=colour, linewidth=1.8, linestyle=linestyle, label=label)


def _draw_paths(ax: Any, lines: list[Floats]) -> None:
    cycle = _cycle()
    colours = [each for each in cycle[2:] if each not in _BLACK] or list(cycle)
    curves = [line[:, :, lane] for line in lines for lane in range(line.shape[2])]
    for number, (x, y) in enumerate(curves):
        colour = colours[number % len(colours)]
        ax.plot(x, y, color=colour, linewidth=1.2, zorder=3)
        ends = {"linestyle": "none", "color": colour, "zorder": 6, "clip_on": False}
        ax.plot(x[:1], y[:1], marker="o", markersize=5, markerfacecolor="white", **ends)
        ax.plot(x[-1:], y[-1:], marker="s", markersize=4.5, **ends)
    if curves:
        style = {"linestyle": "none", "color": "0.35"}
        ax.plot([], [], marker="o", markersize=5, markerfacecolor="white", label="start", **style)
        ax.plot([], [], marker="s", markersize=4.5, label="end", **style)


_BLACK: Final = ("k", "black", "#000000")
"""The colour of equilibria, which trajectories do without."""
_FILL: Final = {"stable": "full", "neutral": "none", "unstable": "none"}


def _draw_equilibria(ax: Any, plane: _Plane, resting: list[tuple[Any, Floats]]) -> None:
    for each, where in resting:
        saddle = each.kind.startswith("saddle")
        ax.plot(
            *where[:, np.newaxis],
            linestyle="none",
            marker="o",
            markersize=8,
            color="black",
            markerfacecoloralt="white",
            fillstyle="left" if saddle else _FILL[each.stability],
            label=each.kind if saddle else f"{each.stability} {each.kind}",
            zorder=5,
            clip_on=False,
        )


def _legend_of_plane(ax: Any, new: bool) -> None:
    """Outside, since a phase plane is full: on the right of our figure, above the user's Axes."""
    if new:
        ax.legend(*_entries(ax), loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        return
    inches = ax.get_position().width * ax.figure.get_figwidth()
    legend_above(ax, max(2, int(inches / 1.6)))


# --------------------------------------------------------------- figures of programs


def mosaic(layout: list[Any], size: tuple[float, float], **options: Any) -> Any:
    """A new figure with named panels, in the look of the package.

    Parameters
    ----------
    layout : nested list of str
        Names of the panels, as matplotlib's ``subplot_mosaic`` takes them.
    size : tuple of float
        Width and height in inches.
    **options
        Further options of ``subplot_mosaic``.

    Returns
    -------
    figure : Figure
    axes : dict
        Name -> Axes.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplot_mosaic(layout, figsize=size, layout="constrained", **options)
    for ax in axes.values():
        _lighten(ax)
    return figure, axes


def without_window() -> None:
    """Draw in this process without a display, whatever the surroundings offer."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")


def show() -> bool:
    """Show the figures in windows until these are closed; False if there is no display."""
    import matplotlib as mpl  # noqa: PLC0415
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if mpl.get_backend().lower() == "agg":
        return False
    plt.show()
    return True
