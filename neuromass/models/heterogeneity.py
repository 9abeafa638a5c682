"""The Lorentzian distribution of excitabilities, for those who draw it or draw from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief, whole_number
from neuromass.units import Measure

__all__ = ["lorentzian", "lorentzian_quantiles", "lorentzian_sample"]


def lorentzian(eta: Any, centre: Any = 0.0, half_width: Any = 1.0) -> Any:
    r"""Density of the Lorentzian distribution.

    .. math:: g(\eta) = \frac{1}{\pi} \frac{\Delta}{(\eta - \bar\eta)^2 + \Delta^2}

    Parameters
    ----------
    eta : number, Quantity or array
        Where.
    centre : number or Quantity, optional
        The distribution's centre, in the same unit.
    half_width : number or Quantity, optional
        Half of its width at half of its height: ``delta`` of the QIF models.

    Returns
    -------
    float, ndarray or Quantity
        The density, in one over the unit of `eta`; plain numbers where that has none.

    Examples
    --------
    >>> import neuromass as nm
    >>> print(f"{nm.lorentzian(-4.0, centre=-5.0, half_width=1.0):.6f}")
    0.159155
    """
    unit = units.measure_of(eta)
    where = _numbers(eta, unit, "eta")
    middle, width = _shape(unit, centre, half_width)
    away = (where - middle) / width
    density = 1.0 / (math.pi * width * (1.0 + away * away))
    return _in_unit(density, units.DIMENSIONLESS.combined(unit, -1))


def lorentzian_quantiles(n: int, centre: Any = 0.0, half_width: Any = 1.0) -> Any:
    r"""Midpoint quantiles of the Lorentzian distribution: n values that stand for it.

    .. math:: \eta_j = \bar\eta + \Delta \tan\frac{\pi (2 j - n - 1)}{2 n}, \quad j = 1 \dots n

    They cut the distribution into n parts of equal probability and take the median of each.
    They keep more of its tails than the quantiles at :math:`j / (n + 1)`, which drop the
    fastest neurons.

    Parameters
    ----------
    n : int
        How many.
    centre : number or Quantity, optional
        The distribution's centre.
    half_width : number or Quantity, optional
        Half of its width at half of its height.

    Returns
    -------
    ndarray or Quantity
        Ascending; in the unit of `centre` and `half_width` if they have one.

    Examples
    --------
    >>> import neuromass as nm
    >>> nm.lorentzian_quantiles(4, centre=-5.0, half_width=1.0).round(4)
    array([-7.4142, -5.4142, -4.5858, -2.5858])
    """
    count = _count(n)
    return _at_angles(math.pi * np.arange(1 - count, count, 2) / (2 * count), centre, half_width)


def lorentzian_sample(
    n: int, centre: Any = 0.0, half_width: Any = 1.0, seed: int | None = None
) -> Any:
    """Random values from the Lorentzian distribution.

    Neither a mean nor a variance exists: large values keep coming, and averages do not settle.

    Parameters
    ----------
    n : int
        How many.
    centre : number or Quantity, optional
        The distribution's centre.
    half_width : number or Quantity, optional
        Half of its width at half of its height.
    seed : int, optional
        The same values for the same seed; other ones each time if left out.

    Returns
    -------
    ndarray or Quantity
        In the unit of `centre` and `half_width` if they have one.

    Examples
    --------
    >>> import neuromass as nm
    >>> nm.lorentzian_sample(3, seed=1).shape
    (3,)
    """
    uniform = np.random.default_rng(seed).random(_count(n))
    return _at_angles(math.pi * (uniform - 0.5), centre, half_width)


def _shape(unit: Measure, centre: Any, half_width: Any) -> tuple[Any, Any]:
    middle = _numbers(centre, unit, "centre")
    width = _numbers(half_width, unit, "half_width")
    if np.size(width) == 0:
        raise ValueError("half_width is empty.")
    if not np.min(width) > 0.0:
        least = units.shown(np.min(width), unit)
        raise ValueError(f"half_width must be positive, and {least} is not.")
    return middle, width


def _at_angles(angles: Any, centre: Any, half_width: Any) -> Any:
    """Values whose distance from the centre is the half-width times the tangent of an angle."""
    unit = units.measure_of(half_width if units.is_quantity(half_width) else centre)
    middle, width = _shape(unit, centre, half_width)
    return _in_unit(middle + width * np.tan(angles), unit)


def _numbers(value: Any, unit: Measure, name: str) -> Any:
    if isinstance(value, int | float) and value == 0:
        return 0.0  # zero is zero in any unit
    plain = units.to_internal(value, unit, name)
    units.require_finite(plain, name)
    return plain


def _in_unit(value: Any, unit: Measure) -> Any:
    plain = float(value) if np.ndim(value) == 0 else value
    return plain if unit.is_dimensionless else unit.quantity(plain)


def _count(n: Any) -> int:
    count = whole_number(n, "n")
    if not 1 <= count < 1 << 31:
        raise ValueError(f"n must be at least 1 and below 2**31, and {brief(count)} is not.")
    return count
