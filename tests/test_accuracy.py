"""check_dt: what halving dt changes, and what is warned of."""

import warnings

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import Hz, kHz, ms, second


def report_of(pop, duration=100 * ms, inputs=3.0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return nm.check_dt(pop, duration, inputs)


def test_changes_are_those_of_two_runs():
    pop = nm.QIF(J=15.0, dt=0.02 * ms)
    report = nm.check_dt(pop, 100 * ms, inputs=3.0)
    coarse = nm.run(nm.QIF(J=15.0, dt=0.02 * ms), 100 * ms, inputs=3.0)
    fine = nm.run(nm.QIF(J=15.0, dt=0.01 * ms), 100 * ms, inputs=3.0, every=2)
    for name, unit in (("r", Hz), ("v", "")):
        change = np.max(np.abs(fine.array(name, unit) - coarse.array(name, unit)))
        assert report.change[name].magnitude == pytest.approx(change, rel=1e-12)
        assert report.relative[name] == pytest.approx(change / np.ptp(fine.array(name, unit)))
    assert report.change["r"].units == Hz
    assert report.ok
    assert report.advice is None


@pytest.mark.parametrize(("method", "order"), [("heun", 2), ("euler", 1)])
@pytest.mark.parametrize("inputs", [3.0, nm.signals.Sine(3.0, frequency=20 * Hz)])
def test_order_is_that_of_the_method(method, order, inputs):
    report = report_of(nm.QIF(J=15.0, method=method, dt=0.01 * ms), 50 * ms, inputs)
    assert report.order == order
    assert report.observed_order == pytest.approx(order, abs=0.1)
    assert report.order_holds
    assert f"as it should be ({order})" in repr(report)


@pytest.mark.parametrize(
    ("inputs", "order"),
    [
        (None, 4), (3.0, 4), (nm.signals.Constant(3.0), 4), ({"I_ext": 3.0}, 4),
        (nm.signals.Step(3.0, start=20 * ms), 4),  # its edge is on the grid
        (nm.signals.Sine(3.0, frequency=20 * Hz), 2),
        (lambda t: 3.0 * np.sin(t.m_as(ms) / 8), 2),
    ],
)  # fmt: skip
def test_runge_and_kutta_have_the_order_that_inputs_allow(inputs, order):
    pop = nm.QIF(J=15.0, method="rk4", dt=0.2 * ms, initial={"r": 20 * Hz, "v": -1.0})
    report = report_of(pop, 40 * ms, inputs)
    assert report.order == order
    assert report.order_holds
    assert f"as it should be ({order})" in repr(report)


@pytest.mark.parametrize(("delay", "order"), [(None, 4), (2 * ms, 2)])
def test_runge_and_kutta_have_the_order_that_delays_allow(delay, order):
    start = {"r": 20 * Hz, "v": -1.0}
    make = lambda: nm.QIF(eta=2.0, method="rk4", dt=0.2 * ms, initial=start)
    net = nm.Network({"one": make(), "other": make()})
    net.connect("one", "other", J=-4.0, delay=delay)
    net.connect("other", "one", J=-4.0)
    report = report_of(net, 40 * ms, {"one": 3.0})
    assert report.order == order
    assert report.order_holds


def test_the_system_is_left_as_it_is():
    pop = nm.QIF(J=15.0, noise={"I_ext": nm.noise.White(0.1 * ms**0.5)}, seed=3)
    nm.run(pop, 10 * ms)
    before = pop.snapshot()
    nm.check_dt(pop, 20 * ms, inputs=1.0)
    after = pop.snapshot()
    assert after.clock == before.clock
    assert np.array_equal(after.state, before.state)


def test_it_starts_where_the_system_stands_and_without_noise():
    quiet, noisy = (
        nm.QIF(J=15.0, noise=noise, seed=1) for noise in (None, {"v": nm.noise.White(1 / ms**0.5)})
    )
    step = nm.signals.Step(3.0, start=15 * ms)
    reports = []
    for pop in (quiet, noisy):
        pop.restore(pop.snapshot())
        reports.append(nm.check_dt(pop, 30 * ms, inputs=step))
    assert reports[0].change == reports[1].change
    assert "without noise" in repr(reports[1])
    nm.run(quiet, 20 * ms)
    later = nm.check_dt(quiet, 10 * ms, inputs=3.0)
    assert later.start == 20 * ms
    assert later.change != reports[0].change


def test_large_changes_are_warned_of_with_a_dt_that_does():
    pop = nm.QIF(J=15.0, dt=0.5 * ms)
    with pytest.warns(
        UserWarning, match=r"Halving dt = 0.5 ms changes v of QIF by up to"
    ) as caught:
        report = nm.check_dt(pop, 100 * ms, inputs=3.0)
    assert not report.ok
    assert f"dt = {report.advice:.6g~P} should do" in str(caught[0].message)
    assert caught[0].filename == __file__
    assert nm.check_dt(pop.copy(dt=report.advice), 100 * ms, inputs=3.0).ok


@pytest.mark.parametrize("dt", [2.0, 5.0])
def test_a_run_that_fails_is_warned_of_with_a_dt_that_does(dt):
    pop = nm.QIF(J=15.0, dt=dt * ms)
    with pytest.raises(nm.SimulationError) as error:
        nm.run(pop.copy(), 100 * ms, inputs=3.0)
    told = rf"The run at dt = {dt:g} ms fails at t = \d+ ms, where state r of QIF is no longer"
    with pytest.warns(UserWarning, match=told):
        report = nm.check_dt(pop, 100 * ms, inputs=3.0)
    assert (report.errors[0].time, report.errors[0].state) == (error.value.time, error.value.state)
    assert np.isnan(report.relative["r"])
    assert np.isnan(report.change["v"].magnitude)
    assert report.order_holds is None
    assert "the run at dt" in repr(report)
    assert nm.check_dt(pop.copy(dt=report.advice), 100 * ms, inputs=3.0).ok


def test_a_model_that_blows_up_at_any_dt():
    class Explosive(nm.Population):
        """Reaches infinity in finite time."""

        tau = nm.Parameter(1 * ms, positive=True)
        x = nm.State(1.0)

        @staticmethod
        def derivatives(x, tau):
            return (x**2 / tau,)

    with pytest.warns(UserWarning, match="no smaller dt was found"):
        report = nm.check_dt(Explosive(), 10 * ms)
    assert report.advice is None
    assert "look at the parameters and inputs" in repr(report)


def test_rows_of_an_array_last_as_long_at_smaller_steps():
    rows = np.sin(np.arange(2000) / 50.0)
    by_array = nm.check_dt(nm.QIF(J=15.0), 100 * ms, inputs=rows)
    by_signal = nm.check_dt(
        nm.QIF(J=15.0), 100 * ms, inputs={"I_ext": nm.signals.Sampled(rows, dt=0.05 * ms)}
    )
    by_list = nm.check_dt(nm.QIF(J=15.0), 100 * ms, inputs={"I_ext": rows.tolist()})
    by_quantity = nm.check_dt(nm.QIF(J=15.0), 100 * ms, inputs=rows * (1 * Hz) * (1 * second))
    assert by_array.change == by_signal.change == by_list.change == by_quantity.change
    assert by_array.order_holds


def test_an_edge_off_the_grid_costs_no_order():
    report = report_of(nm.QIF(J=15.0), inputs=nm.signals.Step(3.0, start=10.013 * ms))
    assert report.observed_order == pytest.approx(2.0, abs=0.1)


def test_a_function_that_jumps_off_the_grid_shows_in_the_order():
    report = report_of(nm.QIF(J=15.0), inputs=lambda t: 3.0 if t >= 10.013 * ms else 0.0)
    assert report.observed_order == pytest.approx(1.0, abs=0.2)
    assert not report.order_holds
    assert "an input jumps between steps" in repr(report)


def test_lanes_each_have_their_own_range():
    alone = nm.check_dt(nm.QIF(J=15.0, eta=-4.0), 100 * ms, inputs=3.0)
    quiet = nm.check_dt(nm.QIF(J=15.0, eta=-9.0), 100 * ms, inputs=3.0)
    both = nm.check_dt(nm.QIF(J=15.0, eta=[-4.0, -9.0]), 100 * ms, inputs=3.0)
    for name in ("r", "v"):
        assert both.relative[name] == max(alone.relative[name], quiet.relative[name])
        assert both.change[name] == max(alone.change[name], quiet.change[name])


def test_at_rest_nothing_changes():
    report = nm.check_dt(nm.QIF(delta=0.0, initial={"v": -np.sqrt(5.0)}), 100 * ms)
    assert report.ok
    assert report.order_holds is None
    assert "what changes is rounding" in repr(report)


def test_long_runs_are_compared_at_fewer_times():
    short = nm.check_dt(nm.QIF(eta=np.linspace(-9, -5, 50), J=15.0), 1000 * ms, inputs=0.1)
    long = nm.check_dt(nm.QIF(eta=np.linspace(-9, -5, 250), J=15.0), 1000 * ms, inputs=0.1)
    assert short.compared_every == 1
    assert long.compared_every > 1
    assert long.ok


@pytest.mark.parametrize(("coupling", "order"), [("full", 2), ("held", 1)])
def test_networks(coupling, order):
    exc, inh = nm.QIF(tau=20 * ms, J=8.0, dt=0.01 * ms), nm.QIF(tau=10 * ms, dt=0.01 * ms)
    net = nm.Network({"exc": exc, "inh": inh}, coupling=coupling)
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    report = report_of(net, 50 * ms, {"exc": 10.0})
    assert list(report.change) == ["exc.r", "exc.v", "inh.r", "inh.v"]
    assert report.observed_order == pytest.approx(order, abs=0.15)
    assert report.order == order
    assert net.t == 0 * ms


def test_duration_is_shown_in_ms():
    report = nm.check_dt(nm.QIF(), 0.1 * second)
    assert report.duration == 100 * ms
    assert "100 ms from t = 0 ms" in repr(report)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((nm.QIF, 10 * ms), TypeError, "check_dt takes a population or a network"),
        ((3, 10 * ms), TypeError, "check_dt takes a population or a network"),
        ((nm.QIF(), 10), TypeError, "duration needs a time"),
        ((nm.QIF(), 10 * kHz), TypeError, "duration needs a time"),
        ((nm.QIF(), -10 * ms), ValueError, "duration must be positive"),
        ((nm.QIF(), 10.03 * ms), ValueError, "no multiple of dt"),
        ((nm.QIF(), 10 * ms, np.zeros(7)), ValueError, "7 rows"),
        ((nm.QIF(), 10 * ms, {"I_exr": 1.0}), ValueError, "I_ext"),
    ],
)
def test_bad_arguments(arguments, error, told):
    with pytest.raises(error, match=told):
        nm.check_dt(*arguments)


def test_what_changes_by_rounding_alone_is_no_change():
    """Next to rest, a state that moves in its last bits has a range of such bits only."""
    pop = nm.QIF(delta=0.0, initial={"v": -np.sqrt(5.0) + 1e-13})
    assert 0 < np.ptp(nm.run(pop.copy(), 100 * ms).array("v", "")) < 1e-12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = nm.check_dt(pop, 100 * ms)
    assert report.ok
    assert set(report.relative.values()) == {0.0}
