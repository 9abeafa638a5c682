"""From the text of a kernel to a compiled function that other processes find on disk.

Numba keeps compiled functions in files and believes what it reads there. Here a file holds
a checksum too, and whatever goes wrong with files is a warning: the kernel is then compiled
anew, and a damaged file replaced.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import threading
import types
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np

from neuromass._version import __version__
from neuromass.expressions import FUNCTIONS, array_function, helpers, on_floats
from neuromass.kernels import generated, normals
from neuromass.kernels.jit import (
    MAKING,
    FunctionCache,
    IndexDataCacheFile,
    config,
    njit,
    overload,
)

_kernels: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""All kernels that somebody uses, by name."""

recent_kernels: OrderedDict[str, Any] = OrderedDict()
"""The kernels that were asked for last, which stay when nobody uses them."""

MOST_RECENT: Final = 64

_warned: list[str] = []

JIT_IS_OFF = bool(config.DISABLE_JIT)  # type: ignore[attr-defined]
"""Whether numba was told to leave Python as it is; then the same text runs on floats."""


def plain_functions() -> dict[str, Any]:
    """What the names in a text mean when it is not compiled: the same C library's functions."""
    return {
        **{name: on_floats(each, array_function(name)) for name, each in FUNCTIONS.items()},
        "isfinite": np.isfinite,
        "empty": np.empty,
        "inf": np.inf,
        "nan": np.nan,
    }


def _compiled_functions() -> dict[str, Any]:
    names = {name: getattr(np, name, in_c) for name, in_c in FUNCTIONS.items()}
    return {**names, "isfinite": np.isfinite, "empty": np.empty, "inf": np.inf, "nan": np.nan}


def _namespace(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "__name__": generated.__name__,
        **(plain_functions() if JIT_IS_OFF else _compiled_functions()),
        "fill_steps": normals.fill_steps,
        "fill_lanes": normals.fill_lanes,
        "mix_lanes": normals.mix_lanes,
        **extra,
    }


def kernel(
    make_text: Callable[[str], str],
    label: str,
    identity: str,
    signature: Any,
    extra: Mapping[str, Any] | None = None,
    inline: bool = False,
) -> Any:
    """The compiled function of a text, made once on a disk and kept while it is in use.

    The last `MOST_RECENT` that were asked for are kept in any case.

    Parameters
    ----------
    make_text : callable
        Gives the text of a function of the name it is given.
    label : str
        What the name starts with, for those who read a profile.
    identity : str
        What the text does not show of what decides the result.
    signature : str or numba's Signature
        Types of the result and the arguments.
    extra : mapping, optional
        Further names that the text uses.
    inline : bool
        Whether it becomes a part of the compiled functions that call it.

    Returns
    -------
    callable
    """
    with MAKING:
        text = make_text("kernel")
        key = repr((text, identity, signature, __version__, _NORMALS_TEXT, _FORM))
        # The hash stands in the name, because numba files what it compiled under the name:
        # two kernels of one name could be handed out one for the other.
        name = f"{label}_{hashlib.sha256(key.encode()).hexdigest()[:20]}"
        found = _kernels.get(name)
        if found is None:
            found = _compile(make_text(name), name, signature, extra or {}, inline)
            _kernels[name] = found
        recent_kernels[name] = found
        recent_kernels.move_to_end(name)
        if len(recent_kernels) > MOST_RECENT:
            recent_kernels.popitem(last=False)
        return found


_FORM = 3
"""Of the files, which changes with what this module puts in them."""
_DIGEST = hashlib.sha256().digest_size
_NORMALS_TEXT = hashlib.sha256(Path(normals.__file__).read_bytes()).hexdigest()


def _compile(text: str, name: str, signature: Any, extra: Mapping[str, Any], inline: bool) -> Any:
    space = _namespace(extra)
    exec(compile(text, generated.__file__, "exec"), space)
    function = space[name]
    if JIT_IS_OFF:
        return _quiet(function)
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    if inline:
        options["forceinline"] = True
    made: Any = njit(**options)(function)
    try:
        made._cache = _Cache(function)
    except (OSError, RuntimeError) as error:
        _warn_once(error)
    try:
        with _telling():
            made.compile(signature)
    except Exception as error:  # numba has errors of its own, and lets some of numpy's out
        raise TypeError(
            f"The kernel {name} cannot be compiled: an equation that is used as it is written "
            f"(see print(model.equations)) contains what numba does not know. Write it with "
            f"arithmetic and functions of numpy or math. Numba says: {_last_words(error)}"
        ) from error
    made.disable_compile()
    return made


_PATIENCE: Final = 2.0
"""Seconds of compiling after which somebody who looks on is told."""
_told = threading.Event()


@contextmanager
def _telling() -> Iterator[None]:
    """While something compiles: says so once, if that takes long and somebody looks on."""
    if _told.is_set() or not _is_watched():
        yield
        return
    timer = threading.Timer(_PATIENCE, _tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell() -> None:
    if not _told.is_set():
        _told.set()
        sys.stderr.write(f"{COMPILING}\n")
        sys.stderr.flush()


COMPILING: Final = (
    "neuromass is compiling what is new here, and keeps it on disk: this happens once."
)
"""What is said to who waits for the compiler."""


def _is_watched() -> bool:
    """Whether there is a notebook or a terminal."""
    stream = sys.stderr
    return "ipykernel" in sys.modules or (hasattr(stream, "isatty") and stream.isatty())


def shared(function: Callable[..., Any]) -> Any:
    """A function that many kernels call: compiled when one first does, and kept on disk."""
    if JIT_IS_OFF:
        return function
    made: Any = njit(error_model="numpy", nogil=True)(function)
    try:
        made._cache = _Cache(function, sources())
    except (OSError, RuntimeError) as error:
        _warn_once(error)
    return made


@cache
def sources() -> str:
    """A digest of all modules here: what a compiled function has taken from them, it contains."""
    found = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in found)).hexdigest()


def _last_words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:4])


def _digest(name: str, content: bytes) -> bytes:
    """What tells a file that is damaged, or that stands under the name of another kernel."""
    return hashlib.sha256(Path(name).name.encode() + b"\0" + content).digest()


class _File(IndexDataCacheFile):
    """Files of compiled code that begin with a digest of their kernel's name and of the rest."""

    def _save_data(self, name: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_digest(name, content) + content)

    def _load_data(self, name: str) -> Any:
        whole = Path(self._data_path(name)).read_bytes()
        if _digest(name, whole[_DIGEST:]) != whole[:_DIGEST]:
            raise ValueError(f"{self._data_path(name)} is damaged, or is that of another kernel")
        return pickle.loads(whole[_DIGEST:])

    def _load_index(self) -> dict[Any, str]:
        try:
            found: dict[Any, str] = super()._load_index()
        except OSError:
            raise
        except Exception as error:
            _warn_once(ValueError(f"{self._index_path} is damaged: {error}"))
            return {}
        return found


def _check_owner(folder: str) -> None:
    """Refuse compiled code out of a folder that somebody else may fill: it is run as it is."""
    owner = Path(folder).stat().st_uid
    if hasattr(os, "getuid") and owner not in trusted_owners():
        raise PermissionError(f"{folder} belongs to another user")


def trusted_owners() -> set[int]:
    """The present user, the system's, and the one whose files this package is."""
    return {os.getuid(), 0, Path(__file__).stat().st_uid}


class _Cache(FunctionCache):
    """The place of one kernel on disk, whose failures are warnings."""

    def __init__(self, function: Callable[..., Any], stamp: Any = None) -> None:
        super().__init__(function)
        _check_owner(self._cache_path)
        self._cache_file = _File(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=stamp or self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:
            _warn_once(error)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn_once(error)


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*values)

    return run


def _warn_once(error: Exception) -> None:
    if not _warned:
        _warned.append(str(error))
        warnings.warn(
            f"A compiled kernel cannot be read from disk or kept there, and is compiled anew "
            f"({type(error).__name__}: {error}). If this comes again, set NUMBA_CACHE_DIR to a "
            f"folder that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )


_registered: set[Any] = set()


def jitted(function: Any) -> Any:
    """A model's own function, for kernels that use it as it is written."""
    options: Any = {"error_model": "numpy", "forceinline": True}
    with MAKING:
        for helper in helpers(function):
            if helper not in _registered:
                _registered.add(helper)
                overload(helper, jit_options=options, strict=False)(_giving(_anchored(helper)))
    return njit(nogil=True, **options)(_anchored(function))


def _giving(function: Any) -> Any:
    return lambda *_, **__: function


def _anchored(function: types.FunctionType) -> types.FunctionType:
    """A copy that counts as one of this package's: numba imports the module when it loads."""
    code, space, name = function.__code__, function.__globals__, function.__name__
    copy = types.FunctionType(code, space, name, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__module__ = generated.__name__
    return copy


def cache_statistics() -> dict[str, tuple[int, int]]:
    """Kernel -> how often this process found it on disk, and how often it compiled it.

    Returns
    -------
    dict
        ``{name: (found, compiled)}``
    """
    with MAKING:
        return {
            name: (sum(made.stats.cache_hits.values()), sum(made.stats.cache_misses.values()))
            for name, made in _kernels.items()
            if hasattr(made, "stats")
        }
