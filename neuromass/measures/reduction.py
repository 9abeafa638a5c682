"""The base of measures: what is reduced, and how it is found in a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, suggestion
from neuromass.recordings.contents import Contents
from neuromass.recordings.recording import Recording, Recordings, contents_of
from neuromass.units import Measure

Floats = NDArray[np.float64]


class Running(Protocol):
    """A result in the making."""

    def add(self, samples: Floats) -> None:
        """Take the next samples in internal units, (samples, lanes)."""

    def result(self) -> Floats:
        """What it is after the last sample, in internal units, (lanes, ...)."""


@dataclass(frozen=True)
class Reduction:
    """A measure of one trace.

    Attributes
    ----------
    name : str
        What is measured, ``"r"`` or ``"exc.r"``.
    """

    name: str

    kind: ClassVar[int | None] = None
    """What it is of pieces of samples, if loops can make that on their way."""

    def unit(self, measured: Measure) -> Measure:
        """The unit of the result, from that of the trace."""
        return measured

    def begin(self, spacing: float) -> Running:
        """A result in the making.

        Parameters
        ----------
        spacing : float
            Time from one sample to the next in ms.
        """
        raise NotImplementedError

    def shaped(self, result: Floats, lanes: tuple[int, ...]) -> Floats:
        """The result in the shape in which that of a recording is given."""
        return result.reshape((*lanes, *result.shape[1:]))

    def __call__(self, recording: Any) -> Any:
        """Measure a recording, or recordings of the members of a network."""
        contents, own = trace_of(recording, self.name)
        measured, values = contents.look_up(own)
        if len(values) == 0:
            raise ValueError(f"{self} needs a sample at least, and the recording has none.")
        about = contents.about
        flat = np.ascontiguousarray(values.reshape(len(values), -1))
        made = self.begin(about.dt * about.every)
        made.add(flat)
        result = made.result()
        return units.to_quantity(self.unit(measured), self.shaped(result, values.shape[1:]))

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()}({self.name!r})"


def trace_of(recording: Any, name: str) -> tuple[Contents, str]:
    """The contents in which a trace is, and the name that it has there."""
    if isinstance(recording, Recording):
        return contents_of(recording), name
    if not isinstance(recording, Recordings):
        raise TypeError(f"A measure takes a recording, not {brief(recording)}.")
    member, _, own = name.rpartition(".")
    if member:
        return contents_of(recording[member]), own
    raise KeyError(
        f"{name!r} is measured of several members; name one of them"
        f"{suggestion(name, _all_names(recording))}"
    )


def _all_names(recordings: Mapping[str, Recording]) -> list[str]:
    return [f"{member}.{name}" for member, each in recordings.items() for name in each.names]
