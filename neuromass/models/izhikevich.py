r"""Mean fields of Izhikevich neurons with heterogeneous thresholds, or currents."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Parameter, State
from neuromass.dynamics.polynomials import Polynomial
from neuromass.populations.population import Population
from neuromass.units import Hz, ms, mV, nS, pA, pF


class IzhikevichMeanField(Population):
    r"""The mean field of Izhikevich neurons whose spike thresholds differ.

    .. math::

        C \dot r &= \frac{\Delta k^2 (v - v_r)}{\pi C} + r \bigl(k (2 v - v_r - v_t) - g s\bigr) \\
        C \dot v &= k (v - v_r)(v - v_t) + \eta + I_\mathrm{ext}(t) - u + g s (E_r - v)
            - \pi C r \Bigl(\Delta + \frac{\pi C r}{k}\Bigr) \\
        \dot u &= a \bigl(b (v - v_r) - u\bigr) + d r \\
        \dot s &= -\frac{s}{\tau_s} + r

    The neurons

    .. math::

        C \dot V_j = k (V_j - v_r)(V_j - \theta_j) + \eta + I_\mathrm{ext} - u + g s (E_r - V_j)

    have thresholds :math:`\theta_j` from a Lorentzian of centre v_t and half-width
    :math:`\Delta`, and are coupled all to all by conductances. The equations are an
    approximation of Izhikevich's model: every neuron feels the same u, which follows the mean
    potential and the population's rate, while his neurons recover each from its own spikes.

    The equations hold for v above v_r only: below, the rate would turn negative. A population
    that falls there, for example by an inhibitory current, stops with a `SimulationError`; one
    with noise is held at v_r.

    The defaults are those of regular spiking neurons: Izhikevich's C, k, v_r, v_t, a and b, and
    the values of the 2023 paper for the rest. Without input eta = 0 puts the population to rest
    at v_r exactly; `regular_spiking` has it where it is bistable.

    Notes
    -----
    PyRates' ik_theta_op has the same equations; there ``E_r``, ``v_r`` and the rest are plain
    numbers in mV, nS, pF, pA and ms. Its ik_eta_op, in which the neurons
    differ in their currents, is `IzhikevichCurrents`.

    References
    ----------
    Gast, Solla and Kennedy, Phys. Rev. E 107, 024306 (2023), doi:10.1103/PhysRevE.107.024306

    Chen and Campbell, J. Comput. Neurosci. 50, 445 (2022), doi:10.1007/s10827-022-00825-9

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import pA
    >>> for rest in nm.IzhikevichMeanField(eta=60 * pA).equilibria():
    ...     print(f"{rest.r:.4f~P} at {rest.v:.3f~P}")
    29.8281 Hz at -48.512 mV
    """

    default_dt = 0.05 * ms
    family = "Izhikevich neurons"
    exact_for = "approximate: each neuron's recovery is replaced by the population's"
    source = "Gast, Solla, Kennedy 2023; Chen, Campbell 2022"

    C = Parameter(100 * pF, positive=True, doc="membrane capacitance")
    k = Parameter(0.7 * nS / mV, positive=True, doc="how steeply the current grows with v")
    v_r = Parameter(-60 * mV, doc="resting potential")
    v_t = Parameter(-40 * mV, doc="centre of the distribution of thresholds")
    delta = Parameter(1 * mV, nonnegative=True, doc="half-width of the distribution of thresholds")
    g = Parameter(15 * nS, nonnegative=True, doc="synaptic conductance")
    E_r = Parameter(0 * mV, doc="reversal potential of the synapses")
    tau_s = Parameter(6 * ms, positive=True, doc="decay time of the synapses")
    a = Parameter(0.03 / ms, positive=True, doc="rate of recovery")
    b = Parameter(-2 * nS, doc="how strongly recovery follows v")
    d = Parameter(10 * pA, doc="what every spike adds to the recovery current")
    eta = Parameter(0 * pA, doc="constant current")

    r = State(0 * Hz, lower=0 * Hz, doc="firing rate")
    v = State(-55 * mV, lower="v_r", doc="mean membrane potential")
    u = State(0 * pA, doc="recovery current")
    s = State(0.0, doc="synaptic activation")

    I_ext = Input(pA, doc="external current, common to all neurons")

    @staticmethod
    def derivatives(
        r: Any, v: Any, u: Any, s: Any, I_ext: Any,
        C: Any, k: Any, v_r: Any, v_t: Any, delta: Any, g: Any, E_r: Any, tau_s: Any,
        a: Any, b: Any, d: Any, eta: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, u and s."""
        spread = delta * k**2 * (v - v_r) / (math.pi * C)
        drdt = (spread + r * (k * (2 * v - v_r - v_t) - g * s)) / C
        current = k * (v - v_r) * (v - v_t) + eta + I_ext - u + g * s * (E_r - v)
        dvdt = (current - math.pi * C * r * (delta + math.pi * C * r / k)) / C
        dudt = a * (b * (v - v_r) - u) + d * r
        dsdt = r - s / tau_s
        return drdt, dvdt, dudt, dsdt

    @classmethod
    def regular_spiking(cls, **changes: Any) -> Self:
        """Make the population of regular spiking neurons of the 2023 paper, where it is bistable.

        delta = 1 mV, g = 15 nS, eta = 30 pA, between the folds at 23.62 and 40.67 pA. It starts
        in its quiet state; an additional current of more than 10.67 pA switches it on.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        IzhikevichMeanField

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.IzhikevichMeanField.regular_spiking()
        >>> [rest.stable for rest in pop.equilibria()]
        [True, False, True]
        """
        return cls(**{"eta": 30 * pA, "initial": "rest", **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate, with v as the rational function of it that it then is."""
        r = Polynomial.unknown(len(p.C))
        drive = p.eta + p.I_ext
        spread = p.delta * p.k**2 / (math.pi * p.C)
        above = r * (p.k * (p.v_r + p.v_t) + p.g * p.tau_s * r) + spread * p.v_r
        below = spread + 2 * p.k * r
        spikes = math.pi * p.C * r * (p.delta + math.pi * p.C * r / p.k)
        balance = _balance(p, r, above, below, spikes)
        balance.coefficients[0] = spread**2 * drive  # what is left of it, without rounding
        rate = balance.positive_roots()
        v = above(rate) / below(rate)
        silent = _silent(p, drive)
        rate = np.concatenate([np.where(np.isnan(silent), np.nan, 0.0), rate])
        v = np.concatenate([silent, v])
        rate = np.where(v >= p.v_r, rate, np.nan)
        return {"r": rate, "v": v, "u": p.b * (v - p.v_r) + p.d * rate / p.a, "s": p.tau_s * rate}


def _balance(p: Any, r: Any, above: Any, below: Any, spikes: Any) -> Any:
    """What is 0 at rest, as a polynomial of the rate; the potential is `above` over `below`.

    `spikes` is the current that spikes take away.
    """
    synapse = p.g * p.tau_s * r
    drive = p.eta + p.I_ext
    fixed = p.k * p.v_r * p.v_t + p.b * p.v_r + drive + synapse * p.E_r - p.d / p.a * r - spikes
    slope = p.k * (p.v_r + p.v_t) + p.b + synapse
    return p.k * above**2 - slope * above * below + fixed * below**2


def _silent(p: Any, drive: Any) -> Any:
    """Potentials at which a population rests without firing, (2, lanes)."""
    narrow = _silent_at_all(p, drive)
    at_edge = np.stack([np.where(drive == 0.0, p.v_r, np.nan), np.full_like(drive, np.nan)])
    return np.where(p.delta > 0.0, at_edge, narrow)


class IzhikevichCurrents(IzhikevichMeanField):
    r"""The mean field of Izhikevich neurons whose background currents differ.

    .. math::

        C \dot r &= \frac{\Delta k}{\pi C} + r \bigl(k (2 v - v_r - v_t) - g s\bigr) \\
        C \dot v &= k (v - v_r)(v - v_t) + \eta + I_\mathrm{ext}(t) - u + g s (E_r - v)
            - \frac{(\pi C r)^2}{k} \\
        \dot u &= a \bigl(b (v - v_r) - u\bigr) + d r \\
        \dot s &= -\frac{s}{\tau_s} + r

    The neurons

    .. math::

        C \dot V_j = k (V_j - v_r)(V_j - v_t) + \eta_j + I_\mathrm{ext} - u + g s (E_r - V_j)

    have currents :math:`\eta_j` from a Lorentzian of centre eta and half-width
    :math:`\Delta`, a current as well. As in `IzhikevichMeanField` every neuron feels the same
    u, which makes the equations an approximation; with d = b = 0 they are exact. They hold for
    all potentials.

    The defaults are those of regular spiking neurons, as of `IzhikevichMeanField`, with a
    half-width of 10 pA.

    Notes
    -----
    PyRates' ik_eta_op has the same equations; its Delta is ours over k, in mV squared. Chen and
    Campbell have them without units.

    References
    ----------
    Chen and Campbell, J. Comput. Neurosci. 50, 445 (2022), doi:10.1007/s10827-022-00825-9

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import pA
    >>> for rest in nm.IzhikevichCurrents(eta=60 * pA).equilibria():
    ...     print(f"{rest.r:.4f~P} at {rest.v:.3f~P}")
    31.8534 Hz at -48.452 mV
    """

    exact_for = "approximate: each neuron's recovery is replaced by the population's"
    source = "Chen, Campbell 2022"

    delta = Parameter(10 * pA, nonnegative=True, doc="half-width of the distribution of currents")

    v = State(-55 * mV, doc="mean membrane potential")

    @staticmethod
    def derivatives(
        r: Any, v: Any, u: Any, s: Any, I_ext: Any,
        C: Any, k: Any, v_r: Any, v_t: Any, delta: Any, g: Any, E_r: Any, tau_s: Any,
        a: Any, b: Any, d: Any, eta: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, u and s."""
        drdt = (delta * k / (math.pi * C) + r * (k * (2 * v - v_r - v_t) - g * s)) / C
        current = k * (v - v_r) * (v - v_t) + eta + I_ext - u + g * s * (E_r - v)
        dvdt = (current - (math.pi * C * r) ** 2 / k) / C
        dudt = a * (b * (v - v_r) - u) + d * r
        dsdt = r - s / tau_s
        return drdt, dvdt, dudt, dsdt

    @classmethod
    def regular_spiking(cls, **changes: Any) -> Self:
        """Make a population of regular spiking neurons, where it is bistable.

        delta = 10 pA, g = 15 nS, eta = 25 pA, between the folds at 19.28 and 32.03 pA. It starts
        in its quiet state; an additional current of more than 7.03 pA switches it on.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        IzhikevichCurrents

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.IzhikevichCurrents.regular_spiking()
        >>> [rest.stable for rest in pop.equilibria()]
        [True, False, True]
        """
        return cls(**{"eta": 25 * pA, "initial": "rest", **changes})

    @classmethod
    def chen2022(cls, **changes: Any) -> Self:
        """Make the bursting population of Chen and Campbell, of hippocampal pyramidal cells.

        C = 250 pF, k = 2.5 nS/mV, v_r = -65 mV, v_t = -24.6 mV, g = 246.15 nS, E_r = 0 mV,
        tau_s = 4 ms, a = 0.005/ms, b = -1 nS, d = 200 pA, eta = 1267.5 pA, delta = 211.25 pA:
        the paper's 0.12 and 0.02 times :math:`k v_r^2`, and its 200 nS times the 1.2308 by which
        a spike opens synapses. Bursts come every 349.7 ms.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        IzhikevichCurrents

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stable for rest in nm.IzhikevichCurrents.chen2022().equilibria()]
        [False]
        """
        neurons = {"C": 250 * pF, "k": 2.5 * nS / mV, "v_r": -65 * mV, "v_t": -24.6 * mV}
        synapses = {"g": 200 * 0.8 / 0.65 * nS, "E_r": 0 * mV, "tau_s": 4 * ms}
        recovery = {"a": 0.005 / ms, "b": -1 * nS, "d": 200 * pA}
        currents = {"eta": 1267.5 * pA, "delta": 211.25 * pA}
        return cls(**{**neurons, **synapses, **recovery, **currents, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate, with v as the rational function of it that it then is."""
        r = Polynomial.unknown(len(p.C))
        drive = p.eta + p.I_ext
        spread = p.delta * p.k / (math.pi * p.C)
        above = r * (p.k * (p.v_r + p.v_t) + p.g * p.tau_s * r) - spread
        below = 2 * p.k * r
        balance = _balance(p, r, above, below, (math.pi * p.C * r) ** 2 * (1.0 / p.k))
        alike = p.delta == 0.0  # then the rate is a factor of it, twice
        balance.coefficients[:2] = np.where(alike, 0.0, balance.coefficients[:2])
        rate = balance.positive_roots()
        v = above(rate) / below(rate)
        silent = np.where(alike, _silent_at_all(p, drive), np.nan)
        rate = np.concatenate([np.where(np.isnan(silent), np.nan, 0.0), rate])
        v = np.concatenate([silent, v])
        return {"r": rate, "v": v, "u": p.b * (v - p.v_r) + p.d * rate / p.a, "s": p.tau_s * rate}


def _silent_at_all(p: Any, drive: Any) -> Any:
    """Potentials at which neurons that are all alike rest without firing, (2, lanes)."""
    slope = p.k * (p.v_r - p.v_t) - p.b
    root = np.sqrt(slope**2 - 4 * p.k * drive)
    ends = np.stack([p.v_r + (-slope + sign * root) / (2 * p.k) for sign in (-1.0, 1.0)])
    ends[1] = np.where(root > 0.0, ends[1], np.nan)
    return ends
