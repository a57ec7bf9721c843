"""From packets to decoded frames, going on over what can't be decoded."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import av
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.readers._container import Media, too_many_pixels
from kuavi.adapters.readers._losses import INCOMPLETE, NO_PICTURE, Losses
from kuavi.adapters.readers._timeline import Timeline
from kuavi.domain.media import Lost
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import Damaged, TooLarge

BACK_STEPS_S = (0.0, 1.0, 4.0, 16.0, 64.0)
"""How much earlier to seek, step by step, when the frame on screen was not reached."""

NEAR_START_S = 1.0
"""Up to here decoding from the start costs no more than a search."""

BEFORE_START_S = 10.0
"""Where to seek to reach the start: transport streams are searched by decoding time, before it."""

EARLY_END_S = 0.1
"""A stream that ends this much, and three frames, before its stated end was cut off."""

MAX_READ_ERRORS = 8


class Decoding:
    """Decodes one stream; `trouble` is what went wrong since the last good frame, or empty.

    `stopped` is the limit that ended it, or empty.  `missing` is the stamp of the first picture
    that is missing before the one given last, None: none is.
    """

    def __init__(self, media: Media, stream: Any) -> None:
        self._media = media
        self._container = media.container
        self._stream = stream
        self._count = 0
        self.trouble = ""
        self.stopped = ""
        self.missing: int | None = None
        self.losses = Losses(stream, sought=False)

    def frames(self, *, sought: bool = False) -> Iterator[Any]:
        """Decoded frames in presentation order; packets that don't decode are passed over.

        `sought`: the container was searched, so that the first packets may lack what they need.
        """
        self.losses = Losses(self._stream, sought=sought)
        for packet in self.packets():
            self._media.pulse(0.0)
            self.losses.sent(packet)
            try:
                decoded = packet.decode()
            except av.FFmpegError as error:
                self.trouble = self._told(error)
                self.losses.refused(packet)
                continue
            for frame in decoded:
                self._check(frame)
                if self.stopped:
                    return
                self.trouble = "the last picture or sound is incomplete" if frame.is_corrupt else ""
                self.missing = self.losses.before(frame) if self._stream.type == "video" else None
                yield frame
        if self.losses.at_end and not self.trouble:
            self.trouble = "the pictures after it can't be decoded"

    def _told(self, error: av.FFmpegError) -> str:
        """What went wrong; libavcodec forgets a size that it refuses, or keeps it for us to see."""
        told: str = error.strerror or str(error)
        if self._stream.type != "video":
            return told
        width, height = self._stream.codec_context.width, self._stream.codec_context.height
        if (refused := too_many_pixels(self._media, width, height)) is not None:
            return refused.told
        if self._count and not width:
            limit = self._media.limits.max_pixels
            what = "its pictures change to a size that is refused"
            return TooLarge(self._media.path, what, limit, "max_pixels").told
        return told

    def _check(self, frame: Any) -> None:
        """Counts a frame and stops at a limit; sound has a limit of its own, its length."""
        self._media.pulse(seconds(frame, self._stream)[1])
        if self._stream.type != "video":
            return
        self._count += 1
        refused = too_many_pixels(self._media, frame.width, frame.height)
        if refused is None and self._count > self._media.limits.max_frames:
            limit = self._media.limits.max_frames
            refused = TooLarge(self._media.path, "there are more pictures", limit, "max_frames")
        self.stopped = refused.told if refused is not None else ""

    def packets(self) -> Iterator[Any]:
        """Packets of the stream; a read error ends it only when it keeps coming back.

        PyAV's demuxer trips over streams that turn up midway (IndexError); a new one knows them.
        """
        errors = 0
        while errors < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    errors = 0
                    yield packet
            except av.FFmpegError as error:
                self.trouble = error.strerror or str(error)
                self.losses.hole()
                errors += 1
            except IndexError:
                errors += 1
            else:
                return


@frozen(eq=False)
class Timed:
    """A decoded picture (PyAV's frame), on screen in [time_s, until_s); `last`: none follows."""

    picture: Any
    time_s: float
    until_s: float
    last: bool


@frozen(eq=False)
class Placed:
    """A decoded picture in time; `length_s` is 0 where it is unknown.

    `lost_s` is when the first picture missing before it would have been shown, None: none is.
    `doubtful`: more may be missing than that.
    """

    picture: Any
    time_s: float
    length_s: float
    lost_s: float | None
    whole: bool
    doubtful: bool


def prepare(media: Media, stream: Any) -> None:
    """Set the stream up for decoding alone, on all cores."""
    for other in media.container.streams:
        if other.index != stream.index:
            other.discard = av.stream.Discard.all
    stream.thread_type = "AUTO"


def seconds(frame: Any, stream: Any) -> tuple[float | None, float]:
    """A frame's own time stamp and duration (0: unknown) in seconds."""
    base = frame.time_base or stream.time_base
    stamp = None if frame.pts is None else float(frame.pts * base)
    return stamp, float((frame.duration or 0) * base)


def seek(media: Media, stream: Any, time_s: float) -> bool:
    """Go to the keyframe before a time; False where the file can't be searched."""
    try:
        media.container.seek(int((time_s + media.start_s) / stream.time_base), stream=stream)
    except av.FFmpegError:
        return False
    return True


def pictures(
    media: Media, stream: Any, from_s: float | None, within: Span | None
) -> Iterator[Outcome[Timed | Lost, Damaged]]:
    """Pictures in time order from the one on screen at `from_s`, or a little earlier, on.

    One picture is held back until the next one's time is known.  Pictures whose time is not after
    the one before are never on screen and are left out.  A packet that doesn't decode in the
    middle lengthens the picture before it, and is `Lost`, as is a picture that came in part.
    `Damaged` ends the run where nothing came after it, and where the stream ended well before the
    end its header states.
    """
    prepare(media, stream)
    decoding = Decoding(media, stream)
    held: Placed | None = None
    until_s = 0.0
    for placed in _placed(media, decoding, stream, from_s):
        if held is not None and placed.time_s <= held.time_s:
            continue
        length_s = placed.length_s
        if held is not None:
            yield Success(Timed(held.picture, held.time_s, placed.time_s, last=False))
            if within is not None and placed.time_s >= within.end_s:
                return
            length_s = length_s or placed.time_s - held.time_s
        yield from map(Success, _lost(held, placed, usual_length_s(stream)))
        held = placed
        until_s = held.time_s + (length_s or usual_length_s(stream))
    trouble = decoding.stopped or decoding.trouble or cut_off(media, stream, until_s)
    if held is not None:
        yield Success(Timed(held.picture, held.time_s, until_s, last=not trouble))
    elif not trouble and within is None:
        trouble = "no picture could be decoded"
    if trouble:
        yield Failure(Damaged(media.path, until_s, trouble))


def _lost(held: Placed | None, placed: Placed, usual_s: float) -> Iterator[Lost]:
    """What is missing between two pictures, and the first of them where it is incomplete."""
    since_s = 0.0 if held is None else held.time_s
    lost_s = placed.lost_s
    if placed.doubtful and lost_s is None and placed.time_s > since_s + 1.5 * usual_s:
        lost_s = since_s + usual_s
    if held is not None and not held.whole:
        end_s = placed.time_s if lost_s is None else max(lost_s, since_s + usual_s / 2)
        yield Lost(Span(held.time_s, min(end_s, placed.time_s)), INCOMPLETE)
    if lost_s is not None and max(lost_s, since_s) < placed.time_s:
        yield Lost(Span(max(lost_s, since_s), placed.time_s), NO_PICTURE)


def _placed(
    media: Media, decoding: Decoding, stream: Any, from_s: float | None
) -> Iterator[Placed]:
    """Decoded frames with their times and lengths (0: unknown), up to the longest that is read."""
    timeline = Timeline(media.start_s, media.duration_s)
    limit_s = media.limits.max_duration_s
    for picture in _positioned(media, decoding, stream, from_s):
        stamp_s, length_s = seconds(picture, stream)
        time_s = timeline.place(stamp_s, length_s)
        if time_s is not None and time_s >= limit_s:
            decoding.stopped = TooLarge(media.path, "it goes on", limit_s, "max_duration_s").told
            return
        if time_s is not None:
            before = decoding.missing
            base = float(picture.time_base or stream.time_base)
            lost_s = None if before is None else time_s - (picture.pts - before) * base
            losses = decoding.losses
            whole = losses.whole(picture)
            yield Placed(picture, time_s, length_s, lost_s, whole, losses.doubtful)


def _positioned(
    media: Media, decoding: Decoding, stream: Any, from_s: float | None
) -> Iterator[Any]:
    """Decoded frames from one at or before `from_s` on.

    Indexes name decoding times, so a keyframe found for a time may be shown after it: then the
    search goes further back, in the end to the start.
    """
    if from_s is None or from_s <= NEAR_START_S:
        yield from decoding.frames()
        return
    for target_s in (from_s - step_s for step_s in BACK_STEPS_S):
        if target_s <= 0 or not seek(media, stream, target_s):
            break
        frames = decoding.frames(sought=True)
        first = next(frames, None)
        stamp_s = None if first is None else seconds(first, stream)[0]
        if stamp_s is not None and stamp_s - media.start_s <= from_s:
            yield from chain([first], frames)
            return
    if not seek(media, stream, -BEFORE_START_S):
        seek(media, stream, 0.0)
    yield from decoding.frames()


def usual_length_s(stream: Any) -> float:
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 0.04


def cut_off(media: Media, stream: Any, until_s: float) -> str:
    end_s = media.stated_end_s(stream)
    if end_s is None or until_s >= end_s - EARLY_END_S - 3 * usual_length_s(stream):
        return ""
    return f"it ends here, though its header promises {end_s:.2f} s"
