"""Self-refine (Madaan et al., arXiv 2303.17651) for one node: draft, then verify and revise.

A machine without side effects: `next_request` says what to ask, `after_reply` takes the answer.
Its first round drafts; each later one shows the draft of the round before and asks to verify it.
A reply that is no annotation is answered with one request for repair in its round; if that does
not help either, what there was before stays, and the reason is told.  A round that returns the
draft unchanged is the last: the next would ask the same question again.

Nodes are taken bottom-up, in waves: a node's context holds the annotations of the nodes below it,
so a long segment is summed up from what was settled about its parts, as in recursive summaries
(Wu et al., arXiv 2109.10862); the other way the root, with most to tell, would know least.
"""

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from attrs import evolve, field, frozen
from attrs.validators import ge
from returns.result import Failure, Success

from kuavi.domain.annotation import Annotation
from kuavi.domain.annotation_json import Malformed, parse, to_json
from kuavi.domain.context import Context
from kuavi.domain.outcome import Outcome
from kuavi.domain.prompts import Prompt, draft_prompt, mend_prompt, repair_prompt, revise_prompt
from kuavi.domain.tree import NONE, SegmentTree

ROUNDS = 3
"""One draft and two revisions, as Action100M has it."""

MOST_DRAFT_CHARS = 6_000
"""Of an annotation as JSON; a longer one is not taken, for the next prompt would hold it."""


@frozen
class Rejected:
    """A reply that is no annotation."""

    reply: str = field(repr=False)
    why: Malformed


@frozen
class Refining:
    """One node under way: `done` of `rounds` rounds are over.

    `former` is the annotation it had before the run, `draft` the one of the last round.
    `rejected` is the round's reply if it was no annotation: a repair is due.  `broken` tells why
    no more is asked.  `faults` are what was found wrong with the former one, if it is to be mended.
    """

    node: int = field(validator=ge(0))
    rounds: int = field(default=ROUNDS, validator=ge(0))
    former: Annotation | None = None
    draft: Annotation | None = None
    done: int = field(default=0, validator=ge(0))
    rejected: Rejected | None = None
    broken: str = ""
    faults: tuple[str, ...] = ()

    @property
    def kept(self) -> Annotation | None:
        """What the node has now."""
        return self.former if self.draft is None else self.draft


@frozen
class Done:
    """All rounds are over, or the last returned its draft unchanged."""

    annotation: Annotation


@frozen
class GaveUp:
    """A round brought nothing; `kept` is the draft before it, else what the node had, if any."""

    reason: str
    kept: Annotation | None


Next: TypeAlias = Prompt | Done | GaveUp


def next_request(state: Refining, context: Context) -> Next:
    """What to ask now, or how it ended.  At most two requests a round."""
    if state.broken:
        return GaveUp(state.broken, state.kept)
    if state.rejected is not None:
        return repair_prompt(state.rejected.reply, state.rejected.why)
    if state.done < state.rounds:
        return _round(state, context)
    if state.kept is None:
        return GaveUp("no round was asked for", None)
    return Done(state.kept)


def _round(state: Refining, context: Context) -> Prompt:
    if state.draft is not None:
        return revise_prompt(context, state.draft)
    if state.former is not None and state.faults:
        return mend_prompt(context, state.former, state.faults)
    return draft_prompt(context)


def after_reply(state: Refining, text: str) -> Refining:
    """The state after the answer to its request."""
    read = _read(text)
    match read:
        case Success(annotation):
            unchanged = annotation == state.draft
            done = state.rounds if unchanged else state.done + 1
            return evolve(state, draft=annotation, done=done, rejected=None)
        case Failure(why):
            if state.rejected is None:
                return evolve(state, rejected=Rejected(text, why))
            return after_failure(state, f"{state.rejected.why}; after repair: {why.reason}")
        case _:
            assert_never(read)


def after_failure(state: Refining, reason: str) -> Refining:
    """The state after a request that got no answer: nothing more is asked for this node."""
    return evolve(state, broken=f"round {state.done + 1} of {state.rounds}: {reason}")


def waves(tree: SegmentTree, nodes: Iterable[int]) -> tuple[tuple[int, ...], ...]:
    """Nodes in waves, each in order of time: none has another of its own wave below it.

    Those below it are in earlier waves, each as early as that allows.
    """
    chosen = set(nodes)
    above = [0] * len(tree)  # waves that the chosen nodes of a subtree take
    found: dict[int, list[int]] = {}
    for node in range(len(tree) - 1, -1, -1):
        if tree.left[node] != NONE:
            above[node] = max(above[tree.left[node]], above[tree.right[node]])
        if node in chosen:
            found.setdefault(above[node], []).append(node)
            above[node] += 1
    return tuple(
        tuple(sorted(found[wave], key=lambda node: int(tree.first_frame[node])))
        for wave in sorted(found)
    )


def _read(text: str) -> Outcome[Annotation, Malformed]:
    read = parse(text)
    if isinstance(read, Failure):
        return read
    length = len(to_json(read.unwrap()))
    if length > MOST_DRAFT_CHARS:
        return Failure(Malformed(f"{length} characters, at most {MOST_DRAFT_CHARS} may be used"))
    return read
