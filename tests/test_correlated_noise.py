"""Noise that is correlated between lanes: its covariance, and parity of all ways to step."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import twin
from samples import bits, everything

import neuromass as nm
from neuromass.noise import factor_of
from neuromass.units import Hz, ms, mV

DT = 0.05


def correlations(lanes, seed=0):
    """A random matrix of correlations, of full rank."""
    half = np.random.default_rng(seed).normal(size=(lanes, 2 * lanes))
    covariance = half @ half.T
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def noise(lanes, matrix=None):
    C = correlations(lanes) if matrix is None else matrix
    return {
        "v": nm.noise.White(0.2 / ms**0.5, correlation=C),
        "I_ext": nm.noise.OrnsteinUhlenbeck(np.linspace(1, 2, lanes), 3 * ms, correlation=C.T),
    }


def qif(lanes=5, method="heun", matrix=None, **options):
    start = {"r": 8 * Hz, "v": -2.0}
    options = {"eta": np.linspace(-6, -4, lanes), "initial": start, "seed": 7, **options}
    return nm.QIF(noise=noise(lanes, matrix), method=method, **options)


def test_the_factor_is_that_of_cholesky():
    C = correlations(20)
    np.testing.assert_allclose(factor_of(C), np.linalg.cholesky(C), atol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_matrices_without_full_rank_have_a_factor(rank):
    half = np.random.default_rng(1).normal(size=(8, rank))
    half /= np.linalg.norm(half, axis=1)[:, None]
    C = half @ half.T
    factor = factor_of(C)
    np.testing.assert_allclose(factor @ factor.T, C, atol=1e-9)
    np.testing.assert_array_equal(factor, np.tril(factor))
    nm.noise.White(0.1 / ms**0.5, correlation=C)


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("lanes", [2, 5, 70])
def test_all_ways_to_step_agree(method, lanes):
    options = {"inputs": 3.0, "record": ("r", "v", "I_ext")}
    ran, chunked, updated, member = (qif(lanes, method) for _ in range(4))
    rec = nm.run(ran, 5 * ms, **options)
    cuts = [0, 1, 13, 64, 65, 100]
    parts = [nm.run(chunked, (b - a) * DT * ms, **options) for a, b in pairwise(cuts)]
    assert bits(nm.concatenate(parts)) == bits(rec)
    for _ in range(100):
        updated.update(3.0)
    assert everything(updated) == everything(ran) == everything(chunked)
    options["record"] = {"pop": options["record"]}
    net = nm.Network({"pop": member})
    assert bits(nm.run(net, 5 * ms, inputs={"pop": 3.0}, record=options["record"])["pop"]) == bits(
        rec
    )


def test_thinned_and_averaged_samples():
    full = nm.run(qif(), 5 * ms, inputs=3.0, record=("v", "I_ext"))
    thin = nm.run(qif(), 5 * ms, inputs=3.0, record=("I_ext", "v"), every=5)
    mean = nm.run(qif(), 5 * ms, inputs=3.0, record=("I_ext",), every=5, average=True)
    np.testing.assert_array_equal(thin.v.magnitude, full.v.magnitude[::5])
    np.testing.assert_array_equal(thin.I_ext.magnitude[1:], full.I_ext.magnitude[5::5])
    windows = full.I_ext.magnitude[1:].reshape(20, 5, 5).mean(axis=1)
    np.testing.assert_allclose(mean.I_ext.magnitude, windows, rtol=1e-12)


def test_members_of_a_network_have_the_correlations_of_lone_populations():
    """Two of them and one without, in one group of arrays, across the border of a tile."""
    make = lambda seed, lanes: qif(lanes, seed=seed)
    net = nm.Network({"a": make(1, 40), "b": qif(3, matrix=np.eye(3), seed=2), "c": make(3, 50)})
    nm.run(net, 3 * ms)
    for name, seed, lanes in (("a", 1, 40), ("c", 3, 50)):
        alone = make(seed, lanes)
        nm.run(alone, 3 * ms)
        assert net[name].raw.v.tobytes() == alone.raw.v.tobytes()


def test_independent_lanes_are_a_matrix_of_ones_on_the_diagonal():
    plain = nm.QIF(
        noise={
            "v": nm.noise.White(0.2 / ms**0.5),
            "I_ext": nm.noise.OrnsteinUhlenbeck(np.linspace(1, 2, 5), 3 * ms),
        },
        eta=np.linspace(-6, -4, 5), initial={"r": 8 * Hz, "v": -2.0}, seed=7,
    )  # fmt: skip
    other = qif(matrix=np.eye(5))
    for pop in (plain, other):
        nm.run(pop, 3 * ms)
    assert plain.raw.v.tobytes() == other.raw.v.tobytes()


def test_the_same_noise_for_all_lanes():
    one = np.ones((4, 4))
    pop = nm.QIF(noise={"v": nm.noise.White(0.2 / ms**0.5, correlation=one)}, seed=3)
    assert pop.shape == (4,)
    alone = nm.QIF(noise={"v": nm.noise.White(0.2 / ms**0.5)}, seed=3)
    for each in (pop, alone):
        nm.run(each, 3 * ms)
    np.testing.assert_array_equal(pop.raw.v, np.full(4, alone.raw.v))


def test_the_normals_of_a_step_are_mixed_as_the_factor_says():
    C = correlations(5)
    pop = nm.QIF(noise={"I_ext": nm.noise.White(2 * ms**0.5, correlation=C)}, seed=9)
    rec = nm.run(pop, 4 * DT * ms, record="I_ext").I_ext.magnitude[1:]
    normals = [[twin.normal(9, lane, "I_ext", step) for lane in range(5)] for step in range(4)]
    expected = 2 / np.sqrt(DT) * np.array(normals) @ np.linalg.cholesky(C).T
    np.testing.assert_allclose(rec, expected, rtol=1e-11)


def test_the_covariance_is_the_one_asked_for():
    C, sigma, samples = correlations(4), np.array([0.5, 1.0, 2.0, 3.0]), 20_000
    source = nm.noise.OrnsteinUhlenbeck(sigma, 2 * ms, correlation=C)
    pop = nm.QIF(noise={"I_ext": source}, seed=5)
    first = nm.run(pop, DT * ms, record="I_ext").I_ext.magnitude[1]
    rec = nm.run(pop, samples * 200 * DT * ms, record="I_ext", every=200)
    found = np.cov(rec.I_ext.magnitude[1:].T) / np.outer(sigma, sigma)
    np.testing.assert_allclose(found, C, atol=4 * np.sqrt(2 / samples))
    assert np.all(np.abs(first) < 5 * sigma)


def test_snapshots_copies_and_resets():
    pop = qif(70)
    nm.run(pop, 2 * ms)
    saved = pop.snapshot()
    others = [pop.copy(), pickle.loads(pickle.dumps(pop))]
    first = bits(nm.run(pop, 2 * ms))
    for other in others:
        assert bits(nm.run(other, 2 * ms)) == first
    pop.eta = -4.0
    pop.restore(saved)
    assert bits(nm.run(pop, 2 * ms)) == first
    pop.reset()
    pop.eta = -4.5
    changed = qif(70, eta=-4.5)
    changed.eta = np.full(70, -4.5)
    assert bits(nm.run(pop, 2 * ms)) == bits(nm.run(changed, 2 * ms))


def test_a_failure_names_the_lane_and_changes_nothing():
    pop = qif(70)
    pop.set(at=66, v=1e200)
    before = everything(pop)
    with pytest.raises(nm.SimulationError, match=r"QIF\[66\]"):
        pop.update()
    assert everything(pop) == before


def test_a_population_that_was_stepped_alone_joins_a_network():
    lone, member = qif(), qif()
    nm.run(lone, 2 * ms)
    nm.run(member, 1 * ms)
    net = nm.Network({"pop": member})
    nm.run(net, 1 * ms)
    assert member.raw.v.tobytes() == lone.raw.v.tobytes()


BAD = {
    "no matrix": ([1.0, 0.5], ValueError, "square matrix, not of the shape"),
    "not square": (np.ones((2, 3)), ValueError, r"square matrix, not of the shape \(2, 3\)"),
    "not symmetric": ([[1, 0.5], [0.4, 1]], ValueError, "symmetric"),
    "a covariance": ([[4.0, 0.5], [0.5, 1.0]], ValueError, "ones on its diagonal"),
    "NaN": ([[1.0, np.nan], [np.nan, 1.0]], ValueError, "correlation"),
    "too large": ([[1.0, 1.5], [1.5, 1.0]], ValueError, "positive semi-definite"),
    "contradictory": (
        [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]],
        ValueError,
        "eigenvalue is -0.8",
    ),
    "of full correlation but one": (
        [[1, 1, 0], [1, 1, 0.5], [0, 0.5, 1]],
        ValueError,
        "positive semi",
    ),
    "a unit": (np.eye(2) * mV, TypeError, "correlation"),
    "text": ("yes", TypeError, "correlation"),
}


@pytest.mark.parametrize(("matrix", "error", "message"), BAD.values(), ids=BAD)
def test_wrong_correlations(matrix, error, message):
    with pytest.raises(error, match=message):
        nm.noise.White(0.1 / ms**0.5, correlation=matrix)
    with pytest.raises(error, match=message):
        nm.noise.OrnsteinUhlenbeck(0.1, 1 * ms, correlation=matrix)


def test_correlations_fit_the_lanes():
    source = nm.noise.White(0.1 / ms**0.5, correlation=np.eye(6))
    for options in ({"shape": 5}, {"eta": [1.0, 2.0]}, {"shape": ()}):
        with pytest.raises(ValueError, match=r"noise\['v'\]\.correlation is between 6 lanes"):
            nm.QIF(noise={"v": source}, **options)
    assert nm.QIF(noise={"v": source}, shape=(2, 3), seed=1).shape == (2, 3)
    assert "correlation of 6 lanes" in repr(source)
    with pytest.raises(ValueError, match="read-only"):
        source.correlation[0, 0] = 2.0
