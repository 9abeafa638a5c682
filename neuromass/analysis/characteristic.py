"""Characteristic roots: the stability of equilibria of networks with delays.

Deviations from an equilibrium follow dx/dt = A x(t) + sum_k A_k x(t - d_k). They grow or decay as
exp(z t) with the roots z of det(z - A - sum_k A_k exp(-z d_k)) = 0, of which there are infinitely
many, but only finitely many to the right of any vertical line.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass.analysis.problem import field_of, scales
from neuromass.dynamics.equilibria import Equilibria, nature, outputs_at
from neuromass.errors import warn, whole_number
from neuromass.networks.core import NetworkCore
from neuromass.networks.equilibria import zeros_in_network
from neuromass.simulation.system import system_of

__all__ = ["roots"]

Floats = NDArray[np.float64]

COUNT: Final = 10
"""Roots of each equilibrium."""
_FEWEST: Final = 16
"""Chebyshev nodes besides those that fast roots need."""
_MOST: Final = 3000
"""Numbers of the largest matrix."""
_NEWTON: Final = 12
"""Newton steps at most."""
_CLOSE: Final = 1e-13
"""Newton steps below this part of a root, or of one over the delay, have arrived."""
_MOVED: Final = 0.3
"""The same by which a root of the discretised equations may be wrong."""


def roots(system: Any, inputs: Any = None, *, count: int = COUNT) -> Equilibria:
    """Equilibria of a network with delays, with their characteristic roots.

    Parameters
    ----------
    system : Network
        It is left as it is. Without delays the roots are the eigenvalues.
    inputs : optional
        Constant inputs as for `run`; their defaults if left out.
    count : int
        How many roots of each equilibrium; all that are unstable, where these are more.

    Returns
    -------
    Equilibria
        As of ``equilibria()``; the roots are their ``eigenvalues``, the rightmost first. What
        ``kind`` they are is told by the unstable roots and the one next to them.

    Notes
    -----
    Delays do not change where equilibria are. Synapses along delayed connections count with
    their states. Roots are those of the generator at Chebyshev nodes, as many as all unstable
    roots need, each then solved for by Newton's method on the characteristic equation.

    References
    ----------
    D. Breda, S. Maset and R. Vermiglio, Pseudospectral differencing methods for characteristic
    roots of delay differential equations, SIAM J. Sci. Comput. 27, 482 (2005),
    doi:10.1137/030601600.

    Examples
    --------
    Inhibition that comes late makes a population oscillate:

    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> net = nm.Network({"pop": nm.QIF(tau=10 * ms, eta=5.0, delta=1.0)})
    >>> made = net.connect("pop", "pop", J=-6.0, delay=10 * ms)
    >>> (rest,) = nm.analysis.roots(net)
    >>> print(rest.kind, rest.stable, f"{rest.frequency:.2f~P}")
    saddle-focus False 38.04 Hz
    """
    core = system_of(system, "roots")
    if not isinstance(core, NetworkCore):
        raise TypeError("roots takes a network; a population has equilibria().")
    if whole_number(count, "count") < 1:
        raise ValueError(f"count must be at least 1, and {count} is not.")
    field: Any = field_of(system, inputs, "roots", delays=True)
    states = zeros_in_network(core, field, {})
    if not len(states):
        warn("roots: no equilibrium was found.")
    scale = scales(field, states, 1.0)[:-1] if len(states) else np.ones(states.shape[-1])
    found = [characteristic_roots(field, each, scale, count, fill=True) for each in states]
    natures = [_nature(each) for each in found]
    outputs = outputs_at(field, states)
    return Equilibria(field.columns, states, padded(found), False, natures, outputs)


def _nature(values: Any) -> tuple[str, str]:
    """Kind and stability that characteristic roots tell."""
    unstable = int(np.sum(values.real > 0.0))
    leading = values[: unstable + 1]
    if len(leading) > unstable and leading[-1].imag > 0.0 and unstable:
        leading = np.append(leading[:-1], leading[-1].real)  # it turns, but what grows may not
    return nature(leading)


def characteristic(field: Any, at: Floats, values: Any, scale: Floats) -> Any:
    """The characteristic matrices, in scaled states, at some numbers z, (..., states, states)."""
    each = np.asarray(values)[..., None, None]
    slopes = field.passed_slopes(at, lambda delays: np.exp(-each * delays))
    return each * np.eye(len(scale)) - slopes * scale / scale[:, None]


def characteristic_slope(field: Any, at: Floats, values: Any, scale: Floats) -> Any:
    """Their derivatives by z."""
    each = np.asarray(values)[..., None, None]
    slopes = field.passed_slopes(at, lambda delays: -delays * np.exp(-each * delays), 0.0)
    return np.eye(len(scale)) - slopes * scale / scale[:, None]


def characteristic_roots(
    field: Any, at: Floats, scale: Floats, count: int = COUNT, *, fill: bool = False
) -> Any:
    """The characteristic roots of a network at an equilibrium, the rightmost first.

    They are eigenvalues of the generator of the linear equation, discretised at Chebyshev nodes
    (D. Breda, S. Maset and R. Vermiglio, SIAM J. Sci. Comput. 27, 482, 2005,
    https://doi.org/10.1137/030601600), each of them then found by Newton's method on the
    characteristic equation. Roots of positive real part are not larger than the sum of all
    coupling, and the nodes are as many as such roots need.

    Parameters
    ----------
    field : NetworkField
        The field of the network.
    at : ndarray
        The equilibrium.
    scale : ndarray
        What is large for each state.
    count : int
        How many; all that are unstable, where these are more. Without delays there are as many
        as states.
    fill : bool
        Whether to look for that many with more nodes, if the first ones show fewer.
    """
    longest = field.longest_delay
    if longest == 0.0:
        return _ordered(np.linalg.eigvals(field.slopes(at)).astype(complex))
    found, nodes = np.zeros(0, dtype=complex), _nodes(field, at, longest)
    for finer in (1, 2, 4):  # roots far to the left need more nodes than unstable ones
        guesses, vectors = _discretised(field, at, scale, longest, finer * nodes)
        order = np.argsort(-guesses.real)
        # far from zero are those of the differentiation itself, and no roots
        near = np.abs(guesses) <= finer * nodes / longest
        order = order[near[order] & (guesses.imag[order] >= 0.0)]
        order = order[: max(2 * count, int(np.sum(guesses.real > 0.0)) + 2)]
        found = _refined(field, at, scale, guesses[order], vectors[order], longest)
        found = _ordered(np.concatenate([found, found[found.imag > 0.0].conj()]))
        if not fill or len(found) >= count or finer * nodes * len(scale) > _MOST:
            break
    enough = max(count, int(np.sum(found.real >= 0.0)))
    if enough < len(found) and found[enough - 1].imag > 0.0:
        enough += 1
    return found[:enough]


def _ordered(values: Any) -> Any:
    return values[np.lexsort((-values.imag, -values.real))]


def _nodes(field: Any, at: Floats, longest: float) -> int:
    """Chebyshev nodes that resolve all unstable roots."""
    own = np.abs(field.passed_slopes(at, np.zeros_like))
    coupling = np.abs(field.passed_slopes(at, np.ones_like, 0.0))
    fastest = np.max(np.abs(np.linalg.eigvals(own + coupling)))
    nodes = _FEWEST + int(np.ceil(min(fastest * longest, _MOST)))
    return max(_FEWEST, min(nodes, _MOST // at.shape[-1] - 1))


def _discretised(
    field: Any, at: Floats, scale: Floats, longest: float, nodes: int
) -> tuple[Any, Any]:
    """Eigenvalues of the discretised generator, and of their vectors the present part."""
    size = len(scale)
    places, slopes = _chebyshev(nodes)
    times = 0.5 * longest * (places - 1.0)
    matrix = np.kron(slopes * 2.0 / longest, np.eye(size))
    many = np.broadcast_to(at, (nodes + 1, size))
    parts = field.passed_slopes(many, lambda delays: _lagrange(times, -delays), 0.0)
    parts[0] += field.passed_slopes(at, np.zeros_like)
    parts = parts * scale / scale[:, None]
    matrix[:size] = parts.transpose(1, 0, 2).reshape(size, -1)
    values, vectors = np.linalg.eig(matrix)
    return values, vectors[:size].T


def _chebyshev(nodes: int) -> tuple[Floats, Floats]:
    """Chebyshev nodes from 1 to -1, and the matrix that differentiates polynomials there.

    See L. N. Trefethen, Spectral Methods in MATLAB, chapter 6, doi:10.1137/1.9780898719598.
    """
    k = np.arange(nodes + 1)
    places = np.cos(np.pi * k / nodes)
    ends = np.where((k == 0) | (k == nodes), 2.0, 1.0) * (-1.0) ** k
    gaps = places[:, None] - places + np.eye(nodes + 1)
    matrix = np.outer(ends, 1.0 / ends) / gaps
    return places, matrix - np.diag(matrix.sum(axis=1))


def _lagrange(times: Floats, at: Floats) -> Floats:
    """Polynomials that are one at a Chebyshev node and zero at the others, (nodes, ...)."""
    last = len(times) - 1
    weights = (-1.0) ** np.arange(last + 1)
    weights[[0, last]] *= 0.5
    gaps = at[..., None] - times
    here = np.abs(gaps) < 1e-14 * abs(times[-1])
    terms = weights / np.where(here, 1.0, gaps)
    values = terms / terms.sum(axis=-1, keepdims=True)
    return np.moveaxis(np.where(here.any(axis=-1, keepdims=True), here, values), -1, 0)


def _refined(
    field: Any, at: Floats, scale: Floats, guesses: Any, vectors: Any, longest: float
) -> Any:
    """Roots by Newton's method from guesses of them and of their vectors, each once."""
    values, size = guesses.astype(complex), len(scale)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    across = vectors.conj()
    points = np.broadcast_to(at, (len(values), size))
    steps = np.full(len(values), np.inf)
    for _ in range(_NEWTON):
        matrix = characteristic(field, points, values, scale)
        slope = characteristic_slope(field, points, values, scale)
        whole = np.zeros((len(values), size + 1, size + 1), dtype=complex)
        whole[:, :size, :size] = matrix
        whole[:, :size, size] = np.einsum("rij,rj->ri", slope, vectors)
        whole[:, size, :size] = across
        right = np.zeros((len(values), size + 1, 1), dtype=complex)
        right[:, :size, 0] = np.einsum("rij,rj->ri", matrix, vectors)
        right[:, size, 0] = np.einsum("ri,ri->r", across, vectors) - 1.0
        change = _solved(whole, right)
        vectors, values = vectors - change[:, :size], values - change[:, size]
        steps = np.abs(change[:, size])
        if np.all(steps <= _CLOSE * (np.abs(values) + 1.0 / longest)):
            break
    large = np.abs(values) + 1.0 / longest
    true = (steps <= 1e-9 * large) & (np.abs(values - guesses) <= _MOVED * large)
    kept: list[complex] = []
    for value, guess, one in zip(values[true], guesses[true], large[true], strict=True):
        moved = abs(value - guess) > 1e-6 * one
        if not (moved and any(abs(value - each) < 1e-8 * one for each in kept)):
            real = abs(value.imag) < 1e-12 * one
            kept.append(complex(value.real) if real else complex(value))
    return np.array(kept, dtype=complex)


def _solved(matrices: Any, right: Any) -> Any:
    """Solutions of linear equations, one by one where one of them has none; NaN there."""
    try:
        return np.linalg.solve(matrices, right)[..., 0]
    except np.linalg.LinAlgError:
        found = np.full(right.shape[:-1], np.nan, dtype=complex)
        for i, (matrix, one) in enumerate(zip(matrices, right, strict=True)):
            if np.linalg.det(matrix) != 0.0:
                found[i] = np.linalg.solve(matrix, one)[:, 0]
        return found


def padded(rows: list[Any]) -> Any:
    """Roots of many equilibria as an array; NaN stands for those further left, not known."""
    result = np.full((len(rows), max(map(len, rows), default=0)), complex(np.nan, np.nan))
    for row, each in zip(result, rows, strict=True):
        row[: len(each)] = each
    return result


def turning_root(field: Any, at: Floats, scale: Floats) -> tuple[float, Any, Any]:
    """The pair of roots closest to the imaginary axis.

    Returns
    -------
    omega : float
        Its positive imaginary part.
    q, p : ndarray
        Right and left null vector of the characteristic matrix there.
    """
    values = characteristic_roots(field, at, scale)
    turning = values[values.imag > 0.0]
    root = turning[np.argmin(np.abs(turning.real))]
    left, _, right = np.linalg.svd(characteristic(field, at, root, scale))
    return float(root.imag), right[-1].conj(), left[:, -1]
