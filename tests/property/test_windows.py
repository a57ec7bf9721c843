import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.windows import (
    Cube,
    Windowing,
    empty_fold,
    fold_window,
    mean_per_frame,
    window_starts,
)
from tests.strategies import encoded_windows, windowings


@given(st.integers(1, 500), windowings())
def test_windows_cover_every_frame_and_the_tail_is_anchored(
    n_frames: int, windowing: Windowing
) -> None:
    starts = window_starts(n_frames, windowing)
    covered = {frame for start in starts for frame in range(start, start + windowing.size)}
    assert covered >= set(range(n_frames))
    assert starts == tuple(sorted(set(starts)))
    assert starts[-1] + windowing.size == max(n_frames, windowing.size)


@given(encoded_windows())
def test_the_fold_equals_the_plain_definition(
    encoded: tuple[Cube, tuple[int, ...], int, int],
) -> None:
    windows, starts, size, n_frames = encoded
    per_step = size // windows.shape[1]
    said: list[list[np.ndarray]] = [[] for _ in range(n_frames)]
    for start, window in zip(starts, windows, strict=True):
        for offset in range(size):
            if start + offset < n_frames:
                said[start + offset].append(window[offset // per_step])
    expected = np.array([np.mean(rows, axis=0) for rows in said])
    frames = mean_per_frame(windows, starts, size, n_frames)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, expected, atol=1e-6)


@given(encoded_windows())
def test_the_fold_holds_at_most_one_window(
    encoded: tuple[Cube, tuple[int, ...], int, int],
) -> None:
    windows, starts, size, _ = encoded
    fold = empty_fold(windows.shape[2])
    for start, window in zip(starts, windows, strict=True):
        fold, _finished = fold_window(fold, start, window, size)
        assert len(fold.count) <= size


def test_a_boundary_stays_sharp_through_overlapping_windows() -> None:
    """Per-step averaging keeps a cut where it is; pooling whole windows would smear it."""
    truth = np.repeat([[0.0], [1.0]], 8, axis=0).astype(np.float32)
    windowing = Windowing(8, stride=2)
    starts = window_starts(16, windowing)
    windows = np.stack([truth[start : start + 8] for start in starts])
    np.testing.assert_array_equal(mean_per_frame(windows, starts, 8, 16), truth)


def test_a_window_that_skips_frames_is_refused() -> None:
    fold, _ = fold_window(empty_fold(1), 0, np.zeros((2, 1), np.float32), 2)
    with pytest.raises(ValueError, match="does not continue"):
        fold_window(fold, 3, np.zeros((2, 1), np.float32), 2)
