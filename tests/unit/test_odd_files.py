"""Files that are no videos, or broken ones: a typed failure, never a hang or a silent loss."""

import os
import random
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.readers.pyav import build
from kuavi.domain.media import EveryFrame, Seen, View
from kuavi.domain.spans import Span
from kuavi.ports.reader import (
    Damaged,
    NoAudioStream,
    NotReadable,
    NoVideoStream,
    ReadFailure,
)
from tests.media import blank_packets, flat, grey_ramp, pictures_in, real_clip, tone, write_clip

VIEWS = [View(EveryFrame(), 64)]
LONG_GOP = {"qp": "10", "preset": "medium", "g": "25"}


def read(path: Path, within: Span | None = None) -> tuple[list[Seen], list[ReadFailure]]:
    """What came, and the failures; a failure must be the last item."""
    outcomes = list(build().frames(str(path), VIEWS, within))
    assert all(isinstance(o, Success) for o in outcomes[:-1])
    return pictures_in(outcomes), [o.failure() for o in outcomes if isinstance(o, Failure)]


def refusal(path: Path) -> ReadFailure:
    """The one failure that info, frames and audio agree on."""
    reader = build()
    failures = [
        reader.info(str(path)),
        *reader.frames(str(path), VIEWS),
        *reader.audio(str(path)),
    ]
    assert len({str(f.failure()) for f in failures}) == 1
    assert str(path) in str(failures[0].failure())
    reason = failures[0].failure()
    assert isinstance(reason, NotReadable)
    return reason


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "e.mp4").touch()
    assert "empty" in str(refusal(tmp_path / "e.mp4"))


def test_a_folder(tmp_path: Path) -> None:
    assert "folder" in str(refusal(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "regular" in str(refusal(tmp_path / "pipe.mp4"))


@pytest.mark.parametrize("name", ["no\0name.mp4", "x" * 5000])
def test_an_impossible_name(name: str) -> None:
    assert isinstance(refusal(Path(name)), NotReadable)


def test_an_address_is_no_file() -> None:
    missing = build().info("http://localhost:9/clip.mp4")
    assert "no such file" in str(missing.failure())


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "r.mp4"
    path.write_bytes(random.Random(seed).randbytes(50_000))
    refusal(path)


def test_text(tmp_path: Path) -> None:
    (tmp_path / "t.mp4").write_text("no video, but words\n" * 500)
    refusal(tmp_path / "t.mp4")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"),
        ("p.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"),
        ("p.ffconcat", "ffconcat version 1.0\nfile '{}'\n"),
        (
            "p.sdp",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 1234 RTP/AVP 96",
        ),
    ],
)
def test_a_list_that_names_another_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    other = write_clip(tmp_path / "other.ts", grey_ramp(10))
    (tmp_path / name).write_text(text.format(other))
    refusal(tmp_path / name)


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    with av.open(tmp_path / "p.png", "w", format="image2") as container:
        stream = container.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        frame = av.VideoFrame.from_ndarray(flat((9, 9, 9)), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    refusal(tmp_path / "p.png")


@pytest.mark.parametrize(
    ("name", "codec"),
    [("s.wav", "pcm_s16le"), ("s.mp4", "aac"), ("s.flac", "flac"), ("s.ogg", "libopus")],
)
def test_sound_alone(tmp_path: Path, name: str, codec: str) -> None:
    path = write_clip(tmp_path / name, [], audio=tone(1.0), audio_codec=codec)
    assert build().info(str(path)) == Failure(NoVideoStream(str(path)))
    assert read(path) == ([], [NoVideoStream(str(path))])
    assert isinstance(next(build().audio(str(path))), Success)


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "cover.mp3"
    with av.open(path, "w") as container:
        sound = container.add_stream("libmp3lame", rate=16_000, layout="mono")
        cover = container.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(flat((200, 0, 0)), format="rgb24")
        frame = av.AudioFrame.from_ndarray(tone(1.0)[None], format="fltp", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=16_000)
        packets = [*cover.encode(picture.reformat(format="yuvj420p")), *cover.encode(None)]
        for block in resampler.resample(frame):
            packets += sound.encode(block)
        for packet in [*packets, *sound.encode(None)]:
            container.mux(packet)
    with av.open(path) as container:
        assert len(container.streams.video) == 1
    assert build().info(str(path)) == Failure(NoVideoStream(str(path)))


def test_silent_pictures(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "v.mp4", grey_ramp(5))
    assert list(build().audio(str(path))) == [Failure(NoAudioStream(str(path)))]


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_a_file_cut_in_half_gives_its_first_half(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"c{suffix}", grey_ramp(200), options=LONG_GOP)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    good, failures = read(path)
    assert 20 < len(good) < 180
    if suffix == ".mkv":
        (failure,) = failures
        assert isinstance(failure, Damaged)
        assert failure.at_s == pytest.approx(good[-1].until_s, abs=0.05)
        assert str(path) in str(failure)


def test_an_mp4_whose_end_is_gone(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "c.mp4",
        grey_ramp(200),
        audio=tone(8),
        options=LONG_GOP,
        mux_options={"movflags": "faststart"},
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    good, (failure,) = read(path)
    assert 20 < len(good) < 180
    assert isinstance(failure, Damaged)
    assert failure.at_s == pytest.approx(good[-1].until_s, abs=0.05)
    sound = list(build().audio(str(path)))
    assert isinstance(sound[0], Success)
    assert isinstance(sound[-1].failure(), Damaged)
    assert read(path, Span(0.5, 1.0))[1] == []


def test_a_file_cut_off_before_its_first_picture(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "x.flv", grey_ramp(30), audio=tone(1.2), options=LONG_GOP)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 16])
    assert "size" in str(build().info(str(path)).failure())
    good, (failure,) = read(path)
    assert (good, type(failure)) == ([], Damaged)
    (sound,) = build().audio(str(path))
    assert isinstance(sound.failure(), Damaged)


def test_an_mp4_without_its_index(tmp_path: Path) -> None:
    content = real_clip("bikes").read_bytes()
    (tmp_path / "half.mp4").write_bytes(content[: len(content) // 2])
    refusal(tmp_path / "half.mp4")


def test_damage_in_the_middle_does_not_end_the_run(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "d.mp4", grey_ramp(200), options=LONG_GOP)
    blank_packets(path, slice(60, 70))
    good, failures = read(path)
    assert failures == []
    assert 150 <= len(good) < 200
    times = [s.frame.time_s for s in good]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(7.96)
    assert all(a.until_s == b.frame.time_s for a, b in pairwise(good))
    assert good[0].frame.time_s == 0


@pytest.mark.parametrize("lost", [2, 100])
def test_damage_up_to_the_end_is_said(tmp_path: Path, lost: int) -> None:
    path = write_clip(tmp_path / "d.mp4", grey_ramp(200), options=LONG_GOP)
    blank_packets(path, slice(200 - lost, None))
    good, (failure,) = read(path)
    assert 190 - lost <= len(good) <= 201 - lost
    assert isinstance(failure, Damaged)
    assert failure.at_s == pytest.approx(good[-1].until_s, abs=0.05)


def test_a_huge_picture_is_refused(tmp_path: Path) -> None:
    black = np.zeros((8, 8, 3), np.uint8)
    path = write_clip(tmp_path / "h.mkv", [black], codec="ffv1", pix_fmt="bgr0")
    content = path.read_bytes()
    width, height = content.index(b"\xb0\x81\x08"), content.index(b"\xba\x81\x08")
    assert height == width + 3
    grown = b"\xb0\x83\x00\xff\xff\xba\x83\x00\xff\xff"
    path.write_bytes(content[:width] + grown + content[height + 3 :])
    good, failures = read(path)
    assert good == []
    assert len(failures) == 1


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        suffix: write_clip(folder / f"x{suffix}", grey_ramp(30), audio=tone(1.2), options=LONG_GOP)
        for suffix in (".mp4", ".mkv", ".ts", ".flv")
    }


shares = st.floats(0, 1, exclude_max=True)


@given(
    suffix=st.sampled_from([".mp4", ".mkv", ".ts", ".flv"]),
    flips=st.lists(st.tuples(shares, st.integers(0, 255)), max_size=30),
    kept=st.just(1.0) | shares,
)
@settings(max_examples=40)
def test_flipped_bytes_never_raise(
    clips: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    flips: list[tuple[float, int]],
    kept: float,
) -> None:
    content = bytearray(clips[suffix].read_bytes())
    for share, value in flips:
        content[int(share * len(content))] = value
    path = tmp_path_factory.mktemp("flip") / f"x{suffix}"
    path.write_bytes(content[: int(kept * len(content))])
    good, failures = read(path)
    assert all(a.until_s <= b.frame.time_s for a, b in pairwise(good))
    assert len(failures) <= 1
    sound = list(build().audio(str(path)))
    assert all(isinstance(o, Success) for o in sound[:-1])
    build().info(str(path))
