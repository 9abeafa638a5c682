"""Input signals: values as functions of the system's clock ``t``.

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

import difflib
import math
import operator
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.signals.steps import SLACK, Steps, mixed
from neuromass.units import (
    HZ,
    MS,
    RADIAN,
    Measure,
    UnitError,
    internal,
    measure_of,
    require_finite,
    shown,
)

__all__ = ["Constant", "Pulses", "Ramp", "Sampled", "Signal", "Sine", "Step", "as_signal"]

Floats = NDArray[np.float64]
Lanes = tuple[int, ...]

_ROUNDING = 1e-9
"""Pulses that overlap by less than this fraction, by rounding, touch."""


# ------------------------------------------------------------------- reading arguments


def _unit_of(value: Any) -> Measure:
    """Find the unit of a value, in its first element if it is a sequence of Quantities."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return measure_of(value)


def _value(value: Any, unit: Measure, name: str, example: float | None = None) -> Any:
    """Read a finite float, or an array of one per lane, in internal units."""
    plain = internal(value, unit, name, example)
    require_finite(plain, name)
    return plain


def _is_bare_zero(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def _value_or_zero(value: Any, unit: Measure, name: str) -> Any:
    return 0.0 if _is_bare_zero(value) else _value(value, unit, name)


def _time(value: Any, name: str, example: float = 100.0) -> float:
    """Read one finite time in ms."""
    plain = _value(value, MS, name, example)
    if np.ndim(plain):
        raise TypeError(f"{name} needs a single time, not an array of shape {plain.shape}.")
    return float(plain)


def _require_positive(plain: Any, unit: Measure, name: str) -> None:
    if not np.all(np.asarray(plain) > 0.0):
        raise ValueError(f"{name} must be positive, not {shown(plain, unit)}.")


def _span(value: Any, name: str, example: float) -> float:
    """Read one positive length of time in ms."""
    plain = _time(value, name, example)
    _require_positive(plain, MS, name)
    return plain


def _choice(value: Any, names: tuple[str, ...], name: str) -> str:
    if isinstance(value, str) and value in names:
        return value
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"{name} must be one of {', '.join(map(repr, names))}, not {value!r}{hint}")


def _exactly_one(**given: Any) -> None:
    number = sum(value is not None for value in given.values())
    if number != 1:
        told = "not both" if number else "one of them is needed"
        raise ValueError(f"Give either {' or '.join(given)}, {told}.")


def _joint_shape(**shapes: Lanes) -> Lanes:
    """Broadcast the lane shapes of what is used together."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        told = " and ".join(f"{name} has shape {shape}" for name, shape in shapes.items() if shape)
        raise ValueError(f"The lanes do not fit together: {told}.") from None


@dataclass(frozen=True)
class _Window:
    """The times ``start <= t < stop``, in ms; either end may be infinite."""

    start: float
    stop: float

    def __post_init__(self) -> None:
        if not self.start < self.stop:
            raise ValueError(
                f"stop must come after start, and {shown(self.stop, MS, 15)} does not come "
                f"after {shown(self.start, MS, 15)}."
            )

    def holds(self, times: Floats) -> NDArray[np.bool_]:
        return (self.start <= times) & (times < self.stop)

    def overlap(self, start: float, stop: float) -> float:
        """How much of another span it covers, in ms."""
        return max(0.0, min(self.stop, stop) - max(self.start, start))

    def edges(self) -> Floats:
        ends = np.array([self.start, self.stop])
        return ends[np.isfinite(ends)]


def _window(start: Any, stop: Any, default_start: float = 0.0) -> _Window:
    return _Window(
        default_start if start is None else _time(start, "start"),
        math.inf if stop is None else _time(stop, "stop"),
    )


def _cell(times: Floats, start: float, width: float) -> Floats:
    """Find the whole number k with ``start + k width <= t < start + (k + 1) width``, in floats."""
    k = np.floor((times - start) / width)
    k -= start + k * width > times
    k += start + (k + 1) * width <= times
    return k


def _aligned(values: NDArray[Any], rank: int) -> NDArray[Any]:
    """Insert axes of length 1 after the first, time, until there are `rank` lane axes."""
    n, *lanes = values.shape
    return values.reshape(n, *(1,) * (rank - len(lanes)), *lanes)


# --------------------------------------------------------------------------- as text


def _text(value: Any, unit: Measure) -> str:
    """Write internal floats in their unit, ``3 pA`` or ``[1, 2] pA``; long arrays abbreviated."""
    body = np.array2string(
        np.asarray(unit.from_internal(np.asarray(value))),
        separator=", ",
        threshold=12,
        max_line_width=10_000,
        formatter={"float_kind": "{:.15g}".format},
    )
    return " ".join([*body.split(), *unit.symbol.split()])


def _nonzero(value: Any, unit: Measure) -> str | None:
    return _text(value, unit) if np.any(value) else None


def _finite(time: float, default: float = math.inf) -> str | None:
    return _text(time, MS) if math.isfinite(time) and time != default else None


def _written(signal: Signal, *arguments: str, **keywords: str | None) -> str:
    named = [f"{name}={text}" for name, text in keywords.items() if text is not None]
    return f"{type(signal).__name__}({', '.join([*arguments, *named])})"


# ---------------------------------------------------------------------------- the base


class Signal(ABC):
    """A value as a function of the system's clock.

    Make one of the kinds in this module; this class is what they share. Signals with a
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

    measure: Measure
    shape: Lanes

    __array_ufunc__: ClassVar[None] = None
    """Makes ``ndarray * signal`` one signal, not an array of them."""

    _aside: ClassVar[frozenset[str]] = frozenset({"measure"})
    """Names of attributes that do not count in comparisons."""

    def __new__(cls, *_arguments: Any, **_keywords: Any) -> Self:
        """Make known to pint that this class takes part in arithmetic with Quantities."""
        _let_quantities_defer(cls)
        return super().__new__(cls)

    def _set(self, **attributes: Any) -> None:
        for value in attributes.values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        self.__dict__.update(attributes)

    @abstractmethod
    def _sample(self, times: Floats) -> Floats: ...

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

    def _means(self, steps: Steps) -> Floats:
        return self._sample(steps.middles)

    def _is_zero(self, start: float, stop: float) -> bool:
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
        times = internal(t, MS, "t", 100.0)
        require_finite(times, "t")
        times = np.asarray(times)
        values = self.sample(times.ravel()).reshape(times.shape + self.shape)
        return self.measure.quantity(values if values.ndim else float(values))

    # Arithmetic. Quantities and arrays on the left leave it to the signal on the right.

    def __add__(self, other: Any) -> Signal:
        return _added(self, other)

    def __radd__(self, other: Any) -> Signal:
        return _added(other, self)

    def __sub__(self, other: Any) -> Signal:
        return self if _is_bare_zero(other) else _added(self, -_lifted(other))

    def __rsub__(self, other: Any) -> Signal:
        return _added(other, -self)

    def __neg__(self) -> Signal:
        return _Scaled(self, -1.0)

    def __pos__(self) -> Signal:
        return self

    def __mul__(self, other: Any) -> Signal:
        return _Scaled(self, other)

    def __rmul__(self, other: Any) -> Signal:
        return _Scaled(self, other)

    def __truediv__(self, other: Any) -> Signal:
        return _Scaled(self, other, divide=True)

    def __rtruediv__(self, other: Any) -> NoReturn:
        raise TypeError(
            "Nothing can be divided by a signal; give a function of t instead, for example "
            "lambda t: 1 / signal(t)."
        )

    # Values: compared by content, never changed.

    def _key(self) -> tuple[Any, ...]:
        fields = sorted(self.__dict__.items())
        return (
            self.measure.dimension,
            *((name, _comparable(value)) for name, value in fields if name not in self._aside),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Signal):
            return NotImplemented
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A signal does not change, so {name} cannot be set; make a new one.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A signal does not change, so {name} cannot be deleted.")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(**state)

    def __copy__(self) -> Signal:
        return self

    def __deepcopy__(self, memo: Any) -> Signal:
        return self


def _let_quantities_defer(cls: type) -> None:
    """Have pint hand ``quantity * signal`` over to the signal.

    It would otherwise make a Quantity that holds a signal. This is the way pint documents
    for such classes; it wants the class itself, a parent is not enough.
    """
    known = getattr(units.pint.compat, "upcast_type_map", {})
    known[f"{cls.__module__}.{cls.__qualname__}"] = cls


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, (value + 0.0).tobytes()  # -0.0 equals 0.0
    return value


# ----------------------------------------------------------------- sums and scalings


def _lifted(other: Any) -> Signal:
    return other if isinstance(other, Signal) else _constant(other, "What is added to a signal")


def _added(left: Any, right: Any) -> Signal:
    if _is_bare_zero(left):  # where sum() begins
        return _lifted(right)
    if _is_bare_zero(right):
        return _lifted(left)
    return _Sum(_lifted(left), _lifted(right))


def _described(unit: Measure) -> str:
    return f"in {unit.symbol}" if unit.symbol else "without a unit (dimensionless)"


class _Sum(Signal):
    """Signals added from left to right."""

    _parts: tuple[Signal, ...]

    def __init__(self, left: Signal, right: Signal) -> None:
        mine, other = left.measure, right.measure
        if mine.dimension != other.dimension:
            raise UnitError(
                f"A signal {_described(mine)} and one {_described(other)} cannot be added; "
                "give both the same unit.",
                other.text or "dimensionless",
                mine.text or "dimensionless",
            )
        self._set(
            measure=mine,
            shape=_joint_shape(left=left.shape, right=right.shape),
            _parts=_terms(left) + _terms(right),
        )

    def _sample(self, times: Floats) -> Floats:
        rank = len(self.shape)
        first, *others = (_aligned(part.sample(times), rank) for part in self._parts)
        total = first
        for values in others:
            total = total + values
        return total

    def _means(self, steps: Steps) -> Floats:
        rank = len(self.shape)
        first, *others = (
            _aligned(part.means(steps.first, steps.count, steps.dt), rank) for part in self._parts
        )
        return sum(others, start=first)

    def _is_zero(self, start: float, stop: float) -> bool:
        return all(part.is_zero(start, stop) for part in self._parts)

    @property
    def calls_functions(self) -> bool:
        """Whether a function of the user's is called for its values."""
        return any(part.calls_functions for part in self._parts)

    def _edges(self, end: float) -> Floats | None:
        found = [part.changes(end) for part in self._parts]
        edges = [times for times in found if times is not None]
        return np.unique(np.concatenate(edges)) if edges else None

    def __repr__(self) -> str:
        first, *others = self._parts
        return repr(first) + "".join(map(_as_term, others))


def _terms(signal: Signal) -> tuple[Signal, ...]:
    return signal._parts if isinstance(signal, _Sum) else (signal,)


def _as_term(signal: Signal) -> str:
    text = repr(signal)
    return f" - {text[1:]}" if text.startswith("-") else f" + {text}"


class _Scaled(Signal):
    """A signal times a factor, or divided by it."""

    _aside = frozenset({"measure", "_unit"})
    _signal: Signal
    _factor: Any
    _unit: Measure
    _divide: bool

    def __init__(self, signal: Signal, factor: Any, *, divide: bool = False) -> None:
        if isinstance(factor, Signal):
            raise TypeError(
                "Two signals cannot be multiplied or divided; give a function of t instead, for "
                "example lambda t: a(t) * b(t)."
            )
        unit = _unit_of(factor)
        plain = _value(factor, unit, "The divisor" if divide else "The factor")
        if divide and not np.all(plain):
            raise ValueError("A signal cannot be divided by 0.")
        self._set(
            measure=signal.measure.combined(unit, -1 if divide else 1),
            shape=_joint_shape(signal=signal.shape, factor=np.shape(plain)),
            _signal=signal,
            _factor=plain,
            _unit=unit,
            _divide=divide,
        )

    def _sample(self, times: Floats) -> Floats:
        return self._scaled(self._signal.sample(times))

    def _means(self, steps: Steps) -> Floats:
        return self._scaled(self._signal.means(steps.first, steps.count, steps.dt))

    def _scaled(self, values: Floats) -> Floats:
        values = _aligned(values, len(self.shape))
        return values / self._factor if self._divide else values * self._factor

    def _is_zero(self, start: float, stop: float) -> bool:
        return not np.any(self._factor) or self._signal.is_zero(start, stop)

    @property
    def calls_functions(self) -> bool:
        """Whether a function of the user's is called for its values."""
        return self._signal.calls_functions

    def _edges(self, end: float) -> Floats | None:
        return self._signal.changes(end)

    def __repr__(self) -> str:
        inner = repr(self._signal)
        if isinstance(self._signal, (_Sum, _Scaled)):
            inner = f"({inner})"
        factor = _text(self._factor, self._unit)
        if self._divide:
            return f"{inner} / {f'({factor})' if ' ' in factor else factor}"
        return f"-{inner}" if factor == "-1" else f"{factor} * {inner}"


# --------------------------------------------------------------------- kinds of signal


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

    _level: Any

    def __init__(self, value: Any) -> None:
        unit = _unit_of(value)
        plain = _value(value, unit, "value")
        self._set(measure=unit, shape=np.shape(plain), _level=plain)

    def _sample(self, times: Floats) -> Floats:
        return np.full(times.shape + self.shape, self._level)

    def _is_zero(self, start: float, stop: float) -> bool:
        return not np.any(self._level)

    def __repr__(self) -> str:
        return _written(self, _text(self._level, self.measure))


def _constant(value: Any, name: str) -> Constant:
    """Make a Constant whose argument has another name in errors."""
    _value(value, _unit_of(value), name)
    return Constant(value)


class Step(Signal):
    """One value from `start` until before `stop`, another outside.

    Parameters
    ----------
    amplitude : number, array or Quantity
        The value for ``start <= t < stop``; an array gives one per lane.
    start : Quantity, optional
        When it begins; 0 ms if not given.
    stop : Quantity, optional
        When it ends; never if not given.
    base : number, array or Quantity, optional
        The value outside, in the unit of `amplitude`; 0 if not given.

    Raises
    ------
    UnitError
        If a time is not a time, or `base` has another dimension than `amplitude`.
    ValueError
        If a value is not finite, `stop` does not come after `start`, or the shapes of
        `amplitude` and `base` do not fit together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> step = signals.Step(3.0, start=100 * ms, stop=250 * ms)
    >>> print(step([99.9, 100, 249.9, 250] * ms))
    [0.0 3.0 3.0 0.0] dimensionless
    """

    _amplitude: Any
    _base: Any
    _window: _Window

    def __init__(
        self, amplitude: Any, start: Any = None, stop: Any = None, *, base: Any = 0
    ) -> None:
        unit = _unit_of(amplitude)
        level = _value(amplitude, unit, "amplitude")
        outside = _value_or_zero(base, unit, "base")
        self._set(
            measure=unit,
            shape=_joint_shape(amplitude=np.shape(level), base=np.shape(outside)),
            _amplitude=level,
            _base=outside,
            _window=_window(start, stop),
        )

    def _sample(self, times: Floats) -> Floats:
        inside = self._window.holds(_aligned(times, len(self.shape)))
        return np.where(inside, self._amplitude, self._base)

    def _means(self, steps: Steps) -> Floats:
        part = steps.covered(self._window.start, self._window.stop)
        return mixed(_aligned(part, len(self.shape)), self._amplitude, self._base)

    def _is_zero(self, start: float, stop: float) -> bool:
        inside = self._window.overlap(start, stop)
        within = inside == 0.0 or not np.any(self._amplitude)
        return bool(within and (inside == stop - start or not np.any(self._base)))

    def _edges(self, end: float) -> Floats:
        return self._window.edges()

    def __repr__(self) -> str:
        return _written(
            self,
            _text(self._amplitude, self.measure),
            start=_finite(self._window.start, 0.0),
            stop=_finite(self._window.stop),
            base=_nonzero(self._base, self.measure),
        )


class Pulses(Signal):
    """Rectangular pulses, periodic or at given times; zero between them.

    Parameters
    ----------
    amplitude : number, array or Quantity
        The value during a pulse; an array gives one per lane.
    width : Quantity
        How long each pulse lasts.
    period : Quantity, optional
        From one onset to the next. Exactly one of `period` and `times` is given.
    start : Quantity, optional
        The first onset; 0 ms if not given. Only with `period`.
    stop : Quantity, optional
        From here on the signal is zero; a pulse under way is cut. Only with `period`.
    count : int, optional
        The number of pulses; endless if neither `count` nor `stop` is given. Only with
        `period`.
    times : Quantity, optional
        The onsets, in any order.

    Raises
    ------
    UnitError
        If a time is not a time.
    ValueError
        If a value is not finite, `width` or `period` is not positive, pulses overlap, both
        or neither of `period` and `times` are given, or `stop` does not come after `start`.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> train = signals.Pulses(2.0, width=1 * ms, period=10 * ms, start=5 * ms, count=3)
    >>> train.changes()
    array([ 5.,  6., 15., 16., 25., 26.])
    >>> print(train([5, 5.5, 6, 15, 35] * ms))
    [2.0 2.0 0.0 2.0 0.0] dimensionless
    >>> signals.Pulses(2.0, width=1 * ms, times=[5, 17] * ms).changes()
    array([ 5.,  6., 17., 18.])
    """

    _amplitude: Any
    _width: float
    _onsets: Floats | None = None
    _period: float = math.inf
    _count: float = math.inf
    _window: _Window = _Window(-math.inf, math.inf)

    def __init__(
        self,
        amplitude: Any,
        width: Any,
        period: Any = None,
        start: Any = None,
        stop: Any = None,
        *,
        count: int | None = None,
        times: Any = None,
    ) -> None:
        _exactly_one(period=period, times=times)
        unit = _unit_of(amplitude)
        level = _value(amplitude, unit, "amplitude")
        length = _span(width, "width", 5.0)
        self._set(measure=unit, shape=np.shape(level), _amplitude=level, _width=length)
        if times is not None:
            _refuse_with_times(start=start, stop=stop, count=count)
            self._set(_onsets=_read_onsets(times, length))
        else:
            self._set(
                _period=_read_period(period, length),
                _count=math.inf if count is None else _read_count(count),
                _window=_window(start, stop),
            )

    def _number(self, end: float = math.inf) -> float:
        """Count the pulses that begin before `stop` and `end`."""
        last = min(self._window.stop, end)
        if math.isinf(last):
            return self._count
        return min(self._count, math.ceil((last - self._window.start) / self._period - _ROUNDING))

    def _latest(self, times: Floats) -> Floats:
        """Find the onset of the last pulse that has begun at each time; -inf before the first."""
        if self._onsets is not None:
            onsets = np.concatenate(([-math.inf], self._onsets))
            return onsets[np.searchsorted(onsets, times, side="right") - 1]
        start = self._window.start
        k = np.minimum(_cell(times, start, self._period), self._number() - 1.0)
        return np.where(k < 0.0, -math.inf, start + k * self._period)

    def _sample(self, times: Floats) -> Floats:
        on = (times < self._latest(times) + self._width) & (times < self._window.stop)
        return np.where(_aligned(on, len(self.shape)), self._amplitude, 0.0)

    def _begun(self, times: Floats, slack: float) -> tuple[Floats, Floats]:
        """How many pulses have begun before each time but the last, and how long that one was on.

        Onsets that lie within `slack` after a time have begun.
        """
        if self._onsets is not None:
            number = np.searchsorted(self._onsets, times + slack, side="right") - 1.0
            onsets = self._onsets[np.maximum(number, 0.0).astype(np.intp)]
        else:
            number = np.floor((times + slack - self._window.start) / self._period)
            number = np.clip(number, -1.0, self._number() - 1.0)
            onsets = self._window.start + number * self._period
        lasted = np.minimum(times, self._window.stop) - onsets
        lasted = np.where(np.abs(lasted - self._width) < slack, self._width, lasted)
        lasted = np.where(number < 0.0, self._width, np.clip(lasted, 0.0, self._width))
        return np.asarray(number, dtype=np.float64), lasted

    def _on(self, borders: Floats, slack: float) -> Floats:
        """How long pulses are on between borders, in ms."""
        number, lasted = self._begun(borders, slack)
        return np.diff(number) * self._width + np.diff(lasted)

    def _means(self, steps: Steps) -> Floats:
        slack = SLACK * steps.dt + 4e-16 * abs(steps.first + steps.count) * steps.dt
        part = self._on(steps.borders, slack) / steps.dt
        nearest = np.rint(part)
        part = np.where(np.abs(part - nearest) < 4.0 * slack / steps.dt, nearest, part)
        return mixed(_aligned(part, len(self.shape)), self._amplitude, 0.0)

    def _is_zero(self, start: float, stop: float) -> bool:
        slack = 1e-12 * (stop - start)
        on = self._on(np.array([start, stop]), slack)[0]
        return bool(on <= slack or not np.any(self._amplitude))

    def _edges(self, end: float) -> Floats | None:
        if self._onsets is not None:
            onsets = self._onsets
        else:
            number = self._number(end)
            if math.isinf(number):
                return None
            onsets = self._window.start + np.arange(max(number, 1.0)) * self._period
        return np.unique([onsets, np.minimum(onsets + self._width, self._window.stop)])

    def __repr__(self) -> str:
        listed = self._onsets is not None
        return _written(
            self,
            _text(self._amplitude, self.measure),
            width=_text(self._width, MS),
            period=_finite(self._period),
            start=_finite(self._window.start, 0.0),
            stop=_finite(self._window.stop),
            count=f"{self._count:.0f}" if math.isfinite(self._count) else None,
            times=_text(self._onsets, MS) if listed else None,
        )


def _refuse_with_times(**given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} belongs to pulses with a period; leave it out with times.")


def _read_onsets(times: Any, width: float) -> Floats:
    onsets = np.atleast_1d(internal(times, MS, "times", 100.0))
    if onsets.ndim > 1:
        raise ValueError(f"times needs one list of onsets, not an array of shape {onsets.shape}.")
    require_finite(onsets, "times")
    onsets = np.sort(onsets)
    overlaps = np.flatnonzero(np.diff(onsets) < width * (1.0 - _ROUNDING))
    if overlaps.size:
        first, second = onsets[overlaps[0] : overlaps[0] + 2]
        raise ValueError(
            f"times must be at least the width of {shown(width, MS)} apart; the pulses at "
            f"{shown(first, MS, 15)} and {shown(second, MS, 15)} overlap."
        )
    return onsets


def _read_period(value: Any, width: float) -> float:
    period = _span(value, "period", 100.0)
    if period < width * (1.0 - _ROUNDING):
        raise ValueError(
            f"period must not be shorter than width, and {shown(period, MS, 15)} is shorter "
            f"than {shown(width, MS, 15)}."
        )
    return period


def _read_count(value: Any) -> float:
    try:
        count = 0 if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise ValueError(f"count needs a positive whole number, for example 5, not {value!r}.")
    return float(count)


class Ramp(Signal):
    """A straight line from one value to another; constant before and after it.

    Parameters
    ----------
    first : number, array or Quantity
        The value until `start`; an array gives one per lane.
    last : number, array or Quantity
        The value from `stop` on, in a unit of the same dimension.
    start, stop : Quantity
        Where the line begins and ends.

    Raises
    ------
    UnitError
        If a time is not a time, or `first` and `last` differ in dimension.
    ValueError
        If a value is not finite, `stop` does not come after `start`, or the shapes of
        `first` and `last` do not fit together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> print(signals.Ramp(1.0, 3.0, start=10 * ms, stop=20 * ms)([0, 10, 15, 20, 90] * ms))
    [1.0 1.0 2.0 3.0 3.0] dimensionless
    """

    _first: Any
    _last: Any
    _window: _Window

    def __init__(self, first: Any, last: Any, start: Any, stop: Any) -> None:
        unit = _unit_of(last if _is_bare_zero(first) else first)
        begin = _value_or_zero(first, unit, "first")
        end = _value_or_zero(last, unit, "last")
        self._set(
            measure=unit,
            shape=_joint_shape(first=np.shape(begin), last=np.shape(end)),
            _first=begin,
            _last=end,
            _window=_Window(_time(start, "start"), _time(stop, "stop")),
        )

    def _sample(self, times: Floats) -> Floats:
        start, stop = self._window.start, self._window.stop
        part = np.clip((_aligned(times, len(self.shape)) - start) / (stop - start), 0.0, 1.0)
        return _between(self._first, self._last, part)

    def _means(self, steps: Steps) -> Floats:
        start, stop = self._window.start, self._window.stop
        at = (steps.borders - start) / (stop - start)
        low, high = np.clip(at[:-1], 0.0, 1.0), np.clip(at[1:], 0.0, 1.0)
        above = np.clip(at[1:] - 1.0, 0.0, at[1:] - at[:-1])
        risen = (0.5 * (high - low) * (high + low) + above) / (at[1:] - at[:-1])
        middle = np.clip((steps.middles - start) / (stop - start), 0.0, 1.0)
        kink = (low - at[:-1] != high - at[1:]) | ((at[:-1] < 0.0) != (at[1:] < 0.0))
        part = _aligned(np.where(kink, risen, middle), len(self.shape))
        return _between(self._first, self._last, part)

    def _is_zero(self, start: float, stop: float) -> bool:
        kinks = np.clip(self._window.edges(), start, stop)
        return not np.any(self._sample(np.array([start, *kinks, stop])))

    def _edges(self, end: float) -> Floats:
        return self._window.edges()

    def __repr__(self) -> str:
        return _written(
            self,
            _text(self._first, self.measure),
            _text(self._last, self.measure),
            start=_text(self._window.start, MS),
            stop=_text(self._window.stop, MS),
        )


def _between(first: Any, last: Any, part: Floats) -> Floats:
    """Interpolate linearly: exactly `first` at part 0 and `last` at part 1."""
    return first * (1.0 - part) + last * part


class Sine(Signal):
    """A sine wave: ``offset + amplitude * sin(2 pi frequency (t - start) + phase)``.

    Parameters
    ----------
    amplitude : number, array or Quantity
        Half the distance from trough to peak.
    frequency : Quantity, optional
        Cycles per time, not angular. Exactly one of `frequency` and `period` is given.
    period : Quantity, optional
        The duration of one cycle.
    phase : number, array or Quantity, optional
        The phase at `start` (at t = 0 if there is no `start`), as an angle or in radian.
    offset : number, array or Quantity, optional
        What is added to the wave while it lasts, in the unit of `amplitude`.
    start, stop : Quantity, optional
        The signal is zero before `start` and from `stop` on, offset included. Without them
        it lasts for ever. For a background that stays, add a Constant.

    Raises
    ------
    UnitError
        If a unit is wrong, for example an angular one for `frequency`.
    ValueError
        If a value is not finite, `frequency` or `period` is not positive, both or neither of
        them are given, `stop` does not come after `start`, or shapes do not fit together.

    Notes
    -----
    `amplitude`, `frequency` or `period`, `phase` and `offset` may be arrays, one value per
    lane; they are broadcast together.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import Hz, ms
    >>> print(signals.Sine(2.0, frequency=10 * Hz, offset=1.0)([0, 25, 75] * ms))
    [1.0 3.0 -1.0] dimensionless
    """

    _aside = frozenset({"measure", "_period"})
    _amplitude: Any
    _frequency: Any
    _period: Any
    _phase: Any
    _offset: Any
    _window: _Window

    def __init__(
        self,
        amplitude: Any,
        frequency: Any = None,
        period: Any = None,
        phase: Any = 0,
        offset: Any = 0,
        *,
        start: Any = None,
        stop: Any = None,
    ) -> None:
        _exactly_one(frequency=frequency, period=period)
        unit = _unit_of(amplitude)
        per_time, one_cycle = _read_rhythm(frequency, period)
        self._set(
            measure=unit,
            _frequency=per_time,
            _period=one_cycle,
            _amplitude=_value(amplitude, unit, "amplitude"),
            _phase=_value(phase, RADIAN, "phase"),
            _offset=_value_or_zero(offset, unit, "offset"),
            _window=_window(start, stop, -math.inf),
        )
        rhythm = "frequency" if period is None else "period"
        shapes = {
            "amplitude": np.shape(self._amplitude),
            rhythm: np.shape(self._frequency),
            "phase": np.shape(self._phase),
            "offset": np.shape(self._offset),
        }
        self._set(shape=_joint_shape(**shapes))

    def _sample(self, times: Floats) -> Floats:
        origin = self._window.start if math.isfinite(self._window.start) else 0.0
        t = _aligned(times, len(self.shape))
        cycles = self._frequency * (t - origin) + self._phase / math.tau
        wave = self._amplitude * np.sin(math.tau * (cycles - np.floor(cycles)))
        return np.where(self._window.holds(t), self._offset + wave, 0.0)

    def _means(self, steps: Steps) -> Floats:
        begin, end = steps.parts(self._window.start, self._window.stop)
        length = end - begin
        numbers = np.arange(steps.first, steps.first + steps.count, dtype=float)
        middles = (numbers + 0.5 * (begin + end)) * steps.dt
        part = _aligned(length, len(self.shape))
        origin = self._window.start if math.isfinite(self._window.start) else 0.0
        t = _aligned(middles, len(self.shape))
        cycles = self._frequency * (t - origin) + self._phase / math.tau
        fading = np.sinc(self._frequency * part * steps.dt)
        wave = self._amplitude * np.sin(math.tau * (cycles - np.floor(cycles))) * fading
        return np.where(part == 0.0, 0.0, part * (self._offset + wave))

    def _is_zero(self, start: float, stop: float) -> bool:
        silent = not np.any(self._amplitude) and not np.any(self._offset)
        return silent or self._window.overlap(start, stop) == 0.0

    def _edges(self, end: float) -> Floats | None:
        edges = self._window.edges()
        return edges if edges.size else None

    def __repr__(self) -> str:
        return _written(
            self,
            _text(self._amplitude, self.measure),
            frequency=_text(self._frequency, HZ) if self._period is None else None,
            period=_text(self._period, MS) if self._period is not None else None,
            phase=_nonzero(self._phase, RADIAN),
            offset=_nonzero(self._offset, self.measure),
            start=_finite(self._window.start),
            stop=_finite(self._window.stop),
        )


def _read_rhythm(frequency: Any, period: Any) -> tuple[Any, Any]:
    """Read the frequency in 1/ms, and the period in ms if that is what was given."""
    if period is None:
        plain = _value(frequency, HZ, "frequency", 10.0)
        _require_positive(plain, HZ, "frequency")
        return plain, None
    plain = _value(period, MS, "period", 100.0)
    _require_positive(plain, MS, "period")
    return 1.0 / plain, plain


class Sampled(Signal):
    """Values on a clock of their own, for example a recorded current.

    Parameters
    ----------
    values : array, Quantity or sequence
        Time first: shape (n,), or (n, *lanes) for one value per lane.
    dt : Quantity
        From one sample to the next.
    start : Quantity, optional
        The time of sample 0; 0 ms if not given.
    kind : {"hold", "linear"}, optional
        "hold": sample k is the value for ``start + k dt <= t < start + (k + 1) dt``, so
        that n samples cover ``n dt``. "linear": the value at ``start + k dt`` is sample k,
        with straight lines between, so that n samples cover ``(n - 1) dt``.
    outside : {"error", "zero", "hold"}, optional
        What holds at times that the samples do not cover. "error", the default: asking
        for them is an error. "zero": zero. "hold": the first and the last sample.

    Raises
    ------
    UnitError
        If `dt` or `start` is not a time.
    TypeError
        If `values` are no numbers.
    ValueError
        If a value is not finite, `dt` is not positive, there are too few values, or `kind`
        or `outside` is unknown.

    Examples
    --------
    >>> from neuromass import signals
    >>> from neuromass.units import ms
    >>> held = signals.Sampled([1.0, 2.0, 4.0], dt=10 * ms, outside="zero")
    >>> print(held([-5, 5, 10, 25, 30] * ms))
    [0.0 1.0 2.0 4.0 0.0] dimensionless
    >>> print(signals.Sampled([1.0, 2.0, 4.0], dt=10 * ms, kind="linear")([0, 5, 15, 20] * ms))
    [1.0 1.5 3.0 4.0] dimensionless
    """

    _values: Floats
    _dt: float
    _start: float
    _kind: str
    _outside: str

    def __init__(
        self,
        values: Any,
        dt: Any,
        start: Any = None,
        kind: Literal["hold", "linear"] = "hold",
        outside: Literal["error", "zero", "hold"] = "error",
    ) -> None:
        unit = _unit_of(values)
        plain = np.asarray(_value(values, unit, "values"))
        chosen = _choice(kind, ("hold", "linear"), "kind")
        least = 1 if chosen == "hold" else 2
        if plain.ndim == 0 or len(plain) < least:
            raise ValueError(
                f"values needs an array with time first, and at least {least} of them for "
                f"kind={chosen!r}, not shape {plain.shape}."
            )
        self._set(
            measure=unit,
            shape=plain.shape[1:],
            _values=plain,
            _dt=_span(dt, "dt", 0.1),
            _start=0.0 if start is None else _time(start, "start"),
            _kind=chosen,
            _outside=_choice(outside, ("error", "zero", "hold"), "outside"),
        )

    @property
    def _end(self) -> float:
        intervals = len(self._values) - (self._kind == "linear")
        return self._start + intervals * self._dt

    def _sample(self, times: Floats) -> Floats:
        times = self._snapped(times)
        beyond = times >= self._end if self._kind == "hold" else times > self._end
        missing = (times < self._start) | beyond
        if self._outside == "error" and missing.any():
            raise ValueError(self._refusal(times[missing][0]))
        values = self._held(times) if self._kind == "hold" else self._interpolated(times)
        if self._outside == "zero":
            values[missing] = 0.0
        return values

    def _means(self, steps: Steps) -> Floats:
        borders = self._snapped(steps.borders)
        missing = np.maximum(self._start - borders[:-1], borders[1:] - self._end) > 0.0
        if self._outside == "error" and missing.any():
            k = int(np.argmax(missing))
            early = borders[k] < self._start
            raise ValueError(self._refusal(borders[k] if early else borders[k + 1]))
        inside = np.clip(borders, self._start, self._end)
        areas = np.diff(self._areas(inside), axis=0)
        single = self._in_one_cell(inside)
        length = _aligned(np.diff(inside), len(self.shape))
        at = 0.5 * (inside[:-1] + inside[1:])
        value = self._held(at) if self._kind == "hold" else self._interpolated(at)
        mean = np.where(
            _aligned(single, len(self.shape)), value, areas / np.where(length, length, 1.0)
        )
        if self._outside == "hold":
            first, last = self._values[0], self._values[-1]
            before = _aligned(np.clip(self._start - borders, 0.0, None), len(self.shape))
            after = _aligned(np.clip(borders - self._end, 0.0, None), len(self.shape))
            around = (before[:-1] - before[1:]) * first + (after[1:] - after[:-1]) * last
        else:
            around = np.zeros_like(mean)
        whole = _aligned(~missing, len(self.shape))
        total = _aligned(np.diff(borders), len(self.shape))
        return np.where(whole, mean, (mean * length + around) / total)

    def _in_one_cell(self, inside: Floats) -> NDArray[np.bool_]:
        """Whether each span between borders lies between two samples that follow each other."""
        begin = self._index(inside[:-1])
        end = np.ceil((inside[1:] - self._start) / self._dt - SLACK).astype(np.intp)
        found: NDArray[np.bool_] = end <= begin + 1
        return found

    def _areas(self, times: Floats) -> Floats:
        """What the values sum up to from the start to each time, in value times ms."""
        values = self._values
        k = self._index(times)
        rest = _aligned(times - (self._start + k * self._dt), len(self.shape))
        if self._kind == "hold":
            cells = values * self._dt
            slope: Any = 0.0
        else:
            following = np.minimum(np.arange(1, len(values) + 1), len(values) - 1)
            cells = 0.5 * (values + values[following]) * self._dt
            slope = ((values[following] - values) / self._dt)[k]
        before = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(cells, axis=0)])
        return before[k] + rest * (values[k] + 0.5 * slope * rest)

    def _is_zero(self, start: float, stop: float) -> bool:
        if self._outside != "hold" and (start >= self._end or stop <= self._start):
            return True
        times = np.clip(np.array([start, stop - SLACK * self._dt]), self._start, self._end)
        first, last = self._index(times)
        return not np.any(self._values[first : last + 1 + (self._kind == "linear")])

    def _snapped(self, times: Floats) -> Floats:
        """Times, those put right that are the times of samples but for rounding."""
        nearest = np.rint((times - self._start) / self._dt)
        at = self._start + nearest * self._dt
        return np.where(np.abs(times - at) < 1e-9 * self._dt, at, times)

    def _refusal(self, time: float) -> str:
        return (
            f"Sampled values cover {shown(self._start, MS, 15)} to {shown(self._end, MS, 15)} "
            f"(kind={self._kind!r}) and were needed at {shown(time, MS, 15)}; give more of them, "
            "or say outside='zero' or outside='hold'."
        )

    def _index(self, times: Floats) -> NDArray[np.intp]:
        last = len(self._values) - 1
        return np.clip(_cell(times, self._start, self._dt), 0, last).astype(np.intp)

    def _held(self, times: Floats) -> Floats:
        return self._values[self._index(times)]

    def _interpolated(self, times: Floats) -> Floats:
        t = np.clip(times, self._start, self._end)
        k = self._index(t)
        following = np.minimum(k + 1, len(self._values) - 1)
        part = (t - (self._start + k * self._dt)) / self._dt
        return _between(self._values[k], self._values[following], _aligned(part, len(self.shape)))

    def _edges(self, end: float) -> Floats:
        return np.array([self._start, self._end])

    def __repr__(self) -> str:
        return _written(
            self,
            _text(self._values, self.measure),
            dt=_text(self._dt, MS),
            start=_finite(self._start, 0.0),
            kind=None if self._kind == "hold" else repr(self._kind),
            outside=None if self._outside == "error" else repr(self._outside),
        )


# -------------------------------------------------------------------- functions of time


class _Function(Signal):
    """A user's function of t, which it gets as a Quantity in ms.

    It is called twice at construction, at the time `at`: with one time, which tells the
    unit and the lanes, and with an array of two, which tells whether it takes arrays.
    """

    _aside = frozenset({"measure", "_name"})
    _function: Callable[[Any], Any]
    _name: str
    _takes_arrays: bool

    def __init__(self, function: Callable[[Any], Any], name: str, at: float) -> None:
        self._set(_function=function, _name=f"{name}(t)")
        first = self._called(at)
        unit = _unit_of(first)
        value = np.asarray(internal(first, unit, self._name))
        self._require_finite(np.array([at]), value[np.newaxis])
        self._set(measure=unit, shape=value.shape)
        self._set(_takes_arrays=self._does_take_arrays(at))

    @property
    def calls_functions(self) -> bool:
        """Whether a function of the user's is called for its values."""
        return True

    def _called(self, time: Any) -> Any:
        try:
            return self._function(MS.quantity(time))
        except Exception as error:
            error.add_note(f"Raised by the function given as {self._name}.")
            raise

    def _does_take_arrays(self, at: float) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = self._function(MS.quantity(np.array([at, at])))
                values = internal(result, self.measure, self._name)
        except Exception:  # whatever it is, the function is then called per time
            return False
        return np.shape(values) == (2, *self.shape)

    def _sample(self, times: Floats) -> Floats:
        values = self._at_once(times) if self._takes_arrays else self._one_by_one(times)
        self._require_finite(times, values)
        return values

    def _at_once(self, times: Floats) -> Floats:
        values = np.asarray(internal(self._called(times), self.measure, self._name))
        expected = times.shape + self.shape
        if values.shape != expected:
            raise ValueError(
                f"{self._name} must give one value per time, shape {expected} for "
                f"{len(times)} times, not shape {values.shape}."
            )
        return values

    def _one_by_one(self, times: Floats) -> Floats:
        values = np.empty(times.shape + self.shape)
        for k, time in enumerate(times.tolist()):
            value = np.asarray(internal(self._called(time), self.measure, self._name))
            if value.shape != self.shape:
                raise ValueError(
                    f"{self._name} must always have the shape {self.shape} of its first value, "
                    f"not {value.shape} as at t = {shown(time, MS, 15)}."
                )
            values[k] = value
        return values

    def _require_finite(self, times: Floats, values: Floats) -> None:
        bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        if bad.any():
            raise ValueError(
                f"{self._name} must be finite, and is not at t = {shown(times[bad][0], MS, 15)}."
            )

    def __repr__(self) -> str:
        return f"{getattr(self._function, '__name__', type(self._function).__name__)}(t)"


def as_signal(value: Any, name: str, at: float = 0.0) -> Signal:
    """Make a Signal of what a user gives as an input.

    Parameters
    ----------
    value : Signal, number, Quantity or callable
        A number or a Quantity becomes a Constant. A function of t is called with t as a
        Quantity in ms: with an array of times if it returns one value (or one row of
        lanes) per time for them, else with one time after another. It may return numbers,
        arrays or Quantities, always of the dimension and lane shape that it has at `at`.
    name : str
        The argument's name, for errors.
    at : float, optional
        The time in ms at which a function is called first, twice, to learn its unit, its
        lanes, and whether it takes arrays.

    Returns
    -------
    Signal

    Raises
    ------
    TypeError
        If `value` is none of these. An array is refused, since it may mean one value per
        lane (``Constant(values)``) or one per time (``Sampled(values, dt)``).
    ValueError
        If `value`, or what the function returns, is not finite; later, when it is
        sampled, also if the function returns another shape than at first.

    Examples
    --------
    >>> import numpy as np
    >>> from neuromass import signals
    >>> from neuromass.units import Hz, ms
    >>> signals.as_signal(3.0, "I_ext")
    Constant(3)
    >>> signals.as_signal(lambda t: np.sin(10 * Hz * t), "I_ext").sample(np.array([0.0, 50.0]))
    array([0.        , 0.47942554])
    """
    if isinstance(value, Signal):
        return value
    if isinstance(value, type):
        raise TypeError(f"{name} was given the class {value.__name__}, not an object made of it.")
    if callable(value):
        return _Function(value, name, at)
    if np.ndim(internal(value, _unit_of(value), name)):
        raise TypeError(
            f"{name} was given an array, which may mean two things; write "
            "signals.Constant(values) for one value per lane, or signals.Sampled(values, dt) for "
            "one per time."
        )
    return _constant(value, name)
