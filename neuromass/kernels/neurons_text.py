"""The text of the loop of a network of neurons, made from the equations of its mean field.

Everything that the neurons have in common (synapses, adaptation, the rate at which they drive
each other) are the states of the mean field beside r and v. They are stepped here with the
equations of the mean field; r is what the neurons did, and what v enters is their mean.

A neuron of a mean field

    tau dr/dt = delta/(pi tau) + 2 r v - L r,    tau dv/dt = B + v^2 - (pi tau r)^2

obeys tau dV/dt = V^2 - L V + (B + L v): so are L and the common input found.

Threads run the same loop, each for its part of the neurons. All of them compute what is common,
and wait for each other once a step.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import indent
from typing import Any, Final

from neuromass.kernels import neurons
from neuromass.kernels.barrier import wait
from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel
from neuromass.kernels.control import FINE, NOT_FINITE, PHASES, TOO_COARSE, word
from neuromass.kernels.neurons import CHUNK
from neuromass.kernels.text import (
    EquationWriter,
    Recipe,
    coefficient_names,
    function_text,
    noise_lines,
    output_lines,
)


@dataclass(frozen=True)
class Members:
    """What decides the text of a network's loop.

    Attributes
    ----------
    recipe : Recipe
        The mean field's.
    leak : bool
        Whether there is a leak L.
    mean : bool
        Whether the mean potential enters what neurons get.
    noisy : bool
        Whether each neuron has noise of its own.
    marked : bool
        Whether spikes are recorded.
    sparse : bool
        Whether neurons get the spikes of some others alone.
    synaptic : bool
        Whether they get those by a synapse that each has of its own.
    """

    recipe: Recipe
    leak: bool
    mean: bool
    noisy: bool = False
    marked: bool = False
    sparse: bool = False
    synaptic: bool = False

    @property
    def auxiliary(self) -> list[str]:
        """States beside r and v."""
        return [each for each in self.recipe.equations.states if each not in ("r", "v")]

    @property
    def channels(self) -> tuple[str, ...]:
        """What can be recorded."""
        return (*self.recipe.channels, *PHASES)


_LINE, _TABLE = "float64[::1]", "float64[:,::1]"

ARGUMENTS: Final = {
    "me": "int64",
    "threads": "int64",
    "begin": "int64",
    "end": "int64",
    "state": _TABLE,
    "potentials": _LINE,
    "own": _LINE,
    "inputs": _LINE,
    "values": _LINE,
    "normals": _TABLE,
    "scales": _LINE,
    "number": "int64",
    "ring": _LINE,
    "rings": _TABLE,
    "earlier": _LINE,
    "about": _LINE,
    "constants": _TABLE,
    "coefficients": _TABLE,
    "drive": _LINE,
    "layout": "int64[:,::1]",
    "control": "int64[::1]",
    "slots": "int64[::1]",
    "samples": "float64[:,:,::1]",
    "sums": _TABLE,
    "table": _TABLE,
    "tally": "int64[:,::1]",
    "sync": "int64[::1]",
    "marks": _LINE,
    "chosen": "uint8[::1]",
    "neurons": "int32[::1]",
    "times": _LINE,
    "counts": "int64[::1]",
    "arrived": _TABLE,
    "firing": "int32[:,::1]",
    "bounds": "int64[::1]",
    "starts": "int64[::1]",
    "targets": "int32[::1]",
    "weights": _LINE,
    "shares": _LINE,
    "synapses": _TABLE,
    "shifts": _LINE,
}
"""Arguments of a loop and their types.

me, threads, begin, end: the thread, how many there are, and its neurons. own, inputs: input of
each neuron, without and with its noise. ring: how many neurons fired in each of the last steps;
rings: room for a copy of it for each thread. earlier: the mean potential one step ago. about: tau,
delta, dt, number of neurons; the common input, for messages; threshold. table, tally, sync: what
threads tell each other. arrived: weights of the spikes that reached each neuron, in the last
steps. firing: who fired, by the parity of the step. bounds: where the neurons of each thread
begin. starts, targets, weights: connections by source; one weight if they are all alike. shares:
sums of the weights of each source. synapses: states beside r and v, of each neuron; shifts: half of
its leak.
"""


_HELPERS: Final = (
    "move", "move_and_mark", "move_each", "collect", "add_noise", "sum_phases", "add_arrived",
    "list_fired", "deliver",
)  # fmt: skip


def loop(members: Members) -> Any:
    """The compiled loop of a network."""
    written = members.recipe.equations.written
    extra: dict[str, Any] = {name: getattr(neurons, name) for name in _HELPERS}
    extra |= {"atan2": math.atan2, "wait": wait}
    if written is not None:
        extra["written"] = written if JIT_IS_OFF else jitted(written)
    identity = members.recipe.equations.identity() if written else ""
    return kernel(
        lambda name: loop_text(members, name),
        f"{members.recipe.model}_neurons",
        identity + hashlib.sha256(neurons.TEXT.encode()).hexdigest(),
        f"int64({', '.join(ARGUMENTS.values())})",
        extra,
    )


def loop_text(members: Members, name: str) -> str:
    """The text of the loop, as a function of that name."""
    eq = members.recipe.equations
    body = _head(members)
    body += ["for k in range(steps):", *_indented(_step(members))]
    finite = [(each, place) for place, each in enumerate(eq.states)]
    for each, place in finite:
        value = "s_v" if each == "v" else f"s_{each}"
        body += [f"if not isfinite({value}):", "    if me == 0:"]
        body += [f"        {word('bad_state')} = {place}", f"        {word('bad_lane')} = 0"]
        body += [f"    return {NOT_FINITE}"]
    body += [
        "counts[me] = written_spikes",
        "if me == 0:",
        *_indented(_tail(members)),
        f"return {FINE}",
    ]
    return function_text(name, ", ".join(ARGUMENTS), body)


def _indented(lines: Iterable[str]) -> list[str]:
    return [indent(line, "    ") for line in lines]


def _head(members: Members) -> list[str]:
    recipe = members.recipe
    eq = recipe.equations
    lines = ["tau, delta, dt, threshold = about[0], about[1], about[2], about[5]"]
    lines += [f"one, half, h, pi = 1.0, 0.5 * dt, dt / tau, {math.pi!r}"]
    lines += [f"{each} = {word(each)}" for each in ("clock", "steps", "every")]
    lines += [f"average = {word('average')} != 0"]
    lines += [f"count, sample = {word('phase')}, {word('sample')}", "counted = rings[me]"]
    lines += ["window = ring.shape[0]", "per = 1.0 / (about[3] * dt)", "share = per / window"]
    lines += [
        "total = 0.0",
        "for i in range(window):",
        "    total += ring[i]",
        "    counted[i] = ring[i]",
    ]
    lines += [f"c{i} = constants[{row}, 0]" for row, i in enumerate(eq.constants())]
    names = enumerate(coefficient_names(recipe))
    lines += [f"{each} = coefficients[{row}, 0]" for row, each in names]
    lines += [f"s_{each} = state[{row}, 0]" for row, each in enumerate(eq.states)]
    lines += ["v_now, v_before = s_v, earlier[0]", "X, Y, shift = 0.0, 0.0, 0.0"]
    lines += ["mine = potentials[begin:end]", "felt = inputs[begin:end]"]
    for i, each in enumerate(eq.inputs):
        lines += [f"at_{each} = layout[{i}, 0]", f"by_{each} = layout[{i}, 1]"]
    lines += [f"slot_{each} = slots[{i}]" for i, each in enumerate(members.channels)]
    lines += [
        f"sum_{each} = sums[slot_{each}, 0] if slot_{each} >= 0 else 0.0"
        for each in members.channels
    ]
    wanted = " or ".join(f"slot_{each} >= 0" for each in ("v", *PHASES, *eq.outputs))
    lines += [f"seen = {wanted}", "written_spikes = 0"]
    lines += [f"key0, key1 = {word('key0')}, {word('key1')}"]
    if recipe.sources:
        hidden = [i for i, each in enumerate(recipe.sources) if each.coloured]
        lines += [f"lane = {word('lane')}", f"shared = empty(({len(recipe.sources)}, 64))"]
        lines += [f"h{i} = state[{len(eq.states) + row}, 0]" for row, i in enumerate(hidden)]
    return lines


def _step(members: Members) -> list[str]:
    lines = ["now = clock + k", "place = now % window", *_input_lines(members.recipe)]
    lines += _common_lines(members)
    lines += _neuron_lines(members)
    lines += _together_lines(members)
    lines += _auxiliary_lines(members)
    lines += ["total += fired - counted[place]", "counted[place] = fired", "s_r = share * total"]
    lines += ["if look:", *_indented(_mean_lines())]
    return lines + _record_lines(members)


def _input_lines(recipe: Recipe) -> list[str]:
    """Inputs of the step, with the noise that all neurons have in common."""
    lines = [f"x_{each} = drive[at_{each} + k * by_{each}]" for each in recipe.equations.inputs]
    if recipe.sources:
        lines += ["if k == 0 or (now & 63) == 0:"]
        lines += [
            f"    fill_steps(shared, {i}, now, steps - k, lane, {each.number}, key0, key1)"
            for i, each in enumerate(recipe.sources)
        ]
        lines += [f"n{i} = shared[{i}, now & 63]" for i in range(len(recipe.sources))]
        lines += noise_lines(recipe)
    return lines


def _common_lines(members: Members) -> list[str]:
    """The input that all neurons have in common, in the middle of the step.

    The rate in this step is extrapolated from the two before: no spike is counted twice or left
    out over time, and what it drives is right to second order.
    """
    write = EquationWriter(members.recipe.equations)
    lines = ["last, older = counted[(now - 1) % window], counted[(now - 2) % window]"]
    lines += ["s_r = per * (2.0 * last - older)"]
    lines += ["s_v = 1.5 * v_now - 0.5 * v_before" if members.mean else "s_v = 0.0"]
    if members.synaptic:
        return [*lines, "common = 0.0"]  # each neuron has its own
    lines += ["y_r, y_v = s_r, s_v"]
    if members.auxiliary:
        lines += write.increments("s_", "half", "f_")
        lines += [f"y_{each} = s_{each} + f_{each}" for each in members.auxiliary]
    if members.sparse:  # the rate that acts is each neuron's own
        lines += ["y_r = 1.0", *write.increments("y_", "one", "g_"), "z = pi * tau"]
        lines += ["gain = tau * g_v - s_v * s_v + z * z", "y_r = 0.0"]
    lines += write.increments("y_", "one", "g_")
    lines += ["z = pi * tau * y_r", "common = tau * g_v - s_v * s_v + z * z"]
    if members.sparse:
        lines += ["gain = gain - common"]
    if members.leak:
        lines += ["z_r, z_v = 1.0, 0.0", *(f"z_{each} = y_{each}" for each in members.auxiliary)]
        lines += write.increments("z_", "one", "l_")
        lines += ["leak = delta / (pi * tau) - tau * l_r", "shift = 0.5 * leak"]
        lines += ["common = common + leak * s_v - shift * shift"]
    return lines


def _neuron_lines(members: Members) -> list[str]:
    lines: list[str] = []
    if members.noisy:
        lines += ["if k == 0 or (now & 1) == 0:"]
        lines += ["    fill_lanes(normals[0, begin:end], normals[1, begin:end], end - begin, now,"]
        lines += ["               begin, number, key0, key1)"]
        lines += ["add_noise(felt, own[begin:end], values[begin:], normals[now & 1, begin:end],"]
        lines += ["          scales)"]
    if members.synaptic:
        lines += _synapse_lines(members)
        lines += ["fired_here, fast = move_each("]
        lines += ["    mine, felt, shifts[begin:end], h, threshold, marks[begin:end])"]
    elif members.sparse:
        lines += [f"add_arrived(felt, {'felt' if members.noisy else 'own[begin:end]'}, gain / dt,"]
        lines += ["    arrived[(now - 1) % 3, begin:end], arrived[(now - 2) % 3, begin:end])"]
    if (members.marked or members.sparse) and not members.synaptic:
        lines += ["fired_here, fast = move_and_mark("]
        lines += ["    mine, felt, common, h, shift, threshold, marks[begin:end])"]
    if members.sparse:
        lines += ["list_fired(marks[begin:end], begin, firing[k & 1, begin:end])"]
    if members.marked:
        lines += ["written_spikes = collect(marks[begin:end], felt, common, h, chosen[begin:end],"]
        lines += ["    begin, now * dt, dt, neurons, times, written_spikes)"]
    if not (members.marked or members.sparse):
        lines += ["fired_here, fast = move(mine, felt, common, h, shift, threshold)"]
    every = "True" if members.mean else "k == steps - 1"
    lines += [f"look = {every} or (seen and (average or count + 1 == every))"]
    lines += ["if look:"]
    lines += [f"    sum_phases(mine, table[2 * (k & 1)], table[2 * (k & 1) + 1], begin // {CHUNK})"]
    return lines


def _synapse_lines(members: Members) -> list[str]:
    """The input and the leak of each neuron, in the middle of the step, from its own synapse."""
    write = EquationWriter(members.recipe.equations)
    inner = ["p_r = (2.0 * last_came[j] - earlier_came[j]) / dt", "p_v = s_v"]
    inner += [f"p_{each} = mine_{each}[j]" for each in members.auxiliary]
    inner += [*write.increments("p_", "half", "f_"), "y_r, y_v = p_r, p_v"]
    inner += [f"y_{each} = p_{each} + f_{each}" for each in members.auxiliary]
    inner += [*write.increments("y_", "one", "g_"), "z = pi * tau * y_r"]
    inner += ["coming = tau * g_v - p_v * p_v + z * z"]
    if members.leak:
        inner += ["z_r, z_v = 1.0, 0.0", *(f"z_{each} = y_{each}" for each in members.auxiliary)]
        inner += [*write.increments("z_", "one", "l_")]
        inner += ["leak = delta / (pi * tau) - tau * l_r", "shift = 0.5 * leak"]
        inner += ["coming = coming + leak * p_v - shift * shift"]
    base = "felt[j]" if members.noisy else "own[begin + j]"
    inner += [f"felt[j] = {base} + coming", "shifts[begin + j] = shift"]
    lines = ["last_came = arrived[(now - 1) % 3, begin:end]"]
    lines += ["earlier_came = arrived[(now - 2) % 3, begin:end]"]
    lines += [f"mine_{n} = synapses[{i}, begin:end]" for i, n in enumerate(members.auxiliary)]
    return [*lines, "for j in range(end - begin):", *_indented(inner)]


def _own_auxiliary_lines(members: Members) -> list[str]:
    """Take the synapse of each neuron one step on, by Heun's method with the spikes of the step."""
    write = EquationWriter(members.recipe.equations)
    inner = ["p_r, p_v = reached[j] / dt, s_v"]
    inner += [f"p_{each} = mine_{each}[j]" for each in members.auxiliary]
    inner += [*write.increments("p_", "dt", "f_"), "y_r, y_v = p_r, p_v"]
    inner += [f"y_{each} = p_{each} + f_{each}" for each in members.auxiliary]
    inner += write.increments("y_", "half", "g_")
    inner += [f"mine_{n}[j] = (p_{n} + 0.5 * f_{n}) + g_{n}" for n in members.auxiliary]
    return ["for j in range(end - begin):", *_indented(inner)]


def _together_lines(members: Members) -> list[str]:
    """What all threads did in the step."""
    lines = ["tally[k & 1, 2 * me], tally[k & 1, 2 * me + 1] = fired_here, fast"]
    lines += ["if threads > 1 and not wait(sync, threads * (k + 1)):", f"    return {NOT_FINITE}"]
    lines += ["fired, fast = 0.0, 0", "for i in range(threads):"]
    lines += ["    fired += tally[k & 1, 2 * i]", "    fast += tally[k & 1, 2 * i + 1]"]
    fastest = "inputs.max() - own.max()" if members.synaptic else "common"
    lines += ["if fast > 0:", "    if me == 0:", f"        about[4] = {fastest}"]
    lines += [f"    return {TOO_COARSE}"]
    if members.sparse:
        lines += ["reached = arrived[now % 3, begin:end]", "for i in range(end - begin):"]
        lines += ["    reached[i] = 0.0", "for i in range(threads):"]
        lines += ["    theirs = firing[k & 1, bounds[i] : bounds[i] + tally[k & 1, 2 * i]]"]
        lines += ["    deliver(theirs, starts, targets, weights, begin, reached)"]
    return lines


def _auxiliary_lines(members: Members) -> list[str]:
    """Take the states beside r and v one step on, by Heun's method with the rate of the step."""
    if not members.auxiliary:
        return []
    write = EquationWriter(members.recipe.equations)
    lines = ["s_r = per * fired"]
    if members.synaptic:  # these are means over what each neuron has, since that is linear
        lines = _own_auxiliary_lines(members)
        lines += ["coming = 0.0", "for i in range(threads):"]
        lines += ["    for n in range(tally[k & 1, 2 * i]):"]
        lines += ["        coming += shares[firing[k & 1, bounds[i] + n]]", "s_r = per * coming"]
    lines += [*write.increments("s_", "dt", "f_"), "y_r = s_r"]
    lines += [f"y_{each} = s_{each} + f_{each}" for each in members.auxiliary]
    lines += write.increments("y_", "half", "g_")
    return lines + [f"s_{n} = (s_{n} + 0.5 * f_{n}) + g_{n}" for n in members.auxiliary]


def _mean_lines() -> list[str]:
    """The order parameter, and the mean potential that goes with it."""
    return [
        "X, Y = 0.0, 0.0",
        f"for i in range((potentials.shape[0] + {CHUNK - 1}) // {CHUNK}):",
        "    X += table[2 * (k & 1), i]",
        "    Y += table[2 * (k & 1) + 1, i]",
        "X, Y = X / about[3], Y / about[3]",  # X is one more than the mean cosine
        "v_before = v_now",
        "v_now = 2.0 * Y / (X * X + Y * Y)",
    ]


def _record_lines(members: Members) -> list[str]:
    recipe = members.recipe
    eq = recipe.equations
    value = {each: f"s_{each}" for each in eq.states} | {each: f"x_{each}" for each in eq.inputs}
    value |= {each: f"o_{each}" for each in eq.outputs} | {"R": "R", "Psi": "Psi"}
    channels = members.channels
    phases = ["R = sqrt((X - 1.0) * (X - 1.0) + Y * Y)", "Psi = atan2(Y, X - 1.0)"]
    outputs = [*phases, *(output_lines(eq) if eq.outputs else [])]
    lines = ["s_v = v_now", "count += 1", "if average:", *_indented(outputs)]
    lines += [f"    sum_{each} += {value[each]}" for each in channels]
    lines += ["    if count == every:", "        count = 0"]
    for each in channels:
        lines += [f"        if slot_{each} >= 0 and me == 0:"]
        lines += [f"            samples[slot_{each}, sample, 0] = sum_{each} / every"]
        lines += [f"        sum_{each} = 0.0"]
    lines += ["        sample += 1", "elif count == every:", "    count = 0", *_indented(outputs)]
    for each in channels:
        lines += [f"    if slot_{each} >= 0 and me == 0:"]
        lines += [f"        samples[slot_{each}, sample, 0] = {value[each]}"]
    return [*lines, "    sample += 1"]


def _tail(members: Members) -> list[str]:
    recipe = members.recipe
    eq = recipe.equations
    lines = [f"state[{row}, 0] = s_{each}" for row, each in enumerate(eq.states)]
    hidden = [i for i, each in enumerate(recipe.sources) if each.coloured]
    lines += [f"state[{len(eq.states) + row}, 0] = h{i}" for row, i in enumerate(hidden)]
    lines += ["for i in range(window):", "    ring[i] = counted[i]"]
    lines += [f"earlier[0] = {'v_before' if members.mean else 'v_now'}", "about[4] = common"]
    lines += [f"{word('clock')} = clock + steps", f"{word('phase')} = count"]
    lines += [f"{word('sample')} = sample"]
    for each in members.channels:
        lines += [f"if slot_{each} >= 0:", f"    sums[slot_{each}, 0] = sum_{each}"]
    return lines
