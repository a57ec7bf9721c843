"""What was seen of a video before a moment: frames from the file, and their rows.

Rows of the library have seen what comes after them (windows overlap), so foresight never starts
from them: the observed frames are decoded and encoded anew, and nothing later is.
"""

from math import ceil
from typing import TypeAlias

import attrs
import numpy as np
from attrs import field, frozen
from attrs.validators import gt, le
from returns.result import Failure, Success

from kuavi.apps.usecases.look import LookFailure, frames_at
from kuavi.apps.usecases.ports import ForesightPorts, LookPorts
from kuavi.apps.usecases.scenes import NotIndexed, not_indexed
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Times
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import AtTimes, Frame, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion
from kuavi.domain.spans import Span, clock
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.models import ModelFailure

OBSERVED_STEPS = 16
"""So many steps before a moment are looked at, at most."""
PICTURE_SIDE = 640
LONGEST_HORIZON_S = 600.0
REACH = 0.05
"""What is asked beyond a whole step by less than this share of one, asks for no further step."""


@frozen
class Ask:
    """What comes after `at_s`, up to `horizon_s` later; `since_s`: what was before counts not."""

    video: VideoId
    at_s: float = field(validator=gt(0))
    horizon_s: float = field(default=4.0, validator=[gt(0), le(LONGEST_HORIZON_S)])
    since_s: float | None = None
    limit: int = field(default=5, validator=attrs.validators.ge(1))


@frozen
class NothingBefore:
    """A moment from which nothing can be foreseen."""

    title: str
    at_s: float
    reason: str

    def __str__(self) -> str:
        return f"{self.title}: nothing to foresee from at {clock(self.at_s)}: {self.reason}"


ObserveFailure: TypeAlias = LookFailure | ModelFailure | NothingBefore


@frozen(eq=False)
class Sampling:
    """When a video was sampled, (n,) ascending, and the usual distance of two samples."""

    times_s: Times = field(repr=False)
    every_s: float


@frozen(eq=False)
class Observed:
    """Frames before a moment, a multiple of the step, and a unit row for each step of them.

    `ahead` are the steps of `step_s` seconds that reach as far as was asked: step 0 begins at
    `next_s`, where the next picture would have been sampled.
    """

    record: VideoRecord
    frames: tuple[Frame, ...] = field(repr=False)
    rows: Embeddings[Motion]
    span: Span
    next_s: float
    step_s: float
    ahead: tuple[int, ...]

    def ahead_span(self, step: int) -> Span:
        start_s = self.next_s + step * self.step_s
        return Span(start_s, start_s + self.step_s)


def sampling_of(
    view: LibraryView, record: VideoRecord, ports: ForesightPorts
) -> Outcome[Sampling, LibraryFailure | NotIndexed]:
    """From the library's motion rows: those times are looked at again."""
    read = view.motion(ports.clips.space, only=record.id)
    if isinstance(read, Failure):
        return read
    times = read.unwrap().start_s
    if len(times) < 2:
        return Failure(not_indexed(record, "motion over time"))
    return Success(Sampling(times, usual_distance_s(times)))


def usual_distance_s(times_s: Times) -> float:
    """The mean distance of neighbours (n,), n >= 2, without those across a gap.

    A median would be off where samples can't be even: 4 a second of 25 are 0.24 or 0.28 s apart.
    """
    apart = np.diff(times_s)
    return float(apart[apart <= 1.5 * np.median(apart)].mean())


def observe(
    ask: Ask, view: LibraryView, ports: ForesightPorts
) -> Outcome[Observed, ObserveFailure]:
    """Look at what came before the moment, and encode it."""
    found = view.video(ask.video)
    if isinstance(found, Failure):
        return found
    record = found.unwrap()
    sampled = sampling_of(view, record, ports)
    if isinstance(sampled, Failure):
        return sampled
    sampling, step = sampled.unwrap(), step_of(ports)
    step_s = step * sampling.every_s
    n_ahead = max(ceil(ask.horizon_s / step_s - REACH), 1)
    times = _before(ask, sampling, _room(n_ahead, ports) * step)
    whole = len(times) // step * step
    if not whole or (record.span is not None and ask.at_s > record.span.end_s):
        return Failure(NothingBefore(record.title, ask.at_s, _why(ask, record, len(times), step)))
    frames = frames_at(
        record, View(AtTimes(tuple(times[-whole:].tolist())), PICTURE_SIDE), _looking(ports)
    )
    if isinstance(frames, Failure):
        return frames
    if len(frames.unwrap()) != whole:
        reason = f"{len(frames.unwrap())} of {whole} pictures before it can be read"
        return Failure(NothingBefore(record.title, ask.at_s, reason))
    return _encoded(frames.unwrap(), record, ask.at_s, (step_s, n_ahead), ports)


def step_of(ports: ForesightPorts) -> int:
    """Frames a step."""
    return ports.clips.step if ports.predictor is None else ports.predictor.step


def _room(n_ahead: int, ports: ForesightPorts) -> int:
    """How many steps to look at: what is asked and what is seen should fit what was trained."""
    if ports.predictor is None:
        return OBSERVED_STEPS
    return max(min(OBSERVED_STEPS, ports.predictor.trained_steps - n_ahead), 1)


def _before(ask: Ask, sampling: Sampling, most: int) -> Times:
    since_s = -np.inf if ask.since_s is None else ask.since_s
    times = sampling.times_s
    seen: Times = times[(times < ask.at_s) & (times >= since_s)][-most:]
    return seen


def _why(ask: Ask, record: VideoRecord, n_frames: int, step: int) -> str:
    if record.span is not None and ask.at_s > record.span.end_s:
        return f"the video ends at {clock(record.span.end_s)}"
    return f"only {n_frames} sampled pictures lie before it, {step} are needed"


def _looking(ports: ForesightPorts) -> LookPorts:
    return LookPorts(ports.library, ports.files, ports.reader, ports.pictures)


def _encoded(
    frames: tuple[Frame, ...],
    record: VideoRecord,
    at_s: float,
    ahead: tuple[float, int],
    ports: ForesightPorts,
) -> Outcome[Observed, ObserveFailure]:
    step, (step_s, n_ahead) = step_of(ports), ahead
    rows = ports.clips.encode([frames])
    if isinstance(rows, Failure):
        return rows
    next_s = frames[-1].time_s + step_s / step
    span = Span(frames[0].time_s, max(min(next_s, at_s), frames[-1].time_s + 1e-3))
    steps = tuple(range(n_ahead))
    return Success(Observed(record, frames, rows.unwrap()[0], span, next_s, step_s, steps))
