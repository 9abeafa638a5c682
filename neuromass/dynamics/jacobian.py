"""The Jacobian of a model, by forward differentiation of its graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import KINDS, Equations, array_operation
from neuromass.expressions.graph import COMPARISONS, Graph

Floats = NDArray[np.float64]
Derivative = int | None
"""Node of a derivative; None where it is zero throughout."""

_STEP: Final = np.finfo(float).eps ** (1 / 3)
"""Relative step of central differences, where they are used: good to some ten digits."""


class _Differentiated:
    """A graph that grows by the derivatives of its nodes by one symbol."""

    def __init__(self, graph: Graph, count: int, symbol: tuple[str, str]) -> None:
        self._graph = graph
        self.of: list[Derivative] = []
        for index in range(count):
            node = graph.nodes[index]
            if node[0] in KINDS:
                self.of.append(graph.number(1.0) if node == symbol else None)
            else:
                self.of.append(self._rule(index, *node))

    def _rule(self, index: int, operation: str, *arguments: int) -> Derivative:
        inner = [self.of[i] for i in arguments]
        if all(each is None for each in inner) or operation in (*COMPARISONS, "floor", "ceil"):
            return None
        rules: dict[str, Callable[[], Derivative]] = {
            "+": lambda: self._sum("+", *inner),
            "-": lambda: self._sum("-", *inner),
            "*": lambda: self._product(*arguments, *inner),
            "/": lambda: self._quotient(index, *arguments, *inner),
            "**": lambda: self._power(index, *arguments, *inner),
            "where": lambda: self._choice(arguments[0], *inner[1:]),
            "negative": lambda: self._graph.add("negative", inner[0]),
        }
        if operation in rules:
            return rules[operation]()
        return self._times(inner[0], self._slope(index, operation, arguments[0]))

    def _product(
        self, first: int, second: int, d_first: Derivative, d_second: Derivative
    ) -> Derivative:
        return self._sum("+", self._times(d_first, second), self._times(d_second, first))

    def _sum(self, operation: str, first: Derivative, second: Derivative) -> Derivative:
        if second is None:
            return first
        if first is None:
            return second if operation == "+" else self._graph.add("negative", second)
        return self._graph.add(operation, first, second)

    def _times(self, derivative: Derivative, factor: int) -> Derivative:
        if derivative is None:
            return None
        if self._graph.nodes[derivative] == ("number", 1.0):
            return factor
        return self._graph.add("*", derivative, factor)

    def _quotient(
        self, index: int, above: int, under: int, d_above: Derivative, d_under: Derivative
    ) -> Derivative:
        top = self._sum("-", d_above, self._times(d_under, index))
        return None if top is None else self._graph.add("/", top, under)

    def _power(
        self, index: int, base: int, exponent: int, d_base: Derivative, d_exponent: Derivative
    ) -> Derivative:
        graph = self._graph
        lower = graph.add("**", base, graph.add("-", exponent, graph.number(1.0)))
        by_base = self._times(d_base, graph.add("*", exponent, lower))
        by_exponent = self._times(d_exponent, graph.add("*", index, graph.add("log", base)))
        return self._sum("+", by_base, by_exponent)

    def _choice(self, condition: int, first: Derivative, second: Derivative) -> Derivative:
        if first is None and second is None:
            return None
        zero = self._graph.number(0.0)
        sides = (zero if each is None else each for each in (first, second))
        return self._graph.add("where", condition, *sides)

    def _slope(self, index: int, function: str, x: int) -> int:
        """Derivative of a function at its argument x; `index` is its value."""
        add, number = self._graph.add, self._graph.number
        one = number(1.0)
        square = lambda i: add("*", i, i)
        over = lambda i: add("/", one, i)
        rules: dict[str, Callable[[], int]] = {
            "sqrt": lambda: add("/", number(0.5), index),
            "exp": lambda: index,
            "expm1": lambda: add("+", index, one),
            "log": lambda: over(x),
            "log1p": lambda: over(add("+", one, x)),
            "log2": lambda: add("/", number(1.0 / math.log(2.0)), x),
            "log10": lambda: add("/", number(1.0 / math.log(10.0)), x),
            "sin": lambda: add("cos", x),
            "cos": lambda: add("negative", add("sin", x)),
            "tan": lambda: add("+", one, square(index)),
            "arcsin": lambda: over(add("sqrt", add("-", one, square(x)))),
            "arccos": lambda: add("negative", over(add("sqrt", add("-", one, square(x))))),
            "arctan": lambda: over(add("+", one, square(x))),
            "sinh": lambda: add("cosh", x),
            "cosh": lambda: add("sinh", x),
            "tanh": lambda: add("-", one, square(index)),
            "arcsinh": lambda: over(add("sqrt", add("+", square(x), one))),
            "arccosh": lambda: over(add("sqrt", add("-", square(x), one))),
            "arctanh": lambda: over(add("-", one, square(x))),
            "erf": lambda: self._bell(x, 2.0 / math.sqrt(math.pi)),
            "erfc": lambda: self._bell(x, -2.0 / math.sqrt(math.pi)),
            "abs": lambda: add("where", add(">=", x, number(0.0)), one, number(-1.0)),
        }
        return rules[function]()

    def _bell(self, x: int, scale: float) -> int:
        add = self._graph.add
        return add("*", self._graph.number(scale), add("exp", add("negative", add("*", x, x))))


@lru_cache(maxsize=64)
def derivatives_by(
    equations: Equations, names: tuple[str, ...]
) -> tuple[Equations, tuple[tuple[Derivative, ...], ...]]:
    """The derivatives of the roots of some equations by some of their symbols, as a graph.

    Parameters
    ----------
    equations : Equations
        The equations; of those that are used as written the outputs alone.
    names : tuple of str
        States, inputs or parameters.

    Returns
    -------
    grown : Equations
        The same equations with the nodes of the derivatives behind their own.
    roots : tuple
        For each root, and for each name, the node of the derivative; None where it is zero.
    """
    graph = Graph()
    for node in equations.nodes:
        graph.add(*node)
    count = len(equations.nodes)
    columns = []
    for name in names:
        (kind,) = (k for k in ("state", "input", "parameter") if name in _names(equations, k))
        found = _Differentiated(graph, count, (kind, name)).of
        columns.append([found[root] for root in equations.roots])
    roots = tuple(zip(*columns, strict=True)) if columns else ((),) * len(equations.roots)
    return replace(equations, nodes=tuple(graph.nodes)), roots


def _names(equations: Equations, kind: str) -> Sequence[str]:
    return {"state": equations.states, "input": equations.inputs}.get(kind, equations.parameters)


def rates(equations: Equations, values: Mapping[str, Any]) -> Floats:
    """Derivatives of all states by time, states last; values may be arrays over lanes."""
    shape = np.broadcast_shapes(*(np.shape(each) for each in values.values()))
    with np.errstate(all="ignore"):
        if equations.written and shape:
            return _one_by_one(equations, values, shape)
        found = equations.evaluate(values)[: len(equations.states)]
    return np.stack([np.broadcast_to(np.asarray(each, float), shape) for each in found], axis=-1)


def _one_by_one(equations: Equations, values: Mapping[str, Any], shape: tuple[int, ...]) -> Floats:
    """The same by a function of one lane."""
    flat = {name: np.broadcast_to(each, shape).reshape(-1) for name, each in values.items()}
    rows = [
        equations.evaluate({name: each[i] for name, each in flat.items()})[: len(equations.states)]
        for i in range(math.prod(shape))
    ]
    return np.array(rows, dtype=float).reshape(*shape, len(equations.states))


def jacobian(
    equations: Equations, values: Mapping[str, Any], names: Sequence[str] | None = None
) -> Floats:
    """Derivatives of the right-hand sides by the states, or by other symbols.

    Equations that were read are differentiated operation by operation, exact to rounding;
    those that are used as written by central differences, good to some ten digits, and so
    are entries in which infinities meet (a sigmoid far from its threshold).

    Parameters
    ----------
    equations : Equations
        ``type(population).equations``.
    values : mapping
        Value of each state, input and parameter, in internal units; numbers, or arrays over
        lanes.
    names : sequence of str, optional
        What to differentiate by; the states if left out.

    Returns
    -------
    ndarray
        (*lanes, state, name), in internal units.
    """
    by = tuple(equations.states if names is None else names)
    shape = np.broadcast_shapes(*(np.shape(each) for each in values.values()))
    result = np.zeros((*shape, len(equations.states), len(by)))
    if equations.written:
        for column, name in enumerate(by):
            result[..., column] = _difference(equations, values, name)
        return result
    grown, roots = derivatives_by(equations, by)
    roots = roots[: len(equations.states)]
    wanted = sorted({each for row in roots for each in row if each is not None})
    found = dict(zip(wanted, grown.values(wanted, values, array_operation), strict=True))
    for i, row in enumerate(roots):
        for j, each in enumerate(row):
            if each is not None:
                result[..., i, j] = found[each]
    undefined = ~np.isfinite(result)
    for column in np.flatnonzero(undefined.any(axis=tuple(range(result.ndim - 1)))).tolist():
        slope = _difference(equations, values, by[column])
        result[..., column] = np.where(undefined[..., column], slope, result[..., column])
    return result


def output_values(equations: Equations, output: str, values: Mapping[str, Any]) -> Any:
    """An output at some values.

    Parameters
    ----------
    equations : Equations
        The equations.
    output : str
        The output.
    values : mapping
        Value of each state and parameter, in internal units; arrays go with the points.
    """
    root = equations.output_roots[equations.outputs.index(output)]
    (found,) = equations.values([root], values, array_operation)
    return found


def output_slopes(equations: Equations, output: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Derivatives of an output by the states that it depends on.

    Parameters
    ----------
    equations : Equations
        The equations.
    output : str
        The output.
    values : mapping
        Value of each state and parameter, in internal units; arrays go with the points.
    """
    grown, roots = derivatives_by(equations, equations.states)
    row = roots[len(roots) - len(equations.outputs) + equations.outputs.index(output)]
    present = {
        name: root for name, root in zip(equations.states, row, strict=True) if root is not None
    }
    found = grown.values(list(present.values()), values, array_operation)
    shape = np.broadcast_shapes(*(np.shape(each) for each in values.values()))
    return {n: np.broadcast_to(each, shape) for n, each in zip(present, found, strict=True)}


def _difference(equations: Equations, values: Mapping[str, Any], name: str) -> Floats:
    here = np.asarray(values[name], dtype=float)
    step = _STEP * np.maximum(np.abs(here), 1e-3)
    ahead, behind = here + step, here - step
    change = rates(equations, {**values, name: ahead}) - rates(equations, {**values, name: behind})
    slope: Floats = change / (ahead - behind)[..., None]
    return slope
