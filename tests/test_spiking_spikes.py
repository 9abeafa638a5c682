"""Spikes of networks: which are recorded, kept, joined, exported and drawn."""

import math

import numpy as np
import pytest

import neuromass as nm
from neuromass.simulation import recorder
from neuromass.units import Hz, ms


def network(count=100, **changes):
    return nm.spiking.QIFNetwork(count, **{"eta": 2.0, "dt": 0.05 * ms, "seed": 1, **changes})


@pytest.fixture
def rec():
    return nm.run(network(), 100 * ms, record=("r", "v", "spikes"))


def test_every_spike_that_is_counted_is_there(rec):
    counts = rec.array("r", Hz)[8:] * 100 * 0.4 / 1000  # spikes in the window before each sample
    t = rec.t.magnitude
    k = 1000
    inside = np.sum((rec.spikes.times > t[k] - 0.4 + 1e-9) & (rec.spikes.times <= t[k] + 1e-9))
    assert counts[k - 8] == pytest.approx(inside)
    assert np.sum(counts[::8]) == pytest.approx(np.sum(rec.spikes.times <= t[2000 - 2000 % 8]))
    assert np.all(np.diff(rec.spikes.times) >= 0.0)
    assert set(np.diff(np.flatnonzero(rec.spikes.neurons >= 0))) == {1}


def test_a_spike_lies_within_its_step():
    """The potential passes infinity at the time that is recorded, and not at an end of the step."""
    net = nm.spiking.QIFNetwork(1, eta=4.0, delta=0.0, initial={"v": 0.0}, dt=1 * ms, window=2 * ms)
    (first, *_) = nm.run(net, 20 * ms, record="spikes").spikes.times
    assert first == pytest.approx(10 * (math.pi / 2) / 2, rel=1e-6)


def test_some_neurons_alone():
    every = nm.run(network(), 100 * ms, record="spikes").spikes
    few = nm.run(network(spikes_of=[3, 99, 50]), 100 * ms, record="spikes").spikes
    assert list(few.recorded) == [3, 50, 99]
    for neuron in (3, 50, 99):
        assert np.array_equal(few.of(neuron).magnitude, every.of(neuron).magnitude)
    assert len(few) == sum(len(every.of(neuron)) for neuron in (3, 50, 99))
    with pytest.raises(ValueError, match="neuron 4 were not recorded"):
        few.of(4)
    assert list(network(spikes_of=4).copy()._core.layout.recorded) == [12, 37, 62, 87]


def test_slices_and_joined_recordings(rec):
    net = network()
    parts = [nm.run(net, 40 * ms, record=("r", "v", "spikes")) for _ in range(2)]
    parts.append(nm.run(net, 20 * ms, record=("r", "v", "spikes")))
    joined = nm.concatenate(parts)
    assert np.array_equal(joined.spikes.times, rec.spikes.times)
    assert np.array_equal(joined.spikes.neurons, rec.spikes.neurons)
    cut = rec[20 * ms : 30 * ms].spikes
    inside = (rec.spikes.times >= 20) & (rec.spikes.times <= 30)
    assert np.array_equal(cut.times, rec.spikes.times[inside])
    with pytest.raises(ValueError, match="in some of the recordings"):
        nm.concatenate([parts[0], nm.run(net, 1 * ms, record=("r", "v"))])
    other = network(spikes_of=3)
    nm.run(other, 40 * ms)
    later = nm.run(other, 1 * ms, record=("r", "v", "spikes"))
    with pytest.raises(ValueError, match="different neurons"):
        nm.concatenate([parts[0], later])


def test_saved_and_loaded(rec, tmp_path):
    loaded = nm.load(rec.save(tmp_path / "spikes.npz"))
    for name in ("neurons", "times", "recorded", "excitabilities"):
        ours, theirs = getattr(rec.spikes, name), getattr(loaded.spikes, name)
        assert np.array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert repr(loaded) == repr(rec)
    without = nm.run(network(), 1 * ms)
    assert not hasattr(nm.load(without.save(tmp_path / "none.npz")), "spikes")


def test_spike_trains_as_a_frame(rec):
    frame = rec.spikes.to_dataframe()
    assert len(frame) == len(rec.spikes)
    trains = frame.groupby("neuron").t
    assert np.array_equal(trains.get_group(99).to_numpy(), rec.spikes.of(99).magnitude)
    assert frame.eta.max() == network().excitabilities[-1]
    few = nm.run(network(spikes_of=[99, 5]), 50 * ms, record="spikes").spikes.to_dataframe()
    assert set(few.eta) <= set(network().excitabilities[[5, 99]])


def test_memory_that_runs_out_stops_the_run_and_keeps_the_spikes(monkeypatch):
    monkeypatch.setattr(recorder, "_SMALL", 0)
    monkeypatch.setattr(recorder, "free_memory", lambda: 20_000.0)
    net = network()
    with pytest.raises(MemoryError, match="spikes_of=500") as stopped:
        nm.run(net, 1000 * 500 * ms, record=("spikes",), every=20 * 500)
    kept = stopped.value.recording.spikes
    assert len(kept) > 800
    assert kept.times[-1] <= net.t.magnitude


def test_the_order_parameter_is_that_of_all_phases():
    net = network(initial={"r": 30 * Hz, "v": 0.3})
    rec = nm.run(net, 20 * ms, record=("R", "Psi", "v"))
    phases = 2.0 * np.arctan(net.potentials)
    Z = np.mean(np.exp(1j * phases))
    assert net.kuramoto() == pytest.approx(Z, abs=1e-12)
    last = rec.array("R")[-1] * np.exp(1j * rec.array("Psi")[-1])
    assert last == pytest.approx(Z, abs=1e-12)
    W = (1 - Z.conjugate()) / (1 + Z.conjugate())
    assert float(net.v) == pytest.approx(W.imag, abs=1e-12)
    assert float(net.R) == pytest.approx(abs(Z), abs=1e-12)


def test_populations_have_no_spikes():
    with pytest.raises(ValueError, match="QIF has no 'spikes'"):
        nm.run(nm.QIF(), 1 * ms, record="spikes")
    with pytest.raises(AttributeError):
        _ = nm.run(network(), 1 * ms).spikes


# --------------------------------------------------------------------------- the raster


def dots(ax):
    return ax.lines[0].get_xydata()


def test_raster_over_the_rate_and_the_mean_field(rec):
    pop = network().mean_field()
    mean_field = nm.run(pop, 100 * ms)
    above, below = rec.plot_raster(mean_field)
    assert len(dots(above)) == len(rec.spikes)
    assert np.array_equal(dots(above)[:, 0], rec.spikes.times)
    assert np.array_equal(dots(above)[:, 1], rec.spikes.neurons)
    neurons, field = below.lines
    assert neurons.get_xdata()[0] == pytest.approx(-0.2)  # the middle of a window of 0.4 ms
    assert np.array_equal(field.get_ydata(), mean_field.array("r", Hz))
    assert [each.get_text() for each in below.get_legend().get_texts()] == [
        "100 neurons",
        "mean field",
    ]
    assert below.get_xlabel() == "t (ms)"
    assert above.get_xlim() == (0.0, 100.0)


def test_raster_orders_neurons_by_their_excitability():
    excitabilities = np.array([4.0, -1.0, 9.0, 1.0])
    net = nm.spiking.QIFNetwork(4, excitabilities=excitabilities, dt=0.05 * ms)
    rec = nm.run(net, 200 * ms, record=("r", "spikes"))
    found = dots(rec.plot_raster()[0])
    counts = [np.sum(found[:, 1] == rank) for rank in range(4)]
    assert counts == sorted(counts)
    assert counts[3] == len(rec.spikes.of(2))


def test_raster_shows_some_of_many(rec):
    from matplotlib import pyplot as plt

    axes = plt.subplots(2)[1]
    above, _ = rec.plot_raster(ax=axes, neurons=10)
    assert above is axes[0]
    assert len(np.unique(dots(above)[:, 1])) <= 10
    assert above.get_ylim() == (-0.5, 99.5)


def test_raster_refuses_what_it_cannot_draw(rec):
    with pytest.raises(ValueError, match=r"record=\('r', 'spikes'\)"):
        nm.run(network(), 1 * ms).plot_raster()
    with pytest.raises(TypeError, match="recording of the mean field"):
        rec.plot_raster(mean_field=nm.QIF())
    with pytest.raises(ValueError, match="single population"):
        rec.plot_raster(mean_field=nm.run(nm.QIF(shape=2), 1 * ms))
    with pytest.raises(ValueError, match="neurons must be at least 1"):
        rec.plot_raster(neurons=0)
