"""The package's own error, and how it warns and refuses."""

from __future__ import annotations

import operator
import sys
import warnings
from pathlib import Path
from typing import Any

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


def whole_number(value: Any, name: str) -> int:
    """A whole number as an int; a TypeError that names it for anything else."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{name} must be a whole number, not {brief(value)}.")


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
