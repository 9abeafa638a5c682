"""Equilibria, bifurcations and cycles of populations and networks."""

from neuromass.analysis.branches import continuation
from neuromass.analysis.characteristic import roots
from neuromass.analysis.cycle_branches import cycles
from neuromass.analysis.cycle_curves import CriticalCycle, CycleCurve
from neuromass.analysis.diagram import Branch, Diagram, SpecialPoint
from neuromass.analysis.exponents import lyapunov
from neuromass.analysis.fluctuations import LinearNoise, Transfer, linear_noise
from neuromass.analysis.orbits import Cycle, CycleBranch
from neuromass.analysis.settled import PhaseResponse, cycle, phase_response
from neuromass.analysis.tangents import Sensitivity, sensitivity
from neuromass.analysis.two_parameters import Curve, curve

__all__ = [
    "Branch",
    "CriticalCycle",
    "Curve",
    "Cycle",
    "CycleBranch",
    "CycleCurve",
    "Diagram",
    "LinearNoise",
    "PhaseResponse",
    "Sensitivity",
    "SpecialPoint",
    "Transfer",
    "continuation",
    "curve",
    "cycle",
    "cycles",
    "linear_noise",
    "lyapunov",
    "phase_response",
    "roots",
    "sensitivity",
]
