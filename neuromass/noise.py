"""Noise on inputs and states.

A source of noise is given for an input or a state when a population is made::

    nm.QIF(noise={"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms),
                  "v": nm.noise.White(0.1 / ms**0.5)}, seed=1)

Every lane and every source has a stream of its own, a function of the seed, the lane, the
source's name and the step alone. Noise on an input is common to all neurons of a
population: it is a fluctuating drive of the whole network, and does not model noise that
differs from neuron to neuron (which changes the mean field itself).
"""

from __future__ import annotations

import math
import secrets
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.declaration import Model
from neuromass.errors import brief, suggestion, whole_number
from neuromass.expressions import exact_operation
from neuromass.units import MS, Measure

__all__ = ["OrnsteinUhlenbeck", "White"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class White:
    """White noise.

    On a state y: dy = f dt + sigma dW, with `sigma` in the state's unit per square root of
    time, and the same increment in both stages of Heun's method. On an input: the value
    sigma N / sqrt(dt) held over each step, with `sigma` in the input's unit times the square
    root of time; refused for an input that enters the equations nonlinearly.

    Parameters
    ----------
    sigma : Quantity
        Strength; an array gives each lane its own.
    correlation : array, optional
        Correlations between the lanes, a matrix with ones on its diagonal; lanes are
        independent if left out. The covariance is sigma_i sigma_j correlation_ij.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1)
    """

    sigma: Any
    correlation: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", _kept(self.sigma))
        object.__setattr__(self, "correlation", _correlations(self.correlation))

    def __repr__(self) -> str:
        return f"White({_text(self.sigma)}{_correlated(self.correlation)})"


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck:
    """Coloured noise with an exponential autocovariance sigma^2 exp(-lag / tau).

    It is updated exactly, so that variance and correlation are right for every dt; it starts
    from its stationary distribution and is held over each step.

    Parameters
    ----------
    sigma : number or Quantity
        Standard deviation: in the unit of the input, or of the state's derivative.
    tau : Quantity
        Correlation time.
    correlation : array, optional
        Correlations between the lanes, as for `White`.

    References
    ----------
    Gillespie, Phys. Rev. E 54, 2084 (1996), doi:10.1103/PhysRevE.54.2084

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> drive = nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms)
    >>> pop = nm.QIF(noise={"I_ext": drive}, seed=1)
    """

    sigma: Any
    tau: Any
    correlation: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", _kept(self.sigma))
        object.__setattr__(self, "tau", _kept(self.tau))
        object.__setattr__(self, "correlation", _correlations(self.correlation))

    def __repr__(self) -> str:
        values = f"sigma={_text(self.sigma)}, tau={_text(self.tau)}"
        return f"OrnsteinUhlenbeck({values}{_correlated(self.correlation)})"


def _correlations(given: Any) -> Any:
    """A matrix of correlations, checked; a read-only copy."""
    if given is None:
        return None
    matrix = np.array(units.to_internal(given, units.DIMENSIONLESS, "correlation"), dtype=float)
    units.require_finite(matrix, "correlation")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"correlation must be a square matrix, not of the shape {matrix.shape}.")
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-12):
        raise ValueError("correlation must be symmetric; it is between lanes, both ways.")
    if not np.allclose(np.diag(matrix), 1.0, rtol=0.0, atol=1e-12):
        raise ValueError(
            "correlation must have ones on its diagonal; of a covariance S, sigma is the root of "
            "the diagonal and the correlation S / np.outer(sigma, sigma)."
        )
    factor_of(matrix)
    return _kept(matrix)


def _correlated(matrix: Any) -> str:
    return "" if matrix is None else f", correlation of {len(matrix)} lanes"


def factor_of(correlation: Floats) -> Floats:
    """The lower triangular factor that makes independent normals so correlated.

    Cholesky's, column by column; a column whose pivot vanishes is 0, so that matrices without
    full rank have a factor, too.
    """
    rest = np.array(correlation, dtype=float)
    factor = np.zeros_like(rest)
    smallest = 1e-10
    for j in range(len(rest)):
        pivot = rest[j, j]
        if pivot > smallest:
            factor[j:, j] = rest[j:, j] / math.sqrt(pivot)
            rest[j:, j:] -= np.outer(factor[j:, j], factor[j:, j])
        elif pivot < -smallest or np.max(np.abs(rest[j:, j])) > math.sqrt(smallest):
            least = float(np.min(np.linalg.eigvalsh(correlation)))
            raise ValueError(
                f"correlation must be positive semi-definite, and its smallest eigenvalue is "
                f"{least:.3g}: no noise is correlated so."
            )
    return factor


def _kept(value: Any) -> Any:
    """A value that its giver can no longer change: arrays as read-only copies."""
    units.refuse_foreign_units(value, "A strength or time of noise")
    if isinstance(value, (list, tuple)) and len(value):
        unit = units.measure_of(value[0])
        plain = units.to_internal(value, unit, "A strength or time of noise")
        return _kept(unit.quantity(plain) if unit.dimension else plain)
    if isinstance(value, np.ndarray):
        kept = value.copy()
        kept.flags.writeable = False
        return kept
    if units.is_quantity(value) and isinstance(getattr(value, "magnitude", None), np.ndarray):
        return type(value)(_kept(value.magnitude), value.units)
    return value


def _text(value: Any) -> str:
    measure = units.measure_of(value)
    plain = value.magnitude if units.is_quantity(value) else value
    return units.shown(measure.to_internal(np.asarray(plain, dtype=float)), measure)


_exp, _expm1 = exact_operation("exp"), exact_operation("expm1")
"""One number at a time, so that a lane and the population that is its twin have the same."""


@dataclass(frozen=True)
class Resolved:
    """A source of noise on a declared name, in internal units.

    Attributes
    ----------
    target : str
        The input or state.
    on_input, coloured : bool
        Whether the target is an input, and whether the noise is Ornstein-Uhlenbeck.
    sigma, tau : float or ndarray
        Strength and, for coloured noise, correlation time.
    factor : ndarray or None
        What makes the normals of the lanes correlated, see `factor_of`.
    """

    target: str
    on_input: bool
    coloured: bool
    sigma: Any
    tau: Any
    factor: Any = None

    def fingerprint(self) -> tuple[Any, ...]:
        """What is equal exactly for noise of the same kind and strength."""
        parts = (self.sigma, self.tau, self.factor)
        numbers = (None if each is None else np.asarray(each).tolist() for each in parts)
        return self.target, self.on_input, self.coloured, *map(repr, numbers)

    def coefficients(self, dt: float) -> list[Any]:
        """Rows of what a kernel multiplies normals with, for a step of `dt`."""
        if not self.coloured:
            return [self.sigma / np.sqrt(dt) if self.on_input else self.sigma * np.sqrt(dt)]
        decay = _exp(-dt / self.tau)
        return [decay, self.sigma * np.sqrt(-_expm1(-2.0 * dt / self.tau)), self.sigma]


def resolve(model: Model, noise: Any) -> tuple[Resolved, ...]:
    """Check the noise given to a population, in the order of the model's states and inputs."""
    if noise is None:
        return ()
    if not hasattr(noise, "items"):
        raise TypeError(
            f"noise maps names to sources, for example {{'{next(iter(model.states))}': "
            f"nm.noise.White(...)}}; it was given as {type(noise).__name__}."
        )
    targets = {**model.states, **model.inputs}
    for name in noise:
        if name not in targets:
            raise ValueError(
                f"noise[{brief(name)}]: {model.name} has no such state or input"
                f"{suggestion(name, targets)}"
            )
    return tuple(_resolved(model, name, noise[name]) for name in targets if name in noise)


def _resolved(model: Model, name: str, source: Any) -> Resolved:
    on_input = name in model.inputs
    where = f"noise[{brief(name)}]"
    unit = model.measure(name)
    if isinstance(source, White):
        if on_input and model.equations.written is not None:
            raise ValueError(
                f"{where}: the equations of {model.name} cannot be read, so that {name} may enter "
                f"them nonlinearly, where white noise has no meaning; use OrnsteinUhlenbeck with "
                f"a short tau."
            )
        if on_input and model.equations.degree(name) > 1:
            raise ValueError(
                f"{where}: {name} enters the equations nonlinearly, where white noise has no "
                f"meaning; use OrnsteinUhlenbeck with a short tau."
            )
        unit = unit.combined(MS, Fraction(1, 2) if on_input else Fraction(-1, 2))
        sigma = _strength(source.sigma, unit, f"{where}.sigma")
        return Resolved(name, on_input, False, sigma, None, _factor(source))
    if isinstance(source, OrnsteinUhlenbeck):
        unit = unit if on_input else _per_time(unit)
        sigma = _strength(source.sigma, unit, f"{where}.sigma")
        return Resolved(name, on_input, True, sigma, _time_of(source, where), _factor(source))
    raise TypeError(f"{where} must be White or OrnsteinUhlenbeck, not {type(source).__name__}.")


def _time_of(source: OrnsteinUhlenbeck, where: str) -> Any:
    tau = units.to_internal(source.tau, MS, f"{where}.tau", 10.0)
    units.require_finite(tau, f"{where}.tau")
    if np.min(tau, initial=np.inf) <= 0.0 or np.size(tau) == 0:
        raise ValueError(f"{where}.tau must be positive.")
    return tau


def _factor(source: Any) -> Any:
    return None if source.correlation is None else factor_of(source.correlation)


def _per_time(unit: Measure) -> Measure:
    return unit.combined(MS, -1)


def _strength(value: Any, unit: Measure, name: str) -> Any:
    sigma = units.to_internal(value, unit, name, 0.1)
    units.require_finite(sigma, name)
    if np.size(sigma) == 0:
        raise ValueError(f"{name} is empty.")
    if np.min(sigma) < 0.0:
        raise ValueError(f"{name} must not be negative.")
    return sigma


def take_seed(seed: Any) -> int:
    """A seed as given, or a drawn one."""
    if seed is None:
        return secrets.randbits(31)
    number = whole_number(seed, "seed")
    if not 0 <= number < 2**63:
        raise ValueError(f"seed must lie between 0 and 2**63 - 1, and {number} does not.")
    return number


def number_of(name: str) -> int:
    """The 32-bit number under which a source of noise draws."""
    return zlib.crc32(name.encode())


def on_dimensionless_input(source: Any, where: str) -> Resolved | None:
    """Noise on an input without a unit that no model declares, checked; None if there is none."""
    if source is None:
        return None
    if isinstance(source, White):
        unit = units.DIMENSIONLESS.combined(MS, Fraction(1, 2))
        found = Resolved(where, True, False, _strength(source.sigma, unit, f"{where}.sigma"), None)
    elif isinstance(source, OrnsteinUhlenbeck):
        sigma = _strength(source.sigma, units.DIMENSIONLESS, f"{where}.sigma")
        found = Resolved(where, True, True, sigma, _time_of(source, where))
    else:
        raise TypeError(f"{where} must be White or OrnsteinUhlenbeck, not {brief(source)}.")
    if source.correlation is not None or np.ndim(found.sigma) or np.ndim(found.tau or 0.0):
        raise ValueError(f"{where} is alike and independent for all neurons: one sigma and tau.")
    return found
