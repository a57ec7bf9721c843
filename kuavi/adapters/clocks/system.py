"""The machine's own clock."""

from datetime import UTC, datetime
from time import monotonic

from attrs import frozen

from kuavi.ports.clock import Clock


@frozen
class SystemClock:
    """Wall time as the system has it; `elapsed_s` never goes back, whatever is done to that."""

    @property
    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def elapsed_s(self) -> float:
        return monotonic()


def build() -> Clock:
    return SystemClock()
