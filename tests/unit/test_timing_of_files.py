"""Times and orientation of real containers, against a plain decode of the whole file."""

import gc
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from returns.result import Success

from kuavi.adapters.readers.pyav import build
from kuavi.domain.media import (
    AUDIO_RATE_HZ,
    AtTimes,
    ByRate,
    EveryFrame,
    Pixels,
    Sampling,
    Seen,
    View,
)
from kuavi.domain.spans import Span
from tests.media import flat, grey_ramp, pictures_in, real_clip, tone, write_clip

CLIPS = ["bigbuckbunny", "bikes", "carphone_pristine"]
B_FRAMES = {"bf": "3", "preset": "medium", "crf": "12", "g": "25"}


def seen(
    path: Path, sampling: Sampling, side: int = 4096, within: Span | None = None
) -> list[Seen]:
    items = list(build().frames(str(path), [View(sampling, side)], within))
    assert all(isinstance(item, Success) for item in items)
    return pictures_in(items)


def times(path: Path) -> list[float]:
    return [s.frame.time_s for s in seen(path, EveryFrame(), 16)]


def plain_decode(path: Path, count: int) -> list[tuple[float, Pixels]]:
    """The first frames at full size, with nothing of ours in the way."""
    with av.open(path) as container:
        frames = []
        for frame in container.decode(video=0):
            frames.append((float(frame.time), frame.to_ndarray(format="rgb24")))
            if len(frames) == count:
                break
    return frames


def closest(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("name", CLIPS)
def test_every_time_of_a_real_clip_is_its_pts(name: str) -> None:
    with av.open(real_clip(name)) as container:
        expected = [float(f.time) for f in container.decode(video=0)]
    assert times(real_clip(name)) == pytest.approx(expected, abs=1e-9)


def test_listed_times_give_the_frames_of_a_plain_decode() -> None:
    path = real_clip("bikes")
    frames = plain_decode(path, 60)
    wanted = (0.0, 0.5, 1.01, 1.99, 2.0)
    for got, time_s in zip(seen(path, AtTimes(wanted)), wanted, strict=True):
        true_time, pixels = [f for f in frames if f[0] <= time_s + 1e-9][-1]
        assert got.frame.time_s == pytest.approx(true_time)
        assert closest(got.frame.pixels, pixels) < 2


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("fps", [0.7, 2.0, 8.0])
def test_a_rate_gives_ceil_of_duration_times_rate(name: str, fps: float) -> None:
    path = real_clip(name)
    duration_s = build().info(str(path)).unwrap().duration_s
    assert abs(len(seen(path, ByRate(fps), 16)) - np.ceil(duration_s * fps)) <= 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
def test_b_frames_come_in_order_and_at_their_times(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"b{suffix}", grey_ramp(50), options=B_FRAMES)
    got = seen(path, EveryFrame())
    assert [s.frame.time_s for s in got] == pytest.approx([i / 25 for i in range(50)], abs=1e-3)
    greys = [float(s.frame.pixels.mean()) for s in got]
    assert greys == pytest.approx([20 + 4 * i for i in range(50)], abs=3)
    assert got[-1].until_s == pytest.approx(2.0, abs=1e-3)


def test_avi_counts_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", grey_ramp(50), fps=20, codec="mpeg4", options={})
    assert times(path) == pytest.approx([i / 20 for i in range(50)], abs=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_uneven_times_are_kept(tmp_path: Path, suffix: str) -> None:
    uneven = [0.0, 0.04, 0.5, 0.53, 2.0, 7.25]
    path = write_clip(tmp_path / f"v{suffix}", grey_ramp(6), times_s=uneven)
    assert times(path) == pytest.approx(uneven, abs=1e-3)
    assert len(seen(path, ByRate(2))) == 4


def test_a_transport_stream_starts_at_zero(tmp_path: Path) -> None:
    late = [100 + i / 25 for i in range(50)]
    path = write_clip(tmp_path / "t.ts", grey_ramp(50), times_s=late, options=B_FRAMES)
    assert build().info(str(path)).unwrap().start_s > 99
    assert times(path) == pytest.approx([i / 25 for i in range(50)], abs=1e-4)


def test_pictures_that_start_after_the_sound(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "late.mp4", grey_ramp(10), times_s=[1 + i / 25 for i in range(10)], audio=tone(2)
    )
    assert times(path)[0] == pytest.approx(1.0, abs=1e-3)
    assert len(seen(path, AtTimes((0.2,)))) == 1


def test_times_count_from_the_first_packet_where_matroska_states_no_start(tmp_path: Path) -> None:
    late = [5 + i / 25 for i in range(10)]
    path = write_clip(tmp_path / "late.mkv", grey_ramp(10), times_s=late)
    assert times(path) == pytest.approx([i / 25 for i in range(10)], abs=1e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("at_s", [0.02, 1.02, 1.98, 2.0, 3.99])
def test_seeking_reaches_the_frame_on_screen(tmp_path: Path, suffix: str, at_s: float) -> None:
    path = write_clip(tmp_path / f"s{suffix}", grey_ramp(100), options=B_FRAMES)
    (by_seek,) = seen(path, AtTimes((at_s,)))
    within = seen(path, EveryFrame(), within=Span(at_s, at_s + 0.001))
    everything = [s for s in seen(path, EveryFrame()) if s.frame.time_s <= at_s + 1e-4]
    assert [s.frame.time_s for s in within] == [by_seek.frame.time_s]
    assert by_seek.frame.time_s == pytest.approx(everything[-1].frame.time_s, abs=1e-4)
    assert np.array_equal(by_seek.frame.pixels, everything[-1].frame.pixels)


def corners() -> Pixels:
    """Red top left, green top right, blue bottom left, white bottom right."""
    picture = flat((255, 255, 255), 64, 32)
    picture[:16, :32] = (255, 0, 0)
    picture[:16, 32:] = (0, 255, 0)
    picture[16:, :32] = (0, 0, 255)
    return picture


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_rotated_pictures_are_upright(tmp_path: Path, degrees: int) -> None:
    path = write_clip(tmp_path / "r.mp4", [corners()] * 3, rotation=degrees)
    info = build().info(str(path)).unwrap()
    upright = np.rot90(corners(), k=-degrees // 90)
    assert info.rotation == degrees
    assert (info.height, info.width) == upright.shape[:2]
    for s in seen(path, EveryFrame()):
        assert closest(s.frame.pixels, upright) < 6


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((0, 1, -1, 0), np.rot90(corners(), k=-1)),
        ((-1, 0, 0, 1), corners()[:, ::-1]),
        ((1, 0, 0, -1), corners()[::-1]),
        ((0, 1, 1, 0), corners().swapaxes(0, 1)),
    ],
    ids=["a phone held upright", "mirrored", "upside down", "transposed"],
)
def test_the_track_headers_matrix_is_obeyed(
    tmp_path: Path, matrix: tuple[int, int, int, int], upright: Pixels
) -> None:
    path = write_clip(tmp_path / "m.mp4", [corners()] * 3)
    content = path.read_bytes()
    place = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (v * 65536 for v in matrix)
    rows = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content[:place] + rows + content[place + 36 :])
    for s in seen(path, EveryFrame()):
        assert closest(s.frame.pixels, upright) < 6


@pytest.mark.parametrize(
    ("aspect", "shape"), [(Fraction(2), (24, 64, 3)), (Fraction(1, 2), (48, 32, 3))]
)
def test_pixels_are_made_square(tmp_path: Path, aspect: Fraction, shape: tuple[int, ...]) -> None:
    path = write_clip(tmp_path / "w.mp4", grey_ramp(3), sample_aspect=aspect)
    assert {s.frame.pixels.shape for s in seen(path, EveryFrame())} == {shape}
    info = build().info(str(path)).unwrap()
    assert (info.height, info.width, 3) == shape


@pytest.mark.parametrize("side", [8, 100, 321])
def test_odd_sizes_and_ten_bits(tmp_path: Path, side: int) -> None:
    pictures = grey_ramp(3, 321, 241)
    for name, pix_fmt in (("a.mp4", "yuv444p"), ("b.mkv", "yuv444p10le")):
        path = write_clip(tmp_path / name, pictures, pix_fmt=pix_fmt, options={"crf": "10"})
        for s, picture in zip(seen(path, EveryFrame(), side), pictures, strict=True):
            assert max(s.frame.pixels.shape) == side
            assert s.frame.pixels.shape[0] == round(241 * side / 321)
            assert abs(float(s.frame.pixels.mean()) - float(picture.mean())) < 3


def heard(path: Path, within: Span | None = None) -> tuple[float, np.ndarray]:
    chunks = [o.unwrap() for o in build().audio(str(path), within)]
    return chunks[0].start_s, np.concatenate([c.samples for c in chunks])


def beep_at(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(samples) > 0.1)) / AUDIO_RATE_HZ


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_sound_keeps_the_pictures_clock(tmp_path: Path, name: str, rate: int) -> None:
    sound = np.zeros(3 * rate, dtype=np.float32)
    sound[rate : rate + rate // 2] = tone(0.5, rate=rate)
    path = write_clip(
        tmp_path / name, grey_ramp(75), audio=sound, audio_rate=rate, audio_start_s=0.5
    )
    start_s, samples = heard(path)
    assert start_s == 0
    assert beep_at(samples) - times(path)[0] == pytest.approx(1.5, abs=0.005)
    start_s, samples = heard(path, Span(1.25, 1.75))
    assert (start_s, len(samples)) == (1.25, AUDIO_RATE_HZ // 2)
    assert start_s + beep_at(samples) - times(path)[0] == pytest.approx(1.5, abs=0.005)


def test_holes_in_sound_are_silence(tmp_path: Path) -> None:
    path = tmp_path / "hole.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start_s in (0.0, 2.5):
            block = np.ascontiguousarray((tone(1.0)[None] * 32767).astype(np.int16))
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = 16_000, Fraction(1, 16_000)
            frame.pts = round(start_s * 16_000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    _, samples = heard(path)
    assert len(samples) == round(3.5 * AUDIO_RATE_HZ)
    assert not samples[16_100:39_900].any()
    assert samples[40_000:] == pytest.approx(tone(1.0), abs=1e-3)


def test_stamps_that_start_anew_go_on(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", grey_ramp(50), times_s=[50 + i / 25 for i in range(50)])
    second = write_clip(tmp_path / "b.ts", grey_ramp(50))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    got = times(joined)
    assert len(got) >= 98
    assert got == sorted(set(got))
    assert got[-1] == pytest.approx(3.96, abs=0.1)


def test_the_reader_leaves_no_file_open(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", grey_ramp(50), audio=tone(2))
    fds = Path("/proc/self/fd")
    if not fds.exists():
        pytest.skip("no /proc here")
    for stream in (build().frames(str(path), [View(EveryFrame(), 64)]), build().audio(str(path))):
        next(stream)
        assert str(path) in {str(fd.resolve()) for fd in fds.iterdir()}
        del stream
    open_files = {str(fd.resolve()) for fd in fds.iterdir()}
    assert str(path) not in open_files


def live_pictures() -> int:
    return sum(type(o) is av.VideoFrame for o in gc.get_objects())


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """Live decoded pictures are counted, with no garbage collector to hide any that pile up."""
    path = write_clip(tmp_path / "long.mp4", grey_ramp(300))
    views = [View(EveryFrame(), 64), View(ByRate(5), 32)]
    counts = []
    gc.collect()
    before = live_pictures()  # those of other tests
    gc.disable()
    try:
        for i, _ in enumerate(build().frames(str(path), views)):
            if i % 60 == 30:
                counts.append(live_pictures() - before)
    finally:
        gc.enable()
    assert 1 <= min(counts) <= max(counts) <= 8


@pytest.mark.parametrize("side", [200, 50])
def test_shrinking_averages(tmp_path: Path, side: int) -> None:
    """Fine stripes become grey, whether little or much smaller: nothing is merely left out."""
    stripes = np.zeros((240, 640, 3), np.uint8)
    stripes[:, ::2] = 240
    path = write_clip(tmp_path / "stripes.mp4", [stripes] * 3)
    (first, *_) = seen(path, AtTimes((0.0,)), side)
    assert np.abs(first.frame.pixels[2:-2, 2:-2].astype(float) - 120).max() < 12
