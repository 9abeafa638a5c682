"""A method is an object: the midpoint rule is added by one, and everything follows."""

from dataclasses import replace

import numpy as np
import pytest
from numba import njit
from samples import bits

import neuromass as nm
from neuromass.kernels.methods import METHODS, Method, Stage
from neuromass.kernels.networks.by_address import ByAddress
from neuromass.units import Hz, ms, second


def set_to_one(numbers):
    numbers[0] = 1.0


def half_way(write):
    lines = write.increments("s_", "half", "k_")
    return lines + [f"y_{n} = s_{n} + k_{n}{write.kick(n)}" for n in write.states]


def whole_way(write):
    lines = write.increments("y_", "dt", "l_")
    return lines + [f"s_{n} = s_{n} + l_{n}{write.kick(n)}" for n in write.states]


def third(write):
    """The second of three stages, which writes over the states that it reads."""
    lines = write.increments("y_", "half", "l_")
    return lines + [f"y_{n} = s_{n} + l_{n}" for n in write.states]


MIDPOINT = Method(
    "midpoint", 2, (Stage(0.0, "s_", "y_", half_way), Stage(0.5, "y_", "s_", whole_way))
)
TWICE = Method(
    "twice", 2,
    (Stage(0.0, "s_", "y_", half_way), Stage(0.5, "y_", "y_", third),
     Stage(0.5, "y_", "s_", whole_way)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for method in (MIDPOINT, TWICE):
        monkeypatch.setitem(METHODS, method.name, method)


def slope(final, steps=(0.1, 0.05, 0.025), fine=0.1 / 64):
    """Order of a function of dt, against its result at a step far smaller."""
    exact = final(fine)
    errors = [np.max(np.abs(final(dt) - exact)) for dt in steps]
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def population(dt, method):
    pop = nm.QIF(J=15.0, dt=dt * ms, method=method, initial={"r": 20 * Hz, "v": -1.0})
    nm.run(pop, 16 * ms, inputs=nm.signals.Sine(2.0, frequency=40 * Hz), record=())
    return np.array([pop.raw.r * 100, pop.raw.v])


def pair(dt, method, delay=None, shape=None):
    initial = {"r": 20 * Hz, "v": -1.0}
    make = lambda tau: nm.QIF(tau=tau * ms, eta=1.0, dt=dt * ms, method=method, initial=initial,
                              shape=shape)  # fmt: skip
    net = nm.Network({"exc": make(20), "inh": make(10)})
    net.connect("exc", "inh", J=10.0, delay=delay)
    net.connect("inh", "exc", J=-10.0)
    return net


def network(dt, method, delay=None, shape=None):
    net = pair(dt, method, delay, shape)
    nm.run(net, 16 * ms, inputs={"exc": 5.0}, record=())
    return np.array([np.ravel(net[n].raw.v)[0] for n in ("exc", "inh")])


@pytest.mark.parametrize("method", ["midpoint", "twice", "heun"])
@pytest.mark.parametrize(
    "system",
    [
        population, network, lambda dt, m: network(dt, m, shape=70),
        lambda dt, m: network(dt, m, delay=2.4 * ms),
        lambda dt, m: network(dt, m, delay=2.47 * ms),
    ],
    ids=["population", "network", "tiles", "delay", "delay off the grid"],
)  # fmt: skip
def test_order_two(system, method):
    assert slope(lambda dt: system(dt, method)) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("method", ["midpoint", "twice", "rk4"])
def test_all_ways_are_the_same_bits(method):
    noise = {"v": nm.noise.White(0.1 / ms**0.5), "I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms)}
    for given in ({}, {"noise": noise, "seed": 3}):
        make = lambda **more: nm.QIF(J=15.0, method=method, **given, **more)  # noqa: B023
        whole = nm.run(make(), 10 * ms, inputs=3.0)
        pop = make()
        with nm.record(pop) as loop:
            for _ in range(200):
                pop.update(3.0)
        assert bits(whole) == bits(loop)
        lanes = nm.run(make(shape=70), 10 * ms, inputs=3.0)
        assert lanes.r.magnitude[:, 0].tobytes() == whole.r.magnitude.tobytes()
        net = nm.Network({"pop": make()})
        assert bits(nm.run(net, 10 * ms, inputs={"pop": 3.0})["pop"]) == bits(whole)


def test_few_lanes_and_many_are_the_same_bits():
    for method in ("midpoint", "twice", "rk4"):
        one, many = network(0.1, method, 2.47 * ms), network(0.1, method, 2.47 * ms, shape=70)
        assert one.tolist() == many.tolist()


SLOW = {"steps": (0.4, 0.2, 0.1), "fine": 0.0125}


def kicked(dt, method):
    """A population under an input that is constant within every step, with edges on the grid."""
    pop = nm.QIF(J=15.0, dt=dt * ms, method=method, initial={"r": 20 * Hz, "v": -1.0})
    nm.run(pop, 16 * ms, nm.signals.Step(3.0, start=4 * ms, stop=12 * ms), record=())
    return np.array([pop.raw.r * 100, pop.raw.v])


def synaptic(dt, method):
    net = pair(dt, method)
    net.disconnect("inh->exc")
    net.connect("inh", "exc", J=-10.0, synapse=nm.synapses.Alpha(3 * ms))
    nm.run(net, 16 * ms, inputs={"exc": 5.0}, record=())
    return np.array([np.ravel(net[n].raw.v)[0] for n in ("exc", "inh")])


@pytest.mark.parametrize(
    "system",
    [kicked, network, lambda dt, m: network(dt, m, shape=70), synaptic],
    ids=["population", "network", "tiles", "synapse"],
)
def test_runge_and_kutta_are_of_order_four(system):
    """With inputs that are constant within a step, and coupling that is instantaneous."""
    assert slope(lambda dt: system(dt, "rk4"), **SLOW) == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    "system",
    [population, lambda dt, m: network(dt, m, delay=2.4 * ms),
     lambda dt, m: network(dt, m, delay=73 / 30 * ms)],
    ids=["signal", "delay", "delay off the grid"],
)  # fmt: skip
def test_signals_and_delays_leave_them_order_two(system):
    """A signal enters as its mean over a step; the past is interpolated linearly.

    All steps cut the last delay at a third or two, so that its error has one constant.
    """
    assert METHODS["rk4"].driven_order == 2
    assert slope(lambda dt: system(dt, "rk4")) == pytest.approx(2.0, abs=0.1)


def test_tangents_of_a_method_are_known_by_its_weights(monkeypatch):
    pop = nm.QIF(J=15.0, initial="rest", method="midpoint")
    with pytest.raises(ValueError, match="does not know the tangents of the method 'midpoint'"):
        nm.analysis.lyapunov(pop, 10 * ms)
    known = replace(MIDPOINT, parts=(0.5,), weights=(0.0, 1.0))
    monkeypatch.setitem(METHODS, "midpoint", known)
    early, late = (nm.analysis.lyapunov(pop, t * ms, count=2).m_as("1/ms") for t in (200, 400))
    x = 0.05 * pop.equilibria()[0].eigenvalues.m_as("1/ms")
    expected = np.sort(np.log(np.abs(1 + x + x**2 / 2)) / 0.05)[::-1]
    np.testing.assert_allclose(2 * late - early, expected, rtol=1e-7)


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match=r"one of 'euler', 'heun', 'rk4', 'midpoint', 'twice', not 'huen'.*heun"
    ):
        nm.QIF(method="huen")
    assert nm.QIF(method="midpoint").method == "midpoint"
    assert 1 * second == nm.QIF(dt=1 * second, method="twice").dt


def test_a_helper_that_was_not_provided_raises():
    """Instead of a jump to the address 0, which ends the process."""
    helper = ByAddress(set_to_one, "float64[::1]")
    call = helper.call

    @njit
    def loop(address, numbers):
        call(address, (numbers,))

    numbers = np.zeros(1)
    loop(helper.address, numbers)
    assert numbers[0] == 1.0
    with pytest.raises(RuntimeError, match="helper that was not provided"):
        loop(0, numbers)
