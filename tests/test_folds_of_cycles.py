"""Folds of limit cycles in two parameters."""

import pickle

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms, second

analysis = nm.analysis


class Bautin(nm.Population):
    """Bautin's normal form and the one after it, in s = x^2 + y^2; `bend` leaves the form."""

    tau = nm.Parameter(10 * ms, positive=True, doc="time constant")
    low = nm.Parameter(0.0, doc="grows small cycles")
    high = nm.Parameter(1.0, doc="grows larger ones")
    higher = nm.Parameter(-1.0, doc="grows still larger ones")
    highest = nm.Parameter(0.0, doc="ends growth")
    bend = nm.Parameter(0.0, doc="makes cycles other than circles")
    x = nm.State(0.1, doc="first state")
    y = nm.State(0.0, doc="second state")
    twice = nm.Output(lambda x: 2 * x, doc="twice x")

    @staticmethod
    def derivatives(x, y, tau, low, high, higher, highest, bend):
        s = x * x + y * y
        growth = low + high * s + higher * s * s + highest * s * s * s
        return (growth * x - y + bend * x * (x + y)) / tau, (growth * y + x) / tau


def beginning(pop, values=(-1, 1)):
    (hopf,) = analysis.continuation(pop, "low", values).hopfs
    return hopf, analysis.cycles(hopf, values)


@pytest.fixture(scope="module")
def curve():
    return analysis.curve(beginning(Bautin())[1].folds[0], "high", (-0.2, 2.0))


@pytest.fixture(scope="module")
def bent():
    hopf, cycles = beginning(Bautin(bend=0.5))
    return hopf, analysis.curve(cycles.folds[0], "high", (-0.5, 2.0))


def test_the_curve_is_the_closed_form(curve):
    assert len(curve) > 20
    low, high = curve.low.magnitude, curve.high.magnitude
    np.testing.assert_allclose(low, -(high**2) / 4, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curve.maximum("x").magnitude, np.sqrt(high / 2), rtol=1e-4)
    np.testing.assert_allclose(curve.period.m_as(ms), 20 * np.pi, rtol=1e-8)
    assert curve.high.magnitude[0] < 1e-3, "it goes all the way"
    assert curve.ends == ("it shrinks to a generalised Hopf point", "the end of the range")


def test_it_ends_where_the_curve_of_hopf_points_has_its_generalised_one(bent):
    hopf, curve = bent
    (expected,) = analysis.curve(hopf, "high", (-0.5, 2.0)).generalised_hopfs
    (end,) = curve.generalised_hopfs
    assert expected.high.magnitude == pytest.approx(-(0.5**2) / 8, rel=1e-9)
    for name in ("low", "high"):
        assert end[name].magnitude == pytest.approx(expected[name].magnitude, abs=1e-9)
    # on the way it is away by twice the square of the amplitude, as in the normal form
    gaps = (curve.high - end.high).magnitude[:3]
    np.testing.assert_allclose(gaps, 2 * curve.maximum("x").magnitude[:3] ** 2, rtol=5e-3)
    assert 0 < gaps[0] < 1e-3


def test_its_points_are_those_of_branches_at_a_fixed_second_parameter(bent):
    _, curve = bent
    for place in (len(curve) // 3, -2):
        one = curve[place]
        (fold,) = beginning(Bautin(bend=0.5, high=float(one.high.magnitude)))[1].folds
        assert one.low.magnitude == pytest.approx(fold.low.magnitude, abs=1e-9)
        assert one.period.m_as(ms) == pytest.approx(fold.period.m_as(ms), rel=1e-9)
        assert np.sum(np.abs(one.multipliers - 1.0) < 1e-4) == 2, "one with the flow, one across"


def test_two_folds_meet_in_a_cusp_of_cycles():
    pop = Bautin(high=-0.2, higher=1.0, highest=-1.0)
    _, cycles = beginning(pop, (-0.5, 0.5))
    assert len(cycles.folds) == 2
    curve = analysis.curve(cycles.folds[0], "high", (-0.5, 0.3))
    (cusp,) = curve.cusps
    assert cusp.high.magnitude == pytest.approx(-1 / 3, rel=1e-8)
    assert cusp.low.magnitude == pytest.approx(1 / 27, rel=1e-8)
    s = curve.maximum("x").magnitude ** 2
    np.testing.assert_allclose(curve.high.magnitude, 3 * s**2 - 2 * s, rtol=2e-3, atol=1e-5)
    assert s.max() > 1 / 3 > s.min()
    assert "cusp of cycles at low = 0.037037, high = -0.333333: period" in repr(curve)


def test_a_curve_has_its_names(curve):
    cycle = curve[3]
    assert {"low", "high", "x", "twice"} <= set(dir(cycle))
    assert cycle.high == curve.high[3]
    assert cycle.x.shape == cycle.t.shape
    np.testing.assert_array_equal(
        curve.maximum("twice").magnitude, 2 * curve.maximum("x").magnitude
    )
    table = curve.to_dataframe()
    assert list(table.columns)[:4] == ["low", "high", "period (ms)", "min x"]
    assert len(table) == len(curve)
    with pytest.raises(AttributeError, match="there is low and high, and of states"):
        _ = curve.x
    assert f"curve of {len(curve)} folds of cycles over low and high: it shrinks" in repr(curve)
    assert repr(pickle.loads(pickle.dumps(curve))) == repr(curve)


def test_a_curve_is_kept_in_a_file(curve, tmp_path):
    again = nm.load(curve.save(tmp_path / "curve"))
    assert repr(again) == repr(curve)
    assert again.to_dataframe().equals(curve.to_dataframe())
    np.testing.assert_array_equal(again[5].multipliers, curve[5].multipliers)
    assert nm.load(again[5].save(tmp_path / "cycle")).high == curve[5].high


def test_a_curve_is_drawn(curve):
    import matplotlib.pyplot as plt

    ax = curve.plot()
    (line, *marks) = ax.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), curve.low.magnitude)
    np.testing.assert_array_equal(line.get_ydata(), curve.high.magnitude)
    assert [each.get_label() for each in marks] == ["generalised Hopf"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("low", "high")
    plt.close("all")


def test_branches_go_on_from_a_fold(curve):
    cycle = curve[-3]
    branch = analysis.cycles(cycle, (-2, 0.5))
    (fold,) = branch.folds
    assert repr(fold).startswith("<fold of cycles at low = "), "neither stable nor unstable"
    assert fold.low.magnitude == pytest.approx(cycle.low.magnitude, rel=1e-9)
    assert branch.low.magnitude.max() > 0.4


def test_bad_beginnings_are_refused():
    _, cycles = beginning(Bautin())
    with pytest.raises(TypeError, match="at a fold of cycles, not at a cycle"):
        analysis.curve(cycles[3], "high", (0, 2))
    with pytest.raises(ValueError, match="another one than low"):
        analysis.curve(cycles.folds[0], "low", (0, 2))
    with pytest.raises(ValueError, match="outside of the range"):
        analysis.curve(cycles.folds[0], "high", (0, 0.5))


def network():
    return nm.Network({"a": Bautin(), "b": nm.QIF()})


def test_a_member_that_rests_does_not_count():
    (hopf,) = analysis.continuation(network(), "a.low", (-1, 1)).hopfs
    (own,) = analysis.continuation(Bautin(), "low", (-1, 1)).hopfs
    assert hopf.lyapunov_coefficient == pytest.approx(own.lyapunov_coefficient, rel=1e-9)


@pytest.mark.slow
def test_the_curve_of_a_network():
    (hopf,) = analysis.continuation(network(), "a.low", (-1, 1)).hopfs
    (fold,) = analysis.cycles(hopf, (-1, 1)).folds
    curve = analysis.curve(fold, "a.high", (-0.2, 2.0))
    low, high = curve["a.low"].magnitude, curve["a.high"].magnitude
    np.testing.assert_allclose(low, -(high**2) / 4, rtol=1e-9, atol=1e-12)
    assert len(curve.generalised_hopfs) == 1


@pytest.mark.slow
def test_the_folds_of_jansen_and_rit():
    values = (-50 / second, 400 / second)
    diagram = analysis.continuation(nm.JansenRit(), "p", values)
    (fold,) = analysis.cycles(diagram.hopfs[0], values, most=50).folds
    assert fold.p.m_as(1 / second) == pytest.approx(137.38, abs=0.01)
    curve = analysis.curve(fold, "C", (100, 200))
    assert curve.ends[0].startswith("the period grows while the parameters stand still")
    assert len(curve) < 120, "it does not creep"
    near = np.abs(np.diff(curve.C.magnitude[:4])) / np.diff(curve.period.magnitude[:4])
    assert np.all(np.abs(near) < 3e-3), "C hardly changes with the period any more"
    (expected,) = analysis.curve(diagram.hopfs[0], "C", (131.5, 200)).generalised_hopfs
    (end,) = curve.generalised_hopfs
    assert end.p.m_as(1 / second) == pytest.approx(expected.p.m_as(1 / second), rel=1e-6)
    assert end.C.magnitude == pytest.approx(expected.C.magnitude, rel=1e-6)
    assert len(curve.cusps) == 1
    at_135 = curve[int(np.argmin(np.abs(curve.C.magnitude - 135.0)))]
    assert at_135.p.m_as(1 / second) == pytest.approx(fold.p.m_as(1 / second), rel=1e-8)
    one = curve[int(np.argmin(np.abs(curve.C.magnitude - 133.0)))]
    other = analysis.continuation(nm.JansenRit(C=float(one.C.magnitude)), "p", values)
    (again,) = analysis.cycles(other.hopfs[0], values, most=50).folds
    assert one.p.m_as(1 / second) == pytest.approx(again.p.m_as(1 / second), rel=1e-6)
