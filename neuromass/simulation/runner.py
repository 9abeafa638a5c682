"""``run``: loops the steps of a system in compiled blocks and records traces."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any, Protocol

from neuromass import units
from neuromass.errors import SimulationError, whole_number
from neuromass.kernels import text as kernel_text
from neuromass.populations.population import Population
from neuromass.recordings.recording import Recording, Recordings
from neuromass.simulation import inputs as feeds
from neuromass.simulation.inputs import Window
from neuromass.simulation.tape import Tape, names_to_record
from neuromass.units import MS

__all__ = ["run"]

_LONGEST_BLOCK = 1 << 16
"""Steps in one call of a kernel, at most: some milliseconds, between which Ctrl-C works."""

_LARGEST_BLOCK = 1 << 21
"""Steps times lanes in one call, at most."""

_SHORTEST_BLOCK = 16
"""Steps in one call of a kernel for very many lanes, which go in and out of it."""


class Job(Protocol):
    """A run in progress: what `run` needs of a system, whatever it is made of."""

    window: Window
    every: int
    lanes: int

    def advance(self, first: int, count: int) -> int:
        """Take all of the next steps, or none; returns FINE or what went wrong."""

    def room(self) -> int:
        """How many steps can be taken at once."""

    def done(self) -> int:
        """Steps taken."""

    def failure(self, code: int) -> SimulationError:
        """The error for a step that failed."""

    def recording(self) -> Recording | Recordings:
        """What was recorded so far."""


def run(
    system: Any,
    duration: Any,
    inputs: Any = None,
    record: Any = None,
    every: int = 1,
    average: bool = False,
    progress: bool | None = None,
) -> Any:
    """Run a population (or network) and record traces.

    The steps are those of ``update``, bitwise; a second run goes on where the first ended.

    Parameters
    ----------
    system : Population or Network
        What to run; it stands at the end of the run afterwards.
    duration : Quantity
        How long; a multiple of the system's dt.
    inputs : Signal, number, Quantity, callable, array or mapping, optional
        The input, or a mapping of inputs by name. Signals live on the system's clock and are
        sampled at the middle of each step; an array has one row for each step of the run.
    record : str or sequence of str, optional
        States, inputs and outputs to record; all states if left out, and times alone if empty.
        Of a network, ``"exc.r"`` is r of one member, ``"r"`` that of all that have it, and
        ``"exc"`` all states of a member; or a mapping, ``{"exc": ("r", "v")}``.
    every : int
        Steps between samples; it must divide the number of steps.
    average : bool
        Record means over each `every` steps instead, at the mean of their times.
    progress : bool, optional
        Whether to show a progress bar; by default for runs of more than a second on a
        terminal or in a notebook.

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
    make = PopulationJob if isinstance(system, Population) else _network_job(system)
    window = Window(system._clock, _steps(duration, system._dt), system._dt)
    job = make(system, window, inputs, record, _every(every, window.steps), bool(average))
    return _go(job, _bar(progress, window, type(system).__name__))


def _network_job(system: Any) -> Any:
    from neuromass.networks.network import Network  # noqa: PLC0415
    from neuromass.simulation.network_tape import NetworkJob  # noqa: PLC0415

    if not isinstance(system, Network):
        raise TypeError(f"run takes a population or a network, not {type(system).__name__}.")
    return NetworkJob


def _steps(duration: Any, dt: float) -> int:
    """The number of steps of a run; a duration that is no multiple of dt is refused."""
    length = units.internal(duration, MS, "duration", 100.0)
    units.require_finite(length, "duration")
    if not isinstance(length, float):
        raise ValueError("duration is one time, not an array.")
    if length <= 0.0:
        raise ValueError(f"duration must be positive, and {units.shown(length, MS)} is not.")
    count = length / dt
    if abs(count - round(count)) > 1e-6 or round(count) == 0:
        near = [n * dt for n in (math.floor(count), math.ceil(count)) if n]
        raise ValueError(
            f"duration = {units.shown(length, MS, 10)} is no multiple of dt = "
            f"{units.shown(dt, MS, 10)}; take "
            f"{' or '.join(units.shown(each, MS, 10) for each in near)}."
        )
    return round(count)


def _every(every: Any, steps: int) -> int:
    count = whole_number(every, "every")
    if count < 1:
        raise ValueError(f"every must be at least 1, not {count}.")
    if steps % count:
        near = min((n for n in _divisors(steps)), key=lambda n: abs(n - count))
        raise ValueError(
            f"every = {count} does not divide the {steps} steps of the run; {near} does."
        )
    return count


def _divisors(number: int) -> list[int]:
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return small + [number // n for n in small]


# -------------------------------------------------------------------------- the loop


def _go(job: Job, bar: Any) -> Any:
    """Take all steps of a job; its recording is returned, or carried by the exception."""
    total = job.window.steps
    try:
        while (done := job.done()) < total:
            count = min(_block(job), total - done)
            code = job.advance(done, count)
            if code != kernel_text.FINE:
                raise _stopped(job, done, count)
            bar.update(count)
        return job.recording()
    except BaseException as error:
        _attach(error, job)
        raise
    finally:
        bar.close()


def _block(job: Job) -> int:
    """Steps in one call: whole samples where these are short."""
    count = min(_LONGEST_BLOCK, max(_SHORTEST_BLOCK, _LARGEST_BLOCK // job.lanes), job.room())
    return max(1, count // job.every) * job.every if job.every <= count else count


def _stopped(job: Job, first: int, count: int) -> SimulationError:
    """Go to the last good step of a block that failed, sample it, and say what went wrong.

    The loops take all of their steps or none, so halving finds the step. They are functions
    of the state and the step number alone, so repeating them repeats the noise.
    """
    while count > 1:
        half = count // 2
        if job.advance(first, half) == kernel_text.FINE:
            first, count = first + half, count - half
        else:
            count = half
    code = job.advance(first, 1)
    return job.failure(code)


def _attach(error: BaseException, job: Job) -> None:
    """Let an exception carry what was recorded; for Ctrl-C it is what matters most."""
    try:
        error.recording = job.recording()  # type: ignore[attr-defined]
    except Exception as problem:
        error.add_note(f"What was recorded could not be kept: {problem}")


class _NoBar:
    def update(self, count: int) -> None:
        pass

    def close(self) -> None:
        pass


class _TimeBar:
    """A progress bar in simulated time.

    Unless it was asked for, it is made after the first block of steps, so that compiling is no
    part of its second and short runs do without it.
    """

    def __init__(self, window: Window, label: str, shown: bool) -> None:
        self._window = window
        self._label = label
        self._shown = shown
        self._done = 0
        self._bar = self._made() if shown else None

    def _made(self) -> Any:
        with warnings.catch_warnings():
            # tqdm recommends ipywidgets in a notebook without them, where its bar is text
            warnings.filterwarnings("ignore", message="IProgress not found")
            from tqdm.auto import tqdm  # noqa: PLC0415
        window = self._window
        return tqdm(
            total=window.steps * window.dt,
            initial=self._done * window.dt,
            desc=self._label,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.5g}/{total:.5g} ms "
            "[{elapsed}<{remaining}]",
            delay=0 if self._shown else 1,
            leave=self._shown,
        )

    def update(self, count: int) -> None:
        self._done += count
        if self._bar is not None:
            self._bar.update(count * self._window.dt)
        elif self._done < self._window.steps:
            self._bar = self._made()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _bar(progress: bool | None, window: Window, label: str) -> Any:
    wanted = _is_interactive() if progress is None else progress
    return _TimeBar(window, label, bool(progress)) if wanted else _NoBar()


def _is_interactive() -> bool:
    if "ipykernel" in sys.modules:
        return True
    stream = sys.stderr
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()


# ------------------------------------------------------------------- one population


class PopulationJob:
    """A run of one population."""

    def __init__(
        self,
        population: Population,
        window: Window,
        inputs: Any,
        record: Any,
        every: int,
        average: bool,
    ) -> None:
        self.window = window
        self.every = every
        population._check_free("run")
        self._population = population
        self.lanes = population._lanes
        model = population._model
        self._feeds = feeds.collect(inputs, model.inputs, model.name, window, population.shape)
        self._tape = Tape(population, names_to_record(record, population), window, every, average)
        self._known = range(0)
        self._drive, self._layout = feeds.drive([], 0, 0)

    def advance(self, first: int, count: int) -> int:
        """Take all of the next steps, or none.

        Steps that were tried before, and failed in a larger block, get the inputs that they
        had then: a function of the user's need not give the same number twice.
        """
        if first not in self._known or first + count > self._known.stop:
            self._drive, self._layout = feeds.drive(self._feeds, first, count)
            self._known = range(first, first + count)
        layout = self._layout.copy()
        layout[:, 0] += (first - self._known.start) * layout[:, 1]
        return self._tape.advance(count, self._drive, layout)

    def room(self) -> int:
        """How many steps can be taken at once."""
        return self.window.steps

    def done(self) -> int:
        """Steps taken."""
        return self._population._clock - self.window.clock

    def failure(self, code: int) -> SimulationError:
        """The error for a step that failed."""
        return self._population._failure(code)

    def recording(self) -> Recording:
        """What was recorded so far."""
        return self._tape.recording()
