"""Checks of a model's class: its names, the arguments of its functions, what these return."""

from __future__ import annotations

import dis
import inspect
import keyword
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from neuromass import expressions as eq
from neuromass import units
from neuromass.declaration.declarations import Declaration, Output, Removed
from neuromass.errors import brief, suggestion


def collect(cls: Any) -> dict[str, dict[str, Any]]:
    """Declarations by kind, parents' first; ``J = None`` removes an inherited one."""
    found: dict[str, Declaration] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Declaration):
                known = found.get(name)
                if known is not None and known.kind != value.kind:
                    raise TypeError(
                        f"{cls.__name__}.{name} is declared as {value.kind}, but is already "
                        f"the {known.kind} {name} of its parent; use another name."
                    )
                found[name] = value
            elif name in found and isinstance(value, Removed):
                del found[name]
            elif name in found:
                raise TypeError(
                    f"{cls.__name__}.{name} would hide the {found[name].kind} {name} of its "
                    f"parent; declare it as {type(found[name]).__name__}, or set it to None to "
                    f"do without."
                )
    groups: dict[str, dict[str, Any]] = {
        "parameter": {}, "state": {}, "input": {}, "output": {},
    }  # fmt: skip
    for name, value in found.items():
        groups[value.kind][name] = value
    return groups


def own_function(cls: Any) -> Callable[..., Any]:
    """The function of ``derivatives``, which must be a static method."""
    raw = inspect.getattr_static(cls, "derivatives", None)
    if raw is None:
        raise TypeError(f"{cls.__name__} needs a static method derivatives with its equations.")
    function = getattr(getattr(raw, "__func__", raw), "py_func", getattr(raw, "__func__", raw))
    if isinstance(raw, staticmethod) and isinstance(function, types.FunctionType):
        return function
    raise TypeError(
        f"{cls.__name__}.derivatives must be a static method: write @staticmethod over its def."
    )


def output_function(cls: Any, output: Output) -> Callable[..., Any]:
    """An output's function; for a class out of another process, made from its equations."""
    if output.function is not None:
        return output.function
    for base in cls.__mro__[1:]:
        model = vars(base).get("model")
        if model is not None and output.name in model.outputs:
            found: eq.Equations = model.equations
            root = found.output_roots[found.outputs.index(output.name)]
            return found.function([root], output.arguments)
    raise TypeError(f"The function of the output {output.name} is not known.")


def source_of(cls: Any) -> str:
    """Fingerprint of the functions that a class is read from, and of all that they use."""
    outputs = [each for each in collect(cls)["output"].values() if each.function is not None]
    functions = (own_function(cls), *(each.function for each in outputs))
    return "".join(map(eq.fingerprint, functions))


def check_names(cls: Any, groups: Mapping[str, Mapping[str, Declaration]]) -> None:
    """Refuse names that are no Python names or that populations use themselves."""
    taken = set(dir(_population_of(cls))) | RESERVED
    for group in groups.values():
        for name, each in group.items():
            if name.startswith("_") or keyword.iskeyword(name) or not name.isidentifier():
                why = "begins with an underscore" if name.startswith("_") else "is no Python name"
            elif name in taken:
                why = "is a name that populations use themselves"
            elif name in OF_RESULTS and each.kind != "parameter":
                why = "is a name that recordings and equilibria use themselves"
            else:
                continue
            raise ValueError(f"{cls.__name__}.{name} {why}; give the {each.kind} another one.")


def _population_of(cls: Any) -> Any:
    """The class below all models: it declares nothing itself."""
    return next(base for base in reversed(cls.__mro__) if isinstance(base, type(cls)))


RESERVED = frozenset(
    {"t", "dt", "method", "shape", "initial", "noise", "seed", "lane", "name", "derivatives"}
    | {"inputs", "record", "every", "average", "progress", "at", "self", "input", "output"}
    | {"model", "equations", "current_model", "within", "solve"}
)
"""Keywords of the interface and names of the class, which no model may declare."""

OF_RESULTS = frozenset(
    {"array", "complete", "count", "eigenvalues", "frequency", "fs", "index", "kind", "names"}
    | {"parameters", "plot", "save", "scaled", "stability", "stable", "state", "to_dataframe"}
    | {"coherence", "plot_raster", "spectrum", "stored"}
    | {"labels", "outputs", "quantity", "to_xarray", "version"}
)
"""Names of recordings and equilibria, under which no state, input or output would be found."""


def check_arguments(cls: Any, order: Iterable[str], groups: Mapping[str, Any]) -> None:
    """Refuse arguments that are not declared, and declarations that no function uses."""
    usable = {n: kind for kind in ("state", "input", "parameter") for n in groups[kind]}
    for name in order:
        if name not in usable:
            raise TypeError(
                f"{cls.__name__}.derivatives has an argument {name} that is not declared"
                f"{suggestion(name, usable)}"
            )
    used = set(order)
    for each in groups["output"].values():
        for name in each.arguments:
            if name not in usable or usable[name] == "input":
                raise TypeError(
                    f"The output {each.name} of {cls.__name__} has an argument {name} that is no "
                    f"state or parameter{suggestion(name, usable)}"
                )
        used |= set(each.arguments)
    for name, kind in usable.items():
        if name not in used and kind != "state":
            raise TypeError(
                f"{cls.__name__} declares the {kind} {name}, but its equations do not use it; "
                f"make it an argument of derivatives, or write {name} = None to do without."
            )


def check_returned(cls: Any, function: Callable[..., Any], states: list[str]) -> None:
    """Refuse derivatives that are returned in another order than that of the states."""
    returned = _returned_names(function)
    if returned is None:
        return
    for place, name in enumerate(returned):
        state = name[1:-2]
        if not (name.startswith("d") and name.endswith("dt") and state in states):
            continue
        if place >= len(states) or states[place] != state:
            needed = ", ".join(f"d{each}dt" for each in states)
            raise TypeError(
                f"{cls.__name__}.derivatives returns {name} in place {place + 1}; "
                f"in the order of the states it is {needed}."
            )


def _returned_names(function: Any) -> list[str] | None:
    """Names of local variables in the function's ``return a, b, c``, if it ends so."""
    steps = [each for each in dis.get_instructions(function) if each.opname != "NOP"]
    ends = [i for i, each in enumerate(steps) if each.opname == "RETURN_VALUE"]
    built = ("BUILD_TUPLE", "BUILD_LIST")
    if len(ends) != 1 or not ends[0] or steps[ends[0] - 1].opname not in built:
        return None
    count = steps[ends[0] - 1].arg or 0
    names: list[str] = []
    for each in reversed(steps[: ends[0] - 1]):
        if len(names) >= count or not each.opname.startswith("LOAD_FAST"):
            break
        loaded = each.argval if isinstance(each.argval, tuple) else (each.argval,)
        names = [*loaded, *names]
    return names[-count:] if len(names) >= count > 0 else None


def check_count(cls: Any, checked: eq.Equations, states: int, outputs: int) -> None:
    """Refuse another number of derivatives than there are states."""
    count = len(checked.roots) - outputs
    if count != states:
        raise TypeError(
            f"{cls.__name__}.derivatives returns {count} values for {states} states: "
            f"{', '.join(checked.states)}."
        )


def floors_of(cls: Any, groups: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of the parameters that are lower bounds of states."""
    floors = {name: each.floor for name, each in groups["state"].items() if each.floor}
    for name, floor in floors.items():
        if floor not in groups["parameter"]:
            raise TypeError(
                f"{cls.__name__}.{name} has the lower bound {floor!r}, which is no parameter"
                f"{suggestion(floor, groups['parameter'])}"
            )
        if groups["parameter"][floor].measure.dimension != groups["state"][name].measure.dimension:
            raise TypeError(f"{cls.__name__}: {name} and its lower bound {floor} differ in unit.")
    return tuple(dict.fromkeys(floors.values()))


def output_name(cls: Any, groups: Mapping[str, Mapping[str, Any]]) -> str:
    """The state or output that ``update()`` returns."""
    choices = [*groups["state"], *groups["output"]]
    given = getattr(cls, "output", None)
    name = choices[0] if given is None else given
    if not isinstance(name, str) or name not in choices:
        raise TypeError(
            f"{cls.__name__}.output is {brief(name)}, which is no state or output"
            f"{suggestion(name, choices)}"
        )
    return str(name)


def default_dt_of(cls: Any) -> float:
    """The default step in ms."""
    value = units.to_internal(cls.default_dt, units.MS, f"{cls.__name__}.default_dt", 0.05)
    if not (isinstance(value, float) and 0.0 < value < np.inf):
        raise ValueError(f"{cls.__name__}.default_dt must be a positive time.")
    return value


def check_sharing(namespace: Mapping[str, Any]) -> None:
    """Refuse one declaration under two names."""
    owners: dict[int, str] = {}
    for name, value in namespace.items():
        if isinstance(value, Declaration):
            first = owners.setdefault(id(value), value.name or name)
            if first != name:
                raise ValueError(
                    f"{name} is the same {value.kind} as {first}; every name of a model has a "
                    f"declaration of its own."
                )
