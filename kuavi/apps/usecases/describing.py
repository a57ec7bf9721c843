"""Descriptions: what search reads of a video's nodes, from captions and annotations."""

from collections.abc import Mapping, Sequence

import numpy as np
from returns.result import Failure, Success

from kuavi.apps.usecases.encoding import encoded_texts
from kuavi.domain.annotation import Annotation
from kuavi.domain.dedup import SAME, duplicates
from kuavi.domain.described import Caption, Description, texts_by_node
from kuavi.domain.fingerprint import Fingerprint, fingerprint_of
from kuavi.domain.layers import Indices, Layer
from kuavi.domain.manifest import Stage, StageRecord, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.ranking import Mask
from kuavi.domain.same_words import key_of
from kuavi.domain.space import Embeddings, Text
from kuavi.domain.tree import SegmentTree
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import Descriptions, Part, Rows

HANDY_S = 6.0
"""Of nodes that say the same, one about so long is shown: enough to see it, and to point at."""
REVISION = "2"
"""Grows whenever descriptions or their clusters change."""


def descriptions_key(video: VideoRecord, encoder: TextEncoder) -> Fingerprint:
    """Named by what the texts come from, and by what makes vectors of them."""
    made = {record.stage: record.key for record in video.stages}
    sources = [made.get(stage) for stage in (Stage.TREE, Stage.CAPTIONS, Stage.ANNOTATIONS)]
    return fingerprint_of([video.content, sources, encoder.model.as_json(), SAME, REVISION])


def describe(
    tree: SegmentTree,
    captions: Mapping[int, Caption],
    annotations: Mapping[int, Annotation],
    encoder: TextEncoder,
) -> Outcome[tuple[Part, ...], ModelFailure]:
    """Summaries and actions of all nodes of which something is said, with vectors and clusters.

    Actions that say the same are of one cluster; of summaries only those of equal words.
    """
    texts = texts_by_node(captions, annotations)
    summaries = {node: summary for node, (summary, _) in texts.items() if summary}
    actions = {node: action for node, (_, action) in texts.items() if action}
    parts: list[Part] = []
    for layer, said in ((Layer.SUMMARY, summaries), (Layer.ACTION, actions)):
        made = _layer(layer, said, tree, encoder)
        if isinstance(made, Failure):
            return made
        parts += made.unwrap()
    return Success(tuple(parts))


def record_of(video: VideoRecord, encoder: TextEncoder, parts: Sequence[Part]) -> StageRecord:
    """The stage's record: descriptions that were made of captions and annotations."""
    return StageRecord(
        Stage.DESCRIPTIONS,
        descriptions_key(video, encoder),
        sum(part.items for part in parts if isinstance(part, Descriptions)),
        encoder.evidence,
        encoder.model,
    )


def _layer(
    layer: Layer, said: Mapping[int, str], tree: SegmentTree, encoder: TextEncoder
) -> Outcome[tuple[Part, ...], ModelFailure]:
    nodes, texts = list(said), list(said.values())
    encoded = encoded_texts(texts, encoder.encode, encoder.space)
    if isinstance(encoded, Failure):
        return encoded
    vectors = encoded.unwrap()
    clusters, sizes, shown = _clusters(layer, texts, vectors, _by_length(tree, nodes))
    items = tuple(
        Description(node, tree.span_of(node), text, clusters[i], sizes[i], shown[i])
        for i, (node, text) in enumerate(zip(nodes, texts, strict=True))
    )
    starts, ends = tree.start_s[nodes], tree.end_s[nodes]
    return Success((Descriptions(layer, items), Rows(layer, vectors, starts, ends)))


def _by_length(tree: SegmentTree, nodes: Sequence[int]) -> Indices:
    """Places of the nodes, those of a handy length first: which of equals is to be shown."""
    lengths = tree.end_s[list(nodes)] - tree.start_s[list(nodes)]
    return np.argsort(np.abs(np.log(lengths / HANDY_S)), kind="stable")


def _clusters(
    layer: Layer, texts: Sequence[str], vectors: Embeddings[Text], order: Indices
) -> tuple[list[int], list[int], list[bool]]:
    """Of each text its cluster, the size of that, and whether it is shown; earlier ones first."""
    ordered = [texts[place] for place in order.tolist()]
    if layer == Layer.SUMMARY:
        cluster, size, shown = _by_words(ordered)
    else:
        found = duplicates(ordered, Embeddings(vectors.space, vectors.rows[order]))
        cluster, size = found.cluster, found.size
        shown = found.representative
    back = np.argsort(order)
    return cluster[back].tolist(), size[back].tolist(), shown[back].tolist()


def _by_words(texts: Sequence[str]) -> tuple[Indices, Indices, Mask]:
    """Texts of the same words are of one cluster, of which the first is shown."""
    keys = np.array([key_of(text) for text in texts] or [""][:0], dtype=np.str_)
    _, first, cluster, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    shown = np.zeros(len(texts), dtype=np.bool_)
    shown[first] = True
    return cluster, count[cluster], shown
