"""Measures of recordings, spectra and coherence, on known signals and known oscillations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass.measures.oscillation import peaks_of, period_of
from neuromass.units import Hz, kHz, ms, mV, second

m = nm.measures
SIMPLE = {
    "final": lambda x: x[-1],
    "mean": lambda x: np.mean(x, axis=0),
    "std": lambda x: np.std(x, axis=0),
    "minimum": lambda x: np.min(x, axis=0),
    "maximum": lambda x: np.max(x, axis=0),
}


def noisy(shape=(), length=400 * ms, **options):
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.0, tau=5 * ms)}
    pop = nm.QIF(J=15.0, noise=noise, seed=4, shape=shape)
    return nm.run(pop, length, record=("r", "v", "I_ext"), **options)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("name", SIMPLE)
def test_simple_measures_are_those_of_numpy(name, shape):
    rec = noisy(shape)
    found = getattr(m, name)("r")(rec)
    assert found.units == Hz
    np.testing.assert_allclose(found.magnitude, SIMPLE[name](rec.array("r", Hz)), rtol=1e-12)
    assert np.shape(found) == shape


def test_inputs_are_measured_too():
    rec = noisy()
    assert m.mean("I_ext")(rec) == pytest.approx(np.mean(rec.array("I_ext", "")), rel=1e-12)


@pytest.mark.parametrize("length", [0.05, 51.15, 51.2, 51.25, 102.4, 150.0])
def test_pieces_of_any_length_make_the_mean_and_the_deviation(length):
    rec = noisy((2,), length * ms)
    np.testing.assert_allclose(m.mean("v")(rec).magnitude, rec["v"].magnitude.mean(0), rtol=1e-12)
    np.testing.assert_allclose(m.std("v")(rec).magnitude, rec["v"].magnitude.std(0), rtol=1e-11)


def test_a_lane_is_measured_as_by_itself():
    rec = noisy((3,))
    lanes = nm.measures.std("r")(rec)
    for lane in range(3):
        alone = nm.run(
            nm.QIF(J=15.0, noise={"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.0, tau=5 * ms)},
                   seed=4, lane=lane), 400 * ms)  # fmt: skip
        assert m.std("r")(alone) == lanes[lane]


def test_a_deviation_far_from_zero_is_exact():
    trace = 1e8 + np.sin(np.arange(5000.0))
    made = m.std("x").begin(1.0)
    for part in np.split(trace, [7, 1024, 1025, 3000]):
        made.add(part[:, np.newaxis])
    assert made.result() == pytest.approx(np.std(trace), rel=1e-7)


def test_measures_take_members_of_networks_by_name():
    net = nm.Network({"exc": nm.QIF(J=15.0), "inh": nm.QIF()})
    rec = nm.run(net, 20 * ms)
    assert m.maximum("inh.r")(rec) == m.maximum("r")(rec["inh"])
    with pytest.raises(KeyError, match="several members"):
        m.maximum("r")(rec)
    with pytest.raises(KeyError, match="ihn"):
        m.maximum("ihn.r")(rec)


def test_measures_take_what_is_recorded_by_hand():
    pop = nm.QIF(J=15.0)
    with nm.record(pop) as rec:
        for _ in range(100):
            pop.update(3.0)
    assert m.final("r")(rec) == pop.r


def test_a_trace_is_thinned_out():
    rec = noisy((2,), 10 * ms)
    found = m.trace("v", every=7)(rec)
    assert np.array_equal(found.magnitude, rec["v"].magnitude[::7])


def test_a_custom_measure_has_its_unit():
    rec = noisy()
    swing = m.custom(lambda rec: np.ptp(rec.array("r", Hz)), unit=Hz)
    assert swing(rec).to(kHz).magnitude == pytest.approx(np.ptp(rec.array("r", kHz)))
    assert m.custom(lambda rec: rec.r[-1], unit=Hz)(rec) == rec.r[-1]
    with pytest.raises(nm.UnitError):
        m.custom(lambda rec: 3 * mV, unit=Hz)(rec)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: m.mean(3), TypeError),
        (lambda: m.peak_count("r", prominence=0.0), ValueError),
        (lambda: m.trace("r", every=0), ValueError),
        (lambda: m.custom("r"), TypeError),
        (lambda: m.mean("r")(3.0), TypeError),
        (lambda: m.mean("q")(noisy(length=1 * ms)), KeyError),
    ],
)
def test_measures_refuse(call, error):
    with pytest.raises(error):
        call()


# -------------------------------------------------------------------------- oscillations


@settings(max_examples=60, deadline=None)
@given(
    period=st.floats(12.0, 900.0),
    phase=st.floats(0.0, 6.3),
    second=st.floats(0.0, 0.8),
    third=st.floats(0.0, 0.8),
    offset=st.floats(-100.0, 100.0),
)
def test_the_period_of_a_wave_of_any_shape_is_found_below_the_sampling(
    period, phase, second, third, offset
):
    t = 2.0 * np.pi * np.arange(4000) / period + phase
    trace = offset + np.sin(t) + second * np.cos(2 * t) + third * np.sin(3 * t + 1.0)
    assert period_of(trace) == pytest.approx(period, rel=2e-3)


@pytest.mark.parametrize("period", [50.3, 200.0, 777.7])
def test_a_long_sine_has_an_exact_period(period):
    assert period_of(np.sin(2.0 * np.pi * np.arange(20_000) / period)) == pytest.approx(
        period, rel=1e-5
    )


@pytest.mark.parametrize("level", [0.2, 0.5])
def test_noise_upon_a_sine_leaves_its_period(level):
    draw = np.random.default_rng(3)
    trace = np.sin(2.0 * np.pi * np.arange(20_000) / 300.0) + level * draw.normal(size=20_000)
    assert period_of(trace) == pytest.approx(300.0, rel=3e-3)


def test_bursts_have_the_period_of_the_pattern():
    t = np.arange(30_000)
    burst = np.where(t % 2000 < 575, 1.0 + np.sin(2.0 * np.pi * t / 100.0), 0.0)
    assert period_of(burst) == pytest.approx(2000.0, rel=1e-3)
    assert peaks_of(burst, 0.1) == 15 * 6


@pytest.mark.parametrize(
    "trace",
    [
        np.full(1000, 3.0),
        np.linspace(0.0, 1.0, 1000),
        np.exp(-np.arange(3000) / 300.0) * np.sin(np.arange(3000) / 20.0),
        np.random.default_rng(1).normal(size=4000),
        np.cumsum(np.random.default_rng(2).normal(size=4000)),
        np.sin(2.0 * np.pi * np.arange(1000) / 700.0),
        np.array([1.0, 2.0, 1.0]),
        np.full(100, np.nan),
    ],
    ids=["constant", "ramp", "decaying", "noise", "walk", "long", "short", "nan"],
)
def test_what_does_not_oscillate_has_no_period(trace):
    assert np.isnan(period_of(trace))


def test_peaks_are_those_of_scipy():
    find_peaks = pytest.importorskip("scipy.signal").find_peaks
    draw = np.random.default_rng(0)
    for _ in range(50):
        trace = np.convolve(draw.normal(size=500), np.ones(9) / 9, "valid")
        for share in (0.05, 0.2, 0.5):
            least = share * np.ptp(trace)
            assert peaks_of(trace, share) == len(find_peaks(trace, prominence=least)[0])


def test_the_cycles_of_the_reference():
    tau = 10 * ms
    fast = nm.QIFSynaptic(tau=tau, tau_s=tau, delta=0.3, J=-21.0, eta=4.0, dt=0.02 * ms)
    rec = nm.run(fast, 2 * second)[500 * ms :]
    assert m.period("r")(rec) / tau == pytest.approx(3.40472134187, rel=2e-5)
    gap = nm.QIFGapJunction(tau=tau, delta=1.0, g=2.0, eta=2.0, dt=0.02 * ms)
    rec = nm.run(gap, 2 * second)[500 * ms :]
    assert m.period("v")(rec) / tau == pytest.approx(2.25477028933, rel=2e-5)
    burst = nm.QIFAlphaAdaptation(
        tau=tau, delta=2.0, J=15.0 * np.sqrt(2.0), alpha=1.0, tau_a=10 * tau, eta=-2.0
    )
    rec = nm.run(burst, 10 * second)[2 * second :]
    assert m.period("r")(rec) / tau == pytest.approx(47.46267, rel=1e-4)
    rest = nm.run(nm.QIF(eta=-5.0), 1 * second)[300 * ms :]
    assert np.isnan(m.frequency("r")(rest).magnitude)


# ------------------------------------------------------------------------------- spectra


def test_a_spectrum_has_the_power_of_the_trace():
    pytest.importorskip("scipy")
    rec = noisy(length=40 * second, every=20)[500 * ms :]
    found = rec.spectrum("r")
    total = np.trapezoid(found.power.magnitude, found.frequency.magnitude)
    assert total == pytest.approx(np.var(rec.array("r", Hz)), rel=0.02)
    assert found.power.units == Hz**2 / Hz
    assert found.frequency.units == Hz


def test_the_peak_of_a_spectrum_and_what_is_coherent():
    pytest.importorskip("scipy")
    wave = nm.signals.Sine(1.0, frequency=20 * Hz)
    pop = nm.QIF(eta=[-5.0, -4.0])
    rec = nm.run(pop, 3 * second, inputs=wave, record=("r", "I_ext"))[500 * ms :]
    np.testing.assert_allclose(rec.spectrum("r").peak.to(Hz).magnitude, [20.0, 20.0], rtol=0.01)
    found = rec.coherence("r", "I_ext")
    near = np.argmin(abs(found.frequency - 20 * Hz))
    assert found.coherence.shape == (len(found.frequency), 2)
    assert np.all(found.coherence[near] > 0.999)


def test_spectra_of_members_and_their_refusals():
    pytest.importorskip("scipy")
    net = nm.Network({"exc": nm.QIF(J=15.0), "inh": nm.QIF()})
    rec = nm.run(net, 100 * ms)
    assert rec.spectrum("exc.r").power.shape == rec["exc"].spectrum("r").power.shape
    assert rec.coherence("exc.r", "inh.r").coherence.shape == (251,)
    with pytest.raises(KeyError, match=r"exc\.r"):
        rec.spectrum("r")
    with pytest.raises(ValueError, match="segment lies between"):
        rec["exc"].spectrum("r", segment=1 * second)
    with pytest.raises(AttributeError, match="coherence"):
        rec["exc"].spectrum("r").coherence  # noqa: B018


def test_spectra_are_drawn_with_their_units():
    pytest.importorskip("scipy")
    rec = noisy((3,), 1 * second)
    ax = rec.spectrum("r").plot(figsize=(4, 3))
    assert ax.get_xlabel() == "frequency (Hz)"
    assert len(ax.lines) == 3
    assert ax.get_yscale() == "log"
    assert rec.spectrum("v").plot(ax, color="k", label="v") is ax
