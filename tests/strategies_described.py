"""Strategies for trees with captions and annotations, and synthetic trees of any length."""

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from kuavi.domain.annotation import Action, Annotation, Summary
from kuavi.domain.described import Caption
from kuavi.domain.spans import Span
from kuavi.domain.tree import Reals, SegmentTree, build_tree
from kuavi.domain.tree_views import DescribedTree
from tests.strategies_tree import films

MARKDOWN = [
    *"#>-*+=_~|`<[\\& \t\n\r",
    "\n\n", "---", "\n---\n", "## ", "**", "1. ", "2) ", "\\\n", "\\\\", "&#32;", "&", "> ",
    "\u2028", "\x85", "\x0b", "- Summary: ", "**Level 3: 0:00.00 -> 0:01.00 (1.00 s)**",
    "\n## 0:00.00 -> 0:01.00 (1.00 s)\n", "*Shorter segments are left out here.*",
    "> Middle frame at 0:00.50: ", "word", "A dog runs.", "\u3000", "\U0001f600",
]  # fmt: skip
nasty_texts = st.lists(st.sampled_from(MARKDOWN), max_size=8).map("".join)
any_texts = st.text(max_size=30) | nasty_texts
said = st.builds(Caption, frame=any_texts, clip=any_texts, action=any_texts)
annotated = st.builds(
    Annotation,
    st.builds(Summary, brief=any_texts, detailed=any_texts),
    st.builds(Action, brief=any_texts, detailed=any_texts, actor=any_texts),
)


@st.composite
def described_trees(draw: st.DrawFn) -> DescribedTree:
    tree = draw(films()).tree()
    nodes = st.integers(0, len(tree) - 1)
    return DescribedTree(
        tree,
        draw(st.dictionaries(nodes, said, max_size=8)),
        draw(st.dictionaries(nodes, annotated, max_size=8)),
    )


def long_tree(seconds: float, seed: int = 0, fps: float = 1.0) -> SegmentTree:
    """A tree of noise that wanders; leaves of about a second."""
    rng = np.random.default_rng(seed)
    n = int(seconds * fps)
    rows = np.cumsum(rng.standard_normal((n, 8)), axis=0).astype(np.float32)
    times: Reals = (np.arange(n, dtype=np.float64) + 0.5) / fps
    return build_tree(rows, times, Span(0.0, n / fps))


def captions_of(tree: SegmentTree, seed: int = 0) -> Mapping[int, Caption]:
    """Captions as long as published ones: some 100 words, up to 300."""
    rng = np.random.default_rng(seed)
    words = ["a", "man", "stirs", "the", "red", "sauce.", "while", "She", "opens", "a", "jar,"]

    texts = [" ".join(rng.choice(words, int(rng.integers(20, 300)))) for _ in range(100)]

    def text() -> str:
        return texts[int(rng.integers(len(texts)))]

    inner = (tree.left != -1).tolist()
    return {
        node: Caption(clip=text(), action="stir sauce") if inner[node] else Caption(frame=text())
        for node in range(len(tree))
    }
