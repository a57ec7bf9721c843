"""The table `videos`: which videos there are, and which rows of the other tables are theirs.

A commit is one upsert here.  Whatever it names was written before; whatever no row names is
invisible.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from attrs import frozen

from kuavi.adapters.libraries._lance_schema import SCHEMAS, VIDEOS, literal, space_json
from kuavi.adapters.libraries._record_json import parse_record, record_json
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.space import Space


@frozen
class Holding:
    """The rows of one part of a video: `rows` of them in `table`, marked `rev`.

    `key` is the key of the stage that the part belongs to, and `rev` is the same.
    """

    part: str
    table: str
    stage: Stage
    key: str
    rev: str
    rows: int
    space: Space[Any] | None = None

    @property
    def layer(self) -> str | None:
        """The layer, where the part is a layer's vectors."""
        return self.part.partition("/")[2] or None


@frozen
class Entry:
    record: VideoRecord
    holdings: tuple[Holding, ...] = ()

    def holding(self, part: str) -> Holding | None:
        return next((h for h in self.holdings if h.part == part), None)


@frozen
class Damaged:
    """A row of `videos` that can't be read."""

    video: str
    reason: str


class Catalogue:
    """Reads the rows of `videos`, and remembers what it has read: most rows never change."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[str, str], Entry]] = {}

    def entries(self, videos: Any) -> dict[VideoId, Entry]:
        """All videos of a checked-out table; ValueError where a row is damaged."""
        entries, damaged = self.readable(videos)
        if damaged:
            raise ValueError(
                f"the record of video {damaged[0].video} can't be read ({damaged[0].reason}); "
                "`kuavi doctor --repair` drops it"
            )
        return entries

    def content(self) -> str:
        """Names all that the rows read last say: equal content has equal names."""
        digest = hashlib.sha256()
        for video in sorted(self._known):
            for text in (video, *self._known[video][0]):
                digest.update(b"%d:" % len(text))
                digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def readable(self, videos: Any) -> tuple[dict[VideoId, Entry], tuple[Damaged, ...]]:
        entries: dict[VideoId, Entry] = {}
        damaged = []
        known: dict[str, tuple[tuple[str, str], Entry]] = {}
        for row in videos.search().to_arrow().to_pylist():
            raw = (row["manifest"], row["holdings"])
            before = self._known.get(row["id"])
            try:
                entry = before[1] if before and before[0] == raw else _parse(*raw)
            except ValueError as error:
                damaged.append(Damaged(row["id"], str(error)))
                continue
            known[row["id"]] = (raw, entry)
            entries[entry.record.id] = entry
        self._known = known
        return entries, tuple(damaged)


def entry_of(videos: Any, video: VideoId) -> Entry | None:
    """One video's row, or None."""
    rows = videos.search().where(f"id = {literal(video)}").to_arrow().to_pylist()
    return _parse(rows[0]["manifest"], rows[0]["holdings"]) if rows else None


def put(videos: Any, entry: Entry) -> None:
    """Insert or replace a video's row: one atomic commit."""
    row = {
        "id": [entry.record.id],
        "manifest": [record_json(entry.record)],
        "holdings": [json.dumps([_holding_json(holding) for holding in entry.holdings])],
    }
    upsert = videos.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    upsert.execute(pa.table(row, schema=SCHEMAS[VIDEOS]))


def _holding_json(holding: Holding) -> Mapping[str, Any]:
    return {
        "part": holding.part,
        "table": holding.table,
        "stage": holding.stage.value,
        "key": holding.key,
        "rev": holding.rev,
        "rows": holding.rows,
        "space": None if holding.space is None else space_json(holding.space),
    }


def _parse(manifest: str, holdings: str) -> Entry:
    record = parse_record(manifest)
    try:
        return Entry(record, tuple(_parse_holding(raw) for raw in json.loads(holdings)))
    except (KeyError, TypeError) as error:
        raise ValueError(f"damaged holdings: {error!r}") from error


def _parse_holding(raw: Any) -> Holding:
    space = None if raw["space"] is None else Space[Any](*raw["space"])
    fields = {name: raw[name] for name in ("part", "table", "key", "rev", "rows")}
    return Holding(stage=Stage(raw["stage"]), space=space, **fields)
