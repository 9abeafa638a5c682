"""The steps of a lone population whose lanes have correlated noise.

Its lanes have to go through a step together, as the members of a network do: so it is stepped
by the loop of a network, of which it is the only member.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels import kinds
from neuromass.networks.arrays import Assembly

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "population"


class CorrelatedLoop:
    """What a population with correlated noise calls instead of its own loop.

    Parameters
    ----------
    population : Population
        The population; its arrays become views of those that the loop works on.
    """

    def __init__(self, population: Any) -> None:
        self._assembly = Assembly({NAME: population}, (), population.method, held=False)
        self._channels = population._recipe().channels
        self._inputs = population._recipe().equations.inputs
        self._lanes = population._lanes
        more = kinds.PLAN_LENGTH - len(population._plan)
        population._plan = np.concatenate([population._plan, np.zeros(more, dtype=np.int64)])

    def __call__(
        self, state: Floats, constants: Floats, coefficients: Floats, drive: Floats, layout: Ints,
        plan: Ints, slots: Ints, samples: Floats, sums: Floats, dt: float,
    ) -> int:  # fmt: skip
        """Take some steps, all or none; the arguments are those of a population's loop."""
        spans = [self._assembly.input_span(NAME, each) for each in self._inputs]
        rows = [
            (start, by, across, self._lanes, *span)
            for (start, by, across), span in zip(layout, spans, strict=True)
        ]
        return self._assembly.loop(
            plan, dt, drive, np.array(rows, dtype=np.int64).reshape(-1, 8),
            self._items(slots, samples.shape[1]), samples.reshape(-1), sums.reshape(-1),
        )  # fmt: skip

    def _items(self, slots: Ints, room: int) -> Ints:
        """For each recorded number its place, where its samples begin, and their distance."""
        lane = np.arange(self._lanes)
        recorded = sorted((slot, i) for i, slot in enumerate(slots) if slot >= 0)
        parts = [np.zeros((0, 3), dtype=np.int64)]
        for slot, i in recorded:
            places = self._assembly.channel_places(NAME, self._channels[i])
            begins = slot * room * self._lanes + lane
            parts.append(np.stack([places, begins, np.full(self._lanes, self._lanes)], axis=1))
        return np.concatenate(parts)
