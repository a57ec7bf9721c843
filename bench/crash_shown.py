"""What a library shows, as digests that are equal when every bit is: see `bench.crash`."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from attrs import evolve

from kuavi.adapters.clips import fake as clips
from kuavi.adapters.joint import fake as joint
from kuavi.adapters.text import fake as text
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer, Located, of_video
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import PRESETS
from kuavi.ports.library import LibraryView
from tests.indexed import frozen_form

Shown: TypeAlias = dict[str, dict[str, str]]
"""By video: its record apart from its stages, under "record", and each stage that is there."""

RECORD = "record"


MANY = 8


def shown(view: LibraryView) -> Shown:
    """What a view shows; raises where a part can't be read.

    Of a library of more than `MANY` videos, one in `MANY` is read whole, and the one that was
    indexed last; of the others only the records are read.
    """
    videos = sorted(view.videos().unwrap(), key=lambda record: (record.indexed_at, record.id))
    step = MANY if len(videos) > MANY else 1
    whole = {record.id for record in (*videos[::step], *videos[-1:])}
    return {
        record.id: _video(view, record, parts=record.id in whole)
        for record in sorted(videos, key=lambda record: record.id)
    }


def _video(view: LibraryView, record: VideoRecord, *, parts: bool) -> dict[str, str]:
    bare = evolve(record, indexed_at="", stages=())
    stages = {
        made.stage.value: _digest([made, *(_parts(view, record.id, made.stage) if parts else ())])
        for made in record.stages
    }
    return {RECORD: _digest([bare]), **stages}


def _parts(view: LibraryView, video: VideoId, stage: Stage) -> Sequence[Any]:
    match stage:
        case Stage.VISUAL:
            visual = joint.build(_spec("joint")).unwrap().space
            return _rows(view.visual(visual, video).unwrap())
        case Stage.MOTION:
            motion = clips.build(_spec("clips")).unwrap().space
            return _rows(view.motion(motion, video).unwrap())
        case Stage.TEXT:
            return _text_rows(view, video, (Layer.TRANSCRIPT, Layer.SCREEN))
        case Stage.DESCRIPTIONS:
            layers = (Layer.SUMMARY, Layer.ACTION)
            told = [view.descriptions(video, layer).unwrap() for layer in layers]
            return [*told, *_text_rows(view, video, layers)]
        case Stage.FEATURES:
            maps = view.feature_maps(video).unwrap()
            return [] if maps is None else [maps.map(i).unwrap() for i in range(len(maps.extents))]
        case _:
            return [_reading(view)[stage](video).unwrap()]


def _reading(view: LibraryView) -> Mapping[Stage, Callable[[VideoId], Outcome[Any, object]]]:
    return {
        Stage.SHOTS: view.cuts,
        Stage.TREE: view.tree,
        Stage.CAPTIONS: view.captions,
        Stage.ANNOTATIONS: view.annotations,
        Stage.KEYFRAMES: view.keyframes,
        Stage.TAGS: view.tags,
        Stage.TRANSCRIPT: view.utterances,
        Stage.SCREEN: view.screen,
    }


def _text_rows(view: LibraryView, video: VideoId, layers: Sequence[Layer]) -> Sequence[Any]:
    words = text.build(_spec("text")).unwrap().space
    located = [of_video(view.texts(words, layer).unwrap(), video) for layer in layers]
    return [part for one in located for part in _rows(one)]


def _rows(located: Located[Any]) -> Sequence[Any]:
    """The vectors of one video; not where it stands among the others."""
    return [located.embeddings, located.position, located.start_s, located.end_s]


def _spec(port: str) -> ModelSpec:
    return PRESETS["fake"].models[port]


def _digest(values: Sequence[Any]) -> str:
    return sha256(repr(frozen_form(list(values))).encode()).hexdigest()[:16]
