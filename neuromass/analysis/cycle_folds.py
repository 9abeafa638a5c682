"""Equations of limit cycles that are about to meet and vanish, in two parameters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.collocation import SHRINKS, Collocation
from neuromass.analysis.follow import Point, bordered, corrected
from neuromass.analysis.problem import OUT_OF_RANGE

Floats = NDArray[np.float64]

_STEP: Final = 1e-5
"""Step of central differences, where 1 is large."""
_SWEEPS: Final = 3
"""Solutions by which borders become null vectors."""
_STILL: Final = 1e-4
"""Part of their ranges by which both symbols move in a step that leads nowhere."""
_PATIENCE: Final = 5
"""Such steps in a row, while the period grows, after which the curve ends."""
BAUTIN: Final = "it shrinks to a generalised Hopf point"
HOMOCLINIC: Final = "the period grows while the parameters stand still: a homoclinic orbit"


@dataclass(frozen=True, eq=False)
class FoldOfCycles:
    """Equations of folds of cycles while two symbols vary.

    The numbers are those of a cycle, see `Collocation`, and the second symbol by the width of its
    range. That the derivative of the cycle's equations by the orbit and its period is singular is
    one equation: the last number of the solution of a bordered system (E. Doedel, W. Govaerts and
    Yu. A. Kuznetsov, SIAM J. Numer. Anal. 41, 401, 2003,
    https://doi.org/10.1137/S0036142902400779).

    Attributes
    ----------
    orbit : Collocation
        Equations of the cycle in the first symbol.
    name : str
        The second symbol.
    ends : tuple of float
        Its range.
    border : tuple of ndarray
        Vectors with a part along the left and the right null vector.
    before : ndarray or None
        Logarithm of the period, and both symbols, at the point before.
    still : int
        Steps in a row until here in which the period alone has grown.
    """

    orbit: Collocation
    name: str
    ends: tuple[float, float]
    border: tuple[Floats, Floats]
    before: Floats | None = None
    still: int = 0
    _latest: dict[str, Any] = field(default_factory=dict)

    # ------------------------------------------------------------------ numbers

    def second(self, at: Floats) -> float:
        """The second symbol's value."""
        return float(at[-1]) * (self.ends[1] - self.ends[0])

    def at_second(self, at: Floats) -> Collocation:
        """The cycle's equations at the second symbol's value of a point."""
        problem = self.orbit.problem
        there = replace(problem, field=problem.field.varied(self.name, self.second(at)))
        return replace(self.orbit, problem=there)

    # ------------------------------------------------------------------ equations

    def _slopes(self, at: Floats) -> Any:
        """Derivatives of the cycle's equations by all numbers, sparse."""
        from scipy import sparse  # noqa: PLC0415

        orbit = self.at_second(at)
        by_second = orbit.slopes_by(self.name, at[:-1]) * (self.ends[1] - self.ends[0])
        column = np.append(by_second, 0.0)[:, None]  # the phase does not depend on it
        return sparse.hstack([orbit.derivative(at[:-1]), sparse.csc_array(column)], format="csc")

    def null_vectors(self, at: Floats) -> tuple[Floats, Floats, float]:
        """Left and right null vector, and what is zero where they are."""
        if "at" not in self._latest or not np.array_equal(self._latest["at"], at):
            self._latest.update(at=at.copy(), slopes=self._slopes(at))
            self._latest["vectors"] = _bordered(self._latest["slopes"][:, :-2], *self.border)
        vectors: tuple[Floats, Floats, float] = self._latest["vectors"]
        return vectors

    def residual(self, at: Floats) -> Floats:
        """Equations of the cycle, then that of the fold."""
        return np.append(self.at_second(at).residual(at[:-1]), self.null_vectors(at)[2])

    def derivative(self, at: Floats) -> Any:
        """Derivatives of the residual, sparse; of the last one by differences."""
        left, right, _ = self.null_vectors(at)
        step = _STEP / np.max(np.abs(right))
        along = np.append(step * right, [0.0, 0.0])
        change = left @ self._slopes(at + along) - left @ self._slopes(at - along)
        return bordered(self._latest["slopes"], -change / (2.0 * step))

    def cusp(self, point: Point) -> float:
        """Zero where two folds of cycles meet; changes its sign there."""
        _, right, _ = self.null_vectors(point.at)
        return float((self.derivative(point.at) @ np.append(right, [0.0, 0.0]))[-1])

    # ------------------------------------------------------------------ following

    def reaches(self, at: Floats) -> str:
        """Why the curve ends before a point."""
        if not self.ends[0] <= self.second(at) <= self.ends[1]:
            return OUT_OF_RANGE
        if self.still >= _PATIENCE:
            return HOMOCLINIC
        reason = self.orbit.reaches(at[:-1])
        return BAUTIN if reason == SHRINKS else reason

    def adapted(self, point: Point) -> tuple[FoldOfCycles, Point]:
        """Phase and borders are kept to this orbit; the mesh is moved every few steps."""
        left, right, _ = self.null_vectors(point.at)
        orbit = self.orbit
        orbit = replace(orbit, reference=orbit.profile(point.at), age=orbit.age + 1)
        borders, now = (_unit(left), _unit(right)), point.at[-3:]
        still = 0 if self.before is None or not _stands(self.before, now) else self.still + 1
        here = replace(self, orbit=orbit, border=borders, before=now, still=still, _latest={})
        return here.remeshed(point, right) if orbit.age >= 3 else (here, point)

    def remeshed(self, point: Point, right: Floats) -> tuple[FoldOfCycles, Point]:
        """The same orbit on a mesh that spreads its error evenly, given the right null vector."""
        orbit, guess = self.orbit.moved(point)
        moved = replace(self, orbit=orbit, _latest={})
        moved = moved.with_borders(guess.at, self.orbit.carried(orbit, right))
        place, _ = corrected(moved, guess.at, guess.tangent)
        return (self, point) if place is None else (moved, Point(place, guess.tangent))

    def with_borders(self, at: Floats, right: Floats) -> FoldOfCycles:
        """The same equations with null vectors as their borders, given about the right one."""
        slopes = self._slopes(at)[:, :-2]
        left, right = np.random.default_rng(0).normal(size=len(right)), _unit(right)
        for _ in range(_SWEEPS):
            left, right, _ = _bordered(slopes, _unit(left), _unit(right))
        return replace(self, border=(_unit(left), _unit(right)), _latest={})


def _stands(before: Floats, now: Floats) -> bool:
    """Whether the period has grown in a step, and hardly anything else has changed."""
    moved = np.max(np.abs(now[1:] - before[1:]))
    return bool(moved < _STILL and now[0] - before[0] > 10.0 * moved)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def _bordered(matrix: Any, column: Floats, row: Floats) -> tuple[Floats, Floats, float]:
    """Left and right solution of a bordered system, and their common last number."""
    from scipy import sparse  # noqa: PLC0415
    from scipy.sparse.linalg import splu  # noqa: PLC0415

    corner = sparse.csc_array([[0.0]])
    sides = sparse.csc_array(column[:, None]), sparse.csc_array(row[None])
    whole = sparse.block_array([[matrix, sides[0]], [sides[1], corner]], format="csc")
    end = np.append(np.zeros(len(column)), 1.0)
    factors = splu(whole)
    right, left = factors.solve(end), factors.solve(end, trans="T")
    return left[:-1], right[:-1], float(right[-1])
