"""How classes of models reach other processes: by name, or by declarations and equations."""

from __future__ import annotations

import copyreg
import importlib
import sys
import weakref
from collections.abc import Callable
from typing import Any

from neuromass.declaration.declarations import Declaration, Removed
from neuromass.declaration.model import Model, ModelType

_rebuilt: weakref.WeakValueDictionary[str, ModelType] = weakref.WeakValueDictionary()


def _rebuild(module: str, qualname: str, bases: tuple[type, ...], parts: dict[str, Any]) -> Any:
    """The class of that name if it is there and computes the same, else one made anew."""
    model: Model = parts["model"]
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    if isinstance(found, ModelType) and found.model is not None and _same(found.model, model):
        return found
    key = repr((module, qualname, bases, _description(model)))
    if key not in _rebuilt:
        namespace = {**parts["declared"], "__module__": module, "__qualname__": qualname}
        namespace |= {"__doc__": parts["doc"], "derivatives": staticmethod(_derivatives(model))}
        made = ModelType(model.name, bases, namespace, model=model)
        made.__doc__ = parts["doc"]
        _rebuilt[key] = made
    return _rebuilt[key]


def _derivatives(model: Model) -> Callable[..., Any]:
    """The derivatives as a function, made from the equations."""
    equations = model.equations
    return equations.written or equations.function(equations.derivatives, equations.order)


def _description(model: Model) -> tuple[Any, ...]:
    """What decides how a model behaves, equations apart."""
    declared = [
        (each.kind, {key: value for key, value in vars(each).items() if key != "function"})
        for each in model.declarations.values()
    ]
    return repr(declared), model.output, model.dt, model.equations.arithmetic()


def _same(first: Model, second: Model) -> bool:
    return _description(first) == _description(second)


def _reduce_class(cls: ModelType) -> Any:
    """Importable classes go by name, others by their declarations and equations.

    Methods of one's own do not travel this way; with cloudpickle they do.
    """
    if cls.model is None or (cls.__module__ != "__main__" and _is_importable(cls)):
        return cls.__qualname__
    declared = {
        name: value
        for name, value in vars(cls).items()
        if isinstance(value, Declaration) or name in ("output", "default_dt", "exact_for", "family")
    }
    declared |= {name: None for name, value in vars(cls).items() if isinstance(value, Removed)}
    parts = {"model": cls.model, "declared": declared, "doc": cls.__doc__}
    return _rebuild, (cls.__module__, cls.__qualname__, cls.__bases__, parts)


def _is_importable(cls: ModelType) -> bool:
    try:
        found: Any = importlib.import_module(cls.__module__)
        for name in cls.__qualname__.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return False
    return found is cls


copyreg.pickle(ModelType, _reduce_class)
