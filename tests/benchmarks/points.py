"""Sweeps of QIF over eta: many points, threads, and the same points in other packages.

All take Heun steps but for brainmass, whose default is the exponential Euler method, and all
keep final values; what runs on JAX may use all cores, ours uses one unless it says two.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray
from timing import Line, compare, line

import neuromass as nm
from neuromass.units import Hz, ms

Floats = NDArray[np.float64]
Work = dict[str, Callable[[], Any]]

DT = 0.05
START = {"r": 8 * Hz, "v": -2.0}


def ours(eta: Floats, steps: int, **workers: Any) -> Callable[[], Any]:
    """The sweep, final values."""
    pop, final = nm.QIF(J=15.0, initial=START), {"r": nm.measures.final("r")}
    given = {"inputs": 3.0, **(workers or {"threads": 1})}
    return lambda: nm.sweep(pop, {"eta": eta}, steps * DT * ms, final, **given)


def points(quick: bool) -> list[Line]:
    """Sweeps: a million points, on one core and two; other packages on ten thousand points."""
    return _a_million(quick) + _others(quick)


def _a_million(quick: bool) -> list[Line]:
    count, steps = 1_000_000, 50 if quick else 1_000
    few, many = (np.linspace(-10.0, 5.0, n) for n in (10_000, count))
    fewer = compare({"few": ours(few, steps)}, units=few.size * steps, rounds=3)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        work = {
            "one": ours(many, steps),
            "two": ours(many, steps, threads=2),
            "process": ours(many, steps, executor=pool),
        }
        times = compare(work, units=count * steps, rounds=3)
    return [
        line("a million points, Heun steps of one", times | fewer, "one", "few", "<= 1.25"),
        line("the same on two cores", times, "two", "one", "0.53"),
        line("the same in another process", times, "process", "one", "<= 1.05"),
    ]


def _others(quick: bool) -> list[Line]:
    count, steps = 10_000, 200 if quick else 2_000
    eta = np.linspace(-10.0, 5.0, count)
    work: Work = {"one": ours(eta, steps), "two": ours(eta, steps, threads=2)}
    for make in (in_brainmass, in_tvboptim, in_vbi):
        with contextlib.suppress(ImportError):
            name, run = make(eta, steps)
            work[name] = run
    times = compare(work, units=count * steps, rounds=3)
    names = list(work)[2:]
    return [line("10 000 points", times, "one", name) for name in names] + [
        line("10 000 points on two cores", times, "two", name) for name in names
    ]


def in_brainmass(eta: Floats, steps: int) -> Any:
    """One compiled loop over steps of all points side by side."""
    import brainmass as bm
    import brainstate
    import brainunit as u
    import jax

    constant = lambda value: lambda shape, **_: u.math.full(shape, 1.0) * value
    dt = DT * u.ms
    with brainstate.environ.context(dt=dt):
        node = bm.MontbrioPazoRoxinStep(
            eta.size, tau=10.0 * u.ms, eta=eta + 3.0, J=15.0, delta=100.0 * u.Hz,
            init_r=constant(8.0 * u.Hz), init_v=constant(-2.0),
        )  # fmt: skip
        brainstate.nn.init_all_states(node)

    def step(i: Any) -> None:
        with brainstate.environ.context(i=i, t=i * dt):
            node.update()

    @brainstate.transform.jit
    def run() -> Any:
        brainstate.transform.for_loop(step, np.arange(steps))
        return node.r.value

    def work() -> Any:
        with brainstate.environ.context(dt=dt):
            return jax.block_until_ready(run())

    return f"brainmass {version('brainmass')}, exponential Euler, float32", work


def in_tvboptim(eta: Floats, steps: int) -> Any:
    """One node, mapped over its parameter."""
    import jax
    from tvboptim.experimental.network_dynamics import DenseGraph, Network, prepare
    from tvboptim.experimental.network_dynamics.coupling.linear import LinearCoupling
    from tvboptim.experimental.network_dynamics.dynamics.tvb import MontbrioPazoRoxin
    from tvboptim.experimental.network_dynamics.solvers import Heun

    model = MontbrioPazoRoxin(
        tau=10.0, Delta=1.0, J=15.0, I=3.0, cr=0.0, cv=0.0, INITIAL_STATE=(0.008, -2.0)
    )
    network = Network(
        model, {"instant": LinearCoupling(incoming_states="r", G=0.0)}, DenseGraph(np.zeros((1, 1)))
    )
    solve, config = prepare(network, Heun(), t0=0.0, t1=steps * DT, dt=DT)

    def final(value: Any) -> Any:
        config.dynamics.eta = value
        return solve(config).ys[-1, 0, 0]

    run = jax.jit(jax.vmap(final))
    return f"tvboptim {version('tvboptim')}, float32", lambda: jax.block_until_ready(run(eta))


def in_vbi(eta: Floats, steps: int) -> Any:
    """One network of unconnected nodes for each hundred points, one after the other."""
    from vbi.models.numba.mpr import MPR_sde

    given = {
        "weights": np.zeros((100, 100)), "dt": DT / 10.0, "t_end": steps * DT, "G": 0.0, "J": 15.0,
        "delta": 1.0, "iapp": 3.0, "noise_amp": 0.0, "RECORD_BOLD": False, "rv_decimate": steps,
    }  # fmt: skip
    models = [MPR_sde({**given, "eta": chunk}) for chunk in eta.reshape(-1, 100)]

    start = np.repeat([0.08, -2.0], 100)

    def work() -> None:
        for model in models:
            model.P.t_end = steps * DT  # each run divides it by 10
            model.run(x0=start)

    return f"vbi {version('vbi')}, a hundred at a time", work
