"""The text of the kernels of one population: a step, a loop for one lane, a loop for many.

Names in the text carry a prefix, so that no name of a model can meet another: ``s_r`` is
the state r, ``x_P`` the input P, ``c4`` the constant of node 4 of the equations. All
kernels share `step_lines`, and with it one order of arithmetic.

Rows of the arrays that a kernel is given, each with one column a lane:

- `state`: the states, then the value of every Ornstein-Uhlenbeck source,
- `constants`: see `Equations.constants`; the last row is dt,
- `coefficients`: see `Source.rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Final

from neuromass.expressions import KINDS, Equations
from neuromass.kernels.control import (
    BELOW_BOUND,
    FINE,
    HIGHEST,
    LAST,
    LOWEST,
    MEAN,
    NOT_FINITE,
    word,
)
from neuromass.kernels.methods import METHODS

TILE: Final = 64
"""Lanes that a loop carries at a time; their states stay in the first-level cache."""


@dataclass(frozen=True)
class Source:
    """A source of noise: what it acts on, and how.

    Attributes
    ----------
    target : str
        The input or state.
    on_input : bool
        Whether the target is an input.
    coloured : bool
        Ornstein-Uhlenbeck instead of white.
    number : int
        What it draws under, see `normals.source_number`.
    """

    target: str
    on_input: bool
    coloured: bool
    number: int

    @property
    def rows(self) -> int:
        """Rows of coefficients: decay, spread and standard deviation, or one scale."""
        return 3 if self.coloured else 1


@dataclass(frozen=True)
class Recipe:
    """All that decides the text of a population's kernels.

    Attributes
    ----------
    model : str
        Name of the model.
    equations : Equations
        Its equations.
    method : str
        ``"euler"``, ``"heun"`` or ``"rk4"``.
    lowest : tuple
        Lower bound of each state: a number, the name of a parameter, or None.
    output : str
        The state or output that a step returns.
    sources : tuple of Source
        The noise.
    """

    model: str
    equations: Equations
    method: str
    lowest: tuple[float | str | None, ...]
    output: str
    sources: tuple[Source, ...] = ()

    @property
    def bounded(self) -> list[tuple[str, float]]:
        """States with a lower bound, and that of their `height`."""
        pairs = zip(self.equations.states, self.lowest, strict=True)
        bounds = ((name, 0.0 if isinstance(low, str) else low) for name, low in pairs)
        return [(name, low) for name, low in bounds if low is not None]

    def floor(self, state: str) -> str:
        """Text of a state's lower bound."""
        low = self.lowest[self.equations.states.index(state)]
        if isinstance(low, str):
            return f"c{self.equations.nodes.index(('parameter', low))}"
        return f"{low!r}"

    def height(self, state: str) -> str:
        """Text of what is compared with it: the state, or how far it is above a parameter."""
        low = self.lowest[self.equations.states.index(state)]
        return f"(s_{state} - {self.floor(state)})" if isinstance(low, str) else f"s_{state}"

    @property
    def channels(self) -> tuple[str, ...]:
        """What can be recorded: states, inputs, outputs."""
        return (*self.equations.states, *self.equations.inputs, *self.equations.outputs)

    @property
    def hidden(self) -> list[Source]:
        """The sources that have a value of their own."""
        return [each for each in self.sources if each.coloured]


def known_names(equations: Equations, states: str = "s_") -> dict[int, str]:
    """Texts of symbols and constants, with the states under some prefix."""
    names = {name: f"{states}{name}" for name in equations.states}
    names |= {name: f"x_{name}" for name in equations.inputs}
    return equations.symbols(names) | {i: f"c{i}" for i in equations.constants()}


def _increment_lines(equations: Equations, states: str, step: str, to: str) -> list[str]:
    """Lines that compute ``to<state>``, the derivatives at the states `states` times `step`.

    A constant factor of a derivative is multiplied with the step beforehand, and not while
    the next stage waits.
    """
    names = equations.states
    if equations.written:
        return [
            _written_line(equations, states, to),
            *(f"{to}{n} = {step} * {to}{n}" for n in names),
        ]
    known = known_names(equations, states)
    factors = [_constant_factor(equations, root) for root in equations.derivatives]
    rest = [
        root if f is None else f[1] for f, root in zip(factors, equations.derivatives, strict=True)
    ]
    lines, results = equations.text(rest, known, f"{to[0]}_")
    scales = {f[0]: _text_of(equations, f[0]) for f in factors if f is not None}
    lines += [f"{step}{i} = {step} * {text}" for i, text in scales.items()]
    for name, factor, result in zip(names, factors, results, strict=True):
        scale = step if factor is None else f"{step}{factor[0]}"
        lines.append(f"{to}{name} = {scale} * ({result})")
    return lines


def _written_line(equations: Equations, states: str, to: str) -> str:
    """The derivatives by the model's own function."""
    places = {n[1]: f"c{i}" for i, n in enumerate(equations.nodes) if n[0] == "parameter"}
    places |= {name: f"{states}{name}" for name in equations.states}
    places |= {name: f"x_{name}" for name in equations.inputs}
    left = ", ".join(f"{to}{name}" for name in equations.states)
    left += "" if equations.single else ","
    return f"{left} = written({', '.join(places[name] for name in equations.order)})"


def _constant_factor(equations: Equations, root: int) -> tuple[int, int] | None:
    """A derivative as a constant and what it is multiplied with, if it is such a product."""
    kind, *factors = equations.nodes[root]
    shared = sum(node[1:].count(root) for node in equations.nodes if node[0] not in KINDS)
    if kind != "*" or shared or equations.roots.count(root) > 1:
        return None
    first, second = factors
    constant = equations.is_constant(first), equations.is_constant(second)
    if constant == (True, False):
        return first, second
    return (second, first) if constant == (False, True) else None


def _text_of(equations: Equations, constant: int) -> str:
    kind, *rest = equations.nodes[constant]
    return repr(rest[0]) if kind == "number" else f"c{constant}"


@dataclass(frozen=True)
class EquationWriter:
    """Writes the stages of a method for some equations; see `methods.Writer`.

    Attributes
    ----------
    equations : Equations
        The model's equations.
    forced : tuple of str
        States to whose derivative ``f_<state>`` is added.
    kicked : tuple of str
        States to which the increment ``w_<state>`` is added, the same in all stages.
    """

    equations: Equations
    forced: tuple[str, ...] = ()
    kicked: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.equations.states

    def increments(self, states: str, scale: str, to: str) -> list[str]:
        """Lines that compute ``to<state>``, the derivatives at some states times a scale."""
        lines = _increment_lines(self.equations, states, scale, to)
        return lines + [f"{to}{n} = {to}{n} + {scale} * f_{n}" for n in self.forced]

    def kick(self, state: str, part: float = 1.0) -> str:
        """Text that adds the increment of white noise, or a part of it, if there is one."""
        if state not in self.kicked:
            return ""
        return f" + w_{state}" if part == 1.0 else f" + {part!r} * w_{state}"


def step_lines(write: EquationWriter, method: str) -> list[str]:
    """Lines that take ``s_<state>`` one step on, the inputs ``x_<input>`` being held."""
    return [line for stage in METHODS[method].stages for line in stage.lines(write)]


def output_lines(equations: Equations, states: str = "s_") -> list[str]:
    """Lines that compute ``o_<output>`` at the states of a prefix."""
    lines, results = equations.text(equations.output_roots, known_names(equations, states), "o")
    pairs = zip(equations.outputs, results, strict=True)
    return [*lines, *(f"o_{name} = {result}" for name, result in pairs)]


def addition_lines(equations: Equations, states: str = "s_") -> list[str]:
    """Lines that add to inputs what follows from other inputs and the states of a prefix."""
    if not equations.additions:
        return []
    names, roots = zip(*equations.additions, strict=True)
    lines, results = equations.text(roots, known_names(equations, states), "a")
    pairs = zip(names, results, strict=True)
    return [*lines, *(f"x_{name} = x_{name} + ({result})" for name, result in pairs)]


def noise_lines(recipe: Recipe, drawn: bool = True) -> list[str]:
    """Lines that turn the normals ``n<i>`` into what the step adds.

    Parameters
    ----------
    recipe : Recipe
        What the steps are made of.
    drawn : bool
        Whether coloured noise moves; in later stages of a step it stands.
    """
    lines = []
    for i, source in enumerate(recipe.sources):
        if source.coloured and drawn:
            # NaN is the value of a source that has not begun: it begins in its stationary state.
            lines.append(f"h{i} = d{i} * h{i} + p{i} * n{i} if h{i} == h{i} else e{i} * n{i}")
        value = f"h{i}" if source.coloured else f"p{i} * n{i}"
        if source.on_input:
            lines.append(f"x_{source.target} = x_{source.target} + {value}")
        else:
            lines.append(f"{'f_' if source.coloured else 'w_'}{source.target} = {value}")
    return lines


def coefficient_names(recipe: Recipe) -> list[str]:
    """Names of the rows of `coefficients`."""
    return [
        f"{letter}{i}"
        for i, source in enumerate(recipe.sources)
        for letter in ("dpe" if source.coloured else "p")
    ]


def move_lines(recipe: Recipe) -> list[str]:
    """Lines of one step with its noise, and with what the lower bounds ask for."""
    lines = noise_lines(recipe) + step_lines(writer_of(recipe), recipe.method)
    return lines + bound_lines(recipe)


def writer_of(recipe: Recipe) -> EquationWriter:
    """What writes the stages of a population's steps, with its noise on states."""
    sources = [each for each in recipe.sources if not each.on_input]
    forced = tuple(each.target for each in sources if each.coloured)
    return EquationWriter(
        recipe.equations, forced, tuple(each.target for each in sources if not each.coloured)
    )


def bound_lines(recipe: Recipe) -> list[str]:
    """Lines that hold noisy states at their lower bound, or note how low the others came."""
    lines = []
    for name, _ in recipe.bounded:
        s, bound, height = f"s_{name}", recipe.floor(name), recipe.height(name)
        if recipe.sources:
            lines.append(f"{s} = {bound} if {s} < {bound} and {s} > -inf else {s}")
        else:
            lines.append(f"low_{name} = {height} if {height} < low_{name} else low_{name}")
    return lines


def verdict_lines(recipe: Recipe, lane: str, spoilt: Iterable[str]) -> list[str]:
    """Lines that return early, saying what and where, unless all is finite and in bounds.

    A lenient loop makes such a lane NaN instead.

    Parameters
    ----------
    recipe : Recipe
        What the steps are made of.
    lane : str
        Text of the number of the lane.
    spoilt : iterable of str
        Lines that make all its states NaN.
    """
    bounds = {} if recipe.sources else dict(recipe.bounded)
    wrong = []
    for place, name in enumerate(recipe.equations.states):
        wrong.append((f"not isfinite(s_{name})", place, NOT_FINITE))
        if name in bounds:
            wrong.append((f"low_{name} < {bounds[name]!r}", place, BELOW_BOUND))
    lines = ["code, bad = 0, 0"]
    for number, (condition, place, code) in enumerate(wrong):
        lines += [f"{'elif' if number else 'if'} {condition}:"]
        lines += [f"    code, bad = {code}, {place}"]
    return [
        *lines,
        f"if code != {FINE}:",
        f"    if {word('lenient')} == 0:",
        f"        {word('bad_state')} = bad",
        f"        {word('bad_lane')} = {lane}",
        "        return code",
        *(f"    {line}" for line in spoilt),
    ]


def function_text(name: str, arguments: str, body: Iterable[str]) -> str:
    """The text of a function with that body."""
    return f"def {name}({arguments}):\n" + indent("\n".join(body), "    ") + "\n"


def _indented(lines: Iterable[str]) -> list[str]:
    return [indent(line, "    ") for line in lines]


def step_text(recipe: Recipe, name: str) -> str:
    """One step of one lane without noise; returns the output.

    A step that fails changes nothing, returns NaN and sets ``bad_state`` to -1: an output may
    be NaN by itself.
    """
    eq = recipe.equations
    inputs = "".join(f", x_{each}" for each in eq.inputs)
    body = [f"dt = constants[{len(eq.constants())}, 0]", "half = 0.5 * dt"]
    body += [f"c{i} = constants[{row}, 0]" for row, i in enumerate(eq.constants())]
    body += [f"s_{each} = state[{row}, 0]" for row, each in enumerate(eq.states)]
    body += step_lines(EquationWriter(eq), recipe.method)
    finite = " and ".join(
        [f"isfinite(s_{each})" for each in eq.states]
        + [f"s_{each} >= {recipe.floor(each)}" for each, _ in recipe.bounded]
    )
    body += [f"if not ({finite}):", f"    {word('bad_state')} = -1", "    return nan"]
    body += [f"state[{row}, 0] = s_{each}" for row, each in enumerate(eq.states)]
    body += [f"{word('clock')} += 1"]
    if recipe.output in eq.outputs:
        body += [*output_lines(eq), f"return o_{recipe.output}"]
    else:
        body += [f"return s_{recipe.output}"]
    return function_text(name, f"state, constants, control{inputs}", body)


LOOP_ARGUMENTS: Final = (
    "state, constants, coefficients, drive, layout, control, tracks, samples, sums, factors, dt"
)


def _loop_head() -> list[str]:
    return [
        "half = 0.5 * dt",
        f"clock = {word('clock')}",
        f"steps = {word('steps')}",
        f"every = {word('every')}",
        f"average = {word('average')} != 0",
    ]


def lane_loop_text(recipe: Recipe, name: str) -> str:
    """The loop for a single lane, all its values in local variables."""
    eq = recipe.equations
    body = _loop_head()
    body += [f"count = {word('phase')}", f"sample = {word('sample')}"]
    body += [f"c{i} = constants[{row}, 0]" for row, i in enumerate(eq.constants())]
    body += [
        f"{each} = coefficients[{row}, 0]" for row, each in enumerate(coefficient_names(recipe))
    ]
    body += [f"s_{each} = state[{row}, 0]" for row, each in enumerate(eq.states)]
    for i, each in enumerate(eq.inputs):
        body += [f"at_{each} = layout[{i}, 0]", f"by_{each} = layout[{i}, 1]"]
    body += [f"slot_{each} = -1" for each in recipe.channels]
    body += ["for i in range(tracks.shape[0]):"]
    for i, each in enumerate(recipe.channels):
        body += [f"    {'elif' if i else 'if'} tracks[i, 0] == {i}:", f"        slot_{each} = i"]
    body += [
        f"sum_{each} = sums[slot_{each}, 0] if slot_{each} >= 0 else 0.0"
        for each in recipe.channels
    ]
    body += [f"low_{each} = {low!r}" for each, low in recipe.bounded if not recipe.sources]
    body += _normals_of_one_lane(recipe)
    body += ["for k in range(steps):"]
    body += _indented(_lane_step(recipe))
    body += verdict_lines(recipe, "0", [f"s_{each} = nan" for each in eq.states])
    body += [f"state[{row}, 0] = s_{each}" for row, each in enumerate(eq.states)]
    hidden = [i for i, each in enumerate(recipe.sources) if each.coloured]
    body += [f"state[{len(eq.states) + row}, 0] = h{i}" for row, i in enumerate(hidden)]
    body += [
        f"{word('clock')} = clock + steps",
        f"{word('phase')} = count",
        f"{word('sample')} = sample",
    ]
    for each in recipe.channels:
        body += [f"if slot_{each} >= 0:", f"    sums[slot_{each}, 0] = sum_{each}"]
    body += [f"return {FINE}"]
    return function_text(name, LOOP_ARGUMENTS, body)


def _normals_of_one_lane(recipe: Recipe) -> list[str]:
    if not recipe.sources:
        return []
    states = len(recipe.equations.states)
    lines = [f"lane = {word('lane')}", f"key0 = {word('key0')}", f"key1 = {word('key1')}"]
    lines += [f"normals = empty(({len(recipe.sources)}, 64))"]
    hidden = [i for i, each in enumerate(recipe.sources) if each.coloured]
    return lines + [f"h{i} = state[{states + row}, 0]" for row, i in enumerate(hidden)]


def _lane_step(recipe: Recipe) -> list[str]:
    eq = recipe.equations
    lines = [f"x_{each} = drive[at_{each} + k * by_{each}]" for each in eq.inputs]
    if recipe.sources:
        lines += ["step = clock + k", "place = step & 63", "if k == 0 or place == 0:"]
        lines += [
            f"    fill_steps(normals, {i}, step, steps - k, lane, {each.number}, key0, key1)"
            for i, each in enumerate(recipe.sources)
        ]
        lines += [f"n{i} = normals[{i}, place]" for i in range(len(recipe.sources))]
    lines += move_lines(recipe)
    lines += ["count += 1"]
    value = _channel_values(eq)
    outputs = output_lines(eq) if eq.outputs else []
    lines += ["if average:", *_indented(outputs)]
    lines += [f"    sum_{each} += {value[each]}" for each in recipe.channels]
    lines += ["    if count == every:", "        count = 0"]
    for each in recipe.channels:
        lines += [f"        if slot_{each} >= 0:"]
        lines += [f"            samples[slot_{each}, sample, 0] = sum_{each} / every"]
        lines += [f"        sum_{each} = 0.0"]
    lines += ["        sample += 1"]
    lines += ["elif count == every:", "    count = 0", *_indented(outputs)]
    for each in recipe.channels:
        lines += [f"    if slot_{each} >= 0:"]
        lines += [f"        samples[slot_{each}, sample, 0] = {value[each]}"]
    return [*lines, "    sample += 1"]


def _channel_values(eq: Equations) -> Mapping[str, str]:
    return (
        {each: f"s_{each}" for each in eq.states}
        | {each: f"x_{each}" for each in eq.inputs}
        | {each: f"o_{each}" for each in eq.outputs}
    )


class _Rows:
    """Rows of the local array of a tile, numbered as they are asked for."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def add(self, *names: str) -> None:
        for name in names:
            self.of[name] = len(self.of)

    def load(self, *names: str) -> list[str]:
        return [f"{name} = work[{self.of[name]}, j]" for name in names]

    def store(self, *names: str) -> list[str]:
        return [f"work[{self.of[name]}, j] = {name}" for name in names]


def _copied(to: str, table: str) -> list[str]:
    """Lines that copy an array; an assignment of slices compiles ten times as long."""
    return [
        f"for row in range({to}.shape[0]):",
        f"    for i in range({to}.shape[1]):",
        f"        {to}[row, i] = {table}[row, i]",
    ]


def tile_loop_text(recipe: Recipe, name: str, correlated: tuple[int, ...] = ()) -> str:
    """The loop for many lanes: tiles of lanes outside, time inside, lanes innermost.

    The last tile is filled up with copies of the last lane, so that the innermost loop has
    no remainder. Lanes with correlated normals go through each step together, in one tile.
    """
    eq = recipe.equations
    rows = _tile_rows(recipe)
    state_rows = [*(f"s_{each}" for each in eq.states), *_hidden_names(recipe)]
    constant_rows = [f"c{i}" for i in eq.constants()]
    body = _loop_head()
    body += [
        "lanes = state.shape[1]",
        f"new = empty(({len(state_rows)}, lanes))",
        "totals = empty(sums.shape)",
    ]
    body += _copied("totals", "sums")
    body += ["count = 0", "sample = 0", "watched = False"]
    body += ["for i in range(tracks.shape[0]):", f"    watched = watched or tracks[i, 1] != {LAST}"]
    if recipe.sources:
        body += [f"lane = {word('lane')}", f"key0 = {word('key0')}", f"key1 = {word('key1')}"]
    for i, each in enumerate(eq.inputs):
        body += [
            f"at_{each} = layout[{i}, 0]",
            f"by_{each} = layout[{i}, 1]",
            f"across_{each} = layout[{i}, 2]",
        ]
    tile = [f"width = min({'lanes' if correlated else TILE}, lanes - first)"]
    tile += ["padded = (width + 7) // 8 * 8"]
    tile += [f"work = empty(({len(rows.of)}, {'padded' if correlated else TILE}))"]
    tile += ["mixed = empty(lanes)"] if correlated else []
    # a place of their own, next to which the compiler knows all indices to be positive
    tile += [f"tallies = empty((tracks.shape[0], {'padded' if correlated else TILE}))"]
    tile += ["for slot in range(tracks.shape[0]):", "    for j in range(padded):"]
    tile += ["        tallies[slot, j] = totals[slot, first + min(j, width - 1)]"]
    tile += ["for j in range(padded):", "    i = first + min(j, width - 1)"]
    tile += [
        f"    work[{rows.of[each]}, j] = state[{row}, i]" for row, each in enumerate(state_rows)
    ]
    tile += [
        f"    work[{rows.of[each]}, j] = constants[{row}, i]"
        for row, each in enumerate(constant_rows)
    ]
    tile += [
        f"    work[{rows.of[each]}, j] = coefficients[{row}, i]"
        for row, each in enumerate(coefficient_names(recipe))
    ]
    if not recipe.sources:
        tile += [f"    work[{rows.of[f'low_{each}']}, j] = {low!r}" for each, low in recipe.bounded]
    tile += [f"count = {word('phase')}", f"sample = {word('sample')}"]
    tile += ["for k in range(steps):", *_indented(_tile_step(recipe, rows, correlated))]
    tile += ["for slot in range(tracks.shape[0]):", "    for j in range(width):"]
    tile += ["        totals[slot, first + j] = tallies[slot, j]"]
    tile += ["for j in range(width):"]
    tile += _indented(rows.load(*(f"s_{each}" for each in eq.states)))
    if not recipe.sources:
        tile += _indented(rows.load(*(f"low_{each}" for each, _ in recipe.bounded)))
    spoilt = [f"work[{rows.of[f's_{each}']}, j] = nan" for each in eq.states]
    tile += _indented(verdict_lines(recipe, "first + j", spoilt))
    tile += [
        f"    new[{row}, first + j] = work[{rows.of[each]}, j]"
        for row, each in enumerate(state_rows)
    ]
    body += [f"for first in range(0, lanes, {'lanes' if correlated else TILE}):", *_indented(tile)]
    body += _copied("state", "new") + _copied("sums", "totals")
    body += [
        f"{word('clock')} = clock + steps",
        f"{word('phase')} = count",
        f"{word('sample')} = sample",
    ]
    body += [f"return {FINE}"]
    return function_text(name, LOOP_ARGUMENTS, body)


def _hidden_names(recipe: Recipe) -> list[str]:
    return [f"h{i}" for i, each in enumerate(recipe.sources) if each.coloured]


def _noisy_inputs(recipe: Recipe) -> list[str]:
    return [each.target for each in recipe.sources if each.on_input]


def _tile_rows(recipe: Recipe) -> _Rows:
    eq = recipe.equations
    rows = _Rows()
    rows.add(*_channel_values(eq).values())  # first, in the order of the channels
    rows.add(*(f"given_{each}" for each in _noisy_inputs(recipe)))
    rows.add(*(f"c{i}" for i in eq.constants()), *coefficient_names(recipe))
    rows.add(*_hidden_names(recipe))
    if not recipe.sources:
        rows.add(*(f"low_{each}" for each, _ in recipe.bounded))
    for i in range(len(recipe.sources)):
        rows.add(f"even{i}", f"odd{i}")
    return rows


def _tile_step(recipe: Recipe, rows: _Rows, correlated: tuple[int, ...]) -> list[str]:
    eq = recipe.equations
    noisy = _noisy_inputs(recipe)
    lines = []
    for each in eq.inputs:
        row = rows.of[f"given_{each}" if each in noisy else f"x_{each}"]
        lines += [f"if k == 0 or by_{each} != 0:", f"    here = at_{each} + k * by_{each}"]
        lines += [f"    if across_{each} == 0:", "        for j in range(padded):"]
        lines += [f"            work[{row}, j] = drive[here]", "    else:"]
        lines += ["        for j in range(padded):"]
        lines += [f"            work[{row}, j] = drive[here + first + min(j, width - 1)]"]
    if recipe.sources:
        lines += ["step = clock + k", "odd = step & 1", "if k == 0 or odd == 0:"]
        lines += [
            f"    fill_lanes(work[{rows.of[f'even{i}']}], work[{rows.of[f'odd{i}']}], padded,"
            f" step, lane + first, {each.number}, key0, key1)"
            for i, each in enumerate(recipe.sources)
        ]
        for place, i in enumerate(correlated):
            begin = f"{place} * lanes * lanes"
            lines += [
                f"    mix_lanes(work[{rows.of[f'{each}{i}']}], lanes, factors, {begin}, mixed)"
                for each in ("even", "odd")
            ]
    inner = rows.load(*(f"s_{each}" for each in eq.states))
    inner += rows.load(*(f"c{i}" for i in eq.constants()), *coefficient_names(recipe))
    inner += rows.load(*_hidden_names(recipe))
    for each in eq.inputs:
        row = rows.of[f"given_{each}" if each in noisy else f"x_{each}"]
        inner += [f"x_{each} = work[{row}, j]"]
    if not recipe.sources:
        inner += rows.load(*(f"low_{each}" for each, _ in recipe.bounded))
    inner += [f"n{i} = work[{rows.of[f'even{i}']} + odd, j]" for i in range(len(recipe.sources))]
    inner += move_lines(recipe)
    inner += rows.store(*(f"s_{each}" for each in eq.states), *_hidden_names(recipe))
    inner += rows.store(*(f"x_{each}" for each in noisy))
    if not recipe.sources:
        inner += rows.store(*(f"low_{each}" for each, _ in recipe.bounded))
    lines += ["for j in range(padded):", *_indented(inner)]
    lines += ["count += 1", "if watched or count == every:"]
    return lines + _indented(_tile_record(recipe, rows))


def _tile_record(recipe: Recipe, rows: _Rows) -> list[str]:
    eq = recipe.equations
    lines: list[str] = []
    if eq.outputs:
        inner = rows.load(*(f"s_{each}" for each in eq.states))
        inner += rows.load(*(f"x_{each}" for each in eq.inputs_of_outputs))
        inner += rows.load(*(f"c{i}" for i in eq.constants()))
        inner += output_lines(eq) + rows.store(*(f"o_{each}" for each in eq.outputs))
        lines += ["for j in range(width):", *_indented(inner)]
    lines += ["for slot in range(tracks.shape[0]):"]
    lines += ["    channel = tracks[slot, 0]", "    kind = tracks[slot, 1]"]
    # where a value is not a number, so is the lowest and the highest
    for kind, joined in (
        (MEAN, "total + value"),
        (LOWEST, "total if total <= value else value"),
        (HIGHEST, "total if total >= value else value"),
    ):
        lines += [f"    {'if' if kind == MEAN else 'elif'} kind == {kind}:"]
        lines += ["        for j in range(padded):", "            value = work[channel, j]"]
        lines += [
            "            total = tallies[slot, j]",
            f"            tallies[slot, j] = {joined}",
        ]
    lines += ["    if count == every:", "        for j in range(width):"]
    lines += [f"            value = work[channel, j] if kind == {LAST} else tallies[slot, j]"]
    lines += [f"            value = value / every if kind == {MEAN} else value"]
    lines += ["            samples[slot, sample, first + j] = value"]
    lines += [f"            tallies[slot, j] = {_neutral()}"]
    return [*lines, "if count == every:", "    count = 0", "    sample += 1"]


def _neutral() -> str:
    """Text of what the sum, lowest or highest of no values is."""
    return f"inf if kind == {LOWEST} else -inf if kind == {HIGHEST} else 0.0"


def free_step_text(recipe: Recipe, name: str) -> str:
    """One step as a function of plain numbers, for loops of the user's own."""
    eq = recipe.equations
    given = eq.symbols({each: f"p_{each}" for each in eq.parameters})
    body = ["half = 0.5 * dt"]
    lines, results = eq.text(eq.constants(), given, "q")
    body += [*lines, *(f"c{i} = {text}" for i, text in zip(eq.constants(), results, strict=True))]
    body += step_lines(EquationWriter(eq), recipe.method)
    body += [f"return {' '.join(f's_{each},' for each in eq.states)}"]
    names = [f"s_{each}" for each in eq.states] + [f"x_{each}" for each in eq.inputs]
    names += [f"p_{each}" for each in eq.parameters]
    return function_text(name, ", ".join([*names, "dt"]), body)
