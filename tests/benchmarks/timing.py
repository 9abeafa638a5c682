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

Rounds = dict[str, list[float]]
"""Name of each alternative -> ns per unit of work in each round."""


class Line(NamedTuple):
    """One line of a speed table; None where there is nothing to show."""

    what: str
    ours: float
    against: str = ""
    """What `reference` and `ratio` refer to."""
    reference: float | None = None
    ratio: float | None = None
    aim: str = "-"
    unit: str = "ns"
    spread: tuple[float, float] | None = None
    """The lowest and highest ratio of a round."""


def compare(
    alternatives: Mapping[str, Callable[[], Any]],
    units: float,
    *,
    rounds: int = 11,
    warmup: int = 1,
) -> Rounds:
    """Time alternatives interleaved: A B C, A B C, ...

    Parameters
    ----------
    alternatives : mapping of str to callable
        Name and function without arguments of each.
    units : float
        How many units of work (steps, say) one call does.
    rounds : int
        How often each is timed.
    warmup : int
        How often each is called before, to compile and to fill caches.

    Returns
    -------
    dict
        In the order given.
    """
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}; use at least 1.")
    for function in alternatives.values():
        for _ in range(warmup):
            function()

    times: Rounds = {name: [] for name in alternatives}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, function in alternatives.items():
                start = perf_counter_ns()
                function()
                times[name].append((perf_counter_ns() - start) / units)
    finally:
        if collecting:
            gc.enable()
    return times


def line(what: str, times: Rounds, ours: str, against: str = "", aim: str = "-") -> Line:
    """Return the table line of two alternatives.

    Parameters
    ----------
    what : str
        What is timed.
    times : dict
        From `compare`.
    ours, against : str
        Names of the two. The ratio is the median over rounds of their ratio in each; there is
        none where `against` was not timed, for want of a compiler, say.
    aim : str
        What to aim at.
    """
    own = statistics.median(times[ours])
    if against not in times:
        return Line(what, own, aim=aim)
    ratios = [a / b for a, b in zip(times[ours], times[against], strict=True)]
    reference = statistics.median(times[against])
    spread = min(ratios), max(ratios)
    return Line(what, own, against, reference, statistics.median(ratios), aim, spread=spread)


def print_table(lines: Iterable[Line], file: TextIO | None = None) -> None:
    """Print an aligned text table.

    Parameters
    ----------
    lines : iterable of Line
        The lines.
    file : file, optional
        Where to print; by default stdout.
    """
    header = ["what", "ours", "aim", "against", "reference", "ratio", "spread"]
    cells = [
        [
            x.what, _with_unit(x.ours, x.unit), x.aim, x.against or "-",
            _with_unit(x.reference, x.unit), "-" if x.ratio is None else f"{x.ratio:.2f}",
            "-" if x.spread is None else "{:.2f} .. {:.2f}".format(*x.spread),
        ]
        for x in lines
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    rule = ["-" * width for width in widths]
    for row in (header, rule, *cells):
        texts = [
            text.rjust(width) if i in (1, 4, 5, 6) else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(texts).rstrip(), file=file or sys.stdout)


def _with_unit(value: float | None, unit: str) -> str:
    """Return three significant digits, times in a unit of a handy size."""
    if value is None:
        return "-"
    larger = ("us", "ms", "s") if unit == "ns" else ()
    for each in larger:
        if abs(value) < 1000.0:
            break
        value, unit = value / 1000.0, each
    size = abs(value)
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f} {unit}"
