"""The text of a network's loop, made for a set of model kinds; the wiring is data.

All lanes of all members of a kind lie in tiles of one local array, a row for each value and
a column for each lane, so that the innermost loops vectorise. Flat views of these arrays are
what connections between members point into (see `circuit` for their forms).

A step of Heun's method goes: external inputs are laid into the rows ``x``, and what comes
from the other members, now and out of the histories, is added; the first stage predicts the
states; the same again with the predicted states for the second stage. With ``held`` coupling
the inputs of the first stage serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from neuromass.kernels import text
from neuromass.kernels.text import (
    AVERAGE,
    BAD_LANE,
    BAD_STATE,
    CLOCK,
    EVERY,
    PHASE,
    SAMPLE,
    STEPS,
    TILE,
    Recipe,
)

POSITION, BLOCK, BLOCKED, BAD_KIND, PLAN_LENGTH = range(text.PLAN_LENGTH, text.PLAN_LENGTH + 5)
"""Places in the integer array `plan` of a network's loop, behind those of a population's."""

HELPERS: Final = (
    "fill_tiles", "empty_tiles", "fill_segments", "mix_lanes", "lay_outside", "add_strips",
    "multiply_matrices", "arrive",
)  # fmt: skip
"""What a loop calls, in the order of the addresses that it is given; see `circuit`."""

FEW: Final = 5
"""Up to so many lanes are not padded."""

ROW: Final = TILE + 8
"""From one row of a tile to the next.

Were it a power of two, a value that is read would often share the last bits of its address
with one just written, and the processor would take it for the same.
"""


@dataclass(frozen=True)
class Kind:
    """Members that share one text: same model, method and kinds of noise.

    Attributes
    ----------
    recipe : Recipe
        What their equations and noise are.
    """

    recipe: Recipe

    def rows(self) -> dict[str, int]:
        """Row of each value in a tile."""
        recipe, eq = self.recipe, self.recipe.equations
        names = [*self.state_rows, *(f"u_{each}" for each in eq.inputs)]
        names += [f"o_{each}" for each in eq.outputs]
        names += [f"y_{each}" for each in eq.states]
        names += [f"x_{each}" for each in eq.inputs]
        names += [f"given_{each}" for each in eq.inputs]
        names += [f"k_{each}" for each in eq.states]
        names += [f"passed_{each}" for each in eq.outputs]
        names += [f"c{i}" for i in eq.constants()]
        names += text.coefficient_names(recipe)
        if not recipe.sources:
            names += [f"low_{each}" for each, _ in recipe.bounded]
        for i in range(len(recipe.sources)):
            names += [f"even{i}", f"odd{i}"]
        return {name: row for row, name in enumerate(names)}

    @property
    def state_rows(self) -> list[str]:
        """Names of the rows of the array `state`."""
        hidden = [f"h{i}" for i, each in enumerate(self.recipe.sources) if each.coloured]
        return [*(f"s_{each}" for each in self.recipe.equations.states), *hidden]


@dataclass(frozen=True)
class Circuit:
    """All that decides the text of a network's loop.

    Attributes
    ----------
    kinds : tuple of Kind
        In the order of the loop's arguments.
    method : str
        ``"euler"`` or ``"heun"``.
    held : bool
        Whether the coupling of the first stage serves both.
    """

    kinds: tuple[Kind, ...]
    method: str
    held: bool


def arguments(circuit: Circuit) -> list[tuple[str, str]]:
    """Names and numba types of the loop's arguments."""
    table, ints = "float64[:,::1]", "int64[:,::1]"
    pairs = [("addresses", "int64[::1]"), ("work", table), ("flat", "float64[::1]")]
    for q in range(len(circuit.kinds)):
        pairs += [(f"state{q}", table), (f"constants{q}", table), (f"coefficients{q}", table)]
        pairs += [(f"outside{q}", table), (f"segments{q}", ints)]
        pairs += [(f"mixes{q}", ints), (f"factors{q}", "float64[::1]")]
    pairs += [("plan", "int64[::1]"), ("dt", "float64"), ("sends", "int64[::1]")]
    pairs += [("links", "uint64[:,::1]"), ("senders", "uint64[::1]")]
    pairs += [("link_weights", "float64[::1]"), ("gates", "uint64[:,::1]")]
    pairs += [("strips", ints), ("strip_weights", "float64[::1]")]
    pairs += [("matrices", ints), ("matrix_weights", "float64[::1]"), ("spare", "float64[::1]")]
    pairs += [("drive", "float64[::1]"), ("layout", ints)]
    pairs += [("history", table), ("traced", "int64[::1]")]
    pairs += [("arrivals", table), ("slots", "int64[::1]")]
    pairs += [("bundles", ints), ("weights", "float64[::1]"), ("delays", "int64[::1]")]
    pairs += [("rows", "int64[::1]"), ("entries", ints), ("entry_weights", "float64[::1]")]
    pairs += [("items", ints), ("samples", "float64[::1]"), ("sums", "float64[::1]")]
    return pairs


def signature(circuit: Circuit) -> str:
    """The loop's type, as numba writes it."""
    return f"int64({', '.join(kind for _, kind in arguments(circuit))})"


def loop_text(circuit: Circuit, name: str) -> str:
    """The loop over steps of a whole network; all steps are taken, or none."""
    body = _head(circuit)
    body += ["for k in range(steps):", *_indented(_step(circuit))]
    body += _verdicts(circuit)
    body += _commit(circuit)
    return text.function_text(name, ", ".join(each for each, _ in arguments(circuit)), body)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _head(circuit: Circuit) -> list[str]:
    lines = ["half = 0.5 * dt"]
    for name, place in (
        ("clock", CLOCK),
        ("steps", STEPS),
        ("every", EVERY),
        ("position", POSITION),
        ("block", BLOCK),
    ):
        lines.append(f"{name} = plan[{place}]")
    lines += [f"blocked = plan[{BLOCKED}] != 0", f"average = plan[{AVERAGE}] != 0"]
    lines += [f"count = plan[{PHASE}]", f"sample = plan[{SAMPLE}]", "totals = empty(sums.size)"]
    lines += ["for i in range(sums.size):", "    totals[i] = sums[i]"]
    lines += ["ready = 0"]
    start = "0"
    for q, kind in enumerate(circuit.kinds):
        size = len(kind.rows())
        lines += [f"lanes{q} = state{q}.shape[1]", f"tiles{q} = (lanes{q} + {TILE - 1}) // {TILE}"]
        lines += [f"start{q} = {start}"]
        start = f"start{q} + tiles{q} * {size}"
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


def call(helper: str, *given: object) -> str:
    """A call of one of `circuit.HELPERS`."""
    return f"call_{helper}(addresses[{HELPERS.index(helper)}], ({', '.join(map(str, given))}))"


def _over_tiles(q: int, kind: Kind, width: Iterable[str], inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and some lanes of each; ``at`` is a lane's first place."""
    size = len(kind.rows()) * ROW
    return [
        f"for b in range(tiles{q}):",
        f"    first = start{q} * {ROW} + b * {size}",
        *_indented(width),
        "    for j in range(width):",
        "        at = first + j",
        *_indented(_indented(inner)),
    ]


def _over_lanes(q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind and the lanes of each, rounded up to eight.

    A few lanes go one by one: a vector that is loaded right after a link has stored one of its
    lanes would wait for that store to reach the cache.
    """
    width = [
        f"width = min({TILE}, lanes{q} - b * {TILE})",
        f"width = width if width <= {FEW} else (width + 7) // 8 * 8",
    ]
    return _over_tiles(q, kind, width, inner)


def _loads(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    return [f"{name} = flat[at + {rows[name] * ROW}]" for name in names]


def _stores(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    return [f"flat[at + {rows[name] * ROW}] = {name}" for name in names]


def _step(circuit: Circuit) -> list[str]:
    lines = ["step = clock + k", "odd = step & 1"]
    lines += ["if layout.shape[0] > 0:"]
    lines += ["    " + call("lay_outside", "flat", "drive", "layout", "k")]
    lines += _noise(circuit)
    lines += _export(circuit, "s_")
    lines += ["for i in range(traced.shape[0]):"]
    lines += ["    history[i, position + k] = flat[traced[i]]"]
    lines += ["if slots.shape[0] > 0 and ready == k:"]
    lines += ["    points = min(block, steps - k)", "    ready = k + points"]
    given = "bundles", "weights", "delays", "rows", "entries", "entry_weights", "history"
    begin = "arrivals", "points + 1", "position + k", "blocked"
    lines += ["    " + call("arrive", *begin, *given)]
    lines += ["place = k - ready + points if slots.shape[0] > 0 else 0"]
    lines += _coupling(stage=0, point="place")
    for q, kind in enumerate(circuit.kinds):
        lines += _over_lanes(q, kind, _numbered(q, _first_stage(circuit, kind)))
    if circuit.method == "heun":
        if not circuit.held:
            lines += _export(circuit, "y_")
            lines += _coupling(stage=1, point="place + 1")
        for q, kind in enumerate(circuit.kinds):
            lines += _over_lanes(q, kind, _numbered(q, _second_stage(kind)))
    return lines + _record(circuit)


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


def _coupling(stage: int, point: str) -> list[str]:
    """Add to the rows ``x`` what the other members send at a stage."""
    sender = "senders[p] + shift" if stage else "senders[p]"
    return [
        "for i in range(links.shape[0]):",
        "    to = links[i, 0]",
        "    shift = links[i, 3]",
        "    total = flat[to]",
        "    for p in range(links[i, 1], links[i, 2]):",
        f"        total = total + link_weights[p] * flat[{sender}]",
        "    flat[to] = total",
        "if strips.shape[0] > 0:",
        "    " + call("add_strips", "flat", "strips", stage, "strip_weights"),
        "if matrices.shape[0] > 0:",
        "    " + call("multiply_matrices", "flat", "matrices", stage, "matrix_weights", "spare"),
        "for i in range(slots.shape[0]):",
        f"    flat[slots[i]] = flat[slots[i]] + arrivals[i, {point}]",
    ]


def _noise_values(recipe: Recipe, fresh: bool) -> list[str]:
    """Lines of the noise: drawn in the first stage, the same in the second."""
    lines = text.noise_lines(recipe)
    return lines if fresh else [each for each in lines if not each.startswith("h")]


def _first_stage(circuit: Circuit, kind: Kind) -> list[str]:
    recipe, eq, rows = kind.recipe, kind.recipe.equations, kind.rows()
    forced, kicked = text.noisy_states(recipe)
    inner = _loads(rows, [*kind.state_rows, *(f"x_{each}" for each in eq.inputs)])
    inner += _loads(rows, [f"c{i}" for i in eq.constants()] + text.coefficient_names(recipe))
    inner += _normals(kind)
    inner += _noise_values(recipe, fresh=True)
    inner += _stores(rows, kind.state_rows[len(eq.states) :])
    inner += [f"flat[at + {rows[f'u_{each}'] * ROW}] = x_{each}" for each in eq.inputs]
    inner += text.first_rate_lines(eq, forced)
    if circuit.method == "euler":
        inner += text.euler_lines(eq, kicked)
        return inner + _finish(kind)
    inner += text.predictor_lines(eq, kicked)
    inner += _stores(rows, [f"{each}{n}" for n in eq.states for each in ("y_", "k_")])
    return inner if circuit.held else inner + _reset_inputs(kind)


def _second_stage(kind: Kind) -> list[str]:
    recipe, eq, rows = kind.recipe, kind.recipe.equations, kind.rows()
    forced, kicked = text.noisy_states(recipe)
    names = [*kind.state_rows, *(f"{each}{n}" for n in eq.states for each in ("y_", "k_"))]
    names += [f"x_{each}" for each in eq.inputs] + [f"c{i}" for i in eq.constants()]
    inner = _loads(rows, names + text.coefficient_names(recipe))
    inner += _normals(kind)
    inner += _noise_values(recipe, fresh=False)
    inner += text.second_rate_lines(eq, forced)
    inner += text.corrector_lines(eq, kicked)
    return inner + _finish(kind)


def _normals(kind: Kind) -> list[str]:
    """The normals of a step, which are those of the even or of the odd one of a pair."""
    rows = kind.rows()
    return [
        f"n{i} = flat[at + ({rows[f'even{i}'] * ROW} + {ROW} * odd)]"
        for i in range(len(kind.recipe.sources))
    ]


def _reset_inputs(kind: Kind) -> list[str]:
    """Back to what comes from outside."""
    rows = kind.rows()
    return [
        f"flat[at + {rows[f'x_{each}'] * ROW}] = flat[at + {rows[f'given_{each}'] * ROW}]"
        for each in kind.recipe.equations.inputs
    ]


def _finish(kind: Kind) -> list[str]:
    recipe, rows = kind.recipe, kind.rows()
    lows = [] if recipe.sources else [f"low_{each}" for each, _ in recipe.bounded]
    lines = _loads(rows, lows) + text.bound_lines(recipe) + _stores(rows, lows)
    lines += _stores(rows, [f"s_{each}" for each in recipe.equations.states])
    return lines + _reset_inputs(kind)


def _export(circuit: Circuit, states: str) -> list[str]:
    """Outputs that connections carry, at the present or predicted states; then gated ones."""
    lines = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            lines += [f"if sends[{q}]:"]
            lines += _indented(_over_lanes(q, kind, _output_lines(kind, states)))
    column = 1 if states == "s_" else 2
    lines += ["for i in range(gates.shape[0]):"]
    lines += [f"    flat[gates[i, 0]] = flat[gates[i, {column}]] * flat[gates[i, 3]]"]
    return lines


def _output_lines(kind: Kind, states: str) -> list[str]:
    eq, rows = kind.recipe.equations, kind.rows()
    inner = [f"s_{n} = flat[at + {rows[f'{states}{n}'] * ROW}]" for n in eq.states]
    inner += _loads(rows, [f"c{i}" for i in eq.constants()])
    return inner + text.output_lines(eq) + _stores(rows, [f"o_{n}" for n in eq.outputs])


def _record(circuit: Circuit) -> list[str]:
    outputs = []
    for q, kind in enumerate(circuit.kinds):
        if kind.recipe.equations.outputs:
            outputs += _over_lanes(q, kind, _output_lines(kind, "s_"))
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
        *_indented([*outputs, *samples]),
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
        inner += [f"plan[{BAD_KIND}] = {q}"]
        inner += text.verdict_lines(recipe, "i", bad_state=BAD_STATE, bad_lane=BAD_LANE)
        lines += [f"for i in range(lanes{q}):", *_indented(inner)]
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
    lines += [f"plan[{CLOCK}] = clock + steps", f"plan[{POSITION}] = position + steps"]
    lines += [f"plan[{PHASE}] = count", f"plan[{SAMPLE}] = sample"]
    return [*lines, f"return {text.FINE}"]
