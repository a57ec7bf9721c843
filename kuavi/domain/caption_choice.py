"""Which nodes of a tree are worth a caption, and which frames of a node are shown for it."""

from collections.abc import Collection, Sequence
from enum import StrEnum

import numpy as np
from attrs import field, frozen
from attrs.validators import ge, gt, le

from kuavi.domain.keyframes import grey_blocks
from kuavi.domain.layers import Times
from kuavi.domain.media import Pixels
from kuavi.domain.space import Embeddings, R, unit
from kuavi.domain.tree import NONE, SegmentTree

CLIP_FRAMES = 32
"""At most so many frames of an inner node are shown."""

NEAR_BLACK = 24.0
"""Grey, of 255, below which no part of a picture shows anything; video black is 16 at most."""

CONSTANT = 8.0
"""Grey, of 255, by which the parts of a picture of one colour may differ, with noise."""


class Why(StrEnum):
    """Why a node is captioned, or not."""

    CAPTIONED = "captioned"
    DEAD = "dead"
    DUPLICATE = "duplicate"


@frozen
class Choice:
    """A node, whether it is captioned, and whose caption stands for it.

    That is its own, or for a duplicate that of an earlier node; a dead node has none (-1).
    """

    node: int = field(validator=ge(0))
    why: Why
    caption_of: int


@frozen
class CaptionRule:
    """`alike`: the least cosine of mean frame vectors at which two nodes show the same.

    It depends on the encoder; the default leaves out only what hardly differs.
    """

    alike: float = field(default=0.995, validator=[gt(0.0), le(1.0)])


RULE = CaptionRule()


def worth_captioning(
    nodes: Sequence[int],
    rows: Embeddings[R],
    dead: Collection[int] = (),
    rule: CaptionRule = RULE,
) -> tuple[Choice, ...]:
    """One choice for each of `nodes`, in their order; row i is the mean vector of node i.

    A node that is not dead and resembles no earlier captioned node enough is captioned; a duplicate
    has the caption of the captioned node that it resembles most (the earlier of equals).  A zero
    vector resembles nothing.

    Raises:
        ValueError: rows and nodes differ in number.
    """
    if len(nodes) != len(rows):
        raise ValueError(f"{len(rows)} rows for {len(nodes)} nodes")
    units = unit(rows.rows)
    captioned = np.empty_like(units)
    owners: list[int] = []
    choices = list[Choice]()
    for node, row in zip(nodes, units, strict=True):
        if node in dead:
            choices.append(Choice(node, Why.DEAD, NONE))
            continue
        cosines = captioned[: len(owners)] @ row
        nearest = int(cosines.argmax()) if owners else NONE
        if owners and cosines[nearest] >= rule.alike:
            choices.append(Choice(node, Why.DUPLICATE, owners[nearest]))
            continue
        captioned[len(owners)] = row
        owners.append(node)
        choices.append(Choice(node, Why.CAPTIONED, node))
    return tuple(choices)


def mean_rows(
    tree: SegmentTree, nodes: Sequence[int], rows: Embeddings[R], times_s: Times
) -> Embeddings[R]:
    """The mean of the unit vectors shown in each node (n, dim), times ascending; 0 where none is.

    Raises:
        ValueError: rows and times differ in number.
    """
    if len(rows) != len(times_s):
        raise ValueError(f"{len(rows)} rows for {len(times_s)} times")
    units, means = unit(rows.rows), np.zeros((len(nodes), rows.space.dim), dtype=np.float32)
    for place, node in enumerate(nodes):
        first, last = _stretch(tree, node, times_s)
        if first < last:
            means[place] = units[first:last].mean(axis=0)
    return Embeddings(rows.space, means)


def frame_times(tree: SegmentTree, node: int, times_s: Times, n: int) -> tuple[float, ...]:
    """At most `n` of the sampled times in a node, ascending: the middles of equal stretches.

    With n = 1 the middle sample.  A node in which nothing was sampled gives its middle.
    """
    if n < 1:
        raise ValueError(f"a caption needs at least one frame, got {n}")
    first, last = _stretch(tree, node, times_s)
    if first == last:
        return (tree.span_of(node).middle_s,)
    shown = min(n, last - first)
    places = first + (2 * np.arange(shown) + 1) * (last - first) // (2 * shown)
    return tuple(times_s[places].tolist())


def n_frames_for(tree: SegmentTree, node: int, most: int = CLIP_FRAMES) -> int:
    """How many frames of a node are shown: one of a leaf, of an inner node up to `most`."""
    return 1 if tree.left[node] == NONE else most


def is_blank(pixels: Pixels) -> bool:
    """Whether there is nothing to see in a picture: near black, or of one colour.

    A heuristic on the grey means of a 64 x 36 grid of blocks: all dark, or all alike.  A logo, a
    line of text or the outline of a dark room makes a block differ, so such a picture is not blank.
    """
    blocks = grey_blocks(pixels)
    return bool(blocks.max() < NEAR_BLACK or blocks.max() - blocks.min() < CONSTANT)


def is_dead(pictures: Sequence[Pixels]) -> bool:
    """Whether nothing is to be seen in a node: all its pictures are blank, and there are some.

    Give it the pictures that the captioner would get, or before anything is decoded the keyframes
    that stand for a part of the node.
    """
    return len(pictures) > 0 and all(map(is_blank, pictures))


def _stretch(tree: SegmentTree, node: int, times_s: Times) -> tuple[int, int]:
    """The samples [first, last) whose times are in a node; the video's end is in it too."""
    first, last = np.searchsorted(times_s, (tree.start_s[node], tree.end_s[node])).tolist()
    return first, len(times_s) if tree.end_s[node] == tree.end_s[0] else last
