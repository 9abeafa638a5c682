"""Networks of spiking neurons: ours on one core and on two, C, and Brian2 where it is installed."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from creference import Case, load
from timing import Line, compare, line

import neuromass as nm
from neuromass.units import ms

DT = 0.01
Work = dict[str, Callable[[], Any]]


def network(count: int, threads: int = 1) -> nm.spiking.QIFNetwork:
    """The bistable network of the paper at rest."""
    return nm.spiking.QIFNetwork(
        count, eta=-5.0, J=15.0, initial="rest", seed=1, threads=threads, dt=DT * ms
    )


def with_mean_field(count: int) -> nm.Network:
    """The same beside a mean field, connected both ways."""
    net = nm.Network({"exc": network(count), "inh": nm.QIF(dt=DT * ms)})
    net.connect("exc", "inh", J=5.0)
    net.connect("inh", "exc", J=-5.0)
    return net


def brian2(count: int, steps: int) -> Callable[[], Any]:
    """Brian2's group of the same neurons by Euler's method, with a threshold of 100.

    Its refractory time makes up for the threshold. All to all coupling would take count**2
    connections, and is left out. Only the steps are timed, not the set-up.
    """
    import brian2 as b

    b.defaultclock.dt = DT * b.ms
    group = b.NeuronGroup(
        count,
        """dV/dt = (V**2 + eta + 3.0)/tau : 1 (unless refractory)
           eta : 1
           tau : second (shared)""",
        threshold="V > 100", reset="V = -100", refractory=0.2 * b.ms, method="euler",
    )  # fmt: skip
    group.tau = 10 * b.ms
    group.eta = nm.lorentzian_quantiles(count, centre=-5.0, half_width=1.0)
    group.V = -2.0
    net = b.Network(group)
    net.run(DT * b.ms)
    return lambda: net.run(steps * DT * b.ms)


def neurons(quick: bool) -> list[Line]:
    """Spiking neurons, coupled all to all: per neuron and step, and bytes per neuron."""
    lines = []
    for count, steps in ((10_000, 200 if quick else 10_000), (1_000_000, 2 if quick else 100)):
        one, two = network(count), network(count, threads=2)
        work: Work = {
            "one core": lambda one=one, n=steps: nm.run(one, n * DT * ms, 3.0, record=()),
            "two cores": lambda two=two, n=steps: nm.run(two, n * DT * ms, 3.0, record=()),
        }
        strict = load("strict")
        if strict is not None:
            case = Case(tau=10.0, J=15.0, I=3.0, r=0.008)
            given = case, one.excitabilities, one.potentials, steps, DT
            work["C"] = partial(strict.neurons, *given)
        with contextlib.suppress(ImportError):
            work["Brian2, uncoupled"] = brian2(count, steps)
        times = compare(work, units=count * steps, rounds=5)
        what = f"{count} neurons"
        lines += [line(f"{what}, one core", times, "one core", "C", "1 ns")]
        lines += [line(f"{what}, two cores", times, "two cores", "one core", "<= 0.53")]
        if "Brian2, uncoupled" in work:
            lines += [line(f"{what}, one core", times, "one core", "Brian2, uncoupled")]
    for count in (1000, 10_000, 100_000):
        alone, member, steps = network(count), with_mean_field(count), 20 if quick else 2000
        times = compare(
            {
                "in a network": lambda n=member, k=steps: nm.run(n, k * DT * ms, record=()),
                "alone": lambda n=alone, k=steps: nm.run(n, k * DT * ms, record=()),
            },
            units=count * steps,
            rounds=3,
        )
        what = f"{count} neurons with a mean field"
        lines += [line(what, times, "in a network", "alone")]
    lines += [Line("memory per neuron", _memory(10_000 if quick else 200_000), unit="bytes")]
    return lines


def _memory(count: int) -> float:
    """Bytes that a network keeps for each of its neurons."""
    tracemalloc.start()
    net = network(count)
    kept = tracemalloc.get_traced_memory()[0] / net.N
    tracemalloc.stop()
    return float(np.round(kept, 1))
