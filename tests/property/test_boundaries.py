from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from kuavi.domain.boundaries import GradualRule, gradual_cuts
from kuavi.domain.shots import Cut
from kuavi.domain.space import Matrix, unit
from kuavi.domain.tree import Reals

STEP_S = 0.4

rules = st.builds(
    GradualRule,
    least_cost=st.floats(0, 3),
    least_turn=st.floats(0, 1),
    around_s=st.floats(0, 4),
    apart_s=st.floats(0, 2),
)


@st.composite
def samples(draw: st.DrawFn) -> tuple[Matrix, Reals, list[Cut]]:
    """Rows of a few looks in turn with noise, uneven times, and some hard cuts."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    n, n_looks = draw(st.integers(0, 40)), draw(st.integers(1, 4))
    looks = rng.standard_normal((n_looks, 8))
    turns = np.sort(rng.integers(0, n_looks, n))
    rows = unit((looks[turns] + 0.1 * rng.standard_normal((n, 8))).astype(np.float32))
    times = np.cumsum(rng.uniform(0.1, 0.6, n))
    chosen = draw(st.lists(st.integers(0, max(n - 1, 0)), max_size=3, unique=True)) if n else []
    return rows, times, [Cut(float(times[i]), 0.7) for i in sorted(chosen)]


def looks_in_turn(lengths: list[int], noise: float = 0.03, seed: int = 0) -> tuple[Matrix, Reals]:
    """Rows of orthogonal looks, each held for some samples."""
    rng = np.random.default_rng(seed)
    turns = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.eye(16)[turns] + noise * rng.standard_normal((len(turns), 16))
    return unit(rows.astype(np.float32)), np.arange(len(turns), dtype=np.float64) * STEP_S


@given(samples(), rules)
def test_each_lies_between_samples_of_one_shot_and_apart_from_all_others(
    sampled: tuple[Matrix, Reals, list[Cut]], rule: GradualRule
) -> None:
    rows, times, hard = sampled
    found = [cut.time_s for cut in gradual_cuts(rows, times, hard, rule)]
    assert found == sorted(found)
    assert all(times[0] + rule.apart_s <= time_s <= times[-1] - rule.apart_s for time_s in found)
    places = sorted([*found, *(cut.time_s for cut in hard)])
    gaps = [b - a for a, b in pairwise(places) if b in found or a in found]
    assert all(gap >= rule.apart_s - 1e-9 for gap in gaps)


@given(samples(), st.floats(0.2, 2))
def test_it_answers_alike_each_time_and_leaves_the_rows(
    sampled: tuple[Matrix, Reals, list[Cut]], cost: float
) -> None:
    rows, times, hard = sampled
    rule, before = GradualRule(least_cost=cost), rows.copy()
    assert gradual_cuts(rows, times, hard, rule) == gradual_cuts(rows, times, hard, rule)
    np.testing.assert_array_equal(rows, before)


@given(samples(), rules, st.integers(0, 99))
def test_rows_count_by_their_direction(
    sampled: tuple[Matrix, Reals, list[Cut]], rule: GradualRule, seed: int
) -> None:
    rows, times, hard = sampled
    lengths = np.exp2(np.random.default_rng(seed).integers(-4, 5, (len(rows), 1)))
    scaled = rows * lengths.astype(np.float32)
    assert gradual_cuts(scaled, times, hard, rule) == gradual_cuts(rows, times, hard, rule)


@given(st.lists(st.integers(5, 20), min_size=1, max_size=6), st.integers(0, 99))
def test_every_lasting_change_of_look_is_found_where_it_is(lengths: list[int], seed: int) -> None:
    rows, times = looks_in_turn(lengths, seed=seed)
    expected = [(n - 0.5) * STEP_S for n in np.cumsum(lengths)[:-1].tolist()]
    found = [cut.time_s for cut in gradual_cuts(rows, times, [], GradualRule())]
    np.testing.assert_allclose(found, expected, atol=0.1 * STEP_S)


@given(st.floats(8, 12), st.floats(0.8, 1.2))
@example(9.0, 1.2)  # two samples within; Ward parts beside them
def test_the_middle_of_a_dissolve_is_found_between_the_samples(
    middle_s: float, length_s: float
) -> None:
    """Half way between the samples would be off by up to half their distance."""
    times = np.arange(50, dtype=np.float64) * STEP_S
    part = np.clip((times - middle_s) / length_s + 0.5, 0, 1)[:, None]
    rows = unit(((1 - part) * np.eye(8)[0] + part * np.eye(8)[1]).astype(np.float32))
    (found,) = gradual_cuts(rows, times, [], GradualRule())
    assert abs(found.time_s - middle_s) <= STEP_S / 8


@given(st.integers(5, 20), st.integers(5, 20))
def test_what_a_hard_cut_explains_is_not_told_twice(before: int, after: int) -> None:
    rows, times = looks_in_turn([before, after])
    assert gradual_cuts(rows, times, [Cut(float(times[before]), 0.9)], GradualRule()) == ()


@given(st.integers(6, 20))
def test_a_hard_cut_does_not_hide_a_dissolve_further_on(n: int) -> None:
    rows, times = looks_in_turn([n, n, n])
    hard = [Cut(float(times[n]), 0.9)]
    found = [cut.time_s for cut in gradual_cuts(rows, times, hard, GradualRule())]
    np.testing.assert_allclose(found, [(2 * n - 0.5) * STEP_S], atol=0.1 * STEP_S)


def test_a_long_quiet_shot_is_proposed_by_its_cost_and_dropped_by_its_look() -> None:
    """As the light does in a day, the look drifts: much in all, never much at once."""
    times = np.arange(600, dtype=np.float64) * STEP_S
    angle = np.linspace(0, np.pi / 4, 600)
    rows = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    unverified = GradualRule(least_turn=0)
    assert len(gradual_cuts(rows, times, [], unverified)) > 0
    assert gradual_cuts(rows, times, [], GradualRule()) == ()


def test_of_near_boundaries_the_clearer_stays() -> None:
    looks = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=np.float32)
    rows, times = looks[np.repeat([0, 1, 2], [10, 4, 10])], np.arange(24.0) * STEP_S
    near = GradualRule(least_cost=0.5, least_turn=0.1, apart_s=0.5)
    assert len(gradual_cuts(rows, times, [], near)) == 2
    (found,) = gradual_cuts(rows, times, [], GradualRule(0.5, 0.1, apart_s=2))
    assert found.time_s == pytest.approx(13.5 * STEP_S, abs=0.1)


def test_a_fade_through_black_is_one_boundary() -> None:
    rows, times = looks_in_turn([10, 1, 10])
    (found,) = gradual_cuts(rows, times, [], GradualRule(least_cost=0.5))
    assert abs(found.time_s - 10 * STEP_S) <= STEP_S


@given(samples(), samples(), rules)
def test_what_one_shot_shows_does_not_depend_on_the_next(
    one: tuple[Matrix, Reals, list[Cut]], other: tuple[Matrix, Reals, list[Cut]], rule: GradualRule
) -> None:
    rule = evolve(rule, apart_s=0)
    (rows, times, _), (more_rows, more_times, _) = one, other
    after = float(times[-1]) + 0.3 - float(more_times[0]) if len(rows) and len(more_rows) else 0.0
    hard = [Cut(float(time_s) + after, 0.7) for time_s in more_times[:1]]
    joined = gradual_cuts(
        np.concatenate([rows, more_rows]), np.concatenate([times, more_times + after]), hard, rule
    )
    apart = gradual_cuts(rows, times, [], rule), gradual_cuts(more_rows, more_times, [], rule)
    expected = [cut.time_s for cut in apart[0]] + [cut.time_s + after for cut in apart[1]]
    np.testing.assert_allclose([cut.time_s for cut in joined], expected, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_samples_have_no_boundary(n: int) -> None:
    rows, times = looks_in_turn([n])
    assert gradual_cuts(rows, times, [], GradualRule()) == ()


def test_rows_without_signal_are_no_change() -> None:
    rows = np.zeros((20, 4), dtype=np.float32)
    times = np.arange(20, dtype=np.float64) * STEP_S
    assert gradual_cuts(rows, times, [], GradualRule(least_cost=0)) == ()


def test_times_must_ascend_and_match() -> None:
    rows, times = looks_in_turn([5])
    with pytest.raises(ValueError, match="ascending"):
        gradual_cuts(rows, times[:-1], [], GradualRule())
    with pytest.raises(ValueError, match="ascending"):
        gradual_cuts(rows, times[::-1].copy(), [], GradualRule())
