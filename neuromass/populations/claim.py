"""Who may step, change and read a system at the moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

ADVICE = "for an input that follows the system's own state write nm.signals.Feedback(function)"


class Claim:
    """Lets one caller at a time step or change a system, whatever the thread.

    The members of a network share the claim of their network.

    Attributes
    ----------
    lock : Lock
        Held by whoever steps or changes the system. Take it by ``with claim.lock`` after
        `check_free`: that both is released at every interruption, and of two threads that pass
        the check at the same moment one waits for the other.
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
        if self.closed_to == threading.get_ident():
            raise RuntimeError(
                f"A function given as an input is a function of time alone, and cannot read or "
                f"change the {what} that is being run; {ADVICE}."
            )

    def change(self, what: str) -> Any:
        """What a change of the system is made under, ``with claim.change("QIF"):``."""
        if self.guest is not None and self.guest == threading.get_ident():
            return nullcontext()
        self.check_free(what)
        return self.lock

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
