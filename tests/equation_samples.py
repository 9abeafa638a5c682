"""Equations of one line as models, for tests of how they are read."""

import functools
import math
import textwrap
import types
from math import exp

import numba
import numpy as np
from test_declaration import model

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
