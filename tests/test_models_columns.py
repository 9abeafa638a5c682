"""Wilson-Cowan and Jansen-Rit: cycles, equilibria, bifurcations, default inputs."""

import numpy as np
import pytest
from model_equations import extrapolated, folds, hopf_points, numbers, period, rates, zero_of_line

import neuromass as nm
from neuromass.units import ms, mV, second


def test_the_limit_cycle_of_1972():
    def measured(dt):
        pop = nm.WilsonCowan.limit_cycle1972(tau_e=1 * ms, tau_i=1 * ms, dt=dt * ms)
        return period(pop, 200 * ms, "E")

    assert measured(1 / 1000) == pytest.approx(4.99589430412, rel=1e-5)
    assert extrapolated(measured, 1 / 2000) == pytest.approx(4.99589430412, rel=1e-9)


def test_equilibria_of_wilson_and_cowan():
    pop = nm.WilsonCowan.hysteresis1972()
    grid = np.linspace(0, 0.5, 41)
    starts = nm.WilsonCowan.hysteresis1972(
        initial={"E": np.repeat(grid, 41), "I": np.tile(grid, 41)}
    )
    nm.run(starts, 1000 * ms, {"P": 0.0, "Q": 0.0}, every=1000)
    ends = np.unique(np.round(starts.E.magnitude, 6))
    found = pop.equilibria(P=0.0, Q=0.0)
    assert np.allclose(ends, [float(each.E) for each in found if each.stable], atol=1e-6)
    assert (float(found[0].E), float(found[0].I)) == (0, 0)
    for c_ei in (0.0, 4.0):
        pop = nm.WilsonCowan.hysteresis1972(c_ei=c_ei)
        for rest in pop.equilibria(P=0.3, Q=0.1):
            values = {**numbers(nm.WilsonCowan, P=0.3, Q=0.1), **pop_values(pop)}
            at = {"E": float(rest.E), "I": float(rest.I)}
            assert np.allclose(rates(nm.WilsonCowan, {**values, **at}), 0, atol=1e-14)


def pop_values(pop):
    return {name: getattr(pop.raw, name) for name in pop.parameters}


def column_at(eeg):
    """The column at rest with some y1 - y2, and the input that puts it there."""
    cls = nm.JansenRit
    p = numbers(cls)
    still = dict.fromkeys(("y1", "y2", "y3", "y4", "y5"), 0.0)
    S = lambda v: 2 * p["e0"] / (1 + np.exp(p["rho"] * (p["v0"] - v)))
    y0 = p["A"] / p["a"] * S(eeg)
    y2 = p["B"] / p["b"] * 0.25 * p["C"] * S(0.25 * p["C"] * y0)
    values = {**p, **still, "y0": y0, "y1": y2 + eeg, "y2": y2}
    values["p"] = zero_of_line(lambda p: 1e3 * rates(cls, {**values, "p": p})[4])
    return values


def test_bifurcations_of_the_column():
    grid = np.linspace(-5, 15, 800)
    hopf = hopf_points(column_at, nm.JansenRit, grid)
    found = sorted(1000 * values["p"] for values, _ in hopf)
    expected = [-12.147492348419064, 89.82910796964393, 315.6964280688219]
    assert found == pytest.approx(expected, abs=1e-8)
    found = sorted(1000 * values["p"] for values in folds(column_at, nm.JansenRit, grid))
    assert found == pytest.approx([-41.30141048782872, 113.5862732127988], abs=1e-8)


def test_equilibria_of_the_column():
    pop = nm.JansenRit()
    for p in (-50, -20, 0, 50, 100, 113.58, 113.59, 220, 400):
        found = pop.equilibria(p / second)
        curve = 1000 * column_at(np.linspace(-10, 20, 6001))["p"] - p
        changes = np.count_nonzero(np.diff(np.sign(curve)))
        assert len(found) == changes
        for rest in found:
            eeg = rest.y1.magnitude - rest.y2.magnitude
            assert 1000 * column_at(eeg)["p"] == pytest.approx(p, abs=1e-8)


def test_the_alpha_rhythm():
    def measured(dt):
        pop = nm.JansenRit.alpha_rhythm(dt=dt * ms)
        nm.run(pop, 16 * second, every=1000)
        return period(pop, 2 * second, "eeg")

    assert 1000 / measured(0.1) == pytest.approx(10.9380287, rel=1e-4)
    assert 1000 / extrapolated(measured, 0.1) == pytest.approx(10.938028729808165, rel=1e-9)


def test_default_inputs_give_way_to_given_ones():
    column = nm.JansenRit()
    fed = nm.JansenRit()
    assert column.update() == fed.update(220 / second)
    assert fed.copy().update(0 / second) != column.copy().update()
    pair_ = nm.WilsonCowan()
    assert pair_.copy().update() == pair_.copy().update(P=1.25, Q=0.0)
    nm.run(pair_, 200 * ms, {"P": 0.0})
    assert pair_.E == 0
    assert column.update().units == mV
