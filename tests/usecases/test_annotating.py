"""Annotating long trees: which nodes are asked about, how often, and how much each is told."""

import numpy as np
import pytest
from attrs import evolve

from kuavi.apps.usecases.annotating import Annotating, annotate_nodes, due_nodes
from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.domain.tree import NONE, SegmentTree, build_tree
from tests.strategies_described import captions_of, long_tree
from tests.telling import Teller, teller

PLAN = TellPlan(Mode.FULL, rounds=3)
DONE = Annotation(
    Summary("A man stirs the red sauce while it cooks in a wide pan.", "He stirs it. " * 40),
    Action("stir sauce", "stir the red sauce in the pan with a spoon", "a man in an apron"),
)


@pytest.fixture(scope="module")
def told() -> Teller:
    return teller()


def annotating(told: Teller, tree: SegmentTree, sample: set[int] | None = None) -> Annotating:
    """All nodes of a tree captioned; with a sample all others annotated already."""
    record = told.world.library.view().unwrap().video(told.video).unwrap()
    run = Annotating(record, tree, dict(captions_of(tree)), {}, set())
    if sample is None:
        return run
    others = set(due_nodes(run, PLAN)) - sample
    return evolve(run, annotations=dict.fromkeys(others, DONE), fresh=others)


def go(told: Teller, run: Annotating, plan: TellPlan = PLAN) -> list[int]:
    """Lengths of the prompts."""
    told.forget()
    view = told.world.library.view().unwrap()
    annotate_nodes(run, plan, told.aggregator, view, told.ports).unwrap()
    return [len(one.system) + len(one.prompt) for one in told.aggregator.asked]


def test_of_five_hundred_nodes_only_long_inner_ones_are_asked_about(told: Teller) -> None:
    tree = long_tree(250)
    assert abs(len(tree) - 500) <= 1
    run = annotating(told, tree)
    go(told, run)
    lengths = tree.end_s - tree.start_s
    due = {n for n in range(len(tree)) if tree.left[n] != NONE and lengths[n] >= 4.0}
    assert 0 < len(due) < 250
    asked = [request.prompt for request in told.aggregator.asked]
    places = {prompt.partition("\n")[0] for prompt in asked if prompt.startswith("The segment: ")}
    assert len(places) == len({(tree.start_s[n], tree.end_s[n]) for n in due}) == len(due)
    assert set(run.annotations) == due
    assert len(due) <= len(asked) <= PLAN.rounds * len(due)
    assert told.captioner.asked == []


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_round_is_a_request_unless_nothing_changes(told: Teller, rounds: int) -> None:
    tree = long_tree(60)
    plan = evolve(PLAN, rounds=rounds)
    run = annotating(told, tree)
    n = len(due_nodes(run, plan))
    asked = len(go(told, run, plan))
    assert n <= asked <= rounds * n
    assert (asked == n) == (rounds == 1)


def test_four_seconds_are_long_enough_and_less_is_not(told: Teller) -> None:
    """Two shots, cut where one ends after 3.99 s, and the other 4.00 s later."""
    for length_s, n in ((3.99, 0), (4.0, 1)):
        times = np.linspace(0.1, length_s - 0.1, 8)
        rows = np.eye(8, dtype=np.float32)[[0, 0, 0, 0, 1, 1, 1, 1]]
        run = annotating(told, build_tree(rows, times, Span(0.0, length_s)))
        due = due_nodes(run, PLAN)
        assert len(due) == n
        assert due == [0][:n]


def test_the_longest_prompt_hardly_grows_with_the_video(told: Teller) -> None:
    short = long_tree(600)
    shorts = go(told, annotating(told, short, _spread(short)), evolve(PLAN, rounds=2))
    long = long_tree(4 * 3600)
    assert len(long) > 25_000
    longs = go(told, annotating(told, long, _spread(long)), evolve(PLAN, rounds=2))
    assert min(len(shorts), len(longs)) >= 30
    assert max(longs) <= 1.5 * max(shorts)
    assert max(shorts) <= 1.5 * max(longs)


def _spread(tree: SegmentTree) -> set[int]:
    """The largest nodes, and some of every size."""
    lengths = tree.end_s - tree.start_s
    due = np.flatnonzero((tree.left != NONE) & (lengths >= 4.0))
    order = due[np.argsort(-lengths[due], kind="stable")]
    return {*order[:12].tolist(), *order[:: max(1, len(order) // 12)].tolist()}
