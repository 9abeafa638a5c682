"""Parameters that change during a run, and lanes that fail without the others."""

import numpy as np
import pytest
from samples import NOISE, QIFu

import neuromass as nm
from neuromass.units import Hz, mm, ms, mV, nS, pA

FALLING = nm.signals.Ramp(1.0, -1.0, start=0 * ms, stop=9 * ms)
RAMP = nm.signals.Ramp(10.0, 20.0, start=5 * ms, stop=45 * ms)


def bits(rec):
    return {name: rec[name].magnitude.tobytes() for name in rec.names}


@pytest.mark.parametrize("shape", [(), (3,)], ids=str)
@pytest.mark.parametrize("noise", ["none", "all at once"])
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_a_parameter_that_stays_gives_the_same_bits(shape, noise, method):
    pop = nm.QIF(J=12.0, shape=shape, noise=NOISE.get(noise), seed=3, method=method)
    other = pop.copy()
    plain = nm.run(pop, 30 * ms, inputs=3.0)
    rec = nm.run(other, 30 * ms, inputs=3.0, parameters={"J": 12.0})
    assert bits(rec) == bits(plain)
    assert bits(nm.run(pop, 5 * ms)) == bits(nm.run(other, 5 * ms))


def test_it_is_a_loop_that_sets_the_parameter():
    pop = QIFu(J=10.0)
    other = pop.copy()
    rec = nm.run(pop, 50 * ms, inputs=2.0, parameters={"J": RAMP}, record=("r", "v", "u", "J"))
    with nm.record(other) as by_hand:
        for J in RAMP.means(0, 1000, 0.05):
            other.J = J
            other.update(2.0)
    assert all(np.array_equal(rec[n].magnitude, by_hand[n].magnitude) for n in ("r", "v", "u"))
    assert rec.J.magnitude[1:].tolist() == RAMP.means(0, 1000, 0.05).tolist()
    assert pop.J == 10.0


def test_it_is_of_second_order():
    def at(dt):
        pop = nm.QIF(J=15.0, dt=dt * ms, initial={"r": 50 * Hz, "v": 0.0})
        waves = {"J": 15.0 + nm.signals.Sine(5.0, frequency=40 * Hz),
                 "tau": 10 * ms + nm.signals.Sine(2 * ms, frequency=30 * Hz)}  # fmt: skip
        nm.run(pop, 40 * ms, inputs=3.0, parameters=waves)
        return pop.v.magnitude

    exact = at(0.000625)
    errors = [abs(at(dt) - exact) for dt in (0.04, 0.02, 0.01)]
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(abs(slopes - 2.0) < 0.1)


def test_functions_arrays_and_lanes_are_taken():
    pop = nm.QIF(eta=[-5.0, -4.0], J=15.0)
    rows = np.linspace(10.0, 20.0, 200)
    rec = nm.run(pop, 10 * ms, parameters={"J": rows, "delta": lambda t: 1.0 + 0.01 * t.m_as(ms)},
                 record=("J", "delta"))  # fmt: skip
    assert rec.J.magnitude[1:].tolist() == np.repeat(rows, 2).reshape(200, 2).tolist()
    assert rec.delta.magnitude[1, 0] == pytest.approx(1.00025)
    several = nm.signals.Step([1.0, 2.0], start=5 * ms)
    rec = nm.run(pop, 10 * ms, parameters={"J": several}, record="J")
    assert rec.J.magnitude[-1].tolist() == [1.0, 2.0]


def network():
    net = nm.Network({"exc": nm.QIF(tau=20 * ms, J=8.0), "inh": nm.QIF(tau=10 * ms)})
    net.connect("exc", "inh", J=10.0, delay=1 * ms, synapse=nm.synapses.Exponential(5 * ms))
    net.connect("inh", "exc", J=-10.0)
    return net


def test_members_of_a_network_follow_too():
    net, other = network(), network()
    plain = nm.run(net, 30 * ms, {"exc": 10.0})
    rec = nm.run(other, 30 * ms, {"exc": 10.0}, ("r", "v", "exc.J"), parameters={"exc.J": 8.0})
    for name in ("exc", "inh"):
        assert rec[name].r.magnitude.tobytes() == plain[name].r.magnitude.tobytes()
    assert rec["exc.J"].magnitude.tolist() == [8.0] * 601
    moved = nm.run(network(), 30 * ms, {"exc": 10.0}, parameters={"exc.J": RAMP})
    assert not np.array_equal(moved["exc"].r.magnitude, plain["exc"].r.magnitude)
    again = nm.run(other, 5 * ms, {"exc": 10.0})
    assert np.array_equal(
        again["exc"].r.magnitude, nm.run(net, 5 * ms, {"exc": 10.0})["exc"].r.magnitude
    )


def test_a_model_used_as_it_is_written_follows_too():
    class Written(nm.QIF):
        """Branches on a value."""

        @staticmethod
        def derivatives(r, v, I_ext, tau, eta, delta, J):
            drdt = delta / (3.141592653589793 * tau * tau) + 2 * r * v / tau
            push = eta + J * tau * r + I_ext if v < 100 else eta
            return drdt, (v * v + push - (3.141592653589793 * tau * r) ** 2) / tau

    pop = Written(J=10.0)
    other = pop.copy()
    nm.run(pop, 20 * ms, parameters={"J": RAMP})
    for J in RAMP.means(0, 400, 0.05):
        other.J = J
        other.update(0.0)
    assert pop.state == other.state


class Scaled(nm.Population):
    """A leaky unit whose output has a factor."""

    tau = nm.Parameter(10 * ms, positive=True)
    k = nm.Parameter(2.0)
    x = nm.State(0.5)
    I = nm.Input()  # noqa: E741
    y = nm.Output(lambda x, k: k * x)

    @staticmethod
    def derivatives(x, I, tau):  # noqa: E741
        return (I - x) / tau


STEPS = nm.signals.Step([1.0, 2.0, 3.0], start=2 * ms)


def test_outputs_have_the_value_of_their_own_lane():
    rec = nm.run(Scaled(shape=3), 5 * ms, 1.0, ("x", "y", "k"), parameters={"k": STEPS})
    assert np.array_equal(rec.y.magnitude[1:], (rec.k * rec.x).magnitude[1:])
    assert rec.k.magnitude[-1].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("sent", ["x", "y"])
@pytest.mark.parametrize("lanes", [3, 20])  # a loop of its own, and tiles
def test_outputs_of_members_have_the_value_of_the_step(sent, lanes):
    def network():
        net = nm.Network({"a": Scaled(shape=lanes), "b": Scaled(shape=lanes)})
        net.connect("a", "b", weight=np.eye(lanes)[::-1] * 0.5, variable=sent)
        return net

    k = np.linspace(1.0, 3.0, 100)[:, np.newaxis] * np.arange(1.0, lanes + 1)
    net, other = network(), network()
    what = ("a.x", "a.y", "a.k", "b.I", "b.x")
    rec = nm.run(net, 5 * ms, {"a": 1.0}, what, parameters={"a.k": k})
    a = rec["a"]
    assert np.array_equal(a.y.magnitude[1:], (a.k * a.x).magnitude[1:])
    for row in k:
        other["a"].k = row
        other.update({"a": 1.0})
    assert other["b"].x.magnitude.tolist() == net["b"].x.magnitude.tolist()


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({"K": 1.0}, ValueError, "no parameter 'K'; there is tau"),
        ({"r": 1.0}, ValueError, "no parameter 'r'"),
        ({"J": 3 * ms}, nm.UnitError, "J"),
        ({"tau": 3.0}, nm.UnitError, "tau needs a time"),
        ({"delta": FALLING}, ValueError, "delta must not be"),
        ({"tau": nm.signals.Constant(0 * ms)}, ValueError, "tau must be positive"),
        ([("J", 1.0)], TypeError, "parameters is a mapping"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_leaves_the_population(parameters, error, text):
    pop = nm.QIF(J=15.0)
    with pytest.raises(error, match=text):
        nm.run(pop, 10 * ms, parameters=parameters)
    other = nm.QIF(J=15.0)
    nm.run(other, pop.t or 0.05 * ms) if pop.t > 0 * ms else None
    assert bits(nm.run(pop, 5 * ms)) == bits(nm.run(other, 5 * ms))


def test_what_cannot_change_is_named():
    net = network()
    with pytest.raises(ValueError, match=r"exc\.tau scales the connections to exc"):
        nm.run(net, 1 * ms, parameters={"exc.tau": 20 * ms})
    with pytest.raises(ValueError, match="v_r bounds a state of IzhikevichMeanField"):
        nm.run(nm.IzhikevichMeanField(), 1 * ms, parameters={"v_r": -60 * mV})
    with pytest.raises(ValueError, match=r"no parameter 'J'; there is exc\.tau"):
        nm.run(net, 1 * ms, parameters={"J": 1.0})


def test_units_are_checked_as_everywhere():
    pop = nm.IzhikevichMeanField()
    rec = nm.run(pop, 5 * ms, parameters={"g": nm.signals.Step(15 * nS)}, record=("g", "v"))
    assert rec.g.units == nS
    with pytest.raises(nm.UnitError, match="g"):
        nm.run(pop, 5 * ms, parameters={"g": 15 * mm})
    with pytest.raises(nm.UnitError, match="g"):
        nm.run(pop, 5 * ms, parameters={"g": nm.signals.Step(15 * pA)})


# ------------------------------------------------------------------------- failing lanes


def coarse(**options):
    return nm.QIF(J=15.0, dt=1 * ms, **options)


def test_a_lane_that_fails_leaves_the_others():
    etas = [-5.0, 300.0, -4.0]
    pop = coarse(eta=etas)
    with pytest.warns(UserWarning, match=r"QIF\[1\] failed in the run that ends at t = 100 ms"):
        rec = nm.run(pop, 100 * ms, on_failure="nan")
    for lane in (0, 2):
        alone = nm.run(coarse(eta=etas[lane]), 100 * ms)
        assert np.array_equal(rec.r.magnitude[:, lane], alone.r.magnitude)
    bad = np.isnan(rec.v.magnitude[:, 1])
    with pytest.raises(nm.SimulationError) as error:
        nm.run(coarse(eta=300.0), 100 * ms)
    assert np.argmax(bad) == len(error.value.recording)  # NaN where the lone run stops
    assert bad[np.argmax(bad) :].all()
    assert np.isnan(pop.v.magnitude).tolist() == [False, True, False]
    pop.set(at=1, r=0 * Hz, v=-2.0)
    assert np.isfinite(pop.v.magnitude).all()


def test_a_lane_below_its_bound_is_nan_from_there():
    pop = coarse(eta=[-5.0, -400.0], initial={"r": 1 * Hz, "v": -30.0})
    with pytest.warns(UserWarning, match="failed"):
        rec = nm.run(pop, 50 * ms, on_failure="nan")
    assert np.nanmin(rec.r.magnitude) >= 0.0
    assert np.isnan(rec.r.magnitude[-1, 1])


def test_a_single_population_and_a_member_may_fail():
    pop = coarse(eta=300.0)
    with pytest.warns(UserWarning, match="QIF failed"):
        rec = nm.run(pop, 100 * ms, on_failure="nan")
    assert np.isnan(rec.r.magnitude[-1])
    net = nm.Network({"a": coarse(eta=300.0), "b": coarse()})
    with pytest.warns(UserWarning, match="^a failed"):
        rec = nm.run(net, 100 * ms, on_failure="nan")
    alone = nm.run(coarse(), 100 * ms)
    assert np.array_equal(rec["b"].r.magnitude, alone.r.magnitude)


def test_nothing_fails_as_before():
    pop, other = nm.QIF(eta=[-5.0, -4.0]), nm.QIF(eta=[-5.0, -4.0])
    assert nm.run(pop, 10 * ms, on_failure="nan") == nm.run(other, 10 * ms)
    with pytest.raises(ValueError, match="on_failure"):
        nm.run(pop, 10 * ms, on_failure="ignore")
    with pytest.raises(nm.SimulationError):
        nm.run(coarse(eta=[-5.0, 300.0]), 100 * ms)
