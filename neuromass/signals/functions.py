"""Signals that a user's function computes, and what else is given as a signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from neuromass.signals.signal import Signal, constant
from neuromass.signals.steps import Floats
from neuromass.signals.values import unit_of
from neuromass.units import MS, shown, to_internal


@dataclass(frozen=True, repr=False)
class Function(Signal):
    """A user's function of t, called with one time after another, as a Quantity in ms.

    At construction it is called once, at the time `at`, which tells the unit and the lanes.
    """

    function: Callable[[Any], Any]
    name: str = field(compare=False)
    at: InitVar[float] = 0.0

    def __post_init__(self, at: float) -> None:
        self._keep(name=f"{self.name}(t)")
        first = self._called(at)
        unit = unit_of(first, self.name)
        value = np.asarray(to_internal(first, unit, self.name))
        self._require_finite(np.array([at]), value[np.newaxis])
        self._keep(measure=unit, shape=value.shape)

    @property
    def calls_functions(self) -> bool:
        """Whether a function of the user's is called for its values."""
        return True

    def _called(self, time: Any) -> Any:
        try:
            return self.function(MS.quantity(time))
        except Exception as error:
            error.add_note(f"Raised by the function given as {self.name}.")
            raise

    def _sample(self, times: Floats) -> Floats:
        values = np.empty(times.shape + self.shape)
        for k, time in enumerate(times.tolist()):
            value = np.asarray(to_internal(self._called(time), self.measure, self.name))
            if value.shape != self.shape:
                raise ValueError(
                    f"{self.name} must always have the shape {self.shape} of its first value, "
                    f"not {value.shape} as at t = {shown(time, MS, 15)}."
                )
            values[k] = value
        self._require_finite(times, values)
        return values

    def _require_finite(self, times: Floats, values: Floats) -> None:
        bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        if bad.any():
            raise ValueError(
                f"{self.name} must be finite, and is not at t = {shown(times[bad][0], MS, 15)}."
            )

    def __repr__(self) -> str:
        return f"{getattr(self.function, '__name__', type(self.function).__name__)}(t)"


def as_signal(value: Any, name: str, at: float = 0.0) -> Signal:
    """Make a Signal of what a user gives as an input.

    Parameters
    ----------
    value : Signal, number, Quantity or callable
        A number or a Quantity becomes a Constant. A function of t is called with one
        time after another, as a Quantity in ms. It may return numbers, arrays or
        Quantities, always of the dimension and lane shape that it has at `at`.
    name : str
        The argument's name, for errors.
    at : float, optional
        The time in ms at which a function is called first, to learn its unit and lanes.

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
        return Function(value, name, at)
    if np.ndim(to_internal(value, unit_of(value, name), name)):
        raise TypeError(
            f"{name} was given an array, which may mean two things; write "
            "signals.Constant(values) for one value per lane, or signals.Sampled(values, dt) for "
            "one per time."
        )
    return constant(value, name)
