"""Vector fields: what moves the states of a system, at constant parameters and inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.declaration import Model
from neuromass.dynamics.jacobian import jacobian, output_slopes, output_values, rates
from neuromass.errors import suggestion
from neuromass.units import HZ, Measure

Floats = NDArray[np.float64]
Solve = Callable[[Any], Mapping[str, Any]]
"""From parameters and inputs, arrays over lanes, to the states of all equilibria of each lane."""


@dataclass(frozen=True)
class Column:
    """Where a state stands among all numbers of a system.

    Attributes
    ----------
    measure : Measure
        Its unit.
    begin : int
        Its first number.
    shape : tuple of int
        Shape of its lanes.
    lower : float
        What it cannot be below.
    """

    measure: Measure
    begin: int
    shape: tuple[int, ...] = ()
    lower: float = -math.inf

    def quantity(self, numbers: Floats) -> Any:
        """The state out of all numbers, which stand last."""
        part = numbers[..., self.begin : self.begin + math.prod(self.shape)]
        return units.to_quantity(self.measure, part.reshape((*numbers.shape[:-1], *self.shape)))


class Field(Protocol):
    """A vector field: what moves the numbers of a system, one or many points at a time."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """States by name."""

    @property
    def symbols(self) -> Mapping[str, Measure]:
        """Parameters, inputs and strengths that can be varied, and their units."""

    @property
    def outputs(self) -> Mapping[str, Measure]:
        """Outputs, which follow from the states and parameters, and their units."""

    @property
    def solve(self) -> Solve | None:
        """What gives all zeros from the values of all symbols, if anything does."""

    @property
    def longest_delay(self) -> float:
        """The longest delay of its coupling, in ms."""

    @property
    def box(self) -> tuple[Floats, Floats]:
        """Lowest and highest numbers between which zeros are looked for."""

    def value(self, name: str) -> float:
        """The present value of a symbol."""

    def varied(self, name: str, value: Any) -> Field:
        """The same field at another value of a symbol: a number, or one for each point."""

    def rates(self, at: Floats) -> Floats:
        """Rates of change at some points, (..., numbers)."""

    def output(self, name: str, at: Floats) -> Floats:
        """An output at some points, (..., lanes) in the shape of the lanes."""

    def output_slopes(self, name: str, at: Floats) -> Floats:
        """Derivatives of an output by the numbers, (*lanes, numbers), at one point."""

    def slopes(self, at: Floats) -> Floats:
        """Derivatives of the rates by the numbers, (..., numbers, numbers)."""

    def slopes_by(self, name: str, at: Floats) -> Floats:
        """Derivatives of the rates by a symbol, (..., numbers)."""

    def pushed(self, at: Floats) -> Mapping[str, Floats]:
        """Derivatives of the rates by each input, name -> (..., numbers, lanes)."""

    def matched(self, inputs: Mapping[str, Floats], at: Floats) -> Field:
        """The same field, given such inputs that with all coupling they are these at some points.

        Parameters
        ----------
        inputs : mapping
            Input -> (points, lanes).
        at : ndarray
            The points, (points, numbers).
        """


@dataclass(frozen=True)
class ModelField:
    """The vector field of a model at constant parameters and inputs.

    Attributes
    ----------
    model : Model
        The model.
    values : mapping
        Parameters and inputs; arrays go with the points.
    solve : callable or None
        What gives all of its zeros.
    longest_delay : float
        Zero: all of it is instantaneous.
    """

    model: Model
    values: Mapping[str, Any]
    solve: Solve | None = None
    longest_delay: float = 0.0

    @property
    def columns(self) -> dict[str, Column]:
        """States by name."""
        return {
            name: Column(state.measure, i, (), -math.inf if state.lower is None else state.lower)
            for i, (name, state) in enumerate(self.model.states.items())
        }

    @property
    def symbols(self) -> dict[str, Measure]:
        """Parameters and inputs."""
        return {name: self.model.measure(name) for name in self.values}

    @property
    def outputs(self) -> dict[str, Measure]:
        """Outputs and their units."""
        return {name: each.measure for name, each in self.model.outputs.items()}

    @property
    def box(self) -> tuple[Floats, Floats]:
        """Where states are looked for."""
        return search_box(self.model, None)

    def value(self, name: str) -> float:
        """The present value of a parameter or input."""
        return float(np.ravel(self.values[name])[0])

    def varied(self, name: str, value: Any) -> ModelField:
        """The same field at another value of a parameter or input."""
        return replace(self, values={**self.values, name: value})

    def _point(self, at: Floats) -> dict[str, Any]:
        states = {name: at[..., i] for i, name in enumerate(self.model.states)}
        return {**self.values, **states}

    def rates(self, at: Floats) -> Floats:
        """Rates of change of the states."""
        return rates(self.model.equations, self._point(at))

    def output(self, name: str, at: Floats) -> Floats:
        """An output at some points."""
        found = output_values(self.model.equations, name, self._point(at))
        return np.broadcast_to(found, at.shape[:-1])

    def output_slopes(self, name: str, at: Floats) -> Floats:
        """Derivatives of an output by the numbers at one point."""
        found = output_slopes(self.model.equations, name, self._point(at))
        return np.array([np.ravel(found.get(each, 0.0))[0] for each in self.model.states])

    def slopes(self, at: Floats) -> Floats:
        """The Jacobian."""
        return jacobian(self.model.equations, self._point(at))

    def slopes_by(self, name: str, at: Floats) -> Floats:
        """Derivatives by a parameter or input."""
        slope: Floats = jacobian(self.model.equations, self._point(at), (name,))[..., 0]
        return slope

    def pushed(self, at: Floats) -> dict[str, Floats]:
        """Derivatives by each input, (..., numbers, 1)."""
        return {name: self.slopes_by(name, at)[..., None] for name in self.model.inputs}

    def matched(self, inputs: Mapping[str, Floats], at: Floats) -> ModelField:
        """The same field at these inputs, (points, 1); nothing is coupled to it."""
        given = {name: values[..., 0] for name, values in inputs.items()}
        return replace(self, values={**self.values, **given})


def search_box(model: Model, within: Mapping[str, Any] | None) -> tuple[Floats, Floats]:
    """Where states are looked for: as given, or some orders around their defaults."""
    given = dict(within or {})
    for name in given:
        if name not in model.states:
            raise ValueError(
                f"within: {model.name} has no state {name!r}{suggestion(name, model.states)}"
            )
    low, high = [], []
    for name, state in model.states.items():
        unit = float(state.measure.to_internal(1.0))
        reach = 10.0 * max(abs(state.default), unit)
        if state.measure.dimension == HZ.dimension:
            reach = max(reach, 1.0)  # a spike each millisecond
        begin = state.lower if state.lower is not None else state.default - reach
        ends = [begin, state.default + reach]
        if name in given:
            ends = [
                units.to_internal(each, state.measure, f"within[{name!r}]") for each in given[name]
            ]
            if not ends[0] < ends[1]:
                raise ValueError(f"within[{name!r}] is the lowest and the highest value.")
        low.append(ends[0])
        high.append(ends[1])
    return np.array(low), np.array(high)
