"""Trajectories of the QIF population: closed solutions, protocols of papers, identities."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import EQUILIBRIA, PI, extrapolated, final, numbers
from scipy.linalg import solve_continuous_lyapunov

import neuromass as nm
from neuromass.dynamics.jacobian import jacobian
from neuromass.units import Hz, ms


def test_the_closed_solution_without_coupling():
    """The reference's table, from the formula; then both orders against it."""
    exact = closed_solution(1.0, 2.0, 0.1 + 0j, -1.0)
    table = {
        0.25: (0.139987072560537, -0.409970483024816),
        0.5: (0.205285024352184, 0.0301408575865186),
        1: (0.491830990318384, 0.54835388084964),
        2: (0.418528575787569, -0.76849893016195),
        5: (0.454078364305431, -0.29515873809711),
    }
    for t, values in table.items():
        assert exact(t) == pytest.approx(values, abs=1e-13)
    for method, order in (("euler", 1), ("heun", 2)):
        errors = []
        for dt in (0.005, 0.0025, 0.00125):
            start = {"r": 100 * Hz, "v": -1.0}
            pop = nm.QIF(tau=1 * ms, eta=2.0, delta=1.0, initial=start, dt=dt * ms, method=method)
            nm.run(pop, 1 * ms)
            errors.append(abs(pop.raw.r - exact(1)[0]) + abs(pop.raw.v - exact(1)[1]))
        assert np.allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.1)


def closed_solution(delta, eta, r0, v0):
    W0 = cmath.sqrt(complex(eta, -delta))
    start = PI * r0 + 1j * v0
    C = (start - W0) / (start + W0)

    def at(t):
        turned = C * cmath.exp(-2j * W0 * t)
        W = W0 * (1 + turned) / (1 - turned)
        return W.real / PI, W.imag

    return at


@settings(max_examples=20, deadline=None)
@given(delta=st.floats(0.1, 3), eta=st.floats(-5, 5), r0=st.floats(0.05, 1), v0=st.floats(-2, 1))
def test_the_closed_solution_for_any_values(delta, eta, r0, v0):
    exact = closed_solution(delta, eta, r0, v0)(1.0)

    def end(dt):
        initial = {"r": 1000 * r0 * Hz, "v": v0}
        pop = nm.QIF(tau=1 * ms, eta=eta, delta=delta, initial=initial, dt=dt * ms)
        nm.run(pop, 1 * ms)
        return final(pop)

    assert np.allclose(extrapolated(end, 1 / 4096), exact, rtol=1e-6, atol=1e-7)


def test_the_step_response_of_2015():
    times = np.array([2.5, 3, 10, 40])
    expected = [0.833780575617886, 1.19456049890514, 1.4000894123928, 1.03759173407999]
    step = nm.signals.Step(3.0, start=0 * ms, stop=30 * ms)

    def measured(dt):
        pop = nm.QIF.montbrio2015(tau=1 * ms, dt=dt * ms)
        rec = nm.run(pop, 40 * ms, step, record="r")
        r = rec.array("r", "kHz")
        return np.append(r[np.rint(times / dt).astype(int)], r.max())

    *at_times, peak = extrapolated(measured, 1 / 2000)
    assert at_times == pytest.approx(expected, abs=1e-9)
    assert peak == pytest.approx(2.882736, abs=1e-5)


def test_the_tutorial_protocol():
    step = nm.signals.Step(3.0, start=20 * ms, stop=80 * ms)
    start = {"r": 10 * Hz, "v": -2.0}

    def measured(dt):
        pop = nm.QIF.montbrio2015(tau=1 * ms, initial=start, dt=dt * ms)
        rec = nm.run(pop, 100 * ms, step)
        r, v = rec.array("r", "kHz"), rec.array("v")
        half = len(r) // 2
        top = r.argmax()
        return np.array([r[half], r[-1], v[-1], r[top], rec.t.magnitude[top]])

    found = extrapolated(measured, 1 / 2000)
    assert found[:3] == pytest.approx([1.37135684, 1.02993151, -0.15476424], abs=6e-9)
    assert found[3] == pytest.approx(2.882736, abs=1e-5)
    assert found[4] == pytest.approx(22.788, abs=1e-3)


def test_equilibria_are_where_long_runs_end():
    pop = nm.QIF.montbrio2015(
        eta=np.array([-5.0, -5.0, 5.0]), initial={"r": [10, 100, 10] * Hz, "v": [-2, 0, 0]}
    )
    nm.run(pop, 2000 * ms)
    ends = [0.0811344419501197, 1.03059679883757]
    assert pop.r.magnitude[:2] / 100 == pytest.approx(ends, rel=1e-9)
    assert pop.r.magnitude[2] == pytest.approx(pop.equilibria()[2][0].r.magnitude, rel=1e-9)


def test_the_two_equations_alone_never_oscillate():
    """A focus has 2 Re = 4 v / tau, and v < 0 at rest."""
    pop = nm.QIF(tau=1 * ms, eta=5.0, delta=0.5, J=20.0, dt=0.005 * ms)
    (rest,) = pop.equilibria()
    assert rest.kind == "focus"
    assert rest.eigenvalues.m_as(1 / ms)[0].real == pytest.approx(2 * float(rest.v), rel=1e-12)
    assert rest.stable
    nm.run(pop, 200 * ms)
    assert pop.r.magnitude == pytest.approx(rest.r.magnitude, rel=1e-6)


def test_covariances_of_weak_white_noise_at_the_node():
    """A C + C A' + Q = 0 with the declared Jacobian."""
    p = numbers(nm.QIF, tau=1 * ms, eta=-5.0, delta=1.0, J=15.0)
    r, v, *_ = EQUILIBRIA[0]
    A = jacobian(nm.QIF.equations, {**p, "r": r, "v": v})
    C = solve_continuous_lyapunov(A, -np.diag([0.0, 1.0]))
    expected = [0.0001269436998857613, 0.003069168815799618, 0.13792736880795]
    assert [C[0, 0], C[0, 1], C[1, 1]] == pytest.approx(expected, rel=1e-11)


@settings(max_examples=15, deadline=None)
@given(d=st.floats(0.2, 5), J=st.floats(-10, 18), eta=st.floats(-6, 4), v=st.floats(-2, 0.5))
def test_scaling_maps_solutions_onto_solutions(d, J, eta, v):
    """(r, v, J) -> sqrt(d) (r, v, J), eta -> d eta, t -> t / sqrt(d)."""
    root = math.sqrt(d)
    one = nm.QIF(J=J, eta=eta, delta=1.0, initial={"r": 30 * Hz, "v": v}, dt=0.02 * ms)
    start = {"r": root * 30 * Hz, "v": root * v}
    other = nm.QIF(J=root * J, eta=d * eta, delta=d, initial=start, dt=0.02 / root * ms)
    first, second_ = (nm.run(pop, 1000 * pop.dt) for pop in (one, other))
    for name in ("r", "v"):
        mine, theirs = first[name].magnitude, second_[name].magnitude / root
        assert np.allclose(mine, theirs, rtol=1e-8, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(eta=st.floats(-6, 6), J=st.floats(-10, 16), delta=st.floats(0.3, 3), gap=st.floats(0, 1.5))
def test_the_time_average_of_v_follows_from_the_rate(eta, J, delta, gap):
    """d ln r / dt gives 2 <v> = g - (delta/pi) <1/(tau r)>, on an attractor; else its growth."""
    pop = nm.QIFGapJunction(tau=10 * ms, eta=eta, J=J, delta=delta, g=gap, dt=0.005 * ms)
    nm.run(pop, 20 * ms)
    rec = nm.run(pop, 200 * ms, nm.signals.Sine(1.0, period=50 * ms))
    x, v = 10 * rec.array("r", "kHz"), rec.array("v")
    mean = lambda y: (y[1:] + y[:-1]).mean() / 2
    growth = 10 * math.log(x[-1] / x[0]) / 200
    left, right = 2 * mean(v), gap - delta / PI * mean(1 / x) + growth
    assert left == pytest.approx(right, abs=2e-3 * (1 + abs(left)))
