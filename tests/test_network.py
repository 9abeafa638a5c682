"""Networks: all ways to step agree to the last bit, with each other, with a hand-written loop,
with lone populations, and to rounding with a naive network in plain Python."""

import copy
import math
import pickle
import threading
from itertools import pairwise

import network_twin
import numpy as np
import pytest
import twin
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOISE, Relay, bits, everything

import neuromass as nm
from neuromass.kernels.kinds import BLOCKED
from neuromass.networks import delays as delayed
from neuromass.units import Hz, ms, mV, pA

DT = 0.05
START = {"r": 8 * Hz, "v": -2.0}
COUPLED = nm.noise.OrnsteinUhlenbeck(sigma=1.5, tau=3 * ms)
KICKED = nm.noise.White(0.3 / ms**0.5)

MODELS = (
    "QIFAdaptation", "QIFAlphaAdaptation", "QIFDepression", "QIFTsodyksMarkram", "QIFSynaptic",
    "QIFGapJunction", "QIFConductance", "IzhikevichMeanField", "WilsonCowan", "JansenRit",
)  # fmt: skip

every_noise = pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
every_method = pytest.mark.parametrize("method", ["euler", "heun"])


def qif(noise=None, **changes):
    options = {"J": 5.0, "initial": START, "seed": 11, "dt": DT * ms}
    return nm.QIF(noise=noise, **{**options, **changes})


def pair(method="heun", **options):
    exc, inh = qif(tau=20 * ms, method=method), qif(J=0.0, eta=-4.0, method=method)
    return nm.Network({"exc": exc, "inh": inh}, **options)


def excited_inhibited(method="heun", **options):
    net = pair(method, **options)
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


def matrix(targets, sources, seed=0, scale=2.0):
    return scale * np.random.default_rng(seed).normal(size=(targets, sources)) / sources


def delays(targets, sources, low, high, seed=1):
    steps = np.random.default_rng(seed).integers(
        round(low / DT), round(high / DT) + 1, (targets, sources)
    )
    return steps * DT


def zoo(method="heun", noise=True, seed=3):
    """All at once: lanes, noise, synapses, gates, matrices, delays on and off the grid."""
    exc = qif({"I_ext": COUPLED, "v": KICKED} if noise else None, eta=np.linspace(-6, -4, 3),
              seed=seed, method=method)  # fmt: skip
    inh = qif({"v": KICKED} if noise else None, J=0.0, seed=seed + 1, method=method)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=matrix(1, 3), delay=0.53 * ms)
    net.connect("inh", "exc", J=-6.0, synapse=nm.synapses.Alpha(2 * ms))
    net.connect("exc", "exc", weight=matrix(3, 3) * 10 * ms, delay=delays(3, 3, 0.2, 1) * ms,
                synapse=nm.synapses.TsodyksMarkram())  # fmt: skip
    net.connect("exc", "exc", weight=[0.5, 0.0, 1.0], variable="v")
    return net


def quiet(make, *given, **options):
    """Make a network whose members have a recurrent coupling of their own."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*has a recurrent coupling of its own")
        return make(*given, **options)


def state_of(net):
    """All that a network holds, as bytes."""
    saved = net.snapshot()
    members = {name: (each.state.tobytes(), each.clock) for name, each in saved.members.items()}
    return saved.clock, members, {k: v.tobytes() for k, v in saved.histories.items()}


def traces(rec):
    return {label: bits(each) for label, each in rec.items()}


def drive(t):
    return 3.0 + np.sin(t.magnitude)


EVERYTHING = {"inputs": {"exc": drive, "inh": 1.5},
              "record": {"exc": ("r", "v", "I_ext"), "inh": ("v", "I_ext"), "inh->exc": "s",
                         "exc->exc": ("x", "u", "gain", "rate")}}  # fmt: skip


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


# --------------------------------------------- blocked and gathered, sparse and dense


def scattered(J, delay, targets=24, sources=16, **options):
    one, other = qif(eta=np.linspace(-6, -4, sources)), qif(J=0.0, shape=targets)
    net = nm.Network({"one": one, "other": other}, **options)
    net.connect("one", "other", J=J, delay=delay)
    net.connect("other", "one", J=matrix(sources, targets, 5), delay=0.61 * ms)
    return net


DELAYS = {
    "one": 1.0,
    "one off the grid": 1.013,
    "on the grid": delays(24, 16, 0.4, 2.0),
    "off the grid": delays(24, 16, 0.4, 2.0) + 0.017,
    "beyond a block": delays(24, 16, 14.0, 15.0),
    "some none": delays(24, 16, 0.4, 2.0) * (np.arange(16) % 5 > 0),
}


@pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)
@pytest.mark.parametrize("density", [1.0, 0.5, 0.1])
def test_blocks_and_gathering_and_sparse_and_dense_agree(delay, density, monkeypatch):
    from scipy import sparse

    J = matrix(24, 16, 7) * (np.random.default_rng(2).random((24, 16)) < density)
    run = lambda net: nm.run(net, 20 * ms, inputs={"one": 3.0})
    blocked = scattered(J, delay * ms)
    rec = traces(run(blocked))
    tiers = blocked.__system__().assembled().delays.tiers
    assert np.all(tiers[:, BLOCKED])
    gathered = scattered(J, delay * ms)
    gathered.__system__().assembled().delays.tiers[:, BLOCKED] = 0
    assert traces(run(gathered)) == rec
    for threshold in (0.0, 2.0):
        monkeypatch.setattr(delayed, "DENSE_FROM", threshold)
        for made in (J, sparse.csr_array(J), sparse.coo_matrix(J)):
            other = scattered(made, delay * ms)
            run(other)
            for name in ("one", "other"):
                for state in ("r", "v"):
                    expected = getattr(blocked[name].raw, state)
                    found = getattr(other[name].raw, state)
                    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_coupling_without_delay_is_the_same_in_all_forms(monkeypatch):
    from scipy import sparse

    J = matrix(24, 16, 7)
    found = []
    for threshold in (0.0, 2.0):
        monkeypatch.setattr(delayed, "DENSE_FROM", threshold)
        for made in (J, sparse.coo_array(J)):
            net = scattered(made, None)
            nm.run(net, 10 * ms, inputs={"one": 3.0})
            found.append(net["other"].raw.r)
    for each in found[1:]:
        np.testing.assert_allclose(each, found[0], rtol=1e-12)
    strip = nm.Network({"one": qif(eta=np.linspace(-6, -4, 70)), "other": qif(shape=70)})
    strip.connect("one", "other", J=np.linspace(1, 2, 70))
    diagonal = nm.Network({"one": qif(eta=np.linspace(-6, -4, 70)), "other": qif(shape=70)})
    diagonal.connect("one", "other", J=np.diag(np.linspace(1, 2, 70)))
    for net in (strip, diagonal):
        nm.run(net, 10 * ms, inputs={"one": 10.0})
    assert strip["other"].raw.r.tobytes() == diagonal["other"].raw.r.tobytes()
    assert np.ptp(strip["other"].raw.r) > 0


def test_entries_of_a_sparse_matrix_that_stand_twice_add_up():
    from scipy import sparse

    twice = sparse.coo_matrix(([1.0, 2.0, 4.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    nets = []
    for J in (twice, np.array([[3.0, 0.0], [0.0, 4.0]])):
        net = nm.Network({"pop": qif(J=0.0, shape=2)})
        net.connect("pop", "pop", J=J)
        nm.run(net, 5 * ms)
        nets.append(net["pop"].raw.v.tobytes())
    assert nets[0] == nets[1]


def test_a_connection_of_zeros_does_nothing():
    bare, net = pair(), pair()
    net.connect("exc", "inh", J=0.0)
    net.connect("exc", "inh", J=0.0, delay=1 * ms, name="late")
    net.connect("inh", "exc", J=np.zeros((1, 1)))
    net.connect("inh", "exc", J=0.0, delay=DT / 3 * ms, name="back")  # a delay that does not count
    for each in (bare, net):
        nm.run(each, 5 * ms, inputs={"exc": drive})
    assert net["exc"].raw.r == bare["exc"].raw.r
    assert net["inh"].raw.v == bare["inh"].raw.v


def test_a_wire_can_have_no_weight_where_its_delay_is_short():
    J, delay = np.array([[0.0, 2.0], [3.0, 0.0]]), np.array([[0.01, 1.0], [0.7, 0.0]])
    found = []
    for each in (delay, np.where(J != 0.0, delay, 0.0)):
        net = nm.Network({"pop": qif(J=0.0, shape=2)})
        net.connect("pop", "pop", J=J, delay=each * ms)
        nm.run(net, 5 * ms)
        found.append(net["pop"].raw.v.tobytes())
    assert found[0] == found[1]


def test_short_delays_are_lifted_to_a_step():
    lifted, longer = pair(short_delays="dt"), pair()
    lifted.connect("exc", "inh", J=9.0, delay=0.01 * ms)
    longer.connect("exc", "inh", J=9.0, delay=DT * ms)
    for net in (lifted, longer):
        nm.run(net, 10 * ms, inputs={"exc": 10.0})
    assert lifted["inh"].raw.r == longer["inh"].raw.r


# -------------------------------------------------------- other models and variables


def test_any_output_goes_to_any_input():
    """An output that is no state, two inputs with units, and a weight that joins their units."""
    made = {"one": Relay(dt=DT * ms), "pop": qif(), "eeg": nm.JansenRit(dt=DT * ms)}
    net = nm.Network(made)
    net.connect("one", "pop", weight=0.3)
    net.connect("pop", "one", weight=2 * pA / Hz, input="current")
    net.connect("pop", "one", weight=0.4, input="drive", delay=0.3 * ms)
    net.connect("eeg", "pop", weight=0.1 / mV)
    net.connect("eeg", "one", weight=1 * pA / mV, variable="eeg", delay=1 * ms)
    parameters = {name: float(each.magnitude) for name, each in made["one"].parameters.items()}
    assert parameters["C"] == 100.0
    record = {"one": ("current", "drive", "above", "v"), "pop": ("I_ext", "r"), "eeg": ("eeg",)}
    rec = nm.run(net, 3 * ms, inputs={"eeg": 220 / 1000 / ms, "one.drive": 5 * Hz}, record=record)
    above, eeg = rec["one"].above.magnitude, rec["eeg"].eeg.magnitude
    # what a step uses at its start is what the samples before it have
    expected = 0.3 * above + 0.1 * eeg
    np.testing.assert_allclose(rec["pop"].I_ext.magnitude[1:], expected[:-1], rtol=1e-12)
    r = rec["pop"].array("r", Hz)
    late = np.concatenate([np.full(20, eeg[0]), eeg])[: len(eeg)]
    np.testing.assert_allclose(
        rec["one"].current.magnitude[1:], (2 * r + late)[:-1], rtol=1e-10, atol=1e-12
    )
    drive_used = rec["one"].array("drive", Hz)[1:]
    late = np.concatenate([np.full(6, r[0]), r])[: len(r)]
    np.testing.assert_allclose(drive_used, (5 + 0.4 * late)[:-1], rtol=1e-12)
    assert np.ptp(above) > 0
    assert np.ptp(eeg) > 0


def test_a_model_that_is_used_as_it_is_written():
    class Branched(nm.Population):
        tau = nm.Parameter(10 * ms, positive=True)
        x = nm.State(1.0)
        push = nm.Input()

        @staticmethod
        def derivatives(x, push, tau):
            level = 1.0
            for _ in range(int(abs(x)) + 1):
                level = level * 0.5
            return ((push * level - x) / tau,)

    alone, member = Branched(dt=DT * ms), Branched(dt=DT * ms)
    net = nm.Network({"a": member, "b": qif(), "c": qif({"v": KICKED})})
    nm.run(net, 3 * ms, inputs={"a": drive})
    nm.run(alone, 3 * ms, inputs=drive)
    assert alone.raw.x == member.raw.x != 1.0


# -------------------------------------------------- changes in the middle of a run


def test_parameters_of_members_may_change_between_steps():
    net = excited_inhibited(coupling="held")
    exc, inh = (each.copy() for each in (net["exc"], net["inh"]))
    for k in range(60):
        if k == 20:
            net["exc"].eta = exc.eta = -3.0
        if k == 40:
            net["inh"].tau = inh.tau = 15 * ms
        r_exc, r_inh = exc.raw.r, inh.raw.r
        exc.advance(10.0 + -10.0 * exc.raw.tau * r_inh)
        inh.advance(10.0 * inh.raw.tau * r_exc)
        net.advance({"exc": 10.0})
        assert (net["exc"].raw.v, net["inh"].raw.v) == (exc.raw.v, inh.raw.v)


def test_a_strength_given_as_j_follows_tau_and_a_weight_does_not():
    for strength, follows in (({"J": 10.0}, True), ({"weight": 100 * ms}, False)):
        net = pair()
        net.connect("exc", "inh", **strength)
        rec = nm.run(net, 1 * ms, record={"exc": "r", "inh": "I_ext"})
        net["inh"].tau = 30 * ms
        later = nm.run(net, 1 * ms, record={"exc": "r", "inh": "I_ext"})
        for each, factor in ((rec, 0.1), (later, 0.3 if follows else 0.1)):
            used = each["inh"].I_ext.magnitude[1:]
            np.testing.assert_allclose(used, factor * each["exc"].r.magnitude[:-1], rtol=1e-12)


def test_a_state_that_is_set_is_sent_from_then_on():
    net = pair()
    net.connect("exc", "inh", J=10.0, delay=0.5 * ms)
    nm.run(net, 2 * ms)
    before = net["exc"].raw.r
    net["exc"].r = 100 * Hz
    rec = nm.run(net, 2 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
    assert rec[10] == pytest.approx(10 * 0.1 * 10)
    assert max(rec[:10]) < 1.0 < min(rec[10:12])
    assert before < 0.01


def test_histories_outlive_changes():
    """A change of nothing in the middle changes nothing, though the arrays are made anew."""
    plain, changed = quiet(zoo), quiet(zoo)
    for net in (plain, changed):
        nm.run(net, 3 * ms, inputs={"exc": drive})
    changed["inh"].tau = 10 * ms
    changed["exc->inh"].delay = 0.53 * ms
    changed["inh->exc"].tau = 2 * ms
    changed["exc->exc"].U0 = 0.2
    for net in (plain, changed):
        nm.run(net, 3 * ms, inputs={"exc": drive})
    assert state_of(plain) == state_of(changed)


def test_a_connection_made_late_begins_with_what_is_known():
    """What a delayed connection kept of the source serves a later one; without, it is now."""
    net = pair()
    net.connect("exc", "inh", J=1.0, delay=1 * ms)
    before = nm.run(net, 5 * ms, inputs={"exc": 10.0}, record={"exc": "r"})["exc"].r.magnitude
    net.connect("exc", "inh", J=1.0, delay=0.5 * ms, name="late")
    net.connect("inh", "exc", J=1.0, delay=0.5 * ms)
    r = net["inh"].r.magnitude
    rec = nm.run(net, 0.5 * ms, {"exc": 10.0}, record={"inh": "I_ext", "exc": "I_ext"})
    known = 0.01 * (before[-21:-11] + before[-11:-1])
    np.testing.assert_allclose(rec["inh"].I_ext.magnitude[1:], known, rtol=1e-12)
    np.testing.assert_allclose(rec["exc"].I_ext.magnitude[1:], 10 + 0.02 * r, rtol=1e-12)


@pytest.mark.parametrize("steps", [0, 60])
def test_a_connection_that_is_taken_away_leaves_the_others_as_they_are(steps):
    """What remains is bitwise the network in which that connection was of no strength."""
    nets = [quiet(zoo), quiet(zoo)]
    for net in nets:
        for _ in range(steps):
            net.advance({"exc": 3.0})
    nets[0].disconnect("exc->exc")
    nets[1]["exc->exc"].weight = np.zeros((3, 3)) * ms
    assert list(nets[0].connections) == ["exc->inh", "inh->exc", "exc->exc#2"]
    for net in nets:
        for _ in range(60):
            net.advance({"exc": 3.0})
    one, other = (net.snapshot().members for net in nets)
    for name in ("exc", "inh", "inh->exc"):
        assert one[name].state.tobytes() == other[name].state.tobytes()
    assert set(nets[0].snapshot().histories) == {("exc", "r")}
    synapse = nm.synapses.TsodyksMarkram()
    again = quiet(nets[0].connect, "exc", "exc", J=0.0, synapse=synapse)
    assert (again.name, again.u.magnitude[0]) == ("exc->exc", 0.2)
    nm.run(pickle.loads(pickle.dumps(quiet(nets[0].copy))), 1 * ms)


def test_a_history_goes_with_its_connection():
    net = pair(history={"exc->inh": 30 * Hz})
    net.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=nm.synapses.Alpha())
    net.disconnect(net["exc->inh"])
    bare, again = pair(), pair()
    again.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=nm.synapses.Alpha())
    for _ in range(2):
        nm.run(net, 1 * ms)
        nm.run(bare, 1 * ms)
        assert net["inh"].raw.v == bare["inh"].raw.v
        net.reset()
        bare.reset()
    net.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=nm.synapses.Alpha())
    for each in (net, again):
        nm.run(each, 2 * ms)
    assert net["inh"].raw.v == again["inh"].raw.v != bare["inh"].raw.v


def test_the_past_can_be_given():
    for history, before in (
        ({"exc": 50 * Hz}, lambda t: 50.0 + 0 * t),
        ({"exc": lambda t: 8 * Hz * np.exp(t / (5 * ms))}, lambda t: 8 * np.exp(t / 5)),
        ({"exc.r": nm.signals.Ramp(0 * Hz, 20 * Hz, start=-2 * ms, stop=0 * ms)},
         lambda t: 20 + 10 * t),
    ):  # fmt: skip
        net = pair(history=history)
        net.connect("exc", "inh", J=1.0, delay=2 * ms)
        for _ in range(2):
            rec = nm.run(net, 2 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
            expected = 0.01 * before(np.arange(-40, 0) * DT)
            np.testing.assert_allclose(rec, expected, rtol=1e-9, atol=1e-12)
            net.reset()


def test_the_past_of_what_a_synapse_lets_through_can_be_given():
    net = pair(history={"exc->inh": 30 * Hz})
    net.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=nm.synapses.Depression())
    used = nm.run(net, 1 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
    np.testing.assert_allclose(used, 0.3, rtol=1e-12)
    net = pair()
    net.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=nm.synapses.TsodyksMarkram(U0=0.5))
    used = nm.run(net, 1 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
    np.testing.assert_allclose(used, 0.01 * 8 * 0.5, rtol=1e-12)


# ----------------------------------------------------------- going back, copying


def test_snapshot_and_restore():
    net = quiet(zoo)
    nm.run(net, 3 * ms, inputs={"exc": drive})
    saved = pickle.loads(pickle.dumps(net.snapshot()))
    first = traces(nm.run(net, 3 * ms, **EVERYTHING))
    net["inh"].tau, net["exc->inh"].delay, net["inh->exc"].J = 12 * ms, 2 * ms, -1.0
    nm.run(net, 1 * ms)
    net.restore(saved)
    assert traces(nm.run(net, 3 * ms, **EVERYTHING)) == first
    other = quiet(zoo)
    other.restore(saved)
    assert traces(nm.run(other, 3 * ms, **EVERYTHING)) == first
    assert net["inh"].tau.magnitude == 10.0


@pytest.mark.parametrize(
    "again",
    [lambda net: net.copy(), copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
    ids=["copy", "copy.copy", "deepcopy", "pickle"],
)
def test_copies_go_on_alike_and_apart(again):
    net = quiet(zoo)
    nm.run(net, 3 * ms, inputs={"exc": drive})
    other = quiet(again, net)
    before = state_of(net)
    first = traces(nm.run(other, 3 * ms, **EVERYTHING))
    assert state_of(net) == before
    assert traces(nm.run(net, 3 * ms, **EVERYTHING)) == first
    assert other["exc"] is not net["exc"]
    other["exc->inh"].J = np.zeros((1, 3))
    assert np.all(net["exc->inh"].J.magnitude != 0.0)


@pytest.mark.parametrize("late", [False, True])
def test_a_snapshot_before_the_first_step_keeps_the_given_past(late):
    """Also of a network whose members had been stepped alone."""
    exc, inh = qif(tau=20 * ms), qif()
    for each in (exc, inh):
        nm.run(each, late * 5 * ms + DT * ms)
    net = nm.Network({"exc": exc, "inh": inh}, history={"exc": 50 * Hz})
    net.connect("exc", "inh", J=1.0, delay=2 * ms)
    saved = net.snapshot()
    first = traces(nm.run(net, 5 * ms))
    net.reset()
    net.restore(pickle.loads(pickle.dumps(saved)))
    assert traces(nm.run(net, 5 * ms)) == first


def test_reset_repeats_everything():
    net = quiet(zoo)
    first = traces(nm.run(net, 3 * ms, **EVERYTHING))
    net.reset()
    assert net.t.magnitude == net["exc"].t.magnitude == 0.0
    assert traces(nm.run(net, 3 * ms, **EVERYTHING)) == first


def test_a_copy_with_another_step_keeps_the_past():
    net = pair()
    net.connect("exc", "inh", J=1.0, delay=1 * ms)
    rec = nm.run(net, 5 * ms, inputs={"exc": 10.0}, record={"exc": "r"})["exc"].r.magnitude
    fine = net.copy(dt=DT / 2 * ms)
    assert fine.t == net.t
    used = nm.run(fine, 1 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
    known = 0.01 * np.interp(np.arange(40) / 2, np.arange(21), rec[-21:])
    np.testing.assert_allclose(used, known, rtol=1e-12)


def test_copies_may_have_no_noise_or_another_seed():
    exc, inh = qif({"v": KICKED}, seed=None), qif({"v": KICKED}, seed=5)
    net = nm.Network({"exc": exc, "inh": inh}, seed=1)
    other = net.copy(seed=2)
    assert other["inh"].seed == 5
    assert (
        other["exc"].seed
        != net["exc"].seed
        == nm.Network({"exc": qif({"v": KICKED}, seed=None)}, seed=1)["exc"].seed
    )
    silent = net.copy(noise=None)
    nm.run(silent, 1 * ms)
    assert silent["exc"].raw.v == silent["inh"].raw.v


def test_networks_of_several_threads_do_not_meet():
    nets = [quiet(zoo, seed=i) for i in range(4)]
    alone = [quiet(zoo, seed=i) for i in range(4)]
    work = [threading.Thread(target=nm.run, args=(each, 20 * ms)) for each in nets]
    for each in work:
        each.start()
    for each in work:
        each.join()
    for mine, theirs in zip(nets, alone, strict=True):
        nm.run(theirs, 20 * ms)
        assert state_of(mine) == state_of(theirs)


# ----------------------------------------------------------------- failures


def test_the_error_names_the_node_and_the_lane():
    eta = np.full(100, -5.0)
    net = nm.Network({"a": qif(shape=3), "many": qif(eta=eta), "c": qif()})
    net.connect("a", "many", J=np.zeros((100, 3)))
    nm.run(net, 1 * ms)
    net["many"].set(at=77, v=1e200)
    before = state_of(net)
    with pytest.raises(nm.SimulationError, match=r"many\[77\]: [rv] is no longer finite") as caught:
        nm.run(net, 5 * ms)
    assert (caught.value.population, caught.value.lane) == ("many", (77,))
    assert set(caught.value.recording) == {"a", "many", "c"}
    assert len(caught.value.recording["c"]) == 1
    assert state_of(net) == before


def test_what_was_recorded_before_a_failure_is_kept():
    net = excited_inhibited()
    kick = nm.signals.Step(1e300, start=3 * ms, stop=9 * ms)
    with pytest.raises(nm.SimulationError, match=r"^exc: ") as caught:
        nm.run(net, 10 * ms, inputs={"exc": kick})
    rec, good = caught.value.recording, excited_inhibited()
    assert net.t.magnitude == pytest.approx(3.0)
    whole = nm.run(good, 3 * ms)
    assert traces(rec) == traces(whole)


def test_a_failing_update_changes_nothing():
    net = quiet(zoo)
    nm.run(net, 1 * ms)
    before = state_of(net)
    with pytest.raises(nm.SimulationError):
        net.update({"exc": 1e308})
    assert state_of(net) == before


def test_a_member_that_falls_below_its_bound():
    from samples import Decay

    net = nm.Network({"pop": qif(), "low": Decay(drift=-1 / ms, dt=DT * ms)})
    with pytest.raises(nm.SimulationError, match="low: x falls below 0"):
        nm.run(net, 20 * ms)


def test_an_interrupted_run_keeps_what_it_has():
    net, calls = excited_inhibited(), []

    def interrupting(t):
        calls.append(t)
        if len(calls) > 5000:
            raise KeyboardInterrupt
        return 3.0

    with pytest.raises(KeyboardInterrupt) as caught:
        nm.run(net, 50_000 * ms, inputs={"exc": interrupting}, every=100)
    rec = caught.value.recording["exc"]
    assert rec.t[-1] == net.t > 0 * ms
    good = excited_inhibited()
    assert bits(nm.run(good, net.t, inputs={"exc": 3.0}, every=100)["exc"]) == bits(rec)


# ------------------------------------------------------------------ recordings


def test_recordings_of_a_network():
    net = quiet(zoo)
    rec = nm.run(net, 1 * ms)
    assert list(rec) == ["exc", "inh", "inh->exc", "exc->exc"]
    assert rec["exc"].r.shape == (21, 3)
    assert rec["inh->exc"].s.units == Hz
    assert rec["inh->exc"].model == "Alpha"
    assert set(rec["inh->exc"].parameters) == {"J", "delay", "tau"}
    assert rec.t[-1] == net.t


def test_a_gain_is_recorded_as_it_is():
    net = quiet(zoo)
    rec = nm.run(net, 1 * ms, record="exc->exc")["exc->exc"]
    only = nm.run(net, 1 * ms, record=("exc->exc.gain", "exc->exc.u", "exc->exc.x"))["exc->exc"]
    np.testing.assert_array_equal(only.gain.magnitude, only.u.magnitude * only.x.magnitude)
    assert rec.names == ("x", "u")


def test_a_recording_becomes_one_dataset(tmp_path):
    pytest.importorskip("xarray")
    rec = nm.run(quiet(zoo), 1 * ms)
    data = rec.to_xarray()
    assert data["exc_r"].shape == (21, 3)
    assert data["inh->exc_s"].attrs["units"] == "Hz"
    assert data["exc_r"].dims == ("t", "exc_lane")
    assert traces(nm.load(rec.save(tmp_path / "net"))) == traces(rec)


def test_histories_are_bounded_by_the_longest_delay():
    net = excited_inhibited()
    net["inh->exc"].delay = 50 * ms
    nm.run(net, 5000 * ms, every=1000)
    history = net.__system__().assembled().history
    assert history.shape[0] == 1
    assert history.shape[1] < 2**15


def test_a_network_describes_itself():
    text = quiet(zoo).describe()
    for each in ("exc: QIF, lanes (3,), own J = 5, noise on I_ext, v", "inh->exc", "delay 0.53 ms",
                 "Alpha(tau=2 ms)", "TsodyksMarkram", "1 x 3 matrix", "J = -6"):  # fmt: skip
        assert each in text
    assert "0 ms" in text


# ------------------------------------------------------------------ every model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("noisy", [False, True])
def test_every_model_is_itself_in_a_network(name, noisy):
    """Lower bounds that are parameters, exp, several inputs and outputs included."""
    model = getattr(nm, name)
    first = next(iter(model.model.inputs))
    measure = model.model.inputs[first].measure
    source = nm.noise.OrnsteinUhlenbeck(measure.quantity(0.01), 5 * ms)
    options = {"noise": {first: source} if noisy else None, "shape": 3, "dt": DT * ms, "seed": 2}
    record = (*model.model.states, *model.model.inputs, *model.model.outputs)
    lone, net = model(**options), nm.Network({"pop": model(**options)})
    rec = nm.run(lone, 3 * ms, record=record)
    assert bits(nm.run(net, 3 * ms, record={"pop": record})["pop"]) == bits(rec)


def test_a_bound_that_is_a_parameter_holds_in_a_network():
    izh = nm.IzhikevichMeanField(dt=DT * ms, shape=2)
    net = nm.Network({"pop": qif(), "izh": izh})
    with pytest.raises(nm.SimulationError, match=r"izh\[0\]: v falls below v_r = -60 mV"):
        nm.run(net, 100 * ms, inputs={"izh": -2000 * pA})


# ------------------------------------------------- what a network is changed by, and when


@pytest.mark.parametrize("what", ["delay", "connection", "step", "tau"])
def test_a_function_that_changes_the_network_it_feeds_is_refused(what):
    net = pair()
    net.connect("exc", "inh", J=3.0, delay=100 * ms)
    calls = []

    def change(t):
        calls.append(t)
        if len(calls) == 700:
            if what == "delay":
                net["exc->inh"].delay = 1 * ms
            elif what == "connection":
                net.connect("inh", "exc", J=-1.0, delay=2 * ms)
            elif what == "step":
                net.advance()
            else:
                net["inh"].tau = 11 * ms
        return 0.0

    with pytest.raises(RuntimeError, match="function of time alone"):
        nm.run(net, 100 * ms, inputs={"exc": change})
    nm.run(net, 200 * ms)
    assert np.isfinite(net["inh"].raw.v)


def test_more_steps_than_fit_are_refused():
    net = excited_inhibited()
    net["exc->inh"].delay = 1 * ms
    system = net.__system__()
    with pytest.raises(RuntimeError, match="do not fit"):
        system.take(system.room() + 1, [])


def test_copies_of_copies_take_new_seeds():
    noise = {"v": KICKED}
    net = nm.Network({"exc": qif(noise, seed=None), "inh": qif(noise, seed=5)}, seed=1)
    for each in (net.copy(), net.copy(dt=0.1 * ms), pickle.loads(pickle.dumps(net)).copy()):
        seeds = [each.copy(seed=i)["exc"].seed for i in (1, 2, 3)]
        assert len(set(seeds)) == 3
        assert seeds[0] == each["exc"].seed == net["exc"].seed
        assert each.copy(seed=9)["inh"].seed == 5
    unseeded = nm.Network({"exc": qif(noise, seed=None)}).copy()
    assert unseeded.copy(seed=1)["exc"].seed == seeds[0]


def test_noise_that_a_copy_is_given_follows_the_seed_of_the_network():
    net = nm.Network({"exc": qif(seed=None)}, seed=4)
    first, second = (net.copy(noise={"v": KICKED}) for _ in range(2))
    assert first.seed == second.seed == 4
    assert first["exc"].seed == second["exc"].seed == first.copy(seed=4)["exc"].seed


def test_a_connection_that_was_taken_away_says_so():
    net = pair()
    old = net.connect("exc", "inh", J=1.0)
    net.disconnect(old)
    assert repr(old) == "<exc->inh: disconnected>"
    assert not hasattr(old, "J")
    new = net.connect("exc", "inh", J=9.0, delay=1 * ms)
    with pytest.raises(AttributeError, match="exc->inh was taken away"):
        old.J = 2.0
    with pytest.raises(AttributeError, match="exc->inh was taken away"):
        net.disconnect(old)
    assert new.J.magnitude == 9.0
    new.J = 3.0
    assert net["exc->inh"].J == new.J


def test_a_snapshot_knows_the_past_that_was_given():
    synapse = nm.synapses.Exponential(5 * ms)
    net = pair(history={"exc->inh": 30 * Hz})
    net.connect("exc", "inh", J=5.0, delay=2 * ms, synapse=synapse)
    saved, found = net.snapshot(), []
    for _ in range(2):
        nm.run(net, 5 * ms)
        found.append(net["inh"].raw.v)
        net.disconnect("exc->inh")
        net.connect("exc", "inh", J=5.0, delay=2 * ms, synapse=synapse)
        net.restore(saved)
    assert found[0] == found[1]


def test_snapshots_of_other_networks_are_refused():
    one = nm.Network({"exc": qif()})
    with pytest.raises(ValueError, match="other members"):
        one.restore(pair().snapshot())
    net, other = pair(), pair()
    net.connect("exc", "inh", J=1.0)
    other.connect("exc", "inh", weight=1.0, variable="v")
    with pytest.raises(ValueError, match="exc->inh carries something else"):
        net.restore(other.snapshot())


def test_a_copy_with_an_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match=r"copy takes no 'coupled'.*coupling"):
        pair().copy(coupled="held")
