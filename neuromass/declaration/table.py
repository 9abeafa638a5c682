"""The declarations of a model as a table in text, for its documentation."""

from __future__ import annotations

import inspect
from typing import Any

from neuromass import units
from neuromass.declaration.declarations import Output


def documented(cls: type, model: Any, own: str | None) -> str:
    """The docstring of a model: its own, the table, and why equations are used as written."""
    parents = [base.__name__ for base in cls.__bases__ if isinstance(base, type(cls))]
    text = inspect.cleandoc(own) if own else f"A variant of {parents[0]}."
    notes = ""
    if model.equations.written:
        notes = f"\n\nThe equations are compiled as written: they need {model.equations.reason}."
    return f"{text}\n\n{table(model)}{notes}\n"


def table(model: Any) -> str:
    """The declarations as a table in text, with units and defaults."""
    rows = [("", "default", "meaning")]
    for title, group in (
        ("Parameters", model.parameters),
        ("States", model.states),
        ("Inputs", model.inputs),
        ("Outputs", model.outputs),
    ):
        if group:
            rows.append((title, "", ""))
        rows += [(f"  {name}", _default_text(each), _meaning(each)) for name, each in group.items()]
    rows.append(("dt", units.shown(model.dt, units.MS), "default step"))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    rule = "  ".join("=" * width for width in (*widths, max(len(row[2]) for row in rows)))
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def line(each: Any) -> str:
    """What a declaration means, its default with its unit, and its range, in one line."""
    default = _default_text(each)
    text = default if isinstance(each, Output) else f"default {default}"
    return ", ".join(part for part in (f"{each.kind} {each.name}: {_meaning(each)}", text) if part)


def _default_text(each: Any) -> str:
    if isinstance(each, Output):
        return f"in {each.measure.symbol}" if each.measure.symbol else ""
    return units.shown(each.default, each.measure)


def _meaning(each: Any) -> str:
    limits = getattr(each, "range", "")
    if getattr(each, "lower", None) is not None:
        limits = f"not below {units.shown(each.lower, each.measure)}"
    elif getattr(each, "floor", ""):
        limits = f"not below {each.floor}"
    return f"{each.doc} ({limits})" if limits else each.doc
