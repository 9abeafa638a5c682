"""Equilibria of a model and what happens near them.

A model that can say where all of its equilibria are has a static method ``solve``; for every
other one they are looked for by Newton's method from many points of a box. Either way they are
polished on the declared equations, and their stability is that of the exact Jacobian.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import units
from neuromass.declaration import Model
from neuromass.dynamics.field import Column, Field, ModelField, Solve, search_box
from neuromass.dynamics.results import Named, Saved, lane_columns
from neuromass.errors import brief, suggestion
from neuromass.units import HZ, Measure

__all__ = ["Equilibria", "Equilibrium", "find_equilibria"]

Floats = NDArray[np.float64]
Outputs = Mapping[str, tuple[Measure, Floats]]
"""Output -> its unit, and its values in internal units, those of equilibria first."""
_NO_OUTPUTS: Final[Outputs] = MappingProxyType({})
PER_MS: Final = units.measure("1/ms")

_ROUNDING: Final = 1e-13
"""Eigenvalues below this part of the largest one cannot be told from zero."""
_SPLIT: Final = 3e-8
"""Part of the largest eigenvalue by which a double real one may split for rounding alone."""
_STARTS: Final = 200
"""Points from which a search begins, in each lane."""
_STEPS: Final = 60
"""Steps of Newton's method at most."""


@dataclass(frozen=True, eq=False)
class Equilibrium(Named):
    """An equilibrium: all derivatives are zero.

    Each state and output is an attribute too: ``eq.r`` is ``eq.state["r"]``.

    Attributes
    ----------
    state : mapping
        The states as Quantities, by name; fit for ``initial=`` and, with two stars, `set`.
    kind : str
        ``"node"``, ``"focus"``, ``"saddle"``, ``"saddle-focus"``, ``"centre"``, or
        ``"degenerate"`` where an eigenvalue is zero.
    stability : str
        ``"stable"``, ``"unstable"`` or ``"neutral"``.
    eigenvalues : Quantity
        Eigenvalues of the Jacobian, complex, in 1/ms, the least stable first.
    outputs : mapping
        The outputs as Quantities, by name.
    """

    state: Mapping[str, Any]
    kind: str
    stability: str
    eigenvalues: Any
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("state", "outputs"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def stable(self) -> bool:
        """Whether small deviations die out."""
        return self.stability == "stable"

    @property
    def frequency(self) -> Any:
        """Frequency in Hz at which small deviations turn; 0 Hz where they do not.

        It is the imaginary part of the least stable complex eigenvalue, over 2 pi.
        """
        turning = PER_MS.to_internal(np.abs(np.imag(self.eigenvalues.magnitude)))
        turning = turning[turning > _SPLIT * np.max(np.abs(self.eigenvalues.magnitude), initial=0)]
        return HZ.quantity(float(turning[0]) / (2.0 * np.pi) if len(turning) else 0.0)

    @property
    def names(self) -> list[str]:
        """The states and the outputs."""
        return [*self.state, *self.outputs]

    def quantity(self, name: str) -> Any:
        """A state or an output."""
        return {**self.state, **self.outputs}[name]

    def _unknown(self, name: Any) -> str:
        return f"This equilibrium has no {brief(name)}{suggestion(name, self.names)}"

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.kind, self.stability, self.eigenvalues)
        return Equilibrium, (dict(self.state), *parts, dict(self.outputs))

    def __repr__(self) -> str:
        values = (f"{name} = {value:.6g~P}".rstrip() for name, value in self.state.items())
        return f"<{self.stability} {self.kind}: {', '.join(values)}>"


class Equilibria(Named, Saved, Sequence[Equilibrium]):
    """The equilibria of a system, in ascending order of its output.

    Each state and output is an attribute, a Quantity over all of them: ``eq.r``.

    Parameters
    ----------
    columns : mapping of Column
        States by name, and where their values lie.
    states : ndarray
        (equilibria, states), in internal units.
    eigenvalues : ndarray
        (equilibria, states), in 1/ms.
    complete : bool
        Whether it is proven that there are no others.
    natures : sequence of tuple, optional
        Kind and stability of each, if they are not those of the eigenvalues alone.
    outputs : mapping, optional
        Output -> its unit, and its values in internal units, those of equilibria first.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        states: Floats,
        eigenvalues: Any,
        complete: bool,
        natures: Sequence[tuple[str, str]] | None = None,
        outputs: Outputs = _NO_OUTPUTS,
    ) -> None:
        self._columns = dict(columns)
        self._states = states
        self._eigenvalues = eigenvalues
        self._complete = complete
        known = map(nature, eigenvalues) if natures is None else natures
        self._natures = [(kind, stability) for kind, stability in known]
        self._outputs = {name: (measure, values) for name, (measure, values) in outputs.items()}

    @property
    def complete(self) -> bool:
        """Whether it is proven that these are all; else they are what a search has found."""
        return self._complete

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Which of them are stable."""
        return np.array([stability == "stable" for _, stability in self._natures], dtype=bool)

    @property
    def frequency(self) -> Any:
        """Frequency at which small deviations turn at each of them, in Hz; see `Equilibrium`."""
        own = np.array([each.frequency.m_as("Hz") for each in self], dtype=float)
        return HZ.quantity(HZ.to_internal(own))

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if isinstance(index, str):
            return super().__getitem__(index)
        row = self._states[index]
        state = {name: each.quantity(row) for name, each in self._columns.items()}
        kind, stability = self._natures[index]
        values = self._eigenvalues[index]
        known = values[np.isfinite(values)]
        outputs = {
            name: units.to_quantity(measure, each[index])
            for name, (measure, each) in self._outputs.items()
        }
        return Equilibrium(state, kind, stability, PER_MS.quantity(known), outputs)

    def __iter__(self) -> Iterator[Equilibrium]:
        return (self[i] for i in range(len(self)))

    @property
    def names(self) -> list[str]:
        """The states and the outputs."""
        return [*self._columns, *self._outputs]

    def quantity(self, name: str) -> Any:
        """A state or an output at all of them."""
        if name in self._outputs:
            return units.to_quantity(*self._outputs[name])
        return self._columns[name].quantity(self._states)

    def _unknown(self, name: Any) -> str:
        return f"Equilibria have no {brief(name)}{suggestion(name, self.names)}"

    def to_dataframe(self) -> Any:
        """The equilibria, one row each, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns ``kind``, ``stability``, the states and outputs with their units, and
            ``frequency (Hz)``.
        """
        import pandas  # noqa: PLC0415

        columns: dict[str, Any] = {
            "kind": [kind for kind, _ in self._natures],
            "stability": [stability for _, stability in self._natures],
        }
        measures = {name: column.measure for name, column in self._columns.items()}
        measures |= {name: measure for name, (measure, _) in self._outputs.items()}
        for name, measure in measures.items():
            unit = f" ({measure.symbol})" if measure.symbol else ""
            columns |= lane_columns(name, self[name].magnitude, unit)
        columns["frequency (Hz)"] = self.frequency.m_as("Hz")
        return pandas.DataFrame(columns)

    def stored(self) -> tuple[Any, ...]:
        """What they are made of: the arguments of the class."""
        natures = [list(each) for each in self._natures]
        parts = (self._columns, self._states, self._eigenvalues, self._complete)
        return *parts, natures, {n: list(each) for n, each in self._outputs.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) == 0

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        found = "all equilibria" if self.complete else "equilibria found"
        lines = [f"  {each!r}" for each in self]
        return "\n".join([f"<{len(self)} {found}>", *lines])


def find_equilibria(
    kind: Any,
    columns: Mapping[str, Floats],
    shape: tuple[int, ...],
    within: Mapping[str, Any] | None = None,
) -> Any:
    """The equilibria of a model at constant parameters and inputs.

    Parameters
    ----------
    kind : type
        The model's class.
    columns : mapping
        Value of each parameter and input in internal units, (lanes,).
    shape : tuple of int
        Shape of the lanes.
    within : mapping, optional
        State -> its lowest and highest value, for the search in models without ``solve``.

    Returns
    -------
    Equilibria or ndarray of Equilibria
        For lanes an array of their shape, with the equilibria of each.
    """
    model: Model = kind.current_model()
    field = ModelField(model, columns, solver(kind, model))
    if field.solve is not None and within is None:
        states = _solved(model, field.solve, columns)
    else:
        states = _searched(model, columns, search_box(model, within))
    complete = field.solve is not None and within is None
    found = _examined(model, states, columns, complete)
    if shape == ():
        return found[0]
    lanes = np.empty(len(found), dtype=object)
    lanes[:] = found
    return lanes.reshape(shape)


def solver(kind: Any, model: Model) -> Solve | None:
    """The model's ``solve``, unless the equations are no longer those that it is for."""
    home = next((base for base in kind.__mro__ if "solve" in vars(base)), None)
    if home is None or home.model is None:
        return None
    own = (
        home is kind or home.current_model().equations.arithmetic() == model.equations.arithmetic()
    )
    return home.solve if own else None


def zeros_at(field: Field, name: str, values: Floats) -> tuple[Floats, Floats]:
    """Zeros of a field at some values of a symbol.

    Returns
    -------
    states : ndarray
        (zeros, numbers).
    values : ndarray
        The value of the symbol at each.
    """
    if isinstance(field, ModelField) and field.solve is not None:
        given = {
            n: np.broadcast_to(np.ravel(each), len(values)) for n, each in field.values.items()
        }
        states = _solved(field.model, field.solve, {**given, name: values})
    else:
        low, high = field.box
        starts = np.repeat(starting_points(low, high)[:, None], len(values), axis=1)
        states = search(field.varied(name, values), starts, high - low)
    place, lane = np.nonzero(np.isfinite(states).all(axis=-1))
    return states[place, lane], values[lane]


def _solved(model: Model, solve: Callable[[Any], Any], columns: Mapping[str, Floats]) -> Floats:
    """All equilibria that a model gives, (most, lanes, states); NaN where there are fewer."""
    lanes = len(next(iter(columns.values())))
    with np.errstate(all="ignore"):
        found = solve(SimpleNamespace(**columns))
    rows = [np.broadcast_to(found[name], _widest(found, lanes)) for name in model.states]
    return np.stack(rows, axis=-1)


def _widest(found: Mapping[str, Any], lanes: int) -> tuple[int, int]:
    return max(np.shape(each)[0] for each in found.values() if np.ndim(each) == 2), lanes


def each_lane(solve: Callable[[Any], list[dict[str, float]]]) -> Callable[[Any], Any]:
    """Turn a ``solve`` for single numbers into one for arrays over lanes."""

    def over_lanes(p: Any) -> dict[str, Floats]:
        columns = vars(p)
        lanes = len(next(iter(columns.values())))
        found = [
            solve(SimpleNamespace(**{name: float(each[i]) for name, each in columns.items()}))
            for i in range(lanes)
        ]
        most = max(map(len, found), default=0)
        names = next((each[0] for each in found if each), {})
        result = {name: np.full((most, lanes), np.nan) for name in names}
        for lane, several in enumerate(found):
            for place, one in enumerate(several):
                for name, value in one.items():
                    result[name][place, lane] = value
        return result or {name: np.full((0, lanes), np.nan) for name in ("r",)}

    return over_lanes


# --------------------------------------------------------------------------- the search


def starting_points(low: Floats, high: Floats) -> Floats:
    """Points spread evenly over a box: Halton's sequence, with its corners left out."""
    primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
    points = np.empty((_STARTS, len(low)))
    for column in range(len(low)):
        base = primes[column % len(primes)]
        index, part = np.arange(1, _STARTS + 1) + 20 * (column // len(primes)), 1.0
        value = np.zeros(_STARTS)
        while index.any():
            part /= base
            value += part * (index % base)
            index //= base
        points[:, column] = value
    return low + points * (high - low)


def _searched(model: Model, columns: Mapping[str, Floats], box: tuple[Floats, Floats]) -> Floats:
    """Equilibria of a model in each lane, (most, lanes, states)."""
    lanes = len(next(iter(columns.values()), np.zeros(1)))
    starts = np.repeat(starting_points(*box)[:, None], lanes, axis=1)
    values = {name: np.broadcast_to(each, (len(starts), lanes)) for name, each in columns.items()}
    return search(ModelField(model, values), starts, box[1] - box[0])


def search(field: Field, starts: Floats, width: Floats) -> Floats:
    """Zeros of a vector field by damped Newton steps from many points.

    Parameters
    ----------
    field : Field
        The field.
    starts : ndarray
        (points, lanes, numbers).
    width : ndarray
        What is large for each number.

    Returns
    -------
    ndarray
        (most, lanes, numbers), each zero once in its lane; NaN where there are fewer.
    """
    at, settled = starts, np.zeros(starts.shape[:-1], dtype=bool)
    for _ in range(_STEPS):
        at, settled = _newton_step(field, at, width)
    settled &= np.all(at >= lowest_numbers(field) - 1e-9 * width, axis=-1)
    at[~settled] = np.nan
    return _distinct(at, width)


def lowest_numbers(field: Field) -> Floats:
    """What no number of a system can be below."""
    columns = field.columns.values()
    return np.concatenate([np.full(math.prod(each.shape), each.lower) for each in columns])


def _newton_step(field: Field, at: Floats, width: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """A step of Newton's method, halved up to six times where the rates would not fall."""
    rate = field.rates(at)
    step = -_quotient(field.slopes(at), rate)
    size = _size(rate, width)
    best, part = at, np.ones(at.shape[:-1])
    for _ in range(6):
        tried = at + part[..., None] * step
        better = _size(field.rates(tried), width) < size
        best = np.where(better[..., None], tried, best)
        if better.all():
            break
        part = np.where(better, part, 0.5 * part)
    close: NDArray[np.bool_] = np.less_equal(np.abs(step), 1e-9 * (np.abs(at) + 1e-3 * width))
    return best, close.all(axis=-1) & np.isfinite(size)


def _size(rate: Floats, width: Floats) -> Floats:
    size: Floats = np.max(np.abs(rate) / width, axis=-1)
    return np.where(np.isfinite(size), size, np.inf)


def _quotient(slope: Floats, rate: Floats) -> Floats:
    """Solutions of linear equations; NaN where there is none."""
    fine = np.asarray(np.isfinite(slope).all(axis=(-1, -2)) & np.isfinite(rate).all(axis=-1))
    with np.errstate(all="ignore"):
        solvable = np.linalg.det(np.where(fine[..., None, None], slope, 0.0)) != 0.0
    fine = np.logical_and(fine, solvable)
    result = np.full(rate.shape, np.nan)
    if fine.any():
        result[fine] = np.linalg.solve(slope[fine], rate[fine][..., None])[..., 0]
    return result


def _distinct(at: Floats, width: Floats) -> Floats:
    """Each point once, in every lane."""
    kept: list[list[Floats]] = []
    for lane in range(at.shape[1]):
        found: list[Floats] = []
        for point in at[:, lane]:
            near = (np.all(np.abs(point - each) < 1e-6 * width) for each in found)
            if np.isfinite(point).all() and not any(near):
                found.append(point)
        kept.append(found)
    result = np.full((max(map(len, kept), default=0), at.shape[1], at.shape[2]), np.nan)
    for lane, found in enumerate(kept):
        for place, point in enumerate(found):
            result[place, lane] = point
    return result


# ------------------------------------------------------------------------ what they are


def _examined(
    model: Model, states: Floats, columns: Mapping[str, Floats], complete: bool
) -> list[Equilibria]:
    """Equilibria of a model in each lane, polished, with their eigenvalues."""
    place, lane = np.nonzero(~np.isnan(states[..., 0]))
    values = {name: each[lane] for name, each in columns.items()}
    field = ModelField(model, values)
    at, eigenvalues = examined(field, states[place, lane])
    outputs = outputs_at(field, at)
    result = []
    for number in range(states.shape[1]):
        own = np.flatnonzero(lane == number)
        own = own[np.lexsort(at[own].T[::-1])] if len(own) else own
        own = _without_repeats(at, own)
        here = {name: (measure, each[own]) for name, (measure, each) in outputs.items()}
        parts = (at[own] + 0.0, eigenvalues[own], complete)
        result.append(Equilibria(field.columns, *parts, outputs=here))
    return result


def outputs_at(field: Field, at: Floats) -> Outputs:
    """The outputs of a field at some points, with their units."""
    with np.errstate(all="ignore"):
        return {name: (unit, field.output(name, at)) for name, unit in field.outputs.items()}


def examined(field: Field, at: Floats) -> tuple[Floats, Any]:
    """Zeros of a field polished, and their eigenvalues, the least stable first."""
    at = _polished(field, at)
    if not len(at):
        return at, np.zeros(at.shape, dtype=complex)
    slope = field.slopes(at)
    values = np.linalg.eigvals(np.where(np.isfinite(slope), slope, 0.0)).astype(complex)
    order = np.lexsort((-values.imag, -values.real), axis=-1)
    return at, np.take_along_axis(values, order, axis=-1)


def _without_repeats(at: Floats, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rows, those left out that differ from the one before by rounding alone."""
    kept: list[int] = []
    for row in rows.tolist():
        if not kept or not np.allclose(at[row], at[kept[-1]], rtol=1e-12, atol=1e-300):
            kept.append(row)
    return np.array(kept, dtype=np.intp)


def _polished(field: Field, at: Floats) -> Floats:
    """Newton steps, as long as they bring the rates down."""
    size = np.max(np.abs(field.rates(at)), axis=-1, initial=0.0)
    for _ in range(4 if len(at) else 0):
        step = _quotient(field.slopes(at), field.rates(at))
        moved = at - np.where(np.isfinite(step), step, 0.0)
        new = np.max(np.abs(field.rates(moved)), axis=-1)
        better = new < size
        at, size = np.where(better[:, None], moved, at), np.where(better, new, size)
    return at


def nature(eigenvalues: Any) -> tuple[str, str]:
    """Kind and stability that the eigenvalues tell."""
    largest = np.max(np.abs(eigenvalues), initial=0.0)
    turning = np.abs(eigenvalues.imag) > _SPLIT * largest
    tiny = _ROUNDING * largest
    growing = eigenvalues.real > tiny
    resting = np.abs(eigenvalues.real) <= tiny
    stability = "unstable" if growing.any() else "neutral" if resting.any() else "stable"
    if (resting & ~turning).any():
        return "degenerate", stability
    if resting.any():
        return "centre", stability
    if growing.any() and not growing.all():
        return ("saddle-focus" if turning.any() else "saddle"), stability
    return ("focus" if turning.any() else "node"), stability
