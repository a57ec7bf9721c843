import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.annotation_json import to_json
from kuavi.domain.context import Context
from kuavi.domain.prompts import Prompt, Step, draft_prompt, mend_prompt, revise_prompt
from kuavi.domain.refine import (
    MOST_DRAFT_CHARS,
    Done,
    GaveUp,
    Refining,
    after_failure,
    after_reply,
    next_request,
    waves,
)
from kuavi.domain.tree import SegmentTree, worth_annotating
from tests.strategies_annotation import annotations
from tests.strategies_described import long_tree
from tests.strategies_tree import Film, films

CONTEXT = Context("0:00.00 -> 0:10.00 (10.00 s)", "## A cook stirs a pot.", "")
BAD = st.sampled_from(["", "I cannot do that.", "{}", "[]", '{"summary": "A cook stirs."}'])


def _annotation(n: int) -> Annotation:
    return Annotation(
        Summary(f"Scene {n}.", f"Scene {n} in detail."), Action("stir pot", "Stir.", "a cook")
    )


some = st.integers(0, 4).map(_annotation)
replies = st.lists(some.map(to_json) | BAD, min_size=11, max_size=11)


def _played(state: Refining, answers: list[str]) -> tuple[list[Prompt], Done | GaveUp, Refining]:
    """Ask until it ends; which must be before the answers do."""
    asked = list[Prompt]()
    for answer in answers:
        step = next_request(state, CONTEXT)
        if not isinstance(step, Prompt):
            return asked, step, state
        asked.append(step)
        state = after_reply(state, answer)
    raise AssertionError("it asks on and on")


def test_a_draft_and_two_revisions() -> None:
    first, second, third = (_annotation(n) for n in range(3))
    answers = [*map(to_json, (first, second, third)), "never asked"]
    asked, end, _ = _played(Refining(5), answers)
    assert end == Done(third)
    assert asked == [
        draft_prompt(CONTEXT), revise_prompt(CONTEXT, first), revise_prompt(CONTEXT, second)
    ]  # fmt: skip


def test_what_was_found_faulty_is_mended_in_the_first_round_only() -> None:
    former, first, second = (_annotation(n) for n in range(3))
    answers = [*map(to_json, (first, second, second)), "never asked"]
    asked, end, _ = _played(Refining(5, former=former, faults=("it is wrong",)), answers)
    assert end == Done(second)
    assert asked == [
        mend_prompt(CONTEXT, former, ["it is wrong"]),
        revise_prompt(CONTEXT, first),
        revise_prompt(CONTEXT, second),
    ]
    asked, *_ = _played(Refining(5, former=former), answers)
    assert asked[0] == draft_prompt(CONTEXT)


@given(st.integers(0, 6), st.data())
def test_rounds_are_counted_by_one_number(rounds: int, data: st.DataObject) -> None:
    n = rounds + 1
    made = data.draw(st.lists(annotations, min_size=n, max_size=n, unique=True))
    asked, end, _ = _played(Refining(0, rounds), [*map(to_json, made)])
    assert len(asked) == rounds
    assert end == (Done(made[rounds - 1]) if rounds else GaveUp("no round was asked for", None))


@given(st.integers(0, 5), st.none() | some, replies)
def test_it_ends_and_what_is_kept_was_once_a_reply_or_there_before(
    rounds: int, former: Annotation | None, answers: list[str]
) -> None:
    asked, end, state = _played(Refining(1, rounds, former), answers)
    steps = [prompt.step for prompt in asked]
    assert len(asked) <= 2 * rounds
    assert Step.REPAIR not in steps[:1]
    assert (Step.REPAIR, Step.REPAIR) not in pairwise(steps)
    assert steps[:1] in ([Step.DRAFT], [])
    assert Step.DRAFT not in steps[1:]
    good = [reply for reply in answers[: len(asked)] if reply in map(to_json, [*_kept(state)])]
    match end:
        case Done(annotation):
            assert (good and to_json(annotation) in good) or (not rounds and annotation == former)
        case GaveUp(reason, kept):
            assert reason
            assert kept == former or to_json(_sure(kept)) in good


def _kept(state: Refining) -> list[Annotation]:
    return [kept for kept in (state.draft, state.former) if kept is not None]


def _sure(annotation: Annotation | None) -> Annotation:
    assert annotation is not None
    return annotation


def test_a_bad_reply_is_repaired_once() -> None:
    made = _annotation(1)
    asked, end, _ = _played(Refining(0, rounds=1), ["I can't.", to_json(made), "never"])
    assert [prompt.step for prompt in asked] == [Step.DRAFT, Step.REPAIR]
    assert "I can't." in asked[1].text
    assert end == Done(made)


def test_a_number_of_thousands_of_digits_is_a_bad_reply() -> None:
    asked, end, _ = _played(Refining(0), ['{"summary": ' + "9" * 5000 + "}"] * 3)
    assert len(asked) == 2
    assert isinstance(end, GaveUp)


def test_each_round_has_a_repair_of_its_own() -> None:
    first, second = _annotation(1), _annotation(2)
    answers = ["no", to_json(first), "no", to_json(second), "never"]
    asked, end, _ = _played(Refining(0, rounds=2), answers)
    assert [p.step for p in asked] == [Step.DRAFT, Step.REPAIR, Step.REVISE, Step.REPAIR]
    assert end == Done(second)


@pytest.mark.parametrize("former", [None, _annotation(0)])
def test_a_draft_that_fails_twice_leaves_what_was_there(former: Annotation | None) -> None:
    asked, end, _ = _played(Refining(0, former=former), ["no", "no again", "never"])
    assert len(asked) == 2
    assert isinstance(end, GaveUp)
    assert end.kept == former
    assert end.reason.startswith("round 1 of 3: not an annotation: no JSON object; after repair")


def test_a_revision_that_fails_twice_leaves_the_draft() -> None:
    draft = _annotation(1)
    answers = [to_json(draft), "no", "{}", "never"]
    _, end, _ = _played(Refining(0, former=_annotation(0)), answers)
    assert isinstance(end, GaveUp)
    assert end.kept == draft
    assert end.reason.startswith("round 2 of 3: ")


def test_a_draft_returned_unchanged_ends_the_rounds() -> None:
    same = to_json(_annotation(1))
    asked, end, _ = _played(Refining(0, rounds=5), [same, f"```json\n{same}\n```", "never"])
    assert len(asked) == 2
    assert end == Done(_annotation(1))


def test_no_answer_ends_the_node_and_keeps_what_there_was() -> None:
    draft = _annotation(1)
    state = after_failure(after_reply(Refining(0), to_json(draft)), "the server is gone")
    assert next_request(state, CONTEXT) == GaveUp("round 2 of 3: the server is gone", draft)


def test_a_draft_too_long_for_the_next_prompt_is_not_taken() -> None:
    long = json.loads(to_json(_annotation(1)))
    long["summary"]["detailed"] = "word " * MOST_DRAFT_CHARS
    state = after_reply(Refining(0), json.dumps(long))
    step = next_request(state, CONTEXT)
    assert isinstance(step, Prompt)
    assert step.step == Step.REPAIR
    assert f"at most {MOST_DRAFT_CHARS}" in step.text
    assert len(step) < 2 * MOST_DRAFT_CHARS


def _below(tree: SegmentTree, a: int, b: int) -> bool:
    """Whether a is below b."""
    while a > b:
        a = int(tree.parent[a])
        if a == b:
            return True
    return False


@given(films(), st.data())
def test_waves_are_bottom_up(film: Film, data: st.DataObject) -> None:
    tree = film.tree()
    chosen = data.draw(st.sets(st.integers(0, len(tree) - 1), max_size=12))
    made = waves(tree, chosen)
    wave_of = {node: i for i, wave in enumerate(made) for node in wave}
    assert sorted(wave_of) == sorted(chosen)
    assert sum(map(len, made)) == len(chosen)
    for node in chosen:
        below = [wave_of[other] for other in chosen if _below(tree, other, node)]
        assert wave_of[node] == max(below, default=-1) + 1
    assert made == waves(tree, sorted(chosen, reverse=True))
    for wave in made:
        assert wave == tuple(sorted(wave, key=lambda node: tree.start_s[node]))


def test_only_long_inner_nodes_are_asked_about() -> None:
    """On 500 nodes: as many first questions as there are inner nodes of 4 s or more."""
    tree = long_tree(250)
    due = worth_annotating(tree).tolist()
    asked = 0
    for wave in waves(tree, due):
        for node in wave:
            prompts, end, _ = _played(Refining(node), [to_json(_annotation(n)) for n in range(4)])
            asked += len(prompts)
            assert isinstance(end, Done)
    long = [n for n in range(len(tree)) if tree.end_s[n] - tree.start_s[n] >= 4]
    assert asked == 3 * len([n for n in long if tree.left[n] >= 0])
    assert 0 < len(due) < len(tree) / 2
