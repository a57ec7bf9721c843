"""A stream's time stamps turned into seconds since the container's start."""

from math import inf

RESTART_S = 1.0
"""A step back by more is taken for stamps that start anew, as where two recordings were joined."""

BEYOND_S = 60.0


class Timeline:
    """Follows one stream's stamps in presentation order.

    Heuristics for broken files: stamps that step back by more than RESTART_S go on from where the
    stream was; a stamp beyond twice the stated duration and a minute more is no time at all; an
    item without a stamp follows the one before.
    """

    def __init__(self, start_s: float, duration_s: float) -> None:
        self._start_s = start_s
        self._latest_s = 2 * duration_s + BEYOND_S if duration_s > 0 else inf
        self._shift_s = 0.0
        self._next_s: float | None = None

    def place(self, stamp_s: float | None, length_s: float) -> float | None:
        """The time of the next item, which lasts `length_s`; None if its stamp is absurd."""
        if stamp_s is None:
            time_s = self._next_s or 0.0
        else:
            time_s = stamp_s - self._start_s
            if time_s > self._latest_s:
                return None
            time_s += self._shift_s
            if self._next_s is not None and time_s < self._next_s - RESTART_S - length_s:
                self._shift_s += self._next_s - time_s
                time_s = self._next_s
        self._next_s = time_s + length_s
        return time_s
