"""Anticipation and prediction as answers: candidates ranked, and moments of the library named."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.foresee import (
    Answer,
    ForeseeFailure,
    Foreseen,
    Shelf,
    actual,
    foresee,
    scenes_apart,
)
from kuavi.apps.usecases.observing import Ask
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.apps.usecases.projecting import Pointed, PointFailure, pointed_at, scene_means
from kuavi.apps.usecases.scene_table import SceneTable, scene_table
from kuavi.domain.evidence import Evidence
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.nearest import nearest
from kuavi.domain.outcome import Outcome
from kuavi.domain.projection import NotAboveChance, TooFewPairs, deviating
from kuavi.domain.ranking import top_k
from kuavi.domain.space import Embeddings, Motion, cosine, unit
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryView


@frozen
class NoTexts:
    """Texts were given as candidates, and nothing leads from text to motion here."""

    reason: str

    def __str__(self) -> str:
        return (
            f"texts can't be compared with motion here: {self.reason}; leave the candidates out "
            "to rank the library's own scenes"
        )


@frozen
class Candidate:
    """What may come: a text, or a scene of the library.  `score`: mean cosine over the steps."""

    score: float
    text: str = ""
    video: VideoId | None = None
    title: str = ""
    span: Span | None = None


@frozen
class Ranked:
    """One method's candidates, best first."""

    method: str
    evidence: Evidence
    candidates: tuple[Candidate, ...]


@frozen
class Anticipation:
    """Ranked candidates; the first method is the answer, the others stand beside it.

    `through` is by what texts were compared with motion; None for scenes.
    """

    video: VideoRecord
    at_s: float
    horizon_s: float
    observed: Span
    extrapolated: bool
    answers: tuple[Ranked, ...]
    through: Evidence | None = None
    notes: tuple[str, ...] = ()


@frozen
class Alike:
    """A moment of the library that resembles what is foreseen."""

    video: VideoId
    title: str
    span: Span
    similarity: float


@frozen
class Step:
    """One step ahead.  `came`: its cosine with what the index shows there, None if nothing."""

    span: Span
    alike: tuple[Alike, ...]
    came: float | None


@frozen
class Steps:
    method: str
    evidence: Evidence
    steps: tuple[Step, ...]


@frozen
class Prediction:
    """The steps ahead, by each method; the first is the answer."""

    video: VideoRecord
    at_s: float
    horizon_s: float
    observed: Span
    extrapolated: bool
    answers: tuple[Steps, ...]
    notes: tuple[str, ...] = ()


AnticipateFailure: TypeAlias = ForeseeFailure | NoTexts


def anticipate(
    ask: Ask, texts: Sequence[str], ports: ForesightPorts
) -> Outcome[Anticipation, AnticipateFailure]:
    """Rank texts, or without any the library's scenes, by how well they fit what is foreseen.

    A scene of the video itself is a candidate if it starts at the moment or later.
    """
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    made = foresee(ask, view, ports)
    if isinstance(made, Failure):
        return made
    foreseen, shelved = made.unwrap()
    if texts:
        pointed = pointed_at(view, ports.joint, ports.clips.space, texts)
        if isinstance(pointed, Failure):
            return _unpointed(pointed.failure())
        through = pointed.unwrap()
        answers = [_texts_ranked(one, texts, through) for one in foreseen.answers]
        return Success(_anticipation(foreseen, tuple(answers), through.evidence))
    known = _known(view)
    if isinstance(known, Failure):
        return known
    scenes = [_scenes_ranked(one, foreseen, shelved, known.unwrap()) for one in foreseen.answers]
    return Success(_anticipation(foreseen, tuple(scenes), None))


def _unpointed(failure: PointFailure) -> Failure[AnticipateFailure]:
    if isinstance(failure, TooFewPairs | NotAboveChance):
        return Failure(NoTexts(str(failure)))
    return Failure(failure)


def predict_future(ask: Ask, ports: ForesightPorts) -> Outcome[Prediction, ForeseeFailure]:
    """Each step ahead, told by the moments of the library that resemble it most."""
    opened = ports.library.view()
    if isinstance(opened, Failure):
        return opened
    made = foresee(ask, opened.unwrap(), ports)
    if isinstance(made, Failure):
        return made
    foreseen, shelved = made.unwrap()
    known = _known(opened.unwrap())
    if isinstance(known, Failure):
        return known
    answers = tuple(
        Steps(one.method, one.evidence, _steps(one, foreseen, shelved, known.unwrap()))
        for one in foreseen.answers
    )
    observed = foreseen.observed
    return Success(
        Prediction(
            observed.record,
            ask.at_s,
            ask.horizon_s,
            observed.span,
            foreseen.extrapolated,
            answers,
            foreseen.notes,
        )
    )


@frozen(eq=False)
class _Known:
    table: SceneTable
    titles: dict[VideoId, str]


def _known(view: LibraryView) -> Outcome[_Known, ForeseeFailure]:
    listed, videos = scene_table(view, None), view.videos()
    if isinstance(listed, Failure):
        return listed
    if isinstance(videos, Failure):
        return videos
    return Success(_Known(listed.unwrap(), {v.id: v.title for v in videos.unwrap()}))


def _anticipation(
    foreseen: Foreseen, answers: tuple[Ranked, ...], through: Evidence | None
) -> Anticipation:
    return Anticipation(
        foreseen.observed.record,
        foreseen.ask.at_s,
        foreseen.ask.horizon_s,
        foreseen.observed.span,
        foreseen.extrapolated,
        answers,
        through,
        foreseen.notes,
    )


def _texts_ranked(answer: Answer, texts: Sequence[str], pointed: Pointed) -> Ranked:
    """By the direction in which what is foreseen differs from the library's usual motion."""
    ahead = deviating(pointed.projection, answer.rows)
    scores = cosine(ahead, pointed.rows).mean(axis=0)
    order = top_k(scores.astype(np.float64), len(texts))
    ranked = tuple(Candidate(float(scores[i]), texts[i]) for i in order.tolist())
    return Ranked(answer.method, answer.evidence, ranked)


def _scenes_ranked(answer: Answer, foreseen: Foreseen, shelved: Shelf, known: _Known) -> Ranked:
    means, table, observed = (
        scene_means(shelved.rows, shelved.grouped),
        known.table,
        foreseen.observed,
    )
    mine = np.array([video == observed.record.id for video in table.videos])[table.video]
    able = scenes_apart(means.scene, mine, table.start_s, foreseen.ask.at_s)
    if not able.any():
        return Ranked(answer.method, answer.evidence, ())
    scenes = means.scene[able]
    scores = cosine(answer.rows, Embeddings(answer.rows.space, means.rows[able])).mean(axis=0)
    order = top_k(scores.astype(np.float64), foreseen.ask.limit)
    ranked = tuple(_scene(float(scores[i]), int(scenes[i]), known) for i in order.tolist())
    return Ranked(answer.method, answer.evidence, ranked)


def _scene(score: float, scene: int, known: _Known) -> Candidate:
    video = known.table.video_of(scene)
    return Candidate(score, "", video, known.titles[video], known.table.span(scene))


def _steps(answer: Answer, foreseen: Foreseen, shelved: Shelf, known: _Known) -> tuple[Step, ...]:
    steps = list[Step]()
    for number, row in zip(foreseen.observed.ahead, answer.rows.rows, strict=True):
        query = Embeddings(answer.rows.space, row[None].copy())
        there = actual(foreseen, shelved, number)
        came = None if there is None else float(cosine(query, there)[0, 0])
        alike = _alike(query, foreseen, shelved, known)
        steps.append(Step(foreseen.observed.ahead_span(number), alike, came))
    return tuple(steps)


def _alike(
    query: Embeddings[Motion], foreseen: Foreseen, shelved: Shelf, known: _Known
) -> tuple[Alike, ...]:
    """One moment a scene; none of this video from the first observed moment on."""
    table, rows = known.table, shelved.rows
    mine = np.array([v == foreseen.observed.record.id for v in table.videos])[table.video]
    allowed = ~mine | (table.end_s <= foreseen.observed.span.start_s + 1e-6)
    found = nearest(unit(query.rows)[0], shelved.grouped, foreseen.ask.limit, allowed)
    moments = []
    for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True):
        video = rows.videos[rows.video[row]]
        span = Span(float(rows.start_s[row]), float(rows.end_s[row]))
        moments.append(Alike(video, known.titles[video], span, float(score)))
    return tuple(moments)
