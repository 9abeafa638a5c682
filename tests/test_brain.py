"""What instruments see, such as the BOLD signal; functional connectivity."""

import itertools

import numpy as np
import pytest

import neuromass as nm
from neuromass.brain.hemodynamics import BalloonWindkessel
from neuromass.brain.observers import Observer, Windows
from neuromass.units import Hz, kHz, metre, ms, mV, second

PRESETS = ["friston2003", "stephan2007", "tvb"]
NOISE = {"I_ext": nm.noise.OrnsteinUhlenbeck(sigma=0.5, tau=10 * ms)}
S2 = 1 / second**2


def number(quantity, unit=""):
    return float(quantity.m_as(unit))


def slopes(vessel):
    """The equations, written independently, in seconds."""
    p = vessel.parameters
    kappa, gamma = number(p["kappa"], "1/s"), number(p["gamma"], "1/s**2")
    tau, alpha, rho = number(p["tau"], "s"), number(p["alpha"]), number(p["rho"])

    def f(t, y, z):
        s, flow, volume, content = y
        out = volume ** (1 / alpha)
        return [
            z(t) - kappa * s - gamma * (flow - 1),
            s,
            (flow - out) / tau,
            (flow * (1 - (1 - rho) ** (1 / flow)) / rho - out * content / volume) / tau,
        ]

    return f


def signal(vessel, volume, content):
    p = {name: number(vessel.parameters[name]) for name in ("V0", "k1", "k2", "k3")}
    return p["V0"] * (
        p["k1"] * (1 - content) + p["k2"] * (1 - content / volume) + p["k3"] * (1 - volume)
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_the_impulse_response_is_that_of_an_independent_solution(preset):
    solve = pytest.importorskip("scipy.integrate").solve_ivp
    vessel = getattr(BalloonWindkessel, preset)(dt=1 * ms)
    pulse = lambda t: 1.0 if t < 1.0 else 0.0
    f, at = slopes(vessel), np.arange(1.0, 25.0)
    options = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-13, "args": (pulse,)}
    first = solve(f, (0, 1), [0.0, 1.0, 1.0, 1.0], **options)
    rest = solve(f, (1, 25), first.y[:, -1], t_eval=at, **options)
    step = nm.signals.Step(1.0 * S2, start=0 * ms, stop=1 * second)
    rec = nm.run(vessel, 25 * second, inputs=step, record="bold", every=1000)
    found = rec.bold.magnitude[1:25]
    assert np.max(abs(found - signal(vessel, *rest.y[2:]))) < 2e-6 * np.max(abs(found))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_steady_state_has_its_closed_form(preset):
    vessel = getattr(BalloonWindkessel, preset)()
    nm.run(vessel, 120 * second, inputs=0.2 * S2, record=())
    p = vessel.parameters
    alpha, rho = number(p["alpha"]), number(p["rho"])
    flow = 1 + 0.2 / number(p["gamma"], "1/s**2")
    volume = flow**alpha
    content = volume * (1 - (1 - rho) ** (1 / flow)) / rho
    assert vessel.f.magnitude == pytest.approx(flow, rel=1e-9)
    assert vessel.v.magnitude == pytest.approx(volume, rel=1e-9)
    assert vessel.q.magnitude == pytest.approx(content, rel=1e-9)
    assert vessel.bold.magnitude == pytest.approx(signal(vessel, volume, content), rel=1e-8)


def test_presets_have_their_coefficients():
    one = BalloonWindkessel.friston2003()
    assert one.k1 == pytest.approx(7 * 0.34)
    assert one.k3 == pytest.approx(2 * 0.34 - 0.2)
    assert BalloonWindkessel.stephan2007().k3 == pytest.approx(-0.43)
    assert BalloonWindkessel.tvb(rho=0.3).rho == 0.3


# -------------------------------------------------------------------------- observers


def system(shape=(3,)):
    return nm.QIF(J=15.0, shape=shape, noise=NOISE, seed=3, dt=0.1 * ms)


LEAD = np.array([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0]])
OBSERVERS = {
    "bold": nm.bold(repetition_time=40 * ms),
    "odd": nm.bold("r", repetition_time=33.3 * ms, parameters="stephan2007"),
    "mean": nm.brain.average("v", 1.7 * ms),
    "smooth": nm.brain.low_pass("r", tau=5 * ms, period=0.7 * ms),
    "input": nm.brain.average("I_ext", 2 * ms),
    "eeg": nm.brain.lead_field("v", LEAD * mV, 1 * ms, ["Fz", "Cz"]),
}


def same(one, other):
    return (
        one.names == other.names
        and np.array_equal(one.t.magnitude, other.t.magnitude)
        and all(np.array_equal(one[n].magnitude, other[n].magnitude) for n in one.names)
    )


def test_what_is_seen_on_the_way_is_what_is_seen_afterwards():
    rec = nm.run(system(), 400 * ms, inputs=2.0, record=("r", "v", "I_ext"))
    seen = nm.run(system(), 400 * ms, inputs=2.0, record=(), observe=OBSERVERS)
    for name, each in OBSERVERS.items():
        assert same(each(rec), seen[name]), name
        assert seen[name].shape == ((2,) if name == "eeg" else (3,))
    assert seen["population"].names == ()
    assert seen["eeg"].labels == ("Fz", "Cz")
    assert seen["eeg"].eeg.units == mV


@pytest.mark.parametrize("every", [1, 4])
def test_recorded_traces_are_those_of_a_run(every):
    plain = nm.run(system(), 20 * ms, inputs=2.0, record=("r", "I_ext"), every=every)
    seen = nm.run(system(), 20 * ms, inputs=2.0, record=("r", "I_ext"), every=every,
                  observe={"mean": OBSERVERS["mean"]})  # fmt: skip
    found = seen["population"]
    assert np.array_equal(found.t.magnitude, plain.t.magnitude)
    assert np.array_equal(found.r.magnitude, plain.r.magnitude)
    assert np.array_equal(found.I_ext.magnitude[1:], plain.I_ext.magnitude[1:])


@pytest.mark.parametrize("name", OBSERVERS)
def test_samples_in_blocks_of_any_size_give_the_same_bits(name):
    samples = np.random.default_rng(1).normal(0.05, 0.01, size=(4001, 3))
    whole = OBSERVERS[name].begin(0.1)
    whole.add(samples)
    for size in (1, 7, 1000, 4000):
        parts = OBSERVERS[name].begin(0.1)
        for first in range(0, len(samples), size):
            parts.add(samples[first : first + size].copy())
        assert np.array_equal(parts.result(), whole.result())


def test_averages_are_means_and_have_middle_times():
    rec = nm.run(system(), 20 * ms, record="r")
    seen = nm.brain.average("r", 2 * ms)(rec)
    expected = rec.array("r", Hz)[1:].reshape(10, 20, 3).mean(axis=1)
    np.testing.assert_allclose(seen.array("r", Hz), expected, rtol=1e-13)
    np.testing.assert_allclose(seen.array("t", ms), 1.05 + 2.0 * np.arange(10), rtol=1e-13)


def test_a_filter_has_its_time_constant():
    step = nm.signals.Step(1.0, start=0 * ms)
    rec = nm.run(nm.QIF(shape=1), 50 * ms, inputs=step, record="I_ext")
    held = nm.brain.low_pass("I_ext", tau=10 * ms, period=1 * ms)(rec)
    assert held.I_ext.magnitude[-1, 0] == pytest.approx(1.0)
    trace = np.concatenate([np.zeros(1), np.ones(1000)])[:, np.newaxis]
    made = nm.brain.low_pass("r", tau=10 * ms, period=1 * ms).begin(0.05)
    made.add(trace)
    expected = 1.0 - np.exp(-np.arange(1.0, 51.0) / 10.0)
    np.testing.assert_allclose(made.result()[0], expected, rtol=1e-12)


def test_the_drive_of_the_blood_is_that_of_the_activity():
    rate = 200 * Hz
    made = nm.bold(repetition_time=1 * second).begin(0.1)
    made.add(np.full((100_001, 2), rate.m_as(kHz)))
    vessel = BalloonWindkessel()
    rec = nm.run(vessel, 10 * second, inputs=0.2 * S2, record="bold", every=100)
    np.testing.assert_allclose(made.result()[0], rec.bold.magnitude[1:], rtol=1e-12)
    stronger = nm.bold(repetition_time=1 * second, efficacy=2 * S2 / kHz).begin(0.1)
    stronger.add(np.full((10_001, 1), 0.1))
    assert stronger.result()[0, 0] == pytest.approx(made.result()[0, 0], rel=1e-12)


def test_members_of_networks_are_seen():
    net = nm.Network({"exc": system(), "inh": system().copy(seed=9)})
    seen = nm.run(
        net, 100 * ms, record="inh.v", observe={"b": nm.bold("exc.r", repetition_time=50 * ms)}
    )
    assert list(seen) == ["inh", "b"]
    assert seen["b"].bold.shape == (2, 3)


def test_an_observer_of_ones_own_is_a_few_lines():
    class Highest(Observer):
        """The highest value of every 5 ms."""

        def spacing(self, dt):
            return round(5.0 / dt)

        def begin(self, spacing):
            return Tops(self.spacing(spacing))

    class Tops(Windows):
        def _take(self, means):
            self.kept = [*getattr(self, "kept", []), means]

        def result(self):
            return np.concatenate(self.kept).T

    rec = nm.run(system(), 20 * ms, observe={"own": Highest("r", "top")})
    assert rec["own"].top.shape == (4, 3)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nm.bold(repetition_time=2.0), nm.UnitError, "repetition_time"),
        (lambda: nm.bold(repetition_time=0 * ms), ValueError, "repetition_time"),
        (lambda: nm.bold(3, repetition_time=1 * ms), TypeError, "blood"),
        (lambda: nm.bold(repetition_time=1 * ms, parameters="fristom"), ValueError, "friston2003"),
        (
            lambda: nm.bold(repetition_time=1 * ms, parameters=BalloonWindkessel(shape=2)),
            ValueError,
            "lanes",
        ),
        (lambda: nm.brain.average("r", 3), nm.UnitError, "period"),
        (lambda: nm.brain.lead_field("r", [1.0, 2.0], 1 * ms), ValueError, "sensor, region"),
        (
            lambda: nm.brain.lead_field("r", LEAD, 1 * ms, ["Fz"]),
            ValueError,
            "1 names for 2 sensors",
        ),
        (lambda: seen(nm.bold(repetition_time=1.23 * ms)), ValueError, "no multiple"),
        (lambda: seen(nm.bold("v", repetition_time=1 * ms)), nm.UnitError, "efficacy"),
        (lambda: seen(nm.bold("q", repetition_time=1 * ms)), ValueError, "observe.*no 'q'"),
        (
            lambda: seen(nm.brain.lead_field("v", np.ones((2, 4)), 1 * ms)),
            ValueError,
            "of 4 regions",
        ),
        (lambda: seen(max), TypeError, "an observer"),
        (lambda: nm.run(system(), 1 * ms, observe=[]), TypeError, "observe is a mapping"),
        (lambda: seen(OBSERVERS["mean"], average=True, every=10), ValueError, "average"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


def seen(observer, **options):
    return nm.run(system(), 17 * ms, observe={"x": observer}, **options)


def test_an_interrupted_run_keeps_what_was_seen():
    pop = nm.QIF(J=15.0, dt=1 * ms, eta=[-5.0, -5.0])
    with pytest.raises(nm.SimulationError) as error:
        nm.run(pop, 200 * ms, inputs=nm.signals.Step(400.0, start=100 * ms), record=(),
               observe={"x": nm.brain.average("r", 10 * ms)})  # fmt: skip
    assert len(error.value.recording["x"]) == 10


# ------------------------------------------------------------- functional connectivity


def test_correlations_are_those_of_numpy():
    rec = nm.run(system(), 100 * ms)
    found = nm.fc(rec, "r")
    np.testing.assert_allclose(found.matrix, np.corrcoef(rec.array("r", Hz).T), rtol=1e-10)
    assert np.asarray(found).shape == (3, 3)
    assert found.compare(found) == pytest.approx(1.0)
    assert nm.fc(rec.array("v")).matrix.shape == (3, 3)
    still = nm.fc(np.stack([np.zeros(5), np.arange(5.0)], axis=1))
    assert np.isnan(still.matrix[0, 1])


def test_the_dynamics_of_connectivity_are_those_of_windows():
    rec = nm.run(system(), 200 * ms, record="r", every=10)
    found = nm.fcd(rec, window=50 * ms, step=25 * ms)
    values = rec.array("r", Hz)
    rows = [np.corrcoef(values[25 * k : 25 * k + 50].T)[np.triu_indices(3, 1)] for k in range(7)]
    np.testing.assert_allclose(found.matrix, np.corrcoef(rows), rtol=1e-9)
    assert found.t[0].m_as(ms) == pytest.approx(24.5)
    assert found.compare(found) == 0.0
    with pytest.raises(ValueError, match="two windows"):
        nm.fcd(rec, window=190 * ms, step=50 * ms)
    with pytest.raises(nm.UnitError, match="window"):
        nm.fcd(rec, window=50, step=1 * ms)
    with pytest.raises(TypeError, match="knows its times"):
        nm.fcd(values, window=50 * ms, step=1 * ms)


@pytest.mark.parametrize("bad", [3, np.zeros(5), np.zeros((2, 3)), nm.run(nm.QIF(), 1 * ms)])
def test_what_has_no_regions_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match=r"takes|Name one|needs 3"):
        nm.fc(bad)


def test_sweeps_take_instruments_and_connectivity():
    c = nm.Connectome.synthetic(6, seed=1).normalised("row")
    net = nm.Network({"brain": nm.QIF(shape=6, noise=NOISE, seed=1, dt=0.1 * ms)})
    net.connect("brain", "brain", J=1.0, connectome=c, speed=3 * metre / second)
    scanner = nm.bold("brain.r", repetition_time=50 * ms)
    res = nm.sweep(net, {"brain->brain.speed": [3.0, 10.0] * metre / second}, 500 * ms,
                   {"fc": nm.fc(scanner), "rate": nm.measures.mean("brain.r")})  # fmt: skip
    assert res["fc"].shape == (2, 6, 6)
    for i, speed in enumerate((3.0, 10.0)):
        alone = net.__point__(i)
        alone["brain->brain"].speed = speed * metre / second
        rec = nm.run(alone, 500 * ms, record=(), observe={"bold": scanner})
        assert np.array_equal(res["fc"][i].magnitude, nm.fc(rec["bold"]).matrix)


def test_they_are_drawn():
    rec = nm.run(nm.QIF(labels=["a", "b", "c"], noise=NOISE, seed=1), 200 * ms, record="r")
    ax = nm.fc(rec).plot()
    assert [each.get_text() for each in ax.get_xticklabels()] == ["a", "b", "c"]
    ax = nm.fcd(rec, window=50 * ms, step=10 * ms).plot()
    assert ax.get_xlabel() == "t (ms)"


@pytest.mark.slow
def test_correlations_are_those_of_the_linear_theory():
    """A C + C A' + Q = 0 about the quiet state, for weak noise."""
    linalg = pytest.importorskip("scipy.linalg")
    c = nm.Connectome.synthetic(6, seed=2).normalised("row")
    sigma, tau, eta, J, G = 0.02 / ms**0.5, 10 * ms, -4.0, 8.0, 5.0
    rest = nm.QIF(tau=tau, J=J + G, eta=eta).equilibria()[0]
    pop = nm.QIF(tau=tau, J=J, eta=eta, shape=6, noise={"v": nm.noise.White(sigma)}, seed=4,
                 initial={"r": rest.r, "v": rest.v})  # fmt: skip
    net = nm.Network({"brain": pop})
    net.connect("brain", "brain", J=G, connectome=c)
    rec = nm.run(net, 400 * second, record="brain.r", every=20)["brain"]
    r, v, one = (rest.r * tau).m_as(""), rest.v.magnitude, np.eye(6)
    A = np.block([[2 * v * one, 2 * r * one],
                  [(J - 2 * np.pi**2 * r) * one + G * c.weights, 2 * v * one]])  # fmt: skip
    Q = np.diag([0.0] * 6 + [1.0] * 6)
    C = linalg.solve_continuous_lyapunov(A, -Q)[:6, :6]
    expected = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
    assert np.max(abs(nm.fc(rec).matrix - expected)) < 0.02


def test_every_preset_is_stable_at_its_step():
    for preset, tr in itertools.product(PRESETS, (720, 2000)):
        made = nm.bold(repetition_time=tr * ms, parameters=preset).begin(0.1)
        made.add(np.full((tr * 100 + 1, 1), 1.0))
        assert np.all(np.isfinite(made.result()))
