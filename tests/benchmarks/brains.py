"""A whole brain: 84 regions of QIF with delays, noise and the BOLD signal; and other packages.

The ten minutes of ours are timed as they are. Others get ten seconds of the same brain, as ours
does beside them: TVB-Optim would need gigabytes for its trajectory, and TVB hours. Their BOLD is a
convolution with a kernel, cheaper than the Balloon-Windkessel equations; brainmass runs without.
"""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import DT, SIGMA, brainmass
from timing import Line, compare, line

import neuromass as nm
from neuromass.units import metre, mm, ms, second

Floats = NDArray[np.float64]

SPEED, PERIOD = 3.0, 2000.0
"""In mm per ms, and in ms."""


def brain(quick: bool) -> list[Line]:
    """84 regions with delays, noise and the BOLD signal: ten minutes, and other packages."""
    seconds = 10 if quick else 600
    regions = nm.Connectome.synthetic(84, seed=1).normalised("row")
    run = ours(regions)
    run(2)
    start = perf_counter()
    run(seconds)
    spent = perf_counter() - start
    lines = [
        Line(f"a brain of 84 regions, {seconds} s", spent * 1e9, aim=f"{seconds / 30:.2g} s"),
        Line("memory of 4 s, at most", _peak(run, 4), "of 40 s", _peak(run, 40), unit="MB"),
    ]
    return lines + _others(regions, run, 2 if quick else 10)


def ours(regions: nm.Connectome) -> Callable[[float], Any]:
    """A function that runs so many seconds of the brain."""
    noise = {"v": nm.noise.White(SIGMA / ms**0.5)}
    pop = nm.QIF(tau=10 * ms, eta=-5.0, J=15.0, shape=84, noise=noise, seed=1, dt=DT * ms)
    net = nm.Network({"brain": pop}, short_delays="dt")
    net.connect("brain", "brain", J=1.0, connectome=regions, speed=SPEED * metre / second)
    scanner = {"bold": nm.bold(repetition_time=PERIOD * ms)}
    return lambda seconds: nm.run(net, seconds * second, record=(), observe=scanner)


def _peak(run: Callable[[float], Any], seconds: float) -> float:
    tracemalloc.start()
    run(seconds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def _others(regions: nm.Connectome, run: Callable[[float], Any], seconds: int) -> list[Line]:
    weights, delays = regions.weights, regions.distances.m_as(mm) / SPEED
    work = {"ours": lambda: run(seconds)}
    for make in (in_tvb, in_tvboptim, in_brainmass):
        with contextlib.suppress(ImportError):
            name, function = make(weights, delays, round(1e3 * seconds / DT))
            work[name] = function
    if len(work) == 1:
        return []
    times = compare(work, units=seconds, rounds=3)
    return [line("a second of the same brain", times, "ours", name) for name in list(work)[1:]]


def in_tvb(weights: Floats, delays: Floats, steps: int) -> Any:
    """The Virtual Brain, stochastic Heun."""
    from tvb.simulator.lab import (
        connectivity,
        coupling,
        integrators,
        models,
        monitors,
        noise,
        simulator,
    )

    count, past = len(weights), round(delays.max() / DT) + 1
    sim = simulator.Simulator(
        model=models.MontbrioPazoRoxin(
            tau=np.array([10.0]), eta=np.array([-5.0]), J=np.array([15.0]), cr=np.array([10.0])
        ),
        connectivity=connectivity.Connectivity(
            weights=weights, tract_lengths=delays, speed=np.array([1.0]),
            region_labels=np.array([str(i) for i in range(count)]), centres=np.zeros((count, 3)),
        ),
        coupling=coupling.Linear(a=np.array([1.0])),
        integrator=integrators.HeunStochastic(
            dt=DT, noise=noise.Additive(nsig=np.array([0.0, 0.5 * SIGMA**2]))
        ),
        monitors=(monitors.Bold(period=PERIOD),),
        initial_conditions=np.tile(np.array([0.008, -2.0])[:, None, None], (past, 1, count, 1)),
        simulation_length=steps * DT,
    )  # fmt: skip
    sim.configure()
    return f"tvb-library {version('tvb-library')}", sim.run


def in_tvboptim(weights: Floats, delays: Floats, steps: int) -> Any:
    """TVB-Optim, Heun; coupling is held over a step, and the trajectory is kept."""
    import jax
    from tvboptim.experimental.network_dynamics import DenseDelayGraph, Network, prepare
    from tvboptim.experimental.network_dynamics.coupling.linear import DelayedLinearCoupling
    from tvboptim.experimental.network_dynamics.dynamics.tvb import MontbrioPazoRoxin
    from tvboptim.experimental.network_dynamics.noise import AdditiveNoise
    from tvboptim.experimental.network_dynamics.solvers import Heun
    from tvboptim.observations.tvb_monitors import HRFBold

    network = Network(
        MontbrioPazoRoxin(tau=10.0, eta=-5.0, J=15.0, cr=10.0, INITIAL_STATE=(0.008, -2.0)),
        {"delayed": DelayedLinearCoupling(incoming_states="r")},
        DenseDelayGraph(weights, delays),
        noise=AdditiveNoise(apply_to="V", sigma=SIGMA),
    )
    solve, config = prepare(network, Heun(), t0=0.0, t1=steps * DT, dt=DT)
    scanner = HRFBold(period=PERIOD, voi=0)
    run = jax.jit(lambda given: scanner(solve(given)).ys)
    name = f"tvboptim {version('tvboptim')}, float32"
    return name, lambda: jax.block_until_ready(run(config))


def in_brainmass(weights: Floats, delays: Floats, steps: int) -> Any:
    """The brain of `peers`, which has the same nodes but for their J."""
    label, run = brainmass(weights, delays, steps)
    return f"brainmass {version('brainmass')}, {label.split(', ', 1)[1]}, no BOLD", run
