"""Traces over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import brief, suggestion
from neuromass.plotting.look import (
    DASHES,
    Panels,
    axis_label,
    axis_measure,
    checked_labels,
    checked_line,
    label_axis,
    most_looks,
    next_look,
    seen_map,
    symbol,
    taken_looks,
)
from neuromass.recordings.recording import contents_of
from neuromass.units import MS, Measure, is_listing, measure

if TYPE_CHECKING:
    from neuromass.recordings.recording import Recording

Floats = NDArray[np.float64]

_FEW: Final = 7
"""Lanes that get a colour and a legend entry each."""
_MANY: Final = 60
"""Lanes above which lines would hide one another."""
_ROWS: Final = 24
"""Names of rows that fit beside an image."""

_COLUMNS: Final = 4000
"""Samples that an image has at most; neighbours are averaged."""
_LONG: Final = 10_000.0
"""Milliseconds after which times are shown in seconds."""


KEYWORDS: Final = ("names", "ax", "labels", "figsize", "label")
"""What plots of recordings take, other than the keywords of lines."""


def plot_recording(
    recording: Recording,
    names: str | Sequence[str] | None,
    ax: Any,
    labels: Mapping[str, str] | None = None,
    figsize: tuple[float, float] | None = None,
    **line: Any,
) -> Any:
    """Plot the traces of a recording, one panel for each name; see ``Recording.plot``."""
    line, symbols = checked_line(line, KEYWORDS), checked_labels(labels)
    contents = [
        _Content(name, {"": Trace.of(recording, name)}) for name in _names(names, recording.names)
    ]
    return _plot(contents, Panels([each.name for each in contents], ax, figsize), symbols, line)


def plot_recordings(
    recordings: Mapping[str, Recording],
    names: str | Sequence[str] | None,
    ax: Any,
    labels: Mapping[str, str] | None = None,
    figsize: tuple[float, float] | None = None,
    **line: Any,
) -> Any:
    """Plot recordings together, a panel for each name; see ``Recordings.plot``."""
    line, symbols = checked_line(line, KEYWORDS), checked_labels(labels)
    contents = [part for each in _contents(dict(recordings), names) for part in each.parts(line)]
    return _plot(contents, Panels([each.name for each in contents], ax, figsize), symbols, line)


def _plot(contents: list[_Content], panels: Panels, labels: Any, line: dict[str, Any]) -> Any:
    """Draw contents into panels; return the Axes."""
    times = _time_measure(panels, contents)
    drawn = [each.strands(line, labels) for each in contents]
    looks = _looks(drawn, list(panels), line)
    above: list[str] = []
    for number, (ax, content, strands) in enumerate(zip(panels, contents, drawn, strict=True)):
        one = next(iter(content.traces.values()))
        shown = axis_measure(ax.yaxis, one.measure)
        name = axis_label(content.name, shown, labels)
        if content.is_image(line):
            _image(ax, one, times, shown, name, labels)
            continue
        label_axis(ax.yaxis, shown, name)
        held = {"drawstyle": "steps-pre"} if one.is_held else {}
        for each in strands:
            _draw(ax, each, times, shown, {**held, **looks[each.key], **line})
        told = [each.label for each in strands if each.label]
        if told and len(told) <= most_looks() and (told != above or panels.is_head(number)):
            above = told
            panels.legend(number)
    strands = [each for every in drawn for each in every]
    first = next(iter(contents[0].traces.values()))
    if not contents[0].is_image(line):
        _add_colour_bar(panels, strands, _Lanes.labelled(first.recording, labels), line)
    return panels.finished(times, labels)


def _time_measure(panels: Panels, contents: Sequence[_Content]) -> Measure:
    """The unit of the time axes: their own, else seconds for what ends after 10 s."""
    last = max(each.times[-1] for content in contents for each in content.traces.values())
    return axis_measure(panels.axes[-1].xaxis, measure("second") if last > _LONG else MS)


def _draw(ax: Any, strand: _Strand, times: Measure, shown: Measure, style: Any) -> None:
    """The lines of a strand, and one label for all."""
    columns = strand.values.shape[1]
    faint = {} if columns == 1 else {"alpha": max(0.15, columns**-0.5)}
    thin = {"linewidth": 0.8} if columns > _FEW else {}
    x = times.from_internal(strand.times)
    for y in np.asarray(shown.from_internal(strand.values)).T:
        ax.plot(x, y, **{**faint, **thin, **style, "label": None})
    if strand.label:
        told = ax.lines[-1] if columns == 1 else ax.plot([], [], **style)[0]
        told.set_label(strand.label)


def _add_colour_bar(
    panels: Panels, strands: Sequence[_Strand], lanes: _Lanes, line: Mapping[str, Any]
) -> None:
    """What the colours along a colormap mean: lanes of one population, or very many members."""
    figure, axes = panels.axes[0].figure, list(panels)
    if "color" in line:
        return
    if strands[0].look:
        lanes.name_bar(figure.colorbar(lanes.mappable, ax=axes, label=lanes.label, aspect=30))
    elif len({each.label for each in strands}) > most_looks():
        from matplotlib.cm import ScalarMappable  # noqa: PLC0415
        from matplotlib.colors import Normalize  # noqa: PLC0415

        labels = list(dict.fromkeys(each.label or "" for each in strands))
        shown = ScalarMappable(Normalize(0, len(labels) - 1), seen_map())
        _name_some(figure.colorbar(shown, ax=axes, aspect=30), labels)


def _name_some(bar: Any, labels: Sequence[str]) -> None:
    """Write some names beside a bar of colours whose numbers are their places."""
    places = np.unique(np.linspace(0, len(labels) - 1, _FEW).round().astype(int))
    bar.set_ticks(places, labels=[labels[place] for place in places])


@dataclass(frozen=True)
class Trace:
    """A trace of a recording by its name, and its own unit."""

    recording: Recording
    name: str
    measure: Measure

    @classmethod
    def of(cls, recording: Recording, name: str) -> Trace:
        """The trace of a name, which has been recorded."""
        return cls(recording, name, contents_of(recording).look_up(name)[0])

    @property
    def is_held(self) -> bool:
        """Whether it is an input, which is drawn as the steps it was held in."""
        about = contents_of(self.recording).about
        return self.name in about.inputs and not about.average

    @property
    def times(self) -> Floats:
        """Times of its samples in internal units."""
        return np.asarray(contents_of(self.recording).made_times())

    @property
    def values(self) -> Floats:
        """Its values in internal units, one column for each lane."""
        values = contents_of(self.recording).look_up(self.name)[1]
        return np.asarray(values).reshape(len(values), -1)


@dataclass(frozen=True)
class _Strand:
    """Lines of one look and one label: a trace, one of its lanes, or all of them."""

    key: str
    label: str | None
    times: Floats
    values: Floats
    look: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Content:
    """What is drawn in a panel: its name, and the traces of members; ``""`` if it is alone."""

    name: str
    traces: dict[str, Trace]

    def parts(self, line: Mapping[str, Any]) -> list[_Content]:
        """Panels of their own for members with many lanes, and one for the others."""
        many = {m: t for m, t in self.traces.items() if _is_many(t, line)}
        rest = {m: t for m, t in self.traces.items() if m not in many}
        alone = [_Content(f"{m}.{t.name}", {m: t}) for m, t in many.items()]
        return [*([_Content(self.name, rest)] if rest else []), *alone]

    def is_image(self, line: Mapping[str, Any]) -> bool:
        """Whether its lanes are rows of an image."""
        return any(_is_many(each, line) for each in self.traces.values())

    def strands(self, line: Mapping[str, Any], symbols: Mapping[str, str]) -> list[_Strand]:
        """Its lines; those of lanes that are alone differ from each other."""
        given = line.get("label")
        if "" in self.traces:
            return _lanes_apart(self.traces[""], given, symbols)
        found = []
        for member, trace in self.traces.items():
            own = None if self.name.startswith(f"{member}.") else symbol(member, symbols)
            label = _joined(given, own)
            found.append(_Strand(member, label, trace.times, trace.values))
        return found


def _lanes_apart(trace: Trace, given: str | None, symbols: Mapping[str, str]) -> list[_Strand]:
    """A line for each lane: a few with labels, more in colours that follow their order."""
    lanes, times, values = _Lanes.labelled(trace.recording, symbols), trace.times, trace.values
    if lanes.count <= _FEW:
        labels = [_joined(given, lanes.line_label(lane)) for lane in range(lanes.count)]
        pairs = enumerate(labels)
        return [_Strand(str(n), label, times, values[:, n : n + 1]) for n, label in pairs]
    looks = [{"linewidth": 0.8, **lanes.look(lane)} for lane in range(lanes.count)]
    labels = [given] + [None] * (lanes.count - 1)
    triples = enumerate(zip(labels, looks, strict=True))
    return [_Strand(str(n), label, times, values[:, n : n + 1], x) for n, (label, x) in triples]


def _joined(*labels: str | None) -> str | None:
    """Labels as one; None if there is none."""
    return ", ".join(each for each in labels if each) or None


def _is_many(trace: Trace, line: Mapping[str, Any]) -> bool:
    """Whether lines would hide one another; who names what only lines have gets lines."""
    return trace.values.shape[1] > _MANY and not line


def _looks(
    drawn: Sequence[Sequence[_Strand]], axes: Sequence[Any], line: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Keywords for each strand: the next of its Axes' cycle, dashed where a line looks so.

    A strand looks alike in all panels, and the cycles of all panels go on together.
    """
    places: dict[str, list[int]] = {}
    for number, strands in enumerate(drawn):
        for each in strands:
            places.setdefault(each.key, []).append(number)
    found = {each.key: each.look for strands in drawn for each in strands if each.look}
    if not found and len(places) > most_looks():
        shades = seen_map()(np.linspace(0.0, 1.0, len(places)))
        return {key: {"color": tuple(each)} for key, each in zip(places, shades, strict=True)}
    taken = [taken_looks(ax) for ax in axes]
    for key, numbers in places.items():
        if key in found:
            continue
        own = line.get("color")
        look = {"color": own} if own else [next_look(ax) for ax in axes][numbers[0]]
        used = set().union(*(taken[number] for number in numbers))
        kinds = [look.get("linestyle", "-"), *DASHES]
        free = (kind for kind in kinds if (_hex(look["color"]), kind) not in used)
        kind = next(free, kinds[0])
        found[key] = {**look, "linestyle": kind}
        for number in numbers:
            taken[number].add((_hex(look["color"]), kind))
    return found


def _hex(colour: Any) -> str:
    from matplotlib.colors import to_hex  # noqa: PLC0415

    return to_hex(colour)


def _names(names: Any, known: Sequence[str]) -> list[str]:
    wanted = _listed(known if names is None else names)
    if not wanted:
        raise ValueError("There is nothing to plot: name one or more of what was recorded.")
    return wanted


def _listed(names: Any) -> list[str]:
    if isinstance(names, str):
        return [names]
    if not is_listing(names):
        raise TypeError(
            f"names takes what was recorded, for example ('r', 'v'), not {brief(names)}."
        )
    return list(names)


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
            trace = Trace.of(each, name)
            found.setdefault(trace.measure.dimension, {})[member] = trace
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
    pairs = [(member, value) for member, each in members.items() for value in each.names]
    if not found:
        chosen = [(m, v) for m, v in pairs if name in (m, f"{m}.{v}")]
        found = [_Content(f"{m}.{v}", {m: Trace.of(members[m], v)}) for m, v in chosen]
    if not found:
        near = [*known, *members, *(f"{m}.{v}" for m, v in pairs)]
        raise KeyError(f"Nothing was recorded as {brief(name)}{suggestion(name, near)}")
    return found


@dataclass(frozen=True)
class _Lanes:
    """Lanes of a recording: how many, and the name and values by which they are told apart."""

    count: int
    shape: tuple[int, ...]
    name: str
    values: Floats
    unit: Measure | None = None
    labels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, recording: Recording, symbols: Mapping[str, str]) -> _Lanes:
        shape = recording.shape
        count = int(np.prod(shape, dtype=int))
        varied = {
            name: (np.asarray(value), unit)
            for name, (value, unit) in contents_of(recording).about.parameters.items()
            if np.shape(value) == shape and np.ptp(value) > 0.0
        }
        if len(shape) == 1 and len(varied) == 1:
            ((name, (value, unit)),) = varied.items()
            shown = np.asarray(unit.from_internal(value))
            return cls(count, shape, symbol(name, symbols), shown, unit)
        return cls(count, shape, "", np.arange(count, dtype=float))

    @classmethod
    def labelled(cls, recording: Recording, symbols: Mapping[str, str]) -> _Lanes:
        """Those of `of`, by their names where they have some."""
        labels = recording.labels
        if not labels:
            return cls.of(recording, symbols)
        places = np.arange(len(labels), dtype=float)
        return cls(len(labels), recording.shape, "", places, None, labels)

    def name_rows(self, ax: Any) -> None:
        """Write names of rows of an image beside it, as many as fit."""
        if self.labels:
            space = max(1, -(-len(self.labels) // _ROWS))
            ax.set_yticks(range(0, len(self.labels), space), self.labels[::space])
            ax.set_ylabel("")

    def name_bar(self, bar: Any) -> None:
        """Write names of lanes beside a bar of their colours; numbers of lanes are whole."""
        if self.labels:
            _name_some(bar, self.labels)
            bar.set_label("")
        elif not self.name:
            _name_some(bar, [str(lane) for lane in range(self.count)])

    @property
    def label(self) -> str:
        """What an axis of lanes shows."""
        unit = f" ({self.unit.symbol})" if self.unit and self.unit.symbol else ""
        return f"{self.name}{unit}" if self.name else "lane"

    def line_label(self, lane: int) -> str | None:
        if self.count == 1:
            return None
        if self.labels:
            return self.labels[lane]
        if not self.name:
            index = np.unravel_index(lane, self.shape)
            return f"lane {', '.join(str(int(i)) for i in index)}"
        unit = self.unit.symbol if self.unit else ""
        return f"{self.name} = {self.values[lane]:.4g} {unit}".rstrip()

    def look(self, lane: int) -> dict[str, Any]:
        """Keywords of a lane of many: a colour in their order."""
        return {"color": self.mappable.to_rgba(self.values[lane])}

    @cached_property
    def mappable(self) -> Any:
        """Values to colours."""
        from matplotlib.cm import ScalarMappable  # noqa: PLC0415
        from matplotlib.colors import Normalize  # noqa: PLC0415

        return ScalarMappable(Normalize(self.values.min(), self.values.max()), seen_map())

    def edges(self) -> tuple[str, float, float]:
        """Label and ends of an image's axis: the parameter if it is evenly spaced."""
        steps = np.diff(self.values)
        if not np.allclose(steps, steps[0], rtol=1e-6):
            return "lane", -0.5, self.count - 0.5
        half = 0.5 * float(steps[0])
        return self.label, float(self.values[0]) - half, float(self.values[-1]) + half


def _image(
    ax: Any, trace: Trace, times: Measure, shown: Measure, label: str, symbols: Mapping[str, str]
) -> None:
    """Lanes as rows, time from left to right."""
    t = times.from_internal(trace.times)
    lanes = _Lanes.labelled(trace.recording, symbols)
    label_of_lanes, low, high = lanes.edges()
    half = 0.5 * (t[-1] - t[0]) / max(1, len(t) - 1)
    drawn = ax.imshow(
        _averaged(np.asarray(shown.from_internal(trace.values))).T,
        aspect="auto",
        origin="lower",
        extent=(t[0] - half, t[-1] + half, low, high),
        interpolation="nearest",
    )
    ax.grid(visible=False)
    ax.set_ylabel(label_of_lanes)
    lanes.name_rows(ax)
    ax.figure.colorbar(drawn, ax=ax, label=label, aspect=15)


def _averaged(values: Floats) -> Floats:
    """Fewer samples, each the mean of some neighbours."""
    count = -(-len(values) // _COLUMNS)
    if count == 1:
        return values
    whole = values[: len(values) // count * count].reshape(-1, count, values.shape[1])
    return np.asarray(whole.mean(axis=1))
