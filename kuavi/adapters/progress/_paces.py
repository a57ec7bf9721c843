"""The pace of each video under way, kept up by the events of a run."""

from typing import assert_never

from kuavi.domain.pace import Pace, Place, advanced, ended, finished, planned
from kuavi.ports.progress import (
    Advanced,
    Event,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)


class Paces:
    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}

    def after(self, event: Event, now_s: float) -> Pace:
        """The pace of the event's video; `now_s` is a clock's elapsed seconds.

        That of a video that has ended is forgotten.
        """
        before = self._paces.get(event.path) or planned((), (), now_s)
        after = _after(before, event, now_s)
        if isinstance(event, VideoDone):
            self._paces.pop(event.path, None)
        else:
            self._paces[event.path] = after
        return after


def _after(before: Pace, event: Event, now_s: float) -> Pace:
    match event:
        case VideoStarted():
            return planned((), (), now_s)
        case StagesPlanned(_, todo, kept):
            return planned(todo, kept, now_s)
        case Advanced(_, stage, done_s, of_s, frames):
            return advanced(before, Place(stage, done_s, of_s, frames), now_s)
        case StageDone(_, stage):
            return finished(before, stage, now_s)
        case VideoDone(_, problem):
            return ended(before) if problem is None else before
        case _:
            assert_never(event)
