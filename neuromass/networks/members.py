"""What may be together in a network, and the seeds of its members."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, warn
from neuromass.populations.core import Core
from neuromass.populations.stepped import Stepped, core_of
from neuromass.spiking.core import NeuronsCore
from neuromass.units import MS


def checked(members: Any) -> dict[str, Stepped]:
    """The members by name; what cannot be in one network is refused."""
    if not isinstance(members, Mapping) or not members:
        raise TypeError("A network takes its populations by name, Network({'exc': exc, ...}).")
    found: dict[str, Stepped] = {}
    for name, each in members.items():
        _check_name(name)
        _check_free(name, each)
        if any(each is other for other in found.values()):
            raise ValueError(f"{name} is a population that was given under another name, too.")
        found[name] = each
    _check_alike({name: core_of(each) for name, each in found.items()})
    return found


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name or any(c in name for c in ".>/# "):
        raise ValueError(
            f"{brief(name)} is no name for a member; it is text without dots, spaces, >, / and #."
        )


def _check_free(name: str, given: Any) -> None:
    """Refuse what is no population, or belongs to somebody else."""
    if not isinstance(given, Stepped):
        raise TypeError(f"{name} must be a population, not {type(given).__name__}.")
    core = core_of(given)
    if core.network is not None:
        raise ValueError(
            f"{name} is in a network already; give a copy of it, pop.copy(), or let that network "
            f"go, net.release()."
        )
    if core.recorder is not None:
        raise RuntimeError(
            f"{name} is being recorded by nm.record; put it into a network outside of the "
            f"with block."
        )
    core.claim.check_free(core.name)


def _check_alike(members: Mapping[str, Core]) -> None:
    """Refuse members that differ in what a network has once."""
    first_name, first = next(iter(members.items()))
    for name, each in members.items():
        for what, mine, theirs in (
            ("dt", each.dt, first.dt),
            ("method", each.method, first.method),
            ("t", each.clock, first.clock),
        ):
            if mine != theirs:
                shown = _shown(what, each), _shown(what, first)
                raise ValueError(
                    f"{name} has {what} = {shown[0]}, but {first_name} has {shown[1]}; all members "
                    f"of a network share one."
                )


def _shown(what: str, core: Core) -> str:
    if what == "method":
        return core.method
    return units.shown(core.dt if what == "dt" else core.time, MS, 15)


def spread_seed(seed: int | None, members: Mapping[str, Core]) -> dict[str, int]:
    """Seeds for members with noise, but without one of their own, from the network's."""
    found = {}
    for name, each in members.items() if seed is not None else ():
        if isinstance(each, NeuronsCore) and each.seed_is_drawn:
            raise ValueError(
                f"seed: {name} is a {each.name} without a seed, from which it has drawn more than "
                f"noise already; give it one when it is made, seed=1."
            )
    for name, each in members.items() if seed is not None else ():
        if each.sources and each.seed_is_drawn:
            digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
            found[name] = int.from_bytes(digest[:4], "little") >> 1
    return found


def warn_of_twins(members: Mapping[str, Core], seeds: Mapping[str, int]) -> None:
    """Warn of members that draw the same random numbers, with the seeds they will have."""
    by_seed: dict[int | None, list[str]] = {}
    for name, each in members.items():
        if each.sources or _has_own_noise(each):
            by_seed.setdefault(seeds.get(name, each.seed), []).append(name)
    for seed, names in by_seed.items():
        for one, other in itertools.combinations(names, 2):
            first, second = members[one], members[other]
            common = [each for each in first.noise if each in second.noise]
            if first.lane == second.lane and _has_own_noise(first) and _has_own_noise(second):
                common.append("each neuron")
            lower = first if first.lane <= second.lane else second
            if common and abs(first.lane - second.lane) < lower.lanes:
                warn(
                    f"{one} and {other} have the same seed, {seed}, and with it the same noise on "
                    f"{', '.join(common)}. Give them different seeds, or one to the network alone."
                )


def _has_own_noise(core: Core) -> bool:
    return isinstance(core, NeuronsCore) and core.layout.own_noise is not None


def connected_by(
    connectome: Any, ways: tuple[Any, Any], name: str, ends: Sequence[Core]
) -> tuple[NDArray[np.float64], Any]:
    """Weights and distances of a connection by a connectome, checked.

    Parameters
    ----------
    connectome : Connectome
        Weights and distances.
    ways : tuple
        Distances and speed as given; the connectome brings the distances.
    name : str
        Name of the connection.
    ends : sequence of Core
        Source and target.
    """
    if not all(hasattr(connectome, each) for each in ("weights", "distances", "labels")):
        raise TypeError(f"{name}: connectome is a Connectome, not {brief(connectome)}.")
    distances, speed = ways
    if distances is not None:
        raise ValueError(f"{name}: a connectome has distances; leave them out.")
    count = len(connectome.weights)
    for each in ends:
        if each.shape != (count,):
            raise ValueError(
                f"{name}: the connectome has {count} regions, but {each.name} has "
                f"{each.shape or 'a single lane'}; make it with shape={count}."
            )
        if each.labels is not None and each.labels != connectome.labels:
            raise ValueError(
                f"{name}: {each.name} has other labels than the connectome, or another order."
            )
    return connectome.weights, None if speed is None else connectome.distances
