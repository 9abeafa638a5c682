"""What decides the numbers of a run or sweep, in short: digests by name, and what differs."""

from __future__ import annotations

import hashlib
import pickle
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief
from neuromass.simulation.system import System, system_of
from neuromass.units import Measure


def digests(found: Mapping[str, Any]) -> dict[str, str]:
    """Digests of values, by name."""
    return {name: digest(each, name) for name, each in found.items()}


def differing(known: Mapping[str, str], asked: Mapping[str, str]) -> list[str]:
    """Names under which two sets of digests are not the same, in the order of what is asked."""
    names = [*asked, *(name for name in known if name not in asked)]
    return [name for name in names if known.get(name) != asked.get(name)]


def told(names: list[str]) -> str:
    """Names in a sentence; some of them, if there are many."""
    return ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")


def of_system(system: System) -> dict[str, Any]:
    """What decides the steps of a system, by name."""
    return {**of_kind(system), **of_standing(system)}


def of_standing(system: System) -> dict[str, Any]:
    """Where a system stands, by name: all that its steps change."""
    kept = {"system: " + ".".join(name): each for name, each in system.snapshot().kept().items()}
    return {"system: clock": system.clock, **kept}


def of_kind(system: System) -> dict[str, Any]:
    """What a system is, by name: all that its steps leave as it is."""
    return {"system: dt": system.dt, **dict(_of_nodes(system)), **dict(_of_wires(system))}


def _of_nodes(system: System) -> Iterator[tuple[str, Any]]:
    for node, core in system.nodes.items():
        place = f"system: {node}." if node else "system: "
        yield f"{place}model", (core.model.name, core.model.equations.fingerprint(), core.method)
        yield f"{place}shape", core.shape
        yield f"{place}noise", [each.fingerprint() for each in core.sources]
        if core.sources:
            yield f"{place}seed", (core.seed, core.lane)
        for name, value in core.parameters.items():
            yield f"{place}{name}", value


def _of_wires(system: System) -> Iterator[tuple[str, Any]]:
    for name in system.wired():
        about = system.about(name, 1, False)
        yield f"system: {name}", {key: value for key, (value, _) in about.parameters.items()}
    for name, value in system.settled().items():
        yield f"system: {name}", value


def digest(value: Any, name: str = "a value") -> str:
    """A digest of a value, the same in every process for the same content.

    Parameters
    ----------
    value : Any
        The value.
    name : str
        What it is, for errors.
    """
    try:
        return hashlib.sha256(repr(list(_parts(value))).encode()).hexdigest()[:16]
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise TypeError(
            f"checkpoint: {name} = {brief(value)} cannot be compared after a restart ({error}). "
            f"Take a signal, numbers, or a function of its own, made by def or lambda."
        ) from error


def _parts(value: Any, within: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Texts that tell a value from others; functions by their code and what they refer to.

    Parameters
    ----------
    value : Any
        The value.
    within : tuple
        What it is a part of, for what refers to itself; kept, as an identity of what is gone may
        be given anew.
    """
    if any(value is each for each in within):
        yield "itself"
        return
    within = (*within, value)
    if units.is_quantity(value) and hasattr(value, "magnitude"):
        yield str(value.units)
        value = value.magnitude
    if isinstance(value, Mapping):
        value = sorted((str(name), each) for name, each in value.items())
    if isinstance(value, np.ndarray):
        yield value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    elif isinstance(value, set | frozenset):
        yield sorted(repr(list(_parts(each, within))) for each in value)
    elif isinstance(value, list | tuple):
        yield len(value)
        for each in value:
            yield from _parts(each, within)
    elif isinstance(value, types.CodeType | types.FunctionType):
        yield from _of_code(value, within)
    elif value is None or isinstance(value, bool | int | float | str | bytes):
        yield repr(value)
    else:
        yield from _of_object(value, within)


def _of_object(value: Any, within: tuple[Any, ...]) -> Iterator[Any]:
    if isinstance(value, Measure):
        yield value.text
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__qualname__
        yield from _parts({f.name: getattr(value, f.name) for f in fields(value)}, within)
    elif hasattr(type(value), "__system__"):
        yield from _parts(of_system(system_of(value)), within)
    else:
        yield hashlib.sha256(pickle.dumps(value)).hexdigest()


def _of_code(value: types.CodeType | types.FunctionType, within: tuple[Any, ...]) -> Iterator[Any]:
    if isinstance(value, types.CodeType):
        yield value.co_code.hex(), value.co_names
        yield from _parts(value.co_consts, within)
    else:
        used = {name: value.__globals__.get(name) for name in value.__code__.co_names}
        plain = {n: each for n, each in used.items() if _is_plain(each)}
        cells = [each.cell_contents for each in value.__closure__ or ()]
        yield from _parts([value.__code__, value.__defaults__, cells, plain], within)


def _is_plain(value: Any) -> bool:
    kinds = bool | int | float | str | np.ndarray | types.FunctionType
    return isinstance(value, kinds) or units.is_quantity(value)
