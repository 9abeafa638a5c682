"""From what a user gives as an input to the numbers that kernels read, step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import signals, units
from neuromass.declaration import Input, suggestion
from neuromass.errors import warn
from neuromass.units import MS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """The steps of a run: from step `clock` on, `steps` of them, each of `dt` ms."""

    clock: int
    steps: int
    dt: float

    @property
    def start(self) -> float:
        """First time in ms."""
        return self.clock * self.dt

    @property
    def stop(self) -> float:
        """Last time in ms."""
        return (self.clock + self.steps) * self.dt


class Held:
    """An input that keeps one value (or one a lane) for the whole run."""

    varies = False

    def __init__(self, value: Any) -> None:
        self._value = np.atleast_1d(np.asarray(value, dtype=float))

    def rows(self, first: int, count: int) -> Floats:
        """The value itself; the same at every step."""
        return self._value


class Following:
    """An input that follows a signal, sampled at the middle of each step."""

    varies = True

    def __init__(self, signal: Any, name: str, window: Window, shape: tuple[int, ...]) -> None:
        self._signal = signal
        self._name = name
        self._window = window
        self._shape = shape

    def rows(self, first: int, count: int) -> Floats:
        """Values of `count` steps from step `first` of the run: (count,) or (count, lanes)."""
        steps = self._window.clock + first + np.arange(count)
        values = self._signal.sample((steps + 0.5) * self._window.dt)
        units.require_finite(values, self._name)
        return _flat_rows(values, self._name, self._shape)


class Listed:
    """An input that was given as an array with one row a step."""

    varies = True

    def __init__(self, values: Floats) -> None:
        self._values = values

    def rows(self, first: int, count: int) -> Floats:
        """Values of `count` steps from step `first` of the run."""
        return self._values[first : first + count]


Feed = Held | Following | Listed


def _flat_rows(values: Floats, name: str, shape: tuple[int, ...]) -> Floats:
    """Rows of shape (n,), common to all lanes, or (n, lanes)."""
    if values.ndim == 1:
        return values
    if shape == ():
        raise ValueError(
            f"{name} has values of the shape {values.shape[1:]} for a single population."
        )
    try:
        whole = np.broadcast_to(values, (values.shape[0], *shape))
    except ValueError:
        raise ValueError(
            f"{name} has values of the shape {values.shape[1:]}, but the population has {shape}."
        ) from None
    return np.ascontiguousarray(whole.reshape(values.shape[0], math.prod(shape)))


def make(value: Any, declared: Input, name: str, window: Window, shape: tuple[int, ...]) -> Feed:
    """The feed of one input.

    Parameters
    ----------
    value : Signal, number, Quantity, callable or array
        What the user gave; an array has one row for each step of the run.
    declared : Input
        The input.
    name : str
        Its name, for errors.
    window : Window
        The run.
    shape : tuple
        Lanes of the population.
    """
    plain = getattr(value, "magnitude", value)
    if isinstance(plain, (list, tuple)) or (isinstance(plain, np.ndarray) and plain.ndim):
        return _listed(value, declared, name, window, shape)
    signal = signals.as_signal(value, name, at=(window.clock + 0.5) * window.dt)
    if signal.measure.dimension != declared.measure.dimension:
        _refuse_unit(value, signal, declared, name)
    if isinstance(signal, signals.Constant):
        held = signal.sample(np.zeros(1))
        return Held(_flat_rows(held, name, shape)[0])
    _warn_outside(signal, name, window)
    feed = Following(signal, name, window, shape)
    feed.rows(0, 1)
    feed.rows(window.steps - 1, 1)  # a signal that does not last fails before the first step
    return feed


def _listed(
    value: Any, declared: Input, name: str, window: Window, shape: tuple[int, ...]
) -> Listed:
    values = units.internal(value, declared.measure, name, declared.example)
    if values.shape[0] != window.steps:
        hint = ""
        if values.shape == shape:
            hint = " For one value a lane write nm.signals.Constant(values)."
        raise ValueError(
            f"{name} has {values.shape[0]} rows, but the run has {window.steps} steps; an array "
            f"has one row for each step.{hint}"
        )
    units.require_finite(values, name)
    return Listed(_flat_rows(values, name, shape))


def _refuse_unit(value: Any, signal: Any, declared: Input, name: str) -> None:
    """Raise what a plain value of the wrong unit would raise."""
    if not callable(value):
        units.internal(value, declared.measure, name, declared.example)
    sample = signal.measure.quantity(1.0) if signal.measure.dimension else 1.0
    try:
        units.internal(sample, declared.measure, name, declared.example)
    except units.UnitError as error:
        raise units.UnitError(f"{error} It was given as {value!r}.") from None


def _warn_outside(signal: Any, name: str, window: Window) -> None:
    """Warn of a signal that does nothing in the run."""
    changes = signal.changes(window.stop)
    if changes is None or len(changes) == 0:
        return
    slack = 1e-6 * window.dt
    later = np.min(changes) >= window.stop - slack
    ends = signal.changes() is not None
    earlier = ends and np.max(changes) <= window.start + slack
    if earlier and np.min(changes) > window.start - slack:
        return
    if not later and not (earlier and not np.any(signal.sample(np.array([window.stop])))):
        return
    span = f"{units.shown(window.start, MS)} to {units.shown(window.stop, MS)}"
    when = f"{units.shown(np.min(changes), MS)} to {units.shown(np.max(changes), MS)}"
    warn(
        f"{name} = {signal!r} does nothing in this run, which goes from {span}: its changes fall "
        f"in {when}. Signals live on the system's clock t, which goes on from run to run."
    )


def collect(
    inputs: Any,
    declared: Mapping[str, Input],
    model: str,
    window: Window,
    shape: tuple[int, ...],
    prefix: str = "",
) -> list[Feed]:
    """Feeds of all inputs of a population, in their order.

    Parameters
    ----------
    inputs : mapping or anything that `make` takes
        By name; a population with one input takes the input alone.
    declared : mapping
        The inputs of the model.
    model : str
        Its name, for errors.
    window : Window
        The run.
    shape : tuple
        Lanes of the population.
    prefix : str
        What to write before an input's name in errors.
    """
    given = _by_name(inputs, declared, model, prefix)
    for name in given:
        if name not in declared:
            raise ValueError(f"{model} has no input {name!r}{suggestion(name, declared)}")
    return [
        make(given[name], each, f"{prefix}{name}", window, shape)
        if name in given
        else Held(each.default)
        for name, each in declared.items()
    ]


def _by_name(
    inputs: Any, declared: Mapping[str, Input], model: str, prefix: str
) -> Mapping[str, Any]:
    if inputs is None:
        return {}
    if isinstance(inputs, Mapping):
        return inputs
    if not declared:
        raise ValueError(f"{model} has no input.")
    if len(declared) > 1:
        names = ", ".join(declared)
        raise ValueError(
            f"{prefix or model} has the inputs {names}; give them by name, "
            f"inputs={{'{next(iter(declared))}': ...}}."
        )
    return {next(iter(declared)): inputs}


def drive(feeds: list[Feed], first: int, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Numbers and layout of some steps, as the loops take them.

    Returns
    -------
    drive : ndarray
        All numbers, one input after the other.
    layout : ndarray
        For each input where it starts, how far it is to the next step, and to the next lane.
    """
    parts, layout, start = [], [], 0
    for feed in feeds:
        rows = feed.rows(first, count)
        lanes = rows.shape[-1] if rows.ndim > feed.varies else 1
        by = lanes if feed.varies else 0
        layout.append((start, by, int(lanes > 1)))
        parts.append(rows.reshape(-1))
        start += rows.size
    whole = np.concatenate(parts) if parts else np.zeros(0)
    return whole, np.array(layout, dtype=np.int64).reshape(-1, 3)
