"""From what ``connect`` is given to weights and delays of pairs of lanes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.units import MS, Measure

Floats = NDArray[np.float64]
Ints = NDArray[np.signedinteger[Any]]
Shape = tuple[int, ...]
LENGTH: Final = units.measure("mm")
SPEED: Final = units.measure("metre/second")
MOST: Final = 1 << 31
"""Numbers that the past of a connection may take; 17 GB."""

AT_ONCE: Final = 1 << 18
"""Pairs whose delays are rounded at once."""


@dataclass(frozen=True)
class Pairs:
    """The connected pairs of lanes, by target and ascending source.

    Attributes
    ----------
    targets, sources : ndarray of int
        Lanes of each pair.
    values : ndarray
        Strength of each pair, in internal units; never 0.
    delays : ndarray
        Delay of each pair in ms.
    aligned : bool
        Whether they go from lane to lane, or from a single lane to each.
    """

    targets: Ints
    sources: Ints
    values: Floats
    delays: Floats
    aligned: bool


def is_sparse(value: Any) -> bool:
    """Whether a value is a matrix of scipy.sparse."""
    return hasattr(value, "tocoo")


def strengths(value: Any, unit: Measure, name: str) -> Any:
    """A strength as a float, a float array or a sparse matrix, in internal units."""
    result = _converted(value, unit, name)
    units.require_finite(result.data if is_sparse(result) else result, name)
    return result


def _converted(value: Any, unit: Measure, name: str, example: float | None = None) -> Any:
    plain = value.magnitude if units.is_quantity(value) and hasattr(value, "magnitude") else value
    if not is_sparse(plain):
        return units.to_internal(value, unit, name, example)
    if plain.ndim != 2:
        raise ValueError(f"{name} as a sparse array must be a matrix [target, source].")
    if plain.dtype.kind not in "fiu":
        kinds = {"b": "True and False", "c": "complex numbers"}
        raise TypeError(
            f"{name} needs plain numbers, not {kinds.get(plain.dtype.kind, plain.dtype)}; convert "
            f"the matrix, for example A.astype(float)."
        )
    one = 1.0 * value.units if units.is_quantity(value) else 1.0
    scale = units.to_internal(one, unit, name, example)
    made = plain.tocsr(copy=True).astype(float)
    made.sum_duplicates()  # and sorts them
    made.data *= scale
    return made


def delays(value: Any, name: str) -> Any:
    """Delays in ms, checked; none for None."""
    if value is None:
        return 0.0
    return _not_negative(_converted(value, MS, name, 1.0), MS, name)


def ways(distances: Any, speed: Any, between: str) -> tuple[Any, Any]:
    """Distances in mm and speeds in m/s, checked."""
    if distances is None or speed is None:
        raise ValueError(f"{between}: distances and speed are given together.")
    name = f"{between}: distances"
    far = _not_negative(_converted(distances, LENGTH, name, 10.0), LENGTH, name)
    return far, _speed(speed, far, f"{between}: speed")


def _speed(speed: Any, far: Any, name: str) -> Any:
    fast = units.to_internal(speed, SPEED, name, 5.0)
    units.require_finite(fast, name)
    if np.min(fast, initial=1.0) <= 0.0:
        raise ValueError(f"{name} must be positive, and {units.shown(np.min(fast), SPEED)} is not.")
    shape = np.shape(far)
    if np.ndim(fast) and is_sparse(far):
        raise ValueError(f"{name} is one value where distances are a sparse matrix.")
    if np.ndim(fast) and shape not in ((), np.shape(fast)):
        raise ValueError(
            f"{name} has the shape {np.shape(fast)}; it is one value, or has the shape {shape} of "
            f"the distances."
        )
    return fast


def _not_negative(value: Any, unit: Measure, name: str) -> Any:
    flat = value.data if is_sparse(value) else value
    units.require_finite(flat, name)
    least = np.min(flat, initial=0.0)
    if least < 0.0:
        raise ValueError(f"{name} must not be negative, and {units.shown(least, unit)} is.")
    return value


def pairs(
    strength: Any,
    delay: Any,
    target: Shape,
    source: Shape,
    between: str,
    what: str,
    late: str = "delay",
) -> Pairs:
    """All connected pairs of a connection.

    Parameters
    ----------
    strength : float, ndarray or sparse matrix
        In internal units: one value for lane to lane, a value for each lane, or a matrix
        [target, source].
    delay : float, ndarray or sparse matrix
        In ms, likewise.
    target, source : tuple of int
        Shapes of the lanes.
    between : str
        Name of the connection, for errors.
    what, late : str
        What the strength and the delay are called, for errors.
    """
    targets, sources = math.prod(target), math.prod(source)
    aligned = not _is_matrix(strength, target, sources)
    if not aligned and not is_sparse(strength):
        _check_matrix(np.shape(strength), targets, sources, between, what)
        return _of_matrix(strength, delay, target, sources, between, late)
    if aligned:
        to, start = _lane_to_lane(target, source, between, what)
        values = _for_each_lane(strength, target, between, what)
    else:
        _check_matrix(strength.shape, targets, sources, between, what)
        table = strength.tocoo()
        to, start = table.row.astype(np.int32), table.col.astype(np.int32)
        values = table.data
    used = values != 0.0
    to, start = to[used], start[used]
    if _is_matrix(delay, target, sources):
        _check_matrix(delay.shape, targets, sources, between, late)
        if aligned and sources > 1:
            raise ValueError(
                f"{between}: {late} is a matrix [target, source], but {what} goes from lane to "
                f"lane. Give {what} as a matrix [target, source], too, for example {what} * "
                f"np.ones(({targets}, {sources}))."
            )
        found = delay[to, start] if len(to) else np.zeros(0)  # scipy has a matrix for no index
        times = np.asarray(found, dtype=float).reshape(-1)
    else:
        times = _for_each_lane(delay, target, between, late)[to]
    return Pairs(to, start, values[used], times, aligned)


def _of_matrix(
    strength: Floats, delay: Any, target: Shape, sources: int, between: str, late: str
) -> Pairs:
    """The pairs of a whole matrix, without copies where all of them are connected."""
    targets = len(strength)
    used = strength != 0.0
    lanes, starts = np.arange(targets, dtype=np.int32), np.arange(sources, dtype=np.int32)
    to = np.repeat(lanes, np.count_nonzero(used, axis=1))
    if len(to) == strength.size:
        flat = lambda matrix: np.ascontiguousarray(matrix).reshape(-1)
    else:
        flat = lambda matrix: matrix[used]
    start = flat(np.broadcast_to(starts, strength.shape))
    if not _is_matrix(delay, target, sources):
        times = _for_each_lane(delay, target, between, late)[to]
        return Pairs(to, start, flat(strength), times, aligned=False)
    _check_matrix(delay.shape, targets, sources, between, late)
    matrix = np.asarray(delay.todense() if is_sparse(delay) else delay, dtype=float)
    return Pairs(to, start, flat(strength), flat(matrix), aligned=False)


def _is_matrix(value: Any, target: Shape, sources: int) -> bool:
    """Whether a value is [target, source]; one of the shape of the target's lanes is not."""
    if is_sparse(value):
        return True
    shape = np.shape(value)
    return len(shape) == 2 and (shape != target or shape == (math.prod(target), sources))


def _check_matrix(shape: Shape, targets: int, sources: int, between: str, what: str) -> None:
    if tuple(shape) != (targets, sources):
        raise ValueError(
            f"{between}: {what} has the shape {tuple(shape)}; as a matrix [target, source] it "
            f"needs ({targets}, {sources})."
        )


def _lane_to_lane(target: Shape, source: Shape, between: str, what: str) -> tuple[Ints, Ints]:
    targets, sources = math.prod(target), math.prod(source)
    if sources != 1 and source != target:
        raise ValueError(
            f"{between} goes from lanes {source} to lanes {target or '()'}; give {what} as a "
            f"matrix [target, source] of the shape ({targets}, {sources})."
        )
    to = np.arange(targets)
    return to, np.zeros_like(to) if sources == 1 else to.copy()


def _for_each_lane(value: Any, target: Shape, between: str, what: str) -> Floats:
    """One value, or one for each of the target's lanes, flat."""
    if np.ndim(value) and np.shape(value) not in (target, (1,)):
        raise ValueError(
            f"{between}: {what} has the shape {np.shape(value)}; it is one value, "
            f"{f'one for each of the lanes {target}, ' if target else ''}or a matrix "
            f"[target, source]."
        )
    if np.shape(value) == (1,):
        value = value[0]
    return np.broadcast_to(np.asarray(value, dtype=float), target).reshape(-1)


def check_memory(pairs_of: Pairs, dt: float, lanes: int, between: str) -> None:
    """Refuse delays so long that no computer remembers what was sent."""
    longest = float(np.max(pairs_of.delays, initial=0.0))
    numbers = 1.5 * lanes * longest / dt  # half as much again, so that it is seldom moved
    if numbers >= MOST:
        raise ValueError(
            f"{between}: to remember {units.shown(longest, MS)} in steps of "
            f"{units.shown(dt, MS)} would take {numbers * 8 / 1e9:.3g} GB. Take shorter delays or "
            f"a larger dt."
        )


def in_steps(pairs_of: Pairs, dt: float, between: str, lift: bool) -> tuple[Ints, Floats]:
    """Delays as whole steps and the fraction of a step beyond.

    Parameters
    ----------
    pairs_of : Pairs
        The pairs.
    dt : float
        The step in ms.
    between : str
        Name of the connection, for errors.
    lift : bool
        Whether a delay between 0 and dt becomes dt.

    Raises
    ------
    ValueError
        For a delay between 0 and dt that is not to be lifted.
    """
    count = len(pairs_of.delays)
    steps, fractions = np.empty(count, dtype=np.int32), np.broadcast_to(np.zeros(1), count)
    for begin in range(0, count, AT_ONCE):  # matrices are large
        part = slice(begin, begin + AT_ONCE)
        exact = pairs_of.delays[part] / dt
        near = np.rint(exact)
        exact = np.where(np.abs(exact - near) < 1e-6, near, exact)
        short = (exact > 0.0) & (exact < 1.0)
        if np.any(short):
            if not lift:
                raise _too_short(pairs_of, begin + int(np.argmax(short)), dt, between)
            exact[short] = 1.0
        steps[part] = np.floor(exact, out=near)
        exact -= near
        if np.any(exact):
            fractions = fractions if fractions.flags.writeable else np.zeros(count)
            fractions[part] = exact
    return steps, fractions


def _too_short(pairs_of: Pairs, which: int, dt: float, between: str) -> ValueError:
    """The error for a delay between 0 and dt."""
    pair = ""
    if len(pairs_of.delays) > 1:
        pair = f" to lane {pairs_of.targets[which]} from lane {pairs_of.sources[which]}"
    return ValueError(
        f"{between}: the delay{pair} is {units.shown(pairs_of.delays[which], MS)}, shorter than "
        f"the step of {units.shown(dt, MS)}. Take a smaller dt, no delay, or "
        f"Network(..., short_delays='dt') to lift it to dt."
    )
