"""A clock that goes only when told to: makes runs repeatable."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at `start` (ISO 8601); each reading of `elapsed_s` moves it on by `step_s` seconds."""

    def __init__(self, start: str = "2026-01-31T12:00:00Z", step_s: float = 0.0) -> None:
        if step_s < 0:
            raise ValueError(f"a clock does not go back, got a step of {step_s} s")
        self._step_s = step_s
        self._elapsed_s = 0.0
        self.set(start)

    def set(self, now: str) -> None:
        """Put the wall time right; like on a real machine, `elapsed_s` doesn't notice."""
        wall = datetime.fromisoformat(now)
        if wall.tzinfo is None:
            raise ValueError(f"{now} names no time zone; write {now}Z for UTC")
        self._zero = wall.astimezone(UTC) - timedelta(seconds=self._elapsed_s)

    def advance(self, by_s: float) -> None:
        """Let time pass."""
        if by_s < 0:
            raise ValueError(f"a clock does not go back, got {by_s} s")
        self._elapsed_s += by_s

    @property
    def now(self) -> str:
        moment = self._zero + timedelta(seconds=self._elapsed_s)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def elapsed_s(self) -> float:
        reading = self._elapsed_s
        self._elapsed_s += self._step_s
        return reading


def build(start: str = "2026-01-31T12:00:00Z", step_s: float = 0.0) -> FakeClock:
    return FakeClock(start, step_s)
