"""Scenes, transcript, contact sheets, and which video is meant, through fakes."""

import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.apps.usecases.look import NothingToSee, SheetRequest, frames_at, sheet
from kuavi.apps.usecases.manage import Ambiguous, remove, which
from kuavi.apps.usecases.scenes import Level, NotIndexed, scenes, transcript
from kuavi.domain.annotation import Unannotated
from kuavi.domain.manifest import Tier
from kuavi.domain.media import AtTimes, View
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.ports.files import PathMissing
from kuavi.ports.library import NoSuchVideo
from tests.worlds import DAY, Shot, World, film


@pytest.fixture
def world() -> World:
    made = World()
    made.indexed()
    return made


def only(world: World):  # type: ignore[no-untyped-def]
    return world.library.view().unwrap().videos().unwrap()[0]


def test_scenes_tell_what_is_said_written_and_tagged(world: World) -> None:
    told = scenes(world.library.view().unwrap(), only(world).id, Level()).unwrap()
    assert [scene.span.start_s for scene in told] == pytest.approx([0, 3, 7])
    assert told[0].spoken.lower().startswith("the red door opens")
    assert told[1].written == ("EXIT 12",)
    assert told[2].tags[0].label == "blue"
    assert all(isinstance(scene.described, Unannotated) for scene in told)
    assert all(s.keyframe_s is not None and s.span.contains(s.keyframe_s) for s in told)


@pytest.mark.parametrize("level", [Level(count=1), Level(count=2), Level(typical_s=2.0), Level()])
def test_every_level_tiles_the_video(world: World, level: Level) -> None:
    told = scenes(world.library.view().unwrap(), only(world).id, level).unwrap()
    assert told[0].span.start_s == 0
    assert told[-1].span.end_s == pytest.approx(10)
    ends = [scene.span.end_s for scene in told[:-1]]
    assert ends == [scene.span.start_s for scene in told[1:]]
    assert level.count is None or len(told) == level.count


def test_a_phrase_is_found_with_its_time(world: World) -> None:
    found = transcript(world.library.view().unwrap(), only(world).id, "Boat, STOPS").unwrap()
    assert len(found.utterances) == 2
    assert [hit.span.start_s for hit in found.found] == pytest.approx([7.35], abs=0.1)


def test_without_the_stage_there_is_no_transcript() -> None:
    world = World()
    world.indexed(plan=IndexPlan(preset="fake", tier=Tier.SCAN))
    outcome = transcript(world.library.view().unwrap(), only(world).id, None)
    assert isinstance(outcome.failure(), NotIndexed)


def test_frames_are_those_on_screen(world: World) -> None:
    frames = frames_at(only(world), View(AtTimes((1.0, 8.0)), 64), world.look_ports).unwrap()
    assert [frame.time_s for frame in frames] == pytest.approx([1.0, 8.0])
    assert frames[0].pixels[-1, -1, 0] > 200
    assert frames[1].pixels[-1, -1, 2] > 200


def test_a_sheet_has_one_tile_a_scene_in_time_order(world: World) -> None:
    made = sheet(SheetRequest(only(world).id), "/out/day.png", world.look_ports).unwrap()
    assert made.path == "/out/day.png"
    assert [round(t) for t in made.times_s] == [2, 5, 8]


def test_a_sheet_of_a_span_and_of_given_times(world: World) -> None:
    video = only(world).id
    late = SheetRequest(video, within=Span(7.5, 9))
    assert sheet(late, "/out/a.png", world.look_ports).unwrap().times_s == pytest.approx([8.2])
    some = SheetRequest(video, times_s=(0.5, 9.5))
    assert sheet(some, "/out/b.jpg", world.look_ports).unwrap().times_s == pytest.approx([0.5, 9.5])
    beyond = sheet(SheetRequest(video, within=Span(50, 60)), "/out/c.png", world.look_ports)
    assert isinstance(beyond.failure(), NothingToSee)


def test_a_file_that_changed_since_is_not_shown_as_the_old_one(world: World) -> None:
    changed = world.later(contents={"/films/day.mp4": b"other"})
    outcome = frames_at(only(world), View(AtTimes((1.0,)), 64), changed.look_ports)
    assert isinstance(outcome.failure(), PathMissing)
    assert "changed" in str(outcome.failure())


def test_which_video_is_meant() -> None:
    world = World(films={"/a/x.mp4": DAY, "/b/x.mp4": film(Shot("white", 2))})
    ids = [world.indexed(path).video.id for path in ("/a/x.mp4", "/b/x.mp4")]
    view = world.library.view().unwrap()
    assert which(view, "/b/x.mp4", "/b/x.mp4").unwrap().id == ids[1]
    assert which(view, ids[0][:6], "/cwd/none").unwrap().id == ids[0]
    assert isinstance(which(view, "x.mp4", "/cwd/x.mp4").failure(), Ambiguous)
    assert isinstance(which(view, "y.mp4", "/cwd/y.mp4").failure(), NoSuchVideo)
    assert isinstance(which(view, "", "/cwd").failure(), NoSuchVideo)


def test_a_removed_video_is_gone_and_the_others_stay() -> None:
    world = World(films={"/a/x.mp4": DAY, "/b/y.mp4": evolve(DAY, end_s=DAY.end_s + 0.1)})
    gone, stays = (world.indexed(path).video for path in ("/a/x.mp4", "/b/y.mp4"))
    assert isinstance(remove(world.library, gone.id), Success)
    assert [v.id for v in world.library.view().unwrap().videos().unwrap()] == [stays.id]
    assert isinstance(remove(world.library, gone.id), Failure)
