"""A network as a picture: its populations, and what connects them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neuromass import units
from neuromass.plotting.look import colour_cycle
from neuromass.units import MS

if TYPE_CHECKING:
    from neuromass.network import Connection, Network

_RADIUS: Final = 0.42
"""Radius of a population, where neighbours are about two apart."""
_BEND: Final = 0.22
"""How far an arrow bends aside, as a part of its length."""

Point = tuple[float, float]


def plot_network(network: Network, ax: Any) -> Any:
    """Draw a network; see ``Network.plot``.

    Parameters
    ----------
    network : Network
        What is drawn.
    ax : Axes or None
        Where; a new figure if None.

    Returns
    -------
    Axes
    """
    places = _places(list(network.members))
    ax = _new_axes(len(places)) if ax is None else ax
    for name, place in places.items():
        _draw_member(ax, network, name, place)
    ways = {(each.source, each.target) for each in network.connections.values()}
    drawn: Counter[frozenset[str]] = Counter()
    for connection in network.connections.values():
        pair = frozenset((connection.source, connection.target))
        if len(pair) == 1:
            _draw_loop(ax, connection, places, drawn[pair])
        else:
            _draw_arrow(
                ax, connection, places, drawn[pair], (connection.target, connection.source) in ways
            )
        drawn[pair] += 1
    _frame(ax, places)
    return ax


def _places(names: list[str]) -> dict[str, Point]:
    """Two populations beside each other, more on a circle, the first on top."""
    count = len(names)
    if count == 1:
        return {names[0]: (0.0, 0.0)}
    if count == 2:
        return {names[0]: (-1.3, 0.0), names[1]: (1.3, 0.0)}
    radius = 1.25 / math.sin(math.pi / count)
    angles = [math.pi / 2 - 2 * math.pi * i / count for i in range(count)]
    return {
        name: (radius * math.cos(angle), radius * math.sin(angle))
        for name, angle in zip(names, angles, strict=True)
    }


def _new_axes(count: int) -> Any:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    size = (6.4, 2.9) if count <= 2 else (4.0 + 0.6 * count, 4.0 + 0.6 * count)
    return plt.subplots(figsize=size, layout="constrained")[1]


def _draw_member(ax: Any, network: Network, name: str, place: Point) -> None:
    from matplotlib.patches import Circle  # noqa: PLC0415

    member = network[name]
    ax.add_patch(Circle(place, _RADIUS, facecolor="white", edgecolor="black", linewidth=1.2))
    lines = [type(member).__name__]
    if member.shape:
        lines.append(" x ".join(map(str, member.shape)) + " lanes")
    own = member.parameters.get("J")
    if own is not None and np.any(own.magnitude):
        lines.append(f"J = {units.shown(own.magnitude, units.DIMENSIONLESS, 3)}")
    x, y = place
    ax.text(x, y + 0.04, name, ha="center", va="bottom", fontweight="bold")
    ax.text(x, y, "\n".join(lines), ha="center", va="top", fontsize="x-small")


def _draw_arrow(
    ax: Any, connection: Connection, places: dict[str, Point], before: int, answered: bool
) -> None:
    """An arrow that bends to its right if there is one back, else inwards; later ones bend more."""
    start, end = (np.array(places[n]) for n in (connection.source, connection.target))
    bend = _BEND * (1 + before // 2) + 0.1 * (before // 2)
    way = end - start
    aside = np.array([way[1], -way[0]])
    if not answered and aside @ (start + end) > 0.0:
        bend = -bend
    top = (start + end) / 2 + bend * aside
    tail, head = (p + _RADIUS * 1.12 * _unit(top - p) for p in (start, end))
    bend *= _length(way) / _length(head - tail)
    _patch(ax, connection, (tail, head), f"arc3,rad={bend:.3f}")
    along = head - tail
    apex = (tail + head) / 2 + 0.5 * bend * np.array([along[1], -along[0]])
    outward = math.copysign(1.0, bend) * _unit(aside)
    _write(ax, connection, apex + 0.12 * outward, outward)


def _draw_loop(ax: Any, connection: Connection, places: dict[str, Point], before: int) -> None:
    """An arrow from a population to itself, on the side that looks away from the others."""
    centre = np.array(places[connection.source])
    outward = centre if len(places) > 1 and np.any(centre) else np.array([0.0, 1.0])
    angle = math.atan2(outward[1], outward[0]) + 0.9 * before
    ends = [
        centre + _RADIUS * 1.1 * np.array([math.cos(angle + d), math.sin(angle + d)])
        for d in (0.45, -0.45)
    ]
    _patch(ax, connection, (ends[0], ends[1]), "arc3,rad=-2.2")
    direction = np.array([math.cos(angle), math.sin(angle)])
    _write(ax, connection, centre + 2.25 * _RADIUS * direction, direction)


def _patch(ax: Any, connection: Connection, ends: tuple[Any, Any], style: str) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415

    blue, red, *_ = colour_cycle()
    sign = _sign(connection)
    colour = {1: blue, -1: red}.get(sign, "black")
    tip = "|-|,widthA=0,widthB=0.35" if sign < 0 else "-|>,head_width=0.25,head_length=0.5"
    patch = FancyArrowPatch(
        tuple(ends[0]), tuple(ends[1]), connectionstyle=style, arrowstyle=tip, mutation_scale=14,
        shrinkA=0, shrinkB=0, color=colour, linewidth=1.6,
    )  # fmt: skip
    ax.add_patch(patch)


def _sign(connection: Connection) -> int:
    """1 or -1 if all strengths have that sign, else 0."""
    values = _strengths(connection)
    return int(np.all(values >= 0.0)) - int(np.all(values <= 0.0))


def _strengths(connection: Connection) -> Any:
    wire = connection._wire
    return (
        wire.strength.data
        if hasattr(wire.strength, "data") and hasattr(wire.strength, "tocoo")
        else np.atleast_1d(wire.strength)
    )


def _write(ax: Any, connection: Connection, place: Any, outward: Any) -> None:
    """Strength, delay and synapse beside an arrow, on its outer side."""
    wire = connection._wire
    what = "J" if wire.by_tau else "weight"
    lines = [f"{what} = {units.shown(_strengths(connection), wire.strength_measure, 3)}"]
    if np.any(np.asarray(wire.delay) > 0.0):
        lines.append(f"delay {units.shown(wire.delay, MS, 3)}")
    if wire.synapse is not None:
        lines.append(type(wire.synapse).__name__)
    across, up = (_aligned(each) for each in outward)
    ax.text(
        *place, "\n".join(lines), fontsize="small", zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        ha=("right", "center", "left")[across + 1], va=("top", "center", "bottom")[up + 1],
    )  # fmt: skip


def _aligned(part: float) -> int:
    return 0 if abs(part) < 0.38 else int(math.copysign(1, part))


def _unit(vector: Any) -> Any:
    return vector / _length(vector)


def _length(vector: Any) -> float:
    return float(np.hypot(*vector))


def _frame(ax: Any, places: dict[str, Point]) -> None:
    x, y = np.array(list(places.values())).T
    ax.set(
        xlim=(x.min() - 1.7, x.max() + 1.7),
        ylim=(y.min() - 1.2, y.max() + 1.2),
        aspect="equal",
    )
    ax.axis("off")
