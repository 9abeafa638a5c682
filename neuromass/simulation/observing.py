"""Runs that are observed: instruments take their samples on the way, and nobody keeps those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import brief, name_of
from neuromass.measures.reduction import Running
from neuromass.populations.core import Drive
from neuromass.populations.snapshot import Kept
from neuromass.recordings.contents import About
from neuromass.recordings.recording import Recording, Recordings, connections_of
from neuromass.recordings.samples import Samples
from neuromass.recordings.spikes import SPIKES
from neuromass.simulation.blocks import BlockRecorder
from neuromass.simulation.names import names_to_record
from neuromass.simulation.recorder import Names, fill_inputs, recording_of, sample_times
from neuromass.simulation.system import System
from neuromass.units import Measure

Floats = NDArray[np.float64]

_SIZE: Final = 1024
"""Samples in a block, about."""


class Instrument(Protocol):
    """What observes a trace; see `neuromass.brain.observers.Observer`."""

    @property
    def name(self) -> str:
        """What it looks at."""

    def begin(self, spacing: float) -> Running:
        """A result in the making, for samples so many ms apart."""

    def spacing(self, dt: float) -> int:
        """Samples from one of its values to the next."""

    def unit(self, measured: Measure) -> Measure:
        """Unit of its values, from that of what it looks at."""

    def recording(
        self, values: Floats, start: float, lanes: tuple[int, ...], measured: Measure, about: About
    ) -> Recording:
        """Its values as a recording."""


class ObservingRecorder:
    """Takes the steps of a run, shows them to instruments, and keeps what is recorded.

    Parameters
    ----------
    system : System
        What is run.
    names : mapping
        Node -> what is recorded of it.
    every : int
        Steps between samples that are recorded.
    instruments : mapping
        Name -> what observes the run.
    """

    def __init__(
        self, system: System, names: Names, every: int, instruments: Mapping[str, Instrument]
    ) -> None:
        self._system = system
        self._names = names
        self._every = every
        self._start = system.clock
        self._instruments = dict(instruments)
        self._places = {name: _place(each, name, system) for name, each in instruments.items()}
        self._made: dict[str, Any] = {
            name: each.begin(system.dt) for name, each in instruments.items()
        }
        if any(SPIKES in each for each in names.values()):
            raise ValueError("Spikes are recorded by runs without observe.")
        self._seen = 0
        self._showing = False
        self._kept: list[dict[tuple[str, str], Floats]] = []
        wanted = {node: tuple(each) for node, each in names.items()}
        for node, own in self._places.values():
            wanted[node] = tuple(dict.fromkeys((*wanted.get(node, ()), own)))
        self._blocks = BlockRecorder(system, wanted, 1, _SIZE, self._use, 0)

    @property
    def samples(self) -> Samples:
        """What the system writes on."""
        return self._blocks.samples

    @property
    def steps(self) -> int:
        """Steps taken since the beginning."""
        return self._blocks.steps

    def room(self) -> int:
        """How many steps can be taken at once."""
        return self._blocks.room()

    def take(self, steps: int, drives: Sequence[Drive]) -> int:
        """Take some steps, all of them or none."""
        return self._blocks.take(steps, drives)

    def kept(self) -> Kept | None:
        """What was recorded and what instruments hold, by names of three parts.

        None if an interruption has come between them. Refuses instruments that say nothing.
        """
        self._check_that_all_keep()
        if not self.steps:
            return {}
        self._blocks.flush()
        if self._seen != self.steps + 1 or self._showing:
            return None
        self._kept = [self._recorded()]
        kept: dict[tuple[str, ...], Floats] = {
            ("trace", *key): each for key, each in self._kept[0].items()
        }
        for name, made in self._made.items():
            kept |= {("observe", name, n): each for n, each in made.kept_arrays().items()}
        return kept

    def _check_that_all_keep(self) -> None:
        for name, made in self._made.items():
            if not (hasattr(made, "kept_arrays") and hasattr(made, "take_arrays")):
                raise TypeError(
                    f"observe[{name!r}] cannot go on from a checkpoint: give what its begin() "
                    f"makes kept_arrays() and take_arrays(kept), see nm.brain.Observer."
                )

    def _recorded(self) -> dict[tuple[str, str], Floats]:
        """The samples that were kept, each value in one piece."""
        keys = [(node, name) for node, several in self._names.items() for name in several]
        return {key: np.concatenate([each[key] for each in self._kept]) for key in keys}

    def go_on(self, start: int, steps: int, kept: Kept) -> None:
        """Go on as if some steps had been observed here; see `Recorder`."""
        self._start, self._seen = start, steps + 1
        self._kept = [{(n[1], n[2]): each for n, each in kept.items() if n[0] == "trace"}]
        for name, made in self._made.items():
            own = {n[2]: each for n, each in kept.items() if n[:2] == ("observe", name)}
            made.take_arrays(own)
        self._blocks.go_on(start)

    def _use(self, samples: Samples, rows: slice) -> None:
        self._showing = True
        if rows.start == 0 and rows.stop > 1:
            fill_inputs(self._system, samples)
        block = {(each.node, each.name): samples.slab(each)[rows] for each in samples.tracks}
        for name, made in self._made.items():
            made.add(block[self._places[name]])
        first = -self._seen % self._every
        self._seen += rows.stop - rows.start
        keys = [(node, name) for node, several in self._names.items() for name in several]
        if keys:
            self._kept.append({key: block[key][first :: self._every].copy() for key in keys})
        self._showing = False

    def with_present(self) -> Recordings:
        """What was recorded and observed so far."""
        self._blocks.flush()
        system = self._system
        count = -(-self._seen // self._every)
        times = partial(sample_times, self._start, self._every, count, False, None, system.dt)
        recordings, recorded = {}, self._recorded()
        for node, names in self._names.items():
            data = {name: recorded[node, name] for name in names}
            recordings[node] = recording_of(system, node, data, times, self._every, False)
        whole = system.gathered(recordings) if recordings else Recordings({})
        if isinstance(whole, Recording):
            whole = Recordings({"population": whole})
        observed = {name: self._observed(name) for name in self._instruments}
        return Recordings({**whole, **observed}, connections_of(whole))

    def _observed(self, name: str) -> Recording:
        node, own = self._places[name]
        core = self._system.holder(node, own)
        about = self._system.about(node, 1, False)
        start = self._start * self._system.dt
        values = self._made[name].result()
        return self._instruments[name].recording(
            values, start, core.shape, core.model.measure(own), about
        )


def checked(observe: Any) -> dict[str, Instrument]:
    """What a user gives to observe a run with."""
    if not isinstance(observe, Mapping) or not observe:
        raise TypeError(
            f"observe is a mapping, {{'bold': nm.bold(repetition_time=2 * second)}}, not "
            f"{brief(observe)}."
        )
    for name, each in observe.items():
        name_of(name, "What observes a run")
        if not hasattr(each, "recording"):
            raise TypeError(
                f"observe[{name!r}] is an observer, such as nm.bold(repetition_time=2 * second), "
                f"not {brief(each)}."
            )
    return dict(observe)


def _place(instrument: Instrument, name: str, system: System) -> tuple[str, str]:
    """The node, and what of it, at which an instrument looks; checks that it can."""
    try:
        found = names_to_record(instrument.name, system)
    except ValueError as error:
        raise ValueError(f"observe[{name!r}]: {str(error).removeprefix('record: ')}") from None
    pairs = [(node, own) for node, several in found.items() for own in several]
    if len(pairs) != 1:
        told = ", ".join(f"{node}.{own}" for node, own in pairs)
        raise ValueError(f"observe[{name!r}] looks at one value; name one of {told}.")
    node, own = pairs[0]
    instrument.spacing(system.dt)
    instrument.unit(system.holder(node, own).model.measure(own))
    return node, own
