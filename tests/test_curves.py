"""Folds and Hopf points in two parameters."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms, second

analysis = nm.analysis


def first(pop, parameter, values):
    diagram = analysis.continuation(pop, parameter, values)
    return diagram.folds[0] if diagram.folds else diagram.hopfs[0]


def test_the_wedge_of_qif_is_the_closed_form():
    wedge = analysis.curve(first(nm.QIF(J=15.0), "eta", (-10, 5)), "J", (0, 30))
    x = np.pi * wedge.r.m_as(1 / ms) * 10
    assert len(wedge) > 100
    np.testing.assert_allclose(wedge.J.magnitude, np.pi * (2 * x + 0.5 / x**3), rtol=1e-9)
    np.testing.assert_allclose(wedge.eta.magnitude, -(x**2) - 0.75 / x**2, rtol=1e-9)
    (cusp,) = wedge.cusps
    assert cusp.eta.magnitude == pytest.approx(-(3**0.5), rel=1e-10)
    assert cusp.J.magnitude == pytest.approx(7.79621703666699, rel=1e-10)


def test_the_hopf_curve_of_qif_synaptic_is_the_closed_form():
    pop = nm.QIFSynaptic(J=-21.0, tau_s=10 * ms)
    curve = analysis.curve(first(pop, "eta", (0, 15)), "J", (-40, -5))
    r = curve.r.m_as(1 / ms) * 10
    v = -0.5 / (np.pi * r)
    J = 4 * np.pi + 1 / (np.pi * r**2) + 2 / (np.pi**2 * r**3) + 1 / (np.pi**3 * r**4)
    assert len(curve) > 200
    np.testing.assert_allclose(curve.J.magnitude, -J, rtol=1e-9)
    eta = np.pi**2 * r**2 - v**2 + J * r
    np.testing.assert_allclose(curve.eta.magnitude, eta, rtol=1e-9)


def test_the_hopf_curve_of_qif_gap_junction_ends_where_its_frequency_is_zero():
    hopf = first(nm.QIFGapJunction(g=2.0), "eta", (-1, 3))
    curve = analysis.curve(hopf, "g", (0.5, 6), within=(-5, 10))
    g = curve.g.magnitude
    np.testing.assert_allclose(curve.eta.magnitude, 4 / g**2 - g**2 / 16, rtol=1e-9, atol=1e-9)
    omega = np.sqrt(16 / g**2 - g**2 / 4)  # per tau, which is 10 ms
    frequency = curve.frequency.m_as(1 / ms) * 10 * 2 * np.pi
    np.testing.assert_allclose(frequency, omega, rtol=1e-7, atol=1e-4)
    (end,) = curve.bogdanov_takens
    assert end.g.magnitude == pytest.approx(8**0.5, rel=1e-10)
    assert end.eta.magnitude == pytest.approx(0.0, abs=1e-10)


def test_folds_and_hopf_points_meet_in_bogdanov_takens_points():
    pop = nm.QIFAlphaAdaptation(delta=2.0, J=15 * 2**0.5, tau_a=100 * ms, alpha=1.0)
    diagram = analysis.continuation(pop, "eta", (-6, 1))
    on_folds = analysis.curve(diagram.folds[0], "alpha", (0, 2))
    on_hopfs = analysis.curve(diagram.hopfs[0], "alpha", (0, 2))
    (meeting,) = on_hopfs.bogdanov_takens
    nearest = min(on_folds.bogdanov_takens, key=lambda p: abs(p.alpha - meeting.alpha))
    assert nearest.eta.magnitude == pytest.approx(meeting.eta.magnitude, rel=1e-8)
    assert nearest.alpha.magnitude == pytest.approx(meeting.alpha.magnitude, rel=1e-8)
    eigenvalues = np.sort(np.abs(meeting.eigenvalues.magnitude))
    assert eigenvalues[1] < 1e-6 < eigenvalues[2]


def test_a_generalised_hopf_point_parts_super_from_subcritical():
    values = (-50 / second, 400 / second)
    diagram = analysis.continuation(nm.JansenRit(), "p", values)
    curve = analysis.curve(diagram.hopfs[0], "C", (50, 300))
    (point,) = curve.generalised_hopfs
    assert point.lyapunov_coefficient == pytest.approx(0.0, abs=1e-6)
    C = point.C.magnitude
    signs = []
    for other in (0.998 * C, 1.002 * C):  # both sides, on the part between the two
        near = analysis.continuation(nm.JansenRit(C=other), "p", values).hopfs
        signs.append([each.supercritical for each in near])
    assert signs[0] != signs[1]


def test_a_curve_is_that_of_single_diagrams():
    wedge = analysis.curve(first(nm.QIF(J=15.0), "eta", (-10, 5)), "J", (0, 30))
    single = analysis.continuation(nm.QIF(J=20.0), "eta", (-15, 5))
    order = np.argsort(wedge.r.magnitude)
    for fold in single.folds:
        J, eta = (
            np.interp(
                fold.r.magnitude, wedge.r.magnitude[order], getattr(wedge, n).magnitude[order]
            )
            for n in ("J", "eta")
        )
        assert pytest.approx(20.0, rel=1e-3) == J
        assert eta == pytest.approx(fold.eta.magnitude, rel=1e-3)


def test_bad_input_is_refused():
    diagram = analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))
    with pytest.raises(ValueError, match="another one"):
        analysis.curve(diagram.folds[0], "eta", (0, 30))
    with pytest.raises(ValueError, match="'K'"):
        analysis.curve(diagram.folds[0], "K", (0, 30))
    with pytest.raises(ValueError, match="outside of the range"):
        analysis.curve(diagram.folds[0], "J", (0, 10))
    with pytest.raises(TypeError, match="not at Diagram"):
        analysis.curve(diagram, "J", (0, 30))
    with pytest.raises(AttributeError, match="no 'frequency'"):
        _ = analysis.curve(diagram.folds[0], "J", (0, 30)).frequency


def test_diagrams_are_drawn(tmp_path):
    import matplotlib.pyplot as plt

    values = (-1, 3)
    pop = nm.QIFGapJunction(g=2.0)
    diagram = analysis.continuation(pop, "eta", values)
    branch = analysis.cycles(diagram.hopfs[0], values)
    ax = diagram.plot(cycles=branch)
    labels = [each.get_text() for each in ax.get_legend().get_texts()]
    assert {"stable equilibria", "unstable equilibria", "stable cycles", "Hopf"} == set(labels)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eta", "r (Hz)")
    _, own = plt.subplots()
    assert diagram.plot("v", ax=own) is own
    assert analysis.curve(diagram.hopfs[0], "g", (1, 3)).plot().get_ylabel() == "g"
    assert branch[5].plot().get_xlabel() == "t (ms)"
    assert branch.plot("v").get_ylabel() == "v"
    with pytest.raises(ValueError, match="'w'"):
        diagram.plot("w")
    plt.close("all")
