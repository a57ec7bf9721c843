"""A library in memory as it was at one moment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from attrs import field, frozen
from returns.result import Failure, Success

from kuavi.adapters.libraries._bm25 import scores
from kuavi.adapters.libraries._memory_rows import (
    Entry,
    MemoryMaps,
    located_of,
    maps_of,
    tree_of,
)
from kuavi.adapters.libraries._parts import (
    SEARCHED,
    describe,
    described_in,
    query_words,
    vectors_of,
)
from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption, Description
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer, Located, Times
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import Keyframe
from kuavi.domain.outcome import Outcome, collect
from kuavi.domain.shots import Cut
from kuavi.domain.space import Joint, Motion, Space, Text
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, TaggedMoment, Utterance, Word
from kuavi.ports.derived import Derivation, Outline
from kuavi.ports.library import (
    LibraryFailure,
    NoSuchVideo,
    OtherSpace,
    TextMatch,
)
from kuavi.ports.parts import (
    Annotations,
    Captions,
    Cuts,
    Descriptions,
    Keyframes,
    Rows,
    ScreenText,
    Tags,
    Transcript,
)

P = TypeVar("P")
T = TypeVar("T")


@frozen(eq=False)
class MemoryView:
    """Holds the entries of its moment, which nobody changes."""

    path: str
    version: int
    entries: Mapping[VideoId, Entry]
    _derived: dict[str, Any] = field(factory=dict, init=False, repr=False)

    def videos(self) -> Outcome[tuple[VideoRecord, ...], LibraryFailure]:
        records = (entry.record for entry in self.entries.values())
        return Success(tuple(sorted(records, key=lambda record: (record.path, record.id))))

    def video(self, video: VideoId) -> Outcome[VideoRecord, LibraryFailure]:
        entry = self.entries.get(video)
        return Failure(NoSuchVideo(video)) if entry is None else Success(entry.record)

    def cuts(self, video: VideoId) -> Outcome[tuple[Cut, ...], LibraryFailure]:
        return self._items(video, Cuts, lambda part: part.cuts)

    def tree(self, video: VideoId) -> Outcome[SegmentTree | None, LibraryFailure]:
        entry = self.entries.get(video)
        return Failure(NoSuchVideo(video)) if entry is None else Success(tree_of(entry))

    def annotations(self, video: VideoId) -> Outcome[dict[int, Annotation], LibraryFailure]:
        return self._by_node(video, Annotations, lambda part: part.annotations)

    def captions(self, video: VideoId) -> Outcome[dict[int, Caption], LibraryFailure]:
        return self._by_node(video, Captions, lambda part: part.captions)

    def descriptions(
        self, video: VideoId, layer: Layer
    ) -> Outcome[tuple[Description, ...], LibraryFailure]:
        name, entry = described_in(layer), self.entries.get(video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        part = entry.parts.get(name)
        return Success(part.descriptions if isinstance(part, Descriptions) else ())

    def keyframes(
        self, video: VideoId, numbers: range | None = None
    ) -> Outcome[tuple[Keyframe, ...], LibraryFailure]:
        some = slice(None) if numbers is None else slice(max(numbers.start, 0), numbers.stop)
        return self._items(video, Keyframes, lambda part: tuple(part.keyframes[some]))

    def keyframe_times(self, video: VideoId) -> Outcome[Times, LibraryFailure]:
        kept = self.keyframes(video)
        if isinstance(kept, Failure):
            return kept
        return Success(np.array([one.time_s for one in kept.unwrap()], dtype=np.float64))

    def tags(self, video: VideoId) -> Outcome[tuple[TaggedMoment, ...], LibraryFailure]:
        return self._items(video, Tags, lambda part: part.moments)

    def utterances(self, video: VideoId) -> Outcome[tuple[Utterance, ...], LibraryFailure]:
        return self._items(video, Transcript, lambda part: part.utterances)

    def screen(self, video: VideoId) -> Outcome[tuple[ScreenLine, ...], LibraryFailure]:
        return self._items(video, ScreenText, lambda part: part.lines)

    def feature_maps(self, video: VideoId) -> Outcome[MemoryMaps | None, LibraryFailure]:
        entry = self.entries.get(video)
        return Failure(NoSuchVideo(video)) if entry is None else Success(maps_of(entry))

    def outlines(self) -> Outcome[tuple[Outline, ...], LibraryFailure]:
        return collect(self._outline(record.id) for record in self.videos().unwrap())

    def _outline(self, video: VideoId) -> Outcome[Outline, LibraryFailure]:
        times, tags = self.keyframe_times(video).unwrap(), self.tags(video).unwrap()
        return Success(Outline(video, self.tree(video).unwrap(), times, tags))

    def derived(self, what: Derivation[T, LibraryFailure]) -> Outcome[T, LibraryFailure]:
        if what.name not in self._derived:
            computed = what.compute()
            if isinstance(computed, Failure):
                return computed
            self._derived[what.name] = what.load(computed.unwrap())
        return Success(self._derived[what.name])

    def visual(
        self, space: Space[Joint], only: VideoId | None = None
    ) -> Outcome[Located[Joint], LibraryFailure]:
        return self._located(Layer.VISUAL, space, only)

    def motion(
        self, space: Space[Motion], only: VideoId | None = None
    ) -> Outcome[Located[Motion], LibraryFailure]:
        return self._located(Layer.MOTION, space, only)

    def texts(self, space: Space[Text], layer: Layer) -> Outcome[Located[Text], LibraryFailure]:
        if layer not in SEARCHED:
            raise ValueError(f"{layer} holds no texts")
        return self._located(layer, space)

    def full_text(
        self, layer: Layer, query: str, limit: int
    ) -> Outcome[tuple[TextMatch, ...], LibraryFailure]:
        if layer not in SEARCHED:
            raise ValueError(f"{layer} holds no texts")
        places = [place for video in self.entries for place in self._texts(video, layer)]
        ranked = scores([place[3] for place in places], query_words(query))
        found = [
            TextMatch(video, layer, position, span, text, score, self._said(video, layer, position))
            for (video, position, span, text), score in zip(places, ranked, strict=True)
            if score > 0
        ]
        found.sort(key=lambda match: (-match.score, match.video, match.position))
        return Success(tuple(found[: max(limit, 0)]))

    def _said(self, video: VideoId, layer: Layer, position: int) -> tuple[Word, ...]:
        if layer is not Layer.TRANSCRIPT:
            return ()
        return self.utterances(video).unwrap()[position].words

    def _items(
        self, video: VideoId, kind: type[P], items: Callable[[P], tuple[T, ...]]
    ) -> Outcome[tuple[T, ...], LibraryFailure]:
        entry = self.entries.get(video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        parts = (part for part in entry.parts.values() if isinstance(part, kind))
        return Success(next(map(items, parts), ()))

    def _by_node(
        self, video: VideoId, kind: type[P], told: Callable[[P], Mapping[int, T]]
    ) -> Outcome[dict[int, T], LibraryFailure]:
        entry = self.entries.get(video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        parts = (part for part in entry.parts.values() if isinstance(part, kind))
        return Success(dict(next(map(told, parts), {})))

    def _texts(self, video: VideoId, layer: Layer) -> list[tuple[VideoId, int, Span, str]]:
        """The layer's texts of a video with their ordinals and spans."""
        items: Sequence[Utterance | ScreenLine | Description] = ()
        match self.entries[video].parts.get(SEARCHED[layer]):
            case Transcript(utterances):
                items = utterances
            case ScreenText(lines):
                items = lines
            case Descriptions(_, descriptions):
                items = descriptions
            case _:
                pass
        return [(video, i, item.span, item.text) for i, item in enumerate(items)]

    def _located(
        self, layer: Layer, space: Space[Any], only: VideoId | None = None
    ) -> Outcome[Any, LibraryFailure]:
        held: dict[VideoId, Rows] = {}
        for video in sorted(self.entries):
            if only not in (None, video):
                continue
            part = self.entries[video].parts.get(vectors_of(layer))
            if isinstance(part, Rows) and len(part.embeddings):
                held[video] = part
        wanted = {video: part for video, part in held.items() if part.embeddings.space == space}
        if held and not wanted:
            found = sorted({describe(part.embeddings.space) for part in held.values()})
            return Failure(OtherSpace(self.path, describe(space), tuple(found)))
        return Success(located_of(space, wanted))
