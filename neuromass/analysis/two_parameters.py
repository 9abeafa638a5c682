"""Folds and Hopf points in two parameters, and the special points on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.critical import DOUBLE_ZERO, ZERO, Critical, real_part
from neuromass.analysis.cycle_curves import FOLD, CycleCurve, folds_of_cycles
from neuromass.analysis.delayed import DelayedCritical, has_delays
from neuromass.analysis.diagram import SpecialPoint
from neuromass.analysis.follow import CLOSED, Path, Point, at_parameter, between, follow
from neuromass.analysis.normal_forms import second
from neuromass.analysis.orbits import Cycle
from neuromass.analysis.problem import second_parameter
from neuromass.analysis.results import GENERALISED_HOPF, Followed, InTwoParameters, of_kind
from neuromass.units import HZ

Floats = NDArray[np.float64]

_LARGEST: Final = 0.02
"""Longest step, where 1 is large."""


class Curve(InTwoParameters, Followed):
    """Folds or Hopf points while two parameters vary.

    Both parameters, the states and the outputs are attributes, Quantities along the curve:
    ``curve.eta``, ``curve.J``, ``curve.r``.

    Attributes
    ----------
    kind : str
        ``"fold"`` or ``"hopf"``.
    special : list of SpecialPoint
        Cusps, Bogdanov-Takens, generalised Hopf and fold-Hopf points, in the order of the curve.
    ends : tuple of str
        Why it ends, to both sides.
    """

    def __init__(
        self,
        kind: str,
        problem: Critical,
        points: list[Point],
        special: list[SpecialPoint],
        ends: tuple[str, str],
        outputs: Mapping[str, Floats] | None = None,
    ) -> None:
        super().__init__(problem, points, outputs)
        self.kind = kind
        self.special = special
        self.ends = ends

    @property
    def cusps(self) -> list[SpecialPoint]:
        """Where two folds meet and vanish."""
        return of_kind(self.special, "cusp")

    @property
    def bogdanov_takens(self) -> list[SpecialPoint]:
        """Where a curve of Hopf points ends on one of folds."""
        return of_kind(self.special, "Bogdanov-Takens")

    @property
    def frequency(self) -> Any:
        """Frequency of the oscillations that begin along a curve of Hopf points."""
        if self.kind != "hopf":
            raise AttributeError("A curve of folds has no frequency.")
        squared = np.maximum(self.numbers[:, -1], 0.0)
        return HZ.quantity(self.problem.clock * np.sqrt(squared) / (2.0 * np.pi))

    def to_dataframe(self) -> Any:
        """The points, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns both parameters, the states and the outputs with their units.
        """
        import pandas  # noqa: PLC0415

        columns = self.columns(self.names)
        if self.kind == "hopf":
            columns["frequency (Hz)"] = self.frequency.magnitude
        return pandas.DataFrame(columns)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.kind, self.problem, self.points, self.special, self.ends, self._outputs

    def __repr__(self) -> str:
        what = "folds" if self.kind == "fold" else "Hopf points"
        first, second = self.parameters
        lines = [f"<curve of {len(self)} {what} over {first} and {second}: {'; '.join(self.ends)}"]
        return "\n".join([*lines, *(f"  {each!r}" for each in self.special)]) + ">"


def curve(
    point: Any, parameter: str, values: Any, *, within: Any = None, step: float | None = None
) -> Curve | CycleCurve:
    """The curve of folds, Hopf points or folds of cycles through one of them, in two parameters.

    Parameters
    ----------
    point : SpecialPoint or Cycle
        A fold or a Hopf point of a `continuation`, or a fold of `cycles`.
    parameter : str
        The second parameter.
    values : tuple
        Its lowest and highest value, with their unit.
    within : tuple, optional
        Lowest and highest value of the first parameter; three times the range of the
        continuation (or of the cycles) if left out.
    step : float, optional
        Longest step along the curve, where the widths of both ranges are 1, and so is what is
        large for the states; 0.02 if left out, and 0.1 for folds of cycles.

    Returns
    -------
    Curve or CycleCurve
        The curve, with the points at which it changes.

    Notes
    -----
    Each condition is that a matrix is singular, as the last number of the solution of a bordered
    system; for folds of cycles the matrix is that of orthogonal collocation. Their curve ends
    where it meets one of Hopf points, in a generalised Hopf point, or where the period grows.

    Examples
    --------
    The wedge between whose sides QIF neurons are bistable, and its cusp:

    >>> import neuromass as nm
    >>> diagram = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    >>> wedge = nm.analysis.curve(diagram.folds[0], "J", (0, 30))
    >>> [round(float(cusp.J.magnitude), 6) for cusp in wedge.cusps]
    [7.796217]
    """
    if isinstance(point, Cycle) and point.kind == FOLD:
        return folds_of_cycles(point, parameter, values, within, step)
    if not isinstance(point, SpecialPoint) or point.kind not in ("fold", "hopf"):
        known = isinstance(point, SpecialPoint | Cycle)
        what = f"a {point.kind}" if known else type(point).__name__
        raise TypeError(
            f"curve begins at a fold or Hopf point of a continuation, or at a fold of cycles, "
            f"not at {what}."
        )
    start = _start(point, parameter, values, within)
    zeros, first = start
    paths = []
    for sign in (1.0, -1.0):
        paths.append(follow(zeros, Point(first.at, sign * first.tangent), largest=step or _LARGEST))
    backward = [Point(each.at, -each.tangent) for each in paths[1].points[:0:-1]]
    closed = paths[0].end == CLOSED
    points = paths[0].points if closed else backward + paths[0].points
    special = list(_found(paths[0], point.kind))
    if not closed:
        special = list(_found(paths[1], point.kind))[::-1] + special
    ends = (paths[0].end,) * 2 if closed else (paths[1].end, paths[0].end)
    return Curve(point.kind, zeros, points, special, ends)


def _start(point: SpecialPoint, parameter: str, values: Any, other: Any) -> tuple[Critical, Point]:
    problem: Any = point.problem
    at = point.point.at
    field, found = problem.field, second_parameter(problem, parameter, values, other)
    name, ends = found.name, found.ends
    scale = np.append(problem.scale, ends[1] - ends[0])
    numbers = np.append(at, found.value / scale[-1])
    slopes, states = problem.local(at)
    if point.kind == "fold":
        left, _, right = np.linalg.svd(slopes(states))
        border, clock = (left[:, -1], right[-1]), 0.0
    else:
        clock, q, p = problem.turning(at)
        border, numbers = (real_part(p), real_part(q)), np.append(numbers, 1.0)
    kind = DelayedCritical if has_delays(field, problem.name, name) else Critical
    zeros = kind(field, (problem.name, name), (found.first_ends, ends), scale, border, clock)
    tangent = np.linalg.svd(zeros.derivative(numbers))[2][-1]
    return zeros, Point(numbers, tangent)


# -------------------------------------------------------------------- special points


def _found(path: Path, kind: str) -> Iterator[SpecialPoint]:
    """Special points between the points of a path."""
    tests = _ON_FOLDS if kind == "fold" else _ON_HOPFS
    steps: list[Any] = path.steps
    for zeros, before, after in steps:
        for name, test in tests.items():
            if test(zeros, before) * test(zeros, after) < 0.0:
                place = between(zeros, before, after, test)
                if place is not None and abs(test(zeros, place)) < 1e-6:
                    yield SpecialPoint(name, zeros, place)
    if path.end == DOUBLE_ZERO:
        last: Any = path.equations[-1]
        place = _double_zero(path)
        if place is not None:
            yield SpecialPoint("Bogdanov-Takens", last, place)


def _double_zero(path: Path) -> Point | None:
    """The end of a curve of Hopf points at frequency zero."""
    zeros, last = path.equations[-1], path.points[-1]
    return at_parameter(zeros, last.at - last.tangent * last.at[-1] / last.tangent[-1], ZERO)


def _cusp_test(zeros: Any, point: Point) -> float:
    left, right = zeros.vectors(point.at)
    slopes, states = zeros.local(point.at)
    return float(left @ second(slopes, states, right) @ right)


def _double_test(zeros: Any, point: Point) -> float:
    left, right = zeros.vectors(point.at)
    return float(zeros.pairing(point.at, left, right))


def _lyapunov_test(zeros: Any, point: Point) -> float:
    return float(zeros.lyapunov_coefficient(point.at))


def _zero_test(zeros: Any, point: Point) -> float:
    sign, _ = np.linalg.slogdet(zeros.scaled_slopes(point.at))
    size = np.abs(np.linalg.eigvals(zeros.scaled_slopes(point.at)))
    return float(sign * size.min() / size.max())


_ON_FOLDS: Final[dict[str, Callable[[Any, Point], float]]] = {
    "cusp": _cusp_test,
    "Bogdanov-Takens": _double_test,
}
_ON_HOPFS: Final[dict[str, Callable[[Any, Point], float]]] = {
    GENERALISED_HOPF: _lyapunov_test,
    "fold-Hopf": _zero_test,
}
