"""The package's own error."""

from __future__ import annotations

from typing import Any


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
