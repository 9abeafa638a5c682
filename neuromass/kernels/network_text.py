"""The text of a network's loop, made for a set of model kinds; the wiring is data.

All lanes of all members of a kind lie in tiles of one local array, a row for each value and
a column for each lane, so that the innermost loops vectorise. Flat views of these arrays are
what links between members point into: a link is two places and a strength.

A step of Heun's method goes: external inputs and what arrives from histories are laid into
the rows ``x``; links add instantaneous coupling; the first stage predicts the states; the
same again with the predicted states for the second stage. With ``held`` coupling the inputs
of the first stage serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from neuromass.kernels import text
from neuromass.kernels.text import TILE, Recipe

(
    CLOCK, STEPS, EVERY, PHASE, SAMPLE, AVERAGE, POSITION, BLOCK, BLOCKED,
    BAD_KIND, BAD_STATE, BAD_LANE,
) = range(12)  # fmt: skip
"""Places in the integer array `plan` of a network's loop."""
PLAN_LENGTH: Final = 12


FEW: Final = 5
"""Up to so many lanes are not padded."""


@dataclass(frozen=True)
class Kind:
    """Members that share one text: same model, method and kinds of noise.

    Attributes
    ----------
    recipe : Recipe
        What their equations and noise are.
    exports : tuple of str
        Outputs (not states) that connections carry; computed in every stage.
    """

    recipe: Recipe
    exports: tuple[str, ...] = ()

    def rows(self) -> dict[str, int]:
        """Row of each value in a tile."""
        recipe, eq = self.recipe, self.recipe.equations
        names = [f"s_{each}" for each in eq.states]
        names += [f"u_{each}" for each in eq.inputs]
        names += [f"o_{each}" for each in eq.outputs]
        names += [f"y_{each}" for each in eq.states]
        names += [f"x_{each}" for each in eq.inputs]
        names += [f"given_{each}" for each in eq.inputs]
        names += [f"k_{each}" for each in eq.states]
        names += [f"c{i}" for i in eq.constants()]
        names += text.coefficient_names(recipe)
        names += [f"h{i}" for i, each in enumerate(recipe.sources) if each.coloured]
        if not recipe.sources:
            names += [f"low_{each}" for each, _ in recipe.bounded]
        for i in range(len(recipe.sources)):
            names += [f"even{i}", f"odd{i}"]
        return {name: row for row, name in enumerate(names)}

    @property
    def channels(self) -> int:
        """Rows at the front that can be recorded: states, inputs used, outputs."""
        return len(self.recipe.channels)

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
    pairs = []
    for q in range(len(circuit.kinds)):
        pairs += [(f"state{q}", table), (f"constants{q}", table), (f"coefficients{q}", table)]
        pairs += [(f"outside{q}", table), (f"segments{q}", ints)]
    pairs += [("plan", "int64[::1]"), ("dt", "float64")]
    pairs += [("links", ints), ("link_weights", "float64[::1]"), ("gates", ints)]
    pairs += [("matrices", ints), ("matrix_weights", "float64[::1]")]
    pairs += [("total", "float64[::1]")]
    pairs += [("drive", "float64[::1]"), ("layout", ints)]
    pairs += [("history", table), ("traced", "int64[::1]"), ("slots", "int64[::1]")]
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
    for place in ("CLOCK", "STEPS", "EVERY", "POSITION", "BLOCK"):
        lines.append(f"{place.lower()} = plan[{globals()[place]}]")
    lines += [f"blocked = plan[{BLOCKED}] != 0", f"average = plan[{AVERAGE}] != 0"]
    lines += [f"count = plan[{PHASE}]", f"sample = plan[{SAMPLE}]", "totals = empty(sums.size)"]
    lines += ["for i in range(sums.size):", "    totals[i] = sums[i]"]
    lines += ["arrivals = empty((slots.shape[0], block + 1))", "ready = 0"]
    start = "0"
    for q, kind in enumerate(circuit.kinds):
        rows = len(kind.rows())
        lines += [f"lanes{q} = state{q}.shape[1]", f"tiles{q} = (lanes{q} + {TILE - 1}) // {TILE}"]
        lines += [f"start{q} = {start}"]
        start = f"start{q} + tiles{q} * {rows}"
    lines += [f"work = empty(({start}, {TILE}))", "flat = work.reshape(work.size)"]
    for q, kind in enumerate(circuit.kinds):
        lines += _load(q, kind)
    lines += _export(circuit, "s_")
    lines += ["for i in range(traced.shape[0]):"]
    lines += ["    history[i, position] = flat[traced[i]]"]
    return lines


def _load(q: int, kind: Kind) -> list[str]:
    rows, eq = kind.rows(), kind.recipe.equations
    inner = [f"i = min(b * {TILE} + j, lanes{q} - 1)"]
    for array, names in (
        (f"state{q}", kind.state_rows),
        (f"constants{q}", [f"c{i}" for i in eq.constants()]),
        (f"coefficients{q}", text.coefficient_names(kind.recipe)),
        (f"outside{q}", [f"given_{each}" for each in eq.inputs]),
    ):
        inner += [f"tile[{rows[n]}, j] = {array}[{i}, i]" for i, n in enumerate(names)]
    for each in eq.inputs:
        inner += [f"tile[{rows[f'x_{each}']}, j] = tile[{rows[f'given_{each}']}, j]"]
    if not kind.recipe.sources:
        for each, low in kind.recipe.bounded:
            inner += [f"tile[{rows[f'low_{each}']}, j] = {low!r}"]
    return _over_tiles(q, kind, [f"for j in range({TILE}):", *_indented(inner)])


def _over_tiles(q: int, kind: Kind, inner: Iterable[str]) -> list[str]:
    """A loop over the tiles of a kind; the rows of each are a view of constant shape."""
    rows = len(kind.rows())
    return [
        f"for b in range(tiles{q}):",
        f"    tile = work[start{q} + b * {rows} : start{q} + (b + 1) * {rows}]",
        *_indented(inner),
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
    return _over_tiles(q, kind, [*width, "for j in range(width):", *_indented(inner)])


def _loads(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    return [f"{name} = tile[{rows[name]}, j]" for name in names]


def _stores(rows: dict[str, int], names: Iterable[str]) -> list[str]:
    return [f"tile[{rows[name]}, j] = {name}" for name in names]


def _step(circuit: Circuit) -> list[str]:
    lines = ["step = clock + k", "odd = step & 1"]
    lines += ["lay_outside(flat, drive, layout, k)"]
    lines += _noise(circuit)
    lines += ["if slots.shape[0] > 0 and ready == k:"]
    lines += ["    points = min(block, steps - k)", "    ready = k + points"]
    lines += ["    arrive(arrivals, points + 1, position + k, blocked, bundles, weights, delays,"]
    lines += ["           rows, entries, entry_weights, history)"]
    lines += ["place = k - ready + points if slots.shape[0] > 0 else 0"]
    lines += _coupling(stage=0, point="place")
    for q, kind in enumerate(circuit.kinds):
        lines += _over_lanes(q, kind, _first_stage(circuit, kind))
    if circuit.method == "heun":
        if not circuit.held:
            lines += _export(circuit, "y_")
            lines += _coupling(stage=1, point="place + 1")
        for q, kind in enumerate(circuit.kinds):
            lines += _over_lanes(q, kind, _second_stage(kind))
    lines += _export(circuit, "s_")
    lines += ["for i in range(traced.shape[0]):"]
    lines += ["    history[i, position + k + 1] = flat[traced[i]]"]
    return lines + _record(circuit)


def _noise(circuit: Circuit) -> list[str]:
    lines = []
    for q, kind in enumerate(circuit.kinds):
        rows = kind.rows()
        for i, source in enumerate(kind.recipe.sources):
            row = rows[f"even{i}"]
            first = f"start{q} + {row}"
            lines.append(
                f"    fill_segments(work, {first}, {len(rows)}, segments{q}, step, {source.number})"
            )
    return ["if k == 0 or odd == 0:", *lines] if lines else []


def _coupling(stage: int, point: str) -> list[str]:
    """Add to the rows ``x`` what the other members send at a stage."""
    return [
        "for i in range(links.shape[0]):",
        "    to = links[i, 0]",
        f"    flat[to] = flat[to] + link_weights[i] * flat[links[i, {1 + stage}]]",
        "for i in range(matrices.shape[0]):",
        f"    multiply_matrix(flat, matrices[i], {stage}, matrix_weights, total)",
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
    inner += [f"n{i} = tile[{rows[f'even{i}']} + odd, j]" for i in range(len(recipe.sources))]
    inner += _noise_values(recipe, fresh=True)
    inner += _stores(rows, kind.state_rows[len(eq.states) :])
    inner += [f"tile[{rows[f'u_{each}']}, j] = x_{each}" for each in eq.inputs]
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
    inner += [f"n{i} = tile[{rows[f'even{i}']} + odd, j]" for i in range(len(recipe.sources))]
    inner += _noise_values(recipe, fresh=False)
    inner += text.second_rate_lines(eq, forced)
    inner += text.corrector_lines(eq, kicked)
    return inner + _finish(kind)


def _reset_inputs(kind: Kind) -> list[str]:
    rows = kind.rows()
    return [
        f"tile[{rows[f'x_{each}']}, j] = tile[{rows[f'given_{each}']}, j]"
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
        if kind.exports:
            lines += _over_lanes(q, kind, _output_lines(kind, states, kind.exports))
    column = 1 if states == "s_" else 2
    lines += ["for i in range(gates.shape[0]):"]
    lines += [f"    flat[gates[i, 0]] = flat[gates[i, {column}]] * flat[gates[i, 3]]"]
    return lines


def _output_lines(kind: Kind, states: str, names: Iterable[str]) -> list[str]:
    eq, rows = kind.recipe.equations, kind.rows()
    names = list(names)
    inner = [f"s_{n} = tile[{rows[f'{states}{n}']}, j]" for n in eq.states]
    inner += _loads(rows, [f"c{i}" for i in eq.constants()])
    return inner + text.output_lines(eq) + _stores(rows, [f"o_{n}" for n in names])


def _record(circuit: Circuit) -> list[str]:
    lines = ["count += 1"]
    outputs = []
    for q, kind in enumerate(circuit.kinds):
        names = [n for n in kind.recipe.equations.outputs if n not in kind.exports]
        if names:
            outputs += _over_lanes(q, kind, _output_lines(kind, "s_", names))
    inner = [*outputs, "take_samples(flat, items, samples, totals, sample, average, every, count == every)"]
    lines += ["if average or count == every:", *_indented(inner)]
    return [*lines, "if count == every:", "    count = 0", "    sample += 1"]


def _verdicts(circuit: Circuit) -> list[str]:
    lines = []
    for q, kind in enumerate(circuit.kinds):
        recipe, rows = kind.recipe, kind.rows()
        names = [f"s_{each}" for each in recipe.equations.states]
        if not recipe.sources:
            names += [f"low_{each}" for each, _ in recipe.bounded]
        inner = [f"place = (start{q} + i // {TILE} * {len(rows)}) * {TILE} + i % {TILE}"]
        inner += [f"{name} = flat[place + {rows[name] * TILE}]" for name in names]
        inner += [f"plan[{BAD_KIND}] = {q}"]
        inner += text.verdict_lines(recipe, "i", bad_state=BAD_STATE, bad_lane=BAD_LANE)
        lines += [f"for i in range(lanes{q}):", *_indented(inner)]
    return lines


def _commit(circuit: Circuit) -> list[str]:
    lines = []
    for q, kind in enumerate(circuit.kinds):
        rows = kind.rows()
        inner = [f"place = (start{q} + i // {TILE} * {len(rows)}) * {TILE} + i % {TILE}"]
        inner += [
            f"state{q}[{row}, i] = flat[place + {rows[name] * TILE}]"
            for row, name in enumerate(kind.state_rows)
        ]
        lines += [f"for i in range(lanes{q}):", *_indented(inner)]
    lines += ["for i in range(sums.size):", "    sums[i] = totals[i]", f"plan[{CLOCK}] = clock + steps"]
    lines += [f"plan[{POSITION}] = position + steps"]
    lines += [f"plan[{PHASE}] = count", f"plan[{SAMPLE}] = sample"]
    return [*lines, f"return {text.FINE}"]
