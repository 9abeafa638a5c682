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
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from neuromass import dimensions
from neuromass import equations as eq
from neuromass import units
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
        if unit is None:
            self.measure = units.measure_of(default)
            value = units.internal(default, self.measure, f"the default of a {self.kind}")
        else:
            self.measure = units.measure(unit)
            value = self._in_unit(default, "default")
        if not isinstance(value, float):
            raise ValueError(f"The default of a {self.kind} is one number; arrays come later.")
        units.require_finite(value, f"The default of a {self.kind}")
        self.default = value

    def _in_unit(self, value: Any, what: str) -> float:
        """A bound or default; a bare number is meant in the declared unit."""
        if not units.is_quantity(value):
            value = float(value)
            return float(self.measure.to_internal(value))
        return float(units.internal(value, self.measure, f"{what} of a {self.kind}"))

    @property
    def example(self) -> float:
        """A value for error messages, in the declared unit."""
        return float(self.measure.from_internal(self.default)) or 1.0

    def convert(self, value: Any) -> Any:
        """Internal floats of what a user gave, finite and of the right unit."""
        plain = units.internal(value, self.measure, self.name, self.example)
        units.require_finite(plain, self.name)
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
        low, high = bounds if bounds is not None else (None, None)
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
    lower : number or Quantity, optional
        What it cannot fall below. A step with noise that falls below ends on the bound; a
        step without noise that does is a `SimulationError`.
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
        self.lower = None if lower is None else self._in_unit(lower, "lower bound")

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
        self.doc = doc

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._output_of(self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "function": None}


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
    """

    name: str
    parameters: dict[str, Parameter]
    states: dict[str, State]
    inputs: dict[str, Input]
    outputs: dict[str, Output]
    equations: eq.Equations
    output: str
    dt: float

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


class ModelType(type):
    """The type of models: reads the declarations and checks the equations.

    A model whose equations cannot be balanced, or whose names do not match, is refused
    when its class statement ends.
    """

    model: Model | None = None

    @classmethod
    def __prepare__(mcs, name: str, bases: tuple[type, ...], /, **_: Any) -> _Namespace:  # type: ignore[override]
        return _Namespace()

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        ready = options.pop("model", None)
        cls = super().__new__(mcs, name, bases, dict(namespace), **options)
        if any(isinstance(base, ModelType) for base in bases):
            cls.model = ready or _read_model(cls)
            if cls.model is not None:
                cls.__doc__ = _documented(cls, cls.model, namespace.get("__doc__"))
        return cls

    @property
    def equations(cls) -> eq.Equations:
        """The equations as they are computed; print it to read them."""
        if cls.model is None:
            raise AttributeError(f"{cls.__name__} declares no model.")
        return cls.model.equations


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
    reads = {name: (each.function, each.arguments) for name, each in groups["output"].items()}
    found, checked = eq.read(
        function,
        order,
        {kind: tuple(groups[kind]) for kind in ("state", "input", "parameter")},
        reads,
        _is_model,
    )
    _check_count(cls, checked, len(groups["state"]), len(reads))
    measures = {name: each.measure for name, each in names.items() if name not in reads}
    results = {name: dimensions.per_time(each.measure) for name, each in groups["state"].items()}
    results |= {name: each.measure for name, each in groups["output"].items()}
    dimensions.check(cls.__name__, checked, measures, results)
    return Model(
        cls.__name__,
        groups["parameter"],
        groups["state"],
        groups["input"],
        groups["output"],
        found,
        _output_name(cls, groups),
        _default_dt(cls),
    )


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
            elif name in found and value is None:
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
    if isinstance(raw, staticmethod):
        return raw.__func__
    raise TypeError(f"{cls.__name__}.derivatives must be a static method: write @staticmethod over it.")


def _argument_names(function: Callable[..., Any], where: str) -> tuple[str, ...]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    arguments = inspect.signature(function).parameters.values()
    for each in arguments:
        if each.kind not in named or each.default is not each.empty:
            raise TypeError(f"{where} takes plain arguments, matched by name; {each} is none.")
    return tuple(each.name for each in arguments)


def _check_names(cls: Any, groups: Mapping[str, Mapping[str, Declaration]]) -> None:
    taken = set(dir(_population_of(cls))) | RESERVED
    for group in groups.values():
        for name, each in group.items():
            if keyword.iskeyword(name) or name.startswith("_") or name in taken:
                raise ValueError(
                    f"{cls.__name__}.{name} is a name that populations use themselves; "
                    f"give the {each.kind} another one."
                )


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
                f"{suggestion(name, usable)}."
            )
    used = set(order)
    for each in groups["output"].values():
        for name in each.arguments:
            if name not in usable or usable[name] == "input":
                raise TypeError(
                    f"The output {each.name} of {cls.__name__} has an argument {name} that is no "
                    f"state or parameter{suggestion(name, usable)}."
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
    if len(ends) != 1 or not ends[0] or steps[ends[0] - 1].opname != "BUILD_TUPLE":
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


def _output_name(cls: Any, groups: Mapping[str, Mapping[str, Any]]) -> str:
    choices = [*groups["state"], *groups["output"]]
    name = getattr(cls, "output", None) or choices[0]
    if name not in choices:
        raise TypeError(f"{cls.__name__}.output is {name!r}, which is no state or output{suggestion(name, choices)}.")
    return str(name)


def _default_dt(cls: Any) -> float:
    value = units.internal(cls.default_dt, units.MS, f"{cls.__name__}.default_dt", 0.05)
    if not (isinstance(value, float) and 0.0 < value < np.inf):
        raise ValueError(f"{cls.__name__}.default_dt must be a positive time.")
    return value


def suggestion(name: Any, known: Iterable[str]) -> str:
    """``; did you mean ...?`` if a known name is near, else what there is."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if not near:
        near = [each for each in names if each.lower() == str(name).lower()]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


# ---------------------------------------------------------------------------- the table


def _documented(cls: type, model: Model, own: str | None) -> str:
    parents = [base.__name__ for base in cls.__bases__ if isinstance(base, ModelType)]
    text = inspect.cleandoc(own) if own else f"A variant of {parents[0]}."
    return f"{text}\n\n{table(model)}\n"


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
    return f"{each.doc} ({limits})" if limits else each.doc


# ------------------------------------------------------------------- to other processes


def _rebuild(module: str, qualname: str, bases: tuple[type, ...], parts: dict[str, Any]) -> Any:
    """The class of that name if it is there and computes the same, else one made anew."""
    model: Model = parts["model"]
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    if isinstance(found, ModelType) and found.model is not None:
        if found.model.equations.identity() == model.equations.identity():
            return found
    namespace = {**parts["declared"], "__module__": module, "__qualname__": qualname}
    namespace["__doc__"] = parts["doc"]
    made = ModelType(model.name, bases, namespace, model=model)
    made.__doc__ = parts["doc"]
    return made


def _reduce_class(cls: ModelType) -> Any:
    """Importable classes go by name, others by their declarations and equations."""
    if cls.__module__ != "__main__" and "<locals>" not in cls.__qualname__:
        try:
            found: Any = importlib.import_module(cls.__module__)
            for name in cls.__qualname__.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError):
            found = None
        if found is cls:
            return cls.__qualname__
    if cls.model is None:
        return cls.__qualname__
    declared = {
        name: value
        for name, value in vars(cls).items()
        if isinstance(value, Declaration) or (name in ("output", "default_dt", "exact_for"))
    }
    parts = {"model": cls.model, "declared": declared, "doc": cls.__doc__}
    return _rebuild, (cls.__module__, cls.__qualname__, cls.__bases__, parts)


copyreg.pickle(ModelType, _reduce_class)  # type: ignore[arg-type]
