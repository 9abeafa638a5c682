"""Runs: going on, stopping (by divergence or by hand), refusing, and what is left afterwards."""

import os
import pickle
import re
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest
from samples import NOISE, Decay, Relay, bits, everything, interrupted

import neuromass as nm
from neuromass.units import Hz, ms, pA, second

STEP = nm.signals.Step


def coarse(noise=None, **changes):
    """A population that blows up after some steps of 3 ms under strong input."""
    return nm.QIF(J=15.0, dt=3 * ms, noise=noise, seed=2, **changes)


def until_it_fails(pop, value):
    """A loop of updates; how many were good."""
    for count in range(10_000):
        try:
            pop.update(value)
        except nm.SimulationError as error:
            return count, error
    raise AssertionError("it should have failed")


def fits(rec, pop):
    """The last sample of a recording is the population, in time and in all states."""
    assert rec.t.magnitude[-1] == pop.t.magnitude
    for name in pop.state:
        assert np.array_equal(rec[name].magnitude[-1], getattr(pop, name).magnitude)


# ------------------------------------------------------------------------------- running


def test_the_first_sample_is_the_start_and_the_last_is_the_end():
    pop = nm.QIF(J=15.0, initial={"r": 8 * Hz, "v": -1.0})
    rec = nm.run(pop, 10 * ms, inputs=3.0)
    assert (rec.r.magnitude[0], rec.v.magnitude[0]) == (8.0, -1.0)
    assert len(rec) == 201
    assert rec.t.magnitude[-1] == 10.0
    fits(rec, pop)


def test_a_second_run_goes_on():
    pop = nm.QIF(J=15.0)
    first = nm.run(pop, 10 * ms)
    again = nm.run(pop, 10 * ms)
    assert again.t.magnitude[0] == first.t.magnitude[-1] == 10.0
    assert again.v.magnitude[0] == first.v.magnitude[-1]


def test_lengths_in_other_units_and_registries():
    import pint

    mine = pint.UnitRegistry()
    recs = [nm.run(nm.QIF(), length) for length in (10 * ms, 0.01 * second, 10_000 * mine.us)]
    assert len({str(bits(rec)) for rec in recs}) == 1


@pytest.mark.parametrize("dt", [0.1, 0.05, 0.07, 1 / 3, 0.001])
def test_any_whole_number_of_steps_is_a_duration(dt):
    for steps in (1, 3, 7, 1000, 12_345):
        pop = nm.QIF(dt=dt * ms)
        nm.run(pop, steps * dt * ms, record=())
        assert pop.snapshot().clock == steps


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, ("v", "s")),
        ("v", ("v",)),
        (("above", "s", "current"), ("above", "s", "current")),
        (["drive"], ("drive",)),
        ((), ()),
    ],
)
def test_record_takes_states_inputs_and_outputs(names, expected):
    rec = nm.run(Relay(), 1 * ms, record=names)
    assert rec.names == expected
    assert len(rec) == 21


def test_inputs_by_name_and_defaults():
    rec = nm.run(
        Relay(),
        1 * ms,
        inputs={"drive": STEP(40 * Hz, start=0.5 * ms)},
        record=("drive", "current"),
    )
    np.testing.assert_allclose(rec.drive.magnitude[[1, 10, 11, 20]], [0, 0, 40, 40])
    assert (rec.current.magnitude[1:] == 0.0).all()


def test_no_inputs_at_all():
    rec = nm.run(Decay(tau=5 * ms, dt=0.01 * ms), 10 * ms)
    assert rec.x.magnitude[-1] == pytest.approx(np.exp(-2), rel=1e-5)


# ------------------------------------------------------------------------- divergence


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_a_run_that_diverges_stops_where_updates_stop(noise):
    pop, by_hand = coarse(noise), coarse(noise)
    count, expected = until_it_fails(by_hand, 50.0)
    assert count > 1
    with pytest.raises(nm.SimulationError, match="no longer finite") as caught:
        nm.run(pop, 3000 * ms, inputs=50.0)
    error = caught.value
    assert everything(pop) == everything(by_hand)
    assert str(error) == str(expected)
    assert (error.population, error.lane, error.state) == ("QIF", (), expected.state)
    assert error.time.magnitude == 3.0 * count
    assert error.dt == pop.dt
    assert len(error.recording) == count + 1
    fits(error.recording, pop)
    assert np.isfinite(error.recording.v.magnitude).all()


@pytest.mark.parametrize("every", [2, 3, 7, 500])
@pytest.mark.parametrize("lanes", [(), (9,), (130,)])
def test_the_last_good_step_is_kept_between_samples(every, lanes):
    full = coarse(shape=lanes)
    with pytest.raises(nm.SimulationError) as caught:
        nm.run(full, 63_000 * ms, inputs=50.0)
    whole = caught.value.recording
    pop = coarse(shape=lanes)
    with pytest.raises(nm.SimulationError) as caught:
        nm.run(pop, 63_000 * ms, inputs=50.0, every=every)
    rec = caught.value.recording
    assert everything(pop) == everything(full)
    fits(rec, pop)
    steps = len(whole) - 1
    kept = [*range(0, steps + 1, every), *([steps] if steps % every else [])]
    assert rec.v.magnitude.tobytes() == whole.v.magnitude[kept].tobytes()
    assert rec.t.magnitude.tobytes() == whole.t.magnitude[kept].tobytes()


def test_whole_means_are_kept():
    pop = coarse()
    with pytest.raises(nm.SimulationError) as caught:
        nm.run(pop, 3000 * ms, inputs=50.0, every=2, average=True)
    rec = caught.value.recording
    other = coarse()
    means = nm.run(other, 6.0 * len(rec) * ms, inputs=50.0, every=2, average=True)
    assert bits(rec) == bits(means)
    assert pop.t.magnitude - other.t.magnitude in (0.0, 3.0)


def test_one_lane_of_many_stops_all():
    drive = np.zeros((2, 50))
    drive[1, 17] = 50.0
    pop = coarse(NOISE["all at once"], shape=(2, 50))
    by_hand = coarse(NOISE["all at once"], shape=(2, 50))
    count, _ = until_it_fails(by_hand, drive)
    with pytest.raises(nm.SimulationError, match=r"QIF\[1, 17\]") as caught:
        nm.run(pop, 3000 * ms, inputs=nm.signals.Constant(drive), every=2)
    assert caught.value.lane == (1, 17)
    assert everything(pop) == everything(by_hand)
    assert pop.snapshot().clock == count
    fits(caught.value.recording, pop)


@pytest.mark.parametrize("every", [1, 5, 100_000])
def test_a_divergence_late_in_a_long_block(every):
    """The input grows in the middle of 100 000 steps that a kernel takes at once."""
    onset = 123.45
    pop = nm.QIF(J=15.0)
    drive = STEP(1e9, start=onset * ms)
    with pytest.raises(nm.SimulationError, match=r"in the step from t = 123\.\d+ ms") as caught:
        nm.run(pop, 5000 * ms, inputs=drive, every=every)
    assert onset <= pop.t.magnitude < onset + 1
    fits(caught.value.recording, pop)


def test_a_function_that_never_answers_twice_alike_cannot_confuse_the_search():
    answers = iter([0.0, 0.0, 0.0, *[0.0] * 40, 1e200, *[0.0] * 10_000])
    asked = []

    def drive(t):
        if np.ndim(t):
            raise TypeError("one time, please")
        asked.append(t.magnitude)
        return next(answers)

    pop = nm.QIF(J=15.0)
    with pytest.raises(nm.SimulationError):
        nm.run(pop, 50 * ms, inputs=drive)
    assert 0.0 < pop.t.magnitude <= 2.2
    assert len(asked) < 1100


def test_after_a_divergence_the_population_goes_on():
    pop = coarse(NOISE["coloured on v"])
    with pytest.raises(nm.SimulationError):
        nm.run(pop, 3000 * ms, inputs=50.0)
    saved = pop.snapshot()
    pop.set(r=8 * Hz, v=-2.0)
    nm.run(pop, 3 * ms)
    pop.restore(saved)
    with pytest.raises(nm.SimulationError):
        pop.update(50.0)
    assert pop.t == saved.clock * pop.dt


def test_a_quiet_state_below_its_bound_is_an_error():
    pop = Decay(drift=-0.1 / ms, dt=0.5 * ms)
    with pytest.raises(
        nm.SimulationError, match=r"Decay: x falls below 0 in the step from"
    ) as caught:
        nm.run(pop, 100 * ms)
    assert pop.raw.x >= 0.0
    fits(caught.value.recording, pop)


def test_the_error_survives_a_pickle():
    pop = coarse()
    with pytest.raises(nm.SimulationError) as caught:
        nm.run(pop, 3000 * ms, inputs=50.0)
    other = pickle.loads(pickle.dumps(caught.value))
    assert str(other) == str(caught.value)
    assert (other.population, other.state, other.lane) == ("QIF", caught.value.state, ())
    assert other.time == caught.value.time
    assert bits(other.recording) == bits(caught.value.recording)


# ---------------------------------------------------------------------------- stopping


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("lanes", [(), (4000,)])
def test_an_error_out_of_a_function_leaves_all_in_order(kind, lanes):
    """With 4000 lanes a run of 2000 steps takes several blocks; the function fails in one."""

    def drive(t):
        if t > 60 * ms:
            raise kind("enough")
        return 3.0

    pop, other = nm.QIF(J=15.0, shape=lanes), nm.QIF(J=15.0, shape=lanes)
    with pytest.raises(kind) as caught:
        nm.run(pop, 100 * ms, inputs=drive, every=5)
    rec = caught.value.recording
    fits(rec, pop)
    if lanes:
        assert pop.t.magnitude > 0
        assert bits(nm.run(other, pop.t, inputs=3.0, every=5)) == bits(rec)
    assert bits(nm.run(pop, 5 * ms))["t"]


def in_a_process(body):
    code = textwrap.dedent("import neuromass as nm, numpy as np\nfrom neuromass.units import ms\n")
    ran = subprocess.run(
        [sys.executable, "-c", code + textwrap.dedent(body)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_ctrl_c_in_a_long_run():
    """The signal itself, at the third advance of the progress bar of a run of 1e10 steps."""
    out = in_a_process("""
        import signal, tqdm
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts it may ignore it
        advance, advances = tqdm.tqdm.update, []
        def update(bar, n=1):
            advances.append(n)
            if len(advances) == 3:
                signal.raise_signal(signal.SIGINT)
            return advance(bar, n)
        tqdm.tqdm.update = update
        noise = {"v": nm.noise.White(0.1 / ms**0.5)}
        pop = nm.QIF(J=15.0, noise=noise, seed=1)
        nm.run(pop, 10 * ms)
        try:
            nm.run(pop, 5e8 * ms, inputs=3.0, every=10_000, progress=True)
        except KeyboardInterrupt as error:
            rec = error.recording
        assert rec.t.magnitude[0] == 10.0 and len(rec) > 2
        assert rec.t.magnitude[-1] == pop.t.magnitude == 10.0 + sum(advances)
        assert rec.v.magnitude[-1] == pop.v.magnitude
        other = nm.QIF(J=15.0, noise=noise, seed=1)
        nm.run(other, 10 * ms)
        nm.run(other, pop.t - 10 * ms, inputs=3.0, record=())
        assert other.v == pop.v
        print("stopped")
    """)
    assert out == "stopped\n"


def test_ctrl_c_at_any_moment():
    """Interrupted at line after line, in runs and in loops; recording and population never part."""
    pop, reference = nm.QIF(J=15.0), nm.QIF(J=15.0)
    for each in (pop, reference):
        nm.run(each, 1 * ms)
        each.update(3.0)
    stops = 0
    for line in range(1, 600):
        every = (1, 3, 10)[line % 3]
        try:
            if line % 2:
                with interrupted(line):
                    nm.run(pop, 60 * pop.dt, inputs=3.0, every=every)
            else:
                with nm.record(pop, every=every), interrupted(line):
                    while True:
                        pop.update(3.0)
        except KeyboardInterrupt as error:
            rec = getattr(error, "recording", None)
            if rec is None:
                continue  # it came before the first step
            stops += 1
            gap = pop.t.magnitude - rec.t.magnitude[-1]
            if line % 2:
                fits(rec, pop)
            else:
                assert -1e-9 < gap < 0.05 * every - 1e-6, line
            assert len(rec.t) == len(rec.v), line
            steps = np.diff(rec.t.magnitude)
            assert ((steps > 0) & (steps < 0.05 * every + 1e-6)).all(), line
    nm.run(reference, pop.t - reference.t, inputs=3.0, record=())
    assert reference.snapshot().state.tobytes() == pop.snapshot().state.tobytes()
    assert stops > 200


# ------------------------------------------------------------------- refused, and warned


def test_a_recording_too_large_for_memory_is_refused_before_the_first_step():
    pop = nm.QIF(shape=1000)
    before = everything(pop)
    with pytest.raises(MemoryError, match=r"would take .* GB.*every=\d+.*nothing has been stepped"):
        nm.run(pop, 1e7 * ms)
    assert everything(pop) == before


def test_the_every_that_the_refusal_names_would_fit():
    steps = 2 * 10**14
    with pytest.raises(MemoryError) as caught:
        nm.run(nm.QIF(), steps * 0.05 * ms)
    size, free, every = map(float, re.search(
        r"would take (\S+) GB, and (\S+) GB of memory are free.*every=(\d+)", str(caught.value)
    ).groups())  # fmt: skip
    assert size == pytest.approx(steps * 3 * 8 / 1e9, rel=0.01)  # r, v and times
    assert size / every < free


@pytest.mark.parametrize(
    ("signal", "window", "warns"),
    [
        (STEP(3.0, start=500 * ms), (0, 100), True),
        (STEP(3.0, start=100 * ms), (0, 100), True),
        (STEP(3.0, start=99 * ms), (0, 100), False),
        (STEP(3.0), (0, 100), False),
        (STEP(3.0), (50, 100), False),
        (STEP(3.0, start=10 * ms, stop=50 * ms), (50, 100), True),
        (STEP(3.0, start=10 * ms, stop=50 * ms), (60, 100), True),
        (STEP(3.0, start=10 * ms, stop=50 * ms), (20, 30), False),
        (STEP(3.0, start=10 * ms, stop=50 * ms), (40, 60), False),
        (STEP(3.0, start=10 * ms), (20, 100), False),
        (STEP(3.0, start=10 * ms, stop=50 * ms, base=1.0), (60, 100), False),
        (nm.signals.Ramp(0.0, 3.0, start=10 * ms, stop=20 * ms), (30, 40), False),
        (nm.signals.Ramp(3.0, 0.0, start=10 * ms, stop=20 * ms), (30, 40), True),
        (nm.signals.Sine(3.0, period=10 * ms), (1000, 1010), False),
        (nm.signals.Constant(0.0), (0, 10), False),
        (nm.signals.Pulses(1.0, width=1 * ms, period=100 * ms), (30, 60), True),
        (nm.signals.Pulses(1.0, width=1 * ms, period=100 * ms, start=500 * ms), (30, 60), True),
        (nm.signals.Pulses(1.0, width=1 * ms, times=[5, 90] * ms), (30, 60), True),
        (nm.signals.Pulses(1.0, width=1 * ms, times=[5, 9] * ms), (30, 60), True),
        (lambda t: 0.0, (0, 10), False),
    ],
)
def test_a_signal_outside_the_window_warns_at_the_users_line(signal, window, warns):
    start, stop = window
    pop = nm.QIF()
    if start:
        nm.run(pop, start * ms, record=())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nm.run(pop, (stop - start) * ms, inputs=signal)
    assert len(caught) == warns
    if warns:
        text = str(caught[0].message)
        assert text.startswith("I_ext = ")
        assert f"{start} ms to {stop} ms" in text
        assert caught[0].filename == __file__


def test_a_pulse_cut_into_chunks_does_not_warn():
    pop, whole = nm.QIF(J=15.0), nm.QIF(J=15.0)
    pulse = STEP(3.0, start=0 * ms, stop=50 * ms)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(10):
            nm.run(pop, 5 * ms, inputs=pulse)
    assert not caught
    nm.run(whole, 50 * ms, inputs=pulse)
    assert pop.raw.r == whole.raw.r


# ----------------------------------------------------------------------------- progress


@pytest.mark.parametrize("progress", [True, False, None])
def test_progress(progress, capsys):
    pop, plain = nm.QIF(J=15.0, shape=50), nm.QIF(J=15.0, shape=50)
    rec = nm.run(pop, 200 * ms, inputs=3.0, progress=progress)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("100%" in shown.err) == bool(progress)
    assert ("200/200 ms" in shown.err) == bool(progress)
    assert bits(rec) == bits(nm.run(plain, 200 * ms, inputs=3.0))


def test_progress_is_closed_after_an_error(capsys):
    with pytest.raises(nm.SimulationError):
        nm.run(coarse(), 3000 * ms, inputs=50.0, progress=True)
    assert capsys.readouterr().err.endswith("\n")


def test_units_of_several_inputs_are_checked_by_name():
    pop = Relay()
    before = everything(pop)
    with pytest.raises(TypeError, match="current needs a current, for example"):
        nm.run(pop, 1 * ms, inputs={"current": 3.0, "drive": 1 * Hz})
    with pytest.raises(TypeError, match="drive needs a rate"):
        nm.run(pop, 1 * ms, inputs={"current": 3 * pA, "drive": STEP(3 * pA)})
    assert everything(pop) == before


def test_one_value_for_each_lane_or_for_each_step():
    """Where both can be meant, neither is taken."""
    drive, steps = np.linspace(-5, 5, 20), 20
    make = lambda: nm.QIF(shape=20, dt=0.1 * ms)
    given = nm.run(make(), (steps - 1) * 0.1 * ms, inputs=drive, record="I_ext")
    meant = nm.signals.Constant(drive)
    assert bits(given) == bits(nm.run(make(), (steps - 1) * 0.1 * ms, inputs=meant, record="I_ext"))
    with pytest.raises(ValueError, match=r"Constant\(values\) for the lanes, or values\[:, None\]"):
        nm.run(make(), steps * 0.1 * ms, inputs=drive)
    by_step = nm.run(make(), steps * 0.1 * ms, inputs=drive[:, None], record="I_ext")
    assert by_step.array("I_ext")[1:, 7].tolist() == drive.tolist()


def test_a_function_of_time_is_called_once_for_each_step_and_in_order():
    times = []
    drive = lambda t: times.append(t.m_as(ms)) or 3.0
    nm.run(nm.QIF(), 5 * ms, inputs=drive)
    np.testing.assert_allclose(times, (np.arange(100) + 0.5) * 0.05)
    times.clear()
    with pytest.raises(nm.SimulationError):  # the failing block is tried again in halves
        nm.run(nm.QIF(J=15.0, delta=0.0), 5 * ms, inputs=lambda t: times.append(1) or 1e6)
    assert len(times) == 100
    rec = nm.run(nm.QIF(), 1 * ms, inputs=lambda t: 0)
    assert np.isfinite(rec.array("v")).all()


@pytest.mark.parametrize(
    "look",
    [
        lambda pop: pop.r, lambda pop: pop.raw.r, lambda pop: pop.eta, lambda pop: pop.t,
        repr, lambda pop: pop.snapshot(), lambda pop: pop.copy(),
        lambda pop: setattr(pop, "eta", 1.0), lambda pop: pop.set(v=1.0),
        lambda pop: pop.update(1.0), lambda pop: pop.advance(1.0), lambda pop: pop.reset(),
        lambda pop: nm.run(pop, 1 * ms), lambda pop: nm.Network({"a": pop}),
        lambda pop: nm.record(pop).__enter__(),
    ],
)  # fmt: skip
def test_a_function_of_time_sees_nothing_of_the_system(look):
    pop, other = nm.QIF(J=15.0), nm.QIF(J=15.0)
    calls = []

    def drive(t):
        calls.append(t)
        if len(calls) == 7:
            look(pop)
        return 3.0

    for each in (pop, other):
        nm.run(each, 1 * ms, inputs=3.0)
    with pytest.raises(RuntimeError, match=r"nm\.signals\.Feedback\(function\)"):
        nm.run(pop, 1 * ms, inputs=drive)
    assert everything(pop) == everything(other)
    assert bits(nm.run(pop, 1 * ms)) == bits(nm.run(other, 1 * ms))


@pytest.mark.parametrize("every", [None, 7])
def test_feedback_is_the_loop_of_update(every):
    pop, loop = (nm.QIF(J=15.0, initial={"r": 10 * Hz}) for _ in range(2))
    rule = lambda pop: 6.0 - 60.0 * pop.raw.r
    rec = nm.run(pop, 10 * ms, inputs=nm.signals.Feedback(rule, every), record=("r", "I_ext"))
    fed = []
    for k in range(200):
        if k % (every or 1) == 0:
            value = rule(loop)
        loop.update(value)
        fed.append(value)
    assert everything(pop) == everything(loop)
    assert rec.array("I_ext")[1:].tolist() == fed


def test_feedback_may_set_parameters_and_returns_units():
    def switch(pop):
        pop.eta = -5.0 if pop.t < 5 * ms else 0.0
        return 0

    pop, right = nm.QIF(J=15.0), nm.QIF(J=15.0)
    nm.run(pop, 10 * ms, inputs=nm.signals.Feedback(switch))
    nm.run(right, 5 * ms)
    right.eta = 0.0
    nm.run(right, 5 * ms)
    assert pop.raw.r == right.raw.r
    with pytest.raises(TypeError, match="I_ext needs a plain number"):
        nm.run(pop, 1 * ms, inputs=nm.signals.Feedback(lambda pop: 3 * Hz))
    with pytest.raises(ValueError, match="every must be at least 1"):
        nm.signals.Feedback(switch, every=0)
    with pytest.raises(TypeError, match="takes a function"):
        nm.signals.Feedback(3.0)


def test_feedback_in_a_network():
    def pair():
        net = nm.Network({"exc": nm.QIF(J=8.0), "inh": nm.QIF()})
        net.connect("exc", "inh", J=10.0, delay=1 * ms)
        return net

    net, loop = pair(), pair()
    rule = lambda net: 10.0 - 10.0 * net["inh"].raw.v
    nm.run(net, 5 * ms, inputs={"exc": nm.signals.Feedback(rule)})
    for _ in range(100):
        loop.advance({"exc": rule(loop)})
    assert net["exc"].raw.r == loop["exc"].raw.r
    assert net["inh"].raw.v == loop["inh"].raw.v


def test_one_caller_at_a_time():
    """Two threads on one system: one gets an error, and the other's numbers are right."""
    pop, alone = nm.QIF(J=15.0, shape=2000), nm.QIF(J=15.0, shape=2000)
    for each in (pop, alone):
        nm.run(each, 1 * ms)
    inside, go = threading.Event(), threading.Event()

    def drive(t):
        inside.set()
        go.wait()
        return 3.0

    thread = threading.Thread(target=nm.run, args=(pop, 5 * ms), kwargs={"inputs": drive})
    thread.start()
    inside.wait()
    attempts = (
        lambda: pop.update(1.0), lambda: nm.run(pop, 1 * ms), pop.reset, lambda: pop.set(v=1.0),
        lambda: pop.restore(alone.snapshot()), lambda: nm.Network({"a": pop}),
        lambda: nm.record(pop).__enter__(), lambda: setattr(pop, "eta", 1.0),
    )  # fmt: skip
    for attempt in attempts:
        with pytest.raises(RuntimeError, match="one caller at a time"):
            attempt()
    assert np.isfinite(pop.raw.r).all()  # others may look
    go.set()
    thread.join()
    nm.run(alone, 5 * ms, inputs=3.0)
    assert everything(pop) == everything(alone)
