"""A reader that does what its path says, for tests of the process it runs in.

"PICTURES TROUBLE" gives so many pictures of 100 ms each, then the trouble.
"""

import ctypes
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from attrs import frozen
from returns.result import Failure, Success

from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import AudioChunk, Frame, FrameItem, MediaInfo, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import FrameReader, NoAudioStream, ReadFailure


def crash() -> None:
    ctypes.string_at(0)


def hang() -> None:
    time.sleep(1000)


def spin() -> None:
    while True:
        pass


def eat() -> None:
    kept = [bytearray(1 << 24) for _ in count()]
    raise AssertionError(len(kept))


def fail() -> None:
    raise ValueError("a bug in a decoder")


def leave() -> None:
    os._exit(7)


def speak() -> None:
    os.write(1, b"words from a C library")


def write() -> None:
    Path("written-by-a-decoder").write_bytes(b"x")


def dump_core() -> None:
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        raise AssertionError("a core file may be written")


def open_many() -> None:
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(1000)]
    raise AssertionError(len(kept))


TROUBLE: dict[str, Callable[[], None]] = {
    f.__name__: f for f in (crash, hang, spin, eat, fail, leave, speak, write, dump_core, open_many)
}


@frozen
class FailingReader:
    """Follows kuavi.ports.reader.FrameReader."""

    pulse: Callable[[float], None]

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        self._do(path)
        return Success(MediaInfo("mem", "raw", 8, 8, 10.0, 0.0, float(os.getpid()), 0, False))

    def frames(
        self,
        path: str,
        views: Sequence[View],  # noqa: ARG002
        within: Span | None = None,  # noqa: ARG002
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        for i in range(int(path.split()[0])):
            self.pulse(0.1)
            pixels = np.full((8, 8, 3), i % 256, dtype=np.uint8)
            yield Success(Seen(0, Frame(i / 10, pixels), (i + 1) / 10))
        self._do(path)

    def audio(
        self,
        path: str,
        within: Span | None = None,  # noqa: ARG002
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        yield Failure(NoAudioStream(path))

    def _do(self, path: str) -> None:
        name = path.split()[1]
        if name == "slow":  # but alive
            for _ in range(30):
                time.sleep(0.1)
                self.pulse(0.0)
        elif name != "nothing":
            TROUBLE[name]()


def build(
    limits: DecodeLimits,  # noqa: ARG001
    pulse: Callable[[float], None],
) -> FrameReader:
    return FailingReader(pulse)
