"""Files in memory: a mapping of absolute POSIX paths to contents.  For tests."""

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from returns.result import Failure, Success

from kuavi.adapters.files._names import MAX_READ_BYTES, is_video
from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.outcome import Outcome
from kuavi.ports.files import Files, FilesFailure, NothingFound, PathMissing, PathUnreadable


class FakeFiles:
    """Follows kuavi.ports.files.Files.  A folder is there while a file below it is.

    `contents` is what is stored, by path; relative paths count from `/`.
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = {_absolute(path): content for path, content in contents.items()}

    def find(self, path: str) -> Outcome[tuple[str, ...], FilesFailure]:
        if not path:
            return Failure(PathMissing(path))
        place = _absolute(path)
        if place in self.contents:
            return Success((place,))
        below = [p for p in self.contents if _is_below(p, place)]
        videos = sorted(p for p in below if is_video(p) and not _is_hidden(p, place))
        if videos:
            return Success(tuple(videos))
        return Failure(NothingFound(path) if below else PathMissing(path))

    def fingerprint(self, path: str) -> Outcome[Fingerprint, FilesFailure]:
        content = self._content(path)
        if isinstance(content, Failure):
            return content
        return Success(Fingerprint(hashlib.sha256(content.unwrap()).hexdigest()))

    def read(self, path: str) -> Outcome[bytes, FilesFailure]:
        content = self._content(path)
        if isinstance(content, Success) and len(content.unwrap()) > MAX_READ_BYTES:
            return Failure(PathUnreadable(path, f"larger than {MAX_READ_BYTES >> 20} MiB"))
        return content

    def write(self, path: str, content: bytes) -> Outcome[str, FilesFailure]:
        if not path:
            return Failure(PathMissing(path))
        place = _absolute(path)
        if any(_is_below(p, place) for p in self.contents):
            return Failure(PathUnreadable(place, "it is a folder"))
        self.contents[place] = bytes(content)
        return Success(place)

    def _content(self, path: str) -> Outcome[bytes, FilesFailure]:
        place = _absolute(path)
        if path and place in self.contents:
            return Success(self.contents[place])
        if path and any(_is_below(p, place) for p in self.contents):
            return Failure(PathUnreadable(path, "it is a folder"))
        return Failure(PathMissing(path))


def build(contents: Mapping[str, bytes]) -> Files:
    return FakeFiles(contents)


def _absolute(path: str) -> str:
    return str(PurePosixPath("/") / path)


def _is_below(path: str, folder: str) -> bool:
    return PurePosixPath(folder) in PurePosixPath(path).parents


def _is_hidden(path: str, folder: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path).relative_to(folder).parts)
