"""Files on this machine's disks."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters._whole_files import write_whole
from kuavi.adapters.files._names import MAX_READ_BYTES, is_video
from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.outcome import Outcome
from kuavi.ports.files import Files, FilesFailure, NothingFound, PathMissing, PathUnreadable

T = TypeVar("T")

_BLOCK = 1 << 20


@frozen
class LocalFiles:
    """Follows kuavi.ports.files.Files."""

    def find(self, path: str) -> Outcome[tuple[str, ...], FilesFailure]:
        found = _tried(path, lambda: _found(Path(path)))
        return Failure(NothingFound(path)) if found == Success(()) else found

    def fingerprint(self, path: str) -> Outcome[Fingerprint, FilesFailure]:
        return _tried(path, lambda: _sha256(Path(path)))

    def read(self, path: str) -> Outcome[bytes, FilesFailure]:
        return _tried(path, lambda: _read(Path(path)))

    def write(self, path: str, content: bytes) -> Outcome[str, FilesFailure]:
        return _tried(path, lambda: _write(Path(path).absolute(), content))


def build() -> Files:
    return LocalFiles()


def _tried(path: str, action: Callable[[], T]) -> Outcome[T, FilesFailure]:
    """An action on a path, the disk's refusals named with the file or folder they are about."""
    if not path:
        return Failure(PathMissing(path))
    try:
        return Success(action())
    except (FileNotFoundError, NotADirectoryError):
        return Failure(PathMissing(path))
    except OSError as error:
        about = error.filename if isinstance(error.filename, str) else path
        return Failure(PathUnreadable(about, error.strerror or str(error)))
    except ValueError as error:
        return Failure(PathUnreadable(path, str(error)))


def _found(path: Path) -> tuple[str, ...]:
    if not path.is_dir():
        _check_file(path)
        return (str(path.absolute()),)
    return tuple(sorted(str(video) for video in _videos(path.absolute())))


def _videos(top: Path) -> Iterator[Path]:
    """Video files below a folder, hidden ones left out.

    Linked folders are followed once all others are seen, and no folder is entered twice, so loops
    of links end and a video is named by its true folder where that is below `top`.  A folder that
    may not be read is an error: leaving it out would hide videos.
    """
    folders, linked, seen = deque([top]), deque[Path](), set[Path]()
    while folders or linked:
        folder = (folders or linked).popleft()
        real = folder.resolve()
        if real in seen:
            continue
        seen.add(real)
        for entry in folder.iterdir():
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                (linked if entry.is_symlink() else folders).append(entry)
            elif entry.is_file() and is_video(entry.name):
                yield entry


def _check_file(path: Path) -> None:
    path.stat()
    if not path.is_file():
        raise OSError("not a regular file")


def _sha256(path: Path) -> Fingerprint:
    _check_file(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return Fingerprint(digest.hexdigest())


def _read(path: Path) -> bytes:
    _check_file(path)
    with path.open("rb") as file:
        content = file.read(MAX_READ_BYTES + 1)
    if len(content) > MAX_READ_BYTES:
        raise ValueError(f"larger than {MAX_READ_BYTES >> 20} MiB")
    return content


def _write(path: Path, content: bytes) -> str:
    write_whole(path, content)
    return str(path)
