"""Networks of every model, of several inputs and outputs, and of models used as written."""

import numpy as np
import pytest
from network_samples import DT, KICKED, drive, qif
from samples import Relay, bits

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA

MODELS = (
    "QIFAdaptation", "QIFAlphaAdaptation", "QIFDepression", "QIFTsodyksMarkram", "QIFSynaptic",
    "QIFGapJunction", "QIFConductance", "IzhikevichMeanField", "WilsonCowan", "JansenRit",
)  # fmt: skip


# -------------------------------------------------------- other models and variables


def test_any_output_goes_to_any_input():
    """An output that is no state, two inputs with units, and a weight that joins their units."""
    made = {"one": Relay(dt=DT * ms), "pop": qif(), "eeg": nm.JansenRit(dt=DT * ms)}
    net = nm.Network(made)
    net.connect("one", "pop", weight=0.3)
    net.connect("pop", "one", weight=2 * pA / Hz, input="current")
    net.connect("pop", "one", weight=0.4, input="drive", delay=0.3 * ms)
    net.connect("eeg", "pop", weight=0.1 / mV)
    net.connect("eeg", "one", weight=1 * pA / mV, variable="eeg", delay=1 * ms)
    parameters = {name: float(each.magnitude) for name, each in made["one"].parameters.items()}
    assert parameters["C"] == 100.0
    record = {"one": ("current", "drive", "above", "v"), "pop": ("I_ext", "r"), "eeg": ("eeg",)}
    rec = nm.run(net, 3 * ms, inputs={"eeg": 220 / 1000 / ms, "one.drive": 5 * Hz}, record=record)
    above, eeg = rec["one"].above.magnitude, rec["eeg"].eeg.magnitude
    # what a step uses at its start is what the samples before it have
    expected = 0.3 * above + 0.1 * eeg
    np.testing.assert_allclose(rec["pop"].I_ext.magnitude[1:], expected[:-1], rtol=1e-12)
    r = rec["pop"].array("r", Hz)
    late = np.concatenate([np.full(20, eeg[0]), eeg])[: len(eeg)]
    np.testing.assert_allclose(
        rec["one"].current.magnitude[1:], (2 * r + late)[:-1], rtol=1e-10, atol=1e-12
    )
    drive_used = rec["one"].array("drive", Hz)[1:]
    late = np.concatenate([np.full(6, r[0]), r])[: len(r)]
    np.testing.assert_allclose(drive_used, (5 + 0.4 * late)[:-1], rtol=1e-12)
    assert np.ptp(above) > 0
    assert np.ptp(eeg) > 0


def test_a_model_that_is_used_as_it_is_written():
    class Branched(nm.Population):
        tau = nm.Parameter(10 * ms, positive=True)
        x = nm.State(1.0)
        push = nm.Input()

        @staticmethod
        def derivatives(x, push, tau):
            level = 1.0
            for _ in range(int(abs(x)) + 1):
                level = level * 0.5
            return ((push * level - x) / tau,)

    alone, member = Branched(dt=DT * ms), Branched(dt=DT * ms)
    net = nm.Network({"a": member, "b": qif(), "c": qif({"v": KICKED})})
    nm.run(net, 3 * ms, inputs={"a": drive})
    nm.run(alone, 3 * ms, inputs=drive)
    assert alone.raw.x == member.raw.x != 1.0


# ------------------------------------------------------------------ every model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("noisy", [False, True])
def test_every_model_is_itself_in_a_network(name, noisy):
    """Lower bounds that are parameters, exp, several inputs and outputs included."""
    model = getattr(nm, name)
    first = next(iter(model.model.inputs))
    measure = model.model.inputs[first].measure
    source = nm.noise.OrnsteinUhlenbeck(measure.quantity(0.01), 5 * ms)
    options = {"noise": {first: source} if noisy else None, "shape": 3, "dt": DT * ms, "seed": 2}
    record = (*model.model.states, *model.model.inputs, *model.model.outputs)
    lone, net = model(**options), nm.Network({"pop": model(**options)})
    rec = nm.run(lone, 3 * ms, record=record)
    assert bits(nm.run(net, 3 * ms, record={"pop": record})["pop"]) == bits(rec)


def test_a_bound_that_is_a_parameter_holds_in_a_network():
    izh = nm.IzhikevichMeanField(dt=DT * ms, shape=2)
    net = nm.Network({"pop": qif(), "izh": izh})
    with pytest.raises(nm.SimulationError, match=r"izh\[0\]: v falls below v_r = -60 mV"):
        nm.run(net, 100 * ms, inputs={"izh": -2000 * pA})
