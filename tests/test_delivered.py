"""What connections deliver, recorded: parts of the inputs, whatever carries them."""

import signal

import numpy as np
import pytest
from network_samples import DT, excited_inhibited, matrix, pair, qif, quiet, traces, zoo
from samples import bits

import neuromass as nm
from neuromass.networks import unrolled
from neuromass.networks.delivered import Delivery
from neuromass.units import Hz, mm, ms, second

DRIVE = {"exc": 4.0, "inh": 1.0}


def functions(noise):
    """Functions of source and target, with delays, matrices, a synapse and between lanes."""
    a = nm.FitzHughNagumo(dt=0.05 * ms)
    b = nm.FitzHughNagumo(shape=2, dt=0.05 * ms)
    net = nm.Network({"a": a, "b": b})
    net.connect("a", "b", weight=0.2, delay=0.73 * ms, function=nm.couplings.difference)
    net.connect("b", "a", weight=[[0.1, 0.2]], function=nm.couplings.sine(lag=0.2),
                synapse=nm.synapses.Alpha(2 * ms), delay=[[0.5, 1.1]] * ms)  # fmt: skip
    net.connect("b", "b", weight=0.3, function=lambda s, w: s * (3 - w))
    return net


def forms(make, monkeypatch, **options):
    """The same network in both forms of loops."""
    yield quiet(make, **options)
    monkeypatch.setattr(unrolled, "MOST_LANES", 0)
    yield quiet(make, **options)


def parts_of(rec, net, target):
    """The sum of what is delivered to a member."""
    to = [name for name in net.connections if net[name].target == target]
    return sum(rec[name].array("delivered") for name in to)


# ------------------------------------------------------------------------- what it is


@pytest.mark.parametrize(("make", "inputs"), [(zoo, DRIVE), (functions, {"a": 0.5, "b": 0.0})])
def test_what_is_delivered_adds_up_to_the_inputs_in_both_forms(make, inputs, monkeypatch):
    recordings = []
    for net in forms(make, monkeypatch, noise=False):
        rec = nm.run(net, 10 * ms, inputs=inputs, record=("delivered", "I_ext", "v"))
        for member, value in inputs.items():
            given = rec[member].array("I_ext")[1:] - value
            found = parts_of(rec, net, member)[1:]
            assert np.ptp(found) > 0.01
            np.testing.assert_allclose(found, given, rtol=1e-11, atol=1e-12)
        recordings.append(traces(rec))
    assert recordings[0] == recordings[1]


def test_strength_times_rate_with_a_delay_off_the_grid():
    net = pair()
    net.connect("exc", "inh", J=10.0, delay=1.02 * ms)
    net.connect("inh", "exc", weight=[-0.02] * second)
    rec = nm.run(net, 20 * ms, inputs=DRIVE, record=("exc->inh", "inh->exc", "exc.r", "inh.r"))
    r, times = rec["exc"].array("r", Hz), rec.t.m_as(ms)
    before = np.interp(times[:-1] - 1.02, times, r, left=r[0])
    late, now = rec["exc->inh"].delivered, rec["inh->exc"].delivered
    assert late.check("[]")
    assert now.check("[]")
    np.testing.assert_allclose(late.m[1:], 10 * 0.01 * before, rtol=1e-12)
    np.testing.assert_allclose(now.m[1:], -0.02 * rec["inh"].array("r", Hz)[:-1], rtol=1e-12)
    assert late[0] == late[1]  # as of all inputs
    assert repr(rec["exc->inh"]).startswith("<Recording of Connection: 401 samples")


def test_a_matrix_delivers_one_number_to_each_lane_of_the_target():
    weights, far = matrix(30, 20), np.arange(600.0).reshape(30, 20) % 7
    members = {"one": qif(eta=np.linspace(-6, -3, 20)), "other": qif(J=0.0, shape=30)}
    net = nm.Network(members, short_delays="dt")
    net.connect("one", "other", J=weights, distances=far * mm, speed=1 * mm / ms)
    rec = nm.run(net, 20 * ms, inputs={"one": 4.0}, record=("one->other", "one.r"))
    r, steps = rec["one"].array("r", Hz), np.rint(far / DT).astype(int)
    late = np.maximum(np.arange(400)[:, None, None] - steps, 0)
    expected = (0.01 * weights * r[late, np.arange(20)]).sum(axis=2)
    found = rec["one->other"].array("delivered")[1:]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


# ---------------------------------------------------------------------- how it is recorded


@pytest.mark.slow
def test_recording_it_changes_nothing(monkeypatch):
    for net in forms(zoo, monkeypatch):
        other = net.copy()
        whole = nm.run(net, 10 * ms, inputs=DRIVE, record=("r", "v"))
        nm.run(other, 5 * ms, inputs=DRIVE)
        nm.run(other, 5 * ms, inputs=DRIVE, record="delivered")
        after = [nm.run(each, 1 * ms, inputs=DRIVE) for each in (net, other)]
        assert traces(after[0]) == traces(after[1])
        assert traces(whole)["exc"] != traces(after[0])["exc"]


def test_a_loop_by_hand_and_a_run_in_pieces_record_the_same():
    nets = [quiet(zoo) for _ in range(4)]
    whole = nm.run(nets[0], 10 * ms, inputs=DRIVE, record="delivered")
    with nm.record(nets[1], names="delivered") as rec:
        for _ in range(200):
            nets[1].update(DRIVE)
    parts = [nm.run(nets[2], 2 * ms, inputs=DRIVE, record="delivered") for _ in range(5)]
    assert traces(rec) == traces(whole)
    for name, each in whole.items():
        pieces = np.concatenate([part[name].array("delivered")[1:] for part in parts])
        assert pieces.tobytes() == each.array("delivered")[1:].tobytes()
    means = nm.run(nets[3], 10 * ms, inputs=DRIVE, record="delivered", every=8, average=True)
    for name, each in whole.items():
        own = each.array("delivered")[1:]
        own = own.reshape(25, 8, *own.shape[1:])
        np.testing.assert_allclose(means[name].array("delivered"), own.mean(axis=1), rtol=1e-13)


def test_it_follows_strengths_delays_and_tau_that_change():
    net = excited_inhibited()
    net.connect("exc", "inh", J=1.0, delay=1 * ms, name="late")
    with nm.record(net, names=("delivered", "exc.r", "I_ext"), every=2) as rec:
        for k in range(200):
            if k == 50:
                net["exc->inh"].J = 20.0
                net["late"].delay = 2 * ms
            if k == 100:
                net["late"].J = -3.0
                net["inh"].tau = 5 * ms
            net.update({"exc": 8.0})
    parts = [rec[name].array("delivered") for name in ("exc->inh", "late")]
    np.testing.assert_allclose(sum(parts)[1:], rec["inh"].array("I_ext")[1:], rtol=1e-12)
    r = rec["exc"].array("r", Hz) / 1000
    assert parts[0][20] == pytest.approx(10 * 10 * r[19:21].mean(), rel=0.02)
    assert parts[0][80] == pytest.approx(20 * 5 * r[79:81].mean(), rel=0.02)


def test_a_run_that_feedback_changes_or_that_fails():
    def stronger(net):
        net["exc->inh"].J = 10.0 + net.t.m_as(ms)
        return 8.0

    net = excited_inhibited()
    feedback = nm.signals.Feedback(stronger, every=10)
    rec = nm.run(net, 10 * ms, inputs={"exc": feedback}, record=("exc->inh", "inh.I_ext"))
    assert bits(rec["exc->inh"])["delivered"] == bits(rec["inh"])["I_ext"]
    wild = pair()
    wild["exc"].J = 0.0
    wild.connect("exc", "exc", weight=1e5 * ms)
    with pytest.raises(nm.SimulationError) as caught:
        nm.run(wild, 100 * ms, inputs={"exc": 10.0}, record=("exc->exc", "I_ext"))
    kept = caught.value.recording
    assert len(kept.t) > 5
    found = kept["exc->exc"].array("delivered")[1:]
    np.testing.assert_allclose(found, kept["exc"].array("I_ext")[1:] - 10.0, rtol=1e-9)


def test_ctrl_c_leaves_no_gap(monkeypatch):
    values = Delivery.values

    def interrupted(self, *given):
        signal.raise_signal(signal.SIGINT)
        return values(self, *given)

    monkeypatch.setattr(Delivery, "values", interrupted)
    net = excited_inhibited()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            nm.run(net, 100 * second, inputs={"exc": 8.0}, record=("exc->inh", "inh.I_ext"))
    finally:
        signal.signal(signal.SIGINT, before)
    kept = caught.value.recording
    assert len(kept.t) == pytest.approx(net.t.m_as(ms) / DT + 1)
    assert len(kept.t) > 100
    assert bits(kept["exc->inh"])["delivered"] == bits(kept["inh"])["I_ext"]


# ------------------------------------------------------------------- names, and elsewhere


def test_the_name_of_a_connection_is_its_synapse_or_what_it_delivers(tmp_path):
    net = pair()
    net.connect("exc", "inh", J=1.0, synapse=nm.synapses.Exponential(5 * ms))
    net.connect("inh", "exc", J=-1.0)
    run = lambda record: nm.run(net, 1 * ms, record=record)
    assert [run("exc->inh")["exc->inh"].names, run("inh->exc")["inh->exc"].names] == [
        ("s",), ("delivered",),
    ]  # fmt: skip
    both = run(("exc->inh", "exc->inh.delivered", "exc.r"))
    np.testing.assert_allclose(both["exc->inh"].array("delivered")[1:],
                               0.01 * both["exc->inh"].array("s", Hz)[:-1])  # fmt: skip
    assert set(run("delivered")) == {"exc->inh", "inh->exc"}
    assert set(nm.run(net, 1 * ms)) == {"exc", "inh", "exc->inh"}  # states, as before
    assert nm.load(both.save(tmp_path / "both.npz")) == both
    assert ("exc->inh", "delivered") in both.to_dataframe().columns
    with pytest.raises(ValueError, match="exc->inh has no 'delivred'; did you mean delivered"):
        run("exc->inh.delivred")


def test_values_of_different_lanes_are_recorded_apart():
    net = nm.Network({"one": qif(shape=3), "other": qif()})
    net.connect("one", "other", J=matrix(1, 3), synapse=nm.synapses.Exponential(5 * ms))
    with pytest.raises(ValueError, match=r"different lanes: s .*delivered"):
        nm.run(net, 1 * ms, record=("one->other.s", "one->other.delivered"))
    assert nm.run(net, 1 * ms, record="delivered")["one->other"].shape == ()


def test_sweeps_and_observers_have_it():
    net = excited_inhibited()
    largest = lambda rec: rec["exc->inh"].array("delivered").max(axis=0)
    measures = {
        "drive": nm.measures.mean("exc->inh.delivered"),
        "trace": nm.measures.trace("exc->inh.delivered", every=50),
        "largest": nm.measures.custom(largest, record="exc->inh"),
    }
    res = nm.sweep(net, {"exc->inh.J": [5.0, 10.0], "exc.eta": [-5.0, 0.0]}, 5 * ms, measures)
    for place in np.ndindex(2, 2):
        point = net.copy()
        point["exc->inh"].J, point["exc"].eta = [5.0, 10.0][place[0]], [-5.0, 0.0][place[1]]
        expected = nm.run(point, 5 * ms, record="exc->inh")["exc->inh"].delivered.mean()
        assert res["drive"][place].m == pytest.approx(expected.m, rel=1e-12)
        assert np.max(res["trace"][place].m) <= res["largest"][place].m
    whole = nm.run(net.copy(), 5 * ms, record="exc->inh")
    seen = nm.run(net.copy(), 5 * ms, record="exc->inh",
                  observe={"x": nm.brain.average("exc->inh.delivered", 1 * ms)})  # fmt: skip
    assert seen["exc->inh"] == whole["exc->inh"]
    assert seen["x"].shape == ()
