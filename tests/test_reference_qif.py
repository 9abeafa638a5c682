"""QIF against values computed independently: equilibria, transients, exact solutions, scaling."""

import math

import numpy as np
import pytest
import twin
from hypothesis import given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass.units import Hz, ms

TAU = 10.0
NODE = (0.0811344419501197, -1.96161998858317)
SADDLE = (0.472980340684684, -0.336493780822906)
FOCUS = (1.03059679883757, -0.154429883026426)
WITH_3 = (1.37324409848165, -0.115897052292354)
FOLDS = (-5.743527161658, -3.136134086196)


def population(r, v, dt=0.005, eta=-5.0, J=15.0, delta=1.0, **changes):
    """A population whose rate, and whose step, are given in units of tau."""
    start = {"r": r / TAU / ms, "v": v}
    return nm.QIF(
        tau=TAU * ms, eta=eta, J=J, delta=delta, initial=start, dt=dt * TAU * ms, **changes
    )


def rate(pop):
    """Spikes per tau."""
    return pop.raw.r * TAU


def after(pop, length, **options):
    """A run whose length is in units of tau."""
    return nm.run(pop, length * TAU * ms, **options)


def pulse(start, stop, amplitude=3.0):
    return nm.signals.Step(amplitude, start=start * TAU * ms, stop=stop * TAU * ms)


# ------------------------------------------------------------------------- equilibria


@pytest.mark.parametrize(
    ("start", "drive", "end"),
    [
        ((0.01, -2.0), 0.0, NODE),
        ((0.4, -0.5), 0.0, NODE),
        ((0.0, -5.0), 0.0, NODE),
        ((1.5, 0.5), 0.0, FOCUS),
        ((0.8, -0.1), 0.0, FOCUS),
        ((0.0, -2.0), 3.0, WITH_3),
        ((3.0, 2.0), 3.0, WITH_3),
    ],
)
def test_long_runs_end_in_the_equilibria(start, drive, end):
    pop = population(*start)
    after(pop, 100, inputs=drive, record=())
    assert abs(rate(pop) - end[0]) < 1e-9
    assert abs(pop.raw.v - end[1]) < 1e-9


def test_the_saddle_is_left_at_once_on_either_side():
    for shift, end in ((-1e-6, NODE), (1e-6, FOCUS)):
        pop = population(SADDLE[0] + shift, SADDLE[1])
        after(pop, 1, record=())
        assert abs(rate(pop) - SADDLE[0]) < 1e-2
        after(pop, 100, record=())
        assert abs(rate(pop) - end[0]) < 1e-9


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_equilibria_do_not_move(method):
    for r, v in (NODE, FOCUS):
        pop = population(r, v, method=method)
        after(pop, 10, record=())
        assert abs(rate(pop) - r) < 1e-13
        assert abs(pop.raw.v - v) < 1e-13


def test_both_states_exist_between_the_folds_only():
    outside = [FOLDS[0] - 1e-3, FOLDS[1] + 1e-3]
    inside = [FOLDS[0] + 1e-3, FOLDS[1] - 1e-3]
    ends = {}
    for start in ((0.0, -3.0), (0.8, -0.2)):
        many = population(*start, dt=0.01, eta=np.array([*outside, *inside]))
        after(many, 1500, record=())
        ends[start] = rate(many)
    low, high = ends.values()
    np.testing.assert_allclose(low[:2], high[:2], rtol=1e-6)
    assert (high[2:] - low[2:] > 0.1).all()


@pytest.mark.parametrize("eta", [-5.0, -2.0, 0.0, 4.0])
def test_equilibria_solve_their_polynomial(eta):
    pop = population(0.1, -1.0, eta=eta)
    after(pop, 200, record=())
    x = math.pi * rate(pop)
    assert abs(x**4 - 15.0 / math.pi * x**3 - eta * x**2 - 0.25) < 1e-10
    assert pop.raw.v == pytest.approx(-1.0 / (2 * x), rel=1e-10)


def test_time_averages_keep_the_relation_of_rate_and_potential():
    """2 <v> = -(delta / pi) <1/r> on any attractor; here under a periodic input."""
    pop = population(0.5, -1.0, dt=0.002)
    drive = nm.signals.Sine(4.0, period=10 * TAU * ms)
    after(pop, 200, inputs=drive, record=())
    _, r, v = after(pop, 10, inputs=drive).scaled(pop.tau)
    assert np.ptp(r) > 0.02
    assert 2 * np.mean(v[1:]) == pytest.approx(-np.mean(1 / r[1:]) / math.pi, rel=1e-5)


# --------------------------------------------------------------------------- transients


def extrapolated(measure):
    """What dt -> 0 gives, from three steps, and how far that can be trusted.

    With an error of a h^2 + O(h^3), `measure` at h, h/2 and h/4 gives two extrapolations; the
    second is closer to the truth than the two are to each other.
    """
    values = [np.asarray(measure(h)) for h in (0.002, 0.001, 0.0005)]
    first = values[1] + (values[1] - values[0]) / 3
    second = values[2] + (values[2] - values[1]) / 3
    return second, np.abs(second - first), values


def check_order_two(measure, expected, digits):
    """The error falls fourfold when dt is halved, and is as large as that predicts."""
    limit, doubt, values = extrapolated(measure)
    expected = np.asarray(expected)
    assert (np.abs(limit - expected) <= doubt + digits).all()
    ratio = np.linalg.norm(values[0] - values[1]) / np.linalg.norm(values[1] - values[2])
    assert ratio == pytest.approx(4.0, abs=0.1)
    predicted = np.abs(values[1] - values[2]) / 3
    assert (np.abs(values[2] - expected) <= 1.1 * predicted + digits).all()


def peak(r):
    """The highest point of the parabola through the highest sample and its neighbours."""
    top = int(np.argmax(r))
    before, here, after_it = r[top - 1 : top + 2]
    shift = 0.5 * (before - after_it) / (before - 2 * here + after_it)
    return top + shift, here - 0.25 * (before - after_it) * shift


def test_step_response():
    def measure(h):
        pop = population(*NODE, dt=h)
        rec = after(pop, 40, inputs=pulse(0, 30))
        return [rec.r.magnitude[round(t / h)] * TAU / 1000 for t in (2.5, 3, 10)]

    check_order_two(measure, [0.833780575617886, 1.19456049890514, 1.4000894123928], 1e-12)


def test_step_response_settles_in_the_active_state():
    def measure(h):
        pop = population(*NODE, dt=h)
        _, r, _ = after(pop, 40, inputs=pulse(0, 30)).scaled(pop.tau)
        place, top = peak(r)
        return [r[-1], place * h, top]

    check_order_two(measure, [1.03759173407999, 2.78843, 2.882736], [1e-12, 5e-6, 5e-7])


def test_tutorial_protocol():
    def measure(h):
        pop = population(0.01, -2.0, dt=h)
        _, r, v = after(pop, 100, inputs=pulse(20, 80)).scaled(pop.tau)
        place, top = peak(r)
        return [r[round(50 / h)], r[-1], v[-1], place * h, top]

    expected = [1.37135684, 1.02993151, -0.15476424, 22.788, 2.882736]
    check_order_two(measure, expected, [5e-9, 5e-9, 5e-9, 5e-4, 5e-7])


@pytest.mark.parametrize(
    ("t", "r", "v"),
    [
        (0.25, 0.139987072560537, -0.409970483024816),
        (0.5, 0.205285024352184, 0.0301408575865186),
        (1, 0.491830990318384, 0.54835388084964),
        (2, 0.418528575787569, -0.76849893016195),
        (5, 0.454078364305431, -0.29515873809711),
    ],
)
def test_exact_solution_without_coupling(t, r, v):
    assert twin.qif_without_coupling(t, 0.1, -1.0, 2.0, 1.0) == pytest.approx((r, v), abs=1e-13)

    def measure(h):
        pop = population(0.1, -1.0, dt=h, eta=2.0, J=0.0)
        after(pop, t, record=())
        return [rate(pop), pop.raw.v]

    check_order_two(measure, [r, v], 1e-13)


@given(
    r=st.floats(0.05, 2),
    v=st.floats(-3, 3),
    eta=st.floats(-5, 5),
    delta=st.floats(0.3, 2),
)
@settings(deadline=None, max_examples=30)
def test_exact_solution_from_anywhere(r, v, eta, delta):
    pop = population(r, v, dt=2e-4, eta=eta, J=0.0, delta=delta)
    after(pop, 2, record=())
    exact = twin.qif_without_coupling(2.0, r, v, eta, delta)
    scale = 1 + r + abs(v) + abs(eta)
    assert (rate(pop), pop.raw.v) == pytest.approx(exact, abs=1e-6 * scale**3)


# ------------------------------------------------------------------------------ scaling


@given(factor=st.floats(1e-3, 1e3), method=st.sampled_from(["euler", "heun"]))
@settings(deadline=None, max_examples=40)
def test_tau_rescales_time_and_rates_and_nothing_else(factor, method):
    def scaled(tau):
        start = {"r": 0.1 / tau / ms, "v": -1.0}
        pop = nm.QIF(
            tau=tau * ms, eta=-5.0, J=15.0, initial=start, dt=0.005 * tau * ms, method=method
        )
        drive = nm.signals.Step(3.0, start=1 * tau * ms, stop=4 * tau * ms)
        return nm.run(pop, 10 * tau * ms, inputs=drive).scaled(pop.tau)

    for one, other in zip(scaled(10.0), scaled(10.0 * factor), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-12)


@given(d=st.floats(0.1, 10))
@settings(deadline=None, max_examples=20)
def test_delta_rescales_as_the_equations_say(d):
    """(r, v, J) -> sqrt(d) (r, v, J), eta -> d eta, t -> t / sqrt(d)."""
    root = math.sqrt(d)
    one = population(0.1, -1.0, eta=-4.0)
    other = population(0.1 * root, -root, dt=0.005 / root, eta=-4.0 * d, J=15.0 * root, delta=d)
    for pop, drive in ((one, 3.0), (other, 3.0 * d)):
        for _ in range(400):
            pop.advance(drive)
    assert rate(other) == pytest.approx(root * rate(one), rel=1e-11)
    assert other.raw.v == pytest.approx(root * one.raw.v, rel=1e-11)


def test_rates_come_in_hertz():
    pop = population(*NODE)
    assert pop.r.to(Hz).magnitude == pytest.approx(8.11344419501197, rel=1e-14)
    assert (pop.r * pop.tau).to("").magnitude == pytest.approx(NODE[0], rel=1e-14)
    assert population(*FOCUS).r.to(Hz).magnitude == pytest.approx(103.059679883757, rel=1e-14)
