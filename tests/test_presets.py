"""Named sets of parameters are right at their own default step."""

import pytest

import neuromass as nm
from neuromass.units import ms

PRESETS = [
    (cls, name)
    for cls in (getattr(nm, each) for each in nm.__all__)
    if isinstance(cls, type) and getattr(cls, "model", None) is not None
    for name, value in vars(cls).items()
    if isinstance(value, classmethod)
]


def test_there_are_presets():
    assert len(PRESETS) >= 12


@pytest.mark.parametrize(("cls", "name"), PRESETS, ids=lambda each: getattr(each, "__name__", each))
def test_every_preset_passes_check_dt(cls, name):
    report = nm.check_dt(getattr(cls, name)(), 300 * ms)
    assert report.ok, report


@pytest.mark.parametrize("name", [each.name for each in nm.list_models()])
def test_every_model_passes_check_dt_with_its_defaults(name):
    report = nm.check_dt(getattr(nm, name)(), 300 * ms)
    assert report.ok, report
