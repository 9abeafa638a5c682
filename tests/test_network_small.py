"""A small network runs in a loop made for its wiring: the same bits as the loop over tiles."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import neuromass as nm
from neuromass.networks import unrolled
from neuromass.networks.tiled import TiledArrays
from neuromass.networks.unrolled import UnrolledArrays
from neuromass.units import Hz, ms, mV

DT = 0.1
NOISES = (
    {},
    {"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms)},
    {"v": nm.noise.White(0.1 / ms**0.5), "I_ext": nm.noise.White(0.2 * ms**0.5)},
)
SYNAPSES = (
    None,
    nm.synapses.Exponential(5 * ms),
    nm.synapses.Alpha(3 * ms),
    nm.synapses.DoubleExponential(1 * ms, 4 * ms),
    nm.synapses.Depression(0.5, 100 * ms),
    nm.synapses.TsodyksMarkram(200 * ms, 300 * ms, 0.3),
)
DELAYS = (None, 0.1, 0.3, 1.0, 1.73, 2.5)


@st.composite
def networks(draw):
    """What a network is made of: members, connections, options."""
    method = draw(st.sampled_from(["heun", "euler"]))
    members = {}
    for name in "abc"[: draw(st.integers(1, 3))]:
        kind = draw(st.sampled_from(["QIF", "QIFSynaptic", "QIFAdaptation"]))
        noise = draw(st.sampled_from(NOISES))
        members[name] = kind, draw(st.sampled_from([None, 2])), noise
    connections = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(members)), st.sampled_from(sorted(members)),
                st.sampled_from(SYNAPSES), st.sampled_from(DELAYS),
                st.floats(-3, 3).filter(lambda J: J != 0),
            ),
            max_size=3,
        )
    )  # fmt: skip
    return members, connections, method, draw(st.sampled_from(["full", "held"]))


def built(recipe):
    members, connections, method, coupling = recipe
    made = {
        name: getattr(nm, kind)(
            eta=-4.0 + 0.5 * number, shape=shape, noise=noise, seed=number, dt=DT * ms,
            method=method, initial={"r": (5 + number) * Hz, "v": -1.5},
        )
        for number, (name, (kind, shape, noise)) in enumerate(members.items())
    }  # fmt: skip
    net = nm.Network(made, coupling=coupling)
    for number, (source, target, synapse, delay, J) in enumerate(connections):
        strength = J * np.ones((made[target].shape or (1,)) + (made[source].shape or (1,)))
        net.connect(
            source, target, J=strength, synapse=synapse, name=f"c{number}",
            delay=None if delay is None else delay * ms,
        )  # fmt: skip
    return net


def traced(net):
    """All that a run and single steps come to, bitwise."""
    first = next(iter(net))
    wave = nm.signals.Sine(2.0, frequency=40 * Hz)
    rec = nm.run(net, 6 * ms, inputs={first: wave}, record=dict.fromkeys(net, ("r", "v", "I_ext")))
    means = nm.run(net, 4 * ms, inputs={first: 3.0}, every=4, average=True)
    for _ in range(7):
        net.update({first: 1.5})
    rows = [each[name][key] for each in (rec, means) for name in net for key in each[name].names]
    bits = [row.magnitude.tobytes() for row in rows]
    return bits + [np.ravel(net[name].raw.v).tobytes() for name in net]


def in_tiles(monkeypatch):
    monkeypatch.setattr(unrolled, "MOST_LANES", 0)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(recipe=networks())
def test_both_forms_are_the_same_bits(recipe):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unrolled, "MOST_LANES", 24)
        small = built(recipe)
        found = traced(small)
        assert type(small.__system__().arrays()) is UnrolledArrays
        in_tiles(patch)
        tiled = built(recipe)
        assert traced(tiled) == found
        assert type(tiled.__system__().arrays()) is TiledArrays


MIXED = {
    "all models": lambda: nm.Network({
        "qif": nm.QIF(dt=DT * ms, noise=NOISES[2], seed=1),
        "wc": nm.WilsonCowan(dt=DT * ms), "jr": nm.JansenRit(dt=DT * ms),
        "cond": nm.QIFConductance(dt=DT * ms, initial={"r": 3 * Hz}),
    }),
    "outputs and gates": lambda: nm.Network({
        "jr": nm.JansenRit(dt=DT * ms), "qif": nm.QIF(dt=DT * ms, eta=3.0),
    }),
}  # fmt: skip


MOVING = {
    "all models": [("qif", "r"), ("wc", "E"), ("jr", "y1"), ("cond", "r")],
    "outputs and gates": [("jr", "y1"), ("qif", "v")],
}


def connected(net):
    if "wc" in net:
        net.connect("qif", "wc", input="P", weight=0.01 / Hz, delay=0.25 * ms)
        net.connect("wc", "qif", weight=2.0)
        net.connect("jr", "qif", weight=0.1 / mV, delay=1 * ms)
        net.connect("qif", "cond", weight=0.02 / Hz, synapse=SYNAPSES[3])
    else:
        net.connect("jr", "qif", weight=0.1 / mV)
        net.connect("qif", "jr", weight=2.0, synapse=SYNAPSES[5])
        net.connect("qif", "jr", weight=1.0, synapse=SYNAPSES[4], delay=0.5 * ms, name="late")
    return net


@pytest.mark.parametrize("kind", MIXED)
def test_mixed_networks_are_the_same_bits(kind, monkeypatch):
    small = connected(MIXED[kind]())
    rec = nm.run(small, 30 * ms)
    assert type(small.__system__().arrays()) is UnrolledArrays
    in_tiles(monkeypatch)
    tiled = connected(MIXED[kind]())
    other = nm.run(tiled, 30 * ms)
    assert type(tiled.__system__().arrays()) is TiledArrays
    for name in small:
        for key in rec[name].names:
            assert rec[name][key].magnitude.tobytes() == other[name][key].magnitude.tobytes()
    assert all(np.ptp(rec[name][key].magnitude) > 0 for name, key in MOVING[kind])


def test_outputs_are_recorded(monkeypatch):
    found = []
    for _ in range(2):
        net = connected(MIXED["outputs and gates"]())
        rec = nm.run(net, 10 * ms, record=("jr.eeg", "jr.p", "qif.r"), every=2)
        found.append([rec["jr"].eeg, rec["jr"]["p"], rec["qif"].r])
        in_tiles(monkeypatch)
    for one, other in zip(*found, strict=True):
        assert one.magnitude.tobytes() == other.magnitude.tobytes()


def test_correlated_noise_and_many_pairs_go_through_tiles():
    noise = {"v": nm.noise.White(0.1 / ms**0.5, correlation=[[1.0, 0.5], [0.5, 1.0]])}
    correlated = nm.Network({"a": nm.QIF(shape=2, noise=noise, seed=1)})
    crowd = nm.Network({"a": nm.QIF(shape=13)})
    for net in (correlated, crowd):
        net.update()
        assert type(net.__system__().arrays()) is TiledArrays


def test_a_failing_step_changes_nothing_and_names_the_lane():
    net = nm.Network({"a": nm.QIF(dt=DT * ms), "b": nm.QIF(shape=2, dt=DT * ms)})
    net.connect("a", "b", J=1.0, delay=0.3 * ms)
    nm.run(net, 2 * ms)
    before, clock = net.snapshot(), net.t
    with pytest.raises(nm.SimulationError, match=r"b\[1\]: v is no longer finite"):
        net.advance({"b": np.array([0.0, 1e308])})
    assert net.t == clock
    again = nm.run(net, 2 * ms)
    net.restore(before)
    assert nm.run(net, 2 * ms)["b"].v.magnitude.tobytes() == again["b"].v.magnitude.tobytes()
