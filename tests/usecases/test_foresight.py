"""Foresight through fakes: what answers, by what, from what was seen, and what is refused."""

import pytest
from attrs import evolve
from returns.result import Failure

from kuavi.adapters.readers.fake import FakeClip
from kuavi.apps.usecases.anticipate import Anticipation, NoTexts, Prediction, anticipate
from kuavi.apps.usecases.anticipate import predict_future as predict
from kuavi.apps.usecases.observing import Ask, NothingBefore
from kuavi.domain.evidence import Fitted, Heuristic, Learned
from kuavi.domain.fingerprint import VideoId, video_id
from kuavi.ports.files import PathMissing
from kuavi.ports.library import NoSuchVideo
from kuavi.ports.predictors import TooFarAhead
from tests.foresight import learned, made, many, ports_of
from tests.worlds import COLOURS, DAY, FPS, Shot, World, film


def id_of(world: World, title: str) -> VideoId:
    listed = world.library.view().unwrap().videos().unwrap()
    return next(video.id for video in listed if video.title == title)


@pytest.fixture
def world() -> World:
    return made(
        {
            "day": DAY,
            "one": film(Shot("white", 4), Shot("red", 4), Shot("green", 6)),
            "two": film(Shot("black", 4), Shot("red", 5)),
        }
    )


def anticipated(world: World, ask: Ask, *texts: str) -> Anticipation:
    outcome = anticipate(ask, texts, ports_of(world))
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def test_without_a_predictor_baselines_answer_under_their_own_names(world: World) -> None:
    told = anticipated(world, Ask(id_of(world, "two.mp4"), 8.0, 2.0))
    assert [answer.method for answer in told.answers] == ["persistence", "nearest neighbour"]
    assert all(isinstance(answer.evidence, Heuristic) for answer in told.answers)
    assert any("no predictor" in note for note in told.notes)
    assert not told.extrapolated


def test_what_stays_is_like_what_was_and_what_followed_like_what_came() -> None:
    """At the end of the red shot persistence says red, and the look-alike was followed by green."""
    world = made(
        {
            "one": film(Shot("white", 4), Shot("red", 1), Shot("green", 6)),
            "two": film(Shot("black", 4), Shot("red", 5)),
        }
    )
    ask = Ask(id_of(world, "two.mp4"), 9.0, 5.0, limit=1)
    stays, followed = anticipated(world, ask).answers
    assert [c.span and c.span.start_s for c in stays.candidates] == [pytest.approx(4)]
    assert [c.span and c.span.start_s for c in followed.candidates] == [pytest.approx(5)]


def test_scenes_of_the_same_video_are_candidates_only_if_they_come_later(world: World) -> None:
    for at_s in (2.0, 5.0):
        told = anticipated(world, Ask(id_of(world, "day.mp4"), at_s, 2.0, limit=50))
        for answer in told.answers:
            mine = [c.span for c in answer.candidates if c.title == "day.mp4"]
            assert mine
            assert all(span is not None and span.start_s >= at_s for span in mine)
            scores = [c.score for c in answer.candidates]
            assert scores == sorted(scores, reverse=True)


def test_a_predictor_answers_first_and_sees_nothing_after_the_moment(world: World) -> None:
    ports, predictor = learned(world)
    told = anticipate(Ask(id_of(world, "day.mp4"), 3.0, 2.0), (), ports).unwrap()
    assert [a.method for a in told.answers] == ["predictor", "persistence", "nearest neighbour"]
    assert told.answers[0].evidence == Learned("last-change")
    assert told.notes == ()
    assert predictor.seen
    assert max(predictor.seen) < 3.0
    assert told.observed.end_s <= 3.0


def test_what_comes_later_cannot_change_an_answer() -> None:
    """Two films that are the same up to a moment, and differ from it on, foresee the same."""
    start = Shot("red", 2), Shot("green", 3)
    told = []
    for ending in ("blue", "white"):
        world = made({"a": film(*start, Shot(ending, 5)), "other": DAY})
        ports, _ = learned(world)
        ask = Ask(id_of(world, "a.mp4"), 5.0, 2.0)
        prediction = predict(ask, ports).unwrap()
        told.append(
            [[step.alike for step in answer.steps] for answer in prediction.answers if answer.steps]
        )
    assert told[0] == told[1]


def test_far_ahead_is_flagged_and_too_far_is_refused(world: World) -> None:
    ask = Ask(id_of(world, "day.mp4"), 9.0, 2.0)
    near = anticipate(ask, (), learned(world, trained_steps=12)[0]).unwrap()
    far = anticipate(evolve(ask, horizon_s=8.0), (), learned(world, trained_steps=12)[0]).unwrap()
    assert (near.extrapolated, far.extrapolated) == (False, True)
    refused = anticipate(ask, (), learned(world, max_steps=3)[0])
    assert isinstance(refused.failure(), TooFarAhead)


def predicted(world: World, ask: Ask) -> Prediction:
    outcome = predict(ask, ports_of(world))
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def test_each_step_names_moments_elsewhere_and_how_it_came(world: World) -> None:
    ask = Ask(id_of(world, "day.mp4"), 2.0, 2.0)
    told = predicted(world, ask)
    stays = told.answers[0]
    assert len(stays.steps) == 5
    assert stays.steps[0].span.start_s == pytest.approx(2.0)
    assert stays.steps[-1].span.end_s == pytest.approx(4.0)
    came = [step.came for step in stays.steps]
    assert came[0] == pytest.approx(1, abs=0.01)  # still red
    assert came[-1] is not None
    assert came[-1] < 0.7  # green by then
    for answer in told.answers:
        for step in answer.steps:
            assert step.alike
            assert all(one.title != "day.mp4" for one in step.alike)
            similar = [one.similarity for one in step.alike]
            assert similar == sorted(similar, reverse=True)


def test_past_the_end_nothing_came(world: World) -> None:
    told = predicted(world, Ask(id_of(world, "day.mp4"), 10.0, 1.0))
    assert {step.came for answer in told.answers for step in answer.steps} == {None}


def test_a_library_of_one_says_that_there_is_no_neighbour() -> None:
    world = made({"short": film(Shot("red", 2), Shot("green", 2))})
    told = anticipated(world, Ask(id_of(world, "short.mp4"), 4.0, 2.0))
    assert [answer.method for answer in told.answers] == ["persistence"]
    assert told.answers[0].candidates == ()
    assert any("nearest neighbour" in note for note in told.notes)


def test_texts_are_ranked_through_a_map_fitted_on_the_library() -> None:
    world = many(12)
    video = video_id(world.library.view().unwrap().videos().unwrap()[0].content)
    tree = world.library.view().unwrap().tree(video).unwrap()
    assert tree is not None
    colour_at = world.films[world.library.view().unwrap().video(video).unwrap().path].frames
    shown = next(
        name for name, rgb in COLOURS.items() if tuple(colour_at[round(2.2 * FPS)][1][0, 0]) == rgb
    )
    told = anticipated(world, Ask(video, 2.3, 0.8, since_s=1.3), *COLOURS)
    assert isinstance(told.through, Fitted)
    assert told.through.held_out > 0.1
    assert told.answers[0].method == "persistence"
    assert told.answers[0].candidates[0].text == shown
    assert {c.text for c in told.answers[0].candidates} == set(COLOURS)


def test_texts_are_refused_where_no_map_can_be_fitted(world: World) -> None:
    outcome = anticipate(Ask(id_of(world, "day.mp4"), 5.0), ("red",), ports_of(world))
    refusal = outcome.failure()
    assert isinstance(refusal, NoTexts)
    assert "40 pairs" in str(refusal)
    assert "leave the candidates out" in str(refusal)


def test_a_moment_that_nothing_leads_to_is_refused(world: World) -> None:
    day = id_of(world, "day.mp4")
    ends = anticipate(Ask(day, 10.5), (), ports_of(world)).failure()
    assert isinstance(ends, NothingBefore)
    assert "ends at 0:10.0" in str(ends)
    since = anticipate(Ask(day, 5.0, since_s=4.95), (), ports_of(world)).failure()
    assert isinstance(since, NothingBefore)
    gone = anticipate(Ask(VideoId("nowhere"), 5.0), (), ports_of(world)).failure()
    assert isinstance(gone, NoSuchVideo)
    for wrong in ((0.0, 1.0), (5.0, 0.0), (5.0, 1e6), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="must be"):
            Ask(day, *wrong)


def test_a_file_that_is_gone_is_told(world: World) -> None:
    day = id_of(world, "day.mp4")
    moved = world.later(films={})
    assert isinstance(anticipate(Ask(day, 5.0), (), ports_of(moved)).failure(), PathMissing)


def test_pictures_that_cannot_be_read_any_more_are_told(world: World) -> None:
    shorter = FakeClip(DAY.frames[:40], 4.0, DAY.samples)
    later = world.later(films={**world.films, "/films/day.mp4": shorter})
    outcome = anticipate(Ask(id_of(world, "day.mp4"), 6.0), (), ports_of(later))
    assert "pictures before it can be read" in str(outcome.failure())
