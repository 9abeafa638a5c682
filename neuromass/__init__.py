"""Neural populations with physical units: exact mean fields, stepped or run, fast on a CPU.

Examples
--------
>>> import neuromass as nm
>>> from neuromass.units import ms
>>> pop = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0)
>>> rate = pop.update(3.0)
"""

from __future__ import annotations

import importlib
from typing import Any

from neuromass._version import __version__

_HOMES = {
    "Population": "population",
    "Parameter": "declaration",
    "State": "declaration",
    "Input": "declaration",
    "Output": "declaration",
    "SimulationError": "errors",
    "QIF": "models.qif",
}
"""Public name -> the module it is loaded from when it is first used."""

_MODULES = ("noise", "units")

__all__ = ["__version__", *_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"neuromass.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"neuromass.{name}")
    else:
        import difflib

        near = difflib.get_close_matches(name, __all__, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"module 'neuromass' has no attribute {name!r}{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
