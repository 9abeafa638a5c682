"""What runs is what Python would compute from the class as it stands now."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms, mV

GAIN = 1.0
TABLE = {"gain": 1.0, "deep": {"gain": 1.0}}


def helper(x):
    return x


class Leak(nm.Population):
    """A leak with a factor of many parts."""

    tau = nm.Parameter(10 * ms)
    x = nm.State(1.0)
    twice = nm.Output(lambda x: 2.0 * helper(x))

    @staticmethod
    def derivatives(x, tau):
        return -helper(x) * GAIN * TABLE["gain"] * TABLE["deep"]["gain"] / tau


class Child(Leak):
    @staticmethod
    def derivatives(x, tau):
        return 2.0 * Leak.derivatives(x, tau)


class Heir(Leak):
    """Takes all of it over."""


def final(pop):
    nm.run(pop, 10 * ms, record=())
    return pop.x.magnitude


def decay(factor):
    return np.exp(-factor)


def change_global(monkeypatch):
    monkeypatch.setitem(globals(), "GAIN", 3.0)


def change_helper(monkeypatch):
    monkeypatch.setitem(globals(), "helper", lambda x: 3.0 * x)


def change_helper_in_place(monkeypatch):
    monkeypatch.setattr(helper, "__code__", (lambda x: 3.0 * x).__code__)


def change_entry(monkeypatch):
    monkeypatch.setitem(TABLE, "gain", 3.0)


def change_deep_entry(monkeypatch):
    monkeypatch.setitem(TABLE["deep"], "gain", 3.0)


CHANGES = (change_global, change_helper, change_helper_in_place, change_entry, change_deep_entry)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["made anew", "made before"])
def test_a_change_has_its_effect(change, when, monkeypatch):
    before = [Leak(), Child(), Heir(), Leak(shape=3)]
    assert final(Leak()) == pytest.approx(decay(1), rel=1e-4)
    change(monkeypatch)
    systems = before if when == "made before" else [Leak(), Child(), Heir(), Leak(shape=3)]
    for pop, factor in zip(systems, (3, 6, 3, 3), strict=True):
        np.testing.assert_allclose(final(pop), decay(factor), rtol=1e-3)
    monkeypatch.undo()
    assert final(Leak()) == pytest.approx(decay(1), rel=1e-4)
    assert final(Heir()) == pytest.approx(decay(1), rel=1e-4)


def test_a_function_that_is_replaced_has_its_effect():
    old, pop = Leak.__dict__["derivatives"], Leak()
    try:
        Leak.derivatives = lambda x, tau: -3.0 * x / tau
        assert final(pop) == pytest.approx(decay(3), rel=1e-3)
        assert final(Child()) == pytest.approx(decay(6), rel=1e-2)
        assert "3.0" in str(Leak.equations)
    finally:
        Leak.derivatives = old
    assert final(Leak()) == pytest.approx(decay(1), rel=1e-4)


def test_an_output_follows_its_helper(monkeypatch):
    assert Leak().twice.magnitude == 2.0
    change_helper(monkeypatch)
    assert Leak().twice.magnitude == 6.0


def test_members_of_a_network_follow(monkeypatch):
    net = nm.Network({"a": Leak(), "b": Child()})
    nm.run(net, 10 * ms)
    change_global(monkeypatch)
    nm.run(net, 10 * ms)
    assert net["a"].x.magnitude == pytest.approx(decay(4), rel=1e-3)
    assert net["b"].x.magnitude == pytest.approx(decay(8), rel=1e-2)


def test_recording_by_hand_follows(monkeypatch):
    pop = Leak()
    change_global(monkeypatch)
    with nm.record(pop):
        for _ in range(200):
            pop.update()
    assert pop.x.magnitude == pytest.approx(decay(3), rel=1e-3)


def test_other_dimensions_are_refused(monkeypatch):
    class Wrong(nm.Population):
        tau = nm.Parameter(10 * ms)
        v = nm.State(1.0 * mV)

        @staticmethod
        def derivatives(v, tau):
            return -helper(v) / tau

    pop = Wrong()
    monkeypatch.setitem(globals(), "helper", lambda x: x * x)
    with pytest.raises(nm.units.DimensionalityError, match="dv/dt"):
        nm.run(pop, 1 * ms)
    assert pop.t.magnitude == 0.0


def made(function):
    class Made(nm.Population):
        tau = nm.Parameter(10 * ms)
        x = nm.State(1.0)
        y = nm.Parameter(2.0)

        derivatives = staticmethod(function)

    return Made


def by_isinstance(x, tau, y):
    if isinstance(x, float):
        return -x * y / tau
    return x * y / tau


def by_try(x, tau, y):
    try:
        z = 1.0 * x.is_integer()
    except AttributeError:
        z = 7.0
    return -x * y / tau + 0.0 * z / tau


@pytest.mark.parametrize("function", [by_isinstance, by_try])
def test_a_trace_that_disagrees_is_not_used(function):
    """The function is used as it is written, or refused; never the other branch."""
    found, refusal = None, ""
    try:
        found = final(made(function)())
    except TypeError as error:
        refusal = str(error)
    assert found == pytest.approx(decay(2), rel=1e-3) or "as it is written" in refusal


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x, tau, y: -((x + y) - y) / tau, 1.0),
        (lambda x, tau, y: -((x + 1e16) - 1e16) / tau, 1.0),
        (lambda x, tau, y: -(y * x) * y / tau, 1e-150),
        (lambda x, tau, y: (0.25 * x + y) - (y - x) / tau * tau, 1.0),
    ],
)
def test_order_of_sums_and_products_keeps_their_meaning(function, x):
    for y in (1e16, 1e200, 3.0):
        cls = made(lambda x, tau, y: function(x, 1.0, y) / tau)
        pop = cls(y=y, initial={"x": x})
        with np.errstate(all="ignore"):
            expected = x + 0.05 * function(x, 1.0, y) / 10.0
        pop = cls(y=y, initial={"x": x}, method="euler")
        if not np.isfinite(expected):
            with pytest.raises(nm.SimulationError):
                pop.advance()
        else:
            pop.advance()
            assert pop.raw.x == pytest.approx(expected, rel=1e-12, abs=1e-15 * abs(y) * 0.01)
