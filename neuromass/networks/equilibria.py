"""Equilibria of a network without delays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.dynamics.equilibria import (
    Column,
    Equilibria,
    examined,
    search,
    search_box,
    starting_points,
)
from neuromass.dynamics.jacobian import rates
from neuromass.expressions import array_meaning
from neuromass.networks.arrays import PASSED, Route
from neuromass.networks.core import NetworkCore
from neuromass.populations.core import Drive

Floats = NDArray[np.float64]
_STEP = np.finfo(float).eps ** (1 / 3)


class NetworkField:
    """The vector field of a network at constant inputs: its members and its synapses.

    Parameters
    ----------
    core : NetworkCore
        The network.
    drives : list of Drive
        Its inputs.
    """

    def __init__(self, core: NetworkCore, drives: list[Drive]) -> None:
        self._nodes = core.all_nodes()
        self._routes = [
            core.route(name, wire, core.stages[name]) for name, wire in core.wires.items()
        ]
        for name, route in zip(core.wires, self._routes, strict=True):
            if np.any(route.steps > 0) or np.any(route.fractions > 0.0):
                raise ValueError(
                    f"equilibria: {name} has a delay, and the stability of a network with delays "
                    f"is not that of its states alone. Its equilibria are those of a copy without "
                    f"delays."
                )
        self._given = {(each.node, each.name): each.values for each in drives}
        self.columns: dict[str, Column] = {}
        count = 0
        for node, each in self._nodes.items():
            for name, state in each.model.states.items():
                self.columns[f"{node}.{name}"] = Column(state.measure, count, each.shape)
                count += each.lanes
        self.count = count

    def _values(self, node: str, at: Floats) -> dict[str, Any]:
        """States and parameters of a node, (..., lanes)."""
        core = self._nodes[node]
        states = {}
        for name in core.model.states:
            begin = self.columns[f"{node}.{name}"].begin
            states[name] = at[..., begin : begin + core.lanes]
        return {**{n: core.spread(p) for n, p in core.parameters.items()}, **states}

    def _sent(self, node: str, variable: str, at: Floats) -> Any:
        values, equations = self._values(node, at), self._nodes[node].model.equations
        if variable in values:
            return values[variable]
        root = equations.output_roots[equations.outputs.index(variable)]
        (found,) = equations.values([root], values, array_meaning)
        return np.broadcast_to(found, (*at.shape[:-1], self._nodes[node].lanes))

    def _inputs(self, at: Floats) -> dict[tuple[str, str], Any]:
        inputs: dict[tuple[str, str], Any] = {}
        for node, core in self._nodes.items():
            for name, each in core.model.inputs.items():
                given = self._given.get((node, name), np.array([each.default]))
                inputs[node, name] = np.broadcast_to(given, (*at.shape[:-1], core.lanes))
        for route in self._routes:
            for source, variable, target, name in route.links():
                inputs[target, name] = inputs[target, name] + self._sent(source, variable, at)
            carried = self._carried(route, at)
            weights = np.zeros((carried.shape[-1], self._nodes[route.target].lanes))
            np.add.at(weights, (route.pairs.sources, route.pairs.targets), route.weights)
            key = route.target, route.input
            inputs[key] = inputs[key] + carried @ weights
        return inputs

    def _carried(self, route: Route, at: Floats) -> Any:
        node, variable = route.sender
        if variable != PASSED:
            return self._sent(node, variable, at)
        return self._sent(node, "gain", at) * self._sent(route.source, route.variable, at)

    def rates(self, at: Floats) -> Floats:
        """Rates of change of all states, (..., numbers)."""
        result = np.empty(at.shape)
        with np.errstate(all="ignore"):
            inputs = self._inputs(at)
            for node, core in self._nodes.items():
                own = {name: inputs[node, name] for name in core.model.inputs}
                found = rates(core.model.equations, {**self._values(node, at), **own})
                for i, name in enumerate(core.model.states):
                    begin = self.columns[f"{node}.{name}"].begin
                    result[..., begin : begin + core.lanes] = found[..., i]
        return result

    def slopes(self, at: Floats) -> Floats:
        """The Jacobian, by central differences: good to some ten digits."""
        result = np.empty((*at.shape, self.count))
        for column in range(self.count):
            step = np.zeros(at.shape)
            step[..., column] = _STEP * np.maximum(np.abs(at[..., column]), 1e-3)
            ahead, behind = at + step, at - step
            width = (ahead - behind)[..., column]
            result[..., column] = (self.rates(ahead) - self.rates(behind)) / width[..., None]
        return result


def find_in_network(
    core: NetworkCore, drives: list[Drive], within: Mapping[str, Mapping[str, Any]]
) -> Equilibria:
    """Equilibria of a network, by a search.

    Parameters
    ----------
    core : NetworkCore
        The network.
    drives : list of Drive
        Its inputs.
    within : mapping
        Member -> state -> lowest and highest value, for the search.
    """
    field = NetworkField(core, drives)
    low, high, lowest, present = [], [], [], []
    for node, each in core.all_nodes().items():
        box = search_box(each.model, within.get(node))
        for i, (name, state) in enumerate(each.model.states.items()):
            low += [box[0][i]] * each.lanes
            high += [box[1][i]] * each.lanes
            lowest += [-math.inf if state.lower is None else state.lower] * each.lanes
            present += each.row(name).tolist()
    begin, end = np.array(low), np.array(high)
    starts = np.concatenate([np.array([present]), starting_points(begin, end)])
    found = search(field, starts[:, None], end - begin, np.array(lowest))[:, 0]
    found = found[np.lexsort(found.T[::-1])] if len(found) else found
    return Equilibria(field.columns, *examined(field, found), complete=False)
