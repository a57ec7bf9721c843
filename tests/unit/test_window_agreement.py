"""What `python -m bench.windowing` prints: agreement is whole with itself and lost by disorder."""

import numpy as np
import pytest
from attrs import evolve

from bench.matching import Agreement
from bench.window_agreement import Compared, Video, compared, encoded, evenly, pooled, rows_of
from kuavi.adapters.clips import fake
from kuavi.domain.media import Frame
from kuavi.domain.presets import FAKE
from kuavi.domain.space import Matrix
from kuavi.domain.windows import Weighing, Windowing

FPS = 4.0
SMALL, LARGE = Windowing(8, 2), Windowing(16, 4)


@pytest.fixture(scope="module")
def video() -> Video:
    """Scenes of 2 to 6 s, each of one colour with some noise."""
    draw = np.random.default_rng(0)
    pictures = [
        np.clip(colour + draw.normal(0, 8, (8, 8, 3)), 0, 255).astype(np.uint8)
        for colour in draw.uniform(0, 255, (12, 3))
        for _ in range(draw.integers(8, 24))
    ]
    return Video("made", [Frame(i / FPS, one) for i, one in enumerate(pictures)], FPS)


def rows(video: Video, windowing: Windowing, weighing: Weighing = Weighing.ALIKE) -> Matrix:
    encoder = fake.build(FAKE.clips).unwrap()
    windows = encoded(encoder, video, [windowing])
    return rows_of(windows, len(video.frames), windowing, weighing)


def f1(found: Compared) -> list[float]:
    return [agreed.f1 for agreed in found.agreed]


def test_the_same_windowing_agrees_wholly(video: Video) -> None:
    same = compared(rows(video, SMALL), rows(video, SMALL), video)
    assert f1(same) == [1.0, 1.0, 1.0]
    assert (same.cosine, same.centred) == pytest.approx((1.0, 1.0))
    assert [agreed.true for agreed in same.agreed] == [k - 1 for k in video.counts]


def test_shuffled_rows_agree_less(video: Video) -> None:
    reference = rows(video, SMALL)
    shuffled = np.random.default_rng(1).permutation(reference)
    found = compared(reference, shuffled, video)
    assert max(f1(found)) < 0.7
    assert found.centred < 0.5


def test_rows_that_come_a_second_late_do_not_agree_within_a_frame(video: Video) -> None:
    reference = rows(video, SMALL)
    late = compared(reference, np.roll(reference, round(FPS), axis=0), video)
    assert f1(late)[-1] < 0.7


def test_equal_lengths_are_no_better_than_another_windowing(video: Video) -> None:
    reference = rows(video, SMALL)
    other = compared(reference, rows(video, LARGE), video)
    assert sum(f1(evenly(reference, video))) < sum(f1(other))


def test_what_was_encoded_for_several_windowings_is_what_each_needs(video: Video) -> None:
    encoder = fake.build(FAKE.clips).unwrap()
    halves = evolve(SMALL, stride=4)
    shared = encoded(encoder, video, [SMALL, halves])
    for windowing in (SMALL, halves):
        found = rows_of(shared, len(video.frames), windowing, Weighing.CENTRE)
        np.testing.assert_array_equal(found, rows(video, windowing, Weighing.CENTRE))


def test_videos_are_pooled_by_boundaries_and_frames() -> None:
    one = Compared((Agreement(1, 1, 1),), 1.0, 1.0, 10)
    three = Compared((Agreement(0, 3, 3),), 0.6, 0.2, 30)
    assert f1(pooled([one, three])) == [0.25]
    assert (pooled([one, three]).cosine, pooled([one, three]).centred) == pytest.approx((0.7, 0.4))
