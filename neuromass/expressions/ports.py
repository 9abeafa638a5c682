"""What connections by functions add to the equations of a node of a network.

A node sends further values, functions of its states, and has further inputs, in which such
values are summed; multiplied with a function of its own states they are added to an input of the
model. All of it is part of the node's graph, so that every loop and analysis has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from neuromass.expressions.equations import Equations
from neuromass.expressions.graph import KINDS, Graph
from neuromass.expressions.separate import VALUE, Factor


@dataclass(frozen=True)
class Ports:
    """What connections by functions add to a node.

    Attributes
    ----------
    sent : tuple of Factor
        What is sent, each under the name ``_sent0`` and so on.
    received : tuple
        Input of the model, and factor of what is summed in the input ``_received0`` and so on.
    """

    sent: tuple[Factor, ...] = ()
    received: tuple[tuple[str, Factor], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sent or self.received)

    @property
    def outputs(self) -> dict[Factor, str]:
        """Names of what is sent."""
        return {each: f"_sent{i}" for i, each in enumerate(self.sent)}

    @property
    def inputs(self) -> dict[tuple[str, Factor], str]:
        """Names of the further inputs."""
        return {each: f"_received{i}" for i, each in enumerate(self.received)}

    @property
    def values(self) -> dict[str, float]:
        """Parameters of the functions."""
        named = [*self.outputs.items(), *((key[1], name) for key, name in self.inputs.items())]
        return {f"{name}_{n}": value for each, name in named for n, value in each.values}


@lru_cache(maxsize=256)
def joined(equations: Equations, ports: Ports) -> Equations:
    """The equations of a node with what connections by functions add to it."""
    if not ports:
        return equations
    graph = _graph_of(equations)
    sent = [_placed(graph, equations, each, name) for each, name in ports.outputs.items()]
    added: dict[str, int] = {}
    for (to, factor), name in ports.inputs.items():
        term = graph.add("*", _placed(graph, equations, factor, name), graph.add("input", name))
        added[to] = graph.add("+", added[to], term) if to in added else term
    return replace(
        equations,
        inputs=(*equations.inputs, *ports.inputs.values()),
        parameters=(*equations.parameters, *ports.values),
        outputs=(*equations.outputs, *ports.outputs.values()),
        nodes=tuple(graph.nodes),
        roots=(*equations.roots, *sent),
        additions=tuple(added.items()),
    )


def _graph_of(equations: Equations) -> Graph:
    graph = Graph()
    for node in equations.nodes:
        graph.add(*node)
    return graph


def _placed(graph: Graph, equations: Equations, factor: Factor, name: str) -> int:
    """The node of a factor among the equations of a node that has its variable."""
    moved: list[int] = []
    for node in factor.nodes:
        if node == VALUE:
            moved.append(_variable(graph, equations, factor.variable))
        elif node[0] == "parameter":
            moved.append(graph.add("parameter", f"{name}_{node[1]}"))
        elif node[0] in KINDS:
            moved.append(graph.add(*node))
        else:
            moved.append(graph.add(node[0], *(moved[i] for i in node[1:])))
    return moved[-1]


def _variable(graph: Graph, equations: Equations, name: str) -> int:
    if name in equations.states:
        return graph.add("state", name)
    return equations.output_roots[equations.outputs.index(name)]


@lru_cache(maxsize=256)
def closed(equations: Equations) -> Equations:
    """The same equations where inputs of the model have in them what is added to them."""
    if not equations.additions:
        return equations
    graph, added = Graph(), dict(equations.additions)
    moved: dict[int, int] = {}

    def place(index: int) -> int:
        if index in moved:
            return moved[index]
        node = equations.nodes[index]
        if node[0] in KINDS:
            found = graph.add(*node)
            if node[0] == "input" and node[1] in added:
                found = graph.add("+", found, place(added[node[1]]))
        else:
            found = graph.add(node[0], *(place(i) for i in node[1:]))
        moved[index] = found
        return found

    roots = tuple(map(place, equations.roots))
    for index, node in enumerate(equations.nodes):  # parameters that only bounds name
        if node[0] in KINDS:
            place(index)
    return replace(equations, nodes=tuple(graph.nodes), roots=roots, additions=())
