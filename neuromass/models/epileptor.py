r"""The Epileptor, a model of seizures."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.populations.population import Population
from neuromass.units import ms


class Epileptor(Population):
    r"""The Epileptor: fast discharges, spikes and waves, and what makes them begin and end.

    .. math::

        \tau \dot x_1 &= y_1 - f_1(x_1, x_2, z) - z + I_{r1} + I_1(t) \\
        \tau \dot y_1 &= y_0 - 5 x_1^2 - y_1 \\
        \tau \tau_0 \dot z &= 4 (x_1 - x_0) - z + I_z(t) \\
        \tau \dot x_2 &= x_2 - x_2^3 - y_2 + I_{r2} + 0.002 g - 0.3 (z - 3.5) + I_2(t) \\
        \tau \tau_2 \dot y_2 &= f_2(x_2) - y_2 \\
        \tau \dot g &= x_1 - \gamma g \\
        f_1 &= \begin{cases} x_1^3 - 3 x_1^2 & x_1 < 0 \\
            \bigl(x_2 - 0.6 (z - 4)^2\bigr) x_1 & x_1 \ge 0 \end{cases} \\
        f_2 &= \begin{cases} 0 & x_2 < -0.25 \\ 6 (x_2 + 0.25) & x_2 \ge -0.25 \end{cases}

    x1 and y1 make fast discharges, x2 and y2 spikes and waves, which g, x1 as it was over the
    last while, brings about; z, the permittivity, is slow and leads through the seizure: it
    falls between seizures, until the quiet state is gone, and rises in them, until they end. x0
    says how epileptogenic the tissue is: above -2.06 seizures come by themselves. The output
    ``lfp`` is x2 - x1. The model is a phenomenological one.

    The equations have no time of their own; tau carries it. With tau = 10 ms, which is a
    choice, a seizure of 10 s comes every 19.3 s. All other values are those of 2014.

    Notes
    -----
    Names elsewhere; the papers have tau = 1:

    ===============  ========================  ==============
    here             Jirsa et al. 2014         TVB, Epileptor
    ===============  ========================  ==============
    tau_0            tau_0                     1 / r
    tau_2            tau_2                     tau
    y0               y_0                       c
    I_rest1          I_rest1                   Iext
    I_rest2          I_rest2                   Iext2
    gamma            gamma                     0.01
    g                g                         1000 g
    tau              1                         1 / tt
    I_z              coupling by permittivity  Ks c_pop1
    ===============  ========================  ==============

    TVB adds a term that keeps z from falling below zero. brainmass has the model as
    EpileptorStep.

    References
    ----------
    Jirsa, Stacey, Quilichini, Ivanov and Bernard, Brain 137, 2210 (2014),
    doi:10.1093/brain/awu133

    Examples
    --------
    >>> import neuromass as nm
    >>> for x0 in (-2.2, -1.6):
    ...     print(x0, int(sum(nm.Epileptor(x0=x0).equilibria().stable)), "stable")
    -2.2 1 stable
    -1.6 0 stable
    """

    default_dt = 0.2 * ms
    family = "seizures and conductances"
    exact_for = "nothing: a phenomenological model"
    source = "Jirsa, Stacey, Quilichini, Ivanov, Bernard 2014"
    output = "lfp"

    tau = Parameter(10 * ms, positive=True, doc="unit of time")
    tau_0 = Parameter(2857.0, positive=True, doc="slowness of the permittivity")
    tau_2 = Parameter(10.0, positive=True, doc="slowness of spikes and waves")
    x0 = Parameter(-1.6, doc="epileptogenicity")
    y0 = Parameter(1.0, doc="offset of y1")
    I_rest1 = Parameter(3.1, doc="constant current of the discharges")
    I_rest2 = Parameter(0.45, doc="constant current of spikes and waves")
    gamma = Parameter(0.01, positive=True, doc="how fast g forgets")

    x1 = State(-1.6, doc="fast discharges")
    y1 = State(-11.5, doc="recovery of the discharges")
    z = State(3.5, doc="permittivity, which is slow")
    x2 = State(-1.0, doc="spikes and waves")
    y2 = State(0.0, doc="recovery of spikes and waves")
    g = State(-160.0, doc="x1 over the last while")

    I_1 = Input(doc="input to the discharges")
    I_2 = Input(doc="input to spikes and waves")
    I_z = Input(doc="input to the permittivity")

    lfp = Output(lambda x1, x2: x2 - x1, doc="local field potential")

    @staticmethod
    def derivatives(
        x1: Any, y1: Any, z: Any, x2: Any, y2: Any, g: Any, I_1: Any, I_2: Any, I_z: Any,
        tau: Any, tau_0: Any, tau_2: Any, x0: Any, y0: Any,
        I_rest1: Any, I_rest2: Any, gamma: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of x1, y1, z, x2, y2 and g."""
        f1 = np.where(x1 < 0, x1**2 * (x1 - 3), (x2 - 0.6 * (z - 4) ** 2) * x1)
        f2 = np.where(x2 < -0.25, 0, 6 * (x2 + 0.25))
        dx1dt = (y1 - f1 - z + I_rest1 + I_1) / tau
        dy1dt = (y0 - 5 * x1**2 - y1) / tau
        dzdt = (4 * (x1 - x0) - z + I_z) / (tau * tau_0)
        dx2dt = (x2 - x2**3 - y2 + I_rest2 + 0.002 * g - 0.3 * (z - 3.5) + I_2) / tau
        dy2dt = (f2 - y2) / (tau * tau_2)
        dgdt = (x1 - gamma * g) / tau
        return dx1dt, dy1dt, dzdt, dx2dt, dy2dt, dgdt

    @classmethod
    def jirsa2014(cls, **changes: Any) -> Self:
        """Make the epileptogenic tissue of the paper: x0 = -1.6, tau_0 = 2857.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        Epileptor

        Examples
        --------
        >>> import neuromass as nm
        >>> any(nm.Epileptor.jirsa2014().equilibria().stable)
        False
        """
        slow = {"tau_0": 2857.0, "tau_2": 10.0, "gamma": 0.01}
        return cls(**{"x0": -1.6, "y0": 1.0, "I_rest1": 3.1, "I_rest2": 0.45, **slow, **changes})
