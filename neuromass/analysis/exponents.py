"""Lyapunov exponents: how fast neighbouring trajectories part or meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromass import units
from neuromass.analysis.steps import steps_of
from neuromass.errors import whole_number
from neuromass.networks.stages import WithStages
from neuromass.simulation.system import system_of
from neuromass.units import MS, measure

__all__ = ["lyapunov"]


def lyapunov(system: Any, duration: Any, inputs: Any = None, count: int = 1) -> Any:
    r"""Lyapunov exponents along a run, the largest first.

    The tangent of every step as it was taken, exact for each method, moves vectors that are kept
    apart by a QR decomposition after each step (Benettin et al. 1980).

    Parameters
    ----------
    system : Population or Network
        A single population, or a network without delays; it is left where it is.
    duration : Quantity
        How long. Let transients pass before.
    inputs : Any, optional
        As for ``nm.run``; noise on inputs counts as a part of them.
    count : int
        How many exponents; no more than there are states, those of synapses included.

    Returns
    -------
    Quantity
        The exponents in 1/s.

    Raises
    ------
    ValueError
        For coloured noise on states, a network with delays or held coupling, or where noise
        carries a state to its lower bound, where it is held.

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
    found: Any = system_of(system, "lyapunov")
    size = sum(len(core.model.states) * core.lanes for core in WithStages(found).nodes.values())
    if not 1 <= whole_number(count, "count") <= size:
        raise ValueError(
            f"count lies between 1 and {size}, the number of states; {count} does not."
        )
    steps = steps_of(system, duration, inputs, "lyapunov")
    sums = np.zeros(count)
    vectors = np.eye(size)[:, :count]
    for matrix in steps.tangents(lambda field, at: field.slopes(at)):
        vectors, factors = np.linalg.qr(matrix @ vectors)
        sums += np.log(np.abs(np.diag(factors)))
    length = (len(steps.states) - 1) * units.to_internal(MS.quantity(steps.dt), MS, "dt")
    return units.to_quantity(measure("1/s"), np.sort(sums / length)[::-1])
