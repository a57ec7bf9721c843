import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from kuavi.domain.agreement import belief, shared_words, stems_of
from kuavi.domain.annotation import NOBODY, Action, Annotation, Summary
from kuavi.domain.annotation_rules import RULES, broken
from kuavi.domain.calibration import (
    FEWEST_STRANGERS,
    MOST_STRANGERS,
    NONE,
    logistic,
    robust_z,
    strangers,
)
from kuavi.domain.quality import (
    WEIGHTS,
    JointRows,
    Quality,
    fit,
    format_compliance,
    relatives,
    score_video,
    visual_alignment,
)
from kuavi.domain.quality_signal import LOW, Measure, Signal
from kuavi.domain.space import Embeddings, Joint, Space, SpaceMismatchError
from tests.strategies_annotation import annotations, good_annotations
from tests.strategies_tree import Film, films
from tests.topics import FRAMES, SCENES, annotation, encoded, scored, text_rows, topical

FILM = topical()
GOOD = scored(FILM.tree, FILM.annotations)
TEXT_ONLY = set(Measure) - {Measure.VISUAL}
ALONE = [node for node, scenes in enumerate(FILM.scenes) if len(scenes) == 1]
JOINT = Space[Joint]("made up", "1", 8)


def value(quality: Quality, name: Measure) -> float:
    signal = quality.signal(name)
    assert signal is not None
    return signal.value


def covering(scene: int) -> list[int]:
    return [node for node in ALONE if FILM.scenes[node] == (scene,)]


@given(film=films(), data=st.data())
def test_every_node_gets_signals_that_are_shares_whatever_is_written(
    film: Film, data: st.DataObject
) -> None:
    tree = film.tree()
    chosen = data.draw(st.sets(st.integers(0, len(tree) - 1), max_size=12))
    written = {node: data.draw(annotations) for node in chosen}
    found = scored(tree, written)
    assert found.keys() == written.keys()
    for quality in found.values():
        assert all(0 <= one.value <= 1 for one in quality.signals)
        assert all(one.reason for one in quality.signals if one.low)
        assert 0 <= quality.total <= 1
        assert quality.signal(Measure.VISUAL) is None
        assert quality.flags == tuple(one.name for one in quality.signals if one.low)
    backwards = dict(sorted(written.items(), reverse=True))
    assert scored(tree, backwards) == found


def test_a_good_film_is_good_throughout() -> None:
    assert all(quality.flags == () for quality in GOOD.values())
    assert min(quality.total for quality in GOOD.values()) > 0.7


@given(good=good_annotations().filter(lambda one: one.action.brief != NOBODY))
def test_each_broken_rule_takes_its_share(good: Annotation) -> None:
    assert format_compliance(good).value == 1
    before = 0
    changes = [("brief", "stirring the sauce in a pan"), ("detailed", "stir"), ("actor", "he")]
    for name, text in changes:
        good = evolve(good, action=evolve(good.action, **{name: text}))
        signal, wrong = format_compliance(good), broken(good)
        assert len(wrong) > before
        assert signal.value == pytest.approx(1 - len(wrong) / len(RULES))
        assert all(rule.text in signal.reason for rule in wrong)
        before = len(wrong)
    assert format_compliance(Annotation(Summary("", ""), Action("", "", ""))).value == 0


@settings(max_examples=12)
@given(data=st.data())
def test_a_node_put_in_a_wrong_place_contradicts_its_relatives(data: st.DataObject) -> None:
    a, b = data.draw(st.lists(st.integers(0, len(SCENES) - 1), min_size=2, max_size=2, unique=True))
    here, there = (data.draw(st.sampled_from(covering(scene))) for scene in (a, b))
    swapped = FILM.annotations | {here: FILM.annotations[there], there: FILM.annotations[here]}
    found = scored(FILM.tree, swapped)
    for node in (here, there):
        assert value(found[node], Measure.TEMPORAL) < value(GOOD[node], Measure.TEMPORAL)
        assert found[node].total < GOOD[node].total
        # a whole scene still agrees with what lies above two scenes
        assert Measure.TEMPORAL in found[node].flags or FILM.tree.left[node] != NONE
    far = [n for n in ALONE if FILM.scenes[n] not in ((a,), (b,))]
    assert all(Measure.TEMPORAL not in found[node].flags for node in far)


@pytest.mark.parametrize("scene", range(len(SCENES) - 1))
def test_the_more_words_are_foreign_the_lower_is_the_consistency(scene: int) -> None:
    leaf = covering(scene)[-1]
    own, foreign = SCENES[scene].split(), SCENES[scene + 1].split()
    after = list[float]()
    for n in range(len(own) + 1):
        text = " ".join([*foreign[:n], *own[n:]])
        changed = evolve(FILM.annotations[leaf], summary=Summary(text, text))
        found = scored(FILM.tree, FILM.annotations | {leaf: changed})
        after.append(value(found[leaf], Measure.TEMPORAL))
    assert after == sorted(after, reverse=True)
    assert after[-1] < 0.5 < after[0]


@given(scene=st.integers(0, len(SCENES) - 1))
def test_equal_captions_everywhere_are_consistent(scene: int) -> None:
    same = dict.fromkeys(range(len(FILM.tree)), annotation((scene,)))
    found = scored(FILM.tree, same)
    assert min(value(quality, Measure.TEMPORAL) for quality in found.values()) > 0.9
    assert min(value(quality, Measure.COHERENCE) for quality in found.values()) > 0.5
    assert all(Measure.DEGENERACY in quality.flags for quality in found.values())


def test_neighbours_in_time_may_differ_and_are_not_asked() -> None:
    """Only leaves are annotated, each of another scene."""
    only = {covering(scene)[-1]: annotation((scene,)) for scene in range(len(SCENES))}
    found = scored(FILM.tree, only)
    assert all(quality.signal(Measure.TEMPORAL) is None for quality in found.values())


@settings(max_examples=12)
@given(data=st.data())
def test_another_segments_action_is_incoherent(data: st.DataObject) -> None:
    a, b = data.draw(st.lists(st.integers(0, len(SCENES) - 1), min_size=2, max_size=2, unique=True))
    node, other = covering(a)[0], covering(b)[0]
    mixed = evolve(FILM.annotations[node], action=FILM.annotations[other].action)
    quality = scored(FILM.tree, FILM.annotations | {node: mixed})[node]
    assert Measure.COHERENCE in quality.flags
    assert value(quality, Measure.COHERENCE) < value(GOOD[node], Measure.COHERENCE)
    assert value(quality, Measure.TEMPORAL) == pytest.approx(value(GOOD[node], Measure.TEMPORAL))


def test_where_nobody_acts_coherence_is_not_measured() -> None:
    quiet = evolve(FILM.annotations[3], action=Action(NOBODY, NOBODY, NOBODY))
    found = scored(FILM.tree, FILM.annotations | {3: quiet})
    assert found[3].signal(Measure.COHERENCE) is None
    assert found[4].signal(Measure.COHERENCE) is not None


def test_who_does_not_act_is_no_stranger_to_compare_actions_with() -> None:
    node, quiet = covering(2)[0], Action(NOBODY, NOBODY, NOBODY)
    others = {i: evolve(one, action=quiet) for i, one in FILM.annotations.items()}
    among_quiet = scored(FILM.tree, others | {node: FILM.annotations[node]})[node]
    alone = scored(FILM.tree, {node: FILM.annotations[node]})[node]
    assert among_quiet.signal(Measure.COHERENCE) == alone.signal(Measure.COHERENCE)


def test_one_segment_is_never_degenerate() -> None:
    found = scored(FILM.tree, {0: FILM.annotations[0]})
    assert value(found[0], Measure.DEGENERACY) == 1
    assert {one.name for one in found[0].signals} == {
        Measure.FORMAT,
        Measure.COHERENCE,
        Measure.DEGENERACY,
    }


signals = st.dictionaries(st.sampled_from(Measure), st.floats(0, 1), min_size=1)


@given(values=signals, data=st.data())
def test_the_total_rises_with_each_signal_and_degeneracy_cannot_be_made_up_for(
    values: dict[Measure, float], data: st.DataObject
) -> None:
    def total(of: dict[Measure, float]) -> float:
        return Quality(tuple(Signal(name, x, "because") for name, x in of.items())).total

    name = data.draw(st.sampled_from(sorted(values)))
    lower = values | {name: data.draw(st.floats(0, values[name]))}
    assert total(lower) <= total(values) + 1e-12
    assert total(values) <= min(1 - WEIGHTS[one] * (1 - x) for one, x in values.items()) + 1e-12
    assert total({name: 0.0}) == pytest.approx(1 - WEIGHTS[name])
    assert total(values | {Measure.DEGENERACY: 0.0}) == 0
    assert total(dict.fromkeys(values, 1.0)) == 1


def test_a_low_signal_needs_a_reason() -> None:
    for name in Measure:
        assert not Signal(name, LOW[name]).low
        with pytest.raises(ValueError, match="no reason"):
            Signal(name, LOW[name] - 0.01)
        with pytest.raises(ValueError, match="<= 1"):
            Signal(name, 1.01)


def pictured(order: list[int] | None = None, noise: float = 0.05) -> JointRows:
    """A frame for each node that looks like its first scene; texts in another order, if given."""
    n = len(FILM.tree)
    rng = np.random.default_rng(1)
    rows = np.zeros((n, 8), dtype=np.float32)
    rows[np.arange(n), [scenes[0] for scenes in FILM.scenes]] = 1
    rows[:, 7] = 1
    frames = (rows + noise * rng.standard_normal(rows.shape)).astype(np.float32)
    texts = rows[np.arange(n) if order is None else order].copy()
    return JointRows(np.arange(n), Embeddings(JOINT, texts), Embeddings(JOINT, frames))


@settings(max_examples=12)
@given(data=st.data())
def test_words_that_fit_other_frames_are_not_aligned(data: st.DataObject) -> None:
    a, b = data.draw(st.lists(st.integers(0, len(SCENES) - 1), min_size=2, max_size=2, unique=True))
    here, there = covering(a)[0], covering(b)[0]
    order = list(range(len(FILM.tree)))
    order[here], order[there] = there, here
    rows = text_rows(FILM.annotations)
    right = score_video(FILM.annotations, FILM.tree, rows, pictured())
    wrong = score_video(FILM.annotations, FILM.tree, rows, pictured(order))
    for node in (here, there):
        assert value(right[node], Measure.VISUAL) > 0.9
        assert value(wrong[node], Measure.VISUAL) < 0.5
        assert Measure.VISUAL in wrong[node].flags
        assert wrong[node].total < right[node].total
        assert wrong[node].signals[1:] == right[node].signals[1:]
    assert {one.name for one in right[ALONE[0]].signals} == set(Measure)


@given(
    null=st.lists(st.floats(-1, 1), max_size=8),
    pair=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_alignment_rises_with_the_cosine(null: list[float], pair: tuple[float, float]) -> None:
    low, high = fit(np.array(sorted(pair)), np.array([null, null]))
    assert np.isnan(low) == np.isnan(high) == (len(null) < FEWEST_STRANGERS)
    assert np.isnan(low) or 0 <= low <= high <= 1


def test_alignment_is_not_measured_without_frames_that_differ() -> None:
    still = visual_alignment(pictured(noise=0), FILM.tree, np.arange(len(FILM.tree)))
    assert still[0] is None  # the whole film shares a moment with everyone
    assert still[covering(1)[0]] is not None
    rows = np.ones((len(FILM.tree), 8), dtype=np.float32)
    same = evolve(pictured(), frames=Embeddings(JOINT, rows))
    assert set(visual_alignment(same, FILM.tree, same.nodes)) == {None}
    few = JointRows(
        np.array([covering(scene)[0] for scene in range(FEWEST_STRANGERS)]),
        Embeddings(JOINT, np.eye(FEWEST_STRANGERS, 8, dtype=np.float32)),
        Embeddings(JOINT, np.eye(FEWEST_STRANGERS, 8, dtype=np.float32)),
    )
    assert set(visual_alignment(few, FILM.tree, np.arange(len(FILM.tree)))) == {None}


def test_pairs_of_different_spaces_or_lengths_are_refused() -> None:
    rows = np.eye(3, 8, dtype=np.float32)
    one, other = Embeddings(JOINT, rows), Embeddings(Space[Joint]("another", "1", 8), rows.copy())
    with pytest.raises(SpaceMismatchError):
        JointRows(np.arange(3), one, other)
    with pytest.raises(ValueError, match="for each pair"):
        JointRows(np.arange(2), one, one)
    with pytest.raises(ValueError, match="rows for"):
        score_video({0: FILM.annotations[0]}, FILM.tree, text_rows(FILM.annotations))


@given(film=films(), data=st.data())
def test_strangers_share_no_moment_and_are_few(film: Film, data: st.DataObject) -> None:
    tree = film.tree()
    nodes = np.array(sorted(data.draw(st.sets(st.integers(0, len(tree) - 1), min_size=1))))
    grid = strangers(tree, nodes)
    assert grid.shape == (len(nodes), min(len(nodes), MOST_STRANGERS))
    for node, row in zip(nodes.tolist(), grid, strict=True):
        for other in nodes[row[row != NONE]].tolist():
            assert tree.span_of(node).overlap(tree.span_of(other)) is None
    assert np.array_equal(grid, strangers(tree, nodes))


@given(film=films(), data=st.data())
def test_relatives_are_the_nearest_annotated_above(film: Film, data: st.DataObject) -> None:
    tree = film.tree()
    nodes = np.array(sorted(data.draw(st.sets(st.integers(0, len(tree) - 1), min_size=1))))
    above = dict(zip(*nodes[relatives(tree, nodes)].tolist(), strict=True))
    for node in nodes.tolist():
        parent = int(tree.parent[node])
        while parent != NONE and parent not in nodes:
            parent = int(tree.parent[parent])
        assert above.get(node, NONE) == parent


@given(
    null=st.lists(st.floats(0, 1), max_size=8),
    pair=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_belief_rises_with_agreement(null: list[float], pair: tuple[float, float]) -> None:
    low, high = sorted(pair)
    both = belief(np.array([low, high]), np.array([null, null]))
    assert 0 <= both[0] <= both[1] <= 1
    assert belief(np.array([1.0]), np.array([[1.0] * 6]))[0] > 0.9


def test_z_counts_spreads_above_the_middle() -> None:
    null = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.5, 0.5, 0.5, np.nan]])
    assert robust_z(np.array([0.3, 0.6]), null).tolist() == pytest.approx([0.0, 2.0])
    assert robust_z(np.array([0.4]), null[:1])[0] == pytest.approx(1 / 1.4826)
    assert np.isnan(robust_z(np.array([0.3]), null[:1, :3])).all()
    assert logistic(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]


def test_words_are_compared_by_their_beginnings() -> None:
    assert shared_words(stems_of("whisking the eggs"), stems_of("whisks an egg in it")) == 0.5
    assert shared_words(stems_of(""), stems_of("egg")) == 0
    assert encoded(["stir"]).space == encoded([]).space
    assert FRAMES * len(SCENES) == FILM.tree.n_leaves
