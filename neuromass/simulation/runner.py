"""``run``: loops the steps of a system in compiled blocks and records traces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Protocol

import numpy as np

from neuromass import units
from neuromass.errors import SimulationError, flag, one_of, warn, whole_number
from neuromass.kernels.control import FINE
from neuromass.populations.core import Drive
from neuromass.recordings.samples import Samples
from neuromass.simulation.checkpoint import Checkpoint, Keeper, asked_of
from neuromass.simulation.inputs import Inputs, Window, with_parameters
from neuromass.simulation.names import names_to_record
from neuromass.simulation.observing import ObservingRecorder, checked
from neuromass.simulation.progress import time_bar
from neuromass.simulation.recorder import Recorder
from neuromass.simulation.system import System, system_of
from neuromass.threads import checked_threads
from neuromass.units import MS

__all__ = ["run"]

_LONGEST_BLOCK = 1 << 16
"""Steps in one call of a kernel, at most: some milliseconds, between which Ctrl-C works."""

_LARGEST_BLOCK = 1 << 21
"""Steps times lanes in one call, at most."""

_SHORTEST_BLOCK = 16
"""Steps in one call of a kernel for very many lanes, which go in and out of it."""


def run(
    system: Any,
    duration: Any,
    inputs: Any = None,
    record: Any = None,
    every: int = 1,
    average: bool = False,
    progress: bool | None = None,
    parameters: Mapping[str, Any] | None = None,
    on_failure: str = "raise",
    observe: Mapping[str, Any] | None = None,
    threads: int | None = None,
    checkpoint: Any = None,
) -> Any:
    """Run a population (or network) and record traces.

    The steps are those of ``update``, bitwise; a second run goes on where the first ended.

    Parameters
    ----------
    system : Population or Network
        What to run; it stands at the end of the run afterwards.
    duration : Quantity
        How long; a multiple of the system's dt.
    inputs : Signal, number, Quantity, callable, Feedback, array or mapping, optional
        The input, or a mapping of inputs by name. Signals live on the system's clock, and enter
        each step as their mean over it; a function of t is called with the middle of each step,
        once and in order; an array has one row for each step of the run. A function of the
        system's own state is given as ``nm.signals.Feedback(function)``.
    record : str or sequence of str, optional
        States, inputs and outputs to record; all states if left out, and times alone if empty.
        Of a network, ``"exc.r"`` is r of one member, ``"r"`` that of all that have it, and
        ``"exc"`` all states of a member; or a mapping, ``{"exc": ("r", "v")}``.
        ``"exc->inh"`` is what a connection delivers, J tau r or whatever it makes of its source,
        in the unit of the input that it goes to, as ``rec["exc->inh"].delivered``; with a
        synapse it is the synapse's states, and ``"exc->inh.delivered"`` what it delivers.
    every : int
        Steps between samples; it must divide the number of steps.
    average : bool
        Record means over each `every` steps instead, at the mean of their times.
    progress : bool, optional
        Whether to show a progress bar; by default for runs of more than a second on a
        terminal or in a notebook.

    parameters : mapping, optional
        Parameters that change during the run, as signals, functions of t or arrays, like inputs:
        ``{"J": nm.signals.Ramp(10, 20, 0 * ms, 500 * ms)}``, ``{"exc.J": ...}`` in a network.
        They enter each step as means over it, can be recorded, and are afterwards what they were.
    on_failure : {"raise", "nan"}
        What happens when a state of a lane stops being finite, or falls below its bound: the run
        stops; or that lane is NaN from then on, which one warning tells, and the others go on.

    observe : mapping, optional
        Name -> what observes the run, such as ``{"bold": nm.bold(repetition_time=2 * second)}``;
        it takes its samples on the way, so that long runs need no more memory than its result,
        with ``record=()``. Then the result is one of several recordings, ``rec["bold"]``; that of
        a population by itself is ``rec["population"]``.
    threads : int, optional
        How many threads may share the work of a network with many delays; by default as many as
        there are cores, where that is worth while. The numbers are the same bits for any.
    checkpoint : str or path, optional
        A file in which the run is kept, ``"run.npz"``. After a crash, or Ctrl-C, the same call
        goes on from it, to the same bits as if it had not stopped; once the run is finished, it
        gives the recording at once. See Notes.

    Returns
    -------
    Recording
        The first sample is the initial state, the last the final one.

    Raises
    ------
    SimulationError
        If a state stops being finite. The system stands at the last good step, and the
        error's ``recording`` holds what was recorded until then; so it is for Ctrl-C.
    MemoryError
        If the recording would not fit into memory; nothing has been stepped then.
    ValueError
        If `checkpoint` is of another run, and what differs, or if seeds were drawn; before
        anything runs.

    Warns
    -----
    UserWarning
        If a checkpoint could not be written, as on a full disk; the run goes on.

    Notes
    -----
    **Checkpoints.** The file holds the state of the system, of observers and all that was
    recorded. It is written at the beginning, at the end, at Ctrl-C, and on the way every 10 s at
    most and in 2 % of the time at most: beside the former file, which it replaces when it is whole.
    The same call is one whose system, with its parameters, seed and start, and whose arguments are
    the same, `threads` and `progress` aside; the system then stands at the end of the run, too.
    Functions of time are compared by their code and what it refers to, and by what they give for
    the last steps before the file was written. `Feedback`, whose function may remember what no
    file holds, is refused. Observers of one's own say how they are kept, see
    ``nm.brain.Observer``. Delete the file to run anew.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(tau=10 * ms, eta=-5.0, delta=1.0, J=15.0)
    >>> step = nm.signals.Step(3.0, start=10 * ms, stop=30 * ms)
    >>> rec = nm.run(pop, 50 * ms, inputs=step, record=("r", "v", "I_ext"))
    >>> rec
    <Recording of QIF: 1001 samples from 0 ms to 50 ms; r [Hz], v, I_ext>
    """
    found: System = system_of(system, "run")
    found.check_free("run")

    count = checked_threads(threads)
    lenient = one_of(on_failure, "on_failure", ("raise", "nan")) == "nan"

    def work() -> Any:
        found.claim.begin_run()
        found.follow_class()
        steps = steps_of(duration, found.dt)
        spacing = _every(every, steps)
        means = flag(average, "average")
        with (
            _varied(found, inputs, parameters) as given,
            _lenient(found, lenient),
            _shared(found, count),
        ):
            names = names_to_record(record, found)
            instruments = None if observe is None else checked(observe)
            file = None
            if checkpoint is not None:
                _check_seeds(system, found)
                asked = asked_of(
                    found, given, instruments or {}, duration=steps, record=names, every=spacing,
                    average=means, on_failure=on_failure,
                )  # fmt: skip
                file = Checkpoint(checkpoint, asked, found, steps)
            window = Window(file.start if file else found.clock, steps, found.dt)
            fed = Inputs(given, found, window, system)
            fed.warn_of_nothing()
            recorder: Recorder | ObservingRecorder
            if instruments is None:
                recorder = Recorder(found, names, spacing, means, window.steps)
            else:
                if means:
                    raise ValueError(
                        "average goes without observe; nm.brain.average observes means."
                    )
                recorder = ObservingRecorder(found, names, spacing, instruments)
            with closing(time_bar(progress, window, found.name)) as bar:
                taker = recorder if file is None else Keeper(file, recorder, fed, found.dt)
                if taker.steps:
                    bar.update(taker.steps)
                return _loop(found, window, fed, taker, bar)

    return found.claim.under(found.name, work)


def _check_seeds(system: Any, found: System) -> None:
    """Refuse to keep what could not go on in another process, which would draw other seeds."""
    drawn = [n for n, each in found.nodes.items() if each.seed is not None and each.seed_is_drawn]
    if drawn and ("" in drawn or system.seed is None):
        raise ValueError(
            f"checkpoint: {', '.join(drawn) or found.name} has a seed that was drawn, and after a "
            f"crash another one would be. Give one, seed=1, and the same call goes on."
        )


@contextmanager
def _varied(system: System, inputs: Any, parameters: Any) -> Iterator[Any]:
    """While some parameters come in as inputs; gives all inputs."""
    if parameters is None:
        yield inputs
        return
    given, varied = with_parameters(system, inputs, parameters)
    system.vary(varied)
    try:
        yield given
    finally:
        system.vary({})


@contextmanager
def _lenient(system: System, allowed: bool) -> Iterator[None]:
    """While lanes may fail by themselves."""
    system.let_lanes_fail(allowed)
    try:
        yield
    finally:
        system.let_lanes_fail(False)


@contextmanager
def _shared(system: System, threads: int | None) -> Iterator[None]:
    """While so many threads share the work."""
    system.share(threads)
    try:
        yield
    finally:
        system.share(None)


def steps_of(duration: Any, dt: float, name: str = "duration") -> int:
    """The number of steps in a duration, which must be a multiple of dt (in ms)."""
    length = units.to_internal(duration, MS, name, 100.0)
    units.require_finite(length, name)
    if not isinstance(length, float):
        raise ValueError(f"{name} is one time, not an array.")
    if length <= 0.0:
        raise ValueError(f"{name} must be positive, and {units.shown(length, MS)} is not.")
    count = length / dt
    if abs(count - round(count)) > 1e-6 or round(count) == 0:
        near = [n * dt for n in (math.floor(count), math.ceil(count)) if n]
        raise ValueError(
            f"{name} = {units.shown(length, MS, 10)} is no multiple of dt = "
            f"{units.shown(dt, MS, 10)}; take "
            f"{' or '.join(units.shown(each, MS, 10) for each in near)}."
        )
    return round(count)


def _every(every: Any, steps: int) -> int:
    count = whole_number(every, "every")
    if count < 1:
        raise ValueError(f"every must be at least 1, not {count}.")
    if steps % count:
        raise ValueError(
            f"every = {count} does not divide the {steps} steps of the run; "
            f"{_near_divisor(count, steps)} does."
        )
    return count


def _near_divisor(count: int, steps: int) -> int:
    for distance in range(1, 100_000):
        for near in (count - distance, count + distance):
            if 1 <= near <= steps and steps % near == 0:
                return near
    return 1


# -------------------------------------------------------------------------- the loop


def _loop(
    system: System,
    window: Window,
    inputs: Inputs,
    recorder: Recorder | ObservingRecorder | Keeper,
    bar: Any,
) -> Any:
    """Take all steps; the recording is returned, or carried by the exception."""
    try:
        take_steps(system, window, inputs, recorder, bar)
        _tell_of_failed(system)
        return recorder.with_present()
    except BaseException as error:
        _attach(error, recorder)
        raise


class Taker(Protocol):
    """Who takes the steps of a run and does something with their samples."""

    @property
    def samples(self) -> Samples:
        """What the system writes on."""

    @property
    def steps(self) -> int:
        """Steps taken since the beginning."""

    def room(self) -> int:
        """How many steps can be taken at once."""

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take some steps, all of them or none."""


def take_steps(system: System, window: Window, inputs: Inputs, taker: Taker, bar: Any) -> None:
    """Take all steps of a window in blocks; the system stands at the last good one at an error."""
    while (first := taker.steps) < window.steps:
        count = min(_block(system, taker, inputs.limit(first)), window.steps - first)
        code = taker.take(count, inputs.drives(first, count))
        if code != FINE:
            raise _stopped(system, inputs, taker, count)
        bar.update(count)


def _block(system: System, taker: Taker, limit: int) -> int:
    """Steps in one call: whole samples where these are short."""
    most = max(_SHORTEST_BLOCK, _LARGEST_BLOCK // system.lanes)
    count = min(_LONGEST_BLOCK, most, system.room(), taker.room(), limit)
    every = taker.samples.every
    return max(1, count // every) * every if every <= count else count


def _stopped(system: System, inputs: Inputs, taker: Taker, count: int) -> SimulationError:
    """Go to the last good step of a block that failed, and say what went wrong there.

    The loops take all of their steps or none, so halving finds the step. They are functions
    of the state and the step number alone, so repeating them repeats the noise.
    """
    code = FINE
    while count > 1 or code == FINE:
        part = max(1, count // 2)
        code = taker.take(part, inputs.drives(taker.steps, part))
        count = count - part if code == FINE else part
    return system.failure(code)


def _tell_of_failed(system: System) -> None:
    """Warn of lanes that failed, where they may."""
    told = []
    for node, core in system.nodes.items():
        bad = np.flatnonzero(~np.isfinite(core.state[: len(core.model.states)]).all(axis=0))
        places = [f"[{', '.join(map(str, np.unravel_index(i, core.shape)))}]" for i in bad[:3]]
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        if len(bad):
            told.append(f"{node or core.name}{', '.join(places) if core.shape else ''}{more}")
    if told:
        warn(
            f"{'; '.join(told)} failed in the run that ends at t = "
            f"{units.shown(system.clock * system.dt, MS, 10)}, and stand as NaN from then on."
        )


def _attach(error: BaseException, recorder: Recorder | ObservingRecorder | Keeper) -> None:
    """Let an exception carry what was recorded; for Ctrl-C it is what matters most."""
    try:
        error.recording = recorder.with_present()  # type: ignore[attr-defined]
    except Exception as problem:
        error.add_note(f"What was recorded could not be kept: {problem}")
