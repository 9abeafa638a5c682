"""What holds for every kind of signal: arithmetic, equality, spelling, functions of t."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pint
import pytest

from neuromass import units
from neuromass.signals import Constant, Pulses, Ramp, Sampled, Signal, Sine, Step, as_signal
from neuromass.units import Hz, UnitError, ms, mV, nA, pA, second


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
    plain = units.to_internal(value, signal.measure, "value").reshape(4, *signal.shape)
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
    with pytest.raises(AttributeError, match="shape"):
        step.shape = (2,)
    with pytest.raises(AttributeError, match="measure"):
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
        self._keep(measure=units.measure(pA), shape=())

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


TIMES = midpoints(0, 40, 0.1)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda t: np.sin(300 * Hz * t), ()),
        (lambda t: 3.0 * t / ms, ()),
        (lambda t: t / ms * pA, ()),
        (lambda t: np.asarray((t / ms).magnitude)[..., None] * np.array([1.0, 2.0]), (2,)),
        (lambda t: 0.003 * nA, ()),
        (lambda t: 3.0 * pA if t < 2 * ms else 0.001 * nA, ()),
        (lambda t: math.sin((300 * Hz * t).to("").magnitude), ()),
        (lambda t: np.array([1.0, 2.0]) * t / ms, (2,)),
        (lambda t: [1.0 * pA, 0.002 * nA], (2,)),
        (Sine(3.0 * pA, frequency=300 * Hz).__call__, ()),
    ],
)
def test_functions_are_called_with_one_time_after_another(function, shape):
    asked = []

    def spied(t):
        asked.append(t.to("ms").magnitude)
        return function(t)

    signal = as_signal(spied, "I_ext", at=17.5)
    assert asked == [17.5]
    del asked[:]
    values = signal.means(0, 40, 0.1)
    assert asked == TIMES.tolist()
    expected = [units.to_internal(function(t * ms), signal.measure, "f") for t in TIMES.tolist()]
    assert signal.shape == shape
    assert values.shape == (40, *shape)
    np.testing.assert_allclose(values, np.array(expected), rtol=1e-14)
    assert signal.changes() is None


def test_functions_may_change_the_unit_but_not_the_dimension():
    signal = as_signal(threshold, "I_ext")
    assert signal.sample(np.array([1.0, 3.0])).tolist() == [3.0, 1.0]
    assert (2 * signal + 1 * pA)(3 * ms) == 3 * pA


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


# ----------------------------------------------------------------------------- the module


def test_importing_takes_no_heavy_packages():
    code = (
        "import sys, pint; before = set(sys.modules); "  # pint itself imports scipy's top
        "import neuromass.signals; new = set(sys.modules) - before; "
        "print([name for name in new if name.split('.')[0] in ('numba', 'matplotlib', 'scipy')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_functions_are_added_to_signals():
    both = Step(1.0, start=1 * ms) + (lambda t: 2.0 * t.m_as(ms))
    assert both(3 * ms) == 7.0
    assert ((lambda t: 2.0) - Step(1.0))(0 * ms) == 1.0
    with pytest.raises(UnitError):
        Step(1.0) + (lambda t: t)
