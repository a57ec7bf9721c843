"""A predictor's errors over a whole video: each step foreseen from the steps before it."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.look import source
from kuavi.apps.usecases.observing import PICTURE_SIDE, NothingBefore, Sampling
from kuavi.apps.usecases.ports import ForesightPorts
from kuavi.apps.usecases.scenes import NotIndexed
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AtTimes, Frame, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.surprise import Surprise, SurpriseRule, judged, levelled
from kuavi.domain.windows import Windowing, window_starts
from kuavi.ports.files import FilesFailure
from kuavi.ports.predictors import PredictFailure, Predictor
from kuavi.ports.reader import NotReadable, ReadFailure

CONTEXT_STEPS = 8
AHEAD_STEPS = 4
"""Each step is foreseen from at least 8 steps before it, at most 4 steps ahead."""
BATCH = 4

StepFailure: TypeAlias = PredictFailure | ReadFailure | FilesFailure | NotIndexed | NothingBefore


@frozen
class _Clip:
    """Frames of a clip, the step it starts at, and the steps of it not yet judged."""

    first_step: int
    frames: tuple[Frame, ...]


@frozen(eq=False)
class _Judged:
    step: int
    ahead: int
    error: float


def predicted_surprise(
    record: VideoRecord,
    sampling: Sampling,
    predictor: Predictor,
    ports: ForesightPorts,
    rule: SurpriseRule,
) -> Outcome[Surprise, StepFailure]:
    """The surprise of each step after the first context, by the predictor's error."""
    step = predictor.step
    n_steps = len(sampling.times_s) // step
    size = min(CONTEXT_STEPS + AHEAD_STEPS, predictor.trained_steps)
    context = size - min(AHEAD_STEPS, max(size // 3, 1))
    if n_steps < size:
        reason = f"{n_steps} steps were sampled, {size} are needed to judge any"
        return Failure(NothingBefore(record.title, float(sampling.times_s[0]), reason))
    starts = window_starts(n_steps, Windowing(size, size - context))
    errors: dict[int, _Judged] = {}
    waiting = list[_Clip]()
    for item in _clips(record, sampling, (starts, size), step, ports):
        if isinstance(item, Failure):
            return item
        waiting.append(item.unwrap())
        if len(waiting) == BATCH or waiting[-1].first_step == starts[-1]:
            told = _judge(waiting, context, predictor, errors)
            if isinstance(told, Failure):
                return told
            waiting = []
    return Success(_as_surprise(list(errors.values()), sampling, step, rule))


def _clips(
    record: VideoRecord,
    sampling: Sampling,
    windows: tuple[Sequence[int], int],
    step: int,
    ports: ForesightPorts,
) -> Iterator[Outcome[_Clip, ReadFailure | FilesFailure | NotIndexed]]:
    """One decode of the sampled frames; holds those of one clip."""
    path = source(record, ports.files)
    if isinstance(path, Failure):
        yield path
        return
    starts, size = windows
    held, first, due = list[Frame](), 0, 0
    view = View(AtTimes(tuple(sampling.times_s.tolist())), PICTURE_SIDE)
    for item in ports.reader.frames(path.unwrap(), [view]):
        if isinstance(item, Failure):
            yield item
            return
        seen = item.unwrap()
        if not isinstance(seen, Seen):
            continue
        held.append(seen.frame)
        if len(held) + first == (starts[due] + size) * step:
            begin = starts[due] * step - first
            yield Success(_Clip(starts[due], tuple(held[begin:])))
            due += 1
            if due == len(starts):
                return
            drop = starts[due] * step - first
            held, first = held[drop:], first + drop
    yield Failure(NotReadable(path.unwrap(), "it shows fewer pictures than were indexed"))


def _judge(
    clips: Sequence[_Clip], context: int, predictor: Predictor, errors: dict[int, _Judged]
) -> Outcome[None, PredictFailure]:
    made = predictor.errors([clip.frames for clip in clips], context)
    if isinstance(made, Failure):
        return made
    for clip, values in zip(clips, made.unwrap(), strict=True):
        for ahead, error in enumerate(values.tolist()):
            at = clip.first_step + context + ahead
            errors.setdefault(at, _Judged(at, ahead, error))
    return Success(None)


def _as_surprise(
    steps: Sequence[_Judged], sampling: Sampling, step: int, rule: SurpriseRule
) -> Surprise:
    ordered = sorted(steps, key=lambda one: one.step)
    at = np.array([one.step for one in ordered], dtype=np.int64)
    error = levelled(
        np.array([one.error for one in ordered], dtype=np.float64),
        np.array([one.ahead for one in ordered], dtype=np.int64),
    )
    start_s = sampling.times_s[at * step]
    end_s = sampling.times_s[at * step + step - 1] + sampling.every_s
    before_s = sampling.times_s[at * step - 1]
    return judged(before_s, start_s, end_s, error, rule)
