"""Hypothesis strategies for domain values: one per type, used instead of hand-built examples."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.space import Embeddings, Motion, Space
from kuavi.domain.spans import Span
from kuavi.domain.windows import Cube, Windowing, window_starts

unit_floats = st.floats(-1, 1, width=32)
spaces = st.builds(
    Space[Motion],
    model_id=st.sampled_from(["vjepa2", "fake"]),
    revision=st.sampled_from(["a", "b"]),
    dim=st.integers(1, 8),
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(st.floats(0, 1e5))
    return Span(start, start + draw(st.floats(0.01, 1e4)))


@st.composite
def embeddings(draw: st.DrawFn) -> Embeddings[Motion]:
    space, n = draw(spaces), draw(st.integers(0, 6))
    return Embeddings(space, draw(arrays(np.float32, (n, space.dim), elements=unit_floats)))


@st.composite
def windowings(draw: st.DrawFn) -> Windowing:
    size = draw(st.integers(1, 16))
    return Windowing(size, stride=draw(st.integers(1, size)))


@st.composite
def encoded_windows(draw: st.DrawFn) -> tuple[Cube, tuple[int, ...], int, int]:
    """Windows of one clip, their starts, the window's size and the clip's length in frames."""
    windowing, n_frames = draw(windowings()), draw(st.integers(1, 40))
    steps = draw(st.sampled_from([k for k in range(1, 17) if windowing.size % k == 0]))
    starts = window_starts(n_frames, windowing)
    shape = (len(starts), steps, draw(st.integers(1, 4)))
    windows = draw(arrays(np.float32, shape, elements=unit_floats))
    return windows, starts, windowing.size, n_frames
