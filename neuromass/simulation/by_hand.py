"""``record``: traces of systems that are stepped by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from neuromass.errors import whole_number
from neuromass.recordings.live import live
from neuromass.recordings.recording import Recordings
from neuromass.simulation.names import names_to_record
from neuromass.simulation.recorder import Recorder
from neuromass.simulation.system import System, system_of

__all__ = ["record"]


@contextmanager
def record(
    system: Any = None,
    /,
    *,
    every: int = 1,
    names: str | Sequence[str] | None = None,
    **systems: Any,
) -> Iterator[Any]:
    """Record populations that are stepped by hand, for the length of a ``with`` block.

    Parameters
    ----------
    system : Population or Network, optional
        What is recorded. The members of a network are recorded with their network.
    every : int
        Steps between samples; steps after the last whole `every` of them leave none.
    names : str or sequence of str, optional
        States, inputs and outputs to record, as for ``run``; all states if left out.
    **systems : Population or Network
        Systems by name; then the result has a recording for each.

    Yields
    ------
    Recording or Recordings
        What was recorded so far, at any time.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> exc, inh = nm.QIF(tau=20 * ms, J=8.0), nm.QIF(tau=10 * ms)
    >>> with nm.record(exc=exc, inh=inh) as rec:
    ...     for _ in range(100):
    ...         r_exc, r_inh = exc.r, inh.r
    ...         rate = exc.update(10.0 - 10 * exc.tau * r_inh)
    ...         rate = inh.update(10 * inh.tau * r_exc)
    >>> rec["exc"].r.shape
    (101,)
    """
    if (system is None) == (not systems):
        raise TypeError("record takes one population, record(pop), or several by name.")
    spacing = whole_number(every, "every")
    if spacing < 1:
        raise ValueError(f"every must be at least 1, not {every}.")
    at_work = Lock()
    hands = _attached({"": system} if system is not None else systems, names, spacing, at_work)
    recordings: dict[str, Any] = {name: live(each.recording) for name, each in hands.items()}
    result = recordings[""] if system is not None else Recordings(recordings)
    try:
        for each in hands.values():
            each.attach()
        with at_work: yield result  # noqa: E701  # fmt: skip
    except BaseException as error:
        if getattr(error, "recording", None) is None:
            error.recording = result  # type: ignore[attr-defined]
        raise
    finally:
        for each in hands.values():
            each.detach()


class _Hand:
    """A system that is being recorded."""

    def __init__(self, system: System, recorder: Recorder) -> None:
        self._system = system
        self._recorder = recorder
        self._final: Any = None

    def attach(self) -> None:
        """Record its steps from now on."""
        self._system.recorder = self._recorder

    def detach(self) -> None:
        """Keep the recording as it is now, whatever the system does later."""
        if self._system.recorder is self._recorder:
            self._system.recorder = None
        self._final = self._recorder.whole()

    def recording(self) -> Any:
        """The samples so far."""
        return self._recorder.whole() if self._final is None else self._final


def _attached(given: Mapping[str, Any], names: Any, every: int, at_work: Lock) -> dict[str, _Hand]:
    found = {name: system_of(each, "record") for name, each in given.items()}
    if len({id(each) for each in found.values()}) != len(found):
        raise ValueError("record was given one system under two names.")
    for name, system in found.items():
        if name and "" not in system.nodes:
            raise TypeError(f"record takes populations by name, or one network alone; see {name}.")
        system.check_free("record")
        system.claim.check_free(system.name)
        system.follow_class()
    return {
        name: _Hand(system, Recorder(system, names_to_record(names, system), every, lock=at_work))
        for name, system in found.items()
    }
