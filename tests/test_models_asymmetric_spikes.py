"""Gap junctions with spikes that are not symmetric: the mean potential, and where they swing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import PI, on_branch, pair
from scipy.integrate import quad

import neuromass as nm
from neuromass.units import ms


def one_neuron(drive, g, ratio, peak=1e9):
    """Rate and mean potential of V' = V^2 - g V + drive, by integrals from reset to peak."""
    gap = drive - g * g / 4
    if gap <= 0:
        return 0.0, g / 2 - math.sqrt(-gap)
    width = math.sqrt(gap)
    period = (math.atan((peak - g / 2) / width) + math.atan((ratio * peak + g / 2) / width)) / width
    squares = [v * v - g * v + drive for v in (peak, -ratio * peak)]
    area = 0.5 * math.log(squares[0] / squares[1]) + g / 2 * period
    return 1 / period, area / period


@pytest.mark.parametrize(("ratio", "g", "J"), [(3.0, 1.0, 2.0), (0.4, 2.0, -1.0), (1.0, 1.5, 1.0)])
def test_neurons_with_such_spikes_bring_about_what_the_equations_say(ratio, g, J):
    """Each at the mean potential and rate of the model; their averages are these again."""
    tau, eta, delta = 10.0, 1.0, 0.7
    pop = nm.QIFAsymmetricSpikes(tau=tau * ms, eta=eta, delta=delta, J=J, g=g, asymmetry=ratio)
    for rest in pop.equilibria():
        r, v = tau * rest.r.m_as(1 / ms), float(rest.v)
        mean = v - r * math.log(ratio)
        pop.set(r=rest.r, v=rest.v)
        assert pop.v_mean.magnitude == pytest.approx(mean, rel=1e-13)

        def at(angle, which, mean=mean, r=r):
            """The integrand over an angle, in which the Lorentzian is uniform."""
            drive = eta + delta * math.tan(angle) + J * r + g * mean
            return one_neuron(drive, g, ratio)[which] / PI

        edge = math.atan((g * g / 4 - eta - J * r - g * mean) / delta)
        parts = [(-PI / 2, edge), (edge, PI / 2)]
        options = {"limit": 400, "epsabs": 1e-10}
        rate = sum(quad(at, *ends, args=(0,), **options)[0] for ends in parts)
        assert rate == pytest.approx(r, rel=1e-6)
        # far tails cancel: the mean of a Lorentzian is its principal value
        tails = sum(quad(at, *ends, args=(1,), **options)[0] for ends in parts)
        assert tails == pytest.approx(mean, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(delta=st.floats(0.2, 3), g=st.floats(0.2, 3), J=st.floats(-10, 2), ratio=st.floats(0.2, 5))
def test_hopf_bifurcations_in_closed_form(delta, g, J, ratio):
    """Those of gap junctions, with a part of these as a chemical synapse."""
    cls, felt = nm.QIFAsymmetricSpikes, J - g * math.log(ratio)
    at = on_branch(cls, tau=1 * ms, delta=delta, g=g, J=J, asymmetry=ratio)(2 * delta / (PI * g))
    omega2 = 16 * delta**2 / g**2 - g**2 / 4 - 4 * delta * felt / (PI * g)
    assert at["v"] == pytest.approx(g / 4, rel=1e-12)
    expected = 4 * delta**2 / g**2 - g**2 / 16 - 2 * delta * felt / (PI * g)
    assert at["eta"] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if omega2 > 1e-3:
        found = pair(cls, at)
        assert found.real == pytest.approx(0, abs=1e-12 * (1 + omega2))
        assert found.imag**2 == pytest.approx(omega2, rel=1e-9)


def test_symmetric_spikes_and_no_gap_junctions_are_what_they_were():
    start = {"initial": {"r": 20 / (1000 * ms), "v": -1.0}}
    for keywords in ({"g": 1.5}, {"g": 0.0, "asymmetry": 3.0}):
        own = nm.QIFAsymmetricSpikes(eta=1.0, J=4.0, **keywords, **start)
        other = nm.QIFGapJunction(eta=1.0, J=4.0, g=keywords["g"], **start)
        ours, theirs = nm.run(own, 30 * ms, 1.0), nm.run(other, 30 * ms, 1.0)
        np.testing.assert_allclose(ours.r.magnitude, theirs.r.magnitude, rtol=1e-12)
        np.testing.assert_allclose(ours.v.magnitude, theirs.v.magnitude, rtol=1e-12, atol=1e-13)


def test_spiking_neurons_follow():
    """A network with the same J - g ln a as chemical coupling, by the package's own neurons."""
    pop = nm.QIFAsymmetricSpikes(eta=1.0, g=1.0, asymmetry=3.0, J=3.0, initial="rest")
    net = nm.spiking.from_mean_field(pop, 4000, seed=1, dt=0.005 * ms)
    rec = nm.run(net, 60 * ms, record="r")
    late = rec.r[len(rec.t) // 2 :].mean()
    assert late.m_as("Hz") == pytest.approx(pop.r.m_as("Hz"), rel=0.03)
