"""Flags are True or False, and counts are numbers without a unit."""

import numpy as np
import pytest

import neuromass as nm
from neuromass.units import ms

PACKAGES = ("unyt", "astropy.units", "quantities")


class WithUnits(int):
    units = "percent"


class WithUnit(int):
    unit = "Hz"


class WithDimensions(int):
    dimensions = "second"


FLAGS = {
    "average": lambda value: nm.run(nm.QIF(), 1 * ms, average=value),
    "progress": lambda value: nm.run(nm.QIF(), 1 * ms, progress=value),
    "positive": lambda value: nm.Parameter(1.0, positive=value),
    "nonnegative": lambda value: nm.Parameter(1.0, nonnegative=value),
    "progress of a sweep": lambda value: nm.sweep(
        nm.QIF(), {"eta": [-5.0]}, 1 * ms, measure=nm.measures.final("r"), progress=value
    ),
    "field": lambda value: nm.phase_plane(nm.QIF(), field=value),
    "legend": lambda value: nm.phase_plane(nm.QIF(), legend=value),
}

COUNTS = {
    "every": lambda value: nm.run(nm.QIF(), 1 * ms, every=value),
    "shape": lambda value: nm.QIF(shape=value),
    "seed": lambda value: nm.QIF(seed=value),
    "lane": lambda value: nm.QIF(lane=value),
    "count": lambda value: nm.signals.Pulses(1.0, width=1 * ms, period=3 * ms, count=value),
}


@pytest.mark.parametrize("value", ["no", "off", 0, 1, 2.0, [True], np.array([True])])
@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_is_true_or_false(name, value):
    with pytest.raises(TypeError, match=f"{name.split()[0]} is True or False, not"):
        FLAGS[name](value)


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_may_be_one_of_numpy(name):
    FLAGS[name](np.False_)


@pytest.mark.parametrize("kind", [WithUnits, WithUnit, WithDimensions])
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_has_no_unit(name, kind):
    COUNTS[name](4 if name != "lane" else np.int64(4))
    with pytest.raises((TypeError, ValueError), match=name):
        COUNTS[name](kind(4))


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_has_no_unit_of_another_package(name, package):
    foreign = pytest.importorskip(package)
    with pytest.raises((TypeError, ValueError), match=name):
        COUNTS[name](4 * foreign.ms)
