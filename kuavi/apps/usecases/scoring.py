"""The quality of what is said of one video, asked again and again while it is changed.

A node with an annotation is judged by that, one with a caption only by that; see `quality` and
`caption_quality` in the domain for what is measured of each.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeAlias

import numpy as np
from attrs import Factory, define, field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.encoding import Encode, encoded_texts
from kuavi.apps.usecases.stored import Stored
from kuavi.domain.annotation import Annotation
from kuavi.domain.caption_choice import mean_rows
from kuavi.domain.caption_quality import score_captions
from kuavi.domain.described import Caption
from kuavi.domain.layers import Located
from kuavi.domain.outcome import Outcome
from kuavi.domain.quality import (
    JointRows,
    Quality,
    TextRows,
    action_text,
    score_video,
    summary_text,
)
from kuavi.domain.space import Embeddings, Joint, Matrix, R, Space, Text
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree
from kuavi.ports.encoders import JointEncoder, TextEncoder
from kuavi.ports.library import LibraryFailure
from kuavi.ports.models import ModelFailure


class Told(StrEnum):
    """By what a node is described."""

    ANNOTATION = "annotation"
    CAPTION = "caption"


@frozen
class Judged:
    """A node, what search reads of it (`action` "" for none), and how far it can be trusted."""

    node: int
    span: Span
    told: Told
    text: str
    action: str
    quality: Quality

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, in words, the lowest signal first; "" is no reason."""
        found = sorted(self.quality.signals, key=lambda one: one.value)
        return tuple(f"{one.name}: {one.reason}" for one in found if one.reason)


Scores: TypeAlias = Outcome[dict[int, Quality], ModelFailure]


@define(eq=False)
class _Vectors(Generic[R]):
    """Vectors of texts, each made once."""

    space: Space[R]
    encode: Encode[R]
    rows: dict[str, Matrix] = Factory(dict)

    def of(self, texts: Sequence[str]) -> Outcome[Embeddings[R], ModelFailure]:
        """One row per text, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self.rows]
        made = encoded_texts(new, self.encode, self.space)
        if isinstance(made, Failure):
            return made
        self.rows |= zip(new, made.unwrap().rows, strict=True)
        rows = np.empty((len(texts), self.space.dim), dtype=np.float32)
        for place, text in enumerate(texts):
            rows[place] = self.rows[text]
        return Success(Embeddings(self.space, rows))


@define(eq=False)
class Scorer:
    """One video's: `pictures` are the means of its nodes' frame vectors, 0 where there are none."""

    tree: SegmentTree
    floor: float
    pictures: Embeddings[Joint] = field(repr=False)
    read: _Vectors[Text] = field(repr=False)
    seen: _Vectors[Joint] = field(repr=False)

    def annotated(self, annotations: Mapping[int, Annotation]) -> Scores:
        """The quality of each annotation, among the others."""
        ordered = [annotations[node] for node in sorted(annotations)]
        summaries = self.read.of([summary_text(one) for one in ordered])
        actions = self.read.of([action_text(one) for one in ordered])
        joint = self._joint({node: one.summary.brief for node, one in annotations.items()})
        if isinstance(summaries, Failure):
            return summaries
        if isinstance(actions, Failure):
            return actions
        if isinstance(joint, Failure):
            return joint
        rows = TextRows(summaries.unwrap(), actions.unwrap(), self.floor)
        return Success(score_video(annotations, self.tree, rows, joint.unwrap()))

    def captioned(self, captions: Mapping[int, Caption]) -> Scores:
        """The quality of each caption that says something, among the others."""
        joint = self._joint({node: one.text for node, one in captions.items() if one.text})
        if isinstance(joint, Failure):
            return joint
        return Success(score_captions(captions, self.tree, joint.unwrap()))

    def _joint(self, texts: Mapping[int, str]) -> Outcome[JointRows, ModelFailure]:
        """Of those nodes for which both the text and the pictures have a vector."""
        nodes = sorted(texts)
        encoded = self.seen.of([texts[node] for node in nodes])
        if isinstance(encoded, Failure):
            return encoded
        rows, pictures = encoded.unwrap().rows, self.pictures.rows[nodes]
        both = np.flatnonzero(rows.any(axis=1) & pictures.any(axis=1))
        return Success(
            JointRows(
                np.array(nodes, dtype=np.int64)[both],
                Embeddings(self.seen.space, rows[both]),
                Embeddings(self.pictures.space, pictures[both]),
            )
        )


def frames_of(there: Stored, joint: JointEncoder) -> Outcome[Located[Joint], LibraryFailure]:
    """The vectors of the video's sampled frames."""
    return there.view.visual(joint.space, only=there.video.id)


def scorer_of(
    there: Stored, frames: Located[Joint], text: TextEncoder, joint: JointEncoder
) -> Scorer:
    nodes = range(len(there.tree))
    return Scorer(
        there.tree,
        text.floor,
        mean_rows(there.tree, nodes, frames.embeddings, frames.start_s),
        _Vectors(text.space, text.encode),
        _Vectors(joint.space, joint.encode_texts),
    )


def judged(
    tree: SegmentTree,
    captions: Mapping[int, Caption],
    annotations: Mapping[int, Annotation],
    scorer: Scorer,
) -> Outcome[tuple[Judged, ...], ModelFailure]:
    """All nodes of which something is said, in ascending order."""
    bare = captions_only(captions, annotations)
    of_annotations, of_captions = scorer.annotated(annotations), scorer.captioned(bare)
    if isinstance(of_annotations, Failure):
        return of_annotations
    if isinstance(of_captions, Failure):
        return of_captions
    found = [
        Judged(
            node,
            tree.span_of(node),
            Told.ANNOTATION,
            annotations[node].summary.brief,
            annotations[node].action.brief,
            quality,
        )
        for node, quality in of_annotations.unwrap().items()
    ]
    found += [
        Judged(node, tree.span_of(node), Told.CAPTION, bare[node].text, bare[node].action, quality)
        for node, quality in of_captions.unwrap().items()
    ]
    return Success(tuple(sorted(found, key=lambda one: one.node)))


def captions_only(
    captions: Mapping[int, Caption], annotations: Mapping[int, Annotation]
) -> dict[int, Caption]:
    """Captions of nodes that have no annotation."""
    return {node: one for node, one in captions.items() if node not in annotations}
