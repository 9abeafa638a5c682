"""The loops of networks, made when they are first needed."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel, sources
from neuromass.kernels.jit import types
from neuromass.kernels.networks import calls, coupling, delayed, tiled, unrolled
from neuromass.kernels.networks.by_address import numba_type
from neuromass.kernels.networks.circuit import Circuit, Wiring

_BY_NAME = {each.name: each for each in (*coupling.SHARED, *delayed.SHARED)}
_HELPERS = [_BY_NAME[name] for name in calls.HELPERS]
_CALLS = {f"call_{name}": each.call for name, each in _BY_NAME.items()}


@lru_cache(maxsize=32)
def tiled_loop(made_for: Circuit) -> Any:
    """Many steps of a network of some kinds of members, whatever its wiring."""
    return _made(
        made_for, "network", lambda name: tiled.loop_text(made_for, name), tiled.arguments(made_for)
    )


@lru_cache(maxsize=32)
def unrolled_loop(made_for: Circuit, wiring: Wiring) -> Any:
    """Many steps of a small network that is wired like this."""
    make = lambda name: unrolled.loop_text(made_for, wiring, name)
    return _made(made_for, "small_network", make, unrolled.ARGUMENTS)


def _made(
    made_for: Circuit,
    label: str,
    make_text: Callable[[str], str],
    arguments: Mapping[str, str | np.dtype[Any]],
) -> Any:
    written = {
        f"written{q}": kind.recipe.equations.written
        for q, kind in enumerate(made_for.kinds)
        if kind.recipe.equations.written
    }
    functions = {name: each if JIT_IS_OFF else jitted(each) for name, each in written.items()}
    marks = [kind.recipe.equations.identity() for kind in made_for.kinds] if written else []
    return kernel(
        make_text,
        "_".join([label, *sorted({kind.recipe.model for kind in made_for.kinds})])[:80],
        repr((marks, sources())),
        types.int64(*map(numba_type, arguments.values())),
        {**_CALLS, **functions},
    )


def addresses(used: Container[str]) -> NDArray[np.int64]:
    """Where the functions that a loop calls begin; those that it never calls are not compiled."""
    found = [each.address if each.name in used else 0 for each in _HELPERS]
    return np.array(found, dtype=np.int64)


def address_of_normals() -> int:
    """Where the function begins that draws for one lane."""
    return _BY_NAME["fill_one_lane"].address
