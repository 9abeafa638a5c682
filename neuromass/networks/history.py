"""What delayed connections carry before a network's first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import signals, units
from neuromass.errors import brief, suggestion, warn
from neuromass.networks.routes import Route, Sent
from neuromass.populations.core import Core
from neuromass.units import Measure

Floats = NDArray[np.float64]


def checked_history(
    history: Any, members: Mapping[str, Core], before: float
) -> dict[str, signals.Signal]:
    """Given pasts by ``"member.variable"`` or by connection, checked one step before the start."""
    if history is not None and not isinstance(history, Mapping):
        raise TypeError("history is given by member, history={'exc': 5 * Hz}.")
    found: dict[str, signals.Signal] = {}
    for key, value in (history or {}).items():
        what = f"history of {key}"
        name = full_key(str(key), members)
        if name in found:
            raise ValueError(f"history of {name} is given twice.")
        found[name] = _as_past(value, what, before)
        if "->" not in name:
            member, _, variable = name.partition(".")
            check(found[name], members[member], variable, before, what)
    return found


def full_key(key: str, members: Mapping[str, Core]) -> str:
    """A key with its variable, ``"exc.r"``, or the name of a connection as it is."""
    source, arrow, target = key.partition("->")
    source, _, variable = source.partition(".")
    for each in (source, target.partition("#")[0]) if arrow else (source,):
        if each not in members:
            raise ValueError(
                f"history: the network has no member {brief(each)}{suggestion(each, members)}"
            )
    return key if arrow else f"{source}.{variable_of(members[source], source, variable or None)}"


def _as_past(value: Any, what: str, before: float) -> signals.Signal:
    is_function = callable(value) or isinstance(value, signals.Signal)
    if not is_function:
        units.require_finite(units.to_internal(value, units.measure_of(value), what), what)
        value = signals.Constant(value)
    return signals.as_signal(value, what, at=before)


def check(past: signals.Signal, population: Core, variable: str, before: float, what: str) -> None:
    """Refuse a past of a member that has another unit or shape, or is out of range."""
    measure, lowest = population.model.measure(variable), lowest_of(population, variable)
    sampled(past, np.array([before]), measure, population.shape, what, lowest)


def check_bare(
    past: signals.Signal, population: Core, variable: str, times: Floats, what: str
) -> None:
    """The same, without a bound that follows a parameter, which may have changed since."""
    variable_of(population, what, variable)
    declared = population.model.states.get(variable)
    lowest = -np.inf if declared is None or declared.lower is None else declared.lower
    measure = population.model.measure(variable)
    sampled(past, times, measure, population.shape, what, lowest)


def sampled(
    past: signals.Signal,
    times: Floats,
    measure: Measure,
    shape: tuple[int, ...],
    what: str,
    lowest: Any = -np.inf,
) -> Floats:
    """A given past at some times, one row for each lane."""
    try:
        values = past.sample(times)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    units.to_internal(past.measure.quantity(1.0), measure, what)  # refuses what has another unit
    units.require_finite(values, what)
    lanes = values.reshape(len(times), *values.shape[1:])
    try:
        rows = np.stack([np.broadcast_to(row, shape).reshape(-1) for row in lanes])
    except ValueError:
        raise ValueError(
            f"{what} has values of the shape {values.shape[1:]}, but the lanes are {shape}."
        ) from None
    if np.any(rows < lowest):
        least = units.shown(np.max(lowest), measure)
        raise ValueError(
            f"{what} cannot be below {least}, and {units.shown(np.min(rows), measure)} is."
        )
    return np.ascontiguousarray(rows.T)


def check_used(history: Mapping[str, Any], routes: Mapping[str, Route]) -> None:
    """Refuse pasts of connections that do not exist, and warn of those that nothing carries.

    Parameters
    ----------
    history : mapping
        Given pasts, by ``"member.variable"`` or by connection.
    routes : mapping of Route
        All connections by name.
    """
    late = {name: route for name, route in routes.items() if np.any(route.steps > 0)}
    carried = {".".join(route.end) for route in late.values()}
    for key in history:
        if "->" in key and key not in routes:
            raise ValueError(
                f"history: the network has no connection {brief(key)}{suggestion(key, routes)} "
                f"Connect it before the first step."
            )
        if key not in late and key not in carried:
            warn(f"history of {key} is not used: {_why_unused(key, late)}")


def _why_unused(key: str, late: Mapping[str, Route]) -> str:
    if "->" in key:
        return f"{key} has no delay."
    behind = [name for name, each in late.items() if f"{each.source}.{each.variable}" == key]
    if not behind:
        return f"no connection with a delay carries {key}."
    return (
        f"on {', '.join(behind)} a synapse stands before the delay. Give the past of what it lets "
        f"through, history={{{behind[0]!r}: ...}}."
    )


def resampled(histories: Mapping[Sent, Floats], old: float, new: float) -> dict[Sent, Floats]:
    """Histories for another step, interpolated where it falls between the old ones."""
    if old == new:
        return {sender: past.copy() for sender, past in histories.items()}
    found = {}
    for sender, past in histories.items():
        before = np.arange(1 - past.shape[1], 1) * old
        count = int((past.shape[1] - 1) * old / new + 1e-6)
        times = np.arange(-count, 1) * new
        between = np.array([np.interp(times, before, row) for row in past])
        found[sender] = np.clip(between, past.min(1)[:, None], past.max(1)[:, None])
    return found


def lowest_of(population: Core, variable: str) -> Any:
    """What a state cannot fall below, in internal units; nothing for what has no bound."""
    declared = population.model.states.get(variable)
    if declared is None:
        return -np.inf
    if declared.floor:
        return population.spread(population.parameters[declared.floor])
    return -np.inf if declared.lower is None else declared.lower


def lowest_smoothed(population: Core, variable: str) -> float:
    """What averages over what a member sends, and over nothing before, cannot fall below."""
    return float(min(0.0, np.min(lowest_of(population, variable))))


def variable_of(population: Core, name: str, variable: str | None) -> str:
    """What a member sends: its output, or the state or output that was named."""
    model = population.model
    if variable is None:
        return model.output
    known = [*model.states, *model.outputs]
    if not isinstance(variable, str) or variable not in known:
        raise ValueError(
            f"variable: {name} has no state or output {brief(variable)}"
            f"{suggestion(variable, known)}"
        )
    return variable
