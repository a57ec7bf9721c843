"""An audio stream as 16 kHz mono in even chunks, where a sample's position is its time."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from returns.result import Failure, Success

from kuavi.adapters.readers._container import Media
from kuavi.adapters.readers._decoding import EARLY_END_S, Decoding, prepare, seconds, seek
from kuavi.adapters.readers._timeline import Timeline
from kuavi.domain.media import AUDIO_RATE_HZ, AudioChunk, Samples
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import Damaged, TooLarge

CHUNK = AUDIO_RATE_HZ
"""Samples in a chunk: one second."""

JITTER = AUDIO_RATE_HZ // 50
"""Stamps that are off by less (20 ms) are rounding: no silence is put in, nothing is cut."""

PREROLL_S = 0.5
"""Decoding starts this much before a span, for codecs whose packets lean on those before."""


class Packer:
    """Puts samples where their time says and hands out full chunks.

    Holes become silence; samples that come twice, or before the start, are cut off.
    """

    def __init__(self, start_s: float, end_s: float | None) -> None:
        self._start_s = start_s
        self._room = None if end_s is None else round((end_s - start_s) * AUDIO_RATE_HZ)
        self._chunk: Samples = np.zeros(CHUNK, dtype=np.float32)
        self._filled = 0
        self._done = 0

    @property
    def end_s(self) -> float:
        return self._start_s + self._position / AUDIO_RATE_HZ

    @property
    def full(self) -> bool:
        """Whether the end has been reached."""
        return self._room is not None and self._position >= self._room

    @property
    def empty(self) -> bool:
        return self._position == 0

    @property
    def _position(self) -> int:
        return self._done + self._filled

    def put(self, samples: Samples, time_s: float | None) -> Iterator[AudioChunk]:
        """Samples at their time; without a time they follow what is there."""
        if time_s is not None:
            ahead = round((time_s - self._start_s) * AUDIO_RATE_HZ) - self._position
            if self._position == 0 or abs(ahead) > JITTER:
                yield from self._append(None, max(ahead, 0))
                samples = samples[max(-ahead, 0) :]
        yield from self._append(samples, len(samples))

    def rest(self) -> Iterator[AudioChunk]:
        """The last, shorter chunk, if there is anything in it."""
        if self._filled:
            yield self._take()

    def _append(self, samples: Samples | None, count: int) -> Iterator[AudioChunk]:
        """`count` samples, or silence; the chunk at hand starts as silence."""
        if self._room is not None:
            count = min(count, self._room - self._position)
        at = 0
        while at < count:
            step = min(count - at, CHUNK - self._filled)
            if samples is not None:
                self._chunk[self._filled : self._filled + step] = samples[at : at + step]
            self._filled += step
            at += step
            if self._filled == CHUNK:
                yield self._take()

    def _take(self) -> AudioChunk:
        samples = self._chunk[: self._filled].copy()
        chunk = AudioChunk(self._start_s + self._done / AUDIO_RATE_HZ, samples)
        self._done += self._filled
        self._filled = 0
        self._chunk[:] = 0
        return chunk


def chunks(
    media: Media, stream: Any, within: Span | None
) -> Iterator[Outcome[AudioChunk, Damaged]]:
    """The stream from 0, or the span's start, on; leading silence stands for a late start."""
    prepare(media, stream)
    start_s = 0.0 if within is None else max(within.start_s, 0.0)
    if start_s > PREROLL_S:
        seek(media, stream, start_s - PREROLL_S)
    limit_s = max(media.limits.max_audio_s, start_s)
    packer = Packer(start_s, limit_s if within is None else min(within.end_s, limit_s))
    decoding = Decoding(media, stream)
    timeline = Timeline(media.start_s, media.duration_s)
    try:
        for block in _resampled(decoding):
            stamp_s, length_s = seconds(block, stream)
            length_s = length_s or block.samples / AUDIO_RATE_HZ
            samples: Samples = block.to_ndarray().reshape(-1)
            time_s = timeline.place(stamp_s, length_s)
            yield from map(Success, packer.put(samples, time_s))
            if packer.full:
                break
    except (av.FFmpegError, ValueError) as error:
        decoding.trouble = str(error)
    yield from map(Success, packer.rest())
    ended = _ended(media, stream, decoding, packer, within)
    if ended is not None:
        yield Failure(ended)


def _ended(
    media: Media, stream: Any, decoding: Decoding, packer: Packer, within: Span | None
) -> Damaged | None:
    """Why the sound ends before it should, if it does."""
    if packer.full:
        if within is not None and within.end_s <= media.limits.max_audio_s:
            return None
        limit_s = media.limits.max_audio_s
        reason = TooLarge(media.path, "its sound goes on", limit_s, "max_audio_s").told
    else:
        reason = decoding.trouble or _cut_off(media, stream, packer.end_s)
        if packer.empty and within is None:
            reason = reason or "no sound could be decoded"
    return Damaged(media.path, packer.end_s, reason) if reason else None


def _resampled(decoding: Decoding) -> Iterator[Any]:
    """Blocks of 16 kHz mono float; a change of the sound's form midway is followed."""
    form: tuple[Any, ...] = ()
    resampler = None
    for frame in decoding.frames():
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or found != form:
            yield from resampler.resample(None) if resampler is not None else ()
            resampler = AudioResampler(format="flt", layout="mono", rate=AUDIO_RATE_HZ)
            form = found
        yield from resampler.resample(frame)
    yield from resampler.resample(None) if resampler is not None else ()


def _cut_off(media: Media, stream: Any, until_s: float) -> str:
    end_s = media.stated_end_s(stream)
    if end_s is None or until_s >= end_s - 3 * EARLY_END_S:
        return ""
    return f"the sound ends here, though its header promises {end_s:.2f} s"
