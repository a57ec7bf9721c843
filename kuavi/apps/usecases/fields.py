"""The fields of search: which rankings answer a query in each."""

from typing import TypeAlias, TypeVar

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.details import Details
from kuavi.apps.usecases.layer_rows import LayerRows, by_scene, layer_rows
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.apps.usecases.projecting import PointFailure, pointed_at
from kuavi.apps.usecases.queries import (
    ByImage,
    BySpan,
    ByText,
    Field,
    FieldUnavailable,
    SearchFailure,
)
from kuavi.apps.usecases.rankings import (
    BM25,
    MEANING,
    PROJECTED,
    WORDS,
    Ranking,
    Scope,
    by_frames,
    by_meaning,
    by_words,
)
from kuavi.apps.usecases.told import LAYERS, rank_told
from kuavi.apps.usecases.told_table import told_table
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.projection import NotAboveChance, TooFewPairs
from kuavi.domain.space import Embeddings, Joint, Role, unit
from kuavi.ports.library import LibraryView

R = TypeVar("R", bound=Role)
Rankings: TypeAlias = Outcome[tuple[Ranking, ...], SearchFailure]

_STAGE_OF = {Field.TRANSCRIPT: Stage.TRANSCRIPT, Field.SCREEN: Stage.SCREEN}


@frozen(eq=False)
class Asked:
    """A query with what is needed to answer it; `scene_s` is the typical length of its scenes,
    `field` where it is looked for.
    """

    ports: SearchPorts
    view: LibraryView
    scope: Scope
    details: Details
    scene_s: float | None
    field: Field


def answer_text(asked: Asked, query: ByText, field: Field) -> Rankings:
    """Rankings of one field for a text."""
    match field:
        case Field.VISUAL:
            return _visual_by_text(asked, query.text)
        case Field.TRANSCRIPT:
            return _words(asked, query.text, field, Layer.TRANSCRIPT)
        case Field.SCREEN:
            return _words(asked, query.text, field, Layer.SCREEN)
        case Field.SUMMARY | Field.ACTION:
            return _told(asked, query.text, field)
        case _:
            return _temporal_by_text(asked, query.text)


def answer_image(asked: Asked, query: ByImage, field: Field) -> Rankings:
    """Rankings of one field for a picture."""
    if field != Field.VISUAL:
        return Failure(
            FieldUnavailable(field, "a picture can't be looked for there", "use field visual")
        )
    content = asked.ports.files.read(query.path)
    if isinstance(content, Failure):
        return content
    pixels = asked.ports.pictures.decode(content.unwrap(), query.path)
    if isinstance(pixels, Failure):
        return pixels
    encoded = asked.ports.joint.encode_frames([Frame(0.0, pixels.unwrap())])
    if isinstance(encoded, Failure):
        return encoded
    return _visual(asked, encoded.unwrap())


def answer_span(asked: Asked, query: BySpan, field: Field) -> Rankings:
    """Rankings of one field for a stretch of a video: by the mean of its vectors."""
    match field:
        case Field.VISUAL:
            frames = layer_rows(asked.view, Layer.VISUAL, asked.ports.joint.space)
            if isinstance(frames, Failure):
                return frames
            example = _mean_of(frames.unwrap(), query)
            return _nothing_there(field) if example is None else _visual(asked, example)
        case Field.TEMPORAL:
            return _temporal(asked, query)
        case _:
            return Failure(
                FieldUnavailable(
                    field, "a span can't be looked for there", "use field visual or temporal"
                )
            )


def _visual_by_text(asked: Asked, text: str) -> Rankings:
    encoded = asked.ports.joint.encode_texts([text])
    if isinstance(encoded, Failure):
        return encoded
    return _visual(asked, encoded.unwrap())


def _visual(asked: Asked, query: Embeddings[Joint]) -> Rankings:
    if Stage.VISUAL.value not in asked.details.stages:
        return Failure(
            FieldUnavailable(Field.VISUAL, "no video here has pictures", "index video files")
        )
    read = layer_rows(asked.view, Layer.VISUAL, asked.ports.joint.space)
    if isinstance(read, Failure):
        return read
    evidence = asked.ports.joint.evidence
    return _seen(
        asked, query, read.unwrap(), Ranking(Field.VISUAL, "vectors", Layer.VISUAL, evidence, ())
    )


def _temporal(asked: Asked, query: BySpan) -> Rankings:
    read = layer_rows(asked.view, Layer.MOTION, asked.ports.clips.space)
    if isinstance(read, Failure):
        return read
    rows = read.unwrap()
    example = _mean_of(rows, query)
    if example is None:
        return _nothing_there(Field.TEMPORAL)
    evidence = asked.ports.clips.evidence
    return _seen(
        asked, example, rows, Ranking(Field.TEMPORAL, "vectors", Layer.MOTION, evidence, ())
    )


def _temporal_by_text(asked: Asked, text: str) -> Rankings:
    """Through a map from pictures to motion; where that finds nothing, an example can."""
    read = layer_rows(asked.view, Layer.MOTION, asked.ports.clips.space)
    if isinstance(read, Failure):
        return read
    rows = read.unwrap()
    pointed = pointed_at(asked.view, asked.ports.joint, rows.space, [text])
    if isinstance(pointed, Failure):
        return _unprojected(pointed.failure())
    query, evidence = pointed.unwrap().rows, pointed.unwrap().evidence
    return _seen(asked, query, rows, Ranking(Field.TEMPORAL, PROJECTED, Layer.MOTION, evidence, ()))


def _unprojected(failure: PointFailure) -> Rankings:
    if isinstance(failure, TooFewPairs | NotAboveChance):
        example = "ask by example: --like VIDEO --span START-END"
        return Failure(FieldUnavailable(Field.TEMPORAL, f"no text here: {failure}", example))
    return Failure(failure)


def _seen(asked: Asked, query: Embeddings[R], rows: LayerRows[R], none: Ranking) -> Rankings:
    """The ranking of frames by their vectors, with the items that `none` lacks."""
    grouped = by_scene(asked.view, none.layer, rows, asked.scene_s)
    if isinstance(grouped, Failure):
        return grouped
    items = by_frames(query, rows, grouped.unwrap(), asked.scope)
    return Success((evolve(none, items=items),))


def _nothing_there(field: Field) -> Rankings:
    return Failure(
        FieldUnavailable(field, "nothing is indexed in that span", "check the video and its times")
    )


def _mean_of(rows: LayerRows[R], query: BySpan) -> Embeddings[R] | None:
    """The mean direction of the frames in a span, or of the one on screen; None without any."""
    part = rows.of_video(query.video)
    start_s = rows.start_s[part]
    before_end = start_s < query.span.end_s
    inside = before_end & (start_s >= query.span.start_s)
    on = inside if inside.any() else before_end & (rows.end_s[part] > query.span.start_s)
    if not on.any():
        return None
    mean = rows.rows[part][on].mean(axis=0, keepdims=True)
    return Embeddings(rows.space, unit(mean))


def _words(asked: Asked, text: str, field: Field, layer: Layer) -> Rankings:
    """By full text, and by meaning where sentences are near enough to mean something."""
    if _STAGE_OF[field].value not in asked.details.stages:
        return Failure(
            FieldUnavailable(
                field,
                "no video here was indexed for it",
                "run `kuavi index` again without --tier scan, --no-speech or --no-ocr",
            )
        )
    exact = by_words(asked.view, layer, text, asked.scope)
    if isinstance(exact, Failure):
        return exact
    texts = asked.ports.text
    encoded = texts.encode_queries([text])
    if isinstance(encoded, Failure):
        return encoded
    rows = layer_rows(asked.view, layer, texts.space)
    if isinstance(rows, Failure):
        return rows
    grouped = by_scene(asked.view, layer, rows.unwrap(), asked.scene_s)
    if isinstance(grouped, Failure):
        return grouped
    near = by_meaning(encoded.unwrap(), rows.unwrap(), grouped.unwrap(), asked.scope, texts.floor)
    return Success(
        (
            Ranking(field, WORDS, layer, BM25, exact.unwrap()),
            Ranking(field, MEANING, layer, texts.evidence, near),
        )
    )


def _told(asked: Asked, text: str, field: Field) -> Rankings:
    layer = LAYERS[field]
    read = told_table(asked.view, layer)
    if isinstance(read, Failure):
        return read
    table = read.unwrap()
    if not len(table.nodes):
        return Failure(
            FieldUnavailable(
                field,
                "no captions here: no captioning model was used on these videos",
                "use one with `kuavi enhance --caption-preset`, or search visual, transcript or "
                "screen",
            )
        )
    return rank_told(asked.view, asked.ports, text, field, table, asked.scope)
