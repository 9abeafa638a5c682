"""Units at the boundary: Quantities outside, floats in internal units inside.

This is the one module that knows pint. Internally every number is a float in the
coherent system ms, 1/ms, mV, pA, nS, pF, mm. Quantities of any registry come in;
what goes out belongs to pint's application registry that is current at the call.

The names ``ms``, ``Hz``, ``mV`` and so on are pint units, for ``10 * ms``:

>>> from neuromass.units import ms, Hz
>>> print(20 * Hz * (10 * ms))
200 hertz * millisecond
"""

from __future__ import annotations

import copyreg
import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import pint
from numpy.typing import ArrayLike, NDArray

from neuromass.errors import brief, knows_its_unit

__all__ = [
    "Measure",
    "UnitError",
    "dimensionless",
    "magnitudes",
    "setup_matplotlib",
]

NAMES: Final = {
    "us": "microsecond",
    "ms": "millisecond",
    "second": "second",
    "minute": "minute",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "uV": "microvolt",
    "mV": "millivolt",
    "volt": "volt",
    "pA": "picoampere",
    "nA": "nanoampere",
    "uA": "microampere",
    "pS": "picosiemens",
    "nS": "nanosiemens",
    "uS": "microsiemens",
    "pF": "picofarad",
    "nF": "nanofarad",
    "um": "micrometer",
    "mm": "millimeter",
    "metre": "meter",
}
"""Short name -> pint's name of the units that can be imported from here."""

_MEANT: Final = {
    "s": "second", "sec": "second", "m": "metre", "V": "volt", "min": "minute", "hz": "Hz",
}  # fmt: skip
"""What is meant by names of units that are spelt out here, or not as long as others."""

_WORDS: Final = [name for name in NAMES if len(name) > 2] + ["ms", "Hz", "mV"]
"""Names that may be meant by others that look like them: no factor of a million between two."""

_BASES: Final = {"[time]": 3, "[length]": 3, "[current]": 12, "[mass]": 15}
"""Decimal exponent from pint's root unit (s, m, A, g) to the internal one (ms, mm, pA,
and for the mass the unit that makes mV out of them)."""

Exponents = tuple[tuple[str, Fraction], ...]

_KINDS: Final[dict[Exponents, str]] = {}
"""Dimension -> its name with article; filled at the end of the file."""


DimensionalityError: Final = pint.DimensionalityError


class UnitError(pint.DimensionalityError):
    """A value has the wrong dimension; the message names the argument and says what to write.

    It is pint's ``DimensionalityError`` (and so a ``TypeError``) with a full sentence.
    """

    def __init__(self, sentence: str, given: str = "", expected: str = "") -> None:
        super().__init__(given, expected)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence

    def __reduce__(self) -> tuple[Any, ...]:
        return UnitError, (self.sentence, self.units1, self.units2)


def _registry() -> Any:
    return pint.get_application_registry().get()


def __getattr__(name: str) -> Any:
    if name in NAMES:
        return _registry().Unit(NAMES[name])
    near = "" if name.startswith("_") else _meant(name)
    hint = f"; did you mean {near}?" if near else f"; it has {', '.join(NAMES)}"
    raise AttributeError(f"neuromass.units has no unit {brief(name)}{hint}")


def _meant(name: str) -> str:
    """Units of this module that an unknown name may stand for: the same one, or of its kind."""
    if name in _MEANT:
        return _MEANT[name]
    caseless = [each for each in NAMES if each.lower() == name.lower()]
    close = next(iter(caseless or difflib.get_close_matches(name, _WORDS, n=1)), "")
    try:
        unit = _registry().Unit(name)
        scale = _scale(unit._REGISTRY, unit._units)
    except Exception:  # pint has many for a text that is no unit
        return close
    kinds = {each: measure(full) for each, full in NAMES.items()}
    alike = [each for each, own in kinds.items() if scale.dimension and _same(own, scale)]
    equal = [each for each in alike if kinds[each].to_internal(1.0) == scale.times / scale.over]
    if alike and not equal:
        return ""  # what differs by a million is not meant
    return " or ".join(equal) or close


def _same(own: Measure, scale: _Scale) -> bool:
    return own.dimension == scale.dimension and not scale.angular


def __dir__() -> list[str]:
    return sorted({*__all__, *NAMES})


# ------------------------------------------------------------------- scales and dimensions


@dataclass(frozen=True)
class _Scale:
    """What one unit is in internal units: ``value * times / over``, both exact where possible."""

    dimension: Exponents
    times: float
    over: float
    angular: bool
    linear: bool


def _snapped(factor: float) -> tuple[float, float]:
    """Split a factor into a multiplier and a divisor that are whole where the factor is.

    Units differ by powers of ten (and 60s); conversion through a rounded 0.001 would cost
    the last bit, division by 1000 does not.
    """
    whole = factor if factor >= 1.0 else 1.0 / factor
    if whole < 2**53 and math.isclose(whole, round(whole), rel_tol=1e-12):
        return (float(round(whole)), 1.0) if factor >= 1.0 else (1.0, float(round(whole)))
    return factor, 1.0


_LARGEST_POWER: Final = 30
"""Powers of units beyond this one are a slip; some take hours to write out."""

_DEEPEST: Final = 32
"""Lists in lists beyond this depth are one that holds itself."""

_scales: WeakKeyDictionary[Any, dict[Any, _Scale]] = WeakKeyDictionary()


def _scale(registry: Any, units: Any) -> _Scale:
    """Scale of a pint units container, looked up in the registry it came from."""
    known = _scales.setdefault(registry, {})
    found = known.get(units)
    if found is None:
        found = known[units] = _measure_scale(registry, units)
    return found


def _measure_scale(registry: Any, units: Any) -> _Scale:
    for power in units.values():
        if not abs(power) <= _LARGEST_POWER:
            raise ValueError(
                f"A unit has a power of at most {_LARGEST_POWER}, not {brief(power)}; write the "
                f"one that is meant."
            )
    unit = registry.Unit(units)
    factor, root = registry.get_root_units(unit)
    exponents = {name: _fraction(power) for name, power in root.dimensionality.items()}
    decimal = sum(_BASES.get(name, 0) * power for name, power in exponents.items())
    ten = 10 ** int(decimal) if decimal == int(decimal) else 10.0 ** float(decimal)
    times, over = _snapped(float(factor) * ten)
    dimension = tuple(sorted((name, power) for name, power in exponents.items() if power))
    linear = _is_linear(registry, unit, root)
    return _Scale(dimension, times, over, "radian" in root._units, linear)


def _is_linear(registry: Any, unit: Any, root: Any) -> bool:
    """Whether nothing in a unit is nothing in its root unit: not so for degC and dB."""
    try:
        return bool(registry.convert(0, unit, root) == 0)
    except pint.OffsetUnitCalculusError:
        return False


@dataclass(frozen=True)
class Measure:
    """The unit in which something is declared and shown, and its scale to internal units.

    Parameters
    ----------
    text : str
        The unit as pint writes it, for example ``"hertz"``; empty if dimensionless.
    dimension : tuple
        Exponents of the base dimensions.
    times, over : float
        A value in this unit is ``value * times / over`` internally.
    angle : bool
        Whether angular units are meant, as for the phase of a sine.
    symbol : str
        Short form, for labels and messages: ``Hz``, ``nS/mV``, empty if dimensionless.
    """

    text: str
    dimension: Exponents
    times: float = 1.0
    over: float = 1.0
    angle: bool = False
    symbol: str = field(default="", compare=False)
    _made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_dimensionless(self) -> bool:
        """Whether it is a plain number."""
        return not self.dimension

    @property
    def code(self) -> str:
        """What to write in Python after a number, with the names that this module has."""
        names = re.sub(r"[a-z_]+", lambda found: _SHORT.get(found[0], found[0]), self.text)
        return f" * {_tight(names)}".replace(" * 1/", " / ")

    def to_internal(self, value: Any) -> Any:
        """Floats in this unit, as internal floats."""
        return value * self.times if self.over == 1.0 else value / self.over

    def from_internal(self, value: Any) -> Any:
        """Internal floats, as floats in this unit."""
        return value / self.times if self.over == 1.0 else value * self.over

    def quantity(self, value: Any) -> Any:
        """Internal floats as a Quantity of the application registry current now."""
        registry = _registry()
        made = self._made.get("here")
        if made is None or made[0] is not registry:
            made = self._made["here"] = (registry, registry.Quantity, self._unit_in(registry))
        return made[1](self.from_internal(value), made[2])

    def _unit_in(self, registry: Any) -> Any:
        unit = registry.Unit(self.text)
        scale = _scale(registry, unit._units)
        if (scale.dimension, scale.times, scale.over) != (self.dimension, self.times, self.over):
            raise ValueError(
                f"The unit {self.text} means something else in pint's application registry than "
                f"where it was declared; make them one with pint.set_application_registry."
            )
        return unit

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}}

    def __deepcopy__(self, memo: Any) -> Measure:
        return self

    # Products and powers, for the dimensions of noise and of connection weights.

    def combined(self, other: Measure, power: int | Fraction = 1) -> Measure:
        """The unit ``self * other**power``."""
        registry = _registry()
        whole = Fraction(power).denominator == 1
        exponent = int(power) if whole else registry.non_int_type(float(power))
        return measure(registry.Unit(self.text) * registry.Unit(other.text) ** exponent)


_SHORT: Final = {long: short for short, long in NAMES.items()}
_measures: dict[tuple[str, bool], Measure] = {}


def measure(unit: Any = "", *, angle: bool = False) -> Measure:
    """The Measure of a unit given as a pint Unit (of any registry) or as text."""
    if isinstance(unit, Measure):
        return unit
    if isinstance(unit, str):
        unit = _parsed(unit)
    if isinstance(unit, pint.Quantity):
        if np.ndim(unit._magnitude) or unit._magnitude != 1:
            raise ValueError(f"A unit is needed, such as {unit.units}, not the quantity {unit}.")
        unit = unit.units
    if not isinstance(unit, pint.Unit):
        raise TypeError(
            f"A unit is needed, such as ms or Hz of neuromass.units, not {brief(unit)}."
        )
    scale = _scale(unit._REGISTRY, unit._units)
    if not scale.linear:
        raise TypeError(f"A unit is needed that starts at zero, unlike {unit}.")
    text = _full(unit)
    symbol = _tight(_written(unit, unit._REGISTRY.get_symbol))
    found = Measure(text, scale.dimension, scale.times, scale.over, angle, symbol)
    known = _measures.setdefault((text, angle), found)
    return known if known == found else found


def _parsed(text: str) -> Any:
    """The unit that a text names; by the long names, which ignoring the case does not confuse."""
    full = re.sub(r"[A-Za-z_]+", lambda word: _long(word[0]), text)
    try:
        if len(text) > 200 or re.search(r"\b[\d.]+\)*\s*(\*\*|\^)", text):
            raise ValueError  # a power of a number, which may take hours
        return _registry().Unit(full)
    except pint.UndefinedUnitError:
        raise
    except Exception:  # pint has many for a text it cannot read
        raise ValueError(
            f"A unit is needed, such as 'ms' or 'Hz', not the text {brief(text)}."
        ) from None


def _long(name: str) -> str:
    return NAMES.get(name, name)


def _full(unit: Any) -> str:
    return _written(unit, str)


def _written(unit: Any, name_of: Callable[[str], str]) -> str:
    """A unit as text, whatever format and number type its registry prefers."""
    return _product({name_of(name): _fraction(power) for name, power in unit._units.items()})


def _product(powers: Mapping[str, Fraction]) -> str:
    above = " * ".join(_powered(name, power) for name, power in powers.items() if power > 0)
    under = " / ".join(_powered(name, -power) for name, power in powers.items() if power < 0)
    return f"{above or '1'} / {under}" if under else above


def _powered(name: str, power: Fraction) -> str:
    exponent = power if power.denominator == 1 else float(power)
    return name if power == 1 else f"{name} ** {exponent}"


def _fraction(power: Any) -> Fraction:
    return Fraction(float(power)).limit_denominator(1000)


def _tight(text: str) -> str:
    return text.replace(" ** ", "**").replace(" / ", "/").replace(" * ", "*")


DIMENSIONLESS: Final = Measure("", ())
MS: Final = Measure("millisecond", (("[time]", Fraction(1)),), symbol="ms")
HZ: Final = Measure("hertz", (("[time]", Fraction(-1)),), 1.0, 1000.0, symbol="Hz")
RADIAN: Final = Measure("", (), angle=True)


def multiplied(first: Exponents, second: Exponents, power: int | Fraction = 1) -> Exponents:
    """The dimension ``first * second**power``."""
    total = dict(first)
    for name, exponent in second:
        total[name] = total.get(name, Fraction(0)) + exponent * power
    return tuple(sorted((name, exponent) for name, exponent in total.items() if exponent))


_WHOLE: Final = ("", "ms", "1/ms", "mV", "pA", "nS", "pF", "mm", "nS/mV", "pA/ms", "mV/ms")
_INTERNAL: Final[dict[Exponents, str]] = {}
"""Dimension -> its internal unit, for the usual ones; filled at the end of the file."""


def internal_unit(dimension: Exponents) -> str:
    """The internal unit of a dimension, as text: ``1/ms``, ``mV``, ``1/ms**2``."""
    if dimension in _INTERNAL:
        return _INTERNAL[dimension]
    powers = dict(dimension)
    mass = powers.pop("[mass]", Fraction(0))
    in_units = {
        "mV": mass,
        "pA": powers.pop("[current]", Fraction(0)) + mass,
        "mm": powers.pop("[length]", Fraction(0)) - 2 * mass,
        "ms": powers.pop("[time]", Fraction(0)) + 3 * mass,
    } | {name.strip("[]"): power for name, power in powers.items()}
    return _tight(_product(in_units))


def is_quantity(value: Any) -> bool:
    """Whether a value carries a unit, of whatever registry."""
    return isinstance(value, (pint.Quantity, pint.Unit))


def is_listing(value: Any) -> bool:
    """Whether something lists things; text and a Quantity of one number only seem to."""
    if isinstance(value, str | bytes) or is_quantity(value):
        return False
    return isinstance(value, Iterable) and getattr(value, "shape", None) != ()


def measure_of(value: Any, name: str = "A value") -> Measure:
    """The unit that a value carries; dimensionless for bare numbers."""
    if not is_quantity(value):
        refuse_foreign_units(value, name)
        return DIMENSIONLESS
    try:
        return measure(value.units if isinstance(value, pint.Quantity) else value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def let_quantities_defer(kind: type) -> None:
    """Have pint hand ``quantity * object`` over to objects of a class.

    It would otherwise make a Quantity that holds the object. This is the way pint documents
    for such classes; it wants the class itself, a parent is not enough.
    """
    known = getattr(pint.compat, "upcast_type_map", {})
    known[f"{kind.__module__}.{kind.__qualname__}"] = kind


# ------------------------------------------------------------------------- coming in


def to_internal(value: Any, unit: Measure, name: str, example: float | None = None) -> Any:
    """Convert one argument to floats in internal units.

    Parameters
    ----------
    value : number, array, Quantity or sequence of Quantities
        What the user gave.
    unit : Measure
        What is needed.
    name : str
        The argument's name, for the error.
    example : float, optional
        A sensible value in `unit`, for the error.

    Returns
    -------
    float or numpy.ndarray
        A float for a scalar, else a new float64 array. Not checked for finiteness.

    Raises
    ------
    UnitError
        If the dimension is wrong, or a bare number is given where a unit is needed.
    TypeError
        If `value` is no number.
    """
    if isinstance(value, pint.Unit):
        value = 1 * value
    if isinstance(value, pint.Quantity):
        try:
            scale = _scale(value._REGISTRY, value._units)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if scale.dimension != unit.dimension or (scale.angular and not unit.angle):
            raise _wrong_unit(value, scale, unit, name, example)
        if not scale.linear:
            raise _not_linear(value, unit, name)
        given = value._magnitude
        if _is_of_objects(given) and any(map(is_quantity, given.flat)):
            raise TypeError(f"{_needs(name, unit, example)}, not Quantities in a Quantity.")
        plain = _plain(given, name, unit, example)
        return plain * scale.times if scale.over == 1.0 else plain / scale.over
    if _is_of_objects(value):
        value = value.tolist()
    if type(value) is not float and _holds_quantities(value, name):
        return _stacked([to_internal(item, unit, name, example) for item in value], name)
    plain = _plain(value, name, unit, example)
    if unit.dimension:
        raise UnitError(f"{_needs(name, unit, example)}, not the bare number {brief(value)}.")
    return plain


def refuse_foreign_units(value: Any, name: str) -> None:
    """Refuse what carries a unit that is not pint's, which would be lost.

    Quantities of `quantities`, `unyt`, `astropy` and `brian2` are arrays or floats that know
    their unit as ``units``, ``unit`` or ``dimensions``; their bare units count as well.
    """
    if type(value) in (float, int, np.ndarray, np.float64) or is_quantity(value):
        return
    if knows_its_unit(value):
        package = type(value).__module__.partition(".")[0]
        raise TypeError(
            f"{name} was given with a unit of the package {package}, {brief(value)}; convert "
            f"it to one of pint: take its number in a unit you know, times that unit of "
            f"neuromass.units, for example 3.0 * neuromass.units.mV."
        )


def _is_of_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _holds_quantities(value: Any, name: str, depth: int = 0) -> bool:
    """Whether Quantities are somewhere in a list; lists in themselves and foreign units raise."""
    if depth > _DEEPEST:
        raise ValueError(f"{name} is a list that holds itself, or lists in lists without an end.")
    if isinstance(value, (list, tuple)):
        found = [_holds_quantities(item, name, depth + 1) for item in value]
        return any(found)
    refuse_foreign_units(value, name)
    return depth > 0 and is_quantity(value)


def _stacked(parts: list[Any], name: str) -> NDArray[np.float64]:
    try:
        return np.array(parts, dtype=float)
    except ValueError:
        raise ValueError(f"{name} is a list whose entries differ in shape.") from None


_NO_NUMBERS: Final = (bool, np.bool_, str, bytes, bytearray, memoryview, type(None))


def _plain(value: Any, name: str, unit: Measure, example: float | None) -> Any:
    """A float, or a new array of floats, of something that consists of real numbers."""
    if type(value) is float:  # most often, and in every step by hand
        return value
    refuse_foreign_units(value, name)
    if is_quantity(value) or is_quantity(getattr(value, "data", None)):
        raise TypeError(
            f"{_needs(name, unit, example)}, not Quantities inside of something else, "
            f"{brief(value)}; give one Quantity, or a list of them."
        )
    if isinstance(value, _NO_NUMBERS):
        raise TypeError(f"{_needs(name, unit, example)}, not {brief(value)}.")
    if np.ma.is_masked(value):
        raise TypeError(f"{_needs(name, unit, example)}, not an array with masked entries.")
    try:
        array = np.asarray(value)
        if array.dtype.kind in "cbSUMmV":
            raise TypeError
        if array.ndim == 0 or array.dtype != object:
            array = array.astype(float)
    except OverflowError:
        raise ValueError(f"{name} must be finite, and {brief(value)} is too large.") from None
    except (TypeError, ValueError):
        raise TypeError(f"{_needs(name, unit, example)}, not {brief(value)}.") from None
    if array.dtype == object:
        parts = [_plain(item, name, unit, example) for item in array.ravel()]
        array = np.array(parts, dtype=float).reshape(array.shape)
    return float(array) if array.ndim == 0 else array


def _needs(name: str, unit: Measure, example: float | None) -> str:
    number = f"{1.0 if example is None else example:g}"
    if not unit.dimension:
        kind = "an angle in radian or degree" if unit.angle else "a plain number"
        return f"{name} needs {kind}, for example {number}"
    kind = _KINDS.get(unit.dimension, f"a quantity in {unit.symbol}")
    return f"{name} needs {kind}, for example {number}{unit.code}"


def _wrong_unit(
    value: Any, scale: _Scale, unit: Measure, name: str, example: float | None
) -> UnitError:
    given = _full(value.units) or "dimensionless"
    if scale.dimension == unit.dimension:
        kind, advice = "number", ""
        if unit.dimension == HZ.dimension:
            kind = "frequency"
            advice = (
                " Divide an angular frequency by 2 pi, and give it in Hz; a rate constant is the "
                "same number in 1/second."
            )
        sentence = f"{name} is a {kind}, not in the angular unit {given}.{advice}"
    else:
        sentence = f"{_needs(name, unit, example)}; it was given in {given}."
    return UnitError(sentence, given, unit.text or "dimensionless")


def _not_linear(value: Any, unit: Measure, name: str) -> UnitError:
    given = _full(value.units) or "dimensionless"
    return UnitError(
        f"{name} was given in {given}, which does not start at zero; convert it first, for "
        f"example with .to({unit.text or 'dimensionless'!r}).",
        given,
        unit.text or "dimensionless",
    )


def magnitudes(values: Any, unit: Any) -> NDArray[np.float64]:
    """A plain float64 array of Quantities, in the unit stated.

    ``np.array`` of a list of Quantities loses or refuses the unit; this keeps it honest.

    Parameters
    ----------
    values : Quantity or iterable of Quantities
        For example the rates that a loop of ``update()`` returned.
    unit : pint.Unit or str
        The unit of the numbers in the result.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    UnitError
        If a value cannot be expressed in `unit`.

    Examples
    --------
    >>> from neuromass.units import Hz, kHz, magnitudes
    >>> magnitudes([8 * Hz, 0.1 * kHz], Hz)
    array([  8., 100.])
    """
    target = measure(unit)
    refuse_foreign_units(values, "values")
    one = target.quantity(1.0)
    if target.dimension and _scale(one._REGISTRY, one._units).angular:
        raise UnitError(
            f"magnitudes: {target.text} is an angular unit, and rates are not given in those; "
            f"take Hz."
        )
    if not is_quantity(values) and isinstance(values, Iterable):
        values = list(values) or target.quantity(np.zeros(0))
    return np.asarray(target.from_internal(np.asarray(to_internal(values, target, "values"))))


def require_finite(value: Any, name: str) -> None:
    """Refuse NaN and infinity, naming the argument."""
    if not (math.isfinite(value) if type(value) is float else np.isfinite(value).all()):
        raise ValueError(f"{name} must be finite, and {brief(value)} is not.")


# -------------------------------------------------------------------------- going out


class OwnArray(np.ndarray[Any, np.dtype[np.float64]]):
    """An array that was handed out: arithmetic in place works, entries cannot be assigned.

    An entry that is assigned would change the copy alone, and nobody would notice.
    """

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.base is None:  # a new array, for example of np.zeros_like
            super().__setitem__(key, value)
            return
        raise ValueError(
            "Entries of an array that was handed out cannot be assigned. Set lanes with "
            "set(at=..., name=...), or take a copy, np.array(x)."
        )

    def __repr__(self) -> str:
        return repr(_plain_array(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [_plain_array(each) for each in inputs]
        out = options.pop("out", None)
        if out is None:
            return getattr(ufunc, method)(*plain, **options)
        if not all(each.flags.writeable for each in out):
            raise ValueError(
                "This array belongs to a recording and cannot be changed in place; take a copy, "
                "np.array(x)."
            )
        getattr(ufunc, method)(*plain, out=tuple(map(_plain_array, out)), **options)
        return out[0] if len(out) == 1 else out

    def copy(self, order: Any = "C") -> Any:
        """A plain array of one's own."""
        return np.array(self, order=order)


def _plain_array(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, OwnArray) else value


def to_quantity(unit: Measure, values: Any) -> Any:
    """Internal floats as a Quantity with a copy of its own; see `OwnArray`."""
    if np.ndim(values) == 0:
        return unit.quantity(float(values))
    quantity = unit.quantity(np.array(values, dtype=float))
    return type(quantity)(quantity.magnitude.view(OwnArray), quantity.units)


def as_view(unit: Measure, values: Any) -> Any:
    """Internal floats as a Quantity that cannot be changed at all, not copied without need."""
    quantity = unit.quantity(values)
    array = read_only(np.asarray(quantity.magnitude))
    return type(quantity)(array.view(OwnArray), quantity.units)


def is_of_application(quantity: Any) -> bool:
    """Whether a Quantity is of the application registry current now."""
    return quantity._REGISTRY is _registry()


def decimals(values: Any) -> Any:
    """Products such as 3 * 0.1, which are off by their last bit, as the decimal that is meant.

    Parameters
    ----------
    values : float or ndarray
        Products of a whole number with a short decimal.
    """
    largest = float(np.max(np.abs(values), initial=1.0))
    rounded = np.round(values, max(0, 12 - math.ceil(math.log10(largest))))
    return np.where(np.abs(rounded - values) <= 4e-16 * np.abs(values), rounded, values)


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The array itself, which cannot be written to any more."""
    array.flags.writeable = False
    return array


def shown(value: ArrayLike, unit: Measure, digits: int = 6) -> str:
    """Internal floats as readable text with the unit; arrays as their range."""
    plain = np.asarray(unit.from_internal(np.asarray(value, dtype=float)))
    tail = f" {unit.symbol}" if unit.symbol else ""
    if plain.size == 0:
        return f"nothing{tail}"
    low, high = float(np.min(plain)), float(np.max(plain))
    if low == high or plain.ndim == 0:
        return f"{low:.{digits}g}{tail}"
    return f"{low:.{digits}g} .. {high:.{digits}g}{tail}"


def setup_matplotlib() -> None:
    """Let matplotlib plot Quantities and label the axes with their units.

    Call it once, and ``plt.plot(rec.t, rec.r)`` knows its units.

    Examples
    --------
    >>> from neuromass.units import setup_matplotlib
    >>> setup_matplotlib()
    """
    from pint.matplotlib import PintConverter  # noqa: PLC0415

    registry = _registry()
    registry.mpl_formatter = "{:~P}"
    registry.setup_matplotlib(True)
    # axes hold the converter, and that a registry: figures could not be pickled
    copyreg.pickle(PintConverter, lambda converter: (matplotlib_converter, ()))


def matplotlib_converter() -> Any:
    """What converts Quantities for matplotlib, where a figure is unpickled."""
    from pint.matplotlib import PintConverter  # noqa: PLC0415

    return PintConverter(_registry())


def _fill_kinds() -> None:
    for text, kind in (
        ("ms", "a time"),
        ("Hz", "a rate"),
        ("mV", "a voltage"),
        ("pA", "a current"),
        ("nS", "a conductance"),
        ("pF", "a capacitance"),
        ("mm", "a length"),
        ("metre/second", "a speed"),
    ):
        _KINDS[measure(text).dimension] = kind
    _INTERNAL.update((measure(text).dimension, text) for text in _WHOLE)


_fill_kinds()
dimensionless: Final = DIMENSIONLESS
