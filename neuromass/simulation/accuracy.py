"""``check_dt``: whether the step of a simulation is small enough."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import SimulationError, brief
from neuromass.kernels.methods import METHODS
from neuromass.recordings.recording import Recording, contents_of
from neuromass.signals import Constant, Signal
from neuromass.simulation.runner import run, steps_of
from neuromass.simulation.system import system_of
from neuromass.spiking.core import NeuronsCore, rounded_down
from neuromass.units import MS, Measure

__all__ = ["StepReport", "check_dt"]

Floats = NDArray[np.float64]

_LARGE: Final = 0.01
"""Changes above this part of a state's range are warned of."""
_SLACK: Final = 0.25
"""How far the observed order may be from the method's."""
_ROUNDING: Final = 1e-12
"""Changes below this part of a state's largest value are taken for rounding."""
_LAST_HALVING: Final = 6
_PARTS: Final = (2, 4, 5, 10, 20, 40, 50, 100, 200, 400, 500, 1000)
"""Into how many parts a dt may be advised to be cut."""
_MOST_VALUES: Final = 4_000_000
"""Values of a run that are compared; a longer run is compared at fewer times."""


@dataclass(frozen=True, eq=False)
class StepReport:
    """What halving the step of a simulation changes, found by `check_dt`.

    Attributes
    ----------
    model : str
        What was run.
    method : str
        How the steps were taken.
    start, duration, dt : Quantity
        From when, how long, and with which step.
    change : mapping
        State -> its largest change over the run, over all lanes, as a Quantity; NaN if the
        run at dt or at dt / 2 failed. States of a network are named ``"exc.r"``.
    relative : mapping
        State -> the largest change as a part of the range of the state over the run.
    order : int
        The order of the method: 2 for Heun, 4 for RK4, 1 for Euler and for networks whose
        coupling is held over each step. With signals or delays RK4 may have 2 or 4, see
        `Population`: the one that is nearer to what is observed.
    observed_order : float
        What halving dt once more tells of the order; NaN if it cannot be told.
    errors : tuple of SimulationError
        Of the runs that failed.
    advice : Quantity or None
        A dt at which changes should be small, if this one is not small enough.
    compared_every : int
        Steps between the times at which the runs were compared.
    fluctuation : float
        For networks of neurons the part of its range by which r fluctuates if so many neurons fire
        independently, which another seed changes and no smaller dt; 0 for mean fields.
    threshold_dt : Quantity or None
        The longest dt that resolves a finite threshold of neurons, if this one does not.
    """

    model: str
    method: str
    start: Any
    duration: Any
    dt: Any
    change: Mapping[str, Any]
    relative: Mapping[str, float]
    order: int
    observed_order: float
    errors: tuple[SimulationError, ...] = ()
    advice: Any = None
    compared_every: int = field(default=1, repr=False)
    fluctuation: float = 0.0
    threshold_dt: Any = None

    @property
    def ok(self) -> bool:
        """Whether no run failed and all changes are small: below 1 % or what neurons fluctuate."""
        small = all(part <= self._small for part in self.relative.values())
        return not self.errors and small and self.threshold_dt is None

    @property
    def _small(self) -> float:
        return max(_LARGE, self.fluctuation)

    @property
    def order_holds(self) -> bool | None:
        """Whether the order is the method's within 0.25; None if it cannot be told."""
        if math.isnan(self.observed_order):
            return None
        return abs(self.observed_order - self.order) <= _SLACK

    def __repr__(self) -> str:
        head = (
            f"{self.model}: {_shown(self.duration)} from t = {_shown(self.start)} without noise, "
            f"{self.method}, dt = {_shown(self.dt)}"
        )
        failed = [f"the run at {_failure(each)}" for each in self.errors]
        lines = [head, *failed, *self._table(), *self._conclusions()]
        return "\n  ".join(lines)

    def _table(self) -> list[str]:
        if all(math.isnan(part) for part in self.relative.values()):
            return []
        rows = [("", "halving dt changes by up to", "of its range")]
        rows += [
            (name, _shown(change, 3), f"{self.relative[name]:.2g}")
            for name, change in self.change.items()
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return [
            "  ".join(f"{a:{w}}" for a, w in zip(r, widths, strict=True)).rstrip() for r in rows
        ]

    def _conclusions(self) -> list[str]:
        lines = []
        if self.order_holds:
            lines.append(f"order {self.observed_order:.2f}, as it should be ({self.order})")
        elif self.order_holds is not None:
            lines.append(
                f"order {self.observed_order:.2f} instead of {self.order}: dt is too large for it "
                f"to show, or an input jumps between steps"
            )
        elif not self.errors:
            what = "when single spikes come" if self.fluctuation else "rounding"
            lines.append(f"the order cannot be told: what changes is {what}")
        if self.threshold_dt is not None:
            lines.append(f"dt is too long for the threshold of neurons; {self._of_threshold()}")
        if self.advice is not None:
            lines.append(f"dt = {_shown(self.advice)} should do")
        elif self.ok:
            least = f"{100 * self._small:.2g} % of the range"
            more = ", by which so many neurons fluctuate" if self.fluctuation > _LARGE else ""
            lines.append(f"dt is small enough: all changes are below {least}{more}")
        else:
            lines.append("no smaller dt was found to do: look at the parameters and inputs")
        return lines

    def _of_threshold(self) -> str:
        return f"{_shown(self.threshold_dt)} is short enough for it"


def _shown(quantity: Any, digits: int = 6) -> str:
    return f"{quantity:.{digits}g~P}".strip()


def _failure(error: SimulationError) -> str:
    lane = f"[{', '.join(map(str, error.lane))}]" if error.lane else ""
    return (
        f"dt = {_shown(error.dt)} fails at t = {_shown(error.time)}, where state {error.state} of "
        f"{error.population}{lane} is no longer valid"
    )


def check_dt(system: Any, duration: Any, inputs: Any = None) -> StepReport:
    """Tell what halving dt changes: whether the step is small enough.

    Copies of the system are run at dt, dt / 2 and dt / 4, and compared at the steps of the
    first. The system itself is left as it is. The copies run without noise, since another dt
    draws other noise: what is checked is the integration of the equations.

    Of a network of neurons, single spikes come earlier or later whatever dt is. What is small there
    is what is below the fluctuations of as many neurons that fire independently; a dt that is too
    long for a finite threshold is told, too.

    The error at dt is near 4/3 of the change for Heun, and twice the change for Euler, where
    the order holds.

    Parameters
    ----------
    system : Population, Network or QIFNetwork
        What would be run.
    duration : Quantity
        For how long; a multiple of its dt.
    inputs : Signal, number, Quantity, callable, array or mapping, optional
        As for `run`. The rows of an array are repeated for the smaller steps.

    Returns
    -------
    StepReport
        Print it to read it.

    Warns
    -----
    UserWarning
        If the run at dt fails, or a state changes by more than 1 % of its range over the run;
        the warning names a dt that should do, estimated from the order.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(tau=10 * ms, eta=-5.0, J=15.0, dt=0.02 * ms)
    >>> nm.check_dt(pop, 100 * ms, inputs=3.0)
    QIF: 100 ms from t = 0 ms without noise, heun, dt = 0.02 ms
         halving dt changes by up to  of its range
      r  0.021 Hz                     7.3e-05
      v  0.000598                     0.00011
      order 1.97, as it should be (2)
      dt is small enough: all changes are below 1 % of the range
    """
    if isinstance(system, type) or not all(
        hasattr(system, x) for x in ("copy", "dt", "__system__")
    ):
        raise TypeError(f"check_dt takes a population or a network, not {brief(system)}.")
    report = _report(system, duration, inputs, _runs(system, duration, inputs))
    if not report.ok:
        warnings.warn(_advice(report), UserWarning, stacklevel=2)
    return report


def _advice(report: StepReport) -> str:
    if report.errors:
        first = report.errors[0]
        what = f"The run at {_failure(first)}"
    elif report.threshold_dt is not None:
        what = f"dt = {_shown(report.dt)} is too long for the threshold of neurons"
    else:
        name = max(report.relative, key=lambda each: report.relative[each])
        what = (
            f"Halving dt = {_shown(report.dt)} changes {name} of {report.model} by up to "
            f"{_shown(report.change[name], 3)}, {100 * report.relative[name]:.2g} % of its range"
        )
    if report.advice is None:
        return f"{what}; no smaller dt was found to do: look at the parameters and inputs."
    return f"{what}; dt = {_shown(report.advice)} should do."


# ------------------------------------------------------------------------- the runs


@dataclass(frozen=True)
class _Run:
    """A copy's run at dt / parts, compared at every `every` steps of dt."""

    parts: int
    every: int
    model: str
    traces: dict[str, Floats]
    measures: dict[str, Measure]
    error: SimulationError | None


def _runs(system: Any, duration: Any, inputs: Any) -> list[_Run]:
    """At dt, dt / 2, dt / 4, and on until two that follow one another have not failed."""
    every = _every(system, duration)
    runs = [_attempt(system, duration, inputs, 2**k, every) for k in range(3)]
    while _finest_pair(runs) is None and len(runs) <= _LAST_HALVING:
        runs.append(_attempt(system, duration, inputs, 2 ** len(runs), every))
    return runs


def _attempt(system: Any, duration: Any, inputs: Any, parts: int, every: int) -> _Run:
    none = {"noise": None} | ({"neuron_noise": None} if _is_of_neurons(system) else {})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "threshold = ")  # the report has it
        copy = system.copy(dt=system.dt / parts, **none)
    fed, error = _repeated(inputs, parts), None
    try:
        made = run(copy, duration, fed, every=every * parts, progress=False)
    except SimulationError as failure:
        made, error = failure.recording, failure
    members = {"": made} if isinstance(made, Recording) else dict(made)
    named = {
        (f"{member}.{name}" if member else name): (values, contents_of(each).measures[name])
        for member, each in members.items()
        for name, values in contents_of(each).data.items()
    }
    return _Run(
        parts,
        every,
        made.model if isinstance(made, Recording) else type(system).__name__,
        {name: values for name, (values, _) in named.items()},
        {name: measure for name, (_, measure) in named.items()},
        error,
    )


def _every(system: Any, duration: Any) -> int:
    """Steps between comparisons, so that the traces to compare stay of moderate size."""
    steps = steps_of(duration, units.to_internal(system.dt, MS, "dt"))
    one = _attempt(system, system.dt, None, 1, 1)
    values = steps * sum(trace[0].size for trace in one.traces.values())
    wanted = math.ceil(values / _MOST_VALUES)
    return next(n for n in range(wanted, steps + 1) if steps % n == 0) if wanted < steps else steps


def _repeated(inputs: Any, times: int) -> Any:
    """The inputs for steps so many times smaller: rows of arrays repeated, all else as it is."""
    if isinstance(inputs, Mapping):
        return {
            name: value if value is inputs else _repeated(value, times)
            for name, value in inputs.items()
        }
    if units.is_quantity(inputs) and np.ndim(getattr(inputs, "magnitude", 1.0)):
        return type(inputs)(np.repeat(inputs.magnitude, times, axis=0), inputs.units)
    if isinstance(inputs, np.ndarray) and inputs.ndim:
        return np.repeat(inputs, times, axis=0)
    if isinstance(inputs, (list, tuple)):
        return [row for row in inputs for _ in range(times)]
    return inputs


# ------------------------------------------------------------------- what they tell


@dataclass(frozen=True)
class _Difference:
    """How far two runs are apart, by state: in internal units, of the range, and the size."""

    largest: dict[str, float]
    relative: dict[str, float]
    size: dict[str, float]

    @property
    def worst(self) -> str:
        return max(self.relative, key=lambda name: self.relative[name])


def _difference(coarse: _Run, fine: _Run) -> _Difference | None:
    if coarse.error or fine.error:
        return None
    result = _Difference({}, {}, {})
    for name, values in fine.traces.items():
        change = np.max(np.abs(values - coarse.traces[name]), axis=0)
        size = np.max(np.abs(values), axis=0)
        span = np.ptp(values, axis=0)
        counts = change > _ROUNDING * size
        parts = np.divide(change, span, out=np.full_like(change, np.inf), where=span > 0.0)
        result.largest[name] = float(np.max(change))
        result.relative[name] = float(np.max(np.where(counts, parts, 0.0)))
        result.size[name] = float(np.max(size))
    return result


def _finest_pair(runs: list[_Run]) -> tuple[_Run, _Difference] | None:
    """The finest two runs that both went well, by the coarser of them."""
    for coarse, fine in zip(runs[-2::-1], runs[:0:-1], strict=True):
        found = _difference(coarse, fine)
        if found is not None:
            return coarse, found
    return None


def _order(first: _Difference | None, second: _Difference | None) -> float:
    if first is None or second is None:
        return math.nan
    name = first.worst
    before, after = first.largest[name], second.largest[name]
    if min(before, after) <= 10.0 * _ROUNDING * first.size[name]:
        return math.nan
    return math.log2(before / after)


def _expected_order(system: Any, inputs: Any, observed: float) -> int:
    """The order that the method has here; where it may have two, the one that shows."""
    if getattr(system, "coupling", None) == "held":
        return 1
    method = METHODS[system_of(system).method]
    connections = getattr(system, "connections", {}).values()
    delayed = any(np.any(each.pair_delays() > 0.0) for each in connections)
    if not (delayed or _vary(inputs)):
        return method.order
    if math.isnan(observed):
        return method.driven_order
    return min(method.driven_order, method.order, key=lambda each: abs(observed - each))


def _vary(inputs: Any) -> bool:
    """Whether inputs may change within steps."""
    if isinstance(inputs, Mapping):
        return any(_vary(each) for each in inputs.values())
    if isinstance(inputs, Signal):
        return not isinstance(inputs, Constant)
    return callable(inputs) or np.ndim(getattr(inputs, "magnitude", inputs)) > 0


def _report(system: Any, duration: Any, inputs: Any, runs: list[_Run]) -> StepReport:
    first, second = _difference(runs[0], runs[1]), _difference(runs[1], runs[2])
    measures = runs[0].measures
    nothing = dict.fromkeys(measures, math.nan)
    change = first.largest if first else nothing
    observed = _order(first, second)
    fluctuation = _fluctuation(system, runs)
    if first is not None and first.relative[first.worst] <= fluctuation:
        observed = math.nan  # single spikes, which do not fall with dt
    longest = min((each.longest_step() for each in _neurons(system).values()), default=math.inf)
    coarse = units.to_internal(system.dt, MS, "dt") > longest * (1.0 + 1e-9)
    made = StepReport(
        model=runs[0].model,
        method="closed form" if _is_of_neurons(system) else system.method,
        start=system.t,
        duration=MS.quantity(units.to_internal(duration, MS, "duration")),
        dt=system.dt,
        change=MappingProxyType({n: m.quantity(change[n]) for n, m in measures.items()}),
        relative=MappingProxyType(first.relative if first else nothing),
        order=_expected_order(system, inputs, observed),
        observed_order=observed,
        errors=tuple(each.error for each in runs if each.error),
        compared_every=runs[0].every,
        fluctuation=fluctuation,
        threshold_dt=MS.quantity(rounded_down(longest)) if coarse else None,
    )
    return made if made.ok else replace(made, advice=_advised(made, runs))


def _neurons(system: Any) -> dict[str, NeuronsCore]:
    """The networks of neurons in a system, by name."""
    nodes = system_of(system).nodes
    return {name: each for name, each in nodes.items() if isinstance(each, NeuronsCore)}


def _is_of_neurons(system: Any) -> bool:
    return "" in _neurons(system)


def _fluctuation(system: Any, runs: list[_Run]) -> float:
    """By which part of its range r fluctuates if neurons fire independently; 0 without neurons."""
    found = [0.0]
    for name, core in _neurons(system).items():
        rate = runs[0].traces[f"{name}.r" if name else "r"]
        if np.ptp(rate) > 0.0:
            found.append(core.fluctuation(float(np.max(rate))) / float(np.ptp(rate)))
    return max(found)


def _advised(made: StepReport, runs: list[_Run]) -> Any:
    """A dt at which the changes should be small, if they fall with the order as it shows."""
    pair = _finest_pair(runs)
    if pair is None:
        return None
    coarse, found = pair
    if made.threshold_dt is not None and found.relative[found.worst] <= max(
        _LARGE, made.fluctuation
    ):
        return made.threshold_dt
    excess = found.relative[found.worst] / max(_LARGE, made.fluctuation)
    seen = made.order if math.isnan(made.observed_order) else made.observed_order
    order = min(made.order, max(seen, 0.5 * made.order))
    needed = coarse.parts * max(1.0, excess ** (1.0 / order))
    parts = next((n for n in _PARTS if n >= needed), None)
    return None if parts is None else made.dt / parts
