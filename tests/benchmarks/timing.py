"""Compare alternatives in one run, and print what came out.

Machines are shared and noisy: an absolute time is a hint, a ratio measured side by side counts.
"""

from __future__ import annotations

import gc
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter_ns
from typing import Any, NamedTuple, TextIO


class Timing(NamedTuple):
    """One alternative of a comparison."""

    name: str
    ns: float
    """Median time per unit of work, in ns."""
    ratio: float
    """Median over rounds of this alternative's time over the baseline's in the same round."""


class Line(NamedTuple):
    """One line of a speed table; None where there is nothing to show."""

    what: str
    ours: float | None
    reference: float | None
    ratio: float | None
    aim: str


def compare(
    alternatives: Mapping[str, Callable[[], Any]],
    units: float,
    *,
    baseline: str | None = None,
    rounds: int = 11,
    warmup: int = 1,
) -> list[Timing]:
    """Time alternatives interleaved: A B C, A B C, ...

    Parameters
    ----------
    alternatives : mapping of str to callable
        Name and function without arguments of each.
    units : float
        How many units of work (steps, say) one call does.
    baseline : str, optional
        The name ratios refer to; by default the first.
    rounds : int
        How often each is timed.
    warmup : int
        How often each is called before, to compile and to fill caches.

    Returns
    -------
    list of Timing
        In the order given.
    """
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}; use at least 1.")
    baseline = next(iter(alternatives)) if baseline is None else baseline
    if baseline not in alternatives:
        raise ValueError(f"baseline {baseline!r} is none of {', '.join(alternatives)}.")

    for function in alternatives.values():
        for _ in range(warmup):
            function()

    times: dict[str, list[int]] = {name: [] for name in alternatives}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, function in alternatives.items():
                start = perf_counter_ns()
                function()
                times[name].append(perf_counter_ns() - start)
    finally:
        if collecting:
            gc.enable()

    return [
        Timing(
            name,
            statistics.median(own) / units,
            statistics.median(a / b for a, b in zip(own, times[baseline], strict=True)),
        )
        for name, own in times.items()
    ]


def line(
    what: str, timings: Iterable[Timing], ours: str, reference: str | None = None, aim: str = ""
) -> Line:
    """Return the table line of two alternatives; `compare` needs the reference as its baseline."""
    found = {timing.name: timing for timing in timings}
    if reference is None or reference not in found:  # no compiler, say
        return Line(what, found[ours].ns, None, None, aim)
    if found[reference].ratio != 1.0:
        raise ValueError(f"The ratios do not refer to {reference!r}; pass it as the baseline.")
    return Line(what, found[ours].ns, found[reference].ns, found[ours].ratio, aim)


def print_table(lines: Iterable[Line], unit: str = "ns", file: TextIO | None = None) -> None:
    """Print an aligned text table.

    Parameters
    ----------
    lines : iterable of Line
        The lines.
    unit : str
        What the numbers of `ours` and `reference` are in; a label only.
    file : file, optional
        Where to print; by default stdout.
    """
    header = ["what", f"ours ({unit})", f"reference ({unit})", "ratio", "aim"]
    cells = [
        [x.what, _three_digits(x.ours), _three_digits(x.reference), _two_places(x.ratio), x.aim]
        for x in lines
    ]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    rule = ["-" * width for width in widths]
    for row in (header, rule, *cells):
        texts = [
            text.ljust(width) if i in (0, 4) else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(texts).rstrip(), file=file or sys.stdout)


def _three_digits(value: float | None) -> str:
    """Return three significant digits without an exponent."""
    if value is None:
        return "-"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{places}f}"


def _two_places(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
