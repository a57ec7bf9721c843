"""The process that decodes: `python -m kuavi.adapters.readers._child`, started by `isolated`.

It reads one JSON request a line from standard input, answers on what was its standard output, and
ends with its input, that is, with its caller.  The first line names the reader and the limits.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from itertools import chain
from math import ceil
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from returns.result import Success

from kuavi.adapters.readers._wire import (
    ALIVE,
    BROKEN,
    END,
    Item,
    Message,
    to_message,
    to_span,
    to_views,
)
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import AudioChunk, Seen
from kuavi.domain.outcome import Outcome
from kuavi.ports.reader import Damaged, FrameReader, ReadFailure, TooLarge

ALIVE_EVERY_S = 0.5
OPEN_FILES = 48
MIB = 1 << 20


class Pulse:
    """Says that decoding goes on, and lets the CPU limit grow with what was decoded."""

    def __init__(self, out: int, limits: DecodeLimits) -> None:
        self._out = out
        self._limits = limits
        self._said_s = 0.0
        self.begin()

    def begin(self) -> None:
        """A call starts: what earlier ones took does not count."""
        self._base_s = time.process_time() + self._limits.cpu_floor_s
        self._covered_s = self._granted_s = 0.0
        self._grant()

    def __call__(self, length_s: float) -> None:
        """`length_s` of the stream was decoded; no frame counts for more than a second."""
        self._covered_s += min(max(length_s, 0.0), 1.0)
        if self._covered_s >= self._granted_s + 1.0:
            self._granted_s = self._covered_s
            self._grant()
        now_s = time.monotonic()
        if now_s - self._said_s >= ALIVE_EVERY_S:
            self._said_s = now_s
            send(self._out, Message(ALIVE, {}))

    def _grant(self) -> None:
        most_s = self._base_s + self._limits.cpu_s_per_media_s * self._granted_s
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        _limit(resource.RLIMIT_CPU, ceil(most_s), hard)


def main() -> None:
    """Serve requests until the input ends."""
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=_receive, args=(requests,), daemon=True).start()
    setup = requests.get()
    limits = DecodeLimits(**setup["limits"])
    pulse = Pulse(out, limits)
    reader: FrameReader = import_module(setup["inner"]).build(limits, pulse)
    _confine(limits)
    send(out, Message(ALIVE, {}))
    while True:
        request = requests.get()
        pulse.begin()
        _serve(reader, request, limits, out)


def _receive(requests: "SimpleQueue[dict[str, Any]]") -> None:
    for line in sys.stdin.buffer:
        requests.put(json.loads(line))
    os._exit(0)


def _confine(limits: DecodeLimits) -> None:
    """Take from this process what decoding does not need."""
    mapped = 0
    with suppress(OSError):  # no /proc: the limit is for all of the process
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        mapped = pages * resource.getpagesize()
    most = mapped + limits.memory_mb * MIB
    _limit(resource.RLIMIT_AS, most, most)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_FSIZE, 0, 0)


def _limit(kind: int, soft: int, hard: int) -> None:
    """Set a limit, never above what this process was given."""
    _, given = resource.getrlimit(kind)
    if given != resource.RLIM_INFINITY:
        hard = given if hard == resource.RLIM_INFINITY else min(hard, given)
        soft = min(soft, hard)
    resource.setrlimit(kind, (soft, hard))


def _serve(reader: FrameReader, request: Mapping[str, Any], limits: DecodeLimits, out: int) -> None:
    path = request["path"]
    given_s: float | None = None
    try:
        for item in _answers(reader, request):
            send(out, to_message(item))
            given_s = _end_s(item)
    except MemoryError:
        what = "decoding it takes more memory"
        failure = TooLarge(path, what, limits.memory_mb, "memory_mb")
        midway = None if given_s is None else Damaged(path, given_s, failure.told)
        send(out, to_message(midway or failure))
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:  # noqa: BLE001  (the caller gives it as a failure)
        send(out, Message(BROKEN, {"reason": f"{type(error).__name__}: {error}"}))
    send(out, Message(END, {}))


def _answers(reader: FrameReader, request: Mapping[str, Any]) -> Iterator[Item]:
    path, within = request["path"], to_span(request.get("within"))
    items: Iterator[Outcome[Item, ReadFailure]]
    match request["call"]:
        case "frames":
            items = reader.frames(path, to_views(request["views"]), within)
        case "audio":
            items = reader.audio(path, within)
        case _:
            items = chain([reader.info(path)])
    for outcome in items:
        yield outcome.unwrap() if isinstance(outcome, Success) else outcome.failure()


def _end_s(item: Item) -> float | None:
    match item:
        case Seen():
            return item.until_s
        case AudioChunk():
            return item.end_s
        case _:
            return None


def send(out: int, message: Message) -> None:
    """Write all of a message; the pipe holds back whoever is too fast."""
    left = [memoryview(part) for part in message.parts if len(part)]
    while left:
        written = os.writev(out, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]


if __name__ == "__main__":
    main()
