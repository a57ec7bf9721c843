"""Full-text search over a pinned table: Lance's own BM25."""

from collections.abc import Mapping
from typing import Any

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
        rows = query.limit(fetch).to_arrow().to_pylist()
        found = [_match(row, layer) for row in rows if _visible(row, visible)]
        found.sort(key=lambda match: (-match.score, match.video, match.position))
        last = min((row["_score"] for row in rows), default=0.0)
        if len(rows) < fetch or (len(found) >= limit and found[limit - 1].score > last):
            return tuple(found[:limit])
        fetch *= _MORE


def _visible(row: Mapping[str, Any], visible: Mapping[VideoId, Holding]) -> bool:
    holding = visible.get(row["video"])
    return holding is not None and holding.rev == row["rev"]


def _match(row: Mapping[str, Any], layer: Layer) -> TextMatch:
    span = Span(row["start_s"], row["end_s"])
    said = words_of(row[_WORDS]) if _WORDS in row else ()
    return TextMatch(row["video"], layer, row["position"], span, row["text"], row["_score"], said)
