"""From a fused rank to a hit: which video, when, why, and what is known of the moment."""

from collections.abc import Sequence

import numpy as np
from returns.result import Failure, Success

from kuavi.apps.usecases.fields import Asked
from kuavi.apps.usecases.queries import FieldMatch, Hit
from kuavi.apps.usecases.rankings import Ranked, Ranking
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import Fused
from kuavi.domain.spans import Span
from kuavi.domain.words import Tag
from kuavi.ports.library import LibraryFailure, LibraryView

TAGS = 3


def hit_of(
    asked: Asked, fused: Fused[int], rankings: Sequence[Ranking]
) -> Outcome[Hit, LibraryFailure]:
    """The hit for one scene of the fused ranking."""
    table, scene = asked.scope.table, fused.item
    record = table.record(scene)
    matches: list[FieldMatch] = []
    for ranking in rankings:
        rank = fused.ranks.get(ranking.name)
        if rank is not None:
            matched = _match(asked.view, record.id, ranking, ranking.items[rank - 1], rank)
            if isinstance(matched, Failure):
                return matched
            matches.append(matched.unwrap())
    matches.sort(key=lambda match: match.rank)
    tags = tags_in(asked.view, record.id, table.span(scene))
    if isinstance(tags, Failure):
        return tags
    times = asked.view.keyframe_times(record.id)
    if isinstance(times, Failure):
        return times
    moment = matches[0].moment
    nearest = times.unwrap()
    at = int(np.abs(nearest - moment.middle_s).argmin()) if len(nearest) else None
    return Success(
        Hit(
            record.id,
            record.title,
            record.path,
            int(table.node[scene]),
            table.span(scene),
            moment,
            fused.score,
            tuple(matches),
            next((match.text for match in matches if match.text), ""),
            tags.unwrap(),
            None if at is None else float(nearest[at]),
        )
    )


def _match(
    view: LibraryView, video: VideoId, ranking: Ranking, item: Ranked, rank: int
) -> Outcome[FieldMatch, LibraryFailure]:
    text = text_of(view, video, ranking.layer, item.position)
    if isinstance(text, Failure):
        return text
    return Success(
        FieldMatch(
            ranking.field,
            ranking.method,
            rank,
            item.score,
            ranking.evidence,
            item.moment,
            text.unwrap(),
        )
    )


def text_of(
    view: LibraryView, video: VideoId, layer: Layer, position: int
) -> Outcome[str, LibraryFailure]:
    """The words of an item of a layer; a layer of pictures has none."""
    match layer:
        case Layer.TRANSCRIPT:
            said = view.utterances(video)
            return said if isinstance(said, Failure) else Success(said.unwrap()[position].text)
        case Layer.SCREEN:
            read = view.screen(video)
            return read if isinstance(read, Failure) else Success(read.unwrap()[position].text)
        case Layer.SUMMARY:
            told = view.annotations(video)
            if isinstance(told, Failure):
                return told
            return Success(told.unwrap()[position].summary.brief)
        case Layer.VISUAL | Layer.MOTION:
            return Success("")


def tags_in(
    view: LibraryView, video: VideoId, span: Span
) -> Outcome[tuple[Tag, ...], LibraryFailure]:
    """The likeliest tags of the keyframes in a span, most probable first."""
    tagged = view.tags(video)
    if isinstance(tagged, Failure):
        return tagged
    best: dict[str, float] = {}
    for moment in tagged.unwrap():
        if span.contains(moment.time_s):
            for tag in moment.tags:
                best[tag.label] = max(best.get(tag.label, 0.0), tag.probability)
    ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return Success(tuple(Tag(label, probability) for label, probability in ordered[:TAGS]))
