"""Random populations, and random sequences of operations on them, for `test_stateful`.

A `Trial` holds two equal systems, which take the same steps in different ways, and their plain
twin (`network_twin`). All that it draws follows from its seed alone.
"""

import copy
import math
import pickle
import random
from contextlib import suppress
from itertools import pairwise

import network_twin
import numpy as np
from models_registry import MODELS
from samples import bits, everything

import neuromass as nm
from neuromass.units import ms

CASES = {case.name: case for case in MODELS}
ROUNDING = 1e-9
"""Of some tens of steps, in the largest number of a population."""

NOISE = ("quiet", "input", "all")
OUTPUTS = {"eeg": lambda y: y["y1"] - y["y2"]}


class Port:
    """An input of a member: a usual value and how far it swings, with units and without."""

    def __init__(self, case, member, name):
        self.member, self.name = member, name
        self.usual, self.swing = case.inputs[name], case.swing[name]
        self.declared = case.cls.model.inputs[name]

    def value(self, rng, lanes):
        """A value to feed: one for all lanes, or one for each."""
        if lanes and rng.random() < 0.3:
            factors = np.array([rng.uniform(-1, 1) for _ in range(math.prod(lanes))])
            return self.usual + self.swing * factors.reshape(lanes)
        return self.usual + self.swing * rng.uniform(-1, 1)

    def plain(self, value):
        return self.declared.convert(value)


def noise_of(case, kind):
    """The noise of a population, and the same for the twin in internal units."""
    if kind == "quiet":
        return None, {}
    model, name = case.cls.model, next(iter(case.inputs))
    sigma = 0.5 * case.swing[name]
    noise = {name: nm.noise.OrnsteinUhlenbeck(sigma=sigma, tau=3 * ms)}
    plain = {name: (float(model.inputs[name].convert(sigma)), 3.0)}
    if kind == "all":
        for number, (state, value) in enumerate(case.initial.items()):
            sigma = 0.02 * value
            size = float(model.states[state].convert(sigma))
            if number % 2:
                noise[state] = nm.noise.OrnsteinUhlenbeck(sigma=abs(sigma) / ms, tau=5 * ms)
                plain[state] = abs(size), 5.0
            else:
                noise[state] = nm.noise.White(abs(sigma) / ms**0.5)
                plain[state] = abs(size), None
    return noise, plain


def population(rng, name, kind, shape, method, dt):
    """A population with values that differ from lane to lane."""
    case = CASES[name]
    noise, _ = noise_of(case, kind)
    keywords = dict(case.keywords)
    varied = next(iter(keywords), None)
    if shape and varied and rng.random() < 0.7:
        keywords[varied] = keywords[varied] * np.linspace(0.95, 1.05, math.prod(shape)).reshape(
            shape
        )
    initial = {state: value * rng.uniform(0.9, 1.0) for state, value in case.initial.items()}
    lane = rng.choice((0, 0, 5))
    return case.cls(
        **keywords, initial=initial, shape=shape or None, noise=noise, seed=rng.randrange(2**40),
        lane=lane, method=method, dt=dt * ms,
    )  # fmt: skip


def node(pop, kind):
    """The twin of a population."""
    case, model = CASES[type(pop).__name__], type(pop).model
    lanes = math.prod(pop.shape)
    spread = lambda name: np.broadcast_to(getattr(pop.raw, name), pop.shape).reshape(-1).tolist()
    states = {name: spread(name) for name in model.states}
    parameters = {name: spread(name) for name in model.parameters}
    take = lambda table, lane: {name: values[lane] for name, values in table.items()}
    lower = {name: each.floor or each.lower for name, each in model.states.items()}
    return network_twin.Node(
        type(pop).derivatives,
        [(take(states, lane), take(parameters, lane)) for lane in range(lanes)],
        noise_of(case, kind)[1],
        pop.seed,
        tuple(model.inputs),
        pop.lane,
        {name: low for name, low in lower.items() if low is not None},
    )


class Trial:
    """Two equal systems and their twin; `log` says what was done."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.log = []
        self.saved = []
        self.network = False
        self.kinds = {}
        self.build()
        self.start = copy.deepcopy(self.twin)
        self.check("made")

    # ------------------------------------------------------------------ what differs

    def build(self):
        rng = self.rng
        name, kind = rng.choice(list(CASES)), rng.choice(NOISE)
        self.dt = float(CASES[name].dt.magnitude) / rng.choice((1, 2, 4))
        shape = rng.choice(((), (), (1,), (3,), (2, 3), (9,), (70,)))
        method = rng.choice(("heun", "euler"))
        self.a = population(rng, name, kind, shape, method, self.dt)
        self.log.append(f"{name} {kind} {shape} {method} dt={self.dt}")
        self.b = self.a.copy()
        self.kinds = {"": kind}
        self.finish_build(method, "full")

    def finish_build(self, method, coupling):
        nodes = {name: node(pop, self.kinds[name]) for name, pop in self.members(self.a).items()}
        self.twin = network_twin.Network(nodes, [], self.dt, method, coupling == "held")
        self.exact = True
        self.ports = [
            Port(CASES[type(pop).__name__], name, each)
            for name, pop in self.members(self.a).items()
            for each in CASES[type(pop).__name__].inputs
        ]

    def members(self, system):
        return {"": system}

    def fed(self, values):
        """Inputs by port as the system takes them; the usual value is not the default."""
        return {port.name: value for port, value in values.items()}

    def take(self, system, values, plain):
        """One step with some values."""
        if plain:
            system.advance(**self.fed({port: port.plain(v) for port, v in values.items()}))
        else:
            system.update(**self.fed(values))

    def state_of(self, system):
        return everything(system)

    def moments(self, recording):
        return bits(recording)

    # ------------------------------------------------------------------ comparing

    def check(self, what):
        """Both systems are the same to the last bit, and the twin to rounding."""
        first, second = self.state_of(self.a), self.state_of(self.b)
        assert first == second, f"{what}: two ways part. {self.told()}"
        if not self.exact:
            return
        for name, pop in self.members(self.a).items():
            plain = self.twin.nodes[name]
            for lane, state in enumerate(plain.states):
                for each in state:
                    row = np.broadcast_to(getattr(pop.raw, each), pop.shape).reshape(-1)
                    value, expected = float(row[lane]), state[each]
                    scale = max(1e-3, abs(expected), *(abs(x) for x in state.values()))
                    assert abs(value - expected) <= ROUNDING * scale, (
                        f"{what}: {name}.{each}[{lane}] is {value}, the twin has {expected}. "
                        f"{self.told()}"
                    )
                    state[each] = value

    def told(self):
        return "What was done:\n  " + "\n  ".join(self.log)

    # ------------------------------------------------------------------ stepping

    def steps(self, count):
        """Values for some steps: each input for all of them, held or changing."""
        rng, rows = self.rng, []
        held = {port: self.shaped(port) for port in self.ports}
        moving = {port for port in self.ports if rng.random() < 0.6}
        for _ in range(count):
            row = {p: self.shaped(p) if p in moving else v for p, v in held.items()}
            rows.append(row)
        return rows

    def shaped(self, port):
        return port.value(self.rng, self.members(self.a)[port.member].shape)

    def inputs_of(self, rows):
        """The values of all steps as arrays, one row for each."""
        found = {}
        for port in self.ports:
            shape = self.members(self.a)[port.member].shape
            unit = getattr(port.usual, "units", 1.0)
            plain = [np.broadcast_to(getattr(r[port], "magnitude", r[port]), shape) for r in rows]
            found[port] = np.array(plain) * unit
        return self.fed(found)

    def walk(self, system, rows, way):
        """Take some steps in one way; returns what was recorded, if all steps were."""
        if way in ("update", "advance"):
            for row in rows:
                self.take(system, row, way == "advance")
            return None
        if way == "by hand":
            with nm.record(system) as rec:
                for number, row in enumerate(rows):
                    self.take(system, row, number % 2)
            return self.moments(rec)
        if way == "pieces":
            cut = len(rows) // 2
            for part in (rows[:cut], rows[cut:]):
                if part:
                    nm.run(system, len(part) * self.dt * ms, inputs=self.inputs_of(part))
            return None
        return self.moments(nm.run(system, len(rows) * self.dt * ms, inputs=self.inputs_of(rows)))

    def go(self):
        """Some steps in two ways, and by the twin."""
        count = self.rng.choice((1, 2, 3, 7, 16, 31))
        rows = self.steps(count)
        ways = [self.rng.choice(("update", "advance", "by hand", "pieces", "run")) for _ in "ab"]
        self.log.append(f"{count} steps by {ways[0]} and by {ways[1]}")
        recorded, failed = [], []
        for system, way in zip((self.a, self.b), ways, strict=True):
            try:
                recorded.append(self.walk(system, rows, way))
            except nm.SimulationError as error:
                failed.append(str(error))
        if failed:
            self.log.append("which failed")
            assert len(set(failed)) == 1, f"two ways fail differently: {failed}. {self.told()}"
            assert len(failed) == 2, f"one way fails: {failed}. {self.told()}"
            taken = self.clock(self.a) - self.twin.clock
            self.follow(rows[:taken])
            self.check("failing")
            self.reset()
            return
        if None not in recorded:
            assert recorded[0] == recorded[1], f"two recordings part. {self.told()}"
        self.follow(rows)
        self.check("stepping")

    def signals(self):
        """A run under signals, and the same in pieces; the twin does not know them."""
        rng, count = self.rng, self.rng.choice((2, 9, 40, 41))
        given = self.fed({port: self.signal(port, count) for port in self.ports})
        cuts = sorted({0, count, *(rng.randrange(count + 1) for _ in range(3))})
        self.log.append(f"{count} steps under {given}, cut at {cuts}")
        said = []
        for system, edges in ((self.a, (0, count)), (self.b, cuts)):
            try:
                for start, stop in pairwise(edges):
                    nm.run(system, (stop - start) * self.dt * ms, inputs=given)
            except nm.SimulationError as error:
                said.append(str(error))
        assert len(set(said)) == min(len(said), 1), f"two ways fail differently. {self.told()}"
        assert self.state_of(self.a) == self.state_of(self.b), f"two ways part. {self.told()}"
        self.exact = False
        self.twin.clock = self.clock(self.a)
        if said:
            self.reset()

    def signal(self, port, count):
        """A random signal about the usual value of an input."""
        rng, usual, swing = self.rng, port.usual, port.swing
        now, length = self.twin.clock * self.dt, count * self.dt
        when = lambda: (now + rng.uniform(-0.2, 0.9) * length) * ms
        wave = nm.signals.Sine(swing, period=rng.uniform(0.3, 9) * length * ms, offset=usual)
        start = when()
        return rng.choice((
            wave,
            nm.signals.Step(usual + swing, start=start, base=usual) + 0.1 * wave,
            nm.signals.Ramp(usual, usual + swing, start=start, stop=start + length * ms),
            nm.signals.Pulses(
                swing, width=0.7 * self.dt * ms, period=5.3 * self.dt * ms, start=start
            ) + nm.signals.Constant(usual),
            lambda t: usual + 0.1 * swing * math.sin(t.m_as(ms)),
        ))  # fmt: skip

    def follow(self, rows):
        if not self.exact:
            self.twin.clock += len(rows)
            return
        for row in rows:
            given = {
                (port.member, port.name): np.broadcast_to(
                    port.plain(value), self.members(self.a)[port.member].shape
                ).reshape(-1).tolist()
                for port, value in row.items()
            }  # fmt: skip
            self.twin.step(given)

    def clock(self, system):
        return round(system.t.magnitude / self.dt)

    def blow_up(self):
        """A run that diverges, if it does; both stand at the last good step, and go back."""
        rows = self.steps(self.rng.choice((5, 40)))
        at = self.rng.randrange(len(rows))
        port = self.rng.choice(self.ports)
        rows[at] = {**rows[at], port: 1e150 * port.usual}
        way = self.rng.choice(("update", "pieces", "by hand"))
        self.log.append(
            f"blow up {port.member}.{port.name} at {at} of {len(rows)} by run and {way}"
        )
        before = [each.snapshot() for each in (self.a, self.b)]
        said = []
        for system, how in ((self.a, "run"), (self.b, way)):
            try:
                self.walk(system, rows, how)
            except nm.SimulationError as error:
                said.append(str(error))
        assert len(said) in (0, 2), f"only one way fails: {said}. {self.told()}"
        assert len(set(said)) <= 1, f"two ways fail differently: {said}. {self.told()}"
        assert self.state_of(self.a) == self.state_of(self.b), f"failed ways part. {self.told()}"
        for system, saved in zip((self.a, self.b), before, strict=True):
            system.restore(saved)
        self.check("after a failure")

    def interrupt(self):
        """A function that fails in the middle of a run of one; the other takes as many steps."""
        port = self.rng.choice(self.ports)
        rows, at = self.steps(8), self.rng.randrange(8)
        start, unit = self.twin.clock, port.usual
        held = {p: rows[0][p] for p in self.ports}
        asked = []

        def input_of_time(t):
            if np.max(t.magnitude) > (start + at) * self.dt:
                raise ZeroDivisionError("enough")
            asked.append(t)
            return unit

        self.log.append(f"a function fails at {at} of 8")
        given = self.fed(
            {**{p: nm.signals.Constant(v) for p, v in held.items()}, port: input_of_time}
        )
        with suppress(ZeroDivisionError):
            nm.run(self.a, 8 * self.dt * ms, inputs=given)
        taken = self.clock(self.a) - start
        rows = [{**held, port: unit}] * taken
        for row in rows:
            self.take(self.b, row, False)
        self.follow(rows)
        self.check("after an interruption")

    # ------------------------------------------------------------------ all else

    def set_parameter(self):
        rng = self.rng
        name = rng.choice(list(self.members(self.a)))
        pops = [self.members(each)[name] for each in (self.a, self.b)]
        case = CASES[type(pops[0]).__name__]
        known = list(case.keywords) or [n for n in type(pops[0]).model.parameters if n[0] in "aAC"]
        which = rng.choice(known)
        factor = rng.uniform(0.97, 1.03)
        value = getattr(pops[0], which) * factor
        self.log.append(f"set {name}.{which} times {factor!r}")
        setattr(pops[0], which, value)
        pops[1].set(**{which: value})
        self.learn(name, pops[0], which)

    def learn(self, name, pop, which):
        """Tell the twin a parameter or state of a member."""
        plain = self.twin.nodes[name]
        row = np.broadcast_to(getattr(pop.raw, which), pop.shape).reshape(-1).tolist()
        for lane, value in enumerate(row):
            table = plain.states if which in plain.states[lane] else plain.parameters
            table[lane][which] = value
        self.rewire()

    def rewire(self):
        """Weights of the twin may follow a parameter."""

    def set_state(self):
        rng = self.rng
        name = rng.choice(list(self.members(self.a)))
        pops = [self.members(each)[name] for each in (self.a, self.b)]
        which = rng.choice(list(CASES[type(pops[0]).__name__].initial))
        shape = pops[0].shape
        value = getattr(pops[0], which) * rng.uniform(0.97, 1.03)
        self.log.append(f"set {name}.{which}")
        if shape and rng.random() < 0.5:
            at = tuple(rng.randrange(n) for n in shape)
            for pop in pops:
                pop.set(at=at, **{which: value[at]})
        else:
            setattr(pops[0], which, value)
            pops[1].set(**{which: value})
        self.learn(name, pops[0], which)
        self.check("setting a state")

    def exchange(self):
        """One of the two is replaced by a copy of one of the two."""
        source = self.rng.choice("ab")
        system = getattr(self, source)
        way, make = self.rng.choice((
            ("copy", system.copy),
            ("copy.copy", lambda: copy.copy(system)),
            ("deepcopy", lambda: copy.deepcopy(system)),
            ("pickle", lambda: pickle.loads(pickle.dumps(system))),
        ))  # fmt: skip
        target = self.rng.choice("ab")
        self.log.append(f"{target} is a {way} of {source}")
        setattr(self, target, make())
        self.check(way)

    def save(self):
        self.log.append("snapshot")
        one = self.rng.choice((self.a, self.b)).snapshot()
        self.saved.append((one, copy.deepcopy(self.twin), self.exact))

    def restore(self):
        if not self.saved:
            return
        one, plain, exact = self.rng.choice(self.saved)
        self.log.append("restore")
        self.a.restore(one)
        self.b.restore(pickle.loads(pickle.dumps(one)))
        self.twin, self.exact = copy.deepcopy(plain), exact
        self.check("restoring")

    def reset(self):
        self.log.append("reset")
        for each in (self.a, self.b):
            each.reset()
        fresh = copy.deepcopy(self.start)
        for name, each in fresh.nodes.items():
            each.parameters = self.twin.nodes[name].parameters
        fresh.connections = self.twin.connections
        for each in fresh.connections:
            each.sent = []
        self.twin, self.exact = fresh, True
        self.rewire()
        self.check("reset")

    def fail(self):
        """Something that is refused; nothing changes."""
        before = self.state_of(self.a)
        name, refused = self.rng.choice(list(self.refused().items()))
        self.log.append(f"refused: {name}")
        try:
            refused()
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RuntimeError):
            pass
        else:
            raise AssertionError(f"{name} was not refused. {self.told()}")
        assert self.state_of(self.a) == before, f"{name} changed something. {self.told()}"

    def refused(self):
        pop = next(iter(self.members(self.a).values()))
        state = next(iter(type(pop).model.states))
        parameter = next(iter(type(pop).model.parameters))
        both = {parameter: getattr(pop, parameter) * 1.5, state: math.nan}
        return {
            "a name": lambda: pop.set(nonsense=1.0),
            "nan": lambda: setattr(pop, state, math.nan * getattr(pop, state)),
            "half": lambda: pop.set(**both),
            "unit": lambda: setattr(pop, parameter, 3 * ms**7),
            "shape": lambda: setattr(pop, state, np.ones(1234) * getattr(pop, state).units),
            "duration": lambda: nm.run(self.a, 1.5 * self.dt * ms),
            "input": lambda: nm.run(self.a, self.dt * ms, inputs={"nonsense": 1.0}),
            "value": lambda: nm.run(
                self.a, self.dt * ms, inputs=self.fed({self.ports[0]: math.nan})
            ),
            "record": lambda: nm.run(self.a, self.dt * ms, record=("nonsense",)),
            "copy": lambda: self.a.copy(nonsense=3),
            "restore": lambda: self.a.restore(None),
        }

    OPERATIONS = (
        ("go", 7), ("signals", 2), ("exchange", 3), ("save", 1), ("restore", 1), ("reset", 1),
        ("fail", 2),
        ("set_parameter", 1), ("set_state", 1), ("blow_up", 1), ("interrupt", 1),
    )  # fmt: skip

    def run(self, count):
        names, weights = zip(*self.OPERATIONS, strict=True)
        for _ in range(count):
            getattr(self, self.rng.choices(names, weights)[0])()
        self.go()
