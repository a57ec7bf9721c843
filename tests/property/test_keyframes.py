from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.keyframes import (
    Kept,
    KeyframeFold,
    end_keyframes,
    looks_same,
    take_cut,
    take_frame,
)
from kuavi.domain.media import Frame, Pixels


def grey(level: int) -> Pixels:
    return np.full((36, 64, 3), level, dtype=np.uint8)


def keyframes(levels: list[int], cuts: list[int], every_s: float, late: int = 0) -> list[Kept]:
    """Levels are frames, two a second; a cut at i starts a shot with frame i, told `late`."""
    fold, kept = KeyframeFold(every_s), list[Kept]()
    for i, level in enumerate(levels):
        fold, some = take_frame(fold, Frame(i / 2, grey(level)))
        kept += some
        if i - late in cuts:
            fold, some = take_cut(fold, (i - late) / 2)
            kept += some
    return [*kept, *end_keyframes(fold, len(levels) / 2)]


@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=60),
    st.lists(st.integers(1, 59), max_size=8),
    st.floats(0.5, 8),
)
def test_keyframes_tile_the_video_and_lie_in_their_spans(
    levels: list[int], cuts: list[int], every_s: float
) -> None:
    kept = keyframes(levels, cuts, every_s)
    assert kept[0].span.start_s == 0
    assert kept[-1].span.end_s == len(levels) / 2
    for a, b in pairwise(kept):
        assert a.span.end_s == b.span.start_s
    assert all(k.span.contains(k.frame.time_s) for k in kept)
    starts = {k.span.start_s for k in kept}
    assert starts >= {cut / 2 for cut in cuts if cut < len(levels)}


@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=60),
    st.lists(st.integers(1, 59), max_size=8),
    st.integers(1, 3),
)
def test_cuts_told_late_leave_no_hole(levels: list[int], cuts: list[int], late: int) -> None:
    kept = keyframes(levels, cuts, 2.0, late)
    assert kept[0].span.start_s == 0
    assert kept[-1].span.end_s == len(levels) / 2
    assert all(a.span.end_s == b.span.start_s for a, b in pairwise(kept))


def test_a_still_picture_is_kept_once_however_long() -> None:
    kept = keyframes([90] * 100, [], every_s=5)
    assert len(kept) == 1
    assert kept[0].span.duration_s == 50


def test_a_shot_that_looks_like_the_one_before_still_has_its_own() -> None:
    assert len(keyframes([90] * 20, [10], every_s=50)) == 2


def test_what_changes_within_a_long_shot_is_kept() -> None:
    kept = keyframes([0] * 10 + [200] * 10, [], every_s=5)
    assert [k.span.start_s for k in kept] == [0, 5]


def test_one_new_line_of_text_is_not_the_same_picture() -> None:
    page = np.full((360, 640, 3), 250, dtype=np.uint8)
    noisy = page - np.random.default_rng(0).integers(0, 6, page.shape, dtype=np.uint8)
    written = page.copy()
    written[200:220:2, 100:300] = 20
    assert looks_same(page, noisy)
    assert not looks_same(page, written)
    assert not looks_same(page, page[:100])
