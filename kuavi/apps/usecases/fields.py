"""The fields of search: which rankings answer a query in each."""

from typing import TypeAlias, TypeVar

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import SearchPorts
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
    WORDS,
    Ranking,
    Scope,
    by_frames,
    by_meaning,
    by_words,
)
from kuavi.domain.layers import Layer, Located, chosen
from kuavi.domain.manifest import Stage
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Joint, Role, unit
from kuavi.ports.library import LibraryView

R = TypeVar("R", bound=Role)
Rankings: TypeAlias = Outcome[tuple[Ranking, ...], SearchFailure]

_STAGE_OF = {Field.TRANSCRIPT: Stage.TRANSCRIPT, Field.SCREEN: Stage.SCREEN}


@frozen(eq=False)
class Asked:
    """A query with what is needed to answer it."""

    ports: SearchPorts
    view: LibraryView
    scope: Scope


def answer_text(asked: Asked, query: ByText, field: Field) -> Rankings:
    """Rankings of one field for a text."""
    match field:
        case Field.VISUAL:
            return _visual_by_text(asked, query.text)
        case Field.TRANSCRIPT:
            return _words(asked, query.text, field, Layer.TRANSCRIPT)
        case Field.SCREEN:
            return _words(asked, query.text, field, Layer.SCREEN)
        case Field.SUMMARY:
            return _summaries(asked, query.text)
        case _:
            reason = "this preset has no text encoder for motion"
            return Failure(
                FieldUnavailable(field, reason, "ask by example: --like VIDEO --span START-END")
            )


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
            frames = asked.view.visual(asked.ports.joint.space, only=query.video)
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
    rows = asked.view.visual(asked.ports.joint.space)
    if isinstance(rows, Failure):
        return rows
    items = by_frames(query, rows.unwrap(), asked.scope)
    evidence = asked.ports.joint.evidence
    return Success((Ranking(Field.VISUAL, "vectors", Layer.VISUAL, evidence, items),))


def _temporal(asked: Asked, query: BySpan) -> Rankings:
    own = asked.view.motion(asked.ports.clips.space, only=query.video)
    if isinstance(own, Failure):
        return own
    example = _mean_of(own.unwrap(), query)
    if example is None:
        return _nothing_there(Field.TEMPORAL)
    rows = asked.view.motion(asked.ports.clips.space)
    if isinstance(rows, Failure):
        return rows
    items = by_frames(example, rows.unwrap(), asked.scope)
    evidence = asked.ports.clips.evidence
    return Success((Ranking(Field.TEMPORAL, "vectors", Layer.MOTION, evidence, items),))


def _nothing_there(field: Field) -> Rankings:
    return Failure(
        FieldUnavailable(field, "nothing is indexed in that span", "check the video and its times")
    )


def _mean_of(rows: Located[R], query: BySpan) -> Embeddings[R] | None:
    """The mean direction of the frames in a span, or of the one on screen; None without any."""
    before_end = rows.start_s < query.span.end_s
    inside = before_end & (rows.start_s >= query.span.start_s)
    on = inside if inside.any() else before_end & (rows.end_s > query.span.start_s)
    example = chosen(rows, np.flatnonzero(on)).embeddings
    if not len(example):
        return None
    return Embeddings(example.space, unit(example.rows.mean(axis=0, keepdims=True)))


def _words(asked: Asked, text: str, field: Field, layer: Layer) -> Rankings:
    """By full text, and by meaning where sentences are near enough to mean something."""
    if not any(record.record(_STAGE_OF[field]) for record in asked.scope.table.videos):
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
    encoded = asked.ports.text.encode([text])
    if isinstance(encoded, Failure):
        return encoded
    rows = asked.view.texts(asked.ports.text.space, layer)
    if isinstance(rows, Failure):
        return rows
    near = by_meaning(encoded.unwrap(), rows.unwrap(), asked.scope)
    return Success(
        (
            Ranking(field, WORDS, layer, BM25, exact.unwrap()),
            Ranking(field, MEANING, layer, asked.ports.text.evidence, near),
        )
    )


def _summaries(asked: Asked, text: str) -> Rankings:
    for record in asked.scope.table.videos:
        told = asked.view.annotations(record.id)
        if isinstance(told, Failure):
            return told
        if told.unwrap():
            break
    else:
        return Failure(
            FieldUnavailable(
                Field.SUMMARY,
                "no captions here: the preset that indexed these videos has no captioning model",
                "search visual, transcript or screen instead",
            )
        )
    found = by_words(asked.view, Layer.SUMMARY, text, asked.scope)
    if isinstance(found, Failure):
        return found
    return Success((Ranking(Field.SUMMARY, WORDS, Layer.SUMMARY, BM25, found.unwrap()),))
