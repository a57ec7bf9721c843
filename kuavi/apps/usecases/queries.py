"""What can be asked of a library, what comes back, and why it can't."""

from enum import StrEnum
from typing import TypeAlias

import attrs
from attrs import frozen
from attrs.validators import ge, gt, optional

from kuavi.domain.evidence import Evidence
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.spans import Span
from kuavi.domain.words import Tag
from kuavi.ports.files import FilesFailure
from kuavi.ports.library import LibraryFailure
from kuavi.ports.models import ModelFailure
from kuavi.ports.pictures import BadImage


class Field(StrEnum):
    """Where to look."""

    VISUAL = "visual"
    TEMPORAL = "temporal"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"
    SUMMARY = "summary"
    ACTION = "action"
    ALL = "all"


@frozen
class ByText:
    text: str


@frozen
class ByImage:
    """Moments that look like this picture file."""

    path: str


@frozen
class BySpan:
    """Moments like this one, elsewhere."""

    video: VideoId
    span: Span


Query: TypeAlias = ByText | ByImage | BySpan


@frozen
class SearchRequest:
    """`videos` empty: all; `scene_s`: typical length of a result, None for the video's own scenes.

    `field` None: for a text ACTION where there are brief actions, else ALL.  `diverse` prefers
    results that differ from each other: by clusters where actions are searched, else by maximal
    marginal relevance.  `duplicates` shows each of several nodes of a video that say the same.
    """

    query: Query
    field: Field | None = None
    limit: int = attrs.field(default=10, validator=ge(1))
    videos: tuple[VideoId, ...] = ()
    within: Span | None = None
    scene_s: float | None = attrs.field(default=None, validator=optional(gt(0)))
    diverse: bool = False
    duplicates: bool = False


@frozen
class FieldMatch:
    """Why a hit is one: its rank (from 1) and score in one ranking, and what matched there.

    Scores of different rankings can't be compared.
    """

    field: Field
    method: str
    rank: int
    score: float
    evidence: Evidence
    moment: Span
    text: str = ""


@frozen
class Hit:
    """A scene that answers the query.

    `scene` is a node of any size where summaries or actions are searched alone.  `alike` is how
    many more nodes of the video say the same, and are hidden for it.
    `moment` is the stretch within or around it that matched best; `score` in (0, 1] is the fused
    rank score: 1 for what comes first in every field.  `text` is what was said, written or told
    there, if that matched; `tags` are automatic and of low confidence.
    """

    video: VideoId
    title: str
    path: str
    node: int
    scene: Span
    moment: Span
    score: float
    matches: tuple[FieldMatch, ...]
    text: str
    tags: tuple[Tag, ...]
    thumbnail_s: float | None
    alike: int = 0


@frozen
class SearchResult:
    """`searched` are the fields that took part; `notes` say what could not, and why."""

    hits: tuple[Hit, ...]
    searched: tuple[Field, ...]
    notes: tuple[str, ...] = ()


@frozen
class EmptyQuery:
    def __str__(self) -> str:
        return "the query is empty; say what to look for"


@frozen
class NothingIndexed:
    path: str

    def __str__(self) -> str:
        return f"{self.path}: nothing is indexed yet; run `kuavi index VIDEO`"


@frozen
class FieldUnavailable:
    field: Field
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"field {self.field.value}: {self.reason}; {self.remedy}"


SearchFailure: TypeAlias = (
    EmptyQuery
    | NothingIndexed
    | FieldUnavailable
    | LibraryFailure
    | ModelFailure
    | FilesFailure
    | BadImage
)
