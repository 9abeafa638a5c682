"""A run warns of samples that are zero throughout it, and only of those."""

import warnings

import pytest

import neuromass as nm
from neuromass.units import ms


def ramp():
    """Zero until 10 ms, then a straight line to 1 at 20 ms."""
    return nm.signals.Sampled([0.0, 0.0, 1.0], dt=10 * ms, kind="linear")


@pytest.mark.parametrize("duration", [20, 15, 10.05])
def test_a_line_that_has_begun_to_rise_does_something(duration):
    pop = nm.QIF()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nm.run(pop, duration * ms, inputs=ramp())
    lone = nm.QIF()
    nm.run(lone, duration * ms)
    assert pop.raw.v > lone.raw.v


def test_a_line_that_has_not_begun_to_rise_is_warned_of():
    with pytest.warns(UserWarning, match="does nothing in this run"):
        nm.run(nm.QIF(), 10 * ms, inputs=ramp())


def test_held_samples_do_nothing_until_the_first_that_is_not_zero():
    held = nm.signals.Sampled([0.0, 1.0], dt=10 * ms)
    with pytest.warns(UserWarning, match="does nothing in this run"):
        nm.run(nm.QIF(), 10 * ms, inputs=held)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nm.run(nm.QIF(), 10.05 * ms, inputs=held)
