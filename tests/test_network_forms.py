"""One coupling in all its forms: blocked, gathered, sparse and dense, with and without delays."""

import numpy as np
import pytest
from network_samples import DT, delays, drive, excited_inhibited, matrix, pair, qif, traces

import neuromass as nm
from neuromass.networks import delays as delayed
from neuromass.units import ms

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
    assert np.all(blocked.__system__().arrays().delays.groups["blocked"])
    gathered = scattered(J, delay * ms)
    gathered.__system__().arrays().delays.groups["blocked"] = 0
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


# ------------------------------------------------------------------ recordings


def test_histories_are_bounded_by_the_longest_delay():
    net = excited_inhibited()
    net["inh->exc"].delay = 50 * ms
    nm.run(net, 5000 * ms, every=1000)
    history = net.__system__().arrays().history
    assert history.shape[0] == 1
    assert history.shape[1] < 2**15
