"""Exchange port: files of published videos with their trees."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from attrs import frozen

from kuavi.domain.action100m import PublishedVideo
from kuavi.domain.outcome import Outcome
from kuavi.ports.files import PathMissing, PathUnreadable

F = TypeVar("F")

RawVideo: TypeAlias = Mapping[str, Any]
"""A record as the file has it, in JSON's values; `kuavi.domain.action100m.parse_video` reads it."""


@frozen
class NotTrees:
    """A file, or a part of it, is not what its name says."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


TreesFailure: TypeAlias = PathMissing | PathUnreadable | NotTrees


class TreeFiles(Protocol):
    """Files of one format.  Contract: tests/contract/test_tree_files.py."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of such files end, in lower case."""
        ...

    def read(self, path: str) -> Iterator[Outcome[RawVideo, TreesFailure]]:
        """The file's records in order, a few in memory at a time where the format allows it.

        After a failure more may come: a record that is broken leaves the others alone.
        """
        ...

    def write(
        self, path: str, videos: Iterable[Outcome[PublishedVideo, F]]
    ) -> Outcome[str, TreesFailure | F]:
        """Write a file whole or not at all; returns its absolute path.

        A failure among the videos ends it: it is returned, and what was at `path` stays.
        """
        ...
