"""What dt and threshold do to networks of neurons, and what is said of it."""

import math
import warnings

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, ms

STEP = nm.signals.Step(3.0, start=10 * ms, stop=60 * ms)


def network(count=2000, **changes):
    options = {"eta": -5.0, "J": 15.0, "initial": "rest", "seed": 1, "window": 0.4 * ms}
    return nm.spiking.QIFNetwork(count, **{**options, "dt": 0.1 * ms, **changes})


def report_of(system, duration=100 * ms, inputs=STEP):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return nm.check_dt(system, duration, inputs)


def longer_by(threshold, share):
    """What a threshold adds to the time between spikes, over what it should."""
    root = threshold / 5.0
    dt = share * 10.0 / threshold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        net = nm.spiking.QIFNetwork(
            1, eta=root**2, delta=0.0, threshold=threshold, dt=dt * ms, window=2 * dt * ms
        )
    times = nm.run(net, round(2000 / dt) * dt * ms, record="spikes").spikes.times
    free = math.pi * 10 / root
    exact = 2 * 10 / root * math.atan(threshold / root) + 20 / threshold
    return (np.mean(np.diff(times)) - free) / (exact - free)


@pytest.mark.parametrize("threshold", [30.0, 100.0])
def test_what_a_threshold_does_takes_steps_that_are_short_enough_for_it(threshold):
    assert longer_by(threshold, 0.02) == pytest.approx(1.0, abs=0.01)
    assert longer_by(threshold, 0.1) == pytest.approx(1.0, abs=0.04)
    assert longer_by(threshold, 0.5) > 1.2
    assert longer_by(threshold, 2.0) > 3.0


def test_a_step_that_is_too_long_for_the_threshold_is_warned_of():
    with pytest.warns(UserWarning, match=r"threshold = 100: dt = 0.05 ms .*; dt = 0.02 ms is"):
        net = network(threshold=100.0, dt=0.05 * ms)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network(threshold=100.0, dt=0.02 * ms)
        network(threshold=30.0, dt=0.05 * ms)
    with pytest.warns(UserWarning, match=r"too long for the threshold.*dt = 0.02 ms should do"):
        report = nm.check_dt(net, 100 * ms, STEP)
    assert not report.ok
    assert report.threshold_dt.magnitude == report.advice.magnitude == 0.02
    assert "0.02 ms is short enough for it" in repr(report)
    assert report_of(net.copy(dt=report.advice, window=None)).ok


def test_changes_of_neurons_are_those_of_two_runs():
    net = network(20_000)
    report = report_of(net)
    coarse = nm.run(net.copy(), 100 * ms, STEP)
    fine = nm.run(net.copy(dt=0.05 * ms), 100 * ms, STEP, every=2)
    for name, unit in (("r", Hz), ("v", "")):
        change = np.max(np.abs(fine.array(name, unit) - coarse.array(name, unit)))
        assert report.change[name].magnitude == pytest.approx(change, rel=1e-12)
    assert net.t.magnitude == 0.0


def test_a_step_whose_error_is_above_fluctuations_is_warned_of_with_one_that_does():
    net = network(20_000)
    with pytest.warns(UserWarning, match=r"Halving dt = 0.1 ms changes .*dt = 0.05 ms should do"):
        report = nm.check_dt(net, 100 * ms, STEP)
    assert report.observed_order > 1.2
    assert report_of(net.copy(dt=report.advice)).ok


def test_single_spikes_are_no_error_of_the_step():
    """They come earlier or later whatever dt is: by less than another seed moves them."""
    report = report_of(network(200))
    other = report_of(network(200, dt=0.02 * ms))
    for each in (report, other):
        assert each.ok
        assert 0.05 < each.relative["r"] < each.fluctuation
        assert "so many neurons fluctuate" in repr(each)
    moved = [nm.run(network(200, seed=seed), 100 * ms, STEP).array("r", Hz) for seed in (1, 2)]
    assert np.max(np.abs(moved[0] - moved[1])) / np.ptp(moved[0]) > report.relative["r"]
    many = report_of(network(800)).fluctuation
    assert many == pytest.approx(report.fluctuation / 2, rel=0.1)


def test_a_step_in_which_spikes_would_be_lost_is_told_with_one_that_works():
    net = network(dt=0.05 * ms, distribution="uniform", initial={"v": -2.0}, J=0.0)
    with pytest.warns(UserWarning, match="The run at dt = 0.05 ms fails at t = 0 ms"):
        report = nm.check_dt(net, 10 * ms, 3e5)
    assert len(report.errors) == 1
    nm.run(net.copy(dt=report.advice), 10 * ms, 3e5)


def test_noise_of_each_neuron_is_left_out():
    own = nm.noise.White(0.1 * ms**0.5)
    exc = {"dt": 0.05 * ms, "neuron_noise": own}
    nets = [nm.Network({"a": network(**more), "b": nm.QIF()}) for more in (exc, {"dt": 0.05 * ms})]
    for net in nets:
        net.connect("a", "b", J=5.0)
    noisy, quiet = (report_of(net, 50 * ms, {"a": 3.0}) for net in nets)
    assert {n: each.magnitude for n, each in noisy.change.items()} == {
        n: each.magnitude for n, each in quiet.change.items()
    }
    assert noisy.ok
    assert noisy.fluctuation > 0.01
    alone = report_of(network(neuron_noise=own)), report_of(network())
    assert alone[0].change["v"].magnitude == alone[1].change["v"].magnitude
