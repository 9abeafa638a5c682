"""Runs that are killed in one process and go on in another, and what kills them."""

import io
import os
import signal

import numpy as np

import neuromass as nm
from neuromass.recordings import archive
from neuromass.simulation import checkpoint
from neuromass.units import Hz, ms, second

NOISE = {
    "I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.5, tau=3 * ms),
    "r": nm.noise.White(0.3 * Hz / ms**0.5),
}
OWN = nm.noise.White(0.5 * ms**0.5)


def population(**changes):
    return nm.QIF(**{"J": 15.0, "noise": NOISE, "seed": 3, **changes})


def slow(t):
    return 2.0 * np.sin(float(t / (50 * ms)))


def circuit(**options):
    exc = nm.QIF(tau=20 * ms, shape=3, noise=NOISE, seed=1)
    inh = nm.QIF(tau=10 * ms, shape=3, noise={"I_ext": NOISE["I_ext"]}, seed=2)
    net = nm.Network({"exc": exc, "inh": inh}, **{"history": {"exc": 5 * Hz}, **options})
    net.connect("exc", "inh", J=10.0, delay=1.23 * ms)
    net.connect("inh", "exc", J=-10.0, synapse=nm.synapses.Alpha(3 * ms), delay=2 * ms)
    net.connect("exc", "exc", J=2.0, synapse=nm.synapses.TsodyksMarkram())
    return net


def brain():
    """Many lanes with a delay for each pair: the other form of the loop."""
    rng = np.random.default_rng(1)
    lanes = 40
    nodes = nm.QIF(shape=lanes, eta=-4.0, noise={"I_ext": NOISE["I_ext"]}, seed=4)
    net = nm.Network({"brain": nodes})
    weights = rng.uniform(0.0, 0.2, (lanes, lanes))
    net.connect("brain", "brain", J=weights, delay=rng.uniform(1, 12, (lanes, lanes)) * ms)
    return net


def oscillators():
    """Connections by functions of source and target, with delays."""
    net = nm.Network({"a": nm.StuartLandau(shape=2), "b": nm.StuartLandau()})
    weights = [[0.1, 0.3]]
    net.connect("a", "b", weight=weights, delay=1.23 * ms, function=nm.couplings.sine(lag=0.2))
    net.connect("b", "a", weight=0.2, delay=2 * ms, function=nm.couplings.difference)
    return net


def neurons(**options):
    return nm.spiking.QIFNetwork(50, J=5.0, **{"seed": 1, **options})


def bold():
    return {"bold": nm.bold("r", repetition_time=200 * ms)}


instruments = {
    "bold": nm.bold("exc.r", repetition_time=500 * ms),
    "slow": nm.brain.low_pass("inh.r", tau=5 * ms, period=100 * ms),
    "fed": nm.brain.low_pass("exc.I_ext", tau=5 * ms, period=100 * ms),
    "means": nm.brain.average("exc.I_ext", 70 * ms),
    "eeg": nm.brain.lead_field("exc.v", np.arange(6.0).reshape(2, 3), 20 * ms),
}

WAVE = nm.signals.Sine(3.0, frequency=7 * Hz)

CASES = {
    "noise": (
        population,
        {"duration": 15 * second, "inputs": WAVE, "record": ("r", "v", "I_ext"), "every": 10},
    ),
    "averages": (
        lambda: population(method="euler"),
        {
            "duration": 15 * second,
            "inputs": nm.signals.Step(1.0, start=1 * second),
            "every": 150_000,
            "average": True,
        },
    ),
    "lanes that fail": (
        lambda: population(eta=[-5.0, 1e6, 1.0], dt=0.1 * ms),
        {"duration": 30 * second, "every": 100, "on_failure": "nan"},
    ),
    "parameters": (
        lambda: population(eta=[-5.0, -4.0], method="rk4", noise=None, seed=None),
        {
            "duration": 15 * second,
            "inputs": nm.signals.Sampled(np.arange(160.0) % 3, dt=100 * ms),
            "parameters": {"J": nm.signals.Ramp(10, 20, 0 * ms, 15 * second)},
            "record": ("r", "J"),
            "every": 100,
        },
    ),
    "a function of t": (
        population,
        {"duration": 1 * second, "inputs": slow, "record": ("I_ext", "r"), "every": 5},
    ),
    "an array": (
        population,
        {"duration": 15 * second, "inputs": np.arange(300_000) % 7.0, "every": 10},
    ),
    "network": (circuit, {"duration": 5 * second, "inputs": {"exc": WAVE}, "every": 20}),
    "synapses": (
        circuit,
        {"duration": 5 * second, "record": ("inh.r", "delivered"), "every": 100, "average": True},
    ),
    "functions": (
        oscillators,
        {"duration": 50 * second, "record": ("b.x", "delivered"), "every": 100},
    ),
    "many delays": (brain, {"duration": 0.5 * second, "record": "brain.r", "every": 10}),
    "observed": (
        circuit,
        {
            "duration": 5 * second,
            "inputs": {"exc": WAVE},
            "record": ("exc.r", "exc.I_ext"),
            "every": 50,
            "observe": instruments,
        },
    ),
    "observed alone": (
        population,
        {"duration": 1 * second, "record": (), "observe": bold(), "inputs": slow},
    ),
    "neurons": (
        lambda: neurons(neuron_noise=OWN, noise={"I_ext": NOISE["I_ext"]}),
        {"duration": 2 * second, "record": ("r", "v", "R", "spikes"), "every": 10},
    ),
    "sparse neurons": (
        lambda: neurons(connectivity=10, window=1 * ms),
        {"duration": 2 * second, "record": ("r", "spikes"), "every": 8, "average": True},
    ),
}  # fmt: skip


def run(name, path, system=None, **changes):
    """The run of a case; the system, where it stands afterwards, and the recording."""
    make, options = CASES[name]
    found = make() if system is None else system
    return found, nm.run(found, **{**options, **changes}, checkpoint=path)


def without_pause():
    """Have a checkpoint written after each block."""
    checkpoint.SECONDS = checkpoint.PATIENCE = 0.0


def kill_in_write(number):
    """Be killed while a file is written for the so-manieth time, with half of it on the disk."""
    left, save = number, np.savez

    def dying(file, **arrays):
        nonlocal left
        left -= 1
        if left:
            save(file, **arrays)
            return
        whole = io.BytesIO()
        save(whole, **arrays)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    archive.np.savez = dying


def kill_all(names, folder):
    """Begin each case in a process of its own that is killed; tells by which signal it ended."""
    for name in names:
        child = os.fork()
        if child == 0:
            try:
                without_pause()
                kill_in_write(4)
                run(name, folder / f"{name}.npz")
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status))
