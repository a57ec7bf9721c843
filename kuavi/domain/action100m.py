"""Videos as Action100M publishes them (arXiv 2601.10592): values, and how they are read and told.

A record has a video's id at its host, what the host says of it, and the nodes of its tree with
what models said of each.  Field names are those of the published files.  None is the files' null;
a field that a record lacks is read as null.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

import attrs
from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome


class Kind(Enum):
    """What a field without parts holds."""

    TEXT = "a text"
    LONG = "a whole number of 64 bits"
    SHORT = "a whole number of 16 bits"
    REAL = "a number"


Shape: TypeAlias = "Kind | Mapping[str, Shape] | Sequence[Shape]"
"""A mapping has named fields, a sequence of one is a list of such."""

_SUMMARY: Shape = {"brief": Kind.TEXT, "detailed": Kind.TEXT}
NODE: Shape = {
    "node_id": Kind.TEXT,
    "parent_id": Kind.TEXT,
    "level": Kind.SHORT,
    "start": Kind.REAL,
    "end": Kind.REAL,
    "plm_action": Kind.TEXT,
    "plm_caption": Kind.TEXT,
    "llama3_caption": Kind.TEXT,
    "gpt": {
        "summary": _SUMMARY,
        "action": {"brief": Kind.TEXT, "detailed": Kind.TEXT, "actor": Kind.TEXT},
    },
}
VIDEO: Mapping[str, Shape] = {
    "video_uid": Kind.TEXT,
    "metadata": {
        "title": Kind.TEXT,
        "description": Kind.TEXT,
        "view_count": Kind.LONG,
        "like_count": Kind.LONG,
        "duration": Kind.LONG,
        "upload_date": Kind.TEXT,
        "transcript": [{"time": Kind.TEXT, "text": Kind.TEXT}],
    },
    "nodes": [NODE],
}
"""The published schema, in the order of its columns."""

REQUIRED = {"video_uid", "nodes", "node_id", "level", "start", "end"}
_BITS = {Kind.LONG: 63, Kind.SHORT: 15}


@frozen
class Line:
    """A line of a transcript; `time` is a text, as published."""

    time: str | None
    text: str | None


@frozen
class Metadata:
    """What the video's host says of it."""

    title: str | None = None
    description: str | None = None
    view_count: int | None = None
    like_count: int | None = None
    duration: int | None = None
    upload_date: str | None = None
    transcript: tuple[Line, ...] | None = None


@frozen
class GptSummary:
    brief: str | None
    detailed: str | None


@frozen
class GptAction:
    brief: str | None
    detailed: str | None
    actor: str | None


@frozen
class Gpt:
    summary: GptSummary | None
    action: GptAction | None


@frozen
class PublishedNode:
    """A node: its times in seconds, and what models said of it.

    `plm_caption` is of the clip, `llama3_caption` of a leaf's middle frame.
    """

    node_id: str
    parent_id: str | None
    level: int
    start: float
    end: float
    plm_action: str | None = None
    plm_caption: str | None = None
    llama3_caption: str | None = None
    gpt: Gpt | None = None


@frozen
class PublishedVideo:
    video_uid: str
    metadata: Metadata | None
    nodes: tuple[PublishedNode, ...]


@frozen
class NotPublished:
    """A record is not of the published schema; `uid` is "" where even that is missing."""

    uid: str
    reason: str

    def __str__(self) -> str:
        return f"{self.uid or 'a record'}: not in Action100M's schema: {self.reason}"


def parse_video(raw: object) -> Outcome[PublishedVideo, NotPublished]:
    """A record of JSON values as a video.  Unknown fields are refused, for they would be lost."""
    for fault in _faults(raw, VIDEO, ""):
        named = raw.get("video_uid") if isinstance(raw, Mapping) else None
        return Failure(NotPublished(named if isinstance(named, str) else "", fault))
    return Success(video_of(raw))


def video_of(raw: Any) -> PublishedVideo:
    """The video of a record that has no faults."""
    nodes = tuple(_node(node) for node in raw["nodes"])
    return PublishedVideo(raw["video_uid"], metadata_of(raw.get("metadata")), nodes)


def metadata_of(raw: Any) -> Metadata | None:
    if raw is None:
        return None
    said = raw.get("transcript")
    lines = None if said is None else tuple(Line(s.get("time"), s.get("text")) for s in said)
    return Metadata(**{**raw, "transcript": lines})


def gpt_of(raw: Any) -> Gpt | None:
    if raw is None:
        return None
    summary, action = raw.get("summary"), raw.get("action")
    return Gpt(
        None if summary is None else GptSummary(summary.get("brief"), summary.get("detailed")),
        None
        if action is None
        else GptAction(action.get("brief"), action.get("detailed"), action.get("actor")),
    )


def as_json(video: PublishedVideo) -> dict[str, Any]:
    """The video as a record of JSON values, every field there."""
    return attrs.asdict(video, value_serializer=_listed)


def _listed(_: object, __: object, value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _node(raw: Any) -> PublishedNode:
    times = {"start": float(raw["start"]), "end": float(raw["end"])}
    parsed = {"parent_id": raw.get("parent_id"), "gpt": gpt_of(raw.get("gpt"))}
    return PublishedNode(**{**raw, **times, **parsed})


def _faults(raw: object, shape: Shape, where: str) -> Iterator[str]:
    """What is not as it should be, in the order of the schema."""
    if raw is None and where.rpartition(".")[2] not in REQUIRED:
        if not where:
            yield "it is null"
    elif isinstance(shape, Kind):
        if not _is(raw, shape):
            yield f"{where} is not {shape.value}: {str(raw)[:40]!r}"
    elif isinstance(shape, Mapping):
        yield from _record_faults(raw, shape, where)
    elif not isinstance(raw, list | tuple):
        yield f"{where} is not a list"
    else:
        for place, item in enumerate(raw):
            named = f"{where}[{place}]"
            yield from [f"{named} is null"] if item is None else _faults(item, shape[0], named)


def _record_faults(raw: object, shape: Mapping[str, Shape], where: str) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield f"{where or 'it'} is not a record"
        return
    unknown = sorted(str(name) for name in raw if name not in shape)
    if unknown:
        yield f"unknown fields{f' in {where}' if where else ''}: {', '.join(unknown)}"
    for name, below in shape.items():
        yield from _faults(raw.get(name), below, f"{where}.{name}" if where else name)


def _is(raw: object, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:  # half a surrogate pair can't be stored
            return isinstance(raw, str) and not any("\ud800" <= c <= "\udfff" for c in raw)
        case Kind.REAL:
            return isinstance(raw, float) or _is_whole(raw, 63)
        case Kind.LONG | Kind.SHORT:
            return _is_whole(raw, _BITS[kind])


def _is_whole(raw: object, bits: int) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool) and -(1 << bits) <= raw < 1 << bits
