"""Films of variable frame rate: what a hit, a scene or a picture names is when it is on screen.

Frames of a real clip are shown at uneven times, one of its shots twice at different speeds.  The
true time of each frame is known, because the test chose it; number / mean rate is seconds off.

Neighbours in a real clip look alike, so a film of slides says it strictly: every picture of it is
its own, looks like the rest of its slide and like no other, and each slide is on around one sample.
"""

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from attrs import frozen
from PIL import Image

import kuavi
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.apps.usecases.queries import Field
from kuavi.domain.media import Pixels
from kuavi.domain.plan import IndexPlan
from kuavi.domain.spans import Span
from tests.media import real_clip, write_clip

SAMPLE_S = 1 / IndexPlan().sample_fps
HALF_S = SAMPLE_S / 2
UNEVEN = (0.5, 1.3, 0.9, 1.7, 0.6)
"""Shares of a shot's mean interval, in turn."""

STAMP_S = 0.001
"""As fine as Matroska tells time."""


@frozen
class Shot:
    """Frames [first, last) of "bikes", where by eye nothing is cut, and their mean rate here."""

    first: int
    last: int
    fps: float

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.last


VAN = 2
SHOTS = (
    Shot(0, 30, 50.0),
    Shot(30, 76, 12.5),
    Shot(76, 137, 25.0),
    Shot(137, 187, 60.0),
    Shot(187, 242, 9.0),
    Shot(76, 137, 11.0),
)
VAN_AGAIN = 5


@frozen
class Truth:
    """Which frame of the clip is shown when: times (n + 1) s, the last is the end."""

    numbers: tuple[int, ...]
    times_s: tuple[float, ...]
    shots: tuple[Span, ...]

    @property
    def mean_fps(self) -> float:
        return len(self.numbers) / self.times_s[-1]

    def on_at(self, time_s: float) -> int:
        """The position of the frame on screen."""
        return int(np.searchsorted(self.times_s, time_s + STAMP_S, side="right")) - 1

    def sampled(self) -> tuple[int, ...]:
        """Positions of the frames on screen at 0, SAMPLE_S, 2 SAMPLE_S ..., none twice.

        Without the last frame: not every container says how long that is on.
        """
        grid = np.arange(0, self.times_s[-2] - STAMP_S, SAMPLE_S)
        return tuple(sorted({self.on_at(float(time_s)) for time_s in grid}))

    def off_s(self, number: int, moment: Span) -> float:
        """How far a moment is from the nearest time at which a frame of the clip is shown."""
        return min(
            max(moment.start_s - time_s, time_s - moment.end_s, 0.0)
            for time_s in self.shown_s(number)
        )

    def shown_s(self, number: int) -> tuple[float, ...]:
        pairs = zip(self.numbers, self.times_s[:-1], strict=True)
        return tuple(time_s for n, time_s in pairs if n == number)


def truth_of(shots: Sequence[Shot]) -> Truth:
    numbers: list[int] = []
    times_s = [0.0]
    spans = []
    for shot in shots:
        start_s = times_s[-1]
        for number in range(shot.first, shot.last):
            numbers.append(number)
            times_s.append(times_s[-1] + UNEVEN[number % len(UNEVEN)] / shot.fps)
        spans.append(Span(start_s, times_s[-1]))
    return Truth(tuple(numbers), tuple(times_s), tuple(spans))


TRUTH = truth_of(SHOTS)


@pytest.fixture(scope="module")
def clip() -> list[Pixels]:
    with av.open(real_clip("bikes")) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module", params=[".mp4", ".mkv", ".ts"])
def form(request: pytest.FixtureRequest) -> str:
    """The suffix of a container; MPEG-TS does not start at zero."""
    return str(request.param)


@pytest.fixture(scope="module")
def film(form: str, clip: list[Pixels], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With B-frames."""
    path = tmp_path_factory.mktemp("film") / f"film{form}"
    pictures = [clip[number] for number in TRUTH.numbers]
    options = {"crf": "8", "preset": "veryfast", "bf": "3"}
    return write_clip(path, pictures, times_s=TRUTH.times_s[:-1], options=options)


@pytest.fixture(scope="module")
def library(film: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenLibrary:
    library = kuavi.open_library(tmp_path_factory.mktemp("library"))
    (done,) = library.index(film, tier="scan")
    assert done.report is not None, done
    assert done.report.video.gaps == ()
    return library


def found(library: OpenLibrary, picture: Pixels, folder: Path) -> Span:
    """The moment of the first hit for a picture."""
    Image.fromarray(picture).save(folder / "asked.png", compress_level=1)
    return library.search(image=folder / "asked.png", field=Field.VISUAL).hits[0].moment


SLIDES = 30
RATES = (30.0, 10.0, 20.0, 40.0, 12.0)
"""Mean rates of the film of slides, each for as many slides as the others."""


def slide_times_s() -> list[float]:
    """The times at which its pictures begin."""
    times_s, at = [0.0], 0
    while times_s[-1] < SLIDES * SAMPLE_S - HALF_S:
        rate = RATES[int(times_s[-1] / SAMPLE_S * len(RATES) / SLIDES)]
        times_s.append(times_s[-1] + UNEVEN[at % len(UNEVEN)] / rate)
        at += 1
    return times_s[:-1]


def slide(number: int, clip: Sequence[Pixels], moved: int) -> Pixels:
    """A piece of a frame in its own colours, beside it mirrored and negative, moved by pixels."""
    draw, frame = np.random.default_rng(number), clip[8 * number]
    top, left = draw.integers(frame.shape[0] - 90), draw.integers(frame.shape[1] - 160)
    piece = frame[top : top + 90, left : left + 160, draw.permutation(3)]
    rows = ((piece, 255 - piece), (piece[:, ::-1], piece[::-1]))
    return np.roll(np.concatenate([np.concatenate(row, axis=1) for row in rows]), moved, axis=1)


def test_every_picture_of_a_film_of_slides_is_found_within_half_a_sample(
    clip: list[Pixels], form: str, tmp_path: Path
) -> None:
    times_s = slide_times_s()
    counted_s = np.linspace(0, times_s[-1], len(times_s))
    assert np.mean(np.abs(counted_s - times_s) > SAMPLE_S) > 0.5  # so the rate would not do
    numbers = [int((time_s + HALF_S) / SAMPLE_S) for time_s in times_s]
    pictures = [slide(number, clip, at % 4) for at, number in enumerate(numbers)]
    path = tmp_path / f"slides{form}"
    options = {"crf": "8", "preset": "veryfast", "bf": "3"}
    write_clip(path, pictures, times_s=times_s, options=options)
    library = kuavi.open_library(tmp_path / "library")
    assert all(done.ok for done in library.index(path, tier="scan"))
    for at, (time_s, picture) in enumerate(zip(times_s, pictures, strict=True)):
        moment = found(library, picture, tmp_path)
        off_s = max(moment.start_s - time_s, time_s - moment.end_s, 0.0)
        assert off_s <= HALF_S + STAMP_S, (at, numbers[at], time_s, moment)


def alike(picture: Pixels, original: Pixels) -> bool:
    """But for what encoding loses: frames of different shots are 50 levels and more apart."""
    return float(np.abs(picture.astype(np.int16) - original).mean()) < 4


def test_number_over_rate_would_be_seconds_off() -> None:
    """So what follows could not hold if times came from it."""
    counted_s = np.arange(len(TRUTH.numbers)) / TRUTH.mean_fps
    off_s = np.abs(counted_s - TRUTH.times_s[:-1])
    assert np.mean(off_s > SAMPLE_S) > 0.9
    assert off_s.max() > 2


def test_scenes_are_the_shots_at_their_times(library: OpenLibrary, film: Path) -> None:
    scenes = [scene.span for scene in library.scenes(film)]
    starts_s = [shot.start_s for shot in TRUTH.shots]
    assert [scene.start_s for scene in scenes] == pytest.approx(starts_s, abs=STAMP_S)
    assert all(a.end_s == b.start_s for a, b in pairwise(scenes))


def test_a_sampled_picture_is_found_at_its_own_time(
    library: OpenLibrary, clip: list[Pixels], tmp_path: Path
) -> None:
    for at in TRUTH.sampled():
        number = TRUTH.numbers[at]
        start_s = found(library, clip[number], tmp_path).start_s
        assert any(abs(start_s - time_s) <= STAMP_S for time_s in TRUTH.shown_s(number)), at


def test_any_picture_is_found_within_half_a_sample(
    library: OpenLibrary, clip: list[Pixels], tmp_path: Path
) -> None:
    """But for the few that look more like a sampled picture elsewhere in their shot."""
    off_s = []
    for number in range(0, 242, 2):
        moment = found(library, clip[number], tmp_path)
        off_s.append(TRUTH.off_s(number, moment))
        shots = [span for span, shot in zip(TRUTH.shots, SHOTS, strict=True) if number in shot]
        assert any(shot.contains(moment.middle_s) for shot in shots), (number, moment)
    assert np.mean(np.array(off_s) <= HALF_S + STAMP_S) >= 0.88


def test_a_span_is_found_where_it_is_shown_again(library: OpenLibrary, film: Path) -> None:
    van, again = TRUTH.shots[VAN], TRUTH.shots[VAN_AGAIN]
    hit = library.search(like=(film, (van.start_s, van.end_s))).hits[0]
    assert hit.scene.start_s == pytest.approx(again.start_s, abs=STAMP_S)
    for at in TRUTH.sampled():
        if not van.contains(TRUTH.times_s[at]):
            continue
        start_s = TRUTH.times_s[at]
        asked = (start_s, start_s + HALF_S)
        hit = library.search(like=(film, asked), field=Field.VISUAL).hits[0]
        assert TRUTH.off_s(TRUTH.numbers[at], hit.moment) <= HALF_S + STAMP_S, (at, hit)
        assert again.contains(hit.moment.middle_s)


def test_pictures_kept_and_looked_at_are_those_of_their_times(
    library: OpenLibrary, film: Path, clip: list[Pixels]
) -> None:
    """Asked for in the middle of every seventh frame's time."""
    shown = [Span(a, b) for a, b in pairwise(TRUTH.times_s)][::7]
    for at, frame in enumerate(library.look(film, [span.middle_s for span in shown])):
        assert frame.time_s == pytest.approx(shown[at].start_s, abs=STAMP_S)
        assert alike(frame.pixels, clip[TRUTH.numbers[7 * at]])
    for kept in library.keyframes(film):
        number = TRUTH.numbers[TRUTH.on_at(kept.time_s)]
        assert alike(np.asarray(Image.open(BytesIO(kept.image))), clip[number])
