"""Models as a user writes them, and what many tests of populations need."""

import math
import os
import sys
from contextlib import contextmanager

import numpy as np

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA, pF

NOISE = {
    "quiet": None,
    "white on v": {"v": nm.noise.White(0.3 / ms**0.5)},
    "white on I_ext": {"I_ext": nm.noise.White(2.0 * ms**0.5)},
    "coloured on I_ext": {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.5, tau=3 * ms)},
    "coloured on v": {"v": nm.noise.OrnsteinUhlenbeck(sigma=0.2 / ms, tau=3 * ms)},
    "all at once": {
        "I_ext": nm.noise.OrnsteinUhlenbeck(sigma=1.5, tau=3 * ms),
        "r": nm.noise.White(3 * Hz / ms**0.5),
        "v": nm.noise.OrnsteinUhlenbeck(sigma=0.2 / ms, tau=7 * ms),
    },
}
"""Every way in which noise can act on a QIF population."""


class QIFu(nm.QIF):
    """Recovery that follows the potential."""

    tau_u = nm.Parameter(100 * ms, positive=True, doc="recovery time constant")
    b = nm.Parameter(0.1, doc="coupling of recovery to the potential")
    u = nm.State(0.0, doc="recovery variable")

    @staticmethod
    def derivatives(r, v, u, I_ext, tau, eta, delta, J, tau_u, b):
        drdt, dvdt = nm.QIF.derivatives(r, v, I_ext - u, tau, eta, delta, J)
        dudt = (b * v - u) / tau_u
        return drdt, dvdt, dudt


class Relay(nm.Population):
    """Two inputs with units, exp in the equations, and an output that is no state."""

    tau = nm.Parameter(10 * ms, positive=True)
    C = nm.Parameter(100 * pF, positive=True)
    rest = nm.Parameter(-60 * mV)
    top = nm.Parameter(12 * mV)
    theta = nm.Parameter(-52 * mV)
    slope = nm.Parameter(2 * mV, positive=True)
    tau_s = nm.Parameter(5 * ms, positive=True)
    v = nm.State(-60 * mV, doc="potential")
    s = nm.State(0.1, lower=0.0, doc="gate")
    current = nm.Input(pA)
    drive = nm.Input(Hz)
    above = nm.Output(lambda v, theta, slope: np.exp((v - theta) / slope), doc="how far it is up")
    output = "above"

    @staticmethod
    def derivatives(v, s, current, drive, tau, C, rest, top, theta, slope, tau_s):
        dvdt = (rest - v + top / (1 + math.exp(-(v - theta) / slope))) / tau + s * current / C
        dsdt = drive * (1 - s) - s / tau_s
        return dvdt, dsdt


class Decay(nm.Population):
    """No input at all, and a state that is not negative."""

    tau = nm.Parameter(10 * ms, positive=True)
    drift = nm.Parameter(0 / ms)
    x = nm.State(1.0, lower=0.0)

    @staticmethod
    def derivatives(x, tau, drift):
        return drift - x / tau


class Charge(nm.Population):
    """One input that has a unit."""

    C = nm.Parameter(100 * pF, positive=True)
    v = nm.State(0 * mV)
    current = nm.Input(pA)

    @staticmethod
    def derivatives(v, current, C):
        return current / C


class Undefined(nm.Population):
    """An output that is not a number until x is positive."""

    rate = nm.Parameter(1 / ms)
    x = nm.State(-1.0)
    push = nm.Input()
    root = nm.Output(lambda x: x**0.5)
    output = "root"

    @staticmethod
    def derivatives(x, push, rate):
        return push * rate


def everything(pop):
    """All that a population holds, as bytes: equal exactly if nothing changed."""
    saved = pop.snapshot()
    parameters = {name: value.tobytes() for name, value in saved.parameters.items()}
    initial = {name: np.asarray(each.magnitude).tobytes() for name, each in pop.initial.items()}
    return saved.clock, saved.dt, saved.state.tobytes(), parameters, initial, repr(pop)


def bits(rec):
    """All traces of a recording, as bytes."""
    return {name: np.asarray(rec[name].magnitude).tobytes() for name in ("t", *rec.names)}


PACKAGE = os.path.dirname(nm.__file__) + os.sep


@contextmanager
def interrupted(line):
    """Ctrl-C before the line of the package that is the so-manieth to run, of all its lines.

    It comes once, wherever that line is; what runs afterwards, in ``except`` and ``finally``, is
    left alone. Yields a list with the place where it came, which is empty if it did not.
    """
    left, places = line, []

    def on_line(frame, event, arg):
        nonlocal left
        del arg
        if event == "line":
            left -= 1
            if left == 0:
                places.append(f"{frame.f_code.co_filename[len(PACKAGE) :]}:{frame.f_lineno}")
                raise KeyboardInterrupt
        return on_line

    def on_call(frame, event, arg):
        del event, arg
        own = left > 0 and frame.f_code.co_filename.startswith(PACKAGE)
        return on_line if own and not _collecting(frame) else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield places
    finally:
        sys.settrace(before)


def _collecting(frame):
    """Whether garbage is being collected, where Python has no caller to tell of an error."""
    while frame is not None and frame.f_code.co_name != "_let_go":
        frame = frame.f_back
    return frame is not None and frame.f_back.f_code.co_name == "__call__"
