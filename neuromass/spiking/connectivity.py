"""Which neurons get the spikes of which others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.errors import brief, whole_number
from neuromass.units import DIMENSIONLESS

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Connections by source.

    Attributes
    ----------
    starts : ndarray of int64
        Where those of each source begin, and where the last ones end.
    targets : ndarray of int32
        Their targets, ascending for each source.
    weights : ndarray
        Their weights; a single one if they are all alike.
    totals : ndarray
        Sum of the weights of each target.
    shares : ndarray
        Sum of the weights of each source.
    """

    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: Floats
    totals: Floats
    shares: Floats

    def fingerprint(self) -> bytes:
        """What is equal exactly for the same connections."""
        return self.starts.tobytes() + self.targets.tobytes() + self.weights.tobytes()


def connectivity_of(given: Any, count: int, seed: int) -> Connectivity | None:
    """Connections as a user gives them: None for all to all, an in-degree, or a matrix.

    Parameters
    ----------
    given : None, int, array or sparse matrix
        A matrix is [target, source].
    count : int
        Number of neurons.
    seed : int
        For connections that are drawn.
    """
    if given is None:
        return None
    if hasattr(given, "tocsc") or (isinstance(given, np.ndarray) and given.ndim):
        return _given(given, count)
    if isinstance(given, (list, tuple)) or units.is_quantity(given):
        raise TypeError(
            f"connectivity takes the number of neurons that each gets spikes from, or a matrix of "
            f"plain weights [target, source], not {brief(given)}."
        )
    degree = whole_number(given, "connectivity")
    if not 1 <= degree <= count:
        raise ValueError(
            f"connectivity = {degree}: each of the {count} neurons can get the spikes of 1 to "
            f"{count} others."
        )
    return _drawn(degree, count, seed)


def _drawn(degree: int, count: int, seed: int) -> Connectivity:
    """Each neuron gets the spikes of so many different ones, drawn for it."""
    rng = np.random.default_rng([seed, 3])
    sources = np.empty((count, degree), dtype=np.int32)
    for row in sources:
        row[:] = rng.choice(count, degree, replace=False, shuffle=False)
    targets = np.repeat(np.arange(count, dtype=np.int32), degree)
    weight = np.full(1, 1.0 / degree)
    return _by_source(sources.ravel(), targets, weight, count, np.ones(count))


def _given(matrix: Any, count: int) -> Connectivity:
    if matrix.shape != (count, count):
        raise ValueError(
            f"connectivity has the shape {matrix.shape}, and the network has {count} neurons: it "
            f"needs ({count}, {count}), [target, source]."
        )
    if hasattr(matrix, "tocoo"):
        found = matrix.tocsr().tocoo()  # which adds up what is there twice
        targets, sources, weights = found.row, found.col, found.data
    else:
        units.refuse_foreign_units(matrix, "connectivity")
        targets, sources = np.nonzero(matrix)
        weights = matrix[targets, sources]
    plain = np.asarray(units.to_internal(weights, DIMENSIONLESS, "connectivity"), dtype=float)
    units.require_finite(plain, "connectivity")
    totals = np.asarray(np.bincount(targets, plain, count), dtype=float)
    return _by_source(sources, targets, plain, count, totals)


def _by_source(
    sources: Any, targets: Any, weights: Floats, count: int, totals: Floats
) -> Connectivity:
    order = np.lexsort((targets, sources))
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(sources, minlength=count), out=starts[1:])
    sorted_weights = weights if weights.size == 1 else weights[order]
    each = np.broadcast_to(weights, sources.shape)
    shares = np.asarray(np.bincount(sources, each, count), dtype=float)
    return Connectivity(starts, targets[order].astype(np.int32), sorted_weights, totals, shares)
