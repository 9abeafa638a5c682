"""The text of a network's loop, made for a set of model kinds; the wiring is data.

A step of Heun's method goes: external inputs are laid into the rows ``given``, and what comes
from the other members, now and out of the histories, is added; the first stage predicts the
states; the same again with the predicted states for the second stage. With ``held`` coupling
the inputs of the first stage serve both.
"""

from __future__ import annotations

from collections.abc import Iterable

from neuromass.kernels import text
from neuromass.kernels.control import FINE, word
from neuromass.kernels.forms import (
    LaneByLane,
    Vectors,
    call,
    call_if,
    indented,
    loads,
    over_padded,
    over_tiles,
    stores,
)
from neuromass.kernels.kinds import ROW, UNTIL, Circuit, Kind
from neuromass.kernels.methods import METHODS
from neuromass.kernels.text import TILE, Recipe

Form = LaneByLane | Vectors


def arguments(circuit: Circuit) -> list[tuple[str, str]]:
    """Names and numba types of the loop's arguments."""
    table, ints, line = "float64[:,::1]", "int64[:,::1]", "float64[::1]"
    pairs = [("addresses", "int64[::1]"), ("work", table), ("flat", line)]
    for q in range(len(circuit.kinds)):
        pairs += [(f"state{q}", table), (f"constants{q}", table), (f"coefficients{q}", table)]
        pairs += [(f"outside{q}", table), (f"segments{q}", ints)]
        pairs += [(f"mixes{q}", ints), (f"factors{q}", line)]
    pairs += [("control", "int64[::1]"), ("dt", "float64"), ("sends", "int64[::1]")]
    pairs += [("links", "uint64[:,::1]"), ("senders", "uint64[:,::1]"), ("link_weights", line)]
    pairs += [("gates", ints), ("strips", ints), ("strip_weights", line)]
    pairs += [("matrices", ints), ("matrix_weights", line), ("spare", line)]
    pairs += [("drive", line), ("layout", ints)]
    pairs += [("history", line), ("traced", "uint64[:,::1]"), ("tiers", ints)]
    pairs += [("arrivals", line), ("slots", "uint64[::1]")]
    pairs += [("bundles", ints), ("weights", line), ("offsets", "int32[::1]")]
    pairs += [("pair_slots", "int32[::1]"), ("pair_offsets", "int32[::1]"), ("pair_weights", line)]
    pairs += [("items", ints), ("samples", line), ("sums", line)]
    return pairs


def signature(circuit: Circuit) -> str:
    """The loop's type, as numba writes it."""
    return f"int64({', '.join(kind for _, kind in arguments(circuit))})"


def loop_text(circuit: Circuit, name: str) -> str:
    """The loop over steps of a whole network; all steps are taken, or none."""
    body = _head(circuit)
    body += ["for k in range(steps):", *indented(_step(circuit))]
    body += _verdicts(circuit)
    body += _commit(circuit)
    return text.function_text(name, ", ".join(each for each, _ in arguments(circuit)), body)


def _head(circuit: Circuit) -> list[str]:
    lines = ["half = 0.5 * dt"]
    names = {"count": "phase"}
    for name in ("clock", "steps", "every", "position", "count", "sample"):
        lines.append(f"{name} = {word(names.get(name, name))}")
    lines += [f"average = {word('average')} != 0", f"few = {word('one_by_one')} != 0"]
    lines += ["totals = empty(sums.size)", "for i in range(sums.size):", "    totals[i] = sums[i]"]
    lines += ["due = clock if tiers.shape[0] > 0 else clock + steps"]
    start, sums = "0", "0"
    for q, kind in enumerate(circuit.kinds):
        size = len(kind.rows())
        lines += [f"lanes{q} = state{q}.shape[1]", f"tiles{q} = (lanes{q} + {TILE - 1}) // {TILE}"]
        lines += [f"start{q} = {start}", f"sums{q} = {sums}"]
        start = f"start{q} + tiles{q} * {size}"
        sums = f"sums{q} + lanes{q} * {len(kind.recipe.equations.inputs)}"
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
            lines += over_tiles(q, kind, [f"width = {TILE}"], value)
    return lines


def _step(circuit: Circuit) -> list[str]:
    few, many = LaneByLane(circuit), Vectors(circuit)
    lines = ["step = clock + k", "odd = step & 1"]
    lines += call_if("layout", "lay_outside", "flat", "drive", "layout", "k")
    lines += _noise(circuit)
    for number, stage in enumerate(METHODS[circuit.method].stages):
        if number == 0 or not circuit.held:
            lines += _export(circuit, stage.reads)
        if number == 0:
            lines += call_if("traced", "remember", "history", "position + k", "flat", "traced")
            lines += _arrive()
        lines += ["if few:", *indented(_stage(circuit, few, number))]
        lines += ["else:", *indented(_stage(circuit, many, number))]
    return lines + _record(circuit)


def _arrive() -> list[str]:
    given = "tiers", "step", "position + k", "bundles", "weights", "offsets"
    pairs = "pair_slots", "pair_offsets", "pair_weights"
    begin = "arrivals", "slots.shape[0]"
    return [
        "if step >= due:",
        "    " + call("arrive", *begin, *given, *pairs, "history", "spare"),
        f"    due = tiers[0, {UNTIL}]",
        "    for t in range(1, tiers.shape[0]):",
        f"        due = min(due, tiers[t, {UNTIL}])",
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
            fill = call("fill_segments", *place, f"segments{q}", "step", source.number)
            mix = call("mix_lanes", *place, i, f"mixes{q}", f"factors{q}", "spare")
            lines += [f"    {fill}", f"    if mixes{q}.shape[0] > 0:", f"        {mix}"]
    return ["if k == 0 or odd == 0:", *lines] if lines else []


def _noise_values(recipe: Recipe, fresh: bool) -> list[str]:
    """Lines of the noise: drawn in the first stage, the same in the others."""
    lines = text.noise_lines(recipe)
    return lines if fresh else [each for each in lines if not each.startswith("h")]


def _stage(circuit: Circuit, form: Form, number: int) -> list[str]:
    stage = METHODS[circuit.method].stages[number]
    lines = form.before(stage) if number == 0 or not circuit.held else []
    for q, kind in enumerate(circuit.kinds):
        lines += form.over_lanes(q, kind, _numbered(q, _of_lane(circuit, form, q, kind, number)))
    return lines


def _of_lane(circuit: Circuit, form: Form, q: int, kind: Kind, number: int) -> list[str]:
    """Lines of a stage within the lanes."""
    recipe, eq, rows = kind.recipe, kind.recipe.equations, kind.rows()
    stages, first = METHODS[circuit.method].stages, number == 0
    last = number == len(stages) - 1
    between = [f"{each}{n}" for n in eq.states for each in ("y_", *METHODS[circuit.method].kept)]
    inner = loads(rows, kind.state_rows if first else [*kind.state_rows, *between])
    inner += form.enter(q, kind, stages[number], fresh=first or not circuit.held)
    inner += loads(rows, [f"c{i}" for i in eq.constants()] + text.coefficient_names(recipe))
    inner += _normals(kind)
    inner += _noise_values(recipe, fresh=first)
    if first:
        inner += stores(rows, kind.state_rows[len(eq.states) :])
        inner += [f"flat[at + {rows[f'u_{each}'] * ROW}] = x_{each}" for each in eq.inputs]
    inner += stages[number].lines(text.writer_of(recipe))
    if last:
        return inner + _finish(form, kind)
    inner += stores(rows, between)
    return inner if circuit.held else inner + form.leave(kind)


def _normals(kind: Kind) -> list[str]:
    """The normals of a step, which are those of the even or of the odd one of a pair."""
    rows = kind.rows()
    return [
        f"n{i} = flat[at + ({rows[f'even{i}'] * ROW} + {ROW} * odd)]"
        for i in range(len(kind.recipe.sources))
    ]


def _finish(form: Form, kind: Kind) -> list[str]:
    recipe, rows = kind.recipe, kind.rows()
    lows = [] if recipe.sources else [f"low_{each}" for each, _ in recipe.bounded]
    lines = loads(rows, lows) + text.bound_lines(recipe) + stores(rows, lows)
    lines += stores(rows, [f"s_{each}" for each in recipe.equations.states])
    return lines + form.leave(kind)


def _export(circuit: Circuit, states: str) -> list[str]:
    """Outputs that connections carry, at the present or predicted states; then gated ones."""
    lines = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            lines += [f"if sends[{q}]:"]
            lines += indented(over_padded(q, kind, _output_lines(kind, states)))
    column = 1 if states == "s_" else 2
    return lines + call_if("gates", "pass_gates", "flat", "gates", column)


def _output_lines(kind: Kind, states: str) -> list[str]:
    eq, rows = kind.recipe.equations, kind.rows()
    inner = [f"s_{n} = flat[at + {rows[f'{states}{n}'] * ROW}]" for n in eq.states]
    inner += loads(rows, [f"c{i}" for i in eq.constants()])
    return inner + text.output_lines(eq) + stores(rows, [f"o_{n}" for n in eq.outputs])


def _record(circuit: Circuit) -> list[str]:
    outputs = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            outputs += over_padded(q, kind, _output_lines(kind, "s_"))
    samples = [
        "for i in range(items.shape[0]):",
        "    value = flat[items[i, 0]]",
        "    if average:",
        "        value = totals[i] + value",
        "        totals[i] = 0.0 if count == every else value",
        "        value = value / every",
        "    if count == every:",
        "        samples[items[i, 1] + sample * items[i, 2]] = value",
    ]
    return [
        "count += 1",
        "if average or count == every:",
        *indented([*outputs, *samples]),
        "if count == every:",
        "    count = 0",
        "    sample += 1",
    ]


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
    lines += ["for i in range(sums.size):", "    sums[i] = totals[i]"]
    lines += [f"{word('clock')} = clock + steps", f"{word('position')} = position + steps"]
    lines += [f"{word('phase')} = count", f"{word('sample')} = sample"]
    return [*lines, f"return {FINE}"]
