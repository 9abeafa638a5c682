"""The vector field of a network at constant inputs: its members and its synapses."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.dynamics.field import Column, search_box
from neuromass.dynamics.jacobian import jacobian, output_slopes, output_values, rates
from neuromass.expressions import Equations, Factor, Ports, array_operation, closed, joined
from neuromass.networks.connection import Wire
from neuromass.networks.connectivity import is_sparse
from neuromass.networks.core import NetworkCore
from neuromass.networks.routes import one_of
from neuromass.populations.core import Core, Drive
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]
Past = Callable[[float], Floats]
"""From a time in ms to all numbers as they were that long ago."""
_STEP: Final = np.finfo(float).eps ** (1 / 3)


@dataclass(frozen=True)
class Link:
    """What one node sends to an input of another.

    Attributes
    ----------
    source, variable : str
        The node that sends, and which of its values.
    gate : str or None
        Node by whose ``gain`` that value is multiplied.
    target, input : str
        Where it arrives.
    weights : ndarray
        (lanes of the source, lanes of the target).
    strength : str or None
        Symbol that the weights are multiplied by.
    by_tau : bool
        Whether the target's tau multiplies them too.
    delays : ndarray
        Delay of each pair in ms.
    delay : str or None
        Symbol that is the delay of all pairs.
    """

    source: str
    variable: str
    gate: str | None
    target: str
    input: str
    weights: Floats
    strength: str | None
    by_tau: bool
    delays: Floats
    delay: str | None = None


class NetworkField:
    """The vector field of a network, as if there were no delays; for these see `passed_slopes`.

    Parameters
    ----------
    core : NetworkCore
        The network.
    drives : sequence of Drive
        Its inputs.
    """

    solve = None

    def __init__(self, core: NetworkCore, drives: Sequence[Drive]) -> None:
        for neurons in core.neurons.values():
            neurons.field(None)  # refuses: they have none
        self._nodes = core.all_nodes()
        self._ports = core.ports()
        self._joined = {
            n: joined(e.model.equations, self._ports[n]) for n, e in self._nodes.items()
        }
        self._equations = {node: _closed(each) for node, each in self._joined.items()}
        self.columns = _columns(core)
        self.count = sum(each.lanes * len(each.model.states) for each in self._nodes.values())
        self.symbols: dict[str, Measure] = {}
        self._given: dict[str, Any] = {}
        for node, each in self._nodes.items():
            for name, value in each.parameters.items():
                self.symbols[f"{node}.{name}"] = each.model.measure(name)
                self._given[f"{node}.{name}"] = each.spread(value)
        self._drives = [f"{drive.node}.{drive.name}" for drive in drives]
        for drive, key in zip(drives, self._drives, strict=True):
            target = self._nodes[drive.node]
            self.symbols[key] = target.model.measure(drive.name)
            self._given[key] = np.broadcast_to(drive.values, target.lanes)
        self.links: list[Link] = []
        for name, wire in core.wires.items():
            if np.ndim(wire.strength) == 0:
                self.symbols[f"{name}.{wire.strength_name}"] = wire.strength_measure
                self._given[f"{name}.{wire.strength_name}"] = np.atleast_1d(float(wire.strength))
            if np.ndim(wire.delay) == 0 and not is_sparse(wire.delay):
                self.symbols[f"{name}.delay"] = MS
                self._given[f"{name}.delay"] = np.atleast_1d(float(wire.delay))
            self.links += _links(core, name, wire, self._ports)

    @property
    def longest_delay(self) -> float:
        """The longest delay of all connections, in ms."""
        joined = (self._delays(link)[..., link.weights != 0.0] for link in self.links)
        return max((float(np.max(each, initial=0.0)) for each in joined), default=0.0)

    def _delays(self, link: Link) -> Floats:
        """The delay of each pair, (..., lanes of the source, lanes of the target)."""
        if link.delay is None:
            return link.delays
        return np.asarray(self._given[link.delay][..., None] * np.ones(link.delays.shape))

    @property
    def outputs(self) -> dict[str, Measure]:
        """Outputs of all nodes and their units."""
        return {
            f"{node}.{name}": output.measure
            for node, each in self._nodes.items()
            for name, output in each.model.outputs.items()
        }

    @property
    def box(self) -> tuple[Floats, Floats]:
        """Where states are looked for."""
        return box_of(self._nodes, {})

    def value(self, name: str) -> float:
        """The present value of a symbol; refused if lanes differ in it."""
        values = self._given[name]
        if np.ptp(values) > 0.0:
            raise ValueError(f"{name} differs between lanes, so that it has no single value.")
        return float(values.flat[0])

    def varied(self, name: str, value: Any) -> NetworkField:
        """The same field at another value of a symbol, for all lanes."""
        return self._shifted(name, np.asarray(value, dtype=float)[..., None])

    # ------------------------------------------------------------------ values

    def _values(self, node: str, at: Floats) -> dict[str, Any]:
        """States and parameters of a node, (..., lanes)."""
        core = self._nodes[node]
        values = {name: self._given[f"{node}.{name}"] for name in core.parameters}
        values |= self._ports[node].values
        for name in core.model.states:
            begin = self.columns[f"{node}.{name}"].begin
            values[name] = at[..., begin : begin + core.lanes]
        return values

    def _sent(self, node: str, variable: str, at: Floats) -> Any:
        values, equations = self._values(node, at), self._equations[node]
        if variable in values:
            return values[variable]
        found = output_values(equations, variable, values)
        return np.broadcast_to(found, (*at.shape[:-1], self._nodes[node].lanes))

    def _sent_slopes(self, node: str, variable: str, at: Floats) -> Iterator[tuple[int, Any]]:
        """First number of each state that a node's value depends on, and the derivative by it."""
        model = self._nodes[node].model
        if variable in model.states:
            yield self.columns[f"{node}.{variable}"].begin, np.ones(1)
            return
        slopes = output_slopes(self._equations[node], variable, self._values(node, at))
        for name, slope in slopes.items():
            yield self.columns[f"{node}.{name}"].begin, slope

    def _carried(self, link: Link, at: Floats) -> Any:
        sent = self._sent(link.source, link.variable, at)
        return sent if link.gate is None else sent * self._sent(link.gate, "gain", at)

    def _carried_slopes(self, link: Link, at: Floats) -> Iterator[tuple[int, Any]]:
        gain = 1.0 if link.gate is None else self._sent(link.gate, "gain", at)
        for begin, slope in self._sent_slopes(link.source, link.variable, at):
            yield begin, slope * gain
        if link.gate is not None:
            sent = self._sent(link.source, link.variable, at)
            for begin, slope in self._sent_slopes(link.gate, "gain", at):
                yield begin, slope * sent

    def _factor(self, link: Link) -> Any:
        """What multiplies the weights, (..., lanes of the target)."""
        factor = np.ones(1) if link.strength is None else self._given[link.strength]
        return factor * self._given[f"{link.target}.tau"] if link.by_tau else factor

    def _inputs(self, at: Floats, past: Past | None = None) -> dict[str, dict[str, Any]]:
        """All inputs by node and name, (..., lanes)."""
        inputs: dict[str, dict[str, Any]] = {}
        for node, core in self._nodes.items():
            given = {
                n: self._given.get(f"{node}.{n}", each.default)
                for n, each in core.model.inputs.items()
            }
            given |= dict.fromkeys(self._ports[node].inputs.values(), 0.0)
            inputs[node] = {
                name: np.broadcast_to(value, (*at.shape[:-1], core.lanes))
                for name, value in given.items()
            }
        for link in self.links:
            arriving = self._arriving(link, at, past) * self._factor(link)
            inputs[link.target][link.input] = inputs[link.target][link.input] + arriving
        return inputs

    def _arriving(self, link: Link, at: Floats, past: Past | None) -> Any:
        if past is None:
            return self._carried(link, at) @ link.weights
        delays = self._delays(link)
        return sum(
            self._carried(link, past(delay)) @ np.where(delays == delay, link.weights, 0.0)
            for delay in np.unique(delays[link.weights != 0.0]).tolist()
        )

    def output(self, name: str, at: Floats) -> Floats:
        """An output of a node at some points, (..., lanes) in the shape of its lanes."""
        node, _, variable = name.rpartition(".")
        sent: Floats = self._sent(node, variable, at)
        return sent.reshape(*at.shape[:-1], *self._nodes[node].shape)

    def output_slopes(self, name: str, at: Floats) -> Floats:
        """Derivatives of an output of a node by the numbers at one point, (*lanes, numbers)."""
        node, _, variable = name.rpartition(".")
        core = self._nodes[node]
        result = np.zeros((core.lanes, self.count))
        lanes = np.arange(core.lanes)
        for begin, slope in self._sent_slopes(node, variable, at):
            result[lanes, begin + lanes] += slope
        return result.reshape(*core.shape, self.count)

    # ------------------------------------------------------------------ the field

    def rates(self, at: Floats, past: Past | None = None) -> Floats:
        """Rates of change of all states, (..., numbers).

        Parameters
        ----------
        at : ndarray
            Some points, (..., numbers).
        past : callable, optional
            What the numbers were some time ago; as they are if left out.
        """
        result = np.empty(at.shape)
        with np.errstate(all="ignore"):
            inputs = self._inputs(at, past)
            for node, core in self._nodes.items():
                found = rates(self._equations[node], {**self._values(node, at), **inputs[node]})
                for i, name in enumerate(core.model.states):
                    begin = self.columns[f"{node}.{name}"].begin
                    result[..., begin : begin + core.lanes] = found[..., i]
        return result

    def slopes(self, at: Floats) -> Floats:
        """The Jacobian, as if there were no delays."""
        slopes: Floats = self.passed_slopes(at, lambda delays: 1.0)
        return slopes

    def passed_slopes(self, at: Floats, factor: Callable[[Floats], Any], own: float = 1.0) -> Any:
        """Derivatives of the rates by the numbers, those through links with a factor.

        Parameters
        ----------
        at : ndarray
            Some points, (..., numbers).
        factor : callable
            From delays in ms, (..., sources, targets), to factors, real or complex.
        own : float
            Factor of what does not pass a link.

        Returns
        -------
        ndarray
            (..., numbers, numbers).
        """
        with np.errstate(all="ignore"):
            factors = [link.weights * factor(self._delays(link)) for link in self.links]
            result = np.zeros((*at.shape, self.count), np.result_type(float, *factors))
            inputs = self._inputs(at)
            by_input = {}
            for node, equations in self._equations.items():
                values = {**self._values(node, at), **inputs[node]}
                self._place_own(result, node, own * jacobian(equations, values))
                if equations.inputs:
                    names = equations.inputs
                    found = jacobian(equations, values, names)
                    by_input.update({(node, n): found[..., i] for i, n in enumerate(names)})
            for link, weights in zip(self.links, factors, strict=True):
                self._place_link(result, link, weights, by_input[link.target, link.input], at)
        return result

    def _place_own(self, result: Any, node: str, slopes: Floats) -> None:
        """Write the derivatives within each lane of a node where they belong."""
        core = self._nodes[node]
        lanes = np.arange(core.lanes)
        begins = [self.columns[f"{node}.{name}"].begin for name in core.model.states]
        for i, row in enumerate(begins):
            for j, column in enumerate(begins):
                result[..., row + lanes, column + lanes] += slopes[..., i, j]

    def _place_link(
        self, result: Any, link: Link, weights: Any, by_input: Floats, at: Floats
    ) -> None:
        """Add the derivatives of a target's rates by what a link carries."""
        core = self._nodes[link.target]
        lanes, sources = core.lanes, self._nodes[link.source].lanes
        arriving = by_input * self._factor(link)[..., None]  # (..., target lanes, states)
        for begin, slope in self._carried_slopes(link, at):
            for i, name in enumerate(core.model.states):
                row = self.columns[f"{link.target}.{name}"].begin
                result[..., row : row + lanes, begin : begin + sources] += (
                    arriving[..., :, i, None] * np.swapaxes(weights, -1, -2) * slope[..., None, :]
                )

    def pushed(self, at: Floats) -> dict[str, Floats]:
        """Derivatives by each input of a member, (..., numbers, lanes)."""
        found = {}
        with np.errstate(all="ignore"):
            inputs = self._inputs(at)
            for key in self._drives:
                node, _, name = key.rpartition(".")
                core, values = self._nodes[node], {**self._values(node, at), **inputs[node]}
                slopes = jacobian(self._equations[node], values, (name,))[..., 0]
                found[key] = np.zeros((*at.shape, core.lanes))
                lanes = np.arange(core.lanes)
                for i, state in enumerate(core.model.states):
                    row = self.columns[f"{node}.{state}"].begin
                    found[key][..., row + lanes, lanes] = slopes[..., i]
        return found

    def matched(self, inputs: Mapping[str, Floats], at: Floats) -> NetworkField:
        """The same field, given what these inputs have beyond all coupling at some points."""
        other = copy.copy(self)
        other._given = {**self._given, **{name: np.zeros(1) for name in inputs}}
        with np.errstate(all="ignore"):
            arriving = other._inputs(at)
            for key, values in inputs.items():
                node, _, name = key.rpartition(".")
                added = other._added(node, name, at, arriving[node])
                other._given[key] = values - (arriving[node][name] + added)
        return other

    def _added(self, node: str, name: str, at: Floats, inputs: Mapping[str, Any]) -> Any:
        """What functions of connections add to an input beyond what is sent there."""
        equations = self._joined[node]
        roots = [root for to, root in equations.additions if to == name]
        found = equations.values(roots, {**self._values(node, at), **inputs}, array_operation)
        return found[0] if found else 0.0

    def slopes_by(self, name: str, at: Floats) -> Floats:
        """Derivatives by a symbol, of all lanes alike; those by inputs are exact.

        Others are by central differences, good to some ten digits.
        """
        if name in self._drives:
            return np.asarray(self.pushed(at)[name].sum(axis=-1))
        here = np.asarray(self._given[name], dtype=float)
        large = np.maximum(np.abs(here), 1e-3).max(axis=-1, keepdims=True)
        step = np.exp2(np.round(np.log2(_STEP * large)))  # a power of two is added exactly
        ahead, behind = (self._shifted(name, each) for each in (here + step, here - step))
        slope: Floats = (ahead.rates(at) - behind.rates(at)) / (2.0 * step)
        return slope

    def _shifted(self, name: str, values: Any) -> NetworkField:
        """The same field at other values of a symbol, lane by lane."""
        other = copy.copy(self)
        other._given = {**self._given, name: values}
        return other


def box_of(
    nodes: Mapping[str, Core], within: Mapping[str, Mapping[str, Any]]
) -> tuple[Floats, Floats]:
    """Where the states of some nodes are looked for, those of all lanes."""
    ends = []
    for node, each in nodes.items():
        box = np.array(search_box(each.model, within.get(node)))
        ends.append(np.repeat(box, each.lanes, axis=1))
    low, high = np.concatenate(ends, axis=1)
    return low, high


def _columns(core: NetworkCore) -> dict[str, Column]:
    columns, count = {}, 0
    for node, each in core.all_nodes().items():
        for name, state in each.model.states.items():
            lower = -math.inf if state.lower is None else state.lower
            columns[f"{node}.{name}"] = Column(state.measure, count, each.shape, lower)
            count += each.lanes
    return columns


def _closed(equations: Equations) -> Equations:
    if equations.written and equations.additions:
        raise ValueError(
            "A member whose equations are used as they are written cannot be analysed with "
            "connections by a function of its states."
        )
    return closed(equations)


def _links(core: NetworkCore, name: str, wire: Wire, ports: Mapping[str, Ports]) -> Iterator[Link]:
    """What a connection comes to: links along its synapse, then those between the members."""
    nodes, route = core.all_nodes(), core.route(name, wire, core.stages_of(name))
    for source, variable, stage, to in route.links():
        lanes = nodes[source].lanes
        yield Link(
            source, variable, None, stage, to, np.eye(lanes), None, False, np.zeros((lanes, lanes))
        )
    single = np.ndim(wire.strength) == 0
    pairs = core.pairs(name, replace(wire, strength=1.0)) if single else route.pairs
    shape = nodes[wire.source].lanes, nodes[wire.target].lanes
    weights, delays = np.zeros(shape), np.zeros(shape)
    weights[pairs.sources, pairs.targets] = pairs.values
    delays[pairs.sources, pairs.targets] = pairs.delays
    source, variable = route.end
    gate = route.stages[-1] if route.gates else None
    if gate is not None:
        source, variable = wire.source, wire.variable
    strength = f"{name}.{wire.strength_name}" if single else None
    delay = f"{name}.delay" if np.ndim(wire.delay) == 0 and not is_sparse(wire.delay) else None
    whole = Link(
        source, variable, gate, wire.target, wire.input, weights, strength, wire.by_tau, delays,
        delay,
    )  # fmt: skip
    if wire.function is None:
        yield whole
        return
    sent, received = ports[source].outputs, ports[wire.target].inputs
    for what, factor in wire.function.terms:
        to = wire.input if factor is None else received[wire.input, factor]
        carried = replace(whole, input=to)
        if what is None:
            lanes = shape[1]
            state = next(iter(nodes[wire.target].model.states))
            yield replace(
                carried, source=wire.target, variable=ports[wire.target].outputs[one_of(state)],
                weights=np.diag(weights.sum(axis=0)), delays=np.zeros((lanes, lanes)), delay=None,
            )  # fmt: skip
        elif isinstance(what, Factor):
            yield replace(carried, variable=sent[what])
        else:
            yield carried
