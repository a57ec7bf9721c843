"""What every Predictor must do; a new adapter adds one line to `ADAPTERS`."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from attrs import evolve, frozen
from returns.result import Failure

from kuavi.adapters.clips import fake as fake_clips
from kuavi.adapters.clips import hf_vjepa2 as hf_clips
from kuavi.adapters.clips import repo_vjepa2 as repo_clips
from kuavi.adapters.predictors import fake, hf_vjepa2, repo_vjepa2
from kuavi.domain.media import Frame
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.domain.presets import FAKE
from kuavi.domain.space import Embeddings, Motion, cosine
from kuavi.ports.encoders import ClipEncoder
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.predictors import Predictor, TooFarAhead
from tests.pictures import noisy
from tests.tiny import saved_hf, saved_repo


@frozen
class Case:
    """An adapter, the clip encoder it belongs to, and the spec of both."""

    build: Callable[[ModelSpec], Outcome[Predictor, ModelUnavailable]]
    clips: Callable[[ModelSpec], Outcome[ClipEncoder, ModelUnavailable]]
    spec_of: Callable[[], ModelSpec]


ADAPTERS = {
    "fake": Case(fake.build, fake_clips.build, lambda: FAKE.clips),
    "fake, 2 frames a step": Case(
        fake.build, fake_clips.build, lambda: evolve(FAKE.clips, options={"step": 2})
    ),
    "hf_vjepa2": Case(hf_vjepa2.build, hf_clips.build, saved_hf),
    "repo_vjepa2": Case(repo_vjepa2.build, repo_clips.build, saved_repo),
}
N_STEPS = 3


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


@pytest.fixture
def predictor(case: Case) -> Predictor:
    outcome = case.build(case.spec_of())
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def clip(predictor: Predictor, seed: int, steps: int = N_STEPS) -> tuple[Frame, ...]:
    return tuple(noisy(100 * seed + i) for i in range(steps * predictor.step))


def predicted(
    predictor: Predictor, clips: Sequence[Sequence[Frame]], ahead: Sequence[int]
) -> tuple[Embeddings[Motion], ...]:
    outcome = predictor.predict(clips, ahead)
    assert not isinstance(outcome, Failure), str(outcome.failure())
    return outcome.unwrap()


def test_it_answers_in_the_space_of_its_clip_encoder(case: Case, predictor: Predictor) -> None:
    clips = case.clips(case.spec_of()).unwrap()
    assert predictor.space == clips.space
    assert predictor.step == clips.step
    (rows,) = predicted(predictor, [clip(predictor, 1)], [0])
    (seen,) = clips.encode([clip(predictor, 1)]).unwrap()
    assert np.abs(cosine(rows, seen)).max() <= 1


def test_a_unit_row_for_each_step_in_the_order_asked(predictor: Predictor) -> None:
    clips = [clip(predictor, 1), clip(predictor, 2)]
    sorted_rows = predicted(predictor, clips, [0, 2])
    rows = predicted(predictor, clips, [2, 0, 2])
    assert [len(one) for one in rows] == [3, 3]
    for one, other in zip(rows, sorted_rows, strict=True):
        np.testing.assert_allclose(np.linalg.norm(one.rows, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(one.rows, other.rows[[1, 0, 1]], atol=1e-6)


def test_what_was_seen_and_how_far_ahead_matter(predictor: Predictor) -> None:
    first, second = predicted(predictor, [clip(predictor, 1), clip(predictor, 2)], [0, 4])
    assert not np.allclose(first.rows, second.rows, atol=1e-3)
    assert not np.allclose(first.rows[0], first.rows[1], atol=1e-3)


def test_nothing_in_gives_nothing_out(predictor: Predictor) -> None:
    assert predicted(predictor, [], [0]) == ()
    (none,) = predicted(predictor, [clip(predictor, 1)], [])
    assert (len(none), none.space) == (0, predictor.space)
    assert predictor.errors([], 1).unwrap() == ()


def test_one_observed_step_is_enough(predictor: Predictor) -> None:
    (rows,) = predicted(predictor, [clip(predictor, 1, steps=1)], [0])
    assert len(rows) == 1


def test_a_clip_is_predicted_alike_alone_and_in_a_batch(predictor: Predictor) -> None:
    clips = [clip(predictor, seed) for seed in (1, 2, 3)]
    together = [rows.rows for rows in predicted(predictor, clips, [0, 1])]
    alone = [predicted(predictor, [one], [0, 1])[0].rows for one in clips]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    both = predictor.errors(clips, 1).unwrap()
    single = [predictor.errors([one], 1).unwrap()[0] for one in clips]
    np.testing.assert_allclose(both, single, atol=1e-5)


def test_steps_beyond_its_limit_are_refused(predictor: Predictor) -> None:
    seen, most = clip(predictor, 1), predictor.max_steps
    assert predictor.trained_steps <= most
    assert len(predicted(predictor, [seen], [most - N_STEPS - 1])[0]) == 1
    outcome = predictor.predict([seen], [0, most - N_STEPS])
    assert isinstance(outcome, Failure)
    reason = outcome.failure()
    assert isinstance(reason, TooFarAhead)
    assert (reason.asked, reason.limit) == (most + 1, most)
    assert f"answers up to {most}" in str(reason)
    long = [noisy(i % 3, (12, 16)) for i in range((most + 1) * predictor.step)]
    refused = predictor.errors([long], 1)
    assert isinstance(refused, Failure)
    assert isinstance(refused.failure(), TooFarAhead)


def test_a_step_in_the_past_or_no_context_is_a_bug(predictor: Predictor) -> None:
    seen = clip(predictor, 1)
    with pytest.raises(ValueError, match="count from 0"):
        predictor.predict([seen], [-1])
    for context in (0, N_STEPS + 1):
        with pytest.raises(ValueError, match=f"context of {context}"):
            predictor.errors([seen], context)


def test_an_error_for_each_step_after_the_context(predictor: Predictor) -> None:
    clips = [clip(predictor, 1), clip(predictor, 2)]
    for context in range(1, N_STEPS + 1):
        errors = predictor.errors(clips, context).unwrap()
        assert [one.shape for one in errors] == [(N_STEPS - context,)] * 2
        assert {one.dtype for one in errors} == {np.dtype(np.float64)}
        assert all(np.isfinite(one).all() and (one > 0).all() for one in errors)


def test_another_future_has_another_error(predictor: Predictor) -> None:
    context = clip(predictor, 1, steps=1)
    clips = [context + clip(predictor, seed, steps=1) for seed in (2, 3)]
    first, second = predictor.errors(clips, 1).unwrap()
    assert abs(first[0] - second[0]) > 1e-4


def test_the_frames_are_left_untouched(predictor: Predictor) -> None:
    frames = clip(predictor, 1)
    before = [frame.pixels.copy() for frame in frames]
    predicted(predictor, [frames], [0])
    predictor.errors([frames], 1).unwrap()
    for frame, pixels in zip(frames, before, strict=True):
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_the_identity_is_stable_and_names_what_was_read(case: Case, predictor: Predictor) -> None:
    again = case.build(case.spec_of()).unwrap()
    assert (again.model, again.space) == (predictor.model, predictor.space)
    pinned = list(case.spec_of().weights.files.values())
    assert [file.sha256 for file in predictor.model.weights] == pinned
