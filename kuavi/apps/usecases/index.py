"""Index: take a video up to a tier, stage by stage, doing only what isn't done.

Each finished stage is committed at once, so that an interrupted run goes on where it stopped.  What
fails in one stage is told and leaves the others alone; the next run tries it again.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.apps.usecases.decode import DECODED, Decoded, Tick, decode
from kuavi.apps.usecases.losses import lost_gaps
from kuavi.apps.usecases.maps import no_maps
from kuavi.apps.usecases.places import places
from kuavi.apps.usecases.ports import IndexPorts
from kuavi.apps.usecases.report import IndexReport, Trouble
from kuavi.apps.usecases.row_store import Waiting
from kuavi.apps.usecases.settings import makers, planned_stages, settings
from kuavi.apps.usecases.stages import Made, WorkFailure, embed_text, hear, plant_tree, read_screen
from kuavi.domain.fingerprint import Fingerprint, VideoId, video_id
from kuavi.domain.manifest import (
    NEEDS,
    Gap,
    Stage,
    StageRecord,
    VideoRecord,
    stage_keys,
    stale,
    with_stage,
)
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.ports.files import FilesFailure
from kuavi.ports.library import (
    LibraryFailure,
    LibraryView,
    NoSuchVideo,
    Removed,
)
from kuavi.ports.parts import (
    Part,
)
from kuavi.ports.progress import Advanced, Cancelled, StageDone, StagesPlanned
from kuavi.ports.reader import ReadFailure

IndexFailure: TypeAlias = FilesFailure | ReadFailure | LibraryFailure | Cancelled


@frozen
class _Job:
    """One video's run: where it stands, what is to do, and the ports."""

    path: str
    plan: IndexPlan
    ports: IndexPorts
    keys: Mapping[Stage, Fingerprint]
    todo: tuple[Stage, ...]

    @property
    def looked(self) -> tuple[Stage, ...]:
        """Those of `todo` that look at pictures."""
        mapless = self.ports.scan.maps is None
        return tuple(s for s in self.todo if s in DECODED and not (mapless and s == Stage.FEATURES))

    def tick(self, stage: Stage, of_s: float) -> Tick:
        def told(done_s: float, frames: int) -> Outcome[None, Cancelled]:
            return self.ports.progress.report(Advanced(self.path, stage, done_s, of_s, frames))

        return told


def index_video(
    path: str, plan: IndexPlan, ports: IndexPorts
) -> Outcome[IndexReport, IndexFailure]:
    """Index one file; unchanged content with unchanged settings costs no more than reading it."""
    opened = _open(path, ports)
    if isinstance(opened, Failure):
        return opened
    video = opened.unwrap()
    known = _known(video.id, ports)
    if isinstance(known, Failure):
        return known
    before = known.unwrap()
    keys = stage_keys(video.content, settings(plan, ports), planned_stages(plan))
    todo = stale(before, keys)
    job = _Job(path, plan, ports, keys, todo)
    kept = tuple(stage for stage in keys if stage not in todo)
    told = ports.progress.report(StagesPlanned(path, todo, kept))
    if isinstance(told, Failure):
        return told
    if before is not None:
        video = evolve(video, span=before.span, stages=before.stages, paths=_paths(path, before))
    return _run(job, video, unchanged=before is not None and before.paths == video.paths)


def _open(path: str, ports: IndexPorts) -> Outcome[VideoRecord, IndexFailure]:
    content = ports.files.fingerprint(path)
    if isinstance(content, Failure):
        return content
    info = ports.reader.info(path)
    if isinstance(info, Failure):
        return info
    name = content.unwrap()
    return Success(VideoRecord(video_id(name), name, (path,), info.unwrap(), ports.clock.now))


def _known(video: VideoId, ports: IndexPorts) -> Outcome[VideoRecord | None, IndexFailure]:
    view = ports.library.view()
    if isinstance(view, Failure):
        return view
    found = view.unwrap().video(video)
    if isinstance(found, Success):
        return found
    return Success(None) if isinstance(found.failure(), NoSuchVideo) else found


def _paths(path: str, before: VideoRecord) -> tuple[str, ...]:
    return (path, *(other for other in before.paths if other != path))


def _run(job: _Job, video: VideoRecord, *, unchanged: bool) -> Outcome[IndexReport, IndexFailure]:
    report = IndexReport(job.path, video, kept=tuple(s for s in job.keys if s not in job.todo))
    if not job.todo:
        saved = Success(None) if unchanged else job.ports.library.commit(video)
        return saved if isinstance(saved, Failure) else _replace(job, report)
    looked = _look(job, report)
    if isinstance(looked, Failure):
        return looked
    report = looked.unwrap()
    for stage in job.todo:
        if stage not in job.looked:
            worked = _work(job, report, stage)
            if isinstance(worked, Failure):
                return worked
            report = worked.unwrap()
    return _replace(job, report)


def _look(job: _Job, report: IndexReport) -> Outcome[IndexReport, IndexFailure]:
    """The decode pass, if any stage needs it; then one commit a stage."""
    todo = job.looked
    if not todo:
        return Success(report)
    started_s = job.ports.clock.elapsed_s
    tick = job.tick(todo[0], report.video.info.duration_s)
    decoded = decode(job.path, job.plan, job.ports, todo, tick)
    if isinstance(decoded, Failure):
        return decoded
    seen = decoded.unwrap()
    report = evolve(report, video=evolve(report.video, span=seen.span))
    failed = tuple(Trouble(stage, str(reason)) for stage, reason in seen.failed.items())
    report = evolve(report, failed=(*report.failed, *failed))
    for stage, waiting in seen.parts.items():
        took_s = job.ports.clock.elapsed_s - started_s
        saved = _save_waiting(job, report, stage, (waiting, _damage(seen, stage, report)), took_s)
        if isinstance(saved, Failure):
            return saved
        report = saved.unwrap()
    return Success(report)


def _save_waiting(
    job: _Job,
    report: IndexReport,
    stage: Stage,
    waiting: tuple[Waiting, tuple[Gap, ...]],
    took_s: float,
) -> Outcome[IndexReport, IndexFailure]:
    """One commit of the decode pass; its part is in memory no longer than that."""
    part = waiting[0].part()
    if isinstance(part, Failure):
        trouble = Trouble(stage, str(part.failure()))
        return Success(evolve(report, failed=(*report.failed, trouble)))
    return _save(job, report, stage, ((part.unwrap(),), waiting[1]), took_s)


def _damage(seen: Decoded, stage: Stage, report: IndexReport) -> tuple[Gap, ...]:
    """What the pass did not see."""
    info = report.video.info
    gaps = lost_gaps(stage, seen.lost, seen.span)
    if info.unread and stage == Stage.VISUAL:
        reason = f"only the first video track is indexed; the file also has {info.unread}"
        gaps = (*gaps, Gap(stage, reason))
    if seen.damage is None:
        return gaps
    end_s = info.duration_s
    rest = Span(seen.span.end_s, end_s) if end_s > seen.span.end_s else None
    reason = f"the file is damaged from {seen.damage.at_s:.1f} s on: {seen.damage.reason}"
    return (*gaps, Gap(stage, reason, rest))


def _work(job: _Job, report: IndexReport, stage: Stage) -> Outcome[IndexReport, IndexFailure]:
    """One stage after the decode pass.  What the stage can't do is told in the report."""
    missing = _missing(job, report.video, stage)
    if missing:
        lacking = Trouble(stage, f"needs {', '.join(missing)}, which could not be made")
        return Success(evolve(report, failed=(*report.failed, lacking)))
    view = job.ports.library.view()
    if isinstance(view, Failure):
        return view
    there = view.unwrap().video(report.video.id)
    if isinstance(there, Failure):
        return _gone(report, there.failure())
    started_s = job.ports.clock.elapsed_s
    made = _made(job, report.video, stage, view.unwrap())
    if isinstance(made, Failure):
        reason = made.failure()
        if isinstance(reason, Cancelled):
            return Failure(reason)
        return Success(evolve(report, failed=(*report.failed, Trouble(stage, str(reason)))))
    parts, gaps = made.unwrap()
    if not parts:
        reasons = gaps[0].reason if gaps else "nothing came of it"
        return Success(evolve(report, failed=(*report.failed, Trouble(stage, reasons))))
    return _save(job, report, stage, (parts, gaps), job.ports.clock.elapsed_s - started_s)


def _gone(report: IndexReport, reason: LibraryFailure) -> Outcome[IndexReport, IndexFailure]:
    """Of no use is work on a video that was removed meanwhile."""
    lost = tuple(record.stage for record in report.video.stages)
    return Failure(
        Removed(report.path, lost) if lost and isinstance(reason, NoSuchVideo) else reason
    )


def _missing(job: _Job, video: VideoRecord, stage: Stage) -> list[Stage]:
    """What the stage builds on that is not there as planned."""
    there = {record.stage: record.key for record in video.stages}
    planned = (need for need in NEEDS[stage] if need in job.keys)
    return [need for need in planned if there.get(need) != job.keys[need]]


def _made(
    job: _Job, video: VideoRecord, stage: Stage, view: LibraryView
) -> Outcome[Made, WorkFailure]:
    if stage == Stage.FEATURES:
        nothing, why = no_maps(job.ports)
        return Success(((nothing,), (why,)))
    words = job.ports.words
    span = video.span
    if span is None or (words is None and stage != Stage.TREE):
        raise AssertionError(f"stage {stage} was planned without what it needs")
    tick = job.tick(stage, span.duration_s)
    if stage == Stage.TREE or words is None:
        return plant_tree(video, span, job.plan, view, job.ports)
    if stage == Stage.TRANSCRIPT:
        return hear(job.path, job.ports, words, tick)
    if stage == Stage.SCREEN:
        return read_screen(video.id, view, job.ports, words, tick)
    spoken, written = view.utterances(video.id), view.screen(video.id)
    if isinstance(spoken, Failure):
        return spoken
    if isinstance(written, Failure):
        return written
    return embed_text(spoken.unwrap(), written.unwrap(), words.text)


def _save(
    job: _Job, report: IndexReport, stage: Stage, made: Made, took_s: float
) -> Outcome[IndexReport, IndexFailure]:
    parts, gaps = made
    model, evidence = makers(job.ports)[stage]
    record = StageRecord(stage, job.keys[stage], _count(parts), evidence, model, gaps)
    video = with_stage(evolve(report.video, indexed_at=job.ports.clock.now), record)
    saved = job.ports.library.commit(video, parts)
    if isinstance(saved, Failure):
        return saved
    told = job.ports.progress.report(StageDone(job.path, stage, record.items, took_s, gaps))
    if isinstance(told, Failure):
        return told
    return Success(evolve(report, video=video, done=(*report.done, stage)))


def _count(parts: Sequence[Part]) -> int:
    return sum(part.items for part in parts)


def _replace(job: _Job, report: IndexReport) -> Outcome[IndexReport, IndexFailure]:
    """Other videos that were found at this path give way to this one.

    A run that was killed before it came to that leaves it to the next.
    """
    at_path = places(job.ports.library)
    if isinstance(at_path, Failure):
        return at_path
    if at_path.unwrap().get(job.path, frozenset()) <= {report.video.id}:
        return Success(report)
    lost = job.ports.library.claim(report.video.id, job.path)
    if isinstance(lost, Failure):
        return lost
    return Success(evolve(report, replaced=(*report.replaced, *lost.unwrap())))
