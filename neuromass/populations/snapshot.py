"""What a population was at some moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.units import MS

Kept = Mapping[tuple[str, ...], NDArray[np.float64]]
"""Arrays by names of one or more parts."""

LATEST: Final = 1 << 53
"""A clock that nothing reaches: beyond it, the times of two steps can be the same float."""


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
    failed : bool
        Whether lanes stand as NaN since they failed in a run with ``on_failure="nan"``.
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
    failed: bool

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
        return {("state",): self.state, ("failed",): np.array([float(self.failed)])}

    def moved(self, clock: int, kept: Kept) -> Self:
        """The same at another time, with what steps have changed until then."""
        failed = bool(np.any(kept["failed",] != 0.0))
        return replace(self, clock=clock, state=kept["state",], failed=failed)

    def check(self, own: Snapshot) -> None:
        """Refuse one that cannot be restored, or that was changed since it was taken.

        Parameters
        ----------
        own : Snapshot
            Of what it is to be restored in, as it is now.
        """
        check_kinds(self, own)
        if not all(isinstance(each, tuple) and each for each in self.noise):
            raise changed("noise")
        differences = self.differences(own)
        if differences:
            raise ValueError(f"The snapshot is {', and '.join(differences)}.")
        if not 0 <= self.clock < LATEST:
            raise changed("clock")
        check_array(self.state, "state", own.state.shape)
        if set(self.parameters) != set(own.parameters):
            raise changed("parameters")
        for name, value in self.parameters.items():
            check_array(value, name)
            if not _fits(value.shape, self.shape) or not np.all(np.isfinite(value)):
                raise changed(name)

    def __repr__(self) -> str:
        return f"<Snapshot of {self.model} at t = {units.shown(self.clock * self.dt, MS)}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parameters": dict(self.parameters)}


def _fits(shape: tuple[int, ...], lanes: tuple[int, ...]) -> bool:
    """Whether an array of some shape can be spread over lanes."""
    ends = zip(shape[::-1], lanes[::-1], strict=False)
    return len(shape) <= len(lanes) and all(own in (1, other) for own, other in ends)


def check_kinds(saved: Any, own: Any) -> None:
    """Refuse a snapshot whose entries are of other types than those of another one."""
    for each in fields(own):
        value, kind = getattr(saved, each.name), type(getattr(own, each.name))
        is_mapping = issubclass(kind, Mapping) and isinstance(value, Mapping)
        if type(value) is not kind and not is_mapping:
            raise changed(each.name)


def check_array(value: Any, name: str, shape: tuple[int, ...] | None = None) -> None:
    """Refuse what is no array of floats, or has another shape."""
    is_plain = isinstance(value, np.ndarray) and value.dtype == float
    if not is_plain or (shape is not None and value.shape != shape):
        raise changed(name)


def changed(name: Any, why: Any = "") -> ValueError:
    """The error for a snapshot that is not as it was taken.

    Parameters
    ----------
    name : Any
        The entry that is not.
    why : Any
        What is wrong with it, if that is not plain.
    """
    reason = f" ({why})" if why else ""
    return ValueError(
        f"The snapshot was changed since it was taken: its {str(name)[:60]} is not what "
        f"snapshot() gave{reason}. It is not restored; take another one."
    )
