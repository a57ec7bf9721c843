"""Published videos as Parquet, with the types of the published files: times are float32.

Read and written some videos at a time.  A file with columns or fields that the schema has not is
refused by their names, for they would be lost.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.exchange._files import checked, refused, write_whole
from kuavi.domain.action100m import VIDEO, Kind, PublishedVideo, Shape, as_json
from kuavi.domain.outcome import Outcome
from kuavi.ports.exchange import NotTrees, RawVideo, TreeFiles, TreesFailure

F = TypeVar("F")

AT_A_TIME = 16
"""Videos in memory at once; one is some 500 kB of text."""
GROUP = 64
"""Videos in a row group that is written."""

_KINDS = {
    Kind.TEXT: pa.string(),
    Kind.LONG: pa.int64(),
    Kind.SHORT: pa.int16(),
    Kind.REAL: pa.float32(),
}


def _type(shape: Shape) -> Any:
    if isinstance(shape, Kind):
        return _KINDS[shape]
    if isinstance(shape, Mapping):
        return pa.struct([(name, _type(below)) for name, below in shape.items()])
    return pa.list_(pa.field("element", _type(shape[0])))


SCHEMA = pa.schema([(name, _type(shape)) for name, shape in VIDEO.items()])
"""The published one."""


@frozen
class ParquetTrees:
    """Follows kuavi.ports.exchange.TreeFiles."""

    suffixes: tuple[str, ...] = (".parquet",)

    def read(self, path: str) -> Iterator[Outcome[RawVideo, TreesFailure]]:
        try:
            with pq.ParquetFile(checked(path)) as file:
                unknown = sorted(_unknown(pa.struct(list(file.schema_arrow)), VIDEO, ""))
                if unknown:
                    reason = f"not in Action100M's schema: unknown columns {', '.join(unknown)}"
                    yield Failure(NotTrees(path, reason))
                    return
                for batch in file.iter_batches(AT_A_TIME):
                    yield from map(Success, batch.to_pylist())
        except (OSError, ValueError) as error:  # pyarrow's own errors are of these
            yield Failure(refused(path, error))

    def write(
        self, path: str, videos: Iterable[Outcome[PublishedVideo, F]]
    ) -> Outcome[str, TreesFailure | F]:
        return write_whole(path, videos, _write)


def build() -> TreeFiles:
    return ParquetTrees()


def _unknown(kind: Any, shape: Shape, where: str) -> Iterator[str]:
    """The names of fields that the schema has not."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        below = shape[0] if isinstance(shape, list) else shape
        yield from _unknown(kind.value_type, below, where)
    elif pa.types.is_struct(kind):
        for field in kind:
            named = f"{where}.{field.name}" if where else field.name
            if isinstance(shape, Mapping) and field.name in shape:
                yield from _unknown(field.type, shape[field.name], named)
            else:
                yield named


def _write(place: Path, videos: Iterator[PublishedVideo]) -> None:
    with pq.ParquetWriter(place, SCHEMA, compression="zstd") as writer:
        while some := list(islice(videos, GROUP)):
            writer.write_table(pa.Table.from_pylist([as_json(v) for v in some], SCHEMA))
