"""One JSON object a line for each event: for programs that follow a run."""

import json
from collections.abc import Sequence
from typing import TextIO, assert_never

from kuavi.adapters.progress._reporter import Reporter
from kuavi.adapters.progress._stream import Steadfast
from kuavi.domain.fingerprint import Json
from kuavi.domain.manifest import Gap
from kuavi.ports.progress import (
    Advanced,
    Event,
    StageDone,
    StagesPlanned,
    VideoDone,
    VideoStarted,
)


def as_json(event: Event) -> dict[str, Json]:
    """The event's fields under their own names, and its kind under `event`."""
    match event:
        case VideoStarted(path, position, of):
            return {"event": "video_started", "path": path, "position": position, "of": of}
        case StagesPlanned(path, todo, kept):
            return {"event": "stages_planned", "path": path, "todo": todo, "kept": kept}
        case Advanced(path, stage, done_s, of_s):
            place: dict[str, Json] = {"done_s": done_s, "of_s": of_s}
            return {"event": "advanced", "path": path, "stage": stage, **place}
        case StageDone(path, stage, items, took_s, gaps):
            work: dict[str, Json] = {"items": items, "took_s": took_s, "gaps": _gaps(gaps)}
            return {"event": "stage_done", "path": path, "stage": stage, **work}
        case VideoDone(path, problem):
            return {"event": "video_done", "path": path, "problem": problem}
        case _:
            assert_never(event)


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


def build(stream: TextIO) -> Reporter:
    """All events, none left out; ASCII only, so any stream and any file name will do."""
    out = Steadfast(stream)
    return Reporter(lambda event: out.line(json.dumps(as_json(event), allow_nan=False)))
