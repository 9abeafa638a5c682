"""The Izhikevich population: folds, equilibria, units, and the bound of its potential."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_equations import branch, crossings, folds, numbers, on_branch
from scipy.integrate import solve_ivp

import neuromass as nm
from neuromass.units import UnitError, mm, ms, mV, nA, nF, nS, pA, pF, second, uS, volt

IZHIKEVICH = {
    "C": 100 * pF, "k": 0.7 * nS / mV, "v_r": -60 * mV, "v_t": -40 * mV, "delta": 1 * mV,
    "g": 15 * nS, "E_r": 0 * mV, "tau_s": 6 * ms, "a": 0.03 / ms, "b": -2 * nS, "d": 10 * pA,
}  # fmt: skip


def test_folds_of_the_izhikevich_population():
    cls = nm.IzhikevichMeanField
    found = folds(on_branch(cls, **IZHIKEVICH), cls, np.geomspace(1e-4, 0.1, 200))
    etas = sorted(values["eta"] for values in found)
    assert etas == pytest.approx([23.6217727782509, 40.6706938812489], abs=1e-9)


def test_equilibrium_of_the_izhikevich_population():
    pop = nm.IzhikevichMeanField(**IZHIKEVICH, eta=60 * pA)
    (rest,) = pop.equilibria()
    assert rest.r.magnitude == pytest.approx(29.8281063993275, rel=1e-12)
    assert rest.v.magnitude == pytest.approx(-48.511573464801, rel=1e-13)
    nm.run(pop, 2000 * ms, every=100)
    assert pop.r.magnitude == pytest.approx(29.8281063993275, rel=1e-9)
    assert pop.v.magnitude == pytest.approx(-48.511573464801, rel=1e-9)
    defaults = nm.IzhikevichMeanField().parameters
    assert all(defaults[name] == value for name, value in IZHIKEVICH.items())


@settings(max_examples=50, deadline=None)
@given(
    eta=st.floats(0.5, 100), I_ext=st.floats(0, 50), delta=st.floats(0.05, 3), g=st.floats(0, 30)
)
def test_equilibria_of_the_izhikevich_population_lie_on_the_branch_and_are_all(
    eta, I_ext, delta, g
):
    cls = nm.IzhikevichMeanField
    keywords = {**IZHIKEVICH, "delta": delta * mV, "g": g * nS}
    found = cls(**keywords, eta=eta * pA).equilibria(I_ext * pA)
    p = numbers(cls, **keywords)
    own = [rest.r.m_as(1 / ms) for rest in found]
    for r, rest in zip(own, found, strict=True):
        at = branch(cls, p, r)
        assert at["eta"] == pytest.approx(eta + I_ext, abs=1e-6)
        assert rest.v.magnitude == pytest.approx(at["v"], rel=1e-10)
        assert rest.v.magnitude >= -60
    grid = np.geomspace(1e-9, 1, 20_000)
    excess = branch(cls, p, grid)["eta"] - eta - I_ext
    changes = np.count_nonzero(excess[1:] * excess[:-1] < 0)
    inside = [r for r in own if grid[0] < r < grid[-1]]
    assert len(inside) - changes in (0, 2)


def test_other_units_give_the_same_answer():
    ours = nm.IzhikevichMeanField(**IZHIKEVICH, eta=60 * pA)
    theirs = nm.IzhikevichMeanField(
        C=0.1 * nF, k=0.7 * uS / volt, v_r=-0.06 * volt, v_t=-0.04 * volt, delta=0.001 * volt,
        g=0.015 * uS, E_r=0 * volt, tau_s=0.006 * second, a=30 / second, b=-0.002 * uS,
        d=0.01 * nA, eta=0.06 * nA, initial={"v": -0.055 * volt, "u": 0 * nA},
    )  # fmt: skip
    first = nm.run(ours, 100 * ms, 20 * pA)
    second_ = nm.run(theirs, 0.1 * second, 0.02 * nA)
    for name in ("r", "v", "u", "s"):
        mine, other = first[name].magnitude, second_[name].magnitude
        assert np.allclose(mine, other, rtol=1e-11, atol=1e-11)
    assert second_.v.units == mV
    with pytest.raises(UnitError, match="C needs a capacitance"):
        nm.IzhikevichMeanField(C=100 * mm)


def test_below_v_r_it_stops_and_says_so():
    pop = nm.IzhikevichMeanField.regular_spiking()
    with pytest.raises(
        nm.SimulationError, match=r"v falls below v_r = -60 mV .* population"
    ) as info:
        nm.run(pop, 100 * ms, -60 * pA)
    assert (info.value.state, info.value.population) == ("v", "IzhikevichMeanField")
    rec = info.value.recording
    assert rec.v.magnitude.min() >= -60
    assert rec.r.magnitude.min() > 0
    assert rec.t[-1] == pop.t == info.value.time
    stepped = nm.IzhikevichMeanField.regular_spiking()
    before = round((pop.t / pop.dt).to("").magnitude)
    for _ in range(before):
        stepped.update(-60 * pA)
    with pytest.raises(nm.SimulationError, match="v falls below v_r"):
        stepped.update(-60 * pA)
    assert (stepped.t, stepped.raw.v) == (pop.t, pop.raw.v)


def test_the_lane_that_falls_below_is_named():
    pop = nm.IzhikevichMeanField(eta=[30, 60] * pA, v_r=[-60, -55] * mV, initial={"v": -54 * mV})
    with pytest.raises(nm.SimulationError, match=r"\[1\]: v falls below v_r = -55 mV"):
        nm.run(pop, 100 * ms, [[20.0, -200.0]] * 2000 * pA)


def test_values_below_v_r_are_refused_where_they_are_set():
    with pytest.raises(ValueError, match="v cannot be below v_r = -60 mV, and -61 mV is"):
        nm.IzhikevichMeanField(initial={"v": -61 * mV})
    with pytest.raises(ValueError, match="v_r = -50 mV"):
        nm.IzhikevichMeanField(v_r=-50 * mV)
    pop = nm.IzhikevichMeanField()
    for change in ({"v": -70 * mV}, {"v_r": -50 * mV}, {"v_r": -80 * mV, "v": -81 * mV}):
        with pytest.raises(ValueError, match="v cannot be below v_r"):
            pop.set(**change)
        assert (pop.v, pop.v_r) == (-55 * mV, -60 * mV)
    with pytest.raises(ValueError, match="v cannot be below v_r"):
        pop.v_r = -50 * mV
    pop.set(v_r=-50 * mV, v=-45 * mV)
    assert pop.v == -45 * mV
    assert pop.copy(v_r=-48 * mV, initial={"v": -46 * mV}).v == -46 * mV
    with pytest.raises(ValueError, match="v cannot be below v_r"):
        pop.copy(v_r=-40 * mV)


def test_noise_stops_at_the_bounds():
    noise = {"I_ext": nm.noise.OrnsteinUhlenbeck(150 * pA, 5 * ms)}
    for shape in ((), (70,)):
        pop = nm.IzhikevichMeanField(eta=30 * pA, noise=noise, seed=3, shape=shape)
        rec = nm.run(pop, 200 * ms)
        assert rec.v.magnitude.min() == -60
        assert rec.r.magnitude.min() >= 0


def test_a_bound_must_be_a_parameter_of_the_same_unit():
    with pytest.raises(TypeError, match=r"lower bound 'v_x'.*did you mean v_"):

        class Unknown(nm.IzhikevichMeanField):
            v = nm.State(-55 * mV, lower="v_x")

    with pytest.raises(TypeError, match="v and its lower bound C differ in unit"):

        class Mixed(nm.IzhikevichMeanField):
            v = nm.State(-55 * mV, lower="C")


def test_without_input_the_izhikevich_population_comes_to_rest_at_v_r():
    pop = nm.IzhikevichMeanField()
    (rest,) = pop.equilibria()
    assert (rest.r.magnitude, rest.v.magnitude, rest.stable) == (0, -60, True)
    nm.run(pop, 2000 * ms, every=100)
    assert pop.v.magnitude == pytest.approx(-60, abs=1e-9)
    assert nm.IzhikevichMeanField(eta=-1 * pA).equilibria() == []


CURRENTS = {**IZHIKEVICH, "delta": 10 * pA}


def test_currents_that_differ_make_quadratic_neurons():
    """Without recovery they are QIF neurons, in other coordinates: the same rates."""
    C, k, middle, half = 100.0, 0.7, -50.0, 10.0
    tau = C / k  # in ms, with potentials in mV
    drive = lambda current: current / k - half**2
    ours = nm.IzhikevichCurrents(
        b=0 * nS, d=0 * pA, g=0 * nS, eta=80 * pA, delta=6 * pA, dt=0.01 * ms,
        initial={"r": 10 / second, "v": -52 * mV, "u": 0 * pA},
    )  # fmt: skip
    other = nm.QIF(
        tau=tau * ms, eta=drive(80.0), delta=6 / k, J=0.0, dt=0.01 * ms,
        initial={"r": 10 / second, "v": -52.0 - middle},
    )  # fmt: skip
    first = nm.run(ours, 200 * ms, 15 * pA, every=100)
    second_ = nm.run(other, 200 * ms, 15.0 / k, every=100)
    np.testing.assert_allclose(first.r.magnitude, second_.r.magnitude, rtol=1e-9)
    np.testing.assert_allclose(first.v.magnitude - middle, second_.v.magnitude, atol=1e-8)


def test_folds_with_currents_that_differ():
    cls = nm.IzhikevichCurrents
    found = folds(on_branch(cls, **CURRENTS), cls, np.geomspace(1e-4, 0.1, 200))
    etas = sorted(values["eta"] for values in found)
    assert etas == pytest.approx([19.2796673, 32.0276356], abs=1e-6)
    diagram = nm.analysis.continuation(cls(**CURRENTS), "eta", (0 * pA, 60 * pA))
    assert sorted(each.eta.m_as(pA) for each in diagram.folds) == pytest.approx(etas, abs=1e-6)
    quiet = cls.regular_spiking()
    kick = nm.signals.Step(8 * pA, start=0 * ms, stop=1500 * ms)
    nm.run(quiet, 3000 * ms, kick, record=())
    assert quiet.r.magnitude == pytest.approx(quiet.equilibria()[2].r.magnitude, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(eta=st.floats(-50, 100), delta=st.floats(0.5, 30), g=st.floats(0, 30))
def test_equilibria_with_currents_that_differ_lie_on_the_branch_and_are_all(eta, delta, g):
    cls = nm.IzhikevichCurrents
    keywords = {**CURRENTS, "delta": delta * pA, "g": g * nS}
    found = cls(**keywords, eta=eta * pA).equilibria()
    p = numbers(cls, **keywords)
    own = [rest.r.m_as(1 / ms) for rest in found]
    for r, rest in zip(own, found, strict=True):
        at = branch(cls, p, r)
        assert at["eta"] == pytest.approx(eta, abs=1e-6)
        assert rest.v.magnitude == pytest.approx(at["v"], rel=1e-9)
    grid = np.geomspace(1e-6, 1, 20_000)
    excess = branch(cls, p, grid)["eta"] - eta
    changes = np.count_nonzero(excess[1:] * excess[:-1] < 0)
    inside = [r for r in own if grid[0] < r < grid[-1]]
    assert len(inside) - changes in (0, 2)


def test_equal_currents_leave_the_silent_states():
    found = nm.IzhikevichCurrents(eta=30 * pA, delta=0 * pA).equilibria()
    assert [each.r.magnitude > 0 for each in found] == [False, False, True, True]
    v = found.v.magnitude[:2]
    left = 0.7 * (v + 60) * (v + 40) + 30 - found.u.magnitude[:2]
    assert np.allclose(left, 0, atol=1e-11)


def test_the_bursts_of_chen_and_campbell():
    """Their equations without units, by DOP853, with time in C / (k |v_r|) and v over |v_r|."""
    scale = 250 / (2.5 * 65)  # ms
    threshold, g, jump = 1 - 24.6 / 65, 200 / 162.5, 200 / (162.5 * 65)
    decay, leap = 4 / scale, 0.8 * scale

    def rhs(t, y):
        r, v, w, s = y
        return (
            0.02 / math.pi + r * (2 * v - threshold - g * s),
            v * v - threshold * v - w + 0.12 + g * s * (1 - v) - (math.pi * r) ** 2,
            0.005 * scale * (-1 / 162.5 * v - w) + jump * r,
            -s / decay + leap * r,
        )

    def recovering(t, y):
        return y[2] - 0.12

    recovering.direction = -1
    start = [0.05, 0.3, 0.1, 0.05]
    exact = solve_ivp(rhs, (0, 3000), start, "DOP853", rtol=1e-10, atol=1e-12, events=recovering)
    period = np.diff(exact.t_events[0])[-1] * scale
    pop = nm.IzhikevichCurrents.chen2022(dt=0.02 * ms)
    nm.run(pop, 2000 * ms, record=())
    rec = nm.run(pop, 2000 * ms)
    assert np.diff(crossings(rec, "u")) == pytest.approx(period, rel=1e-4)
    late = exact.y[:, exact.t > 1500]
    for name, size, row in (("v", 65.0, late[1] - 1), ("u", 2.5 * 65**2, late[2])):
        found = rec[name].magnitude
        assert found.max() == pytest.approx(size * row.max(), rel=1e-3)
        assert found.min() == pytest.approx(size * row.min(), rel=1e-3)
    assert rec.r.m_as("1/ms").max() == pytest.approx(late[0].max() / scale, rel=1e-3)
