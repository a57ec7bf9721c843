from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from bench.matching import agree

times = st.lists(st.integers(0, 12).map(float), max_size=5)


@given(times, times, st.integers(0, 4))
def test_hits_are_the_most_pairs_that_fit(
    found: list[float], true: list[float], within: int
) -> None:
    most = 0
    for n in range(1, min(len(found), len(true)) + 1):
        if any(
            all(abs(a - b) <= within for a, b in zip(chosen, order, strict=True))
            for chosen in combinations(found, n)
            for order in permutations(true, n)
        ):
            most = n
    agreed = agree(found, true, within)
    assert (agreed.hits, agreed.found, agreed.true) == (most, len(found), len(true))
