"""Branches of limit cycles: periods, multipliers, where they begin and end."""

import pickle

import numpy as np
import pytest

import neuromass as nm
from neuromass.analysis.collocation import product_eigenvalues
from neuromass.units import Hz, ms, second


def branch_of(pop, parameter, values, which=0):
    diagram = nm.analysis.continuation(pop, parameter, values)
    return nm.analysis.cycles(diagram.hopfs[which], values)


CASES = {
    "QIFSynaptic": (
        lambda: nm.QIFSynaptic(J=-21.0, tau_s=10 * ms, delta=0.3),
        "eta",
        (0, 15),
        0,
        4.0,
        34.0472134187082,
    ),
    "QIFGapJunction": (lambda: nm.QIFGapJunction(g=2.0), "eta", (-1, 3), 0, 2.0, 22.5477028933241),
    "QIFConductance": (
        lambda: nm.QIFConductance(delta=0.5, tau_s=10 / 0.95 * ms, v_syn=-10.0, kappa=1.0),
        "eta",
        (-5, 30),
        0,
        20.0,
        20.8294239206295,
    ),
    "JansenRit": (
        nm.JansenRit,
        "p",
        (-50 / second, 400 / second),
        1,
        220 / second,
        1000 / 10.938028729808165,
    ),
    "WilsonCowan": (
        nm.WilsonCowan.limit_cycle1972,
        "P",
        (-2, 4),
        0,
        1.25,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_periods_are_the_published_ones(name):
    make, parameter, values, which, at, period = CASES[name]
    pop = make()
    branch = branch_of(pop, parameter, values, which)
    (cycle,) = [each for each in branch.at(at) if each.stable]
    if period is None:
        period = 4.99589430412 * pop.tau_e.m_as(ms)
    assert cycle.period.m_as(ms) == pytest.approx(period, rel=1e-8)
    assert cycle.frequency.m_as(Hz) == pytest.approx(1000 / period, rel=1e-8)
    assert cycle.multipliers[0] == pytest.approx(1.0, abs=1e-6)


def test_the_cycle_of_an_e_i_network():
    net = nm.Network({"exc": nm.QIF(tau=20 * ms, J=8.0), "inh": nm.QIF(tau=10 * ms)})
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    (hopf,) = nm.analysis.continuation(net, "exc.I_ext", (0, 15)).hopfs
    (cycle,) = nm.analysis.cycles(hopf, (0, 15)).at(10.0)
    assert cycle.frequency.m_as(Hz) == pytest.approx(31.8000125694261, rel=1e-8)


def test_a_cycle_is_the_orbit_of_a_run():
    pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms, delta=0.3, eta=4.0, dt=0.01 * ms)
    (cycle,) = branch_of(pop, "eta", (0, 10)).at(4.0)
    nm.run(pop, 2000 * ms, record=())
    rec = nm.run(pop, 100 * ms)
    assert cycle.maximum("r").m_as(Hz) == pytest.approx(rec.r.max().m_as(Hz), rel=1e-4)
    assert cycle.minimum("r").m_as(Hz) == pytest.approx(rec.r.min().m_as(Hz), rel=1e-4)
    # 2 <v> = -(delta/pi) <1/(tau r)> on any attractor of the two equations
    t, r = cycle.t.m_as(ms), cycle.r.m_as(1 / ms)
    dense = np.linspace(0.0, t[-1], 200_001)
    inverse = np.trapezoid(np.interp(dense, t, 1 / (10 * r)), dense) / t[-1]
    assert 2 * cycle.mean("v").magnitude == pytest.approx(-0.3 / np.pi * inverse, rel=1e-3)


@pytest.mark.slow
def test_jansen_rit_ends_as_in_grimbert_and_faugeras():
    values = (-50 / second, 400 / second)
    diagram = nm.analysis.continuation(nm.JansenRit(), "p", values)
    large = nm.analysis.cycles(diagram.hopfs[0], values)
    (fold,) = large.folds
    assert fold.p.m_as(1 / second) == pytest.approx(137.38, abs=0.01)
    assert "period grows" in large.end
    assert large.p.magnitude[-1] == pytest.approx(113.586, abs=0.02), "a saddle-node on the cycle"
    alpha = nm.analysis.cycles(diagram.hopfs[1], values)
    assert "Hopf" in alpha.end
    assert alpha.p.magnitude[-1] == pytest.approx(315.696, abs=0.5)
    assert alpha.stable.all()


@pytest.mark.slow
def test_stability_changes_at_a_fold_of_cycles():
    values = (-50 / second, 400 / second)
    diagram = nm.analysis.continuation(nm.JansenRit(), "p", values)
    branch = nm.analysis.cycles(diagram.hopfs[0], values)
    p, stable = branch.p.magnitude, branch.stable
    turn = int(np.argmax(p))
    assert not stable[5 : turn - 2].any()
    assert stable[turn + 2 :].all()
    pair = branch.at(130 / second)
    assert sorted(each.stable for each in pair) == [False, True]


def test_a_branch_goes_on_from_a_cycle_in_another_parameter():
    pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms, delta=0.3)
    (cycle,) = branch_of(pop, "eta", (0, 10)).at(4.0)
    other = nm.analysis.cycles(cycle, (-30, -10), parameter="J")
    (again,) = other.at(-21.0)
    assert again.period.m_as(ms) == pytest.approx(34.0472134187082, rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_eigenvalues_of_products_keep_small_ones(seed):
    rng = np.random.default_rng(seed)
    frame, sizes = rng.normal(size=(3, 3)) + 2 * np.eye(3), np.array([1.0, 1e-3, 1e-30])
    turn = rng.normal(size=(5, 3, 3)) + 3 * np.eye(3)  # similar frames in between cancel
    steps = [frame @ np.diag(sizes ** (1 / 5)) @ np.linalg.inv(frame)] * 5
    factors = [turn[(i + 1) % 5] @ step @ np.linalg.inv(turn[i]) for i, step in enumerate(steps)]
    found = np.sort(np.abs(product_eigenvalues(np.array(factors))))[::-1]
    np.testing.assert_allclose(found[:2], sizes[:2], rtol=1e-9)
    assert found[2] < 1e-20


def test_a_complex_pair_of_a_product():
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = product_eigenvalues(np.array([0.9 * turn] * 7))
    expected = 0.9**7 * np.exp(1j * 7 * angle)
    np.testing.assert_allclose(sorted(found.imag), sorted([-expected.imag, expected.imag]))
    np.testing.assert_allclose(found.real, expected.real)


def test_what_cycles_cannot_begin_at():
    diagram = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    with pytest.raises(TypeError, match=r"begin at a Hopf point.*not a fold"):
        nm.analysis.cycles(diagram.folds[0], (-10, 5))
    with pytest.raises(TypeError, match="not QIF"):
        nm.analysis.cycles(nm.QIF(), (-10, 5))


def test_a_beginning_outside_of_the_range_is_refused():
    diagram = nm.analysis.continuation(nm.QIFGapJunction(g=2.0), "eta", (-1, 3))
    with pytest.raises(ValueError, match="outside of the range"):
        nm.analysis.cycles(diagram.hopfs[0], (1, 3))


def test_results_can_be_pickled():
    branch = branch_of(nm.QIFGapJunction(g=2.0), "eta", (-1, 3))
    again = pickle.loads(pickle.dumps(branch))
    np.testing.assert_array_equal(again.period.magnitude, branch.period.magnitude)


def test_a_cycle_has_its_names():
    branch = branch_of(nm.QIFGapJunction(g=2.0), "eta", (-1, 3))
    cycle = branch[10]
    assert {"eta", "r", "v"} <= set(dir(cycle))
    assert cycle.r.shape == cycle.t.shape
    with pytest.raises(AttributeError, match="there is eta, r, v"):
        _ = cycle.rate
    with pytest.raises(KeyError, match="minimum"):
        branch["r"]
    table = branch.to_dataframe()
    assert list(table.columns)[:3] == ["eta", "period (ms)", "min r (Hz)"]
    assert "stable cycle at eta" in repr(cycle)


def test_a_period_doubles_where_runs_say():
    """Roessler's system; multipliers against the divergence along the orbit (Liouville)."""

    class Roessler(nm.Population):
        """Roessler's system."""

        k = nm.Parameter(1.0 / ms, doc="rate")
        c = nm.Parameter(2.5, doc="what is varied")
        x = nm.State(1.0)
        y = nm.State(0.0)
        z = nm.State(0.0)

        @staticmethod
        def derivatives(x, y, z, k, c):
            return k * (-y - z), k * (x + 0.2 * y), k * (0.2 + z * (x - c))

    start = nm.analysis.cycle(Roessler(dt=0.02 * ms), parameter="c")
    branch = nm.analysis.cycles(start, (2.4, 3.0), step=0.3)
    (doubling,) = branch.period_doublings
    assert np.min(np.abs(doubling.multipliers + 1.0)) < 1e-6
    period = doubling.period.m_as(ms)
    divergence = 0.2 - doubling.c.magnitude + doubling.mean("x").magnitude
    product = np.prod(doubling.multipliers).real
    assert np.log(product) == pytest.approx(period * divergence, rel=1e-6)
    for side, times in ((-0.05, 1), (0.1, 2)):
        run = nm.analysis.cycle(Roessler(c=doubling.c.magnitude + side, dt=0.02 * ms))
        assert run.stable
        assert run.period.m_as(ms) == pytest.approx(times * period, rel=0.01)
