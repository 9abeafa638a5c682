"""Units at the boundary: what is accepted, what is refused and how, and exact conversion."""

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neuromass as nm
from neuromass import units
from neuromass.units import HZ, MS, Hz, UnitError, magnitudes, measure, ms, mV, nS, pF, to_internal

OTHER = pint.UnitRegistry()


# ------------------------------------------------------------------------ conversion


def test_conversion_divides_where_a_factor_would_cost_the_last_bit():
    assert to_internal(8 * Hz, HZ, "r") == 0.008
    assert to_internal(50 * units.us, MS, "dt") == 0.05
    assert to_internal(3 * units.us, MS, "dt") == 0.003
    assert to_internal(0.1 * units.second, MS, "t") == 100.0
    assert to_internal(7 * units.minute, MS, "t") == 420000.0


@given(st.integers(1, 10**6))
def test_whole_numbers_of_every_unit_are_converted_exactly(count):
    for name in units.NAMES:
        unit = measure(getattr(units, name))
        factor = Fraction(int(unit.times), int(unit.over))
        assert to_internal(count * getattr(units, name), unit, "x") == float(count * factor)


@given(st.floats(1e-200, 1e200))
def test_what_is_set_is_read_to_the_last_bit_but_one(value):
    pop = nm.QIF(initial={"r": value * Hz}, tau=value * ms)
    assert abs(pop.r.magnitude - value) <= np.spacing(value)
    assert pop.tau.magnitude == value


def test_the_internal_system_is_coherent():
    one = {name: getattr(units, name) for name in units.NAMES}
    assert to_internal(2 * one["pF"] * one["mV"] / one["ms"], measure(one["pA"]), "I") == 2.0
    assert to_internal(2 * one["nS"] * one["mV"], measure(one["pA"]), "I") == 2.0
    assert to_internal(2 * one["pF"] / one["nS"], MS, "tau") == 2.0
    assert to_internal(2 * one["mm"] / one["ms"], measure("meter/second"), "speed") == 2.0
    assert to_internal(3 * OTHER.megaohm, measure("mV/pA"), "R") == 3e-3
    assert to_internal(10 * OTHER.uF / OTHER.cm**2, measure("pF/mm**2"), "C") == 1e5
    assert to_internal(1 * OTHER.joule, measure("mV*pA*ms"), "E") == 1e18


@pytest.mark.parametrize(
    "unit", ["ms", "1/ms", "mV", "pA", "nS", "pF", "mm", "mV/ms**0.5", "1/ms**2", "pA/nS", "tesla"]
)
def test_the_internal_unit_of_a_dimension_is_one_in_the_internal_system(unit):
    dimension = measure(unit).dimension
    found = measure(units.internal_unit(dimension))
    assert found.dimension == dimension
    assert found.times == found.over == 1.0


def test_units_are_imported_by_full_short_names_alone():
    assert (1 * units.kHz).to(Hz).magnitude == 1000
    with pytest.raises(AttributeError, match="no unit 'msec'; did you mean"):
        _ = units.msec
    with pytest.raises(AttributeError, match="no unit 's'"):
        _ = units.s
    assert set(units.NAMES) <= set(dir(units))


# ------------------------------------------------------------------------- registries


def test_quantities_of_any_registry_are_accepted():
    pop = nm.QIF(tau=0.01 * OTHER.second, initial={"r": 8 * OTHER.hertz})
    assert (pop.raw.tau, pop.raw.r) == (10.0, 0.008)
    assert pop.update(3.0).units == Hz


def test_what_is_handed_out_is_of_the_registry_current_at_the_call(application):
    pop = nm.QIF(J=15.0)
    before = pop.tau
    mine = pint.UnitRegistry()
    application(mine)
    assert pop.tau._REGISTRY is mine
    assert pop.update(3.0) + 1 * mine.Hz > 1 * mine.Hz
    assert units.ms._REGISTRY is mine
    pop.tau = before  # of the registry that was
    assert pop.tau == 10 * mine.ms


@pytest.mark.parametrize(
    "options",
    [
        {"autoconvert_offset_to_baseunit": True},
        {"force_ndarray": True},
        {"force_ndarray_like": True},
        {"non_int_type": Decimal},
        {"non_int_type": Fraction},
        {"system": "cgs"},
        {"case_sensitive": False},
        {"auto_reduce_dimensions": True},
    ],
)
def test_registries_with_other_settings_serve_too(application, options):
    mine = pint.UnitRegistry(**options)
    application(mine)
    pop = nm.QIF(tau=mine.Quantity(20, "millisecond"), initial={"r": mine.Quantity(8, "hertz")})
    assert (pop.raw.tau, pop.raw.r) == (20.0, 0.008)
    assert float(pop.tau.magnitude) == 20.0
    assert to_internal(mine.Quantity("1.5 millivolt"), measure("mV"), "v") == 1.5
    assert measure("1/ms").text == "1 / millisecond"
    assert "tau=20 ms" in repr(pop)
    noisy = nm.QIF(noise={"v": nm.noise.White(mine.Quantity("0.1 / millisecond**0.5"))}, seed=1)
    assert noisy.update(3.0).units == mine.hertz
    with pytest.raises(UnitError, match="tau needs a time"):
        pop.tau = mine.Quantity(20, "millivolt")


@pytest.mark.parametrize("form", ["~P", "P", "L", "H", ".3f~C"])
def test_the_format_of_a_registry_does_not_matter(application, form):
    mine = pint.UnitRegistry()
    mine.formatter.default_format = form
    application(mine)
    unit = measure(1 * mine.mV**2 / mine.ms)
    assert (unit.text, unit.symbol) == ("millivolt ** 2 / millisecond", "mV**2/ms")
    with pytest.raises(UnitError, match=r"sigma needs a quantity in 1/ms\*\*0.5"):
        nm.QIF(noise={"v": nm.noise.White(0.1)})


def test_a_unit_of_a_foreign_registry_keeps_its_own_size(application):
    mine, theirs = pint.UnitRegistry(), pint.UnitRegistry()
    mine.define("tick = 2 ms")
    theirs.define("tick = 3 ms")
    assert to_internal(1 * mine.tick, MS, "t") == 2.0
    assert to_internal(1 * theirs.tick, MS, "t") == 3.0
    application(mine)
    assert measure(mine.tick).times == 2.0
    assert measure(theirs.tick).times == 3.0
    tau = nm.Parameter(5 * mine.tick)
    assert tau.measure.quantity(10.0) == 5 * mine.tick
    with pytest.raises(ValueError, match="means something else"):
        nm.Parameter(5 * theirs.tick)
    application(theirs)
    with pytest.raises(ValueError, match="means something else"):
        tau.measure.quantity(10.0)


def test_a_declared_unit_that_only_its_own_registry_knows_is_refused_at_once():
    mine = pint.UnitRegistry()
    mine.define("jiffy = 10 ms")
    with pytest.raises(pint.UndefinedUnitError, match="jiffy"):
        nm.Parameter(5 * mine.jiffy)
    assert nm.QIF(tau=5 * mine.jiffy).tau == 50 * ms


# ------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, 3.0),
        (np.int8(3), 3.0),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.array(0.1), 0.1),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 10), 0.1),
        (3 * OTHER.percent, 0.03),
        (5 * OTHER.ms / (2 * OTHER.second), 0.0025),
        (0.1 * OTHER.dimensionless, 0.1),
        ([1, 2.5], [1.0, 2.5]),
        ((1, 2), [1.0, 2.0]),
        (range(3), [0.0, 1.0, 2.0]),
        ([[1], [2]], [[1.0], [2.0]]),
        ([Decimal("0.5"), 1], [0.5, 1.0]),
        (np.array([1, Fraction(1, 2)], dtype=object), [1.0, 0.5]),
        (np.ma.array([1.0, 2.0]), [1.0, 2.0]),
        ([1, 1 * OTHER.dimensionless], [1.0, 1.0]),
    ],
)
def test_real_numbers_of_all_kinds_are_accepted(given, expected):
    np.testing.assert_array_equal(nm.QIF(eta=given).raw.eta, expected)


@pytest.mark.parametrize(
    "given",
    [
        [10 * ms, 0.02 * units.second],
        (10 * ms, 20 * OTHER.ms),
        [10, 20] * ms,
        np.array([10 * ms, 20 * ms], dtype=object),
        [10, 20] * OTHER.ms,
        OTHER.Quantity([Decimal(10), Decimal(20)], "ms"),
    ],
)
def test_lists_of_quantities_are_accepted(given):
    np.testing.assert_array_equal(nm.QIF(tau=given).raw.tau, [10.0, 20.0])


def test_nested_lists_of_quantities_keep_their_shape():
    pop = nm.QIF(tau=[[10 * ms, 20 * ms], [30 * ms, 40 * ms]])
    np.testing.assert_array_equal(pop.raw.tau, [[10.0, 20.0], [30.0, 40.0]])


def test_a_unit_alone_is_one_of_it():
    assert nm.QIF(tau=ms).tau == 1 * ms


def test_what_is_taken_is_a_copy():
    given = np.array([1.0, 2.0])
    pop = nm.QIF(eta=given)
    given[0] = 99.0
    assert pop.raw.eta[0] == 1.0


# -------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("keyword", "given", "sentence"),
    [
        ("tau", 10, "tau needs a time, for example 10 * ms, not the bare number 10."),
        ("tau", [10, 20], "tau needs a time, for example 10 * ms, not the bare number [10, 20]."),
        ("tau", [10 * ms, 20], "tau needs a time, for example 10 * ms, not the bare number 20."),
        ("tau", 10 * mV, "tau needs a time, for example 10 * ms; it was given in millivolt."),
        ("tau", 10 * OTHER.dimensionless, "example 10 * ms; it was given in dimensionless."),
        ("tau", [10 * ms, 10 * Hz], "tau needs a time, for example 10 * ms; it was given in hertz"),
        ("eta", 1 * mV, "eta needs a plain number, for example -5; it was given in millivolt."),
        ("eta", 1 * OTHER.radian, "eta is a number, not in the angular unit radian."),
        ("eta", 1 * OTHER.degree, "eta is a number, not in the angular unit degree."),
        ("eta", OTHER.Quantity(3, "dB"), "eta was given in decibel, which does not start at zero"),
        ("tau", OTHER.Quantity(3, "degC"), "it was given in degree_Celsius."),
        ("delta", 1 * Hz, "delta needs a plain number, for example 1; it was given in hertz. A "
         "half-width given as a rate is made dimensionless by tau: delta * tau."),
    ],
)  # fmt: skip
def test_the_wrong_unit_is_refused_with_what_to_write(keyword, given, sentence):
    with pytest.raises(UnitError) as error:
        nm.QIF(**{keyword: given})
    assert sentence in str(error.value)
    assert isinstance(error.value, pint.DimensionalityError)
    assert isinstance(error.value, TypeError)


@pytest.mark.parametrize(
    "given",
    [
        True,
        np.True_,
        [True, False],
        None,
        [None, 1.0],
        "1",
        b"1",
        np.str_("1"),
        ["1"],
        np.array(["1", 2], dtype=object),
        1j,
        np.complex128(1),
        [1, [2, 3]],
        {},
        {1.0},
        object(),
        lambda: 1.0,
        (x for x in [1]),
        np.datetime64("2020"),
        np.timedelta64(1, "ms"),
        np.ma.array([1.0, 2.0], mask=[False, True]),
        1j * OTHER.dimensionless,
    ],
)
def test_what_is_no_real_number_is_refused(given):
    with pytest.raises(TypeError, match="eta needs a plain number, for example -5, not "):
        nm.QIF(eta=given)


@pytest.mark.parametrize("given", [10**400, [10**400], np.inf, np.nan, [1.0, np.inf], -np.inf])
def test_what_is_not_finite_is_refused(given):
    with pytest.raises(ValueError, match="eta must be finite"):
        nm.QIF(eta=given)
    with pytest.raises(ValueError, match="tau must be finite"):
        nm.QIF(tau=np.nan * ms)


@pytest.mark.parametrize("given", [[], np.zeros(0), np.zeros((3, 0))])
def test_an_array_without_elements_is_refused(given):
    with pytest.raises(ValueError, match="eta is an array without elements"):
        nm.QIF(eta=given)


def test_ragged_lists_of_quantities_are_refused():
    with pytest.raises(ValueError, match="tau is a list whose entries differ in shape"):
        nm.QIF(tau=[[10 * ms, 20 * ms], 5 * ms])


@pytest.mark.parametrize("unit", ["radian/second", "rpm", "turn/second", "degree/ms"])
def test_angular_units_are_refused_for_frequencies(unit):
    with pytest.raises(UnitError, match=r"angular unit.*Divide an angular frequency by 2 pi"):
        nm.QIF(initial={"r": OTHER.Quantity(8, unit)})
    assert nm.QIF(initial={"r": 8 * OTHER.becquerel}).raw.r == 0.008


def test_temperatures_with_an_offset_are_not_mistaken_for_kelvin():
    heat = measure(OTHER.kelvin)
    assert to_internal(300 * OTHER.kelvin, heat, "T") == 300.0
    assert to_internal(3 * OTHER.delta_degC, heat, "T") == 3.0
    with pytest.raises(UnitError, match=r"T was given in degree_Celsius.*\.to\('kelvin'\)"):
        to_internal(OTHER.Quantity(27, "degC"), heat, "T")
    with pytest.raises(TypeError, match="starts at zero"):
        measure(OTHER.degC)


def test_examples_in_messages_are_python_with_names_of_this_package():
    cases = [("us", "1 * us"), ("second", "1 * second"), ("1/ms**0.5", "1 / ms**0.5")]
    for unit, example in [*cases, ("nS/mV", "1 * nS/mV"), ("uV", "1 * uV")]:
        with pytest.raises(UnitError, match="needs") as error:
            to_internal(1, measure(unit), "x")
        assert f"for example {example}," in str(error.value)
        scope = {name: getattr(units, name) for name in units.NAMES}
        assert to_internal(eval(example, scope), measure(unit), "x") > 0


def test_a_unit_is_needed_where_a_unit_is_asked_for():
    for wrong in (1.0, 3 * ms, None):
        with pytest.raises((TypeError, ValueError), match="A unit is needed"):
            nm.Input(wrong) if wrong is not None else measure(wrong)
    assert nm.State(0.0, 1 * mV).measure == nm.State(0.0, "mV").measure == nm.State(0 * mV).measure


def test_errors_survive_pickling_and_copying():
    with pytest.raises(UnitError) as error:
        nm.QIF(tau=10 * mV)
    for twin in (pickle.loads(pickle.dumps(error.value)), copy.deepcopy(error.value)):
        assert type(twin) is UnitError
        assert str(twin) == str(error.value)
        assert (twin.units1, twin.units2) == ("millivolt", "millisecond")


def test_measures_survive_pickling():
    unit = measure(nS / mV)
    unit.quantity(1.0)
    twin = pickle.loads(pickle.dumps(unit))
    assert twin == unit
    assert twin.symbol == "nS/mV"
    assert twin.quantity(2.0) == 2 * nS / mV
    assert copy.deepcopy(unit) is unit


# ------------------------------------------------------------------------- magnitudes


def test_magnitudes_are_plain_numbers_in_the_unit_stated():
    pop = nm.QIF(J=15.0, initial={"r": 8 * Hz})
    rates = [pop.update(3.0) for _ in range(5)]
    found = magnitudes(rates, Hz)
    assert type(found) is np.ndarray
    assert found.dtype == float
    np.testing.assert_array_equal(found, [rate.magnitude for rate in rates])
    np.testing.assert_array_equal(magnitudes((rate for rate in rates), "kHz") * 1000, found)
    np.testing.assert_array_equal(magnitudes([8 * Hz, 0.1 * OTHER.kHz], Hz), [8.0, 100.0])
    np.testing.assert_array_equal(magnitudes(np.array([1.0, 2.0]) * Hz, units.kHz), [1e-3, 2e-3])
    assert magnitudes(8 * Hz, Hz) == 8.0
    assert magnitudes([], Hz).shape == (0,)


def test_magnitudes_refuses_other_units():
    with pytest.raises(UnitError, match="values needs a rate"):
        magnitudes([8 * Hz, 1 * ms], Hz)
    with pytest.raises(UnitError, match="not the bare number 8"):
        magnitudes([8, 9 * Hz], Hz)
    with pytest.raises(ValueError, match="A unit is needed"):
        magnitudes([8 * Hz], 10 * Hz)


def test_products_of_units_have_their_dimension():
    assert units.DIMENSIONLESS.is_dimensionless
    assert measure("mV").combined(MS, -1) == measure(mV / ms)
    assert measure("mV").combined(MS, Fraction(-1, 2)).dimension == measure("mV/ms**0.5").dimension
    assert measure("pF").combined(measure("mV")).dimension == measure(pF * mV).dimension


@pytest.mark.slow
def test_matplotlib_labels_axes_with_units():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    units.setup_matplotlib()
    rec = nm.run(nm.QIF(J=15.0), 10 * ms, 3.0)
    figure, axes = pyplot.subplots()
    try:
        (line,) = axes.plot(rec.t, rec.r)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("ms", "Hz")
        np.testing.assert_array_equal(line.get_ydata(orig=False), rec.array("r", Hz))
    finally:
        pyplot.close(figure)


CYCLE: list = []
CYCLE.append([CYCLE, CYCLE])


@pytest.mark.parametrize(
    ("make", "kind", "sentence"),
    [
        (lambda: nm.QIF(tau=CYCLE), ValueError, "tau is a list that holds itself"),
        (lambda: nm.QIF(eta=[1.0, CYCLE]), ValueError, "eta is a list that holds itself"),
        (lambda: nm.signals.Step(CYCLE), ValueError, "amplitude is a list that holds itself"),
        (lambda: units.magnitudes(CYCLE, ms), ValueError, "values is a list that holds itself"),
        (lambda: nm.QIF(tau=3 * ms ** (10**9)), ValueError, "at most 30, not 1000000000"),
        (lambda: units.measure("ms**1000000000"), ValueError, "at most 30, not 1000000000"),
        (lambda: units.measure("ms**10**10**10"), ValueError, "not the text"),
        (lambda: units.measure("ms +"), ValueError, "not the text 'ms \\+'"),
        (lambda: units.measure("x" * 5000), ValueError, "not the text 'xxx"),
        (lambda: units.measure([1] * 5000), TypeError, "A unit is needed"),
        (lambda: nm.QIF(eta="x" * 5000), TypeError, "eta needs a plain number"),
        (lambda: nm.QIF(eta=10**5000), ValueError, "eta must be finite"),
        (lambda: nm.run(nm.QIF(), 1 * ms, every="x" * 5000), TypeError, "every must be a whole"),
        (lambda: nm.QIF(eta=bytearray(b"12")), TypeError, "eta needs a plain number"),
        (lambda: nm.QIF(eta=memoryview(b"12")), TypeError, "eta needs a plain number"),
        (lambda: nm.QIF(eta=np.void(b"12345678")), TypeError, "eta needs a plain number"),
        (lambda: nm.QIF(eta=np.zeros(2, [("a", float)])), TypeError, "eta needs a plain number"),
        (
            lambda: nm.QIF(tau=OTHER.Quantity(np.ones(2, [("a", float)]), "ms")),
            TypeError,
            "tau needs a time",
        ),
        (
            lambda: nm.QIF(tau=OTHER.Quantity(np.array([3 * units.mV], dtype=object), "ms")),
            TypeError,
            "not Quantities in a Quantity",
        ),
    ],
)
def test_what_is_no_number_or_unit_is_refused_at_once_and_in_short(make, kind, sentence):
    with pytest.raises(kind, match=sentence) as caught:
        make()
    assert len(str(caught.value)) < 200


def test_units_of_other_packages_are_refused_inside_lists_and_quantities():
    foreign = pytest.importorskip("quantities")
    for make in (
        lambda: nm.QIF(eta=[1.0, 3 * foreign.mV]),
        lambda: nm.QIF(tau=(3 * foreign.mV) * ms),
        lambda: units.magnitudes(3 * foreign.Hz, Hz),
        lambda: nm.noise.White(3 * foreign.mV),
        lambda: (3 * foreign.pA) * nm.signals.Step(1.0),
        lambda: nm.run(nm.QIF(), 1 * ms, inputs=3 * foreign.pA),
    ):
        with pytest.raises(TypeError, match="a unit of the package quantities"):
            make()


@pytest.mark.parametrize("name", ["S", "A", "F"])
def test_no_unit_is_suggested_that_is_a_million_times_off(name):
    with pytest.raises(AttributeError, match="it has us, ms"):
        getattr(units, name)


def test_the_error_of_units_is_public():
    assert nm.UnitError is units.UnitError
