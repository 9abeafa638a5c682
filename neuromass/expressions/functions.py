"""What a function is made of: the globals, closure and helpers that decide its results."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Iterator
from typing import Any, Final

import numpy as np


def plain_function(value: Any) -> Any:
    """The Python function under numba's or a cache's wrapping."""
    if isinstance(value, functools._lru_cache_wrapper):
        return value.__wrapped__
    return getattr(value, "py_func", value)


def is_empty(cell: types.CellType) -> bool:
    """Whether a variable of an enclosing function has no value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def names_used(code: types.CodeType) -> set[str]:
    """Global names that a function uses, nested functions included."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


_KNOWN_MODULES: Final = ("numpy", "math", "scipy", "numba")


def _is_known(value: Any) -> bool:
    """Whether something is of a library whose functions keep their meaning."""
    name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    return str(name).split(".", maxsplit=1)[0] in _KNOWN_MODULES


def _looked_up(holder: Any, names: set[str]) -> Iterator[tuple[str, Any]]:
    """What a function with these names in its code may take out of a module or class."""
    if not _is_known(holder):
        for name in sorted(names & set(dir(holder))):
            if not name.startswith("__"):
                yield name, getattr(holder, name, None)


def _used(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Globals and closure of a function."""
    for name in sorted(names_used(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if not is_empty(cell):
            yield name, cell.cell_contents


def fingerprint(function: Any) -> str:
    """Hash of what decides the results of a function: code, constants, globals, helpers."""
    return hashlib.sha256(repr(_parts_of(function, set(), set())).encode()).hexdigest()


def _parts_of(value: Any, names: set[str], seen: set[int]) -> Any:
    value = plain_function(value)
    if isinstance(value, (types.FunctionType, types.ModuleType, type)):
        if id(value) in seen or _is_known(value):
            return value.__name__
        seen.add(id(value))
    if isinstance(value, types.FunctionType):
        names = names_used(value.__code__)
        parts = [_code_parts(value.__code__), value.__defaults__, value.__kwdefaults__]
        return [*parts, *((name, _parts_of(each, names, seen)) for name, each in _used(value))]
    if isinstance(value, (types.ModuleType, type)):
        return [(name, _parts_of(each, names, seen)) for name, each in _looked_up(value, names)]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, (tuple, list)):
        return [_parts_of(each, names, seen) for each in value]
    return repr(value)


def helpers(function: Any) -> list[types.FunctionType]:
    """The plain functions that a function may call, directly or through others."""
    return [each for each in reached(function, set()) if isinstance(each, types.FunctionType)]


def reached(function: Any, names: set[str], seen: set[int] | None = None) -> Iterator[Any]:
    """Functions, modules and classes that a function uses, those that helpers use included."""
    seen = {id(function)} if seen is None else seen
    if isinstance(function, types.FunctionType):
        names, inner = names_used(function.__code__), _used(function)
    else:
        inner = _looked_up(function, names)
    for _, value in inner:
        found = isinstance(value, (types.FunctionType, types.ModuleType, type))
        if found and id(value) not in seen and not _is_known(value):
            seen.add(id(value))
            yield value
            yield from reached(value, names, seen)


def _code_parts(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(
        _code_parts(each) if isinstance(each, types.CodeType) else repr(each)
        for each in code.co_consts
    )
    return code.co_code.hex(), constants, code.co_names, code.co_varnames
