"""What spans of a video are called by a released classifier, which looks at their pictures."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.look import LookFailure, NothingToSee, source
from kuavi.apps.usecases.ports import LookPorts
from kuavi.apps.usecases.probes import Classified, labellings
from kuavi.domain.layers import Times
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AtTimes, Frame, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.classifiers import ClipClassifier, Probabilities
from kuavi.ports.models import ModelFailure
from kuavi.ports.reader import Damaged

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


Clip: TypeAlias = tuple[int, tuple[Frame, ...]]
"""A span's number, and its pictures."""
ClassifyFailure: TypeAlias = LookFailure | ModelFailure


def classify_by_model(
    video: VideoRecord, spans: Sequence[Span], classifier: ClipClassifier, ports: LookPorts
) -> Outcome[Classified, ClassifyFailure]:
    """What each span is: one clip of evenly spaced pictures a span.

    The file is checked and decoded once, and a span is classified as soon as its pictures are
    there.  Spans after damage in the file have none, which is told.
    """
    told = dict[int, Probabilities]()
    for item in _clips(video, spans, classifier.frames, ports):
        if isinstance(item, Failure):
            return item
        number, clip = item.unwrap()
        answer = classifier.classify([clip])
        if isinstance(answer, Failure):
            return answer
        told[number] = answer.unwrap()
    rows = np.concatenate([np.zeros((0, len(classifier.labels))), *(told[i] for i in sorted(told))])
    labelled = labellings(classifier.labels, [spans[i] for i in sorted(told)], rows)
    unseen = tuple(span for i, span in enumerate(spans) if i not in told)
    return Success(Classified(video.id, labelled, classifier.evidence, unseen=unseen))


class _Gathering:
    """Gives each span its pictures when they are there, and holds no others.

    `times_s` are those at which a span is looked at, ascending, one array for each span.
    """

    def __init__(self, times_s: Sequence[Times]) -> None:
        self._times_s = times_s
        self._due = deque(sorted(range(len(times_s)), key=lambda i: float(times_s[i][-1])))
        self._held: list[Frame] = []

    @property
    def empty(self) -> bool:
        """Whether no picture has come yet."""
        return not self._held

    def push(self, frame: Frame) -> Iterator[Clip]:
        """The spans that ended before this picture."""
        while self._held and self._due and self._times_s[self._due[0]][-1] < frame.time_s:
            yield self._clip(self._due.popleft())
        self._held.append(frame)
        begins_s = min((float(self._times_s[i][0]) for i in self._due), default=np.inf)
        while len(self._held) > 1 and self._held[1].time_s <= begins_s:
            del self._held[0]

    def finish(self, *, whole: bool) -> Iterator[Clip]:
        """The spans still open; of a file that is not whole, those that began before its end."""
        for number in self._due:
            if whole or self._times_s[number][0] <= self._held[-1].time_s:
                yield self._clip(number)

    def _clip(self, number: int) -> Clip:
        """For each time the last picture that began by then, else the first; some may repeat."""
        starts = [frame.time_s for frame in self._held]
        on = np.searchsorted(starts, self._times_s[number], side="right") - 1
        return number, tuple(self._held[int(i)] for i in np.maximum(on, 0))


def _clips(
    video: VideoRecord, spans: Sequence[Span], n: int, ports: LookPorts
) -> Iterator[Outcome[Clip, LookFailure]]:
    """`n` pictures of each span, in the middles of its equal parts, as spans end."""
    if not spans:
        return
    times_s = [span.start_s + (np.arange(n) + 0.5) * span.duration_s / n for span in spans]
    gathering, whole = _Gathering(times_s), True
    for item in _pictures(video, np.unique(np.concatenate(times_s)), ports):
        if isinstance(item, Success):
            yield from map(Success, gathering.push(item.unwrap()))
        elif gathering.empty or not isinstance(item.failure(), Damaged):
            yield item
            return
        else:
            whole = False
    if gathering.empty:
        yield Failure(NothingToSee(video.title, "the spans asked for"))
        return
    yield from map(Success, gathering.finish(whole=whole))


def _pictures(
    video: VideoRecord, times_s: Times, ports: LookPorts
) -> Iterator[Outcome[Frame, LookFailure]]:
    """What is on screen at these times, from one decode."""
    path = source(video, ports.files)
    if isinstance(path, Failure):
        yield path
        return
    view = View(AtTimes(tuple(times_s.tolist())), PICTURE_SIDE)
    for item in ports.reader.frames(path.unwrap(), [view]):
        if isinstance(item, Failure):
            yield item
            return
        seen = item.unwrap()
        if isinstance(seen, Seen):
            yield Success(seen.frame)
