"""Clock port."""

from typing import Protocol


class Clock(Protocol):
    """Contract: tests/contract/test_clock.py."""

    @property
    def now(self) -> str:
        """Wall time, ISO 8601 in UTC to the second: `2026-01-31T12:00:00Z`."""
        ...

    @property
    def elapsed_s(self) -> float:
        """Monotonic seconds from an arbitrary start."""
        ...
