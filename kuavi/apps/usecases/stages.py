"""The stages that need no decode pass: the tree, speech, text on screen, and text vectors."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeAlias

import numpy as np
from returns.result import Failure, Success

from kuavi.apps.usecases.decode import StageFailure, Tick
from kuavi.apps.usecases.ports import IndexPorts, WordPorts
from kuavi.apps.usecases.settings import GRADUAL
from kuavi.domain.boundaries import gradual_cuts
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Gap, Stage, VideoRecord
from kuavi.domain.media import AudioChunk, Frame, Keyframe
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.shots import told_apart
from kuavi.domain.spans import Span
from kuavi.domain.tree import build_tree
from kuavi.domain.words import ScreenLine, TextBox, Utterance
from kuavi.ports.encoders import TextEncoder
from kuavi.ports.library import (
    LibraryFailure,
    LibraryView,
)
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import (
    Part,
    Rows,
    ScreenText,
    Transcript,
    Tree,
)
from kuavi.ports.progress import Cancelled
from kuavi.ports.reader import Damaged, NoAudioStream, ReadFailure

AT_A_TIME = 16
"""Keyframes taken from the library at once."""

Made: TypeAlias = tuple[tuple[Part, ...], tuple[Gap, ...]]
"""A stage's parts, and what it could not do."""

WorkFailure: TypeAlias = StageFailure | ReadFailure | LibraryFailure | Cancelled


def plant_tree(
    video: VideoRecord, span: Span, plan: IndexPlan, view: LibraryView, ports: IndexPorts
) -> Outcome[Made, WorkFailure]:
    """The segment tree, from the motion rows and the cuts."""
    cuts = view.cuts(video.id)
    if isinstance(cuts, Failure):
        return cuts
    motion = view.motion(ports.scan.clips.space, only=video.id)
    if isinstance(motion, Failure):
        return motion
    rows = motion.unwrap()
    hard = cuts.unwrap()
    vectors = rows.embeddings.rows
    soft = gradual_cuts(vectors, rows.start_s, hard, GRADUAL)
    shots = told_apart(sorted([*hard, *soft]), rows.start_s.tolist())
    vectors.setflags(write=True)  # it is ours alone, as the port says; the tree uses it up
    tree = build_tree(
        vectors,
        rows.start_s,
        span,
        [cut.time_s for cut in shots],
        plan.min_leaf_s,
        consume=True,
    )
    return Success(((Tree(tree),), ()))


def hear(path: str, ports: IndexPorts, words: WordPorts, tick: Tick) -> Outcome[Made, WorkFailure]:
    """The transcript.  A file without sound has an empty one, and says so.

    How far it is, is told by what was heard: sound is read well ahead of that.
    """
    trouble: list[ReadFailure | Cancelled] = []
    utterances: list[Utterance] = []

    def chunks() -> Iterator[AudioChunk]:
        for item in ports.reader.audio(path):
            if isinstance(item, Failure):
                trouble.append(item.failure())
                return
            yield item.unwrap()
            told = tick(utterances[-1].span.end_s if utterances else 0.0, 0)
            if isinstance(told, Failure):
                trouble.append(told.failure())
                return

    for item in words.transcriber.transcribe(chunks()):
        if isinstance(item, Failure):
            return item
        utterances.append(item.unwrap())
    gaps = [_unheard(reason) for reason in trouble]
    if gaps and gaps[0] is None:
        return Failure(trouble[0])
    return Success(((Transcript(tuple(utterances)),), tuple(gap for gap in gaps if gap)))


def _unheard(trouble: ReadFailure | Cancelled) -> Gap | None:
    """What is missing from the transcript; None where there is no transcript at all."""
    match trouble:
        case Damaged(_, at_s, reason):
            return Gap(Stage.TRANSCRIPT, f"the sound breaks off at {at_s:.1f} s: {reason}")
        case NoAudioStream():
            return Gap(Stage.TRANSCRIPT, "the file has no sound")
        case _:
            return None


def read_screen(
    video: VideoId, view: LibraryView, ports: IndexPorts, words: WordPorts, tick: Tick
) -> Outcome[Made, WorkFailure]:
    """The text on every keyframe; a keyframe that can't be read is a gap."""
    lines: list[ScreenLine] = []
    gaps: list[Gap] = []
    n_keyframes = 0
    for read in _keyframes(video, view):
        if isinstance(read, Failure):
            return read
        keyframe, n_keyframes = read.unwrap(), n_keyframes + 1
        boxes = _boxes(keyframe, ports, words)
        if isinstance(boxes, Failure):
            gaps.append(Gap(Stage.SCREEN, str(boxes.failure()), keyframe.span))
        else:
            lines += [
                ScreenLine(keyframe.time_s, keyframe.span, box.text, box.confidence, box.box)
                for box in boxes.unwrap()
            ]
        told = tick(keyframe.span.end_s, n_keyframes)
        if isinstance(told, Failure):
            return told
    if gaps and len(gaps) == n_keyframes:
        return Success(((), tuple(gaps)))
    return Success(((ScreenText(tuple(lines)),), tuple(gaps)))


def _keyframes(video: VideoId, view: LibraryView) -> Iterator[Outcome[Keyframe, LibraryFailure]]:
    """Every keyframe of a video; few pictures are in memory at a time."""
    for first in count(0, AT_A_TIME):
        some = view.keyframes(video, range(first, first + AT_A_TIME))
        if isinstance(some, Failure):
            yield some
            return
        yield from map(Success, some.unwrap())
        if len(some.unwrap()) < AT_A_TIME:
            return


def _boxes(
    keyframe: Keyframe, ports: IndexPorts, words: WordPorts
) -> Outcome[tuple[TextBox, ...], StageFailure]:
    pixels = ports.pictures.decode(keyframe.image, f"keyframe at {keyframe.time_s:.1f} s")
    if isinstance(pixels, Failure):
        return pixels
    read = words.ocr.read([Frame(keyframe.time_s, pixels.unwrap())])
    if isinstance(read, Failure):
        return read
    return Success(read.unwrap()[0])


def embed_text(
    utterances: Sequence[Utterance], lines: Sequence[ScreenLine], encoder: TextEncoder
) -> Outcome[Made, ModelFailure]:
    """Vectors of what was said and written."""
    spoken = _text_rows(
        Layer.TRANSCRIPT, [u.text for u in utterances], [u.span for u in utterances], encoder
    )
    if isinstance(spoken, Failure):
        return spoken
    written = _text_rows(
        Layer.SCREEN, [line.text for line in lines], [line.span for line in lines], encoder
    )
    if isinstance(written, Failure):
        return written
    return Success(((spoken.unwrap(), written.unwrap()), ()))


def _text_rows(
    layer: Layer, texts: Sequence[str], spans: Sequence[Span], encoder: TextEncoder
) -> Outcome[Rows, ModelFailure]:
    encoded = encoder.encode(texts)
    if isinstance(encoded, Failure):
        return encoded
    start_s = np.array([span.start_s for span in spans], dtype=np.float64)
    end_s = np.array([span.end_s for span in spans], dtype=np.float64)
    return Success(Rows(layer, encoded.unwrap(), start_s, end_s))
