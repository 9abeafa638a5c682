"""Normal forms, relaxation oscillators and phases: amplitudes, periods, Hopf points, synchrony."""

import math

import numpy as np
import pytest
from model_equations import BY_HAND, extrapolated, final, period
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import neuromass as nm
from neuromass.units import Hz, ms, second

# --------------------------------------------------------------------------- Stuart-Landau


@pytest.mark.parametrize("a", [0.25, 1.0, -0.3])
def test_the_modulus_follows_its_closed_form(a):
    """The squared modulus is that of logistic growth, the phase its integral."""
    tau, f, c, start, end = 5.0, 20.0, 0.7, 0.3, 25.0
    square = a * start**2 / (start**2 + (a - start**2) * math.exp(-2 * a * end / tau))
    slowed = 0.5 * c * math.log(1 + start**2 / a * math.expm1(2 * a * end / tau))
    turned = 2 * math.pi * f * end / 1000 - slowed
    exact = math.sqrt(square) * np.array([math.cos(turned), math.sin(turned)])

    def reached(dt):
        pop = nm.StuartLandau(
            tau=tau * ms, a=a, frequency=f * Hz, shear=c, initial={"x": start}, dt=dt * ms
        )
        nm.run(pop, end * ms, record=())
        return final(pop)

    errors = [np.abs(reached(dt) - exact).max() for dt in (0.05, 0.025)]
    assert errors[1] < 2e-5
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)


def test_the_cycle_has_the_amplitude_and_frequency_of_the_normal_form():
    pop = nm.StuartLandau(tau=20 * ms, a=0.36, frequency=12 * Hz, shear=0.5)
    frequency = 12 - 0.5 * 0.36 / (2 * math.pi * 0.02)
    (hopf,) = nm.analysis.continuation(pop, "a", (-1, 1)).hopfs
    assert float(hopf.a) == pytest.approx(0, abs=1e-9)
    assert hopf.supercritical
    (cycle,) = nm.analysis.cycles(hopf, (-1, 1)).at(0.36)
    assert cycle.frequency.m_as(Hz) == pytest.approx(frequency, rel=1e-8)
    rec = nm.run(pop, 2 * second)[1 * second :]
    assert np.hypot(rec.x.magnitude, rec.y.magnitude) == pytest.approx(0.6, rel=1e-4)


def test_a_force_that_holds_the_oscillator():
    """Both components of the equations vanish; the number of equilibria is that of the cubic."""
    rng = np.random.default_rng(5)
    numbers = set()
    for _ in range(200):
        p = {
            "tau": 10.0,
            "a": rng.uniform(-1, 2),
            "frequency": rng.uniform(-0.02, 0.02),
            "shear": rng.uniform(-2, 2),
            "I_x": rng.normal() / 2,
            "I_y": rng.normal() / 2,
        }
        pop = nm.StuartLandau(a=p["a"], frequency=1000 * p["frequency"] * Hz, shear=p["shear"])
        found = pop.equilibria(I_x=p["I_x"], I_y=p["I_y"])
        assert found.complete
        numbers.add(len(found))
        for rest in found:
            left = BY_HAND["StuartLandau"](p, float(rest.x), float(rest.y))
            assert np.allclose(left, 0, atol=1e-13)
    assert numbers == {1, 3}


# ------------------------------------------------------------------- van der Pol, FitzHugh


@pytest.mark.parametrize(("mu", "expected"), [(1.0, 6.6632868593231), (10.0, 19.0783695669)])
def test_the_period_of_van_der_pol(mu, expected):
    """Urabe's values, and a solution of one period by shooting."""
    p = {"tau": 1.0, "mu": mu, "I_ext": 0.0}
    rhs = lambda t, y: BY_HAND["VanDerPol"](p, *y)

    def returns(t, y):
        return y[1]

    returns.direction = -1
    run = solve_ivp(rhs, (0, 12 * expected), [2, 0], "DOP853", rtol=1e-12, atol=1e-12,
                    events=returns)  # fmt: skip
    assert np.diff(run.t_events[0])[-1] == pytest.approx(expected, rel=1e-9)

    def measured(dt):
        pop = nm.VanDerPol(tau=1 * ms, mu=mu, initial={"x": 2.0}, dt=dt * ms)
        return period(pop, (100 if mu < 5 else 200) * ms, "x")

    assert extrapolated(measured, 1 / 2000) == pytest.approx(expected, rel=1e-7)


def test_hopf_points_of_fitzhugh_and_nagumo():
    for phi, a, b in ((0.08, 0.7, 0.8), (0.2, 0.5, 0.9), (0.05, 0.7, 0.0)):
        v = np.array([-1, 1]) * math.sqrt(1 - b * phi)
        pop = nm.FitzHughNagumo(phi=phi, a=a, b=b)
        if b:
            expected = v**3 / 3 - v + (v + a) / b
            hopfs = nm.analysis.continuation(pop, "I_ext", (-2, 4)).hopfs
            assert sorted(float(each.I_ext) for each in hopfs) == pytest.approx(expected, abs=1e-8)
            omega = math.sqrt(phi * (1 - b**2 * phi)) / (2 * math.pi)
            for each in hopfs:
                assert each.frequency.m_as("1/ms") == pytest.approx(omega, rel=1e-7)
        else:
            (rest,) = pop.equilibria(I_ext=0.3)
            assert float(rest.v) == pytest.approx(-a)


def test_equilibria_of_fitzhugh_and_nagumo():
    for b in (0.5, 0.8, 1.0, 2.0, 5.0):
        for current in (-1.0, 0.0, 0.4, 0.875):
            excess = lambda v: v - v**3 / 3 - (v + 0.7) / b + current  # noqa: B023
            grid = np.linspace(-5, 5, 4001)
            signs = np.sign(excess(grid))
            roots = [brentq(excess, grid[i], grid[i + 1], xtol=1e-14) for i in
                     np.flatnonzero(signs[1:] != signs[:-1])]  # fmt: skip
            found = nm.FitzHughNagumo(b=b).equilibria(I_ext=current)
            assert sorted(float(each.v) for each in found) == pytest.approx(roots, abs=1e-10)


# --------------------------------------------------------------------------- phases


def quantiles(width, number):
    """Frequencies in Hz of equal weight from a Lorentzian of some half-width in rad/s."""
    places = (np.arange(number) + 0.5) / number
    return width * np.tan(np.pi * (places - 0.5)) / (2 * np.pi) * Hz


def order_of(strength, width=2.0, number=2000, theta=None):
    """The modulus of the order parameter after it has settled, averaged."""
    theta = np.linspace(0, 0.5, number) if theta is None else theta
    pop = nm.KuramotoOscillator(
        frequency=quantiles(width, number), initial={"theta": theta}, dt=10 * ms
    )
    late = []
    for step in range(4000):
        field = np.exp(1j * pop.raw.theta).mean()
        pull = strength * field / 1000
        pop.advance(I_x=pull.real, I_y=pull.imag)
        if step >= 2000:
            late.append(abs(field))
    return float(np.mean(late))


def test_synchrony_begins_where_kuramoto_says():
    """K = 2 delta for Lorentzian frequencies; beyond, the modulus is sqrt(1 - 2 delta / K)."""
    for strength in (1.0, 3.0):
        assert order_of(strength) < 0.05
    for strength in (5.0, 8.0, 16.0):
        expected = math.sqrt(1 - 4 / strength)
        assert order_of(strength) == pytest.approx(expected, abs=0.02)


def test_a_network_of_phases_is_the_loop_over_sines():
    number, strength = 12, 30.0
    rng = np.random.default_rng(2)
    start, speeds = rng.uniform(0, 6, number), rng.normal(60, 5, number)
    net = nm.Network(
        {"osc": nm.KuramotoOscillator(
            frequency=speeds / (2 * np.pi) * Hz, initial={"theta": start}, dt=0.1 * ms
        )}
    )  # fmt: skip
    all_to_all = np.full((number, number), strength / number) / second
    for part in "xy":
        net.connect("osc", "osc", weight=all_to_all, variable=part, input=f"I_{part}", name=part)
    nm.run(net, 200 * ms, record=())

    def rhs(t, theta):
        return (speeds + strength * np.sin(theta[None] - theta[:, None]).mean(axis=1)) / 1000

    exact = solve_ivp(rhs, (0, 200), start, "DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
    assert np.allclose(net["osc"].theta.magnitude, exact, atol=1e-5)


def test_an_oscillator_held_by_a_field():
    pop = nm.KuramotoOscillator(frequency=5 * Hz)
    (stable,) = [each for each in pop.equilibria(I_y=50 / second) if each.stable]
    assert math.sin(math.pi / 2 - float(stable.theta)) * 50 == pytest.approx(-10 * math.pi)
    assert len(pop.equilibria(I_y=50 / second)) == 2
    assert len(pop.equilibria(I_y=20 / second)) == 0
