"""The order is the order: measured slopes of all methods, models and kinds of input."""

from itertools import pairwise

import numpy as np
import pytest
import twin
from samples import Decay, QIFu, Relay

import neuromass as nm
from neuromass.kernels.methods import METHODS
from neuromass.units import Hz, ms, pA

TAU = 10.0
every_method = pytest.mark.parametrize(
    ("method", "order"), [(each.name, each.order) for each in METHODS.values()]
)
under_signals = pytest.mark.parametrize(
    ("method", "order"), [(each.name, each.driven_order) for each in METHODS.values()]
)


def slope(steps, errors):
    """Slope of log error against log dt, by least squares."""
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def end_of(make, dt, duration, **options):
    pop = make(dt=dt * ms)
    nm.run(pop, duration * ms, record=(), **options)
    return np.array([pop.raw.__getattr__(name) for name in pop.state])


# ------------------------------------------------------------------ against the exact one


@every_method
@pytest.mark.parametrize(("eta", "t"), [(2.0, 1.0), (2.0, 5.0), (-1.0, 2.0), (0.5, 3.0)])
def test_slope_against_the_exact_solution(method, order, eta, t):
    exact = twin.qif_without_coupling(t, 0.1, -1.0, eta, 1.0)
    steps = t / (np.array([2000, 4000, 8000, 16000]) / (12.5 if order == 4 else 1))
    errors = []
    for h in steps:
        pop = nm.QIF(
            tau=TAU * ms, eta=eta, J=0.0, delta=1.0, dt=h * TAU * ms, method=method,
            initial={"r": 0.1 / TAU / ms, "v": -1.0},
        )  # fmt: skip
        nm.run(pop, t * TAU * ms, record=())
        errors.append(np.hypot(pop.raw.r * TAU - exact[0], pop.raw.v - exact[1]))
    assert slope(steps, errors) == pytest.approx(order, abs=0.1)


# ----------------------------------------------------------------- against other software


def solution(duration, drive, start=(0.008, -2.0), eta=-5.0, J=15.0):
    """The same equations by an integrator of order 8 that knows nothing of ours."""
    from scipy.integrate import solve_ivp

    rates = lambda t, y: twin.qif(*y, drive(t), TAU, eta, 1.0, J)
    return solve_ivp(rates, (0, duration), start, "DOP853", rtol=1e-13, atol=1e-14).y[:, -1]


def sine(t):
    return 4.0 * np.sin(2 * np.pi * t / 23.0 + 0.4)


SIGNALS = {
    "sine": nm.signals.Sine(4.0, period=23 * ms, phase=0.4),
    "function": lambda t: sine(t.magnitude),
    "function of one time": lambda t: float(sine(t.magnitude)) if np.ndim(t) == 0 else 1 / 0,
}


@under_signals
@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_slope_under_a_sinusoidal_input(method, order, signal):
    exact = solution(50.0, sine)
    make = lambda dt: nm.QIF(J=15.0, initial={"r": 8 * Hz, "v": -2.0}, dt=dt, method=method)
    steps = np.array([0.05, 0.025, 0.0125])
    found = [end_of(make, dt, 50.0, inputs=signal) for dt in steps]
    errors = [np.hypot(*((each - exact) * (TAU, 1))) for each in found]
    assert slope(steps, errors) == pytest.approx(order, abs=0.1)


@every_method
def test_slope_with_edges_on_the_grid(method, order):
    """The exact one is taken in three pieces; edges cost nothing where they meet the grid."""
    state = (0.008, -2.0)
    for length, level in ((20.0, 0.0), (15.0, 3.0), (15.0, 0.0)):
        state = solution(length, lambda t, level=level: level, start=state)
    pulse = nm.signals.Step(3.0, start=20 * ms, stop=35 * ms)
    make = lambda dt: nm.QIF(J=15.0, initial={"r": 8 * Hz, "v": -2.0}, dt=dt, method=method)
    steps = np.array([0.1, 0.05, 0.025]) / (1 if order == 4 else 2)
    found = [end_of(make, dt, 50.0, inputs=pulse) for dt in steps]
    errors = [np.hypot(*((each - state) * (TAU, 1))) for each in found]
    assert slope(steps, errors) == pytest.approx(order, abs=0.1)


def test_a_ramp_sampled_at_midpoints_is_second_order():
    ramp = nm.signals.Ramp(0.0, 6.0, start=0 * ms, stop=50 * ms)
    exact = solution(50.0, lambda t: 6.0 * t / 50.0)
    make = lambda dt: nm.QIF(J=15.0, initial={"r": 8 * Hz, "v": -2.0}, dt=dt)
    steps = np.array([0.05, 0.025, 0.0125])
    errors = [np.hypot(*((end_of(make, dt, 50.0, inputs=ramp) - exact) * (TAU, 1))) for dt in steps]
    assert slope(steps, errors) == pytest.approx(2, abs=0.1)


# ------------------------------------------------------- every model against itself

MODELS = {
    "QIF": (nm.QIF, {"J": 15.0}, {"I_ext": 3.0}),
    "QIFu": (QIFu, {"J": 15.0}, {"I_ext": 3.0}),
    "Relay": (Relay, {}, {"current": 60 * pA, "drive": 60 * Hz}),
    "Decay": (Decay, {"drift": 0.03 / ms}, {}),
}


@every_method
@pytest.mark.parametrize("name", MODELS)
def test_slope_of_models_of_users(name, method, order):
    model, parameters, inputs = MODELS[name]
    make = lambda dt: model(**parameters, dt=dt, method=method)
    steps = (8 if order == 4 else 1) * np.array([0.1, 0.05, 0.025, 0.0125, 0.00625])
    found = [end_of(make, dt, 20.0, inputs=inputs or None) for dt in steps]
    scale = np.abs(found[-1]) + 1e-3
    differences = [np.linalg.norm((a - b) / scale) for a, b in pairwise(found)]
    assert slope(steps[:-1], differences) == pytest.approx(order, abs=0.1)


# ------------------------------------------------------------------------ with noise


def paths(steps, lanes, seed=5):
    """Increments of Brownian motions, from the twin's normals: (steps, lanes) of unit variance."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((steps, lanes))


@pytest.mark.parametrize("method", METHODS)
def test_strong_slope_with_additive_noise(method):
    """Order 1 for both, as theory says: an increment does not tell where in the step it fell.

    The same Brownian paths at every dt: with sigma dW on v, the increment of a step held as
    an input, tau sigma dW / dt, is the same arithmetic, in both stages.
    """
    fine, lanes, sigma, length = 1 / 256, 400, 0.3, 10.0
    increments = paths(int(length / fine), lanes) * np.sqrt(fine) * sigma

    def ends(halvings):
        count = 2**halvings
        dt = fine * count
        summed = increments.reshape(-1, count, lanes).sum(axis=1)
        pop = nm.QIF(J=15.0, eta=-2.0, shape=lanes, dt=dt * ms, method=method)
        nm.run(pop, length * ms, inputs=summed * TAU / dt, record=())
        return pop.raw.v

    exact = ends(0)
    halvings = np.array([3, 4, 5, 6])
    errors = [np.sqrt(np.mean((ends(k) - exact) ** 2)) for k in halvings]
    # the finest path has an error of its own, which shortens the distance by 1/8 at most
    steps = fine * 2.0**halvings
    found = slope(
        steps, [error / (1 - fine / step) for error, step in zip(errors, steps, strict=True)]
    )
    assert found == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_noise_on_a_state_is_its_increment_held_as_an_input(method):
    """So that the slope above is the one of noise as users give it."""
    steps, dt, sigma = 200, 0.05, 0.3
    options = {"J": 15.0, "eta": -2.0, "dt": dt * ms, "method": method, "initial": {"r": 20 * Hz}}
    noisy = nm.QIF(noise={"v": nm.noise.White(sigma / ms**0.5)}, seed=8, **options)
    rec = nm.run(noisy, steps * dt * ms)
    increments = [sigma * dt**0.5 * twin.normal(8, 0, "v", k) for k in range(steps)]
    held = nm.run(nm.QIF(**options), steps * dt * ms, inputs=np.array(increments) * TAU / dt)
    np.testing.assert_allclose(rec.v.magnitude, held.v.magnitude, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(rec.r.magnitude, held.r.magnitude, rtol=1e-11)


def test_heun_is_closer_than_euler_where_noise_is_weak():
    """With sigma -> 0 the error of order dt^2 is all that is left of Heun's."""
    options = {"J": 15.0, "eta": -2.0, "initial": {"r": 8 * Hz, "v": -2.0}}
    noise = {"v": nm.noise.White(1e-9 / ms**0.5)}
    ends = {}
    for method in METHODS:
        make = lambda dt, method=method: nm.QIF(
            noise=noise, seed=1, dt=dt, method=method, **options
        )
        steps = np.array([0.05, 0.025, 0.0125])
        exact = solution(20.0, lambda t: 0.0, eta=-2.0)
        errors = [np.hypot(*((end_of(make, dt, 20.0) - exact) * (TAU, 1))) for dt in steps]
        ends[method] = slope(steps, errors)
    assert ends["euler"] == pytest.approx(1.0, abs=0.1)
    assert ends["heun"] == pytest.approx(2.0, abs=0.1)
