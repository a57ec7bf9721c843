import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from kuavi.domain.chain import new_chain
from kuavi.domain.cuts import cut_by_cost, cut_by_count, cut_by_typical_length, scene_cut
from kuavi.domain.space import Matrix
from kuavi.domain.spans import Span
from kuavi.domain.tree import (
    NONE,
    Ids,
    Reals,
    SegmentTree,
    build_tree,
    cells,
    leaves,
    nodes_at,
    shots,
    tree_of,
    worth_annotating,
)
from kuavi.domain.ward import Dendrogram, agglomerate, chain_ward
from tests import tree_checks
from tests.indexed import frozen_form
from tests.strategies_tree import Film, films

SLACK_S = 2e-6
ULP = float(np.spacing(1.0))


def check_tiles(tree: SegmentTree, nodes: Ids) -> None:
    starts, ends = tree.start_s[nodes], tree.end_s[nodes]
    assert starts[0] == tree.span.start_s
    assert ends[-1] == tree.span.end_s
    assert (starts[1:] == ends[:-1]).all()


def check_refines(tree: SegmentTree, fine: Ids, coarse: Ids) -> None:
    assert len(fine) >= len(coarse)
    assert np.isin(tree.start_s[coarse], tree.start_s[fine]).all()


@given(film=films())
def test_a_tree_has_the_properties_of_action100m(film: Film) -> None:
    tree = film.tree()
    nodes = tree_checks.hierarchy_of(tree)
    tree_checks.check_strictly_binary(nodes)
    tree_checks.check_children_tile_parents(nodes)
    tree_checks.check_breadth_first(nodes)
    tree_checks.check_level_is_depth(nodes)
    tree_checks.check_no_node_shorter(nodes, film.min_leaf_s, within_s=SLACK_S)
    tree_checks.check_boundaries_midway(nodes, film.times_s, film.cuts_s, within_s=1e-9)


@given(film=films(), min_s=st.floats(0, 30))
def test_worth_annotating_is_inner_and_long_enough(film: Film, min_s: float) -> None:
    tree = film.tree()
    chosen = set(worth_annotating(tree, min_s).tolist())
    for node in range(len(tree)):
        is_inner = node not in leaves(tree)
        assert (node in chosen) == (is_inner and tree.end_s[node] - tree.start_s[node] >= min_s)


@given(film=films())
def test_a_tree_covers_the_whole_span_and_every_sample(film: Film) -> None:
    tree = film.tree()
    assert tree.span == film.span
    check_tiles(tree, leaves(tree))
    assert (tree.first_frame[0], tree.last_frame[0]) == (0, len(film.rows))
    for leaf in leaves(tree):
        mine = film.times_s[tree.first_frame[leaf] : tree.last_frame[leaf]]
        assert (mine >= tree.start_s[leaf]).all()
        assert (mine <= tree.end_s[leaf]).all()


@given(film=films())
def test_no_sample_is_merged_that_is_long_enough(film: Film) -> None:
    """With no minimum every sample is a leaf; with one, each leaf of several holds a sliver."""
    assert film._replace(min_leaf_s=0.0).tree().n_leaves == len(film.rows)
    tree = film.tree()
    bounds, _ = cells(film.times_s, film.span, film.cuts_s)
    for leaf in leaves(tree):
        own = np.diff(bounds[tree.first_frame[leaf] : tree.last_frame[leaf] + 1])
        assert len(own) == 1 or own.min() < film.min_leaf_s


@given(film=films())
def test_every_usable_cut_is_a_boundary_between_shots(film: Film) -> None:
    tree = film._replace(min_leaf_s=0.0).tree()
    inside = film.times_s
    usable = [c for c in film.cuts_s if inside[0] < c <= inside[-1] and c < film.span.end_s]
    gaps = {int(np.searchsorted(inside, c, side="left")) for c in usable}
    assert set(tree.first_frame[shots(tree)].tolist()) == {0, *gaps}
    for start in tree.start_s[shots(tree)][1:]:
        gap = int(np.searchsorted(inside, start, side="left"))
        middle = (inside[gap - 1] + inside[gap]) / 2
        rivals = [c for c in usable if inside[gap - 1] < c <= inside[gap]]
        assert start in rivals
        assert abs(start - middle) <= min(abs(c - middle) for c in rivals)


@given(film=films())
def test_shots_tile_and_are_long_enough(film: Film) -> None:
    tree = film.tree()
    check_tiles(tree, shots(tree))
    assert np.isin(tree.start_s[shots(tree)][1:], film.cuts_s).all()
    if len(tree) > 1:
        lengths = tree.end_s - tree.start_s
        assert (lengths[shots(tree)] >= film.min_leaf_s - SLACK_S).all()


@given(film=films())
def test_frames_of_a_shot_merge_before_shots_do(film: Film) -> None:
    tree = film.tree()
    ends = tree.last_frame[shots(tree)]
    shot_of_first = np.searchsorted(ends, tree.first_frame, side="right")
    inside = tree.last_frame <= ends[shot_of_first]
    inner = tree.rank != NONE
    assert tree.rank[inside & inner].max(initial=-1) < tree.rank[~inside].min(initial=len(tree))


def two_halves(n: int, dim: int = 4) -> Matrix:
    rows: Matrix = np.zeros((2 * n, dim), dtype=np.float32)
    rows[:n, 0], rows[n:, 1] = 1, 1
    return rows


@given(n=st.integers(4, 20), like_left=st.booleans())
def test_a_short_scene_joins_its_more_similar_neighbour(n: int, like_left: bool) -> None:
    """A flash of one sample at the border of two scenes, more like one of them; 4 samples/s."""
    rows = two_halves(n)
    flash = np.full((1, 4), 0.3, dtype=np.float32)
    flash[0, 0 if like_left else 1] += 0.4
    rows = np.concatenate([rows[:n], flash, rows[n:]])
    tree = build_tree(rows, np.arange(len(rows)) / 4, Span(0, len(rows) / 4), min_leaf_s=0.5)
    border = int(tree.first_frame[cut_by_count(tree, 2)[1]])
    assert border == (n + 1 if like_left else n)


@given(n=st.integers(4, 20), like_left=st.booleans())
def test_a_shot_that_is_too_short_joins_the_more_similar_shot(n: int, like_left: bool) -> None:
    rows = two_halves(n)
    flash = np.full((1, 4), 0.3, dtype=np.float32)
    flash[0, 0 if like_left else 1] += 0.4
    rows = np.concatenate([rows[:n], flash, rows[n:]])
    times: Reals = np.arange(len(rows)) / 4
    cuts = [float(times[n]) - 0.1, float(times[n]) + 0.1]
    tree = build_tree(rows, times, Span(0, len(rows) / 4), cuts, min_leaf_s=0.5)
    assert tree.start_s[shots(tree)].tolist() == [0.0, cuts[1 if like_left else 0]]


@given(n=st.integers(3, 30))
def test_a_sliver_stops_nothing_else_from_splitting(n: int) -> None:
    """A stray sample at the very end, unlike all else, of a video with one change in the middle."""
    rows = two_halves(n)
    rows = np.concatenate([rows, np.full((1, 4), 5, dtype=np.float32)])
    times: Reals = np.array([*np.arange(2 * n) / 2, n - 0.4])
    tree = build_tree(rows, times, Span(0, n - 0.3), min_leaf_s=0.5)
    assert np.isin(n, tree.first_frame)
    assert tree.n_leaves >= 2 * n - 3


@given(film=films())
def test_a_video_shorter_than_a_leaf_is_one_leaf(film: Film) -> None:
    longer = film._replace(min_leaf_s=film.span.duration_s + 1)
    assert len(longer.tree()) == 1


@given(n=st.integers(1, 50), cost=st.floats(1e-3, 10), max_s=st.floats(0.1, 100))
def test_a_constant_video_is_one_scene(n: int, cost: float, max_s: float) -> None:
    rng = np.random.default_rng(n)
    picture = rng.standard_normal((1, 32))
    rows = np.repeat(picture / np.linalg.norm(picture), n, axis=0).astype(np.float32)
    tree = build_tree(rows, np.arange(n) / 2, Span(0, n / 2))
    assert cut_by_cost(tree, cost).tolist() == [0]
    assert scene_cut(tree, max_s).tolist() == [0]


CUTS: dict[str, tuple[Callable[[SegmentTree, float], Ids], st.SearchStrategy[float]]] = {
    "count": (lambda tree, x: cut_by_count(tree, max(1, round(1000 / x))), st.floats(1, 1000)),
    "cost": (cut_by_cost, st.floats(0, 30)),
    "typical length": (cut_by_typical_length, st.floats(0.01, 100)),
    "scenes": (scene_cut, st.floats(0.01, 100)),
}


@pytest.mark.parametrize("name", CUTS)
@given(film=films(), data=st.data())
def test_cuts_tile_and_finer_ones_refine_coarser_ones(
    name: str, film: Film, data: st.DataObject
) -> None:
    cut, parameters = CUTS[name]
    fine, coarse = sorted([data.draw(parameters), data.draw(parameters)])
    tree = film.tree()
    for parameter in (fine, coarse):
        check_tiles(tree, cut(tree, parameter))
    check_refines(tree, cut(tree, fine), cut(tree, coarse))


@given(film=films())
def test_counts_are_met_and_every_level_is_there(film: Film) -> None:
    tree = film.tree()
    for k in range(1, tree.n_leaves + 1):
        assert len(cut_by_count(tree, k)) == k
    assert cut_by_count(tree, 10**9).tolist() == leaves(tree).tolist()


@given(film=films(), data=st.data())
def test_the_cost_cut_undoes_as_many_merges_as_cost_so_much(
    film: Film, data: st.DataObject
) -> None:
    tree = film.tree()
    threshold = data.draw(st.sampled_from([0.5, *tree.cost.tolist()]))
    dear = sum(c >= threshold for c, r in zip(tree.cost, tree.rank, strict=True) if r != NONE)
    assert len(cut_by_cost(tree, threshold)) == 1 + dear


@given(film=films())
def test_without_shots_or_slivers_the_tree_is_the_dendrogram(film: Film) -> None:
    tree = build_tree(film.rows, film.times_s, film.span, min_leaf_s=0.0)
    dendrogram = chain_ward(film.rows)
    for k in range(1, tree.n_leaves + 1):
        assert tree.first_frame[cut_by_count(tree, k)].tolist() == dendrogram.starts(k).tolist()
    inner = tree.rank != NONE
    assert np.array_equal(tree.cost[inner][np.argsort(tree.rank[inner])], dendrogram.costs)


@given(film=films(), seconds=st.floats(0.01, 100))
def test_typical_length_is_met_with_the_fewest_scenes(film: Film, seconds: float) -> None:
    tree = film.tree()

    def typical(k: int) -> float:
        lengths = (tree.end_s - tree.start_s)[cut_by_count(tree, k)]
        return float((lengths**2).sum() / lengths.sum())

    k = len(cut_by_typical_length(tree, seconds))
    assume(abs(typical(k) - seconds) > 1e-6)
    assert typical(k) < seconds or k == tree.n_leaves
    assert k == 1 or typical(k - 1) > seconds - 1e-6


@given(film=films(), max_s=st.floats(0.1, 50))
def test_scenes_stay_inside_shots_and_are_as_long_as_allowed(film: Film, max_s: float) -> None:
    tree = film.tree()
    scenes = scene_cut(tree, max_s, flat_cost=-1.0)
    check_refines(tree, scenes, shots(tree))
    length = tree.end_s - tree.start_s
    for scene in scenes:
        assert length[scene] <= max_s or tree.left[scene] == NONE
        assert tree.is_shot[scene] or length[tree.parent[scene]] > max_s


@given(film=films(), part=st.floats(0, 1, exclude_max=True))
def test_nodes_at_is_the_path_to_the_leaf_of_a_moment(film: Film, part: float) -> None:
    tree = film.tree()
    moment = film.span.start_s + part * film.span.duration_s
    assume(film.span.contains(moment))
    path = nodes_at(tree, moment)
    assert path[0] == 0
    assert path[-1] in leaves(tree)
    assert [tree.parent[node] for node in path[1:]] == list(path[:-1])
    assert all(tree.span_of(node).contains(moment) for node in path)
    with pytest.raises(ValueError, match="not in"):
        nodes_at(tree, film.span.end_s)


def comb(n: int) -> Dendrogram:
    """Each merge takes in one more frame: the deepest tree there is."""
    children = np.array([[0, 1], *([k, n + k - 2] for k in range(2, n))], dtype=np.int32)
    splits = np.arange(1, n, dtype=np.int32)
    return Dendrogram(children, np.ones(n - 1), splits, absorbed=0, within=n - 1)


def test_the_deepest_tree_of_a_hundred_thousand_leaves_works() -> None:
    n = 100_000
    tree = tree_of(comb(n), np.arange(n + 1, dtype=np.float64))
    assert tree.level.max() == n - 1
    assert len(cut_by_count(tree, 500)) == 500
    assert len(nodes_at(tree, 0.5)) == n
    check_tiles(tree, scene_cut(tree, 1000.0))


def test_a_cut_finds_the_change_exactly() -> None:
    rows = two_halves(10)
    tree = build_tree(rows, np.arange(20) / 2 + 0.25, Span(0, 10), [5.1])
    assert tree.start_s[shots(tree)].tolist() == [0, 5.1]
    assert tree.start_s[cut_by_count(tree, 2)].tolist() == [0, 5.1]


BREAKS: dict[str, Callable[[SegmentTree], object]] = {
    "breadth-first": lambda t: evolve(t, left=np.roll(t.left, 1)),
    "match children": lambda t: evolve(t, parent=t.parent * 0),
    "depth": lambda t: evolve(t, level=t.level + 1),
    "times: a node": lambda t: evolve(t, end_s=t.start_s),
    "times: children": lambda t: evolve(t, start_s=t.start_s - np.arange(len(t)) / 8),
    "frames: children": lambda t: evolve(t, last_frame=t.last_frame + np.arange(len(t))),
    "frame 0": lambda t: evolve(t, first_frame=t.first_frame + 1, last_frame=t.last_frame + 1),
    "shots": lambda t: evolve(t, is_shot=~t.is_shot),
    "costs": lambda t: evolve(t, cost=t.cost - 1),
    "no rank": lambda t: evolve(t, rank=t.rank + 1),
    "number the merges": lambda t: evolve(t, rank=np.where(t.rank == NONE, NONE, 0)),
    "before its children": lambda t: evolve(
        t, rank=np.where(t.rank == NONE, NONE, t.rank.max() - t.rank)
    ),
    "n_nodes": lambda t: evolve(t, cost=t.cost[1:]),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_what_is_not_a_segment_tree_is_refused(fault: str) -> None:
    tree = build_tree(np.eye(6, dtype=np.float32), np.arange(6.0), Span(0, 6), [2.2])
    with pytest.raises(ValueError, match=fault):
        BREAKS[fault](tree)


def test_arrays_are_read_only() -> None:
    tree = build_tree(np.eye(6, dtype=np.float32), np.arange(6.0), Span(0, 6))
    with pytest.raises(ValueError, match="read-only"):
        tree.start_s[0] = 3


@pytest.mark.parametrize(
    ("times", "span", "message"),
    [
        ([0.0, 0.0], Span(0, 1), "ascending"),
        ([1.0, 0.5], Span(0, 2), "ascending"),
        ([0.0, 2.0], Span(0, 1), "inside"),
        ([0.0, np.nan], Span(0, 1), "finite"),
        ([], Span(0, 1), "finite sample times"),
        ([1 + ULP, 1 + 2 * ULP, 1 + 3 * ULP], Span(0, 2), "close"),
    ],
)
def test_times_that_make_no_cells_are_refused(times: list[float], span: Span, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cells(np.array(times), span, ())


@pytest.mark.parametrize("n", [30, 8300])
def test_a_tree_that_uses_its_rows_up_is_the_same(n: int) -> None:
    """Long and short: of large rows the working copy is fp32, of small ones fp64."""
    rows = np.random.default_rng(n).standard_normal((n, 512)).astype(np.float32)
    times, span = np.arange(n) / 2, Span(0, n / 2)
    kept, used = (build_tree(rows.copy(), times, span, [9.3], consume=c) for c in (False, True))
    assert frozen_form(kept) == frozen_form(used)


def test_rows_that_are_kept_stay_as_they_are() -> None:
    rows = np.random.default_rng(0).standard_normal((8300, 512)).astype(np.float32)
    before = rows.tobytes()
    build_tree(rows, np.arange(8300) / 2, Span(0, 4150))
    assert rows.tobytes() == before


def test_rows_and_times_must_fit() -> None:
    with pytest.raises(ValueError, match="2 rows for 3 times"):
        build_tree(np.eye(2, dtype=np.float32), np.arange(3.0), Span(0, 3))


@given(film=films())
def test_both_engines_build_the_same_tree(film: Film) -> None:
    pytest.importorskip("numba")
    bounds, shot_of = cells(film.times_s, film.span, film.cuts_s)
    both = [
        agglomerate(new_chain(film.rows.copy(), shot_of.copy(), bounds), film.min_leaf_s, engine)
        for engine in ("numba", "numpy")
    ]
    assert np.array_equal(both[0].children, both[1].children)
    assert np.array_equal(both[0].costs, both[1].costs)
    assert (both[0].absorbed, both[0].within) == (both[1].absorbed, both[1].within)


def published() -> Path:
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("KUAVI_SHARED_DATA", root.parent / "shared" / "data"))
    return shared / "action100m" / "examples.parquet"


@pytest.mark.skipif(not published().exists(), reason="needs KUAVI_SHARED_DATA")
def test_published_trees_pass_the_same_checks() -> None:
    """Videos of Action100M; times there are float32, rounded to 10 ms."""
    from pyarrow import parquet

    videos = parquet.read_table(published(), columns=["nodes"])["nodes"].to_pylist()
    assert videos
    for records in videos:
        nodes = tree_checks.hierarchy_of_records(records)
        tree_checks.check_strictly_binary(nodes)
        tree_checks.check_breadth_first(nodes)
        tree_checks.check_level_is_depth(nodes)
        tree_checks.check_children_tile_parents(nodes, within_s=0.011)
        tree_checks.check_no_node_shorter(nodes, 0.5, within_s=1e-5)
        rates = [24000 / 1001, 24, 25, 30000 / 1001, 30]
        assert any(fits(nodes, fps) for fps in rates)
        long = nodes.end_s - nodes.start_s >= 4.0
        annotated = np.array([record["gpt"] is not None for record in records])
        assert np.array_equal(annotated, long & ~tree_checks.is_leaf(nodes))


def fits(nodes: tree_checks.Hierarchy, fps: float) -> bool:
    """Whether boundaries lie midway between samples of every fourth frame."""
    times = np.arange(0, nodes.end_s[0] + 1, 4 / fps)
    try:
        tree_checks.check_boundaries_midway(nodes, times, within_s=0.003)
    except AssertionError:
        return False
    return True
