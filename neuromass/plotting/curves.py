"""Where arrows between circles run, and where their labels find room.

Lengths are those of the drawing: inches, where the figure is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TIMES: Final = np.linspace(0.0, 1.0, 41)
"""Where curves are sampled to see what they meet."""

_ALONG: Final = np.linspace(0.14, 0.86, 25)
"""Where on its arrow a label may stand."""

_GAP: Final = 0.07
"""Between an arrow and a label beside it."""


@dataclass(frozen=True)
class Curve:
    """A Bezier curve of three or four points."""

    points: Floats

    def at(self, times: Any) -> Floats:
        """Places on it at times from 0 to 1."""
        t = np.asarray(times, dtype=float)[..., np.newaxis, np.newaxis]
        places = np.broadcast_to(self.points, (*t.shape[:-2], *self.points.shape))
        while places.shape[-2] > 1:
            places = (1.0 - t) * places[..., :-1, :] + t * places[..., 1:, :]
        return np.asarray(places[..., 0, :])

    @cached_property
    def samples(self) -> Floats:
        """Places at even times."""
        return self.at(_TIMES)

    def normal(self, time: float) -> Floats:
        """The unit vector to its left."""
        before, after = self.at([max(0.0, time - 0.01), min(1.0, time + 0.01)])
        along = (after - before) / max(1e-12, math.hypot(*(after - before)))
        return np.array([-along[1], along[0]])

    def part(self, first: float, last: float) -> Curve:
        """The curve between two times."""
        a, _, c = self.at([first, 0.5, last])
        start, middle, end = self.points
        b = (1 - first) * ((1 - last) * start + last * middle)
        b = b + first * ((1 - last) * middle + last * end)
        return Curve(np.array([a, b, c]))


def between(start: Floats, end: Floats, height: float, radius: float) -> Curve:
    """An arc from circle to circle that rises so far to its left."""
    along = (end - start) / math.hypot(*(end - start))
    top = 0.5 * (start + end) + 2.0 * height * np.array([-along[1], along[0]])
    whole = Curve(np.array([start, top, end]))
    times = np.linspace(0.0, 1.0, 401)
    places = whole.at(times)
    outside = np.hypot(*(places - start).T) > radius
    first = times[np.argmax(outside)]
    outside = np.hypot(*(places - end).T) > 1.12 * radius
    last = times[len(times) - 1 - np.argmax(outside[::-1])]
    return whole.part(first, last)


def loop(place: Floats, outward: float, number: int, radius: float) -> Curve:
    """From a circle back to itself; further loops lie around the first."""
    reach, half = radius * (2.6 + 1.2 * number), 0.5 + 0.1 * number
    angles = outward + half * np.array([1.0, 1.1, -1.1, -1.0])
    lengths = np.array([radius, reach, reach, 1.12 * radius])
    return Curve(place + lengths[:, np.newaxis] * np.stack([np.cos(angles), np.sin(angles)], 1))


def routes(
    ends: Sequence[tuple[str, str]],
    places: Mapping[str, Floats],
    radius: float,
    apart: float,
    few: bool,
) -> list[Curve]:
    """A curve for each connection, which passes through no circle but its own two.

    Parameters
    ----------
    ends : sequence of tuple of str
        Source and target of each connection.
    places : dict
        Name -> middle of the circle; they lie around 0, or in a row of two.
    radius : float
        Of the circles.
    apart : float
        Between arcs of one pair.
    few : bool
        Whether arrows also keep away from one another. If not, they stay among the circles.
    """
    found = _loops(ends, places, radius)
    taken: dict[frozenset[str], list[float]] = {}
    rim = math.inf if few else max(math.hypot(*each) for each in places.values()) + 0.9 * radius
    for number in sorted(set(range(len(ends))) - set(found)):
        source, target = ends[number]
        others = np.array([each for name, each in places.items() if name not in ends[number]])
        before = np.array([each.samples for each in found.values()] if few else [])
        price = partial(_cost, others=others, radius=radius, rim=rim, before=before.reshape(-1, 2))
        heights = taken.setdefault(frozenset({source, target}), [])
        sign = 1.0 if source < target else -1.0
        free = _arcs(places[source], places[target], radius, apart, [sign * h for h in heights])
        height, found[number] = _best(free, price, 0.0 if few else 10.0)
        heights.append(sign * height)
    return [found[number] for number in range(len(ends))]


def _loops(
    ends: Sequence[tuple[str, str]], places: Mapping[str, Floats], radius: float
) -> dict[int, Curve]:
    """The curves of the connections that return to where they start."""
    found: dict[int, Curve] = {}
    names = [source if source == target else "" for source, target in ends]
    for number, name in enumerate(names):
        if name:
            outward = _outward(places[name], len(places))
            found[number] = loop(places[name], outward, names[:number].count(name), radius)
    return found


def _outward(away: Floats, count: int) -> float:
    """The direction away from the others: upwards where they stand in a row."""
    return math.pi / 2 if count <= 2 else math.atan2(away[1], away[0])


Arc = tuple[float, Curve]
"""How far it rises to its left, and the curve."""


def _best(arcs: Iterable[Arc], price: Callable[[Arc], float], enough: float) -> Arc:
    """The first arc that costs less than enough, else the cheapest."""
    costs = []
    for arc in arcs:
        costs.append((price(arc), arc))
        if costs[-1][0] < enough:
            return arc
    return min(costs, key=lambda each: each[0])[1]


def _arcs(
    start: Floats, end: Floats, radius: float, apart: float, heights: list[float]
) -> Iterator[Arc]:
    """Arcs that leave room for those that the pair has, flat ones first."""
    least = min(max(0.11 * math.hypot(*(end - start)), 0.35 * radius), 0.95 * radius)
    room = 0.9 * min(apart, 2 * least)
    tried = [s * (least + n * apart) for n in range(len(heights) + 12) for s in (1.0, -1.0)]
    for height in tried:
        if all(abs(height - each) > room for each in heights):
            yield height, between(start, end, height, radius)


def _cost(arc: Arc, others: Floats, radius: float, rim: float, before: Floats) -> float:
    """How bad an arc is: circles that it hits, then other arrows, then how far it bends."""
    height, curve = arc
    cost = abs(height) / radius + 0.4 * (height < 0.0)
    cost += 10.0 * float(np.hypot(*curve.samples.T).max() > rim)
    if len(others):
        cost += 1000.0 * float(np.sum(_distances(curve.samples, others) < 1.25 * radius))
    if len(before):
        cost += 0.15 * float(np.sum(_distances(curve.samples[4:-4], before) < 0.3 * radius))
    return cost


def _distances(points: Floats, others: Floats) -> Floats:
    """How far each point is from the nearest of others."""
    squares = np.sum(others**2, axis=1) - 2.0 * points @ others.T
    return np.sqrt(np.maximum(squares.min(axis=1) + np.sum(points**2, axis=1), 0.0))


# ----------------------------------------------------------------------------- labels


@dataclass(frozen=True)
class Box:
    """A rectangle around a place."""

    x: float
    y: float
    width: float
    height: float


def label_boxes(
    curves: Sequence[Curve], sizes: Sequence[tuple[float, float]], circles: Floats, radius: float
) -> list[Box]:
    """A place for the label of each curve, on it or beside it.

    Parameters
    ----------
    curves : sequence of Curve
        The arrows.
    sizes : sequence of tuple of float
        Width and height of each label.
    circles : ndarray
        Middles of the circles, which labels do not cover.
    radius : float
        Of the circles.
    """
    if not curves:
        return []
    halves = 0.5 * np.array(sizes)
    samples = np.array([each.samples for each in curves])
    choices, prices = [], []
    for number, (curve, half) in enumerate(zip(curves, halves, strict=True)):
        middles, price = _choices(curve, half)
        price += _on_arrows(middles, half, number, samples)
        price += 40.0 * np.sum(_away(middles, half, circles) < radius + 0.02, axis=1)
        choices.append(middles)
        prices.append(price)
    chosen = np.array([m[np.argmin(p)] for m, p in zip(choices, prices, strict=True)])
    for _ in range(4):
        for number, (middles, price) in enumerate(zip(choices, prices, strict=True)):
            clash = _on_labels(middles, number, chosen, halves)
            chosen[number] = middles[np.argmin(price + clash)]
    return [Box(float(x), float(y), *size) for (x, y), size in zip(chosen, sizes, strict=True)]


def _choices(curve: Curve, half: Floats) -> tuple[Floats, Floats]:
    """Where the middle of a label may be, and how untoward each place is by itself."""
    middles, prices = [], []
    for time in _ALONG:
        normal = curve.normal(float(time))
        off = float(np.abs(normal) @ half) + _GAP
        for side, price in ((0.0, 1.0), (off, 0.0), (-off, 0.3)):
            middles.append(curve.at(time) + side * normal)
            prices.append(price + abs(time - 0.5))
    return np.array(middles), np.array(prices)


def _away(middles: Floats, half: Floats, points: Floats) -> Floats:
    """How far points are from boxes, which come first; 0 within."""
    gaps = np.abs(points - middles.reshape(-1, *[1] * (points.ndim - 1), 2)) - half
    return np.asarray(np.hypot(*np.moveaxis(np.maximum(gaps, 0.0), -1, 0)))


def _on_arrows(middles: Floats, half: Floats, number: int, samples: Floats) -> Floats:
    """What arrows have against boxes: their own wants to be seen, the others not to be near."""
    away = _away(middles, half, samples)
    own, near = away[:, number], away.min(axis=2)
    hidden = np.mean(own == 0.0, axis=1)
    price = 4.0 * hidden + 30.0 * (hidden > 0.65) + 20.0 * np.any(own[:, -4:] == 0.0, axis=1)
    mine = near[:, [number]]
    near[:, number] = np.inf
    price += 12.0 * np.sum(near < 0.03, axis=1) + 3.0 * np.sum(near < mine + 0.08, axis=1)
    return np.asarray(price)


def _on_labels(middles: Floats, number: int, chosen: Floats, halves: Floats) -> Floats:
    """What the other labels have against boxes."""
    common = halves + halves[number] - np.abs(chosen - middles[:, np.newaxis])
    areas = np.prod(np.maximum(common, 0.0), axis=2)
    areas[:, number] = 0.0
    return np.asarray(30.0 * np.sum(areas > 0.0, axis=1) + 50.0 * areas.sum(axis=1))
