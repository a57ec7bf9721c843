"""Indexing while others change the library."""

from collections.abc import Callable, Sequence

import pytest
from attrs import define, evolve
from returns.result import Failure, Success

from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.apps.usecases.index import index_video
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import TIERS, Stage, Tier, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.ports.health import Health
from kuavi.ports.library import Library, LibraryFailure, LibraryView, Removed
from kuavi.ports.parts import Part
from kuavi.ports.progress import Cancelled, Event, StageDone
from tests.worlds import DAY, Shot, World, film

PLAN = IndexPlan(preset="fake")


@define
class Acting:
    """A progress during which, once, something else happens: after the stage `after`."""

    after: Stage
    act: Callable[[], object]

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        if isinstance(event, StageDone) and event.stage == self.after:
            self.act()
        return Success(None)


@pytest.mark.parametrize("after", TIERS[Tier.INDEX][:-1])
def test_a_video_removed_while_it_is_indexed_stays_removed(after: Stage) -> None:
    world = World()

    def remove() -> None:
        (video,) = world.library.view().unwrap().videos().unwrap()
        world.library.remove(video.id).unwrap()

    ports = evolve(world.index_ports, progress=Acting(after, remove))
    outcome = index_video("/films/day.mp4", PLAN, ports)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), Removed)
    told = str(outcome.failure())
    assert told.startswith("/films/day.mp4: was removed")
    assert len(told.splitlines()) == 1
    assert world.library.view().unwrap().videos().unwrap() == ()
    assert world.later(progress=MemoryProgress()).indexed().done == TIERS[Tier.INDEX]


def test_a_video_removed_before_it_is_indexed_anew_stays_removed() -> None:
    world = World()
    old = world.indexed().video
    plan = evolve(PLAN, keyframe_every_s=2.0)
    ports = evolve(
        world.index_ports,
        progress=Acting(Stage.KEYFRAMES, lambda: world.library.remove(old.id)),
    )
    outcome = index_video("/films/day.mp4", plan, ports)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), Removed)
    assert world.library.view().unwrap().videos().unwrap() == ()


@define
class Interrupted:
    """A library that, between the reading of `armed` and what comes next, is changed by another."""

    inner: Library
    act: Callable[[], object]
    armed: bool = False

    @property
    def path(self) -> str:
        return self.inner.path

    def view(self) -> Outcome[LibraryView, LibraryFailure]:
        found = self.inner.view()
        self._interrupt()
        return found

    def claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        self._interrupt()
        return self.inner.claim(video, path)

    def _interrupt(self) -> None:
        if self.armed:
            self.armed = False
            self.act()

    def arm(self) -> None:
        self.armed = True

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        return self.inner.commit(record, parts)

    def remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        return self.inner.remove(video)

    def doctor(self, repair: bool) -> Outcome[Health, LibraryFailure]:
        return self.inner.doctor(repair)


A, B = "/f/a.mp4", "/f/b.mp4"


def test_both_paths_of_an_old_video_are_taken_from_it_by_two_runs_at_a_time() -> None:
    world = World(films={A: DAY, B: DAY}, contents={A: b"old", B: b"old"})
    old = world.indexed(A).video.id
    assert world.indexed(B).video.id == old
    films = {A: film(Shot("green", 2)), B: film(Shot("blue", 2))}
    world = world.later(films=films, contents={A: b"new a", B: b"new b"})
    library = Interrupted(world.library, lambda: world.indexed(B))
    ports = evolve(world.index_ports, library=library, progress=Acting(Stage.TEXT, library.arm))
    index_video(A, PLAN, ports).unwrap()
    assert not library.armed
    paths = {v.id: v.paths for v in world.library.view().unwrap().videos().unwrap()}
    assert old not in paths
    assert sorted(paths.values()) == [(A,), (B,)]


def test_a_path_lost_while_another_copy_is_indexed_anew_stays_lost() -> None:
    world = World(films={A: DAY, B: DAY}, contents={A: b"old", B: b"old"})
    world.indexed(A)
    old = world.indexed(B).video
    changed = world.later(films={A: film(Shot("green", 2))}, contents={A: b"new"})
    acting = Acting(Stage.KEYFRAMES, lambda: changed.indexed(A))
    ports = evolve(world.index_ports, progress=acting)
    index_video(B, evolve(PLAN, keyframe_every_s=2.0), ports).unwrap()
    assert world.library.view().unwrap().video(old.id).unwrap().paths == (B,)
