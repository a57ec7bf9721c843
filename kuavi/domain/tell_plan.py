"""How nodes are put into words: which ones, from how many pictures, in how many rounds."""

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, gt

from kuavi.domain.spans import Span


class Mode(StrEnum):
    """FAST: a caption and a brief action for each scene.  FULL: captions of every node, and
    annotations, drafted and revised, of the inner nodes that are long enough.
    """

    FAST = "fast"
    FULL = "full"


@frozen
class TellPlan:
    """`within` and `nodes` choose a part of the video; both None: all of it.

    Pictures are `picture_side` pixels on their longer side, at most `clip_frames` of a clip.
    Annotations are of inner nodes of at least `min_annotated_s`, written in `rounds` rounds: a
    draft, and revisions of it.
    """

    mode: Mode = Mode.FAST
    within: Span | None = None
    nodes: tuple[int, ...] | None = None
    rounds: int = field(default=3, validator=ge(1))
    clip_frames: int = field(default=32, validator=ge(1))
    picture_side: int = field(default=320, validator=ge(32))
    min_annotated_s: float = field(default=4.0, validator=gt(0))
