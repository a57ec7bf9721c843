"""Opening a media file safely, and what its container says.

Only regular files are opened, only by formats on a list, and only by the file protocol: a playlist
or a concat script that names other files is refused.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.limits import DecodeLimits
from kuavi.domain.outcome import Outcome
from kuavi.ports.reader import FileMissing, NotReadable, ReadFailure, TooLarge

FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,flv,mpeg,mpegvideo,ogg,asf,mxf,ivf,nut,dv,rm,"
    "mp3,wav,w64,aiff,flac,aac,ac3,eac3"
)
"""libavformat's names of the formats that are opened; audio alone is told apart from no media."""

Pulse: TypeAlias = Callable[[float], None]
"""Told of every packet (0), and of every picture or block of sound with the seconds it adds."""

_STATED_IN_HEADER = {"mov", "avi"}
_UNLIKE_VIDEO = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails


@frozen(eq=False)
class Media:
    """An open file: its first real video stream, its first audio stream, when it starts."""

    path: str
    container: Any
    video: Any | None
    audio: Any | None
    start_s: float
    duration_s: float
    limits: DecodeLimits
    pulse: Pulse

    def __enter__(self) -> "Media":
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def stated_end_s(self, stream: Any) -> float | None:
        """When the stream ends, where the file's header says so for this stream by itself.

        Formats that only estimate the length of a stream from the file's tail say nothing.
        Matroska's length counts from 0 with some writers, from the start with others: the former
        is assumed, which never promises too much.
        """
        names = set(self.container.format.name.split(","))
        if names & _STATED_IN_HEADER and stream.duration:
            first = stream.start_time or 0
            return float((first + stream.duration) * stream.time_base) - self.start_s
        if "matroska" in names:
            tagged = next((v for k, v in stream.metadata.items() if k.startswith("DURATION")), "")
            if (seconds := _clock_s(tagged)) is not None:
                return seconds - self.start_s
            if len(self.container.streams) == 1 and self.container.duration:
                return self.duration_s - self.start_s
        return None


@frozen
class Opener:
    """How files are opened: within which limits, and who is told that decoding goes on."""

    limits: DecodeLimits
    pulse: Pulse


def open_media(path: str, opener: Opener) -> Outcome[Media, ReadFailure]:
    """Open a file; the caller closes the Media."""
    if (refused := _refused(path)) is not None:
        return Failure(refused)
    try:
        container = av.open(
            f"file:{Path(path).absolute()}",
            container_options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.FFmpegError, UnicodeError) as error:
        return Failure(NotReadable(path, _reason(error)))
    try:
        media = _media(path, container, opener)
    except (av.FFmpegError, UnicodeError) as error:
        container.close()
        return Failure(NotReadable(path, _reason(error)))
    if (refused := _unusable(media)) is not None:
        container.close()
        return Failure(refused)
    return Success(media)


def unread(media: Media) -> str:
    """What other pictures than the video's the file holds, in words."""
    others = [s for s in media.container.streams.video if s is not media.video]
    covers = sum(bool(s.disposition & _UNLIKE_VIDEO) for s in others)
    tracks = len(others) - covers
    more = f"{tracks} more video track{'s' if tracks > 1 else ''}" if tracks else ""
    return " and ".join(filter(None, [more, "cover art" if covers else ""]))


def _refused(path: str) -> ReadFailure | None:
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return FileMissing(path)
    except (OSError, ValueError) as error:
        return NotReadable(path, getattr(error, "strerror", None) or str(error))
    if stat.S_ISDIR(status.st_mode):
        return NotReadable(path, "it is a folder")
    if not stat.S_ISREG(status.st_mode):
        return NotReadable(path, "it is not a regular file")
    if status.st_size == 0:
        return NotReadable(path, "the file is empty")
    if not os.access(path, os.R_OK):
        return NotReadable(path, "permission denied")
    return None


def _media(path: str, container: Any, opener: Opener) -> Media:
    video = next((s for s in container.streams.video if not s.disposition & _UNLIKE_VIDEO), None)
    audio = next(iter(container.streams.audio), None)
    duration_s = max(container.duration or 0, 0) / av.time_base
    start_s = _start_s(path, container)
    return Media(path, container, video, audio, start_s, duration_s, opener.limits, opener.pulse)


def _start_s(path: str, container: Any) -> float:
    """The container's start, exactly where a stream starts with it; else the first stamp found."""
    if container.start_time is None:
        return _first_stamp_s(path)
    start_s = container.start_time / av.time_base
    exact = (float(s.start_time * s.time_base) for s in container.streams if s.start_time)
    return next((time_s for time_s in exact if abs(time_s - start_s) <= 2e-6), start_s)


def _first_stamp_s(path: str) -> float:
    """Matroska files without sound may open without a known start; their first packet tells."""
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    with (
        suppress(av.FFmpegError),
        av.open(
            f"file:{Path(path).absolute()}", container_options=options, metadata_errors="replace"
        ) as container,
    ):
        for packet in container.demux():
            if packet.pts is not None:
                return float(packet.pts * packet.time_base)
    return 0.0


def _unusable(media: Media) -> ReadFailure | None:
    if media.video is None:
        heard = any(s.codec_context and s.rate for s in media.container.streams.audio)
        pictures = len(media.container.streams.video) > 0
        return None if heard or pictures else NotReadable(media.path, "no picture or sound in it")
    if media.video.codec_context is None:
        return NotReadable(media.path, "there is no decoder for its pictures")
    media.video.codec_context.options = {"max_pixels": str(_allocated_pixels(media.limits))}
    return too_many_pixels(media, media.video.width, media.video.height)


def _allocated_pixels(limits: DecodeLimits) -> int:
    """What libavcodec may allocate for a picture: it pads sizes, and checks them padded."""
    return limits.max_pixels + limits.max_pixels // 8 + (1 << 16)


def too_many_pixels(media: Media, width: int, height: int) -> TooLarge | None:
    if width * height <= media.limits.max_pixels:
        return None
    what = f"its pictures have {width}x{height} pixels"
    return TooLarge(media.path, what, media.limits.max_pixels, "max_pixels")


def too_long(media: Media, stream: Any) -> TooLarge | None:
    """A refusal where the header itself says that there is more than the limits allow."""
    limits = media.limits
    end_s = media.stated_end_s(stream)
    if end_s is not None and end_s > limits.max_duration_s:
        what = f"it lasts {end_s:.0f} s"
        return TooLarge(media.path, what, limits.max_duration_s, "max_duration_s")
    if stream.frames > limits.max_frames:
        what = f"it has {stream.frames} pictures"
        return TooLarge(media.path, what, limits.max_frames, "max_frames")
    return None


def sample_aspect(stream: Any) -> Fraction:
    """A sample's width over its height; 1 where it is unknown or absurd."""
    ratio = stream.sample_aspect_ratio
    return Fraction(ratio) if ratio and Fraction(1, 16) <= ratio <= 16 else Fraction(1)


def _clock_s(text: str) -> float | None:
    """Seconds of `HH:MM:SS.fff`."""
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.InvalidDataError | av.error.ArgumentError):
        return "the data is broken or of a kind that is not accepted"
    return getattr(error, "strerror", None) or str(error)
