"""Quantities inside of arrays of other packages do not lose their unit without a word."""

import pandas as pd
import pytest
import xarray as xr

import neuromass as nm
from neuromass.units import ms, mV

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
