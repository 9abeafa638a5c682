"""84 regions with delays and noise: Stuart-Landau by differences, and Wong-Wang.

Against the same in numpy, a step at a time and all pairs at once, and against other packages
where they are installed. All have the same weights, delays, step and method, Euler's, but for
the noise of neurolib's, which is coloured.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from networks import dense
from numpy.typing import NDArray
from timing import Line, compare, line

import neuromass as nm
from neuromass.units import Hz, ms, nA

Floats = NDArray[np.float64]
Work = dict[str, Callable[[], Any]]

COUNT, DT, SIGMA = 84, 0.1, 0.01
FREQUENCY = 0.01
"""Cycles per ms."""
A, START = -0.2, 0.05


def regions(quick: bool) -> list[Line]:
    """84 regions with delays of 2 to 30 ms and noise, per node and step; and other packages."""
    weights, delays = dense(COUNT)
    weights = weights / 50.0
    steps = 200 if quick else 2_000
    lines: list[Line] = []
    for what, ours, plain, others in (
        ("Stuart-Landau", stuart_landau, SwingingInNumpy, (tvb_hopf, tvboptim_hopf, neurolib_hopf)),
        (
            "Wong-Wang",
            wong_wang,
            GatedInNumpy,
            (tvb_wong_wang, tvboptim_wong_wang, neurolib_wong_wang),
        ),
    ):
        net, loop = ours(weights, delays), plain(weights, delays)
        work: Work = {
            "ours": lambda net=net: nm.run(net, steps * DT * ms, record=(), threads=1),
            "numpy": lambda loop=loop: loop.run(steps),
        }
        for make in others:
            with contextlib.suppress(ImportError):
                name, run = make(weights, delays, steps)
                work[name] = run
        times = compare(work, units=steps * COUNT, rounds=3)
        lines += [line(f"84 regions, {what}", times, "ours", each) for each in list(work)[1:]]
    return lines


def stuart_landau(weights: Floats, delays: Floats) -> nm.Network:
    """Oscillators that are coupled by their differences."""
    noise = {each: nm.noise.White(SIGMA / ms**0.5) for each in "xy"}
    pop = nm.StuartLandau(
        shape=COUNT, tau=1 * ms, a=A, frequency=1e3 * FREQUENCY * Hz, dt=DT * ms, noise=noise,
        seed=1, method="euler", initial={"x": START, "y": START},
    )  # fmt: skip
    net = nm.Network({"brain": pop})
    for each in "xy":
        net.connect(
            "brain", "brain", weight=weights, delay=delays * ms, variable=each,
            input=f"I_{each}", function=nm.couplings.difference,
        )  # fmt: skip
    return net


def wong_wang(weights: Floats, delays: Floats) -> nm.Network:
    """Regions of NMDA channels."""
    noise = {"S": nm.noise.White(SIGMA / ms**0.5)}
    pop = nm.WongWang(
        shape=COUNT, dt=DT * ms, noise=noise, seed=1, method="euler", initial={"S": START}
    )
    net = nm.Network({"brain": pop})
    net.connect("brain", "brain", weight=0.2609 * weights * nA, delay=delays * ms)
    return net


class _InNumpy:
    """A loop over steps; what arrives is picked out of the past by its indices."""

    count = 1

    def __init__(self, weights: Floats, delays: Floats) -> None:
        self.weights = weights
        self.back = np.round(delays / DT).astype(int)
        self.past = np.full((self.count, self.back.max() + 1, COUNT), START)
        self.columns = np.arange(COUNT)
        self.random = np.random.default_rng(1)
        self.clock = 0

    def run(self, steps: int) -> None:
        """Take some steps."""
        length, self.now = self.past.shape[1], self.past[:, 0]
        for _ in range(steps):
            now = self.past[:, self.clock % length]
            late = self.past[:, (self.clock - self.back) % length, self.columns]
            noise = SIGMA * DT**0.5 * self.random.normal(size=now.shape)
            self.clock += 1
            self.now = now + DT * self.rates(now, late) + noise
            self.past[:, self.clock % length] = self.now

    def rates(self, now: Floats, late: Floats) -> Floats:
        """Rates of change, given all that arrives, (states, targets, sources)."""
        raise NotImplementedError


class SwingingInNumpy(_InNumpy):
    count = 2

    def rates(self, now: Floats, late: Floats) -> Floats:
        x, y = now
        coming = np.sum(self.weights * (late - now[:, :, None]), axis=2)
        turn, size = 2.0 * np.pi * FREQUENCY, x * x + y * y
        own = np.stack([(A - size) * x - turn * y, (A - size) * y + turn * x])
        return own + coming


class GatedInNumpy(_InNumpy):
    def rates(self, now: Floats, late: Floats) -> Floats:
        S = now[0]
        current = 0.9 * 0.2609 * S + 0.3 + 0.2609 * np.sum(self.weights * late[0], axis=1)
        z = 0.27 * current - 0.108
        rate = z / (1.0 - np.exp(-154.0 * z))
        return (-S / 100.0 + (1.0 - S) * 0.641 * rate)[None]


def _in_tvb(model: Any, coupling: Any, weights: Floats, delays: Floats, steps: int) -> Any:
    from tvb.simulator.lab import connectivity, integrators, monitors, noise, simulator

    states, past = len(model.state_variables), round(delays.max() / DT) + 1
    sim = simulator.Simulator(
        model=model,
        connectivity=connectivity.Connectivity(
            weights=weights, tract_lengths=delays, speed=np.array([1.0]),
            region_labels=np.array([str(i) for i in range(COUNT)]), centres=np.zeros((COUNT, 3)),
        ),
        coupling=coupling,
        integrator=integrators.EulerStochastic(
            dt=DT, noise=noise.Additive(nsig=np.full(states, 0.5 * SIGMA**2))
        ),
        monitors=(monitors.TemporalAverage(period=steps * DT),),
        initial_conditions=np.full((past, states, COUNT, 1), START),
        simulation_length=steps * DT,
    )  # fmt: skip
    sim.configure()
    return f"tvb-library {version('tvb-library')}", sim.run


def tvb_hopf(weights: Floats, delays: Floats, steps: int) -> Any:
    """The Virtual Brain's Hopf normal form."""
    from tvb.simulator.lab import coupling, models

    omega = np.array([2.0 * np.pi * FREQUENCY])
    model = models.SupHopf(a=np.array([A]), omega=omega)
    return _in_tvb(model, coupling.Difference(a=np.array([1.0])), weights, delays, steps)


def tvb_wong_wang(weights: Floats, delays: Floats, steps: int) -> Any:
    """The Virtual Brain's reduced model of Wong and Wang."""
    from tvb.simulator.lab import coupling, models

    model = models.ReducedWongWang(w=np.array([0.9]), I_o=np.array([0.3]))
    return _in_tvb(model, coupling.Linear(a=np.array([1.0])), weights, delays, steps)


def _in_tvboptim(model: Any, coupling: Any, weights: Floats, delays: Floats, steps: int) -> Any:
    import jax
    from tvboptim.experimental.network_dynamics import DenseDelayGraph, Network, prepare
    from tvboptim.experimental.network_dynamics.noise import AdditiveNoise
    from tvboptim.experimental.network_dynamics.solvers import Euler

    noise = {"noise": AdditiveNoise(sigma=SIGMA)} if SIGMA else {}
    network = Network(model, {"delayed": coupling}, DenseDelayGraph(weights, delays), **noise)
    solve, config = prepare(network, Euler(), t0=0.0, t1=steps * DT, dt=DT)
    run = jax.jit(solve)
    name = f"tvboptim {version('tvboptim')}, float32"
    return name, lambda: jax.block_until_ready(run(config))


def tvboptim_hopf(weights: Floats, delays: Floats, steps: int) -> Any:
    """TVB-Optim's Hopf normal form."""
    from tvboptim.experimental.network_dynamics.coupling.linear import DelayedDifferenceCoupling
    from tvboptim.experimental.network_dynamics.dynamics.tvb import SupHopf

    class Differences(DelayedDifferenceCoupling):
        N_OUTPUT_STATES = 2

    model = SupHopf(a=A, omega=2.0 * np.pi * FREQUENCY, INITIAL_STATE=(START, START))
    both = Differences(incoming_states=("x", "y"), local_states=("x", "y"))
    return _in_tvboptim(model, both, weights, delays, steps)


def tvboptim_wong_wang(weights: Floats, delays: Floats, steps: int) -> Any:
    """TVB-Optim's reduced model of Wong and Wang."""
    from tvboptim.experimental.network_dynamics.coupling.linear import DelayedLinearCoupling
    from tvboptim.experimental.network_dynamics.dynamics.tvb import ReducedWongWang

    model = ReducedWongWang(w=0.9, I_o=0.3, INITIAL_STATE=(START,))
    return _in_tvboptim(model, DelayedLinearCoupling(incoming_states="S"), weights, delays, steps)


def _in_neurolib(kind: Any, weights: Floats, delays: Floats, steps: int, **given: Any) -> Any:
    model = kind(Cmat=weights, Dmat=delays)
    model.params.update(duration=steps * DT, dt=DT, signalV=1.0, sigma_ou=0.01, K_gl=1.0, **given)
    return f"neurolib {version('neurolib')}", model.run


def neurolib_hopf(weights: Floats, delays: Floats, steps: int) -> Any:
    """neurolib's Hopf normal form."""
    from neurolib.models.hopf import HopfModel

    return _in_neurolib(HopfModel, weights, delays, steps, coupling="diffusive", a=A)


def neurolib_wong_wang(weights: Floats, delays: Floats, steps: int) -> Any:
    """neurolib's model of Wong and Wang, which has an inhibitory population in each region, too."""
    from neurolib.models.ww import WWModel

    return _in_neurolib(WWModel, weights, delays, steps)
