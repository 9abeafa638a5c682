"""What an analysis of equilibria returns: branches, special points, diagrams."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.follow import Point, at_parameter
from neuromass.analysis.normal_forms import Slopes
from neuromass.analysis.problem import Equilibrate
from neuromass.analysis.results import (
    GENERALISED_HOPF,
    Followed,
    Measured,
    NamedInField,
    lane_columns,
    of_kind,
)
from neuromass.dynamics.equilibria import PER_MS
from neuromass.dynamics.field import Field
from neuromass.units import HZ, MS

Floats = NDArray[np.float64]


class Special(Protocol):
    """The equations that a special point belongs to."""

    @property
    def field(self) -> Field:
        """The vector field."""

    def parameters(self, at: Floats) -> Mapping[str, Any]:
        """What varies, by name, in internal units."""

    def states(self, at: Floats) -> Floats:
        """States out of scaled numbers."""

    def eigenvalues(self, at: Floats) -> Any:
        """Eigenvalues of the Jacobian."""

    def local(self, at: Floats) -> tuple[Slopes, Floats]:
        """The Jacobian in scaled states at the parameters of a point, and its states."""

    def turning(self, at: Floats) -> tuple[float, Any, Any]:
        """Frequency, right and left vector of the pair closest to the imaginary axis."""

    def lyapunov_coefficient(self, at: Floats) -> float:
        """First Lyapunov coefficient at a Hopf point."""

    def output(self, name: str, at: Floats) -> Floats:
        """An output, in internal units."""


class SpecialPoint(NamedInField):
    """An equilibrium at which the number or the stability of equilibria changes.

    Parameters, states and outputs are attributes too: ``point.eta``, ``point.r``;
    ``point["exc.r"]`` in networks.

    Attributes
    ----------
    kind : str
        ``"fold"``, ``"hopf"`` or ``"branch point"`` in one parameter; ``"cusp"``,
        ``"Bogdanov-Takens"``, ``"generalised Hopf"`` or ``"fold-Hopf"`` in two.
    """

    def __init__(
        self, kind: str, problem: Special, point: Point, known: Mapping[str, Any] | None = None
    ) -> None:
        self.kind = kind
        self.problem = problem
        self.point = point
        self.known = dict(known or {})
        """Values that are not computed anew, as they come from a file."""

    @property
    def field(self) -> Field:
        """The vector field."""
        return self.problem.field

    @property
    def names(self) -> list[str]:
        """Parameters, states and outputs."""
        return [*self.parameters, *self.field.columns, *self.field.outputs]

    def quantity(self, name: str) -> Any:
        """A parameter, state or output."""
        return {**self.parameters, **self.state, **self.outputs}[name]

    @property
    def parameters(self) -> dict[str, Any]:
        """What varies, by name, as Quantities."""
        found, symbols = self.problem.parameters(self.point.at), self.field.symbols
        return {name: symbols[name].quantity(float(value)) for name, value in found.items()}

    @property
    def state(self) -> dict[str, Any]:
        """The states as Quantities, by name."""
        states = self.problem.states(_without_rounding(self.point.at))
        return {name: each.quantity(states) for name, each in self.field.columns.items()}

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs as Quantities, by name."""
        measures = self.field.outputs
        return {n: units.to_quantity(measures[n], each) for n, each in self._outputs.items()}

    @cached_property
    def _outputs(self) -> dict[str, Floats]:
        """The outputs in internal units."""
        found: dict[str, Floats] | None = self.known.get("outputs")
        if found is None:
            found = {n: self.problem.output(n, self.point.at) for n in self.field.outputs}
        return found

    @cached_property
    def eigenvalues(self) -> Any:
        """Eigenvalues of the Jacobian in 1/ms, the least stable first."""
        known = self.known.get("eigenvalues")
        return PER_MS.quantity(self.problem.eigenvalues(self.point.at) if known is None else known)

    @property
    def _oscillates(self) -> bool:
        return self.kind in ("hopf", GENERALISED_HOPF)

    def _omega(self) -> float:
        if not self._oscillates:
            raise AttributeError(f"A {self.kind} has no frequency.")
        known = self.known.get("omega")
        return self.problem.turning(self.point.at)[0] if known is None else float(known)

    @property
    def frequency(self) -> Any:
        """Frequency of the oscillation that begins at a Hopf point, in Hz."""
        return HZ.quantity(self._omega() / (2.0 * np.pi))

    @property
    def period(self) -> Any:
        """Period of the oscillation that begins at a Hopf point."""
        return MS.quantity(2.0 * np.pi / self._omega())

    @cached_property
    def lyapunov_coefficient(self) -> float:
        """First Lyapunov coefficient of a Hopf point, with states divided by what is large.

        Only its sign is independent of how the states are measured.
        """
        self._omega()
        known = self.known.get("lyapunov_coefficient")
        return self.problem.lyapunov_coefficient(self.point.at) if known is None else float(known)

    @property
    def supercritical(self) -> bool:
        """Whether the cycles that begin at a Hopf point are stable in its plane."""
        return self.lyapunov_coefficient < 0.0

    def to_dataframe(self) -> Any:
        """What varies, the states and the outputs, one row, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``kind``, parameters, states and outputs with their units.
        """
        return table_of([self])

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        known = {"eigenvalues": self.eigenvalues.m_as("1/ms"), "outputs": self._outputs}
        if self._oscillates:
            known |= {"omega": self._omega(), "lyapunov_coefficient": self.lyapunov_coefficient}
        return self.kind, self.problem, self.point, known

    def __repr__(self) -> str:
        kind = self.kind
        if kind == "hopf":
            kind = f"{'super' if self.supercritical else 'sub'}critical Hopf point"
        head = f"{kind} at {_shown(self.parameters)}"
        if self.kind == "hopf":
            head += f", {self.frequency:.6g~P}"
        return f"<{head}: {_shown(self.state)}>"


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value:.6g~P}".rstrip() for name, value in values.items())


def _without_rounding(at: Floats) -> Floats:
    """Scaled numbers, zero where they are zero but for rounding."""
    return np.where(np.abs(at) < 1e-13, 0.0, at)


def table_of(points: Sequence[SpecialPoint]) -> Any:
    """Special points, one row each, as a pandas DataFrame."""
    import pandas  # noqa: PLC0415

    rows = []
    for each in points:
        row: dict[str, Any] = {"kind": each.kind}
        for name in each.names:
            values = np.asarray(each[name].magnitude)[None]
            columns = lane_columns(each.heading(name), values)
            row |= {heading: float(value) for heading, (value,) in columns.items()}
        rows.append(row)
    return pandas.DataFrame(rows)


class Branch(Followed):
    """Equilibria that go on from one to the next while a parameter varies.

    Parameter, states and outputs are attributes, Quantities along the branch: ``branch.eta``,
    ``branch.r``; ``branch["exc.r"]`` in networks.

    Attributes
    ----------
    special : list of SpecialPoint
        Folds, Hopf points and branch points, in the order of the branch.
    ends : tuple of str
        Why it ends where it begins, and where it ends.
    """

    def __init__(
        self,
        problem: Equilibrate,
        points: list[Point],
        ends: tuple[str, str],
        special: list[SpecialPoint],
        eigenvalues: Any = None,
        outputs: Mapping[str, Floats] | None = None,
    ) -> None:
        super().__init__(problem, points, outputs)
        self.ends = ends
        self.special = special
        self._known = eigenvalues

    @cached_property
    def eigenvalues(self) -> Any:
        """Eigenvalues at each point in 1/ms, (points, states).

        With delays the rightmost characteristic roots; NaN where fewer are known.
        """
        known = self.problem.eigenvalues(self.numbers) if self._known is None else self._known
        return PER_MS.quantity(known)

    def at(self, value: Any) -> list[SpecialPoint]:
        """The equilibria of the branch at a value of the parameter.

        Parameters
        ----------
        value : number or Quantity
            The value.
        """
        wanted = self.problem.number(value)
        return [SpecialPoint("equilibrium", self.problem, each) for each in self.crossings(wanted)]

    def crossings(self, number: float) -> Iterator[Point]:
        """Points of the branch at a scaled value of the parameter."""
        for before, after in itertools.pairwise(self.numbers):
            first, last = before[-1], after[-1]
            if min(first, last) <= number < max(first, last) or last == number:
                part = (number - first) / (last - first) if last != first else 0.0
                found = at_parameter(self.problem, before + part * (after - before), number)
                if found is not None:
                    yield found

    @property
    def stable(self) -> NDArray[np.bool_]:
        """At which points small deviations die out."""
        growing = self.eigenvalues.magnitude.real >= 0.0
        return np.asarray(~np.any(growing, axis=-1))

    def to_dataframe(self) -> Any:
        """The points, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns parameter, states and outputs with their units, and ``stable``.
        """
        return Diagram(self.problem, [self]).to_dataframe().drop(columns="branch")

    def plot(self, name: str | None = None, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw a state or output over the parameter; see `Diagram.plot`.

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
        return Diagram(self.problem, [self]).plot(name, ax=ax, figsize=figsize)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        eigenvalues = self.eigenvalues.m_as("1/ms")
        return self.problem, self.points, self.ends, self.special, eigenvalues, self._outputs

    def __repr__(self) -> str:
        values = self[self.problem.name]
        special = ", ".join(each.kind for each in self.special) or "no special points"
        return (
            f"<branch of {len(self)} points, {self.problem.name} from {values[0]:.6g~P} "
            f"to {values[-1]:.6g~P}: {special}>"
        )


class Diagram(Measured):
    """The equilibria of a system in a range of a parameter.

    Attributes
    ----------
    branches : list of Branch
        What was followed.
    """

    def __init__(self, problem: Equilibrate, branches: list[Branch]) -> None:
        self.problem = problem
        self.branches = branches

    @property
    def field(self) -> Field:
        """The vector field."""
        return self.problem.field

    @property
    def parameter(self) -> str:
        """Name of what varies."""
        return self.problem.name

    @property
    def special(self) -> list[SpecialPoint]:
        """All special points, branch by branch."""
        return [each for branch in self.branches for each in branch.special]

    @property
    def folds(self) -> list[SpecialPoint]:
        """Where branches turn back: saddle-node bifurcations."""
        return of_kind(self.special, "fold")

    @property
    def hopfs(self) -> list[SpecialPoint]:
        """Where oscillations begin."""
        return of_kind(self.special, "hopf")

    @property
    def branch_points(self) -> list[SpecialPoint]:
        """Where branches cross; each one is found on every branch through it."""
        return of_kind(self.special, "branch point")

    def plot(
        self, name: str | None = None, *, cycles: Any = None, ax: Any = None, figsize: Any = None
    ) -> Any:
        """Draw a state or output over the parameter: solid where stable, dashed where not.

        Parameters
        ----------
        name : str, optional
            The state or output; the first state if left out. Of lanes every one is drawn.
        cycles : CycleBranch or sequence of CycleBranch, optional
            Branches of cycles, of which the extrema are drawn, filled between where stable.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        return diagrams.plot_diagram(self, name, cycles, ax, figsize)

    def to_dataframe(self) -> Any:
        """All points of all branches, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``branch``, parameter, states and outputs with their units, and ``stable``.
        """
        import pandas  # noqa: PLC0415

        tables = []
        for number, branch in enumerate(self.branches):
            columns: dict[str, Any] = {"branch": np.full(len(branch), number)}
            columns |= branch.columns(branch.names)
            tables.append(pandas.DataFrame({**columns, "stable": branch.stable}))
        return pandas.concat(tables, ignore_index=True)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.problem, self.branches

    def __repr__(self) -> str:
        lines = [f"<diagram over {self.problem.name}: {len(self.branches)} branches"]
        for branch in self.branches:
            lines.append(f"  {branch!r}")
            lines += [f"    {each!r}" for each in branch.special]
        return "\n".join(lines) + ">"
