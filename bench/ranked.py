"""How well scores rank the right items, expected over ties, and how sure a mean is."""

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen
from attrs.validators import min_len

RESAMPLES = 4000


@frozen
class Hit:
    """Expected success of one query: a right item first, one among the first five, 1 / rank."""

    at_1: float
    at_5: float
    reciprocal: float


def judged(scores: np.ndarray, right: np.ndarray) -> Hit:
    """The best rank of a right item, its distribution where equal scores are put in random order.

    Args:
        scores: (n,) higher is better; all equal gives chance, exactly.
        right: (n,) bool, at least one True.
    """
    best = scores[right].max()
    before = int(np.count_nonzero(scores > best))
    tied = scores == best
    chances = first_place(int(tied.sum()), int((tied & right).sum()))
    ranks = before + 1 + np.arange(len(chances))
    return Hit(
        float(chances[ranks <= 1].sum()),
        float(chances[ranks <= 5].sum()),
        float((chances / ranks).sum()),
    )


def first_place(n: int, m: int) -> np.ndarray:
    """Chance that the first of m right items among n in random order is at place 1, 2, ..."""
    left, chances = 1.0, list[float]()
    for place in range(n - m + 1):
        here = m / (n - place)
        chances.append(left * here)
        left *= 1 - here
    return np.array(chances)


@frozen
class Mean:
    """Of several queries: recall at 1 and 5, mean reciprocal rank and its 95 % interval."""

    at_1: float
    at_5: float
    mrr: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.at_1:6.2f} {self.at_5:6.2f} {self.mrr:6.3f}  [{self.low:.2f}, {self.high:.2f}]"
        )


@frozen
class Judged:
    """The hits of one method, one per query."""

    hits: Sequence[Hit] = field(validator=min_len(1))

    @property
    def reciprocals(self) -> np.ndarray:
        return np.array([hit.reciprocal for hit in self.hits])

    def only(self, these: Sequence[int]) -> "Judged":
        return Judged([self.hits[i] for i in these])

    def mean(self) -> Mean:
        low, high = interval(self.reciprocals)
        return Mean(
            float(np.mean([hit.at_1 for hit in self.hits])),
            float(np.mean([hit.at_5 for hit in self.hits])),
            float(self.reciprocals.mean()),
            low,
            high,
        )


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, over the items (percentiles; fixed seed)."""
    picks = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
