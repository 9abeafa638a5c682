"""What a class declares: parameters, states, inputs and outputs, with their units and ranges."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief, flag
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
        where = f"The default of a {self.kind}"
        self.measure = units.measure_of(default, where) if unit is None else units.measure(unit)
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

    @property
    def value(self) -> Any:
        """The default as it is given: a number if it has no unit, else a Quantity."""
        free = self.measure.is_dimensionless
        return self.default if free else self.measure.quantity(self.default)

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
        self.positive = flag(positive, "positive")
        self.nonnegative = flag(nonnegative, "nonnegative")
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

    def as_input(self) -> Input:
        """An input with its unit and meaning."""
        made = Input(default=self.value, doc=self.doc)
        made.name = self.name
        return made

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
        self.arguments = argument_names(function, "an output's function")
        self.measure = units.measure("" if unit is None else unit)
        self.measure.quantity(0.0)
        self.doc = doc

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._output_of(self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "function": None}  # it is in the equations of the model


class Removed:
    """Stands where a model does without a declaration of its parent."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._model = owner.__name__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        raise AttributeError(f"{self._model} does without {self._name}.")

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self._model} does without {self._name}.")


def argument_names(function: Callable[..., Any], where: str) -> tuple[str, ...]:
    """Names of the arguments of a function, which are matched by name."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    if isinstance(function, type):
        raise TypeError(f"{where} is a function, not the class {function.__name__}.")
    arguments = inspect.signature(function).parameters.values()
    for each in arguments:
        if each.kind not in named or each.default is not each.empty:
            raise TypeError(f"{where} takes plain arguments, matched by name, unlike {each}.")
    return tuple(each.name for each in arguments)
