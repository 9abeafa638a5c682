r"""Exact mean fields of quadratic integrate-and-fire neurons."""

from __future__ import annotations

import math
from typing import Any

from neuromass.declaration import Input, Parameter, State
from neuromass.population import Population
from neuromass.units import Hz, ms


class QIF(Population):
    r"""The exact mean field of a network of quadratic integrate-and-fire neurons.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta + J \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2

    References
    ----------
    Montbrió, Pazó and Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028
    """

    default_dt = 0.05 * ms
    exact_for = "infinitely many neurons, coupled all to all, Lorentzian excitabilities"

    tau = Parameter(10 * ms, positive=True, doc="membrane time constant")
    eta = Parameter(-5.0, doc="centre of the distribution of excitabilities")
    delta = Parameter(
        1.0,
        nonnegative=True,
        doc="half-width of the distribution of excitabilities",
        hint="A half-width given as a rate is made dimensionless by tau: delta * tau.",
    )
    J = Parameter(0.0, doc="strength of the recurrent coupling")

    r = State(0 * Hz, lower=0 * Hz, doc="firing rate")
    v = State(-2.0, doc="mean membrane potential")

    I_ext = Input(doc="external input, common to all neurons")

    @staticmethod
    def derivatives(r: Any, v: Any, I_ext: Any, tau: Any, eta: Any, delta: Any, J: Any) -> Any:
        """Return the rates of change of r and v."""
        drdt = (delta / (math.pi * tau) + 2 * r * v) / tau
        dvdt = (v**2 + eta + J * tau * r + I_ext - (math.pi * tau * r) ** 2) / tau
        return drdt, dvdt
