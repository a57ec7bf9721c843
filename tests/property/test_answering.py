"""Weighing candidates: a distribution, monotone in the evidence, blind to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.answering import LEAST_SPREAD, MOST, noise_of, shares, support

COSINES = st.floats(-1, 1, width=32)
TABLES = st.tuples(st.integers(2, 5), st.integers(1, 8)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=COSINES)
)


@given(st.lists(TABLES, max_size=3))
def test_shares_are_a_distribution(tables: list[np.ndarray]) -> None:
    n = 3 if not tables else len(tables[0])
    supports = [support(t, noise_of(t)) for t in tables if len(t) == n]
    told = shares(supports, n)
    assert sum(told) == pytest.approx(1)
    assert all(share > 0 for share in told)


@given(TABLES, st.data())
def test_the_order_of_candidates_changes_nothing(table: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(table))))
    told = shares([support(table, 0.1)], len(table))
    turned = shares([support(table[list(order)], 0.1)], len(table))
    assert turned == pytest.approx([told[i] for i in order])


@given(TABLES)
def test_a_better_candidate_never_gets_less(table: np.ndarray) -> None:
    better = table.copy()
    better[0] = np.minimum(better[0] + 0.25, 1)
    before = shares([support(table, 0.1)], len(table))[0]
    assert shares([support(better, 0.1)], len(table))[0] >= before - 1e-9


@given(TABLES)
def test_no_source_counts_without_limit(table: np.ndarray) -> None:
    assert all(abs(lead) <= MOST for lead in support(table, LEAST_SPREAD).leads)


def test_without_evidence_all_are_alike() -> None:
    assert shares([], 4) == (0.25,) * 4
    assert shares([support(np.zeros((2, 3), np.float32), 0.1)], 2) == (0.5, 0.5)


def test_the_best_item_is_named_and_one_lucky_item_is_not_enough() -> None:
    lucky = np.array([[0.9, 0.0, 0.0, 0.0], [0.5, 0.5, 0.5, 0.4]], np.float32)
    told = support(lucky, 0.1)
    assert told.best == (0, 0)
    assert told.leads[1] > told.leads[0]


def test_noise_is_that_of_items_and_never_nothing() -> None:
    assert noise_of(np.zeros((2, 0), np.float32)) == LEAST_SPREAD
    assert noise_of(np.array([[0.2, 0.2], [0.9, 0.9]], np.float32)) == LEAST_SPREAD
    assert noise_of(np.array([[0.0, 1.0]], np.float32)) == pytest.approx(0.5)


def test_scores_without_items_are_a_bug() -> None:
    with pytest.raises(ValueError, match="candidates, items"):
        support(np.zeros((2, 0), np.float32), 0.1)
