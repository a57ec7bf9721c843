"""Rankings of what is said of nodes: summaries and brief actions, by words and by meaning.

Asked alone, these fields rank nodes of any size; among all fields they rank scenes, and only what
is said of a scene or a part of one counts for it.
"""

from typing import TypeAlias

import numpy as np
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows, layer_rows
from kuavi.apps.usecases.ports import SearchPorts
from kuavi.apps.usecases.queries import Field, SearchFailure
from kuavi.apps.usecases.rankings import (
    BM25,
    MEANING,
    WORDS,
    Ranked,
    Ranking,
    Scope,
    by_meaning,
)
from kuavi.apps.usecases.scene_table import SceneTable
from kuavi.apps.usecases.told_table import ToldTable
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.nearest import Grouped
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Text
from kuavi.domain.terms import content_words, has_all
from kuavi.ports.library import LibraryView

FURTHER = 4
"""So many times the answers wanted are looked at: those that say the same count once."""

LAYERS = {Field.SUMMARY: Layer.SUMMARY, Field.ACTION: Layer.ACTION}

Rankings: TypeAlias = Outcome[tuple[Ranking, ...], SearchFailure]


def rank_told(
    view: LibraryView, ports: SearchPorts, text: str, field: Field, told: ToldTable, scope: Scope
) -> Rankings:
    """Two rankings of the scope's scenes, or, where its table is `told.nodes`, of nodes."""
    layer = LAYERS[field]
    groups = groups_of(told, scope.table)
    exact = _by_words(view, layer, text, told, (groups, scope))
    if isinstance(exact, Failure):
        return exact
    encoded = ports.text.encode_queries([text])
    if isinstance(encoded, Failure):
        return encoded
    rows = layer_rows(view, layer, ports.text.space)
    if isinstance(rows, Failure):
        return rows
    grouped = _grouped(rows.unwrap(), told, groups, len(scope.table))
    near = by_meaning(encoded.unwrap(), rows.unwrap(), grouped, scope, ports.text.floor)
    return Success(
        (
            Ranking(field, WORDS, layer, BM25, exact.unwrap()),
            Ranking(field, MEANING, layer, ports.text.evidence, near),
        )
    )


def groups_of(told: ToldTable, table: SceneTable) -> Indices:
    """Each description's row in the table: itself, or the scene that holds its node, or -1."""
    nodes = told.nodes
    if table is nodes:
        return np.arange(len(nodes))
    middle_s = (nodes.start_s + nodes.end_s) / 2
    scene = table.of(nodes.videos, nodes.video, middle_s)
    at = np.maximum(scene, 0)
    if not len(table):
        return scene
    inside = (table.start_s[at] <= nodes.start_s) & (nodes.end_s <= table.end_s[at])
    return np.where((scene >= 0) & inside, scene, -1)


def _grouped(rows: LayerRows[Text], told: ToldTable, groups: Indices, n: int) -> Grouped:
    """The vectors' groups; their videos may stand in another order."""
    place = {video: i for i, video in enumerate(told.nodes.videos)}
    first = np.array([told.offset[place[video]] for video in rows.videos] or [0], dtype=np.int64)
    mine = groups[first[rows.video] + rows.position] if len(rows) else np.empty(0, np.int64)
    return Grouped(rows.rows, mine, n, rows.sketch)


def _by_words(
    view: LibraryView, layer: Layer, text: str, told: ToldTable, where: tuple[Indices, Scope]
) -> Outcome[tuple[Ranked, ...], SearchFailure]:
    groups, scope = where
    terms = content_words(text)
    found = view.full_text(layer, " ".join(terms), FURTHER * scope.depth)
    if isinstance(found, Failure):
        return found
    best: dict[int, Ranked] = {}
    for match in found.unwrap():
        row = told.row(match.video, match.position)
        group = int(groups[row]) if row >= 0 else -1
        if scope.allows(group) and group not in best:
            whole = has_all(match.text, terms)
            best[group] = Ranked(group, match.score, match.span, match.position, whole)
    return Success(tuple(best.values())[: scope.depth])
