"""Quantities inside of arrays of other packages do not lose their unit without a word."""

import importlib

import numpy as np
import pandas as pd
import pint
import pytest
import xarray as xr

import neuromass as nm
from neuromass.units import Hz, magnitudes, ms, mV

TAKES = {
    "eta": lambda value: nm.QIF(eta=value),
    "I_ext": lambda value: nm.QIF(shape=2).update(value),
    "value": nm.signals.Constant,
    "factor": lambda value: nm.signals.Step(1.0, start=1 * ms) * value,
}


class Foreign(float):
    units = "mV"


@pytest.mark.parametrize("name", TAKES)
@pytest.mark.parametrize(
    "value",
    [
        xr.DataArray([1.0, 2.0] * mV),
        pd.Series([1.0 * mV, 2.0 * mV]),
        pd.Series([Foreign(1.0), Foreign(2.0)], dtype=object),
    ],
    ids=["xarray", "pandas", "of another package"],
)
def test_a_unit_inside_is_not_lost(name, value):
    with pytest.raises(TypeError, match=name):
        TAKES[name](value)


PACKAGES = ("astropy.units", "unyt", "quantities", "brian2")


def package_of(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        pytest.skip(f"{name} is not installed")
    except AttributeError as error:
        pytest.skip(f"{name} cannot be imported with this numpy: {error}")


def of_objects(value):
    made = np.empty(1, dtype=object)
    made[0] = value
    return made


FORMS = {
    "a bare unit": lambda unit: unit,
    "one": lambda unit: 3 * unit,
    "an array": lambda unit: np.ones(2) * unit,
    "a list": lambda unit: [3 * unit, 3 * unit],
    "a tuple": lambda unit: (3 * unit, 3 * unit),
    "a list of bare units": lambda unit: [unit, unit],
    "one among numbers": lambda unit: [1.0, 3 * unit],
    "lists in a list": lambda unit: [[3 * unit], [3 * unit]],
    "an array of objects": lambda unit: of_objects(3 * unit),
    "bare units as objects": of_objects,
    "within a Quantity": lambda unit: pint.application_registry.Quantity(of_objects(3 * unit), ""),
}
FED = {
    **TAKES,
    "delta": lambda value: nm.QIF(delta=value),
    "tau": lambda value: nm.QIF(tau=value),
    "r": lambda value: setattr(nm.QIF(shape=2), "r", value),
    "v": lambda value: nm.QIF(initial={"v": value}),
    "I_ext to advance": lambda value: nm.QIF(shape=2).advance(value),
    "I_ext of a run": lambda value: nm.run(nm.QIF(shape=2), 1 * ms, inputs=value),
    "duration": lambda value: nm.run(nm.QIF(), value),
    "J": lambda value: nm.Network({"a": nm.QIF()}).connect("a", "a", J=value),
    "delta of neurons": lambda value: nm.spiking.QIFNetwork(10, delta=value),
    "values": lambda value: magnitudes(value, Hz),
    "default": nm.Parameter,
}

UNITS_ELSE = ("tau", "r", "I_ext to advance", "duration", "values")
"""What refuses a dimensionless Quantity, whatever is in it."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("package", PACKAGES)
def test_units_of_other_packages_are_refused_with_advice(package, form):
    value = FORMS[form](package_of(package).Hz)
    about = package.partition(".")[0]
    advice = rf"unit of the package {about}, .*; convert it to one of pint"
    for name, take in FED.items():
        if name == "factor" and not isinstance(value, list | tuple):
            continue  # the other package multiplies first
        if form == "within a Quantity" and name in UNITS_ELSE:
            continue
        needed = "" if name == "factor" else name.split()[0]
        with pytest.raises(TypeError, match=advice) as caught:
            take(value)
        assert needed in str(caught.value)


@pytest.mark.parametrize("package", PACKAGES)
def test_lanes_are_not_counted_in_units_of_other_packages(package):
    unit = package_of(package).Hz
    pop = nm.QIF(shape=3)
    for at in (unit, 1 * unit, [1 * unit], (0, 1 * unit), [unit], of_objects(1 * unit)):
        with pytest.raises(IndexError, match=r"at=.* has a unit, and lanes are counted without"):
            pop.set(at=at, eta=-4.0)
    assert pop.eta == -5.0


class Counted(int):
    units = "percent"


def test_lanes_are_not_counted_in_units():
    pop = nm.QIF(shape=3)
    for at in (Counted(1), [Counted(1)], (Counted(1),), 1 * ms, [1 * ms]):
        with pytest.raises(IndexError, match=r"at=.* has a unit"):
            pop.set(at=at, eta=-4.0)
    pop.set(at=np.int64(1), eta=-4.0)
    pop.set(at=np.array([0, 2]), eta=-4.0)
    assert pop.eta.tolist() == [-4.0, -4.0, -4.0]
