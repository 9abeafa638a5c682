"""Periodic orbits by orthogonal collocation on an adaptive mesh.

The orbit is a polynomial of degree four in each interval of the mesh, and satisfies the equations
at the Gauss points (E. Doedel, H. B. Keller and J. P. Kernevez, Int. J. Bifurcation Chaos 1, 745,
1991, https://doi.org/10.1142/S0218127491000555; the mesh is moved as in R. D. Russell and
J. Christiansen, SIAM J. Numer. Anal. 15, 59, 1978, https://doi.org/10.1137/0715004).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from neuromass.analysis.follow import Point, corrected
from neuromass.analysis.problem import Equilibrate

Floats = NDArray[np.float64]

DEGREE: Final = 4
"""Of the polynomials."""
FEWEST: Final = 40
"""Intervals of the first mesh."""
_MOST: Final = 320
"""Intervals of the finest mesh."""
_TOLERANCE: Final = 3e-6
"""Largest local error, as a part of what is large for each state, before the mesh is refined."""
_BLOCKS: Final = 32
"""Products of matrices of which the eigenvalues are looked for together, at most."""
_UNEVEN: Final = 1e5
"""Condition number of a product of which no eigenvalue is lost in the rounding of others."""
SHRINKS: Final = "it shrinks to a Hopf point"
"""Why a branch ends where its cycles do."""
_LONGEST: Final = 50.0
"""Growth of the period beyond which an orbit is taken to be homoclinic."""


def _bases() -> tuple[Floats, Floats, Floats]:
    """Values and slopes of the basis at the Gauss points of [0, 1], and their weights."""
    places, weights = leggauss(DEGREE)
    places, weights = 0.5 * (places + 1.0), 0.5 * weights
    nodes = np.arange(DEGREE + 1) / DEGREE
    values, slopes = np.empty((2, DEGREE, DEGREE + 1))
    for i, node in enumerate(nodes):
        others = np.delete(nodes, i)
        basis = Polynomial.fromroots(others) / np.prod(node - others)
        values[:, i], slopes[:, i] = basis(places), basis.deriv()(places)
    return values, slopes, weights


VALUES, SLOPES, WEIGHTS = _bases()
_HIGHEST: Final = (
    np.array([(-1.0) ** (DEGREE - i) for i in range(DEGREE + 1)])
    * np.array([1.0, 4.0, 6.0, 4.0, 1.0])
    * DEGREE**DEGREE
)
"""The fourth derivative of a polynomial of degree four, from its values at the nodes."""


@dataclass(frozen=True)
class Collocation:
    """Equations of periodic orbits while a symbol varies.

    The numbers are the scaled states at all nodes, divided by the root of their number, then the
    logarithm of the period by `clock`, then the symbol by what is large for it.

    Attributes
    ----------
    problem : Equilibrate
        Field, symbol, range and scales.
    mesh : ndarray
        Ends of the intervals, from 0 to 1.
    reference : ndarray
        Scaled states (nodes, states) to which the phase is kept closest.
    clock : float
        What is a long period, in ms.
    smallest : float
        Amplitude below which the orbit is taken for an equilibrium.
    age : int
        Steps since the mesh was last moved.
    """

    problem: Equilibrate
    mesh: Floats
    reference: Floats
    clock: float
    smallest: float = 0.0
    age: int = 0

    # ------------------------------------------------------------------ numbers

    @property
    def count(self) -> int:
        """How many nodes there are."""
        return DEGREE * (len(self.mesh) - 1)

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.problem.scale) - 1

    def profile(self, at: Floats) -> Floats:
        """Scaled states at the nodes, (nodes, states)."""
        total = self.count * self.size
        return at[:total].reshape(self.count, self.size) * np.sqrt(self.count)

    def period(self, at: Floats) -> float:
        """The period in ms."""
        return float(np.exp(at[-2]) * self.clock)

    def numbers(self, profile: Floats, period: float, parameter: float) -> Floats:
        """Numbers of an orbit."""
        ends = [np.log(period / self.clock), parameter / self.problem.scale[-1]]
        return np.append(profile.ravel() / np.sqrt(self.count), ends)

    def pieces(self, profile: Floats) -> Floats:
        """The nodes of each interval, (intervals, nodes of one, states)."""
        closed = np.concatenate([profile, profile[:1]])
        first = DEGREE * np.arange(len(self.mesh) - 1)
        return closed[first[:, None] + np.arange(DEGREE + 1)]

    @cached_property
    def times(self) -> Floats:
        """Nodes as parts of the period, from 0 to just below 1."""
        inside = np.arange(DEGREE) / DEGREE
        return (self.mesh[:-1, None] + np.diff(self.mesh)[:, None] * inside).ravel()

    def values_at(self, profile: Floats, times: Floats) -> Floats:
        """Scaled states at some parts of the period, (times, states)."""
        interval = np.clip(np.searchsorted(self.mesh, times, "right") - 1, 0, len(self.mesh) - 2)
        inside = (times - self.mesh[interval]) / np.diff(self.mesh)[interval]
        nodes = np.arange(DEGREE + 1) / DEGREE
        basis = np.ones((len(times), DEGREE + 1))
        for i in range(DEGREE + 1):
            for j in range(DEGREE + 1):
                if i != j:
                    basis[:, i] *= (inside - nodes[j]) / (nodes[i] - nodes[j])
        return np.einsum("ti,tij->tj", basis, self.pieces(profile)[interval])

    # ------------------------------------------------------------------ equations

    def _field(self, at: Floats) -> Any:
        return self.problem.field.varied(self.problem.name, self.problem.parameter(at))

    def points(self, at: Floats) -> Floats:
        """States at the Gauss points, (intervals, points, states), in internal units."""
        return VALUES @ self.pieces(self.profile(at)) * self.problem.scale[:-1]

    @cached_property
    def _phase(self) -> Floats:
        """Derivative of the phase condition by the profile, (nodes, states)."""
        pieces = self.pieces(self.reference)
        weighted = np.einsum("k,ki,kl,jls->jis", WEIGHTS, VALUES, SLOPES, pieces)
        result = np.zeros((self.count + 1, self.size))
        first = DEGREE * np.arange(len(self.mesh) - 1)
        np.add.at(result, first[:, None] + np.arange(DEGREE + 1), weighted)
        result[0] += result[-1]
        return result[:-1] / max(float(np.linalg.norm(result[:-1])), 1e-300)

    def residual(self, at: Floats) -> Floats:
        """Equations at the Gauss points, then the phase."""
        profile, widths = self.profile(at), np.diff(self.mesh)[:, None, None]
        rates = self._field(at).rates(self.points(at)) / self.problem.scale[:-1]
        moving = SLOPES @ self.pieces(profile) - widths * self.period(at) * rates
        phase = np.sum(self._phase * (profile - self.reference))
        return np.append(moving.ravel(), phase)

    def _blocks(self, at: Floats) -> Floats:
        """Derivatives of each interval's equations by its nodes.

        Their shape is (intervals, points, states, nodes, states).
        """
        scale = self.problem.scale[:-1]
        slopes = self._field(at).slopes(self.points(at)) * scale / scale[:, None]
        blocks = (
            -np.diff(self.mesh)[:, None, None, None, None]
            * self.period(at)
            * (VALUES[None, :, None, :, None] * slopes[:, :, :, None, :])
        )
        same = np.arange(self.size)
        blocks[:, :, same, :, same] += SLOPES[None, None]
        return np.asarray(blocks)

    def derivative(self, at: Floats) -> Any:
        """Derivatives of the residual, sparse."""
        from scipy import sparse  # noqa: PLC0415

        problem, total = self.problem, self.count * self.size
        root, widths = np.sqrt(self.count), np.diff(self.mesh)[:, None, None]
        points, field = self.points(at), self._field(at)
        rates = field.rates(points) / problem.scale[:-1]
        by_period = -(widths * rates).ravel() * self.period(at)
        by_symbol = self.slopes_by(problem.name, at) * problem.scale[-1]
        rows, columns = _pattern(len(self.mesh) - 1, self.size)
        every, ones = np.arange(total), np.ones(total, dtype=int)
        return sparse.csc_array(
            (
                np.concatenate(
                    [
                        self._blocks(at).ravel() * root,
                        by_period,
                        by_symbol,
                        self._phase.ravel() * root,
                    ]
                ),
                (
                    np.concatenate([rows, every, every, total * ones]),
                    np.concatenate([columns, total * ones, (total + 1) * ones, every]),
                ),
            ),
            shape=(total + 1, total + 2),
        )

    def slopes_by(self, name: str, at: Floats) -> Floats:
        """Derivatives of the equations at the Gauss points by a symbol."""
        slopes = self._field(at).slopes_by(name, self.points(at)) / self.problem.scale[:-1]
        widths = np.diff(self.mesh)[:, None, None]
        return np.asarray(-(widths * self.period(at) * slopes).ravel())

    def transitions(self, at: Floats) -> Floats:
        """What each interval makes of small deviations, (intervals, states, states)."""
        blocks = self._blocks(at)
        intervals, size = len(blocks), self.size
        matrix = blocks.reshape(intervals, DEGREE * size, (DEGREE + 1) * size)
        passed = np.linalg.solve(matrix[:, :, size:], -matrix[:, :, :size])
        return np.asarray(passed[:, -size:])

    def multipliers(self, at: Floats) -> Any:
        """Floquet multipliers, the one closest to 1 first, the others by modulus."""
        values = product_eigenvalues(self.transitions(at))
        trivial = np.argmin(np.abs(values - 1.0))
        others = np.delete(values, trivial)
        order = np.lexsort((-others.imag, -np.abs(others)))
        return np.concatenate([values[trivial : trivial + 1], others[order]])

    # ------------------------------------------------------------------ following

    def amplitude(self, at: Floats) -> float:
        """Largest extent of a scaled state."""
        return float(np.max(np.ptp(self.profile(at), axis=0)))

    def _is_turned(self, at: Floats) -> bool:
        """Whether a small orbit is half a period ahead of the one before: beyond a Hopf point."""
        profile, before = self.profile(at), self.reference
        along = np.sum((profile - profile.mean(axis=0)) * (before - before.mean(axis=0)))
        return bool(along < 0.0)

    def reaches(self, at: Floats) -> str:
        """Why the branch ends before an orbit."""
        value = self.problem.parameter(at)
        low, high = self.problem.ends
        if not low <= value <= high:
            return "the end of the range"
        if self.amplitude(at) < self.smallest or self._is_turned(at):
            return SHRINKS
        if at[-2] > np.log(_LONGEST):
            return "the period grows without end: a homoclinic orbit"
        lowest = self.problem.lowest
        if np.any(
            self.profile(at) * self.problem.scale[:-1] < lowest - 1e-6 * self.problem.scale[:-1]
        ):
            return "it leaves the bounds of its states"
        return ""

    def adapted(self, point: Point) -> tuple[Collocation, Point]:
        """The phase is kept to this orbit; the mesh is moved every few steps."""
        here = replace(self, reference=self.profile(point.at), age=self.age + 1)
        return here.remeshed(point) if here.age >= 3 else (here, point)

    def remeshed(self, point: Point) -> tuple[Collocation, Point]:
        """The same orbit on a mesh that spreads its error evenly."""
        moved, guess = self.moved(point)
        place, _ = corrected(moved, guess.at, guess.tangent)
        return (self, point) if place is None else (moved, Point(place, guess.tangent))

    def moved(self, point: Point) -> tuple[Collocation, Point]:
        """The equations on a mesh that spreads the error of an orbit evenly, and it between nodes.

        Behind the profile the point may have any numbers.
        """
        profile = self.profile(point.at)
        density, error = self._density(profile)
        intervals = len(self.mesh) - 1
        if error > _TOLERANCE and intervals < _MOST:
            intervals = min(_MOST, int(1.5 * intervals))
        cumulated = np.concatenate([[0.0], np.cumsum(density * np.diff(self.mesh))])
        mesh = np.interp(np.linspace(0.0, cumulated[-1], intervals + 1), cumulated, self.mesh)
        mesh[0], mesh[-1] = 0.0, 1.0
        moved = replace(self, mesh=mesh, reference=np.zeros((DEGREE * intervals, self.size)), age=0)
        at, tangent = self.carried(moved, point.at), self.carried(moved, point.tangent)
        moved = replace(moved, reference=moved.profile(at))
        return moved, Point(at, tangent / np.linalg.norm(tangent))

    def carried(self, other: Collocation, at: Floats) -> Floats:
        """Numbers whose profile is between the nodes of another mesh."""
        profile = self.values_at(self.profile(at), other.times)
        rest = at[self.count * self.size :]
        return np.append(profile.ravel() / np.sqrt(other.count), rest)

    def _density(self, profile: Floats) -> tuple[Floats, float]:
        """How fine the mesh should be in each interval, and an estimate of the largest error."""
        widths = np.diff(self.mesh)
        highest = np.einsum("i,jis->js", _HIGHEST, self.pieces(profile)) / widths[:, None] ** DEGREE
        gaps = 0.5 * (widths + np.roll(widths, -1))
        jumps = np.abs(np.roll(highest, -1, axis=0) - highest) / gaps[:, None]
        fifth = np.max(0.5 * (jumps + np.roll(jumps, 1, axis=0)), axis=-1)
        density = fifth ** (1.0 / (DEGREE + 1))
        error = float(np.max(fifth * widths ** (DEGREE + 1))) / (2.0**DEGREE * 120.0)
        mean = float(np.sum(density * widths))
        return density + 0.05 * mean + 1e-12, error


@lru_cache(maxsize=8)
def _pattern(intervals: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the derivatives of all intervals' equations by their nodes."""
    j, k, i, node, state = np.indices((intervals, DEGREE, size, DEGREE + 1, size))
    rows = (j * DEGREE + k) * size + i
    columns = (j * DEGREE + node) % (DEGREE * intervals) * size + state
    return rows.ravel(), columns.ravel()


def product_eigenvalues(factors: Floats) -> Any:
    """Eigenvalues of a product of matrices, the last factor leftmost, small and large alike.

    They are powers of the eigenvalues of a matrix that has the factors, or products of a few of
    them, in a cycle; the product itself would lose the small ones in the rounding of the large.
    """
    blocks = _products(factors)
    count, size = blocks.shape[:2]
    cycle = np.zeros((count, size, count, size))
    for block, whole in enumerate(blocks):
        cycle[(block + 1) % count, :, block] = whole
    values = np.linalg.eigvals(cycle.reshape(count * size, -1)).astype(complex) ** count
    found = []
    while len(values):  # each eigenvalue is there as often as there are blocks
        largest = values[np.argmax(np.abs(values))]
        order = np.argsort(np.abs(values - largest))
        found.append(values[order[:count]].mean())
        values = values[order[count:]]
    return np.array(found)


def _products(factors: Floats) -> Floats:
    """Products of some factors each: as few as there can be without losing small eigenvalues."""
    count = 1
    while True:
        count = min(count, len(factors), _BLOCKS)
        parts = np.array_split(factors, count)
        blocks = np.array([_product(part) for part in parts])
        if count in (len(factors), _BLOCKS) or np.max(np.linalg.cond(blocks)) < _UNEVEN:
            return blocks
        count *= 2


def _product(factors: Floats) -> Floats:
    whole = np.eye(factors.shape[-1])
    for each in factors:
        whole = each @ whole
    return whole
