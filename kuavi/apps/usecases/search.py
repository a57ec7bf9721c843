"""Search: rankings by field, fused by rank, as hits that say why they are hits."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from attrs import evolve
from returns.result import Failure, Success

from kuavi.apps.usecases.details import details
from kuavi.apps.usecases.fields import Asked, Rankings, answer_image, answer_span, answer_text
from kuavi.apps.usecases.fusion import fuse, surely
from kuavi.apps.usecases.hits import hit_of
from kuavi.apps.usecases.layer_rows import by_scene, layer_rows
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
from kuavi.apps.usecases.rankings import DEEP, Ranking, Scope
from kuavi.apps.usecases.scene_table import Flags, SceneTable, scene_table
from kuavi.apps.usecases.told import LAYERS
from kuavi.apps.usecases.told_table import action_clusters, told_table
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.nearest import Grouped
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.ranking import Fused, cluster_diverse, mmr
from kuavi.domain.space import Matrix, unit
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryView

DIVERSITY = 0.7
"""MMR's trade-off: 1 is relevance alone."""


def search(request: SearchRequest, ports: SearchPorts) -> Outcome[SearchResult, SearchFailure]:
    """The scenes that answer a query best, best first."""
    if isinstance(request.query, ByText) and not request.query.text.strip():
        return Failure(EmptyQuery())
    ready = _ready(request, ports)
    if isinstance(ready, Failure):
        return ready
    asked = ready.unwrap()
    ranked = _rankings(asked, request)
    if isinstance(ranked, Failure):
        return ranked
    rankings, notes = ranked.unwrap()
    hits = _hits(asked, request, rankings)
    if isinstance(hits, Failure):
        return hits
    searched = tuple(dict.fromkeys(ranking.field for ranking in rankings))
    return Success(SearchResult(hits.unwrap(), searched, notes))


def _ready(request: SearchRequest, ports: SearchPorts) -> Outcome[Asked, SearchFailure]:
    """The library, its scenes and what they show."""
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    listed, more = scene_table(view, request.scene_s), details(view)
    if isinstance(listed, Failure):
        return listed
    if isinstance(more, Failure):
        return more
    table = listed.unwrap()
    if not len(table):
        return Failure(NothingIndexed(ports.library.path))
    known = _known_videos(view, request)
    if isinstance(known, Failure):
        return known
    asked = _field(request, view)
    if isinstance(asked, Failure):
        return asked
    field = asked.unwrap()
    scoped = _scope(view, table, evolve(request, field=field), ports)
    if isinstance(scoped, Failure):
        return scoped
    return Success(Asked(ports, view, scoped.unwrap(), more.unwrap(), request.scene_s, field))


def _field(request: SearchRequest, view: LibraryView) -> Outcome[Field, SearchFailure]:
    """Where to look: as asked, or among brief actions where there are some."""
    if request.field is not None:
        return Success(request.field)
    if not isinstance(request.query, ByText):
        return Success(Field.ALL)
    told = told_table(view, Layer.ACTION)
    if isinstance(told, Failure):
        return told
    return Success(Field.ACTION if len(told.unwrap().nodes) else Field.ALL)


def _scope(
    view: LibraryView, scenes: SceneTable, request: SearchRequest, ports: SearchPorts
) -> Outcome[Scope, SearchFailure]:
    """What may be an answer: nodes where what is said of them is searched alone, else scenes."""
    layer = LAYERS.get(request.field) if request.field is not None else None
    if layer is None or not isinstance(request.query, ByText):
        allowed = _allowed(scenes, request)
        return Success(Scope(scenes, allowed, _depth(request), ports.engine))
    told = told_table(view, layer)
    if isinstance(told, Failure):
        return told
    table = told.unwrap()
    allowed = _allowed(table.nodes, request)
    if request.duplicates:
        table = table.with_all_shown()
    else:
        allowed = table.without_duplicates(allowed)
    return Success(Scope(table.nodes, allowed, DEEP, ports.engine, table))


def _known_videos(view: LibraryView, request: SearchRequest) -> Outcome[None, SearchFailure]:
    named = [*request.videos]
    if isinstance(request.query, BySpan):
        named.append(request.query.video)
    for video in named:
        found = view.video(video)
        if isinstance(found, Failure):
            return found
    return Success(None)


def _depth(request: SearchRequest) -> int:
    """How many scenes of each ranking are wanted: the order of a lone ranking is the result's."""
    alone = request.field in (Field.VISUAL, Field.TEMPORAL) and not request.diverse
    return min(request.limit, DEEP) if alone else DEEP


def _allowed(table: SceneTable, request: SearchRequest) -> Flags | None:
    """Scenes that pass the filters, None: all.  The example of a query by span is no answer."""
    if not (request.videos or request.within or isinstance(request.query, BySpan)):
        return None
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
    wanted = np.array([video in videos for video in table.videos], dtype=np.bool_)
    return wanted[table.video]


def _on_in(table: SceneTable, span: Span) -> Flags:
    return (table.start_s < span.end_s) & (table.end_s > span.start_s)


def _fields(query: Query) -> tuple[Field, ...]:
    """What `all` means for a query."""
    match query:
        case ByText():
            return (
                Field.VISUAL,
                Field.TRANSCRIPT,
                Field.SCREEN,
                Field.SUMMARY,
                Field.ACTION,
            )
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
    if asked.field != Field.ALL:
        only = _answer(asked, request.query, asked.field)
        return only if isinstance(only, Failure) else Success((only.unwrap(), ()))
    rankings: list[Ranking] = []
    missing: list[FieldUnavailable] = []
    for field in _fields(request.query):
        answer = _answer(asked, request.query, field)
        if isinstance(answer, Success):
            rankings += answer.unwrap()
            continue
        reason = answer.failure()
        if not isinstance(reason, FieldUnavailable):
            return answer
        missing.append(reason)
    told = {(one.reason, one.remedy): one for one in reversed(missing)}
    notes = tuple(str(one) for one in missing if one in told.values())
    return Success((surely(rankings), notes))


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
    """The fused results in an order of variety.

    Actions by their clusters in the whole library, others in MMR's order, alike by their mean
    frame vector.
    """
    if asked.field is Field.ACTION and asked.scope.told is not None:
        return _by_cluster(asked, fused, limit)
    read = layer_rows(asked.view, Layer.VISUAL, asked.ports.joint.space)
    if isinstance(read, Failure):
        return read
    grouped = by_scene(asked.view, Layer.VISUAL, read.unwrap(), asked.scene_s)
    if isinstance(grouped, Failure):
        return grouped
    rows = _scene_rows(grouped.unwrap(), [one.item for one in fused])
    relevance = np.array([one.score for one in fused])
    return Success(tuple(fused[i] for i in mmr(relevance, rows, limit, DIVERSITY)))


def _by_cluster(
    asked: Asked, fused: tuple[Fused[int], ...], limit: int
) -> Outcome[tuple[Fused[int], ...], SearchFailure]:
    clusters = action_clusters(asked.view, asked.ports.text.space)
    if isinstance(clusters, Failure):
        return clusters
    mine = clusters.unwrap().cluster[[one.item for one in fused]]
    relevance = np.array([one.score for one in fused])
    return Success(tuple(fused[i] for i in cluster_diverse(relevance, mine, limit)))


def _scene_rows(frames: Grouped, scenes: Sequence[int]) -> Matrix:
    """(scenes, dim) unit mean vector of each scene's frames; 0 where there are none."""
    place = np.full(frames.n_groups + 1, -1, dtype=np.int64)  # the last is for frames of no scene
    place[list(scenes)] = np.arange(len(scenes))
    mine = np.flatnonzero(place[frames.group] >= 0)
    total = np.zeros((len(scenes), frames.rows.shape[1]), dtype=np.float32)
    np.add.at(total, place[frames.group[mine]], frames.rows[mine])
    return unit(total)
