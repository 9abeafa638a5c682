"""Epileptor and Larter-Breakspear: seizures, rest, cycles, chaos; and rates above a threshold."""

import numpy as np
import pytest
from model_equations import BY_HAND, numbers
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, fsolve

import neuromass as nm
from neuromass.units import Hz, ms, pA, second

# ------------------------------------------------------------------------------- Epileptor


def falls(t, z, level=3.4):
    """Times at which a trace falls through a level."""
    places = np.flatnonzero((z[:-1] >= level) & (z[1:] < level))
    part = (z[places] - level) / (z[places] - z[places + 1])
    return t[places] + part * (t[places + 1] - t[places])


def test_the_cycle_of_seizures():
    """Period and range of the slow variable, against DOP853 on the equations by hand."""
    p = {**numbers(nm.Epileptor), "tau": 1.0}
    f = lambda t, y: BY_HAND["Epileptor"](p, *y)

    def passing(t, y):
        return y[2] - 3.4

    passing.direction = -1
    start = [-1.6, -11.5, 3.5, -1.0, 0.0, -160.0]
    exact = solve_ivp(f, (0, 8000), start, "DOP853", rtol=1e-9, atol=1e-9, max_step=1.0,
                      events=passing)  # fmt: skip
    period = np.diff(exact.t_events[0])[-1]
    assert period == pytest.approx(1933.1737, abs=1e-3)
    settled = exact.y[2][exact.t > 3000]
    rec = nm.run(nm.Epileptor.jirsa2014(), 100 * second, record=("x1", "z"))
    t, z = rec.t.magnitude / 10, rec.z.magnitude
    assert np.diff(falls(t, z))[1:] == pytest.approx(period, rel=1e-4)
    late = z[t > 3000]
    assert (late.min(), late.max()) == pytest.approx((settled.min(), settled.max()), abs=1e-4)
    discharging = rec.x1.magnitude[(t > 3000) & (np.gradient(z) > 0)]
    quiet = rec.x1.magnitude[(t > 3000) & (np.gradient(z) < 0)]
    assert np.mean(discharging > -0.5) > 0.5
    assert np.mean(quiet < -1) > 0.95


def quiet_states(x0):
    """The equilibrium of x1, y1, z, g without discharges, and its most unstable eigenvalue.

    They do not feel x2 and y2 while x1 is negative.
    """
    x1 = brentq(lambda x: x**3 + 2 * x**2 + 4 * x - 4.1 - 4 * x0, -3, 0, xtol=1e-15)
    slope = 6 * x1 - 3 * x1**2
    matrix = np.array([[slope, 1, -1], [-10 * x1, -1, 0], [4 / 2857, 0, -1 / 2857]])
    eigenvalues = np.linalg.eigvals(matrix)
    return x1, eigenvalues[np.argmax(eigenvalues.real)]


def test_where_seizures_begin_to_come_by_themselves():
    """At x0 = -2.06, as published; the discharges alone decide it."""
    onset = brentq(lambda x0: quiet_states(x0)[1].real, -2.1, -2.0, xtol=1e-12)
    assert onset == pytest.approx(-2.06, abs=0.001)
    hopfs = nm.analysis.continuation(nm.Epileptor(), "x0", (-2.6, -1.6)).hopfs
    assert len(hopfs) == 3
    for hopf in hopfs:
        assert float(hopf.x0) == pytest.approx(onset, abs=1e-8)
        omega = abs(quiet_states(onset)[1].imag) / (2 * np.pi * 10)
        assert hopf.frequency.m_as("1/ms") == pytest.approx(omega, rel=1e-6)


# ------------------------------------------------------------------------ Larter-Breakspear


@pytest.mark.parametrize(
    ("spread", "lowest", "highest"), [(0.5, -80, -30), (0.58, -1, 1), (0.65, 5, 20)]
)
def test_rest_cycle_and_chaos(spread, lowest, highest):
    """The regimes of 2003 by the largest Lyapunov exponent, in 1/s; on a cycle it is zero.

    What is left of it there falls as one over the time, for the phase moves on a bounded curve.
    """
    column = nm.LarterBreakspear(d_V=spread, d_Z=spread, dt=0.05 * ms)
    nm.run(column, 3000 * ms, record=())
    (exponent,) = nm.analysis.lyapunov(column, 5000 * ms).magnitude
    assert lowest < exponent < highest


def column_at_rest(spread):
    p = {**numbers(nm.LarterBreakspear), "d_V": spread, "d_Z": spread}
    f = lambda y: np.array(BY_HAND["LarterBreakspear"](p, *y))
    return f, fsolve(f, [-0.18, 0.24, 0.1], xtol=1e-13)


def leading(spread):
    """The largest real part of the eigenvalues of central differences."""
    f, rest = column_at_rest(spread)
    steps = 1e-5 * np.eye(3)
    matrix = np.stack([(f(rest + h) - f(rest - h)) / 2e-5 for h in steps], axis=1)
    return np.linalg.eigvals(matrix).real.max()


def test_where_a_column_begins_to_oscillate():
    onset = brentq(leading, 0.54, 0.58, xtol=1e-10)
    assert onset == pytest.approx(0.5631, abs=5e-4)
    for shift in (-1e-4, 1e-4):
        spread = onset + shift
        column = nm.LarterBreakspear(d_V=spread, d_Z=spread)
        _, y = column_at_rest(spread)
        (rest,) = [each for each in column.equilibria() if abs(float(each.V) - y[0]) < 1e-6]
        assert np.allclose([float(rest.W), float(rest.Z)], y[1:], atol=1e-8)
        assert rest.stable == (shift < 0)


def test_columns_send_their_rate():
    column = nm.LarterBreakspear(C=0.5)
    expected = 0.5 * (1 + np.tanh(-0.3 / 0.65))
    assert column.Q_V.magnitude == pytest.approx(expected, rel=1e-14)
    assert column.output == "Q_V"


# ------------------------------------------------------------------------- threshold-linear


def test_equilibria_of_a_threshold_linear_population():
    for w in (-20.0, 0.0, 10.0, 24.3):
        pop = nm.ThresholdLinear(w=w * pA / Hz, theta=50 * pA)
        for current in (-10.0, 50.0, 80.0):
            above, gain = current - 50, 0.066 * w
            expected = [0.0] if above <= 0 else []
            if above * (1 - gain) > 0:
                expected.append(0.066 * above / (1 - gain))
            found = pop.equilibria(I_ext=current * pA)
            assert [each.r.m_as(Hz) for each in found] == pytest.approx(expected, rel=1e-12)
            for each in found:
                if each.r > 0 * Hz:
                    assert each.stable == (gain < 1)


def test_a_step_from_silence_in_closed_form():
    pop = nm.ThresholdLinear(w=5 * pA / Hz, dt=0.01 * ms)
    rec = nm.run(pop, 100 * ms, 120 * pA)
    gain = 0.066 * 5
    exact = 0.066 * 120 / (1 - gain) * (1 - np.exp(-(1 - gain) * rec.t.magnitude / 20))
    assert np.abs(rec.r.magnitude - exact).max() < 1e-6


def test_the_circuit_of_2015():
    exc = nm.ThresholdLinear(w=24.3 * pA / Hz)
    inh = nm.ThresholdLinear(tau=10 * ms, gain=0.351 * Hz / pA, w=-12.5 * pA / Hz)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", weight=12.2 * pA / Hz)
    net.connect("inh", "exc", weight=-19.7 * pA / Hz)
    nm.run(net, 1000 * ms, inputs={"exc": 100 * pA}, record=())
    gains = np.diag([0.066, 0.351])
    weights = np.array([[24.3, -19.7], [12.2, -12.5]])
    exact = np.linalg.solve(np.eye(2) - gains @ weights, gains @ [100, 0])
    assert [exc.r.m_as(Hz), inh.r.m_as(Hz)] == pytest.approx(exact, rel=1e-6)
