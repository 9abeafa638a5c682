"""The Lorentzian distribution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import neuromass as nm
from neuromass.units import UnitError, mV, pA, volt

WIDTHS = st.floats(0.01, 100)
CENTRES = st.floats(-50, 50)


@given(eta=CENTRES, centre=CENTRES, width=WIDTHS)
def test_the_density_is_the_cauchy_density(eta, centre, width):
    expected = stats.cauchy.pdf(eta, centre, width)
    assert nm.lorentzian(eta, centre, width) == pytest.approx(expected, rel=1e-12)


def test_the_density_has_a_unit_where_its_argument_has_one():
    plain = nm.lorentzian(-4.0, centre=-5.0, half_width=1.0)
    assert type(plain) is float
    v = np.linspace(-60, -20, 5) * mV
    density = nm.lorentzian(v, -0.04 * volt, 1 * mV)
    assert density.units == (1 / mV).units
    assert density.magnitude == pytest.approx(stats.cauchy.pdf(v.magnitude, -40, 1))
    assert nm.lorentzian(v, half_width=1 * mV).shape == (5,)


@given(n=st.integers(1, 500), centre=CENTRES, width=WIDTHS)
def test_quantiles_are_medians_of_equal_parts(n, centre, width):
    found = nm.lorentzian_quantiles(n, centre, width)
    below = stats.cauchy.cdf(found, centre, width)
    assert np.allclose(below, (np.arange(n) + 0.5) / n, atol=1e-9)
    assert np.all(np.diff(found) > 0)
    assert np.allclose(found - centre, -(found - centre)[::-1], rtol=1e-9, atol=1e-9)


def test_quantiles_keep_more_of_the_tail_than_those_at_j_over_n_plus_one():
    n = 1000
    j = np.arange(1, n + 1)
    others = np.tan(math.pi / 2 * (2 * j - n - 1) / (n + 1))
    assert nm.lorentzian_quantiles(n).max() > 1.9 * others.max()


def test_samples_follow_the_distribution_and_the_seed():
    found = nm.lorentzian_sample(20_000, -5.0, 2.0, seed=4)
    assert stats.kstest(found, stats.cauchy(-5, 2).cdf).pvalue > 0.01
    assert np.array_equal(found, nm.lorentzian_sample(20_000, -5.0, 2.0, seed=4))
    assert not np.array_equal(found, nm.lorentzian_sample(20_000, -5.0, 2.0, seed=5))
    assert not np.array_equal(nm.lorentzian_sample(9), nm.lorentzian_sample(9))


def test_units_go_through():
    found = nm.lorentzian_quantiles(5, -40 * mV, 0.001 * volt)
    assert found.m_as(mV) == pytest.approx(-40 + nm.lorentzian_quantiles(5))
    assert nm.lorentzian_sample(5, half_width=2 * pA, seed=1).units == pA


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="half_width must be positive, and 0 is not"):
        nm.lorentzian(1.0, half_width=0.0)
    with pytest.raises(UnitError, match="half_width needs a voltage"):
        nm.lorentzian(1 * mV, 0 * mV, 1.0)
    with pytest.raises(UnitError, match="centre needs a voltage"):
        nm.lorentzian_quantiles(3, 2 * pA, 1 * mV)
    with pytest.raises(ValueError, match="eta must be finite"):
        nm.lorentzian(math.nan)
    for draw in (nm.lorentzian_quantiles, nm.lorentzian_sample):
        with pytest.raises(ValueError, match="n must be at least 1"):
            draw(0)
        with pytest.raises(TypeError, match="n must be a whole number"):
            draw(2.5)
