"""Copies of functions that can be called on recording objects."""

from __future__ import annotations

import builtins
import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from neuromass.expressions.functions import is_empty, names_used, plain_function
from neuromass.expressions.trace import first_traced


class _Redirected:
    """A module or class whose functions are redirected as they are looked up."""

    def __init__(self, target: Any, redirect: Redirection) -> None:
        self._target = target
        self._redirect = redirect

    def __getattr__(self, name: str) -> Any:
        return self._redirect(getattr(self._target, name))


class Redirection:
    """Makes copies of functions in which those of ``math`` accept recording objects.

    ``math.exp`` asks its argument for a float at once, so it and its kin are replaced in
    what the function sees: its globals, its closure, its imports, and the helpers it calls.

    Parameters
    ----------
    is_model : callable
        Tells whether an object is a model class, whose functions are read through.
    made : type or None
        The class whose statement is being run, and whose name is not bound yet.
    """

    def __init__(self, is_model: Callable[[Any], bool], made: type | None = None) -> None:
        self._is_model = is_model
        self._made = made
        self._made_name = made.__name__ if made else ""
        self._made_codes = _codes(made)
        self._copies: dict[Any, Any] = {}
        self._builtins = {
            **vars(builtins),
            "max": self._extreme(builtins.max, "maximum"),
            "min": self._extreme(builtins.min, "minimum"),
            "__import__": lambda *given, **named: self(builtins.__import__(*given, **named)),
        }

    def __call__(self, value: Any) -> Any:
        """What a function should see in place of some value."""
        if isinstance(value, types.BuiltinFunctionType):
            extreme = value is builtins.max or value is builtins.min
            return self._builtins[value.__name__] if extreme else self._recording(value)
        value = plain_function(value)
        if isinstance(value, types.FunctionType):
            value = self._copy(value)
        elif isinstance(value, types.MethodType):
            value = types.MethodType(self(value.__func__), value.__self__)
        elif isinstance(value, functools.partial):
            value = functools.partial(self(value.func), *value.args, **value.keywords)
        elif (isinstance(value, types.ModuleType) and value is not np) or self._is_model(value):
            value = _Redirected(value, self)
        return value

    def _recording(self, function: Any) -> Any:
        if function.__module__ != "math":
            return function

        def recorded(*inputs: Any) -> Any:
            traced = first_traced(inputs)
            if traced is None:
                return function(*inputs)
            return traced.function(function.__name__, *inputs, by=function)

        return recorded

    def _extreme(self, function: Any, name: str) -> Any:
        def recorded(*inputs: Any, **options: Any) -> Any:
            items = inputs if len(inputs) > 1 else tuple(inputs[0])
            traced = first_traced(items)
            if traced is None or options:
                return function(items, **options)
            return functools.reduce(lambda one, two: traced.function(name, one, two), items)

        return recorded

    def _copy(self, function: types.FunctionType) -> types.FunctionType:
        if function in self._copies:
            return self._copies[function]
        seen = {**function.__globals__, "__builtins__": self._builtins}
        cells = tuple(types.CellType() for _ in function.__closure__ or ())
        copy = types.FunctionType(
            function.__code__, seen, function.__name__, function.__defaults__, cells or None
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        self._copies[function] = copy
        for name in names_used(function.__code__):
            if self._is_made(name, function):
                seen[name] = _Redirected(self._made, self)
            elif name in seen:
                seen[name] = self(seen[name])
        names = function.__code__.co_freevars
        for name, new, old in zip(names, cells, function.__closure__ or (), strict=True):
            if self._is_made(name, function):
                new.cell_contents = _Redirected(self._made, self)
            elif not is_empty(old):
                new.cell_contents = self(old.cell_contents)
        return copy

    def _is_made(self, name: str, function: types.FunctionType) -> bool:
        """Whether a function in the body of the class being made means that class."""
        return name == self._made_name and function.__code__ in self._made_codes


def _codes(made: type | None) -> set[types.CodeType]:
    """The code of the functions in the body of a class."""
    found = vars(made).values() if made else ()
    inner = (getattr(each, "__func__", getattr(each, "function", each)) for each in found)
    return {each.__code__ for each in map(plain_function, inner) if hasattr(each, "__code__")}
