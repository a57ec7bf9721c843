"""Strategies for chains of frames and for segment trees."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.chain import Rows
from kuavi.domain.space import Matrix
from kuavi.domain.spans import Span
from kuavi.domain.tree import Reals, SegmentTree, build_tree

smooth = st.floats(-1, 1, width=32)
tied = st.sampled_from([0.0, 1.0, 2.0])


@st.composite
def frame_rows(draw: st.DrawFn, min_n: int = 1, max_n: int = 60) -> Matrix:
    """Vectors of n frames; values from a small set give many exact ties."""
    n, dim = draw(st.integers(min_n, max_n)), draw(st.sampled_from([1, 2, 5, 64, 67]))
    seed = draw(st.integers(0, 2**32 - 1))
    kind = draw(st.sampled_from(["any", "tied", "noise", "walk", "still"]))
    rng = np.random.default_rng(seed)
    if kind == "still":
        return np.repeat(rng.standard_normal((1, dim)), n, axis=0).astype(np.float32)
    if kind in ("noise", "walk"):
        steps = rng.standard_normal((n, dim))
        return (steps if kind == "noise" else np.cumsum(steps, axis=0)).astype(np.float32)
    elements = tied if kind == "tied" else smooth
    return draw(arrays(np.float32, (n, min(dim, 5)), elements=elements))


@st.composite
def grouped_rows(draw: st.DrawFn) -> tuple[Rows, np.ndarray]:
    """Rows and a non-decreasing group number for each, with gaps in the numbering."""
    rows = draw(frame_rows())
    steps = draw(arrays(np.int64, len(rows), elements=st.sampled_from([0, 0, 0, 1, 5])))
    return rows, np.cumsum(steps) - draw(st.integers(0, 3))


class Film(NamedTuple):
    """What `build_tree` takes."""

    rows: Matrix
    times_s: Reals
    span: Span
    cuts_s: tuple[float, ...]
    min_leaf_s: float

    def tree(self) -> SegmentTree:
        return build_tree(self.rows, self.times_s, self.span, self.cuts_s, self.min_leaf_s)


@st.composite
def films(draw: st.DrawFn) -> Film:
    """Constant or variable frame rate, any start, cuts anywhere (on samples and outside too)."""
    rows = draw(frame_rows())
    n = len(rows)
    gaps = draw(arrays(np.float64, n, elements=st.sampled_from([0.125, 0.5, 0.52, 0.04, 2.0])))
    times = draw(st.sampled_from([0.0, 1.4, -0.08])) + np.cumsum(gaps)
    lead, tail = draw(st.sampled_from([0.0, 0.02, 1.0])), draw(st.sampled_from([0.0, 0.5, 3.0]))
    span = Span(float(times[0]) - lead, float(times[-1]) + tail + (0.0 if tail or n > 1 else 0.1))
    anywhere = st.floats(span.start_s - 1, span.end_s + 1)
    cuts = draw(st.lists(anywhere | st.sampled_from(times.tolist()), max_size=8))
    return Film(rows, times, span, tuple(cuts), draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))
