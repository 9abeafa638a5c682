"""Speed tables: ``python tests/benchmarks/run.py [part ...] [--quick]``.

Every ratio is measured in one run, ours over the reference: C that is compiled here if there is a
compiler, plain Python, or another package. Absolute times are hints.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from brains import brain
from creference import Case, load
from followers import auto, jaxcont
from networks import circuits, delays
from neurons import neurons
from peers import peers
from points import points
from regions import regions
from timing import Line, compare, line, print_table

import neuromass as nm
from neuromass.units import Hz, ms, second

Work = dict[str, Callable[[], Any]]

DT = 0.05
START = {"r": 8 * Hz, "v": -2.0}


def single(quick: bool) -> list[Line]:
    """One population: a million Heun steps, final state only and recorded."""
    steps = 100_000 if quick else 1_000_000
    duration = steps * DT * ms
    pop = nm.QIF(eta=-5.0, J=15.0, initial=START)
    case = Case(tau=10.0, eta=-5.0, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
    work: Work = {
        "final": lambda: nm.run(pop, duration, inputs=3.0, record=()),
        "recorded": lambda: nm.run(pop, duration, inputs=3.0),
    }
    strict, fast = load("strict"), load("fast")
    if strict is not None and fast is not None:
        work |= {
            "C": lambda: strict.final(case, steps, DT),
            "C, recorded": lambda: strict.record(case, steps, DT),
            "C tuned by hand": lambda: strict.final(case, steps, DT, form="tuned"),
            "C -ffast-math": lambda: fast.final(case, steps, DT, form="printed"),
        }
    times = compare(work, units=steps)
    return [
        line("Heun steps, final state", times, "final", "C", "<= 1"),
        line("Heun steps, final state", times, "final", "C tuned by hand"),
        line("Heun steps, final state", times, "final", "C -ffast-math"),
        line("Heun steps, recorded", times, "recorded", "C, recorded", "<= 1"),
    ]


def twin(quick: bool) -> list[Line]:
    """One population against the same loop in plain Python."""
    steps = 2_000 if quick else 20_000
    pop = nm.QIF(eta=-5.0, J=15.0, initial=START)

    def plain() -> None:
        r, v, pi = 0.008, -2.0, np.pi
        for _ in range(steps):
            k, m = _rates(r, v, pi)
            p, q = r + DT * k, v + DT * m
            after_k, after_m = _rates(p, q, pi)
            r, v = r + DT * (k + after_k) / 2, v + DT * (m + after_m) / 2

    work = {"ours": lambda: nm.run(pop, steps * DT * ms, inputs=3.0, record=()), "Python": plain}
    return [line("Heun steps", compare(work, units=steps), "ours", "Python")]


def _rates(r: float, v: float, pi: float) -> tuple[float, float]:
    drdt = (1.0 / (pi * 10.0) + 2 * r * v) / 10.0
    return drdt, (v**2 - 5.0 + 15.0 * 10.0 * r + 3.0 - (pi * 10.0 * r) ** 2) / 10.0


def lanes(quick: bool) -> list[Line]:
    """Ten thousand points at once, final values."""
    count, steps = 10_000, 200 if quick else 2_000
    eta = np.linspace(-10.0, 5.0, count)
    pop = nm.QIF(eta=eta, J=15.0, initial=START)
    case = Case(tau=10.0, eta=eta, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
    work: Work = {"ours": lambda: nm.run(pop, steps * DT * ms, inputs=3.0, record=())}
    strict = load("strict")
    if strict is not None:
        work["C"] = lambda: strict.lanes(case, steps, DT)
    times = compare(work, units=count * steps, rounds=5)
    return [line("10 000 lanes, Heun steps of one", times, "ours", "C", "<= 1")]


def sweeps(quick: bool) -> list[Line]:
    """A sweep of ten thousand points: final values, means and maxima, on one core and two."""
    count, steps = 10_000, 500 if quick else 10_000
    eta, m = np.linspace(-10.0, 5.0, count), nm.measures
    pop = nm.QIF(J=15.0, initial=START)
    case = Case(tau=10.0, eta=eta, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
    final, both = {"r": m.final("r")}, {"mean": m.mean("r"), "highest": m.maximum("r")}

    def points(measure: Any, threads: int) -> Callable[[], Any]:
        duration = steps * DT * ms
        return lambda: nm.sweep(pop, {"eta": eta}, duration, measure, 3.0, threads=threads)

    work: Work = {
        "final": points(final, 1),
        "final, two": points(final, 2),
        "both": points(both, 1),
        "both, two": points(both, 2),
    }
    strict = load("strict")
    if strict is not None:
        work["C"] = lambda: strict.lanes(case, steps, DT)
    times = compare(work, units=count * steps, rounds=5)
    return [
        line("10 000 points, final values", times, "final", "C", "<= 0.9"),
        line("the same on two cores", times, "final, two", "final", "0.53"),
        line("mean and maximum, over final values", times, "both", "final", "<= 1.25"),
        line("the same on two cores", times, "both, two", "both", "0.53"),
    ]


def noise(quick: bool) -> list[Line]:
    """One population with white noise on v."""
    steps = 50_000 if quick else 500_000
    pop = nm.QIF(eta=-5.0, J=15.0, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1)
    case = Case(tau=10.0, eta=-5.0, delta=1.0, J=15.0, I=0.0, r=0.008, v=-2.0)
    work: Work = {"ours": lambda: nm.run(pop, steps * DT * ms, record=())}
    strict = load("strict")
    if strict is not None:
        work["C"] = lambda: strict.noisy(case, steps, DT, 0.1)
    times = compare(work, units=steps, rounds=7)
    return [line("Heun steps with white noise", times, "ours", "C")]


def calls(quick: bool) -> list[Line]:
    """One step at a time from Python; the time itself is what counts here."""
    count = 2_000 if quick else 20_000
    pop = nm.QIF(eta=-5.0, J=15.0)
    update, advance = pop.update, pop.advance

    def updates() -> None:
        for _ in range(count):
            update(3.0)

    def advances() -> None:
        for _ in range(count):
            advance(3.0)

    times = compare({"update": updates, "advance": advances}, units=count)
    return [
        line("update(float) -> Quantity", times, "update", aim="5 us"),
        line("advance(float) -> float", times, "advance", aim="600 ns"),
    ]


def starts(quick: bool) -> list[Line]:
    """Fresh processes: the import, and the first trace with and without compiled kernels."""
    rounds = 3 if quick else 7
    first = "import neuromass as nm; from neuromass.units import ms; nm.run(nm.QIF(), 10 * ms)"
    with tempfile.TemporaryDirectory() as folder:
        _process(first, folder)
        cached = statistics.median(_process(first, folder) for _ in range(rounds))
    uncached = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            uncached.append(_process(first, folder))
    pairs = [
        _process("import numpy, neuromass") - _process("import numpy") for _ in range(2 * rounds)
    ]
    return [
        Line("import neuromass over import numpy", statistics.median(pairs) * 1e9, aim="50 ms"),
        Line("fresh process to first trace, cached", cached * 1e9, aim="1 s"),
        Line(
            "fresh process to first trace, uncached", statistics.median(uncached) * 1e9, aim="5 s"
        ),
    ]


def analysis(quick: bool) -> list[Line]:
    """Bifurcation diagrams, the first in a process and again; the time itself is what counts."""
    rates = (-50 / second, 400 / second)

    def sheet() -> Any:
        return nm.analysis.continuation(nm.QIF(J=15.0), "eta", (-10, 5))

    def column() -> Any:
        diagram = nm.analysis.continuation(nm.JansenRit(), "p", rates)
        return [nm.analysis.cycles(each, rates) for each in diagram.hopfs[:2]]

    def wedge() -> Any:
        return nm.analysis.curve(fold, "J", (0, 30))

    start = perf_counter()
    fold = sheet().folds[0]
    first = perf_counter() - start
    work: Work = {"sheet": sheet, "wedge": wedge} | ({} if quick else {"column": column})
    times = compare(work, units=1, warmup=0, rounds=3)
    lines = [
        Line("QIF's diagram over eta, the first in a process", first * 1e9, aim="1 s"),
        line("QIF's diagram over eta", times, "sheet", aim="1 s"),
        *_beside(sheet),
        line("QIF's wedge in eta and J, its cusp", times, "wedge"),
    ]
    return lines if quick else [*lines, line("Jansen-Rit with cycles", times, "column", aim="10 s")]


def _beside(sheet: Callable[[], Any]) -> list[Line]:
    """QIF's diagram beside other packages, where they are installed."""
    with auto() as fortran:
        others = {} if fortran is None else {"AUTO-07p, a process": fortran}
        with contextlib.suppress(ImportError):
            others["jaxcont"] = jaxcont()
        times = compare({"ours": sheet, **others}, units=1, rounds=5) if others else {}
    return [line("QIF's diagram over eta", times, "ours", name) for name in others]


def _process(code: str, cache: str | None = None) -> float:
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return perf_counter() - start


PARTS: dict[str, Callable[[bool], list[Line]]] = {
    "single": single,
    "twin": twin,
    "lanes": lanes,
    "sweeps": sweeps,
    "points": points,
    "brain": brain,
    "regions": regions,
    "noise": noise,
    "calls": calls,
    "circuits": circuits,
    "delays": delays,
    "neurons": neurons,
    "peers": peers,
    "analysis": analysis,
    "starts": starts,
}


def main() -> None:
    """Print the table of the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="parts:\n" + "\n".join(f"  {n:9} {p.__doc__}" for n, p in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="see below; all if none is given")
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    lines = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, part in PARTS.items():
            if not options.parts or name in options.parts:
                lines += part(options.quick)
    print_table(lines)


if __name__ == "__main__":
    main()
