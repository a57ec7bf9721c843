"""Which of some candidate answers the evidence favours: several sources, one distribution.

Each source gives every candidate a score on a scale of its own (cosines in one space).  Scores are
made comparable by the source's own noise, how much one candidate's score varies from item to item,
and added up; the soft maximum of the sums is a distribution that says which is likelier, not how
likely: nobody has calibrated it.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import gt

from kuavi.domain.evidence import Evidence
from kuavi.domain.spans import Span

Scores: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]
"""(candidates, items)."""

BEST_OF = 3
"""A candidate's score is the mean of so many of its best items: one may be chance."""

LEAST_SPREAD = 0.02
"""A source in which all items are alike has no noise to measure."""

MOST = 4.0
"""No source counts for more than so many units of noise; nearing that, leads grow ever less."""


@frozen
class Clue:
    """The item that speaks most for a candidate in one source.

    `score` is a cosine, `lead` how far the candidate is above the mean of all, in units of noise.
    """

    source: str
    score: float
    lead: float
    evidence: Evidence
    moment: Span
    text: str = ""


@frozen
class Support:
    """What one source says: each candidate's score and lead, and its best item."""

    scores: tuple[float, ...]
    leads: tuple[float, ...]
    best: tuple[int, ...]


@frozen
class Answer:
    """A candidate with its share; shares sum to 1 and are not calibrated."""

    candidate: str
    share: float = field(validator=gt(0.0))
    clues: tuple[Clue, ...]


def noise_of(scores: Scores) -> float:
    """How much a candidate's score varies from item to item, on average over candidates."""
    if not scores.size:
        return LEAST_SPREAD
    return max(float(scores.std(axis=1, dtype=np.float64).mean()), LEAST_SPREAD)


def support(scores: Scores, noise: float) -> Support:
    """What scores (candidates, items) of one source say; at least one item."""
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(f"scores are (candidates, items), got {scores.shape}")
    n = min(BEST_OF, scores.shape[1])
    tops = np.sort(scores, axis=1)[:, -n:].mean(axis=1, dtype=np.float64)
    leads = MOST * np.tanh((tops - tops.mean()) / noise / MOST)
    return Support(
        tuple(tops.tolist()), tuple(leads.tolist()), tuple(scores.argmax(axis=1).tolist())
    )


def shares(supports: Sequence[Support], n_candidates: int) -> tuple[float, ...]:
    """The distribution over candidates; even where no source says anything."""
    total = np.zeros(n_candidates)
    for one in supports:
        total += np.array(one.leads)
    weights = np.exp(total - total.max())
    return tuple((weights / weights.sum()).tolist())
