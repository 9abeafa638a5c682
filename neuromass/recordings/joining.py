"""``concatenate``: recordings one after the other as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from neuromass import units
from neuromass.errors import brief
from neuromass.recordings.recording import Recording, Recordings, connections_of, contents_of
from neuromass.recordings.spikes import Spikes
from neuromass.units import MS

__all__ = ["concatenate"]

Kind = TypeVar("Kind", "Recording", "Recordings")


def concatenate(*recordings: Kind | Iterable[Kind]) -> Kind:
    """Join recordings that follow one another in time.

    Parameters
    ----------
    *recordings : Recording or Recordings, or one sequence of them
        Of the same model and shape, with the same names, in their order; a first sample that
        repeats the last one before it is left out. Time that none of them covers stays a gap
        in ``t``. Those of networks have the same members, which are joined one by one.

    Returns
    -------
    Recording or Recordings
        With the parameters of the last.

    Raises
    ------
    ValueError
        If they do not fit together.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> pop = nm.QIF(J=15.0)
    >>> first, second = nm.run(pop, 10 * ms), nm.run(pop, 10 * ms, inputs=3.0)
    >>> rec = nm.concatenate(first, second)
    >>> len(rec)
    401
    """
    given: Any = recordings[0] if len(recordings) == 1 else recordings
    if isinstance(given, (Recording, Recordings)):
        raise TypeError("concatenate takes several recordings, concatenate(first, second).")
    if not units.is_listing(given):
        raise TypeError(f"concatenate takes a list of recordings, not {brief(given)}.")
    parts: list[Any] = list(given)
    if not parts:
        raise ValueError("There is nothing to concatenate: recordings is empty.")
    kind = Recordings if isinstance(parts[0], Recordings) else Recording
    for each in parts:
        if not isinstance(each, (Recording, Recordings)):
            raise TypeError(f"concatenate takes recordings, not {type(each).__name__}.")
        if not isinstance(each, kind):
            raise TypeError(
                "concatenate was given recordings of one population and of several; "
                "join them apart."
            )
    joined: Any = _joined_members if kind is Recordings else _joined
    return joined(parts)


def _joined_members(parts: list[Any]) -> Recordings:
    first = parts[0]
    for each in parts:
        if set(each) != set(first):
            raise ValueError(
                f"Recordings of {_told(each)} do not continue those of {_told(first)}; "
                f"record the same members and connections in all runs."
            )
    joined = {name: _joined([each[name] for each in parts], name) for name in first}
    return Recordings(joined, connections_of(parts[-1]))


def _told(recordings: Recordings) -> str:
    return ", ".join(recordings) or "nothing"


def _joined(parts: list[Recording], member: str = "") -> Recording:
    first = parts[0]
    try:
        for each in parts:
            _check_alike(first, each)
        filled = [each for each in parts if len(each)] or parts[:1]
        skips = [0, *(_repeats(*pair) for pair in pairwise(filled))]
    except ValueError as error:
        raise ValueError(f"{member}: {error}" if member else str(error)) from None
    pieces = list(zip(filled, skips, strict=True))
    times = np.concatenate([contents_of(each).made_times()[skip:] for each, skip in pieces])
    data = {
        n: np.concatenate([contents_of(each).data[n][skip:] for each, skip in pieces])
        for n in first.names
    }
    about = replace(contents_of(parts[-1]).about, seed=contents_of(first).about.seed)
    return Recording(times, data, contents_of(first).measures, about, _joined_spikes(parts))


def _joined_spikes(parts: list[Recording]) -> Spikes | None:
    """The spikes of all parts, if they were recorded."""
    found = [contents_of(each).spikes for each in parts]
    if any(each is None for each in found) and any(found):
        raise ValueError("Spikes were recorded in some of the recordings and not in all.")
    joined = found[0]
    for each in found[1:]:
        if each is not None and joined is not None:
            if not np.array_equal(each.recorded, joined.recorded):
                raise ValueError("The recordings have the spikes of different neurons.")
            joined = each.after(joined)
    return joined


def _check_alike(first: Recording, each: Recording) -> None:
    """Refuse to join recordings of different things."""
    if (each.model, each.names, each.shape) != (first.model, first.names, first.shape):
        raise ValueError(f"{each!r} does not continue {first!r}.")
    one, other = contents_of(first).about, contents_of(each).about
    if (one.dt, one.every, one.average) != (other.dt, other.every, other.average):
        raise ValueError("The recordings differ in dt, every or average and cannot be joined.")
    if any(
        contents_of(each).measures[n].dimension != m.dimension
        for n, m in contents_of(first).measures.items()
    ):
        raise ValueError("The recordings do not have the same units.")


def _repeats(before: Recording, each: Recording) -> int:
    """1 if a recording begins with the last sample of the one before it, else 0."""
    start, end = contents_of(each).made_times()[0], contents_of(before).made_times()[-1]
    slack = 1e-6 * contents_of(before).about.dt
    if start < end - slack:
        raise ValueError(
            f"A recording that starts at {units.shown(start, MS)} cannot follow one that ends at "
            f"{units.shown(end, MS)}."
        )
    return int(start < end + slack)
