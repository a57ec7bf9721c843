"""Every file of tests/odd.py, read and indexed through the isolated reader: promises are kept."""

import gc
from pathlib import Path

import av
import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.adapters.readers import isolated
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import EveryFrame, View
from kuavi.ports.reader import Damaged, TooLarge
from tests.media import grey_ramp, pictures_in, tone, write_clip
from tests.odd import BOMB_SIDE, ODD, Corpus, Odd, Read
from tests.odd_checks import broken_promises, tried

LIMITS = DecodeLimits(memory_mb=1024, cpu_floor_s=20, cpu_s_per_media_s=10, stall_s=20)
BY_NAME = {odd.name: odd for odd in ODD}
VIEWS = [View(EveryFrame(), 64)]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("odd"))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_what_is_promised_happens(corpus: Corpus, odd: Odd) -> None:
    path = str(corpus.path(odd))
    happened = tried(path, isolated.build(LIMITS))
    assert list(broken_promises(odd, path, happened)) == []


def first_picture(path: Path) -> av.VideoFrame:
    with av.open(path) as container:
        return next(container.decode(video=0))


def test_the_corpus_is_what_it_says(corpus: Corpus) -> None:
    def path(name: str) -> Path:
        return corpus.path(BY_NAME[name])

    assert first_picture(path("fields.ts")).interlaced_frame
    assert first_picture(path("ten.mp4")).format.name == "yuv420p10le"
    assert first_picture(path("odd-size.mp4")).format.name == "yuv444p"
    assert b"elst" in path("edited.mp4").read_bytes()
    with av.open(path("cover.mp4")) as container:
        assert {s.codec_context.name for s in container.streams.video} == {"h264", "mjpeg"}
    with av.open(path("two.mp4")) as container:
        assert len(container.streams.video) == 2
    with av.open(path("late.ts")) as container:
        assert container.start_time > 100 * av.time_base
    with av.open(path("long-gop.mp4")) as container:
        assert sum(p.is_keyframe for p in container.demux(video=0)) == 1
    assert path("bomb.mp4").stat().st_size < 400_000
    gc.collect()


def test_a_broken_promise_is_seen(corpus: Corpus) -> None:
    odd = BY_NAME["silent.mp4"]
    path = str(corpus.path(odd))
    happened = tried(path, isolated.build())
    for wrong in (Read((51, 51), 2.0), Read((50, 50), 2.5), Read((50, 50), 2.0, breaks_off=True)):
        assert list(broken_promises(evolve(odd, promise=wrong), path, happened))
    refusal = BY_NAME["empty.mp4"].promise
    assert list(broken_promises(evolve(odd, promise=refusal), path, happened))


def test_the_named_setting_lets_the_bomb_in_and_memory_still_holds(corpus: Corpus) -> None:
    path = str(corpus.path(BY_NAME["bomb.mp4"]))
    lifted = DecodeLimits(max_pixels=BOMB_SIDE**2)
    stream = isolated.build(lifted).frames(path, VIEWS)
    assert isinstance(next(stream), Success)
    stream.close()  # type: ignore[attr-defined]
    (refused,) = isolated.build(evolve(lifted, memory_mb=128)).frames(path, VIEWS)
    assert isinstance(refused, Failure)


def read(path: Path, limits: DecodeLimits) -> tuple[int, Damaged]:
    """How many pictures came, and what ended them."""
    *good, last = isolated.build(limits).frames(str(path), VIEWS)
    assert all(isinstance(o, Success) for o in good)
    failure = last.failure()
    assert isinstance(failure, Damaged)
    return len(pictures_in(good)), failure


def test_limits_met_midway_keep_what_came(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "c.ts", grey_ramp(50), audio=tone(4.0))  # states no length
    count, failure = read(path, DecodeLimits(max_frames=20))
    assert (count, "max_frames = 20" in failure.reason) == (20, True)
    count, failure = read(path, DecodeLimits(max_duration_s=1.0))
    assert count == pytest.approx(25, abs=1)
    assert failure.at_s == pytest.approx(1.0, abs=0.05)
    assert "max_duration_s = 1" in failure.reason
    *chunks, last = isolated.build(DecodeLimits(max_audio_s=1.5)).audio(str(path))
    assert sum(len(o.unwrap().samples) for o in chunks) == 24_000
    assert "max_audio_s = 1.5" in str(last.failure())


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (DecodeLimits(max_frames=20), "max_frames"),
        (DecodeLimits(max_duration_s=1.0), "max_duration_s"),
        (DecodeLimits(max_pixels=3000), "max_pixels"),
    ],
)
def test_limits_the_header_exceeds_refuse_at_once(
    tmp_path: Path, limits: DecodeLimits, setting: str
) -> None:
    path = str(write_clip(tmp_path / "c.mp4", grey_ramp(50)))
    reader = isolated.build(limits)
    info = reader.info(path)
    assert isinstance(info, Failure)
    assert isinstance(info.failure(), TooLarge)
    assert setting in str(info.failure())
    assert list(reader.frames(path, VIEWS)) == [info]


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libx264", ".ts"), ("libx265", ".ts"), ("libvpx-vp9", ".ivf")]
)
def test_pictures_that_grow_midway(tmp_path: Path, codec: str, suffix: str) -> None:
    how = {"libx265": {"x265-params": "log-level=none"}}.get(codec, {})
    small = write_clip(tmp_path / f"a{suffix}", grey_ramp(10), codec=codec, options=how)
    large = write_clip(tmp_path / f"b{suffix}", grey_ramp(10, 640, 480), codec=codec, options=how)
    head = 32 if suffix == ".ivf" else 0
    small.write_bytes(small.read_bytes() + large.read_bytes()[head:])
    count, failure = read(small, DecodeLimits(max_pixels=10_000))
    assert 8 <= count <= 10  # what waits to be put in order goes with the decoder
    assert "max_pixels = 10000" in failure.reason
