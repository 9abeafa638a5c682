"""The control record of a loop: how far it is to go, where it stands, and what went wrong.

Kernels read and write it as an array of integers, since numba takes 0.1 us longer to recognise
an array of records in every call. Nobody else counts places in it: Python code uses the names
of `Control`, and the makers of text use `word`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FINE, NOT_FINITE, BELOW_BOUND, TOO_COARSE = range(4)
"""What a loop returns. Unless it is fine, no state has changed."""

PHASES: Final = ("R", "Psi")
"""Modulus and argument of the Kuramoto order parameter, which networks of neurons have, too."""

CALLED_OFF: Final = -(1 << 60)
"""What stands in the first place of a barrier at which nobody is to wait any more."""

LAST, MEAN, LOWEST, HIGHEST = range(4)
"""What a sample is of the values since the sample before it."""

FIELDS: Final = (
    "clock", "steps", "every", "phase", "sample", "average", "lane", "key0", "key1", "bad_state",
    "bad_lane", "position", "bad_kind", "lenient",
)  # fmt: skip
"""Names of the words, in their order; see `Control`."""


def word(name: str) -> str:
    """Text of a word in a kernel, whose argument is called ``control``."""
    return f"control[{FIELDS.index(name)}]"


class _Word:
    """A word of a control record as an attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._place = FIELDS.index(name)

    def __get__(self, instance: Control, owner: type | None = None) -> int:
        return int(instance.words[self._place])

    def __set__(self, instance: Control, value: int) -> None:
        instance.words[self._place] = value


class Control:
    """A control record.

    Attributes
    ----------
    words : ndarray
        All of it, as kernels take it.
    clock : int
        Steps since t = 0.
    steps, every, average : int
        What a loop is asked for: how many steps, steps between samples, and whether samples are
        means.
    phase, sample : int
        Steps since the last sample, and the number of the next one.
    lane, key0, key1 : int
        Number of the first lane and two words of the seed, for the noise.
    bad_state, bad_lane, bad_kind : int
        Which state of which lane went wrong, and in a network of which kind of members.
    position : int
        Column of the present in the histories of a network.
    lenient : int
        Whether a lane that fails is NaN from the end of the loop on, instead of ending the run.
    """

    __slots__ = ("words",)

    clock = _Word()
    steps = _Word()
    every = _Word()
    phase = _Word()
    sample = _Word()
    average = _Word()
    lane = _Word()
    key0 = _Word()
    key1 = _Word()
    bad_state = _Word()
    bad_lane = _Word()
    position = _Word()
    bad_kind = _Word()
    lenient = _Word()

    def __init__(self) -> None:
        self.words: NDArray[np.int64] = np.zeros(len(FIELDS), dtype=np.int64)

    def where(self) -> list[NDArray[np.int64]]:
        """Views of the words that say where a system stands: the clock and the position."""
        places = (FIELDS.index(each) for each in ("clock", "position"))
        return [self.words[place : place + 1] for place in places]

    def copy(self) -> Control:
        """A record of its own with the same words."""
        other = Control()
        other.words[:] = self.words
        return other
