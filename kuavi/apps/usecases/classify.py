"""What spans of a video are called by a released classifier, which looks at their pictures."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.look import LookFailure, frames_at
from kuavi.apps.usecases.ports import LookPorts
from kuavi.apps.usecases.probes import Classified, labellings
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AtTimes, Frame, View
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import ClipClassifier
from kuavi.ports.models import ModelFailure

PICTURE_SIDE = 640

NOT_RELEASED = ("k400", "kinetics400", "jester", "coin", "in1k", "imagenet")
"""Tasks on which V-JEPA 2 was reported, but for which no classifier was published."""


@frozen
class WeightsNotReleased:
    task: str

    def __str__(self) -> str:
        return (
            f"{self.task}: no weights of a classifier for it were released; train your own on "
            "labelled spans: `kuavi probe train LABELS.csv`"
        )


@frozen
class NoClassifier:
    task: str
    preset: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        known = f"it has {', '.join(self.known)}" if self.known else "it has none"
        return (
            f"preset {self.preset} has no classifier {self.task!r}: {known}; use another "
            "--scene-model-preset, or train your own: `kuavi probe train LABELS.csv`"
        )


ClassifyFailure: TypeAlias = LookFailure | ModelFailure


def classify_by_model(
    video: VideoRecord, spans: Sequence[Span], classifier: ClipClassifier, ports: LookPorts
) -> Outcome[Classified, ClassifyFailure]:
    """What each span is: one clip of evenly spaced pictures a span, decoded from the file."""
    clips = collect(_clip(video, span, classifier.frames, ports) for span in spans)
    if isinstance(clips, Failure):
        return clips
    told = collect(classifier.classify([clip]) for clip in clips.unwrap())
    if isinstance(told, Failure):
        return told
    rows = np.concatenate([np.zeros((0, len(classifier.labels))), *told.unwrap()])
    labelled = labellings(classifier.labels, spans, rows)
    return Success(Classified(video.id, labelled, classifier.evidence))


def _clip(
    video: VideoRecord, span: Span, n: int, ports: LookPorts
) -> Outcome[tuple[Frame, ...], LookFailure]:
    """`n` pictures of a span, in the middles of its equal parts; of few pictures some repeat."""
    times = tuple((span.start_s + (np.arange(n) + 0.5) * span.duration_s / n).tolist())
    read = frames_at(video, View(AtTimes(times), PICTURE_SIDE), ports)
    if isinstance(read, Failure):
        return read
    frames = read.unwrap()
    starts = [frame.time_s for frame in frames]
    on = np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
    return Success(tuple(frames[int(i)] for i in on))
