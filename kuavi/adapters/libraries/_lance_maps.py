"""Feature maps in tables: one row a map in `feature_maps`, its values as pieces in `map_values`.

The tables are made with the first maps.  Values are cut into small pieces because Lance compacts
some thousand rows at a time in memory, however large they are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from kuavi.adapters.libraries._lance_catalogue import Holding
from kuavi.adapters.libraries._lance_files import guarded
from kuavi.adapters.libraries._lance_rows import n_pieces, to_extents
from kuavi.adapters.libraries._lance_tables import fetch
from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.features import FeatureMap
from kuavi.domain.fingerprint import VideoId
from kuavi.domain.layers import Indices
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Motion, Space
from kuavi.ports.library import LibraryFailure


@frozen(eq=False)
class LanceMaps:
    """Follows kuavi.ports.maps.StoredMaps; reads from a table pinned to a version."""

    path: Path
    space: Space[Motion]
    extents: tuple[MapExtent, ...]
    ends: Indices
    """Of each map, the position after its last piece."""
    video: VideoId
    held: Holding
    values: Any

    def map(self, number: int) -> Outcome[FeatureMap, LibraryFailure]:
        if not 0 <= number < len(self.extents):
            raise IndexError(f"map {number} of {len(self.extents)}")
        return guarded(self.path, lambda: self._read(number))

    def _read(self, number: int) -> FeatureMap:
        first = int(self.ends[number - 1]) if number else 0
        pieces = range(first, int(self.ends[number]))
        rows = fetch(self.values, self.video, self.held, ["values"], pieces)
        halves = np.frombuffer(b"".join(rows["values"].to_pylist()), dtype=np.float16)
        return FeatureMap(self.space, halves.reshape(self.extents[number].shape(self.space.dim)))


def to_maps(
    path: Path, video: VideoId, held: tuple[Holding, Holding], tables: Sequence[Any]
) -> LanceMaps:
    """The maps that two holdings name, with two tables in the same order; reads no values."""
    rows = fetch(tables[0], video, held[0])
    space = held[0].space
    if space is None:
        raise ValueError(f"the feature maps of video {video} name no space")
    extents = tuple(to_extents(rows))
    ends = np.cumsum([n_pieces(one, space.dim) for one in extents])
    return LanceMaps(path, space, extents, ends, video, held[1], tables[1])
