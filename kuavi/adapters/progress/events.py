"""One JSON object a line for each event: for programs that follow a run."""

import json
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TextIO, assert_never

from kuavi.adapters.progress._paces import Paces
from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.domain.fingerprint import Json
from kuavi.domain.manifest import Gap
from kuavi.domain.pace import Pace, fraction, frames_a_second, left_s
from kuavi.ports.progress import (
    Advanced,
    Event,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)


def as_json(event: Event, pace: Pace, now_s: float) -> dict[str, Json]:
    """The event's fields under their own names, its kind under `event`, and how far the video is.

    `fraction` is of the video, in [0, 1]; null for what nobody can tell (yet).
    """
    left, share = _rounded(left_s(pace, now_s), 1), _rounded(fraction(pace), 4)
    match event:
        case VideoStarted(path, position, of):
            return {"event": "video_started", "path": path, "position": position, "of": of}
        case StagesPlanned(path, todo, kept):
            plan: dict[str, Json] = {"todo": todo, "kept": kept, "fraction": share}
            return {"event": "stages_planned", "path": path, **plan}
        case Advanced(path, stage, done_s, of_s, frames):
            place: dict[str, Json] = {"done_s": done_s, "of_s": of_s, "frames": frames}
            rate = _rounded(frames_a_second(pace, now_s), 1)
            told: dict[str, Json] = {"frames_per_s": rate, "fraction": share, "left_s": left}
            return {"event": "advanced", "path": path, "stage": stage, **place, **told}
        case StageDone(path, stage, items, took_s, gaps):
            work: dict[str, Json] = {"items": items, "took_s": took_s, "gaps": _gaps(gaps)}
            done: dict[str, Json] = {"fraction": share, "left_s": left}
            return {"event": "stage_done", "path": path, "stage": stage, **work, **done}
        case VideoDone(path, problem):
            return {"event": "video_done", "path": path, "problem": problem, "fraction": share}
        case _:
            assert_never(event)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _gaps(gaps: Sequence[Gap]) -> Json:
    """A gap of the whole video has null for both times."""
    return [
        {
            "reason": gap.reason,
            "start_s": None if gap.span is None else gap.span.start_s,
            "end_s": None if gap.span is None else gap.span.end_s,
        }
        for gap in gaps
    ]


def build(stream: TextIO, elapsed_s: Callable[[], float] = monotonic) -> Reporter:
    """All events, none left out; ASCII only, so any stream and any file name will do."""
    out, paces = Steadfast(stream), Paces()

    def tell(event: Event) -> None:
        now_s = elapsed_s()
        out.line(json.dumps(as_json(event, paces.after(event, now_s), now_s), allow_nan=False))

    return Reporter(tell)
