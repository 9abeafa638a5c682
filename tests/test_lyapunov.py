"""Lyapunov exponents: equilibria, cycles, the exact sum of QIF, chaos."""

import math

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, second

TAU = 10 * ms


@pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
def test_at_an_equilibrium_they_are_those_of_the_steps(method):
    pop = nm.QIF(tau=TAU, J=15.0, initial="rest", method=method)
    early, late = (nm.analysis.lyapunov(pop, t * ms, count=2).m_as("1/ms") for t in (200, 400))
    found = 2 * late - early  # those of the second half, when the vectors have turned
    values = pop.equilibria()[0].eigenvalues.m_as("1/ms")
    x = 0.05 * values
    terms = {"euler": 1, "heun": 2, "rk4": 4}[method]
    growth = np.abs(sum(x**n / math.factorial(n) for n in range(terms + 1)))
    np.testing.assert_allclose(found, np.sort(np.log(growth) / 0.05)[::-1], rtol=1e-7)
    assert pop.t == 0 * ms


def test_the_sum_is_that_of_the_divergence():
    """The divergence of the vector field of QIF is 4 v / tau."""
    pop = nm.QIF(tau=TAU, J=15.0, eta=-5.0, dt=0.01 * ms, initial={"r": 100 * Hz, "v": 0.0})
    wave = nm.signals.Sine(3.0, frequency=30 * Hz)
    rec = nm.run(pop.copy(), 300 * ms, inputs=wave)
    found = nm.analysis.lyapunov(pop, 300 * ms, wave, count=2).m_as("1/ms")
    v = rec.v.magnitude
    mean = np.sum(0.5 * (v[1:] + v[:-1])) / (len(v) - 1)
    assert found.sum() == pytest.approx(4 * mean / 10.0, rel=1e-4)


def test_a_cycle_has_one_that_is_zero():
    pop = nm.QIFSynaptic(tau=TAU, tau_s=TAU, delta=0.3, eta=4.0, J=-21.0, dt=0.02 * ms)
    nm.run(pop, 1 * second, record=())
    found = nm.analysis.lyapunov(pop, 10 * second, count=3).m_as("1/s")
    assert abs(found[0]) < 0.5
    assert found[1] < -5.0
    assert list(found) == sorted(found, reverse=True)


def test_a_neighbour_parts_as_the_tangent_says():
    """The first vector begins along r."""
    start = {"r": 50 * Hz, "v": 0.0}
    pop = nm.QIF(tau=TAU, delta=0.3, J=20.0, eta=-2.0, initial=start, dt=0.02 * ms)
    near = pop.copy()
    near.r = pop.r + 1e-7 * Hz
    for each in (pop, near):
        nm.run(each, 40 * ms, record=())
    ends = [np.array([each.raw.r, each.raw.v]) for each in (pop, near)]
    grown = np.log(np.linalg.norm(ends[1] - ends[0]) / 1e-10) / 40.0
    pop.reset()
    found = nm.analysis.lyapunov(pop, 40 * ms).m_as("1/ms")[0]
    assert found == pytest.approx(grown, rel=1e-3)


def test_what_cannot_be_done_is_refused():
    pop = nm.QIF()
    for count in (0, 3):
        with pytest.raises(ValueError, match="between 1 and 2"):
            nm.analysis.lyapunov(pop, 1 * ms, count=count)
    noisy = nm.QIF(noise={"r": nm.noise.OrnsteinUhlenbeck(0.1 * Hz / ms, 5 * ms)})
    with pytest.raises(ValueError, match="coloured noise on states"):
        nm.analysis.lyapunov(noisy, 1 * ms)
    held = nm.Network({"a": pop}, coupling="held")
    held.connect("a", "a", J=1.0)
    with pytest.raises(ValueError, match="coupling is full"):
        nm.analysis.lyapunov(held, 1 * ms)
    late = nm.Network({"a": nm.QIF()})
    late.connect("a", "a", J=1.0, delay=1 * ms)
    with pytest.raises(ValueError, match="delay"):
        nm.analysis.lyapunov(late, 1 * ms)
    wild = nm.QIF(noise={"r": nm.noise.White(100 * Hz / ms**0.5)}, seed=1)
    with pytest.raises(ValueError, match="carried r to its lower bound"):
        nm.analysis.lyapunov(wild, 100 * ms)


@pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
def test_noise_on_states_moves_the_points_at_which_the_tangents_are_taken(method):
    """The first vector begins along r."""
    start = {"r": 50 * Hz, "v": 0.0}
    noise = {"v": nm.noise.White(0.3 / ms**0.5)}
    given = {"delta": 0.3, "J": 20.0, "eta": -2.0, "noise": noise, "seed": 1, "method": method}
    pop = nm.QIF(tau=TAU, initial=start, dt=0.05 * ms, **given)
    found = nm.analysis.lyapunov(pop, 20 * ms).m_as("1/ms")[0]
    ends = []
    for shift in (-1e-5, 1e-5):
        near = pop.copy()
        near.r = pop.r + shift * Hz
        nm.run(near, 20 * ms, record=())
        ends.append(np.array([near.raw.r, near.raw.v]))
    assert found == pytest.approx(np.log(np.linalg.norm(ends[1] - ends[0]) / 2e-8) / 20, abs=1e-7)


# ------------------------------------------------------------------------- networks


def pair(method="heun", **noise):
    exc = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0, method=method, noise=noise.get("exc"), seed=1)
    inh = nm.QIF(eta=[-5.0, -4.0], method=method, noise=noise.get("inh"), seed=2)
    net = nm.Network({"exc": exc, "inh": inh})
    synapse = nm.synapses.Alpha(3 * ms)
    net.connect("exc", "inh", J=np.array([[10.0], [9.0]]), synapse=synapse)
    net.connect("inh", "exc", J=np.array([[-6.0, -4.0]]))
    return net


@pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
def test_the_largest_of_a_network_at_rest_is_that_of_its_steps(method):
    net = pair(method)
    drive = {"exc": 3.0}
    nm.run(net, 5 * second, inputs=drive, record=())
    (at,) = net.equilibria(drive)
    found = nm.analysis.lyapunov(net, 4 * second, drive, count=8).m_as("1/ms")
    x = 0.05 * at.eigenvalues.m_as("1/ms")
    terms = {"euler": 1, "heun": 2, "rk4": 4}[method]
    growth = np.log(np.abs(sum(x**n / math.factorial(n) for n in range(terms + 1)))) / 0.05
    assert found.sum() == pytest.approx(growth.sum(), rel=1e-9)
    np.testing.assert_allclose(found, np.sort(growth)[::-1], atol=2e-3)


def test_members_without_connections_have_their_own():
    wave = nm.signals.Sine(3.0, frequency=30 * Hz)
    one, other = nm.QIF(J=15.0, initial="rest"), nm.QIF(tau=20 * ms, J=5.0, eta=1.0)
    own = [nm.analysis.lyapunov(each, 200 * ms, wave, count=2).m_as("1/s") for each in (one, other)]
    net = nm.Network({"one": one, "other": other})
    found = nm.analysis.lyapunov(net, 200 * ms, {"one": wave, "other": wave}, count=4).m_as("1/s")
    np.testing.assert_allclose(found, np.sort(np.concatenate(own))[::-1], rtol=1e-9)


def test_volumes_do_not_depend_on_how_a_synapse_is_written():
    wave = nm.signals.Sine(1.0, frequency=20 * Hz)
    given = {"eta": 4.0, "delta": 0.3}
    model = nm.QIFSynaptic(J=-21.0, tau_s=7 * ms, **given)
    net = nm.Network({"pop": nm.QIF(**given)})
    net.connect("pop", "pop", J=-21.0, synapse=nm.synapses.Exponential(7 * ms))
    net["pop->pop"].s = model.r
    model.s = 10 * model.r.m_as("1/ms")
    own = nm.analysis.lyapunov(model, 300 * ms, wave, count=3).m_as("1/s")
    found = nm.analysis.lyapunov(net, 300 * ms, {"pop": wave}, count=3).m_as("1/s")
    assert found.sum() == pytest.approx(own.sum(), rel=1e-9)


@pytest.mark.parametrize("method", ["heun", "rk4"])
def test_a_neighbour_of_a_network_parts_as_the_tangent_says(method):
    """With noise on inputs and states, an inner stage of a synapse, lanes; from along exc.r."""
    noise = {
        "exc": {"v": nm.noise.White(0.1 / ms**0.5)},
        "inh": {"I_ext": nm.noise.OrnsteinUhlenbeck([0.5, 1.0], 5 * ms)},
    }
    drive = {"exc": nm.signals.Sine(5.0, frequency=20 * Hz, offset=8.0)}
    net = pair(method, **noise)
    nm.run(net, 100 * ms, inputs=drive, record=())
    found = nm.analysis.lyapunov(net, 50 * ms, drive).m_as("1/ms")[0]
    assert net.t == 100 * ms
    ends = []
    for shift in (-1e-5, 1e-5):
        near = net.copy()
        near["exc"].r = net["exc"].r + shift * Hz
        nm.run(near, 50 * ms, inputs=drive, record=())
        snapshot = near.snapshot().members
        ends.append(np.concatenate([np.ravel(each.state) for each in snapshot.values()]))
    assert found == pytest.approx(np.log(np.linalg.norm(ends[1] - ends[0]) / 2e-8) / 50, abs=1e-6)
