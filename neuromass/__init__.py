"""Neural populations with physical units: exact mean fields, stepped or run, fast on a CPU.

Examples
--------
>>> import neuromass as nm
>>> from neuromass.units import ms
>>> pop = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0)
>>> rate = pop.update(3.0)
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from typing import Any

from neuromass._version import __version__
from neuromass.errors import brief
from neuromass.hints import PACKAGE, instead

_HOMES = {
    "Connectome": "brain.connectome",
    "Epileptor": "models.epileptor",
    "FitzHughNagumo": "models.oscillators",
    "Input": "declaration.declarations",
    "IzhikevichCurrents": "models.izhikevich",
    "IzhikevichMeanField": "models.izhikevich",
    "JansenRit": "models.jansen_rit",
    "KuramotoOscillator": "models.oscillators",
    "LarterBreakspear": "models.larter_breakspear",
    "Network": "networks.network",
    "Output": "declaration.declarations",
    "Parameter": "declaration.declarations",
    "Population": "populations.population",
    "QIF": "models.qif",
    "QIFAdaptation": "models.adaptation",
    "QIFAlphaAdaptation": "models.adaptation",
    "QIFAsymmetricSpikes": "models.synaptic",
    "QIFConductance": "models.synaptic",
    "QIFDepression": "models.plasticity",
    "QIFGapJunction": "models.synaptic",
    "QIFSynaptic": "models.synaptic",
    "QIFTsodyksMarkram": "models.plasticity",
    "Recording": "recordings.recording",
    "Recordings": "recordings.recording",
    "SimulationError": "errors",
    "State": "declaration.declarations",
    "StuartLandau": "models.oscillators",
    "Sweep": "sweeps.results",
    "ThresholdLinear": "models.threshold_linear",
    "UnitError": "units",
    "VanDerPol": "models.oscillators",
    "Wendling": "models.wendling",
    "WilsonCowan": "models.wilson_cowan",
    "WongWang": "models.wong_wang",
    "WongWangDecision": "models.wong_wang",
    "WongWangExcInh": "models.wong_wang",
    "bold": "brain.observers",
    "check_dt": "simulation.accuracy",
    "compiled_step": "populations.compiled",
    "concatenate": "recordings.joining",
    "fc": "brain.functional",
    "fcd": "brain.functional",
    "kuramoto": "models.order_parameter",
    "list_models": "models.catalogue",
    "load": "recordings.files",
    "lorentzian": "models.heterogeneity",
    "lorentzian_quantiles": "models.heterogeneity",
    "lorentzian_sample": "models.heterogeneity",
    "phase_plane": "plotting.plane",
    "rate_and_potential": "models.order_parameter",
    "record": "simulation.by_hand",
    "run": "simulation.runner",
    "sweep": "sweeps.sweeping",
    "theta_neurons": "models.order_parameter",
}
"""Public name -> the module it is loaded from when it is first used."""

_MODULES = (
    "analysis",
    "brain",
    "couplings",
    "measures",
    "noise",
    "plotting",
    "signals",
    "spiking",
    "synapses",
    "units",
)

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"neuromass.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"neuromass.{name}")
    else:
        raise AttributeError(f"module 'neuromass' has no attribute {brief(name)}{_hint(name)}")
    globals()[name] = value
    return value


def _hint(name: str) -> str:
    """The end of a sentence about an unknown name: where it is, or what is meant."""
    if name.startswith("_") or importlib.util.find_spec(f"neuromass.{name}"):
        return ""  # a module of the package, which is being imported
    found = instead(name, PACKAGE)
    if found:
        return found
    for home in _MODULES:
        module = importlib.import_module(f"neuromass.{home}")
        if name in {*module.__all__, *getattr(module, "NAMES", ())}:
            return f"; it is in nm.{home}: from neuromass.{home} import {name}."
    alike = [each for each in __all__ if each.lower() == name.lower()]
    near = alike or difflib.get_close_matches(name, __all__, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def __dir__() -> list[str]:
    return sorted(__all__)
