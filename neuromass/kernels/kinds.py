"""What a network's loop is made for: kinds of members, and where their values lie.

All lanes of all members of a kind lie in tiles of one local array, a row for each value and
a column for each lane, so that loops over lanes vectorise. Flat views of these arrays are
what connections between members point into (see `circuit` and `delayed` for their forms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from neuromass.kernels import text
from neuromass.kernels.methods import METHODS
from neuromass.kernels.text import TILE, Recipe

BLOCK, BEGUN, UNTIL, FIRST, APART, BUNDLES, BUNDLES_END, PAIRS, PAIRS_END, BLOCKED, TIER_LENGTH = (
    range(11)
)
"""Places in a row of `tiers`: steps of a block, clock at which the present one begins and ends,
place in `arrivals` of its first point for the first slot, distance from slot to slot, the tier's
bundles and pairs, whether it goes through blocks."""

VECTOR: Final = 8
"""Delayed coupling is computed for so many points in time at once, or several times as many."""

FEW_LANES: Final = 5
"""Up to so many lanes of each kind a network takes lane by lane; see `forms`."""

ROW: Final = TILE + 8
"""From one row of a tile to the next.

Were it a power of two, a value that is read would often share the last bits of its address
with one just written, and the processor would take it for the same.
"""


@dataclass(frozen=True)
class Kind:
    """Members that share one text: same model, method and kinds of noise.

    Attributes
    ----------
    recipe : Recipe
        What their equations and noise are.
    """

    recipe: Recipe

    def rows(self) -> dict[str, int]:
        """Row of each value in a tile."""
        recipe, eq = self.recipe, self.recipe.equations
        names = [*self.state_rows, *(f"u_{each}" for each in eq.inputs)]
        names += [f"o_{each}" for each in eq.outputs]
        names += [f"y_{each}" for each in eq.states]
        names += [f"x_{each}" for each in eq.inputs]
        names += [f"given_{each}" for each in eq.inputs]
        names += [f"{kept}{each}" for kept in METHODS[recipe.method].kept for each in eq.states]
        names += [f"passed_{each}" for each in eq.outputs]
        names += [f"c{i}" for i in eq.constants()]
        names += text.coefficient_names(recipe)
        if not recipe.sources:
            names += [f"low_{each}" for each, _ in recipe.bounded]
        for i in range(len(recipe.sources)):
            names += [f"even{i}", f"odd{i}"]
        return {name: row for row, name in enumerate(names)}

    @property
    def state_rows(self) -> list[str]:
        """Names of the rows of the array `state`."""
        hidden = [f"h{i}" for i, each in enumerate(self.recipe.sources) if each.coloured]
        return [*(f"s_{each}" for each in self.recipe.equations.states), *hidden]


@dataclass(frozen=True)
class Circuit:
    """All that decides the text of a network's loop.

    Attributes
    ----------
    kinds : tuple of Kind
        In the order of the loop's arguments.
    method : str
        ``"euler"`` or ``"heun"``.
    held : bool
        Whether the coupling of the first stage serves both.
    """

    kinds: tuple[Kind, ...]
    method: str
    held: bool
