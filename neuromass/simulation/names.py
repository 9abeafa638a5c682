"""What to record: from what a user writes to names of nodes and of their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromass.errors import brief, suggestion
from neuromass.populations.core import Core
from neuromass.simulation.system import System
from neuromass.units import is_listing

Names = dict[str, tuple[str, ...]]


def names_to_record(record: Any, system: System) -> Names:
    """What to record, by node.

    Parameters
    ----------
    record : None, str, sequence of str or mapping
        All states if None. Of a population its states, inputs and outputs. Of a network nodes
        (``"exc"``, all their states), values of nodes (``"exc.r"``), values of all that have
        them (``"r"``), or a mapping from nodes to names. Times alone if empty.
    system : System
        What is to be run.
    """
    nodes = system.nodes
    if record is None:
        return {node: tuple(core.model.states) for node, core in nodes.items()}
    if "" in nodes:
        return {"": _of_one(record, nodes[""])}
    return _of_several(record, nodes, system.name)


def _of_one(record: Any, core: Core) -> tuple[str, ...]:
    if isinstance(record, Mapping) or not (isinstance(record, str) or is_listing(record)):
        raise TypeError(f"record takes names, record=('r', 'v'), not {brief(record)}.")
    names = (record,) if isinstance(record, str) else tuple(record)
    known = core.recordable()
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"record: {core.name} has no {brief(name)}{suggestion(name, known)}")
    if len(set(names)) != len(names):
        raise ValueError(f"record names something twice: {', '.join(names)}.")
    return names


def _of_several(record: Any, nodes: Mapping[str, Core], what: str) -> Names:
    listed = record if isinstance(record, Mapping) else ()
    found: Names = {str(node): () for node in listed if _core(nodes, str(node), what)}
    for node, name in _wanted(record, nodes, what):
        core = _core(nodes, node, what)
        for each in (_checked(core, node, name),) if name else tuple(core.model.states):
            if each in found.get(node, ()):
                raise ValueError(f"record names {node}.{each} twice.")
            found[node] = (*found.get(node, ()), each)
    return found or {node: () for node in nodes if "->" not in node}


def _wanted(record: Any, nodes: Mapping[str, Core], what: str) -> list[tuple[str, str]]:
    """Pairs of node and name; an empty name stands for all states."""
    if isinstance(record, Mapping):
        return [(str(node), each) for node in record for each in _listed(record, node)]
    if not (isinstance(record, str) or is_listing(record)):
        raise TypeError(f"record takes names, record=('exc.r', 'inh'), not {brief(record)}.")
    entries = (record,) if isinstance(record, str) else tuple(record)
    return [pair for each in entries for pair in _split(str(each), nodes, what)]


def _listed(record: Mapping[Any, Any], node: Any) -> list[str]:
    """The names that a mapping has for a node."""
    names = record[node]
    if not (isinstance(names, str) or is_listing(names)):
        raise TypeError(
            f"record[{node!r}] takes names, record={{{node!r}: ('r', 'v')}}, not {brief(names)}; "
            f"record={str(node)!r} gives all states of {node}."
        )
    return [names] if isinstance(names, str) else [str(each) for each in names]


def _split(entry: str, nodes: Mapping[str, Core], what: str) -> list[tuple[str, str]]:
    if entry in nodes:
        return [(entry, "")]
    node, _, name = entry.rpartition(".")
    if node:
        return [(node, name)]
    having = [each for each, core in nodes.items() if entry in core.recordable()]
    if not having:
        if "->" in entry:
            _core(nodes, entry, what)
        values = {value: None for core in nodes.values() for value in core.recordable()}
        raise ValueError(
            f"record: the network has no member or connection {brief(entry)}, and none of them has "
            f"such a value{suggestion(entry, [*nodes, *values])}"
        )
    return [(each, entry) for each in having]


def _core(nodes: Mapping[str, Core], node: str, what: str) -> Core:
    if node not in nodes:
        silent = " A connection without a synapse has no states." if "->" in node else ""
        raise ValueError(
            f"record: the {what.lower()} has no member or connection {brief(node)}"
            f"{suggestion(node, nodes)}{silent}"
        )
    return nodes[node]


def _checked(core: Core, node: str, name: str) -> str:
    known = core.recordable()
    if name not in known:
        raise ValueError(f"record: {node} has no {brief(name)}{suggestion(name, known)}")
    return name
