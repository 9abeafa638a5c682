"""Files of results: numbers, names and units, without equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass._version import __version__
from neuromass.analysis.collocation import Collocation
from neuromass.analysis.critical import Critical
from neuromass.analysis.cycle_curves import CriticalCycle, CycleCurve
from neuromass.analysis.diagram import Branch, Diagram, SpecialPoint
from neuromass.analysis.fluctuations import LinearNoise, Transfer
from neuromass.analysis.follow import Point
from neuromass.analysis.orbits import Cycle, CycleBranch
from neuromass.analysis.problem import Equilibrate
from neuromass.analysis.settled import PhaseResponse
from neuromass.analysis.tangents import Sensitivity
from neuromass.analysis.two_parameters import Curve
from neuromass.dynamics.equilibria import PER_MS, Equilibria, Equilibrium
from neuromass.dynamics.field import Column
from neuromass.recordings import archive
from neuromass.recordings.contents import About
from neuromass.recordings.files import file_of
from neuromass.recordings.recording import Recording, Recordings, connections_of, contents_of
from neuromass.units import Measure

Floats = NDArray[np.float64]

_FORMAT: Final = 1

_CLASSES: Final[dict[str, Any]] = {
    each.__name__: each
    for each in (
        Branch, CriticalCycle, Curve, Cycle, CycleBranch, CycleCurve, Diagram, Equilibria,
        LinearNoise, PhaseResponse, Sensitivity, SpecialPoint, Transfer,
    )
}  # fmt: skip
"""Name in a file -> class, which takes what its `stored()` gives."""


def write(path: Any, result: Any) -> Path:
    """Write a result to a file.

    Parameters
    ----------
    path : str or path
        Where to.
    result : Saved
        A result.
    """
    place = file_of(path)
    if not place.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(place.parent)!r} to save {place.name} in; make it first."
        )
    writer = _Writer()
    whole = writer.put(result)
    header = {"format": _FORMAT, "version": __version__, "kind": "analysis"}
    archive.write_whole(
        place, {**header, "result": whole, "problems": writer.problems}, writer.arrays
    )
    return place


def read_result(header: Mapping[str, Any], read: Callable[[str], Any]) -> Any:
    """The result in a file, from its header and what reads one of its arrays."""
    return _Reader(header["problems"], read).get(header["result"])


def _parts_of_equilibrium(value: Equilibrium) -> tuple[Any, ...]:
    state, outputs = (
        {
            name: [np.asarray(each.magnitude), units.measure_of(each, name)]
            for name, each in values.items()
        }
        for values in (value.state, value.outputs)
    )
    eigenvalues = np.asarray(value.eigenvalues.m_as("1/ms"), dtype=complex)
    return state, value.kind, value.stability, eigenvalues, outputs


def _parts_of_recording(value: Recording) -> tuple[Any, ...]:
    contents = contents_of(value)
    return contents.made_times(), contents.data, contents.measures, dict(contents.about.__dict__)


_PARTS: Final[dict[str, tuple[type, Callable[[Any], tuple[Any, ...]]]]] = {
    "point": (Point, lambda x: (x.at, x.tangent)),
    "column": (Column, lambda x: (x.measure, x.begin, x.shape, x.lower)),
    "collocation": (Collocation, lambda x: (x.problem, x.mesh, x.reference, x.clock, x.smallest)),
    "equilibrium": (Equilibrium, _parts_of_equilibrium),
    "recording": (Recording, _parts_of_recording),
    "recordings": (Recordings, lambda x: (list(x), list(x.values()), dict(connections_of(x)))),
}
"""Kind in a file -> what is of that kind, and the parts that it is made of."""
_MADE: Final[dict[str, Callable[..., Any]]] = {
    "point": Point,
    "collocation": Collocation,
    "recordings": lambda names, each, wires: Recordings(dict(zip(names, each, strict=True)), wires),
}
"""Kind in a file -> what makes it of its parts, where these are as they were."""


class _Writer:
    """Turns results into text and arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, Floats] = {}
        self.problems: list[Any] = []
        self._known: dict[int, tuple[int, Any]] = {}

    def put(self, value: Any) -> Any:
        """A value as JSON can have it; arrays by their number."""
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, np.generic):
            return self.put(value.item())
        if isinstance(value, np.ndarray):
            return self._array(value)
        return self._group(value)

    def _group(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"list": [self.put(each) for each in value]}
        if isinstance(value, Mapping) and not isinstance(value, Recordings | PhaseResponse):
            return {"map": {name: self.put(each) for name, each in value.items()}}
        if isinstance(value, Measure):
            return {"unit": value.text}
        return self._object(value)

    def _array(self, values: Any) -> Any:
        if np.iscomplexobj(values):
            return {"real": self._array(values.real), "imaginary": self._array(values.imag)}
        key = f"{len(self.arrays)}"
        self.arrays[key] = np.asarray(values, dtype=float)
        return {"array": key}

    def _object(self, value: Any) -> Any:
        if isinstance(value, Equilibrate | Critical | StoredProblem):
            return {"problem": self._problem(value)}
        for kind, (whose, taken) in _PARTS.items():
            if isinstance(value, whose):
                return {kind: [self.put(each) for each in taken(value)]}
        kind = type(value).__name__
        return {"class": kind, "parts": [self.put(each) for each in value.stored()]}

    def _problem(self, value: Any) -> int:
        if id(value) not in self._known:
            stored = StoredProblem.of(value)
            columns = {
                name: [each.measure.text, each.begin, list(each.shape)]
                for name, each in stored.field.columns.items()
            }
            symbols = {name: each.text for name, each in stored.field.symbols.items()}
            outputs = {name: each.text for name, each in stored.field.outputs.items()}
            parts = (stored.names, stored.ends, stored.scale, stored.clock, outputs)
            number = len(self.problems)
            self._known[id(value)] = number, value
            self.problems.append([columns, symbols, *(self.put(each) for each in parts)])
        return self._known[id(value)][0]


class _Reader:
    """Turns text and arrays into results."""

    def __init__(self, problems: Any, read: Callable[[str], Any]) -> None:
        self._read = read
        self._problems = [self._problem(*each) for each in problems]

    def get(self, value: Any) -> Any:
        """A value as it was."""
        if not isinstance(value, dict):
            return value
        for kind, made in self._plain.items():
            if kind in value:
                return made(value)
        return self._object(value)

    @property
    def _plain(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "array": lambda value: self._read(value["array"]),
            "real": lambda value: self.get(value["real"]) + 1j * self.get(value["imaginary"]),
            "list": lambda value: [self.get(each) for each in value["list"]],
            "map": lambda value: {n: self.get(each) for n, each in value["map"].items()},
            "unit": lambda value: units.measure(value["unit"]),
            "problem": lambda value: self._problems[value["problem"]],
        }

    def _object(self, value: Mapping[str, Any]) -> Any:
        if "class" in value:
            return _CLASSES[value["class"]](*(self.get(each) for each in value["parts"]))
        ((kind, stored),) = value.items()
        parts = [self.get(each) for each in stored]
        if kind in _MADE:
            return _MADE[kind](*parts)
        if kind == "column":
            measure, begin, shape, lower = parts
            return Column(measure, begin, tuple(shape), lower)
        if kind == "equilibrium":
            values, nature, stability, eigenvalues, *more = parts
            state, outputs = (
                {n: m.quantity(m.to_internal(each[()])) for n, (each, m) in named.items()}
                for named in (values, *(more or [{}]))
            )
            return Equilibrium(state, nature, stability, PER_MS.quantity(eigenvalues), outputs)
        times, data, measures, about = parts
        about["parameters"] = {name: tuple(each) for name, each in about["parameters"].items()}
        about["inputs"] = tuple(about["inputs"])
        about["labels"] = None if about["labels"] is None else tuple(about["labels"])
        return Recording(times, data, measures, About(**about))

    def _problem(self, columns: Any, symbols: Any, *parts: Any) -> StoredProblem:
        names, ends, scale, clock, outputs = (self.get(each) for each in parts)
        field = StoredField(
            {n: Column(units.measure(u), b, tuple(shape)) for n, (u, b, shape) in columns.items()},
            {name: units.measure(text) for name, text in symbols.items()},
            {name: units.measure(text) for name, text in outputs.items()},
        )
        return StoredProblem(field, tuple(names), ends, scale, clock)


# ------------------------------------------------------------------- what was computed


@dataclass(frozen=True)
class StoredField:
    """What a file knows of a vector field: names and units.

    Attributes
    ----------
    columns : dict of Column
        States by name.
    symbols : dict of Measure
        Units of what can be varied.
    outputs : dict of Measure
        Units of the outputs.
    """

    columns: dict[str, Column]
    symbols: dict[str, Measure]
    outputs: dict[str, Measure]
    longest_delay: float = 0.0

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ValueError(
            "This result was read from a file, which keeps no equations: begin anew at the "
            "system, with nm.analysis.continuation or cycle."
        )


@dataclass(frozen=True, eq=False)
class StoredProblem:
    """What a file knows of the equations of a branch or curve: names and scales.

    Attributes
    ----------
    field : StoredField
        Names and units.
    names : tuple of str
        What varies, one or two names.
    ends : list
        The range of each.
    scale : ndarray
        What is large, for each state and what varies.
    clock : float
        Frequency by which that of Hopf points is divided.
    """

    field: Any
    names: tuple[str, ...]
    ends: Any
    scale: Floats
    clock: float

    @classmethod
    def of(cls, problem: Any) -> StoredProblem:
        """What is kept of some equations."""
        if isinstance(problem, StoredProblem):
            return problem
        if isinstance(problem, Critical):
            return cls(problem.field, problem.names, problem.ends, problem.scale, problem.clock)
        return cls(problem.field, (problem.name,), problem.ends, problem.scale, 0.0)

    @property
    def name(self) -> str:
        """What varies."""
        return self.names[0]

    def states(self, at: Floats) -> Floats:
        """States out of scaled numbers."""
        size = len(self.scale) - len(self.names)
        return at[..., :size] * self.scale[:size]

    def parameter(self, at: Floats) -> Any:
        """The value of what varies out of scaled numbers, where it is one alone."""
        return at[..., -1] * self.scale[-1]

    def parameters(self, at: Floats) -> dict[str, Any]:
        """What varies, by name, in internal units."""
        size = len(self.scale) - len(self.names)
        return {name: at[..., size + i] * self.scale[size + i] for i, name in enumerate(self.names)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.field.equations  # which says that there are none
