"""Equations of equilibria with an eigenvalue of real part zero, in two parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.follow import Point
from neuromass.analysis.problem import OUT_OF_RANGE, Linearised
from neuromass.dynamics.equilibria import lowest_numbers
from neuromass.dynamics.field import Field

Floats = NDArray[np.float64]

_STEP: Final = 1e-5
"""Step of central differences, where 1 is large."""
DOUBLE_ZERO: Final = "a Bogdanov-Takens point"
"""Where curves of Hopf points end."""
ZERO: Final = 1e-30
"""Square of a frequency that is as good as zero."""


@dataclass(frozen=True)
class Critical(Linearised):
    """Equations of equilibria with an eigenvalue of real part zero, in two symbols.

    The numbers are the states and the two symbols, each divided by what is large for it, and for
    Hopf points the square of the frequency by that of the first one. That the Jacobian, less the
    eigenvalue, is singular is one equation: the last number of the solution of a bordered system
    (W. Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria, 2000,
    https://doi.org/10.1137/1.9780898719543).

    Attributes
    ----------
    field : Field
        The field.
    names : tuple of str
        The symbols.
    ends : tuple
        The range of each.
    scale : ndarray
        What is large, for each state and the symbols.
    border : tuple of ndarray
        Real vectors with a part along the left and the right eigenvector.
    clock : float
        Frequency (an angle per ms) by which that of a Hopf point is divided; 0 for folds.
    """

    field: Field
    names: tuple[str, str]
    ends: tuple[tuple[float, float], tuple[float, float]]
    scale: Floats
    border: tuple[Any, Any]
    clock: float

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.scale) - 2

    def parameters(self, at: Floats) -> dict[str, Any]:
        """What varies, by name, in internal units."""
        values = (at[..., self.size + i] * self.scale[self.size + i] for i in range(2))
        return dict(zip(self.names, values, strict=True))

    def field_at(self, at: Floats) -> Field:
        """The field at the symbols' values of a point."""
        field = self.field
        for name, value in self.parameters(at).items():
            field = field.varied(name, value)
        return field

    def scaled_slopes(self, at: Floats) -> Floats:
        """The Jacobian in scaled states."""
        scale = self.scale[:-2]
        return self.field_at(at).slopes(self.states(at)) * scale / scale[:, None]

    # ------------------------------------------------------------------ equations

    def shifted(self, at: Floats, eigenvalue: Any) -> Any:
        """What is singular at an eigenvalue: the Jacobian in scaled states less the eigenvalue."""
        slopes = self.scaled_slopes(at)
        return slopes - np.asarray(eigenvalue)[..., None, None] * np.eye(self.size)

    def pairing(self, at: Floats, left: Floats, right: Floats) -> float:
        """Product of the null vectors of a fold, zero where the eigenvalue zero is double."""
        return float(left @ right)

    def _bordered(self, shifted: Any) -> Any:
        """Solutions of the bordered systems; the last number is zero at the eigenvalue."""
        size = self.size
        matrix = np.zeros((*shifted.shape[:-2], size + 1, size + 1), dtype=complex)
        matrix[..., :size, :size] = shifted
        matrix[..., :size, size] = self.border[0]
        matrix[..., size, :size] = self.border[1]
        right = np.zeros((*matrix.shape[:-1], 1))
        right[..., size, 0] = 1.0
        return np.linalg.solve(matrix, right)[..., 0]

    def _conditions(self, at: Floats) -> Floats:
        """What is zero where the eigenvalue is one: (..., 1) for folds, (..., 2) for Hopf."""
        if not self.clock:
            return np.real(self._bordered(self.shifted(at, np.zeros(at.shape[:-1])))[..., -1:])
        omega = self.clock * np.sqrt(np.maximum(np.abs(at[..., -1]), ZERO))
        turning, growing, falling = (
            self._bordered(self.shifted(at, way * omega))[..., -1] for way in (1j, 1.0, -1.0)
        )
        inside = at[..., -1] >= 0.0  # beyond, a pair of real eigenvalues adds up to zero
        even = np.where(inside, turning.real, 0.5 * (growing + falling).real)
        odd = np.where(inside, turning.imag, 0.5 * (growing - falling).real) / omega
        return np.stack([even, self.clock * odd], axis=-1)

    def residual(self, at: Floats) -> Floats:
        """Rates of change, then the conditions."""
        rates = self.field_at(at).rates(self.states(at)) / self.scale[:-2]
        return np.append(rates, self._conditions(at))

    def derivative(self, at: Floats) -> Floats:
        """Derivatives of the residual; of the conditions by differences."""
        field, states = self.field_at(at), self.states(at)
        columns = [field.slopes(states)]
        columns += [field.slopes_by(name, states)[:, None] for name in self.names]
        rates = np.concatenate(columns, axis=1) * self.scale / self.scale[:-2, None]
        rates = np.pad(rates, ((0, 0), (0, len(at) - len(self.scale))))
        steps = _STEP * np.eye(len(at))
        change = self._conditions(at + steps) - self._conditions(at - steps)
        return np.vstack([rates, change.T / (2.0 * _STEP)])

    def reaches(self, at: Floats) -> str:
        """Why the curve ends before a point."""
        for value, (low, high) in zip(self.parameters(at).values(), self.ends, strict=True):
            if not low <= value <= high:
                return OUT_OF_RANGE
        if np.any(self.states(at) < lowest_numbers(self.field) - 1e-9 * self.scale[:-2]):
            return "it leaves the bounds of its states"
        if self.clock and at[-1] < 0.0:
            return DOUBLE_ZERO
        if np.max(np.abs(at)) > 1e4:
            return "it grows without end"
        return ""

    def vectors(self, at: Floats) -> tuple[Any, Any]:
        """Left and right eigenvector to the eigenvalue, of length 1, in scaled states."""
        omega = self.clock * np.sqrt(max(float(at[-1]), 0.0)) if self.clock else 0.0
        shifted = self.shifted(at, 1j * omega)
        right = self._bordered(shifted)[:-1]
        turned = replace(self, border=self.border[::-1])
        left = turned._bordered(shifted.conj().T)[:-1]
        right, left = right / np.linalg.norm(right), left / np.linalg.norm(left)
        if self.clock:
            return left, right
        return np.real(left), np.real(right)

    def adapted(self, point: Point) -> tuple[Critical, Point]:
        """The borders follow the null vectors."""
        left, right = self.vectors(point.at)
        return replace(self, border=(real_part(left), real_part(right))), point


def real_part(vector: Any) -> Floats:
    """The longest real part that a complex vector has when it is turned, of length 1."""
    turned = np.real(vector * np.exp(-0.5j * np.angle(np.sum(vector * vector))))
    return np.asarray(turned / np.linalg.norm(turned))
