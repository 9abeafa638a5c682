"""Numbers as signals keep them: internal floats with the unit in which they were given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import one_of
from neuromass.units import (
    DIMENSIONLESS,
    MS,
    Measure,
    measure_of,
    require_finite,
    shown,
    to_internal,
)

Lanes = tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Value:
    """A number, or an array of them, with its unit; compared by content.

    Attributes
    ----------
    plain : float or numpy.ndarray
        In internal units; an array cannot be written to.
    measure : Measure
        The unit in which it is shown.
    """

    plain: Any
    measure: Measure = DIMENSIONLESS

    def __post_init__(self) -> None:
        if isinstance(self.plain, np.ndarray):
            self.plain.setflags(write=False)

    @property
    def quantity(self) -> Any:
        """The value as a Quantity."""
        return self.measure.quantity(self.plain)

    @property
    def shape(self) -> Lanes:
        """Shape of the array, ``()`` for one number."""
        return np.shape(self.plain)

    def __bool__(self) -> bool:
        return bool(np.any(self.plain))

    def _content(self) -> tuple[Any, ...]:
        plain = np.asarray(self.plain) + 0.0  # -0.0 equals 0.0
        return self.measure.dimension, plain.shape, plain.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __reduce__(self) -> tuple[Any, ...]:
        return Value, (self.plain, self.measure)

    def __repr__(self) -> str:
        body = np.array2string(
            np.asarray(self.measure.from_internal(np.asarray(self.plain))),
            separator=", ",
            threshold=12,
            max_line_width=10_000,
            formatter={"float_kind": "{:.15g}".format},
        )
        return " ".join([*body.split(), *self.measure.symbol.split()])


NOTHING: Final = Value(0.0)
ZERO_TIME: Final = Value(0.0, MS)
NEVER: Final = Value(math.inf, MS)
ALWAYS: Final = Value(-math.inf, MS)


def is_bare_zero(value: Any) -> bool:
    """Whether a value is a plain 0, which needs no unit where another value gives it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def unit_of(value: Any, name: str = "A value") -> Measure:
    """Find the unit of a value, in its first element if it is a sequence of Quantities."""
    if isinstance(value, Value):
        return value.measure
    for _ in range(32):  # a list that holds itself is refused when it is read
        if isinstance(value, (list, tuple)) and len(value):
            value = value[0]
    return measure_of(value, name)


def read(value: Any, unit: Measure, name: str, example: float | None = None) -> Value:
    """Read a finite number, or an array of them, of the dimension of `unit`."""
    if isinstance(value, Value) and value.measure.dimension == unit.dimension:
        return value
    plain = to_internal(value, unit, name, example)
    require_finite(plain, name)
    if not np.size(plain):
        raise ValueError(f"{name} needs at least one value, not an empty array.")
    return Value(plain, unit)


def read_level(value: Any, unit: Measure, name: str) -> Value:
    """Read a value that may be a bare zero; or nothing, the default."""
    bare = value is NOTHING or is_bare_zero(value)
    return Value(0.0, unit) if bare else read(value, unit, name)


def read_positive(value: Any, unit: Measure, name: str, example: float) -> Value:
    """Read numbers above zero."""
    found = read(value, unit, name, example)
    if not np.all(np.asarray(found.plain) > 0.0):
        raise ValueError(f"{name} must be positive, not {shown(found.plain, unit)}.")
    return found


def read_time(value: Any, name: str, default: Value | None = None) -> Value:
    """Read one time; for None, the default if there is one."""
    if value is None and default is not None:
        return default
    return _single(read(value, MS, name, 100.0), name)


def read_length(value: Any, name: str, example: float) -> Value:
    """Read one positive length of time."""
    return _single(read_positive(value, MS, name, example), name)


def _single(found: Value, name: str) -> Value:
    if found.shape:
        raise TypeError(f"{name} needs a single time, not an array of shape {found.shape}.")
    return found


def read_choice(value: Any, names: tuple[str, ...], name: str) -> str:
    """Read one of some words."""
    return str(one_of(value, name, names))


def require_one(**given: Any) -> None:
    """Refuse none and more than one of some arguments."""
    number = sum(value is not None for value in given.values())
    if number != 1:
        told = "not both" if number else "one of them is needed"
        raise ValueError(f"Give either {' or '.join(given)}, {told}.")


def joint_shape(**shapes: Lanes) -> Lanes:
    """Broadcast the shapes of what is used together."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        told = " and ".join(f"{name} has shape {shape}" for name, shape in shapes.items() if shape)
        raise ValueError(f"The lanes do not fit together: {told}.") from None


def aligned(values: NDArray[Any], rank: int) -> NDArray[Any]:
    """Insert axes of length 1 after the first, time, until there are `rank` lane axes."""
    n, *lanes = values.shape
    return values.reshape(n, *(1,) * (rank - len(lanes)), *lanes)
