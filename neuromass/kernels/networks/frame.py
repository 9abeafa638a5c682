"""Text that both loops of networks have: how they begin and end, and how they record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from neuromass.kernels.control import FINE, word
from neuromass.kernels.networks.calls import indented

_WORDS: Final = {
    "clock": "clock",
    "steps": "steps",
    "every": "every",
    "position": "position",
    "count": "phase",
    "sample": "sample",
}
"""Local variable -> word of the control record."""


def begin_lines() -> list[str]:
    """Lines that read the control record; sums are kept apart until all steps are taken."""
    lines = [f"{name} = {word(where)}" for name, where in _WORDS.items()]
    lines += [f"average = {word('average')} != 0"]
    lines += ["totals = sums", "if average:", "    totals = empty(sums.size)"]
    return [*lines, "    for i in range(sums.size):", "        totals[i] = sums[i]"]


def record_lines(before: Iterable[str], value: str) -> list[str]:
    """Lines at the end of a step that record it.

    Parameters
    ----------
    before : iterable of str
        Lines that compute what is recorded.
    value : str
        Text of the number of item ``i``.
    """
    return [
        "count += 1",
        "if items.shape[0] > 0 and (average or count == every):",
        *indented(before),
        "    for i in range(items.shape[0]):",
        f"        value = {value}",
        "        if average:",
        "            value = totals[i] + value",
        "            totals[i] = 0.0 if count == every else value",
        "            value = value / every",
        "        if count == every:",
        '            samples[items[i]["begin"] + sample * items[i]["apart"]] = value',
        "if count == every:",
        "    count = 0",
        "    sample += 1",
    ]


def end_lines() -> list[str]:
    """Lines that write the control record, after all steps were taken."""
    return [
        "if average:",
        "    for i in range(sums.size):",
        "        sums[i] = totals[i]",
        f"{word('clock')} = clock + steps",
        f"{word('position')} = position + steps",
        f"{word('phase')} = count",
        f"{word('sample')} = sample",
        f"return {FINE}",
    ]
