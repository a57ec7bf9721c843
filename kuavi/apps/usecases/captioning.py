"""Captions of nodes: pictures to a captioner, captions to brief actions, a batch at a time."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import Factory, define, evolve, field, frozen
from returns.result import Failure

from kuavi.apps.usecases.node_frames import node_frames
from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.telling import is_unnamed
from kuavi.domain.annotation import NOBODY
from kuavi.domain.brief_actions import (
    ACTIONS_SYSTEM,
    actions_prompt,
    actions_schema,
    batches,
    parse_actions,
)
from kuavi.domain.caption_choice import is_dead
from kuavi.domain.described import Caption
from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.outcome import Outcome
from kuavi.domain.prompts import FRAME_PROMPT, clip_prompt, mended
from kuavi.domain.tell_plan import TellPlan
from kuavi.domain.tree import NONE, SegmentTree
from kuavi.ports.aggregators import Aggregator, Effort, TextRequest
from kuavi.ports.captioners import Captioner, CaptionRequest
from kuavi.ports.progress import Advanced, Cancelled
from kuavi.ports.reader import ReadFailure
from kuavi.ports.telling import TellFailure, Unanswered

CAPTION_TOKENS = 400
ACTION_TOKENS = 40
"""For one caption, and for one brief action of a batch."""


@define
class Captioned:
    """What came of it so far; `stopped` is why nothing more came, "" if all did.

    `fresh` are the nodes whose captions are as this run would make them; others are older, kept
    until there is something in their place.  `new` and `dead` are nodes captioned now, and those
    whose pictures show nothing.
    """

    captions: dict[int, Caption]
    fresh: set[int] = Factory(set)
    new: set[int] = Factory(set)
    dead: set[int] = Factory(set)
    gaps: list[Gap] = Factory(list)
    stopped: str = ""
    cancelled: bool = False


@frozen
class Due:
    """Nodes to caption, with the times of their pictures; the video's file and its tree.

    `faults` are what was found wrong with an earlier caption of a node, where one is to be mended.
    """

    path: str
    tree: SegmentTree
    times_s: Mapping[int, Sequence[float]]
    faults: Mapping[int, Sequence[str]] = field(factory=dict)

    def gap(self, node: int, reason: str) -> Gap:
        return Gap(Stage.CAPTIONS, reason, self.tree.span_of(node))

    def is_leaf(self, node: int) -> bool:
        return bool(self.tree.left[node] == NONE)


@define
class _Asked:
    """The requests as they are taken: which node each is of, and how reading ended."""

    due: Due
    plan: TellPlan
    ports: TellPorts
    into: Captioned
    nodes: deque[int] = Factory(deque)
    unread: ReadFailure | None = None
    done: int = 0

    def requests(self) -> Iterator[CaptionRequest]:
        pictures = node_frames(
            self.due.path, self.due.times_s, self.plan.picture_side, self.ports.reader
        )
        for item in pictures:
            if isinstance(item, Failure):
                self.unread = item.failure()
                return
            node, frames = item.unwrap()
            if is_dead([frame.pixels for frame in frames]):
                self._leave_out(node)
                continue
            self.nodes.append(node)
            leaf = self.due.is_leaf(node)
            prompt = FRAME_PROMPT if leaf else clip_prompt([f.time_s for f in frames])
            prompt = mended(prompt, self.due.faults.get(node, ()))
            yield CaptionRequest(frames, prompt, CAPTION_TOKENS)

    def _leave_out(self, node: int) -> None:
        """Nothing is to be seen, so nobody is asked, and nobody acts."""
        self.done += 1
        self.into.captions[node] = Caption(action=NOBODY)
        self.into.fresh.add(node)
        self.into.dead.add(node)

    def tick(self) -> Outcome[None, Cancelled]:
        self.done += 1
        length_s = self.due.tree.span.duration_s
        part_s = length_s * self.done / max(len(self.due.times_s), 1)
        event = Advanced(self.due.path, Stage.CAPTIONS, part_s, length_s, self.done)
        return self.ports.progress.report(event)


def caption_nodes(
    due: Due, plan: TellPlan, captioner: Captioner, ports: TellPorts, into: Captioned
) -> None:
    """Caption the nodes, each from its pictures, in one decode of the file; one call a node."""
    asked = _Asked(due, plan, ports, into)
    answers = captioner.captions(asked.requests())
    for answer in answers:
        node = asked.nodes.popleft()
        _take(answer, node, due, into)
        if into.stopped:
            break
        if isinstance(asked.tick(), Failure):
            into.stopped, into.cancelled = str(Cancelled()), True
            break
    if asked.unread is not None and not into.stopped:
        missing = [node for node in due.times_s if node not in into.fresh]
        known = {gap.span for gap in into.gaps}
        into.gaps += [
            due.gap(node, str(asked.unread))
            for node in missing
            if due.tree.span_of(node) not in known
        ]


def _take(answer: Outcome[str, TellFailure], node: int, due: Due, into: Captioned) -> None:
    if isinstance(answer, Failure):
        reason = answer.failure()
        if isinstance(reason, Unanswered):
            into.gaps.append(due.gap(node, str(reason)))
        else:
            into.stopped = str(reason)
        return
    text = answer.unwrap().strip()
    if not text:
        into.gaps.append(due.gap(node, "the captioner said nothing"))
        return
    into.captions[node] = Caption(frame=text) if due.is_leaf(node) else Caption(clip=text)
    into.fresh.add(node)
    into.new.add(node)


def unnamed(captions: Mapping[int, Caption], nodes: Collection[int]) -> list[int]:
    """Those of the nodes that have a caption, but no brief action: in an order that is always the
    same, for who asks the same again has the answer already.
    """
    return sorted(node for node in nodes if is_unnamed(captions.get(node)))


def name_actions(due: Due, nodes: Collection[int], aggregator: Aggregator, into: Captioned) -> None:
    """Brief actions for captions of nodes that have none, in few calls: captions go in batches.

    A batch whose answer can't be used is asked for again in halves, once.
    """
    unknown = unnamed(into.captions, into.fresh.intersection(nodes))
    todo, at = list[list[int]](), 0
    for batch in batches([into.captions[node].text for node in unknown]):
        todo.append(unknown[at : at + len(batch)])
        at += len(batch)
    halves: list[list[int]] = []
    _ask(todo, aggregator, into, halves)
    if halves and not into.stopped:
        lost: list[list[int]] = []
        _ask(halves, aggregator, into, lost)
        into.gaps += [
            due.gap(node, "no brief action: the answer could not be used")
            for batch in lost
            for node in batch
        ]


def _ask(
    todo: Sequence[Sequence[int]],
    aggregator: Aggregator,
    into: Captioned,
    unusable: list[list[int]],
) -> None:
    def requests() -> Iterator[TextRequest]:
        for batch in todo:
            texts = [into.captions[node].text for node in batch]
            yield TextRequest(
                ACTIONS_SYSTEM,
                actions_prompt(texts),
                actions_schema(len(batch)),
                Effort.LOW,
                100 + ACTION_TOKENS * len(batch),
            )

    for batch, answer in zip(todo, aggregator.texts(requests()), strict=False):
        if isinstance(answer, Failure) and not isinstance(answer.failure(), Unanswered):
            into.stopped = str(answer.failure())
            return
        actions = (
            answer if isinstance(answer, Failure) else parse_actions(answer.unwrap(), len(batch))
        )
        if isinstance(actions, Failure):
            half = (len(batch) + 1) // 2
            unusable += [part for part in (list(batch[:half]), list(batch[half:])) if part]
            continue
        for node, action in zip(batch, actions.unwrap(), strict=True):
            into.captions[node] = evolve(into.captions[node], action=action)
