"""Sampled decoding gives the pictures of a full decode, byte for byte, and takes its short cut."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.adapters.readers._choice import Choice
from kuavi.adapters.readers._container import Opener, open_media
from kuavi.adapters.readers._sampled import SampledRun
from kuavi.adapters.readers.pyav import build
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import (
    AtTimes,
    ByRate,
    Ended,
    EveryFrame,
    Lost,
    Pixels,
    Sampling,
    Seen,
    View,
)
from kuavi.domain.sampling import Shown, clipped, start, take
from kuavi.domain.spans import Span
from kuavi.ports.reader import Damaged
from tests.media import blank_packets, pictures_in, real_clip, write_clip

SIDE = 64
SAMPLINGS: dict[str, Sampling] = {
    "0.25 fps": ByRate(0.25),
    "1 fps": ByRate(1),
    "2 fps": ByRate(2),
    "8 fps": ByRate(8),
    "12.5 fps": ByRate(12.5),
    "times": AtTimes((0.3, 0.31, 1.5, 2.62, 2.95, 99.0)),
    "late times": AtTimes((3.1, 3.3)),
}


@frozen
class Coding:
    """How a test clip is written.

    `most` is how many of its 100 packets may be decoded at 1 fps; None: no short cut is known.
    """

    options: dict[str, str]
    most: int | None
    codec: str = "libx264"
    suffix: str = ".mp4"
    times_s: tuple[float, ...] = ()


def x264(params: str = "", **options: str) -> dict[str, str]:
    usual = {"preset": "veryfast", "crf": "28", "bf": "3", "g": "40"}
    return usual | ({"x264-params": params} if params else {}) | options


def x265(params: str) -> dict[str, str]:
    return {"preset": "veryfast", "x265-params": f"log-level=0:keyint=40:bframes=4:{params}"}


def vpx(**options: str) -> dict[str, str]:
    return {"g": "40", "crf": "40", "b": "0", "deadline": "good", "cpu-used": "8"} | options


EVEN = tuple(i / 25 for i in range(100))
UNEVEN = tuple(float(t) for t in np.cumsum([0.02 + 0.03 * (i * 7 % 5) for i in range(100)]))
CODINGS = {
    "B-pyramid": Coding(x264("b-pyramid=normal:b-adapt=0"), 35),
    "flat B": Coding(x264("b-pyramid=none"), 35),
    "no B": Coding(x264(bf="0"), 60),
    "one long GOP": Coding(x264(g="1000", sc_threshold="0"), 55),
    "all intra": Coding(x264(g="1"), 4),
    "open GOP": Coding(x264("open-gop=1"), 55),
    "intra refresh": Coding(x264("intra-refresh=1", bf="0"), 80),
    "interlaced": Coding(x264("tff=1", flags="+ilme+ildct"), 40),
    "slices": Coding(x264("slices=4"), 40),
    "temporal direct": Coding(x264("direct=temporal:weightb=1:ref=4"), 40),
    "uneven": Coding(x264(), 55, times_s=UNEVEN),
    "late start": Coding(x264(), 40, suffix=".ts", times_s=tuple(100 + t for t in EVEN)),
    "mkv": Coding(x264(), 40, suffix=".mkv"),
    "flv": Coding(x264(), 40, suffix=".flv"),
    "HEVC": Coding(x265("open-gop=1"), 40, "libx265"),
    "HEVC closed": Coding(x265("open-gop=0"), 30, "libx265"),
    "HEVC layers": Coding(x265("temporal-layers=3:open-gop=0"), 75, "libx265"),
    "HEVC ts": Coding(x265("open-gop=0"), 30, "libx265", ".ts"),
    "VP9": Coding(vpx(), 70, "libvpx-vp9", ".webm"),
    "VP9 hidden": Coding(vpx(**{"auto-alt-ref": "1", "lag-in-frames": "16"}), 70, "libvpx-vp9",
                         ".webm"),
    "AV1": Coding({"preset": "12", "g": "40", "crf": "45"}, 70, "libsvtav1"),
    "VP8": Coding(vpx(), None, "libvpx", ".webm"),
    "MPEG-4 in AVI": Coding({"g": "12", "bf": "2"}, None, "mpeg4", ".avi"),
}  # fmt: skip


@cache
def footage() -> tuple[Pixels, ...]:
    """100 real pictures, 160x96, with cuts and motion."""
    with av.open(real_clip("bikes")) as container:
        frames = zip(container.decode(video=0), range(100), strict=False)
        return tuple(f.reformat(160, 96, "rgb24").to_ndarray() for f, _ in frames)


@pytest.fixture(scope="module", params=CODINGS)
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name: str = request.param
    coding = CODINGS[name]
    path = tmp_path_factory.mktemp("coded") / f"{name}{coding.suffix}"
    try:
        return write_clip(
            path,
            footage(),
            codec=coding.codec,
            times_s=coding.times_s or None,
            options=coding.options,
        )
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this build of PyAV has no {coding.codec}")


def seen(path: Path, views: Sequence[View], within: Span | None = None) -> list[Seen]:
    items = list(build().frames(str(path), views, within))
    assert all(isinstance(item, Success) for item in items)
    return pictures_in(items)


@cache
def everything(path: Path) -> tuple[Seen, ...]:
    return tuple(seen(path, [View(EveryFrame(), SIDE)]))


def expected(path: Path, sampling: Sampling, within: Span | None = None) -> list[Seen]:
    """What the sampling's rule takes of a full decode."""
    cursor, taken = start(sampling, within), list[Seen]()
    frames = everything(path)
    for one in frames:
        shown = Shown(one.frame.time_s, one.until_s, last=one is frames[-1])
        part = clipped(shown, within)
        if part is not None:
            cursor, wanted = take(cursor, part)
            taken += [one] if wanted else []
    return taken


def assert_same(got: Sequence[Seen], wanted: Sequence[Seen]) -> None:
    assert [(s.frame.time_s, s.until_s) for s in got] == [
        (s.frame.time_s, s.until_s) for s in wanted
    ]
    for a, b in zip(got, wanted, strict=True):
        assert np.array_equal(a.frame.pixels, b.frame.pixels), a.frame.time_s


def ran(path: Path, sampling: Sampling, within: Span | None = None) -> SampledRun:
    """The run of the short cut itself, to its end."""
    with open_media(str(path), Opener(DecodeLimits(), lambda _: None)).unwrap() as media:
        run = SampledRun(media, media.video, Choice([View(sampling, SIDE)], within))
        for _ in run.pictures():
            pass
    return run


@pytest.mark.parametrize("name", SAMPLINGS)
def test_the_frames_of_a_full_decode(coded: Path, name: str) -> None:
    sampling = SAMPLINGS[name]
    assert_same(seen(coded, [View(sampling, SIDE)]), expected(coded, sampling))


def end_told(path: Path, sampling: Sampling) -> float | None:
    """What the last item says of the end."""
    *_, last = build().frames(str(path), [View(sampling, SIDE)])
    ended = last.unwrap()
    return ended.end_s if isinstance(ended, Ended) else None


def test_nothing_is_lost_of_a_whole_file(coded: Path) -> None:
    for sampling in (EveryFrame(), *SAMPLINGS.values()):
        items = [o.unwrap() for o in build().frames(str(coded), [View(sampling, SIDE)])]
        assert not any(isinstance(item, Lost) for item in items)
    within = build().frames(str(coded), [View(EveryFrame(), SIDE)], Span(2.0, 3.0))
    assert all(isinstance(o.unwrap(), Seen) for o in within)


def test_the_end_is_that_of_a_full_decode(coded: Path) -> None:
    end_s = everything(coded)[-1].until_s
    assert end_told(coded, EveryFrame()) == end_s
    for sampling in SAMPLINGS.values():
        assert end_told(coded, sampling) == (None if sampling == SAMPLINGS["late times"] else end_s)


@pytest.mark.parametrize("span", [Span(0.5, 1.7), Span(1.62, 3.3), Span(2.5, 2.55)])
def test_the_frames_within_a_span(coded: Path, span: Span) -> None:
    samplings: list[Sampling] = [ByRate(2), AtTimes((0.7, 2.51, 2.52))]
    for sampling in samplings:
        got = seen(coded, [View(sampling, SIDE)], span)
        assert_same(got, expected(coded, sampling, span))


def test_several_views_share_a_decode(coded: Path) -> None:
    samplings: list[Sampling] = [ByRate(2), AtTimes((1.01, 2.0)), ByRate(5)]
    got = seen(coded, [View(sampling, SIDE) for sampling in samplings])
    order = [(s.frame.time_s, s.view) for s in got]
    assert order == sorted(order)
    for i, sampling in enumerate(samplings):
        assert_same([s for s in got if s.view == i], expected(coded, sampling))


def test_the_short_cut_is_taken(coded: Path) -> None:
    run = ran(coded, ByRate(1))
    most = CODINGS[coded.stem].most
    if most is None:
        assert (run.n_packets, run.n_sent) == (0, 0)
        assert "no rule" in str(run.trouble)
        return
    assert run.trouble is None
    assert run.n_packets == 100
    assert run.n_sent <= most


@pytest.mark.parametrize("name", ["B-pyramid", "no B", "HEVC closed", "VP9", "AV1"])
def test_keyframes_need_no_other_picture(tmp_path: Path, name: str) -> None:
    coding = CODINGS[name]
    path = tmp_path / f"c{coding.suffix}"
    write_clip(path, footage(), codec=coding.codec, options=coding.options)
    with av.open(path) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.is_keyframe]
    assert len(keys) >= 3
    assert ran(path, AtTimes(tuple(keys))).n_sent == len(keys)


@pytest.mark.parametrize("name", ["bigbuckbunny", "bikes", "carphone_pristine"])
@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
def test_real_clips(name: str, sampling: Sampling) -> None:
    path = real_clip(name)
    assert_same(seen(path, [View(sampling, SIDE)]), expected(path, sampling))
    assert ran(path, sampling).trouble is None


def remuxed(source: Path, target: Path, start_s: float, **options: str) -> Path:
    """The packets of a file, from the keyframe before `start_s` on, moved to start there."""
    with av.open(source) as old, av.open(target, "w", options=options) as new:
        video = old.streams.video[0]
        old.seek(round(start_s / video.time_base), stream=video)
        copy = new.add_stream_from_template(video)
        shift = round(Fraction(start_s).limit_denominator(1000) / video.time_base)
        for packet in old.demux(video):
            if packet.size:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = copy
                new.mux(packet)
    return target


def test_an_edit_list_that_starts_within_a_gop(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "s.mp4", footage(), options=CODINGS["flat B"].options)
    path = remuxed(source, tmp_path / "edited.mp4", 2.0)
    with av.open(path) as container:
        assert any(packet.is_discard for packet in container.demux(video=0))
    for sampling in SAMPLINGS.values():
        assert_same(seen(path, [View(sampling, SIDE)]), expected(path, sampling))
    assert end_told(path, ByRate(1)) == everything(path)[-1].until_s


def test_an_edit_list_that_ends_before_the_last_picture(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "s.mp4", footage(), options=CODINGS["flat B"].options)
    path = shortened(source, 2.0)
    with av.open(path) as container:
        assert any(packet.is_discard for packet in container.demux(video=0))
    assert end_told(path, EveryFrame()) == end_told(path, ByRate(1)) == pytest.approx(2.0, abs=0.04)


def shortened(path: Path, end_s: float) -> Path:
    """The same file, whose edit list shows only the first seconds of it."""
    content = bytearray(path.read_bytes())
    at = content.index(b"elst") + 4
    if content[at] or content[at + 4 : at + 8] != b"\0\0\0\1":
        raise AssertionError("not one edit of 32 bits")
    head = content.index(b"mvhd") + 4
    scale = int.from_bytes(content[head + 12 : head + 16])
    content[at + 8 : at + 12] = round(end_s * scale).to_bytes(4)
    path.write_bytes(content)
    return path


def test_stamps_that_start_anew(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", footage()[:50], options=x264())
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() * 2)
    for sampling in SAMPLINGS.values():
        assert_same(seen(joined, [View(sampling, SIDE)]), expected(joined, sampling))
    assert ran(joined, ByRate(2)).trouble is not None


@pytest.mark.parametrize("lost", [slice(30, 33), slice(60, 64), slice(97, 100)])
def test_damage_is_left_to_a_plain_decode(tmp_path: Path, lost: slice) -> None:
    path = write_clip(tmp_path / "d.mp4", footage(), options=CODINGS["flat B"].options)
    blank_packets(path, lost)
    whole = list(build().frames(str(path), [View(EveryFrame(), SIDE)]))
    failures = [o.failure() for o in whole if isinstance(o, Failure)]
    frames = pictures_in(whole)
    for sampling in SAMPLINGS.values():
        got = list(build().frames(str(path), [View(sampling, SIDE)]))
        good = pictures_in(got)
        times = [s.frame.time_s for s in good]
        assert times == sorted(set(times))
        assert set(times) <= {s.frame.time_s for s in frames}
        if isinstance(sampling, ByRate):
            assert [o.failure() for o in got if isinstance(o, Failure)] == failures
            assert good[-1].until_s <= frames[-1].until_s
    assert ran(path, ByRate(1)).trouble is not None


def spoilt(path: Path, lost: slice) -> None:
    """Overwrite what follows the headers of some pictures."""
    with av.open(path) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size and p.pos]
    content = bytearray(path.read_bytes())
    for pos, size in packets[lost]:
        content[pos + 6 : pos + size] = b"\xff" * (size - 6)
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["no B", "all intra", "flat B"])
def test_no_picture_is_given_twice(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / "d.mp4", footage(), options=CODINGS[name].options)
    spoilt(path, slice(50, 52))
    for fps in (5, 12.5, 25):
        times = [s.frame.time_s for s in seen(path, [View(ByRate(fps), SIDE)])]
        assert times == sorted(set(times))
        assert times[-1] >= 3.8


def test_reading_stops_soon_after_the_last_picture_wanted(coded: Path) -> None:
    if CODINGS[coded.stem].most is not None:
        assert ran(coded, AtTimes((0.1, 0.2))).n_packets < 50
        assert ran(coded, ByRate(5), Span(0.1, 0.4)).n_packets < 50


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_file_that_breaks_off_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"c{suffix}"
    options = CODINGS["flat B"].options
    first = {"movflags": "faststart"} if suffix == ".mp4" else {}
    write_clip(path, footage(), options=options, mux_options=first)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    whole = list(build().frames(str(path), [View(EveryFrame(), SIDE)]))
    for fps in (0.25, 2, 8):
        got = list(build().frames(str(path), [View(ByRate(fps), SIDE)]))
        assert got[-1] == whole[-1]
        assert isinstance(got[-1].failure(), Damaged)
        assert_same(pictures_in(got), broken_off(pictures_in(whole), ByRate(fps)))


def broken_off(whole: Sequence[Seen], sampling: Sampling) -> list[Seen]:
    cursor, taken = start(sampling), list[Seen]()
    for one in whole:
        cursor, wanted = take(cursor, Shown(one.frame.time_s, one.until_s))
        taken += [one] if wanted else []
    return taken


FRAGILE = ["flat B", "late start", "mkv", "HEVC closed", "VP9", "AV1"]
shares = st.floats(0, 1, exclude_max=True)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fragile")
    return {
        name: write_clip(
            folder / f"{name}{CODINGS[name].suffix}",
            footage()[:60],
            codec=CODINGS[name].codec,
            options=CODINGS[name].options,
        )
        for name in FRAGILE
    }


@given(
    name=st.sampled_from(FRAGILE),
    flips=st.lists(st.tuples(shares, st.integers(0, 255)), max_size=20),
    kept=st.just(1.0) | shares,
    sampling=st.sampled_from(list(SAMPLINGS.values())),
)
@settings(max_examples=40)
def test_broken_files_never_raise(
    fragile: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    flips: list[tuple[float, int]],
    kept: float,
    sampling: Sampling,
) -> None:
    content = bytearray(fragile[name].read_bytes())
    for share, value in flips:
        content[int(share * len(content))] = value
    path = tmp_path_factory.mktemp("broken") / fragile[name].name
    path.write_bytes(content[: int(kept * len(content))])
    outcomes = list(build().frames(str(path), [View(sampling, SIDE)]))
    assert all(isinstance(o, Success) for o in outcomes[:-1])
    times = [s.frame.time_s for s in pictures_in(outcomes)]
    assert times == sorted(set(times))
