"""The order of networks: slopes against solutions by an integrator of order 8.

Delayed coupling is solved by the method of steps: over one delay after the other, with what the
integrator found before as the past.
"""

import math

import network_twin
import numpy as np
import pytest
import twin
from scipy.integrate import solve_ivp

import neuromass as nm
from neuromass.units import Hz, ms

TAU_E, TAU_I = 20.0, 10.0
START = (0.008, -2.0)
TIGHT = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}


def slope(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def rates_of(y, into_exc, into_inh):
    """The E-I pair of all tests here, given what each input receives."""
    return (
        *twin.qif(y[0], y[1], 10.0 + into_exc, TAU_E, -5.0, 1.0, 8.0),
        *twin.qif(y[2], y[3], into_inh, TAU_I, -5.0, 1.0, 0.0),
    )


def pair(dt, method="heun", **options):
    common = {"eta": -5.0, "initial": {"r": 8 * Hz, "v": -2.0}, "dt": dt * ms, "method": method}
    exc, inh = nm.QIF(tau=TAU_E * ms, J=8.0, **common), nm.QIF(tau=TAU_I * ms, J=0.0, **common)
    return nm.Network({"exc": exc, "inh": inh}, **options)


def state(net):
    return np.array([x for each in ("exc", "inh") for x in (net[each].raw.r, net[each].raw.v)])


def measured(make, duration, exact, steps):
    errors = []
    for dt in steps:
        net = make(dt)
        nm.run(net, duration * ms, inputs={"exc": 10.0}, record={"exc": "r"}, every=10)
        errors.append(np.linalg.norm((state(net) - exact[:4]) * (TAU_E, 1, TAU_I, 1)))
    return slope(steps, errors)


STEPS = np.array([0.1, 0.05, 0.025])
SETTINGS = [("heun", "full", 2), ("heun", "held", 1), ("euler", "full", 1), ("euler", "held", 1)]
FOURTH = [("rk4", "full", 4), ("rk4", "held", 1)]


@pytest.mark.parametrize(("method", "coupling", "order"), SETTINGS + FOURTH)
def test_instantaneous_coupling(method, coupling, order):
    def rates(t, y):
        return rates_of(y, -10 * TAU_E * y[2], 10 * TAU_I * y[0])

    exact = solve_ivp(rates, (0, 60), START * 2, **TIGHT).y[:, -1]

    def make(dt):
        net = pair(dt, method, coupling=coupling)
        net.connect("exc", "inh", J=10.0)
        net.connect("inh", "exc", J=-10.0)
        return net

    # longer ones for the fourth order, to stay above rounding; shorter where the first dominates
    steps = {"heun": STEPS, "euler": STEPS / 4, "rk4": 4 * STEPS if order == 4 else STEPS / 4}[
        method
    ]
    assert measured(make, 60.0, exact, steps) == pytest.approx(order, abs=0.1)


# ----------------------------------------------------------------------- synapses


def one_stage(stage, count, kinds, into_exc):
    """Rates of the pair when what inh sends passes `count` stages with states of their own."""

    def rates(t, y):
        own = []
        for i in range(count):
            first = 4 + i * kinds
            own += stage(y[first : first + kinds], y[2] if i == 0 else y[first - kinds], i)
        return [*rates_of(y, -10 * TAU_E * into_exc(y), 10 * TAU_I * y[0]), *own]

    return rates


def filters(*taus):
    stage = lambda s, x, i: network_twin.filtered(s[0], x, taus[i])
    return one_stage(stage, len(taus), 1, lambda y: y[-1]), [0.0] * len(taus)


SYNAPSES = {
    "exponential": (nm.synapses.Exponential(4 * ms), *filters(4.0)),
    "alpha": (nm.synapses.Alpha(2 * ms), *filters(2.0, 2.0)),
    "two exponentials": (nm.synapses.DoubleExponential(1 * ms, 5 * ms), *filters(1.0, 5.0)),
    "gamma": (nm.synapses.GammaDelay(mean=6 * ms, spread=3 * ms), *filters(*[1.5] * 4)),
    "depression": (
        nm.synapses.Depression(alpha=0.2, tau_a=20 * ms),
        one_stage(
            lambda s, r, i: network_twin.depressed(*s, r, 0.2, 20.0),
            1,
            2,
            lambda y: y[2] * (1 - y[4]),
        ),
        [0.0, 0.0],
    ),
    "plasticity": (
        nm.synapses.TsodyksMarkram(tau_d=20 * ms, tau_f=50 * ms, U0=0.3),
        one_stage(
            lambda s, r, i: network_twin.plastic(*s, r, 20.0, 50.0, 0.3),
            1,
            2,
            lambda y: y[2] * y[4] * y[5],
        ),
        [1.0, 0.3],
    ),
}


@pytest.mark.parametrize(("synapse", "rates", "more"), SYNAPSES.values(), ids=SYNAPSES)
def test_synapses(synapse, rates, more):
    exact = solve_ivp(rates, (0, 60), [*START, *START, *more], **TIGHT).y[:, -1]

    def make(dt):
        net = pair(dt)
        net.connect("exc", "inh", J=10.0)
        net.connect("inh", "exc", J=-10.0, synapse=synapse)
        return net

    assert measured(make, 60.0, exact, STEPS) == pytest.approx(2, abs=0.1)


# ------------------------------------------------------------------------- delays


class Steps:
    """The method of steps: dense solutions over one interval after the other."""

    def __init__(self, rates, past, start, longest):
        """`rates(t, y, at)` where `at(t)` is all that was, up to the shortest delay ago."""
        self.rates, self.past, self.start, self.each = rates, past, list(start), longest
        self.solutions = []

    def at(self, t):
        if t <= 0:
            return self.past(t)
        place = min(int(t / self.each), len(self.solutions) - 1)
        return self.solutions[place](t)

    def solve(self, duration):
        y, t = self.start, 0.0
        while t < duration - 1e-12:
            end = min(t + self.each, duration)
            made = solve_ivp(
                lambda s, now: self.rates(s, now, self.at), (t, end), y, dense_output=True, **TIGHT
            )
            self.solutions.append(made.sol)
            y, t = made.y[:, -1], end
        return np.array(y)


def smooth_rate(t, tau):
    """A past that meets the start in value and slope, so that no step sees a corner."""
    r, v = START
    return r + t * (1 / (math.pi * tau) + 2 * r * v) / tau


def past(t):
    return smooth_rate(t, TAU_E), 0.0, smooth_rate(t, TAU_I), 0.0


DELAYS = {
    "on the grid": (2.0, 5.0),
    "between two steps": (20 / 3, 10 / 3),
    "one of each": (5.0, 20 / 3),
}


def delayed(dt, to_inh, to_exc, method="heun", synapse=None, **options):
    history = {
        "exc": lambda t: smooth_rate(t.magnitude, TAU_E) / ms,
        "inh": lambda t: smooth_rate(t.magnitude, TAU_I) / ms,
    }
    if synapse is not None:
        del history["inh"]  # whose past the synapse keeps from the delay
    net = pair(dt, method, history=history, **options)
    net.connect("exc", "inh", J=10.0, delay=to_inh * ms)
    net.connect("inh", "exc", J=-10.0, delay=to_exc * ms, synapse=synapse)
    return net


@pytest.mark.parametrize(("method", "coupling", "order"), [*SETTINGS[:3], ("rk4", "full", 2)])
@pytest.mark.parametrize("delays", DELAYS.values(), ids=DELAYS)
def test_delayed_coupling(delays, method, coupling, order):
    to_inh, to_exc = delays

    def rates(t, y, at):
        return rates_of(y, -10 * TAU_E * at(t - to_exc)[2], 10 * TAU_I * at(t - to_inh)[0])

    exact = Steps(rates, past, START * 2, min(delays)).solve(60.0)
    make = lambda dt: delayed(dt, *delays, method, coupling=coupling)
    assert measured(make, 60.0, exact, STEPS) == pytest.approx(order, abs=0.1)


def test_a_delay_behind_a_synapse():
    """What is delayed is what the synapse lets through; its past is its initial state."""

    def rates(t, y, at):
        (dsdt,) = network_twin.filtered(y[4], y[2], 4.0)
        coupled = rates_of(y, -10 * TAU_E * at(t - 5.0)[4], 10 * TAU_I * at(t - 5.0)[0])
        return [*coupled, dsdt]

    exact = Steps(rates, lambda t: (*past(t), 0.0), [*START, *START, 0.0], 5.0).solve(60.0)
    make = lambda dt: delayed(dt, 5.0, 5.0, synapse=nm.synapses.Exponential(4 * ms))
    assert measured(make, 60.0, exact, STEPS) == pytest.approx(2, abs=0.1)


def test_delays_and_instantaneous_coupling_of_many_lanes():
    """Three lanes, a matrix of delays of which some are 0, a matrix of strengths."""
    weights = np.array([[0.0, -3.0, 2.0], [4.0, 0.0, -5.0], [-2.0, 3.0, 0.0]])
    back = np.array([[0.0, 4.0, 0.0], [8.0, 0.0, 20 / 3], [4.0, 12.0, 0.0]])
    etas, tau = np.array([1.0, 2.0, 3.0]), 10.0

    def rates(t, y, at):
        x = np.zeros(3)
        for i, j in zip(*np.nonzero(weights), strict=True):
            r = at(t - back[i, j])[j] if back[i, j] else y[j]
            x[i] += weights[i, j] * tau * r
        found = [twin.qif(y[i], y[3 + i], x[i], tau, etas[i], 1.0, 0.0) for i in range(3)]
        return [*(each[0] for each in found), *(each[1] for each in found)]

    before = lambda t: (*[smooth_rate(t, tau)] * 3, 0.0, 0.0, 0.0)
    exact = Steps(rates, before, [0.008] * 3 + [-2.0] * 3, 4.0).solve(40.0)
    errors = []
    for dt in STEPS:
        pop = nm.QIF(eta=etas, J=0.0, initial={"r": 8 * Hz, "v": -2.0}, dt=dt * ms)
        given = lambda t: smooth_rate(t.magnitude, tau) / ms
        net = nm.Network({"pop": pop}, history={"pop": given})
        net.connect("pop", "pop", J=weights, delay=back * ms)
        nm.run(net, 40 * ms, record={"pop": "r"}, every=10)
        difference = np.concatenate([pop.raw.r, pop.raw.v]) - exact
        errors.append(np.linalg.norm(difference * [tau, tau, tau, 1, 1, 1]))
    assert slope(STEPS, errors) == pytest.approx(2, abs=0.1)
