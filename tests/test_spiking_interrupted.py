"""Ctrl-C at any line: a network of neurons is as before or as after, to the last bit."""

import pickle
from contextlib import suppress

import pytest
from samples import interrupted
from test_spiking import everything, network

import neuromass as nm
from neuromass.units import Hz, ms

SMALL = pickle.dumps(network(8, dt=0.05 * ms))
SAVED = pickle.dumps(network(8, dt=0.05 * ms).snapshot())


def small():
    net = pickle.loads(SMALL)
    net.update()
    net.update()
    return net


def future(net):
    """State and future of a network, which takes some steps for it."""
    parameters = {name: each.magnitude for name, each in net.parameters.items()}
    now = everything(net), parameters
    with nm.record(net, names=("r", "v", "spikes")) as rec:
        net.update(2.0)
    nm.run(net, 20 * net.dt, 3.0)
    after = everything(net), rec.array("v").tobytes()
    net.reset()
    return now, after, everything(net)


OPERATIONS = {
    "set a state": lambda net: setattr(net, "v", -1.0),
    "set a parameter": lambda net: setattr(net, "tau", 12 * ms),
    "set both": lambda net: net.set(v=-1.0, r=8 * Hz, tau=12 * ms, eta=-4.0),
    "update": lambda net: net.update(2.0),
    "reset": lambda net: net.reset(),
    "restore": lambda net: net.restore(pickle.loads(SAVED)),
    "snapshot": lambda net: net.snapshot(),
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_network_is_as_before_or_as_after(operation):
    before, done = small(), small()
    operation(done)
    allowed = future(before), future(done)
    line, step = 1, 1
    while True:
        net = small()
        with interrupted(line) as places, suppress(KeyboardInterrupt):
            operation(net)
        if not places:
            break
        assert future(net) in allowed, places
        line, step = line + step, step + (line > 60)
    assert line > 3


def test_a_run_stops_at_a_whole_step_and_keeps_its_spikes():
    names = ("r", "v", "spikes")
    line, allowed = 1, {}
    while True:
        net = small()
        rec = None
        with interrupted(line) as places:
            try:
                nm.run(net, 200 * net.dt, 50.0, record=names)
            except KeyboardInterrupt as error:
                rec = error.recording if hasattr(error, "recording") else None
        if not places:
            break
        taken = net._core.clock - 2
        if taken not in allowed:
            other = small()
            whole = nm.run(other, taken * net.dt, 50.0, record=names) if taken else None
            allowed[taken] = whole, everything(other)
        whole, state = allowed[taken]
        assert everything(net) == state, places
        if rec is not None and whole is not None:
            assert rec.array("v").tobytes() == whole.array("v").tobytes(), places
        line += 1 + line // 40
