"""A network as a picture: populations on a circle, and arrows for what connects them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.networks import connectivity as wiring
from neuromass.networks.connection import Connection
from neuromass.networks.network import Network
from neuromass.plotting.curves import Box, Curve, label_boxes, routes
from neuromass.plotting.look import COLOURS, ink, load, refuse_figsize, require_axes
from neuromass.populations.population import core_of
from neuromass.units import DIMENSIONLESS, MS

Floats = NDArray[np.float64]

_MANY: Final = 9
"""Members from which on connections have no text."""

_TINY: Final = 17
"""Members from which on these are dots with their names outside."""

_EXCITING, _INHIBITING, _MIXED, _NONE = COLOURS[1], COLOURS[0], "0.35", "0.7"


def plot_network(network: Network, ax: Any, figsize: Any = None) -> Any:
    """Draw the populations of a network and its connections.

    An arrow excites, a bar inhibits, a dot does both, and what is grey without a dot has the
    strength 0; dashes are delays. A connection is labelled in its colour with its strength,
    delay and synapse, a population with its model, lanes and own J. From nine members on
    connections have no label, from seventeen on populations are dots.

    Parameters
    ----------
    network : Network
        The network.
    ax : Axes or None
        Where to draw; a new figure if None.
    figsize : tuple of float or None
        Size of a new figure; made to fit if None.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `ax` is no Axes.
    ValueError
        If both are given.
    """
    load()
    refuse_figsize(ax, figsize)
    if ax is not None:
        require_axes(ax)
    plan = _Plan.of(network)
    scale, boxes = 1.0, plan.boxes(1.0)
    if ax is None and figsize is None:
        ax = _new_axes(plan.extent(boxes))
    else:
        ax = _whole_figure(figsize) if ax is None else ax
        for _ in range(3):
            scale = _scale(ax, plan.extent(boxes))
            boxes = plan.boxes(scale)
    (left, right), (low, high) = plan.extent(boxes)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set(xlim=(left, right), ylim=(low, high))
    for each, curve in zip(plan.connections, plan.curves, strict=True):
        _draw_arrow(ax, each, curve, min(1.0, scale**0.5) * (1.0 if plan.radius > 0.4 else 0.5))
    for name, place in plan.places.items():
        _draw_member(ax, network, name, place, plan, scale)
    for each, box in zip(plan.connections, boxes, strict=False):
        _write(ax, each, box, _points(scale))
    return ax


@dataclass(frozen=True)
class _Plan:
    """Where everything is, in inches where the figure is ours."""

    places: dict[str, Floats]
    radius: float
    connections: list[Connection]
    curves: list[Curve]

    @classmethod
    def of(cls, network: Network) -> _Plan:
        count = len(network.members)
        connections = list(network.connections.values())
        places, radius = _places(list(network.members), len(connections))
        ends = [(each.source, each.target) for each in connections]
        few = count < _MANY
        return cls(
            places, radius, connections,
            routes(ends, places, radius, 0.45 if few else 0.6 * radius, few),
        )  # fmt: skip

    def boxes(self, scale: float) -> list[Box]:
        """Of the labels, at so many inches per unit; none if there are many members."""
        if len(self.places) >= _MANY:
            return []
        sizes = [_size(_text(each), _points(scale)) for each in self.connections]
        sizes = [(wide / scale + 0.04, tall / scale + 0.04) for wide, tall in sizes]
        return label_boxes(self.curves, sizes, np.array(list(self.places.values())), self.radius)

    def extent(self, boxes: list[Box]) -> Floats:
        """Lowest and highest x, and y."""
        circles = np.array(list(self.places.values()))
        rim = self.radius + (0.0 if len(self.places) < _TINY else self._room())
        parts = [circles - rim, circles + rim, *(each.samples for each in self.curves)]
        for each in boxes:
            half = 0.5 * np.array([each.width, each.height])
            parts += [np.array([(each.x, each.y)]) + half, np.array([(each.x, each.y)]) - half]
        points = np.concatenate(parts)
        return np.stack([points.min(axis=0) - 0.12, points.max(axis=0) + 0.12], axis=1)

    def _room(self) -> float:
        """For names outside of dots."""
        reach = max(self.reaches.values()) - self.radius
        return reach + max(_size(name, self.dot_size)[0] for name in self.places) + 0.1

    @cached_property
    def reaches(self) -> dict[str, float]:
        """How far each member reaches from its middle with its loops."""
        found = dict.fromkeys(self.places, self.radius)
        for each, curve in zip(self.connections, self.curves, strict=True):
            if each.source == each.target:
                far = np.hypot(*(curve.samples - self.places[each.source]).T).max()
                found[each.source] = max(found[each.source], float(far))
        return found

    @property
    def dot_size(self) -> float:
        """Size in points of the names of dots."""
        return min(8.0, 150.0 * self.radius)


def _places(names: list[str], labels: int) -> tuple[dict[str, Floats], float]:
    """The members side by side, or on a circle that leaves room for arrows; their radius."""
    count = len(names)
    if count <= 2:
        return {name: np.array([3.0 * i, 0.0]) for i, name in enumerate(names)}, 0.45
    apart = 1.5 if count < _TINY else max(min(0.8, 12.0 / count), min(0.34, 35.0 / count))
    if count < _MANY:
        apart = 3.4 + 0.15 * max(0.0, labels / count - 3.0)
    radius = apart / (2 * math.sin(math.pi / count))
    turns = [math.pi * (0.5 - 2 * i / count) for i in range(count)]
    places = {
        name: radius * np.array([math.cos(turn), math.sin(turn)])
        for name, turn in zip(names, turns, strict=True)
    }
    return places, 0.45 if count < _TINY else 0.3 * apart


def _new_axes(extent: Floats) -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    size = tuple(extent[:, 1] - extent[:, 0])
    figure, ax = plt.subplots(figsize=size)
    figure.set_layout_engine("constrained", w_pad=0.0, h_pad=0.0)
    return ax


def _whole_figure(size: Any) -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    return plt.figure(figsize=size).add_axes((0.0, 0.0, 1.0, 1.0))


def _scale(ax: Any, extent: Floats) -> float:
    """Inches per unit of an Axes that will show so much."""
    box = ax.get_position()
    inches = ax.figure.get_size_inches() * (box.width, box.height)
    return float(np.min(inches / (extent[:, 1] - extent[:, 0])))


def _points(scale: float) -> float:
    """Size of the labels in points: smaller in a small drawing, if not as much."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    return min(1.0, scale**0.5) * float(FontProperties(size="small").get_size_in_points())


def _size(text: str, size: Any, weight: str = "normal") -> tuple[float, float]:
    """Width and height of a text in inches."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415

    points = FontProperties(size=size).get_size_in_points()
    family = tuple(mpl.rcParams["font.family"])
    lines = text.split("\n")
    wide = max(_width(line, weight, family) for line in lines)
    return wide * points / 72, 1.25 * len(lines) * points / 72


@lru_cache(4096)
def _width(line: str, weight: str, family: tuple[str, ...]) -> float:
    """Width of a line in letters of size 1."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415
    from matplotlib.textpath import TextPath  # noqa: PLC0415

    font = FontProperties(family=family, weight=weight, size=1.0)
    return float(TextPath((0, 0), line, prop=font).get_extents().width)


# ---------------------------------------------------------------------- populations


def _draw_member(
    ax: Any, network: Network, name: str, place: Floats, plan: _Plan, scale: float
) -> None:
    from matplotlib.patches import Circle  # noqa: PLC0415

    ax.add_patch(Circle(tuple(place), plan.radius, fc=_pale(ax), ec=ink(), lw=1.2, zorder=3))
    if len(plan.places) >= _TINY:
        _write_outside(ax, name, place, plan, scale)
        return
    for text, weight, part, y in _laid(_rows(network, name), plan.radius * scale):
        ax.text(
            place[0], place[1] + y / scale, text, ha="center", va="center_baseline",
            weight=weight, size=part, zorder=4,
        )  # fmt: skip


def _pale(ax: Any) -> Any:
    """The background with a little of the colour of text."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    return tuple(
        0.93 * np.array(to_rgb(ax.figure.get_facecolor())) + 0.07 * np.array(to_rgb(ink()))
    )


def _write_outside(ax: Any, name: str, place: Floats, plan: _Plan, scale: float) -> None:
    turn = math.degrees(math.atan2(place[1], place[0]))
    flipped = abs(turn) > 90.5
    size = scale * plan.dot_size
    x, y = place * (1.0 + (plan.reaches[name] + 0.05) / math.hypot(*place))
    ax.text(
        x, y, name, size=size, rotation=turn + 180.0 * flipped, rotation_mode="anchor",
        ha="right" if flipped else "left", va="center_baseline", zorder=4,
    )  # fmt: skip


def _rows(network: Network, name: str) -> list[tuple[str, str]]:
    """What stands in a circle: text and weight."""
    core = core_of(network.members[name])
    lines = [*_wrapped(core.model.name)]
    if core.shape:
        lines.append("x".join(map(str, core.shape)) + " lanes")
    own = core.parameters.get("J")
    if own is not None and np.any(own != 0.0):
        lines.append(f"J = {units.shown(own, DIMENSIONLESS, 3)}")
    return [(each, "bold") for each in _wrapped(name)] + [(each, "normal") for each in lines]


def _wrapped(name: str) -> list[str]:
    """A long name in two lines, cut at the underscore or capital nearest its middle, if any."""
    cuts = [each.end() for each in re.finditer(r"_(?=.)|[^_](?=[A-Z][a-z])", name)]
    middle = len(name) / 2
    cut = min(cuts, key=lambda each: abs(each - middle), default=0)
    if len(name) <= 10 or not 0.25 < cut / len(name) < 0.8:
        return [name]
    return [name[:cut], name[cut:]]


def _laid(
    rows: Sequence[tuple[str, str]], radius: float
) -> Iterator[tuple[str, str, float, float]]:
    """Text, weight, points and height over the middle in inches of rows within a circle.

    The letters are as large as the font's own size, or smaller where the circle needs it.
    """
    import matplotlib as mpl  # noqa: PLC0415

    share = float(mpl.rcParams["font.size"])
    wide = [_size(text, 1.0, weight)[0] for text, weight in rows]
    while True:
        points = [share if weight == "bold" else 0.7 * share for _, weight in rows]
        middles, fits = _fits(wide, points, radius)
        if min(fits) > 0.6 or share < 1.0:
            break
        share *= 0.95
    for (text, weight), size, y in zip(rows, points, middles, strict=True):
        alike = [fit for fit, row in zip(fits, rows, strict=True) if row[1] == weight]
        yield text, weight, max(1.0, size * min(1.0, *alike)), y


def _fits(
    wide: Sequence[float], points: Sequence[float], radius: float
) -> tuple[list[float], list[float]]:
    """Heights of rows over the middle of a circle, and how many times each has room there.

    The rows are as wide as given if written in points of one.
    """
    tall = [1.25 * each / 72 for each in points]
    tops = 0.5 * sum(tall) - np.cumsum([0.0, *tall])
    middles = [float(each) for each in 0.5 * (tops[:-1] + tops[1:])]
    fits = []
    for one, size, y, high in zip(wide, points, middles, tall, strict=True):
        half = max(0.0, 0.82 * radius**2 - (abs(y) + 0.4 * high) ** 2) ** 0.5
        fits.append(2 * half / (size * one))
    return middles, fits


# ---------------------------------------------------------------------- connections


def _colour(connection: Connection) -> str:
    strength = connection.data.strengths
    values = strength.data if wiring.is_sparse(strength) else np.asarray(strength)
    if not np.any(values):
        return _NONE
    if np.all(values >= 0.0):
        return _EXCITING
    return _INHIBITING if np.all(values <= 0.0) else _MIXED


_HEADS: Final = {
    _EXCITING: "-|>,head_length=6,head_width=3",
    _INHIBITING: "|-|,widthA=0,widthB=5",
    _MIXED: "-",
    _NONE: "->,head_length=5,head_width=3",
}


def _draw_arrow(ax: Any, connection: Connection, curve: Curve, size: float) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415
    from matplotlib.path import Path  # noqa: PLC0415

    colour = _colour(connection)
    kind = Path.CURVE3 if len(curve.points) == 3 else Path.CURVE4
    path = Path(curve.points, [Path.MOVETO, *[kind] * (len(curve.points) - 1)])
    ax.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle=_HEADS[colour], color=colour, lw=1.6 * size,
            linestyle=(0, (4, 1.5)) if _is_late(connection) else "-", zorder=2,
            mutation_scale=size,
        )
    )  # fmt: skip
    if colour == _MIXED:
        ax.plot(*curve.points[-1], "o", color=colour, ms=5 * size, zorder=3)


def _is_late(connection: Connection) -> bool:
    return bool(np.any(connection.pair_delays() > 0.0))


def _write(ax: Any, connection: Connection, box: Box, size: float) -> None:
    """What a connection is, in its colour."""
    colour, background = _colour(connection), ax.figure.get_facecolor()
    ax.text(
        box.x, box.y, _text(connection), size=size, zorder=5, ha="center", va="center",
        color="0.45" if colour == _NONE else colour, linespacing=1.1,
        bbox={"boxstyle": "square,pad=0.1", "fc": background, "ec": "none", "alpha": 0.85},
    )  # fmt: skip


def _text(connection: Connection) -> str:
    wire = connection.data
    strength = wire.strength.data if wiring.is_sparse(wire.strength) else wire.strength
    parts = [f"{'J' if wire.by_tau else 'w'} = {units.shown(strength, wire.strength_measure, 3)}"]
    if _is_late(connection):
        parts.append(units.shown(connection.pair_delays(), MS, 3))
    text = ", ".join(parts)
    if wire.synapse is not None:
        text += f"\n{type(wire.synapse).__name__}"
    if wire.function is not None:
        text += f"\n{wire.function.text}"
    return text
