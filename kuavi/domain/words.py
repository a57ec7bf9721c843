"""What was said and what was written: values."""

from attrs import field, frozen
from attrs.validators import ge, le, min_len

from kuavi.domain.spans import Span

_share = [ge(0), le(1)]


@frozen
class Word:
    text: str = field(validator=min_len(1))
    span: Span
    probability: float = field(validator=_share)


@frozen
class Utterance:
    """A stretch of speech: its text, and its words with their times where known."""

    span: Span
    text: str
    words: tuple[Word, ...] = ()


@frozen
class ScreenLine:
    """A line of text read on a keyframe.

    `span` is the time the keyframe stands for, `time_s` the keyframe's own time; `box` is
    (left, top, right, bottom) in [0, 1] of the picture.
    """

    time_s: float
    span: Span
    text: str = field(validator=min_len(1))
    confidence: float = field(validator=_share)
    box: tuple[float, float, float, float]


@frozen
class TextBox:
    """A line of text found in one picture; `box` as in `ScreenLine`."""

    text: str = field(validator=min_len(1))
    confidence: float = field(validator=_share)
    box: tuple[float, float, float, float]


@frozen
class Tag:
    """An automatic tag.  Low confidence by nature: ranks, never claims."""

    label: str = field(validator=min_len(1))
    probability: float = field(validator=_share)


@frozen
class TaggedMoment:
    """The tags of one keyframe, most probable first."""

    time_s: float
    tags: tuple[Tag, ...]
