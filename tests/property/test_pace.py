from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.manifest import LOOKED, Stage
from kuavi.domain.pace import (
    BASE_S,
    WEIGHTS,
    WINDOW_S,
    Pace,
    Place,
    advanced,
    ended,
    finished,
    fraction,
    frames_a_second,
    left_s,
    planned,
    times_real,
)

subsets = st.sets(st.sampled_from(list(Stage)), min_size=1).map(
    lambda chosen: tuple(stage for stage in Stage if stage in chosen)
)
ticks = st.tuples(st.floats(0, 200), st.sampled_from([0.0, 60.0, 100.0]), st.integers(0, 9999))
deeds = st.lists(
    st.tuples(
        st.sampled_from(list(Stage)),
        st.one_of(st.just("done"), ticks),
        st.floats(0, 50),
    ),
    max_size=40,
)


def others(todo: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(stage for stage in Stage if stage not in todo)


def passes(todo: tuple[Stage, ...]) -> list[tuple[Stage, int]]:
    """The stages that tick, with the weight of all that advance with them."""
    looked = [stage for stage in todo if stage in LOOKED]
    rest = [stage for stage in todo if stage not in LOOKED]
    first = [(looked[0], sum(WEIGHTS[stage] for stage in looked))] if looked else []
    return first + [(stage, WEIGHTS[stage]) for stage in rest]


def steady(todo: tuple[Stage, ...], slowness: float, steps: int) -> Iterator[tuple[Pace, float]]:
    """The paces of a run whose stages take what they are expected to, but for a factor."""
    pace, at_s = planned(todo, others(todo), 0.0), 0.0
    for stage, weight in passes(todo):
        for step in range(1, steps + 1):
            at_s += weight * slowness / steps
            pace = advanced(pace, Place(stage, 60.0 * step / steps, 60.0, 10 * step), at_s)
            yield pace, at_s
        pace = finished(pace, stage, at_s)
        yield pace, at_s


@given(subsets, deeds)
def test_no_run_goes_back_or_has_less_than_no_time_left(
    todo: tuple[Stage, ...], done: list[tuple[Stage, str | tuple[float, float, int], float]]
) -> None:
    pace, at_s = planned(todo, others(todo), 0.0), 0.0
    for stage, deed, took_s in done:
        if stage not in todo:
            continue
        before, at_s = fraction(pace), at_s + took_s
        if isinstance(deed, str):
            pace = finished(pace, stage, at_s)
        else:
            pace = advanced(pace, Place(stage, *deed), at_s)
        left = left_s(pace, at_s)
        assert before <= fraction(pace) <= 1
        assert left is None or left >= 0
        assert (left == 0) == (fraction(pace) == 1)
    assert fraction(ended(pace)) == 1
    assert left_s(ended(pace), at_s) == 0


@given(subsets, st.floats(0.1, 5), st.integers(20, 200))
def test_at_a_steady_pace_the_time_left_is_the_truth(
    todo: tuple[Stage, ...], slowness: float, steps: int
) -> None:
    whole_s = sum(WEIGHTS[stage] for stage in todo) * slowness
    for pace, at_s in steady(todo, slowness, steps):
        left = left_s(pace, at_s)
        if left is None:
            assert at_s < BASE_S
        else:
            assert left == pytest.approx(whole_s - at_s, rel=1e-6, abs=1e-6 * whole_s)


@given(subsets)
def test_a_resumed_run_begins_with_what_is_kept(todo: tuple[Stage, ...]) -> None:
    kept = sum(WEIGHTS[stage] for stage in others(todo))
    pace = planned(todo, others(todo), 5.0)
    assert fraction(pace) == pytest.approx(kept / sum(WEIGHTS.values()))
    assert left_s(pace, 500.0) is None
    assert fraction(planned((), tuple(Stage), 0.0)) == 1


def run_at(pace: Pace, at_s: float, to_s: float, share_a_second: float) -> tuple[Pace, float]:
    """The transcript of an hour goes on, a tick a second."""
    while at_s < to_s:
        at_s += 1
        reached = pace.marks[-1].reached_s + 3600 * share_a_second
        pace = advanced(pace, Place(Stage.TRANSCRIPT, reached, 3600), at_s)
    return pace, at_s


@given(st.floats(0.0005, 0.002), st.floats(0.0005, 0.002))
def test_after_a_change_of_speed_the_time_left_is_right_again_within_the_window(
    before: float, after: float
) -> None:
    pace, at_s = run_at(planned((Stage.TRANSCRIPT,), (), 0.0), 0.0, 100, before)
    pace, at_s = run_at(pace, at_s, at_s + WINDOW_S + 1, after)
    left = left_s(pace, at_s)
    assert left == pytest.approx((1 - fraction(pace)) / after, rel=1e-6)
    assert times_real(pace, at_s) == pytest.approx(3600 * after)


def test_a_run_of_many_hours_has_a_time_left() -> None:
    pace, at_s = run_at(planned((Stage.TRANSCRIPT,), (), 0.0), 0.0, 200, 1e-5)
    assert left_s(pace, at_s) == pytest.approx(1e5 - 200)


def test_a_run_that_stalls_has_ever_more_time_left() -> None:
    pace, at_s = run_at(planned((Stage.TRANSCRIPT,), (), 0.0), 0.0, 60, 0.001)
    lefts = [left_s(pace, at_s + waited_s) for waited_s in range(0, 120, 10)]
    told = [left for left in lefts if left is not None]
    assert len(told) == len(lefts)
    assert told == sorted(set(told))


def test_a_stage_that_ends_early_does_not_pass_for_speed() -> None:
    todo = (Stage.VISUAL, Stage.TRANSCRIPT, Stage.SCREEN)
    pace, at_s = planned(todo, (), 0.0), 0.0
    for at_s in range(1, 27):
        pace = advanced(pace, Place(Stage.VISUAL, at_s, 26), float(at_s))
    pace = finished(pace, Stage.VISUAL, at_s)
    pace = finished(pace, Stage.TRANSCRIPT, at_s)  # there is no sound
    assert left_s(pace, at_s) == pytest.approx(WEIGHTS[Stage.SCREEN])


def test_nothing_is_told_of_a_stage_that_went_past_its_end() -> None:
    pace = advanced(planned((Stage.VISUAL,), (), 0.0), Place(Stage.VISUAL, 50, 60), 10.0)
    assert left_s(pace, 10.0) == pytest.approx(2.0)
    pace = advanced(pace, Place(Stage.VISUAL, 61, 60), 12.0)
    assert left_s(pace, 12.0) is None
    assert fraction(pace) == pytest.approx(50 / 60)


def test_pictures_are_counted_in_the_stage_under_way() -> None:
    pace = planned((Stage.SHOTS, Stage.SCREEN), (), 0.0)
    for at_s in range(1, 50):
        pace = advanced(pace, Place(Stage.SHOTS, at_s, 100, at_s * 60), float(at_s))
    assert frames_a_second(pace, 49.0) == pytest.approx(60)
    pace = finished(pace, Stage.SHOTS, 50.0)
    assert frames_a_second(pace, 50.0) is None
    for at_s in range(51, 55):
        pace = advanced(pace, Place(Stage.SCREEN, at_s, 100, 3 * (at_s - 50)), float(at_s))
    assert frames_a_second(pace, 54.0) == pytest.approx(3)


@given(st.integers(1, 3000), st.floats(0.001, 10))
def test_the_past_that_is_remembered_is_bounded(n: int, step_s: float) -> None:
    pace = planned((Stage.VISUAL,), (), 0.0)
    for i in range(1, n):
        pace = advanced(pace, Place(Stage.VISUAL, i, n), i * step_s)
    assert len(pace.marks) <= 2 * WINDOW_S / 0.25 + 3
