"""What parts hold, in memory: vectors one after the other, pictures however they come."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Located
from kuavi.domain.space import Embeddings, Space, joined
from kuavi.ports.parts import Keyframes, Part, Rows


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
