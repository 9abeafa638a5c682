"""QIF with adaptation and depression: bifurcations, the bursting cycle, limits."""

import math

import numpy as np
import pytest
from model_equations import PI, crossings, extrapolated, folds, hopf_points, on_branch

import neuromass as nm
from neuromass.units import Hz, ms

CYCLIC_J = 15 * math.sqrt(2)
BURSTING = {"tau": 1 * ms, "delta": 2.0, "J": CYCLIC_J, "tau_a": 10 * ms}
"""Gast et al. 2020; with tau = 1 ms the internal units are those of the paper."""
ADAPTING = {
    "QIFAlphaAdaptation": (1.0, [-4.03981860084, -0.534080541355], [36.4952007, 14.647778]),
    "QIFAdaptation": (
        1.0,
        [-3.92335305377284, -0.386079811598746],
        [22.6633957509872, 4.53480784477842],
    ),
    "QIFDepression": (0.05, [-5.65862864328, -5.01859807184], [57.3343016, 20.1715876]),
}


@pytest.mark.parametrize("name", ADAPTING)
def test_hopf_bifurcations_of_adaptation_and_depression(name):
    cls, (alpha, etas, periods) = getattr(nm, name), ADAPTING[name]
    at = on_branch(cls, **BURSTING, alpha=alpha)
    found = hopf_points(at, cls, np.linspace(0.05, 2.0, 400))
    found = sorted((values["eta"], 2 * PI / omega) for values, omega in found)
    assert [eta for eta, _ in found] == pytest.approx(etas, abs=2e-11)
    assert [each for _, each in found] == pytest.approx(periods, rel=3e-8)


def test_folds_of_alpha_adaptation():
    at = on_branch(nm.QIFAlphaAdaptation, **BURSTING, alpha=1.0)
    found = folds(at, nm.QIFAlphaAdaptation, np.linspace(0.05, 2.0, 400))
    etas = sorted(values["eta"] for values in found)
    assert etas == pytest.approx([-3.548702284, -3.537497314], abs=2e-9)


@pytest.mark.slow
def test_the_bursting_cycle():
    """The duration is the reference's; the extremes are those of DOP853's interpolant."""

    def measured(dt):
        pop = nm.QIFAlphaAdaptation.gast2020(tau=1 * ms, tau_a=10 * ms, dt=dt * ms)
        rec = nm.run(pop, 1000 * ms, record="r")
        times, r = crossings(rec, "r"), rec.array("r", "kHz")[-round(60 / dt) :]
        bursts = times[np.append(True, np.diff(times) > 10)]
        mean = (bursts[-1] - bursts[0]) / (len(bursts) - 1)
        return np.array([mean, r.min(), r.max()])

    duration, low, high = extrapolated(measured, 1 / 4000)
    assert duration == pytest.approx(47.46267100611, rel=1e-8)
    assert low == pytest.approx(0.0996100352345, abs=1e-10)
    assert high == pytest.approx(3.4660760921, abs=2e-6)


def test_the_tutorial_protocol_with_alpha_adaptation():
    step = nm.signals.Step(3.0, start=20 * ms, stop=80 * ms)
    times = np.array([50, 79.99, 100])

    def measured(dt):
        pop = nm.QIFAlphaAdaptation(
            tau=1 * ms, eta=-5.0, delta=1.0, J=15.0, alpha=0.5, tau_a=10 * ms,
            initial={"r": 10 * Hz, "v": -2.0}, dt=dt * ms,
        )  # fmt: skip
        rec = nm.run(pop, 100 * ms, step, record="r")
        r = rec.array("r", "kHz")
        top = r.argmax()
        return np.array([*r[np.rint(times / dt).astype(int)], r[top], rec.t.magnitude[top]])

    found = extrapolated(measured, 1 / 2000)
    assert found[:3] == pytest.approx([0.0719568795, 0.143376444, 0.0750503603], abs=2e-9)
    assert found[3] == pytest.approx(2.7288, abs=1e-4)
    assert found[4] == pytest.approx(23.28, abs=1e-2)


@pytest.mark.parametrize("cls", [nm.QIFAdaptation, nm.QIFAlphaAdaptation, nm.QIFDepression])
def test_without_alpha_it_is_a_qif_population(cls):
    assert_like_qif(cls(eta=-5.0, J=15.0, alpha=0.0))


def test_without_gap_junctions_it_is_a_qif_population():
    assert_like_qif(nm.QIFGapJunction(eta=-5.0, J=15.0, g=0.0))


def test_without_conductance_it_is_a_qif_population_without_coupling():
    assert_like_qif(nm.QIFConductance(eta=-5.0, kappa=0.0), J=0.0)


def assert_like_qif(pop, J=15.0):
    signal = nm.signals.Sine(4.0, period=40 * ms, offset=2.0)
    plain = nm.run(nm.QIF(eta=-5.0, J=J), 300 * ms, signal)
    rec = nm.run(pop, 300 * ms, signal)
    for name in ("r", "v"):
        assert np.allclose(rec[name].magnitude, plain[name].magnitude, rtol=1e-10, atol=1e-12)


def test_the_steady_adaptation_is_alpha_tau_a_r():
    for cls in (nm.QIFAdaptation, nm.QIFAlphaAdaptation):
        pop = cls(eta=3.0, alpha=0.3, tau_a=50 * ms)
        nm.run(pop, 3000 * ms)
        assert pop.raw.a == pytest.approx(0.3 * 50 * pop.raw.r, rel=1e-9)
        (rest,) = pop.equilibria()
        assert pop.raw.r == pytest.approx(rest.r.m_as(1 / ms), rel=1e-9)
