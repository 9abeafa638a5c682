"""Limit cycles: what is known of single ones, and of branches of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.collocation import WEIGHTS, Collocation
from neuromass.analysis.follow import Point, at_parameter
from neuromass.analysis.results import NamedInField, lane_columns, of_kind
from neuromass.dynamics.field import Field
from neuromass.errors import brief
from neuromass.units import HZ, MS

Floats = NDArray[np.float64]
Read = Callable[[Floats], Floats]
"""From states, (..., states), to what is looked at, (..., lanes)."""


class Cycle(NamedInField):
    """A limit cycle.

    Parameter, states and outputs are attributes: ``cycle.eta``, and ``cycle.r``, a Quantity along
    the times ``cycle.t``.

    Attributes
    ----------
    kind : str
        ``"cycle"``, or what is special about it: ``"fold of cycles"``, ``"period doubling"``,
        ``"torus"``.
    """

    def __init__(
        self,
        equations: Collocation,
        point: Point,
        kind: str = "cycle",
        multipliers: Any = None,
        outputs: Mapping[str, Mapping[str, Floats]] | None = None,
    ) -> None:
        self.equations = equations
        self.point = point
        self.kind = kind
        self._known = multipliers
        self._known_outputs = dict(outputs or {})

    @property
    def field(self) -> Field:
        """The vector field."""
        return self.equations.problem.field

    @property
    def names(self) -> list[str]:
        """The parameter, the states and the outputs."""
        return [self.parameter, *self.field.columns, *self.field.outputs]

    def quantity(self, name: str) -> Any:
        """The parameter, or a state or output along the times."""
        return self.value if name == self.parameter else self._summary(name, "orbit")

    def _summary(self, name: str, what: str) -> Any:
        """A state or output along the times, or its extrema or mean."""
        columns = self.field.columns
        if name in columns:
            return columns[name].quantity(_SUMMARIES[what](self, lambda states: states))
        if name not in self.field.outputs:
            raise KeyError(self._unknown(name))
        return units.to_quantity(self.measure(name), self._of_output(name, what))

    def _of_output(self, name: str, what: str) -> Floats:
        """An output along the times, or its extrema or mean, in internal units."""
        if name in self._known_outputs:
            return self._known_outputs[name][what]
        field = self.equations.problem.field_at(self.point.at)
        return _SUMMARIES[what](self, lambda states: field.output(name, states))

    @property
    def nodes(self) -> Floats:
        """States at the times `t`, (times, states), in internal units."""
        profile = self.equations.profile(self.point.at)
        return np.concatenate([profile, profile[:1]]) * self.equations.problem.scale[:-1]

    @property
    def points(self) -> Floats:
        """States at the Gauss points, (intervals, points, states), in internal units."""
        return self.equations.points(self.point.at)

    @property
    def parameter(self) -> str:
        """Name of what varies."""
        return self.equations.problem.name

    @property
    def value(self) -> Any:
        """The parameter's value, as a Quantity."""
        problem = self.equations.problem
        measure = problem.field.symbols[problem.name]
        return measure.quantity(float(problem.parameter(self.point.at)))

    @property
    def period_in_ms(self) -> float:
        """The period as a plain number."""
        return self.equations.period(self.point.at)

    @property
    def period(self) -> Any:
        """The period."""
        return MS.quantity(self.period_in_ms)

    @property
    def frequency(self) -> Any:
        """One over the period."""
        return HZ.quantity(1.0 / self.period_in_ms)

    @cached_property
    def multipliers(self) -> Any:
        """Floquet multipliers; the first is the trivial one, 1 but for the error of the orbit."""
        known = self._known
        return self.equations.multipliers(self.point.at) if known is None else known

    @property
    def stable(self) -> bool:
        """Whether small deviations die out."""
        return bool(np.all(np.abs(self.multipliers[1:]) < 1.0))

    @property
    def t(self) -> Any:
        """Times of the nodes, from 0 to the period."""
        return MS.quantity(np.append(self.equations.times, 1.0) * self.period_in_ms)

    @cached_property
    def fine(self) -> Floats:
        """States at eight times from each node to the next, (times, states), in internal units."""
        equations, nodes = self.equations, np.append(self.equations.times, 1.0)
        times = nodes[:-1, None] + np.diff(nodes)[:, None] * np.arange(8) / 8
        scaled = equations.values_at(equations.profile(self.point.at), times.ravel())
        return np.asarray(scaled * equations.problem.scale[:-1])

    def phase_response(self) -> Any:
        """How far a small kick of each state shifts the phase.

        Returns
        -------
        PhaseResponse
            ``response["v"]``: the part of a period by which the cycle is ahead afterwards, for
            each unit of the kick, at the times ``response.t``.
        """
        from neuromass.analysis.settled import phase_response  # noqa: PLC0415

        return phase_response(self)

    def plot(self, name: str | None = None, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw a state or output over one period.

        Parameters
        ----------
        name : str, optional
            The state or output; the first state if left out.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        return diagrams.plot_cycle(self, name, ax, figsize)

    def maximum(self, name: str) -> Any:
        """The highest value of a state or output."""
        return self._summary(name, "maximum")

    def minimum(self, name: str) -> Any:
        """The lowest value of a state or output."""
        return self._summary(name, "minimum")

    def mean(self, name: str) -> Any:
        """The mean of a state or output over a period."""
        return self._summary(name, "mean")

    def to_dataframe(self) -> Any:
        """The orbit, one row for each time, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``t (ms)``, and the states and outputs with their units.
        """
        import pandas  # noqa: PLC0415

        columns = self.columns([*self.field.columns, *self.field.outputs])
        return pandas.DataFrame({"t (ms)": self.t.magnitude, **columns})

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        outputs = {
            name: {what: self._of_output(name, what) for what in _SUMMARIES}
            for name in self.field.outputs
        }
        return self.equations, self.point, self.kind, self.multipliers, outputs

    def __repr__(self) -> str:
        what = self.kind  # at which stability changes, unless it is a plain cycle
        if what == "cycle":
            what = f"{'stable' if self.stable else 'unstable'} cycle"
        return f"<{what} at {self.parameter} = {self.value:.6g~P}: period {self.period:.6g~P}>"


class Cycles(NamedInField):
    """Limit cycles that go on from one to the next.

    Parameters
    ----------
    cycles : list of Cycle
        The cycles, in order.
    """

    def __init__(self, cycles: list[Cycle]) -> None:
        self.cycles = cycles

    @property
    def field(self) -> Field:
        """The vector field."""
        return self.cycles[0].field

    def quantity(self, name: str) -> Any:
        """A parameter along them."""
        return _stacked([each[name] for each in self.cycles])

    @property
    def parameter(self) -> str:
        """Name of what varies, of the first where there are two."""
        return self.cycles[0].parameter

    @property
    def period(self) -> Any:
        """Period of each cycle."""
        return MS.quantity(np.array([each.period_in_ms for each in self.cycles]))

    @property
    def frequency(self) -> Any:
        """Frequency of each cycle."""
        return HZ.quantity(1.0 / np.array([each.period_in_ms for each in self.cycles]))

    def __len__(self) -> int:
        return len(self.cycles)

    def maximum(self, name: str) -> Any:
        """The highest value of a state or output in each cycle."""
        return _stacked([each.maximum(name) for each in self.cycles])

    def minimum(self, name: str) -> Any:
        """The lowest value of a state or output in each cycle."""
        return _stacked([each.minimum(name) for each in self.cycles])

    def mean(self, name: str) -> Any:
        """The mean of a state or output over each cycle."""
        return _stacked([each.mean(name) for each in self.cycles])

    def to_dataframe(self) -> Any:
        """The cycles, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Parameters, period, and extrema of the states and outputs, with their units.
        """
        import pandas  # noqa: PLC0415

        columns = self.columns(self.names)
        columns["period (ms)"] = self.period.magnitude
        for name in (*self.field.columns, *self.field.outputs):
            for what, values in (("min", self.minimum(name)), ("max", self.maximum(name))):
                columns |= lane_columns(f"{what} {self.heading(name)}", values.magnitude)
        return pandas.DataFrame(columns)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.cycles[key]

    def _unknown(self, name: Any) -> str:
        return (
            f"These cycles have no {brief(name)}; there is {' and '.join(self.names)}, and of "
            f"states and outputs minimum(name), maximum(name) and mean(name)."
        )


class CycleBranch(Cycles):
    """Limit cycles that go on from one to the next while a parameter varies.

    The parameter is an attribute, a Quantity along the branch: ``branch.eta``.

    Attributes
    ----------
    cycles : list of Cycle
        The cycles, in order.
    special : list of Cycle
        Folds of cycles, period doublings and torus bifurcations.
    end : str
        Why it ends.
    """

    def __init__(self, cycles: list[Cycle], special: list[Cycle], end: str) -> None:
        super().__init__(cycles)
        self.special = special
        self.end = end

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Which of them are stable."""
        return np.array([each.stable for each in self.cycles])

    @property
    def names(self) -> list[str]:
        """The parameter; of states and outputs there are `minimum`, `maximum` and `mean`."""
        return [self.parameter]

    @property
    def folds(self) -> list[Cycle]:
        """Where the branch turns back."""
        return of_kind(self.special, "fold of cycles")

    @property
    def period_doublings(self) -> list[Cycle]:
        """Where cycles of twice the period begin."""
        return of_kind(self.special, "period doubling")

    @property
    def tori(self) -> list[Cycle]:
        """Where a second frequency begins."""
        return of_kind(self.special, "torus")

    def at(self, value: Any) -> list[Cycle]:
        """The cycles of the branch at a value of the parameter.

        Parameters
        ----------
        value : number or Quantity
            The value.
        """
        wanted = self.cycles[0].equations.problem.number(value)
        found = []
        for before, after in itertools.pairwise(self.cycles):
            first, last = before.point.at[-1], after.point.at[-1]
            if min(first, last) <= wanted < max(first, last):
                nearer = before if abs(first - wanted) < abs(last - wanted) else after
                one = _moved_to(nearer, wanted)
                found += [] if one is None else [one]
        return found

    def plot(self, name: str | None = None, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw the extrema of a state or output over the parameter.

        Parameters
        ----------
        name : str, optional
            The state or output; the first state if left out.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        return diagrams.plot_cycles(self, name, ax, figsize)

    def to_dataframe(self) -> Any:
        """The cycles, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Parameter, period, extrema of the states and outputs with their units, and ``stable``.
        """
        return super().to_dataframe().assign(stable=self.stable)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.cycles, self.special, self.end

    def __repr__(self) -> str:
        first, last = self.cycles[0], self.cycles[-1]
        lines = [
            f"<branch of {len(self)} cycles, {self.parameter} from {first.value:.6g~P} "
            f"to {last.value:.6g~P}, period from {first.period:.6g~P} to {last.period:.6g~P}; "
            f"{self.end}"
        ]
        return "\n".join([*lines, *(f"  {each!r}" for each in self.special)]) + ">"


def mean_over(cycle: Cycle, read: Read) -> Floats:
    """The mean over a period of what is read out of states, as exact as the orbit."""
    widths = np.diff(cycle.equations.mesh)
    return np.asarray(np.einsum("j,k,jk...->...", widths, WEIGHTS, read(cycle.points)))


_SUMMARIES: Final[dict[str, Callable[[Cycle, Read], Floats]]] = {
    "orbit": lambda cycle, read: read(cycle.nodes),
    "minimum": lambda cycle, read: read(cycle.fine).min(axis=0),
    "maximum": lambda cycle, read: read(cycle.fine).max(axis=0),
    "mean": mean_over,
}
"""What is said of a state or output of a cycle -> how, given what reads it out of states."""


def _stacked(quantities: list[Any]) -> Any:
    values = np.array([each.magnitude for each in quantities])
    return type(quantities[0])(values, quantities[0].units)


def _moved_to(cycle: Cycle, parameter: float) -> Cycle | None:
    """The cycle at another value of the parameter close by."""
    equations, at, tangent = cycle.equations, cycle.point.at, cycle.point.tangent
    for guess in (at + tangent * (parameter - at[-1]) / (tangent[-1] or 1.0), at):
        place = at_parameter(equations, guess, parameter)
        if place is not None:
            return Cycle(equations, place)
    return None
