"""Wong and Wang's models: equilibria, bistability, decisions, and the rate near threshold."""

import math

import numpy as np
import pytest
from model_equations import BY_HAND, gating_rate, numbers
from scipy.optimize import brentq, fsolve

import neuromass as nm
from neuromass.units import Hz, ms, nA, pA

NOISE = nm.noise.OrnsteinUhlenbeck(sigma=0.02 / 2**0.5 * nA, tau=2 * ms)


def current_of(x, w):
    """The external current at which a population with a total current x, in pA, stands still."""
    drive = 100 * 0.641 * gating_rate(x, 0.27e-3, 0.108, 154)
    return x - 300 - w * 260.9 * drive / (1 + drive)


def folds_of(w):
    slope = lambda x: current_of(x + 1e-3, w) - current_of(x - 1e-3, w)
    grid = np.linspace(305, 600, 2000)
    values = np.array([slope(x) for x in grid])
    places = np.flatnonzero(values[1:] * values[:-1] < 0)
    return sorted(current_of(brentq(slope, grid[i], grid[i + 1]), w) for i in places)


@pytest.mark.parametrize(("w", "number"), [(0.6, 0), (0.9, 2), (1.0, 2)])
def test_folds_of_one_population(w, number):
    """From the curve of currents that balance each total current."""
    expected = folds_of(w)
    assert len(expected) == number
    found = nm.analysis.continuation(nm.WongWang(w=w), "I_ext", (0 * pA, 80 * pA)).folds
    assert sorted(each.I_ext.m_as(pA) for each in found) == pytest.approx(expected, abs=1e-5)
    if w == 1.0:
        assert expected == pytest.approx([19.802794, 25.078562], abs=1e-5)


def test_equilibria_of_the_decision_are_those_of_a_search_by_fsolve():
    cls = nm.WongWangDecision
    grid = np.linspace(0, 0.8, 9)
    for mu, c in ((0.0, 0.0), (10.0, 0.0), (30.0, 0.0), (30.0, 0.2), (60.0, 0.05), (100.0, 0.0)):
        p = numbers(cls, mu=mu * Hz, c=c)
        f = lambda y: 1000 * np.array(BY_HAND["WongWangDecision"](p, *y))  # noqa: B023
        ends = []
        for start in [(one, two) for one in grid for two in grid]:
            y, _, good, _ = fsolve(f, start, xtol=1e-12, full_output=True)
            new = all(np.abs(y - end).max() > 1e-6 for end in ends)
            if good == 1 and np.abs(f(y)).max() < 1e-9 and new:
                ends.append(y)
        found = cls(c=c).equilibria(mu=mu * Hz)
        assert found.complete
        pairs = [(float(each.S1), float(each.S2)) for each in found]
        assert np.allclose(pairs, sorted(map(tuple, ends)), atol=1e-8)


def test_a_stimulus_leaves_nothing_but_two_decisions():
    """Wong and Wang's phase planes: quiet or decided without it, decided with it."""
    pop = nm.WongWangDecision.decision2006()
    before, during = pop.equilibria(), pop.equilibria(mu=30 * Hz)
    assert before.stable.tolist() == [True, False, True, False, True]
    assert during.stable.tolist() == [True, False, True]
    middle = during[1]
    assert float(middle.S1) == pytest.approx(float(middle.S2), abs=1e-12)
    assert middle.kind == "saddle"
    nm.run(pop, 100 * ms, record=())
    assert float(pop.S1) == pytest.approx(0.102651, abs=1e-6)


def test_decisions_follow_the_evidence_and_are_remembered():
    """Half are right without evidence, all with much, most at 6.4 %; the bound is five sigma."""
    coherences = np.array([0.0, 0.064, 0.512])
    trials = 400
    pop = nm.WongWangDecision.decision2006(
        c=np.repeat(coherences, trials), noise={"I_1": NOISE, "I_2": NOISE}, seed=4
    )
    nm.run(pop, 2000 * ms, {"mu": 30.0 * Hz}, record=())
    nm.run(pop, 1000 * ms, {"mu": 0.0 * Hz}, record=())
    apart = np.abs(pop.S1 - pop.S2).magnitude
    assert np.mean(apart > 0.3) > 0.99
    right = (pop.S1 > pop.S2).reshape(3, trials).mean(axis=1)
    assert abs(right[0] - 0.5) < 5 * 0.5 / math.sqrt(trials)
    assert 0.7 < right[1] < 0.97
    assert right[2] > 0.99


def test_the_region_of_2014():
    """Both rates of the balanced region; equilibria of others too are zeros for fsolve."""
    cls = nm.WongWangExcInh
    for J_I in (0.7, 1.0, 1.3):
        p = numbers(cls, J_I=J_I * nA)
        f = lambda y: 1000 * np.array(BY_HAND["WongWangExcInh"](p, *y))  # noqa: B023
        found = cls(J_I=J_I * nA).equilibria()
        assert found.complete
        for rest in found:
            y = fsolve(f, [float(rest.S_E), float(rest.S_I)], xtol=1e-13)
            assert np.allclose(y, [float(rest.S_E), float(rest.S_I)], rtol=1e-8)
    (rest,) = cls.deco2014().equilibria()
    e, i = float(rest.S_E), float(rest.S_I)
    assert 1000 * e / ((1 - e) * 64.1) == pytest.approx(3.077327, abs=1e-5)
    assert 1000 * i / 10 == pytest.approx(3.921845, abs=1e-5)


def test_populations_that_do_not_feel_each_other():
    (rest,) = nm.WongWangExcInh(J_N=0 * nA).equilibria()
    p = numbers(nm.WongWangExcInh, J_N=0 * nA)
    assert np.allclose(BY_HAND["WongWangExcInh"](p, float(rest.S_E), float(rest.S_I)), 0)
    alone = nm.WongWang(w=1.0, I_0=0.322 * nA).equilibria()
    two = nm.WongWangDecision(J12=0 * nA, J11=0.2609 * nA, I_0=0.322 * nA).equilibria()
    assert (len(alone), len(two)) == (3, 9)


@pytest.mark.parametrize("off", [-1e-3, -1e-9, 0.0, 1e-12, 1e-6, 1e-2])
def test_the_rate_is_smooth_at_threshold(off):
    """At threshold the printed formula is 0/0, and the rate 1/d; around it nothing jumps."""
    b = 270 * 0.4
    pop = nm.WongWang(w=0.0, I_0=(0.4 + off) * nA, b=b * Hz, initial={"S": 0.0})
    z = 0.154 * 270 * off
    rate = (z / -math.expm1(-z) if z else 1.0) / 154
    before = pop.raw.S
    pop.update()
    slope = 0.641 * rate
    step = 0.5
    end = before + step * slope
    exact = before + step / 2 * (slope + (-end / 100 + (1 - end) * slope))
    assert math.isclose(pop.raw.S, exact, rel_tol=1e-12)
    (rest,) = pop.equilibria()
    assert rest.eigenvalues[0].m_as("1/ms").real == pytest.approx(-0.01 - slope, rel=1e-6)
