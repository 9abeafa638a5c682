r"""The conductance-based neural mass of Larter and Breakspear."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.populations.population import Population
from neuromass.units import ms


def _open(v: Any, threshold: Any, spread: Any) -> Any:
    """The part of channels or cells whose threshold lies below v."""
    return 0.5 * (1 + np.tanh((v - threshold) / spread))


class LarterBreakspear(Population):
    r"""The neural mass of Larter and Breakspear, with ion channels, which can be chaotic.

    .. math::

        \tau \dot V &= -\bigl(g_\mathrm{Ca} + r_\mathrm{NMDA} a_{ee} q\bigr) m_\mathrm{Ca}
            (V - V_\mathrm{Ca}) - \bigl(g_\mathrm{Na} m_\mathrm{Na} + a_{ee} q\bigr)
            (V - V_\mathrm{Na}) \\
        &\quad - g_\mathrm{K} W (V - V_\mathrm{K}) - g_\mathrm{L} (V - V_\mathrm{L})
            - a_{ie} Z Q_Z + a_{ne} I(t) \\
        \tau \dot W &= \frac{\varphi (m_\mathrm{K} - W)}{\tau_\mathrm{K}} \\
        \tau \dot Z &= b \bigl(a_{ni} I(t) + a_{ei} V Q_V\bigr) \\
        q &= (1 - C) Q_V + C Q(t)

    with :math:`m = \frac12 \bigl(1 + \tanh \frac{V - T}{d}\bigr)` for each kind of channel,
    and firing rates :math:`Q_V, Q_Z` of the same form in V and Z, times their maxima. V is the
    mean potential of pyramidal cells, W the part of their potassium channels that is open, and
    Z the mean potential of inhibitory cells. The input I comes from below the cortex; unless
    another is given it is 0.3. Q is the mean firing rate of other columns, in units of the
    maximal one, and C the part of the excitation that comes from them; the output ``Q_V`` is
    what a column sends. The model is a phenomenological one.

    All variables are dimensionless and the equations have no time of their own; tau carries it,
    and 1 ms is TVB's reading. Defaults are the values of 2009, see `alstott2009`, but for C,
    which is 0 until a column is connected.

    Notes
    -----
    With d_Z = d_V a lone column rests for spreads below 0.563, oscillates from there, and is
    chaotic from some 0.61 on.

    Names elsewhere: TVB's LarterBreakspear and brainmass' LarterBreakspearStep have gCa for
    g_Ca, VCa for V_Ca, TCa for T_Ca, aee for a_ee, and so on, QV_max for Q_V_max, Iext for I;
    TVB has t_scale for 1 / tau, and the defaults gCa = 1.1, aee = 0.4, d_Z = 0.7, C = 0.1.

    References
    ----------
    Larter, Speelman and Worth, Chaos 9, 795 (1999), doi:10.1063/1.166453

    Breakspear, Terry and Friston, Network 14, 703 (2003), doi:10.1088/0954-898X_14_4_305

    Alstott, Breakspear, Hagmann, Cammoun and Sporns, PLoS Comput. Biol. 5, e1000408 (2009),
    doi:10.1371/journal.pcbi.1000408

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> for spread in (0.5, 0.58, 0.65):
    ...     column = nm.LarterBreakspear(d_V=spread, d_Z=spread)
    ...     rec = nm.run(column, 2000 * ms, record="V")[1500 * ms :]
    ...     print(f"{rec.V.magnitude.min():.2f} to {rec.V.magnitude.max():.2f}")
    -0.19 to -0.19
    -0.21 to -0.13
    -0.49 to 0.32
    """

    default_dt = 0.02 * ms
    family = "seizures and conductances"
    exact_for = "nothing: a phenomenological model"
    source = "Larter, Speelman, Worth 1999; Breakspear, Terry, Friston 2003"
    output = "Q_V"

    tau = Parameter(1 * ms, positive=True, doc="unit of time")
    g_Ca = Parameter(1.0, nonnegative=True, doc="conductance of calcium channels")
    g_K = Parameter(2.0, nonnegative=True, doc="conductance of potassium channels")
    g_L = Parameter(0.5, nonnegative=True, doc="conductance of the leak")
    g_Na = Parameter(6.7, nonnegative=True, doc="conductance of sodium channels")
    V_Ca = Parameter(1.0, doc="reversal potential of calcium")
    V_K = Parameter(-0.7, doc="reversal potential of potassium")
    V_L = Parameter(-0.5, doc="reversal potential of the leak")
    V_Na = Parameter(0.53, doc="reversal potential of sodium")
    T_Ca = Parameter(-0.01, doc="threshold of calcium channels")
    T_K = Parameter(0.0, doc="threshold of potassium channels")
    T_Na = Parameter(0.3, doc="threshold of sodium channels")
    d_Ca = Parameter(0.15, positive=True, doc="spread of the threshold of calcium channels")
    d_K = Parameter(0.3, positive=True, doc="spread of the threshold of potassium channels")
    d_Na = Parameter(0.15, positive=True, doc="spread of the threshold of sodium channels")
    V_T = Parameter(0.0, doc="threshold of pyramidal cells")
    Z_T = Parameter(0.0, doc="threshold of inhibitory cells")
    d_V = Parameter(0.65, positive=True, doc="spread of the threshold of pyramidal cells")
    d_Z = Parameter(0.65, positive=True, doc="spread of the threshold of inhibitory cells")
    Q_V_max = Parameter(1.0, nonnegative=True, doc="maximal rate of pyramidal cells")
    Q_Z_max = Parameter(1.0, nonnegative=True, doc="maximal rate of inhibitory cells")
    a_ee = Parameter(0.36, doc="excitation of pyramidal by pyramidal cells")
    a_ei = Parameter(2.0, doc="excitation of inhibitory by pyramidal cells")
    a_ie = Parameter(2.0, doc="inhibition of pyramidal cells")
    a_ne = Parameter(1.0, doc="excitation of pyramidal cells from below the cortex")
    a_ni = Parameter(0.4, doc="excitation of inhibitory cells from below the cortex")
    b = Parameter(0.1, doc="how much slower inhibitory cells are")
    C = Parameter(0.0, bounds=(0.0, 1.0), doc="part of the excitation that comes from others")
    r_NMDA = Parameter(0.25, doc="ratio of NMDA to AMPA receptors")
    phi = Parameter(0.7, positive=True, doc="factor of temperature on potassium channels")
    tau_K = Parameter(1.0, positive=True, doc="slowness of potassium channels")

    V = State(-0.3, doc="mean potential of pyramidal cells")
    W = State(0.2, doc="part of the potassium channels that is open")
    Z = State(0.1, doc="mean potential of inhibitory cells")

    Q = Input(doc="mean firing rate of other columns")
    I = Input(default=0.3, doc="input from below the cortex")  # noqa: E741

    Q_V = Output(
        lambda V, V_T, d_V, Q_V_max: Q_V_max * _open(V, V_T, d_V), doc="rate of pyramidal cells"
    )

    @staticmethod
    def derivatives(
        V: Any, W: Any, Z: Any, Q: Any, I: Any,  # noqa: E741
        tau: Any, g_Ca: Any, g_K: Any, g_L: Any, g_Na: Any,
        V_Ca: Any, V_K: Any, V_L: Any, V_Na: Any, T_Ca: Any, T_K: Any, T_Na: Any,
        d_Ca: Any, d_K: Any, d_Na: Any, V_T: Any, Z_T: Any, d_V: Any, d_Z: Any,
        Q_V_max: Any, Q_Z_max: Any, a_ee: Any, a_ei: Any, a_ie: Any, a_ne: Any, a_ni: Any,
        b: Any, C: Any, r_NMDA: Any, phi: Any, tau_K: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of V, W and Z."""
        fired = Q_V_max * _open(V, V_T, d_V)
        inhibition = Q_Z_max * _open(Z, Z_T, d_Z)
        excitation = a_ee * ((1 - C) * fired + C * Q)
        calcium = (g_Ca + r_NMDA * excitation) * _open(V, T_Ca, d_Ca) * (V - V_Ca)
        sodium = (g_Na * _open(V, T_Na, d_Na) + excitation) * (V - V_Na)
        others = g_K * W * (V - V_K) + g_L * (V - V_L)
        dVdt = (-calcium - sodium - others - a_ie * Z * inhibition + a_ne * I) / tau
        dWdt = phi * (_open(V, T_K, d_K) - W) / (tau * tau_K)
        dZdt = b * (a_ni * I + a_ei * V * fired) / tau
        return dVdt, dWdt, dZdt

    @classmethod
    def alstott2009(cls, **changes: Any) -> Self:
        """Make a column of the brain of 2009: g_Ca = 1, a_ee = 0.36, d_V = d_Z = 0.65.

        It is chaotic. In the network of the paper C = 0.1.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        LarterBreakspear

        Examples
        --------
        >>> import neuromass as nm
        >>> any(nm.LarterBreakspear.alstott2009().equilibria().stable)
        False
        """
        return cls(**{"g_Ca": 1.0, "a_ee": 0.36, "d_V": 0.65, "d_Z": 0.65, **changes})
