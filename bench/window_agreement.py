"""Rows and segment trees of one video by several windowings, and how they agree."""

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen

from bench.matching import Agreement, agree
from kuavi.domain.cuts import cut_by_count
from kuavi.domain.media import Frame
from kuavi.domain.plan import IndexPlan
from kuavi.domain.space import Matrix, unit
from kuavi.domain.spans import Span
from kuavi.domain.tree import SegmentTree, build_tree
from kuavi.domain.windows import Weighing, Windowing, mean_per_frame, window_starts
from kuavi.ports.encoders import ClipEncoder

SCENE_S = (16.0, 8.0, 4.0)
"""Mean lengths of scenes at which boundaries are compared."""
COSINES = ("cosine", "centred")
BATCH = 4

Windows = dict[int, dict[int, Matrix]]
"""Size -> first frame -> a row per step (steps, dim)."""


@frozen(eq=False)
class Video:
    """Frames of a video, `fps` of them a second or fewer."""

    name: str
    frames: Sequence[Frame]
    fps: float

    @property
    def span(self) -> Span:
        return Span(0.0, self.frames[-1].time_s + 1 / self.fps)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many scenes of `SCENE_S` it has, two at least."""
        return tuple(max(round(self.span.duration_s / length), 2) for length in SCENE_S)

    def inner_s(self, starts_s: Iterable[float]) -> tuple[float, ...]:
        return tuple(start for start in starts_s if start > self.span.start_s)


@frozen
class Compared:
    """Boundaries for each of `SCENE_S`, and the mean cosine of `n` rows with the reference's.

    `centred`: the same cosine after the reference's mean row was taken away from both.
    """

    agreed: tuple[Agreement, ...]
    cosine: float
    centred: float
    n: int


def encoded(encoder: ClipEncoder, video: Video, windowings: Iterable[Windowing]) -> Windows:
    """Every window that some windowing needs, encoded once."""
    frames, found = video.frames, Windows()
    for windowing in windowings:
        size, last = windowing.size, len(frames) - 1
        known = found.setdefault(size, {})
        new = [start for start in window_starts(len(frames), windowing) if start not in known]
        for at in range(0, len(new), BATCH):
            starts = new[at : at + BATCH]
            windows = [[frames[min(start + i, last)] for i in range(size)] for start in starts]
            rows = encoder.encode(windows).unwrap()
            known.update({start: one.rows for start, one in zip(starts, rows, strict=True)})
    return found


def rows_of(windows: Windows, n_frames: int, windowing: Windowing, weighing: Weighing) -> Matrix:
    """A row for each frame (n_frames, dim), as an index run stores them."""
    starts = window_starts(n_frames, windowing)
    cube = np.stack([windows[windowing.size][start] for start in starts])
    return mean_per_frame(cube, starts, windowing.size, n_frames, weighing)


def tree_of(rows: Matrix, video: Video) -> SegmentTree:
    """By the rule of an index run, without cuts."""
    times_s = np.array([frame.time_s for frame in video.frames])
    return build_tree(rows, times_s, video.span, (), IndexPlan().min_leaf_s)


def boundaries(tree: SegmentTree, video: Video, k: int) -> tuple[float, ...]:
    """Where the k topmost scenes meet, seconds."""
    return video.inner_s(tree.start_s[cut_by_count(tree, k)].tolist())


def compared(reference: Matrix, candidate: Matrix, video: Video) -> Compared:
    """Rows (n, dim) of the same frames, by the reference and by a candidate."""
    trees = tree_of(reference, video), tree_of(candidate, video)
    agreed = []
    for k in video.counts:
        true_s, found_s = (boundaries(tree, video, k) for tree in trees)
        agreed.append(agree(found_s, true_s, 1 / video.fps))
    middle = reference.mean(axis=0)
    centred = cosine(reference - middle, candidate - middle)
    return Compared(tuple(agreed), cosine(reference, candidate), centred, len(reference))


def cosine(one: Matrix, other: Matrix) -> float:
    """Mean over rows."""
    return float(np.einsum("ij,ij->i", unit(one), unit(other)).mean())


def evenly(reference: Matrix, video: Video) -> Compared:
    """The control: scenes of equal length.  It has no rows."""
    tree, agreed = tree_of(reference, video), []
    for k in video.counts:
        even_s = video.inner_s(np.linspace(0, video.span.end_s, k, endpoint=False).tolist())
        agreed.append(agree(even_s, boundaries(tree, video, k), 1 / video.fps))
    return Compared(tuple(agreed), np.nan, np.nan, len(reference))


def pooled(parts: Sequence[Compared]) -> Compared:
    """Of several videos: boundaries added up, cosines by frames."""
    agreed = [
        Agreement(*(sum(getattr(one, name) for one in each) for name in ("hits", "found", "true")))
        for each in zip(*(part.agreed for part in parts), strict=True)
    ]
    n = [part.n for part in parts]
    means = [np.average([getattr(p, name) for p in parts], weights=n) for name in COSINES]
    return Compared(tuple(agreed), float(means[0]), float(means[1]), sum(n))
