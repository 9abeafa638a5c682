"""Branches of equilibria in one parameter, and the special points on them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.delayed import DelayedEquilibrate, has_delays
from neuromass.analysis.diagram import Branch, Diagram, SpecialPoint
from neuromass.analysis.follow import (
    CLOSED,
    Path,
    Point,
    Zeros,
    at_parameter,
    between,
    corrected,
    follow,
)
from neuromass.analysis.problem import (
    OUT_OF_RANGE,
    Equilibrate,
    field_of,
    require_inside,
    scales,
    span,
    symbol,
)
from neuromass.dynamics.equilibria import Equilibrium, zeros_at
from neuromass.errors import warn

Floats = NDArray[np.float64]

_LOOKS: Final = 9
"""Values of the parameter at which equilibria are looked for."""
_LARGEST: Final = 0.02
"""Longest step, as a part of the range."""


def continuation(
    system: Any,
    parameter: str,
    values: Any,
    *,
    inputs: Any = None,
    start: Any = None,
    step: float = _LARGEST,
) -> Diagram:
    """All branches of equilibria in a range of a parameter, and where they change.

    Equilibria are looked for at nine values of the range. Each branch is followed by
    pseudo-arclength continuation around its folds to both ends, and further ones are found where
    branches cross. On the way folds, Hopf points and branch points are located.

    Parameters
    ----------
    system : Population or Network
        One without lanes that differ. It is left as it is. With delays, stability is that of
        the characteristic `roots`.
    parameter : str
        What varies: a parameter or an input of a population (``"eta"``, ``"I_ext"``), of a
        member (``"exc.eta"``), or the strength or delay of a connection (``"inh->exc.J"``,
        ``"inh->exc.delay"``).
    values : tuple
        Lowest and highest value, with their unit.
    inputs : optional
        Constant inputs as for `run`; their defaults if left out.
    start : Equilibrium, optional
        Follow the branch through this equilibrium alone, at the system's present value.
    step : float
        Longest step along a branch, as a part of the range.

    Returns
    -------
    Diagram
        Branches, folds, Hopf points and branch points.

    Raises
    ------
    ValueError
        If nothing of that name can be varied, or the range does not ascend.

    Notes
    -----
    Folds are zeros of the tangent's component along the parameter, Hopf points of the sum of a
    pair of eigenvalues, branch points of the bordered Jacobian; each is found by bisection with
    interpolation to rounding.

    Examples
    --------
    The S-shaped curve of Montbrió, Pazó and Roxin, https://doi.org/10.1103/PhysRevX.5.021028:

    >>> import neuromass as nm
    >>> diagram = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    >>> [round(float(fold.eta.magnitude), 6) for fold in diagram.folds]
    [-3.136134, -5.743527]
    """
    field = field_of(system, inputs, "continuation", delays=True)
    name = symbol(field, parameter)
    ends = span(values, field.symbols[name], name)
    if start is None:
        looks = np.linspace(*ends, _LOOKS)
        found = zeros_at(field, name, looks)
        begins = [(state, value) for state, value in zip(*found, strict=True)]
    else:
        begins = [(_numbers_of(field, start), field.value(name))]
        require_inside(field, name, begins[0][1], ends)
    if not begins:
        warn(f"continuation: no equilibrium was found for {name} in the range.")
    states = np.array([state for state, _ in begins]).reshape(len(begins), len(field.box[0]))
    known = field.varied(name, begins[0][1]) if begins else field
    scale = scales(known, states, ends[1] - ends[0])
    kind = DelayedEquilibrate if has_delays(field, name) else Equilibrate
    problem = kind(field, name, ends, scale)
    return Diagram(problem, list(_branches(problem, begins, step)))


def _numbers_of(field: Any, start: Any) -> Floats:
    if not isinstance(start, Equilibrium):
        raise TypeError(f"start is one of the system's equilibria(), not {type(start).__name__}.")
    rows = (units.to_internal(start[name], c.measure, name) for name, c in field.columns.items())
    return np.concatenate([np.ravel(each) for each in rows])


def _branches(
    problem: Equilibrate, begins: list[tuple[Floats, float]], step: float
) -> Iterator[Branch]:
    """Every branch through some equilibria, and those that cross it."""
    known: list[Branch] = []
    for state, value in begins:
        at = problem.scaled(state, value)
        begin = at_parameter(problem, at, at[-1])
        if begin is None or any(_passes_through(branch, begin.at) for branch in known):
            continue
        waiting = [begin]
        while waiting:
            branch = _through(problem, waiting.pop(), step)
            known.append(branch)
            yield branch
            for point in branch.special:
                if point.kind == "branch point":
                    waiting += _crossing(problem, point, known, step)


def _passes_through(branch: Branch, at: Floats) -> bool:
    """Whether a branch passes through a point."""
    found = branch.crossings(at[-1])
    return any(np.max(np.abs(each.at - at)) < 1e-6 for each in found)


def _through(problem: Equilibrate, point: Point, step: float) -> Branch:
    """The branch through a point, to both sides."""
    signs = cache(partial(_signs, problem))
    forward = _followed(problem, point, step, signs)
    if forward.end == CLOSED:
        points, ends = forward.points, (forward.end, forward.end)
    else:
        backward = _followed(problem, Point(point.at, -point.tangent), step, signs)
        before = [Point(each.at, -each.tangent) for each in reversed(backward.points[1:])]
        points, ends = before + forward.points, (backward.end, forward.end)
    return Branch(problem, points, ends, list(_special(problem, points, signs)))


def _followed(problem: Equilibrate, point: Point, step: float, signs: _Look) -> Path:
    """The branch to one side, up to the very end of the range."""
    explained = lambda zeros, before, after: signs(before).explains(signs(after))
    path = follow(problem, point, largest=step, acceptable=explained)
    if path.end == OUT_OF_RANGE:
        last = path.points[-1]
        ends = np.array(problem.ends) / problem.scale[-1]
        end = ends[1] if last.tangent[-1] > 0.0 else ends[0]
        guess = last.at + last.tangent * (end - last.at[-1]) / last.tangent[-1]
        place = at_parameter(problem, guess, end)
        if place is not None and end != last.at[-1]:
            along = np.sign(place.tangent @ last.tangent) * place.tangent
            path.points.append(Point(place.at, along))
    return path


# -------------------------------------------------------------------- special points


@dataclass(frozen=True)
class _Signs:
    """What changes at special points, at one point of a branch."""

    unstable: int
    fold: float
    hopf: float
    crossing: float

    def explains(self, other: _Signs) -> bool:
        """Whether what changed in the number of unstable directions is seen in the tests."""
        single = (self.fold * other.fold < 0.0) != (self.crossing * other.crossing < 0.0)
        pair = self.hopf * other.hopf < 0.0
        change = abs(self.unstable - other.unstable)
        return (
            change == single or (pair and change == 2 - single) or (pair and change == 2 + single)
        )


def _signs(problem: Equilibrate, point: Point) -> _Signs:
    values = problem.eigenvalues(point.at)
    tests = {name: test(problem, point) for name, (_, test) in _TESTS.items()}
    return _Signs(int(np.sum(values.real > 0.0)), **tests)


_Look = Callable[[Point], _Signs]


def pair_test(values: Any) -> float:
    """Zero where two eigenvalues add up to zero; changes its sign there."""
    values = values[np.isfinite(values)]
    first, second = np.triu_indices(len(values), 1)
    sums = (
        -values[first] - values[second]
    )  # of stable ones, of which some may be left out: positive
    if not len(sums):
        return 1.0
    size = np.abs(sums)
    if not size.all():
        return 0.0
    sign = np.sign(np.prod(sums / size).real)
    return float(sign * size.min())


def _crossing_test(problem: Zeros, point: Point) -> float:
    """Zero where branches cross; changes its sign there."""
    whole = np.vstack([problem.derivative(point.at), point.tangent])
    sign, _ = np.linalg.slogdet(whole)
    return float(sign * np.linalg.svd(whole, compute_uv=False)[-1])


_TESTS: Final[dict[str, tuple[str, Callable[[Any, Point], float]]]] = {
    "fold": ("fold", lambda problem, point: float(point.tangent[-1])),
    "hopf": ("hopf", lambda problem, point: pair_test(problem.eigenvalues(point.at))),
    "crossing": ("branch point", _crossing_test),
}
"""Field of `_Signs` -> the kind of point at which it changes its sign, and what it is."""


def _special(problem: Equilibrate, points: list[Point], signs: _Look) -> Iterator[SpecialPoint]:
    """Folds, Hopf points and branch points of a branch, in its order."""
    for before, after in itertools.pairwise(points):
        found = []
        for name, (kind, test) in _TESTS.items():
            if getattr(signs(before), name) * getattr(signs(after), name) < 0.0:
                place = between(problem, before, after, test)
                if place is not None and (kind != "hopf" or _turns(problem, place)):
                    found.append(SpecialPoint(kind, problem, place))
        yield from sorted(found, key=lambda each: before.tangent @ (each.point.at - before.at))


def _turns(problem: Equilibrate, point: Point) -> bool:
    """Whether the two eigenvalues that add up to zero are a complex pair."""
    values = problem.eigenvalues(point.at)
    values = values[np.isfinite(values)]
    first, second = np.triu_indices(len(values), 1)
    pair = np.argmin(np.abs(values[first] + values[second]))
    size = np.max(np.abs(values))
    return bool(abs(values[first[pair]].imag) > 1e-6 * size)


def _crossing(
    problem: Equilibrate, special: SpecialPoint, known: list[Branch], step: float
) -> list[Point]:
    """Where another branch leaves a branch point, unless it is known."""
    at = special.point.at
    matrix = problem.derivative(at)
    left, _, right = np.linalg.svd(matrix)
    psi, kernel = left[:, -1], right[-2:]
    h = 1e-4
    bent = [
        (problem.derivative(at + h * each) - problem.derivative(at - h * each)) / (2.0 * h)
        for each in kernel
    ]
    form = np.array([[psi @ bent[i] @ kernel[j] for j in range(2)] for i in range(2)])
    (low, high), axes = np.linalg.eigh(0.5 * (form + form.T))
    if not low < 0.0 < high:
        return []
    directions = [
        (np.sqrt(high) * axes[:, 0] + sign * np.sqrt(-low) * axes[:, 1]) @ kernel
        for sign in (1.0, -1.0)
    ]
    directions = [each / np.linalg.norm(each) for each in directions]
    other = min(directions, key=lambda each: abs(float(each @ special.point.tangent)))
    for sign in (1.0, -1.0):
        place, _ = corrected(problem, at + sign * step * other, other)
        if place is not None and any(_passes_through(each, place) for each in known):
            return []
    return [Point(at, other)]
