"""What to record: from what a user writes to names of nodes and of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from neuromass.errors import brief, suggestion
from neuromass.populations.core import Core
from neuromass.recordings.samples import DELIVERED
from neuromass.simulation.system import System
from neuromass.units import is_listing

Names = dict[str, tuple[str, ...]]


class Known(NamedTuple):
    """What can be recorded of a node or connection.

    Attributes
    ----------
    whole : tuple of str
        What its name alone stands for: all states; of a connection without a synapse, what it
        delivers.
    values : list of str
        All that there is.
    """

    whole: tuple[str, ...]
    values: list[str]


def names_to_record(record: Any, system: System) -> Names:
    """What to record, by node.

    Parameters
    ----------
    record : None, str, sequence of str or mapping
        All states if None. Of a population its states, inputs and outputs. Of a network nodes
        (``"exc"``, all their states), values of nodes (``"exc.r"``), values of all that have
        them (``"r"``), or a mapping from nodes to names. Times alone if empty. Connections are
        nodes, too; ``"exc->inh.delivered"`` is what one delivers.
    system : System
        What is to be run.
    """
    nodes = system.nodes
    if record is None:
        return {node: tuple(core.model.states) for node, core in nodes.items()}
    if "" in nodes:
        return {"": _of_one(record, nodes[""])}
    known = {
        node: Known(tuple(core.model.states), core.recordable()) for node, core in nodes.items()
    }
    for name in system.wired():
        whole, values = known.get(name, ((DELIVERED,), []))
        known[name] = Known(whole, [*values, DELIVERED])
    found = _of_several(record, known, system.name)
    for node, names in found.items():
        _check_one_shape(node, names, system)
    return found or {node: () for node in nodes if "->" not in node}


def _check_one_shape(node: str, names: Sequence[str], system: System) -> None:
    shapes = {name: system.holder(node, name).shape for name in names}
    if len(set(shapes.values())) > 1:
        shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"record: values of {node} have different lanes: {shown}. Record what it delivers "
            f"without its synapse, or the other way round."
        )


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


def _of_several(record: Any, nodes: Mapping[str, Known], what: str) -> Names:
    listed = record if isinstance(record, Mapping) else ()
    found: Names = {str(node): () for node in listed if _known(nodes, str(node), what)}
    for node, name in _wanted(record, nodes, what):
        known = _known(nodes, node, what)
        for each in (_checked(known, node, name),) if name else known.whole:
            if each in found.get(node, ()):
                raise ValueError(f"record names {node}.{each} twice.")
            found[node] = (*found.get(node, ()), each)
    return found


def _wanted(record: Any, nodes: Mapping[str, Known], what: str) -> list[tuple[str, str]]:
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


def _split(entry: str, nodes: Mapping[str, Known], what: str) -> list[tuple[str, str]]:
    if entry in nodes:
        return [(entry, "")]
    node, _, name = entry.rpartition(".")
    if node:
        return [(node, name)]
    having = [each for each, known in nodes.items() if entry in known.values]
    if not having:
        if "->" in entry:
            _known(nodes, entry, what)
        values = {value: None for known in nodes.values() for value in known.values}
        raise ValueError(
            f"record: the network has no member or connection {brief(entry)}, and none of them has "
            f"such a value{suggestion(entry, [*nodes, *values])}"
        )
    return [(each, entry) for each in having]


def _known(nodes: Mapping[str, Known], node: str, what: str) -> Known:
    if node not in nodes:
        raise ValueError(
            f"record: the {what.lower()} has no member or connection {brief(node)}"
            f"{suggestion(node, nodes)}"
        )
    return nodes[node]


def _checked(known: Known, node: str, name: str) -> str:
    if name not in known.values:
        raise ValueError(f"record: {node} has no {brief(name)}{suggestion(name, known.values)}")
    return name
