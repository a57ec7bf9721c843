"""What a run that puts a video into words knows and reports."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.stored import StoredFailure
from kuavi.domain.budget import Spent, together
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Model
from kuavi.domain.fingerprint import Fingerprint, Json, fingerprint, fingerprint_of
from kuavi.domain.manifest import Gap, Stage, StageRecord, VideoRecord
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import TellPlan
from kuavi.domain.tree import SegmentTree
from kuavi.ports.files import FilesFailure
from kuavi.ports.models import ModelFailure
from kuavi.ports.progress import Cancelled
from kuavi.ports.reader import ReadFailure


@frozen
class NoTellers:
    """The caption preset has no model for what is asked."""

    reason: str

    def __str__(self) -> str:
        return self.reason


EnhanceFailure: TypeAlias = (
    StoredFailure | FilesFailure | ReadFailure | ModelFailure | NoTellers | Cancelled
)


@frozen
class Counts:
    """Of nodes: captioned now, looking like another, showing nothing, annotated now, up to date."""

    captioned: int = 0
    alike: int = 0
    dead: int = 0
    annotated: int = 0
    kept: int = 0


@frozen
class EnhanceReport:
    """What a run did.  `stopped` says why it ended early, "" if it did not."""

    video: VideoRecord
    counts: Counts = field(factory=Counts)
    gaps: tuple[Gap, ...] = ()
    spent: Spent = field(factory=Spent)
    stopped: str = ""

    @property
    def complete(self) -> bool:
        return not self.stopped and not self.gaps


def stage_key(base: Fingerprint, made: Mapping[int, Any]) -> Fingerprint:
    """The key of a stage that is made node by node: what it was made of, and for which nodes.

    Captions that still have no brief action have another key than with one.
    """
    unnamed = sorted(node for node, value in made.items() if is_unnamed(value))
    return fingerprint_of([base, sorted(made), *([unnamed] if unnamed else [])])


def is_unnamed(value: object) -> bool:
    """Whether it is a caption whose brief action is not known."""
    return isinstance(value, Caption) and bool(value.text) and not value.action


def mixed_key(
    base: Fingerprint, made: Mapping[int, Any], fresh: Collection[int], mark: str = ""
) -> Fingerprint:
    """The key where older results stand among those made of `base`: it tells of no state to keep.

    Nothing is asked twice for it all the same: equal requests have equal answers, which are kept.
    Without older ones it is `stage_key` with the mark of what was repaired among them, if anything.
    """
    older = {str(node): repr(value) for node, value in made.items() if node not in fresh}
    if not older:
        return _marked(stage_key(base, made), mark)
    new = {str(node): repr(value) for node, value in made.items() if node in fresh}
    return fingerprint_of([base, older, new])


def is_of(record: StageRecord | None, base: Fingerprint, made: Mapping[int, Any]) -> bool:
    """Whether what a library has for these nodes was made from `base`, repaired or not."""
    return record is not None and record.key[:HALF] == stage_key(base, made)[:HALF]


HALF = 32
"""Hex digits.  The first half of a stage's key names what it was made of; the second goes on with
that, or tells, after a repair, what was put in.  So other contents have another key, and are still
known to be made of the same.
"""


def repaired_key(key: Fingerprint, put_in: Mapping[int, Any]) -> Fingerprint:
    """The key of a stage with other results for some nodes than it had under `key`."""
    told = {str(node): repr(value) for node, value in put_in.items()}
    return _marked(key, fingerprint_of([key, told])[HALF:])


def repair_mark(record: StageRecord | None, base: Fingerprint, made: Mapping[int, Any]) -> str:
    """What the key of a stage that is of `base` says of repairs; "" for none."""
    if record is None or not is_of(record, base, made) or record.key == stage_key(base, made):
        return ""
    return record.key[HALF:]


def _marked(key: Fingerprint, mark: str) -> Fingerprint:
    return fingerprint(key[:HALF] + mark) if mark else key


def fresh_nodes(
    record: StageRecord | None, base: Fingerprint, made: Mapping[int, Any], tree: SegmentTree
) -> set[int]:
    """The nodes for which a library has what is made from `base`.

    Where a run left gaps, older results may stand in them; the others are its own.
    """
    if record is None or is_of(record, base, made):
        return set() if record is None else set(made)
    missed = {gap.span for gap in record.gaps}
    fresh = {node for node in made if tree.span_of(node) not in missed}
    return fresh if record.key == mixed_key(base, made, fresh) else set()


def gaps_now(
    record: StageRecord | None, found: Sequence[Gap], filled: Collection[Span]
) -> tuple[Gap, ...]:
    """The gaps of a stage after a run: those it found, and older ones that it did not fill."""
    known = {*filled, *(gap.span for gap in found)}
    before = () if record is None else record.gaps
    return (*(gap for gap in before if gap.span not in known), *found)


def seen_by(video: VideoRecord, ports: TellPorts) -> Model | None:
    """The model whose captions annotations are made of."""
    if ports.captioner is not None:
        return ports.captioner.model
    record = video.record(Stage.CAPTIONS)
    return None if record is None else record.model


def base_key(
    video: VideoRecord, stage: Stage, needs: Sequence[Stage], parameters: Sequence[Json]
) -> Fingerprint:
    """From the content, the stages it builds on, the models and settings."""
    made = {record.stage: record.key for record in video.stages}
    below = [made.get(need) for need in needs]
    return fingerprint_of([video.content, stage.value, below, parameters])


def spent_by(ports: TellPorts) -> Spent:
    """By the captioner and the aggregator, since they were built."""
    total = Spent()
    for one in (ports.captioner, ports.aggregator):
        total = total if one is None else together(total, one.spent)
    return total


def identities(*models: Model | None) -> list[Json]:
    return [None if model is None else model.as_json() for model in models]


def chosen_nodes(tree: SegmentTree, nodes: Sequence[int], plan: TellPlan) -> list[int]:
    """Those of the nodes that the plan asks for, in order: in the span if half of each is, and, of
    listed nodes, those and all below them.
    """
    kept = list(nodes)
    if plan.nodes is not None:
        spans = [tree.span_of(node) for node in plan.nodes]
        kept = [node for node in kept if any(_within(tree.span_of(node), s, 1.0) for s in spans)]
    if plan.within is not None:
        kept = [node for node in kept if _within(tree.span_of(node), plan.within, 0.5)]
    return kept


def _within(span: Span, outer: Span, share: float) -> bool:
    both = span.overlap(outer)
    return both is not None and both.duration_s >= share * span.duration_s - 1e-9
