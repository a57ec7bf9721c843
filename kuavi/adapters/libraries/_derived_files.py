"""Derived arrays on disk: one file for each derivation, mapped into memory when read.

A file is no second truth: it names the content that it was computed from, and what is torn, is of
other content or can't be read counts as absent.  It is written beside and renamed, so that readers
see all of it or nothing, and of several writers the last one wins.

Layout: a line of JSON (format, content, names, types, shapes, offsets, checksums), then the arrays,
each at a multiple of 64 bytes.  Arrays above 16 MB have no checksum, for summing them up would cost
more than reading them saves.
"""

import json
import logging
import os
import zlib
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np

from kuavi.adapters.libraries._lance_files import bytes_below
from kuavi.ports.derived import Arrays

FOLDER = "cache"

_FORMAT = "kuavi derived 1"
_ALIGNED = 64
_SUMMED = 1 << 24
_WORTH = 1 << 16
_KINDS = "biufU"
_log = logging.getLogger(__name__)


class DerivedFiles:
    """The `cache` folder of a library; where it can't be written nothing is kept."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER

    def read(self, name: str, content: str) -> Arrays | None:
        """The arrays kept under a name, read-only, if they were computed from this content."""
        try:
            return _read(self._folder / name, content)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s is not used and made anew: %s", self._folder / name, error)
            return None

    def write(self, name: str, content: str, arrays: Arrays) -> None:
        """Keep arrays in place of what was kept under the name; not worth it if they are small."""
        if sum(array.nbytes for array in arrays.values()) < _WORTH:
            return
        try:
            self._folder.mkdir(exist_ok=True)
            _write(self._folder / name, content, arrays)
        except OSError as error:
            _log.warning("%s is not kept: %s", self._folder / name, error)

    def nbytes(self) -> int:
        return bytes_below(self._folder)


def _write(path: Path, content: str, arrays: Arrays) -> None:
    if any(array.dtype.kind not in _KINDS for array in arrays.values()):
        raise TypeError(f"{path.name}: { ({n: a.dtype for n, a in arrays.items()}) }")
    solid = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    places, at = {}, 0
    for name, array in solid.items():
        places[name] = [array.dtype.str, array.shape, at, _sum(array)]
        at += -(-array.nbytes // _ALIGNED) * _ALIGNED
    head = json.dumps({"format": _FORMAT, "content": content, "bytes": at, "arrays": places})
    line = head.encode()
    line += b" " * (-(len(line) + 1) % _ALIGNED) + b"\n"
    new = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.new")
    try:
        with new.open("wb") as file:
            file.write(line)
            for array in solid.values():
                file.write(array.data.cast("B") if array.nbytes else b"")
                file.write(b"\0" * (-array.nbytes % _ALIGNED))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _read(path: Path, content: str) -> Arrays | None:
    with path.open("rb") as file:
        line = file.readline(1 << 20)
        head = json.loads(line)
        if head["format"] != _FORMAT:
            raise ValueError(f"format {head['format']!r}")
        if head["content"] != content:
            return None
        if os.fstat(file.fileno()).st_size != len(line) + head["bytes"]:
            raise ValueError("it is torn")
        whole = np.memmap(file, dtype=np.uint8, mode="r") if head["bytes"] else np.empty(0, "u1")
    return {name: _array(whole, len(line), *place) for name, place in head["arrays"].items()}


def _array(whole: Any, base: int, dtype: str, shape: list[int], at: int, check: int | None) -> Any:
    if np.dtype(dtype).kind not in _KINDS:
        raise ValueError(f"type {dtype}")
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    array = whole[base + at : base + at + size].view(np.ndarray).view(dtype).reshape(shape)
    if check != _sum(array):
        raise ValueError("its checksum is wrong")
    return array


def _sum(array: Any) -> int | None:
    if array.nbytes > _SUMMED:
        return None
    return zlib.crc32(array.data.cast("B")) if array.nbytes else 0
