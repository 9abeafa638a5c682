"""The class of a model: `ModelType` reads and checks what it declares when its statement ends."""

from __future__ import annotations

import inspect
import types
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from neuromass import expressions as eq
from neuromass import units
from neuromass.declaration import dimensions
from neuromass.declaration.checks import (
    check_arguments,
    check_count,
    check_names,
    check_returned,
    check_sharing,
    collect,
    default_dt_of,
    floors_of,
    output_function,
    output_name,
    own_function,
    source_of,
)
from neuromass.declaration.declarations import (
    Declaration,
    Input,
    Output,
    Parameter,
    Removed,
    State,
    argument_names,
)
from neuromass.declaration.table import documented, line
from neuromass.errors import brief, suggestion
from neuromass.hints import POPULATION, instead
from neuromass.units import Measure


@dataclass(frozen=True)
class Model:
    """What a class declares, read and checked once.

    Attributes
    ----------
    name : str
        Name of the class.
    parameters, states, inputs, outputs : dict
        Declarations by name, parents' first.
    equations : Equations
        The equations, from which all kernels are generated.
    output : str
        The state or output that ``update()`` returns.
    dt : float
        Default step in ms.
    source : str
        Fingerprint of the functions from which it was read; empty if it came from elsewhere.
    """

    name: str
    parameters: dict[str, Parameter]
    states: dict[str, State]
    inputs: dict[str, Input]
    outputs: dict[str, Output]
    equations: eq.Equations
    output: str
    dt: float
    source: str = ""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "source": ""}  # another process has other functions

    @property
    def declarations(self) -> dict[str, Declaration]:
        """All declarations by name."""
        return {**self.parameters, **self.states, **self.inputs, **self.outputs}

    def measure(self, name: str) -> Measure:
        """The unit of a declared name."""
        return self.declarations[name].measure


def with_inputs(model: Model, names: Sequence[str]) -> Model:
    """A model with some of its parameters as inputs.

    Parameters
    ----------
    model : Model
        The model.
    names : sequence of str
        Parameters; not those that bound a state, or decide between branches.
    """
    for name in names:
        if any(each.floor == name for each in model.states.values()):
            raise ValueError(f"{name} bounds a state of {model.name}, and cannot change in a run.")
        if model.equations.decides_on(name):
            raise ValueError(
                f"{name} decides which branch the equations of {model.name} follow, and cannot "
                f"change in a run."
            )
    return replace(
        model,
        parameters={n: each for n, each in model.parameters.items() if n not in names},
        inputs={**model.inputs, **{name: model.parameters[name].as_input() for name in names}},
        equations=model.equations.with_inputs(names),
    )


class _Namespace(dict[str, Any]):
    """The body of a model's class: a name is declared once."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), Declaration) and isinstance(value, Declaration):
            raise ValueError(f"{name} is declared twice; every name of a model is declared once.")
        super().__setitem__(name, value)


class ModelType(type):
    """The type of models: reads the declarations and checks the equations.

    A model whose equations cannot be balanced, or whose names do not match, is refused
    when its class statement ends.
    """

    model: Model | None = None

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: Any) -> _Namespace:
        """Make the namespace in which the body of the class runs."""
        return _Namespace()

    def __new__(
        metacls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        """Make the class, and its model from what it declares."""
        if not (isinstance(name, str) and name.isidentifier()):
            raise TypeError(
                f"The name of a model is an identifier, such as QIF, not {brief(name)}."
            )
        ready = options.pop("model", None)
        check_sharing(namespace)
        body = dict(namespace)
        for each in (each for each, value in namespace.items() if value is None):
            if any(isinstance(getattr(base, each, None), Declaration) for base in bases):
                body[each] = Removed()
        cls = super().__new__(metacls, name, bases, body, **options)
        if any(isinstance(base, ModelType) for base in bases):
            cls.model = replace(ready, source="") if ready else _read_model(cls)
            if cls.model is not None:
                cls.__doc__ = documented(cls, cls.model, namespace.get("__doc__"))
                for declared in cls.model.declarations.values():
                    declared.__doc__ = line(declared)  # what ``QIF.eta?`` and help show
        return cls

    def current_model(cls) -> Model:
        """The model of the class as it stands now.

        It is read anew where ``derivatives``, an output, or a helper, global or parent that
        they use has changed since: an edited module was loaded again, say.
        """
        model = cls.model
        if model is None:
            raise TypeError(f"{cls.__name__} declares no model.")
        if model.source and model.source != source_of(cls):
            if model.equations.written:  # numba keeps what a compiled function's globals were
                raise RuntimeError(
                    f"A function, global or helper that {cls.__name__}.derivatives uses has "
                    f"changed since its class was made, and it is used as it is written; run the "
                    f"class statement again."
                )
            cls.model = model = _read_model(cls) or model
        return model

    def __setattr__(cls, name: str, value: Any) -> None:
        if name == "derivatives" and isinstance(value, types.FunctionType):
            value = staticmethod(value)
        declared = cls.model is not None and name in cls.model.declarations
        if declared and not isinstance(value, (Declaration, Removed)):
            raise AttributeError(
                f"{name} is declared by {cls.__name__}: set it on a population, or declare it "
                f"with another default in a class of your own."
            )
        super().__setattr__(name, value)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {brief(name)}")
        known = cls.model.declarations if cls.model is not None else ()
        hint = instead(name, POPULATION) or suggestion(name, known)
        raise AttributeError(f"{cls.__name__} has no attribute {brief(name)}{hint}")

    @property
    def __signature__(cls) -> inspect.Signature:
        """Keywords of the constructor, with the model's parameters and their defaults."""
        home = next(each for each in cls.__mro__ if "__init__" in vars(each))
        found = inspect.signature(vars(home)["__init__"])
        given = list(found.parameters.values())[1:]
        if cls.model is None or getattr(home, "model", None) is not None:
            return found.replace(parameters=given)  # an own __init__ takes what it says
        own = [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.value)
            for each in cls.model.parameters.values()
        ]
        plain = [
            each.replace(annotation=each.empty) for each in given if each.kind is each.KEYWORD_ONLY
        ]
        return inspect.Signature([*own, *plain])

    @property
    def equations(cls) -> eq.Equations:
        """The equations as they are computed; print it to read them."""
        if cls.model is None:
            raise AttributeError(f"{cls.__name__} declares no model.")
        return cls.current_model().equations


def _is_model(value: Any) -> bool:
    return isinstance(value, ModelType)


def _read_model(cls: Any) -> Model | None:
    groups = collect(cls)
    if not groups["state"]:
        if any(groups.values()) or "derivatives" in cls.__dict__:
            raise TypeError(f"{cls.__name__} declares no State; a model needs at least one.")
        return None
    names = {name: each for group in groups.values() for name, each in group.items()}
    function = own_function(cls)
    order = argument_names(function, f"{cls.__name__}.derivatives")
    check_names(cls, groups)
    check_arguments(cls, order, groups)
    check_returned(cls, function, list(groups["state"]))
    reads = {
        name: (output_function(cls, each), each.arguments)
        for name, each in groups["output"].items()
    }
    declared = {kind: tuple(groups[kind]) for kind in ("state", "input", "parameter")}
    try:
        found, checked = eq.read(function, order, declared, reads, _is_model, cls)
    except eq.UnreadableError as error:
        raise TypeError(f"The equations of {cls.__name__} need {error}.") from None
    except units.DimensionalityError as error:
        raise TypeError(
            f"The equations of {cls.__name__} need plain numbers, without Quantities "
            f"({error}); declare those as Parameters."
        ) from None
    check_count(cls, checked[0], len(groups["state"]), len(reads))
    floors = floors_of(cls, groups)
    measures = {name: each.measure for name, each in names.items() if name not in reads}
    results = {name: dimensions.per_time(each.measure) for name, each in groups["state"].items()}
    results |= {name: each.measure for name, each in groups["output"].items()}
    for each in checked:
        dimensions.check(cls.__name__, each, measures, results)
    return Model(
        cls.__name__,
        groups["parameter"],
        groups["state"],
        groups["input"],
        groups["output"],
        replace(found, bounds=floors),
        output_name(cls, groups),
        default_dt_of(cls),
        source_of(cls),
    )
