"""From a fused rank to a hit: which video, when, why, and what is known of the moment."""

from collections.abc import Sequence

from returns.result import Failure, Success

from kuavi.apps.usecases.fields import Asked
from kuavi.apps.usecases.queries import FieldMatch, Hit
from kuavi.apps.usecases.rankings import Ranked, Ranking
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import Fused
from kuavi.ports.library import LibraryFailure, LibraryView


def hit_of(
    asked: Asked, fused: Fused[int], rankings: Sequence[Ranking]
) -> Outcome[Hit, LibraryFailure]:
    """The hit for one scene of the fused ranking."""
    table, scene = asked.scope.table, fused.item
    known = asked.view.video(table.video_of(scene))
    if isinstance(known, Failure):
        return known
    record = known.unwrap()
    matches: list[FieldMatch] = []
    for ranking in rankings:
        rank = fused.ranks.get(ranking.name)
        if rank is not None:
            matched = _match(asked.view, record.id, ranking, ranking.items[rank - 1], rank)
            if isinstance(matched, Failure):
                return matched
            matches.append(matched.unwrap())
    matches.sort(key=lambda match: match.rank)
    moment, place, span = matches[0].moment, table.video.item(scene), table.span(scene)
    return Success(
        Hit(
            record.id,
            record.title,
            record.path,
            table.node.item(scene),
            span,
            moment,
            fused.score,
            tuple(matches),
            next((match.text for match in matches if match.text), ""),
            asked.details.tags_in(place, span),
            asked.details.nearest_still(place, moment.middle_s),
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
        case Layer.SUMMARY | Layer.ACTION:
            told = view.descriptions(video, layer)
            return told if isinstance(told, Failure) else Success(told.unwrap()[position].text)
        case Layer.VISUAL | Layer.MOTION:
            return Success("")
