"""The demonstration that ``python -m neuromass`` runs: hysteresis of a QIF population."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import neuromass as nm
from neuromass.plotting import look, traces
from neuromass.units import Hz, ms

__all__ = ["StepResponse", "draw", "step_response"]

BEFORE, DURING, AFTER = "0.45", "#CC79A7", "#009E73"
"""Colours of the three parts of the protocol."""


@dataclass(frozen=True, eq=False)
class StepResponse:
    """A population that an input of limited time switches on.

    Attributes
    ----------
    population : QIF
        At the end of the run.
    recording : Recording
        Of I_ext, r and v.
    start, stop : Quantity
        When the input was on.
    strength : float
        The input.
    """

    population: Any
    recording: Any
    start: Any
    stop: Any
    strength: float

    @property
    def moments(self) -> list[tuple[str, Any, Any]]:
        """What is reached at the end of each part: in words, the time, the exact state."""
        quiet, *_, active = self.population.equilibria()
        (driven,) = self.population.equilibria(self.strength)
        return [
            ("rest state", self.start, quiet),
            (f"with I_ext = {self.strength:g}", self.stop, driven),
            ("active state", self.recording.t[-1], active),
        ]

    def parts(self) -> list[tuple[Any, str]]:
        """The recording before, during and after the input, with a colour for each."""
        rec = self.recording
        cut = [rec[: self.start], rec[self.start : self.stop], rec[self.stop :]]
        return list(zip(cut, (BEFORE, DURING, AFTER), strict=True))

    def __str__(self) -> str:
        pop, rec = self.population, self.recording
        values = ", ".join(
            f"{name} = {value:g~P}".rstrip() for name, value in pop.parameters.items()
        )
        rows: list[tuple[str, ...]] = []
        for what, when, exact in self.moments:
            sample = rec[when:when]
            numbers = [sample.r[-1], sample.v[-1], exact.r, exact.v]
            shown = [f"{each.magnitude:.3f}" for each in numbers]
            rows.append((what, f"{when:.0f~P}", *shown))
        return "\n".join(
            [
                "Step response of a population of QIF neurons (Montbrió, Pazó, Roxin 2015)",
                f"  {values}",
                f"  I_ext = {self.strength:g} from {self.start:.0f~P} to {self.stop:.0f~P}, else 0",
                f"  {len(rec) - 1} steps of {pop.dt:~P}, {pop.method}",
                "",
                *_table(rows),
                "",
                "The input is the same before and after, but not the state: hysteresis.",
            ]
        )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    lines = [f"  {'':22}{'simulated':>20}{'exact':>20}"]
    lines += [f"  {'':22}{'r (Hz)':>10}{'v':>10}{'r (Hz)':>10}{'v':>10}"]
    lines += [
        f"  {f'{what}, {when}':22}" + "".join(f"{each:>10}" for each in numbers)
        for what, when, *numbers in rows
    ]
    return lines


def step_response() -> StepResponse:
    """Run the protocol: tau = 10 ms, I_ext = 3 from 20 tau to 80 tau, 100 tau in all.

    Returns
    -------
    StepResponse
        Print it to read it.

    Examples
    --------
    >>> from neuromass.plotting.demo import step_response
    >>> response = step_response()
    >>> response.recording.names
    ('I_ext', 'r', 'v')
    """
    tau = 10 * ms
    pop = nm.QIF(
        tau=tau, eta=-5.0, delta=1.0, J=15.0, initial={"r": 0.01 / tau, "v": -2.0}, dt=0.05 * ms
    )
    start, stop, strength = 20 * tau, 80 * tau, 3.0
    drive = nm.signals.Step(strength, start=start, stop=stop)
    rec = nm.run(pop, 100 * tau, inputs=drive, record=("I_ext", "r", "v"))
    return StepResponse(pop, rec, start, stop, strength)


def steps_per_second(population: Any) -> float:
    """Steps that a run of a copy takes in a second, in this process, once compiled."""
    copy, steps = population.copy(), 5_000
    nm.run(copy, steps * copy.dt, every=steps, progress=False)
    while True:
        begin = time.perf_counter()
        nm.run(copy, steps * copy.dt, every=steps, progress=False)
        taken = time.perf_counter() - begin
        if taken > 0.02:
            return steps / taken
        steps *= 2


def draw(response: StepResponse) -> Any:
    """Draw input, rate and potential over time, and the trajectory in the phase plane.

    Parameters
    ----------
    response : StepResponse
        What `step_response` gave.

    Returns
    -------
    Figure
    """
    names = ("I_ext", "r", "v")
    figure, axes = look.mosaic(
        [[name, "plane"] for name in names],
        (10.0, 5.0),
        width_ratios=(1.0, 1.0),
        height_ratios=(0.5, 1.0, 1.0),
    )
    panels = [axes[name] for name in names]
    for part, colour in response.parts():
        traces.plot_recording(part, names, panels, color=colour, linewidth=1.2)
    for panel in panels:
        panel.set_xlim(0.0, response.recording.t[-1].magnitude)
        panel.label_outer()
    _draw_exact(panels[1:], response)
    for (_, colour), label in zip(response.parts(), ("before", "input on", "after"), strict=True):
        panels[0].plot([], [], color=colour, label=label)
    panels[0].plot([], [], ":", color=look.ink(), label="exact state")
    look.legend_above(panels[0], 4)
    _draw_plane(axes["plane"], response)
    figure.align_ylabels(panels)
    return figure


def _draw_exact(panels: list[Any], response: StepResponse) -> None:
    """The exact states as dotted lines over the parts that lead to them."""
    begins = [0.0, response.start.magnitude, response.stop.magnitude]
    for begin, (_, end, exact) in zip(begins, response.moments, strict=True):
        for panel, value in zip(panels, (exact.r, exact.v), strict=True):
            panel.plot([begin, end.magnitude], [value.magnitude] * 2, ":", color=look.ink(), lw=1.0)


def _draw_plane(ax: Any, response: StepResponse) -> None:
    pop = response.population
    limits = {"r": (0 * Hz, 300 * Hz), "v": (-3.0, 3.0)}
    nm.phase_plane(pop, ax=ax, limits=limits, legend=False)
    nm.phase_plane(pop, response.strength, ax=ax, field=False, legend=False, linestyle="--")
    for part, colour in response.parts():
        ax.plot(part.array("v"), part.array("r", Hz), color=colour, linewidth=1.2, zorder=4)
    look.legend_above(ax, 3)
