"""Times as people write them: `75`, `75.5`, `1:15`, `0:01:15.5`; spans as `0:10-0:25`."""

import re

from kuavi.domain.spans import Span

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)")
_DASH = "\N{EN DASH}"

FORMS = "seconds or a clock time, like 75.5, 1:15.5 or 0:01:15.5"


def parse_time(text: str) -> float:
    """Seconds; ValueError with a line for a person where the text is no time."""
    text = text.strip()
    plain = _SECONDS.fullmatch(text)
    if plain:
        return float(plain[1])
    parts = _CLOCK.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no time; give {FORMS}")
    hours, minutes, seconds = parts[1], int(parts[2]), float(parts[3])
    if seconds >= 60 or (hours is not None and minutes >= 60):
        raise ValueError(f"{text!r} is no time: minutes and seconds end at 59")
    return int(hours or 0) * 3600 + minutes * 60 + seconds


def parse_length(text: str) -> float:
    """A stretch of time, longer than none, in the same forms."""
    length_s = parse_time(text)
    if length_s <= 0:
        raise ValueError(f"{text!r} is no length; give more than 0 seconds")
    return length_s


def parse_span(text: str) -> Span:
    """`START-END` (an en dash will do); ValueError where it is no span of time."""
    start, dash, end = text.replace(_DASH, "-").partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no span; give START-END, like 0:10-0:25 or 10-25")
    start_s, end_s = parse_time(start), parse_time(end)
    if start_s >= end_s:
        raise ValueError(f"{text!r} is no span: it must start before it ends")
    return Span(start_s, end_s)
