"""Decode limits as values, and what is said where one is met."""

import pytest

from kuavi.domain.limits import DecodeLimits
from kuavi.ports.reader import TooLarge


def test_eight_k_is_read_and_its_square_is_not() -> None:
    most = DecodeLimits().max_pixels
    assert most >= 7680 * 4320
    assert most >= 8192 * 4320
    assert most < 8192 * 8192


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_pixels": 0},
        {"max_frames": -1},
        {"max_duration_s": 0.0},
        {"max_audio_s": 0.0},
        {"memory_mb": 1},
        {"cpu_s_per_media_s": 0.0},
        {"cpu_floor_s": 0.0},
        {"stall_s": 0.0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_limit_that_lets_nothing_through_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DecodeLimits(**wrong)


def test_what_is_too_large_names_file_figure_and_setting() -> None:
    told = str(TooLarge("a.mp4", "it lasts 90000 s", 86400.0, "max_duration_s"))
    assert told == (
        "a.mp4: too large: it lasts 90000 s, over the limit max_duration_s = 86400; "
        "raise it to read on (--limit max_duration_s=N)"
    )
