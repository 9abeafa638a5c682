"""The points of a sweep: a grid, or lists that are walked together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.simulation.system import System
from neuromass.sweeps.keys import FreeKey, InputKey, Key, key_named, values_of
from neuromass.units import Measure

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axis:
    """A key with its values.

    Attributes
    ----------
    key : Key
        What it sets.
    values : ndarray
        In internal units.
    measure : Measure
        The unit in which they are shown.
    """

    key: Key
    values: Floats
    measure: Measure


@dataclass(frozen=True, eq=False)
class Points:
    """All points of a sweep, numbered as an array of their shape is.

    Attributes
    ----------
    axes : tuple of Axis
        The keys.
    is_grid : bool
        Whether every value of a key meets every one of the others; else they go together.
    """

    axes: tuple[Axis, ...]
    is_grid: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """How many there are along each axis."""
        lengths = tuple(len(each.values) for each in self.axes)
        return lengths if self.is_grid else lengths[:1]

    @property
    def count(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    def of(self, axis: Axis, numbers: NDArray[np.int64]) -> Floats:
        """Values of an axis at some points, whose numbers go on after the last from the first."""
        numbers = numbers % self.count
        if not self.is_grid:
            return axis.values[numbers]
        return axis.values[np.unravel_index(numbers, self.shape)[self.axes.index(axis)]]

    def values(self, numbers: NDArray[np.int64]) -> list[Floats]:
        """Values of all axes at some points."""
        return [self.of(each, numbers) for each in self.axes]

    def with_values(self, values: Sequence[Floats]) -> Points:
        """As many points as there are values of each axis, which go together."""
        pairs = zip(self.axes, values, strict=True)
        return Points(tuple(replace(axis, values=each) for axis, each in pairs), is_grid=False)

    def point(self, number: int) -> Point:
        """A point, as functions of the user's get it."""
        one = np.array([number])
        return Point({each.key.name: (each.measure, self.of(each, one)[0]) for each in self.axes})


class Point(Mapping[str, Any]):
    """The values of all keys at a point: ``point["height"]`` is a number or a Quantity."""

    def __init__(self, values: Mapping[str, tuple[Measure, float]]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise KeyError(f"A point has no {brief(name)}{suggestion(name, self._values)}")
        measure, value = self._values[name]
        return measure.quantity(float(value)) if measure.text else float(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Point({', '.join(self.shown())})"

    def shown(self) -> list[str]:
        """Names and values as text."""
        pairs = self._values.items()
        return [f"{name} = {m.quantity(float(v)):.6g~P}".rstrip() for name, (m, v) in pairs]


def points_of(given: Any, mode: str, system: System, free: bool) -> Points:
    """The points that a user gives.

    Parameters
    ----------
    given : mapping or DataFrame
        Key -> values.
    mode : {"grid", "zip"}
        Whether every value meets every other; tables are always walked by rows.
    system : System
        What is swept.
    free : bool
        Whether there may be keys that the system does not have.
    """
    is_table = hasattr(given, "columns") and hasattr(given, "to_dict")
    columns = _columns(given) if is_table else given
    if not isinstance(columns, Mapping):
        raise TypeError(
            f"What is swept is a mapping from keys to values, {{'eta': [-6.0, -5.0]}}, not "
            f"{brief(given)}."
        )
    if not columns:
        raise ValueError("There is nothing to sweep; give {'eta': [-6.0, -5.0]}, for example.")
    axes = []
    for name, values in columns.items():
        key = key_named(name, system, free)
        axes.append(Axis(key, *values_of(key, values, system)))
    is_grid = mode == "grid" and not is_table
    if not is_grid:
        lengths = {each.key.name: len(each.values) for each in axes}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
            raise ValueError(f"Lists that are walked together are equally long; {told} values.")
    return Points(tuple(axes), is_grid)


def _columns(table: Any) -> dict[str, Any]:
    """The columns of a DataFrame, with the units that it names in its ``attrs``."""
    named = table.attrs.get("units", {})
    return {
        name: units.measure(named.get(name, "")).quantity(table[name].to_numpy())
        if named.get(name)
        else table[name].to_numpy()
        for name in table.columns
    }


def settings(points: Points) -> list[Axis]:
    """The axes that set something of the system."""
    return [each for each in points.axes if not isinstance(each.key, FreeKey | InputKey)]
