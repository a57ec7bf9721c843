"""Cells, pairs and stars: the three steps of semantic deduplication."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.alike import MOST_PAIRS, Pairs, alike
from kuavi.domain.cells import cells_of, looks
from kuavi.domain.space import Matrix, unit
from kuavi.domain.stars import Stars, stars, stars_by_weight

seeds = st.integers(0, 2**32 - 1)


def around(n: int, n_centres: int, noise: float, seed: int) -> Matrix:
    """n unit rows, 32 wide, around some centres."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((n_centres, 32)).astype(np.float32))
    own = unit(rng.standard_normal((n, 32)).astype(np.float32))
    return unit(centres[rng.integers(0, n_centres, n)] + np.float32(noise) * own)


def graph(edges: dict[tuple[int, int], float]) -> Pairs:
    ends = np.array(sorted(edges), dtype=np.int64).reshape(-1, 2)
    cosine = np.array([edges[a, b] for a, b in ends.tolist()], dtype=np.float32)
    return Pairs(ends[:, 0], ends[:, 1], cosine)


def star_of(n: int, edges: dict[tuple[int, int], float]) -> Stars:
    return stars(graph(edges), np.ones(n))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, dict[tuple[int, int], float]]:
    n = draw(st.integers(1, 9))
    nodes, cosines = st.integers(0, n - 1), st.sampled_from([0.95, 0.96, 1.0])
    edges = draw(st.dictionaries(st.tuples(nodes, nodes), cosines))
    return n, {(a, b): cosine for (a, b), cosine in edges.items() if a < b}


@given(graphs())
def test_members_touch_their_centre_and_centres_do_not_touch(
    case: tuple[int, dict[tuple[int, int], float]],
) -> None:
    n, edges = case
    found = star_of(n, edges)
    centre = found.centre.tolist()
    for node in range(n):
        assert centre[centre[node]] == centre[node]
        assert node == centre[node] or tuple(sorted((node, centre[node]))) in edges
    assert not [(a, b) for a, b in edges if centre[a] == a and centre[b] == b]


@given(graphs())
def test_whoever_might_be_the_centre_touches_all_of_its_cluster_and_nothing_else(
    case: tuple[int, dict[tuple[int, int], float]],
) -> None:
    n, edges = case
    found = star_of(n, edges)
    centre = found.centre.tolist()
    for node in range(n):
        assert found.able[node] or centre[node] != node
        if found.able[node] and centre[node] != node:
            touched = {a + b - node for a, b in edges if node in (a, b)}
            assert touched | {node} == {k for k in range(n) if centre[k] == centre[node]}


def test_the_middle_of_a_path_leads() -> None:
    assert star_of(3, {(0, 1): 0.96, (1, 2): 0.96}).centre.tolist() == [1, 1, 1]


def test_of_two_middles_only_one_might_lead() -> None:
    found = star_of(4, {(0, 1): 0.96, (1, 2): 0.96, (2, 3): 0.96})
    assert found.centre.tolist() == [1, 1, 1, 3]
    assert found.able.tolist() == [False, True, False, True]


def test_a_member_goes_to_the_centre_that_it_is_most_like() -> None:
    edges = {(0, 1): 0.99, (0, 2): 0.99, (0, 3): 0.95, (3, 4): 0.98, (4, 5): 0.98}
    assert star_of(6, edges).centre.tolist() == [0, 0, 0, 4, 4, 4]


def test_weight_leads() -> None:
    assert stars(graph({(0, 1): 0.96}), np.array([1.0, 2.0])).centre.tolist() == [1, 1]


@given(st.integers(1, 60), st.sampled_from([0.5, 0.9, 0.99]), seeds)
def test_stars_without_pairs_are_stars(n: int, least: float, seed: int) -> None:
    rows = around(n, 4, 0.3, seed)
    found = stars_by_weight(rows, np.ones(n), least, (lambda i, j: False & (i[:, None] == j), n))
    centres = np.flatnonzero(found.centre == np.arange(n))
    assert (np.einsum("nd,nd->n", rows, rows[found.centre]) >= least - 2e-5).all()
    between = rows[centres] @ rows[centres].T - 2 * np.eye(len(centres), dtype=np.float32)
    assert (between < least).all()


@given(st.integers(1, 60), st.sampled_from([0.5, 0.9, 1.0]), seeds)
def test_pairs_are_those_of_the_whole_product(n: int, least: float, seed: int) -> None:
    rows = around(n, 20, 0.3, seed)
    found = alike(rows, least)
    wanted = int(np.count_nonzero(np.triu(rows @ rows.T >= least - 1e-5, 1)))
    if found is None:
        assert wanted > MOST_PAIRS * n
    else:
        assert len(found) == wanted
        assert (found.first < found.second).all()


def test_too_many_pairs_are_not_kept() -> None:
    assert alike(around(200, 1, 0.01, 0), 0.95) is None


def test_zero_rows_are_like_nothing() -> None:
    found = alike(np.zeros((5, 4), dtype=np.float32), 0.5)
    assert found is not None
    assert len(found) == 0


def nearness(rows: Matrix, rounds: int) -> float:
    return float((rows @ cells_of(rows, 20, rounds).centres.T).max(axis=1).mean())


def test_rounds_bring_centres_nearer() -> None:
    rows = around(2000, 20, 1.0, 5)
    steps = [nearness(rows, rounds) for rounds in (0, 1, 5)]
    assert steps == sorted(steps)
    assert steps[-1] > steps[0] + 0.05


def test_a_row_looks_into_its_own_cell_and_few_others() -> None:
    rows = around(2000, 20, 1.0, 6)
    cells = cells_of(rows)
    own, row, cell = looks(rows, cells, 0.95)
    assert np.array_equal(own, (rows @ cells.centres.T).argmax(axis=1))
    assert set(zip(range(2000), own.tolist(), strict=True)) <= set(
        zip(row.tolist(), cell.tolist(), strict=True)
    )
    assert len(set(zip(row.tolist(), cell.tolist(), strict=True))) == len(row)
    assert np.bincount(row).max() <= 4


def test_a_cell_without_rows_keeps_its_centre() -> None:
    rows = np.repeat(np.eye(2, 32, dtype=np.float32), 50, axis=0)
    assert np.allclose(np.linalg.norm(cells_of(rows, 10).centres, axis=1), 1)


def test_impossible_numbers_of_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="make 1 to 2 cells"):
        cells_of(np.eye(2, 4, dtype=np.float32), 3)
