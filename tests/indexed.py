"""Small indexed videos, made from a name and a number: equal arguments give equal content."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.chain import new_chain
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.described import Caption, Description
from kuavi.domain.evidence import Evidence, Fitted, Heuristic, Learned, Model, WeightsFile
from kuavi.domain.features import FeatureMap
from kuavi.domain.fingerprint import Fingerprint, VideoId, fingerprint_of, video_id
from kuavi.domain.layers import MADE_BY, Layer, Located
from kuavi.domain.manifest import DESCRIBED, UNDESCRIBED, Gap, Stage, StageRecord, VideoRecord
from kuavi.domain.media import Keyframe, MediaInfo
from kuavi.domain.shots import Cut
from kuavi.domain.space import Embeddings, Joint, Motion, Space, Text
from kuavi.domain.spans import Span
from kuavi.domain.tree import Reals, SegmentTree, cells
from kuavi.domain.tree import tree_of as tree_from
from kuavi.domain.ward import agglomerate
from kuavi.domain.words import ScreenLine, Tag, TaggedMoment, Utterance, Word
from kuavi.ports.library import (
    LibraryView,
)
from kuavi.ports.parts import (
    Annotations,
    Captions,
    Cuts,
    Descriptions,
    FeatureMaps,
    Keyframes,
    Part,
    Rows,
    ScreenText,
    Tags,
    Transcript,
    Tree,
)

JOINT = Space[Joint]("clip-like", "1", 5)
MOTION = Space[Motion]("motion-like", "1", 3)
MAPS = Space[Motion]("motion-like", "1-places", 6)
TEXT = Space[Text]("sentence-like", "1", 4)


def content_of(name: str) -> Fingerprint:
    return fingerprint_of(["content", name])


def id_of(name: str) -> VideoId:
    return video_id(content_of(name))


def key_of(name: str, stage: Stage, take: int) -> Fingerprint:
    return fingerprint_of([name, stage.value, take])


def stage_record(name: str, stage: Stage, take: int = 0, items: int = 1) -> StageRecord:
    weights = (WeightsFile("model.onnx", fingerprint_of("weights")),)
    evidence: list[Evidence] = [
        Learned("m"),
        Heuristic("rule"),
        Fitted("pairs", "recall", 0.1 + take),
    ]
    return StageRecord(
        stage=stage,
        key=key_of(name, stage, take),
        items=items,
        evidence=evidence[list(Stage).index(stage) % 3],
        model=Model("m", str(take), weights) if take % 2 else None,
        gaps=(Gap(stage, "too dark", Span(0.1, 0.3)), Gap(stage, "no sound")),
    )


def record_of(
    name: str, takes: dict[Stage, int], paths: Sequence[str] | None = None
) -> VideoRecord:
    """A record that names the given stages, each with the key of the given take."""
    return VideoRecord(
        id=id_of(name),
        content=content_of(name),
        paths=tuple(paths or (f"/videos/{name}.mp4", f"/elsewhere/{name}.mp4")),
        info=MediaInfo("mov,mp4", "h264", 640, 360, 30000 / 1001, 10.01, 0.1, 90, True),
        indexed_at="2026-01-02T03:04:05+00:00",
        span=Span(0.0, 10.01),
        stages=tuple(stage_record(name, stage, take) for stage, take in takes.items()),
    )


def random(name: str, stage: Stage, take: int) -> np.random.Generator:
    return np.random.default_rng(int(key_of(name, stage, take)[:8], 16))


def cuts(name: str, take: int = 0) -> Cuts:
    draw = random(name, Stage.SHOTS, take)
    times = np.sort(draw.uniform(0, 10, size=3))
    return Cuts(tuple(Cut(float(time), float(draw.uniform())) for time in times))


def keyframes(name: str, take: int = 0, n: int = 3, size: int = 50) -> Keyframes:
    draw = random(name, Stage.KEYFRAMES, take)
    return Keyframes(
        tuple(Keyframe(i + 0.1, Span(i, i + 1 / 3 + 0.1), draw.bytes(size)) for i in range(n))
    )


def tags(name: str, take: int = 0) -> Tags:
    draw = random(name, Stage.TAGS, take)
    some = tuple(Tag(label, float(draw.uniform())) for label in ("dog", "café"))
    return Tags((TaggedMoment(0.1, some), TaggedMoment(1.1, ())))


def rows(
    layer: Layer, name: str, space: Space[Any], take: int = 0, n: int = 4, tiny: bool = True
) -> Rows:
    draw = random(name + layer, MADE_BY[layer], take)
    matrix = draw.normal(size=(n, space.dim)).astype(np.float32)
    if n and tiny:
        matrix[0, 0], matrix[-1, -1] = np.float32(1e-45), np.float32(-0.0)
    starts = np.arange(n) / 3
    return Rows(layer, Embeddings(space, matrix), starts, starts + 1 / 3)


def tree_of(n_frames: int, seed: int = 0) -> SegmentTree:
    """The tree of a video of `n_frames` frames, one each 2 s, with a cut in its middle.

    Built without the compiled kernel, whose loading takes a second in each new process.
    """
    frames = np.random.default_rng(seed).normal(size=(n_frames, 4)).astype(np.float32)
    times: Reals = np.arange(0.0, n_frames * 2.0, 2.0)
    bounds, shots = cells(times, Span(0.0, n_frames * 2.0), [float(n_frames)])
    return tree_from(agglomerate(new_chain(frames, shots), 0.0, engine="numpy"), bounds)


def tree(name: str, take: int = 0) -> Tree:
    return Tree(tree_of(3 + len(name) + take, seed=take))


def transcript(*texts: str) -> Transcript:
    """Utterances a second long; the words of the first have times."""
    said = []
    for i, text in enumerate(texts):
        words = text.split() if i == 0 else []
        spans = [Span(i + k / 7, i + (k + 1) / 7) for k in range(len(words))]
        timed = tuple(Word(word, span, 0.1 + 0.2) for word, span in zip(words, spans, strict=True))
        said.append(Utterance(Span(float(i), i + 1 / 3), text, timed))
    return Transcript(tuple(said))


def screen(*texts: str) -> ScreenText:
    return ScreenText(
        tuple(
            ScreenLine(i + 0.05, Span(float(i), i + 0.7), text, 1 / 3, (0.1, 0.2, 0.7, 1.0))
            for i, text in enumerate(texts)
        )
    )


def maps(name: str, take: int = 0, n: int = 3, side: int = 2) -> FeatureMaps:
    """Maps of 2 steps, each a row larger than the one before; 8 s apart."""
    draw = random(name, Stage.FEATURES, take)
    extents = tuple(
        MapExtent(Span(8.0 * i, 8.0 * i + 7.9), np.array([8.0 * i, 8 * i + 1 / 3]), side + i, side)
        for i in range(n)
    )
    shapes = [extent.shape(MAPS.dim) for extent in extents]
    values = [draw.normal(size=shape).astype(np.float16) for shape in shapes]
    return FeatureMaps(MAPS, extents, tuple(FeatureMap(MAPS, one) for one in values))


def annotation(brief: str, actor: str = "a cook") -> Annotation:
    return Annotation(Summary(brief, f"{brief}, at length"), Action("stirs", "N/A", actor))


def captions(name: str, take: int = 0) -> Captions:
    """Of the first three nodes, the last of them first."""
    seen = Caption(f"pan {take} of {name}", "", NOBODY)
    return Captions({2: seen, 0: Caption("", f"a cook, take {take}", "stir soup"), 1: Caption()})


def annotations(name: str, take: int = 0) -> Annotations:
    return Annotations({1: annotation(f"soup {take} of {name}"), 0: annotation("a kitchen", "N/A")})


def descriptions(layer: Layer, *texts: str, nodes: Sequence[int] | None = None) -> Descriptions:
    """Of nodes 0, 1, 2 ... if no others are named; every third text is hidden behind another."""
    return Descriptions(
        layer,
        tuple(
            Description(node, Span(i + 0.1, i + 1 / 3 + 0.1), text, i // 3, 1 + i % 3, i % 3 < 2)
            for i, (node, text) in enumerate(zip(nodes or range(len(texts)), texts, strict=True))
        ),
    )


def told(name: str, take: int = 0) -> tuple[Part, ...]:
    """What is said of the nodes of the tree of `name`."""
    summaries = (f"summary {take} of {name}", "a kitchen", "soup is stirred")
    return (
        captions(name, take),
        annotations(name, take),
        descriptions(Layer.SUMMARY, *summaries),
        rows(Layer.SUMMARY, name, TEXT, take, n=3),
        descriptions(Layer.ACTION, "stir soup", nodes=[take % 3]),
        rows(Layer.ACTION, name, TEXT, take, n=1),
    )


UNTOLD: tuple[Part, ...] = (
    Captions({}),
    Annotations({}),
    Descriptions(Layer.SUMMARY, ()),
    Descriptions(Layer.ACTION, ()),
)
"""What a view shows where nothing was said of the nodes."""


def video(name: str, take: int, told_take: int | None) -> tuple[VideoRecord, tuple[Part, ...]]:
    """A video with every part but, where `told_take` is None, what is said of its nodes."""
    takes = dict.fromkeys(UNDESCRIBED, take)
    if told_take is None:
        return record_of(name, takes), _seen(name, take)
    takes |= dict.fromkeys(DESCRIBED, told_take)
    return record_of(name, takes), (*_seen(name, take), *told(name, told_take))


def untold(name: str, take: int = 0) -> tuple[VideoRecord, tuple[Part, ...]]:
    return video(name, take, None)


def whole(name: str, take: int = 0) -> tuple[VideoRecord, tuple[Part, ...]]:
    """A video with every part; `take` changes all of them."""
    return video(name, take, take)


def _seen(name: str, take: int) -> tuple[Part, ...]:
    return (
        cuts(name, take),
        keyframes(name, take),
        tags(name, take),
        rows(Layer.VISUAL, name, JOINT, take, n=4 + take % 3),
        rows(Layer.MOTION, name, MOTION, take, n=2),
        tree(name, take % 3),
        transcript(f"take {take} of {name}", "a glass of water"),
        rows(Layer.TRANSCRIPT, name, TEXT, take, n=2),
        screen(f"{name} number {take}"),
        rows(Layer.SCREEN, name, TEXT, take, n=1),
        maps(name, take, n=1 + take % 3),
    )


def of_video(located: Located[Any], video: VideoId, space: Space[Any], layer: Layer) -> Rows | None:
    """A video's rows among the vectors of all videos, or None if it has none."""
    if video not in located.videos:
        return None
    mine = located.video == located.videos.index(video)
    vectors = Embeddings(space, located.embeddings.rows[mine])
    return Rows(layer, vectors, located.start_s[mine], located.end_s[mine])


def shown(view: LibraryView, video: VideoId) -> tuple[Part, ...]:
    """All that a view shows of a video that `whole` made, in its order; empty parts too."""
    visual = of_video(view.visual(JOINT).unwrap(), video, JOINT, Layer.VISUAL)
    motion = of_video(view.motion(MOTION).unwrap(), video, MOTION, Layer.MOTION)
    said = of_video(view.texts(TEXT, Layer.TRANSCRIPT).unwrap(), video, TEXT, Layer.TRANSCRIPT)
    read = of_video(view.texts(TEXT, Layer.SCREEN).unwrap(), video, TEXT, Layer.SCREEN)
    nodes = view.tree(video).unwrap()
    summaries = of_video(view.texts(TEXT, Layer.SUMMARY).unwrap(), video, TEXT, Layer.SUMMARY)
    actions = of_video(view.texts(TEXT, Layer.ACTION).unwrap(), video, TEXT, Layer.ACTION)
    parts = (
        Cuts(view.cuts(video).unwrap()),
        Keyframes(view.keyframes(video).unwrap()),
        Tags(view.tags(video).unwrap()),
        visual,
        motion,
        None if nodes is None else Tree(nodes),
        Transcript(view.utterances(video).unwrap()),
        said,
        ScreenText(view.screen(video).unwrap()),
        read,
        shown_maps(view, video),
        Captions(view.captions(video).unwrap()),
        Annotations(view.annotations(video).unwrap()),
        Descriptions(Layer.SUMMARY, view.descriptions(video, Layer.SUMMARY).unwrap()),
        summaries,
        Descriptions(Layer.ACTION, view.descriptions(video, Layer.ACTION).unwrap()),
        actions,
    )
    return tuple(part for part in parts if part is not None)


def shown_maps(view: LibraryView, video: VideoId) -> FeatureMaps | None:
    found = view.feature_maps(video).unwrap()
    if found is None:
        return None
    values = tuple(found.map(i).unwrap() for i in range(len(found.extents)))
    return FeatureMaps(found.space, found.extents, values)


def frozen_form(value: Any) -> Any:
    """A value as nested tuples that compare bit by bit: arrays by type, shape and bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return tuple((key, frozen_form(value[key])) for key in sorted(value))
    if isinstance(value, tuple | list):
        return tuple(frozen_form(item) for item in value)
    names = getattr(type(value), "__attrs_attrs__", None)
    if names is None:
        return value
    fields = ((field.name, frozen_form(getattr(value, field.name))) for field in names)
    return type(value).__name__, tuple(fields)
