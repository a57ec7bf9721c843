"""Odd files: how each is made, and what is promised for it.  tests/e2e/test_odd_files.py keeps it.

Promises are of the reader; the index keeps them too: a refused file is a failure that names it, a
file that is read states what it covers, and what was not covered and why.
"""

import os
import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from attrs import Factory, frozen

from kuavi.ports.reader import FileMissing, NotReadable, NoVideoStream, TooLarge
from tests.media import blank_packets, flat, grey_ramp, tone, write_clip

MOTION = {"qp": "10", "preset": "medium", "g": "25"}
BOMB_SIDE = 8192


@frozen
class Refused:
    """A failure of this kind, whose text holds these words, and no picture."""

    kind: type
    words: str

    def __str__(self) -> str:
        return f"refused: {self.kind.__name__}, {self.words!r}"


@frozen
class Read:
    """So many pictures (least, most), from 0 to `end_s`, each until the next.

    `breaks_off`: `Damaged` comes after them, or (None) may.  `loses`: `Lost` is among them.
    """

    pictures: tuple[int, int]
    end_s: float
    size: tuple[int, int] = (64, 48)
    breaks_off: bool | None = False
    loses: bool = False
    within_s: float = 0.02

    def __str__(self) -> str:
        least, most = self.pictures
        count = f"{least}" if least == most else f"{least} to {most}"
        ending = {True: ", then Damaged", None: ", perhaps Damaged", False: ""}[self.breaks_off]
        losing = ", some lost" if self.loses else ""
        return f"pictures: {count}, to {self.end_s:.2f} s{losing}{ending}"


Promise: TypeAlias = Refused | Read


@frozen
class Odd:
    """One file: `make` writes it (and perhaps others beside it); `at_index` are words of the
    index's failure where that is another than the reader's; `gap` words of a gap it tells."""

    name: str
    what: str
    make: Callable[[Path], object]
    promise: Promise
    at_index: str = ""
    gap: str = ""


def exactly(count: int, end_s: float, **more: Any) -> Read:
    return Read((count, count), end_s, **more)


def clip(count: int = 50, **how: Any) -> Callable[[Path], object]:
    """A plain clip of `count` grey pictures, written with `how`."""
    return lambda path: write_clip(path, grey_ramp(count), **how)


def cut(share: float, **how: Any) -> Callable[[Path], object]:
    """A clip of 200 pictures whose end is gone."""

    def make(path: Path) -> None:
        content = write_clip(path, grey_ramp(200), options=MOTION, **how).read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return make


def without_index(path: Path) -> None:
    content = write_clip(path, grey_ramp(50)).read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])


def bits_flipped(path: Path) -> None:
    """One bit in every 200 bytes of the pictures; headers and index stay whole."""
    content = bytearray(write_clip(path, grey_ramp(200), options=MOTION).read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    chance = random.Random(1)
    for at in chance.sample(range(start, end), (end - start) // 200):
        content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def blanked(which: slice) -> Callable[[Path], object]:
    """A clip of 200 pictures, some of them overwritten."""

    def make(path: Path) -> None:
        blank_packets(write_clip(path, grey_ramp(200), options=MOTION), which)

    return make


def named_wrongly(path: Path) -> None:
    write_clip(path.with_suffix(".mkv"), grey_ramp(50)).rename(path)


def as_tracks(container: Any, *counts: int) -> None:
    """A video track per count, with so many pictures."""
    packets = []
    for number, count in enumerate(counts):
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(count):
            picture = flat((40 * (number + 1), i, 0))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            packets += stream.encode(frame)
        packets += stream.encode(None)
    for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
        container.mux(packet)


def two_tracks(path: Path) -> None:
    with av.open(path, "w") as container:
        as_tracks(container, 50, 75)


def cover_packet(container: Any) -> Any:
    stream = container.add_stream("mjpeg")
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
    stream.disposition = av.stream.Disposition.attached_pic
    picture = av.VideoFrame.from_ndarray(flat((200, 0, 0), 32, 32), format="rgb24")
    return [*stream.encode(picture.reformat(format="yuvj420p")), *stream.encode(None)]


def cover_and_video(path: Path) -> None:
    with av.open(path, "w") as container:
        packets = cover_packet(container)
        as_tracks(container, 50)
        for packet in packets:
            container.mux(packet)


def cover_and_sound(path: Path) -> None:
    with av.open(path, "w") as container:
        sound = container.add_stream("libmp3lame", rate=16_000, layout="mono")
        packets = cover_packet(container)
        frame = av.AudioFrame.from_ndarray(tone(1.0)[None], format="fltp", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=16_000)
        for block in resampler.resample(frame):
            packets += sound.encode(block)
        for packet in [*packets, *sound.encode(None)]:
            container.mux(packet)


def bomb(path: Path) -> None:
    """600 pictures of 8192x8192 in little: two are encoded, the second comes again and again."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = BOMB_SIDE, BOMB_SIDE, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"}
        frame = av.VideoFrame(BOMB_SIDE, BOMB_SIDE, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        packets = []
        for i in range(2):
            frame.pts = i
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for i in range(600):
            packet = av.Packet(bytes(packets[min(i, 1)]))
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = i
            packet.is_keyframe = i == 0
            container.mux(packet)


def listing(text: str) -> Callable[[Path], object]:
    """A file of text that names another, which is a video."""

    def make(path: Path) -> None:
        other = write_clip(path.with_name(f"{path.name}.other.ts"), grey_ramp(10))
        path.write_text(text.format(other), encoding="utf-8")

    return make


def linked(path: Path) -> None:
    outside = path.parent / "outside"
    outside.mkdir(exist_ok=True)
    path.symlink_to(write_clip(outside / "real.mp4", grey_ramp(50)))


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
UNEVEN_S = (0.0, 0.04, 0.5, 0.53, 2.0, 3.25)
TS_START_S = 101.4
QUIET_X265: Mapping[str, str] = {"preset": "ultrafast", "x265-params": "log-level=none"}

ODD: tuple[Odd, ...] = (
    Odd("uneven.mp4", "variable rate", clip(6, times_s=UNEVEN_S), exactly(6, 3.29)),
    Odd(
        "late.ts",
        "MPEG-TS whose stamps start at 101.4 s",
        clip(times_s=[TS_START_S + i / 25 for i in range(50)]),
        exactly(50, 2.0),
    ),
    Odd(
        "edited.mp4",
        "edit list that hides the first 10 of 50 pictures",
        clip(times_s=[(i - 10) / 25 for i in range(50)]),
        exactly(40, 1.6),
    ),
    Odd("90.mp4", "turned by 90 degrees", clip(rotation=90), exactly(50, 2.0, size=(48, 64))),
    Odd("180.mp4", "turned by 180 degrees", clip(rotation=180), exactly(50, 2.0)),
    Odd("270.mp4", "turned by 270 degrees", clip(rotation=270), exactly(50, 2.0, size=(48, 64))),
    Odd(
        "ten.mp4",
        "10-bit HEVC",
        clip(codec="libx265", pix_fmt="yuv420p10le", options=QUIET_X265),
        exactly(50, 2.0),
    ),
    Odd(
        "odd-size.mp4",
        "4:4:4, 321x241",
        lambda path: write_clip(path, grey_ramp(25, 321, 241)),
        exactly(25, 1.0, size=(321, 241)),
    ),
    Odd(
        "fields.ts",
        "interlaced H.264",
        clip(options={"qp": "10", "flags": "+ildct+ilme"}),
        exactly(50, 2.0),
    ),
    Odd(
        "sound.m4a",
        "sound only",
        lambda path: write_clip(path, [], audio=tone(1.0), audio_codec="aac"),
        Refused(NoVideoStream, "no video stream"),
    ),
    Odd("silent.mp4", "pictures only", clip(), exactly(50, 2.0)),
    Odd("both.mp4", "pictures and sound", clip(audio=tone(2.0)), exactly(50, 2.0)),
    Odd("no-moov.mp4", "MP4 without its index", without_index, Refused(NotReadable, "broken")),
    Odd(
        "half.mkv",
        "Matroska cut in half",
        cut(0.5),
        Read((20, 180), 4.0, breaks_off=True, within_s=2),
    ),
    Odd(
        "half.ts",
        "MPEG-TS cut in half: it does not say how long it was",
        cut(0.5),
        Read((20, 180), 4.0, breaks_off=None, within_s=2),
    ),
    Odd(
        "two-thirds.mp4",
        "MP4, index first, cut at two thirds",
        cut(2 / 3, mux_options={"movflags": "faststart"}),
        Read((20, 180), 4.5, breaks_off=True, within_s=3),
    ),
    Odd(
        "flipped.mp4",
        "a bit in every 200 bytes flipped",
        bits_flipped,
        Read((20, 200), 8.0, breaks_off=None, loses=True, within_s=2),
    ),
    Odd(
        "hole.mp4",
        "6 pictures in the middle overwritten with zeros",
        blanked(slice(88, 94)),
        Read((150, 196), 8.0, loses=True),
        gap="no picture could be made",
    ),
    Odd(
        "hole.ts",
        "the same in MPEG-TS",
        blanked(slice(88, 94)),
        Read((150, 199), 8.0, loses=True, within_s=0.1),
    ),
    Odd("empty.mp4", "no byte in it", Path.touch, Refused(NotReadable, "empty")),
    Odd(
        "random.mp4",
        "random bytes",
        lambda path: path.write_bytes(random.Random(5).randbytes(50_000)),
        Refused(NotReadable, "broken"),
    ),
    Odd("mkv.avi", "Matroska named .avi", named_wrongly, exactly(50, 2.0)),
    Odd(
        "text.mp4",
        "text named .mp4",
        lambda path: path.write_text("no video, but words\n" * 500, encoding="utf-8"),
        Refused(NotReadable, "broken"),
    ),
    Odd("one.mp4", "one picture", clip(1), exactly(1, 0.04)),
    Odd(
        "black.mp4",
        "all black",
        lambda path: write_clip(path, [flat((0, 0, 0))] * 50),
        exactly(50, 2.0),
    ),
    Odd(
        "same.mp4",
        "all pictures the same",
        lambda path: write_clip(path, [grey_ramp(9)[8]] * 50),
        exactly(50, 2.0),
    ),
    Odd(
        "two.mp4",
        "two video tracks: the first is read",
        two_tracks,
        exactly(50, 2.0),
        gap="1 more video track",
    ),
    Odd(
        "cover.mp4",
        "cover art beside the video",
        cover_and_video,
        exactly(50, 2.0),
        gap="cover art",
    ),
    Odd(
        "cover.mp3",
        "cover art and sound",
        cover_and_sound,
        Refused(NoVideoStream, "no video stream"),
    ),
    Odd(
        "long-gop.mp4",
        "one keyframe in 600 pictures",
        clip(600, options={"qp": "10", "g": "9999", "sc_threshold": "0"}),
        exactly(600, 24.0),
    ),
    Odd("slow.mp4", "1 picture a second", clip(10, fps=1), exactly(10, 10.0)),
    Odd("fast.mp4", "240 pictures a second", clip(240, fps=240), exactly(240, 1.0)),
    Odd("bomb.mp4", "600 pictures of 8192x8192", bomb, Refused(TooLarge, "max_pixels")),
    Odd("list.m3u8", "HLS list of another file", listing(HLS), Refused(NotReadable, "accepted")),
    Odd("list.mp4", "HLS list named .mp4", listing(HLS), Refused(NotReadable, "accepted")),
    Odd(
        "list.ffconcat",
        "concat script of another file",
        listing("ffconcat version 1.0\nfile '{}'\n"),
        Refused(NotReadable, "accepted"),
    ),
    Odd("pipe.mp4", "named pipe", os.mkfifo, Refused(NotReadable, "regular"), at_index="regular"),
    Odd("folder.mp4", "folder", Path.mkdir, Refused(NotReadable, "folder"), at_index="regular"),
    Odd(
        "missing.mp4",
        "nothing there",
        lambda _: None,
        Refused(FileMissing, "no such file"),
    ),
    Odd("link.mp4", "link to a video elsewhere: links are followed", linked, exactly(50, 2.0)),
)


@frozen
class Corpus:
    """The files of a session, each made when first asked for."""

    folder: Path
    made: dict[str, Path] = Factory(dict)

    def path(self, odd: Odd) -> Path:
        if odd.name not in self.made:
            path = self.folder / odd.name
            odd.make(path)
            self.made[odd.name] = path
        return self.made[odd.name]
