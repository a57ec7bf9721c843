"""What is computed from a library alone, and so can be kept and made again at will."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from attrs import field, frozen
from attrs.validators import matches_re

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Times
from kuavi.domain.outcome import Outcome
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import TaggedMoment

T = TypeVar("T")
F = TypeVar("F")

Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]
"""By name; of numbers, truth values or texts of fixed width, never of objects."""


@frozen
class Derivation(Generic[T, F]):
    """How a value is computed from a view, in two steps.

    `compute` makes arrays, which may be kept on disk if `lasting`; `load` makes the value of them
    and raises ValueError where they don't fit each other.  `name` says what is computed, with all
    its parameters: equal names must mean equal computations.
    """

    name: str = field(validator=matches_re(r"[a-z0-9.-]+"))
    compute: Callable[[], Outcome[Arrays, F]]
    load: Callable[[Arrays], T]
    lasting: bool = True


@frozen(eq=False)
class Outline:
    """A video's tree, the times of its keyframes, and its tags."""

    video: VideoId
    tree: SegmentTree | None
    keyframe_times: Times
    tags: tuple[TaggedMoment, ...]
