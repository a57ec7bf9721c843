"""Feature maps in time and at a coarser grain: what a library keeps of what a clip encoder sees."""

from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge

from kuavi.domain.features import FeatureMap, Map
from kuavi.domain.layers import Times
from kuavi.domain.space import Motion, Space
from kuavi.domain.spans import Span

Cells: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

BYTES = 2
"""Of a float16."""


@frozen(eq=False)
class MapExtent:
    """What a map spans: its window's time, the start of each of its steps in seconds, its grid.

    Step i lasts until step i + 1 begins, the last one until the span ends.  Steps that are padding
    (a video shorter than a window repeats its last frame) all begin where the last frame does.
    """

    span: Span
    starts_s: Times = field(repr=False)
    rows: int = field(validator=ge(1))
    columns: int = field(validator=ge(1))

    def __attrs_post_init__(self) -> None:
        if self.starts_s.ndim != 1 or not len(self.starts_s):
            raise ValueError(f"a map has one or more steps, got {self.starts_s.shape}")
        if (np.diff(self.starts_s) < 0).any() or self.starts_s[0] < self.span.start_s:
            raise ValueError("the steps of a map begin one after the other, within its span")
        self.starts_s.setflags(write=False)

    def shape(self, dim: int) -> tuple[int, int, int, int]:
        """Of the map: (steps, rows, columns, dim)."""
        return len(self.starts_s), self.rows, self.columns, dim


def pooled_space(space: Space[Motion], side: int) -> Space[Motion]:
    """The space of maps that `pooled` made: another than that of single places."""
    return Space[Motion](space.model_id, f"{space.revision}-mean{side}x{side}", space.dim)


def pooled(seen: FeatureMap, side: int) -> FeatureMap:
    """The means over a grid of `side` x `side` cells: (steps, <= side, <= side, dim) float16.

    Cells differ by at most one row or column; a map that has fewer keeps those it has.  Means are
    taken in fp32.
    """
    rows = _means(seen.values.astype(np.float32), side, axis=1)
    halves: Map = _means(rows, side, axis=2).astype(np.float16)
    return FeatureMap(pooled_space(seen.space, side), halves)


def _means(values: Cells, n_cells: int, axis: int) -> Cells:
    """Means over consecutive stretches of an axis, at most `n_cells` of them."""
    size = values.shape[axis]
    n_cells = min(n_cells, size)
    first = np.arange(n_cells) * size // n_cells
    lengths = np.diff(np.append(first, size)).astype(np.float32)
    sums: Cells = np.add.reduceat(values, first, axis=axis)
    sums /= lengths.reshape([n_cells if i == axis else 1 for i in range(values.ndim)])
    return sums


@frozen
class MapsSize:
    """How much feature maps will take: so many, each of `shape` (steps, rows, columns, dim)."""

    maps: int
    shape: tuple[int, int, int, int]

    @property
    def nbytes(self) -> int:
        return self.maps * int(np.prod(self.shape)) * BYTES
