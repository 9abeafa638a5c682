"""Results that belong to a vector field: their states, outputs and parameters, and their units."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.follow import Point
from neuromass.dynamics.field import Field
from neuromass.dynamics.results import Named, Saved, lane_columns
from neuromass.errors import brief, suggestion
from neuromass.units import Measure

__all__ = ["Followed", "InTwoParameters", "Measured", "NamedInField", "of_kind"]

Floats = NDArray[np.float64]

GENERALISED_HOPF: Final = "generalised Hopf"


def of_kind(special: Iterable[Any], kind: str) -> list[Any]:
    """The special points of one kind."""
    return [each for each in special if each.kind == kind]


class Measured(Saved):
    """A result that belongs to a vector field."""

    @property
    @abstractmethod
    def field(self) -> Field:
        """The vector field."""

    @property
    def first_state(self) -> str:
        """Name of the first state, which plots show unless told otherwise."""
        return next(iter(self.field.columns))

    def measure(self, name: str) -> Measure:
        """The unit of a parameter, state or output."""
        states = {each: column.measure for each, column in self.field.columns.items()}
        known = {**self.field.outputs, **self.field.symbols, **states}
        if name not in known:
            raise ValueError(f"There is no {brief(name)}{suggestion(name, known)}")
        return known[name]

    def heading(self, name: str) -> str:
        """A name with its unit, for a column of a table."""
        unit = self.measure(name).symbol
        return f"{name} ({unit})" if unit else name


class NamedInField(Named, Measured):
    """A result of a vector field with parameters, states and outputs as items and attributes."""

    def columns(self, names: Iterable[str]) -> dict[str, Any]:
        """Columns of a table for some of its names, one or one for each lane."""
        found: dict[str, Any] = {}
        for name in names:
            found |= lane_columns(self.heading(name), self[name].magnitude)
        return found


class Followed(NamedInField):
    """Equilibria that go on from one to the next.

    Parameters
    ----------
    problem : Linearised
        Their equations.
    points : list of Point
        The points.
    outputs : mapping, optional
        The outputs along them in internal units, if they are known.
    """

    def __init__(
        self, problem: Any, points: list[Point], outputs: Mapping[str, Floats] | None
    ) -> None:
        self.problem = problem
        self.points = points
        self._known_outputs = outputs

    @property
    def field(self) -> Field:
        """The vector field."""
        field: Field = self.problem.field
        return field

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what varies."""
        names: tuple[str, ...] = self.problem.names
        return names

    @property
    def names(self) -> list[str]:
        """What varies, the states and the outputs."""
        return [*self.parameters, *self.field.columns, *self.field.outputs]

    def quantity(self, name: str) -> Any:
        """What varies, a state or an output along the points."""
        if name in self.parameters:
            varied = self.problem.parameters(self.numbers)[name]
            return self.measure(name).quantity(np.asarray(varied))
        if name in self._outputs:
            return units.to_quantity(self.measure(name), self._outputs[name])
        return self.field.columns[name].quantity(self.problem.states(self.numbers))

    @cached_property
    def numbers(self) -> Floats:
        """Scaled states and what varies at each point, (points, numbers)."""
        return np.array([each.at for each in self.points])

    @cached_property
    def _outputs(self) -> Mapping[str, Floats]:
        """The outputs at each point, in internal units."""
        if self._known_outputs is not None:
            return self._known_outputs
        return {name: self.problem.output(name, self.numbers) for name in self.field.outputs}

    def __len__(self) -> int:
        return len(self.points)


class InTwoParameters:
    """A curve over two parameters, with special points on it."""

    special: list[Any]

    @property
    def generalised_hopfs(self) -> list[Any]:
        """Where Hopf points turn from super- to subcritical (Bautin points).

        Folds of cycles end there on the curve of Hopf points.
        """
        return of_kind(self.special, GENERALISED_HOPF)

    def plot(self, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw the curve over both parameters.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        return diagrams.plot_curve(self, ax, figsize)
