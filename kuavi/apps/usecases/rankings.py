"""Rankings of scenes, one per field and method, each by its own scores."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.queries import Field
from kuavi.apps.usecases.scene_table import Flags, SceneTable
from kuavi.domain.evidence import Evidence, Heuristic
from kuavi.domain.layers import Layer, Located, Times
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import max_per_group, top_k
from kuavi.domain.space import Embeddings, Role, cosine
from kuavi.domain.spans import Span
from kuavi.domain.terms import content_words, has_all, where_said
from kuavi.ports.library import LibraryFailure, LibraryView, TextMatch

R = TypeVar("R", bound=Role)

DEEP = 200
"""How many scenes of each ranking take part in fusion."""

TEXT_FLOOR = 0.3
"""Sentences below this cosine have nothing to do with each other (MiniLM): never a match."""

BM25 = Heuristic("BM25")

WORDS, MEANING = "words", "meaning"
"""The methods by which texts are ranked."""


@frozen
class Ranked:
    """A scene in a ranking: its score, and the moment that earned it.

    `position` is the ordinal of the matching item in its video and layer; `whole` says that its
    text has every word asked for.
    """

    scene: int
    score: float
    moment: Span
    position: int
    whole: bool = False


@frozen
class Ranking:
    field: Field
    method: str
    layer: Layer
    evidence: Evidence
    items: tuple[Ranked, ...]

    @property
    def name(self) -> str:
        return f"{self.field.value}/{self.method}"


@frozen(eq=False)
class Scope:
    """The scenes, and which of them may be answers."""

    table: SceneTable
    allowed: Flags


def by_frames(query: Embeddings[R], rows: Located[R], scope: Scope) -> tuple[Ranked, ...]:
    """Scenes by their best frame's cosine to the query (one row).

    A sampled frame shows its own moment: it belongs to the scene on at its time, and what it
    stands for ends with that scene.
    """
    ranked: list[Ranked] = []
    for item in _by_vector(query, rows, rows.start_s, scope, -1.0):
        moment = item.moment.overlap(scope.table.span(item.scene))
        ranked.append(evolve(item, moment=moment or item.moment))
    return tuple(ranked)


def by_meaning(query: Embeddings[R], rows: Located[R], scope: Scope) -> tuple[Ranked, ...]:
    """Scenes by their nearest sentence, where it is near enough; one belongs to its middle."""
    middle_s = (rows.start_s + rows.end_s) / 2
    return _by_vector(query, rows, middle_s, scope, TEXT_FLOOR)


def _by_vector(
    query: Embeddings[R], rows: Located[R], time_s: Times, scope: Scope, floor: float
) -> tuple[Ranked, ...]:
    """Scenes by the best cosine of the rows whose time lies in them, at least `floor`."""
    if not len(rows) or not len(scope.table):
        return ()
    scores = cosine(query, rows.embeddings)[0].astype(np.float64)
    group = scope.table.of(rows.videos, rows.video, time_s)
    usable = np.flatnonzero((group >= 0) & (scores >= floor))
    best, item = max_per_group(scores[usable], group[usable], len(scope.table))
    ranked: list[Ranked] = []
    for scene in top_k(best, DEEP, ~scope.allowed):
        row = int(usable[item[scene]])
        moment = Span(float(rows.start_s[row]), float(rows.end_s[row]))
        place = int(rows.position[row])
        ranked.append(Ranked(int(scene), float(best[scene]), moment, place))
    return tuple(ranked)


def by_words(
    view: LibraryView, layer: Layer, text: str, scope: Scope
) -> Outcome[tuple[Ranked, ...], LibraryFailure]:
    """Scenes by their best full-text match; what is said has the time of the very words."""
    terms = content_words(text)
    found = view.full_text(layer, " ".join(terms), DEEP)
    if isinstance(found, Failure):
        return found
    matches = found.unwrap()
    moments: list[Span] = []
    for match in matches:
        told = _moment(view, match, terms)
        if isinstance(told, Failure):
            return told
        moments.append(told.unwrap())
    videos = tuple(match.video for match in matches)
    middles = np.array([moment.middle_s for moment in moments])
    scenes = scope.table.of(videos, np.arange(len(videos)), middles)
    best: dict[int, Ranked] = {}
    for scene, match, moment in zip(scenes.tolist(), matches, moments, strict=True):
        if scene >= 0 and scope.allowed[scene] and scene not in best:
            whole = has_all(match.text, terms)
            best[scene] = Ranked(scene, match.score, moment, match.position, whole)
    return Success(tuple(best.values()))


def _moment(
    view: LibraryView, match: TextMatch, terms: Sequence[str]
) -> Outcome[Span, LibraryFailure]:
    """When the words of a match are said; the match's own span where that isn't known."""
    if match.layer != Layer.TRANSCRIPT:
        return Success(match.span)
    said = view.utterances(match.video)
    if isinstance(said, Failure):
        return said
    words = said.unwrap()[match.position].words
    return Success(where_said(words, terms) or match.span)
