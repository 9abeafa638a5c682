"""Rate and potential, and the complex Kuramoto order parameter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuromass as nm
from neuromass.units import Hz, UnitError, kHz, ms, mV, second


def test_the_value_of_the_quiet_state():
    z = nm.kuramoto(81.1344419501197 * Hz, -1.96161998858317, 1 * ms)
    assert isinstance(z, complex)
    assert z * 1 != 0
    scaled = nm.kuramoto(8.11344419501197 * Hz, -1.96161998858317, 10 * ms)
    kilo = nm.kuramoto(0.0811344419501197 * kHz, -1.96161998858317, 1 * ms)
    expected = -0.537171469862499 - 0.723483896722709j
    assert scaled == pytest.approx(expected, abs=1e-14)
    assert kilo == pytest.approx(expected, abs=1e-14)
    assert abs(expected) == pytest.approx(0.9, abs=0.005)


def test_a_population_tells_its_own():
    pop = nm.QIF.montbrio2015()
    assert pop.kuramoto() == pytest.approx(-0.537171469862499 - 0.723483896722709j, abs=1e-12)
    many = nm.QIFSynaptic(shape=(2, 3), initial={"r": 5 * Hz})
    assert many.kuramoto().shape == (2, 3)
    assert many.kuramoto().dtype == complex


def test_recorded_traces_go_through():
    pop = nm.QIF.montbrio2015()
    rec = nm.run(pop, 50 * ms, 3.0)
    z = nm.kuramoto(rec.r, rec.v, pop.tau)
    assert z.shape == rec.r.shape
    assert np.all(np.abs(z) < 1)
    r, v = nm.rate_and_potential(z, pop.tau)
    assert np.allclose(r.m_as(Hz), rec.r.magnitude, rtol=1e-10)
    assert np.allclose(v, rec.v.magnitude, rtol=1e-10)


def test_it_is_the_mean_over_the_neurons():
    """Potentials of the neurons are a Lorentzian around v of half-width pi tau r."""
    r, v, tau = 20 * Hz, -0.7, 10 * ms
    V = nm.lorentzian_quantiles(200_001, v, math.pi * 0.2)
    mean = np.exp(2j * np.arctan(V)).mean()
    assert nm.kuramoto(r, v, tau) == pytest.approx(mean, abs=1e-5)


@given(
    x=st.floats(1e-3, 50), v=st.floats(-30, 30), tau=st.floats(0.1, 100)
)  # fmt: skip
def test_there_and_back(x, v, tau):
    rate = x / tau * kHz
    z = nm.kuramoto(rate, v, tau * ms)
    assert abs(z) <= 1
    back, potential = nm.rate_and_potential(z, tau * ms)
    accuracy = 1e-14 * (1 + (math.pi * x) ** 2 + v**2)
    assert abs(back.m_as(kHz) * tau - x) < accuracy
    assert abs(potential - v) < accuracy


def test_silence_and_extremes():
    assert nm.kuramoto(0 * Hz, 0.0, 10 * ms) == 1
    r, v = nm.rate_and_potential(1.0, 10 * ms)
    assert (r, v) == (0 * Hz, 0)
    r, v = nm.rate_and_potential(0, 10 * ms)
    assert r.m_as(Hz) == pytest.approx(100 / math.pi)
    assert isinstance(v, float)
    many, _ = nm.rate_and_potential([0.5, 0.5j], 10 * ms)
    assert many.shape == (2,)


def test_bad_arguments_are_named():
    with pytest.raises(UnitError, match="r needs a rate"):
        nm.kuramoto(8.0, -2.0, 10 * ms)
    with pytest.raises(UnitError, match="v needs a plain number"):
        nm.kuramoto(8 * Hz, -2 * mV, 10 * ms)
    with pytest.raises(UnitError, match="tau needs a time"):
        nm.kuramoto(8 * Hz, -2.0, 10)
    with pytest.raises(ValueError, match="tau must be positive"):
        nm.kuramoto(8 * Hz, -2.0, 0 * second)
    with pytest.raises(ValueError, match=r"Z has a modulus of 1\.5"):
        nm.rate_and_potential(1.5, 10 * ms)
    with pytest.raises(ValueError, match="Z = -1"):
        nm.rate_and_potential(-1, 10 * ms)
    with pytest.raises(ValueError, match="Z must be finite"):
        nm.rate_and_potential(complex("nan"), 10 * ms)


@given(
    r=st.floats(0.001, 1), v=st.floats(-5, 5), eta=st.floats(-10, 10), delta=st.floats(0, 3),
    J=st.floats(-20, 20), tau=st.floats(1, 50), drive=st.floats(-5, 5),
)  # fmt: skip
def test_theta_neurons_are_those_of_qif(r, v, eta, delta, J, tau, drive):
    """By the chain rule: Z moves as r and v, which it is made of, do."""
    drdt, dvdt = nm.QIF.derivatives(r, v, drive, tau, eta, delta, J)
    w, dw = math.pi * tau * r - 1j * v, math.pi * tau * drdt - 1j * dvdt
    expected = -2 / (1 + w) ** 2 * dw
    z = nm.kuramoto(1000 * r * Hz, v, tau * ms)
    found = nm.theta_neurons(z, tau * ms, eta, delta, J, drive)
    size = (abs(eta + drive) + delta + abs(J) * r * tau + 1) / tau
    assert found.m_as("1/ms") == pytest.approx(expected, rel=1e-9, abs=1e-9 * size)


def test_theta_neurons_move_as_the_population_does():
    pop = nm.QIF.montbrio2015(initial={"r": 20 * Hz, "v": -1.0}, dt=0.001 * ms, method="rk4")
    rec = nm.run(pop, 10 * ms, 2.0)
    z = nm.kuramoto(rec.r, rec.v, pop.tau)
    rate = nm.theta_neurons(z[1:-1], pop.tau, pop.eta, pop.delta, pop.J, 2.0)
    moved = (z[2:] - z[:-2]) / 0.002
    np.testing.assert_allclose(rate.m_as("1/ms"), moved, atol=1e-7)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"tau": 10}, UnitError, "tau"), ({"eta": 1 * mV}, UnitError, "eta"),
        ({"Z": 2.0}, ValueError, "modulus"), ({"J": math.nan}, ValueError, "J"),
    ],
)  # fmt: skip
def test_theta_neurons_check_what_they_get(changed, error, text):
    values = {"Z": 0.1 + 0.2j, "tau": 10 * ms, "eta": 1.0, "delta": 1.0, "J": 0.0, **changed}
    with pytest.raises(error, match=text):
        nm.theta_neurons(**values)
