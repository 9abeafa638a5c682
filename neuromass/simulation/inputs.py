"""From what a user gives as inputs to the numbers of each block of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass import signals, units
from neuromass.declaration import Input, Parameter
from neuromass.errors import brief, suggestion, warn
from neuromass.populations.claim import Claim
from neuromass.populations.core import Drive
from neuromass.signals import Feedback
from neuromass.simulation.system import System
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

    def middles(self, first: int, count: int) -> Floats:
        """Middles of some steps in ms."""
        start = self.clock + first
        return (np.arange(start, start + count, dtype=float) + 0.5) * self.dt


class Source(Protocol):
    """Where the numbers of one input come from."""

    varies: bool
    """Whether they change from step to step within a block."""

    asks: str
    """Whether a function of the user's gives them: one of ``"time"`` or ``"system"``, or none."""

    def rows(self, first: int, count: int) -> Floats:
        """Numbers of `count` steps from step `first` of the run; see `Drive.values`."""

    def limit(self, first: int) -> int:
        """How many steps from step `first` on can be known at once."""


class Held:
    """An input that keeps one value (or one a lane) for the whole run."""

    varies = False
    asks = ""

    def __init__(self, value: Any) -> None:
        self._value = np.atleast_1d(np.asarray(value, dtype=float))

    def rows(self, first: int, count: int) -> Floats:
        """The value itself; the same at every step."""
        return self._value

    def limit(self, first: int) -> int:
        """Any number."""
        return 1 << 62


class Following(Held):
    """An input that follows a signal; what it is at a step is the signal's mean over the step."""

    varies = True

    def __init__(
        self, signal: Any, name: str, window: Window, shape: tuple[int, ...], claim: Claim
    ) -> None:
        self._signal = signal
        self.asks = "time" if signal.calls_functions else ""
        self._name = name
        self._window = window
        self._shape = shape
        self._claim = claim

    def rows(self, first: int, count: int) -> Floats:
        """(count,) or (count, lanes)."""
        window = self._window
        with self._claim.closed():
            values = self._signal.means(window.clock + first, count, window.dt)
        units.require_finite(values, self._name)
        return _flat_rows(values, self._name, self._shape)


class Called(Held):
    """An input that is a function of time, called once for each step and in their order."""

    varies = True
    asks = "time"

    def __init__(
        self,
        function: Callable[[Any], Any],
        declared: Input,
        name: str,
        window: Window,
        shape: tuple[int, ...],
        claim: Claim,
    ) -> None:
        self._function = function
        self._declared = declared
        self._name = name
        self._window = window
        self._shape = shape
        self._claim = claim

    def rows(self, first: int, count: int) -> Floats:
        """(count,) or (count, lanes)."""
        with self._claim.closed():
            rows = [self._called(time) for time in self._window.middles(first, count).tolist()]
        try:
            values = np.array(rows, dtype=float)
        except ValueError:
            shapes = sorted({str(np.shape(row)) for row in rows})
            raise ValueError(
                f"{self._name}(t) must always have the same shape, not {' and '.join(shapes)}."
            ) from None
        return _flat_rows(values, self._name, self._shape)

    def limit(self, first: int) -> int:
        """Some thousand, so that little is lost if the function fails."""
        return 1 << 12

    def _called(self, time: float) -> Any:
        try:
            given = self._function(MS.quantity(time))
        except Exception as error:
            error.add_note(f"Raised by the function given as {self._name}(t).")
            raise
        return _checked(given, self._declared, f"{self._name}(t)")


class FedBack(Held):
    """An input that a function computes from the system, held for some steps.

    Parameters
    ----------
    feedback : Feedback
        The function, and for how many steps its value is held.
    declared : Input
        The input.
    name : str
        Its name, for errors.
    shape : tuple of int
        Shape of the population's lanes.
    system : Any
        What the function is given.
    claim : Claim
        That of the system.
    """

    asks = "system"

    def __init__(
        self,
        feedback: Feedback,
        declared: Input,
        name: str,
        shape: tuple[int, ...],
        system: Any,
        claim: Claim,
    ) -> None:
        self._feedback = feedback
        self._declared = declared
        self._name = name
        self._shape = shape
        self._system = system
        self._claim = claim
        self._next = 0

    def rows(self, first: int, count: int) -> Floats:
        """One number, or one for each lane; the function is called when its time has come."""
        if first == self._next:
            with self._claim.open_to_guest():
                try:
                    given = self._feedback.function(self._system)
                except Exception as error:
                    error.add_note(f"Raised by the function of the feedback to {self._name}.")
                    raise
            value = np.asarray(_checked(given, self._declared, self._name))
            self._value = _flat_rows(value[np.newaxis], self._name, self._shape).reshape(-1)
            self._next = first + self._feedback.every
        return self._value

    def limit(self, first: int) -> int:
        """Up to the next call of the function."""
        return self._feedback.every if first == self._next else self._next - first


@dataclass(frozen=True, eq=False)
class SideBySide:
    """What each lane of the first axis gets as its input."""

    values: tuple[Any, ...]

    def source(self, made: Any, name: str, shape: tuple[int, ...]) -> Source:
        """Where its numbers come from, by what makes the sources of its values."""
        own = shape[1:]
        return Together([made(each, shape=own) for each in self.values], math.prod(own))


class Together(Held):
    """Inputs of the lanes along the first axis, side by side.

    Parameters
    ----------
    sources : sequence of Source
        One for each of them.
    lanes : int
        How many lanes each one is for.
    """

    varies = True

    def __init__(self, sources: Sequence[Source], lanes: int) -> None:
        self._sources = sources
        self._lanes = lanes

    def rows(self, first: int, count: int) -> Floats:
        """(count, lanes)."""
        table = np.empty((count, len(self._sources), self._lanes))
        for place, each in enumerate(self._sources):
            rows = each.rows(first, count)
            whole = rows if rows.ndim > each.varies else rows[:, np.newaxis]
            table[:, place] = whole
        return table.reshape(count, -1)

    def limit(self, first: int) -> int:
        """As many as all of them allow."""
        return min(1 << 12, *(each.limit(first) for each in self._sources))


@dataclass(frozen=True, eq=False)
class Varied:
    """What a parameter follows in a run."""

    value: Any
    parameter: Parameter

    def source(self, made: Any, name: str, shape: tuple[int, ...]) -> Source:
        """Where its numbers come from, by what makes the source of its value."""
        return Ranged(made(self.value, shape=shape), self.parameter, name)


class Ranged(Held):
    """What a parameter follows, refused where it leaves the parameter's range.

    Parameters
    ----------
    source : Source
        Where its numbers come from.
    parameter : Parameter
        The parameter.
    name : str
        Its name, for errors.
    """

    def __init__(self, source: Source, parameter: Parameter, name: str) -> None:
        self._source = source
        self._parameter = parameter
        self._name = name
        self.varies, self.asks = source.varies, source.asks

    def rows(self, first: int, count: int) -> Floats:
        """Those of the source."""
        rows = self._source.rows(first, count)
        self._parameter.check(rows, self._name)
        return rows

    def limit(self, first: int) -> int:
        """That of the source."""
        return self._source.limit(first)


class Listed(Held):
    """An input that was given as an array with one row a step."""

    varies = True

    def __init__(self, values: Floats) -> None:
        self._values = values

    def rows(self, first: int, count: int) -> Floats:
        """The rows of these steps."""
        return self._values[first : first + count]


def _checked(given: Any, declared: Input, name: str) -> Any:
    """What a function returned, in internal units; a bare 0 has any unit."""
    if type(given) in (int, float) and given == 0:
        return 0.0
    plain = units.to_internal(given, declared.measure, name, declared.example)
    units.require_finite(plain, name)
    return plain


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


def source_of(
    value: Any,
    declared: Input,
    name: str,
    window: Window,
    shape: tuple[int, ...],
    system: Any,
    claim: Claim,
) -> Source:
    """Where the numbers of an input come from.

    Parameters
    ----------
    value : Signal, number, Quantity, callable, Feedback or array
        What the user gave; an array has one row for each step of the run.
    declared : Input
        The input.
    name : str
        Its name, for errors.
    window : Window
        The run.
    shape : tuple of int
        Shape of the lanes whose input it is.
    system : Any
        What runs, as its user knows it.
    claim : Claim
        That of the system.
    """
    if isinstance(value, Feedback):
        return FedBack(value, declared, name, shape, system, claim)
    if isinstance(value, SideBySide | Varied):
        part = partial(
            source_of, declared=declared, name=name, window=window, system=system, claim=claim
        )
        return value.source(part, name, shape)
    plain = getattr(value, "magnitude", value)
    if isinstance(plain, (list, tuple)) or (isinstance(plain, np.ndarray) and plain.ndim):
        return _listed(value, declared, name, window, shape)
    if callable(value) and not isinstance(value, signals.Signal | type):
        return Called(value, declared, name, window, shape, claim)
    signal = signals.as_signal(value, name)
    if signal.measure.dimension != declared.measure.dimension:
        _refuse_unit(value, signal, declared, name)
    if isinstance(signal, signals.Constant):
        held = signal.sample(np.zeros(1))
        return Held(_flat_rows(held, name, shape)[0])
    made = Following(signal, name, window, shape, claim)
    if not signal.calls_functions:
        made.rows(0, 1)
        made.rows(window.steps - 1, 1)  # one that does not last fails before the first step
    return made


def _listed(
    value: Any, declared: Input, name: str, window: Window, shape: tuple[int, ...]
) -> Listed | Held:
    """An array: one row for each step, or where that cannot be meant, one value for each lane."""
    values = units.to_internal(value, declared.measure, name, declared.example)
    units.require_finite(values, name)
    if values.shape[0] != window.steps:
        if values.shape == shape:
            return Held(values.reshape(-1))
        raise ValueError(
            f"{name} has {len(values)} rows, but the run has {window.steps} steps; an array has "
            f"one row for each step, or one value for each lane."
        )
    if values.shape == shape:
        raise ValueError(
            f"{name} has the shape {shape}, and may mean one value for each lane or one for each "
            f"of the {window.steps} steps. Write nm.signals.Constant(values) for the lanes, or "
            f"values[:, None] for the steps."
        )
    return Listed(_flat_rows(values, name, shape))


def _refuse_unit(value: Any, signal: Any, declared: Input, name: str) -> None:
    """Raise what a plain value of the wrong unit would raise."""
    if not callable(value):
        units.to_internal(value, declared.measure, name, declared.example)
    sample = signal.measure.quantity(1.0) if signal.measure.dimension else 1.0
    try:
        units.to_internal(sample, declared.measure, name, declared.example)
    except units.UnitError as error:
        raise units.UnitError(f"{error} It was given as {brief(value)}.") from None


def _warn_of_nothing(value: Any, name: str, window: Window) -> None:
    """Warn of a signal that is zero throughout the run."""
    if not isinstance(value, signals.Signal) or isinstance(value, signals.Constant):
        return
    if value.calls_functions or not value.is_zero(window.start, window.stop):
        return
    span = f"{units.shown(window.start, MS)} to {units.shown(window.stop, MS)}"
    warn(
        f"{name} = {value!r} does nothing in this run, which goes from {span}. Signals live on "
        f"the system's clock t, which goes on from run to run."
    )


def with_parameters(
    system: System, inputs: Any, parameters: Any
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Inputs of a run together with what parameters follow; and those by node.

    Parameters
    ----------
    system : System
        What is run.
    inputs : Any
        As the user gave them.
    parameters : mapping
        Parameter, ``"J"`` or ``"exc.J"``, -> what it follows.
    """
    if not isinstance(parameters, Mapping):
        raise TypeError(
            f"parameters is a mapping, {{'J': nm.signals.Step(1.0)}}, not {brief(parameters)}."
        )
    given = {
        f"{node}.{name}" if node else name: value
        for node, values in system.inputs_by_node(inputs).items()
        for name, value in values.items()
    }
    known = {
        f"{node}.{name}" if node else name: (node, each)
        for node, core in system.nodes.items()
        for name, each in core.model.parameters.items()
        if "->" not in node
    }
    varied: dict[str, list[str]] = {}
    for name, value in parameters.items():
        if name not in known:
            raise ValueError(
                f"parameters: {system.name} has no parameter {brief(name)}{suggestion(name, known)}"
            )
        node, parameter = known[name]
        varied.setdefault(node, []).append(parameter.name)
        given[name] = Varied(value, parameter)
    return given, varied


class Inputs:
    """The inputs of a run, block by block.

    Parameters
    ----------
    inputs : Any
        As the user gave them.
    system : System
        What is run.
    window : Window
        The run.
    known_as : Any
        The system as its user knows it.
    """

    def __init__(self, inputs: Any, system: System, window: Window, known_as: Any) -> None:
        self._sources: dict[tuple[str, str], Source] = {}
        self._given: dict[str, Any] = {}
        for node, values in system.inputs_by_node(inputs).items():
            core = system.nodes[node]
            for name, declared in core.model.inputs.items():
                label = f"{node}.{name}" if node else name
                given = values.get(name, Held(declared.default))
                self._given[label] = given
                self._sources[node, name] = (
                    given
                    if isinstance(given, Held)
                    else source_of(
                        given, declared, label, window, core.shape, known_as, system.claim
                    )
                )
        self._window = window
        self._known = range(0)
        self._rows: list[Floats] = []

    @property
    def known(self) -> range:
        """The steps of the run whose inputs are known at the moment."""
        return self._known

    def warn_of_nothing(self) -> None:
        """Warn of signals that are zero throughout the run."""
        for label, given in self._given.items():
            _warn_of_nothing(given, label, self._window)

    def asking(self, whom: str) -> list[str]:
        """Names of the inputs that a function of ``"time"`` or of the ``"system"`` gives."""
        return [
            f"{node}.{name}" if node else name
            for (node, name), each in self._sources.items()
            if each.asks == whom
        ]

    def called(self, first: int, count: int) -> list[Floats]:
        """What functions of time gave, or give now, for some steps."""
        self.drives(first, count)
        skip = first - self._known.start
        pairs = zip(self._sources.values(), self._rows, strict=True)
        return [rows[skip : skip + count] for each, rows in pairs if each.asks == "time"]

    def limit(self, first: int) -> int:
        """How many steps from step `first` of the run can be known at once."""
        return min((each.limit(first) for each in self._sources.values()), default=1 << 62)

    def drives(self, first: int, count: int) -> list[Drive]:
        """All inputs of some steps.

        Steps that were tried before, in a block that failed, get the same numbers again: a
        function of the user's is called once for each step.
        """
        if first not in self._known or first + count > self._known.stop:
            self._rows = [each.rows(first, count) for each in self._sources.values()]
            self._known = range(first, first + count)
        skip = first - self._known.start
        return [
            Drive(*key, rows[skip : skip + count] if each.varies else rows, each.varies)
            for (key, each), rows in zip(self._sources.items(), self._rows, strict=True)
        ]
