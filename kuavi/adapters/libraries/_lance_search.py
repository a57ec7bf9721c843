"""Full-text search over a pinned table: Lance's own BM25."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from lancedb.query import MatchQuery

from kuavi.adapters.libraries._lance_catalogue import Holding
from kuavi.adapters.libraries._lance_rows import words_of
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.spans import Span
from kuavi.ports.library import TextMatch

_MORE = 4
_COLUMNS = ["video", "rev", "position", "start_s", "end_s", "text", "_score"]
_WORDS = "words"


def matches(
    table: Any, layer: Layer, visible: Mapping[VideoId, Holding], words: str, limit: int
) -> tuple[TextMatch, ...]:
    """The `limit` best visible rows, best first; equal scores by video and position.

    Rows that no video names may be in the table, so more rows are asked for until enough visible
    ones are there and no row left could tie with the last of them.
    """
    fetch = limit + 16
    columns = [*_COLUMNS, _WORDS] if layer is Layer.TRANSCRIPT else _COLUMNS
    while True:
        query = table.search(MatchQuery(words, "text"), query_type="fts").select(columns)
        rows = query.limit(fetch).to_arrow()
        order, last = _order(rows, visible)
        enough = len(order) >= limit and rows["_score"][order[limit - 1]].as_py() > last
        if rows.num_rows < fetch or enough:
            return tuple(
                _match(row, layer)
                for row in rows.take(pa.array(order[:limit], pa.int64())).to_pylist()
            )
        fetch *= _MORE


def _order(rows: Any, visible: Mapping[VideoId, Holding]) -> tuple[list[int], float]:
    """Indices of the visible rows, best first, and the least score of all rows."""
    videos, revs = rows["video"].to_pylist(), rows["rev"].to_pylist()
    scores, positions = rows["_score"].to_pylist(), rows["position"].to_pylist()
    shown = [row for row in range(len(videos)) if _visible(videos[row], revs[row], visible)]
    shown.sort(key=lambda row: (-scores[row], videos[row], positions[row]))
    return shown, min(scores, default=0.0)


def _visible(video: VideoId, rev: str, visible: Mapping[VideoId, Holding]) -> bool:
    holding = visible.get(video)
    return holding is not None and holding.rev == rev


def _match(row: Mapping[str, Any], layer: Layer) -> TextMatch:
    span = Span(row["start_s"], row["end_s"])
    said = words_of(row[_WORDS]) if _WORDS in row else ()
    return TextMatch(row["video"], layer, row["position"], span, row["text"], row["_score"], said)
