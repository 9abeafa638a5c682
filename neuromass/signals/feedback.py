"""Inputs that follow the system's own state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neuromass.errors import whole_number


@dataclass(frozen=True)
class Feedback:
    """An input that a function computes from the system while it runs: the closed loop.

    The function is called at the start of a step, and its value is held until the next call;
    with ``every=1`` the run is bitwise the loop of ``update``. It may read states and set
    parameters, as one may between two steps.

    Parameters
    ----------
    function : callable
        Takes the population or network that runs; returns the value of the input, with its
        unit.
    every : int, optional
        Steps from one call to the next; every step if left out.

    Raises
    ------
    TypeError
        If `function` cannot be called, or `every` is no whole number.
    ValueError
        If `every` is below 1.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms, Hz
    >>> pop = nm.QIF(eta=-5.0, J=15.0)
    >>> control = nm.signals.Feedback(lambda pop: 3.0 if pop.r < 20 * Hz else 0.0, every=20)
    >>> rec = nm.run(pop, 100 * ms, inputs=control)
    """

    function: Callable[[Any], Any]
    every: int = 1

    def __init__(self, function: Callable[[Any], Any], every: int | None = None) -> None:
        if not callable(function) or isinstance(function, type):
            raise TypeError("Feedback takes a function of the system, Feedback(lambda pop: ...).")
        count = 1 if every is None else whole_number(every, "every")
        if count < 1:
            raise ValueError(f"every must be at least 1, not {count}.")
        object.__setattr__(self, "function", function)
        object.__setattr__(self, "every", count)

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"Feedback({name}, every={self.every})"
