"""Check a library against what its videos name, and put right what can be."""

from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.libraries._derived_files import DerivedFiles
from kuavi.adapters.libraries._lance_catalogue import Catalogue, Damaged, Entry, Holding, put
from kuavi.adapters.libraries._lance_files import bytes_below, guarded, marked_schema
from kuavi.adapters.libraries._lance_schema import (
    SCHEMAS,
    TEXT_INDEX,
    TEXT_TABLES,
    VIDEOS,
    literal,
    owned_by,
)
from kuavi.adapters.libraries._lance_tables import Tables
from kuavi.adapters.libraries._lance_upkeep import (
    allowed_fragments,
    fragments,
    rebuild,
    stale_rows,
)
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import DESCRIBED, Stage
from kuavi.ports.health import Finding, Health

Owner = tuple[str, str, str, str | None]
"""Table, video, rev and, for vectors, layer."""


@frozen
class _State:
    """What is there: rows of each owner, and what the videos say."""

    entries: dict[VideoId, Entry]
    damaged: tuple[Damaged, ...]
    rows: Counter[Owner]
    missing_tables: tuple[str, ...]
    unreadable: dict[str, str]
    """Tables that can't be read, and why."""

    def lost(self) -> list[tuple[VideoId, Holding]]:
        """Parts whose rows are not all there."""
        return [
            (video, held)
            for video, entry in self.entries.items()
            for held in entry.holdings
            if self.rows[_owner(video, held)] != held.rows
        ]

    def orphans(self) -> list[Owner]:
        named = {
            _owner(video, held) for video, entry in self.entries.items() for held in entry.holdings
        }
        return sorted(owner for owner in self.rows if owner not in named)


def examine(path: Path, tables: Tables, repair: timedelta | None) -> Health:
    """Check, and repair if `repair` says how long replaced versions are to be kept.

    Needs the writer's lock.
    """
    state = _look(path, tables)
    findings = [*_content(state), *_shape(tables, state)]
    if repair is not None:
        _repair(path, tables, state)
        rebuild(tables, repair)
        findings = [evolve(finding, repaired=True) for finding in findings]
        state = _look(path, tables)
    present = {name: tables.open(name) for name in tables.names() if name not in state.unreadable}
    return Health(
        path=str(path),
        schema=marked_schema(path),
        videos=present[VIDEOS].count_rows(),
        rows={name: table.count_rows() for name, table in present.items()},
        fragments={name: fragments(table) for name, table in present.items()},
        bytes_on_disk=bytes_below(path),
        cache_bytes=DerivedFiles(path).nbytes(),
        findings=tuple(findings),
    )


def _look(path: Path, tables: Tables) -> _State:
    entries, damaged = Catalogue().readable(tables.open(VIDEOS))
    rows: Counter[Owner] = Counter()
    unreadable = {}
    for name in tables.names():
        if name != VIDEOS:
            counted = guarded(path, partial(_owners, tables, name))
            match counted:
                case Success(owners):
                    rows.update(owners)
                case Failure(reason):
                    unreadable[name] = str(reason)
    named = {held.table for entry in entries.values() for held in entry.holdings if held.rows}
    missing = sorted((named | set(SCHEMAS)) - set(tables.names()))
    return _State(entries, damaged, rows, tuple(missing), unreadable)


def _owners(tables: Tables, name: str) -> Counter[Owner]:
    """Reads the columns that say whose a row is; damage elsewhere shows when a row is read."""
    table = tables.open(name)
    keys = ["video", "rev", *(["layer"] if "layer" in table.schema.names else [])]
    counts = table.search().select(keys).to_arrow().group_by(keys).aggregate([([], "count_all")])
    return Counter(
        {
            (name, row["video"], row["rev"], row.get("layer")): row["count_all"]
            for row in counts.to_pylist()
        }
    )


def _owner(video: VideoId, held: Holding) -> Owner:
    return held.table, video, held.rev, held.layer


def _content(state: _State) -> list[Finding]:
    """What is lost, and what is left over."""
    findings = [Finding(f"table {name} is missing") for name in state.missing_tables]
    findings += [Finding(f"table {name}: {why}") for name, why in state.unreadable.items()]
    for row in state.damaged:
        findings.append(Finding(f"video {row.video}: its record can't be read ({row.reason})"))
    for video, held in state.lost():
        there = state.rows[_owner(video, held)]
        findings.append(Finding(f"video {video}: {there} of {held.rows} rows of {held.part}"))
    leftover: Counter[str] = Counter()
    for owner in state.orphans():
        leftover[owner[0]] += state.rows[owner]
    for name, count in leftover.items():
        findings.append(Finding(f"table {name}: {count} rows that belong to no video"))
    return findings


def _shape(tables: Tables, state: _State) -> list[Finding]:
    """What makes a library slow."""
    findings = []
    for name in tables.names():
        if name in state.unreadable:
            continue
        table = tables.open(name)
        count = fragments(table)
        if count > allowed_fragments(len(state.entries)):
            findings.append(Finding(f"table {name}: {count} fragments, not compacted"))
        if name not in TEXT_TABLES:
            continue
        if TEXT_INDEX not in {index.name for index in table.list_indices()}:
            findings.append(Finding(f"table {name}: no full-text index"))
        elif stale_rows(table):
            findings.append(Finding(f"table {name}: {stale_rows(table)} rows not in the index"))
    return findings


def _repair(path: Path, tables: Tables, state: _State) -> None:
    """Videos first: rows of what they no longer name become leftovers, which go last.

    A table that can't be read is set aside, as it may be readable to somebody else.
    """
    for name in state.unreadable:
        tables.set_aside(name)
    tables.make_all()
    videos = tables.open(VIDEOS)
    for row in state.damaged:
        videos.delete(f"id = {literal(row.video)}")
        tables.settle(VIDEOS)
    lost: dict[VideoId, list[Holding]] = {}
    for video, held in state.lost():
        lost.setdefault(video, []).append(held)
    for video, holdings in lost.items():
        put(videos, _without(state.entries[video], holdings))
        tables.settle(VIDEOS)
    for name, video_id, rev, layer in _look(path, tables).orphans():
        tables.open(name).delete(owned_by(video_id, rev, layer))
        tables.settle(name)


def _without(entry: Entry, lost: list[Holding]) -> Entry:
    """The video without the stages whose rows are lost; with a tree goes what was said of it."""
    stages = {held.stage for held in lost}
    stages |= set(DESCRIBED) if Stage.TREE in stages else set()
    record = evolve(
        entry.record, stages=tuple(s for s in entry.record.stages if s.stage not in stages)
    )
    holdings = tuple(h for h in entry.holdings if h.stage not in stages)
    return Entry(record, holdings)
