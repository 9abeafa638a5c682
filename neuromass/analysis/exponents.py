"""Lyapunov exponents: how fast neighbouring trajectories part or meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.problem import field_of
from neuromass.dynamics.field import ModelField
from neuromass.errors import whole_number
from neuromass.recordings.recording import contents_of
from neuromass.simulation.runner import run
from neuromass.simulation.system import System, system_of
from neuromass.units import MS, measure

__all__ = ["lyapunov"]

Floats = NDArray[np.float64]

_BLOCK = 1 << 14
"""Steps whose tangents are computed at once."""


def lyapunov(system: Any, duration: Any, inputs: Any = None, count: int = 1) -> Any:
    r"""Lyapunov exponents along a run, the largest first.

    The tangent of every step as it was taken, exact for Euler's and Heun's method, moves vectors
    that are kept apart by a QR decomposition after each step (Benettin et al. 1980).

    Parameters
    ----------
    system : Population
        A single one; it is left where it is.
    duration : Quantity
        How long. Let transients pass before.
    inputs : Any, optional
        As for ``nm.run``; noise on inputs counts as a part of them.
    count : int
        How many exponents; no more than there are states.

    Returns
    -------
    Quantity
        The exponents in 1/s.

    References
    ----------
    G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Lyapunov characteristic exponents for
    smooth dynamical systems, Meccanica 15, 9 (1980), doi:10.1007/BF02128236.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0, initial="rest")
    >>> print(f"{nm.analysis.lyapunov(pop, 200 * ms)[0]:.1f~P}")
    -225.8 1/s
    """
    field = field_of(system, None, "lyapunov")
    found: System = system_of(system, "lyapunov")
    if not isinstance(field, ModelField):
        raise TypeError("lyapunov takes a population.")
    (core,) = found.nodes.values()
    if any(each.coloured and not each.on_input for each in core.sources):
        raise ValueError("lyapunov takes no coloured noise on states; give it to an input.")
    size = len(core.model.states)
    if not 1 <= whole_number(count, "count") <= size:
        raise ValueError(
            f"count lies between 1 and {size}, the number of states; {count} does not."
        )
    names = (*core.model.states, *core.model.inputs)
    rec = run(system.copy(), duration, inputs, record=names, progress=False)
    traces = contents_of(rec).data
    states = np.stack([traces[name][:-1].reshape(-1) for name in core.model.states], axis=-1)
    driven = {name: traces[name][1:].reshape(-1) for name in core.model.inputs}
    tangent = {"heun": _heun, "euler": _euler, "rk4": _rk4}[core.method]
    sums = np.zeros(count)
    vectors = np.eye(size)[:, :count]
    for first in range(0, len(states), _BLOCK):
        part = slice(first, first + _BLOCK)
        here = field
        for name, values in driven.items():
            here = here.varied(name, values[part])
        for matrix in tangent(here, states[part], core.dt):
            vectors, factors = np.linalg.qr(matrix @ vectors)
            sums += np.log(np.abs(np.diag(factors)))
    length = len(states) * units.to_internal(MS.quantity(core.dt), MS, "dt")
    return units.to_quantity(measure("1/s"), np.sort(sums / length)[::-1])


def _euler(field: ModelField, at: Floats, dt: float) -> Floats:
    """Tangents of Euler's steps."""
    return np.eye(at.shape[-1]) + dt * field.slopes(at)


def _heun(field: ModelField, at: Floats, dt: float) -> Floats:
    """Tangents of Heun's steps."""
    one, here = np.eye(at.shape[-1]), field.slopes(at)
    there = field.slopes(at + dt * field.rates(at))
    return one + 0.5 * dt * (here + there @ (one + dt * here))


def _rk4(field: ModelField, at: Floats, dt: float) -> Floats:
    """Tangents of Runge's and Kutta's steps."""
    one, rates, slopes = np.eye(at.shape[-1]), field.rates(at), field.slopes(at)
    total = slopes
    for part, weight in ((0.5, 2.0), (0.5, 2.0), (1.0, 1.0)):
        there = at + part * dt * rates
        rates, slopes = field.rates(there), field.slopes(there) @ (one + part * dt * slopes)
        total = total + weight * slopes
    return one + dt / 6.0 * total
