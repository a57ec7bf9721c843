"""Rows of the tables: write, fetch and delete those of one part of a video."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from attrs import evolve

from kuavi.adapters.libraries._lance_catalogue import Holding
from kuavi.adapters.libraries._lance_disk import Disk, sync_names
from kuavi.adapters.libraries._lance_files import TABLES, mark, marked_schema
from kuavi.adapters.libraries._lance_heap import give_back, thrifty
from kuavi.adapters.libraries._lance_rows import Columns, n_pieces, pieces_of, values_of
from kuavi.adapters.libraries._lance_schema import (
    ADDED,
    FULL_TEXT,
    SCHEMAS,
    TEXT_INDEX,
    TEXT_TABLES,
    owned_by,
    vector_schema,
    vector_table,
)
from kuavi.adapters.libraries._lance_torn import torn
from kuavi.adapters.libraries._parts import FEATURE_MAPS, MAP_VALUES, part_name, stage_of
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.ports.parts import (
    FeatureMaps,
    Part,
    Rows,
)


class Tables:
    """The Lance database of a library."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path / TABLES
        self._database = lancedb.connect(self._folder)
        self._disk = Disk(self._folder)

    def open(self, name: str) -> Any:
        """The table at its latest version, in a handle of its own."""
        return self._database.open_table(name)

    def exists(self, name: str) -> bool:
        return (self._folder / f"{name}.lance").is_dir()

    def versions(self, name: str) -> Path:
        """The folder to which each commit adds a file."""
        return self._folder / f"{name}.lance" / "_versions"

    def names(self) -> tuple[str, ...]:
        """All tables that are there."""
        return tuple(sorted(folder.stem for folder in self._folder.glob("*.lance")))

    def set_aside(self, name: str) -> None:
        """Take a table out of the database, in place of one that was set aside before."""
        aside = self._folder / f"{name}.damaged"
        if aside.exists():
            shutil.rmtree(aside)
        (self._folder / f"{name}.lance").rename(aside)

    def make(self, name: str, schema: Any) -> Any:
        """The table; made if it isn't there."""
        is_new = not self.exists(name)
        table = self._database.create_table(name, schema=schema, exist_ok=True)
        if is_new:
            self.settle(name)
            sync_names(self._folder)
        return table

    def settle(self, *names: str) -> None:
        """Return when all that was written to these tables will outlive a power cut.

        OSError where a file was not written to its end, which Lance doesn't tell.
        """
        for name in names:
            self._disk.settle(name)
            if torn(self._folder / f"{name}.lance"):
                raise OSError(f"table {name}: a file could not be written to its end")

    def make_for(self, stage: Stage) -> None:
        """The tables that a stage needs and not every library has.

        A library that is older than the stage is marked as one of the latest schema, and so first:
        no older KUAVi may meet a stage that it doesn't know.
        """
        if stage in ADDED:
            schema, tables = ADDED[stage]
            if marked_schema(self._path) < schema:
                mark(self._path)
            self._make_each(tables)

    def make_all(self) -> None:
        """The tables that every library has; those that are there stay as they are."""
        self._make_each(SCHEMAS)

    def _make_each(self, schemas: Mapping[str, Any]) -> None:
        for name, schema in schemas.items():
            table = self.make(name, schema)
            if name in TEXT_TABLES:
                ensure_text_index(table)
                self.settle(name)


def ensure_text_index(table: Any) -> None:
    if TEXT_INDEX not in {index.name for index in table.list_indices()}:
        table.create_index("text", config=FULL_TEXT, name=TEXT_INDEX)


def write(tables: Tables, record: VideoRecord, part: Part) -> tuple[Holding, ...]:
    """Append a part's rows, still invisible, and say what the video's row must name."""
    stage = stage_of(part)
    tables.make_for(stage)
    if isinstance(part, FeatureMaps):
        return _write_maps(tables, record, part)
    key = next(made.key for made in record.stages if made.stage == stage)
    name, space, table = part_name(part), None, part_name(part)
    if isinstance(part, Rows):
        space = part.embeddings.space
        table = vector_table(part.layer, space)
        tables.make(table, vector_schema(space))
    holding = Holding(name, table, stage, key, key, part.items, space)
    write_rows(tables, record.id, holding, pieces_of(part))
    return (holding,)


def _write_maps(tables: Tables, record: VideoRecord, part: FeatureMaps) -> tuple[Holding, ...]:
    """Two holdings: the maps' times and shapes, and what they hold."""
    stage = stage_of(part)
    key = next(made.key for made in record.stages if made.stage == stage)
    about = Holding(FEATURE_MAPS, FEATURE_MAPS, stage, key, key, part.items, part.space)
    write_rows(tables, record.id, about, pieces_of(part))
    rows = sum(n_pieces(extent, part.space.dim) for extent in part.extents)
    values = evolve(about, part=MAP_VALUES, table=MAP_VALUES, rows=rows)
    write_rows(tables, record.id, values, values_of(part))
    return about, values


def write_rows(tables: Tables, video: VideoId, holding: Holding, pieces: Iterable[Columns]) -> None:
    """Append rows in one go, a piece at a time in memory.

    Leftovers of a killed writer under the same name go first.
    """
    table = tables.open(holding.table)
    leftover = owned_by(video, holding.rev, holding.layer)
    if table.count_rows(leftover):
        table.delete(leftover)
    if holding.rows:
        batches = thrifty(_batches(video, holding, pieces, table.schema))
        table.add(pa.RecordBatchReader.from_batches(table.schema, batches))
        give_back()
    tables.settle(holding.table)


def _batches(
    video: VideoId, holding: Holding, pieces: Iterable[Columns], schema: Any
) -> Iterator[Any]:
    first = 0
    for columns in pieces:
        n_rows = len(next(iter(columns.values())))
        owned = {
            "video": [video] * n_rows,
            "rev": [holding.rev] * n_rows,
            "position": np.arange(first, first + n_rows, dtype=np.int32),
        }
        yield from pa.table({**owned, **columns}, schema=schema).to_batches()
        first += n_rows


def fetch(
    table: Any,
    video: VideoId,
    holding: Holding,
    columns: Sequence[str] | None = None,
    numbers: range | None = None,
) -> Any:
    """The rows of a part as an Arrow table in order of position; ValueError if some are missing.

    `columns` names those that are wanted, `numbers` the consecutive positions; all without.
    """
    wanted = range(holding.rows)
    where = owned_by(video, holding.rev, holding.layer)
    if numbers is not None:
        wanted = range(max(numbers.start, 0), min(numbers.stop, holding.rows))
        where += f" AND position >= {wanted.start} AND position < {wanted.stop}"
    found = table.search().where(where)
    if columns is not None:
        found = found.select(["position", *columns])
    rows = found.to_arrow().sort_by("position")
    if rows.num_rows != len(wanted):
        raise ValueError(
            f"{holding.part} of video {video}: {rows.num_rows} of {len(wanted)} rows are there; "
            "`kuavi doctor --repair` drops the stage, so that it can run again"
        )
    return rows


def delete(tables: Tables, video: VideoId, holdings: Iterable[Holding]) -> None:
    """Delete rows that the video's row no longer names."""
    for holding in holdings:
        if holding.rows:
            tables.open(holding.table).delete(owned_by(video, holding.rev, holding.layer))
            tables.settle(holding.table)
