"""Plain lines for a log: each says which video it is about, none steers a terminal."""

from collections.abc import Callable
from time import monotonic
from typing import TextIO, assert_never

from attrs import frozen

from kuavi.adapters.progress._paces import Paces
from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.adapters.progress._words import (
    count,
    duration,
    frame_rate,
    gap_lines,
    listed,
    printable,
    share,
    speed,
    time_left,
    title,
)
from kuavi.domain.manifest import Stage
from kuavi.domain.pace import Pace, fraction, frames_a_second, left_s, times_real
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
    """When a stage under way was told of last, and where it was."""

    at_s: float
    done_s: float


class Lines:
    def __init__(self, stream: TextIO, elapsed_s: Callable[[], float]) -> None:
        self._out = Steadfast(stream)
        self._elapsed_s = elapsed_s
        self._heads: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._paces = Paces()
        self._told: dict[tuple[str, Stage], _Told] = {}

    def tell(self, event: Event) -> None:
        now_s = self._elapsed_s()
        pace = self._paces.after(event, now_s)
        match event:
            case VideoStarted(path, position, of):
                self._heads[path] = f"[{position}/{of}] "
                self._began[path] = now_s
                self._out.line(f"[{position}/{of}] {title(path)}")
            case StagesPlanned(path, todo, kept):
                self._say(path, f"to do: {listed(todo) or 'nothing'}")
                if kept:
                    self._say(path, f"kept: {listed(kept)} ({share(fraction(pace))} of the work)")
            case Advanced():
                self._advanced(event, pace, now_s)
            case StageDone():
                self._stage_done(event)
            case VideoDone():
                self._video_done(event)
            case _:
                assert_never(event)

    def _advanced(self, event: Advanced, pace: Pace, now_s: float) -> None:
        key = (event.path, event.stage)
        last = self._told.setdefault(key, _Told(now_s, event.done_s))
        waited_s, further_s = now_s - last.at_s, event.done_s - last.done_s
        far = event.of_s > 0 and further_s >= STEP * event.of_s
        if waited_s >= PATIENCE_S or (far and waited_s >= PAUSE_S):
            self._told[key] = _Told(now_s, event.done_s)
            self._say(event.path, f"{event.stage} {_reached(event)}{_pace(pace, now_s)}")

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


def _reached(event: Advanced) -> str:
    """`43 %`; without a known length, the time reached."""
    known = event.of_s > 0
    return share(min(event.done_s / event.of_s, 1.0)) if known else clock(event.done_s)


def _pace(pace: Pace, now_s: float) -> str:
    """How far the whole video is, how fast it goes, and what is left, as far as that is known."""
    rate, frames = times_real(pace, now_s), frames_a_second(pace, now_s)
    left = left_s(pace, now_s)
    told = [
        f" (video {share(fraction(pace))})",
        "" if rate is None else f", {speed(rate)} real time",
        "" if frames is None else f", {frame_rate(frames)}",
        "" if left is None else f", {time_left(left)}",
    ]
    return "".join(told)


def build(stream: TextIO, elapsed_s: Callable[[], float] = monotonic) -> Reporter:
    """Write to `stream`; `elapsed_s` counts the seconds that pass."""
    return Reporter(Lines(stream, elapsed_s).tell)
