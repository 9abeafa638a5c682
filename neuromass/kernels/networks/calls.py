"""Text that calls the helpers of a tiled network's loop by their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

HELPERS: Final = (
    "fill_tiles", "empty_tiles", "fill_streams", "mix_lanes", "lay_outside", "pass_gates",
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
