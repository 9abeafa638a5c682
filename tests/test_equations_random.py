"""Equations drawn at random: what is read, rewritten and printed is what was written."""

import functools
import operator
import re
from fractions import Fraction

import numpy as np
from equation_samples import VALUES, equations, value
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("x", "y", "p", "q")
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
