"""Stepping is running: all ways to take the same steps give the same numbers, to the last bit."""

import copy
import json
import math
import os
import pickle
import subprocess
import sys
import threading
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
import twin
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import NOISE, Charge, Decay, QIFu, Relay, bits, everything

import neuromass as nm
from neuromass.units import Hz, ms, pA

STEPS = 70
DT = 0.05
PULSE = nm.signals.Step(3.0, start=1 * ms, stop=2.5 * ms)

every_noise = pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
every_method = pytest.mark.parametrize("method", ["euler", "heun", "rk4"])


def qif(noise=None, method="heun", **changes):
    options = {"J": 15.0, "initial": {"r": 8 * Hz, "v": -2.0}, "seed": 11, "dt": DT * ms}
    return nm.QIF(noise=noise, method=method, **{**options, **changes})


def midpoints(signal, steps=STEPS, dt=DT):
    return [float(signal((k + 0.5) * dt * ms).magnitude) for k in range(steps)]


def stepped(pop, values, step="update"):
    """Take steps by hand, and note the states before and after each."""
    rows = [(pop.raw.r, pop.raw.v)]
    for value in values:
        getattr(pop, step)(value)
        rows.append((pop.raw.r, pop.raw.v))
    return np.array(rows)


def same(first, second):
    first, second = np.asarray(first), np.asarray(second)
    assert first.shape == second.shape
    assert first.tobytes() == second.tobytes()


def in_hertz(rows):
    """What stepping left, with the rate as a recording gives it."""
    return np.array([rows[:, 0] * 1000, rows[:, 1]]).T


def from_run(rec):
    return np.array([rec.r.magnitude, rec.v.magnitude]).T


# ------------------------------------------------------------------- one population


@every_noise
@every_method
def test_updates_advances_and_a_run_are_the_same(noise, method):
    values = midpoints(PULSE)
    by_update = stepped(qif(noise, method), values)
    by_advance = stepped(qif(noise, method), values, "advance")
    pop = qif(noise, method)
    rec = nm.run(pop, STEPS * DT * ms, inputs=PULSE)
    same(by_update, by_advance)
    same(in_hertz(by_update), from_run(rec))
    same(by_update[-1], (pop.raw.r, pop.raw.v))
    assert np.unique(by_update[:, 1]).size == STEPS + 1


@every_noise
def test_a_final_state_does_not_depend_on_what_was_recorded(noise):
    states = []
    for options in (
        {},
        {"record": ()},
        {"record": "I_ext"},
        {"every": 7},
        {"every": 7, "average": True},
        {"record": ("v", "I_ext", "r"), "every": 70, "average": True},
    ):
        pop = qif(noise)
        nm.run(pop, STEPS * DT * ms, inputs=PULSE, **options)
        states.append((pop.raw.r, pop.raw.v, pop.raw.t))
    assert len(set(states)) == 1


@given(cuts=st.lists(st.integers(1, STEPS - 1), max_size=6, unique=True), data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_run_in_random_chunks_is_the_run(cuts, data):
    name = data.draw(st.sampled_from(list(NOISE)))
    method = data.draw(st.sampled_from(["euler", "heun", "rk4"]))
    lanes = data.draw(st.sampled_from([{}, {"eta": np.linspace(-6, -3, 3)}]))
    whole = nm.run(
        qif(NOISE[name], method, **lanes), STEPS * DT * ms, inputs=wave, record=("r", "v", "I_ext")
    )
    pop = qif(NOISE[name], method, **lanes)
    edges = [0, *sorted(cuts), STEPS]
    parts = [
        nm.run(pop, (stop - start) * DT * ms, inputs=wave, record=("r", "v", "I_ext"))
        for start, stop in pairwise(edges)
    ]
    assert bits(nm.concatenate(parts)) == bits(whole)


def wave(t):
    """An input without edges, for arrays of times."""
    return 3.0 + np.sin(t.magnitude)


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("every", [1, 2, 5, 10])
def test_samples_of_chunks_are_those_of_the_run(every, average):
    options = {"inputs": wave, "record": ("r", "I_ext", "v"), "every": every, "average": average}
    whole = nm.run(qif(NOISE["all at once"]), 6 * ms, **options)
    pop = qif(NOISE["all at once"])
    parts = [nm.run(pop, length * ms, **options) for length in (1, 0.5, 3, 1.5)]
    assert bits(nm.concatenate(parts)) == bits(whole)


# ------------------------------------------------------------------- recorded samples


@pytest.mark.parametrize("lanes", [1, 2, 130])
@pytest.mark.parametrize("every", [2, 3, 600])
def test_thinned_and_averaged_samples_follow_from_all_of_them(lanes, every):
    """600 steps of 130 lanes are more than one call of a kernel takes."""
    make = partial(qif, NOISE["coloured on I_ext"], eta=np.linspace(-6, -4, lanes))
    options = {"duration": 1200 * DT * ms, "inputs": wave, "record": ("v", "I_ext", "r")}
    full = nm.run(make(), **options)
    thin = nm.run(make(), every=every, **options)
    mean = nm.run(make(), every=every, average=True, **options)
    same(thin.t.magnitude, full.t.magnitude[::every])
    for name in full.names:
        trace = full[name].magnitude
        same(thin[name].magnitude[1:], trace[::every][1:])
        first = thin[name].magnitude[1] if name == "I_ext" else trace[0]  # where no step ends
        same(thin[name].magnitude[0], first)
        windows = (trace[1:] if name != "r" else trace[1:] / 1000).reshape(-1, every, lanes)
        means = np.array([in_order(each) for each in windows]) / every
        if name == "r":  # sums are taken in internal units, here through two conversions
            np.testing.assert_allclose(mean.r.magnitude, means * 1000, rtol=1e-13)
        else:
            same(mean[name].magnitude, means)
    middle = DT * (np.arange(1200 // every) * every + (every + 1) / 2)
    np.testing.assert_allclose(mean.t.magnitude, middle, rtol=1e-15)


def in_order(rows):
    return list(accumulate(rows, np.add))[-1]


def test_an_average_over_more_steps_than_a_kernel_takes_at_once():
    pop, other = qif(), qif()
    rec = nm.run(pop, 150_000 * DT * ms, inputs=3.0, every=75_000, average=True, record="v")
    full = nm.run(other, 150_000 * DT * ms, inputs=3.0, record="v").v.magnitude
    sums = [list(accumulate(full[k : k + 75_000]))[-1] for k in (1, 75_001)]
    same(rec.v.magnitude, np.array(sums) / 75_000)


def test_a_recorded_input_is_what_the_step_used():
    rec = nm.run(qif(), STEPS * DT * ms, inputs=PULSE, record=("I_ext",))
    assert rec.I_ext.magnitude[0] == rec.I_ext.magnitude[1]
    same(rec.I_ext.magnitude[1:], midpoints(PULSE))


# ------------------------------------------------------------------------------ lanes


def per_lane(noise, shape):
    """The same noise with a strength, and a correlation time, for each lane."""
    scale = np.linspace(0.5, 1.5, math.prod(shape)).reshape(shape)
    return {
        name: nm.noise.White(each.sigma * scale)
        if isinstance(each, nm.noise.White)
        else nm.noise.OrnsteinUhlenbeck(each.sigma * scale, each.tau * scale[::-1])
        for name, each in (noise or {}).items()
    }


def alone(noise, at):
    return {
        name: nm.noise.White(each.sigma[at])
        if isinstance(each, nm.noise.White)
        else nm.noise.OrnsteinUhlenbeck(each.sigma[at], each.tau[at])
        for name, each in noise.items()
    }


SHAPES = [(1,), (2,), (7,), (8,), (9,), (63,), (64,), (65,), (130,), (3, 4), (2, 1, 5)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["quiet", "all at once"])
def test_every_lane_is_the_population_that_stands_alone(shape, name):
    count = math.prod(shape)
    eta = np.linspace(-6.0, -3.0, count).reshape(shape)
    tau = np.linspace(8.0, 12.0, count).reshape(shape)
    drive = np.linspace(0.0, 5.0, count * STEPS).reshape(STEPS, *shape)
    noise = per_lane(NOISE[name], shape)
    pop = qif(noise, eta=eta, tau=tau * ms)
    rec = nm.run(pop, STEPS * DT * ms, inputs=drive, record=("r", "v", "I_ext"))
    assert rec.r.shape == (STEPS + 1, *shape)
    for flat in sorted({0, 1, 6, 7, 8, 62, 63, 64, count - 1} & set(range(count))):
        at = np.unravel_index(flat, shape)
        twin_of_lane = qif(alone(noise, at), eta=eta[at], tau=tau[at] * ms, lane=flat)
        each = nm.run(
            twin_of_lane, STEPS * DT * ms, inputs=drive[:, *at], record=("r", "v", "I_ext")
        )
        for trace in rec.names:
            same(rec[trace].magnitude[:, *at], each[trace].magnitude)


@every_noise
@every_method
def test_lanes_of_every_noise_and_method(noise, method):
    noise = per_lane(noise, (5,))
    eta = np.linspace(-6.0, -3.0, 5)
    pop = qif(noise, method, eta=eta)
    by_update = qif(noise, method, eta=eta)
    nm.run(pop, STEPS * DT * ms, inputs=nm.signals.Constant(eta))
    for _ in range(STEPS):
        by_update.update(eta)
    for lane in range(5):
        one = qif(alone(noise, lane), method, eta=eta[lane], lane=lane)
        for _ in range(STEPS):
            one.advance(eta[lane])
        for each in (pop, by_update):
            assert (each.raw.r[lane], each.raw.v[lane]) == (one.raw.r, one.raw.v)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)], ids=str)
def test_all_kinds_of_input_that_mean_the_same_are_the_same(shape):
    level = np.full(shape, 2.5)
    kinds = {
        "number": 2.5,
        "signal": nm.signals.Constant(2.5),
        "edges": nm.signals.Step(2.5, start=-1 * ms),
        "function": lambda t: 2.5,
        "array": np.full(STEPS, 2.5),
        "mapping": {"I_ext": 2.5},
        "quantity": 2.5 * pA / pA,
    }
    if shape:
        kinds |= {
            "lanes": nm.signals.Constant(level),
            "lanes in time": np.full((STEPS, *shape), 2.5),
            "function of lanes": lambda t: level,
        }
    found = {}
    for name, given_input in kinds.items():
        pop = qif(NOISE["all at once"], shape=shape)
        nm.run(pop, STEPS * DT * ms, inputs=given_input)
        found[name] = pop.snapshot().state.tobytes()
    assert len(set(found.values())) == 1, found.keys()


def test_other_models_step_and_run_alike():
    for make, drive, inputs in (
        (partial(QIFu, J=15.0), {"I_ext": 3.0}, 3.0),
        (Relay, {"current": 20 * pA, "drive": 40 * Hz}, {"current": 20 * pA, "drive": 40 * Hz}),
        (partial(Decay, drift=0.01 / ms), {}, None),
        (Charge, {"current": 5 * pA}, 5 * pA),
    ):
        for options in ({}, {"shape": 1}, {"shape": (2, 5)}):
            run, stepped_by_hand = make(**options), make(**options)
            rec = nm.run(run, 50 * run.dt, inputs=inputs)
            for _ in range(50):
                returned = stepped_by_hand.update(**drive)
            assert everything(run) == everything(stepped_by_hand)
            output = run.output or rec.names[0]
            same(returned.magnitude, getattr(run, output).magnitude)


def test_an_output_in_a_recording_is_the_one_of_the_states():
    pop = Relay(shape=3, theta=[-53, -52, -51] * Relay.theta.measure.quantity(1.0).units)
    rec = nm.run(pop, 5 * ms, inputs={"drive": 40 * Hz}, record=("above", "v"))
    same(rec.above.magnitude[-1], pop.above.magnitude)
    by_hand = [math.exp((v + 52) / 2) for v in rec.v.magnitude[:, 1]]
    np.testing.assert_allclose(rec.above.magnitude[:, 1], by_hand, rtol=1e-14)


# ------------------------------------------------------------- copies, snapshots, threads


@every_noise
def test_pickles_copies_and_snapshots_go_on_alike(noise):
    pop = qif(noise, eta=np.linspace(-6, -3, 3))
    nm.run(pop, 1 * ms, inputs=3.0)
    saved = pop.snapshot()
    others = [pickle.loads(pickle.dumps(pop)), copy.deepcopy(pop), copy.copy(pop), pop.copy()]
    first = bits(nm.run(pop, 1 * ms, inputs=3.0, record=("r", "v", "I_ext")))
    pop.restore(pickle.loads(pickle.dumps(saved)))
    assert bits(nm.run(pop, 1 * ms, inputs=3.0, record=("r", "v", "I_ext"))) == first
    for other in others:
        assert bits(nm.run(other, 1 * ms, inputs=3.0, record=("r", "v", "I_ext"))) == first


@every_noise
@pytest.mark.parametrize("shape", [(), (3,)], ids=str)
def test_recording_by_hand_changes_nothing(noise, shape):
    plain, watched = qif(noise, shape=shape), qif(noise, shape=shape)
    whole = nm.run(plain, STEPS * DT * ms, inputs=PULSE, record=("r", "v", "I_ext"))
    with nm.record(watched, names=("r", "v", "I_ext")) as rec:
        for value in midpoints(PULSE):
            watched.update(value)
    assert bits(rec) == bits(whole)


def test_a_reset_repeats_the_noise():
    pop = qif(NOISE["all at once"])
    first = bits(nm.run(pop, 2 * ms, inputs=3.0))
    pop.reset()
    assert bits(nm.run(pop, 2 * ms, inputs=3.0)) == first


def test_threads_do_not_meet():
    def work(seed, results):
        pop = qif(NOISE["all at once"], seed=seed, shape=9)
        rec = nm.run(pop, 200 * ms, inputs=wave)
        results[seed] = bits(rec), everything(pop)

    one_by_one, together = {}, {}
    for seed in range(4):
        work(seed, one_by_one)
    threads = [threading.Thread(target=work, args=(seed, together)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert together == one_by_one


def test_populations_stepped_in_turn_do_not_meet():
    pairs = [qif(NOISE["all at once"], seed=3), qif(NOISE["all at once"], seed=4, eta=-4.0)]
    apart = [each.copy() for each in pairs]
    for _ in range(20):
        for each in pairs:
            each.update(3.0)
    for each in apart:
        for _ in range(20):
            each.update(3.0)
    assert [everything(each) for each in pairs] == [everything(each) for each in apart]


# -------------------------------------------------------------------- the plain twin

TWIN_NOISE = {
    "quiet": {},
    "white on v": {"v": twin.White(0.3)},
    "white on I_ext": {"I_ext": twin.White(2.0)},
    "coloured on I_ext": {"I_ext": twin.Coloured(1.5, 3.0)},
    "coloured on v": {"v": twin.Coloured(0.2, 3.0)},
    "all at once": {
        "I_ext": twin.Coloured(1.5, 3.0),
        "r": twin.White(0.003),
        "v": twin.Coloured(0.2, 7.0),
    },
}
ROUNDING = 1e-12
"""200 steps, each with some tens of roundings of 1e-16, in contracting equations."""


def plain_qif(name, method, lane, **changes):
    parameters = {"tau": 10.0, "eta": -5.0, "delta": 1.0, "J": 15.0, **changes}
    return twin.Twin(
        twin.qif, {"r": 0.008, "v": -2.0}, parameters, DT, method,
        noise=copy.deepcopy(TWIN_NOISE[name]), seed=2**40 + 7, lane=lane, lower={"r": 0.0},
    )  # fmt: skip


@pytest.mark.parametrize("name", NOISE)
@every_method
def test_the_plain_twin_agrees(name, method):
    eta = np.array([-6.0, -5.0, -4.0])
    pop = qif(NOISE[name], method, eta=eta, seed=2**40 + 7, lane=5)
    drive = np.array([3.0 * math.sin(k / 20) for k in range(200)])
    rec = nm.run(pop, 200 * DT * ms, inputs=drive, record=("r", "v", "I_ext"))
    for lane in range(3):
        plain = plain_qif(name, method, 5 + lane, eta=eta[lane])
        rows = []
        for value in drive:
            state = plain.step(I_ext=float(value))
            rows.append((1000 * state["r"], state["v"], plain.used["I_ext"]))
        found = np.array([rec[each].magnitude[1:, lane] for each in ("r", "v", "I_ext")]).T
        np.testing.assert_allclose(found, rows, rtol=ROUNDING, atol=ROUNDING)


@every_method
def test_the_plain_twin_agrees_for_models_of_users(method):
    inputs = {"current": 30.0, "drive": 0.04}
    relay = {"tau": 10.0, "C": 100.0, "rest": -60.0, "top": 12.0, "theta": -52.0, "slope": 2.0,
             "tau_s": 5.0}  # fmt: skip
    noise = {"current": nm.noise.White(5 * pA * ms**0.5), "s": nm.noise.White(0.3 / ms**0.5)}
    pop = Relay(noise=noise, seed=3, method=method)
    plain = twin.Twin(
        twin.relay, {"v": -60.0, "s": 0.1}, relay, DT, method,
        noise={"current": twin.White(5.0), "s": twin.White(0.3)}, seed=3, lower={"s": 0.0},
    )  # fmt: skip
    decay = Decay(drift=0.3 / ms, method=method)
    plain_decay = twin.Twin(twin.decay, {"x": 1.0}, {"tau": 10.0, "drift": 0.3}, DT, method)
    clipped = 0
    for _ in range(300):
        pop.update(current=30 * pA, drive=40 * Hz)
        decay.update()
        expected = plain.step(**inputs)
        clipped += expected["s"] == 0.0
        assert pop.raw.v == pytest.approx(expected["v"], rel=ROUNDING)
        assert pop.raw.s == pytest.approx(expected["s"], rel=1e-10, abs=1e-13)
        assert decay.raw.x == pytest.approx(plain_decay.step()["x"], rel=ROUNDING)
    assert clipped > 3  # the bound was reached, so that it was tested


@given(
    eta=st.floats(-10, 10),
    J=st.floats(-30, 30),
    delta=st.floats(0, 5),
    tau=st.floats(1, 100),
    r=st.floats(0, 2),
    v=st.floats(-5, 5),
    drive=st.floats(-10, 10),
)
@example(eta=0.0, J=0.0, delta=0.0, tau=1.0, r=0.0, v=0.0, drive=0.0)
@settings(deadline=None)
def test_one_step_of_the_plain_twin_agrees(eta, J, delta, tau, r, v, drive):
    """Sums are taken in another order: what is lost is measured by the largest term."""
    dt = 1e-3 * tau
    start = {"r": r / tau, "v": v}
    pop = nm.QIF(tau=tau * ms, eta=eta, J=J, delta=delta, dt=dt * ms,
                 initial={"r": r / tau / ms, "v": v})  # fmt: skip
    plain = twin.Twin(twin.qif, start, {"tau": tau, "eta": eta, "J": J, "delta": delta}, dt)
    expected = plain.step(I_ext=drive)
    if expected["r"] < 0:
        return
    pop.update(drive)
    largest = max(v**2, abs(eta), abs(J * r), abs(drive), (math.pi * r) ** 2, 1.0)
    assert abs(pop.raw.v - expected["v"]) < 1e-15 * largest
    assert abs(pop.raw.r - expected["r"]) * tau < 1e-15 * max(largest, 1.0) * max(r, 1.0)


# ------------------------------------------------------------------- with the JIT off


def digests():
    """Final states of many runs, as hexadecimal numbers."""
    result = {}
    for name, noise in NOISE.items():
        for method in ("euler", "heun"):
            for shape in ((), (3,)):
                pop = qif(noise, method, shape=shape)
                rec = nm.run(pop, 40 * DT * ms, inputs=PULSE, every=4, average=True)
                pop.update(3.0)
                result[f"{name} {method} {shape}"] = [*hexed(pop), *hexed(rec)]
    pop = QIFu(J=15.0)
    nm.run(pop, 2 * ms, inputs=3.0)
    pop.update(2.0)
    result["arithmetic of a user"] = hexed(pop)
    pop = Relay()
    nm.run(pop, 2 * ms, inputs={"drive": 40 * Hz})
    pop.update(drive=40 * Hz)
    result["exp"] = [float(pop.raw.v).hex(), float(pop.raw.s).hex(), float(pop.raw.above).hex()]
    return result


def hexed(system):
    values = [system.r.magnitude, system.v.magnitude]
    return [float(each).hex() for each in np.concatenate([np.ravel(each) for each in values])]


def test_without_the_jit_the_numbers_are_the_same():
    code = "import json, test_parity; print(json.dumps(test_parity.digests()))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    plain, compiled = json.loads(ran.stdout), digests()
    exp, plain_exp = compiled.pop("exp"), plain.pop("exp")
    assert plain == compiled
    for one, other in zip(exp, plain_exp, strict=True):
        assert float.fromhex(one) == pytest.approx(float.fromhex(other), rel=1e-13)
