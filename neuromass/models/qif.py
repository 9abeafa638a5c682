r"""The exact mean field of quadratic integrate-and-fire neurons."""

from __future__ import annotations

import math
from typing import Any, Self

from neuromass.declaration import Input, Parameter, State
from neuromass.models.steady import Steady, of_qif
from neuromass.populations.population import Population
from neuromass.units import Hz, ms


class QIF(Population):
    r"""The exact mean field of a network of quadratic integrate-and-fire neurons.

    .. math::

        \tau \dot r &= \frac{\Delta}{\pi \tau} + 2 r v \\
        \tau \dot v &= v^2 + \eta + J \tau r + I_\mathrm{ext}(t) - (\pi \tau r)^2

    They follow, without approximation, from infinitely many neurons

    .. math:: \tau \dot V_j = V_j^2 + \eta_j + J \tau r + I_\mathrm{ext}(t)

    that fire at infinity and are reset to minus infinity, coupled all to all by short pulses,
    with excitabilities :math:`\eta_j` from a Lorentzian of centre :math:`\eta` and half-width
    :math:`\Delta`. r is their firing rate, v the mean of their potentials.

    Potentials and excitabilities carry no unit, as in the paper; time and rates do. The paper
    and most of what followed it put tau = 1: their rate is ``tau * r``, their time ``t / tau``.
    The defaults eta = -5 and delta = 1 are the paper's (Fig. 2); its J = 15 has to be asked
    for, see `montbrio2015`; tau = 10 ms is the usual membrane time constant.

    Notes
    -----
    ``I_ext`` is common to all neurons, and so is noise on it: it does not stand for noise that
    each neuron has of its own, which no finite set of equations for r and v captures.

    Names elsewhere:

    ============  ==========  =========================  ============
    here          the paper   TVB, MontbrioPazoRoxin     PyRates, qif
    ============  ==========  =========================  ============
    tau           (1)         tau                        tau
    eta           eta bar     eta                        eta
    delta         Delta       Delta (with Gamma = 0)     Delta
    J             J           J                          weight
    r, v          r, v        r, V                       r, v
    I_ext         I           I                          I_ext
    ============  ==========  =========================  ============

    These have no units: a rate is in one over the unit in which tau was meant, so that with
    tau = 10 for 10 ms a rate of 0.1 is 100 Hz. brainmass has units, and takes delta as a rate:
    ours divided by tau.

    References
    ----------
    Montbrió, Pazó and Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028

    Examples
    --------
    The population is bistable; a transient input switches it on:

    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0)
    >>> for rest in pop.equilibria():
    ...     print(rest)
    <stable node: r = 8.11344 Hz, v = -1.96162>
    <unstable saddle: r = 47.298 Hz, v = -0.336494>
    <stable focus: r = 103.06 Hz, v = -0.15443>
    >>> rec = nm.run(pop, 800 * ms, nm.signals.Step(3.0, start=100 * ms, stop=400 * ms))
    >>> print(f"{pop.r:.2f~P}")
    103.06 Hz
    """

    default_dt = 0.05 * ms
    family = "quadratic integrate-and-fire neurons"
    exact_for = "infinitely many neurons, coupled all to all, Lorentzian excitabilities"
    source = "Montbrió, Pazó, Roxin 2015"

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

    @classmethod
    def montbrio2015(cls, **changes: Any) -> Self:
        """Make the bistable population of Fig. 2 of the paper: eta = -5, delta = 1, J = 15.

        It starts in its quiet state. An input of 3 for 30 tau switches it on, with damped
        oscillations, and it stays on: hysteresis. A sine of amplitude 3 and period 100 tau
        makes it burst once a period.

        Parameters
        ----------
        **changes
            Parameters, or any keyword of the constructor, that should differ.

        Returns
        -------
        QIF

        Examples
        --------
        >>> import neuromass as nm
        >>> pop = nm.QIF.montbrio2015()
        >>> print(f"{pop.r:.3f~P}")
        8.113 Hz
        """
        return cls(**{"eta": -5.0, "delta": 1.0, "J": 15.0, "initial": "rest", **changes})

    def kuramoto(self) -> Any:
        """Complex Kuramoto order parameter of the population's phases; see `kuramoto`.

        Returns
        -------
        complex or ndarray

        Examples
        --------
        >>> import neuromass as nm
        >>> print(f"{abs(nm.QIF.montbrio2015().kuramoto()):.4f}")
        0.9011
        """
        from neuromass.models.order_parameter import kuramoto  # noqa: PLC0415

        return kuramoto(self.r, self.v, self.tau)

    @staticmethod
    def solve(p: Any) -> dict[str, Any]:
        """Solve for the rate; the recurrent input is J times it."""
        return of_qif(p, lambda p, y: Steady(p.J * y))
