"""A whole brain: connectomes, what scanners see of populations, and functional connectivity."""

from neuromass.brain.connectome import Connectome
from neuromass.brain.functional import fc, fcd
from neuromass.brain.hemodynamics import BalloonWindkessel
from neuromass.brain.observers import Observer, average, bold, lead_field, low_pass

__all__ = [
    "BalloonWindkessel",
    "Connectome",
    "Observer",
    "average",
    "bold",
    "fc",
    "fcd",
    "lead_field",
    "low_pass",
]
