"""The two ways in which a network's loop goes over lanes, and what comes to them on the way.

A network of a few lanes goes lane by lane: each sums its own input when its turn comes, so that
a sum is never written to memory and read again. In larger ones all inputs are summed first, in
the rows ``x``, and then loops over lanes vectorise.

Both add to the external input, in this order: links, strips, matrices (in a network of few lanes
they are links too, in the same order), and what arrives with delay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from neuromass.kernels.kinds import FEW_LANES, ROW, Circuit, Kind
from neuromass.kernels.text import TILE

HELPERS: Final = (
    "fill_tiles", "empty_tiles", "fill_segments", "mix_lanes", "lay_outside", "pass_gates",
    "add_links", "add_strips", "multiply_matrices", "remember", "arrive", "deliver",
)  # fmt: skip
"""What a loop calls, in the order of the addresses that it is given."""


def call(helper: str, *given: object) -> str:
    """A call of one of `HELPERS`."""
    return f"call_{helper}(addresses[{HELPERS.index(helper)}], ({', '.join(map(str, given))}))"


def call_if(rows: str, helper: str, *given: object) -> list[str]:
    """Lines that call a helper if there are any rows for it."""
    return [f"if {rows}.shape[0] > 0:", f"    {call(helper, *given)}"]


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper."""
    return [f"    {line}" for line in lines]


def loads(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    """Lines that read values of the lane at ``at``."""
    return [f"{name} = flat[at + {rows[name] * ROW}]" for name in names]


def stores(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    """Lines that write values of the lane at ``at``."""
    return [f"flat[at + {rows[name] * ROW}] = {name}" for name in names]


class LaneByLane:
    """For a few lanes, each of which sums its own input.

    Parameters
    ----------
    circuit : Circuit
        What the loop is made for.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def over_lanes(self, q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
        """A loop over the lanes of a kind; ``at`` is a lane's place."""
        del kind
        return [f"for j in range(lanes{q}):", f"    at = start{q} * {ROW} + j", *indented(inner)]

    def before(self, stage: int) -> list[str]:
        """Lines that run before the lanes of a stage.

        Euler's method moves the states in its only stage, so that all inputs are summed before
        the first lane moves.
        """
        lines = _deliver(stage, add=0)
        if self._circuit.method == "euler":
            for q, kind in enumerate(self._circuit.kinds):
                lines += self.over_lanes(q, kind, [*self._sums(q, kind, 0), *self._kept(kind)])
        return lines

    def enter(self, q: int, kind: Kind, stage: int) -> list[str]:
        """Lines within the lanes of a stage that give the inputs ``x_<input>``."""
        held = self._circuit.held
        if self._circuit.method == "euler" or (held and stage == 1):
            return loads(kind.rows(), _inputs(kind))
        return self._sums(q, kind, stage) + (self._kept(kind) if held else [])

    def leave(self, kind: Kind) -> list[str]:
        """Lines within lanes after the inputs were used for the last time."""
        del kind
        return []

    def _sums(self, q: int, kind: Kind, stage: int) -> list[str]:
        lines = []
        for i, each in enumerate(kind.recipe.equations.inputs):
            lines += [
                f"x_{each} = flat[at + {kind.rows()[f'given_{each}'] * ROW}]",
                f"link = sums{q} + {i} * lanes{q} + j",
                "for p in range(links[link, 1], links[link, 2]):",
                f"    x_{each} = x_{each} + link_weights[p] * flat[senders[{stage}, p]]",
            ]
        return lines

    def _kept(self, kind: Kind) -> list[str]:
        return stores(kind.rows(), _inputs(kind))


class Vectors:
    """For many lanes: all inputs are summed first.

    Parameters
    ----------
    circuit : Circuit
        What the loop is made for.
    """

    def __init__(self, circuit: Circuit) -> None:
        del circuit

    def over_lanes(self, q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
        """A loop over the tiles of a kind and the lanes of each, rounded up to eight."""
        return over_padded(q, kind, inner)

    def before(self, stage: int) -> list[str]:
        """Lines that run before the lanes of a stage."""
        matrices = "matrices", stage, "matrix_weights", "spare"
        return [
            *call_if("links", "add_links", "flat", "links", "senders", stage, "link_weights"),
            *call_if("strips", "add_strips", "flat", "strips", stage, "strip_weights"),
            *call_if("matrices", "multiply_matrices", "flat", *matrices),
            *_deliver(stage, add=1),
        ]

    def enter(self, q: int, kind: Kind, stage: int) -> list[str]:
        """Lines within the lanes of a stage that give the inputs ``x_<input>``."""
        del q, stage
        return loads(kind.rows(), _inputs(kind))

    def leave(self, kind: Kind) -> list[str]:
        """Lines within lanes after the inputs were used for the last time: what is given again."""
        rows = kind.rows()
        return [
            f"flat[at + {rows[f'x_{each}'] * ROW}] = flat[at + {rows[f'given_{each}'] * ROW}]"
            for each in kind.recipe.equations.inputs
        ]


def over_padded(q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and the lanes of each, rounded up to whole vectors.

    A few lanes are not rounded up: a vector that is loaded right after one of its lanes was
    stored would wait for that store to reach the cache.
    """
    width = [
        f"width = min({TILE}, lanes{q} - b * {TILE})",
        f"width = width if width <= {FEW_LANES} else (width + 7) // 8 * 8",
    ]
    return over_tiles(q, kind, width, inner)


def over_tiles(q: int, kind: Kind, width: Iterable[str], inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and some lanes of each; ``at`` is a lane's place."""
    size = len(kind.rows()) * ROW
    return [
        f"for b in range(tiles{q}):",
        f"    first = start{q} * {ROW} + b * {size}",
        *indented(width),
        "    for j in range(width):",
        "        at = first + j",
        *indented(indented(inner)),
    ]


def _inputs(kind: Kind) -> list[str]:
    return [f"x_{each}" for each in kind.recipe.equations.inputs]


def _deliver(stage: int, add: int) -> list[str]:
    """What arrives with delay, added to the inputs or laid where links find it."""
    given = "flat", "slots", "arrivals", "tiers", "step", stage, add
    return call_if("tiers", "deliver", *given)
