"""Speed of networks: an E-I loop by hand and compiled, and nodes with delays and noise."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from creference import Case, NodesInC, load
from timing import Line, compare, line

import neuromass as nm
from neuromass.kernels.normals import source_number
from neuromass.units import Hz, ms

Work = dict[str, Callable[[], Any]]

DT = 0.05
COARSE = 0.1
"""dt of the networks with delays."""
START = {"r": 8 * Hz, "v": -2.0}
SIGMA = 0.1


# ----------------------------------------------------------------------- E-I loop


def circuits(quick: bool) -> list[Line]:
    """The E-I loop: as typed with Quantities, through the raw layer, compiled; against C."""
    steps = 200 if quick else 2_000
    by_hand = compare({"typed": _typed(steps), "raw": _raw(steps)}, units=steps, rounds=5)
    long = 100 * steps
    work: Work = {
        "network": _running(ei_network(), long),
        "four": _running(ei_of_four(-2.0), long),
        "full": _running(ei_with_synapse(), long),
        "three": _running(three(), long),
        "lone": _lone(long),
        "own": _own_loop(long),
    }
    for name, flags in (("C", "strict"), ("C -ffast-math", "fast")):
        if (library := load(flags)) is not None:
            work[name] = lambda library=library: ei_in_c(library, long)
    times = compare(work, units=long, rounds=7)
    return [
        line("E-I loop as typed", by_hand, "typed", aim="120 us"),
        line("E-I loop, raw layer", by_hand, "raw", aim="3 us"),
        line("E-I loop, compiled_step in numba, held", times, "own", "C"),
        line("E-I network, final state", times, "network", "C", "25 ns, <= 1"),
        line("E-I network of four connections", times, "four", "C", "25 ns, <= 1"),
        line("E-I network, the limit", times, "network", "C -ffast-math"),
        line("E-I network", times, "network", "lone", "<= 1.1"),
        line("E-I network, synapse, 1 ms delay, noise", times, "full", "lone"),
        line("three populations, nine connections", times, "three", "lone"),
    ]


def _pair() -> tuple[nm.QIF, nm.QIF]:
    exc = nm.QIF(tau=20 * ms, eta=-5.0, J=8.0, initial=START)
    return exc, nm.QIF(tau=10 * ms, eta=-5.0, initial=START)


def ei_network() -> nm.Network:
    """The E-I loop of two populations, one of which has a coupling of its own."""
    exc, inh = _pair()
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


def ei_of_four(J_inh: float) -> nm.Network:
    """The same with all four couplings as connections."""
    exc, inh = _pair()
    exc.J = 0.0
    net = nm.Network({"exc": exc, "inh": inh})
    for source, target, J in (
        ("exc", "exc", 8.0),
        ("exc", "inh", 10.0),
        ("inh", "exc", -10.0),
        ("inh", "inh", J_inh),
    ):
        net.connect(source, target, J=J)
    return net


def ei_with_synapse() -> nm.Network:
    """The E-I loop with noise on E, and inhibition that is late and passes a synapse."""
    exc, inh = _pair()
    exc = exc.copy(noise={"v": nm.noise.White(SIGMA / ms**0.5)}, seed=1)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0, synapse=nm.synapses.Exponential(5 * ms), delay=1 * ms)
    return net


def three() -> nm.Network:
    """Three populations, each of which reaches each."""
    net = nm.Network({name: nm.QIF(eta=-5.0, initial=START) for name in ("exc", "b", "c")})
    for source in net:
        for target in net:
            net.connect(source, target, J=2.0)
    return net


def _lone(steps: int) -> Callable[[], Any]:
    pop = nm.QIF(eta=-5.0, J=8.0, initial=START)
    return lambda: nm.run(pop, steps * DT * ms, inputs=10.0, record=())


def ei_in_c(library: Any, steps: int, J_inh: float = 0.0) -> Any:
    """Either in C: r, v, r, v."""
    exc = Case(tau=20.0, J=8.0, I=10.0, r=0.008)
    return library.pair(exc, Case(tau=10.0, J=J_inh, r=0.008), -200.0, 100.0, steps, DT)


def _running(net: nm.Network, steps: int) -> Callable[[], Any]:
    return lambda: nm.run(net, steps * DT * ms, inputs={"exc": 10.0}, record=())


def _typed(steps: int) -> Callable[[], None]:
    exc, inh = _pair()

    def loop() -> None:
        for _ in range(steps):
            r_exc, r_inh = exc.r, inh.r
            exc.update(10.0 - 10 * exc.tau * r_inh)
            inh.update(10 * inh.tau * r_exc)

    return loop


def _raw(steps: int) -> Callable[[], None]:
    exc, inh = _pair()

    def loop() -> None:
        r_exc, r_inh = exc.raw.r, inh.raw.r
        for _ in range(steps):
            now = r_exc
            r_exc = exc.advance(10.0 - 200.0 * r_inh)
            r_inh = inh.advance(100.0 * now)

    return loop


def _own_loop(steps: int) -> Callable[[], Any]:
    step = nm.compiled_step(nm.QIF, "heun")

    @numba.njit
    def loop(steps: int, dt: float) -> Any:
        r, v, q, w = 0.008, -2.0, 0.008, -2.0
        for _ in range(steps):
            to_exc, to_inh = 10.0 - 200.0 * q, 100.0 * r
            r, v = step(r, v, to_exc, 20.0, -5.0, 1.0, 8.0, dt)
            q, w = step(q, w, to_inh, 10.0, -5.0, 1.0, 0.0, dt)
        return r, v, q, w

    return lambda: loop(steps, DT)


# ------------------------------------------------------------------------- delays


def dense(nodes: int) -> tuple[Any, Any]:
    """Weights, in J, and delays in ms."""
    rng = np.random.default_rng(0)
    weights = rng.random((nodes, nodes)) * 15.0 / nodes
    return weights, np.round(rng.uniform(2.0, 30.0, (nodes, nodes)), 1)


def sparse(nodes: int, density: float) -> tuple[Any, Any]:
    """The same as sparse matrices; ImportError without scipy."""
    import scipy.sparse

    rng = np.random.default_rng(0)
    weights = scipy.sparse.random(nodes, nodes, density, format="csr", random_state=1)
    weights.data *= 15.0 / (nodes * density)
    delays = weights.copy()
    delays.data = np.round(rng.uniform(2.0, 30.0, weights.nnz), 1)
    return weights, delays


def delayed(weights: Any, delays: Any, *, noise: bool = True, blocks: bool = True) -> nm.Network:
    """QIF nodes with white noise on v.

    Parameters
    ----------
    weights, delays : ndarray or sparse matrix
        From `dense` or `sparse`.
    noise : bool
        Whether there is noise.
    blocks : bool
        Whether delayed coupling goes through blocks; False forces the gather that is meant for
        delays of very few steps.
    """
    on_v = {"v": nm.noise.White(SIGMA / ms**0.5)} if noise else {}
    pop = nm.QIF(
        eta=-5.0, shape=weights.shape[0], dt=COARSE * ms, initial=START, noise=on_v, seed=1
    )
    net = nm.Network({"nodes": pop})
    net.connect("nodes", "nodes", J=weights, delay=delays * ms)
    if not blocks:
        net.__system__().arrays().delays.groups["blocked"] = 0
    return net


def delayed_in_c(
    library: Any, weights: Any, delays: Any, *, noise: bool = True, blocks: bool = True
) -> NodesInC:
    """The same in C."""
    return NodesInC(
        library,
        Case(tau=10.0, J=0.0, r=0.008),
        10.0 * weights,
        delays / COARSE,
        COARSE,
        sigma=SIGMA if noise else 0.0,
        seed=1,
        source=source_number("v"),
        blocks=blocks,
    )


def delays(quick: bool) -> list[Line]:
    """Delays of 2 to 30 ms and noise, per pair and step: 80 and 500 nodes, 5 000 sparse; memory."""
    lines = []
    for nodes, steps in ((80, 200 if quick else 2_000), (500, 40 if quick else 400)):
        lines += _dense_lines(nodes, steps)
    try:
        wiring = sparse(5_000, 0.02)
    except ImportError:
        print("5 000 nodes at 2 % need scipy, which was not found.")
        return lines
    return lines + _sparse_lines(wiring, 20 if quick else 200) + _memory_lines(wiring)


def _dense_lines(nodes: int, steps: int) -> list[Line]:
    wiring = dense(nodes)
    work = {
        "blocks": _steps_of(delayed(*wiring), steps),
        "two": _steps_of(delayed(*wiring), steps, threads=2),
        "gather": _steps_of(delayed(*wiring, blocks=False), steps),
        "still": _steps_of(delayed(*wiring, noise=False), steps),
        **_works_in_c(wiring, steps),
    }
    times = compare(work, units=steps * nodes * nodes, rounds=5)
    return [
        line(f"{nodes} nodes, blocks", times, "blocks", "C, blocks", "0.25 ns"),
        line(f"{nodes} nodes, blocks", times, "blocks", "C, gather"),
        line(f"{nodes} nodes, blocks", times, "blocks", "gather"),
        line(f"{nodes} nodes, blocks, two cores", times, "two", "blocks", "0.55"),
        line(f"{nodes} nodes, gather", times, "gather", "C, gather"),
        line(f"{nodes} nodes, blocks, no noise", times, "still", "C, blocks, no noise"),
    ]


def _sparse_lines(wiring: tuple[Any, Any], steps: int) -> list[Line]:
    work = {
        "ours": _steps_of(delayed(*wiring), steps),
        "two": _steps_of(delayed(*wiring), steps, threads=2),
        **_works_in_c(wiring, steps),
    }
    times = compare(work, units=steps * wiring[0].nnz, rounds=5)
    return [
        line("5 000 nodes at 2 %", times, "ours", "C, blocks"),
        line("5 000 nodes at 2 %", times, "ours", "C, gather"),
        line("5 000 nodes at 2 %, two cores", times, "two", "ours", "0.55"),
    ]


def _steps_of(net: nm.Network, steps: int, threads: int = 1) -> Callable[[], Any]:
    return lambda: nm.run(net, steps * COARSE * ms, record=(), threads=threads)


def _works_in_c(wiring: tuple[Any, Any], steps: int) -> Work:
    library = load("strict")
    if library is None:
        return {}
    made = {
        "C, blocks": delayed_in_c(library, *wiring),
        "C, gather": delayed_in_c(library, *wiring, blocks=False),
        "C, blocks, no noise": delayed_in_c(library, *wiring, noise=False),
    }
    return {name: lambda nodes=nodes: nodes.run(steps) for name, nodes in made.items()}


def _memory_lines(wiring: tuple[Any, Any]) -> list[Line]:
    """What the sparse network takes, besides the matrices that it was given."""
    bare = 16.0 * wiring[0].nnz / 1e6
    against = "weights and delays, 8 bytes each"
    gc.collect()
    tracemalloc.start()
    net = delayed(*wiring)
    nm.run(net, 10 * COARSE * ms, record=())
    gc.collect()
    held, peak = (each / 1e6 for each in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    return [
        Line("5 000 nodes at 2 %, memory", held, against, bare, held / bare, unit="MB"),
        Line("5 000 nodes at 2 %, memory, at most", peak, against, bare, peak / bare, unit="MB"),
    ]
