"""A network as a picture: populations on a circle, and arrows for what connects them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from neuromass import units, wiring
from neuromass.connection import Connection
from neuromass.network import Network
from neuromass.plotting.look import COLOURS
from neuromass.units import DIMENSIONLESS, MS

_RADIUS: Final = 0.4
"""Of a population in inches, if the figure is ours."""

_MANY: Final = 9
"""Members from which on connections have no text."""

_EXCITING, _INHIBITING, _MIXED = COLOURS[1], COLOURS[0], "0.45"
_PALE: Final = "0.93"


@dataclass(frozen=True)
class _Point:
    x: float
    y: float


def plot_network(network: Network, ax: Any) -> Any:
    """Draw the populations of a network and its connections.

    An arrow excites, a bar inhibits, a circle does both. Beside a connection stand its
    strength, delay and synapse, in a population its model, lanes and own J.

    Parameters
    ----------
    network : Network
        The network.
    ax : Axes or None
        Where to draw; a new figure if None.

    Returns
    -------
    Axes
    """
    places = _places(list(network.members))
    if ax is None:
        ax = _new_axes(places)
    for name, place in places.items():
        _draw_member(ax, network, name, place)
    pairs: dict[tuple[str, str], list[Connection]] = {}
    for each in network.connections.values():
        pairs.setdefault((each.source, each.target), []).append(each)
    for (source, target), together in pairs.items():
        for number, each in enumerate(together):
            if source == target:
                _draw_loop(ax, each, places[source], _outward(places, source), number)
            else:
                _draw_arrow(ax, each, places[source], places[target], number)
        _write(ax, together, places, len(places) < _MANY)
    ax.set_aspect("equal")
    ax.set_axis_off()
    (left, right), (low, high) = _extent(places)
    ax.set(xlim=(left, right), ylim=(low, high))
    return ax


def _places(names: list[str]) -> dict[str, _Point]:
    """The members side by side, or on a circle that leaves room for arrows."""
    count = len(names)
    if count <= 2:
        return {name: _Point(2.8 * i, 0.0) for i, name in enumerate(names)}
    apart = 3.2 if count < _MANY else 1.4
    radius = apart / (2 * math.sin(math.pi / count))
    turns = [math.pi * (0.5 - 2 * i / count) for i in range(count)]
    return {
        name: _Point(radius * math.cos(turn), radius * math.sin(turn))
        for name, turn in zip(names, turns, strict=True)
    }


def _new_axes(places: dict[str, _Point]) -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    (left, right), (low, high) = _extent(places)
    _, ax = plt.subplots(figsize=(right - left, high - low), layout="constrained")
    return ax


def _extent(places: dict[str, _Point]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Room for loops and their text around the outermost populations."""
    xs, ys = [each.x for each in places.values()], [each.y for each in places.values()]
    wide, tall = (0.7, 0.9) if len(places) <= 2 else (1.7, 1.1)
    return (min(xs) - wide, max(xs) + wide), (min(ys) - tall, max(ys) + tall + 0.4)


def _outward(places: dict[str, _Point], name: str) -> float:
    """The direction away from the others: upwards where they stand in a row."""
    if len(places) <= 2:
        return math.pi / 2
    return math.atan2(places[name].y, places[name].x)


# ---------------------------------------------------------------------- populations


def _draw_member(ax: Any, network: Network, name: str, place: _Point) -> None:
    from matplotlib.patches import Circle  # noqa: PLC0415

    member = network.members[name]
    ax.add_patch(Circle((place.x, place.y), _RADIUS, fc=_PALE, ec="0.2", lw=1.2, zorder=3))
    lines = [member._model.name]
    if member.shape:
        lines.append("x".join(map(str, member.shape)) + " lanes")
    own = member._parameters.get("J")
    if own is not None and np.any(own != 0.0):
        lines.append(f"J = {units.shown(own, DIMENSIONLESS, 3)}")
    height = place.y + 0.07 * len(lines)
    ax.text(place.x, height, name, ha="center", va="center", weight="bold", zorder=4)
    ax.text(
        place.x, height - 0.09, "\n".join(lines), ha="center", va="top", size="x-small",
        linespacing=1.25, zorder=4,
    )  # fmt: skip


# ---------------------------------------------------------------------- connections


def _colour(connection: Connection) -> str:
    strength = connection._wire.strength
    values = strength.data if wiring.is_sparse(strength) else np.asarray(strength)
    if np.all(values >= 0.0):
        return _EXCITING
    return _INHIBITING if np.all(values <= 0.0) else _MIXED


def _head(connection: Connection) -> str:
    colour = _colour(connection)
    if colour == _EXCITING:
        return "-|>,head_length=6,head_width=3"
    return "|-|,widthA=0,widthB=5" if colour == _INHIBITING else "-"


def _patch(ax: Any, connection: Connection, path: dict[str, Any], end: tuple[float, float]) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415

    colour = _colour(connection)
    late = _is_late(connection)
    ax.add_patch(
        FancyArrowPatch(
            arrowstyle=_head(connection), color=colour, lw=1.6, shrinkA=0, shrinkB=0, zorder=2,
            linestyle=(0, (4, 1.5)) if late else "-", mutation_scale=1.0, **path,
        )
    )  # fmt: skip
    if colour == _MIXED:
        ax.plot(*end, "o", color=colour, ms=5, zorder=3)


def _is_late(connection: Connection) -> bool:
    delay = connection._wire.delay
    return bool(np.any((delay.data if wiring.is_sparse(delay) else np.asarray(delay)) > 0.0))


def _bend(number: int) -> float:
    """How far an arrow bends out: more for every further connection of the same pair."""
    return 0.22 + 0.16 * number


def _ends(start: _Point, end: _Point, number: int) -> tuple[tuple[float, float], ...]:
    """Where an arrow leaves and arrives, and the top of its arc; it bends to its left."""
    along = math.atan2(end.y - start.y, end.x - start.x)
    far = math.hypot(end.x - start.x, end.y - start.y)
    aside = 0.35 + 0.3 * number
    leaves = (
        start.x + _RADIUS * math.cos(along + aside),
        start.y + _RADIUS * math.sin(along + aside),
    )
    back = along + math.pi - aside
    arrives = end.x + 1.12 * _RADIUS * math.cos(back), end.y + 1.12 * _RADIUS * math.sin(back)
    height = _RADIUS * math.sin(aside) + 0.5 * _bend(number) * (far - 2 * _RADIUS)
    top = (
        0.5 * (start.x + end.x) - height * math.sin(along),
        0.5 * (start.y + end.y) + height * math.cos(along),
    )
    return leaves, arrives, top


def _draw_arrow(ax: Any, connection: Connection, start: _Point, end: _Point, number: int) -> None:
    leaves, arrives, _ = _ends(start, end, number)
    path = {"posA": leaves, "posB": arrives, "connectionstyle": f"arc3,rad={-_bend(number)}"}
    _patch(ax, connection, path, arrives)


def _draw_loop(ax: Any, connection: Connection, place: _Point, outward: float, number: int) -> None:
    from matplotlib.path import Path  # noqa: PLC0415

    reach, half = _loop_reach(number), _loop_half(number)
    angles = outward + half, outward + 1.1 * half, outward - 1.1 * half, outward - half
    lengths = _RADIUS, reach, reach, 1.12 * _RADIUS
    points = [
        (place.x + length * math.cos(angle), place.y + length * math.sin(angle))
        for angle, length in zip(angles, lengths, strict=True)
    ]
    path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    _patch(ax, connection, {"path": path}, points[-1])


def _loop_reach(number: int) -> float:
    """How far its control points are: further out for every further loop."""
    return _RADIUS * (2.6 + 0.9 * number)


def _loop_half(number: int) -> float:
    return 0.5 + 0.1 * number


def _loop_height(number: int) -> float:
    """How far the top of a loop is from the middle of its population."""
    half = _loop_half(number)
    return 0.25 * _RADIUS * math.cos(half) + 0.75 * _loop_reach(number) * math.cos(1.1 * half)


def _write(ax: Any, together: list[Connection], places: dict[str, _Point], with_text: bool) -> None:
    """What the connections of a pair are, beside the outermost of them."""
    if not with_text:
        return
    first = together[0]
    start, end = places[first.source], places[first.target]
    if first.source == first.target:
        outward = _outward(places, first.source)
        far = _loop_height(len(together) - 1) + 0.08
        x, y = start.x + far * math.cos(outward), start.y + far * math.sin(outward)
        away = outward
    else:
        x, y = _ends(start, end, len(together) - 1)[2]
        away = math.atan2(end.y - start.y, end.x - start.x) + math.pi / 2
        x, y = x + 0.08 * math.cos(away), y + 0.08 * math.sin(away)
    ax.text(
        x, y, "\n".join(_text(each) for each in together), size="small", zorder=5,
        ha=_aligned(math.cos(away), "left", "right"), va=_aligned(math.sin(away), "bottom", "top"),
        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
    )  # fmt: skip


def _aligned(component: float, positive: str, negative: str) -> str:
    if abs(component) < 0.35:
        return "center"
    return positive if component > 0 else negative


def _text(connection: Connection) -> str:
    wire = connection._wire
    strength = wire.strength.data if wiring.is_sparse(wire.strength) else wire.strength
    parts = [f"{'J' if wire.by_tau else 'w'} = {units.shown(strength, wire.strength_measure, 3)}"]
    if _is_late(connection):
        delay = wire.delay.data if wiring.is_sparse(wire.delay) else wire.delay
        parts.append(units.shown(delay, MS, 3))
    if wire.synapse is not None:
        parts.append(type(wire.synapse).__name__)
    return ", ".join(parts)
