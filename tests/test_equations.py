"""What is compiled computes what was written."""

import math
import textwrap

import numpy as np
import pytest
from equation_samples import BODY, SCOPE, VALUES, equations, value
from test_declaration import model

import neuromass as nm
from neuromass.units import ms

# --------------------------------------------------------------------- what can be read


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
