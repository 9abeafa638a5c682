"""Reading a model's functions into `Equations`."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from neuromass.expressions.equations import Equations, listed
from neuromass.expressions.functions import fingerprint, reached
from neuromass.expressions.graph import Graph
from neuromass.expressions.reassociate import Balancer
from neuromass.expressions.redirection import Redirection
from neuromass.expressions.trace import Path, Traced, UnreadableError

MOST_PATHS: Final = 64


def read(
    function: Callable[..., Any],
    order: Sequence[str],
    names: Mapping[str, Sequence[str]],
    outputs: Mapping[str, tuple[Callable[..., Any], Sequence[str]]],
    is_model: Callable[[Any], bool],
    made: type | None = None,
) -> tuple[Equations, list[Equations]]:
    """Read a model's equations.

    Parameters
    ----------
    function : callable
        The model's ``derivatives``.
    order : sequence of str
        The names of its arguments.
    names : mapping
        The declared names under ``"state"``, ``"input"`` and ``"parameter"``.
    outputs : mapping
        Name of an output -> its function and the names of that one's arguments.
    is_model : callable
        Tells whether an object is a model class, whose functions are read through.
    made : type, optional
        The class that is being made.

    Returns
    -------
    equations : Equations
        What the kernels are made from.
    checked : list of Equations
        The same graph without rewriting, or, for a function that is used as written, the
        branches that it may take: what the check of dimensions looks at.

    Raises
    ------
    UnreadableError
        If an output cannot be read, or neither can derivatives with known values.
    """
    reader = _Reader(function, order, names, outputs, Redirection(is_model, made))
    try:
        seen = reader.recorded()
    except UnreadableError as error:
        _refuse_models(function, str(error), is_model)
        checked = reader.paths()
        return reader.as_written(str(error)), checked
    if repr(reader.recorded()) != repr(seen):
        raise UnreadableError(
            "random numbers or other things that change: noise is given by noise="
        )
    if not agrees(reader.redirected(), order, seen):
        why = "a branch that plain numbers take and recording objects do not"
        _refuse_models(function, why, is_model)
        return reader.as_written(why), [seen]
    nodes, roots = Balancer(seen.nodes, seen.roots).rebuilt(seen.roots)
    return replace(seen, nodes=tuple(nodes), roots=tuple(roots)), [seen]


def agrees(function: Callable[..., Any], order: Sequence[str], seen: Equations) -> bool:
    """Whether what was recorded is what the function computes, at some random points.

    An ``isinstance`` or a ``try`` in a function may take another branch when it is recorded than
    with numbers, and nothing says so.

    Parameters
    ----------
    function : callable
        The function.
    order : sequence of str
        The names of its arguments.
    seen : Equations
        What was recorded.
    """
    draw = random.Random(0)
    names = (*seen.states, *seen.inputs, *seen.parameters)
    for scale in (0.1, 1.0, 3.0, 30.0):
        point = {name: np.float64(draw.uniform(0.1, 1.0) * scale) for name in names}
        for name in seen.states[1:]:
            point[name] *= draw.choice((-1.0, 1.0))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                own = [float(each) for each in listed(function(*(point[name] for name in order)))]
        except Exception:  # the function does not take these numbers, so nothing is known
            continue
        found = seen.exactly(seen.roots[: len(seen.states)], point)
        if len(own) == len(found) and not np.allclose(
            own, found, rtol=1e-6, atol=1e-12, equal_nan=True
        ):
            return False
    return True


def _refuse_models(function: Any, why: str, is_model: Callable[[Any], bool]) -> None:
    for value in reached(function, set()):
        if is_model(value):
            raise UnreadableError(
                f"{why}; it would be compiled as written, where {value.__name__}.derivatives "
                f"cannot be called. Write conditions with np.where"
            )


class _Reader:
    """Calls a model's functions on recording objects."""

    def __init__(
        self,
        function: Callable[..., Any],
        order: Sequence[str],
        names: Mapping[str, Sequence[str]],
        outputs: Mapping[str, tuple[Callable[..., Any], Sequence[str]]],
        redirect: Redirection,
    ) -> None:
        self._function = function
        self._order = tuple(order)
        self._names = {kind: tuple(names[kind]) for kind in ("state", "input", "parameter")}
        self._outputs = outputs
        self._redirect = redirect
        self._single = False

    def redirected(self) -> Callable[..., Any]:
        """The function as it is called here."""
        found: Callable[..., Any] = self._redirect(self._function)
        return found

    def recorded(self) -> Equations:
        """The equations where all of it can be recorded."""
        graph = Graph()
        return self._equations(graph, self._record(graph, None))

    def as_written(self, why: str) -> Equations:
        """The equations with the derivatives as they are written; outputs are recorded."""
        graph = Graph()
        found = self._equations(graph, self._record(graph, None, with_derivatives=False))
        return replace(
            found,
            written=self._function,
            single=self._single,
            reason=why,
            written_fingerprint=fingerprint(self._function),
        )

    def paths(self) -> list[Equations]:
        """The equations on every path through the branches."""
        graph = Graph()
        found: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
        waiting: list[tuple[bool, ...]] = [()]
        while waiting and len(found) < MOST_PATHS:
            path = Path(waiting.pop(0))
            try:
                found[self._record(graph, path), tuple(path.conditions)] = None
            except Exception:
                if not found:  # else a branch that the values do not allow
                    raise
            waiting += path.alternatives()
        return [self._equations(graph, *each) for each in found]

    def _equations(
        self, graph: Graph, roots: tuple[int, ...], conditions: tuple[int, ...] = ()
    ) -> Equations:
        return Equations(
            self._names["state"],
            self._names["input"],
            self._names["parameter"],
            tuple(self._outputs),
            tuple(graph.nodes),
            roots,
            order=self._order,
            conditions=conditions,
        )

    def _record(
        self, graph: Graph, path: Path | None, with_derivatives: bool = True
    ) -> tuple[int, ...]:
        symbols: dict[str, Traced] = {}
        for kind, group in self._names.items():
            for name in group:
                value = 0.618 + 0.1 * len(symbols) if path else None
                symbols[name] = Traced(graph, graph.add(kind, name), value, path)
        zero = Traced(graph, graph.number(0.0), 0.0, path)
        results: list[Any] = []
        if with_derivatives:
            returned = self._redirect(self._function)(*(symbols[n] for n in self._order))
            self._single = isinstance(returned, (Traced, float, int))
            results += listed(returned)
        for output, uses in self._outputs.values():
            results.append(self._redirect(output)(*(symbols[n] for n in uses)))
        return tuple(graph.as_number(zero.operand(result).index) for result in results)
