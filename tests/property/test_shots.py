from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.shots import Cut, told_apart

cuts = st.lists(
    st.builds(Cut, st.integers(1, 99).map(lambda i: i / 10), st.floats(0, 1)),
    unique_by=lambda cut: cut.time_s,
).map(sorted)
times = st.lists(st.integers(0, 99), min_size=1, unique=True).map(sorted)


@given(cuts, times)
def test_one_cut_a_gap_the_clearest(found: list[Cut], seconds: list[int]) -> None:
    kept = told_apart(found, seconds)
    assert list(kept) == sorted(kept)
    assert set(kept) <= set(found)
    for low, high in zip([float("-inf"), *seconds], [*seconds, float("inf")], strict=True):
        there = [cut for cut in found if low < cut.time_s <= high]
        taken = [cut for cut in kept if low < cut.time_s <= high]
        assert len(taken) == min(1, len(there))
        assert all(cut.score <= taken[0].score for cut in there)
