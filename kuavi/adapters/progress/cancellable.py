"""Lets a person stop a run: another progress, and a flag that Ctrl-C raises."""

from collections.abc import Callable
from threading import Event as Flag

from attrs import frozen
from returns.result import Failure

from kuavi.domain.outcome import Outcome
from kuavi.ports.progress import Cancelled, Event, Progress


@frozen
class Cancellable:
    """Every event is passed on, the last one too: what was finished then is still shown."""

    inner: Progress
    stopped: Callable[[], bool]

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        answer = self.inner.report(event)
        return Failure(Cancelled()) if self.stopped() else answer


def cancellable(progress: Progress, flag: Flag | Callable[[], bool]) -> Progress:
    """`progress`, answering Failure(Cancelled()) as soon as the flag is set or the callable true.

    Closing the inner one stays with whoever built it.
    """
    return Cancellable(progress, flag.is_set if isinstance(flag, Flag) else flag)


build = cancellable
