"""The text of a network's loop over lanes in tiles, made for a set of model kinds; wiring is data.

All inputs are summed first, in the rows ``x``, and then loops over lanes vectorise. What comes from
others is added to the external input in this order: links, strips, matrices, and what arrives with
delay.

A step of Heun's method goes: external inputs are laid into the rows ``given``, and what comes
from the other members, now and out of the histories, is added; the first stage predicts the
states; the same again with the predicted states for the second stage. With ``held`` coupling
the inputs of the first stage serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from neuromass.kernels import text
from neuromass.kernels.control import word
from neuromass.kernels.methods import METHODS, Stage
from neuromass.kernels.networks.calls import call, call_if, indented
from neuromass.kernels.networks.circuit import ROW, Circuit, Kind
from neuromass.kernels.networks.frame import begin_lines, end_lines, record_lines
from neuromass.kernels.networks.tables import (
    DELAY_GROUP,
    DENSE_BLOCK,
    FEED,
    GATE,
    ITEM,
    LINK,
    MATRIX,
    MIX,
    STREAM,
    STRIP,
)
from neuromass.kernels.text import TILE

FEW: Final = 5
"""Lanes of a kind that are not rounded up to a vector."""


def arguments(circuit: Circuit) -> dict[str, str | np.dtype[Any]]:
    """Names and types of the loop's arguments."""
    rows, line, whole = "float64[:,::1]", "float64[::1]", "int32[::1]"
    found: dict[str, str | np.dtype[Any]] = {"addresses": "int64[::1]", "work": rows, "flat": line}
    for q in range(len(circuit.kinds)):
        found |= {f"state{q}": rows, f"constants{q}": rows, f"coefficients{q}": rows}
        found |= {f"outside{q}": rows, f"streams{q}": STREAM, f"mixes{q}": MIX, f"factors{q}": line}
    return found | {
        "control": "int64[::1]", "dt": "float64", "sends": "int64[::1]",
        "links": LINK, "senders": "uint64[:,::1]", "link_weights": line, "gates": GATE,
        "strips": STRIP, "strip_weights": line, "matrices": MATRIX, "matrix_weights": line,
        "scratch": line, "drive": line, "feeds": FEED,
        "sync": "int64[::1]", "mine": "int64",
        "history": line, "traced": "uint64[:,::1]", "groups": DELAY_GROUP, "arrivals": line,
        "slots": "uint64[::1]", "blocks": DENSE_BLOCK, "weights": line, "offsets": whole,
        "chunks": "int64[:,::1]",
        "pair_slots": whole, "pair_offsets": whole, "pair_weights": line,
        "items": ITEM, "samples": line, "sums": line,
    }  # fmt: skip


def loop_text(circuit: Circuit, name: str) -> str:
    """The loop over steps of a whole network; all steps are taken, or none."""
    body = _head(circuit)
    body += ["for k in range(steps):", *indented(_step(circuit))]
    body += _verdicts(circuit)
    body += _commit(circuit)
    return text.function_text(name, ", ".join(arguments(circuit)), body)


def _head(circuit: Circuit) -> list[str]:
    lines = ["half = 0.5 * dt", *begin_lines()]
    lines += ["due = clock if groups.shape[0] > 0 else clock + steps"]
    start = "0"
    for q, kind in enumerate(circuit.kinds):
        lines += [f"lanes{q} = state{q}.shape[1]", f"tiles{q} = (lanes{q} + {TILE - 1}) // {TILE}"]
        lines.append(f"start{q} = {start}")
        start = f"start{q} + tiles{q} * {len(kind.rows())}"
    for q, kind in enumerate(circuit.kinds):
        lines += _load(q, kind)
    return lines


def _load(q: int, kind: Kind) -> list[str]:
    """Lay the arrays of a kind into its tiles."""
    rows, eq = kind.rows(), kind.recipe.equations
    lines = []
    for array, names in (
        (f"state{q}", kind.state_rows),
        (f"constants{q}", [f"c{i}" for i in eq.constants()]),
        (f"coefficients{q}", text.coefficient_names(kind.recipe)),
        (f"outside{q}", [f"given_{each}" for each in eq.inputs]),
        (f"outside{q}", [f"x_{each}" for each in eq.inputs]),
    ):
        if names:
            span = f"start{q}", len(rows), rows[names[0]], len(names)
            lines += [call("fill_tiles", "work", *span, array)]
    if not kind.recipe.sources:
        for each, low in kind.recipe.bounded:
            value = [f"flat[at + {rows[f'low_{each}'] * ROW}] = {low!r}"]
            lines += _over_tiles(q, kind, [f"width = {TILE}"], value)
    return lines


def _step(circuit: Circuit) -> list[str]:
    lines = ["step = clock + k", "odd = step & 1"]
    lines += call_if("feeds", "lay_outside", "flat", "drive", "feeds", "k")
    lines += _noise(circuit)
    for number, stage in enumerate(METHODS[circuit.method].stages):
        if number == 0 or not circuit.held:
            lines += _export(circuit, stage.reads)
        if number == 0:
            lines += call_if("traced", "remember", "history", "position + k", "flat", "traced")
            lines += _arrive()
        if number == 0 or not circuit.held:
            lines += _couple(stage)
        for q, kind in enumerate(circuit.kinds):
            lines += _over_lanes(q, kind, _numbered(q, _of_lane(circuit, kind, number)))
    return lines + _record(circuit)


def _couple(stage: Stage) -> list[str]:
    """Add what is sent to the inputs of a stage."""
    line = _sending_line(stage.reads)
    matrices = "matrices", line, "matrix_weights", "scratch"
    deliver = "flat", "slots", "arrivals", "groups", "step", repr(float(stage.at))
    return [
        *call_if("links", "add_links", "flat", "links", "senders", line, "link_weights"),
        *call_if("strips", "add_strips", "flat", "strips", line, "strip_weights"),
        *call_if("matrices", "multiply_matrices", "flat", *matrices),
        *call_if("groups", "deliver", *deliver),
    ]


def _sending_line(states: str) -> int:
    """What a stage reads of senders: their states, or the predicted ones."""
    return 0 if states == "s_" else 1


def _arrive() -> list[str]:
    given = "groups", "step", "position + k", "blocks", "weights", "offsets", "chunks"
    pairs = "pair_slots", "pair_offsets", "pair_weights"
    begin = "mine", "sync", "arrivals"
    return [
        "if step >= due:",
        "    " + call("arrive", *begin, *given, *pairs, "history", "scratch"),
        '    due = groups[0]["until"]',
        "    for t in range(1, groups.shape[0]):",
        '        due = min(due, groups[t]["until"])',
    ]


def _numbered(q: int, lines: Iterable[str]) -> list[str]:
    """Lines with the model's own function, where one is used, under the name it has here."""
    return [line.replace(" = written(", f" = written{q}(") for line in lines]


def _noise(circuit: Circuit) -> list[str]:
    lines = []
    for q, kind in enumerate(circuit.kinds):
        rows = kind.rows()
        for i, source in enumerate(kind.recipe.sources):
            place = "work", f"start{q} + {rows[f'even{i}']}", len(rows)
            fill = call("fill_streams", *place, f"streams{q}", "step", source.number)
            mix = call("mix_lanes", *place, i, f"mixes{q}", f"factors{q}", "scratch")
            lines += [f"    {fill}", f"    if mixes{q}.shape[0] > 0:", f"        {mix}"]
    return ["if k == 0 or odd == 0:", *lines] if lines else []


def _of_lane(circuit: Circuit, kind: Kind, number: int) -> list[str]:
    """Lines of a stage within the lanes."""
    recipe, eq, rows = kind.recipe, kind.recipe.equations, kind.rows()
    method, first = METHODS[circuit.method], number == 0
    between = [f"{each}{n}" for n in eq.states for each in ("y_", *method.kept)]
    inner = _loads(rows, kind.state_rows if first else [*kind.state_rows, *between])
    inner += _loads(rows, [f"x_{each}" for each in eq.inputs])
    inner += _loads(rows, [f"c{i}" for i in eq.constants()] + text.coefficient_names(recipe))
    inner += text.addition_lines(eq, "s_" if circuit.held else method.stages[number].reads)
    inner += _normals(kind)
    inner += text.noise_lines(recipe, drawn=first)
    if first:
        inner += _stores(rows, kind.state_rows[len(eq.states) :])
        inner += [f"flat[at + {rows[f'u_{each}'] * ROW}] = x_{each}" for each in eq.inputs]
    inner += method.stages[number].lines(text.writer_of(recipe))
    if number == len(method.stages) - 1:
        return inner + _finish(kind)
    inner += _stores(rows, between)
    return inner if circuit.held else inner + _given_again(kind)


def _given_again(kind: Kind) -> list[str]:
    """Lines within lanes that begin the next sum of the inputs with what is given."""
    rows = kind.rows()
    return [
        f"flat[at + {rows[f'x_{each}'] * ROW}] = flat[at + {rows[f'given_{each}'] * ROW}]"
        for each in kind.recipe.equations.inputs
    ]


def _normals(kind: Kind) -> list[str]:
    """The normals of a step, which are those of the even or of the odd one of a pair."""
    rows = kind.rows()
    return [
        f"n{i} = flat[at + ({rows[f'even{i}'] * ROW} + {ROW} * odd)]"
        for i in range(len(kind.recipe.sources))
    ]


def _finish(kind: Kind) -> list[str]:
    recipe, rows = kind.recipe, kind.rows()
    lows = [] if recipe.sources else [f"low_{each}" for each, _ in recipe.bounded]
    lines = _loads(rows, lows) + text.bound_lines(recipe) + _stores(rows, lows)
    lines += _stores(rows, [f"s_{each}" for each in recipe.equations.states])
    return lines + _given_again(kind)


def _export(circuit: Circuit, states: str) -> list[str]:
    """Outputs that connections carry, at the present or predicted states; then gated ones."""
    lines = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            lines += [f"if sends[{q}]:"]
            lines += indented(_over_lanes(q, kind, _output_lines(kind, states)))
    return lines + call_if("gates", "pass_gates", "flat", "gates", _sending_line(states))


def _output_lines(kind: Kind, states: str) -> list[str]:
    eq, rows = kind.recipe.equations, kind.rows()
    inner = _loads(rows, [f"{states}{n}" for n in eq.states])
    # nothing but what is given changes such an input, and its sum is already that of the next step
    inner += [f"x_{n} = flat[at + {rows[f'given_{n}'] * ROW}]" for n in eq.inputs_of_outputs]
    inner += _loads(rows, [f"c{i}" for i in eq.constants()])
    return inner + text.output_lines(eq, states) + _stores(rows, [f"o_{n}" for n in eq.outputs])


def _record(circuit: Circuit) -> list[str]:
    outputs = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            outputs += _over_lanes(q, kind, _output_lines(kind, "s_"))
    return record_lines(outputs, 'flat[items[i]["place"]]')


def _verdicts(circuit: Circuit) -> list[str]:
    lines = []
    for q, kind in enumerate(circuit.kinds):
        recipe, rows = kind.recipe, kind.rows()
        names = [f"s_{each}" for each in recipe.equations.states]
        if not recipe.sources:
            names += [f"low_{each}" for each, _ in recipe.bounded]
        inner = [f"place = (start{q} + i // {TILE} * {len(rows)}) * {ROW} + i % {TILE}"]
        inner += [f"{name} = flat[place + {rows[name] * ROW}]" for name in names]
        inner += [f"{word('bad_kind')} = {q}"]
        states = [f"s_{each}" for each in recipe.equations.states]
        spoilt = [f"flat[place + {rows[each] * ROW}] = nan" for each in states]
        inner += text.verdict_lines(recipe, "i", spoilt)
        lines += [f"for i in range(lanes{q}):", *indented(inner)]
    return lines


def _commit(circuit: Circuit) -> list[str]:
    lines = [
        call(
            "empty_tiles",
            "work",
            f"start{q}",
            len(kind.rows()),
            0,
            len(kind.state_rows),
            f"state{q}",
        )
        for q, kind in enumerate(circuit.kinds)
    ]
    return lines + end_lines()


def _loads(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    """Lines that read values of the lane at ``at``."""
    return [f"{name} = flat[at + {rows[name] * ROW}]" for name in names]


def _stores(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    """Lines that write values of the lane at ``at``."""
    return [f"flat[at + {rows[name] * ROW}] = {name}" for name in names]


def _over_lanes(q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and the lanes of each, rounded up to whole vectors.

    A few lanes are not rounded up: a vector that is loaded right after one of its lanes was
    stored would wait for that store to reach the cache.
    """
    width = [
        f"width = min({TILE}, lanes{q} - b * {TILE})",
        f"width = width if width <= {FEW} else (width + 7) // 8 * 8",
    ]
    return _over_tiles(q, kind, width, inner)


def _over_tiles(q: int, kind: Kind, width: Iterable[str], inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and some lanes of each; ``at`` is a lane's place."""
    size = len(kind.rows()) * ROW
    return [
        f"for b in range(tiles{q}):",
        f"    first = start{q} * {ROW} + b * {size}",
        *indented(width),
        "    for j in range(width):",
        "        at = first + j",
        *indented(indented(inner)),
    ]
