"""How much better a pair fits than pairs of the same video that do not belong together.

A cosine alone says little: two frames of one kitchen are alike whatever happens in it.  A pair is
therefore compared with *strangers*: nodes of the same video that share no moment with it, drawn
with a fixed seed.
"""

from typing import TypeAlias

import numpy as np

from kuavi.domain.tree import Ids, Reals, SegmentTree

Grid: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""(n, k) positions."""

Scores: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""(n, k), NaN where there is nothing to compare."""

NONE = -1
MOST_STRANGERS = 32
FEWEST_STRANGERS = 4
SEED = 20_261_124
MAD_TO_SIGMA = 1.4826
"""Median absolute deviation of a normal distribution -> its standard deviation."""

LEAST_SIGMA = 0.05
"""Spreads below this are taken for it: where all are alike, small differences mean nothing."""


def strangers(tree: SegmentTree, nodes: Ids) -> Grid:
    """For each of `nodes` (n,), positions (n, k) in `nodes` of such that share no moment with it.

    -1 where one that was drawn does; k is at most `MOST_STRANGERS`, all others if they are fewer.
    """
    n = len(nodes)
    if n <= MOST_STRANGERS:
        drawn = np.tile(np.arange(n), (n, 1))
    else:
        drawn = np.random.default_rng(SEED).integers(0, n, (n, MOST_STRANGERS))
    start_s, end_s = tree.start_s[nodes], tree.end_s[nodes]
    shared = (start_s[drawn] < end_s[:, None]) & (start_s[:, None] < end_s[drawn])
    return np.where(shared, NONE, drawn)


def robust_z(values: Reals, null: Scores, least_sigma: float = LEAST_SIGMA) -> Reals:
    """By how many spreads of its null (n, k) each value (n,) lies above the null's median.

    The spread is the scaled median absolute deviation.  NaN where the null has too few.
    """
    z = np.full(len(values), np.nan)
    able = np.count_nonzero(~np.isnan(null), axis=1) >= FEWEST_STRANGERS
    if able.any():
        middle = np.nanmedian(null[able], axis=1)
        spread = MAD_TO_SIGMA * np.nanmedian(np.abs(null[able] - middle[:, None]), axis=1)
        z[able] = (values[able] - middle) / np.maximum(spread, least_sigma)
    return z


def logistic(x: Reals) -> Reals:
    """1 / (1 + e^-x), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(x) / 2)))
