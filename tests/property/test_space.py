import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuavi.domain.space import (
    Embeddings,
    Motion,
    Space,
    SpaceMismatchError,
    cosine,
    joined,
    no_rows,
)
from tests.strategies import embeddings, spaces


@given(embeddings())
def test_every_nonzero_vector_is_most_like_itself(rows: Embeddings[Motion]) -> None:
    scores = cosine(rows, rows)
    assert scores.shape == (len(rows), len(rows))
    np.testing.assert_allclose(scores, scores.T, atol=1e-5)
    nonzero = rows.rows.any(axis=1)
    np.testing.assert_allclose(np.diag(scores), nonzero, atol=1e-4)


@given(st.floats(2.0**-140, 2.0**100, width=32))
def test_length_does_not_matter_however_small(size: float) -> None:
    space = Space[Motion]("m", "1", 2)
    rows = Embeddings(space, np.array([[size, 0], [size, size], [0, 1]], dtype=np.float32))
    half = np.sqrt(0.5)
    expected = [[1, half, 0], [half, 1, half], [0, half, 1]]
    np.testing.assert_allclose(cosine(rows, rows), expected, atol=1e-6)


@given(embeddings(), spaces)
def test_vectors_of_another_space_cannot_be_compared_or_joined(
    rows: Embeddings[Motion], other: Space[Motion]
) -> None:
    query = Embeddings(other, np.ones((1, other.dim), dtype=np.float32))
    if other == rows.space:
        assert cosine(query, rows).shape == (1, len(rows))
        assert len(joined(other, [query, rows])) == 1 + len(rows)
    else:
        with pytest.raises(SpaceMismatchError):
            cosine(query, rows)
        with pytest.raises(SpaceMismatchError):
            joined(other, [query, rows])


def test_a_768_wide_vector_cannot_enter_a_1024_wide_space() -> None:
    vjepa2 = Space[Motion]("facebook/vjepa2-vitl-fpc64-256", "main", 1024)
    with pytest.raises(SpaceMismatchError, match=r"\(n, 1024\), got \(1, 768\)"):
        Embeddings(vjepa2, np.ones((1, 768), dtype=np.float32))


def test_rows_are_read_only_and_finite() -> None:
    space = Space[Motion]("m", "1", 2)
    rows = Embeddings(space, np.ones((1, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="read-only"):
        rows.rows[0, 0] = 2
    with pytest.raises(ValueError, match="not finite"):
        Embeddings(space, np.array([[np.nan, 1]], dtype=np.float32))
    assert len(no_rows(space)) == 0
