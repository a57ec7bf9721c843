"""What of a video's pictures is missing, as gaps."""

from collections.abc import Sequence
from itertools import groupby

from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.media import Lost
from kuavi.domain.spans import Span

TOLD = 50
"""How many stretches are told one by one, for each stage; the others only by their total."""


def with_loss(lost: list[Lost], more: Lost) -> None:
    """Add a loss to those before it; one that goes on from the last is made one with it."""
    if lost and lost[-1].reason == more.reason and lost[-1].span.end_s >= more.span.start_s:
        last = lost.pop().span
        span = Span(min(last.start_s, more.span.start_s), max(last.end_s, more.span.end_s))
        more = Lost(span, more.reason)
    lost.append(more)


def lost_gaps(stage: Stage, lost: Sequence[Lost], whole: Span) -> tuple[Gap, ...]:
    """A gap for each stretch, with how much of the video is missing for its reason in all."""
    gaps: list[Gap] = []
    by_reason = sorted(lost, key=lambda loss: (loss.reason, loss.span))
    for reason, same in groupby(by_reason, key=lambda loss: loss.reason):
        spans = [loss.span for loss in same]
        total_s = sum(span.duration_s for span in spans)
        told = f"{reason} ({total_s:.2f} s of {whole.duration_s:.2f} s in all)"
        gaps += [Gap(stage, told, span) for span in spans[:TOLD]]
        if len(spans) > TOLD:
            rest = Span(spans[TOLD].start_s, spans[-1].end_s)
            gaps.append(Gap(stage, f"{len(spans) - TOLD} more stretches: {reason}", rest))
    return tuple(gaps)
