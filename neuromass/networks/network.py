"""Networks: named populations and what connects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.declaration import suggestion
from neuromass.errors import SimulationError, warn
from neuromass.kernels import kinds
from neuromass.kernels import text as kernel_text
from neuromass.networks import connectivity as wiring
from neuromass.networks import history as past
from neuromass.networks import members as membership
from neuromass.networks.arrays import PASSED, Assembly, Route
from neuromass.networks.connection import (
    FIXED,
    WAY,
    Connection,
    Wire,
    strength_measure,
    wire_between,
)
from neuromass.networks.history import Sender
from neuromass.noise import take_seed
from neuromass.populations import validation
from neuromass.populations.population import Population
from neuromass.populations.snapshot import Snapshot
from neuromass.signals import Signal
from neuromass.synapses import Synapse
from neuromass.units import DIMENSIONLESS, HZ, MS

__all__ = ["Connection", "Network", "NetworkSnapshot"]

Floats = NDArray[np.float64]
COUPLINGS = ("full", "held")
KEYWORDS = ("coupling", "dt", "method", "noise", "seed", "short_delays", "history")
"""What a copy may have otherwise."""


@dataclass(frozen=True, eq=False)
class NetworkSnapshot:
    """All that changes in a network, exactly: members, synapses, connections, histories, clock."""

    clock: int
    began: int
    members: dict[str, Snapshot]
    wires: dict[str, Wire]
    histories: dict[Sender, Floats]
    pasts: dict[str, Signal]

    def __repr__(self) -> str:
        return f"<Snapshot of a network of {', '.join(self.members)}>"


class Network:
    """Populations that are stepped together, with second order.

    Parameters
    ----------
    members : mapping of Population
        Populations by name, of any models and shapes, all with the same dt, method and time.
        They belong to the network from then on: it alone steps them.
    coupling : {"full", "held"}
        ``"full"``: both stages of a step see the coupling of their own stage, which makes
        Heun's method second order for the whole network. ``"held"``: coupling is computed at
        the start of a step and held, as in a hand-written loop of ``update``; first order.
    seed : int, optional
        Fills in the seed of members with noise that were given none, from their names.
    short_delays : {"dt"}, optional
        Lift delays between 0 and dt to dt, instead of refusing them.
    history : mapping, optional
        What delayed connections carry before the network's first step, as a value or a function of
        t: by member what it sends (``"exc"`` for its output, ``"exc.v"`` for anything else of
        it), and by connection (``"exc->inh"``) what a synapse that stands on it lets through.
        Otherwise it is the initial state. The first step refuses the history of a connection that
        is not there, and warns of one that nothing carries.

    Raises
    ------
    ValueError
        For members with different dt, method or time, or that are in a network already.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms, Hz
    >>> exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    >>> net = nm.Network({"exc": exc, "inh": inh})
    >>> net.connect("exc", "inh", J=10.0)
    <exc->inh: exc.r -> inh.I_ext, J = 10>
    >>> net.connect("inh", "exc", J=-10.0, delay=1 * ms)
    <inh->exc: inh.r -> exc.I_ext, J = -10, delay 1 ms>
    >>> rec = nm.run(net, 500 * ms, inputs={"exc": 10.0})
    >>> rec["exc"].r.shape
    (10001,)
    """

    def __init__(
        self,
        members: Mapping[str, Population],
        *,
        coupling: str = "full",
        seed: int | None = None,
        short_delays: str | None = None,
        history: Mapping[str, Any] | None = None,
    ) -> None:
        self._members = membership.checked(members)
        if coupling not in COUPLINGS:
            raise ValueError(
                f"coupling must be one of {', '.join(COUPLINGS)}, not {coupling!r}"
                f"{suggestion(coupling, COUPLINGS)}"
            )
        if short_delays not in (None, "dt"):
            raise ValueError(f"short_delays is None or 'dt', not {short_delays!r}.")
        first = next(iter(self._members.values()))
        self._dt = first._dt
        self._method = first.method
        self._coupling = coupling
        self._lift = short_delays == "dt"
        self._past = past.checked_history(history, self._members, first._time - first._dt)
        self._wires: dict[str, Wire] = {}
        self._stages: dict[str, dict[str, Population]] = {}
        self._plan = np.zeros(kinds.PLAN_LENGTH, dtype=np.int64)
        self._plan[kernel_text.CLOCK] = first._clock
        self._began = first._clock
        self._assembly: Assembly | None = None
        self._kept: dict[Sender, Floats] = {}
        self._observer: Any = None
        self._seed = None if seed is None else take_seed(seed)
        self._seeded = frozenset(n for n, e in self._members.items() if not e._seed_was_drawn)
        membership.spread_seed(self._seed, self._members)
        membership.warn_of_twins(self._members)
        for each in self._members.values():
            each._owner = self
            each._fast_step = None

    # ------------------------------------------------------------------ reading

    @property
    def t(self) -> Any:
        """The network's time, as a Quantity."""
        return MS.quantity(self._clock * self._dt)

    @property
    def dt(self) -> Any:
        """The step, as a Quantity."""
        return MS.quantity(self._dt)

    @property
    def method(self) -> str:
        """How a step is taken: ``"heun"`` or ``"euler"``."""
        return self._method

    @property
    def coupling(self) -> str:
        """Whether coupling is ``"full"`` or ``"held"``."""
        return self._coupling

    @property
    def seed(self) -> int | None:
        """The seed that was given for members that have none of their own; None if none was."""
        return self._seed

    @property
    def members(self) -> Mapping[str, Population]:
        """The populations by name."""
        return MappingProxyType(self._members)

    @property
    def connections(self) -> Mapping[str, Connection]:
        """The connections by name."""
        return MappingProxyType({name: Connection(self, name) for name in self._wires})

    @property
    def _clock(self) -> int:
        return int(self._plan[kernel_text.CLOCK])

    @property
    def _lanes(self) -> int:
        return sum(each._lanes for each in self._nodes().values())

    def __getitem__(self, name: str) -> Any:
        if name in self._members:
            return self._members[name]
        if name in self._wires:
            return Connection(self, name)
        known = [*self._members, *self._wires]
        raise KeyError(f"The network has no member or connection {name!r}{suggestion(name, known)}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members or name in self._wires

    def __setattr__(self, name: str, value: Any) -> None:
        slot = getattr(type(self), name, None)
        if not name.startswith("_") and getattr(slot, "fset", None) is None:
            raise AttributeError(self._why_not_set(name))
        object.__setattr__(self, name, value)

    def _why_not_set(self, name: str) -> str:
        if name in KEYWORDS:
            return (
                f"{name} of a network cannot be set; make a copy that has another, "
                f"copy({name}=...)."
            )
        if name in self._members:
            return f"{name} is a member, which stays; set its parameters and states, net[{name!r}]."
        if hasattr(type(self), name):
            return f"{name} of a network cannot be set."
        return f"A network has no {name!r} to set{suggestion(name, KEYWORDS)}"

    def _stages_of(self, connection: str) -> dict[str, Population]:
        return self._stages.get(connection, {})

    def _nodes(self) -> dict[str, Population]:
        """Members and stages of synapses, by name."""
        return {**self._members, **self._synaptic()}

    def _synaptic(self) -> dict[str, Population]:
        """Stages of synapses, by name."""
        return {name: each for group in self._stages.values() for name, each in group.items()}

    # --------------------------------------------------------------- connecting

    def connect(
        self,
        source: str,
        target: str,
        J: Any = None,
        weight: Any = None,
        delay: Any = None,
        distances: Any = None,
        speed: Any = None,
        synapse: Synapse | None = None,
        variable: str | None = None,
        input: str | None = None,  # noqa: A002
    ) -> Connection:
        """Connect two members; several connections onto one input add up.

        Parameters
        ----------
        source, target : str
            Names of members; they may be the same.
        J : float, array or sparse matrix, optional
            Strength as in the papers: adds J tau_target r_source to the target's input, and
            follows tau. For sources whose variable is a rate and targets with a ``tau`` and a
            dimensionless input.
        weight : Quantity, array of them or sparse matrix, optional
            Strength otherwise, with the unit that turns the source's variable into the
            target's input. Exactly one of J and weight is given: one value or one for each
            lane goes from lane to lane, a matrix [target, source] from all to all.
        delay : Quantity, optional
            One value, one for each target, or a matrix [target, source], which needs one of
            strengths, too; it counts where the weight is not zero. Pairs that a sparse matrix
            leaves out are not delayed.
        distances, speed : Quantity, optional
            Instead of `delay`: distances [target, source] and the conduction speed, which is one
            value or one for each distance. Both can be changed on the connection.
        synapse : Synapse, optional
            One of ``nm.synapses``.
        variable : str, optional
            The state or output of the source that is sent; the model's output if left out.
        input : str, optional
            The input of the target; its first if left out.

        Returns
        -------
        Connection
            Also found as ``net["source->target"]``.

        Raises
        ------
        UnitError
            For a weight of the wrong unit.
        ValueError
            For unknown names, both or neither of J and weight, a wrong shape, a value that is
            not finite, a negative delay, one shorter than dt or too long to remember, or a
            synapse with a time constant of dt / 2 or less, which is unstable; up to dt it is
            warned of.

        Notes
        -----
        What is delayed is what the synapse lets through, not what goes into it.

        A connection made, or a delay made longer, after the first step begins with the past
        that is known: what delayed connections have kept of the source, and before that the
        earliest value known; that is the present one if nothing was kept. The same holds for
        the past of a member whose state is set.
        """
        self._check_end(source, "source")
        self._check_end(target, "target")
        name = self._free_name(source, target)
        way = None if distances is None and speed is None else (distances, speed)
        wire = wire_between(
            self._members, name, source, target, (J, weight), delay, way, synapse, variable, input
        )
        self._route(name, wire, {})
        stages = self._make_stages(name, wire)
        if wire.synapse is not None:
            wire.synapse.check_step(self._dt, name)
        self._check_history(name, wire)
        own = self._members[source]._parameters.get("J")
        if source == target and own is not None and np.any(own != 0.0):
            warn(
                f"{name}: {source} has a recurrent coupling of its own, "
                f"J = {units.shown(own, DIMENSIONLESS)}, to which this connection adds."
            )
        self._wires[name] = wire
        self._stages[name] = stages
        self._changed()
        return Connection(self, name)

    def disconnect(self, connection: str | Connection) -> None:
        """Take a connection away; what the others remember stays, a past given for it does not.

        Parameters
        ----------
        connection : str or Connection
            Its name, ``"exc->inh"``, or what `connect` returned.

        Raises
        ------
        ValueError
            If there is no such connection.

        Examples
        --------
        >>> import neuromass as nm
        >>> net = nm.Network({"exc": nm.QIF()})
        >>> made = net.connect("exc", "exc", J=5.0)
        >>> net.disconnect(made)
        >>> len(net.connections)
        0
        """
        self._check_free("disconnect")
        name = connection
        if isinstance(connection, Connection) and connection._network is self:
            connection._check_current()
            name = connection.name
        if not isinstance(name, str) or name not in self._wires:
            shown = f"{name!r}{suggestion(name, self._wires)}"
            raise ValueError(f"The network has no connection {shown}")
        self._changed()
        gone = self._stages.pop(name)
        del self._wires[name]
        self._past.pop(name, None)
        self._kept = {sender: row for sender, row in self._kept.items() if sender[0] not in gone}

    def _check_end(self, given: Any, what: str) -> None:
        """Refuse what is not the name of a member."""
        if not isinstance(given, str):
            own = [name for name, each in self._members.items() if each is given]
            example = own[0] if own else next(iter(self._members))
            raise TypeError(
                f"{what} is the name of a member, not a {type(given).__name__}; write {example!r}."
            )
        if given not in self._members:
            raise ValueError(
                f"The network has no member {given!r}{suggestion(given, self._members)}"
            )

    def _free_name(self, source: str, target: str) -> str:
        name, count = f"{source}->{target}", 1
        while name in self._wires:
            count += 1
            name = f"{source}->{target}#{count}"
        return name

    def _make_stages(self, name: str, wire: Wire) -> dict[str, Population]:
        """The synapse of a connection; its last stage has the connection's name."""
        if wire.synapse is None:
            return {}
        source = self._members[wire.source]
        recipes = wire.synapse.stages(source._model.measure(wire.variable))
        made: dict[str, Population] = {}
        for number, (model, values) in enumerate(recipes, start=1):
            initial = {"u": values["U0"]} if "U0" in values else None
            stage = model(
                shape=source.shape or None, dt=self.dt, method=self._method, initial=initial
            )
            stage._set_internal(values)
            stage._owner = self
            made[name if number == len(recipes) else f"{name}/{number}"] = stage
        return made

    def _change_connection(self, name: str, what: str, value: Any) -> None:
        wire = self._wires[name]
        connection = Connection(self, name)
        if what == wire.strength_name:
            changed = wire.with_strength(value, strength_measure(self._members, wire, name), name)
        elif what == "delay":
            changed = wire.with_delay(value, name)
        elif what in WAY and wire.distances is not None:
            way = {each: getattr(connection, each) for each in WAY}
            changed = wire.with_way(**{**way, what: value}, name=name)
        elif wire.synapse is not None and what in wire.synapse.declared():
            synapse = wire.synapse.changed(what, value)
            synapse.check_step(self._dt, name)
            changed = replace(wire, synapse=synapse)
        elif what in connection._states():
            self._set_synapse(name, what, value)
            return
        elif what in FIXED:
            raise AttributeError(
                f"{what} of the connection {name} cannot be changed; make another connection."
            )
        else:
            raise AttributeError(f"The connection {name} has no {what!r}{connection._near(what)}")
        self._route(name, changed, {})
        self._replace_wire(name, changed)

    def _set_synapse(self, name: str, what: str, value: Any) -> None:
        """Set a state of a connection's synapse."""
        wire, stage = self._wires[name], self._stages[name][name]
        low, high = -np.inf, np.inf
        if what == "s":  # an average of what the source has sent, and of nothing before
            low = past.lowest_smoothed(self._members[wire.source], wire.variable)
        elif wire.synapse is not None:
            low, high = wire.synapse.ranges.get(what, (low, high))
        declared = stage._model.states[what]
        plain = declared.convert(value)
        if np.min(plain) < low or np.max(plain) > high:
            show = lambda value: units.shown(value, declared.measure)
            at_most = f" and at most {show(high)}" if np.isfinite(high) else ""
            raise ValueError(f"{name}: {what} is at least {show(low)}{at_most}, not {show(plain)}.")
        stage._set_states({what: value})

    def _replace_wire(self, name: str, wire: Wire) -> None:
        """Give a connection other values; what its synapse holds stays."""
        stages = self._stages[name]
        made = self._make_stages(name, wire)
        before, after = (list(map(type, group.values())) for group in (stages, made))
        if before != after:  # another chain begins with what came out of the last
            for stage in made.values():
                stage._state[:] = stages[name]._state
            self._stages[name] = made
        else:
            for key, stage in stages.items():
                stage._set_internal(made[key]._parameters)
                stage._initial = made[key]._initial
        self._wires[name] = wire
        self._changed()

    def _route(self, name: str, wire: Wire, stages: Mapping[str, Population]) -> Route:
        """What a connection comes to, checked."""
        source, target = self._members[wire.source], self._members[wire.target]
        pairs = self._pairs(name, wire)
        wiring.check_memory(pairs, self._dt, source._lanes, name)
        steps, fractions = wiring.in_steps(pairs, self._dt, name, self._lift)
        weights = pairs.values
        if wire.by_tau:
            weights = weights * target._spread(target._parameters["tau"])[pairs.targets]
        gates = wire.synapse is not None and wire.synapse.gates
        return Route(
            wire.source, wire.target, wire.variable, wire.input, tuple(stages), gates,
            pairs, weights, steps, fractions,
        )  # fmt: skip

    def _pairs(self, name: str, wire: Wire) -> wiring.Pairs:
        source, target = self._members[wire.source], self._members[wire.target]
        return wiring.pairs(
            wire.strength, wire.delay, target.shape, source.shape, name, wire.strength_name,
            wire.delay_name,
        )  # fmt: skip

    # ------------------------------------------------------------------ assembly

    def _changed(self) -> None:
        """Weights or connections have changed: the arrays are made anew before the next step."""
        if self._assembly is not None:
            self._kept = self._known_past()
            self._assembly = None

    def _parameters_changed(self, names: Iterable[str]) -> None:
        """A member has changed its parameters: the loop sees them, but weights may follow tau."""
        if "tau" in names and any(wire.by_tau for wire in self._wires.values()):
            self._changed()

    def _check_history(self, name: str, wire: Wire) -> None:
        """Refuse a given past that is not one of what a connection carries."""
        given = self._past.get(name)
        if given is None:
            return
        if wire.synapse is None:
            key = wire.source
            if wire.variable != self._members[key]._model.output:
                key += f".{wire.variable}"
            raise ValueError(
                f"history of {name}: no synapse stands on it, and it carries what {wire.source} "
                f"sends. Give the past of that, history={{{key!r}: ...}}."
            )
        self._sampled_past(given, name, wire, np.array([self._began * self._dt]))

    def _sampled_past(self, given: Any, name: str, wire: Wire, times: Floats) -> Floats:
        """The given past of what a synapse lets through."""
        source = self._members[wire.source]
        measure, lowest = HZ, -np.inf
        if wire.synapse is not None and not wire.synapse.gates:
            measure = source._model.measure(wire.variable)
            lowest = past.lowest_smoothed(source, wire.variable)
        return past.sampled(given, times, measure, source.shape, f"history of {name}", lowest)

    def _known_past(self) -> dict[Sender, Floats]:
        """Histories up to now, oldest first, by node and value."""
        assembly = self._assembly
        if self._clock == self._began:
            return {}
        if assembly is None:
            return self._kept
        start = int(self._plan[kinds.POSITION])
        end = start + assembly.delays.keep
        found = {}
        for sender, rows in assembly.traced_values().items():
            found[sender] = assembly.history[rows, start:end].copy()
            found[sender][:, -1] = self._now(sender)
        return found

    def _assembled(self) -> Assembly:
        if self._assembly is None:
            routes = [
                self._route(name, wire, self._stages[name]) for name, wire in self._wires.items()
            ]
            if self._clock == self._began:
                past.check_used(self._past, dict(zip(self._wires, routes, strict=True)))
            made = Assembly(self._nodes(), routes, self._method, self._coupling == "held")
            self._fill_history(made)
            self._assembly = made
        return self._assembly

    def _fill_history(self, made: Assembly) -> None:
        """The past of what is sent: as known, as given, or as the state is now."""
        self._plan[kinds.POSITION] = 0
        keep = made.delays.keep
        for sender, rows in made.traced_values().items():
            known = self._kept.get(sender)
            if known is None:
                known = self._past_of(sender, made.delays.longest)
            count = min(known.shape[1], keep)
            made.history[rows, keep - count : keep] = known[:, known.shape[1] - count :]
            made.history[rows, : keep - count] = known[:, :1]

    def _past_of(self, sender: Sender, steps: int) -> Floats:
        """The past of what was not kept: as it was given, if no step was taken yet."""
        node, variable = sender
        population = self._nodes()[node]
        now = np.reshape(self._now(sender), (-1, 1))
        given = self._past.get(node if node in self._wires else f"{node}.{variable}")
        if given is None or self._clock != self._began:
            return now
        times: Floats = (self._clock - np.arange(steps, 0, -1.0)) * self._dt
        if node in self._wires:
            before = self._sampled_past(given, node, self._wires[node], times)
        else:
            measure = population._model.measure(variable)
            lowest, what = past.lowest_of(population, variable), f"history of {node}.{variable}"
            before = past.sampled(given, times, measure, population.shape, what, lowest)
        return np.concatenate([before, np.broadcast_to(now, (len(before), 1))], axis=1)

    def _now(self, sender: Sender) -> Floats:
        """What a node sends now, one value for each lane."""
        node, variable = sender
        population = self._nodes()[node]
        if variable != PASSED:
            return population._spread(population._internal(variable))
        wire = self._wires[node]
        source = self._members[wire.source]
        passed = population._computed("gain") * source._internal(wire.variable)
        return np.asarray(population._spread(passed), dtype=float)

    def _make_room(self, assembly: Assembly) -> int:
        """How many steps fit behind the present in the histories, some at least."""
        if not assembly.history.size:
            return 1 << 62
        delays, begin = assembly.delays, int(self._plan[kinds.POSITION])
        if begin == delays.room:
            assembly.history[:, : delays.keep] = assembly.history[:, begin : begin + delays.keep]
            self._plan[kinds.POSITION] = begin = 0
        return delays.room - begin

    # ------------------------------------------------------------------ stepping

    def update(self, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Take one step with the inputs held.

        Parameters
        ----------
        inputs : mapping, optional
            ``{"exc": 10.0}`` for members with one input, ``{"exc.I_ext": 10.0}`` for any.

        Returns
        -------
        dict
            The output of every member, as a Quantity.

        Raises
        ------
        SimulationError
            If a state stops being finite; the network then stands where it was.
        """
        self._one_step(self._held(inputs, with_units=True))
        return {name: getattr(each, each._model.output) for name, each in self._members.items()}

    def advance(self, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Take one step like `update`, with plain numbers in internal units.

        Parameters
        ----------
        inputs : mapping, optional
            As for `update`, in internal units.

        Returns
        -------
        dict
            The output of every member, in internal units.
        """
        self._one_step(self._held(inputs, with_units=False))
        return {name: each._internal(each._model.output) for name, each in self._members.items()}

    def _by_member(self, inputs: Any) -> dict[str, dict[str, Any]]:
        """Inputs as member -> input -> value."""
        found: dict[str, dict[str, Any]] = {name: {} for name in self._members}
        if inputs is None:
            return found
        if not isinstance(inputs, Mapping):
            raise TypeError("The inputs of a network are given by member, {'exc': ...}.")
        for key, value in inputs.items():
            member, _, name = str(key).partition(".")
            if member not in self._members:
                raise ValueError(
                    f"inputs: the network has no member {member!r}"
                    f"{suggestion(member, self._members)}"
                )
            several = value if not name and isinstance(value, Mapping) else None
            if several is None:
                several = {name or self._only_input(member): value}
            for each, one in several.items():
                self._check_input(member, each, found[member])
                found[member][each] = one
        return found

    def _only_input(self, member: str) -> str:
        declared = self._members[member]._model.inputs
        if len(declared) != 1:
            what = f"the inputs {', '.join(declared)}" if declared else "no input"
            advice = f"; write '{member}.{next(iter(declared))}'" if declared else ""
            raise ValueError(f"inputs: {member} has {what}{advice}.")
        return next(iter(declared))

    def _check_input(self, member: str, name: str, given: Mapping[str, Any]) -> None:
        declared = self._members[member]._model.inputs
        if name not in declared:
            raise ValueError(f"inputs: {member} has no input {name!r}{suggestion(name, declared)}")
        if name in given:
            raise ValueError(f"inputs: {member}.{name} is given twice.")

    def _held(self, inputs: Any, with_units: bool) -> dict[tuple[str, str], Any]:
        held = {}
        for member, given in self._by_member(inputs).items():
            population = self._members[member]
            for name, each in population._model.inputs.items():
                held[member, name] = each.default
                if name in given:
                    label = f"{member}.{name}"
                    held[member, name] = _input_of(population, name, given[name], label, with_units)
        return held

    def _one_step(self, held: Mapping[tuple[str, str], Any]) -> None:
        assembly = self._assembled()
        for (member, name), value in held.items():
            assembly.set_outside(member, name, value)
        if self._observer is None:
            code = self._loop(1, *NOTHING_FED, *NOTHING_RECORDED)
        else:
            code = self._observer.take(*NOTHING_FED)
        if code != kernel_text.FINE:
            raise self._failure(code)

    def _loop(
        self,
        steps: int,
        drive: Floats,
        layout: NDArray[np.int64],
        items: NDArray[np.int64],
        samples: Floats,
        sums: Floats,
        every: int = 1,
        average: bool = False,
    ) -> int:
        """Take some steps, all or none; they must fit into the room there is."""
        assembly = self._assembled()
        if steps > self._make_room(assembly):
            raise RuntimeError(f"{steps} steps do not fit into the histories of this network.")
        plan = self._plan
        plan[kernel_text.STEPS] = steps
        plan[kernel_text.EVERY] = every
        plan[kernel_text.AVERAGE] = average
        return assembly.loop(plan, self._dt, drive, layout, items, samples, sums)

    def _failure(self, code: int) -> SimulationError:
        plan = self._plan
        where, lane = self._assembled().find(
            int(plan[kinds.BAD_KIND]), int(plan[kernel_text.BAD_LANE])
        )
        node = self._nodes()[where]
        node._plan[kernel_text.BAD_STATE] = plan[kernel_text.BAD_STATE]
        node._plan[kernel_text.BAD_LANE] = lane
        return node._failure(code, where)

    # ------------------------------------------------------- going back, copying

    def snapshot(self) -> NetworkSnapshot:
        """All that changes, exactly: members, synapses, connections, histories, clock.

        Returns
        -------
        NetworkSnapshot
            For `restore`.
        """
        members = {name: each.snapshot() for name, each in self._nodes().items()}
        return NetworkSnapshot(
            self._clock,
            self._began,
            members,
            dict(self._wires),
            self._known_past(),
            dict(self._past),
        )

    def restore(self, saved: NetworkSnapshot) -> None:
        """Return to a snapshot; what follows is bitwise what followed it.

        Parameters
        ----------
        saved : NetworkSnapshot
            Taken of this network, or of a copy of it.

        Raises
        ------
        ValueError
            If it is of another network, or of one with delays that this one does not allow.
        """
        self._check_free("restore")
        if not isinstance(saved, NetworkSnapshot):
            raise TypeError(f"restore takes a snapshot of a network, not {type(saved).__name__}.")
        members = {name for name in saved.members if "->" not in name}
        if set(saved.wires) != set(self._wires) or members != set(self._members):
            raise ValueError("The snapshot is of a network with other members or connections.")
        for name, each in self._members.items():
            each._check_snapshot(saved.members[name])
        for name, wire in saved.wires.items():
            if wire.kept != self._wires[name].kept:
                raise ValueError(
                    f"The snapshot is of a network where {name} carries something else, or has "
                    f"another synapse."
                )
            self._route(name, wire, {})  # refuses what this network cannot run
        for name, wire in saved.wires.items():
            self._replace_wire(name, wire)
        for name, each in self._nodes().items():
            each._restore(saved.members[name])
        self._assembly = None
        self._kept = {sender: row.copy() for sender, row in saved.histories.items()}
        self._past = dict(saved.pasts)
        self._began = saved.began
        self._plan[kernel_text.CLOCK] = saved.clock

    def reset(self) -> None:
        """Return to the initial states and to t = 0; parameters stay, and noise repeats itself."""
        self._check_free("reset")
        for each in self._nodes().values():
            each._reset()
        self._assembly = None
        self._kept = {}
        self._began = 0
        self._plan[kernel_text.CLOCK] = 0

    def _check_free(self, what: str) -> None:
        if self._observer is not None:
            raise RuntimeError(
                f"This network is being recorded by nm.record, step by step; {what} it outside of "
                f"the with block."
            )

    def copy(self, **changes: Any) -> Self:
        """A network of its own, at the same state and time.

        Parameters
        ----------
        **changes
            Keywords of the constructor, or ``dt``, ``method``, ``noise`` for all members.

        Returns
        -------
        Network
        """
        for unknown in set(changes) - set(KEYWORDS):
            raise TypeError(f"copy takes no {unknown!r}{suggestion(unknown, KEYWORDS)}")
        shared = {n: changes.pop(n) for n in ("dt", "method", "noise") if n in changes}
        members = {name: each.copy(**shared) for name, each in self._members.items()}
        if "seed" in changes or ("noise" in shared and self._seed is not None):
            changes.setdefault("seed", self._seed)
            for name in set(members) - self._seeded:
                members[name] = members[name].copy(seed=None)
        options = {
            "coupling": self._coupling,
            "short_delays": "dt" if self._lift else None,
            **changes,
        }
        other = type(self)(members, **options)
        other._seeded = self._seeded
        if "history" not in changes:
            other._past = dict(self._past)
        if "seed" not in changes:
            other._seed = self._seed
        other._began = round(self._began * self._dt / other._dt)
        if changes.get("history") and self._clock != self._began:
            warn(
                f"history counts before the first step, and {self._clock - self._began} were "
                f"taken: the copy goes on with what it remembers, and begins with this history "
                f"after reset()."
            )
        for name, wire in self._wires.items():
            if wire.synapse is not None and other._dt != self._dt:
                wire.synapse.check_step(other._dt, name)
            if "history" in changes:
                other._check_history(name, wire)
            other._wires[name] = wire
            other._stages[name] = other._make_stages(name, wire)
            for key, each in other._stages[name].items():
                each._state[:] = self._stages[name][key]._state
            other._route(name, wire, {})
        other._kept = past.resampled(self._known_past(), self._dt, other._dt)
        return other

    def __copy__(self) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        kept: tuple[str, ...] = ("_dt", "_method", "_coupling", "_lift", "_past", "_began")
        kept += ("_wires", "_seeded", "_seed")
        return {
            **{name: getattr(self, name) for name in kept},
            "_members": dict(self._members),
            "_kept": {sender: row.copy() for sender, row in self._known_past().items()},
            "_plan": self._plan.copy(),
            "stages": {name: each._state.copy() for name, each in self._synaptic().items()},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        stages = state.pop("stages")
        self.__dict__.update(state, _assembly=None, _observer=None)
        self._stages = {name: self._make_stages(name, wire) for name, wire in self._wires.items()}
        for name, each in self._synaptic().items():
            each._state[:] = stages[name]
        for each in self._members.values():
            each._owner = self

    # --------------------------------------------------------------- describing

    def describe(self) -> str:
        """Members with their own coupling, and connections, as text."""
        lines = [f"Network at t = {units.shown(self._clock * self._dt, MS)}, {self._method}, "
                 f"dt = {units.shown(self._dt, MS)}, coupling {self._coupling}"]  # fmt: skip
        lines.append("members")
        for name, each in self._members.items():
            lanes = f", lanes {each.shape}" if each.shape else ""
            own = each._parameters.get("J")
            recurrent = f", own J = {units.shown(own, DIMENSIONLESS)}" if own is not None else ""
            noise = f", noise on {', '.join(each.noise)}" if each.noise else ""
            lines.append(f"  {name}: {each._model.name}{lanes}{recurrent}{noise}")
        lines.append("connections" if self._wires else "no connections")
        lines += [f"  {str(Connection(self, name))[1:-1]}" for name in self._wires]
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """Draw the populations and connections with their strengths and delays.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure otherwise.

        Returns
        -------
        Axes
        """
        from neuromass.plotting import networks as circuit  # noqa: PLC0415

        return circuit.plot_network(self, ax)

    def __repr__(self) -> str:
        return self.describe()


NOTHING_FED: Any = np.zeros(0), np.zeros((0, 8), dtype=np.int64)
NOTHING_RECORDED: Any = np.zeros((0, 3), dtype=np.int64), np.zeros(0), np.zeros(0)


def _input_of(population: Population, name: str, value: Any, label: str, with_units: bool) -> Any:
    """A given input in internal units, for all lanes; its name in errors is that of the network."""
    declared = population._model.inputs[name]
    if with_units:
        plain = units.internal(value, declared.measure, label, declared.example)
        units.require_finite(plain, label)
    else:
        plain = validation.plain_input(value, label)
    if isinstance(plain, float):
        return plain
    validation.check_broadcast(label, plain, population.shape)
    return population._spread(plain)
