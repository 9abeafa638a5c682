"""``list_models``: a table of all models that come with the package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from neuromass.declaration import ModelType
from neuromass.errors import one_of
from neuromass.models.qif import QIF

__all__ = ["ModelEntry", "ModelTable", "list_models"]

_TITLES: Final = ("model", "states", "exact for", "source")
_WIDTHS: Final = (20, 28, 44, 32)

FAMILIES: Final = (
    "quadratic integrate-and-fire neurons",
    "Izhikevich neurons",
    "rates",
    "columns",
    "synaptic gating",
    "seizures and conductances",
    "oscillators",
)
"""In the order of the table."""


@dataclass(frozen=True)
class ModelEntry:
    """A line of the table.

    Attributes
    ----------
    name : str
        The class.
    states : tuple of str
        Its states, with units.
    exact_for : str
        In what limit its equations are exact; or that, and why, they are approximate.
    source : str
        Authors and year; the class's docstring has the reference.
    family : str
        What it is grouped under.
    """

    name: str
    states: tuple[str, ...]
    exact_for: str
    source: str
    family: str

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The line as text."""
        return self.name, ", ".join(self.states), self.exact_for, self.source


class ModelTable(tuple[ModelEntry, ...]):
    """Models by family, one `ModelEntry` each: a table in a notebook, text in a terminal."""

    __slots__ = ()

    def __repr__(self) -> str:
        rule = "  ".join("=" * width for width in _WIDTHS)
        rows = []
        for family, entries in groupby(self, lambda entry: entry.family):
            rows += ["", f"-- {family}", ""]
            rows += [line for entry in entries for line in _wrapped(entry.cells)]
        return "\n".join([rule, *_wrapped(_TITLES), rule, *rows[1:], rule])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(title)}</th>" for title in _TITLES)
        groups = ""
        for family, entries in groupby(self, lambda entry: entry.family):
            title = f'<th colspan="{len(_TITLES)}">{escape(family)}</th>'
            cells = ("".join(f"<td>{escape(cell)}</td>" for cell in each.cells) for each in entries)
            rows = "".join(f"<tr>{row}</tr>" for row in cells)
            groups += f"<tbody><tr>{title}</tr>{rows}</tbody>"
        return f"<table><thead><tr>{head}</tr></thead>{groups}</table>"


def _wrapped(cells: tuple[str, ...]) -> Iterator[str]:
    parts = [wrap(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    for row in range(max(len(part) for part in parts)):
        texts = (part[row] if row < len(part) else "" for part in parts)
        yield "  ".join(f"{t:{w}}" for t, w in zip(texts, _WIDTHS, strict=True)).rstrip()


def list_models(family: str | None = None) -> ModelTable:
    """All models of the package: their states, what they are exact for, and their source.

    Parameters
    ----------
    family : str, optional
        Only the models of a family, such as ``"oscillators"``.

    Returns
    -------
    ModelTable
        A tuple with one entry a model, shown as a table by family.

    Raises
    ------
    ValueError
        If there is no such family.

    Examples
    --------
    >>> import neuromass as nm
    >>> models = nm.list_models()
    >>> models[0].name, models[0].states
    ('QIF', ('r [Hz]', 'v'))
    >>> [entry.name for entry in nm.list_models("columns")]
    ['JansenRit', 'Wendling']
    """
    chosen = None if family is None else one_of(family, "family", FAMILIES)
    entries = (_entry(cls) for cls in _models())
    return ModelTable(each for each in entries if chosen in (None, each.family))


def _models() -> list[Any]:
    import neuromass  # noqa: PLC0415

    found = [getattr(neuromass, name) for name in neuromass.__all__ if name[0].isupper()]
    models = (each for each in found if isinstance(each, ModelType) and each.model is not None)
    return sorted(models, key=_place)


def _place(cls: Any) -> tuple[int, int, str]:
    """By family, and among the QIF models the plain ones first."""
    family = FAMILIES.index(cls.family)
    if issubclass(cls, QIF):
        return family, cls.__mro__.index(QIF), cls.__name__
    return family, 0, cls.__name__


def _entry(cls: Any) -> ModelEntry:
    states = tuple(
        f"{name} [{each.measure.symbol}]" if each.measure.symbol else name
        for name, each in cls.model.states.items()
    )
    return ModelEntry(cls.__name__, states, cls.exact_for, cls.source, cls.family)
