"""Methods of integration, each an object in a file of its own.

A new one is a file here and its name in `METHODS`: all kernels are made from its stages.
"""

from typing import Final

from neuromass.kernels.methods.euler import EULER
from neuromass.kernels.methods.heun import HEUN
from neuromass.kernels.methods.method import Method, Stage, Writer
from neuromass.kernels.methods.rk4 import RK4

METHODS: Final[dict[str, Method]] = {each.name: each for each in (EULER, HEUN, RK4)}
"""Name -> method."""

__all__ = ["METHODS", "Method", "Stage", "Writer"]
