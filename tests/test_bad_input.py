"""Bad input: refused where it is written, with a sentence that names it, and nothing changed."""

import re

import numpy as np
import pint
import pytest
from samples import Relay, everything

import neuromass as nm
from neuromass.units import Hz, ms, mV, pA, second

radian = pint.get_application_registry().radian
NAN, INF = float("nan"), float("inf")
White, Coloured = nm.noise.White, nm.noise.OrnsteinUhlenbeck


def qif(**changes):
    return nm.QIF(**{"J": 15.0, "shape": 3, **changes})


def assign(name, value):
    return lambda pop: setattr(pop, name, value)


def assign_into(trace, value):
    def attempt(pop):
        trace(pop)[0] = value

    return attempt


TABLE = {
    # what is given: (attempt, the error, what its sentence says)
    # ------------------------------------------------------------- units of parameters
    "bare tau": (lambda _: qif(tau=10), TypeError, r"tau needs a time, for example 10 \* ms"),
    "bare tau set": (assign("tau", 10), TypeError, r"tau needs a time, for example 10 \* ms"),
    "bare zero": (assign("tau", 0), TypeError, "tau needs a time"),
    "tau in mV": (lambda _: qif(tau=10 * mV), TypeError, "tau needs a time.* given in millivolt"),
    "tau in Hz": (lambda _: qif(tau=10 * Hz), TypeError, "tau needs a time.* given in hertz"),
    "Hz for delta": (
        lambda _: qif(delta=1 * Hz), TypeError, r"delta needs a plain number.* hertz.*delta \* tau",
    ),
    "Hz for delta set": (assign("delta", 1 * Hz), TypeError, r"delta .*delta \* tau"),
    "ms for eta": (assign("eta", 3 * ms), TypeError, "eta needs a plain number"),
    "text": (assign("eta", "3"), TypeError, "eta needs a plain number.*not '3'"),
    "None": (assign("eta", None), TypeError, "eta needs a plain number.*not None"),
    "bool": (assign("eta", True), TypeError, "eta needs a plain number.*not True"),
    "complex": (assign("eta", 1j), TypeError, "eta needs a plain number"),
    "ragged": (assign("eta", [[1], [1, 2]]), TypeError, "eta needs a plain number"),
    "rate without unit": (assign("r", 5.0), TypeError, r"r needs a rate, for example .* \* Hz"),
    "angular rate": (
        assign("r", 5 * radian / second), TypeError, "r is a frequency, not in the angular unit",
    ),
    "volts for v": (assign("v", -60 * mV), TypeError, "v needs a plain number"),
    # -------------------------------------------------------------------------- values
    "negative tau": (lambda _: qif(tau=-1 * ms), ValueError, "tau must be positive, and -1 ms"),
    "negative tau set": (assign("tau", -1 * ms), ValueError, "tau must be positive"),
    "zero tau": (assign("tau", 0 * ms), ValueError, "tau must be positive, and 0 ms is not"),
    "one negative tau": (assign("tau", [1, -1, 1] * ms), ValueError, "tau must be positive"),
    "negative delta": (assign("delta", -1), ValueError, "delta must not be negative, and -1 is"),
    "negative rate": (assign("r", -1 * Hz), ValueError, "r cannot be below 0 Hz, and -1 Hz is"),
    "nan eta": (assign("eta", NAN), ValueError, "eta must be finite"),
    "inf tau": (assign("tau", INF * ms), ValueError, "tau must be finite"),
    "nan in a lane": (assign("eta", [0.0, NAN, 0.0]), ValueError, "eta must be finite"),
    "inf v": (assign("v", -INF), ValueError, "v must be finite"),
    "nan r": (assign("r", NAN * Hz), ValueError, "r must be finite"),
    "nan J new": (lambda _: qif(J=NAN), ValueError, "J must be finite"),
    "nan start": (lambda _: qif(initial={"v": NAN}), ValueError, "v must be finite"),
    # -------------------------------------------------------------------------- shapes
    "four for three": (assign("eta", np.zeros(4)), ValueError, r"eta has the shape \(4,\).*\(3,\)"),
    "state of two": (assign("v", [1, 2]), ValueError, r"v has the shape \(2,\)"),
    "new shapes": (
        lambda _: nm.QIF(eta=np.zeros(3), J=np.zeros(4)), ValueError, r"J has the shape \(4,\)",
    ),
    "shape and values": (lambda _: qif(eta=np.zeros(4)), ValueError, r"eta has the shape \(4,\)"),
    "lanes for one": (
        lambda _: nm.QIF().update([1.0, 2.0]), ValueError, r"I_ext has the shape \(2,\).*single",
    ),
    "shape zero": (lambda _: qif(shape=0), ValueError, "shape must be a positive whole number"),
    "shape float": (lambda _: qif(shape=2.0), TypeError, "shape must be a whole number"),
    "shape negative": (lambda _: qif(shape=(2, -1)), ValueError, "shape must be"),
    "shape text": (lambda _: qif(shape="3"), TypeError, "shape must be a whole number"),
    "no elements": (lambda _: nm.QIF(eta=[]), ValueError, "eta"),
    "shape set": (assign("shape", 4), AttributeError, r"shape of a QIF cannot be set.*shape="),
    # --------------------------------------------------------------------------- names
    "unknown keyword": (lambda _: qif(etta=-5.0), TypeError, "parameter 'etta'; did you mean eta"),
    "keyword in capitals": (lambda _: qif(Tau=5 * ms), TypeError, "'Tau'; did you mean tau"),
    "a state as keyword": (lambda _: qif(r=5 * Hz), TypeError, r"r is a state.*initial=\{'r'"),
    "an input as keyword": (lambda _: qif(I_ext=5), TypeError, "I_ext is an input.*update"),
    "unknown attribute": (lambda p: p.etta, AttributeError, "attribute 'etta'; did you mean eta"),
    "unknown attribute set": (assign("etta", 3), AttributeError, "'etta'; did you mean eta"),
    "input read": (lambda p: p.I_ext, AttributeError, "I_ext is an input.*update"),
    "input set": (assign("I_ext", 3.0), AttributeError, "I_ext is an input.*update"),
    "method replaced": (assign("update", 3), AttributeError, "update of a QIF cannot be set"),
    "class attribute": (assign("output", "v"), AttributeError, "output of a QIF cannot be set"),
    "time set": (assign("t", 0 * ms), AttributeError, "t of a QIF cannot be set"),
    "unknown method": (
        lambda _: qif(method="hoin"), ValueError, "method must be.*'hoin'; did you mean 'heun'",
    ),
    "method a list": (lambda _: qif(method=["heun"]), ValueError, "method must be one of"),
    "unknown start": (
        lambda _: qif(initial={"rr": 3 * Hz}), ValueError, "initial: .*'rr'; did you mean r",
    ),
    "start no mapping": (lambda _: qif(initial=3), TypeError, "initial maps states to values"),
    "unknown record": (
        lambda p: nm.run(p, 1 * ms, record=("r", "I_ex")), ValueError,
        "record: .*'I_ex'; did you mean I_ext",
    ),
    "record twice": (lambda p: nm.run(p, 1 * ms, record=("r", "r")), ValueError, "record .*twice"),
    "record a number": (lambda p: nm.run(p, 1 * ms, record=3), TypeError, "record takes names"),
    "unknown input": (
        lambda p: nm.run(p, 1 * ms, inputs={"I_exd": 3.0}), ValueError,
        "no input 'I_exd'; did you mean I_ext",
    ),
    "unknown input stepped": (lambda p: p.update(I_exd=3.0), TypeError, "did you mean I_ext"),
    "input twice": (lambda p: p.update(1.0, I_ext=3.0), TypeError, "I_ext is given twice"),
    "unknown name": (lambda _: nm.QUIF, AttributeError, "'QUIF'; did you mean QIF"),
    # --------------------------------------------------------------------- dt, duration
    "dt zero": (lambda _: qif(dt=0 * ms), ValueError, "dt must be positive, and 0 ms is not"),
    "dt negative": (lambda _: qif(dt=-0.1 * ms), ValueError, "dt must be positive"),
    "dt bare": (lambda _: qif(dt=0.1), TypeError, r"dt needs a time, for example 0.05 \* ms"),
    "dt nan": (lambda _: qif(dt=NAN * ms), ValueError, "dt must be finite"),
    "dt array": (lambda _: qif(dt=[1, 2] * ms), ValueError, "dt is one time"),
    "dt in mV": (lambda _: qif(dt=1 * mV), TypeError, "dt needs a time"),
    "dt set": (assign("dt", 1 * ms), AttributeError, r"dt of a QIF cannot be set.*copy\(dt="),
    "duration between": (
        lambda p: nm.run(p, 1.02 * ms), ValueError,
        "duration = 1.02 ms is no multiple of dt = 0.05 ms; take 1 ms or 1.05 ms",
    ),
    "duration below dt": (lambda p: nm.run(p, 0.01 * ms), ValueError, "duration .*take 0.05 ms"),
    "duration tiny": (lambda p: nm.run(p, 1e-12 * ms), ValueError, "duration .*take 0.05 ms"),
    "duration bare": (lambda p: nm.run(p, 100), TypeError, "duration needs a time"),
    "duration zero": (lambda p: nm.run(p, 0 * ms), ValueError, "duration must be positive"),
    "duration negative": (lambda p: nm.run(p, -5 * ms), ValueError, "duration must be positive"),
    "duration inf": (lambda p: nm.run(p, INF * ms), ValueError, "duration must be finite"),
    "duration array": (lambda p: nm.run(p, [1, 2] * ms), ValueError, "duration is one time"),
    "duration in Hz": (lambda p: nm.run(p, 5 * Hz), TypeError, "duration needs a time"),
    "every between": (
        lambda p: nm.run(p, 1 * ms, every=3), ValueError,
        "every = 3 does not divide the 20 steps.* [24] does",
    ),
    "every zero": (lambda p: nm.run(p, 1 * ms, every=0), ValueError, "every must be at least 1"),
    "every float": (lambda p: nm.run(p, 1 * ms, every=2.0), TypeError, "every must be a whole"),
    "every bool": (lambda p: nm.run(p, 1 * ms, every=True), TypeError, "every must be a whole"),
    "every a time": (
        lambda p: nm.run(p, 1 * ms, every=1 * ms), TypeError,
        "every must be a whole .*; it counts steps of dt",
    ),
    # -------------------------------------------------------------------------- inputs
    "nan stepped": (lambda p: p.update(NAN), ValueError, "I_ext must be finite"),
    "inf stepped": (lambda p: p.update(INF), ValueError, "I_ext must be finite"),
    "nan in a lane stepped": (lambda p: p.update([1, NAN, 1]), ValueError, "I_ext must be finite"),
    "raw nan": (lambda p: p.advance(NAN), ValueError, "I_ext must be finite"),
    "raw text": (lambda p: p.advance("3"), TypeError, "I_ext needs a plain number"),
    "raw None": (lambda p: p.advance(None), TypeError, "I_ext needs a plain number"),
    "raw quantity": (lambda p: p.advance(3 * pA), TypeError, "I_ext: advance takes plain numbers"),
    "pA stepped": (lambda p: p.update(3 * pA), TypeError, "I_ext needs a plain number.*picoampere"),
    "a signal stepped": (
        lambda p: p.update(nm.signals.Step(3.0)), TypeError, "I_ext needs a plain number",
    ),
    "two lanes stepped": (lambda p: p.update([1.0, 2]), ValueError, r"I_ext has the shape \(2,\)"),
    "nan run": (lambda p: nm.run(p, 1 * ms, inputs=NAN), ValueError, "I_ext must be finite"),
    "nan in an array": (
        lambda p: nm.run(p, 1 * ms, inputs=[*[0.0] * 19, NAN]), ValueError, "I_ext must be finite",
    ),
    "nan from a function": (
        lambda p: nm.run(p, 1 * ms, inputs=lambda t: NAN), ValueError, r"I_ext.*must be finite",
    ),
    "too few rows": (
        lambda p: nm.run(p, 1 * ms, inputs=np.zeros(19)), ValueError,
        "I_ext has 19 rows, but the run has 20 steps",
    ),
    "lanes for rows": (
        lambda p: nm.run(p, 1 * ms, inputs=[1.0, 2.0, 3.0, 4.0]), ValueError,
        r"I_ext has 4 rows, but the run has 20 steps.*or one value for each lane",
    ),
    "rows of two lanes": (
        lambda p: nm.run(p, 1 * ms, inputs=np.zeros((20, 2))), ValueError,
        r"I_ext has values of the shape \(2,\), but the population has \(3,\)",
    ),
    "rows of lanes for one": (
        lambda _: nm.run(nm.QIF(), 1 * ms, inputs=np.zeros((20, 2))), ValueError,
        "I_ext has values of the shape.*single population",
    ),
    "signal of two lanes": (
        lambda p: nm.run(p, 1 * ms, inputs=nm.signals.Step([1.0, 2.0])), ValueError,
        r"I_ext has values of the shape \(2,\)",
    ),
    "pA run": (lambda p: nm.run(p, 1 * ms, inputs=3 * pA), TypeError, "I_ext needs a plain number"),
    "pA signal": (
        lambda p: nm.run(p, 1 * ms, inputs=nm.signals.Step(3 * pA)), TypeError,
        r"I_ext needs a plain number.*picoampere.*Step\(3 pA\)",
    ),
    "pA array": (
        lambda p: nm.run(p, 1 * ms, inputs=np.zeros(20) * pA), TypeError, "I_ext needs a plain",
    ),
    "pA list": (
        lambda p: nm.run(p, 1 * ms, inputs=[1 * pA] * 20), TypeError, "I_ext needs a plain number",
    ),
    "pA function": (
        lambda p: nm.run(p, 1 * ms, inputs=lambda t: 3 * pA), TypeError,
        r"I_ext\(t\) needs a plain",
    ),
    "text run": (lambda p: nm.run(p, 1 * ms, inputs="3"), TypeError, "I_ext"),
    "samples that end": (
        lambda p: nm.run(p, 2 * ms, inputs=nm.signals.Sampled([1.0, 2.0], dt=0.5 * ms)), ValueError,
        "Sampled values cover 0 ms to 1 ms",
    ),
    "bare current": (
        lambda _: nm.run(Relay(), 1 * ms, inputs={"current": 3.0}), TypeError,
        "current needs a current, for example",
    ),
    # --------------------------------------------------------------------------- noise
    "noise on nothing": (
        lambda _: qif(noise={"w": White(1.0)}), ValueError, r"noise\['w'\].*no such state or input",
    ),
    "noise of a number": (lambda _: qif(noise={"v": 0.1}), TypeError, r"noise\['v'\] must be"),
    "noise no mapping": (lambda _: qif(noise=White(1.0)), TypeError, "noise maps names to sources"),
    "sigma without root": (
        lambda _: qif(noise={"v": White(0.1)}), TypeError,
        r"noise\['v'\]\.sigma needs .*ms\*\*0\.5",
    ),
    "sigma negative": (
        lambda _: qif(noise={"I_ext": Coloured(-1.0, 1 * ms)}), ValueError,
        r"noise\['I_ext'\]\.sigma must not be negative",
    ),
    "sigma nan": (
        lambda _: qif(noise={"I_ext": Coloured(NAN, 1 * ms)}), ValueError,
        r"noise\['I_ext'\]\.sigma must be finite",
    ),
    "sigma of four": (
        lambda _: qif(noise={"I_ext": Coloured(np.ones(4), 1 * ms)}), ValueError,
        r"noise\['I_ext'\]\.sigma has the shape \(4,\)",
    ),
    "noise tau bare": (
        lambda _: qif(noise={"I_ext": Coloured(1.0, 1.0)}), TypeError,
        r"noise\['I_ext'\]\.tau needs a time",
    ),
    "noise tau zero": (
        lambda _: qif(noise={"I_ext": Coloured(1.0, 0 * ms)}), ValueError,
        r"noise\['I_ext'\]\.tau must be positive",
    ),
    "seed float": (lambda _: qif(seed=1.0), TypeError, "seed must be a whole number, not 1.0"),
    "seed bool": (lambda _: qif(seed=True), TypeError, "seed must be a whole number"),
    "seed negative": (lambda _: qif(seed=-1), ValueError, "seed must lie between"),
    "seed large": (lambda _: qif(seed=2**63), ValueError, "seed must lie between"),
    "lane negative": (lambda _: qif(lane=-1), ValueError, "lane must lie between"),
    "lane text": (lambda _: qif(lane="1"), TypeError, "lane must be a whole number"),
    "seed set": (assign("seed", 3), AttributeError, r"seed of a QIF cannot be set.*copy\(seed="),
    # ------------------------------------------------------- into what was handed out
    "into states": (assign_into(lambda p: p.r, 3 * Hz), ValueError, "cannot be assigned.*set"),
    "into magnitudes": (assign_into(lambda p: p.v.magnitude, 3), ValueError, "be assigned.*set"),
    "into raw": (assign_into(lambda p: p.raw.v, 3), ValueError, "read-only"),
    "into a recording": (
        assign_into(lambda p: nm.run(p.copy(), 1 * ms).r.magnitude, 3), ValueError, "copy",
    ),
    # -------------------------------------------------------------------------- others
    "run of a class": (lambda _: nm.run(nm.QIF, 1 * ms), TypeError, "run takes a population"),
    "run of nothing": (lambda _: nm.run(None, 1 * ms), TypeError, "run takes a population"),
    "load of nothing": (lambda _: nm.load(3.5), TypeError, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_refused_and_changes_nothing(name):
    attempt, kind, text = TABLE[name]
    pop = qif(seed=5)
    pop.update(3.0)
    before = everything(pop)
    with pytest.raises(kind) as caught:
        attempt(pop)
    message = str(caught.value)
    assert re.search(text, message, re.DOTALL), message
    assert everything(pop) == before
    other = qif(seed=5)
    other.update(3.0)
    assert pop.update(2.0).magnitude.tolist() == other.update(2.0).magnitude.tolist()


def test_the_fast_step_checks_as_the_first_one_does():
    """A single population without noise takes another path from its second step on."""
    pop = nm.QIF(J=15.0)
    pop.update(3.0)
    pop.update(3.0)
    before = everything(pop)
    for value, kind in (
        (NAN, ValueError), (INF, ValueError), (-INF, ValueError), (3 * pA, TypeError),
        ("3", TypeError), (None, TypeError), (True, TypeError), ([1.0, 2.0], ValueError),
    ):  # fmt: skip
        for step in (pop.update, pop.advance):
            with pytest.raises(kind, match="I_ext"):
                step(value)
        assert everything(pop) == before
    assert pop.update(3) == pop.r


def test_a_failed_run_takes_no_step_and_a_good_one_follows():
    pop, other = qif(), qif()
    for options in ({"every": 3}, {"record": "w"}, {"inputs": 3 * pA}, {"inputs": np.zeros(7)}):
        with pytest.raises((ValueError, TypeError)):
            nm.run(pop, 1 * ms, **options)
    a, b = nm.run(pop, 1 * ms, inputs=3.0), nm.run(other, 1 * ms, inputs=3.0)
    assert a.v.magnitude.tobytes() == b.v.magnitude.tobytes()


LONG = "x" * 5000


@pytest.mark.parametrize("value", [LONG, [1] * 5000, {LONG: 1}, 10**5000], ids="tldn")
@pytest.mark.parametrize("make", [
    lambda x: nm.QIF(method=x),
    lambda x: nm.QIF(shape=x),
    lambda x: nm.QIF(noise=x),
    lambda x: nm.QIF(initial=x),
    lambda x: nm.QIF().set(at=x, r=0 * Hz),
    lambda x: nm.run(nm.QIF(), 1 * ms, record=(x,)),
    lambda x: nm.run(nm.QIF(), 1 * ms, average=x),
    lambda x: nm.run(nm.QIF(), 1 * ms, inputs={LONG: x}),
    lambda x: nm.run(nm.QIF(), 1 * ms, progress=False).array(x, Hz),
    lambda x: nm.Network({"a": nm.QIF()}, coupling=x),
    lambda x: nm.Network({"a": nm.QIF()})[x],
    lambda x: nm.Network({"a": nm.QIF()}).disconnect(x),
    lambda x: nm.compiled_step(nm.QIF, x),
    lambda x: getattr(nm, LONG),
])  # fmt: skip
def test_long_values_are_cut_in_messages(make, value):
    with pytest.raises((TypeError, ValueError, LookupError, AttributeError)) as caught:
        make(value)
    message = str(caught.value)
    assert len(message) < 400
    assert "unhashable" not in message
    assert "digits" not in message
