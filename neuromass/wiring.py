"""From what ``connect`` is given to weights and delays of pairs of lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]
DENSE_FROM = 0.25
"""Part of all pairs from which on a matrix is kept whole."""


@dataclass(frozen=True)
class Pairs:
    """The connected pairs of lanes, by target and ascending source.

    Attributes
    ----------
    targets, sources : ndarray of int
        Lanes of each pair.
    values : ndarray
        Strength of each pair, in internal units.
    delays : ndarray
        Delay of each pair in ms.
    dense : bool
        Whether it is worth while to treat them as a whole matrix.
    """

    targets: NDArray[np.int64]
    sources: NDArray[np.int64]
    values: Floats
    delays: Floats
    dense: bool


def strengths(value: Any, unit: Measure, name: str) -> Any:
    """A strength as a float, a float array, or a sparse matrix in coordinates, in internal units."""
    plain = value.magnitude if units.is_quantity(value) and hasattr(value, "magnitude") else value
    if not _is_sparse(plain):
        result = units.internal(value, unit, name)
        units.require_finite(result, name)
        return result
    table = plain.tocoo()
    one = value.units if units.is_quantity(value) else 1.0
    scale = units.internal(1.0 * one, unit, name)
    data = np.asarray(table.data, dtype=float) * scale
    units.require_finite(data, name)
    made = table.copy()
    made.data = data
    return made


def _is_sparse(value: Any) -> bool:
    return hasattr(value, "tocoo")


def delays_of(delay: Any, distances: Any, speed: Any) -> Any:
    """Delays in ms, as a float or an array, from delays or from distances and a speed."""
    if distances is None and speed is None:
        if delay is None:
            return 0.0
        plain = units.internal(delay, MS, "delay", 1.0)
    else:
        if delay is not None:
            raise ValueError("Give either delay, or distances and speed.")
        if distances is None or speed is None:
            raise ValueError("distances and speed are given together.")
        far = units.internal(distances, units.measure("mm"), "distances", 10.0)
        fast = units.internal(speed, units.measure("metre/second"), "speed", 5.0)
        units.require_finite(fast, "speed")
        if np.min(fast) <= 0.0:
            raise ValueError("speed must be positive.")
        plain = far / fast
    units.require_finite(plain, "delay")
    if np.min(plain) < 0.0:
        raise ValueError(f"delay must not be negative, and {units.shown(np.min(plain), MS)} is.")
    return plain


def pairs(
    strength: Any, delay: Any, targets: int, sources: int, between: str, what: str
) -> Pairs:
    """All connected pairs of a connection.

    Parameters
    ----------
    strength : float, ndarray or sparse matrix
        In internal units: one value for lane to lane, a value for each lane, or a matrix
        [target, source].
    delay : float or ndarray
        In ms, likewise.
    targets, sources : int
        Numbers of lanes.
    between : str
        The names of both, for errors.
    what : str
        What the strength is called, for errors.
    """
    if _is_sparse(strength):
        _check_matrix(strength.shape, targets, sources, between, what)
        order = np.lexsort((strength.col, strength.row))
        to, start = strength.row[order].astype(np.int64), strength.col[order].astype(np.int64)
        values = strength.data[order]
        dense = len(values) > DENSE_FROM * targets * sources and targets * sources > 64
    elif np.ndim(strength) == 2:
        _check_matrix(np.shape(strength), targets, sources, between, what)
        to, start = (each.astype(np.int64) for each in np.nonzero(strength))
        values = strength[to, start]
        dense = len(values) > DENSE_FROM * targets * sources and targets * sources > 64
    else:
        to, start = _lane_to_lane(targets, sources, between, what)
        values = _vector(strength, len(to), between, what)
        dense = False
    times = _pair_delays(delay, to, start, targets, sources, between)
    used = values != 0.0
    return Pairs(to[used], start[used], values[used], times[used], dense)


def _check_matrix(
    shape: tuple[int, ...], targets: int, sources: int, between: str, what: str
) -> None:
    if tuple(shape) != (targets, sources):
        raise ValueError(
            f"{what} of {between} has the shape {tuple(shape)}; as a matrix [target, source] it "
            f"needs ({targets}, {sources})."
        )


def _lane_to_lane(
    targets: int, sources: int, between: str, what: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if sources not in (1, targets):
        raise ValueError(
            f"{between} goes from {sources} lanes to {targets}; give {what} as a matrix "
            f"[target, source] of the shape ({targets}, {sources})."
        )
    to = np.arange(targets)
    return to, np.zeros_like(to) if sources == 1 else to.copy()


def _vector(value: Any, count: int, between: str, what: str) -> Floats:
    flat = np.asarray(value, dtype=float).reshape(-1)
    if flat.size not in (1, count):
        raise ValueError(
            f"{what} of {between} has {flat.size} values, but there are {count} pairs of lanes."
        )
    return np.broadcast_to(flat, (count,)).copy()


def _pair_delays(
    delay: Any,
    to: NDArray[np.int64],
    start: NDArray[np.int64],
    targets: int,
    sources: int,
    between: str,
) -> Floats:
    if np.ndim(delay) == 2:
        _check_matrix(np.shape(delay), targets, sources, between, "delay")
        return np.asarray(delay[to, start], dtype=float)
    flat = np.asarray(delay, dtype=float).reshape(-1)
    if flat.size == 1:
        return np.full(len(to), flat[0])
    if flat.size == targets:
        return flat[to]
    raise ValueError(
        f"delay of {between} has {flat.size} values; it needs one, one for each of the {targets} "
        f"targets, or a matrix [target, source]."
    )


def in_steps(pairs_of: Pairs, dt: float, between: str, lift: bool) -> tuple[Any, Any]:
    """Delays as whole steps and the fraction of a step beyond.

    Parameters
    ----------
    pairs_of : Pairs
        The pairs.
    dt : float
        The step in ms.
    between : str
        The names of source and target, for errors.
    lift : bool
        Whether a delay between 0 and dt becomes dt.

    Raises
    ------
    ValueError
        For a delay between 0 and dt that is not to be lifted.
    """
    exact = pairs_of.delays / dt
    near = np.rint(exact)
    exact = np.where(np.abs(exact - near) < 1e-6, near, exact)
    short = (exact > 0.0) & (exact < 1.0)
    if np.any(short):
        if not lift:
            first = int(np.argmax(short))
            pair = ""
            if len(exact) > 1:
                pair = f" to lane {pairs_of.targets[first]} from lane {pairs_of.sources[first]}"
            raise ValueError(
                f"The delay of {between}{pair} is {units.shown(pairs_of.delays[first], MS)}, shorter "
                f"than the step of {units.shown(dt, MS)}. Take a smaller dt, no delay, or "
                f"Network(..., short_delays='dt') to lift it to dt."
            )
        exact = np.where(short, 1.0, exact)
    whole = np.floor(exact)
    return whole.astype(np.int64), exact - whole
