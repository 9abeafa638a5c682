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


# --------------------------------------------------------------------------- own synapses


SYNAPSES = {
    "QIFSynaptic": {"model": nm.QIFSynaptic, "tau_s": 4 * ms},
    "QIFConductance": {"model": nm.QIFConductance, "kappa": 2.0, "v_syn": 3.0, "tau_s": 4 * ms},
}
every_synapse = pytest.mark.parametrize("kind", SYNAPSES)


def synaptic(kind, count=60, **changes):
    strength = {} if kind == "QIFConductance" else {"J": 10.0}
    options = {"eta": 2.0, "initial": {"r": 20 * Hz, "v": -0.5}, "dt": 0.02 * ms, "seed": 1}
    return nm.spiking.QIFNetwork(count, **{**options, **strength, **SYNAPSES[kind], **changes})


def synaptic_twin(net, matrix, steps, drive):
    """The same for neurons with a synapse each: plain numbers, one neuron after the other."""
    dt, tau_s = 0.02, 4.0
    h = dt / TAU
    V, eta = net.potentials.tolist(), net.excitabilities.tolist()
    conductance = net.model is nm.QIFConductance

    def slopes(states, rate):
        if conductance:
            g, q = states
            return q / tau_s, (2.0 * math.pi * TAU * rate - g - 2 * q) / tau_s
        return ((TAU * rate - states[0]) / tau_s,)

    def moved(states, rates, length):
        return [s + length * f for s, f in zip(states, slopes(states, rates), strict=True)]

    count, spikes = len(V), []
    own = [[0.0, 0.0] if conductance else [0.0] for _ in range(count)]
    last = [20e-3 * dt * matrix[j].sum() for j in range(count)]
    older = list(last)
    for k in range(steps):
        fired = np.zeros(count)
        for j in range(count):
            middle = moved(own[j], (2 * last[j] - older[j]) / dt, 0.5 * dt)
            if conductance:  # V^2 - g V + C is (V - g/2)^2 + C - g^2/4
                leak, current = middle[0], eta[j] + middle[0] * 3.0 + drive
            else:
                leak, current = 0.0, eta[j] + 10.0 * middle[0] + drive
            u, current = V[j] - leak / 2, current - leak**2 / 4
            root = math.sqrt(abs(current))
            T = (math.tan if current > 0 else math.tanh)(root * h) / root
            if u * T > 1:
                fired[j] = 1.0
                spikes.append((k, j))
            V[j] = (u + current * T) / (1 - u * T) + leak / 2
        older, last = last, (matrix @ fired).tolist()
        for j in range(count):  # Heun's method, with the spikes of the step
            first = slopes(own[j], last[j] / dt)
            then = slopes(moved(own[j], last[j] / dt, dt), last[j] / dt)
            own[j] = [s + 0.5 * dt * (f + g) for s, f, g in zip(own[j], first, then, strict=True)]
    return np.array(V), np.array(own), spikes


@every_synapse
@pytest.mark.parametrize("given", [7, RANDOM], ids=["drawn", "matrix"])
def test_neurons_with_synapses_of_their_own_have_a_naive_twin(kind, given):
    net = synaptic(kind, connectivity=given)
    matrix = matrix_of(net) if np.isscalar(given) else given
    V, own, spikes = synaptic_twin(net, matrix, 1000, 2.0)
    rec = nm.run(net, 20 * ms, 2.0, record="spikes")
    steps = np.floor(rec.spikes.times / 0.02 + 1e-9).astype(int)
    assert len(spikes) > 50
    assert sorted(zip(steps.tolist(), rec.spikes.neurons.tolist(), strict=True)) == sorted(spikes)
    assert np.arctan(net.potentials) == pytest.approx(np.arctan(V), abs=1e-7)
    common = [float(net.state[name]) for name in net.state if name not in ("r", "v")]
    assert common == pytest.approx(own.mean(axis=0), abs=1e-9)
    assert np.ptp(own[:, 0]) > 0.1


@every_synapse
def test_synapses_of_each_neuron_are_the_common_one_if_all_get_the_same(kind):
    full, same = (synaptic(kind, 300, connectivity=x) for x in (None, np.full((300, 300), 1 / 300)))
    one, other = (nm.run(each, 30 * ms, 2.0) for each in (full, same))
    assert np.ptp(one.array("r", Hz)) > 1.0
    for name in one.names:
        assert other[name].magnitude == pytest.approx(one[name].magnitude, abs=1e-9)


@every_synapse
def test_synapses_of_each_neuron_on_several_threads(kind):
    found = []
    for threads, parts in ((1, (100,)), (2, (100,)), (3, (1, 2, 3, 94))):
        net = synaptic(kind, 3000, connectivity=50, threads=threads, dt=0.01 * ms)
        for steps in parts:
            nm.run(net, steps * 0.01 * ms, 3.0, record=())
        saved = net.snapshot()
        found.append([saved.state.tobytes(), *(each.tobytes() for each in saved.arrays.values())])
    assert found[0] == found[1] == found[2]


def test_setting_a_synapse_sets_that_of_each_neuron():
    net = synaptic("QIFSynaptic", connectivity=7)
    nm.run(net, 10 * ms, 2.0)
    net.s = 0.25
    assert np.all(net.snapshot().arrays["synapses"] == 0.25)
    again = net.copy(initial={"s": 0.5})
    assert np.all(again.snapshot().arrays["synapses"] == 0.5)
    full = net.copy(connectivity=None)
    sparse = full.copy(connectivity=7)
    assert np.all(sparse.snapshot().arrays["synapses"] == 0.25)


def test_a_step_that_is_too_long_for_one_of_many_synapses():
    net = synaptic("QIFSynaptic", connectivity=7)
    with pytest.raises(nm.SimulationError, match=r"fires every .*dt = .* is short enough") as error:
        nm.run(net, 1 * ms, 1e7)
    assert net.t.magnitude == 0.0
    advised = float(str(error.value).split("; dt = ")[1].split(" ms")[0])
    finer = net.copy(dt=advised * ms, window=None)
    nm.run(finer, 20 * finer.dt, 1e7)


def test_what_drives_neurons_in_two_ways_has_no_connectivity():
    class Both(nm.QIFSynaptic):
        a = nm.State(0.0)

        @staticmethod
        def derivatives(r, v, s, a, I_ext, tau, eta, delta, J, tau_s):
            found = nm.QIFSynaptic.derivatives(r, v, s, I_ext - a, tau, eta, delta, J, tau_s)
            return (*found, (tau * r - a) / (10 * tau))

    class Saturating(nm.QIFSynaptic):
        @staticmethod
        def derivatives(r, v, s, I_ext, tau, eta, delta, J, tau_s):
            drdt, dvdt, _ = nm.QIFSynaptic.derivatives(r, v, s, I_ext, tau, eta, delta, J, tau_s)
            return drdt, dvdt, (tau * r * (1 - s) - s) / tau_s

    for model in (Both, Saturating):
        with pytest.raises(TypeError, match="neither linearly nor by one linear synapse"):
            network(model=model, connectivity=7)


def test_snapshots_of_other_connections_are_refused():
    net = network(connectivity=7)
    with pytest.raises(ValueError, match="The snapshot is"):
        net.restore(network(connectivity=8).snapshot())
