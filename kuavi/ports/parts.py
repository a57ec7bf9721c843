"""What stages write into a library: a part for each kind of result."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from kuavi.domain.annotation import Annotation
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.described import Caption, Description
from kuavi.domain.features import FeatureMap
from kuavi.domain.layers import Layer, Times
from kuavi.domain.media import Keyframe
from kuavi.domain.shots import Cut
from kuavi.domain.space import Motion, Space, Vectors
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, TaggedMoment, Utterance


@frozen
class Cuts:
    """Written by stage SHOTS."""

    cuts: tuple[Cut, ...]

    @property
    def items(self) -> int:
        return len(self.cuts)


@frozen
class Keyframes:
    """Written by stage KEYFRAMES.

    The pictures of a long video are not for memory: `keyframes` may read each when it is taken
    (OSError if the disk refuses), so take few at a time and in one go.
    """

    keyframes: Sequence[Keyframe]

    @property
    def items(self) -> int:
        return len(self.keyframes)


@frozen
class Tags:
    """Written by stage TAGS."""

    moments: tuple[TaggedMoment, ...]

    @property
    def items(self) -> int:
        return len(self.moments)


@frozen(eq=False)
class Rows:
    """Vectors of a layer; row i speaks for [start_s[i], end_s[i]).

    Written by stages VISUAL, MOTION, (for TRANSCRIPT and SCREEN) TEXT, and (for SUMMARY and ACTION)
    DESCRIPTIONS.  As with keyframes, take
    few vectors at a time: those of a long video are not for memory.
    """

    layer: Layer
    embeddings: Vectors
    start_s: Times
    end_s: Times

    def __attrs_post_init__(self) -> None:
        if not len(self.embeddings) == len(self.start_s) == len(self.end_s):
            raise ValueError("rows and their times differ in length")

    @property
    def items(self) -> int:
        return len(self.embeddings)


@frozen(eq=False)
class Tree:
    """Written by stage TREE."""

    tree: SegmentTree

    @property
    def items(self) -> int:
        return len(self.tree.parent)


@frozen
class Transcript:
    """Written by stage TRANSCRIPT."""

    utterances: tuple[Utterance, ...]

    @property
    def items(self) -> int:
        return len(self.utterances)


@frozen
class ScreenText:
    """Written by stage SCREEN."""

    lines: tuple[ScreenLine, ...]

    @property
    def items(self) -> int:
        return len(self.lines)


@frozen(eq=False)
class FeatureMaps:
    """Written by stage FEATURES; map i spans `extents[i]`.

    As with keyframes, `maps` may read each when it is taken (OSError if the disk refuses).
    """

    space: Space[Motion]
    extents: tuple[MapExtent, ...]
    maps: Sequence[FeatureMap]

    def __attrs_post_init__(self) -> None:
        if len(self.extents) != len(self.maps):
            raise ValueError("maps and their extents differ in number")

    @property
    def items(self) -> int:
        return len(self.extents)


@frozen
class Captions:
    """Written by stage CAPTIONS: by node of the video's tree."""

    captions: Mapping[int, Caption] = field(hash=False)

    @property
    def items(self) -> int:
        return len(self.captions)


@frozen
class Annotations:
    """Written by stage ANNOTATIONS: by node of the video's tree."""

    annotations: Mapping[int, Annotation] = field(hash=False)

    @property
    def items(self) -> int:
        return len(self.annotations)


@frozen
class Descriptions:
    """Written by stage DESCRIPTIONS, for layers SUMMARY and ACTION, in ascending order of node.

    Row i of the layer's vectors (`Rows`) speaks for item i.
    """

    layer: Layer
    descriptions: tuple[Description, ...]

    @property
    def items(self) -> int:
        return len(self.descriptions)


Part: TypeAlias = (
    Cuts
    | Keyframes
    | Tags
    | Rows
    | Tree
    | Transcript
    | ScreenText
    | FeatureMaps
    | Captions
    | Annotations
    | Descriptions
)
"""Each has `items`: how many it holds, as the stage's record counts them."""
