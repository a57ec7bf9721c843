"""What all progress adapters share: a port that only tells, and never asks a run to stop."""

from collections.abc import Callable
from threading import Lock
from types import TracebackType
from typing import Self

from returns.result import Success

from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import Cancelled, Event


def _nothing() -> None:
    pass


class Reporter:
    """Hands each event to `tell`, one at a time, from any thread, until closed."""

    def __init__(self, tell: Callable[[Event], None], end: Callable[[], None] = _nothing) -> None:
        self._tell, self._end = tell, end
        self._lock = Lock()
        self._open = True

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        """Tell of the event; what comes after `close` (from a thread still ending) is not told."""
        with self._lock:
            if self._open:
                self._tell(event)
        return Success(None)

    def close(self) -> None:
        """Leave the stream tidy; a second time does nothing.  The stream itself stays open."""
        with self._lock:
            if self._open:
                self._open = False
                self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
