"""Search: rankings by field, fused by rank, as hits that say why they are hits."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from returns.result import Failure, Success

from kuavi.apps.usecases.fields import Asked, Rankings, answer_image, answer_span, answer_text
from kuavi.apps.usecases.fusion import fuse, surely
from kuavi.apps.usecases.hits import hit_of
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.apps.usecases.queries import (
    ByImage,
    BySpan,
    ByText,
    EmptyQuery,
    Field,
    FieldUnavailable,
    Hit,
    NothingIndexed,
    Query,
    SearchFailure,
    SearchRequest,
    SearchResult,
)
from kuavi.apps.usecases.rankings import Ranking, Scope
from kuavi.apps.usecases.scene_table import Flags, SceneTable, scene_table
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Located
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.ranking import Fused, mmr
from kuavi.domain.space import Joint, Matrix, unit
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryView

DIVERSITY = 0.7
"""MMR's trade-off: 1 is relevance alone."""


def search(request: SearchRequest, ports: SearchPorts) -> Outcome[SearchResult, SearchFailure]:
    """The scenes that answer a query best, best first."""
    if isinstance(request.query, ByText) and not request.query.text.strip():
        return Failure(EmptyQuery())
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    listed = scene_table(view, request.scene_s)
    if isinstance(listed, Failure):
        return listed
    table = listed.unwrap()
    if not len(table):
        return Failure(NothingIndexed(ports.library.path))
    known = _known_videos(view, request)
    if isinstance(known, Failure):
        return known
    asked = Asked(ports, view, Scope(table, _allowed(table, request)))
    ranked = _rankings(asked, request)
    if isinstance(ranked, Failure):
        return ranked
    rankings, notes = ranked.unwrap()
    hits = _hits(asked, request, rankings)
    if isinstance(hits, Failure):
        return hits
    searched = tuple(dict.fromkeys(ranking.field for ranking in rankings))
    return Success(SearchResult(hits.unwrap(), searched, notes))


def _known_videos(view: LibraryView, request: SearchRequest) -> Outcome[None, SearchFailure]:
    named = [*request.videos]
    if isinstance(request.query, BySpan):
        named.append(request.query.video)
    for video in named:
        found = view.video(video)
        if isinstance(found, Failure):
            return found
    return Success(None)


def _allowed(table: SceneTable, request: SearchRequest) -> Flags:
    """Scenes that pass the filters; the example of a query by span is no answer to it."""
    allowed = np.ones(len(table), dtype=np.bool_)
    if request.videos:
        allowed &= _of_videos(table, request.videos)
    if request.within is not None:
        allowed &= _on_in(table, request.within)
    if isinstance(request.query, BySpan):
        same = _of_videos(table, (request.query.video,))
        allowed &= ~(same & _on_in(table, request.query.span))
    return allowed


def _of_videos(table: SceneTable, videos: Sequence[VideoId]) -> Flags:
    wanted = np.array([record.id in videos for record in table.videos], dtype=np.bool_)
    return wanted[table.video]


def _on_in(table: SceneTable, span: Span) -> Flags:
    return (table.start_s < span.end_s) & (table.end_s > span.start_s)


def _fields(query: Query) -> tuple[Field, ...]:
    """What `all` means for a query."""
    match query:
        case ByText():
            return (Field.VISUAL, Field.TRANSCRIPT, Field.SCREEN, Field.SUMMARY)
        case ByImage():
            return (Field.VISUAL,)
        case BySpan():
            return (Field.VISUAL, Field.TEMPORAL)
        case _:
            assert_never(query)


def _answer(asked: Asked, query: Query, field: Field) -> Rankings:
    match query:
        case ByText():
            return answer_text(asked, query, field)
        case ByImage():
            return answer_image(asked, query, field)
        case BySpan():
            return answer_span(asked, query, field)
        case _:
            assert_never(query)


def _rankings(
    asked: Asked, request: SearchRequest
) -> Outcome[tuple[tuple[Ranking, ...], tuple[str, ...]], SearchFailure]:
    """The rankings, and what could not be asked.  One field asked alone must be there."""
    if request.field != Field.ALL:
        only = _answer(asked, request.query, request.field)
        return only if isinstance(only, Failure) else Success((only.unwrap(), ()))
    rankings: list[Ranking] = []
    notes: list[str] = []
    for field in _fields(request.query):
        answer = _answer(asked, request.query, field)
        if isinstance(answer, Success):
            rankings += answer.unwrap()
        elif isinstance(answer.failure(), FieldUnavailable):
            notes.append(str(answer.failure()))
        else:
            return answer
    return Success((surely(rankings), tuple(notes)))


def _hits(
    asked: Asked, request: SearchRequest, rankings: Sequence[Ranking]
) -> Outcome[tuple[Hit, ...], SearchFailure]:
    fused = fuse(rankings)
    if request.diverse:
        ordered = _diverse(asked, fused, request.limit)
        if isinstance(ordered, Failure):
            return ordered
        fused = ordered.unwrap()
    return collect(hit_of(asked, one, rankings) for one in fused[: request.limit])


def _diverse(
    asked: Asked, fused: tuple[Fused[int], ...], limit: int
) -> Outcome[tuple[Fused[int], ...], SearchFailure]:
    """The fused results in MMR's order, alike by their mean frame vector."""
    frames = asked.view.visual(asked.ports.joint.space)
    if isinstance(frames, Failure):
        return frames
    rows = _scene_rows(asked.scope.table, frames.unwrap())[[one.item for one in fused]]
    relevance = np.array([one.score for one in fused])
    return Success(tuple(fused[i] for i in mmr(relevance, rows, limit, DIVERSITY)))


def _scene_rows(table: SceneTable, frames: Located[Joint]) -> Matrix:
    """(scenes, dim) unit mean vector of each scene's frames; 0 where there are none."""
    total = np.zeros((len(table), frames.embeddings.space.dim), dtype=np.float32)
    scene = table.of(frames.videos, frames.video, frames.start_s)
    known = scene >= 0
    np.add.at(total, scene[known], frames.embeddings.rows[known])
    return unit(total)
