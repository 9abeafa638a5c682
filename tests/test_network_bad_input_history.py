"""Histories that a network cannot have, refused where they are given."""

import numpy as np
import pytest
from network_bad_samples import pair

import neuromass as nm
from neuromass.units import Hz, ms, mV

DT = 0.05 * ms
HISTORIES = {
    "no mapping": (5 * Hz, TypeError, "history is given by member"),
    "wrong unit": ({"exc": 5.0}, TypeError, "history of exc"),
    "wrong unit of a function": ({"exc": lambda t: t}, TypeError, "history of exc"),
    "unknown variable": ({"exc.w": 5 * Hz}, ValueError, "exc has no state or output 'w'"),
    "wrong shape": ({"inh": [1, 2] * Hz}, ValueError, r"values of the shape \(2,\).*\(3,\)"),
    "NaN": ({"exc": np.nan * Hz}, ValueError, "^history of exc must be finite"),
    "infinite": ({"inh": [1, np.inf, 2] * Hz}, ValueError, "^history of inh must be finite"),
    "text": ({"exc": "5"}, TypeError, "^history of exc"),
    "below the bound": ({"exc": -500 * Hz}, ValueError, "exc cannot be below 0 Hz, and -500 Hz is"),
    "one below": ({"inh": [1, -1, 2] * Hz}, ValueError, "inh cannot be below 0 Hz, and -1 Hz is"),
    "twice": ({"exc": 5 * Hz, "exc.r": 5 * Hz}, ValueError, r"history of exc\.r is given twice"),
    "NaN of a connection": ({"exc->inh": np.nan * Hz}, ValueError, "^history of exc->inh must be"),
    "unknown target": ({"exc->ihn": 5 * Hz}, ValueError, "no member 'ihn'; did you mean inh"),
}


@pytest.mark.parametrize(("history", "error", "message"), HISTORIES.values(), ids=HISTORIES)
def test_wrong_histories(history, error, message):
    with pytest.raises(error, match=message):
        pair(history=history)


FILTER = nm.synapses.Exponential()
CONNECTED = {
    "without a synapse": ({"exc->inh": 5 * Hz}, {}, ValueError, "no synapse.*history={'exc': "),
    "of another variable": (
        {"exc->inh": 5 * Hz},
        {"variable": "v", "J": None, "weight": 1.0},
        ValueError,
        r"no synapse.*history={'exc\.v': ",
    ),
    "wrong unit": ({"exc->inh": 5 * mV}, {"synapse": FILTER}, TypeError, "history of exc->inh"),
    "without a unit": ({"exc->inh": 5}, {"synapse": FILTER}, TypeError, "history of exc->inh"),
    "function of the wrong unit": (
        {"exc->inh": lambda t: 5 * mV},
        {"synapse": FILTER},
        TypeError,
        "history of exc->inh",
    ),
    "wrong unit of a gate": (
        {"exc->inh": 5 * mV},
        {"synapse": nm.synapses.Depression()},
        TypeError,
        "history of exc->inh",
    ),
    "wrong shape": (
        {"exc->inh": [1, 2] * Hz},
        {"synapse": FILTER},
        ValueError,
        r"history of exc->inh has values of the shape \(2,\)",
    ),
    "below the bound of the source": (
        {"exc->inh": -5 * Hz},
        {"synapse": FILTER},
        ValueError,
        "history of exc->inh cannot be below 0 Hz, and -5 Hz is",
    ),
}


@pytest.mark.parametrize(
    ("history", "options", "error", "message"), CONNECTED.values(), ids=CONNECTED
)
def test_a_wrong_history_of_a_connection_is_refused_with_it(history, options, error, message):
    net = pair(history=history)
    with pytest.raises(error, match=message):
        net.connect("exc", "inh", **{"J": 1.0, "delay": 1 * ms, **options})
    assert not net.connections
    other = pair()
    other.connect("exc", "inh", **{"J": 1.0, "delay": 1 * ms, **options})
    with pytest.raises(error, match=message):
        other.copy(history=history)


UNUSED = {
    "no connection": ({"inh": 1 * Hz}, "history of inh.r is not used: no connection with a delay"),
    "another variable": ({"exc.v": 1.0}, "history of exc.v is not used: no connection with a del"),
    "no delay": ({"exc->inh": 1 * Hz}, "history of exc->inh is not used: exc->inh has no delay"),
    "behind a synapse": (
        {"exc": 1 * Hz},
        "history of exc.r is not used: on exc->inh#2 a synapse .* history={'exc->inh#2': ",
    ),
}


@pytest.mark.parametrize(("history", "message"), UNUSED.values(), ids=UNUSED)
def test_a_history_that_nothing_carries_is_warned_of(history, message):
    net = pair(history=history)
    net.connect("exc", "inh", J=1.0, synapse=FILTER)
    net.connect("exc", "inh", J=1.0, delay=1 * ms, synapse=FILTER, name="exc->inh#2")
    for step in (net.update, lambda: nm.run(net, 1 * ms)):
        with pytest.warns(UserWarning, match=message):
            step()
        net.update()
        net.reset()


def test_a_history_of_a_connection_that_is_not_there_is_refused():
    for name in ("inh->exc", "exc->inh#7"):
        net = pair(history={name: 5 * Hz})
        net.connect("exc", "inh", J=1.0, delay=1 * ms)
        for step in (net.update, lambda net=net: nm.run(net, 1 * ms)):
            with pytest.raises(ValueError, match=f"no connection '{name}'.*before the first step"):
                step()
        assert net.t.magnitude == 0


def test_a_history_is_checked_as_far_as_it_is_needed():
    for past, message in (
        (lambda t: (5 if t > -0.5 * ms else -3) * Hz, "history of exc.r cannot be below 0 Hz"),
        (lambda t: (5 if t > -0.5 * ms else np.nan) * Hz, "history of exc"),
    ):
        net = pair(history={"exc": past})
        net.connect("exc", "inh", J=1.0, delay=1 * ms)
        with pytest.raises(ValueError, match=message):
            net.update()
        assert net.t.magnitude == 0


def test_a_history_for_a_copy_after_steps_is_warned_of():
    net = pair()
    net.connect("exc", "inh", J=1.0, delay=1 * ms)
    net.copy(history={"exc": 90 * Hz}).update()
    nm.run(net, 10 * DT)
    net.copy(history=None).update()
    with pytest.warns(UserWarning, match=r"first step, and 10 were taken: .* after reset\(\)"):
        other = net.copy(history={"exc": 90 * Hz})
    nm.run(other, 1 * ms)
    other.reset()
    used = nm.run(other, 0.5 * ms, record={"inh": "I_ext"})["inh"].I_ext.magnitude[1:]
    np.testing.assert_allclose(used, 0.01 * 90, rtol=1e-12)
