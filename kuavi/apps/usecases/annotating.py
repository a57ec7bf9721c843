"""Annotations of nodes by self-refine: waves from the bottom up, all of a wave side by side."""

from collections.abc import Iterator, Sequence

from attrs import Factory, define
from returns.result import Failure, Success

from kuavi.apps.usecases.ports import TellPorts
from kuavi.apps.usecases.telling import base_key, chosen_nodes, identities, seen_by
from kuavi.domain.annotation import Annotation
from kuavi.domain.annotation_json import schema
from kuavi.domain.context import Sources, context_for
from kuavi.domain.described import Caption
from kuavi.domain.fingerprint import Fingerprint, Json
from kuavi.domain.manifest import Gap, Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.prompts import Prompt, Step
from kuavi.domain.refine import (
    Done,
    GaveUp,
    Refining,
    after_failure,
    after_reply,
    next_request,
    waves,
)
from kuavi.domain.tell_plan import TellPlan
from kuavi.domain.tree import SegmentTree, worth_annotating
from kuavi.domain.tree_views import DescribedTree
from kuavi.ports.aggregators import Aggregator, Effort, TextRequest
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.progress import Advanced, Cancelled
from kuavi.ports.telling import Unanswered

REVISION = "1"
"""Grows whenever prompts or rounds change what is asked."""

ANNOTATION_TOKENS = 2048
EFFORTS = {
    Step.DRAFT: Effort.HIGH,
    Step.REVISE: Effort.HIGH,
    Step.MEND: Effort.HIGH,
    Step.REPAIR: Effort.LOW,
}


@define
class Annotating:
    """One video's nodes under way.

    `annotations` starts with those that are there; `fresh` are the nodes whose annotations are as
    this run would make them.
    """

    video: VideoRecord
    tree: SegmentTree
    captions: dict[int, Caption]
    annotations: dict[int, Annotation]
    fresh: set[int]
    gaps: list[Gap] = Factory(list)
    new: int = 0
    stopped: str = ""
    cancelled: bool = False


def annotations_base(
    video: VideoRecord, plan: TellPlan, aggregator: Aggregator, ports: TellPorts
) -> Fingerprint:
    """What annotations depend on: the tree, the words, the models, the rounds.

    Not the captions, which grow part by part: an annotation stays when more is captioned.
    """
    needs = [Stage.TREE, Stage.TRANSCRIPT, Stage.SCREEN]
    told: list[Json] = [plan.rounds, plan.min_annotated_s, REVISION]
    told += identities(aggregator.model, seen_by(video, ports))
    return base_key(video, Stage.ANNOTATIONS, needs, told)


def due_nodes(run: Annotating, plan: TellPlan) -> list[int]:
    """Inner nodes that are long enough and have no annotation made so."""
    every = worth_annotating(run.tree, plan.min_annotated_s).tolist()
    return [node for node in chosen_nodes(run.tree, every, plan) if node not in run.fresh]


def annotate_nodes(
    run: Annotating, plan: TellPlan, aggregator: Aggregator, view: LibraryView, ports: TellPorts
) -> Outcome[None, LibraryFailure]:
    """Annotate what is due; failures are gaps, and leave a node what it had."""
    sources = sources_of(run.video, view)
    if isinstance(sources, Failure):
        return sources
    due = due_nodes(run, plan)
    asking = Asking(run, aggregator, ports, sources.unwrap(), len(due))
    for wave in waves(run.tree, due):
        asking.settle(
            [Refining(node, plan.rounds, former=run.annotations.get(node)) for node in wave]
        )
        if run.stopped:
            break
    return Success(None)


def sources_of(video: VideoRecord, view: LibraryView) -> Outcome[Sources, LibraryFailure]:
    """What else is known of a video."""
    said, written = view.utterances(video.id), view.screen(video.id)
    if isinstance(said, Failure):
        return said
    if isinstance(written, Failure):
        return written
    return Success(Sources({"title": video.title}, said.unwrap(), written.unwrap()))


@define
class Asking:
    """Asks for annotations of a run's nodes, side by side; `of` nodes are to be asked for."""

    run: Annotating
    aggregator: Aggregator
    ports: TellPorts
    sources: Sources
    of: int
    done: int = 0

    def settle(self, states: Sequence[Refining]) -> list[Refining]:
        """Request after request, until each node has its annotation or gave up.

        Gives the states of nodes that were under way when the run stopped.
        """
        left = list(states)
        while left and not self.run.stopped:
            asked: list[tuple[Refining, Prompt]] = []
            for state in left:
                asked += self._settled(state)
            left = self._answered(asked)
        return left

    def _settled(self, state: Refining) -> list[tuple[Refining, Prompt]]:
        """What is to be asked for the node; nothing if it is through, which is taken note of."""
        run, node = self.run, state.node
        described = DescribedTree(run.tree, run.captions, run.annotations)
        match next_request(state, context_for(described, node, self.sources)):
            case Done(annotation):
                run.annotations[node] = annotation
                run.fresh.add(node)
                run.new += 1
            case GaveUp(reason, kept):
                run.gaps.append(Gap(Stage.ANNOTATIONS, reason, run.tree.span_of(node)))
                if kept is not None:
                    run.annotations[node] = kept
            case prompt:
                return [(state, prompt)]
        self._tick()
        return []

    def _answered(self, asked: Sequence[tuple[Refining, Prompt]]) -> list[Refining]:
        """The states after the answers to their requests, as far as there are answers."""
        if self.run.stopped:
            return [state for state, _ in asked]
        states: list[Refining] = []
        answers = self.aggregator.texts(_requests(asked))
        for (state, _), answer in zip(asked, answers, strict=False):
            if isinstance(answer, Success):
                states.append(after_reply(state, answer.unwrap()))
                continue
            reason = answer.failure()
            if not isinstance(reason, Unanswered):
                self.run.stopped = str(reason)
                return states + [state for state, _ in asked[len(states) :]]
            states.append(after_failure(state, str(reason)))
        return states

    def _tick(self) -> None:
        self.done += 1
        length_s = self.run.tree.span.duration_s
        part_s = length_s * self.done / max(self.of, 1)
        event = Advanced(self.run.video.path, Stage.ANNOTATIONS, part_s, length_s)
        if isinstance(self.ports.progress.report(event), Failure):
            self.run.stopped, self.run.cancelled = str(Cancelled()), True


def _requests(asked: Sequence[tuple[Refining, Prompt]]) -> Iterator[TextRequest]:
    for _, prompt in asked:
        yield TextRequest(
            prompt.system, prompt.text, schema(), EFFORTS[prompt.step], ANNOTATION_TOKENS
        )
