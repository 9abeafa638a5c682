"""Branches of equilibria: where they go, and the special points on them."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.analysis.follow import corrected
from neuromass.analysis.normal_forms import first_lyapunov
from neuromass.simulation.system import system_of
from neuromass.units import Hz, ms, mV, pA, second

ROOT2 = 2**0.5
TAU_A = 100 * ms


def e_i_pair(dt=0.05 * ms):
    net = nm.Network(
        {
            "exc": nm.QIF(tau=20 * ms, eta=-5.0, J=8.0, dt=dt),
            "inh": nm.QIF(tau=10 * ms, eta=-5.0, dt=dt),
        }
    )
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


REFERENCE = {
    "QIF": (lambda: nm.QIF(J=15.0), "eta", (-10, 5), (), (-3.136134086196, -5.743527161658)),
    "QIFAlphaAdaptation": (
        lambda: nm.QIFAlphaAdaptation(delta=2.0, J=15 * ROOT2, tau_a=TAU_A, alpha=1.0),
        "eta",
        (-6, 1),
        (-4.03981860084, -0.534080541355),
        (-3.537497314, -3.548702284),
    ),
    "QIFAdaptation": (
        lambda: nm.QIFAdaptation(delta=2.0, J=15 * ROOT2, tau_a=TAU_A, alpha=1.0),
        "eta",
        (-6, 1),
        (-3.92335305377284, -0.386079811598746),
        (-3.537497314, -3.548702284),
    ),
    "QIFDepression": (
        lambda: nm.QIFDepression(delta=2.0, J=15 * ROOT2, tau_a=TAU_A, alpha=0.05),
        "eta",
        (-7, 1),
        (-5.65862864328, -5.01859807184),
        None,
    ),
    "QIFSynaptic": (
        lambda: nm.QIFSynaptic(J=-21.0, tau_s=10 * ms),
        "eta",
        (0, 15),
        (8.76379260595685,),
        (),
    ),
    "QIFGapJunction": (lambda: nm.QIFGapJunction(g=2.0), "eta", (-1, 3), (0.75,), ()),
    "QIFConductance": (
        lambda: nm.QIFConductance(delta=0.5, tau_s=10 / 0.95 * ms, v_syn=-10.0, kappa=1.0),
        "eta",
        (-5, 30),
        (3.92951106825596, 23.4010622746097),
        (),
    ),
    "QIFTsodyksMarkram": (
        lambda: nm.QIFTsodyksMarkram(
            tau=15 * ms, tau_d=200 * ms, tau_f=1500 * ms, U0=0.2, delta=0.25, J=15.0
        ),
        "eta",
        (-2, 1),
        (-0.596725481178457, -0.47256285225618),
        (),
    ),
    "JansenRit": (
        nm.JansenRit,
        "p",
        (-50 / second, 400 / second),
        (-12.147492348419064, 89.82910796964393, 315.6964280688219),
        (113.5862732127988, -41.30141048782872),
    ),
    "IzhikevichMeanField": (
        nm.IzhikevichMeanField,
        "eta",
        (0 * pA, 80 * pA),
        (),
        (40.6706938812489, 23.6217727782509),
    ),
    "EI": (e_i_pair, "exc.I_ext", (0, 15), (6.483710214266496,), ()),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_hopf_points_and_folds_are_the_published_ones(name):
    make, parameter, values, hopfs, folds = REFERENCE[name]
    found = nm.analysis.continuation(make(), parameter, values)
    own = lambda points: [each[parameter].magnitude for each in points]
    np.testing.assert_allclose(own(found.hopfs), hopfs, rtol=1e-9)
    if folds is not None:
        np.testing.assert_allclose(own(found.folds), folds, rtol=1e-9)


def test_periods_at_hopf_points():
    pop = nm.QIFAlphaAdaptation(delta=2.0, J=15 * ROOT2, tau_a=TAU_A, alpha=1.0)
    found = nm.analysis.continuation(pop, "eta", (-6, 1))
    periods = [each.period.m_as(ms) / 10 for each in found.hopfs]
    np.testing.assert_allclose(periods, [36.4952007, 14.647778], rtol=1e-7)
    (hopf,) = nm.analysis.continuation(e_i_pair(), "exc.I_ext", (0, 15)).hopfs
    assert hopf.frequency.m_as(Hz) == pytest.approx(24.4582421088328, rel=1e-10)


def test_jansen_rit_has_the_hopf_points_of_grimbert_and_faugeras():
    found = nm.analysis.continuation(nm.JansenRit(), "p", (-50 / second, 400 / second))
    assert [each.supercritical for each in found.hopfs] == [False, True, True]


def test_a_branch_is_the_closed_form_all_along():
    (branch,) = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5)).branches
    x = np.pi * branch.r.m_as(1 / ms) * 10
    eta = x**2 - 1 / (4 * x**2) - 15 / np.pi * x
    np.testing.assert_allclose(branch.eta.magnitude, eta, rtol=1e-10, atol=1e-10)
    assert (branch.eta.magnitude[0], branch.eta.magnitude[-1]) == (-10.0, 5.0)


def test_stability_is_that_of_runs_on_both_sides_of_a_hopf_point():
    pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms)
    (hopf,) = nm.analysis.continuation(pop, "eta", (0, 15)).hopfs
    for eta, stays in ((hopf.eta.magnitude - 0.5, True), (hopf.eta.magnitude + 0.5, False)):
        (at,) = pop.copy(eta=eta).equilibria()
        other = pop.copy(eta=eta, initial={"r": at.r * 1.02, "v": at.v, "s": at.s})
        other.reset()
        rec = nm.run(other, 3000 * ms)
        ends = np.ptp(rec.array("r", Hz)[-2000:])
        assert (ends < 1e-2) == stays
        assert at.stable == stays


def test_a_network_of_one_is_the_population():
    net = nm.Network({"pop": nm.QIF(J=0.0)})
    net.connect("pop", "pop", J=15.0)
    found = nm.analysis.continuation(net, "pop.eta", (-10, 5))
    etas = [each["pop.eta"].magnitude for each in found.folds]
    np.testing.assert_allclose(etas, [-3.136134086196, -5.743527161658], rtol=1e-10)


def test_the_strength_of_a_connection_can_vary():
    net = nm.Network({"pop": nm.QIF(eta=-5.0)})
    net.connect("pop", "pop", J=15.0)
    found = nm.analysis.continuation(net, "pop->pop.J", (5, 30))
    own = nm.analysis.continuation(nm.QIF(eta=-5.0), "J", (5, 30))
    np.testing.assert_allclose(
        [each["pop->pop.J"].magnitude for each in found.folds],
        [each.J.magnitude for each in own.folds],
        rtol=1e-9,
    )
    assert net["pop->pop"].J == 15.0


class Nowhere(nm.Population):
    """dx/dt = (1 + m^2 + x^2)/tau is never zero."""

    x = nm.State(0.5)
    tau = nm.Parameter(10 * ms)
    m = nm.Parameter(1.0)

    @staticmethod
    def derivatives(x, tau, m):
        return (1 + m**2 + x**2) / tau


def test_where_nothing_is_at_rest_it_is_said():
    with pytest.warns(UserWarning, match="no equilibrium was found for m"):
        found = nm.analysis.continuation(Nowhere(dt=0.1 * ms), "m", (-1, 1))
    assert found.branches == found.folds == []


def test_a_beginning_outside_of_the_range_is_refused():
    pop = nm.QIF(J=15.0, eta=-5.0)
    with pytest.raises(ValueError, match="eta is -5 at the beginning, outside"):
        nm.analysis.continuation(pop, "eta", (0, 5), start=pop.equilibria()[0])


class Pitchfork(nm.Population):
    """dx/dt = (m x - x^3)/tau: its branches cross at m = 0."""

    x = nm.State(0.5)
    tau = nm.Parameter(10 * ms)
    m = nm.Parameter(1.0)

    @staticmethod
    def derivatives(x, tau, m):
        return (m * x - x**3) / tau


def test_branches_that_cross_are_followed():
    pop = Pitchfork(dt=0.1 * ms)
    start = next(each for each in pop.equilibria() if abs(each.x) < 1e-9)
    found = nm.analysis.continuation(pop, "m", (-1, 2), start=start)
    assert len(found.branches) == 2
    point = found.branch_points[0]
    assert point.m.magnitude == pytest.approx(0.0, abs=1e-10)
    assert point.x.magnitude == pytest.approx(0.0, abs=1e-7)
    fork = found.branches[1]
    np.testing.assert_allclose(fork.m.magnitude, fork.x.magnitude**2, atol=1e-9)
    assert {round(float(fork.x.magnitude[i]), 6) for i in (0, -1)} == {-1.414214, 1.414214}


@pytest.mark.parametrize("seed", range(6))
def test_the_lyapunov_coefficient_is_that_of_the_planar_formula(seed):
    rng = np.random.default_rng(seed)
    omega, (f, g) = rng.uniform(0.5, 2.0), rng.normal(size=(2, 7))

    def slopes(at):  # of the terms x^2, xy, y^2, x^3, x^2 y, x y^2, y^3 and a rotation
        x, y = np.asarray(at)[..., 0], np.asarray(at)[..., 1]
        rows = [
            (
                2 * c[0] * x + c[1] * y + 3 * c[3] * x**2 + 2 * c[4] * x * y + c[5] * y**2,
                c[1] * x + 2 * c[2] * y + c[4] * x**2 + 2 * c[5] * x * y + 3 * c[6] * y**2,
            )
            for c in (f, g)
        ]
        whole = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
        return whole + np.array([[0.0, -omega], [omega, 0.0]])

    fxx, fxy, fyy, gxx, gxy, gyy = 2 * f[0], f[1], 2 * f[2], 2 * g[0], g[1], 2 * g[2]
    cubic = 6 * f[3] + 2 * f[5] + 2 * g[4] + 6 * g[6]
    square = fxy * (fxx + fyy) - gxy * (gxx + gyy) - fxx * gxx + fyy * gyy
    expected = 2.0 / omega * (cubic / 16 + square / (16 * omega))
    assert first_lyapunov(slopes, np.zeros(2)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("synapse", "name"),
    [
        (None, "none"),
        (nm.synapses.Alpha(3 * ms), "alpha"),
        (nm.synapses.TsodyksMarkram(), "tsodyks"),
        (nm.synapses.Depression(), "depression"),
        (nm.synapses.DoubleExponential(1 * ms, 5 * ms), "double"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_jacobian_of_a_network_is_that_of_differences(synapse, name):
    net = nm.Network(
        {
            "exc": nm.QIF(eta=[1.0, 2.0], J=2.0),
            "inh": nm.QIF(eta=1.0),
            "jr": nm.JansenRit(dt=0.05 * ms),
        }
    )
    net.connect("exc", "inh", J=np.array([[1.0, 2.0]]), synapse=synapse)
    net.connect("inh", "exc", J=-2.0)
    net.connect("jr", "inh", variable="eeg", weight=0.1 / mV)
    field = system_of(net).field(None)
    at = np.random.default_rng(1).uniform(0.1, 1.0, (3, field.count))
    exact = field.slopes(at)
    for column in range(field.count):
        step = 1e-6 * np.eye(field.count)[column]
        change = (field.rates(at + step) - field.rates(at - step)) / 2e-6
        np.testing.assert_allclose(exact[..., column], change, atol=1e-7, rtol=1e-6)


def test_points_and_branches_have_their_names():
    found = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    fold = found.folds[0]
    assert {"eta", "r", "v"} <= set(dir(fold))
    assert fold["r"] == fold.r == fold.state["r"]
    with pytest.raises(AttributeError, match="there is eta, r, v"):
        _ = fold.rate
    with pytest.raises(AttributeError, match="no 'period'"):
        _ = fold.period
    assert repr(found).count("fold at") == 2
    three = found.branches[0].at(-5.0)
    rates = sorted(each.r.m_as(Hz) for each in three)
    np.testing.assert_allclose(rates, nm.QIF(J=15.0, eta=-5.0).equilibria().r.m_as(Hz), rtol=1e-10)


def test_a_table_has_units():
    table = nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5)).to_dataframe()
    assert list(table.columns) == ["branch", "eta", "r (Hz)", "v", "stable"]
    assert table["stable"].sum() not in (0, len(table))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("etta", (-10, 5)), ValueError, "'etta'.*eta"),
        ((3, (-10, 5)), ValueError, "can be varied"),
        (("eta", 5), ValueError, "pair"),
        (("eta", (5, -10)), ValueError, "ascends"),
        (("eta", (-10 * ms, 5 * ms)), nm.UnitError, "range of eta"),
        (("eta", (-10, np.nan)), ValueError, "range of eta"),
    ],
)
def test_bad_input_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        nm.analysis.continuation(nm.QIF(J=15.0), *arguments)


def test_what_cannot_be_analysed_is_refused():
    with pytest.raises(ValueError, match="2 lanes"):
        nm.analysis.continuation(nm.QIF(eta=[1.0, 2.0]), "J", (0, 1))
    with pytest.raises(TypeError, match="continuation takes a population or a network"):
        nm.analysis.continuation(3.0, "eta", (0, 1))


def test_the_system_is_left_as_it_is():
    pop = nm.QIF(J=15.0, eta=-5.0)
    before = pop.snapshot()
    nm.analysis.continuation(pop, "eta", (-10, 5))
    assert pop.eta == -5.0
    pop.restore(before)
    assert pop.t.m_as(ms) == 0.0


class Rounded:
    """A straight line whose equation is known to some digits alone."""

    def __init__(self, rounding):
        self.rounding = rounding

    def residual(self, at):
        return np.array([at[0] - at[1] + self.rounding * np.sin(1e15 * at[0])])

    def derivative(self, at):
        return np.array([[1.0, -1.0]])


def test_newton_steps_have_arrived_where_rounding_keeps_them_from_getting_shorter():
    across = np.array([0.0, 1.0])
    found, count = corrected(Rounded(1e-10), np.array([0.5, 0.3]), across)
    assert found == pytest.approx([0.3, 0.3], abs=1e-9)
    assert count > 2
    assert corrected(Rounded(1e-6), np.array([0.5, 0.3]), across)[0] is None, "that is too coarse"


def test_a_branch_that_leaves_its_bounds_says_so_and_is_kept_until_there():
    class Bounded(nm.Population):
        """It follows p, and cannot be negative."""

        p = nm.Parameter(0.5, doc="drive")
        k = nm.Parameter(1.0 / ms, doc="rate")
        x = nm.State(0.5, lower=0.0)

        @staticmethod
        def derivatives(x, p, k):
            return k * (p - x)

    (branch,) = nm.analysis.continuation(Bounded(), "p", (-1, 1)).branches
    assert set(branch.ends) == {"it leaves the bounds of its states", "the end of the range"}
    assert branch.x.magnitude.min() == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(branch.x.magnitude, branch.p.magnitude, atol=1e-12)
