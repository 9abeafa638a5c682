"""Equilibria of the QIF population and its family: closed forms, bifurcations, none missed."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import EQUILIBRIA, PI, branch, by_hand_qif, folds, numbers
from models_registry import MODELS

import neuromass as nm
from neuromass.dynamics.jacobian import jacobian
from neuromass.units import Hz, ms


def test_equilibria_of_the_bistable_population():
    found = nm.QIF(tau=1 * ms, eta=-5.0, delta=1.0, J=15.0).equilibria()
    assert len(found) == 3
    for rest, (r, v, kind, stability) in zip(found, EQUILIBRIA, strict=True):
        assert rest.r.m_as("kHz") == pytest.approx(r, rel=1e-13)
        assert float(rest.v) == pytest.approx(v, rel=1e-13)
        assert (rest.kind, rest.stability) == (kind, stability)
        assert rest.stable == (stability == "stable")
    focus = found[2].eigenvalues.m_as(1 / ms)
    expected = -0.308859766052852 + 3.31862898200648j
    assert np.allclose(focus, [expected, expected.conjugate()], rtol=1e-12)


def test_equilibria_are_in_units_and_follow_tau_and_the_input():
    pop = nm.QIF(tau=20 * ms, eta=-5.0, J=15.0)
    quiet = pop.equilibria()[0]
    assert quiet.r.units == Hz
    assert quiet.r.magnitude == pytest.approx(50 * 0.0811344419501197, rel=1e-13)
    assert quiet.eigenvalues.units == (1 / ms).units
    (only,) = pop.equilibria(3.0)
    assert only.r.magnitude == pytest.approx(50 * 1.37324409848165, rel=1e-13)
    assert float(only.v) == pytest.approx(-0.115897052292354, rel=1e-12)
    assert repr(pop.equilibria(I_ext=3.0)) == f"<1 all equilibria>\n  {only!r}"
    pop.set(**only.state)
    nm.run(pop, 100 * ms, 3.0)
    assert pop.raw.v == pytest.approx(-0.115897052292354, rel=1e-9)


def test_a_rest_state_shows_itself_and_is_frozen():
    rest = nm.QIF.montbrio2015().equilibria()[0]
    assert repr(rest) == "<stable node: r = 8.11344 Hz, v = -1.96162>"
    assert {"r", "v", "kind", "eigenvalues"} <= set(dir(rest))
    with pytest.raises(AttributeError):
        rest.kind = "focus"
    with pytest.raises(TypeError):
        rest.state["r"] = 1
    with pytest.raises(AttributeError, match="no 'u'; there is r, v"):
        _ = rest.u


def test_equilibria_of_lanes_are_nested_as_the_shape():
    pop = nm.QIF(tau=1 * ms, eta=np.array([[-5.0, -5.0], [-10.0, 5.0]]), J=15.0, delta=1.0)
    found = pop.equilibria([[0.0, 3.0], [0.0, 0.0]])
    assert [[len(lane) for lane in row] for row in found] == [[3, 1], [1, 1]]
    alone = nm.QIF(tau=1 * ms, eta=-10.0, J=15.0).equilibria()
    assert repr(found[1][0]) == repr(alone)


@settings(max_examples=200, deadline=None)
@given(
    eta=st.floats(-20, 20),
    J=st.floats(-30, 30),
    delta=st.floats(0.01, 5),
    I_ext=st.floats(-5, 5),
    tau=st.floats(0.1, 100),
)
def test_no_equilibrium_is_missed_and_all_are_some(eta, J, delta, I_ext, tau):
    found = nm.QIF(tau=tau * ms, eta=eta, J=J, delta=delta).equilibria(I_ext)
    p = {"tau": tau, "eta": eta, "J": J, "delta": delta, "I_ext": I_ext}
    quartic = [1, -J / PI, -(eta + I_ext), 0, -(delta**2) / 4]
    roots = np.roots(quartic)
    expected = np.sort(roots.real[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)])
    x = np.array([PI * tau * rest.r.m_as(1 / ms) for rest in found])
    assert np.all(np.diff(x) >= 0)
    turning = np.min(np.abs(np.polyval(np.polyder(quartic), x)) / (1 + x**3))
    if turning > 1e-4:
        assert np.allclose(x, expected, rtol=1e-7)
    for rest in found:
        r, v = rest.r.m_as(1 / ms), float(rest.v)
        scale = (v**2 + abs(eta + I_ext) + abs(J) * tau * r + (PI * tau * r) ** 2) / tau
        rp, vp = by_hand_qif(p, r, v)
        assert abs(vp) < 1e-12 * scale
        assert abs(rp) < 1e-12 * (delta / tau**2 + 2 * r * abs(v) / tau)
        inside = 2 * tau * r * (J - 2 * PI**2 * tau * r)
        split = cmath.sqrt(inside) / tau
        ours = np.sort_complex(rest.eigenvalues.m_as(1 / ms))
        theirs = np.sort_complex(np.array([2 * v / tau - split, 2 * v / tau + split]))
        assert np.allclose(ours, theirs, rtol=1e-6, atol=1e-7 / tau)


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.5])
def test_saddle_nodes_and_cusp(delta):
    """J = pi (2 x + 1/(2 x^3)), eta = -(x^2 + 3/(4 x^2)) in units of delta."""
    for x in (0.3, 0.6, 1.2, 2.0):
        J = PI * (2 * x + 1 / (2 * x**3)) * math.sqrt(delta)
        eta = -(x**2 + 3 / (4 * x**2)) * delta
        p = numbers(nm.QIF, tau=1 * ms, delta=delta, J=J)
        at = branch(nm.QIF, p, x * math.sqrt(delta) / PI)
        assert at["eta"] == pytest.approx(eta, rel=1e-13)
        assert np.linalg.det(jacobian(nm.QIF.equations, at)) == pytest.approx(0, abs=1e-10)
        inside, outside = (
            {len(nm.QIF(delta=delta, J=J, eta=eta + step).equilibria()) for step in steps}
            for steps in ((0.0,), (-1e-6, 1e-6))
        )
        assert outside == {1, 3}
        assert inside <= {1, 2, 3}
    cusp = {"J": 7.79621703666699 * math.sqrt(delta), "eta": -math.sqrt(3) * delta, "delta": delta}
    x = 0.75**0.25
    assert PI * (2 * x + 1 / (2 * x**3)) == pytest.approx(7.79621703666699, rel=1e-14)
    for rest in nm.QIF(tau=1 * ms, **cusp).equilibria():
        assert PI * rest.r.m_as("kHz") == pytest.approx(x * math.sqrt(delta), rel=1e-3)


def test_folds_of_the_bistable_population():
    at = lambda r: branch(nm.QIF, numbers(nm.QIF, tau=1 * ms, J=15.0, delta=1.0), r)
    found = sorted(each["eta"] for each in folds(at, nm.QIF, np.linspace(0.05, 1.5, 60)))
    assert found == pytest.approx([-5.743527161658, -3.136134086196], abs=1e-11)


@pytest.mark.parametrize("J", [3.0, 8.0, 15.0])
def test_node_and_focus_meet(J):
    eta = -(J**2) / (4 * PI**2) - PI**2 / J**2
    kinds = []
    for step in (-1e-4, 1e-4):
        found = nm.QIF(J=J, delta=1.0, eta=eta + step).equilibria()
        near = min(found, key=lambda rest: abs(PI * rest.r.m_as("kHz") * 10 - J / (2 * PI)))
        kinds.append(near.kind)
    assert set(kinds) == {"node", "focus"}


def test_without_spread_the_silent_and_the_centre_are_there():
    silent, threshold, saddle, centre = nm.QIF(tau=1 * ms, eta=-1.0, delta=0.0, J=15.0).equilibria()
    assert (silent.r.magnitude, float(silent.v), silent.kind, silent.stable) == (
        0,
        -1,
        "node",
        True,
    )
    assert (threshold.r.magnitude, float(threshold.v), threshold.stability) == (0, 1, "unstable")
    assert saddle.kind == "saddle"
    assert (float(saddle.v), float(centre.v)) == (0, 0)
    x = 7.5 / PI + math.sqrt((7.5 / PI) ** 2 - 1)
    assert PI * centre.r.m_as("kHz") == pytest.approx(x, rel=1e-14)
    assert (centre.kind, centre.stability) == ("centre", "neutral")
    (only,) = nm.QIF(tau=1 * ms, eta=4.0, delta=0.0).equilibria()
    assert PI * only.r.m_as("kHz") == pytest.approx(2.0, rel=1e-14)
    (edge,) = nm.QIF(eta=0.0, delta=0.0).equilibria()
    assert edge.kind == "degenerate"


def test_a_model_with_equations_of_its_own_has_its_own_equilibria():
    class Changed(nm.QIF):
        """Twice the input."""

        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            return nm.QIF.derivatives(r, v, 2 * I_ext, tau, eta, delta, J)

    class Renamed(nm.QIF):
        """The same equations."""

        J = nm.Parameter(15.0, doc="strength of the recurrent coupling")

    assert not Changed().equilibria().complete
    (found,), (expected,) = Changed(J=15.0).equilibria(3.0), nm.QIF(J=15.0).equilibria(6.0)
    assert found.r.magnitude == pytest.approx(expected.r.magnitude, rel=1e-10)
    assert len(Renamed().equilibria()) == 3
    assert Renamed().equilibria().complete


QIF_FAMILY = [case for case in MODELS if case.name.startswith("QIF")]


@pytest.mark.parametrize("case", QIF_FAMILY, ids=lambda case: case.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_equilibria_of_the_family_lie_on_the_branch_and_are_all(case, data):
    p = dict(case.values)
    for name in p:
        p[name] *= data.draw(st.floats(0.5, 1.5))
    p["eta"] = data.draw(st.floats(-8, 8))
    model = case.cls.model
    given_values = {n: each.measure.quantity(p[n]) for n, each in model.parameters.items()}
    found = case.cls(**given_values).equilibria(p["I_ext"])
    own = [rest.r.m_as(1 / ms) for rest in found]
    for r, rest in zip(own, found, strict=True):
        at = branch(case.cls, p, r)
        assert at["eta"] == pytest.approx(p["eta"], abs=1e-8)
        for name in model.states:
            value = model.states[name].convert(rest.state[name])
            assert value == pytest.approx(at[name], rel=1e-9, abs=1e-12)
    grid = np.geomspace(1e-5, 3, 20_000) / p["tau"]
    excess = branch(case.cls, p, grid)["eta"] - p["eta"]
    changes = np.count_nonzero(excess[1:] * excess[:-1] < 0)
    inside = [r for r in own if grid[0] < r < grid[-1]]
    assert len(inside) - changes in (0, 2)
    if len(inside) > changes:
        assert min(np.diff(inside)) < 0.02 * max(inside)
