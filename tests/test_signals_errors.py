"""What is wrong in a signal fails where it is written, to the letter."""

import operator

import numpy as np
import pytest

from neuromass import units
from neuromass.signals import Constant, Pulses, Ramp, Sampled, Signal, Sine, Step, as_signal
from neuromass.units import Hz, UnitError, ms, mV, pA, second

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
         "frequency by 2 pi, and give it in Hz; a rate constant is the same number in 1/second."),
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
        *(
            (make, ValueError, f"{name} needs at least one value, not an empty array.")
            for make, name in (
                (lambda: Sampled([], 1 * ms), "values"),
                (lambda: Sampled(np.zeros((3, 0)), 1 * ms), "values"),
                (lambda: Constant([]), "value"),
                (lambda: Step([] * pA), "amplitude"),
                (lambda: Step(1) * [], "The factor"),
                (lambda: Sine(1, [] * Hz), "frequency"),
            )
        ),
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
