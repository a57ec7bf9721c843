"""A linear map between two spaces, fitted on pairs, and refused unless it finds held-out pairs.

Ridge regression in closed form (Hoerl & Kennard 1970), both sides centred, the penalty chosen by
generalised cross-validation (Golub, Heath & Wahba 1979) on the training pairs alone.

How good it is, is measured on pairs kept apart: whole groups (videos), or, where there are too few
of them, contiguous blocks with their neighbours left out, so that what comes next to a held-out
pair has not been seen.  Recall@k is how often a held-out pair's own target is among the k targets
of its fold that are nearest to what the map makes of its source.

What was fitted on one kind of source may be asked with another: pictures and texts of a joint
space lie apart (the "modality gap", Liang et al. 2022).  `directions` therefore takes the mean of
the kind that asks, and compares only how sources deviate from it.  The held-out recall is that of
the kind that was fitted; it says nothing certain of the other.
"""

from typing import Generic, TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, le
from returns.result import Failure, Success

from kuavi.domain.layers import Indices
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Matrix, Role, Space, SpaceMismatchError, unit

A = TypeVar("A", bound=Role)
B = TypeVar("B", bound=Role)

Exact: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]

FOLDS = 5
LEAST_PAIRS = 40
MOST_PAIRS = 20_000
"""More are thinned evenly, which bounds the time of a fit."""
PENALTIES = tuple(float(p) for p in np.logspace(-6, 1, 15))
"""In units of the sources' variance summed over all directions."""
LEAST_RATIO = 2.0
LEAST_ERRORS = 3.0
"""A map counts where recall is twice chance and three standard errors of chance above it."""


@frozen
class HeldOut:
    """Recall@k on `pairs` pairs kept apart, and what drawing k targets at random would give."""

    k: int = field(validator=ge(1))
    recall: float = field(validator=[ge(0), le(1)])
    chance: float = field(validator=[ge(0), le(1)])
    pairs: int = field(validator=ge(1))
    groups: int = field(validator=ge(1))

    @property
    def clear(self) -> bool:
        """Whether this is clearly better than chance."""
        error = np.sqrt(self.chance * (1 - self.chance) / self.pairs)
        above = self.recall - self.chance
        return self.recall >= LEAST_RATIO * self.chance and above >= LEAST_ERRORS * error


@frozen
class TooFewPairs:
    pairs: int
    needed: int = LEAST_PAIRS

    def __str__(self) -> str:
        return f"a map needs {self.needed} pairs to be fitted on, there are {self.pairs}"


@frozen
class NotAboveChance:
    held_out: HeldOut

    def __str__(self) -> str:
        score = self.held_out
        return (
            f"the map does not find held-out pairs clearly better than chance "
            f"(recall@{score.k} {score.recall:.2f}, chance {score.chance:.2f})"
        )


Refusal: TypeAlias = TooFewPairs | NotAboveChance


@frozen(eq=False)
class Projection(Generic[A, B]):
    """target ~ target_mean + (source - source_mean) @ weights, for rows of length 1.

    `weights` (source.dim, target.dim), means (1, dim) float32.
    """

    source: Space[A]
    target: Space[B]
    weights: Matrix = field(repr=False)
    source_mean: Matrix = field(repr=False)
    target_mean: Matrix = field(repr=False)
    held_out: HeldOut

    def __attrs_post_init__(self) -> None:
        shapes = (self.weights.shape, self.source_mean.shape, self.target_mean.shape)
        wanted = ((self.source.dim, self.target.dim), (1, self.source.dim), (1, self.target.dim))
        if shapes != wanted:
            raise SpaceMismatchError(f"a map needs shapes {wanted}, got {shapes}")


def predicted(projection: Projection[A, B], rows: Embeddings[A]) -> Embeddings[B]:
    """The targets (n, dim) of rows of the kind that was fitted."""
    deviations = _deviations(projection, rows, projection.source_mean)
    return Embeddings(projection.target, (projection.target_mean + deviations).astype(np.float32))


def directions(
    projection: Projection[A, B], rows: Embeddings[A], mean: Matrix | None = None
) -> Embeddings[B]:
    """Unit rows (n, dim): which way from the mean target each source points.

    `mean` (1, dim) is that of the kind of source that asks; None: of the kind that was fitted.
    Their products with targets rank targets as `HeldOut` measured it.
    """
    centre = projection.source_mean if mean is None else mean
    return Embeddings(projection.target, unit(_deviations(projection, rows, centre)))


def deviating(projection: Projection[A, B], rows: Embeddings[B]) -> Embeddings[B]:
    """Unit rows (n, dim): which way from the mean target each target lies.

    By these, one target compares with the directions of several sources.
    """
    if rows.space != projection.target:
        raise SpaceMismatchError(f"the map leads to {projection.target}, not {rows.space}")
    return Embeddings(projection.target, unit(unit(rows.rows) - projection.target_mean))


def fit(
    sources: Embeddings[A], targets: Embeddings[B], group: Indices
) -> Outcome[Projection[A, B], Refusal]:
    """The map from `sources` (n, a) to `targets` (n, b), row by row; `group` (n,) ascends.

    Rows of a group are in time order.  Lengths of rows do not matter.

    Raises:
        ValueError: if the three differ in number, or `group` does not ascend.
    """
    if not len(sources) == len(targets) == len(group) or (np.diff(group) < 0).any():
        raise ValueError(f"pairs must go together: {len(sources)}, {len(targets)}, {group.shape}")
    kept = np.unique(np.linspace(0, len(group) - 1, min(len(group), MOST_PAIRS)).astype(np.int64))
    if len(kept) < LEAST_PAIRS:
        return Failure(TooFewPairs(len(kept)))
    x, y = unit(sources.rows[kept]).astype(np.float64), unit(targets.rows[kept]).astype(np.float64)
    score = _held_out(x, y, group[kept])
    if not score.clear:
        return Failure(NotAboveChance(score))
    weights, x_mean, y_mean = _ridge(x, y)
    return Success(
        Projection(
            sources.space,
            targets.space,
            weights.astype(np.float32),
            x_mean.astype(np.float32),
            y_mean.astype(np.float32),
            score,
        )
    )


def folds_of(group: Indices) -> Indices:
    """The fold (n,) of each pair: whole groups, or contiguous blocks where groups are few.

    Groups are many if there are two for each fold; they are dealt to the emptiest fold, largest
    first.
    """
    names, sizes = np.unique(group, return_counts=True)
    if len(names) < 2 * FOLDS:
        return (np.arange(len(group)) * FOLDS // max(len(group), 1)).astype(np.int64)
    filled, fold_of_group = np.zeros(FOLDS), np.zeros(len(names), dtype=np.int64)
    for place in np.argsort(-sizes, kind="stable").tolist():
        fold_of_group[place] = fold = int(filled.argmin())
        filled[fold] += sizes[place]
    return fold_of_group[np.searchsorted(names, group)]


def _held_out(x: Exact, y: Exact, group: Indices) -> HeldOut:
    fold = folds_of(group)
    smallest = int(np.bincount(fold, minlength=FOLDS).min())
    k = 5 if smallest >= 50 else 1
    hits, chances = 0, list[float]()
    for one in range(FOLDS):
        apart = fold == one
        beside = np.convolve(apart, [1, 1, 1], mode="same") > 0
        known = ~(beside if len(np.unique(group)) < 2 * FOLDS else apart)
        weights, x_mean, _ = _ridge(x[known], y[known])
        scores = ((x[apart] - x_mean) @ weights) @ y[apart].T
        better = (scores > np.diagonal(scores)[:, None]).sum(axis=1)
        tied = (scores == np.diagonal(scores)[:, None]).sum(axis=1) - 1
        hits += int(np.count_nonzero(better + tied < k))  # a tie counts against the map
        chances += [min(k / len(scores), 1.0)] * len(scores)
    return HeldOut(k, hits / len(x), float(np.mean(chances)), len(x), len(np.unique(group)))


def _ridge(x: Exact, y: Exact) -> tuple[Exact, Exact, Exact]:
    """Weights (a, b) and the means (1, a), (1, b), at the penalty that cross-validates best."""
    x_mean, y_mean = x.mean(axis=0, keepdims=True), y.mean(axis=0, keepdims=True)
    centred, wanted = x - x_mean, y - y_mean
    strengths, axes = np.linalg.eigh(centred.T @ centred)
    strengths = np.maximum(strengths, 0)
    along = axes.T @ (centred.T @ wanted)
    power = (along**2).sum(axis=1)
    total, n = float((wanted**2).sum()), len(x)
    unit_of = float(strengths.sum()) or 1.0

    def left_over(penalty: float) -> float:
        damped = strengths + penalty * unit_of
        error = total - float((power * (strengths + 2 * penalty * unit_of) / damped**2).sum())
        free = n - 1 - float((strengths / damped).sum())
        return max(error, 0.0) / max(free, 1e-9) ** 2

    best = min(PENALTIES, key=left_over)
    weights = axes @ (along / (strengths + best * unit_of)[:, None])
    return weights, x_mean, y_mean


def _deviations(projection: Projection[A, B], rows: Embeddings[A], centre: Matrix) -> Matrix:
    if rows.space != projection.source:
        raise SpaceMismatchError(f"the map starts at {projection.source}, not {rows.space}")
    return ((unit(rows.rows) - centre) @ projection.weights).astype(np.float32)
