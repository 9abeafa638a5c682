"""Equilibria of the QIF family: all of them, as the roots of a polynomial in the rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromass.dynamics.polynomials import Polynomial


@dataclass(frozen=True)
class Steady:
    """What a steady rate entails in a QIF model; polynomials in y = tau r, or numbers.

    At rest, v = leak/2 - delta/(2 pi y), and
    v^2 - pull v + eta + I_ext + above/below - (pi y)^2 = 0.

    Attributes
    ----------
    above, below : Polynomial or array
        Numerator and denominator of what is added to eta; the denominator is positive.
    leak : Polynomial or array
        What tau dr/dt loses, over r.
    pull : Polynomial or array
        What tau dv/dt loses, over v.
    others : callable
        The steady states beside r and v, by name, at some y.
    """

    above: Any
    below: Any = 1.0
    leak: Any = 0.0
    pull: Any = 0.0
    others: Callable[[Any], Mapping[str, Any]] = lambda _: {}


def of_qif(p: Any, steady: Callable[[Any, Polynomial], Steady]) -> dict[str, Any]:
    """All equilibria of a QIF model in each lane.

    Parameters
    ----------
    p : object
        Parameters and inputs as attributes, arrays over lanes in internal units.
    steady : callable
        Makes a `Steady` of `p` and the polynomial y.

    Returns
    -------
    dict
        State -> (most, lanes), NaN where there are fewer.
    """
    y = Polynomial.unknown(len(p.tau))
    given = steady(p, y)
    x, drive = math.pi * y, p.eta + p.I_ext
    leak = given.leak + 0 * y
    twice = x * leak - p.delta  # 2 x v
    potential = twice**2 - 2 * x * given.pull * twice + 4 * x**2 * (drive - x**2)
    balance = potential * given.below + 4 * x**2 * given.above
    at = balance.positive_roots()
    v = leak(at) / 2 - p.delta / (2 * math.pi * at)
    silent = np.sqrt(np.where((p.delta == 0.0) & (drive <= 0.0), -drive, np.nan))
    second = np.where(silent > 0.0, silent, np.nan)  # the first one is the same at 0
    at = np.concatenate([np.where(np.isnan([silent, second]), np.nan, 0.0), at])
    v = np.concatenate([[-silent, second], v])
    return {"r": at / p.tau, "v": v, **given.others(at)}
