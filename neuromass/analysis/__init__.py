"""Equilibria, bifurcations and cycles of populations and networks."""

from neuromass.analysis.branches import continuation
from neuromass.analysis.diagram import Branch, Diagram, SpecialPoint
from neuromass.analysis.orbits import Cycle, CycleBranch, cycles

__all__ = ["Branch", "Cycle", "CycleBranch", "Diagram", "SpecialPoint", "continuation", "cycles"]
