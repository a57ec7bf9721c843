"""The segment tree: a strictly binary, gap-free hierarchy of a whole video, built bottom-up.

A boundary lies midway between two sampled frames, as in the trees of Action100M (arXiv
2601.10592), or at a shot cut where one is known to lie between them.  Frames of one shot merge
before shots do.  Scenes are cuts through the tree (see `cuts`).
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from attrs import fields, frozen

from kuavi.domain.chain import Ints, new_chain
from kuavi.domain.space import Matrix
from kuavi.domain.spans import Span
from kuavi.domain.ward import Dendrogram, agglomerate, precision_of, working_copy

Ids: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]
Reals: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

NONE = -1
SLACK_S = 1e-6
"""Times come rounded; a leaf may miss the minimum by this much."""


@frozen(eq=False)
class SegmentTree:
    """All arrays are (n_nodes,), nodes in breadth-first order, node 0 the whole video.

    `parent`, `left`, `right`: node numbers, -1 for none; `level`: depth, the root's is 0.
    `start_s`, `end_s`: seconds; children tile their parent exactly.
    `first_frame`, `last_frame`: samples [first, last) of the node.
    `cost`: merge cost of inner nodes, 0 at leaves (see `ward`; not monotone).
    `rank`: the order in which inner nodes were merged, 0 first; -1 at leaves.
    `is_shot`: the nodes that are whole shots; they tile the video too.

    Raises:
        ValueError: on construction, naming the property that does not hold.
    """

    parent: Ids
    left: Ids
    right: Ids
    level: Ids
    start_s: Reals
    end_s: Reals
    first_frame: Ids
    last_frame: Ids
    cost: Reals
    rank: Ids
    is_shot: Flags

    def __attrs_post_init__(self) -> None:
        arrays = [getattr(self, name.name) for name in fields(SegmentTree)]
        if any(array.shape != (len(self.parent),) for array in arrays) or not len(self.parent):
            raise ValueError(f"arrays must be (n_nodes,), got {[a.shape for a in arrays]}")
        for check in (_shape_faults, _time_faults, _merge_faults):
            for fault in check(self):
                raise ValueError(f"not a segment tree: {fault}")
        for array in arrays:
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def span(self) -> Span:
        return Span(float(self.start_s[0]), float(self.end_s[0]))

    @property
    def n_leaves(self) -> int:
        return (len(self) + 1) // 2

    def span_of(self, node: int) -> Span:
        return Span(float(self.start_s[node]), float(self.end_s[node]))


def leaves(tree: SegmentTree) -> Ids:
    """The leaves in time order."""
    return in_time(tree, tree.left == NONE)


def shots(tree: SegmentTree) -> Ids:
    """The whole shots in time order."""
    return in_time(tree, tree.is_shot)


def worth_annotating(tree: SegmentTree, min_s: float = 4.0) -> Ids:
    """Inner nodes of at least `min_s` seconds, breadth-first: what Action100M gives to its LLM."""
    long_enough = tree.end_s - tree.start_s >= min_s
    return np.flatnonzero((tree.left != NONE) & long_enough)


def nodes_at(tree: SegmentTree, time_s: float) -> tuple[int, ...]:
    """The nodes that contain a moment, from the root down to the leaf.

    Raises:
        ValueError: if the moment is not in the video.
    """
    if not tree.span.contains(time_s):
        raise ValueError(f"{time_s} s is not in {tree.span}")
    node, path = 0, [0]
    while tree.left[node] != NONE:
        right = int(tree.right[node])
        node = right if time_s >= tree.start_s[right] else int(tree.left[node])
        path.append(node)
    return tuple(path)


def in_time(tree: SegmentTree, chosen: Flags) -> Ids:
    """The chosen nodes' numbers, by their place in time."""
    ids = np.flatnonzero(chosen)
    return ids[np.argsort(tree.first_frame[ids])]


def build_tree(
    rows: Matrix,
    times_s: Reals,
    span: Span,
    cuts_s: Sequence[float] = (),
    min_leaf_s: float = 0.5,
    consume: bool = False,
) -> SegmentTree:
    """The segment tree of frames with vectors `rows` (n, dim), shown at `times_s` (n,), seconds.

    Leaves are single frames' cells merged until none is shorter than `min_leaf_s` (cheapest merge
    first, by Ward's cost): a sliver joins its more similar neighbour of its own shot, so it stops
    nothing else from splitting.  A shot that is still too short joins the more similar piece next
    to it and becomes part of that shot.  A video shorter than `min_leaf_s` is one leaf.

    `cuts_s` may come in any order.  A cut at or before the first sample, or after the last, has no
    frame on one side and is left out; of several cuts between the same two samples, the one
    nearest their middle (the earlier, if two are) is the boundary, for the others have no frame
    of their own.  A frame shown exactly at a cut is the first of the new shot.

    Distances are taken in the precision of `precision_of`.  With `consume` the rows, which must be
    writable and C-contiguous, may be overwritten: they are the working copy where that is fp32.

    Raises:
        ValueError: times not strictly ascending or outside `span`, or rows that do not fit them.
    """
    precision = precision_of(rows)
    if len(rows) != len(times_s):
        raise ValueError(f"{len(rows)} rows for {len(times_s)} times")
    bounds, shot_of = cells(times_s, span, cuts_s)
    sums = working_copy(rows, precision, in_place=consume and precision == "fp32")
    chain = new_chain(sums, shot_of, bounds)
    return tree_of(agglomerate(chain, max(min_leaf_s - SLACK_S, 0.0)), bounds)


def cells(times_s: Reals, span: Span, cuts_s: Sequence[float]) -> tuple[Reals, Ints]:
    """Bounds (n + 1,) of the stretch each of n samples stands for, and the shot (n,) of each."""
    if times_s.ndim != 1 or not len(times_s) or not np.isfinite(times_s).all():
        raise ValueError(f"need finite sample times (n,), got {times_s.shape}")
    if (times_s[1:] <= times_s[:-1]).any():
        raise ValueError("sample times must be strictly ascending")
    if times_s[0] < span.start_s or times_s[-1] > span.end_s:
        raise ValueError(f"samples from {times_s[0]} s to {times_s[-1]} s are not inside {span}")
    middles = times_s[:-1] + (times_s[1:] - times_s[:-1]) / 2
    bounds = np.concatenate([[span.start_s], middles, [span.end_s]])
    cuts = np.unique(np.asarray(cuts_s, dtype=np.float64))
    cuts = cuts[(cuts > times_s[0]) & (cuts <= times_s[-1]) & (cuts < span.end_s)]
    gaps = np.searchsorted(times_s, cuts, side="left")
    nearest_first = np.argsort(np.abs(cuts - bounds[gaps]), kind="stable")
    cut_gaps, chosen = np.unique(gaps[nearest_first], return_index=True)
    bounds[cut_gaps] = cuts[nearest_first[chosen]]
    if (bounds[1:] <= bounds[:-1]).any():
        raise ValueError("sample times are too close to each other to lie apart")
    shot_of = np.zeros(len(times_s), dtype=np.int32)
    shot_of[cut_gaps] = 1
    return bounds, np.cumsum(shot_of, dtype=np.int32)


def tree_of(dendrogram: Dendrogram, bounds: Reals) -> SegmentTree:
    """The merges after the slivers' as a tree; frame i lasts from bounds[i] to bounds[i + 1]."""
    n, first_inner = dendrogram.n_frames, dendrogram.n_frames + dendrogram.absorbed
    first, last = _frame_ranges(dendrogram)
    order, parent, level = _breadth_first(dendrogram, first, first_inner)
    is_inner = order >= first_inner
    left = np.full(len(order), NONE)
    left[is_inner] = 1 + 2 * np.arange(np.count_nonzero(is_inner))
    merge = np.where(is_inner, order - n, 0)
    costs = np.append(dendrogram.costs, 0.0)[merge]
    in_shot = order < n + dendrogram.within
    return SegmentTree(
        parent=parent,
        left=left,
        right=np.where(is_inner, left + 1, NONE),
        level=level,
        start_s=bounds[first[order]],
        end_s=bounds[last[order]],
        first_frame=first[order],
        last_frame=last[order],
        cost=np.where(is_inner, costs, 0.0),
        rank=np.where(is_inner, order - first_inner, NONE),
        is_shot=in_shot & ~np.where(parent == NONE, False, in_shot[parent]),
    )


def _frame_ranges(dendrogram: Dendrogram) -> tuple[Ids, Ids]:
    """First frame, and one past the last frame, of every node of the dendrogram."""
    first = list(range(dendrogram.n_frames))
    last = list(range(1, dendrogram.n_frames + 1))
    for a, b in dendrogram.children.tolist():
        first.append(min(first[a], first[b]))
        last.append(max(last[a], last[b]))
    return np.array(first), np.array(last)


def _breadth_first(dendrogram: Dendrogram, first: Ids, first_inner: int) -> tuple[Ids, Ids, Ids]:
    """Dendrogram nodes breadth-first, earlier child first; parents as positions; levels."""
    n, children, starts = dendrogram.n_frames, dendrogram.children.tolist(), first.tolist()
    order, parent, level = [2 * n - 2], [NONE], [0]
    for position, node in enumerate(order):  # grows while it is walked
        if node < first_inner:
            continue
        order += sorted(children[node - n], key=starts.__getitem__)
        parent += [position, position]
        level += [level[position] + 1] * 2
    return np.array(order), np.array(parent), np.array(level)


def _shape_faults(tree: SegmentTree) -> Iterator[str]:
    """Breadth-first, the k-th inner node's children are 2k + 1 and 2k + 2."""
    inner = np.flatnonzero(tree.left != NONE)
    first = 1 + 2 * np.arange(len(inner))
    if len(tree) != 2 * len(inner) + 1 or (inner >= first).any():
        yield "inner nodes and leaves do not make one binary tree in breadth-first order"
        return
    left = np.full(len(tree), NONE)
    left[inner] = first
    if (tree.left != left).any() or (tree.right != np.where(left == NONE, NONE, left + 1)).any():
        yield "children are not numbered breadth-first"
    if tree.parent[0] != NONE or (tree.parent[1:] != np.repeat(inner, 2)).any():
        yield "parents do not match children"
        return
    if tree.level[0] != 0 or (tree.level[1:] != tree.level[tree.parent[1:]] + 1).any():
        yield "level is not depth"


def _time_faults(tree: SegmentTree) -> Iterator[str]:
    inner = np.flatnonzero(tree.left != NONE)
    left, right = tree.left[inner], tree.right[inner]
    bounds = ((tree.start_s, tree.end_s, "times"), (tree.first_frame, tree.last_frame, "frames"))
    for start, end, what in bounds:
        if not (np.isfinite(start) & np.isfinite(end) & (start < end)).all():
            yield f"{what}: a node is empty or not finite"
        tiled = start[left] == start[inner], end[left] == start[right], end[right] == end[inner]
        if not np.logical_and.reduce(tiled).all():
            yield f"{what}: children do not tile their parent"
    if tree.first_frame[0] != 0:
        yield "the video does not start at frame 0"
    whole = shots(tree)
    edges = np.append(tree.first_frame[whole], tree.last_frame[0])
    if len(whole) == 0 or edges[0] != 0 or (tree.last_frame[whole] != edges[1:]).any():
        yield "shots do not tile the video"


def _merge_faults(tree: SegmentTree) -> Iterator[str]:
    is_inner = tree.left != NONE
    inner = np.flatnonzero(is_inner)
    if (tree.cost[~is_inner] != 0).any() or not (np.isfinite(tree.cost) & (tree.cost >= 0)).all():
        yield "costs must be finite and not negative, and 0 at leaves"
    if (tree.rank[~is_inner] != NONE).any():
        yield "leaves have no rank"
    if (np.sort(tree.rank[inner]) != np.arange(len(inner))).any():
        yield "ranks must number the merges"
    elif (tree.rank[1:] >= tree.rank[tree.parent[1:]]).any():
        yield "a node was merged before its children"
