"""A library as it was at one moment: every table pinned to a version."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from returns.result import Failure, Success

from kuavi.adapters.libraries import _lance_described as told
from kuavi.adapters.libraries import _lance_rows as decode
from kuavi.adapters.libraries._lance_catalogue import Entry, Holding
from kuavi.adapters.libraries._lance_derived import Kept, derive
from kuavi.adapters.libraries._lance_files import guarded
from kuavi.adapters.libraries._lance_maps import to_maps
from kuavi.adapters.libraries._lance_outlines import outlines
from kuavi.adapters.libraries._lance_schema import empty
from kuavi.adapters.libraries._lance_search import matches
from kuavi.adapters.libraries._lance_tables import fetch
from kuavi.adapters.libraries._lance_vectors import VectorCache, located_once
from kuavi.adapters.libraries._parts import (
    ANNOTATIONS,
    CAPTIONS,
    CUTS,
    FEATURE_MAPS,
    KEYFRAMES,
    MAP_VALUES,
    NODES,
    SCREEN_TEXT,
    SEARCHED,
    TAGS,
    UTTERANCES,
    describe,
    described_in,
    query_words,
    vectors_of,
)
from kuavi.domain.annotation import Annotation
from kuavi.domain.described import Caption, Description
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Layer, Located, Times, of_video
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.media import Keyframe
from kuavi.domain.outcome import Outcome
from kuavi.domain.shots import Cut
from kuavi.domain.space import Joint, Motion, Space, Text
from kuavi.domain.tree import SegmentTree
from kuavi.domain.words import ScreenLine, TaggedMoment, Utterance
from kuavi.ports.derived import Derivation, Outline
from kuavi.ports.library import LibraryFailure, NoSuchVideo, OtherSpace, TextMatch
from kuavi.ports.maps import StoredMaps

T = TypeVar("T")

_REMEMBERED = 64
"""Texts of so many videos are remembered."""


class LanceView:
    """Reads only rows that the pinned `videos` table names; needs no lock."""

    def __init__(
        self,
        path: Path,
        version: int,
        entries: Mapping[VideoId, Entry],
        tables: Mapping[str, Any],
        cache: VectorCache,
        kept: Kept,
    ) -> None:
        self._path = path
        self._version = version
        self._entries = entries
        self._tables = tables
        self._cache = cache
        self._kept = kept
        self._derived: dict[str, Any] = {}
        self._deriving = RLock()
        self._texts: dict[tuple[VideoId, str], Any] = {}
        self._located_before: dict[tuple[Layer, Space[Any]], Located[Any]] = {}

    @property
    def version(self) -> int:
        return self._version

    def videos(self) -> Outcome[tuple[VideoRecord, ...], LibraryFailure]:
        records = (entry.record for entry in self._entries.values())
        return Success(tuple(sorted(records, key=lambda record: (record.path, record.id))))

    def video(self, video: VideoId) -> Outcome[VideoRecord, LibraryFailure]:
        entry = self._entries.get(video)
        return Failure(NoSuchVideo(video)) if entry is None else Success(entry.record)

    def cuts(self, video: VideoId) -> Outcome[tuple[Cut, ...], LibraryFailure]:
        return self._part(video, CUTS, decode.to_cuts)

    def tree(self, video: VideoId) -> Outcome[SegmentTree | None, LibraryFailure]:
        return self._part(video, NODES, decode.to_tree)

    def annotations(self, video: VideoId) -> Outcome[dict[int, Annotation], LibraryFailure]:
        return self._part_of_texts(video, ANNOTATIONS, told.to_annotations)

    def captions(self, video: VideoId) -> Outcome[dict[int, Caption], LibraryFailure]:
        return self._part_of_texts(video, CAPTIONS, told.to_captions)

    def descriptions(
        self, video: VideoId, layer: Layer
    ) -> Outcome[tuple[Description, ...], LibraryFailure]:
        return self._part_of_texts(video, described_in(layer), told.to_descriptions)

    def keyframes(
        self, video: VideoId, numbers: range | None = None
    ) -> Outcome[tuple[Keyframe, ...], LibraryFailure]:
        return self._part(video, KEYFRAMES, decode.to_keyframes, numbers=numbers)

    def keyframe_times(self, video: VideoId) -> Outcome[Times, LibraryFailure]:
        return self._part(video, KEYFRAMES, decode.to_times, ["time_s"])

    def tags(self, video: VideoId) -> Outcome[tuple[TaggedMoment, ...], LibraryFailure]:
        return self._part(video, TAGS, decode.to_tags)

    def utterances(self, video: VideoId) -> Outcome[tuple[Utterance, ...], LibraryFailure]:
        return self._part_of_texts(video, UTTERANCES, decode.to_utterances)

    def screen(self, video: VideoId) -> Outcome[tuple[ScreenLine, ...], LibraryFailure]:
        return self._part_of_texts(video, SCREEN_TEXT, decode.to_lines)

    def feature_maps(
        self, video: VideoId
    ) -> Outcome[StoredMaps[LibraryFailure] | None, LibraryFailure]:
        entry = self._entries.get(video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        about, values = entry.holding(FEATURE_MAPS), entry.holding(MAP_VALUES)
        if about is None or values is None or not about.rows:
            return Success(None)
        held = about, values
        return guarded(
            self._path,
            lambda: to_maps(self._path, video, held, [self._table(one.table) for one in held]),
        )

    def outlines(self) -> Outcome[tuple[Outline, ...], LibraryFailure]:
        ids = [record.id for record in self.videos().unwrap()]
        return guarded(self._path, lambda: outlines(ids, self._holdings, self._table))

    def derived(self, what: Derivation[T, LibraryFailure]) -> Outcome[T, LibraryFailure]:
        with self._deriving:
            if what.name not in self._derived:
                made = derive(what, self._kept)
                if isinstance(made, Failure):
                    return made
                self._derived[what.name] = made.unwrap()
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
        visible, words = self._holdings(SEARCHED[layer]), query_words(query)
        if not words or not visible or limit < 1:
            return Success(())
        table = SEARCHED[layer]
        return guarded(
            self._path, lambda: matches(self._table(table), layer, visible, words, limit)
        )

    def _part_of_texts(
        self, video: VideoId, part: str, decoded: Callable[[Any], T]
    ) -> Outcome[T, LibraryFailure]:
        """As `_part`; the latest are remembered, for hits of one search often share a video."""
        before = self._texts.get((video, part))
        if before is not None:
            return Success(before)
        read = self._part(video, part, decoded)
        if isinstance(read, Success):
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            self._texts[video, part] = read.unwrap()
        return read

    def _part(
        self,
        video: VideoId,
        part: str,
        decoded: Callable[[Any], T],
        columns: Sequence[str] | None = None,
        numbers: range | None = None,
    ) -> Outcome[T, LibraryFailure]:
        entry = self._entries.get(video)
        if entry is None:
            return Failure(NoSuchVideo(video))
        holding = entry.holding(part)
        if holding is None or holding.rows == 0:
            return Success(decoded(empty(part)))
        held = holding
        return guarded(
            self._path,
            lambda: decoded(fetch(self._table(held.table), video, held, columns, numbers)),
        )

    def _holdings(self, part: str) -> dict[VideoId, Holding]:
        """The videos that have rows of a part."""
        held = {video: entry.holding(part) for video, entry in self._entries.items()}
        return {video: holding for video, holding in held.items() if holding and holding.rows}

    def _located(
        self, layer: Layer, space: Space[Any], only: VideoId | None = None
    ) -> Outcome[Any, LibraryFailure]:
        before = self._located_before.get((layer, space))
        if before is not None:
            return Success(before if only is None else of_video(before, only))
        held = self._holdings(vectors_of(layer))
        if only is not None:
            held = {video: holding for video, holding in held.items() if video == only}
        wanted = {video: holding for video, holding in held.items() if holding.space == space}
        if held and not wanted:
            found = sorted({describe(h.space) for h in held.values() if h.space is not None})
            return Failure(OtherSpace(str(self._path), describe(space), tuple(found)))
        names = {holding.table for holding in wanted.values()}

        def load() -> Located[Any]:
            table = self._table(names.pop()) if names else None
            if only is not None:
                return located_once(table, layer, space, wanted)
            rows = self._cache.located(table, layer, space, wanted)
            self._located_before[layer, space] = rows
            return rows

        return guarded(self._path, load)

    def _table(self, name: str) -> Any:
        if name not in self._tables:
            raise ValueError(f"table {name} is missing; `kuavi doctor` says what is lost")
        return self._tables[name]
