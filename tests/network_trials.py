"""Random networks, and sequences of operations on them, for `test_stateful`; see `trials`."""

import copy
import math

import network_twin
import numpy as np
from samples import bits, everything
from trials import CASES, OUTPUTS, Trial, population

import neuromass as nm
from neuromass.units import ms

TEMPLATES = (
    (("QIF", "quiet"), ("QIF", "quiet")),
    (("QIF", "all"), ("QIFSynaptic", "quiet")),
    (("JansenRit", "input"),) * 4,
    (("QIF", "quiet"), ("WilsonCowan", "quiet"), ("JansenRit", "input")),
    (("IzhikevichMeanField", "quiet"), ("QIFAdaptation", "input")),
)  # fmt: skip
"""Members of networks; each of these is compiled for some methods and couplings."""

THROUGH = ("exponential", "tsodyks", "double", "exponential", "exponential")
"""The synapse in each of them."""

CIRCUITS = tuple(
    (members, method, coupling, synapse)
    for number, members in enumerate(TEMPLATES)
    for method, coupling, synapse in (
        ("heun", "full", None),
        (("euler", "full", None), ("heun", "held", None))[number % 2],
        ("heun", "full", THROUGH[number]),
    )
)  # fmt: skip

SYNAPSES = {
    "exponential": lambda: nm.synapses.Exponential(4 * ms),
    "double": lambda: nm.synapses.DoubleExponential(rise=2 * ms, decay=6 * ms),
    "tsodyks": lambda: nm.synapses.TsodyksMarkram(tau_d=50 * ms, tau_f=80 * ms, U0=0.3),
}
STAGES = {"exponential": (4.0,), "double": (2.0, 6.0)}


class NetworkTrial(Trial):
    """The same for a network."""

    def build(self):
        rng = self.rng
        members, method, coupling, synapse = self.circuit = rng.choice(self.circuits())
        self.network, self.synapse = True, synapse
        self.dt = 0.05
        size = rng.choice((1, 1, 1, 2, 7, 70))
        pops = {}
        for number, (name, kind) in enumerate(members):
            shape = () if size == 1 or rng.random() < 0.2 else (size,)
            pops[f"m{number}"] = population(rng, name, kind, shape, method, self.dt)
            self.kinds[f"m{number}"] = kind
            self.log.append(f"m{number}: {name} {kind} {shape}")
        self.log.append(f"{method} {coupling} {synapse}")
        self.a = nm.Network(pops, coupling=coupling)
        self.finish_build(method, coupling)
        for number in range(rng.choice((1, 2, 3, 5))):
            self.connect(self.a, synapse=synapse if number == 0 else None, delays=True)
        self.b = self.a.copy()

    def circuits(self):
        return CIRCUITS

    def members(self, system):
        return dict(system.members)

    def fed(self, values):
        return {f"{port.member}.{port.name}": value for port, value in values.items()}

    def take(self, system, values, plain):
        if plain:
            system.advance(self.fed({port: port.plain(v) for port, v in values.items()}))
        else:
            system.update(self.fed(values))

    def state_of(self, system):
        found = {name: everything(pop) for name, pop in system.members.items()}
        for name, each in system.connections.items():
            found[name] = repr(each)
        return found, system.t.magnitude

    def moments(self, recording):
        return {name: bits(each) for name, each in recording.items()}

    def connect(self, *systems, synapse, delays):
        """A random connection in all of some systems, and in the twin."""
        source, target = self.ends(systems[0], synapse)
        if source is None:
            return
        pre, post = (self.members(systems[0])[name] for name in (source, target))
        given, factor, by_tau, size = self.strength(pre, post, synapse)
        late = delays and self.rng.random() < 0.5
        strength, weights, delay, lags = self.pairs(pre.shape, post.shape, size, late)
        key = "J" if "J" in given else "weight"
        given[key] = strength * given[key]
        if late:
            given["delay"] = delay
        self.log.append(f"connect {source} {target} {key} {given['variable']} "
                        f"{np.shape(strength)} {late and lags[0][:3]} {synapse}")  # fmt: skip
        given["name"] = f"c{len(self.log)}"
        for system in systems:
            if synapse:
                given["synapse"] = SYNAPSES[synapse]()
            made = system.connect(source, target, **given)
        self.add_to_twin(made.name, source, target, given["input"], given["variable"], weights,
                         lags, factor, by_tau, synapse)  # fmt: skip

    def ends(self, system, synapse):
        """Names of source and target; many lanes do not go to a single one."""
        members = self.members(system)
        source, target = (self.rng.choice(list(members)) for _ in range(2))
        if synapse == "tsodyks":
            source = "m0"
        if math.prod(members[source].shape) > 1 and not members[target].shape:
            source, target = target, source
        return (None, None) if synapse == "tsodyks" and source != "m0" else (source, target)

    def strength(self, pre, post, synapse):
        """Keywords, weight in internal units of a strength of one, if it follows tau, its size."""
        rng, cases = self.rng, [CASES[type(each).__name__] for each in (pre, post)]
        name, models = next(iter(cases[1].inputs)), [type(each).model for each in (pre, post)]
        states = list(cases[0].initial)
        variable = models[0].output if synapse or rng.random() < 0.7 else rng.choice(states)
        given = {"input": name, "variable": variable}
        if variable == "r" and "tau" in cases[1].keywords and (synapse or rng.random() < 0.8):
            return {**given, "J": 1.0}, 1.0, True, rng.uniform(-3, 3)
        typical = variable if variable in states else "y1"
        sent, swing = cases[0].initial[typical], cases[1].swing[name]
        factor = models[1].inputs[name].convert(swing) / models[0].states[typical].convert(sent)
        return {**given, "weight": swing / sent}, float(factor), False, rng.uniform(-0.3, 0.3)

    def pairs(self, source, target, size, late):
        """Strengths and delays as they are given, and as the twin takes them, for all pairs."""
        rng, rows, columns = self.rng, math.prod(target), math.prod(source)
        length = lambda: self.dt * (rng.choice((1, 2, 5, 9, 40)) + rng.choice((0, 0, 0.37)))
        one = length() if late else 0.0
        lags = [[one] * columns for _ in range(rows)]
        if source and target and rng.random() < 0.6:
            part = lambda: size * rng.choice((0.0, 0.5, 1.0)) / columns
            weights = [[part() for _ in range(columns)] for _ in range(rows)]
            if late and rng.random() < 0.7:
                lags = [[length() for _ in range(columns)] for _ in range(rows)]
                return np.array(weights), weights, np.array(lags) * ms, lags
            return np.array(weights), weights, one * ms, lags
        aligned = source and target
        weights = [[float(i == j or not aligned) * size for j in range(columns)]
                   for i in range(rows)]  # fmt: skip
        return size, weights, one * ms, lags

    def add_to_twin(
        self, label, source, target, name, variable, weights, lags, factor, by_tau, synapse
    ):
        plain, lanes = self.twin, len(self.twin.nodes[source].states)
        one = [[float(i == j) for j in range(lanes)] for i in range(lanes)]
        send = sender(source, variable)
        extra = []
        if synapse in STAGES:
            for number, tau in enumerate(STAGES[synapse]):
                stage = f"{label}/{number}"
                made = [({"s": 0.0}, {"tau": tau}) for _ in range(lanes)]
                plain.nodes[stage] = network_twin.Node(network_twin.filtered, made, inputs=("x",))
                extra.append(network_twin.Connection(stage, "x", send, one))
                send = sender(stage, "s")
        elif synapse == "tsodyks":
            stage, values = f"{label}/0", {"tau_d": 50.0, "tau_f": 80.0, "U0": 0.3}
            made = [({"x": 1.0, "u": 0.3}, dict(values)) for _ in range(lanes)]
            plain.nodes[stage] = network_twin.Node(network_twin.plastic, made, inputs=("rate",))
            extra.append(network_twin.Connection(stage, "rate", send, one))
            send = gated(send, stage)
        scaled = [[weight * factor for weight in row] for row in weights]
        made = network_twin.Connection(target, name, send, scaled, lags)
        made.plain = scaled if by_tau else None
        for each in (*extra, made):
            each.label = label
        plain.connections = [*plain.connections, *extra, made]
        self.rewire()

    def rewire(self):
        for each in self.twin.connections:
            if getattr(each, "plain", None) is not None:
                taus = [own["tau"] for own in self.twin.nodes[each.target].parameters]
                each.weights = [
                    [w * tau for w in row] for row, tau in zip(each.plain, taus, strict=True)
                ]

    def late_connection(self):
        """Another connection, after the first steps, without delay."""
        self.connect(self.a, self.b, synapse=None, delays=False)
        self.saved = []
        self.start = self.restarted()
        self.check("connecting")

    def restarted(self):
        fresh = copy.deepcopy(self.twin)
        for name, each in fresh.nodes.items():
            if name in self.start.nodes:
                each.states = copy.deepcopy(self.start.nodes[name].states)
                each.noise = copy.deepcopy(self.start.nodes[name].noise)
        fresh.clock = 0
        return fresh

    def cut(self):
        """A connection is taken away."""
        labels = [n for n in self.a.connections if not (self.synapse and n == self.first_name())]
        if not labels:
            return
        label = self.rng.choice(labels)
        self.log.append(f"disconnect {label}")
        for each in (self.a, self.b):
            each.disconnect(label)
        kept = [each for each in self.twin.connections if each.label != label]
        self.twin.connections = kept
        self.saved = []
        self.start = self.restarted()
        self.check("disconnecting")

    def first_name(self):
        return next(iter(self.a.connections))

    def refused(self):
        members = list(self.a.members)
        one = members[0]
        net = self.a
        return {
            **super().refused(),
            "both strengths": lambda: net.connect(one, one, J=1.0, weight=1.0),
            "no member": lambda: net.connect(one, "nonsense", J=1.0),
            "a strength": lambda: net.connect(one, one, weight=3 * ms**9),
            "a short delay": lambda: self.too_short(net, one),
            "no connection": lambda: net.disconnect("nonsense->nonsense"),
            "a member's step": net[one].update,
            "an older snapshot": lambda: net.restore(net[one].snapshot()),
        }

    def too_short(self, net, one):
        pop = net[one]
        case = CASES[type(pop).__name__]
        name = next(iter(case.inputs))
        state = next(iter(case.initial))
        unit = case.swing[name] / case.initial[state]
        net.connect(one, one, weight=unit, variable=state, input=name, delay=0.3 * self.dt * ms)

    OPERATIONS = (*Trial.OPERATIONS, ("late_connection", 1), ("cut", 1))


class RhythmTrial(NetworkTrial):
    """The same for four columns that noise drives and that are connected in one way.

    Most of them have no twin, which takes its time; the two systems are compared bitwise.
    """

    ENDS = (("m2", "m0"), ("m0", "m3"), ("m1", "m0"))

    def build(self):
        rng = self.rng
        self.network, self.synapse, self.dt = True, None, 0.05
        size, pops = rng.choice((1, 7, 9, 17, 17, 70)), {}
        for number in range(4):
            shape = () if size == 1 or rng.random() < 0.2 else (size,)
            pops[f"m{number}"] = population(rng, "JansenRit", "input", shape, "heun", self.dt)
            self.kinds[f"m{number}"] = "input"
            self.log.append(f"m{number} {shape}")
        self.a = nm.Network(pops)
        self.finish_build("heun", "full")
        self.left = list(self.ENDS)
        for _ in self.ENDS:
            self.connect(self.a, synapse=None, delays=True)
        self.b = self.a.copy()
        self.has_twin = rng.random() < 0.1
        self.exact = self.has_twin

    def ends(self, system, synapse):
        if not self.left:
            return super().ends(system, synapse)
        source, target = self.left.pop(0)
        pre, post = (self.members(system)[name].shape for name in (source, target))
        return (None, None) if pre and not post else (source, target)

    def follow(self, rows):
        if self.exact:
            super().follow(rows)
        else:
            self.twin.clock += len(rows)

    def reset(self):
        super().reset()
        self.exact = self.has_twin

    def restore(self):
        super().restore()
        self.exact = self.exact and self.has_twin

    def refused(self):
        return {**super().refused(), "a connection half way": self.half_connected}

    def half_connected(self):
        """A connection that fails when the network has begun to change."""
        core = self.a.__system__()

        def failing(name, wire):
            core.changed()
            raise ValueError("enough")

        core.make_stages = failing
        try:
            given, *_ = self.strength(self.a["m0"], self.a["m1"], None)
            strength = {n: given[n] for n in ("J", "weight") if n in given}
            self.a.connect("m1", "m1", variable=given["variable"], name="half", **strength)
        finally:
            del core.make_stages

    OPERATIONS = (*NetworkTrial.OPERATIONS, ("exchange", 2), ("fail", 2))


def sender(name, variable):
    if variable in OUTPUTS:
        return lambda states: [OUTPUTS[variable](lane) for lane in states[name]]
    return lambda states: [lane[variable] for lane in states[name]]


def gated(send, stage):
    return lambda states: [
        rate * lane["u"] * lane["x"] for rate, lane in zip(send(states), states[stage], strict=True)
    ]
