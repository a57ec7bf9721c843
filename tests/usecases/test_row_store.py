"""Rows of vectors wait outside memory, and arrive as they were."""

import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
import pytest
from attrs import Factory, evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.libraries import lance
from kuavi.adapters.scratch import disk, fake
from kuavi.apps.usecases.index import index_video
from kuavi.apps.usecases.row_store import RowStore, StoredRows
from kuavi.domain.layers import Layer
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.space import Motion, Space
from kuavi.ports.library import Library, LibraryFailure
from kuavi.ports.parts import Part, Rows
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed
from tests.indexed import frozen_form, record_of
from tests.worlds import Shot, World, film

SPACE = Space[Motion]("rows", "1", 8)
PATH = "/films/long.mp4"
LONG = film(*(Shot(("red", "green")[i % 2], 12.0) for i in range(20)))
"""600 sampled frames: more than wait in memory."""

SCRATCHES: dict[str, Callable[[Path], Scratch]] = {
    "disk": lambda folder: disk.build(str(folder)),
    "fake": lambda _: fake.build(),
}


@pytest.mark.parametrize("scratch", SCRATCHES)
@given(lengths=st.lists(st.integers(0, 600), max_size=6), seed=st.integers(0, 99))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_rows_come_back_in_order_bit_by_bit_and_again(
    scratch: str, tmp_path: Path, lengths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    added = [rng.standard_normal((n, SPACE.dim)).astype(np.float32) for n in lengths]
    store = RowStore(SPACE, SCRATCHES[scratch](tmp_path))
    for rows in added:
        store.add(rows).unwrap()
    expected = np.concatenate([np.empty((0, SPACE.dim), np.float32), *added])
    assert len(store) == len(expected)
    for _ in range(2):
        assert store.all().unwrap().rows.tobytes() == expected.tobytes()


@given(
    n=st.integers(0, 900), first=st.integers(0, 950), size=st.integers(0, 950), seed=st.integers(0)
)
@settings(max_examples=40)
def test_a_stretch_is_that_of_the_rows(n: int, first: int, size: int, seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((n, SPACE.dim)).astype(np.float32)
    store = RowStore(SPACE, fake.build())
    store.add(rows).unwrap()
    some = store.all().unwrap().stretch(first, first + size)
    assert some.space == SPACE
    assert some.rows.tobytes() == rows[first : first + size].tobytes()
    assert some.rows.shape == rows[first : first + size].shape


def test_rows_lost_after_they_were_there_are_an_error_of_the_disk() -> None:
    store = RowStore(SPACE, Forgetful(fake.build(), 256 * 4 * SPACE.dim, patience=1))
    store.add(np.ones((300, SPACE.dim), dtype=np.float32)).unwrap()
    vectors = store.all().unwrap()
    assert (vectors.stretch(256, 300).rows == 1).all()
    with pytest.raises(OSError, match="is lost"):
        vectors.stretch(255, 257)


def test_a_commit_holds_few_rows_in_memory(tmp_path: Path) -> None:
    space, n = Space[Motion]("wide", "1", 512), 8192
    store = RowStore(space, disk.build(str(tmp_path / "scratch")))
    for _ in range(n // 256):
        store.add(np.ones((256, space.dim), dtype=np.float32)).unwrap()
    library = lance.build(str(tmp_path / "library"), create=True).unwrap()
    tracemalloc.start()
    try:
        part = StoredRows(Layer.MOTION, store, np.arange(float(n)), np.arange(float(n)) + 1).part()
        record = record_of("wide", {Stage.MOTION: 0})
        library.commit(record, [part.unwrap()]).unwrap()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < n * space.dim * 4 / 3


def test_rows_are_copied() -> None:
    rows = np.ones((3, SPACE.dim), dtype=np.float32)
    store = RowStore(SPACE, fake.build())
    store.add(rows).unwrap()
    rows[:] = 2
    assert (store.all().unwrap().rows == 1).all()


def test_a_store_holds_few_rows_in_memory() -> None:
    """What it doesn't hold must be in the pile: one that is full is told."""
    store = RowStore(SPACE, fake.build(room=0))
    rows = np.ones((1000, SPACE.dim), dtype=np.float32)
    assert isinstance(store.add(rows), Failure)


def long_world(**changes: Any) -> World:
    return World({PATH: LONG}, **changes)


def vectors(library: Library) -> list[object]:
    view = library.view().unwrap()
    ports = long_world().scan
    return [
        frozen_form(view.visual(ports.joint.space).unwrap()),
        frozen_form(view.motion(ports.clips.space).unwrap()),
    ]


def test_a_long_video_has_the_same_vectors_whatever_the_scratch(tmp_path: Path) -> None:
    plain, stored = long_world(), lance.build(str(tmp_path / "library"), create=True).unwrap()
    report = plain.indexed(PATH)
    record = report.video.record(Stage.VISUAL)
    assert record is not None
    assert record.items == 600
    long_world(library=stored, scratch=disk.build(str(tmp_path / "cache"))).indexed(PATH)
    assert vectors(stored) == vectors(plain.library)


def test_no_room_for_rows_is_told_and_stops_no_other_stage() -> None:
    report = long_world(scratch=fake.build(room=2000)).indexed(PATH)
    failed = {trouble.stage: trouble.reason for trouble in report.failed}
    assert "2000 bytes are full" in failed[Stage.VISUAL]
    assert "2000 bytes are full" in failed[Stage.MOTION]
    assert {Stage.SHOTS, Stage.TAGS} <= set(report.done)


@frozen
class Forgetful:
    """Takes everything; large items can't be read again."""

    inner: Scratch
    large_bytes: int
    patience: int = 0
    """Each can be read so often before it is lost."""

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        return Success(_Forgetful(self.inner.pile().unwrap(), self.large_bytes, self.patience))


@frozen
class _Forgetful:
    inner: Pile
    large_bytes: int
    patience: int
    reads: Counter[int] = Factory(Counter)

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        return self.inner.put(item)

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        got = self.inner.get(number)
        self.reads[number] += 1
        if len(got.unwrap()) >= self.large_bytes and self.reads[number] > self.patience:
            return Failure(ScratchFailed("scratch", f"{number} is lost"))
        return got


def test_lost_rows_are_told_and_stop_no_other_stage() -> None:
    widths = (long_world().scan.joint.space.dim, long_world().scan.clips.space.dim)
    world = long_world(scratch=Forgetful(fake.build(), 256 * 4 * max(widths)))
    report = world.indexed(PATH)
    lost = Stage.VISUAL if widths[0] > widths[1] else Stage.MOTION
    assert "is lost" in {trouble.stage: trouble.reason for trouble in report.failed}[lost]
    assert {Stage.SHOTS, Stage.KEYFRAMES, Stage.TAGS} <= set(report.done)
    again = long_world(library=world.library).indexed(PATH)
    assert lost in again.done


@frozen(eq=False)
class Watched:
    """A library that keeps nothing of rows but notes, at each commit, whose are alive."""

    inner: Any
    alive: WeakSet[Any] = Factory(WeakSet)
    seen: list[int] = Factory(list)

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        for part in parts:
            if isinstance(part, Rows) and part.layer in {Layer.VISUAL, Layer.MOTION}:
                self.alive.add(part.embeddings)
                self.seen.append(len(self.alive))
        done: Outcome[None, LibraryFailure] = self.inner.commit(record, parts)
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_one_layer_is_in_memory_at_a_time(tmp_path: Path) -> None:
    world = long_world(library=lance.build(str(tmp_path), create=True).unwrap())
    watched = Watched(world.library)
    ports = evolve(world.index_ports, library=watched)
    index_video(PATH, IndexPlan(preset="fake"), ports).unwrap()
    assert watched.seen == [1, 1]
