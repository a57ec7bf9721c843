"""The contract of kuavi.ports.reader.FrameReader: the same clips, read by every reader."""

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.readers import ahead, fake, isolated, pyav
from kuavi.domain.media import (
    AUDIO_RATE_HZ,
    AtTimes,
    ByRate,
    Ended,
    EveryFrame,
    FrameItem,
    Lost,
    Pixels,
    Samples,
    Sampling,
    Seen,
    View,
)
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import FileMissing, FrameReader, NoAudioStream, NoVideoStream, ReadFailure
from tests.media import blank_packets, grey_ramp, pictures_in, tone, write_clip


@frozen(eq=False)
class Content:
    """What a clip holds, known exactly."""

    times_s: tuple[float, ...]
    pictures: tuple[Pixels, ...]
    samples: Samples | None
    lost: int | None = None  # the picture that can't be decoded

    @property
    def end_s(self) -> float:
        return self.times_s[-1] + 0.04 if self.times_s else 0.0

    @property
    def edges_s(self) -> tuple[float, ...]:
        return (*self.times_s, self.end_s)

    def on_screen(self, time_s: float) -> int:
        return max(bisect_right(self.times_s, time_s + 1e-9) - 1, 0)


GAPS_MS = (40, 40, 120, 40, 760, 40, 40, 500, 20, 20, 20, 1000, 33, 34, 33, 40, 40, 40, 400, 40)
MANY = len(GAPS_MS) + 1


def uneven(samples: Samples | None = None, width: int = 64, height: int = 48) -> Content:
    """Twenty-one pictures, unevenly spaced over 3.3 seconds."""
    times = [0.0]
    for gap in GAPS_MS:
        times.append(round(times[-1] + gap / 1000, 3))
    return Content(tuple(times), tuple(grey_ramp(MANY, width, height)), samples)


def in_file(folder: Path, content: Content) -> tuple[FrameReader, str]:
    path = folder / "clip.mkv"
    write_clip(
        path,
        content.pictures,
        audio=content.samples,
        codec="ffv1",
        pix_fmt="bgr0",
        times_s=content.times_s,
    )
    if content.lost is not None:  # MP4 survives without the data of one picture
        path = path.with_suffix(".mp4")
        intra = {"qp": "0", "g": "1"}
        write_clip(path, content.pictures, times_s=content.times_s, options=intra)
        blank_packets(path, slice(content.lost, content.lost + 1))
    return pyav.build(), str(path)


def in_a_process(folder: Path, content: Content) -> tuple[FrameReader, str]:
    return isolated.build(), in_file(folder, content)[1]


def in_memory(_: Path, content: Content) -> tuple[FrameReader, str]:
    frames = list(zip(content.times_s, content.pictures, strict=True))
    lost: tuple[Span, ...] = ()
    if content.lost is not None:
        del frames[content.lost]
        lost = (Span(*content.edges_s[content.lost : content.lost + 2]),)
    end_s = content.end_s or 1.0
    return fake.build(
        {"clip": fake.FakeClip(tuple(frames), end_s, content.samples, lost=lost)}
    ), "clip"


def read_ahead(folder: Path, content: Content) -> tuple[FrameReader, str]:
    reader, path = in_file(folder, content)
    return ahead.build(reader, waiting=2), path


ADAPTERS: dict[str, Callable[[Path, Content], tuple[FrameReader, str]]] = {
    "fake": in_memory,
    "isolated": in_a_process,
    "pyav": in_file,
    "ahead": read_ahead,
}


@pytest.fixture(params=ADAPTERS)
def make(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[Content], tuple[FrameReader, str]]:
    adapter = ADAPTERS[request.param]
    return lambda content: adapter(tmp_path, content)


Make = Callable[[Content], tuple[FrameReader, str]]


def values(outcomes: Iterator[Outcome[FrameItem, ReadFailure]]) -> list[Seen]:
    """The pictures, all of which came."""
    items = list(outcomes)
    assert all(isinstance(item, Success) for item in items)
    return pictures_in(items)


def numbers(seen: Sequence[Seen], content: Content) -> list[int]:
    """Which of the content's pictures these are, by their grey."""
    greys = [float(p.mean()) for p in content.pictures]
    return [int(np.argmin(np.abs(np.array(greys) - s.frame.pixels.mean()))) for s in seen]


def test_every_frame_comes_with_its_time_and_pixels(make: Make) -> None:
    content = uneven()
    reader, path = make(content)
    seen = values(reader.frames(path, [View(EveryFrame(), 64)]))
    assert [s.frame.time_s for s in seen] == pytest.approx(content.times_s, abs=1e-6)
    assert [s.until_s for s in seen] == pytest.approx(content.edges_s[1:], abs=1e-6)
    for s, picture in zip(seen, content.pictures, strict=True):
        assert np.array_equal(s.frame.pixels, picture)
        assert not s.frame.pixels.flags.writeable


def test_the_picture_on_screen_at_each_time(make: Make) -> None:
    content = uneven()
    reader, path = make(content)
    times = (0.0, 0.05, 0.1999, 0.2, 0.9, 0.9, 1.1, 2.6, 3.0, 99.0)
    seen = values(reader.frames(path, [View(AtTimes(times), 64)]))
    assert numbers(seen, content) == sorted({content.on_screen(t) for t in times})


@pytest.mark.parametrize("fps", [0.5, 1.0, 2.0, 10.0])
def test_a_rate_gives_what_is_on_screen_at_its_grid(make: Make, fps: float) -> None:
    content = uneven()
    reader, path = make(content)
    seen = values(reader.frames(path, [View(ByRate(fps), 64)]))
    grid = [k / fps for k in range(int(content.end_s * fps) + 1) if k / fps < content.end_s]
    assert numbers(seen, content) == sorted({content.on_screen(t) for t in grid})


def test_a_rate_above_the_files_gives_each_frame_once(make: Make) -> None:
    content = uneven()
    reader, path = make(content)
    seen = values(reader.frames(path, [View(ByRate(200), 64)]))
    assert numbers(seen, content) == list(range(MANY))


def test_views_are_served_together_in_time_order(make: Make) -> None:
    content = uneven()
    reader, path = make(content)
    samplings: list[Sampling] = [ByRate(2), EveryFrame(), AtTimes((1.0, 2.0))]
    views = [View(s, side) for s, side in zip(samplings, (64, 16, 32), strict=True)]
    together = values(reader.frames(path, views))
    assert [(s.frame.time_s, s.view) for s in together] == sorted(
        (s.frame.time_s, s.view) for s in together
    )
    for position, view in enumerate(views):
        alone = values(reader.frames(path, [view]))
        mine = [s for s in together if s.view == position]
        assert [s.frame.time_s for s in mine] == [s.frame.time_s for s in alone]
        for a, b in zip(mine, alone, strict=True):
            assert np.array_equal(a.frame.pixels, b.frame.pixels)


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [((64, 48), 32, (24, 32)), ((48, 64), 32, (32, 24)), ((64, 48), 999, (48, 64))],
)
def test_pictures_are_fitted_and_never_enlarged(
    make: Make, size: tuple[int, int], max_side: int, expected: tuple[int, int]
) -> None:
    content = uneven(width=size[0], height=size[1])
    reader, path = make(content)
    seen = values(reader.frames(path, [View(ByRate(1), max_side)]))
    assert {s.frame.pixels.shape for s in seen} == {(*expected, 3)}
    for s, number in zip(seen, numbers(seen, content), strict=True):
        assert abs(float(s.frame.pixels.mean()) - float(content.pictures[number].mean())) <= 1


@pytest.mark.parametrize("span", [Span(0.5, 1.05), Span(1.0, 1.001), Span(2.6, 99), Span(-5, 0.05)])
def test_within_a_span_only_pictures_on_screen_there(make: Make, span: Span) -> None:
    content = uneven()
    reader, path = make(content)
    stretches = list(pairwise(content.edges_s))
    inside = [i for i, (a, b) in enumerate(stretches) if a < span.end_s and b > span.start_s]
    seen = values(reader.frames(path, [View(EveryFrame(), 64)], span))
    assert numbers(seen, content) == inside
    assert [s.until_s for s in seen] == pytest.approx([stretches[i][1] for i in inside])
    by_rate = values(reader.frames(path, [View(ByRate(4), 64)], span))
    assert numbers(by_rate, content)[0] == inside[0]
    listed = values(reader.frames(path, [View(AtTimes((0.0, 1.0, 3.0)), 64)], span))
    expected = {content.on_screen(t) for t in (0.0, 1.0, 3.0) if span.contains(t)}
    assert numbers(listed, content) == sorted(expected)


@pytest.mark.parametrize(
    "samplings",
    [
        [EveryFrame()],
        [ByRate(0.5)],
        [ByRate(2), ByRate(7)],
        [AtTimes((1.0, 99.0))],
        [AtTimes((0.0,)), ByRate(1)],
    ],
)
def test_the_end_is_told_whatever_is_taken(make: Make, samplings: list[Sampling]) -> None:
    content = uneven()
    reader, path = make(content)
    *items, last = reader.frames(path, [View(sampling, 64) for sampling in samplings])
    ended = last.unwrap()
    assert isinstance(ended, Ended)
    assert ended.end_s == pytest.approx(content.end_s, abs=1e-6)
    assert all(isinstance(item.unwrap(), Seen) for item in items)


@pytest.mark.parametrize("number", [5, 12])
def test_a_picture_that_is_lost_is_told_with_its_time(make: Make, number: int) -> None:
    content = evolve(uneven(), lost=number)
    reader, path = make(content)
    items = [item.unwrap() for item in reader.frames(path, [View(EveryFrame(), 64)])]
    assert len([item for item in items if isinstance(item, Seen)]) == MANY - 1
    (lost,) = [item for item in items if isinstance(item, Lost)]
    assert lost.span.start_s == pytest.approx(content.times_s[number], abs=1e-6)
    assert lost.span.end_s == pytest.approx(content.times_s[number + 1], abs=1e-6)
    shown = items[items.index(lost) - 1]
    assert isinstance(shown, Seen)
    assert shown.until_s == lost.span.end_s
    outside = reader.frames(path, [View(EveryFrame(), 64)], Span(lost.span.end_s + 0.01, 9.0))
    assert all(isinstance(item.unwrap(), Seen) for item in outside)


def test_no_end_is_told_where_it_was_not_reached(make: Make) -> None:
    reader, path = make(uneven())
    view = View(AtTimes((0.0, 0.5)), 64)
    assert [type(item.unwrap()) for item in reader.frames(path, [view])] == [Seen, Seen]
    within = reader.frames(path, [View(ByRate(1), 64)], Span(3.0, 99.0))
    assert {type(item.unwrap()) for item in within} == {Seen}


def test_a_span_past_the_end_holds_nothing(make: Make) -> None:
    reader, path = make(uneven())
    assert list(reader.frames(path, [View(EveryFrame(), 64)], Span(50, 60))) == []


def test_no_view_gives_nothing(make: Make) -> None:
    reader, path = make(uneven())
    assert list(reader.frames(path, [])) == []


def test_info_says_what_is_there(make: Make) -> None:
    reader, path = make(uneven(tone(1.0)))
    info = reader.info(path).unwrap()
    assert (info.width, info.height, info.rotation, info.has_audio) == (64, 48, 0, True)
    assert info.duration_s == pytest.approx(uneven().end_s, abs=0.05)


def test_a_missing_file_is_named(make: Make) -> None:
    reader, path = make(uneven())
    missing = path + ".missing"
    assert reader.info(missing) == Failure(FileMissing(missing))
    assert list(reader.frames(missing, [View(EveryFrame(), 64)])) == [Failure(FileMissing(missing))]
    assert list(reader.audio(missing)) == [Failure(FileMissing(missing))]
    assert missing in str(FileMissing(missing))


def test_sound_without_pictures(make: Make) -> None:
    reader, path = make(Content((), (), tone(0.5)))
    assert reader.info(path) == Failure(NoVideoStream(path))
    assert list(reader.frames(path, [View(EveryFrame(), 64)])) == [Failure(NoVideoStream(path))]


def test_pictures_without_sound(make: Make) -> None:
    reader, path = make(uneven())
    assert list(reader.audio(path)) == [Failure(NoAudioStream(path))]
    assert not reader.info(path).unwrap().has_audio


def heard(reader: FrameReader, path: str, within: Span | None = None) -> tuple[float, Samples]:
    """Start and samples of all chunks, which must follow each other."""
    chunks = [outcome.unwrap() for outcome in reader.audio(path, within)]
    for a, b in pairwise(chunks):
        assert len(a.samples) == AUDIO_RATE_HZ
        assert a.end_s == pytest.approx(b.start_s, abs=1e-9)
    return chunks[0].start_s, np.concatenate([c.samples for c in chunks])


def test_sound_comes_in_chunks_of_a_second(make: Make) -> None:
    content = uneven(tone(3.3))
    reader, path = make(content)
    start_s, samples = heard(reader, path)
    assert content.samples is not None
    assert start_s == 0
    assert samples.dtype == np.float32
    assert samples == pytest.approx(content.samples, abs=1e-3)


def test_sound_within_a_span(make: Make) -> None:
    content = uneven(tone(3.3))
    reader, path = make(content)
    start_s, samples = heard(reader, path, Span(1.5, 2.75))
    assert content.samples is not None
    assert start_s == 1.5
    assert samples == pytest.approx(content.samples[24_000:44_000], abs=1e-3)


def test_a_consumer_may_stop_early(make: Make) -> None:
    reader, path = make(uneven(tone(3.3)))
    for stream in (reader.frames(path, [View(EveryFrame(), 64)]), reader.audio(path)):
        assert isinstance(next(stream), Success)
        assert isinstance(stream, Generator)
        stream.close()
        assert list(stream) == []
    assert len(values(reader.frames(path, [View(EveryFrame(), 64)]))) == MANY
