"""Progress bars."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from neuromass.errors import flag
from neuromass.simulation.inputs import Window


class NoBar:
    """Shows nothing."""

    def update(self, count: int) -> None:
        """So many parts were done."""

    def close(self) -> None:
        """The work has ended."""


class Bar:
    """A progress bar.

    Unless it was asked for, it is made after the first part is done, so that compiling is no
    part of its second and short work does without it.

    Parameters
    ----------
    total : int
        How much there is to do, in parts.
    size : float
        How large a part is, in what is shown.
    unit : str
        The unit of what is shown.
    label : str
        Whose progress it is.
    shown : bool
        Whether it was asked for.
    """

    def __init__(self, total: int, size: float, unit: str, label: str, shown: bool) -> None:
        self._total = total
        self._size = size
        self._unit = unit
        self._label = label
        self._shown = shown
        self._done = 0
        self._bar = self._made() if shown else None

    def _made(self) -> Any:
        with warnings.catch_warnings():
            # tqdm recommends ipywidgets in a notebook without them, where its bar is text
            warnings.filterwarnings("ignore", message="IProgress not found")
            from tqdm.auto import tqdm  # noqa: PLC0415
        return tqdm(
            total=self._total * self._size,
            initial=self._done * self._size,
            desc=self._label,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.5g}/{total:.5g} "
            f"{self._unit} [{{elapsed}}<{{remaining}}]",
            delay=0 if self._shown else 1,
            leave=self._shown,
        )

    def update(self, count: int) -> None:
        """So many parts were done."""
        self._done += count
        if self._bar is not None:
            # parts, rounded one by one, may add up to more than the whole
            self._bar.update(self._done * self._size - self._bar.n)
        elif self._done < self._total:
            self._bar = self._made()

    def close(self) -> None:
        """The work has ended."""
        if self._bar is not None:
            self._bar.close()


def time_bar(progress: bool | None, window: Window, label: str) -> NoBar | Bar:
    """The bar of a run, in simulated time; one that shows nothing where nobody looks."""
    return _bar(progress, window.steps, window.dt, "ms", label)


def point_bar(progress: bool | None, count: int, label: str) -> NoBar | Bar:
    """The bar of a sweep, in points."""
    return _bar(progress, count, 1.0, "points", label)


def _bar(progress: bool | None, total: int, size: float, unit: str, label: str) -> NoBar | Bar:
    asked = progress is not None and flag(progress, "progress")
    wanted = _is_interactive() if progress is None else asked
    return Bar(total, size, unit, label, asked) if wanted else NoBar()


def _is_interactive() -> bool:
    if "ipykernel" in sys.modules:
        return True
    stream = sys.stderr
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()
