"""Linear noise: closed forms, the reference, and long stochastic runs."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA, second

pytest.importorskip("scipy")
TAU = 10 * ms


def node(**noise):
    return nm.QIF(tau=TAU, delta=1.0, J=15.0, eta=-5.0, noise=noise, seed=1, dt=0.05 * ms)


def test_the_covariance_at_the_node_of_the_reference():
    """sigma is 1 per square root of tau."""
    found = nm.analysis.linear_noise(node(v=nm.noise.White(1.0 / (10 * ms) ** 0.5)))
    assert found.equilibrium.kind == "node"
    rr = found.covariance("r") * TAU**2
    assert rr.m_as("") == pytest.approx(1.26943700e-4, rel=1e-7)
    assert (found.covariance("r", "v") * TAU).m_as("") == pytest.approx(3.06916882e-3, rel=1e-7)
    assert found.covariance("v").m_as("") == pytest.approx(0.137927369, rel=1e-7)
    assert found.std("v").magnitude == pytest.approx(0.137927369**0.5, rel=1e-7)


@pytest.mark.parametrize(
    "noise",
    [
        {"v": nm.noise.White(0.1 / ms**0.5)},
        {"I_ext": nm.noise.White(0.5 * ms**0.5)},
        {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=5 * ms)},
        {"r": nm.noise.OrnsteinUhlenbeck(sigma=0.05 * Hz / ms, tau=20 * ms)},
    ],
)
def test_the_spectrum_sums_up_to_the_variance(noise):
    found = nm.analysis.linear_noise(node(**noise))
    at = np.concatenate([np.linspace(0, 200, 40_001), np.geomspace(200.01, 2e5, 20_000)])
    spectrum = found.spectrum("r", at * Hz)
    total = np.trapezoid(spectrum.power.m_as(Hz**2 / Hz), at)
    assert total == pytest.approx(found.covariance("r").m_as(Hz**2), rel=1e-3)


def test_white_noise_is_coloured_noise_of_short_memory():
    white = nm.analysis.linear_noise(node(I_ext=nm.noise.White(0.5 * ms**0.5)))
    tau = 1e-3 * ms
    short = nm.noise.OrnsteinUhlenbeck(sigma=0.5 / np.sqrt(2 * 1e-3), tau=tau)
    found = nm.analysis.linear_noise(node(I_ext=short))
    assert found.std("r").m_as(Hz) == pytest.approx(white.std("r").m_as(Hz), rel=1e-3)


def test_the_transfer_is_what_a_weak_wave_does():
    pop = nm.QIF(tau=TAU, J=15.0, eta=-5.0, noise={"v": nm.noise.White(0.1 / ms**0.5)})
    found = nm.analysis.linear_noise(pop).transfer("I_ext", "r", [20.0] * Hz)
    quiet = nm.QIF(tau=TAU, J=15.0, eta=-5.0, initial="rest", dt=0.01 * ms)
    wave = nm.signals.Sine(1e-3, frequency=20 * Hz)
    rec = nm.run(quiet, 1 * second, inputs=wave)[500 * ms :]
    t, r = rec.array("t", second), rec.array("r", Hz)
    fit = np.stack([np.sin(40 * np.pi * t), np.cos(40 * np.pi * t), np.ones_like(t)], axis=1)
    (a, b, _), *_ = np.linalg.lstsq(fit, r, rcond=None)
    assert np.hypot(a, b) / 1e-3 == pytest.approx(found.gain[0].m_as(Hz), rel=2e-3)
    assert np.arctan2(b, a) == pytest.approx(found.phase[0], abs=5e-3)
    slow = nm.analysis.linear_noise(pop).transfer("I_ext", "r", [0.0] * Hz).gain[0]
    rates = [pop.equilibria(x)[0].r.m_as(Hz) for x in (-1e-4, 1e-4)]
    assert slow.m_as(Hz) == pytest.approx((rates[1] - rates[0]) / 2e-4, rel=1e-5)


@pytest.mark.slow
def test_a_long_run_fluctuates_as_linear_theory_says():
    pop = node(
        v=nm.noise.White(0.02 / ms**0.5), r=nm.noise.OrnsteinUhlenbeck(0.01 * Hz / ms, 5 * ms)
    )
    found = nm.analysis.linear_noise(pop)
    rec = nm.run(pop, 600 * second, every=10)[1 * second :]
    for name in ("r", "v"):
        measured = nm.measures.std(name)(rec).magnitude
        assert measured == pytest.approx(found.std(name).magnitude, rel=0.03)
    measured = rec.spectrum("r", segment=2 * second)
    expected = found.spectrum("r", measured.frequency[5:60]).power.magnitude
    assert np.mean(measured.power.magnitude[5:60] / expected) == pytest.approx(1.0, abs=0.03)


def test_models_with_units_and_chosen_equilibria():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=2 * pA, tau=5 * ms)}
    model = nm.IzhikevichMeanField(noise=noise)
    found = nm.analysis.linear_noise(model, 60 * pA)
    assert found.covariance("r", "v").check("[length]**2 * [mass] / [time]**4 / [current]")
    assert found.std("v").units == mV
    active = node(v=nm.noise.White(0.1 / ms**0.5))
    focus = active.equilibria()[2]
    about = nm.analysis.linear_noise(active, at=focus)
    assert about.spectrum("r").peak.m_as(Hz) == pytest.approx(focus.frequency.m_as(Hz), rel=0.05)
    assert "focus" in repr(about)


def test_what_does_not_fluctuate_is_refused():
    with pytest.raises(ValueError, match="has no noise"):
        nm.analysis.linear_noise(nm.QIF())
    pop = node(v=nm.noise.White(0.1 / ms**0.5))
    with pytest.raises(ValueError, match="saddle is not stable"):
        nm.analysis.linear_noise(pop, at=pop.equilibria()[1])
    with pytest.raises(TypeError, match="takes a population"):
        nm.analysis.linear_noise(nm.Network({"a": node(v=nm.noise.White(0.1 / ms**0.5))}))
    with pytest.raises(ValueError, match="no state 'q'"):
        nm.analysis.linear_noise(pop).std("q")
    with pytest.raises(ValueError, match="no input 'q'"):
        nm.analysis.linear_noise(pop).transfer("q", "r")
