"""Delayed coupling comes in blocks, and in two groups where few delays would make all short."""

import copy
import pickle

import network_twin
import numpy as np
import pytest
import twin
from hypothesis import given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass.networks import delays as delayed
from neuromass.units import Hz, ms

DT = 0.05
ETA = np.linspace(-6, -4, 30)


def steps_of(kind, nodes=30):
    """Delays in steps: few short ones among long ones, say."""
    rng = np.random.default_rng(3)
    long = rng.integers(40, 120, (nodes, nodes)).astype(float)
    short = rng.integers(1, 6, (nodes, nodes))
    which = rng.random((nodes, nodes))
    if kind == "long":
        return long
    if kind == "short":
        return short.astype(float)
    if kind == "mostly short":
        return np.where(which < 0.1, long, short)
    return np.where(which < 0.1, short, long)


def strengths(nodes=30, density=1.0):
    rng = np.random.default_rng(5)
    J = rng.normal(size=(nodes, nodes)) * 4 / nodes
    return J * (rng.random((nodes, nodes)) < density)


def nodes_of(steps, J=None, noise=None, **options):
    size = len(steps)
    J = strengths(size) if J is None else J
    pop = nm.QIF(eta=np.resize(ETA, size), initial={"r": 8 * Hz, "v": -2.0}, dt=DT * ms,
                 noise=noise, seed=2)  # fmt: skip
    net = nm.Network({"pop": pop}, **options)
    net.connect("pop", "pop", J=J, delay=steps * DT * ms)
    return net


def naive(steps, J):
    lanes = [
        ({"r": 0.008, "v": -2.0}, {"tau": 10.0, "eta": float(eta), "delta": 1.0, "J": 0.0})
        for eta in np.resize(ETA, len(steps))
    ]
    node = network_twin.Node(twin.qif, lanes)
    rate = lambda states: [each["r"] for each in states["pop"]]
    wire = network_twin.Connection("pop", "I_ext", rate, (10 * J).tolist(), (steps * DT).tolist())
    return network_twin.Network({"pop": node}, [wire], DT)


def groups_of(net):
    return net.__system__().arrays().delays.groups


def dense(group):
    return group["dense_end"] - group["dense_begin"]


def pairs(net, number):
    chunks = net.__system__().arrays().delays.chunks
    return chunks[number, -1] - chunks[number, 0]


def gathered(net):
    groups_of(net)["blocked"] = 0
    return net


def bits(net):
    return net["pop"].raw.r.tobytes(), net["pop"].raw.v.tobytes()


KINDS = ("long", "short", "mostly short", "mostly long")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fraction", [0.0, 0.3], ids=["on the grid", "off the grid"])
@pytest.mark.parametrize("density", [1.0, 0.1], ids=["dense", "sparse"])
def test_groups_and_blocks_are_the_naive_twin(kind, fraction, density):
    steps, J = steps_of(kind) + fraction, strengths(density=density)
    net, plain = nodes_of(steps, J), naive(steps, J)
    nm.run(net, 150 * DT * ms, {"pop": 3.0})
    for _ in range(150):
        plain.step({("pop", "I_ext"): 3.0})
    for name in ("r", "v"):
        expected = [state[name] for state in plain.states()["pop"]]
        np.testing.assert_allclose(getattr(net["pop"].raw, name), expected, rtol=1e-10)


def test_short_delays_have_blocks_of_their_own():
    net = nodes_of(steps_of("mostly long"))
    long, mixed = groups_of(nodes_of(steps_of("long"))), groups_of(net)
    assert long["block"].tolist() == [40]
    short, long = mixed
    assert short["block"] == 1
    assert not short["blocked"]
    assert long["block"] >= 32
    assert pairs(net, 0) == np.sum(steps_of("mostly long") < 40)
    assert dense(long) == 1
    assert len(groups_of(nodes_of(steps_of("short")))) == 1


def test_a_matrix_is_kept_in_the_group_that_holds_most_of_it():
    net = nodes_of(steps_of("mostly long", 60))
    late = np.full((60, 60), 2 * DT) * ms
    net.connect("pop", "pop", J=strengths(60, 0.5), delay=late, name="pop->pop#2")
    short, long = groups_of(net)
    assert dense(short) == 1
    assert dense(long) == 1
    assert pairs(net, 0) == np.sum(steps_of("mostly long", 60) < 40)
    both, alone = nodes_of(steps_of("mostly long", 60)), nodes_of(np.full((60, 60), 2.0))
    for each in (net, both, alone):
        nm.run(each, 3 * DT * ms)
    assert bits(both) != bits(net) != bits(alone)


def test_two_groups_are_one_to_rounding(monkeypatch):
    two = nodes_of(steps_of("mostly long"))
    nm.run(two, 20 * ms)
    monkeypatch.setattr(delayed, "LONG", 1 << 40)
    one = nodes_of(steps_of("mostly long"))
    nm.run(one, 20 * ms)
    assert [len(groups_of(net)) for net in (one, two)] == [1, 2]
    np.testing.assert_allclose(one["pop"].raw.v, two["pop"].raw.v, rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_gathering_adds_the_same_numbers(kind):
    blocked, one_by_one = nodes_of(steps_of(kind)), gathered(nodes_of(steps_of(kind)))
    for net in (blocked, one_by_one):
        nm.run(net, 20 * ms, {"pop": 2.0})
    assert bits(blocked) == bits(one_by_one)


CUTS = st.lists(st.integers(1, 130), min_size=1, max_size=6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(KINDS), cuts=CUTS, nodes=st.sampled_from([3, 5, 6, 30]))
def test_blocks_do_not_show_in_where_a_run_is_cut(kind, cuts, nodes):
    steps, noise = steps_of(kind, nodes) + 0.4, {"v": nm.noise.White(0.2 / ms**0.5)}
    whole, parts = nodes_of(steps, noise=noise), nodes_of(steps, noise=noise)
    nm.run(whole, sum(cuts) * DT * ms)
    for place, cut in enumerate(cuts):
        if place % 3 == 0:
            nm.run(parts, cut * DT * ms)
        elif place % 3 == 1:
            for _ in range(cut):
                parts.update()
            parts = pickle.loads(pickle.dumps(parts))
        else:
            parts.restore(parts.snapshot())
            nm.run(parts, cut * DT * ms)
            parts = copy.deepcopy(parts)
    assert bits(whole) == bits(parts)


def test_a_state_that_is_set_counts_from_then_on():
    """What a block has computed ahead left its source before."""
    for made in (nodes_of(steps_of("mostly long")), nodes_of(steps_of("long"))):
        whole = made.copy()
        for net in (whole, made):
            nm.run(net, 7 * DT * ms)
        saved = pickle.loads(pickle.dumps(made))  # computes its blocks anew
        for net in (made, saved):
            net["pop"].r = 50 * Hz
            nm.run(net, 200 * DT * ms)
        nm.run(whole, 200 * DT * ms)
        assert bits(made) == bits(saved) != bits(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_failed_leaves_no_trace(kind):
    failing, fresh = nodes_of(steps_of(kind)), nodes_of(steps_of(kind))
    for net in (failing, fresh):
        nm.run(net, 5 * ms)
    with pytest.raises(nm.SimulationError):
        nm.run(failing, 20 * ms, {"pop": lambda t: 1e200 if t > 6 * ms else 1.0})
    done = round((failing.t - fresh.t).m_as(ms) / DT)
    for _ in range(done):
        fresh.update({"pop": 1.0})
    assert bits(failing) == bits(fresh)
    failing["pop"].v = fresh["pop"].v = -1.0
    for net in (failing, fresh):
        nm.run(net, 10 * ms)
    assert bits(failing) == bits(fresh)


def test_what_was_never_sent_does_not_count():
    """Whole vectors are computed, whatever lies behind the present."""
    net, fresh = nodes_of(steps_of("long")), nodes_of(steps_of("long"))
    net.__system__().arrays().history[:, net.__system__().arrays().delays.keep :] = np.nan
    for each in (net, fresh):
        nm.run(each, 20 * ms)
    assert bits(net) == bits(fresh)


@pytest.mark.parametrize("kind", ["hold", "linear"])
def test_a_sampled_past_is_needed_as_far_as_the_longest_delay_alone(kind):
    """Its samples end before the start: there the state itself is what is sent."""
    nets, t = [], np.arange(-60, 0) * DT
    for past in (
        nm.signals.Sampled((5 + t) * Hz, dt=DT * ms, start=-3 * ms, kind=kind),
        lambda t: (5 + t.m_as(ms)) * Hz,
    ):
        net = nm.Network({"pop": nm.QIF(dt=DT * ms)}, history={"pop": past})
        net.connect("pop", "pop", J=3.0, delay=3 * ms)
        nm.run(net, 10 * ms)
        nets.append(net["pop"].raw.v)
    assert nets[0] == pytest.approx(nets[1], rel=1e-13)
    short = nm.signals.Sampled((5 + t[1:]) * Hz, dt=DT * ms, start=-2.95 * ms)
    net = nm.Network({"pop": nm.QIF(dt=DT * ms)}, history={"pop": short})
    net.connect("pop", "pop", J=3.0, delay=3 * ms)
    with pytest.raises(ValueError, match=r"history of pop.r: Sampled .* needed at -3 ms"):
        net.update()


def remember_for(net, delay):
    net["pop->pop"].delay = delay
    net.update()


def test_a_past_that_is_too_large_is_refused_with_its_size():
    net = nodes_of(steps_of("long", 6))
    with pytest.raises((MemoryError, ValueError), match="GB"):
        remember_for(net, 4e7 * ms)
