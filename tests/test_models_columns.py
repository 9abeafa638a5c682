"""Wilson-Cowan, Jansen-Rit, Wendling: cycles, equilibria, bifurcations, default inputs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import (
    BY_HAND,
    extrapolated,
    folds,
    hopf_points,
    numbers,
    period,
    rates,
    zero_of_line,
)
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import neuromass as nm
from neuromass.units import ms, mV, second


def test_the_limit_cycle_of_1972():
    def measured(dt):
        pop = nm.WilsonCowan.limit_cycle1972(tau_e=1 * ms, tau_i=1 * ms, dt=dt * ms)
        return period(pop, 200 * ms, "E")

    assert measured(1 / 1000) == pytest.approx(4.99589430412, rel=1e-5)
    assert extrapolated(measured, 1 / 2000) == pytest.approx(4.99589430412, rel=1e-9)


def test_equilibria_of_wilson_and_cowan():
    pop = nm.WilsonCowan.hysteresis1972()
    grid = np.linspace(0, 0.5, 41)
    starts = nm.WilsonCowan.hysteresis1972(
        initial={"E": np.repeat(grid, 41), "I": np.tile(grid, 41)}
    )
    nm.run(starts, 1000 * ms, {"P": 0.0, "Q": 0.0}, every=1000)
    ends = np.unique(np.round(starts.E.magnitude, 6))
    found = pop.equilibria(P=0.0, Q=0.0)
    assert np.allclose(ends, [float(each.E) for each in found if each.stable], atol=1e-6)
    assert (float(found[0].E), float(found[0].I)) == (0, 0)
    for c_ei in (0.0, 4.0):
        pop = nm.WilsonCowan.hysteresis1972(c_ei=c_ei)
        for rest in pop.equilibria(P=0.3, Q=0.1):
            values = {**numbers(nm.WilsonCowan, P=0.3, Q=0.1), **pop_values(pop)}
            at = {"E": float(rest.E), "I": float(rest.I)}
            assert np.allclose(rates(nm.WilsonCowan, {**values, **at}), 0, atol=1e-14)


def at_rest(cls, e, **keywords):
    """Populations at rest with some E and Q = 0: the I that it entails, and the P it needs."""
    p = numbers(cls, **keywords)
    part = lambda a, theta: p["offset"] / (1 + np.exp(a * theta))
    k_e, k_i = 1 - part(p["a_e"], p["theta_e"]), 1 - part(p["a_i"], p["theta_i"])
    response = lambda x: (
        1 / (1 + np.exp(-p["a_i"] * (x - p["theta_i"]))) - part(p["a_i"], p["theta_i"])
    )
    inhibition = lambda i: (k_i - p["r_i"] * i) * response(p["c_ie"] * e - p["c_ii"] * i) - i
    i = brentq(inhibition, -0.5, 1.0, xtol=1e-15)
    sigmoid = e / (k_e - p["r_e"] * e) + part(p["a_e"], p["theta_e"])
    drive = p["theta_e"] + np.log(sigmoid / (1 - sigmoid)) / p["a_e"]
    return {**p, "E": e, "I": i, "Q": 0.0, "P": drive - p["c_ee"] * e + p["c_ei"] * i}


VARIANTS = {
    "abeysuriya2018": (0.001, 0.3, [0.39606], [12.8924]),
    "cakan2021": (0.001, 0.42, [0.783394], [43.3101]),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_hopf_points_without_offset(name):
    """On the branch by its inverse; what the continuation finds is the same."""
    low, high, drives, frequencies = VARIANTS[name]
    pop = getattr(nm.WilsonCowan, name)()
    keywords = {each: getattr(pop, each) for each in pop.parameters}
    at = lambda e: at_rest(nm.WilsonCowan, e, **keywords)
    hopfs = hopf_points(at, nm.WilsonCowan, np.linspace(low, high, 400))
    expected = sorted((values["P"], omega / (2 * np.pi)) for values, omega in hopfs)
    assert [P for P, _ in expected] == pytest.approx(drives, rel=1e-5)
    assert [1000 * f for _, f in expected] == pytest.approx(frequencies, rel=1e-5)
    found = nm.analysis.continuation(pop, "P", (-1, 4)).hopfs
    assert np.allclose(
        sorted((float(each.P), each.frequency.m_as("kHz")) for each in found), expected, rtol=1e-6
    )


def test_responses_without_offset_do_not_vanish_at_zero():
    """At rest without input the activity is that of the plain sigmoid, not zero."""
    for c_ei in (0.0, 12.0):
        pop = nm.WilsonCowan(offset=0.0, c_ei=c_ei)
        values = {**numbers(nm.WilsonCowan, P=0.0, Q=0.0), **pop_values(pop)}
        found = pop.equilibria(P=0.0, Q=0.0)
        assert found.complete
        assert float(found[0].E) > 0.004
        for rest in found:
            at = {"E": float(rest.E), "I": float(rest.I)}
            assert np.allclose(rates(nm.WilsonCowan, {**values, **at}), 0, atol=1e-14)


def pop_values(pop):
    return {name: getattr(pop.raw, name) for name in pop.parameters}


def column_at(eeg):
    """The column at rest with some y1 - y2, and the input that puts it there."""
    cls = nm.JansenRit
    p = numbers(cls)
    still = dict.fromkeys(("y1", "y2", "y3", "y4", "y5"), 0.0)
    S = lambda v: 2 * p["e0"] / (1 + np.exp(p["rho"] * (p["v0"] - v)))
    y0 = p["A"] / p["a"] * S(eeg)
    y2 = p["B"] / p["b"] * 0.25 * p["C"] * S(0.25 * p["C"] * y0)
    values = {**p, **still, "y0": y0, "y1": y2 + eeg, "y2": y2}
    values["p"] = zero_of_line(lambda p: 1e3 * rates(cls, {**values, "p": p})[4])
    return values


def test_bifurcations_of_the_column():
    grid = np.linspace(-5, 15, 800)
    hopf = hopf_points(column_at, nm.JansenRit, grid)
    found = sorted(1000 * values["p"] for values, _ in hopf)
    expected = [-12.147492348419064, 89.82910796964393, 315.6964280688219]
    assert found == pytest.approx(expected, abs=1e-8)
    found = sorted(1000 * values["p"] for values in folds(column_at, nm.JansenRit, grid))
    assert found == pytest.approx([-41.30141048782872, 113.5862732127988], abs=1e-8)


def test_equilibria_of_the_column():
    pop = nm.JansenRit()
    for p in (-50, -20, 0, 50, 100, 113.58, 113.59, 220, 400):
        found = pop.equilibria(p / second)
        curve = 1000 * column_at(np.linspace(-10, 20, 6001))["p"] - p
        changes = np.count_nonzero(np.diff(np.sign(curve)))
        assert len(found) == changes
        for rest in found:
            eeg = rest.y1.magnitude - rest.y2.magnitude
            assert 1000 * column_at(eeg)["p"] == pytest.approx(p, abs=1e-8)


def test_the_alpha_rhythm():
    def measured(dt):
        pop = nm.JansenRit.alpha_rhythm(dt=dt * ms)
        nm.run(pop, 16 * second, every=1000)
        return period(pop, 2 * second, "eeg")

    assert 1000 / measured(0.1) == pytest.approx(10.9380287, rel=1e-4)
    assert 1000 / extrapolated(measured, 0.1) == pytest.approx(10.938028729808165, rel=1e-9)


def test_default_inputs_give_way_to_given_ones():
    column = nm.JansenRit()
    fed = nm.JansenRit()
    assert column.update() == fed.update(220 / second)
    assert fed.copy().update(0 / second) != column.copy().update()
    pair_ = nm.WilsonCowan()
    assert pair_.copy().update() == pair_.copy().update(P=1.25, Q=0.0)
    nm.run(pair_, 200 * ms, {"P": 0.0})
    assert pair_.E == 0
    assert column.update().units == mV


def test_without_fast_inhibition_wendling_is_jansen_and_rit():
    start = {"y0": 0.1 * mV, "y1": 20 * mV, "y2": 15 * mV}
    ours = nm.Wendling(G=0 * mV, initial=start)
    theirs = nm.JansenRit(initial=start)
    drive = nm.signals.Sine(60 / second, frequency=9 / second, offset=220 / second)
    first, other = (nm.run(each, 2 * second, drive, every=50) for each in (ours, theirs))
    np.testing.assert_allclose(first.y1.magnitude, other.y1.magnitude, rtol=1e-9)
    np.testing.assert_allclose(first.y2.magnitude, other.y2.magnitude, rtol=1e-9)
    assert len(ours.equilibria(p=100 / second)) == len(theirs.equilibria(100 / second)) == 3


def test_the_spikes_of_wendling():
    """Their period by an independent solution, and no other equilibrium than the unstable one."""
    pop = nm.Wendling.spikes2002()
    (rest,) = pop.equilibria()
    assert not rest.stable
    p = {**numbers(nm.Wendling), **pop_values(pop)}

    def rises(t, y):
        return y[1] - y[2] - y[3] - 5

    rises.direction = 1
    rhs = lambda t, y: BY_HAND["Wendling"](p, *y)
    run = solve_ivp(rhs, (0, 4000), [0.0] * 10, "DOP853", rtol=1e-10, atol=1e-11, events=rises)
    exact = np.diff(run.t_events[0])[-1]
    assert 1000 / exact == pytest.approx(4.484, abs=0.001)

    def measured(dt):
        pop = nm.Wendling.spikes2002(dt=dt * ms)
        return period(pop, 3 * second, "eeg")

    assert extrapolated(measured, 0.1) == pytest.approx(exact, rel=1e-6)


def test_what_wendling_says_of_the_onset_of_a_seizure():
    """Background is slow, spikes are large, and fast activity is small and above 12 Hz."""
    noise = {"p": nm.noise.White(3 / second**0.5)}
    size, speed = {}, {}
    for name in ("background2002", "spikes2002", "fast2002"):
        pop = getattr(nm.Wendling, name)(noise=noise, seed=2)
        rec = nm.run(pop, 20 * second, record="eeg", every=10)[2 * second :]
        size[name] = float(rec.eeg.magnitude.std())
        speed[name] = rec.spectrum("eeg").peak.m_as("Hz")
    assert speed["background2002"] < 7
    assert 3 < speed["spikes2002"] < 6
    assert 12 < speed["fast2002"] < 25
    assert size["spikes2002"] > 5 * max(size["background2002"], size["fast2002"])


@settings(max_examples=40, deadline=None)
@given(A=st.floats(2, 8), B=st.floats(0, 60), G=st.floats(0, 40), p=st.floats(0, 400))
def test_equilibria_of_wendling_are_all_on_a_fine_grid(A, B, G, p):
    """As many as the potential that returns itself changes sign, and each zeroes the equations."""
    pop = nm.Wendling(A=A * mV, B=B * mV, G=G * mV)
    found = pop.equilibria(p=p / second)
    values = {**pop_values(pop), "p": p / 1000}
    states = [[float(getattr(each, name).magnitude) for name in pop.state] for each in found]
    for each in states:
        assert np.allclose(BY_HAND["Wendling"](values, *each), 0, atol=1e-11)
    S = lambda v: 5e-3 / (1 + np.exp(0.56 * (6 - v)))
    eeg = np.linspace(-400, 400, 160_001)
    y0 = A / 0.1 * S(eeg)
    slow = B / 0.05 * S(33.75 * y0)
    back = A / 0.1 * (p / 1000 + 108 * S(135 * y0)) - 33.75 * slow
    excess = back - 108 * G / 0.5 * S(40.5 * y0 - 13.5 * slow) - eeg
    assert len(found) - np.count_nonzero(excess[1:] * excess[:-1] < 0) in (0, 2)
