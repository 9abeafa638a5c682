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
    with pytest.raises(TypeError, match="takes a population"):
        nm.analysis.lyapunov(nm.Network({"a": pop}), 1 * ms)
