"""Overlapping windows over frames, and how their vectors become one per frame.

A clip encoder looks at `size` frames at once and answers with one vector per *step* (a tubelet of
`size // steps` frames).  A frame's vector is the mean over all windows that contain it of the
vector of the step it falls in, as in Action100M (arXiv 2601.10592).  Averaging the pooled vector of
each whole window instead would smear every boundary over a window's length.  The mean may weigh the
middle of a window more than its ends, where a frame is seen with what lies on one side only.
"""

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np
from attrs import field, frozen
from attrs.validators import ge

from kuavi.domain.space import Matrix

Cube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.float32]]
"""(windows, steps, dim) float32."""
Totals: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Weights: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]


class Weighing(Enum):
    """How much a window has to say about each of its frames: all alike, or the middle more."""

    ALIKE = "alike"
    CENTRE = "centre"


@frozen
class Windowing:
    """`size` frames at a time, moved by `stride` <= `size`, so that no frame is skipped."""

    size: int = field(validator=ge(1))
    stride: int = field(validator=ge(1))
    weighing: Weighing = Weighing.ALIKE

    def __attrs_post_init__(self) -> None:
        if self.stride > self.size:
            raise ValueError(f"stride {self.stride} skips frames of a {self.size}-frame window")

    def __str__(self) -> str:
        """As it is asked for: `64/32`, `64/32:centre`."""
        weighing = "" if self.weighing == Weighing.ALIKE else f":{self.weighing.value}"
        return f"{self.size}/{self.stride}{weighing}"


def frame_weights(size: int, weighing: Weighing) -> Weights:
    """Weights (size,), positive, the same from either end.

    By the centre: 1 at the ends, and 1 more with each frame towards the middle (a triangle).
    """
    if weighing == Weighing.ALIKE:
        return np.ones(size)
    from_left = np.arange(1, size + 1, dtype=np.float64)
    return np.minimum(from_left, from_left[::-1])


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

    `done` frames are finished and gone; `total` (k, dim) and `weight` (k,), float64, hold the
    weighted sums and the sums of weights of the k frames from `done` on that some window has
    covered.  Memory is bounded by one window.
    """

    dim: int
    weighing: Weighing
    done: int
    total: Totals
    weight: Weights


def empty_fold(dim: int, weighing: Weighing = Weighing.ALIKE) -> FrameFold:
    return FrameFold(dim, weighing, 0, np.zeros((0, dim)), np.zeros(0))


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
    covered_to = fold.done + len(fold.weight)
    if start < fold.done or start > covered_to:
        raise ValueError(f"window at {start} does not continue frames [{fold.done}, {covered_to})")
    ready = start - fold.done
    finished = _means(fold.total[:ready], fold.weight[:ready])
    length = max(covered_to - start, size)
    total = np.zeros((length, fold.dim))
    weight = np.zeros(length)
    total[: covered_to - start] = fold.total[ready:]
    weight[: covered_to - start] = fold.weight[ready:]
    added = frame_weights(size, fold.weighing)
    total[:size] += np.repeat(window, size // steps, axis=0) * added[:, None]
    weight[:size] += added
    return FrameFold(fold.dim, fold.weighing, start, total, weight), finished


def fold_end(fold: FrameFold, n_frames: int) -> Matrix:
    """The frames still open, up to `n_frames`; what lies past it is padding and is dropped."""
    open_frames = n_frames - fold.done
    if open_frames > len(fold.weight):
        raise ValueError(f"frames from {fold.done + len(fold.weight)} to {n_frames} are uncovered")
    return _means(fold.total[:open_frames], fold.weight[:open_frames])


def mean_per_frame(
    windows: Cube,
    starts: Sequence[int],
    size: int,
    n_frames: int,
    weighing: Weighing = Weighing.ALIKE,
) -> Matrix:
    """Batch form of the fold: windows (w, steps, dim) at `starts` -> (n_frames, dim) float32."""
    fold, parts = empty_fold(windows.shape[2], weighing), list[Matrix]()
    for start, window in zip(starts, windows, strict=True):
        fold, finished = fold_window(fold, start, window, size)
        parts.append(finished)
    parts.append(fold_end(fold, n_frames))
    return np.concatenate(parts)


def _means(total: Totals, weight: Weights) -> Matrix:
    """Weights are 1 at least where a window was."""
    return (total / np.maximum(weight, 1)[:, None]).astype(np.float32)
