"""Feature maps of a video as a library gives them.

When and how large they are is known at once; a map is read when it is asked for.
Contract: tests/contract/test_feature_maps.py.
"""

from typing import Protocol, TypeVar

from kuavi.domain.clip_maps import MapExtent
from kuavi.domain.features import FeatureMap
from kuavi.domain.outcome import Outcome
from kuavi.domain.space import Motion, Space

F_co = TypeVar("F_co", covariant=True)


class StoredMaps(Protocol[F_co]):
    @property
    def space(self) -> Space[Motion]:
        """That of every map; how they were pooled is part of its revision."""
        ...

    @property
    def extents(self) -> tuple[MapExtent, ...]:
        """Of every map, ascending."""
        ...

    def map(self, number: int) -> Outcome[FeatureMap, F_co]:
        """Reads one map, each time anew; IndexError for a number below 0 or past the last."""
        ...
