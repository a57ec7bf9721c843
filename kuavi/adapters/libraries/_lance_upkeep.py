"""Upkeep: few fragments, a full-text index that is up to date, and no versions nobody can want."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from kuavi.adapters.libraries._lance_schema import TEXT_INDEX, TEXT_TABLES, VIDEOS
from kuavi.adapters.libraries._lance_tables import Tables, ensure_text_index

_NEVER = timedelta(days=36500)
_FRAGMENTS = 32
_VIDEOS_A_FRAGMENT = 4
_UNINDEXED = 2000


def fragments(table: Any) -> int:
    return int(table.stats()["fragment_stats"]["num_fragments"])


def allowed_fragments(n_videos: int) -> int:
    """So many fragments a table may have before it is compacted.

    Compaction rewrites a table, so it comes at geometric intervals: what is rewritten over the life
    of a library is a small multiple of its size, whatever the number of commits.
    """
    return _FRAGMENTS + n_videos // _VIDEOS_A_FRAGMENT


def stale_rows(table: Any) -> int:
    """Rows not in the full-text index beyond the number that is scanned quickly.

    Rows outside the index are found all the same, by a scan.
    """
    stats = table.index_stats(TEXT_INDEX)
    if stats is None:
        return int(table.count_rows())
    allowed = max(_UNINDEXED, stats.num_indexed_rows // 8)
    return int(stats.num_unindexed_rows) if stats.num_unindexed_rows > allowed else 0


def tidy(tables: Tables, names: Iterable[str], n_videos: int, keep: timedelta) -> None:
    """Compact those of the named tables that have become ragged."""
    for name in sorted(set(names)):
        table = tables.open(name)
        stale = name in TEXT_TABLES and stale_rows(table) > 0
        if stale or fragments(table) > allowed_fragments(n_videos):
            _compact(tables, name, keep, interrupted=False)


def rebuild(tables: Tables, keep: timedelta) -> None:
    """Compact all tables of the library, and restore a lost full-text index."""
    for name in tables.names():
        if name in TEXT_TABLES:
            ensure_text_index(tables.open(name))
            tables.settle(name)
        _compact(tables, name, keep, interrupted=True)


def _compact(tables: Tables, name: str, keep: timedelta, interrupted: bool) -> None:
    """Merge fragments, bring the index up to date, then drop versions nobody can want.

    Two steps, as LanceDB counts the age of versions from the end of its compaction.  With
    `interrupted` also files that no version names are dropped; only safe for the one writer.
    """
    table = tables.open(name)
    table.optimize(cleanup_older_than=_NEVER)
    tables.settle(name)
    wanted = _current_at(tables.open(VIDEOS), datetime.now() - keep)
    age = datetime.now() - _current_at(table, wanted) + keep / 10
    table.optimize(cleanup_older_than=age, delete_unverified=interrupted)
    tables.settle(name)


def _current_at(table: Any, moment: datetime) -> datetime:
    """The time of the version that was current at a moment, or of the first version.

    A view takes the version of `videos` that is current, and then of every other table the one
    that is current; so what was current when the oldest wanted version of `videos` was made, and
    all that came later, may be pinned.
    """
    times = sorted(version["timestamp"] for version in table.list_versions())
    return max((time for time in times if time <= moment), default=times[0])
