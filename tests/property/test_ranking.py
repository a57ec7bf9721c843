from itertools import groupby
from math import isclose

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.ranking import (
    ALONE,
    NO_ITEM,
    Mask,
    Scores,
    cluster_diverse,
    max_per_group,
    mmr,
    reciprocal_rank_fusion,
    softmax,
    top_k,
)
from kuavi.domain.space import Matrix, unit
from tests.strategies import unit_floats

few_values = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 0.25, 0.5, 1.0])
score_lists = arrays(np.float32, st.integers(0, 30), elements=few_values | unit_floats)
counts = st.integers(0, 35)
ranking_sets = st.dictionaries(
    st.sampled_from(["seen", "said", "written", "moving"]),
    st.lists(st.integers(0, 12), unique=True),
)


@st.composite
def masked_scores(draw: st.DrawFn) -> tuple[Scores, Mask]:
    scores = draw(score_lists)
    return scores, draw(arrays(np.bool_, len(scores)))


@st.composite
def scored_rows(draw: st.DrawFn) -> tuple[Scores, Matrix]:
    scores = draw(score_lists)
    shape = (len(scores), draw(st.integers(1, 4)))
    return scores, unit(draw(arrays(np.float32, shape, elements=st.integers(-3, 3))))


@st.composite
def clustered_scores(draw: st.DrawFn) -> tuple[Scores, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    scores = draw(score_lists)
    return scores, draw(arrays(np.int64, len(scores), elements=st.integers(-1, 5)))


def best_first(scores: Scores, excluded: Mask | None = None) -> list[int]:
    """The whole ranking, by plain sorting."""
    out = np.zeros(len(scores), dtype=np.bool_) if excluded is None else excluded
    there = [i for i in range(len(scores)) if np.isfinite(scores[i]) and not out[i]]
    return sorted(there, key=lambda i: (-float(scores[i]), i))


@given(masked_scores(), counts)
def test_top_k_is_the_head_of_the_sorted_list_of_what_is_present(
    case: tuple[Scores, Mask], k: int
) -> None:
    scores, excluded = case
    assert top_k(scores, k, excluded).tolist() == best_first(scores, excluded)[:k]
    assert top_k(scores, k).tolist() == best_first(scores)[:k]


def test_ties_at_the_edge_go_to_the_lower_index() -> None:
    assert top_k(np.array([0.5, 1.0, 0.5, 0.5]), 2).tolist() == [1, 0]


@given(ranking_sets)
def test_fusion_holds_every_item_once_in_falling_order_of_scores_up_to_1(
    rankings: dict[str, list[int]],
) -> None:
    fused = reciprocal_rank_fusion(rankings)
    items = [one.item for one in fused]
    assert sorted(items) == sorted({item for ranking in rankings.values() for item in ranking})
    scores = [one.score for one in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    for one in fused:
        where = {name: r.index(one.item) + 1 for name, r in rankings.items() if one.item in r}
        assert one.ranks == where


@given(ranking_sets, st.floats(0, 100))
def test_an_item_scores_1_exactly_when_it_is_first_in_every_ranking(
    rankings: dict[str, list[int]], k: float
) -> None:
    spoken = [ranking for ranking in rankings.values() if ranking]
    for one in reciprocal_rank_fusion(rankings, k):
        assert (one.score == 1) == all(ranking[0] == one.item for ranking in spoken)


@given(ranking_sets)
def test_fusion_is_the_weighted_sum_of_reciprocal_ranks(rankings: dict[str, list[int]]) -> None:
    weights = {"seen": 2.0, "said": 0.5, "absent": 9.0}
    spoken = {name: ranking for name, ranking in rankings.items() if ranking}
    whole = sum(weights.get(name, 1.0) / 61 for name in spoken)
    for one in reciprocal_rank_fusion(rankings, weights=weights):
        parts = [weights.get(name, 1.0) / (60 + rank) for name, rank in one.ranks.items()]
        assert isclose(one.score, sum(parts) / whole)


@given(ranking_sets)
def test_a_ranking_that_weighs_nothing_might_as_well_not_be_there(
    rankings: dict[str, list[int]],
) -> None:
    without = {name: ranking for name, ranking in rankings.items() if name != "seen"}
    assert reciprocal_rank_fusion(rankings, weights={"seen": 0.0}) == reciprocal_rank_fusion(
        without
    )


def test_equal_scores_are_ordered_by_best_rank_then_first_appearance() -> None:
    mirrored = reciprocal_rank_fusion({"seen": ["a", "b"], "said": ["b", "a"]})
    assert [one.item for one in mirrored] == ["a", "b"]
    assert mirrored[0].score == mirrored[1].score
    # With k = 0: `top` has 1/1; `mid` 1/2 + 1/2.
    rankings = {"x": ["p", "mid"], "y": ["q", "mid"], "z": ["top"]}
    fused = reciprocal_rank_fusion(rankings, k=0)
    assert [one.item for one in fused] == ["p", "q", "top", "mid"]
    assert len({one.score for one in fused}) == 1


def test_agreement_of_two_rankings_beats_a_single_first_place() -> None:
    fused = reciprocal_rank_fusion({"seen": ["a", "b"], "said": ["c", "b"]})
    assert fused[0].item == "b"
    assert fused[0].ranks == {"seen": 2, "said": 2}


@given(scored_rows(), counts)
def test_mmr_with_trade_off_1_is_plain_ranking(case: tuple[Scores, Matrix], k: int) -> None:
    relevance, rows = case
    assert mmr(relevance, rows, k, 1.0).tolist() == top_k(relevance, k).tolist()


@given(scored_rows(), counts, st.floats(0, 1))
def test_mmr_takes_at_each_step_the_item_of_highest_marginal_relevance(
    case: tuple[Scores, Matrix], k: int, trade_off: float
) -> None:
    relevance, rows = case
    taken = mmr(relevance, rows, k, trade_off).tolist()
    present = best_first(relevance)
    assert len(set(taken)) == len(taken) == min(k, len(present))
    assert set(taken) <= set(present)
    assert taken[:1] == present[: min(k, 1)]
    alike = rows.astype(np.float64) @ rows.astype(np.float64).T
    for step in range(1, len(taken)):
        before, rest = taken[:step], set(present) - set(taken[:step])
        value = {
            i: trade_off * relevance[i] - (1 - trade_off) * alike[i, before].max() for i in rest
        }
        assert value[taken[step]] >= max(value.values()) - 1e-5


@given(
    arrays(np.float32, (12, 6), elements=st.floats(-1 / 64, 1 / 64, width=32)),
    arrays(np.float64, 12, elements=st.floats(0, 1)),
    st.floats(0, 0.5),
)
def test_among_near_copies_the_first_three_span_two_clusters(
    noise: Matrix, relevance: Scores, trade_off: float
) -> None:
    copies = np.arange(12) < 10  # ten near-copies, then two of another kind
    rows = unit(np.where(copies[:, None], np.eye(6)[0], np.eye(6)[1]).astype(np.float32) + noise)
    assume(relevance[10:].max() > 0.2)
    first_three = mmr(relevance, rows, 3, trade_off)
    assert set(copies[first_three]) == {True, False}


@given(clustered_scores(), counts)
def test_clusters_take_turns_each_giving_its_best(
    case: tuple[Scores, np.ndarray[tuple[int], np.dtype[np.int64]]], k: int
) -> None:
    relevance, clusters = case
    whole = cluster_diverse(relevance, clusters, len(relevance)).tolist()
    ranking = best_first(relevance)
    cluster_of = {i: (0, clusters[i]) if clusters[i] != ALONE else (1, i) for i in ranking}
    queues = {
        c: [i for i in ranking if cluster_of[i] == c]
        for c in dict.fromkeys(cluster_of[i] for i in ranking)
    }
    turns = max((len(queue) for queue in queues.values()), default=0)
    expected = [q[turn] for turn in range(turns) for q in queues.values() if turn < len(q)]
    assert whole == expected
    assert cluster_diverse(relevance, clusters, k).tolist() == expected[:k]


@given(masked_scores(), st.data())
def test_what_is_excluded_is_absent_from_every_selection(
    case: tuple[Scores, Mask], data: st.DataObject
) -> None:
    scores, excluded = case
    rows = np.ones((len(scores), 1), dtype=np.float32)
    clusters = data.draw(arrays(np.int64, len(scores), elements=st.integers(-1, 3)))
    present = set(best_first(scores, excluded))
    assert set(mmr(scores, rows, 40, 0.5, excluded).tolist()) == present
    assert set(cluster_diverse(scores, clusters, 40, excluded).tolist()) == present


@given(score_lists, st.data())
def test_a_group_is_worth_its_best_item(scores: Scores, data: st.DataObject) -> None:
    n_groups = data.draw(st.integers(1, 6))
    group = data.draw(arrays(np.int64, len(scores), elements=st.integers(0, n_groups - 1)))
    best, index = max_per_group(scores, group, n_groups)
    members = {
        g: list(of)
        for g, of in groupby(
            sorted(best_first(scores), key=lambda i: group[i]), key=lambda i: group[i]
        )
    }
    for g in range(n_groups):
        if g in members:
            assert index[g] == members[g][0]
            assert best[g] == scores[index[g]]
        else:
            assert np.isnan(best[g])
            assert index[g] == NO_ITEM
    assert set(top_k(best, n_groups).tolist()) == set(members)


any_size = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1.7e308, 1.7e308))


@given(any_size | score_lists.map(lambda s: s[np.isfinite(s)]), st.floats(1e-3, 1e3))
def test_softmax_is_a_distribution_in_the_order_of_the_scores(
    scores: Scores, temperature: float
) -> None:
    shares = softmax(scores, temperature)
    assert shares.shape == scores.shape
    assert (shares >= 0).all()
    assert not len(scores) or isclose(shares.sum(), 1)
    assert (np.diff(shares[np.argsort(scores)]) >= 0).all()


@given(arrays(np.float64, 3, elements=st.floats(-5, 5)), st.floats(-100, 100))
def test_softmax_looks_at_differences_in_units_of_temperature(scores: Scores, by: float) -> None:
    expected = np.exp(scores / 2) / np.exp(scores / 2).sum()
    np.testing.assert_allclose(softmax(scores + by, 2.0), expected, rtol=1e-9, atol=1e-12)


def test_wrong_arguments_are_refused_in_words() -> None:
    scores, rows, labels = (
        np.ones(2),
        np.ones((2, 1), dtype=np.float32),
        np.zeros(2, dtype=np.int64),
    )
    with pytest.raises(ValueError, match="k must not be negative, got -1"):
        top_k(scores, -1)
    with pytest.raises(ValueError, match=r"scores must be \(n,\), got \(2, 2\)"):
        top_k(np.ones((2, 2)), 1)
    with pytest.raises(ValueError, match=r"2 scores need excluded as long, got \(3,\)"):
        top_k(scores, 1, np.zeros(3, dtype=np.bool_))
    with pytest.raises(ValueError, match="mask of bool, got int64"):
        top_k(scores, 1, labels)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="k must not be negative"):
        mmr(scores, rows, -2, 0.5)
    for trade_off in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"trade_off must be in \[0, 1\]"):
            mmr(scores, rows, 1, trade_off)
    with pytest.raises(ValueError, match=r"2 scores need \(n, dim\) rows as many, got \(1, 1\)"):
        mmr(scores, rows[:1], 1, 0.5)
    with pytest.raises(ValueError, match="rows must be unit vectors"):
        mmr(scores, 2 * rows, 1, 0.5)
    with pytest.raises(ValueError, match="k must not be negative"):
        cluster_diverse(scores, labels, -1)
    with pytest.raises(ValueError, match="2 scores need clusters as long"):
        cluster_diverse(scores, labels[:1], 1)


def test_wrong_groups_weights_and_temperatures_are_refused_in_words() -> None:
    scores, labels = np.ones(2), np.array([0, 3])
    with pytest.raises(ValueError, match="n_groups must not be negative"):
        max_per_group(scores, labels, -1)
    with pytest.raises(ValueError, match=r"groups must be in \[0, 3\), got 0 to 3"):
        max_per_group(scores, labels, 3)
    with pytest.raises(ValueError, match="2 scores need group as long"):
        max_per_group(scores, labels[:1], 3)
    with pytest.raises(ValueError, match="k must be finite and not negative"):
        reciprocal_rank_fusion({"seen": [1]}, k=-1)
    with pytest.raises(ValueError, match="weight of 'seen' must be finite and not negative"):
        reciprocal_rank_fusion({"seen": [1]}, weights={"seen": -1.0})
    with pytest.raises(ValueError, match="ranking 'seen' names 7 twice: 1 and 3"):
        reciprocal_rank_fusion({"seen": [7, 8, 7]})
    for temperature in (0.0, -1.0, np.inf):
        with pytest.raises(ValueError, match="temperature must be positive"):
            softmax(scores, temperature)
    with pytest.raises(ValueError, match="scores must be finite"):
        softmax(np.array([0.0, -np.inf]))
