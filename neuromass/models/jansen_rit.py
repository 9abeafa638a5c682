r"""The cortical column of Jansen and Rit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.dynamics.equilibria import each_lane
from neuromass.dynamics.roots import roots_between
from neuromass.populations.population import Population
from neuromass.units import ms, mV, second


def sigmoid(v: Any, e0: Any, v0: Any, rho: Any) -> Any:
    """The sigmoid from a potential to a rate."""
    return 2 * e0 / (1 + np.exp(rho * (v0 - v)))


class JansenRit(Population):
    r"""The model of a cortical column of Jansen and Rit, which has an alpha rhythm.

    .. math::

        \dot y_0 &= y_3, \quad \dot y_1 = y_4, \quad \dot y_2 = y_5 \\
        \dot y_3 &= A a S(y_1 - y_2) - 2 a y_3 - a^2 y_0 \\
        \dot y_4 &= A a \bigl(p(t) + C_2 S(C_1 y_0)\bigr) - 2 a y_4 - a^2 y_1 \\
        \dot y_5 &= B b C_4 S(C_3 y_0) - 2 b y_5 - b^2 y_2 \\
        S(v) &= \frac{2 e_0}{1 + e^{\rho (v_0 - v)}}

    with :math:`C_1, C_2, C_3, C_4 = C, 0.8 C, 0.25 C, 0.25 C`. Pyramidal cells excite
    excitatory and inhibitory interneurons, which act back on them; y0, y1 and y2 are the
    potentials after the synapses of the three, y1 - y2 is that of the pyramidal cells, which
    the EEG follows: the output ``eeg``. The model is a phenomenological one, not the limit of a
    network of neurons.

    All defaults are the standard ones of 1995.

    Notes
    -----
    The input p is the rate of spikes from elsewhere. Unless another is given it is 220 per
    second, the middle of the 120 to 320 of the paper, where the column oscillates at 10.9 Hz;
    an input that is given takes the place of that, it is not added to it.

    The paper writes r for rho. Names elsewhere:

    =========  ======================  ========================
    here       TVB, JansenRit          brainmass, JansenRitStep
    =========  ======================  ========================
    A, B       A, B                    Ae, Ai
    a, b       a, b (per ms)           be, bi
    e0         nu_max (per ms)         s_max = 2 e0
    v0         v0 (default 5.52)       v0
    rho        r                       r
    C          J                       C
    C1 to C4   a_1 J to a_4 J          a1 C to a4 C
    p          mu                      an input
    =========  ======================  ========================

    TVB's default threshold of 5.52 mV is not the paper's 6 mV.

    References
    ----------
    Jansen and Rit, Biol. Cybern. 73, 357 (1995), doi:10.1007/BF00199471

    Grimbert and Faugeras, Neural Comput. 18, 3052 (2006), doi:10.1162/neco.2006.18.12.3052,
    for the bifurcations.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import second
    >>> column = nm.JansenRit.alpha_rhythm()
    >>> rec = nm.run(column, 2 * second, record="eeg")
    >>> print(rec.eeg.units)
    millivolt
    """

    default_dt = 0.1 * ms
    family = "columns"
    exact_for = "nothing: a phenomenological model"
    source = "Jansen, Rit 1995"
    output = "eeg"

    A = Parameter(3.25 * mV, doc="gain of excitatory synapses")
    B = Parameter(22 * mV, doc="gain of inhibitory synapses")
    a = Parameter(100 / second, positive=True, doc="rate constant of excitatory synapses")
    b = Parameter(50 / second, positive=True, doc="rate constant of inhibitory synapses")
    e0 = Parameter(2.5 / second, nonnegative=True, doc="half of the maximal firing rate")
    v0 = Parameter(6 * mV, doc="potential of half the maximal rate")
    rho = Parameter(0.56 / mV, doc="steepness of the sigmoid")
    C = Parameter(135.0, doc="number of synapses")

    y0 = State(0 * mV, doc="potential by pyramidal cells on interneurons")
    y1 = State(0 * mV, doc="excitatory potential of pyramidal cells")
    y2 = State(0 * mV, doc="inhibitory potential of pyramidal cells")
    y3 = State(0 * mV / second, doc="rate of change of y0")
    y4 = State(0 * mV / second, doc="rate of change of y1")
    y5 = State(0 * mV / second, doc="rate of change of y2")

    p = Input(1 / second, default=220 / second, doc="rate of spikes from elsewhere")

    eeg = Output(lambda y1, y2: y1 - y2, mV, doc="potential of the pyramidal cells")

    @staticmethod
    def derivatives(
        y0: Any, y1: Any, y2: Any, y3: Any, y4: Any, y5: Any, p: Any,
        A: Any, B: Any, a: Any, b: Any, e0: Any, v0: Any, rho: Any, C: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of y0 to y5."""
        pyramidal = sigmoid(y1 - y2, e0, v0, rho)
        excitatory = 0.8 * C * sigmoid(C * y0, e0, v0, rho)
        inhibitory = 0.25 * C * sigmoid(0.25 * C * y0, e0, v0, rho)
        dy3dt = A * a * pyramidal - 2 * a * y3 - a**2 * y0
        dy4dt = A * a * (p + excitatory) - 2 * a * y4 - a**2 * y1
        dy5dt = B * b * inhibitory - 2 * b * y5 - b**2 * y2
        return y3, y4, y5, dy3dt, dy4dt, dy5dt

    @classmethod
    def alpha_rhythm(cls, **changes: Any) -> Self:
        """Make the column of the paper with its alpha rhythm: the standard parameters.

        At the default input of 220 per second, between the Hopf bifurcations at 89.8 and 315.7,
        ``eeg`` oscillates at 10.94 Hz.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        JansenRit
        """
        synapses = {"A": 3.25 * mV, "B": 22 * mV, "a": 100 / second, "b": 50 / second}
        sigmoid = {"e0": 2.5 / second, "v0": 6 * mV, "rho": 0.56 / mV}
        return cls(**{**synapses, **sigmoid, "C": 135.0, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the potential y1 - y2 that brings itself about."""

        def at(eeg: Any) -> Any:
            y0 = p.A / p.a * sigmoid(eeg, p.e0, p.v0, p.rho)
            excitatory = 0.8 * p.C * sigmoid(p.C * y0, p.e0, p.v0, p.rho)
            inhibitory = 0.25 * p.C * sigmoid(0.25 * p.C * y0, p.e0, p.v0, p.rho)
            return SimpleNamespace(
                y0=y0, y1=p.A / p.a * (p.p + excitatory), y2=p.B / p.b * inhibitory
            )

        def excess(eeg: Any) -> Any:
            found = at(eeg)
            return found.y1 - found.y2 - eeg

        def bounds(low: Any, high: Any) -> tuple[Any, Any]:
            below, above = at(low), at(high)  # all of them rise with eeg
            return below.y1 - above.y2 - high, above.y1 - below.y2 - low

        reach = 2 * p.e0 * abs(p.C) * (abs(p.A) / p.a + abs(p.B) / p.b)
        middle = p.A / p.a * p.p
        roots = roots_between(excess, middle - reach - 1.0, middle + reach + 1.0, bounds)
        resting = {"y3": 0.0, "y4": 0.0, "y5": 0.0}
        return [{**{n: float(y) for n, y in vars(at(eeg)).items()}, **resting} for eeg in roots]
