r"""QIF populations whose recurrent synapses change with use."""

from __future__ import annotations

import math
from typing import Any, Self

from neuromass.declaration import Parameter, State
from neuromass.models.qif import QIF
from neuromass.models.steady import Steady, of_qif
from neuromass.units import ms


class QIFDepression(QIF):
    r"""A QIF population with synaptic depression that follows the rate with an alpha kernel.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta + J \tau r (1 - a) + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \dot a &= \frac{x}{\tau_a} \\
        \dot x &= \alpha r - \frac{2 x}{\tau_a} - \frac{a}{\tau_a}

    a is the fraction by which the recurrent coupling is weakened: the rate filtered with
    :math:`\alpha (t / \tau_a) e^{-t / \tau_a}`, at a steady rate ``alpha * tau_a * r``. Nothing
    keeps it below 1; where it gets there, alpha is too large for the rate. The equations are
    exact for synapses that all follow the population's rate; for a depression of each neuron's
    own synapses they are an approximation.

    eta, delta and tau are the defaults of `QIF`; alpha = 0.05 and tau_a = 10 tau are those of
    the 2020 paper, whose full set is `gast2020`.

    Notes
    -----
    The paper has tau = 1 and its rates per tau. TVB's GastSchmidtKnosche_SD scales the kernel
    to unit area: its alpha is ours times tau_a, its A and B are our a and x.

    See Also
    --------
    QIFTsodyksMarkram : depression by resources that are used up, with facilitation.

    References
    ----------
    Gast, Schmidt and Knösche, Neural Comput. 32, 1615 (2020), doi:10.1162/neco_a_01300

    Examples
    --------
    >>> import neuromass as nm
    >>> for rest in nm.QIFDepression(eta=2.0, J=10.0).equilibria():
    ...     print(rest)
    <stable focus: r = 83.6263 Hz, v = -0.190317, a = 0.418132, x = 0>
    """

    exact_for = "synapses driven by the population's rate; approximate for each neuron's own"
    source = "Gast, Schmidt, Knösche 2020"

    alpha = Parameter(0.05, doc="what every spike adds to the depression")
    tau_a = Parameter(100 * ms, positive=True, doc="time constant of the depression")

    a = State(0.0, doc="fraction by which the coupling is weakened")
    x = State(0.0, doc="growth of the depression")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, a: Any, x: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, alpha: Any, tau_a: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, a and x."""
        drdt, dvdt = QIF.derivatives(r, v, I_ext, tau, eta, delta, J * (1 - a))
        dadt = x / tau_a
        dxdt = alpha * r - 2 * x / tau_a - a / tau_a
        return drdt, dvdt, dadt, dxdt

    @classmethod
    def gast2020(cls, **changes: Any) -> Self:
        """Make the bursting population: delta = 2, J = 15 sqrt(2), alpha = 0.05, tau_a = 10 tau.

        At eta = -5.3, between the Hopf bifurcations at -5.659 and -5.019, depression alone
        makes it burst.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFDepression

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stable for rest in nm.QIFDepression.gast2020().equilibria()]
        [False]
        """
        values = {"eta": -5.3, "delta": 2.0, "J": 15.0 * math.sqrt(2.0)}
        return cls(**{**values, "alpha": 0.05, "tau_a": 100 * ms, **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate at which the coupling is weakened by the steady depression."""
        gain = p.alpha * p.tau_a / p.tau
        others = lambda y: {"a": gain * y, "x": 0.0}
        steady = lambda p, y: Steady(p.J * y * (1 - gain * y), others=others)
        return of_qif(p, steady)


class QIFTsodyksMarkram(QIF):
    r"""A QIF population with short-term plasticity of its recurrent synapses.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta + J \tau r u x + I_\mathrm{ext}(t) - (\pi \tau r)^2 \\
        \dot x &= \frac{1 - x}{\tau_d} - u x r \\
        \dot u &= \frac{U_0 - u}{\tau_f} + U_0 (1 - u) r

    x is the fraction of synaptic resources that are available, which spikes use up and which
    recover with tau_d; u is the fraction of them that a spike uses, which every spike raises
    and which falls back to U0 with tau_f. With tau_f > tau_d synapses remember, facilitated,
    what they lately transmitted.

    The equations are exact for synapses that all follow the population's rate, which the paper
    calls m-STP; with plasticity of each neuron's own synapses (its mu-STP) they are an
    approximation, which leaves out the correlation of u and x.

    The defaults of tau_d, tau_f and U0 are the paper's (Fig. 1), which go back to Mongillo,
    Barak and Tsodyks 2008; the full set is `taher2020`. A population starts rested: x = 1,
    u = 0.2, the default of U0.

    Notes
    -----
    The paper writes H for eta and separates a background and a stimulus, I_B and I_S, from it:
    here I_B is part of eta or of I_ext. PyRates' tsodyks_edge calls tau_d, tau_f tau_x, tau_u,
    and its x loses k x u r: k = 1 gives these equations.

    References
    ----------
    Taher, Torcini and Olmi, PLoS Comput. Biol. 16, e1008533 (2020),
    doi:10.1371/journal.pcbi.1008533

    Mongillo, Barak and Tsodyks, Science 319, 1543 (2008), doi:10.1126/science.1150769

    Examples
    --------
    >>> import neuromass as nm
    >>> for rest in nm.QIFTsodyksMarkram.taher2020().equilibria():
    ...     print(rest)
    <stable node: r = 3.12714 Hz, v = -0.848247, x = 0.731384, u = 0.587233>
    """

    exact_for = "synapses driven by the population's rate; approximate for each neuron's own"
    source = "Taher, Torcini, Olmi 2020"

    tau_d = Parameter(200 * ms, positive=True, doc="recovery time of the resources")
    tau_f = Parameter(1500 * ms, positive=True, doc="decay time of the facilitation")
    U0 = Parameter(0.2, bounds=(0.0, 1.0), doc="fraction of the resources a rested spike uses")

    x = State(1.0, doc="fraction of the resources available")
    u = State(0.2, doc="fraction of them that a spike uses")

    @staticmethod
    def derivatives(  # type: ignore[override]
        r: Any, v: Any, x: Any, u: Any, I_ext: Any,
        tau: Any, eta: Any, delta: Any, J: Any, tau_d: Any, tau_f: Any, U0: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of r, v, x and u."""
        drdt, dvdt = QIF.derivatives(r, v, I_ext, tau, eta, delta, J * u * x)
        dxdt = (1 - x) / tau_d - u * x * r
        dudt = (U0 - u) / tau_f + U0 * (1 - u) * r
        return drdt, dvdt, dxdt, dudt

    @classmethod
    def taher2020(cls, **changes: Any) -> Self:
        """Make the excitatory population of Fig. 1 of the paper.

        tau = 15 ms, delta = 0.25, J = 15, background of -1 (here in eta), tau_d = 200 ms,
        tau_f = 1500 ms, U0 = 0.2. It starts in its quiet state; a stimulus makes it fire a
        burst, after which x recovers within tau_d while u stays high for tau_f.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIFTsodyksMarkram

        Examples
        --------
        >>> import neuromass as nm
        >>> print(f"{nm.QIFTsodyksMarkram.taher2020().r:.3f~P}")
        3.127 Hz
        """
        values = {"tau": 15 * ms, "eta": -1.0, "delta": 0.25, "J": 15.0}
        plasticity = {"tau_d": 200 * ms, "tau_f": 1500 * ms, "U0": 0.2}
        return cls(**{**values, **plasticity, "initial": "rest", **changes})

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate, with u and x as the rational functions of it that they then are."""
        facilitation, depression = p.tau_f / p.tau, p.tau_d / p.tau
        use = lambda y: p.U0 * (1 + facilitation * y)
        rested = lambda y: 1 + p.U0 * facilitation * y

        def steady(p: Any, y: Any) -> Steady:
            below = rested(y) + depression * y * use(y)
            return Steady(p.J * y * use(y), below, others=others)

        def others(y: Any) -> dict[str, Any]:
            u = use(y) / rested(y)
            return {"x": 1 / (1 + depression * y * u), "u": u}

        return of_qif(p, steady)
