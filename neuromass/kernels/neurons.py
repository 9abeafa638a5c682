r"""Steps of many quadratic integrate-and-fire neurons, which generated loops call.

A neuron :math:`\tau \dot V = V^2 + I` with a constant I moves in closed form,

.. math:: V(t + dt) = \frac{V + I T}{1 - V T}, \qquad T = h \frac{\tan(\sqrt{z})}{\sqrt{z}},
    \quad z = I h^2, \quad h = dt / \tau

(a tanh where I is negative), through infinity and back from minus infinity: it has fired
exactly where the denominator has become negative. T is a quotient of polynomials of z, Padé's
of order [2/2], so that a step takes one division. Whatever the quotient is, the potentials at
which a neuron rests are exact, and its error in the phase is below z^5 / 10^7.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from neuromass.kernels.jit import njit

CHUNK: Final = 1024
"""Neurons whose contributions to a mean are summed up together, whatever the threads."""

LARGEST: Final = 2.4
"""The largest z: from pi^2/4 on a neuron could fire twice in a step, and a spike be lost."""

TEXT: Final = Path(__file__).read_text(encoding="utf-8")
"""What decides the results of loops beside their own text."""

_inner = njit(error_model="numpy", nogil=True)

_TINY = 1e-200
"""Stands for a denominator of 0: the neuron is as good as at infinity, and fires next."""


@_inner
def move(
    potentials: Any, inputs: Any, common: float, h: float, shift: float, threshold: float
) -> Any:
    """Take all neurons one step on.

    Parameters
    ----------
    potentials : ndarray
        Changed in place.
    inputs : ndarray
        Input of each neuron alone.
    common : float
        Input of all.
    h : float
        The step over tau.
    shift : float
        Half of the leak: potentials are counted from there.
    threshold : float
        Beyond it, on both sides, inputs do not act; usually infinite.

    Returns
    -------
    fired, fast : int
        How many neurons have fired, and how many are too fast for the step.
    """
    fired, fast = 0, 0
    hh = h * h
    for j in range(np.uint64(potentials.shape[0])):
        u = potentials[j] - shift
        i = common + inputs[j] if abs(u) < threshold else 0.0
        z = i * hh
        p = (945.0 - z * (105.0 - z)) * h
        q = 945.0 - z * (420.0 - 15.0 * z)
        below = q - u * p
        fired += 1 if below < 0.0 else 0
        fast += 1 if z > LARGEST else 0
        below = _TINY if below == 0.0 else below
        potentials[j] = (u * q + i * p) / below + shift
    return fired, fast


@_inner
def move_and_mark(
    potentials: Any,
    inputs: Any,
    common: float,
    h: float,
    shift: float,
    threshold: float,
    marks: Any,
) -> Any:
    """Do the same as `move`; a mark is one less the step over the time to the spike."""
    fired, fast = 0, 0
    hh = h * h
    for j in range(np.uint64(potentials.shape[0])):
        u = potentials[j] - shift
        i = common + inputs[j] if abs(u) < threshold else 0.0
        z = i * hh
        p = (945.0 - z * (105.0 - z)) * h
        q = 945.0 - z * (420.0 - 15.0 * z)
        below = q - u * p
        marks[j] = below / q
        fired += 1 if below < 0.0 else 0
        fast += 1 if z > LARGEST else 0
        below = _TINY if below == 0.0 else below
        potentials[j] = (u * q + i * p) / below + shift
    return fired, fast


@_inner
def move_each(
    potentials: Any, inputs: Any, shifts: Any, h: float, threshold: float, marks: Any
) -> Any:
    """Do the same as `move_and_mark`, with a leak and all of the input for each neuron alone."""
    fired, fast = 0, 0
    hh = h * h
    for j in range(np.uint64(potentials.shape[0])):
        u = potentials[j] - shifts[j]
        i = inputs[j] if abs(u) < threshold else 0.0
        z = i * hh
        p = (945.0 - z * (105.0 - z)) * h
        q = 945.0 - z * (420.0 - 15.0 * z)
        below = q - u * p
        marks[j] = below / q
        fired += 1 if below < 0.0 else 0
        fast += 1 if z > LARGEST else 0
        below = _TINY if below == 0.0 else below
        potentials[j] = (u * q + i * p) / below + shifts[j]
    return fired, fast


@_inner
def collect(
    marks: Any, inputs: Any, common: float, h: float, chosen: Any, first: int,
    begin: float, dt: float, neurons: Any, times: Any, count: int,
) -> Any:  # fmt: skip
    """Write down the spikes of a step, with the times at which potentials were infinite.

    Parameters
    ----------
    marks, inputs, common, h
        As for `move_and_mark`.
    chosen : ndarray
        Whether the spikes of a neuron are recorded.
    first : int
        Number of the first neuron.
    begin, dt : float
        Time at the beginning of the step, and the step.
    neurons, times : ndarray
        Where they are written.
    count : int
        How many were written before.

    Returns
    -------
    int
        How many there are now.
    """
    for j in range(marks.shape[0]):
        if marks[j] < 0.0 and chosen[j] != 0:
            z = (common + inputs[j]) * h * h
            neurons[count] = first + j
            times[count] = begin + dt * _share(z, 1.0 / (1.0 - marks[j]))
            count += 1
    return count


@_inner
def _share(z: float, share: float) -> float:
    """Share of the step after which T is that share of what it is after the whole step."""
    whole = _t(z, 1.0)
    x = share
    for _ in range(3):  # Newton's method; T grows nearly linearly with the time
        slope = (_t(z, x + 1e-6) - _t(z, x - 1e-6)) / 2e-6
        x = min(1.0, max(0.0, x - (_t(z, x) - share * whole) / slope))
    return x


@_inner
def _t(z: float, x: float) -> float:
    y = z * x * x
    return x * (945.0 - y * (105.0 - y)) / (945.0 - y * (420.0 - 15.0 * y))


@_inner
def add_noise(inputs: Any, own: Any, values: Any, normals: Any, scales: Any) -> None:
    """Inputs of the neurons with noise that each has of its own.

    Parameters
    ----------
    inputs : ndarray
        The sums.
    own : ndarray
        Inputs without noise.
    values : ndarray
        Values of coloured noise; NaN before the first step, empty for white noise.
    normals : ndarray
        A normal for each neuron.
    scales : ndarray
        What they are multiplied with; for coloured noise decay, spread, standard deviation.
    """
    if scales.shape[0] == 1:
        for j in range(np.uint64(inputs.shape[0])):
            inputs[j] = own[j] + scales[0] * normals[j]
    else:
        for j in range(np.uint64(inputs.shape[0])):
            moved = scales[0] * values[j] + scales[1] * normals[j]
            values[j] = scales[2] * normals[j] if np.isnan(moved) else moved
            inputs[j] = own[j] + values[j]


@_inner
def sum_phases(potentials: Any, cosines: Any, sines: Any, first: int) -> None:
    r"""Sums of 1 + cos and of sin of the phases :math:`2 \arctan V`, chunk by chunk.

    Parameters
    ----------
    potentials : ndarray
        Of the neurons of some chunks.
    cosines, sines : ndarray
        Where the sums of each chunk go.
    first : int
        The first chunk.
    """
    width = 64
    c, s = np.empty(width), np.empty(width)
    count = potentials.shape[0]
    for chunk in range((count + CHUNK - 1) // CHUNK):
        for i in range(width):
            c[i] = 0.0
            s[i] = 0.0
        end = min(count, (chunk + 1) * CHUNK)
        for begin in range(chunk * CHUNK, end, width):
            v = potentials[begin : min(end, begin + width)]
            for i in range(np.uint64(v.shape[0])):
                weight = 2.0 / (1.0 + v[i] * v[i])
                c[i] += weight
                s[i] += weight * v[i]
        cosine, sine = 0.0, 0.0
        for i in range(width):
            cosine += c[i]
            sine += s[i]
        cosines[first + chunk] = cosine
        sines[first + chunk] = sine


# ---------------------------------------------------------------------------- some to some


@_inner
def add_arrived(inputs: Any, own: Any, gain: float, last: Any, older: Any) -> None:
    """Add to the own input of each neuron what it gets from others.

    Parameters
    ----------
    inputs, own : ndarray
        The sums, and what is added to.
    gain : float
        What a rate drives, over the step.
    last, older : ndarray
        Weights of the spikes that came in the last two steps, from which those of this one are
        extrapolated.
    """
    for j in range(np.uint64(inputs.shape[0])):
        inputs[j] = own[j] + gain * (2.0 * last[j] - older[j])


@_inner
def list_fired(marks: Any, first: int, fired: Any) -> None:
    """Write the numbers of the neurons that have fired, from the first one on."""
    count = 0
    for j in range(marks.shape[0]):
        if marks[j] < 0.0:
            fired[count] = first + j
            count += 1


@_inner
def deliver(
    fired: Any, starts: Any, targets: Any, weights: Any, first: int, reached: Any
) -> None:  # fmt: skip
    """Add the weights of spikes to what reaches their targets, in the order of the sources.

    Parameters
    ----------
    fired : ndarray
        Neurons that have fired.
    starts, targets, weights : ndarray
        Connections by source, targets ascending; one weight if they are all alike.
    first : int
        The first target that is looked after here.
    reached : ndarray
        The sums of the targets from there on.
    """
    alike = weights.shape[0] == 1
    last = first + reached.shape[0]
    for n in range(fired.shape[0]):
        begin, end = starts[fired[n]], starts[fired[n] + 1]
        low, high = begin, end
        while low < high:  # the place of the first target of ours
            middle = (low + high) // 2
            if targets[middle] < first:
                low = middle + 1
            else:
                high = middle
        for c in range(low, end):
            if targets[c] >= last:
                break
            reached[targets[c] - first] += weights[0] if alike else weights[c]
