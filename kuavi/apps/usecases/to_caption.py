"""Which nodes a run captions, and at which times each is looked at."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from kuavi.apps.usecases.scene_table import scenes_of
from kuavi.apps.usecases.telling import chosen_nodes
from kuavi.domain.caption_choice import (
    Why,
    frame_times,
    mean_rows,
    n_frames_for,
    worth_captioning,
)
from kuavi.domain.layers import Located
from kuavi.domain.space import Joint
from kuavi.domain.tell_plan import Mode, TellPlan
from kuavi.domain.tree import SegmentTree


@frozen
class Selection:
    """Times (seconds) by node that is to have a caption; and the nodes that look as such a one."""

    times_s: Mapping[int, Sequence[float]]
    alike: Mapping[int, int]


def select(tree: SegmentTree, plan: TellPlan, frames: Located[Joint]) -> Selection:
    """FAST: the scenes, but for those that look as an earlier one.  FULL: every node.

    Pictures are those that were sampled for the index; `plan.clip_frames` of an inner node.
    """
    every = scenes_of(tree, None).tolist() if plan.mode is Mode.FAST else range(len(tree))
    nodes = chosen_nodes(tree, every, plan)
    alike: dict[int, int] = {}
    if plan.mode is Mode.FAST:
        means = mean_rows(tree, nodes, frames.embeddings, frames.start_s)
        choices = worth_captioning(nodes, means)
        alike = {one.node: one.caption_of for one in choices if one.why is Why.DUPLICATE}
    shown = [node for node in nodes if node not in alike]
    return Selection(times_of(tree, shown, plan.clip_frames, frames), alike)


def times_of(
    tree: SegmentTree, nodes: Sequence[int], most: int, frames: Located[Joint]
) -> dict[int, tuple[float, ...]]:
    """At which times (seconds) each node is looked at: a leaf once, an inner node up to `most`."""
    return {
        node: frame_times(tree, node, frames.start_s, n_frames_for(tree, node, most))
        for node in nodes
    }
