"""Which decoded frames a view takes: a fold over frames in time order, one frame at a time.

A frame is *on screen* from its own time until the next frame's, half open.  Looking at a part of a
video means seeing only the frames on screen within a span, each clipped to it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil
from typing import TypeAlias

from attrs import evolve, frozen

from kuavi.domain.media import AtTimes, ByRate, EveryFrame, Sampling
from kuavi.domain.spans import Span

ROUNDING_S = 0.001
"""Matroska rounds times to the millisecond: an instant of a grid this little before a frame is
that frame's, or a 30 fps file sampled at 30 fps would lose every third frame."""

SLACK_S = 1e-6
"""Listed times are taken as they are, but for the microsecond to which containers give a start."""


@frozen
class Shown:
    """The stretch [time_s, until_s) in which a frame is on screen; `last`: nothing follows it."""

    time_s: float
    until_s: float
    last: bool = False


@frozen
class TakeAll:
    """The fold of EveryFrame: it has nothing to remember."""


@frozen
class OnGrid:
    """The fold of ByRate: instant `due` of the grid origin_s + k / fps is wanted next."""

    fps: float
    origin_s: float | None = None
    due: int = 0


@frozen
class OnList:
    """The fold of AtTimes: times_s[due:] are still wanted."""

    times_s: tuple[float, ...]
    due: int = 0


Cursor: TypeAlias = TakeAll | OnGrid | OnList


def start(sampling: Sampling, within: Span | None = None) -> Cursor:
    """A fold that has seen nothing yet; listed times outside the span are dropped."""
    match sampling:
        case EveryFrame():
            return TakeAll()
        case ByRate(fps):
            return OnGrid(fps)
        case AtTimes(times_s):
            kept = times_s if within is None else tuple(t for t in times_s if within.contains(t))
            return OnList(kept)


def clipped(shown: Shown, within: Span | None) -> Shown | None:
    """The part of a frame's stretch inside the span, None if there is none."""
    if within is None:
        return shown
    if shown.until_s <= within.start_s or shown.time_s >= within.end_s:
        return None
    return Shown(
        max(shown.time_s, within.start_s), min(shown.until_s, within.end_s), last=shown.last
    )


def take(cursor: Cursor, shown: Shown) -> tuple[Cursor, bool]:
    """The next frame in time order: is it taken?  Stretches do not overlap and are not empty.

    The grid of a rate starts at the first frame (within a span: at the span's start if that is
    later).  Of listed times, those before the first frame give the first, those past the end the
    last frame.
    """
    match cursor:
        case TakeAll():
            return cursor, True
        case OnGrid():
            return _take_on_grid(cursor, shown)
        case OnList(times_s, due):
            before_s = shown.until_s - SLACK_S
            ahead = len(times_s) if shown.last else bisect_left(times_s, before_s)
            return (evolve(cursor, due=ahead), True) if ahead > due else (cursor, False)


def take_each(
    cursors: Sequence[Cursor], shown: Shown
) -> tuple[tuple[Cursor, ...], tuple[int, ...]]:
    """The next frame for several folds at once; returns them and the positions that take it."""
    results = [take(cursor, shown) for cursor in cursors]
    wanted = tuple(position for position, (_, taken) in enumerate(results) if taken)
    return tuple(cursor for cursor, _ in results), wanted


def finished(cursor: Cursor) -> bool:
    """Whether no frame that may follow can be taken."""
    return isinstance(cursor, OnList) and cursor.due == len(cursor.times_s)


def earliest_s(sampling: Sampling) -> float | None:
    """The first time asked for, where frames on screen only before it are not needed."""
    return sampling.times_s[0] if isinstance(sampling, AtTimes) else None


def _take_on_grid(cursor: OnGrid, shown: Shown) -> tuple[Cursor, bool]:
    origin = shown.time_s if cursor.origin_s is None else cursor.origin_s
    before_s = shown.until_s - min(ROUNDING_S, (shown.until_s - shown.time_s) / 2)
    ahead = ceil((before_s - origin) * cursor.fps)
    return OnGrid(cursor.fps, origin, max(ahead, cursor.due)), ahead > cursor.due
