"""What may change between the steps of a network, and what its histories are after that."""

import pickle

import numpy as np
import pytest
from network_samples import DT, drive, excited_inhibited, pair, quiet, state_of, zoo

import neuromass as nm
from neuromass.units import Hz, ms

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
