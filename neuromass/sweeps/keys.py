"""Keys of a sweep: what they set, their units, and how they set it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.populations.core import Core
from neuromass.simulation.system import System
from neuromass.units import DIMENSIONLESS, Measure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Key(ABC):
    """Something that has another value at each point.

    Attributes
    ----------
    name : str
        As the user writes it, ``"inh->exc.J"``.
    node : str
        The node or connection that it is of; empty for a population by itself.
    what : str
        What of it.
    """

    name: str
    node: str = ""
    what: str = ""

    @property
    def goes_by_lanes(self) -> bool:
        """Whether several values can be set at once, one for each lane."""
        return True

    def internal(self, values: Any, system: System) -> Floats:
        """Values as a user gives them, checked, in internal units."""
        try:
            return np.asarray(self._converted(values, system), dtype=float)
        except (units.UnitError, ValueError) as error:
            if self.name != self.what:
                error.add_note(f"It was given as {self.name!r} in a sweep.")
            raise

    @abstractmethod
    def _converted(self, values: Any, system: System) -> Any:
        """The same, with errors that do not know the name of the key."""

    def measure(self, system: System) -> Measure:
        """The unit in which its values are shown where they came without one."""
        return DIMENSIONLESS

    def set(self, system: System, values: Any) -> None:
        """Give it a value, or one for each lane in the shape of the lanes."""
        raise NotImplementedError


class ParameterKey(Key):
    """A parameter of a population."""

    def _converted(self, values: Any, system: System) -> Any:
        return system.nodes[self.node].model.parameters[self.what].convert(values)

    def measure(self, system: System) -> Measure:
        """See `Key`."""
        return system.nodes[self.node].model.measure(self.what)

    def set(self, system: System, values: Any) -> None:
        """See `Key`."""
        system.nodes[self.node].set_parameters({self.what: values})


class StateKey(Key):
    """The value of a state at which a point begins."""

    def _converted(self, values: Any, system: System) -> Any:
        return system.nodes[self.node].model.states[self.what].convert(values)

    def measure(self, system: System) -> Measure:
        """See `Key`."""
        return system.nodes[self.node].model.measure(self.what)

    def set(self, system: System, values: Any) -> None:
        """See `Key`."""
        core = system.nodes[self.node]
        core.initial[self.what] = np.asarray(values, dtype=float)
        core.set_states({self.what: values})


class InputKey(Key):
    """A constant input."""

    def _converted(self, values: Any, system: System) -> Any:
        return system.nodes[self.node].model.inputs[self.what].convert(values)

    def measure(self, system: System) -> Measure:
        """See `Key`."""
        return system.nodes[self.node].model.measure(self.what)


class ConnectionKey(Key):
    """A strength, delay, speed or value of the synapse of a connection."""

    @property
    def goes_by_lanes(self) -> bool:
        """See `Key`."""
        return self.what in ("J", "weight", "delay")

    def _converted(self, values: Any, system: System) -> Any:
        plain = units.to_internal(values, self.measure(system), self.what, 1.0)
        units.require_finite(plain, self.what)
        return plain

    def measure(self, system: System) -> Measure:
        """See `Key`."""
        return system.adjustable(self.node)[self.what]

    def set(self, system: System, values: Any) -> None:
        """See `Key`."""
        system.adjust(self.node, self.what, self.measure(system).quantity(values))


class FreeKey(Key):
    """Something that only the function of the point knows."""

    def _converted(self, values: Any, system: System) -> Any:
        one = values if units.is_quantity(values) else values[0]
        plain = units.to_internal(values, units.measure_of(one, self.name), self.name, 1.0)
        units.require_finite(plain, self.name)
        return plain


def key_named(name: Any, system: System, free: bool) -> Key:
    """What a key stands for.

    Parameters
    ----------
    name : str
        As the user writes it.
    system : System
        What is swept.
    free : bool
        Whether the inputs are a function of the point, which may use keys of its own.
    """
    if not isinstance(name, str):
        raise TypeError(f"Keys of a sweep are text, 'eta', not {brief(name)}.")
    place, _, what = name.rpartition(".")
    initial = place == "initial" or place.endswith(".initial")
    node = place.removesuffix("initial").removesuffix(".") if initial else place
    core = system.nodes.get(node)
    if core is not None and "->" not in node:
        kind = _kind_of(core, what, initial)
        if kind is not None:
            return kind(name, node, what)
        if what in core.model.states and not initial:
            begin = f"{node}.initial.{what}" if node else f"initial.{what}"
            raise ValueError(f"{name} is a state; where a point begins is {begin!r}.")
    if what in system.adjustable(node):
        return ConnectionKey(name, node, what)
    if free and not place:
        return FreeKey(name)
    own = system.adjustable(node)
    near = suggestion(what, own) if own else suggestion(name, known_keys(system))
    raise ValueError(f"There is no {brief(name)} to sweep{near}{_about_free(place, free)}")


def _kind_of(core: Core, what: str, initial: bool) -> type[Key] | None:
    model = core.model
    if initial:
        return StateKey if what in model.states else None
    if what in model.parameters:
        return ParameterKey
    return InputKey if what in model.inputs else None


def _about_free(place: str, free: bool) -> str:
    if free or place:
        return ""
    return (
        " A key of your own is for inputs that are a function of the point, "
        "inputs=lambda point: ..."
    )


def known_keys(system: System) -> list[str]:
    """All keys that a system has."""
    found = []
    for node, core in system.nodes.items():
        if "->" in node:
            continue
        begin = f"{node}." if node else ""
        found += [f"{begin}{name}" for name in (*core.model.parameters, *core.model.inputs)]
        found += [f"{begin}initial.{name}" for name in core.model.states]
    return found + [f"{name}.{what}" for name in system.wired() for what in system.adjustable(name)]


def values_of(key: Key, given: Any, system: System) -> tuple[Floats, Measure]:
    """The values of a key in internal units, and the unit in which they are shown."""
    several = np.ndim(given.magnitude) > 0 if units.is_quantity(given) else units.is_listing(given)
    if not several:
        raise ValueError(f"{key.name} takes a list of values, not {brief(given)}.")
    listed = given if isinstance(given, np.ndarray) or units.is_quantity(given) else list(given)
    if len(listed) == 0:
        raise ValueError(f"{key.name} has no values.")
    plain = key.internal(listed, system)
    if plain.ndim != 1:
        raise ValueError(f"{key.name} takes a list of single values, not an array of lists.")
    own = units.measure_of(listed if units.is_quantity(listed) else listed[0], key.name)
    return plain, own if own.text else key.measure(system)
