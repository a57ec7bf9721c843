"""Probes: train one on labelled spans of indexed videos, and say what spans are."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs
import numpy as np
from attrs import frozen
from attrs.validators import gt, lt
from returns.result import Failure, Success

from kuavi.apps.usecases.manage import WhichFailure
from kuavi.apps.usecases.ports import ProbePorts
from kuavi.apps.usecases.probe_features import FeatureFailure, Shown, named, shown_of
from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.domain.evidence import Evidence
from kuavi.domain.features import Features
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.holdout import HeldOut, Split, TooFewExamples, scored, split
from kuavi.domain.labels import BadLabels, LabelledSpan, read_labels
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.files import FilesFailure
from kuavi.ports.models import ModelFailure
from kuavi.ports.probes import Lesson, ProbeUnreadable, SavedProbe, SaveFailure, evidence_of

Locate: TypeAlias = Callable[[str], Outcome[VideoRecord, WhichFailure]]
"""Which video of the library a name in a table means."""


@frozen
class OtherProbe:
    """The probe was trained on features of another model."""

    path: str
    wanted: str
    has: str

    def __str__(self) -> str:
        return (
            f"{self.path}: trained on features of {self.wanted}, this library's are of {self.has}; "
            "index and open it as when the probe was trained, or train another"
        )


TrainFailure: TypeAlias = (
    BadLabels | TooFewExamples | FilesFailure | FeatureFailure | WhichFailure | SaveFailure
)
ProbeFailure: TypeAlias = ProbeUnreadable | OtherProbe | NotIndexed | FeatureFailure | ModelFailure


@frozen
class TrainRequest:
    """Learn from the table of labels at `labels`, save at `output`, hold out a share to score.

    `features` are what the probe learns from, and will look at.
    """

    labels: str
    output: str
    held_out: float = attrs.field(default=0.25, validator=[gt(0), lt(1)])
    features: Features = Features.MOTION


@frozen(eq=False)
class Trained:
    """A probe that was trained and saved."""

    path: str
    held_out: HeldOut
    evidence: Evidence


@frozen
class Labelling:
    """What a span is, likeliest label first, with probabilities that are not calibrated."""

    span: Span
    labels: tuple[tuple[str, float], ...]


@frozen(eq=False)
class Classified:
    """The spans of a video, and by what they were classified.

    `unseen` are spans that were asked for and of which there was nothing to look at.
    """

    video: VideoId
    spans: tuple[Labelling, ...]
    evidence: Evidence
    held_out: HeldOut | None = None
    unseen: tuple[Span, ...] = ()


def train_probe(
    request: TrainRequest, locate: Locate, ports: ProbePorts
) -> Outcome[Trained, TrainFailure]:
    """Train a probe on a table of labelled spans, score it on spans it has not seen, save it."""
    content = ports.files.read(request.labels)
    if isinstance(content, Failure):
        return content
    table = read_labels(request.labels, content.unwrap().decode("utf-8", "replace"))
    if isinstance(table, Failure):
        return table
    located = collect(locate(row.video) for row in table.unwrap())
    if isinstance(located, Failure):
        return located
    rows, records = table.unwrap(), located.unwrap()
    places = [(record, row.span) for record, row in zip(records, rows, strict=True)]
    read = shown_of(places, request.features, ports)
    if isinstance(read, Failure):
        return read
    shown = read.unwrap()
    for row, clip in zip(rows, shown.clips, strict=True):
        if not len(clip):
            reason = f"nothing of {row.video} is indexed in that span; check its times"
            return Failure(BadLabels(request.labels, row.line, reason))
    return _taught(request, rows, [record.id for record in records], shown, ports)


def _taught(
    request: TrainRequest,
    table: Sequence[LabelledSpan],
    videos: Sequence[VideoId],
    shown: Shown,
    ports: ProbePorts,
) -> Outcome[Trained, TrainFailure]:
    names = [row.label for row in table]
    parted = split(names, videos, request.held_out)
    if isinstance(parted, Failure):
        return parted
    labels = tuple(sorted(set(names)))
    answers = [labels.index(name) for name in names]
    part: Split = parted.unwrap()
    clips = shown.clips
    lesson = Lesson(
        shown.space,
        labels,
        tuple(clips[i] for i in part.train),
        tuple(answers[i] for i in part.train),
        request.features,
    )
    probe = ports.kit.train(lesson)
    if isinstance(probe, Failure):
        return probe
    told = probe.unwrap().classify([clips[i] for i in part.held_out])
    if isinstance(told, Failure):
        return told
    answered = told.unwrap().argmax(axis=1).tolist()
    counts = scored(labels, [answers[i] for i in part.held_out], answered)
    held_out = HeldOut(labels, counts, len(part.train), part.by)
    path = ports.kit.save(probe.unwrap(), held_out, request.output)
    if isinstance(path, Failure):
        return path
    return Success(Trained(path.unwrap(), held_out, evidence_of(held_out, request.features)))


def classify_by_probe(
    video: VideoRecord, spans: Sequence[Span], probe: str, ports: ProbePorts
) -> Outcome[Classified, ProbeFailure]:
    """What each span of a video is, by a probe that the user trained.

    It looks at what it was trained on: motion rows or feature maps.
    """
    loaded = ports.kit.load(probe)
    if isinstance(loaded, Failure):
        return loaded
    saved: SavedProbe = loaded.unwrap()
    asked, features = saved.probe.space, saved.probe.features
    if features == Features.MOTION and asked != ports.space:
        return Failure(OtherProbe(probe, named(asked), named(ports.space)))
    there = _has_motion(video)
    if isinstance(there, Failure):
        return there
    read = shown_of([(video, span) for span in spans], features, ports)
    if isinstance(read, Failure):
        return read
    shown = read.unwrap()
    if spans and shown.space != asked:
        return Failure(OtherProbe(probe, named(asked), named(shown.space)))
    pairs = list(zip(spans, shown.clips, strict=True))
    seen = [(span, clip) for span, clip in pairs if len(clip)]
    told = saved.probe.classify([clip for _, clip in seen])
    if isinstance(told, Failure):
        return told
    labelled = labellings(saved.probe.labels, [span for span, _ in seen], told.unwrap())
    unseen = tuple(span for span, clip in pairs if not len(clip))
    return Success(Classified(video.id, labelled, saved.evidence, saved.held_out, unseen))


def labellings(
    labels: Sequence[str], spans: Sequence[Span], probabilities: Probabilities
) -> tuple[Labelling, ...]:
    """Each span with all labels, likeliest first; ties in the labels' order."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return tuple(
        Labelling(span, tuple((labels[i], float(row[i])) for i in best))
        for span, row, best in zip(spans, probabilities, order.tolist(), strict=True)
    )


def _has_motion(video: VideoRecord) -> Outcome[None, NotIndexed]:
    if video.record(Stage.MOTION) is None:
        return Failure(not_indexed(video, "motion over time"))
    return Success(None)
