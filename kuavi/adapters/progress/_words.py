"""How progress is put in words: names, amounts, times, gaps."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil, floor

from kuavi.domain.manifest import Gap, Stage
from kuavi.domain.spans import clock

REASONS_SHOWN = 3
"""How many different reasons for gaps are shown for one stage."""

MANY_HOURS = 99


def printable(text: str) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def title(path: str) -> str:
    """A file's name, fit to be shown."""
    return printable(path.replace("\\", "/").rpartition("/")[2])


def listed(stages: Sequence[Stage]) -> str:
    return ", ".join(stage.value for stage in stages)


def count(number: int, thing: str) -> str:
    """`1 item`, `12,345 items`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def duration(time_s: float) -> str:
    """`38.2 s`, `2 min 05 s`, `1 h 02 min`."""
    if round(time_s, 1) < 60:
        return f"{time_s:.1f} s"
    minutes, seconds = divmod(round(time_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_left(left_s: float) -> str:
    """`0:02:05 left`, rounded up; nobody counts days."""
    if left_s >= MANY_HOURS * 3600:
        return f"over {MANY_HOURS} h left"
    return f"{timedelta(seconds=ceil(left_s))} left"


def speed(times_real: float) -> str:
    """Seconds of video done in a second: `0.3x`, `12x`."""
    return f"{times_real:.1f}x" if round(times_real, 1) < 10 else f"{times_real:.0f}x"


def frame_rate(frames_a_second: float) -> str:
    """`0.5 frames/s`, `62 frames/s`."""
    amount = frames_a_second
    return f"{amount:.1f} frames/s" if round(amount, 1) < 10 else f"{amount:.0f} frames/s"


def share(part: float) -> str:
    """`43 %`, rounded down: 100 % is all of it."""
    return f"{floor(part * 100)} %"


def gap_lines(gaps: Sequence[Gap]) -> tuple[str, ...]:
    """One line per reason, in order of appearance: where it happened first, how often, and why."""
    by_reason: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.reason, []).append(gap)
    lines = [f"gap{_where(same)}: {printable(reason)}" for reason, same in by_reason.items()]
    rest = len(lines) - REASONS_SHOWN
    more = (f"gaps for {count(rest, 'other reason')}",) if rest > 0 else ()
    return (*lines[:REASONS_SHOWN], *more)


def _where(gaps: Sequence[Gap]) -> str:
    span = gaps[0].span
    first = "" if span is None else f" at {clock(span.start_s)} to {clock(span.end_s)}"
    others = len(gaps) - 1
    return f"{first} and {others:,} more" if others else first
