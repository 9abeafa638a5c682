"""Polynomials with coefficients that differ from lane to lane, and all their real roots."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Polynomial:
    """A polynomial for each lane.

    Parameters
    ----------
    coefficients : array
        (degree + 1, lanes), from the constant term on.
    """

    __array_ufunc__ = None  # an array times a polynomial is one of these

    def __init__(self, coefficients: ArrayLike) -> None:
        self.coefficients: Floats = np.atleast_2d(np.asarray(coefficients, dtype=float))

    @classmethod
    def unknown(cls, lanes: int) -> Polynomial:
        """The polynomial x."""
        return cls(np.stack([np.zeros(lanes), np.ones(lanes)]))

    def __call__(self, x: Any) -> Any:
        """Values at some x, which goes with the lanes."""
        total = np.zeros_like(np.broadcast_arrays(x, self.coefficients[0])[0], dtype=float)
        for each in self.coefficients[::-1]:
            total = total * x + each
        return total

    def __add__(self, other: Any) -> Polynomial:
        mine, theirs = self.coefficients, _coefficients(other, self.coefficients.shape[1])
        result = np.zeros((max(len(mine), len(theirs)), mine.shape[1]))
        result[: len(mine)] += mine
        result[: len(theirs)] += theirs
        return Polynomial(result)

    def __mul__(self, other: Any) -> Polynomial:
        mine, theirs = self.coefficients, _coefficients(other, self.coefficients.shape[1])
        result = np.zeros((len(mine) + len(theirs) - 1, mine.shape[1]))
        for power, each in enumerate(theirs):
            result[power : power + len(mine)] += mine * each
        return Polynomial(result)

    def __pow__(self, power: int) -> Polynomial:
        result = self
        for _ in range(power - 1):
            result = result * self
        return result

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Polynomial:
        return self * -1.0

    def __sub__(self, other: Any) -> Polynomial:
        return self + (-1.0 * other)

    def __rsub__(self, other: Any) -> Polynomial:
        return -self + other

    def __truediv__(self, other: Any) -> Polynomial:
        return self * (1.0 / other)

    def derivative(self) -> Polynomial:
        """The derivative by x."""
        powers = np.arange(1, len(self.coefficients))[:, None]
        return Polynomial(powers * self.coefficients[1:])

    def positive_roots(self) -> Floats:
        """All real roots above zero, ascending, (degree, lanes); NaN where there are no more.

        Between two neighbouring extrema a polynomial is monotone, so that bisection finds what
        root there is; the extrema are roots of the derivative, found in the same way. A root
        at which the polynomial only touches zero is found if it is an extremum to the last bit.
        """
        degree, lanes = len(self.coefficients) - 1, self.coefficients.shape[1]
        if degree < 1:
            return np.full((0, lanes), np.nan)
        extrema = self.derivative().positive_roots()
        furthest = self._beyond_all_roots()
        inner = np.where(extrema < furthest, extrema, np.nan)
        corners = np.concatenate([np.zeros((1, lanes)), inner, furthest[None]])
        corners = np.sort(corners, axis=0)  # NaN last
        values = self(corners)
        exact = np.where((values == 0.0) & (corners > 0.0), corners, np.nan)
        low, high = corners[:-1], corners[1:]
        crossing = values[:-1] * values[1:] < 0.0
        crossing |= (values[:-1] == 0.0) & (low == 0.0) & (values[1:] != 0.0)
        found = self._bisected(low, high, crossing)
        roots = np.sort(np.concatenate([found, exact]), axis=0)
        repeated = np.zeros_like(roots, dtype=bool)
        repeated[1:] = roots[1:] == roots[:-1]
        return np.sort(np.where(repeated, np.nan, roots), axis=0)[:degree]

    def real_roots(self) -> Floats:
        """All real roots, ascending, (degree, lanes); NaN where there are no more."""
        signs = (-1.0) ** np.arange(len(self.coefficients))[:, None]
        below = -Polynomial(signs * self.coefficients).positive_roots()
        none = np.all(self.coefficients == 0.0, axis=0)
        at_zero = np.where((self.coefficients[0] == 0.0) & ~none, 0.0, np.nan)[None]
        found = np.concatenate([below, at_zero, self.positive_roots()])
        return np.sort(found, axis=0)[: len(self.coefficients) - 1]

    def _side_of_zero(self) -> Floats:
        """The sign just above zero."""
        signs = np.sign(self.coefficients)
        first = np.argmax(signs != 0.0, axis=0)
        return np.asarray(np.take_along_axis(signs, first[None], axis=0)[0])

    def _beyond_all_roots(self) -> Floats:
        """Cauchy's bound for each lane."""
        size = np.abs(self.coefficients)
        last = len(size) - 1 - np.argmax(size[::-1] > 0.0, axis=0)
        leading = np.take_along_axis(size, last[None], axis=0)[0]
        with np.errstate(all="ignore"):
            bound = 1.0 + np.max(size, axis=0) / leading
        return np.where(leading > 0.0, bound, 1.0)

    def _bisected(self, low: Floats, high: Floats, crossing: NDArray[np.bool_]) -> Floats:
        """Roots between two points of different sign, to the last bit."""
        low, high = np.where(crossing, low, np.nan), np.where(crossing, high, np.nan)
        end = np.sign(self(high))
        start = np.where(low == 0.0, self._side_of_zero(), np.sign(self(low)))
        low = np.where(start * end < 0.0, low, np.nan)
        for _ in range(1100):
            middle = 0.5 * (low + high)
            inside = (low < middle) & (middle < high)
            if not inside.any():
                break
            above = np.sign(self(middle)) == end
            high = np.where(inside & above, middle, high)
            low = np.where(inside & ~above, middle, low)
        return np.where(np.isnan(low), np.nan, 0.5 * (low + high))


def _coefficients(value: Any, lanes: int) -> Floats:
    if isinstance(value, Polynomial):
        return value.coefficients
    return np.broadcast_to(np.asarray(value, dtype=float), (1, lanes))
