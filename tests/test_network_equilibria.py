"""Equilibria of networks without delays."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms


def pair():
    exc, inh = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0), nm.QIF(tau=10 * ms, eta=-5.0)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


def test_the_hopf_point_of_an_e_i_network():
    (only,) = pair().equilibria({"exc": 6.48371021427})
    assert only.frequency.m_as(Hz) == pytest.approx(24.45824, abs=1e-5)
    largest = only.eigenvalues.magnitude.real[0]
    assert largest == pytest.approx(0.0, abs=1e-9)
    assert [pair().equilibria({"exc": drive})[0].stable for drive in (6.4, 6.6)] == [True, False]


def test_a_synapse_is_the_model_with_one():
    net = nm.Network({"pop": nm.QIF(eta=4.0, delta=0.3)})
    net.connect("pop", "pop", J=-21.0, synapse=nm.synapses.Exponential(10 * ms))
    (found,) = net.equilibria()
    (model,) = nm.QIFSynaptic(eta=4.0, delta=0.3, J=-21.0, tau_s=10 * ms).equilibria()
    assert found["pop.r"].m_as(Hz) == pytest.approx(model.r.m_as(Hz), rel=1e-10)
    assert found["pop->pop.s"].m_as(Hz) == pytest.approx(model.r.m_as(Hz), rel=1e-10)
    np.testing.assert_allclose(
        found.eigenvalues.magnitude, model.eigenvalues.magnitude, rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize(
    "synapse",
    [None, nm.synapses.Alpha(3 * ms), nm.synapses.TsodyksMarkram(), nm.synapses.Depression()],
    ids=["none", "alpha", "tsodyks", "depression"],
)
def test_a_network_stays_where_it_is_at_rest(synapse):
    exc, inh = nm.QIF(eta=[1.0, 2.0], J=2.0), nm.QIF(eta=1.0)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=np.array([[1.0, 2.0]]), synapse=synapse)
    net.connect("inh", "exc", J=-2.0)
    nm.run(net, 3000 * ms, inputs={"exc": 0.5}, record=())
    found = net.equilibria({"exc": 0.5})
    nearest = min(found, key=lambda each: abs(each["inh.r"] - net["inh"].r).magnitude)
    assert nearest.stable
    np.testing.assert_allclose(nearest["exc.r"].magnitude, net["exc"].r.magnitude, rtol=1e-8)
    assert nearest["exc.r"].shape == (2,)
    assert found["exc.r"].shape == (len(found), 2)


def test_uncoupled_members_have_their_own():
    net = nm.Network({"a": nm.QIF(eta=-5.0, J=15.0)})
    found, own = net.equilibria(), nm.QIF(eta=-5.0, J=15.0).equilibria()
    np.testing.assert_allclose(found["a.r"].magnitude, own.r.magnitude, rtol=1e-9)
    assert [each.kind for each in found] == [each.kind for each in own]
    assert not found.complete
    few = net.equilibria(within={"a": {"r": (90 * Hz, 110 * Hz), "v": (-0.3, 0.0)}})
    assert np.any(np.isclose(few["a.r"].magnitude, 103.0597, atol=1e-3))


def test_delays_are_refused():
    net = pair()
    net["exc->inh"].delay = 1 * ms
    with pytest.raises(ValueError, match="exc->inh has a delay"):
        net.equilibria()
    with pytest.raises(KeyError, match=r"did you mean exc\.r"):
        pair().equilibria()["exc.rr"]
