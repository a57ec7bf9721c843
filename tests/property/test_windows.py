import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.windows import (
    Cube,
    Weighing,
    Windowing,
    empty_fold,
    fold_window,
    frame_weights,
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


@given(encoded_windows(), st.sampled_from(Weighing))
def test_the_fold_equals_the_plain_definition(
    encoded: tuple[Cube, tuple[int, ...], int, int], weighing: Weighing
) -> None:
    windows, starts, size, n_frames = encoded
    per_step = size // windows.shape[1]
    said: list[list[np.ndarray]] = [[] for _ in range(n_frames)]
    heed: list[list[float]] = [[] for _ in range(n_frames)]
    for start, window in zip(starts, windows, strict=True):
        for offset in range(size):
            if start + offset < n_frames:
                said[start + offset].append(window[offset // per_step])
                from_middle = abs(2 * offset + 1 - size) / 2
                heed[start + offset].append(
                    1 if weighing == Weighing.ALIKE else (size + 1) / 2 - from_middle
                )
    expected = np.array(
        [np.average(rows, axis=0, weights=by) for rows, by in zip(said, heed, strict=True)]
    )
    frames = mean_per_frame(windows, starts, size, n_frames, weighing)
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames, expected, atol=1e-6)


@given(st.integers(1, 100), st.sampled_from(Weighing))
def test_weights_are_positive_even_and_never_smaller_towards_the_middle(
    size: int, weighing: Weighing
) -> None:
    weights = frame_weights(size, weighing)
    assert weights.shape == (size,)
    assert weights.min() >= 1
    np.testing.assert_array_equal(weights, weights[::-1])
    assert (np.diff(weights[: (size + 1) // 2]) >= 0).all()


@given(encoded_windows(), st.sampled_from(Weighing))
def test_windows_that_agree_are_kept_whatever_they_weigh(
    encoded: tuple[Cube, tuple[int, ...], int, int], weighing: Weighing
) -> None:
    windows, starts, size, n_frames = encoded
    same = np.broadcast_to(windows[:1, :1], windows.shape)
    frames = mean_per_frame(same, starts, size, n_frames, weighing)
    np.testing.assert_allclose(frames, np.tile(windows[0, 0], (n_frames, 1)), atol=1e-6)


@given(encoded_windows())
def test_the_fold_holds_at_most_one_window(
    encoded: tuple[Cube, tuple[int, ...], int, int],
) -> None:
    windows, starts, size, _ = encoded
    fold = empty_fold(windows.shape[2])
    for start, window in zip(starts, windows, strict=True):
        fold, _finished = fold_window(fold, start, window, size)
        assert len(fold.weight) <= size


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
