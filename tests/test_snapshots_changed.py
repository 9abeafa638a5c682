"""Snapshots that were changed since they were taken are refused, and change nothing."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms

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
