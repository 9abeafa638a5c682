r"""The mean field of Izhikevich neurons with heterogeneous thresholds."""

from __future__ import annotations

import math
from typing import Any, Self

from numpy.polynomial import Polynomial

from neuromass.declaration import Input, Parameter, State
from neuromass.dynamics import equilibria
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
    numbers in mV, nS, pF, pA and ms. Its ik_eta_op is another model, in which the neurons
    differ in their currents.

    References
    ----------
    Gast, Solla and Kennedy, Phys. Rev. E 107, 024306 (2023), doi:10.1103/PhysRevE.107.024306

    Chen and Campbell, J. Comput. Neurosci. 50, 445 (2022), doi:10.1007/s10827-022-00825-9

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import pA
    >>> for rest in nm.IzhikevichMeanField(eta=60 * pA).rest_states():
    ...     print(f"{rest.r:.4f~P} at {rest.v:.3f~P}")
    29.8281 Hz at -48.512 mV
    """

    default_dt = 0.05 * ms
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
        >>> [rest.stable for rest in pop.rest_states()]
        [True, False, True]
        """
        return equilibria.at_rest(cls, {"eta": 30 * pA, **changes})

    def rest_states(self, I_ext: Any = 0 * pA) -> Any:
        """All equilibria at a constant input, with their stability.

        They are the positive roots of a polynomial in r, none is missed, and the stability is
        that of the exact Jacobian. A population whose v would lie below v_r has none.

        Parameters
        ----------
        I_ext : Quantity, optional
            The input.

        Returns
        -------
        list of RestState
            In ascending order of r; see `QIF.rest_states`.

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import pA
        >>> pop = nm.IzhikevichMeanField.regular_spiking()
        >>> len(pop.rest_states(20 * pA))
        1
        """
        return equilibria.rest_states(self, self._held(I_ext, {}, with_units=True))

    @staticmethod
    def _rest(p: Any) -> list[dict[str, float]]:
        """Solve for the rate, with v as the rational function of it that it then is."""
        r = Polynomial([0.0, 1.0])
        drive = p.eta + p.I_ext
        spread = p.delta * p.k**2 / (math.pi * p.C)
        synapse = p.g * p.tau_s * r
        above = r * (p.k * (p.v_r + p.v_t) + synapse) + spread * p.v_r
        below = spread + 2 * p.k * r
        fixed = p.k * p.v_r * p.v_t + p.b * p.v_r + drive + synapse * p.E_r - p.d / p.a * r
        fixed = fixed - math.pi * p.C * r * (p.delta + math.pi * p.C * r / p.k)
        slope = p.k * (p.v_r + p.v_t) + p.b + synapse
        balance = p.k * above**2 - slope * above * below + fixed * below**2
        rates = equilibria.positive_roots(balance.coef)
        pairs = [(rate, above(rate) / below(rate)) for rate in rates]
        pairs = [*((0.0, v) for v in _silent(p, drive)), *pairs]
        return [
            {"r": rate, "v": v, "u": p.b * (v - p.v_r) + p.d * rate / p.a, "s": p.tau_s * rate}
            for rate, v in pairs
            if v >= p.v_r
        ]


def _silent(p: Any, drive: float) -> list[float]:
    """Potentials at which a population rests without firing."""
    if p.delta > 0.0:
        return [p.v_r] if drive == 0.0 else []
    slope = p.k * (p.v_r - p.v_t) - p.b
    inside = slope**2 - 4 * p.k * drive
    if inside < 0.0:
        return []
    roots = {(-slope + sign * math.sqrt(inside)) / (2 * p.k) for sign in (-1.0, 1.0)}
    return sorted(p.v_r + each for each in roots)
