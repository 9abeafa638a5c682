"""What a model declares: parameters, states, inputs, outputs, and the checks of the class.

A model is a class that declares these as attributes and has a static method
``derivatives``. `ModelType`, the type of such classes, reads and checks them when the
class statement ends.
"""

from __future__ import annotations

import copyreg
import difflib
import dis
import importlib
import inspect
import keyword
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuromass import expressions as eq
from neuromass import units
from neuromass.declaration import dimensions
from neuromass.errors import brief
from neuromass.units import Measure


class Declaration:
    """A named attribute of a model that the equations use.

    Attributes
    ----------
    name : str
        The attribute's name in the class.
    measure : Measure
        Its unit.
    doc : str
        One line of what it means.
    """

    kind = "declaration"
    name = ""
    measure: Measure
    doc: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}{f', {self.doc}' if self.doc else ''}>"

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self.name} is an {self.kind} and cannot be set.")


class _Valued(Declaration):
    """A declaration with a default value."""

    default: float

    def _take(self, default: Any, unit: Any) -> None:
        self.measure = units.measure_of(default) if unit is None else units.measure(unit)
        self.default = self._in_unit(default, "default")
        self.measure.quantity(self.default)  # fails here for a unit that only its registry knows

    def _in_unit(self, value: Any, what: str) -> float:
        """A bound or default; a bare number is meant in the declared unit."""
        where = f"The {what} of a {self.kind}"
        if units.is_quantity(value):
            plain = units.to_internal(value, self.measure, where)
        else:
            bare = units.to_internal(value, units.DIMENSIONLESS, where)
            plain = self.measure.to_internal(bare)
        if not isinstance(plain, float):
            raise ValueError(f"{where} is one number; arrays come with the population.")
        units.require_finite(plain, where)
        return plain

    @property
    def example(self) -> float:
        """A value for error messages, in the declared unit."""
        return float(self.measure.from_internal(self.default)) or 1.0

    def convert(self, value: Any) -> Any:
        """Internal floats of what a user gave, finite and of the right unit."""
        plain = units.to_internal(value, self.measure, self.name, self.example)
        units.require_finite(plain, self.name)
        if np.size(plain) == 0:
            raise ValueError(f"{self.name} is an array without elements.")
        return plain


class Parameter(_Valued):
    """A parameter of a model.

    Parameters
    ----------
    default : number or Quantity
        Its default, which also declares its unit.
    positive, nonnegative : bool
        Whether it must be above zero, or not below it.
    bounds : tuple, optional
        Lowest and highest value allowed; None leaves a side open.
    doc : str
        What it means, in one line.
    hint : str
        A sentence for whoever gives it in a wrong unit.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import ms
    >>> tau_u = nm.Parameter(100 * ms, positive=True, doc="recovery time constant")
    """

    kind = "parameter"

    def __init__(
        self,
        default: Any,
        *,
        positive: bool = False,
        nonnegative: bool = False,
        bounds: tuple[Any, Any] | None = None,
        doc: str = "",
        hint: str = "",
    ) -> None:
        self._take(default, None)
        self.positive = positive
        self.nonnegative = nonnegative
        self.doc = doc
        self.hint = hint
        if bounds is not None and not (isinstance(bounds, tuple | list) and len(bounds) == 2):
            raise TypeError(f"bounds are two values, (low, high), not {brief(bounds)}.")
        low, high = (None, None) if bounds is None else bounds
        self.low = None if low is None else self._in_unit(low, "lower bound")
        self.high = None if high is None else self._in_unit(high, "upper bound")
        self.check(self.default, "The default of a parameter")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._parameter(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance._set_parameters({self.name: value})

    def convert(self, value: Any) -> Any:
        """Internal floats of what a user gave: right unit, finite, in range."""
        try:
            plain = super().convert(value)
        except units.UnitError as error:
            if self.hint and units.is_quantity(value):
                raise units.UnitError(f"{error} {self.hint}", error.units1, error.units2) from None
            raise
        self.check(plain, self.name)
        return plain

    def check(self, plain: Any, name: str) -> None:
        """Refuse a value out of range."""
        lowest, highest = np.min(plain), np.max(plain)
        show = lambda value: units.shown(value, self.measure)
        if self.positive and not lowest > 0.0:
            raise ValueError(f"{name} must be positive, and {show(lowest)} is not.")
        if self.nonnegative and not lowest >= 0.0:
            raise ValueError(f"{name} must not be negative, and {show(lowest)} is.")
        if self.low is not None and lowest < self.low:
            raise ValueError(f"{name} must be at least {show(self.low)}, not {show(lowest)}.")
        if self.high is not None and highest > self.high:
            raise ValueError(f"{name} must be at most {show(self.high)}, not {show(highest)}.")

    @property
    def range(self) -> str:
        """The range in words, empty if there is none."""
        if self.positive:
            return "positive"
        if self.nonnegative:
            return "not negative"
        show = lambda value: units.shown(value, self.measure)
        if self.low is not None and self.high is not None:
            return f"{show(self.low)} to {show(self.high)}"
        if self.low is not None:
            return f"at least {show(self.low)}"
        return f"at most {show(self.high)}" if self.high is not None else ""


class State(_Valued):
    """A state variable of a model.

    Parameters
    ----------
    default : number or Quantity
        Its initial value where none is given.
    unit : Unit, optional
        Its unit; taken from `default` if left out.
    lower : number, Quantity or str, optional
        What it cannot fall below; a parameter, if it is given by name. A step with noise that
        falls below ends on the bound; a step without noise that does is a `SimulationError`.
    doc : str
        What it means, in one line.

    Examples
    --------
    >>> import neuromass as nm
    >>> u = nm.State(0.0, doc="recovery variable")
    """

    kind = "state"

    def __init__(
        self, default: Any = 0.0, unit: Any = None, *, lower: Any = None, doc: str = ""
    ) -> None:
        self._take(default, unit)
        self.doc = doc
        self.floor = lower if isinstance(lower, str) else ""
        fixed = lower is not None and not self.floor
        self.lower = self._in_unit(lower, "lower bound") if fixed else None
        if self.lower is not None and self.default < self.lower:
            raise ValueError("The default of a state cannot be below its lower bound.")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._state_of(self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        instance._set_states({self.name: value})

    def convert(self, value: Any) -> Any:
        """Internal floats of what a user gave: right unit, finite, not below the bound."""
        plain = super().convert(value)
        if self.lower is not None and np.min(plain) < self.lower:
            least = units.shown(self.lower, self.measure)
            given = units.shown(np.min(plain), self.measure)
            raise ValueError(f"{self.name} cannot be below {least}, and {given} is.")
        return plain


class Input(_Valued):
    """An external input of a model.

    Parameters
    ----------
    unit : Unit, optional
        Its unit; dimensionless if left out.
    default : number or Quantity
        Its value where none is given.
    doc : str
        What it means, in one line.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import pA
    >>> I_ext = nm.Input(pA, doc="external current")
    """

    kind = "input"

    def __init__(self, unit: Any = None, *, default: Any = 0.0, doc: str = "") -> None:
        self._take(default, "" if unit is None and not units.is_quantity(default) else unit)
        self.doc = doc

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        raise AttributeError(
            f"{self.name} is an input, which has a value only during a step: "
            f"feed it with update({self.name}=...), see it with record=({self.name!r},)."
        )

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(
            f"{self.name} is an input and is not kept: feed it with update({self.name}=...) "
            f"or run(..., inputs=...)."
        )


class Output(Declaration):
    """A quantity that follows from states and parameters, such as a model's EEG.

    Parameters
    ----------
    function : callable
        Its arguments are matched by name to states and parameters.
    unit : Unit, optional
        The unit in which it comes out, which is checked; dimensionless if left out.
    doc : str
        What it means, in one line.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import mV
    >>> eeg = nm.Output(lambda y1, y2: y1 - y2, mV, doc="pyramidal potential")
    """

    kind = "output"

    def __init__(self, function: Callable[..., Any], unit: Any = None, *, doc: str = "") -> None:
        if not callable(function):
            raise TypeError("The function of an output must be callable.")
        self.function: Callable[..., Any] | None = function
        self.arguments = _argument_names(function, "an output's function")
        self.measure = units.measure("" if unit is None else unit)
        self.measure.quantity(0.0)
        self.doc = doc

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._output_of(self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "function": None}  # it is in the equations of the model


class _Removed:
    """Stands where a model does without a declaration of its parent."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._model = owner.__name__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        raise AttributeError(f"{self._model} does without {self._name}.")

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self._model} does without {self._name}.")


# -------------------------------------------------------------------------- the class


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


class _Namespace(dict[str, Any]):
    """The body of a model's class: a name is declared once."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), Declaration) and isinstance(value, Declaration):
            raise ValueError(f"{name} is declared twice; every name of a model is declared once.")
        super().__setitem__(name, value)


def _check_sharing(namespace: Mapping[str, Any]) -> None:
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
        _check_sharing(namespace)
        body = dict(namespace)
        for each in (each for each, value in namespace.items() if value is None):
            if any(isinstance(getattr(base, each, None), Declaration) for base in bases):
                body[each] = _Removed()
        cls = super().__new__(metacls, name, bases, body, **options)
        if any(isinstance(base, ModelType) for base in bases):
            cls.model = replace(ready, source="") if ready else _read_model(cls)
            if cls.model is not None:
                cls.__doc__ = _documented(cls, cls.model, namespace.get("__doc__"))
        return cls

    def current_model(cls) -> Model:
        """The model of the class as it stands now.

        It is read anew where ``derivatives``, an output, or a helper, global or parent that
        they use has changed since: an edited module was loaded again, say.
        """
        model = cls.model
        if model is None:
            raise TypeError(f"{cls.__name__} declares no model.")
        if model.source and model.source != _source_of(cls):
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
        if declared and not isinstance(value, (Declaration, _Removed)):
            raise AttributeError(
                f"{name} is declared by {cls.__name__}: set it on a population, or declare it "
                f"with another default in a class of your own."
            )
        super().__setattr__(name, value)

    @property
    def equations(cls) -> eq.Equations:
        """The equations as they are computed; print it to read them."""
        if cls.model is None:
            raise AttributeError(f"{cls.__name__} declares no model.")
        return cls.current_model().equations


def _is_model(value: Any) -> bool:
    return isinstance(value, ModelType)


def _read_model(cls: Any) -> Model | None:
    groups = _collect(cls)
    if not groups["state"]:
        if any(groups.values()) or "derivatives" in cls.__dict__:
            raise TypeError(f"{cls.__name__} declares no State; a model needs at least one.")
        return None
    names = {name: each for group in groups.values() for name, each in group.items()}
    function = _own_function(cls)
    order = _argument_names(function, f"{cls.__name__}.derivatives")
    _check_names(cls, groups)
    _check_arguments(cls, order, groups)
    _check_returned(cls, function, list(groups["state"]))
    reads = {
        name: (_output_function(cls, each), each.arguments)
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
    _check_count(cls, checked[0], len(groups["state"]), len(reads))
    floors = _floors(cls, groups)
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
        replace(found, kept=floors),
        _output_name(cls, groups),
        _default_dt(cls),
        _source_of(cls),
    )


def _source_of(cls: Any) -> str:
    """Fingerprint of the functions that a class is read from, and of all that they use."""
    outputs = [each for each in _collect(cls)["output"].values() if each.function is not None]
    functions = (_own_function(cls), *(each.function for each in outputs))
    return "".join(map(eq.fingerprint, functions))


def _collect(cls: Any) -> dict[str, dict[str, Any]]:
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
            elif name in found and isinstance(value, _Removed):
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


def _own_function(cls: Any) -> Callable[..., Any]:
    raw = inspect.getattr_static(cls, "derivatives", None)
    if raw is None:
        raise TypeError(f"{cls.__name__} needs a static method derivatives with its equations.")
    function = getattr(getattr(raw, "__func__", raw), "py_func", getattr(raw, "__func__", raw))
    if isinstance(raw, staticmethod) and isinstance(function, types.FunctionType):
        return function
    raise TypeError(
        f"{cls.__name__}.derivatives must be a static method: write @staticmethod over its def."
    )


def _output_function(cls: Any, output: Output) -> Callable[..., Any]:
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


def _argument_names(function: Callable[..., Any], where: str) -> tuple[str, ...]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    if isinstance(function, type):
        raise TypeError(f"{where} is a function, not the class {function.__name__}.")
    arguments = inspect.signature(function).parameters.values()
    for each in arguments:
        if each.kind not in named or each.default is not each.empty:
            raise TypeError(f"{where} takes plain arguments, matched by name, unlike {each}.")
    return tuple(each.name for each in arguments)


def _check_names(cls: Any, groups: Mapping[str, Mapping[str, Declaration]]) -> None:
    taken = set(dir(_population_of(cls))) | RESERVED
    for group in groups.values():
        for name, each in group.items():
            if name.startswith("_") or keyword.iskeyword(name) or not name.isidentifier():
                why = "begins with an underscore" if name.startswith("_") else "is no Python name"
            elif name in taken:
                why = "is a name that populations use themselves"
            else:
                continue
            raise ValueError(f"{cls.__name__}.{name} {why}; give the {each.kind} another one.")


def _population_of(cls: Any) -> Any:
    """The class below all models: it declares nothing itself."""
    return next(base for base in reversed(cls.__mro__) if isinstance(base, ModelType))


RESERVED = frozenset(
    {"t", "dt", "method", "shape", "initial", "noise", "seed", "lane", "name", "derivatives"}
    | {"inputs", "record", "every", "average", "progress", "at", "self", "input", "output"}
)
"""Keywords of the interface, which no model may declare."""


def _check_arguments(cls: Any, order: Iterable[str], groups: Mapping[str, Any]) -> None:
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


def _check_returned(cls: Any, function: Callable[..., Any], states: list[str]) -> None:
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


def _check_count(cls: Any, checked: eq.Equations, states: int, outputs: int) -> None:
    count = len(checked.roots) - outputs
    if count != states:
        raise TypeError(
            f"{cls.__name__}.derivatives returns {count} values for {states} states: "
            f"{', '.join(checked.states)}."
        )


def _floors(cls: Any, groups: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
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


def _output_name(cls: Any, groups: Mapping[str, Mapping[str, Any]]) -> str:
    choices = [*groups["state"], *groups["output"]]
    given = getattr(cls, "output", None)
    name = choices[0] if given is None else given
    if not isinstance(name, str) or name not in choices:
        raise TypeError(
            f"{cls.__name__}.output is {brief(name)}, which is no state or output"
            f"{suggestion(name, choices)}"
        )
    return str(name)


def _default_dt(cls: Any) -> float:
    value = units.to_internal(cls.default_dt, units.MS, f"{cls.__name__}.default_dt", 0.05)
    if not (isinstance(value, float) and 0.0 < value < np.inf):
        raise ValueError(f"{cls.__name__}.default_dt must be a positive time.")
    return value


def suggestion(name: Any, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the one that is near, or what there is."""
    names = list(known)
    text = name if isinstance(name, str) else brief(name)
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    if not near:
        near = [each for each in names if each.lower() == text.lower()]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}." if names else "."


# ---------------------------------------------------------------------------- the table


def _documented(cls: type, model: Model, own: str | None) -> str:
    parents = [base.__name__ for base in cls.__bases__ if isinstance(base, ModelType)]
    text = inspect.cleandoc(own) if own else f"A variant of {parents[0]}."
    notes = ""
    if model.equations.written:
        notes = f"\n\nThe equations are compiled as written: they need {model.equations.why}."
    return f"{text}\n\n{table(model)}{notes}\n"


def table(model: Model) -> str:
    """The declarations as a table in text, with units and defaults."""
    rows = [("", "default", "meaning")]
    for title, group in (
        ("Parameters", model.parameters),
        ("States", model.states),
        ("Inputs", model.inputs),
        ("Outputs", model.outputs),
    ):
        if group:
            rows.append((title, "", ""))
        rows += [(f"  {name}", _default_text(each), _meaning(each)) for name, each in group.items()]
    rows.append(("dt", units.shown(model.dt, units.MS), "default step"))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    rule = "  ".join("=" * width for width in (*widths, max(len(row[2]) for row in rows)))
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _default_text(each: Any) -> str:
    if isinstance(each, Output):
        return f"in {each.measure.symbol}" if each.measure.symbol else ""
    return units.shown(each.default, each.measure)


def _meaning(each: Any) -> str:
    limits = getattr(each, "range", "")
    if getattr(each, "lower", None) is not None:
        limits = f"not below {units.shown(each.lower, each.measure)}"
    elif getattr(each, "floor", ""):
        limits = f"not below {each.floor}"
    return f"{each.doc} ({limits})" if limits else each.doc


# ------------------------------------------------------------------- to other processes


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
        if isinstance(value, Declaration) or name in ("output", "default_dt", "exact_for")
    }
    declared |= {name: None for name, value in vars(cls).items() if isinstance(value, _Removed)}
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
