"""Repair: ask again for the worst of what is said of a video, and keep only what is better.

What is asked names the faults, so it is another question than the one that was answered badly.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import evolve, field, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.audit import said
from kuavi.apps.usecases.describing import describe, record_of
from kuavi.apps.usecases.mending import (
    Attempt,
    RepairFailure,
    RepairPlan,
    Run,
    T,
    mend_annotations,
    mend_captions,
)
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.scoring import frames_of, judged, scorer_of
from kuavi.apps.usecases.telling import NoTellers, repaired_key, spent_by
from kuavi.domain.annotation import Annotation
from kuavi.domain.budget import Spent, less
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Gap, Stage, VideoRecord, with_stage
from kuavi.domain.outcome import Outcome
from kuavi.ports.parts import Annotations, Captions, Part
from kuavi.ports.progress import Cancelled, StageDone, StagesPlanned


@frozen
class RepairReport:
    """What a run did.  `low` nodes were below the limit; `stopped` is why it ended early, or ""."""

    video: VideoRecord
    low: int
    attempts: tuple[Attempt, ...] = ()
    gaps: tuple[Gap, ...] = ()
    spent: Spent = field(factory=Spent)
    stopped: str = ""

    @property
    def complete(self) -> bool:
        return not self.stopped and not self.gaps

    @property
    def kept(self) -> tuple[Attempt, ...]:
        return tuple(one for one in self.attempts if one.kept)


Repaired: TypeAlias = Outcome[RepairReport, RepairFailure]


def repair(video: VideoId, plan: RepairPlan, ports: TellPorts) -> Repaired:
    """Captions first, annotations stand on them; then all that was better is put in, at once."""
    if ports.captioner is None and ports.aggregator is None:
        return Failure(NoTellers(NOTHING_TO_ASK))
    before = spent_by(ports)
    begun = _begun(video, plan, ports)
    if isinstance(begun, Failure):
        return begun
    run = begun.unwrap()
    found = judged(run.there.tree, run.captions, run.annotations, run.scorer)
    if isinstance(found, Failure):
        return found
    low = [one for one in found.unwrap() if one.quality.total < plan.below and one.faults]
    chosen = sorted(low, key=lambda one: one.quality.total)[: plan.worst]
    for step in (mend_captions, mend_annotations):
        done = Success(None) if run.stopped else step(run, chosen)
        if isinstance(done, Failure):
            return done
    saved = _save(run)
    if isinstance(saved, Failure):
        return saved
    if run.cancelled:
        return Failure(Cancelled())
    spent = less(spent_by(ports), before)
    report = RepairReport(saved.unwrap(), len(low), tuple(run.attempts), tuple(run.gaps), spent)
    return Success(evolve(report, stopped=run.stopped))


NOTHING_TO_ASK = (
    "repairing needs a model to ask again, and this caption preset has none; choose one with "
    "--caption-preset (`kuavi presets` lists them)"
)


def _begun(video: VideoId, plan: RepairPlan, ports: TellPorts) -> Outcome[Run, RepairFailure]:
    found = said(video, ports)
    if isinstance(found, Failure):
        return found
    there = found.unwrap()
    frames = frames_of(there, ports.joint)
    if isinstance(frames, Failure):
        return frames
    event = StagesPlanned(there.video.path, (Stage.CAPTIONS, Stage.ANNOTATIONS), ())
    told = ports.progress.report(event)
    if isinstance(told, Failure):
        return told
    scorer = scorer_of(there, frames.unwrap(), ports.text, ports.joint)
    captions, annotations = dict(there.captions), dict(there.annotations)
    return Success(Run(plan, ports, there, frames.unwrap(), scorer, captions, annotations))


def _save(run: Run) -> Outcome[VideoRecord, RepairFailure]:
    """What changed, and what search reads of it, in one commit.  Gives the record as it is then."""
    changes: tuple[tuple[Stage, Mapping[int, Caption | Annotation], Part], ...] = (
        (Stage.CAPTIONS, _changed(run.captions, run.there.captions), Captions(run.captions)),
        (
            Stage.ANNOTATIONS,
            _changed(run.annotations, run.there.annotations),
            Annotations(run.annotations),
        ),
    )
    video, parts, stages = run.there.video, list[Part](), list[Stage]()
    for stage, put_in, part in changes:
        record = video.record(stage)
        if put_in and record is not None:
            video = with_stage(video, evolve(record, key=repaired_key(record.key, put_in)))
            parts.append(part)
            stages.append(stage)
    if not parts:
        return Success(video)
    told = describe(run.there.tree, run.captions, run.annotations, run.ports.text)
    if isinstance(told, Failure):
        return told
    video = with_stage(video, record_of(video, run.ports.text, told.unwrap()))
    return _committed(run, video, [*parts, *told.unwrap()], [*stages, Stage.DESCRIPTIONS])


def _committed(
    run: Run, video: VideoRecord, parts: Sequence[Part], stages: Sequence[Stage]
) -> Outcome[VideoRecord, RepairFailure]:
    started = run.ports.clock.elapsed_s
    video = evolve(video, indexed_at=run.ports.clock.now)
    saved = run.ports.library.commit(video, parts)
    if isinstance(saved, Failure):
        return saved
    took_s = run.ports.clock.elapsed_s - started
    for record in video.stages:
        if record.stage in stages:
            event = StageDone(video.path, record.stage, record.items, took_s, record.gaps)
            run.cancelled |= isinstance(run.ports.progress.report(event), Failure)
    return Success(video)


def _changed(now: Mapping[int, T], before: Mapping[int, T]) -> dict[int, T]:
    return {node: one for node, one in now.items() if one != before[node]}
