"""What every ClipClassifier must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure

from kuavi.adapters.classifiers import fake, hf_vjepa2, repo_vjepa2
from kuavi.domain.evidence import Heuristic, Learned
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.classifiers import ClipClassifier, Probabilities
from kuavi.ports.models import ModelUnavailable
from tests.pictures import noisy
from tests.tiny import saved_hf, saved_repo, saved_repo_probe


@frozen
class Case:
    build: Callable[[ModelSpec], Outcome[ClipClassifier, ModelUnavailable]]
    spec_of: Callable[[], ModelSpec]


def hf() -> ModelSpec:
    return evolve(saved_hf(), options={"task": "ssv2"})


def repo() -> ModelSpec:
    options = {**saved_repo().options, "task": "ssv2"}
    return evolve(saved_repo(), options=options, more_weights=(saved_repo_probe(),))


ADAPTERS = {
    "fake": Case(fake.build, lambda: ModelSpec("fake", "fake-classifier")),
    "hf_vjepa2": Case(hf_vjepa2.build, hf),
    "repo_vjepa2": Case(repo_vjepa2.build, repo),
}


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


@pytest.fixture
def classifier(case: Case) -> ClipClassifier:
    outcome = case.build(case.spec_of())
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def clip(seed: int, n_frames: int = 8) -> tuple[Frame, ...]:
    return tuple(noisy(100 * seed + i) for i in range(n_frames))


def answered(classifier: ClipClassifier, clips: Sequence[Sequence[Frame]]) -> Probabilities:
    outcome = classifier.classify(clips)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_a_row_of_probabilities_for_each_clip(classifier: ClipClassifier) -> None:
    rows = answered(classifier, [clip(1), clip(2)])
    assert rows.shape == (2, len(classifier.labels))
    assert rows.dtype == np.float64
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_nothing_in_gives_nothing_out(classifier: ClipClassifier) -> None:
    assert answered(classifier, []).shape == (0, len(classifier.labels))


def test_it_says_what_it_knows(classifier: ClipClassifier) -> None:
    assert classifier.task
    assert len(set(classifier.labels)) == len(classifier.labels) > 1
    assert all(classifier.labels)
    assert isinstance(classifier.evidence, Heuristic | Learned)


@pytest.mark.parametrize("n_frames", [1, 2, 5, 16])
def test_any_number_of_frames_is_taken(classifier: ClipClassifier, n_frames: int) -> None:
    assert len(answered(classifier, [clip(1, n_frames), clip(2, n_frames)])) == 2


def test_the_frames_that_it_was_trained_with_are_taken(classifier: ClipClassifier) -> None:
    assert len(answered(classifier, [clip(1, classifier.frames)])) == 1


def test_no_frames_and_odd_lengths_are_bugs(classifier: ClipClassifier) -> None:
    for clips in ([()], [clip(1, 4), clip(1, 8)]):
        with pytest.raises(ValueError, match="same number of frames"):
            classifier.classify(clips)


def test_a_clip_is_classified_alike_alone_and_in_a_batch(classifier: ClipClassifier) -> None:
    clips = [clip(seed) for seed in (1, 2, 3)]
    together = answered(classifier, clips)
    alone = np.concatenate([answered(classifier, [one]) for one in clips])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_different_clips_differ(classifier: ClipClassifier) -> None:
    dark, bright = ([Frame(0.0, clip(1)[0].pixels // 8)] * 4, clip(2, 4))
    forward, backward = answered(classifier, [(*dark, *bright), (*bright, *dark)])
    still, _ = answered(classifier, [clip(1), clip(2)])
    assert not np.allclose(forward, still, atol=1e-4)
    assert not np.allclose(backward, still, atol=1e-4)


def test_the_frames_are_left_untouched(classifier: ClipClassifier) -> None:
    frames = clip(1)
    before = [frame.pixels.copy() for frame in frames]
    answered(classifier, [frames])
    for frame, pixels in zip(frames, before, strict=True):
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_the_identity_is_stable_and_names_what_was_read(
    case: Case, classifier: ClipClassifier
) -> None:
    spec = case.spec_of()
    assert case.build(spec).unwrap().model == classifier.model
    pinned = [sha for part in (spec.weights, *spec.more_weights) for sha in part.files.values()]
    assert [file.sha256 for file in classifier.model.weights] == pinned
