"""The steps of a run as they were taken, and their tangents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.problem import field_of
from neuromass.dynamics.field import Field
from neuromass.kernels.methods import METHODS, Method
from neuromass.networks.stages import WithStages
from neuromass.populations.core import Core
from neuromass.recordings.recording import contents_of
from neuromass.simulation.runner import run
from neuromass.simulation.system import system_of

Floats = NDArray[np.float64]

_NUMBERS: Final = 1 << 18
"""Numbers of tangents that are computed at once, about."""
_ITERATIONS: Final = 100


@dataclass(frozen=True, eq=False)
class Steps:
    """A run of a system without delays, step by step.

    Attributes
    ----------
    what : str
        For which analysis.
    field : Field
        The vector field.
    recording : Recording or Recordings
        All states and inputs.
    states : ndarray
        States before and after each step, (steps + 1, numbers).
    driven : mapping
        Inputs in each step, (steps, lanes).
    dt : float
        The step in ms.
    method : Method
        How they were taken.
    noisy : bool
        Whether there was white noise on states.
    """

    what: str
    field: Field
    recording: Any
    states: Floats
    driven: Mapping[str, Floats]
    dt: float
    method: Method
    noisy: bool

    def tangents(self, slopes: Callable[[Field, Floats], Floats]) -> Iterator[Floats]:
        """Derivatives of where each step ends by where it begins.

        Parameters
        ----------
        slopes : callable
            From a field and points to the derivatives of the rates there, square; they may have
            rows and columns for more numbers, constant ones.
        """
        size = slopes(self.field, self.states[:1]).shape[-1]
        block = max(1, _NUMBERS // size**2)
        for first in range(0, len(self.states) - 1, block):
            part = slice(first, min(first + block, len(self.states) - 1))
            at, after = self.states[part], self.states[part.start + 1 : part.stop + 1]
            here = self.field.matched({n: each[part] for n, each in self.driven.items()}, at)
            kicks = self._kicks(here, at, after) if self.noisy else np.zeros_like(at)
            points, _ = self._points(here, at, kicks)
            yield from self._tangents([slopes(here, each) for each in points])

    def _tangents(self, slopes: list[Floats]) -> Floats:
        """Derivatives of the steps, from those of the rates at each stage."""
        one = np.eye(slopes[0].shape[-1])
        first, *others = self.method.weights
        inner = slopes[0]
        total = first * inner
        for each, part, weight in zip(slopes[1:], self.method.parts, others, strict=True):
            inner = each @ (one + part * self.dt * inner)
            total = total + weight * inner
        return np.asarray(one + self.dt * total)

    def _points(self, field: Field, at: Floats, kicks: Floats) -> tuple[list[Floats], Floats]:
        """Where the derivatives of each stage are taken, and where the steps end."""
        points, rates = [at], field.rates(at)
        first, *others = self.method.weights
        total = first * rates
        for part, weight in zip(self.method.parts, others, strict=True):
            points.append(at + part * (self.dt * rates + kicks))
            rates = field.rates(points[-1])
            total = total + weight * rates
        return points, at + self.dt * total + kicks

    def _kicks(self, field: Field, at: Floats, after: Floats) -> Floats:
        """What white noise has added to the states in each step, from where they have ended."""
        kicks = after - self._points(field, at, np.zeros_like(at))[1]
        large = np.max(np.abs(after), axis=0, initial=1e-300)
        for _ in range(_ITERATIONS):
            missing = after - self._points(field, at, kicks)[1]
            if np.all(np.abs(missing) <= 1e-13 * large):
                return kicks
            kicks = kicks + missing
        raise ValueError(
            f"{self.what}: the steps are too long for the noise on the states; take less dt."
        )


def steps_of(system: Any, duration: Any, inputs: Any, what: str) -> Steps:
    """The steps of a run of a copy of a system.

    Parameters
    ----------
    system : Population or Network
        A single population, or a network without delays.
    duration : Quantity
        How long.
    inputs : Any
        As for ``nm.run``.
    what : str
        For which analysis.
    """
    field = field_of(system, None, what)
    found: Any = system_of(system, what)
    _check(found, what)
    copied = WithStages(system_of(system.copy()))
    nodes: Mapping[str, Core] = copied.nodes
    names = {node: (*core.model.states, *core.model.inputs) for node, core in nodes.items()}
    rec = run(copied, duration, inputs, record=names.get("", names), progress=False)
    traces = {}
    for node in nodes:
        contents = contents_of(rec[node] if node else rec)
        for name in names[node]:
            values = contents.look_up(name)[1]
            traces[f"{node}.{name}" if node else name] = values.reshape(len(values), -1)
    states = np.concatenate([traces[name] for name in field.columns], axis=1)
    _check_bounds(found.nodes, field, states, what)
    driven = {name: traces[name][1:] for name in field.pushed(np.zeros(states.shape[1]))}
    noisy = any(not each.on_input for core in found.nodes.values() for each in core.sources)
    return Steps(what, field, rec, states, driven, found.dt, METHODS[found.method], noisy)


def _check(found: Any, what: str) -> None:
    """Refuse what has no tangent that is known."""
    if not METHODS[found.method].weights:
        raise ValueError(f"{what} does not know the tangents of the method {found.method!r}.")
    if any(each.coloured and not each.on_input for c in found.nodes.values() for each in c.sources):
        raise ValueError(f"{what} takes no coloured noise on states; give it to an input.")
    if getattr(found, "coupling", "full") == "held" and found.method != "euler":
        raise ValueError(
            f"{what} takes networks whose coupling is full; make a copy, copy(coupling='full')."
        )


def _check_bounds(nodes: Mapping[str, Core], field: Field, states: Floats, what: str) -> None:
    """Refuse steps that have ended at a bound, where a node with noise is held."""
    for node, core in nodes.items():
        for name in core.model.states if core.sources else ():
            key = f"{node}.{name}" if node else name
            column = field.columns[key]
            lanes = slice(column.begin, column.begin + core.lanes)
            if np.any(states[1:, lanes] <= column.lower):
                raise ValueError(
                    f"{what}: noise has carried {key} to its lower bound, where it was held, so "
                    f"that neighbours do not part as the equations say; take weaker noise."
                )
