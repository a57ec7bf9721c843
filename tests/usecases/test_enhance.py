"""Enhancing through fakes: what is asked, what is kept, and how a run that broke off goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.estimate import estimate
from kuavi.apps.usecases.queries import ByText, Field, SearchRequest
from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.apps.usecases.telling import NoTellers
from kuavi.domain.annotation import NOBODY
from kuavi.domain.budget import Budget
from kuavi.domain.described import Caption
from kuavi.domain.evidence import Model
from kuavi.domain.manifest import DESCRIBED, Stage
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.domain.tree import worth_annotating
from kuavi.ports.aggregators import TextRequest
from kuavi.ports.captioners import CaptionRequest
from kuavi.ports.progress import Cancelled, StageDone
from kuavi.ports.telling import TellFailure, Unanswered, Unreachable
from tests.telling import PATH, STORY, Teller, is_actions, scenic, teller
from tests.worlds import Shot, World

FAST, FULL = TellPlan(), TellPlan(Mode.FULL, rounds=2)
RED, GREEN, BLUE, RED_AGAIN, BLACK = range(5)


def scenes(told: Teller) -> list[int]:
    return scenes_of(told.tree, None).tolist()


def test_fast_is_a_call_a_scene_and_one_for_all_actions() -> None:
    told = teller()
    report = told.tell(FAST)
    counts = report.counts
    assert (counts.captioned, counts.alike, counts.dead, counts.annotated) == (3, 1, 1, 0)
    assert len(told.captioner.asked) == 3
    assert (len(told.aggregator.actions), len(told.aggregator.annotations)) == (1, 0)
    assert report.complete
    assert sorted(told.captions) == sorted(scenes(told))


def test_a_scene_that_looks_as_another_has_its_words_and_a_dead_one_none() -> None:
    told = teller()
    told.tell(FAST)
    by_scene = [told.captions[node] for node in scenes(told)]
    assert by_scene[RED_AGAIN] == by_scene[RED]
    assert "red" in by_scene[RED].text
    assert by_scene[BLACK] == Caption(action=NOBODY)
    assert all(caption.action for caption in by_scene)


def test_actions_are_searched_where_nothing_else_is_said() -> None:
    told = teller()
    before = told.world.found(SearchRequest(ByText("green")))
    assert Field.ACTION not in before.searched
    told.tell(FAST)
    after = told.world.found(SearchRequest(ByText("green")))
    assert after.searched == (Field.ACTION,)
    assert after.hits[0].node == scenes(told)[GREEN]
    assert "green" in after.hits[0].text


@pytest.mark.parametrize("plan", [FAST, FULL])
def test_the_same_again_asks_and_saves_nothing(plan: TellPlan) -> None:
    told = teller()
    told.tell(plan)
    version, n = told.version, len(told.captions)
    told.forget()
    report = told.tell(plan)
    assert told.n_asked == 0
    assert told.version == version
    assert report.complete
    assert (report.counts.captioned, report.counts.annotated, report.spent.calls) == (0, 0, 0)
    assert len(told.captions) == n


def test_full_after_fast_keeps_what_fast_said() -> None:
    told, whole = teller(), teller()
    told.tell(FAST)
    first = told.captions
    told.forget()
    told.tell(FULL)
    assert {node: told.captions[node] for node in first} == first
    assert sorted(told.captions) == list(range(len(told.tree)))
    asked = len(told.captioner.asked)
    whole.tell(FULL)
    mine = sum(node in first and bool(caption.text) for node, caption in whole.captions.items())
    assert asked == len(whole.captioner.asked) - mine


def test_fast_after_full_changes_nothing() -> None:
    told = teller()
    told.tell(FULL)
    captions, version = told.captions, told.version
    told.forget()
    told.tell(FAST)
    assert (told.n_asked, told.version) == (0, version)
    assert told.captions == captions


def test_annotated_are_inner_nodes_from_four_seconds_on() -> None:
    told = teller()
    told.tell(FULL)
    tree = told.tree
    due = worth_annotating(tree, 4.0).tolist()
    assert sorted(told.annotations) == sorted(due)
    green = scenes(told)[GREEN]
    assert tree.span_of(green).duration_s == pytest.approx(4.0)
    assert green in told.annotations
    shorter = teller()
    shorter.tell(evolve(FULL, min_annotated_s=4.01))
    assert green not in shorter.annotations
    assert len(shorter.annotations) == len(told.annotations) - 1


@pytest.mark.parametrize("mode", list(Mode))
def test_only_a_span(mode: Mode) -> None:
    told = teller()
    span = Span(3.0, 12.0)
    told.tell(TellPlan(mode, within=span, rounds=1))
    assert told.captions
    for node in (*told.captions, *told.annotations):
        both = told.tree.span_of(node).overlap(span)
        assert both is not None
        assert both.duration_s >= told.tree.span_of(node).duration_s / 2 - 1e-9
    assert scenes(told)[RED] not in told.captions
    assert scenes(told)[GREEN] in told.captions


def test_only_a_scene_and_what_is_below_it() -> None:
    told = teller()
    blue = scenes(told)[BLUE]
    told.tell(TellPlan(Mode.FULL, nodes=(blue,), rounds=1))
    inside = told.tree.span_of(blue)
    below = [
        node
        for node in range(len(told.tree))
        if inside.start_s <= told.tree.start_s[node] and told.tree.end_s[node] <= inside.end_s
    ]
    assert sorted(told.captions) == sorted(below)
    assert list(told.annotations) == [blue]
    assert len(told.captioner.asked) == len(below)


def test_part_after_part_is_as_the_whole() -> None:
    parts, whole = teller(), teller()
    for node in scenes(parts):
        parts.tell(TellPlan(nodes=(node,)))
    whole.tell(FAST)
    assert parts.captions == whole.captions
    parts.forget()
    assert parts.tell(FAST).complete
    assert parts.n_asked == 0


def refuse(at_s: float) -> Callable[[CaptionRequest], TellFailure | None]:
    def trouble(request: CaptionRequest) -> TellFailure | None:
        frames = request.frames
        hit = frames[0].time_s <= at_s <= frames[-1].time_s
        return Unanswered("spy", "it would not say") if hit else None

    return trouble


def test_a_request_that_fails_is_a_gap_which_the_next_run_fills() -> None:
    told = teller()
    told.captioner.trouble = refuse(5.0)
    report = told.tell(FAST)
    green = scenes(told)[GREEN]
    (gap,) = report.gaps
    assert (gap.stage, gap.span) == (Stage.CAPTIONS, told.tree.span_of(green))
    assert "it would not say" in gap.reason
    assert green not in told.captions
    others = told.captions
    assert len(others) == 4
    record = report.video.record(Stage.CAPTIONS)
    assert record is not None
    assert record.gaps == (gap,)

    told.captioner.trouble = lambda _: None
    told.forget()
    again = told.tell(FAST)
    assert len(told.captioner.asked) == 1
    assert again.complete
    assert {node: told.captions[node] for node in others} == others
    record = again.video.record(Stage.CAPTIONS)
    assert record is not None
    assert record.gaps == ()


def test_a_gap_elsewhere_is_not_forgotten_by_a_run_over_a_part() -> None:
    told = teller()
    told.captioner.trouble = refuse(5.0)
    told.tell(TellPlan(within=Span(0.0, 7.0)))
    told.captioner.trouble = lambda _: None
    report = told.tell(TellPlan(within=Span(7.0, 18.0)))
    record = report.video.record(Stage.CAPTIONS)
    assert record is not None
    assert [gap.span for gap in record.gaps] == [told.tree.span_of(scenes(told)[GREEN])]


def test_actions_that_could_not_be_named_are_named_by_the_next_run() -> None:
    told = teller()
    told.aggregator.answer = lambda request: "no JSON" if is_actions(request) else None
    report = told.tell(FAST)
    assert len(report.gaps) == 3
    assert len(told.aggregator.asked) == 3  # the batch, and its halves
    assert all(told.captions[node].text for node in scenes(told)[:4])
    assert not any(told.captions[node].action for node in scenes(told)[:4])
    told.aggregator.answer = lambda _: None
    told.forget()
    assert told.tell(FAST).complete
    assert (len(told.captioner.asked), len(told.aggregator.asked)) == (0, 1)
    assert all(told.captions[node].action for node in scenes(told))
    assert told.world.found(SearchRequest(ByText("green"))).searched == (Field.ACTION,)
    told.forget()
    told.tell(FAST)
    assert told.n_asked == 0


def about(told: Teller, node: int, request: TextRequest) -> bool:
    """Whether an annotation of the node is asked for."""
    place = told.tree.span_of(node)
    clock = f"({place.duration_s:.2f} s) of a video"
    return not is_actions(request) and clock in request.prompt


def test_an_annotation_that_fails_leaves_the_others() -> None:
    told = teller()
    blue = scenes(told)[BLUE]
    told.aggregator.answer = lambda r: (
        Unanswered("spy", "too busy") if about(told, blue, r) else None
    )
    report = told.tell(FULL)
    (gap,) = report.gaps
    assert (gap.stage, gap.span) == (Stage.ANNOTATIONS, told.tree.span_of(blue))
    assert "too busy" in gap.reason
    others = told.annotations
    assert blue not in others
    assert len(others) == 5
    told.aggregator.answer = lambda _: None
    told.forget()
    assert told.tell(FULL).complete
    assert {node: told.annotations[node] for node in others} == others
    assert blue in told.annotations
    assert 1 <= told.n_asked <= FULL.rounds


def test_an_unusable_reply_leaves_the_annotation_there_was() -> None:
    told = teller()
    told.tell(FULL)
    before, blue = told.annotations, scenes(told)[BLUE]
    told.aggregator.model = Model("spy", "other")
    told.aggregator.answer = lambda r: (
        "I will not" if about(told, blue, r) or "I will not" in r.prompt else None
    )
    report = told.tell(FULL)
    assert told.annotations[blue] == before[blue]
    assert sorted(told.annotations) == sorted(before)
    assert [gap.span for gap in report.gaps if gap.stage is Stage.ANNOTATIONS] == [
        told.tree.span_of(blue)
    ]
    told.forget()
    told.aggregator.answer = lambda _: None
    assert told.tell(FULL).complete
    assert len(told.captioner.asked) == 0
    assert all(about(told, blue, request) for request in told.aggregator.annotations)


def test_an_unreachable_model_ends_the_run_and_keeps_what_is_done() -> None:
    told = teller()
    told.captioner.trouble = lambda request: (
        Unreachable("spy", "no network") if request.frames[0].time_s > 6.0 else None
    )
    report = told.tell(FULL)
    assert "no network" in report.stopped
    assert not report.complete
    assert told.captions
    assert not told.annotations
    told.captioner.trouble = lambda _: None
    assert told.tell(FULL).complete
    assert sorted(told.captions) == list(range(len(told.tree)))


@pytest.mark.parametrize("limit", [1, 3, 4, 17, 30])
def test_a_budget_is_kept_and_the_next_runs_go_on(limit: int, tmp_path: Path) -> None:
    whole = teller(kept=tmp_path / "whole")
    undisturbed = whole.tell_within(FULL).spent.calls
    told = teller(kept=tmp_path / "replies")
    calls = []
    for _ in range(undisturbed + 1):
        report = told.tell_within(FULL, Budget(calls=limit))
        calls.append(report.spent.calls)
        if report.complete:
            break
        assert report.stopped
    assert max(calls) <= limit
    assert sum(calls) == undisturbed
    assert told.captions == whole.captions
    assert told.annotations == whole.annotations


@pytest.mark.parametrize("after", [1, 2, 5, 20, 34])
def test_who_stops_a_run_loses_nothing(after: int, tmp_path: Path) -> None:
    whole = teller(kept=tmp_path / "whole")
    undisturbed = whole.tell_within(FULL).spent.calls
    told = teller(kept=tmp_path / "replies")
    stopping = told.world.later(progress=MemoryProgress(cancel_after=after))
    asking = told.asking()
    ports = stopping.tell_ports(asking=asking)
    outcome = enhance_video(told.video, FULL, ports)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), Cancelled)
    assert ports.captioner is not None
    assert ports.aggregator is not None
    spent = ports.captioner.spent.calls + ports.aggregator.spent.calls
    if after > 1:
        assert told.captions
    report = told.tell_within(FULL)
    assert report.complete
    assert spent + report.spent.calls == undisturbed
    assert told.captions == whole.captions
    assert told.annotations == whole.annotations


class KilledError(Exception):
    pass


class Killing(MemoryProgress):
    """The process ends as soon as a stage is saved."""

    def report(self, event):  # type: ignore[no-untyped-def]
        if isinstance(event, StageDone):
            raise KilledError
        return super().report(event)


def test_a_run_killed_between_stages_is_completed_by_the_next() -> None:
    told = teller()
    dying = told.world.later(progress=Killing())
    with pytest.raises(KilledError):
        enhance_video(told.video, FAST, dying.tell_ports())
    record = told.world.library.view().unwrap().video(told.video).unwrap()
    assert record.record(Stage.CAPTIONS) is not None
    assert record.record(Stage.DESCRIPTIONS) is None
    report = told.tell(FAST)
    assert told.n_asked == 0
    assert report.video.record(Stage.DESCRIPTIONS) is not None
    assert told.world.found(SearchRequest(ByText("green"))).hits[0].node == scenes(told)[GREEN]


def test_another_model_makes_all_stale() -> None:
    told = teller()
    told.tell(FULL)
    first = len(told.captioner.asked), len(told.aggregator.annotations)
    told.forget()
    told.captioner.model = Model("spy", "other")
    told.tell(FULL)
    assert (len(told.captioner.asked), len(told.aggregator.annotations)) == first
    told.forget()
    told.aggregator.model = Model("spy", "other")
    told.tell(FULL)
    assert len(told.aggregator.annotations) == first[1]


def test_another_tree_drops_all_that_was_said() -> None:
    told = teller()
    told.tell(FULL)
    report = told.world.indexed(PATH, IndexPlan(preset="fake", min_leaf_s=2.0))
    assert all(report.video.record(stage) is None for stage in DESCRIBED)
    assert (told.captions, told.annotations) == ({}, {})
    result = told.world.found(SearchRequest(ByText("green")))
    assert Field.ACTION not in result.searched
    assert told.tell(FAST).complete


def test_a_file_that_moved_away_is_said_and_loses_nothing() -> None:
    told = teller()
    told.tell(FAST)
    captions, version = told.captions, told.version
    gone = told.world.later(films={})
    outcome = enhance_video(told.video, FULL, gone.tell_ports())
    assert isinstance(outcome, Failure)
    assert PATH in str(outcome.failure())
    assert (told.captions, told.version) == (captions, version)
    again = enhance_video(told.video, FAST, gone.tell_ports()).unwrap()
    assert again.complete  # nothing was to be seen for it


def test_a_preset_without_models_says_so() -> None:
    told = teller()
    ports = evolve(told.world.tell_ports(), captioner=None)
    assert isinstance(enhance_video(told.video, FAST, ports).failure(), NoTellers)
    captioned = evolve(told.world.tell_ports(), aggregator=None)
    report = enhance_video(told.video, FULL, captioned).unwrap()
    assert [gap.stage for gap in report.gaps] == [Stage.ANNOTATIONS]
    assert told.captions


def test_a_film_of_which_nothing_can_be_said() -> None:
    told = teller(scenic(Shot("black", 4.0)))
    report = told.tell(FAST)
    assert report.complete
    assert told.n_asked == 0
    assert report.counts.captioned == 0
    result = told.world.found(SearchRequest(ByText("black")))
    assert Field.ACTION not in result.searched


BRIGHT = scenic(Shot("red", 3.0), Shot("green", 4.5), Shot("blue", 5.0), Shot("red", 3.0))


@pytest.mark.parametrize("plan", [FAST, FULL, evolve(FULL, rounds=3)])
def test_what_a_run_asks_is_told_before(plan: TellPlan) -> None:
    told = teller(BRIGHT)
    before = estimate(told.video, plan, told.ports).unwrap()
    told.tell(plan)
    assert before.captions.calls == len(told.captioner.asked)
    assert before.actions.calls == len(told.aggregator.actions)
    asked = len(told.aggregator.annotations)
    assert asked <= before.annotations.calls <= plan.rounds * asked
    assert (asked > 0) == (plan.mode is Mode.FULL)
    assert estimate(told.video, plan, told.ports).unwrap().calls == 0


def test_the_dead_are_counted_in_an_estimate_for_nobody_has_looked() -> None:
    told = teller(STORY)
    assert estimate(told.video, FAST, told.ports).unwrap().captions.calls == 4
    told.tell(FAST)
    assert len(told.captioner.asked) == 3


def test_films_are_told_apart() -> None:
    world = World(films={PATH: STORY, "/films/night.mp4": BRIGHT})
    first, second = (world.indexed(path).video.id for path in world.films)
    ports = world.tell_ports()
    enhance_video(first, FAST, ports).unwrap()
    assert Teller(world, second).captions == {}
    report = enhance_video(second, FAST, ports).unwrap()
    assert report.spent.calls == 4  # not what the first one cost
