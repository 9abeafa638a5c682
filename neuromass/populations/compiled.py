"""``compiled_step``: one step of a model as a function for loops of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neuromass import units
from neuromass.declaration import Model, ModelType
from neuromass.errors import brief
from neuromass.kernels.text import Recipe
from neuromass.populations.population import Population, core_of
from neuromass.units import MS

__all__ = ["compiled_step"]


def compiled_step(model: Any, method: str | None = None) -> Callable[..., Any]:
    """One step of a model as a function of plain numbers, callable from numba code.

    The arithmetic is that of ``Population.advance``, bitwise. The function takes the states,
    the inputs (held over the step), the parameters and dt, in the order of their declaration
    or by name, and returns the new states. All numbers are in internal units: ms, 1/ms (a
    rate of 1 is 1000 Hz), mV, pA, nS, pF, mm. ``help(step)`` lists the arguments of a step.

    There is no noise in it, and nothing checks that states stay finite or within bounds.

    Parameters
    ----------
    model : type or Population
        A model such as ``nm.QIF``, or a population, whose model and method are taken.
    method : {"heun", "euler", "rk4"}, optional
        How the step is taken; a population's own, or else ``"heun"``, if left out.

    Returns
    -------
    callable
        ``step(*states, *inputs, *parameters, dt) -> (*states)``, compiled by numba: call it
        from Python, or inside functions under ``@numba.njit``, with ``cache=True`` too.

    Raises
    ------
    TypeError
        If `model` is no model.
    ValueError
        If there is no such method.

    Notes
    -----
    A function of your own under ``@njit(cache=True)`` keeps the step inside what numba
    stores, and numba looks at the source file of your function alone. After changing a model
    in another file, or installing another version of this package, delete that cache.

    Examples
    --------
    Two coupled populations, compiled together:

    >>> import numba, neuromass as nm
    >>> step = nm.compiled_step(nm.QIF, "heun")
    >>> @numba.njit
    ... def simulate(n, dt):
    ...     r_e, v_e, r_i, v_i = 0.0, -2.0, 0.0, -2.0
    ...     for _ in range(n):
    ...         I_e = 10.0 - 10.0 * 20.0 * r_i
    ...         I_i = 10.0 * 10.0 * r_e
    ...         r_e, v_e = step(r_e, v_e, I_e, 20.0, -5.0, 1.0, 8.0, dt)
    ...         r_i, v_i = step(r_i, v_i, I_i, 10.0, -5.0, 1.0, 0.0, dt)
    ...     return 1000.0 * r_e  # in Hz
    >>> simulate(2000, 0.05) > 0.0
    True
    """
    from neuromass.kernels.compiler import JIT_IS_OFF  # noqa: PLC0415

    declared, recipe = _read(model, method)
    step = _with_plain_names(declared, recipe)
    return _described(_in_python(step, declared) if JIT_IS_OFF else step, declared, recipe)


def _read(model: Any, method: str | None) -> tuple[Model, Recipe]:
    if isinstance(model, Population):
        changed = model if method is None else model.copy(method=method)
        return core_of(model).model, replace(core_of(changed).recipe(), sources=())
    if isinstance(model, ModelType) and model.model is not None:
        made = model(method="heun" if method is None else method)
        return model.model, core_of(made).recipe()
    raise TypeError(
        f"compiled_step takes a model, such as nm.QIF, or a population, not {brief(model)}."
    )


def _arguments(model: Model) -> list[str]:
    return [*model.states, *model.inputs, *model.parameters, "dt"]


def _with_plain_names(model: Model, recipe: Recipe) -> Any:
    """The step under the names of the model."""
    from neuromass.kernels.compiler import kernel  # noqa: PLC0415
    from neuromass.kernels.population import free_step, free_step_types  # noqa: PLC0415

    inner = free_step(recipe)
    listed = ", ".join(_arguments(model))
    return kernel(
        lambda name: f"def {name}({listed}):\n    return _step({listed})\n",
        f"{model.name}_{recipe.method}_compiled_step",
        inner.__name__,
        free_step_types(recipe),
        {"_step": inner},
        inline=True,
    )


def _in_python(step: Any, model: Model) -> Callable[..., Any]:
    """The step without the JIT, which takes its arguments by name too."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(each, kind) for each in _arguments(model)])

    def call(*values: Any, **named: Any) -> Any:
        bound = signature.bind(*values, **named)
        if any(map(units.is_quantity, bound.args)):
            raise TypeError("A compiled step takes plain numbers in internal units.")
        return step(*map(np.float64, bound.args))

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _described(step: Any, model: Model, recipe: Recipe) -> Any:
    step.__doc__ = _description(model, recipe)
    step.__name__ = step.__qualname__ = f"{model.name}_{recipe.method}_step"
    return step


def _description(model: Model, recipe: Recipe) -> str:
    states = ", ".join(model.states)
    rows = [("dt", "ms", f"step; {units.shown(model.dt, MS)} by default in populations")]
    groups = (model.states, model.inputs, model.parameters)
    rows[:0] = [
        (name, units.internal_unit(each.measure.dimension) or "-", each.doc)
        for group in groups
        for name, each in group.items()
    ]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    table = "\n".join(f"    {a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows)
    return (
        f"One {recipe.method.capitalize()} step of {model.name}, on plain numbers.\n\n"
        f"({', '.join(_arguments(model))}) -> ({states})\n\n"
        f"The arguments, in this order, with their units:\n\n{table}\n\n"
        f"Rates are in 1/ms: 1 is 1000 Hz. Inputs are held over the step. There is no noise, "
        f"and no check.\n"
    )
