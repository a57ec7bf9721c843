"""The groups nearest to a query: through a sketch, and against plain sorting."""

import importlib
import importlib.util

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from kuavi.domain.layers import Indices
from kuavi.domain.nearest import MANY, Grouped, Nearest, nearest
from kuavi.domain.ranking import max_per_group, top_k
from kuavi.domain.sketch import (
    HEAD,
    IN_NUMPY,
    TOP,
    Asked,
    Engine,
    Sketch,
    Words,
    asked,
    halved,
    rescanned,
    scanned,
    sketch_of,
    upper,
)
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
def test_with_a_sketch_next_to_nothing_is_missed(seed: int, dim: int, spread: float) -> None:
    """Each row is missed with a probability below 1 in 350; three of ten are, 1 time in 350,000."""
    rows = rows_of(seed, MANY + 5000, dim, spread)
    group = np.arange(len(rows)) // 5
    n_groups = int(group[-1]) + 1
    query = rows_of(seed + 1, 1, dim, spread)[0]
    through = nearest(query, Grouped(rows, group, n_groups, sketch_of(rows)), 10)
    exact = nearest(query, Grouped(rows, group, n_groups), 30)
    wanted = list(zip(exact.groups, exact.scores, exact.rows, strict=True))
    found = zip(through.groups, through.scores, through.rows, strict=True)
    places = [wanted.index(hit) for hit in found]
    assert len(places) == 10
    assert places == sorted(places)
    assert sum(place < 10 for place in places) >= 8


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


HAS_NUMBA = importlib.util.find_spec("numba") is not None


def compiled() -> Engine:
    engine: Engine = importlib.import_module("kuavi.domain.sketch_kernel").Compiled()
    return engine


@pytest.mark.parametrize("dim", [96, 600])
def test_bounds_hold_for_nearly_all_rows(dim: int) -> None:
    rows = rows_of(11, 20_000, dim, 1.0)
    sketch: Sketch = sketch_of(rows)
    loose, outside = [0.0] * 3, [0] * 3
    for query in rows_of(12, 10, dim, 1.0):
        question = asked(sketch, query)
        read = scanned(sketch, question)
        whole = rescanned(sketch, question, read)
        every = np.arange(len(rows))
        fine = IN_NUMPY.finer(sketch, question, every, read)
        assert fine.tobytes() == IN_NUMPY.finer(sketch, question, every, whole).tobytes()
        for tier, bounds in enumerate((read.bounds, whole.bounds, fine)):
            loose[tier] += float(np.mean(bounds - rows @ query)) / 10
            outside[tier] += int(np.count_nonzero(bounds < rows @ query - 1e-6))
    assert loose[0] < 0.3  # they say something
    assert (loose[1] < 0.9 * loose[0]) == (dim > 64 * HEAD)
    assert loose[2] < 0.6 * loose[1]
    assert max(outside) / 200_000 < 1 / 500


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 60), dim=st.integers(1, 600))
def test_differing_digits_give_the_product_of_integers(seed: int, n: int, dim: int) -> None:
    rows = rows_of(seed, n, dim, 1.0)
    sketch, query = sketch_of(rows), rows_of(seed + 1, 1, dim, 1.0)[0]
    question = asked(sketch, query)
    digits = np.stack([bits_of(words, dim) for words in question.digits])
    integers = (2 ** np.arange(len(digits))) @ (2 * digits - 1)
    assert np.abs(integers).max() <= TOP
    assert integers * question.step == pytest.approx(
        sketch.rotation.turned(query[None])[0], abs=float(question.step)
    )
    signs = 2 * np.stack([bits_of(words, dim) for words in sketch.signs.T]) - 1
    sizes = 2 * np.stack([bits_of(words, dim) for words in sketch.bits[:, len(sketch.signs) :]]) - 1
    first, _ = IN_NUMPY.scan(sketch, question)
    head = signs[:, : sketch.head] @ integers[: sketch.head]
    assert (TOP * sketch.head - 2 * first).tolist() == head.tolist()
    differ, _ = IN_NUMPY.rest(sketch, question, first)
    assert (TOP * dim - 2 * differ).tolist() == (signs @ integers).tolist()
    half, _ = halved(question)
    both = ((2 * signs + sizes) @ integers).astype(np.int32)
    fine = IN_NUMPY.finer(sketch, question, np.arange(n), scanned(sketch, question))
    assert fine.tobytes() == upper(sketch.fine, half, both).tobytes()


def bits_of(words: Words, dim: int) -> Indices:
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), bitorder="little")
    return bits[:dim].astype(np.int64)


@pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 3000), dim=st.integers(1, 600))
def test_engines_agree_to_the_last_bit(seed: int, n: int, dim: int) -> None:
    rows = rows_of(seed, n, dim, 1.0)
    sketch, query = sketch_of(rows), rows_of(seed + 1, 1, dim, 1.0)[0]
    question: Asked = asked(sketch, query)
    for mine, other in zip(
        IN_NUMPY.scan(sketch, question), compiled().scan(sketch, question), strict=True
    ):
        assert mine.tobytes() == other.tobytes()
    first, _ = IN_NUMPY.scan(sketch, question)
    for mine, other in zip(
        IN_NUMPY.rest(sketch, question, first),
        compiled().rest(sketch, question, first),
        strict=True,
    ):
        assert mine.tobytes() == other.tobytes()
    some = np.random.default_rng(seed).integers(n, size=n // 2)
    read = scanned(sketch, question)
    for state in (read, rescanned(sketch, question, read)):
        fine = IN_NUMPY.finer(sketch, question, some, state)
        assert fine.tobytes() == compiled().finer(sketch, question, some, state).tobytes()


@pytest.mark.parametrize("kind", ["random", "clustered", "near"])
def test_recall_on_vectors_of_768(kind: str) -> None:
    draw = np.random.default_rng(5)
    rows = draw.standard_normal((MANY + 5000, 768), dtype=np.float32)
    if kind == "clustered":
        rows = rows[draw.integers(300, size=len(rows))] + 0.7 * rows[::-1]
    queries = draw.standard_normal((30, 768), dtype=np.float32)
    if kind != "random":
        queries = rows[draw.integers(len(rows), size=30)] + 0.5 * queries
    rows, queries = unit(rows), unit(queries)
    own = np.arange(len(rows))
    sketched, plain = Grouped(rows, own, len(rows), sketch_of(rows)), Grouped(rows, own, len(rows))
    found = 0
    for query in queries:
        through, exact = nearest(query, sketched, 10), nearest(query, plain, 10)
        found += len(set(through.rows.tolist()) & set(exact.rows.tolist()))
        if HAS_NUMBA:
            fast = nearest(query, sketched, 10, engine=compiled())
            assert fast.rows.tolist() == through.rows.tolist()
            assert fast.scores.tolist() == through.scores.tolist()
    assert found >= 0.99 * 300


def test_rows_that_are_their_mean_have_its_product() -> None:
    rows = np.tile(rows_of(1, 1, 16, 1.0), (5, 1))
    sketch, query = sketch_of(rows), rows_of(2, 1, 16, 1.0)[0]
    _, bounds = IN_NUMPY.scan(sketch, asked(sketch, query))
    assert bounds == pytest.approx(rows @ query, abs=1e-5)


def test_bits_that_do_not_fit_are_refused() -> None:
    good = sketch_of(rows_of(1, 10, 16, 1.0))
    for wrong in (
        {"signs": good.signs[:, :5]},
        {"coarse": good.coarse[:2]},
        {"middle": good.middle[:, :3]},
        {"mean": good.mean[:3]},
        {"bits": good.bits.astype(np.int64)},
    ):
        with pytest.raises(ValueError, match=r"bits|scales|rotation"):
            evolve(good, **wrong)
