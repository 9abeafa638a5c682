"""What a population was at some moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.units import MS

Kept = Mapping[tuple[str, ...], NDArray[np.float64]]
"""Arrays by names of one or more parts."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that changes in a population: states, noise, clock and parameters, exactly.

    Attributes
    ----------
    model, method : str
        The model's name, and how it is stepped.
    equations : str
        A fingerprint of its equations.
    clock : int
        Steps since the start.
    dt : float
        The step in ms.
    shape : tuple of int
        The lanes.
    noise : tuple
        What has noise, of which kind and strength.
    state : ndarray
        States and noise values, in internal units.
    parameters : mapping
        Parameters in internal units.
    """

    model: str
    equations: str
    method: str
    clock: int
    dt: float
    shape: tuple[int, ...]
    noise: tuple[tuple[Any, ...], ...]
    state: NDArray[np.float64]
    parameters: Mapping[str, NDArray[np.float64]]

    def differences(self, other: Snapshot) -> list[str]:
        """What keeps one from being restored where the other was taken, in words."""
        found: list[str] = []
        if (self.model, self.equations) != (other.model, other.equations):
            same = self.model == other.model
            found.append(f"of {'another' if same else 'a'} {self.model}, not of a {other.model}")
        if self.method != other.method:
            found.append(f"stepped by {self.method}, not by {other.method}")
        if self.dt != other.dt:
            found.append(f"with dt = {units.shown(self.dt, MS)}, not {units.shown(other.dt, MS)}")
        if self.shape != other.shape:
            found.append(f"of lanes {self.shape or '()'}, not {other.shape or '()'}")
        if self.noise != other.noise:
            names = [", ".join(each[0] for each in s.noise) or "nothing" for s in (self, other)]
            other_noise = "of another strength" if names[0] == names[1] else f"not {names[1]}"
            found.append(f"with noise on {names[0]}, {other_noise}")
        return found

    def kept(self) -> Kept:
        """What steps change beside the clock, by names of one or more parts."""
        return {("state",): self.state}

    def moved(self, clock: int, kept: Kept) -> Self:
        """The same at another time, with what steps have changed until then."""
        return replace(self, clock=clock, state=kept["state",])

    def is_sound(self) -> bool:
        """Whether all of it are numbers, as in every snapshot that was taken."""
        arrays = [self.state, *self.parameters.values()]
        plain = all(isinstance(each, np.ndarray) and each.dtype == float for each in arrays)
        return plain and all(np.all(np.isfinite(each)) for each in self.parameters.values())

    def __repr__(self) -> str:
        return f"<Snapshot of {self.model} at t = {units.shown(self.clock * self.dt, MS)}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parameters": dict(self.parameters)}
