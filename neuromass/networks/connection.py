"""A connection between two members of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neuromass import units
from neuromass.couplings import Carried, carried
from neuromass.errors import brief, suggestion
from neuromass.hints import public
from neuromass.networks import connectivity as wiring
from neuromass.networks import history as past
from neuromass.populations.core import Core
from neuromass.synapses import Synapse
from neuromass.units import DIMENSIONLESS, HZ, MS, Measure

if TYPE_CHECKING:
    from neuromass.networks.core import NetworkCore

__all__ = ["Connection", "Wire"]

FIXED: Final = ("name", "source", "target", "variable", "input", "synapse", "function")
"""What a connection keeps."""

WAY: Final = {"distances": wiring.LENGTH, "speed": wiring.SPEED}
"""What a delay may follow from, and the units in which it is shown."""


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
    distances: Any = None
    speed: Any = None
    pattern: Any = None
    """Weights of a connectome, by which the one strength is multiplied."""
    function: Carried | None = None
    """What is applied to what it carries."""
    token: object = field(default_factory=object)
    """The same in all that replaces it: another connection may have its name one day."""

    @property
    def kept(self) -> tuple[Any, ...]:
        """What cannot be changed."""
        ends = self.source, self.target, self.variable, self.input
        return *ends, self.by_tau, type(self.synapse), self.function

    @property
    def is_one_to_one(self) -> bool:
        """Whether strength and delay are single values."""
        values = (self.strength, self.delay) if self.pattern is None else (self.pattern,)
        return not any(wiring.is_sparse(each) or np.ndim(each) for each in values)

    @property
    def strengths(self) -> Any:
        """The strength, of each pair where a connectome tells them apart."""
        return self.strength if self.pattern is None else self.strength * self.pattern

    @property
    def ports(self) -> tuple[str, str, str, str]:
        """What of which member goes to which input of which."""
        return self.source, self.variable, self.target, self.input

    def is_like(self, other: Wire) -> bool:
        """Whether another one was given the same strength, delay and synapse."""
        mine, theirs = self.given(), other.given()
        alike = (self.synapse, self.function) == (other.synapse, other.function)
        alike = alike and mine.keys() == theirs.keys()
        return alike and all(np.array_equal(mine[n][0], theirs[n][0]) for n in mine)

    def given(self) -> dict[str, tuple[Any, Measure]]:
        """Strength, delay and parameters of the synapse, in internal units with their measures.

        Of a sparse matrix they are the values and, under names of their own, the lanes of each.
        """
        synapse: Any = self.synapse
        found: dict[str, tuple[Any, Measure]] = {}
        for name, value, measure in (
            (self.strength_name, self.strength, self.strength_measure),
            ("delay", self.delay, MS),
        ):
            if not wiring.is_sparse(value):
                found[name] = np.asarray(value, dtype=float), measure
                continue
            table = value.tocoo()
            found[name] = table.data, measure
            found[f"{name}_targets"] = table.row.astype(float), DIMENSIONLESS
            found[f"{name}_sources"] = table.col.astype(float), DIMENSIONLESS
        if self.pattern is not None:
            found["connectome"] = self.pattern, DIMENSIONLESS
        for name, each in {} if synapse is None else synapse.declared().items():
            found[name] = np.asarray(synapse.value(name)), each.measure
        return found

    @property
    def strength_name(self) -> str:
        """What the strength is called: J or weight."""
        return "J" if self.by_tau else "weight"

    @property
    def delay_name(self) -> str:
        """What the delay was given as, for errors."""
        if self.distances is None:
            return "delay"
        return "distances" if np.ndim(self.distances) or not np.ndim(self.speed) else "speed"

    def with_strength(self, value: Any, measure: Measure, name: str) -> Wire:
        """The same with another strength."""
        plain, own = _strength(value, measure, self.strength_name, name)
        if self.pattern is not None and np.ndim(plain):
            raise ValueError(
                f"{name}: with a connectome, {self.strength_name} is one value, the global "
                f"coupling."
            )
        return replace(self, strength=plain, strength_measure=own)

    def with_delay(self, value: Any, name: str) -> Wire:
        """The same with another delay, which no longer follows from distances."""
        delay = wiring.delays(value, f"{name}: delay")
        return replace(self, delay=delay, distances=None, speed=None)

    def with_way(self, distances: Any, speed: Any, name: str) -> Wire:
        """The same with the delay that follows from distances and a speed."""
        far, fast = wiring.ways(distances, speed, name)
        return replace(self, delay=far / fast, distances=far, speed=fast)


class Connection:
    """A connection of a network: its strength, delay and synapse, as validated properties.

    ``net["inh->exc"]`` gives it. It has ``J`` or ``weight``, whichever it was made with,
    ``delay``, also ``distances`` and ``speed`` if the delay follows from those, the parameters
    of its synapse (``tau`` and so on), and the synapse's states.
    """

    def __init__(self, network: NetworkCore, name: str) -> None:
        object.__setattr__(self, "_network", network)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_token", network.wires[name].token)

    @property
    def data(self) -> Wire:
        """What it was given, in internal units."""
        return self._network.wires[self.checked_name()]

    def _is_current(self) -> bool:
        wire = self._network.wires.get(self._name)
        return wire is not None and wire.token is self._token

    def belongs_to(self, network: NetworkCore) -> bool:
        """Whether it is a connection of that network."""
        return self._network is network

    def checked_name(self) -> str:
        """Its name; refused if it was taken away."""
        if not self._is_current():
            raise AttributeError(f"The connection {self._name} was taken away by disconnect.")
        return str(self._name)

    @property
    def name(self) -> str:
        """Its name, ``"inh->exc"``."""
        return str(self._name)

    @property
    def source(self) -> str:
        """Name of the member it comes from."""
        return self.data.source

    @property
    def target(self) -> str:
        """Name of the member it goes to."""
        return self.data.target

    @property
    def variable(self) -> str:
        """What of the source it carries."""
        return self.data.variable

    @property
    def input(self) -> str:
        """The input of the target it goes to."""
        return self.data.input

    @property
    def synapse(self) -> Synapse | None:
        """The synapse, or None."""
        return self.data.synapse

    @property
    def function(self) -> str | None:
        """What is applied to what it carries, as text; None if nothing is."""
        applied = self.data.function
        return None if applied is None else applied.text

    def _synapse_parameters(self) -> list[str]:
        return [] if self.synapse is None else list(self.synapse.declared())

    def _stage(self) -> Core | None:
        """What holds the states of its synapse."""
        return self._network.stages_of(self._name).get(self._name)

    def states(self) -> list[str]:
        """Names of the states of its synapse."""
        stage = self._stage()
        return [] if stage is None else list(stage.model.states)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        wire = self._network.wires[self.checked_name()]
        if name == wire.strength_name:
            return to_quantity(wire.strength_measure, wire.strength)
        if name == "delay":
            return to_quantity(MS, wire.delay)
        if name in WAY and wire.distances is not None:
            return to_quantity(WAY[name], getattr(wire, name))
        if wire.synapse is not None and name in wire.synapse.declared():
            return getattr(wire.synapse, name)
        stage = self._stage()
        if stage is not None and name in stage.model.states:
            return units.to_quantity(stage.model.measure(name), stage.value(name))
        raise AttributeError(f"The connection {self._name} has no {brief(name)}{self.near(name)}")

    def pair_delays(self) -> Any:
        """Delays of the connected pairs in ms; as they were given if no pair is connected."""
        pairs = self._network.pairs(self._name, self.data)
        if len(pairs.delays):
            return pairs.delays
        given = self.data.delay
        return given.data if wiring.is_sparse(given) else np.asarray(given)

    def _changeable(self) -> list[str]:
        way = [] if self.data.distances is None else list(WAY)
        own = [self.data.strength_name, "delay", *way]
        return [*own, *self._synapse_parameters(), *self.states()]

    def near(self, name: str) -> str:
        """The end of a sentence about an unknown name."""
        return suggestion(name, self._changeable())

    def __setattr__(self, name: str, value: Any) -> None:
        self.checked_name()
        self._network.change_connection(self._name, name, value)

    def __dir__(self) -> list[str]:
        return [*public(super().__dir__()), *self._changeable()]

    def __repr__(self) -> str:
        if not self._is_current():
            return f"<{self._name}: disconnected>"
        wire = self.data
        unit = wire.strength_measure
        parts = [f"{wire.strength_name} = {shown(wire.strength, unit)}"]
        if wire.pattern is not None:
            parts[0] += f" by a connectome of {len(wire.pattern)} regions"
        delays = self.pair_delays()
        if np.any(delays > 0.0):
            parts.append(f"delay {units.shown(delays, MS)}")
        if wire.synapse is not None:
            parts.append(repr(wire.synapse))
        if wire.function is not None:
            parts.append(wire.function.text)
        ends = f"{wire.source}.{wire.variable} -> {wire.target}.{wire.input}"
        return f"<{self._name}: {ends}, {', '.join(parts)}>"


def to_quantity(measure: Measure, value: Any) -> Any:
    if wiring.is_sparse(value):
        table = value.copy()
        table.data = units.read_only(measure.from_internal(table.data))
        one = measure.quantity(1.0)
        return table if measure.is_dimensionless else type(one)(table, one.units)
    if np.ndim(value) == 0:
        return measure.quantity(float(value))
    return units.to_quantity(measure, value)


def shown(value: Any, measure: Measure) -> str:
    if wiring.is_sparse(value):
        return f"{value.nnz} pairs, {units.shown(value.data, measure)}"
    size = f"{' x '.join(map(str, np.shape(value)))} matrix, " if np.ndim(value) == 2 else ""
    return f"{size}{units.shown(value, measure)}"


# ---------------------------------------------------------------------------- making one


def wire_between(
    members: Mapping[str, Core],
    name: str,
    source: str,
    target: str,
    strengths: tuple[Any, Any],
    delay: Any,
    way: tuple[Any, Any] | None,
    synapse: Any,
    variable: str | None,
    to: str | None,
    pattern: Any = None,
    function: Any = None,
) -> Wire:
    """What `Network.connect` is given, checked.

    Parameters
    ----------
    members : mapping of Core
        Populations by name.
    name : str
        Name of the connection.
    source, target : str
        Members.
    strengths : tuple
        J and weight, one of them None.
    delay : Quantity or None
        The delay.
    way : tuple or None
        Distances and speed, if one of them is given.
    synapse : Synapse or None
        The synapse.
    variable, to : str or None
        What of the source goes to which input of the target.
    pattern : ndarray or None
        Weights of a connectome.
    function : callable or None
        What is applied to what it carries.
    """
    variable = past.variable_of(members[source], source, variable)
    to = _input(members[target], target, to)
    J, weight = strengths
    if (J is None) == (weight is None):
        raise ValueError(f"{name}: give exactly one of J and weight.")
    if delay is not None and way is not None:
        raise ValueError(f"{name}: give either delay, or distances and speed.")
    _check_synapse(synapse)
    wire = Wire(source, target, variable, to, J is not None, 0.0, DIMENSIONLESS, 0.0, synapse)
    wire = replace(wire, pattern=pattern)
    if function is not None:
        wire = replace(wire, function=_carried(members, wire, function, name))
    wire = wire.with_strength(
        weight if J is None else J, strength_measure(members, wire, name), name
    )
    wire = wire.with_delay(delay, name) if way is None else wire.with_way(*way, name)
    _check_gate(members, wire, name)
    return wire


def _input(population: Core, name: str, given: str | None) -> str:
    model = population.model
    if not model.inputs:
        raise ValueError(f"{name} is a {model.name}, which has no input to connect to.")
    if given is None:
        return next(iter(model.inputs))
    if not isinstance(given, str) or given not in model.inputs:
        raise ValueError(
            f"input: {name} has no input {brief(given)}{suggestion(given, model.inputs)}"
        )
    return given


def _carried(members: Mapping[str, Core], wire: Wire, function: Any, name: str) -> Carried:
    if wire.synapse is not None and wire.synapse.gates:
        raise ValueError(
            f"{name}: {type(wire.synapse).__name__} scales what passes, to which no function is "
            f"applied; take another synapse, or none."
        )
    source, target = members[wire.source].model, members[wire.target].model
    held = wire.variable if wire.synapse is None else "s"
    sent = wire.variable, held, source.measure(wire.variable)
    received = {each: target.measure(each) for each in (*target.states, *target.outputs)}
    return carried(function, sent, received, name)


def _check_synapse(synapse: Any) -> None:
    if isinstance(synapse, type):
        raise TypeError(
            f"synapse is one of nm.synapses with its values, not the class {synapse.__name__}; "
            f"write {synapse.__name__}()."
        )
    if synapse is not None and not isinstance(synapse, Synapse):
        raise TypeError(
            f"synapse is one of nm.synapses, such as nm.synapses.Exponential(5 * ms), not "
            f"{type(synapse).__name__}."
        )


def strength_measure(members: Mapping[str, Core], wire: Wire, name: str) -> Measure:
    """The unit that the strength of a connection needs."""
    source, target = members[wire.source].model, members[wire.target].model
    sent, needed = source.measure(wire.variable), target.measure(wire.input)
    sent = sent if wire.function is None else wire.function.measure
    between = needed.combined(sent, -1) if sent.text else needed
    if not wire.by_tau:
        return MS if between.dimension == MS.dimension else between
    tau = target.parameters.get("tau")
    fits = (
        sent.dimension == HZ.dimension
        and needed.is_dimensionless
        and tau is not None
        and tau.measure.dimension == MS.dimension
    )
    if not fits:
        unit = units.internal_unit(between.dimension)
        raise ValueError(
            f"{name}: J needs a rate at the source, and a tau and a dimensionless input at the "
            f"target; {_what(wire)} is {_in(sent)}, {wire.target}.{wire.input} "
            f"{_in(needed)}. Give weight=... {f'in {unit}' if unit else 'as a plain number'} "
            f"instead."
        )
    return DIMENSIONLESS


def _what(wire: Wire) -> str:
    return f"{wire.source}.{wire.variable}" if wire.function is None else wire.function.text


def _in(measure: Measure) -> str:
    return f"in {measure.symbol}" if measure.symbol else "a plain number"


def _check_gate(members: Mapping[str, Core], wire: Wire, name: str) -> None:
    sent = members[wire.source].model.measure(wire.variable)
    if wire.synapse is not None and wire.synapse.gates and sent.dimension != HZ.dimension:
        raise ValueError(
            f"{name}: {type(wire.synapse).__name__} needs a rate at the source, and "
            f"{wire.source}.{wire.variable} is {_in(sent)}."
        )


def _strength(value: Any, measure: Measure, what: str, name: str) -> tuple[Any, Measure]:
    """A strength in internal units, and the unit in which it was given and is shown."""
    try:
        plain = wiring.strengths(value, measure, f"{name}: {what}")
    except units.UnitError as error:
        unit = units.internal_unit(measure.dimension)
        if not unit:  # which the error says already
            raise
        advice = f"A {what} in {unit} would fit."
        if wiring.is_sparse(value) and not units.is_quantity(value):
            advice = f"The unit of a sparse matrix comes first: (16 * {unit}) * A."
        raise units.UnitError(f"{error} {advice}", error.units1, error.units2) from None
    own = units.measure_of(value)
    return plain, own if own.dimension == measure.dimension else measure
