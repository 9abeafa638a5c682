"""Speed tables: ``python tests/benchmarks/run.py [part ...] [--quick]``.

Every row is a ratio measured in one run: against C that is compiled here if there is a
compiler, against plain Python, or against a lone population. Absolute times are hints.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import numpy as np
from creference import Case, load
from timing import Line, compare, line, print_table

import neuromass as nm
from neuromass.units import Hz, ms

DT = 0.05
START = {"r": 8 * Hz, "v": -2.0}


def single(quick: bool) -> list[Line]:
    """One population: a million Heun steps, final state only and recorded."""
    steps = 100_000 if quick else 1_000_000
    duration = steps * DT * ms
    pop = nm.QIF(eta=-5.0, J=15.0, initial=START)
    case = Case(tau=10.0, eta=-5.0, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
    work: dict[str, Callable[[], Any]] = {
        "final": lambda: nm.run(pop, duration, inputs=3.0, record=()),
        "recorded": lambda: nm.run(pop, duration, inputs=3.0),
    }
    strict, fast = load("strict"), load("fast")
    if strict is not None and fast is not None:
        work |= {
            "C final": lambda: strict.final(case, steps, DT),
            "C recorded": lambda: strict.record(case, steps, DT),
            "C tuned": lambda: strict.final(case, steps, DT, form="tuned"),
            "fast C": lambda: fast.final(case, steps, DT, form="printed"),
        }
    base = "C final" if strict else "final"
    rows = compare(work, units=steps, baseline=base)
    lines = [
        line("Heun steps, final state", rows, ours="final", reference="C final", aim="<= 1"),
        line("the same against C tuned by hand", _rebased(work, steps, "C tuned"),
             ours="final", reference="C tuned", aim="-"),
        line("the same against C with -ffast-math", _rebased(work, steps, "fast C"),
             ours="final", reference="fast C", aim="-"),
        line("Heun steps, recorded", _rebased(work, steps, "C recorded"),
             ours="recorded", reference="C recorded", aim="<= 1"),
    ]  # fmt: skip
    return lines


def _rebased(work: dict[str, Callable[[], Any]], units: float, baseline: str) -> Any:
    """A comparison of two alternatives alone; without C, of ours with itself."""
    ours = "recorded" if "recorded" in baseline else "final"
    pair = {ours: work[ours]} | ({baseline: work[baseline]} if baseline in work else {})
    return compare(pair, units=units, baseline=baseline if baseline in work else ours, rounds=7)


def twin(quick: bool) -> list[Line]:
    """One population against the same loop in plain Python."""
    steps = 2_000 if quick else 20_000
    pop = nm.QIF(eta=-5.0, J=15.0, initial=START)

    def plain() -> None:
        r, v, pi = 0.008, -2.0, np.pi
        for _ in range(steps):
            k, m = _rates(r, v, pi)
            p, q = r + DT * k, v + DT * m
            l, n = _rates(p, q, pi)
            r, v = r + DT * (k + l) / 2, v + DT * (m + n) / 2

    rows = compare(
        {"ours": lambda: nm.run(pop, steps * DT * ms, inputs=3.0, record=()), "Python": plain},
        units=steps,
        baseline="Python",
    )
    return [line("Heun steps, plain Python as reference", rows, ours="ours", reference="Python", aim="-")]


def _rates(r: float, v: float, pi: float) -> tuple[float, float]:
    drdt = (1.0 / (pi * 10.0) + 2 * r * v) / 10.0
    return drdt, (v**2 - 5.0 + 15.0 * 10.0 * r + 3.0 - (pi * 10.0 * r) ** 2) / 10.0


def lanes(quick: bool) -> list[Line]:
    """Ten thousand points at once, final values."""
    count, steps = 10_000, 200 if quick else 2_000
    eta = np.linspace(-10.0, 5.0, count)
    pop = nm.QIF(eta=eta, J=15.0, initial=START)
    case = Case(tau=10.0, eta=eta, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
    work: dict[str, Callable[[], Any]] = {
        "ours": lambda: nm.run(pop, steps * DT * ms, inputs=3.0, record=())
    }
    strict = load("strict")
    if strict is not None:
        work["C"] = lambda: strict.lanes(case, steps, DT)
    rows = compare(work, units=count * steps, baseline="C" if strict else "ours", rounds=5)
    return [line("10 000 lanes, Heun steps per lane", rows, ours="ours", reference="C", aim="<= 1")]


def noise(quick: bool) -> list[Line]:
    """One population with white noise on v."""
    steps = 50_000 if quick else 500_000
    pop = nm.QIF(eta=-5.0, J=15.0, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1)
    case = Case(tau=10.0, eta=-5.0, delta=1.0, J=15.0, I=0.0, r=0.008, v=-2.0)
    work: dict[str, Callable[[], Any]] = {
        "ours": lambda: nm.run(pop, steps * DT * ms, record=())
    }
    strict = load("strict")
    if strict is not None:
        work["C"] = lambda: strict.noisy(case, steps, DT, 0.1)
    rows = compare(work, units=steps, baseline="C" if strict else "ours", rounds=7)
    return [line("Heun steps with white noise", rows, ours="ours", reference="C", aim="-")]


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

    rows = compare({"update": updates, "advance": advances}, units=count, baseline="update")
    named = {row.name: row for row in rows}
    return [
        Line("update(float) -> Quantity", named["update"].ns, None, None, "<= 5000 ns"),
        Line("advance(float) -> float", named["advance"].ns, None, None, "<= 600 ns"),
    ]


def circuits(quick: bool) -> list[Line]:
    """The E-I loop: as typed with Quantities, through the raw layer, compiled."""
    steps = 200 if quick else 2_000
    alone = nm.QIF(eta=-5.0, J=8.0)

    def pair() -> tuple[Any, Any]:
        return nm.QIF(tau=20 * ms, eta=-5.0, J=8.0), nm.QIF(tau=10 * ms, eta=-5.0)

    exc, inh = pair()

    def typed() -> None:
        for _ in range(steps):
            r_exc, r_inh = exc.r, inh.r
            exc.update(10.0 - 10 * exc.tau * r_inh)
            inh.update(10 * inh.tau * r_exc)

    raw_exc, raw_inh = pair()

    def raw() -> None:
        r_exc, r_inh = raw_exc.raw.r, raw_inh.raw.r
        for _ in range(steps):
            now = r_exc
            r_exc = raw_exc.advance(10.0 - 200.0 * r_inh)
            r_inh = raw_inh.advance(100.0 * now)

    rows = compare({"typed": typed, "raw": raw}, units=steps, baseline="typed", rounds=5)
    named = {row.name: row for row in rows}
    net = nm.Network(dict(zip(("exc", "inh"), pair(), strict=True)))
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    long = 100 * steps
    compiled = compare(
        {
            "network": lambda: nm.run(net, long * DT * ms, inputs={"exc": 10.0}, record=()),
            "alone": lambda: nm.run(alone, long * DT * ms, inputs=10.0, record=()),
        },
        units=long,
        baseline="alone",
    )
    return [
        Line("E-I loop as typed, per step", named["typed"].ns, None, None, "<= 120000 ns"),
        Line("E-I loop, raw layer", named["raw"].ns, None, None, "<= 3000 ns"),
        line("E-I network, one lone population as reference", compiled,
             ours="network", reference="alone", aim="25 / 14"),
    ]  # fmt: skip


def delays(quick: bool) -> list[Line]:
    """Dense delayed networks with noise: blocks against the naive gather."""
    lines = []
    for nodes, steps in ((80, 1_000), (500, 100 if quick else 400)):
        blocked, gathered = (_delayed(nodes) for _ in range(2))
        gathered._assembled()
        gathered._plan[8] = 0
        duration = steps * 0.1 * ms
        rows = compare(
            {
                "blocks": lambda net=blocked, d=duration: nm.run(net, d, record=()),
                "gather": lambda net=gathered, d=duration: nm.run(net, d, record=()),
            },
            units=steps * nodes * nodes,
            baseline="gather",
            rounds=5,
        )
        what = f"{nodes} nodes, delays 2 to 30 ms, noise, per pair and step"
        lines.append(line(what, rows, ours="blocks", reference="gather", aim="0.25 ns"))
    return lines


def _delayed(nodes: int) -> nm.Network:
    rng = np.random.default_rng(0)
    pop = nm.QIF(
        eta=-5.0, shape=nodes, dt=0.1 * ms, noise={"v": nm.noise.White(0.1 / ms**0.5)}, seed=1
    )
    net = nm.Network({"nodes": pop})
    weights = rng.random((nodes, nodes)) * 15.0 / nodes
    net.connect("nodes", "nodes", J=weights, delay=np.round(rng.uniform(2, 30, (nodes, nodes)), 1) * ms)
    return net


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
        Line("import neuromass over import numpy", statistics.median(pairs) * 1e9, None, None, "<= 5e7 ns"),
        Line("fresh process to first trace, cached", cached * 1e9, None, None, "<= 1e9 ns"),
        Line("fresh process to first trace, uncached", statistics.median(uncached) * 1e9, None, None, "<= 5e9 ns"),
    ]  # fmt: skip


def _process(code: str, cache: str | None = None) -> float:
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return perf_counter() - start


PARTS: dict[str, Callable[[bool], list[Line]]] = {
    "single": single,
    "twin": twin,
    "lanes": lanes,
    "noise": noise,
    "calls": calls,
    "circuits": circuits,
    "delays": delays,
    "starts": starts,
}


def main() -> None:
    """Print the tables that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
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
    print_table(lines, unit="ns")


if __name__ == "__main__":
    main()
