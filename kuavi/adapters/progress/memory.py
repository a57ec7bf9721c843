"""Remembers what it was told: the fake."""

from types import TracebackType
from typing import Self

from returns.result import Failure, Success

from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import Cancelled, Event


class MemoryProgress:
    """Keeps every event; from the one after `cancel_after` events on it asks to stop."""

    def __init__(self, cancel_after: int | None = None) -> None:
        self._cancel_after = cancel_after
        self._events: list[Event] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """All that was reported, in order, the refused ones too."""
        return tuple(self._events)

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        self._events.append(event)
        if self._cancel_after is not None and len(self._events) > self._cancel_after:
            return Failure(Cancelled())
        return Success(None)

    def close(self) -> None:
        """Nothing to put in order; the events stay."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def build(cancel_after: int | None = None) -> MemoryProgress:
    return MemoryProgress(cancel_after)
