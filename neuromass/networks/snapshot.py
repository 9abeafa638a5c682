"""What a network was at some moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuromass.expressions import Factor
from neuromass.networks.connection import Wire
from neuromass.networks.connectivity import is_sparse
from neuromass.networks.routes import Sent
from neuromass.populations.snapshot import Kept, Snapshot, changed, check_array
from neuromass.signals import Signal
from neuromass.units import Measure

Floats = NDArray[np.float64]

_PAST = "history"


@dataclass(frozen=True, eq=False)
class NetworkSnapshot:
    """All that changes in a network, exactly: members, synapses, connections, histories, clock."""

    clock: int
    began: int
    members: dict[str, Snapshot]
    wires: dict[str, Wire]
    histories: dict[Sent, Floats]
    pasts: dict[str, Signal]

    def check(self) -> None:
        """Refuse one whose entries are not what is in every snapshot that was taken."""
        for name in ("clock", "began"):
            if type(getattr(self, name)) is not int:
                raise changed(name)
        if not 0 <= self.began <= self.clock < 1 << 62:
            raise changed("clock")
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
        """What steps change beside the clock, by names of two parts, or three for histories."""
        nodes = self.members.items()
        own = {(node, *name): each for node, saved in nodes for name, each in saved.kept().items()}
        pasts = self.histories.items()
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
        return replace(self, clock=clock, members=members, histories=histories)

    def __repr__(self) -> str:
        return f"<Snapshot of a network of {', '.join(self.members)}>"


def _check_wire(wire: Wire, name: str) -> None:
    """Refuse strengths and delays that nobody can have given."""
    for what, lowest in (("strength", -np.inf), ("delay", 0.0)):
        value = getattr(wire, what)
        plain = np.asarray(value.data if is_sparse(value) else value)
        if plain.dtype != float or not np.all(np.isfinite(plain) & (plain >= lowest)):
            raise changed(f"{what} of {name}")
    if not isinstance(wire.strength_measure, Measure):
        raise changed(f"unit of {name}")


def check_past(rows: Any, lanes: int, name: str) -> None:
    """Refuse what is no history of so many lanes."""
    check_array(rows, name)
    if rows.ndim != 2 or len(rows) != lanes or not rows.size or not np.all(np.isfinite(rows)):
        raise changed(name)


def _functions(wire: Wire) -> list[Factor]:
    """The functions of its source's value that a connection carries."""
    terms = () if wire.function is None else wire.function.terms
    return [each for each, _ in terms if isinstance(each, Factor)]


def _text(what: str | Factor) -> str:
    return what if isinstance(what, str) else repr(what)
