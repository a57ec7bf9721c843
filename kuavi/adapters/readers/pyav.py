"""Media files read through PyAV, which brings its own ffmpeg libraries.

One streaming decode serves all views: a picture is converted only if some view takes it, and once
for each size asked for.  Where no view takes every frame, pictures that no wanted one is made from
are not decoded (`_sampled`), and damage in them goes unnoticed.  What a broken file still gives is
given; see `_decoding.pictures` for what counts as `Damaged`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import av
from attrs import frozen
from returns.result import Failure, Success

from kuavi.adapters.readers._choice import Choice, Chosen
from kuavi.adapters.readers._chosen import chosen
from kuavi.adapters.readers._container import (
    Media,
    Opener,
    Pulse,
    open_media,
    sample_aspect,
    too_long,
    unread,
)
from kuavi.adapters.readers._decoding import Decoding, Timed, prepare
from kuavi.adapters.readers._scale import Scaler, Turn, turn_of
from kuavi.adapters.readers._sizes import fitted
from kuavi.adapters.readers._sound import chunks
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import AudioChunk, FrameItem, MediaInfo, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import (
    Damaged,
    FrameReader,
    NoAudioStream,
    NotReadable,
    NoVideoStream,
    ReadFailure,
)

UNFITTED = 1 << 31
"""A longest side that no picture has."""


@frozen
class PyAvReader:
    """Follows kuavi.ports.reader.FrameReader."""

    opener: Opener

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        opened = open_media(path, self.opener)
        if isinstance(opened, Failure):
            return opened
        with opened.unwrap() as media:
            if media.video is None:
                return Failure(NoVideoStream(path))
            refused = too_long(media, media.video)
            return _info(media, media.video) if refused is None else Failure(refused)

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        opened = open_media(path, self.opener)
        if isinstance(opened, Failure):
            yield opened
            return
        with opened.unwrap() as media:
            if media.video is None:
                yield Failure(NoVideoStream(path))
            elif within is None and (refused := too_long(media, media.video)) is not None:
                yield Failure(refused)
            elif views:
                yield from _served(media, views, within)

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        opened = open_media(path, self.opener)
        if isinstance(opened, Failure):
            yield opened
            return
        with opened.unwrap() as media:
            if media.audio is None:
                yield Failure(NoAudioStream(path))
            elif media.audio.codec_context is None:
                yield Failure(NotReadable(path, "there is no decoder for its sound"))
            else:
                yield from chunks(media, media.audio, within)


def build(limits: DecodeLimits | None = None, pulse: Pulse | None = None) -> FrameReader:
    """A reader in the caller's process; `pulse` is told that decoding goes on."""
    return PyAvReader(Opener(limits or DecodeLimits(), pulse or _untold))


def _untold(_: float) -> None:
    """Nobody wants to know."""


def _info(media: Media, stream: Any) -> Outcome[MediaInfo, ReadFailure]:
    """The first picture is decoded: PyAV shows the display matrix nowhere else."""
    prepare(media, stream)
    first = next(Decoding(media, stream).frames(), None)
    turn = turn_of(first) if first is not None else Turn()
    coded = stream if first is None else first
    if not (coded.width and coded.height):
        return Failure(NotReadable(media.path, "the size of its pictures is unknown"))
    width, height = fitted(coded.width, coded.height, UNFITTED, sample_aspect(stream))
    rate = stream.average_rate or stream.guessed_rate
    info = MediaInfo(
        container=media.container.format.name,
        video_codec=stream.codec_context.name,
        width=height if turn.transposed else width,
        height=width if turn.transposed else height,
        fps=float(rate) if rate else 0.0,
        duration_s=media.duration_s,
        start_s=media.start_s,
        rotation=turn.clockwise_deg,
        has_audio=media.audio is not None,
        unread=unread(media),
    )
    return Success(info)


def _served(
    media: Media, views: Sequence[View], within: Span | None
) -> Iterator[Outcome[FrameItem, ReadFailure]]:
    scaler = Scaler(sample_aspect(media.video))
    for outcome in chosen(media, Choice(views, within)):
        if isinstance(outcome, Failure):
            yield outcome
            return
        one = outcome.unwrap()
        if not isinstance(one, Chosen):
            yield Success(one)
            continue
        for seen in _seen(scaler, one.timed, views, one.views, media.path):
            yield seen
            if isinstance(seen, Failure):
                return


def _seen(
    scaler: Scaler, timed: Timed, views: Sequence[View], wanted: Sequence[int], path: str
) -> Iterator[Outcome[Seen, ReadFailure]]:
    try:
        made = scaler.frames(timed, {views[position].max_side for position in wanted})
    except (av.FFmpegError, ValueError) as error:
        yield Failure(Damaged(path, timed.time_s, f"a picture can't be converted: {error}"))
        return
    for position in wanted:
        frame = made[views[position].max_side]
        yield Success(Seen(position, frame, timed.until_s))
