"""Files of published videos in memory.  For tests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.domain.action100m import PublishedVideo, as_json
from kuavi.domain.outcome import Outcome, collect
from kuavi.ports.exchange import NotTrees, RawVideo, TreesFailure
from kuavi.ports.files import PathMissing

F = TypeVar("F")


@frozen(eq=False)
class FakeTrees:
    """Follows kuavi.ports.exchange.TreeFiles.

    `contents` has records by path; what is no record stands for a part that can't be read.
    """

    contents: dict[str, list[object]]
    suffixes: tuple[str, ...] = field(default=(".fake",))

    def read(self, path: str) -> Iterator[Outcome[RawVideo, TreesFailure]]:
        if path not in self.contents:
            yield Failure(PathMissing(path))
        for number, record in enumerate(self.contents.get(path, []), 1):
            if isinstance(record, Mapping):
                yield Success(record)
            else:
                yield Failure(NotTrees(path, f"record {number} is no object"))

    def write(
        self, path: str, videos: Iterable[Outcome[PublishedVideo, F]]
    ) -> Outcome[str, TreesFailure | F]:
        if not path:
            return Failure(PathMissing(path))
        whole = collect(videos)
        if isinstance(whole, Failure):
            return whole
        self.contents[path] = [as_json(video) for video in whole.unwrap()]
        return Success(path)


def build(contents: Mapping[str, Sequence[object]] | None = None) -> FakeTrees:
    return FakeTrees({path: list(records) for path, records in (contents or {}).items()})
