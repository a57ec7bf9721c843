"""Progress port: what a run is doing; also how it is told to stop."""

from typing import Protocol, TypeAlias

from attrs import frozen

from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.outcome import Outcome


@frozen
class VideoStarted:
    path: str
    position: int
    of: int


@frozen
class StagesPlanned:
    path: str
    todo: tuple[Stage, ...]
    kept: tuple[Stage, ...]


@frozen
class Advanced:
    """Work done in a stage: `done_s` of `of_s` seconds of the video (of_s 0: unknown).

    `frames` is how many pictures it has looked at; 0 for a stage that looks at none.
    """

    path: str
    stage: Stage
    done_s: float
    of_s: float
    frames: int = 0


@frozen
class StageDone:
    path: str
    stage: Stage
    items: int
    took_s: float
    gaps: tuple[Gap, ...]


@frozen
class VideoDone:
    """The end of one video: `problem` says why it failed, if it did."""

    path: str
    problem: str | None


Event: TypeAlias = VideoStarted | StagesPlanned | Advanced | StageDone | VideoDone


@frozen
class Cancelled:
    """The user asked to stop.  What was committed stays; the next run goes on from there."""

    def __str__(self) -> str:
        return "stopped; what was finished is kept, run the same command to go on"


class Progress(Protocol):
    """Contract: tests/contract/test_progress.py."""

    def report(self, event: Event) -> Outcome[None, Cancelled]:
        """Take note of an event; Failure(Cancelled) asks the run to stop at once."""
        ...
