"""Signals against naive twins in plain Python, edges against integers, errors to the letter."""

import copy
import doctest
import math
import operator
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromass import units
from neuromass.signals import Constant, Pulses, Ramp, Sampled, Signal, Sine, Step, as_signal
from neuromass.units import Hz, UnitError, kHz, ms, mV, nA, pA, second

GRIDS = (0.1, 0.05, 0.025, 1 / 3, 0.7, 1.0)
"""Steps in ms, awkward ones among them."""


def midpoints(first, last, dt):
    return (np.arange(first, last) + 0.5) * dt


def one_of_each():
    """One signal of every kind, all of 3 lanes or none, in pA or without unit."""
    return [
        Constant(2.0),
        Constant([1.0, 2.0, 3.0] * pA),
        Step(3.0, start=1 * ms, stop=4 * ms),
        Step([1.0, 2.0, 3.0] * pA, start=0.002 * second, base=0.001 * nA),
        Pulses(2.0, width=0.5 * ms, period=1.5 * ms, start=1 * ms),
        Pulses(2.0, width=0.5 * ms, period=1.5 * ms, stop=4 * ms, count=9),
        Pulses([1.0, 2.0, 3.0], width=0.5 * ms, times=[3, 1] * ms),
        Ramp(1.0, [2.0, 3.0, 4.0], start=1 * ms, stop=4 * ms),
        Sine(2.0, frequency=300 * Hz, phase=0.3, offset=1.0),
        Sine([1.0, 2.0, 3.0], period=[2, 3, 4] * ms, start=1 * ms, stop=5 * ms),
        Sampled(np.arange(60.0), dt=0.1 * ms),
        Sampled(np.arange(30.0).reshape(10, 3) * pA, dt=0.7 * ms, kind="linear", outside="hold"),
        Step(3.0) + Sine([1.0, 2.0, 3.0], frequency=300 * Hz) - 1,
        2 * pA * Step(3.0, start=1 * ms) / 7,
        -Step(3.0, start=1 * ms) * np.array([1.0, 2.0, 3.0]),
        as_signal(wave, "I_ext"),
        as_signal(threshold, "I_ext"),
    ]


def wave(t):
    return np.sin(300 * Hz * t)


def threshold(t):
    return 3.0 * pA if t < 2 * ms else 0.001 * nA


each = pytest.mark.parametrize("signal", one_of_each(), ids=repr)


# --------------------------------------------------------------- what holds for every kind


@each
def test_values_have_time_first_and_do_not_depend_on_the_other_times(signal):
    times = midpoints(0, 57, 0.1)
    whole = signal.sample(times)
    assert whole.dtype == np.float64
    assert whole.shape == (57, *signal.shape)
    pieces = [signal.sample(times[k : k + n]) for k, n in ((0, 1), (1, 7), (8, 16), (24, 33))]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()


@each
def test_what_sample_returns_belongs_to_the_caller(signal):
    times = midpoints(0, 57, 0.1)
    before = signal.sample(times).copy()
    signal.sample(times)[:] = 77.0
    assert (signal.sample(times) == before).all()
    assert (times == midpoints(0, 57, 0.1)).all()


@each
def test_a_call_gives_quantities(signal):
    times = midpoints(0, 4, 0.1).reshape(2, 2)
    value = signal(times * ms)
    assert value.shape == (2, 2, *signal.shape)
    plain = units.internal(value, signal.measure, "value").reshape(4, *signal.shape)
    np.testing.assert_allclose(plain, signal.sample(times.ravel()), rtol=1e-15)
    alone = signal(0.00015 * second)
    assert units.is_quantity(alone)
    assert np.shape(alone.magnitude) == signal.shape


@each
@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_copies_are_equal_and_stay_immutable(signal, clone):
    other = clone(signal)
    assert other == signal
    assert hash(other) == hash(signal)
    assert repr(other) == repr(signal)
    times = midpoints(0, 57, 0.1)
    assert other.sample(times).tobytes() == signal.sample(times).tobytes()
    for value in vars(other).values():
        assert not isinstance(value, np.ndarray) or not value.flags.writeable


def test_every_kind_differs_from_every_other():
    everything = one_of_each()
    assert len(set(everything)) == len(everything)
    assert everything[0] != 2.0


def test_signals_do_not_change():
    step = Step(3.0)
    with pytest.raises(AttributeError, match="does not change, so shape cannot be set"):
        step.shape = (2,)
    with pytest.raises(AttributeError, match="does not change, so measure cannot be deleted"):
        del step.measure


def test_arrays_are_copied_and_left_writeable():
    values = np.ones(3)
    for signal in (Constant(values), Step(values), Sampled(values, dt=1 * ms), Step(1) * values):
        times = np.array([0.5])
        before = signal.sample(times)
        values[:] += 1.0
        assert (signal.sample(times) == before).all()


def test_lanes_are_bitwise_the_single_signals():
    times = midpoints(0, 1000, 0.05)
    a, f, p = np.array([1.0, 0.3, 7.0]), np.array([3.0, 10.0, 41.0]), np.array([0.0, 0.1, 2.0])
    lanes = (a * Sine(a, frequency=f * Hz, phase=p) + Ramp(a, p, 3 * ms, 30 * ms)).sample(times)
    for i in range(3):
        alone = a[i] * Sine(a[i], frequency=f[i] * Hz, phase=p[i])
        alone += Ramp(a[i], p[i], 3 * ms, 30 * ms)
        assert alone.sample(times).tobytes() == lanes[:, i].tobytes()


# ---------------------------------------------------------------------------- constants


def test_constant():
    assert (Constant(3).sample(np.zeros(4)) == [3.0] * 4).all()
    assert (Constant([[1], [2]]).sample(np.zeros(4)) == [[[1.0], [2.0]]] * 4).all()
    assert Constant(3).changes() is None
    assert Constant([1 * pA, 0.002 * nA]) == Constant([1, 2] * pA)
    assert Constant(pA) == Constant(1 * pA)


# --------------------------------------------------------------------------------- steps


@settings(deadline=None)
@given(
    st.sampled_from(GRIDS),
    st.integers(0, 100_000),
    st.integers(1, 50),
    st.booleans(),
)
def test_a_step_on_the_grid_is_exact(dt, first, length, endless):
    stop = None if endless else (first + length) * dt * ms
    step = Step(3.0, start=first * dt * ms, stop=stop, base=-1.0)
    cells = np.arange(max(first - 5, 0), first + length + 5)
    inside = (cells >= first) & (endless | (cells < first + length))
    for values in (
        step.sample((cells + 0.5) * dt),
        step.sample((2 * cells + 0.5) * (dt / 2)),
        step.sample((2 * cells + 1.5) * (dt / 2)),
    ):
        assert (values == np.where(inside, 3.0, -1.0)).all()


def test_edges_written_in_other_units_are_exact():
    dt = 0.1
    step = Step(1.0, start=0.1 * second, stop=100_300 * units.us)
    cells = np.arange(990, 1010)
    on = np.flatnonzero(step.sample((cells + 0.5) * dt))
    assert cells[on].tolist() == [1000, 1001, 1002]


def test_step_holds_from_start_until_before_stop():
    step = Step(3 * pA, start=1 * ms, stop=2 * ms, base=1 * pA)
    before, after = math.nextafter(1, 0), math.nextafter(2, 0)
    assert step.sample(np.array([before, 1.0, after, 2.0])).tolist() == [1.0, 3.0, 3.0, 1.0]
    assert step.changes().tolist() == [1.0, 2.0]
    assert Step(3).changes().tolist() == [0.0]
    assert Step(3).sample(np.array([-1.0, 0.0, 1e9])).tolist() == [0.0, 3.0, 3.0]


def test_step_lanes_of_amplitude_and_base_are_broadcast():
    step = Step(np.ones((2, 1)), stop=1 * ms, base=[2.0, 3.0, 4.0])
    assert step.shape == (2, 3)
    inside, outside = step.sample(np.array([0.5, 1.5]))
    assert (inside == np.ones((2, 3))).all()
    assert (outside == [[2.0, 3.0, 4.0]] * 2).all()


# -------------------------------------------------------------------------------- pulses


@settings(deadline=None)
@given(
    dt=st.sampled_from(GRIDS),
    first=st.integers(0, 50_000),
    width=st.integers(1, 9),
    gap=st.integers(0, 9),
    count=st.none() | st.integers(1, 5),
    length=st.none() | st.integers(1, 90),
    far=st.integers(0, 1000),
)
def test_periodic_pulses_on_the_grid_are_exact(*, dt, first, width, gap, count, length, far):
    period = width + gap
    train = Pulses(
        2.0,
        width=width * dt * ms,
        period=period * dt * ms,
        start=first * dt * ms,
        stop=None if length is None else (first + length) * dt * ms,
        count=count,
    )

    def naive(cell):
        k, into = divmod(cell - first, period)
        if k < 0 or (count is not None and k >= count):
            return 0.0
        if length is not None and cell >= first + length:
            return 0.0
        return 2.0 if into < width else 0.0

    cells = np.concatenate((np.arange(first - 5, first + 100), far * period + np.arange(40)))
    expected = [naive(cell) for cell in cells.tolist()]
    assert train.sample((cells + 0.5) * dt).tolist() == expected


@settings(deadline=None)
@given(st.sampled_from(GRIDS), st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 9))
def test_pulses_at_given_times_on_the_grid_are_exact(dt, onsets, width):
    onsets = sorted(onsets)
    onsets = [b for a, b in zip([-10, *onsets], onsets, strict=False) if b - a >= 9]
    train = Pulses(2.0, width=width * dt * ms, times=np.array(onsets[::-1]) * dt * ms)
    cells = np.unique(np.add.outer([0, *onsets], np.arange(-2, 12)))
    expected = [2.0 if any(a <= c < a + width for a in onsets) else 0.0 for c in cells]
    assert train.sample((cells + 0.5) * dt).tolist() == expected
    assert len(train.changes()) <= 2 * len(onsets)


def test_pulses_at_their_very_edges():
    for train in (
        Pulses(1.0, width=0.1 * ms, period=0.3 * ms, count=2000),
        Pulses(1.0, width=0.1 * ms, times=np.arange(2000) * 0.3 * ms),
    ):
        edges = train.changes()
        assert edges.size == 4000
        begin, end = edges[::2], edges[1::2]
        assert train.sample(begin).all()
        assert not train.sample(np.nextafter(begin, -1)).any()
        assert train.sample(np.nextafter(end, -1)).all()
        assert not train.sample(end).any()


def test_changes_of_pulses():
    endless = Pulses(1, width=2 * ms, period=10 * ms, start=100 * ms)
    assert endless.changes() is None
    assert endless.changes(125.0).tolist() == [100.0, 102.0, 110.0, 112.0, 120.0, 122.0]
    assert endless.changes(120.0).tolist() == [100.0, 102.0, 110.0, 112.0]
    assert endless.changes(5.0).tolist() == [100.0, 102.0]
    cut = Pulses(1, width=2 * ms, period=10 * ms, stop=21 * ms)
    assert cut.changes().tolist() == [0.0, 2.0, 10.0, 12.0, 20.0, 21.0]
    assert cut.changes(5.0).tolist() == [0.0, 2.0]
    assert Pulses(1, 2 * ms, 10 * ms, stop=20 * ms).changes().tolist() == [0.0, 2.0, 10.0, 12.0]
    assert 3 * 0.7 < 2.1
    assert Pulses(1, 0.1 * ms, period=0.7 * ms, stop=2.1 * ms).changes().size == 6
    assert Pulses(1, width=2 * ms, times=[] * ms).changes().size == 0
    assert Pulses(1, width=2 * ms, times=5 * ms).changes().tolist() == [5.0, 7.0]
    assert Pulses(1, width=5 * ms, times=[5, 10] * ms).changes().tolist() == [5.0, 10.0, 15.0]


def test_touching_pulses_are_no_overlap_in_spite_of_rounding():
    times = [0.1, 0.2, 0.3] * ms
    assert np.diff(times.magnitude).min() < 0.1
    assert Pulses(1.0, width=0.1 * ms, times=times).sample(midpoints(2, 6, 0.05)).all()
    assert 0.1 * 3 > 0.3
    Pulses(1.0, width=0.1 * 3 * ms, period=0.3 * ms)


# --------------------------------------------------------------------------------- ramps


@settings(deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-100, 100), st.floats(0.01, 200))
def test_ramp(first, last, start, length):
    stop = start + length
    ramp = Ramp(first, last, start * ms, stop * ms)
    times = np.concatenate((np.linspace(start - 5, stop + 5, 50), [start, stop]))

    def naive(t):
        if t <= start:
            return first
        return last if t >= stop else first + (last - first) * (t - start) / (stop - start)

    expected = [naive(t) for t in times.tolist()]
    np.testing.assert_allclose(ramp.sample(times), expected, rtol=0, atol=1e-12 * 2e3)
    assert ramp.sample(np.array([start, stop, -1e9, 1e9])).tolist() == [first, last] * 2
    assert ramp.changes().tolist() == [start, stop]


def test_a_bare_zero_takes_the_unit_of_the_other_end():
    up, down = Ramp(0, 0.002 * nA, 0 * ms, 2 * ms), Ramp(2 * pA, 0.0, 0 * ms, 2 * ms)
    assert up.sample(np.array([1.0, 3.0])).tolist() == [1.0, 2.0]
    assert down.sample(np.array([1.0, 3.0])).tolist() == [1.0, 0.0]
    assert Step(2 * pA, stop=1 * ms, base=0).sample(np.array([2.0])).tolist() == [0.0]


# --------------------------------------------------------------------------------- sines


@settings(deadline=None)
@given(
    frequency=st.floats(0.01, 500),
    phase=st.floats(-10, 10),
    offset=st.floats(-3, 3),
    start=st.none() | st.floats(-50, 50),
    stop=st.none() | st.floats(51, 100),
    by_period=st.booleans(),
)
def test_sine(*, frequency, phase, offset, start, stop, by_period):
    rhythm = {"period": second / frequency} if by_period else {"frequency": frequency * Hz}
    sine = Sine(
        2.0,
        **rhythm,
        phase=phase,
        offset=offset,
        start=None if start is None else start * ms,
        stop=None if stop is None else stop * ms,
    )

    def naive(t):
        if (start is not None and t < start) or (stop is not None and t >= stop):
            return 0.0
        seconds = (t - (start or 0.0)) / 1000
        return offset + 2.0 * math.sin(2 * math.pi * frequency * seconds + phase)

    times = np.linspace(-60, 110, 67)
    expected = [naive(t) for t in times.tolist()]
    np.testing.assert_allclose(sine.sample(times), expected, rtol=0, atol=1e-11)
    edges = [edge for edge in (start, stop) if edge is not None]
    assert (sine.changes() is None) if not edges else (sine.changes().tolist() == edges)


def test_sine_stays_accurate_late():
    sine = Sine(1.0, frequency=125 * Hz)
    late = sine.sample(1e9 + np.array([1.0, 2.0, 6.0]))
    np.testing.assert_allclose(late, [math.sqrt(0.5), 1.0, -1.0], rtol=1e-15)


def test_phases_are_angles():
    quarter = Sine(1.0, frequency=10 * Hz, phase=np.pi / 2)
    for phase in (90 * units._registry().degree, np.pi / 2 * units._registry().radian):
        assert Sine(1.0, frequency=10 * Hz, phase=phase) == quarter
    assert quarter.sample(np.array([0.0])).tolist() == [1.0]


def test_frequency_and_period_are_two_ways_to_say_the_same():
    assert Sine(1.0, frequency=10 * Hz) == Sine(1.0, period=100 * ms) != Sine(1.0, period=99 * ms)
    assert Sine(1.0, frequency=0.01 * kHz) == Sine(1.0, period=0.1 * second)


# ------------------------------------------------------------------------------- sampled


@pytest.mark.parametrize("dt", [*GRIDS, 1 / 7, 0.3, 0.01])
@pytest.mark.parametrize("shift", [0, 1, 7, 12_345])
def test_sampled_finds_its_samples_over_hundreds_of_thousands(dt, shift):
    n = 300_000
    held = Sampled(np.arange(float(n)), dt=dt * ms, start=shift * dt * ms)
    cells = np.arange(n)
    assert (held.sample((cells + shift + 0.5) * dt) == cells).all()
    halves = held.sample((np.arange(2 * n) + 2 * shift + 0.5) * (dt / 2))
    assert (halves == np.repeat(cells, 2)).all()


@settings(deadline=None)
@given(st.floats(1e-3, 10), st.floats(-1e3, 1e3), st.integers(1, 30), st.data())
def test_sampled_hold_is_defined_by_its_edges_but_for_rounding(dt, start, n, data):
    outside = data.draw(st.sampled_from(["zero", "hold"]))
    values = np.arange(1.0, n + 1)
    held = Sampled(values, dt=dt * ms, start=start * ms, outside=outside)
    edges = start + np.arange(n + 1) * dt
    times = np.concatenate((edges, edges - 1e-6 * dt, (edges[:-1] + edges[1:]) / 2))

    def naive(t):
        for k in range(n):
            if edges[k] <= t < edges[k + 1]:
                return values[k]
        if outside == "zero":
            return 0.0
        return values[0] if t < start else values[-1]

    assert held.sample(times).tolist() == [naive(t) for t in times]
    rounded = np.nextafter(edges, -np.inf)
    assert held.sample(rounded).tolist() == [naive(t) for t in edges]
    assert held.changes().tolist() == [edges[0], edges[-1]]


@settings(deadline=None)
@given(
    st.floats(1e-3, 10),
    st.floats(-1e3, 1e3),
    st.lists(st.floats(-10, 10), min_size=2, max_size=20),
    st.sampled_from(["zero", "hold"]),
)
def test_sampled_linear(dt, start, values, outside):
    line = Sampled(values, dt=dt * ms, start=start * ms, kind="linear", outside=outside)
    n = len(values)
    nodes = start + np.arange(n) * dt
    assert line.sample(nodes).tolist() == values
    assert line.changes().tolist() == [nodes[0], nodes[-1]]

    def naive(t):
        for k in range(n - 1):
            if nodes[k] <= t <= nodes[k + 1]:
                return values[k] + (values[k + 1] - values[k]) * (t - nodes[k]) / dt
        if outside == "zero":
            return 0.0
        return values[0] if t < start else values[-1]

    times = start + np.linspace(-1.3, n + 0.3, 41) * dt
    np.testing.assert_allclose(line.sample(times), [naive(t) for t in times], atol=1e-7)


@pytest.mark.parametrize("kind", ["hold", "linear"])
def test_sampled_lanes(kind):
    values = np.random.default_rng(1).normal(size=(9, 2, 3))
    lanes = Sampled(values * pA, dt=1 * ms, kind=kind)
    times = np.linspace(0, 8, 31)
    found = lanes.sample(times)
    assert found.shape == (31, 2, 3)
    for i, j in np.ndindex(2, 3):
        alone = Sampled(values[:, i, j], dt=1 * ms, kind=kind).sample(times)
        assert found[:, i, j].tobytes() == alone.tobytes()


def test_sampled_covers_n_steps_when_held_and_one_less_when_linear():
    held, line = (Sampled([1.0, 2.0, 3.0], dt=1 * ms, kind=kind) for kind in ("hold", "linear"))
    held.sample(midpoints(0, 3, 1.0))
    line.sample(np.array([0.0, 2.0]))
    for signal, outside, end in ((held, 3.0, 3), (held, -0.5, 3), (line, 2.5, 2)):
        with pytest.raises(ValueError, match="Sampled") as caught:
            signal.sample(np.array([1.0, outside]))
        assert str(caught.value) == (
            f"Sampled values cover 0 ms to {end} ms (kind={signal._kind!r}) and were needed at "
            f"{outside:g} ms; give more of them, or say outside='zero' or outside='hold'."
        )


# ---------------------------------------------------------------------------- arithmetic


def test_sums_and_scalings_against_the_arrays():
    times = midpoints(0, 50, 0.1)
    a, b = Step(3.0, start=1 * ms), Sine(2.0, frequency=300 * Hz)
    x, y = a.sample(times), b.sample(times)
    for made, expected in (
        (a + b, x + y),
        (a - b, x + -y),
        (a + 1, x + 1),
        (1 + a, 1 + x),
        (1 - a, 1 + -x),
        (a - 1, x - 1),
        (-a, -x),
        (+a, x),
        (a * 0.3, x * 0.3),
        (0.3 * a, x * 0.3),
        (b / 7, y / 7),
        (np.float64(3) * b, 3 * y),
        (a + b + a, x + y + x),
        (2 * (a + b), 2 * (x + y)),
        (sum([a, b]), x + y),
        (a - 0, x),
        (0 - a, -x),
        (0 + a, x),
    ):
        assert (made.sample(times) == expected).all(), made


def test_a_bare_zero_is_nothing_to_add_in_any_unit():
    step = Step(3 * pA)
    assert step + 0 == 0 + step == step - 0 == step + 0.0 == step + np.float64(0) == step
    assert 0 - step == -step
    assert sum([step, step]) == step + step


def test_arrays_on_either_side_make_lanes():
    times = midpoints(0, 20, 0.1)
    step, gains = Step(3.0, start=1 * ms), np.array([1.0, -2.0, 0.5])
    expected = np.multiply.outer(step.sample(times), gains)
    for scaled in (gains * step, step * gains, [1.0, -2.0, 0.5] * step):
        assert isinstance(scaled, Signal)
        assert (scaled.sample(times) == expected).all()
    assert ((step / gains).sample(times) == step.sample(times)[:, None] / gains).all()
    column = np.array([[10.0], [20.0]])
    both = column + gains * step - Step(np.ones((2, 1)))
    assert both.shape == (2, 3)
    assert (both.sample(times) == column + expected[:, None, :] - np.ones((2, 1))).all()


def test_quantities_on_either_side():
    times = midpoints(0, 20, 0.1)
    step = Step(3.0, start=1 * ms)
    plain = step.sample(times)
    other = pint.UnitRegistry()
    for scaled in (
        2 * pA * step,
        step * (2 * pA),
        0.002 * nA * step,
        other.Quantity(2.0, "pA") * step,
        (2 * ms) * ((1 * pA) * step / (1 * ms)),
    ):
        assert isinstance(scaled, Signal)
        assert scaled.measure.dimension == units.measure(pA).dimension
        np.testing.assert_allclose(scaled.sample(times), 2 * plain, rtol=1e-15)
    assert (pA * step).sample(times).tolist() == plain.tolist()
    assert (step * pA).sample(times).tolist() == plain.tolist()
    assert (step * pA / pA).measure.dimension == ()
    lanes = np.array([1.0, 2.0]) * pA * step
    assert lanes.sample(times).tolist() == np.multiply.outer(plain, [1.0, 2.0]).tolist()
    current = step * pA
    for total in (current + 1 * pA, 1 * pA + current, current + 0.001 * nA, 0.001 * nA + current):
        assert isinstance(total, Signal)
        assert total.sample(times).tolist() == (plain + 1).tolist()
    assert (1 * pA - current).sample(times).tolist() == (1 - plain).tolist()
    assert (current - 1 * pA)(1.5 * ms) == 2 * pA


def test_scaled_units_are_shown_and_converted():
    rate_times_time = Step(103 * Hz) * (10 * ms)
    assert rate_times_time.measure.dimension == ()
    np.testing.assert_allclose(rate_times_time.sample(np.array([1.0])), [1.03])
    np.testing.assert_allclose(rate_times_time(1 * ms).to("").magnitude, 1.03)


class Mine(Signal):
    """A kind of the user's own, found by pint as well."""

    def __init__(self):
        self._set(measure=units.measure(pA), shape=())

    def _sample(self, times):
        return times * 2


def test_a_subclass_gets_the_same_arithmetic():
    made = 2 * Hz * Mine() + 1 * pA * Hz
    assert isinstance(made, Signal)
    assert made.sample(np.array([1000.0])).tolist() == [2 * 0.001 * 2000 + 0.001]


def test_changes_of_sums_and_scalings():
    total = Step(1, start=3 * ms) + Sine(1, frequency=1 * Hz) + Ramp(0, 1, 1 * ms, 3 * ms)
    assert total.changes().tolist() == [1.0, 3.0]
    assert (2 * total).changes().tolist() == [1.0, 3.0]
    assert (Sine(1, frequency=1 * Hz) + 1).changes() is None
    endless = -Pulses(1, width=1 * ms, period=5 * ms) + 1
    assert endless.changes() is None
    assert endless.changes(9.0).tolist() == [0.0, 1.0, 5.0, 6.0]


# ----------------------------------------------------------------- equality and spelling


@pytest.mark.parametrize(
    ("one", "same", "different"),
    [
        (Constant(3 * pA), Constant(0.003 * nA), Constant(3)),
        (Step(3), Step(3.0, start=0 * second), Step(3, start=1 * ms)),
        (Step([0.0, 1.0]), Step([-0.0, 1.0]), Step([[0.0, 1.0]])),
        (Sampled([1, 2], 1 * ms), Sampled([1, 2], 1e-3 * second), Sampled([1, 2], 1 * ms, 1 * ms)),
        (Step(1) + 1, Step(1) + Constant(1), Step(1) - 1),
        (Step(1) + (Step(2) + Step(3)), (Step(1) + Step(2)) + Step(3), Step(1) + Step(2)),
        (Step(1) * (2 * pA), Step(1) * (0.002 * nA), Step(1) * 2),
        (
            Step([[1, 2]], base=np.zeros((2, 2))),
            Step([[1, 2]] * 1, base=np.zeros((2, 2))),
            Step([[1], [2]], base=np.zeros((2, 2))),
        ),
        (2 * Step(1), Step(1) * 2.0, Step(1) / 2),
        (Pulses(1, 1 * ms, times=[1, 5] * ms), Pulses(1, 1 * ms, times=[5, 1] * ms), Step(1)),
        (as_signal(wave, "P"), as_signal(wave, "Q"), as_signal(threshold, "P")),
    ],
)
def test_equality_is_by_value(one, same, different):
    assert one == same
    assert hash(one) == hash(same)
    assert one != different


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (Constant(3), "Constant(3)"),
        (Constant(0.1 * nA), "Constant(0.1 nA)"),
        (Constant([1, 2.5] * mV), "Constant([1, 2.5] mV)"),
        (Step(3, start=100 * ms, stop=0.25 * second), "Step(3, start=100 ms, stop=250 ms)"),
        (Step(3 * pA, base=[0, 1] * pA), "Step(3 pA, base=[0, 1] pA)"),
        (
            Pulses(3, width=0.1 * ms, period=50 * ms, start=5 * ms, stop=1 * second, count=7),
            "Pulses(3, width=0.1 ms, period=50 ms, start=5 ms, stop=1000 ms, count=7)",
        ),
        (Pulses(3, 1 * ms, times=[7, 5] * ms), "Pulses(3, width=1 ms, times=[5, 7] ms)"),
        (Ramp(0, 3 * pA, 1 * ms, 2 * ms), "Ramp(0 pA, 3 pA, start=1 ms, stop=2 ms)"),
        (Sine(3, frequency=10 * Hz), "Sine(3, frequency=10 Hz)"),
        (
            Sine(3, period=7 * ms, phase=0.5, offset=1, start=1 * ms, stop=2 * ms),
            "Sine(3, period=7 ms, phase=0.5, offset=1, start=1 ms, stop=2 ms)",
        ),
        (
            Sampled([1, 2] * pA, 0.1 * ms, 5 * ms, "linear", "hold"),
            "Sampled([1, 2] pA, dt=0.1 ms, start=5 ms, kind='linear', outside='hold')",
        ),
        (Sampled(np.arange(99), 1 * ms), "Sampled([0, 1, 2, ..., 96, 97, 98], dt=1 ms)"),
        (Sampled([[1, 2], [3, 4]], 1 * ms), "Sampled([[1, 2], [3, 4]], dt=1 ms)"),
        (Step(1) + Step(2) - Step(3), "Step(1) + Step(2) - Step(3)"),
        (Step(1) - 2 * Step(3), "Step(1) - (2 * Step(3))"),
        (2 * (Step(1) + 1), "2 * (Step(1) + Constant(1))"),
        (-Step(1), "-Step(1)"),
        (-(Step(1) + 1), "-(Step(1) + Constant(1))"),
        (Step(1) / 2, "Step(1) / 2"),
        (Step(1) / (2 * pA), "Step(1) / (2 pA)"),
        (-2 * pA * Step(1), "-2 pA * Step(1)"),
        (as_signal(wave, "I_ext"), "wave(t)"),
    ],
    ids=str,
)
def test_repr(signal, text):
    assert repr(signal) == text


# ------------------------------------------------------------------------------ as_signal


def test_as_signal_of_signals_and_constants():
    step = Step(3)
    assert as_signal(step, "I_ext") is step
    assert as_signal(3, "I_ext") == Constant(3.0)
    assert as_signal(np.array(3), "I_ext") == Constant(3.0)
    assert as_signal(3 * pA, "I_ext") == Constant(3 * pA)


def spy(function):
    """The function, and the list of shapes of the times it was called with."""
    shapes = []

    def spied(t):
        shapes.append(np.shape(t.to("ms").magnitude))
        return function(t)

    return spied, shapes


TIMES = midpoints(0, 40, 0.1)


@pytest.mark.parametrize(
    ("function", "shape", "together"),
    [
        (lambda t: np.sin(300 * Hz * t), (), True),
        (lambda t: 3.0 * t / ms, (), True),
        (lambda t: t / ms * pA, (), True),
        (lambda t: np.asarray((t / ms).magnitude)[..., None] * np.array([1.0, 2.0]), (2,), True),
        (lambda t: 3.0 * pA, (), False),
        (lambda t: 0.003 * nA, (), False),
        (lambda t: 3.0 * pA if t < 2 * ms else 0.001 * nA, (), False),
        (lambda t: math.sin((300 * Hz * t).to("").magnitude), (), False),
        (lambda t: np.array([1.0, 2.0]), (2,), False),
        (lambda t: np.array([1.0, 2.0]) * t / ms, (2,), False),
        (lambda t: [1.0 * pA, 0.002 * nA], (2,), False),
        (lambda t: np.full(np.shape(t), 2.0), (), True),
        (Sine(3.0 * pA, frequency=300 * Hz).__call__, (), True),
    ],
)
def test_functions_are_called_with_arrays_where_they_can(function, shape, together):
    spied, shapes = spy(function)
    signal = as_signal(spied, "I_ext")
    assert shapes == [(), (2,)]
    del shapes[:]
    values = signal.sample(TIMES)
    assert shapes == ([(40,)] if together else [()] * 40)
    expected = [units.internal(function(t * ms), signal.measure, "f") for t in TIMES.tolist()]
    assert signal.shape == shape
    assert values.shape == (40, *shape)
    np.testing.assert_allclose(values, np.array(expected), rtol=1e-14)
    assert signal.changes() is None


def test_the_first_call_is_made_at_a_time_of_choice():
    asked = []

    def function(t):
        asked.extend(np.ravel(t.to("ms").magnitude).tolist())
        return 0.0 * t / ms

    as_signal(function, "I_ext", at=17.5)
    assert asked == [17.5] * 3


def test_functions_may_change_the_unit_but_not_the_dimension():
    signal = as_signal(threshold, "I_ext")
    assert signal.sample(np.array([1.0, 3.0])).tolist() == [3.0, 1.0]
    assert (2 * signal + 1 * pA)(3 * ms) == 3 * pA


def test_learning_whether_a_function_takes_arrays_is_quiet():
    def function(t):
        if np.ndim(t):
            warnings.warn("no arrays, please", stacklevel=1)
            raise ValueError
        return 1.0

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        signal = as_signal(function, "I_ext")
        assert warnings.filters == before
    assert caught == []
    assert signal.sample(TIMES).tolist() == [1.0] * 40


def test_a_function_that_raises_is_named():
    def broken(t):
        raise KeyError("oops")

    with pytest.raises(KeyError, match="oops") as caught:
        as_signal(broken, "I_ext")
    assert caught.value.__notes__ == ["Raised by the function given as I_ext(t)."]


def late(then, first=0.0):
    """A function of one value before 2 ms, another one later."""
    return lambda t: first if t < 2 * ms else then


@pytest.mark.parametrize(
    ("function", "kind", "sentence"),
    [
        (
            late(np.nan),
            ValueError,
            "I_ext(t) must be finite, and is not at t = 2.05 ms.",
        ),
        (
            lambda t: np.where(t < 2 * ms, 0.0, np.inf),
            ValueError,
            "I_ext(t) must be finite, and is not at t = 2.05 ms.",
        ),
        (
            late([1.0, 2.0]),
            ValueError,
            "I_ext(t) must always have the shape () of its first value, not (2,) as at "
            "t = 2.05 ms.",
        ),
        (
            lambda t: np.zeros(2 if np.size(t) > 1 else ()),
            ValueError,
            "I_ext(t) must give one value per time, shape (40,) for 40 times, not shape (2,).",
        ),
        (
            late(3 * pA),
            UnitError,
            "I_ext(t) needs a plain number, for example 1; it was given in picoampere.",
        ),
        (
            late(3.0, first=3 * pA),
            UnitError,
            "I_ext(t) needs a current, for example 1 * pA, not the bare number 3.0.",
        ),
        (
            late(None),
            TypeError,
            "I_ext(t) needs a plain number, for example 1, not None.",
        ),
    ],
)
def test_what_functions_return_is_checked(function, kind, sentence):
    signal = as_signal(function, "I_ext")
    with pytest.raises(kind) as caught:
        signal.sample(TIMES)
    assert str(caught.value) == sentence


# -------------------------------------------------------------------------------- errors

NUMBER = "needs a plain number, for example 1, not"
UP = [1.0, 2.0]


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: Constant(np.nan), ValueError, "value must be finite, and nan is not."),
        (lambda: Constant("3"), TypeError, f"value {NUMBER} '3'."),
        (lambda: Constant(None), TypeError, f"value {NUMBER} None."),
        (lambda: Constant([1 * pA, 1 * mV]), UnitError,
         "value needs a current, for example 1 * pA; it was given in millivolt."),
        (lambda: Step([1, np.inf]), ValueError,
         "amplitude must be finite, and array([ 1., inf]) is not."),
        (lambda: Step(3, start=100), UnitError,
         "start needs a time, for example 100 * ms, not the bare number 100."),
        (lambda: Step(3, stop=3 * mV), UnitError,
         "stop needs a time, for example 100 * ms; it was given in millivolt."),
        (lambda: Step(3, start=[1, 2] * ms), TypeError,
         "start needs a single time, not an array of shape (2,)."),
        (lambda: Step(3, start=np.nan * ms), ValueError, "start must be finite, and nan is not."),
        (lambda: Step(3, stop=np.inf * ms), ValueError, "stop must be finite, and inf is not."),
        (lambda: Step(3, start=2 * ms, stop=1 * ms), ValueError,
         "stop must come after start, and 1 ms does not come after 2 ms."),
        (lambda: Step(3, start=2 * ms, stop=2 * ms), ValueError,
         "stop must come after start, and 2 ms does not come after 2 ms."),
        (lambda: Step(3, base=1 * pA), UnitError,
         "base needs a plain number, for example 1; it was given in picoampere."),
        (lambda: Step(3 * pA, base=1), UnitError,
         "base needs a current, for example 1 * pA, not the bare number 1."),
        (lambda: Step(3, base=np.nan), ValueError, "base must be finite, and nan is not."),
        (lambda: Step(3, base=False), TypeError, f"base {NUMBER} False."),
        (lambda: Step([1, 2, 3], base=[1, 2]), ValueError,
         "The lanes do not fit together: amplitude has shape (3,) and base has shape (2,)."),
        (lambda: Pulses(3, width=1 * ms), ValueError,
         "Give either period or times, one of them is needed."),
        (lambda: Pulses(3, 1 * ms, 2 * ms, times=[1] * ms), ValueError,
         "Give either period or times, not both."),
        (lambda: Pulses(3, 1 * ms, times=[1] * ms, count=3), ValueError,
         "count belongs to pulses with a period; leave it out with times."),
        (lambda: Pulses(3, 1 * ms, times=[1] * ms, start=0 * ms), ValueError,
         "start belongs to pulses with a period; leave it out with times."),
        (lambda: Pulses(3, 1 * ms, times=[1] * ms, stop=9 * ms), ValueError,
         "stop belongs to pulses with a period; leave it out with times."),
        (lambda: Pulses(np.nan, 1 * ms, 2 * ms), ValueError,
         "amplitude must be finite, and nan is not."),
        (lambda: Pulses(3, -1 * ms, 2 * ms), ValueError, "width must be positive, not -1 ms."),
        (lambda: Pulses(3, 0 * ms, 2 * ms), ValueError, "width must be positive, not 0 ms."),
        (lambda: Pulses(3, 1, 2 * ms), UnitError,
         "width needs a time, for example 5 * ms, not the bare number 1."),
        (lambda: Pulses(3, 1 * ms, -2 * ms), ValueError, "period must be positive, not -2 ms."),
        (lambda: Pulses(3, 1 * ms, 10 * Hz), UnitError,
         "period needs a time, for example 100 * ms; it was given in hertz."),
        (lambda: Pulses(3, 2 * ms, 1.5 * ms), ValueError,
         "period must not be shorter than width, and 1.5 ms is shorter than 2 ms."),
        (lambda: Pulses(3, 1 * ms, 2 * ms, 5 * ms, 1 * ms), ValueError,
         "stop must come after start, and 1 ms does not come after 5 ms."),
        (lambda: Pulses(3, 1 * ms, 2 * ms, count=0), ValueError,
         "count needs a positive whole number, for example 5, not 0."),
        (lambda: Pulses(3, 1 * ms, 2 * ms, count=2.0), ValueError,
         "count needs a positive whole number, for example 5, not 2.0."),
        (lambda: Pulses(3, 1 * ms, 2 * ms, count=True), ValueError,
         "count needs a positive whole number, for example 5, not True."),
        (lambda: Pulses(3, 1 * ms, times=[1, 2]), UnitError,
         "times needs a time, for example 100 * ms, not the bare number [1, 2]."),
        (lambda: Pulses(3, 1 * ms, times=[1, np.nan] * ms), ValueError,
         "times must be finite, and array([ 1., nan]) is not."),
        (lambda: Pulses(3, 1 * ms, times=[[1, 5]] * ms), ValueError,
         "times needs one list of onsets, not an array of shape (1, 2)."),
        (lambda: Pulses(3, 2 * ms, times=[8, 1, 6.5] * ms), ValueError,
         "times must be at least the width of 2 ms apart; the pulses at 6.5 ms and 8 ms overlap."),
        (lambda: Ramp(1, 2, None, 2 * ms), TypeError,
         "start needs a time, for example 100 * ms, not None."),
        (lambda: Ramp(1, 2, 2 * ms, 2 * ms), ValueError,
         "stop must come after start, and 2 ms does not come after 2 ms."),
        (lambda: Ramp(1 * pA, 2, 1 * ms, 2 * ms), UnitError,
         "last needs a current, for example 1 * pA, not the bare number 2."),
        (lambda: Ramp(np.nan, 2, 1 * ms, 2 * ms), ValueError,
         "first must be finite, and nan is not."),
        (lambda: Ramp([1, 2, 3], UP, 1 * ms, 2 * ms), ValueError,
         "The lanes do not fit together: first has shape (3,) and last has shape (2,)."),
        (lambda: Sine(3), ValueError, "Give either frequency or period, one of them is needed."),
        (lambda: Sine(3, 10 * Hz, 100 * ms), ValueError,
         "Give either frequency or period, not both."),
        (lambda: Sine(3, 10), UnitError,
         "frequency needs a rate, for example 10 * Hz, not the bare number 10."),
        (lambda: Sine(3, 10 * ms), UnitError,
         "frequency needs a rate, for example 10 * Hz; it was given in millisecond."),
        (lambda: Sine(3, 10 * units._registry().radian / second), UnitError,
         "frequency is a frequency, not in the angular unit radian / second. Divide an angular "
         "frequency by 2 pi, and give it in Hz."),
        (lambda: Sine(3, -10 * Hz), ValueError, "frequency must be positive, not -10 Hz."),
        (lambda: Sine(3, np.nan * Hz), ValueError, "frequency must be finite, and nan is not."),
        (lambda: Sine(3, [0, 1] * Hz), ValueError, "frequency must be positive, not 0 .. 1 Hz."),
        (lambda: Sine(3, period=0 * ms), ValueError, "period must be positive, not 0 ms."),
        (lambda: Sine(3, period=10 * Hz), UnitError,
         "period needs a time, for example 100 * ms; it was given in hertz."),
        (lambda: Sine(np.inf, 10 * Hz), ValueError, "amplitude must be finite, and inf is not."),
        (lambda: Sine(3, 10 * Hz, phase=1 * ms), UnitError,
         "phase needs an angle in radian or degree, for example 1; it was given in millisecond."),
        (lambda: Sine(3, 10 * Hz, phase=np.nan), ValueError,
         "phase must be finite, and nan is not."),
        (lambda: Sine(3, 10 * Hz, offset=3 * pA), UnitError,
         "offset needs a plain number, for example 1; it was given in picoampere."),
        (lambda: Sine(3, 10 * Hz, start=2 * ms, stop=1 * ms), ValueError,
         "stop must come after start, and 1 ms does not come after 2 ms."),
        (lambda: Sine([1, 2, 3], UP * Hz), ValueError,
         "The lanes do not fit together: amplitude has shape (3,) and frequency has shape (2,)."),
        (lambda: Sine([1, 2, 3], period=UP * ms), ValueError,
         "The lanes do not fit together: amplitude has shape (3,) and period has shape (2,)."),
        (lambda: Sampled(3.0, 1 * ms), ValueError,
         "values needs an array with time first, and at least 1 of them for kind='hold', not "
         "shape ()."),
        (lambda: Sampled([], 1 * ms), ValueError,
         "values needs an array with time first, and at least 1 of them for kind='hold', not "
         "shape (0,)."),
        (lambda: Sampled([1.0], 1 * ms, kind="linear"), ValueError,
         "values needs an array with time first, and at least 2 of them for kind='linear', not "
         "shape (1,)."),
        (lambda: Sampled([1.0, np.nan], 1 * ms), ValueError,
         "values must be finite, and array([ 1., nan]) is not."),
        (lambda: Sampled(["a"], 1 * ms), TypeError, f"values {NUMBER} ['a']."),
        (lambda: Sampled(UP, 0.1), UnitError,
         "dt needs a time, for example 0.1 * ms, not the bare number 0.1."),
        (lambda: Sampled(UP, 0 * ms), ValueError, "dt must be positive, not 0 ms."),
        (lambda: Sampled(UP, 1 * ms, 5 * mV), UnitError,
         "start needs a time, for example 100 * ms; it was given in millivolt."),
        (lambda: Sampled(UP, 1 * ms, kind="linaer"), ValueError,
         "kind must be one of 'hold', 'linear', not 'linaer'; did you mean 'linear'?"),
        (lambda: Sampled(UP, 1 * ms, kind=3), ValueError,
         "kind must be one of 'hold', 'linear', not 3."),
        (lambda: Sampled(UP, 1 * ms, outside="zeros"), ValueError,
         "outside must be one of 'error', 'zero', 'hold', not 'zeros'; did you mean 'zero'?"),
        (lambda: Step(3)(5), UnitError,
         "t needs a time, for example 100 * ms, not the bare number 5."),
        (lambda: Step(3)(np.nan * ms), ValueError, "t must be finite, and nan is not."),
        (lambda: Step(3 * pA) + Step(3 * mV), UnitError,
         "A signal in pA and one in mV cannot be added; give both the same unit."),
        (lambda: Step(3 * pA) + 1, UnitError,
         "A signal in pA and one without a unit (dimensionless) cannot be added; give both the "
         "same unit."),
        (lambda: 1 * mV - Step(3 * pA), UnitError,
         "A signal in mV and one in pA cannot be added; give both the same unit."),
        (lambda: Step(UP) + Step([1, 2, 3]), ValueError,
         "The lanes do not fit together: left has shape (2,) and right has shape (3,)."),
        (lambda: Step(3) + np.nan, ValueError,
         "What is added to a signal must be finite, and nan is not."),
        (lambda: Step(3) + "1", TypeError, f"What is added to a signal {NUMBER} '1'."),
        (lambda: Step(3) * np.nan, ValueError, "The factor must be finite, and nan is not."),
        (lambda: Step(3) * "1", TypeError, f"The factor {NUMBER} '1'."),
        (lambda: Step(UP) * [1, 2, 3], ValueError,
         "The lanes do not fit together: signal has shape (2,) and factor has shape (3,)."),
        (lambda: Step(3) / None, TypeError, f"The divisor {NUMBER} None."),
        (lambda: Step(3) / 0, ValueError, "A signal cannot be divided by 0."),
        (lambda: Step(3) / [1, 0], ValueError, "A signal cannot be divided by 0."),
        (lambda: Step(3) * Step(3), TypeError,
         "Two signals cannot be multiplied or divided; give a function of t instead, for example "
         "lambda t: a(t) * b(t)."),
        (lambda: 3 * pA / Step(3), TypeError,
         "Nothing can be divided by a signal; give a function of t instead, for example "
         "lambda t: 1 / signal(t)."),
        (lambda: as_signal("3", "I_ext"), TypeError, f"I_ext {NUMBER} '3'."),
        (lambda: as_signal(None, "I_ext"), TypeError, f"I_ext {NUMBER} None."),
        (lambda: as_signal(np.nan, "I_ext"), ValueError, "I_ext must be finite, and nan is not."),
        (lambda: as_signal(Step, "I_ext"), TypeError,
         "I_ext was given the class Step, not an object made of it."),
        *(
            (lambda value=value: as_signal(value, "I_ext"), TypeError,
             "I_ext was given an array, which may mean two things; write signals.Constant(values) "
             "for one value per lane, or signals.Sampled(values, dt) for one per time.")
            for value in (np.ones(3), UP, UP * pA, [1 * pA, 2 * pA])
        ),
        (lambda: as_signal(lambda t: np.nan, "I_ext", at=2.5), ValueError,
         "I_ext(t) must be finite, and is not at t = 2.5 ms."),
        (lambda: as_signal(lambda t: None, "I_ext"), TypeError, f"I_ext(t) {NUMBER} None."),
    ],
)  # fmt: skip
def test_what_is_wrong_fails_where_it_is_written(make, kind, sentence):
    with pytest.raises(kind) as caught:
        make()
    assert type(caught.value) is kind
    assert str(caught.value) == sentence


@pytest.mark.parametrize("operation", [operator.pow, operator.matmul, operator.lt])
def test_other_operations_are_refused(operation):
    with pytest.raises(TypeError):
        operation(Step(3), 2)
    with pytest.raises(TypeError):
        np.sin(Step(3))


def test_the_base_is_no_signal():
    with pytest.raises(TypeError, match="abstract"):
        Signal()


# ----------------------------------------------------------------------------- the module


def test_the_examples_run():
    results = doctest.testmod(sys.modules[Signal.__module__])
    assert results.attempted > 20
    assert results.failed == 0


def test_importing_takes_no_heavy_packages():
    code = (
        "import sys, pint; before = set(sys.modules); "  # pint itself imports scipy's top
        "import neuromass.signals; new = set(sys.modules) - before; "
        "print([name for name in new if name.split('.')[0] in ('numba', 'matplotlib', 'scipy')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
