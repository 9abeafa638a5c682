"""What delayed connections carry before a network's first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import signals, units
from neuromass.declaration import suggestion
from neuromass.population import Population
from neuromass.units import Measure

Floats = NDArray[np.float64]
Sender = tuple[str, str]
"""A node and the name of the value that it sends."""


def checked_history(
    history: Any, members: Mapping[str, Population], start: float
) -> dict[str, signals.Signal]:
    """Given pasts by ``"member.variable"`` or by connection, units and shapes checked."""
    if history is not None and not isinstance(history, Mapping):
        raise TypeError("history is given by member, history={'exc': 5 * Hz}.")
    found = {}
    for key, value in (history or {}).items():
        what = f"history of {key}"
        source, arrow, target = str(key).partition("->")
        source, _, variable = source.partition(".")
        for each in (source, target.partition("#")[0]) if arrow else (source,):
            if each not in members:
                raise ValueError(
                    f"history: the network has no member {each!r}{suggestion(each, members)}"
                )
        past = _as_past(value, what, start)
        if arrow:
            found[str(key)] = past
            continue
        variable = variable_of(members[source], source, variable or None)
        measure = members[source]._model.measure(variable)
        sampled(past, np.array([start]), measure, members[source].shape, what)
        found[f"{source}.{variable}"] = past
    return found


def _as_past(value: Any, what: str, start: float) -> signals.Signal:
    is_function = callable(value) or isinstance(value, signals.Signal)
    plain = value if is_function else signals.Constant(value)
    return signals.as_signal(plain, what, at=start)


def sampled(
    past: signals.Signal, times: Floats, measure: Measure, shape: tuple[int, ...], what: str
) -> Floats:
    """A given past at some times, one row for each lane."""
    values = past.sample(times)
    one = past.measure.quantity(1.0) if past.measure.dimension else 1.0
    units.internal(one, measure, what)  # refuses what has another unit
    units.require_finite(values, what)
    lanes = values.reshape(len(times), *values.shape[1:])
    try:
        rows = np.stack([np.broadcast_to(row, shape).reshape(-1) for row in lanes])
    except ValueError:
        raise ValueError(
            f"{what} has values of the shape {values.shape[1:]}, but the lanes are {shape}."
        ) from None
    return np.ascontiguousarray(rows.T)


def resampled(histories: Mapping[Sender, Floats], old: float, new: float) -> dict[Sender, Floats]:
    """Histories for another step, interpolated where it falls between the old ones."""
    if old == new:
        return {sender: past.copy() for sender, past in histories.items()}
    found = {}
    for sender, past in histories.items():
        before = np.arange(1 - past.shape[1], 1) * old
        count = int((past.shape[1] - 1) * old / new + 1e-6)
        times = np.arange(-count, 1) * new
        found[sender] = np.array([np.interp(times, before, row) for row in past])
    return found


def lowest_of(population: Population, variable: str) -> Any:
    """What a state cannot fall below, in internal units; nothing for what has no bound."""
    declared = population._model.states.get(variable)
    if declared is None:
        return -np.inf
    if declared.floor:
        return population._spread(population._parameters[declared.floor])
    return -np.inf if declared.lower is None else declared.lower


def variable_of(population: Population, name: str, variable: str | None) -> str:
    """What a member sends: its output, or the state or output that was named."""
    model = population._model
    if variable is None:
        return model.output
    known = [*model.states, *model.outputs]
    if variable not in known:
        raise ValueError(
            f"variable: {name} has no state or output {variable!r}{suggestion(variable, known)}"
        )
    return variable
