"""Folds of limit cycles in two parameters, and the special points on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.collocation import Collocation
from neuromass.analysis.critical import Critical, real_part
from neuromass.analysis.cycle_folds import BAUTIN, FoldOfCycles
from neuromass.analysis.diagram import SpecialPoint
from neuromass.analysis.follow import (
    CLOSED,
    Path,
    Point,
    at_parameter,
    between,
    corrected,
    follow,
    tangent_at,
)
from neuromass.analysis.normal_forms import turning_pair
from neuromass.analysis.orbits import Cycle, Cycles, mean_over
from neuromass.analysis.problem import second_parameter
from neuromass.analysis.results import GENERALISED_HOPF, InTwoParameters, of_kind

Floats = NDArray[np.float64]

FOLD: Final = "fold of cycles"
_CUSP: Final = "cusp of cycles"
_LARGEST: Final = 0.1
"""Longest step along a curve of folds of cycles."""
_MOST: Final = 120
"""Cycles to each side at most."""
_SMALLEST: Final = 0.02
"""Amplitude, where 1 is large, below which folds cannot be told from Hopf points."""
_NEAR: Final = (1e-3, 1e-2, 0.05)
"""How far from the end a generalised Hopf point is looked for."""


class CriticalCycle(Cycle):
    """A limit cycle of a curve in two parameters.

    Both parameters, the states and the outputs are attributes; ``cycle.parameters`` are the names
    of the former.

    Attributes
    ----------
    kind : str
        ``"fold of cycles"``; ``"cusp of cycles"`` where two folds meet and vanish.
    """

    def __init__(
        self,
        equations: Collocation,
        point: Point,
        kind: str,
        second: tuple[str, float],
        multipliers: Any = None,
        outputs: Mapping[str, Mapping[str, Floats]] | None = None,
    ) -> None:
        super().__init__(equations, point, kind, multipliers, outputs)
        self.second: tuple[str, float] = (second[0], float(second[1]))
        """Name of the second parameter, and its value in internal units."""

    @property
    def parameters(self) -> tuple[str, str]:
        """Names of what varies."""
        return self.parameter, self.second[0]

    @property
    def names(self) -> list[str]:
        """Both parameters, the states and the outputs."""
        return [*self.parameters, *super().names[1:]]

    def quantity(self, name: str) -> Any:
        """A parameter, or a state or output along the times."""
        if name == self.second[0]:
            return self.measure(name).quantity(self.second[1])
        return super().quantity(name)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        equations, point, kind, *known = super().stored()
        return equations, point, kind, self.second, *known

    def __repr__(self) -> str:
        first, second = self.parameters
        return (
            f"<{self.kind} at {first} = {self[first]:.6g~P}, {second} = {self[second]:.6g~P}: "
            f"period {self.period:.6g~P}>"
        )


class CycleCurve(InTwoParameters, Cycles):
    """Folds of limit cycles while two parameters vary.

    Both parameters are attributes, Quantities along the curve: ``curve.p``, ``curve.C``.

    Attributes
    ----------
    cycles : list of CriticalCycle
        The cycles, in order.
    special : list
        Cusps of cycles, and generalised Hopf points where the curve begins or ends.
    ends : tuple of str
        Why it ends, to both sides.
    """

    kind = FOLD

    def __init__(
        self,
        cycles: list[CriticalCycle],
        special: list[CriticalCycle | SpecialPoint],
        ends: tuple[str, str],
    ) -> None:
        super().__init__(list(cycles))
        self.special = special
        self.ends = ends

    @property
    def parameters(self) -> tuple[str, str]:
        """Names of what varies."""
        first: Any = self.cycles[0]
        names: tuple[str, str] = first.parameters
        return names

    @property
    def names(self) -> list[str]:
        """Both parameters; of states and outputs there are `minimum`, `maximum` and `mean`."""
        return list(self.parameters)

    @property
    def cusps(self) -> list[CriticalCycle]:
        """Where two folds meet and vanish."""
        return of_kind(self.special, _CUSP)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.cycles, self.special, self.ends

    def __repr__(self) -> str:
        first, second = self.parameters
        head = f"<curve of {len(self)} folds of cycles over {first} and {second}: "
        lines = [head + "; ".join(self.ends), *(f"  {each!r}" for each in self.special)]
        return "\n".join(lines) + ">"


def folds_of_cycles(
    fold: Any, parameter: str, values: Any, within: Any = None, step: float | None = None
) -> CycleCurve:
    """The curve of folds of cycles through one of them; see `curve`.

    Parameters
    ----------
    fold : Cycle
        A fold of `cycles`.
    parameter : str
        The second parameter.
    values : tuple
        Its lowest and highest value, with their unit.
    within : tuple, optional
        Lowest and highest value of the first parameter.
    step : float, optional
        Longest step along the curve, where 1 is large for the states and the width of both ranges.
    """
    zeros, first = _start(fold, parameter, values, within)
    largest = _LARGEST if step is None else step
    forward = follow(zeros, first, largest=largest, most=_MOST)
    cycles, special = _read(forward)
    if forward.end == CLOSED:
        return CycleCurve(cycles, special, (forward.end,) * 2)
    backward = follow(zeros, Point(first.at, -first.tangent), largest=largest, most=_MOST)
    before, passed = _read(backward)
    ends = (backward.end, forward.end)
    return CycleCurve(before[:0:-1] + cycles, passed[::-1] + special, ends)


def _start(fold: Any, parameter: str, values: Any, within: Any) -> tuple[FoldOfCycles, Point]:
    old, at = fold.equations, fold.point.at
    second = second_parameter(old.problem, parameter, values, within)
    low, high = second.first_ends
    scale = np.append(old.problem.scale[:-1], high - low)
    problem = replace(old.problem, ends=(low, high), scale=scale)
    smallest = max(old.smallest, min(_SMALLEST, 0.2 * old.amplitude(at)))
    orbit = replace(old, problem=problem, reference=old.profile(at), smallest=smallest)
    blank = np.zeros(0), np.zeros(0)
    zeros = FoldOfCycles(orbit, second.name, second.ends, blank)
    first = old.problem.parameter(at) / scale[-1]
    numbers = np.append(at[:-1], [first, second.value / (second.ends[1] - second.ends[0])])
    zeros = zeros.with_borders(numbers, fold.point.tangent[:-1])
    point = at_parameter(zeros, numbers, numbers[-1])
    if point is None:
        raise RuntimeError("No fold of cycles was found where this cycle is.")
    return zeros, Point(point.at, tangent_at(zeros, point.at, point.tangent))


# ------------------------------------------------------------------------- what was followed


def _read(path: Path) -> tuple[list[CriticalCycle], list[CriticalCycle | SpecialPoint]]:
    """The cycles of a path, and the special points on it."""
    equations: Any = path.equations
    cycles = [_cycle(e, p, FOLD) for e, p in zip(equations, path.points, strict=True)]
    special: list[CriticalCycle | SpecialPoint] = list(_cusps(path))
    if path.end == BAUTIN:
        special += _generalised_hopf(cycles[-1], equations[-1])
    return cycles, special


def _cycle(zeros: FoldOfCycles, point: Point, kind: str) -> CriticalCycle:
    """A point of a curve as a cycle, with the direction of its branch."""
    _, right, _ = zeros.null_vectors(point.at)
    tangent = np.append(right / np.linalg.norm(right), 0.0)
    place = Point(point.at[:-1], tangent)
    return CriticalCycle(
        zeros.at_second(point.at), place, kind, (zeros.name, zeros.second(point.at))
    )


def _cusps(path: Path) -> Iterator[CriticalCycle]:
    test = lambda zeros, point: zeros.cusp(point)
    steps: list[Any] = path.steps
    for zeros, before, after in steps:
        if test(zeros, before) * test(zeros, after) < 0.0:
            place = between(zeros, before, after, test)
            if place is not None:
                yield _cycle(zeros, place, _CUSP)


def _generalised_hopf(cycle: CriticalCycle, zeros: FoldOfCycles) -> list[SpecialPoint]:
    """The generalised Hopf point close to a small cycle, solved for as one of equilibria."""
    problem = zeros.orbit.problem
    names, ends = (problem.name, zeros.name), (problem.ends, zeros.ends)
    scale = np.append(problem.scale, zeros.ends[1] - zeros.ends[0])
    values = problem.parameter(cycle.point.at), cycle.second[1]
    numbers = np.append(mean_over(cycle, lambda states: states), values) / scale
    clock = 2.0 * np.pi / cycle.period_in_ms
    hopf = Critical(problem.field, names, ends, scale, (0.0, 0.0), clock)
    slopes, states = hopf.local(numbers)
    _, q, p = turning_pair(slopes(states))
    hopf = replace(hopf, border=(real_part(p), real_part(q)))
    numbers = np.append(numbers, 1.0)
    tangent = np.linalg.svd(hopf.derivative(numbers))[2][-1]
    test = lambda zeros, point: zeros.lyapunov_coefficient(point.at)
    for distance in _NEAR:
        sides = [corrected(hopf, numbers + s * tangent, tangent)[0] for s in (-distance, distance)]
        before, after = (None if each is None else Point(each, tangent) for each in sides)
        if before and after and test(hopf, before) * test(hopf, after) < 0.0:
            place = between(hopf, before, after, test)
            return [] if place is None else [SpecialPoint(GENERALISED_HOPF, hopf, place)]
    return []
