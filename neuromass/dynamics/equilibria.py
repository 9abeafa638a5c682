"""Equilibria of a model, all of them, and what happens near them.

A model whose equations at rest reduce to one equation for one unknown has a method
``_rest``, which gives all its solutions. What is here finds the roots, polishes them on the
declared equations, and reads the stability from the exact Jacobian of those.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief
from neuromass.expressions import Equations

__all__ = ["RestState", "at_rest", "jacobian", "positive_roots", "rest_states"]

Floats = NDArray[np.float64]

_NEUTRAL: Final = 1e-10
"""A real part this small against the largest eigenvalue is zero within rounding."""
_STEP: Final = 1e-30
"""Imaginary step of the Jacobian: nothing is subtracted, so it may be tiny."""


@dataclass(frozen=True, eq=False)
class RestState:
    """An equilibrium: all derivatives are zero.

    Each state is an attribute too: ``rest.r`` is ``rest.state["r"]``.

    Attributes
    ----------
    state : mapping
        The states as Quantities, by name; fit for ``initial=`` and, with two stars, `set`.
    kind : str
        ``"node"``, ``"focus"``, ``"saddle"``, ``"saddle-focus"``, ``"centre"``, or
        ``"degenerate"`` where an eigenvalue is zero.
    stability : str
        ``"stable"``, ``"unstable"`` or ``"neutral"``.
    eigenvalues : Quantity
        Eigenvalues of the Jacobian, complex, in 1/ms, the least stable first.
    """

    state: Mapping[str, Any]
    kind: str
    stability: str
    eigenvalues: Any

    @property
    def stable(self) -> bool:
        """Whether small deviations die out."""
        return self.stability == "stable"

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.state:
            return self.state[name]
        raise AttributeError(
            f"This equilibrium has no {brief(name)}; there is {', '.join(self.state)}."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.state]

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (dict(self.state), self.kind, self.stability, self.eigenvalues)
        return RestState, parts

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", MappingProxyType(dict(self.state)))

    def __repr__(self) -> str:
        values = (f"{name} = {value:.6g~P}".rstrip() for name, value in self.state.items())
        return f"<{self.stability} {self.kind}: {', '.join(values)}>"


def rest_states(population: Any, held: Mapping[str, Any]) -> Any:
    """All equilibria of a population at constant inputs.

    Parameters
    ----------
    population : Population
        Of a model with a method ``_rest``.
    held : mapping
        Value of every input, in internal units: a float, or an array over the lanes.

    Returns
    -------
    list
        Of `RestState`, in the order in which the model gives them; for a population with a
        shape, lists of these nested as the shape.

    Raises
    ------
    TypeError
        If the model changes the equations of the one that has ``_rest``.
    """
    found = _of_all_lanes(population, held)
    if not population.shape:
        return found[0]
    nested = np.empty(len(found), dtype=object)
    nested[:] = found
    return nested.reshape(population.shape).tolist()


def _of_all_lanes(population: Any, held: Mapping[str, Any]) -> list[list[RestState]]:
    cls, core = type(population), population.__system__()
    lanes = core.lanes
    solve = _solver(cls)
    columns = {name: core.spread(each) for name, each in core.parameters.items()}
    columns |= {name: np.broadcast_to(np.asarray(x, float), lanes) for name, x in held.items()}
    every = [{name: float(each[lane]) for name, each in columns.items()} for lane in range(lanes)]
    with np.errstate(over="ignore"):
        found = [list(solve(values)) for values in every]
    return [
        [_described(cls.model, each, values) for each in lane]
        for lane, values in zip(found, every, strict=True)
    ]


def at_rest(cls: Any, options: Mapping[str, Any]) -> Any:
    """A population that starts in its stable equilibrium of lowest rate.

    Parameters
    ----------
    cls : type
        A model with a method ``_rest``.
    options : mapping
        Keywords of the constructor; an ``initial`` among them stays as it is.
    """
    made = cls(**options)
    if "initial" in options:
        return made
    inputs = {name: each.default for name, each in cls.model.inputs.items()}
    found = _of_all_lanes(made, inputs)
    chosen = [next((each for each in lane if each.stable), lane[0]) for lane in found]
    initial = {
        name: np.reshape([each.state[name].magnitude for each in chosen], made.shape)
        * chosen[0].state[name].units
        for name in chosen[0].state
    }
    return cls(**{**options, "initial": initial})


def _solver(cls: Any) -> Callable[[Mapping[str, float]], Iterable[Mapping[str, float]]]:
    """The model's ``_rest``, unless the equations are no longer those that it solves."""
    home = next((base for base in cls.__mro__ if "_rest" in vars(base)), None)
    if home is None or cls.equations.identity() != home.equations.identity():
        raise TypeError(
            f"{cls.__name__} has equations of its own, whose equilibria are not known in closed "
            f"form; run it until it rests, or look for zeros of its derivatives."
        )
    return lambda values: home._rest(SimpleNamespace(**values))


def _described(model: Any, guess: Mapping[str, float], values: Mapping[str, float]) -> RestState:
    state = _polished(model.equations, guess, values)
    eigenvalues = np.linalg.eigvals(jacobian(model.equations, {**values, **state})).astype(complex)
    eigenvalues = eigenvalues[np.lexsort((-eigenvalues.imag, -eigenvalues.real))]
    kind, stability = _nature(eigenvalues)
    quantities = {name: model.measure(name).quantity(value) for name, value in state.items()}
    per_ms = units.measure("1/ms").quantity(eigenvalues)
    return RestState(quantities, kind, stability, per_ms)


def _nature(eigenvalues: Any) -> tuple[str, str]:
    """Kind and stability that the eigenvalues tell."""
    tiny = _NEUTRAL * np.max(np.abs(eigenvalues), initial=0.0)
    growing = eigenvalues.real > tiny
    resting = np.abs(eigenvalues.real) <= tiny
    turning = np.abs(eigenvalues.imag) > tiny
    stability = "unstable" if growing.any() else "neutral" if resting.any() else "stable"
    if (resting & ~turning).any():
        return "degenerate", stability
    if resting.any():
        return "centre", stability
    if growing.any() and not growing.all():
        return ("saddle-focus" if turning.any() else "saddle"), stability
    return ("focus" if turning.any() else "node"), stability


def _polished(
    equations: Equations, guess: Mapping[str, float], values: Mapping[str, float]
) -> dict[str, float]:
    """Newton steps on the declared equations, as long as they bring the derivatives down."""
    best, error = dict(guess), _residual(equations, {**values, **guess})
    for _ in range(4):
        slope = jacobian(equations, {**values, **best})
        try:
            step = np.linalg.solve(slope, _rates(equations, {**values, **best}))
        except np.linalg.LinAlgError:
            break
        moved = {name: best[name] - float(by) for name, by in zip(best, step, strict=True)}
        new = _residual(equations, {**values, **moved})
        if not new < error:
            break
        best, error = moved, new
    return best


def _rates(equations: Equations, values: Mapping[str, float]) -> Floats:
    return np.array(equations.evaluate(values)[: len(equations.states)], dtype=float)


def _residual(equations: Equations, values: Mapping[str, float]) -> float:
    return float(np.max(np.abs(_rates(equations, values))))


def jacobian(equations: Equations, values: Mapping[str, Any]) -> Floats:
    """The Jacobian of the declared equations, exact to rounding, by complex steps.

    Parameters
    ----------
    equations : Equations
        ``type(population).equations``; smooth functions only.
    values : mapping
        Value of each state, input and parameter, in internal units.

    Returns
    -------
    ndarray
        Derivatives of the rate of change of the first index's state by the second's, in
        internal units.
    """
    count = len(equations.states)
    result = np.empty((count, count))
    for column, name in enumerate(equations.states):
        moved = {**values, name: values[name] + 1j * _STEP}
        result[:, column] = np.imag(equations.evaluate(moved)[:count]) / _STEP
    return result


# -------------------------------------------------------------------- roots of polynomials


def positive_roots(coefficients: Iterable[float]) -> list[float]:
    """All real roots above zero of a polynomial, ascending.

    Between two neighbouring extrema a polynomial is monotone, so that bisection finds what
    root there is; the extrema are roots of the derivative, found in the same way.

    Parameters
    ----------
    coefficients : iterable of float
        From the constant term on.

    Returns
    -------
    list of float
    """
    terms = [float(each) for each in coefficients]
    while terms and terms[-1] == 0.0:
        terms.pop()
    while terms and terms[0] == 0.0:
        terms.pop(0)
    if len(terms) < 2:
        return []

    def value(x: float) -> float:
        total = 0.0
        for each in reversed(terms):
            total = total * x + each
        return total

    extrema = positive_roots(k * each for k, each in enumerate(terms[1:], 1))
    furthest = 1.0 + max(abs(each / terms[-1]) for each in terms[:-1])
    corners = [0.0, *(each for each in extrema if each < furthest), furthest]
    roots = [each for each in corners if value(each) == 0.0]
    roots += [
        _bisected(value, low, high)
        for low, high in pairwise(corners)
        if value(low) * value(high) < 0.0
    ]
    return sorted(roots)


def _bisected(function: Callable[[Any], Any], low: float, high: float) -> float:
    """The root between two points of different sign, to the last bit."""
    rising = function(high) > 0.0
    while low < (middle := 0.5 * (low + high)) < high:
        if (function(middle) > 0.0) == rising:
            high = middle
        else:
            low = middle
    return middle


# ---------------------------------------------------------------- roots of other functions

_SAMPLES: Final = 4001


def roots_between(function: Callable[[Any], Any], low: float, high: float) -> list[float]:
    """Roots of a smooth function in an interval, ascending, from 4001 samples of it.

    Where the samples approach zero and turn back, the turning point is looked for, so that a
    pair of roots between two samples is found too.

    Parameters
    ----------
    function : callable
        Of a float or an array.
    low, high : float
        The interval.
    """
    points = np.linspace(low, high, _SAMPLES)
    values = function(points)
    size = np.abs(values)
    turning = 1 + np.flatnonzero(
        (size[1:-1] <= size[:-2])
        & (size[1:-1] <= size[2:])
        & (values[1:-1] * values[:-2] > 0.0)
        & (values[1:-1] * values[2:] > 0.0)
    )
    extra = [_nearest_zero(function, points[i - 1], points[i + 1]) for i in turning]
    corners = np.unique([*points, *extra])
    values = np.asarray(function(corners))
    roots = list(corners[values == 0.0])
    changes = np.flatnonzero(values[1:] * values[:-1] < 0.0)
    roots += [_bisected(function, corners[i], corners[i + 1]) for i in changes]
    return sorted(float(each) for each in roots)


def _nearest_zero(function: Callable[[Any], Any], low: float, high: float) -> float:
    """Where, between two points, the modulus of the function is least."""
    sign = 1.0 if function(low) > 0.0 else -1.0
    for _ in range(60):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if sign * function(first) < sign * function(second):
            high = second
        else:
            low = first
    return 0.5 * (low + high)


# ------------------------------------------------------------------------ the QIF family


@dataclass(frozen=True)
class Steady:
    """What a steady rate entails in a QIF model; polynomials in y = tau r, or numbers.

    At rest, v = leak/2 - delta/(2 pi y), and
    v^2 - pull v + eta + I_ext + above/below - (pi y)^2 = 0.

    Attributes
    ----------
    above, below : Polynomial or float
        Numerator and denominator of what is added to eta; the denominator is positive.
    leak : Polynomial or float
        What tau dr/dt loses, over r.
    pull : Polynomial or float
        What tau dv/dt loses, over v.
    others : callable
        The steady states beside r and v, by name, at some y.
    """

    above: Any
    below: Any = 1.0
    leak: Any = 0.0
    pull: Any = 0.0
    others: Callable[[float], dict[str, float]] = lambda _: {}


def of_qif(p: Any, steady: Callable[[Any, Polynomial], Steady]) -> list[dict[str, float]]:
    """All equilibria of a QIF model, ascending in r.

    Parameters
    ----------
    p : object
        Parameters and inputs as attributes, in internal units.
    steady : callable
        Makes a `Steady` of `p` and the polynomial y.
    """
    y = Polynomial([0.0, 1.0])
    given = steady(p, y)
    x, drive = math.pi * y, p.eta + p.I_ext
    leak = given.leak + 0 * y
    twice = x * leak - p.delta  # 2 x v
    potential = twice**2 - 2 * x * given.pull * twice + 4 * x**2 * (drive - x**2)
    balance = potential * given.below + 4 * x**2 * given.above
    pairs = [
        (root, leak(root) / 2 - p.delta / (2 * math.pi * root))
        for root in positive_roots(balance.coef)
    ]
    if p.delta == 0.0 and drive <= 0.0:
        silent = [-math.sqrt(-drive), math.sqrt(-drive)][: 2 if drive else 1]
        pairs = [*((0.0, v) for v in silent), *pairs]
    return [{"r": at / p.tau, "v": v, **given.others(at)} for at, v in pairs]
