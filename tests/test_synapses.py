"""Synapses: their kernels against formulas, their area, their states and parameters."""

import pickle

import numpy as np
import pytest
from scipy.special import gammainc

import neuromass as nm
from neuromass.units import HZ, Hz, ms, mV, second

DT = 0.05


class Steady(nm.Population):
    """A source that stays where it is put."""

    tau = nm.Parameter(10 * ms, positive=True)
    r = nm.State(0 * Hz)
    v = nm.State(0 * mV)
    push = nm.Input()

    @staticmethod
    def derivatives(r, v, push, tau):
        return 0 * r / tau, 0 * v / tau


def connected(synapse, rate=20 * Hz, dt=DT, **options):
    net = nm.Network({"source": Steady(initial={"r": rate}, dt=dt * ms), "pop": nm.QIF(dt=dt * ms)})
    net.connect("source", "pop", J=1.0, synapse=synapse, **options)
    return net


def passed(synapse, duration=60.0, **options):
    """Times in ms, and what arrives of a source of 1 Hz that begins at t = 0."""
    net = connected(synapse, 1 * Hz, **options)
    rec = nm.run(net, duration * ms, record={"source->pop": "s"})["source->pop"]
    return rec.array("t", ms), rec.array("s", Hz)


def two(t, rise, decay):
    return 1 - (decay * np.exp(-t / decay) - rise * np.exp(-t / rise)) / (decay - rise)


RESPONSES = {
    "exponential": (nm.synapses.Exponential(5 * ms), lambda t: 1 - np.exp(-t / 5)),
    "alpha": (nm.synapses.Alpha(3 * ms), lambda t: 1 - (1 + t / 3) * np.exp(-t / 3)),
    "two exponentials": (nm.synapses.DoubleExponential(1 * ms, 6 * ms), lambda t: two(t, 1, 6)),
    "decay first": (nm.synapses.DoubleExponential(6 * ms, 1 * ms), lambda t: two(t, 1, 6)),
    "gamma": (nm.synapses.GammaDelay(10 * ms, 4 * ms), lambda t: gammainc(6, t / 10 * 6)),
}


@pytest.mark.parametrize(("synapse", "response"), RESPONSES.values(), ids=RESPONSES)
def test_the_response_to_a_step_is_the_integral_of_the_kernel(synapse, response):
    errors = []
    for dt in (0.1, 0.05):
        t, s = passed(synapse, dt=dt)
        errors.append(np.max(np.abs(s - response(t))))
    assert errors[1] < 1e-3
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize(("synapse", "response"), RESPONSES.values(), ids=RESPONSES)
def test_a_constant_rate_passes_as_it_is(synapse, response):
    _, s = passed(synapse, 400.0)
    assert s[-1] == pytest.approx(1.0, rel=1e-12)


def test_the_mean_of_a_gamma_delay():
    """The area above the response to a step is the mean delay."""
    t, s = passed(nm.synapses.GammaDelay(mean=10 * ms, spread=4 * ms), 300.0)
    assert np.sum(0.5 * (2 - s[1:] - s[:-1]) * np.diff(t)) == pytest.approx(10.0, rel=1e-4)


@pytest.mark.parametrize(("spread", "count"), [(10, 1), (5, 4), (3.3, 9), (1, 100)])
def test_the_stages_of_a_gamma_delay(spread, count):
    synapse = nm.synapses.GammaDelay(mean=10 * ms, spread=spread * ms)
    assert synapse.count == len(synapse.stages(HZ)) == count


def test_equal_time_constants_make_an_alpha_function():
    one = passed(nm.synapses.DoubleExponential(4 * ms, 4 * ms))[1]
    assert one.tobytes() == passed(nm.synapses.Alpha(4 * ms))[1].tobytes()


# ------------------------------------------------------------------------- gates


def test_steady_depression():
    net = connected(nm.synapses.Depression(alpha=0.1, tau_a=20 * ms), 200 * Hz)
    rec = nm.run(net, 1000 * ms, record={"pop": "I_ext", "source->pop": ("a", "x", "gain")})
    a = 0.1 * 20 * 0.2
    assert rec["source->pop"].a[-1].magnitude == pytest.approx(a, rel=1e-9)
    assert rec["source->pop"].x[-1].magnitude == pytest.approx(0, abs=1e-9)
    assert rec["source->pop"].gain[-1].magnitude == pytest.approx(1 - a, rel=1e-9)
    assert rec["pop"].I_ext[-1].magnitude == pytest.approx(10 * 0.2 * (1 - a), rel=1e-9)


def test_steady_depression_and_facilitation():
    """Equations (2) of Taher et al. 2020 with both derivatives 0."""
    tau_d, tau_f, use, r = 200.0, 500.0, 0.2, 0.02
    synapse = nm.synapses.TsodyksMarkram(tau_d * ms, tau_f * ms, use)
    net = connected(synapse, r / ms)
    rec = nm.run(net, 5000 * ms, record={"pop": "I_ext", "source->pop": ("x", "u")}, every=1000)
    u = use * (1 + tau_f * r) / (1 + use * tau_f * r)
    x = 1 / (1 + u * tau_d * r)
    assert rec["source->pop"].u[0].magnitude == use
    assert rec["source->pop"].u[-1].magnitude == pytest.approx(u, rel=1e-8)
    assert rec["source->pop"].x[-1].magnitude == pytest.approx(x, rel=1e-8)
    assert rec["pop"].I_ext[-1].magnitude == pytest.approx(10 * u * x * r, rel=1e-8)


@pytest.mark.parametrize(
    "synapse", [nm.synapses.Depression(0.1, 20 * ms), nm.synapses.TsodyksMarkram()]
)
def test_gates_of_lanes_through_a_matrix_and_delays(synapse):
    """What arrives is the gated rate of each source, a delay ago."""
    rates, J = np.array([50.0, 150.0, 300.0]), np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 0.7]])
    delay = np.array([[1.0, 0.0, 0.55], [0.0, 2.0, 0.0]])
    source = Steady(initial={"r": rates * Hz}, dt=DT * ms)
    net = nm.Network({"source": source, "pop": nm.QIF(shape=2, tau=[10, 20] * ms, dt=DT * ms)})
    net.connect("source", "pop", J=J, delay=delay * ms, synapse=synapse)
    rec = nm.run(net, 20 * ms, record={"pop": "I_ext", "source->pop": "gain"})
    sent = rec["source->pop"].gain.magnitude * rates / 1000
    found = rec["pop"].I_ext.magnitude[1:]
    expected = np.zeros_like(found)
    for i, j in zip(*np.nonzero(J), strict=True):
        back = round(delay[i, j] / DT)
        before = np.concatenate([np.full(back, sent[0, j]), sent[:, j]])[: len(found)]
        expected[:, i] += J[i, j] * (10, 20)[i] * before
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.ptp(sent[:, 2]) > 0


# --------------------------------------------------------------- units and properties


def test_what_passes_a_synapse_keeps_its_unit():
    dt = DT * ms
    net = nm.Network({"source": Steady(initial={"v": 4 * mV}, dt=dt), "pop": nm.QIF(dt=dt)})
    made = net.connect(
        "source", "pop", weight=1 / mV, variable="v", synapse=nm.synapses.Alpha(1 * ms)
    )
    rec = nm.run(net, 100 * ms, record={"source->pop": "s", "pop": "I_ext"})
    assert rec["source->pop"].s.units == mV
    assert rec["source->pop"].s[-1].magnitude == pytest.approx(4.0)
    assert rec["pop"].I_ext[-1].magnitude == pytest.approx(4.0)
    assert made.s.units == mV
    made.s = 7 * mV
    with pytest.raises(TypeError):
        made.s = 7 * Hz


def test_states_of_a_synapse_can_be_set_and_are_reset():
    net = connected(nm.synapses.Exponential(5 * ms))
    made = net["source->pop"]
    made.s = 30 * Hz
    used = nm.run(net, DT * ms, record={"pop": "I_ext"})["pop"].I_ext[-1].magnitude
    assert used == pytest.approx(10 * 0.03)
    net.reset()
    assert made.s.magnitude == 0.0


def test_parameters_of_a_synapse_may_change_in_a_run():
    net, other = (connected(nm.synapses.Exponential(5 * ms)) for _ in range(2))
    nm.run(net, 5 * ms)
    nm.run(other, 5 * ms)
    net["source->pop"].tau = 1 * ms
    before = net["source->pop"].s.magnitude
    assert before == other["source->pop"].s.magnitude
    nm.run(net, 2 * ms)
    expected = 20 + (before - 20) * np.exp(-2.0)
    assert net["source->pop"].s.magnitude == pytest.approx(expected, rel=1e-3)
    assert net["source->pop"].synapse == nm.synapses.Exponential(1 * ms)


@pytest.mark.slow
def test_a_chain_of_another_length_begins_with_what_came_out():
    net = connected(nm.synapses.GammaDelay(mean=10 * ms, spread=5 * ms))
    nm.run(net, 8 * ms)
    before = net["source->pop"].s.magnitude
    net["source->pop"].spread = 2.5 * ms
    assert net["source->pop"].s.magnitude == before
    nm.run(net, 300 * ms)
    assert net["source->pop"].s.magnitude == pytest.approx(20.0)


def test_synapses_are_values():
    one, other = nm.synapses.Alpha(0.003 * second), nm.synapses.Alpha(tau=3 * ms)
    assert one == other
    assert hash(one) == hash(other)
    assert one != nm.synapses.Exponential(3 * ms)
    assert repr(one) == "Alpha(tau=3 ms)"
    assert one.tau == 3 * ms
    with pytest.raises(AttributeError, match="set tau on the connection"):
        one.tau = 4 * ms


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nm.synapses.Exponential(5), TypeError, "tau needs a time"),
        (lambda: nm.synapses.Exponential(-5 * ms), ValueError, "tau"),
        (lambda: nm.synapses.Exponential([1, 2] * ms), ValueError, "one value"),
        (lambda: nm.synapses.Exponential(1 * ms, 2 * ms), TypeError, "1 values at most"),
        (lambda: nm.synapses.Exponential(taus=1 * ms), TypeError, "did you mean tau"),
        (lambda: nm.synapses.Alpha(1 * ms, tau=1 * ms), TypeError, "given twice"),
        (lambda: nm.synapses.GammaDelay(1 * ms, 2 * ms), ValueError, "at most its mean"),
        (lambda: nm.synapses.GammaDelay(10 * ms, 0.1 * ms), ValueError, "10000 stages"),
        (lambda: nm.synapses.TsodyksMarkram(U0=1.5), ValueError, "U0"),
        (lambda: nm.synapses.Depression(alpha=-1), ValueError, "alpha"),
        (lambda: nm.synapses.Synapse().stages(HZ), TypeError, "base of synapses"),
        (lambda: setattr(nm.synapses.Alpha(), "foo", 3), AttributeError, "no parameter 'foo'"),
        (lambda: setattr(nm.synapses.Alpha(), "tua", 3), AttributeError, "did you mean tau"),
    ],
)
def test_bad_synapses(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_gates_need_a_rate():
    dt = DT * ms
    net = nm.Network({"source": Steady(dt=dt), "pop": nm.QIF(dt=dt)})
    with pytest.raises(ValueError, match=r"needs a rate at the source, and source\.v is in mV"):
        net.connect("source", "pop", weight=1 / mV, variable="v", synapse=nm.synapses.Depression())
    assert not net.connections


def test_a_connection_that_fails_leaves_nothing_behind():
    net = connected(nm.synapses.Alpha())
    with pytest.raises(TypeError, match="base of synapses"):
        net.connect("pop", "source", J=1.0, input="push", synapse=nm.synapses.Synapse())
    assert list(net.connections) == ["source->pop"]
    nm.run(net.copy(), 1 * ms)


TOO_FAST = {
    "exponential": (nm.synapses.Exponential(0.02 * ms), "tau = 0.02 ms"),
    "at the border": (nm.synapses.Exponential(0.025 * ms), "tau = 0.025 ms"),
    "alpha": (nm.synapses.Alpha(0.01 * ms), "tau = 0.01 ms"),
    "rise": (nm.synapses.DoubleExponential(0.02 * ms, 5 * ms), "rise = 0.02 ms"),
    "decay": (nm.synapses.DoubleExponential(2 * ms, 0.01 * ms), "decay = 0.01 ms"),
    "gamma": (nm.synapses.GammaDelay(1 * ms, 0.1 * ms), "tau of each of 100 stages = 0.01 ms"),
    "depression": (nm.synapses.Depression(tau_a=0.01 * ms), "tau_a = 0.01 ms"),
    "recovery": (nm.synapses.TsodyksMarkram(tau_d=0.01 * ms), "tau_d = 0.01 ms"),
}


@pytest.mark.parametrize(("synapse", "said"), TOO_FAST.values(), ids=TOO_FAST)
def test_a_synapse_that_is_too_fast_for_the_step_is_refused(synapse, said):
    with pytest.raises(ValueError, match=f"^source->pop: {said} makes the synapse unstable at"):
        connected(synapse)


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 1.9, 2.1])
def test_the_border_of_stability(factor, method):
    """What is left of a stage shrinks from step to step up to dt = 2 tau, and grows beyond."""
    stage = nm.synapses.exponential_stage(HZ)(
        tau=1 * ms, initial={"s": 1 * Hz}, dt=factor * ms, method=method
    )
    nm.run(stage, 400 * factor * ms)
    assert (abs(stage.s.magnitude) < 1e-6) == (factor < 2)


def test_a_synapse_that_the_step_cannot_follow_is_warned_of():
    with pytest.warns(UserWarning, match="source->pop: tau = 0.04 ms is shorter than the step of"):
        connected(nm.synapses.Exponential(0.04 * ms))
    connected(nm.synapses.Exponential(DT * ms))


def test_a_synapse_does_not_become_too_fast():
    net = connected(nm.synapses.Exponential(0.1 * ms))
    with pytest.raises(ValueError, match=r"source->pop: tau = 0\.01 ms makes the synapse unstable"):
        net["source->pop"].tau = 0.01 * ms
    with pytest.warns(UserWarning, match="source->pop: tau = 0.04 ms is shorter than the step"):
        net["source->pop"].tau = 0.04 * ms
    assert net["source->pop"].tau == 0.04 * ms
    with pytest.raises(ValueError, match=r"source->pop: tau = 0\.04 ms makes .* step of 0\.1 ms"):
        net.copy(dt=0.1 * ms)
    net.copy()


def again(net):
    return [net, net.copy(), pickle.loads(pickle.dumps(net))]


@pytest.mark.parametrize("steps", [0, 20])
def test_a_change_of_the_use_at_rest_outlives_reset(steps):
    for way in range(3):
        net = connected(nm.synapses.TsodyksMarkram(U0=0.2))
        for _ in range(steps):
            net.update()
        net["source->pop"].U0 = 0.6
        other = again(net)[way]
        other.reset()
        assert other["source->pop"].u.magnitude == 0.6
        assert other["source->pop"].x.magnitude == 1.0


def test_states_of_a_synapse_stay_in_their_range():
    net = connected(nm.synapses.TsodyksMarkram())
    made = net["source->pop"]
    pop = nm.Network({"pop": nm.QIF(shape=2)})
    filtered = pop.connect("pop", "pop", J=1.0, synapse=nm.synapses.Alpha())
    for where, name, value, message in (
        (made, "x", 7.0, "source->pop: x is at least 0 and at most 1, not 7"),
        (made, "u", -3.0, "source->pop: u is at least 0 and at most 1, not -3"),
        (filtered, "s", [1, -3] * Hz, r"pop->pop: s is at least 0 Hz, not -3 .. 1 Hz"),
    ):
        before = getattr(where, name)
        with pytest.raises(ValueError, match=message):
            setattr(where, name, value)
        assert np.all(getattr(where, name) == before)
    made.x, made.u, filtered.s = 0.0, 1.0, [0, 3] * Hz
    free = connected(nm.synapses.Depression())["source->pop"]
    free.a = 1.5
    below = connected(nm.synapses.Alpha())["source->pop"]
    below.s = -3 * Hz
    assert (free.a.magnitude, below.s.magnitude) == (1.5, -3.0)


def test_a_gamma_delay_shows_the_spread_that_it_has():
    whole, rounded = nm.synapses.GammaDelay(), nm.synapses.GammaDelay(10 * ms, 8 * ms)
    assert repr(whole) == "GammaDelay(mean=10 ms, spread=5 ms; 4 stages)"
    assert (whole.count, whole.actual_spread) == (4, 5 * ms)
    assert repr(rounded).endswith("spread=8 ms; 2 stages, with a spread of 7.07107 ms)")
    t, s = passed(rounded, 200.0)
    t, s = t - 10.0, 1 - s
    middle = 0.5 * (t[1:] * s[1:] + t[:-1] * s[:-1])
    variance = 2 * np.sum(middle * np.diff(t)) + 10.0**2
    assert rounded.actual_spread.m_as(ms) == pytest.approx(np.sqrt(variance), rel=1e-3)
