"""The directory of a library: its marker, its lock, and what the disk may refuse.

library.json   format and schema version; written last when a library is made
writer.lock    locked (flock) while a process writes; holds the number of the last writer
tables/        the Lance database
cache/         what is computed from the tables; may be deleted at any time
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from returns.result import Failure, Success

from kuavi.adapters.libraries._lance_disk import sync_names
from kuavi.domain.outcome import Outcome
from kuavi.ports.library import (
    SCHEMA_VERSION,
    LibraryFailure,
    Locked,
    NoLibrary,
    StorageFailed,
    UnknownSchema,
)

MARKER = "library.json"
LOCK = "writer.lock"
TABLES = "tables"

READABLE = range(1, SCHEMA_VERSION + 1)
_OURS = {MARKER, f"{MARKER}.new", LOCK, TABLES}
_FORMAT = "kuavi library"
_POLL_S = 0.02
_TICK_NS = 2_000_000_000
"""Files are dated to some milliseconds, on some file systems to two seconds."""

T = TypeVar("T")


def guarded(path: Path, work: Callable[[], T]) -> Outcome[T, LibraryFailure]:
    """Do `work`; what LanceDB, Arrow and the operating system raise becomes `StorageFailed`.

    LanceDB raises OSError, RuntimeError and ValueError (Arrow's errors are kinds of these).
    """
    try:
        return Success(work())
    except (OSError, RuntimeError, ValueError) as error:
        return Failure(StorageFailed(str(path), _one_line(error)))


def marked(path: Path) -> Outcome[bool, LibraryFailure]:
    """Whether the directory is a library of a schema that is read; False where it could become one.

    `NoLibrary` where something else is there.
    """
    marker = path / MARKER
    if not marker.is_file():
        return Success(False) if _free(path) else Failure(NoLibrary(str(path)))
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        return Failure(NoLibrary(str(path)))
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        return Failure(NoLibrary(str(path)))
    schema = content.get("schema")
    if not isinstance(schema, int) or schema not in READABLE:
        return Failure(UnknownSchema(str(path), schema if isinstance(schema, int) else 0))
    return Success(True)


def marked_schema(path: Path) -> int:
    """The schema of a library that `marked` has found."""
    return int(json.loads((path / MARKER).read_text(encoding="utf-8"))["schema"])


def mark(path: Path) -> None:
    """Declare the directory a library, in one step."""
    text = json.dumps({"format": _FORMAT, "schema": SCHEMA_VERSION})
    new = path / f"{MARKER}.new"
    with new.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path / MARKER)
    sync_names(path)


def _free(path: Path) -> bool:
    """Nothing is there, or an empty directory, or a library whose making was interrupted."""
    if not path.is_dir():
        return not path.exists()
    names = {entry.name for entry in path.iterdir()}
    return not names or (LOCK in names and names <= _OURS)


def exclusively(
    path: Path, patience_s: float, work: Callable[[], Outcome[T, LibraryFailure]]
) -> Outcome[T, LibraryFailure]:
    """Do `work` as the only writer; `Locked` if another holds the lock for all of `patience_s`.

    The lock belongs to the open file: the operating system drops it when its holder dies.
    """
    opened = guarded(path, lambda: os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o666))
    if isinstance(opened, Failure):
        return opened
    with _closing(opened.unwrap()) as file:
        deadline = time.monotonic() + patience_s
        while True:
            tried = guarded(path, lambda: _try_lock(file))
            if isinstance(tried, Failure):
                return tried
            if tried.unwrap():
                break
            if time.monotonic() >= deadline:
                return Failure(Locked(str(path), _holder(file)))
            time.sleep(_POLL_S)
        noted = guarded(path, lambda: _sign(file))
        return noted if isinstance(noted, Failure) else work()


@contextmanager
def _closing(file: int) -> Iterator[int]:
    try:
        yield file
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: int) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)


def _holder(file: int) -> str:
    digits = os.pread(file, 32, 0).strip().decode("ascii", "replace")
    return f"process {digits}" if digits.isdigit() else "another process"


def versions_changed(folder: Path) -> int | None:
    """When a file was last added to a folder, in ns; None if that is so recent, or the clock so
    odd, that another one could come at the same time.

    Equal times mean that nothing was added.  A `stat` costs a hundredth of asking the database.
    """
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return None
    return changed if 0 < changed < time.time_ns() - _TICK_NS else None


def bytes_below(path: Path) -> int:
    """Bytes in all files under a directory; files that go away meanwhile count nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            file = Path(folder) / name
            total += file.stat().st_size if file.is_file() else 0
    return total


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
