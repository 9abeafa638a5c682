"""What a connection comes to: pairs of lanes, and the nodes on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from neuromass.networks.connectivity import Floats, Ints, Pairs

PASSED: Final = "passed_gain"
"""Row of what passes a gate: its gain times what comes in."""


@dataclass(frozen=True)
class Route:
    """What a connection comes to: pairs of lanes, and the nodes on the way.

    Attributes
    ----------
    source, target : str
        Nodes.
    variable, input : str
        What of the source goes to what of the target.
    stages : tuple of str
        Nodes of the synapse, in order.
    gates : bool
        Whether the last of them scales what passes.
    pairs : Pairs
        The pairs.
    weights : ndarray
        Strength of each pair in internal units of the target's input.
    steps, fractions : ndarray
        Delay of each pair, as whole steps and the fraction of a step beyond.
    """

    source: str
    target: str
    variable: str
    input: str
    stages: tuple[str, ...]
    gates: bool
    pairs: Pairs
    weights: Floats
    steps: Ints
    fractions: Floats

    @property
    def sender(self) -> tuple[str, str]:
        """The node and its value that the pairs carry."""
        if not self.stages:
            return self.source, self.variable
        return self.stages[-1], PASSED if self.gates else "s"

    def joins_the_same_pairs_as(self, other: Route) -> bool:
        """Whether another one differs in strengths alone."""
        ours, theirs = (
            (each.pairs.targets, each.pairs.sources, each.steps, each.fractions)
            for each in (self, other)
        )
        return (
            self.pairs.aligned == other.pairs.aligned
            and self.stages == other.stages
            and all(map(np.array_equal, ours, theirs))
        )

    def joins_lanes_to_themselves(self, which: Any) -> bool:
        """Whether some lane of `which` (an array over lanes, or one value) reaches itself."""
        lanes = self.pairs.targets[self.pairs.targets == self.pairs.sources]
        return bool(np.any(np.broadcast_to(np.ravel(which), max(1, np.size(which)))) and len(lanes))

    def links(self) -> list[tuple[str, str, str, str]]:
        """Lane to lane links within the synapse: from node and value to node and input."""
        found = []
        before = self.source, self.variable
        for stage in self.stages:
            found.append((*before, stage, "rate" if self.gates else "x"))
            before = stage, "s"
        return found
