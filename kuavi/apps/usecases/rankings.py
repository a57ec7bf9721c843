"""Rankings of scenes, one per field and method, each by its own scores."""

from typing import TypeVar

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows
from kuavi.apps.usecases.queries import Field
from kuavi.apps.usecases.scene_table import Flags, SceneTable
from kuavi.apps.usecases.told_table import ToldTable
from kuavi.domain.evidence import Evidence, Heuristic
from kuavi.domain.layers import Layer, Times
from kuavi.domain.nearest import Grouped, Nearest, nearest
from kuavi.domain.outcome import Outcome
from kuavi.domain.sketch import IN_NUMPY, Engine
from kuavi.domain.space import Embeddings, Role, SpaceMismatchError, unit
from kuavi.domain.spans import Span
from kuavi.domain.terms import content_words, has_all, where_said
from kuavi.ports.library import LibraryFailure, LibraryView

R = TypeVar("R", bound=Role)

DEEP = 200
"""How many scenes of each ranking take part in fusion."""

BM25 = Heuristic("BM25")

WORDS, MEANING = "words", "meaning"
"""The methods by which texts are ranked."""

PROJECTED = "projected"
"""Motion asked by text, through a map fitted on pictures."""


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
    """The scenes, which of them may be answers (None: all), how many are wanted, and with what.

    `told` is there where the table's rows are the nodes of it.
    """

    table: SceneTable
    allowed: Flags | None = None
    depth: int = DEEP
    engine: Engine = IN_NUMPY
    told: ToldTable | None = None

    def allows(self, scene: int) -> bool:
        return scene >= 0 and (self.allowed is None or bool(self.allowed[scene]))


def by_frames(
    query: Embeddings[R], rows: LayerRows[R], grouped: Grouped, scope: Scope
) -> tuple[Ranked, ...]:
    """Scenes by their best frame's cosine to the query (one row).

    A sampled frame shows its own moment: it belongs to the scene on at its time, and what it
    stands for ends with that scene.
    """
    found, table = _nearest(query, rows, grouped, scope, -1.0), scope.table
    start_s, end_s = rows.start_s[found.rows], rows.end_s[found.rows]
    from_s = np.maximum(start_s, table.start_s[found.groups])
    until_s = np.minimum(end_s, table.end_s[found.groups])
    shared = from_s < until_s
    moments = np.where(shared, from_s, start_s), np.where(shared, until_s, end_s)
    return _ranked(found, rows, *moments)


def by_meaning(
    query: Embeddings[R], rows: LayerRows[R], grouped: Grouped, scope: Scope, floor: float
) -> tuple[Ranked, ...]:
    """Scenes by their nearest sentence, if `floor` or nearer; one belongs to its middle."""
    found = _nearest(query, rows, grouped, scope, floor)
    return _ranked(found, rows, rows.start_s[found.rows], rows.end_s[found.rows])


def _nearest(
    query: Embeddings[R], rows: LayerRows[R], grouped: Grouped, scope: Scope, floor: float
) -> Nearest:
    """Scenes by the best cosine of the rows whose time lies in them, at least `floor`."""
    if query.space != rows.space:
        raise SpaceMismatchError(f"query is in {query.space}, rows are in {rows.space}")
    asked = unit(query.rows)[0]
    return nearest(asked, grouped, scope.depth, scope.allowed, floor, scope.engine)


def _ranked(found: Nearest, rows: LayerRows[R], start_s: Times, end_s: Times) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(scene, score, Span(begin_s, until_s), position)
        for scene, score, begin_s, until_s, position in zip(
            found.groups.tolist(),
            found.scores.tolist(),
            start_s.tolist(),
            end_s.tolist(),
            rows.position[found.rows].tolist(),
            strict=True,
        )
    )


def by_words(
    view: LibraryView, layer: Layer, text: str, scope: Scope
) -> Outcome[tuple[Ranked, ...], LibraryFailure]:
    """Scenes by their best full-text match; what is said has the time of the very words."""
    terms = content_words(text)
    found = view.full_text(layer, " ".join(terms), DEEP)
    if isinstance(found, Failure):
        return found
    matches = found.unwrap()
    moments = [where_said(match.words, terms) or match.span for match in matches]
    videos = tuple(match.video for match in matches)
    middles = np.array([moment.middle_s for moment in moments])
    scenes = scope.table.of(videos, np.arange(len(videos)), middles)
    best: dict[int, Ranked] = {}
    for scene, match, moment in zip(scenes.tolist(), matches, moments, strict=True):
        if scope.allows(scene) and scene not in best:
            whole = has_all(match.text, terms)
            best[scene] = Ranked(scene, match.score, moment, match.position, whole)
    return Success(tuple(best.values()))
