"""What the equations look like at a special point: coefficients of normal forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Slopes = Callable[[Floats], Floats]
"""From points, (..., numbers), to Jacobians, (..., numbers, numbers)."""

_STEP: Final = 2e-3
"""Step of differences of fourth order, where 1 is large."""


def turning_pair(slopes: Floats) -> tuple[float, Any, Any]:
    """The complex pair of eigenvalues closest to the imaginary axis.

    Returns
    -------
    omega : float
        Its positive imaginary part.
    q, p : ndarray
        Right and left eigenvector, with ``vdot(q, q) = vdot(p, q) = 1``.
    """
    values, left, right = _eigenvectors(slopes)
    turning = np.flatnonzero(values.imag > 0.0)
    index = turning[np.argmin(np.abs(values[turning].real))]
    q, p = right[:, index], left[:, index]
    q = q / np.linalg.norm(q)
    return float(values[index].imag), q, p / np.conj(np.vdot(p, q))


def _eigenvectors(slopes: Floats) -> tuple[Any, Any, Any]:
    from scipy.linalg import eig  # noqa: PLC0415

    values, left, right = eig(slopes, left=True, right=True)
    return values, left, right


def first_lyapunov(slopes: Slopes, at: Floats) -> float:
    """First Lyapunov coefficient at a Hopf point.

    Its sign says whether the cycles that begin there are stable (negative: supercritical). See
    Yu. A. Kuznetsov, Elements of Applied Bifurcation Theory, section 5.4,
    https://doi.org/10.1007/978-1-4757-3978-7.

    Parameters
    ----------
    slopes : callable
        The Jacobian at any states.
    at : ndarray
        The states at the Hopf point.
    """
    here = slopes(at)
    omega, q, p = turning_pair(here)
    conjugate, real, imaginary = np.conj(q), np.real(q).copy(), np.imag(q).copy()
    by_q = second(slopes, at, real) + 1j * second(slopes, at, imaginary)
    steady = np.linalg.solve(here, np.real(by_q @ conjugate))
    doubled = np.linalg.solve(2j * omega * np.eye(len(at)) - here, by_q @ q)
    by_conjugate = np.conj(by_q)
    cubic = (third(slopes, at, real) + third(slopes, at, imaginary)) @ q
    parts = cubic - 2.0 * by_q @ steady + by_conjugate @ doubled
    return float(np.real(np.vdot(p, parts)) / (2.0 * omega))


def second(slopes: Slopes, at: Floats, along: Floats) -> Floats:
    """Derivative of a Jacobian in a direction, by differences of fourth order."""
    near, far, step = _across(slopes, at, along)
    change: Floats = (8.0 * (near[0] - near[1]) - (far[0] - far[1])) / (12.0 * step)
    return change


def third(slopes: Slopes, at: Floats, along: Floats) -> Floats:
    """Second derivative of a Jacobian in a direction, by differences of fourth order."""
    near, far, step = _across(slopes, at, along)
    change = 16.0 * (near[0] + near[1]) - (far[0] + far[1]) - 30.0 * slopes(at)
    return np.asarray(change / (12.0 * step**2))


def _across(slopes: Slopes, at: Floats, along: Floats) -> tuple[Any, Any, float]:
    felt = np.abs(at) > 1e-6  # what is large is not known of states that are zero
    whole = float(np.max(np.abs(along)))
    size = float(np.max(np.abs(along), where=felt, initial=0.0))
    step = _STEP / max(size if size > 1e-6 * whole else whole, 1e-300)
    found = slopes(at + np.array([1.0, -1.0, 2.0, -2.0])[:, None] * step * along)
    return found[:2], found[2:], step
