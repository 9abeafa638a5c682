"""Wiring is data: kinds of members that were seen before compile nothing, whatever the wiring."""

import json

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms

COUNT = """
import json, sys
import numpy as np
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, seen): compiled.append(str(seen.data["dispatcher"]))
    def on_end(self, seen): pass
event.register("numba:compile", Listener())
import neuromass as nm
from neuromass.units import ms, mV, Hz
from neuromass.kernels.compiler import cache_statistics

def members(lanes, noise=None):
    options = {"noise": noise, "seed": 1} if noise else {}
    exc = nm.QIF(eta=np.linspace(-6, -4, lanes), **options)
    return {"exc": exc, "inh": nm.QIF(shape=lanes), "eeg": nm.JansenRit(dt=0.05 * ms)}

def counted(wire, lanes=6, **options):
    net = nm.Network(members(lanes, **options))
    wire(net)
    before = len(compiled)
    nm.run(net, 2 * ms)
    net.update({"exc": 1.0, "eeg": 200 * Hz})
    return len(compiled) - before
"""

WIRINGS = """
A = np.ones((6, 6)) - np.eye(6)
wirings = [
    lambda net: None,
    lambda net: net.connect("exc", "inh", J=3.0),
    lambda net: net.connect("exc", "inh", J=3.0 * A),
    lambda net: net.connect("exc", "inh", J=3.0 * A, delay=1 * ms),
    lambda net: net.connect("inh", "exc", J=A, delay=A * 0.55 * ms),
    lambda net: net.connect("eeg", "exc", weight=0.1 / mV),
    lambda net: net.connect("eeg", "exc", weight=0.1 / mV, variable="y1"),
    lambda net: net.connect("exc", "eeg", weight=[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]),
    lambda net: net.connect("inh", "inh", J=1.0),
]
counts = [counted(wire) for wire in wirings]
big = lambda net: net.connect("exc", "inh", J=np.ones((70, 70)), delay=2 * ms)
counts += [counted(big, lanes=70), counted(lambda net: net.connect("exc", "inh", J=1.0), lanes=70)]
print(json.dumps([counts, cache_statistics()]))
"""


def loop_of(net):
    net.update()
    return net.__system__().arrays()._function


def two(lanes, connect):
    net = nm.Network({"a": nm.QIF(shape=lanes), "b": nm.QIF(shape=lanes)})
    connect(net)
    return net


def test_another_wiring_of_the_same_kinds_has_the_same_loop():
    loops = [
        loop_of(two(7, connect))
        for connect in (
            lambda net: None,
            lambda net: net.connect("a", "b", J=np.eye(7), delay=1 * ms),
            lambda net: net.connect("b", "a", J=2.0),
        )
    ]
    turned = nm.Network({"one": nm.QIF(shape=13), "two": nm.JansenRit(dt=0.05 * ms)})
    other = nm.Network(
        {"one": nm.JansenRit(dt=0.05 * ms), "two": nm.QIF(), "three": nm.QIF(shape=12)}
    )
    loops += [loop_of(turned), loop_of(other)]
    assert loops[0] is loops[1] is loops[2] is not loops[3]
    assert loops[3] is loops[4]


def test_a_small_network_has_one_loop_for_a_wiring_whatever_its_numbers():
    first = loop_of(two(1, lambda net: net.connect("a", "b", J=1.0, delay=1 * ms)))
    other = two(1, lambda net: net.connect("a", "b", J=-2.5, delay=7 * ms))
    other["a"].tau = 20 * ms
    assert loop_of(other) is first
    assert loop_of(two(1, lambda net: net.connect("b", "a", J=1.0, delay=1 * ms))) is not first


@pytest.mark.slow
def test_another_wiring_compiles_nothing_and_neither_does_another_process(elsewhere):
    (first,) = elsewhere(COUNT + WIRINGS)
    counts, _ = json.loads(first)
    assert counts[0] > 0
    loops = [name for name in json.loads(first)[1] if name.startswith("network_")]
    assert len(loops) == 1
    (second,) = elsewhere(COUNT + WIRINGS)
    counts, statistics = json.loads(second)
    assert counts == [0] * len(counts)
    assert {name: tuple(each) for name, each in statistics.items()} == {loops[0]: (1, 0)}


SMALL_WIRINGS = """
for delay in (1 * ms, 2.37 * ms):
    for J in (3.0, -5.0):
        late = lambda net: net.connect("inh", "exc", J=J, delay=delay)
        noise = {"v": nm.noise.White(0.1 / ms**0.5)}
        print(counted(late, lanes=1), counted(late, lanes=2, noise=noise))
"""


@pytest.mark.slow
def test_a_small_wiring_is_compiled_once_and_found_by_another_process(elsewhere):
    first, *others = elsewhere(COUNT + SMALL_WIRINGS)
    assert min(map(int, first.split())) > 0
    assert others[0] == "0 0"  # another strength
    assert min(map(int, others[1].split())) > 0  # a delay between steps is two values
    assert elsewhere(COUNT + SMALL_WIRINGS) == ["0 0"] * 4


@pytest.mark.slow
def test_what_a_wiring_does_not_need_is_not_compiled(elsewhere):
    (line,) = elsewhere(COUNT + "counted(lambda net: None)\nprint(json.dumps(compiled))")
    names = " ".join(json.loads(line))
    assert "fill_tiles" in names
    assert "arrive" not in names
    assert "fill_streams" not in names


PARITY = """
import json
import numpy as np
import neuromass as nm
from neuromass.units import ms, Hz
noise = {"v": nm.noise.White(0.3 / ms**0.5), "I_ext": nm.noise.OrnsteinUhlenbeck(1.5, 3 * ms)}
exc = nm.QIF(eta=np.linspace(-6, -4, 70), noise=noise, seed=3)
net = nm.Network({"exc": exc, "inh": nm.QIF(tau=[8, 12] * ms)})
J = np.random.default_rng(1).normal(size=(2, 70))
net.connect("exc", "inh", J=J, delay=0.53 * ms)
net.connect("exc", "inh", J=J, name="instant")
net.connect("inh", "exc", J=-J.T, delay=np.abs(J.T) * ms + 0.05 * ms,
            synapse=nm.synapses.TsodyksMarkram())
net.connect("inh", "inh", J=2.0, synapse=nm.synapses.Alpha(2 * ms))
net.connect("exc", "exc", J=np.linspace(0, 1, 70))
rec = nm.run(net, 2 * ms, inputs={"exc": nm.signals.Sine(3.0, 10 * Hz)}, every=2, average=True,
             record={"exc": ("r", "I_ext"), "inh": "v", "inh->exc": ("u", "gain")})
net.update({"exc": 2.0})
print(json.dumps([rec["exc"].I_ext.magnitude.sum().hex(), rec["inh"].v.magnitude.sum().hex(),
                  rec["inh->exc"].gain.magnitude.sum().hex(), net["exc"].raw.r.tobytes().hex()]))
"""


@pytest.mark.slow
def test_without_the_jit_the_numbers_are_the_same(elsewhere):
    (compiled,) = elsewhere(PARITY)
    (plain,) = elsewhere(PARITY, NUMBA_DISABLE_JIT="1")
    assert json.loads(plain) == json.loads(compiled)


WATCHED = """
import sys, neuromass as nm
from neuromass.kernels import compiler
from neuromass.units import ms
compiler._PATIENCE = 0.05
compiler._is_watched = lambda: {watched}
sys.stderr = sys.stdout
for name in ("a", "b"):
    net = nm.Network({{name: nm.QIF(), "i": nm.WilsonCowan() if name == "b" else nm.QIF(J=1.0)}})
    nm.run(net, 1 * ms)
"""


@pytest.mark.slow
@pytest.mark.parametrize("watched", [True, False])
def test_who_waits_for_the_compiler_is_told_once(elsewhere, watched):
    out = elsewhere(WATCHED.format(watched=watched))
    assert len(out) == int(watched)
    assert all("is compiling" in line for line in out)
