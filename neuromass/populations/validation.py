"""What a population is given, checked: each function refuses with a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuromass import noise as noises
from neuromass import units
from neuromass.declaration import Model
from neuromass.errors import brief, knows_its_unit, one_of, suggestion, whole_number
from neuromass.kernels.methods import METHODS
from neuromass.units import MS

Floats = NDArray[np.float64]

KEYWORDS: Final = ("shape", "initial", "noise", "seed", "lane", "dt", "method", "labels")
"""What a population takes besides parameters."""


def check_known(
    given: Iterable[str], model: Model, *, states: bool = False, keywords: bool = False
) -> None:
    """Refuse a name that is no parameter, nor a state or a keyword where those may stand."""
    known = [*model.parameters]
    if states:
        known += model.states
    else:
        known += KEYWORDS
    for name in given:
        if name in known and (keywords or states or name in model.parameters):
            continue
        if name in model.states:
            raise TypeError(
                f"{name} is a state of {model.name}; give its start as initial={{'{name}': ...}}."
            )
        if name in model.inputs:
            raise TypeError(
                f"{name} is an input of {model.name}; feed it with update({name}=...) or "
                f"run(..., inputs=...)."
            )
        raise TypeError(f"{model.name} has no parameter {brief(name)}{suggestion(name, known)}")


def method_of(method: Any) -> str:
    """The method, checked."""
    return str(one_of(method, "method", METHODS))


def step_of(dt: Any, model: Model) -> float:
    """The step in ms, checked; the model's default if none is given."""
    if dt is None:
        return model.dt
    plain = units.to_internal(dt, MS, "dt", model.dt)
    units.require_finite(plain, "dt")
    if not isinstance(plain, float):
        raise ValueError("dt is one time for all lanes, not an array.")
    if plain <= 0.0:
        raise ValueError(f"dt must be positive, and {units.shown(plain, MS)} is not.")
    return plain


def lane_of(lane: Any) -> int:
    """The number of the first lane, checked."""
    number = whole_number(lane, "lane")
    if not 0 <= number < 2**31:
        raise ValueError(f"lane must lie between 0 and 2**31 - 1, and {number} does not.")
    return number


def labels_of(labels: Any) -> tuple[str, ...] | None:
    """Names of the lanes, checked."""
    if labels is None:
        return None
    if not units.is_listing(labels):
        raise TypeError(f"labels are names of the lanes, labels=['V1', 'V2'], not {brief(labels)}.")
    names = tuple(labels)
    if not names or not all(isinstance(each, str) and each for each in names):
        raise TypeError(f"labels are text, one for each lane, not {brief(labels)}.")
    names = tuple(str(each) for each in names)
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise ValueError(f"labels names {brief(twice)} twice.")
    return names


def labelled_shape(
    shape: tuple[int, ...], labels: tuple[str, ...] | None, fixed: bool
) -> tuple[int, ...]:
    """The shape of the lanes, which labels must fit, or decide where nothing else does."""
    if labels is None:
        return shape
    if shape == () and not fixed:
        return (len(labels),)
    if shape != (len(labels),):
        raise ValueError(
            f"labels has {len(labels)} names, but the population has {shape or 'a single lane'}."
        )
    return shape


def lanes_at(at: Any, labels: tuple[str, ...] | None) -> Any:
    """An index of lanes, from one or from the names of some."""
    _refuse_units(at, at)
    names = [at] if isinstance(at, str) else at
    if not (isinstance(names, list | tuple) and names and all(isinstance(x, str) for x in names)):
        return at
    if labels is None:
        raise IndexError(f"at={brief(at)} is no index, and the lanes have no labels.")
    for name in names:
        if name not in labels:
            raise IndexError(f"at: there is no lane {brief(name)}{suggestion(name, labels)}")
    places = [labels.index(name) for name in names]
    return places[0] if isinstance(at, str) else places


def _refuse_units(at: Any, part: Any) -> None:
    """Refuse an index that has a unit, which would be lost."""
    if isinstance(part, list | tuple):
        for each in part:
            _refuse_units(at, each)
    elif type(part) is np.ndarray and part.dtype == object:
        _refuse_units(at, part.ravel().tolist())
    elif knows_its_unit(part):
        raise IndexError(
            f"at={brief(at)} has a unit, and lanes are counted without one; write for example "
            f"at=0 or at=[0, 2]."
        )


def initial_of(model: Model, initial: Any) -> dict[str, Floats]:
    """Initial values of all states, checked, in internal units."""
    given = {} if initial is None else initial
    if not hasattr(given, "items"):
        raise TypeError(f"initial maps states to values, not {type(initial).__name__}.")
    for name in given:
        if name not in model.states:
            raise ValueError(
                f"initial: {model.name} has no state {brief(name)}{suggestion(name, model.states)}"
            )
    return {
        name: np.asarray(each.convert(given[name]) if name in given else each.default)
        for name, each in model.states.items()
    }


def shape_of(
    shape: Any, values: Mapping[str, Floats], sources: Iterable[noises.Resolved]
) -> tuple[int, ...]:
    """The shape of the lanes: as given, or as the values have it together."""
    named = dict(values)
    for each in sources:
        named[f"noise[{each.target!r}].sigma"] = np.asarray(each.sigma)
        if each.coloured:
            named[f"noise[{each.target!r}].tau"] = np.asarray(each.tau)
    if shape is not None:
        wanted = _given_shape(shape)
        for name, value in named.items():
            check_broadcast(name, value, wanted)
        return _with_correlations(wanted, sources, fixed=True)
    common: tuple[int, ...] = ()
    for name, value in named.items():
        try:
            common = np.broadcast_shapes(common, value.shape)
        except ValueError:
            raise ValueError(
                f"{name} has the shape {value.shape}, which does not go with the {common} of "
                f"the others."
            ) from None
    if 0 in common:
        raise ValueError("An array without elements makes no population.")
    return _with_correlations(common, sources, fixed=False)


def _with_correlations(
    shape: tuple[int, ...], sources: Iterable[noises.Resolved], fixed: bool
) -> tuple[int, ...]:
    """The shape, which correlations must fit, or decide where nothing else does."""
    for each in sources:
        if each.factor is None:
            continue
        lanes = len(each.factor)
        if shape == () and not fixed:
            shape = (lanes,)
        if math.prod(shape) != lanes:
            raise ValueError(
                f"noise[{each.target!r}].correlation is between {lanes} lanes, but the "
                f"population has {shape or 'a single lane'}."
            )
    return shape


def _given_shape(shape: Any) -> tuple[int, ...]:
    parts = shape if isinstance(shape, (tuple, list)) else (shape,)
    whole = tuple(whole_number(each, "shape") for each in parts)
    if any(each < 1 for each in whole) or len(whole) > 32:
        raise ValueError(
            f"shape must be a positive whole number or a tuple of them, not {brief(shape)}."
        )
    if math.prod(whole) >= 2**48:
        raise ValueError(
            f"shape needs a number of lanes that fits into memory, not {brief(shape)}."
        )
    return whole


def check_floors(
    model: Model, parameters: Mapping[str, Floats], states: Mapping[str, Floats]
) -> None:
    """Refuse states below a parameter that is their lower bound."""
    for name, each in model.states.items():
        if each.floor and np.any(states[name] < parameters[each.floor]):
            least = units.shown(np.max(parameters[each.floor]), model.measure(each.floor))
            given = units.shown(np.min(states[name]), each.measure)
            raise ValueError(f"{name} cannot be below {each.floor} = {least}, and {given} is.")


def check_broadcast(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Refuse a value that does not fit the lanes."""
    try:
        fits = np.broadcast_shapes(np.shape(value), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} has the shape {np.shape(value)}, but the population has "
            f"{shape or 'a single lane'}."
        )


def placed(name: str, value: Floats, old: Floats, shape: tuple[int, ...], at: Any) -> Floats:
    """The new array of a state or parameter: all of it, or the old with some lanes changed."""
    if at is None:
        if value.shape not in ((), shape):
            check_broadcast(name, value, shape)
            return np.broadcast_to(value, shape).copy()
        return value
    changed = np.broadcast_to(old, shape).copy()
    needed = _selected(changed, at)
    try:
        changed[at] = value
    except (IndexError, TypeError) as error:
        raise IndexError(f"at={brief(at)} is no index into the shape {shape}: {error}.") from None
    except ValueError:
        raise ValueError(
            f"{name} has the shape {value.shape}, which does not fit at={brief(at)}; "
            f"{needed or 'a single number'} does."
        ) from None
    return changed


def _selected(array: Floats, at: Any) -> tuple[int, ...]:
    """Shape of the lanes that an index selects."""
    try:
        return np.shape(array[at])
    except (IndexError, TypeError, ValueError, OverflowError):
        raise IndexError(
            f"at={brief(at)} is no index into the shape {array.shape} of the lanes."
        ) from None


def plain_input(value: Any, name: str) -> Any:
    """An input of the raw layer: a finite float or float array."""
    if units.is_quantity(value):
        raise TypeError(
            f"{name}: advance takes plain numbers in internal units; update takes Quantities."
        )
    plain = units.to_internal(value, units.DIMENSIONLESS, name)
    units.require_finite(plain, name)
    return plain
