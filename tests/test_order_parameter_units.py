"""Units of rates and of the order parameter: right values, and nothing read silently."""

import math

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, UnitError, kHz, ms, mV, second

# Z = i / 2 belongs to W = (3 + 4 i) / 5
RATE = 0.6 / (math.pi * 0.01)
"""In Hz, at tau = 10 ms."""


@pytest.mark.parametrize("rate", [RATE * Hz, RATE / second, RATE / 1000 * kHz, RATE / 1000 / ms])
@pytest.mark.parametrize("tau", [10 * ms, 0.01 * second, 10_000 * second / 1e6])
def test_units_of_one_rate_give_one_order_parameter(rate, tau):
    assert nm.kuramoto(rate, 0.8, tau) == pytest.approx(0.5j, abs=1e-14)


@pytest.mark.parametrize("tau", [10 * ms, 0.01 * second])
def test_the_rate_comes_back_in_hertz(tau):
    r, v = nm.rate_and_potential(0.5j, tau)
    assert r.units == Hz
    assert r.magnitude == pytest.approx(RATE, rel=1e-14)
    assert v == pytest.approx(0.8, rel=1e-14)


def test_each_lane_has_its_tau():
    r, v = nm.rate_and_potential([0.5j, 0.0], [10, 20] * ms)
    np.testing.assert_allclose(r.m_as(Hz), [RATE, 50 / math.pi], rtol=1e-14)
    np.testing.assert_allclose(v, [0.8, 0.0], atol=1e-14)


@pytest.mark.parametrize("rate", [8, 8.0, 0, [8.0, 9.0], np.array(8.0), np.float64(8.0)])
def test_a_bare_rate_is_refused(rate):
    with pytest.raises(UnitError, match=r"r needs a rate, for example 8 \* Hz, not the bare"):
        nm.kuramoto(rate, -2.0, 10 * ms)


@pytest.mark.parametrize("rate", [8 * ms, 8 * mV, [8, 9] * mV, 1 * Hz * Hz])
def test_a_rate_of_another_unit_is_refused(rate):
    with pytest.raises(UnitError, match="r needs a rate"):
        nm.kuramoto(rate, -2.0, 10 * ms)


@pytest.mark.parametrize("tau", [10, 10.0, 10 * Hz, 10 * mV, [10, 20]])
def test_a_time_constant_without_a_time_is_refused(tau):
    with pytest.raises(UnitError, match="tau needs a time"):
        nm.rate_and_potential(0.5j, tau)
    with pytest.raises(UnitError, match="tau needs a time"):
        nm.kuramoto(8 * Hz, -2.0, tau)


@pytest.mark.parametrize("Z", [0.5 * Hz, 0.5j * Hz, [0.5j, 0.0] * Hz, [0.5j * Hz], "0.5", None])
def test_an_order_parameter_with_a_unit_is_refused(Z):
    with pytest.raises(TypeError, match="Z needs a complex number without a unit"):
        nm.rate_and_potential(Z, 10 * ms)
