"""Large networks divide their delayed coupling among threads, and change strengths in place."""

import pickle
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
from network_samples import DT, delays, matrix, qif
from samples import interrupted

import neuromass as nm
from neuromass.networks import tiled
from neuromass.threads import divided, run_together
from neuromass.units import ms

LANES = 600


def network(J=None, late=None, **options):
    noise = {"v": nm.noise.White(0.1 / ms**0.5)}
    net = nm.Network({"pop": qif(eta=np.linspace(-6, -4, LANES), J=0.0, noise=noise, seed=3)})
    J = matrix(LANES, LANES, 7) if J is None else J
    late = delays(LANES, LANES, 1.0, 4.0) if late is None else late
    net.connect("pop", "pop", J=J, delay=late * ms, **options)
    return net


def bits(net):
    return [np.ravel(net[name].raw.v).tobytes() for name in net]


def sparse(density=0.1):
    from scipy import sparse as sp

    return sp.csr_array(
        matrix(LANES, LANES, 5) * (np.random.default_rng(1).random((LANES, LANES)) < density)
    )


KINDS = {
    "dense": {},
    "off the grid": {"late": delays(LANES, LANES, 1.0, 4.0) + 0.013},
    "few short": {"late": np.where(np.arange(LANES) % 9 == 0, 0.1, delays(LANES, LANES, 1.0, 4.0))},
    "short": {"late": delays(LANES, LANES, 0.1, 0.3)},
    "sparse": {"J": sparse()},
    "synapse": {"synapse": nm.synapses.Exponential(3 * ms)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_threads_gives_the_same_bits(kind, monkeypatch):
    monkeypatch.setattr(tiled, "WORTH_THREADS", 1)
    found = []
    for threads in (1, 2, 3, None):
        net = network(**KINDS[kind])
        nm.run(net, 7 * ms, inputs={"pop": 3.0}, threads=threads)
        net.update({"pop": 1.0})
        nm.run(net, 3 * ms, threads=threads, every=5)
        found.append(bits(net))
    assert all(each == found[0] for each in found)


def test_without_the_jit_there_is_one_thread(elsewhere):
    text = """
import numpy as np, neuromass as nm
from neuromass.networks import tiled
from neuromass.units import ms
tiled.WORTH_THREADS = 1
net = nm.Network({"pop": nm.QIF(shape=300)})
net.connect("pop", "pop", J=np.ones((300, 300)) / 300, delay=1 * ms)
nm.run(net, 0.1 * ms, threads=2)
print(net.t.magnitude)
"""
    assert elsewhere(text, NUMBA_DISABLE_JIT="1") == ["0.1"]


def test_a_failing_step_stops_all_threads(monkeypatch):
    monkeypatch.setattr(tiled, "WORTH_THREADS", 1)
    net = network()
    nm.run(net, 2 * ms, threads=2)
    with pytest.raises(nm.SimulationError):
        nm.run(net, 5 * ms, inputs={"pop": nm.signals.Step(1e300, start=4 * ms)}, threads=2)
    one = network()
    nm.run(one, 2 * ms)
    with pytest.raises(nm.SimulationError):
        nm.run(one, 5 * ms, inputs={"pop": nm.signals.Step(1e300, start=4 * ms)})
    assert bits(net) == bits(one)


@pytest.mark.parametrize("bad", [0, -1, 1.5, "two", True])
def test_a_number_of_threads_is_checked(bad):
    with pytest.raises((ValueError, TypeError), match="threads"):
        nm.run(network(), 1 * ms, threads=bad)


def test_parts_are_whole():
    assert divided(600, 2, 256) == [(0, 256), (256, 600)]
    assert divided(600, 9, 256) == [(0, 256), (256, 512), (512, 600)]
    assert divided(3, 2) == [(0, 1), (1, 3)]


def test_an_error_in_a_thread_comes_out_after_all_have_ended():
    done = []

    def fail():
        raise ValueError("in a thread")

    with pytest.raises(ValueError, match="in a thread"):
        run_together([lambda: done.append(1), fail], lambda: done.append("called off"))
    assert done == [1, "called off", "called off"]


def test_ctrl_c_at_any_line_leaves_a_whole_step_and_no_thread(monkeypatch):
    monkeypatch.setattr(tiled, "WORTH_THREADS", 1)
    start, states = pickle.dumps(network()), {}
    line, threads = 1, threading.active_count()
    while True:
        net = pickle.loads(start)
        net.update()
        with interrupted(line) as places, suppress(KeyboardInterrupt):
            nm.run(net, 2 * ms, threads=2)
        if not places:
            break
        end = time.monotonic() + 10.0
        while threading.active_count() > threads and time.monotonic() < end:
            time.sleep(0.001)
        assert threading.active_count() == threads, places
        taken = round(net.t.m_as(ms) / DT)
        if taken not in states:
            twin = pickle.loads(start)
            for _ in range(taken):
                twin.update()
            states[taken] = bits(twin)
        assert bits(net) == states[taken], places
        line += 1 + line // 60
    assert line > 200


# ------------------------------------------------------------------ strengths in place


def changed(kind, shape):
    """A network whose strength is set in the midst of a run, and whether its arrays stayed."""
    rng = np.random.default_rng(8)
    pop = qif(eta=np.linspace(-6, -4, shape), J=0.0) if shape else qif(J=0.0)
    net = nm.Network({"a": pop, "b": qif(eta=-5.0, J=0.0, shape=shape)})
    size = shape or 1
    J = rng.uniform(1, 3, (size, size))
    delay = {
        "now": None, "aligned": None, "late": 0.63 * ms,
        "some late": delays(size, size, 0.0, 1.0) * ms,
        "mixed": np.where(rng.random((size, size)) < 0.2, 0.1, 2.03) * ms,
    }[kind]  # fmt: skip
    first = J[:, 0] if kind == "aligned" and shape else J
    if kind == "aligned" and not shape:
        first = 2.0
    net.connect("a", "b", J=first, delay=delay)
    net.connect("b", "a", J=-np.ones((size, size)), delay=0.4 * ms)
    nm.run(net, 3 * ms, inputs={"a": 3.0})
    return net, first


@pytest.mark.parametrize("shape", [None, 3, 30])
@pytest.mark.parametrize("kind", ["now", "aligned", "late", "some late", "mixed"])
def test_a_strength_is_changed_in_place_and_to_the_same_bits(kind, shape, monkeypatch):
    net, J = changed(kind, shape)
    arrays = net.__system__().arrays()
    net["a->b"].J = 1.7 * J
    nm.run(net, 3 * ms)
    assert net.__system__().arrays() is arrays
    monkeypatch.setattr(type(arrays), "set_weights", lambda *_: False)
    anew, _ = changed(kind, shape)
    other = anew.__system__().arrays()
    anew["a->b"].J = 1.7 * J
    nm.run(anew, 3 * ms)
    assert anew.__system__().arrays() is not other
    assert bits(anew) == bits(net)
    still, _ = changed(kind, shape)
    nm.run(still, 3 * ms)
    assert bits(still) != bits(net)


def test_another_pattern_is_wired_anew():
    net, J = changed("late", 3)
    arrays = net.__system__().arrays()
    net["a->b"].J = J * (np.eye(3) == 0)
    nm.run(net, 1 * ms)
    assert net.__system__().arrays() is not arrays


def test_a_refused_strength_leaves_the_old_one():
    net, _ = changed("late", None)
    twin, _ = changed("late", None)
    with pytest.raises(TypeError, match="J"):
        net["a->b"].J = "much"
    for each in (net, twin):
        nm.run(each, 2 * ms)
    assert bits(net) == bits(twin)
