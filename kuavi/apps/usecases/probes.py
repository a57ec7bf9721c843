"""Probes: train one on labelled spans of indexed videos, and say what spans are."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs
import numpy as np
from attrs import frozen
from attrs.validators import gt, lt
from returns.result import Failure, Success

from kuavi.apps.usecases.layer_rows import LayerRows, layer_rows
from kuavi.apps.usecases.manage import WhichFailure
from kuavi.apps.usecases.ports import ProbePorts
from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.domain.evidence import Evidence
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.holdout import HeldOut, Split, TooFewExamples, scored, split
from kuavi.domain.labels import BadLabels, LabelledSpan, read_labels
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.space import Embeddings, Motion, Space
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.files import FilesFailure
from kuavi.ports.library import LibraryFailure
from kuavi.ports.models import ModelFailure
from kuavi.ports.probes import Lesson, ProbeUnreadable, SavedProbe, SaveFailure

MAX_ROWS = 64
"""Rows of a span that a probe sees: evenly thinned where there are more."""

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
            "open it with the preset the probe was trained with, or train another"
        )


TrainFailure: TypeAlias = (
    BadLabels | TooFewExamples | FilesFailure | LibraryFailure | WhichFailure | SaveFailure
)
ProbeFailure: TypeAlias = (
    ProbeUnreadable | OtherProbe | NotIndexed | LibraryFailure | ModelFailure | BadLabels
)


@frozen
class TrainRequest:
    """Learn from the table of labels at `labels`, save at `output`, hold out a share to score."""

    labels: str
    output: str
    held_out: float = attrs.field(default=0.25, validator=[gt(0), lt(1)])


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
    """The spans of a video, and by what they were classified."""

    video: VideoId
    spans: tuple[Labelling, ...]
    evidence: Evidence
    held_out: HeldOut | None = None


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
    rows = _motion(ports)
    if isinstance(rows, Failure):
        return rows
    videos = [record.id for record in located.unwrap()]
    examples = _examples(request.labels, table.unwrap(), videos, rows.unwrap())
    if isinstance(examples, Failure):
        return examples
    return _taught(request, table.unwrap(), videos, examples.unwrap(), ports)


def _taught(
    request: TrainRequest,
    table: Sequence[LabelledSpan],
    videos: Sequence[VideoId],
    clips: Sequence[Embeddings[Motion]],
    ports: ProbePorts,
) -> Outcome[Trained, TrainFailure]:
    names = [row.label for row in table]
    parted = split(names, videos, request.held_out)
    if isinstance(parted, Failure):
        return parted
    labels = tuple(sorted(set(names)))
    answers = [labels.index(name) for name in names]
    part: Split = parted.unwrap()
    lesson = Lesson(
        ports.space,
        labels,
        tuple(clips[i] for i in part.train),
        tuple(answers[i] for i in part.train),
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
    kept = ports.kit.load(path.unwrap())
    if isinstance(kept, Failure):
        raise AssertionError(f"a probe that was just saved can't be read: {kept.failure()}")
    return Success(Trained(path.unwrap(), held_out, kept.unwrap().evidence))


def classify_by_probe(
    video: VideoId, spans: Sequence[Span], probe: str, ports: ProbePorts
) -> Outcome[Classified, ProbeFailure]:
    """What each span of a video is, by a probe that the user trained."""
    loaded = ports.kit.load(probe)
    if isinstance(loaded, Failure):
        return loaded
    saved: SavedProbe = loaded.unwrap()
    if saved.probe.space != ports.space:
        return Failure(OtherProbe(probe, named(saved.probe.space), named(ports.space)))
    rows = _motion_of(video, ports)
    if isinstance(rows, Failure):
        return rows
    clips = [rows_in(rows.unwrap(), video, span) for span in spans]
    seen = [(span, clip) for span, clip in zip(spans, clips, strict=True) if len(clip)]
    told = saved.probe.classify([clip for _, clip in seen])
    if isinstance(told, Failure):
        return told
    labelled = labellings(saved.probe.labels, [span for span, _ in seen], told.unwrap())
    return Success(Classified(video, labelled, saved.evidence, saved.held_out))


def named(space: Space[Motion]) -> str:
    return f"{space.model_id} ({space.revision})"


def labellings(
    labels: Sequence[str], spans: Sequence[Span], probabilities: Probabilities
) -> tuple[Labelling, ...]:
    """Each span with all labels, likeliest first; ties in the labels' order."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return tuple(
        Labelling(span, tuple((labels[i], float(row[i])) for i in best))
        for span, row, best in zip(spans, probabilities, order.tolist(), strict=True)
    )


def rows_in(rows: LayerRows[Motion], video: VideoId, span: Span) -> Embeddings[Motion]:
    """The rows of a video on in a span, at most `MAX_ROWS`, evenly thinned; none where none is."""
    part = rows.of_video(video)
    on = np.flatnonzero((rows.start_s[part] < span.end_s) & (rows.end_s[part] > span.start_s))
    if len(on) > MAX_ROWS:
        on = on[np.linspace(0, len(on) - 1, MAX_ROWS).round().astype(np.int64)]
    return Embeddings(rows.space, np.array(rows.rows[part][on], dtype=np.float32))


def _motion(ports: ProbePorts) -> Outcome[LayerRows[Motion], LibraryFailure]:
    view = ports.library.view()
    if isinstance(view, Failure):
        return view
    return layer_rows(view.unwrap(), Layer.MOTION, ports.space)


def _motion_of(
    video: VideoId, ports: ProbePorts
) -> Outcome[LayerRows[Motion], LibraryFailure | NotIndexed]:
    """As `_motion`, for a video that has any."""
    view = ports.library.view()
    if isinstance(view, Failure):
        return view
    record = view.unwrap().video(video)
    if isinstance(record, Failure):
        return record
    if record.unwrap().record(Stage.MOTION) is None:
        return Failure(not_indexed(record.unwrap(), "motion over time"))
    return layer_rows(view.unwrap(), Layer.MOTION, ports.space)


def _examples(
    path: str,
    table: Sequence[LabelledSpan],
    videos: Sequence[VideoId],
    rows: LayerRows[Motion],
) -> Outcome[tuple[Embeddings[Motion], ...], BadLabels]:
    clips: list[Embeddings[Motion]] = []
    for row, video in zip(table, videos, strict=True):
        clip = rows_in(rows, video, row.span)
        if not len(clip):
            reason = f"nothing of {row.video} is indexed in that span; check its times"
            return Failure(BadLabels(path, row.line, reason))
        clips.append(clip)
    return Success(tuple(clips))
