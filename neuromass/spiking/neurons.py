"""Which neurons stand behind a mean field: read off its equations, and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromass.declaration import Model, ModelType
from neuromass.errors import brief
from neuromass.units import DIMENSIONLESS, HZ, MS

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Neurons:
    """What neurons of a mean field get: tau dV/dt = V^2 - L V + C, with L and C common to all.

    Attributes
    ----------
    model : Model
        The mean field.
    leak : bool
        Whether there is a leak L.
    mean : bool
        Whether the mean potential enters C, or what drives it.
    rate : bool
        Whether the rate enters C, linearly, so that each neuron can have one of its own.
    synapse : bool
        Whether the rate enters by one linear synapse, the states beside r and v, so that each
        neuron can have one of its own.
    """

    model: Model
    leak: bool
    mean: bool
    rate: bool
    synapse: bool

    def common(self, values: Values) -> tuple[float, float]:
        """L and C at values of all states, inputs and parameters, in internal units."""
        leak = _leak(self.model, values)
        v = values["v"]
        return leak, _others(self.model, values) + leak * v


def _derivatives(model: Model, values: Values) -> dict[str, float]:
    with np.errstate(all="ignore"):
        found = model.equations.evaluate(values)
    return {name: float(x) for name, x in zip(model.states, found, strict=False)}


def _leak(model: Model, values: Values) -> float:
    """L: what tau dr/dt loses, over r."""
    dr = _derivatives(model, {**values, "r": 1.0, "v": 0.0})["r"]
    return float(values["delta"] / (math.pi * values["tau"]) - values["tau"] * dr)


def _others(model: Model, values: Values) -> float:
    """What tau dv/dt is beside v^2 - (pi tau r)^2."""
    dv, v = _derivatives(model, values)["v"], values["v"]
    return float(values["tau"] * dv - v * v + (math.pi * values["tau"] * values["r"]) ** 2)


_NEEDED = {
    "r": ("states", HZ),
    "v": ("states", DIMENSIONLESS),
    "tau": ("parameters", MS),
    "eta": ("parameters", DIMENSIONLESS),
    "delta": ("parameters", DIMENSIONLESS),
}


def neurons_of(kind: Any) -> Neurons:
    """The neurons behind a model.

    Parameters
    ----------
    kind : ModelType
        The model: `QIF`, or one whose equations have the same form.

    Raises
    ------
    TypeError
        If there are none, with the reason.
    """
    if not isinstance(kind, ModelType) or kind.model is None:
        raise TypeError(
            f"model takes a model of the QIF family, such as nm.QIF, not {brief(kind)}."
        )
    model = kind.current_model()
    for name, (group, measure) in _NEEDED.items():
        declared = getattr(model, group).get(name)
        if declared is None or declared.measure.dimension != measure.dimension:
            raise TypeError(f"{_none(model)} it has no {name} as the QIF models have it.")
    return _checked(model)


def _none(model: Model) -> str:
    return f"{model.name} is not the mean field of quadratic integrate-and-fire neurons:"


def _checked(model: Model) -> Neurons:
    """Try the equations at some points: in the form that neurons have, and with which terms."""
    rng = np.random.default_rng(20150619)
    names = [*model.states, *model.inputs, *model.parameters]
    leak = mean = False
    rate = synapse = True
    for _ in range(5):
        at = {
            name: float(x) for name, x in zip(names, rng.uniform(0.3, 1.7, len(names)), strict=True)
        }
        if not (_is_mean_field(model, at) and np.isfinite(_others(model, at))):
            raise TypeError(
                f"{_none(model)} these have tau dr/dt = delta/(pi tau) + 2 r v - L r and "
                f"tau dv/dt = v^2 + eta + ... - (pi tau r)^2, with delta nowhere else."
            )
        leak = leak or not _close(_leak(model, at), 0.0)
        mean = mean or _needs_mean(model, at)
        rate = rate and _is_driven_by_rate(model, at)
        synapse = synapse and _is_driven_by_synapse(model, at)
    return Neurons(model, leak, mean, rate, synapse)


def _close(one: float, other: float) -> bool:
    return bool(abs(one - other) <= 1e-9 * (1.0 + abs(one) + abs(other)))


def _is_mean_field(model: Model, at: Values) -> bool:
    """Whether r, v, eta and delta enter as they do for neurons with Lorentzian excitabilities."""
    own, tau = _derivatives(model, at), at["tau"]
    rate = lambda r, v: (at["delta"] / (math.pi * tau) + 2 * r * v - _leak(model, at) * r) / tau
    wide = _derivatives(model, {**at, "delta": at["delta"] + 0.7})
    up = _derivatives(model, {**at, "eta": at["eta"] + 0.7})
    fits = [
        _close(_derivatives(model, {**at, "r": r, "v": v})["r"], rate(r, v))
        for r, v in ((0.0, 0.4), (0.9, -1.1), (2.3, 0.8))
    ]
    fits += [_close(wide["r"] - own["r"], 0.7 / (math.pi * tau**2))]
    fits += [_close(up["v"] - own["v"], 0.7 / tau), _close(up["r"], own["r"])]
    others = [name for name in model.states if name not in ("r", "v")]
    fits += [_close(wide["v"], own["v"])]
    fits += [_close(each[name], own[name]) for each in (wide, up) for name in others]
    a, b, c = (_others(model, {**at, "v": v}) for v in (-1.0, 0.5, 2.0))
    return all(fits) and _close(c - b, b - a)


def _needs_mean(model: Model, at: Values) -> bool:
    moved = {**at, "v": at["v"] + 0.9}
    one, other = _derivatives(model, at), _derivatives(model, moved)
    others = [name for name in model.states if name not in ("r", "v")]
    same = all(_close(one[name], other[name]) for name in others)
    common = (_others(model, each) + _leak(model, each) * each["v"] for each in (at, moved))
    return not (same and _close(*common))


def _is_driven_by_rate(model: Model, at: Values) -> bool:
    one, two, three = (_others(model, {**at, "r": r}) for r in (0.0, 1.0, 2.0))
    return _close(three - two, two - one) and not _close(one, two)


def _is_driven_by_synapse(model: Model, at: Values) -> bool:
    """Whether r enters by one state alone, and all states beside r and v by linear equations."""
    others = [name for name in model.states if name not in ("r", "v")]
    more = {**at, "r": at["r"] + 0.9}
    if not _close(_others(model, at), _others(model, more)):
        return False
    own, moved = _derivatives(model, at), _derivatives(model, more)
    driven = [name for name in others if not _close(own[name], moved[name])]
    names = ("r", *others)
    ways = [_derivatives(model, {**at, name: at[name] + 0.9}) for name in names]
    there = _derivatives(model, {**at, **{name: at[name] + 0.9 for name in names}})
    added = {each: own[each] + sum(way[each] - own[each] for way in ways) for each in others}
    twice = _derivatives(model, {**at, **{name: at[name] + 1.8 for name in names}})
    return len(driven) == 1 and all(
        _close(there[each], added[each])
        and _close(twice[each] - there[each], there[each] - own[each])
        for each in others
    )
