"""The segment tree: a binary, gap-free hierarchy of segments over a whole video."""

from typing import TypeAlias

import numpy as np
from attrs import field, frozen

from kuavi.domain.spans import Span

Ids: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int32]]
Reals: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Flags: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


@frozen(eq=False)
class SegmentTree:
    """Nodes in breadth-first order; node 0 is the whole video."""

    span: Span
    parent: Ids = field(repr=False)
    left: Ids = field(repr=False)
    right: Ids = field(repr=False)
    level: Ids = field(repr=False)
    start_s: Reals = field(repr=False)
    end_s: Reals = field(repr=False)
    first_frame: Ids = field(repr=False)
    last_frame: Ids = field(repr=False)
    cost: Reals = field(repr=False)
    rank: Ids = field(repr=False)
    is_shot: Flags = field(repr=False)
