"""The text of the loop of a small network: every lane and connection in it, all in local variables.

It is made for one wiring; states, parameters, strengths and delays are data. The sums of what is
sent are those of `tiled`, in the same order: the external input, what comes without delay, and
then what arrives with delay, group by group.

A local variable has the name that its value has in `text`, with the numbers of its kind and lane
behind it: ``s_r_0_1`` is the state r of the second lane of the first kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from neuromass.expressions import FUNCTIONS
from neuromass.kernels import text
from neuromass.kernels.control import word
from neuromass.kernels.methods import METHODS, Stage
from neuromass.kernels.networks.calls import indented
from neuromass.kernels.networks.circuit import VECTOR, Circuit, Kind, Value, Wiring
from neuromass.kernels.networks.frame import begin_lines, end_lines, record_lines
from neuromass.kernels.networks.tables import ITEM

ARGUMENTS: Final[dict[str, str | np.dtype[Any]]] = {
    "values": "float64[::1]",
    "numbers": "int64[::1]",
    "history": "float64[::1]",
    "normals": "float64[:,::1]",
    "control": "int64[::1]",
    "drive": "float64[::1]",
    "feeds": "int64[:,::1]",
    "items": ITEM,
    "samples": "float64[::1]",
    "sums": "float64[::1]",
}
"""Names and types of the loop's arguments.

``values`` holds what `kept_values` names, then strengths, strengths of what is delayed, and room
for what can be recorded. ``numbers`` holds the address of `coupling.fill_one_lane`, what the noise
draws under (lane and two words of the seed, for each lane of a kind with noise), and for each
delayed value how far its place in ``history`` lies before that of the present. ``feeds`` says for
each input of each lane where it begins in ``drive``, and how far it is from one step to the next.
"""

_COMMON: Final = frozenset(
    {*FUNCTIONS, "dt", "half", "inf", "nan", "isfinite", "control", "code", "bad"}
    | {"if", "elif", "else", "and", "or", "not", "return"}
)
"""What has one name for all lanes."""

_NAME: Final = re.compile(r"\b[A-Za-z_]\w*")


def lanes_of(circuit: Circuit, wiring: Wiring) -> Iterator[tuple[int, Kind, int]]:
    """Number of the kind, the kind, and the lane, for all lanes."""
    for q, kind in enumerate(circuit.kinds):
        for lane in range(wiring.lanes[q]):
            yield q, kind, lane


def kept_values(circuit: Circuit, lanes: Iterable[int]) -> list[Value]:
    """What stands at the front of ``values``: states, constants and coefficients, kind by kind."""
    found = []
    for q, (kind, count) in enumerate(zip(circuit.kinds, lanes, strict=True)):
        constants = [*(f"c{i}" for i in kind.recipe.equations.constants()), "dt"]
        names = [*kind.state_rows, *constants, *text.coefficient_names(kind.recipe)]
        found += [Value(name, q, lane) for name in names for lane in range(count)]
    return found


def inputs_of(circuit: Circuit, wiring: Wiring) -> list[Value]:
    """The inputs of all lanes, in the order of ``feeds``."""
    return [
        Value(f"x_{each}", q, lane)
        for q, kind, lane in lanes_of(circuit, wiring)
        for each in kind.recipe.equations.inputs
    ]


def recordable(circuit: Circuit, wiring: Wiring) -> list[Value]:
    """What can be recorded, in the order of the room for it."""
    found = []
    for q, kind, lane in lanes_of(circuit, wiring):
        eq = kind.recipe.equations
        names = [*(f"s_{n}" for n in eq.states), *(f"u_{n}" for n in eq.inputs)]
        found += [Value(n, q, lane) for n in [*names, *(f"o_{n}" for n in eq.outputs)]]
    return found


def loop_text(circuit: Circuit, wiring: Wiring, name: str) -> str:
    """The loop over steps of a small network; all steps are taken, or none."""
    body = _head(circuit, wiring)
    body += ["for k in range(steps):", *indented(_step(circuit, wiring))]
    body += _verdicts(circuit, wiring) + _commit(circuit, wiring)
    return text.function_text(name, ", ".join(ARGUMENTS), body)


def _of_lane(q: int, lane: int, lines: Iterable[str]) -> list[str]:
    """Lines of a population's text with the names of a lane's variables."""

    def renamed(match: re.Match[str]) -> str:
        name = match[0]
        if name == "written":
            return f"written{q}"
        return name if name in _COMMON else f"{name}_{q}_{lane}"

    return [_NAME.sub(renamed, line) for line in lines]


def _head(circuit: Circuit, wiring: Wiring) -> list[str]:
    lines = begin_lines()
    kept = kept_values(circuit, wiring.lanes)
    lines += [f"{each} = values[{place}]" for place, each in enumerate(kept)]
    lines += [f"dt = {Value('dt', 0, 0)}", "half = 0.5 * dt"]
    place, count = len(kept), sum(len(senders) for _, senders in wiring.sums)
    lines += [f"g{i} = values[{place + i}]" for i in range(count)]
    place, count = place + count, sum(sum(counts) for _, counts in wiring.arrivals)
    lines += [f"late{i} = values[{place + i}]" for i in range(count)]
    lines.append(f"room = {place + count}")
    noisy = [(q, lane) for q, kind, lane in lanes_of(circuit, wiring) if kind.recipe.sources]
    numbered = [f"{n}_{q}_{lane}" for q, lane in noisy for n in ("lane", "key0", "key1")]
    numbered += [f"ago{i}" for i in range(count)]
    numbered += [f"now{i}" for i in range(len(wiring.histories))]
    lines += [f"{each} = numbers[{i}]" for i, each in enumerate(numbered, start=1)]
    for i, each in enumerate(inputs_of(circuit, wiring)):
        lines += [f"at_{each} = feeds[{i}, 0]", f"by_{each} = feeds[{i}, 1]"]
    for q, kind, lane in lanes_of(circuit, wiring):
        if not kind.recipe.sources:
            lines += _of_lane(q, lane, [f"low_{n} = {low!r}" for n, low in kind.recipe.bounded])
    return lines


def _step(circuit: Circuit, wiring: Wiring) -> list[str]:
    lines = _noise(circuit, wiring)
    for number, stage in enumerate(METHODS[circuit.method].stages):
        first, lanes = number == 0, list(lanes_of(circuit, wiring))
        if first or not circuit.held:
            lines += _sent(circuit, wiring, stage)
            if first:
                lines += _remember(wiring)
            lines += _sums(circuit, wiring, stage)
            for q, kind, lane in lanes:
                added = text.addition_lines(kind.recipe.equations, stage.reads)
                noise = text.noise_lines(kind.recipe, drawn=first)
                lines += _of_lane(q, lane, added + noise)
        for q, kind, lane in lanes:
            eq = kind.recipe.equations
            kept = [f"u_{n} = x_{n}" for n in eq.inputs] if first else []
            lines += _of_lane(q, lane, kept + stage.lines(text.writer_of(kind.recipe)))
    for q, kind, lane in lanes_of(circuit, wiring):
        lines += _of_lane(q, lane, text.bound_lines(kind.recipe))
    return lines + _record(circuit, wiring)


def _noise(circuit: Circuit, wiring: Wiring) -> list[str]:
    fills, reads, row = [], [], 0
    for q, kind, lane in lanes_of(circuit, wiring):
        own = [f"{n}_{q}_{lane}" for n in ("lane", "key0", "key1")]
        for i, source in enumerate(kind.recipe.sources):
            given = "normals", row, "step", "steps - k", own[0], source.number, *own[1:]
            fills.append(f"    call_fill_one_lane(numbers[0], ({', '.join(map(str, given))}))")
            reads.append(f"n{i}_{q}_{lane} = normals[{row}, step & 63]")
            row += 1
    if not reads:
        return []
    return ["step = clock + k", "if k == 0 or step & 63 == 0:", *fills, *reads]


def _sent(circuit: Circuit, wiring: Wiring, stage: Stage) -> list[str]:
    """Outputs that connections carry, then what gates let through, at the states of a stage."""
    lines = []
    for q, kind, lane in lanes_of(circuit, wiring):
        if wiring.sends[q]:
            equations = kind.recipe.equations
            lines += [_given(Value(f"x_{n}", q, lane)) for n in equations.inputs_of_outputs]
            lines += _of_lane(q, lane, text.output_lines(equations, stage.reads))
    return lines + [
        f"{passed} = {coming.at(stage.reads)} * {gain}" for passed, coming, gain in wiring.gates
    ]


def _remember(wiring: Wiring) -> list[str]:
    if not wiring.histories:
        return []
    lines = [f"here = position + k + {VECTOR - 1}"]
    return lines + [f"history[now{i} + here] = {each}" for i, each in enumerate(wiring.histories)]


def _sums(circuit: Circuit, wiring: Wiring, stage: Stage) -> list[str]:
    """The inputs of all lanes: what is given, then what is sent, in its order."""
    weight = 0
    lines = [_given(each) for each in inputs_of(circuit, wiring)]
    for each, senders in wiring.sums:
        for sender in senders:
            lines.append(f"{each} = {each} + g{weight} * {sender.at(stage.reads)}")
            weight += 1
    first = 0
    for each, counts in wiring.arrivals:
        now, then = (_arrived(first, counts, ahead) for ahead in (0, 1))
        value = now if stage.at == 0.0 else then
        if 0.0 < stage.at < 1.0:
            value = f"({1.0 - stage.at!r} * ({now}) + {stage.at!r} * ({then}))"
        lines.append(f"{each} = {each} + ({value})")
        first += sum(counts)
    return lines


def _given(value: Value) -> str:
    """Line that reads what is given to an input in this step."""
    return f"{value} = drive[at_{value} + k * by_{value}]"


def _arrived(first: int, counts: Iterable[int], ahead: int) -> str:
    """Text of what arrives at one input, some steps ahead of the beginning of the step."""
    groups = []
    for count in counts:
        taps = [f"late{i} * history[ago{i} + here + {ahead}]" for i in range(first, first + count)]
        groups.append(" + ".join(["0.0", *taps]))
        first += count
    return " + ".join(f"({each})" for each in groups)


def _record(circuit: Circuit, wiring: Wiring) -> list[str]:
    lines = []
    for q, kind, lane in lanes_of(circuit, wiring):
        if kind.recipe.equations.outputs:
            lines += _of_lane(q, lane, text.output_lines(kind.recipe.equations))
    lines += [f"values[room + {i}] = {each}" for i, each in enumerate(recordable(circuit, wiring))]
    return record_lines(lines, 'values[room + items[i]["place"]]')


def _verdicts(circuit: Circuit, wiring: Wiring) -> list[str]:
    lines = []
    for q, kind, lane in lanes_of(circuit, wiring):
        spoilt = [f"s_{each} = nan" for each in kind.recipe.equations.states]
        lines.append(f"{word('bad_kind')} = {q}")
        lines += _of_lane(q, lane, text.verdict_lines(kind.recipe, str(lane), spoilt))
    return lines


def _commit(circuit: Circuit, wiring: Wiring) -> list[str]:
    changed = {
        Value(name, q, lane)
        for q, kind, lane in lanes_of(circuit, wiring)
        for name in kind.state_rows
    }
    kept = enumerate(kept_values(circuit, wiring.lanes))
    lines = [f"values[{place}] = {each}" for place, each in kept if each in changed]
    return lines + end_lines()
