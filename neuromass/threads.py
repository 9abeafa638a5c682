"""Threads that share a piece of work: how many there are, and running them together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from neuromass.errors import whole_number


def cores_at_hand() -> int:
    """Cores that this process may use."""
    at_hand = getattr(os, "sched_getaffinity", None)
    return len(at_hand(0)) if at_hand else os.cpu_count() or 1


def checked_threads(threads: Any) -> int | None:
    """A number of threads as a user gives it; None stays."""
    if threads is None:
        return None
    number = whole_number(threads, "threads")
    if number < 1:
        raise ValueError(f"threads must be at least 1, and {number} is not.")
    return number


def divided(count: int, parts: int, whole: int = 1) -> list[tuple[int, int]]:
    """The first of some things, and the one behind the last, for each part.

    Parameters
    ----------
    count : int
        How many things there are.
    parts : int
        How many parts; fewer where there are not as many wholes.
    whole : int
        Things that stay together.
    """
    wholes = -(-count // whole)
    number = max(1, min(parts, wholes))
    ends = [wholes * i // number * whole for i in range(number + 1)]
    return [(begin, min(end, count)) for begin, end in pairwise(ends)]


def run_together(jobs: Sequence[Callable[[], Any]], call_off: Callable[[], None]) -> None:
    """Run functions that need no interpreter side by side, the first in this thread.

    None is left behind, whatever interrupts; the first error comes out, after all have ended.

    Parameters
    ----------
    jobs : sequence of callable
        The functions.
    call_off : callable
        Lets the others end, once the first has; it may be called twice.
    """
    errors: list[BaseException] = []

    def run(job: Callable[[], Any]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    started: list[threading.Thread] = []
    try:
        for job in jobs[1:]:
            thread = threading.Thread(target=run, args=(job,))
            thread.start()
            started.append(thread)
        run(jobs[0])
    except BaseException as error:
        errors.append(error)
    finally:
        try:
            call_off()
        finally:  # an interruption may have come before it was done
            call_off()
    while any(each.is_alive() for each in started):
        try:
            for each in started:
                each.join()
        except BaseException as error:
            errors.append(error)
    if errors:
        raise errors[0]
