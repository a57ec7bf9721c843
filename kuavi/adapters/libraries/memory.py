"""A library in memory: forgets everything when the program ends.  For tests and for trying out.

It behaves as the library on disk does, with its own BM25, whose stemming knows plurals only.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, TypeVar

import numpy as np
from attrs import evolve, field, frozen
from returns.result import Failure, Success

from kuavi.adapters.libraries._bm25 import scores
from kuavi.adapters.libraries._memory_rows import (
    Entry,
    MemoryMaps,
    in_memory,
    key_of,
    located_of,
    maps_of,
    tree_of,
)
from kuavi.adapters.libraries._parts import (
    NODES,
    SEARCHED,
    check_parts,
    continued,
    describe,
    part_name,
    query_words,
    summary_text,
    vectors_of,
    without_path,
)
from kuavi.domain.annotation import Annotation
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
from kuavi.ports.health import Health
from kuavi.ports.library import (
    SCHEMA_VERSION,
    Library,
    LibraryFailure,
    LibraryView,
    NoLibrary,
    NoSuchVideo,
    OtherSpace,
    TextMatch,
)
from kuavi.ports.parts import Cuts, Keyframes, Part, Rows, ScreenText, Tags, Transcript

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
        entry = self.entries.get(video)
        return Failure(NoSuchVideo(video)) if entry is None else Success(dict(entry.annotations))

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

    def _texts(self, video: VideoId, layer: Layer) -> list[tuple[VideoId, int, Span, str]]:
        """The layer's texts of a video with their ordinals and spans."""
        entry = self.entries[video]
        part, tree = entry.parts.get(SEARCHED[layer]), tree_of(entry)
        if isinstance(part, Transcript):
            return [(video, i, said.span, said.text) for i, said in enumerate(part.utterances)]
        if isinstance(part, ScreenText):
            return [(video, i, line.span, line.text) for i, line in enumerate(part.lines)]
        if layer is not Layer.SUMMARY or tree is None:
            return []
        return [
            (video, node, tree.span_of(node), summary_text(value))
            for node, value in sorted(entry.annotations.items())
        ]

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


class MemoryLibrary:
    """Safe to share between threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._view = MemoryView(path, 0, {})
        self._lock = RLock()

    @property
    def path(self) -> str:
        return self._path

    def view(self) -> Outcome[LibraryView, LibraryFailure]:
        return Success(self._view)

    def commit(
        self, record: VideoRecord, parts: Sequence[Part] = ()
    ) -> Outcome[None, LibraryFailure]:
        """As the port says.  A part that is there under the stage's key is not written again."""
        check_parts(record, parts)
        with self._lock:
            entry = self._view.entries.get(record.id)
            checked = continued(record, None if entry is None else entry.record, parts)
            if isinstance(checked, Failure):
                return checked
            record, before = checked.unwrap(), entry or Entry(record)
            kept = {
                name: part
                for name, part in before.parts.items()
                if key_of(record, part) == key_of(before.record, part)
            }
            new = {part_name(part): in_memory(part) for part in parts}
            annotations = before.annotations if NODES in kept else {}
            self._put(Entry(record, {**new, **kept}, annotations))
        return Success(None)

    def claim(self, video: VideoId, path: str) -> Outcome[tuple[VideoId, ...], LibraryFailure]:
        with self._lock:
            entries = {**self._view.entries}
            lost = [v for v, entry in entries.items() if v != video and path in entry.record.paths]
            for other in lost:
                entry = entries.pop(other)
                record = without_path(entry.record, path)
                if record is not None:
                    entries[other] = evolve(entry, record=record)
            if lost:
                self._replace(entries)
        return Success(tuple(lost))

    def annotate(
        self, video: VideoId, annotations: dict[int, Annotation]
    ) -> Outcome[None, LibraryFailure]:
        """As the port says; IndexError for a node that isn't in the tree."""
        with self._lock:
            entry = self._view.entries.get(video)
            if entry is None:
                return Failure(NoSuchVideo(video))
            tree = tree_of(entry)
            n_nodes = 0 if tree is None else len(tree)
            if not all(0 <= node < n_nodes for node in annotations):
                raise IndexError(f"nodes {sorted(annotations)} of a tree of {n_nodes}")
            after = {**entry.annotations, **annotations}
            if after != entry.annotations:
                self._put(evolve(entry, annotations=after))
        return Success(None)

    def remove(self, video: VideoId) -> Outcome[None, LibraryFailure]:
        with self._lock:
            if video not in self._view.entries:
                return Failure(NoSuchVideo(video))
            self._replace({v: entry for v, entry in self._view.entries.items() if v != video})
        return Success(None)

    def doctor(self, repair: bool) -> Outcome[Health, LibraryFailure]:  # noqa: ARG002
        """There is nothing that could be broken: the findings are always empty."""
        entries = self._view.entries
        return Success(
            Health(self._path, SCHEMA_VERSION, len(entries), rows={"videos": len(entries)})
        )

    def _put(self, entry: Entry) -> None:
        self._replace({**self._view.entries, entry.record.id: entry})

    def _replace(self, entries: Mapping[VideoId, Entry]) -> None:
        self._view = MemoryView(self._path, self._view.version + 1, entries)


def build(path: str, create: bool) -> Outcome[Library, LibraryFailure]:
    """A new, empty library; `NoLibrary` without `create`, as none outlives its maker."""
    return Success(MemoryLibrary(path)) if create else Failure(NoLibrary(path))
