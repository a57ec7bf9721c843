"""Enhance: put an indexed video, or a part of it, into words; only what is stale is made.

What stands in the library is committed stage by stage, also when a run stops early, so that the
next one goes on from there.
"""

from collections.abc import Sequence
from typing import TypeAlias

from attrs import define, evolve, field
from returns.result import Failure, Success

from kuavi.apps.usecases.annotating import Annotating, annotate_nodes, annotations_base
from kuavi.apps.usecases.captioning import Captioned, Due, caption_nodes, name_actions
from kuavi.apps.usecases.describing import describe, descriptions_key, record_of
from kuavi.apps.usecases.look import source
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.stored import Stored, stored
from kuavi.apps.usecases.telling import (
    Counts,
    EnhanceFailure,
    EnhanceReport,
    NoTellers,
    base_key,
    fresh_nodes,
    gaps_now,
    identities,
    is_unnamed,
    mixed_key,
    repair_mark,
    spent_by,
)
from kuavi.apps.usecases.to_caption import Selection, select
from kuavi.domain.annotation import Annotation
from kuavi.domain.budget import less
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import Fingerprint, Json, VideoId
from kuavi.domain.manifest import Gap, Stage, StageRecord, VideoRecord, with_stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.ports.parts import Annotations, Captions, Part
from kuavi.ports.progress import Cancelled, StageDone, StagesPlanned

Enhanced: TypeAlias = Outcome[EnhanceReport, EnhanceFailure]


@define
class _Run:
    """One video's run: where it stands, and what it found."""

    plan: TellPlan
    ports: TellPorts
    before: Stored
    video: VideoRecord
    captions: dict[int, Caption]
    annotations: dict[int, Annotation]
    counts: Counts = field(factory=Counts)
    gaps: list[Gap] = field(factory=list)
    stopped: str = ""
    cancelled: bool = False

    def commit(self, record: StageRecord, parts: Sequence[Part]) -> Outcome[None, EnhanceFailure]:
        started = self.ports.clock.elapsed_s
        self.video = evolve(with_stage(self.video, record), indexed_at=self.ports.clock.now)
        saved = self.ports.library.commit(self.video, parts)
        if isinstance(saved, Failure):
            return saved
        took_s = self.ports.clock.elapsed_s - started
        event = StageDone(self.video.path, record.stage, record.items, took_s, record.gaps)
        if isinstance(self.ports.progress.report(event), Failure):
            self.stopped, self.cancelled = str(Cancelled()), True
        return Success(None)


def enhance_video(video: VideoId, plan: TellPlan, ports: TellPorts) -> Enhanced:
    """Captions and brief actions (FAST), annotations too (FULL), then what search reads of them."""
    if ports.captioner is None and (ports.aggregator is None or plan.mode is Mode.FAST):
        return Failure(NoTellers(_nothing_to_ask(plan)))
    before = spent_by(ports)
    begun = _begun(video, plan, ports)
    if isinstance(begun, Failure):
        return begun
    run = begun.unwrap()
    steps = [_caption, _annotate] if plan.mode is Mode.FULL else [_caption]
    for step in steps:
        done = step(run)
        if isinstance(done, Failure):
            return done
        if run.stopped:
            break
    told = _describe(run)
    if isinstance(told, Failure):
        return told
    if run.cancelled:
        return Failure(Cancelled())
    spent = less(spent_by(ports), before)
    return Success(EnhanceReport(run.video, run.counts, tuple(run.gaps), spent, run.stopped))


def _nothing_to_ask(plan: TellPlan) -> str:
    what = "captions" if plan.mode is Mode.FAST else "captions and annotations"
    return (
        f"{what} need a model, and this caption preset has none; choose one with "
        "--caption-preset (`kuavi presets` lists them)"
    )


def _begun(video: VideoId, plan: TellPlan, ports: TellPorts) -> Outcome[_Run, EnhanceFailure]:
    found = stored(video, ports.library)
    if isinstance(found, Failure):
        return found
    there = found.unwrap()
    stages = [Stage.CAPTIONS, Stage.DESCRIPTIONS]
    if plan.mode is Mode.FULL:
        stages.insert(1, Stage.ANNOTATIONS)
    event = StagesPlanned(there.video.path, tuple(stages), ())
    told = ports.progress.report(event)
    if isinstance(told, Failure):
        return told
    return Success(
        _Run(plan, ports, there, there.video, dict(there.captions), dict(there.annotations))
    )


REVISION = "1"
"""Grows whenever prompts, or which pictures are shown, change."""


def captions_base(video: VideoRecord, plan: TellPlan, ports: TellPorts) -> Fingerprint:
    """What captions depend on: the tree, the pictures, the models, the prompts."""
    told: list[Json] = [plan.clip_frames, plan.picture_side, REVISION]
    models = identities(
        None if ports.captioner is None else ports.captioner.model,
        None if ports.aggregator is None else ports.aggregator.model,
    )
    return base_key(video, Stage.CAPTIONS, [Stage.TREE], [*told, *models])


def _caption(run: _Run) -> Outcome[None, EnhanceFailure]:
    """Captions and brief actions of the nodes that have none made so."""
    captioner, aggregator = run.ports.captioner, run.ports.aggregator
    base, there = captions_base(run.video, run.plan, run.ports), dict(run.captions)
    if captioner is None:
        return Success(None)
    selected = _selected(run)
    if isinstance(selected, Failure):
        return selected
    selection = selected.unwrap()
    fresh = fresh_nodes(run.video.record(Stage.CAPTIONS), base, there, run.before.tree)
    made = Captioned(dict(there), fresh)
    due = {n: times for n, times in selection.times_s.items() if n not in made.fresh}
    path = source(run.video, run.ports.files) if due else Success(run.video.path)
    if isinstance(path, Failure):
        return path
    work = Due(path.unwrap(), run.before.tree, due)
    caption_nodes(work, run.plan, captioner, run.ports, made)
    if aggregator is not None and not made.stopped:
        name_actions(work, selection.times_s, aggregator, made)
    _lend(selection, made)
    run.counts = evolve(
        run.counts,
        captioned=len(made.new),
        kept=len(selection.times_s) - len(due),
        alike=len(selection.alike),
        dead=len(made.dead),
    )
    return _save_captions(run, base, made)


def _selected(run: _Run) -> Outcome[Selection, EnhanceFailure]:
    rows = run.before.view.visual(run.ports.joint.space, only=run.video.id)
    if isinstance(rows, Failure):
        return rows
    most = run.plan.clip_frames if run.ports.captioner is None else run.ports.captioner.max_frames
    plan = evolve(run.plan, clip_frames=min(run.plan.clip_frames, most))
    return Success(select(run.before.tree, plan, rows.unwrap()))


def _lend(selection: Selection, made: Captioned) -> None:
    """A node that looks as another has its caption, unless it has one of its own."""
    for node, other in selection.alike.items():
        lent = node in made.fresh and made.captions[node].text == made.captions[other].text
        if other in made.fresh and (node not in made.fresh or lent):
            made.captions[node] = made.captions[other]
            made.fresh.add(node)


def _save_captions(run: _Run, base: Fingerprint, made: Captioned) -> Outcome[None, EnhanceFailure]:
    run.gaps += made.gaps
    run.stopped, run.cancelled = made.stopped, made.cancelled
    run.captions = made.captions
    captioner, before = run.ports.captioner, run.video.record(Stage.CAPTIONS)
    mark = repair_mark(before, base, run.before.captions)
    key = mixed_key(base, made.captions, made.fresh, mark)
    filled = [
        n for n in made.fresh if run.ports.aggregator is None or not is_unnamed(made.captions[n])
    ]
    gaps = gaps_now(before, made.gaps, [run.before.tree.span_of(node) for node in filled])
    untouched = made.captions == run.before.captions and not made.captions.keys() <= made.fresh
    if captioner is None or not made.captions or untouched or _is_as(before, key, gaps):
        return Success(None)
    record = StageRecord(
        Stage.CAPTIONS,
        key,
        len(made.captions),
        captioner.evidence,
        captioner.model,
        gaps,
    )
    return run.commit(record, [Captions(made.captions)])


def _is_as(before: StageRecord | None, key: Fingerprint, gaps: tuple[Gap, ...]) -> bool:
    """Whether nothing has to be saved."""
    return before is not None and before.key == key and set(before.gaps) == set(gaps)


def _annotate(run: _Run) -> Outcome[None, EnhanceFailure]:
    """Annotations of inner nodes that are long enough and have none made so."""
    aggregator = run.ports.aggregator
    if aggregator is None:
        run.gaps.append(Gap(Stage.ANNOTATIONS, "this caption preset has no model that annotates"))
        return Success(None)
    base, there = (
        annotations_base(run.video, run.plan, aggregator, run.ports),
        run.before.annotations,
    )
    tree, before = run.before.tree, run.video.record(Stage.ANNOTATIONS)
    fresh = fresh_nodes(before, base, there, tree)
    work = Annotating(run.video, tree, run.captions, dict(there), fresh)
    asked = annotate_nodes(work, run.plan, aggregator, run.before.view, run.ports)
    if isinstance(asked, Failure):
        return asked
    run.annotations = work.annotations
    run.gaps += work.gaps
    run.stopped, run.cancelled = work.stopped, work.cancelled
    run.counts = evolve(run.counts, annotated=work.new)
    key = mixed_key(base, work.annotations, work.fresh, repair_mark(before, base, there))
    gaps = gaps_now(before, work.gaps, [tree.span_of(node) for node in work.fresh])
    if not work.annotations or _is_as(before, key, gaps):
        return Success(None)
    record = StageRecord(
        Stage.ANNOTATIONS,
        key,
        len(work.annotations),
        aggregator.evidence,
        aggregator.model,
        gaps,
    )
    return run.commit(record, [Annotations(work.annotations)])


def _describe(run: _Run) -> Outcome[None, EnhanceFailure]:
    """What search reads, if what it is made of changed."""
    encoder = run.ports.text
    record = run.video.record(Stage.DESCRIPTIONS)
    key = descriptions_key(run.video, encoder)
    if record is not None and record.key == key:
        return Success(None)
    if run.video.record(Stage.CAPTIONS) is None and run.video.record(Stage.ANNOTATIONS) is None:
        return Success(None)
    parts = describe(run.before.tree, run.captions, run.annotations, encoder)
    if isinstance(parts, Failure):
        return parts
    return run.commit(record_of(run.video, encoder, parts.unwrap()), parts.unwrap())
