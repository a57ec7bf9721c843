"""What every ShotDetector must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from returns.result import Failure

from kuavi.adapters.shots import colour_change, fake
from kuavi.domain.media import ByRate, EveryFrame, Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.shots import Cut
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.shots import ShotDetector

ADAPTERS: dict[str, Callable[[], Outcome[ShotDetector, ModelUnavailable]]] = {
    "fake": lambda: fake.build(ModelSpec("fake", "fake-shots")),
    "colour_change": lambda: colour_change.build(ModelSpec("colour_change", "colour-change")),
}

RED, GREEN, BLUE, GREY = (200, 30, 20), (20, 160, 40), (30, 40, 210), (120, 120, 120)
Colour = tuple[int, int, int]


@pytest.fixture(params=ADAPTERS)
def detector(request: pytest.FixtureRequest) -> ShotDetector:
    outcome = ADAPTERS[request.param]()
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def filmed(colours: Sequence[Colour], seed: int = 3) -> list[Frame]:
    """One noisy frame per colour at uneven times, as from a file with a variable rate."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.02, 0.08, len(colours)))
    return [
        Frame(
            float(time_s), np.clip(colour + rng.normal(0, 4, (24, 32, 3)), 0, 255).astype("uint8")
        )
        for time_s, colour in zip(times, colours, strict=True)
    ]


def cuts_of(detector: ShotDetector, frames: Sequence[Frame]) -> list[Cut]:
    started = detector.start()
    assert not isinstance(started, Failure), started.failure()
    tracker, cuts = started.unwrap(), list[Cut]()
    for frame in frames:
        pushed = tracker.push(frame)
        assert not isinstance(pushed, Failure), pushed.failure()
        cuts += pushed.unwrap()
    finished = tracker.finish()
    assert not isinstance(finished, Failure), finished.failure()
    return cuts + list(finished.unwrap())


def test_a_cut_is_at_the_first_frame_of_each_new_shot(detector: ShotDetector) -> None:
    frames = filmed([RED] * 20 + [BLUE] * 15 + [GREEN] * 9 + [GREY] * 12)
    found = [cut.time_s for cut in cuts_of(detector, frames)]
    assert found == [frames[i].time_s for i in (20, 35, 44)]


@pytest.mark.parametrize("n_frames", [0, 1, 2, 40])
def test_a_video_of_one_shot_has_no_cut(detector: ShotDetector, n_frames: int) -> None:
    assert cuts_of(detector, filmed([GREEN] * n_frames)) == []


def test_a_slow_change_of_light_is_no_cut(detector: ShotDetector) -> None:
    assert cuts_of(detector, filmed([(i, i, i) for i in range(20, 220, 2)])) == []


def test_a_cut_is_told_before_the_video_ends(detector: ShotDetector) -> None:
    """Only a bounded number of frames is held back."""
    frames = filmed([RED] * 10 + [BLUE] * 40)
    tracker = detector.start().unwrap()
    told = [cut for frame in frames for cut in tracker.push(frame).unwrap()]
    assert [cut.time_s for cut in told] == [frames[10].time_s]
    assert tracker.finish().unwrap() == ()


def test_each_video_starts_afresh(detector: ShotDetector) -> None:
    first, second = filmed([RED] * 12), filmed([BLUE] * 9 + [RED] * 9, seed=5)
    alone = cuts_of(detector, second)
    cuts_of(detector, first)
    assert cuts_of(detector, second) == alone
    assert len(alone) == 1


def test_videos_can_be_tracked_side_by_side(detector: ShotDetector) -> None:
    one, other = detector.start().unwrap(), detector.start().unwrap()
    pushed = [
        (one.push(red).unwrap(), other.push(blue).unwrap())
        for red, blue in zip(filmed([RED] * 20), filmed([BLUE] * 20), strict=True)
    ]
    assert all(cuts == ((), ()) for cuts in pushed)
    assert (one.finish().unwrap(), other.finish().unwrap()) == ((), ())


def test_it_says_what_it_is_and_what_it_needs(detector: ShotDetector) -> None:
    assert isinstance(detector.view.sampling, EveryFrame | ByRate)
    assert detector.model == detector.model
    assert len(detector.model.revision) > 3
