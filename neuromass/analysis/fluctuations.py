"""Linear noise: how a system fluctuates about a stable equilibrium, for weak noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.problem import field_of
from neuromass.dynamics.equilibria import Equilibrium
from neuromass.dynamics.field import ModelField
from neuromass.errors import brief, suggestion
from neuromass.noise import Resolved
from neuromass.populations.core import Core
from neuromass.recordings.spectra import Spectrum
from neuromass.simulation.system import system_of
from neuromass.units import HZ, Measure

__all__ = ["LinearNoise", "Transfer", "linear_noise"]

Floats = NDArray[np.float64]

_POINTS = 1001
"""Frequencies of a spectrum where none are given."""


@dataclass(frozen=True, eq=False, repr=False)
class Transfer:
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
        return np.unwrap(np.angle(self.values))

    def __repr__(self) -> str:
        ends = f"{self.frequencies[0]:g} to {self.frequencies[-1]:g} Hz"
        return (
            f"<Transfer from {self.source} to {self.target}: {len(self.frequencies)} from {ends}>"
        )


@dataclass(frozen=True, eq=False, repr=False)
class LinearNoise:
    """Fluctuations about an equilibrium.

    Attributes
    ----------
    equilibrium : Equilibrium
        About which.
    """

    equilibrium: Equilibrium
    _names: tuple[str, ...]
    _measures: tuple[Measure, ...]
    _drift: Floats
    _diffusion: Floats
    _by_input: dict[str, tuple[Floats, Measure]]

    def _place(self, name: Any) -> int:
        if not isinstance(name, str) or name not in self._names:
            raise ValueError(f"There is no state {brief(name)}{suggestion(name, self._names)}")
        return self._names.index(name)

    def covariance(self, first: str, second: str | None = None) -> Any:
        """Covariance of two states, or the variance of one.

        Parameters
        ----------
        first, second : str
            States.

        Returns
        -------
        Quantity
        """
        from scipy.linalg import solve_continuous_lyapunov  # noqa: PLC0415

        i, j = self._place(first), self._place(first if second is None else second)
        whole = solve_continuous_lyapunov(self._drift, -self._diffusion)
        return self._measures[i].combined(self._measures[j]).quantity(float(whole[i, j]))

    def std(self, name: str) -> Any:
        """Standard deviation of a state.

        Parameters
        ----------
        name : str
            The state.

        Returns
        -------
        Quantity
        """
        return self._measures[self._place(name)].quantity(
            float(np.sqrt(units.to_internal(self.covariance(name), self._squared(name), name)))
        )

    def _squared(self, name: str) -> Measure:
        own = self._measures[self._place(name)]
        return own.combined(own)

    def spectrum(self, name: str, frequencies: Any = None) -> Spectrum:
        """Power spectral density of a state, one-sided, as ``rec.spectrum`` measures it.

        Parameters
        ----------
        name : str
            The state.
        frequencies : Quantity, optional
            Where; up to five times the fastest rate of the system if left out.

        Returns
        -------
        Spectrum
        """
        place = self._place(name)
        at = self._frequencies(frequencies)
        rows = self._resolvent(at)[:, place]
        power = 2.0 * np.real(np.einsum("fi,ij,fj->f", rows, self._diffusion, rows.conj()))
        unit = self._squared(name).combined(HZ, -1)
        return Spectrum(name, at, np.asarray(unit.from_internal(power)), unit)

    def transfer(self, source: str, target: str, frequencies: Any = None) -> Transfer:
        """What a weak oscillation of an input does to a state.

        Parameters
        ----------
        source, target : str
            An input, and a state.
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
        place, (column, measure) = self._place(target), self._by_input[source]
        at = self._frequencies(frequencies)
        values = self._resolvent(at)[:, place] @ column
        own = self._measures[place]
        unit = own.combined(measure, -1) if measure.text else own
        return Transfer(source, target, at, values, unit)

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

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {self.std(name):.3g~P}".rstrip() for name in self._names)
        return f"<Linear noise about a {self.equilibrium.kind}; standard deviations {told}>"


def linear_noise(system: Any, inputs: Any = None, at: Equilibrium | None = None) -> LinearNoise:
    r"""How a population fluctuates about a stable equilibrium under its noise, if that is weak.

    Deviations follow dx = A x dt + dF with the Jacobian A; noise with a correlation time is a state
    more. The covariance C solves ``A C + C A' + Q = 0``, and the spectrum is
    ``S(f) = 2 Re[H Q H*]`` with ``H = (2 pi i f - A)^-1``.

    Parameters
    ----------
    system : Population
        A single one, with noise.
    inputs : number, Quantity or mapping, optional
        Constant inputs.
    at : Equilibrium, optional
        About which, one of ``system.equilibria()``; the stable one of lowest output if left out.

    Returns
    -------
    LinearNoise
        With ``covariance("r", "v")``, ``std("r")``, ``spectrum("r")``, ``transfer("I_ext", "r")``.

    Raises
    ------
    ValueError
        If there is no stable equilibrium, or the population has no noise.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0, noise={"v": nm.noise.White(0.05 / ms**0.5)})
    >>> print(f"{nm.analysis.linear_noise(pop).std('r'):.3f~P}")
    0.178 Hz
    """
    field = field_of(system, inputs, "linear_noise")
    if not isinstance(field, ModelField):
        raise TypeError("linear_noise takes a population.")
    core: Core = system_of(system, "linear_noise")
    if not core.sources:
        raise ValueError(f"This {core.name} has no noise.")
    found = _stable(system, core, inputs) if at is None else at
    if not found.stable:
        raise ValueError(f"This {found.kind} is not stable, and nothing stays near it.")
    names = tuple(core.model.states)
    measures = tuple(core.model.measure(name) for name in names)
    point = np.array(
        [units.to_internal(found.state[n], m, n) for n, m in zip(names, measures, strict=True)]
    )
    slopes = field.slopes(point)
    by_input = {
        name: (field.slopes_by(name, point), core.model.measure(name)) for name in core.model.inputs
    }
    drift, diffusion = _with_noise(slopes, by_input, names, core.sources)
    size = len(drift)
    columns = {
        name: (np.concatenate([column, np.zeros(size - len(column))]), measure)
        for name, (column, measure) in by_input.items()
    }
    return LinearNoise(found, names, measures, drift, diffusion, columns)


def _stable(system: Any, core: Core, inputs: Any) -> Equilibrium:
    """The stable equilibrium of lowest output."""
    given = core.inputs_by_node(inputs)[""]
    stable = [each for each in system.equilibria(**given) if each.stable]
    if not stable:
        raise ValueError(f"This {core.name} has no stable equilibrium at these inputs.")
    output = core.model.output
    first = output if output in core.model.states else next(iter(core.model.states))
    return min(stable, key=lambda each: each.state[first])


def _with_noise(
    slopes: Floats,
    by_input: dict[str, tuple[Floats, Measure]],
    names: tuple[str, ...],
    sources: tuple[Resolved, ...],
) -> tuple[Floats, Floats]:
    """Drift and diffusion of the states, and of coloured noise as further states."""
    count = len(names)
    coloured = [each for each in sources if each.coloured]
    size = count + len(coloured)
    drift, diffusion = np.zeros((size, size)), np.zeros((size, size))
    drift[:count, :count] = slopes
    for each in sources:
        column = np.zeros(size)
        if each.on_input:
            column[:count] = by_input[each.target][0]
        else:
            column[names.index(each.target)] = 1.0
        sigma = float(np.ravel(each.sigma)[0])
        if each.coloured:
            place, tau = count + coloured.index(each), float(np.ravel(each.tau)[0])
            drift[:, place] += column
            drift[place, place] = -1.0 / tau
            diffusion[place, place] = 2.0 * sigma**2 / tau
        else:
            diffusion += sigma**2 * np.outer(column, column)
    return drift, diffusion
