"""A reader whose decoding runs in a process of its own, with limits and a watchdog.

What a file does to the decoder (a crash, a hang, more memory or time than it may have) becomes a
failure; what came before stays valid.  A call has a process; the calls for one file, one after the
other, share it, but one that has worked long is not kept.  Only for systems with POSIX resource
limits; Linux keeps all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any
from weakref import finalize

from returns.result import Failure, Success

from kuavi.adapters.readers._process import Child, ChildError, Spare
from kuavi.adapters.readers._wire import Item, from_span, from_views
from kuavi.domain.limits import DecodeLimits
from kuavi.domain.media import AudioChunk, FrameItem, MediaInfo, Seen, View
from kuavi.domain.outcome import Outcome
from kuavi.domain.spans import Span
from kuavi.ports.reader import Damaged, FrameReader, NotReadable, ReadFailure

PYAV = "kuavi.adapters.readers.pyav"

LONG_S = 10.0
"""After a call that took so long the process is not kept: starting another takes 0.2 s, and it
would hold some 60 MB while what it gave is written."""


class IsolatedReader:
    """Follows kuavi.ports.reader.FrameReader; may be shared between threads."""

    def __init__(self, limits: DecodeLimits, inner: str, long_s: float) -> None:
        self._limits = limits
        self._inner = inner
        self._long_s = long_s
        self._spare = Spare()
        finalize(self, self._spare.clear)

    def info(self, path: str) -> Outcome[MediaInfo, ReadFailure]:
        for item in list(self._items({"call": "info", "path": path})):
            if isinstance(item, MediaInfo):
                return Success(item)
            if not isinstance(item, FrameItem | AudioChunk):
                return Failure(item)
        return Failure(NotReadable(path, "the decoder gave no answer"))

    def frames(
        self, path: str, views: Sequence[View], within: Span | None = None
    ) -> Iterator[Outcome[FrameItem, ReadFailure]]:
        asked = {"call": "frames", "path": path, "views": from_views(views)}
        for item in self._items({**asked, "within": from_span(within)}):
            if isinstance(item, FrameItem):
                yield Success(item)
            elif not isinstance(item, AudioChunk | MediaInfo):
                yield Failure(item)

    def audio(
        self, path: str, within: Span | None = None
    ) -> Iterator[Outcome[AudioChunk, ReadFailure]]:
        for item in self._items({"call": "audio", "path": path, "within": from_span(within)}):
            if isinstance(item, AudioChunk):
                yield Success(item)
            elif not isinstance(item, FrameItem | MediaInfo):
                yield Failure(item)

    def _items(self, request: Mapping[str, Any]) -> Iterator[Item]:
        """One call's answer.  Its process is ended at once if the caller stops early."""
        path, at_s = request["path"], None
        began_s = monotonic()
        child = None
        try:
            child = self._spare.take(path) or Child(self._inner, self._limits)
            for item in child.ask(request):
                at_s = _end_s(item, at_s)
                yield item
            if monotonic() - began_s < self._long_s:
                self._spare.keep(path, child)
                child = None
        except ChildError as error:
            reason = str(error)
            yield NotReadable(path, reason) if at_s is None else Damaged(path, at_s, reason)
        finally:
            if child is not None:
                child.end()


def build(
    limits: DecodeLimits | None = None, inner: str = PYAV, long_s: float = LONG_S
) -> FrameReader:
    """`inner` is the module of the reader that runs in the process: its `build(limits, pulse)`."""
    return IsolatedReader(limits or DecodeLimits(), inner, long_s)


def _end_s(item: Item, before_s: float | None) -> float | None:
    if isinstance(item, Seen):
        return item.until_s
    return item.end_s if isinstance(item, AudioChunk) else before_s
