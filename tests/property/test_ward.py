import importlib.util
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import diags
from sklearn.cluster import AgglomerativeClustering, ward_tree

from kuavi.domain.chain import Rows
from kuavi.domain.space import Matrix
from kuavi.domain.ward import NUMBA_FROM, Dendrogram, Engine, Precision, chain_ward
from tests.strategies_tree import frame_rows, grouped_rows

HAS_NUMBA = importlib.util.find_spec("numba") is not None
ENGINES: list[Engine] = ["numba", "numpy"] if HAS_NUMBA else ["numpy"]
PRECISIONS: list[Precision] = ["fp64", "fp32"]


def sklearn_tree(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    n = len(rows)
    chain = diags([np.ones(n - 1)] * 2, [-1, 1], format="csr")
    children, _, _, _, distances = ward_tree(rows, connectivity=chain, return_distance=True)
    return children, distances


def in_time_order(labels: np.ndarray) -> np.ndarray:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def same(a: Dendrogram, b: Dendrogram) -> bool:
    return all(
        np.array_equal(x, y)
        for x, y in ((a.children, b.children), (a.costs, b.costs), (a.splits, b.splits))
    ) and (a.absorbed, a.within) == (b.absorbed, b.within)


@pytest.mark.parametrize("engine", ENGINES)
@given(rows=frame_rows(min_n=2))
def test_the_tree_and_its_costs_are_scikit_learns_ties_included(
    engine: Engine, rows: Matrix
) -> None:
    children, distances = sklearn_tree(rows)
    ours = chain_ward(rows, engine=engine)
    assert np.array_equal(ours.children, children)
    assert np.allclose(ours.costs, distances, rtol=1e-12, atol=1e-12)


@given(rows=frame_rows(min_n=2, max_n=30), data=st.data())
def test_labels_are_scikit_learns_at_every_threshold(rows: Matrix, data: st.DataObject) -> None:
    ours = chain_ward(rows)
    heights = [*ours.costs.tolist(), *(np.nextafter(ours.costs, np.inf)).tolist(), 0.0, 1.0]
    threshold = data.draw(st.sampled_from(heights))
    chain = diags([np.ones(len(rows) - 1)] * 2, [-1, 1], format="csr")
    model = AgglomerativeClustering(
        n_clusters=None,
        distance_threshold=threshold,
        linkage="ward",
        connectivity=chain,
        compute_full_tree=True,
    )
    theirs = in_time_order(model.fit_predict(rows))
    assert np.array_equal(ours.labels(ours.count_at(threshold)), theirs)


@pytest.mark.parametrize("tied", [False, True])
def test_two_thousand_frames_like_scikit_learn(tied: bool) -> None:
    rng = np.random.default_rng(5)
    rows: Rows = rng.standard_normal((2000, 24)).astype(np.float32)
    if tied:
        rows = np.round(rows)[:, :2]
    children, distances = sklearn_tree(rows)
    ours = chain_ward(rows)
    assert np.array_equal(ours.children, children)
    assert np.allclose(ours.costs, distances, rtol=1e-12, atol=0)


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
@pytest.mark.parametrize("precision", PRECISIONS)
@given(film=grouped_rows())
def test_both_engines_agree_to_the_last_bit(
    precision: Precision, film: tuple[Rows, np.ndarray]
) -> None:
    rows, groups = film
    fast = chain_ward(rows, groups, precision=precision, engine="numba")
    plain = chain_ward(rows, groups, precision=precision, engine="numpy")
    assert same(fast, plain)


@given(rows=frame_rows(min_n=2))
def test_fp32_costs_are_near_fp64_costs_of_the_same_merges(rows: Matrix) -> None:
    fast = chain_ward(rows, precision="fp32")
    exact = np.concatenate([[0.0], ward_costs(rows, fast)])[1:]
    scale = np.abs(rows).max() * np.sqrt(rows.shape[1])
    vanishing = 1e-18 * rows.shape[1]  # squares of smaller distances are 0 in fp32
    assert np.allclose(fast.costs, exact, rtol=1e-4, atol=1e-5 * scale + vanishing)


def ward_costs(rows: Rows, dendrogram: Dendrogram) -> np.ndarray:
    """Cost of each merge from its definition: inertia of the union less that of the parts."""
    members = [[i] for i in range(len(rows))]
    costs = []
    for a, b in dendrogram.children:
        left, right = rows[members[a]].astype(float), rows[members[b]].astype(float)
        n_left, n_right = len(left), len(right)
        gap = ((left.mean(0) - right.mean(0)) ** 2).sum()
        costs.append(np.sqrt(2 * gap * n_left * n_right / (n_left + n_right)))
        members.append(members[a] + members[b])
    return np.array(costs)


@pytest.mark.parametrize("engine", ENGINES)
@given(film=grouped_rows())
def test_groups_are_complete_before_any_two_merge(
    engine: Engine, film: tuple[Rows, np.ndarray]
) -> None:
    rows, groups = film
    n_groups = len(np.unique(groups))
    ours = chain_ward(rows, groups, engine=engine)
    assert ours.within == len(rows) - n_groups
    assert np.array_equal(ours.labels(n_groups), np.unique(groups, return_inverse=True)[1])
    for group in np.unique(groups):
        assert_same_merges_as_alone(rows, groups == group, ours)
    assert np.allclose(ours.costs, ward_costs(rows, ours), atol=1e-9)
    between = ours.costs[ours.within :]
    if len(between):
        assert between[0] == pytest.approx(cheapest_join(rows, groups))


def assert_same_merges_as_alone(rows: Rows, inside: np.ndarray, ours: Dendrogram) -> None:
    alone = chain_ward(rows[inside])
    offset = int(np.flatnonzero(inside)[0])
    within = ours.splits[: ours.within]
    mine = np.isin(within, np.flatnonzero(inside)[1:])
    assert np.array_equal(within[mine] - offset, alone.splits)
    assert np.array_equal(ours.costs[: ours.within][mine], alone.costs)


def cheapest_join(rows: Rows, groups: np.ndarray) -> float:
    parts = [rows[groups == g].astype(float) for g in np.unique(groups)]
    joins = [
        np.sqrt(2 * len(a) * len(b) / (len(a) + len(b))) * np.linalg.norm(a.mean(0) - b.mean(0))
        for a, b in pairwise(parts)
    ]
    return float(min(joins))


@given(rows=frame_rows())
def test_one_group_is_plain_ward(rows: Matrix) -> None:
    assert same(chain_ward(rows, np.full(len(rows), 7)), chain_ward(rows))


@given(rows=frame_rows())
def test_cuts_are_nested_contiguous_and_in_time_order(rows: Matrix) -> None:
    ours = chain_ward(rows)
    for k in range(1, len(rows) + 1):
        labels = ours.labels(k)
        assert labels[0] == 0
        assert labels[-1] == k - 1
        assert set(np.diff(labels)) <= {0, 1}
        assert set(ours.starts(k)) >= set(ours.starts(max(k - 1, 1)))


@pytest.mark.parametrize("precision", PRECISIONS)
@given(rows=frame_rows())
def test_rows_are_left_alone_unless_consumed(precision: Precision, rows: Matrix) -> None:
    before = rows.copy()
    kept = chain_ward(rows, precision=precision)
    assert np.array_equal(rows, before)
    own: Rows = rows.astype(np.float64) if precision == "fp64" else rows.copy()
    assert same(chain_ward(own, precision=precision, in_place=True), kept)
    assert np.allclose(own[0], rows.sum(axis=0), rtol=1e-3, atol=1e-3)


def test_one_frame_is_an_empty_dendrogram() -> None:
    ours = chain_ward(np.ones((1, 3), dtype=np.float32))
    assert ours.children.shape == (0, 2)
    assert ours.labels(1).tolist() == [0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
@pytest.mark.parametrize("at", [0, 3, 6])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_that_are_not_finite_are_refused(
    engine: Engine, bad: float, at: int, precision: Precision
) -> None:
    rows = np.zeros((7, 2), dtype=np.float32)
    rows[at, 1] = bad
    if bad == 3e38 and precision == "fp64":
        assert np.isfinite(chain_ward(rows, engine=engine).costs).all()
    else:
        with pytest.raises(ValueError, match="finite"):
            chain_ward(rows, precision=precision, engine=engine)


def test_what_can_not_be_clustered_is_refused() -> None:
    rows = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="at least 1"):
        chain_ward(rows[:0])
    with pytest.raises(ValueError, match="not decrease"):
        chain_ward(rows, np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match="4 integer groups"):
        chain_ward(rows, np.array([0, 1]))
    with pytest.raises(ValueError, match="consumed"):
        chain_ward(rows, precision="fp64", in_place=True)
    rows.setflags(write=False)
    with pytest.raises(ValueError, match="consumed"):
        chain_ward(rows, precision="fp32", in_place=True)
    with pytest.raises(ValueError, match="5 clusters"):
        chain_ward(rows).labels(5)


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
@pytest.mark.parametrize(("n", "loaded"), [(NUMBA_FROM - 1, False), (NUMBA_FROM, True)])
def test_numba_is_loaded_only_for_many_frames(n: int, loaded: bool) -> None:
    script = (
        "import sys, numpy as np; from kuavi.domain.ward import chain_ward;"
        f"chain_ward(np.arange({n}.0, dtype=np.float32)[:, None] ** 2, precision='fp32');"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(loaded)


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("tied", [False, True])
def test_engines_agree_over_several_levels_of_the_tournament(
    precision: Precision, tied: bool
) -> None:
    rng = np.random.default_rng(9)
    rows: Rows = rng.standard_normal((2500, 3)).astype(np.float32)
    if tied:
        rows = np.round(rows)
    fast = chain_ward(rows, precision=precision, engine="numba")
    assert same(fast, chain_ward(rows, precision=precision, engine="numpy"))
