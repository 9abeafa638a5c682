r"""QIF populations with synapses that take time, conductances, or gap junctions."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from neuromass.declaration import Output, Parameter, State
from neuromass.models.qif import QIF
from neuromass.models.steady import Steady, of_qif
from neuromass.units import ms


class QIFSynaptic(QIF):
    r"""A QIF population whose recurrent input passes a synapse of first order.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta + J s + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \tau_s \dot s &= -s + \tau r

    s is the rate, made dimensionless by tau and filtered with the synaptic time constant; J is
    positive for excitation and negative for inhibition. As tau_s goes to 0 it becomes `QIF`.
    With inhibition, it oscillates at gamma frequencies, by the synchrony of spikes that r and v
    carry: a rate equation without v does not. The equations are exact in the limit of `QIF`.

    eta, delta and tau are the defaults of `QIF`; tau_s = 5 ms is a usual decay time of
    inhibitory synapses. The paper's set is `devalle2017`.

    Notes
    -----
    The paper writes Theta for eta, tau_m for tau, tau_d for tau_s and S for s; its J is
    positive and enters as -J S, and its R is the rate.

    References
    ----------
    Devalle, Roxin and Montbrió, PLoS Comput. Biol. 13, e1005881 (2017),
    doi:10.1371/journal.pcbi.1005881

    Examples
    --------
    >>> import neuromass as nm
    >>> (rest,) = nm.QIFSynaptic.devalle2017().equilibria()
    >>> rest.stable
    False
    """

    source = "Devalle, Roxin, Montbrió 2017"

    tau_s = Parameter(5 * ms, positive=True, doc="decay time of the synapse")

    s = State(0.0, doc="synaptic activation")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, s: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, tau_s: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v and s."""
        drdt = (delta / (math.pi * tau) + 2 * r * v) / tau
        dvdt = (v**2 + eta + J * s + I_ext - (math.pi * tau * r) ** 2) / tau
        dsdt = (tau * r - s) / tau_s
        return drdt, dvdt, dsdt

    @classmethod
    def devalle2017(cls, **changes: Any) -> Self:
        """Make the inhibitory population of the paper, which oscillates in the gamma band.

        tau = 10 ms, eta = 4, delta = 0.3, J = -21, tau_s = 5 ms: a limit cycle of 36.3 Hz. With
        tau_s = 10 ms it slows down to 29.4 Hz, a period of 3.4047 tau.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFSynaptic

        Examples
        --------
        Faster synapses leave only damped oscillations:

        >>> import neuromass as nm
        >>> from neuromass.units import ms
        >>> (rest,) = nm.QIFSynaptic.devalle2017(tau_s=0.5 * ms).equilibria()
        >>> print(rest.stability, rest.kind)
        stable focus
        """
        values = {"tau": 10 * ms, "eta": 4.0, "delta": 0.3, "J": -21.0, "tau_s": 5 * ms}
        return cls(**{**values, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve as for QIF: at rest the synapse passes what it is given."""
        found = QIF.solve(p)
        return {**found, "s": p.tau * found["r"]}


class QIFGapJunction(QIF):
    r"""A QIF population with electrical coupling beside the chemical one.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v - g r \\
        \tau \dot v &= v^2 + \eta + J \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2

    Gap junctions of strength g add :math:`g (v - V_j)` to the equation of every neuron. They
    leave the mean potential alone and pull the neurons together, which can make them fire in
    synchrony. The equations are exact in the limit of `QIF`.

    eta, delta and tau are the defaults of `QIF`, and g = 0 until asked for: see `pietras2019`.

    Notes
    -----
    The Hopf bifurcation lies at v = g/4, tau r = 2 delta/(pi g). PyRates' qif_gap has the same
    g.

    References
    ----------
    Pietras, Devalle, Roxin, Daffertshofer and Montbrió, Phys. Rev. E 100, 042412 (2019),
    doi:10.1103/PhysRevE.100.042412

    Examples
    --------
    >>> import neuromass as nm
    >>> for g in (0.0, 2.0):
    ...     (rest,) = nm.QIFGapJunction(eta=2.0, g=g).equilibria()
    ...     print(rest.stability)
    stable
    unstable
    """

    source = "Pietras, Devalle, Roxin, Daffertshofer, Montbrió 2019"

    g = Parameter(0.0, nonnegative=True, doc="strength of the electrical coupling")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, I_ext: Any, tau: Any, eta: Any, delta: Any, J: Any, g: Any
    ) -> Any:
        """Return the rates of change of r and v."""
        drdt = (delta / (math.pi * tau) + 2 * r * v - g * r) / tau
        dvdt = (v**2 + eta + J * tau * r + I_ext - (math.pi * tau * r) ** 2) / tau
        return drdt, dvdt

    @classmethod
    def pietras2019(cls, **changes: Any) -> Self:
        """Make a population that gap junctions alone synchronise: eta = 2, delta = 1, g = 2, J = 0.

        It lies beyond the Hopf bifurcation (at eta = 0.75 for these g and J) that the paper
        gives in closed form, on a limit cycle of period 2.2548 tau.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFGapJunction

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIFGapJunction.pietras2019(eta=0.5)
        >>> [rest.kind for rest in pop.equilibria() if rest.stable]
        ['focus']
        """
        return cls(**{"eta": 2.0, "delta": 1.0, "J": 0.0, "g": 2.0, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate with the potential that balances the gap junctions' loss."""
        return of_qif(p, lambda p, y: Steady(p.J * y, leak=p.g))


class QIFAsymmetricSpikes(QIFGapJunction):
    r"""A QIF population with gap junctions, whose spikes are higher than deep, or the reverse.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v - g r \\
        \tau \dot v &= v^2 + \eta + (J - g \ln a) \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2

    Here a is ``asymmetry``: neurons fire at a potential :math:`V_p` and are reset to
    :math:`-a V_p`, and :math:`V_p` goes to infinity. Gap junctions pull neurons to their mean
    potential, :math:`v - \tau r \ln a`, which is the output ``v_mean``: spikes that are deeper
    than high, a > 1, lower it as an inhibitory synapse does, and high ones raise it. With a = 1
    it is `QIFGapJunction`; without gap junctions asymmetry changes nothing. The equations are
    exact in the limit of `QIF`.

    g = 0 and a = 1 until asked for; the rest are the defaults of `QIF`.

    Notes
    -----
    The state v is the centre of the Lorentzian distribution of potentials. The Hopf bifurcation
    lies at v = g/4, tau r = 2 delta/(pi g), as for `QIFGapJunction` with J - g ln a for J. The
    packages that have the other QIF models do not have this one.

    References
    ----------
    Montbrió and Pazó, Phys. Rev. Lett. 125, 248101 (2020), doi:10.1103/PhysRevLett.125.248101

    Examples
    --------
    Gap junctions synchronise neurons with high spikes, and not those with deep ones:

    >>> import neuromass as nm
    >>> for asymmetry in (0.5, 1.0, 4.0):
    ...     (rest,) = nm.QIFAsymmetricSpikes(eta=1.0, g=2.0, asymmetry=asymmetry).equilibria()
    ...     print(asymmetry, rest.stability)
    0.5 unstable
    1.0 unstable
    4.0 stable
    """

    source = "Montbrió, Pazó 2020"

    asymmetry = Parameter(1.0, positive=True, doc="depth of the reset over the height of spikes")

    v_mean = Output(
        lambda r, v, tau, asymmetry: v - tau * r * np.log(asymmetry),
        doc="mean potential, which gap junctions pull to",
    )

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, g: Any, asymmetry: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r and v."""
        recurrent = (J - g * np.log(asymmetry)) * tau * r
        drdt = (delta / (math.pi * tau) + 2 * r * v - g * r) / tau
        dvdt = (v**2 + eta + recurrent + I_ext - (math.pi * tau * r) ** 2) / tau
        return drdt, dvdt

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve as with gap junctions alone, of which a part acts as a chemical synapse."""
        return of_qif(p, lambda p, y: Steady((p.J - p.g * np.log(p.asymmetry)) * y, leak=p.g))


class QIFConductance(QIF):
    r"""A QIF population coupled by conductances, with synapses of second order.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v - g r \\
        \tau \dot v &= v^2 + \eta + g (v_\mathrm{syn} - v) + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \tau_s \dot g &= q \\
        \tau_s \dot q &= \kappa \pi \tau r - g - 2 q

    g is the synaptic conductance, the rate filtered with an alpha kernel of time constant
    tau_s; v_syn is the potential towards which it pulls, far below the neurons' for inhibition.
    There is no J: kappa is the strength. The equations are exact in the limit of `QIF`.

    kappa is 0 until asked for, and v_syn and tau_s are the values of `coombes2019`, times
    tau = 10 ms; eta, delta and tau are the defaults of `QIF`.

    Notes
    -----
    The book chapter, and TVB's CoombesByrne after it, has tau = 1 and writes alpha for
    1 / tau_s and k for kappa. PyRates' qif_conduct is another model: its synapse is of first
    order.

    References
    ----------
    Coombes and Byrne, Next generation neural mass models, in: Nonlinear Dynamics in
    Computational Neuroscience, Springer (2019), doi:10.1007/978-3-319-71048-8_1

    Examples
    --------
    >>> import neuromass as nm
    >>> (rest,) = nm.QIFConductance.coombes2019().equilibria()
    >>> print(rest.stability, rest.kind)
    unstable saddle-focus
    """

    source = "Coombes, Byrne 2019"

    J = None
    kappa = Parameter(0.0, nonnegative=True, doc="strength of the synapses")
    v_syn = Parameter(-10.0, doc="reversal potential of the synapses")
    tau_s = Parameter(10 / 0.95 * ms, positive=True, doc="time constant of the synapses")

    g = State(0.0, doc="synaptic conductance")
    q = State(0.0, doc="growth of the conductance")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, g: Any, q: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, kappa: Any, v_syn: Any, tau_s: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, g and q."""
        drdt = (delta / (math.pi * tau) + 2 * r * v - g * r) / tau
        dvdt = (v**2 + eta + g * (v_syn - v) + I_ext - (math.pi * tau * r) ** 2) / tau
        dgdt = q / tau_s
        dqdt = (kappa * math.pi * tau * r - g - 2 * q) / tau_s
        return drdt, dvdt, dgdt, dqdt

    @classmethod
    def coombes2019(cls, **changes: Any) -> Self:
        """Make the oscillating inhibitory population of the book chapter.

        eta = 20, delta = 0.5, v_syn = -10, kappa = 1, tau_s = tau/0.95: a limit cycle of
        period 2.0829 tau, between Hopf bifurcations at eta = 3.930 and 23.401. It begins at
        g = 1.6, near the cycle: from g = 0 the first burst is so violent that the default step
        is too long for it.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFConductance

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stable for rest in nm.QIFConductance.coombes2019(eta=25.0).equilibria()]
        [True]
        """
        values = {"tau": 10 * ms, "eta": 20.0, "delta": 0.5, "v_syn": -10.0}
        more = {"kappa": 1.0, "tau_s": 10 / 0.95 * ms, "initial": {"g": 1.6}}
        return cls(**{**values, **more, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate with the conductance that it entails."""
        gain = p.kappa * math.pi
        others = lambda y: {"g": gain * y, "q": 0.0}
        steady = lambda p, y: Steady(gain * p.v_syn * y, 1.0, gain * y, gain * y, others)
        return of_qif(p, steady)
