"""A connection between two members of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromass import units, wiring
from neuromass.declaration import suggestion
from neuromass.population import Population
from neuromass.synapses import Synapse
from neuromass.units import MS, Measure

if TYPE_CHECKING:
    from neuromass.network import Network

__all__ = ["Connection", "Wire"]


@dataclass(frozen=True)
class Wire:
    """What a connection was given, checked and in internal units; never changed, only replaced."""

    source: str
    target: str
    variable: str
    input: str
    by_tau: bool
    strength: Any
    strength_measure: Measure
    delay: Any
    synapse: Synapse | None


class Connection:
    """A connection of a network: its strength, delay and synapse, as validated properties.

    ``net["inh->exc"]`` gives it. It has ``J`` or ``weight``, whichever it was made with,
    ``delay``, the parameters of its synapse (``tau`` and so on), and the synapse's states.
    """

    def __init__(self, network: Network, name: str) -> None:
        object.__setattr__(self, "_network", network)
        object.__setattr__(self, "_name", name)

    @property
    def _wire(self) -> Wire:
        return self._network._wires[self._name]

    @property
    def name(self) -> str:
        """Its name, ``"inh->exc"``."""
        return str(self._name)

    @property
    def source(self) -> str:
        """Name of the member it comes from."""
        return self._wire.source

    @property
    def target(self) -> str:
        """Name of the member it goes to."""
        return self._wire.target

    @property
    def variable(self) -> str:
        """What of the source it carries."""
        return self._wire.variable

    @property
    def input(self) -> str:
        """The input of the target it goes to."""
        return self._wire.input

    @property
    def synapse(self) -> Synapse | None:
        """The synapse, or None."""
        return self._wire.synapse

    def _strength_name(self) -> str:
        return "J" if self._wire.by_tau else "weight"

    def _stages(self) -> dict[str, Population]:
        return self._network._stages_of(self._name)

    def _synapse_parameters(self) -> list[str]:
        return [] if self.synapse is None else list(self.synapse.declared())

    def _states(self) -> list[str]:
        stages = self._stages()
        return list(stages[self._name]._model.states) if stages else []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        wire = self._wire
        if name == self._strength_name():
            return handed_out(wire.strength_measure, wire.strength)
        if name == "delay":
            return handed_out(MS, wire.delay)
        if wire.synapse is not None and name in wire.synapse.declared():
            return getattr(wire.synapse, name)
        if name in self._states():
            return self._stages()[self._name]._state_of(name)
        raise AttributeError(f"The connection {self._name} has no {name!r}{self._near(name)}")

    def _near(self, name: str) -> str:
        known = [self._strength_name(), "delay", *self._synapse_parameters(), *self._states()]
        return suggestion(name, known)

    def __setattr__(self, name: str, value: Any) -> None:
        self._network._change_connection(self._name, name, value)

    def __dir__(self) -> list[str]:
        own = [self._strength_name(), "delay", *self._synapse_parameters(), *self._states()]
        return [*super().__dir__(), *own]

    def __repr__(self) -> str:
        wire = self._wire
        unit = wire.strength_measure
        parts = [f"{self._strength_name()} = {shown(wire.strength, unit)}"]
        delays = wire.delay.data if wiring.is_sparse(wire.delay) else np.asarray(wire.delay)
        if np.any(delays > 0.0):
            parts.append(f"delay {units.shown(delays, MS)}")
        if wire.synapse is not None:
            parts.append(repr(wire.synapse))
        ends = f"{wire.source}.{wire.variable} -> {wire.target}.{wire.input}"
        return f"<{self._name}: {ends}, {', '.join(parts)}>"


def handed_out(measure: Measure, value: Any) -> Any:
    if wiring.is_sparse(value):
        table = value.copy()
        table.data = measure.from_internal(table.data)
        return table if measure.is_dimensionless else measure.quantity(1.0).units * table
    if np.ndim(value) == 0:
        return measure.quantity(float(value))
    array = measure.quantity(np.array(value, dtype=float))
    array.magnitude.flags.writeable = False
    return array


def shown(value: Any, measure: Measure) -> str:
    if wiring.is_sparse(value):
        return f"{value.nnz} pairs, {units.shown(value.data, measure)}"
    size = f"{' x '.join(map(str, np.shape(value)))} matrix, " if np.ndim(value) == 2 else ""
    return f"{size}{units.shown(value, measure)}"
