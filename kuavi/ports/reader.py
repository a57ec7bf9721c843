"""Reader port: a file in, timed pictures and sound out."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from attrs import frozen

from kuavi.domain.media import AudioChunk, FrameItem, MediaInfo, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span


@frozen
class FileMissing:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: no such file"


@frozen
class NotReadable:
    """The file exists but isn't a video this reader accepts."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: not a readable video: {self.reason}"


@frozen
class NoVideoStream:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: the file holds no video stream"


@frozen
class NoAudioStream:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: the file holds no audio stream"


@frozen
class Damaged:
    """Decoding stopped early; what came before `at_s` is good."""

    path: str
    at_s: float
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: damaged at {self.at_s:.2f} s: {self.reason}"


@frozen
class TooLarge:
    """The file asks for more than a limit allows; nothing of it was given.

    A limit that is only met midway is `Damaged`, with `told` as its reason: what came is good.
    """

    path: str
    what: str
    limit: float
    setting: str

    @property
    def told(self) -> str:
        """What is too large, and the setting that allows more."""
        return (
            f"{self.what}, over the limit {self.setting} = {self.limit:.15g}; raise it to read on "
            f"(--limit {self.setting}=N)"
        )

    def __str__(self) -> str:
        return f"{self.path}: too large: {self.told}"


ReadFailure: TypeAlias = (
    FileMissing | NotReadable | NoVideoStream | NoAudioStream | Damaged | TooLarge
)


class FrameReader(Protocol):
    """Reads media files.  The full contract is tests/contract/test_reader.py."""

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        """What the container says; at most the first picture is decoded, for its rotation."""
        ...

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        """One streaming decode that serves every view, in time order (ties by view).

        Only pictures on screen within the span are given, if there is one.  A failure is the last
        item; after `Damaged` what was given before stays valid.  Without a span, and unless every
        view has all it asked for before, the last item of a whole video is `Ended`: when its last
        picture leaves the screen, whether a view took that or not.  `Lost` tells of pictures that
        were decoded in vain, before the next one that came whole; pictures that no view needs may
        be left out, and nobody learns whether they are whole.  Memory is bounded: at most a few
        frames are held.
        """
        ...

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        """The first audio stream as 16 kHz mono, in chunks of about a second, without gaps.

        Silence fills holes, so that a sample's time is its position.  A failure is the last item.
        """
        ...
