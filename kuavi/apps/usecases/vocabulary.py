"""The actions seen in a library: those that say the same are one, under its commonest name."""

from typing import TypeAlias

from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.told_table import action_clusters, texts_of, told_table
from kuavi.domain.dedup import vocabulary
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Space, Text
from kuavi.domain.spans import Span
from kuavi.ports.library import Library, LibraryFailure


@frozen
class Place:
    """A node in which an action is seen."""

    video: VideoId
    node: int
    span: Span


@frozen
class ActionTerm:
    """An action under its commonest name, how often it is seen, in how many videos, and where."""

    label: str
    count: int
    videos: int
    places: tuple[Place, ...]


Vocabulary: TypeAlias = tuple[ActionTerm, ...]


def actions(library: Library, space: Space[Text]) -> Outcome[Vocabulary, LibraryFailure]:
    """The actions of the library, the commonest first; equal ones in order of first appearance."""
    opened = library.view()
    if isinstance(opened, Failure):
        return opened
    view = opened.unwrap()
    told, texts = told_table(view, Layer.ACTION), texts_of(view, Layer.ACTION)
    if isinstance(told, Failure):
        return told
    if isinstance(texts, Failure):
        return texts
    clusters = action_clusters(view, space)
    if isinstance(clusters, Failure):
        return clusters
    nodes, said = told.unwrap().nodes, texts.unwrap()
    terms: list[ActionTerm] = []
    for term in vocabulary(said, clusters.unwrap()):
        rows = term.members.tolist()
        names = [said[row] for row in rows]
        label = max(dict.fromkeys(names), key=names.count)
        places = tuple(Place(nodes.video_of(r), nodes.node.item(r), nodes.span(r)) for r in rows)
        terms.append(ActionTerm(label, term.count, len({p.video for p in places}), places))
    return Success(tuple(terms))
