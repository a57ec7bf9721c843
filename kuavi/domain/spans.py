"""Half-open stretches of time, in seconds of presentation time."""

from math import isfinite

from attrs import field, frozen


def _finite(_: object, attribute: object, value: float) -> None:
    if not isfinite(value):
        raise ValueError(f"{getattr(attribute, 'name', 'time')} must be finite, got {value}")


@frozen(order=True)
class Span:
    """[start_s, end_s): starts at `start_s`, ends before `end_s`; never empty."""

    start_s: float = field(validator=_finite)
    end_s: float = field(validator=_finite)

    def __attrs_post_init__(self) -> None:
        if self.start_s >= self.end_s:
            raise ValueError(
                f"a span must start before it ends, got [{self.start_s}, {self.end_s})"
            )

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2

    def contains(self, time_s: float) -> bool:
        return self.start_s <= time_s < self.end_s

    def overlap(self, other: "Span") -> "Span | None":
        """What both cover, or None where they only touch or are apart."""
        start, end = max(self.start_s, other.start_s), min(self.end_s, other.end_s)
        return Span(start, end) if start < end else None


def clock(time_s: float) -> str:
    """A time as people write it: `1:02:03.4`, `2:03.4`."""
    tenths = round(max(time_s, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02d}.{rest % 10}"
