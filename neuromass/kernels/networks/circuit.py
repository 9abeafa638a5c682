"""What a network's loop is made for: kinds of members, and where their values lie.

All lanes of all members of a kind lie in tiles of one local array, a row for each value and
a column for each lane, so that loops over lanes vectorise. Flat views of these arrays are
what connections between members point into (see `coupling` and `delayed` for their forms).
A few lanes are kept in local variables instead, and connected in the text (see `unrolled`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from neuromass.kernels import text
from neuromass.kernels.methods import METHODS
from neuromass.kernels.text import TILE, Recipe

VECTOR: Final = 8
"""Delayed coupling is computed for so many points in time at once, or several times as many."""

CHUNK: Final = 256
"""Lanes whose delayed pairs stand together, which threads divide among them."""

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
        ``"euler"``, ``"heun"`` or ``"rk4"``.
    held : bool
        Whether the coupling of the first stage serves both.
    """

    kinds: tuple[Kind, ...]
    method: str
    held: bool


@dataclass(frozen=True)
class Value:
    """A value of a lane, which the text of an unrolled loop has in a local variable.

    Attributes
    ----------
    name : str
        As in the rows of a `Kind`.
    kind, lane : int
        Number of the kind, and of the lane among those of the kind.
    """

    name: str
    kind: int
    lane: int

    def __str__(self) -> str:
        return f"{self.name}_{self.kind}_{self.lane}"


@dataclass(frozen=True)
class Sender:
    """What a lane sends: at the states of the first stage, and at the predicted ones.

    Attributes
    ----------
    first, second : Value
        The values.
    """

    first: Value
    second: Value

    def at(self, states: str) -> Value:
        """What is sent at the states of a prefix, ``"s_"`` or ``"y_"``."""
        return self.first if states == "s_" else self.second


@dataclass(frozen=True)
class Wiring:
    """How the lanes of a small network are connected; strengths and delays are data.

    Attributes
    ----------
    lanes : tuple of int
        Lanes of each kind.
    sends : tuple of bool
        Whether outputs of a kind are sent.
    sums : tuple
        For each input to which something is sent, the value and its senders in order.
    gates : tuple
        What passes a gate, what comes in, and the gain.
    histories : tuple of Value
        What is remembered, in the order of the histories.
    arrivals : tuple
        For each input that is reached with delay, the value, and how many delayed values of each
        delay group are summed.
    """

    lanes: tuple[int, ...]
    sends: tuple[bool, ...]
    sums: tuple[tuple[Value, tuple[Sender, ...]], ...]
    gates: tuple[tuple[Value, Sender, Value], ...]
    histories: tuple[Value, ...]
    arrivals: tuple[tuple[Value, tuple[int, ...]], ...]
