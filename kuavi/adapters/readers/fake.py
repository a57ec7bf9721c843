"""A reader of clips that live in memory, with the sampling of the real one.

It scales by picking the nearest pixel.  For tests and for library use without files.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from attrs import evolve, frozen
from returns.result import Failure, Success

from kuavi.adapters.readers._sizes import fitted
from kuavi.domain.media import (
    AUDIO_RATE_HZ,
    AudioChunk,
    Ended,
    Frame,
    FrameItem,
    Lost,
    MediaInfo,
    Pixels,
    Samples,
    Seen,
    View,
)
from kuavi.domain.outcome import Outcome
from kuavi.domain.sampling import Cursor, Shown, clipped, finished, start, take_each
from kuavi.domain.spans import Span
from kuavi.ports.reader import (
    Damaged,
    FileMissing,
    FrameReader,
    NoAudioStream,
    NoVideoStream,
    ReadFailure,
)


@frozen(eq=False)
class FakeClip:
    """A clip: pictures with ascending times, when the last one ends, samples from 0 s on.

    With `damaged_at_s` pictures and sound end there, and `Damaged` follows.  `lost` are stretches
    where pictures are missing, in time order.
    """

    frames: tuple[tuple[float, Pixels], ...]
    end_s: float
    samples: Samples | None = None
    damaged_at_s: float | None = None
    lost: tuple[Span, ...] = ()

    def __attrs_post_init__(self) -> None:
        times = [time_s for time_s, _ in self.frames]
        if any(b <= a for a, b in pairwise([*times, self.end_s])):
            raise ValueError(f"times must ascend and end before {self.end_s}, got {times}")

    @property
    def stretches(self) -> list[tuple[Shown, Pixels]]:
        """Every picture that is left, with the time it is on screen."""
        cut_s = self.end_s if self.damaged_at_s is None else self.damaged_at_s
        edges = [*(time_s for time_s, _ in self.frames), self.end_s]
        shown = [Shown(a, min(b, cut_s)) for a, b in pairwise(edges) if a < cut_s]
        if shown and self.damaged_at_s is None:
            shown[-1] = evolve(shown[-1], last=True)
        return [(s, pixels) for s, (_, pixels) in zip(shown, self.frames, strict=False)]


@frozen(eq=False)
class FakeReader:
    """Follows kuavi.ports.reader.FrameReader for the clips it was given, by path."""

    clips: Mapping[str, FakeClip]

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        clip = self.clips.get(path)
        if clip is None:
            return Failure(FileMissing(path))
        if not clip.frames:
            return Failure(NoVideoStream(path))
        height, width, _ = clip.frames[0][1].shape
        length_s = clip.end_s - clip.frames[0][0]
        return Success(
            MediaInfo(
                container="memory",
                video_codec="raw",
                width=width,
                height=height,
                fps=len(clip.frames) / length_s,
                duration_s=clip.end_s,
                start_s=0.0,
                rotation=0,
                has_audio=clip.samples is not None,
            )
        )

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        clip = self.clips.get(path)
        if clip is None:
            yield Failure(FileMissing(path))
        elif not clip.frames:
            yield Failure(NoVideoStream(path))
        elif views:
            yield from _served(path, clip, views, within)

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        clip = self.clips.get(path)
        if clip is None:
            yield Failure(FileMissing(path))
        elif clip.samples is None:
            yield Failure(NoAudioStream(path))
        else:
            yield from _heard(path, clip.samples, clip.damaged_at_s, within)


def build(clips: Mapping[str, FakeClip]) -> FrameReader:
    return FakeReader(clips)


def _served(
    path: str, clip: FakeClip, views: Sequence[View], within: Span | None
) -> Iterator[Outcome[FrameItem, ReadFailure]]:
    cursors: tuple[Cursor, ...] = tuple(start(view.sampling, within) for view in views)
    lost = [span for span in clip.lost if within is None or within.overlap(span) is not None]
    for shown, pixels in clip.stretches:
        part = clipped(shown, within)
        if part is None:
            continue
        while lost and lost[0].end_s <= shown.time_s:
            yield Success(Lost(lost.pop(0), "the clip has no pictures there"))
        cursors, wanted = take_each(cursors, part)
        for position in wanted:
            frame = Frame(shown.time_s, _scaled(pixels, views[position].max_side))
            yield Success(Seen(position, frame, shown.until_s))
        if shown.last and within is None:
            yield Success(Ended(shown.until_s))
        if all(map(finished, cursors)):
            return
    cut_s = clip.damaged_at_s
    if cut_s is not None and (within is None or within.end_s > cut_s):
        yield Failure(Damaged(path, cut_s, "the clip is damaged from here on"))


def _heard(
    path: str, samples: Samples, damaged_at_s: float | None, within: Span | None
) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
    start_s = 0.0 if within is None else max(within.start_s, 0.0)
    end_s = len(samples) / AUDIO_RATE_HZ if within is None else within.end_s
    cut_s = end_s if damaged_at_s is None else min(damaged_at_s, end_s)
    first, last = round(start_s * AUDIO_RATE_HZ), round(cut_s * AUDIO_RATE_HZ)
    piece = samples[first:last].astype(np.float32)
    for at in range(0, len(piece), AUDIO_RATE_HZ):
        chunk = piece[at : at + AUDIO_RATE_HZ].copy()
        yield Success(AudioChunk(start_s + at / AUDIO_RATE_HZ, chunk))
    if cut_s < end_s:
        yield Failure(Damaged(path, cut_s, "the clip is damaged from here on"))


def _scaled(pixels: Pixels, max_side: int) -> Pixels:
    height, width, _ = pixels.shape
    across, down = fitted(width, height, max_side)
    rows = (2 * np.arange(down) + 1) * height // (2 * down)
    columns = (2 * np.arange(across) + 1) * width // (2 * across)
    return np.ascontiguousarray(pixels[rows][:, columns])
