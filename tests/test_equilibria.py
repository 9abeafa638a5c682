"""Equilibria of every model, in closed form and by a search, and the Jacobian behind them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_registry import MODELS

import neuromass as nm
from neuromass.dynamics.equilibria import nature
from neuromass.dynamics.jacobian import jacobian, rates
from neuromass.dynamics.polynomials import Polynomial
from neuromass.expressions import FUNCTIONS
from neuromass.units import Hz, ms, mV, pA, second

SHARP = nm.JansenRit(
    A=3.25 * mV, B=44 * mV, a=100 / second, b=25 / second, e0=5 / second, v0=9 * mV,
    rho=1 / mV, C=270.0,
)  # fmt: skip


def test_three_equilibria_close_together():
    found = SHARP.equilibria(25 / second)
    assert found.complete
    eeg = (found.y1 - found.y2).magnitude
    np.testing.assert_allclose(eeg, [0.67398, 6.50939, 8.04976], atol=1e-5)


def test_a_saturated_sigmoid():
    (only,) = nm.WilsonCowan(a_e=20.0).equilibria(-40.0)
    assert (only.kind, only.stable) == ("node", True)
    assert only.E.magnitude == pytest.approx(0.0, abs=1e-30)


def test_at_the_edge_of_what_izhikevich_neurons_do():
    pop = nm.IzhikevichMeanField()
    (only,) = pop.equilibria(-pop.eta)
    assert only.r.magnitude == 0.0
    assert only.v.magnitude == -60.0
    assert len(pop.equilibria(-pop.eta - 1 * pA)) == 0


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case.name)
def test_the_search_finds_what_the_closed_form_has(case):
    pop = case.cls(**case.keywords)
    exact = pop.equilibria(**case.inputs)
    width = {
        name: max(1.0, 3.0 * float(np.max(np.abs(getattr(exact, name).magnitude), initial=1.0)))
        for name in pop.state
    }
    box = {
        name: (-w * value.units if name != "r" else 0 * value.units, w * value.units)
        for (name, value), w in zip(pop.state.items(), width.values(), strict=True)
    }
    if case.cls is nm.IzhikevichMeanField:
        box["v"] = (-60 * mV, 0 * mV)
    found = pop.equilibria(within=box, **case.inputs)
    assert not found.complete
    for each in found:
        nearest = [
            max(abs(each.state[n].magnitude - one.state[n].magnitude) / width[n] for n in pop.state)
            for one in exact
        ]
        assert min(nearest) < 1e-8, f"{each} is not among {exact}"
    for one in exact:
        assert any(
            all(np.isclose(a.magnitude, b.magnitude, rtol=1e-6, atol=1e-9 * w) for a, b, w in zip(
                one.state.values(), each.state.values(), width.values(), strict=True))
            for each in found
        ), f"{one} was not found"  # fmt: skip


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case.name)
def test_lanes_are_lone_populations(case):
    first = next(iter(case.cls.model.parameters))
    value = getattr(case.cls(), first)
    many = case.cls(**{first: value * np.array([1.0, 1.1, 0.9])})
    for lane, found in enumerate(many.equilibria()):
        alone = case.cls(**{first: value * [1.0, 1.1, 0.9][lane]}).equilibria()
        assert len(found) == len(alone)
        for one, other in zip(found, alone, strict=True):
            for name in one.state:
                np.testing.assert_allclose(
                    one.state[name].magnitude, other.state[name].magnitude, rtol=1e-9, atol=1e-12
                )


def test_many_lanes_and_shapes():
    pop = nm.QIF(eta=np.linspace(-10, 5, 12).reshape(3, 4), J=15.0)
    found = pop.equilibria()
    assert found.shape == (3, 4)
    assert [len(each) for each in found[1]] == [len(nm.QIF(eta=e, J=15.0).equilibria()) for e in
                                                np.linspace(-10, 5, 12)[4:8]]  # fmt: skip


def test_a_model_of_ones_own_is_searched():
    class Duffing(nm.Population):
        tau = nm.Parameter(10 * ms)
        x = nm.State(0.0)
        y = nm.State(0.0)
        damping = nm.Parameter(0.3)

        @staticmethod
        def derivatives(x, y, tau, damping):
            return y / tau, (x - x**3 - damping * y) / tau

    found = Duffing().equilibria()
    assert [each.kind for each in found] == ["focus", "saddle", "focus"]
    np.testing.assert_allclose(found.x.magnitude, [-1, 0, 1], atol=1e-12)
    turning = np.sqrt(2 - 0.15**2) / (2 * np.pi) / 0.01
    assert found[0].frequency.m_as(Hz) == pytest.approx(turning, rel=1e-12)
    assert found[1].frequency == 0 * Hz
    assert found.frequency.m_as(Hz).tolist() == [each.frequency.m_as(Hz) for each in found]
    few = Duffing().equilibria(within={"x": (0.5, 2.0), "y": (-0.1, 0.1)})
    assert 1.0 in few.x.magnitude.round(9)
    with pytest.raises(ValueError, match="has no state 'z'"):
        Duffing().equilibria(within={"z": (0, 1)})
    with pytest.raises(ValueError, match="lowest and the highest"):
        Duffing().equilibria(within={"x": (1, 0)})


def test_initial_rest_is_the_stable_state_of_lowest_rate():
    pop = nm.QIF(eta=[-5.0, 2.0], J=15.0, initial="rest")
    for lane, found in enumerate(nm.QIF(eta=[-5.0, 2.0], J=15.0).equilibria()):
        assert pop.r.magnitude[lane] == pytest.approx(found[0].r.magnitude, rel=1e-12)
    nm.run(pop, 100 * ms)
    assert pop.r.magnitude[0] == pytest.approx(8.1134442, rel=1e-6)
    pop.reset()
    assert pop.r.magnitude[0] == pytest.approx(8.1134442, rel=1e-6)
    with pytest.raises(TypeError, match="initial maps states"):
        nm.QIF(initial="resting")


def test_reading_equilibria():
    found = nm.QIF(eta=-5.0, J=15.0).equilibria()
    assert repr(found).startswith("<3 all equilibria>\n  <stable node: r = 8.11344 Hz")
    assert found.stable.tolist() == [True, False, True]
    assert found[-1].kind == "focus"
    assert [each.kind for each in found[1:]] == ["saddle", "focus"]
    assert "r" in dir(found)
    with pytest.raises(AttributeError, match="did you mean r"):
        found.rr  # noqa: B018


@pytest.mark.parametrize(
    ("eigenvalues", "kind", "stability"),
    [
        ([-1.0, -1.0], "node", "stable"),
        ([-1.0 + 1e-9j, -1.0 - 1e-9j], "node", "stable"),  # a double one, split by rounding
        ([-1e-9 + 1j, -1e-9 - 1j], "focus", "stable"),
        ([1e-9 + 1j, 1e-9 - 1j], "focus", "unstable"),
        ([1j, -1j], "centre", "neutral"),
        ([0.0, -1.0], "degenerate", "neutral"),
        ([1.0, -1.0], "saddle", "unstable"),
        ([0.1 + 1j, 0.1 - 1j, -1.0], "saddle-focus", "unstable"),
    ],
)
def test_kinds(eigenvalues, kind, stability):
    assert nature(np.array(eigenvalues, dtype=complex)) == (kind, stability)


# ----------------------------------------------------------------------- the Jacobian


def model_of(text):
    scope = {"math": math, "nm": nm, "np": np, "ms": ms}
    exec(
        "class M(nm.Population):\n"
        "    tau = nm.Parameter(10 * ms)\n"
        "    x = nm.State(0.4)\n    y = nm.State(0.7)\n    p = nm.Parameter(1.3)\n"
        "    @staticmethod\n"
        "    def derivatives(x, y, p, tau):\n"
        f"        return ({text}) / tau + 0 * p / tau, (x - y) / tau\n",
        scope,
    )
    return scope["M"]


ONE_SIDED = {"arccosh": "np.arccosh(1.5 + x * y)", "log2": "np.log2(x + y)"}
FORMULAS = [
    *(
        ONE_SIDED.get(n, f"{'np' if hasattr(np, n) else 'math'}.{n}(0.3 * x * y)")
        for n in FUNCTIONS
    ),
    "x ** y", "x ** p", "p ** x", "(x + y) ** 3", "x ** -2", "x / y", "p / (x + y)",
    "abs(x - y)", "np.maximum(x, y)", "np.minimum(x, y)", "np.where(x > y, x * y, x + y)",
    "1 / (1 + np.exp(-x * p))", "x * np.tanh(y) - y", "-(x * y)", "np.hypot(x, y)",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_operation_is_differentiated(formula):
    equations = model_of(formula).equations
    assert equations.written is None
    rng = np.random.default_rng(0)
    values = {"x": rng.uniform(0.2, 0.9, 5), "y": rng.uniform(0.2, 0.9, 5), "p": 1.3, "tau": 10.0}
    for names in (("x", "y"), ("p", "tau")):
        exact = jacobian(equations, values, names)
        for column, name in enumerate(names):
            step = 1e-6
            ahead = rates(equations, {**values, name: values[name] + step})
            behind = rates(equations, {**values, name: values[name] - step})
            slope = (ahead - behind) / (2 * step)
            np.testing.assert_allclose(exact[..., column], slope, rtol=2e-8, atol=1e-9)


def test_functions_used_as_written_have_differences():
    class Written(nm.Population):
        tau = nm.Parameter(10 * ms)
        x = nm.State(0.4)

        @staticmethod
        def derivatives(x, tau):
            return (1 - x * x) / tau if x > -5 else x / tau

    assert Written.equations.written
    slope = jacobian(Written.equations, {"x": np.array([0.5, 2.0]), "tau": 10.0})
    np.testing.assert_allclose(slope[..., 0, 0], [-0.1, -0.4], rtol=1e-9)
    assert [each.x.magnitude for each in Written().equilibria()] == pytest.approx([-1.0, 1.0])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-3, 3).filter(lambda r: abs(r) > 0.01), min_size=1, max_size=5))
def test_positive_roots_of_polynomials(roots):
    roots = sorted(roots)
    if any(b - a < 0.05 for a, b in pairwise(roots)):
        return
    polynomial = Polynomial(np.ones((1, 2)))
    for root in roots:
        polynomial = polynomial * (Polynomial.unknown(2) - np.array([root, 2.0 * root]))
    found = polynomial.positive_roots()
    positive = np.array([r for r in roots if r > 0])
    np.testing.assert_allclose(found[: len(positive), 0], positive, rtol=1e-6)
    np.testing.assert_allclose(found[: len(positive), 1], 2.0 * positive, rtol=1e-6)
    assert np.isnan(found[len(positive) :]).all()
