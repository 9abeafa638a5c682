"""Snapshots that were changed since they were taken are refused, and change nothing."""

import dataclasses
import pickle
import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms

BAD = [
    None, True, "x", 3, -1, 1.5, float("nan"), 1j, [], {}, np.zeros(0), np.full(3, np.nan),
    np.zeros((2, 7)), np.zeros((3, 3, 3)), np.array(["a"]), np.array([1j]), np.zeros(3, bool),
    np.zeros(3, int), object(), np.ones((5, 4)) * np.inf, {"r": np.zeros(3)}, {1: 2}, 10**30,
]  # fmt: skip


def population():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms)}
    return nm.QIF(J=15.0, noise=noise, seed=1)


def lanes():
    return nm.QIF(eta=[-5.0, -4.0, -3.0])


def network():
    net = nm.Network({"a": nm.QIF(J=3.0), "b": nm.QIF()})
    net.connect("a", "b", J=2.0, delay=1 * ms, synapse=nm.synapses.Exponential(5 * ms))
    net.connect("b", "a", J=-2.0, delay=0.7 * ms)
    return net


def neurons():
    return nm.spiking.QIFNetwork(50, seed=1, dt=0.01 * ms, J=5.0)


def places(saved, above=()):
    """All entries of a snapshot, and of those in it."""
    for each in dataclasses.fields(saved):
        value, place = getattr(saved, each.name), (*above, each.name)
        yield place
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield (*place, key)
                if type(inner) in (type(saved), nm.populations.snapshot.Snapshot):
                    yield from places(inner, (*place, key))


def forged(saved, place, value):
    name, *rest = place
    if not rest:
        return dataclasses.replace(saved, **{name: value})
    table = dict(getattr(saved, name))
    key, *inner = rest
    table[key] = forged(table[key], inner, value) if inner else value
    return dataclasses.replace(saved, **{name: MappingProxyType(table)})


def bits(system):
    found = system.snapshot()
    members = getattr(found, "members", {"": found})
    return [(n, each.clock, each.state.tobytes()) for n, each in members.items()]


def is_plausible(place, value, saved):
    """What cannot be told from a snapshot of another moment."""
    if place[-1] == "clock" and type(value) is int and value == 3:
        return place == ("clock",) and not hasattr(saved, "members")
    if place in (("histories",), ("pasts",)):
        return isinstance(value, dict) and not value
    if place == ("began",):
        return type(value) is int and value == 3
    plain = isinstance(value, np.ndarray) and value.dtype == float
    if place == ("arrays", "before"):  # unknown before the first step in a network
        return plain and value.shape == (3,) and np.all(np.isnan(value))
    return place == ("arrays", "values") and plain and not value.size


@pytest.mark.parametrize("make", [population, lanes, network, neurons])
def test_what_was_changed_is_refused(make):
    system = make()
    nm.run(system, 2 * ms)
    saved = system.snapshot()
    nm.run(system, 1 * ms)
    before = bits(system)
    count = 0
    for place in places(saved):
        for value in BAD:
            if is_plausible(place, value, saved):
                continue
            with pytest.raises((ValueError, TypeError), match=r"The snapshot (was changed|is) "):
                system.restore(forged(saved, place, value))
            count += 1
    assert count > 200
    assert bits(system) == before
    system.restore(saved)
    after = bits(system)
    other = make()
    nm.run(other, 2 * ms)
    assert bits(other) == after


@pytest.mark.parametrize(
    "change",
    [{"delay": np.nan}, {"delay": -1.0}, {"delay": None}, {"strength": np.nan}, {"strength": "x"},
     {"strength": 1j}, {"strength_measure": 3}],
)  # fmt: skip
def test_connections_that_were_changed(change):
    net = network()
    nm.run(net, 2 * ms)
    saved = net.snapshot()
    wire = dataclasses.replace(saved.wires["b->a"], **change)
    with pytest.raises(ValueError, match=r"its (delay|strength|unit) of b->a is not"):
        net.restore(dataclasses.replace(saved, wires={**saved.wires, "b->a": wire}))
    net.restore(saved)


@pytest.mark.parametrize("noise", [(3,), ((),), ("x",)])
def test_noise_that_was_changed(noise):
    pop = population()
    with pytest.raises(ValueError, match="its noise is not"):
        pop.restore(dataclasses.replace(pop.snapshot(), noise=noise))


# Entries of the right kind that no run can have led to; each with the entry that the message names.


def with_state(saved, row, value):
    state = saved.state.copy()
    state[row] = value
    return dataclasses.replace(saved, state=state)


def with_parameter(saved, name, value):
    table = {**saved.parameters, name: np.asarray(value, dtype=float)}
    return dataclasses.replace(saved, parameters=table)


def with_member(saved, name, change, *given):
    members = {**saved.members, name: change(saved.members[name], *given)}
    return dataclasses.replace(saved, members=members)


def with_entry(saved, table, **changes):
    return dataclasses.replace(saved, **{table: {**getattr(saved, table), **changes}})


def with_history(saved, sender, rows):
    return dataclasses.replace(saved, histories={**saved.histories, sender: rows})


def with_wire(saved, name, **changes):
    return with_entry(saved, "wires", **{name: dataclasses.replace(saved.wires[name], **changes)})


def slower(tau):
    synapse = nm.synapses.Exponential(5 * ms)
    synapse._values["tau"] = tau
    return synapse


def izhikevich():
    return nm.IzhikevichMeanField()


def with_past(saved, name, value):
    return with_entry(saved, "pasts", **{name: nm.signals.Constant(value)})


def with_arrays(saved, name, value):
    arrays = {**saved.arrays, name: np.full_like(saved.arrays[name], value)}
    return dataclasses.replace(saved, arrays=arrays)


replaced = dataclasses.replace
ROWS = np.zeros((1, 20))
FORGED = {
    "tau below zero": (population, lambda s: with_parameter(s, "tau", -1.0), "tau"),
    "delta below zero": (lanes, lambda s: with_parameter(s, "delta", [1.0, -1.0, 1.0]), "delta"),
    "r below zero": (population, lambda s: with_state(s, 0, -0.1), "r"),
    "r below zero in one lane": (lanes, lambda s: with_state(s, (0, 1), -1e-9), "r"),
    "v below a parameter": (izhikevich, lambda s: with_state(s, 1, -1e3), "v"),
    "noise without end": (population, lambda s: with_state(s, 2, np.inf), "noise"),
    "no number, and no failure": (
        lanes, lambda s: with_state(s, (slice(None), 1), np.nan), "states"
    ),
    "a failure, and numbers": (lanes, lambda s: replaced(s, failed=True), "states"),
    "one state of a lane": (
        lanes, lambda s: replaced(with_state(s, (0, 1), np.nan), failed=True), "r"
    ),
    "a late clock": (population, lambda s: replaced(s, clock=1 << 61), "clock"),
    "a clock of floats that are alike": (neurons, lambda s: replaced(s, clock=1 << 53), "clock"),
    "a late clock of a network": (network, lambda s: replaced(s, clock=1 << 61), "clock"),
    "a network that began late": (network, lambda s: replaced(s, began=s.clock + 1), "clock"),
    "tau of a member": (network, lambda s: with_member(s, "a", with_parameter, "tau", -1.0), "tau"),
    "r of a member": (network, lambda s: with_member(s, "b", with_state, 0, -1.0), "r"),
    "tau of a synapse": (
        network, lambda s: with_member(s, "a->b", with_parameter, "tau", -1.0), "tau"
    ),
    "another tau of a synapse": (
        network, lambda s: with_member(s, "a->b", with_parameter, "tau", 7.0), "parameters of a->b"
    ),
    "a synapse": (network, lambda s: with_wire(s, "a->b", synapse=slower(-1.0)), "synapse of a->b"),
    "a pattern": (network, lambda s: with_wire(s, "a->b", pattern=np.nan), "pattern of a->b"),
    "a speed": (network, lambda s: with_wire(s, "a->b", speed=-1.0), "speed of a->b"),
    "sent by nobody": (network, lambda s: with_history(s, ("c", "r"), ROWS), "history of c.r"),
    "sent by no name": (network, lambda s: with_history(s, ("b", "x"), ROWS), "history of b.x"),
    "passed by no gate": (
        network, lambda s: with_history(s, ("a->b", "passed_gain"), ROWS), "history of a->b.passed"
    ),
    "a history below zero": (
        network, lambda s: with_history(s, ("b", "r"), ROWS - 1.0), "history of b.r"
    ),
    "a history without numbers": (
        network, lambda s: with_history(s, ("b", "r"), ROWS * np.nan), "histories"
    ),
    "failed histories": (network, lambda s: replaced(s, failed=True), "histories"),
    "a past of nobody": (network, lambda s: with_past(s, "c.r", 1 * Hz), "history of c.r"),
    "a past of no name": (network, lambda s: with_past(s, "b.x", 1 * Hz), "history of b.x"),
    "a past below zero": (network, lambda s: with_past(s, "b.r", -1 * Hz), "history of b.r"),
    "a past of another unit": (network, lambda s: with_past(s, "b.r", 1 * ms), "history of b.r"),
    "neurons' tau": (neurons, lambda s: with_parameter(s, "tau", -1.0), "tau"),
    "counts below zero": (neurons, lambda s: with_arrays(s, "ring", -1.0), "ring"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_no_run_leads_to_is_refused(name):
    make, forge, entry = FORGED[name]
    system = make()
    saved = system.snapshot()
    wanted = rf"The snapshot was changed since it was taken: its {re.escape(entry)}.* It is not"
    for each in (forge(saved), pickle.loads(pickle.dumps(forge(saved)))):
        before = bits(system)
        with pytest.raises(ValueError, match=wanted):
            system.restore(each)
        assert bits(system) == before
    system.restore(saved)


def test_lanes_that_failed_are_restored():
    pop = nm.QIF(J=15.0, dt=1 * ms, eta=[-5.0, 300.0])
    net = nm.Network({"a": nm.QIF(J=15.0, dt=1 * ms, eta=[-5.0, 300.0]), "b": nm.QIF(dt=1 * ms)})
    net.connect("a", "b", J=np.array([[1.0, 0.0]]), delay=3 * ms)
    for system in (pop, net):
        with pytest.warns(UserWarning, match="failed"):
            nm.run(system, 100 * ms, on_failure="nan")
        saved = pickle.loads(pickle.dumps(system.snapshot()))
        before = bits(system)
        system.reset()
        system.restore(saved)
        assert bits(system) == before


def test_what_was_sent_before_a_connection_was_taken_away_is_restored():
    net = network()
    nm.run(net, 3 * ms)
    net.disconnect("b->a")
    saved = net.snapshot()
    net.restore(saved)
    other = net.copy()
    for each in (net, other):
        each.connect("b", "a", J=-2.0, delay=0.7 * ms)
        nm.run(each, 3 * ms)
    assert bits(net) == bits(other)


def test_a_copy_with_a_step_that_cannot_be_counted():
    pop = nm.QIF()
    nm.run(pop, 10 * ms)
    with pytest.raises(ValueError, match="is too small to count from"):
        pop.copy(dt=1e-16 * ms)
