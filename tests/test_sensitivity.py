"""Derivatives of runs by parameters: against differences, and in a fit."""

import pickle

import numpy as np
import pytest
from models_registry import MODELS

import neuromass as nm
from neuromass.units import Hz, ms

sensitivity = nm.analysis.sensitivity


def central(pop, name, step, duration, inputs):
    """The derivative of all states by a parameter, by differences of fourth order."""
    unit = pop.parameters[name].units
    runs = [
        nm.run(pop.copy(**{name: pop.parameters[name] + k * step * unit}), duration, inputs)
        for k in (-2, -1, 1, 2)
    ]
    return {
        state: sum(w * rec[state].magnitude for w, rec in zip((1, -8, 8, -1), runs, strict=True))
        / (12 * step)
        for state in pop.state
    }


def assert_central(pop, names, duration, inputs=None, step=1e-3):
    found = sensitivity(pop, duration, names, inputs=inputs)
    for name in names:
        size = abs(pop.parameters[name].magnitude)
        size = float(np.max(size)) or 1.0
        for state, expected in central(pop, name, step * size, duration, inputs).items():
            got = found[state, name].magnitude
            np.testing.assert_allclose(
                got, expected, rtol=1e-6, atol=1e-6 * np.max(np.abs(expected)) + 1e-12
            )
    return found


@pytest.mark.parametrize(
    "method", ["heun", *(pytest.param(each, marks=pytest.mark.slow) for each in ("euler", "rk4"))]
)
def test_they_are_those_of_differences(method):
    pop = nm.QIF(J=15.0, initial={"r": 10 * Hz, "v": -2.0}, method=method, dt=0.1 * ms)
    wave = nm.signals.Sine(2.0, frequency=20 * Hz)
    found = assert_central(pop, ("eta", "J", "delta", "tau"), 60 * ms, wave)
    assert pop.t == 0 * ms
    rec = nm.run(pop, 60 * ms, wave)
    np.testing.assert_array_equal(found.r.magnitude, rec.r.magnitude)
    assert str(found["r", "tau"].units) == "hertz / millisecond"


@pytest.mark.parametrize(
    "name",
    [
        "QIFTsodyksMarkram",
        "WilsonCowan",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("QIFConductance", "JansenRit")),
    ],
)
def test_other_models(name):
    (case,) = [each for each in MODELS if each.name == name]
    pop = case.make()
    names = list(pop.parameters)[:5]
    assert_central(pop, names, 400 * pop.dt, step=1e-4)


def test_lanes_noise_and_what_follows():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=5 * ms)}
    pop = nm.QIF(eta=[-5.0, -4.0, 1.0], J=8.0, noise=noise, seed=3)
    nm.run(pop, 10 * ms)
    found = assert_central(pop, ("eta", "J"), 20 * ms)
    assert found["r", "eta"].shape == (401, 3)
    assert found.jacobian("r", Hz).shape == (401, 3, 2)
    alone = pop.copy()
    np.testing.assert_array_equal(nm.run(alone, 20 * ms).r.magnitude, found.r.magnitude)


def test_an_input_is_one_more_parameter():
    pop = nm.QIF(J=15.0)
    found = sensitivity(pop, 20 * ms, ("eta", "I_ext"), inputs=2.0)
    np.testing.assert_array_equal(
        found["r", "eta"].magnitude, found["r", "I_ext"].magnitude
    )  # they enter together


def test_a_model_of_ones_own():
    class Own(nm.Population):
        """A logistic growth with a closed form."""

        k = nm.Parameter(0.1 / ms, doc="rate")
        x = nm.State(0.1)

        @staticmethod
        def derivatives(x, k):
            return k * x * (1 - x)

    found = sensitivity(Own(dt=0.01 * ms), 50 * ms, "k")
    t = found.t.m_as(ms)
    exact = t * np.exp(-0.1 * t) * 9 / (1 + 9 * np.exp(-0.1 * t)) ** 2
    np.testing.assert_allclose(found["x", "k"].m_as(ms), exact, atol=1e-5)


def test_a_fit_finds_three_parameters_in_a_noisy_trace():
    from scipy.optimize import least_squares

    step = nm.signals.Step(3.0, start=5 * ms, stop=50 * ms)
    start = {"r": 8.11344 * Hz, "v": -1.96162}
    true = np.array([-5.0, 15.0, 1.0])
    make = lambda x: nm.QIF(eta=x[0], J=x[1], delta=x[2], initial=start, dt=0.1 * ms)
    clean = nm.run(make(true), 100 * ms, step).array("r", Hz)
    data = clean + np.random.default_rng(7).normal(size=len(clean))  # Hz
    names = ("eta", "J", "delta")
    residual = lambda x: nm.run(make(x), 100 * ms, step).array("r", Hz) - data
    slope = lambda x: sensitivity(make(x), 100 * ms, names, inputs=step).jacobian("r", Hz)
    fit = least_squares(residual, [-4.6, 14.0, 1.2], jac=slope, x_scale=[1.0, 5.0, 0.3])
    assert fit.success
    errors = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)))  # of one Hz of noise
    assert np.all(np.abs(fit.x - true) < 4 * errors)
    assert np.all(errors < 0.05)


def test_results_have_tables_and_pictures():
    import matplotlib.pyplot as plt

    found = sensitivity(nm.QIF(J=15.0), 20 * ms, ("eta", "tau"), inputs=1.0, every=4)
    assert repr(found).startswith("<sensitivity of r, v to eta, tau, 101 samples")
    assert {"r", "dr_deta", "dv_dtau"} <= {c.split(" ")[0] for c in found.to_dataframe().columns}
    labels = [each.get_text() for each in found.plot().get_legend().get_texts()]
    assert labels == ["eta", "tau"]
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again["v", "tau"].magnitude, found["v", "tau"].magnitude)
    plt.close("all")


def test_what_is_refused():
    pop = nm.QIF()
    for names, message in (
        ("etta", "did you mean eta"),
        ((), "nothing to differentiate by"),
        (("eta", "eta"), "twice"),
    ):
        with pytest.raises(ValueError, match=message):
            sensitivity(pop, 10 * ms, names)
    with pytest.raises(TypeError, match="takes a population or a network"):
        sensitivity(3, 10 * ms, "eta")
    found = sensitivity(nm.QIF(), 10 * ms, "eta")
    with pytest.raises(KeyError, match="nothing by 'J'"):
        found["r", "J"]
    with pytest.raises(AttributeError, match="derivatives as"):
        _ = found.rate

    class Branches(nm.Population):
        """It cannot be read."""

        k = nm.Parameter(1.0 / ms)
        x = nm.State(0.0)

        @staticmethod
        def derivatives(x, k):
            total = 0.0
            while total < x:
                total += 0.5
            return k * (1.0 - total)

    with pytest.raises(ValueError, match="cannot be differentiated"):
        sensitivity(Branches(), 1 * ms, "k")


# ------------------------------------------------------------------------------- networks


def pair(eta=0.0, J=10.0, tau=10.0, **options):
    """An E-I network with a synapse, lanes and noise on an input and on a state."""
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=5 * ms)}
    exc = nm.QIF(tau=20 * ms, eta=eta, J=8.0, noise=noise, dt=0.1 * ms)
    kicked = {"v": nm.noise.White(0.02 / ms**0.5)}
    inh = nm.QIF(tau=tau * ms, eta=[-5.0, -4.0], noise=kicked, dt=0.1 * ms)
    net = nm.Network({"exc": exc, "inh": inh}, seed=2, **options)
    net.connect("exc", "inh", J=J, synapse=nm.synapses.Exponential(5 * ms))
    net.connect("inh", "exc", J=np.array([[-6.0, -4.0]]))
    return net


@pytest.mark.parametrize(
    "method", ["heun", *(pytest.param(each, marks=pytest.mark.slow) for each in ("euler", "rk4"))]
)
def test_networks_are_those_of_differences(method, tmp_path):
    """Parameters of members with and without lanes, a strength, an input."""
    wave = {"exc": nm.signals.Sine(3.0, frequency=20 * Hz)}
    net, length = pair(), 30 * ms
    remade = lambda one: one if method == "heun" else one.copy(method=method)
    names = ("exc.eta", "exc->inh.J", "inh.tau", "exc.I_ext")
    found = sensitivity(remade(net), length, names, wave, every=2)
    assert net.t == 0 * ms
    np.testing.assert_array_equal(
        found["inh.r"].magnitude, nm.run(remade(pair()), length, wave)["inh"].r.magnitude[::2]
    )
    for name, keyword, value in (
        ("exc.eta", "eta", 0.0), ("exc->inh.J", "J", 10.0), ("inh.tau", "tau", 10.0),
    ):  # fmt: skip
        step = 1e-3 * max(abs(value), 1.0)
        runs = [
            nm.run(remade(pair(**{keyword: value + k * step})), length, wave)
            for k in (-2, -1, 1, 2)
        ]
        for state in ("exc.r", "exc.v", "inh.r", "inh.v"):
            traces = [rec[state].magnitude[::2] for rec in runs]
            slope = sum(w * x for w, x in zip((1, -8, 8, -1), traces, strict=True)) / (12 * step)
            got = found[state, name].magnitude
            np.testing.assert_allclose(
                got, slope, rtol=1e-6, atol=1e-6 * np.max(np.abs(slope)), err_msg=f"{state} {name}"
            )
    np.testing.assert_allclose(
        found["exc.r", "exc.I_ext"].magnitude, found["exc.r", "exc.eta"].magnitude, rtol=1e-7,
        atol=1e-7,
    )  # fmt: skip
    assert str(found["inh.r", "inh.tau"].units) == "hertz / millisecond"
    assert found["inh.r", "exc.eta"].shape == (151, 2)
    relative = found.relative("exc.r", "exc->inh.J").m_as(Hz)
    exact = 10.0 * found["exc.r", "exc->inh.J"].magnitude
    np.testing.assert_allclose(relative, exact, rtol=1e-14)
    again = nm.load(found.save(tmp_path / "found"))
    assert repr(again) == repr(found)
    assert again.recording == found.recording


def test_a_node_alone_has_what_its_population_has():
    alone = sensitivity(nm.QIF(J=15.0), 20 * ms, ("eta", "tau"), inputs=2.0)
    net = nm.Network({"a": nm.QIF(J=15.0)})
    found = sensitivity(net, 20 * ms, ("a.eta", "a.tau"), inputs={"a": 2.0})
    for one, other in (("eta", "a.eta"), ("tau", "a.tau")):
        expected = alone["r", one].magnitude
        size = 1e-8 * np.max(np.abs(expected))
        np.testing.assert_allclose(found["a.r", other].magnitude, expected, rtol=1e-8, atol=size)


def test_a_fit_finds_a_strength_and_an_excitability_of_a_network():
    from scipy.optimize import least_squares

    def make(x):
        net = nm.Network({
            "exc": nm.QIF(tau=20 * ms, eta=x[0], J=8.0, dt=0.1 * ms),
            "inh": nm.QIF(tau=10 * ms, eta=-5.0, dt=0.1 * ms),
        })  # fmt: skip
        net.connect("exc", "inh", J=10.0)
        net.connect("inh", "exc", J=x[1])
        return net

    true, names = np.array([3.0, -10.0]), ("exc.eta", "inh->exc.J")
    clean = nm.run(make(true), 60 * ms)["exc"].array("r", Hz)
    data = clean + np.random.default_rng(3).normal(size=len(clean))
    residual = lambda x: nm.run(make(x), 60 * ms)["exc"].array("r", Hz) - data
    slope = lambda x: sensitivity(make(x), 60 * ms, names).jacobian("exc.r", Hz)
    fit = least_squares(residual, [2.5, -8.0], jac=slope, x_scale=[1.0, 5.0])
    errors = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)))  # of one Hz of noise
    assert fit.success
    assert np.all(np.abs(fit.x - true) < 4 * errors)
    assert np.all(errors < 0.2)


def test_what_is_refused_of_networks():
    net = nm.Network({"a": nm.QIF()})
    net.connect("a", "a", J=1.0, delay=1 * ms)
    with pytest.raises(ValueError, match=r"sensitivity: the network has delays, up to 1 ms"):
        sensitivity(net, 10 * ms, "a.eta")
    for names, message in (
        ("exc.etta", "did you mean exc.eta"),
        ("inh->exc.delay", "no parameter or input 'inh->exc.delay'"),
    ):
        with pytest.raises(ValueError, match=message):
            sensitivity(pair(), 10 * ms, names)
    with pytest.raises(ValueError, match="coupling is full"):
        sensitivity(pair(coupling="held"), 10 * ms, "exc.eta")
    with pytest.raises(ValueError, match="does not divide"):
        sensitivity(pair(), 10 * ms, "exc.eta", every=7)
