"""Equations of equilibria, folds and Hopf points of networks with delays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.characteristic import (
    characteristic,
    characteristic_roots,
    characteristic_slope,
    padded,
    turning_root,
)
from neuromass.analysis.critical import Critical
from neuromass.analysis.problem import Equilibrate, is_delay
from neuromass.dynamics.field import Field

Floats = NDArray[np.float64]

_STEP: Final = 1e-2
"""Step of differences, where 1 is large."""


def has_delays(field: Field, *varied: str) -> bool:
    """Whether the past of a system matters, now or when some symbols vary."""
    return field.longest_delay > 0.0 or any(map(is_delay, varied))


def delayed_lyapunov(
    field: Any, at: Floats, scale: Floats, turning: tuple[float, Any, Any]
) -> float:
    """First Lyapunov coefficient at a Hopf point, given its frequency and null vectors.

    See T. Faria and L. T. Magalhães, J. Differ. Equ. 122, 181 (1995), doi:10.1006/jdeq.1995.1144;
    here by the expansion of the centre manifold, with derivatives of the rates by differences.
    """
    omega, q, p = turning
    p = p / np.conj(np.vdot(p, characteristic_slope(field, at, 1j * omega, scale) @ q))
    forms = _Forms(field, at, scale)
    wave = _Wave(q, omega)
    doubled = characteristic(field, at, 2j * omega, scale)
    doubled = _Wave(np.linalg.solve(doubled, forms.bilinear(wave, wave)), 2.0 * omega)
    steady = characteristic(field, at, 0.0, scale)
    steady = _Wave(np.linalg.solve(steady, forms.bilinear(wave, wave.conjugate())), 0.0)
    parts = (
        forms.cubic(wave)
        + 2.0 * forms.bilinear(wave, steady)
        + forms.bilinear(wave.conjugate(), doubled)
    )
    return float(np.real(np.vdot(p, parts)) / (2.0 * omega))


@dataclass(frozen=True, eq=False)
class _Wave:
    """Deviations that go as exp(i omega t), now and in the past."""

    amplitude: Any
    omega: float

    def before(self, delay: float) -> Any:
        """What they were some time ago."""
        return self.amplitude * np.exp(-1j * self.omega * delay)

    def conjugate(self) -> _Wave:
        """The same, turning the other way."""
        return _Wave(np.conj(self.amplitude), -self.omega)


Real = Callable[[float], Floats]
"""From a time ago to real deviations."""


@dataclass(frozen=True, eq=False)
class _Forms:
    """Second and third derivatives of scaled rates along deviations, by differences."""

    field: Any
    at: Floats
    scale: Floats

    def _rates(self, along: Real, parts: Floats) -> Floats:
        """Scaled rates at some multiples of deviations."""
        place = lambda delay: self.at + parts[:, None] * along(delay) * self.scale
        rates: Floats = self.field.rates(place(0.0), place) / self.scale
        return rates

    def _second(self, along: Real) -> Floats:
        weights = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / (12.0 * _STEP**2)
        return weights @ self._rates(along, _STEP * np.arange(-2.0, 3.0))

    def _third(self, along: Real) -> Floats:
        weights = np.array([1.0, -8.0, 13.0, 0.0, -13.0, 8.0, -1.0]) / (8.0 * _STEP**3)
        return weights @ self._rates(along, _STEP * np.arange(-3.0, 4.0))

    def _mixed(self, one: Real, other: Real) -> Floats:
        return 0.25 * (
            self._second(lambda d: one(d) + other(d)) - self._second(lambda d: one(d) - other(d))
        )

    def bilinear(self, first: _Wave, second: _Wave) -> Any:
        """Second derivative along two waves."""
        a, b = (lambda d: first.before(d).real), (lambda d: first.before(d).imag)
        c, e = (lambda d: second.before(d).real), (lambda d: second.before(d).imag)
        real = self._mixed(a, c) - self._mixed(b, e)
        return real + 1j * (self._mixed(a, e) + self._mixed(b, c))

    def cubic(self, wave: _Wave) -> Any:
        """Third derivative along a wave, the wave, and its conjugate."""
        a, b = (lambda d: wave.before(d).real), (lambda d: wave.before(d).imag)
        both, apart = self._third(lambda d: a(d) + b(d)), self._third(lambda d: a(d) - b(d))
        first, second = self._third(a), self._third(b)
        real = first + (both + apart - 2.0 * first) / 6.0
        return real + 1j * (second + (both - apart - 2.0 * second) / 6.0)


# --------------------------------------------------------------------------- equations


@dataclass(frozen=True, eq=False)
class DelayedEquilibrate(Equilibrate):
    """Equilibria of a network with delays: where they are is not changed by these."""

    def eigenvalues(self, at: Floats) -> Any:
        """Characteristic roots, the rightmost first."""
        if at.ndim == 1:
            return characteristic_roots(self.field_at(at), self.states(at), self.scale[:-1])
        return padded([self.eigenvalues(each) for each in at])

    def turning(self, at: Floats) -> tuple[float, Any, Any]:
        """The pair of roots closest to the imaginary axis; see `turning_root`."""
        return turning_root(self.field_at(at), self.states(at), self.scale[:-1])

    def lyapunov_coefficient(self, at: Floats) -> float:
        """First Lyapunov coefficient at a Hopf point."""
        field, states = self.field_at(at), self.states(at)
        return delayed_lyapunov(field, states, self.scale[:-1], self.turning(at))


@dataclass(frozen=True)
class DelayedCritical(Critical):
    """Folds and Hopf points of a network with delays, in two symbols."""

    def shifted(self, at: Floats, eigenvalue: Any) -> Any:
        """What is singular at a root: the characteristic matrix in scaled states."""
        field, states = self.field_at(at), self.states(at)
        return -characteristic(field, states, eigenvalue, self.scale[:-2])

    def pairing(self, at: Floats, left: Floats, right: Floats) -> float:
        """Product of the null vectors of a fold, zero where the root zero is double."""
        field, states = self.field_at(at), self.states(at)
        slope = characteristic_slope(field, states, 0.0, self.scale[:-2])
        return float(left @ slope @ right)

    def eigenvalues(self, at: Floats) -> Any:
        """Characteristic roots, the rightmost first."""
        return characteristic_roots(self.field_at(at), self.states(at), self.scale[:-2])

    def turning(self, at: Floats) -> tuple[float, Any, Any]:
        """Frequency and null vectors of a Hopf point."""
        left, right = self.vectors(at)
        return self.clock * float(np.sqrt(max(at[-1], 0.0))), right, left

    def lyapunov_coefficient(self, at: Floats) -> float:
        """First Lyapunov coefficient at a Hopf point."""
        field, states = self.field_at(at), self.states(at)
        return delayed_lyapunov(field, states, self.scale[:-2], self.turning(at))
