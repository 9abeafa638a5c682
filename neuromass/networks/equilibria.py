"""Equilibria of a network without delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.dynamics.equilibria import (
    Equilibria,
    examined,
    outputs_at,
    search,
    starting_points,
)
from neuromass.networks.core import NetworkCore
from neuromass.networks.field import NetworkField, box_of
from neuromass.populations.core import Drive

Floats = NDArray[np.float64]


def find_in_network(
    core: NetworkCore,
    drives: Sequence[Drive],
    within: Mapping[str, Mapping[str, Any]],
) -> Equilibria:
    """Equilibria of a network, by a search.

    Parameters
    ----------
    core : NetworkCore
        The network.
    drives : sequence of Drive
        Its inputs.
    within : mapping
        Member -> state -> lowest and highest value, for the search.
    """
    refuse_delays(core)
    field = NetworkField(core, drives)
    at, eigenvalues = examined(field, zeros_in_network(core, field, within))
    return Equilibria(field.columns, at, eigenvalues, False, outputs=outputs_at(field, at))


def zeros_in_network(
    core: NetworkCore, field: NetworkField, within: Mapping[str, Mapping[str, Any]]
) -> Floats:
    """Equilibria of a network with or without delays in ascending order, (zeros, numbers)."""
    low, high = box_of(core.all_nodes(), within)
    rows = [each.row(name) for each in core.all_nodes().values() for name in each.model.states]
    starts = np.concatenate([[np.concatenate(rows)], starting_points(low, high)])
    found = search(field, starts[:, None], high - low)[:, 0]
    return found[np.lexsort(found.T[::-1])] if len(found) else found


def refuse_delays(core: NetworkCore) -> None:
    """Refuse a network of which the stability is not that of its states alone."""
    for name, wire in core.wires.items():
        route = core.route(name, wire, core.stages_of(name))
        if np.any(route.steps > 0) or np.any(route.fractions > 0.0):
            raise ValueError(
                f"equilibria: {name} has a delay, and the stability of a network with delays is "
                f"not that of its states alone. nm.analysis.roots(net) has both."
            )
