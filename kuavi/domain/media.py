"""Pictures, sound and what is known of a media file.

Times are seconds of presentation time (PTS) since the container's start: what a player shows.
"""

from math import isfinite
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, gt, min_len

from kuavi.domain.spans import Span

Pixels: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
"""(height, width, 3) uint8 RGB."""

Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
"""(n,) float32 mono in [-1, 1]."""

AUDIO_RATE_HZ = 16_000


@frozen(eq=False)
class Frame:
    """One picture at its time: pixels (h, w, 3) uint8 RGB, upright, made read-only."""

    time_s: float
    pixels: Pixels

    def __attrs_post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"a frame is (h, w, 3), got {self.pixels.shape}")
        if self.pixels.dtype != np.uint8:
            raise TypeError(f"a frame is uint8, got {self.pixels.dtype}")
        self.pixels.setflags(write=False)


@frozen
class EveryFrame:
    """Each frame that is decoded."""


@frozen
class ByRate:
    """The frame on screen at 0, 1/fps, 2/fps ... after the first frame; none is given twice.

    A file with fewer frames a second than `fps` gives each of its frames once.
    """

    fps: float = field(validator=gt(0))


def _ascending(_: object, __: object, times_s: tuple[float, ...]) -> None:
    if not all(isfinite(t) for t in times_s) or list(times_s) != sorted(times_s):
        raise ValueError(f"times must be finite and ascending, got {times_s}")


@frozen
class AtTimes:
    """The frame on screen at each time; times past the end give the last frame; none twice."""

    times_s: tuple[float, ...] = field(validator=[min_len(1), _ascending])


Sampling: TypeAlias = EveryFrame | ByRate | AtTimes


@frozen
class View:
    """What one consumer of a decode wants: which frames, and how large.

    Frames are fitted within `max_side` pixels on their longer side with the aspect ratio kept,
    by the decoder's scaler; they are never enlarged.
    """

    sampling: Sampling
    max_side: int = field(validator=ge(8))


@frozen(eq=False)
class Seen:
    """A frame for the view at position `view` of the request.

    `until_s` is when the picture leaves the screen: the next frame's time, or for the last frame
    its time plus its duration.
    """

    view: int
    frame: Frame
    until_s: float


@frozen
class Ended:
    """The video was read to its end: its last picture leaves the screen at `end_s`."""

    end_s: float


@frozen
class Lost:
    """Pictures within `span` did not come out of the decoder, or not whole: for this `reason`.

    The picture before them is shown until the next one that came.
    """

    span: Span
    reason: str


FrameItem: TypeAlias = Seen | Lost | Ended
"""What a reader gives while it decodes pictures."""


@frozen(eq=False)
class AudioChunk:
    """Consecutive 16 kHz mono samples, the first at `start_s`."""

    start_s: float
    samples: Samples

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.samples) / AUDIO_RATE_HZ


@frozen
class MediaInfo:
    """What the container says.  `width` and `height` are upright, after rotation, in square pixels;
    `rotation` is how far clockwise coded pictures are turned for that: 0, 90, 180 or 270.

    `duration_s` may be wrong or unknown (0): what was decoded is the truth.  `start_s` is the
    container's own start; times everywhere else count from it.  `unread` says what other pictures
    the file holds (a second video track, cover art), in words; empty: none.
    """

    container: str
    video_codec: str
    width: int
    height: int
    fps: float
    duration_s: float
    start_s: float
    rotation: int
    has_audio: bool
    unread: str = ""


@frozen(eq=False)
class Keyframe:
    """A picture kept from the video: `image` is a JPEG, `span` the time it stands for."""

    time_s: float
    span: Span
    image: bytes
