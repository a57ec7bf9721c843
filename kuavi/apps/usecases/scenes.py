"""What is in a video: its scenes at any level, and what is said in it."""

from typing import TypeAlias

import attrs
from attrs import frozen
from attrs.validators import ge, gt, optional
from returns.result import Failure, Success

from kuavi.apps.usecases.details import likeliest
from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.domain.annotation import Described, Unannotated
from kuavi.domain.cuts import cut_by_count
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.domain.transcript import PhraseHit, find_phrase
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, Tag, Utterance
from kuavi.ports.library import LibraryFailure, LibraryView


@frozen
class NotIndexed:
    """The video is known, but this was not made for it."""

    title: str
    missing: str
    imported: bool = False

    def __str__(self) -> str:
        if self.imported:
            return f"{self.title}: no {self.missing}: imported without its video file"
        return f"{self.title}: no {self.missing} yet; run `kuavi index` on it again"


def not_indexed(video: VideoRecord, missing: str) -> NotIndexed:
    return NotIndexed(video.title, missing, video.origin is not None)


ScenesFailure: TypeAlias = LibraryFailure | NotIndexed


@frozen
class Level:
    """How fine: a number of scenes, or a typical length; neither gives the video's own scenes."""

    count: int | None = attrs.field(default=None, validator=optional(ge(1)))
    typical_s: float | None = attrs.field(default=None, validator=optional(gt(0)))


@frozen
class Scene:
    """A node of the segment tree with what is known of it; `caption` None: it has none."""

    video: VideoId
    node: int
    level: int
    span: Span
    spoken: str
    written: tuple[str, ...]
    tags: tuple[Tag, ...]
    described: Described
    keyframe_s: float | None
    caption: Caption | None = None


@frozen(eq=False)
class _Known:
    """Everything about one video that its scenes are told from."""

    record: VideoRecord
    tree: SegmentTree
    utterances: tuple[Utterance, ...]
    lines: tuple[ScreenLine, ...]


def scenes(
    view: LibraryView, video: VideoId, level: Level
) -> Outcome[tuple[Scene, ...], ScenesFailure]:
    """The scenes of a video in time order: they tile it without gap or overlap."""
    known = _known(view, video)
    if isinstance(known, Failure):
        return known
    about = known.unwrap()
    told: list[Scene] = []
    for node in _nodes(about.tree, level):
        scene = _scene(view, about, int(node))
        if isinstance(scene, Failure):
            return scene
        told.append(scene.unwrap())
    return Success(tuple(told))


def _nodes(tree: SegmentTree, level: Level) -> list[int]:
    if level.count is not None:
        return [int(node) for node in cut_by_count(tree, level.count)]
    return [int(node) for node in scenes_of(tree, level.typical_s)]


def _known(view: LibraryView, video: VideoId) -> Outcome[_Known, ScenesFailure]:
    record, tree = view.video(video), view.tree(video)
    if isinstance(record, Failure):
        return record
    if isinstance(tree, Failure):
        return tree
    planted = tree.unwrap()
    if planted is None:
        return Failure(not_indexed(record.unwrap(), "segment tree"))
    said, read = view.utterances(video), view.screen(video)
    if isinstance(said, Failure):
        return said
    if isinstance(read, Failure):
        return read
    return Success(_Known(record.unwrap(), planted, said.unwrap(), read.unwrap()))


_UNTOLD = Unannotated("no model has annotated it; `kuavi enhance --mode full` has one do it")


def _scene(view: LibraryView, about: _Known, node: int) -> Outcome[Scene, ScenesFailure]:
    video, tree = about.record.id, about.tree
    span = Span(float(tree.start_s[node]), float(tree.end_s[node]))
    tags, times = tags_in(view, video, span), view.keyframe_times(video)
    told, seen = view.annotations(video), view.captions(video)
    if isinstance(seen, Failure):
        return seen
    if isinstance(tags, Failure):
        return tags
    if isinstance(times, Failure):
        return times
    if isinstance(told, Failure):
        return told
    inside = [float(t) for t in times.unwrap() if span.contains(float(t))]
    spoken = [u.text for u in about.utterances if span.contains(u.span.middle_s)]
    written = [line.text for line in about.lines if span.contains(line.time_s)]
    return Success(
        Scene(
            video,
            node,
            int(tree.level[node]),
            span,
            " ".join(spoken),
            tuple(dict.fromkeys(written)),
            tags.unwrap(),
            told.unwrap().get(node, _UNTOLD),
            min(inside, key=lambda t: abs(t - span.middle_s), default=None),
            seen.unwrap().get(node),
        )
    )


@frozen
class Transcript:
    """What is said in a video; `found` are the places of the phrase that was looked for."""

    video: VideoRecord
    utterances: tuple[Utterance, ...]
    found: tuple[PhraseHit, ...] = ()


def transcript(
    view: LibraryView, video: VideoId, phrase: str | None
) -> Outcome[Transcript, ScenesFailure]:
    """The transcript, and where a phrase is said: case- and accent-blind, across utterances."""
    record, said = view.video(video), view.utterances(video)
    if isinstance(record, Failure):
        return record
    if isinstance(said, Failure):
        return said
    known = record.unwrap()
    if known.record(Stage.TRANSCRIPT) is None:
        return Failure(not_indexed(known, "transcript"))
    found = find_phrase(said.unwrap(), phrase) if phrase else ()
    return Success(Transcript(known, said.unwrap(), found))


def tags_in(
    view: LibraryView, video: VideoId, span: Span
) -> Outcome[tuple[Tag, ...], LibraryFailure]:
    """The likeliest tags of the keyframes in a span, most probable first."""
    tagged = view.tags(video)
    if isinstance(tagged, Failure):
        return tagged
    inside = (moment for moment in tagged.unwrap() if span.contains(moment.time_s))
    return Success(likeliest(tag for moment in inside for tag in moment.tags))
