"""Cuts through a segment tree: the scenes at any level of detail.

A cut is a set of nodes that tile the video, given as node numbers in time order.  Every family of
cuts here is monotone (a finer parameter never gives fewer nodes) and nested (a finer cut only
splits nodes of a coarser one).
"""

import numpy as np

from kuavi.domain.tree import NONE, Flags, Ids, Reals, SegmentTree, in_time, shots

FLAT_COST = 1e-3
"""Merge cost of unit vectors up to which pictures count as the same (rounding stays below it)."""


def cut_by_count(tree: SegmentTree, k: int) -> Ids:
    """`k` nodes: the last k - 1 merges undone; all leaves where the tree has fewer than `k`."""
    if k < 1:
        raise ValueError(f"a video has at least one scene, got {k = }")
    first_undone = tree.n_leaves - min(k, tree.n_leaves)
    return _topmost(tree, tree.rank < first_undone)


def cut_by_cost(tree: SegmentTree, threshold: float) -> Ids:
    """As scikit-learn's `distance_threshold`: k = 1 + #{inner cost >= threshold}, by count."""
    at_least = (tree.cost >= threshold) & (tree.left != NONE)
    return cut_by_count(tree, 1 + int(np.count_nonzero(at_least)))


def cut_by_typical_length(tree: SegmentTree, seconds: float) -> Ids:
    """The fewest nodes whose typical length is at most `seconds`; all leaves if none is.

    The typical length is that of the scene a random moment lies in: the mean length weighted by
    length, sum(d^2) / sum(d).  The plain mean would call one long scene and many slivers "short".
    """
    if seconds <= 0:
        raise ValueError(f"a length is positive, got {seconds}")
    inner = np.flatnonzero(tree.left != NONE)
    undone_first = inner[np.argsort(-tree.rank[inner])]
    length = tree.end_s - tree.start_s
    # splitting a + b into a and b takes 2ab from the sum of squares
    drops = 2 * length[tree.left[undone_first]] * length[tree.right[undone_first]]
    squares = length[0] ** 2 - np.concatenate([np.zeros(1), np.cumsum(drops)])
    too_long = squares / length[0] > seconds
    return cut_by_count(tree, 1 + int(np.count_nonzero(too_long)))


def scene_cut(tree: SegmentTree, max_s: float, flat_cost: float = FLAT_COST) -> Ids:
    """The default scenes: one per shot, and longer shots split until no piece is over `max_s`.

    A leaf can't be split.  Nor is a node split in which nothing happens (no merge inside cost more
    than `flat_cost`): a still picture is one scene however long it stands.
    """
    whole = (tree.left == NONE) | (tree.end_s - tree.start_s <= max_s)
    whole |= _dearest_inside(tree) <= flat_cost
    ends = tree.last_frame[shots(tree)]
    in_shot = tree.last_frame <= ends[np.searchsorted(ends, tree.first_frame, side="right")]
    return _topmost(tree, whole & in_shot)


def _topmost(tree: SegmentTree, wanted: Flags) -> Ids:
    """Wanted nodes whose parent is not; `wanted` must hold for all below a node it holds for."""
    below = np.zeros(len(tree), dtype=np.bool_)
    below[1:] = wanted[tree.parent[1:]]
    return in_time(tree, wanted & ~below)


def _dearest_inside(tree: SegmentTree) -> Reals:
    """The highest merge cost in each subtree, its top included."""
    dearest, parent = tree.cost.tolist(), tree.parent.tolist()
    for node in range(len(dearest) - 1, 0, -1):
        dearest[parent[node]] = max(dearest[parent[node]], dearest[node])
    return np.array(dearest)
