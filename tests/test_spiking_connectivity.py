"""Who gets whose spikes: all to all, so many drawn, a matrix; each against a naive twin."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

import neuromass as nm
from neuromass.units import Hz, ms, mV

TAU = 10.0


def network(count=60, **changes):
    options = {"eta": 0.0, "J": 10.0, "initial": {"r": 20 * Hz, "v": -0.5}, "dt": 0.02 * ms}
    return nm.spiking.QIFNetwork(count, **{**options, "seed": 1, **changes})


def twin(net, matrix, steps, drive=0.0):
    """Potentials after some steps, by the closed form written plainly."""
    V, eta = net.potentials, net.excitabilities
    h, J = 0.02 / TAU, float(net.J)
    arrived = np.outer([20e-3 * 0.02] * 2, matrix.sum(axis=1))
    spikes = []
    for k in range(steps):
        rate = (2 * arrived[1] - arrived[0]) / 0.02
        current = eta + J * TAU * rate + drive
        root = np.sqrt(np.abs(current))
        T = np.where(current > 0, np.tan(root * h), np.tanh(root * h)) / root
        fired = V * T > 1
        V = (V + current * T) / (1 - V * T)
        arrived = np.array([arrived[1], matrix @ fired])
        spikes += [(k, j) for j in np.flatnonzero(fired).tolist()]
    return V, spikes


def matrix_of(net):
    """The matrix of a network whose connections were drawn."""
    wires = net._core.layout.connectivity
    matrix = np.zeros((net.N, net.N))
    for source in range(net.N):
        for c in range(wires.starts[source], wires.starts[source + 1]):
            matrix[wires.targets[c], source] = wires.weights[0]
    return matrix


RNG = np.random.default_rng(5)
RANDOM = RNG.random((60, 60)) * (RNG.random((60, 60)) < 0.3) / 10


@pytest.mark.parametrize("given", [None, 7, RANDOM], ids=["all to all", "drawn", "matrix"])
def test_every_connectivity_has_a_naive_twin(given):
    net = network(connectivity=given)
    matrix = given
    if given is None:
        matrix = np.full((60, 60), 1 / 60)
    elif np.isscalar(given):
        matrix = matrix_of(net)
    expected, spikes = twin(net, matrix, 1500, drive=2.0)
    rec = nm.run(net, 30 * ms, 2.0, record="spikes")
    steps = np.floor(rec.spikes.times / 0.02 + 1e-9).astype(int)
    found = sorted(zip(steps.tolist(), rec.spikes.neurons.tolist(), strict=True))
    assert len(found) > 50
    assert found == sorted(spikes)
    assert np.arctan(net.potentials) == pytest.approx(np.arctan(expected), abs=1e-7)


def test_all_to_all_as_a_matrix_is_all_to_all():
    full = network(500, J=15.0, eta=-5.0, initial="rest")
    same = full.copy(connectivity=np.full((500, 500), 1 / 500))
    one, other = (nm.run(each, 50 * ms, 3.0) for each in (full, same))
    assert other.array("v") == pytest.approx(one.array("v"), abs=1e-9)
    assert other.array("r", Hz) == pytest.approx(one.array("r", Hz), abs=1e-9)


def test_matrices_of_all_kinds_are_the_same():
    found = []
    for kind in (np.asarray, sp.csr_matrix, sp.csc_array, sp.coo_array):
        net = network(connectivity=kind(RANDOM))
        nm.run(net, 20 * ms, 2.0)
        found.append(net.potentials.tobytes())
    twice = sp.coo_array(
        (np.tile(RANDOM.ravel() / 2, 2), np.tile(np.indices((60, 60)).reshape(2, -1), 2))
    )
    net = network(connectivity=twice)
    nm.run(net, 20 * ms, 2.0)
    assert set(found) == {net.potentials.tobytes()}


def test_each_neuron_gets_the_spikes_of_different_others():
    matrix = matrix_of(network(connectivity=7))
    assert np.all((matrix > 0).sum(axis=1) == 7)
    assert matrix.sum(axis=1) == pytest.approx(1.0)
    assert np.ptp((matrix > 0).sum(axis=0)) > 0
    other = matrix_of(network(connectivity=7, seed=2))
    assert not np.array_equal(matrix, other)
    assert np.array_equal(matrix, matrix_of(network(connectivity=7)))


def test_a_matrix_is_target_by_source():
    chain = np.zeros((3, 3))
    chain[1, 0] = 1.0
    net = nm.spiking.QIFNetwork(
        3, excitabilities=[4.0, -4.0, -4.0], J=3.0, connectivity=chain, initial={"v": -2.0}
    )
    nm.run(net, 30 * ms)
    _, second, third = net.potentials
    assert second > -1.999
    assert third == pytest.approx(-2.0, abs=1e-9)


def test_a_spike_adds_its_share_of_the_coupling():
    """A pulse J tau delta(t) moves the potential by J at once, apart from what it does itself."""
    chain = np.array([[0.0, 0.0], [0.25, 0.0]])
    net = nm.spiking.QIFNetwork(
        2, excitabilities=[400.0, 0.0], J=0.1, connectivity=chain, initial={"v": -1e-9},
        dt=0.001 * ms,
    )  # fmt: skip
    rec = nm.run(net, 10 * ms, record="spikes")
    assert net.potentials[1] == pytest.approx(0.025 * len(rec.spikes.of(0)), rel=0.3)
    nm.run(net, 0.01 * ms)
    first = rec.spikes.times[0]
    early = nm.spiking.QIFNetwork(
        2, excitabilities=[400.0, 0.0], J=0.1, connectivity=chain, initial={"v": -1e-9},
        dt=0.001 * ms,
    )  # fmt: skip
    nm.run(early, (math.ceil(first * 1000) + 3) * 0.001 * ms)
    assert early.potentials[1] == pytest.approx(0.025, rel=1e-3)


@pytest.mark.parametrize("given", [50, None])
def test_threads_and_chunks_give_the_same_bits(given):
    found = []
    for threads, parts in ((1, (100,)), (2, (100,)), (3, (1, 2, 3, 94))):
        net = network(3000, connectivity=given, threads=threads, dt=0.01 * ms)
        for steps in parts:
            nm.run(net, steps * 0.01 * ms, 3.0, record=())
        saved = net.snapshot()
        found.append([saved.state.tobytes(), *(each.tobytes() for each in saved.arrays.values())])
    assert found[0] == found[1] == found[2]


def test_many_connections_come_to_the_mean_field():
    def late_rate(given):
        net = network(2000, eta=-5.0, J=15.0, initial="rest", connectivity=given)
        rec = nm.run(net, 300 * ms, 3.0, record="r", every=5000, average=True)
        return rec.array("r", Hz)[-1]

    full, many, few = (late_rate(given) for given in (None, 500, 5))
    assert many == pytest.approx(full, rel=0.02)
    assert abs(few - full) > 0.1 * full


def test_adaptation_stays_common_to_all():
    net = network(500, model=nm.QIFAdaptation, alpha=0.5, connectivity=np.full((500, 500), 1 / 500))
    full = network(500, model=nm.QIFAdaptation, alpha=0.5)
    one, other = (nm.run(each, 30 * ms, 3.0) for each in (full, net))
    assert other.array("a") == pytest.approx(one.array("a"), abs=1e-9)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (0, ValueError, "the spikes of 1 to 60 others"),
        (61, ValueError, "the spikes of 1 to 60 others"),
        (2.5, TypeError, "connectivity must be a whole number"),
        (np.ones((3, 3)), ValueError, r"needs \(60, 60\)"),
        (np.full((60, 60), np.nan), ValueError, "connectivity"),
        ([[1.0]], TypeError, "a matrix of plain weights"),
        (RANDOM * mV, TypeError, "a matrix of plain weights"),
    ],
)
def test_wrong_connectivities_are_refused(given, error, text):
    with pytest.raises(error, match=text):
        network(connectivity=given)


def test_a_synapse_common_to_all_has_no_connectivity():
    with pytest.raises(TypeError, match="a state that they have in common"):
        network(model=nm.QIFSynaptic, connectivity=7)


def test_snapshots_of_other_connections_are_refused():
    net = network(connectivity=7)
    with pytest.raises(ValueError, match="The snapshot is"):
        net.restore(network(connectivity=8).snapshot())
