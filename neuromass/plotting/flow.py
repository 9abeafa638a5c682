"""What organises the flow of a phase plane: manifolds of saddles, and limit cycles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.flow_lines import BACKWARD, FORWARD, Flow, limit_cycle, manifolds
from neuromass.plotting.look import ink

Floats = NDArray[np.float64]
Shown = Callable[[Floats], Floats]
"""From states, (points, 2), to places on the axes, (2, points)."""

MANIFOLDS: Final = {
    "stable": ((BACKWARD, "separatrix", "--"),),
    "unstable": ((FORWARD, "unstable manifold", ":"),),
    "both": ((BACKWARD, "separatrix", "--"), (FORWARD, "unstable manifold", ":")),
}
"""What is asked for -> in which way to follow the flow from a saddle, its label and look."""


def cycles_of(flow: Flow, resting: Sequence[tuple[Any, Floats]]) -> list[tuple[bool, Floats]]:
    """Limit cycles around equilibria, and whether they are stable.

    Parameters
    ----------
    flow : Flow
        The vector field in a box.
    resting : sequence of tuple
        Equilibria and their states.
    """
    found = []
    for each, states in resting:
        winds = each.stability == "unstable" or each.kind == "focus"
        if winds and each.kind in ("focus", "node"):
            orbit = limit_cycle(flow, states, BACKWARD if each.stable else FORWARD)
            if orbit is not None:
                found.append((not each.stable, orbit))
    return found


def draw_cycles(ax: Any, cycles: Sequence[tuple[bool, Floats]], shown: Shown) -> None:
    """Draw limit cycles, those that are not stable dashed."""
    for stable, orbit in cycles:
        label, look = ("stable cycle", "-") if stable else ("unstable cycle", "--")
        _draw_lines(ax, [shown(orbit)], label, look, 2.0)


def draw_manifolds(
    ax: Any, flow: Flow, resting: Sequence[tuple[Any, Floats]], shown: Shown, which: str | None
) -> None:
    """Draw manifolds of the saddles among some equilibria."""
    saddles = [states for each, states in resting if each.kind == "saddle"]
    for way, label, look in MANIFOLDS.get(which or "", ()):
        lines = [shown(half) for states in saddles for half in manifolds(flow, states, way)]
        _draw_lines(ax, lines, label, look, 1.4)


def _draw_lines(ax: Any, lines: list[Floats], label: str, look: str, width: float) -> None:
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    if lines:
        style = {"colors": ink(), "linestyles": look, "linewidths": width, "label": label}
        ax.add_collection(LineCollection([each.T for each in lines], zorder=2.5, **style))
