"""The core of a network: its members, connections, histories and arrays; the `System` of it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import SimulationError, brief, suggestion
from neuromass.expressions import Factor, Ports
from neuromass.imports import undisturbed
from neuromass.kernels.control import FIELDS, FINE, Control
from neuromass.kernels.networks.circuit import Circuit
from neuromass.networks import connectivity as wiring
from neuromass.networks import history as past
from neuromass.networks.arrays import Arrays
from neuromass.networks.connection import FIXED, WAY, Connection, Wire, strength_measure
from neuromass.networks.delivered import Delivery, Part, Received
from neuromass.networks.groups import grouped
from neuromass.networks.neurons import STEPS_AT_ONCE, Together, stand_in
from neuromass.networks.routes import PASSED, Route, Sent, one_of, parts
from neuromass.networks.single_step import SingleStep, serves
from neuromass.networks.snapshot import NetworkSnapshot, check_past, check_sender
from neuromass.networks.tiled import TiledArrays
from neuromass.networks.unrolled import UnrolledArrays, is_small
from neuromass.populations import validation
from neuromass.populations.claim import Claim
from neuromass.populations.core import Core, Drive, Recorder
from neuromass.populations.population import core_of
from neuromass.populations.snapshot import changed
from neuromass.recordings.contents import About
from neuromass.recordings.recording import Recording, Recordings
from neuromass.recordings.samples import DELIVERED, NOTHING, Samples, Track
from neuromass.spiking.core import NeuronsCore
from neuromass.units import HZ, MS, Measure

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]


class NetworkCore:
    """What a network is made of.

    Members refer to it weakly. When it goes, they are populations by themselves again.

    Parameters
    ----------
    members : mapping of Core
        By name.
    coupling : str
        ``"full"`` or ``"held"``.
    lift : bool
        Whether delays between 0 and dt become dt.
    given_past : dict of Signal
        What delayed connections carry before the first step, as given.

    Attributes
    ----------
    wires : dict of Wire
        What the connections were given, by name.
    stages : dict
        Connection with a synapse -> its stages, by name; the last has the connection's name.
    control : Control
        The record of the loop.
    began : int
        Clock at which the network was made.
    kept_past : dict
        Histories from before the arrays were made anew, by what is sent.
    claim : Claim
        Who may step or change it.
    threads : int or None
        How many threads may share the work of steps; None stands for all cores.
    recorder : Recorder or None
        Who records the steps that are taken by hand.
    traced : set of str
        Connections of which it is recorded what they deliver.
    """

    name = "Network"

    def __init__(
        self, members: Mapping[str, Core], coupling: str, lift: bool, given_past: Mapping[str, Any]
    ) -> None:
        self.members = dict(members)
        first = next(iter(self.members.values()))
        self.dt = first.dt
        self.method = first.method
        self.coupling = coupling
        self.lift = lift
        self.given_past = dict(given_past)
        self.wires: dict[str, Wire] = {}
        self.stages: dict[str, dict[str, Core]] = {}
        self._names: dict[tuple[str, str, str, str], list[str]] = {}
        self._stale: set[str] = set()
        self.control = Control()
        self.control.clock = self.began = first.clock
        self.kept_past: dict[Sent, Floats] = {}
        self.claim = Claim()
        self.threads: int | None = None
        self._recorder: Recorder | None = None
        self._arrays: Arrays | None = None
        self.traced: set[str] = set()
        self._deliveries: dict[str, Delivery] = {}
        self._quick_step: SingleStep | None = None
        self._made_at = 0
        self._bound: tuple[Any, ...] = (None, None)  # see `_recording_of`
        self._reference = weakref.ref(self)
        cores = tuple(self.members.values())
        self._finalizer = weakref.finalize(self, _let_go, cores, self.control, self._reference)
        self._finalizer.atexit = False
        for each in cores:
            each.join(self._reference, self.claim)

    def release(self) -> None:
        """Give the members back; the network has none from then on."""
        _let_go(tuple(self.members.values()), self.control, self._reference)
        self.members, self.wires, self.stages, self._arrays = {}, {}, {}, None

    def memento(self) -> tuple[Any, ...]:
        """All that a change may change, for `put_back`."""
        nodes = [(each, each.memento()) for each in self.all_nodes().values()]
        stages = {name: dict(each) for name, each in self.stages.items()}
        tables = self.members, dict(self.wires), stages, dict(self.given_past)
        return (
            nodes,
            tables,
            (self.kept_past, self.began, self._arrays, self._made_at),
            self.control.words.copy(),
        )

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be again as when a memento was taken."""
        nodes, tables, about, self.control.words[:] = before
        for each, own in nodes:
            each.put_back(own)
        self.members, self.wires, self.stages, self.given_past = tables
        self.kept_past, self.began, self._arrays, self._made_at = about
        self._names = {}
        for name, wire in self.wires.items():
            self._names.setdefault(wire.ports, []).append(name)

    # ------------------------------------------------------------------ reading

    @property
    def recorder(self) -> Recorder | None:
        """Who records the steps that are taken by hand."""
        recorder = self._recorder
        return recorder if recorder is not None and recorder.at_work else None

    @recorder.setter
    def recorder(self, recorder: Recorder | None) -> None:
        self._recorder = recorder

    @property
    def clock(self) -> int:
        """Steps since t = 0."""
        return self.control.clock

    @property
    def time(self) -> float:
        """The time in ms."""
        return float(units.decimals(self.clock * self.dt))

    @property
    def lanes(self) -> int:
        """Lanes of all members and stages."""
        return sum(each.lanes for each in self.all_nodes().values())

    @property
    def nodes(self) -> dict[str, Core]:
        """What can be recorded: members, and by connection the last stage of its synapse."""
        last = {name: stages[name] for name, stages in self.stages.items()}
        return {**self.members, **last}

    @property
    def neurons(self) -> dict[str, NeuronsCore]:
        """The members that are networks of neurons."""
        return {n: each for n, each in self.members.items() if isinstance(each, NeuronsCore)}

    def all_nodes(self) -> dict[str, Core]:
        """Members and stages of synapses, by name."""
        return {**self.members, **self.synaptic_nodes()}

    def stages_of(self, name: str) -> dict[str, Core]:
        """Stages of a connection's synapse, by name; none where it has no synapse."""
        return self.stages.get(name, {})

    def between(self, ports: tuple[str, str, str, str]) -> list[str]:
        """Names of the connections between two ports, in the order in which they were made."""
        return self._names.get(ports, [])

    def synaptic_nodes(self) -> dict[str, Core]:
        """Stages of synapses, by name."""
        return {name: each for group in self.stages.values() for name, each in group.items()}

    def check_free(self, what: str) -> None:
        """Refuse what cannot be done while it is being recorded, or without members."""
        if not self.members:
            raise RuntimeError(f"This network has released its members; {what} those.")
        if self.recorder is not None:
            raise RuntimeError(
                f"This network is being recorded by nm.record, step by step; {what} it outside of "
                f"the with block."
            )

    def follow_class(self) -> bool:
        """Take over the equations of members whose class has changed; whether there were any."""
        changed = [each.follow_class() for each in self.members.values()]
        if any(changed):
            self.changed()
        return any(changed)

    def vary(self, names: Mapping[str, Sequence[str]]) -> None:
        """Have parameters of members come in as inputs, until this is called without names."""
        self.changed()
        for name, each in self.members.items():
            own = names.get(name, ())
            if "tau" in own and any(w.by_tau and w.target == name for w in self.wires.values()):
                raise ValueError(
                    f"{name}.tau scales the connections to {name}, and cannot change in a run; "
                    f"give those a weight instead of J."
                )
            each.vary({"": own})

    # --------------------------------------------------------------- connecting

    def add(self, name: str, wire: Wire) -> None:
        """Add a connection that was checked."""
        self._check_function(name, wire)
        stages = self.make_stages(name, wire)
        self.changed()
        self.wires[name] = wire
        self._names.setdefault(wire.ports, []).append(name)
        if stages:
            self.stages[name] = stages

    def _check_function(self, name: str, wire: Wire) -> None:
        """Refuse functions of single pulses, which are not those of their mean."""
        if wire.function is None or self.coupling == "held":
            return
        ends = [(wire.target, n.variable) for _, n in wire.function.terms if n is not None]
        ends += [(wire.source, wire.variable)] if wire.synapse is None else []
        neurons = self.neurons
        for member in (member for member, what in ends if what == "r" and member in neurons):
            raise ValueError(
                f"{name}: {member}.r comes as the spikes of each step, and a function of those is "
                f"not that of their mean. Give the connection a synapse, after which a function "
                f"is applied; with coupling='held' r is the rate over the window."
            )

    @property
    def made_arrays(self) -> Arrays | None:
        """The arrays of the loop, if they are made."""
        return self._arrays

    def forget_connection(
        self, name: str, kept_past: dict[Sent, Floats], arrays: Arrays | None
    ) -> None:
        """Be as before a connection was made."""
        self.wires.pop(name, None)
        self.stages.pop(name, None)
        self._names = {
            ports: [n for n in names if n != name] for ports, names in self._names.items()
        }
        self.kept_past, self._arrays = kept_past, arrays

    def remove(self, name: str) -> None:
        """Take a connection away; what the others remember stays."""
        self.changed()
        gone = self.stages.pop(name, {})
        self._names[self.wires.pop(name).ports].remove(name)
        self.given_past.pop(name, None)
        self.traced = self.traced - {name}
        self.kept_past = {k: row for k, row in self.kept_past.items() if k[0] not in gone}

    def make_stages(self, name: str, wire: Wire) -> dict[str, Core]:
        """The synapse of a connection; its last stage has the connection's name."""
        if wire.synapse is None:
            return {}
        source = self.members[wire.source]
        recipes = wire.synapse.stages(source.model.measure(wire.variable))
        made: dict[str, Core] = {}
        for number, (model, values) in enumerate(recipes, start=1):
            initial = {"u": values["U0"]} if "U0" in values else None
            shape = source.shape or None
            stage = core_of(
                model(shape=shape, dt=MS.quantity(self.dt), method=self.method, initial=initial)
            )
            stage.set_parameters(values)
            stage.join(self._reference, self.claim)
            made[name if number == len(recipes) else f"{name}/{number}"] = stage
        return made

    def change_connection(self, name: str, what: str, value: Any) -> None:
        """Set the strength, delay, way, or a value of the synapse of a connection."""
        self.claim.change(self, self._change_connection, name, what, value)

    def _change_connection(self, name: str, what: str, value: Any) -> None:
        wire = self.wires[name]
        connection = Connection(self, name)
        if what == wire.strength_name:
            changed = wire.with_strength(value, strength_measure(self.members, wire, name), name)
            self.route(name, changed, {})
            self._stale.add(name)
            self.wires[name] = changed
            return
        if what == "delay":
            changed = wire.with_delay(value, name)
        elif what in WAY and wire.distances is not None:
            way = {each: getattr(connection, each) for each in WAY}
            changed = wire.with_way(**{**way, what: value}, name=name)
        elif wire.synapse is not None and what in wire.synapse.declared():
            synapse = wire.synapse.changed(what, value)
            synapse.check_step(self.dt, name)
            changed = replace(wire, synapse=synapse)
        elif what in connection.states():
            self._set_synapse(name, what, value)
            return
        elif what in FIXED:
            raise AttributeError(
                f"{what} of the connection {name} cannot be changed; make another connection."
            )
        else:
            raise AttributeError(
                f"The connection {name} has no {brief(what)}{connection.near(what)}"
            )
        self.route(name, changed, {})
        self.replace_wire(name, changed)

    def _set_synapse(self, name: str, what: str, value: Any) -> None:
        """Set a state of a connection's synapse."""
        wire, stage = self.wires[name], self.stages[name][name]
        low, high = -np.inf, np.inf
        if what == "s":  # an average of what the source has sent, and of nothing before
            low = past.lowest_smoothed(self.members[wire.source], wire.variable)
        elif wire.synapse is not None:
            low, high = wire.synapse.ranges.get(what, (low, high))
        declared = stage.model.states[what]
        plain = declared.convert(value)
        if np.min(plain) < low or np.max(plain) > high:
            show = lambda value: units.shown(value, declared.measure)
            at_most = f" and at most {show(high)}" if np.isfinite(high) else ""
            raise ValueError(f"{name}: {what} is at least {show(low)}{at_most}, not {show(plain)}.")
        stage.set_states({what: plain})

    def replace_wire(self, name: str, wire: Wire) -> None:
        """Give a connection other values; what its synapse holds stays."""
        stages = self.stages_of(name)
        made = self.make_stages(name, wire)
        before, after = ([id(each.model) for each in group.values()] for group in (stages, made))
        if before != after:  # another chain begins with what came out of the last
            for stage in made.values():
                stage.state[:] = stages[name].state
            self.stages[name] = made
        else:
            for key, stage in stages.items():
                stage.set_parameters(made[key].parameters)
                stage.initial = made[key].initial
        self.wires[name] = wire
        self.changed()

    def route(self, name: str, wire: Wire, stages: Mapping[str, Core]) -> Route:
        """What a connection comes to, checked."""
        source, target = self.members[wire.source], self.members[wire.target]
        pairs = self.pairs(name, wire)
        wiring.check_memory(pairs, self.dt, source.lanes, name)
        steps, fractions = wiring.in_steps(pairs, self.dt, name, self.lift)
        weights = pairs.values
        if wire.by_tau:
            tau = target.parameters["tau"]
            weights = weights * (target.spread(tau)[pairs.targets] if tau.ndim else float(tau))
        gates = wire.synapse is not None and wire.synapse.gates
        return Route(
            wire.source, wire.target, wire.variable, wire.input, tuple(stages), gates,
            pairs, weights, steps, fractions,
        )  # fmt: skip

    def parts(self, name: str, ports: Mapping[str, Ports]) -> dict[str, Route]:
        """What a connection comes to with its function: a route for each product in it."""
        wire = self.wires[name]
        whole = self.route(name, wire, self.stages_of(name))
        if wire.function is None:
            return {name: whole}
        state = next(iter(self.members[wire.target].model.states))
        found = parts(whole, wire.function, ports[wire.target], state)
        return {f"{name}/{number}": each for number, each in enumerate(found)}

    def ports(self) -> dict[str, Ports]:
        """What connections by functions add to the equations of each node."""
        nodes = self.all_nodes()
        sent: dict[str, set[Factor]] = {node: set() for node in nodes}
        received: dict[str, set[tuple[str, Factor]]] = {node: set() for node in nodes}
        for name, wire in self.wires.items():
            sender = name if wire.synapse is not None else wire.source
            for what, factor in () if wire.function is None else wire.function.terms:
                if isinstance(what, Factor):
                    sent[sender].add(what)
                elif what is None:
                    sent[wire.target].add(one_of(next(iter(nodes[wire.target].model.states))))
                if factor is not None:
                    received[wire.target].add((wire.input, factor))
        ordered = lambda found: tuple(sorted(found, key=repr))
        return {node: Ports(ordered(sent[node]), ordered(received[node])) for node in nodes}

    def pairs(self, name: str, wire: Wire) -> wiring.Pairs:
        """The connected pairs of lanes."""
        source, target = self.members[wire.source], self.members[wire.target]
        return wiring.pairs(
            wire.strengths, wire.delay, target.shape, source.shape, name, wire.strength_name,
            wire.delay_name,
        )  # fmt: skip

    # ------------------------------------------------------------------ histories

    def changed(self) -> None:
        """Weights or connections have changed: the arrays are made anew before the next step."""
        if self._arrays is not None:
            self.kept_past = self.known_past()
            self._arrays = None

    def states_changed(self) -> None:
        """A member stands elsewhere: so does the past of what nobody knew before the next step.

        Arrays may have been made for a step that failed or was interrupted.
        """
        if self.clock == self._made_at:
            self._arrays = None

    def parameters_changed(self, names: Iterable[str]) -> None:
        """A member has changed its parameters: the loop sees them, but weights may follow tau."""
        self.states_changed()
        if "tau" in names and any(wire.by_tau for wire in self.wires.values()):
            self.changed()

    def check_history(self, name: str, wire: Wire) -> None:
        """Refuse a given past that is not one of what a connection carries."""
        given = self.given_past.get(name)
        if given is None:
            return
        if wire.synapse is None:
            key = wire.source
            if wire.variable != self.members[key].model.output:
                key += f".{wire.variable}"
            raise ValueError(
                f"history of {name}: no synapse stands on it, and it carries what {wire.source} "
                f"sends. Give the past of that, history={{{key!r}: ...}}."
            )
        self._sampled_past(given, name, wire, np.array([self.began * self.dt]))

    def _sampled_past(self, given: Any, name: str, wire: Wire, times: Floats) -> Floats:
        """The given past of what a synapse lets through."""
        source = self.members[wire.source]
        measure, lowest = HZ, -np.inf
        if wire.synapse is not None and not wire.synapse.gates:
            measure = source.model.measure(wire.variable)
            lowest = past.lowest_smoothed(source, wire.variable)
        return past.sampled(given, times, measure, source.shape, f"history of {name}", lowest)

    def known_past(self) -> dict[Sent, Floats]:
        """Histories up to now, oldest first, by node and value."""
        arrays = self._arrays
        if self.clock == self.began:
            return {}
        if arrays is None or self.clock == self._made_at:
            return self.kept_past
        start = self.control.position
        end = start + arrays.delays.keep
        found = {}
        for sender, rows in arrays.traced_values().items():
            found[sender] = arrays.history[rows, start:end].copy()
            found[sender][:, -1] = self._now(sender)
        return found

    def arrays(self) -> Arrays:
        """The arrays of the loop, made anew if connections have changed."""
        if self._stale:
            self._refresh_weights()
        if self._arrays is None:
            ports = self.ports()
            stand_ins = {name: stand_in(each) for name, each in self.neurons.items()}
            nodes = {**self.all_nodes(), **stand_ins}
            for node, each in nodes.items():
                each.set_ports(ports[node])
            found = {name: self.parts(name, ports) for name in self.wires}
            if self.clock == self.began:
                first = {name: next(iter(each.values())) for name, each in found.items()}
                past.check_used(self.given_past, first)
            routes = {part: route for each in found.values() for part, route in each.items()}
            followed = {name: self._delivery(name, found[name], ports) for name in self.traced}
            traced = [sender for each in followed.values() for sender in each.senders()]
            made = self._made(routes, nodes, traced)
            made.together = self._with_neurons(stand_ins, made)
            self._deliveries = followed
            self._fill_history(made)
            self._made_at, self._arrays = self.clock, made
        return self._arrays

    def _refresh_weights(self) -> None:
        """Take over strengths that have changed; if it is interrupted, it is done again."""
        stale = self._stale & set(self.wires)
        by_function = any(self.wires[name].function is not None for name in stale)
        ports = self.ports() if by_function else {}
        for name in stale:
            arrays = self._arrays
            if arrays is None:
                break
            if not arrays.keeps(name):
                self.changed()
                break
            parts = self.parts(name, ports)
            for part, route in parts.items():
                if not arrays.set_weights(part, route):
                    self.changed()
            if name in self.traced:
                self._deliveries[name] = self._delivery(name, parts, ports)
            arrays.delays.forget()
        self._stale = set()

    def _with_neurons(self, stand_ins: Mapping[str, Core], made: Arrays) -> Together | None:
        """The steps together with neurons, if there are any."""
        if not isinstance(made, TiledArrays) or not stand_ins:
            return None
        used = {(wire.source, wire.variable) for wire in self.wires.values()}
        for wire in self.wires.values():
            for _, factor in () if wire.function is None else wire.function.terms:
                used |= set() if factor is None else {(wire.target, factor.variable)}
        neurons = self.neurons
        sent = {
            name: [each for each in core.model.outputs if (name, each) in used]
            for name, core in neurons.items()
        }
        return Together(neurons, stand_ins, made, sent, self.coupling == "held")

    def _made(
        self, routes: Mapping[str, Route], nodes: Mapping[str, Core], traced: Sequence[Sent]
    ) -> Arrays:
        groups = grouped(nodes)
        kinds = tuple(group.kind for group in groups)
        circuit = Circuit(kinds, self.method, self.coupling == "held")
        small = not self.neurons and is_small(nodes, groups, routes.values())
        form = UnrolledArrays if small else TiledArrays
        return form(nodes, groups, routes, circuit, traced)

    def _delivery(
        self, name: str, parts: Mapping[str, Route], ports: Mapping[str, Ports]
    ) -> Delivery:
        """What tells what a connection delivers."""
        target = self.wires[name].target
        factors = {}
        if name not in parts:  # a function took it apart
            factors = {port: factor for (_, factor), port in ports[target].inputs.items()}
        return Delivery(
            [Part(route, factors.get(route.input)) for route in parts.values()],
            self.members[target].lanes,
        )

    def _fill_history(self, made: Arrays) -> None:
        """The past of what is sent: as known, as given, or as the state is now."""
        self.control.position = 0
        keep = made.delays.keep
        for sender, rows in made.traced_values().items():
            known = self._kept(sender)
            if known is None:
                known = self._past_of(sender, made.delays.longest)
            count = min(known.shape[1], keep)
            made.history[rows, keep - count : keep] = known[:, known.shape[1] - count :]
            made.history[rows, : keep - count] = known[:, :1]

    def _kept(self, sender: Sent) -> Floats | None:
        """What is known of the past of a value, or of what a function is of."""
        node, what = sender
        if sender in self.kept_past or isinstance(what, str):
            return self.kept_past.get(sender)
        known = self.kept_past.get((node, what.variable))
        return None if known is None else np.asarray(what.of(known))

    def _past_of(self, sender: Sent, steps: int) -> Floats:
        """The past of what was not kept: as it was given, if no step was taken yet."""
        node, what = sender
        variable = what if isinstance(what, str) else what.variable
        population = self.all_nodes()[node]
        now = np.reshape(self._now(sender), (-1, 1))
        given = self.given_past.get(node if node in self.wires else f"{node}.{variable}")
        if given is None or self.clock != self.began:
            return now
        times: Floats = (self.clock - np.arange(steps, 0, -1.0)) * self.dt
        if node in self.wires:
            before = self._sampled_past(given, node, self.wires[node], times)
        else:
            measure = population.model.measure(variable)
            lowest, said = past.lowest_of(population, variable), f"history of {node}.{variable}"
            before = past.sampled(given, times, measure, population.shape, said, lowest)
        before = before if isinstance(what, str) else what.of(before)
        return np.concatenate([before, np.broadcast_to(now, (len(before), 1))], axis=1)

    def _now(self, sender: Sent) -> Floats:
        """What a node sends now, one value for each lane."""
        node, variable = sender
        population = self.all_nodes()[node]
        if variable != PASSED:
            return population.spread(population.sent(variable))
        wire = self.wires[node]
        source = self.members[wire.source]
        passed = population.computed("gain") * source.value(wire.variable)
        return np.asarray(population.spread(passed), dtype=float)

    def _room_of(self, arrays: Arrays) -> int:
        """How many steps fit behind the present in the histories, some at least."""
        if not arrays.history.size:
            return 1 << 62
        delays, begin = arrays.delays, self.control.position
        if begin == delays.room:
            history, words, place = arrays.history, self.control.words, FIELDS.index("position")
            moved = history[:, begin : begin + delays.keep].copy()
            history[:, : delays.keep], words[place] = moved, 0  # at once: see `put_back`
            begin = 0
        return delays.room - begin

    # ------------------------------------------------------------------ inputs

    def inputs_by_node(self, inputs: Any) -> dict[str, dict[str, Any]]:
        """Inputs as a user gives them: member -> input -> value."""
        found: dict[str, dict[str, Any]] = {name: {} for name in self.members}
        if inputs is None:
            return found
        if not isinstance(inputs, Mapping):
            raise TypeError("The inputs of a network are given by member, {'exc': ...}.")
        for key, value in inputs.items():
            member, _, name = str(key).partition(".")
            if member not in self.members:
                raise ValueError(
                    f"inputs: the network has no member {brief(member)}"
                    f"{suggestion(member, self.members)}"
                )
            several = value if not name and isinstance(value, Mapping) else None
            if several is None:
                several = {name or self._only_input(member): value}
            for each, one in several.items():
                self._check_input(member, each, found[member])
                found[member][each] = one
        return found

    def drives(self, inputs: Any, with_units: bool) -> list[Drive]:
        """Inputs of a step as a user gives them, checked; defaults for the others."""
        drives = []
        for member, given in self.inputs_by_node(inputs).items():
            core = self.members[member]
            for name, each in core.model.inputs.items():
                value: Any = each.default
                if name in given:
                    value = _input_of(core, name, given[name], f"{member}.{name}", with_units)
                drives.append(Drive(member, name, np.atleast_1d(value), varies=False))
        return drives

    def field(self, inputs: Any) -> Any:
        """The vector field at constant inputs, given as for a run."""
        from neuromass.networks.field import NetworkField  # noqa: PLC0415

        return NetworkField(self, self.drives(inputs, with_units=True))

    def _only_input(self, member: str) -> str:
        declared = self.members[member].model.inputs
        if len(declared) != 1:
            what = f"the inputs {', '.join(declared)}" if declared else "no input"
            advice = f"; write '{member}.{next(iter(declared))}'" if declared else ""
            raise ValueError(f"inputs: {member} has {what}{advice}.")
        return next(iter(declared))

    def _check_input(self, member: str, name: str, given: Mapping[str, Any]) -> None:
        declared = self.members[member].model.inputs
        if name not in declared:
            raise ValueError(
                f"inputs: {member} has no input {brief(name)}{suggestion(name, declared)}"
            )
        if name in given:
            raise ValueError(f"inputs: {member}.{name} is given twice.")

    # ------------------------------------------------------------------ stepping

    @property
    def quick_step(self) -> SingleStep | None:
        """The single step that is called faster than a loop, where it serves."""
        step, recorder = self._quick_step, self._recorder
        if step is None or step.arrays is not self._arrays or self._stale:
            return None
        return None if recorder is not None and recorder.at_work else step

    def take_single_step(self, drives: Sequence[Drive]) -> int:
        """Take a step, and have a quicker one for the next."""
        recorder = self.recorder
        if recorder is not None:
            return recorder.step(drives)
        code = self.take(1, drives)
        if self.quick_step is None and isinstance(self._arrays, UnrolledArrays) and serves(self):
            self._quick_step = SingleStep(self, self._arrays)
        return code

    def room(self) -> int:
        """How many steps can be taken at once, as far as the histories go."""
        room = self._room_of(self.arrays())
        neurons = self.neurons.values()
        return min(room, STEPS_AT_ONCE, *(n.room() for n in neurons)) if neurons else room

    def share(self, threads: int | None) -> None:
        """Let so many threads share the work where that is worth while; None: all cores."""
        self.threads = threads
        for each in self.neurons.values():
            each.share(threads)

    def take(
        self, steps: int, drives: Sequence[Drive], samples: Samples = NOTHING, done: int = 0
    ) -> int:
        """Take some steps, all of them or none; see `Core.take`."""
        arrays = self.arrays()
        if steps > self._room_of(arrays):
            raise RuntimeError(f"{steps} steps do not fit into the histories of this network.")
        control = self.control
        control.steps, control.every, control.average = steps, samples.every, samples.average
        control.phase, control.sample = done % samples.every, samples.whole(done)
        if arrays.together is not None:
            call = lambda inputs, recording: arrays.loop(
                control, self.dt, inputs, recording, self.threads
            )
            return arrays.together.take(control, steps, drives, samples, done, call)
        items, delivered = self._recording_of(arrays, samples)
        recording = items, samples.values, samples.sums
        given = control, self.dt, arrays.laid_out(drives), recording, self.threads
        if not delivered:
            return arrays.loop(*given)
        position, place = control.position, len(items)
        with undisturbed():  # steps that were taken are recorded, and none twice
            code = arrays.loop(*given)
            for track in delivered if code == FINE else ():
                values = self._deliveries[track.node].values(arrays, position, steps)
                samples.lay(track, values, done, place)
                place += track.lanes
        return code

    def _recording_of(self, arrays: Arrays, samples: Samples) -> tuple[Any, list[Track]]:
        """Where the loop puts recorded numbers, and what of connections is written afterwards."""
        if self._bound[0] is not arrays or self._bound[1] is not samples:
            late = self._delivered_of(samples)
            others = [each for each in samples.tracks if each not in late]
            self._bound = arrays, samples, arrays.items(others), late
        return self._bound[2], self._bound[3]

    def _delivered_of(self, samples: Samples) -> list[Track]:
        return [each for each in samples.tracks if self._is_delivered(each.node, each.name)]

    def _is_delivered(self, node: str, name: str) -> bool:
        return name == DELIVERED and node in self.wires

    def holder(self, node: str, name: str) -> Any:
        """What has a value that can be recorded: a member, a synapse, or a connection itself."""
        if not self._is_delivered(node, name):
            return self.nodes[node]
        if self.neurons:
            raise ValueError(
                f"record: what {node} delivers is not recorded in a network with neurons. Record "
                "what its source sends, or what is given to its target."
            )
        wire = self.wires[node]
        return Received(self.members[wire.target], wire.input)

    def expect(self, samples: Samples) -> None:
        """Be ready for steps that write on samples."""
        late = self._delivered_of(samples)
        for track in late:
            samples.slab(track)[:] = np.nan
        wanted = {each.node for each in late}
        if wanted != self.traced:
            self.changed()
            self.traced = wanted

    def wired(self) -> tuple[str, ...]:
        """Names of its connections."""
        return tuple(self.wires)

    def settled(self) -> dict[str, Any]:
        """What else decides its steps, by name."""
        ends = {f"ends of {name}": wire.kept for name, wire in self.wires.items()}
        about = {"coupling": self.coupling, "short_delays": self.lift}
        return {**about, "history": self.given_past, "members": list(self.members), **ends}

    def adjustable(self, connection: str) -> dict[str, Measure]:
        """What can be set of a connection, with units."""
        wire = self.wires.get(connection)
        if wire is None:
            return {}
        found = {wire.strength_name: wire.strength_measure, "delay": MS}
        found |= WAY if wire.distances is not None else {}
        synapse = {} if wire.synapse is None else wire.synapse.declared()
        return found | {name: each.measure for name, each in synapse.items()}

    def adjust(self, connection: str, what: str, value: Any) -> None:
        """Set something of a connection, to one value or one for each lane."""
        self.change_connection(connection, what, value)

    @property
    def reduces(self) -> bool:
        """Whether its loops make means, lowest and highest values of samples on their way."""
        return False

    def let_lanes_fail(self, allowed: bool) -> None:
        """Whether a lane that fails is NaN from then on, instead of stopping the others."""
        for each in self.neurons.values():
            each.let_lanes_fail(allowed)
        self.control.lenient = allowed

    def failure(self, code: int) -> SimulationError:
        """The error for a step that failed."""
        arrays = self.arrays()
        if arrays.together is not None and arrays.together.failed:
            name = arrays.together.failed
            return self.members[name].failure(code, name)
        where, lane = arrays.find(self.control.bad_kind, self.control.bad_lane)
        node = self.all_nodes()[where]
        node.control.bad_state, node.control.bad_lane = self.control.bad_state, lane
        return node.failure(code, where)

    # ------------------------------------------------------------------ recording

    def about(self, node: str, every: int, average: bool) -> About:
        """Where the recording of a member, or of a connection, comes from."""
        if node in self.members:
            return self.members[node].about(node, every, average)
        wire = self.wires[node]
        if wire.synapse is not None:
            model, labels = type(wire.synapse).__name__, None
        else:
            model, labels = "Connection", self.members[wire.target].labels
        return About(
            model, self.method, self.dt, every, average, wire.given(), inputs=(DELIVERED,),
            labels=labels,
        )  # fmt: skip

    def gathered(self, recordings: Mapping[str, Recording]) -> Recordings:
        """The recordings of a run, with what each connection was made with."""
        connections = {name: wire.given() for name, wire in self.wires.items()}
        return Recordings(recordings, connections)

    # ------------------------------------------------------------------ going back

    def snapshot(self) -> NetworkSnapshot:
        """All that changes, exactly."""
        known = self.known_past()
        return NetworkSnapshot(
            self.clock,
            self.began,
            {name: each.snapshot() for name, each in self.all_nodes().items()},
            dict(self.wires),
            known,
            dict(self.given_past),
            any(bool(np.any(np.isnan(rows))) for rows in known.values()),
        )

    def check_snapshot(self, saved: NetworkSnapshot) -> None:
        """Refuse one of another network, or that was changed since it was taken."""
        saved.check()
        synaptic = {node for node in saved.members if node.split("/")[0] in saved.wires}
        members = set(saved.members) - synaptic
        if set(saved.wires) != set(self.wires) or members != set(self.members):
            raise ValueError("The snapshot is of a network with other members or connections.")
        nodes = dict(self.members)
        for name, wire in saved.wires.items():
            if wire.kept != self.wires[name].kept:
                raise ValueError(
                    f"The snapshot is of a network where {name} carries something else, or has "
                    f"another synapse."
                )
            self.route(name, wire, {})  # refuses what this network cannot run
            nodes |= self.make_stages(name, wire)
        if set(nodes) != set(saved.members):
            raise changed("members")
        for name, each in nodes.items():
            each.check_snapshot(saved.members[name])
            if saved.members[name].clock != saved.clock:
                raise changed(f"clock of {name}")
        for name in synaptic:
            own, theirs = nodes[name].parameters, saved.members[name].parameters
            if not all(np.array_equal(own[each], theirs[each]) for each in own):
                raise changed(f"parameters of {name}")
        self._check_pasts(saved)
        for sender, rows in saved.histories.items():
            check_sender(sender, self.members, saved.wires)
            check_past(rows, nodes[sender[0]], sender)
        lost = any(np.any(np.isnan(rows)) for rows in saved.histories.values())
        if saved.failed != lost:
            raise changed("histories")

    def _check_pasts(self, saved: NetworkSnapshot) -> None:
        """Refuse given pasts, of a snapshot, that this network would not have taken."""
        times = np.array([(saved.began - 1) * self.dt])
        for key, given in saved.pasts.items():
            try:
                if key in saved.wires:
                    self._sampled_past(given, key, saved.wires[key], times)
                elif past.full_key(key, self.members) != key:
                    raise ValueError("it names no variable")
                elif "->" not in key:
                    member, _, variable = key.partition(".")
                    past.check_bare(given, self.members[member], variable, times, key)
            except (ValueError, TypeError) as error:
                raise changed(f"history of {key}", error) from None

    def restore(self, saved: NetworkSnapshot) -> None:
        """Go back to a snapshot that was checked."""
        for name, wire in saved.wires.items():
            self.replace_wire(name, wire)
        for name, each in self.all_nodes().items():
            each.restore(saved.members[name])
        self.given_past = dict(saved.pasts)
        self.begin_again(saved.histories, saved.began, saved.clock)

    def reset(self) -> None:
        """Go back to the initial states and to t = 0."""
        for each in self.all_nodes().values():
            each.reset()
        self.begin_again({}, 0, 0)

    def begin_again(self, known_past: Mapping[Sent, Floats], began: int, clock: int) -> None:
        """Make the arrays anew before the next step, with a past that is known.

        Parameters
        ----------
        known_past : mapping
            Histories up to now, by what is sent.
        began, clock : int
            Clock at which the network began, and now.
        """
        self._arrays = None
        self.kept_past = {sender: row.copy() for sender, row in known_past.items()}
        self.began = began
        self.control.clock = clock


class Addition:
    """The making of one connection, which a refusal or an interruption undoes.

    Parameters
    ----------
    core : NetworkCore
        The network.
    connection : str
        Name of the connection.
    """

    def __init__(self, core: NetworkCore, connection: str) -> None:
        self.name = core.name
        self._core = core
        self._connection = connection

    def memento(self) -> tuple[Any, ...]:
        """What is to be put back."""
        return self._core.kept_past, self._core.made_arrays

    def put_back(self, before: tuple[Any, ...]) -> None:
        """Be without the connection again."""
        self._core.forget_connection(self._connection, *before)


def _let_go(members: Sequence[Core], control: Control, network: weakref.ref[Any]) -> None:
    """Hand the time to the members of a network that is no more."""
    for each in members:
        if each.is_of(network):
            each.leave(control.clock)


def _input_of(core: Core, name: str, value: Any, label: str, with_units: bool) -> Any:
    """A given input in internal units, for all lanes; its name in errors is that of the network."""
    declared = core.model.inputs[name]
    if with_units:
        plain = units.to_internal(value, declared.measure, label, declared.example)
        units.require_finite(plain, label)
    else:
        plain = validation.plain_input(value, label)
    if isinstance(plain, float):
        return plain
    validation.check_broadcast(label, plain, core.shape)
    return core.spread(plain)
