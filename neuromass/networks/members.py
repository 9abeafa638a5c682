"""What may be together in a network, and the seeds of its members."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

from neuromass import units
from neuromass.errors import warn
from neuromass.populations.population import Population
from neuromass.units import MS


def checked(members: Any) -> dict[str, Population]:
    """The members by name; what cannot be in one network is refused."""
    if not isinstance(members, Mapping) or not members:
        raise TypeError("A network takes its populations by name, Network({'exc': exc, ...}).")
    found: dict[str, Population] = {}
    for name, each in members.items():
        _check_name(name)
        _check_free(name, each)
        if any(each is other for other in found.values()):
            raise ValueError(f"{name} is a population that was given under another name, too.")
        found[name] = each
    _check_alike(found)
    return found


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name or any(c in name for c in ".>/# "):
        raise ValueError(
            f"{name!r} is no name for a member; it is text without dots, spaces, >, / and #."
        )


def _check_free(name: str, given: Any) -> None:
    """Refuse what is no population, or belongs to somebody else."""
    if not isinstance(given, Population):
        raise TypeError(f"{name} must be a population, not {type(given).__name__}.")
    if given._owner is not None:
        raise ValueError(f"{name} is in a network already; give a copy of it, pop.copy().")
    if given._observer is not None:
        raise RuntimeError(
            f"{name} is being recorded by nm.record; put it into a network outside of the "
            f"with block."
        )


def _check_alike(members: Mapping[str, Population]) -> None:
    """Refuse members that differ in what a network has once."""
    first_name, first = next(iter(members.items()))
    for name, each in members.items():
        for what, mine, theirs in (
            ("dt", units.shown(each._dt, MS), units.shown(first._dt, MS)),
            ("method", each.method, first.method),
            ("t", units.shown(each._time, MS), units.shown(first._time, MS)),
        ):
            if mine != theirs or (what == "dt" and each._dt != first._dt):
                raise ValueError(
                    f"{name} has {what} = {mine}, but {first_name} has {theirs}; all members of a "
                    f"network share one."
                )


def spread_seed(seed: int | None, members: Mapping[str, Population]) -> None:
    """Give members with noise, but without a seed of their own, one from the network's."""
    for name, each in members.items() if seed is not None else ():
        if each._sources and each._seed_was_drawn:
            digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
            each._take_seed(int.from_bytes(digest[:4], "little") >> 1)


def warn_of_twins(members: Mapping[str, Population]) -> None:
    """Warn of members that draw the same random numbers."""
    by_seed: dict[int | None, list[str]] = {}
    for name, each in members.items():
        if each._sources:
            by_seed.setdefault(each.seed, []).append(name)
    for seed, names in by_seed.items():
        for one, other in itertools.combinations(names, 2):
            first, second = members[one], members[other]
            common = [each for each in first.noise if each in second.noise]
            lower = first if first.lane <= second.lane else second
            if common and abs(first.lane - second.lane) < lower._lanes:
                warn(
                    f"{one} and {other} have the same seed, {seed}, and with it the same noise on "
                    f"{', '.join(common)}. Give them different seeds, or one to the network alone."
                )
