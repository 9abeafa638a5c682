"""What is wrong fails where it is written, and says what to write; nothing changes."""

import pickle
import re

import numpy as np
import pytest
from network_bad_samples import pair
from scipy import sparse

import neuromass as nm
from neuromass.units import Hz, metre, mm, ms, mV, nS, pA, second


def other_models():
    dt = 0.05 * ms
    made = {
        "izh": nm.IzhikevichMeanField(dt=dt),
        "jr": nm.JansenRit(dt=dt),
        "wc": nm.WilsonCowan(dt=dt),
    }
    return nm.Network({**made, "qif": nm.QIF(dt=dt)})


A = sparse.csr_matrix(np.ones((3, 1)))
CONNECT = {
    "neither": ({}, ValueError, "give exactly one of J and weight"),
    "both": ({"J": 1.0, "weight": 1 * ms}, ValueError, "give exactly one of J and weight"),
    "weight of the wrong unit": (
        {"weight": 1 * mV},
        TypeError,
        "exc->inh: .* A weight in ms would fit",
    ),
    "weight without a unit": ({"weight": 3.0}, TypeError, "A weight in ms would fit"),
    "sparse weight without a unit": (
        {"weight": A},
        TypeError,
        r"The unit of a sparse matrix comes first: \(16 \* ms\) \* A",
    ),
    "sparse weight of the wrong unit": ({"weight": mV * A}, TypeError, "A weight in ms would fit"),
    "J with a unit": (
        {"J": 1 * ms},
        TypeError,
        "^exc->inh: J needs a plain number, for example 1; it",
    ),
    "NaN": ({"J": [1.0, np.nan, 2.0]}, ValueError, "^exc->inh: J must be finite"),
    "infinite": ({"J": A * np.inf}, ValueError, "^exc->inh: J must be finite"),
    "text": ({"J": "strong"}, TypeError, "^exc->inh: J needs a plain number"),
    "wrong shape": ({"J": np.ones((1, 3))}, ValueError, r"\[target, source\] it needs \(3, 1\)"),
    "wrong sparse shape": ({"J": A.T}, ValueError, r"\[target, source\] it needs \(3, 1\)"),
    "wrong number": ({"J": [1.0, 2.0]}, ValueError, r"^exc->inh: J has the shape \(2,\)"),
    "negative delay": (
        {"J": 1.0, "delay": -1 * ms},
        ValueError,
        "^exc->inh: delay must not be negative, and -1 ms is",
    ),
    "delay of the wrong unit": ({"J": 1.0, "delay": 3 * mV}, TypeError, "^exc->inh: delay needs a"),
    "delay without a unit": ({"J": 1.0, "delay": 3.0}, TypeError, "delay needs a time"),
    "NaN delay": ({"J": 1.0, "delay": np.nan * ms}, ValueError, "^exc->inh: delay must be"),
    "delay of a wrong shape": (
        {"J": 1.0, "delay": [1, 2] * ms},
        ValueError,
        "^exc->inh: delay has",
    ),
    "delay matrix of a wrong shape": (
        {"J": 1.0, "delay": np.ones((1, 3)) * ms},
        ValueError,
        r"^exc->inh: delay has the shape \(1, 3\); as a matrix",
    ),
    "delay shorter than dt": (
        {"J": 1.0, "delay": [1, 0.02, 1] * ms},
        ValueError,
        r"^exc->inh: the delay to lane 1 from lane 0 is 0\.02 ms, shorter than the step.*lift it",
    ),
    "delay and distances": (
        {"J": 1.0, "delay": 1 * ms, "distances": 1 * mm, "speed": 1 * mm / ms},
        ValueError,
        "^exc->inh: give either delay, or",
    ),
    "distances alone": ({"J": 1.0, "distances": 1 * mm}, ValueError, "^exc->inh: .*given together"),
    "speeds of another shape": (
        {"J": 1.0, "distances": [[1], [2], [3]] * mm, "speed": [1, 2] * mm / ms},
        ValueError,
        r"^exc->inh: speed has the shape \(2,\); .* the shape \(3, 1\) of the distances",
    ),
    "speeds that fit no lanes": (
        {"J": 1.0, "distances": 1 * mm, "speed": [1, 2] * mm / ms},
        ValueError,
        r"^exc->inh: speed has the shape \(2,\)",
    ),
    "distances of a wrong shape": (
        {"J": 1.0, "distances": [1, 2] * mm, "speed": 1 * mm / ms},
        ValueError,
        r"^exc->inh: distances has the shape \(2,\)",
    ),
    "speeds of sparse distances": (
        {"J": 1.0, "distances": mm * A, "speed": [1, 2, 3] * mm / ms},
        ValueError,
        "^exc->inh: speed is one value where distances are a sparse matrix",
    ),
    "absurd delay": ({"J": 1.0, "delay": 1e9 * ms}, ValueError, "^exc->inh: .* would take 240 GB"),
    "more absurd delay": ({"J": 1.0, "delay": [1, 1e300, 1] * ms}, ValueError, "would take .* GB"),
    "speed of 0": (
        {"J": 1.0, "distances": 1 * mm, "speed": 0 * mm / ms},
        ValueError,
        "^exc->inh: speed must be positive",
    ),
    "distances of the wrong unit": (
        {"J": 1.0, "distances": 1 * ms, "speed": 1 * mm / ms},
        TypeError,
        "^exc->inh: distances needs a length",
    ),
    "negative distances": (
        {"J": 1.0, "distances": -1 * mm, "speed": 1 * mm / ms},
        ValueError,
        "^exc->inh: distances must not be negative",
    ),
    "speed of the wrong unit": (
        {"J": 1.0, "distances": 1 * mm, "speed": 5 * metre},
        TypeError,
        "^exc->inh: speed needs a speed",
    ),
    "no synapse": (
        {"J": 1.0, "synapse": 5 * ms},
        TypeError,
        r"synapse is .*such as nm.synapses.Exponential\(5 \* ms\), not Quantity",
    ),
    "a class of synapses": (
        {"J": 1.0, "synapse": nm.synapses.Alpha},
        TypeError,
        r"synapse is one of nm\.synapses .*not the class Alpha; write Alpha\(\)",
    ),
    "unknown variable": (
        {"J": 1.0, "variable": "rr"},
        ValueError,
        "exc has no state or output 'rr'; did you mean r",
    ),
    "unknown input": (
        {"J": 1.0, "input": "I_xet"},
        ValueError,
        "inh has no input 'I_xet'; did you mean I_ext",
    ),
    "J of a potential": (
        {"J": 1.0, "variable": "v"},
        ValueError,
        "Give weight=... as a plain number instead",
    ),
}


@pytest.mark.parametrize(("options", "error", "message"), CONNECT.values(), ids=CONNECT)
def test_a_wrong_connection_is_refused(options, error, message):
    net = pair()
    with pytest.raises(error, match=message):
        net.connect("exc", "inh", **options)
    assert not net.connections
    nm.run(net, 1 * ms)


UNITS = {
    "rate to current": ("qif", "izh", {}, "pA*ms"),
    "potential to current": ("izh", "izh", {"variable": "v"}, "nS"),
    "eeg to rate": ("jr", "jr", {}, "1/(ms*mV)"),
    "activity to activity": ("wc", "wc", {}, ""),
    "rate to rate": ("qif", "jr", {}, ""),
    "potential to none": ("jr", "qif", {}, "1/mV"),
}


@pytest.mark.parametrize(("source", "target", "options", "fits"), UNITS.values(), ids=UNITS)
def test_the_error_says_which_unit_would_fit(source, target, options, fits):
    net = other_models()
    with pytest.raises(TypeError) as caught:
        net.connect(source, target, weight=1 * second * nS**2, **options)
    found = re.search(r"A weight in (.*) would fit|needs a plain number", str(caught.value))
    assert found is not None
    assert sorted(re.findall(r"\w+", found[1] or "")) == sorted(re.findall(r"\w+", fits))
    advice = "in" if fits else "as a plain number"
    with pytest.raises(ValueError, match=rf"J needs a rate.*Give weight=\.\.\. {advice} "):
        net.connect(source, target, J=1.0, **options)


def test_only_a_connection_of_the_network_can_be_taken_away():
    net, other = pair(), pair()
    for each in (net, other):
        each.connect("exc", "inh", J=1.0)
    for given in ("exc->ihn", "exc", other["exc->inh"], ["exc->inh"], None):
        with pytest.raises(ValueError, match="The network has no connection"):
            net.disconnect(given)
    with pytest.raises(ValueError, match="did you mean exc->inh"):
        net.disconnect("exc->ihn")
    assert list(net.connections) == ["exc->inh"]


def test_a_matrix_is_needed_between_lanes_that_differ():
    net = pair()
    with pytest.raises(ValueError, match=r"from lanes \(3,\) to lanes \(\); give J as a matrix"):
        net.connect("inh", "exc", J=1.0)
    grids = nm.Network({"a": nm.QIF(shape=(2, 3)), "b": nm.QIF(shape=(3, 2))})
    with pytest.raises(ValueError, match=r"from lanes \(2, 3\) to lanes \(3, 2\)"):
        grids.connect("a", "b", J=1.0)


def test_members_are_given_by_name():
    net = pair()
    for ends, message in (
        ((net["exc"], "inh"), "source is the name of a member, not a QIF; write 'exc'"),
        (("exc", net["inh"]), "target is the name of a member, not a QIF; write 'inh'"),
        ((["exc"], "inh"), "source is the name of a member, not a list; write 'exc'"),
        (("exc", None), "target is the name of a member"),
        ((nm.QIF(), "inh"), "source is the name of a member, not a QIF; write 'exc'"),
    ):
        with pytest.raises(TypeError, match=message):
            net.connect(*ends, J=1.0)
    assert not net.connections


def test_unknown_members():
    net = pair()
    for call in (
        lambda: net.connect("ecx", "inh", J=1.0),
        lambda: net.connect("inh", "ecx", J=1.0),
        lambda: net.update({"ecx": 1.0}),
        lambda: nm.run(net, 1 * ms, inputs={"ecx": 1.0}),
        lambda: nm.run(net, 1 * ms, inputs={"ecx.I_ext": 1.0}),
        lambda: nm.run(net, 1 * ms, record="ecx.r"),
        lambda: nm.run(net, 1 * ms, record={"ecx": "r"}),
        lambda: nm.Network({"exc": nm.QIF()}, history={"ecx": 1 * Hz}),
    ):
        with pytest.raises(ValueError, match=r"no member .*'ecx'; did you mean exc"):
            call()
    with pytest.raises(KeyError, match="did you mean exc"):
        net["ecx"]
    assert net.t.magnitude == 0


INPUTS = {
    "unknown input": (
        {"exc.I_xet": 1.0},
        ValueError,
        "exc has no input 'I_xet'; did you mean I_ext",
    ),
    "unknown input of a mapping": ({"exc": {"I": 1.0}}, ValueError, "exc has no input 'I'"),
    "twice": ({"exc": 1.0, "exc.I_ext": 2.0}, ValueError, r"exc\.I_ext is given twice"),
    "twice, once in a mapping": (
        {"exc.I_ext": 2.0, "exc": {"I_ext": 1.0}},
        ValueError,
        "given twice",
    ),
    "no mapping": (3.0, TypeError, "inputs of a network are given by member"),
    "wrong unit": ({"exc": 1 * mV}, TypeError, r"^exc\.I_ext needs"),
    "wrong shape": ({"inh": np.ones(2)}, ValueError, "I_ext"),
    "NaN": ({"inh": np.nan}, ValueError, r"^inh\.I_ext must be finite"),
}


@pytest.mark.parametrize(("inputs", "error", "message"), INPUTS.values(), ids=INPUTS)
def test_wrong_inputs(inputs, error, message):
    net = pair()
    with pytest.raises(error, match=message):
        net.update(inputs)
    with pytest.raises(error, match=message):
        nm.run(net, 1 * ms, inputs=inputs)
    assert net.t.magnitude == 0


def test_inputs_of_a_step_are_named_by_member():
    net = pair()
    for step, inputs, error, message in (
        (net.update, {"inh": [1.0, 2.0]}, ValueError, r"^inh\.I_ext has the shape \(2,\)"),
        (net.advance, {"inh": [1.0, 2.0]}, ValueError, r"^inh\.I_ext has the shape \(2,\)"),
        (net.advance, {"inh": np.nan}, ValueError, r"^inh\.I_ext must be finite"),
        (net.advance, {"exc": 1 * mV}, TypeError, r"^exc\.I_ext: advance takes plain numbers"),
    ):
        with pytest.raises(error, match=message):
            step(inputs)
    assert net.t.magnitude == 0


def test_a_member_with_several_inputs_takes_them_by_name():
    net = other_models()
    with pytest.raises(ValueError, match=r"wc has the inputs P, Q; write 'wc\.P'"):
        net.update({"wc": 1.0})
    net.update({"wc": {"P": 1.0}, "jr": 200 * Hz, "izh": 30 * pA})
    with pytest.raises(TypeError, match="internal units"):
        net.advance({"izh": 30 * pA})


RECORD = {
    "unknown name": ("exc.rr", ValueError, "exc has no 'rr'; did you mean r"),
    "twice": (("exc.r", "exc"), ValueError, "names exc.r twice"),
    "a connection that is not there": (
        "exc->ihn",
        ValueError,
        "no member or connection 'exc->ihn'",
    ),
    "a name that none has": ("rr", ValueError, "none of them has such a value; did you mean r"),
    "a member misspelt": ("ecx", ValueError, "no member or connection 'ecx'.*did you mean exc"),
    "a number": (3, TypeError, "record"),
    "a number for a member": (
        {"exc": 5},
        TypeError,
        r"record\['exc'\] takes names.*not 5; record=",
    ),
    "None for a member": ({"exc": None}, TypeError, r"record\['exc'\] takes names.*not None"),
    "nothing of a stranger": ({"ecx": ()}, ValueError, "no member .*'ecx'; did you mean exc"),
}


@pytest.mark.parametrize(("record", "error", "message"), RECORD.values(), ids=RECORD)
def test_wrong_records(record, error, message):
    net = pair()
    net.connect("exc", "inh", J=1.0)
    with pytest.raises(error, match=message):
        nm.run(net, 1 * ms, record=record)
    with pytest.raises(error, match=message), nm.record(net, names=record):
        pass
    net.update()
    assert net.t.magnitude == 0.05


def stepped(pop):
    pop.update(1.0)
    return pop


MEMBERS = {
    "no mapping": (lambda: [nm.QIF()], TypeError, "by name"),
    "none": (dict, TypeError, "by name"),
    "no population": (lambda: {"a": 3.0}, TypeError, "a must be a population"),
    "a class": (lambda: {"a": nm.QIF}, TypeError, "a must be a population"),
    "a name with a dot": (lambda: {"a.b": nm.QIF()}, ValueError, "no name for a member"),
    "an arrow": (lambda: {"a->b": nm.QIF()}, ValueError, "no name for a member"),
    "another dt": (
        lambda: {"a": nm.QIF(), "b": nm.QIF(dt=0.1 * ms)},
        ValueError,
        "b has dt = 0.1 ms, but a has 0.05 ms",
    ),
    "almost the same dt": (
        lambda: {"a": nm.QIF(), "b": nm.QIF(dt=0.0500000001 * ms)},
        ValueError,
        "b has dt",
    ),
    "another method": (
        lambda: {"a": nm.QIF(), "b": nm.QIF(method="euler")},
        ValueError,
        "b has method = euler, but a has heun",
    ),
    "another time": (
        lambda: {"a": nm.QIF(), "b": stepped(nm.QIF())},
        ValueError,
        "b has t = 0.05 ms, but a has 0 ms",
    ),
}


@pytest.mark.parametrize(("make", "error", "message"), MEMBERS.values(), ids=MEMBERS)
def test_wrong_members(make, error, message):
    with pytest.raises(error, match=message):
        nm.Network(make())


def test_names_of_members_are_almost_free():
    net = nm.Network({"é": nm.QIF(), "a-b": nm.QIF(), "layer_2": nm.QIF()})
    net.connect("a-b", "é", J=1.0, delay=1 * ms)
    assert net.update() == {name: each.r for name, each in net.members.items()}
    for name in ("a.b", "a b", "a>b", "a/b", "a#2", "", 3):
        with pytest.raises(ValueError, match="text without dots, spaces, >, / and #"):
            nm.Network({name: nm.QIF()})


SET = {
    "seed": "seed of a network cannot be set; make a copy that has another, copy\\(seed=",
    "coupling": "copy\\(coupling=",
    "dt": "copy\\(dt=",
    "method": "copy\\(method=",
    "history": "copy\\(history=",
    "couplng": "no 'couplng' to set; did you mean coupling",
    "exc": "exc is a member, which stays",
    "t": "t of a network cannot be set",
    "connect": "connect of a network cannot be set",
}


@pytest.mark.parametrize(("name", "message"), SET.items(), ids=SET)
def test_a_network_takes_no_attributes(name, message):
    net = pair()
    before = dict(vars(net))
    with pytest.raises(AttributeError, match=message):
        setattr(net, name, "held")
    assert vars(net) == before


def test_the_seed_of_a_network_can_be_read():
    make = lambda: nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)})
    net = nm.Network({"a": make()}, seed=7)
    assert nm.Network({"a": make()}).seed is None
    assert net.seed == net.copy().seed == pickle.loads(pickle.dumps(net)).seed == 7
    assert net.copy(seed=8).seed == 8


def test_a_population_is_in_one_network_under_one_name():
    pop = nm.QIF()
    with pytest.raises(ValueError, match="under another name"):
        nm.Network({"a": pop, "b": pop})
    pop.update(1.0)
    net = nm.Network({"a": pop})
    with pytest.raises(ValueError, match=r"a is in a network already.*copy.*release"):
        nm.Network({"a": pop})
    net.release()
    other = nm.Network({"a": pop})
    del other
    nm.Network({"a": pop.copy()})


def test_a_population_that_is_being_recorded_joins_no_network():
    pop = nm.QIF()
    with (
        pytest.raises(RuntimeError, match=r"a is being recorded by nm\.record; put it into"),
        nm.record(pop),
    ):
        nm.Network({"a": pop})


def test_options_of_a_network():
    for options, message in (
        ({"coupling": "hold"}, "one of 'full', 'held', not 'hold'; did you mean 'held'"),
        ({"short_delays": True}, "short_delays must be one of None, 'dt'"),
        ({"seed": -1}, "seed must lie between"),
    ):
        with pytest.raises(ValueError, match=message):
            nm.Network({"a": nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)})}, **options)


def test_a_member_is_stepped_by_its_network_alone():
    exc = nm.QIF()
    net = nm.Network({"exc": exc})
    for call in (
        lambda: exc.update(1.0),
        lambda: exc.advance(1.0),
        lambda: nm.run(exc, 1 * ms),
        exc.reset,
        lambda: exc.restore(exc.snapshot()),
        lambda: nm.record(exc).__enter__(),
    ):
        with pytest.raises(RuntimeError, match="member of a network"):
            call()
    net.update({"exc": 1.0})
    assert exc.t == net.t


def test_a_recorded_network_is_stepped_by_hand_alone():
    net = pair()
    saved = net.snapshot()
    with nm.record(net) as rec:
        for call in (
            lambda: nm.run(net, 1 * ms), net.reset, lambda: net.restore(saved),
            lambda: nm.record(net).__enter__(), lambda: net.disconnect("exc->inh"),
        ):  # fmt: skip
            with pytest.raises(RuntimeError, match=r"being recorded by nm\.record"):
                call()
        net.update()
    nm.run(net, 1 * ms)
    assert len(rec["exc"]) == 2


def test_snapshots_of_other_networks():
    net, other = pair(), pair()
    other.connect("exc", "inh", J=1.0)
    with pytest.raises(ValueError, match="other members or connections"):
        net.restore(other.snapshot())
    net.connect("exc", "inh", J=1.0, synapse=nm.synapses.Alpha())
    with pytest.raises(ValueError, match="exc->inh carries something else, or has another synapse"):
        net.restore(other.snapshot())
    with pytest.raises(TypeError, match="snapshot of a network"):
        net.restore(net["exc"].snapshot())


def test_a_snapshot_that_the_network_cannot_run_is_refused():
    lifted, net = pair(short_delays="dt"), pair()
    lifted.connect("exc", "inh", J=1.0, delay=0.02 * ms)
    net.connect("exc", "inh", J=2.0, delay=1 * ms)
    with pytest.raises(ValueError, match=r"exc->inh: the delay .* shorter than the step"):
        net.restore(lifted.snapshot())
    assert (net["exc->inh"].J, net["exc->inh"].delay) == (2.0, 1 * ms)
    net.update()


def test_a_coupling_twice_is_warned_of():
    net = nm.Network({"pop": nm.QIF(J=15.0)})
    with pytest.warns(UserWarning, match="recurrent coupling of its own, J = 15, to which"):
        net.connect("pop", "pop", J=1.0)
    nm.Network({"pop": nm.QIF()}).connect("pop", "pop", J=1.0)


def test_the_same_noise_twice_is_warned_of():
    make = lambda **options: nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)}, **options)
    with pytest.warns(UserWarning, match="a and b have the same seed, 1, .*same noise on v"):
        nm.Network({"a": make(seed=1), "b": make(seed=1)})
    with pytest.warns(UserWarning, match="the same seed"):
        nm.Network({"a": make(seed=1, shape=5), "b": make(seed=1, lane=4)})
    nm.Network({"a": make(seed=1, shape=5), "b": make(seed=1, lane=5), "c": make(seed=2)})
    nm.Network({"a": make(), "b": make()}, seed=1)


def test_a_run_of_a_network_says_what_is_wrong_with_it():
    net = pair()
    for options, error, message in (
        ({"duration": 0.07 * ms}, ValueError, "no multiple of dt"),
        ({"duration": 1 * ms, "every": 3}, ValueError, "every = 3 does not divide"),
        ({"duration": 1.0}, TypeError, "duration needs a time"),
    ):
        with pytest.raises(error, match=message):
            nm.run(net, **options)
