"""Other packages on the same weights and delays; none of them is a dependency.

Each function makes a network of its package and returns its label and a function that takes its
steps, or raises ImportError. dt, delays and noise are the same for all, and so is the model where
a package has the QIF mean field; otherwise it is the cheapest that it has, and the label says so.
Compiling is not counted, the set-up of a run is. What runs on JAX or calls a matrix product may
use all cores; ours uses one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from networks import COARSE as DT
from networks import SIGMA, delayed, dense
from numpy.typing import NDArray
from timing import Line, compare, line

import neuromass as nm
from neuromass.units import ms

Floats = NDArray[np.float64]
Peer = tuple[str, Callable[[], Any]]


def tvb_library(weights: Floats, delays: Floats, steps: int) -> Peer:
    """The Virtual Brain: QIF, stochastic Heun."""
    from tvb.simulator.lab import (
        connectivity,
        coupling,
        integrators,
        models,
        monitors,
        noise,
        simulator,
    )

    nodes, past = len(weights), round(delays.max() / DT) + 1  # without a past it draws one
    sim = simulator.Simulator(
        model=models.MontbrioPazoRoxin(
            tau=np.array([10.0]), eta=np.array([-5.0]), J=np.array([0.0]), cr=np.array([10.0])
        ),
        connectivity=connectivity.Connectivity(
            weights=weights,
            tract_lengths=delays,
            speed=np.array([1.0]),
            region_labels=np.array([str(i) for i in range(nodes)]),
            centres=np.zeros((nodes, 3)),
        ),
        coupling=coupling.Linear(a=np.array([1.0])),
        integrator=integrators.HeunStochastic(
            dt=DT, noise=noise.Additive(nsig=np.array([0.0, 0.5 * SIGMA**2]))
        ),
        monitors=(monitors.TemporalAverage(period=steps * DT),),
        initial_conditions=np.tile(np.array([0.008, -2.0])[:, None, None], (past, 1, nodes, 1)),
        simulation_length=steps * DT,
    )
    sim.configure()
    return "QIF, Heun", sim.run


def tvboptim(weights: Floats, delays: Floats, steps: int) -> Peer:
    """TVB-Optim (JAX): QIF, Heun; coupling is held over a step."""
    import jax
    from tvboptim.experimental.network_dynamics import DenseDelayGraph, Network, prepare
    from tvboptim.experimental.network_dynamics.coupling.linear import DelayedLinearCoupling
    from tvboptim.experimental.network_dynamics.dynamics.tvb import MontbrioPazoRoxin
    from tvboptim.experimental.network_dynamics.noise import AdditiveNoise
    from tvboptim.experimental.network_dynamics.solvers import Heun

    network = Network(
        MontbrioPazoRoxin(tau=10.0, eta=-5.0, J=0.0, cr=10.0),
        {"delayed": DelayedLinearCoupling(incoming_states="r")},
        DenseDelayGraph(weights, delays),
        noise=AdditiveNoise(apply_to="V", sigma=SIGMA),
    )
    solve, config = prepare(network, Heun(), t0=0.0, t1=steps * DT, dt=DT)
    run = jax.jit(solve)
    return "QIF, Heun, float32", lambda: jax.block_until_ready(run(config))


def brainmass(weights: Floats, delays: Floats, steps: int) -> Peer:
    """brainmass (JAX): QIF, exponential Euler, its default."""
    import brainmass as bm
    import brainstate
    import brainunit as u
    import jax

    constant = lambda value: lambda shape, **_: u.math.full(shape, 1.0) * value
    dt, nodes = DT * u.ms, len(weights)
    with brainstate.environ.context(dt=dt):
        node = bm.MontbrioPazoRoxinStep(
            nodes, tau=10.0 * u.ms, eta=-5.0, J=0.0, delta=100.0 * u.Hz,
            init_r=constant(8.0 * u.Hz), init_v=constant(-2.0),
            noise_v=bm.GaussianNoise(nodes, sigma=SIGMA / DT**0.5),
        )  # fmt: skip
        net = bm.Network(
            node, conn=weights, distance=delays, speed=1.0, coupling="additive", coupled_var="r",
            self_connection=True, k=0.001,
        )  # fmt: skip
        brainstate.nn.init_all_states(net)

    def step(i: Any) -> Any:
        with brainstate.environ.context(i=i, t=i * dt):
            return net.update()

    @brainstate.transform.jit
    def run() -> Any:
        return brainstate.transform.for_loop(step, np.arange(steps))

    def work() -> None:
        with brainstate.environ.context(dt=dt):
            jax.block_until_ready(run())

    return "QIF, exponential Euler, float32", work


def neurolib(weights: Floats, delays: Floats, steps: int) -> Peer:
    """Neurolib: no QIF; the Hopf normal form by Euler's method."""
    from neurolib.models.hopf import HopfModel

    model = HopfModel(Cmat=weights, Dmat=delays)
    model.params.update(
        duration=steps * DT, dt=DT, signalV=1.0, coupling="additive", sigma_ou=0.01, K_gl=0.1
    )
    return "Hopf, Euler", model.run


def vbi(weights: Floats, delays: Floats, steps: int) -> Peer:
    """Virtual Brain Inference: QIF without delays, Heun; its unit of time is 10 ms."""
    from vbi.models.numba.mpr import MPR_sde

    model = MPR_sde(
        {
            "weights": weights, "dt": DT / 10.0, "t_end": steps * DT, "G": 1.0, "J": 0.0,
            "eta": np.full(len(weights), -5.0), "RECORD_BOLD": False, "rv_decimate": 100,
        }
    )  # fmt: skip

    def work() -> None:
        model.P.t_end = steps * DT  # each run divides it by 10
        model.run()

    return "QIF without delays, Heun", work


PEERS: dict[str, Callable[[Floats, Floats, int], Peer]] = {
    "tvb-library": tvb_library,
    "tvboptim": tvboptim,
    "brainmass": brainmass,
    "neurolib": neurolib,
    "vbi": vbi,
}


def peers(quick: bool) -> list[Line]:
    """Other packages, where installed, on the same weights and delays, per node and step."""
    lines, absent = [], set(PEERS)
    for nodes, steps in ((80, 200 if quick else 2_000), (500, 40 if quick else 400)):
        weights, delays = dense(nodes)
        net = delayed(weights, delays)
        work = {"ours": lambda net=net, steps=steps: nm.run(net, steps * DT * ms, record=())}
        for name, make in PEERS.items():
            with contextlib.suppress(ImportError):
                label, work_of_peer = make(weights, delays, steps)
                work[f"{name} {version(name)}: {label}"] = work_of_peer
                absent.discard(name)
        if len(work) == 1:
            break
        times = compare(work, units=steps * nodes, rounds=3, warmup=2)
        lines += [
            line(f"{nodes} nodes, delays, noise", times, "ours", name, "<= 0.05 for QIF")
            for name in list(work)[1:]
        ]
    if absent:
        print(f"Not found: {', '.join(sorted(absent))}.")
    return lines
