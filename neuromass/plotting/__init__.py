"""Plots: traces, the phase plane, networks. matplotlib is imported when one is made.

All plots look alike: colours that colour-blind readers can tell apart, in the order blue,
vermillion, green, and dashes where there are more lines; labels with units, ``r (Hz)``.
A user's own ``rcParams`` hold: sizes, fonts, colormap, and the colour cycle if it is not
matplotlib's default.
"""

from neuromass.plotting.look import COLOURS, style

__all__ = ["COLOURS", "style"]
