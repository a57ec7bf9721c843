"""What a library in memory holds: videos with their parts, and vectors one after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen

from kuavi.adapters.libraries._parts import NODES, stage_of
from kuavi.domain.annotation import Annotation
from kuavi.domain.fingerprint import Fingerprint, VideoId
from kuavi.domain.layers import Located
from kuavi.domain.manifest import VideoRecord
from kuavi.domain.space import Embeddings, Space, joined
from kuavi.domain.tree import SegmentTree
from kuavi.ports.parts import Keyframes, Part, Rows, Tree


@frozen
class Entry:
    record: VideoRecord
    parts: Mapping[str, Part] = field(factory=dict)
    annotations: Mapping[int, Annotation] = field(factory=dict)


def tree_of(entry: Entry) -> SegmentTree | None:
    part = entry.parts.get(NODES)
    return part.tree if isinstance(part, Tree) else None


def key_of(record: VideoRecord, part: Part) -> Fingerprint | None:
    made = record.record(stage_of(part))
    return None if made is None else made.key


def in_memory(part: Part) -> Part:
    """The part without a tie to what it was made from."""
    return Keyframes(tuple(part.keyframes)) if isinstance(part, Keyframes) else part


def located_of(space: Space[Any], wanted: Mapping[VideoId, Rows]) -> Located[Any]:
    lengths = [len(part.embeddings) for part in wanted.values()]
    parts: list[Embeddings[Any]] = [part.embeddings for part in wanted.values()]
    none = np.empty(0, dtype=np.float64)
    return Located(
        joined(space, parts),
        tuple(wanted),
        np.repeat(np.arange(len(lengths), dtype=np.int64), lengths),
        np.concatenate([np.empty(0, np.int64), *(np.arange(n) for n in lengths)]),
        np.concatenate([none, *(part.start_s for part in wanted.values())]),
        np.concatenate([none, *(part.end_s for part in wanted.values())]),
    )
