"""Progress bars in simulated time."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from neuromass.errors import flag
from neuromass.simulation.inputs import Window


class NoBar:
    """Shows nothing."""

    def update(self, count: int) -> None:
        """So many steps were taken."""

    def close(self) -> None:
        """The run has ended."""


class TimeBar:
    """A progress bar in simulated time.

    Unless it was asked for, it is made after the first block of steps, so that compiling is no
    part of its second and short runs do without it.
    """

    def __init__(self, window: Window, label: str, shown: bool) -> None:
        self._window = window
        self._label = label
        self._shown = shown
        self._done = 0
        self._bar = self._made() if shown else None

    def _made(self) -> Any:
        with warnings.catch_warnings():
            # tqdm recommends ipywidgets in a notebook without them, where its bar is text
            warnings.filterwarnings("ignore", message="IProgress not found")
            from tqdm.auto import tqdm  # noqa: PLC0415
        window = self._window
        return tqdm(
            total=window.steps * window.dt,
            initial=self._done * window.dt,
            desc=self._label,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.5g}/{total:.5g} ms "
            "[{elapsed}<{remaining}]",
            delay=0 if self._shown else 1,
            leave=self._shown,
        )

    def update(self, count: int) -> None:
        """So many steps were taken."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count * self._window.dt)
        elif self._done < self._window.steps:
            self._bar = self._made()

    def close(self) -> None:
        """The run has ended."""
        if self._bar is not None:
            self._bar.close()


def progress_bar(progress: bool | None, window: Window, label: str) -> NoBar | TimeBar:
    """The bar of a run; one that shows nothing where nobody looks."""
    asked = progress is not None and flag(progress, "progress")
    wanted = _is_interactive() if progress is None else asked
    return TimeBar(window, label, asked) if wanted else NoBar()


def _is_interactive() -> bool:
    if "ipykernel" in sys.modules:
        return True
    stream = sys.stderr
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()
