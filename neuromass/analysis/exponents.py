"""Lyapunov exponents: how fast neighbouring trajectories part or meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.analysis.problem import field_of
from neuromass.dynamics.field import Field
from neuromass.errors import whole_number
from neuromass.kernels.methods import METHODS, Method
from neuromass.networks.stages import WithStages
from neuromass.populations.core import Core
from neuromass.recordings.recording import contents_of
from neuromass.simulation.runner import run
from neuromass.simulation.system import system_of
from neuromass.units import MS, measure

__all__ = ["lyapunov"]

Floats = NDArray[np.float64]

_NUMBERS: Final = 1 << 18
"""Numbers of tangents that are computed at once, about."""
_ITERATIONS: Final = 100


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
    field = field_of(system, None, "lyapunov")
    found: Any = system_of(system, "lyapunov")
    size = sum(len(core.model.states) * core.lanes for core in WithStages(found).nodes.values())
    _check(found, whole_number(count, "count"), size)
    probe = system.copy()
    copied = WithStages(system_of(probe))
    states, driven = _traces(copied, field, duration, inputs)
    _check_bounds(found.nodes, field, states)
    noisy = any(not each.on_input for core in found.nodes.values() for each in core.sources)
    method, dt = METHODS[found.method], found.dt
    sums = np.zeros(count)
    vectors = np.eye(size)[:, :count]
    block = max(1, _NUMBERS // size**2)
    for first in range(0, len(states) - 1, block):
        part = slice(first, min(first + block, len(states) - 1))
        at, after = states[part], states[part.start + 1 : part.stop + 1]
        here = field.matched({name: values[part] for name, values in driven.items()}, at)
        kicks = _kicks(here, at, after, dt, method) if noisy else np.zeros_like(at)
        for matrix in _tangents(here, at, kicks, dt, method):
            vectors, factors = np.linalg.qr(matrix @ vectors)
            sums += np.log(np.abs(np.diag(factors)))
    length = (len(states) - 1) * units.to_internal(MS.quantity(dt), MS, "dt")
    return units.to_quantity(measure("1/s"), np.sort(sums / length)[::-1])


def _check(found: Any, count: int, size: int) -> None:
    """Refuse what has no tangent that is known, and a wrong count."""
    if not METHODS[found.method].weights:
        raise ValueError(f"lyapunov does not know the tangents of the method {found.method!r}.")
    if any(each.coloured and not each.on_input for c in found.nodes.values() for each in c.sources):
        raise ValueError("lyapunov takes no coloured noise on states; give it to an input.")
    if getattr(found, "coupling", "full") == "held" and found.method != "euler":
        raise ValueError(
            "lyapunov takes networks whose coupling is full; make a copy, copy(coupling='full')."
        )
    if not 1 <= count <= size:
        raise ValueError(
            f"count lies between 1 and {size}, the number of states; {count} does not."
        )


def _check_bounds(nodes: Mapping[str, Core], field: Field, states: Floats) -> None:
    """Refuse steps that have ended at a bound, where a node with noise is held."""
    for node, core in nodes.items():
        for name in core.model.states if core.sources else ():
            key = f"{node}.{name}" if node else name
            column = field.columns[key]
            lanes = slice(column.begin, column.begin + core.lanes)
            if np.any(states[1:, lanes] <= column.lower):
                raise ValueError(
                    f"lyapunov: noise has carried {key} to its lower bound, where it was held, so "
                    f"that neighbours do not part as the equations say; take weaker noise."
                )


def _traces(
    system: WithStages, field: Field, duration: Any, inputs: Any
) -> tuple[Floats, dict[str, Floats]]:
    """States before and after each step, (steps + 1, numbers), and inputs in it, (steps, lanes)."""
    nodes: Mapping[str, Core] = system.nodes
    names = {node: (*core.model.states, *core.model.inputs) for node, core in nodes.items()}
    rec = run(system, duration, inputs, record=names.get("", names), progress=False)
    found = {}
    for node in nodes:
        contents = contents_of(rec[node] if node else rec)
        for name in names[node]:
            values = contents.look_up(name)[1]
            found[f"{node}.{name}" if node else name] = values.reshape(len(values), -1)
    states = np.concatenate([found[name] for name in field.columns], axis=1)
    point = np.zeros(states.shape[1])
    return states, {name: found[name][1:] for name in field.pushed(point)}


def _points(
    field: Field, at: Floats, kicks: Floats, dt: float, method: Method
) -> tuple[list[Floats], Floats]:
    """Where the derivatives of each stage are taken, and where the steps end."""
    points, rates = [at], field.rates(at)
    first, *others = method.weights
    total = first * rates
    for part, weight in zip(method.parts, others, strict=True):
        points.append(at + part * (dt * rates + kicks))
        rates = field.rates(points[-1])
        total = total + weight * rates
    return points, at + dt * total + kicks


def _tangents(field: Field, at: Floats, kicks: Floats, dt: float, method: Method) -> Floats:
    """Derivatives of where steps end by where they begin."""
    points, _ = _points(field, at, kicks, dt, method)
    one, slopes = np.eye(at.shape[-1]), field.slopes(at)
    first, *others = method.weights
    total = first * slopes
    for point, part, weight in zip(points[1:], method.parts, others, strict=True):
        slopes = field.slopes(point) @ (one + part * dt * slopes)
        total = total + weight * slopes
    tangents: Floats = one + dt * total
    return tangents


def _kicks(field: Field, at: Floats, after: Floats, dt: float, method: Method) -> Floats:
    """What white noise has added to the states in each step, from where the steps have ended."""
    kicks = after - _points(field, at, np.zeros_like(at), dt, method)[1]
    large = np.max(np.abs(after), axis=0, initial=1e-300)
    for _ in range(_ITERATIONS):
        missing = after - _points(field, at, kicks, dt, method)[1]
        if np.all(np.abs(missing) <= 1e-13 * large):
            return kicks
        kicks = kicks + missing
    raise ValueError("lyapunov: the steps are too long for the noise on the states; take less dt.")
