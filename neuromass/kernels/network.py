"""The kernels of a network, made when they are first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuromass.kernels import circuit, network_text
from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel
from neuromass.kernels.network_text import Circuit

_HELPERS = {f"call_{each.name}": each.call for each in circuit.HELPERS}
_HELPERS_TEXT = hashlib.sha256(Path(circuit.__file__).read_bytes()).hexdigest()


@cache
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
        {**_HELPERS, **functions},
    )


def addresses(unused: Container[str]) -> NDArray[np.int64]:
    """Where the functions that a loop calls begin; those that it never calls are not compiled."""
    found = [0 if each.name in unused else each.address for each in circuit.HELPERS]
    return np.array(found, dtype=np.int64)


rewind = circuit.rewind
