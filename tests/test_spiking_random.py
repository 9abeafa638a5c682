"""Networks of random make: every way of taking steps gives the same bits and the same spikes."""

import pickle

import numpy as np
import pytest
from samples import QIFu
from test_spiking import everything

import neuromass as nm
from neuromass.units import ms

MODELS = [
    nm.QIF, nm.QIFAdaptation, nm.QIFAlphaAdaptation, nm.QIFDepression, nm.QIFTsodyksMarkram,
    nm.QIFGapJunction, QIFu, nm.QIFSynaptic, nm.QIFConductance,
]  # fmt: skip


def made(rng):
    """A network of random options."""
    model = MODELS[rng.integers(9)]
    count = int(rng.choice([1, 2, 17, 300, 1500]))
    options = {
        "model": model,
        "eta": float(rng.uniform(-6, 4)),
        "delta": float(rng.uniform(0, 2)),
        "distribution": str(rng.choice(["lorentzian", "gaussian", "uniform"])),
        "draw": str(rng.choice(["quantiles", "random"])),
        "dt": 0.01 * ms,
        "window": int(rng.integers(2, 60)) * 0.01 * ms,
        "threshold": float(rng.choice([np.inf, 100.0])),
        "threads": int(rng.integers(1, 4)),
        "seed": int(rng.integers(1000)),
        "spikes_of": int(rng.integers(1, count + 1)),
    }
    if "J" in model.model.parameters:
        options["J"] = float(rng.uniform(-15, 15))
    if rng.random() < 0.5:
        options["connectivity"] = int(rng.integers(1, count + 1))
    kinds = [nm.noise.White(0.3 * ms**0.5), nm.noise.OrnsteinUhlenbeck(0.5, 2 * ms)]
    if rng.random() < 0.5:
        options["noise"] = {"I_ext": kinds[rng.integers(2)]}
    if rng.random() < 0.5:
        options["neuron_noise"] = kinds[rng.integers(2)]
    return nm.spiking.QIFNetwork(count, **options)


def told(rec):
    """All that was recorded, as bytes."""
    traces = [np.asarray(rec[name].magnitude).tobytes() for name in rec.names]
    return traces, rec.spikes.times.tobytes(), rec.spikes.neurons.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_all_ways_of_stepping_agree(seed):
    rng = np.random.default_rng(seed)
    net = made(rng)
    steps, every = 240, int(rng.choice([1, 3, 8]))
    drive = nm.signals.Sine(float(rng.uniform(0, 6)), frequency=200 * nm.units.Hz)
    names = ("r", "v", "R", "I_ext", "spikes")
    average = bool(rng.random() < 0.5)
    start, first = net.snapshot(), net.copy(threads=1)
    options = {"record": names, "every": every, "average": average}

    whole = nm.run(net, steps * net.dt, drive, **options)
    again = nm.run(first, steps * net.dt, drive, **options)
    assert told(again) == told(whole)
    assert everything(first) == everything(net)

    first.restore(start)
    lengths = every, 2 * every, steps - 3 * every
    parts = [nm.run(first, n * net.dt, drive, **options) for n in lengths]
    joined = nm.concatenate(parts)
    assert told(joined) == told(whole)
    assert everything(first) == everything(net)

    hand = pickle.loads(pickle.dumps(first))
    hand.restore(start)
    with nm.record(hand, every=every, names=names) as rec:
        for value in drive.means(0, steps, 0.01):
            hand.update(float(value))
    assert everything(hand) == everything(net)
    assert rec.spikes.times.tobytes() == whole.spikes.times.tobytes()
    inside = (whole.spikes.times >= 0.0) & (whole.spikes.times <= 2.4 + 1e-9)
    assert np.all(inside)
