"""Searching through fakes: right moments, honest refusals, finite scores."""

import math

import pytest
from attrs import evolve

from kuavi.adapters.joint import fake as joint
from kuavi.apps.usecases.projecting import projection_of
from kuavi.apps.usecases.queries import (
    ByImage,
    BySpan,
    ByText,
    EmptyQuery,
    Field,
    FieldUnavailable,
    NothingIndexed,
    SearchRequest,
)
from kuavi.domain.described import Description
from kuavi.domain.evidence import Fitted, Heuristic
from kuavi.domain.fingerprint import VideoId, fingerprint_of
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, StageRecord, Tier, with_stage
from kuavi.domain.plan import IndexPlan, ModelSpec
from kuavi.domain.spans import Span
from kuavi.ports.library import NoSuchVideo, OtherSpace
from kuavi.ports.parts import Descriptions
from kuavi.ports.pictures import ImageFormat
from tests.foresight import many
from tests.worlds import COLOURS, DAY, FPS, Shot, World, film

PLAN = IndexPlan(preset="fake")
TWO = {
    "/films/day.mp4": DAY,
    "/films/night.mp4": film(
        Shot("black", 4, said="the moon and the dog"), Shot("red", 3), Shot("white", 3)
    ),
}


@pytest.fixture
def world() -> World:
    made = World(films=TWO)
    for path in TWO:
        made.indexed(path)
    return made


def text(query: str, field: Field = Field.ALL, limit: int = 10) -> SearchRequest:
    return SearchRequest(ByText(query), field, limit)


@pytest.mark.parametrize(
    ("colour", "title", "start_s"),
    [("green", "day.mp4", 3), ("blue", "day.mp4", 7), ("white", "night.mp4", 7)],
)
def test_what_is_seen_is_found(world: World, colour: str, title: str, start_s: float) -> None:
    hit = world.found(text(colour, Field.VISUAL)).hits[0]
    assert hit.title == title
    assert hit.scene.start_s == pytest.approx(start_s)
    assert [match.field for match in hit.matches] == [Field.VISUAL]
    assert hit.matches[0].evidence == world.scan.joint.evidence
    assert hit.thumbnail_s is not None
    assert hit.scene.contains(hit.thumbnail_s)
    assert colour in [tag.label for tag in hit.tags]


def test_what_is_said_is_found_with_its_words(world: World) -> None:
    hit = world.found(text("boat", Field.TRANSCRIPT)).hits[0]
    assert hit.text.lower().startswith("the boat stops")
    assert hit.scene.contains(hit.moment.start_s)
    assert hit.moment.start_s == pytest.approx(7.35, abs=0.06)  # the word, not the sentence


def test_what_is_written_is_found(world: World) -> None:
    hit = world.found(text("harbour", Field.SCREEN)).hits[0]
    assert hit.text == "HARBOUR"
    assert hit.scene.start_s == pytest.approx(7)


def test_stop_words_find_nothing_by_themselves(world: World) -> None:
    hits = world.found(text("the white", Field.TRANSCRIPT)).hits
    assert not [m for hit in hits for m in hit.matches if m.method == "words"]


def test_all_finds_each_kind_first(world: World) -> None:
    assert world.found(text("moon")).hits[0].title == "night.mp4"
    assert world.found(text("exit")).hits[0].text == "EXIT 12"
    assert world.found(text("white")).hits[0].scene.start_s == pytest.approx(7)


def test_a_hit_in_several_fields_says_so(world: World) -> None:
    hit = world.found(text("red door")).hits[0]
    assert (hit.title, hit.scene.start_s) == ("day.mp4", 0)
    assert {match.field for match in hit.matches} >= {Field.VISUAL, Field.TRANSCRIPT}


def test_scores_are_finite_and_do_not_rise_and_the_limit_holds(world: World) -> None:
    for limit in (1, 3, 50):
        hits = world.found(text("red", limit=limit)).hits
        scores = [hit.score for hit in hits]
        assert len(hits) == min(limit, 6)
        assert all(math.isfinite(score) and 0 < score <= 1 for score in scores)
        assert scores == sorted(scores, reverse=True)


def test_filters_by_video_and_time(world: World) -> None:
    day = world.library.view().unwrap().videos().unwrap()[0]
    only = world.found(evolve(text("red"), videos=(day.id,)))
    assert {hit.video for hit in only.hits} == {day.id}
    late = world.found(evolve(text("red"), within=Span(7.5, 8)))
    assert all(hit.scene.overlap(Span(7.5, 8)) for hit in late.hits)
    assert len(late.hits) == 2


def test_a_picture_finds_what_looks_like_it(world: World) -> None:
    pixels = DAY.frames[50][1]
    image = world.index_ports.pictures.encode(pixels, ImageFormat.PNG).unwrap()
    asked = world.later(contents={"/green.png": image})
    found = asked.found(SearchRequest(ByImage("/green.png")))
    assert found.hits[0].scene.start_s == pytest.approx(3)
    refused = asked.search(SearchRequest(ByImage("/green.png"), Field.TRANSCRIPT))
    assert isinstance(refused.failure(), FieldUnavailable)


def test_a_span_finds_its_like_elsewhere_and_never_itself(world: World) -> None:
    day, night = world.library.view().unwrap().videos().unwrap()
    for field in (Field.ALL, Field.VISUAL, Field.TEMPORAL):
        found = world.found(SearchRequest(BySpan(day.id, Span(0.5, 2.5)), field))
        assert found.hits[0].video == night.id
        assert found.hits[0].scene.start_s == pytest.approx(4)
        assert not any(h.video == day.id and h.scene.contains(1) for h in found.hits)


def test_motion_is_not_asked_by_text_where_no_map_can_be_fitted(world: World) -> None:
    outcome = world.search(text("red", Field.TEMPORAL))
    assert isinstance(outcome.failure(), FieldUnavailable)
    assert "40 pairs" in str(outcome.failure())
    assert "by example" in str(outcome.failure())


@pytest.fixture(scope="module")
def films() -> World:
    """Films of five shots, of each colour one."""
    return many(12)


@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_motion_is_asked_by_text_through_a_fitted_map(films: World, colour: str) -> None:
    found = films.found(text(colour, Field.TEMPORAL, 6))
    assert found.searched == (Field.TEMPORAL,)
    for hit in found.hits:
        shown = films.films[hit.path].frames[round(hit.moment.middle_s * FPS)][1]
        assert tuple(shown[0, 0]) == COLOURS[colour]
        (match,) = hit.matches
        assert match.method == "projected"
        assert isinstance(match.evidence, Fitted)
        assert "asked by text" in match.evidence.on
        assert match.evidence.held_out > 0.05


def test_the_map_is_fitted_once_for_a_version_of_the_library(films: World) -> None:
    view = films.library.view().unwrap()
    joint, motion = films.scan.joint.space, films.scan.clips.space
    first = projection_of(view, joint, motion).unwrap()
    assert projection_of(view, joint, motion).unwrap() is first


def test_texts_over_all_fields_leave_motion_out(films: World) -> None:
    assert Field.TEMPORAL not in films.found(text("red")).searched


def test_no_captions_is_a_failure_alone_and_a_note_among_all(world: World) -> None:
    alone = world.search(text("red", Field.SUMMARY))
    assert isinstance(alone.failure(), FieldUnavailable)
    together = world.found(text("red"))
    assert Field.SUMMARY not in together.searched
    assert any("captions" in note for note in together.notes)


def test_captions_are_searched_where_there_are_some(world: World) -> None:
    day = world.library.view().unwrap().videos().unwrap()[0]
    tree = world.library.view().unwrap().tree(day.id).unwrap()
    assert tree is not None
    shot = int(tree.is_shot.nonzero()[0][0])
    told = Description(shot, tree.span_of(shot), "A gate swings", 0)
    made = StageRecord(Stage.DESCRIPTIONS, fingerprint_of("told"), 1, Heuristic("by hand"))
    part = Descriptions(Layer.SUMMARY, (told,))
    world.library.commit(with_stage(day, made), [part]).unwrap()
    hit = world.found(text("gate", Field.SUMMARY)).hits[0]
    assert hit.text == "A gate swings"
    assert hit.video == day.id


def test_diverse_results_differ(world: World) -> None:
    plain = world.found(text("red", Field.VISUAL, 2)).hits
    diverse = world.found(evolve(text("red", Field.VISUAL, 2), diverse=True)).hits
    assert {hit.tags[0].label for hit in plain} == {"red"}
    assert diverse[0] == plain[0]
    assert diverse[1].tags[0].label != "red"


def test_finer_scenes_on_request(world: World) -> None:
    coarse = world.found(evolve(text("red", limit=50), scene_s=1000))
    assert len(coarse.hits) == 2
    assert {hit.scene.duration_s for hit in coarse.hits} == {10.0}


def test_bad_questions_are_typed_failures(world: World) -> None:
    assert isinstance(world.search(text("  ")).failure(), EmptyQuery)
    assert isinstance(World().search(text("red")).failure(), NothingIndexed)
    gone = evolve(text("red"), videos=(VideoId("nowhere"),))
    assert isinstance(world.search(gone).failure(), NoSuchVideo)
    with pytest.raises(ValueError, match="limit"):
        text("red", limit=0)


def test_a_library_scanned_only_says_what_is_missing() -> None:
    world = World()
    world.indexed(plan=evolve(PLAN, tier=Tier.SCAN))
    outcome = world.search(text("boat", Field.TRANSCRIPT))
    assert "--tier scan" in str(outcome.failure())
    assert world.found(text("green")).hits[0].scene.start_s == pytest.approx(3)


def test_vectors_of_another_model_are_refused(world: World) -> None:
    other = joint.build(ModelSpec("fake", "another-joint")).unwrap()
    later = world.later(scan=evolve(world.scan, joint=other))
    outcome = later.search(text("red", Field.VISUAL))
    assert isinstance(outcome.failure(), OtherSpace)
