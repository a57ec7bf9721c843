"""Overlapping windows over frames, and how their vectors become one per frame.

A clip encoder looks at `size` frames at once and answers with one vector per *step* (a tubelet of
`size // steps` frames).  A frame's vector is the mean over all windows that contain it of the
vector of the step it falls in, as in Action100M (arXiv 2601.10592).  Averaging the pooled vector of
each whole window instead would smear every boundary over a window's length.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge

from kuavi.domain.space import Matrix

Cube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]
"""(windows, steps, dim) float32."""
Totals: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Counts: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]


@frozen
class Windowing:
    """`size` frames at a time, moved by `stride` <= `size`, so that no frame is skipped."""

    size: int = field(validator=ge(1))
    stride: int = field(validator=ge(1))

    def __attrs_post_init__(self) -> None:
        if self.stride > self.size:
            raise ValueError(f"stride {self.stride} skips frames of a {self.size}-frame window")


def window_starts(n_frames: int, windowing: Windowing) -> tuple[int, ...]:
    """First frame of every window, ascending.

    The last window ends on the last frame.  A clip shorter than one window gets a single window
    at 0, which the caller pads by repeating its last frame.
    """
    last = max(n_frames - windowing.size, 0)
    return (*range(0, last, windowing.stride), last)


@frozen(eq=False)
class FrameFold:
    """Running per-frame means: what windows have said so far about frames not yet finished.

    `done` frames are finished and gone; `total` (k, dim) float64 and `count` (k,) hold the k
    frames from `done` on that some window has covered.  Memory is bounded by one window.
    """

    dim: int
    done: int
    total: Totals
    count: Counts


def empty_fold(dim: int) -> FrameFold:
    return FrameFold(dim, 0, np.zeros((0, dim)), np.zeros(0, dtype=np.int64))


def fold_window(fold: FrameFold, start: int, window: Matrix, size: int) -> tuple[FrameFold, Matrix]:
    """Add one window; returns the fold and the frames now finished (k, dim), in order.

    Windows come in ascending order of `start`.  `window` is (steps, dim) and covers the `size`
    frames from `start`; step i speaks for frames [i * size / steps, (i + 1) * size / steps).
    Frames before `start` can't be covered again, so they are finished.

    Raises:
        ValueError: if `start` goes back, leaves a frame uncovered, or steps do not divide size.
    """
    steps = len(window)
    if steps < 1 or size % steps:
        raise ValueError(f"{steps} steps do not divide a window of {size} frames")
    covered_to = fold.done + len(fold.count)
    if start < fold.done or start > covered_to:
        raise ValueError(f"window at {start} does not continue frames [{fold.done}, {covered_to})")
    ready = start - fold.done
    finished = _means(fold.total[:ready], fold.count[:ready])
    length = max(covered_to - start, size)
    total = np.zeros((length, fold.dim))
    count = np.zeros(length, dtype=np.int64)
    total[: covered_to - start] = fold.total[ready:]
    count[: covered_to - start] = fold.count[ready:]
    total[:size] += np.repeat(window, size // steps, axis=0)
    count[:size] += 1
    return FrameFold(fold.dim, start, total, count), finished


def fold_end(fold: FrameFold, n_frames: int) -> Matrix:
    """The frames still open, up to `n_frames`; what lies past it is padding and is dropped."""
    open_frames = n_frames - fold.done
    if open_frames > len(fold.count):
        raise ValueError(f"frames from {fold.done + len(fold.count)} to {n_frames} are uncovered")
    return _means(fold.total[:open_frames], fold.count[:open_frames])


def mean_per_frame(windows: Cube, starts: Sequence[int], size: int, n_frames: int) -> Matrix:
    """Batch form of the fold: windows (w, steps, dim) at `starts` -> (n_frames, dim) float32."""
    dim = windows.shape[2]
    fold, parts = empty_fold(dim), list[Matrix]()
    for start, window in zip(starts, windows, strict=True):
        fold, finished = fold_window(fold, start, window, size)
        parts.append(finished)
    parts.append(fold_end(fold, n_frames))
    return np.concatenate(parts)


def _means(total: Totals, count: Counts) -> Matrix:
    return (total / np.maximum(count, 1)[:, None]).astype(np.float32)
