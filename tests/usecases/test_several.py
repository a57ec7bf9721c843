"""Several videos at a time: the same results, one stream of events, one writer for one content."""

from collections.abc import Sequence
from threading import Lock, active_count
from time import sleep

import numpy as np
import pytest
from attrs import Factory, define, evolve, frozen
from returns.result import Failure

from kuavi.adapters.progress.memory import MemoryProgress
from kuavi.apps.usecases.ports import IndexPorts
from kuavi.apps.usecases.several import index_all
from kuavi.domain.evidence import Evidence, Model
from kuavi.domain.manifest import TIERS, Tier
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.words import Tag
from kuavi.ports.models import ModelFailure
from kuavi.ports.progress import Cancelled, Event, Progress, StageDone, VideoDone, VideoStarted
from kuavi.ports.words import Tagger
from tests.worlds import DAY, Shot, World, film

PLAN = IndexPlan(preset="fake")
FILMS = {
    "/f/a.mp4": DAY,
    "/f/b.mp4": film(Shot("green", 2), Shot("white", 3)),
    "/f/c.mp4": film(Shot("blue", 4)),
    "/f/d.mp4": film(Shot("red", 1), Shot("blue", 2), Shot("green", 2)),
}


def run(world: World, jobs: int, *more: str) -> dict[str, object]:
    paths = [*FILMS, *more]
    return dict(index_all(paths, PLAN, world.index_ports, jobs))


def test_the_library_is_the_same_as_one_after_the_other() -> None:
    alone, together = World(films=FILMS), World(films=FILMS)
    one = run(alone, 1)
    many = run(together, 3)
    assert one.keys() == many.keys() == FILMS.keys()
    before, after = alone.library.view().unwrap(), together.library.view().unwrap()
    assert [v.title for v in before.videos().unwrap()] == [v.title for v in after.videos().unwrap()]
    for video in before.videos().unwrap():
        assert before.cuts(video.id).unwrap() == after.cuts(video.id).unwrap()
        assert before.utterances(video.id).unwrap() == after.utterances(video.id).unwrap()
        space = alone.scan.joint.space
        rows = [view.visual(space, only=video.id).unwrap() for view in (before, after)]
        np.testing.assert_array_equal(rows[0].embeddings.rows, rows[1].embeddings.rows)


def test_events_come_from_all_and_each_video_starts_and_ends_once() -> None:
    world = World(films=FILMS)
    run(world, 3)
    events = world.progress.events
    assert sorted(e.position for e in events if isinstance(e, VideoStarted)) == [1, 2, 3, 4]
    assert sorted(e.path for e in events if isinstance(e, VideoDone)) == list(FILMS)
    done = [e.path for e in events if isinstance(e, StageDone)]
    assert all(done.count(path) == len(TIERS[Tier.INDEX]) for path in FILMS)


def test_a_bad_file_stops_none() -> None:
    world = World(films=FILMS)
    results = run(world, 2, "/f/missing.mp4")
    assert isinstance(results.pop("/f/missing.mp4"), Failure)
    assert not any(isinstance(result, Failure) for result in results.values())
    problems = [e.problem for e in world.progress.events if isinstance(e, VideoDone) and e.problem]
    assert len(problems) == 1


def test_copies_of_a_file_are_one_video_with_every_part() -> None:
    copies = {f"/f/{n}.mp4": DAY for n in range(6)}
    world = World(films=copies, contents=dict.fromkeys(copies, b"same"))
    results = dict(index_all(list(copies), PLAN, world.index_ports, 4))
    made = [outcome.unwrap().done for outcome in results.values()]
    assert sorted(map(len, made)) == [0, 0, 0, 0, 0, len(TIERS[Tier.INDEX])]
    (video,) = world.library.view().unwrap().videos().unwrap()
    assert sorted(video.paths) == list(copies)


@define
class StopsAfter:
    """Asks to stop once, at the `n`th stage that is done; says go on afterwards."""

    inner: Progress
    n: int
    seen: int = 0

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        answer = self.inner.report(event)
        self.seen += isinstance(event, StageDone)
        if isinstance(event, StageDone) and self.seen == self.n:
            return Failure(Cancelled())
        return answer


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_request_stops_all_and_the_next_run_goes_on(jobs: int) -> None:
    world, threads = World(films=FILMS), active_count()
    ports = evolve(world.index_ports, progress=StopsAfter(MemoryProgress(), 2))
    results = list(index_all(list(FILMS), PLAN, ports, jobs))
    assert [isinstance(r, Failure) and r.failure() for _, r in results][-1] == Cancelled()
    assert sum(isinstance(r, Failure) for _, r in results) == 1
    assert active_count() == threads
    later = dict(index_all(list(FILMS), PLAN, world.index_ports, jobs))
    kept = sum(len(outcome.unwrap().kept) for outcome in later.values())
    assert kept >= 2


@frozen(eq=False)
class Slow:
    """A tagger that must not be called by two threads at once."""

    inner: Tagger
    lock: Lock = Factory(Lock)

    @property
    def model(self) -> Model:
        return self.inner.model

    @property
    def evidence(self) -> Evidence:
        return self.inner.evidence

    def tag(self, frames: Sequence[Frame]) -> Outcome[tuple[tuple[Tag, ...], ...], ModelFailure]:
        if not self.lock.acquire(blocking=False):
            raise RuntimeError("called by two threads at once")
        try:
            sleep(0.01)
            return self.inner.tag(frames)
        finally:
            self.lock.release()


def slow(world: World) -> IndexPorts:
    scan = evolve(world.scan, tagger=Slow(world.scan.tagger))
    return evolve(world.index_ports, scan=scan)


def test_a_model_is_called_by_one_thread_at_a_time() -> None:
    world = World(films=FILMS)
    results = dict(index_all(list(FILMS), PLAN, slow(world), 4))
    assert all(not outcome.unwrap().failed for outcome in results.values())


class Wrong(MemoryProgress):
    def report(self, event: Event) -> Outcome[None, Cancelled]:
        if isinstance(event, VideoDone):
            raise ZeroDivisionError
        return super().report(event)


def test_an_error_is_raised_and_leaves_no_thread_at_work() -> None:
    world, threads = World(films=FILMS), active_count()
    with pytest.raises(ZeroDivisionError):
        list(index_all(list(FILMS), PLAN, evolve(world.index_ports, progress=Wrong()), 2))
    assert active_count() == threads


def test_who_stops_taking_results_stops_the_run() -> None:
    world, threads = World(films=FILMS), active_count()
    results = index_all(list(FILMS), PLAN, world.index_ports, 2)
    next(results)
    results.close()
    assert active_count() == threads
