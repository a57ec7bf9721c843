"""A rotation of small factors is one, and leaves no coordinate as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuavi.domain.rotation import Rotation, rotation_of


@settings(max_examples=40, deadline=None)
@given(dim=st.integers(1, 400), n=st.integers(1, 20), seed=st.integers(0, 1000))
def test_products_stay(dim: int, n: int, seed: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    turned = rotation_of(dim).turned(rows)
    assert turned.shape == rows.shape
    assert turned @ turned.T == pytest.approx(rows @ rows.T, abs=1e-5 * dim, rel=1e-4)


def test_it_is_always_the_same() -> None:
    rows = np.eye(24, dtype=np.float32)
    assert rotation_of(24).turned(rows).tobytes() == rotation_of(24).turned(rows).tobytes()


@pytest.mark.parametrize("dim", [384, 512, 768, 1024, 383])
def test_every_coordinate_has_its_part_in_all(dim: int) -> None:
    """As of a whole random matrix: entries are nearly normal, the largest far below 1."""
    turned = rotation_of(dim).turned(np.eye(dim, dtype=np.float32)) * np.sqrt(dim)
    assert abs(float(turned.mean())) < 0.02
    assert 2.7 < float((turned**4).mean()) < 3.7  # 3: normal
    assert np.abs(turned).max() < 8


def test_factors_that_do_not_fit_are_refused() -> None:
    good = rotation_of(24)
    with pytest.raises(ValueError, match="the rotation is"):
        Rotation(good.flips[:, :20], good.left, good.right)
    with pytest.raises(ValueError, match="the rotation is"):
        Rotation(good.flips, good.left[:1], good.right)
