"""Strategies for published videos, and for what may be wrong with them."""

import numpy as np
from hypothesis import strategies as st

from kuavi.domain.action100m import (
    Gpt,
    GptAction,
    GptSummary,
    Line,
    Metadata,
    PublishedNode,
    PublishedVideo,
)

words = st.none() | st.sampled_from(["", "N/A", "stir pot", "Déjà\u202fvu\n"]) | st.text(max_size=9)
long_numbers = st.none() | st.integers(-(2**63), 2**63 - 1)
gpts = st.builds(
    Gpt,
    st.none() | st.builds(GptSummary, words, words),
    st.none() | st.builds(GptAction, words, words, words),
)
times = st.sampled_from(["0.0", "1.599", " 2 ", "12", "1e3", "later", "", "-1", "nan"]) | words
metadatas = st.builds(
    Metadata,
    words,
    words,
    long_numbers,
    long_numbers,
    long_numbers,
    words,
    st.none() | st.lists(st.builds(Line, times, words), max_size=4).map(tuple),
)


@st.composite
def node_lists(draw: st.DrawFn, rounded: bool = False) -> list[PublishedNode]:
    """A binary tree breadth-first, times float32; if `rounded`, bounds are some ms off."""
    n = draw(st.integers(1, 9))
    steps = draw(st.lists(st.sampled_from([0.5, 0.52, 1.06, 25.9]), min_size=n, max_size=n))
    bounds = [float(np.float32(t)) for t in np.concatenate([[0.0], np.cumsum(steps)])]
    spans, parents, levels, at = [(0, n)], [-1], [0], 0
    while at < len(spans):
        first, last = spans[at]
        if last - first > 1:
            middle = draw(st.integers(first + 1, last - 1))
            spans += [(first, middle), (middle, last)]
            parents, levels = [*parents, at, at], levels + [levels[at] + 1] * 2
        at += 1
    off = st.sampled_from([0.0, 0.002, -0.002]) if rounded else st.just(0.0)
    return [
        PublishedNode(
            f"id {i}",
            None if parent < 0 else f"id {parent}",
            level,
            bounds[first] + (draw(off) if first else 0.0),
            bounds[last] + draw(off),
            draw(words),
            draw(words),
            draw(words),
            draw(st.none() | gpts),
        )
        for i, ((first, last), parent, level) in enumerate(zip(spans, parents, levels, strict=True))
    ]


@st.composite
def published_videos(draw: st.DrawFn, rounded: bool = False) -> PublishedVideo:
    nodes = draw(node_lists(rounded))
    if draw(st.booleans()):
        nodes = draw(st.permutations(nodes))
    uid = draw(st.sampled_from(["8JOpXDtraZI", "-_", "ü"]))
    return PublishedVideo(uid, draw(st.none() | metadatas), tuple(nodes))
