"""The limit cycle that a system is on, and how its phase responds to pulses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.collocation import DEGREE, Collocation
from neuromass.analysis.follow import at_parameter
from neuromass.analysis.orbits import Cycle
from neuromass.analysis.problem import Equilibrate, field_of, scales, symbol
from neuromass.dynamics.field import Field
from neuromass.dynamics.results import Saved
from neuromass.errors import brief, suggestion
from neuromass.measures.oscillation import period_of
from neuromass.measures.reduction import trace_of
from neuromass.simulation.runner import run
from neuromass.simulation.system import system_of
from neuromass.units import MS, Measure

__all__ = ["PhaseResponse", "cycle", "phase_response"]

Floats = NDArray[np.float64]

_SHORTEST: Final = 500.0
_LONGEST: Final = 64_000.0
"""Durations in ms of the run on which a cycle is looked for: doubled from one to the other."""

_INTERVALS: Final = 40
_REFINED: Final = 6
"""Intervals of the first mesh, and how often it is moved."""


def cycle(system: Any, inputs: Any = None, *, parameter: str | None = None) -> Cycle:
    """The limit cycle to which a system settles from where it stands.

    A copy runs until it oscillates steadily; one period of that is the first guess of the orbit,
    which is then solved for.

    Parameters
    ----------
    system : Population or Network
        A single one, at a state from which it settles to a stable cycle.
    inputs : Any, optional
        Constant inputs.
    parameter : str, optional
        What `cycles` varies from here; the first parameter that is a plain number, or the first.

    Returns
    -------
    Cycle
        With ``period``, ``multipliers``, the orbit, ``plot()``; where `cycles` can begin.

    Raises
    ------
    ValueError
        If it does not oscillate within some 64 s.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms, delta=0.3, eta=4.0)
    >>> nm.analysis.cycle(pop)
    <stable cycle at eta = 4: period 34.0472 ms>
    """
    field = field_of(system, inputs, "cycle")
    name = _parameter(field) if parameter is None else symbol(field, parameter)
    value = field.value(name)
    times, states, period = _steady(system, inputs, field)
    width = max(abs(value), 1.0)
    scale = scales(field, states, width)
    problem = Equilibrate(field, name, (value - width, value + width), scale)
    mesh = np.linspace(0.0, 1.0, _INTERVALS + 1)
    blank = Collocation(problem, mesh, np.zeros((DEGREE * _INTERVALS, len(scale) - 1)), period)
    profile = _profile(times, states, period, blank.times) / scale[:-1]
    equations = replace(blank, reference=profile)
    point = at_parameter(equations, equations.numbers(profile, period, value), value / scale[-1])
    for _ in range(_REFINED):
        if point is None:
            break
        equations, moved = equations.remeshed(point)
        point = at_parameter(equations, moved.at, value / scale[-1])
    if point is None:
        raise ValueError("The oscillation is no cycle that could be solved for.")
    return Cycle(equations, point)


def _parameter(field: Field) -> str:
    plain = [name for name, unit in field.symbols.items() if unit.is_dimensionless]
    return "eta" if "eta" in plain else (plain or list(field.symbols))[0]


def _steady(system: Any, inputs: Any, field: Field) -> tuple[Floats, Floats, float]:
    """Times and states of a steady oscillation, and its period in ms."""
    probe, dt = system.copy(), system_of(system).dt
    names, length = list(field.columns), _SHORTEST
    while length <= _LONGEST:
        steps = round(length / dt)
        rec = run(probe, MS.quantity(steps * dt), inputs, record=names, progress=False)
        traces = []
        for name in names:
            contents, own = trace_of(rec, name)
            values = contents.look_up(own)[1]
            traces.append(values.reshape(len(values), -1))
        states = np.concatenate(traces, axis=1)
        half = states[len(states) // 2 :]
        for column in half.T:
            period = period_of(column) * dt
            if np.isfinite(period) and _repeats(half, period / dt):
                return np.arange(len(half)) * dt, half, period
        length *= 2.0
    raise ValueError(f"This {system_of(system).name} does not oscillate steadily from where it is.")


def _repeats(states: Floats, samples: float) -> bool:
    """Whether the last two periods are alike."""
    count = round(samples)
    if len(states) < 2 * count + 2 or count < 8:
        return False
    last, before = states[-count:], states[-2 * count : -count]
    return bool(np.max(np.abs(last - before)) < 0.05 * np.max(np.ptp(last, axis=0)))


def _profile(times: Floats, states: Floats, period: float, at: Floats) -> Floats:
    """States at parts of the last period."""
    from scipy.interpolate import CubicSpline  # noqa: PLC0415

    return np.asarray(CubicSpline(times, states)(times[-1] - period + at * period))


# ------------------------------------------------------------------------------- phase


@dataclass(frozen=True, eq=False, repr=False)
class PhaseResponse(Saved, Mapping[str, Any]):
    """How far a small kick of a state shifts the phase: ``response["v"]``, a Quantity over ``t``.

    It is the part of a period by which the cycle is ahead afterwards, for each unit of the kick.
    """

    period: float
    times: Floats
    shifts: Mapping[str, Floats]
    measures: Mapping[str, Measure]

    @property
    def t(self) -> Any:
        """Times of the kick, from 0 to the period."""
        return units.as_view(MS, self.times)

    def __getitem__(self, name: str) -> Any:
        if name not in self.shifts:
            raise KeyError(f"There is no state {brief(name)}{suggestion(name, self.shifts)}")
        return units.as_view(self.measures[name], self.shifts[name])

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.period, self.times, dict(self.shifts), dict(self.measures)

    def __iter__(self) -> Any:
        return iter(self.shifts)

    def __len__(self) -> int:
        return len(self.shifts)

    def plot(self, name: str | None = None, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw the response to kicks of a state over the time of the kick.

        Parameters
        ----------
        name : str, optional
            The state; the first one if left out.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import diagrams  # noqa: PLC0415

        return diagrams.plot_response(self, name, ax, figsize)

    def to_dataframe(self) -> Any:
        """Responses over t as a pandas DataFrame, in the units of its ``attrs``.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd  # noqa: PLC0415

        units_of = {"t": MS, **self.measures}
        columns = {"t": self.t, **{name: self[name] for name in self}}
        frame = pd.DataFrame({name: each.magnitude for name, each in columns.items()})
        frame.attrs["units"] = {name: units_of[name].symbol for name in columns}
        return frame

    def __repr__(self) -> str:
        return f"<phase response of {', '.join(self.shifts)} over {self.period:.6g} ms>"


def phase_response(found: Cycle) -> PhaseResponse:
    """The infinitesimal phase response of a cycle, by the adjoint of its tangent.

    Parameters
    ----------
    found : Cycle
        A cycle.

    Returns
    -------
    PhaseResponse
        At the ends of the mesh's intervals.
    """
    equations, at = found.equations, found.point.at
    problem = equations.problem
    passed = equations.transitions(at)
    monodromy = np.eye(equations.size)
    for each in passed:
        monodromy = each @ monodromy
    values, vectors = np.linalg.eig(monodromy.T)
    row = np.real(vectors[:, np.argmin(np.abs(values - 1.0))])
    rows = [row]
    for each in passed[::-1]:
        row = row @ each
        rows.append(row)
    adjoint = np.array(rows[::-1]) / problem.scale[:-1]
    profile = equations.profile(at)[::DEGREE] * problem.scale[:-1]
    states = np.concatenate([profile, profile[:1]])
    speed = problem.field_at(at).rates(states)
    adjoint /= np.sum(adjoint * speed, axis=1, keepdims=True) * found.period_in_ms
    shifts, measures = {}, {}
    for name, column in problem.field.columns.items():
        count = int(np.prod(column.shape, dtype=int))
        part = adjoint[:, column.begin : column.begin + count]
        shifts[name] = part.reshape(len(part), *column.shape)
        measures[name] = units.DIMENSIONLESS.combined(column.measure, -1)
        measures[name] = measures[name] if column.measure.text else units.DIMENSIONLESS
    return PhaseResponse(found.period_in_ms, equations.mesh * found.period_in_ms, shifts, measures)
