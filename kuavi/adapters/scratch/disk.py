"""Piles as files without a name: whatever ends the process, nothing of them stays.

Where the file system can't make such files, one is made and its name taken away at once.
"""

import os
import tempfile
from pathlib import Path
from threading import Lock
from weakref import finalize

from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed


class _FilePile:
    """Safe to share between threads."""

    def __init__(self, folder: str, file: int) -> None:
        self._folder = folder
        self._file = file
        self._ends = [0]
        self._lock = Lock()
        finalize(self, os.close, file)

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        with self._lock:
            try:
                _write(self._file, item, self._ends[-1])
            except OSError as error:
                return Failure(_failed(self._folder, error))
            self._ends.append(self._ends[-1] + len(item))
            return Success(len(self._ends) - 2)

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        with self._lock:
            if not 0 <= number < len(self._ends) - 1:
                raise IndexError(f"item {number} of {len(self._ends) - 1}")
            first, end = self._ends[number : number + 2]
        try:
            return Success(_read(self._file, end - first, first))
        except OSError as error:
            return Failure(_failed(self._folder, error))


@frozen
class DiskScratch:
    """Follows kuavi.ports.scratch.Scratch.  `folder` is made when it is needed."""

    folder: str

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
                return Success(_FilePile(self.folder, os.dup(file.fileno())))
        except OSError as error:
            return Failure(_failed(self.folder, error))


def _write(file: int, item: bytes, at: int) -> None:
    left = memoryview(item)
    while left:
        written = os.pwrite(file, left, at)
        left, at = left[written:], at + written


def _read(file: int, length: int, at: int) -> bytes:
    parts = list[bytes]()
    while length:
        part = os.pread(file, length, at)
        if not part:
            raise OSError("the file has become shorter")
        parts.append(part)
        length, at = length - len(part), at + len(part)
    return b"".join(parts)


def _failed(folder: str, error: OSError) -> ScratchFailed:
    return ScratchFailed(folder, error.strerror or str(error))


def build(folder: str) -> Scratch:
    return DiskScratch(folder)
