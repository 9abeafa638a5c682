"""Who does the parts of a sweep: threads of this process, or an executor of the user's."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from neuromass.errors import brief
from neuromass.sweeps.batches import Batch, Floats, Results, Study
from neuromass.threads import checked_threads, cores_at_hand

Done = Callable[[Batch, Results], None]
"""What is done with the results of a batch."""

_TRIALS: Final = 3
"""How often an executor is made anew without a batch having been finished by the last one."""

_AHEAD: Final = 4
"""Batches that wait in an executor for each one that is finished: no results pile up."""


_NOBODY: Final = np.zeros(0, dtype=np.int64)
"""Numbers of no points."""


class StoppedError(Exception):
    """The rest of a sweep is not wanted any more."""


def by_threads(study: Study, parts: Sequence[Batch], threads: int | None, done: Done) -> None:
    """Do the parts in threads of this process; their kernels need no interpreter.

    Parameters
    ----------
    study : Study
        The sweep.
    parts : sequence of Batch
        What is to be done.
    threads : int or None
        How many, at least 1; one for each core if left out.
    done : callable
        What is done with each result, in this thread.
    """
    count = min(cores_at_hand() if threads is None else threads, len(parts))
    stop = threading.Event()

    def check() -> None:
        if stop.is_set():
            raise StoppedError

    if count == 1:
        for each in parts:
            done(each, study.run(each, check))
        return
    with ThreadPoolExecutor(count, thread_name_prefix="sweep") as pool:
        try:
            _collect(lambda each: pool.submit(study.run, each, check), parts, done, count)
        except BaseException:
            stop.set()
            raise


def by_executor(study: Study, parts: Sequence[Batch], given: Any, done: Done) -> None:
    """Do the parts in an executor of the user's, or one that a callable of the user's makes.

    Parameters
    ----------
    study : Study
        The sweep.
    parts : sequence of Batch
        What is to be done.
    given : Executor or callable
        Who does it; a broken one is made anew where a callable was given.
    done : callable
        What is done with each result, in this process.
    """
    points = study.points
    text = packed(replace(study, points=points.with_values(points.values(_NOBODY))))
    waiting, trials = {each.number: each for each in parts}, 0

    def finished(batch: Batch, results: Results) -> None:
        nonlocal trials
        trials = 0
        del waiting[batch.number]
        done(batch, results)

    while waiting:
        try:
            with _opened(given) as pool:
                submit = lambda each: pool.submit(
                    run_packed, text, points.values(each.walk.ravel()), each
                )
                _collect(submit, list(waiting.values()), finished, _workers(pool))
        except Exception as error:
            if not isinstance(error, (BrokenExecutor, *_lost_workers())):
                raise
            trials += 1
            if hasattr(given, "submit") or trials == _TRIALS:
                raise RuntimeError(
                    f"The executor has lost its workers ({error}). {_how_to_go_on(given)}"
                ) from error


def _how_to_go_on(given: Any) -> str:
    if hasattr(given, "submit"):
        return (
            "Give a callable that makes one, executor=lambda: ProcessPoolExecutor(4), and a new "
            "one goes on with the rest; with checkpoint='folder' the same call does so later."
        )
    return "A new one was made three times, and nothing was finished any more."


def _collect(
    submit: Callable[[Batch], Future[Results]], parts: Sequence[Batch], done: Done, workers: int
) -> None:
    """Hand in some parts ahead of the workers, and take what is finished."""
    rest = iter(parts)
    running: dict[Future[Results], Batch] = {}
    try:
        for each in _some(rest, _AHEAD * workers):
            running[submit(each)] = each
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done(running[future], future.result())
                del running[future]
                for each in _some(rest, 1):
                    running[submit(each)] = each
    except BaseException:
        for future, batch in running.items():
            if not future.cancel() and future.done() and future.exception() is None:
                done(batch, future.result())
        raise


def _some(rest: Iterator[Batch], count: int) -> list[Batch]:
    return [each for _, each in zip(range(count), rest, strict=False)]


def packed(study: Study) -> bytes:
    """A study as workers get it; functions of a script or notebook go by value."""
    try:
        try:
            import cloudpickle  # noqa: PLC0415

            found: bytes = cloudpickle.dumps(study)
        except ImportError:
            found = pickle.dumps(study)
    except Exception as error:
        raise TypeError(
            f"What is swept cannot be sent to other processes: {error}. Functions must be "
            f"defined at the top of a module, or cloudpickle be installed."
        ) from error
    return found


def run_packed(text: bytes, values: list[Floats], batch: Batch) -> Results:
    """Do a part in another process, which is told of no other points."""
    study = _unpacked(text)
    study = replace(study, points=study.points.with_values(values))
    numbers = np.arange(batch.walk.size).reshape(batch.walk.shape)
    return study.run(replace(batch, walk=numbers), lambda: None)


@lru_cache(maxsize=1)
def _unpacked(text: bytes) -> Study:
    """The study, which is the same for all parts."""
    study: Study = pickle.loads(text)
    return study


@contextmanager
def _opened(given: Any) -> Iterator[Any]:
    """The executor; one that was made here is closed again, an unfinished one without waiting."""
    if hasattr(given, "submit"):
        yield given
        return
    pool = given()
    if not hasattr(pool, "submit"):
        raise TypeError(f"executor() gives an executor, with submit(), not {brief(pool)}.")
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def check_workers(threads: Any, given: Any) -> None:
    """Refuse a number of threads, or an executor, that is none."""
    checked_threads(threads)
    if given is None:
        return
    if threads is not None:
        raise ValueError("Give either threads or an executor.")
    makes = callable(given) and not isinstance(given, type)
    if not (hasattr(given, "submit") and not isinstance(given, type)) and not makes:
        hint = f"; write {given.__name__}()" if isinstance(given, type) else ""
        raise TypeError(
            f"executor has the interface of concurrent.futures, or is a callable that makes one, "
            f"not {brief(given)}{hint}."
        )


def _workers(pool: Any) -> int:
    """How many workers an executor has, as far as it says."""
    found = getattr(pool, "_max_workers", None)
    return found if isinstance(found, int) else max(8, cores_at_hand())


def _lost_workers() -> tuple[type[Exception], ...]:
    """What dask raises where a worker was lost again and again."""
    import sys  # noqa: PLC0415

    module = sys.modules.get("distributed")
    return () if module is None else (module.scheduler.KilledWorker,)
