"""What a worker does: take some points of a sweep through their runs, and measure them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import SimulationError
from neuromass.measures.reduction import Reduction
from neuromass.measures.running import PIECE
from neuromass.measures.whole import Custom
from neuromass.recordings.recording import Recording
from neuromass.recordings.samples import Samples
from neuromass.signals import Feedback
from neuromass.simulation.blocks import BlockRecorder, PieceRecorder
from neuromass.simulation.inputs import Held, Inputs, SideBySide, Window
from neuromass.simulation.recorder import fill_inputs, sample_times
from neuromass.simulation.runner import take_steps
from neuromass.simulation.system import System, system_of
from neuromass.sweeps.keys import InputKey
from neuromass.sweeps.points import Axis, Points, settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Results:
    """What some points came to.

    Attributes
    ----------
    values : dict of ndarray
        By measure, in internal units, (..., further axes); NaN where a point failed.
    failed : ndarray of bool
        Which points did.
    """

    values: dict[str, Floats]
    failed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some points that a worker takes together.

    Attributes
    ----------
    number : int
        Its number.
    first : int
        What its first column counts as for the noise; those after it follow.
    walk : ndarray of int
        Numbers of points, (runs, columns): each column is one system, which goes on from run to
        run.
    """

    number: int
    first: int
    walk: Ints


@dataclass(frozen=True, eq=False)
class Study:
    """All of a sweep but who does it; what workers are sent.

    Attributes
    ----------
    prototype : Population or Network
        What each point is a copy of.
    points : Points
        The points.
    inputs : Any
        As the user gave them.
    inputs_by_point : bool
        Whether they are a function of the point.
    steps, skipped : int
        Steps of a run, and how many of them come before the first sample.
    measures : dict of Reduction
        What is measured, by name.
    places : dict
        Measure -> the node and the name that it looks at; nothing for those of one's own.
    names : dict
        All that is recorded, by node.
    """

    prototype: Any
    points: Points
    inputs: Any
    inputs_by_point: bool
    steps: int
    skipped: int
    measures: Mapping[str, Reduction]
    places: Mapping[str, tuple[str, str]]
    names: Names

    def takes_lanes(self, runs: int) -> bool:
        """Whether points can be lanes of one system, which goes through some runs."""
        return self._lanes(Batch(0, 0, np.zeros((runs, 1), dtype=np.int64))) is not None

    def run(self, batch: Batch, check: Callable[[], None]) -> Results:
        """Measure the points of a batch.

        Parameters
        ----------
        batch : Batch
            Which.
        check : callable
            Called now and then; what it raises ends the work.

        Returns
        -------
        Results
            Of the shape (runs, columns).
        """
        lanes = self._lanes(batch)
        if lanes is not None:
            return _joined([self._run_of_lanes(lanes, row, check) for row in batch.walk])
        columns = [
            self._column(batch.first + place, numbers, check)
            for place, numbers in enumerate(batch.walk.T)
        ]
        return _joined(columns, axis=1)

    # -------------------------------------------------------------- points as lanes

    def _lanes(self, batch: Batch) -> Any:
        """A system whose lanes are the columns; None where that cannot be."""
        fits = all(each.key.goes_by_lanes for each in self.points.axes)
        system = system_of(self.prototype)
        if not fits or self._has_feedback() or (len(batch.walk) > 1 and system.wired()):
            return None
        return self.prototype.__points__(batch.first, batch.walk.shape[1])

    def _has_feedback(self) -> bool:
        values = self.given(0).values()
        return any(isinstance(each, Feedback) for each in values)

    def _run_of_lanes(self, lanes: Any, numbers: Ints, check: Callable[[], None]) -> Results:
        system = system_of(lanes)
        before = {node: core.state.copy() for node, core in system.nodes.items()}
        for axis in settings(self.points):
            values = self.points.of(axis, numbers)
            axis.key.set(system, _along_lanes(values, axis.key.node, system))
        inputs = self._inputs_of_lanes(system, numbers)
        system.let_lanes_fail(True)
        tally = _Tally(self, system, len(numbers))
        tally.run(lanes, inputs, check)
        good = np.all([_finite(core, len(numbers)) for core in system.nodes.values()], axis=0)
        found = tally.results(good)
        for node, core in system.nodes.items():  # what failed begins anew
            fresh = np.repeat(~good, core.lanes // len(numbers))
            core.state[:, fresh] = before[node][:, fresh]
        return found

    def _inputs_of_lanes(self, system: System, numbers: Ints) -> dict[str, Any]:
        count = len(numbers)
        if self.inputs_by_point:
            each = [self.given(int(number)) for number in numbers]
            names = {name: None for given in each for name in given}
            inputs: dict[str, Any] = {
                name: SideBySide(tuple(given[name] for given in each)) for name in names
            }
        else:
            own = system_of(self.prototype).nodes
            inputs = {
                name: _for_lanes(value, own[node_of(name)].shape, count)
                for name, value in self.given(0).items()
            }
        for axis in self._swept_inputs():
            values = _along_lanes(self.points.of(axis, numbers), axis.key.node, system)
            inputs[axis.key.name] = Held(system.nodes[axis.key.node].spread(values))
        return inputs

    # ---------------------------------------------------------- points by themselves

    def _column(self, number: int, numbers: Ints, check: Callable[[], None]) -> Results:
        found, system = [], None
        for each in numbers.tolist():
            if system is None:
                system = self.prototype.__point__(number)
            try:
                found.append(self._run_alone(system, each, check))
            except SimulationError:
                nothing = {name: np.array(np.nan) for name in self.measures}
                found.append(Results(nothing, np.array(True)))
                system = None  # what failed begins anew
        return _joined(found)

    def _run_alone(self, known_as: Any, number: int, check: Callable[[], None]) -> Results:
        system = system_of(known_as)
        one = np.array([number])
        for axis in settings(self.points):
            axis.key.set(system, self.points.of(axis, one)[0])
        inputs = self.given(number)
        for axis in self._swept_inputs():
            inputs[axis.key.name] = Held(self.points.of(axis, one))
        tally = _Tally(self, system, 1)
        tally.run(known_as, inputs, check)
        found = tally.results(np.array([True]))
        return Results({name: each[0] for name, each in found.values.items()}, np.array(False))

    # ----------------------------------------------------------------------- inputs

    def given(self, number: int) -> dict[str, Any]:
        """The inputs at a point as the user gave them, by name, ``"exc.I_ext"`` in networks."""
        found = self._called(number) if self.inputs_by_point else self.inputs
        by_node = system_of(self.prototype).inputs_by_node(found)
        return {
            f"{node}.{name}" if node else name: value
            for node, values in by_node.items()
            for name, value in values.items()
        }

    def _called(self, number: int) -> Any:
        point = self.points.point(number)
        try:
            return self.inputs(point)
        except Exception as error:
            error.add_note(
                f"Raised by the function given as inputs, at {point!r}. In a sweep it is called "
                f"with the point; a function of t is given by the name of the input, "
                f"inputs={{'I_ext': lambda t: ...}}."
            )
            raise

    def _swept_inputs(self) -> list[Axis]:
        return [each for each in self.points.axes if isinstance(each.key, InputKey)]


class _Tally:
    """The measures of one run in the making.

    Parameters
    ----------
    study : Study
        What is measured.
    system : System
        Of what.
    count : int
        How many points its lanes are.
    """

    def __init__(self, study: Study, system: System, count: int) -> None:
        self._study = study
        self._system = system
        self._count = count
        self._start = system.clock
        self._made: dict[str, Any] = {
            name: study.measures[name].begin(system.dt) for name in study.places
        }
        self._custom = {
            name: each for name, each in study.measures.items() if isinstance(each, Custom)
        }
        self._kept: list[dict[tuple[str, str], Floats]] = []

    def run(self, known_as: Any, inputs: Any, check: Callable[[], None]) -> None:
        """Take all steps, and measure those after the transient."""
        system, study = self._system, self._study
        window = Window(system.clock, study.steps, system.dt)

        def work() -> None:
            system.share(1)  # other points run in other threads
            system.follow_class()
            fed = Inputs(inputs, system, window, known_as)
            if self._goes_in_pieces():
                tracks = [
                    (own, study.measures[n].kind or 0) for n, (_, own) in study.places.items()
                ]
                pieces = PieceRecorder(
                    system, tracks, PIECE, self._use_piece, study.skipped, study.steps
                )
                take_steps(system, window, fed, pieces, _Watch(check))
                return
            blocks = BlockRecorder(system, study.names, 1, PIECE, self._use, study.skipped)
            take_steps(system, window, fed, blocks, _Watch(check))
            blocks.flush()

        system.claim.under(system.name, work)

    def _goes_in_pieces(self) -> bool:
        """Whether the loops can make all that is measured on their way."""
        study, model = self._study, next(iter(self._system.nodes.values())).model
        kinds = [each.kind for each in study.measures.values()]
        # the first sample of an input is known after the first step alone
        late = not study.skipped and any(own in model.inputs for _, own in study.places.values())
        return self._system.reduces and None not in kinds and not late

    def _use_piece(self, values: Floats, count: int) -> None:
        for made, value in zip(self._made.values(), values, strict=True):
            made.add_piece(value, count)

    def _use(self, samples: Samples, rows: slice) -> None:
        if rows.start == 0:
            fill_inputs(self._system, samples)
        block = {(track.node, track.name): samples.slab(track)[rows] for track in samples.tracks}
        for name, made in self._made.items():
            node, own = self._study.places[name]
            made.add(block[node, own])
        if self._custom:
            self._kept.append({key: each.copy() for key, each in block.items()})

    def results(self, good: NDArray[np.bool_]) -> Results:
        """What each measure came to, (points, ...); NaN where a point is not good."""
        found = {}
        for name, made in self._made.items():
            lanes = self._own_shape(*self._study.places[name])
            result = made.result()
            found[name] = result.reshape(self._count, *lanes, *result.shape[1:])
            found[name][~good] = np.nan
        if self._custom:
            recordings = [self._recording(i) if ok else None for i, ok in enumerate(good)]
            for name, each in self._custom.items():
                found[name] = _filled([None if r is None else each.numbers(r) for r in recordings])
        return Results({name: found[name] for name in self._study.measures}, ~good)

    def _own_shape(self, node: str, name: str) -> tuple[int, ...]:
        shape = self._system.holder(node, name).shape
        return shape[1:] if self._is_of_lanes else shape

    @property
    def _is_of_lanes(self) -> bool:
        own = system_of(self._study.prototype).nodes
        return any(own[node].shape != each.shape for node, each in self._system.nodes.items())

    def _recording(self, place: int) -> Any:
        """The recording of one point."""
        study, system = self._study, self._system
        count = sum(len(next(iter(each.values()))) for each in self._kept)
        clocks = self._start + study.skipped, 1, count, False, None, system.dt
        recordings = {}
        for node, names in study.names.items():
            first = next(iter(names), "")
            core, shape = system.holder(node, first), self._own_shape(node, first)
            lanes = slice(place * math.prod(shape), (place + 1) * math.prod(shape))
            data = {
                name: np.concatenate([each[node, name][:, lanes] for each in self._kept])
                .reshape(count, *shape)
                for name in names
            }  # fmt: skip
            about = system.about(node, 1, False)
            own = {
                name: (np.broadcast_to(value, core.shape)[place] if self._is_of_lanes
                       and np.ndim(value) == len(core.shape) else value, measure)
                for name, (value, measure) in about.parameters.items()
            }  # fmt: skip
            recordings[node] = Recording(
                partial(sample_times, *clocks),
                data,
                {name: core.model.measure(name) for name in names},
                replace(about, parameters=own),
            )
        return system.gathered(recordings)


class _Watch:
    """Looks between blocks of steps whether to go on; takes the place of a progress bar."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def update(self, count: int) -> None:
        """So many steps were taken."""
        self._check()


def node_of(name: str) -> str:
    """The node of ``"exc.I_ext"``; nothing for ``"I_ext"``."""
    return name.rpartition(".")[0]


def _along_lanes(values: Floats, node: str, system: System) -> Floats:
    """Values of points, shaped so that they go along the first axis of a node's lanes."""
    core = system.nodes.get(node)
    rest = 0 if core is None else len(core.shape) - 1
    return values.reshape(-1, *(1,) * rest)


def _for_lanes(value: Any, shape: tuple[int, ...], count: int) -> Any:
    """An input that is the same for all points; an array of rows must not be taken for lanes."""
    plain = getattr(value, "magnitude", value)
    if not isinstance(plain, (list, tuple, np.ndarray)) or np.ndim(plain) == 0:
        return value
    if shape == () and isinstance(plain, np.ndarray) and plain.ndim == 1:
        return value[:, np.newaxis]
    return SideBySide((value,) * count)


def _finite(core: Any, count: int) -> NDArray[np.bool_]:
    """Which points have finite states."""
    states = core.state[: len(core.model.states)].reshape(len(core.model.states), count, -1)
    found: NDArray[np.bool_] = np.all(np.isfinite(states), axis=(0, 2))
    return found


def _filled(results: Sequence[Floats | None]) -> Floats:
    """Results of several points in one array, NaN where there is none."""
    shape = next((np.shape(each) for each in results if each is not None), ())
    whole = np.full((len(results), *shape), np.nan)
    for place, each in enumerate(results):
        if each is not None:
            whole[place] = each
    return whole


def _joined(parts: Sequence[Results], axis: int = 0) -> Results:
    """Results side by side along a new axis; a failed one is a single NaN of any shape."""
    found = {}
    for name in parts[0].values:
        several = [each.values[name] for each in parts]
        most = max((each.shape for each in several), key=len)
        whole = [np.broadcast_to(_stretched(each, most), most) for each in several]
        found[name] = np.stack(whole, axis=axis)
    return Results(found, np.stack([each.failed for each in parts], axis=axis))


def _stretched(values: Floats, shape: tuple[int, ...]) -> Floats:
    return values.reshape((*values.shape, *(1,) * (len(shape) - values.ndim)))
