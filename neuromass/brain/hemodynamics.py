"""The Balloon-Windkessel model of blood flow and of the signal that scanners see."""

from __future__ import annotations

from typing import Any, ClassVar

from neuromass.declaration import Input, Output, Parameter, State
from neuromass.populations.population import Population
from neuromass.units import MS, measure

S = measure("second")
PER_S = measure("1/second")
PER_S2 = measure("1/second**2")


class BalloonWindkessel(Population):
    r"""Blood flow, volume and deoxyhaemoglobin of a region, and its BOLD signal.

    .. math::
        \dot s &= z - \kappa s - \gamma (f - 1), \qquad \dot f = s \\
        \tau \dot v &= f - v^{1/\alpha} \\
        \tau \dot q &= f \frac{1 - (1 - \rho)^{1/f}}{\rho} - v^{1/\alpha} \frac{q}{v} \\
        \mathrm{bold} &= V_0 \left( k_1 (1 - q) + k_2 (1 - q/v) + k_3 (1 - v) \right)

    z is the drive by neural activity. At rest z = 0 and f = v = q = 1, and the signal is 0. It is a
    fraction: 0.01 is one per cent.

    References
    ----------
    K. J. Friston, L. Harrison and W. Penny, Dynamic causal modelling, NeuroImage 19, 1273 (2003),
    doi:10.1016/S1053-8119(03)00202-7.
    K. E. Stephan, N. Weiskopf, P. M. Drysdale, P. A. Robinson and K. J. Friston, Comparing
    hemodynamic models with DCM, NeuroImage 38, 387 (2007), doi:10.1016/j.neuroimage.2007.07.040.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import second
    >>> vessel = nm.brain.BalloonWindkessel()
    >>> pulse = nm.signals.Step(1.0 / second**2, start=1 * second, stop=2 * second)
    >>> rec = nm.run(vessel, 20 * second, inputs=pulse, record="bold")
    >>> print(f"{nm.measures.maximum('bold')(rec).magnitude:.3f}")
    0.025
    """

    kappa = Parameter(
        PER_S.quantity(0.65e-3), positive=True, doc="decay of the vasodilatory signal"
    )
    gamma = Parameter(
        PER_S2.quantity(0.41e-6), positive=True, doc="feedback of the flow on that signal"
    )
    tau = Parameter(S.quantity(980.0), positive=True, doc="transit time of blood")
    alpha = Parameter(0.32, positive=True, doc="exponent of volume and pressure (Grubb)")
    rho = Parameter(0.34, positive=True, bounds=(None, 0.999), doc="oxygen extraction at rest")
    V0 = Parameter(0.02, positive=True, doc="fraction of blood at rest")
    k1 = Parameter(2.38, doc="weight of deoxyhaemoglobin")
    k2 = Parameter(2.0, doc="weight of its concentration")
    k3 = Parameter(0.48, doc="weight of the volume")
    s = State(PER_S.quantity(0.0), doc="vasodilatory signal")
    f = State(1.0, lower=0.0, doc="blood flow, relative to rest")
    v = State(1.0, lower=0.0, doc="blood volume, relative to rest")
    q = State(1.0, lower=0.0, doc="deoxyhaemoglobin, relative to rest")
    z = Input(default=PER_S2.quantity(0.0), doc="drive by neural activity")
    bold = Output(
        lambda v, q, V0, k1, k2, k3: V0 * (k1 * (1 - q) + k2 * (1 - q / v) + k3 * (1 - v)),
        doc="BOLD signal, as a fraction",
    )
    output: ClassVar[str | None] = "bold"
    default_dt: ClassVar[Any] = MS.quantity(10.0)

    @staticmethod
    def derivatives(s, f, v, q, z, kappa, gamma, tau, alpha, rho):  # type: ignore[no-untyped-def]
        """See the class."""
        outflow = v ** (1 / alpha)
        extracted = (1 - (1 - rho) ** (1 / f)) / rho
        dsdt = z - kappa * s - gamma * (f - 1)
        dvdt = (f - outflow) / tau
        dqdt = (f * extracted - outflow * q / v) / tau
        return dsdt, s, dvdt, dqdt

    @classmethod
    def friston2003(cls, **changes: Any) -> BalloonWindkessel:
        """Friston, Harrison and Penny 2003: k1 = 7 rho, k2 = 2, k3 = 2 rho - 0.2; the defaults."""
        return cls(**changes)

    @classmethod
    def stephan2007(cls, **changes: Any) -> BalloonWindkessel:
        """Stephan et al. 2007, revised coefficients at 1.5 T and an echo time of 40 ms.

        k1 = 4.3 nu0 rho TE, k2 = epsilon r0 rho TE, k3 = 1 - epsilon, with nu0 = 40.3 /s,
        r0 = 25 /s and epsilon = 1.43.
        """
        rho, echo, epsilon = 0.34, 0.04, 1.43
        own = {
            "kappa": PER_S.quantity(1e-3 / 1.54),
            "gamma": PER_S2.quantity(1e-6 / 2.46),
            "tau": S.quantity(980.0),
            "alpha": 0.33,
            "rho": rho,
            "V0": 0.02,
            "k1": 4.3 * 40.3 * rho * echo,
            "k2": epsilon * 25.0 * rho * echo,
            "k3": 1.0 - epsilon,
        }
        return cls(**{**own, **changes})

    @classmethod
    def tvb(cls, **changes: Any) -> BalloonWindkessel:
        """What The Virtual Brain's analyser takes, where 0.65 and 0.41 are times in seconds.

        Its V0 of 4 makes the signal one in per cent of 4 % of blood; here it is the fraction 0.04.
        """
        rho, echo, epsilon = 0.4, 0.04, 0.5
        own = {
            "kappa": PER_S.quantity(1e-3 / 0.65),
            "gamma": PER_S2.quantity(1e-6 / 0.41),
            "tau": S.quantity(980.0),
            "alpha": 0.32,
            "rho": rho,
            "V0": 0.04,
            "k1": 4.3 * 40.3 * rho * echo,
            "k2": epsilon * 25.0 * rho * echo,
            "k3": 1.0 - epsilon,
        }
        return cls(**{**own, **changes})
