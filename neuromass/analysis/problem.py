"""What is analysed: a system's vector field at constant inputs, and what varies in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.follow import Point
from neuromass.analysis.normal_forms import Slopes, first_lyapunov, turning_pair
from neuromass.dynamics.equilibria import lowest_numbers
from neuromass.dynamics.field import Field
from neuromass.errors import brief, suggestion
from neuromass.simulation.system import system_of
from neuromass.units import Measure

Floats = NDArray[np.float64]


def symbol(field: Field, name: Any) -> str:
    """The name of what is varied, checked."""
    if not isinstance(name, str) or name not in field.symbols:
        near = suggestion(name, field.symbols) if isinstance(name, str) else ""
        raise ValueError(f"parameter: the system has no {brief(name)} that can be varied{near}")
    return name


def span(values: Any, measure: Measure, name: str) -> tuple[float, float]:
    """The ends of the range of a parameter, in internal units."""
    try:
        first, last = values
    except (TypeError, ValueError):
        raise ValueError(f"The range of {name} is a pair, (lowest, highest).") from None
    ends = [units.to_internal(each, measure, f"The range of {name}") for each in (first, last)]
    if is_delay(name) and min(ends) < 0.0:
        raise ValueError(f"The range of {name} begins below zero, and a delay cannot.")
    for each in ends:
        units.require_finite(each, f"The range of {name}")
    if not ends[0] < ends[1]:
        raise ValueError(f"The range of {name} ascends, from the lowest to the highest value.")
    return float(ends[0]), float(ends[1])


def is_delay(name: str) -> bool:
    """Whether a symbol is the delay of a connection."""
    return "->" in name and name.endswith(".delay")


def require_inside(field: Field, name: str, value: float, ends: tuple[float, float]) -> None:
    """Refuse a beginning that lies outside of the range."""
    if not ends[0] <= value <= ends[1]:
        shown = f"{field.symbols[name].quantity(value):.6g~P}".rstrip()
        raise ValueError(f"{name} is {shown} at the beginning, outside of the range.")


def field_of(system: Any, inputs: Any, what: str, *, delays: bool = False) -> Field:
    """The vector field of a population or network at constant inputs."""
    found = system_of(system, what)
    field: Field = found.field(inputs)
    if not delays:
        refuse_delays(field, what)
    return field


def refuse_delays(field: Field, what: str) -> None:
    """Refuse a network of which the past is a part of the state."""
    if field.longest_delay > 0.0:
        raise ValueError(
            f"{what}: the network has delays, up to {field.longest_delay:g} ms, and this takes "
            f"systems without. With delays there are roots, continuation and curve."
        )


class Linearised(ABC):
    """What follows from the Jacobian at a point of a branch or curve.

    A point has the scaled states first, and what varies behind them.
    """

    scale: Floats

    @property
    @abstractmethod
    def size(self) -> int:
        """How many states there are."""

    @abstractmethod
    def field_at(self, at: Floats) -> Field:
        """The field at the values of a point."""

    def states(self, at: Floats) -> Floats:
        """States out of scaled numbers."""
        return at[..., : self.size] * self.scale[: self.size]

    def output(self, name: str, at: Floats) -> Floats:
        """An output at some points, in internal units."""
        return self.field_at(at).output(name, self.states(at))

    def local(self, at: Floats) -> tuple[Slopes, Floats]:
        """The Jacobian in scaled states at the values of a point, and its states."""
        field, scale = self.field_at(at), self.scale[: self.size]
        slopes = lambda states: field.slopes(states * scale) * scale / scale[:, None]
        return slopes, at[: self.size]

    def eigenvalues(self, at: Floats) -> Any:
        """Eigenvalues of the Jacobian, the least stable first."""
        return ordered_eigenvalues(self.field_at(at).slopes(self.states(at)))

    def turning(self, at: Floats) -> tuple[float, Any, Any]:
        """The pair of eigenvalues closest to the imaginary axis; see `turning_pair`."""
        slopes, states = self.local(at)
        return turning_pair(slopes(states))

    def lyapunov_coefficient(self, at: Floats) -> float:
        """First Lyapunov coefficient at a Hopf point."""
        return first_lyapunov(*self.local(at))


@dataclass(frozen=True, eq=False)
class Equilibrate(Linearised):
    """Equations of the equilibria of a field while a symbol varies.

    The numbers are the states and then the symbol, each divided by what is large for it.

    Attributes
    ----------
    field : Field
        The field.
    name : str
        The symbol.
    ends : tuple of float
        Its range.
    scale : ndarray
        What is large, for each state and the symbol.
    """

    field: Field
    name: str
    ends: tuple[float, float]
    scale: Floats

    @cached_property
    def lowest(self) -> Floats:
        """What the states cannot be below."""
        return lowest_numbers(self.field)

    @property
    def names(self) -> tuple[str]:
        """What varies."""
        return (self.name,)

    @property
    def size(self) -> int:
        """How many states there are."""
        return len(self.scale) - 1

    def parameter(self, at: Floats) -> Any:
        """The symbol's value out of scaled numbers."""
        return at[..., -1] * self.scale[-1]

    def number(self, value: Any) -> float:
        """The scaled number of a value of the symbol, checked."""
        plain = units.to_internal(value, self.field.symbols[self.name], self.name)
        return float(plain) / float(self.scale[-1])

    def scaled(self, states: Floats, parameter: float) -> Floats:
        """Numbers of a point."""
        return np.append(states, parameter) / self.scale

    def residual(self, at: Floats) -> Floats:
        """Rates of change, each divided by what is large for its state."""
        return self.field_at(at).rates(self.states(at)) / self.scale[:-1]

    def derivative(self, at: Floats) -> Floats:
        """Derivatives of the residual."""
        field, states = self.field_at(at), self.states(at)
        whole = np.concatenate(
            [field.slopes(states), field.slopes_by(self.name, states)[..., None]], axis=-1
        )
        return whole * self.scale / self.scale[:-1, None]

    def parameters(self, at: Floats) -> dict[str, Any]:
        """What varies, by name, in internal units."""
        return {self.name: self.parameter(at)}

    def field_at(self, at: Floats) -> Field:
        """The field at the symbol's value of a point."""
        return self.field.varied(self.name, self.parameter(at))

    def reaches(self, at: Floats) -> str:
        """Why the curve ends before a point: it leaves the range, or the bounds of states."""
        value, states = self.parameter(at), self.states(at)
        margin = 1e-12 * self.scale[-1]
        if not self.ends[0] - margin <= value <= self.ends[1] + margin:
            return OUT_OF_RANGE
        if np.any(states < self.lowest - 1e-9 * self.scale[:-1]):
            return "it leaves the bounds of its states"
        if np.max(np.abs(at)) > 1e4:
            return "it grows without end"
        return ""

    def adapted(self, point: Point) -> tuple[Equilibrate, Point]:
        """The same equations serve everywhere."""
        return self, point


@dataclass(frozen=True)
class Second:
    """What varies besides the first parameter.

    Attributes
    ----------
    name : str
        The second parameter.
    value : float
        Its present value.
    ends, first_ends : tuple of float
        The ranges of the second and the first parameter.
    """

    name: str
    value: float
    ends: tuple[float, float]
    first_ends: tuple[float, float]


def second_parameter(problem: Equilibrate, parameter: Any, values: Any, within: Any) -> Second:
    """A second parameter and the ranges of both, checked; the first may go three times as far."""
    field = problem.field
    name = symbol(field, parameter)
    if name == problem.name:
        raise ValueError(f"The second parameter is another one than {name}.")
    ends = span(values, field.symbols[name], name)
    value = field.value(name)
    require_inside(field, name, value, ends)
    low, high = problem.ends
    first = (low - (high - low), high + (high - low))
    if within is not None:
        first = span(within, field.symbols[problem.name], problem.name)
    return Second(name, value, ends, first)


OUT_OF_RANGE: Final = "the end of the range"


def scales(field: Field, states: Floats, width: float) -> Floats:
    """What is large for each state, as it is among some points, and for the symbol.

    For states that are zero at rest it is what the others bring about within the fastest time of
    the system; where all are zero, it is their unit.
    """
    unit = np.concatenate(
        [
            np.full(int(np.prod(each.shape, dtype=int)), float(each.measure.to_internal(1.0)))
            for each in field.columns.values()
        ]
    )
    size = np.max(np.abs(states), axis=0, initial=0.0)
    felt = size > 1e-9 * unit
    size = np.where(felt, np.maximum(size, 1e-3 * unit), unit)
    if felt.any() and not felt.all():
        slopes = np.where(np.isfinite(found := field.slopes(states[0])), np.abs(found), 0.0)
        fastest = np.max(np.abs(np.linalg.eigvals(slopes)))
        driven = slopes[:, felt] @ size[felt] / max(float(fastest), 1e-300)
        size = np.where(felt | (driven == 0.0), size, driven)
    return np.append(size, width)


def ordered_eigenvalues(slopes: Floats) -> Any:
    """Eigenvalues of Jacobians, the least stable first."""
    values = np.linalg.eigvals(slopes).astype(complex)
    order = np.lexsort((-values.imag, -values.real), axis=-1)
    return np.take_along_axis(values, order, axis=-1)
