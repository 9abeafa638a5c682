"""What a population was at some moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.units import MS


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that changes in a population: states, noise, clock and parameters, exactly.

    Attributes
    ----------
    model : str
        The model's name.
    clock : int
        Steps since the start.
    dt : float
        The step in ms.
    shape : tuple of int
        The lanes.
    noise : tuple of str
        What has noise with a value of its own.
    state : ndarray
        States and noise values, in internal units.
    parameters : dict
        Parameters in internal units.
    """

    model: str
    clock: int
    dt: float
    shape: tuple[int, ...]
    noise: tuple[str, ...]
    state: NDArray[np.float64]
    parameters: Mapping[str, NDArray[np.float64]]

    @property
    def kind(self) -> tuple[Any, ...]:
        """What a population must share to take this snapshot."""
        return self.model, self.dt, self.shape, self.noise, frozenset(self.parameters)

    @property
    def described(self) -> str:
        """What it is of, in words."""
        lanes = f" of shape {self.shape}" if self.shape else ""
        noise = f" and coloured noise on {', '.join(self.noise)}" if self.noise else ""
        return f"a {self.model}{lanes} with dt = {units.shown(self.dt, MS)}{noise}"

    def __repr__(self) -> str:
        return f"<Snapshot of {self.model} at t = {units.shown(self.clock * self.dt, MS)}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parameters": dict(self.parameters)}
