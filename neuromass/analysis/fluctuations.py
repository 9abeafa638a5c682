"""Linear noise: how a system fluctuates about a stable equilibrium, for weak noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.problem import field_of
from neuromass.dynamics.equilibria import Equilibrium
from neuromass.dynamics.field import Column, Field
from neuromass.dynamics.results import Saved, lane_columns
from neuromass.errors import brief, suggestion
from neuromass.noise import Resolved
from neuromass.populations.core import Core
from neuromass.recordings.spectra import Spectrum
from neuromass.simulation.system import System, system_of
from neuromass.units import HZ, Measure

__all__ = ["LinearNoise", "Transfer", "linear_noise"]

Floats = NDArray[np.float64]

_POINTS = 1001
"""Frequencies of a spectrum where none are given."""


@dataclass(frozen=True, eq=False, repr=False)
class Transfer(Saved):
    """How much of an oscillating input is seen in a state, and how late.

    Attributes
    ----------
    source, target : str
        The input and the state.
    frequencies : ndarray
        In Hz.
    values : ndarray
        Complex gains in internal units.
    measure : Measure
        Their unit.
    """

    source: str
    target: str
    frequencies: Floats
    values: NDArray[np.complex128]
    measure: Measure

    @property
    def frequency(self) -> Any:
        """The frequencies, as a Quantity in Hz."""
        return units.as_view(HZ, HZ.to_internal(self.frequencies))

    @property
    def gain(self) -> Any:
        """Amplitude of the state over that of the input, as a Quantity."""
        return units.to_quantity(self.measure, np.abs(self.values))

    @property
    def phase(self) -> Floats:
        """How far the state is ahead, in radian."""
        return np.unwrap(np.angle(self.values), axis=0)

    def to_dataframe(self) -> Any:
        """Gain and phase, one row for each frequency, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``frequency (Hz)``, ``gain`` with its unit, and ``phase``, for each lane.
        """
        import pandas  # noqa: PLC0415

        unit = f" ({self.measure.symbol})" if self.measure.symbol else ""
        columns = {"frequency (Hz)": self.frequencies}
        columns |= lane_columns("gain", self.gain.magnitude, unit)
        columns |= lane_columns("phase", self.phase)
        return pandas.DataFrame(columns)

    def plot(self, *, ax: Any = None, figsize: Any = None) -> Any:
        """Draw gain and phase over the frequency, on logarithmic axes but for the phase.

        Parameters
        ----------
        ax : sequence of Axes, optional
            Two, for gain and phase; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        ndarray of Axes
            That of the gain and that of the phase.
        """
        from neuromass.plotting import spectra  # noqa: PLC0415

        return spectra.plot_transfer(self, ax, figsize)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        return self.source, self.target, self.frequencies, self.values, self.measure

    def __repr__(self) -> str:
        ends = f"{self.frequencies[0]:g} to {self.frequencies[-1]:g} Hz"
        return (
            f"<Transfer from {self.source} to {self.target}: {len(self.frequencies)} from {ends}>"
        )


@dataclass(frozen=True, eq=False, repr=False)
class LinearNoise(Saved):
    """Fluctuations about an equilibrium.

    Attributes
    ----------
    equilibrium : Equilibrium
        About which.
    """

    equilibrium: Equilibrium
    _columns: Mapping[str, Column]
    _drift: Floats
    _diffusion: Floats
    _by_input: Mapping[str, tuple[Floats, Measure]]
    _outputs: Mapping[str, tuple[Floats, Measure]] = field(default_factory=dict)

    def _seen(self, name: Any) -> tuple[Measure, tuple[int, ...], Floats]:
        """Unit and lanes of a state or output, and its derivatives by all numbers, lane by lane."""
        size = len(self._drift)
        if name in self._columns:
            column = self._columns[name]
            return column.measure, column.shape, np.eye(size)[_places(column)]
        if name in self._outputs:
            slopes, measure = self._outputs[name]
            beyond = size - slopes.shape[-1]  # noise with a correlation time is no state
            rows = np.pad(slopes.reshape(-1, slopes.shape[-1]), ((0, 0), (0, beyond)))
            return measure, slopes.shape[:-1], rows
        known = [*self._columns, *self._outputs]
        raise ValueError(f"There is no state or output {brief(name)}{suggestion(name, known)}")

    @cached_property
    def _covariance(self) -> Floats:
        """Of all numbers."""
        from scipy.linalg import solve_continuous_lyapunov  # noqa: PLC0415

        return np.asarray(solve_continuous_lyapunov(self._drift, -self._diffusion))

    def covariance(self, first: str, second: str | None = None) -> Any:
        """Covariance of two states or outputs, or the variance of one.

        Parameters
        ----------
        first, second : str
            States or outputs.

        Returns
        -------
        Quantity
            For members with lanes that of each lane of the first with each lane of the second.
        """
        one, shape, rows = self._seen(first)
        other, others, columns = self._seen(first if second is None else second)
        values = (rows @ self._covariance @ columns.T).reshape((*shape, *others))
        return one.combined(other).quantity(values)

    def std(self, name: str) -> Any:
        """Standard deviation of a state or output.

        Parameters
        ----------
        name : str
            The state or output.

        Returns
        -------
        Quantity
            One for each lane.
        """
        return self._seen(name)[0].quantity(self._deviations(name))

    def _deviations(self, name: str) -> Floats:
        _, shape, rows = self._seen(name)
        return np.sqrt(np.diag(rows @ self._covariance @ rows.T).reshape(shape))

    def spectrum(self, name: str, frequencies: Any = None) -> Spectrum:
        """Power spectral density, one-sided, as ``rec.spectrum`` measures it.

        Parameters
        ----------
        name : str
            The state or output.
        frequencies : Quantity, optional
            Where; up to five times the fastest rate of the system if left out.

        Returns
        -------
        Spectrum
            With a column for each lane.
        """
        measure, shape, by_number = self._seen(name)
        at = self._frequencies(frequencies)
        rows = by_number @ self._resolvent(at)
        power = 2.0 * np.real(np.einsum("fli,ij,flj->fl", rows, self._diffusion, rows.conj()))
        unit = measure.combined(measure).combined(HZ, -1)
        shown = np.asarray(unit.from_internal(power)).reshape(len(at), *shape)
        return Spectrum(name, at, shown, unit)

    def transfer(self, source: str, target: str, frequencies: Any = None) -> Transfer:
        """What a weak oscillation of an input does to a state or output.

        Parameters
        ----------
        source, target : str
            An input, which oscillates alike in all of its lanes, and a state or output.
        frequencies : Quantity, optional
            Where; up to five times the fastest rate of the system if left out.

        Returns
        -------
        Transfer
        """
        if source not in self._by_input:
            raise ValueError(
                f"There is no input {brief(source)}{suggestion(source, self._by_input)}"
            )
        (own, shape, rows), (force, measure) = self._seen(target), self._by_input[source]
        at = self._frequencies(frequencies)
        values = rows @ self._resolvent(at) @ force.sum(axis=1)
        unit = own.combined(measure, -1) if measure.text else own
        return Transfer(source, target, at, values.reshape(len(at), *shape), unit)

    def plot(
        self, name: str | None = None, frequencies: Any = None, *, ax: Any = None,
        figsize: Any = None,
    ) -> Any:  # fmt: skip
        """Draw the power spectral density of a state or output, both axes logarithmic.

        Parameters
        ----------
        name : str, optional
            The state or output; the first state if left out.
        frequencies : Quantity, optional
            Where; from a hundredth of the slowest to five times the fastest rate of the system if
            left out.
        ax : Axes, optional
            Where to draw; a new figure otherwise.
        figsize : tuple of float, optional
            Width and height of a new figure, in inches.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import spectra  # noqa: PLC0415

        at = frequencies
        if at is None:
            rates = 1000.0 * np.abs(np.linalg.eigvals(self._drift)) / (2.0 * np.pi)
            ends = 0.01 * np.min(rates), 5.0 * np.max(rates)
            at = HZ.quantity(HZ.to_internal(np.geomspace(*ends, _POINTS)))
        found = self.spectrum(next(iter(self._columns)) if name is None else name, at)
        return spectra.plot_density(found, ax, figsize)

    def _frequencies(self, given: Any) -> Floats:
        """Frequencies in Hz."""
        if given is None:
            fastest = 1000.0 * np.max(np.abs(np.linalg.eigvals(self._drift))) / (2.0 * np.pi)
            return np.linspace(0.0, 5.0 * fastest, _POINTS)
        plain = np.atleast_1d(units.to_internal(given, HZ, "frequencies", 40.0))
        units.require_finite(plain, "frequencies")
        return np.asarray(HZ.from_internal(plain), dtype=float)

    def _resolvent(self, frequencies: Floats) -> NDArray[np.complex128]:
        """What turns forces into deviations, (frequencies, numbers, numbers)."""
        turning = 2.0j * np.pi * np.asarray(HZ.to_internal(frequencies))
        one = np.eye(len(self._drift))
        inverse = np.linalg.inv(turning[:, None, None] * one - self._drift)
        return np.asarray(inverse, dtype=np.complex128)

    def to_dataframe(self) -> Any:
        """The covariance matrix of the states as a pandas DataFrame, in their units.

        Returns
        -------
        pandas.DataFrame
            Rows and columns are the states.
        """
        import pandas  # noqa: PLC0415

        names = []
        for name, column in self._columns.items():
            lanes = range(math.prod(column.shape))
            names += [f"{name}[{lane}]" for lane in lanes] if column.shape else [name]
        units_of = [
            column.measure.from_internal(1.0)
            for column in self._columns.values()
            for _ in range(math.prod(column.shape))
        ]
        shown = self._covariance[: len(names), : len(names)] * np.outer(units_of, units_of)
        return pandas.DataFrame(shown, index=names, columns=names)

    def stored(self) -> tuple[Any, ...]:
        """See `Saved`."""
        by_input, outputs = (
            {name: list(each) for name, each in given.items()}
            for given in (self._by_input, self._outputs)
        )
        parts = (self.equilibrium, dict(self._columns), self._drift, self._diffusion)
        return *parts, by_input, outputs

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name} {units.shown(self._deviations(name), each.measure, 3)}"
            for name, each in self._columns.items()
        )
        return f"<Linear noise about a {self.equilibrium.kind}; standard deviations {told}>"


def linear_noise(system: Any, inputs: Any = None, at: Equilibrium | None = None) -> LinearNoise:
    r"""How a system fluctuates about a stable equilibrium under its noise, if that is weak.

    Deviations follow dx = A x dt + dF with the Jacobian A; noise with a correlation time is a state
    more. The covariance C solves ``A C + C A' + Q = 0``, and the spectrum is
    ``S(f) = 2 Re[H Q H*]`` with ``H = (2 pi i f - A)^-1``.

    Parameters
    ----------
    system : Population or Network
        A single population, or a network without delays, with noise.
    inputs : number, Quantity or mapping, optional
        Constant inputs, as for ``system.equilibria``.
    at : Equilibrium, optional
        About which, one of ``system.equilibria()``; the stable one of lowest output (of the first
        member) if left out.

    Returns
    -------
    LinearNoise
        With ``covariance("r", "v")``, ``std("r")``, ``spectrum("r")``, ``transfer("I_ext", "r")``,
        of states and outputs; in networks ``std("exc.r")``.

    Raises
    ------
    ValueError
        If there is no stable equilibrium, the system has no noise, or it has delays.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0, noise={"v": nm.noise.White(0.05 / ms**0.5)})
    >>> print(f"{nm.analysis.linear_noise(pop).std('r'):.3f~P}")
    0.178 Hz
    """
    flow = field_of(system, inputs, "linear_noise")
    found: System = system_of(system, "linear_noise")
    sources = [(node, core, each) for node, core in found.nodes.items() for each in core.sources]
    if not sources:
        raise ValueError(f"This {found.name} has no noise.")
    about = _stable(system, found, flow, inputs) if at is None else at
    if not about.stable:
        raise ValueError(f"This {about.kind} is not stable, and nothing stays near it.")
    point = np.concatenate(
        [
            np.ravel(units.to_internal(about.state[name], column.measure, name))
            for name, column in flow.columns.items()
        ]
    )
    by_input = flow.pushed(point)
    noises = [_noise_of(node, core, each, flow, by_input) for node, core, each in sources]
    drift, diffusion = _with_noise(flow.slopes(point), noises)
    beyond = len(drift) - len(point)
    forces = {
        name: (np.pad(force, ((0, beyond), (0, 0))), flow.symbols[name])
        for name, force in by_input.items()
    }
    outputs = {name: (flow.output_slopes(name, point), unit) for name, unit in flow.outputs.items()}
    return LinearNoise(about, flow.columns, drift, diffusion, forces, outputs)


def _stable(system: Any, found: System, field: Field, inputs: Any) -> Equilibrium:
    """The stable equilibrium of lowest output, in all lanes of the first node together."""
    node, core = next(iter(found.nodes.items()))
    given = found.inputs_by_node(inputs)
    every = system.equilibria(inputs) if node else system.equilibria(**given[node])
    stable = [each for each in every if each.stable]
    if not stable:
        raise ValueError(f"This {found.name} has no stable equilibrium at these inputs.")
    output = core.model.output
    state = output if output in core.model.states else next(iter(core.model.states))
    first, measure = _full(node, state), core.model.measure(state)
    return min(stable, key=lambda each: np.sum(units.to_internal(each.state[first], measure, "")))


def _full(node: str, name: str) -> str:
    """The name of a node's value; a population by itself has no name."""
    return f"{node}.{name}" if node else name


def _places(column: Column) -> slice:
    """Where the lanes of a state stand among all numbers."""
    return slice(column.begin, column.begin + math.prod(column.shape))


@dataclass(frozen=True, eq=False)
class _Noise:
    """A source of noise: how it moves the states, (numbers, lanes), and how its lanes go together.

    `spread` is the covariance of its lanes, per time for white noise; `tau` is None for that.
    """

    force: Floats
    spread: Floats
    tau: Floats | None


def _noise_of(
    node: str, core: Core, source: Resolved, field: Field, by_input: Mapping[str, Floats]
) -> _Noise:
    name = _full(node, source.target)
    if source.on_input:
        force = by_input[name]
    else:
        count = sum(math.prod(each.shape) for each in field.columns.values())
        force = np.eye(count)[:, _places(field.columns[name])]
    sigma = core.spread(source.sigma)
    alike = np.eye(core.lanes) if source.factor is None else source.factor @ source.factor.T
    spread = sigma[:, None] * alike * sigma
    return _Noise(force, spread, core.spread(source.tau) if source.coloured else None)


def _with_noise(slopes: Floats, noises: Sequence[_Noise]) -> tuple[Floats, Floats]:
    """Drift and diffusion of the states, and of coloured noise as further states."""
    count = len(slopes)
    size = count + sum(len(each.tau) for each in noises if each.tau is not None)
    drift, diffusion = np.zeros((size, size)), np.zeros((size, size))
    drift[:count, :count] = slopes
    begin = count
    for each in noises:
        if each.tau is None:
            diffusion[:count, :count] += each.force @ each.spread @ each.force.T
            continue
        own = slice(begin, begin := begin + len(each.tau))
        drift[:count, own] += each.force
        drift[own, own] = -np.diag(1.0 / each.tau)
        diffusion[own, own] = 2.0 * each.spread / np.sqrt(np.outer(each.tau, each.tau))
    return drift, diffusion
