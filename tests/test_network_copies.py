"""Snapshots, copies and resets of networks, their seeds, and networks in several threads."""

import copy
import pickle
import threading

import numpy as np
import pytest
from network_samples import DT, EVERYTHING, KICKED, drive, pair, qif, quiet, state_of, traces, zoo

import neuromass as nm
from neuromass.units import Hz, ms


class Pair(nm.Network):
    """A class of a user's own, made with its own words."""

    def __init__(self, strength):
        super().__init__({"exc": nm.QIF(J=8.0), "inh": Fast(2.0)})
        self.connect("exc", "inh", J=strength)
        self._strength = strength


class Fast(nm.QIF):
    """A model whose members are made with its own words."""

    def __init__(self, factor):
        super().__init__(tau=10 * ms / factor)
        self._factor = factor


def test_classes_of_ones_own_are_recorded_copied_and_checked():
    net = Pair(5.0)
    twin = pickle.loads(pickle.dumps(net.copy()))
    assert (type(twin), twin["exc->inh"].J, twin["inh"].tau) == (Pair, 5.0, 5 * ms)
    with nm.record(net) as rec:
        for _ in range(20):
            net.update({"exc": 3.0})
    assert traces(nm.run(twin, 1 * ms, inputs={"exc": 3.0})) == traces(rec)
    assert "dt is small enough" in str(nm.check_dt(net, 5 * ms))
    alone = Fast(2.0).copy(eta=-4.0)
    assert (type(alone), alone.tau, alone.eta) == (Fast, 5 * ms, -4.0)
    for each in (net, alone):
        with pytest.raises(AttributeError, match=r"begins with an underscore, self\._gain\."):
            each.gain = 1.0


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


# ------------------------------------------------- what a network is changed by, and when


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
