"""The QIF mean field in C, compiled on the spot: what the speed tables compare with.

>>> strict = load("strict")                                  # None without a C compiler
>>> case = Case(tau=10.0, eta=-5.0, delta=1.0, J=15.0, I=3.0, r=0.008, v=-2.0)
>>> r, v = strict.final(case, n=1000, dt=0.05)

Everything is in the package's internal units: ms and 1/ms.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SOURCE = Path(__file__).with_name("reference.c")
COMMON_FLAGS = ("-std=c99", "-O3", "-march=native", "-fPIC", "-c")
FLAGS = {
    "strict": ("-ffp-contract=off",),  # the IEEE rules that the package keeps
    "fast": ("-ffast-math",),  # the limit
}
METHODS = {"euler": 0, "heun": 1}
FORMS = {"printed": 0, "hoisted": 1, "tuned": 2}

Floats = NDArray[np.float64]


class _Parameters(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ("tau", "eta", "delta", "J")]


_NUMBERS = "nodes", "length", "block"
_ARRAYS = "starts", "targets", "delays", "weights", "history", "arrivals", "normals", "r", "v"


class _Nodes(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in _NUMBERS),
        *((name, ctypes.c_void_p) for name in _ARRAYS),
    ]


_int, _int64, _uint32, _uint64 = ctypes.c_int, ctypes.c_int64, ctypes.c_uint32, ctypes.c_uint64
_double = ctypes.c_double
_in = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
_out = np.ctypeslib.ndpointer(np.float64, flags=("C_CONTIGUOUS", "WRITEABLE"))
_words = np.ctypeslib.ndpointer(np.uint32, shape=(4,), flags=("C_CONTIGUOUS", "WRITEABLE"))
_state = ctypes.POINTER(ctypes.c_double)
_case = (_Parameters, _int64, _double)

_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "qif_final": (_int, _int, *_case, _double, _state, _state),
    "qif_record": (_int, _int, _int, *_case, _in, _out, _out, _out),
    "qif_lanes": (_int, _int, _int64, _int64, _double, *[_in] * 5, _out, _out),
    "qif_noisy": (_int, _int, *_case, _double, _double, _uint64, _uint32, _uint32, _state, _state),
    "qif_noisy_given": (_int, _int, *_case, _double, _double, _in, _state, _state),
    "qif_pair": (
        _int,
        _int,
        _Parameters,
        _Parameters,
        *[_double] * 2,
        _int64,
        *[_double] * 3,
        _out,
    ),
    "qif_nodes": (
        _int,
        ctypes.POINTER(_Nodes),
        _Parameters,
        _int64,
        _int64,
        *[_double] * 3,
        _uint64,
        _uint32,
    ),
    "qif_neurons": (_int64, _int64, _Parameters, *[_double] * 2, *[_in] * 3),
    "normals": (_uint64, _uint32, _uint32, _int64, _out),
    "philox": (_words, _uint32, _uint32),
}


@dataclass(frozen=True)
class Case:
    """Parameters, constant input and initial state; numbers, or arrays for `CReference.lanes`."""

    tau: float | Floats = 10.0
    eta: float | Floats = -5.0
    delta: float | Floats = 1.0
    J: float | Floats = 15.0
    I: float | Floats = 0.0  # noqa: E741
    r: float | Floats = 0.0
    v: float | Floats = -2.0

    def _parameters(self) -> _Parameters:
        return _Parameters(self.tau, self.eta, self.delta, self.J)


class CReference:
    """The functions of ``reference.c``, compiled with one set of flags.

    Every method takes ``method``, "euler" or "heun", and ``form``: "printed" (divisions as in the
    paper), "hoisted" (the same order of operations, constants computed once, reciprocals) or
    "tuned" (reordered by hand for speed; equal to the others to rounding only).

    Parameters
    ----------
    compiler : list of str
        The command that compiles C, see `find_compiler`.
    flags : str
        A key of `FLAGS`: "strict" or "fast".
    """

    def __init__(self, compiler: list[str], flags: str) -> None:
        self.flags = flags
        self.command = [*compiler, *COMMON_FLAGS, *FLAGS[flags], str(SOURCE)]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            compiled = Path(folder) / f"reference_{flags}.o"
            library = compiled.with_suffix(".so")
            subprocess.run([*self.command, "-o", str(compiled)], check=True)
            # Linked without -ffast-math, which would flush subnormals in the whole process.
            subprocess.run(
                [*compiler, "-shared", str(compiled), "-o", str(library), "-lm"], check=True
            )
            self._library = ctypes.CDLL(str(library))
        for name, argtypes in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.argtypes = argtypes
            function.restype = None

    def final(
        self, case: Case, n: int, dt: float, *, method: str = "heun", form: str = "hoisted"
    ) -> tuple[float, float]:
        """Return r and v after n steps with a constant input."""
        r, v = _double(float(case.r)), _double(float(case.v))
        self._library.qif_final(
            METHODS[method], FORMS[form], case._parameters(), n, dt, case.I, r, v
        )
        return r.value, v.value

    def record(
        self,
        case: Case,
        n: int,
        dt: float,
        *,
        inputs: Floats | None = None,
        out: Floats | None = None,
        method: str = "heun",
        form: str = "hoisted",
    ) -> Floats:
        """Record n steps.

        Parameters
        ----------
        case : Case
            Parameters, initial state, and the input where `inputs` is not given.
        n : int
            Number of steps.
        dt : float
            Time step.
        inputs : ndarray, optional
            The input of each step, n values.
        out : ndarray, optional
            Where to write, shape (3, n + 1), so that a timing need not pay for fresh memory.
        method, form : str
            See the class.

        Returns
        -------
        ndarray
            r, v and the input, shape (3, n + 1). The first sample is the initial state, where the
            input is NaN; each other holds the input of the step that ends there.
        """
        sampled = inputs is not None
        used = np.array([case.I], dtype=float) if inputs is None else inputs
        if sampled and used.shape != (n,):
            raise ValueError(f"inputs needs shape ({n},), one value per step; got {used.shape}.")
        traces = np.empty((3, n + 1)) if out is None else out
        if traces.shape != (3, n + 1):
            raise ValueError(f"out needs shape (3, {n + 1}); got {traces.shape}.")
        traces[:, 0] = case.r, case.v, np.nan
        self._library.qif_record(
            METHODS[method], FORMS[form], sampled, case._parameters(), n, dt, used, *traces
        )
        return traces

    def lanes(
        self, case: Case, n: int, dt: float, *, method: str = "heun", form: str = "hoisted"
    ) -> tuple[Floats, Floats]:
        """Return r and v of every lane after n steps; the fields of `case` broadcast to lanes."""
        fields = (case.tau, case.eta, case.delta, case.J, case.I, case.r, case.v)
        lanes = [np.array(x, dtype=float, order="C") for x in np.broadcast_arrays(*fields)]
        if lanes[0].ndim != 1:
            raise ValueError(f"lanes needs one dimension; got shape {lanes[0].shape}.")
        self._library.qif_lanes(METHODS[method], FORMS[form], lanes[0].size, n, dt, *lanes)
        return lanes[-2], lanes[-1]

    def neurons(
        self, case: Case, eta: Floats, v: Floats, n: int, dt: float
    ) -> tuple[Floats, Floats]:
        """Return potentials after n steps of coupled neurons, and spikes in the last two."""
        counts = np.full(2, len(eta) * case.r * dt)
        potentials = v.copy()
        self._library.qif_neurons(
            len(eta), n, case._parameters(), dt, case.I, counts, eta, potentials
        )
        return potentials, counts

    def noisy(
        self,
        case: Case,
        n: int,
        dt: float,
        sigma: float,
        *,
        normals: Floats | None = None,
        seed: int = 0,
        lane: int = 0,
        source: int = 0,
        method: str = "heun",
        form: str = "hoisted",
    ) -> tuple[float, float]:
        """Return r and v after n steps with white noise on v.

        Each step adds sigma sqrt(dt) N to v, the same in both stages of Heun. The normals are
        those given, one per step, or else `CReference.normals` of seed, lane and source, made in
        blocks of 256 while stepping.
        """
        r, v = _double(float(case.r)), _double(float(case.v))
        common = (METHODS[method], FORMS[form], case._parameters(), n, dt, case.I, sigma)
        if normals is None:
            self._library.qif_noisy(*common, seed, lane, source, r, v)
        elif normals.shape != (n,):
            raise ValueError(f"normals needs shape ({n},), one per step; got {normals.shape}.")
        else:
            self._library.qif_noisy_given(*common, normals, r, v)
        return r.value, v.value

    def pair(
        self,
        exc: Case,
        inh: Case,
        to_exc: float,
        to_inh: float,
        n: int,
        dt: float,
        *,
        method: str = "heun",
        form: str = "hoisted",
    ) -> Floats:
        """Return r, v, r, v of two populations after n steps.

        Each adds `to_exc` or `to_inh` times the other's rate to its own input and coupling.
        """
        state = np.array([exc.r, exc.v, inh.r, inh.v], dtype=float)
        self._library.qif_pair(
            METHODS[method], FORMS[form], exc._parameters(), inh._parameters(),
            to_exc, to_inh, n, dt, exc.I, inh.I, state,
        )  # fmt: skip
        return state

    def normals(self, n: int, *, seed: int = 0, lane: int = 0, source: int = 0) -> Floats:
        """Return n normals by Philox 4x32-10 and Box-Muller (libm), the package's to rounding."""
        values = np.empty(n + n % 2)
        self._library.normals(seed, lane, source, values.size, values)
        return values[:n]

    def philox(self, counter: ArrayLike, key: tuple[int, int]) -> NDArray[np.uint32]:
        """Return the four words of Philox 4x32-10 for a counter of four words and a key of two."""
        words = np.array(counter, dtype=np.uint32)
        self._library.philox(words, *key)
        return words


class NodesInC:
    """Nodes that are coupled with delays, by Heun's method; they keep their state and history.

    Parameters
    ----------
    library : CReference
        See `load`.
    case : Case
        Parameters, input and initial state of all nodes; before the start they were in it.
    weights : ndarray or sparse matrix
        [target, source], input per rate.
    delays : ndarray or sparse matrix
        In steps, at least one when rounded, for the same pairs.
    dt : float
        Time step.
    sigma : float
        Of white noise on v; no normals are drawn if it is 0.
    seed, source : int
        See `CReference.noisy`; the lane is the node's number.
    blocks : bool
        Compute the coupling of as many steps at once as the shortest delay spans.
    """

    def __init__(
        self,
        library: CReference,
        case: Case,
        weights: Any,
        delays: Any,
        dt: float,
        *,
        sigma: float = 0.0,
        seed: int = 0,
        source: int = 0,
        blocks: bool = False,
    ) -> None:
        nodes = weights.shape[0]
        self._dense = isinstance(weights, np.ndarray)
        if self._dense:
            starts, targets = np.arange(nodes + 1) * nodes, np.zeros(0)
            weights, delays = weights.T, delays.T
        else:
            weights, delays = weights.tocsc(), delays.tocsc()
            starts, targets = weights.indptr, weights.indices
            weights, delays = weights.data, delays.data
        delays = np.array(np.rint(delays), dtype=np.int32, order="C")
        shortest, longest = int(delays.min()), int(delays.max())
        if shortest < 1:
            raise ValueError(f"delays are at least one step; got {shortest}.")
        block = shortest if blocks else 0
        self.r, self.v = np.full(nodes, case.r), np.full(nodes, case.v)
        self._arrays = {
            "starts": np.array(starts, dtype=np.int64),
            "targets": np.array(targets, dtype=np.int32),
            "delays": delays,
            "weights": np.array(weights, dtype=float, order="C"),
            "history": np.full((nodes, 2 * (longest + 1)), case.r),
            "arrivals": np.zeros(nodes * max(2, block + 1)),
            "normals": np.zeros(2 * nodes),
            "r": self.r,
            "v": self.v,
        }
        places = {name: array.ctypes.data for name, array in self._arrays.items()}
        self._nodes = _Nodes(nodes, longest + 1, block, **places)
        self._call = library._library.qif_nodes
        self._fixed = dt, float(case.I), sigma, seed, source
        self._parameters = case._parameters()
        self._clock = 0

    def run(self, n: int) -> None:
        """Take n steps."""
        self._call(self._dense, self._nodes, self._parameters, self._clock, n, *self._fixed)
        self._clock += n


def find_compiler() -> list[str] | None:
    """Return the command of the C compiler (CC, cc, gcc or clang), or None."""
    for candidate in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        command = shlex.split(candidate)
        if command and shutil.which(command[0]):
            return command
    return None


@functools.cache
def load(flags: str = "strict") -> CReference | None:
    """Compile the reference, once per process.

    Parameters
    ----------
    flags : {"strict", "fast"}
        With IEEE arithmetic as written, or with -ffast-math.

    Returns
    -------
    CReference or None
        None, with a line on stderr that says why, where no compiler is found or it fails.
    """
    if flags not in FLAGS:
        raise ValueError(f"flags is {flags!r}; use one of {', '.join(FLAGS)}.")
    compiler = find_compiler()
    if compiler is None:
        print("No C reference: none of $CC, cc, gcc, clang was found.", file=sys.stderr)
        return None
    try:
        return CReference(compiler, flags)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"No C reference: it could not be compiled ({error}).", file=sys.stderr)
        return None
