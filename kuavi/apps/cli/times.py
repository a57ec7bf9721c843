"""Times for reading.  How they are read is in `kuavi.domain.times`."""

from kuavi.domain.spans import Span, clock
from kuavi.domain.times import parse_length, parse_span, parse_time

__all__ = ["length_text", "parse_length", "parse_span", "parse_time", "span_text"]

_DASH = "\N{EN DASH}"


def span_text(span: Span) -> str:
    """For reading: `0:12.4` to `0:15.2` with an en dash; `parse_span` reads it again."""
    return f"{clock(span.start_s)}{_DASH}{clock(span.end_s)}"


def length_text(time_s: float) -> str:
    """`5.2 s`, `2 min 05 s`, `1 h 02 min`."""
    if round(time_s, 1) < 60:
        return f"{time_s:.1f} s"
    minutes, seconds = divmod(round(time_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
