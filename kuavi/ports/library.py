"""Library port: where indexes live.

A library holds any number of videos.  Each finished stage of a video is one commit: readers see all
of it or nothing.  A reader works on a `LibraryView`, which stays as it is whatever writers do.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias, TypeVar

from attrs import frozen

from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption, Description
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer, Located, Times
from kuavi.domain.manifest import Stage, VideoRecord
from kuavi.domain.media import Keyframe
from kuavi.domain.outcome import Outcome
from kuavi.domain.presets import PRESETS
from kuavi.domain.shots import Cut
from kuavi.domain.space import Joint, Motion, Space, Text
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, TaggedMoment, Utterance, Word
from kuavi.ports.derived import Derivation, Outline
from kuavi.ports.health import Health
from kuavi.ports.maps import StoredMaps
from kuavi.ports.parts import Part

T = TypeVar("T")

SCHEMA_VERSION = 3
"""2 has feature maps besides, 3 captions and descriptions; an older library is read, and becomes
one of the latest schema when the first of these are written to it.
"""


@frozen
class NoLibrary:
    """Nothing is there, or it isn't a library."""

    path: str

    def __str__(self) -> str:
        return (
            f"{self.path}: no KUAVi library here; make one with `kuavi index VIDEO --library ...`"
        )


@frozen
class UnknownSchema:
    """The library was written by another version of KUAVi."""

    path: str
    found: int

    def __str__(self) -> str:
        relation = "a newer" if self.found > SCHEMA_VERSION else "an older"
        return (
            f"{self.path}: written by {relation} KUAVi (schema {self.found}, this one reads "
            f"{SCHEMA_VERSION}); use that version, or index into a new library"
        )


@frozen
class OtherSpace:
    """The library's vectors were made by another model than the one asked for."""

    path: str
    wanted: str
    found: tuple[str, ...]

    def __str__(self) -> str:
        found = ", ".join(self.found) or "none"
        fitting = [
            preset.name
            for preset in PRESETS.values()
            if any(f"{spec.model_id} (" in f for spec in preset.models.values() for f in self.found)
        ]
        made_by = f" ({', '.join(fitting)})" if fitting else ""
        return (
            f"{self.path}: holds no vectors of {self.wanted} (found: {found}); open it with the "
            f"--scene-model-preset that it was indexed with{made_by}, or index its videos again "
            "with this one"
        )


@frozen
class NoSuchVideo:
    video: str

    def __str__(self) -> str:
        return f"{self.video}: no such video in this library; `kuavi videos` lists them"


@frozen
class Removed:
    """The video that a commit goes on with was removed, or changed, since it was read."""

    path: str
    lost: tuple[Stage, ...]

    def __str__(self) -> str:
        lost = ", ".join(stage.value for stage in self.lost)
        return (
            f"{self.path}: was removed from the library, or changed in it, while it was being "
            f"indexed ({lost}: gone); nothing more was written, index it again if you want it"
        )


@frozen
class StorageFailed:
    """The disk or the database refused."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@frozen
class Locked:
    """Another process is writing."""

    path: str
    holder: str

    def __str__(self) -> str:
        return f"{self.path}: {self.holder} is writing to this library; wait for it to end"


LibraryFailure: TypeAlias = (
    NoLibrary | UnknownSchema | OtherSpace | NoSuchVideo | Removed | StorageFailed | Locked
)


@frozen
class TextMatch:
    """A full-text hit: the item's ordinal within its video and layer, and its BM25 score (> 0).

    `words` are those of an utterance that have times; empty in other layers.
    """

    video: VideoId
    layer: Layer
    position: int
    span: Span
    text: str
    score: float
    words: tuple[Word, ...] = ()


class LibraryView(Protocol):
    """A library as it was at one moment."""

    @property
    def version(self) -> int:
        """Grows with each commit; equal versions hold equal content."""
        ...

    def videos(self) -> Outcome[tuple[VideoRecord, ...], LibraryFailure]:
        """Every video, sorted by path."""
        ...

    def video(self, video: VideoId) -> Outcome[VideoRecord, LibraryFailure]: ...

    def cuts(self, video: VideoId) -> Outcome[tuple[Cut, ...], LibraryFailure]:
        """Empty where the stage has not run; so for all that follows."""
        ...

    def tree(self, video: VideoId) -> Outcome[SegmentTree | None, LibraryFailure]: ...

    def annotations(self, video: VideoId) -> Outcome[dict[int, Annotation], LibraryFailure]:
        """By node of the tree; a node that isn't there has none."""
        ...

    def captions(self, video: VideoId) -> Outcome[dict[int, Caption], LibraryFailure]:
        """As `annotations`."""
        ...

    def descriptions(
        self, video: VideoId, layer: Layer
    ) -> Outcome[tuple[Description, ...], LibraryFailure]:
        """Of layer SUMMARY or ACTION, in ascending order of node."""
        ...

    def keyframes(
        self, video: VideoId, numbers: range | None = None
    ) -> Outcome[tuple[Keyframe, ...], LibraryFailure]:
        """All, or those of consecutive `numbers`, from 0 in order of time, that there are."""
        ...

    def keyframe_times(self, video: VideoId) -> Outcome[Times, LibraryFailure]:
        """Ascending; without reading the pictures."""
        ...

    def tags(self, video: VideoId) -> Outcome[tuple[TaggedMoment, ...], LibraryFailure]: ...

    def utterances(self, video: VideoId) -> Outcome[tuple[Utterance, ...], LibraryFailure]: ...

    def screen(self, video: VideoId) -> Outcome[tuple[ScreenLine, ...], LibraryFailure]: ...

    def feature_maps(
        self, video: VideoId
    ) -> Outcome[StoredMaps[LibraryFailure] | None, LibraryFailure]:
        """None where there are none; no map is read until it is asked for."""
        ...

    def outlines(self) -> Outcome[tuple[Outline, ...], LibraryFailure]:
        """Tree, keyframe times and tags of every video, in the order of `videos`, in one go."""
        ...

    def derived(self, what: Derivation[T, LibraryFailure]) -> Outcome[T, LibraryFailure]:
        """The value of a derivation, computed at most once while the view lives.

        The same object each time.  It may come from what an earlier process computed from equal
        content.
        """
        ...

    def visual(
        self, space: Space[Joint], only: VideoId | None = None
    ) -> Outcome[Located[Joint], LibraryFailure]:
        """The frames' vectors of all videos, or of one; `OtherSpace` if none is of `space`.

        All are kept in memory while the view lives; those of one video are read for the asking, and
        their array is the asker's alone, who may make it writable and use it up.
        """
        ...

    def motion(
        self, space: Space[Motion], only: VideoId | None = None
    ) -> Outcome[Located[Motion], LibraryFailure]:
        """As `visual`."""
        ...

    def texts(self, space: Space[Text], layer: Layer) -> Outcome[Located[Text], LibraryFailure]:
        """Vectors of utterances (TRANSCRIPT), screen lines (SCREEN) or descriptions."""
        ...

    def full_text(
        self, layer: Layer, query: str, limit: int
    ) -> Outcome[tuple[TextMatch, ...], LibraryFailure]:
        """BM25 over a layer that holds texts, best first; any word of the query may match.

        Case and accents are ignored, words are stemmed; a query without words matches nothing.
        """
        ...


class Library(Protocol):
    """Contract: tests/contract/test_library.py."""

    @property
    def path(self) -> str: ...

    def view(self) -> Outcome[LibraryView, LibraryFailure]:
        """The library as it is now; the same object while nothing was committed since."""
        ...

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        """Put a video's record and the parts of its newly finished stages in place, all or nothing.

        The parts belong to those stages of `record` whose keys are not in the library yet; parts of
        stages that the record no longer names, or names with another key, disappear.  A stage that
        comes without parts and is not there (any more) under its key is `Removed`: a record never
        names what a library does not hold.  Of the paths of a video that is there only the first is
        the record's to say; it comes before those that the library has (see `claim`).
        """
        ...

    def claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        """What is at `path` is `video` now: no other video is found there any more.

        One that is found nowhere else is removed.  Gives the videos that lost the path.
        """
        ...

    def remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        """Forget a video and all that was made from it."""
        ...

    def doctor(self, repair: bool) -> Outcome[Health, LibraryFailure]:
        """Check the library; with `repair`, drop leftovers of interrupted runs and compact."""
        ...
