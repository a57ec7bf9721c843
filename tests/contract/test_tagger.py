"""What every Tagger must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from attrs import frozen
from returns.result import Failure

from kuavi.adapters.taggers import fake, lite0
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import EMBEDDED, FAKE
from kuavi.domain.words import Tag
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.words import Tagger
from tests.pictures import noisy, painted, real_frames


@frozen
class Case:
    """An adapter, its spec, and a picture with a tag that is true of it."""

    build: Callable[[ModelSpec], Outcome[Tagger, ModelUnavailable]]
    spec: ModelSpec
    picture: Callable[[], Frame]
    true: str


ADAPTERS = {
    "fake": Case(fake.build, FAKE.tagger, lambda: painted("green"), "green"),
    "lite0": Case(
        lite0.build, EMBEDDED.tagger, lambda: real_frames("carphone_pristine")[0], "suit"
    ),
}
PICTURES = (painted("red"), noisy(2, (240, 320)), painted("blue"))


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


@pytest.fixture
def tagger(case: Case) -> Tagger:
    outcome = case.build(case.spec)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def tagged(tagger: Tagger, frames: Sequence[Frame]) -> tuple[tuple[Tag, ...], ...]:
    outcome = tagger.tag(frames)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_one_list_of_tags_per_frame(tagger: Tagger) -> None:
    assert len(tagged(tagger, PICTURES)) == 3
    assert tagged(tagger, []) == ()


def test_the_likeliest_tag_comes_first_and_none_twice(case: Case, tagger: Tagger) -> None:
    for tags in tagged(tagger, [*PICTURES, case.picture()]):
        shares = [tag.probability for tag in tags]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-5
        assert len({tag.label for tag in tags}) == len(tags) <= 5


def test_a_frame_is_tagged_alike_alone_and_among_others(tagger: Tagger) -> None:
    for frame, tags in zip(PICTURES, tagged(tagger, PICTURES), strict=True):
        (alone,) = tagged(tagger, [frame])
        assert [tag.label for tag in alone] == [tag.label for tag in tags]
        shares = [tag.probability for tag in tags]
        assert [tag.probability for tag in alone] == pytest.approx(shares, abs=1e-5)


def test_what_is_there_is_among_the_tags(case: Case, tagger: Tagger) -> None:
    (tags,) = tagged(tagger, [case.picture()])
    assert case.true in [tag.label for tag in tags]


def test_the_frames_are_left_untouched(tagger: Tagger) -> None:
    before = [frame.pixels.copy() for frame in PICTURES]
    tagged(tagger, PICTURES)
    for frame, pixels in zip(PICTURES, before, strict=True):
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_the_identity_is_stable_and_names_what_was_read(case: Case, tagger: Tagger) -> None:
    assert case.build(case.spec).unwrap().model == tagger.model
    read = [file.sha256 for file in tagger.model.weights]
    assert read == list(case.spec.weights.files.values())
    assert isinstance(tagger.evidence, Learned if read else Heuristic)
