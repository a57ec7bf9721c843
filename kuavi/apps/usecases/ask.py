"""Ask: which of some candidate answers fits a span of a video, or a whole one (discriminative VQA).

Nothing is generated: candidates are weighed by pictures (their text against frames, in the joint
space) and by words (against what is said, written and told, in the text space).
"""

from collections.abc import Iterator
from typing import TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.hits import text_of
from kuavi.apps.usecases.layer_rows import LayerRows, layer_rows
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.domain.answering import Answer, Clue, Scores, Support, noise_of, shares, support
from kuavi.domain.evidence import Evidence
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Role, unit
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryFailure, LibraryView, OtherSpace
from kuavi.ports.models import ModelFailure

R = TypeVar("R", bound=Role)

WORDED = (Layer.TRANSCRIPT, Layer.SCREEN, Layer.SUMMARY)
UNCALIBRATED = "shares say which candidate is likelier, not how likely: they are not calibrated"


def _candidates(_: object, __: object, given: tuple[str, ...]) -> None:
    if len(given) < 2 or not all(one.strip() for one in given):
        raise ValueError("give at least two candidates, none of them empty")
    if len({one.strip().casefold() for one in given}) < len(given):
        raise ValueError("a candidate is given twice")


@frozen
class Question:
    """`text` may be empty: then it is the candidates alone that are compared.  `within` is closed
    at its start and open at its end, as all spans are.
    """

    text: str
    candidates: tuple[str, ...] = field(validator=_candidates)
    video: VideoId
    within: Span | None = None


@frozen
class Answered:
    """Best first; `notes` say what could not be looked at."""

    question: Question
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = (UNCALIBRATED,)


@frozen
class NothingToGoBy:
    """Neither pictures nor words are indexed there."""

    title: str

    def __str__(self) -> str:
        return f"{self.title}: nothing is indexed in that span; check its times with `kuavi scenes`"


AskFailure: TypeAlias = LibraryFailure | ModelFailure | NothingToGoBy


@frozen
class _Source:
    """What one layer says, with where its best items are."""

    layer: Layer
    evidence: Evidence
    said: Support
    moments: tuple[Span, ...]
    texts: tuple[str, ...]

    def clue(self, candidate: int) -> Clue:
        return Clue(
            self.layer.value,
            self.said.scores[candidate],
            self.said.leads[candidate],
            self.evidence,
            self.moments[candidate],
            self.texts[candidate],
        )


def ask(question: Question, ports: SearchPorts) -> Outcome[Answered, AskFailure]:
    """The candidates, likeliest first, each with the moments that speak for it."""
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    record = view.video(question.video)
    if isinstance(record, Failure):
        return record
    sources: list[_Source] = []
    for outcome in _sources(question, view, ports):
        if isinstance(outcome, Failure):
            return outcome
        source = outcome.unwrap()
        if source is not None:
            sources.append(source)
    if not sources:
        return Failure(NothingToGoBy(record.unwrap().title))
    n = len(question.candidates)
    given = shares([source.said for source in sources], n)
    answers = [
        Answer(question.candidates[i], given[i], tuple(source.clue(i) for source in sources))
        for i in range(n)
    ]
    order = sorted(range(n), key=lambda i: -given[i])
    return Success(Answered(question, tuple(answers[i] for i in order)))


def _sources(
    question: Question, view: LibraryView, ports: SearchPorts
) -> Iterator[Outcome[_Source | None, AskFailure]]:
    shown = ports.joint.encode_texts(question.candidates)
    if isinstance(shown, Failure):
        yield shown
        return
    seen = layer_rows(view, Layer.VISUAL, ports.joint.space)
    yield _weighed(question, view, Layer.VISUAL, shown.unwrap(), seen, ports.joint.evidence, -1.0)
    texts = [f"{question.text.strip()} {one}".strip() for one in question.candidates]
    worded = ports.text.encode_queries(texts)
    if isinstance(worded, Failure):
        yield worded
        return
    for layer in WORDED:
        rows = layer_rows(view, layer, ports.text.space)
        told = worded.unwrap(), ports.text.evidence, ports.text.floor
        yield _weighed(question, view, layer, told[0], rows, told[1], told[2])


def _weighed(  # noqa: PLR0913
    question: Question,
    view: LibraryView,
    layer: Layer,
    asked: Embeddings[R],
    read: Outcome[LayerRows[R], LibraryFailure],
    evidence: Evidence,
    floor: float,
) -> Outcome[_Source | None, AskFailure]:
    """What a layer says; None where it has nothing in the span, or nothing to do with it."""
    if isinstance(read, Failure):
        return Success(None) if isinstance(read.failure(), OtherSpace) else read
    rows = read.unwrap()
    part = rows.of_video(question.video)
    every: Scores = np.clip(unit(asked.rows) @ rows.rows[part].T, -1, 1)
    mine = _inside(rows, part, question.within)
    scores = every[:, mine - part.start]
    if not scores.size or float(scores.max()) < floor:
        return Success(None)
    said = support(scores, noise_of(every))
    best = [int(mine[item]) for item in said.best]
    moments = tuple(Span(float(rows.start_s[i]), float(rows.end_s[i])) for i in best)
    texts: list[str] = []
    for i in best:
        text = text_of(view, question.video, layer, int(rows.position[i]))
        if isinstance(text, Failure):
            return text
        texts.append(text.unwrap())
    return Success(_Source(layer, evidence, said, moments, tuple(texts)))


def _inside(rows: LayerRows[R], part: slice, within: Span | None) -> Indices:
    """The rows of a video whose time has to do with the span."""
    places = np.arange(part.start, part.stop)
    if within is None:
        return places
    return places[(rows.start_s[part] < within.end_s) & (rows.end_s[part] > within.start_s)]
