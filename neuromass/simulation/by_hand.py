"""``record``: traces of populations that are stepped by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.errors import whole_number
from neuromass.populations.population import Population
from neuromass.recordings.recording import Recording, Recordings
from neuromass.simulation.inputs import Window
from neuromass.simulation.tape import Tape, names_to_record

__all__ = ["record"]

Floats = NDArray[np.float64]


class _Observer(Tape):
    """A tape that grows with every step that its population takes."""

    def __init__(self, population: Population, names: tuple[str, ...], every: int) -> None:
        self._final: Recording | None = None
        window = Window(population._clock, 0, population._dt)
        super().__init__(population, names, window, every, average=False)

    def take(self, drive: Floats, layout: NDArray[np.int64]) -> int:
        """Take one step and record it."""
        self.extend(1)
        return self.advance(1, drive, layout)

    def recording(self) -> Recording:
        """The samples so far, one every so many steps."""
        if self._final is not None:
            return self._final
        count = self._count
        return self._as_recording(self._times(count), self._samples[:, :count].copy())

    def close(self) -> None:
        """Keep the recording as it is now, whatever the population does later."""
        self._final = self.recording()
        self._population._observer = None


class _LiveRecording(Recording):
    """The recording of a population that is still being stepped."""

    def __init__(self, tape: _Observer) -> None:
        self._tape = tape

    @property
    def _times(self) -> Floats:
        return self._tape.recording()._times

    def __getattr__(self, name: str) -> Any:
        if name in ("_data", "_measures", "_about"):
            return getattr(self._tape.recording(), name)
        return super().__getattr__(name)

    def __reduce__(self) -> Any:
        now = self._tape.recording()
        return Recording, (now._times, now._data, now._measures, now._about)


@contextmanager
def record(
    population: Population | None = None,
    /,
    *,
    every: int = 1,
    names: str | Sequence[str] | None = None,
    **populations: Population,
) -> Iterator[Any]:
    """Record populations that are stepped by hand, for the length of a ``with`` block.

    Parameters
    ----------
    population : Population or Network, optional
        A single population; then the result is its recording. Or a network that is stepped
        by hand, whose members are not recorded one by one.
    every : int
        Steps between samples; steps after the last whole `every` of them leave none.
    names : str or sequence of str, optional
        States, inputs and outputs to record, as for ``run``; all states if left out.
    **populations : Population
        Populations by name; then the result has a recording for each.

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
    if (population is None) == (not populations):
        raise TypeError("record takes one population, record(pop), or several by name.")
    if whole_number(every, "every") < 1:
        raise ValueError(f"every must be at least 1, not {every}.")
    tapes, result = _begun(population, populations, names, int(every))
    try:
        yield result
    except BaseException as error:
        if getattr(error, "recording", None) is None:
            error.recording = result  # type: ignore[attr-defined]
        raise
    finally:
        for tape in tapes:
            tape.close()


def _begun(
    single: Any, several: Mapping[str, Any], names: Any, every: int
) -> tuple[list[Any], Any]:
    """Tapes that are being written on, and the recording of what is on them."""
    if single is None:
        tapes = _attached(several, names, every)
        return [*tapes.values()], Recordings({n: _LiveRecording(t) for n, t in tapes.items()})
    if type(single).__name__ == "Network":
        from neuromass.simulation.network_tape import LiveRecordings, observe  # noqa: PLC0415

        tape = observe(single, names, every)
        return [tape], LiveRecordings(tape)
    (alone,) = _attached({"": single}, names, every).values()
    return [alone], _LiveRecording(alone)


def _attached(members: Mapping[str, Any], names: Any, every: int) -> dict[str, _Observer]:
    for name, each in members.items():
        if not isinstance(each, Population):
            raise TypeError(
                f"record takes populations, or one network; {name or 'it'} is a "
                f"{type(each).__name__}."
            )
        each._check_free("record")
    if len({id(each) for each in members.values()}) != len(members):
        raise ValueError("record was given one population under two names.")
    tapes = {
        name: _Observer(each, names_to_record(names, each), every) for name, each in members.items()
    }
    for name, each in members.items():
        each._observer = tapes[name]
        each._fast_step = None
    return tapes
