"""Noise that neurons have in common, and noise that each has of its own."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms

TAU = 10.0
RATE = 2 * np.sqrt(4.0) / TAU
"""With which a neuron of excitability -4 returns to its resting potential, in 1/ms."""

WHITE = 0.05
COLOURED = 0.02
CORRELATION = 3.0


def quiet(count, **changes):
    """Neurons at rest, which small noise moves as a linear system."""
    options = {"eta": -4.0, "delta": 0.0, "initial": {"v": -2.0}, "dt": 0.02 * ms, "seed": 7}
    return nm.spiking.QIFNetwork(count, **{**options, **changes})


@pytest.mark.parametrize(
    ("noise", "variance"),
    [
        (nm.noise.White(WHITE * ms**0.5), (WHITE / TAU) ** 2 / (2 * RATE)),
        (
            nm.noise.OrnsteinUhlenbeck(COLOURED, CORRELATION * ms),
            (COLOURED / TAU) ** 2 * CORRELATION / (RATE * (1 + RATE * CORRELATION)),
        ),
    ],
)
def test_noise_of_each_neuron_has_its_variance_and_is_independent(noise, variance):
    count = 4000
    net = quiet(count, neuron_noise=noise)
    nm.run(net, 60 * ms, record=())
    V = net.potentials
    assert np.var(V) == pytest.approx(variance, rel=4 * np.sqrt(2 / count))
    assert abs(np.mean(V) + 2.0) < 4 * np.sqrt(variance / count)
    neighbours = np.corrcoef(V[:-1], V[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(count)


def test_common_noise_moves_all_neurons_alike():
    net = quiet(50, noise={"I_ext": nm.noise.OrnsteinUhlenbeck(0.5, 3 * ms)})
    rec = nm.run(net, 20 * ms, record=("v", "I_ext"))
    assert np.ptp(net.potentials) < 1e-12
    assert np.std(rec.array("v")) > 1e-3
    pop = net.mean_field()
    other = quiet(50, noise=net.noise).mean_field()
    drive = nm.run(other, 20 * ms, record="I_ext")
    assert np.array_equal(drive.array("I_ext"), rec.array("I_ext"), equal_nan=True)
    assert pop.noise == net.noise


def test_seeds_decide_the_noise():
    noise = nm.noise.White(0.5 * ms**0.5)
    found = []
    for seed in (1, 1, 2):
        net = quiet(20, neuron_noise=noise, seed=seed)
        nm.run(net, 5 * ms)
        found.append(net.potentials.tobytes())
    assert found[0] == found[1] != found[2]


def test_the_noise_of_a_neuron_does_not_depend_on_how_many_there_are():
    noise = nm.noise.OrnsteinUhlenbeck(0.5, 2 * ms)
    few, many = (quiet(n, neuron_noise=noise) for n in (3, 3000))
    for each in (few, many):
        nm.run(each, 5 * ms)
    assert np.array_equal(few.potentials, many.potentials[:3])


@pytest.mark.parametrize(
    ("noise", "error", "text"),
    [
        (nm.noise.White(0.5), TypeError, "neuron_noise.sigma"),
        (nm.noise.White([0.1, 0.2] * ms**0.5), ValueError, "one sigma and tau"),
        (nm.noise.OrnsteinUhlenbeck(0.5, 0 * ms), ValueError, "tau must be positive"),
        (nm.noise.White(0.1 * ms**0.5, correlation=np.eye(2)), ValueError, "independent for all"),
        ({"I_ext": nm.noise.White(0.1 * ms**0.5)}, TypeError, "must be White or Ornstein"),
    ],
)
def test_wrong_noise_is_refused(noise, error, text):
    with pytest.raises(error, match=text):
        quiet(10, neuron_noise=noise)
