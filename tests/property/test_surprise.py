"""Surprise: by baselines, judged within the video; flags of what breaks the flow."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kuavi.domain.coherence import Flag, ForeignRule, Kind, Moments, flags
from kuavi.domain.layers import Times
from kuavi.domain.space import Matrix, unit
from kuavi.domain.spans import Span
from kuavi.domain.surprise import (
    SurpriseRule,
    between,
    continued,
    levelled,
    linear_continuation,
    of_rows,
    persistence,
    robust_z,
)

EVERY_S = 0.4
RULE = SurpriseRule()
DIM = 24

errors = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 2))


def looks(seed: int, n: int = 1) -> Matrix:
    """Random directions: nearly orthogonal to each other."""
    return unit(np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32))


def noisy(rows: Matrix, seed: int, noise: float = 0.02) -> Matrix:
    drawn = np.random.default_rng(seed).standard_normal(rows.shape)
    return unit((rows + noise * drawn).astype(np.float32))


def held(look: Matrix, n: int) -> Matrix:
    return np.repeat(look, n, axis=0)


def pan(a: Matrix, b: Matrix, n: int) -> Matrix:
    part = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    return unit(a * (1 - part) + b * part)


def sampled(n: int, later_s: float = 0.0) -> Times:
    return np.arange(n, dtype=np.float64) * EVERY_S + later_s


def flagged(rows: Matrix, cuts_at: tuple[int, ...] = ()) -> tuple[Flag, ...]:
    times = sampled(len(rows))
    ends = sampled(len(rows), EVERY_S)
    surprise = of_rows(rows, times, ends)
    cuts = tuple(at * EVERY_S - 0.1 for at in cuts_at)
    return flags(Moments(rows, times, ends, cuts), surprise, ForeignRule())


@given(errors)
def test_z_scores_keep_order_and_centre_on_the_median(error: np.ndarray) -> None:
    z = robust_z(error, RULE)
    order = np.argsort(error, kind="stable")
    assert (np.diff(z[order]) >= 0).all()
    assert np.median(z) == pytest.approx(0, abs=1e-9)


@given(st.integers(0, 1000), st.integers(3, 60), st.floats(0.5, 4), st.floats(0, 1))
def test_z_scores_do_not_know_scale_or_offset(
    seed: int, n: int, scale: float, offset: float
) -> None:
    error = np.random.default_rng(seed).uniform(0, 2, n)
    z = robust_z(error, SurpriseRule(floor=1e-6))
    assert robust_z(scale * error + offset, SurpriseRule(floor=1e-6)) == pytest.approx(z, abs=1e-6)


@given(st.integers(0, 1000), st.integers(2, 40))
def test_what_stays_is_no_surprise(seed: int, n: int) -> None:
    rows = held(looks(seed), n)
    for error in (persistence(rows), linear_continuation(rows)):
        assert error == pytest.approx(np.zeros(n - 1), abs=1e-6)
    assert not flagged(rows)


@given(st.integers(0, 1000), st.floats(0.02, 0.4), st.integers(3, 30))
def test_what_goes_on_straight_is_none_for_linear_continuation(
    seed: int, step: float, n: int
) -> None:
    a, turn = looks(seed, 2)
    rows = [a, unit((a + np.float32(step) * turn)[None])[0]]
    while len(rows) < n:
        rows.append(continued(rows[-2][None], rows[-1][None], 1)[0])
    stacked = np.stack(rows)
    assert linear_continuation(stacked)[1:] == pytest.approx(np.zeros(n - 2), abs=1e-5)
    assert persistence(stacked)[0] > 0


@given(st.integers(0, 10_000), st.integers(6, 20), st.integers(2, 6), st.integers(6, 20))
def test_an_inserted_segment_is_flagged_exactly(
    seed: int, before: int, length: int, after: int
) -> None:
    host, guest = looks(seed, 2)[:, None]
    assume(float((host @ guest.T).max()) < 0.4)
    rows = noisy(
        np.concatenate([held(host, before), held(guest, length), held(host, after)]), seed + 1
    )
    start_s, end_s = before * EVERY_S, (before + length) * EVERY_S
    for cuts_at in ((), (before, before + length)):
        (flag,) = flagged(rows, cuts_at)
        assert flag.kind == Kind.FOREIGN
        assert abs(flag.span.start_s - start_s) <= EVERY_S
        assert abs(flag.span.end_s - end_s) <= EVERY_S
        assert flag.p <= 0.05
        assert flag.z >= RULE.threshold


@given(st.integers(0, 10_000), st.integers(30, 80))
def test_a_slow_pan_is_not_flagged(seed: int, n: int) -> None:
    a, b = looks(seed, 2)[:, None]
    rows = noisy(pan(a, b, n), seed, noise=0.01)
    assert flagged(rows) == ()


@given(st.integers(0, 10_000), st.integers(6, 20), st.integers(6, 20))
def test_a_lone_cut_is_a_cut_and_nothing_foreign(seed: int, before: int, after: int) -> None:
    a, b = looks(seed, 2)[:, None]
    assume(float((a @ b.T).max()) < 0.4)
    rows = noisy(np.concatenate([held(a, before), held(b, after)]), seed + 1)
    (known,) = flagged(rows, (before,))
    assert known.kind == Kind.CUT
    assert abs(known.span.start_s - before * EVERY_S) <= EVERY_S
    (unknown,) = flagged(rows)
    assert unknown.kind == Kind.SURPRISE
    assert unknown.z == pytest.approx(known.z)


@given(st.integers(0, 10_000))
def test_what_comes_back_is_not_foreign(seed: int) -> None:
    """Two views in turn, as in a dialogue: each differs from both its sides."""
    a, b = looks(seed, 2)[:, None]
    assume(float((a @ b.T).max()) < 0.4)
    turns = [held(a, 8), held(b, 8)] * 3
    rows = noisy(np.concatenate(turns), seed + 1)
    assert all(flag.kind == Kind.CUT for flag in flagged(rows, (8, 16, 24, 32, 40)))


@given(st.integers(0, 10_000))
def test_a_little_different_is_not_foreign(seed: int) -> None:
    """A stretch at distance 0.25 from both its sides: a gesture, not another picture."""
    host, other = looks(seed, 2)[:, None]
    aside = unit(other - (other @ host.T) * host)
    gesture = (0.75 * host + np.sqrt(1 - 0.75**2) * aside).astype(np.float32)
    rows = noisy(np.concatenate([held(host, 20), held(gesture, 4), held(host, 20)]), seed, 0.005)
    assert all(flag.kind == Kind.SURPRISE for flag in flagged(rows))


@given(st.integers(0, 10_000))
def test_the_answer_is_the_same_each_time(seed: int) -> None:
    rows = noisy(np.concatenate([held(look[None], 6) for look in looks(seed, 5)]), seed)
    assert flagged(rows) == flagged(rows)


def test_p_is_never_zero_and_small_only_for_what_stands_out() -> None:
    host, guest, near = looks(7, 3)[:, None]
    odd = noisy(np.concatenate([held(host, 40), held(guest, 3), held(host, 40)]), 1)
    (flag,) = flagged(odd)
    assert 0 < flag.p <= 0.01
    (cut,) = flagged(np.concatenate([held(host, 10), held(near, 10)]), (10,))
    assert cut.p > 0.4  # half of all pairs of moments are as far apart


@given(st.integers(0, 1000), st.integers(36, 90))
def test_errors_of_each_horizon_are_levelled(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    ahead = np.arange(n) % 4
    error = rng.uniform(0, 0.1, n) + 0.3 * ahead
    even = levelled(error, ahead)
    assert all(np.median(even[ahead == k]) == pytest.approx(np.median(error)) for k in set(ahead))
    assert np.array_equal(levelled(error[:30], ahead[:30]), error[:30])


def test_a_scale_has_a_least_share_of_the_median() -> None:
    error = np.array([0.5, 0.5, 0.5, 0.5, 0.6])
    assert robust_z(error, SurpriseRule(floor=0.001, share=0.1))[-1] == pytest.approx(2)
    assert robust_z(error, SurpriseRule(floor=0.001))[-1] == pytest.approx(100)


def test_a_part_keeps_the_scores_of_the_whole() -> None:
    rows = noisy(held(looks(1), 30), 2)
    whole = of_rows(rows, sampled(30), sampled(30, EVERY_S))
    part = between(whole, Span(2, 5))
    assert set(part.z.tolist()) <= set(whole.z.tolist())
    assert part.start_s.min() >= 2
    assert part.start_s.max() < 5


def test_times_must_fit() -> None:
    rows = held(looks(1), 3)
    with pytest.raises(ValueError, match="ascending"):
        of_rows(rows, np.array([0.0, 1, 1]), np.array([1.0, 1, 2]))
    with pytest.raises(ValueError, match="ascending"):
        of_rows(rows, np.array([0.0, 1]), np.array([1.0, 2]))
    assert len(of_rows(rows[:0], np.empty(0), np.empty(0))) == 0
    assert len(of_rows(rows[:1], np.zeros(1), np.ones(1))) == 0
