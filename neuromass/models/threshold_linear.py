r"""The threshold-linear rate model."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuromass.declaration import Input, Parameter, State
from neuromass.populations.population import Population
from neuromass.units import Hz, ms, pA


class ThresholdLinear(Population):
    r"""A population whose rate grows linearly with the current above a threshold.

    .. math::

        \tau \dot r = -r + g \bigl[w r + I_\mathrm{ext}(t) - \theta\bigr]_+

    with :math:`[x]_+ = \max(x, 0)`, the gain g and the threshold :math:`\theta`, ``theta``. An
    E-I network is two of them. The model is a phenomenological one.

    tau and gain are those of the excitatory population of 2015; theta and w are 0 until asked
    for.

    Notes
    -----
    Alone, and with :math:`g w < 1`, a population that is driven above threshold fires at
    :math:`g (I - \theta) / (1 - g w)`; beyond, its rate grows without end.

    In the paper the inhibitory population has tau = 10 ms and gain = 0.351 Hz/pA, and the
    strengths are w_EE = 24.3, w_EI = 19.7, w_IE = 12.2 and w_II = 12.5 pA/Hz. brainmass'
    ThresholdLinearStep is a pair of them.

    References
    ----------
    Chaudhuri, Knoblauch, Gariel, Kennedy and Wang, Neuron 88, 419 (2015),
    doi:10.1016/j.neuron.2015.09.008

    Examples
    --------
    The local circuit of the paper:

    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms, pA
    >>> exc = nm.ThresholdLinear(w=24.3 * pA / Hz)
    >>> inh = nm.ThresholdLinear(tau=10 * ms, gain=0.351 * Hz / pA, w=-12.5 * pA / Hz)
    >>> net = nm.Network({"exc": exc, "inh": inh})
    >>> there = net.connect("exc", "inh", weight=12.2 * pA / Hz)
    >>> back = net.connect("inh", "exc", weight=-19.7 * pA / Hz)
    >>> rec = nm.run(net, 1000 * ms, inputs={"exc": 100 * pA})
    >>> print(f"{exc.r:.2f~P}, {inh.r:.2f~P}")
    15.36 Hz, 12.21 Hz
    """

    default_dt = 0.1 * ms
    family = "rates"
    exact_for = "nothing: a phenomenological model"
    source = "Chaudhuri, Knoblauch, Gariel, Kennedy, Wang 2015"

    tau = Parameter(20 * ms, positive=True, doc="time constant")
    gain = Parameter(0.066 * Hz / pA, nonnegative=True, doc="slope g of the rate above threshold")
    theta = Parameter(0 * pA, doc="threshold")
    w = Parameter(0 * pA / Hz, doc="strength of the recurrent coupling")

    r = State(0 * Hz, lower=0 * Hz, doc="firing rate")

    I_ext = Input(pA, doc="external current")

    @staticmethod
    def derivatives(r: Any, I_ext: Any, tau: Any, gain: Any, theta: Any, w: Any) -> Any:
        """Return the rate of change of r."""
        return (-r + gain * np.maximum(w * r + I_ext - theta, 0.0)) / tau

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve either side of the threshold."""
        above = p.I_ext - p.theta
        silent = np.where(above <= 0.0, 0.0, np.nan)
        firing = p.gain * above / (1 - p.gain * p.w)
        return {"r": np.stack([silent, np.where(firing > 0.0, firing, np.nan)])}
