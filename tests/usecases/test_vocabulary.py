"""The actions of a library: counted over all videos, those that say the same as one."""

import pytest

from kuavi.apps.usecases.enhance import enhance_video
from kuavi.apps.usecases.vocabulary import actions
from kuavi.domain.tell_plan import TellPlan
from tests.worlds import DAY, Shot, World, film

NIGHT = film(
    Shot("black", 4, said="the moon"),
    Shot("green", 3, written="EXIT 12"),
    Shot("white", 3, written="FOG"),
)


def test_alike_actions_of_all_videos_are_one_with_their_places() -> None:
    world = World(films={"/films/day.mp4": DAY, "/films/night.mp4": NIGHT})
    for path in world.films:
        video = world.indexed(path).video.id
        enhance_video(video, TellPlan(), world.tell_ports()).unwrap()
    terms = actions(world.library, world.words.text.space).unwrap()
    assert [term.count for term in terms] == sorted((t.count for t in terms), reverse=True)
    green = next(term for term in terms if "green" in term.label)
    assert (green.count, green.videos) == (2, 2)
    assert [place.span.start_s for place in green.places] == pytest.approx([3, 4])
    assert all(place.video in {v.id for v in videos(world)} for place in green.places)
    assert sum(term.count for term in terms) == 4  # what is blank acts in nothing


def videos(world: World) -> tuple:  # type: ignore[type-arg]
    return world.library.view().unwrap().videos().unwrap()


def test_where_nothing_was_named_there_are_none() -> None:
    world = World()
    assert actions(world.library, world.words.text.space).unwrap() == ()
    world.indexed()
    assert actions(world.library, world.words.text.space).unwrap() == ()
