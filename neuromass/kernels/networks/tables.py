"""Tables that the loops of networks read: arrays of records, whose fields have names.

Places are indices into the flat array in which all values of a tiled network lie, or into the
arrays that are named. A `span` says where the lanes of a value lie: ``base`` in the first tile,
``across`` from one tile to the next, ``lane`` the kind's lane with which it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np


def _record(fields: str, unit: str = "i8") -> np.dtype[Any]:
    return np.dtype([(name, unit) for name in fields.split()])


STREAM: Final = _record("tile first width lane key0 key1")
"""A member's part of a tile, for its noise: tile, first lane in it, lanes, number of the first
lane, two words of the seed."""

MIX: Final = _record("source lane lanes place")
"""A correlated source of a member: place among the kind's sources, the kind's lane with which the
member begins, lanes, place in ``factors``."""

FEED: Final = _record("start per_step per_lane lanes base across lane to_sum")
"""An external input that changes: start in ``drive``, from one step to the next, from one lane to
the next, lanes; the span of the external input; from there to the row where inputs are summed."""

GATE: Final = _record("passed first second gain")
"""Places of what passes a gate, of what comes in at both stages, and of the gain."""

LINK: Final = _record("target begin end", "u8")
"""What some lanes send to one: its place, and where its senders begin and end."""

STRIP: Final = _record("lanes to start per_lane shift place")
"""From neighbouring lanes (or from one) to neighbouring lanes: lanes, first target, first source,
from one source to the next (1, or 0 for a single one), from the sources at the first stage to
those at the second, place in ``strip_weights``."""

MATRIX: Final = _record(
    "targets sources place base across lane base_from across_from lane_from shift"
)
"""A dense connection: targets, sources, place in ``matrix_weights``, the spans of the target's
input and of the source at the first stage, from there to the source at the second."""

ITEM: Final = _record("place begin apart")
"""What is recorded: its place, where its samples begin, and how far apart they are."""

DELAY_GROUP: Final = _record("block blocked begun until first apart dense_begin dense_end")
"""Delayed pairs that share blocks of steps: steps of a block, whether it goes through blocks, clock
at which the present block begins and ends, place in ``arrivals`` of its first point for the first
slot, distance from slot to slot, its dense blocks."""

DENSE_BLOCK: Final = _record("slot targets fours place")
"""A delayed dense connection: first slot, targets, groups of four sources, place in ``weights``."""


def table(rows: Iterable[Sequence[Any]], kind: np.dtype[Any]) -> Any:
    """An array of records of some rows; there may be none."""
    return np.array([tuple(row) for row in rows], dtype=kind)


def columns(kind: np.dtype[Any], **given: Any) -> Any:
    """An array of records by columns, each an array or one number for all."""
    size = max((np.size(each) for each in given.values() if np.ndim(each)), default=0)
    made = np.zeros(size, dtype=kind)
    for name, each in given.items():
        made[name] = each
    return made
