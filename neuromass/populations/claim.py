"""Who may step, change and read a system at the moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

ADVICE = "for an input that follows the system's own state write nm.signals.Feedback(function)"


class Changeable(Protocol):
    """What can be put back to where it was."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def memento(self) -> Any:
        """All that a change may change."""

    def put_back(self, before: Any) -> None:
        """Be again as when the memento was taken."""


class Claim:
    """Lets one caller at a time step or change a system, whatever the thread.

    The members of a network share the claim of their network.

    Attributes
    ----------
    lock : Lock
        Held by whoever steps or changes the system. Take it after `check_free` by ``with
        claim.lock`` and what is done under it on the same line: so it is released at every
        interruption, and of two threads that pass the check at the same moment one waits for the
        other.
    closed_to : int or None
        The thread that is computing an input from a function of time, which may not look at
        the system.
    guest : int or None
        The thread that is in a function of `Feedback`, which may read and set between steps.
    """

    __slots__ = ("closed_to", "guest", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.closed_to: int | None = None
        self.guest: int | None = None

    def check_free(self, what: str) -> None:
        """Refuse a caller while another one steps or changes the system.

        Parameters
        ----------
        what : str
            The system, for the message: ``"QIF"``.
        """
        if self.closed_to is not None:
            self.check_open(what)
        if self.lock.locked():
            raise RuntimeError(
                f"This {what} is being stepped or changed already, by another thread or by the "
                f"call that led here: one caller at a time. Give each thread a copy of its own, "
                f"copy(); {ADVICE}."
            )

    def check_open(self, what: str) -> None:
        """Refuse a function of time that looks at the system whose input it is."""
        if self.closed_to == threading.get_ident() and self.lock.locked():
            raise RuntimeError(
                f"A function given as an input is a function of time alone, and cannot read or "
                f"change the {what} that is being run; {ADVICE}."
            )

    def under(self, what: str, work: Callable[..., Any], *given: Any) -> Any:
        """Do something with the system that nobody else steps or changes meanwhile.

        Parameters
        ----------
        what : str
            The system, for messages.
        work : callable
            What is done, with the arguments `given`.
        """
        self.check_free(what)
        with self.lock: return work(*given)  # noqa: E701  # fmt: skip

    def change(self, system: Changeable, work: Callable[..., Any], *given: Any) -> Any:
        """Change a system, wholly or, at any error or interruption, not at all.

        Parameters
        ----------
        system : Changeable
            What is changed.
        work : callable
            What changes it, with the arguments `given`.
        """
        if self.guest == threading.get_ident() and self.lock.locked():
            return wholly(system, work, *given)
        return self.under(system.name, wholly, system, work, *given)

    def begin_run(self) -> None:
        """Forget which function an earlier run was in when it was interrupted."""
        self.closed_to = self.guest = None

    @contextmanager
    def closed(self) -> Iterator[None]:
        """While a function of time is called."""
        self.closed_to = threading.get_ident()
        try:
            yield
        finally:
            self.closed_to = None

    @contextmanager
    def open_to_guest(self) -> Iterator[None]:
        """While a function of `Feedback` is called."""
        self.guest = threading.get_ident()
        try:
            yield
        finally:
            self.guest = None


def wholly(system: Changeable, work: Callable[..., Any], *given: Any) -> Any:
    """Do something to a system, and put it back at any error or interruption."""
    before = system.memento()
    try:
        return work(*given)
    except BaseException:
        system.put_back(before)
        raise
