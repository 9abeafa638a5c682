"""Normal random numbers that are a function of (seed, lane, source, step) alone.

Philox 4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405) turns a counter and a key
into four 32-bit words, Box-Muller turns those into two normals: one for an even step and
one for the odd step after it. There is no state to carry, so every loop, block and thread
that asks for the same number gets the same bits.

The logarithm, sine and cosine are polynomials (coefficients of Sun's fdlibm), because a
library call for each number would cost six times as much and would not vectorise.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from neuromass.kernels.jit import njit

BLOCK = 64
"""Steps in one buffer of a single lane; a power of two."""

_inline = njit(error_model="numpy", nogil=True, forceinline=True)
_function = njit(error_model="numpy", nogil=True)


def source_number(name: str) -> int:
    """The 32-bit number under which a noise source draws."""
    return zlib.crc32(name.encode())


@_inline
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> Any:
    """Ten rounds on a counter of four words with a key of two, all in 32-bit integers."""
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    k0, k1 = _next_key(k0, k1)
    return _round(c0, c1, c2, c3, k0, k1)


@_inline
def _round(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> Any:
    # A product may wrap around 64 bits; shift and mask give the right words all the same.
    product0 = 0xD2511F53 * c0
    product1 = 0xCD9E8D57 * c2
    high0 = (product0 >> 32) & 0xFFFFFFFF
    high1 = (product1 >> 32) & 0xFFFFFFFF
    return high1 ^ c1 ^ k0, product1 & 0xFFFFFFFF, high0 ^ c3 ^ k1, product0 & 0xFFFFFFFF


@_inline
def _next_key(k0: int, k1: int) -> Any:
    return (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF


@_inline
def _fraction(high: int, low: int) -> Any:
    """53 random bits as a float in [0, 1)."""
    return float((high << 21) | (low >> 11)) * 1.1102230246251565e-16


@_inline
def _log(x: float) -> Any:
    """Natural logarithm of a positive normal float, within one unit in the last place."""
    bits = np.float64(x).view(np.int64)
    mantissa = bits & 0xFFFFFFFFFFFFF
    above = (mantissa + 0x95F6400000000) & 0x10000000000000
    exponent = (bits >> 52) - 1023 + (above >> 52)
    f = np.int64(mantissa | (above ^ 0x3FF0000000000000)).view(np.float64) - 1.0
    k = float(exponent)
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    odd = z * (
        0.6666666666666735130
        + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591))
    )
    half = 0.5 * f * f
    return k * 6.93147180369123816490e-01 - (
        (half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f
    )


@_inline
def _normal_pair(words: Any) -> Any:
    """Two independent standard normals from four random words."""
    radius = math.sqrt(-2.0 * _log(_fraction(words[0], words[1]) + 1.1102230246251565e-16))
    turn = _fraction(words[2], words[3])
    quarter = int(4.0 * turn + 0.5)
    x = (turn - 0.25 * float(quarter)) * 6.283185307179586
    z = x * x
    sine = x + x * z * (
        -1.66666666666666324348e-01
        + z * (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * (
            2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08
            + z * 1.58969099521155010221e-10))))
    )  # fmt: skip
    cosine = 1.0 - 0.5 * z + z * z * (
        4.16666666666666019037e-02
        + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05 + z * (
            -2.75573143513906633035e-07 + z * (2.08757232129817482790e-09
            + z * -1.13596475577881948265e-11))))
    )  # fmt: skip
    first = sine if quarter & 1 else cosine
    second = cosine if quarter & 1 else sine
    first = -first if (quarter + 1) & 2 else first
    second = -second if quarter & 2 else second
    return radius * first, radius * second


@_function
def fill_steps(
    out: Any, row: int, step: int, count: int, lane: int, source: int, k0: int, k1: int
) -> None:
    """Fill a row with the normals of one lane for some steps, up to the end of their block."""
    place = step & (BLOCK - 1)
    pair = (step - place) >> 1
    for p in range(place >> 1, min(BLOCK, place + count + 1) >> 1):
        low = (pair + p) & 0xFFFFFFFF
        high = (pair + p) >> 32
        first, second = _normal_pair(philox(low, lane, source, high, k0, k1))
        out[row, 2 * p] = first
        out[row, 2 * p + 1] = second


@_function
def fill_lanes(
    even: Any, odd: Any, width: int, step: int, lane: int, source: int, k0: int, k1: int
) -> None:
    """Fill two rows with the normals of some lanes for an even step and the odd one after it."""
    pair = step >> 1
    low = pair & 0xFFFFFFFF
    high = pair >> 32
    for j in range(width):
        first, second = _normal_pair(philox(low, lane + j, source, high, k0, k1))
        even[j] = first
        odd[j] = second


@_function
def mix_lanes(normals: Any, lanes: int, factors: Any, begin: int, mixed: Any) -> None:
    """Make independent normals of some lanes correlated.

    Parameters
    ----------
    normals : ndarray
        A normal for each lane.
    lanes : int
        How many lanes.
    factors : ndarray
        Lower triangular factors, by column.
    begin : int
        Where the one for these normals begins.
    mixed : ndarray
        Room for the sums.
    """
    for i in range(lanes):
        mixed[i] = 0.0
    for j in range(lanes):
        normal = normals[j]
        for i in range(j, lanes):
            mixed[i] = mixed[i] + factors[begin + j * lanes + i] * normal
    for i in range(lanes):
        normals[i] = mixed[i]
