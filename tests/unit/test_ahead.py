"""Reading ahead: in a thread, but never far, and never longer than someone takes what it reads."""

from collections.abc import Generator, Iterator, Sequence
from threading import active_count
from time import sleep
from typing import cast

import numpy as np
import pytest
from attrs import define
from returns.result import Success

from kuavi.adapters.readers import ahead
from kuavi.domain.media import AudioChunk, EveryFrame, Frame, FrameItem, MediaInfo, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import ReadFailure
from tests.media import pictures_in

VIEW = View(EveryFrame(), 8)


@define
class Counting:
    """A hundred frames; counts those given, knows when it was closed, breaks where told."""

    breaks_at: int = 100
    given: int = 0
    closed: bool = False

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        raise FileNotFoundError(path)

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        assert views
        assert within is None
        try:
            for n in range(100):
                if n == self.breaks_at:
                    raise ZeroDivisionError(path)
                self.given += 1
                picture = np.full((8, 8, 3), n, np.uint8)
                yield Success(Seen(0, Frame(float(n), picture), n + 1.0))
        finally:
            self.closed = True

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        raise FileNotFoundError(path, within)


def test_no_more_than_the_bound_is_read_ahead() -> None:
    inner = Counting()
    frames = ahead.build(inner, waiting=5).frames("x", [VIEW])
    next(frames)
    sleep(0.2)
    assert 1 < inner.given <= 1 + 5 + 1  # taken, waiting, and in the thread's hand
    assert sum(1 for _ in frames) == 99


def test_who_stops_taking_stops_the_thread_and_closes_the_file() -> None:
    threads, inner = active_count(), Counting()
    frames = ahead.build(inner, waiting=5).frames("x", [VIEW])
    next(frames)
    cast("Generator[object]", frames).close()
    assert active_count() == threads
    assert inner.closed
    assert inner.given < 20


def test_an_error_in_the_thread_is_raised_after_what_came_before() -> None:
    taken: list[float] = []

    def take() -> None:
        for item in ahead.build(Counting(breaks_at=7), waiting=3).frames("the/path", [VIEW]):
            taken.extend(seen.frame.time_s for seen in pictures_in([item]))

    with pytest.raises(ZeroDivisionError, match="the/path"):
        take()
    assert taken == [0, 1, 2, 3, 4, 5, 6]


def test_nothing_is_read_before_someone_asks() -> None:
    inner = Counting()
    ahead.build(inner).frames("x", [VIEW])
    sleep(0.05)
    assert inner.given == 0
