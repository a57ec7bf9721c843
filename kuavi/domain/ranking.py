"""Rankings: the best few, several rankings made one, and results that differ from each other.

Scores are (n,) arrays, higher is better.  An entry that is not finite (NaN, inf) or that a mask
excludes is *absent*: no function here ever returns it, whatever `k` is.  Equal scores keep the
order of their indices, so that equal input gives equal output.
"""

from collections.abc import Hashable, Mapping, Sequence
from math import fsum, isfinite
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen

from kuavi.domain.layers import Indices
from kuavi.domain.space import Matrix

T = TypeVar("T", bound=Hashable)

Scores: TypeAlias = np.ndarray[tuple[int], np.dtype[np.floating[Any]]]
"""(n,) floats, higher is better."""
Mask: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]

NO_ITEM = -1
"""In place of an item's index, for a group that has none."""
ALONE = -1
"""The label of an item that belongs to no cluster and so is one by itself."""


def top_k(scores: Scores, k: int, excluded: Mask | None = None) -> Indices:
    """Indices of the k best scores, best first, ties by lower index; fewer if fewer are present.

    Linear in n: only the k that are kept get sorted.

    Raises:
        ValueError: if k is negative, scores are not (n,), or the mask is not as long.
    """
    _check_count(k)
    present = _present(scores, excluded)
    if k < len(present):
        present = _best(scores, present, k)
    return present[np.argsort(-scores[present], kind="stable")]


@frozen
class Fused(Generic[T]):
    """An item of a fused ranking: its score in (0, 1] and its rank (from 1) by ranking."""

    item: T
    score: float
    ranks: Mapping[str, int] = field(hash=False)


def reciprocal_rank_fusion(
    rankings: Mapping[str, Sequence[T]],
    k: float = 60,
    weights: Mapping[str, float] | None = None,
) -> tuple[Fused[T], ...]:
    """Rankings by unlike scores made one, by rank alone, best first.

    Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009; they found k = 60 good).
    An item's score is the sum of `weight / (k + rank)` over the rankings that hold it, divided by
    what an item gets that is first in all of them: that one scores 1.0 exactly.  A ranking that is
    empty or weighs 0 has no say: it neither adds items nor lowers the scale.  A ranking without a
    weight weighs 1; a weight without a ranking is ignored.  Equal scores are ordered by best single
    rank, then by first appearance, in the order of `rankings`.

    Raises:
        ValueError: if k or a weight is negative or not finite, or a ranking names an item twice.
    """
    if not (isfinite(k) and k >= 0):
        raise ValueError(f"k must be finite and not negative, got {k}")
    weight = _weights(rankings, weights or {})
    ranks = _ranks({name: rankings[name] for name in weight})
    whole = fsum(w / (k + 1) for w in weight.values())
    fused = [
        Fused(item, fsum(weight[name] / (k + rank) for name, rank in at.items()) / whole, at)
        for item, at in ranks.items()
    ]
    return tuple(sorted(fused, key=lambda one: (-one.score, min(one.ranks.values()))))


def mmr(
    relevance: Scores, rows: Matrix, k: int, trade_off: float, excluded: Mask | None = None
) -> Indices:
    """Maximal marginal relevance: k indices, each relevant and unlike those before it.

    Carbonell and Goldstein, SIGIR 1998: the next item has the highest `trade_off * relevance -
    (1 - trade_off) * (highest cosine with an item already taken)`; the first is the most relevant.
    `trade_off` 1 is plain ranking, 0 looks at difference alone.  Relevance should be on the scale
    of a cosine, about [0, 1], for the trade to mean anything.  Ties go to the more relevant item.

    Args:
        relevance: (n,) scores.
        rows: (n, dim) unit vectors; a zero row is like nothing.
        k: how many at most.
        trade_off: the lambda of the paper, in [0, 1].
        excluded: (n,) True for items to leave out.

    Costs k products of (n, dim) with one row; no (n, n) matrix is made.

    Raises:
        ValueError: if k or trade_off is out of range, shapes disagree, or a row is no unit vector.
    """
    if not 0 <= trade_off <= 1:
        raise ValueError(f"trade_off must be in [0, 1], got {trade_off}")
    if rows.ndim != 2 or len(rows) != len(relevance):
        raise ValueError(f"{len(relevance)} scores need (n, dim) rows as many, got {rows.shape}")
    _check_count(k)
    order = top_k(relevance, len(relevance), excluded)
    kept = rows[order]
    _check_unit(kept)
    gain = trade_off * relevance[order].astype(np.float64)
    likeness = np.full(len(order), -1.0)
    taken: list[int] = []
    while len(taken) < min(k, len(order)):
        marginal = gain - (1 - trade_off) * likeness
        marginal[taken] = -np.inf
        best = int(np.argmax(marginal))  # `order` is by relevance, so the first of equals is meant
        taken.append(best)
        likeness = np.maximum(likeness, kept @ kept[best])
    return order[taken]


def cluster_diverse(
    relevance: Scores, clusters: Indices, k: int, excluded: Mask | None = None
) -> Indices:
    """Round-robin over clusters: the best of each cluster, then the second best of each, and so on.

    Clusters take turns in the order of their best members.  `clusters` (n,) holds labels; an item
    labelled `ALONE` (-1) is a cluster by itself.

    Raises:
        ValueError: if k is negative or shapes disagree.
    """
    _check_count(k)
    _check_length("clusters", clusters, relevance)
    order = top_k(relevance, len(relevance), excluded)
    labels = np.unique(clusters[order], return_inverse=True)[1]
    lonely = clusters[order] == ALONE
    labels[lonely] = len(order) + np.arange(np.count_nonzero(lonely))
    _, first, label = np.unique(labels, return_index=True, return_inverse=True)
    together = np.argsort(label, kind="stable")
    begins = np.searchsorted(label[together], np.arange(len(first)))
    turn = np.empty(len(order), dtype=np.int64)
    turn[together] = np.arange(len(order)) - begins[label[together]]
    return order[np.lexsort((first[label], turn))[:k]]


def max_per_group(scores: Scores, group: Indices, n_groups: int) -> tuple[Scores, Indices]:
    """The best score of each group (n_groups,) and the index of the item that has it (n_groups,).

    Item i belongs to group `group[i]`.  A group with no item, or none whose score is finite, is
    absent: its score is NaN, which `top_k` and the others leave out, and its index is `NO_ITEM`.
    Ties go to the lower index.

    Raises:
        ValueError: if n_groups is negative, shapes disagree, or a group is not in [0, n_groups).
    """
    _check_count(n_groups, "n_groups")
    _check_length("group", group, scores)
    if len(group) and not (group.min() >= 0 and group.max() < n_groups):
        raise ValueError(f"groups must be in [0, {n_groups}), got {group.min()} to {group.max()}")
    items = _present(scores, None)
    values, of = scores[items].astype(np.float64), group[items]
    best = np.full(n_groups, -np.inf)
    np.maximum.at(best, of, values)
    winners = items[values == best[of]]
    index = np.full(n_groups, len(scores), dtype=np.int64)
    np.minimum.at(index, group[winners], winners)
    empty = index == len(scores)
    best[empty], index[empty] = np.nan, NO_ITEM
    return best, index


def softmax(scores: Scores, temperature: float = 1.0) -> Scores:
    """Probabilities (n,) float64 that sum to 1, in the order of the scores; none for no scores.

    A low temperature favours the best, a high one evens out.  No size of score overflows.

    Raises:
        ValueError: if the temperature is not positive or a score is not finite.
    """
    if not (isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature must be positive and finite, got {temperature}")
    _check_vector("scores", scores)
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite to become probabilities")
    if not len(scores):
        return np.zeros(0)
    values = scores.astype(np.float64)
    with np.errstate(over="ignore"):  # what is infinitely far below the best gets 0
        powers = np.exp((values - values.max()) / temperature)
    return powers / powers.sum()


def _best(scores: Scores, present: Indices, k: int) -> Indices:
    """The k best of `present`, ascending; ties at the edge go to the lower indices."""
    if k == 0:
        return present[:0]
    values = scores[present]
    edge = values[np.argpartition(values, len(values) - k)[len(values) - k]]
    keep = values > edge
    tied = np.flatnonzero(values == edge)
    keep[tied[: k - np.count_nonzero(keep)]] = True
    return present[keep]


def _present(scores: Scores, excluded: Mask | None) -> Indices:
    _check_vector("scores", scores)
    present = np.isfinite(scores)
    if excluded is not None:
        _check_length("excluded", excluded, scores)
        if excluded.dtype != np.bool_:
            raise ValueError(f"excluded must be a mask of bool, got {excluded.dtype}")
        present &= ~excluded
    return np.flatnonzero(present)


def _weights(rankings: Mapping[str, Sequence[T]], weights: Mapping[str, float]) -> dict[str, float]:
    """The weight of each ranking that has a say, the highest being 1."""
    for name, weight in weights.items():
        if not (isfinite(weight) and weight >= 0):
            raise ValueError(f"weight of {name!r} must be finite and not negative, got {weight}")
    say = {name: weights.get(name, 1.0) for name, items in rankings.items() if items}
    highest = max(say.values(), default=0.0)
    return {name: weight / highest for name, weight in say.items() if weight > 0}


def _ranks(rankings: Mapping[str, Sequence[T]]) -> dict[T, dict[str, int]]:
    """Each item's rank (from 1) by ranking, in order of first appearance."""
    ranks: dict[T, dict[str, int]] = {}
    for name, items in rankings.items():
        for rank, item in enumerate(items, start=1):
            at = ranks.setdefault(item, {})
            if name in at:
                raise ValueError(f"ranking {name!r} names {item!r} twice: {at[name]} and {rank}")
            at[name] = rank
    return ranks


def _check_count(k: int, name: str = "k") -> None:
    if k < 0:
        raise ValueError(f"{name} must not be negative, got {k}")


def _check_vector(name: str, values: Scores | Indices | Mask) -> None:
    if values.ndim != 1:
        raise ValueError(f"{name} must be (n,), got {values.shape}")


def _check_length(name: str, values: Indices | Mask, scores: Scores) -> None:
    _check_vector("scores", scores)
    if values.shape != scores.shape:
        raise ValueError(f"{len(scores)} scores need {name} as long, got {values.shape}")


def _check_unit(rows: Matrix) -> None:
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    if not np.all((lengths == 0) | (np.abs(lengths - 1) < 1e-2)):
        raise ValueError("rows must be unit vectors (or zero)")
