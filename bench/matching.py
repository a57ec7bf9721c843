"""How well found boundaries agree with true ones."""

from collections.abc import Sequence

from attrs import frozen


@frozen
class Agreement:
    hits: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        return self.hits / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.hits / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.found + self.true) if self.found + self.true else 1.0


def agree(found_s: Sequence[float], true_s: Sequence[float], within_s: float) -> Agreement:
    """Most pairs (found, true) at most `within_s` apart, each used once.

    Both ascend, so taking the earliest partner that fits is optimal.
    """
    found, true, hits, i = sorted(found_s), sorted(true_s), 0, 0
    for time_s in true:
        while i < len(found) and found[i] < time_s - within_s - 1e-9:
            i += 1
        if i < len(found) and found[i] <= time_s + within_s + 1e-9:
            hits, i = hits + 1, i + 1
    return Agreement(hits, len(found), len(true))
