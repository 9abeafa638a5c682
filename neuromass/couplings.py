"""Functions of what a connection carries: differences, sines, sigmoids, conductances.

``connect(..., function=...)`` takes one of these, or a function of one's own, of the source's
value or of the source's and the target's:

>>> import neuromass as nm
>>> net = nm.Network({"a": nm.StuartLandau(), "b": nm.StuartLandau()})
>>> net.connect("a", "b", weight=0.1, function=nm.couplings.difference)
<a->b: a.x -> b.I_x, weight = 0.1, difference(x, x)>
>>> net.connect("b", "a", weight=0.1, function=lambda source, target: source - 0.5 * target)
<b->a: b.x -> a.I_x, weight = 0.1, function(x, x)>
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from neuromass import expressions as eq
from neuromass import units
from neuromass.declaration import dimensions
from neuromass.errors import brief, suggestion
from neuromass.expressions import Factor
from neuromass.units import Measure

__all__ = ["CouplingFunction", "conductance", "difference", "sigmoid", "sine", "tanh"]


class CouplingFunction:
    """A function that connections apply, with values for its parameters.

    Called with numbers it is the function; called with parameters alone it is the same function
    with those.

    Parameters
    ----------
    function : callable
        Of the source's value, or of the source's and the target's; parameters come by name.
    **values
        Values of parameters, as numbers or Quantities.

    Examples
    --------
    >>> import neuromass as nm
    >>> nm.couplings.sine(lag=0.5)
    sine(lag=0.5)
    >>> print(f"{nm.couplings.sine(lag=0.5)(1.0, 0.5):.1f}")
    0.0
    """

    def __init__(self, function: Callable[..., Any], **values: Any) -> None:
        known = list(inspect.signature(function).parameters)
        for name in values:
            if name not in known:
                raise TypeError(
                    f"{function.__name__} has no parameter {brief(name)}{suggestion(name, known)}"
                )
        self.function = function
        self.values = dict(values)
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__signature__ = inspect.signature(function)

    def __call__(self, *given: Any, **values: Any) -> Any:
        """The function of numbers; without any, the same function with other parameters."""
        if given:
            return self.function(*given, **{**self.values, **values})
        return CouplingFunction(self.function, **{**self.values, **values})

    def __reduce__(self) -> Any:
        shipped = globals().get(self.__name__)
        if isinstance(shipped, CouplingFunction) and shipped.function is self.function:
            return _shipped, (self.__name__, self.values)  # whose name stands for this object
        return object.__reduce__(self)

    def __repr__(self) -> str:
        return self.__name__ + (_listed(self.values) if self.values else "")


def _shipped(name: str, values: Mapping[str, Any]) -> CouplingFunction:
    """A function of this module by its name, with values."""
    found: CouplingFunction = globals()[name](**values)
    return found


def _listed(values: Mapping[str, Any]) -> str:
    shown = (
        f"{name}={value:~P}" if units.is_quantity(value) else f"{name}={value}"
        for name, value in values.items()
    )
    return f"({', '.join(shown)})"


@CouplingFunction
def difference(source: Any, target: Any) -> Any:
    r"""Diffusive coupling, :math:`x_j - x_i`: what the source has beyond the target.

    Parameters
    ----------
    source, target : float
        The same state of both.

    Examples
    --------
    >>> import neuromass as nm
    >>> nm.couplings.difference(3.0, 1.0)
    2.0
    """
    return source - target


@CouplingFunction
def sine(source: Any, target: Any, lag: Any = 0.0) -> Any:
    r"""Phase coupling, :math:`\sin(\theta_j - \theta_i - \alpha)`, as in Kuramoto's model.

    Parameters
    ----------
    source, target : float
        Phases in radians.
    lag : float
        The phase lag alpha of Sakaguchi and Kuramoto, in radians.

    References
    ----------
    Sakaguchi and Kuramoto, Prog. Theor. Phys. 76, 576 (1986), doi:10.1143/PTP.76.576

    Examples
    --------
    >>> import neuromass as nm
    >>> print(f"{nm.couplings.sine(1.5, 1.0):.4f}")
    0.4794
    """
    return np.sin(source - target - lag)


@CouplingFunction
def sigmoid(source: Any, slope: Any = 1.0, threshold: Any = 0.0, maximum: Any = 1.0) -> Any:
    r"""A logistic function of the source's value, :math:`M / (1 + e^{-s (x_j - \theta)})`.

    Parameters
    ----------
    source : float
        The value.
    slope, threshold, maximum : float or Quantity
        s in one over the unit of the value, theta in that unit, and M, whose unit is the
        function's.

    Examples
    --------
    >>> import neuromass as nm
    >>> print(nm.couplings.sigmoid(slope=4.0, threshold=1.0)(1.0))
    0.5
    """
    return maximum / (1.0 + np.exp(slope * (threshold - source)))


@CouplingFunction
def tanh(source: Any, slope: Any = 1.0) -> Any:
    r"""The hyperbolic tangent of the source's value, :math:`\tanh(s x_j)`.

    Parameters
    ----------
    source : float
        The value.
    slope : float or Quantity
        s, in one over the unit of the value.

    Examples
    --------
    >>> import neuromass as nm
    >>> print(f"{nm.couplings.tanh(slope=2.0)(0.5):.4f}")
    0.7616
    """
    return np.tanh(slope * source)


@CouplingFunction
def conductance(source: Any, v: Any, E: Any) -> Any:
    r"""A conductance, :math:`g_j (E - v_i)`: what drives the target's potential towards E.

    Parameters
    ----------
    source : float
        What the conductance is proportional to, such as a rate behind a synapse.
    v : float
        The target's potential.
    E : float or Quantity
        The reversal potential, in the unit of v.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import mV
    >>> nm.couplings.conductance(E=-80 * mV)
    conductance(E=-80 mV)
    """
    return source * (E - v)


# --------------------------------------------------------------------- on a connection

OfSource = str | Factor | None
"""What a term takes of the source: a value of it, a function of one, or nothing."""


@dataclass(frozen=True)
class Carried:
    """What a connection applies to what it carries, taken apart into a sum of products.

    Attributes
    ----------
    text : str
        How it is shown.
    measure : Measure
        The unit of its value.
    terms : tuple
        Of each product the factor of the source, and that of the target, None being 1.
    """

    text: str = field(compare=False)
    measure: Measure
    terms: tuple[tuple[OfSource, Factor | None], ...]


_ONE_OR_TWO: Final = (
    "is a function of the source's value, or of the source's and the target's, such as "
    "nm.couplings.difference or lambda source, target: source - target"
)


def carried(
    function: Any, source: tuple[str, str, Measure], target: Mapping[str, Measure], name: str
) -> Carried:
    """What a connection is to apply, read and checked.

    Parameters
    ----------
    function : callable
        As given to `Network.connect`.
    source : tuple
        What the connection carries, the state that holds it, and its unit.
    target : mapping
        States and outputs of the target, with units.
    name : str
        Name of the connection, for errors.
    """
    base, order, values = _unwrapped(function, name)
    constants = {each: _constant(value, f"{name}: {each}") for each, value in values.items()}
    variable, sent, measure = source
    measures = {order[0]: measure}
    received = ""
    if len(order) == 2:
        received = order[1] if order[1] in target else variable
        if received not in target:
            raise ValueError(
                f"{name}: the second argument of function is a value of the target; call it "
                f"after one{suggestion(order[1], target)}"
            )
        measures[order[1]] = target[received]
    measures |= {each: own for each, (_, own) in constants.items()}
    found = _read(base, order, tuple(constants), name)
    result = _measure_of(found, measures, name, measure)
    terms = _terms(found, order, (sent, received), constants, name)
    return Carried(_text(base, (variable, received), values), result, terms)


def _text(base: Any, variables: tuple[str, str], values: Mapping[str, Any]) -> str:
    """How a function is shown, with the values of its parameters."""
    name = getattr(base, "__name__", "function")
    inner = [each for each in variables if each] + ([_listed(values)[1:-1]] if values else [])
    return f"{'function' if name == '<lambda>' else name}({', '.join(inner)})"


def _unwrapped(
    function: Any, name: str
) -> tuple[Callable[..., Any], tuple[str, ...], dict[str, Any]]:
    """A function, the names of its one or two arguments, and the values of its parameters."""
    given: dict[str, Any] = {}
    while True:  # what is given outside counts
        if isinstance(function, CouplingFunction):
            function, given = function.function, {**function.values, **given}
        elif isinstance(function, functools.partial) and not function.args:
            function, given = function.func, {**function.keywords, **given}
        else:
            break
    if isinstance(function, np.ufunc):
        names = ("source", "target")[: function.nin]
        return function, names, {}
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{name}: function {_ONE_OR_TWO}, not {brief(function)}.")
    order, values = [], {}
    for each in inspect.signature(function).parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise TypeError(f"{name}: function takes {each}; its arguments must have names.")
        if each.name in given or each.default is not each.empty:
            values[each.name] = given.get(each.name, each.default)
        else:
            order.append(each.name)
    own = getattr(function, "__name__", "function")
    if len(order) == 3:
        raise TypeError(
            f"{name}: {own} needs a value of {order[-1]}; write {own}({order[-1]}=...), or give "
            f"the argument a default."
        )
    if len(order) not in (1, 2):
        raise TypeError(f"{name}: function {_ONE_OR_TWO}; this one takes {len(order)} arguments.")
    return function, tuple(order), values


def _constant(value: Any, name: str) -> tuple[float, Measure]:
    """A parameter in internal units, and its unit."""
    measure = units.measure_of(value, name)
    plain = units.to_internal(value, measure, name)
    units.require_finite(plain, name)
    if not isinstance(plain, float):
        raise ValueError(f"{name} is one number, and no array.")
    return plain, measure


def _read(
    base: Callable[..., Any], order: tuple[str, ...], constants: tuple[str, ...], name: str
) -> eq.Equations:
    count = len(order)

    def function(*given: Any) -> Any:
        return base(*given[:count], **dict(zip(constants, given[count:], strict=True)))

    declared = {"state": ("_result",), "input": order, "parameter": constants}
    try:
        found, _ = eq.read(function, (*order, *constants), declared, {}, lambda value: False)
        if not found.written and len(found.roots) == 1:
            return found
        what = found.reason or "more than one value"
    except (TypeError, ArithmeticError) as error:
        what = str(error).partition(": in equations")[0]
    raise TypeError(
        f"{name}: function needs {what}. It is plain arithmetic that returns one value: write "
        f"conditions with np.where, and numbers with units as defaults of arguments, "
        f"lambda x, E=-80 * mV: ..."
    )


def _measure_of(
    found: eq.Equations, measures: Mapping[str, Measure], name: str, source: Measure
) -> Measure:
    dimension = dimensions.of_result(f"The function of {name}", found, measures)
    same = dimension == source.dimension
    return source if same else units.measure(units.internal_unit(dimension))


def _terms(
    found: eq.Equations,
    order: tuple[str, ...],
    variables: tuple[str, str],
    constants: Mapping[str, tuple[float, Measure]],
    name: str,
) -> tuple[tuple[OfSource, Factor | None], ...]:
    separation = eq.Separation(found.nodes, order[0], order[1] if len(order) == 2 else "")
    try:
        terms = separation.terms(found.roots[0])
    except eq.InseparableError as error:
        raise ValueError(
            f"{name}: function has {error}, in which the values of source and target are mixed. "
            f"It must be a sum of products of a function of the one and a function of the other; "
            f"sin and cos of a sum or difference are taken apart."
        ) from None
    values = [(each, value) for each, (value, _) in constants.items()]
    made: list[tuple[OfSource, Factor | None]] = []
    for of_source, of_target in terms:
        sent: OfSource = None
        if separation.is_value_of_source(of_source):
            sent = variables[0]
        elif of_source is not None:
            sent = separation.factor(of_source, variables[0], values)
        factor = None
        if of_target is not None:
            factor = separation.factor(of_target, variables[1], values)
        made.append((sent, factor))
    made.sort(key=lambda term: term[0] is None)
    if made[0][0] is None:
        raise ValueError(f"{name}: function does not depend on the value of the source.")
    return tuple(made)
