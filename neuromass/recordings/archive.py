"""Archives of plain arrays and a header, written whole or not at all, and read with care."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

_PART: Final = 1 << 24
"""Bytes that are read at once: an array takes no more memory than its own."""


def opened(stream: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    """The header of a file, and what reads one of its arrays."""
    archive = zipfile.ZipFile(stream)
    size = stream.seek(0, 2)
    read = lambda name: _array(archive, name, size)
    header = json.loads(str(read("neuromass")[()]))
    if not isinstance(header["format"], int):
        raise ValueError("it has no version")
    return header, read


def _array(archive: zipfile.ZipFile, name: str, size: int) -> Any:
    """An array of a file, if it is as large as it says and the file is."""
    entry = archive.getinfo(f"{_entry(name)}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
        raise ValueError(f"{name!r} is not stored as save() stores it")
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_column, kind = read_header(file)
        if (
            kind.kind not in "fU"
            or math.prod(shape) * kind.itemsize != entry.file_size - file.tell()
        ):
            raise ValueError(f"{name!r} is not of the size that it says")
        plain = np.empty(math.prod(shape), dtype=kind)
        bits = plain.view(np.uint8)
        for first in range(0, len(bits), _PART):
            bits[first : first + _PART] = np.frombuffer(file.read(_PART), dtype=np.uint8)
    whole = plain.reshape(shape, order="F" if by_column else "C")
    return whole.copy() if by_column else whole


def _entry(name: str) -> str:
    """Name of an entry: a NUL, which archives cannot have in theirs, is written as ``%00``."""
    return name.replace("%", "%25").replace("\0", "%00")


def write_whole(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write beside the target and move there, so that no half file is ever seen."""
    named: dict[str, Any] = {_entry(name): np.asarray(each) for name, each in arrays.items()}
    named["neuromass"] = np.array(json.dumps(header))
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as file: _fill(file, named)  # noqa: E701  # fmt: skip
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _fill(file: Any, named: Mapping[str, Any]) -> None:
    """Write all arrays, and wait until the disk has them: what is moved to the target is whole."""
    np.savez(file, **named)
    file.flush()
    os.fsync(file.fileno())


def clear_beside(path: Path) -> None:
    """Take away what a writer that was killed has left beside its target."""
    pattern = re.compile(re.escape(f".{path.name}.") + "[0-9a-f]{8}")
    for each in path.parent.iterdir():
        if pattern.fullmatch(each.name):
            each.unlink(missing_ok=True)
