"""Files port: which videos are there, and what is their content's name."""

from typing import Protocol, TypeAlias

from attrs import frozen

from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.outcome import Outcome


@frozen
class PathMissing:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: no such file or folder"


@frozen
class NothingFound:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: no video files in this folder"


@frozen
class PathUnreadable:
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


FilesFailure: TypeAlias = PathMissing | NothingFound | PathUnreadable


class Files(Protocol):
    """Contract: tests/contract/test_files.py."""

    def find(self, path: str) -> Outcome[tuple[str, ...], FilesFailure]:
        """A file's absolute path, or those of all video files below a folder, sorted."""
        ...

    def fingerprint(self, path: str) -> Outcome[Fingerprint, FilesFailure]:
        """SHA-256 of the file's content, read in a stream."""
        ...

    def read(self, path: str) -> Outcome[bytes, FilesFailure]:
        """A small file's content (pictures; at most 64 MiB)."""
        ...

    def write(self, path: str, content: bytes) -> Outcome[str, FilesFailure]:
        """Write a file whole or not at all; returns its absolute path."""
        ...
