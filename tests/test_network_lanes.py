"""A lane of a large network is a network of lone lanes, and bystanders do not show, bitwise."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms

DT = 0.05 * ms


def qif(**options):
    return nm.QIF(dt=DT, **options)


def pair_with_delays(bystanders=0, shape=None, **options):
    """Delays so different that short ones have blocks of their own."""
    lanes = {"shape": shape} if shape else {}
    members = {"a": qif(eta=2.0, tau=20 * ms, J=8.0, **lanes), "b": qif(eta=1.0, **lanes)}
    members |= {f"x{i}": qif() for i in range(bystanders)}
    net = nm.Network(members, **options)
    net.connect("a", "b", J=1.1, delay=0.05 * ms)
    for i in range(1, 5):
        net.connect("b", "b", J=-0.7 / i, delay=(20.013 + i) * ms, name=f"b->b#{i}")
    net.connect("a", "b", J=2.3, delay=17.3 * ms, name="a->b#2")
    net.connect("b", "a", J=-3.0)
    return net


def fan(bystanders=0, shape=None, **options):
    """A single lane sends to all lanes of another population, with a delay."""
    lanes = {"shape": shape} if shape else {}
    members = {"c": qif(eta=1.5), "b": qif(eta=2.0, **lanes), "a": qif(eta=1.0, **lanes)}
    members |= {f"x{i}": qif() for i in range(bystanders)}
    net = nm.Network(members, **options)
    for source, J in (("a", 1.3), ("b", -2.7), ("c", 3.1)):
        net.connect(source, "b", J=J, delay=1 * ms)
        net.connect(source, "a", J=J / 3)
    return net


def mixed(bystanders=0, shape=None, **options):
    """Coupling without delay, lane to lane and by a small matrix."""
    lanes = {"shape": shape} if shape else {}
    members = {"a": qif(eta=2.0, **lanes), "b": qif(eta=1.0, **lanes)}
    members |= {f"x{i}": qif() for i in range(bystanders)}
    net = nm.Network(members, **options)
    net.connect("a", "b", J=1.1)
    net.connect("a", "b", J=0.3, synapse=nm.synapses.Exponential(5 * ms), name="slow")
    net.connect("b", "b", J=-0.7 * np.eye(shape or 1))
    net.connect("a", "b", J=-0.37, name="third")
    net.connect("b", "a", J=-3.0)
    return net


def first_lane(net):
    rec = nm.run(net, 40 * ms)["b"]
    return rec.v.magnitude.reshape(len(rec), -1)[:, 0].tobytes()


every_coupling = pytest.mark.parametrize(
    "coupling", ["full", pytest.param("held", marks=pytest.mark.slow)]
)


@every_coupling
@pytest.mark.parametrize("made", [pair_with_delays, fan, mixed])
def test_bystanders_do_not_show(made, coupling):
    alone = first_lane(made(coupling=coupling))
    assert [first_lane(made(n, coupling=coupling)) == alone for n in (1, 4, 70)] == [True] * 3


@every_coupling
@pytest.mark.parametrize("made", [pair_with_delays, fan])
def test_a_lane_among_many_is_a_lone_one(made, coupling):
    alone = first_lane(made(coupling=coupling))
    found = [first_lane(made(shape=n, coupling=coupling)) == alone for n in (2, 5, 6, 64, 65, 130)]
    assert found == [True] * 6


def test_the_delays_have_two_groups():
    for shape in (None, 70):
        assert len(pair_with_delays(shape=shape).__system__().arrays().delays.groups) == 2
