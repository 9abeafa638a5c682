"""Runs of networks that fail or are interrupted: what is named, kept and unchanged."""

import numpy as np
import pytest
from network_samples import DT, excited_inhibited, qif, quiet, state_of, traces, zoo
from samples import bits

import neuromass as nm
from neuromass.units import ms


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
