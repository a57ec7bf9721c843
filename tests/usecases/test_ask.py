"""Asking through fakes: the true candidate first, by pictures and by words."""

import pytest
from returns.result import Failure

from kuavi.apps.usecases.ask import Answered, AskFailure, NothingToGoBy, Question, ask
from kuavi.domain.manifest import Tier
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.ports.library import NoSuchVideo
from tests.worlds import World

COLOURS = ("red", "green", "blue")


@pytest.fixture
def world() -> World:
    made = World()
    made.indexed()
    return made


def asked(
    world: World, candidates: tuple[str, ...], within: Span | None = None, text: str = ""
) -> Outcome[Answered, AskFailure]:
    video = world.library.view().unwrap().videos().unwrap()[0].id
    return ask(Question(text, candidates, video, within), world.search_ports)


@pytest.mark.parametrize(
    ("span", "true"), [(Span(0, 3), "red"), (Span(3, 7), "green"), (Span(7, 10), "blue")]
)
def test_what_a_span_shows_comes_first(world: World, span: Span, true: str) -> None:
    told = asked(world, COLOURS, span).unwrap()
    assert told.answers[0].candidate == true
    assert sum(answer.share for answer in told.answers) == pytest.approx(1)
    assert any("not calibrated" in note for note in told.notes)
    best = told.answers[0].clues[0]
    assert best.source == "visual"
    assert best.moment.overlap(span) is not None


def test_of_a_whole_video_each_candidate_has_its_own_moment(world: World) -> None:
    told = asked(world, COLOURS).unwrap()
    moments = {one.candidate: one.clues[0].moment.start_s for one in told.answers}
    assert moments["red"] < 3 <= moments["green"] < 7 <= moments["blue"]


def test_what_is_said_speaks_for_a_candidate(world: World) -> None:
    told = asked(world, ("the cat walks", "the boat stops"), text="what happens?").unwrap()
    assert told.answers[0].candidate == "the boat stops"
    clue = next(one for one in told.answers[0].clues if one.source == "transcript")
    assert clue.text == "the boat stops"
    assert clue.moment.start_s == pytest.approx(7, abs=0.5)


def test_a_scan_answers_by_pictures_alone() -> None:
    world = World()
    world.indexed(plan=IndexPlan(preset="fake", tier=Tier.SCAN))
    told = asked(world, COLOURS, Span(3, 7)).unwrap()
    assert told.answers[0].candidate == "green"
    assert {clue.source for one in told.answers for clue in one.clues} == {"visual"}


def test_a_span_past_the_end_and_a_foreign_video_are_told(world: World) -> None:
    assert asked(world, COLOURS, Span(50, 60)) == Failure(NothingToGoBy("day.mp4"))
    from kuavi.domain.fingerprint import VideoId

    nobody = Question("", COLOURS, VideoId("0" * 16))
    assert ask(nobody, world.search_ports) == Failure(NoSuchVideo("0" * 16))


@pytest.mark.parametrize("given", [(), ("one",), ("one", " "), ("Red", "red ")])
def test_candidates_are_at_least_two_and_different(world: World, given: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="candidate"):
        asked(world, given)
