"""The state of an agglomeration on a time chain, shared by the numba and the numpy engines.

Frames 0..n-1 stand in a row and only neighbours may merge.  A cluster is a stretch of frames and
lives in the *slot* of its first frame; a boundary is named by the slot of the cluster on its left.

An engine is `run(chain, done, grouped, short) -> done`: it merges the cheapest open boundary until
none is open.  A boundary is open if both sides have the same group (only asked where `grouped`) and
at least one side is shorter than `short` (infinity: every boundary).

Both engines add in one fixed order, so their results are equal to the last bit and do not depend
on the width of the processor's registers:
- float64 rows: left to right, the order of scikit-learn's `compute_ward_dist`;
- float32 rows: `LANES` partial sums, element e in lane e % LANES, then halved until one is left.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

LANES = 64
BEFORE, AFTER, SIZE, NODE = 0, 1, 2, 3
"""Columns of `clusters`: slot of the neighbour on the left (-1: none) and on the right (n: none),
frames in it, and its node number (leaf i is i, merge k makes n + k)."""
LARGEST = float(np.finfo(np.float64).max)

Rows: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32 | np.float64]]
"""(n, dim) float32 or float64."""
Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]
Table: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int32]]


class Chain(NamedTuple):
    """Arrays an engine works on, in place (a tuple because numba takes tuples)."""

    sums: Rows
    """(n, dim): the sum of a cluster's rows, in its slot."""
    clusters: Table
    """(n, 4) of the cluster in each slot: BEFORE, AFTER, SIZE, NODE."""
    groups: Ints
    """(n,) group per cluster; empty where no run asks for it."""
    bounds: Floats
    """(n + 1,) frame i lasts from bounds[i] to bounds[i + 1]; empty where no run asks for it."""
    children: Table
    """(n - 1, 2) out: the two nodes of each merge, the smaller number first."""
    inertia: Floats
    """(n - 1,) out: rise in inertia of each merge."""
    splits: Ints
    """(n - 1,) out: first frame of each merge's right-hand side."""


def new_chain(sums: Rows, groups: Ints | None = None, bounds: Floats | None = None) -> Chain:
    """Every frame a cluster of its own.  `sums` (n, dim) is taken over, not copied."""
    n = len(sums)
    clusters = np.empty((n, 4), dtype=np.int32)
    frames = np.arange(n, dtype=np.int32)
    clusters[:, BEFORE], clusters[:, AFTER] = frames - 1, frames + 1
    clusters[:, SIZE], clusters[:, NODE] = 1, frames
    return Chain(
        sums=sums,
        clusters=clusters,
        groups=np.empty(0, dtype=np.int32) if groups is None else groups,
        bounds=np.empty(0) if bounds is None else bounds,
        children=np.empty((n - 1, 2), dtype=np.int32),
        inertia=np.empty(n - 1),
        splits=np.empty(n - 1, dtype=np.int32),
    )
