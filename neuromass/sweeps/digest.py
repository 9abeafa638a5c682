"""What a sweep was asked, in short: names and digests of all that decides its results."""

from __future__ import annotations

import hashlib
import pickle
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from neuromass import units
from neuromass._version import __version__
from neuromass.simulation.system import System, system_of
from neuromass.sweeps.batches import Study
from neuromass.units import Measure


def digests(study: Study, follow: str | None, direction: str) -> dict[str, str]:
    """Digest of each argument, by its name."""
    found: dict[str, Any] = {"version": __version__, "follow": follow, "direction": direction}
    found |= {"duration": study.steps, "transient": study.skipped, "inputs": study.inputs}
    found |= {f"measure {name}": each for name, each in study.measures.items()}
    found["mode"] = study.points.is_grid
    found |= {each.key.name: each.values for each in study.points.axes}
    found["order of the keys"] = [each.key.name for each in study.points.axes]
    found |= dict(_of_system(system_of(study.prototype)))
    return {name: digest(each) for name, each in found.items()}


def _of_system(system: System) -> Iterator[tuple[str, Any]]:
    yield "system: clock and dt", (system.clock, system.dt)
    for node, core in system.nodes.items():
        place = f"system: {node}." if node else "system: "
        yield f"{place}model", (core.model.name, core.model.equations.fingerprint(), core.method)
        yield f"{place}shape", core.shape
        yield f"{place}noise", [each.fingerprint() for each in core.sources]
        if core.sources:
            yield f"{place}seed", (core.seed, core.lane)
        yield f"{place}state", core.state
        for name, value in core.parameters.items():
            yield f"{place}{name}", value
    for name in system.wired():
        about = system.about(name, 1, False)
        yield f"system: {name}", {key: value for key, (value, _) in about.parameters.items()}


def digest(value: Any) -> str:
    """A digest of a value, the same in every process for the same content."""
    return hashlib.sha256(repr(list(_parts(value))).encode()).hexdigest()[:16]


def _parts(value: Any, within: tuple[int, ...] = ()) -> Iterator[Any]:
    """Texts that tell a value from others; functions by their code and what they refer to.

    Parameters
    ----------
    value : Any
        The value.
    within : tuple of int
        Identities of what it is a part of, for what refers to itself.
    """
    if id(value) in within:
        yield "itself"
        return
    within = (*within, id(value))
    if units.is_quantity(value) and hasattr(value, "magnitude"):
        yield str(value.units)
        value = value.magnitude
    if isinstance(value, Mapping):
        value = sorted((str(name), each) for name, each in value.items())
    if isinstance(value, np.ndarray):
        yield value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    elif isinstance(value, list | tuple | set | frozenset):
        yield len(value)
        for each in value:
            yield from _parts(each, within)
    elif isinstance(value, types.CodeType):
        yield value.co_code.hex(), value.co_names
        yield from _parts(value.co_consts, within)
    elif isinstance(value, types.FunctionType):
        used = {name: value.__globals__.get(name) for name in value.__code__.co_names}
        plain = {n: each for n, each in used.items() if _is_plain(each)}
        cells = [each.cell_contents for each in value.__closure__ or ()]
        yield from _parts([value.__code__, value.__defaults__, cells, plain], within)
    elif isinstance(value, Measure):
        yield value.text
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__qualname__
        yield from _parts({f.name: getattr(value, f.name) for f in fields(value)}, within)
    elif value is None or isinstance(value, bool | int | float | str | bytes):
        yield repr(value)
    else:
        yield hashlib.sha256(pickle.dumps(value)).hexdigest()


def _is_plain(value: Any) -> bool:
    kinds = bool | int | float | str | np.ndarray | types.FunctionType
    return isinstance(value, kinds) or units.is_quantity(value)
