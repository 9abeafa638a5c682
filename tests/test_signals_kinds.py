"""Kinds of signals against naive twins in plain Python, edges against integers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromass import units
from neuromass.signals import Constant, Pulses, Ramp, Sampled, Sine, Step
from neuromass.units import Hz, kHz, ms, nA, pA, second

GRIDS = (0.1, 0.05, 0.025, 1 / 3, 0.7, 1.0)
"""Steps in ms, awkward ones among them."""


def midpoints(first, last, dt):
    return (np.arange(first, last) + 0.5) * dt


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
            f"Sampled values cover 0 ms to {end} ms (kind={signal.kind!r}) and were needed at "
            f"{outside:g} ms; give more of them, or say outside='zero' or outside='hold'."
        )


def test_a_train_without_pulses_is_nothing():
    train = Pulses(1.0, width=2 * ms, times=[] * ms)
    assert train.means(0, 3, 0.1).tolist() == [0.0] * 3
    assert train.is_zero(0.0, 100.0)


def test_what_a_signal_was_made_of_has_units():
    step = Step(0.003 * nA, start=0.1 * second)
    np.testing.assert_allclose(step.amplitude.quantity.m_as(pA), 3.0)
    assert repr(step.start) == "100 ms"
