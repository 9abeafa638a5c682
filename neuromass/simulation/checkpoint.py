"""A file in which a run is kept on its way, and from which the same call goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass._version import __version__
from neuromass.errors import warn
from neuromass.kernels.control import FINE
from neuromass.populations.claim import wholly
from neuromass.populations.core import Drive
from neuromass.recordings import archive
from neuromass.recordings.files import target_of
from neuromass.recordings.samples import Samples
from neuromass.simulation.digest import differing, digest, digests, of_kind, of_standing, told
from neuromass.simulation.inputs import Inputs, Varied
from neuromass.simulation.observing import ObservingRecorder
from neuromass.simulation.recorder import Recorder
from neuromass.simulation.system import System
from neuromass.units import MS

Floats = NDArray[np.float64]

SECONDS: Final = 10.0
"""Time from one writing to the next, at least."""

PATIENCE: Final = 50.0
"""So many times as long as a writing took it is until the next: they cost 2 % at most."""


def asked_of(
    system: System, inputs: Any, instruments: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """All that decides a run beside its system, by name.

    Parameters
    ----------
    system : System
        What is run.
    inputs : Any
        Its inputs, and what its parameters follow.
    instruments : mapping
        Name -> what observes the run.
    **options
        Further arguments.
    """
    found = {"version": __version__, **options}
    for node, values in system.inputs_by_node(inputs).items():
        for name, value in values.items():
            own = f"{node}.{name}" if node else name
            if isinstance(value, Varied):
                found[f"parameters {own}"] = value.value
            else:
                found[f"inputs {own}"] = value
    return {**found, **{f"observe {name}": each for name, each in instruments.items()}}


class _Part(Mapping[tuple[str, ...], Floats]):
    """Arrays of a file whose names begin alike, each read when it is asked for."""

    def __init__(self, part: str, names: Sequence[Sequence[str]], read: Callable[[str], Any]):
        places = {tuple(name[1:]): str(i) for i, name in enumerate(names) if name[0] == part}
        self._places, self._read = places, read

    def __getitem__(self, name: tuple[str, ...]) -> Floats:
        found: Floats = self._read(self._places[name])
        return found

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True)
class _Header:
    """What a file says of itself.

    Attributes
    ----------
    asked : dict of str
        Digests of all that decides the run, by name.
    stands : dict of str
        Digests of where the system stood when the file was written.
    start, steps : int
        Clock at which the run began, and steps until then.
    called : tuple
        First step and number of some, and a digest of what functions of time gave for them.
    names : list
        Names of the arrays, in their order.
    """

    asked: dict[str, str]
    stands: dict[str, str]
    start: int
    steps: int
    called: tuple[int, int, str]
    names: list[list[str]]


class Checkpoint:
    """The file of a run.

    Parameters
    ----------
    path : str or path
        Where it is, or will be.
    asked : mapping
        Name -> all that decides the run, beside the system.
    system : System
        What is run.
    steps : int
        Steps of the run.

    Attributes
    ----------
    start : int
        Clock at which the run begins, or has begun.
    """

    def __init__(self, path: Any, asked: Mapping[str, Any], system: System, steps: int) -> None:
        self.place = target_of(path)
        self._system = system
        stands = digests(of_standing(system))
        self._asked = {**digests({**asked, **of_kind(system)}), **stands}
        self._found = _header_of(self.place) if self.place.exists() else None
        if self._found is not None:
            self._compare(self._found, stands, steps)
        archive.clear_beside(self.place)
        self.start = system.clock if self._found is None else self._found.start

    def _compare(self, found: _Header, stands: Mapping[str, str], steps: int) -> None:
        """Refuse the file of another run."""
        other = differing(found.asked, self._asked)
        moved = all(name in stands or name in found.stands for name in other)
        is_there = moved and found.steps < steps and not differing(found.stands, stands)
        if other and not is_there:
            where = (
                " It goes on with a system that stands where it stood when the run began, or when "
                "the file was written."
            )
            raise ValueError(
                f"The checkpoint {str(self.place)!r} is of another run: {told(other)} differ. Take "
                f"another file, or the same arguments; noise goes on only with the same seed."
                f"{where if moved else ''}"
            )
        self._asked = found.asked

    def taken_up(self, recorder: Recorder | ObservingRecorder, inputs: Inputs) -> int:
        """Bring the system and its recorder to where the file has them; steps until then.

        Without a file it is written: what cannot be written fails before the first step.
        """
        found = self._found
        if found is None:
            self.write(recorder, inputs)
            return 0
        if found.steps:
            self._check_functions(inputs, found.called)
            with open(self.place, "rb") as stream:
                _, read = archive.opened(stream)
                try:
                    recorder.go_on(found.start, found.steps, _Part("run", found.names, read))
                    kept = dict(_Part("system", found.names, read))
                    saved = self._system.snapshot().moved(found.start + found.steps, kept)
                    self._system.check_snapshot(saved)
                except Exception as error:
                    raise _damaged(self.place, error) from error
            wholly(self._system, self._system.restore, saved)
        return found.steps

    def _check_functions(self, inputs: Inputs, called: tuple[int, int, str]) -> None:
        """Ask functions of time again what they gave before."""
        first, count, known = called
        if count and digest(inputs.called(first, count)) != known:
            raise ValueError(
                f"The checkpoint {str(self.place)!r} cannot go on: the function given as "
                f"{', '.join(inputs.asking('time'))} gives other values than before, and is no "
                f"function of t alone. Give its values as nm.signals.Sampled, or as an array."
            )

    def write(self, recorder: Recorder | ObservingRecorder, inputs: Inputs) -> bool:
        """Write all there is; whether there was something that fits together."""
        steps, system = recorder.steps, self._system
        run = recorder.kept()
        if run is None:
            return False
        parts = {"run": run, "system": system.snapshot().kept()}
        named = [([part, *n], each) for part, kept in parts.items() for n, each in kept.items()]
        known = range(inputs.known.start, min(inputs.known.stop, steps))
        values = inputs.called(known.start, len(known)) if known else []
        header = {
            "format": 1,
            "kind": "checkpoint",
            "version": __version__,
            "asked": self._asked,
            "stands": digests(of_standing(system)),
            "start": self.start,
            "steps": steps,
            "called": (known.start, len(known) if values else 0, digest(values)),
            "names": [name for name, _ in named],
        }
        arrays = {str(number): each for number, (_, each) in enumerate(named)}
        archive.write_whole(self.place, header, arrays)
        return True


def _header_of(place: Path) -> _Header:
    with open(place, "rb") as stream:
        try:
            header, _ = archive.opened(stream)
            if header.get("kind") == "checkpoint":
                return _Header(**{name: header[name] for name in _Header.__annotations__})
        except Exception as error:  # a damaged file can fail in many ways, all meaning the same
            raise _damaged(place, error) from error
    raise ValueError(
        f"checkpoint = {str(place)!r} is there already, and no checkpoint of a run; name a file of "
        f"its own."
    )


def _damaged(place: Path, error: Exception) -> ValueError:
    return ValueError(
        f"The checkpoint {str(place)!r} is damaged, or none ({error}). Take another file, or "
        f"delete it to begin anew."
    )


class Keeper:
    """Takes the steps of a run by its recorder, and writes a checkpoint every now and then.

    Parameters
    ----------
    checkpoint : Checkpoint
        The file.
    recorder : Recorder or ObservingRecorder
        Who records the run.
    inputs : Inputs
        What goes into it.
    dt : float
        The step in ms, for messages.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        recorder: Recorder | ObservingRecorder,
        inputs: Inputs,
        dt: float,
    ) -> None:
        loops = inputs.asking("system")
        if loops:
            raise ValueError(
                f"checkpoint: {', '.join(loops)} is a Feedback, whose function may remember what a "
                f"file does not hold. Run it in parts, and keep the recordings of each."
            )
        self._checkpoint = checkpoint
        self._recorder = recorder
        self._inputs = inputs
        self._dt = dt
        begun = time.monotonic()
        self._written = checkpoint.taken_up(recorder, inputs)
        self._wait(begun)

    def _wait(self, begun: float) -> None:
        """Write next some time from now, after a writing that began at some moment."""
        now = time.monotonic()
        self._due = now + max(SECONDS, PATIENCE * (now - begun))

    @property
    def samples(self) -> Samples:
        """What the system writes on."""
        return self._recorder.samples

    @property
    def steps(self) -> int:
        """Steps taken since the beginning."""
        return self._recorder.steps

    def room(self) -> int:
        """How many steps can be taken at once."""
        return self._recorder.room()

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take some steps, all of them or none."""
        code = self._recorder.take(steps, drives)
        if code == FINE and time.monotonic() >= self._due:
            self._keep()
        return code

    def _keep(self) -> None:
        """Write what is new; a run does not end for a disk that is full."""
        begun, steps = time.monotonic(), self._recorder.steps
        if steps == self._written:
            return
        try:
            if self._checkpoint.write(self._recorder, self._inputs):
                self._written = steps
        except (OSError, MemoryError) as error:
            held = (self._checkpoint.start + self._written) * self._dt
            warn(
                f"The checkpoint {str(self._checkpoint.place)!r} could not be written at step "
                f"{steps}: {error}. Nothing of the run is lost; after a crash it would go on from "
                f"t = {units.shown(held, MS, 10)}."
            )
        self._wait(begun)

    def with_present(self) -> Any:
        """What was recorded so far, after it was written."""
        try:
            self._keep()
        except BaseException as error:
            error.recording = self._recorder.with_present()  # type: ignore[attr-defined]
            raise
        return self._recorder.with_present()
