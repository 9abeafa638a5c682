"""The kernels of a network, made when they are first needed."""

from __future__ import annotations

from typing import Any

from neuromass.kernels import circuit, network_text
from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel
from neuromass.kernels.network_text import Circuit

_HELPERS = {
    name: getattr(circuit, name)
    for name in ("arrive", "fill_segments", "lay_outside", "multiply_matrix", "take_samples")
}


def loop(made_for: Circuit) -> Any:
    """Many steps of a network of some kinds of members."""
    written = {
        f"written{q}": kind.recipe.equations.written
        for q, kind in enumerate(made_for.kinds)
        if kind.recipe.equations.written
    }
    functions = {name: each if JIT_IS_OFF else jitted(each) for name, each in written.items()}
    identity = repr([kind.recipe.equations.identity() for kind in made_for.kinds if written])
    return kernel(
        lambda name: network_text.loop_text(made_for, name),
        "_".join(["network", *sorted({kind.recipe.model for kind in made_for.kinds})])[:80],
        identity,
        network_text.signature(made_for),
        {**_HELPERS, **functions},
    )


rewind = circuit.rewind
