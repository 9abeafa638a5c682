"""Excitabilities and potentials of neurons: quantiles, or drawn at random."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.models.heterogeneity import lorentzian_quantiles

Floats = NDArray[np.float64]

DISTRIBUTIONS: Final = ("lorentzian", "gaussian", "uniform")
"""Of which delta is the half-width at half height, the standard deviation, half of the range."""

DRAWS: Final = ("quantiles", "random")


def deviates(distribution: str, draw: str, n: int, seed: int) -> Floats:
    """Ascending excitabilities of n neurons for eta = 0, delta = 1."""
    if distribution == "lorentzian" and draw == "quantiles":
        return np.asarray(lorentzian_quantiles(n))
    if draw == "random":
        shares = np.sort(np.random.default_rng([seed, 1]).random(n))
        shares = np.clip(shares, 2.0**-54, 1.0 - 2.0**-53)
    else:
        shares = (np.arange(n) + 0.5) / n
    if distribution == "lorentzian":
        return np.asarray(np.tan(math.pi * (shares - 0.5)))
    if distribution == "uniform":
        return 2.0 * shares - 1.0
    inverse = NormalDist().inv_cdf
    return np.array([inverse(each) for each in shares.tolist()])


def phases(draw: str, n: int, seed: int) -> Floats:
    """Phases between -pi/2 and pi/2 for n neurons, independent of their excitability.

    Quantiles go round n^0.4 times along the order of the neurons: each stretch of similar
    excitability has all phases, and neighbours fire one after the other, so that counts of spikes
    fluctuate less than by chance, now and later. (With fewer rounds the two are not independent,
    with more the fluctuations are those of a random draw.)
    """
    rng = np.random.default_rng([seed, 2])
    if draw == "random":
        return math.pi * (np.clip(rng.random(n), 2.0**-54, None) - 0.5)
    rounds = (np.arange(n) * n**-0.6 + rng.random()) % 1.0
    ranks = np.empty(n)
    ranks[np.argsort(rounds, kind="stable")] = np.arange(n)
    return math.pi * ((ranks + 0.5) / n - 0.5)


def lorentzian_potentials(r: float, v: float, tau: float, angles: Floats) -> Floats:
    """Potentials of a population with a rate and mean: a Lorentzian of half-width pi tau r."""
    return v + math.pi * tau * r * np.tan(angles)


def resting_potentials(leak: float, inputs: Floats, angles: Floats) -> Floats:
    """Potentials of neurons with constant inputs, each at rest or somewhere in its cycle."""
    left = inputs - 0.25 * leak * leak
    root = np.sqrt(np.abs(left))
    found: Any = np.where(left > 0.0, root * np.tan(angles), -root)
    return np.asarray(found + 0.5 * leak)
