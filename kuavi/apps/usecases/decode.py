"""The decode pass: one streaming decode that serves every stage that looks at pictures."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.collect import (
    ClipCollector,
    FrameCollector,
    KeyframeCollector,
    PictureCollector,
    ShotCollector,
)
from kuavi.apps.usecases.losses import with_loss
from kuavi.apps.usecases.maps import MapCollector
from kuavi.apps.usecases.ports import IndexPorts
from kuavi.apps.usecases.row_store import AtHand, StoredRows, Waiting
from kuavi.domain.keyframes import Kept
from kuavi.domain.layers import Layer, Times
from kuavi.domain.manifest import LOOKED, Stage
from kuavi.domain.media import ByRate, Ended, FrameItem, Lost, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.shots import Cut
from kuavi.domain.spans import Span
from kuavi.domain.words import TaggedMoment
from kuavi.ports.models import ModelFailure
from kuavi.ports.parts import Cuts, Tags
from kuavi.ports.pictures import BadImage
from kuavi.ports.progress import Cancelled
from kuavi.ports.reader import Damaged, NotReadable, ReadFailure
from kuavi.ports.scratch import ScratchFailed

DECODED = LOOKED
"""The stages that this pass serves."""

SHOT_STAGES = {Stage.SHOTS, Stage.KEYFRAMES, Stage.TAGS}
"""Those that need to know the cuts."""

SAMPLED = 0
"""The position of the sampled view."""

StageFailure = ModelFailure | BadImage | ScratchFailed
PassFailure = ReadFailure | Cancelled
Tick = Callable[[float, int], Outcome[None, Cancelled]]
"""Told of the time reached, in seconds, and of the pictures looked at until then."""


@frozen(eq=False)
class Decoded:
    """What a pass made: the video's span, a part per stage that worked, a reason per one that not.

    Rows wait outside memory: take one part at a time.  `damage` says where decoding stopped early,
    if it did; `lost` what did not decode before that.
    """

    span: Span
    parts: dict[Stage, Waiting]
    failed: dict[Stage, StageFailure]
    damage: Damaged | None
    lost: tuple[Lost, ...]


class _Pass:
    """The state of one pass.  A stage that fails is dropped; the others go on."""

    def __init__(self, plan: IndexPlan, ports: IndexPorts, todo: Sequence[Stage]) -> None:
        self._ports = ports
        self.todo = set(todo)
        self.failed: dict[Stage, StageFailure] = {}
        self._starts: list[float] = []
        self.end_s = 0.0
        self.lost: list[Lost] = []
        self._shots = self._started()
        self._keys = KeyframeCollector(plan.keyframe_every_s)
        self._frames = FrameCollector(ports.scan.joint, ports.scratch)
        self._clips = ClipCollector(ports.scan.clips, plan.windowing, ports.scratch)
        self._pictures = PictureCollector(ports.pictures, ports.scratch)
        self._tags: list[TaggedMoment] = []
        maps = ports.scan.maps
        self._maps = None if maps is None else MapCollector(maps, plan, ports.scratch)

    def _started(self) -> ShotCollector | None:
        if not self.todo & SHOT_STAGES:
            return None
        tracker = self._ports.scan.shots.start()
        if isinstance(tracker, Failure):
            self._drop(tracker.failure(), *SHOT_STAGES)
            return None
        return ShotCollector(tracker.unwrap())

    def _drop(self, reason: StageFailure, *stages: Stage) -> None:
        for stage in stages:
            if stage in self.todo:
                self.todo.discard(stage)
                self.failed[stage] = reason

    def see(self, seen: FrameItem) -> None:
        if isinstance(seen, Ended):
            self.end_s = seen.end_s
            return
        if isinstance(seen, Lost):
            with_loss(self.lost, seen)
            return
        self.end_s = max(self.end_s, seen.until_s)
        if seen.view == SAMPLED:
            self._sample(seen)
        elif self._shots is not None:
            self._cut(self._shots.push(seen.frame))

    def _cut(self, found: Outcome[tuple[Cut, ...], ModelFailure]) -> None:
        if isinstance(found, Failure):
            self._shots = None
            self._drop(found.failure(), *SHOT_STAGES)
            return
        for cut in found.unwrap():
            self._keep(self._keys.cut(cut))

    def _sample(self, seen: Seen) -> None:
        self._starts.append(seen.frame.time_s)
        if self.todo & {Stage.KEYFRAMES, Stage.TAGS}:
            self._keep(self._keys.push(seen.frame))
        if Stage.VISUAL in self.todo:
            pushed = self._frames.push(seen.frame)
            if isinstance(pushed, Failure):
                self._drop(pushed.failure(), Stage.VISUAL)
        if Stage.MOTION in self.todo:
            pushed = self._clips.push(seen.frame)
            if isinstance(pushed, Failure):
                self._drop(pushed.failure(), Stage.MOTION)
        if Stage.FEATURES in self.todo and self._maps is not None:
            put = self._maps.push(seen.frame)
            if isinstance(put, Failure):
                self._drop(put.failure(), Stage.FEATURES)

    def _keep(self, kept: Sequence[Kept]) -> None:
        for one in kept:
            if Stage.KEYFRAMES in self.todo:
                put = self._pictures.push(one)
                if isinstance(put, Failure):
                    self._drop(put.failure(), Stage.KEYFRAMES)
            if Stage.TAGS in self.todo:
                tags = self._ports.scan.tagger.tag([one.frame])
                if isinstance(tags, Failure):
                    self._drop(tags.failure(), Stage.TAGS)
                else:
                    self._tags.append(TaggedMoment(one.frame.time_s, tags.unwrap()[0]))

    def end(self) -> dict[Stage, Waiting]:
        """The parts of the stages that worked."""
        if self._shots is not None:
            self._cut(self._shots.finish())
        self._keep(self._keys.finish(self.end_s))
        parts: dict[Stage, Waiting] = {}
        if Stage.SHOTS in self.todo and self._shots is not None:
            parts[Stage.SHOTS] = AtHand(Cuts(tuple(self._shots.cuts)))
        if Stage.KEYFRAMES in self.todo:
            parts[Stage.KEYFRAMES] = AtHand(self._pictures.finish())
        if Stage.TAGS in self.todo:
            parts[Stage.TAGS] = AtHand(Tags(tuple(self._tags)))
        return parts | self._rows() | self._mapped()

    def _mapped(self) -> dict[Stage, Waiting]:
        if Stage.FEATURES not in self.todo or self._maps is None:
            return {}
        maps = self._maps.finish(self.end_s)
        if isinstance(maps, Failure):
            self._drop(maps.failure(), Stage.FEATURES)
            return {}
        return {Stage.FEATURES: AtHand(maps.unwrap())}

    def _rows(self) -> dict[Stage, Waiting]:
        start_s: Times = np.array(self._starts)
        end_s: Times = np.append(start_s[1:], self.end_s)
        parts: dict[Stage, Waiting] = {}
        if Stage.VISUAL in self.todo:
            visual = self._frames.finish()
            if isinstance(visual, Failure):
                self._drop(visual.failure(), Stage.VISUAL)
            else:
                parts[Stage.VISUAL] = StoredRows(Layer.VISUAL, visual.unwrap(), start_s, end_s)
        if Stage.MOTION in self.todo:
            motion = self._clips.finish()
            if isinstance(motion, Failure):
                self._drop(motion.failure(), Stage.MOTION)
            else:
                parts[Stage.MOTION] = StoredRows(Layer.MOTION, motion.unwrap(), start_s, end_s)
        return parts


def decode(
    path: str,
    plan: IndexPlan,
    ports: IndexPorts,
    todo: Sequence[Stage],
    tick: Tick,
) -> Outcome[Decoded, PassFailure]:
    """Decode a video once for all of `todo` (stages of `DECODED`).

    `tick` is told how far the pass has come, and may ask to stop.  A file that breaks
    off gives what came before; one that gives no picture at all is a failure.
    """
    views = [View(ByRate(plan.sample_fps), plan.picture_side)]
    if SHOT_STAGES & set(todo):
        views.append(ports.scan.shots.view)
    run = _Pass(plan, ports, todo)
    stopped = _watch(ports.reader.frames(path, views), run, tick, len(views) - 1)
    if stopped is not None and not isinstance(stopped, Damaged):
        return Failure(stopped)
    if run.end_s <= 0:
        return Failure(stopped or NotReadable(path, "no picture in it can be decoded"))
    if stopped is not None:
        run.end_s = max(run.end_s, stopped.at_s)
    parts = run.end()
    return Success(Decoded(Span(0.0, run.end_s), parts, run.failed, stopped, tuple(run.lost)))


def _watch(
    items: Iterator[Outcome[FrameItem, ReadFailure]], run: _Pass, tick: Tick, counted: int
) -> PassFailure | None:
    """Show the run every item; what stopped that before the end, if anything did.

    The pictures of the view at position `counted` are those that the pass is said to look at.
    """
    frames = 0
    for outcome in items:
        if isinstance(outcome, Failure):
            return outcome.failure()
        item = outcome.unwrap()
        run.see(item)
        if not isinstance(item, Seen):
            continue
        frames += item.view == counted
        if item.view == SAMPLED:
            told = tick(item.frame.time_s, frames)
            if isinstance(told, Failure):
                return told.failure()
    return None
