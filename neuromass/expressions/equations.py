"""A model's equations: their graph, and its text."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from neuromass.expressions.functions import fingerprint
from neuromass.expressions.graph import CONSTANT_KINDS, KINDS, Node, arguments, below
from neuromass.expressions.operations import array_operation, exact_operation
from neuromass.expressions.trace import recordable

DEEPEST: Final = 20
"""Brackets in each other in one line of text; Python's parser takes some two hundred."""


@dataclass(frozen=True)
class Equations:
    """What the equations of a model compute, ready to become text.

    Attributes
    ----------
    states, inputs, parameters, outputs : tuple of str
        Declared names in their order.
    nodes : tuple
        The graph.
    roots : tuple of int
        The nodes that are the derivatives, then those that are the outputs.
    written : callable or None
        The model's own function where it could not be read; then the derivatives are not
        in the graph, and `roots` are the outputs alone.
    order : tuple of str
        The arguments of that function.
    single : bool
        Whether that function returns a number, not a tuple of one or more.
    reason : str
        What that function needs that cannot be read.
    written_fingerprint : str
        The `fingerprint` of that function when the class was made.
    conditions : tuple of int
        Nodes whose values decide which branches of the function these equations follow.
    bounds : tuple of str
        Parameters that are lower bounds of states, which kernels need by themselves.
    additions : tuple
        Inputs to which something is added, and the nodes that it is; see `ports`.
    """

    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    written: Callable[..., Any] | None = None
    order: tuple[str, ...] = ()
    single: bool = False
    reason: str = ""
    written_fingerprint: str = ""
    conditions: tuple[int, ...] = ()
    bounds: tuple[str, ...] = ()
    additions: tuple[tuple[str, int], ...] = ()

    @property
    def computed(self) -> tuple[int, ...]:
        """Nodes of all that kernels compute: derivatives, outputs, and what is added to inputs."""
        return (*self.roots, *(root for _, root in self.additions))

    @property
    def derivatives(self) -> tuple[int, ...]:
        """Nodes of the derivatives; none if the function is used as written."""
        return () if self.written else self.roots[: len(self.states)]

    @property
    def output_roots(self) -> tuple[int, ...]:
        """Nodes of the outputs."""
        return self.roots[len(self.roots) - len(self.outputs) :]

    def with_inputs(self, names: Sequence[str]) -> Equations:
        """The same equations with some parameters as inputs, which may change from step to step.

        Parameters
        ----------
        names : sequence of str
            The parameters.
        """
        nodes = tuple(
            ("input", node[1]) if node[0] == "parameter" and node[1] in names else node
            for node in self.nodes
        )
        return replace(
            self,
            inputs=(*self.inputs, *names),
            parameters=tuple(each for each in self.parameters if each not in names),
            nodes=nodes,
        )

    @cached_property
    def inputs_of_outputs(self) -> tuple[str, ...]:
        """Inputs that outputs depend on: parameters that change from step to step."""
        used = {self.nodes[i] for i in below(self.nodes, self.output_roots)}
        return tuple(each for each in self.inputs if ("input", each) in used)

    def decides_on(self, name: str) -> bool:
        """Whether a parameter decides which branch of a function the equations follow."""
        used = below(self.nodes, self.conditions)
        return any(self.nodes[i] == ("parameter", name) for i in used)

    def constants(self) -> tuple[int, ...]:
        """Nodes that depend on parameters alone and are used by what does not."""
        return self._found_constants

    @cached_property
    def _found_constants(self) -> tuple[int, ...]:
        constant = self._constant
        used = below(self.nodes, self.computed)
        wanted = {i for i in self.computed if constant[i]}
        for index in used:
            if not constant[index]:
                wanted |= {i for i in arguments(self.nodes[index]) if constant[i]}
        needed = self.parameters if self.written else self.bounds
        wanted |= {self.nodes.index(("parameter", name)) for name in needed}
        return tuple(sorted(i for i in wanted if self.nodes[i][0] != "number"))

    def is_constant(self, index: int) -> bool:
        """Whether a node depends on parameters alone."""
        return self._constant[index]

    @cached_property
    def _constant(self) -> list[bool]:
        flags: list[bool] = []
        for node in self.nodes:
            flags.append(
                node[0] in CONSTANT_KINDS if node[0] in KINDS else all(flags[i] for i in node[1:])
            )
        return flags

    def text(
        self, roots: Sequence[int], known: Mapping[int, str], temporary: str = "t"
    ) -> tuple[list[str], list[str]]:
        """Python text for some nodes.

        Parameters
        ----------
        roots : sequence of int
            The nodes wanted.
        known : mapping
            Texts of nodes that need not be computed; at least of all symbols below.
        temporary : str
            Prefix of the names for what is used more than once.

        Returns
        -------
        lines : list of str
            Assignments.
        expressions : list of str
            One for each root.
        """
        lines: list[str] = []
        texts = dict(known)
        needed = _needed(self.nodes, roots, known)
        uses = dict.fromkeys(needed, 0)
        for index in needed:
            for argument in arguments(self.nodes[index]):
                if argument in uses:
                    uses[argument] += 1
        depth = dict.fromkeys(known, 0)
        for index in sorted(needed):
            node = self.nodes[index]
            text = expression(node, texts)
            depth[index] = 1 + max((depth[i] for i in arguments(node)), default=0)
            if node[0] != "number" and (uses[index] > 1 or depth[index] >= DEEPEST):
                lines.append(f"{temporary}{index} = {bare(text)}")
                text = f"{temporary}{index}"
                depth[index] = 0
            texts[index] = text
        return lines, [bare(texts[root]) for root in roots]

    def symbols(self, names: Mapping[str, str]) -> dict[int, str]:
        """Texts of the symbol nodes: ``names`` maps a declared name to its text."""
        return {
            index: names[node[1]]
            for index, node in enumerate(self.nodes)
            if node[0] in ("state", "input", "parameter") and node[1] in names
        }

    def evaluate(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Derivatives (then outputs) at some values; arrays and complex numbers work too.

        Parameters
        ----------
        values : mapping
            Value of each state, input and parameter, in internal units.
        """
        own = listed(self.written(*(values[n] for n in self.order))) if self.written else ()
        return (*own, *self.values(self.roots, values, array_operation))

    def exactly(self, roots: Sequence[int], values: Mapping[str, Any]) -> list[Any]:
        """Some nodes at some floats or float arrays, to the last bit as compiled code has them."""
        return self.values(roots, values, exact_operation)

    def values(
        self,
        roots: Sequence[int],
        values: Mapping[str, Any],
        operation: Callable[[str], Callable[..., Any]],
    ) -> list[Any]:
        """Values of some nodes, each operation done by what `operation` gives."""
        results: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for index in sorted(below(self.nodes, roots)):
                kind, *rest = self.nodes[index]
                if kind == "number":
                    results[index] = rest[0]
                elif kind in KINDS:
                    results[index] = values[rest[0]]
                else:
                    results[index] = operation(kind)(*(results[i] for i in rest))
        return [results[root] for root in roots]

    def degree(self, name: str) -> int:
        """How a declared name enters the derivatives: 0 not at all, 1 linearly, 2 otherwise."""
        if self.written:
            return 2 if name in self.order else 0
        degrees: list[int] = []
        for node in self.nodes:
            degrees.append(_degree(node, name, degrees))
        return max((degrees[root] for root in self.roots[: len(self.states)]), default=0)

    def identity(self) -> str:
        """Text that is the same exactly if the arithmetic and the names are the same."""
        if self.written and fingerprint(self.written) != self.written_fingerprint:
            raise RuntimeError(
                f"A global or helper that {self.written.__qualname__} uses has changed since "
                f"its class was made; run the class statement again."
            )
        return self.arithmetic()

    def arithmetic(self) -> str:
        """The same, as it was when the class was made."""
        used = sorted(below(self.nodes, self.computed))
        names = self.states, self.inputs, self.parameters, self.outputs, self.order
        about = self.written_fingerprint, [(i, self.nodes[i]) for i in used], self.roots
        return repr((*names, *about, *self.additions))

    def fingerprint(self) -> str:
        """A short text that is the same exactly if `arithmetic` is."""
        return hashlib.sha256(self.arithmetic().encode()).hexdigest()

    def function(self, roots: Sequence[int], order: Sequence[str]) -> Callable[..., Any]:
        """A function of numbers or arrays that computes some nodes, for a class without one."""
        single = len(roots) == 1

        def computed(*given: Any) -> Any:
            results = self.values(roots, dict(zip(order, given, strict=True)), recordable)
            return results[0] if single else tuple(results)

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        computed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in order]
        )
        return computed

    def __str__(self) -> str:
        known = self.symbols({n: n for n in (*self.states, *self.inputs, *self.parameters)})
        lines, roots = self.text(self.roots, known)
        names = [f"d{name}/dt" for name in self.states if not self.written]
        lines += [f"{n} = {r}" for n, r in zip([*names, *self.outputs], roots, strict=True)]
        if self.written:
            lines.append(f"# the derivatives are used as written, because they need {self.reason}")
        return "\n".join(lines)


def _needed(nodes: Sequence[Node], roots: Sequence[int], known: Mapping[int, str]) -> set[int]:
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if index not in found and index not in known:
            found.add(index)
            waiting.extend(arguments(nodes[index]))
    return found


def expression(node: Node, texts: Mapping[int, str]) -> str:
    """The text of an operation, given those of its arguments; in brackets if it needs them."""
    kind, *rest = node
    if kind == "number":
        return repr(rest[0]) if math.copysign(1.0, rest[0]) > 0 else f"({rest[0]!r})"
    parts = [texts[i] for i in rest]
    if kind == "negative":
        return f"(-{parts[0]})"
    if kind == "where":
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if kind.isidentifier():
        return f"{kind}({', '.join(map(bare, parts))})"
    return f"({parts[0]} {kind} {parts[1]})"


def bare(text: str) -> str:
    """Without the outer brackets, if they are a pair."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 else text
    return text


def _degree(node: Node, name: str, degrees: list[int]) -> int:
    kind, *rest = node
    if kind in KINDS:
        return int(kind != "number" and rest[0] == name)
    own = [degrees[i] for i in rest]
    if kind in ("+", "-", "negative"):
        return max(own)
    if kind == "*":
        return min(sum(own), 2)
    if kind == "/" and not own[1]:
        return own[0]
    if kind == "where" and not own[0]:
        return max(own)
    return 2 if any(own) else 0


def listed(results: Any) -> list[Any]:
    """What a function returned, as a list: of one, if it is a single value."""
    if results is None:
        raise TypeError("derivatives returns nothing; it ends with: return drdt, dvdt")
    if isinstance(results, np.ndarray) and results.ndim == 1:
        return list(results)
    return list(results) if isinstance(results, (tuple, list)) else [results]
