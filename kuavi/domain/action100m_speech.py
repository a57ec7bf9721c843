"""A published transcript as utterances."""

import re
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

from kuavi.domain.action100m import Line
from kuavi.domain.spans import Span
from kuavi.domain.words import Utterance

_SECONDS = re.compile(r"\s*(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)


def utterances_of(
    lines: Sequence[Line], end_s: float
) -> tuple[tuple[Utterance, ...], tuple[str, ...]]:
    """What is said, in order of time, and what of it is lost, in words.

    A line lasts until the next one begins, the last until the video's end at `end_s`; lines that
    begin together are one.  White space is evened out; empty lines say nothing.
    """
    starts = [seconds_of(line.time) for line in lines]
    said: dict[float, list[str]] = {}
    for start_s, line in zip(starts, lines, strict=True):
        if start_s is not None and start_s < end_s:
            said.setdefault(start_s, []).append(" ".join((line.text or "").split()))
    spans = [Span(begin, end) for begin, end in pairwise([*sorted(said), end_s])]
    texts = (" ".join(text for text in said[span.start_s] if text) for span in spans)
    told = tuple(Utterance(span, text) for span, text in zip(spans, texts, strict=True) if text)
    return told, _lost(lines, starts, end_s)


def seconds_of(time: str | None) -> float | None:
    """A time as published, in seconds; None where it is none."""
    if time is None or not _SECONDS.fullmatch(time):
        return None
    seconds = float(time)
    return seconds if isfinite(seconds) else None


def _lost(lines: Sequence[Line], starts: Sequence[float | None], end_s: float) -> tuple[str, ...]:
    untimed = [line for line, start in zip(lines, starts, strict=True) if start is None]
    late = [start for start in starts if start is not None and start >= end_s]
    told: list[str] = []
    if untimed:
        told.append(
            f"{len(untimed)} of {len(lines)} lines have no time that can be read, the "
            f"first {untimed[0].time!r}"
        )
    if late:
        told.append(
            f"{len(late)} of {len(lines)} lines begin after the video's end, the first at "
            f"{late[0]:g} s"
        )
    return tuple(told)
