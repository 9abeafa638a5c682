"""Kinds of values that nobody means, for `test_fuzz`, and what a refusal must be like."""

import datetime
import decimal
import enum
import fractions
import linecache
import math
import os
import signal
import traceback
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pint
import scipy.sparse
import xarray as xr

import neuromass as nm
from neuromass.units import Hz, ms, mV

PACKAGE = os.path.dirname(nm.__file__) + os.sep
TESTS = os.path.dirname(__file__) + os.sep
OTHER = pint.UnitRegistry()
SECONDS = 4
"""After which a call counts as hanging."""
LONGEST = 1000
"""Characters of a message."""


class Foreign:
    """A number with a unit of another package."""

    units = "percent"

    def __float__(self):
        return 50.0

    def __array__(self, dtype=None, copy=None):
        return np.array(50.0)


class Hostile:
    """Something whose representation fails."""

    def __repr__(self):
        raise ZeroDivisionError("no text")


class Colour(enum.Enum):
    RED = 1


def cyclic_list():
    made = [1.0]
    made.append(made)
    return made


def cyclic_dict():
    made = {}
    made["self"] = made
    return made


def objects():
    made = np.empty(2, dtype=object)
    made[:] = [1.0, [2.0]]
    return made


BAD = {
    "None": lambda: None,
    "text": lambda: "nonsense",
    "a number as text": lambda: "3.0",
    "a quantity as text": lambda: "3 ms",
    "no text": lambda: "",
    "text with NUL": lambda: "a\0b",
    "long text": lambda: "x" * 100_000,
    "a huge power as text": lambda: "ms**1000000000",
    "bytes": lambda: b"\x00\xff",
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "negative inf": lambda: -math.inf,
    "negative": lambda: -1.5,
    "huge": lambda: 1e300,
    "tiny": lambda: 5e-324,
    "a huge int": lambda: 10**400,
    "a large int": lambda: 2**63,
    "a negative int": lambda: -3,
    "True": lambda: True,
    "complex": lambda: 1 + 2j,
    "a fraction": lambda: fractions.Fraction(1, 3),
    "a decimal": lambda: decimal.Decimal("NaN"),
    "a list": lambda: [1.0, 2.0, 3.0, 4.0, 5.0],
    "an empty list": lambda: [],
    "a ragged list": lambda: [[1.0, 2.0], [3.0]],
    "a cyclic list": cyclic_list,
    "a nested list": lambda: [[[[[[1.0]]]]]],
    "a list of text": lambda: ["a", "b"],
    "a list of mixed": lambda: [1.0, "a", None],
    "a tuple": lambda: (1.0, "a"),
    "a set": lambda: {1.0, 2.0},
    "a dict": lambda: {"nonsense": 1.0},
    "a dict with numbers": lambda: {1: 2},
    "a cyclic dict": cyclic_dict,
    "a generator": lambda: (x for x in (1.0, 2.0)),
    "a range": lambda: range(3),
    "a slice": lambda: slice(None, None, 0),
    "Ellipsis": lambda: ...,
    "a function": lambda: lambda: 1.0,
    "a function of two": lambda: lambda a, b: a,
    "a failing function": lambda: lambda t: 1 / 0,
    "a class": lambda: int,
    "a model": lambda: nm.QIF,
    "a module": lambda: math,
    "an object": object,
    "an enum": lambda: Colour.RED,
    "a failing repr": Hostile,
    "a date": lambda: datetime.datetime(2026, 1, 1),
    "a time": lambda: datetime.timedelta(seconds=1),
    "a numpy date": lambda: np.datetime64("2026-01-01"),
    "a numpy time": lambda: np.timedelta64(5, "ms"),
    "an empty array": lambda: np.zeros(0),
    "an array of another shape": lambda: np.ones((2, 7)),
    "an array of seven axes": lambda: np.ones((1,) * 7),
    "an array of nan": lambda: np.full(3, np.nan),
    "an array of text": lambda: np.array(["a", "b"]),
    "an array of bool": lambda: np.array([True, False]),
    "an array of complex": lambda: np.array([1j, 2.0]),
    "an array of objects": objects,
    "a structured array": lambda: np.zeros(2, dtype=[("a", float), ("b", int)]),
    "a masked array": lambda: np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    "a matrix": lambda: np.matrix([[1.0, 2.0]]),
    "a sparse matrix": lambda: scipy.sparse.csr_matrix(np.eye(2)),
    "a series": lambda: pd.Series([1.0, 2.0], index=["a", "b"]),
    "a frame": lambda: pd.DataFrame({"a": [1.0, 2.0]}),
    "a missing value": lambda: pd.NA,
    "a data array": lambda: xr.DataArray([1.0, 2.0], dims="x"),
    "a length": lambda: 3.0 * nm.units.metre,
    "a huge unit": lambda: 3.0 * OTHER.meter**40,
    "an angle": lambda: 90.0 * OTHER.degree,
    "an angular frequency": lambda: 3.0 * OTHER.rad / OTHER.second,
    "a temperature": lambda: OTHER.Quantity(20.0, "degC"),
    "a level": lambda: OTHER.Quantity(20.0, "decibelmilliwatt"),
    "a quantity of nan": lambda: math.nan * ms,
    "a quantity of inf": lambda: math.inf * Hz,
    "a quantity of text": lambda: OTHER.Quantity(np.array(["a"]), "ms"),
    "a quantity of objects": lambda: OTHER.Quantity(np.array([1.0, None], dtype=object), "ms"),
    "a quantity of complex": lambda: OTHER.Quantity(1j, "mV"),
    "an empty quantity": lambda: np.zeros(0) * ms,
    "a list of quantities": lambda: [3.0 * ms, 1.0 * mV],
    "a unit": lambda: ms,
    "a unit of another registry": lambda: OTHER.mV,
    "a unit of another package": Foreign,
}


class Hang(BaseException):
    """A call took too long."""


@contextmanager
def at_most(seconds):
    def stop(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


ALLOWED = (
    TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError, MemoryError, OSError,
    nm.SimulationError,
)  # fmt: skip


def fault(error):
    """What is wrong with a refusal: nothing, or a word and what shows it."""
    text, told = str(error), f"{type(error).__name__}: {str(error)[:120]}"
    if isinstance(error, Hang):
        return "hangs", ""
    if not is_ours_to_word(error):
        return None
    if not isinstance(error, ALLOWED):
        return "type", told
    if len(text) > LONGEST:
        return "long", told
    place = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(place.filename, place.lineno).strip()
    if place.filename.startswith(PACKAGE) and line.startswith("raise"):
        return None
    return "foreign", f"{told} ({place.filename[-40:]}:{place.lineno})"


def is_ours_to_word(error):
    """Not an error of the user's function, of a missing file, or before the package was called."""
    places = traceback.extract_tb(error.__traceback__)
    if isinstance(error, FileNotFoundError):
        return False
    if any("Raised by the function" in note for note in getattr(error, "__notes__", ())):
        return False
    called = any(each.filename.startswith(PACKAGE) for each in places)
    return called and not places[-1].filename.startswith(TESTS)
