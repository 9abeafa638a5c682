"""Recordings of systems that are still being stepped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuromass.recordings.contents import Contents
from neuromass.recordings.recording import Recording, Recordings


class LiveRecording(Recording):
    """A recording that grows with every step.

    Parameters
    ----------
    source : callable
        Gives the recording as it is now.
    """

    def __init__(self, source: Callable[[], Recording]) -> None:
        self._source = source

    @property
    def _contents(self) -> Contents:  # type: ignore[override]
        return self._source()._contents

    def __reduce__(self) -> Any:
        now = self._contents
        return Recording, (now.times, now.data, now.measures, now.about, now.spikes)


class LiveRecordings(Recordings):
    """Recordings of a network that grow with every step.

    Parameters
    ----------
    source : callable
        Gives the recordings as they are now.
    """

    def __init__(self, source: Callable[[], Recordings]) -> None:
        self._source = source

    @property
    def _members(self) -> dict[str, Recording]:  # type: ignore[override]
        return self._source()._members

    @property
    def _connections(self) -> Any:  # type: ignore[override]
        return self._source()._connections

    def __reduce__(self) -> Any:
        return Recordings, (self._members, self._connections)


def live(source: Callable[[], Any]) -> LiveRecording | LiveRecordings:
    """What grows as the recordings that a function gives."""
    return LiveRecording(source) if isinstance(source(), Recording) else LiveRecordings(source)
