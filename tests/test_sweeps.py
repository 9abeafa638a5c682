"""Sweeps: each point is the lone system, whatever way it is taken; what is refused before."""

import copy
import itertools
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass.sweeps import batches
from neuromass.units import Hz, kHz, ms, mV, pA, second

m = nm.measures
ETAS = np.linspace(-8.0, -2.0, 13)
ALL = {
    "mean": m.mean("r"),
    "std": m.std("r"),
    "low": m.minimum("v"),
    "high": m.maximum("v"),
    "end": m.final("r"),
    "peaks": m.peak_count("r"),
    "period": m.period("r"),
    "input": m.mean("I_ext"),
    "trace": m.trace("v", every=100),
    "own": m.custom(lambda rec: rec.array("r", Hz)[-3:], unit=Hz),
}
NOISE = {
    "I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms),
    "v": nm.noise.White(0.05 / ms**0.5),
}


def same(found, expected):
    """Whether two Quantities are the same bits, NaN included."""
    return found.units == expected.units and np.array_equal(
        found.magnitude, expected.magnitude, equal_nan=True
    )


def one_by_one(monkeypatch):
    monkeypatch.setattr(batches.Study, "_lanes", lambda self, batch: None)


@pytest.mark.parametrize("transient", [0.0, 0.05, 33.3, 100.0])
@pytest.mark.parametrize("noise", [{}, NOISE], ids=["still", "noisy"])
def test_a_point_is_the_lone_system(noise, transient):
    pop = nm.QIF(J=15.0, noise=noise, seed=5, lane=2)
    nm.run(pop, 5 * ms)
    grid = {"eta": ETAS[:5], "delta": [0.5, 1.0]}
    step = nm.signals.Step(2.0, start=20 * ms)
    res = nm.sweep(pop, grid, 100 * ms, ALL, inputs=step, transient=transient * ms)
    for i, (a, b) in enumerate(itertools.product(range(5), range(2))):
        alone = pop.copy(eta=ETAS[a], delta=[0.5, 1.0][b], lane=2 + i)
        start = alone.t
        rec = nm.run(alone, 100 * ms, inputs=step, record=("r", "v", "I_ext"))
        rec = rec[start + transient * ms :] if transient else rec
        for name, each in ALL.items():
            assert same(res[name][a, b], each(rec)), name
    assert pop.t == 5 * ms
    assert pop.eta == -5.0


@pytest.mark.parametrize("shape", [(), (2,)], ids=str)
def test_lanes_and_single_runs_have_the_same_bits(monkeypatch, shape):
    pop = nm.QIF(J=15.0, shape=shape, noise=NOISE, seed=5)
    grid = {"eta": ETAS[:3], "initial.v": [-3.0, 1.0], "I_ext": [0.0, 1.0]}
    own = {name: each for name, each in ALL.items() if name != "own"} if shape else ALL
    lanes = nm.sweep(pop, grid, 60 * ms, own)
    one_by_one(monkeypatch)
    alone = nm.sweep(pop, grid, 60 * ms, own)
    assert all(same(lanes[name], alone[name]) for name in own)
    assert lanes["mean"].shape == (3, 2, 2, *shape)
    assert lanes.dims("trace") == ("eta", "initial.v", "I_ext", *(("lane",) * len(shape)), "t")


def pair(**options):
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms)}
    exc = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0, noise=noise, seed=3)
    net = nm.Network({"exc": exc, "inh": nm.QIF(tau=10 * ms, eta=-5.0)}, **options)
    net.connect("exc", "inh", J=10.0, delay=1 * ms)
    net.connect("inh", "exc", J=-10.0, synapse=nm.synapses.Exponential(5 * ms), delay=1 * ms)
    return net


PAIR = {"rate": m.mean("exc.r"), "s": m.maximum("inh->exc.s"), "end": m.final("inh.v"),
        "own": m.custom(lambda rec: rec["exc"].array("r", Hz).max(), unit=Hz)}  # fmt: skip


@pytest.mark.parametrize("coupling", ["full", pytest.param("held", marks=pytest.mark.slow)])
def test_a_network_at_a_point_is_the_network_alone(monkeypatch, coupling):
    net = pair(coupling=coupling)
    nm.run(net, 3 * ms)
    grid = {
        "inh->exc.J": [-5.0, -20.0],
        "exc->inh.delay": [0.0, 0.5, 2.0] * ms,
        "exc.tau": [15, 20] * ms,
    }
    options = {"inputs": {"exc": 10.0}, "transient": 10 * ms}
    lanes = nm.sweep(net, grid, 60 * ms, PAIR, **options)
    one_by_one(monkeypatch)
    alone = nm.sweep(net, grid, 60 * ms, PAIR, **options)
    assert all(same(lanes[name], alone[name]) for name in PAIR)
    for i, (J, delay, tau) in enumerate(itertools.product(*grid.values())):
        by_hand = net.__point__(i)
        by_hand["inh->exc"].J, by_hand["exc->inh"].delay = J, delay
        by_hand["exc"].tau = tau
        rec = nm.run(by_hand, 60 * ms, inputs={"exc": 10.0}, record=("exc", "inh", "inh->exc"))
        rec = rec[13 * ms :]
        place = np.unravel_index(i, (2, 3, 2))
        assert all(same(lanes[name][place], each(rec)) for name, each in PAIR.items())
    assert net["inh->exc"].J == -10.0


def test_a_synapse_and_a_whole_network_are_swept():
    net = nm.Network({"brain": nm.QIF(shape=5, eta=-4.0)})
    net.connect("brain", "brain", J=np.ones((5, 5)) - np.eye(5), delay=2 * ms,
                synapse=nm.synapses.Exponential(5 * ms))  # fmt: skip
    res = nm.sweep(net, {"brain->brain.tau": [2, 20] * ms, "brain.eta": [-4.0, -1.0]}, 100 * ms,
                   {"rate": m.mean("brain.r")})  # fmt: skip
    assert res["rate"].shape == (2, 2, 5)
    other = net.copy()
    other["brain->brain"].tau = 20 * ms
    other["brain"].eta = -1.0
    assert same(res["rate"][1, 1], m.mean("r")(nm.run(other, 100 * ms)["brain"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.integers(1, 200),
    steps=st.integers(2, 3000),
    skipped=st.integers(0, 2999),
    threads=st.integers(1, 3),
    place=st.integers(0, 199),
)
def test_any_number_of_points_steps_and_threads(count, steps, skipped, threads, place):
    pop = nm.QIF(J=15.0, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1)
    etas = np.linspace(-8.0, -2.0, count)
    skipped, place = min(skipped, steps), place % count
    res = nm.sweep(pop, {"eta": etas}, steps * 0.05 * ms, {"x": m.std("r"), "y": m.mean("I_ext")},
                   transient=skipped * 0.05 * ms, inputs=1.0, threads=threads)  # fmt: skip
    rec = nm.run(pop.copy(eta=etas[place], lane=place), steps * 0.05 * ms, 1.0, ("r", "I_ext"))
    rec = rec[skipped * 0.05 * ms :] if skipped else rec
    assert same(res["x"][place], m.std("r")(rec))
    assert same(res["y"][place], m.mean("I_ext")(rec))


def test_memory_is_that_of_the_results():
    """It does not grow with steps, and with points by what is told of each and its parameters."""
    pop, measures = nm.QIF(J=15.0), {"mean": m.mean("r"), "high": m.maximum("r")}

    def peak(count, steps):
        etas = np.linspace(-10.0, 5.0, count)
        tracemalloc.start()
        try:
            nm.sweep(pop, {"eta": etas}, steps * 0.05 * ms, measures, 3.0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000, 20)  # compiles
    assert peak(2_000, 20_000) < 1.5 * peak(2_000, 200)
    assert peak(200_000, 20) - peak(100_000, 20) < 100_000 * 8 * 8


# ---------------------------------------------------------------------- inputs by the point


def test_inputs_are_functions_of_the_point():
    pop = nm.QIF(J=15.0)

    def pulse(point):
        return nm.signals.Step(point["height"], start=10 * ms, stop=10 * ms + point["width"])

    grid = {"height": [1.0, 5.0], "width": [5.0, 20.0] * ms}
    res = nm.sweep(pop, grid, 50 * ms, {"r": m.maximum("r"), "I": m.trace("I_ext")}, inputs=pulse)
    for i, j in np.ndindex(2, 2):
        point = {"height": grid["height"][i], "width": grid["width"][j]}
        rec = nm.run(pop.copy(), 50 * ms, pulse(point), ("r", "I_ext"))
        assert same(res["r"][i, j], m.maximum("r")(rec))
        assert same(res["I"][i, j], rec["I_ext"])
    assert res.dims("I") == ("height", "width", "t")
    assert same(res.times("I"), rec.t)


def test_inputs_of_every_kind_are_those_of_a_run():
    pop = nm.QIF(J=15.0)
    rows = np.sin(np.arange(400) / 50.0)
    kinds = [
        rows,
        list(rows),
        3.0,
        {"I_ext": lambda t: 3.0 if t > 5 * ms else 0.0},
        nm.signals.Sine(1.0, frequency=50 * Hz),
        nm.signals.Feedback(lambda pop: 5.0 if np.all(pop.r < 50 * Hz) else 0.0),
        nm.signals.Feedback(lambda pop: 1.0 * (pop.v < -1.0), every=40),
    ]
    for each in kinds:
        for count in (2, 20):
            etas = np.linspace(-8, -2, count)
            res = nm.sweep(pop, {"eta": etas}, 20 * ms, {"r": m.final("r")}, each)
            alone = pop.copy(eta=etas[1])
            nm.run(alone, 20 * ms, each)
            assert res["r"][1] == alone.r


def test_rows_of_an_array_are_never_taken_for_lanes():
    rows = np.linspace(0.0, 5.0, 16)
    pop = nm.QIF(J=15.0)
    res = nm.sweep(pop, {"eta": np.linspace(-8, -2, 16)}, 16 * 0.05 * ms, m.final("r"), rows)
    alone = pop.copy(eta=-2.0)
    nm.run(alone, 16 * 0.05 * ms, nm.signals.Sampled(rows, dt=0.05 * ms))
    assert res["final('r')"][15] == alone.r
    with pytest.raises(ValueError, match="has 8 rows, but the run has 16 steps"):
        nm.sweep(pop, {"eta": np.linspace(-8, -2, 8)}, 16 * 0.05 * ms, m.final("r"), rows[:8])


def test_a_swept_input_keeps_its_bits():
    model = nm.IzhikevichMeanField()
    currents = np.array([40.1, 50.3]) * pA
    res = nm.sweep(model, {"I_ext": currents}, 20 * ms, m.final("v"))
    for i in range(2):
        alone = model.copy()
        nm.run(alone, 20 * ms, currents[i])
        assert res["final('v')"][i] == alone.v


# ------------------------------------------------------------------------------- follow


def by_hand(pop, walk, **options):
    rates = []
    for eta in walk:
        pop.eta = eta
        nm.run(pop, 300 * ms, **options)
        rates.append(pop.r.to(Hz).magnitude)
    return rates


@pytest.mark.parametrize("noise", [{}, NOISE], ids=["still", "noisy"])
def test_following_is_a_loop_that_goes_on(noise):
    pop = nm.QIF(J=15.0, noise=noise, seed=2)
    grid = {"delta": [0.7, 1.0], "eta": ETAS[::-1]}
    found = {
        way: nm.sweep(pop, grid, 300 * ms, m.final("r"), follow="eta", direction=way)["final('r')"]
        for way in ("up", "down", "both")
    }
    up = by_hand(pop.copy(delta=1.0, lane=1), ETAS)
    assert np.array_equal(found["up"].magnitude[1, ::-1], up)
    assert np.array_equal(
        found["down"].magnitude[1], by_hand(pop.copy(delta=1.0, lane=1), ETAS[::-1])
    )
    both = by_hand(pop.copy(delta=1.0, lane=1), [*ETAS, *ETAS[::-1]])
    assert found["both"].shape == (2, 2, 13)
    assert np.array_equal(found["both"].magnitude[0, 1, ::-1], both[:13])
    assert np.array_equal(found["both"].magnitude[1, 1], both[13:])


def test_hysteresis_ends_at_the_exact_folds():
    etas = np.linspace(-7.0, -2.0, 101)
    res = nm.sweep(nm.QIF(J=15.0), {"eta": etas}, 2 * second, m.final("r"), follow="eta",
                   direction="both")  # fmt: skip
    up, down = res["final('r')"].magnitude > 50.0
    assert 0.0 <= etas[np.argmax(up)] - -3.136134086196 < 0.05
    assert 0.0 <= etas[np.argmax(down)] - -5.743527161658 < 0.05
    assert res.coords["direction"].tolist() == ["up", "down"]


def test_followed_networks_go_on_too():
    net = pair()
    drives = [0.0, 10.0, 5.0]
    res = nm.sweep(net, {"exc.I_ext": drives}, 50 * ms, PAIR, follow="exc.I_ext")
    for drive, place in ((0.0, 0), (5.0, 2), (10.0, 1)):
        rec = nm.run(net, 50 * ms, inputs={"exc": drive}, record=("exc", "inh", "inh->exc"))
        assert all(same(res[name][place], each(rec)) for name, each in PAIR.items())


# ------------------------------------------------------------------------------ failing


def runaway(**options):
    return nm.QIF(J=15.0, dt=1 * ms, **options)


@pytest.mark.parametrize("alone", [False, True])
def test_points_that_fail_are_told_once_and_leave_the_others(monkeypatch, alone):
    if alone:
        one_by_one(monkeypatch)
    etas = np.array([-8.0, -5.0, 300.0, 500.0, -6.0])
    own = {name: each for name, each in ALL.items() if name != "period"}
    with pytest.warns(UserWarning, match="2 of 5 points failed") as told:
        res = nm.sweep(runaway(), {"eta": etas}, 200 * ms, own)
    assert len(told) == 1
    assert "eta = 300" in str(told[0].message)
    assert res.failed.tolist() == [False, False, True, True, False]
    for name in own:
        bad = np.isnan(res[name].magnitude.reshape(5, -1)).all(axis=1)
        assert bad.tolist() == res.failed.tolist(), name
    good = nm.sweep(runaway(), {"eta": etas[~res.failed]}, 200 * ms, own)
    assert all(same(res[name][~res.failed], good[name]) for name in own)
    assert "2 of 5 points failed" in repr(res)


def test_a_state_that_falls_below_its_bound_fails():
    pop = nm.QIF(J=15.0, initial={"r": 1 * Hz, "v": -30.0}, dt=1 * ms)
    etas = np.array([-5.0, -400.0])
    with pytest.raises(nm.SimulationError, match="falls below"):
        nm.run(pop.copy(eta=-400.0), 50 * ms)
    with pytest.warns(UserWarning, match="of 2 points failed"):
        res = nm.sweep(
            pop,
            {
                "eta": etas,
            },
            50 * ms,
            m.mean("r"),
        )
    assert res.failed[1]


@pytest.mark.parametrize("alone", [False, True])
def test_after_a_point_that_failed_the_next_begins_anew(monkeypatch, alone):
    if alone:
        one_by_one(monkeypatch)
    etas = np.array([-8.0, -7.0, 300.0, 400.0])
    with pytest.warns(UserWarning, match="2 of 4"):
        res = nm.sweep(runaway(), {"eta": etas}, 200 * ms, m.final("r"), follow="eta",
                       direction="down")  # fmt: skip
    alone = runaway(eta=-7.0)
    nm.run(alone, 200 * ms)
    assert res["final('r')"][1] == alone.r


def test_all_points_may_fail():
    with pytest.warns(UserWarning, match="3 of 3 points failed"):
        res = nm.sweep(runaway(), {"eta": [300.0, 400.0, 500.0]}, 200 * ms, ALL)
    assert res.failed.all()
    assert np.isnan(res["trace"].magnitude).all()


# ------------------------------------------------------------------------------- refused


REFUSED = [
    ({"values": {"etaa": [1.0]}}, ValueError, "did you mean eta"),
    ({"values": {"eta": []}}, ValueError, "eta has no values"),
    ({"values": {"eta": 1.0}}, ValueError, "a list of values"),
    ({"values": {"eta": "abc"}}, ValueError, "a list of values"),
    ({"values": {"eta": [[1.0], [2.0]]}}, ValueError, "single values"),
    ({"values": {"eta": [1.0, np.nan]}}, ValueError, "eta"),
    ({"values": {"tau": [10.0]}}, nm.UnitError, "tau needs a time"),
    ({"values": {"tau": [10.0, -1.0] * ms}}, ValueError, "tau must be positive"),
    ({"values": {"tau": [10.0 * ms, 3.0]}}, nm.UnitError, "tau"),
    ({"values": {"r": [1.0] * Hz}}, ValueError, "initial.r"),
    ({"values": {"initial.r": [1.0]}}, nm.UnitError, "r needs"),
    ({"values": {"initial.r": [-1.0] * Hz}}, ValueError, "below"),
    ({"values": {}}, ValueError, "nothing to sweep"),
    ({"values": [1.0]}, TypeError, "mapping"),
    ({"values": {3: [1.0]}}, TypeError, "text"),
    ({"values": {"eta": [1.0, 2.0], "J": [1.0]}, "mode": "zip"}, ValueError, "equally long"),
    ({"mode": "gird"}, ValueError, "grid"),
    ({"measure": {}}, ValueError, "nothing to measure"),
    ({"measure": "r"}, TypeError, "mapping"),
    ({"measure": {"x": max}}, TypeError, "custom"),
    ({"measure": {"x": m.mean("q")}}, ValueError, "no 'q'"),
    ({"measure": {"x": m.custom(len, record="q")}}, ValueError, "no 'q'"),
    ({"duration": 1.0}, nm.UnitError, "duration"),
    ({"duration": 0.07 * ms}, ValueError, "no multiple of dt"),
    ({"transient": 20 * ms}, ValueError, "longer"),
    ({"transient": -1 * ms}, ValueError, "positive"),
    ({"transient": 0.07 * ms}, ValueError, "transient = "),
    ({"follow": "J"}, ValueError, "not swept"),
    ({"direction": "down"}, ValueError, "follow"),
    ({"direction": "sideways"}, ValueError, "direction"),
    ({"threads": 0}, ValueError, "threads"),
    ({"threads": 1.5}, TypeError, "threads"),
    ({"executor": 3}, TypeError, "executor"),
    ({"executor": threading.Thread}, TypeError, r"write Thread\(\)"),
    ({"inputs": {"I": 1.0}}, ValueError, "I_ext"),
    ({"inputs": 3 * mV}, nm.UnitError, "I_ext"),
    ({"inputs": 3.0, "values": {"I_ext": [1.0]}}, ValueError, "is swept, and given"),
    ({"inputs": lambda t: 3.0 if t > 1 * ms else 0.0}, ValueError, "with the point"),
    ({"inputs": lambda p: p["widht"], "values": {"width": [1.0]}}, KeyError, "width"),
    ({"progress": "no"}, TypeError, "progress"),
    ({"system": 3}, TypeError, "population or a network"),
    ({"system": nm.QIF}, TypeError, "make one"),
]


@pytest.mark.parametrize(
    ("change", "error", "text"), REFUSED, ids=[str(i) for i in range(len(REFUSED))]
)
def test_bad_arguments_are_refused_before_anything_runs(change, error, text):
    pop = nm.QIF(J=15.0)
    asked = {
        "system": pop,
        "values": {"eta": [1.0, 2.0]},
        "duration": 10 * ms,
        "measure": m.mean("r"),
    }
    asked |= change
    with pytest.raises(error, match=text):
        nm.sweep(**asked)


def test_keys_of_networks_are_refused_by_name():
    net = pair()
    for key, text in {
        "exc.etaa": "exc.eta",
        "eta": "inh.eta",
        "inh->exc.weight": "there is J, delay, tau",
        "exc->exc.J": "inh->exc.J",
        "exc.r": "exc.initial.r",
    }.items():
        with pytest.raises(ValueError, match=text):
            nm.sweep(net, {key: [1.0]}, 10 * ms, m.mean("exc.r"))
    with pytest.raises(nm.UnitError, match="delay"):
        nm.sweep(net, {"inh->exc.delay": [1.0]}, 10 * ms, m.mean("exc.r"))
    with pytest.raises(ValueError, match="delay"):
        nm.sweep(net, {"inh->exc.delay": [0.02] * ms}, 10 * ms, m.mean("exc.r"))
    with pytest.raises(ValueError, match=r"name one of exc\.r, inh\.r"):
        nm.sweep(net, {"exc.eta": [1.0]}, 10 * ms, m.mean("r"))


def test_traces_that_do_not_fit_are_refused():
    with pytest.raises(MemoryError, match="every=10"):
        nm.sweep(nm.QIF(), {"eta": np.linspace(-5, 5, 100_000)}, 10_000 * second, m.trace("r"))


def test_a_recorded_or_member_system_is_not_swept():
    pop = nm.QIF()
    with nm.record(pop), pytest.raises(RuntimeError, match="sweep it outside"):
        nm.sweep(pop, {"eta": [1.0]}, 10 * ms, m.mean("r"))
    net = nm.Network({"a": pop})
    with pytest.raises(RuntimeError, match="sweep the network"):
        nm.sweep(net["a"], {"eta": [1.0]}, 10 * ms, m.mean("r"))


def test_subclasses_and_copies_are_swept():
    class Own(nm.QIF):
        """With something of its own."""

        def __init__(self, **options):
            super().__init__(**options)
            self._note = "kept"

    pop = Own(J=15.0)
    res = nm.sweep(copy.deepcopy(pop), {"eta": [-5.0]}, 10 * ms, m.final("r"))
    nm.run(pop, 10 * ms)
    assert res["final('r')"][0] == pop.r


def test_a_sweep_of_one_point_has_the_noise_of_the_system():
    pop = nm.QIF(J=15.0, noise=NOISE)
    res = nm.sweep(pop, {"eta": [-5.0]}, 10 * ms, m.final("r"))
    nm.run(pop, 10 * ms)
    assert res["final('r')"][0] == pop.r
    assert res["final('r')"].to(kHz).magnitude == pop.r.to(kHz).magnitude


# ----------------------------------------------------------------------- as papers have it


def test_the_sweep_of_the_fields_tutorial_ends_at_exact_equilibria():
    tau = 1 * ms
    pop = nm.QIF(tau=tau, delta=1.0, J=15.0, initial={"r": 0.1 / tau, "v": -1.0}, dt=0.005 * ms)
    etas = np.linspace(-10.0, 5.0, 50)
    res = nm.sweep(pop, {"eta": etas}, 100 * tau, {"r": m.final("r"), "v": m.final("v")})
    assert not res.failed.any()
    for i, eta in enumerate(etas):
        stable = [each for each in pop.copy(eta=eta).equilibria() if each.stable]
        # this start is below the saddle wherever there is one
        reached = min(stable, key=lambda each: each.r)
        slowest = np.max((reached.eigenvalues * tau).to("").magnitude.real)
        left = 10.0 * np.exp(100.0 * slowest)
        assert abs((res["r"][i] - reached.r) * tau).to("").magnitude < 1e-9 + left
        assert abs(res["v"][i].magnitude - reached.v.magnitude) < 1e-9 + left


@pytest.mark.slow
def test_bursting_is_followed_beyond_its_hopf_points():
    burster = nm.QIFAlphaAdaptation(
        tau=10 * ms, delta=2.0, J=15.0 * np.sqrt(2.0), alpha=1.0, tau_a=100 * ms
    )
    etas = np.arange(-5.0, 2.01, 0.05)
    res = nm.sweep(burster, {"eta": etas}, 6 * second, {"period": m.period("r")},
                   transient=3 * second, follow="eta", direction="both")  # fmt: skip
    up, down = ~np.isnan(res["period"].magnitude)
    low, high = -4.03981860084, -0.534080541355
    assert np.all(up[(etas > low + 0.05) & (etas < high)])  # no rest is stable between them
    assert np.all(down[(etas > low) & (etas < high - 0.05)])
    assert not up[etas < low - 0.05].any()  # rest is left where it loses stability, not before
    assert up[(etas > high) & (etas < 1.0)].all()  # and the cycle where it ends
    assert down[etas < low].any()
    at = np.argmin(abs(etas + 2.0))
    assert res["period"][0, at].to(ms).magnitude == pytest.approx(474.6267, rel=1e-4)
