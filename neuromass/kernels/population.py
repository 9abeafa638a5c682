"""The kernels of one population, made when they are first needed."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from neuromass.kernels import text
from neuromass.kernels.compiler import JIT_IS_OFF, jitted, kernel
from neuromass.kernels.text import Recipe

_ROWS = "float64[:,::1]"
_LOOP = (
    f"int64({_ROWS}, {_ROWS}, {_ROWS}, float64[::1], int64[:,::1], int64[::1], int64[:,::1], "
    f"float64[:,:,::1], {_ROWS}, float64[::1], float64)"
)


def _label(recipe: Recipe, what: str) -> str:
    return f"{recipe.model}_{recipe.method}_{what}"


def _extra(recipe: Recipe) -> dict[str, Any]:
    written = recipe.equations.written
    if written is None:
        return {}
    return {"written": written if JIT_IS_OFF else jitted(written)}


def _identity(recipe: Recipe) -> str:
    return recipe.equations.identity() if recipe.equations.written else ""


@lru_cache(maxsize=32)
def _text(maker: Any, recipe: Recipe, name: str) -> str:
    """The text of a kernel; copies of a population ask for the same one again and again."""
    made: str = maker(recipe, name)
    return made


def _make(recipe: Recipe, what: str, maker: Any, signature: str, inline: bool = False) -> Any:
    return kernel(
        partial(_text, maker, recipe),
        _label(recipe, what),
        _identity(recipe),
        signature,
        _extra(recipe),
        inline,
    )


def step(recipe: Recipe) -> Any:
    """One step of a single lane without noise."""
    inputs = ", float64" * len(recipe.equations.inputs)
    signature = f"float64({_ROWS}, {_ROWS}, int64[::1]{inputs})"
    return _make(recipe, "step", text.step_text, signature)


def loop(recipe: Recipe, lanes: int, correlated: tuple[int, ...] = ()) -> Any:
    """Many steps of one lane or of many.

    Parameters
    ----------
    recipe : Recipe
        What the steps are made of.
    lanes : int
        How many lanes there are.
    correlated : tuple of int
        Places of the sources whose normals are correlated between lanes.
    """
    if correlated:
        maker = partial(text.tile_loop_text, correlated=correlated)
        return _make(recipe, "correlated", maker, _LOOP)
    if lanes == 1:
        return _make(recipe, "loop", text.lane_loop_text, _LOOP)
    return _make(recipe, "lanes", text.tile_loop_text, _LOOP)


def free_step(recipe: Recipe) -> Any:
    """One step as a function of plain numbers."""
    return _make(recipe, "free_step", text.free_step_text, free_step_types(recipe), inline=True)


def free_step_types(recipe: Recipe) -> str:
    """The signature of `free_step`, as numba writes it."""
    eq = recipe.equations
    count = len(eq.states) + len(eq.inputs) + len(eq.parameters) + 1
    return f"UniTuple(float64, {len(eq.states)})({', '.join(['float64'] * count)})"
