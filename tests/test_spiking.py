"""Networks of neurons: exact rates, order, the mean field they follow, and the same bits always."""

import copy
import math
import pickle
import platform
import re
from pathlib import Path

import numpy as np
import pytest

import neuromass as nm
from neuromass.errors import SimulationError
from neuromass.kernels import neurons as kernels
from neuromass.kernels.compiler import JIT_IS_OFF
from neuromass.units import Hz, ms

TAU = 10.0
STEP = nm.signals.Step(3.0, stop=30 * TAU * ms)


def network(count=200, **changes):
    """A bistable network at rest, with noise of both kinds."""
    options = {
        "eta": -5.0,
        "J": 15.0,
        "initial": "rest",
        "noise": {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=3 * ms)},
        "neuron_noise": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=2 * ms),
        "dt": 0.05 * ms,
        "seed": 3,
    }
    return nm.spiking.QIFNetwork(count, **{**options, **changes})


def everything(net):
    """All that a network stands on, as bytes."""
    saved = net.snapshot()
    arrays = [saved.state, *saved.arrays.values()]
    return [each.tobytes() for each in arrays], saved.clock


def distance(net, pop, duration, inputs):
    """Relative distance of the rate to that of the mean field, over the same windows."""
    rec = nm.run(net, duration, inputs, record=("r",))
    mean_field = nm.run(pop, duration, inputs, record=("r",)).array("r", Hz)
    steps = round(float(net.window / net.dt))
    areas = np.concatenate([[0.0], np.cumsum(0.5 * (mean_field[1:] + mean_field[:-1]))])
    smoothed = (areas[steps:] - areas[:-steps]) / steps
    found = rec.array("r", Hz)[steps:]
    return float(np.linalg.norm(found - smoothed) / np.linalg.norm(smoothed))


def of_the_paper(count, **changes):
    """Distance of a network to the mean field in the step protocol of Fig. 2."""
    options = {"tau": TAU * ms, "eta": -5.0, "delta": 1.0, "J": 15.0, "initial": "rest"}
    net = nm.spiking.QIFNetwork(count, **{**options, "seed": 1, **changes})
    pop = nm.QIF(**options, dt=net.dt)
    return distance(net, pop, 40 * TAU * ms, STEP)


# --------------------------------------------------------------------------- exact rates


@pytest.mark.parametrize(("eta", "dt"), [(4.0, 0.01), (4.0, 1.0), (100.0, 0.8), (0.01, 0.5)])
def test_one_neuron_fires_at_its_exact_rate(eta, dt):
    net = nm.spiking.QIFNetwork(1, tau=TAU * ms, eta=eta, delta=0.0, dt=dt * ms)
    period = math.pi * TAU / math.sqrt(eta)
    steps = math.ceil(20 * period / dt)
    times = nm.run(net, steps * dt * ms, record="spikes").spikes.times
    assert len(times) >= 19
    assert np.diff(times) == pytest.approx(
        period, rel=1e-5 if eta * (dt / TAU) ** 2 > 0.1 else 1e-9
    )


@pytest.mark.parametrize("threshold", [10.0, 30.0])
def test_a_finite_threshold_has_its_refractory_time(threshold):
    root = 5.0
    options = {"tau": TAU * ms, "eta": root**2, "delta": 0.0, "dt": 0.001 * ms}
    net = nm.spiking.QIFNetwork(1, threshold=threshold, **options)
    found = np.diff(nm.run(net, 200 * ms, record="spikes").spikes.times)
    above = 2 * TAU / threshold
    period = 2 * TAU / root * math.atan(threshold / root) + above
    assert np.mean(found) == pytest.approx(period, rel=2e-4)
    longer = 2 * TAU * root**2 / (3 * threshold**3)
    assert period - math.pi * TAU / root == pytest.approx(longer, rel=0.2)


def test_a_usual_threshold_changes_little():
    near, far = (of_the_paper(1000, dt=0.02 * ms, threshold=x) for x in (100.0, math.inf))
    assert near == pytest.approx(far, rel=0.05)


def test_a_quiet_neuron_goes_to_rest_and_stays():
    net = nm.spiking.QIFNetwork(1, eta=-4.0, delta=0.0, initial={"v": 1.0})
    nm.run(net, 300 * ms)
    assert net.potentials == pytest.approx([-2.0], abs=1e-9)
    assert float(net.r.magnitude) == 0.0


def test_without_coupling_every_neuron_fires_at_its_own_exact_rate():
    net = nm.spiking.QIFNetwork(101, tau=TAU * ms, eta=1.0, delta=2.0, dt=0.05 * ms, seed=1)
    spikes = nm.run(net, 1000 * ms, record="spikes").spikes
    for neuron, eta in enumerate(net.excitabilities):
        times = spikes.of(neuron).magnitude
        if eta < 0.0:
            assert len(times) <= 1  # the one that was on its way
        elif len(times) > 2:
            period = math.pi * TAU / math.sqrt(eta)
            assert np.diff(times) == pytest.approx(period, rel=1e-8)


def test_no_spike_is_lost_or_doubled_up_to_the_longest_step():
    eta, count = 9.0, 0
    period = math.pi * TAU / math.sqrt(eta)
    for share in (0.01, 0.1, 0.3, 0.48):
        net = nm.spiking.QIFNetwork(1, tau=TAU * ms, eta=eta, delta=0.0, dt=share * period * ms)
        rec = nm.run(net, 1000 * share * period * ms, record="spikes")
        count = len(rec.spikes)
        assert abs(count - 1000 * share) <= 1.0 + 1e-3 * 1000 * share


def test_a_step_that_is_too_long_is_refused_with_one_that_works():
    with pytest.raises(ValueError, match=r"dt = 1 ms is too long.*dt = 0\.\d+ ms is short") as e:
        nm.spiking.QIFNetwork(1000, eta=0.0, dt=1 * ms)
    advised = float(str(e.value).split("; dt = ")[1].split(" ms")[0])
    net = nm.spiking.QIFNetwork(1000, eta=0.0, dt=advised * ms, window=2 * advised * ms)
    nm.run(net, 100 * advised * ms)


def test_an_input_that_makes_the_step_too_long_stops_at_the_last_good_one():
    net = network(noise=None, neuron_noise=None)
    drive = nm.signals.Step(1e5, start=2 * ms)
    with pytest.raises(SimulationError, match=r"too long: .*from t = 2 ms") as stopped:
        nm.run(net, 5 * ms, drive, record=("r", "spikes"))
    rec = stopped.value.recording
    assert len(rec) == 41
    assert float(net.t.magnitude) == 2.0
    again = network(noise=None, neuron_noise=None)
    nm.run(again, 2 * ms)
    assert everything(again) == everything(net)


# --------------------------------------------------------------------------- order


def ends(dt, model=nm.QIF, count=300, **options):
    """Order parameter of a driven network after 8, 16 and 24 ms."""
    net = nm.spiking.QIFNetwork(
        count, model=model, initial={"r": 20 * Hz, "v": -0.5}, dt=dt * ms, window=2 * dt * ms,
        seed=1, **options,
    )  # fmt: skip
    drive = nm.signals.Sine(2.0, frequency=40 * Hz)
    rec = nm.run(net, 24 * ms, drive, record=("R", "Psi"), every=round(8 / dt))
    return np.concatenate([rec.array("R"), rec.array("Psi")])


def order(steps, finest, **options):
    """Slope of the error against the step."""
    exact = ends(finest, **options)
    errors = [np.linalg.norm(ends(dt, **options) - exact) for dt in steps]
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_order_is_two_without_coupling():
    assert order((0.2, 0.1, 0.05), 0.0025, eta=1.0, delta=0.3) == pytest.approx(2.0, abs=0.1)


def test_order_is_two_with_gap_junctions():
    options = {"model": nm.QIFGapJunction, "eta": 2.0, "g": 2.0, "distribution": "uniform"}
    found = order((0.4, 0.2, 0.1), 0.01, count=2000, **options)
    assert found == pytest.approx(2.0, abs=0.15)


def test_order_is_two_with_pulses_up_to_their_number():
    """Pulses of single neurons are a noise that falls with their number: many are needed."""
    options = {"eta": 5.0, "delta": 0.3, "J": -5.0, "distribution": "uniform"}
    found = order((0.8, 0.4, 0.2), 0.025, count=100_000, **options)
    assert found == pytest.approx(2.0, abs=0.15)


# --------------------------------------------------------------------------- the mean field


def test_step_protocol_at_a_thousand_neurons():
    assert of_the_paper(1000, dt=0.02 * ms) < 0.12


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.slow
def test_step_protocol_error_falls_with_the_number_of_neurons():
    """The reference has 0.036 at 10 000 with a finite threshold, and a slope of -0.44."""
    counts, seeds = (1000, 3000, 10_000, 30_000), (1, 2, 3)
    errors = [root_mean_square([of_the_paper(n, seed=x) for x in seeds]) for n in counts]
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert errors[2] < 0.036
    assert -0.65 < slope < -0.4
    drawn = [of_the_paper(10_000, seed=x, draw="random") for x in seeds]
    assert root_mean_square(drawn) > 3 * errors[2]


@pytest.mark.slow
def test_inhibitory_network_follows_the_mean_field():
    """The reference has 0.025."""
    options = {"tau": TAU * ms, "eta": 5.0, "delta": 1.0, "J": -10.0, "initial": "rest"}
    nets = [nm.spiking.QIFNetwork(10_000, **options, seed=x) for x in (1, 2, 3)]
    pop = nm.QIF(**options, dt=nets[0].dt)
    errors = [distance(net, pop.copy(), 40 * TAU * ms, STEP) for net in nets]
    assert root_mean_square(errors) < 0.025


def test_the_smallest_error_needs_the_tails():
    """Quantiles that drop the tails of the Lorentzian have twice the error of midpoints."""
    count = 1000
    j = np.arange(1, count + 1)
    cut = -5.0 + np.tan(0.5 * math.pi * (2 * j - count - 1) / (count + 1))
    net = nm.spiking.QIFNetwork(count, excitabilities=cut, J=15.0, dt=0.02 * ms, seed=1)
    whole = nm.spiking.QIFNetwork(count, eta=-5.0, J=15.0, dt=0.02 * ms, seed=1)
    pop = nm.QIF(eta=-5.0, J=15.0, dt=0.02 * ms)
    far, near = (distance(each, pop.copy(), 100 * ms, STEP) for each in (net, whole))
    assert far > 1.3 * near


def test_the_network_begins_where_the_mean_field_is():
    net = nm.spiking.QIFNetwork(1000, initial={"r": 50 * Hz, "v": 0.7}, seed=1)
    assert float(net.v) == pytest.approx(0.7, abs=1e-9)
    half_width = math.pi * 0.05 * TAU
    assert np.median(net.potentials) == pytest.approx(0.7, abs=0.02)
    middle = np.mean(np.abs(net.potentials - 0.7) < half_width)
    assert middle == pytest.approx(0.5, abs=1e-3)
    W = complex(half_width, 0.7)
    assert net.kuramoto() == pytest.approx((1 - W.conjugate()) / (1 + W.conjugate()), abs=1e-9)
    assert abs(np.corrcoef(np.arange(1000), np.argsort(np.argsort(net.potentials)))[0, 1]) < 0.05


def test_rest_is_rest():
    """At rest the rate stays, and nothing moves but the phases of those that fire."""
    net = nm.spiking.QIFNetwork(4000, eta=-5.0, J=15.0, initial="rest", dt=0.02 * ms, seed=1)
    rec = nm.run(net, 100 * ms, record=("r", "v"), every=5000, average=True)
    expected = 0.008
    for _ in range(100):  # so many neurons fire a little less than infinitely many
        drive = np.maximum(net.excitabilities + 15.0 * TAU * expected, 0.0)
        expected = np.mean(np.sqrt(drive)) / (math.pi * TAU)
    assert 1000 * expected == pytest.approx(8.1134, rel=0.03)
    assert rec.array("r", Hz)[0] == pytest.approx(1000 * expected, rel=0.005)
    assert rec.array("v")[0] == pytest.approx(-1.9616, rel=0.02)


def test_gaussian_and_uniform_excitabilities():
    gauss = nm.spiking.QIFNetwork(2001, eta=1.0, delta=2.0, distribution="gaussian").excitabilities
    assert (np.mean(gauss), np.std(gauss)) == pytest.approx((1.0, 2.0), abs=0.01)
    flat = nm.spiking.QIFNetwork(2001, eta=1.0, delta=2.0, distribution="uniform").excitabilities
    assert (flat.min(), flat.max()) == pytest.approx((-1.0, 3.0), abs=0.01)
    drawn = nm.spiking.QIFNetwork(
        20_001, eta=1.0, draw="random", seed=4, dt=0.0005 * ms, window=1 * ms
    )
    quartiles = np.quantile(drawn.excitabilities, (0.25, 0.5, 0.75))
    assert quartiles == pytest.approx((0.0, 1.0, 2.0), abs=0.05)
    assert np.all(np.diff(drawn.excitabilities) >= 0.0)


def test_rate_is_the_number_of_spikes_in_the_window():
    net = nm.spiking.QIFNetwork(50, eta=5.0, dt=0.05 * ms, window=2 * ms, seed=1)
    rec = nm.run(net, 50 * ms, record=("r", "spikes"))
    t = rec.t.magnitude
    times = rec.spikes.times
    for k in (200, 567, 1000):
        inside = np.sum((times > t[k] - 2.0 + 1e-9) & (times <= t[k] + 1e-9))
        assert rec.array("r", Hz)[k] == pytest.approx(1000 * inside / (50 * 2.0), rel=1e-12)


# --------------------------------------------------------------------------- kernels


def packed_divisions(function, *given):
    """How many divisions of several numbers at once a compiled function has."""
    function(*given)
    return len(re.findall(r"\bv?divpd\b", "".join(function.inspect_asm().values())))


@pytest.mark.skipif(JIT_IS_OFF, reason="nothing is compiled")
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="other instructions")
def test_loops_over_neurons_vectorise():
    x = np.zeros(256)
    assert packed_divisions(kernels.move, x.copy(), x, 1.0, 0.01, 0.0, math.inf)
    assert packed_divisions(kernels.move_and_mark, x.copy(), x, 1.0, 0.01, 0.0, math.inf, x.copy())
    assert packed_divisions(kernels.move_each, x.copy(), x, x, 0.01, math.inf, x.copy())
    assert packed_divisions(kernels.sum_phases, x, np.zeros(1), np.zeros(1), 0)


# --------------------------------------------------------------------------- the same bits


def by_hand(net, steps):
    for _ in range(steps):
        net.update(3.0)


def in_chunks(net, steps):
    for count in (1, 7, 64, steps - 72):
        nm.run(net, count * net.dt, 3.0, record=())


def after_snapshot(net, steps):
    nm.run(net, 30 * net.dt, 3.0)
    saved = net.snapshot()
    nm.run(net, 50 * net.dt, -3.0)
    net.eta = -4.0
    net.restore(saved)
    nm.run(net, (steps - 30) * net.dt, 3.0)


def as_copies(net, steps):
    """Copies go on as the original would."""
    nm.run(net, 21 * net.dt, 3.0)
    for twin in (net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        nm.run(twin, (steps - 21) * net.dt, 3.0)
        assert everything(twin) == everything(reference(net))
    nm.run(net, (steps - 21) * net.dt, 3.0)


def after_reset(net, steps):
    nm.run(net, 40 * net.dt, 3.0)
    net.reset()
    nm.run(net, steps * net.dt, 3.0)


def recorded(net, steps):
    rec = nm.run(net, steps * net.dt, 3.0, record=("r", "v", "R", "I_ext", "spikes"))
    assert rec.r[-1] == net.r


def reference(net, steps=200):
    other = net.copy()
    other.reset()
    nm.run(other, steps * net.dt, 3.0)
    return other


WAYS = [by_hand, in_chunks, after_snapshot, as_copies, after_reset, recorded]
KINDS = {
    "pulses": {},
    "gap junctions": {"model": nm.QIFGapJunction, "g": 1.0},
    "sparse": {"connectivity": 20, "neuron_noise": None},
    "synapses of each": {"connectivity": 20, "model": nm.QIFSynaptic, "tau_s": 5 * ms},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_of_stepping_gives_the_same_bits(way, kind):
    net = network(**KINDS[kind])
    expected = everything(reference(net))
    way(net, 200)
    assert everything(net) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_threads_give_the_same_bits_and_spikes(kind):
    found = []
    for threads in (1, 2, 3):
        net = network(3000, threads=threads, dt=0.01 * ms, **KINDS[kind])
        rec = nm.run(net, 2 * ms, 3.0, record=("r", "v", "spikes"))
        spikes = rec.spikes.neurons.tobytes(), rec.spikes.times.tobytes()
        found.append((everything(net), rec.array("v").tobytes(), spikes))
    assert len(rec.spikes) > 0
    assert found[0] == found[1] == found[2]


def test_recording_by_hand_is_that_of_a_run():
    net, other = network(), network()
    names = ("r", "v", "I_ext", "R", "spikes")
    with nm.record(net, names=names) as rec:
        by_hand(net, 200)
    run = nm.run(other, 200 * net.dt, 3.0, record=names)
    for name in names[:-1]:
        assert (
            rec.array(name, "Hz" if name == "r" else "").tobytes()
            == run.array(name, "Hz" if name == "r" else "").tobytes()
        )
    assert rec.spikes.times.tobytes() == run.spikes.times.tobytes()


def test_means_between_samples_are_those_of_the_samples():
    net, other = network(), network()
    fine = nm.run(net, 200 * net.dt, 3.0, record=("r", "v", "R", "Psi", "I_ext"))
    means = nm.run(other, 200 * net.dt, 3.0, record=("r", "v", "R", "Psi", "I_ext"), every=20,
                   average=True)  # fmt: skip
    for name in ("v", "R", "Psi", "I_ext"):
        expected = fine.array(name)[1:].reshape(10, 20).mean(axis=1)
        assert means.array(name) == pytest.approx(expected, rel=1e-12)


# --------------------------------------------------------------------------- as a population


def test_setting_parameters_and_states():
    net = network(noise=None, neuron_noise=None)
    net.eta = -4.0
    net.tau = 20 * ms
    assert np.median(net.excitabilities) == pytest.approx(-4.0)
    net.set(r=40 * Hz, v=-1.0)
    assert float(net.v) == pytest.approx(-1.0, abs=1e-6)
    assert float(net.r.magnitude) == 40.0
    before = everything(net)
    with pytest.raises(TypeError):
        net.tau = 20.0
    with pytest.raises(ValueError, match="cannot be below 0 Hz"):
        net.r = -1 * Hz
    with pytest.raises(AttributeError, match="did you mean eta"):
        net.etaa = 1.0
    with pytest.raises(AttributeError, match=r"copy\(N=...\)"):
        net.N = 10
    assert everything(net) == before


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"N": 0}, ValueError, "N must be at least 1"),
        ({"N": 10.5}, TypeError, "N must be a whole number"),
        ({"tau": 10}, TypeError, "tau needs a time"),
        ({"deltaa": 1.0}, TypeError, "did you mean delta"),
        ({"r": 8 * Hz}, TypeError, "r is a state"),
        ({"distribution": "lorenzian"}, ValueError, "did you mean 'lorentzian'"),
        ({"draw": "rand"}, ValueError, "draw must be one of"),
        ({"excitabilities": [1.0]}, ValueError, "100 neurons"),
        ({"excitabilities": np.ones(100), "eta": 1.0}, TypeError, "either excitabilities or eta"),
        ({"eta": np.ones(100)}, ValueError, "excitabilities="),
        ({"window": 0.005 * ms}, ValueError, "multiple of dt"),
        ({"spikes_of": 0}, ValueError, "spikes_of must lie between 1 and 100"),
        ({"spikes_of": [100]}, ValueError, "from 0 to 99"),
        ({"threshold": 0.0}, ValueError, "threshold must be a positive number"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"noise": {"v": nm.noise.White(0.1 / ms**0.5)}}, ValueError, "neuron_noise"),
        ({"neuron_noise": 0.5}, TypeError, "White or OrnsteinUhlenbeck"),
        ({"initial": "quiet"}, ValueError, "initial must be one of 'rest'"),
        ({"initial": "rest", "distribution": "uniform"}, ValueError, "takes a Lorentzian"),
        ({"model": nm.JansenRit}, TypeError, "JansenRit is not the mean field of quadratic"),
        ({"model": 3}, TypeError, "model of the QIF family"),
    ],
)
def test_wrong_options_are_refused(options, error, text):
    with pytest.raises(error, match=text):
        nm.spiking.QIFNetwork(**{"N": 100, **options})


def test_a_copy_returns_to_where_the_original_does():
    net = network()
    for changes in ({}, {"eta": -4.0}, {"J": 10.0}):
        other = net.copy(**changes)
        same = network()
        same.set(**changes)
        for each in (other, same):
            nm.run(each, 2 * ms, 3.0)
            each.reset()
        assert everything(other) == everything(same)


def test_copies_with_other_neurons():
    net = network(400, noise=None, neuron_noise=None)
    nm.run(net, 4 * ms, 3.0)
    larger = net.copy(N=4000, threads=1)
    assert (larger.N, larger.t, larger.r) == (4000, net.t, net.r)
    assert float(larger.v) == pytest.approx(float(net.v), abs=1e-6)
    finer = net.copy(dt=0.01 * ms)
    assert np.array_equal(finer.potentials, net.potentials)
    assert (finer.window, finer.t) == (net.window, net.t)
    nm.run(finer, 1 * ms, 3.0)
    given = np.linspace(-3, 5, 400)
    for other in (net.copy(excitabilities=given), net.copy(excitabilities=given).copy()):
        assert other.excitabilities == pytest.approx(given, abs=1e-12)
        assert np.array_equal(other.potentials, net.potentials)
    moved = net.copy(excitabilities=given)
    moved.eta = 2.0
    assert moved.copy().excitabilities == pytest.approx(given + 1.0, abs=1e-12)
    with pytest.raises(ValueError, match="delta cannot be set"):
        moved.delta = 2.0
    with pytest.raises(TypeError, match="the same model"):
        net.copy(model=nm.QIFSynaptic)
    with pytest.raises(TypeError, match="did you mean"):
        net.copy(etta=1.0)


def test_snapshots_of_others_are_refused():
    net = network()
    for other in (network(100), network(eta=-4.0, seed=4, draw="random", neuron_noise=None)):
        with pytest.raises(ValueError, match="The snapshot is of"):
            net.restore(other.snapshot())
    with pytest.raises(ValueError, match="population"):
        net.restore(nm.QIF().snapshot())


def test_a_network_has_no_vector_field():
    with pytest.raises(TypeError, match="mean_field"):
        nm.analysis.continuation(network(), "eta", (-10, 5))


# --------------------------------------------------------------------------- with the rest


def test_a_sweep_runs_networks_one_by_one():
    net = network(neuron_noise=None, noise=None)
    found = nm.sweep(
        net, {"eta": [-8.0, 0.0], "initial.r": [0 * Hz, 100 * Hz]}, 20 * ms,
        measure={"rate": nm.measures.mean("r"), "v": nm.measures.final("v")}, transient=5 * ms,
    )  # fmt: skip
    for i, eta in enumerate((-8.0, 0.0)):
        for j, rate in enumerate((0, 100)):
            one = net.copy(eta=eta)
            one.r = rate * Hz
            nm.run(one, 5 * ms)
            rec = nm.run(one, 15 * ms)
            assert found["v"][i, j].magnitude == rec.v[-1].magnitude
            mean = rec.array("r", Hz).mean()
            assert found["rate"][i, j].magnitude == pytest.approx(mean, rel=1e-12)


def test_points_of_a_sweep_have_noise_of_their_own():
    net = network()
    measure = {"v": nm.measures.final("v")}
    found = nm.sweep(net, {"J": [15.0, 15.0, 15.0]}, 20 * ms, measure=measure)["v"].magnitude
    assert len(set(found)) == 3
    again = nm.sweep(net, {"J": [15.0, 15.0, 15.0]}, 20 * ms, measure=measure, threads=2)
    assert list(again["v"].magnitude) == list(found)


def test_a_feedback_sees_the_network():
    net = network(noise=None, neuron_noise=None)
    other = net.copy()
    loop = nm.signals.Feedback(lambda system: 10.0 - float(system.v) * 2.0)
    rec = nm.run(net, 10 * ms, loop, record=("v", "I_ext"))
    for _ in range(200):
        other.update(10.0 - float(other.v) * 2.0)
    assert everything(other) == everything(net)
    assert np.std(rec.array("I_ext")[1:]) > 0.1


def test_networks_of_a_model_of_ones_own_travel():
    cloudpickle = pytest.importorskip("cloudpickle")

    class Own(nm.QIFAdaptation):
        """A model that no other process can import."""

    net = network(model=Own)
    twin = pickle.loads(cloudpickle.dumps(net))
    for each in (net, twin):
        nm.run(each, 5 * ms, 3.0)
    assert everything(net) == everything(twin)
    assert "model=Own" in repr(net)


@pytest.mark.parametrize("kind", ["gap junctions", "sparse"])
def test_without_the_jit_the_bits_are_the_same(kind, elsewhere):
    text = f"""
import hashlib, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import neuromass as nm
from neuromass.units import ms
from test_spiking import KINDS, everything, network
net = network(40, **KINDS[{kind!r}])
rec = nm.run(net, 10 * ms, 3.0, record=("r", "v", "spikes"))
print(hashlib.sha256(repr(everything(net)).encode()).hexdigest(), len(rec.spikes))
"""
    with_jit, without = (elsewhere(text, NUMBA_DISABLE_JIT=off) for off in ("0", "1"))
    assert with_jit == without
    assert int(without[0].split()[1]) > 0


def test_a_parameter_follows_a_signal_for_the_length_of_a_run():
    net, other = (network(noise=None, neuron_noise=None) for _ in range(2))
    ramp = nm.signals.Ramp(-5.0, -1.0, 0 * ms, 5 * ms)
    rec = nm.run(net, 5 * ms, 1.0, record=("v", "eta", "spikes"), parameters={"eta": ramp})
    values = ramp.means(0, 100, 0.05)
    assert rec.array("eta")[1:] == pytest.approx(values)
    for value in values:
        other.update(float(value) + 5.0 + 1.0)
    assert np.arctan(net.potentials) == pytest.approx(np.arctan(other.potentials), abs=1e-9)
    assert float(net.eta) == -5.0
    nm.run(net, 5 * ms, 1.0)
    for name in ("tau", "delta"):
        value = 10 * ms if name == "tau" else 1.0
        with pytest.raises(ValueError, match=f"{name} of a QIFNetwork cannot follow"):
            nm.run(net, 1 * ms, parameters={name: nm.signals.Constant(value)})


def test_there_are_no_lanes_to_fail_alone():
    with pytest.raises(ValueError, match="no lanes that could fail"):
        nm.run(network(), 1 * ms, on_failure="nan")


def test_recordings_with_spikes_are_compared():
    one, other = (nm.run(network(), 5 * ms, 9.0, record=("r", "spikes")) for _ in range(2))
    assert one == other
    assert len(one.spikes) > 0
    assert one != nm.run(network(), 5 * ms, 9.0, record=("r",))
    assert one != nm.run(network(seed=4), 5 * ms, 9.0, record=("r", "spikes"))
    assert "spikes" in dir(one)
