"""The models against their papers: equilibria, bifurcations, cycles, protocols, identities.

Jacobians are those of the declared equations; where numbers have a second source, it is a
right-hand side written here once more, by hand and on its own, see `BY_HAND`.
"""

import ast
import cmath
import inspect
import itertools
import math
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_registry import IDS, MODELS
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import brentq

import neuromass as nm
from neuromass.declaration import ModelType
from neuromass.dynamics.jacobian import jacobian
from neuromass.units import Hz, UnitError, mm, ms, mV, nA, nF, nS, pA, pF, second, uS, volt

PI = math.pi
CYCLIC_J = 15 * math.sqrt(2)
BURSTING = {"tau": 1 * ms, "delta": 2.0, "J": CYCLIC_J, "tau_a": 10 * ms}
"""Gast et al. 2020; with tau = 1 ms the internal units are those of the paper."""
GAMMA = {"tau": 1 * ms, "tau_s": 1 * ms, "J": -21.0}
CONDUCTING = {"tau": 1 * ms, "delta": 0.5, "tau_s": 1 / 0.95 * ms, "v_syn": -10.0, "kappa": 1.0}
PLASTIC = {"tau": 15 * ms, "tau_d": 200 * ms, "tau_f": 1500 * ms, "U0": 0.2, "delta": 0.25}


# --------------------------------------------------------------------------- the models again


def qif(p, r, v, drive, loss=0.0, pull=0.0):
    """r' and v' of a QIF population, with what is added to eta and taken off the two."""
    rp = p["delta"] / (PI * p["tau"] ** 2) + (2 * v - loss) * r / p["tau"]
    vp = (v * v + p["eta"] + p["I_ext"] + drive - pull - (PI * p["tau"] * r) ** 2) / p["tau"]
    return rp, vp


def by_hand_qif(p, r, v):
    return qif(p, r, v, p["J"] * p["tau"] * r)


def by_hand_adaptation(p, r, v, a):
    return (*qif(p, r, v, p["J"] * p["tau"] * r - a), -a / p["tau_a"] + p["alpha"] * r)


def alpha_kernel(p, r, a, x):
    return x / p["tau_a"], p["alpha"] * r - (2 * x + a) / p["tau_a"]


def by_hand_alpha_adaptation(p, r, v, a, x):
    return (*qif(p, r, v, p["J"] * p["tau"] * r - a), *alpha_kernel(p, r, a, x))


def by_hand_depression(p, r, v, a, x):
    return (*qif(p, r, v, p["J"] * p["tau"] * r * (1 - a)), *alpha_kernel(p, r, a, x))


def by_hand_tsodyks_markram(p, r, v, x, u):
    released = u * x * r
    dx = (1 - x) / p["tau_d"] - released
    du = (p["U0"] - u) / p["tau_f"] + p["U0"] * (1 - u) * r
    return (*qif(p, r, v, p["J"] * p["tau"] * released), dx, du)


def by_hand_synaptic(p, r, v, s):
    return (*qif(p, r, v, p["J"] * s), (p["tau"] * r - s) / p["tau_s"])


def by_hand_gap_junction(p, r, v):
    return qif(p, r, v, p["J"] * p["tau"] * r, loss=p["g"])


def by_hand_conductance(p, r, v, g, q):
    dq = (p["kappa"] * PI * p["tau"] * r - g - 2 * q) / p["tau_s"]
    return (*qif(p, r, v, g * p["v_syn"], loss=g, pull=g * v), q / p["tau_s"], dq)


def by_hand_izhikevich(p, r, v, u, s):
    C, k, vr, vt, g = (p[name] for name in ("C", "k", "v_r", "v_t", "g"))
    dr = p["delta"] * k**2 * (v - vr) / (PI * C) + r * (k * (2 * v - vr - vt) - g * s)
    dv = k * v * (v - vr - vt) + k * vr * vt + p["eta"] + p["I_ext"] - u + g * s * (p["E_r"] - v)
    dv -= PI * C * r * (p["delta"] + PI * C * r / k)
    return dr / C, dv / C, p["a"] * (p["b"] * (v - vr) - u) + p["d"] * r, -s / p["tau_s"] + r


def by_hand_wilson_cowan(p, e, i):
    def sigmoid(x, a, theta):
        return 1 / (1 + math.exp(-a * (x - theta))) - 1 / (1 + math.exp(a * theta))

    k_e = 1 - 1 / (1 + math.exp(p["a_e"] * p["theta_e"]))
    k_i = 1 - 1 / (1 + math.exp(p["a_i"] * p["theta_i"]))
    s_e = sigmoid(p["c_ee"] * e - p["c_ei"] * i + p["P"], p["a_e"], p["theta_e"])
    s_i = sigmoid(p["c_ie"] * e - p["c_ii"] * i + p["Q"], p["a_i"], p["theta_i"])
    de = (-e + (k_e - p["r_e"] * e) * s_e) / p["tau_e"]
    return de, (-i + (k_i - p["r_i"] * i) * s_i) / p["tau_i"]


def by_hand_jansen_rit(p, y0, y1, y2, y3, y4, y5):
    def rate(v):
        return 2 * p["e0"] / (1 + math.exp(p["rho"] * (p["v0"] - v)))

    A, B, a, b, C = (p[name] for name in ("A", "B", "a", "b", "C"))
    return (
        y3,
        y4,
        y5,
        A * a * rate(y1 - y2) - 2 * a * y3 - a * a * y0,
        A * a * (p["p"] + 0.8 * C * rate(C * y0)) - 2 * a * y4 - a * a * y1,
        B * b * 0.25 * C * rate(0.25 * C * y0) - 2 * b * y5 - b * b * y2,
    )


BY_HAND = {
    "QIF": by_hand_qif,
    "QIFAdaptation": by_hand_adaptation,
    "QIFAlphaAdaptation": by_hand_alpha_adaptation,
    "QIFDepression": by_hand_depression,
    "QIFTsodyksMarkram": by_hand_tsodyks_markram,
    "QIFSynaptic": by_hand_synaptic,
    "QIFGapJunction": by_hand_gap_junction,
    "QIFConductance": by_hand_conductance,
    "IzhikevichMeanField": by_hand_izhikevich,
    "WilsonCowan": by_hand_wilson_cowan,
    "JansenRit": by_hand_jansen_rit,
}

AT_REST = {
    "QIF": lambda p, r, v: {},
    "QIFAdaptation": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r},
    "QIFAlphaAdaptation": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r, "x": 0.0},
    "QIFDepression": lambda p, r, v: {"a": p["alpha"] * p["tau_a"] * r, "x": 0.0},
    "QIFTsodyksMarkram": lambda p, r, v: plastic_rest(p, r),
    "QIFSynaptic": lambda p, r, v: {"s": p["tau"] * r},
    "QIFGapJunction": lambda p, r, v: {},
    "QIFConductance": lambda p, r, v: {"g": p["kappa"] * PI * p["tau"] * r, "q": 0.0},
    "IzhikevichMeanField": lambda p, r, v: {
        "u": p["b"] * (v - p["v_r"]) + p["d"] * r / p["a"],
        "s": p["tau_s"] * r,
    },
}
"""The other states at rest, where r and v are given."""


def plastic_rest(p, r):
    u = p["U0"] * (1 + p["tau_f"] * r) / (1 + p["U0"] * p["tau_f"] * r)
    return {"x": 1 / (1 + p["tau_d"] * u * r), "u": u}


# ------------------------------------------------------------------------------- instruments


def numbers(cls, **keywords):
    """Parameters and inputs in internal units, defaults for those not given."""
    model = cls.model
    declared = {**model.parameters, **model.inputs}
    return {
        name: float(each.convert(keywords[name])) if name in keywords else each.default
        for name, each in declared.items()
    }


def rates(cls, values):
    """The declared derivatives; of arrays too."""
    found = cls.equations.evaluate(values)[: len(cls.equations.states)]
    return np.array(np.broadcast_arrays(*found), dtype=float)


def branch(cls, p, r):
    """Values at the equilibrium of rate r (or rates), and the eta that puts it there.

    dr/dt is linear in v, and dv/dt is linear in eta: two evaluations give each.
    """
    others = AT_REST[cls.__name__]
    values = {**p, "r": r, "v": 0.0, **others(p, r, 0.0)}
    values["v"] = zero_of_line(lambda v: rates(cls, {**values, "v": v})[0])
    values |= others(p, r, values["v"])
    values["eta"] = zero_of_line(lambda eta: rates(cls, {**values, "eta": eta})[1])
    return values


def zero_of_line(line):
    at_zero, at_one = line(0.0), line(1.0)
    return -at_zero / (at_one - at_zero)


def eigenvalues(cls, values):
    return np.linalg.eigvals(jacobian(cls.equations, values))


def pair(cls, values):
    """The complex eigenvalue of largest real part, NaN if all are real."""
    found = [each for each in eigenvalues(cls, values) if each.imag > 1e-9]
    return max(found, key=lambda each: each.real, default=complex("nan"))


def sign_changes(function, grid):
    """Roots of a function of one variable between the points of a grid."""
    values = [function(x) for x in grid]
    return [
        brentq(function, low, high, xtol=1e-15, rtol=1e-14)
        for (low, high), (first, second) in zip(
            itertools.pairwise(grid), itertools.pairwise(values), strict=True
        )
        if first * second < 0
    ]


def hopf_points(at, cls, grid):
    """Values at the Hopf bifurcations of the branch `at(x)`, and their angular frequency.

    The real part also jumps through zero where two real eigenvalues become a pair.
    """
    roots = sign_changes(lambda x: pair(cls, at(x)).real, grid)
    found = [(at(x), pair(cls, at(x))) for x in roots]
    return [(values, each.imag) for values, each in found if abs(each.real) < 1e-9]


def folds(at, cls, grid):
    """Values where the branch `at(x)` turns back: an eigenvalue is zero."""
    det = lambda x: np.linalg.det(jacobian(cls.equations, at(x)))
    return [at(x) for x in sign_changes(det, grid)]


def crossings(rec, name):
    """Times in ms at which a trace rises through its mean, in its second half."""
    t, y = rec.t.magnitude, rec[name].magnitude
    start = len(t) // 2
    t, y = t[start:], y[start:]
    level = y.mean()
    below = np.flatnonzero((y[:-1] < level) & (y[1:] >= level))
    return t[below] + (t[1] - t[0]) * (level - y[below]) / (y[below + 1] - y[below])


def period(pop, duration, name="r"):
    """Period in ms of the cycle on which a population has settled after some time."""
    nm.run(pop, duration, record=name, every=round((duration / pop.dt).to("").magnitude))
    times = crossings(nm.run(pop, duration, record=name), name)
    assert len(times) > 3
    assert np.allclose(np.diff(times), np.diff(times)[0], rtol=1e-5)
    return (times[-1] - times[0]) / (len(times) - 1)


def extrapolated(measure, dt):
    """A measured number without its errors of order two and three: from dt, dt/2, dt/4."""
    first, second, third = (measure(dt / parts) for parts in (1, 2, 4))
    return (8 * (4 * third - second) - (4 * second - first)) / 21


def solution(case, inputs, end):
    """The state at some time in ms, by DOP853 on the equations written by hand."""
    pop, p, f = case.make(), case.values, BY_HAND[case.name]
    start = [getattr(pop.raw, name) for name in case.cls.model.states]

    def rhs(t, y):
        fed = {n: float(each.sample(np.array([t]))[0]) for n, each in inputs.items()}
        return f({**p, **fed}, *y)

    return solve_ivp(rhs, (0, end), start, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]


def final(pop):
    return np.array([getattr(pop.raw, name) for name in pop.state])


# ---------------------------------------------------------------------------------- all models


def test_the_registry_has_every_model():
    assert sorted(IDS) == sorted(entry.name for entry in nm.list_models())
    assert set(BY_HAND) == set(IDS)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_declared_equations_are_those_written_by_hand(case, data):
    p = {name: x * data.draw(st.floats(0.5, 2)) for name, x in case.values.items()}
    if case.name == "QIFTsodyksMarkram":
        p["U0"] = min(p["U0"], 1.0)
    start = case.make().raw
    y = {n: getattr(start, n) + data.draw(st.floats(0, 0.5)) for n in case.cls.model.states}
    expected = np.array(BY_HAND[case.name](p, *y.values()))
    scale = np.abs(expected).max()
    assert np.allclose(rates(case.cls, {**p, **y}), expected, rtol=1e-11, atol=1e-11 * scale)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_jacobian_is_that_of_differences(case):
    y = {name: getattr(case.make().raw, name) for name in case.cls.model.states}
    exact = jacobian(case.cls.equations, {**case.values, **y})
    for column, name in enumerate(y):
        h = 1e-5 * max(1.0, abs(y[name]))
        ahead = np.array(BY_HAND[case.name](case.values, *{**y, name: y[name] + h}.values()))
        behind = np.array(BY_HAND[case.name](case.values, *{**y, name: y[name] - h}.values()))
        difference = (ahead - behind) / (2 * h)
        assert np.allclose(exact[:, column], difference, rtol=1e-6, atol=1e-8 * np.abs(exact).max())


@pytest.mark.parametrize("driven", ["constant", "sine"])
@pytest.mark.parametrize(("method", "order"), [("euler", 1.0), ("heun", 2.0)])
@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_order_is_the_order(case, method, order, driven):
    constant = {name: nm.signals.Constant(x) for name, x in case.inputs.items()}
    inputs = constant if driven == "constant" else case.sine
    exact = solution(case, inputs, case.duration.magnitude)
    errors = []
    for parts in (4, 8, 16):
        pop = case.make(dt=case.dt / parts, method=method)
        nm.run(pop, case.duration, inputs=inputs)
        errors.append(np.linalg.norm((final(pop) - exact) / np.maximum(np.abs(exact), 1e-6)))
    slopes = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.allclose(slopes, order, atol=0.1)


class Dropping(ast.NodeTransformer):
    """Drops one factor or divisor, the n-th that is a name with a dimension."""

    def __init__(self, names, place):
        self.names, self.place, self.count, self.dropped = names, place, -1, ""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        for side, other in ((node.right, node.left), (node.left, node.right)):
            product = isinstance(node.op, ast.Mult) or (
                isinstance(node.op, ast.Div) and side is node.right
            )
            if product and isinstance(side, ast.Name) and side.id in self.names:
                self.count += 1
                if self.count == self.place:
                    self.dropped = side.id
                    return other
        return node


def wrong_copies(cls):
    """Copies of a model, each with one factor with a dimension dropped from its equations."""
    names = {n for n, each in cls.model.declarations.items() if not each.measure.is_dimensionless}
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls.derivatives)))
    tree.body[0].decorator_list = []
    for place in itertools.count():
        dropping = Dropping(names, place)
        changed = ast.fix_missing_locations(dropping.visit(ast.parse(ast.unparse(tree))))
        if not dropping.dropped:
            return
        namespace = dict(inspect.getmodule(cls).__dict__)
        exec(compile(changed, "<wrong copy>", "exec"), namespace)
        yield dropping.dropped, ast.unparse(changed), namespace["derivatives"]


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_a_copy_with_a_dropped_factor_is_refused(case):
    copies = list(wrong_copies(case.cls))
    assert copies
    for dropped, text, function in copies:
        body = {"derivatives": staticmethod(function)}
        print(f"without {dropped}:\n{text}")
        with pytest.raises(UnitError, match=r"does not balance: .*d\w+/dt"):
            ModelType("Wrong", (case.cls,), body)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_a_parameter_of_the_wrong_unit_is_refused(case):
    (name,) = case.wrong
    with pytest.raises(UnitError, match=name):
        case.make(**case.wrong)


@pytest.mark.parametrize("case", MODELS, ids=IDS)
def test_the_documentation_is_complete(case):
    text = case.cls.__doc__
    assert "doi:10." in text
    assert ".. math::" in text
    assert ">>> " in text
    assert case.cls.exact_for
    for name, each in case.cls.model.declarations.items():
        assert each.doc, name
        assert name in text


def test_the_list_of_models():
    models = nm.list_models()
    assert isinstance(models, tuple)
    assert [entry.name for entry in models][:2] == ["QIF", "QIFAdaptation"]
    entry = next(each for each in models if each.name == "IzhikevichMeanField")
    assert entry.states == ("r [Hz]", "v [mV]", "u [pA]", "s")
    assert "approximate" in entry.exact_for
    text, html = repr(models), models._repr_html_()
    assert all(len(line) <= 132 for line in text.splitlines())
    assert html.count("<tr>") == 1 + len(models)
    for each in models:
        assert each.name in text
        assert each.name in html
    assert "Montbrió, Pazó, Roxin 2015" in html


PUBLISHED = [
    nm.QIF.montbrio2015,
    nm.QIFAdaptation.gast2020,
    nm.QIFAlphaAdaptation.gast2020,
    nm.QIFDepression.gast2020,
    nm.QIFTsodyksMarkram.taher2020,
    nm.QIFSynaptic.devalle2017,
    nm.QIFGapJunction.pietras2019,
    nm.QIFConductance.coombes2019,
    nm.IzhikevichMeanField.regular_spiking,
    nm.WilsonCowan.limit_cycle1972,
    nm.WilsonCowan.hysteresis1972,
    nm.JansenRit.alpha_rhythm,
]


@pytest.mark.parametrize("make", PUBLISHED, ids=lambda each: each.__qualname__)
def test_published_sets_take_changes(make):
    pop = make(shape=3, dt=0.02 * ms, method="euler")
    assert type(pop) is make.__self__
    assert pop.shape == (3,)
    assert (pop.dt, pop.method) == (0.02 * ms, "euler")
    first = next(iter(pop.parameters))
    changed = make(**{first: 2 * getattr(pop, first)})
    assert np.all(getattr(changed, first) == 2 * getattr(pop, first))
    with pytest.raises(TypeError, match="no parameter 'nonsense'"):
        make(nonsense=1)


RESTING = [
    nm.QIF.montbrio2015,
    nm.QIFTsodyksMarkram.taher2020,
    nm.IzhikevichMeanField.regular_spiking,
]


@pytest.mark.parametrize("make", RESTING, ids=lambda each: each.__qualname__)
def test_bistable_sets_start_at_rest_unless_told(make):
    pop = make()
    before = final(pop)
    nm.run(pop, 50 * ms)
    assert np.allclose(final(pop), before, rtol=1e-9, atol=1e-12)
    told = make(initial={"r": 5 * Hz})
    assert told.r == 5 * Hz


# ------------------------------------------------------------------------- QIF: equilibria


EQUILIBRIA = [
    (0.0811344419501197, -1.96161998858317, "node", "stable"),
    (0.472980340684684, -0.336493780822906, "saddle", "unstable"),
    (1.03059679883757, -0.154429883026426, "focus", "stable"),
]


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


# ---------------------------------------------------------------------- QIF: trajectories


def test_the_closed_solution_without_coupling():
    """The reference's table, from the formula; then both orders against it."""
    exact = closed_solution(1.0, 2.0, 0.1 + 0j, -1.0)
    table = {
        0.25: (0.139987072560537, -0.409970483024816),
        0.5: (0.205285024352184, 0.0301408575865186),
        1: (0.491830990318384, 0.54835388084964),
        2: (0.418528575787569, -0.76849893016195),
        5: (0.454078364305431, -0.29515873809711),
    }
    for t, values in table.items():
        assert exact(t) == pytest.approx(values, abs=1e-13)
    for method, order in (("euler", 1), ("heun", 2)):
        errors = []
        for dt in (0.005, 0.0025, 0.00125):
            start = {"r": 100 * Hz, "v": -1.0}
            pop = nm.QIF(tau=1 * ms, eta=2.0, delta=1.0, initial=start, dt=dt * ms, method=method)
            nm.run(pop, 1 * ms)
            errors.append(abs(pop.raw.r - exact(1)[0]) + abs(pop.raw.v - exact(1)[1]))
        assert np.allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.1)


def closed_solution(delta, eta, r0, v0):
    W0 = cmath.sqrt(complex(eta, -delta))
    start = PI * r0 + 1j * v0
    C = (start - W0) / (start + W0)

    def at(t):
        turned = C * cmath.exp(-2j * W0 * t)
        W = W0 * (1 + turned) / (1 - turned)
        return W.real / PI, W.imag

    return at


@settings(max_examples=20, deadline=None)
@given(delta=st.floats(0.1, 3), eta=st.floats(-5, 5), r0=st.floats(0.05, 1), v0=st.floats(-2, 1))
def test_the_closed_solution_for_any_values(delta, eta, r0, v0):
    exact = closed_solution(delta, eta, r0, v0)(1.0)

    def end(dt):
        initial = {"r": 1000 * r0 * Hz, "v": v0}
        pop = nm.QIF(tau=1 * ms, eta=eta, delta=delta, initial=initial, dt=dt * ms)
        nm.run(pop, 1 * ms)
        return final(pop)

    assert np.allclose(extrapolated(end, 1 / 4096), exact, rtol=1e-6, atol=1e-7)


def test_the_step_response_of_2015():
    times = np.array([2.5, 3, 10, 40])
    expected = [0.833780575617886, 1.19456049890514, 1.4000894123928, 1.03759173407999]
    step = nm.signals.Step(3.0, start=0 * ms, stop=30 * ms)

    def measured(dt):
        pop = nm.QIF.montbrio2015(tau=1 * ms, dt=dt * ms)
        rec = nm.run(pop, 40 * ms, step, record="r")
        r = rec.array("r", "kHz")
        return np.append(r[np.rint(times / dt).astype(int)], r.max())

    *at_times, peak = extrapolated(measured, 1 / 2000)
    assert at_times == pytest.approx(expected, abs=1e-9)
    assert peak == pytest.approx(2.882736, abs=1e-5)


def test_the_tutorial_protocol():
    step = nm.signals.Step(3.0, start=20 * ms, stop=80 * ms)
    start = {"r": 10 * Hz, "v": -2.0}

    def measured(dt):
        pop = nm.QIF.montbrio2015(tau=1 * ms, initial=start, dt=dt * ms)
        rec = nm.run(pop, 100 * ms, step)
        r, v = rec.array("r", "kHz"), rec.array("v")
        half = len(r) // 2
        top = r.argmax()
        return np.array([r[half], r[-1], v[-1], r[top], rec.t.magnitude[top]])

    found = extrapolated(measured, 1 / 2000)
    assert found[:3] == pytest.approx([1.37135684, 1.02993151, -0.15476424], abs=6e-9)
    assert found[3] == pytest.approx(2.882736, abs=1e-5)
    assert found[4] == pytest.approx(22.788, abs=1e-3)


def test_equilibria_are_where_long_runs_end():
    pop = nm.QIF.montbrio2015(
        eta=np.array([-5.0, -5.0, 5.0]), initial={"r": [10, 100, 10] * Hz, "v": [-2, 0, 0]}
    )
    nm.run(pop, 2000 * ms)
    ends = [0.0811344419501197, 1.03059679883757]
    assert pop.r.magnitude[:2] / 100 == pytest.approx(ends, rel=1e-9)
    assert pop.r.magnitude[2] == pytest.approx(pop.equilibria()[2][0].r.magnitude, rel=1e-9)


def test_the_two_equations_alone_never_oscillate():
    """A focus has 2 Re = 4 v / tau, and v < 0 at rest."""
    pop = nm.QIF(tau=1 * ms, eta=5.0, delta=0.5, J=20.0, dt=0.005 * ms)
    (rest,) = pop.equilibria()
    assert rest.kind == "focus"
    assert rest.eigenvalues.m_as(1 / ms)[0].real == pytest.approx(2 * float(rest.v), rel=1e-12)
    assert rest.stable
    nm.run(pop, 200 * ms)
    assert pop.r.magnitude == pytest.approx(rest.r.magnitude, rel=1e-6)


def test_covariances_of_weak_white_noise_at_the_node():
    """A C + C A' + Q = 0 with the declared Jacobian."""
    p = numbers(nm.QIF, tau=1 * ms, eta=-5.0, delta=1.0, J=15.0)
    r, v, *_ = EQUILIBRIA[0]
    A = jacobian(nm.QIF.equations, {**p, "r": r, "v": v})
    C = solve_continuous_lyapunov(A, -np.diag([0.0, 1.0]))
    expected = [0.0001269436998857613, 0.003069168815799618, 0.13792736880795]
    assert [C[0, 0], C[0, 1], C[1, 1]] == pytest.approx(expected, rel=1e-11)


@settings(max_examples=15, deadline=None)
@given(d=st.floats(0.2, 5), J=st.floats(-10, 18), eta=st.floats(-6, 4), v=st.floats(-2, 0.5))
def test_scaling_maps_solutions_onto_solutions(d, J, eta, v):
    """(r, v, J) -> sqrt(d) (r, v, J), eta -> d eta, t -> t / sqrt(d)."""
    root = math.sqrt(d)
    one = nm.QIF(J=J, eta=eta, delta=1.0, initial={"r": 30 * Hz, "v": v}, dt=0.02 * ms)
    start = {"r": root * 30 * Hz, "v": root * v}
    other = nm.QIF(J=root * J, eta=d * eta, delta=d, initial=start, dt=0.02 / root * ms)
    first, second_ = (nm.run(pop, 1000 * pop.dt) for pop in (one, other))
    for name in ("r", "v"):
        mine, theirs = first[name].magnitude, second_[name].magnitude / root
        assert np.allclose(mine, theirs, rtol=1e-8, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(eta=st.floats(-6, 6), J=st.floats(-10, 16), delta=st.floats(0.3, 3), gap=st.floats(0, 1.5))
def test_the_time_average_of_v_follows_from_the_rate(eta, J, delta, gap):
    """d ln r / dt gives 2 <v> = g - (delta/pi) <1/(tau r)>, on an attractor; else its growth."""
    pop = nm.QIFGapJunction(tau=10 * ms, eta=eta, J=J, delta=delta, g=gap, dt=0.005 * ms)
    nm.run(pop, 20 * ms)
    rec = nm.run(pop, 200 * ms, nm.signals.Sine(1.0, period=50 * ms))
    x, v = 10 * rec.array("r", "kHz"), rec.array("v")
    mean = lambda y: (y[1:] + y[:-1]).mean() / 2
    growth = 10 * math.log(x[-1] / x[0]) / 200
    left, right = 2 * mean(v), gap - delta / PI * mean(1 / x) + growth
    assert left == pytest.approx(right, abs=2e-3 * (1 + abs(left)))


# --------------------------------------------------------------------- adaptation, depression


def on_branch(cls, **keywords):
    p = numbers(cls, **keywords)
    return lambda r: branch(cls, p, r)


ADAPTING = {
    "QIFAlphaAdaptation": (1.0, [-4.03981860084, -0.534080541355], [36.4952007, 14.647778]),
    "QIFAdaptation": (
        1.0,
        [-3.92335305377284, -0.386079811598746],
        [22.6633957509872, 4.53480784477842],
    ),
    "QIFDepression": (0.05, [-5.65862864328, -5.01859807184], [57.3343016, 20.1715876]),
}


@pytest.mark.parametrize("name", ADAPTING)
def test_hopf_bifurcations_of_adaptation_and_depression(name):
    cls, (alpha, etas, periods) = getattr(nm, name), ADAPTING[name]
    at = on_branch(cls, **BURSTING, alpha=alpha)
    found = hopf_points(at, cls, np.linspace(0.05, 2.0, 400))
    found = sorted((values["eta"], 2 * PI / omega) for values, omega in found)
    assert [eta for eta, _ in found] == pytest.approx(etas, abs=2e-11)
    assert [each for _, each in found] == pytest.approx(periods, rel=3e-8)


def test_folds_of_alpha_adaptation():
    at = on_branch(nm.QIFAlphaAdaptation, **BURSTING, alpha=1.0)
    found = folds(at, nm.QIFAlphaAdaptation, np.linspace(0.05, 2.0, 400))
    etas = sorted(values["eta"] for values in found)
    assert etas == pytest.approx([-3.548702284, -3.537497314], abs=2e-9)


@pytest.mark.slow
def test_the_bursting_cycle():
    """The duration is the reference's; the extremes are those of DOP853's interpolant."""

    def measured(dt):
        pop = nm.QIFAlphaAdaptation.gast2020(tau=1 * ms, tau_a=10 * ms, dt=dt * ms)
        rec = nm.run(pop, 1000 * ms, record="r")
        times, r = crossings(rec, "r"), rec.array("r", "kHz")[-round(60 / dt) :]
        bursts = times[np.append(True, np.diff(times) > 10)]
        mean = (bursts[-1] - bursts[0]) / (len(bursts) - 1)
        return np.array([mean, r.min(), r.max()])

    duration, low, high = extrapolated(measured, 1 / 4000)
    assert duration == pytest.approx(47.46267100611, rel=1e-8)
    assert low == pytest.approx(0.0996100352345, abs=1e-10)
    assert high == pytest.approx(3.4660760921, abs=2e-6)


def test_the_tutorial_protocol_with_alpha_adaptation():
    step = nm.signals.Step(3.0, start=20 * ms, stop=80 * ms)
    times = np.array([50, 79.99, 100])

    def measured(dt):
        pop = nm.QIFAlphaAdaptation(
            tau=1 * ms, eta=-5.0, delta=1.0, J=15.0, alpha=0.5, tau_a=10 * ms,
            initial={"r": 10 * Hz, "v": -2.0}, dt=dt * ms,
        )  # fmt: skip
        rec = nm.run(pop, 100 * ms, step, record="r")
        r = rec.array("r", "kHz")
        top = r.argmax()
        return np.array([*r[np.rint(times / dt).astype(int)], r[top], rec.t.magnitude[top]])

    found = extrapolated(measured, 1 / 2000)
    assert found[:3] == pytest.approx([0.0719568795, 0.143376444, 0.0750503603], abs=2e-9)
    assert found[3] == pytest.approx(2.7288, abs=1e-4)
    assert found[4] == pytest.approx(23.28, abs=1e-2)


@pytest.mark.parametrize("cls", [nm.QIFAdaptation, nm.QIFAlphaAdaptation, nm.QIFDepression])
def test_without_alpha_it_is_a_qif_population(cls):
    assert_like_qif(cls(eta=-5.0, J=15.0, alpha=0.0))


def test_without_gap_junctions_it_is_a_qif_population():
    assert_like_qif(nm.QIFGapJunction(eta=-5.0, J=15.0, g=0.0))


def test_without_conductance_it_is_a_qif_population_without_coupling():
    assert_like_qif(nm.QIFConductance(eta=-5.0, kappa=0.0), J=0.0)


def assert_like_qif(pop, J=15.0):
    signal = nm.signals.Sine(4.0, period=40 * ms, offset=2.0)
    plain = nm.run(nm.QIF(eta=-5.0, J=J), 300 * ms, signal)
    rec = nm.run(pop, 300 * ms, signal)
    for name in ("r", "v"):
        assert np.allclose(rec[name].magnitude, plain[name].magnitude, rtol=1e-10, atol=1e-12)


def test_the_steady_adaptation_is_alpha_tau_a_r():
    for cls in (nm.QIFAdaptation, nm.QIFAlphaAdaptation):
        pop = cls(eta=3.0, alpha=0.3, tau_a=50 * ms)
        nm.run(pop, 3000 * ms)
        assert pop.raw.a == pytest.approx(0.3 * 50 * pop.raw.r, rel=1e-9)
        (rest,) = pop.equilibria()
        assert pop.raw.r == pytest.approx(rest.r.m_as(1 / ms), rel=1e-9)


# --------------------------------------------------------- synapse, gap junction, conductance


def test_hopf_bifurcation_of_inhibitory_synapses():
    at = on_branch(nm.QIFSynaptic, **GAMMA, delta=1.0)
    found = hopf_points(at, nm.QIFSynaptic, np.linspace(0.05, 2, 100))
    ((values, omega),) = found
    assert values["eta"] == pytest.approx(8.76379260595685, abs=1e-11)
    assert omega == pytest.approx(2.7832748435767, rel=1e-12)
    assert 1000 * omega / (2 * PI * 10) == pytest.approx(44.2971949, abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(r=st.floats(0.15, 1.5), delta=st.floats(0.1, 2), td=st.floats(0.2, 3))
def test_hopf_bifurcations_of_inhibitory_synapses_in_closed_form(r, delta, td):
    J = 4 * PI * delta * td + delta / (PI * td * r**2) + 2 * delta**2 / (PI**2 * r**3)
    J += delta**3 * td / (PI**3 * r**4)
    at = on_branch(nm.QIFSynaptic, tau=1 * ms, tau_s=td * ms, delta=delta, J=-J)(r)
    assert at["eta"] == pytest.approx(PI**2 * r**2 - at["v"] ** 2 + J * r, rel=1e-12)
    assert pair(nm.QIFSynaptic, at).real == pytest.approx(0, abs=1e-9 * (1 + J))


CYCLES = {
    "QIFSynaptic": ({**GAMMA, "delta": 0.3, "eta": 4.0}, 3.40472134187082),
    "QIFGapJunction": ({"tau": 1 * ms, "delta": 1.0, "g": 2.0, "eta": 2.0}, 2.25477028933241),
    "QIFConductance": ({**CONDUCTING, "eta": 20.0}, 2.08294239206295),
}


@pytest.mark.parametrize("name", CYCLES)
def test_periods_of_limit_cycles(name):
    cls, (keywords, expected) = getattr(nm, name), CYCLES[name]

    def measured(dt):
        pop = cls(**keywords, initial={"r": 300 * Hz, "v": -0.5}, dt=dt * ms)
        return period(pop, 200 * ms)

    assert measured(1 / 4000) == pytest.approx(expected, rel=1e-6)
    assert extrapolated(measured, 1 / 4000) == pytest.approx(expected, rel=2e-9)


def test_the_inhibitory_population_of_2017_is_in_the_gamma_band():
    pop = nm.QIFSynaptic.devalle2017(dt=0.005 * ms)
    assert 1000 / period(pop, 2000 * ms) == pytest.approx(36.26, abs=0.01)
    slower = nm.QIFSynaptic.devalle2017(tau_s=10 * ms, dt=0.005 * ms)
    assert 1000 / period(slower, 2000 * ms) == pytest.approx(100 / 3.40472134187082, rel=1e-5)


def test_fast_synapses_approach_a_qif_population():
    plain = nm.QIF(eta=-5.0, J=15.0, initial={"r": 20 * Hz, "v": -1.0}, dt=0.001 * ms)
    nm.run(plain, 20 * ms, 4.0)
    gaps = []
    for tau_s in (0.04, 0.02, 0.01):
        initial = {**plain.initial, "s": 0.2}
        pop = nm.QIFSynaptic(eta=-5.0, J=15.0, tau_s=tau_s * ms, initial=initial, dt=0.001 * ms)
        nm.run(pop, 20 * ms, 4.0)
        gaps.append(abs(pop.raw.r - plain.raw.r) / plain.raw.r)
    assert np.allclose(np.log2(np.divide(gaps[:-1], gaps[1:])), 1, atol=0.15)
    assert gaps[-1] < 0.05


def test_hopf_bifurcation_of_gap_junctions():
    at = on_branch(nm.QIFGapJunction, tau=1 * ms, delta=1.0, g=2.0, J=0.0)
    ((values, omega),) = hopf_points(at, nm.QIFGapJunction, np.linspace(0.05, 1.5, 60))
    assert values["eta"] == pytest.approx(0.75, abs=1e-12)
    assert omega == pytest.approx(math.sqrt(3), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(delta=st.floats(0.2, 3), g=st.floats(0.2, 3), J=st.floats(-10, 2))
def test_hopf_bifurcations_of_gap_junctions_in_closed_form(delta, g, J):
    at = on_branch(nm.QIFGapJunction, tau=1 * ms, delta=delta, g=g, J=J)(2 * delta / (PI * g))
    omega2 = 16 * delta**2 / g**2 - g**2 / 4 - 4 * delta * J / (PI * g)
    assert at["v"] == pytest.approx(g / 4, rel=1e-12)
    assert at["eta"] == pytest.approx(
        4 * delta**2 / g**2 - g**2 / 16 - 2 * delta * J / (PI * g), rel=1e-9, abs=1e-9
    )
    if omega2 > 1e-3:
        found = pair(nm.QIFGapJunction, at)
        assert found.real == pytest.approx(0, abs=1e-12 * (1 + omega2))
        assert found.imag**2 == pytest.approx(omega2, rel=1e-9)


def test_hopf_bifurcations_of_conductances():
    at = on_branch(nm.QIFConductance, **CONDUCTING)
    found = hopf_points(at, nm.QIFConductance, np.linspace(0.02, 2, 300))
    etas = sorted(values["eta"] for values, _ in found)
    assert etas == pytest.approx([3.92951106825596, 23.4010622746097], abs=1e-11)


# -------------------------------------------------------------------------------- plasticity


def test_equilibrium_of_the_plastic_population():
    (rest,) = nm.QIFTsodyksMarkram(**PLASTIC, J=15.0, eta=-1.0).equilibria()
    assert rest.r.magnitude == pytest.approx(3.12713589, abs=6e-9)
    assert float(rest.x) == pytest.approx(0.731383552, abs=6e-10)
    assert float(rest.u) == pytest.approx(0.587233284, abs=6e-10)
    assert rest.stable
    pop = nm.QIFTsodyksMarkram.taher2020(initial={"r": 1 * Hz})
    nm.run(pop, 20_000 * ms, every=100)
    assert pop.r.magnitude == pytest.approx(rest.r.magnitude, rel=1e-6)


def test_hopf_bifurcations_of_the_plastic_population():
    at = on_branch(nm.QIFTsodyksMarkram, **PLASTIC, J=15.0)
    found = hopf_points(at, nm.QIFTsodyksMarkram, np.geomspace(1, 100, 3000) / 1000)
    etas = sorted(values["eta"] for values, _ in found)
    assert etas == pytest.approx([-0.596725481178457, -0.47256285225618], abs=1e-11)


def test_full_use_of_full_resources_is_a_qif_population():
    p = {**numbers(nm.QIFTsodyksMarkram, J=15.0, eta=-5.0), "I_ext": 0.7}
    at = {"r": 0.02, "v": -0.4}
    mine = rates(nm.QIFTsodyksMarkram, {**p, **at, "x": 1.0, "u": 1.0})[:2]
    assert np.allclose(mine, rates(nm.QIF, {**p, **at}), rtol=1e-14)


@settings(max_examples=20, deadline=None)
@given(U0=st.floats(0.05, 1), drive=st.floats(-1, 6))
def test_resources_and_use_stay_fractions(U0, drive):
    pop = nm.QIFTsodyksMarkram.taher2020(U0=U0, initial={"u": U0})
    rec = nm.run(pop, 500 * ms, drive)
    for name in ("x", "u"):
        assert rec.array(name).min() >= 0
        assert rec.array(name).max() <= 1


# -------------------------------------------------------------------------------- Izhikevich


IZHIKEVICH = {
    "C": 100 * pF, "k": 0.7 * nS / mV, "v_r": -60 * mV, "v_t": -40 * mV, "delta": 1 * mV,
    "g": 15 * nS, "E_r": 0 * mV, "tau_s": 6 * ms, "a": 0.03 / ms, "b": -2 * nS, "d": 10 * pA,
}  # fmt: skip


def test_folds_of_the_izhikevich_population():
    cls = nm.IzhikevichMeanField
    found = folds(on_branch(cls, **IZHIKEVICH), cls, np.geomspace(1e-4, 0.1, 200))
    etas = sorted(values["eta"] for values in found)
    assert etas == pytest.approx([23.6217727782509, 40.6706938812489], abs=1e-9)


def test_equilibrium_of_the_izhikevich_population():
    pop = nm.IzhikevichMeanField(**IZHIKEVICH, eta=60 * pA)
    (rest,) = pop.equilibria()
    assert rest.r.magnitude == pytest.approx(29.8281063993275, rel=1e-12)
    assert rest.v.magnitude == pytest.approx(-48.511573464801, rel=1e-13)
    nm.run(pop, 2000 * ms, every=100)
    assert pop.r.magnitude == pytest.approx(29.8281063993275, rel=1e-9)
    assert pop.v.magnitude == pytest.approx(-48.511573464801, rel=1e-9)
    defaults = nm.IzhikevichMeanField().parameters
    assert all(defaults[name] == value for name, value in IZHIKEVICH.items())


@settings(max_examples=50, deadline=None)
@given(
    eta=st.floats(0.5, 100), I_ext=st.floats(0, 50), delta=st.floats(0.05, 3), g=st.floats(0, 30)
)
def test_equilibria_of_the_izhikevich_population_lie_on_the_branch_and_are_all(
    eta, I_ext, delta, g
):
    cls = nm.IzhikevichMeanField
    keywords = {**IZHIKEVICH, "delta": delta * mV, "g": g * nS}
    found = cls(**keywords, eta=eta * pA).equilibria(I_ext * pA)
    p = numbers(cls, **keywords)
    own = [rest.r.m_as(1 / ms) for rest in found]
    for r, rest in zip(own, found, strict=True):
        at = branch(cls, p, r)
        assert at["eta"] == pytest.approx(eta + I_ext, abs=1e-6)
        assert rest.v.magnitude == pytest.approx(at["v"], rel=1e-10)
        assert rest.v.magnitude >= -60
    grid = np.geomspace(1e-9, 1, 20_000)
    excess = branch(cls, p, grid)["eta"] - eta - I_ext
    changes = np.count_nonzero(excess[1:] * excess[:-1] < 0)
    inside = [r for r in own if grid[0] < r < grid[-1]]
    assert len(inside) - changes in (0, 2)


def test_other_units_give_the_same_answer():
    ours = nm.IzhikevichMeanField(**IZHIKEVICH, eta=60 * pA)
    theirs = nm.IzhikevichMeanField(
        C=0.1 * nF, k=0.7 * uS / volt, v_r=-0.06 * volt, v_t=-0.04 * volt, delta=0.001 * volt,
        g=0.015 * uS, E_r=0 * volt, tau_s=0.006 * second, a=30 / second, b=-0.002 * uS,
        d=0.01 * nA, eta=0.06 * nA, initial={"v": -0.055 * volt, "u": 0 * nA},
    )  # fmt: skip
    first = nm.run(ours, 100 * ms, 20 * pA)
    second_ = nm.run(theirs, 0.1 * second, 0.02 * nA)
    for name in ("r", "v", "u", "s"):
        mine, other = first[name].magnitude, second_[name].magnitude
        assert np.allclose(mine, other, rtol=1e-11, atol=1e-11)
    assert second_.v.units == mV
    with pytest.raises(UnitError, match="C needs a capacitance"):
        nm.IzhikevichMeanField(C=100 * mm)


def test_below_v_r_it_stops_and_says_so():
    pop = nm.IzhikevichMeanField.regular_spiking()
    with pytest.raises(
        nm.SimulationError, match=r"v falls below v_r = -60 mV .* population"
    ) as info:
        nm.run(pop, 100 * ms, -60 * pA)
    assert (info.value.state, info.value.population) == ("v", "IzhikevichMeanField")
    rec = info.value.recording
    assert rec.v.magnitude.min() >= -60
    assert rec.r.magnitude.min() > 0
    assert rec.t[-1] == pop.t == info.value.time
    stepped = nm.IzhikevichMeanField.regular_spiking()
    before = round((pop.t / pop.dt).to("").magnitude)
    for _ in range(before):
        stepped.update(-60 * pA)
    with pytest.raises(nm.SimulationError, match="v falls below v_r"):
        stepped.update(-60 * pA)
    assert (stepped.t, stepped.raw.v) == (pop.t, pop.raw.v)


def test_the_lane_that_falls_below_is_named():
    pop = nm.IzhikevichMeanField(eta=[30, 60] * pA, v_r=[-60, -55] * mV, initial={"v": -54 * mV})
    with pytest.raises(nm.SimulationError, match=r"\[1\]: v falls below v_r = -55 mV"):
        nm.run(pop, 100 * ms, [[20.0, -200.0]] * 2000 * pA)


def test_values_below_v_r_are_refused_where_they_are_set():
    with pytest.raises(ValueError, match="v cannot be below v_r = -60 mV, and -61 mV is"):
        nm.IzhikevichMeanField(initial={"v": -61 * mV})
    with pytest.raises(ValueError, match="v_r = -50 mV"):
        nm.IzhikevichMeanField(v_r=-50 * mV)
    pop = nm.IzhikevichMeanField()
    for change in ({"v": -70 * mV}, {"v_r": -50 * mV}, {"v_r": -80 * mV, "v": -81 * mV}):
        with pytest.raises(ValueError, match="v cannot be below v_r"):
            pop.set(**change)
        assert (pop.v, pop.v_r) == (-55 * mV, -60 * mV)
    with pytest.raises(ValueError, match="v cannot be below v_r"):
        pop.v_r = -50 * mV
    pop.set(v_r=-50 * mV, v=-45 * mV)
    assert pop.v == -45 * mV
    assert pop.copy(v_r=-48 * mV, initial={"v": -46 * mV}).v == -46 * mV
    with pytest.raises(ValueError, match="v cannot be below v_r"):
        pop.copy(v_r=-40 * mV)


def test_noise_stops_at_the_bounds():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(150 * pA, 5 * ms)}
    for shape in ((), (70,)):
        pop = nm.IzhikevichMeanField(eta=30 * pA, noise=noise, seed=3, shape=shape)
        rec = nm.run(pop, 200 * ms)
        assert rec.v.magnitude.min() == -60
        assert rec.r.magnitude.min() >= 0


def test_a_bound_must_be_a_parameter_of_the_same_unit():
    with pytest.raises(TypeError, match=r"lower bound 'v_x'.*did you mean v_"):

        class Unknown(nm.IzhikevichMeanField):
            v = nm.State(-55 * mV, lower="v_x")

    with pytest.raises(TypeError, match="v and its lower bound C differ in unit"):

        class Mixed(nm.IzhikevichMeanField):
            v = nm.State(-55 * mV, lower="C")


def test_without_input_the_izhikevich_population_comes_to_rest_at_v_r():
    pop = nm.IzhikevichMeanField()
    (rest,) = pop.equilibria()
    assert (rest.r.magnitude, rest.v.magnitude, rest.stable) == (0, -60, True)
    nm.run(pop, 2000 * ms, every=100)
    assert pop.v.magnitude == pytest.approx(-60, abs=1e-9)
    assert nm.IzhikevichMeanField(eta=-1 * pA).equilibria() == []


# ---------------------------------------------------------------- Wilson-Cowan, Jansen-Rit


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


@pytest.mark.slow
def test_every_model_has_its_figure(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "backend", "agg")
    from figures import FIGURES, draw_all

    paths = draw_all(tmp_path)
    assert set(FIGURES) == set(IDS)
    assert [path.stem for path in paths] == list(FIGURES)
    assert all(path.stat().st_size > 10_000 for path in paths)
