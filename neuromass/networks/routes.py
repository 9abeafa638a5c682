"""What a connection comes to: pairs of lanes, and the nodes on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from neuromass.couplings import Carried
from neuromass.expressions import Factor, Ports
from neuromass.networks.connectivity import Floats, Ints, Pairs

Sent = tuple[str, str | Factor]
"""A node and what it sends: the name of a value, or a function of one."""

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
    carries : Factor or None
        What function of that value is sent, if it is not the value itself.
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
    carries: Factor | None = None

    @property
    def sender(self) -> Sent:
        """The node and its value that the pairs carry."""
        node, value = self.end
        return node, value if self.carries is None else self.carries

    @property
    def end(self) -> tuple[str, str]:
        """The last node before the pairs, and its value."""
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


def one_of(state: str) -> Factor:
    """What a node sends itself to add up strengths: 1."""
    return Factor((("number", 1.0),), state, ())


def parts(whole: Route, carried: Carried, ports: Ports, state: str) -> Iterator[Route]:
    """What a connection by a function comes to: one route for each product of its sum.

    Parameters
    ----------
    whole : Route
        The connection as if there were no function.
    carried : Carried
        The function.
    ports : Ports
        Those of the target.
    state : str
        A state of the target.
    """
    node, variable = whole.end
    for number, (sent, factor) in enumerate(carried.terms):
        to = whole.input if factor is None else ports.inputs[whole.input, factor]
        if sent is None:
            yield _sum_of_strengths(whole, to, one_of(state))
            continue
        carries = sent if isinstance(sent, Factor) else None
        if number == 0:  # on whose way the synapse is
            yield replace(whole, input=to, carries=carries)
        else:
            yield replace(
                whole, source=node, variable=variable, stages=(), input=to, carries=carries
            )


def _sum_of_strengths(whole: Route, to: str, one: Factor) -> Route:
    """What is the same for all senders, as if each lane of the target sent it to itself."""
    lanes: Any = np.unique(whole.pairs.targets)
    totals = np.bincount(whole.pairs.targets, weights=whole.weights)[lanes]
    own = Pairs(lanes, lanes, totals, np.zeros(len(lanes)), aligned=True)
    none = np.zeros(len(lanes), dtype=whole.steps.dtype)
    return Route(
        whole.target, whole.target, one.variable, to, (), False, own, totals, none,
        np.zeros(len(lanes)), one,
    )  # fmt: skip
