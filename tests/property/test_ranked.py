"""The bench's judge: expected success where equal scores are in random order."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.ranked import Judged, judged


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_it_is_the_mean_over_every_order_of_equal_scores(items: list[tuple[int, bool]]) -> None:
    items[0] = (items[0][0], True)
    scores = np.array([score for score, _ in items], dtype=float)
    right = np.array([good for _, good in items])
    ranks = []
    for order in permutations(range(len(items))):
        ranked = sorted(order, key=lambda i: -scores[i])
        ranks.append(1 + next(place for place, i in enumerate(ranked) if right[i]))
    found = judged(scores, right)
    np.testing.assert_allclose(found.at_1, np.mean([rank <= 1 for rank in ranks]))
    np.testing.assert_allclose(found.at_5, np.mean([rank <= 5 for rank in ranks]))
    np.testing.assert_allclose(found.reciprocal, np.mean([1 / rank for rank in ranks]))


def test_a_mean_lies_in_its_interval() -> None:
    scores = np.random.default_rng(1).normal(size=(40, 9))
    mean = Judged([judged(row, np.arange(9) == 3) for row in scores]).mean()
    assert mean.low < mean.mrr < mean.high
