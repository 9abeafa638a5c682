"""Synapses: their kernels against formulas, their area, their states and parameters."""

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
