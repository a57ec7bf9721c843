from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.media import AtTimes, ByRate, EveryFrame, Sampling
from kuavi.domain.sampling import Shown, clipped, start, take
from kuavi.domain.spans import Span

gaps = st.lists(st.integers(5, 3000), min_size=1, max_size=40)
lists = st.lists(st.integers(-2000, 60_000), min_size=1, max_size=20)


def shown(gaps_ms: Sequence[int], first_ms: int = 0) -> list[Shown]:
    """Frames that stay on screen for the given milliseconds each."""
    edges = [first_ms]
    for gap in gaps_ms:
        edges.append(edges[-1] + gap)
    return [
        Shown(a / 1000, b / 1000, last=i == len(gaps_ms) - 1)
        for i, (a, b) in enumerate(pairwise(edges))
    ]


def taken(sampling: Sampling, frames: Sequence[Shown], within: Span | None = None) -> list[int]:
    cursor, chosen = start(sampling, within), []
    for i, frame in enumerate(frames):
        part = clipped(frame, within)
        if part is None:
            continue
        cursor, wanted = take(cursor, part)
        if wanted:
            chosen.append(i)
    return chosen


@given(gaps)
def test_every_frame_takes_all(gaps_ms: list[int]) -> None:
    assert taken(EveryFrame(), shown(gaps_ms)) == list(range(len(gaps_ms)))


@given(gaps, lists, st.integers(0, 500))
def test_listed_times_give_the_frames_on_screen(
    gaps_ms: list[int], times_ms: list[int], first_ms: int
) -> None:
    frames = shown(gaps_ms, first_ms)
    starts = [f.time_s for f in frames]
    times = sorted(t / 1000 for t in times_ms)
    expected = sorted({max(bisect_right(starts, t) - 1, 0) for t in times})
    assert taken(AtTimes(tuple(times)), frames) == expected


@given(gaps, st.floats(0.1, 60), st.integers(-500, 500))
def test_a_rate_gives_the_frames_on_screen_at_the_grid(
    gaps_ms: list[int], fps: float, first_ms: int
) -> None:
    frames = shown(gaps_ms, first_ms)
    starts = [f.time_s for f in frames]
    chosen = taken(ByRate(fps), frames)
    expected, k = set[int](), 0
    while (instant := starts[0] + k / fps) < frames[-1].until_s - 0.001:
        expected.add(bisect_right(starts, instant + 0.001 + 1e-9) - 1)
        k += 1
    assert set(chosen) <= expected | {bisect_right(starts, starts[0] + 0.001) - 1}
    assert len(set(chosen) ^ expected) <= sum(_ambiguous(starts, fps))
    assert chosen == sorted(set(chosen))


def _ambiguous(starts: Sequence[float], fps: float) -> list[bool]:
    """Frames that begin within a nanosecond of the slack after an instant: either is right."""
    places = [(t - 0.001 - starts[0]) * fps for t in starts[1:]]
    return [abs(p - round(p)) < 1e-6 for p in places for _ in (0, 1)]


@given(st.integers(1, 300), st.sampled_from([24.0, 25.0, 29.97, 30.0, 50.0, 60.0]))
def test_the_native_rate_gives_each_frame_once_though_times_are_rounded(n: int, fps: float) -> None:
    edges = [round(1000 * i / fps) for i in range(n + 1)]
    frames = shown([b - a for a, b in pairwise(edges)])
    assert taken(ByRate(fps), frames) == list(range(n))
    assert taken(ByRate(fps * 3), frames) == list(range(n))


@given(st.integers(1, 2000), st.floats(0.05, 25))
def test_a_rate_gives_ceil_of_duration_times_rate(n: int, fps: float) -> None:
    count = len(taken(ByRate(fps), shown([40] * n)))
    assert abs(count - n * 0.04 * fps) <= 1


@given(gaps, st.integers(0, 60_000), st.integers(1, 20_000), st.sampled_from([0.5, 3.0, 25.0]))
def test_within_a_span_only_frames_on_screen_there(
    gaps_ms: list[int], start_ms: int, length_ms: int, fps: float
) -> None:
    frames = shown(gaps_ms)
    span = Span(start_ms / 1000, (start_ms + length_ms) / 1000)
    inside = [i for i, f in enumerate(frames) if f.time_s < span.end_s and f.until_s > span.start_s]
    assert taken(EveryFrame(), frames, span) == inside
    by_rate = taken(ByRate(fps), frames, span)
    assert set(by_rate) <= set(inside)
    assert by_rate[:1] == inside[:1]


def test_times_outside_the_span_ask_for_nothing() -> None:
    frames = shown([100] * 10)
    assert taken(AtTimes((0.05, 0.35, 0.95, 7.0)), frames, Span(0.3, 0.5)) == [3]
    assert taken(AtTimes((7.0,)), frames, Span(0.3, 9.0)) == [9]


@pytest.mark.parametrize("fps", [1.0, 25.0])
def test_one_frame_is_taken_once(fps: float) -> None:
    assert taken(ByRate(fps), shown([30_000])) == [0]
