"""Mean fields and the networks behind them: there and back, and how close they come."""

import math

import numpy as np
import pytest
from samples import QIFu, Relay
from test_spiking import distance

import neuromass as nm
from neuromass.units import Hz, ms

TAU = 10.0
STEP = nm.signals.Step(3.0, start=50 * ms, stop=200 * ms)
START = {"r": 10 * Hz, "v": -1.0}
POPULATIONS = {
    "QIF": nm.QIF(J=15.0),
    "QIFSynaptic": nm.QIFSynaptic(J=15.0, tau_s=5 * ms),
    "QIFAdaptation": nm.QIFAdaptation(J=15.0, alpha=0.5),
    "QIFAlphaAdaptation": nm.QIFAlphaAdaptation(J=15.0, alpha=0.5),
    "QIFDepression": nm.QIFDepression(J=15.0, alpha=0.05),
    "QIFTsodyksMarkram": nm.QIFTsodyksMarkram.taher2020(),
    "QIFGapJunction": nm.QIFGapJunction.pietras2019(),
    "QIFConductance": nm.QIFConductance.coombes2019(),
    "QIFAsymmetricSpikes": nm.QIFAsymmetricSpikes(eta=1.0, J=5.0, g=1.0, asymmetry=2.0),
    "a model of one's own": QIFu(J=15.0, b=0.5, tau_u=50 * ms),
}
QUICK = "QIF", "QIFSynaptic", "QIFDepression"
every_population = pytest.mark.parametrize("name", POPULATIONS)


def started(name, **changes):
    pop = POPULATIONS[name]
    return pop.copy(initial={**pop.state, **START}, **{"dt": 0.02 * ms, **changes})


@pytest.mark.parametrize(
    "name",
    [
        *QUICK,
        *(pytest.param(n, marks=pytest.mark.slow) for n in POPULATIONS if n not in QUICK),
    ],
)
def test_the_network_comes_closer_to_its_mean_field_the_larger_it_is(name):
    pop = started(name)
    errors = []
    for count in (1000, 4000):
        net = nm.spiking.from_mean_field(pop, count, seed=1, dt=pop.dt)
        errors.append(distance(net, pop.copy(), 300 * ms, STEP))
    assert errors[1] < 0.1
    assert errors[1] < 0.65 * errors[0]


@every_population
def test_there_and_back(name):
    pop = started(name, seed=4)
    pop.set(r=20 * Hz, v=0.3)
    net = nm.spiking.from_mean_field(pop, 500)
    assert net.model is type(pop)
    assert net.t == pop.t
    assert float(net.dt.magnitude) == 0.01
    assert net.seed == pop.seed
    back = net.mean_field()
    assert type(back) is type(pop)
    assert back.t == pop.t
    for other in (net, back):
        assert {n: each.magnitude for n, each in other.parameters.items()} == {
            n: each.magnitude for n, each in pop.parameters.items()
        }
        for state, each in pop.state.items():
            assert getattr(other, state).magnitude == pytest.approx(each.magnitude, abs=1e-6)


def test_common_noise_goes_there_and_back():
    pop = nm.QIF(noise={"I_ext": nm.noise.OrnsteinUhlenbeck(0.3, 2 * ms)}, seed=4, lane=3)
    nm.run(pop, 20 * ms, 1.0)
    net = nm.spiking.from_mean_field(pop, 500)
    back = net.mean_field()
    assert float(net.t.magnitude) == float(back.t.magnitude) == 20.0
    assert net.noise == pop.noise == back.noise
    drives = [nm.run(each, 5 * ms, 1.0, record="I_ext") for each in (net, back)]
    assert np.array_equal(drives[0].array("I_ext"), drives[1].array("I_ext"), equal_nan=True)


def test_the_number_of_steps_since_the_start_is_kept_where_steps_differ():
    pop = nm.QIF(dt=0.025 * ms)
    nm.run(pop, 0.075 * ms)
    net = nm.spiking.from_mean_field(pop, 100)
    assert float(net.t.magnitude) == pytest.approx(0.075)
    assert float(net.dt.magnitude) == pytest.approx(0.025 / 3)


def test_all_models_have_a_network_or_say_why_not():
    """Each whose network is tested here, and no other."""
    models = [getattr(nm, each.name) for each in nm.list_models()]
    for cls in models:
        if cls.__name__ in POPULATIONS:
            assert nm.spiking.from_mean_field(cls(), 10).model is cls
        else:
            with pytest.raises(TypeError, match=f"{cls.__name__} is not the mean field of quadr"):
                nm.spiking.from_mean_field(cls(), 10)


@pytest.mark.parametrize(
    ("pop", "error", "text"),
    [
        (nm.JansenRit(), TypeError, "JansenRit is not the mean field of quadratic"),
        (nm.WilsonCowan(), TypeError, "has no r as the QIF models"),
        (nm.IzhikevichMeanField(), TypeError, "has no v as the QIF models"),
        (Relay(), TypeError, "Relay is not the mean field"),
        (nm.QIF(shape=2), ValueError, "single population"),
        (nm.QIF, TypeError, "takes a population"),
    ],
)
def test_what_has_no_network_says_why(pop, error, text):
    with pytest.raises(error, match=text):
        nm.spiking.from_mean_field(pop, 100)


def test_equations_of_another_form_have_no_network():
    class Cubic(nm.QIF):
        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            drdt, dvdt = nm.QIF.derivatives(r, v, I_ext, tau, eta, delta, J)
            return drdt, dvdt - v**3 / tau

    class Wide(nm.QIF):
        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, I_ext, tau, eta, 2 * delta, J)

    for model in (Cubic, Wide):
        with pytest.raises(TypeError, match="these have tau dr/dt"):
            nm.spiking.QIFNetwork(100, model=model)


@pytest.mark.parametrize(
    "options",
    [
        {"distribution": "gaussian"},
        {"excitabilities": np.linspace(-1, 1, 100)},
        {"neuron_noise": nm.noise.White(0.1 * ms**0.5)},
    ],
)
def test_what_has_no_mean_field_says_so(options):
    with pytest.raises(ValueError, match="There is no mean field of r and v alone"):
        nm.spiking.QIFNetwork(100, **options).mean_field()


# --------------------------------------------------------------------------- rhythms


def periods(times, trace):
    """Times between the beginnings of cycles: from low to high, each counted once."""
    low, high = np.quantile(trace, (0.3, 0.7))
    begun, armed = [], False
    for t, value in zip(times, trace, strict=True):
        if value < low:
            armed = True
        elif value > high and armed:
            begun.append(t)
            armed = False
    return np.diff(begun)


@pytest.mark.slow
def test_inhibitory_gamma_has_the_period_of_the_mean_field():
    options = {"tau": TAU * ms, "eta": 4.0, "delta": 0.3, "J": -21.0, "tau_s": TAU * ms}
    pop = nm.QIFSynaptic(**options, initial={"r": 30 * Hz, "v": 0.0})
    net = nm.spiking.from_mean_field(pop, 10_000, seed=1)
    nm.run(net, 500 * ms)
    rec = nm.run(net, 1500 * ms, record="s")
    found = periods(rec.t.magnitude, rec.array("s"))
    assert np.mean(found) / TAU == pytest.approx(3.40472134187, rel=0.002)
    assert np.std(found) / TAU < 0.01


@pytest.mark.slow
def test_adaptation_makes_bursts_where_the_mean_field_has_them():
    pop = nm.QIFAlphaAdaptation.gast2020(tau=TAU * ms)
    net = nm.spiking.from_mean_field(pop, 10_000, seed=1)
    nm.run(net, 1000 * ms)
    rec = nm.run(net, 3000 * ms, record=("a", "r"), every=10, average=True)
    found = periods(rec.t.magnitude, rec.array("a"))
    assert np.mean(found) / TAU == pytest.approx(47.46267, rel=0.02)
    assert rec.array("r", Hz).max() == pytest.approx(346.6, rel=0.1)
    quiet = nm.spiking.from_mean_field(pop.copy(eta=-6.0), 3000, seed=1)
    nm.run(quiet, 1000 * ms)
    still = nm.run(quiet, 1000 * ms, record="r", every=2000, average=True).array("r", Hz)
    (rest,) = pop.copy(eta=-6.0).equilibria()
    assert np.mean(still) == pytest.approx(rest.r.magnitude, rel=0.05)
    assert np.ptp(still) < 0.1 * np.mean(still)


@pytest.mark.slow
def test_gap_junctions_make_a_rhythm_of_the_period_of_the_mean_field():
    pop = nm.QIFGapJunction.pietras2019(tau=TAU * ms)
    net = nm.spiking.from_mean_field(pop.copy(initial=START), 10_000, seed=1)
    nm.run(net, 500 * ms)
    rec = nm.run(net, 1000 * ms, record="v")
    found = periods(rec.t.magnitude, rec.array("v"))
    assert np.mean(found) / TAU == pytest.approx(2.25477028933, rel=0.005)


def test_the_rate_of_a_single_cell_is_the_mean_field_without_width():
    """With delta = 0 and neurons in step, each neuron is the population."""
    net = nm.spiking.QIFNetwork(10, eta=1.0, delta=0.0, J=2.0, initial={"r": 0 * Hz, "v": 0.0})
    spikes = nm.run(net, 200 * ms, record="spikes").spikes
    assert np.ptp(spikes.times.reshape(-1, 10), axis=1) == pytest.approx(0.0, abs=1e-12)
    # between spikes of all V is tan, and the pulse of all adds J: from -inf it changes nothing
    gaps = np.diff(spikes.times[::10])
    assert gaps == pytest.approx(math.pi * TAU, rel=1e-3)


def test_neurons_and_mean_fields_are_coupled_by_hand():
    """Excitatory neurons with the mean field of inhibitory ones: the rhythm of two mean fields."""
    dt = 0.02 * ms
    exc = nm.spiking.QIFNetwork(4000, tau=20 * ms, eta=-5.0, J=8.0, dt=dt, seed=1, threads=1)
    inh = nm.QIF(tau=10 * ms, eta=-5.0, dt=dt)
    with nm.record(exc=exc, inh=inh, every=5) as rec:
        for _ in range(15_000):
            r_exc, r_inh = exc.raw.r, inh.raw.r
            exc.advance(10.0 - 10.0 * 20.0 * r_inh)
            inh.advance(10.0 * 10.0 * r_exc)
    late = rec["inh"][100 * ms :]
    found = periods(late.t.magnitude, late.array("r", Hz))
    assert 1000 / np.mean(found) == pytest.approx(31.80001, rel=0.03)


# --------------------------------------------------------------------------- one's own models


def test_a_class_that_changes_is_followed():
    class Own(nm.QIF):
        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, I_ext, tau, eta, delta, J)

    def doubled(r, v, I_ext, tau, eta, delta, J):
        return nm.QIF.derivatives(r, v, 2 * I_ext, tau, eta, delta, J)

    net = nm.spiking.QIFNetwork(100, model=Own, seed=1)
    nm.run(net, 5 * ms, 3.0)
    Own.derivatives = doubled
    other = nm.spiking.QIFNetwork(100, model=nm.QIF, seed=1)
    nm.run(other, 5 * ms, 3.0)
    assert np.array_equal(net.potentials, other.potentials)
    nm.run(net, 5 * ms, 2.0)
    nm.run(other, 5 * ms, 4.0)
    assert np.array_equal(net.potentials, other.potentials)


def test_outputs_and_equations_that_cannot_be_read():
    class Limited(nm.QIF):
        drive = nm.Output(lambda r, tau, J: J * tau * r)

        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            limited = 2.0 if I_ext > 2.0 else I_ext
            drdt = (delta / (math.pi * tau) + 2 * r * v) / tau
            dvdt = (v**2 + eta + J * tau * r + limited - (math.pi * tau * r) ** 2) / tau
            return drdt, dvdt

    net = nm.spiking.QIFNetwork(100, model=Limited, eta=-1.0, J=5.0, seed=1)
    other = nm.spiking.QIFNetwork(100, eta=-1.0, J=5.0, seed=1)
    rec = nm.run(net, 10 * ms, 5.0, record=("r", "v", "drive"))
    same = nm.run(other, 10 * ms, 2.0)
    assert rec.array("v") == pytest.approx(same.array("v"), abs=1e-9)
    assert rec.array("drive") == pytest.approx(5.0 * TAU * rec.array("r", 1 / ms))
    assert float(net.drive) == pytest.approx(rec.array("drive")[-1])


def test_two_inputs_with_units():
    class Fed(nm.QIF):
        pull = nm.Input(Hz)

        @staticmethod
        def derivatives(r, v, I_ext, pull, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, I_ext + tau * pull, tau, eta, delta, J)

    net = nm.spiking.QIFNetwork(100, model=Fed, seed=1)
    other = nm.spiking.QIFNetwork(100, seed=1)
    rec = nm.run(net, 10 * ms, {"I_ext": 1.0, "pull": 200 * Hz}, record=("v", "pull"))
    same = nm.run(other, 10 * ms, 3.0)
    assert rec.array("v") == pytest.approx(same.array("v"), abs=1e-9)
    assert rec.array("pull", Hz)[-1] == pytest.approx(200.0)
