"""What an index run holds at once does not depend on how long the video is.

Pictures are counted while they live: sampled frames, and JPEGs of keyframes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

from attrs import Factory, evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.libraries import lance
from kuavi.adapters.scratch import disk, fake
from kuavi.apps.usecases.index import index_video
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.manifest import Stage
from kuavi.domain.media import AudioChunk, Frame, FrameItem, Keyframe, MediaInfo, Pixels, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from kuavi.ports.library import LibraryFailure, LibraryView
from kuavi.ports.pictures import BadImage, ImageFormat, Pictures, Tile
from kuavi.ports.reader import FrameReader, ReadFailure
from kuavi.ports.scratch import Pile, Scratch, ScratchFailed
from tests.indexed import frozen_form
from tests.worlds import DAY, Shot, World, film

PATH = "/films/day.mp4"


class Tally:
    """How many live, and the most that ever did."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def add(self, n: int) -> None:
        self.now += n
        self.most = max(self.most, self.now)


class Jpeg(bytes):
    """A picture that is counted as long as it lives."""

    tally: Tally

    def __del__(self) -> None:
        self.tally.add(-1)


def counted(image: bytes, tally: Tally) -> Jpeg:
    jpeg = Jpeg(image)
    jpeg.tally = tally
    tally.add(1)
    return jpeg


@frozen
class CountedReader:
    inner: FrameReader
    tally: Tally
    alive: WeakSet[Frame] = Factory(WeakSet)

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        return self.inner.info(path)

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        for item in self.inner.frames(path, views, within):
            seen = item.value_or(None)
            if isinstance(seen, Seen):
                self.alive.add(seen.frame)
                self.tally.most = max(self.tally.most, len(self.alive))
            yield item

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        return self.inner.audio(path, within)


@frozen
class CountedPictures:
    inner: Pictures
    tally: Tally

    def encode(self, pixels: Pixels, form: ImageFormat) -> Outcome[bytes, BadImage]:
        made = self.inner.encode(pixels, form)
        return made if isinstance(made, Failure) else Success(counted(made.unwrap(), self.tally))

    def decode(self, image: bytes, name: str = "picture") -> Outcome[Pixels, BadImage]:
        return self.inner.decode(image, name)

    def sheet(
        self, tiles: Sequence[Tile], columns: int, tile_width: int
    ) -> Outcome[Pixels, BadImage]:
        return self.inner.sheet(tiles, columns, tile_width)


@frozen
class CountedPile:
    inner: Pile
    tally: Tally

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        return self.inner.put(item)

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        got = self.inner.get(number)
        return got if isinstance(got, Failure) else Success(counted(got.unwrap(), self.tally))


@frozen
class CountedScratch:
    inner: Scratch
    tally: Tally

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        made = self.inner.pile()
        return (
            made if isinstance(made, Failure) else Success(CountedPile(made.unwrap(), self.tally))
        )


def most_alive(folder: Path, seconds: int) -> tuple[int, int, int]:
    """Most frames and most JPEGs that lived at once, and keyframes made, of a film this long."""
    colours = ("red", "green", "blue", "white", "black")
    shots = [Shot(colours[i % len(colours)], 1.0) for i in range(seconds)]
    library = lance.build(str(folder), create=True).unwrap()
    ports = World({PATH: film(*shots)}, library=library).index_ports
    frames, jpegs = Tally(), Tally()
    ports = evolve(
        ports,
        reader=CountedReader(ports.reader, frames),
        pictures=CountedPictures(ports.pictures, jpegs),
        scratch=CountedScratch(disk.build(str(folder / "cache")), jpegs),
    )
    report = index_video(PATH, IndexPlan(preset="fake"), ports).unwrap()
    record = report.video.record(Stage.KEYFRAMES)
    assert record is not None
    assert jpegs.now == 0
    return frames.most, jpegs.most, record.items


def test_a_longer_video_keeps_no_more_pictures_alive(tmp_path: Path) -> None:
    short = most_alive(tmp_path / "short", 40)
    long = most_alive(tmp_path / "long", 160)
    assert (short[2], long[2]) == (40, 160)
    assert long[0] <= short[0]
    assert long[1] <= short[1] < 40


def test_keyframes_wait_outside_memory_and_are_those_of_the_run(tmp_path: Path) -> None:
    """Whatever the scratch and the library, the same pictures arrive."""
    plain = World()
    video = plain.indexed().video.id
    library = lance.build(str(tmp_path / "library"), create=True).unwrap()
    World(library=library, scratch=disk.build(str(tmp_path / "cache"))).indexed()
    kept = plain.library.view().unwrap().keyframes(video).unwrap()
    assert len(kept) > 2
    stored = library.view().unwrap().keyframes(video).unwrap()
    assert frozen_form(stored) == frozen_form(kept)


def test_no_room_for_keyframes_is_told_and_stops_no_other_stage() -> None:
    report = World({PATH: DAY}, scratch=fake.build(room=10)).indexed()
    failed = {trouble.stage: trouble.reason for trouble in report.failed}
    assert "10 bytes are full" in failed[Stage.KEYFRAMES]
    assert {Stage.SHOTS, Stage.TAGS, Stage.VISUAL, Stage.MOTION, Stage.TREE} <= set(report.done)


@frozen
class FailingScratch:
    """Takes everything; what was put can't be read again."""

    inner: Scratch

    def pile(self) -> Outcome[Pile, ScratchFailed]:
        return Success(_Unreadable(self.inner.pile().unwrap()))


@frozen
class _Unreadable:
    inner: Pile

    def put(self, item: bytes) -> Outcome[int, ScratchFailed]:
        return self.inner.put(item)

    def get(self, number: int) -> Outcome[bytes, ScratchFailed]:
        return Failure(ScratchFailed("scratch", f"{number} is lost"))


def test_a_disk_that_loses_keyframes_fails_the_commit_and_nothing_is_half_there(
    tmp_path: Path,
) -> None:
    library = lance.build(str(tmp_path), create=True).unwrap()
    outcome = World(library=library, scratch=FailingScratch(fake.build())).index()
    assert isinstance(outcome, Failure)
    assert "is lost" in str(outcome.failure())
    videos = library.view().unwrap().videos().unwrap()
    assert [record.stage for record in videos[0].stages] == [Stage.SHOTS]
    again = World(library=library).indexed()
    assert Stage.KEYFRAMES in again.done
    assert library.doctor(repair=False).unwrap().findings == ()


def test_screen_text_takes_few_keyframes_at_a_time() -> None:
    asked: list[range | None] = []

    @frozen
    class Watched:
        inner: LibraryView

        def keyframes(
            self, video: VideoId, numbers: range | None = None
        ) -> Outcome[tuple[Keyframe, ...], LibraryFailure]:
            asked.append(numbers)
            return self.inner.keyframes(video, numbers)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    @frozen
    class WatchedLibrary:
        inner: Any

        def view(self) -> Outcome[Any, LibraryFailure]:
            return Success(Watched(self.inner.view().unwrap()))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    shots = [Shot(("red", "green")[i % 2], 1.0) for i in range(40)]
    world = World({PATH: film(*shots)})
    ports = evolve(world.index_ports, library=WatchedLibrary(world.library))
    index_video(PATH, IndexPlan(preset="fake"), ports).unwrap()
    assert len(asked) > 1
    assert all(numbers is not None and len(numbers) <= 16 for numbers in asked)
