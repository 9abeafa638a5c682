"""What results of an analysis have in common: values by name, files, tables of lanes."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from neuromass.errors import brief


class Saved(ABC):
    """A result that can be written to a file."""

    @abstractmethod
    def stored(self) -> tuple[Any, ...]:
        """What it is made of: the arguments of its class."""

    def save(self, path: Any) -> Path:
        """Write the result to an ``.npz`` file, which ``nm.load`` reads.

        The file has numbers, names and units, and no equations: what is read from it is looked at
        and drawn, and new computations begin at the system.

        Parameters
        ----------
        path : str or path
            Where to; ``.npz`` is appended if it has another ending.

        Returns
        -------
        pathlib.Path
            Where it is.

        Examples
        --------
        >>> import tempfile, neuromass as nm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     place = nm.QIF(J=15.0).equilibria().save(f"{folder}/rest")
        ...     print(nm.load(place).stable)
        [ True False  True]
        """
        from neuromass.analysis.stored import write  # noqa: PLC0415

        return write(path, self)


class Named(ABC):
    """A result whose parameters, states and outputs are items and attributes."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """What it has."""

    @abstractmethod
    def quantity(self, name: str) -> Any:
        """One of these, a Quantity."""

    def __getitem__(self, name: Any) -> Any:
        if name not in self.names:
            raise KeyError(self._unknown(name))
        return self.quantity(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.names:
            raise AttributeError(self._unknown(name) if name[:1] != "_" else name)
        return self.quantity(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]

    def _unknown(self, name: Any) -> str:
        kind = inspect.getattr_static(self, "kind", "branch")  # __getattr__ would come here again
        kind = kind if isinstance(kind, str) else "result"
        return f"This {kind} has no {brief(name)}; there is {', '.join(self.names)}."


def lane_columns(name: str, values: Any, unit: str = "") -> dict[str, Any]:
    """Columns of a table for values with rows first: one, or one for each lane.

    Parameters
    ----------
    name : str
        What is written above them; lanes are numbered behind it.
    values : ndarray
        (rows, *lanes).
    unit : str
        What is written behind the number.
    """
    rows = np.reshape(values, (len(values), -1)).T
    many = np.ndim(values) > 1
    return {f"{name}{f'[{i}]' if many else ''}{unit}": row for i, row in enumerate(rows)}
