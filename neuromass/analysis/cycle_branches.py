"""Branches of limit cycles in one parameter, and where their stability changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.collocation import DEGREE, FEWEST, Collocation
from neuromass.analysis.diagram import SpecialPoint
from neuromass.analysis.follow import Path, Point, between, corrected, follow, tangent_at
from neuromass.analysis.orbits import Cycle, CycleBranch
from neuromass.analysis.problem import (
    Equilibrate,
    refuse_delays,
    require_inside,
    span,
    symbol,
)

Floats = NDArray[np.float64]

_FIRST: Final = 0.01
"""Amplitude of the first cycle from a Hopf point, where 1 is large."""
_LARGEST: Final = 0.1
"""Longest step along a branch of cycles."""


def first_cycle(hopf: SpecialPoint) -> tuple[Collocation, Point]:
    """The small cycle that begins at a Hopf point."""
    problem: Any = hopf.problem
    at = hopf.point.at
    parameter = float(problem.parameter(at))
    omega, q, _ = problem.turning(at)
    mesh = np.linspace(0.0, 1.0, FEWEST + 1)
    period = 2.0 * np.pi / omega
    blank = Collocation(problem, mesh, np.zeros((DEGREE * FEWEST, len(q))), period)
    wave = np.real(q * np.exp(2j * np.pi * blank.times[:, None]))
    wave /= np.max(np.abs(wave))
    start = replace(blank, reference=at[:-1] + _FIRST * wave)
    tangent = blank.numbers(wave, blank.clock, 0.0)
    tangent /= np.linalg.norm(tangent)
    place, _ = corrected(start, start.numbers(start.reference, period, parameter), tangent)
    if place is None:
        raise RuntimeError("No cycle was found close to this Hopf point.")
    start = replace(start, smallest=0.2 * start.amplitude(place))
    return start, Point(place, tangent_at(start, place, tangent))


def cycles(
    start: Any,
    values: Any,
    *,
    parameter: str | None = None,
    step: float = _LARGEST,
    most: int = 300,
) -> CycleBranch:
    """The branch of limit cycles that begins at a Hopf point or goes through a cycle.

    Parameters
    ----------
    start : SpecialPoint or Cycle
        A Hopf point of a `continuation`, or a cycle.
    values : tuple
        Lowest and highest value of the parameter, with their unit.
    parameter : str, optional
        What varies, if `start` is a cycle and another parameter is meant.
    step : float
        Longest step along the branch, where 1 is large for the states.
    most : int
        Cycles at most.

    Returns
    -------
    CycleBranch
        The cycles with their periods and Floquet multipliers, and where their stability changes.

    Notes
    -----
    Orthogonal collocation with polynomials of degree four on a mesh that is moved and refined, as
    in AUTO; multipliers from the collocation equations themselves.

    Examples
    --------
    Gamma oscillations of an inhibitory population:

    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms, delta=0.3)
    >>> diagram = nm.analysis.continuation(pop, "eta", (0, 10))
    >>> gamma = nm.analysis.cycles(diagram.hopfs[0], (0, 10))
    >>> gamma.at(4.0)
    [<stable cycle at eta = 4: period 34.0472 ms>]
    """
    equations, point = _beginning(start, values, parameter)
    forward = follow(equations, point, largest=step, most=most)
    found, special = _read(forward)
    end = forward.end
    if isinstance(start, Cycle):
        backward = follow(equations, Point(point.at, -point.tangent), largest=step, most=most)
        before, passed = _read(backward)
        found, special = before[:0:-1] + found, passed[::-1] + special
        end = f"{backward.end}; {end}"
    return CycleBranch(found, special, end)


def _read(path: Path) -> tuple[list[Cycle], list[Cycle]]:
    """The cycles of a path, and those at which stability changes."""
    equations: Any = path.equations
    found = [Cycle(e, p) for e, p in zip(equations, path.points, strict=True)]
    pairs = zip(itertools.pairwise(found), path.steps, strict=True)
    return found, [each for (a, b), step in pairs for each in _special(a, b, *step)]


def _beginning(start: Any, values: Any, parameter: str | None) -> tuple[Collocation, Point]:
    if isinstance(start, Cycle):
        name = start.parameter if parameter is None else symbol(start.field, parameter)
        return _along(start, name, span(values, start.measure(name), name))
    if not isinstance(start, SpecialPoint) or start.kind != "hopf":
        what = f"a {start.kind}" if isinstance(start, SpecialPoint) else type(start).__name__
        raise TypeError(
            f"cycles begin at a Hopf point of a continuation or at a cycle, not {what}."
        )
    problem: Any = start.problem
    refuse_delays(problem.field, "cycles")
    ends = span(values, problem.field.symbols[problem.name], problem.name)
    require_inside(problem.field, problem.name, float(problem.parameter(start.point.at)), ends)
    return first_cycle(SpecialPoint("hopf", replace(problem, ends=ends), start.point))


def _along(cycle: Cycle, name: str, ends: tuple[float, float]) -> tuple[Collocation, Point]:
    """A cycle as the beginning of a branch in some parameter."""
    equations, at = cycle.equations, cycle.point.at
    old = equations.problem
    field = old.field.varied(old.name, old.parameter(at)) if name != old.name else old.field
    value = float(old.parameter(at)) if name == old.name else field.value(name)
    require_inside(field, name, value, ends)
    scale = np.append(old.scale[:-1], ends[1] - ends[0])
    problem = Equilibrate(field, name, ends, scale)
    moved = replace(equations, problem=problem, reference=equations.profile(at))
    place = np.append(at[:-1], value / scale[-1])
    along = cycle.point.tangent  # at a fold there is none along the parameter
    if name != old.name:
        along = np.append(np.zeros(len(place) - 1), 1.0)
    return moved, Point(place, tangent_at(moved, place, along))


def _special(
    first: Cycle, last: Cycle, equations: Any, before: Point, after: Point
) -> Iterator[Cycle]:
    """Where stability changes between two cycles, which a step joins."""
    for kind, test in _TESTS.items():
        signs = test(first.multipliers, before), test(last.multipliers, after)
        if signs[0] * signs[1] < 0.0:
            at = lambda zeros, point, test=test: test(zeros.multipliers(point.at), point)
            place = between(equations, before, after, at)
            if place is not None and _is_true(kind, equations.multipliers(place.at)):
                yield Cycle(equations, place, kind)


def _doubling_test(multipliers: Any) -> float:
    """Zero where a multiplier is -1; changes its sign there."""
    shifted = multipliers + 1.0
    sign = np.sign(np.prod(shifted / np.maximum(np.abs(shifted), 1e-300)).real)
    return float(sign * np.min(np.abs(shifted)))


def _torus_test(multipliers: Any) -> float:
    """Zero where the product of two multipliers is 1; changes its sign there."""
    first, second = np.triu_indices(len(multipliers) - 1, 1)
    products = multipliers[1:][first] * multipliers[1:][second]
    if not len(products):
        return 1.0
    gaps = (products - 1.0) / (np.abs(products) + 1.0)
    sign = np.sign(np.prod(gaps / np.maximum(np.abs(gaps), 1e-300)).real)
    return float(sign * np.min(np.abs(gaps)))


_TESTS: Final[dict[str, Callable[[Any, Point], float]]] = {
    "fold of cycles": lambda multipliers, point: float(point.tangent[-1]),
    "period doubling": lambda multipliers, point: _doubling_test(multipliers),
    "torus": lambda multipliers, point: _torus_test(multipliers),
}
"""Kind of bifurcation -> what changes its sign there."""


def _is_true(kind: str, multipliers: Any) -> bool:
    """Whether a test is zero for the multipliers that it is meant for, and not by a jump."""
    others = multipliers[1:]
    if kind == "period doubling":
        return bool(np.min(np.abs(others + 1.0)) < 1e-6)
    if kind == "torus":
        turning = others[np.abs(others.imag) > 1e-6]
        return bool(len(turning)) and bool(np.min(np.abs(np.abs(turning) - 1.0)) < 1e-6)
    return True
