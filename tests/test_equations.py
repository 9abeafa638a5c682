"""What is compiled computes what was written."""

import functools
import math
import operator
import re
import textwrap
import types
from fractions import Fraction
from math import exp

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_declaration import model

import neuromass as nm
from neuromass.units import ms

NAMES = ("x", "y", "p", "q")
VALUES = {"x": 0.7, "y": -1.3, "p": 2.5, "q": 0.3, "tau": 1.0}
BODY = """
    tau = nm.Parameter(1 * ms)
    p = nm.Parameter(2.5)
    q = nm.Parameter(0.3)
    x = nm.State(0.7)
    y = nm.Input(default=-1.3)
    @staticmethod
    def derivatives(x, y, p, q, tau):
        {}
        return ({}) / tau + 0 * (x + y + p + q) / tau
"""


def equations(expression, before="", **extra):
    """The equations of a model whose derivative, times tau, is an expression of x, y, p, q."""
    body = BODY.format(textwrap.indent(before, "        ").strip(), expression)
    return model(body, **{"math": math, **extra}).equations


def value(found, **values):
    (result,) = found.evaluate({**VALUES, **values})
    return result


# ------------------------------------------------------------------------ random trees

LEAVES = st.sampled_from(NAMES) | st.integers(-4, 4) | st.sampled_from([0.5, 2.0, -0.25])
EXACT = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from("+-*"), inner, inner)
        | st.tuples(st.just("neg"), inner)
        | st.tuples(st.just("halved"), inner)
        | st.tuples(st.just("power"), inner, st.integers(0, 4))
    ),
    max_leaves=25,
)
"""Trees whose rewriting changes no number at all, when they are worked out in fractions."""

SMOOTH = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from("+-*"), inner, inner)
        | st.tuples(st.just("neg"), inner)
        | st.tuples(st.sampled_from(["np.tanh", "np.sin", "np.arctan"]), inner)
        | st.tuples(st.just("over"), inner, inner)
        | st.tuples(st.sampled_from(["np.maximum", "np.minimum"]), inner, inner)
        | st.tuples(st.just("where"), LEAVES, LEAVES, inner, inner)
        | st.tuples(st.just("power"), inner, st.integers(0, 3))
    ),
    max_leaves=20,
)


def written(tree):
    """A tree as Python."""
    if not isinstance(tree, tuple):
        return str(tree) if isinstance(tree, str) else f"({tree!r})"
    kind, *rest = tree
    parts = [written(each) for each in rest]
    forms = {
        "neg": "(-{0})",
        "halved": "({0} / 2)",
        "over": "({0} / (1 + {1} * {1}))",
        "power": "({0} ** {1})",
        "where": "np.where({0} > {1}, {2}, {3})",
    }
    if kind in "+-*":
        return f"({parts[0]} {kind} {parts[1]})"
    return forms.get(kind, kind + "({})".format(", ".join(parts))).format(*parts)


FRACTIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "negative": operator.neg,
}


def in_fractions(kind):
    return lambda *values: FRACTIONS[kind](*(Fraction(each) for each in values))


@given(EXACT, st.lists(st.fractions(-3, 3, max_denominator=7), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_rewriting_neither_loses_nor_changes_a_term(tree, numbers):
    text = written(tree)
    values = {**dict(zip(NAMES, numbers, strict=True)), "tau": Fraction(3, 7)}
    found = equations(text)
    (result,) = found.values(found.roots, values, in_fractions)
    own = {"Fraction": Fraction, **values}
    exact = re.sub(r"\d+(\.\d+)?", lambda found: f"Fraction('{found[0]}')", text)
    assert result == eval(exact, own) / values["tau"]


EPS = 2.0**-52


def bounded(tree, values):
    """Value of a tree, a bound of its rounding error, and of the terms it is a sum of."""
    if not isinstance(tree, tuple):
        number = float(values[tree] if isinstance(tree, str) else tree)
        return number, 0.0, abs(number)
    kind, *rest = tree
    if kind == "power":
        rest, kind = [rest[0]] * rest[1], "product"
    if kind == "where":
        one, two = (bounded(each, values)[0] for each in rest[:2])
        return bounded(rest[2] if one > two else rest[3], values)
    return BOUNDS.get(kind, of_slope_one)(kind, *(bounded(each, values) for each in rest))


def summed(kind, first, second):
    (a, ea, ma), (b, eb, mb) = first, second
    return (a + b if kind == "+" else a - b), ea + eb + EPS * (ma + mb), ma + mb


def product(_, *parts):
    number, error, _ = functools.reduce(multiplied, parts, (1.0, 0.0, 1.0))
    return number, error, abs(number) + error


def over(_, first, second):
    (a, ea, _), (b, eb, _) = first, second
    # the quotient has slopes of at most 1 in the one and |a| in the other
    return a / (1 + b * b), ea + (abs(a) + ea) * (eb + 4 * EPS), abs(a) + ea


def extreme(kind, first, second):
    return getattr(np, kind[3:])(first[0], second[0]), *map(max, first[1:], second[1:])


def of_slope_one(kind, part):
    number = float(getattr(np, kind[3:])(part[0]))
    return number, part[1] + 2 * EPS * abs(number), abs(number) + part[1]


BOUNDS = {
    "+": summed,
    "-": summed,
    "*": product,
    "product": product,
    "over": over,
    "neg": lambda _, part: (-part[0], *part[1:]),
    "np.maximum": extreme,
    "np.minimum": extreme,
}


def multiplied(first, second):
    (a, ea, _), (b, eb, _) = first, second
    error = abs(a) * eb + abs(b) * ea + ea * eb
    return a * b, error + EPS * abs(a * b), 0.0


def leaves(tree):
    return 1 + sum(leaves(each) for each in tree[1:]) if isinstance(tree, tuple) else 1


@given(SMOOTH, st.lists(st.floats(-2, 2), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_what_is_read_equals_what_is_written_to_rounding(tree, numbers):
    text = written(tree)
    values = dict(zip(NAMES, numbers, strict=True))
    found = equations(text)
    assert found.written is None
    # A sum of n terms in another order differs by at most n times the error of one order;
    # two roundings more are those of the division by tau.
    number, error, size = bounded(tree, values)
    bound = 2 * (leaves(tree) + 2) * (error + EPS * size)
    scope = {name: np.float64(each) for name, each in values.items()}
    plain = eval(text, {"np": np, **scope})
    assert abs(plain - number) <= bound
    assert abs(value(found, **values) - plain) <= bound


@given(SMOOTH)
@settings(max_examples=50, deadline=None)
def test_the_readable_text_is_python_that_computes_the_same(tree):
    found = equations(written(tree))
    *lines, last = str(found).splitlines()
    assert last.startswith("dx/dt = ")
    scope = {name: np.float64(each) for name, each in VALUES.items()}
    scope |= {name: getattr(np, name) for name in ("tanh", "sin", "arctan")}
    exec("\n".join([*lines, last.replace("dx/dt", "result")]), scope)
    assert scope["result"] == value(found)


# --------------------------------------------------------------------- what can be read


def gain(x):
    return 2.0 * exp(-x) + math.tanh(x)


@numba.njit
def jitted_gain(x):
    return 2.0 * math.exp(-x) + math.tanh(x)


@functools.lru_cache
def cached_gain(x):
    return gain(x)


def powered(x, n, *, scale=1.0):
    return scale * x**n


class Curve:
    def at(self, x):
        return gain(x)


def closed_over(factor):
    def inner(x):
        return factor * math.sin(x)

    return inner


tools = types.ModuleType("tools")
exec("import math\ndef gain(x):\n    return 2.0 * math.exp(-x) + math.tanh(x)\n", vars(tools))
inner_tools = types.ModuleType("inner_tools")
inner_tools.tools = tools
SCOPE = {
    "exp": exp,
    "gain": gain,
    "jitted_gain": jitted_gain,
    "cached_gain": cached_gain,
    "powered": powered,
    "cubed": functools.partial(powered, n=3, scale=0.5),
    "curve": Curve(),
    "sine": closed_over(1.5),
    "short": lambda x: math.cos(x) + 1,
    "tools": tools,
    "inner_tools": inner_tools,
    "W": np.array([1.5, -0.5]),
    "K": 3.25,
    "np": np,
    "math": math,
}


OF_MATH = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "erf",
    "erfc",
    "floor",
    "ceil",
    "fabs",
]
OF_NUMPY = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "floor",
    "ceil",
    "abs",
    "absolute",
    "fabs",
    "square",
    "reciprocal",
    "negative",
    "positive",
    "exp2",
    "sign",
]


@pytest.mark.parametrize(
    "expression",
    [
        *(f"math.{name}(p + x)" for name in OF_MATH),
        *(f"math.{name}(q * x)" for name in ("asin", "acos", "atan", "atanh")),
        *(f"np.{name}(p + x)" for name in OF_NUMPY),
        *(f"np.{name}(q * x)" for name in ("arcsin", "arccos", "arctan", "arctanh")),
        "math.pow(x, 3) + np.power(p, x) + pow(p, 2.5) + np.float_power(p, 2)",
        "math.hypot(x, y) + np.hypot(x, y)",
        "math.log(p, 10) + math.log(x, p) + math.log(p)",
        "np.add(x, y) * np.subtract(x, y) / np.divide(x, y) - np.multiply(x, np.true_divide(y, p))",
        "exp(x)",
        "gain(x) + gain(y)",
        "jitted_gain(x)",
        "cached_gain(x)",
        "powered(x, 3) + powered(x, n=2, scale=q)",
        "cubed(x)",
        "sine(x) * short(x)",
        "tools.gain(x)",
        "inner_tools.tools.gain(x)",
        "(lambda z: z * math.exp(z))(x)",
        "sum([x, y, p]) + sum(n * x for n in range(4))",
        "max(x, y) + min(x, y) + max(x, 0.0, y) + min([x, y, p])",
        "max([1.0, 2.0]) * x + min(3, 4) + max((x, y), key=lambda z: 0.0)",
        "np.maximum(x, y) + np.minimum(x, 0) + abs(y) + abs(-x)",
        "np.clip(x, 0, 0.5) + np.clip(y, a_min=q, a_max=p)",
        "np.clip(x, None, q) + np.clip(x, p, None)",
        "np.where(x > y, x, y) + np.where(x <= 0, 1, p) + np.where(y != 0, 1.0, 2.0)",
        "np.where((x > 0) & (y < 0), x, y) + np.where((x > 0) | (y > 0), x, y)",
        "np.where(~(x > 0), x, y) + np.where((x > 0) ^ (y < 0), x, y) + np.where(x, 1.0, 2.0)",
        "np.where(np.logical_and(x > 0, np.logical_not(y > 0)), x, y)",
        "np.logical_or(x > 0, y > 0) * 2 + np.logical_xor(x > 0, y > 0) * 3",
        "(x > 0) * p + (x > 0) + (y < 0) + 1 / (1.0 + (x > 0)) - (p >= 2) ** 2",
        "np.heaviside(x, 0.5) + np.heaviside(0 * x, 0.5) + np.heaviside(y, 0.5) + np.sign(0 * y)",
        "np.array([x, y]) @ W + np.dot(W, [x, y]) + np.sum([x, y]) + np.mean((x, y, p))",
        "np.exp(np.array([x, y])).sum() + np.prod([x, y])",
        "W[0] * x + K * y + np.pi * p + math.tau",
        "x**2 + x**-1 + x**-3 + x**0 + x**1 + p**0.5 + p**-0.5 + p**1.5 + p**x + 2**x + x**p * 0",
        "x**64 + x**65 + p**70 + p**-70",
        "x / 3 + x / -0.1 + x * 1e-10 / 1e-305 * 1e-294 + x / 1e305",
        "-x + -(-y) - (-(x - y)) + (x - (y - (p - q)))",
        "x - 0.0 + -0.0 * y + 0.0",
        "x / math.inf + np.where(x > 0, 1.0, math.nan)",
        "divmod(7, 2)[0] * x",
        "[x, y, p][1] * {'a': x}['a']",
    ],
)  # fmt: skip
def test_it_can_be_read_and_computes_the_same(expression):
    found = equations(expression, **SCOPE)
    assert found.written is None
    plain = {name: np.float64(each) for name, each in VALUES.items()}
    expected = eval(expression, {**SCOPE, **plain})
    assert value(found) == pytest.approx(float(expected), rel=4e-15)


@pytest.mark.parametrize(
    ("before", "expression"),
    [
        ("import math as m\nfrom math import sin", "m.exp(x) + sin(y)"),
        ("import numpy\nfrom numpy import cos", "numpy.exp(x) + cos(y)"),
        ("total = 0\nfor n in range(1, 5):\n    total = total + x**n / n", "total"),
        ("def inner(z):\n    return z * math.exp(z)", "inner(x) + inner(y)"),
        ("a, b = x + y, x - y\na, b = b, a", "a * b + a"),
        ("z = x\nz += y\nz *= p\nz -= 1\nz /= q", "z"),
        ("values = [x * n for n in range(5)]\nvalues.append(y)", "sum(values)"),
    ],
)
def test_whole_functions_can_be_read(before, expression):
    found = equations(expression, before)
    assert found.written is None
    scope = {**SCOPE, **{name: np.float64(each) for name, each in VALUES.items()}}
    exec(before, scope)
    assert value(found) == pytest.approx(float(eval(expression, scope)), rel=4e-15)


def test_functions_of_scipy_special_can_be_read():
    special = pytest.importorskip("scipy.special")
    found = equations("special.expit(x) + special.erf(y)", special=special)
    assert found.written is None
    assert value(found) == pytest.approx(special.expit(0.7) + special.erf(-1.3), rel=4e-15)


def test_the_printed_equations_are_readable():
    assert str(nm.QIF.equations).splitlines() == [
        "t8 = 3.141592653589793 * tau",
        "t15 = 1.0 / tau",
        "t20 = t8 * r",
        "dr/dt = ((delta / t8) + ((2.0 * r) * v)) * t15",
        "dv/dt = ((((eta + I_ext) + (v * v)) + ((J * tau) * r)) - (t20 * t20)) * t15",
    ]


def test_what_depends_on_parameters_alone_is_computed_once():
    found = model("""
        tau = nm.Parameter(10 * ms)
        p = nm.Parameter(2.5)
        x = nm.State(0.7)
        @staticmethod
        def derivatives(x, p, tau):
            return x * np.exp(p) * 3 / tau - (p * p + 1) ** 2 / tau
    """).equations
    assert len(found.constants()) == 3  # exp(p), 1 / tau, and the second term
    (result,) = found.evaluate({"x": 0.7, "p": 2.5, "tau": 10.0})
    assert result == pytest.approx((2.1 * math.exp(2.5) - 7.25**2) / 10, rel=1e-14)


def test_long_sums_and_deep_formulas_can_be_compiled():
    before = (
        "s = 0\nz = x\nfor n in range(150):\n    s = s + n * y\n    z = q * z + 1 / (p + z * z)"
    )
    cls = model(BODY.format(textwrap.indent(before, "        ").strip(), "s + z"))
    pop = cls(dt=0.001 * ms, method="euler")
    z = 0.7
    for _ in range(150):
        z = 0.3 * z + 1 / (2.5 + z * z)
    pop.advance(0.5)
    assert pop.raw.x == pytest.approx(0.7 + 0.001 * (0.5 * 11175 + z), rel=1e-14)


def test_equations_take_arrays_and_complex_numbers():
    found = equations("x**2 * math.exp(y) + p")
    many = value(found, x=np.array([0.5, 1.5]))
    assert many.tolist() == [value(found, x=0.5), value(found, x=1.5)]
    slope = np.imag(value(found, x=0.7 + 1e-30j)) / 1e-30
    assert slope == pytest.approx(1.4 * math.exp(-1.3), rel=1e-14)


def test_a_difference_in_one_constant_is_a_difference():
    one, two = equations("x * 1.0000000000000002"), equations("x * 1.0000000000000004")
    assert one.identity() != two.identity()
    assert one.identity() == equations("x * 1.0000000000000002").identity()
    assert equations("0.0 * x + y").identity() != equations("-0.0 * x + y").identity()


# ------------------------------------------------------------------------- NaN stays NaN


@pytest.mark.parametrize(
    "expression",
    [
        "max({}, 0.0)",
        "max(0.0, {})",
        "min({}, 0.0)",
        "min(0.0, {})",
        "max(1.0, {}, 2.0)",
        "np.maximum(0.0, {})",
        "np.minimum({}, 0.0)",
        "np.clip({}, 0.0, 1.0)",
        "np.clip(0.5, {}, 1.0)",
        "np.clip(0.5, 0.0, {})",
        "np.sign({})",
        "np.heaviside({}, 0.5)",
        "np.where(x > 0, {}, 1.0)",
        "abs({})",
        "0 * {}",
    ],
)
def test_nan_is_never_hidden(expression):
    found = equations(expression.format("math.sqrt(y)"))
    assert math.isnan(value(found, y=-1.0))
    cls = model(BODY.format("", expression.format("math.sqrt(y)")), math=math)
    pop = cls()
    with pytest.raises(nm.SimulationError, match="x is no longer finite"):
        pop.update(-1.0)
    pop.update(1.0)


def test_a_lower_bound_does_not_hide_nan():
    body = BODY.replace("nm.State(0.7)", "nm.State(0.7, lower=0.0)").format("", "math.sqrt(y)")
    noisy = model(body, math=math)(noise={"x": nm.noise.White(0.1 / ms**0.5)}, seed=1)
    with pytest.raises(nm.SimulationError, match="x is no longer finite"):
        noisy.update(-1.0)


# ---------------------------------------------------------------------- used as written

BRANCHING = """
    tau = nm.Parameter(10 * ms)
    x = nm.State(0.5)
    y = nm.State(-0.5)
    drive = nm.Input()
    @staticmethod
    def derivatives(x, y, drive, tau):
        if x > y:
            return (gain(y * y) - x) / tau, (x - y + drive) / tau
        return (drive - x) / tau, -tools.gain(x * x) / tau
"""


def test_a_function_that_branches_is_used_as_written_and_says_so():
    cls = model(BRANCHING, gain=gain, tools=tools)
    why = "the truth of a value that is known only when it runs"
    assert cls.equations.why == why
    assert str(cls.equations).endswith(f"used as written, because they need {why}")
    assert f"The equations are compiled as written: they need {why}." in cls.__doc__
    pop = cls(dt=0.1 * ms)
    x, y = 0.5, -0.5
    f = cls.derivatives
    branches = set()
    for n in range(200):
        drive = -3.0 + 0.03 * n
        pop.update(drive)
        one = f(x, y, drive, 10.0)
        two = f(x + 0.1 * one[0], y + 0.1 * one[1], drive, 10.0)
        x += 0.05 * (one[0] + two[0])
        y += 0.05 * (one[1] + two[1])
        branches.add(x > y)
    assert branches == {True, False}
    np.testing.assert_allclose([pop.raw.x, pop.raw.y], [x, y], rtol=1e-12)


@pytest.mark.parametrize(
    ("before", "expression"),
    [
        ("", "x % p + y // q"),
        ("", "math.atan2(x, p) + np.fmod(x, q)"),
        ("", "round(x) + int(p) + float(x)"),
        ("", "np.fmax(x, y) + np.copysign(p, y) + np.trunc(p)"),
        ("while x > 0.1:\n    x = x / 2", "x"),
        ("z = 0.0\nfor n in range(int(p)):\n    z += x", "z"),
        ("", "x if x > 0 else y"),
        ("", "1.0 if 0 < x < 1 and not y > 0 else 2.0"),
    ],
)
def test_what_cannot_be_read_computes_the_same(before, expression):
    cls = model(BODY.format(textwrap.indent(before, "        ").strip(), expression), math=math)
    assert cls.equations.written is not None
    pop = cls(dt=1e-3 * ms, method="euler")
    pop.update()
    scope = {**SCOPE, **{name: np.float64(each) for name, each in VALUES.items()}}
    exec(before, scope)
    assert pop.raw.x == pytest.approx(0.7 + 1e-3 * eval(expression, scope), rel=1e-14)


def test_derivatives_may_be_jitted_already():
    for text in ("-x / tau", "-x / tau if x > 0 else x / tau"):
        body = f"""
            tau = nm.Parameter(10 * ms)
            x = nm.State(0.5)
            @staticmethod
            @njit
            def derivatives(x, tau):
                return {text}
        """
        pop = model(body, njit=numba.njit)(method="euler", dt=1 * ms)
        pop.update()
        assert pop.raw.x == pytest.approx(0.45, rel=1e-15)


def test_a_branch_cannot_call_a_parent_and_says_what_to_do():
    with pytest.raises(
        TypeError, match=r"where QIF.derivatives cannot be called\. Write cond.*np.wh"
    ):
        model("""
            @staticmethod
            def derivatives(r, v, I_ext, tau, eta, delta, J):
                if v > 0:
                    I_ext = 0.0
                return nm.QIF.derivatives(r, v, I_ext, tau, eta, delta, J)
        """, "nm.QIF")  # fmt: skip


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="without the JIT, Python runs it")
def test_what_numba_does_not_know_is_refused_with_what_to_do():
    pop = model(BODY.format("", "curve.at(x) if x > 0 else x"), curve=Curve())()
    with pytest.raises(TypeError, match=r"(?s)used as it is written.*arithmetic and.*curve"):
        pop.update()


def test_a_global_that_changes_under_a_model_used_as_written_is_noticed():
    scope = {"nm": nm, "ms": ms, "K": 2.0}
    exec(
        "def helper(x):\n    return K * x\n"
        "class M(nm.Population):\n"
        "    tau = nm.Parameter(10 * ms)\n"
        "    x = nm.State(0.5)\n"
        "    @staticmethod\n"
        "    def derivatives(x, tau):\n"
        "        return helper(x) / tau if x > 0 else -x / tau\n",
        scope,
    )
    scope["M"]().update()
    scope["K"] = 3.0
    with pytest.raises(RuntimeError, match=r"has changed since its class was made.* run the class"):
        scope["M"](shape=2).update()


def test_globals_and_helpers_are_read_at_the_class_statement():
    scope = {"K": 2.0}
    exec("def helper(x):\n    return K * x", scope)
    found = equations("helper(x)", **scope)
    scope["K"] = 3.0
    assert value(found) == 1.4
    assert value(equations("helper(x)", **scope)) == pytest.approx(2.1)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("x + quantity / quantity * quantity", "the quantity 10.0 millisecond: in equations all"),
        ("x * quantity", "declare it as a Parameter"),
        ("(quantity - x)", "plain numbers, without Quantities"),
        ("x + '2'", "'2', which is no number"),
        ("x * 1j", "1j, which is no number"),
        ("x + None", "None, which is no number"),
        ("x * np.ones(2)", "which is no number"),
        ("x + np.random.normal()", "random numbers or other things that change: noise is given by"),
    ],
)
def test_what_has_no_place_in_equations_is_refused(expression, sentence):
    with pytest.raises(TypeError, match=r"The equations of M need .*" + sentence):
        equations(expression, quantity=10 * ms)


def test_conditions_are_combined_and_numbers_are_not():
    with pytest.raises(TypeError, match="& goes between conditions such as x > 0, not numbers"):
        equations("x & y")
