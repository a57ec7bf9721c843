"""Another reader, whose frames are read ahead in a thread.

Decoding goes on while the frames before are looked at; libraries on both sides leave the
interpreter alone, so on two cores both happen at once.  What is given does not change, and at most
`waiting` frames are held.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Queue
from threading import Event
from typing import Generic, TypeVar

from attrs import frozen

from kuavi.domain.media import AudioChunk, FrameItem, MediaInfo, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import FrameReader, ReadFailure

WAITING = 32
"""Frames: most of them are the small ones that shots are found on."""

T = TypeVar("T")


@frozen
class _End:
    """Nothing comes after it."""


class _Ahead(Generic[T]):
    """Iterates in a thread of its own, a bounded way ahead."""

    def __init__(self, make: Callable[[], Iterator[T]], waiting: int) -> None:
        self._make = make
        self._queue: Queue[T | _End] = Queue(waiting)
        self._unwanted = Event()

    def items(self) -> Iterator[T]:
        """In order; an error of the thread is raised after what came before it."""
        with ThreadPoolExecutor(1, "kuavi-ahead") as pool:
            filled = pool.submit(self._fill)
            try:
                while not isinstance(item := self._queue.get(), _End):
                    yield item
                filled.result()
            finally:
                self._unwanted.set()
                self._drain(filled)

    def _fill(self) -> None:
        try:
            for item in self._make():
                self._queue.put(item)
                if self._unwanted.is_set():
                    return
        finally:
            self._queue.put(_End())

    def _drain(self, filled: "Future[None]") -> None:
        """Make room until the thread, which may wait for it, has seen that nobody takes more."""
        while not filled.done():
            with suppress(Empty):
                self._queue.get(timeout=0.02)


@frozen
class ReadAhead:
    """Follows kuavi.ports.reader.FrameReader."""

    inner: FrameReader
    waiting: int

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        return self.inner.info(path)

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        yield from _Ahead(lambda: self.inner.frames(path, views, within), self.waiting).items()

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        """Not read ahead: it waits for what listens either way."""
        yield from self.inner.audio(path, within)


def build(inner: FrameReader, waiting: int = WAITING) -> FrameReader:
    return ReadAhead(inner, waiting)
