"""Derivatives that cannot be read are used as they are written, and say so."""

import math
import textwrap

import numba
import numpy as np
import pytest
from equation_samples import BODY, SCOPE, VALUES, Curve, gain, tools
from test_declaration import model

import neuromass as nm
from neuromass.units import ms

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
    assert cls.equations.reason == why
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
