"""Traces over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import brief, suggestion
from neuromass.plotting.look import (
    DASHES,
    Panels,
    axis_label,
    axis_measure,
    colour_cycle,
    dark_half,
    label_axis,
    line_looks,
    some_colours,
)
from neuromass.recordings.recording import contents_of
from neuromass.units import MS, Measure, is_listing

if TYPE_CHECKING:
    from neuromass.recordings.recording import Recording

Floats = NDArray[np.float64]

_FEW: Final = 7
"""Lanes that get a colour and a legend entry each."""
_MANY: Final = 60
"""Lanes above which lines would hide one another."""
_COLUMNS: Final = 4000
"""Samples that an image has at most; neighbours are averaged."""


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
    traces = [trace_of(recording, name) for name in wanted]
    panels = Panels(wanted, ax)
    lanes = _Lanes.of(recording)
    for panel, name, own in zip(panels, wanted, traces, strict=True):
        trace = trace_of(recording, name, axis_measure(panel.yaxis, own.measure))
        times = _times_of(recording, panel)
        if lanes.count > _MANY:
            _image(panel, times, trace.values, lanes, trace.label)
            continue
        label_axis(panel.yaxis, trace.measure, trace.label)
        for lane, colour in enumerate(lanes.colours()):
            style = _Style(colour).of(lanes.count)
            _line(panel, times, trace.values[:, lane], lanes.line_label(lane), **style)
    if 1 < lanes.count <= _FEW:
        panels.legend(0)
    elif _FEW < lanes.count <= _MANY:
        lanes.add_colour_bar(panels.axes)
    return panels.finished()


def plot_recordings(
    recordings: Mapping[str, Recording], names: str | Sequence[str] | None, ax: Any
) -> Any:
    """Plot recordings together: a panel for each name, a colour for each that has it.

    The lanes of a member are thin lines of its colour; very many are their median and a band
    from the lowest to the highest. More lines than there are colours are dashed and dotted, and
    very many go along a colormap in their order.

    Parameters
    ----------
    recordings : Recordings
        What to plot.
    names : str or sequence of str or None
        ``"r"`` for all that have it, ``"exc.r"`` for one, ``"exc"`` for all of one; everything
        recorded if None.
    ax : Axes or sequence of Axes or None
        Where to plot, one for each panel; a new figure if None.

    Returns
    -------
    Axes or ndarray of Axes
        One Axes for one panel, else an array of them.

    Raises
    ------
    KeyError
        If no member has a name.
    ValueError
        If members have different units under one name, or there is nothing to plot.
    """
    members = dict(recordings)
    contents = _contents(members, names)
    styles = _styles([list(each.traces) for each in contents])
    panels = Panels([each.name for each in contents], ax)
    for panel, content in zip(panels, contents, strict=True):
        for member, trace in content.traces.items():
            _member(
                panel,
                _times_of(members[member], panel),
                _converted(trace, axis_measure(panel.yaxis, trace.measure)),
                styles[member],
                member,
            )
        one = next(iter(content.traces.values()))
        shown = axis_measure(panel.yaxis, one.measure)
        label_axis(panel.yaxis, shown, axis_label(content.name, shown))
    _tell_apart(panels, contents, styles)
    return panels.finished()


def _times_of(recording: Recording, panel: Any) -> Floats:
    """Times in the unit of a panel."""
    times = contents_of(recording).made_times()
    return np.asarray(axis_measure(panel.xaxis, MS).from_internal(times))


def _converted(trace: Trace, measure: Measure) -> Floats:
    """Values of a trace in another unit of its dimension."""
    if measure == trace.measure:
        return trace.values
    return np.asarray(measure.from_internal(trace.measure.to_internal(trace.values)))


@dataclass(frozen=True)
class Trace:
    """Values in the unit in which they are shown, samples by lanes, and the axis label."""

    values: Floats
    measure: Measure
    label: str


@dataclass(frozen=True)
class _Content:
    """What is drawn in a panel: its name, and the traces of members."""

    name: str
    traces: dict[str, Trace]

    @property
    def labels(self) -> list[str]:
        """Members that the name does not tell."""
        return [member for member in self.traces if not self.name.startswith(f"{member}.")]


def _listed(names: Any) -> list[str]:
    if isinstance(names, str):
        return [names]
    if not is_listing(names):
        raise TypeError(
            f"names takes what was recorded, for example ('r', 'v'), not {brief(names)}."
        )
    return list(names)


def _names(names: Any, known: Sequence[str]) -> list[str]:
    wanted = _listed(known if names is None else names)
    if not wanted:
        raise ValueError("There is nothing to plot: name one or more of what was recorded.")
    return wanted


def _contents(members: Mapping[str, Recording], names: Any) -> list[_Content]:
    """The panels: each name in the order in which it was recorded, unless names are given."""
    known = dict.fromkeys(name for each in members.values() for name in each.names)
    if names is None:
        found = [panel for name in known for panel in _by_unit(members, name)]
    else:
        found = [panel for name in _listed(names) for panel in _named(members, name, known)]
    if not found:
        raise ValueError("There is nothing to plot: name one or more of what was recorded.")
    return found


def _by_unit(members: Mapping[str, Recording], name: str) -> list[_Content]:
    """A panel for each kind of unit that members have under a name."""
    found: dict[Any, dict[str, Trace]] = {}
    for member, each in members.items():
        if name in each.names:
            measure, _ = contents_of(each).look_up(name)
            same = found.setdefault(measure.dimension, {})
            shown = next(iter(same.values())).measure if same else measure
            same[member] = trace_of(each, name, shown)
    return [_Content(name, traces) for traces in found.values()]


def _named(members: Mapping[str, Recording], name: str, known: Iterable[str]) -> list[_Content]:
    """The panels that a name asks for: of all that have it, of one member, all of a member."""
    found = _by_unit(members, name)
    if len(found) > 1:
        traces = {member: trace for each in found for member, trace in each.traces.items()}
        told = ", ".join(f"{m}: {each.measure.symbol or 'no unit'}" for m, each in traces.items())
        first = next(iter(traces))
        raise ValueError(
            f"{name} has different units ({told}); plot them in panels of their own, "
            f"for example plot('{first}.{name}')."
        )
    if not found:
        chosen = {
            f"{member}.{value}": (member, value)
            for member, each in members.items()
            for value in each.names
            if name in (member, f"{member}.{value}")
        }
        found = [_Content(n, {m: trace_of(members[m], v)}) for n, (m, v) in chosen.items()]
    if not found:
        near = [*known, *members, *(f"{m}.{v}" for m, each in members.items() for v in each.names)]
        raise KeyError(f"Nothing was recorded as {brief(name)}{suggestion(name, near)}")
    return found


# ---------------------------------------------------------------------- telling apart


@dataclass(frozen=True)
class _Style:
    """The look of a line."""

    color: Any
    linestyle: str = "-"
    linewidth: float | None = None

    def of(self, lanes: int) -> dict[str, Any]:
        """Keywords for one of some lanes."""
        thin = 0.8 if lanes > _FEW else self.linewidth
        given = {} if thin is None else {"linewidth": thin}
        return {"color": self.color, "linestyle": self.linestyle, **given}


def _styles(panels: Sequence[Sequence[str]]) -> dict[str, _Style]:
    """A look for each label that is drawn; those of one panel all differ.

    Each gets the first look that is used least of those that its neighbours do not have:
    solid lines first, then dashed and dotted ones.
    """
    labels = list(dict.fromkeys(label for panel in panels for label in panel))
    cycle = colour_cycle()
    tiers = [[_Style(colour, kind) for colour in cycle] for kind in DASHES]
    if max(map(len, panels)) > sum(map(len, tiers)):
        looks = line_looks(len(labels), cycle)
        return {label: _Style(*look, 0.8) for label, look in zip(labels, looks, strict=True)}
    found: dict[str, _Style] = {}
    for label in labels:
        beside = {each for panel in panels if label in panel for each in panel}
        taken = [found[each] for each in beside if each in found]
        free = next(left for tier in tiers if (left := [s for s in tier if s not in taken]))
        used = list(found.values())
        found[label] = min(free, key=used.count)
    return found


def _tell_apart(panels: Panels, contents: list[_Content], styles: dict[str, _Style]) -> None:
    """A legend where there are other lines than above, or a colour bar for very many."""
    if max(len(each.traces) for each in contents) > len(DASHES) * len(colour_cycle()):
        _add_bar_of_names(panels.axes, list(styles))
        return
    above: list[str] = []
    for number, each in enumerate(contents):
        if each.labels and (each.labels != above or panels.is_head(number)):
            above = each.labels
            panels.legend(number)


def _add_bar_of_names(axes: Sequence[Any], labels: list[str]) -> None:
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import Normalize  # noqa: PLC0415

    shown = ScalarMappable(Normalize(0, len(labels) - 1), dark_half())
    places = np.unique(np.linspace(0, len(labels) - 1, _FEW).round().astype(int))
    bar = axes[0].figure.colorbar(shown, ax=list(axes), aspect=30)
    bar.set_ticks(places, labels=[labels[place] for place in places])


def trace_of(recording: Recording, name: str, measure: Measure | None = None) -> Trace:
    """Values of a trace, one column for each lane, in its own unit or another."""
    own, values = contents_of(recording).look_up(name)
    measure = measure or own
    shown = np.asarray(measure.from_internal(values))
    return Trace(shown.reshape(len(values), -1), measure, axis_label(name, measure))


def _line(ax: Any, times: Floats, values: Floats, label: str | None = None, **style: Any) -> None:
    """One trace; an input, which has no value at the first sample, as the steps it was held in."""
    held = len(values) > 1 and np.isnan(values[0]) and not np.isnan(values[1])
    if held:
        style["drawstyle"] = "steps-pre"
    ax.plot(times, values, label=label, **style)


def _member(ax: Any, times: Floats, values: Floats, style: _Style, label: str) -> None:
    lanes = values.shape[1]
    if lanes == 1:
        _line(ax, times, values[:, 0], label, **style.of(1))
    elif lanes <= _MANY:
        for lane in range(lanes):
            _line(ax, times, values[:, lane], **style.of(lanes))
            ax.lines[-1].set_alpha(max(0.15, lanes**-0.5))
        ax.plot([], [], label=label, **style.of(1))
    else:
        low, middle, high = np.quantile(values, (0.0, 0.5, 1.0), axis=1)
        ax.fill_between(times, low, high, color=style.color, alpha=0.2, linewidth=0)
        _line(ax, times, middle, label, **style.of(1))


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
            for name, (value, measure) in contents_of(recording).about.parameters.items()
            if np.shape(value) == shape and np.ptp(value) > 0.0
        }
        if len(shape) == 1 and len(varied) == 1:
            ((name, (value, measure)),) = varied.items()
            shown = np.asarray(measure.from_internal(value))
            return cls(
                count, shape, axis_label(name, measure), shown, f" {measure.symbol}".rstrip()
            )
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
            return some_colours(self.count)
        mappable = self._mappable()
        return list(mappable.to_rgba(self.values))

    def _mappable(self) -> Any:
        from matplotlib.cm import ScalarMappable  # noqa: PLC0415
        from matplotlib.colors import Normalize  # noqa: PLC0415

        return ScalarMappable(Normalize(self.values.min(), self.values.max()), dark_half())

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
