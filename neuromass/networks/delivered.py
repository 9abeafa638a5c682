"""What connections deliver, worked out of what the histories hold after some steps.

No sum of a loop is touched: a network whose connections are recorded takes the same steps to the
last bit. What its connections send is traced in the histories, delayed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from neuromass.expressions import Factor
from neuromass.networks.coupling import Floats, Ints
from neuromass.networks.routes import Route, Sent
from neuromass.populations.core import Core
from neuromass.recordings.samples import DELIVERED
from neuromass.units import Measure

_AT_ONCE: Final = 1 << 20
"""Values of pairs that are looked up at once."""


@dataclass(frozen=True)
class Received:
    """What is recorded of a connection: its part in an input, with the lanes of its target."""

    target: Core
    input: str

    states = outputs = ()
    inputs = (DELIVERED,)

    @property
    def model(self) -> Received:
        """What declares the values: itself."""
        return self

    @property
    def lanes(self) -> int:
        """Lanes of the target."""
        return self.target.lanes

    @property
    def shape(self) -> tuple[int, ...]:
        """Their shape."""
        return self.target.shape

    def measure(self, _: str) -> Measure:
        """The unit of the input."""
        return self.target.model.measure(self.input)


@dataclass(frozen=True)
class Part:
    """One product in what a connection delivers.

    Attributes
    ----------
    route : Route
        From what is sent to the sum over the sources.
    factor : Factor or None
        The function of the target's value that the sum is multiplied with.
    """

    route: Route
    factor: Factor | None

    def senders(self) -> list[Sent]:
        """Whose histories it needs."""
        own = [] if self.factor is None else [(self.route.target, self.factor.variable)]
        return [self.route.sender, *own]

    @cached_property
    def _by_target(self) -> tuple[Ints, Ints, Ints]:
        """The order of the pairs by target, the targets, and where those of each begin."""
        order = np.argsort(self.route.pairs.targets, kind="stable")
        lanes, first = np.unique(self.route.pairs.targets[order], return_index=True)
        return order, lanes, first

    def add(self, values: Floats, history: Floats, rows: Mapping[Sent, slice], begin: int) -> None:
        """Add what it comes to in some steps.

        Parameters
        ----------
        values : ndarray
            Where to, (lanes of the target, steps).
        history, rows : ndarray, mapping
            The histories, and which rows are whose.
        begin : int
            Column of the first step.
        """
        route, (order, lanes, first) = self.route, self._by_target
        sources = rows[route.sender].start + route.pairs.sources[order]
        weights, late = route.weights[order], route.fractions[order]
        now = begin + np.arange(values.shape[1])
        at = now[np.newaxis] - route.steps[order, np.newaxis]
        found = (weights * (1.0 - late))[:, np.newaxis] * history[sources[:, np.newaxis], at]
        between = np.flatnonzero(late)
        earlier = history[sources[between, np.newaxis], at[between] - 1]
        found[between] += (weights * late)[between, np.newaxis] * earlier
        sums = np.add.reduceat(found, first, axis=0) if len(first) else found
        if self.factor is not None:
            own = rows[route.target, self.factor.variable]
            sums *= np.asarray(self.factor.of(history[own, now[0] : now[-1] + 1]))[lanes]
        values[lanes] += sums


class Delivery:
    """What a connection delivers.

    Parameters
    ----------
    parts : iterable of Part
        The products in it.
    lanes : int
        Lanes of its target.
    """

    def __init__(self, parts: Iterable[Part], lanes: int) -> None:
        self._parts = tuple(parts)
        self._lanes = lanes

    def senders(self) -> list[Sent]:
        """Whose histories it needs."""
        return [sender for part in self._parts for sender in part.senders()]

    def values(self, arrays: Any, position: int, steps: int) -> Floats:
        """What it delivered at the beginning of each of the last steps, (steps, lanes).

        Parameters
        ----------
        arrays : Arrays
            Those of the network.
        position, steps : int
            Where the histories stood before these steps, and how many they are.
        """
        rows, begin = arrays.traced_values(), position + arrays.delays.keep - 1
        found = np.zeros((self._lanes, steps))
        most = max(1, _AT_ONCE // max(len(each.route.weights) for each in self._parts))
        for first in range(0, steps, most):
            for part in self._parts:
                part.add(found[:, first : first + most], arrays.history, rows, begin + first)
        return found.T
