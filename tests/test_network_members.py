"""What a network and its members are to each other, and what `connect` is told twice."""

import gc
import warnings
import weakref

import numpy as np
import pytest
from scipy import sparse

import neuromass as nm
from neuromass.units import ms


def pair(**given):
    exc, inh = nm.QIF(J=8.0, **given), nm.QIF(eta=2.0)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=3.0, delay=1 * ms)
    return net, exc, inh


def test_released_members_go_on_by_themselves():
    net, exc, inh = pair()
    nm.run(net, 5 * ms)
    alone = nm.QIF(J=8.0, initial=exc.state)
    net.release()
    assert exc.t.magnitude == inh.t.magnitude == 5.0
    assert exc.update(3.0) == alone.update(3.0)
    assert exc.t.magnitude == 5.05
    for use in (net.update, lambda: nm.run(net, 1 * ms), net.reset, net.release):
        with pytest.raises(RuntimeError, match="has released its members"):
            use()
    assert len(net) == 0


def test_a_network_that_nobody_refers_to_lets_go():
    net, exc, _ = pair()
    nm.run(net, 5 * ms)
    with pytest.raises(RuntimeError, match="member of a network"):
        exc.update(3.0)
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None
    assert exc.t.magnitude == 5.0
    exc.update(3.0)
    nm.Network({"again": exc})


def test_members_do_not_keep_their_network():
    _, exc, _ = pair()
    system = weakref.ref(pair()[0].__system__())
    gc.collect()
    assert system() is None
    exc.update(3.0)  # its own network was never kept either


def test_a_connection_keeps_its_network():
    net, exc, _ = pair()
    made = net["exc->inh"]
    del net
    gc.collect()
    with pytest.raises(RuntimeError, match="member of a network"):
        exc.update(3.0)
    assert made.J == 3.0


def test_clocks_are_compared_step_by_step():
    """After ten million steps times that differ by one are alike in six digits."""
    members = {"a": nm.QIF(), "b": nm.QIF()}
    for name, each in members.items():
        saved = each.snapshot()
        object.__setattr__(saved, "clock", 10_000_000 + (name == "b"))
        each.restore(saved)
    with pytest.raises(ValueError, match=r"b has t = 500000.05 ms, but a has 500000 ms"):
        nm.Network(members)


def test_the_same_call_again_adds_nothing_and_says_so():
    net = nm.Network({"exc": nm.QIF(), "inh": nm.QIF()})
    synapse = nm.synapses.Exponential(5 * ms)
    made = net.connect("exc", "inh", J=10.0, delay=1 * ms, synapse=synapse)
    with pytest.warns(UserWarning, match="exc->inh is there already as it is written here"):
        again = net.connect(
            "exc", "inh", J=10.0, delay=1 * ms, synapse=nm.synapses.Exponential(5 * ms)
        )
    assert again.name == made.name
    assert list(net.connections) == ["exc->inh"]
    for other in ({"J": 9.0}, {"J": 10.0}, {"J": 10.0, "delay": 2 * ms}):
        with pytest.raises(ValueError, match="connected already"):
            net.connect("exc", "inh", **other)


@pytest.mark.parametrize("matrix", [np.array([[0, 1], [1, 0]]) > 0, np.eye(2) * 1j])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_matrices_of_no_real_numbers_are_refused_dense_and_sparse(matrix, kind):
    net = nm.Network({"a": nm.QIF(shape=2)})
    with pytest.raises(TypeError, match="J needs"):
        net.connect("a", "a", J=kind(matrix))
    assert not net.connections


@pytest.mark.parametrize(
    ("J", "warns"),
    [
        (2.0, True),
        (np.array([[0.0, 1.0], [1.0, 0.0]]), False),
        (np.array([[0.5, 1.0], [1.0, 0.0]]), True),
        (sparse.csr_array([[0.0, 1.0], [1.0, 0.0]]), False),
    ],
)
def test_own_coupling_is_counted_twice_on_the_diagonal_alone(J, warns):
    net = nm.Network({"a": nm.QIF(J=14.5, shape=2)})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.connect("a", "a", J=J)
    assert any("recurrent coupling of its own" in str(each.message) for each in caught) == warns
