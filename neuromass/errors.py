"""The package's own error, and how it warns and refuses."""

from __future__ import annotations

import difflib
import importlib
import operator
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

_FOLDER = str(Path(__file__).parent)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of this package that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDER):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def brief(value: Any) -> str:
    """What a value is, in one short line for a message; long ones are cut."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of the user's, or of a number with too many digits
        return f"a value of the type {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def one_of(value: Any, name: str, choices: Iterable[Any]) -> Any:
    """A value that is one of some texts (or None); a ValueError that lists them for others."""
    if (isinstance(value, str) or value is None) and value in choices:
        return value
    listed = ", ".join(map(repr, choices))
    words = [each for each in choices if each is not None]
    near = difflib.get_close_matches(value, words, 1, 0.5) if isinstance(value, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"{name} must be one of {listed}, not {brief(value)}{hint}")


def name_of(value: Any, what: str) -> str:
    """A name; a TypeError that says of what for anything but text."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{what} is given by name, as text, not as {brief(value)}.")


def flag(value: Any, name: str) -> bool:
    """A flag as a bool; a TypeError that names it for anything but True and False."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{name} is True or False, not {brief(value)}.")


def knows_its_unit(value: Any) -> bool:
    """Whether a value has a unit, or is one, as those of pint and of other packages."""
    known_by = ("units", "unit", "dimensions", "physical_type")  # the last by astropy's units
    named = any(hasattr(value, each) for each in known_by)
    return named and not isinstance(value, type)


def whole_number(value: Any, name: str) -> int:
    """A whole number as an int; a TypeError that names it for anything else."""
    try:
        if not isinstance(value, (bool, type)) and not knows_its_unit(value):
            return operator.index(value)
    except TypeError:
        pass
    steps = "; it counts steps of dt" if name == "every" and knows_its_unit(value) else ""
    raise TypeError(f"{name} must be a whole number, not {brief(value)}{steps}.")


class SimulationError(ArithmeticError):
    """A step went wrong: a state stopped being finite, or fell below its bound.

    The system stands at the last good step, and nothing recorded until then is lost.

    Attributes
    ----------
    population : str
        The population, by its name in a network or its class.
    state : str
        The state.
    lane : tuple of int
        Its index in the population; empty for a single one.
    time : Quantity
        The last good time.
    dt : Quantity
        The step.
    recording : Recording or None
        What was recorded until then, for an error out of ``run``.
    """

    def __init__(
        self,
        message: str,
        population: str = "",
        state: str = "",
        lane: tuple[int, ...] = (),
        time: Any = None,
        dt: Any = None,
    ) -> None:
        super().__init__(message)
        self.population = population
        self.state = state
        self.lane = lane
        self.time = time
        self.dt = dt
        self.recording: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (str(self), self.population, self.state, self.lane, self.time, self.dt)
        return SimulationError, parts, {"recording": self.recording}


def suggestion(name: Any, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the one that is near, or what there is."""
    names = list(known)
    text = name if isinstance(name, str) else brief(name)
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    if not near:
        near = [each for each in names if each.lower() == text.lower()]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}." if names else "."


def optional(package: str, what: str) -> Any:
    """A package that is needed for one export alone."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise ImportError(
            f"{what}() needs {package}; install it with: pip install 'neuromass[labels]'"
        ) from None
