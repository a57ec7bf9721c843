"""A fitted map recovers what is linear, and is refused where there is nothing to find."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from kuavi.domain.layers import Indices
from kuavi.domain.projection import (
    FOLDS,
    LEAST_PAIRS,
    HeldOut,
    NotAboveChance,
    Projection,
    TooFewPairs,
    deviating,
    directions,
    fit,
    folds_of,
    predicted,
)
from kuavi.domain.space import Embeddings, Joint, Matrix, Motion, Space, SpaceMismatchError, unit

SOURCE = Space[Joint]("pictures", "1", 6)
TARGET = Space[Motion]("clips", "1", 8)


def drawn(seed: int, n: int, dim: int) -> Matrix:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def joint(rows: Matrix) -> Embeddings[Joint]:
    return Embeddings(SOURCE, rows)


def motion(rows: Matrix) -> Embeddings[Motion]:
    return Embeddings(TARGET, rows)


def isometry(seed: int) -> Matrix:
    """(6, 8) with orthonormal rows: unit rows stay so, up to rounding."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((8, 6)))
    return q.T.astype(np.float32)


def groups(n: int, n_groups: int) -> Indices:
    return np.arange(n, dtype=np.int64) * n_groups // n


def fitted(sources: Matrix, targets: Matrix, n_groups: int) -> Projection[Joint, Motion]:
    outcome = fit(joint(sources), motion(targets), groups(len(sources), n_groups))
    assert isinstance(outcome, Success), outcome
    return outcome.unwrap()


@given(
    st.integers(0, 10_000), st.integers(LEAST_PAIRS, 150), st.integers(1, 20), st.floats(0.1, 10)
)
def test_an_exact_linear_map_is_recovered(seed: int, n: int, n_groups: int, scale: float) -> None:
    x, turn = unit(drawn(seed, n, 6)), isometry(seed)
    projection = fitted(x, np.float32(scale) * (x @ turn), n_groups)
    new = unit(drawn(seed + 1, 5, 6))
    assert predicted(projection, joint(new)).rows == pytest.approx(new @ turn, abs=2e-3)
    assert projection.held_out.recall > 0.95
    assert projection.held_out.chance < 0.2


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(LEAST_PAIRS, 200), st.integers(1, 20))
def test_unrelated_spaces_are_refused(seed: int, n: int, n_groups: int) -> None:
    outcome = fit(joint(drawn(seed, n, 6)), motion(drawn(seed + 99_991, n, 8)), groups(n, n_groups))
    assert isinstance(outcome, Failure)
    refusal = outcome.failure()
    assert isinstance(refusal, NotAboveChance)
    assert "chance" in str(refusal)


@given(st.integers(0, LEAST_PAIRS - 1))
def test_too_few_pairs_are_refused(n: int) -> None:
    x = unit(drawn(1, n, 6))
    refused = fit(joint(x), motion(x @ isometry(0)), groups(n, 4) if n else np.empty(0, np.int64))
    assert refused.failure() == TooFewPairs(n)
    assert str(LEAST_PAIRS) in str(refused.failure())


def test_neighbours_that_are_alike_do_not_leak() -> None:
    """A walk without any relation: adjacent pairs are near copies, held-out blocks are not."""
    rng = np.random.default_rng(5)
    x = np.cumsum(rng.standard_normal((200, 6)), axis=0).astype(np.float32)
    y = np.cumsum(rng.standard_normal((200, 8)), axis=0).astype(np.float32)
    outcome = fit(joint(x), motion(y), groups(200, 1))
    assert isinstance(outcome, Failure)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_folds_keep_groups_or_blocks_whole(sizes: list[int]) -> None:
    group = np.repeat(np.arange(len(sizes)), sizes)
    fold = folds_of(group)
    assert set(fold.tolist()) <= set(range(FOLDS))
    if len(sizes) >= 2 * FOLDS:
        assert all(len(set(fold[group == one].tolist())) == 1 for one in range(len(sizes)))
    else:
        assert (np.diff(fold) >= 0).all()


def test_directions_do_not_see_a_shift_of_the_kind_that_asks() -> None:
    x, turn = unit(drawn(3, 100, 6)), isometry(3)
    projection = fitted(x, x @ turn, 1)
    shift = np.full((1, 6), 0.4, dtype=np.float32)
    asked = np.float32(0.3) * unit(drawn(4, 9, 6))
    lengths = np.linalg.norm(asked + shift, axis=1)
    assert lengths.min() > 0
    near = unit(asked + shift)
    plain = directions(projection, joint(near), near.mean(axis=0, keepdims=True)).rows
    wanted = unit((near - near.mean(axis=0)) @ turn)
    assert (plain * wanted).sum(axis=1) == pytest.approx(np.ones(9), abs=1e-3)
    assert np.linalg.norm(plain, axis=1) == pytest.approx(np.ones(9), abs=1e-5)


def test_deviating_is_zero_at_the_mean() -> None:
    x, turn = unit(drawn(3, 100, 6)), isometry(3)
    projection = fitted(x, x @ turn, 1)
    rows = deviating(projection, motion(x @ turn)).rows
    assert np.abs(rows.mean(axis=0)).max() < 0.05
    with pytest.raises(SpaceMismatchError):
        deviating(projection, Embeddings(Space[Motion]("other", "1", 8), x @ turn))
    with pytest.raises(SpaceMismatchError):
        predicted(projection, Embeddings(Space[Joint]("other", "1", 6), x))


def test_what_is_clear() -> None:
    assert HeldOut(1, 0.5, 0.1, 100, 1).clear
    assert not HeldOut(1, 0.19, 0.1, 1000, 1).clear  # less than twice
    assert not HeldOut(1, 0.3, 0.125, 20, 1).clear  # within three standard errors


def test_pairs_must_go_together() -> None:
    with pytest.raises(ValueError, match="pairs"):
        fit(joint(drawn(0, 50, 6)), motion(drawn(0, 50, 8)), groups(49, 1))
    with pytest.raises(ValueError, match="pairs"):
        fit(joint(drawn(0, 50, 6)), motion(drawn(0, 50, 8)), groups(50, 3)[::-1])
