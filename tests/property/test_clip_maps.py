"""Pooling of feature maps, and what a map spans."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.clip_maps import MapExtent, MapsSize, pooled, pooled_space
from kuavi.domain.features import FeatureMap
from kuavi.domain.space import Motion, Space
from kuavi.domain.spans import Span

SPACE = Space[Motion]("model", "1", 3)
sizes = st.integers(1, 9)


def drawn(steps: int, rows: int, columns: int, seed: int = 0) -> FeatureMap:
    draw = np.random.default_rng(seed).normal(size=(steps, rows, columns, SPACE.dim))
    return FeatureMap(SPACE, draw.astype(np.float16))


@given(steps=st.integers(1, 3), rows=sizes, columns=sizes, side=st.integers(1, 5))
def test_cells_are_means_that_cover_each_place_once(
    steps: int, rows: int, columns: int, side: int
) -> None:
    seen = drawn(steps, rows, columns)
    small = pooled(seen, side).values
    assert small.shape == (steps, min(side, rows), min(side, columns), SPACE.dim)
    heights = [len(part) for part in _cells(rows, side)]
    widths = [len(part) for part in _cells(columns, side)]
    assert max(heights) - min(heights) <= 1
    for r, part in enumerate(_cells(rows, side)):
        for c, other in enumerate(_cells(columns, side)):
            cell = seen.values[:, part][:, :, other].astype(np.float64)
            np.testing.assert_allclose(small[:, r, c], cell.mean(axis=(1, 2)), atol=2e-3)
    areas = np.outer(heights, widths)[None, :, :, None] / (rows * columns)
    whole = seen.values.astype(np.float64).mean(axis=(1, 2))
    np.testing.assert_allclose((small * areas).sum(axis=(1, 2)), whole, atol=4e-3)


def _cells(size: int, side: int) -> list[range]:
    n = min(side, size)
    bounds = [i * size // n for i in range(n + 1)]
    return [range(a, b) for a, b in itertools.pairwise(bounds)]


@given(rows=sizes, columns=sizes)
def test_a_grid_that_is_coarse_already_stays(rows: int, columns: int) -> None:
    seen = drawn(2, rows, columns)
    assert np.array_equal(pooled(seen, 9).values, seen.values)


def test_large_values_do_not_overflow() -> None:
    values = np.full((1, 16, 16, 3), 60000, dtype=np.float16)
    assert np.array_equal(pooled(FeatureMap(SPACE, values), 2).values, values[:, :2, :2])


def test_pooled_maps_are_of_another_space_than_those_of_places() -> None:
    spaces = {SPACE, pooled_space(SPACE, 2), pooled_space(SPACE, 4)}
    assert len(spaces) == 3
    assert pooled(drawn(1, 4, 4), 2).space == pooled_space(SPACE, 2)


def test_an_extent_has_steps_in_order_within_its_span() -> None:
    extent = MapExtent(Span(1.0, 3.0), np.array([1.0, 2.0, 2.0]), 4, 5)
    assert extent.shape(7) == (3, 4, 5, 7)
    for starts in ([2.0, 1.0], [0.5, 1.0], []):
        with pytest.raises(ValueError, match="map"):
            MapExtent(Span(1.0, 3.0), np.array(starts), 4, 5)
    with pytest.raises(ValueError, match="rows"):
        MapExtent(Span(1.0, 3.0), np.array([1.0]), 0, 5)


def test_sizes_are_those_of_float16() -> None:
    assert MapsSize(3, (2, 4, 4, 1024)).nbytes == 3 * np.zeros((2, 4, 4, 1024), np.float16).nbytes
