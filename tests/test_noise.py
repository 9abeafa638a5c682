"""Noise: philox, normals, streams, and the statistics that theory gives, with honest errors."""

import math

import numpy as np
import pytest
import twin
from samples import Decay
from scipy import linalg, signal, stats

import neuromass as nm
from neuromass.kernels import normals as kernel
from neuromass.units import Hz, ms, second

TAU = 10.0
DT = 0.05
NODE = (0.0811344419501197, -1.96161998858317)
SIGMAS = 4.5
"""How many standard errors a statistic may be off; the seeds are fixed, so none fails by chance."""

KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def normals(steps, seed=1, lane=0, shape=(), source="I_ext", dt=DT):
    """Normals as a population draws them: white noise on an input, scaled back."""
    noise = {source: nm.noise.White(math.sqrt(dt) * ms**0.5)}
    pop = nm.QIF(noise=noise, seed=seed, lane=lane, shape=shape, dt=dt * ms)
    return nm.run(pop, steps * dt * ms, record="I_ext").I_ext.magnitude[1:]


def check_mean(samples, expected, sigmas=SIGMAS):
    """Independent samples have this mean, within the standard error that they show."""
    error = np.std(samples, ddof=1) / math.sqrt(len(samples))
    assert abs(np.mean(samples) - expected) < sigmas * error
    return error


# ----------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    assert tuple(kernel.philox(*counter, *key)) == answer
    assert twin.philox(counter, key) == answer


def test_normals_are_those_of_the_twin():
    for seed, lane in ((0, 0), (1, 7), (2**62 + 12345, 2**31 - 4)):
        drawn = normals(150, seed, lane, shape=(3,))
        expected = [[twin.normal(seed, lane + j, "I_ext", k) for j in range(3)] for k in range(150)]
        np.testing.assert_allclose(drawn, expected, rtol=3e-15, atol=3e-15)


def test_normals_of_a_late_step_are_those_of_the_twin():
    noise = {"I_ext": nm.noise.White(math.sqrt(0.05) * ms**0.5)}
    for clock, shape in ((2**33 - 2, ()), (2**40 + 63, ()), (2**33 - 2, 2), (2**40 + 63, 2)):
        pop = nm.QIF(noise=noise, seed=5, shape=shape)
        late = pop.copy()
        saved = late.snapshot()
        late.restore(type(saved)(**{**saved.__dict__, "clock": clock}))
        rec = nm.run(late, 4 * late.dt, record="I_ext")
        drawn = rec.I_ext.magnitude[1:].reshape(4, -1)
        expected = [
            [twin.normal(5, lane, "I_ext", clock + k) for lane in range(drawn.shape[1])]
            for k in range(4)
        ]
        np.testing.assert_allclose(drawn, expected, rtol=1e-13)


def test_normals_are_normal():
    drawn = normals(2_000_000 // 64, shape=(64,)).ravel()
    n = drawn.size
    assert abs(drawn.mean()) < SIGMAS / math.sqrt(n)
    assert abs(drawn.var() - 1) < SIGMAS * math.sqrt(2 / n)
    assert abs(stats.skew(drawn)) < SIGMAS * math.sqrt(6 / n)
    assert abs(stats.kurtosis(drawn)) < SIGMAS * math.sqrt(24 / n)
    assert stats.kstest(drawn, "norm").pvalue > 1e-4
    for limit in (3.0, 4.0):
        expected = n * 2 * stats.norm.sf(limit)
        assert abs((np.abs(drawn) > limit).sum() - expected) < SIGMAS * math.sqrt(expected)
    assert np.unique(drawn).size == n


def test_steps_lanes_sources_and_seeds_are_independent():
    steps, lanes = 50_000, 8
    drawn = {
        "one": normals(steps, seed=1, shape=(lanes,)),
        "next seed": normals(steps, seed=2, shape=(lanes,)),
        "high seed": normals(steps, seed=1 + 2**32, shape=(lanes,)),
        "next lanes": normals(steps, seed=1, lane=lanes, shape=(lanes,)),
        "another source": state_normals(steps, lanes),
    }
    streams = np.concatenate(list(drawn.values()), axis=1)
    limit = SIGMAS / math.sqrt(steps)
    correlations = np.corrcoef(streams.T) - np.eye(streams.shape[1])
    assert np.abs(correlations).max() < limit
    squares = np.corrcoef(streams.T**2) - np.eye(streams.shape[1])
    assert np.abs(squares).max() < limit
    for lag in (1, 2, 63, 64):
        products = (streams[lag:] * streams[:-lag]).mean(axis=0)
        assert np.abs(products).max() < limit * 1.01


def state_normals(steps, lanes):
    """Normals on a state, from the increments of a Brownian motion far above its bound."""
    far = {"x": 1e3}
    pop = Decay(noise={"x": nm.noise.White(1 / ms**0.5)}, seed=1, shape=lanes, initial=far,
                tau=1e300 * ms, dt=1 * ms)  # fmt: skip
    return np.diff(nm.run(pop, steps * ms).x.magnitude, axis=0)


def test_a_stream_depends_on_the_name_of_its_source_alone():
    """Not on what other noise there is, nor on the order in which it was given."""
    kinds = {"I_ext": nm.noise.White(1 * ms**0.5), "v": nm.noise.White(0.1 / ms**0.5)}
    runs = [
        nm.run(nm.QIF(noise=noise, seed=4), 5 * ms, record="I_ext").I_ext.magnitude[1:]
        for noise in (kinds, dict(reversed(kinds.items())), {"I_ext": kinds["I_ext"]})
    ]
    assert (runs[0] == runs[1]).all()
    assert (runs[0] == runs[2]).all()


# -------------------------------------------------------------------------------- seeds


def test_a_seed_is_drawn_and_shown():
    noise = {"v": nm.noise.White(0.1 / ms**0.5)}
    first, second_one = nm.QIF(noise=noise), nm.QIF(noise=noise)
    assert first.seed != second_one.seed
    assert f"seed={first.seed}" in repr(first)
    again = nm.QIF(noise=noise, seed=first.seed)
    assert [again.advance() for _ in range(9)] == [first.advance() for _ in range(9)]
    assert nm.QIF().seed is None
    assert nm.QIF(seed=3).seed == 3


def test_the_recording_knows_the_seed():
    pop = nm.QIF(noise={"v": nm.noise.White(0.1 / ms**0.5)})
    assert nm.run(pop, 1 * ms).seed == pop.seed


def test_what_was_given_cannot_change_the_noise_later():
    sigma = np.array([0.1, 0.2])
    source = nm.noise.White(sigma / ms**0.5)
    plain = np.array([0.5, 0.6])
    other = nm.noise.OrnsteinUhlenbeck(plain, tau=5 * ms)
    sigma[:] = plain[:] = 7.0
    assert source.sigma.magnitude.tolist() == [0.1, 0.2]
    assert other.sigma.tolist() == [0.5, 0.6]
    with pytest.raises(ValueError, match="read-only"):
        source.sigma.magnitude[0] = 1.0
    listed = [0.1 / ms**0.5, 0.2 / ms**0.5]
    pop = nm.QIF(noise={"v": nm.noise.White(listed)}, seed=1)
    listed[0] = 7.0
    assert "White(0.1 .. 0.2 1/ms**0.5)" in repr(pop)
    assert pop.copy().shape == (2,)


# ---------------------------------------------------------------------- white on states


def jacobian():
    r, v = NODE
    return np.array([[2 * v, 2 * r], [15.0 - 2 * math.pi**2 * r, 2 * v]])


def covariance(sigma):
    """From A C + C A' + Q = 0, in units of tau; noise on v."""
    return linalg.solve_continuous_lyapunov(jacobian(), -np.diag([0.0, sigma**2]))


def test_the_covariance_of_the_reference_solves_lyapunovs_equation():
    expected = [[1.269436998857613e-4, 3.069168815799618e-3],
                [3.069168815799618e-3, 0.13792736880795]]  # fmt: skip
    np.testing.assert_allclose(covariance(1.0), expected, rtol=1e-10)


def at_the_node(noise, lanes=256, **changes):
    start = {"r": NODE[0] / TAU / ms, "v": NODE[1]}
    return nm.QIF(
        tau=TAU * ms, J=15.0, initial=start, noise=noise, shape=lanes, seed=2024, **changes
    )


def deviations(pop, transient=50 * ms, length=2 * second, every=10):
    nm.run(pop, transient, record=())
    _, r, v = nm.run(pop, length, every=every).scaled(pop.tau)
    return r - NODE[0], v - NODE[1]


SMALL = 0.01
"""Strength per square root of tau: terms beyond the linear ones are a ten thousandth."""

WAYS = {
    "on the potential": {"v": nm.noise.White(SMALL / math.sqrt(TAU) / ms**0.5)},
    "on the input": {"I_ext": nm.noise.White(SMALL * math.sqrt(TAU) * ms**0.5)},
}


@pytest.mark.parametrize("noise", WAYS.values(), ids=WAYS)
def test_covariance_at_the_node(noise):
    r, v = deviations(at_the_node(noise))
    expected = covariance(SMALL)
    for a, b, c in ((r, r, expected[0, 0]), (r, v, expected[0, 1]), (v, v, expected[1, 1])):
        error = check_mean((a * b).mean(axis=0), c)
        assert error < 0.01 * abs(c)  # the test sees deviations of some per cent


def test_spectrum_at_the_node():
    pop = at_the_node(WAYS["on the potential"])
    r, _ = deviations(pop, length=8192 * pop.dt * 10)
    fs = 1 / (0.05 * 10 / TAU)  # per tau
    frequency, power = signal.welch(r[1:].T, fs, nperseg=1024)
    expected = []
    for f in frequency:
        H = linalg.inv(2j * math.pi * f * np.eye(2) - jacobian())
        expected.append(2 * (H @ np.diag([0, SMALL**2]) @ H.conj().T)[0, 0].real)
    for k in range(5, 30):
        check_mean(power[:, k], expected[k], sigmas=6)


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_brownian_motion(method):
    """dx = sigma dW alone: the variance grows as sigma^2 t, for every dt."""
    for dt in (0.01, 1.0):
        noise = {"x": nm.noise.White(2 / ms**0.5)}
        pop = Decay(noise=noise, seed=6, shape=4096, initial={"x": 1e3}, tau=1e300 * ms,
                    dt=dt * ms, method=method)  # fmt: skip
        nm.run(pop, 20 * ms, record=())
        moved = pop.raw.x - 1e3
        check_mean(moved, 0.0)
        check_mean(moved**2, 4 * 20)


# ------------------------------------------------------------------ Ornstein-Uhlenbeck


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0, 5.0, 50.0])
def test_coloured_noise_is_stationary_and_right_for_every_dt(dt):
    tau, sigma, lanes = 10.0, 1.5, 2048
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=sigma, tau=tau * ms)}
    pop = nm.QIF(noise=noise, seed=9, shape=lanes, dt=dt * ms, tau=1e3 * ms)
    steps = max(round(30 / dt), 4)
    x = nm.run(pop, steps * dt * ms, record="I_ext").I_ext.magnitude[1:]
    for k in (0, 1, steps // 2, steps - 1):
        check_mean(x[k], 0.0)
        check_mean(x[k] ** 2, sigma**2)
    for lag in sorted({1, 2, steps // 3, steps // 2}):
        for start in (0, steps // 3):
            check_mean(x[start] * x[start + lag], sigma**2 * math.exp(-lag * dt / tau))


def test_coloured_noise_is_gaussian():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=2.0, tau=3 * ms)}
    pop = nm.QIF(noise=noise, seed=9, shape=20_000)
    x = nm.run(pop, 10 * ms, record="I_ext", every=200).I_ext.magnitude[-1]
    assert stats.kstest(x / 2.0, "norm").pvalue > 1e-4


def test_coloured_noise_on_a_state_drives_its_derivative():
    """dx/dt = -x / tau + y: variance sigma^2 tau^2 / (1 + tau / tau_n)."""
    tau, tau_n, sigma = 10.0, 5.0, 0.3
    noise = {"x": nm.noise.OrnsteinUhlenbeck(sigma=sigma / ms, tau=tau_n * ms)}
    pop = Decay(noise=noise, seed=3, shape=8192, initial={"x": 100.0}, drift=10 / ms, tau=tau * ms)
    nm.run(pop, 150 * ms, record=())
    check_mean(pop.raw.x, 100.0)
    check_mean((pop.raw.x - 100.0) ** 2, sigma**2 * tau**2 * tau_n / (tau + tau_n))


def test_fast_coloured_noise_becomes_white():
    """sigma^2 2 tau_n is the strength of the white noise that it tends to."""
    tau_n = 0.1
    strength = SMALL * math.sqrt(TAU)
    sigma = strength / math.sqrt(2 * tau_n)
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=sigma, tau=tau_n * ms)}
    _, v = deviations(at_the_node(noise, dt=0.01 * ms), length=1 * second, every=50)
    # a linear filter of noise with a correlation time: the variance is the integral of both
    A, c = jacobian(), np.array([0.0, 1.0])
    rate = TAU / tau_n
    solve = linalg.inv(rate * np.eye(2) - A)
    Q = (solve @ np.outer(c, c) + np.outer(c, c) @ solve.T) * sigma**2
    expected = linalg.solve_continuous_lyapunov(A, -Q)[1, 1]
    assert expected == pytest.approx(covariance(SMALL)[1, 1], rel=0.1)
    check_mean((v**2).mean(axis=0), expected)


def test_noise_that_a_copy_begins_late_is_stationary_at_once():
    pop = nm.QIF(shape=4096, seed=3)
    nm.run(pop, 10 * ms, record=())
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=2.0, tau=50 * ms)}
    noisy = pop.copy(noise=noise)
    x = nm.run(noisy, 1 * ms, record="I_ext").I_ext.magnitude[1:]
    check_mean(x[0] ** 2, 4.0)
    check_mean(x[-1] ** 2, 4.0)
    assert np.corrcoef(x[0], x[-1])[0, 1] > 0.9


def test_coloured_noise_goes_on_in_a_copy_with_other_things_changed():
    noise = {
        "I_ext": nm.noise.OrnsteinUhlenbeck(sigma=2.0, tau=1e9 * ms),
        "v": nm.noise.OrnsteinUhlenbeck(sigma=0.1 / ms, tau=1e9 * ms),
    }
    pop = nm.QIF(noise=noise, seed=3)
    value = nm.run(pop, 1 * ms, record="I_ext").I_ext.magnitude[-1]
    for changes in (
        {"eta": -4.0},
        {"eta": np.array([-4.0, -3.0])},
        {"noise": {"I_ext": noise["I_ext"]}},
        {"seed": 8},
    ):
        other = pop.copy(**changes)
        next_values = nm.run(other, other.dt, record="I_ext").I_ext.magnitude[-1]
        np.testing.assert_allclose(next_values, value, atol=0.01)


# -------------------------------------------------------------------- bounds, strength


def test_a_rate_does_not_become_negative():
    noise = {"r": nm.noise.White(5 * Hz / ms**0.5)}
    pop = nm.QIF(eta=-20.0, noise=noise, seed=1, shape=50)
    r = nm.run(pop, 100 * ms).r.magnitude
    assert r.min() == 0.0
    assert 0.01 < (r == 0.0).mean() < 0.99


def test_bounds_hold_where_noise_is_elsewhere_and_a_quiet_step_fails():
    falling = {"drift": -1 / ms, "initial": {"x": 0.01}}
    with pytest.raises(nm.SimulationError, match="x falls below 0"):
        Decay(**falling).update()
    noisy = Decay(**falling, noise={"x": nm.noise.White(0 / ms**0.5)})
    assert noisy.update().magnitude == 0.0


def test_no_strength_is_no_noise():
    quiet = nm.run(nm.QIF(J=15.0), 10 * ms)
    noise = {"v": nm.noise.White(0 / ms**0.5), "I_ext": nm.noise.OrnsteinUhlenbeck(0.0, 1 * ms)}
    silent = nm.run(nm.QIF(J=15.0, noise=noise), 10 * ms)
    assert (quiet.v.magnitude == silent.v.magnitude).all()


def test_white_noise_is_refused_where_an_input_enters_nonlinearly():
    class Squared(nm.Population):
        rate = nm.Parameter(1 / ms)
        x = nm.State(0.0)
        push = nm.Input()

        @staticmethod
        def derivatives(x, push, rate):
            return rate * (push**2 - x)

    class Branching(nm.Population):
        rate = nm.Parameter(1 / ms)
        x = nm.State(0.0)
        push = nm.Input()

        @staticmethod
        def derivatives(x, push, rate):
            if x > 1:
                return (rate * (push**2 - x),)
            return (rate * (push - x),)

    for model in (Squared, Branching):
        with pytest.raises(ValueError, match=r"(?s)noise\['push'\].*OrnsteinUhlenbeck"):
            model(noise={"push": nm.noise.White(1 * ms**0.5)})
        coloured = {"push": nm.noise.OrnsteinUhlenbeck(1.0, 1 * ms)}
        model(noise=coloured, seed=1).update(1.0)
