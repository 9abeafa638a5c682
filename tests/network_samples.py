"""Networks that several files of tests share, and what is compared of them."""

import numpy as np
from samples import bits

import neuromass as nm
from neuromass.units import Hz, ms

DT = 0.05
START = {"r": 8 * Hz, "v": -2.0}
COUPLED = nm.noise.OrnsteinUhlenbeck(sigma=1.5, tau=3 * ms)
KICKED = nm.noise.White(0.3 / ms**0.5)


def qif(noise=None, **changes):
    options = {"J": 5.0, "initial": START, "seed": 11, "dt": DT * ms}
    return nm.QIF(noise=noise, **{**options, **changes})


def pair(method="heun", **options):
    exc, inh = qif(tau=20 * ms, method=method), qif(J=0.0, eta=-4.0, method=method)
    return nm.Network({"exc": exc, "inh": inh}, **options)


def excited_inhibited(method="heun", **options):
    net = pair(method, **options)
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0)
    return net


def matrix(targets, sources, seed=0, scale=2.0):
    return scale * np.random.default_rng(seed).normal(size=(targets, sources)) / sources


def delays(targets, sources, low, high, seed=1):
    steps = np.random.default_rng(seed).integers(
        round(low / DT), round(high / DT) + 1, (targets, sources)
    )
    return steps * DT


def zoo(method="heun", noise=True, seed=3):
    """All at once: lanes, noise, synapses, gates, matrices, delays on and off the grid."""
    exc = qif({"I_ext": COUPLED, "v": KICKED} if noise else None, eta=np.linspace(-6, -4, 3),
              seed=seed, method=method)  # fmt: skip
    inh = qif({"v": KICKED} if noise else None, J=0.0, seed=seed + 1, method=method)
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=matrix(1, 3), delay=0.53 * ms)
    net.connect("inh", "exc", J=-6.0, synapse=nm.synapses.Alpha(2 * ms))
    net.connect("exc", "exc", weight=matrix(3, 3) * 10 * ms, delay=delays(3, 3, 0.2, 1) * ms,
                synapse=nm.synapses.TsodyksMarkram())  # fmt: skip
    net.connect("exc", "exc", weight=[0.5, 0.0, 1.0], variable="v")
    return net


def quiet(make, *given, **options):
    """Make a network whose members have a recurrent coupling of their own."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*has a recurrent coupling of its own")
        return make(*given, **options)


def state_of(net):
    """All that a network holds, as bytes."""
    saved = net.snapshot()
    members = {name: (each.state.tobytes(), each.clock) for name, each in saved.members.items()}
    return saved.clock, members, {k: v.tobytes() for k, v in saved.histories.items()}


def traces(rec):
    return {label: bits(each) for label, each in rec.items()}


def drive(t):
    return 3.0 + np.sin(t.magnitude)


EVERYTHING = {"inputs": {"exc": drive, "inh": 1.5},
              "record": {"exc": ("r", "v", "I_ext"), "inh": ("v", "I_ext"), "inh->exc": "s",
                         "exc->exc": ("x", "u", "gain", "rate")}}  # fmt: skip
