"""Plain lines for a log: each says which video it is about, none steers a terminal."""

from collections.abc import Callable
from time import monotonic
from typing import TextIO, assert_never

from attrs import frozen

from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.adapters.progress._words import (
    count,
    duration,
    gap_lines,
    listed,
    printable,
    speed,
    title,
)
from kuavi.domain.manifest import Stage
from kuavi.domain.spans import clock
from kuavi.ports.progress import (
    Advanced,
    Event,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)

PAUSE_S = 5.0
"""A stage's advance is told at most this often ..."""
STEP = 0.1
"""... and only if this share of the video was done since, or"""
PATIENCE_S = 60.0
"""... if nothing was told for this long."""


@frozen
class _Told:
    """What was last told of a stage under way, and where and when the stage began."""

    at_s: float
    done_s: float
    began_at_s: float
    began_done_s: float


class Lines:
    def __init__(self, stream: TextIO, elapsed_s: Callable[[], float]) -> None:
        self._out = Steadfast(stream)
        self._elapsed_s = elapsed_s
        self._heads: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._told: dict[tuple[str, Stage], _Told] = {}

    def tell(self, event: Event) -> None:
        match event:
            case VideoStarted(path, position, of):
                self._heads[path] = f"[{position}/{of}] "
                self._began[path] = self._elapsed_s()
                self._out.line(f"[{position}/{of}] {title(path)}")
            case StagesPlanned(path, todo, kept):
                self._say(path, f"to do: {listed(todo) or 'nothing'}")
                if kept:
                    self._say(path, f"kept: {listed(kept)}")
            case Advanced():
                self._advanced(event)
            case StageDone():
                self._stage_done(event)
            case VideoDone():
                self._video_done(event)
            case _:
                assert_never(event)

    def _advanced(self, event: Advanced) -> None:
        now, key = self._elapsed_s(), (event.path, event.stage)
        last = self._told.setdefault(key, _Told(now, event.done_s, now, event.done_s))
        waited_s, further_s = now - last.at_s, event.done_s - last.done_s
        far = event.of_s > 0 and further_s >= STEP * event.of_s
        if waited_s >= PATIENCE_S or (far and waited_s >= PAUSE_S):
            rate = speed((event.done_s - last.began_done_s) / (now - last.began_at_s))
            self._told[key] = _Told(now, event.done_s, last.began_at_s, last.began_done_s)
            self._say(event.path, f"{event.stage} {_share(event)}, {rate} real time")

    def _stage_done(self, event: StageDone) -> None:
        self._told.pop((event.path, event.stage), None)
        amount = f"{count(event.items, 'item')}, {duration(event.took_s)}"
        self._say(event.path, f"{event.stage} done: {amount}")
        for line in gap_lines(event.gaps):
            self._say(event.path, f"warning: {event.stage} {line}")

    def _video_done(self, event: VideoDone) -> None:
        for key in [key for key in self._told if key[0] == event.path]:
            del self._told[key]
        began = self._began.pop(event.path, None)
        took = "" if began is None else f" in {duration(self._elapsed_s() - began)}"
        problem = event.problem
        self._say(event.path, f"done{took}" if problem is None else f"failed: {printable(problem)}")
        self._heads.pop(event.path, None)

    def _say(self, path: str, text: str) -> None:
        self._out.line(f"{self._heads.get(path, '')}{title(path)}: {text}")


def _share(event: Advanced) -> str:
    """`43 %`; without a known length, the time reached."""
    return (
        f"{event.done_s / event.of_s:.0%}".replace("%", " %")
        if event.of_s > 0
        else clock(event.done_s)
    )


def build(stream: TextIO, elapsed_s: Callable[[], float] = monotonic) -> Reporter:
    """Write to `stream`; `elapsed_s` counts the seconds that pass."""
    return Reporter(Lines(stream, elapsed_s).tell)
