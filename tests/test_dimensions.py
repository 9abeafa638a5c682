"""Equations that do not balance are refused, with the state and both units."""

import inspect
import math
import re
import textwrap

import numpy as np
import pytest
from test_declaration import model

import neuromass as nm
from neuromass.units import UnitError

SOURCE = "\n".join(
    line
    for line in textwrap.dedent(inspect.getsource(nm.QIF.derivatives)).splitlines()
    if "=" in line or "return" in line
)
"""The two equations of QIF as they are printed, and what is returned."""


def qif(equations):
    body = "@staticmethod\ndef derivatives(r, v, I_ext, tau, eta, delta, J):\n"
    return model(body + textwrap.indent(equations, "    "), "nm.QIF", "Q", math=np)


def changed(name, new):
    """The equations with one use of a name changed, for every use of it."""
    for found in re.finditer(rf"\b{name}\b", SOURCE):
        yield SOURCE[: found.start()] + new + SOURCE[found.end() :]


def test_the_equations_themselves_balance():
    assert SOURCE.count("tau") == 5
    assert qif(SOURCE).equations.arithmetic() == nm.QIF.equations.arithmetic()


@pytest.mark.parametrize("new", ["1.0", "(tau * tau)", "tau**0.5", "(1 / tau)"])
@pytest.mark.parametrize("place", range(5))
def test_a_tau_that_is_dropped_or_doubled_is_refused(place, new):
    equations = list(changed("tau", new))[place]
    state = "r" if equations.splitlines()[1] == SOURCE.splitlines()[1] else "v"
    with pytest.raises(UnitError) as error:
        qif(equations)
    sentence = str(error.value)
    assert sentence.startswith("Q does not balance: ")
    assert f"d{state}/dt" in sentence
    assert len(re.findall(r"(?:, in|comes out in|needs) (?:no unit|1?/?ms)", sentence)) == 2


def test_a_square_in_place_of_a_rate_is_refused():
    cases = list(changed("r", "(r * r)"))
    assert len(cases) == 3
    for equations in cases:
        with pytest.raises(UnitError, match=r"Q does not balance: in d[rv]/dt"):
            qif(equations)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "2 * r * v) / tau",
            "2 * r * v)",
            "Q does not balance: dr/dt comes out in 1/ms, but r is in Hz, so its derivative "
            "needs 1/ms**2.",
        ),
        (
            "J * tau * r",
            "J * r",
            "Q does not balance: in dv/dt, `J * r`, in 1/ms, is added to `(v * v) + eta`, in no "
            "unit.",
        ),
    ],
)
def test_messages_in_full(old, new, sentence):
    with pytest.raises(UnitError) as error:
        qif(SOURCE.replace(old, new))
    assert str(error.value) == sentence


BODY = """
    tau = nm.Parameter(10 * ms, positive=True)
    slope = nm.Parameter(2 * mV)
    count = nm.Parameter(2.0)
    v = nm.State(-60 * mV)
    n = nm.State(0.5)
    rate = nm.Input(Hz)
    @staticmethod
    def derivatives(v, n, rate, tau, slope, count):
        return {}, {}
"""


def two(dvdt="v / tau + count * slope / tau", dndt="rate - n / tau"):
    return model(BODY.format(dvdt, dndt))


@pytest.mark.parametrize(
    ("dvdt", "sentence"),
    [
        ("np.exp(v) * slope / tau + count", "exp is taken of `v`, in mV"),
        ("np.exp(v / tau) * slope / tau", "exp is taken of `v * (1.0 / tau)`, in mV/ms"),
        ("np.tanh(rate) * slope * rate", "tanh is taken of `rate`, in 1/ms"),
        ("math.log(v) * slope * rate", "log is taken of `v`, in mV"),
        ("math.erf(v) * slope * rate", "erf is taken of `v`, in mV"),
        ("np.floor(v) * rate", "floor is taken of `v`, in mV"),
        ("count**v / tau * slope", "`count` is raised to the power `v`, in mV"),
        ("slope**count / tau", "`slope`, in mV, is raised to a power that is not a plain number"),
        ("(v + 1) / tau", "`1.0`, in no unit, is added to `v`, in mV"),
        ("(v - count) / tau", "`count`, in no unit, is subtracted from `v`, in mV"),
        ("(v + 5 * rate) / tau", "`5.0 * rate`, in 1/ms, is added to `v`, in mV"),
        ("np.where(v > 5, v, slope) / tau", "`5.0`, in no unit, is compared with `v`, in mV"),
        ("np.where(n > 5, v, n) / tau", "`n`, in no unit, is an alternative to `v`, in mV"),
        ("np.maximum(v, 1.0) / tau", "`1.0`, in no unit, is compared with `v`, in mV"),
        ("max(v, rate) / tau", "`rate`, in 1/ms, is compared with `v`, in mV"),
        ("np.clip(v, 0, 1) / tau", "is compared with"),
        ("np.hypot(v, rate) / tau", "is added to"),
        ("abs(rate) * n", "dv/dt comes out in 1/ms, but v is in mV, so its derivative needs mV/ms"),
        ("np.sqrt(v) / tau", "comes out in mV**0.5/ms, but v is in mV"),
        ("v**2 / tau", "comes out in mV**2/ms, but"),
        ("v**1.5 / tau", "comes out in mV**1.5/ms, but"),
        ("1.0 / v / tau", "comes out in 1/mV/ms, but"),
        ("n / tau", "comes out in 1/ms, but v is in mV"),
        ("3.0", "comes out in no unit, but v is in mV"),
    ],
)
def test_what_has_no_meaning_is_refused(dvdt, sentence):
    with pytest.raises(UnitError) as error:
        model(BODY.format(dvdt, "rate - n / tau"), math=math)
    assert sentence in str(error.value)
    assert "dv/dt" in str(error.value)


@pytest.mark.parametrize(
    "dvdt",
    [
        "np.exp(v / slope) * slope * rate + 0 * count * v / tau",
        "np.sqrt(v * v) * rate * count",
        "(v**3 / slope**2) * rate * count",
        "(v**1.5 / slope**0.5) * rate * count",
        "np.where(v > slope, v, slope) * rate * count",
        "max(v, 0) * rate * count",
        "np.maximum(v, 0.0) / tau * count**n + slope * rate",
        "(v + 0) * rate * (slope / slope) * count",
        "abs(-v) * rate * count * np.sign(v) * (slope / slope)",
        "np.where(n > 0.5, v, 0) * rate * count * (slope / slope)",
        "np.hypot(v, slope) * rate * count",
        "sum([v, slope]) * rate * count",
        "0.0 * count * slope * rate",
    ],
)
def test_what_balances_is_accepted(dvdt):
    assert two(dvdt).equations.written is None


def test_a_derivative_may_be_nothing():
    assert two("0.0 * slope * count * rate * n", "0").equations.written is None


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "if v > 0: n = v\n    return v / tau, n * rate",
            "dn/dt comes out in mV/ms, but n is in no",
        ),
        (
            "if v > 0: return v / tau, n * rate\n    return v, n * rate",
            "dv/dt comes out in mV, but",
        ),
        ("if v > slope: return v / tau, n * rate\n    return v, n * rate", "dv/dt comes out in mV"),
        (
            "if v > 1: return v / tau, n * rate\n    return 2 * v / tau, n * rate",
            "is compared with",
        ),
        ("while n > 1: n = n / 2 + v\n    return v / tau, n * rate", "`v`, in mV, is added to"),
        ("return (v % tau) / tau, n * rate", "floor is taken of `v * (1.0 / tau)`, in mV/ms"),
        ("return np.fmod(v, rate) / tau, n * rate", "floor is taken of `v / rate`, in mV*ms"),
        ("return v // slope * rate, n * rate", "dv/dt comes out in 1/ms, but"),
        ("return math.gamma(v) * slope * rate, n * rate", "gamma is taken of `v`, in mV"),
        ("return math.atan2(n, v) * slope * rate, n * rate", "atan2 is taken of `v`, in mV"),
        ("return slope * float(v) * rate, n * rate", "float is taken of `v`, in mV"),
        ("return slope * int(v) * rate, n * rate", "int is taken of `v`, in mV"),
        ("return round(v) * rate, n * rate", "floor is taken of `v`, in mV"),
    ],
)
def test_every_branch_of_a_model_used_as_written_is_checked(lines, sentence):
    body = textwrap.dedent(BODY[: BODY.index("    return")])
    with pytest.raises(UnitError) as error:
        model(body + textwrap.indent(lines.replace("\n    ", "\n"), "    "), math=math)
    assert sentence in str(error.value)
    assert re.search(r"d[vn]/dt|what v and n depend on", str(error.value))


def test_branches_that_balance_are_accepted():
    cls = model("""
        tau = nm.Parameter(10 * ms)
        top = nm.Parameter(2 * mV)
        v = nm.State(-60 * mV)
        @staticmethod
        def derivatives(v, tau, top):
            if v < 0:
                if v < -top:
                    return -v / tau
                return top / tau
            elif v > 3 * top:
                raise ValueError("this branch has no value")
            return (v % top) / tau
    """)
    assert "used as written" in str(cls.equations)


def test_outputs_are_checked():
    body = BODY.format("v / tau + count * slope / tau", "rate - n / tau")
    good = model(body + "    y = nm.Output(lambda v, tau: v / tau, 'mV/ms')\n")
    assert good().y.units == nm.units.mV / nm.units.ms
    with pytest.raises(UnitError, match="y comes out in mV/ms, but it was declared in mV"):
        model(body + "    y = nm.Output(lambda v, tau: v / tau, mV)\n")
    with pytest.raises(UnitError, match="in y, exp is taken of `v`, in mV"):
        model(body + "    y = nm.Output(lambda v: np.exp(v))\n")


def test_long_formulas_are_cut():
    long = " + ".join(f"{i} * v" for i in range(60))
    with pytest.raises(UnitError) as error:
        two(f"({long} + rate) / tau")
    assert "`rate`, in 1/ms, is added to `" in str(error.value)
    assert len(str(error.value)) < 300
    with pytest.raises(UnitError, match=r"exp is taken of `.{0,70}\.\.\..{0,70}`, in mV"):
        two(f"v / tau + np.exp({long}) * rate")


def test_the_error_carries_both_units():
    with pytest.raises(UnitError) as error:
        two("v")
    assert (error.value.units1, error.value.units2) == ("mV", "mV/ms")
