"""Signals enter a step as their mean over it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass import signals as s
from neuromass.units import Hz, kHz, ms, second

RNG = np.random.default_rng(1)
ROWS = RNG.random((40, 2))


def makers(a, b, width, gap):
    """Signals of all classes, with edges at a and b, and pulses of a width with gaps."""
    period = (width + gap) * ms
    return {
        "constant": s.Constant(2.0),
        "step": s.Step(3.0, start=a * ms, stop=b * ms, base=1.0),
        "lanes": s.Step([3.0, 4.0], start=a * ms),
        "pulses": s.Pulses(2.0, width=width * ms, period=period, start=a * ms),
        "pulses that stop": s.Pulses(2.0, width=width * ms, period=period, stop=b * ms),
        "pulses that are counted": s.Pulses(2.0, width=width * ms, period=period, count=4),
        "pulses at times": s.Pulses(
            1.0, width=width * ms, times=[a, a + width, b + 3 * width] * ms
        ),
        "ramp": s.Ramp(1.0, 4.0, start=a * ms, stop=b * ms),
        "sine": s.Sine(1.0, frequency=7.3 * kHz, start=a * ms, stop=b * ms, offset=0.5),
        "sines": s.Sine(1.0, frequency=[0.3, 21.0] * kHz, phase=1.0),
        "fine samples": s.Sampled(ROWS[:, 0], 0.0037 * ms, start=a * ms, outside="zero"),
        "held samples": s.Sampled(ROWS, 0.13 * ms, start=a * ms, outside="hold"),
        "linear samples": s.Sampled(ROWS, 0.07 * ms, a * ms, kind="linear", outside="hold"),
        "fine linear": s.Sampled(ROWS[:, 0], 0.009 * ms, a * ms, kind="linear", outside="zero"),
        "sum": s.Step(3.0, start=a * ms) + 0.5 * s.Ramp(0.0, 4.0, start=a * ms, stop=b * ms),
    }


NAMES = list(makers(0.2, 1.0, 0.1, 0.1))
TIMES = st.floats(0.01, 2.0)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(TIMES, TIMES, st.floats(0.002, 0.3), st.floats(0.002, 0.3), st.integers(0, 30))
def test_means_are_integrals(name, a, length, width, gap, first):
    """Against the midpoint rule with 4000 points in each step."""
    signal, dt, points = makers(a, a + length, width, gap)[name], 0.05, 4000
    found = signal.means(first, 6, dt)
    times = (first + (np.arange(6 * points) + 0.5) / points) * dt
    values = signal.sample(times)
    expected = values.reshape(6, points, *values.shape[1:]).mean(axis=1)
    edges = 2 + np.ceil(dt / (width + gap)) * 2 + 14
    np.testing.assert_allclose(found, expected, atol=4.0 * edges / points)
    np.testing.assert_array_equal(signal.means(first + 2, 3, dt), found[2:5])


@pytest.mark.parametrize("name", NAMES)
def test_a_step_cut_in_parts_has_their_mean(name):
    signal = makers(0.2171, 1.0313, 0.0172, 0.0411)[name]
    whole, halves = signal.means(0, 30, 0.1), signal.means(0, 60, 0.05)
    joined = halves.reshape(30, 2, *halves.shape[1:]).mean(axis=1)
    np.testing.assert_allclose(whole, joined, rtol=1e-11, atol=1e-13)


def test_on_the_grid_nothing_is_mixed():
    step = s.Step(0.1, start=0.15 * ms, stop=0.3 * ms, base=0.7)
    assert step.means(0, 8, 0.05).tolist() == [0.7] * 3 + [0.1] * 3 + [0.7] * 2
    train = s.Pulses(0.1, width=0.1 * ms, period=0.3 * ms, start=0.1 * ms)
    assert train.means(0, 12, 0.05).tolist() == ([0.0] * 2 + [0.1] * 2 + [0.0] * 2) * 2
    late = train.means(6 * 10**9, 6, 0.05)
    assert late.tolist() == [0.0] * 2 + [0.1] * 2 + [0.0] * 2
    samples = s.Sampled(ROWS[:, 0], 0.05 * ms)
    assert samples.means(0, 40, 0.05).tolist() == ROWS[:, 0].tolist()


@pytest.mark.parametrize(("width", "period"), [(0.02, 10.0), (0.07, 10.0), (0.004, 0.011)])
def test_a_train_keeps_its_area(width, period):
    train = s.Pulses(1.0, width=width * ms, period=period * ms, start=0.03 * ms)
    rec = nm.run(nm.QIF(), 110 * ms, inputs=train, record="I_ext")
    expected = width * np.floor((110 - 0.03) / period + (period == 10.0))
    assert rec.array("I_ext")[1:].sum() * 0.05 == pytest.approx(expected, rel=1e-3)


def test_a_wave_faster_than_the_steps_fades():
    assert abs(s.Sine(1.0, frequency=19.99 * kHz).means(0, 2000, 0.05)).max() < 1e-3
    slow = s.Sine(1.0, frequency=10 * Hz)
    times = (np.arange(100) + 0.5) * 0.05
    np.testing.assert_allclose(slow.means(0, 100, 0.05), slow.sample(times), rtol=1e-6)


def test_samples_finer_than_the_step_are_averaged():
    values = np.random.default_rng(0).standard_normal(20_000)
    means = s.Sampled(values, 0.005 * ms).means(0, 2000, 0.05)
    np.testing.assert_allclose(means, values.reshape(2000, 10).mean(axis=1), atol=1e-12)


def exact(t, eta, r, v):
    """The closed solution of QIF without coupling, delta = 1 (tau = 1)."""
    w, w0 = np.pi * r + 1j * v, np.sqrt(eta - 1j)
    c = (w - w0) / (w + w0)
    e = c * np.exp(-2j * w0 * t)
    w = w0 * (1 + e) / (1 - e)
    return w.real / np.pi, w.imag


def test_order_two_with_edges_anywhere():
    start, stop, end = 0.3137, 1.7713, 3.0
    r, v = exact(start, -1.0, 0.1, -1.0)
    r, v = exact(stop - start, 2.0, r, v)
    r, v = exact(end - stop, -1.0, r, v)
    signal = s.Step(3.0, start=start * second, stop=stop * second)
    errors, steps = [], [300, 600, 1200, 2400, 4800]
    for n in steps:
        pop = nm.QIF(
            tau=1 * second, eta=-1.0, initial={"r": 0.1 * Hz, "v": -1.0}, dt=end / n * second
        )
        nm.run(pop, end * second, inputs=signal, record=())
        errors.append(abs(pop.r.magnitude - r) + abs(pop.v.magnitude - v))
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.1)


ACTS = {
    "a sine and a later step": s.Sine(1.0, frequency=10 * Hz) + s.Step(1.0, start=500 * ms),
    "a ramp that has not begun": s.Ramp(1.0, 4.0, start=500 * ms, stop=600 * ms),
    "a base": s.Step(3.0, start=500 * ms, base=0.1),
    "one pulse": s.Pulses(1.0, width=0.01 * ms, times=[15] * ms),
    "samples": s.Sampled([0.0, 1.0, 0.0], 10 * ms),
    "a scaled step": -0.5 * s.Step(1.0),
}
IDLE = {
    "a later step": s.Step(3.0, start=20 * ms),
    "an earlier step": s.Step(3.0, stop=10 * ms),
    "no pulse": s.Pulses(1.0, width=1 * ms, period=100 * ms),
    "a ramp from zero": s.Ramp(0.0, 4.0, start=20 * ms, stop=600 * ms),
    "a wave that is over": s.Sine(1.0, frequency=10 * Hz, stop=10 * ms),
    "nothing twice": s.Step(3.0, start=20 * ms) + s.Step(3.0, stop=10 * ms),
    "times zero": 0.0 * s.Step(3.0),
    "samples of zero": s.Sampled([1.0, 0.0, 1.0], 10 * ms),
}


@pytest.mark.parametrize("name", [*ACTS, *IDLE])
def test_what_is_zero_in_a_span(name):
    assert {**ACTS, **IDLE}[name].is_zero(10.0, 20.0) == (name in IDLE)
