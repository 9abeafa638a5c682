"""The kernels of a network, made when they are first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels import circuit, delayed, far, forms, network_text
from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel
from neuromass.kernels.kinds import Circuit

_BY_NAME = {each.name: each for each in (*circuit.SHARED, *delayed.SHARED)}
_HELPERS = [_BY_NAME[name] for name in forms.HELPERS]
_CALLS = {f"call_{each.name}": each.call for each in _HELPERS}
_HELPERS_TEXT = hashlib.sha256(
    b"".join(Path(str(each.__file__)).read_bytes() for each in (circuit, delayed, far))
).hexdigest()


@lru_cache(maxsize=32)
def loop(made_for: Circuit) -> Any:
    """Many steps of a network of some kinds of members."""
    written = {
        f"written{q}": kind.recipe.equations.written
        for q, kind in enumerate(made_for.kinds)
        if kind.recipe.equations.written
    }
    functions = {name: each if JIT_IS_OFF else jitted(each) for name, each in written.items()}
    marks = [kind.recipe.equations.identity() for kind in made_for.kinds] if written else []
    return kernel(
        lambda name: network_text.loop_text(made_for, name),
        "_".join(["network", *sorted({kind.recipe.model for kind in made_for.kinds})])[:80],
        repr((marks, _HELPERS_TEXT)),
        network_text.signature(made_for),
        {**_CALLS, **functions},
    )


def addresses(unused: Container[str]) -> NDArray[np.int64]:
    """Where the functions that a loop calls begin; those that it never calls are not compiled."""
    found = [0 if each.name in unused else each.address for each in _HELPERS]
    return np.array(found, dtype=np.int64)
