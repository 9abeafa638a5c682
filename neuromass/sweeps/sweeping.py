"""``sweep``: measures a system at many points of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neuromass import signals, units
from neuromass.errors import brief, name_of, one_of, suggestion, warn
from neuromass.measures.reduction import Reduction
from neuromass.measures.running import Final
from neuromass.measures.whole import Custom, Trace, WholeReduction
from neuromass.simulation.inputs import Inputs, Window
from neuromass.simulation.names import names_to_record
from neuromass.simulation.progress import point_bar
from neuromass.simulation.recorder import check_memory, sample_times
from neuromass.simulation.runner import steps_of
from neuromass.simulation.system import System, system_of
from neuromass.sweeps import plan
from neuromass.sweeps.batches import Batch, Floats, Results, Study
from neuromass.sweeps.checkpoint import Checkpoint, asked_of
from neuromass.sweeps.execution import by_executor, by_threads, check_workers
from neuromass.sweeps.keys import ConnectionKey, InputKey
from neuromass.sweeps.points import Points, points_of, settings
from neuromass.sweeps.results import Coordinate, Measured, Sweep

__all__ = ["sweep"]


def sweep(
    system: Any,
    values: Any,
    duration: Any,
    measure: Any,
    inputs: Any = None,
    transient: Any = None,
    *,
    mode: str = "grid",
    follow: str | None = None,
    direction: str = "up",
    threads: int | None = None,
    executor: Any = None,
    checkpoint: Any = None,
    progress: bool | None = None,
) -> Sweep:
    """Run copies of a system at many points of its parameters, and measure each.

    Each point is the run of a copy that stands where the system stands, with the values of the
    point; the system itself is left as it is. Points are numbered as the result is laid out, and
    have the noise of the lanes of that number: the first one that of the system itself.

    Parameters
    ----------
    system : Population or Network
        What each point is a copy of.
    values : mapping or DataFrame
        Key -> values. Keys are parameters (``"eta"``, ``"exc.eta"``), what a connection has
        (``"inh->exc.J"``, ``"inh->exc.delay"``), states to begin with (``"initial.r"``,
        ``"exc.initial.r"``), constant inputs (``"I_ext"``, ``"exc.I_ext"``), and names of one's
        own for `inputs` that are a function of the point. A DataFrame is walked through by rows.
    duration : Quantity
        How long each point runs.
    measure : mapping or measure
        Name -> one of ``nm.measures``, such as ``{"rate": nm.measures.mean("r")}``.
    inputs : Signal, number, Quantity, callable, array or mapping, optional
        As for ``nm.run``. A function given for all inputs is a function of the point, ``lambda
        point: nm.signals.Step(point["height"])``; one of t is given by the name of its input.
    transient : Quantity, optional
        How much of the duration passes before the first sample that is measured.
    mode : {"grid", "zip"}
        Whether every value of a key meets every one of the others, or they go together.
    follow : str, optional
        A key along which each point begins where its neighbour ended, as if the key was set and
        the system run on; the other keys are walked through side by side.
    direction : {"up", "down", "both"}
        How `follow` goes: from its smallest value, from its largest, or up and then down again;
        then the result has an axis ``"direction"`` in front.
    threads : int, optional
        Threads of this process; one for each core if left out. Results do not depend on it.
    executor : Executor or callable, optional
        Who does it instead: anything with the interface of ``concurrent.futures``, such as
        ``ProcessPoolExecutor(4)`` or ``client.get_executor()`` of dask; or a callable that makes
        one, which is called again when the workers are lost. Processes may be forked, but not
        while another thread of this one uses the package for the first time, which loads it.
    checkpoint : str or path, optional
        A folder for what is finished. The same call goes on from there after a crash.
    progress : bool, optional
        Whether to show a progress bar; by default for sweeps of more than a second on a terminal
        or in a notebook.

    Returns
    -------
    Sweep
        ``res["rate"]`` is a Quantity with the axes of the keys.

    Raises
    ------
    ValueError
        For a key or a measure of something that is not there, lists of different length or
        without values, or a checkpoint of another sweep; before anything runs.
    MemoryError
        If the results would not fit into memory.
    RuntimeError
        If an executor has lost its workers. This error, and that of Ctrl-C, has what was finished
        as ``result``, NaN elsewhere.

    Warns
    -----
    UserWarning
        Of points that failed: they are NaN in every measure.

    Notes
    -----
    Points are lanes of one population, or of networks of single populations, where that is
    possible; else they run one by one. Results are bitwise the same.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0)
    >>> res = nm.sweep(
    ...     pop, {"eta": [-10.0, -5.0, 0.0]}, 200 * ms, {"rate": nm.measures.mean("r")},
    ...     transient=100 * ms,
    ... )
    >>> res
    <Sweep of QIF over eta -10 .. 0 (3): rate [Hz]>
    >>> res["rate"].shape
    (3,)
    """
    found = system_of(system, "sweep")
    found.check_free("sweep")
    by_point = callable(inputs) and not isinstance(inputs, signals.Signal)
    one_of(mode, "mode", ("grid", "zip"))
    one_of(direction, "direction", plan.DIRECTIONS)
    points = points_of(values, mode, found, by_point)
    _check_follow(follow, direction, points)
    check_workers(threads, executor)
    study = _study(system, found, points, inputs, by_point, duration, transient, measure)
    _check_settings(study)
    walked = len(plan.walks(points, follow, direction))
    lanes = sum(each.lanes for each in found.nodes.values()) if study.takes_lanes(walked) else 0
    parts = plan.batches(points, follow, direction, lanes, _kept(study))
    store = _Store(study, direction if follow else "up")
    folder = None
    if checkpoint is not None:
        folder = Checkpoint(checkpoint, asked_of(study, follow, direction))
    bar = point_bar(progress, points.count * store.ways, found.name)

    def done(batch: Batch, results: Results) -> None:
        if folder is not None:
            folder.keep(batch, results)
        store.take(batch, results)
        bar.update(batch.walk.size)

    try:
        rest = _without_finished(parts, folder, store, bar)
        if executor is not None:
            by_executor(study, rest, executor, done)
        elif rest:
            by_threads(study, rest, threads, done)
    except BaseException as error:
        error.result = store.result()  # type: ignore[attr-defined]
        raise
    finally:
        bar.close()
    store.report()
    return store.result()


# ------------------------------------------------------------------------- what is asked


def _check_follow(follow: Any, direction: str, points: Points) -> None:
    names = [each.key.name for each in points.axes]
    if follow is None:
        if direction != "up":
            raise ValueError(f"direction={direction!r} needs follow, the key that is walked along.")
    elif follow not in names:
        raise ValueError(f"follow: {brief(follow)} is not swept{suggestion(follow, names)}")


def _study(
    system: Any,
    found: System,
    points: Points,
    inputs: Any,
    by_point: bool,
    duration: Any,
    transient: Any,
    measure: Any,
) -> Study:
    steps = steps_of(duration, found.dt)
    skipped = 0
    if transient is not None and not _is_zero(transient):
        skipped = steps_of(transient, found.dt, "transient")
    if skipped > steps:
        raise ValueError("transient is a part of duration, and longer than all of it.")
    measures = _measures(measure)
    if all(isinstance(each, Final) for each in measures.values()):
        skipped = steps
    places = {n: _place(each, n, found) for n, each in measures.items() if each.name}
    names: dict[str, tuple[str, ...]] = {}
    for each in measures.values():
        wanted = names_to_record(each.record if isinstance(each, Custom) else each.name, found)
        for node, own in wanted.items():
            names[node] = tuple(dict.fromkeys((*names.get(node, ()), *own)))
    prototype = system.copy()
    return Study(prototype, points, inputs, by_point, steps, skipped, measures, places, names)


def _is_zero(value: Any) -> bool:
    return bool(np.ndim(value) == 0 and getattr(value, "magnitude", value) == 0)


def _measures(given: Any) -> dict[str, Reduction]:
    measures = given
    if isinstance(given, Reduction):
        measures = {str(given): given}
    if not isinstance(measures, Mapping):
        raise TypeError(
            f"measure is a mapping, {{'rate': nm.measures.mean('r')}}, not {brief(given)}."
        )
    for name, each in measures.items():
        name_of(name, "A measure")
        if not isinstance(each, Reduction):
            raise TypeError(
                f"measure[{name!r}] is one of nm.measures, such as nm.measures.mean('r'), not "
                f"{brief(each)}; a function of a recording goes into nm.measures.custom."
            )
    if not measures:
        raise ValueError("measure names nothing to measure.")
    return dict(measures)


def _place(measure: Reduction, name: str, system: System) -> tuple[str, str]:
    """The one node, and what of it, at which a measure looks."""
    try:
        found = names_to_record(measure.name, system)
    except ValueError as error:
        raise ValueError(f"measure[{name!r}]: {str(error).removeprefix('record: ')}") from None
    pairs = [(node, own) for node, several in found.items() for own in several]
    if len(pairs) != 1:
        told = ", ".join(f"{node}.{own}" for node, own in pairs)
        raise ValueError(f"measure[{name!r}] is of one value; name one of {told}.")
    return pairs[0]


def _check_settings(study: Study) -> None:
    """Try all that is set on a copy, and the inputs of a point, before anything runs."""
    trial = study.prototype.copy()
    system = system_of(trial)
    for axis in settings(study.points):
        if isinstance(axis.key, ConnectionKey):
            for value in np.unique(axis.values):
                axis.key.set(system, value)
    names = [each.key.name for each in study.points.axes if isinstance(each.key, InputKey)]
    given = study.given(0)
    for name in names:
        if name in given:
            raise ValueError(f"{name} is swept, and given in inputs.")
    fed = Inputs(given, system, Window(system.clock, study.steps, system.dt), trial)
    if not study.inputs_by_point:
        fed.warn_of_nothing()


def _kept(study: Study) -> int:
    """Numbers of a point that are kept until its end."""
    system = system_of(study.prototype)
    samples = study.steps - study.skipped + 1
    whole = [n for n in study.places if isinstance(study.measures[n], WholeReduction)]
    count = sum(samples * system.holder(*study.places[name]).lanes for name in whole)
    if len(study.places) < len(study.measures):
        recorded = [(node, name) for node, own in study.names.items() for name in own]
        count += sum(samples * system.holder(*each).lanes for each in recorded)
    return count


def _without_finished(
    parts: list[Batch], folder: Checkpoint | None, store: _Store, bar: Any
) -> list[Batch]:
    """The parts that are not in a checkpoint; the others go into the store."""
    rest = []
    for each in parts:
        results = None if folder is None else folder.load(each)
        if results is None:
            rest.append(each)
            continue
        store.take(each, results)
        bar.update(each.walk.size)
    return rest


# ----------------------------------------------------------------------------- results


class _Store:
    """Where results are gathered.

    Parameters
    ----------
    study : Study
        What is measured.
    direction : str
        How points follow each other; both ways are kept apart.
    """

    def __init__(self, study: Study, direction: str) -> None:
        self._study = study
        self.ways = 2 if direction == "both" else 1
        self._count = self.ways * study.points.count
        self._arrays: dict[str, Floats] = {}
        self._failed = np.zeros(self._count, dtype=bool)
        self._check_memory()

    def _check_memory(self) -> None:
        """Refuse traces that would not fit into memory."""
        study, system = self._study, system_of(self._study.prototype)
        samples = study.steps - study.skipped + 1
        size = sum(
            self._count * system.holder(*study.places[name]).lanes * -(-samples // each.every)
            for name, each in study.measures.items()
            if isinstance(each, Trace)
        )
        try:
            check_memory(size, 1, 1)
        except MemoryError:
            raise MemoryError(
                f"The traces of {self._count} points would take {8 * size / 1e9:.3g} GB, which is "
                f"more than there is. Keep fewer samples, nm.measures.trace('r', every=10), or "
                f"measure what you need of them."
            ) from None

    def take(self, batch: Batch, results: Results) -> None:
        """Take the results of a part."""
        places = batch.walk.reshape(-1)
        for name, values in results.values.items():
            flat = values.reshape(len(places), *values.shape[2:])
            known = self._arrays.get(name)
            if known is None or known.ndim < flat.ndim:
                self._arrays[name] = np.full((self._count, *flat.shape[1:]), np.nan)
            whole = self._arrays[name]
            whole[places] = flat.reshape(*flat.shape, *(1,) * (whole.ndim - flat.ndim))
        self._failed[places] = results.failed.reshape(-1)

    def report(self) -> None:
        """Warn once of points that failed."""
        points = self._study.points
        bad = np.flatnonzero(self._failed)
        if not len(bad):
            return
        told = ["(" + ", ".join(points.point(int(i) % points.count).shown()) + ")" for i in bad[:3]]
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        warn(
            f"{len(bad)} of {self._count} points failed, and are NaN in every measure: "
            f"{', '.join(told)}{more}. A run at one of them says why."
        )

    def result(self) -> Sweep:
        """The results so far, NaN where there are none."""
        study, points = self._study, self._study.points
        system = system_of(study.prototype)
        names = [each.key.name for each in points.axes]
        dims = tuple(names) if points.is_grid else ("point",)
        coordinates = {
            each.key.name: Coordinate(
                units.read_only(each.values),
                each.measure,
                each.key.name if points.is_grid else "point",
            )
            for each in points.axes
        }
        both = ("up", "down") if self.ways == 2 else ()
        front = ("direction", *dims) if both else dims
        shape = (2, *points.shape) if both else points.shape
        measured = {}
        for name, each in study.measures.items():
            values = self._arrays.get(name, np.full(self._count, np.nan))
            whole = values.reshape(*shape, *values.shape[1:])
            measured[name] = self._measured(name, each, units.read_only(whole), front)
        failed = self._failed.reshape(shape).copy()
        failed.setflags(write=False)
        return Sweep(system.name, failed, coordinates, measured, both)

    def _measured(
        self, name: str, measure: Reduction, values: Floats, front: tuple[str, ...]
    ) -> Measured:
        study, system = self._study, system_of(self._study.prototype)
        if name not in study.places:
            rest = tuple(f"{name}_{i}" for i in range(values.ndim - len(front)))
            return Measured(values, measure.unit(units.DIMENSIONLESS), front + rest)
        node, own = study.places[name]
        core = system.holder(node, own)
        begin = f"{node}_lane" if node else "lane"
        many = len(core.shape) > 1
        lanes = tuple(f"{begin}_{i}" if many else begin for i in range(len(core.shape)))
        unit = measure.unit(core.model.measure(own))
        if not isinstance(measure, Trace):
            return Measured(values, unit, (front + lanes)[: values.ndim])
        count = values.shape[-1] if values.ndim > len(front) else 0
        times = sample_times(
            system.clock + study.skipped, measure.every, count, False, None, system.dt
        )
        alone = sum(isinstance(each, Trace) for each in study.measures.values()) == 1
        return Measured(values, unit, (*front, *lanes, "t" if alone else f"t_{name}"), times)
