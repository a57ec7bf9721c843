"""What a library in memory holds: videos with their parts, and vectors one after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import evolve, field, frozen
from returns.result import Success

from kuavi.adapters.libraries._parts import FEATURE_MAPS, NODES, stage_of
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.features import FeatureMap
from kuavi.domain.fingerprint import Fingerprint, VideoId
from kuavi.domain.layers import Located
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Embeddings, Motion, Space, joined
from kuavi.domain.tree import SegmentTree
from kuavi.ports.library import LibraryFailure
from kuavi.ports.parts import Annotations, Captions, FeatureMaps, Keyframes, Part, Rows, Tree


@frozen
class Entry:
    record: VideoRecord
    parts: Mapping[str, Part] = field(factory=dict)


def tree_of(entry: Entry) -> SegmentTree | None:
    part = entry.parts.get(NODES)
    return part.tree if isinstance(part, Tree) else None


def key_of(record: VideoRecord, part: Part) -> Fingerprint | None:
    made = record.record(stage_of(part))
    return None if made is None else made.key


def in_memory(part: Part) -> Part:
    """The part without a tie to what it was made from."""
    if isinstance(part, FeatureMaps):
        return evolve(part, maps=tuple(part.maps))
    if isinstance(part, Rows):
        vectors = part.embeddings
        return evolve(part, embeddings=Embeddings(vectors.space, vectors.rows))
    if isinstance(part, Captions):
        return Captions(dict(part.captions))
    if isinstance(part, Annotations):
        return Annotations(dict(part.annotations))
    return Keyframes(tuple(part.keyframes)) if isinstance(part, Keyframes) else part


@frozen(eq=False)
class MemoryMaps:
    """Follows kuavi.ports.maps.StoredMaps."""

    held: FeatureMaps

    @property
    def space(self) -> Space[Motion]:
        return self.held.space

    @property
    def extents(self) -> tuple[MapExtent, ...]:
        return self.held.extents

    def map(self, number: int) -> Outcome[FeatureMap, LibraryFailure]:
        if not 0 <= number < self.held.items:
            raise IndexError(f"map {number} of {self.held.items}")
        return Success(self.held.maps[number])


def maps_of(entry: Entry) -> MemoryMaps | None:
    part = entry.parts.get(FEATURE_MAPS)
    return MemoryMaps(part) if isinstance(part, FeatureMaps) and part.items else None


def located_of(space: Space[Any], wanted: Mapping[VideoId, Rows]) -> Located[Any]:
    lengths = [len(part.embeddings) for part in wanted.values()]
    parts = [part.embeddings.stretch(0, len(part.embeddings)) for part in wanted.values()]
    none = np.empty(0, dtype=np.float64)
    return Located(
        joined(space, parts),
        tuple(wanted),
        np.repeat(np.arange(len(lengths), dtype=np.int64), lengths),
        np.concatenate([np.empty(0, np.int64), *(np.arange(n) for n in lengths)]),
        np.concatenate([none, *(part.start_s for part in wanted.values())]),
        np.concatenate([none, *(part.end_s for part in wanted.values())]),
    )
