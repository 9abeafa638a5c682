"""What a recording holds, in internal units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass._version import __version__
from neuromass.errors import brief, suggestion
from neuromass.recordings.spikes import Spikes
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]
Parameters = dict[str, tuple[Any, Measure]]
"""Name -> value in internal units, and the unit in which it is shown."""


@dataclass(frozen=True)
class About:
    """Where a recording comes from.

    Attributes
    ----------
    model, method : str
        Name of the model, and how it was stepped.
    dt : float
        The step in ms.
    every : int
        Steps between samples.
    average : bool
        Whether samples are means over the steps between them.
    parameters : dict
        Name -> value in internal units, and the unit in which it is shown.
    seed : int or None
        Seed of the noise.
    inputs : tuple of str
        What of the recorded is held over each step.
    labels : tuple of str or None
        Names of the lanes.
    version : str
        Version of the package.
    """

    model: str
    method: str
    dt: float
    every: int = 1
    average: bool = False
    parameters: Mapping[str, tuple[Any, Measure]] = field(default_factory=dict)
    seed: int | None = None
    inputs: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    version: str = __version__


@dataclass
class Contents:
    """What a recording holds.

    Attributes
    ----------
    times : ndarray or callable
        Times in ms, or what makes them.
    data : dict of ndarray
        Traces in internal units, by name.
    measures : dict of Measure
        Their units.
    about : About
        Where they come from.
    spikes : Spikes or None
        Spikes, if they were recorded.
    """

    times: Floats | Callable[[], Floats]
    data: dict[str, Floats]
    measures: dict[str, Measure]
    about: About
    spikes: Spikes | None = None
    shown: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    """Traces as Quantities, as far as they were asked for."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "shown": {}}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the lanes."""
        for trace in self.data.values():
            return trace.shape[1:]
        return ()

    def look_up(self, name: str) -> tuple[Measure, Floats]:
        """Unit and values of what was recorded under a name, or of the times."""
        if isinstance(name, str) and name == "t":
            return MS, self.made_times()
        if not isinstance(name, str) or name not in self.data:
            raise KeyError(f"Nothing was recorded as {brief(name)}{suggestion(name, self.data)}")
        return self.measures[name], self.data[name]

    def quantity(self, name: str) -> Any:
        """What was recorded under a name, as a Quantity that is made once."""
        measure, values = self.look_up(name)
        found = self.shown.get(name)
        if found is None or not units.is_of_application(found):
            found = self.shown[name] = units.as_view(measure, values)
        return found

    def equals(self, other: Contents) -> bool:
        """Whether all of it is the same, to the last bit: values, times, units and origin."""
        about, others = (
            {n: v for n, v in each.about.__dict__.items() if n != "parameters"}
            for each in (self, other)
        )
        return (
            about == others
            and list(self.data) == list(other.data)
            and self.measures == other.measures
            and same_parameters(self.about.parameters, other.about.parameters)
            and self.spikes == other.spikes
            and np.array_equal(self.made_times(), other.made_times())
            and all(_same(values, other.data[name]) for name, values in self.data.items())
        )

    def made_times(self) -> Floats:
        """Times in ms; made when they are first asked for, as they cost as much as a trace."""
        if callable(self.times):
            self.times = self.times()
        return self.times


def same_parameters(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether parameters have the same names, values and units."""
    return one.keys() == other.keys() and all(
        measure == other[name][1] and _same(value, other[name][0])
        for name, (value, measure) in one.items()
    )


def _same(one: Any, other: Any) -> bool:
    """Whether two arrays are the same, NaN included."""
    return np.array_equal(np.asarray(one, float), np.asarray(other, float), equal_nan=True)
