"""Traces over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import suggestion
from neuromass.plotting.look import Panels, axis_label, dark_half, label_axis, some_colours
from neuromass.units import Measure

if TYPE_CHECKING:
    from neuromass.recording import Recording

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
    times = recording._times
    lanes = _Lanes.of(recording)
    for panel, trace in zip(panels, traces, strict=True):
        if lanes.count > _MANY:
            _image(panel, times, trace.values, lanes, trace.label)
            continue
        label_axis(panel.yaxis, trace.measure, trace.label)
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
    panels = Panels(wanted, ax)
    colours = dict(zip(members, some_colours(len(members)), strict=True))
    for panel, traces in zip(panels, found.values(), strict=True):
        for member, trace in traces.items():
            times = members[member]._times
            _member(panel, times, trace.values, colours[member], member)
        one = next(iter(traces.values()))
        label_axis(panel.yaxis, one.measure, one.label)
    panels.legend()
    return panels.finished()


@dataclass(frozen=True)
class Trace:
    """Values in the unit in which they are shown, samples by lanes, and the axis label."""

    values: Floats
    measure: Measure
    label: str


def _names(names: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    wanted = [names] if isinstance(names, str) else list(known if names is None else names)
    if not wanted:
        raise ValueError("There is nothing to plot: name one or more of what was recorded.")
    return wanted


def trace_of(recording: Recording, name: str, measure: Measure | None = None) -> Trace:
    """Values of a trace, one column for each lane, in its own unit or another."""
    own, values = recording._look_up(name)
    measure = measure or own
    shown = np.asarray(measure.from_internal(values))
    return Trace(shown.reshape(len(values), -1), measure, axis_label(name, measure))


def _traces_of_members(members: Mapping[str, Recording], name: str) -> dict[str, Trace]:
    having = {member: each for member, each in members.items() if name in each.names}
    if not having:
        known = {known for each in members.values() for known in each.names}
        raise KeyError(f"Nothing was recorded as {name!r}{suggestion(name, sorted(known))}")
    measures = {member: each._look_up(name)[0] for member, each in having.items()}
    measure = next(iter(measures.values()))
    if any(each.dimension != measure.dimension for each in measures.values()):
        told = ", ".join(f"{m}: {each.symbol or 'no unit'}" for m, each in measures.items())
        raise ValueError(f"{name} has different units ({told}); plot the recordings one by one.")
    return {member: trace_of(each, name, measure) for member, each in having.items()}


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
