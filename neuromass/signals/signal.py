"""What all signals share: values at times, means over steps, arithmetic.

A signal is an immutable value. It has a unit, may have one value per lane, and can be
added, scaled, called to look at it, compared, pickled and copied. Edges lie exactly at the
times stated: a step ``start=100 ms, stop=250 ms`` holds for ``100 ms <= t < 250 ms``.

A bare ``0`` needs no unit where another value gives it: ``Ramp(0, 3 * pA, ...)``,
``Step(3 * pA, base=0)``, ``sum(list_of_signals)``.

>>> from neuromass import signals
>>> from neuromass.units import Hz, ms
>>> drive = signals.Step(3.0, start=100 * ms, stop=250 * ms) + signals.Sine(0.5, frequency=10 * Hz)
>>> drive
Step(3, start=100 ms, stop=250 ms) + Sine(0.5, frequency=10 Hz)
>>> print(drive(125 * ms))
3.5 dimensionless
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, NoReturn

import numpy as np

from neuromass.signals.steps import Floats, Steps, Window
from neuromass.signals.values import (
    Lanes,
    Value,
    aligned,
    is_bare_zero,
    joint_shape,
    read,
    read_time,
    unit_of,
)
from neuromass.units import (
    MS,
    Measure,
    UnitError,
    let_quantities_defer,
    require_finite,
    to_internal,
)


class Signal(ABC):
    """A value as a function of the system's clock.

    Make one of the kinds in `neuromass.signals`; this class is what they share. Signals with a
    common dimension are added and subtracted, also with constants; a signal is multiplied
    and divided by numbers, Quantities and arrays (one number per lane), from either side.
    Signals do not change, and are equal if they are of the same kind with the same values.

    Attributes
    ----------
    measure : neuromass.units.Measure
        The unit of the values; dimensionless for bare numbers.
    shape : tuple of int
        The lane shape of the values, ``()`` for one value for all lanes.

    Examples
    --------
    >>> import numpy as np
    >>> from neuromass import signals
    >>> from neuromass.units import ms, pA
    >>> pulse = signals.Step(1.0, start=0 * ms, stop=5 * ms)
    >>> 3 * pA * pulse - 1 * pA
    3 pA * Step(1, stop=5 ms) - Constant(1 pA)
    >>> (np.array([1.0, 2.0]) * pulse).shape
    (2,)
    """

    __array_ufunc__: ClassVar[None] = None
    """Makes ``ndarray * signal`` one signal, not an array of them."""

    _unnamed: ClassVar[tuple[str, ...]] = ("amplitude", "value", "values", "first", "last")
    """Fields that are written without their names."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        let_quantities_defer(cls)

    @cached_property
    def measure(self) -> Measure:
        """The unit of the values: that of the first field."""
        measure: Measure = next(iter(self._fields().values())).measure
        return measure

    @cached_property
    def shape(self) -> Lanes:
        """The lane shape of the values: that of all fields together."""
        given = self._fields().items()
        return joint_shape(**{name: x.shape for name, x in given if isinstance(x, Value)})

    def _fields(self) -> dict[str, Any]:
        """What the signal was made of."""
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]

    def _keep(self, **values: Any) -> None:
        """Set fields to what was read from the arguments."""
        self.__dict__.update(values)

    @abstractmethod
    def _sample(self, times: Floats) -> Floats: ...

    def _means(self, steps: Steps) -> Floats:
        return self._sample(steps.middles)

    def _is_zero(self, start: float, stop: float) -> bool:
        return False

    def _edges(self, end: float) -> Floats | None:
        return None

    def sample(self, times: Floats) -> Floats:
        """Give the values at some times, in internal units.

        Parameters
        ----------
        times : numpy.ndarray
            Times in ms, shape (n,).

        Returns
        -------
        numpy.ndarray
            A new float64 array of shape (n, *lanes), in internal units (a rate in 1/ms).
            The value at a time does not depend on the other times asked for.

        Raises
        ------
        ValueError
            If the signal has no value there: outside a Sampled window, or where a
            function returned something that is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from neuromass import signals
        >>> from neuromass.units import ms
        >>> signals.Step(3.0, start=1 * ms, stop=2 * ms).sample(np.array([0.5, 1.0, 2.0]))
        array([0., 3., 0.])
        """
        return self._sample(np.asarray(times, dtype=np.float64))

    @property
    def calls_functions(self) -> bool:
        """Whether a function of the user's is called for its values."""
        return False

    def means(self, first: int, count: int, dt: float) -> Floats:
        """Means of the signal over some steps, which are what `run` feeds to a system.

        So a pulse keeps its area wherever its edges fall, and a wave that is faster than the
        steps fades. A function of t is taken at the middle of each step.

        Parameters
        ----------
        first : int
            Number of the first step, counted from t = 0.
        count : int
            How many steps.
        dt : float
            Their length in ms.

        Returns
        -------
        ndarray
            In internal units, of the shape (count, *lanes).

        Examples
        --------
        >>> from neuromass import signals
        >>> from neuromass.units import ms
        >>> signals.Step(3.0, start=0.025 * ms, stop=0.1 * ms).means(0, 3, 0.05)
        array([1.5, 3. , 0. ])
        """
        return self._means(Steps(first, count, dt))

    def is_zero(self, start: float, stop: float) -> bool:
        """Whether the signal is zero throughout a span of times in ms."""
        return self._is_zero(start, stop)

    def changes(self, end: float = math.inf) -> Floats | None:
        """List the times in ms at which the signal changes.

        Parameters
        ----------
        end : float, optional
            A time in ms. Pulses without an end have no finite set of edges; with `end`
            theirs are listed up to there, at least those of the first pulse.

        Returns
        -------
        numpy.ndarray or None
            Edges in ascending order, the start and the end of a ramp, the first and the
            last edge of a Sampled window. None for a signal without edges: a Constant, an
            endless Sine, a function, and Pulses without an end if `end` is not given. A sum
            has the edges of its parts.

        Examples
        --------
        >>> from neuromass import signals
        >>> from neuromass.units import ms
        >>> signals.Step(3.0, start=1 * ms, stop=2 * ms).changes()
        array([1., 2.])
        """
        return self._edges(end)

    def __call__(self, t: Any) -> Any:
        """Give the value at a time, to look at or to plot.

        Parameters
        ----------
        t : Quantity
            A time or an array of times.

        Returns
        -------
        Quantity
            Shape ``(*t.shape, *lanes)``.

        Raises
        ------
        UnitError
            If `t` is not a time.
        ValueError
            If `t` is not finite, or for the reasons of `sample`.
        """
        times = to_internal(t, MS, "t", 100.0)
        require_finite(times, "t")
        times = np.asarray(times)
        values = self.sample(times.ravel()).reshape(times.shape + self.shape)
        return self.measure.quantity(values if values.ndim else float(values))

    def __repr__(self) -> str:
        defaults = {each.name: each.default for each in fields(self)}  # type: ignore[arg-type]
        texts = []
        for name, value in self._fields().items():
            default = defaults[name]
            if default is MISSING or (value != default and (value or default)):
                texts.append(repr(value) if name in self._unnamed else f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(texts)})"

    def __copy__(self) -> Signal:
        return self

    def __deepcopy__(self, memo: Any) -> Signal:
        return self

    # Arithmetic. Quantities and arrays on the left leave it to the signal on the right.

    def __add__(self, other: Any) -> Signal:
        return self if is_bare_zero(other) else Sum((self, _lifted(other)))

    def __radd__(self, other: Any) -> Signal:
        return self if is_bare_zero(other) else Sum((_lifted(other), self))

    def __sub__(self, other: Any) -> Signal:
        return self if is_bare_zero(other) else Sum((self, -_lifted(other)))

    def __rsub__(self, other: Any) -> Signal:
        return (-self).__radd__(other)

    def __neg__(self) -> Signal:
        return Scaled(self, -1.0)

    def __pos__(self) -> Signal:
        return self

    def __mul__(self, other: Any) -> Signal:
        return Scaled(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Signal:
        return Scaled(self, other, divide=True)

    def __rtruediv__(self, other: Any) -> NoReturn:
        raise TypeError(
            "Nothing can be divided by a signal; give a function of t instead, for example "
            "lambda t: 1 / signal(t)."
        )


class Windowed(Signal):
    """A signal with a start and a stop."""

    start: Any
    stop: Any

    def _keep_window(self, start: Value | None = None, stop: Value | None = None) -> None:
        """Read start and stop; what is None is the default given here, if there is one."""
        self._keep(
            start=read_time(self.start, "start", start), stop=read_time(self.stop, "stop", stop)
        )
        self._keep(_window=Window(self.start.plain, self.stop.plain))

    _window: Window

    def _edges(self, end: float) -> Floats | None:
        edges = self._window.edges()
        return edges if edges.size else None


@dataclass(frozen=True, repr=False)
class Constant(Signal):
    """The same value at all times.

    Parameters
    ----------
    value : number, array or Quantity
        The value; an array gives one per lane.

    Raises
    ------
    TypeError, ValueError
        If `value` is no number, or not finite.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms, pA
    >>> print(signals.Constant([1.0, 2.0] * pA)(10 * ms))
    [1.0 2.0] picoampere
    """

    value: Any

    def __post_init__(self) -> None:
        self._keep(value=read(self.value, unit_of(self.value, "value"), "value"))

    def _sample(self, times: Floats) -> Floats:
        return np.full(times.shape + self.shape, self.value.plain)

    def _is_zero(self, start: float, stop: float) -> bool:
        return not self.value


def constant(value: Any, name: str) -> Constant:
    """Make a Constant whose argument has another name in errors."""
    return Constant(read(value, unit_of(value, name), name))


def _lifted(other: Any) -> Signal:
    if callable(other):
        from neuromass.signals.functions import as_signal  # noqa: PLC0415

        return as_signal(other, "What is added to a signal")
    return constant(other, "What is added to a signal")


def _described(unit: Measure) -> str:
    return f"in {unit.symbol}" if unit.symbol else "without a unit (dimensionless)"


@dataclass(frozen=True, repr=False)
class Sum(Signal):
    """Signals added from left to right."""

    parts: tuple[Signal, ...]

    def __post_init__(self) -> None:
        left, right = self.parts
        if left.measure.dimension != right.measure.dimension:
            raise UnitError(
                f"A signal {_described(left.measure)} and one {_described(right.measure)} cannot "
                "be added; give both the same unit.",
                right.measure.text or "dimensionless",
                left.measure.text or "dimensionless",
            )
        joint_shape(left=left.shape, right=right.shape)
        flat = [each.parts if isinstance(each, Sum) else (each,) for each in (left, right)]
        self._keep(parts=flat[0] + flat[1])

    @cached_property
    def measure(self) -> Measure:
        """The unit of the first part."""
        return self.parts[0].measure

    @cached_property
    def shape(self) -> Lanes:
        """The lane shape of all parts together."""
        return np.broadcast_shapes(*(part.shape for part in self.parts))

    @property
    def calls_functions(self) -> bool:
        """Whether one of the parts calls a function of the user's."""
        return any(part.calls_functions for part in self.parts)

    def _total(self, values: list[Floats]) -> Floats:
        first, *others = (aligned(each, len(self.shape)) for each in values)
        return sum(others, start=first)

    def _sample(self, times: Floats) -> Floats:
        return self._total([part._sample(times) for part in self.parts])

    def _means(self, steps: Steps) -> Floats:
        return self._total([part._means(steps) for part in self.parts])

    def _is_zero(self, start: float, stop: float) -> bool:
        return all(part._is_zero(start, stop) for part in self.parts)

    def _edges(self, end: float) -> Floats | None:
        found = [part._edges(end) for part in self.parts]
        edges = [times for times in found if times is not None]
        return np.unique(np.concatenate(edges)) if edges else None

    def __repr__(self) -> str:
        first, *others = map(repr, self.parts)
        return first + "".join(f" - {x[1:]}" if x[0] == "-" else f" + {x}" for x in others)


@dataclass(frozen=True, repr=False)
class Scaled(Signal):
    """A signal times a factor, or divided by it."""

    signal: Signal
    factor: Any
    divide: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.factor, Signal):
            raise TypeError(
                "Two signals cannot be multiplied or divided; give a function of t instead, for "
                "example lambda t: a(t) * b(t)."
            )
        name = "The divisor" if self.divide else "The factor"
        factor = read(self.factor, unit_of(self.factor, name), name)
        if self.divide and not np.all(factor.plain):
            raise ValueError("A signal cannot be divided by 0.")
        measure = self.signal.measure.combined(factor.measure, -1 if self.divide else 1)
        self._keep(factor=factor, measure=measure)
        joint_shape(signal=self.signal.shape, factor=factor.shape)

    @cached_property
    def shape(self) -> Lanes:
        """The lane shape of signal and factor together."""
        return np.broadcast_shapes(self.signal.shape, self.factor.shape)

    @property
    def calls_functions(self) -> bool:
        """Whether the signal calls a function of the user's."""
        return self.signal.calls_functions

    def _scaled(self, values: Floats) -> Floats:
        values = aligned(values, len(self.shape))
        return values / self.factor.plain if self.divide else values * self.factor.plain

    def _sample(self, times: Floats) -> Floats:
        return self._scaled(self.signal._sample(times))

    def _means(self, steps: Steps) -> Floats:
        return self._scaled(self.signal._means(steps))

    def _is_zero(self, start: float, stop: float) -> bool:
        return not self.factor or self.signal._is_zero(start, stop)

    def _edges(self, end: float) -> Floats | None:
        return self.signal._edges(end)

    def __repr__(self) -> str:
        inner, factor = repr(self.signal), repr(self.factor)
        if isinstance(self.signal, (Sum, Scaled)):
            inner = f"({inner})"
        if self.divide:
            return f"{inner} / {f'({factor})' if ' ' in factor else factor}"
        return f"-{inner}" if factor == "-1" else f"{factor} * {inner}"
