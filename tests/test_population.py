"""Populations: what they show, what can be set, and what stays as it was."""

import copy
import gc
import math
import pickle
import weakref

import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOISE, Charge, Decay, Relay, Undefined, bits, everything

import neuromass as nm
from neuromass.units import Hz, kHz, ms, mV, nA, pA, pF, second


def qif(**changes):
    return nm.QIF(**{"J": 15.0, "initial": {"r": 8 * Hz, "v": -2.0}, **changes})


# ------------------------------------------------------------------------------ showing


def test_states_parameters_and_time_are_quantities():
    pop = qif()
    assert (pop.r, pop.v, pop.t, pop.dt) == (8 * Hz, -2.0, 0 * ms, 0.05 * ms)
    assert (pop.tau, pop.eta, pop.delta, pop.J) == (10 * ms, -5.0, 1.0, 15.0)
    assert pop.r.units == Hz
    assert isinstance(pop.eta, pint.Quantity)
    assert list(pop.parameters) == ["tau", "eta", "delta", "J"]
    assert list(pop.state) == list(pop.initial) == ["r", "v"]
    assert pop.state["r"] == 8 * Hz
    assert (pop.shape, pop.method, pop.seed, pop.lane) == ((), "heun", None, 0)
    for _ in range(3):
        pop.update(3.0)
    assert pop.t.magnitude == 0.15  # the decimal, not 3 * 0.05


def test_defaults_are_those_of_the_table():
    pop = nm.QIF()
    assert pop.J == 0.0
    assert (pop.r, pop.v) == (0 * Hz, -2.0)
    assert pop.dt == 0.05 * ms
    assert nm.QIF(tau=1 * ms).dt == 0.05 * ms  # never derived from tau


def test_arrays_handed_out_are_read_only_copies():
    pop = qif(shape=3)
    before = everything(pop)
    for trace in (pop.r, pop.state["v"], pop.update(3.0), pop.initial["r"], pop.raw.v):
        plain = getattr(trace, "magnitude", trace)
        if np.ndim(plain):
            with pytest.raises(ValueError, match=r"read-only|cannot be assigned"):
                plain[0] = 1.0
    pop.reset()
    assert everything(pop) == before
    shown = pop.r
    pop.update(3.0)
    assert (shown.magnitude == 8.0).all()
    for mapping in (pop.parameters, pop.state, pop.initial, pop.noise):
        with pytest.raises(TypeError, match="does not support item assignment"):
            mapping["r"] = 1.0


def test_the_raw_layer_is_in_internal_units():
    pop = qif(shape=2)
    assert pop.raw.r.tolist() == [0.008, 0.008]
    assert (qif().raw.r, qif().raw.tau, qif().raw.t, qif().raw.dt) == (0.008, 10.0, 0.0, 0.05)
    assert type(qif().advance(3.0)) is float
    assert qif().advance(3.0) == qif().update(3.0).m_as(kHz)
    assert {"r", "v", "tau", "t"} <= set(dir(pop.raw))
    assert "raw QIF" in repr(pop.raw)
    with pytest.raises(AttributeError, match="did you mean eta"):
        _ = pop.raw.etta
    with pytest.raises(AttributeError):
        pop.raw.r = 3.0
    with pytest.raises(AttributeError):
        _ = copy.copy(pop.raw)._nothing


def test_repr_is_for_people():
    pop = qif(eta=np.linspace(-6, -4, 3), noise=NOISE["white on v"], seed=4)
    text = repr(pop)
    assert "QIF(tau=10 ms, eta=-6 .. -4, delta=1, J=15, shape=(3,)" in text
    assert "seed=4" in text
    assert "at t = 0 ms: r = 8 Hz, v = -2" in text
    assert "heun, dt = 0.05 ms" in text


def test_an_output_can_be_what_update_returns():
    pop = Relay()
    returned = pop.update(drive=40 * Hz)
    expected = math.exp((pop.v.m_as(mV) + 52) / 2)
    assert returned.dimensionless
    assert returned.magnitude == pop.above.magnitude == pytest.approx(expected, rel=1e-14)
    assert pop.raw.above == returned.magnitude
    with pytest.raises(AttributeError, match="output"):
        pop.above = 3.0


def test_an_output_that_is_not_a_number_costs_no_step():
    """The fast step returns NaN where it failed; here it did not."""
    for step in ("update", "advance"):
        pop = Undefined()
        outputs = []
        for _ in range(40):
            value = getattr(pop, step)(1.0)
            outputs.append(float(getattr(value, "magnitude", value)))
        assert pop.t.magnitude == pytest.approx(40 * 0.05)
        assert pop.raw.x == pytest.approx(1.0)
        assert np.isnan(outputs[:19]).all()
        assert np.isfinite(outputs[21:]).all()


# ------------------------------------------------------------------------------ setting


def test_states_and_parameters_are_set_with_units():
    pop = qif()
    pop.r = 0.1 * kHz
    pop.v = -1
    pop.tau = 0.02 * second
    pop.eta = np.float32(-4.0)
    assert (pop.r, pop.v, pop.tau, pop.eta) == (100 * Hz, -1.0, 20 * ms, -4.0)
    pop.set(r=5 * Hz, J=3, v=0)
    assert (pop.r, pop.v, pop.J) == (5 * Hz, 0.0, 3.0)


def test_a_parameter_acts_from_the_next_step_on():
    pop, other = qif(), qif(eta=-3.0, J=10.0, tau=20 * ms, delta=0.0)
    pop.update(1.0)
    other.update(1.0)
    state = other.snapshot()
    pop.set(eta=-3.0, J=10.0, tau=20 * ms, delta=0, **other.state)
    pop.r, pop.v = other.r, other.v
    for each in (pop, other):
        for _ in range(9):
            each.update(2.0)
    assert state.clock == 1
    assert (pop.raw.r, pop.raw.v) == (other.raw.r, other.raw.v)


def test_quantities_of_other_registries():
    mine = pint.UnitRegistry()
    pop = nm.QIF(tau=0.02 * mine.second, dt=100 * mine.us, initial={"r": 3 * mine.hertz})
    assert (pop.tau, pop.dt, pop.r) == (20 * ms, 0.1 * ms, 3 * Hz)
    pop.r = 7 * mine.hertz
    assert pop.r == 7 * Hz
    charge = Charge()
    charge.update(2 * mine.picoampere)
    assert charge.v.to(mV).magnitude == pytest.approx(2 / 100 * 0.05)


def test_some_lanes_are_set():
    pop = qif(eta=np.arange(-6.0, 0.0).reshape(2, 3))
    pop.set(at=(0, 1), r=100 * Hz, eta=-9.0)
    pop.set(at=1, v=[0.1, 0.2, 0.3], J=[1, 2, 3])
    pop.set(at=(slice(None), 2), tau=[30, 40] * ms)
    mask = np.zeros((2, 3), dtype=bool)
    mask[0, 0] = True
    pop.set(at=mask, r=1 * Hz)
    np.testing.assert_array_equal(pop.r.magnitude, [[1, 100, 8], [8, 8, 8]])
    np.testing.assert_array_equal(pop.v.magnitude, [[-2, -2, -2], [0.1, 0.2, 0.3]])
    np.testing.assert_array_equal(pop.eta.magnitude, [[-6, -9, -4], [-3, -2, -1]])
    np.testing.assert_array_equal(pop.J.magnitude, [[15, 15, 15], [1, 2, 3]])
    np.testing.assert_array_equal(pop.tau.magnitude, [[10, 10, 30], [10, 10, 40]])
    alone = nm.QIF(tau=40 * ms, eta=-1.0, J=3.0, initial={"r": 8 * Hz, "v": 0.3})
    for each in (pop, alone):
        for _ in range(20):
            each.update(3.0)
    assert (alone.raw.r, alone.raw.v) == (pop.raw.r[1, 2], pop.raw.v[1, 2])


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ({"at": 7, "r": 1 * Hz}, IndexError, r"at=7 is no index into the shape \(3,\)"),
        ({"at": "r", "r": 1 * Hz}, IndexError, "at='r' is no index"),
        ({"at": 0, "v": [1, 2]}, ValueError, r"v has the shape \(2,\), which does not fit at=0"),
        ({"at": slice(0, 2), "eta": [1, 2, 3]}, ValueError, r"eta has the shape \(3,\)"),
        ({"eta": -3.0, "v": np.nan}, ValueError, "v must be finite"),
        ({"eta": -3.0, "r": -1 * Hz}, ValueError, "r cannot be below 0 Hz, and -1 Hz is"),
        ({"eta": -3.0, "tau": 3}, TypeError, "tau needs a time"),
        ({"v": 1.0, "eta": [1, 2]}, ValueError, r"eta has the shape \(2,\)"),
        ({"v": 1.0, "etta": 1}, TypeError, "did you mean eta"),
        ({"at": 0, "eta": -3.0, "r": 5}, TypeError, "r needs a rate"),
        ({"at": 0, "eta": -3.0, "v": "x"}, TypeError, "v needs a plain number"),
        ({"I_ext": 3.0}, TypeError, "I_ext is an input"),
        ({"dt": 3 * ms}, TypeError, "no parameter 'dt'"),
    ],
)
def test_set_is_all_or_nothing(values, kind, text):
    pop = qif(shape=3)
    pop.update(3.0)
    before = everything(pop)
    with pytest.raises(kind, match=text):
        pop.set(**values)
    assert everything(pop) == before
    untouched = qif(shape=3)
    untouched.update(3.0)
    assert bits(nm.run(pop, 1 * ms)) == bits(nm.run(untouched, 1 * ms))


def test_states_may_stand_on_their_bound():
    pop = nm.QIF(delta=0.0, initial={"r": 0 * Hz})
    pop.r = 0 * Hz
    pop.update(3.0)
    assert pop.r == 0 * Hz


# -------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, ()),
        ({"shape": 3}, (3,)),
        ({"shape": (2, 3)}, (2, 3)),
        ({"shape": ()}, ()),
        ({"shape": np.int64(4)}, (4,)),
        ({"eta": np.zeros(3)}, (3,)),
        ({"eta": [1.0, 2.0]}, (2,)),
        ({"eta": np.zeros((2, 1)), "J": np.zeros(3)}, (2, 3)),
        ({"eta": np.zeros(3), "shape": (2, 3)}, (2, 3)),
        ({"tau": [10, 20] * ms}, (2,)),
        ({"tau": [10 * ms, 0.02 * second]}, (2,)),
        ({"initial": {"r": [1, 2] * Hz}}, (2,)),
        ({"noise": {"v": nm.noise.White(np.ones(4) / ms**0.5)}}, (4,)),
        ({"noise": {"v": nm.noise.OrnsteinUhlenbeck(1 / ms, tau=[1, 2] * ms)}}, (2,)),
    ],
)
def test_the_shape_is_inferred_or_given(options, shape):
    pop = nm.QIF(**options)
    assert pop.shape == shape
    assert pop.r.magnitude.shape == shape if shape else np.ndim(pop.r.magnitude) == 0
    assert np.shape(pop.update(3.0).magnitude) == shape


def test_lanes_have_their_own_parameters_and_initial_values():
    pop = nm.QIF(tau=[10, 20] * ms, initial={"v": [-1.0, -3.0]}, shape=(3, 2))
    assert pop.v.magnitude.tolist() == [[-1.0, -3.0]] * 3
    assert pop.tau.magnitude.tolist() == [10, 20]


def test_a_callers_array_is_not_the_populations():
    eta = np.array([-5.0, -4.0])
    r = np.array([1.0, 2.0])
    pop = nm.QIF(eta=eta, initial={"r": r * Hz})
    eta[:] = r[:] = 99.0
    assert pop.eta.magnitude.tolist() == [-5.0, -4.0]
    pop.reset()
    assert pop.r.magnitude.tolist() == [1.0, 2.0]
    v = np.array([0.5, 0.6])
    pop.v = v
    v[:] = 99.0
    assert pop.v.magnitude.tolist() == [0.5, 0.6]


# ------------------------------------------------------------- snapshots, copies, resets


def test_reset_returns_to_the_start_and_keeps_parameters():
    pop = qif()
    start = pop.snapshot()
    for _ in range(5):
        pop.update(3.0)
    pop.eta = -3.0
    pop.reset()
    assert (pop.r, pop.v, pop.t, pop.eta) == (8 * Hz, -2.0, 0 * ms, -3.0)
    pop.restore(start)
    assert pop.eta == -5.0


def test_snapshots_hold_all_and_do_not_change():
    pop = qif(noise=NOISE["all at once"], seed=3, shape=2)
    nm.run(pop, 1 * ms)
    saved = pop.snapshot()
    before = everything(pop)
    for _ in range(5):
        pop.update(3.0)
    pop.set(at=0, eta=-1.0, v=0.0)
    with pytest.raises(ValueError, match="read-only"):
        saved.state[0] = 0.0
    with pytest.raises(TypeError):
        saved.parameters["eta"] = 0.0
    pop.restore(saved)
    assert everything(pop) == before
    assert repr(saved) == "<Snapshot of QIF at t = 1 ms>"
    assert pickle.loads(pickle.dumps(saved)).clock == saved.clock
    twin = qif(noise=NOISE["all at once"], seed=3, shape=2)
    twin.restore(copy.deepcopy(saved))
    assert twin.update(3.0).magnitude.tolist() == pop.update(3.0).magnitude.tolist()


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (Decay, "of a Decay, not of a QIF, and of lanes"),
        (lambda: qif(shape=5), r"of lanes \(5,\), not \(6,\)"),
        (lambda: qif(shape=(2, 3)), r"of lanes \(2, 3\), not"),
        (lambda: qif(shape=6, dt=0.1 * ms), "dt = 0.1 ms"),
        (lambda: qif(shape=6, noise=NOISE["coloured on v"]), "noise on v, not nothing"),
        (lambda: qif(shape=6, method="euler"), "stepped by euler, not by heun"),
    ],
)
def test_snapshots_of_others_are_refused(other, text):
    pop = qif(shape=6)
    pop.update(3.0)
    before = everything(pop)
    with pytest.raises(ValueError, match=text):
        pop.restore(other().snapshot())
    with pytest.raises(TypeError, match="takes a snapshot, not dict"):
        pop.restore({})
    assert everything(pop) == before


def test_a_snapshot_of_another_model_of_the_same_name():
    class QIF(nm.Population):
        k = nm.Parameter(1 / ms)
        a = nm.State(0.0)
        b = nm.State(0.0)

        @staticmethod
        def derivatives(a, b, k):
            return -k * a, -k * b

    pop = qif()
    with pytest.raises(ValueError, match="The snapshot is of another QIF"):
        pop.restore(QIF().snapshot())


def test_copies_are_free_of_the_original():
    pop = qif(shape=3)
    nm.run(pop, 1 * ms, inputs=3.0)
    other = pop.copy()
    assert everything(other) == everything(pop)
    before = everything(pop)
    other.set(at=0, eta=1.0, v=3.0)
    other.update(3.0)
    assert everything(pop) == before


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"eta": -3.0}, lambda p: p.eta == -3.0),
        ({"tau": 20 * ms, "J": 3}, lambda p: (p.tau, p.J) == (20 * ms, 3.0)),
        ({"dt": 0.1 * ms}, lambda p: p.dt == 0.1 * ms and p.t == 1 * ms),
        ({"method": "euler"}, lambda p: p.method == "euler"),
        ({"seed": 9}, lambda p: p.seed == 9),
        ({"lane": 4}, lambda p: p.lane == 4),
        ({"noise": NOISE["white on v"]}, lambda p: list(p.noise) == ["v"]),
        ({"noise": None}, lambda p: not p.noise),
        ({"shape": 3}, lambda p: p.shape == (3,) and (p.v == p.v[0]).all()),
        ({"shape": (2, 2)}, lambda p: p.shape == (2, 2)),
        ({"eta": np.zeros(4)}, lambda p: p.shape == (4,)),
    ],
)
def test_copies_change_what_they_are_told_and_keep_the_rest(changes, check):
    pop = qif(noise=NOISE["coloured on I_ext"], seed=2)
    nm.run(pop, 1 * ms, inputs=3.0)
    before = everything(pop)
    other = pop.copy(**changes)
    assert check(other)
    assert other.t == pop.t
    assert (other.raw.v == pop.raw.v) if not other.shape else (other.raw.v == pop.raw.v).all()
    for name in set(pop.parameters) - set(changes):
        assert np.all(other.parameters[name] == pop.parameters[name])
    other.update(3.0)
    other.reset()
    assert np.all(other.r == 8 * Hz)
    assert everything(pop) == before


def test_a_copy_with_another_start_stands_there():
    pop = qif()
    nm.run(pop, 1 * ms)
    other = pop.copy(initial={"r": 1 * Hz, "v": 0.0})
    assert (other.r, other.v, other.t) == (1 * Hz, 0.0, 0 * ms)
    assert other.J == 15.0


def test_copies_that_cannot_be():
    pop = qif(shape=3)
    nm.run(pop, 1.05 * ms)
    before = everything(pop)
    for changes, kind, text in (
        ({"dt": 0.1 * ms}, ValueError, "does not divide the population's time of 1.05 ms"),
        ({"shape": 2}, ValueError, "The state has the shape"),
        ({"eta": [1, 2]}, ValueError, r"eta has the shape \(2,\)"),
        ({"etta": 3}, TypeError, "did you mean eta"),
        ({"r": 3 * Hz}, TypeError, "r is a state of QIF; give its start as initial"),
        ({"tau": 3}, TypeError, "tau needs a time"),
        ({"lanes": 3}, TypeError, "did you mean lane"),
    ):
        with pytest.raises(kind, match=text):
            pop.copy(**changes)
    assert everything(pop) == before


# -------------------------------------------------------------------------- other models


def test_two_inputs():
    pop = Relay()
    pop.update(20 * pA)
    pop.update(current=0.02 * nA, drive=30 * Hz)
    pop.update(20 * pA, drive=30 * Hz)
    rec = nm.run(pop, 1 * ms, inputs={"drive": 5 * Hz}, record=("current", "drive"))
    assert (rec.current.magnitude[1:] == 0.0).all()
    np.testing.assert_allclose(rec.drive.magnitude[1:], 5.0)
    with pytest.raises(TypeError, match="current is given twice"):
        pop.update(3 * pA, current=3 * pA)
    with pytest.raises(ValueError, match="Relay has the inputs current, drive; give them by name"):
        nm.run(pop, 1 * ms, inputs=3 * pA)


def test_no_inputs():
    pop = Decay(initial={"x": 2.0})
    pop.update()
    pop.advance()
    assert pop.raw.x == pytest.approx(2.0 * math.exp(-0.01), rel=1e-6)
    with pytest.raises(TypeError, match="Decay has no input"):
        pop.update(3.0)
    with pytest.raises(ValueError, match="Decay has no input"):
        nm.run(pop, 1 * ms, inputs=3.0)
    with pytest.raises(TypeError, match="no input 'I'"):
        pop.update(I=3.0)


def test_an_input_with_a_unit_needs_it_at_every_step():
    """Also where steps are taken by the fast kernel, which knows nothing of units."""
    pop = Charge()
    for _ in range(3):
        pop.update(2 * pA)
    before = everything(pop)
    with pytest.raises(TypeError, match="current needs a current, for example 1 \\* pA"):
        pop.update(2.0)
    with pytest.raises(TypeError, match="current needs a current"):
        pop.update(0.0)
    assert everything(pop) == before
    assert pop.advance(2.0) == pytest.approx(4 * 2 / 100 * 0.05)
    assert pop.C.m_as(pF) == 100


def test_the_base_is_no_model():
    with pytest.raises(TypeError, match="base of models"):
        nm.Population()


@given(
    r=st.floats(0, 1e4),
    v=st.floats(-1e3, 1e3),
    tau=st.floats(1e-3, 1e6),
    eta=st.floats(-1e6, 1e6),
)
@settings(deadline=None)
def test_what_is_set_is_what_is_shown(r, v, tau, eta):
    pop = nm.QIF(tau=tau * ms, eta=eta, initial={"r": r * Hz, "v": v})
    assert pop.tau.magnitude == tau
    assert pop.eta.magnitude == eta
    assert pop.v.magnitude == v
    assert pop.r.magnitude == pytest.approx(r, rel=3e-16)
    again = pop.copy()
    assert everything(again) == everything(pop)
    assert everything(pickle.loads(pickle.dumps(pop))) == everything(pop)


def test_arithmetic_in_place_is_that_of_one_population():
    pop = nm.QIF(eta=[1.0, 2.0], tau=[10, 20] * ms)
    pop.eta += 0.5
    pop.tau *= 2
    assert pop.eta.magnitude.tolist() == [1.5, 2.5]
    assert pop.tau.magnitude.tolist() == [20.0, 40.0]
    own = np.zeros_like(pop.eta.magnitude)
    own[0] = 3.0  # a new array is one's own
    assert pop.eta.magnitude.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms), nm.noise.OrnsteinUhlenbeck(0.6, 5 * ms)),
        (nm.noise.OrnsteinUhlenbeck(0.5, 5 * ms), nm.noise.OrnsteinUhlenbeck(0.5, 6 * ms)),
        (nm.noise.White(0.5 * ms**0.5), nm.noise.White(0.6 * ms**0.5)),
    ],
)
def test_a_snapshot_with_noise_of_another_strength(one, other):
    first, second = (nm.QIF(noise={"I_ext": each}, seed=1) for each in (one, other))
    first.restore(nm.QIF(noise={"I_ext": one}, seed=2).snapshot())
    with pytest.raises(ValueError, match="with noise on I_ext, of another strength"):
        second.restore(first.snapshot())


def test_a_population_goes_with_its_last_reference():
    gc.collect()
    gc.disable()
    try:
        pop = qif()
        pop.update(1.0)
        assert pop.raw.r > 0
        gone = weakref.ref(pop)
        del pop
        assert gone() is None
    finally:
        gc.enable()
