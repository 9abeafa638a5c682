"""Connections by functions: against plain loops over pairs, closed forms and other models."""

import copy
import doctest
import functools
import math
import pickle

import numpy as np
import pytest
import scipy.sparse
from scipy.integrate import solve_ivp

import neuromass as nm
from neuromass.networks import unrolled
from neuromass.networks.tiled import TiledArrays
from neuromass.networks.unrolled import UnrolledArrays
from neuromass.units import Hz, ms, mV, second

DT = 0.1


class Leaky(nm.Population):
    """A leaky unit with an output that is no state."""

    tau = nm.Parameter(10 * ms, positive=True)
    x = nm.State(0.0)
    I = nm.Input()  # noqa: E741
    cube = nm.Output(lambda x: x * x * x)

    @staticmethod
    def derivatives(x, I, tau):  # noqa: E741
        return (I - x - 0.1 * x * x * x) / tau


class Cell(nm.Population):
    """A passive membrane in millivolts."""

    tau = nm.Parameter(10 * ms, positive=True)
    v = nm.State(-60 * mV)
    I = nm.Input(mV)  # noqa: E741

    @staticmethod
    def derivatives(v, I, tau):  # noqa: E741
        return (I - v) / tau


FUNCTIONS = {
    "difference": (nm.couplings.difference, lambda x, y: x - y),
    "sine": (nm.couplings.sine(lag=0.3), lambda x, y: math.sin(x - y - 0.3)),
    "cosine": (lambda x, y: np.cos(2 * x + y), lambda x, y: math.cos(2 * x + y)),
    "harmonic": (
        lambda x, y, k=2.0: np.sin(k * (x - y)) + np.cos((x + y) / 2 - 0.1),
        lambda x, y: math.sin(2 * (x - y)) + math.cos((x + y) / 2 - 0.1),
    ),
    "sigmoid": (nm.couplings.sigmoid(slope=2.0), lambda x, y: 1 / (1 + math.exp(-2 * x))),
    "tanh": (np.tanh, lambda x, y: math.tanh(x)),
    "product": (
        lambda x, y: (x * x - 1.0) * (2.0 - y) / 3.0,
        lambda x, y: (x * x - 1) * (2 - y) / 3,
    ),
    "mixed": (
        lambda x, y, a=0.5: a * (x - y) + 0.1 * math.exp(-x) * y - (x * y + 1.0) / 4.0,
        lambda x, y: 0.5 * (x - y) + 0.1 * math.exp(-x) * y - (x * y + 1) / 4,
    ),
}  # fmt: skip


def naive(start, weights, delays, function, steps, method="heun", held=False, tau=10.0, dt=DT):
    """One pair after the other, in plain Python; inputs are 0 outside of the coupling."""
    lanes = range(len(start))
    past = [list(start)]

    def value(i, j, x, ahead):
        """The function, of what was sent some time ago; interpolated between steps."""
        if not delays[i][j]:
            return function(x[j], x[i])
        place = len(past) - 1 + ahead - delays[i][j] / dt
        low = math.floor(place + 1e-9)
        part = place - low if abs(place - low) > 1e-9 else 0.0
        at = [past[max(0, min(each, len(past) - 1))][j] for each in (low, low + 1)]
        return (1.0 - part) * function(at[0], x[i]) + part * function(at[1], x[i])

    def inputs(x, ahead):
        total = [0.0] * len(start)
        for i in lanes:
            for j in lanes:
                if weights[i][j]:
                    total[i] += weights[i][j] * value(i, j, x, ahead)
        return total

    def rates(x, total):
        return [(total[i] - x[i] - 0.1 * x[i] ** 3) / tau for i in lanes]

    for _ in range(steps):
        x = past[-1]
        first = inputs(x, 0)
        k = rates(x, first)
        y = [x[i] + dt * k[i] for i in lanes]
        if method == "heun":
            m = rates(y, first if held else inputs(y, 1))
            y = [x[i] + dt * (k[i] + m[i]) / 2 for i in lanes]
        past.append(y)
    return np.array(past)


@pytest.fixture(params=["small", "large"])
def form(request, monkeypatch):
    """Both loops of networks."""
    if request.param == "large":
        monkeypatch.setattr(unrolled, "MOST_LANES", 0)
        monkeypatch.setattr("neuromass.networks.core.is_small", lambda *given: False)
    return {"small": UnrolledArrays, "large": TiledArrays}[request.param]


def wired(start, weights, delays, function, method="heun", coupling="full", **options):
    pop = Leaky(shape=len(start), initial={"x": start}, dt=DT * ms, method=method)
    net = nm.Network({"a": pop}, coupling=coupling, short_delays="dt")
    net.connect(
        "a", "a", weight=weights, delay=np.asarray(delays) * ms, function=function, **options
    )
    return net


WAYS = [
    *((name, late, "heun", "full") for name in FUNCTIONS for late in (0.0, 0.73)),
    *(("mixed", late, "heun", "held") for late in (0.0, 0.5, 0.73)),
    *((name, late, "euler", "full") for name, late in (("mixed", 0.0), ("sine", 0.5))),
]


@pytest.mark.parametrize(("name", "late", "method", "coupling"), WAYS)
def test_against_a_loop_over_pairs(name, late, method, coupling, form):
    rng = np.random.default_rng(1)
    start, weights = rng.normal(size=3), rng.normal(size=(3, 3))
    weights[0, 2] = 0.0
    delays = np.full((3, 3), late)
    given, plain = FUNCTIONS[name]
    net = wired(start, weights, delays, given, method, coupling)
    rec = nm.run(net, 5 * ms)["a"]
    assert isinstance(net._core.made_arrays, form)
    expected = naive(start, weights, delays, plain, 50, method, coupling == "held")
    np.testing.assert_allclose(rec.array("x"), expected, rtol=1e-12, atol=1e-13)


def test_many_lanes_dense_and_sparse():
    rng = np.random.default_rng(2)
    start = rng.normal(size=30)
    weights = np.where(rng.random((30, 30)) < 0.3, rng.normal(size=(30, 30)), 0.0)
    delays = np.round(rng.uniform(0.2, 4.0, (30, 30)), 2)
    delays[:, 3] = 0.0
    given, plain = FUNCTIONS["mixed"]
    expected = naive(start, weights, delays, plain, 60)
    dense = nm.run(wired(start, weights, delays, given), 6 * ms)["a"].array("x")
    np.testing.assert_allclose(dense, expected, rtol=1e-12, atol=1e-12)
    sparse = nm.run(wired(start, scipy.sparse.csr_array(weights), delays, given), 6 * ms)
    np.testing.assert_allclose(sparse["a"].array("x"), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("coupling", ["full", "held"])
def test_both_loops_have_the_same_bits(coupling, monkeypatch):
    def made():
        a = nm.StuartLandau(initial={"x": 0.5}, dt=DT * ms, seed=1,
                            noise={"I_x": nm.noise.OrnsteinUhlenbeck(0.1, 5 * ms)})  # fmt: skip
        b = nm.StuartLandau(initial={"x": -0.3, "y": 0.4}, frequency=30 * Hz, dt=DT * ms, shape=2)
        net = nm.Network({"a": a, "b": b}, coupling=coupling)
        net.connect("a", "b", weight=0.2, delay=0.73 * ms, function=nm.couplings.difference)
        net.connect("b", "a", weight=[[0.1, 0.2]], function=nm.couplings.sine(lag=0.2),
                    synapse=nm.synapses.Alpha(2 * ms))  # fmt: skip
        net.connect("b", "b", weight=0.3, function=np.tanh, variable="y", input="I_y")
        return net

    def rows(net):
        rec = nm.run(net, 20 * ms, record={"a": ("x", "I_x"), "b": ("y", "I_x", "I_y")})
        net.update({"a.I_x": 0.5})
        return b"".join(rec[n][k].magnitude.tobytes() for n in net for k in rec[n].names) + (
            net["b"].x.magnitude.tobytes()
        )

    small = made()
    first = rows(small)
    assert isinstance(small._core.made_arrays, UnrolledArrays)
    monkeypatch.setattr("neuromass.networks.core.is_small", lambda *given: False)
    large = made()
    assert rows(large) == first
    assert isinstance(large._core.made_arrays, TiledArrays)


# ------------------------------------------------------------------ what theory says


def test_two_alike_synchronise_as_the_eigenvalues_say():
    """The difference of two alike falls with the eigenvalue of one, less twice the strength."""
    k = 0.2
    pop = lambda x: nm.StuartLandau(a=-0.1, initial={"x": x, "y": 0.0}, dt=0.01 * ms)
    net = nm.Network({"a": pop(1e-6), "b": pop(-1e-6)})
    for source, target in (("a", "b"), ("b", "a")):
        for each in "xy":
            net.connect(
                source, target, weight=k, variable=each, input=f"I_{each}",
                name=f"{source}{target}{each}", function=nm.couplings.difference,
            )  # fmt: skip
    alone = nm.StuartLandau(a=-0.1).equilibria()[0].eigenvalues.m_as("1/ms")
    tau = nm.StuartLandau().tau.m_as(ms)
    eigenvalues = net.equilibria()[0].eigenvalues.m_as("1/ms")
    expected = np.concatenate([alone, alone - 2 * k / tau])
    order = lambda each: np.sort_complex(np.round(each, 12))
    np.testing.assert_allclose(order(eigenvalues), order(expected), rtol=1e-10, atol=1e-12)
    rec = nm.run(net, 5 * ms)
    apart = np.hypot(*(rec["a"].array(n) - rec["b"].array(n) for n in "xy"))
    rate = math.log(apart[-1] / apart[0]) / 5.0
    assert rate == pytest.approx((alone - 2 * k / tau).real.max(), rel=1e-5)


def test_oscillators_against_ott_and_antonsen():
    """Oscillators with Lorentzian frequencies and phases of a wrapped Cauchy distribution."""
    count, delta, strength, begin = 1000, 0.05, 0.3, 0.2
    middles = (np.arange(count) + 0.5) / count
    start = 2 * np.arctan((1 - begin) / (1 + begin) * np.tan(np.pi * (middles - 0.5)))
    frequencies = nm.lorentzian_quantiles(count, 0.0, delta / (2 * np.pi)) / ms
    pop = nm.KuramotoOscillator(
        frequency=frequencies, initial={"theta": np.random.default_rng(3).permutation(start)},
        dt=0.05 * ms,
    )  # fmt: skip
    net = nm.Network({"all": pop})
    everywhere = np.full((count, count), strength / count)
    net.connect("all", "all", weight=everywhere / ms, function=nm.couplings.sine,
                variable="theta", input="I_ext")  # fmt: skip
    rec = nm.run(net, 40 * ms, record="theta", every=20)["all"]
    r = np.abs(np.mean(np.exp(1j * rec.array("theta")), axis=1))
    exact = solve_ivp(
        lambda t, r: -delta * r + strength / 2 * r * (1 - r * r), (0, 40), [begin], rtol=1e-10,
        t_eval=rec.t.m_as(ms),
    ).y[0]  # fmt: skip
    assert exact[-1] > 0.75
    np.testing.assert_allclose(r, exact, atol=0.03)


class TwoInputs(nm.Population):
    """QIF with an input to the equation of the rate, too."""

    tau = nm.Parameter(10 * ms, positive=True)
    eta = nm.Parameter(-5.0)
    delta = nm.Parameter(1.0)
    r = nm.State(0 * Hz)
    v = nm.State(-2.0)
    I_v = nm.Input()
    I_r = nm.Input(Hz)

    @staticmethod
    def derivatives(r, v, I_v, I_r, tau, eta, delta):
        drdt = delta / (math.pi * tau * tau) + (2 * r * v + I_r) / tau
        dvdt = (v * v + eta + I_v - (math.pi * tau * r) ** 2) / tau
        return drdt, dvdt


def test_conductances_against_the_model_that_has_them():
    """Connections with an alpha synapse and g (v_syn - v) are the model of Coombes and Byrne."""
    kappa, v_syn = 0.4, -10.0
    model = nm.QIFConductance(eta=20.0, delta=0.5, kappa=kappa, v_syn=v_syn, tau_s=5 * ms,
                              initial={"r": 20 * Hz, "v": -1.0, "g": 0.0, "q": 0.0},
                              dt=0.01 * ms)  # fmt: skip
    pop = TwoInputs(eta=20.0, delta=0.5, initial={"r": 20 * Hz, "v": -1.0}, dt=0.01 * ms)
    net = nm.Network({"pop": pop})
    alpha = nm.synapses.Alpha(5 * ms)
    weight = kappa * math.pi * 10 * ms
    net.connect("pop", "pop", weight=weight, synapse=alpha, input="I_v", name="v",
                function=nm.couplings.conductance(E=v_syn))  # fmt: skip
    net.connect("pop", "pop", weight=weight, synapse=alpha, input="I_r", name="r",
                function=lambda s, r: -s * r)  # fmt: skip
    expected, found = nm.run(model, 100 * ms), nm.run(net, 100 * ms)["pop"]
    np.testing.assert_allclose(found.array("r", Hz), expected.array("r", Hz), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(("method", "order"), [("heun", 2), ("euler", 1), ("rk4", 2)])
def test_a_delayed_difference_against_the_method_of_steps(method, order):
    """x' = -x / tau + k (x(t - d) - x(t)) / tau, solved interval by interval."""
    tau, k, d = 10.0, 1.5, 4.0
    solutions = [lambda t: math.cos(0.2 * t)]
    for n in range(4):
        before = solutions[-1]
        begin = before(0.0) if n == 0 else before(n * d)
        done = solve_ivp(
            lambda t, x, before=before: (-x - 0.1 * x**3 + k * (before(t - d) - x)) / tau,
            (n * d, (n + 1) * d), [begin], rtol=1e-12, atol=1e-13, dense_output=True,
        )  # fmt: skip
        solutions.append(lambda t, done=done: float(done.sol(t)[0]))
    errors, steps = [], [0.4, 0.2, 0.1, 0.05]
    for dt in steps:
        pop = Leaky(initial={"x": 1.0}, dt=dt * ms, method=method)
        past = lambda t: math.cos(0.2 * t.m_as(ms))
        net = nm.Network({"a": pop}, history={"a": past})
        net.connect("a", "a", weight=k, delay=d * ms, function=nm.couplings.difference)
        nm.run(net, 4 * d * ms)
        errors.append(abs(float(pop.x.m) - solutions[-1](4 * d)))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_order_without_delay(method, order):
    """Both stages of a step see the states of their own stage, of source and target."""

    def rates(t, z):
        x, y = z
        return [(-x - 0.1 * x**3 + 2 * math.sin(y - x)) / 10, (-y - 0.1 * y**3 + x * (3 - y)) / 10]

    exact = solve_ivp(rates, (0, 8), [1.0, -0.5], rtol=1e-13, atol=1e-14, method="DOP853").y[:, -1]
    errors, steps = [], [0.8, 0.4, 0.2, 0.1] if method == "rk4" else [0.2, 0.1, 0.05, 0.025]
    for dt in steps:
        a = Leaky(initial={"x": 1.0}, dt=dt * ms, method=method)
        b = Leaky(initial={"x": -0.5}, dt=dt * ms, method=method)
        net = nm.Network({"a": a, "b": b})
        net.connect("b", "a", weight=2.0, function=nm.couplings.sine)
        net.connect("a", "b", weight=1.0, function=lambda s, x: s * (3 - x))
        nm.run(net, 8 * ms)
        errors.append(np.hypot(float(a.x.m) - exact[0], float(b.x.m) - exact[1]))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.15)


def test_jacobian_and_linear_response():
    """The vector field has the functions, with exact derivatives."""
    net = nm.Network({"a": Leaky(initial={"x": 0.3}), "b": Leaky(initial={"x": -0.2})})
    net.connect("a", "b", weight=0.7, function=FUNCTIONS["mixed"][0])
    net.connect("b", "a", weight=-0.4, function=nm.couplings.sine(lag=0.1))
    net.connect("b", "b", weight=0.4, function=nm.couplings.tanh, synapse=nm.synapses.Exponential())
    field = net._core.field({"a": 0.5})
    at = np.array([0.3, -0.2, 0.1])
    step = 1e-6
    numeric = np.stack(
        [(field.rates(at + step * e) - field.rates(at - step * e)) / (2 * step) for e in np.eye(3)],
        axis=-1,
    )
    np.testing.assert_allclose(field.slopes(at), numeric, rtol=1e-8, atol=1e-10)
    matched = field.matched({"a.I": np.array([0.9])}, at)
    here = Leaky.equations.evaluate({"x": 0.3, "I": 0.9, "tau": 10.0})
    assert matched.rates(at)[0] == pytest.approx(here[0], rel=1e-12)


# ---------------------------------------------------------------- using a network


def ring(**options):
    pop = nm.StuartLandau(shape=3, initial={"x": [0.1, 0.2, -0.3]}, dt=DT * ms)
    net = nm.Network({"a": pop, "b": Leaky(dt=DT * ms)}, **options)
    net.connect("a", "a", weight=np.ones((3, 3)) - np.eye(3), delay=1.0 * ms,
                function=nm.couplings.difference)  # fmt: skip
    net.connect("a", "b", weight=[[0.1, 0.2, 0.3]], function=nm.couplings.sine(lag=0.1))
    return net


def ahead(net):
    rec = nm.run(net, 5 * ms)
    return b"".join(rec[n].x.magnitude.tobytes() for n in net)


def test_copies_pickles_snapshots():
    net = ring()
    ahead(net)
    saved = net.snapshot()
    others = [net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    first = ahead(net)
    assert [ahead(each) for each in others] == [first] * 3
    net.restore(saved)
    assert ahead(net) == first
    other = nm.Network({"a": nm.StuartLandau(shape=3, dt=DT * ms), "b": Leaky(dt=DT * ms)})
    other.connect("a", "a", weight=np.ones((3, 3)) - np.eye(3), delay=1.0 * ms)
    other.connect("a", "b", weight=[[0.1, 0.2, 0.3]])
    with pytest.raises(ValueError, match="carries something else"):
        other.restore(saved)


def test_strengths_change_in_place():
    net, other = ring(), ring()
    ahead(net)
    ahead(other)
    arrays = net._core.made_arrays
    net["a->b"].weight = [[0.5, -0.2, 0.1]]
    net["a->a"].weight = 0.3 * (np.ones((3, 3)) - np.eye(3))
    found = ahead(net)
    assert net._core.made_arrays is arrays
    other["a->b"].weight = [[0.5, -0.2, 0.1]]
    other["a->a"].weight = 0.3 * (np.ones((3, 3)) - np.eye(3))
    other._core.changed()
    assert ahead(other) == found


def test_members_are_free_again():
    net, pop = ring(), Leaky(dt=DT * ms, initial={"x": 0.0})
    ahead(net)
    net.release()
    alone = net.members
    assert not alone
    net = ring()
    ahead(net)
    member = net["b"]
    net.disconnect("a->b")
    value = member.x
    net.release()
    pop.x = value
    assert member.update(1.0) == pop.update(1.0)
    assert member._core.equations is pop._core.equations


def test_a_function_of_what_is_known_of_the_past():
    """Connected after a while, it begins with the past that another connection has kept."""

    def started():
        net = nm.Network(
            {"a": nm.StuartLandau(initial={"x": 0.4}, dt=DT * ms), "b": Leaky(dt=DT * ms)}
        )
        net.connect("a", "b", weight=0.2, delay=2 * ms)
        return net

    late, early = started(), started()
    early.connect("a", "b", weight=0.0, delay=2 * ms, function=np.tanh, name="more")
    for each in (late, early):
        nm.run(each, 10 * ms)
    late.connect("a", "b", weight=0.5, delay=2 * ms, function=np.tanh, name="more")
    early["more"].weight = 0.5
    assert ahead(late) == ahead(early)


def test_a_sweep_has_the_bits_of_lone_networks():
    def made():
        net = nm.Network(
            {"a": nm.StuartLandau(initial={"x": 0.5}, dt=DT * ms), "b": Leaky(dt=DT * ms)}
        )
        net.connect("a", "b", weight=0.1, function=nm.couplings.difference, delay=1 * ms)
        net.connect("b", "a", weight=0.2, function=nm.couplings.sine)
        return net

    weights = [0.1, 0.7, 1.3]
    measure = {"end": nm.measures.final("b.x")}
    res = nm.sweep(made(), {"a->b.weight": weights}, 20 * ms, measure, progress=False)
    for weight, value in zip(weights, res["end"], strict=True):
        net = made()
        net["a->b"].weight = weight
        nm.run(net, 20 * ms)
        assert float(value.m) == float(net["b"].x.m)


def test_threads_do_not_matter():
    rng = np.random.default_rng(5)
    count = 300
    pop = nm.StuartLandau(shape=count, initial={"x": rng.normal(size=count)}, dt=DT * ms)
    net = nm.Network({"all": pop})
    net.connect("all", "all", weight=rng.random((count, count)) / count,
                delay=rng.uniform(1, 10, (count, count)) * ms,
                function=nm.couplings.difference)  # fmt: skip
    other = net.copy()
    one, two = (nm.run(each, 30 * ms, threads=n) for each, n in ((net, 1), (other, 2)))
    assert one["all"].x.magnitude.tobytes() == two["all"].x.magnitude.tobytes()


def test_a_connectome():
    c = nm.Connectome.synthetic(12, seed=1)
    pop = nm.StuartLandau(shape=12, initial={"x": np.linspace(-1, 1, 12)})
    net = nm.Network({"brain": pop})
    made = net.connect("brain", "brain", weight=0.2, connectome=c.normalised("row"),
                       speed=5 * nm.units.metre / second,
                       function=nm.couplings.difference)  # fmt: skip
    assert made.function == "difference(x, x)"
    assert np.all(np.isfinite(nm.run(net, 50 * ms)["brain"].array("x")))


# --------------------------------------------------------------------- units and errors


def test_units_of_parameters():
    """A reversal potential in volts is one in millivolts."""
    found = []
    for function in (
        nm.couplings.conductance(E=-80 * mV),
        functools.partial(nm.couplings.conductance.function, E=-0.08 * nm.units.volt),
        lambda s, v, E=-80 * mV: s * (E - v),
    ):
        net = nm.Network({"q": nm.QIF(), "c": Cell()})
        net.connect("q", "c", weight=10 * ms, function=function)
        nm.run(net, 20 * ms)
        found.append(net["c"].v.m_as(mV))
    assert found[1] == pytest.approx(found[0], rel=1e-14)
    assert found[2] == found[0]
    assert -80 < found[0] < -10


def test_the_weight_has_the_unit_that_is_missing():
    net = nm.Network({"q": nm.QIF(), "c": Cell()})
    with pytest.raises(nm.UnitError, match=r"weight needs a time"):
        net.connect("q", "c", weight=10.0, function=nm.couplings.conductance(E=-80 * mV))
    net.connect("q", "q", J=2.0, function=lambda r: 0.5 * r)
    with pytest.raises(ValueError, match="J needs a rate at the source"):
        net.connect("q", "q", J=2.0, function=np.tanh, variable="v", name="second")
    with pytest.raises(nm.UnitError, match=r"tanh is taken of"):
        net.connect("q", "q", weight=2.0, function=np.tanh, name="second")
    with pytest.raises(nm.UnitError, match="is subtracted from"):
        net.connect("q", "c", weight=1.0, function=lambda r, v: r - v)
    assert set(net.connections) == {"q->q"}


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (3.0, TypeError, "is a function of the source's value"),
        ("difference", TypeError, "is a function of the source's value"),
        (nm.synapses.Exponential, TypeError, "is a function of the source's value"),
        (lambda: 1.0, TypeError, "takes 0 arguments"),
        (lambda a, b, c, d: a, TypeError, "takes 4 arguments"),
        (nm.couplings.conductance, TypeError, r"needs a value of E; write conductance\(E=...\)"),
        (lambda *given: given[0], TypeError, "must have names"),
        (lambda x, y: np.tanh(x - y), ValueError, r"`tanh\(x - y\)`, in which the values"),
        (lambda x, y: (x - y) * (x - y), ValueError, "are mixed"),
        (lambda x, y: y, ValueError, "does not depend on the value of the source"),
        (lambda y: 2.0, ValueError, "does not depend on the value of the source"),
        (lambda x: x if x > 0 else 0.0, TypeError, "conditions with np.where"),
        (lambda x: (x, x), TypeError, "more than one value"),
        (lambda x: np.random.default_rng().normal() * x, TypeError, "random numbers"),
        (lambda x, a=float("nan"): a * x, ValueError, "a"),
        (lambda x, a=[1.0, 2.0]: a * x, ValueError, "is one number"),
    ],
)  # fmt: skip
def test_what_is_no_function_of_a_value(function, error, message):
    net = nm.Network({"a": Leaky(), "b": Leaky()})
    before = net.snapshot()
    with pytest.raises(error, match=message):
        net.connect("a", "b", weight=1.0, function=function)
    assert not net.connections
    net.restore(before)


def test_the_second_argument_names_what_the_target_has():
    net = nm.Network({"q": nm.QIF(), "c": Cell()})
    with pytest.raises(ValueError, match="call it after one"):
        net.connect("q", "c", weight=1.0, function=nm.couplings.difference)
    made = net.connect("q", "c", weight=1 * ms * mV, function=lambda r, v: r * (v / v))
    assert repr(made) == "<q->c: q.r -> c.I, weight = 1 ms*mV, function(r, v)>"
    own = nm.Network({"a": Leaky(), "b": Leaky()})
    assert own.connect("a", "b", weight=1.0, function=lambda x, cube: x * cube).function == (
        "function(x, cube)"
    )


def test_synapses_that_scale_take_no_function():
    net = nm.Network({"q": nm.QIF(), "p": nm.QIF()})
    with pytest.raises(ValueError, match="Depression scales what passes"):
        net.connect("q", "p", J=1.0, synapse=nm.synapses.Depression(), function=lambda r: r)


def test_parameters_are_known_by_name():
    with pytest.raises(TypeError, match="sine has no parameter 'leg'; did you mean lag"):
        nm.couplings.sine(leg=0.1)
    assert repr(nm.couplings.conductance(E=-80 * mV)) == "conductance(E=-80 mV)"
    assert nm.couplings.sine(1.0, 1.0) == 0.0
    assert nm.couplings.sine(lag=1.0)(2.0, 1.0) == 0.0


@pytest.mark.parametrize("name", ["conductance", "difference", "sigmoid", "sine", "tanh"])
def test_their_examples_run(name):
    made = doctest.DocTestParser().get_doctest(
        getattr(nm.couplings, name).__doc__, {}, name, None, None
    )
    assert made.examples
    assert not doctest.DocTestRunner().run(made).failed


def test_values_that_are_bound_twice_stay():
    """What is bound outside counts, and what is bound inside stays."""
    found = []
    inner = nm.couplings.sigmoid(slope=4.0)
    for function in (
        inner(threshold=0.1),
        functools.partial(inner, threshold=0.1),
        nm.couplings.CouplingFunction(inner, threshold=0.1),
        functools.partial(nm.couplings.sigmoid(threshold=0.9, slope=4.0), threshold=0.1),
    ):
        net = nm.Network({"a": Leaky(initial={"x": 0.5}), "b": Leaky()})
        net.connect("a", "b", weight=1.0, function=function)
        nm.run(net, 5 * ms)
        found.append(float(net["b"].x.m))
    assert found == [found[0]] * 4


def test_they_are_pickled():
    again = pickle.loads(pickle.dumps(nm.couplings.sine(lag=0.3)))
    assert repr(again) == "sine(lag=0.3)"
    assert again(1.0, 0.5) == nm.couplings.sine(lag=0.3)(1.0, 0.5)


def test_no_pairs_at_all():
    net = nm.Network({"a": Leaky(shape=3, dt=DT * ms)})
    delay = scipy.sparse.csr_array(np.ones((3, 3))) * (1.0)
    net.connect("a", "a", weight=scipy.sparse.csr_array((3, 3)), delay=(1 * ms) * delay)
    nm.run(net, 1 * ms)
