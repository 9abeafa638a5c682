"""What all results of an analysis have: states, outputs and parameters by name, with units."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from neuromass.dynamics.field import Field
from neuromass.errors import brief, suggestion
from neuromass.units import Measure


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
        """
        from neuromass.analysis.stored import write  # noqa: PLC0415

        return write(path, self)


class Measured(Saved):
    """A result that belongs to a vector field."""

    @property
    @abstractmethod
    def field(self) -> Field:
        """The vector field."""

    @property
    def first_state(self) -> str:
        """Name of the first state, which plots show unless told otherwise."""
        return next(iter(self.field.columns))

    def measure(self, name: str) -> Measure:
        """The unit of a parameter, state or output."""
        states = {each: column.measure for each, column in self.field.columns.items()}
        known = {**self.field.outputs, **self.field.symbols, **states}
        if name not in known:
            raise ValueError(f"There is no {brief(name)}{suggestion(name, known)}")
        return known[name]

    def heading(self, name: str) -> str:
        """A name with its unit, for a column of a table."""
        unit = self.measure(name).symbol
        return f"{name} ({unit})" if unit else name


class Named(Measured):
    """A result whose parameters and states are items and attributes."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """What it has."""

    @abstractmethod
    def quantity(self, name: str) -> Any:
        """One of these, a Quantity."""

    def __getitem__(self, name: str) -> Any:
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
