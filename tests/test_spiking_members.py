"""Networks of neurons as members of a network, beside mean fields."""

import copy
import pickle
from contextlib import suppress

import numpy as np
import pytest
from samples import interrupted
from test_spiking import everything as all_of_neurons

import neuromass as nm
from neuromass.errors import SimulationError
from neuromass.units import Hz, ms

DT = 0.05 * ms
EXC = {"tau": 20 * ms, "eta": -5.0, "J": 8.0, "initial": {"r": 5 * Hz, "v": -1.0}, "dt": DT}


def neurons(count=200, **changes):
    return nm.spiking.QIFNetwork(count, **{**EXC, "seed": 1, **changes})


def plain(count=200, coupling="held", **changes):
    """An excitatory network of neurons and an inhibitory mean field."""
    members = {"exc": neurons(count, **changes), "inh": nm.QIF(eta=-5.0, dt=DT)}
    net = nm.Network(members, coupling=coupling)
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


def mixed(count=200, **options):
    """Neurons of two models and a mean field; delays, synapses, functions, noise of all kinds."""
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 3 * ms)}
    own = nm.noise.OrnsteinUhlenbeck(0.5, 2 * ms)
    net = nm.Network(
        {
            "inh": nm.QIF(eta=-5.0, dt=DT, noise=noise, seed=4),
            "exc": neurons(count, noise=noise, neuron_noise=own, **options),
            "slow": nm.spiking.QIFNetwork(
                50, model=nm.QIFSynaptic, eta=-1.0, dt=DT, seed=3, **options
            ),
        }
    )
    net.connect("exc", "inh", J=10.0, synapse=nm.synapses.Exponential(2 * ms))
    net.connect("inh", "exc", J=-10.0, delay=0.52 * ms)
    net.connect("exc", "slow", J=5.0, delay=2 * ms, synapse=nm.synapses.TsodyksMarkram())
    net.connect("slow", "exc", weight=0.5, variable="v", function=nm.couplings.difference)
    net.connect("slow", "inh", weight=0.5, variable="R")
    return net


def everything(net):
    """All that a network stands on, as bytes."""
    return net.t.magnitude, {n: each.tobytes() for n, each in net.snapshot().kept().items()}


def gone_on(net, steps, **options):
    return nm.run(net, steps * net.dt, {"exc": 10.0}, **{"record": (), **options})


# ----------------------------------------------------------------------- what a step is


def test_held_coupling_is_the_loop_by_hand():
    net, exc, inh = plain(), neurons(), nm.QIF(eta=-5.0, dt=DT)
    gone_on(net, 2000)
    for _ in range(2000):
        r_exc, r_inh = exc.raw.r, inh.raw.r
        exc.advance(10.0 + -10.0 * 20.0 * r_inh)
        inh.advance(10.0 * 10.0 * r_exc)
    assert all_of_neurons(net["exc"]) == all_of_neurons(exc)
    assert (net["inh"].raw.r, net["inh"].raw.v) == (inh.raw.r, inh.raw.v)


def test_held_coupling_with_a_delay_is_the_loop_by_hand():
    net = nm.Network({"exc": neurons(), "inh": nm.QIF(eta=-5.0, dt=DT)}, coupling="held")
    net.connect("exc", "inh", J=10.0, delay=3 * DT)
    gone_on(net, 500)
    exc, inh = neurons(), nm.QIF(eta=-5.0, dt=DT)
    sent = [exc.raw.r] * 4
    for _ in range(500):
        sent = [*sent[1:], exc.raw.r]
        exc.advance(10.0)
        inh.advance(10.0 * 10.0 * sent[0])
    assert all_of_neurons(net["exc"]) == all_of_neurons(exc)
    assert net["inh"].raw.v == inh.raw.v


def test_neurons_and_lanes_are_connected_by_matrices():
    lanes = nm.QIF(dt=DT, eta=[-5.0, -3.0, 1.0])
    net = nm.Network({"exc": neurons(), "inh": lanes.copy()}, coupling="held")
    net.connect("exc", "inh", J=np.array([[1.0], [2.0], [3.0]]))
    net.connect("inh", "exc", J=np.array([[-1.0, -2.0, -3.0]]))
    gone_on(net, 500)
    exc = neurons()
    for _ in range(500):
        r_exc, r_inh = exc.raw.r, lanes.raw.r
        exc.advance(10.0 + 20.0 * (-r_inh[0] - 2.0 * r_inh[1] - 3.0 * r_inh[2]))
        lanes.advance(10.0 * np.array([1.0, 2.0, 3.0]) * r_exc)
    assert np.arctan(net["exc"].potentials) == pytest.approx(np.arctan(exc.potentials), abs=1e-9)
    assert net["inh"].raw.v == pytest.approx(lanes.raw.v, rel=1e-9)


def test_neurons_without_an_input_send_alone():
    class Deaf(nm.QIF):
        I_ext = None

        @staticmethod
        def derivatives(r, v, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, 0.0, tau, eta, delta, J)

    net = nm.Network({"exc": neurons(model=Deaf), "inh": nm.QIF(dt=DT)})
    net.connect("exc", "inh", J=5.0)
    nm.run(net, 10 * ms)
    alone = neurons(model=Deaf)
    nm.run(alone, 10 * ms)
    assert all_of_neurons(alone)[0][1] == all_of_neurons(net["exc"])[0][1]
    assert net["inh"].v != nm.QIF(dt=DT).v
    with pytest.raises(ValueError, match="has no input to connect to"):
        net.connect("inh", "exc", J=1.0)


def test_spikes_that_neurons_send_are_counted_once():
    """What a slow synapse has got is the number of spikes, whatever the window of the rate."""
    net = nm.Network({"exc": neurons(20, window=2 * ms), "inh": nm.QIF(dt=DT)})
    slow = net.connect("exc", "inh", J=1e-9, synapse=nm.synapses.Exponential(1e9 * ms))
    slow.s = 0 * Hz
    rec = gone_on(net, 2000, record="exc.spikes")
    steps = np.floor(rec["exc"].spikes.times / 0.05 + 1e-9)
    # those of the last step are to come, and those of the one before are extrapolated to go on
    counted = np.sum(steps < 1999) + np.sum(steps == 1998)
    assert counted > 20
    assert slow.s.to("kHz").magnitude == pytest.approx(counted / 20 / 1e9, rel=1e-6)


@pytest.mark.parametrize(("coupling", "expected"), [("full", 2.0), ("held", 1.0)])
def test_the_order_of_what_reaches_neurons(coupling, expected):
    def ends(dt):
        drive = nm.signals.Sine(2.0, frequency=40 * Hz)
        members = {
            "from": nm.QIF(eta=1.0, dt=dt * ms, initial={"r": 20 * Hz}),
            "to": neurons(300, dt=dt * ms, J=0.0, eta=1.0, window=2 * dt * ms, delta=0.3),
        }
        net = nm.Network(members, coupling=coupling)
        net.connect("from", "to", J=2.0)
        rec = nm.run(net, 24 * ms, {"from": drive}, record=("to.R", "to.Psi"), every=round(8 / dt))
        return np.concatenate([rec["to"].array("R"), rec["to"].array("Psi")])

    exact, steps = ends(0.0025), (0.2, 0.1, 0.05)
    errors = [np.linalg.norm(ends(dt) - exact) for dt in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(expected, abs=0.1)


def test_the_order_of_what_neurons_send():
    """The mean potential of quiet neurons, which are smooth, drives a mean field."""

    def end(dt):
        quiet = {"eta": -4.0, "delta": 0.3, "J": 0.0, "initial": {"v": -2.0}}
        members = {
            "from": neurons(100, dt=dt * ms, distribution="uniform", **quiet),
            "to": nm.QIF(dt=dt * ms),
        }
        net = nm.Network(members)
        net.connect("from", "to", weight=2.0, variable="v")
        nm.run(net, 16 * ms, {"from": nm.signals.Sine(2.0, frequency=40 * Hz)})
        assert np.max(net["from"].potentials) < 0.0
        return np.array([net["to"].raw.r, net["to"].raw.v])

    exact, steps = end(0.0025), (0.2, 0.1, 0.05)
    errors = [np.linalg.norm(end(dt) - exact) for dt in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(2.0, abs=0.1)


def test_neurons_among_mean_fields_come_close_to_mean_fields():
    """The distance falls about as one over the square root of their number."""
    fields = nm.Network({"exc": nm.QIF(**EXC), "inh": nm.QIF(eta=-5.0, dt=DT)})
    fields.connect("exc", "inh", J=10.0)
    fields.connect("inh", "exc", J=-10.0)
    expected = gone_on(fields, 2000, record="inh.v")["inh"].array("v")

    def distance(count, seed):
        net = plain(count, coupling="full", seed=seed)
        found = gone_on(net, 2000, record="inh.v")["inh"].array("v")
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    few, many = (np.mean([distance(n, seed) for seed in (1, 2, 3)]) for n in (500, 8000))
    assert many < 0.06
    assert many < 0.4 * few


# ----------------------------------------------------------------------- the same bits


def stepped(net):
    for _ in range(300):
        net.update({"exc": 10.0})


def in_chunks(net):
    for steps in (1, 7, 292):
        gone_on(net, steps)


def after_snapshot(net):
    gone_on(net, 30)
    saved = pickle.loads(pickle.dumps(net.snapshot()))
    nm.run(net, 50 * net.dt, {"exc": -3.0, "slow": 1.0})
    net["exc"].eta, net["inh->exc"].J = -4.0, -3.0
    net.restore(saved)
    gone_on(net, 270)


def after_reset(net):
    gone_on(net, 40)
    net.reset()
    gone_on(net, 300)


def as_copies(net):
    gone_on(net, 21)
    twins = net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))
    for each in (net, *twins):
        gone_on(each, 279)
        assert everything(each) == everything(net)


def recorded(net):
    names = ("r", "v", "I_ext", "exc.spikes", "slow.R", "exc->slow.x")
    rec = gone_on(net, 300, record=names, every=3, average=True)
    assert len(rec["exc"].spikes) > 0


def with_other_threads(net):
    gone_on(net, 300, threads=2)


WAYS = [
    stepped, in_chunks, after_snapshot, after_reset, as_copies, recorded, with_other_threads,
]  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    net = mixed()
    gone_on(net, 300)
    return everything(net)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_of_stepping_gives_the_same_bits(way, whole):
    net = mixed()
    way(net)
    assert everything(net) == whole


@pytest.mark.slow
def test_many_neurons_on_several_threads_give_the_same_bits():
    found = []
    for threads in (1, 2, 3):
        net = plain(300_000, threads=threads, distribution="uniform")
        gone_on(net, 20)
        found.append(everything(net))
    assert found[0] == found[1] == found[2]


def test_members_that_are_released_go_on_by_themselves():
    net = plain()
    gone_on(net, 50)
    exc, twin = net["exc"], net["exc"].copy()
    with pytest.raises(RuntimeError, match="member of a network"):
        exc.update(1.0)
    net.release()
    for each in (exc, twin):
        nm.run(each, 50 * DT, 3.0)
    assert all_of_neurons(exc) == all_of_neurons(twin)


def test_a_run_from_a_checkpoint_goes_on_to_the_same_bits(tmp_path):
    names, steps = ("r", "exc.spikes"), 400
    net, other, again = (plain() for _ in range(3))
    expected = gone_on(net, steps, record=names)

    def stop(t):
        if stop.armed and t > 15 * ms:
            raise KeyboardInterrupt
        return 10.0

    options = {"record": names, "checkpoint": tmp_path / "run.npz"}
    stop.armed = True
    with pytest.raises(KeyboardInterrupt):
        nm.run(other, steps * DT, {"exc": stop}, **options)
    stop.armed = False
    found = nm.run(again, steps * DT, {"exc": stop}, **options)
    assert everything(again) == everything(net)
    for name in ("exc", "inh"):
        assert found[name].array("r", Hz).tobytes() == expected[name].array("r", Hz).tobytes()
    assert found["exc"].spikes == expected["exc"].spikes


def test_an_interrupted_run_stands_at_a_whole_step_with_what_was_recorded():
    kept, line, allowed = pickle.dumps(plain(8)), 1, {}
    names = ("r", "exc.spikes")
    while True:
        net, rec = pickle.loads(kept), None
        with interrupted(line) as places:
            try:
                gone_on(net, 300, record=names)
            except KeyboardInterrupt as error:
                rec = getattr(error, "recording", None)
        if not places:
            break
        taken = round(float(net.t / net.dt))
        if taken not in allowed:
            other = pickle.loads(kept)
            whole = gone_on(other, taken, record=names) if taken else None
            allowed[taken] = whole, everything(other)
        whole, state = allowed[taken]
        assert everything(net) == state, places
        if rec is not None and whole is not None:
            assert rec["exc"].array("r", Hz).tobytes() == whole["exc"].array("r", Hz).tobytes()
        line += 1 + line // 10
    assert len(allowed) > 1


@pytest.mark.parametrize("operation", ["update", "connect", "set"])
def test_an_interrupted_operation_is_done_or_not_done(operation):
    work = {
        "update": lambda net: net.update({"exc": 10.0}),
        "connect": lambda net: net.connect("inh", "exc", J=3.0, delay=1 * ms, name="second"),
        "set": lambda net: net["exc"].set(v=-1.0, tau=15 * ms),
    }[operation]
    kept = pickle.dumps(plain(8))

    def future(net):
        now = everything(net), len(net.connections), net["exc"].tau.magnitude
        gone_on(net, 20)
        return now, everything(net)

    before, done = pickle.loads(kept), pickle.loads(kept)
    work(done)
    allowed, line = (future(before), future(done)), 1
    while True:
        net = pickle.loads(kept)
        with interrupted(line) as places, suppress(KeyboardInterrupt):
            work(net)
        if not places:
            break
        assert future(net) in allowed, places
        line += 1 + line // 15
    assert line > 3


# ----------------------------------------------------------------------- with the rest


def test_what_is_recorded_of_neurons(tmp_path):
    net, other = plain(), plain()
    names = ("exc.r", "exc.R", "exc.I_ext", "exc.spikes", "inh.r", "inh.I_ext")
    rec = gone_on(net, 200, record=names)
    r_exc, r_inh = (rec[name].array("r", 1 / ms) for name in ("exc", "inh"))
    assert rec["exc"].array("I_ext")[1:] == pytest.approx(10.0 - 10.0 * 20.0 * r_inh[:-1])
    assert rec["inh"].array("I_ext")[1:] == pytest.approx(10.0 * 10.0 * r_exc[:-1])
    assert rec["exc"].array("R")[-1] == pytest.approx(abs(net["exc"].kuramoto()), rel=1e-12)
    means = gone_on(other, 200, record=names, every=20, average=True)
    expected = rec["exc"].array("I_ext")[1:].reshape(10, 20).mean(axis=1)
    assert means["exc"].array("I_ext") == pytest.approx(expected, rel=1e-12)
    assert means["exc"].spikes == rec["exc"].spikes
    loaded = nm.load(rec.save(tmp_path / "rec.npz"))
    assert loaded["exc"].spikes == rec["exc"].spikes
    assert len(rec["exc"].plot_raster()) == 2
    other = plain()
    with nm.record(other, names=names) as hand:
        for _ in range(200):
            other.update({"exc": 10.0})
    assert hand["exc"].array("I_ext").tobytes() == rec["exc"].array("I_ext").tobytes()
    assert hand["exc"].spikes == rec["exc"].spikes


def test_a_sweep_of_a_network_with_neurons():
    net = plain(100)
    keys = {"exc.eta": [-5.0, 0.0], "inh->exc.J": [-10.0, -2.0]}
    found = nm.sweep(net, keys, 10 * ms, {"v": nm.measures.final("inh.v")}, inputs={"exc": 10.0})
    one = net.copy()
    one["exc"].eta, one["inh->exc"].J = 0.0, -2.0
    gone_on(one, 200)
    assert found["v"][1, 1].magnitude == one["inh"].raw.v
    assert len(np.unique(found["v"].magnitude)) == 4


def test_parameters_and_feedback_in_a_run():
    net, other = plain(), plain()
    ramp = nm.signals.Ramp(-5.0, -1.0, 0 * ms, 5 * ms)
    nm.run(net, 5 * ms, {"exc": 10.0}, parameters={"exc.eta": ramp})
    for value in ramp.means(0, 100, 0.05):
        other.update({"exc": float(value) + 5.0 + 10.0})
    assert np.arctan(net["exc"].potentials) == pytest.approx(
        np.arctan(other["exc"].potentials), abs=1e-9
    )
    with pytest.raises(ValueError, match="delta of a QIFNetwork cannot follow"):
        nm.run(plain(), 1 * ms, parameters={"exc.delta": nm.signals.Constant(1.0)})
    net, other = plain(), plain()
    loop = nm.signals.Feedback(lambda system: 10.0 - float(system["exc"].v))
    nm.run(net, 5 * ms, {"exc": loop})
    for _ in range(100):
        other.update({"exc": 10.0 - float(other["exc"].v)})
    assert everything(net) == everything(other)


def test_a_step_that_gets_too_long_names_the_member_and_is_not_taken():
    net, other = plain(), plain()
    drive = nm.signals.Step(1e6, start=2 * ms)
    with pytest.raises(SimulationError, match=r"exc: dt = .*too long: .*from t = 2 ms") as stopped:
        nm.run(net, 5 * ms, {"exc": drive}, record=("r", "exc.spikes"))
    nm.run(other, 2 * ms)
    assert everything(net) == everything(other)
    assert len(stopped.value.recording["exc"]) == 41
    with pytest.raises(SimulationError, match="exc: dt"):
        net.update({"exc": 1e6})
    assert everything(net) == everything(other)


def test_what_neurons_cannot_do_in_a_network_says_so():
    with pytest.raises(ValueError, match="share one"):
        nm.Network({"exc": neurons(), "inh": nm.QIF(dt=0.1 * ms)})
    with pytest.raises(ValueError, match="give it one when it is made"):
        nm.Network({"exc": neurons(seed=None)}, seed=1)
    with pytest.raises(ValueError, match="method: networks of neurons go with heun"):
        plain().copy(method="euler")
    own = nm.noise.White(0.1 * ms**0.5)
    with pytest.warns(UserWarning, match="the same noise on each neuron"):
        nm.Network({name: neurons(10, neuron_noise=own) for name in ("one", "other")})
    assert plain().copy(method="heun", noise=None).method == "heun"
    with pytest.raises(ValueError, match="no lanes that could fail"):
        nm.run(plain(), 1 * ms, on_failure="nan")
    net = plain()
    for analysis in (
        net.equilibria, lambda: nm.analysis.roots(net),
        lambda: nm.analysis.continuation(net, "exc.eta", (-10, 5)),
        lambda: nm.analysis.linear_noise(net), lambda: nm.analysis.lyapunov(net, 10 * ms),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="A QIFNetwork has no vector field"):
            analysis()
    with pytest.raises(ValueError, match="The snapshot is of"):
        net.restore(plain(100).snapshot())
    with pytest.raises(ValueError, match="exc has no input 'P'"):
        net.connect("inh", "exc", J=1.0, input="P")
    net = plain(coupling="full")
    for ends in (("exc", "inh"), ("inh", "exc")):
        with pytest.raises(ValueError, match=r"exc\.r comes as the spikes of each step"):
            net.connect(*ends, J=1.0, function=nm.couplings.difference, name="second")
    assert len(net.connections) == 2
    assert "exc: QIFNetwork, own J = 8" in net.describe()
    net.plot()


def test_what_a_connection_delivers_is_not_recorded_beside_neurons():
    net = plain(20)
    before = everything(net)
    with pytest.raises(ValueError, match="what exc->inh delivers is not recorded in a network"):
        nm.run(net, 1 * ms, record="exc->inh")
    assert everything(net) == before
