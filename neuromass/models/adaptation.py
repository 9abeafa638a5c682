r"""QIF populations with spike-frequency adaptation."""

from __future__ import annotations

import math
from typing import Any, Self

from neuromass.declaration import Parameter, State
from neuromass.models.qif import QIF
from neuromass.models.steady import Steady, of_qif
from neuromass.units import ms


class QIFAdaptation(QIF):
    r"""A QIF population with spike-frequency adaptation of one exponential.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta - a + J \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \dot a &= -\frac{a}{\tau_a} + \alpha r

    Every spike adds alpha to a, which decays with tau_a; at a steady rate a is
    ``alpha * tau_a * r``. The equations are exact for neurons that all feel the same a, driven
    by the population's rate; for neurons that adapt to their own spikes they are an
    approximation, good for weak and slow adaptation.

    eta, delta and tau are the defaults of `QIF`; alpha = 1 and tau_a = 10 tau are those of the
    2020 paper, whose full set is `gast2020`.

    Notes
    -----
    The paper has tau = 1 and its rates per tau, so that its alpha is ours. In units of tau, a
    Hopf bifurcation bounds the bursting regime on either side: with `gast2020`'s values at
    eta = -3.923 and -0.386.

    See Also
    --------
    QIFAlphaAdaptation : the same with a kernel that rises before it decays, as in the paper's
        figures of bursting, in TVB and in PyRates.

    References
    ----------
    Gast, Schmidt and Knösche, Neural Comput. 32, 1615 (2020), doi:10.1162/neco_a_01300

    Examples
    --------
    Adaptation holds the rate down:

    >>> import neuromass as nm
    >>> free = nm.QIFAdaptation(eta=2.0, alpha=0.0).equilibria()[0]
    >>> held = nm.QIFAdaptation(eta=2.0, alpha=1.0).equilibria()[0]
    >>> print(f"{free.r:.2f~P}, {held.r:.2f~P}, a = {held.a.magnitude:.4f}")
    46.33 Hz, 21.20 Hz, a = 2.1200
    """

    exact_for = "adaptation driven by the population's rate; approximate for each neuron's own"
    source = "Gast, Schmidt, Knösche 2020"

    alpha = Parameter(1.0, doc="what every spike adds to the adaptation")
    tau_a = Parameter(100 * ms, positive=True, doc="decay time of the adaptation")

    a = State(0.0, doc="adaptation, taken off the input")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, a: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, alpha: Any, tau_a: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v and a."""
        drdt, dvdt = QIF.derivatives(r, v, I_ext - a, tau, eta, delta, J)
        dadt = alpha * r - a / tau_a
        return drdt, dvdt, dadt

    @classmethod
    def gast2020(cls, **changes: Any) -> Self:
        """Make the bursting population of the paper: delta = 2, J = 15 sqrt(2), tau_a = 10 tau.

        At eta = -2, between the two Hopf bifurcations, it fires in bursts.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFAdaptation

        Examples
        --------
        >>> import neuromass as nm
        >>> (rest,) = nm.QIFAdaptation.gast2020().equilibria()
        >>> rest.stable
        False
        """
        return cls(**{**_BURSTING, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate with a coupling reduced by the adaptation's steady gain."""
        gain = p.alpha * p.tau_a / p.tau
        others = lambda y: {"a": gain * y}
        return of_qif(p, lambda p, y: Steady((p.J - gain) * y, others=others))


class QIFAlphaAdaptation(QIFAdaptation):
    r"""A QIF population with spike-frequency adaptation, with an alpha kernel.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta - a + J \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \dot a &= \frac{x}{\tau_a} \\
        \dot x &= \alpha r - \frac{2 x}{\tau_a} - \frac{a}{\tau_a}

    a is the rate filtered with the kernel
    :math:`\alpha (t / \tau_a) e^{-t / \tau_a}`, which peaks after tau_a; at a steady rate a is
    ``alpha * tau_a * r`` and x is zero. The equations are exact for neurons that all feel the
    same a, driven by the population's rate; for neurons that adapt to their own spikes they
    are an approximation, good for weak and slow adaptation.

    eta, delta and tau are the defaults of `QIF`; alpha = 1 and tau_a = 10 tau are those of the
    2020 paper, whose full set is `gast2020`.

    Notes
    -----
    Names elsewhere:

    ==========  ==============  ===========================  ================
    here        the paper       TVB, GastSchmidtKnosche_SF   PyRates, qif_sfa
    ==========  ==============  ===========================  ================
    tau         tau             tau                          tau
    eta         eta bar         eta                          eta
    delta       Delta           Delta                        Delta
    J           J               J                            weight
    alpha       alpha           alpha = ours times tau_a     alpha
    tau_a       tau_A           tau_A                        tau_a
    a, x        A, B            A, B                         a, x
    ==========  ==============  ===========================  ================

    TVB scales the kernel to unit area, so that its alpha is the steady gain: its default of 10
    with tau_A = 10 is alpha = 1 here.

    References
    ----------
    Gast, Schmidt and Knösche, Neural Comput. 32, 1615 (2020), doi:10.1162/neco_a_01300

    Examples
    --------
    Bursts, some 475 ms apart at tau = 10 ms:

    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> pop = nm.QIFAlphaAdaptation.gast2020()
    >>> rec = nm.run(pop, 2000 * ms, record="r")
    >>> late = rec[1000 * ms:].array("r", Hz)
    >>> print(f"{late.min():.0f} to {late.max():.0f} Hz")
    10 to 347 Hz
    """

    x = State(0.0, doc="growth of the adaptation")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, a: Any, x: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, alpha: Any, tau_a: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, a and x."""
        drdt, dvdt = QIF.derivatives(r, v, I_ext - a, tau, eta, delta, J)
        dadt = x / tau_a
        dxdt = alpha * r - 2 * x / tau_a - a / tau_a
        return drdt, dvdt, dadt, dxdt

    @classmethod
    def gast2020(cls, **changes: Any) -> Self:
        """Make the bursting population of the paper: delta = 2, J = 15 sqrt(2), tau_a = 10 tau.

        At eta = -2, between the Hopf bifurcations at -4.040 and -0.534, it fires in bursts,
        one every 47.46 tau.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFAlphaAdaptation

        Examples
        --------
        >>> import neuromass as nm
        >>> quiet = nm.QIFAlphaAdaptation.gast2020(eta=-6.0)
        >>> [rest.stability for rest in quiet.equilibria()]
        ['stable']
        """
        return cls(**{**_BURSTING, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve as for one exponential, which has the same steady gain."""
        return {**QIFAdaptation.solve(p), "x": 0.0}


_BURSTING = {
    "eta": -2.0,
    "delta": 2.0,
    "J": 15.0 * math.sqrt(2.0),
    "alpha": 1.0,
    "tau_a": 100 * ms,
}
