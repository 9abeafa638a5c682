"""What a network was at some moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import Factor
from neuromass.networks.connection import Wire
from neuromass.networks.connectivity import is_sparse
from neuromass.networks.routes import PASSED, Sent
from neuromass.populations.core import Core
from neuromass.populations.snapshot import LATEST, Kept, Snapshot, changed, check_array
from neuromass.signals import Signal
from neuromass.synapses import Synapse
from neuromass.units import Measure

Floats = NDArray[np.float64]

_PAST = "history"

_LOWEST = {"strength": -np.inf, "delay": 0.0, "pattern": -np.inf, "distances": 0.0, "speed": 0.0}
"""What of a connection is numbers, and what they cannot fall below."""

_OPTIONAL = ("pattern", "distances", "speed")


@dataclass(frozen=True, eq=False)
class NetworkSnapshot:
    """All that changes in a network, exactly: members, synapses, connections, histories, clock.

    Attributes
    ----------
    clock, began : int
        Steps since t = 0, now and when the network was made.
    members : dict of Snapshot
        Members and stages of synapses, by name.
    wires : dict of Wire
        What the connections were given, by name.
    histories : dict of ndarray
        What was sent until now, oldest first, by node and value.
    pasts : dict of Signal
        What delayed connections carry before the first step, as given.
    failed : bool
        Whether histories are NaN where lanes failed in a run with ``on_failure="nan"``.
    """

    clock: int
    began: int
    members: dict[str, Snapshot]
    wires: dict[str, Wire]
    histories: dict[Sent, Floats]
    pasts: dict[str, Signal]
    failed: bool

    def check(self) -> None:
        """Refuse one whose entries are not what is in every snapshot that was taken."""
        for name in ("clock", "began"):
            if type(getattr(self, name)) is not int:
                raise changed(name)
        if not 0 <= self.began <= self.clock < LATEST:
            raise changed("clock")
        if type(self.failed) is not bool:
            raise changed("failed")
        for name, kind in (("members", Snapshot), ("wires", Wire), ("pasts", Signal)):
            held = getattr(self, name)
            if not isinstance(held, Mapping) or not all(
                isinstance(key, str) and isinstance(each, kind) for key, each in held.items()
            ):
                raise changed(name)
        for name, wire in self.wires.items():
            _check_wire(wire, name)
        senders = self.histories if isinstance(self.histories, Mapping) else (None,)
        if not all(isinstance(each, tuple) and len(each) == 2 for each in senders):
            raise changed("histories")

    def kept(self) -> Kept:
        """What steps change beside the clock, by names of two parts, or three for histories.

        The same number all the time has no history.
        """
        nodes = self.members.items()
        own = {(node, *name): each for node, saved in nodes for name, each in saved.kept().items()}
        pasts = [
            (sender, rows)
            for sender, rows in self.histories.items()
            if isinstance(sender[1], str) or not sender[1].is_constant
        ]
        return {**own, **{(node, _text(what), _PAST): rows for (node, what), rows in pasts}}

    def moved(self, clock: int, kept: Kept) -> Self:
        """The same at another time, with what steps have changed until then."""
        of_node = lambda node: {name[1:]: each for name, each in kept.items() if name[0] == node}
        members = {node: each.moved(clock, of_node(node)) for node, each in self.members.items()}
        past = {name: each for name, each in kept.items() if name[2:] == (_PAST,)}
        sent = {_text(each): each for wire in self.wires.values() for each in _functions(wire)}
        histories: dict[Sent, Floats] = {
            (node, sent.get(what, what)): each for (node, what, _), each in past.items()
        }
        may_fail = self.failed or any(each.failed for each in members.values())
        failed = may_fail and any(bool(np.any(np.isnan(rows))) for rows in histories.values())
        return replace(self, clock=clock, members=members, histories=histories, failed=failed)

    def __repr__(self) -> str:
        return f"<Snapshot of a network of {', '.join(self.members)}>"


def _check_wire(wire: Wire, name: str) -> None:
    """Refuse strengths and delays that nobody can have given."""
    for what, lowest in _LOWEST.items():
        value = getattr(wire, what)
        if value is None and what in _OPTIONAL:
            continue
        plain = np.asarray(value.data if is_sparse(value) else value)
        if plain.dtype != float or not np.all(np.isfinite(plain) & (plain >= lowest)):
            raise changed(f"{what} of {name}")
    if not isinstance(wire.strength_measure, Measure):
        raise changed(f"unit of {name}")
    if isinstance(wire.synapse, Synapse):
        try:
            wire.synapse.check_values()
        except ValueError as error:
            raise changed(f"synapse of {name}", error) from None


def check_sender(sender: Sent, members: Mapping[str, Core], wires: Mapping[str, Wire]) -> None:
    """Refuse the history of what no node of a network has or sends.

    A member may have sent it in a connection that was taken away.
    """
    node, what = sender
    variable = what.variable if isinstance(what, Factor) else what
    known: Sequence[str] = ()
    if node in members:
        known = [*members[node].model.states, *members[node].model.outputs]
    elif node in wires:
        synapse = wires[node].synapse
        known = () if synapse is None else (PASSED if synapse.gates else "s",)
    if variable not in known:
        raise changed(f"history of {node}.{variable}")


def check_past(rows: Any, population: Core, sender: Sent) -> None:
    """Refuse what is no history of a node: of other lanes, below its bound or infinite."""
    name = f"history of {sender[0]}.{sender[1]}"
    check_array(rows, name)
    declared = population.model.states.get(str(sender[1]))
    lowest = -np.inf if declared is None or declared.lower is None else declared.lower
    if rows.ndim != 2 or len(rows) != population.lanes or not rows.size:
        raise changed(name)
    if np.any(np.isinf(rows) | (rows < lowest)):
        raise changed(name)


def _functions(wire: Wire) -> list[Factor]:
    """The functions of its source's value that a connection carries."""
    terms = () if wire.function is None else wire.function.terms
    return [each for each, _ in terms if isinstance(each, Factor)]


def _text(what: str | Factor) -> str:
    return what if isinstance(what, str) else repr(what)
