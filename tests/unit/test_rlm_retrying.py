"""How long is waited between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlm.models.retrying import Patience, pause_s

PATIENCE = Patience(tries=6, base_s=1.0, cap_s=8.0, longest_s=30.0)


@given(st.integers(1, 5), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 30))
def test_a_pause_is_what_was_asked_for_and_a_share_of_the_back_off(
    tried: int, chance: float, asked: float | None
) -> None:
    pause = pause_s(PATIENCE, tried, asked, chance)
    assert pause is not None
    assert pause == pytest.approx((asked or 0) + chance * min(8.0, 2.0 ** (tried - 1)))


def test_after_the_last_try_there_is_no_pause() -> None:
    assert pause_s(PATIENCE, 6, None, 0.5) is None
    assert pause_s(PATIENCE, 1, 30.1, 0.5) is None
    assert pause_s(Patience(tries=1), 1, 0.0, 0.5) is None


def test_a_great_number_of_tries_does_not_overflow() -> None:
    assert pause_s(Patience(tries=100_000), 50_000, None, 1.0) == 20.0
