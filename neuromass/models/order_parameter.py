"""Between rate and potential and the complex Kuramoto order parameter; how that moves."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np

from neuromass import units
from neuromass.errors import brief
from neuromass.units import HZ, MS

__all__ = ["kuramoto", "rate_and_potential", "theta_neurons"]


def kuramoto(r: Any, v: Any, tau: Any) -> Any:
    r"""Complex Kuramoto order parameter of a QIF population.

    .. math:: Z = \frac{1 - \bar W}{1 + \bar W}, \qquad W = \pi \tau r + i v

    Z is the mean of :math:`e^{i \theta_j}` over the neurons, whose phases are
    :math:`\theta_j = 2 \arctan V_j`. It measures how alike the potentials are, not how
    synchronous the spikes: in a quiet population, where all potentials lie close together, its
    modulus is near one.

    Parameters
    ----------
    r : Quantity
        Firing rate; any shape.
    v : number, Quantity or array
        Mean membrane potential.
    tau : Quantity
        Membrane time constant.

    Returns
    -------
    complex or ndarray
        Plain numbers, inside the unit circle for positive rates.

    See Also
    --------
    rate_and_potential : the way back.

    References
    ----------
    Montbrió, Pazó and Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> abs(nm.kuramoto(100 / 3.141592653589793 * Hz, 0.0, 10 * ms)) < 1e-12
    True
    """
    rate = np.asarray(units.to_internal(r, HZ, "r", 8.0))
    potential = np.asarray(units.to_internal(v, units.DIMENSIONLESS, "v", -2.0))
    conjugate = math.pi * _time_constant(tau) * rate - 1j * potential
    if np.any(conjugate == -1.0):
        raise ValueError("Z is infinite where pi tau r = -1; a rate is not negative.")
    return _plain((1.0 - conjugate) / (1.0 + conjugate))


def rate_and_potential(Z: Any, tau: Any) -> tuple[Any, Any]:
    r"""Firing rate and mean potential that belong to a Kuramoto order parameter.

    .. math:: \pi \tau r + i v = \frac{1 - \bar Z}{1 + \bar Z}

    Parameters
    ----------
    Z : complex or array
        The order parameter; its modulus is at most one, and it is not -1.
    tau : Quantity
        Membrane time constant.

    Returns
    -------
    r : Quantity
        Firing rate in Hz.
    v : float or ndarray
        Mean membrane potential.

    See Also
    --------
    kuramoto : the way there.

    Examples
    --------
    >>> import neuromass as nm
    >>> from neuromass.units import Hz, ms
    >>> r, v = nm.rate_and_potential(nm.kuramoto(8 * Hz, -2.0, 10 * ms), 10 * ms)
    >>> print(f"{r:.6f~P} {v:.6f}")
    8.000000 Hz -2.000000
    """
    value = _complex(Z)
    if not np.isfinite(value).all():
        raise ValueError("Z must be finite.")
    if np.any(np.abs(value) > 1.0 + 1e-12):
        raise ValueError(
            f"Z has a modulus of {np.max(np.abs(value)):.6g}, and one is the most: "
            f"beyond, the rate would be negative."
        )
    if np.any(value == -1.0):
        raise ValueError("Z = -1 belongs to an infinite rate and potential.")
    conjugate = np.conj(value)
    W = (1.0 - conjugate) / (1.0 + conjugate)
    return HZ.quantity(_plain(W.real / (math.pi * _time_constant(tau)))), _plain(W.imag)


def theta_neurons(Z: Any, tau: Any, eta: Any, delta: Any, J: Any = 0.0, I_ext: Any = 0.0) -> Any:
    r"""Rate of change of the order parameter of theta neurons: `QIF` in another coordinate.

    .. math::

        2 \tau \dot Z = (1 + Z)^2 \bigl(i (\eta + J \tau r + I_\mathrm{ext}) - \Delta\bigr)
            - i (1 - Z)^2, \qquad
        \pi \tau r = \operatorname{Re} \frac{1 - \bar Z}{1 + \bar Z}

    Theta neurons are quadratic integrate-and-fire neurons whose potential is written as a phase,
    :math:`V_j = \tan(\theta_j / 2)`, and Z is the mean of :math:`e^{i \theta_j}`. A population
    of them is a `QIF`: run that, and take `kuramoto` of what it does.

    Parameters
    ----------
    Z : complex or array
        The order parameter; its modulus is at most one, and it is not -1.
    tau : Quantity
        Membrane time constant.
    eta, delta, J, I_ext : number or array
        As of `QIF`.

    Returns
    -------
    Quantity
        Complex, in one over ms.

    See Also
    --------
    kuramoto : Z of a rate and a potential.

    Notes
    -----
    PyRates' kmo_theta has these equations, with z for Z. Networks of theta neurons that are
    coupled by pulses of finite width are other ones.

    References
    ----------
    Luke, Barreto and So, Neural Comput. 25, 3207 (2013), doi:10.1162/NECO_a_00525

    Montbrió, Pazó and Roxin, Phys. Rev. X 5, 021028 (2015), doi:10.1103/PhysRevX.5.021028

    Examples
    --------
    At rest it stands still:

    >>> import neuromass as nm
    >>> pop = nm.QIF.montbrio2015()
    >>> rate = nm.theta_neurons(pop.kuramoto(), pop.tau, pop.eta, pop.delta, pop.J)
    >>> bool(abs(rate.magnitude) < 1e-12)
    True
    """
    r, _ = rate_and_potential(Z, tau)
    z, time = _complex(Z), _time_constant(tau)
    given = {"eta": eta, "delta": delta, "J": J, "I_ext": I_ext}
    plain = {name: units.to_internal(x, units.DIMENSIONLESS, name) for name, x in given.items()}
    for name, value in plain.items():
        units.require_finite(value, name)
    recurrent = plain["J"] * time * np.asarray(units.to_internal(r, HZ, "r"))
    drive = 1j * (plain["eta"] + recurrent + plain["I_ext"]) - plain["delta"]
    rate = ((1.0 + z) ** 2 * drive - 1j * (1.0 - z) ** 2) / (2.0 * time)
    return units.measure("1/ms").quantity(_plain(rate))


def _time_constant(tau: Any) -> Any:
    value = units.to_internal(tau, MS, "tau", 10.0)
    units.require_finite(value, "tau")
    if np.size(value) == 0:
        raise ValueError("tau is empty.")
    if np.min(value) <= 0.0:
        raise ValueError(f"tau must be positive, and {units.shown(np.min(value), MS)} is not.")
    return value


def _plain(value: Any) -> Any:
    return value.item() if np.ndim(value) == 0 else value


def _complex(Z: Any) -> Any:
    """A Kuramoto order parameter as complex numbers."""
    if isinstance(Z, list | np.ndarray | complex | np.complexfloating):
        with suppress(ValueError, TypeError):
            plain = np.asarray(Z)
            if plain.dtype.kind == "c":
                return plain.astype(complex)
    try:
        return np.asarray(units.to_internal(Z, units.DIMENSIONLESS, "Z"), dtype=complex)
    except (TypeError, ValueError):
        raise TypeError(f"Z needs a complex number without a unit, not {brief(Z)}.") from None
