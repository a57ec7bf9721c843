"""Published nodes as a segment tree.

The files tell times and parents only.  What a `SegmentTree` has besides is put in its place, and
claims nothing: frames are the leaves, numbered; the merge cost of a node is its duration in
seconds, and nodes were merged in the order of that (so a coarse cut keeps pieces of like length);
the whole video is the one shot, for where its shots end is not known: scenes are then cut along
the tree alone, by their longest length.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.domain.action100m import PublishedNode
from kuavi.domain.outcome import Outcome
from kuavi.domain.tree import NONE, SegmentTree

ROUNDING_S = 0.0101
"""Published times are rounded to 10 ms: what differs by no more is the same moment."""


@frozen
class BadTree:
    """Nodes are not one strictly binary tree without gaps; `node` is the one to blame."""

    node: str
    reason: str

    def __str__(self) -> str:
        return f"node {self.node}: {self.reason}" if self.node else self.reason


@frozen(eq=False)
class Grown:
    """A tree, and for each of its nodes the place of the published node, breadth-first."""

    tree: SegmentTree
    order: tuple[int, ...] = field(repr=False)


@frozen
class _Links:
    """Of nodes by place: children in order of time, and places breadth-first with their depths."""

    children: Mapping[int, Sequence[int]]
    order: Sequence[int]
    depth: Sequence[int]


def to_tree(nodes: Sequence[PublishedNode]) -> Outcome[SegmentTree, BadTree]:
    """The tree of published nodes, in whatever order they come."""
    grown = grow(nodes)
    return grown if isinstance(grown, Failure) else Success(grown.unwrap().tree)


def grow(nodes: Sequence[PublishedNode]) -> Outcome[Grown, BadTree]:
    """As `to_tree`, and which node is which.

    Times are as given, where children tile their parent exactly.  Where they are off by rounding, a
    boundary is where the leaf after it starts.
    """
    for fault in chain(_node_faults(nodes), _root_faults(nodes)):
        return Failure(fault)
    links = _links(nodes)
    for check in (_link_faults, _tiling_faults):
        for fault in check(nodes, links):
            return Failure(fault)
    bounds, ranges = _bounds(nodes, links)
    for before, after, leaf in zip(bounds, bounds[1:], _leaves(links), strict=False):
        if before >= after:
            return Failure(BadTree(nodes[leaf].node_id, "its times are no longer than rounding"))
    return Success(Grown(_tree(links, bounds, ranges), tuple(links.order)))


def _node_faults(nodes: Sequence[PublishedNode]) -> Iterator[BadTree]:
    seen = set[str]()
    for node in nodes:
        if node.node_id in seen:
            yield BadTree(node.node_id, "this id is there twice")
        seen.add(node.node_id)
        if not (0 <= node.start < float("inf") and 0 <= node.end < float("inf")):
            yield BadTree(node.node_id, f"no such times: {node.start} to {node.end}")
        elif node.start >= node.end:
            yield BadTree(node.node_id, f"it ends at {node.end} s, before it has begun")


def _root_faults(nodes: Sequence[PublishedNode]) -> Iterator[BadTree]:
    if not nodes:
        yield BadTree("", "there are no nodes")
        return
    roots = [node.node_id for node in nodes if node.parent_id is None]
    if not roots:
        yield BadTree(nodes[0].node_id, "there is no root: parents go round in a cycle")
    if len(roots) > 1:
        yield BadTree(roots[1], f"a second root beside {roots[0]}")
    there = {node.node_id for node in nodes}
    for node in nodes:
        if node.parent_id is not None and node.parent_id not in there:
            yield BadTree(node.node_id, f"an orphan: there is no node {node.parent_id}")


def _links(nodes: Sequence[PublishedNode]) -> _Links:
    """For nodes with one root and parents that are there."""
    place = {node.node_id: i for i, node in enumerate(nodes)}
    children: dict[int, list[int]] = {}
    order, depth = [], [0]
    for i, node in enumerate(nodes):
        if node.parent_id is None:
            order.append(i)
        else:
            children.setdefault(place[node.parent_id], []).append(i)
    for of_one in children.values():
        of_one.sort(key=lambda i: nodes[i].start)
    for at, i in enumerate(order):  # grows while it is walked
        order += children.get(i, [])
        depth += [depth[at] + 1] * len(children.get(i, []))
    return _Links(children, order, depth)


def _link_faults(nodes: Sequence[PublishedNode], links: _Links) -> Iterator[BadTree]:
    for i, below in sorted(links.children.items()):
        if len(below) != 2:
            yield BadTree(nodes[i].node_id, f"not binary: it has {len(below)} children")
    lost = sorted(set(range(len(nodes))) - set(links.order))
    if lost:
        reason = "the root is not above it: parents go round in a cycle"
        yield BadTree(nodes[lost[0]].node_id, reason)
    for i, depth in zip(links.order, links.depth, strict=True):
        if nodes[i].level != depth:
            reason = f"its level is {nodes[i].level}, but it is {depth} below the root"
            yield BadTree(nodes[i].node_id, reason)


def _tiling_faults(nodes: Sequence[PublishedNode], links: _Links) -> Iterator[BadTree]:
    for i in links.order:
        if i not in links.children:
            continue
        left, right = (nodes[child] for child in links.children[i])
        edges = (
            (nodes[i].start, left.start, "its start and that of its first child"),
            (left.end, right.start, "its children"),
            (right.end, nodes[i].end, "the end of its last child and its own"),
        )
        for before, after, between in edges:
            if abs(after - before) > ROUNDING_S:
                what = "a gap" if after > before else "an overlap"
                reason = f"{what} between {between}: {before} s and {after} s"
                yield BadTree(nodes[i].node_id, reason)


def _leaves(links: _Links) -> list[int]:
    """The places of the leaves in order of time, for a binary tree that tiles."""
    found, stack = [], [links.order[0]]
    while stack:
        i = stack.pop()
        if i in links.children:
            stack += reversed(links.children[i])
        else:
            found.append(i)
    return found


def _bounds(
    nodes: Sequence[PublishedNode], links: _Links
) -> tuple[list[float], dict[int, tuple[int, int]]]:
    """Where leaves begin and the last one ends, and by place the leaves [first, last) of a node."""
    leaves = _leaves(links)
    ranges = {i: (at, at + 1) for at, i in enumerate(leaves)}
    for i in reversed(links.order):
        if i in links.children:
            left, right = links.children[i]
            ranges[i] = ranges[left][0], ranges[right][1]
    return [*(nodes[i].start for i in leaves), nodes[leaves[-1]].end], ranges


def _tree(
    links: _Links, bounds: Sequence[float], ranges: Mapping[int, tuple[int, int]]
) -> SegmentTree:
    order = links.order
    is_inner = np.array([i in links.children for i in order])
    first = np.array([ranges[i][0] for i in order], dtype=np.int64)
    last = np.array([ranges[i][1] for i in order], dtype=np.int64)
    edges = np.array(bounds, dtype=np.float64)
    left = np.full(len(order), NONE, dtype=np.int64)
    left[is_inner] = 1 + 2 * np.arange(np.count_nonzero(is_inner))
    parent = np.full(len(order), NONE, dtype=np.int64)
    parent[1:] = np.repeat(np.flatnonzero(is_inner), 2)
    length_s = edges[last] - edges[first]
    return SegmentTree(
        parent=parent,
        left=left,
        right=np.where(is_inner, left + 1, NONE),
        level=np.array(links.depth, dtype=np.int64),
        start_s=edges[first],
        end_s=edges[last],
        first_frame=first,
        last_frame=last,
        cost=np.where(is_inner, length_s, 0.0),
        rank=_ranks(length_s, is_inner),
        is_shot=np.arange(len(order)) == 0,
    )


def _ranks(length_s: np.ndarray, is_inner: np.ndarray) -> np.ndarray:
    """Shortest first; of equals the one further down, so that children come before parents."""
    inner = np.flatnonzero(is_inner)[::-1]
    rank = np.full(len(length_s), NONE, dtype=np.int64)
    rank[inner[np.argsort(length_s[inner], kind="stable")]] = np.arange(len(inner))
    return rank
