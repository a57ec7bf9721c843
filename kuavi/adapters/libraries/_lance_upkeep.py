"""Upkeep: few fragments, a full-text index that is up to date, and no versions nobody can want."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from kuavi.adapters.libraries._lance_schema import TEXT_INDEX, TEXT_TABLES, VIDEOS
from kuavi.adapters.libraries._lance_tables import Tables, ensure_text_index

GRACE = timedelta(hours=2)
"""A view stays readable at least so long after the commit that replaced it.

An hour of it is spare: LanceDB tells versions' times in local time, which may jump by one.
"""

_FRAGMENTS = 32
_VIDEOS_A_FRAGMENT = 4
_UNINDEXED = 2000
_SPARE = timedelta(seconds=10)


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


def tidy(tables: Tables, names: Iterable[str], n_videos: int) -> None:
    """Compact those of the named tables that have become ragged."""
    cutoff = None
    for name in sorted(set(names)):
        table = tables.open(name)
        stale = name in TEXT_TABLES and stale_rows(table) > 0
        if stale or fragments(table) > allowed_fragments(n_videos):
            cutoff = cutoff or wanted_since(tables.open(VIDEOS))
            compact(table, cutoff, interrupted=False)


def wanted_since(videos: Any) -> datetime:
    """The time of the oldest version of `videos` that was current within the last `GRACE`."""
    then = datetime.now() - GRACE
    times = sorted(version["timestamp"] for version in videos.list_versions())
    return max((time for time in times if time <= then), default=times[0])


def compact(table: Any, cutoff: datetime, interrupted: bool) -> None:
    """Merge fragments, bring the index up to date, drop versions replaced before `cutoff`.

    What was current at `cutoff` is kept: a view taken later may have pinned it.  With `interrupted`
    also files that no version names are dropped; only safe for the one writer.
    """
    times = sorted(version["timestamp"] for version in table.list_versions())
    oldest = max((time for time in times if time <= cutoff), default=times[0])
    age = datetime.now() - oldest + _SPARE
    table.optimize(cleanup_older_than=age, delete_unverified=interrupted)


def rebuild(tables: Tables) -> None:
    """Compact all tables of the library, and restore a lost full-text index."""
    cutoff = wanted_since(tables.open(VIDEOS))
    for name in tables.names():
        table = tables.open(name)
        if name in TEXT_TABLES:
            ensure_text_index(table)
        compact(table, cutoff, interrupted=True)
