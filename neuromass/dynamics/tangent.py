"""Models with their sensitivities as further states: tangent equations as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from neuromass.declaration import Model
from neuromass.declaration.declarations import State
from neuromass.dynamics.jacobian import derivatives_by
from neuromass.expressions.graph import Graph
from neuromass.units import Measure


def tangent_name(state: str, symbol: str) -> str:
    """The name of the state that is a derivative of another one by a symbol."""
    return f"d{state}_d{symbol}"


def tangent_measure(model: Model, state: str, symbol: str) -> Measure:
    """The unit of such a derivative."""
    return model.measure(state).combined(model.measure(symbol), -1)


def with_tangents(model: Model, symbols: Sequence[str]) -> Model:
    r"""A model that computes its derivatives by some parameters or inputs along with its states.

    With the states :math:`x` and their derivatives :math:`f(x, p)` these are

    .. math:: \frac{d}{dt} \frac{\partial x}{\partial p}
        = \frac{\partial f}{\partial x} \frac{\partial x}{\partial p}
        + \frac{\partial f}{\partial p}.

    A Runge-Kutta method applied to both gives the derivatives of its own steps, exactly.

    Parameters
    ----------
    model : Model
        The model.
    symbols : sequence of str
        Parameters or inputs.

    Returns
    -------
    Model
        With the further states behind its own, symbol by symbol, zero at first.
    """
    equations = model.equations
    if equations.written:
        raise ValueError(
            f"The equations of {model.name} are used as they are written, because they need "
            f"{equations.reason}, and cannot be differentiated."
        )
    grown, derivatives = derivatives_by(equations, (*equations.states, *symbols))
    graph = Graph()
    for node in grown.nodes:
        graph.add(*node)
    states, roots = dict(model.states), []
    size = len(equations.states)
    for column, symbol in enumerate(symbols, size):
        own = []
        for name in equations.states:
            made = State(0.0, tangent_measure(model, name, symbol).text)
            made.name = tangent_name(name, symbol)
            states[made.name] = made
            own.append(graph.add("state", made.name))
        for row in derivatives[:size]:
            terms = [_product(graph, by, tangent) for by, tangent in zip(row, own, strict=False)]
            roots.append(_sum(graph, [*terms, row[column]]))
    found = replace(
        equations,
        states=tuple(states),
        nodes=tuple(graph.nodes),
        roots=(*equations.derivatives, *roots, *equations.output_roots),
        order=(*states, *equations.inputs, *equations.parameters),
        single=False,
    )
    return replace(model, states=states, equations=found, source="")


def _product(graph: Graph, derivative: int | None, tangent: int) -> int | None:
    if derivative is None:
        return None
    if graph.nodes[derivative] == ("number", 1.0):
        return tangent
    return graph.add("*", derivative, tangent)


def _sum(graph: Graph, terms: Sequence[int | None]) -> int:
    total: Any = None
    for term in terms:
        if term is not None:
            total = term if total is None else graph.add("+", total, term)
    return graph.number(0.0) if total is None else int(total)
