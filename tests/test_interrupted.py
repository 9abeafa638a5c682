"""Ctrl-C before every line in turn: a system is then as before the operation, or as after it.

State and future count, to the last bit: after the interruption the system takes steps, alone and
in a run, and is recorded by hand. Runs and loops stop at a whole step, wherever that is.
"""

import copy
import pickle
from contextlib import suppress

import numpy as np
import pytest
from samples import bits, everything, interrupted

import neuromass as nm
from neuromass.units import Hz, ms

MOST = 400
"""Lines of one operation that are tried; of a longer one every so many."""


def alone():
    noise = {"v": nm.noise.OrnsteinUhlenbeck(sigma=0.1 / ms, tau=3 * ms)}
    pop = nm.QIF(J=15.0, noise=noise, seed=1)
    nm.run(pop, 1 * ms, inputs=3.0)
    return pop


def lanes():
    pop = nm.QIF(J=15.0, eta=[-5.0, -4.0, -3.0])
    nm.run(pop, 1 * ms, inputs=3.0)
    return pop


def network():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=3 * ms)}
    exc, inh = nm.QIF(tau=20 * ms, J=8.0, noise=noise, seed=1), nm.QIF()
    net = nm.Network({"exc": exc, "inh": inh})
    net.connect("exc", "inh", J=10.0)
    net.connect("inh", "exc", J=-10.0, delay=0.5 * ms, synapse=nm.synapses.Exponential(5 * ms))
    nm.run(net, 1 * ms, inputs={"exc": 10.0})
    return net


def state_of(system):
    if isinstance(system, nm.Population):
        return everything(system)
    members = {name: everything(pop) for name, pop in system.members.items()}
    return members, system.describe(), system.t.magnitude


def future(system):
    """State and future of a system, which takes some steps for it."""
    now = state_of(system)
    drive = 1.5 if isinstance(system, nm.Population) else {"exc": 1.5}
    with nm.record(system) as by_hand:
        system.update(drive)
    rec = nm.run(system, 15 * system.dt, inputs=drive)
    system.reset()
    if isinstance(system, nm.Population):
        return now, bits(by_hand), bits(rec), state_of(system)
    return (
        now,
        *({n: bits(each) for n, each in r.items()} for r in (by_hand, rec)),
        state_of(system),
    )


OTHER = {
    make.__name__: (pickle.dumps(make()), pickle.dumps(make().snapshot()))
    for make in (alone, lanes, network)
}


def loaded(make):
    return pickle.loads(OTHER[make.__name__][0])


def restored(system, make):
    system.restore(pickle.loads(OTHER[make.__name__][1]))


def moved(system):
    """The same system some steps later."""
    system.update()
    system.update()
    return system


OPERATIONS = {
    "set a state": (alone, lambda pop: setattr(pop, "v", -1.0)),
    "set a parameter": (alone, lambda pop: setattr(pop, "tau", 12 * ms)),
    "set both": (alone, lambda pop: pop.set(v=-1.0, r=8 * Hz, tau=12 * ms, eta=-4.0)),
    "set lanes": (lanes, lambda pop: pop.set(at=[0, 2], r=8 * Hz, eta=-4.0)),
    "update": (alone, lambda pop: pop.update(2.0)),
    "update lanes": (lanes, lambda pop: pop.update([1.0, 2.0, 3.0])),
    "advance": (alone, lambda pop: pop.advance(2.0)),
    "reset": (alone, lambda pop: pop.reset()),
    "restore": (alone, lambda pop: restored(pop, alone)),
    "snapshot": (alone, lambda pop: pop.snapshot()),
    "copy": (alone, lambda pop: pop.copy(eta=-3.0)),
    "deepcopy": (alone, copy.deepcopy),
    "pickle": (alone, pickle.dumps),
    "into a network": (alone, lambda pop: nm.Network({"a": pop})),
    "connect itself": (network, lambda net: net.connect("inh", "inh", J=1.0)),
    "connect with more": (
        network,
        lambda net: net.connect(
            "inh", "inh", J=1.0, delay=2 * ms, synapse=nm.synapses.Alpha(3 * ms), name="second"
        ),
    ),
    "disconnect": (network, lambda net: net.disconnect("inh->exc")),
    "set a strength": (network, lambda net: setattr(net["inh->exc"], "J", -5.0)),
    "set a delay": (network, lambda net: setattr(net["inh->exc"], "delay", 2 * ms)),
    "set a synapse": (network, lambda net: setattr(net["inh->exc"], "tau", 3 * ms)),
    "set its state": (network, lambda net: setattr(net["inh->exc"], "s", 3 * Hz)),
    "set a member": (network, lambda net: net["exc"].set(tau=15 * ms, v=-1.0)),
    "update a network": (network, lambda net: net.update({"exc": 10.0})),
    "reset a network": (network, lambda net: net.reset()),
    "restore a network": (network, lambda net: restored(net, network)),
    "copy a network": (network, lambda net: net.copy()),
    "snapshot of a network": (network, lambda net: net.snapshot()),
    "pickle a network": (network, pickle.dumps),
}  # fmt: skip


def stop_at_every_line(make, operation):
    """Yields the line, the place, and the system where an operation was interrupted."""
    operation(moved(loaded(make)))  # what is made once for all is made here
    line, step = 1, 1
    while True:
        system = moved(loaded(make))
        error = None
        with interrupted(line) as places:
            try:
                operation(system)
            except KeyboardInterrupt as caught:
                error = caught
        if not places:
            return
        assert error is not None, f"Ctrl-C at {places[0]} was lost"
        yield line, places[0], system, error
        line, step = line + step, step + (line > MOST)


@pytest.mark.parametrize(("make", "operation"), OPERATIONS.values(), ids=OPERATIONS)
def test_a_system_is_as_before_or_as_after(make, operation):
    before, done = moved(loaded(make)), moved(loaded(make))
    operation(done)
    allowed = future(before), future(done)
    tried = 0
    for _, place, system, _ in stop_at_every_line(make, operation):
        found = future(system)
        assert found in allowed, f"interrupted at {place}, it is neither as before nor as after"
        tried += 1
    assert tried > 3


def test_members_are_released_all_or_none():
    before, after = moved(loaded(network)), moved(loaded(network))
    members = dict(after.members)
    after.release()
    allowed = [future(before), {name: future(pop) for name, pop in members.items()}]
    line = 1
    while True:
        net = moved(loaded(network))
        members = dict(net.members)
        with interrupted(line) as places, suppress(KeyboardInterrupt):
            net.release()
        free = {name: future(pop) for name, pop in members.items()} if not net.members else None
        assert (free or future(net)) in allowed, places
        if not places:
            return
        line += 1


def run_it(system):
    drive = {"exc": nm.signals.Sine(3.0, period=5 * ms)}
    inputs = drive if isinstance(system, nm.Network) else drive["exc"]
    nm.run(system, 20 * system.dt, inputs=inputs, every=2)


def watch_it(system):
    with nm.record(system, every=2):
        for _ in range(6):
            system.update()


def run_with_function(system):
    drive = {"exc": lambda t: 0.3}
    inputs = drive if isinstance(system, nm.Network) else drive["exc"]
    nm.run(system, 10 * system.dt, inputs=inputs, average=True, every=5)


@pytest.mark.parametrize("operation", [run_it, watch_it, run_with_function])
@pytest.mark.parametrize("make", [alone, lanes, network])
def test_runs_and_loops_stop_at_a_whole_step(make, operation):
    step, tried, allowed = float(loaded(make).dt.magnitude), 0, {}
    first = moved(loaded(make)).t.magnitude
    for _, place, system, error in stop_at_every_line(make, operation):
        taken = round((system.t.magnitude - first) / step)
        rec = getattr(error, "recording", None)
        if rec is not None and operation is not run_with_function:
            each = rec["exc"] if make is network else rec
            pop = system["exc"] if make is network else system
            if operation is run_it:
                assert each.t.magnitude[-1] == system.t.magnitude, place
                assert np.array_equal(each.v.magnitude[-1], pop.v.magnitude), place
            assert len(each.t) == len(each.v), place
        if taken not in allowed:
            allowed[taken] = future(after_some(make, operation, taken))
        assert future(system) == allowed[taken], f"interrupted at {place}"
        tried += 1
    assert tried > 20


def after_some(make, operation, taken):
    """A system that took some of an operation's steps, without interruption."""
    system = moved(loaded(make))
    if taken:
        wave = nm.signals.Sine(3.0, period=5 * ms)
        drive = {run_it: wave, run_with_function: 0.3, watch_it: 0.0}[operation]
        inputs = {"exc": drive} if make is network else drive
        nm.run(system, taken * system.dt, inputs=inputs)
    return system


@pytest.mark.parametrize("suffix", [".npz"])
def test_a_file_is_the_old_one_or_the_new_one(suffix, tmp_path):
    old, new = nm.run(nm.QIF(), 1 * ms), nm.run(nm.QIF(eta=-4.0), 2 * ms)
    path, line = tmp_path / f"trace{suffix}", 1
    new.save(tmp_path / "made-once.npz")
    (tmp_path / "made-once.npz").unlink()
    allowed = [bits(nm.load(saved(each, tmp_path / "x.npz"))) for each in (old, new)]
    (tmp_path / "x.npz").unlink()
    while True:
        old.save(path)
        with interrupted(line) as places, suppress(KeyboardInterrupt):
            new.save(path)
        assert bits(nm.load(path)) in allowed, places
        assert [each.name for each in tmp_path.iterdir()] == [path.name], places
        if not places:
            return
        line += 1


def saved(recording, path):
    recording.save(path)
    return path
