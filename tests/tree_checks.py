"""What makes a hierarchy of segments one of Action100M's kind; for our trees and published ones."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kuavi.domain.tree import Flags, Ids, Reals, SegmentTree


class Hierarchy(NamedTuple):
    """Nodes in the order in which they are stored; `parent` is a position, -1 for none."""

    parent: Ids
    level: Ids
    start_s: Reals
    end_s: Reals


def hierarchy_of(tree: SegmentTree) -> Hierarchy:
    return Hierarchy(tree.parent, tree.level, tree.start_s, tree.end_s)


def hierarchy_of_records(nodes: Sequence[Mapping[str, Any]]) -> Hierarchy:
    position: dict[str | None, int] = {node["node_id"]: at for at, node in enumerate(nodes)}
    position[None] = -1
    return Hierarchy(
        parent=np.array([position[node["parent_id"]] for node in nodes]),
        level=np.array([node["level"] for node in nodes], dtype=np.int64),
        start_s=np.array([node["start"] for node in nodes], dtype=np.float64),
        end_s=np.array([node["end"] for node in nodes], dtype=np.float64),
    )


def is_leaf(nodes: Hierarchy) -> Flags:
    return ~np.isin(np.arange(len(nodes.parent)), nodes.parent)


def check_strictly_binary(nodes: Hierarchy) -> None:
    """One root; every other node has exactly one sibling."""
    assert np.count_nonzero(nodes.parent == -1) == 1
    children = np.bincount(nodes.parent[nodes.parent >= 0], minlength=len(nodes.parent))
    assert set(children.tolist()) <= {0, 2}


def check_breadth_first(nodes: Hierarchy) -> None:
    """The root first; nodes come in the order of their parents, siblings in the order of time."""
    assert nodes.parent[0] == -1
    assert (np.diff(nodes.parent) >= 0).all()
    assert (nodes.parent < np.arange(len(nodes.parent))).all()
    assert (nodes.start_s[1::2] < nodes.start_s[2::2]).all()


def check_level_is_depth(nodes: Hierarchy) -> None:
    assert nodes.level[0] == 0
    assert (nodes.level[1:] == nodes.level[nodes.parent[1:]] + 1).all()


def check_children_tile_parents(nodes: Hierarchy, within_s: float = 0.0) -> None:
    """Breadth-first nodes: the two of each pair cover their parent without gap or overlap."""
    first, second = slice(1, None, 2), slice(2, None, 2)
    parent = nodes.parent[first]
    assert (np.abs(nodes.start_s[first] - nodes.start_s[parent]) <= within_s).all()
    assert (np.abs(nodes.end_s[first] - nodes.start_s[second]) <= within_s).all()
    assert (np.abs(nodes.end_s[second] - nodes.end_s[parent]) <= within_s).all()


def check_no_node_shorter(nodes: Hierarchy, min_s: float, within_s: float = 0.0) -> None:
    """A video shorter than that is one node."""
    if len(nodes.parent) > 1:
        assert (nodes.end_s - nodes.start_s >= min_s - within_s).all()


def check_boundaries_midway(
    nodes: Hierarchy, times_s: Reals, cuts_s: Sequence[float] = (), within_s: float = 0.0
) -> None:
    """Inner boundaries lie midway between two samples, `within_s` on average, or at a cut."""
    boundaries = np.setdiff1d(np.unique(nodes.start_s), [nodes.start_s[0], *cuts_s])
    if len(boundaries):
        middles = (times_s[:-1] + times_s[1:]) / 2
        assert np.abs(boundaries[:, None] - middles).min(axis=1).mean() <= within_s
