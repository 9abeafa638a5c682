"""QIF with synapses, gap junctions and conductances: bifurcations, periods, limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import PI, extrapolated, hopf_points, on_branch, pair, period

import neuromass as nm
from neuromass.units import Hz, ms

GAMMA = {"tau": 1 * ms, "tau_s": 1 * ms, "J": -21.0}
CONDUCTING = {"tau": 1 * ms, "delta": 0.5, "tau_s": 1 / 0.95 * ms, "v_syn": -10.0, "kappa": 1.0}


def test_hopf_bifurcation_of_inhibitory_synapses():
    at = on_branch(nm.QIFSynaptic, **GAMMA, delta=1.0)
    found = hopf_points(at, nm.QIFSynaptic, np.linspace(0.05, 2, 100))
    ((values, omega),) = found
    assert values["eta"] == pytest.approx(8.76379260595685, abs=1e-11)
    assert omega == pytest.approx(2.7832748435767, rel=1e-12)
    assert 1000 * omega / (2 * PI * 10) == pytest.approx(44.2971949, abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(r=st.floats(0.15, 1.5), delta=st.floats(0.1, 2), td=st.floats(0.2, 3))
def test_hopf_bifurcations_of_inhibitory_synapses_in_closed_form(r, delta, td):
    J = 4 * PI * delta * td + delta / (PI * td * r**2) + 2 * delta**2 / (PI**2 * r**3)
    J += delta**3 * td / (PI**3 * r**4)
    at = on_branch(nm.QIFSynaptic, tau=1 * ms, tau_s=td * ms, delta=delta, J=-J)(r)
    assert at["eta"] == pytest.approx(PI**2 * r**2 - at["v"] ** 2 + J * r, rel=1e-12)
    assert pair(nm.QIFSynaptic, at).real == pytest.approx(0, abs=1e-9 * (1 + J))


CYCLES = {
    "QIFSynaptic": ({**GAMMA, "delta": 0.3, "eta": 4.0}, 3.40472134187082),
    "QIFGapJunction": ({"tau": 1 * ms, "delta": 1.0, "g": 2.0, "eta": 2.0}, 2.25477028933241),
    "QIFConductance": ({**CONDUCTING, "eta": 20.0}, 2.08294239206295),
}


@pytest.mark.parametrize("name", CYCLES)
def test_periods_of_limit_cycles(name):
    cls, (keywords, expected) = getattr(nm, name), CYCLES[name]

    def measured(dt):
        pop = cls(**keywords, initial={"r": 300 * Hz, "v": -0.5}, dt=dt * ms)
        return period(pop, 200 * ms)

    assert measured(1 / 4000) == pytest.approx(expected, rel=1e-6)
    assert extrapolated(measured, 1 / 4000) == pytest.approx(expected, rel=2e-9)


def test_the_inhibitory_population_of_2017_is_in_the_gamma_band():
    pop = nm.QIFSynaptic.devalle2017(dt=0.005 * ms)
    assert 1000 / period(pop, 2000 * ms) == pytest.approx(36.26, abs=0.01)
    slower = nm.QIFSynaptic.devalle2017(tau_s=10 * ms, dt=0.005 * ms)
    assert 1000 / period(slower, 2000 * ms) == pytest.approx(100 / 3.40472134187082, rel=1e-5)


def test_fast_synapses_approach_a_qif_population():
    plain = nm.QIF(eta=-5.0, J=15.0, initial={"r": 20 * Hz, "v": -1.0}, dt=0.001 * ms)
    nm.run(plain, 20 * ms, 4.0)
    gaps = []
    for tau_s in (0.04, 0.02, 0.01):
        initial = {**plain.initial, "s": 0.2}
        pop = nm.QIFSynaptic(eta=-5.0, J=15.0, tau_s=tau_s * ms, initial=initial, dt=0.001 * ms)
        nm.run(pop, 20 * ms, 4.0)
        gaps.append(abs(pop.raw.r - plain.raw.r) / plain.raw.r)
    assert np.allclose(np.log2(np.divide(gaps[:-1], gaps[1:])), 1, atol=0.15)
    assert gaps[-1] < 0.05


def test_hopf_bifurcation_of_gap_junctions():
    at = on_branch(nm.QIFGapJunction, tau=1 * ms, delta=1.0, g=2.0, J=0.0)
    ((values, omega),) = hopf_points(at, nm.QIFGapJunction, np.linspace(0.05, 1.5, 60))
    assert values["eta"] == pytest.approx(0.75, abs=1e-12)
    assert omega == pytest.approx(math.sqrt(3), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(delta=st.floats(0.2, 3), g=st.floats(0.2, 3), J=st.floats(-10, 2))
def test_hopf_bifurcations_of_gap_junctions_in_closed_form(delta, g, J):
    at = on_branch(nm.QIFGapJunction, tau=1 * ms, delta=delta, g=g, J=J)(2 * delta / (PI * g))
    omega2 = 16 * delta**2 / g**2 - g**2 / 4 - 4 * delta * J / (PI * g)
    assert at["v"] == pytest.approx(g / 4, rel=1e-12)
    assert at["eta"] == pytest.approx(
        4 * delta**2 / g**2 - g**2 / 16 - 2 * delta * J / (PI * g), rel=1e-9, abs=1e-9
    )
    if omega2 > 1e-3:
        found = pair(nm.QIFGapJunction, at)
        assert found.real == pytest.approx(0, abs=1e-12 * (1 + omega2))
        assert found.imag**2 == pytest.approx(omega2, rel=1e-9)


def test_hopf_bifurcations_of_conductances():
    at = on_branch(nm.QIFConductance, **CONDUCTING)
    found = hopf_points(at, nm.QIFConductance, np.linspace(0.02, 2, 300))
    etas = sorted(values["eta"] for values, _ in found)
    assert etas == pytest.approx([3.92951106825596, 23.4010622746097], abs=1e-11)
