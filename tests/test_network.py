"""Networks: all ways to step agree to the last bit, with each other, with a hand-written loop,
with lone populations, and to rounding with a naive network in plain Python."""

import math
import pickle
from itertools import pairwise

import network_twin
import numpy as np
import pytest
import twin
from hypothesis import given, settings
from hypothesis import strategies as st
from network_samples import (
    COUPLED,
    DT,
    EVERYTHING,
    KICKED,
    delays,
    drive,
    excited_inhibited,
    matrix,
    qif,
    quiet,
    state_of,
    traces,
    zoo,
)
from samples import NOISE, bits, everything

import neuromass as nm
from neuromass.units import Hz, ms

every_noise = pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
every_method = pytest.mark.parametrize("method", ["euler", "heun"])


# ------------------------------------------------------------- a network of one


@every_noise
@every_method
def test_a_network_of_one_is_its_population(noise, method):
    alone, member = qif(noise, method=method), qif(noise, method=method)
    net = nm.Network({"pop": member})
    options = {"record": ("r", "v", "I_ext")}
    rec = nm.run(alone, 7 * ms, inputs=drive, **options)
    other = nm.run(net, 7 * ms, inputs={"pop": drive}, record={"pop": options["record"]})
    assert bits(other["pop"]) == bits(rec)
    assert everything(member)[1:] == everything(alone)[1:]
    assert member.t == alone.t


@pytest.mark.parametrize("lanes", [1, 2, 9, 64, 65, 130, (2, 3)])
def test_so_it_is_with_lanes(lanes):
    size = int(np.prod(lanes))
    eta = np.linspace(-6, -4, size).reshape(lanes)
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(np.linspace(1, 2, size).reshape(lanes), 3 * ms)}
    alone, net = qif(noise, eta=eta), nm.Network({"pop": qif(noise, eta=eta)})
    options = {"record": ("r", "v", "I_ext"), "every": 5, "average": True}
    rec = nm.run(alone, 7 * ms, inputs=drive, **options)
    options["record"] = {"pop": options["record"]}
    assert bits(nm.run(net, 7 * ms, inputs={"pop": drive}, **options)["pop"]) == bits(rec)


def test_members_that_are_not_connected_are_lone_populations():
    """Members of one kind share arrays; their lanes lie across the borders of tiles."""
    sizes = {"a": 50, "b": 1, "c": 30, "d": 70}
    noise = {"v": KICKED, "I_ext": COUPLED}
    make = lambda i, n: qif(noise, eta=np.linspace(-6, -4, n), seed=i)
    net = nm.Network({name: make(i, n) for i, (name, n) in enumerate(sizes.items())})
    recs = nm.run(net, 5 * ms, inputs=dict.fromkeys(sizes, drive))
    for i, (name, n) in enumerate(sizes.items()):
        assert bits(recs[name]) == bits(nm.run(make(i, n), 5 * ms, inputs=drive))


def test_lanes_of_a_network_are_networks():
    """Seventy E-I pairs side by side, in strips; each is the pair with links."""
    eta, J = np.linspace(-6, -4, 70), np.linspace(5, 15, 70)
    exc, inh = qif(tau=20 * ms, eta=eta), qif(J=0.0, shape=70)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=J)
    net.connect("inh", "exc", J=-J, delay=1 * ms)
    net.connect("inh", "exc", J=-1.0, name="fast")
    nm.run(net, 10 * ms, inputs={"exc": 10.0})
    for i in (0, 33, 63, 64, 69):
        one = nm.Network({"exc": qif(tau=20 * ms, eta=eta[i]), "inh": qif(J=0.0)})
        one.connect("exc", "inh", J=J[i])
        one.connect("inh", "exc", J=-J[i], delay=1 * ms)
        one.connect("inh", "exc", J=-1.0, name="fast")
        nm.run(one, 10 * ms, inputs={"exc": 10.0})
        for name in ("exc", "inh"):
            assert one[name].raw.r == net[name].raw.r[i]
            assert one[name].raw.v == net[name].raw.v[i]


# ------------------------------------------------------------------ other loops


@every_method
def test_held_coupling_is_the_hand_written_loop(method):
    net = excited_inhibited(method, coupling="held")
    exc, inh = (each.copy() for each in (net["exc"], net["inh"]))
    tau_exc, tau_inh = exc.raw.tau, inh.raw.tau
    for _ in range(300):
        r_exc, r_inh = exc.raw.r, inh.raw.r
        exc.advance(10.0 + -10.0 * tau_exc * r_inh)
        inh.advance(10.0 * tau_inh * r_exc)
        net.advance({"exc": 10.0})
    for name, lone in (("exc", exc), ("inh", inh)):
        assert (net[name].raw.r, net[name].raw.v) == (lone.raw.r, lone.raw.v)
    assert exc.raw.r != pytest.approx(0.008)


def test_held_coupling_is_the_loop_with_units_to_rounding():
    net = excited_inhibited(coupling="held")
    exc, inh = (each.copy() for each in (net["exc"], net["inh"]))
    for _ in range(200):
        r_exc, r_inh = exc.r, inh.r
        exc.update(10.0 - 10 * exc.tau * r_inh)
        inh.update(10 * inh.tau * r_exc)
        rates = net.update({"exc": 10.0})
    assert rates["exc"].magnitude == pytest.approx(exc.r.magnitude, rel=1e-10)
    assert rates["inh"].units == Hz


@pytest.mark.parametrize("make", [excited_inhibited, zoo], ids=["E-I", "everything"])
@every_method
def test_a_run_is_its_chunks_and_a_loop_of_updates(make, method):
    options = {**EVERYTHING} if make is zoo else {"inputs": {"exc": drive}}
    nets = [quiet(make, method) for _ in range(3)]
    whole = nm.run(nets[0], 10 * ms, **options)
    cuts = [0, 1, 7, 8, 61, 140, 200]
    parts = [nm.run(nets[1], (b - a) * DT * ms, **options) for a, b in pairwise(cuts)]
    for label, rec in whole.items():
        assert bits(nm.concatenate([part[label] for part in parts])) == bits(rec)
    for k in range(200):
        held = {"exc": float(drive((k + 0.5) * DT * ms))}
        nets[2].update(held | ({"inh": 1.5} if make is zoo else {}))
    assert state_of(nets[0]) == state_of(nets[1]) == state_of(nets[2])


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(1, 399), max_size=8, unique=True))
def test_a_run_with_everything_in_it_is_any_chunks(cuts):
    whole, parts = quiet(zoo), quiet(zoo)
    nm.run(whole, 400 * DT * ms, inputs={"exc": drive})
    for a, b in pairwise([0, *sorted(cuts), 400]):
        nm.run(parts, (b - a) * DT * ms, inputs={"exc": drive})
    assert state_of(whole) == state_of(parts)


@pytest.mark.parametrize("average", [False, True])
def test_samples_of_chunks_are_those_of_the_run(average):
    options = {**EVERYTHING, "every": 5, "average": average}
    whole, parts = quiet(zoo), quiet(zoo)
    rec = nm.run(whole, 10 * ms, **options)
    cut = [nm.run(parts, length * ms, **options) for length in (1, 2.5, 0.5, 6)]
    for label, each in rec.items():
        assert bits(nm.concatenate([part[label] for part in cut])) == bits(each)


def test_a_network_that_is_stepped_by_hand_can_be_recorded():
    by_hand, ran = excited_inhibited(), excited_inhibited()
    with nm.record(by_hand, names={"exc": ("r", "I_ext"), "inh": "v"}) as rec:
        for _ in range(50):
            by_hand.update({"exc": 3.0})
        assert len(rec["exc"]) == 51
        live = pickle.loads(pickle.dumps(rec))
        by_hand.update({"exc": 3.0})
    whole = nm.run(ran, 51 * DT * ms, {"exc": 3.0}, record={"exc": ("r", "I_ext"), "inh": "v"})
    assert traces(rec) == traces(whole)
    assert len(live["inh"]) == 51
    by_hand.update()
    assert len(rec["inh"]) == 52


# ----------------------------------------------------------------- the naive twin


def naive_zoo(method, noise):
    tau, start = 10.0, {"r": 0.008, "v": -2.0}
    own = {"tau": tau, "delta": 1.0}
    exc = network_twin.Node(
        twin.qif, [(start, {**own, "eta": eta, "J": 5.0}) for eta in (-6.0, -5.0, -4.0)],
        {"I_ext": (1.5, 3.0), "v": (0.3, None)} if noise else None, seed=3,
    )  # fmt: skip
    inh = network_twin.Node(
        twin.qif, [(start, {**own, "eta": -5.0, "J": 0.0})], {"v": (0.3, None)} if noise else None,
        seed=4,
    )  # fmt: skip
    rise = [network_twin.Node(network_twin.filtered, [({"s": 0.0}, {"tau": 2.0})], inputs=("x",))
            for _ in range(2)]  # fmt: skip
    gate = network_twin.Node(
        network_twin.plastic,
        [({"x": 1.0, "u": 0.2}, {"tau_d": 200.0, "tau_f": 1500.0, "U0": 0.2})] * 3,
        inputs=("rate",),
    )
    nodes = {"exc": exc, "inh": inh, "rise": rise[0], "fall": rise[1], "gate": gate}
    rate = lambda node: lambda states: [each["r"] for each in states[node]]
    level = lambda node: lambda states: [each["s"] for each in states[node]]
    passed = lambda states: [
        g["u"] * g["x"] * e["r"] for g, e in zip(states["gate"], states["exc"], strict=True)
    ]
    diagonal = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    connections = [
        network_twin.Connection("inh", "I_ext", rate("exc"), (tau * matrix(1, 3)).tolist(),
                                [[0.53] * 3]),
        network_twin.Connection("rise", "x", rate("inh"), [[1.0]]),
        network_twin.Connection("fall", "x", level("rise"), [[1.0]]),
        network_twin.Connection("exc", "I_ext", level("fall"), [[-60.0]] * 3),
        network_twin.Connection("gate", "rate", rate("exc"), diagonal),
        network_twin.Connection("exc", "I_ext", passed, (10 * matrix(3, 3)).tolist(),
                                delays(3, 3, 0.2, 1).tolist()),
        network_twin.Connection("exc", "I_ext", lambda states: [e["v"] for e in states["exc"]],
                                [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    ]  # fmt: skip
    return network_twin.Network(nodes, connections, DT, method)


@pytest.mark.parametrize("noise", [False, True], ids=["quiet", "noisy"])
@every_method
def test_a_network_is_its_naive_twin(method, noise):
    net, naive = quiet(zoo, method, noise), naive_zoo(method, noise)
    for k in range(150):
        given = 3.0 + math.sin(k)
        net.update({"exc": given, "inh": 1.5})
        naive.step({("exc", "I_ext"): given, ("inh", "I_ext"): 1.5})
    states = naive.states()
    for name in ("exc", "inh"):
        for each in ("r", "v"):
            found = np.ravel(getattr(net[name].raw, each))
            np.testing.assert_allclose(found, [s[each] for s in states[name]], rtol=1e-10)
    gate = net["exc->exc"]
    np.testing.assert_allclose(gate.u.magnitude, [s["u"] for s in states["gate"]], rtol=1e-11)
    assert net["inh->exc"].s.to("1/ms").magnitude == pytest.approx(states["fall"][0]["s"])


@pytest.mark.parametrize("held", [False, True])
def test_held_coupling_of_the_twin(held):
    net = excited_inhibited(coupling="held" if held else "full")
    net.connect("inh", "inh", J=-3.0, delay=0.13 * ms)
    own = {"delta": 1.0}
    nodes = {
        "exc": network_twin.Node(
            twin.qif, [({"r": 0.008, "v": -2.0}, {**own, "tau": 20.0, "eta": -5.0, "J": 5.0})]
        ),
        "inh": network_twin.Node(
            twin.qif, [({"r": 0.008, "v": -2.0}, {**own, "tau": 10.0, "eta": -4.0, "J": 0.0})]
        ),
    }
    rate = lambda node: lambda states: [states[node][0]["r"]]
    naive = network_twin.Network(nodes, [
        network_twin.Connection("inh", "I_ext", rate("exc"), [[100.0]]),
        network_twin.Connection("exc", "I_ext", rate("inh"), [[-200.0]]),
        network_twin.Connection("inh", "I_ext", rate("inh"), [[-30.0]], [[0.13]]),
    ], DT, held=held)  # fmt: skip
    for _ in range(300):
        net.update({"exc": 10.0})
        naive.step({("exc", "I_ext"): 10.0})
    for name in nodes:
        assert net[name].raw.r == pytest.approx(naive.states()[name][0]["r"], rel=1e-10)
