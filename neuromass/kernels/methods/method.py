"""What a method of integration is: its order, and the text of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol


class Writer(Protocol):
    """Writes lines for the equations of a model; states stand under prefixes.

    ``s_r`` is the state r at the beginning of the step and, after the last stage, at its end;
    ``dt`` and ``half`` are the step and half of it.
    """

    @property
    def states(self) -> Iterable[str]:
        """Names of the states."""

    def increments(self, states: str, scale: str, to: str) -> list[str]:
        """Lines that compute ``to<state>``: the derivatives at some states, times a scale.

        Parameters
        ----------
        states : str
            Prefix of the states at which they are taken.
        scale : str
            What they are multiplied with: ``"dt"`` or ``"half"``.
        to : str
            Prefix of the results.
        """

    def kick(self, state: str, part: float = 1.0) -> str:
        """Text that adds the increment of white noise, or a part of it; often empty."""


@dataclass(frozen=True)
class Stage:
    """A stage of a step.

    Attributes
    ----------
    at : float
        When it takes what others send: 0 at the beginning of the step, 1 at its end. What
        arrives with a delay is interpolated between the two.
    reads, writes : str
        Prefixes of the states at which it takes the derivatives, ``"s_"`` or ``"y_"``, and of
        those that it computes: ``"y_"``, or ``"s_"`` in the last stage.
    lines : callable
        Makes its lines with a `Writer`.
    """

    at: float
    reads: str
    writes: str
    lines: Callable[[Writer], list[str]]


@dataclass(frozen=True)
class Method:
    """A method of integration.

    Attributes
    ----------
    name : str
        As users write it.
    order : int
        The power of the step with which the error falls while inputs are constant within each
        step, and coupling is instantaneous.
    stages : tuple of Stage
        In their order.
    kept : tuple of str
        Prefixes of what later stages need of earlier ones, beside ``y_``.
    parts, weights : tuple of float, optional
        How far each later stage goes with the derivatives of the one before, and what the
        derivatives of all stages count in the end; what the tangents of steps follow from.
    """

    name: str
    order: int
    stages: tuple[Stage, ...]
    kept: tuple[str, ...] = ()
    parts: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def driven_order(self) -> int:
        """The order where inputs vary within a step, or come with a delay: two at most.

        A signal enters a step as its mean over it, and the past of a sender is interpolated
        linearly; what either misses is of the order of the squared step.
        """
        return min(self.order, 2)
