"""Networks of neurons as members of a network: they take their steps between those of its loop.

In the loop of the network a stand-in takes their place. It holds the rate, the mean potential and
what else neurons have in common, and sums up what reaches them. So all that connections do (delays,
synapses, functions) is done for neurons as for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.declaration import State
from neuromass.expressions import Equations
from neuromass.kernels.control import FINE, Control
from neuromass.networks.tiled import TiledArrays
from neuromass.populations.core import Core, Drive
from neuromass.recordings.samples import Samples
from neuromass.spiking.core import NeuronsCore

Floats = NDArray[np.float64]

STEPS_AT_ONCE: Final = 256
"""Steps in one call: some ten milliseconds, between which Ctrl-C works."""


def stand_in(neurons: NeuronsCore) -> Core:
    """What takes the place of neurons in the loop of a network: what they send stays as it is.

    Parameters
    ----------
    neurons : NeuronsCore
        The neurons.
    """
    model = neurons.model
    states = {}
    for name in (*model.states, *model.outputs):
        states[name] = State(model.measure(name).quantity(0.0))
        states[name].name = name
    nothing = Equations(
        tuple(states), tuple(model.inputs), (), (), (("number", 0.0),), (0,) * len(states)
    )
    return Core(
        neurons.kind,
        replace(model, parameters={}, states=states, outputs={}, equations=nothing),
        method=neurons.method,
        dt=neurons.dt,
        shape=(),
        parameters={},
        initial={name: np.zeros(()) for name in states},
        noise={},
        sources=(),
        seed=None,
        seed_is_drawn=False,
        lane=0,
    )


class Together:
    """Steps of a network that has neurons among its members.

    The loop takes a step, through which it holds what neurons send; then neurons take it, through
    which they hold what has reached them. With full coupling both are what they will be in its
    middle, extrapolated from two steps, as the spikes are by which neurons drive each other; only
    outputs, of which some are angles, are sent as they are. With held coupling all is as it was at
    the beginning of the step, as in a loop of ``update``.

    Parameters
    ----------
    neurons : mapping of NeuronsCore
        The neurons among the members.
    stand_ins : mapping of Core
        What stands for them in the loop.
    arrays : TiledArrays
        The arrays of the loop.
    sent : mapping
        Member -> its outputs that connections carry or look at.
    held : bool
        Whether coupling is held.

    Attributes
    ----------
    failed : str
        The member whose step failed last; empty if it was another one's.
    """

    def __init__(
        self,
        neurons: Mapping[str, NeuronsCore],
        stand_ins: Mapping[str, Core],
        arrays: TiledArrays,
        sent: Mapping[str, Sequence[str]],
        held: bool,
    ) -> None:
        self._neurons = dict(neurons)
        self._stand_ins = dict(stand_ins)
        self._sent = {name: tuple(each) for name, each in sent.items()}
        self._arrays = arrays
        self._held = held
        self._places = {}
        for name, core in neurons.items():
            places = [arrays.input_place(name, each) for each in core.model.inputs]
            self._places[name] = np.array(places, dtype=np.int64).reshape(-1, 2).T
        self.failed = ""

    def take(
        self,
        control: Control,
        steps: int,
        drives: Sequence[Drive],
        samples: Samples,
        done: int,
        call: Callable[[Any, Any], int],
    ) -> int:
        """Take some steps, all of them or none; see `Core.take`.

        Parameters
        ----------
        control : Control
            The record of the loop.
        steps, drives, samples, done
            As for `Core.take`.
        call : callable
            Calls the loop with inputs as laid out and with what is recorded.
        """
        logs = {name: self._neurons[name].spike_log() for name in samples.spikes}
        for core in self._neurons.values():
            core.control.clock = control.clock
        changed = [*control.where(), samples.sums]
        changed += [each.state for each in self._arrays.groups]
        for core in self._neurons.values():
            changed += core.stepped_arrays()
        before = [each.copy() for each in changed]
        code = None
        try:
            code = self._steps(control, steps, drives, self._parts(samples, logs), done, call)
        finally:
            if code != FINE:  # it failed, or was interrupted
                for array, kept in zip(changed, before, strict=True):
                    array[...] = kept
            else:
                for name, log in logs.items():
                    new = log.spikes()
                    samples.spikes[name].add(new.neurons, new.times)
        return code

    def _steps(
        self,
        control: Control,
        steps: int,
        drives: Sequence[Drive],
        samples: Any,
        done: int,
        call: Callable[[Any, Any], int],
    ) -> int:
        items, values, sums, others, own = samples
        totals = sums[others]
        numbers, feeds = self._arrays.laid_out(drives)
        control.steps = 1
        single = {name: core.single_steps(own[name]) for name, core in self._neurons.items()}
        for step in range(steps):
            for name in self._neurons:
                self._show(name)
            code = call((numbers, feeds), (items, values, totals))
            if code != FINE:
                self.failed = ""
                return code
            feeds["start"] += feeds["per_step"]
            for name, take in single.items():
                code = take(self._reaching(name), done + step)
                if code != FINE:
                    self.failed = name
                    return code
        sums[others] = totals
        return FINE

    def _show(self, name: str) -> None:
        """Let the stand-in of a member have what that sends in the next step."""
        core, shown = self._neurons[name], self._stand_ins[name]
        count = len(core.model.states)
        now, before = core.state[:count, 0], core.before[:count]
        states = shown.state[:count, 0]
        states[:] = now
        for each in self._sent[name]:
            shown.row(each)[:] = core.computed(each)
        if self._held:
            return
        if not np.isnan(before[0]):  # as it is before the first step, and where states were set
            states += 0.5 * (now - before)
        shown.row("r")[:] = core.pulses
        before[:] = now

    def _reaching(self, name: str) -> Floats:
        """The inputs of a member in the step that the loop has taken."""
        core, flat = self._neurons[name], self._arrays.flat
        used, given = self._places[name]
        values: Floats = flat[used]
        if self._held:
            return values
        before = core.before[len(core.model.states) :]
        count = len(before)  # further inputs are parameters of a run
        coming = values[:count] - flat[given[:count]]
        known = ~np.isnan(before)
        values[:count][known] += 0.5 * (coming - before)[known]
        before[:] = coming
        return values

    def _parts(self, samples: Samples, logs: Mapping[str, Any]) -> Any:
        """What the loop records, and what each of the neurons."""
        tracks, begin = samples.tracks, 0
        others: list[int] = []
        own = {}
        for track in tracks:
            if track.node not in self._neurons:
                others += range(begin, begin + track.lanes)
            begin += track.lanes
        for name in self._neurons:
            where = [i for i, each in enumerate(tracks) if each.node == name]
            first, count = (where[0], len(where)) if where else (0, 0)
            start = tracks[first].begin if where else 0
            lane = sum(each.lanes for each in tracks[:first])
            own[name] = replace(
                samples,
                tracks=tuple(tracks[i] for i in where),
                values=samples.values[start : start + count * samples.room],
                sums=samples.sums[lane : lane + count],
                spikes={"": logs[name]} if name in logs else {},
            )
        rest = [each for each in tracks if each.node not in self._neurons]
        items = self._arrays.items(rest)
        return items, samples.values, samples.sums, np.array(others, dtype=np.int64), own
