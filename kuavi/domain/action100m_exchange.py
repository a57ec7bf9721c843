"""Between published videos and what a library holds of a video, both ways.

What our values can't carry is kept beside them, in the video's `Origin`: the ids of nodes, what the
host said, and each field that would come back otherwise (a null that is not "", times before they
were put exactly side by side, another order of nodes).  So a video that was imported and not
changed is exported as it was, value for value; of one that was changed, only what was changed
differs.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
from attrs import evolve, frozen

from kuavi.domain.action100m import (
    Gpt,
    GptAction,
    GptSummary,
    Line,
    Metadata,
    PublishedNode,
    PublishedVideo,
    gpt_of,
    metadata_of,
)
from kuavi.domain.action100m_tree import Grown
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import Fingerprint
from kuavi.domain.manifest import Origin, VideoRecord
from kuavi.domain.tree import NONE, SegmentTree
from kuavi.domain.words import Utterance

FORM = "Action100M"

_TEXTS = {"plm_action": "action", "plm_caption": "clip", "llama3_caption": "frame"}
"""Published field -> ours.  Ours says "" for null and for ""."""
_NAMESPACE = hashlib.sha256(b"kuavi segment trees").digest()[:16]


@frozen
class Told:
    """What is said of a tree's nodes, by node."""

    captions: Mapping[int, Caption] = attrs.field(hash=False)
    annotations: Mapping[int, Annotation] = attrs.field(hash=False)


def told_of(video: PublishedVideo, grown: Grown) -> Told:
    """Captions and annotations; a node of which nothing is said has none."""
    nodes = [video.nodes[place] for place in grown.order]
    captions = {node: _caption(one) for node, one in enumerate(nodes)}
    annotations = {node: _annotation(one.gpt) for node, one in enumerate(nodes)}
    return Told(
        {node: caption for node, caption in captions.items() if caption != Caption()},
        {node: told for node, told in annotations.items() if told is not None},
    )


def origin_of(video: PublishedVideo, grown: Grown) -> Origin:
    """What is to be kept of a video beside its tree and what is told of it.

    Most of it are the nodes' ids: some 40 bytes each, a few per cent of what is said of them.
    """
    nodes = [video.nodes[place] for place in grown.order]
    ids = [node.node_id for node in nodes]
    back = _nodes(ids, grown.tree, told_of(video, grown))
    given = {str(i): _differing(nodes[i], back[i]) for i in range(len(nodes))}
    kept: dict[str, Any] = {
        "metadata": None if video.metadata is None else attrs.asdict(video.metadata),
        "ids": ids,
        "given": {node: fields for node, fields in given.items() if fields},
    }
    if list(grown.order) != sorted(grown.order):
        kept["order"] = list(grown.order)
    title = (video.metadata.title if video.metadata else None) or video.video_uid
    return Origin(FORM, video.video_uid, title, _text(kept))


def _text(kept: Mapping[str, Any]) -> str:
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def published(origin: Origin, tree: SegmentTree, told: Told) -> PublishedVideo:
    """An imported video as it was published, with what was changed since."""
    kept = json.loads(origin.text)
    nodes = _nodes(kept["ids"], tree, told)
    for node, fields in kept["given"].items():
        nodes[int(node)] = _as_given(nodes[int(node)], fields)
    order = kept.get("order", range(len(nodes)))
    in_place = sorted(zip(order, nodes, strict=True), key=lambda one: one[0])
    return PublishedVideo(
        origin.uid, metadata_of(kept["metadata"]), tuple(node for _, node in in_place)
    )


def published_own(
    video: VideoRecord, tree: SegmentTree, told: Told, utterances: Sequence[Utterance]
) -> PublishedVideo:
    """A video that KUAVi indexed; its nodes get ids that depend on its content alone.

    What its host would say (description, counts, the day) is null.
    """
    ids = [node_id(video.content, node) for node in range(len(tree))]
    lines = tuple(Line(repr(round(u.span.start_s, 3)), u.text) for u in utterances)
    seconds = round(tree.span.duration_s)
    about = Metadata(title=video.title, duration=seconds, transcript=lines)
    return PublishedVideo(video.id, about, tuple(_nodes(ids, tree, told)))


def node_id(content: Fingerprint, node: int) -> str:
    """A UUID of version 5 (RFC 9562, section 5.5) for a node of the video with this content."""
    digest = hashlib.sha1(_NAMESPACE + f"{content}/{node}".encode()).digest()  # as the RFC says
    digits = bytearray(digest[:16])
    digits[6] = digits[6] & 0x0F | 0x50
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


def _nodes(ids: Sequence[str], tree: SegmentTree, told: Told) -> list[PublishedNode]:
    """Nodes in order of the tree, told by our values alone."""
    parents = [None if parent == NONE else ids[parent] for parent in tree.parent.tolist()]
    columns = (tree.level.tolist(), tree.start_s.tolist(), tree.end_s.tolist())
    return [
        PublishedNode(
            *about,
            gpt=_gpt(told.annotations.get(node)),
            **_caption_fields(told.captions.get(node, Caption())),
        )
        for node, about in enumerate(zip(ids, parents, *columns, strict=True))
    ]


def _caption_fields(caption: Caption) -> dict[str, Any]:
    return {name: getattr(caption, ours) or None for name, ours in _TEXTS.items()}


def _caption(node: PublishedNode) -> Caption:
    return Caption(**{ours: getattr(node, name) or "" for name, ours in _TEXTS.items()})


def _annotation(gpt: Gpt | None) -> Annotation | None:
    """What is said, "" where a part is missing; None where all are."""
    summary = gpt.summary if gpt and gpt.summary else GptSummary(None, None)
    action = gpt.action if gpt and gpt.action else GptAction(None, None, None)
    texts = [summary.brief, summary.detailed, action.brief, action.detailed, action.actor]
    if not any(texts):
        return None
    brief, detailed, *rest = (text or "" for text in texts)
    return Annotation(Summary(brief, detailed), Action(*rest))


def _gpt(told: Annotation | None) -> Gpt | None:
    if told is None:
        return None
    summary, action = told.summary, told.action
    return Gpt(
        GptSummary(summary.brief, summary.detailed),
        GptAction(action.brief, action.detailed, action.actor),
    )


def _differing(given: PublishedNode, back: PublishedNode) -> dict[str, Any]:
    """The fields of a node that come back otherwise than they were given."""
    raw = attrs.asdict(given)
    names = (name.name for name in attrs.fields(PublishedNode))
    return {name: raw[name] for name in names if getattr(given, name) != getattr(back, name)}


def _as_given(node: PublishedNode, fields: Mapping[str, Any]) -> PublishedNode:
    """A node with what was given, where what we hold of it still means the same."""
    return evolve(node, **dict(_still_so(node, fields)))


def _still_so(node: PublishedNode, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, given in fields.items():
        if name == "gpt":
            gpt = gpt_of(given)
            if _annotation(gpt) == _annotation(node.gpt):
                yield name, gpt
        elif name not in _TEXTS or (given or "") == (getattr(node, name) or ""):
            yield name, given
