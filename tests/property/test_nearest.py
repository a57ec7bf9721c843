"""The groups nearest to a query: through a sketch, and against plain sorting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuavi.domain.nearest import MANY, Grouped, Nearest, nearest
from kuavi.domain.ranking import max_per_group, top_k
from kuavi.domain.sketch import Sketch, asked, differing, finer, sketch_of, upper
from kuavi.domain.space import Matrix, unit


def rows_of(seed: int, n: int, dim: int, spread: float) -> Matrix:
    """Unit rows around a few centres and a common direction, as real embeddings lie."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((12, dim)) + 0.5
    rows = centres[draw.integers(12, size=n)] + spread * draw.standard_normal((n, dim))
    return unit(rows.astype(np.float32))


def plainly(query: Matrix, grouped: Grouped, k: int, floor: float = -1.0) -> Nearest:
    scores = (grouped.rows.astype(np.float64) @ query.astype(np.float64)).clip(-1, 1)
    known = np.flatnonzero((grouped.group >= 0) & (scores >= floor))
    best, item = max_per_group(scores[known], grouped.group[known], grouped.n_groups)
    top = top_k(best, k)
    return Nearest(top, best[top], known[item[top]])


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 300),
    dim=st.integers(1, 40),
    k=st.integers(0, 30),
    floor=st.sampled_from([-1.0, 0.0, 0.4]),
)
def test_without_a_sketch_it_is_sorting(seed: int, n: int, dim: int, k: int, floor: float) -> None:
    rows = rows_of(seed, n, dim, 0.5)
    group = np.random.default_rng(seed).integers(-1, 20, size=n)
    grouped = Grouped(rows, group, 20)
    query = rows_of(seed + 1, 1, dim, 0.5)[0]
    found, wanted = nearest(query, grouped, k, floor=floor), plainly(query, grouped, k, floor)
    if floor == -1.0:
        assert len(found) == len(wanted)
    assert found.scores == pytest.approx(wanted.scores[: len(found)], abs=1e-5)
    assert (grouped.group[found.rows] == found.groups).all()
    assert len(set(found.groups.tolist())) == len(found)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), dim=st.sampled_from([24, 64, 100]), spread=st.floats(0.2, 3.0))
def test_with_a_sketch_the_answer_is_the_same(seed: int, dim: int, spread: float) -> None:
    rows = rows_of(seed, MANY + 5000, dim, spread)
    group = np.arange(len(rows)) // 5
    n_groups = int(group[-1]) + 1
    query = rows_of(seed + 1, 1, dim, spread)[0]
    through = nearest(query, Grouped(rows, group, n_groups, sketch_of(rows)), 10)
    exact = nearest(query, Grouped(rows, group, n_groups), 10)
    assert through.groups.tolist() == exact.groups.tolist()
    assert through.scores.tolist() == exact.scores.tolist()
    assert through.rows.tolist() == exact.rows.tolist()


def test_a_mask_holds_with_and_without_a_sketch() -> None:
    rows = rows_of(3, MANY + 5000, 32, 1.0)
    group = np.arange(len(rows))
    query = rows[7]
    sketched = Grouped(rows, group, len(rows), sketch_of(rows))
    for share in (0.9, 0.1):  # many rows left: the sketch is used; few: they are multiplied
        allowed = np.random.default_rng(5).random(len(rows)) < share
        allowed[7] = False
        found = nearest(query, sketched, 10, allowed)
        plain = nearest(query, Grouped(rows, group, len(rows)), 10, allowed)
        assert found.groups.tolist() == plain.groups.tolist()
        assert allowed[found.groups].all()
    nothing = np.zeros(len(rows), dtype=np.bool_)
    assert len(nearest(query, sketched, 10, nothing)) == 0


def test_equal_rows_are_ordered_by_group() -> None:
    rows = np.tile(rows_of(1, 1, 16, 1.0), (30, 1))
    found = nearest(rows[0], Grouped(rows, np.arange(30)[::-1].copy(), 30), 4)
    assert found.groups.tolist() == [0, 1, 2, 3]
    assert found.rows.tolist() == [29, 28, 27, 26]


def test_bounds_hold_for_nearly_all_rows() -> None:
    rows = rows_of(11, 20_000, 96, 1.0)
    sketch: Sketch = sketch_of(rows)
    outside = 0
    for query in rows_of(12, 10, 96, 1.0):
        question, all_rows = asked(sketch, query), np.arange(len(rows))
        counts = finer(sketch, question, all_rows, differing(sketch, question))
        bounds = upper(sketch, question, all_rows, counts, both=True)
        assert np.mean(bounds) - np.mean(rows @ query) < 0.2  # it says something
        outside += int(np.count_nonzero(bounds < rows @ query))
    assert outside / 200_000 < 1 / 700


def test_bits_that_do_not_fit_are_refused() -> None:
    good = sketch_of(rows_of(1, 10, 16, 1.0))
    with pytest.raises(ValueError, match="bits"):
        Sketch(good.coarse[:, :5], good.fine, good.mean, good.lengths, good.planes)
