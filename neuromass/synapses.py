r"""Synapses on the connections of a network.

A synapse stands between the rate (or other variable) of a source and the input of a target.
Linear synapses have unit area: they smooth, and leave a constant rate as it is, so that the
strength of a connection means the same with and without them.

Linear synapses are chains of exponential stages: two equal ones make the alpha function, two
different ones the difference of exponentials, n equal ones a gamma distribution, which also
serves as a distributed delay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from neuromass import units
from neuromass.declaration import Input, Output, Parameter, State
from neuromass.errors import brief, suggestion, warn
from neuromass.populations.population import Population
from neuromass.units import MS, Hz, Measure, ms

__all__ = [
    "Alpha",
    "Depression",
    "DoubleExponential",
    "Exponential",
    "GammaDelay",
    "Synapse",
    "TsodyksMarkram",
]

Stage = tuple[type[Population], dict[str, float]]


@cache
def exponential_stage(unit: Measure) -> type[Population]:
    """The model of a first-order filter of what has a unit."""
    nothing = unit.quantity(0.0)

    class ExponentialStage(Population):
        r"""A first-order filter, :math:`\tau \dot s = x - s`."""

        tau = Parameter(5 * ms, positive=True, doc="time constant")
        s = State(nothing, doc="what went in, smoothed")
        x = Input(default=nothing, doc="what goes in")

        @staticmethod
        def derivatives(s: Any, x: Any, tau: Any) -> Any:
            """Return the rate of change of s."""
            dsdt = (x - s) / tau
            return (dsdt,)

    return ExponentialStage


class DepressionStage(Population):
    r"""Depression with an alpha kernel, as in `QIFDepression`; passes :math:`r (1 - a)`."""

    alpha = Parameter(0.05, nonnegative=True, doc="strength")
    tau_a = Parameter(100 * ms, positive=True, doc="time constant")
    a = State(0.0, doc="depression")
    x = State(0.0, doc="rate of change of the depression, times tau_a")
    rate = Input(Hz, doc="rate of the source")
    gain = Output(lambda a: 1 - a, doc="part that passes")

    @staticmethod
    def derivatives(a: Any, x: Any, rate: Any, alpha: Any, tau_a: Any) -> Any:
        """Return the rates of change of a and x."""
        dadt = x / tau_a
        dxdt = alpha * rate - (2 * x + a) / tau_a
        return dadt, dxdt


class TsodyksMarkramStage(Population):
    r"""Short-term plasticity, as in `QIFTsodyksMarkram`; passes :math:`r u x`."""

    tau_d = Parameter(200 * ms, positive=True, doc="time constant of recovery from depression")
    tau_f = Parameter(1500 * ms, positive=True, doc="time constant of facilitation")
    U0 = Parameter(0.2, bounds=(0.0, 1.0), doc="use at rest")
    x = State(1.0, doc="resources")
    u = State(0.2, doc="use")
    rate = Input(Hz, doc="rate of the source")
    gain = Output(lambda u, x: u * x, doc="part that passes")

    @staticmethod
    def derivatives(x: Any, u: Any, rate: Any, tau_d: Any, tau_f: Any, U0: Any) -> Any:
        """Return the rates of change of x and u."""
        dxdt = (1 - x) / tau_d - u * x * rate
        dudt = (U0 - u) / tau_f + U0 * (1 - u) * rate
        return dxdt, dudt


class Synapse:
    """What stands on a connection; the base class of all synapses.

    Parameters of a synapse on a connection are properties of the connection,
    ``net["inh->exc"].tau``.
    """

    gates: ClassVar[bool] = False
    """Whether it scales what passes, instead of smoothing it."""

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Lowest and highest values of states, where they have any by nature."""

    def __init__(self, *values: Any, **named: Any) -> None:
        declared = self.declared()
        if len(values) > len(declared):
            raise TypeError(f"{type(self).__name__} takes {len(declared)} values at most.")
        given = dict(zip(declared, values, strict=False))
        for name, value in named.items():
            if name not in declared:
                raise TypeError(
                    f"{type(self).__name__} has no parameter {brief(name)}"
                    f"{suggestion(name, declared)}"
                )
            if name in given:
                raise TypeError(f"{type(self).__name__}: {name} is given twice.")
            given[name] = value
        self._values = {
            name: self._single(each.convert(given[name]), name) if name in given else each.default
            for name, each in declared.items()
        }
        self._check()

    def _check(self) -> None:
        """Refuse values that do not go together."""

    @staticmethod
    def _single(value: Any, name: str) -> float:
        if not isinstance(value, float):
            raise ValueError(f"{name} of a synapse is one value for all its connections.")
        return value

    @classmethod
    def declared(cls) -> Mapping[str, Parameter]:
        """The parameters by name."""
        return {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Parameter)
        }

    def check_values(self) -> None:
        """Refuse parameters that could not have been given."""
        for name, each in self.declared().items():
            value = self._values.get(name)
            if not isinstance(value, float) or not math.isfinite(value):
                raise ValueError(f"{name} is no finite number")
            each.check(value, name)

    def value(self, name: str) -> float:
        """A parameter in internal units."""
        return float(self._values[name])

    def stages(self, unit: Measure) -> list[Stage]:
        """The models that a signal in some unit passes, with their parameters as plain numbers."""
        raise TypeError("Synapse is the base of synapses; use one of those, such as Exponential.")

    def time_constants(self) -> dict[str, float]:
        """What a step has to follow, in ms, by what it is called."""
        return {
            name: self._values[name]
            for name, each in self.declared().items()
            if each.measure.dimension == MS.dimension
        }

    def check_step(self, dt: float, connection: str) -> None:
        """Refuse a step in ms at which it is unstable, and warn of one that is too long to follow.

        The factor by which a step moves what is left of a stage, 1 - dt / tau for Euler's and
        1 - dt / tau + (dt / tau)^2 / 2 for Heun's method, reaches 1 in size at dt = 2 tau.
        """
        for name, tau in self.time_constants().items():
            said = f"{connection}: {name} = {units.shown(tau, MS)}"
            step = units.shown(dt, MS)
            if dt >= 2.0 * tau:
                raise ValueError(
                    f"{said} makes the synapse unstable at the step of {step}. Take a dt of "
                    f"{units.shown(tau, MS)} or less, or a longer time constant."
                )
            if dt > tau * (1.0 + 1e-9):
                warn(
                    f"{said} is shorter than the step of {step}, which cannot follow it. Take a "
                    f"smaller dt or a longer time constant."
                )

    def changed(self, name: str, value: Any) -> Synapse:
        """A synapse with one parameter changed."""
        plain = self._single(self.declared()[name].convert(value), name)
        other = type(self).__new__(type(self))
        other._values = {**self._values, name: plain}
        other._check()
        return other

    def _parameter(self, name: str) -> Any:
        return self.declared()[name].measure.quantity(self._values[name])

    def _set_parameters(self, given: Mapping[str, Any]) -> None:
        name = next(iter(given))
        raise AttributeError(
            f"A synapse does not change; set {name} on the connection, "
            f"net['source->target'].{name} = ..., or make another."
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in self.declared():
            own = type(self).__name__
            raise AttributeError(
                f"{own} has no parameter {brief(name)}{suggestion(name, self.declared())}"
            )
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._values == self._values

    def __hash__(self) -> int:
        return hash((type(self), tuple(self._values.values())))

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name}={units.shown(value, self.declared()[name].measure)}"
            for name, value in self._values.items()
        )
        return f"{type(self).__name__}({values})"


class Exponential(Synapse):
    r"""An exponential synapse, :math:`\tau \dot s = r - s`.

    Parameters
    ----------
    tau : Quantity
        Decay time constant.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.Exponential(5 * ms)
    Exponential(tau=5 ms)
    """

    tau = Parameter(5 * ms, positive=True, doc="decay time constant")

    def stages(self, unit: Measure) -> list[Stage]:
        """One exponential stage."""
        return [(exponential_stage(unit), {"tau": self._values["tau"]})]


class Alpha(Synapse):
    r"""A synapse with the kernel :math:`(t / \tau^2) e^{-t / \tau}`.

    Parameters
    ----------
    tau : Quantity
        Time of the peak.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.Alpha(3 * ms)
    Alpha(tau=3 ms)
    """

    tau = Parameter(5 * ms, positive=True, doc="time of the peak")

    def stages(self, unit: Measure) -> list[Stage]:
        """Two equal exponential stages."""
        return [(exponential_stage(unit), {"tau": self._values["tau"]})] * 2


class DoubleExponential(Synapse):
    r"""A synapse with the kernel :math:`(e^{-t/\tau_d} - e^{-t/\tau_r}) / (\tau_d - \tau_r)`.

    Parameters
    ----------
    rise, decay : Quantity
        The time constants; they may be equal, which makes it `Alpha`.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.DoubleExponential(rise=1 * ms, decay=5 * ms)
    DoubleExponential(rise=1 ms, decay=5 ms)
    """

    rise = Parameter(1 * ms, positive=True, doc="time constant of the rise")
    decay = Parameter(5 * ms, positive=True, doc="time constant of the decay")

    def stages(self, unit: Measure) -> list[Stage]:
        """Two exponential stages."""
        model = exponential_stage(unit)
        return [(model, {"tau": self._values[name]}) for name in ("rise", "decay")]


class GammaDelay(Synapse):
    r"""A gamma-distributed delay: a chain of n equal exponential stages.

    The delay has the mean given. Its standard deviation is mean / sqrt(n) with the whole number n
    nearest to (mean / spread)^2, and so only near to the spread given: `count` is n, and
    `actual_spread` is what comes out.

    Parameters
    ----------
    mean, spread : Quantity
        Mean and standard deviation of the delay.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.GammaDelay(mean=10 * ms, spread=5 * ms)
    GammaDelay(mean=10 ms, spread=5 ms; 4 stages)
    >>> nm.synapses.GammaDelay(mean=10 * ms, spread=6 * ms)
    GammaDelay(mean=10 ms, spread=6 ms; 3 stages, with a spread of 5.7735 ms)
    """

    mean = Parameter(10 * ms, positive=True, doc="mean of the delay")
    spread = Parameter(5 * ms, positive=True, doc="standard deviation of the delay")

    @property
    def count(self) -> int:
        """The number of stages."""
        return max(1, round((self._values["mean"] / self._values["spread"]) ** 2))

    @property
    def actual_spread(self) -> Any:
        """The standard deviation that the delay has with so many stages."""
        return MS.quantity(self._actual_spread)

    @property
    def _actual_spread(self) -> float:
        return float(self._values["mean"] / math.sqrt(self.count))

    def time_constants(self) -> dict[str, float]:
        """That of the stages."""
        return {f"tau of each of {self.count} stages": self._values["mean"] / self.count}

    def _check(self) -> None:
        if self._values["spread"] > self._values["mean"] * (1 + 1e-9):
            raise ValueError("The spread of a gamma-distributed delay is at most its mean.")
        if self.count > 200:
            raise ValueError(
                f"A delay with so small a spread takes {self.count} stages; use delay=... for a "
                f"sharp one."
            )

    def stages(self, unit: Measure) -> list[Stage]:
        """The exponential stages, all with the same time constant."""
        tau = self._values["mean"] / self.count
        return [(exponential_stage(unit), {"tau": tau})] * self.count

    def __repr__(self) -> str:
        stages = f"{self.count} stage{'s' * (self.count > 1)}"
        if not math.isclose(self._actual_spread, self._values["spread"], rel_tol=1e-6):
            stages += f", with a spread of {units.shown(self._actual_spread, MS)}"
        return f"{super().__repr__()[:-1]}; {stages})"


class Depression(Synapse):
    r"""Synaptic depression with an alpha kernel; what passes is :math:`r (1 - a)`.

    .. math::

        \tau_a \dot a = x, \qquad \tau_a \dot x = \alpha \tau_a r - 2 x - a

    Parameters
    ----------
    alpha : float
        Strength; the steady depression is alpha tau_a r.
    tau_a : Quantity
        Time constant.

    References
    ----------
    Gast, Schmidt and Knösche, Neural Comput. 32, 1615 (2020), doi:10.1162/neco_a_01300

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.Depression(alpha=0.05, tau_a=100 * ms)
    Depression(alpha=0.05, tau_a=100 ms)
    """

    gates = True
    alpha = Parameter(0.05, nonnegative=True, doc="strength")
    tau_a = Parameter(100 * ms, positive=True, doc="time constant")

    def stages(self, unit: Measure) -> list[Stage]:
        """One stage that gates."""
        return [(DepressionStage, dict(self._values))]


class TsodyksMarkram(Synapse):
    r"""Short-term depression and facilitation; what passes is :math:`r u x`.

    .. math::

        \dot x = (1 - x) / \tau_d - u x r, \qquad \dot u = (U_0 - u) / \tau_f + U_0 (1 - u) r

    Parameters
    ----------
    tau_d, tau_f : Quantity
        Time constants of recovery and of facilitation.
    U0 : float
        Use at rest.

    References
    ----------
    Taher, Torcini and Olmi, PLoS Comput. Biol. 16, e1008533 (2020),
    doi:10.1371/journal.pcbi.1008533

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> nm.synapses.TsodyksMarkram(tau_d=200 * ms, tau_f=1500 * ms, U0=0.2)
    TsodyksMarkram(tau_d=200 ms, tau_f=1500 ms, U0=0.2)
    """

    gates = True
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"x": (0.0, 1.0), "u": (0.0, 1.0)}
    tau_d = Parameter(200 * ms, positive=True, doc="time constant of recovery from depression")
    tau_f = Parameter(1500 * ms, positive=True, doc="time constant of facilitation")
    U0 = Parameter(0.2, bounds=(0.0, 1.0), doc="use at rest")

    def stages(self, unit: Measure) -> list[Stage]:
        """One stage that gates."""
        return [(TsodyksMarkramStage, dict(self._values))]
