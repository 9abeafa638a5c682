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
from neuromass.kernels.methods import Stage
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

    def before(self, stage: Stage) -> list[str]:
        """Lines that run before the lanes of a stage.

        A stage that writes over the states that it reads, as Euler's only one does, has all its
        inputs summed before the first lane moves.
        """
        lines = _deliver(stage, add=0)
        if stage.reads == stage.writes:
            for q, kind in enumerate(self._circuit.kinds):
                inner = [*self._sums(q, kind, stage), *self._kept(kind)]
                lines += self.over_lanes(q, kind, inner)
        return lines

    def enter(self, q: int, kind: Kind, stage: Stage, fresh: bool) -> list[str]:
        """Lines within the lanes of a stage that give the inputs ``x_<input>``.

        Parameters
        ----------
        q, kind : int, Kind
            The kind of the lanes.
        stage : Stage
            The stage.
        fresh : bool
            Whether its coupling is its own, not that of the first stage.
        """
        if stage.reads == stage.writes or not fresh:
            return loads(kind.rows(), _inputs(kind))
        return self._sums(q, kind, stage) + (self._kept(kind) if self._circuit.held else [])

    def leave(self, kind: Kind) -> list[str]:
        """Lines within lanes after the inputs were used for the last time."""
        del kind
        return []

    def _sums(self, q: int, kind: Kind, stage: Stage) -> list[str]:
        lines = []
        for i, each in enumerate(kind.recipe.equations.inputs):
            lines += [
                f"x_{each} = flat[at + {kind.rows()[f'given_{each}'] * ROW}]",
                f"link = sums{q} + {i} * lanes{q} + j",
                "for p in range(links[link, 1], links[link, 2]):",
                f"    x_{each} = x_{each} + link_weights[p] * flat[senders[{_line(stage)}, p]]",
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

    def before(self, stage: Stage) -> list[str]:
        """Lines that run before the lanes of a stage."""
        line = _line(stage)
        matrices = "matrices", line, "matrix_weights", "spare"
        return [
            *call_if("links", "add_links", "flat", "links", "senders", line, "link_weights"),
            *call_if("strips", "add_strips", "flat", "strips", line, "strip_weights"),
            *call_if("matrices", "multiply_matrices", "flat", *matrices),
            *_deliver(stage, add=1),
        ]

    def enter(self, q: int, kind: Kind, stage: Stage, fresh: bool) -> list[str]:
        """Lines within the lanes of a stage that give the inputs ``x_<input>``."""
        del q, stage, fresh
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


def _line(stage: Stage) -> int:
    """Which line of the senders a stage reads: that of the states, or of the predicted ones."""
    return 0 if stage.reads == "s_" else 1


def _deliver(stage: Stage, add: int) -> list[str]:
    """What arrives with delay, added to the inputs or laid where links find it."""
    given = "flat", "slots", "arrivals", "tiers", "step", repr(float(stage.at)), add
    return call_if("tiers", "deliver", *given)
