"""Asking again for what is said badly: captions and annotations, each tried in its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from attrs import Factory, define, evolve, field, frozen
from attrs.validators import ge, gt, le
from returns.result import Failure, Success

from kuavi.apps.usecases.annotating import Annotating, Asking, sources_of
from kuavi.apps.usecases.audit import NothingSaid
from kuavi.apps.usecases.captioning import Captioned, Due, caption_nodes, name_actions
from kuavi.apps.usecases.look import source
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.scoring import Judged, Scorer, Scores, Told, captions_only
from kuavi.apps.usecases.stored import Stored
from kuavi.apps.usecases.telling import EnhanceFailure
from kuavi.apps.usecases.to_caption import times_of
from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption
from kuavi.domain.layers import Located
from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.quality import improves
from kuavi.domain.refine import Refining, waves
from kuavi.domain.space import Joint
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.ports.aggregators import Aggregator
from kuavi.ports.captioners import Captioner

T = TypeVar("T", Caption, Annotation)

SIDE_BY_SIDE = 4
"""Nodes that are asked for together: the worst first, should the budget end."""

RepairFailure: TypeAlias = EnhanceFailure | NothingSaid
Step: TypeAlias = Outcome[None, RepairFailure]


@frozen
class RepairPlan:
    """The `worst` nodes at most, of those whose total is below `below`; annotations in `rounds`."""

    worst: int = field(default=10, validator=ge(1))
    below: float = field(default=0.5, validator=[gt(0.0), le(1.0)])
    rounds: int = field(default=3, validator=ge(1))


@frozen
class Attempt:
    """A node that was asked for again: its total before, and that of the new one if there is one.

    `kept` tells whether the new one is in the library now; if not, `reason` tells why.
    """

    node: int
    span: Span
    told: Told
    before: float
    after: float | None
    kept: bool
    reason: str = ""


@define
class Run:
    """One video's repair: what is said now, and what came of each attempt."""

    plan: RepairPlan
    ports: TellPorts
    there: Stored
    frames: Located[Joint]
    scorer: Scorer
    captions: dict[int, Caption]
    annotations: dict[int, Annotation]
    attempts: list[Attempt] = Factory(list)
    gaps: list[Gap] = Factory(list)
    stopped: str = ""
    cancelled: bool = False

    @property
    def how(self) -> TellPlan:
        return TellPlan(Mode.FULL, rounds=self.plan.rounds)


def mend_captions(run: Run, chosen: Sequence[Judged]) -> Step:
    """New captions from the pictures; of each the brief action too, where there is an aggregator.

    Without one the action stays what it was.
    """
    mine = [one for one in chosen if one.told is Told.CAPTION]
    captioner = run.ports.captioner
    if not mine:
        return Success(None)
    if captioner is None:
        run.gaps.append(Gap(Stage.CAPTIONS, "this caption preset has no model that captions"))
        return Success(None)
    made = _captioned(run, mine, captioner)
    if isinstance(made, Failure):
        return made
    into = made.unwrap()
    run.gaps += into.gaps
    run.stopped, run.cancelled = into.stopped, into.cancelled
    for one in mine:
        if one.node not in into.fresh:
            continue
        bare = captions_only(run.captions, run.annotations)
        new = _with_action(into.captions[one.node], bare[one.node], run.ports.aggregator)
        tried = _try(run, one, new, bare, run.scorer.captioned)
        if isinstance(tried, Failure):
            return tried
        if tried.unwrap():
            run.captions[one.node] = new
    return Success(None)


def _captioned(
    run: Run, mine: Sequence[Judged], captioner: Captioner
) -> Outcome[Captioned, RepairFailure]:
    """The new captions, as far as there are answers."""
    path = source(run.there.video, run.ports.files)
    if isinstance(path, Failure):
        return path
    tree, most = run.there.tree, min(run.how.clip_frames, captioner.max_frames)
    times = times_of(tree, sorted(one.node for one in mine), most, run.frames)
    due = Due(path.unwrap(), tree, times, {one.node: one.faults for one in mine})
    into = Captioned({})
    caption_nodes(due, run.how, captioner, run.ports, into)
    if run.ports.aggregator is not None and not into.stopped:
        name_actions(due, times, run.ports.aggregator, into)
    return Success(into)


def _with_action(new: Caption, former: Caption, aggregator: Aggregator | None) -> Caption:
    return evolve(new, action=former.action) if aggregator is None and not new.action else new


def mend_annotations(run: Run, chosen: Sequence[Judged]) -> Step:
    """Drafts that mend what is wrong, and revisions of them."""
    mine = [one for one in chosen if one.told is Told.ANNOTATION]
    aggregator, there = run.ports.aggregator, run.there
    if not mine:
        return Success(None)
    if aggregator is None:
        run.gaps.append(Gap(Stage.ANNOTATIONS, "this caption preset has no model that annotates"))
        return Success(None)
    sources = sources_of(there.video, there.view)
    if isinstance(sources, Failure):
        return sources
    work = Annotating(there.video, there.tree, run.captions, dict(run.annotations), set())
    asking = Asking(work, aggregator, run.ports, sources.unwrap(), len(mine))
    by_node = {one.node: one for one in mine}
    for first in range(0, len(mine), SIDE_BY_SIDE):
        together = [one.node for one in mine[first : first + SIDE_BY_SIDE]]
        for wave in waves(there.tree, together):
            done = _mend(run, asking, [by_node[node] for node in wave])
            if isinstance(done, Failure):
                return done
            if work.stopped:
                run.stopped, run.cancelled = work.stopped, work.cancelled
                return Success(None)
    return Success(None)


def _mend(run: Run, asking: Asking, wave: Sequence[Judged]) -> Step:
    """Ask for nodes of which none is below another, then try each in its place.

    A draft whose revision the budget did not allow is tried as well.
    """
    work, n_gaps = asking.run, len(asking.run.gaps)
    left = asking.settle(
        [
            Refining(one.node, run.plan.rounds, run.annotations[one.node], faults=one.faults)
            for one in wave
        ]
    )
    run.gaps += work.gaps[n_gaps:]
    drafts = {state.node: state.draft for state in left if state.draft is not None}
    for one in wave:
        new = drafts.get(one.node, work.annotations[one.node])
        work.annotations[one.node] = run.annotations[one.node]
        if new is run.annotations[one.node]:
            continue
        tried = _try(run, one, new, run.annotations, run.scorer.annotated)
        if isinstance(tried, Failure):
            return tried
        if tried.unwrap():
            run.annotations[one.node] = work.annotations[one.node] = new
    return Success(None)


def _try(
    run: Run,
    one: Judged,
    new: T,
    there: Mapping[int, T],
    score: Callable[[Mapping[int, T]], Scores],
) -> Outcome[bool, RepairFailure]:
    """Whether the new one is better in its place than what is there; takes note of it."""
    now, then = score(there), score({**there, one.node: new})
    if isinstance(now, Failure):
        return now
    if isinstance(then, Failure):
        return then
    before, after = now.unwrap()[one.node], then.unwrap().get(one.node)
    kept = after is not None and improves(after, before)
    reason = "" if kept else _why_not(new == there[one.node], after is None)
    total = None if after is None else after.total
    run.attempts.append(Attempt(one.node, one.span, one.told, before.total, total, kept, reason))
    return Success(kept)


def _why_not(same: bool, nothing: bool) -> str:
    if same:
        return "the new one says the same"
    return "nothing is to be seen in its pictures" if nothing else "the new one is no better"
